/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/chain.h -- the X.509 path check, done by mbedTLS at an instant of the caller's choosing. */
#ifndef SDG_CRYPTO_CHAIN_H
#define SDG_CRYPTO_CHAIN_H

#include <stardeleg/base.h>

/* Checks that chain[0] leads to one of |roots| by signatures, basicConstraints, keyUsage, path length and
 * validity at |now| of every certificate used.  All certificates DER.  At most 10 in the chain.  Names are the caller's
 * job. Where two certificates of the chain could be the issuer, only the first is tried.  A root that cannot be read is
 * passed over. Returns 0, UNTRUSTED (|why| gets a phrase), EXPIRED (only validity is wrong), MALFORMED, LIMIT or NOMEM.
 */
STARDELEG_MUST_CHECK stardeleg_err sdg_chain_verify(const stardeleg_bytes *chain, size_t chain_count,
                                                    const stardeleg_bytes *roots, size_t root_count, stardeleg_time now,
                                                    char *why, size_t why_size);

#endif /* SDG_CRYPTO_CHAIN_H */
