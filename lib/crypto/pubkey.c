/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/pubkey.c -- public keys: read once, then immutable. */
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/problem.h"
#include "crypto/provider.h"

struct sdg_pubkey {
  const stardeleg_crypto *crypto; /* borrowed; outlives the key */
  void *handle;
  stardeleg_key_info info;
  size_t spki_len;
  uint8_t spki[];
};

/* The backend checks the numbers and must have read the same kind of key as we did. */
static stardeleg_err import_handle(sdg_pubkey *key, const stardeleg_key_info *expected)
{
  const stardeleg_crypto_ops *ops = key->crypto->ops;
  stardeleg_key_info info = {0, 0};
  stardeleg_err rv;

  rv = sdg_crypto_answer(ops->public_import(key->crypto->self, &key->handle, &info, sdg_pubkey_spki(key)));
  if (rv != 0) {
    key->handle = NULL;
    return rv;
  }
  if (info.family != expected->family || info.bits != expected->bits) {
    return STARDELEG_ERR_CRYPTO;
  }
  key->info = info;
  return STARDELEG_OK;
}

static void tell(stardeleg_problem *problem, stardeleg_err err)
{
  if (err == STARDELEG_ERR_BAD_KEY) {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY,
                    "the public key is not valid: its numbers do not fit its type");
  } else if (err == STARDELEG_ERR_UNSUPPORTED) {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY, "public keys of this type are not supported here");
  }
}

stardeleg_err sdg_pubkey_import(sdg_pubkey **out, const stardeleg_crypto *crypto, stardeleg_bytes spki,
                                stardeleg_problem *problem)
{
  sdg_pubkey *key = NULL;
  sdg_spki parts;
  stardeleg_err rv;

  if (!sdg_crypto_is_usable(crypto)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (crypto->ops->public_import == NULL || crypto->ops->public_free == NULL || crypto->ops->verify == NULL) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  rv = sdg_spki_read(&parts, spki, problem);
  if (rv != 0) {
    return rv;
  }
  key = calloc(1, sizeof(*key) + spki.len); /* no overflow: sdg_spki_read caps |spki| */
  if (key == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  key->crypto = crypto;
  key->spki_len = spki.len;
  memcpy(key->spki, spki.base, spki.len);
  rv = import_handle(key, &parts.info);
  if (rv != 0) {
    tell(problem, rv);
    sdg_pubkey_free(key);
    return rv;
  }
  *out = key;
  return STARDELEG_OK;
}

void sdg_pubkey_free(sdg_pubkey *key)
{
  if (key == NULL) {
    return;
  }
  if (key->handle != NULL) {
    key->crypto->ops->public_free(key->crypto->self, key->handle);
  }
  free(key);
}

stardeleg_bytes sdg_pubkey_spki(const sdg_pubkey *key)
{
  return (stardeleg_bytes){key->spki, key->spki_len};
}

const stardeleg_key_info *sdg_pubkey_info(const sdg_pubkey *key)
{
  return &key->info;
}

stardeleg_err sdg_pubkey_verify(const sdg_pubkey *key, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                                stardeleg_bytes signature)
{
  if (!sdg_alg_fits_key(alg, &key->info)) {
    return STARDELEG_ERR_BAD_KEY;
  }
  if ((key->crypto->ops->verify_algs & (UINT32_C(1) << alg)) == 0) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  if (pieces == NULL && n > 0) {
    return STARDELEG_ERR_ARGUMENT;
  }
  /* RFC 7518 3.4: a signature that is not exactly that long MUST be refused; the same holds for RSA (RFC 8017
   * 8.1.2, 8.2.2 step 1). */
  if (signature.base == NULL || signature.len != sdg_alg_signature_len(alg, &key->info)) {
    return STARDELEG_ERR_SIGNATURE;
  }
  return sdg_crypto_answer(key->crypto->ops->verify(key->crypto->self, key->handle, alg, pieces, n, signature));
}
