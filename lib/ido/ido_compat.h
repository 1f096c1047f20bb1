/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_compat.h -- ordinary ACME clients, which know nothing of delegation (AMB-17): orders without a "delegation"
 * member are orders under the delegate's default delegation.  Names, CSR, scope and counts are judged as ever; what is
 * added is what such clients need: authorizations (valid from the beginning), a certificate that can be fetched here
 * with the account here, renewalInfo, and an answer to revokeCert. */
#ifndef SDG_IDO_IDO_COMPAT_H
#define SDG_IDO_IDO_COMPAT_H

#include "ido/ido_internal.h"

/* The delegation of an order that names none; PROTOCOL with the problem.  Release it. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_compat_delegation(stardeleg_ido *ido, sdg_call *call,
                                                             const sdg_acme_new_order *request,
                                                             const sdg_ido_delegation **out);
/* Such clients do not say until when: sets notAfter where the delegation ends before a certificate would, if the CA
 * takes it. */
void sdg_ido_compat_end(const stardeleg_ido *ido, const sdg_call *call, sdg_acme_new_order *request,
                        const sdg_ido_delegation *delegation);

/* What notes, with the write of the new order, that the certificate of another one has been replaced. */
typedef struct sdg_ido_replacing {
  stardeleg_store_op op;
  size_t op_count; /* 1 if there is something to be written with the order, else 0 */
  sdg_ido_order before;
  sdg_buf value;
} sdg_ido_replacing;
/* RFC 9773 5: what the order says it replaces must be this account's, have a name in common, and not have been replaced
 * before; PROTOCOL if it is not so.  To be cleared in any case. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_compat_replaces(const stardeleg_ido *ido, sdg_call *call,
                                                           const sdg_ido_order *order, sdg_ido_replacing *out);
void sdg_ido_replacing_clear(sdg_ido_replacing *replacing);
/* The URLs of the order's authorizations, to be freed with sdg_ido_compat_urls_free(); none for other orders. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_compat_urls(const stardeleg_ido *ido, const sdg_ido_order *order,
                                                       char ***urls, size_t *count);
void sdg_ido_compat_urls_free(char **urls, size_t count);

/* Routes. */
stardeleg_err sdg_ido_route_authorization(void *role, sdg_call *call);
stardeleg_err sdg_ido_route_challenge(void *role, sdg_call *call);
stardeleg_err sdg_ido_route_renewal_info(void *role, sdg_call *call);
stardeleg_err sdg_ido_route_revoke(void *role, sdg_call *call);

#endif /* SDG_IDO_IDO_COMPAT_H */
