/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/openssl/provider.c -- the OpenSSL provider: its table of operations, its birth and its end. */
#include "ossl.h"

#include <limits.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

/* All from ES256 to HS512, and all from P-256 to Ed25519. */
#define ALL_ALGS ((UINT32_C(1) << STARDELEG_ALG_COUNT) - (UINT32_C(1) << STARDELEG_ALG_ES256))
#define ANY_CURVE_ALGS ((UINT32_C(1) << STARDELEG_ALG_HS256) - (UINT32_C(1) << STARDELEG_ALG_ECDSA_SHA256))
#define ALL_SPECS ((UINT32_C(1) << (STARDELEG_KEY_ED25519 + 1)) - (UINT32_C(1) << STARDELEG_KEY_P256))

static stardeleg_err draw(void *self, uint8_t *out, size_t len)
{
  const sdg_ossl *provider = self;
  stardeleg_err rv = STARDELEG_OK;

  (void)ERR_set_mark();
  if (RAND_bytes_ex(provider->lib, out, len, 0) != 1) {
    OPENSSL_cleanse(out, len);
    rv = STARDELEG_ERR_RANDOM;
  }
  (void)ERR_pop_to_mark();
  return rv;
}

static void free_ossl(void *self)
{
  sdg_ossl *provider = self;

  if (provider == NULL) {
    return;
  }
  for (size_t i = 0; i < SDG_OSSL_HASHES; i++) {
    EVP_MAC_CTX_free(provider->hmac_ready[i]);
    EVP_MD_free(provider->md[i]);
  }
  for (size_t i = 0; i < SDG_OSSL_CURVES; i++) {
    EVP_PKEY_free(provider->curves[i]);
  }
  EVP_MAC_free(provider->hmac);
  if (provider->provider != NULL) {
    (void)OSSL_PROVIDER_unload(provider->provider);
  }
  OSSL_LIB_CTX_free(provider->lib);
  free(provider);
}

static const stardeleg_crypto_ops sdg_ossl_ops = {
    .size = sizeof(stardeleg_crypto_ops),
    .name = "openssl",
    .verify_algs = ALL_ALGS,
    .sign_algs = ALL_ALGS & ~ANY_CURVE_ALGS,
    .key_specs = ALL_SPECS,
    .random = draw,
    .hash = sdg_ossl_hash,
    .hmac = sdg_ossl_hmac,
    .public_import = sdg_ossl_public_import,
    .public_free = sdg_ossl_key_free,
    .verify = sdg_ossl_verify,
    .key_generate = sdg_ossl_key_generate,
    .key_import = sdg_ossl_key_import,
    .key_public = sdg_ossl_key_public,
    .key_export = sdg_ossl_key_export,
    .sign = sdg_ossl_sign,
    .key_free = sdg_ossl_key_free,
    .free = free_ossl,
};

static bool prepare_hash(sdg_ossl *provider, stardeleg_hash hash)
{
  char *name = (char *)(uintptr_t)sdg_ossl_hash_name(hash); /* OSSL_PARAM is not const; the value is only read */
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                               OSSL_PARAM_construct_end()};

  provider->md[hash] = EVP_MD_fetch(provider->lib, name, NULL);
  provider->hmac_ready[hash] = EVP_MAC_CTX_new(provider->hmac);
  return provider->md[hash] != NULL && provider->hmac_ready[hash] != NULL &&
         EVP_MAC_CTX_set_params(provider->hmac_ready[hash], params) == 1;
}

static bool prepare_curve(sdg_ossl *provider, size_t curve)
{
  char *name = (char *)(uintptr_t)sdg_ossl_curves[curve].alias;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                         OSSL_PARAM_construct_end()};
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(provider->lib, "EC", NULL);
  bool good = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
              EVP_PKEY_fromdata(ctx, &provider->curves[curve], EVP_PKEY_KEY_PARAMETERS, params) == 1;

  EVP_PKEY_CTX_free(ctx);
  return good;
}

static bool prepare(sdg_ossl *provider)
{
  provider->lib = OSSL_LIB_CTX_new();
  if (provider->lib == NULL) {
    return false;
  }
  provider->provider = OSSL_PROVIDER_load(provider->lib, "default");
  provider->hmac = provider->provider != NULL ? EVP_MAC_fetch(provider->lib, "HMAC", NULL) : NULL;
  return provider->hmac != NULL && prepare_hash(provider, STARDELEG_HASH_SHA256) &&
         prepare_hash(provider, STARDELEG_HASH_SHA384) && prepare_hash(provider, STARDELEG_HASH_SHA512) &&
         prepare_hash(provider, STARDELEG_HASH_SHA1) && prepare_curve(provider, 0) && prepare_curve(provider, 1) &&
         prepare_curve(provider, 2);
}

stardeleg_err stardeleg_crypto_openssl_new(stardeleg_crypto **out)
{
  stardeleg_crypto *crypto;
  sdg_ossl *provider;
  stardeleg_err rv = STARDELEG_OK;

  if (out == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  crypto = calloc(1, sizeof(*crypto));
  provider = calloc(1, sizeof(*provider));
  if (crypto == NULL || provider == NULL) {
    free(crypto);
    free(provider);
    return STARDELEG_ERR_NOMEM;
  }
  (void)ERR_set_mark();
  if (!prepare(provider)) {
    rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
  }
  (void)ERR_pop_to_mark();
  if (rv != 0) {
    free_ossl(provider);
    free(crypto);
    return rv;
  }
  crypto->ops = &sdg_ossl_ops;
  crypto->self = provider;
  *out = crypto;
  return STARDELEG_OK;
}
