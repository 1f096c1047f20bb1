/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_renewal.h -- what an issuer makes of the auto-renewal object a delegate asked for (RFC 9115 2.3.2,
 * AMB-05). */
#ifndef SDG_IDO_ISSUER_RENEWAL_H
#define SDG_IDO_ISSUER_RENEWAL_H

#include "ido/ido_order.h"

/* The certificate could not be fetched without an account: the order gets allow-certificate-get false, and an error. */
STARDELEG_MUST_CHECK stardeleg_err sdg_issuer_lack_get(sdg_ido_order *order, const char *detail);
/* Compares what the issuer shows of its order with what was asked for; |*fits| false: the order's error says why not.
 * lifetime-adjust may change, and lifetime become shorter; nothing else may.  |assumed|: allow-certificate-get need not
 * be reflected. */
STARDELEG_MUST_CHECK stardeleg_err sdg_issuer_judge(sdg_ido_order *order, const sdg_acme_order *given, bool assumed,
                                                    bool *fits);
/* The same for when a single certificate really ends. */
STARDELEG_MUST_CHECK stardeleg_err sdg_issuer_judge_end(sdg_ido_order *order, stardeleg_time not_after, bool *fits);
/* Shows what may have changed; all other members stay as the delegate sent them. */
STARDELEG_MUST_CHECK stardeleg_err sdg_issuer_adopt_renewal(sdg_ido_order *order, const sdg_json *reflected);

#endif /* SDG_IDO_ISSUER_RENEWAL_H */
