/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow_authz.c -- an order's authorizations, one after the other (RFC 8555 7.5, 8). */
#include "acme_client/order_flow_internal.h"

#include <string.h>

#include "acme/problem_document.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "jose/jwk.h"

stardeleg_err sdg_flow_ask_authz(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  (void)session;
  (void)now;
  step->kind = SDG_STEP_FETCH;
  step->url =
      flow->authz_index < flow->order.authorization_count ? flow->order.authorizations[flow->authz_index] : NULL;
  return step->url != NULL ? STARDELEG_OK : STARDELEG_ERR_STATE;
}

/* --- The solver's view of the challenge --- */

/* Everything the solver may need; |texts| own what |challenge| points to. */
static stardeleg_err describe_challenge(const sdg_order_flow *flow, sdg_session *session, sdg_buf texts[2],
                                        stardeleg_challenge *challenge)
{
  const stardeleg_crypto *crypto = sdg_key_crypto(sdg_session_key(session));
  uint8_t digest[STARDELEG_HASH_MAX];
  stardeleg_bytes piece;
  stardeleg_err err;

  err = sdg_jwk_key_authorization(&texts[0], crypto, sdg_bytes_str(flow->challenge_token),
                                  stardeleg_key_spki(sdg_session_key(session)));
  if (err != STARDELEG_OK) {
    return err;
  }
  piece = sdg_buf_bytes(&texts[0]);
  err = sdg_hash(crypto, STARDELEG_HASH_SHA256, &piece, 1, digest);
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_base64url_write(&texts[1], sdg_bytes(digest, 32));
  challenge->type = flow->challenge_type;
  challenge->identifier_type = "dns";
  challenge->identifier = flow->challenge_name;
  challenge->token = flow->challenge_token;
  challenge->key_authorization = sdg_buf_str(&texts[0]);
  challenge->dns_value = sdg_buf_str(&texts[1]);
  return sdg_buf_error(&texts[1]);
}

/* RFC 8555 8.3: the answer is taken away whatever came of it. */
static void clean_up(sdg_order_flow *flow, sdg_session *session)
{
  sdg_buf texts[2];
  stardeleg_challenge challenge = {0};

  if (flow->challenge_token == NULL || flow->solver == NULL || flow->solver->cleanup == NULL) {
    return;
  }
  sdg_buf_init(&texts[0], 1024);
  sdg_buf_init(&texts[1], 64);
  if (describe_challenge(flow, session, texts, &challenge) == STARDELEG_OK) {
    flow->solver->cleanup(flow->solver->ctx, &challenge);
  }
  sdg_buf_clear(&texts[0]);
  sdg_buf_clear(&texts[1]);
}

/* --- Choosing a challenge --- */

static bool can_solve(const sdg_order_flow *flow, const sdg_acme_authorization *authz,
                      const sdg_acme_challenge *challenge)
{
  return flow->solver != NULL && challenge->type != NULL && challenge->url != NULL && challenge->token != NULL &&
         challenge->status != SDG_CHALLENGE_INVALID &&
         flow->solver->can_solve(flow->solver->ctx, challenge->type, authz->identifier.type) != 0;
}

static stardeleg_err begin_challenge(sdg_order_flow *flow, sdg_flow_turn *turn, const sdg_acme_authorization *authz)
{
  const sdg_acme_challenge *chosen = NULL;

  for (size_t i = 0; i < authz->challenge_count && chosen == NULL; i++) {
    if (can_solve(flow, authz, &authz->challenges[i])) {
      chosen = &authz->challenges[i];
    }
  }
  if (chosen == NULL) {
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "the CA offers no challenge that the solver can meet");
    return STARDELEG_OK;
  }
  sdg_flow_clear_challenge(flow);
  flow->challenge_url = sdg_strdup(chosen->url);
  flow->challenge_type = sdg_strdup(chosen->type);
  flow->challenge_token = sdg_strdup(chosen->token);
  flow->challenge_name = sdg_strdup(authz->identifier.value);
  if (flow->challenge_url == NULL || flow->challenge_type == NULL || flow->challenge_token == NULL ||
      flow->challenge_name == NULL) {
    sdg_flow_clear_challenge(flow);
    return STARDELEG_ERR_NOMEM;
  }
  /* Somebody started it before (a restart, or a lost answer): then it only has to be waited for. */
  sdg_flow_enter(flow, turn, chosen->status == SDG_CHALLENGE_PENDING ? SDG_FLOW_CHALLENGE : SDG_FLOW_AUTHZ_POLL);
  return STARDELEG_OK;
}

