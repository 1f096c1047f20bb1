/* SPDX-License-Identifier: Apache-2.0 */
/* star/emulation.h -- a STAR order over a CA that knows nothing of RFC 8739: which orders can be served, and when the
 * next certificate is to be ordered.
 *
 * A CA without notAfter gives every certificate the same validity V.  A new one is ordered every T (the order's
 * "lifetime"), so it overlaps its predecessor by V - T.  RFC 8739 3.3 has the successor there half-way (T/2) before the
 * end, or "lifetime-adjust" before it if that is more: T/2 <= V - T and la <= V - T.  And a certificate must not live
 * twice as long as was asked for: V - T < T.  Together V/2 < T <= V/1.5.  A CA that takes notAfter gives what RFC 8739
 * 3.5 says, as long as it fits into V. */
#ifndef SDG_STAR_EMULATION_H
#define SDG_STAR_EMULATION_H

#include "star/schedule.h"

/* What the CA gives. */
typedef struct sdg_star_supply {
  int64_t validity_s;  /* V: of every certificate, or at most with notAfter */
  int64_t backdate_s;  /* how far before its issuance a certificate begins */
  bool takes_not_after;
} sdg_star_supply;

/* The shortest and the longest lifetime that can be served, without lifetime-adjust. */
int64_t sdg_star_supply_min_s(const sdg_star_supply *supply);
int64_t sdg_star_supply_max_s(const sdg_star_supply *supply);
/* Refuses what cannot be served, from |now| on: MALFORMED, with the member and the bounds that would work. */
STARDELEG_MUST_CHECK stardeleg_err sdg_star_supply_check(const sdg_star_supply *supply,
                                                         const sdg_auto_renewal *renewal, stardeleg_time now,
                                                         stardeleg_problem *problem);

/* When to order the first one: not so early that it would begin before start-date.  NEVER: it is too late. */
stardeleg_time sdg_star_supply_first(const sdg_star_supply *supply, const sdg_auto_renewal *renewal,
                                     stardeleg_time now);

/* A certificate there is. */
typedef struct sdg_star_held {
  stardeleg_time ordered_at;
  stardeleg_time not_before;
  stardeleg_time not_after;
} sdg_star_held;

/* When to order the one after |held|, |first_at| being when the first one was ordered; NEVER: it was the last.  The
 * last one is ordered V before end-date (and a little), as none may outlive it. */
stardeleg_time sdg_star_supply_next(const sdg_star_supply *supply, const sdg_auto_renewal *renewal,
                                    stardeleg_time first_at, const sdg_star_held *held);
/* What to ask for at |now|: not_after is NONE if the CA does not take it.  EXPIRED: whatever the CA would give now, it
 * would outlive end-date. */
STARDELEG_MUST_CHECK stardeleg_err sdg_star_supply_period(const sdg_star_supply *supply,
                                                          const sdg_auto_renewal *renewal, stardeleg_time first_at,
                                                          stardeleg_time now, sdg_star_period *out);

#endif /* SDG_STAR_EMULATION_H */
