/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/key.c -- private keys: bound to their provider, or to a callback that signs. */
#include "crypto/key.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/provider.h"

struct stardeleg_key {
  atomic_uint refs;
  const stardeleg_crypto *crypto; /* borrowed; outlives the key */
  void *handle;                   /* the backend's; NULL for a foreign key */
  stardeleg_sign_fn sign;         /* of a foreign key */
  void *sign_ctx;
  sdg_pubkey *public_half;
};

/* Takes over |handle| in every case. */
static stardeleg_err adopt(stardeleg_key **out, const stardeleg_crypto *crypto, void *handle)
{
  uint8_t spki[SDG_SPKI_MAX];
  size_t len = 0;
  stardeleg_key *key = calloc(1, sizeof(*key));
  stardeleg_err rv = STARDELEG_ERR_NOMEM;

  if (key == NULL) {
    crypto->ops->key_free(crypto->self, handle);
    return rv;
  }
  atomic_init(&key->refs, 1);
  key->crypto = crypto;
  key->handle = handle;
  rv = sdg_crypto_answer(crypto->ops->key_public(crypto->self, handle, spki, sizeof(spki), &len));
  if (rv == 0 && len > sizeof(spki)) {
    rv = STARDELEG_ERR_CRYPTO;
  }
  if (rv == 0) {
    rv = sdg_pubkey_import(&key->public_half, crypto, (stardeleg_bytes){spki, len}, NULL);
  }
  if (rv != 0) {
    stardeleg_key_free(key);
    return rv == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_BAD_KEY : rv;
  }
  *out = key;
  return STARDELEG_OK;
}

static bool has_private_keys(const stardeleg_crypto *crypto)
{
  return crypto->ops->key_public != NULL && crypto->ops->sign != NULL && crypto->ops->key_free != NULL;
}

