/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_published.h -- what kinds have in common whose certificates are published here: what is held, what may be
 * shown, when the next one is due (RFC 8739 3.3, 3.5). */
#ifndef SDG_IDO_ISSUER_PUBLISHED_H
#define SDG_IDO_ISSUER_PUBLISHED_H

#include "acme_client/errand.h"
#include "ido/ido_publication.h"
#include "ido/issuer.h"
#include "star/emulation.h"

/* Certificates that are still valid beside the one that is shown: as many as renewals bring when the CA wants them very
 * early; beyond, those that end first are let go. */
#define SDG_OLDER_MAX 8u
typedef struct sdg_published_older {
  sdg_buf leaf; /* DER */
  stardeleg_time not_after;
} sdg_published_older;

typedef struct sdg_published {
  stardeleg_time first_at; /* when the first one was ordered; NONE: not yet */
  sdg_star_held held;      /* the one that is shown; ordered_at NONE: none is */
  sdg_buf leaf;            /* its DER; empty if there is none */
  bool withdrawn;          /* it is not shown any more: the order has ended */
  sdg_published_older older[SDG_OLDER_MAX]; /* those before it, where the end revokes them, the oldest first */
  size_t older_count;
} sdg_published;

void sdg_published_init(sdg_published *published);
void sdg_published_clear(sdg_published *published);
void sdg_published_write(sdg_json_writer *w, const char *name, const sdg_published *published);
STARDELEG_MUST_CHECK stardeleg_err sdg_published_read(sdg_published *published, const sdg_json *tree);

/* The order's auto-renewal; STORE if it cannot be read. */
STARDELEG_MUST_CHECK stardeleg_err sdg_published_renewal(const sdg_ido_order *order, sdg_auto_renewal *out);
/* When to order the next certificate; NEVER: none is to come. */
STARDELEG_MUST_CHECK stardeleg_err sdg_published_next(const sdg_published *published, const sdg_issuance *issuance,
                                                      stardeleg_time now, stardeleg_time *at);
/* A certificate has come that was ordered at |ordered_at|: is it ours, and within what was ordered?  Then it is
 * published with the order's next write.  POLICY with |problem| if not. */
STARDELEG_MUST_CHECK stardeleg_err sdg_published_take(sdg_published *published, sdg_issuance *issuance,
                                                      stardeleg_bytes pem, stardeleg_time ordered_at,
                                                      stardeleg_time now, stardeleg_problem *problem);
/* From the order's next write on it is not shown any more. */
STARDELEG_MUST_CHECK stardeleg_err sdg_published_withdraw(sdg_published *published, sdg_issuance *issuance);
/* One of those before that is still valid, and to be revoked; empty: none. */
stardeleg_bytes sdg_published_older_leaf(sdg_published *published, stardeleg_time now);
/* A certificate that is not published, but could not be revoked either, is kept like those. */
STARDELEG_MUST_CHECK stardeleg_err sdg_published_owe(sdg_published *published, stardeleg_bytes der);
/* That one has been seen to. */
void sdg_published_drop_older(sdg_published *published);
/* Nothing is left to be done: the order becomes canceled, or invalid if it is of the kind that cannot be canceled or
 * was lost before. */
STARDELEG_MUST_CHECK stardeleg_err sdg_published_ended(sdg_issuance *issuance);
/* The order is lost before there was a certificate. */
STARDELEG_MUST_CHECK stardeleg_err sdg_published_fail(sdg_issuance *issuance, const stardeleg_problem *problem);
/* The job rests until |at|, or for good (NEVER). */
void sdg_published_rest(sdg_issuance *issuance, stardeleg_time at);
/* A round has failed; the next one begins after a pause, at most an eighth of what the certificate has left. */
void sdg_published_pause(const sdg_published *published, sdg_errand *errand, sdg_issuance *issuance,
                         const stardeleg_problem *problem, stardeleg_time now);

#endif /* SDG_IDO_ISSUER_PUBLISHED_H */
