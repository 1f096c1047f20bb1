/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/openssl/sign.c -- signing and verifying. */
#include "ossl.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

static const sdg_ossl_alg algs[SDG_OSSL_SIGNATURE_ALGS] = {
    [STARDELEG_ALG_ES256] = {STARDELEG_FAMILY_EC, 256, STARDELEG_HASH_SHA256, false},
    [STARDELEG_ALG_ES384] = {STARDELEG_FAMILY_EC, 384, STARDELEG_HASH_SHA384, false},
    [STARDELEG_ALG_ES512] = {STARDELEG_FAMILY_EC, 521, STARDELEG_HASH_SHA512, false},
    [STARDELEG_ALG_RS256] = {STARDELEG_FAMILY_RSA, 0, STARDELEG_HASH_SHA256, false},
    [STARDELEG_ALG_RS384] = {STARDELEG_FAMILY_RSA, 0, STARDELEG_HASH_SHA384, false},
    [STARDELEG_ALG_RS512] = {STARDELEG_FAMILY_RSA, 0, STARDELEG_HASH_SHA512, false},
    [STARDELEG_ALG_PS256] = {STARDELEG_FAMILY_RSA, 0, STARDELEG_HASH_SHA256, true},
    [STARDELEG_ALG_PS384] = {STARDELEG_FAMILY_RSA, 0, STARDELEG_HASH_SHA384, true},
    [STARDELEG_ALG_PS512] = {STARDELEG_FAMILY_RSA, 0, STARDELEG_HASH_SHA512, true},
    [STARDELEG_ALG_EDDSA] = {STARDELEG_FAMILY_ED, 0, STARDELEG_HASH_SHA512, false},
    [STARDELEG_ALG_ECDSA_SHA256] = {STARDELEG_FAMILY_EC, 0, STARDELEG_HASH_SHA256, false},
    [STARDELEG_ALG_ECDSA_SHA384] = {STARDELEG_FAMILY_EC, 0, STARDELEG_HASH_SHA384, false},
    [STARDELEG_ALG_ECDSA_SHA512] = {STARDELEG_FAMILY_EC, 0, STARDELEG_HASH_SHA512, false},
};

/* The row of |alg| if it goes with |key|, else NULL. */
static const sdg_ossl_alg *alg_for(const sdg_ossl_key *key, stardeleg_alg alg)
{
  const sdg_ossl_alg *row;

  if ((int)alg <= 0 || (int)alg >= SDG_OSSL_SIGNATURE_ALGS) {
    return NULL;
  }
  row = &algs[alg];
  if (row->family != key->info.family || (row->ec_bits != 0 && row->ec_bits != key->info.bits)) {
    return NULL;
  }
  return row;
}

static size_t signature_len(const sdg_ossl_key *key)
{
  if (key->info.family == STARDELEG_FAMILY_ED) {
    return 64;
  }
  return (key->info.bits + 7u) / 8u * (key->info.family == STARDELEG_FAMILY_EC ? 2u : 1u);
}

static bool set_up(EVP_PKEY_CTX *ctx, const sdg_ossl *provider, const sdg_ossl_alg *alg, bool sign)
{
  EVP_MD *md = provider->md[alg->hash];

  if (md == NULL || (sign ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx)) != 1 ||
      EVP_PKEY_CTX_set_signature_md(ctx, md) != 1) {
    return false;
  }
  if (alg->family == STARDELEG_FAMILY_EC) {
    return true;
  }
  if (!alg->pss) {
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
  }
  /* RFC 7518 3.5: the salt is as long as the hash; when verifying, exactly that long. */
  return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* A copy of the key's prepared operation for |alg|; a key is only ever verified with or only signed with. */
static EVP_PKEY_CTX *take_ready(const sdg_ossl *provider, sdg_ossl_key *key, stardeleg_alg alg, bool sign)
{
  EVP_PKEY_CTX *ready = atomic_load_explicit(&key->ready[alg], memory_order_acquire);
  EVP_PKEY_CTX *made;

  if (ready == NULL) {
    made = EVP_PKEY_CTX_new_from_pkey(provider->lib, key->pkey, NULL);
    if (made == NULL || !set_up(made, provider, &algs[alg], sign)) {
      EVP_PKEY_CTX_free(made);
      return NULL;
    }
    if (atomic_compare_exchange_strong_explicit(&key->ready[alg], &ready, made, memory_order_acq_rel,
                                                memory_order_acquire)) {
      ready = made;
    } else {
      EVP_PKEY_CTX_free(made); /* another thread was first; |ready| is its own */
    }
  }
  return EVP_PKEY_CTX_dup(ready);
}

static stardeleg_err verify_digest(const sdg_ossl *provider, sdg_ossl_key *key, stardeleg_alg alg,
                                   const uint8_t *digest, stardeleg_bytes signature)
{
  uint8_t der[SDG_OSSL_ECDSA_DER_MAX];
  EVP_PKEY_CTX *ctx = take_ready(provider, key, alg, false);
  stardeleg_err rv = STARDELEG_OK;

  if (ctx == NULL) {
    return sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
  }
  if (algs[alg].family == STARDELEG_FAMILY_EC) {
    signature = (stardeleg_bytes){der, sdg_ossl_ecdsa_to_der(der, signature)};
  }
  if (EVP_PKEY_verify(ctx, signature.base, signature.len, digest, sdg_ossl_hash_len(algs[alg].hash)) != 1) {
    rv = sdg_ossl_failure(STARDELEG_ERR_SIGNATURE);
  }
  EVP_PKEY_CTX_free(ctx);
  return rv;
}

