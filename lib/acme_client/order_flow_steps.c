/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow_steps.c -- what is sent for the order itself and what the answers mean: fetch, finalize,
 * cancel (RFC 8555 7.4, RFC 8739 3.1.2). */
#include "acme_client/order_flow_internal.h"

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"

/* --- Fetching the order --- */

stardeleg_err sdg_flow_ask_order(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  (void)session;
  (void)now;
  step->kind = SDG_STEP_FETCH;
  step->url = flow->order_url;
  return STARDELEG_OK;
}

/* Once the CSR has been taken, an order that is given up here may be issued, and renewed, all the same: one odd answer
 * to a poll, of whatever stands between, is not yet the end.  The CA's word about the order or the account is. */
static bool is_worth_another_look(const sdg_order_flow *flow, const sdg_result *result)
{
  return flow->state == SDG_FLOW_POLL && result->status != 404 && result->status != 410 && result->status != 401 &&
         !sdg_problem_is(result->problem, STARDELEG_ACME_UNAUTHORIZED) &&
         !sdg_problem_is(result->problem, STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST);
}

stardeleg_err sdg_flow_take_order(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  bool is_first = !flow->has_order;
  stardeleg_problem problem;
  stardeleg_err err;

  if (turn->result->err != STARDELEG_OK && is_worth_another_look(flow, turn->result)) {
    err = sdg_flow_take_unreadable(flow, turn, STARDELEG_ERR_MALFORMED, turn->result->problem);
    flow->problem.status = turn->result->problem->status;
    return err;
  }
  if (turn->result->err != STARDELEG_OK) {
    sdg_flow_fail(flow, turn, turn->result->problem);
    return STARDELEG_OK;
  }
  err = sdg_flow_keep_order(flow, turn, &problem);
  if (err == STARDELEG_OK && is_first) {
    err = sdg_flow_compare(flow, &problem);
    flow->has_order = err == STARDELEG_OK;
  }
  if (err != STARDELEG_OK) {
    return sdg_flow_take_unreadable(flow, turn, err, &problem);
  }
  sdg_flow_follow_status(flow, turn);
  return STARDELEG_OK;
}

/* --- finalize --- */

stardeleg_err sdg_flow_ask_finalize(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
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

stardeleg_err sdg_flow_take_finalize(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  const sdg_result *result = turn->result;
  stardeleg_problem problem;
  stardeleg_err err;

  if (result->err == STARDELEG_ERR_PROBLEM && sdg_problem_is(result->problem, STARDELEG_ACME_ORDER_NOT_READY)) {
    sdg_flow_enter(flow, turn, SDG_FLOW_READY_POLL); /* RFC 8555 7.4: look how it stands */
    return STARDELEG_OK;
  }
  if (result->err != STARDELEG_OK) {
    sdg_flow_fail(flow, turn, result->problem);
    return STARDELEG_OK;
  }
  err = sdg_flow_keep_order(flow, turn, &problem);
  if (err == STARDELEG_ERR_NOMEM || err == STARDELEG_ERR_PROTOCOL) {
    return sdg_flow_take_unreadable(flow, turn, err, &problem);
  }
  if (err != STARDELEG_OK || flow->order.status == SDG_ORDER_READY) {
    sdg_flow_enter(flow, turn, SDG_FLOW_POLL);
    return STARDELEG_OK;
  }
  sdg_flow_follow_status(flow, turn);
  return STARDELEG_OK;
}

/* --- Cancellation (RFC 8739 3.1.2) --- */

stardeleg_err sdg_flow_ask_cancel(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now)
{
  (void)session;
  (void)now;
  step->kind = SDG_STEP_POST;
  step->url = flow->order_url;
  sdg_buf_add_str(step->payload, "{\"status\":\"canceled\"}");
  return STARDELEG_OK;
}

/* Between cancelling and looking the count of tries goes on: a server that refuses is not to be asked every second. */
static void change_side(sdg_order_flow *flow, sdg_flow_turn *turn, sdg_flow_state state)
{
  uint32_t tries = flow->tries;

  sdg_flow_enter(flow, turn, state);
  flow->tries = tries;
}

stardeleg_err sdg_flow_take_cancel(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  stardeleg_problem problem;
  stardeleg_err err;

  if (turn->result->err != STARDELEG_OK) {
    /* Perhaps it was cancelled by a request whose answer got lost. */
    change_side(flow, turn, SDG_FLOW_CANCEL_LOOK);
    flow->problem = *turn->result->problem;
    return STARDELEG_OK;
  }
  err = sdg_flow_keep_order(flow, turn, &problem);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err == STARDELEG_OK && flow->order.status == SDG_ORDER_CANCELED) {
    sdg_flow_enter(flow, turn, SDG_FLOW_CANCELED);
  } else {
    change_side(flow, turn, SDG_FLOW_CANCEL_LOOK);
  }
  return STARDELEG_OK;
}

/* Tried again until it is done, with growing pauses. */
static void cancel_again(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  stardeleg_problem problem = flow->problem;

  change_side(flow, turn, SDG_FLOW_CANCEL);
  flow->problem = problem;
  sdg_flow_retry(flow, turn);
}

stardeleg_err sdg_flow_take_cancel_look(sdg_order_flow *flow, sdg_flow_turn *turn)
{
  stardeleg_problem problem;
  stardeleg_err err;

  if (turn->result->err != STARDELEG_OK) {
    if (sdg_gone_take(&flow->gone, turn->result, turn->now)) {
      sdg_flow_enter(flow, turn, SDG_FLOW_CANCELED);
    } else {
      cancel_again(flow, turn);
    }
    return STARDELEG_OK;
  }
  (void)sdg_gone_take(&flow->gone, turn->result, turn->now); /* it is there */
  err = sdg_flow_keep_order(flow, turn, &problem);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK || flow->order.status == SDG_ORDER_VALID) {
    cancel_again(flow, turn);
  } else if (flow->order.status == SDG_ORDER_INVALID) {
    sdg_flow_enter(flow, turn, SDG_FLOW_CANCELED);
  } else if (flow->order.status == SDG_ORDER_PROCESSING) {
    sdg_flow_retry(flow, turn); /* RFC 8739 3.1.2: no cancellation unless it is valid */
    turn->change = SDG_FLOW_MOVED;
  } else {
    flow->cancel_wanted = true;
    sdg_flow_follow_status(flow, turn);
  }
  return STARDELEG_OK;
}
