/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_ending.h -- ending what cannot be cancelled: the certificate is fetched, unless it is at hand, and revoked
 * under our account (RFC 9115 2.3.6.2, RFC 8555 7.6). */
#ifndef SDG_IDO_ISSUER_ENDING_H
#define SDG_IDO_ISSUER_ENDING_H

#include "acme_client/revoke.h"
#include "ido/issuer.h"

typedef struct sdg_ending {
  char *url;            /* of the certificate; NULL: it was at hand */
  sdg_errand fetching;
  sdg_gone gone;        /* what was said of the certificate's URL */
  sdg_revoke revoke;    /* once it is here */
  bool has_certificate;
  stardeleg_time not_after; /* of the certificate; NONE: not known */
  bool yields;          /* not written: FAILED once it is refused; else it is tried for as long as the certificate
                           lives: a server that is out of sorts must not leave one behind (RFC 9115 2.3.6.2) */
} sdg_ending;

/* |url| is copied. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ending_init(sdg_ending *ending, const sdg_issuer *issuer, const char *url);
/* The same with the certificate at hand. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ending_init_der(sdg_ending *ending, const sdg_issuer *issuer,
                                                       stardeleg_bytes der);
void sdg_ending_clear(sdg_ending *ending);
/* Appends what is being revoked, DER; nothing while it is not here yet. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ending_certificate(const sdg_ending *ending, sdg_buf *out);
/* How certificates are had from where |issuer|'s orders lead to. */
sdg_step_kind sdg_ending_fetch_kind(const sdg_issuer *issuer);
STARDELEG_MUST_CHECK stardeleg_err sdg_ending_ask(sdg_ending *ending, const sdg_issuer *issuer, sdg_step *step,
                                                  stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_ending_take(sdg_ending *ending, const sdg_issuer *issuer,
                                                   const sdg_result *result, stardeleg_time now);
/* The same, told as news of |issuance|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ending_take_told(sdg_ending *ending, sdg_issuance *issuance,
                                                        const sdg_result *result, stardeleg_time now);
/* A line of the log that the CA will not revoke. */
void sdg_ending_log_failure(const sdg_ending *ending, const sdg_issuance *issuance);
/* FAILED, and nothing else is to be expected. */
bool sdg_ending_is_refused(const sdg_ending *ending, const sdg_issuer *issuer);
/* OPEN; DONE: revoked, or gone from the server; FAILED: the server has not done it while the certificate lived, or will
 * not. */
sdg_errand_state sdg_ending_state(const sdg_ending *ending);
/* Failures in a row, and why the last try failed. */
uint32_t sdg_ending_tries(const sdg_ending *ending);
const stardeleg_problem *sdg_ending_problem(const sdg_ending *ending);
void sdg_ending_write(sdg_json_writer *w, const char *name, const sdg_ending *ending);
STARDELEG_MUST_CHECK stardeleg_err sdg_ending_read(sdg_ending *out, const sdg_issuer *issuer, const sdg_json *tree);

#endif /* SDG_IDO_ISSUER_ENDING_H */
