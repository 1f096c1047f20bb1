/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_quota.h -- how many orders and certificates a delegation may have: kind "quota", key the delegation's id.
 * The record is written in the batch of the order that it counts, so two at once cannot both be the last that fits. */
#ifndef SDG_IDO_IDO_QUOTA_H
#define SDG_IDO_IDO_QUOTA_H

#include "ido/ido_also.h"
#include "ido/ido_delegation.h"
#include "ido/ido_order.h"

/* One write of a delegation's quota; zeroed before, cleared after. */
typedef struct sdg_ido_quota {
  stardeleg_store_op op;
  size_t op_count; /* 1 if there is something to be written with the order, else 0 */
  sdg_buf value;
} sdg_ido_quota;

void sdg_ido_quota_clear(sdg_ido_quota *quota);
/* Counts an order that is about to be made.  POLICY with a rateLimited problem that says when to come again, if it is
 * one too many. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_quota_order(sdg_ido_quota *quota, const stardeleg_store *store,
                                                       const sdg_ido_delegation *delegation, stardeleg_time now,
                                                       stardeleg_problem *problem);
/* The same for an order that is about to become a certificate.  The record has the number of those that are alive; the
 * orders themselves are looked through only before there is a number, and now and then where it leaves no room. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_quota_certificate(sdg_ido_quota *quota, const stardeleg_store *store,
                                                             const sdg_ido_delegation *delegation, stardeleg_time now,
                                                             stardeleg_problem *problem);
/* Whether it would fit: counts nothing. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_quota_room(const stardeleg_store *store,
                                                      const sdg_ido_delegation *delegation, stardeleg_time now,
                                                      stardeleg_problem *problem);
/* Adds to the batch of an order's write what its change means for the number of certificates. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_quota_follow(sdg_ido_also *also, const stardeleg_store *store,
                                                        const sdg_ido_order *order);

#endif /* SDG_IDO_IDO_QUOTA_H */
