/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/provider.c -- random bytes, hashes and MACs of whatever backend the caller chose. */
#include "crypto/provider.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/mem.h"
#include "crypto/crypto.h"

/* Longest random part of a name: 256 bits are beyond guessing, so more is a mistake. */
#define NAME_BYTES_MAX 64

bool sdg_crypto_is_usable(const stardeleg_crypto *crypto)
{
  return crypto != NULL && crypto->ops != NULL && crypto->ops->size >= sizeof(stardeleg_crypto_ops);
}

stardeleg_err sdg_crypto_answer(stardeleg_err err)
{
  switch (err) {
  case STARDELEG_OK:
  case STARDELEG_ERR_NOMEM:
  case STARDELEG_ERR_CRYPTO:
  case STARDELEG_ERR_UNSUPPORTED:
  case STARDELEG_ERR_BAD_KEY:
  case STARDELEG_ERR_SIGNATURE:
  case STARDELEG_ERR_ARGUMENT:
  case STARDELEG_ERR_RANDOM:
    return err;
  default:
    return STARDELEG_ERR_CRYPTO;
  }
}

stardeleg_err sdg_random(const stardeleg_crypto *crypto, uint8_t *out, size_t len)
{
  if (!sdg_crypto_is_usable(crypto) || (out == NULL && len > 0)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (crypto->ops->random == NULL) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  if (len == 0) {
    return STARDELEG_OK;
  }
  return sdg_crypto_answer(crypto->ops->random(crypto->self, out, len));
}

stardeleg_err sdg_hash(const stardeleg_crypto *crypto, stardeleg_hash hash, const stardeleg_bytes *pieces, size_t n,
                       uint8_t out[STARDELEG_HASH_MAX])
{
  if (!sdg_crypto_is_usable(crypto) || sdg_hash_len(hash) == 0 || (pieces == NULL && n > 0)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (crypto->ops->hash == NULL) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  return sdg_crypto_answer(crypto->ops->hash(crypto->self, hash, pieces, n, out));
}

stardeleg_err sdg_mac(const stardeleg_crypto *crypto, stardeleg_alg alg, stardeleg_bytes key,
                      const stardeleg_bytes *pieces, size_t n, uint8_t out[STARDELEG_HASH_MAX], size_t *len)
{
  const sdg_alg_info *info = sdg_alg_info_of(alg);
  stardeleg_err rv;

  if (!sdg_crypto_is_usable(crypto) || info == NULL || info->family != 0 || (pieces == NULL && n > 0)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (crypto->ops->hmac == NULL || (crypto->ops->sign_algs & (UINT32_C(1) << alg)) == 0) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  /* RFC 7518 3.2: a key of the same size as the hash output or larger MUST be used. */
  if (key.len < sdg_hash_len(info->hash)) {
    return STARDELEG_ERR_BAD_KEY;
  }
  rv = sdg_crypto_answer(crypto->ops->hmac(crypto->self, info->hash, key, pieces, n, out));
  if (rv == 0) {
    *len = sdg_hash_len(info->hash);
  }
  return rv;
}

stardeleg_err sdg_random_name(const stardeleg_crypto *crypto, sdg_buf *out, size_t bytes)
{
  uint8_t raw[NAME_BYTES_MAX];
  stardeleg_err rv;

  if (bytes == 0 || bytes > sizeof(raw)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  rv = sdg_random(crypto, raw, bytes);
  if (rv == 0) {
    sdg_base64url_write(out, (stardeleg_bytes){raw, bytes});
    rv = sdg_buf_error(out);
  }
  sdg_wipe(raw, sizeof(raw));
  return rv;
}

void stardeleg_crypto_free(stardeleg_crypto *crypto)
{
  if (crypto == NULL) {
    return;
  }
  if (crypto->ops != NULL && crypto->ops->free != NULL) {
    crypto->ops->free(crypto->self);
  }
  free(crypto);
}