stardeleg_err stardeleg_key_generate(stardeleg_key **out, const stardeleg_crypto *crypto, stardeleg_key_spec spec)
{
  void *handle = NULL;
  stardeleg_err rv;

  if (out == NULL || !sdg_crypto_is_usable(crypto)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if ((int)spec <= STARDELEG_KEY_NONE || (int)spec > STARDELEG_KEY_ED25519 || crypto->ops->key_generate == NULL ||
      !has_private_keys(crypto) || (crypto->ops->key_specs & (UINT32_C(1) << spec)) == 0) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  rv = sdg_crypto_answer(crypto->ops->key_generate(crypto->self, &handle, spec));
  if (rv == 0) {
    rv = adopt(out, crypto, handle);
  }
  /* A new key that is not valid is the backend's fault, not the caller's. */
  return rv == STARDELEG_ERR_BAD_KEY ? STARDELEG_ERR_CRYPTO : rv;
}

/* Signs once, to learn now instead of at the first order that the two halves belong together. */
static stardeleg_err prove_pair(stardeleg_key *key)
{
  static const uint8_t text[] = "stardeleg: do the halves of this key belong together?";
  const stardeleg_bytes piece = {text, sizeof(text) - 1};
  uint8_t signature[STARDELEG_SIGNATURE_MAX];
  size_t len = 0;
  stardeleg_err rv = sdg_key_sign(key, sdg_alg_for_key(sdg_key_info(key)), &piece, 1, signature, &len);

  return rv == STARDELEG_ERR_CRYPTO ? STARDELEG_ERR_BAD_KEY : rv;
}

stardeleg_err sdg_key_import_der(stardeleg_key **out, const stardeleg_crypto *crypto, stardeleg_bytes der)
{
  void *handle = NULL;
  stardeleg_key *key = NULL;
  stardeleg_err rv;

  if (crypto->ops->key_import == NULL || !has_private_keys(crypto)) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  rv = sdg_crypto_answer(crypto->ops->key_import(crypto->self, &handle, der));
  if (rv == 0) {
    rv = adopt(&key, crypto, handle);
  }
  if (rv == 0) {
    rv = prove_pair(key);
  }
  if (rv != 0) {
    stardeleg_key_free(key);
    return rv;
  }
  *out = key;
  return STARDELEG_OK;
}

stardeleg_err sdg_key_export_der(const stardeleg_key *key, uint8_t *out, size_t cap, size_t *len)
{
  const stardeleg_crypto_ops *ops = key->crypto->ops;

  if (key->handle == NULL || ops->key_export == NULL) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  return sdg_crypto_answer(ops->key_export(key->crypto->self, key->handle, out, cap, len));
}

stardeleg_err stardeleg_key_from_signer(stardeleg_key **out, const stardeleg_crypto *crypto, stardeleg_bytes spki,
                                        stardeleg_sign_fn sign, void *ctx)
{
  stardeleg_key *key;
  stardeleg_err rv;

  if (out == NULL || sign == NULL || !sdg_crypto_is_usable(crypto)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  key = calloc(1, sizeof(*key));
  if (key == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  atomic_init(&key->refs, 1);
  key->crypto = crypto;
  key->sign = sign;
  key->sign_ctx = ctx;
  rv = sdg_pubkey_import(&key->public_half, crypto, spki, NULL);
  if (rv != 0) {
    stardeleg_key_free(key);
    return rv;
  }
  *out = key;
  return STARDELEG_OK;
}

stardeleg_key *stardeleg_key_ref(stardeleg_key *key)
{
  if (key != NULL) {
    (void)atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
  }
  return key;
}

void stardeleg_key_free(stardeleg_key *key)
{
  if (key == NULL || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1) {
    return;
  }
  if (key->handle != NULL) {
    key->crypto->ops->key_free(key->crypto->self, key->handle);
  }
  sdg_pubkey_free(key->public_half);
  free(key);
}

stardeleg_bytes stardeleg_key_spki(const stardeleg_key *key)
{
  return sdg_pubkey_spki(key->public_half);
}

const stardeleg_key_info *sdg_key_info(const stardeleg_key *key)
{
  return sdg_pubkey_info(key->public_half);
}

const stardeleg_crypto *sdg_key_crypto(const stardeleg_key *key)
{
  return key->crypto;
}

static stardeleg_err sign_anywhere(stardeleg_key *key, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                                   uint8_t *out, size_t *len)
{
  const stardeleg_crypto_ops *ops = key->crypto->ops;

  if (key->sign != NULL) {
    return key->sign(key->sign_ctx, alg, pieces, n, out, len) == 0 ? STARDELEG_OK : STARDELEG_ERR_CALLBACK;
  }
  if ((ops->sign_algs & (UINT32_C(1) << alg)) == 0) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  return sdg_crypto_answer(ops->sign(key->crypto->self, key->handle, alg, pieces, n, out, len));
}

stardeleg_err sdg_key_sign(stardeleg_key *key, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                           uint8_t out[STARDELEG_SIGNATURE_MAX], size_t *len)
{
  size_t made = 0;
  stardeleg_err rv;

  if (!sdg_alg_fits_key(alg, sdg_key_info(key))) {
    return STARDELEG_ERR_BAD_KEY;
  }
  if (pieces == NULL && n > 0) {
    return STARDELEG_ERR_ARGUMENT;
  }
  rv = sign_anywhere(key, alg, pieces, n, out, &made);
  if (rv == 0) {
    /* A fault in the backend (mbedTLS before 2.28.5 short of memory) or in a device must neither leave the
     * program nor betray the key: a wrong RSA-CRT signature gives away a factor of the modulus. */
    rv = sdg_pubkey_verify(key->public_half, alg, pieces, n, (stardeleg_bytes){out, made});
    if (rv == STARDELEG_ERR_SIGNATURE || rv == STARDELEG_ERR_BAD_KEY) {
      rv = STARDELEG_ERR_CRYPTO;
    }
  }
  if (rv != 0) {
    sdg_wipe(out, STARDELEG_SIGNATURE_MAX);
    return rv;
  }
  *len = made;
  return STARDELEG_OK;
}

void stardeleg_secret_free(void *secret, size_t len)
{
  if (secret != NULL) {
    sdg_wipe(secret, len);
    free(secret);
  }
}
