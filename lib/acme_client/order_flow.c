/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow.c -- the states of an order as a table (RFC 8555 7.1.6, RFC 8739 3.1.2 figure 4). */
#include "acme_client/order_flow.h"

#include <string.h>

#include "acme/problem_document.h"
#include "acme_client/order_flow_internal.h"
#include "base/base64.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"

/* Retry-After of a poll is believed up to this (a CA was seen to send a day for an order that took seconds), or up to a
 * part of how long the order has taken already: who is slow for hours knows why. */
#define POLL_PAUSE_MAX (5 * SDG_TIME_MINUTE)
#define POLL_PAUSE_PART 4
/* The same for pauses of our own. */
#define POLL_PAUSE_OWN_MAX (30 * SDG_TIME_S)
#define POLL_PAUSE_OWN_PART 60
/* No pause is longer: Retry-After is believed up to a day. */
#define WAIT_MAX (SDG_TIME_DAY + SDG_TIME_HOUR)
/* Answers in a row that make no sense: with the pauses between them about a quarter of an hour. */
#define UNREADABLE_MAX 10u
/* With the pauses between them most of a day. */
#define FINALIZES_MAX 30u

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

void sdg_order_flow_clear(sdg_order_flow *flow)
{
  sdg_free(flow->new_order);
  sdg_free(flow->csr);
  sdg_free(flow->order_url);
  sdg_acme_order_clear(&flow->order);
  sdg_flow_clear_challenge(flow);
  memset(flow, 0, sizeof(*flow));
}

stardeleg_err sdg_order_flow_again(sdg_order_flow *flow)
{
  if (flow->state != SDG_FLOW_FAILED) {
    return STARDELEG_ERR_STATE;
  }
  sdg_free(flow->order_url);
  flow->order_url = NULL;
  sdg_acme_order_clear(&flow->order);
  flow->has_order = false;
  flow->authz_index = 0;
  flow->state = SDG_FLOW_NEW;
  flow->wait_until = STARDELEG_TIME_NONE;
  flow->deadline = STARDELEG_TIME_NONE;
  flow->tries = 0;
  flow->finalizes = 0;
  flow->unreadable = 0;
  flow->polls = 0;
  flow->cancel_wanted = false;
  flow->ended_there = false;
  memset(&flow->gone, 0, sizeof(flow->gone));
  sdg_problem_clear(&flow->problem);
  return STARDELEG_OK;
}

/* --- Moves --- */

static bool is_polling(sdg_flow_state state)
{
  return state == SDG_FLOW_AUTHZ_POLL || state == SDG_FLOW_READY_POLL || state == SDG_FLOW_POLL;
}

/* An order that goes to and fro between these two does not get new patience each time. */
static bool is_order_poll(sdg_flow_state state)
{
  return state == SDG_FLOW_READY_POLL || state == SDG_FLOW_POLL;
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
  if (state != SDG_FLOW_CHALLENGE && state != SDG_FLOW_AUTHZ_POLL) {
    sdg_flow_drop_challenge(flow, turn->session);
  }
  if (!is_order_poll(flow->state) || !is_order_poll(state)) {
    flow->deadline = STARDELEG_TIME_NONE;
    flow->polls = 0;
  }
  flow->state = state;
  flow->tries = 0;
  flow->unreadable = 0;
  flow->wait_until = STARDELEG_TIME_NONE;
  if ((is_polling(state) || state == SDG_FLOW_CHALLENGE) && flow->deadline == STARDELEG_TIME_NONE) {
    flow->deadline = sdg_time_add(turn->now, or_default(flow->patience_ms, SDG_TIME_DAY));
  }
  if (is_polling(state)) {
    sdg_flow_pause(flow, turn);
  }
  if (state != SDG_FLOW_FAILED) {
    sdg_problem_clear(&flow->problem);
  }
  turn->change = is_resting(state) ? SDG_FLOW_ENDED : SDG_FLOW_MOVED;
}