static void next_authz(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  flow->authz_index++;
  sdg_flow_enter(flow, turn,
                 flow->authz_index < flow->order.authorization_count ? SDG_FLOW_AUTHZ : SDG_FLOW_READY_POLL);
  if (flow->state == SDG_FLOW_READY_POLL) {
    flow->wait_until = STARDELEG_TIME_NONE; /* most CAs are ready at once */
  }
}

/* The most telling reason: the error of the challenge that was tried. */
static void fail_by_authz(sdg_order_flow *flow, sdg_flow_turn *turn, const sdg_acme_authorization *authz)
{
  stardeleg_problem problem;

  for (size_t i = 0; i < authz->challenge_count; i++) {
    if (authz->challenges[i].error != NULL) {
      sdg_problem_from_tree(&problem, authz->challenges[i].error);
      sdg_flow_fail(flow, turn, &problem);
      return;
    }
  }
  sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "an authorization is not valid and will not become so");
}

stardeleg_err sdg_flow_take_authz(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  sdg_acme_authorization *authz;
  stardeleg_err err = STARDELEG_OK;

  if (turn->result->err != STARDELEG_OK) {
    clean_up(flow, turn->session);
    sdg_flow_clear_challenge(flow);
    sdg_flow_fail(flow, turn, turn->result->problem);
    return STARDELEG_OK;
  }
  authz = sdg_calloc(1, sizeof(*authz));
  if (authz == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_acme_authorization_parse(authz, turn->result->response->body, NULL);
  if (err == STARDELEG_ERR_NOMEM) {
    goto out;
  }
  if (err != STARDELEG_OK) {
    sdg_flow_retry(flow, turn);
    err = STARDELEG_OK;
  } else if (authz->status == SDG_AUTHZ_VALID) {
    clean_up(flow, turn->session);
    sdg_flow_clear_challenge(flow);
    next_authz(flow, turn);
  } else if (authz->status != SDG_AUTHZ_PENDING) {
    clean_up(flow, turn->session);
    sdg_flow_clear_challenge(flow);
    fail_by_authz(flow, turn, authz);
  } else if (flow->state == SDG_FLOW_AUTHZ_POLL) {
    sdg_flow_pause(flow, turn);
  } else {
    err = begin_challenge(flow, turn, authz);
  }
out:
  sdg_acme_authorization_clear(authz);
  sdg_free(authz);
  return err;
}

/* --- Answering it --- */

stardeleg_err sdg_flow_ask_challenge(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  sdg_buf texts[2];
  stardeleg_challenge challenge = {0};
  stardeleg_time ready_at = now;
  stardeleg_err err;

  if (flow->solver == NULL || flow->challenge_token == NULL) {
    return STARDELEG_ERR_STATE;
  }
  sdg_buf_init(&texts[0], 1024);
  sdg_buf_init(&texts[1], 64);
  err = describe_challenge(flow, session, texts, &challenge);
  if (err == STARDELEG_OK) {
    err = flow->solver->present(flow->solver->ctx, &challenge, now, &ready_at);
  }
  sdg_buf_clear(&texts[0]);
  sdg_buf_clear(&texts[1]);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_CALLBACK;
  }
  if (ready_at > now) {
    step->at = ready_at;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_POST;
  step->url = flow->challenge_url;
  sdg_buf_add_str(step->payload, "{}"); /* RFC 8555 7.5.1, erratum 5729 */
  return STARDELEG_OK;
}

stardeleg_err sdg_flow_take_challenge(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  /* Refused or not, the authorization's own status decides (errata 5732, 6317). */
  sdg_flow_enter(flow, turn, SDG_FLOW_AUTHZ_POLL);
  if (turn->result->err != STARDELEG_OK) {
    flow->problem = *turn->result->problem;
  }
  return STARDELEG_OK;
}
