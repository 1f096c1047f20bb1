/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/crypto.h -- keys bound to their provider; the calls the rest of the library uses. */
#ifndef SDG_CRYPTO_CRYPTO_H
#define SDG_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stardeleg/crypto.h>
#include "base/buf.h"

#define SDG_SPKI_MAX 1100 /* RSA of 8192 bits */

/* --- Algorithms as data --- */
typedef struct sdg_alg_info {
  stardeleg_alg alg;
  const char *name;        /* JOSE "alg"; NULL: not in JOSE */
  stardeleg_hash hash;
  int family;              /* STARDELEG_FAMILY_*; 0 for MACs */
  unsigned ec_bits;        /* EC: the one field size it goes with; 0: any */
  size_t signature_len;    /* fixed length; 0: by the key */
} sdg_alg_info;
/* NULL for unknown ones. */
const sdg_alg_info *sdg_alg_info_of(stardeleg_alg alg);
const sdg_alg_info *sdg_alg_by_name(const char *jose_name);
size_t sdg_hash_len(stardeleg_hash hash);
/* The JOSE algorithm an account key of this kind signs with (ES256, ES384, ES512, RS256, EdDSA); NONE if none. */
stardeleg_alg sdg_alg_for_key(const stardeleg_key_info *info);
bool sdg_alg_fits_key(stardeleg_alg alg, const stardeleg_key_info *info);
/* How long a signature by a key it fits is, in bytes. */
size_t sdg_alg_signature_len(stardeleg_alg alg, const stardeleg_key_info *info);
/* X.509 names the hash and leaves the curve to the key (RFC 5758 3.2): for an EC key of another curve than the JOSE
 * algorithm's, the one with the same hash on any curve; else |alg|. */
stardeleg_alg sdg_alg_on_curve(stardeleg_alg alg, const stardeleg_key_info *info);

/* --- Random, hash, MAC --- */
STARDELEG_MUST_CHECK stardeleg_err sdg_random(const stardeleg_crypto *crypto, uint8_t *out, size_t len);
STARDELEG_MUST_CHECK stardeleg_err sdg_hash(const stardeleg_crypto *crypto, stardeleg_hash hash,
                                            const stardeleg_bytes *pieces, size_t n, uint8_t out[STARDELEG_HASH_MAX]);
/* HS256, HS384, HS512.  BAD_KEY for a key shorter than the hash (RFC 7518 3.2). */
STARDELEG_MUST_CHECK stardeleg_err sdg_mac(const stardeleg_crypto *crypto, stardeleg_alg alg, stardeleg_bytes key,
                                           const stardeleg_bytes *pieces, size_t n, uint8_t out[STARDELEG_HASH_MAX],
                                           size_t *len);
/* Appends |bytes| random bytes in base64url: unguessable names of resources. */
STARDELEG_MUST_CHECK stardeleg_err sdg_random_name(const stardeleg_crypto *crypto, sdg_buf *out, size_t bytes);

/* --- Public keys: immutable, safe for concurrent verify --- */
typedef struct sdg_pubkey sdg_pubkey;
/* Strictly reads the DER SPKI (rsaEncryption with NULL, id-ecPublicKey with a named curve and an uncompressed point,
 * Ed25519 without parameters; RSA 2048 to 8192 bits, exponent odd and over 65536 but at most 2^64) and lets the
 * provider check the numbers.  BAD_KEY with the reason in |problem| (badPublicKey; may be NULL), MALFORMED for bad DER,
 * UNSUPPORTED for a good key of a type the backend lacks (Ed25519 on mbedTLS). */
struct stardeleg_problem;
STARDELEG_MUST_CHECK stardeleg_err sdg_pubkey_import(sdg_pubkey **out, const stardeleg_crypto *crypto,
                                                     stardeleg_bytes spki, struct stardeleg_problem *problem);
void sdg_pubkey_free(sdg_pubkey *key);
stardeleg_bytes sdg_pubkey_spki(const sdg_pubkey *key);
const stardeleg_key_info *sdg_pubkey_info(const sdg_pubkey *key);
/* SIGNATURE if it does not verify; BAD_KEY if the algorithm does not fit; UNSUPPORTED if the backend lacks it. */
STARDELEG_MUST_CHECK stardeleg_err sdg_pubkey_verify(const sdg_pubkey *key, stardeleg_alg alg,
                                                     const stardeleg_bytes *pieces, size_t n,
                                                     stardeleg_bytes signature);

/* --- Private keys (stardeleg_key in the public header) --- */
const stardeleg_key_info *sdg_key_info(const stardeleg_key *key);
const stardeleg_crypto *sdg_key_crypto(const stardeleg_key *key);
/* Signs, then verifies with the public half; CRYPTO if that fails. */
STARDELEG_MUST_CHECK stardeleg_err sdg_key_sign(stardeleg_key *key, stardeleg_alg alg, const stardeleg_bytes *pieces,
                                                size_t n, uint8_t out[STARDELEG_SIGNATURE_MAX], size_t *len);

/* --- SubjectPublicKeyInfo as numbers (RFC 3279, 5480, 8410); no backend needed --- */
typedef struct sdg_spki {
  stardeleg_key_info info;
  stardeleg_bytes n, e;  /* RSA: magnitudes without leading zeros */
  stardeleg_bytes x, y;  /* EC: both at full field length; Ed25519: x only, 32 bytes */
} sdg_spki;
/* The parts point into |spki|.  The strictness of sdg_pubkey_import, the numbers unchecked. */
STARDELEG_MUST_CHECK stardeleg_err sdg_spki_read(sdg_spki *out, stardeleg_bytes spki,
                                                 struct stardeleg_problem *problem);
void sdg_spki_write(sdg_buf *out, const sdg_spki *parts);

#endif /* SDG_CRYPTO_CRYPTO_H */
