/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/provider.c -- the mbedTLS provider: its table of operations, its birth and its end.
 * PSA is not used: in mbedTLS 2.28 it is not safe for threads and holds 32 keys at most. */
#include "crypto/mbedtls/mbed.h"

#include <stdlib.h>

#include "base/mem.h"

#define BIT(n) (UINT32_C(1) << (n))
#define ANY_CURVE_ALGS                                                                                                 \
  (BIT(STARDELEG_ALG_ECDSA_SHA256) | BIT(STARDELEG_ALG_ECDSA_SHA384) | BIT(STARDELEG_ALG_ECDSA_SHA512))
#define EC_ALGS (BIT(STARDELEG_ALG_ES256) | BIT(STARDELEG_ALG_ES384) | BIT(STARDELEG_ALG_ES512))
#define RSA_ALGS                                                                                                       \
  (BIT(STARDELEG_ALG_RS256) | BIT(STARDELEG_ALG_RS384) | BIT(STARDELEG_ALG_RS512) | BIT(STARDELEG_ALG_PS256) |         \
   BIT(STARDELEG_ALG_PS384) | BIT(STARDELEG_ALG_PS512))
#define MAC_ALGS (BIT(STARDELEG_ALG_HS256) | BIT(STARDELEG_ALG_HS384) | BIT(STARDELEG_ALG_HS512))
#define KEY_SPECS                                                                                                      \
  (BIT(STARDELEG_KEY_P256) | BIT(STARDELEG_KEY_P384) | BIT(STARDELEG_KEY_P521) | BIT(STARDELEG_KEY_RSA2048) |          \
   BIT(STARDELEG_KEY_RSA3072) | BIT(STARDELEG_KEY_RSA4096))

static stardeleg_err draw(void *self, uint8_t *out, size_t len)
{
  sdg_mbed_thread *thread = NULL;
  stardeleg_err rv = sdg_mbed_thread_get(&thread, self);

  if (rv == 0 && sdg_mbed_rng(thread, out, len) != 0) {
    sdg_wipe(out, len);
    rv = STARDELEG_ERR_RANDOM;
  }
  return rv;
}

static void free_mbed(void *self)
{
  sdg_mbed *mbed = self;

  /* The key goes first: from then on no thread that ends calls back here. */
  (void)pthread_key_delete(mbed->key);
  sdg_mbed_threads_free(mbed);
  mbedtls_entropy_free(&mbed->entropy);
  (void)pthread_mutex_destroy(&mbed->lock);
  free(mbed);
}

static const stardeleg_crypto_ops mbed_ops = {
    .size = sizeof(stardeleg_crypto_ops),
    .name = "mbedtls",
    .verify_algs = EC_ALGS | ANY_CURVE_ALGS | RSA_ALGS | MAC_ALGS,
    .sign_algs = EC_ALGS | RSA_ALGS | MAC_ALGS,
    .key_specs = KEY_SPECS,
    .random = draw,
    .hash = sdg_mbed_hash,
    .hmac = sdg_mbed_hmac,
    .public_import = sdg_mbed_public_import,
    .public_free = sdg_mbed_key_free,
    .verify = sdg_mbed_verify,
    .key_generate = sdg_mbed_key_generate,
    .key_import = sdg_mbed_key_import,
    .key_public = sdg_mbed_key_public,
    .key_export = sdg_mbed_key_export,
    .sign = sdg_mbed_sign,
    .key_free = sdg_mbed_key_free,
    .free = free_mbed,
};

static sdg_mbed *make_mbed(void)
{
  sdg_mbed *mbed = calloc(1, sizeof(*mbed));

  if (mbed == NULL) {
    return NULL;
  }
  if (pthread_mutex_init(&mbed->lock, NULL) != 0) {
    free(mbed);
    return NULL;
  }
  if (pthread_key_create(&mbed->key, sdg_mbed_thread_end) != 0) {
    (void)pthread_mutex_destroy(&mbed->lock);
    free(mbed);
    return NULL;
  }
  mbedtls_entropy_init(&mbed->entropy);
  return mbed;
}

stardeleg_err stardeleg_crypto_mbedtls_new(stardeleg_crypto **out)
{
  uint8_t probe[1];
  stardeleg_crypto *crypto;
  stardeleg_err rv;

  if (out == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  crypto = calloc(1, sizeof(*crypto));
  if (crypto == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  crypto->ops = &mbed_ops;
  crypto->self = make_mbed();
  if (crypto->self == NULL) {
    free(crypto);
    return STARDELEG_ERR_NOMEM;
  }
  rv = draw(crypto->self, probe, sizeof(probe)); /* a system without entropy is found out here, not later */
  if (rv != 0) {
    stardeleg_crypto_free(crypto);
    return rv;
  }
  *out = crypto;
  return STARDELEG_OK;
}
