/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow.c -- the states of an order as a table (RFC 8555 7.1.6, RFC 8739 3.1.2 figure 4). */
#include "acme_client/order_flow.h"

#include <string.h>

#include "acme/problem_document.h"
#include "acme_client/order_flow_internal.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"

/* Retry-After of a poll is believed up to this (a CA was seen to send a day for an order that took seconds). */
#define POLL_PAUSE_MAX (5 * SDG_TIME_MINUTE)
#define POLL_PAUSE_OWN_MAX (30 * SDG_TIME_S)

stardeleg_err sdg_order_flow_init(sdg_order_flow *flow, const char *new_order)
{
  memset(flow, 0, sizeof(*flow));
  flow->new_order = sdg_strdup(new_order);
  if (flow->new_order == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  flow->wait_until = STARDELEG_TIME_NONE;
  flow->deadline = STARDELEG_TIME_NONE;
  sdg_problem_clear(&flow->problem);
  return STARDELEG_OK;
}

stardeleg_err sdg_order_flow_set_csr(sdg_order_flow *flow, stardeleg_bytes der)
{
  sdg_buf text;
  char *csr = NULL;
  stardeleg_err err;

  sdg_buf_init(&text, 128u * 1024u);
  sdg_base64url_write(&text, der);
  err = sdg_buf_take(&text, &csr, NULL);
  sdg_buf_clear(&text);
  if (err == STARDELEG_OK) {
    sdg_free(flow->csr);
    flow->csr = csr;
  }
  return err;
}

void sdg_flow_clear_challenge(sdg_order_flow *flow)
{
  sdg_free(flow->challenge_url);
  sdg_free(flow->challenge_type);
  sdg_free(flow->challenge_token);
  sdg_free(flow->challenge_name);
  flow->challenge_url = NULL;
  flow->challenge_type = NULL;
  flow->challenge_token = NULL;
  flow->challenge_name = NULL;
}

void sdg_order_flow_clear(sdg_order_flow *flow)
{
  sdg_free(flow->new_order);
  sdg_free(flow->csr);
  sdg_free(flow->order_url);
  sdg_acme_order_clear(&flow->order);
  sdg_flow_clear_challenge(flow);
  memset(flow, 0, sizeof(*flow));
}

/* --- Moves --- */

static bool is_polling(sdg_flow_state state)
{
  return state == SDG_FLOW_AUTHZ_POLL || state == SDG_FLOW_READY_POLL || state == SDG_FLOW_POLL;
}

static bool is_resting(sdg_flow_state state)
{
  return state == SDG_FLOW_VALID || state == SDG_FLOW_CANCELED || state == SDG_FLOW_FAILED;
}

static int64_t or_default(int64_t value, int64_t otherwise)
{
  return value > 0 ? value : otherwise;
}

void sdg_flow_enter(sdg_order_flow *flow, sdg_flow_turn *turn, sdg_flow_state state)
{
  flow->state = state;
  flow->tries = 0;
  flow->polls = 0;
  flow->deadline = STARDELEG_TIME_NONE;
  flow->wait_until = STARDELEG_TIME_NONE;
  if (is_polling(state)) {
    flow->deadline = sdg_time_add(turn->now, or_default(flow->patience_ms, SDG_TIME_DAY));
    sdg_flow_pause(flow, turn);
  }
  if (state != SDG_FLOW_FAILED) {
    sdg_problem_clear(&flow->problem);
  }
  turn->change = is_resting(state) ? SDG_FLOW_ENDED : SDG_FLOW_MOVED;
}

void sdg_flow_fail(sdg_order_flow *flow, sdg_flow_turn *turn, const stardeleg_problem *problem)
{
  flow->problem = *problem;
  sdg_flow_enter(flow, turn, SDG_FLOW_FAILED);
}

void sdg_flow_fail_text(sdg_order_flow *flow, sdg_flow_turn *turn, stardeleg_acme_error acme, const char *detail)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, acme, "%s", detail);
  problem.status = 0;
  sdg_flow_fail(flow, turn, &problem);
}

bool sdg_flow_is_passing(const sdg_result *result)
{
  if (result->err != STARDELEG_ERR_PROBLEM) {
    return result->err == STARDELEG_ERR_TRANSPORT || result->err == STARDELEG_ERR_LIMIT;
  }
  return result->status >= 500 || result->status == 429 || result->status == 408 ||
         sdg_acme_error_is_retryable(result->problem->acme);
}

