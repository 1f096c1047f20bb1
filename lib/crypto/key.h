/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/key.h -- private keys as DER, below the PEM that people hold. */
#ifndef SDG_CRYPTO_KEY_H
#define SDG_CRYPTO_KEY_H

#include "crypto/crypto.h"

/* PKCS#8 of an RSA key of 8192 bits is under 4800 bytes. */
#define SDG_PKCS8_MAX 8192

/* One complete DER PKCS#8, SEC1 or PKCS#1 structure.  Checks that the halves belong together. */
STARDELEG_MUST_CHECK stardeleg_err sdg_key_import_der(stardeleg_key **out, const stardeleg_crypto *crypto,
                                                      stardeleg_bytes der);
/* DER PKCS#8 into |out|; UNSUPPORTED if the key cannot leave its place. */
STARDELEG_MUST_CHECK stardeleg_err sdg_key_export_der(const stardeleg_key *key, uint8_t *out, size_t cap, size_t *len);

#endif /* SDG_CRYPTO_KEY_H */
