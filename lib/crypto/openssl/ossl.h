/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/openssl/ossl.h -- what the files of this backend share.  It sees public headers only. */
#ifndef SDG_CRYPTO_OPENSSL_OSSL_H
#define SDG_CRYPTO_OPENSSL_OSSL_H

#include <stdatomic.h>
#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include <stardeleg/crypto_openssl.h>

#define SDG_OSSL_HASHES (STARDELEG_HASH_SHA1 + 1)
#define SDG_OSSL_CURVES 3
#define SDG_OSSL_SIGNATURE_ALGS (STARDELEG_ALG_ECDSA_SHA512 + 1)

/* The provider: a library context of its own, so that neither the program's configuration nor what it loads or
 * unloads reaches us, and every algorithm fetched once.  Immutable after its birth. */
typedef struct sdg_ossl {
  OSSL_LIB_CTX *lib;
  OSSL_PROVIDER *provider;
  EVP_MD *md[SDG_OSSL_HASHES];
  EVP_MAC *hmac;
  EVP_MAC_CTX *hmac_ready[SDG_OSSL_HASHES]; /* the digest chosen, no key; copied for each use */
  EVP_PKEY *curves[SDG_OSSL_CURVES];        /* domain parameters only; copied for each key */
} sdg_ossl;

/* A curve: OpenSSL's two names for it, and its SubjectPublicKeyInfo up to the 04 in front of the coordinates. */
typedef struct sdg_ossl_curve {
  const char *name;
  const char *alias;
  unsigned bits;
  stardeleg_bytes head;
} sdg_ossl_curve;

/* How an algorithm is carried out. */
typedef struct sdg_ossl_alg {
  int family;
  unsigned ec_bits;
  stardeleg_hash hash;
  bool pss;
} sdg_ossl_alg;

/* A key, public or private: EVP_PKEY is safe for threads. */
typedef struct sdg_ossl_key {
  EVP_PKEY *pkey;
  stardeleg_key_info info;
  /* By algorithm: an operation fully set up, made at its first use and copied for each one after, which spares the
   * look-ups by name. */
  _Atomic(EVP_PKEY_CTX *) ready[SDG_OSSL_SIGNATURE_ALGS];
} sdg_ossl_key;

/* --- digest.c --- */
/* NOMEM if that is what OpenSSL complains about, else |otherwise|. */
stardeleg_err sdg_ossl_failure(stardeleg_err otherwise);
size_t sdg_ossl_hash_len(stardeleg_hash hash);
const char *sdg_ossl_hash_name(stardeleg_hash hash);
stardeleg_err sdg_ossl_hash(void *self, stardeleg_hash hash, const stardeleg_bytes *pieces, size_t n, uint8_t *out);
stardeleg_err sdg_ossl_hmac(void *self, stardeleg_hash hash, stardeleg_bytes key, const stardeleg_bytes *pieces,
                            size_t n, uint8_t *out);

/* --- ecdsa.c --- */
/* Longest DER form of a signature: P-521. */
#define SDG_OSSL_ECDSA_DER_MAX 144
/* r and s at fixed length to SEQUENCE { r, s }; returns the length. */
size_t sdg_ossl_ecdsa_to_der(uint8_t out[SDG_OSSL_ECDSA_DER_MAX], stardeleg_bytes raw);
/* The other way; |half| bytes each. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ossl_ecdsa_to_raw(uint8_t *out, size_t half, stardeleg_bytes der);

/* --- spki.c --- */
/* P-256, P-384, P-521, in the order of stardeleg_key_spec. */
extern const sdg_ossl_curve sdg_ossl_curves[SDG_OSSL_CURVES];
/* NULL if it is not of a form we take, its point is off the curve, or for lack of memory. */
EVP_PKEY *sdg_ossl_spki_read(const sdg_ossl *provider, stardeleg_bytes spki);
/* Reads the header of the next DER element of |*in|, which must have |tag|: |*out| is its content, |*in| what follows.
 * False if there is no such element. */
bool sdg_ossl_take(stardeleg_bytes *out, stardeleg_bytes *in, uint8_t tag);
/* Returns the length, 0 on failure. */
size_t sdg_ossl_spki_write_ec(uint8_t *out, size_t cap, const sdg_ossl_key *key);
size_t sdg_ossl_spki_write_ed(uint8_t *out, size_t cap, const sdg_ossl_key *key);

/* --- pkcs8.c --- */
/* NULL if it is of another form than everybody writes today (which may be a good one), is no key, or for lack of
 * memory.  Whether the halves belong together is not looked at. */
EVP_PKEY *sdg_ossl_pkcs8_read(const sdg_ossl *provider, stardeleg_bytes pkcs8);

/* --- key.c --- */
/* Takes over |pkey|; BAD_KEY unless it is of a kind and size this library uses. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ossl_key_new(sdg_ossl_key **out, EVP_PKEY *pkey);
void sdg_ossl_key_free(void *self, void *handle);
stardeleg_err sdg_ossl_public_import(void *self, void **handle, stardeleg_key_info *info, stardeleg_bytes spki);
stardeleg_err sdg_ossl_key_generate(void *self, void **handle, stardeleg_key_spec spec);
stardeleg_err sdg_ossl_key_import(void *self, void **handle, stardeleg_bytes pkcs8);
stardeleg_err sdg_ossl_key_public(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len);
stardeleg_err sdg_ossl_key_export(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len);

/* --- sign.c --- */
stardeleg_err sdg_ossl_verify(void *self, const void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces,
                              size_t n, stardeleg_bytes signature);
stardeleg_err sdg_ossl_sign(void *self, void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                            uint8_t *out, size_t *len);

#endif /* SDG_CRYPTO_OPENSSL_OSSL_H */