void sdg_flow_retry(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  int64_t pause;

  flow->tries++;
  pause = sdg_backoff_ms(flow->tries, or_default(flow->backoff_min_ms, SDG_TIME_S),
                         or_default(flow->backoff_max_ms, SDG_TIME_HOUR), sdg_agent_random(turn->agent));
  flow->wait_until = sdg_time_add(turn->now, pause);
  if (turn->result->retry_at != STARDELEG_TIME_NONE && turn->result->retry_at > flow->wait_until) {
    flow->wait_until = turn->result->retry_at;
  }
  if (turn->result->problem != NULL) {
    flow->problem = *turn->result->problem;
  }
}

void sdg_flow_pause(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  int64_t pause =
      or_default(flow->poll_min_ms, SDG_TIME_S) * (1 + (int64_t)(flow->polls < 100 ? flow->polls : 100) / 2);
  stardeleg_time retry_at = turn->result != NULL ? turn->result->retry_at : STARDELEG_TIME_NONE;

  flow->polls++;
  flow->tries = 0;
  flow->wait_until = sdg_time_add(turn->now, pause > POLL_PAUSE_OWN_MAX ? POLL_PAUSE_OWN_MAX : pause);
  if (retry_at != STARDELEG_TIME_NONE) {
    flow->wait_until = sdg_time_min(sdg_time_max(retry_at, turn->now), sdg_time_add(turn->now, POLL_PAUSE_MAX));
  }
}

stardeleg_err sdg_flow_keep_order(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  sdg_acme_order order = {0};
  stardeleg_err err = sdg_acme_order_parse(&order, turn->result->response->body, NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_acme_order_clear(&flow->order);
  flow->order = order;
  flow->has_order = true;
  return STARDELEG_OK;
}

static void fail_by_order(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  stardeleg_problem problem;

  if (flow->order.error != NULL) {
    sdg_problem_from_tree(&problem, flow->order.error);
    sdg_flow_fail(flow, turn, &problem);
  } else {
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "the order has become invalid");
  }
}

static void become_valid(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  if (flow->order.certificate == NULL && flow->order.star_certificate == NULL) {
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "the order is valid but names no certificate");
    return;
  }
  sdg_flow_enter(flow, turn, flow->cancel_wanted ? SDG_FLOW_CANCEL : SDG_FLOW_VALID);
}

void sdg_flow_follow_status(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  switch (flow->order.status) {
  case SDG_ORDER_PENDING:
    if (flow->state == SDG_FLOW_NEW && flow->order.authorization_count > 0) {
      sdg_flow_enter(flow, turn, SDG_FLOW_AUTHZ);
    } else if (flow->state == SDG_FLOW_READY_POLL) {
      sdg_flow_pause(flow, turn);
    } else {
      sdg_flow_enter(flow, turn, SDG_FLOW_READY_POLL);
    }
    break;
  case SDG_ORDER_READY:
    if (flow->cancel_wanted) {
      sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "given up before it was finalized");
    } else {
      sdg_flow_enter(flow, turn, SDG_FLOW_FINALIZE);
    }
    break;
  case SDG_ORDER_PROCESSING:
    if (flow->state == SDG_FLOW_POLL) {
      sdg_flow_pause(flow, turn);
    } else {
      sdg_flow_enter(flow, turn, SDG_FLOW_POLL);
    }
    break;
  case SDG_ORDER_VALID:
    become_valid(flow, turn);
    break;
  case SDG_ORDER_CANCELED:
    sdg_flow_enter(flow, turn, SDG_FLOW_CANCELED);
    break;
  default:
    fail_by_order(flow, turn);
    break;
  }
}

/* --- newOrder --- */

static stardeleg_err ask_new(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  const sdg_acme_directory *directory = sdg_session_directory(session);

  (void)now;
  if (directory == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_POST;
  step->url = directory->new_order;
  sdg_buf_add_str(step->payload, flow->new_order);
  return STARDELEG_OK;
}

static stardeleg_err take_new(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  sdg_buf location;
  char *url = NULL;
  stardeleg_err err;

  if (turn->result->err != STARDELEG_OK) {
    sdg_flow_fail(flow, turn, turn->result->problem);
    return STARDELEG_OK;
  }
  sdg_buf_init(&location, 2048);
  err = sdg_result_location(&location, turn->result);
  if (err == STARDELEG_OK) {
    err = sdg_buf_take(&location, &url, NULL);
  }
  sdg_buf_clear(&location);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK || sdg_session_check_url(turn->session, url) != STARDELEG_OK) {
    sdg_free(url);
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "newOrder was answered without a usable Location");
    return STARDELEG_OK;
  }
  err = sdg_flow_keep_order(flow, turn);
  if (err == STARDELEG_ERR_NOMEM) {
    sdg_free(url);
    return err;
  }
  sdg_free(flow->order_url);
  flow->order_url = url;
  if (err != STARDELEG_OK) {
    sdg_flow_enter(flow, turn, SDG_FLOW_READY_POLL); /* the order is there; its own URL will tell */
    return STARDELEG_OK;
  }
  sdg_flow_follow_status(flow, turn);
  return STARDELEG_OK;
}

