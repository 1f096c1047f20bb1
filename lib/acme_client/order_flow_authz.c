/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow_authz.c -- an order's authorizations, one after the other (RFC 8555 7.5, 8). */
#include "acme_client/order_flow_internal.h"

#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"
#include "base/time.h"

/* Polls after a refused challenge until we believe that nothing is under way there. */
#define REFUSED_POLLS 4u
/* Longest pause before a challenge is answered again that failed, but not for good. */
#define ANSWER_AGAIN_PAUSE_MAX (5 * SDG_TIME_MINUTE)
/* After so many such answers another type is tried, if there is one. */
#define ANSWERS_MAX 3u
/* How long a validation request is waited for: a CA that knows the name already, or whose request is answered by
 * another host, is not seen. */
#define UNSEEN_MAX (10 * SDG_TIME_S)

/* RFC 8555 7.5.1: "the client SHOULD NOT begin polling until it has seen the validation request from the server".
 * True: not yet, and |*at| is when to look again. */
static bool is_unseen(sdg_order_flow *flow, sdg_session *session, stardeleg_time now, stardeleg_time *at)
{
  int64_t pause = flow->poll_min_ms > 0 ? flow->poll_min_ms : SDG_TIME_S;

  if (flow->state != SDG_FLOW_AUTHZ_POLL || flow->unseen_until <= now ||
      flow->unseen_until > sdg_time_add(now, UNSEEN_MAX) || sdg_flow_is_seen(flow, session)) {
    return false;
  }
  *at = sdg_time_min(flow->unseen_until, sdg_time_add(now, pause));
  return true;
}

stardeleg_err sdg_flow_ask_authz(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  if (is_unseen(flow, session, now, &step->at)) {
    return STARDELEG_OK;
  }
  flow->unseen_until = STARDELEG_TIME_NONE;
  step->kind = SDG_STEP_FETCH;
  step->url =
      flow->authz_index < flow->order.authorization_count ? flow->order.authorizations[flow->authz_index] : NULL;
  return step->url != NULL ? STARDELEG_OK : STARDELEG_ERR_STATE;
}

/* --- Ends --- */

static void next_authz(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  flow->authz_index++;
  sdg_flow_enter(flow, turn,
                 flow->authz_index < flow->order.authorization_count ? SDG_FLOW_AUTHZ : SDG_FLOW_READY_POLL);
  if (flow->state == SDG_FLOW_READY_POLL) {
    flow->wait_until = STARDELEG_TIME_NONE; /* most CAs are ready at once */
  }
}

static bool is_ours(const sdg_order_flow *flow, const sdg_acme_challenge *challenge)
{
  return flow->challenge_url != NULL && strcmp(flow->challenge_url, challenge->url) == 0;
}

/* The most telling reason: the error of the challenge that was tried, or else of any other. */
static void fail_by_authz(sdg_order_flow *flow, sdg_flow_turn *turn, const sdg_acme_authorization *authz,
                          const char *otherwise)
{
  const sdg_json *error = NULL;
  stardeleg_problem problem;

  sdg_flow_blame_challenge(flow);
  for (size_t i = 0; i < authz->challenge_count; i++) {
    if (authz->challenges[i].error != NULL && (error == NULL || is_ours(flow, &authz->challenges[i]))) {
      error = authz->challenges[i].error;
    }
  }
  if (error != NULL) {
    sdg_problem_from_tree(&problem, error);
    sdg_flow_fail(flow, turn, &problem);
  } else {
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, otherwise);
  }
}

/* --- Choosing a challenge --- */

/* The name is one we ordered (RFC 8555 7.1.4: without "*." if it is a wildcard's): nothing is published for others. */
static bool is_ordered(const sdg_order_flow *flow, const stardeleg_identifier *identifier)
{
  stardeleg_bytes name = sdg_bytes_str(identifier->value);

  for (size_t i = 0; i < flow->order.identifiers.count; i++) {
    const stardeleg_identifier *ordered = &flow->order.identifiers.items[i];
    stardeleg_bytes value = sdg_bytes_str(ordered->value);

    if (strcmp(ordered->type, identifier->type) != 0) {
      continue;
    }
    if (sdg_bytes_equal_nocase(value, name) ||
        (sdg_bytes_has_prefix(value, "*.") && sdg_name_equal_dns(sdg_bytes_from(value, 2), name))) {
      return true;
    }
  }
  return false;
}

static stardeleg_err begin_challenge(sdg_order_flow *flow, sdg_flow_turn *turn, const sdg_acme_authorization *authz)
{
  const sdg_acme_challenge *chosen;
  stardeleg_err err;

  if (!is_ordered(flow, &authz->identifier)) {
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "an authorization is for a name that was not ordered");
    return STARDELEG_OK;
  }
  chosen = sdg_flow_choose(flow, turn->session, authz);
  if (chosen == NULL) {
    fail_by_authz(flow, turn, authz, "the CA offers no challenge that the solver can meet");
    return STARDELEG_OK;
  }
  err = sdg_flow_keep_challenge(flow, authz, chosen);
  if (err != STARDELEG_OK) {
    flow->state = SDG_FLOW_AUTHZ; /* from the start, should it have been another challenge before */
    return err;
  }
  /* Somebody started it before (a restart, or a lost answer): then it only has to be waited for. */
  sdg_flow_enter(flow, turn, chosen->status == SDG_CHALLENGE_PENDING ? SDG_FLOW_CHALLENGE : SDG_FLOW_AUTHZ_POLL);
  return STARDELEG_OK;
}

