/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/openssl/key.c -- keys in and out. */
#include "ossl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define RSA_EXPONENT_MIN 65537

static const sdg_ossl_curve *curve_of(const EVP_PKEY *pkey)
{
  char name[64];
  size_t len = 0;

  if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), &len) != 1) {
    return NULL;
  }
  for (size_t i = 0; i < SDG_OSSL_CURVES; i++) {
    if (strcmp(name, sdg_ossl_curves[i].name) == 0 || strcmp(name, sdg_ossl_curves[i].alias) == 0) {
      return &sdg_ossl_curves[i];
    }
  }
  return NULL;
}

static stardeleg_err describe_rsa(stardeleg_key_info *info, const EVP_PKEY *pkey)
{
  BIGNUM *n = NULL;
  BIGNUM *e = NULL;
  stardeleg_err rv = STARDELEG_ERR_BAD_KEY;

  if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
      EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1) {
    rv = sdg_ossl_failure(STARDELEG_ERR_BAD_KEY);
  } else if (BN_is_odd(n) && BN_is_odd(e) && BN_num_bits(n) >= RSA_BITS_MIN && BN_num_bits(n) <= RSA_BITS_MAX &&
             BN_num_bits(e) <= 64 && BN_get_word(e) >= RSA_EXPONENT_MIN) {
    *info = (stardeleg_key_info){STARDELEG_FAMILY_RSA, (unsigned)BN_num_bits(n)};
    rv = STARDELEG_OK;
  }
  BN_free(n);
  BN_free(e);
  return rv;
}

static stardeleg_err describe(stardeleg_key_info *info, const EVP_PKEY *pkey)
{
  const sdg_ossl_curve *found;

  if (EVP_PKEY_is_a(pkey, "EC")) {
    found = curve_of(pkey);
    if (found == NULL) {
      return STARDELEG_ERR_BAD_KEY;
    }
    *info = (stardeleg_key_info){STARDELEG_FAMILY_EC, found->bits};
    return STARDELEG_OK;
  }
  if (EVP_PKEY_is_a(pkey, "ED25519")) {
    *info = (stardeleg_key_info){STARDELEG_FAMILY_ED, 255};
    return STARDELEG_OK;
  }
  return EVP_PKEY_is_a(pkey, "RSA") ? describe_rsa(info, pkey) : STARDELEG_ERR_BAD_KEY;
}

stardeleg_err sdg_ossl_key_new(sdg_ossl_key **out, EVP_PKEY *pkey)
{
  stardeleg_key_info info = {0, 0};
  stardeleg_err rv = describe(&info, pkey);
  sdg_ossl_key *key = NULL;

  if (rv == 0) {
    key = calloc(1, sizeof(*key));
    rv = key == NULL ? STARDELEG_ERR_NOMEM : STARDELEG_OK;
  }
  if (rv != 0) {
    EVP_PKEY_free(pkey);
    return rv;
  }
  for (size_t i = 0; i < SDG_OSSL_SIGNATURE_ALGS; i++) {
    atomic_init(&key->ready[i], NULL);
  }
  key->pkey = pkey;
  key->info = info;
  *out = key;
  return STARDELEG_OK;
}

void sdg_ossl_key_free(void *self, void *handle)
{
  sdg_ossl_key *key = handle;

  (void)self;
  if (key == NULL) {
    return;
  }
  for (size_t i = 0; i < SDG_OSSL_SIGNATURE_ALGS; i++) {
    EVP_PKEY_CTX_free(atomic_load_explicit(&key->ready[i], memory_order_acquire));
  }
  EVP_PKEY_free(key->pkey); /* wipes what is private */
  free(key);
}

stardeleg_err sdg_ossl_public_import(void *self, void **handle, stardeleg_key_info *info, stardeleg_bytes spki)
{
  const sdg_ossl *provider = self;
  sdg_ossl_key *key = NULL;
  EVP_PKEY *pkey;
  stardeleg_err rv;

  (void)ERR_set_mark();
  pkey = sdg_ossl_spki_read(provider, spki);
  rv = pkey == NULL ? sdg_ossl_failure(STARDELEG_ERR_BAD_KEY) : sdg_ossl_key_new(&key, pkey);
  (void)ERR_pop_to_mark();
  if (rv != 0) {
    return rv;
  }
  *info = key->info;
  *handle = key;
  return STARDELEG_OK;
}

static EVP_PKEY *generate(const sdg_ossl *provider, stardeleg_key_spec spec)
{
  EVP_PKEY_CTX *ctx;
  EVP_PKEY *pkey = NULL;

  switch (spec) {
  case STARDELEG_KEY_RSA2048:
    return EVP_PKEY_Q_keygen(provider->lib, NULL, "RSA", (size_t)2048);
  case STARDELEG_KEY_RSA3072:
    return EVP_PKEY_Q_keygen(provider->lib, NULL, "RSA", (size_t)3072);
  case STARDELEG_KEY_RSA4096:
    return EVP_PKEY_Q_keygen(provider->lib, NULL, "RSA", (size_t)4096);
  case STARDELEG_KEY_ED25519:
    return EVP_PKEY_Q_keygen(provider->lib, NULL, "ED25519");
  default:
    break;
  }
  ctx = EVP_PKEY_CTX_new_from_pkey(provider->lib, provider->curves[spec - STARDELEG_KEY_P256], NULL);
  if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_keygen(ctx, &pkey) != 1) {
    pkey = NULL;
  }
  EVP_PKEY_CTX_free(ctx);
  return pkey;
}