/* --- Fetching the order --- */

static stardeleg_err ask_order(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  (void)session;
  (void)now;
  step->kind = SDG_STEP_FETCH;
  step->url = flow->order_url;
  return STARDELEG_OK;
}

static stardeleg_err take_order(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  stardeleg_err err;

  if (turn->result->err != STARDELEG_OK) {
    sdg_flow_fail(flow, turn, turn->result->problem);
    return STARDELEG_OK;
  }
  err = sdg_flow_keep_order(flow, turn);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    sdg_flow_retry(flow, turn);
    return STARDELEG_OK;
  }
  sdg_flow_follow_status(flow, turn);
  return STARDELEG_OK;
}

/* --- finalize --- */

static stardeleg_err ask_finalize(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  sdg_json_writer w;

  (void)session;
  (void)now;
  if (flow->csr == NULL) {
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_POST;
  step->url = flow->order.finalize;
  sdg_jw_init(&w, step->payload);
  sdg_jw_object(&w, NULL);
  sdg_jw_string(&w, "csr", flow->csr);
  sdg_jw_object_end(&w);
  return STARDELEG_OK;
}

static stardeleg_err take_finalize(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  const sdg_result *result = turn->result;
  stardeleg_err err;

  if (result->err == STARDELEG_ERR_PROBLEM && sdg_problem_is(result->problem, STARDELEG_ACME_ORDER_NOT_READY)) {
    sdg_flow_enter(flow, turn, SDG_FLOW_READY_POLL); /* RFC 8555 7.4: look how it stands */
    return STARDELEG_OK;
  }
  if (result->err != STARDELEG_OK) {
    sdg_flow_fail(flow, turn, result->problem);
    return STARDELEG_OK;
  }
  err = sdg_flow_keep_order(flow, turn);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK || flow->order.status == SDG_ORDER_READY) {
    sdg_flow_enter(flow, turn, SDG_FLOW_POLL);
    return STARDELEG_OK;
  }
  sdg_flow_follow_status(flow, turn);
  return STARDELEG_OK;
}

/* --- Cancellation (RFC 8739 3.1.2) --- */

static stardeleg_err ask_cancel(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  (void)session;
  (void)now;
  step->kind = SDG_STEP_POST;
  step->url = flow->order_url;
  sdg_buf_add_str(step->payload, "{\"status\":\"canceled\"}");
  return STARDELEG_OK;
}

static stardeleg_err take_cancel(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  stardeleg_err err;

  if (turn->result->err != STARDELEG_OK) {
    sdg_flow_enter(flow, turn, SDG_FLOW_CANCEL_LOOK); /* perhaps it was cancelled by a request whose answer got lost */
    flow->problem = *turn->result->problem;
    return STARDELEG_OK;
  }
  err = sdg_flow_keep_order(flow, turn);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  sdg_flow_enter(flow, turn, err == STARDELEG_OK && flow->order.status == SDG_ORDER_CANCELED ? SDG_FLOW_CANCELED
                                                                                             : SDG_FLOW_CANCEL_LOOK);
  return STARDELEG_OK;
}

static stardeleg_err take_cancel_look(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  bool gone =
      turn->result->err == STARDELEG_ERR_PROBLEM && (turn->result->status == 404 || turn->result->status == 410);
  stardeleg_err err = STARDELEG_OK;

  if (turn->result->err == STARDELEG_OK) {
    err = sdg_flow_keep_order(flow, turn);
    if (err == STARDELEG_ERR_NOMEM) {
      return err;
    }
    gone = err == STARDELEG_OK && (flow->order.status == SDG_ORDER_CANCELED || flow->order.status == SDG_ORDER_INVALID);
  }
  if (gone) {
    sdg_flow_enter(flow, turn, SDG_FLOW_CANCELED);
    return STARDELEG_OK;
  }
  flow->state = SDG_FLOW_CANCEL; /* tried again until it is done, with growing pauses */
  sdg_flow_retry(flow, turn);
  turn->change = SDG_FLOW_MOVED;
  return STARDELEG_OK;
}

