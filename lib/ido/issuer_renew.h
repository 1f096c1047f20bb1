/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_renew.h -- an order whose certificates come from a plain CA, one order there after the other: its state,
 * and the parts of the work. */
#ifndef SDG_IDO_ISSUER_RENEW_H
#define SDG_IDO_ISSUER_RENEW_H

#include "acme_client/renewal_info.h"
#include "ido/issuer_disown.h"
#include "ido/issuer_ending.h"
#include "ido/issuer_published.h"

/* Orders at the CA that were lost from sight; beyond, the oldest are let go. */
#define SDG_STRAYS_MAX 8u

typedef struct sdg_renewing {
  sdg_published published;
  sdg_order_flow flow;      /* the order at the CA that is under way */
  bool has_flow;
  stardeleg_time ordered_at; /* of the flow */
  sdg_errand fetching;      /* the flow's certificate */
  sdg_errand pause;         /* between rounds that failed; never done, never failed */
  bool counted;             /* the budget has paid for the round that is to begin */
  bool replaces_nothing;    /* the CA would not have the next one as a replacement of the one before */
  sdg_renewal_watch watch;  /* for the certificate there is */
  bool has_watch;
  sdg_ending *ending;       /* the revocation under way, or NULL */
  char *strays[SDG_STRAYS_MAX]; /* URLs of orders at the CA that have come to nothing here, but may have become
                                   certificates that are to be revoked: worked off when our order ends */
  size_t stray_count;
  sdg_disown *disown;       /* the last of them, under way; or NULL */
  bool revoked;             /* the certificate there is has been seen to */
} sdg_renewing;

static inline sdg_renewing *sdg_renewing_of(const sdg_issuance *issuance)
{
  return issuance->state;
}

/* In and out (issuer_renew.c). */
void sdg_renewing_drop_flow(sdg_renewing *renewing);
void sdg_renewing_drop_watch(sdg_renewing *renewing);
STARDELEG_MUST_CHECK stardeleg_err sdg_renewing_start_flow(sdg_issuance *issuance, stardeleg_time now);
/* The end (issuer_renew_end.c). */
/* Lets go of the flow; where it may have led to a certificate that has to be revoked, it is kept as a stray. */
STARDELEG_MUST_CHECK stardeleg_err sdg_renewing_abandon(sdg_issuance *issuance);
/* Begins to revoke a certificate that has come, but is not wanted. */
STARDELEG_MUST_CHECK stardeleg_err sdg_renewing_refuse(sdg_issuance *issuance, stardeleg_bytes pem);
/* The order is lost without a certificate that is shown: FAILED, or DISOWNED if something is left to be ended. */
STARDELEG_MUST_CHECK stardeleg_err sdg_renewing_fail(sdg_issuance *issuance, const stardeleg_problem *problem);
/* True if ask and take are these, and not those of rounds. */
bool sdg_renewing_is_ending(const sdg_issuance *issuance);
STARDELEG_MUST_CHECK stardeleg_err sdg_renewing_ask_end(sdg_issuance *issuance, sdg_step *step, stardeleg_time now);
/* False if the result is not one of these. */
bool sdg_renewing_awaits_end(const sdg_renewing *renewing);
STARDELEG_MUST_CHECK stardeleg_err sdg_renewing_take_end(sdg_issuance *issuance, const sdg_result *result,
                                                         stardeleg_time now);
/* Rounds (issuer_renew_round.c). */
STARDELEG_MUST_CHECK stardeleg_err sdg_renewing_ask(sdg_issuance *issuance, sdg_step *step, stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_renewing_take(sdg_issuance *issuance, const sdg_result *result,
                                                     stardeleg_time now);

#endif /* SDG_IDO_ISSUER_RENEW_H */