void sdg_flow_fail(sdg_order_flow *flow, sdg_flow_turn *turn, const stardeleg_problem *problem)
{
  if (problem != &flow->problem) {
    flow->problem = *problem;
  }
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

int64_t sdg_flow_backoff(const sdg_order_flow *flow, sdg_agent *agent, uint32_t tries)
{
  return sdg_backoff_ms(tries, or_default(flow->backoff_min_ms, SDG_TIME_S),
                        or_default(flow->backoff_max_ms, SDG_TIME_HOUR), sdg_agent_random(agent));
}

void sdg_flow_retry(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  flow->tries += flow->tries < UINT32_MAX ? 1 : 0;
  flow->wait_until = sdg_time_add(turn->now, sdg_flow_backoff(flow, turn->agent, flow->tries));
  if (turn->result->retry_at != STARDELEG_TIME_NONE && turn->result->retry_at > flow->wait_until) {
    flow->wait_until = turn->result->retry_at;
  }
  if (turn->result->problem != NULL) {
    flow->problem = *turn->result->problem;
  }
}

/* How long the order has been polled for by now. */
static int64_t waited_ms(const sdg_order_flow *flow, stardeleg_time now)
{
  int64_t waited = flow->deadline != STARDELEG_TIME_NONE
                       ? now - sdg_time_add(flow->deadline, -or_default(flow->patience_ms, SDG_TIME_DAY))
                       : 0;

  return waited > 0 ? waited : 0;
}

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

void sdg_flow_pause(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  int64_t waited = waited_ms(flow, turn->now);
  int64_t own_max = larger(POLL_PAUSE_OWN_MAX, waited / POLL_PAUSE_OWN_PART);
  int64_t max = larger(POLL_PAUSE_MAX, waited / POLL_PAUSE_PART);
  int64_t least = or_default(flow->poll_min_ms, SDG_TIME_S);
  int64_t pause = larger(least * (1 + (int64_t)(flow->polls < 100 ? flow->polls : 100) / 2),
                         waited / POLL_PAUSE_OWN_PART);
  stardeleg_time retry_at = turn->result != NULL ? turn->result->retry_at : STARDELEG_TIME_NONE;

  flow->polls += flow->polls < UINT32_MAX ? 1 : 0;
  flow->tries = 0;
  flow->unreadable = 0;
  if (pause > own_max) {
    pause = larger(least, own_max);
  }
  flow->wait_until = sdg_time_add(turn->now, pause);
  if (retry_at != STARDELEG_TIME_NONE) {
    /* Nor is "Retry-After: 0" a reason to poll without a pause. */
    flow->wait_until =
        sdg_time_max(sdg_time_min(retry_at, sdg_time_add(turn->now, max)), sdg_time_add(turn->now, least));
  }
}

/* --- Keeping the order --- */

/* RFC 8555 7.1.3: the elements of both arrays are immutable; if they change, "it SHOULD consider the order invalid". */
static bool has_changed(const sdg_acme_order *old, const sdg_acme_order *order)
{
  if (!sdg_identifiers_same_set(&old->identifiers, &order->identifiers) ||
      old->authorization_count != order->authorization_count) {
    return true;
  }
  for (size_t i = 0; i < order->authorization_count; i++) {
    bool found = false;

    for (size_t k = 0; k < old->authorization_count && !found; k++) {
      found = strcmp(order->authorizations[i], old->authorizations[k]) == 0;
    }
    if (!found) {
      return true;
    }
  }
  return false;
}

stardeleg_err sdg_flow_keep_order(sdg_order_flow *flow, sdg_flow_turn *turn, stardeleg_problem *problem)
{
  sdg_acme_order order = {0};
  stardeleg_err err = sdg_acme_order_parse(&order, turn->result->response->body, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  /* A cancellation counts whatever else the answer says. */
  if (flow->has_order && flow->state != SDG_FLOW_CANCEL && flow->state != SDG_FLOW_CANCEL_LOOK &&
      has_changed(&flow->order, &order)) {
    sdg_acme_order_clear(&order);
    sdg_problem_set(problem, STARDELEG_ACME_NONE,
                    "the server has changed the identifiers or authorizations of the order");
    return STARDELEG_ERR_PROTOCOL;
  }
  sdg_acme_order_clear(&flow->order);
  flow->order = order;
  flow->has_order = true;
  return STARDELEG_OK;
}

stardeleg_err sdg_flow_take_unreadable(sdg_order_flow *flow, sdg_flow_turn *turn, stardeleg_err err,
                                       const stardeleg_problem *problem)
{
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  flow->unreadable++;
  if (err == STARDELEG_ERR_PROTOCOL || flow->unreadable >= UNREADABLE_MAX) {
    sdg_flow_fail(flow, turn, problem);
  } else {
    sdg_flow_retry(flow, turn);
    flow->problem = *problem;
  }
  flow->problem.status = 0; /* the server did not say that */
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
  flow->ended_there = true;
}

static bool is_renewing(const sdg_acme_order *order)
{
  return order->auto_renewal != NULL || order->star_certificate != NULL;
}

static void become_valid(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  if (flow->order.certificate == NULL && flow->order.star_certificate == NULL) {
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "the order is valid but names no certificate");
  } else if (!flow->cancel_wanted) {
    sdg_flow_enter(flow, turn, SDG_FLOW_VALID);
  } else {
    sdg_flow_enter(flow, turn, is_renewing(&flow->order) ? SDG_FLOW_CANCEL : SDG_FLOW_CANCELED);
  }
}

/* The order can be finalized, perhaps once more: then with growing pauses, and not for ever. */
static void become_ready(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  if (flow->finalizes >= FINALIZES_MAX) {
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "the server took no finalize request: the order stays ready");
    return;
  }
  sdg_flow_enter(flow, turn, SDG_FLOW_FINALIZE);
  if (flow->finalizes > 0) {
    flow->wait_until = sdg_time_add(turn->now, sdg_flow_backoff(flow, turn->agent, flow->finalizes));
  }
}

