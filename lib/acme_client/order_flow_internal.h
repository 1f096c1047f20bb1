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

/* Enters |state|; polling states get a deadline and a first pause.  Leaving a challenge takes its answer away. */
void sdg_flow_enter(sdg_order_flow *flow, sdg_flow_turn *turn, sdg_flow_state state);
/* The order is lost. */
void sdg_flow_fail(sdg_order_flow *flow, sdg_flow_turn *turn, const stardeleg_problem *problem);
void sdg_flow_fail_text(sdg_order_flow *flow, sdg_flow_turn *turn, stardeleg_acme_error acme, const char *detail);
/* The step failed but is worth repeating: backoff, or Retry-After. */
void sdg_flow_retry(sdg_order_flow *flow, sdg_flow_turn *turn);
/* The pause before try |tries|. */
int64_t sdg_flow_backoff(const sdg_order_flow *flow, sdg_agent *agent, uint32_t tries);
/* True if the result's failure is no word of the server about the request itself: lost answers, overload, rate limits.
 */
bool sdg_flow_is_passing(const sdg_result *result);
/* Nothing new yet: pause before the next poll. */
void sdg_flow_pause(sdg_order_flow *flow, sdg_flow_turn *turn);
/* Reads the result's body as the order and keeps it.  0; MALFORMED if it is none, PROTOCOL if it is not the order we
 * placed (|flow| unchanged, |problem| says why). */
STARDELEG_MUST_CHECK stardeleg_err sdg_flow_keep_order(sdg_order_flow *flow, sdg_flow_turn *turn,
                                                       stardeleg_problem *problem);
/* What becomes of an answer that could not be kept, |err| saying why: another look later, or the end. */
STARDELEG_MUST_CHECK stardeleg_err sdg_flow_take_unreadable(sdg_order_flow *flow, sdg_flow_turn *turn,
                                                            stardeleg_err err, const stardeleg_problem *problem);
/* Goes where the kept order's status says (RFC 8555 7.4, 7.1.6). */
void sdg_flow_follow_status(sdg_order_flow *flow, sdg_flow_turn *turn);

/* The authorization states (order_flow_authz.c). */
stardeleg_err sdg_flow_ask_authz(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now);
stardeleg_err sdg_flow_take_authz(sdg_order_flow *flow, sdg_flow_turn *turn);
stardeleg_err sdg_flow_take_challenge(sdg_order_flow *flow, sdg_flow_turn *turn);

/* The solver's side of a challenge (order_flow_challenge.c). */
stardeleg_err sdg_flow_ask_challenge(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now);
/* The best challenge of |authz| that the solver can meet, or NULL. */
const sdg_acme_challenge *sdg_flow_choose(const sdg_order_flow *flow, const sdg_session *session,
                                          const sdg_acme_authorization *authz);
STARDELEG_MUST_CHECK stardeleg_err sdg_flow_keep_challenge(sdg_order_flow *flow, const sdg_acme_authorization *authz,
                                                           const sdg_acme_challenge *chosen);
/* False if the solver can tell that the CA has not asked for the answer yet. */
bool sdg_flow_is_seen(const sdg_order_flow *flow, sdg_session *session);
/* The challenge under way has failed: others are tried first from now on. */
void sdg_flow_blame_challenge(sdg_order_flow *flow);
/* Takes the answer away (RFC 8555 8.3) and forgets the challenge; nothing if there is none. */
void sdg_flow_drop_challenge(sdg_order_flow *flow, sdg_session *session);
void sdg_flow_clear_challenge(sdg_order_flow *flow);

/* newOrder (order_flow_new.c). */
stardeleg_err sdg_flow_ask_new(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now);
stardeleg_err sdg_flow_take_new(sdg_order_flow *flow, sdg_flow_turn *turn);
/* The first answer with the order: PROTOCOL if it is for other identifiers or of another profile than was asked for. */
STARDELEG_MUST_CHECK stardeleg_err sdg_flow_compare(const sdg_order_flow *flow, stardeleg_problem *problem);

/* The states of the order itself (order_flow_steps.c). */
stardeleg_err sdg_flow_ask_order(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now);
stardeleg_err sdg_flow_take_order(sdg_order_flow *flow, sdg_flow_turn *turn);
stardeleg_err sdg_flow_ask_finalize(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now);
stardeleg_err sdg_flow_take_finalize(sdg_order_flow *flow, sdg_flow_turn *turn);
stardeleg_err sdg_flow_ask_cancel(sdg_order_flow *flow, sdg_session *session, sdg_step *step, stardeleg_time now);
stardeleg_err sdg_flow_take_cancel(sdg_order_flow *flow, sdg_flow_turn *turn);
stardeleg_err sdg_flow_take_cancel_look(sdg_order_flow *flow, sdg_flow_turn *turn);

#endif /* SDG_ACME_CLIENT_ORDER_FLOW_INTERNAL_H */
