/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow_internal.h -- moves shared by the states of an order. */
#ifndef SDG_ACME_CLIENT_ORDER_FLOW_INTERNAL_H
#define SDG_ACME_CLIENT_ORDER_FLOW_INTERNAL_H

#include "acme_client/order_flow.h"

/* What the take of a state has at hand. */
typedef struct sdg_flow_turn {
  sdg_session *session;
  sdg_agent *agent;
  const sdg_result *result;
  stardeleg_time now;
  sdg_flow_change change;
} sdg_flow_turn;

/* A state: what to send, what the answer means.  |ask| NULL: the state rests. */
typedef struct sdg_flow_row {
  sdg_flow_state state;
  const char *name;
  stardeleg_err (*ask)(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now);
  stardeleg_err (*take)(sdg_order_flow *flow, sdg_flow_turn *turn);
} sdg_flow_row;
const sdg_flow_row *sdg_flow_row_of(sdg_flow_state state);

/* Enters |state|; polling states get a deadline and a first pause. */
void sdg_flow_enter(sdg_order_flow *flow, sdg_flow_turn *turn, sdg_flow_state state);
/* The order is lost. */
void sdg_flow_fail(sdg_order_flow *flow, sdg_flow_turn *turn, const stardeleg_problem *problem);
void sdg_flow_fail_text(sdg_order_flow *flow, sdg_flow_turn *turn, stardeleg_acme_error acme, const char *detail);
/* The step failed but is worth repeating: backoff, or Retry-After. */
void sdg_flow_retry(sdg_order_flow *flow, sdg_flow_turn *turn);
/* True if the result's failure is no word of the server about the request itself: lost answers, overload, rate limits.
 */
bool sdg_flow_is_passing(const sdg_result *result);
/* Nothing new yet: pause before the next poll. */
void sdg_flow_pause(sdg_order_flow *flow, sdg_flow_turn *turn);
/* Reads the result's body as the order and keeps it.  0; MALFORMED if it is none (|flow| unchanged). */
STARDELEG_MUST_CHECK stardeleg_err sdg_flow_keep_order(sdg_order_flow *flow, sdg_flow_turn *turn);
/* Goes where the kept order's status says (RFC 8555 7.4, 7.1.6). */
void sdg_flow_follow_status(sdg_order_flow *flow, sdg_flow_turn *turn);

/* The authorization states (order_flow_authz.c). */
stardeleg_err sdg_flow_ask_authz(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now);
stardeleg_err sdg_flow_take_authz(sdg_order_flow *flow, sdg_flow_turn *turn);
stardeleg_err sdg_flow_ask_challenge(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now);
stardeleg_err sdg_flow_take_challenge(sdg_order_flow *flow, sdg_flow_turn *turn);
void sdg_flow_clear_challenge(sdg_order_flow *flow);

#endif /* SDG_ACME_CLIENT_ORDER_FLOW_INTERNAL_H */
