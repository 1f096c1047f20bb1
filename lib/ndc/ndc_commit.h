/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_commit.h -- judging an answer and putting a certificate into use: between ndc_commit.c, ndc_first.c and
 * ndc_hold.c. */
#ifndef SDG_NDC_NDC_COMMIT_H
#define SDG_NDC_NDC_COMMIT_H

#include "ndc/ndc_internal.h"

/* What an answer is worth. */
typedef struct sdg_ndc_judgement {
  sdg_ndc_verdict verdict;
  sdg_ndc_found found;
  stardeleg_problem problem;
} sdg_ndc_judgement;

/* Judges an answer to a request for a certificate of the key called |key_name|.  NOT_FOUND, BAD_KEY or MALFORMED if
 * that key is lost. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_judge(sdg_ndc_delegation *d, const char *key_name,
                                                 sdg_ndc_expected *expected, const sdg_result *result,
                                                 stardeleg_time now, sdg_ndc_judgement *out);
bool sdg_ndc_is_lost_key(stardeleg_err err);
/* True if a refusal means that the order's end-date has come. */
bool sdg_ndc_has_ended(const sdg_ndc_delegation *d, const sdg_result *result, const sdg_auto_renewal *renewal,
                       stardeleg_time now);
/* True if a certificate begins so much after |t| that people should hear of it. */
bool sdg_ndc_is_far_early(const sdg_ndc_found *found, stardeleg_time t);

/* The response's ETag if it can be kept and sent back, or NULL; to be freed. */
char *sdg_ndc_read_etag(const sdg_result *result);
/* Fills in what came with the answer. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_fill_current(sdg_ndc_current *fresh, const char *order_url, const char *url,
                                                        const sdg_ndc_found *found, const sdg_result *result);
/* Puts |fresh| into use with the chain of |result|: the record is written, and the old one goes.  Takes |fresh| over on
 * success; else everything is as it was. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_commit(sdg_ndc_delegation *d, sdg_ndc_current *fresh, bool from_pending,
                                                  const sdg_result *result, stardeleg_time now);
/* After a commit: the program is told, the jobs are woken. */
void sdg_ndc_announce(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now);

/* --- ndc_pace.c: when the certificate's URL is asked next --- */
/* The moment of the next GET. */
stardeleg_time sdg_ndc_pace_due(sdg_ndc_delegation *d, stardeleg_time now);
/* After an answer with a certificate that is in use from now on. */
void sdg_ndc_pace_fresh(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now);
/* After an answer that brought nothing new. */
void sdg_ndc_pace_unchanged(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now);
/* After no answer, or one of a server in trouble: true if no successor is due, so that a later look will do. */
bool sdg_ndc_pace_can_wait(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now);
/* After any other failure; |retry_at| is the server's wish, or NONE. */
void sdg_ndc_pace_failed(sdg_ndc_delegation *d, stardeleg_time retry_at, stardeleg_time now);

#endif /* SDG_NDC_NDC_COMMIT_H */