stardeleg_err sdg_ossl_key_generate(void *self, void **handle, stardeleg_key_spec spec)
{
  sdg_ossl_key *key = NULL;
  EVP_PKEY *pkey;
  stardeleg_err rv;

  if ((int)spec < STARDELEG_KEY_P256 || (int)spec > STARDELEG_KEY_ED25519) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  (void)ERR_set_mark();
  pkey = generate(self, spec);
  rv = pkey == NULL ? sdg_ossl_failure(STARDELEG_ERR_CRYPTO) : sdg_ossl_key_new(&key, pkey);
  (void)ERR_pop_to_mark();
  if (rv == 0) {
    *handle = key;
  }
  return rv;
}

/* OpenSSL reads scalars of any size, and points in any form: the first must be in range (SEC 1 3.2.1), the second is
 * handed out uncompressed only. */
static stardeleg_err settle_ec(const sdg_ossl *provider, EVP_PKEY *pkey)
{
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(provider->lib, pkey, NULL);
  stardeleg_err rv = STARDELEG_OK;

  if (ctx == NULL || EVP_PKEY_private_check(ctx) != 1 ||
      EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1) {
    rv = sdg_ossl_failure(STARDELEG_ERR_BAD_KEY);
  }
  EVP_PKEY_CTX_free(ctx);
  return rv;
}

stardeleg_err sdg_ossl_key_import(void *self, void **handle, stardeleg_bytes pkcs8)
{
  const sdg_ossl *provider = self;
  const unsigned char *at = pkcs8.base;
  sdg_ossl_key *key = NULL;
  EVP_PKEY *pkey;
  stardeleg_err rv;

  if (pkcs8.len == 0 || pkcs8.len > INT_MAX) {
    return STARDELEG_ERR_BAD_KEY;
  }
  (void)ERR_set_mark();
  pkey = sdg_ossl_pkcs8_read(provider, pkcs8);
  if (pkey == NULL) {
    pkey = d2i_AutoPrivateKey_ex(NULL, &at, (long)pkcs8.len, provider->lib, NULL);
  }
  rv = pkey == NULL ? sdg_ossl_failure(STARDELEG_ERR_BAD_KEY) : sdg_ossl_key_new(&key, pkey);
  if (rv == 0 && key->info.family == STARDELEG_FAMILY_EC) {
    rv = settle_ec(provider, key->pkey);
  }
  (void)ERR_pop_to_mark();
  if (rv != 0) {
    sdg_ossl_key_free(self, key);
    return rv;
  }
  *handle = key;
  return STARDELEG_OK;
}

stardeleg_err sdg_ossl_key_public(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len)
{
  const sdg_ossl_key *key = handle;
  unsigned char *at = out;
  stardeleg_err rv = STARDELEG_OK;
  int need = 0;

  (void)self;
  (void)ERR_set_mark();
  if (key->info.family == STARDELEG_FAMILY_EC || key->info.family == STARDELEG_FAMILY_ED) {
    *len = key->info.family == STARDELEG_FAMILY_EC ? sdg_ossl_spki_write_ec(out, cap, key)
                                                   : sdg_ossl_spki_write_ed(out, cap, key);
    rv = *len == 0 ? sdg_ossl_failure(STARDELEG_ERR_CRYPTO) : STARDELEG_OK;
  } else if ((need = i2d_PUBKEY(key->pkey, NULL)) <= 0) {
    rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
  } else if ((size_t)need > cap) {
    rv = STARDELEG_ERR_ARGUMENT;
  } else if (i2d_PUBKEY(key->pkey, &at) != need) {
    rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
  } else {
    *len = (size_t)need;
  }
  (void)ERR_pop_to_mark();
  return rv;
}

stardeleg_err sdg_ossl_key_export(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len)
{
  const sdg_ossl_key *key = handle;
  unsigned char *at = out;
  stardeleg_err rv = STARDELEG_OK;
  PKCS8_PRIV_KEY_INFO *info;
  int need = 0;

  (void)self;
  (void)ERR_set_mark();
  info = EVP_PKEY2PKCS8(key->pkey);
  if (info != NULL) {
    need = i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
  }
  if (need <= 0) {
    rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
  } else if ((size_t)need > cap) {
    rv = STARDELEG_ERR_ARGUMENT;
  } else if (i2d_PKCS8_PRIV_KEY_INFO(info, &at) != need) {
    rv = sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
  } else {
    *len = (size_t)need;
  }
  PKCS8_PRIV_KEY_INFO_free(info); /* wipes its copy of the key */
  (void)ERR_pop_to_mark();
  return rv;
}