static void become_pending(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  if (flow->authz_index < flow->order.authorization_count) {
    sdg_flow_enter(flow, turn, SDG_FLOW_AUTHZ);
  } else if (flow->state == SDG_FLOW_READY_POLL) {
    sdg_flow_pause(flow, turn);
  } else {
    sdg_flow_enter(flow, turn, SDG_FLOW_READY_POLL);
  }
}

void sdg_flow_follow_status(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  sdg_order_status status = flow->order.status;

  if (flow->cancel_wanted && (status == SDG_ORDER_PENDING || status == SDG_ORDER_READY)) {
    sdg_flow_fail_text(flow, turn, STARDELEG_ACME_NONE, "given up before it was finalized");
    flow->ended_there = true;
    return;
  }
  switch (status) {
  case SDG_ORDER_PENDING:
    become_pending(flow, turn);
    break;
  case SDG_ORDER_READY:
    become_ready(flow, turn);
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

/* --- The table --- */

static const sdg_flow_row rows[] = {
    {SDG_FLOW_NEW, "new", sdg_flow_ask_new, sdg_flow_take_new},
    {SDG_FLOW_AUTHZ, "authorization", sdg_flow_ask_authz, sdg_flow_take_authz},
    {SDG_FLOW_CHALLENGE, "challenge", sdg_flow_ask_challenge, sdg_flow_take_challenge},
    {SDG_FLOW_AUTHZ_POLL, "authorization-poll", sdg_flow_ask_authz, sdg_flow_take_authz},
    {SDG_FLOW_READY_POLL, "ready-poll", sdg_flow_ask_order, sdg_flow_take_order},
    {SDG_FLOW_FINALIZE, "finalize", sdg_flow_ask_finalize, sdg_flow_take_finalize},
    {SDG_FLOW_POLL, "poll", sdg_flow_ask_order, sdg_flow_take_order},
    {SDG_FLOW_VALID, "valid", NULL, NULL},
    {SDG_FLOW_CANCEL, "cancel", sdg_flow_ask_cancel, sdg_flow_take_cancel},
    {SDG_FLOW_CANCEL_LOOK, "cancel-look", sdg_flow_ask_order, sdg_flow_take_cancel_look},
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
static void honour_cancel(sdg_order_flow *flow, sdg_session *session, stardeleg_time now)
{
  sdg_flow_turn turn = {.session = session, .now = now};

  if (flow->state == SDG_FLOW_VALID) {
    become_valid(flow, &turn);
  } else if (flow->state < SDG_FLOW_READY_POLL) {
    sdg_flow_fail_text(flow, &turn, STARDELEG_ACME_NONE, "given up before it was finalized");
  } else if (flow->state == SDG_FLOW_FINALIZE) {
    sdg_flow_enter(flow, &turn, SDG_FLOW_READY_POLL); /* a finalize may have got through: the order will tell */
    flow->finalizes += flow->finalizes == 0 ? 1 : 0;
    flow->wait_until = STARDELEG_TIME_NONE;
  }
}

/* The moment to wait for; NONE: go on.  A clock that was set back must not make it years. */
static stardeleg_time wait_of(const sdg_order_flow *flow, stardeleg_time now)
{
  if (flow->wait_until == STARDELEG_TIME_NONE || flow->wait_until <= now ||
      flow->wait_until > sdg_time_add(now, WAIT_MAX)) {
    return STARDELEG_TIME_NONE;
  }
  return flow->wait_until;
}

stardeleg_err sdg_order_flow_ask(sdg_order_flow *flow, sdg_session *session, sdg_agent *agent, sdg_step *step,
                                 stardeleg_time now)
{
  const sdg_flow_row *row;
  stardeleg_time wait;
  stardeleg_err err;

  if (flow->cancel_wanted) {
    honour_cancel(flow, session, now);
  }
  row = sdg_flow_row_of(flow->state);
  if (row->ask == NULL) {
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  wait = wait_of(flow, now);
  if (wait != STARDELEG_TIME_NONE) {
    step->at = wait;
    return STARDELEG_OK;
  }
  err = row->ask(flow, session, step, now);
  if (err == STARDELEG_ERR_CALLBACK) {
    flow->tries += flow->tries < UINT32_MAX ? 1 : 0; /* a solver whose DNS service is down is not asked every second */
    flow->wait_until = sdg_time_add(now, sdg_flow_backoff(flow, agent, flow->tries));
  }
  return err;
}

/* True if the time for this state is over and the answer has not moved it.  Silence of the network proves nothing: who
 * was cut off for a week must be able to learn how the order stands. */
static bool is_over(const sdg_order_flow *flow, const sdg_flow_turn *turn, stardeleg_time deadline)
{
  return deadline != STARDELEG_TIME_NONE && turn->now > deadline && flow->deadline == deadline &&
         turn->result->err != STARDELEG_ERR_TRANSPORT;
}

/* A finalize whose fate is unknown: looked at before it is sent again. */
static void look_again(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  sdg_flow_enter(flow, turn, SDG_FLOW_READY_POLL);
  flow->wait_until = STARDELEG_TIME_NONE;
}

static stardeleg_err take_any(sdg_order_flow *flow, sdg_flow_turn *turn, const sdg_flow_row *row)
{
  bool is_finalize = flow->state == SDG_FLOW_FINALIZE;
  stardeleg_err err;

  flow->finalizes += is_finalize ? 1 : 0;
  if (sdg_flow_is_passing(turn->result) &&
      !(is_finalize && turn->result->problem->acme == STARDELEG_ACME_ORDER_NOT_READY)) {
    if (is_finalize) {
      look_again(flow, turn);
    }
    sdg_flow_retry(flow, turn);
    return STARDELEG_OK;
  }
  err = row->take(flow, turn);
  if (err != STARDELEG_OK && is_finalize) {
    look_again(flow, turn);
  }
  return err;
}

stardeleg_err sdg_order_flow_take(sdg_order_flow *flow, sdg_session *session, sdg_agent *agent,
                                  const sdg_result *result, stardeleg_time now, sdg_flow_change *change)
{
  sdg_flow_turn turn = {session, agent, result, now, SDG_FLOW_SAME};
  const sdg_flow_row *row = sdg_flow_row_of(flow->state);
  stardeleg_time deadline = flow->deadline;
  stardeleg_err err;

  *change = SDG_FLOW_SAME;
  if (row->take == NULL) {
    return STARDELEG_OK;
  }
  err = take_any(flow, &turn, row);
  if (err == STARDELEG_OK && is_over(flow, &turn, deadline)) {
    sdg_flow_fail_text(flow, &turn, STARDELEG_ACME_NONE, "the server did not get on with the order in time");
  }
  *change = turn.change;
  return err;
}
