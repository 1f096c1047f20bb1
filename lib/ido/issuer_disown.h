/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_disown.h -- an order that is lost to the delegate, but that the CA may issue, or has issued, all the same:
 * it is followed until it has ended there too (RFC 9115 2.3.6).
 *
 * A certificate that is renewed while nobody knows of it is what an owner least wants, so no answer but the CA's word
 * that the order is over, and no failure, ends this; only time does. */
#ifndef SDG_IDO_ISSUER_DISOWN_H
#define SDG_IDO_ISSUER_DISOWN_H

#include "ido/issuer.h"
#include "ido/issuer_ending.h"

typedef enum sdg_disown_phase {
  SDG_DISOWN_LOOK = 0, /* the order is fetched: how does it stand */
  SDG_DISOWN_CANCEL,   /* it renews: {"status":"canceled"} (RFC 8739 3.1.2) */
  SDG_DISOWN_REVOKE,   /* a single certificate */
  SDG_DISOWN_OVER
} sdg_disown_phase;

typedef struct sdg_disown {
  sdg_disown_phase phase;
  sdg_errand errand;  /* tries and pauses, over all phases */
  sdg_gone gone;      /* what was said of the order */
  sdg_ending *ending; /* REVOKE only */
} sdg_disown;

/* Begins with what |flow| knows of the order; |issuance| gets the news, and its order the time until which. */
STARDELEG_MUST_CHECK stardeleg_err sdg_disown_new(sdg_disown **out, sdg_issuance *issuance, const sdg_order_flow *flow);
/* The certificate is at hand: it is revoked, whatever the order says. */
STARDELEG_MUST_CHECK stardeleg_err sdg_disown_hold(sdg_disown *disown, const sdg_issuer *issuer, stardeleg_bytes der);
/* Begins with a look at the CA's order; neither news nor time, which are the caller's. */
STARDELEG_MUST_CHECK stardeleg_err sdg_disown_begin(sdg_disown **out, const sdg_issuer *issuer);
/* Until when an order that is lost is worked on: as long as there may be a certificate of it; |given| may be NULL. */
void sdg_disown_stay(sdg_ido_order *order, const sdg_issuer *issuer, const sdg_acme_order *given);
void sdg_disown_free(sdg_disown *disown);
/* |url|: of the CA's order. */
STARDELEG_MUST_CHECK stardeleg_err sdg_disown_ask(sdg_disown *disown, sdg_issuance *issuance, const char *url,
                                                  sdg_step *step, stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_disown_take(sdg_disown *disown, sdg_issuance *issuance, const sdg_result *result,
                                                   stardeleg_time now);
const char *sdg_disown_step_name(const sdg_disown *disown);
void sdg_disown_write(sdg_json_writer *w, const char *name, const sdg_disown *disown);
STARDELEG_MUST_CHECK stardeleg_err sdg_disown_read(sdg_disown **out, const sdg_issuer *issuer, const sdg_json *tree);

#endif /* SDG_IDO_ISSUER_DISOWN_H */