/* --- The table --- */

static const sdg_flow_row rows[] = {
    {SDG_FLOW_NEW, "new", ask_new, take_new},
    {SDG_FLOW_AUTHZ, "authorization", sdg_flow_ask_authz, sdg_flow_take_authz},
    {SDG_FLOW_CHALLENGE, "challenge", sdg_flow_ask_challenge, sdg_flow_take_challenge},
    {SDG_FLOW_AUTHZ_POLL, "authorization-poll", sdg_flow_ask_authz, sdg_flow_take_authz},
    {SDG_FLOW_READY_POLL, "ready-poll", ask_order, take_order},
    {SDG_FLOW_FINALIZE, "finalize", ask_finalize, take_finalize},
    {SDG_FLOW_POLL, "poll", ask_order, take_order},
    {SDG_FLOW_VALID, "valid", NULL, NULL},
    {SDG_FLOW_CANCEL, "cancel", ask_cancel, take_cancel},
    {SDG_FLOW_CANCEL_LOOK, "cancel-look", ask_order, take_cancel_look},
    {SDG_FLOW_CANCELED, "canceled", NULL, NULL},
    {SDG_FLOW_FAILED, "failed", NULL, NULL},
};

const sdg_flow_row *sdg_flow_row_of(sdg_flow_state state)
{
  return &rows[(size_t)state < sizeof(rows) / sizeof(rows[0]) ? (size_t)state : (size_t)SDG_FLOW_FAILED];
}

const char *sdg_flow_state_name(sdg_flow_state state)
{
  return sdg_flow_row_of(state)->name;
}

void sdg_order_flow_cancel(sdg_order_flow *flow)
{
  flow->cancel_wanted = true;
  flow->wait_until = STARDELEG_TIME_NONE;
}

/* What a wish to cancel means where nothing is under way. */
static void honour_cancel(sdg_order_flow *flow, stardeleg_time now)
{
  sdg_flow_turn turn = {.now = now};

  if (flow->state == SDG_FLOW_VALID) {
    sdg_flow_enter(flow, &turn, SDG_FLOW_CANCEL);
  } else if (flow->state < SDG_FLOW_READY_POLL) {
    sdg_flow_fail_text(flow, &turn, STARDELEG_ACME_NONE, "given up before it was finalized");
  } else if (flow->state == SDG_FLOW_FINALIZE) {
    flow->state = SDG_FLOW_READY_POLL; /* a finalize may be under way: the order's status will tell */
  }
}

stardeleg_err sdg_order_flow_ask(sdg_order_flow *flow, sdg_session *session, sdg_agent *agent, sdg_step *step,
                                 stardeleg_time now)
{
  const sdg_flow_row *row;

  (void)agent;
  if (flow->cancel_wanted) {
    honour_cancel(flow, now);
  }
  row = sdg_flow_row_of(flow->state);
  if (row->ask == NULL) {
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  if (flow->wait_until != STARDELEG_TIME_NONE && now < flow->wait_until) {
    step->at = flow->wait_until;
    return STARDELEG_OK;
  }
  return row->ask(flow, session, step, now);
}

stardeleg_err sdg_order_flow_take(sdg_order_flow *flow, sdg_session *session, sdg_agent *agent,
                                  const sdg_result *result, stardeleg_time now, sdg_flow_change *change)
{
  sdg_flow_turn turn = {session, agent, result, now, SDG_FLOW_SAME};
  const sdg_flow_row *row = sdg_flow_row_of(flow->state);
  stardeleg_err err = STARDELEG_OK;

  *change = SDG_FLOW_SAME;
  if (row->take == NULL) {
    return STARDELEG_OK;
  }
  if (flow->deadline != STARDELEG_TIME_NONE && now > flow->deadline &&
      (result->err != STARDELEG_OK || flow->polls > 1)) {
    sdg_flow_fail_text(flow, &turn, STARDELEG_ACME_NONE, "the server did not get on with the order in time");
  } else if (sdg_flow_is_passing(result)) {
    if (flow->state == SDG_FLOW_FINALIZE) {
      flow->state = SDG_FLOW_READY_POLL; /* the request may have got through: look before sending it again */
      turn.change = SDG_FLOW_MOVED;
    }
    sdg_flow_retry(flow, &turn);
  } else {
    err = row->take(flow, &turn);
  }
  *change = turn.change;
  return err;
}
