/* SPDX-License-Identifier: Apache-2.0 */
/* x509/signed.h -- what the builders of requests and certificates share. */
#ifndef SDG_X509_SIGNED_H
#define SDG_X509_SIGNED_H

#include "x509/x509.h"

/* Extensions ::= SEQUENCE OF Extension. */
void sdg_x509_put_extensions(sdg_buf *out, const sdg_x509_extension *extensions, size_t count);

/* Signs |body| and appends SEQUENCE { body, AlgorithmIdentifier, BIT STRING }, or nothing.  The errors of sdg_key_sign,
 * NOMEM and LIMIT. */
STARDELEG_MUST_CHECK stardeleg_err sdg_x509_put_signed(sdg_buf *out, stardeleg_bytes body, stardeleg_alg alg,
                                                       stardeleg_key *key);

#endif /* SDG_X509_SIGNED_H */
