/* SPDX-License-Identifier: Apache-2.0 */
/* star/auto_renewal.h -- the auto-renewal object of an order (RFC 8739 3.1.1). */
#ifndef SDG_STAR_AUTO_RENEWAL_H
#define SDG_STAR_AUTO_RENEWAL_H

#include <stardeleg/problem.h>
#include "json/json_write.h"

/* Longest lifetime we do arithmetic with: 100 years in seconds. */
#define SDG_STAR_LIFETIME_MAX_S ((int64_t)100 * 366 * 86400)

typedef struct sdg_auto_renewal {
  stardeleg_time start_at;     /* "start-date", or NONE */
  stardeleg_time end_at;       /* "end-date" */
  int64_t lifetime_s;          /* "lifetime", positive */
  int64_t lifetime_adjust_s;   /* "lifetime-adjust", 0 if absent */
  bool certificate_get;        /* "allow-certificate-get" */
  bool has_certificate_get;    /* the member was there */
} sdg_auto_renewal;

/* Reads the object: end-date and lifetime required, integers, RFC 3339 dates, end after start, lifetime 1 to
 * SDG_STAR_LIFETIME_MAX_S, adjust not negative.  Names of early drafts ("recurrent-...", "endDate", "lifetimeAdjust")
 * are refused by name.  MALFORMED with the place
 * "/auto-renewal/..." in |problem|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_auto_renewal_parse(sdg_auto_renewal *out, const sdg_json *object,
                                                          stardeleg_problem *problem);
/* Refuses, as a server: end-date in the past, lifetime below |min_lifetime_s|, end minus start (or |now|) above
 * |max_duration_s| (0: no such bound).  MALFORMED, with the bound in the detail (RFC 8739 3.2). */
STARDELEG_MUST_CHECK stardeleg_err sdg_auto_renewal_check(const sdg_auto_renewal *renewal, stardeleg_time now,
                                                          int64_t min_lifetime_s, int64_t max_duration_s,
                                                          stardeleg_problem *problem);
void sdg_auto_renewal_write(sdg_json_writer *w, const char *name, const sdg_auto_renewal *renewal);

#endif /* SDG_STAR_AUTO_RENEWAL_H */