/* --- Waiting for it --- */

/* The server's word on our answer to the challenge was no; kept in |problem| since then. */
static bool was_refused(const sdg_order_flow *flow)
{
  int status = flow->problem.status;

  return status >= 400 && status < 500 && status != 408 && status != 429 &&
         sdg_acme_error_is_retryable(flow->problem.acme) == 0;
}

static void answer_again(sdg_order_flow *flow, sdg_flow_turn *turn, const sdg_acme_challenge *challenge)
{
  stardeleg_time deadline = flow->deadline;
  int64_t least = flow->backoff_min_ms > 0 ? flow->backoff_min_ms : SDG_TIME_S;

  flow->answers += flow->answers < UINT32_MAX ? 1 : 0;
  sdg_flow_enter(flow, turn, SDG_FLOW_CHALLENGE);
  flow->deadline = deadline;
  flow->wait_until = sdg_time_add(
      turn->now, sdg_backoff_ms(flow->answers, 5 * least, ANSWER_AGAIN_PAUSE_MAX, sdg_agent_random(turn->agent)));
  sdg_problem_from_tree(&flow->problem, challenge->error);
  flow->problem.status = 0;
}

/* A CA that lets a failed challenge be answered for ever must not keep us from one that would work. */
static bool has_other(sdg_order_flow *flow, const sdg_flow_turn *turn, const sdg_acme_authorization *authz,
                      const sdg_acme_challenge *ours)
{
  const sdg_acme_challenge *best;

  sdg_flow_blame_challenge(flow);
  best = sdg_flow_choose(flow, turn->session, authz);
  return best != NULL && strcmp(best->url, ours->url) != 0;
}

/* The authorization is still pending: how does our challenge stand? */
static stardeleg_err follow_challenge(sdg_order_flow *flow, sdg_flow_turn *turn, const sdg_acme_authorization *authz)
{
  const sdg_acme_challenge *ours = NULL;

  for (size_t i = 0; i < authz->challenge_count && ours == NULL; i++) {
    ours = is_ours(flow, &authz->challenges[i]) ? &authz->challenges[i] : NULL;
  }
  if (ours != NULL && ours->status == SDG_CHALLENGE_INVALID) {
    sdg_flow_blame_challenge(flow);
    sdg_flow_drop_challenge(flow, turn->session); /* erratum 6317: the others are left */
    return begin_challenge(flow, turn, authz);
  }
  if (ours != NULL && ours->status == SDG_CHALLENGE_PENDING) {
    if (ours->error != NULL && flow->answers >= ANSWERS_MAX && has_other(flow, turn, authz, ours)) {
      sdg_flow_drop_challenge(flow, turn->session);
      return begin_challenge(flow, turn, authz);
    }
    if (ours->error != NULL) {
      answer_again(flow, turn, ours); /* erratum 5732: an error alone is not the end */
      return STARDELEG_OK;
    }
    if (flow->polls >= REFUSED_POLLS && was_refused(flow)) {
      sdg_flow_fail(flow, turn, &flow->problem);
      return STARDELEG_OK;
    }
  }
  sdg_flow_pause(flow, turn);
  return STARDELEG_OK;
}

stardeleg_err sdg_flow_take_authz(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  sdg_acme_authorization *authz;
  stardeleg_problem problem;
  stardeleg_err err;

  if (turn->result->err != STARDELEG_OK) {
    sdg_flow_fail(flow, turn, turn->result->problem);
    return STARDELEG_OK;
  }
  authz = sdg_calloc(1, sizeof(*authz));
  if (authz == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_acme_authorization_parse(authz, turn->result->response->body, &problem);
  if (err != STARDELEG_OK) {
    err = sdg_flow_take_unreadable(flow, turn, err, &problem);
  } else if (authz->status == SDG_AUTHZ_VALID) {
    next_authz(flow, turn);
  } else if (authz->status != SDG_AUTHZ_PENDING) {
    fail_by_authz(flow, turn, authz, "an authorization is not valid and will not become so");
  } else if (flow->state == SDG_FLOW_AUTHZ_POLL) {
    err = follow_challenge(flow, turn, authz);
  } else {
    err = begin_challenge(flow, turn, authz);
  }
  sdg_acme_authorization_clear(authz);
  sdg_free(authz);
  return err;
}

/* The challenge is over already: nobody will ask for its answer. */
static bool is_final(const sdg_result *result)
{
  sdg_acme_challenge challenge;
  sdg_json *tree = NULL;
  bool final = true;

  if (sdg_json_parse(&tree, result->response->body, NULL, NULL) == STARDELEG_OK &&
      sdg_acme_challenge_parse(&challenge, tree, NULL) == STARDELEG_OK) {
    final = challenge.status != SDG_CHALLENGE_PENDING && challenge.status != SDG_CHALLENGE_PROCESSING;
    sdg_acme_challenge_clear(&challenge);
  }
  sdg_json_free(tree);
  return final;
}

stardeleg_err sdg_flow_take_challenge(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  stardeleg_time deadline = flow->deadline;

  /* Refused or not, the authorization's own status decides (errata 5732, 6317). */
  sdg_flow_enter(flow, turn, SDG_FLOW_AUTHZ_POLL);
  flow->deadline = deadline;
  if (turn->result->err != STARDELEG_OK) {
    flow->problem = *turn->result->problem;
  } else if (!is_final(turn->result)) {
    flow->unseen_until = sdg_time_add(turn->now, UNSEEN_MAX);
  }
  return STARDELEG_OK;
}
