/* SPDX-License-Identifier: Apache-2.0 */
/* star/schedule.h -- when which certificate of a STAR order is due (RFC 8739 3.5), for the issuing and for the fetching
 * side. */
#ifndef SDG_STAR_SCHEDULE_H
#define SDG_STAR_SCHEDULE_H

#include "star/auto_renewal.h"

/* The server's padding f as a fraction of 1000: .5 <= f < 1. */
#define SDG_STAR_FRACTION_MIN 500u
#define SDG_STAR_FRACTION_MAX 999u

typedef struct sdg_star_schedule {
  stardeleg_time nrd0;      /* nominal renewal date 0: max(start-date, first issuance), whole seconds (AMB-12) */
  stardeleg_time end_at;
  int64_t lifetime_ms;      /* T */
  int64_t adjust_ms;        /* max(min(T, la), f*T), f*T rounded up to whole seconds but below T (AMB-13) */
} sdg_star_schedule;

/* One certificate of the schedule. */
typedef struct sdg_star_period {
  uint64_t index;
  stardeleg_time nrd;         /* nominal renewal date */
  stardeleg_time publish_at;  /* when it is to be at the URL: its notBefore, and never before nrd0 */
  stardeleg_time not_before;
  stardeleg_time not_after;   /* min(nrd + T, end-date) */
} sdg_star_period;

/* By how much certificates are pre-dated: max(min(T, la), f*T), in seconds, of a |renewal| whose values are in range.
 */
int64_t sdg_star_adjust_s(const sdg_auto_renewal *renewal, unsigned fraction_permille);
/* ARGUMENT for a fraction outside the bounds; EXPIRED if the order ends before the first certificate could begin. */
STARDELEG_MUST_CHECK stardeleg_err sdg_star_schedule_init(sdg_star_schedule *out, const sdg_auto_renewal *renewal,
                                                          stardeleg_time first_issue_at, unsigned fraction_permille);
/* Period |index|; EXPIRED beyond the last one (nrd >= end-date). */
STARDELEG_MUST_CHECK stardeleg_err sdg_star_schedule_period(const sdg_star_schedule *schedule, uint64_t index,
                                                            sdg_star_period *out);
/* The newest period that is to be published at |now| (missed ones are skipped); period 0 before nrd0; EXPIRED from
 * end-date on. */
STARDELEG_MUST_CHECK stardeleg_err sdg_star_schedule_at(const sdg_star_schedule *schedule, stardeleg_time now,
                                                        sdg_star_period *out);

/* --- The fetching side --- */
/* When to begin asking for the successor of a certificate valid |not_before| to |not_after|, from the values reflected
 * in the order: at notAfter - max(min(T, la), T/2), the latest moment RFC 8739 3.3 allows for publication; NEVER if
 * |not_after| has reached end-date (it is the last one). */
stardeleg_time sdg_star_fetch_at(const sdg_auto_renewal *renewal, stardeleg_time not_before, stardeleg_time not_after);
/* Pause between two askings while the successor is late: a twentieth of what is left, between 1 s and 1 h. */
int64_t sdg_star_poll_pause_ms(stardeleg_time now, stardeleg_time not_after);

#endif /* SDG_STAR_SCHEDULE_H */