static stardeleg_err sign_digest(const sdg_ossl *provider, sdg_ossl_key *key, stardeleg_alg alg, const uint8_t *digest,
                                 uint8_t *out)
{
  uint8_t der[SDG_OSSL_ECDSA_DER_MAX];
  const bool ec = algs[alg].family == STARDELEG_FAMILY_EC;
  size_t len = ec ? sizeof(der) : STARDELEG_SIGNATURE_MAX;
  EVP_PKEY_CTX *ctx = take_ready(provider, key, alg, true);
  stardeleg_err rv = STARDELEG_OK;

  if (ctx == NULL || EVP_PKEY_sign(ctx, ec ? der : out, &len, digest, sdg_ossl_hash_len(algs[alg].hash)) != 1) {
    rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
  } else if (ec) {
    rv = sdg_ossl_ecdsa_to_raw(out, signature_len(key) / 2, (stardeleg_bytes){der, len});
  } else if (len != signature_len(key)) {
    rv = STARDELEG_ERR_CRYPTO;
  }
  EVP_PKEY_CTX_free(ctx);
  return rv;
}

/* EdDSA hashes its message twice and so wants it in one piece. */
static stardeleg_err join(uint8_t **out, size_t *len, const stardeleg_bytes *pieces, size_t n)
{
  size_t total = 0;
  uint8_t *at;

  for (size_t i = 0; i < n; i++) {
    if (pieces[i].len > SIZE_MAX / 2 - total) {
      return STARDELEG_ERR_ARGUMENT;
    }
    total += pieces[i].len;
  }
  at = malloc(total + 1);
  if (at == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  *out = at;
  *len = total;
  for (size_t i = 0; i < n; i++) {
    if (pieces[i].len > 0) {
      memcpy(at, pieces[i].base, pieces[i].len);
      at += pieces[i].len;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err verify_message(const sdg_ossl *provider, const sdg_ossl_key *key, const stardeleg_bytes *pieces,
                                    size_t n, stardeleg_bytes signature)
{
  uint8_t *message = NULL;
  size_t len = 0;
  EVP_MD_CTX *ctx = NULL;
  stardeleg_err rv = join(&message, &len, pieces, n);

  if (rv == 0) {
    ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, NULL, provider->lib, NULL, key->pkey, NULL) != 1) {
      rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
    } else if (EVP_DigestVerify(ctx, signature.base, signature.len, message, len) != 1) {
      rv = sdg_ossl_failure(STARDELEG_ERR_SIGNATURE);
    }
  }
  EVP_MD_CTX_free(ctx);
  free(message);
  return rv;
}

static stardeleg_err sign_message(const sdg_ossl *provider, const sdg_ossl_key *key, const stardeleg_bytes *pieces,
                                  size_t n, uint8_t *out)
{
  uint8_t *message = NULL;
  size_t len = 0;
  size_t made = STARDELEG_SIGNATURE_MAX;
  EVP_MD_CTX *ctx = NULL;
  stardeleg_err rv = join(&message, &len, pieces, n);

  if (rv == 0) {
    ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestSignInit_ex(ctx, NULL, NULL, provider->lib, NULL, key->pkey, NULL) != 1 ||
        EVP_DigestSign(ctx, out, &made, message, len) != 1 || made != signature_len(key)) {
      rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
    }
  }
  EVP_MD_CTX_free(ctx);
  free(message);
  return rv;
}

stardeleg_err sdg_ossl_verify(void *self, const void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces,
                              size_t n, stardeleg_bytes signature)
{
  /* Immutable to the caller; the prepared operations come in by compare-and-swap. */
  sdg_ossl_key *key = (sdg_ossl_key *)(uintptr_t)handle;
  const sdg_ossl_alg *row = alg_for(key, alg);
  uint8_t digest[STARDELEG_HASH_MAX];
  stardeleg_err rv;

  if (row == NULL) {
    return STARDELEG_ERR_BAD_KEY;
  }
  if (signature.len != signature_len(key)) {
    return STARDELEG_ERR_SIGNATURE;
  }
  (void)ERR_set_mark();
  if (row->family == STARDELEG_FAMILY_ED) {
    rv = verify_message(self, key, pieces, n, signature);
  } else {
    rv = sdg_ossl_hash(self, row->hash, pieces, n, digest);
    if (rv == 0) {
      rv = verify_digest(self, key, alg, digest, signature);
    }
  }
  (void)ERR_pop_to_mark();
  return rv;
}

stardeleg_err sdg_ossl_sign(void *self, void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                            uint8_t *out, size_t *len)
{
  sdg_ossl_key *key = handle;
  const sdg_ossl_alg *row = alg_for(key, alg);
  uint8_t digest[STARDELEG_HASH_MAX];
  stardeleg_err rv;

  if (row == NULL) {
    return STARDELEG_ERR_BAD_KEY;
  }
  (void)ERR_set_mark();
  if (row->family == STARDELEG_FAMILY_ED) {
    rv = sign_message(self, key, pieces, n, out);
  } else {
    rv = sdg_ossl_hash(self, row->hash, pieces, n, digest);
    if (rv == 0) {
      rv = sign_digest(self, key, alg, digest, out);
    }
  }
  (void)ERR_pop_to_mark();
  if (rv == 0) {
    *len = signature_len(key);
  }
  return rv;
}
