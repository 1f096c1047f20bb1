/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_orders.h -- shared by the routes on orders and authorizations. */
#ifndef SDG_CA_CA_ORDERS_H
#define SDG_CA_CA_ORDERS_H

#include "ca/ca_internal.h"

/* The order named in the path, if it is the caller's; else a problem. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_own_order(stardeleg_ca *ca, sdg_call *call, sdg_ca_order *out);
/* The order of |account_id| that comes behind |id| ("": the first), whose id |id| becomes; NOT_FOUND behind the last.
 */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_next_order(const stardeleg_ca *ca, const char *account_id,
                                                     char id[SDG_ID_SIZE], sdg_ca_order *out);
/* Cancels a valid order with auto-renewal (RFC 8739 3.1.2): order and certificate change together, so that no GET can
 * see the one without the other.  |release| drops the lease.  CONFLICT: somebody was faster, nothing has changed. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_cancel_order(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_time now,
                                                       bool release);
/* Tells the program that the engine has something to do. */
void sdg_ca_work_waits(stardeleg_ca *ca);

#endif /* SDG_CA_CA_ORDERS_H */
