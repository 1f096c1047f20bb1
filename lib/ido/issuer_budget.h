/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_budget.h -- how many certificates a CA gives for one set of names in a time: counted over all delegates
 * and processes, because the CA counts so (kind "budget", key the issuer's name and a hash of the names). */
#ifndef SDG_IDO_ISSUER_BUDGET_H
#define SDG_IDO_ISSUER_BUDGET_H

#include "ido/issuer.h"

/* Takes one out of the budget; |*again_at| is NONE if there was one, else when to try again.  |emergency|: the reserve
 * may be used. */
STARDELEG_MUST_CHECK stardeleg_err sdg_budget_take(const sdg_issuer *issuer, const sdg_identifiers *names,
                                                   bool emergency, stardeleg_time now, stardeleg_time *again_at);

#endif /* SDG_IDO_ISSUER_BUDGET_H */
