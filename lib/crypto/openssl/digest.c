/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/openssl/digest.c -- hashes and MACs, and OpenSSL errors in our terms. */
#include "ossl.h"

#include <openssl/err.h>

stardeleg_err sdg_ossl_failure(stardeleg_err otherwise)
{
  /* The cause comes first, those who suffered from it behind. */
  if (ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ||
      ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE) {
    return STARDELEG_ERR_NOMEM;
  }
  return otherwise;
}

size_t sdg_ossl_hash_len(stardeleg_hash hash)
{
  switch (hash) {
  case STARDELEG_HASH_SHA1:
    return 20;
  case STARDELEG_HASH_SHA256:
    return 32;
  case STARDELEG_HASH_SHA384:
    return 48;
  case STARDELEG_HASH_SHA512:
    return 64;
  default:
    return 0;
  }
}

const char *sdg_ossl_hash_name(stardeleg_hash hash)
{
  switch (hash) {
  case STARDELEG_HASH_SHA1:
    return "SHA1";
  case STARDELEG_HASH_SHA256:
    return "SHA2-256";
  case STARDELEG_HASH_SHA384:
    return "SHA2-384";
  case STARDELEG_HASH_SHA512:
    return "SHA2-512";
  default:
    return NULL;
  }
}

stardeleg_err sdg_ossl_hash(void *self, stardeleg_hash hash, const stardeleg_bytes *pieces, size_t n, uint8_t *out)
{
  const sdg_ossl *provider = self;
  EVP_MD_CTX *ctx;
  bool good;

  if (sdg_ossl_hash_len(hash) == 0 || provider->md[hash] == NULL) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  ctx = EVP_MD_CTX_new();
  if (ctx == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)ERR_set_mark();
  good = EVP_DigestInit_ex2(ctx, provider->md[hash], NULL) == 1;
  for (size_t i = 0; good && i < n; i++) {
    good = EVP_DigestUpdate(ctx, pieces[i].base, pieces[i].len) == 1;
  }
  good = good && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
  EVP_MD_CTX_free(ctx);
  if (!good) {
    stardeleg_err rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);

    (void)ERR_pop_to_mark();
    return rv;
  }
  (void)ERR_clear_last_mark();
  return STARDELEG_OK;
}

stardeleg_err sdg_ossl_hmac(void *self, stardeleg_hash hash, stardeleg_bytes key, const stardeleg_bytes *pieces,
                            size_t n, uint8_t *out)
{
  static const unsigned char nothing[1] = {0};
  const sdg_ossl *provider = self;
  stardeleg_err rv = STARDELEG_OK;
  EVP_MAC_CTX *ctx;
  bool good;
  size_t len = 0;

  if (sdg_ossl_hash_len(hash) == 0 || provider->hmac_ready[hash] == NULL) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  (void)ERR_set_mark();
  ctx = EVP_MAC_CTX_dup(provider->hmac_ready[hash]);
  /* A NULL key would mean "the one of last time". */
  good = ctx != NULL && EVP_MAC_init(ctx, key.len > 0 ? key.base : nothing, key.len, NULL) == 1;
  for (size_t i = 0; good && i < n; i++) {
    good = EVP_MAC_update(ctx, pieces[i].base, pieces[i].len) == 1;
  }
  good = good && EVP_MAC_final(ctx, out, &len, STARDELEG_HASH_MAX) == 1 && len == sdg_ossl_hash_len(hash);
  if (!good) {
    rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
  }
  EVP_MAC_CTX_free(ctx);
  (void)ERR_pop_to_mark();
  return rv;
}
