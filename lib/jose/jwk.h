/* SPDX-License-Identifier: Apache-2.0 */
/* jose/jwk.h -- public keys as JWK (RFC 7517, 7518 6, 8037) and their thumbprints (RFC 7638). */
#ifndef SDG_JOSE_JWK_H
#define SDG_JOSE_JWK_H

#include <stardeleg/problem.h>
#include "crypto/crypto.h"
#include "json/json_write.h"

/* RSA of 8192 bits: 1366 characters of modulus and the names. */
#define SDG_JWK_MAX 1500
#define SDG_THUMBPRINT_LEN 32
/* base64url of a thumbprint, with the NUL */
#define SDG_THUMBPRINT_TEXT_SIZE 44

/* Reads a public JWK (EC P-256/384/521, RSA, OKP Ed25519) and imports it.  Refused as badPublicKey: private members (d,
 * p, q, dp, dq, qi, oth, k), missing or mistyped members, coordinates of the wrong length, points off the curve, RSA
 * below 2048 or above 8192 bits or with leading zeros, other types and curves, "use" other than sig, "key_ops" without
 * verify; "alg" must fit the key if it is there.  Unknown members are ignored. */
STARDELEG_MUST_CHECK stardeleg_err sdg_jwk_parse(sdg_pubkey **out, const stardeleg_crypto *crypto, const sdg_json *jwk,
                                                 stardeleg_problem *problem);
/* Writes the required members only, in lexicographic order: the very text a thumbprint is made of. */
STARDELEG_MUST_CHECK stardeleg_err sdg_jwk_write(sdg_buf *out, stardeleg_bytes spki);
/* SHA-256 thumbprint as base64url text. */
STARDELEG_MUST_CHECK stardeleg_err sdg_jwk_thumbprint(char out[SDG_THUMBPRINT_TEXT_SIZE],
                                                      const stardeleg_crypto *crypto, stardeleg_bytes spki);
/* keyAuthorization (RFC 8555 8.1): token "." thumbprint.  MALFORMED unless the token is base64url text. */
STARDELEG_MUST_CHECK stardeleg_err sdg_jwk_key_authorization(sdg_buf *out, const stardeleg_crypto *crypto,
                                                             stardeleg_bytes token, stardeleg_bytes spki);

#endif /* SDG_JOSE_JWK_H */
