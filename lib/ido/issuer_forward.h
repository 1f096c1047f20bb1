/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_forward.h -- what kinds have in common that pass orders on to a server which publishes the certificate
 * itself: a CA (RFC 9115 2.3.2, 2.3.3) or another owner (2.4). */
#ifndef SDG_IDO_ISSUER_FORWARD_H
#define SDG_IDO_ISSUER_FORWARD_H

#include "ido/issuer.h"
#include "ido/issuer_disown.h"
#include "ido/issuer_ending.h"

typedef struct sdg_forward {
  sdg_order_flow flow;
  bool has_flow;     /* false: it is not known yet what to order */
  sdg_errand probe;  /* whether the certificate can be had by plain GET, where that is assumed (AMB-04) */
  sdg_errand fetching; /* of a single certificate, before the delegate hears of it */
  sdg_buf leaf;        /* that certificate, DER: to end it must not depend on fetching it then; empty: not fetched */
  sdg_ending *ending;  /* or NULL */
  sdg_disown *disown; /* of an order that is lost here; or NULL */
  sdg_errand watch;  /* looks at an order that is valid */
  void *own;         /* the kind's, while there is no flow */
} sdg_forward;

static inline sdg_forward *sdg_forward_of(const sdg_issuance *issuance)
{
  return issuance->state;
}

/* The parts of sdg_issuer_ops. */
STARDELEG_MUST_CHECK stardeleg_err sdg_forward_open(sdg_issuer *issuer, const stardeleg_issuer_options *options,
                                                    stardeleg_problem *problem);
void sdg_forward_close(sdg_issuer *issuer);
STARDELEG_MUST_CHECK stardeleg_err sdg_forward_begin(sdg_issuance *issuance);
void sdg_forward_end(sdg_issuance *issuance);
void sdg_forward_write(const sdg_issuance *issuance, sdg_json_writer *w, const char *name);
const char *sdg_forward_step_name(const sdg_issuance *issuance);
/* With a flow only. */
STARDELEG_MUST_CHECK stardeleg_err sdg_forward_ask(sdg_issuance *issuance, sdg_step *step, stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_forward_take(sdg_issuance *issuance, const sdg_result *result,
                                                    stardeleg_time now);
/* What the server does not offer that such orders need; NULL: nothing. */
const char *sdg_forward_lacks(const sdg_issuer *issuer, const sdg_acme_directory *directory, bool star);
/* Makes the flow: the order and its CSR go to the server, for the server's |delegation| if it is not NULL. */
STARDELEG_MUST_CHECK stardeleg_err sdg_forward_start(sdg_issuance *issuance, const char *delegation);
/* The order is lost: |problem| says why, unless something was known before. */
STARDELEG_MUST_CHECK stardeleg_err sdg_forward_fail(sdg_issuance *issuance, const stardeleg_problem *problem);

#endif /* SDG_IDO_ISSUER_FORWARD_H */
