/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_order.h -- the states of the order side, between ndc_order.c, ndc_order_flow.c and ndc_hold.c. */
#ifndef SDG_NDC_NDC_ORDER_H
#define SDG_NDC_NDC_ORDER_H

#include "ndc/ndc_internal.h"

/* A state: what to ask, what the answer means. */
typedef struct sdg_ndc_row {
  sdg_ndc_state state;
  const char *name;
  stardeleg_err (*ask)(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now);
  stardeleg_err (*take)(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now);
} sdg_ndc_row;

/* The ask of the state |d| is in. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_ask_state(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now);
/* Makes key and CSR and enters ORDER. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_begin_order(sdg_ndc_delegation *d, sdg_ndc_plan *plan, stardeleg_time now);
stardeleg_err sdg_ndc_ask_flow(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now);
stardeleg_err sdg_ndc_take_flow(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now);
/* The flow has come to rest: the certificate is to be picked up, or the order is lost. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_settle(sdg_ndc_delegation *d, stardeleg_time now);
/* The pending order is lost for a reason of ours. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_fail_text(sdg_ndc_delegation *d, const char *place, const char *detail,
                                                     stardeleg_time now);
stardeleg_err sdg_ndc_ask_pickup(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now);

#endif /* SDG_NDC_NDC_ORDER_H */
