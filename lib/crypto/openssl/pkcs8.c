/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/openssl/pkcs8.c -- private keys in the one form that every program writes today (RFC 5958 with RFC 5915, 8017
 * A.1.2, 8410), read without OpenSSL's decoders, which take twenty times as long as the key itself.  Other forms are
 * the decoders'. */
#include "ossl.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>

#define ED25519_LEN 32
#define SCALAR_MAX 66
#define RSA_NUMBERS 8
#define RSA_NUMBER_MAX 1024 /* bytes: 8192 bits */

static bool take_exactly(stardeleg_bytes *in, uint8_t tag, stardeleg_bytes content)
{
  stardeleg_bytes have;

  return sdg_ossl_take(&have, in, tag) && have.len == content.len &&
         (content.len == 0 || memcmp(have.base, content.base, content.len) == 0);
}

static bool take_version(stardeleg_bytes *in, uint8_t version)
{
  return take_exactly(in, 0x02, (stardeleg_bytes){&version, 1});
}

/* PrivateKeyInfo without attributes: the content of the algorithm and of the key. */
static bool split(stardeleg_bytes *algorithm, stardeleg_bytes *key, stardeleg_bytes pkcs8)
{
  stardeleg_bytes outer;

  return sdg_ossl_take(&outer, &pkcs8, 0x30) && pkcs8.len == 0 && take_version(&outer, 0) &&
         sdg_ossl_take(algorithm, &outer, 0x30) && sdg_ossl_take(key, &outer, 0x04) && outer.len == 0;
}

static EVP_PKEY *from_params(const sdg_ossl *provider, const char *kind, OSSL_PARAM *params)
{
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(provider->lib, kind, NULL);
  EVP_PKEY *pkey = NULL;

  if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
    pkey = NULL;
  }
  EVP_PKEY_CTX_free(ctx);
  return pkey;
}

/* --- EC --- */

/* A scalar of full length and the point uncompressed, the curve not named again. */
static bool split_ec(stardeleg_bytes *scalar, stardeleg_bytes *point, stardeleg_bytes key, size_t field)
{
  stardeleg_bytes parts;
  stardeleg_bytes tagged;
  stardeleg_bytes bits;

  if (!sdg_ossl_take(&parts, &key, 0x30) || key.len != 0 || !take_version(&parts, 1) ||
      !sdg_ossl_take(scalar, &parts, 0x04) || scalar->len != field || !sdg_ossl_take(&tagged, &parts, 0xa1) ||
      parts.len != 0 || !sdg_ossl_take(&bits, &tagged, 0x03) || tagged.len != 0 || bits.len != 2 + 2 * field ||
      bits.base[0] != 0 || bits.base[1] != 4) {
    return false;
  }
  *point = (stardeleg_bytes){bits.base + 1, bits.len - 1};
  return true;
}

static EVP_PKEY *read_ec(const sdg_ossl *provider, const sdg_ossl_curve *curve, stardeleg_bytes key)
{
  const size_t field = (curve->bits + 7u) / 8u;
  unsigned char native[SCALAR_MAX];
  stardeleg_bytes scalar;
  stardeleg_bytes point;
  OSSL_PARAM params[4];
  EVP_PKEY *pkey = NULL;
  BIGNUM *d;

  if (!split_ec(&scalar, &point, key, field)) {
    return NULL;
  }
  d = BN_bin2bn(scalar.base, (int)scalar.len, NULL);
  if (d != NULL && BN_bn2nativepad(d, native, (int)field) == (int)field) {
    /* OSSL_PARAM is not const; name and point are only read. */
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)curve->alias, 0);
    params[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, field);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.base, point.len);
    params[3] = OSSL_PARAM_construct_end();
    pkey = from_params(provider, "EC", params);
  }
  OPENSSL_cleanse(native, sizeof(native));
  BN_clear_free(d);
  return pkey;
}

/* --- RSA --- */

static EVP_PKEY *read_rsa(const sdg_ossl *provider, stardeleg_bytes key)
{
  static const char *const names[RSA_NUMBERS] = {OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
                                                 OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
                                                 OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
                                                 OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
  unsigned char native[RSA_NUMBERS][RSA_NUMBER_MAX];
  OSSL_PARAM params[RSA_NUMBERS + 1];
  stardeleg_bytes parts;
  EVP_PKEY *pkey = NULL;
  size_t n = 0;

  if (!sdg_ossl_take(&parts, &key, 0x30) || key.len != 0 || !take_version(&parts, 0)) {
    return NULL;
  }
  for (; n < RSA_NUMBERS; n++) {
    stardeleg_bytes number;
    BIGNUM *value = NULL;
    int len = -1;

    if (sdg_ossl_take(&number, &parts, 0x02) && number.len > 0 && (number.base[0] & 0x80) == 0 &&
        number.len <= RSA_NUMBER_MAX + 1) {
      value = BN_bin2bn(number.base, (int)number.len, NULL);
    }
    if (value != NULL && !BN_is_zero(value) && BN_num_bytes(value) <= RSA_NUMBER_MAX) {
      len = BN_bn2nativepad(value, native[n], BN_num_bytes(value));
    }
    BN_clear_free(value);
    if (len <= 0) {
      break;
    }
    params[n] = OSSL_PARAM_construct_BN(names[n], native[n], (size_t)len);
  }
  params[n] = OSSL_PARAM_construct_end();
  if (n == RSA_NUMBERS && parts.len == 0) {
    pkey = from_params(provider, "RSA", params);
  }
  OPENSSL_cleanse(native, sizeof(native));
  return pkey;
}

/* --- Which --- */

static EVP_PKEY *read_ed25519(const sdg_ossl *provider, stardeleg_bytes key)
{
  stardeleg_bytes seed;

  if (!sdg_ossl_take(&seed, &key, 0x04) || key.len != 0 || seed.len != ED25519_LEN) {
    return NULL;
  }
  return EVP_PKEY_new_raw_private_key_ex(provider->lib, "ED25519", NULL, seed.base, seed.len);
}

EVP_PKEY *sdg_ossl_pkcs8_read(const sdg_ossl *provider, stardeleg_bytes pkcs8)
{
  static const uint8_t ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
  static const uint8_t rsa[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
  stardeleg_bytes algorithm;
  stardeleg_bytes key;

  if (!split(&algorithm, &key, pkcs8)) {
    return NULL;
  }
  for (size_t i = 0; i < SDG_OSSL_CURVES; i++) {
    stardeleg_bytes head = sdg_ossl_curves[i].head;
    stardeleg_bytes outer;
    stardeleg_bytes named;

    /* The curve's SubjectPublicKeyInfo begins with the same algorithm. */
    outer = (stardeleg_bytes){head.base + (head.base[1] == 0x81 ? 3 : 2), head.len - (head.base[1] == 0x81 ? 3 : 2)};
    if (sdg_ossl_take(&named, &outer, 0x30) && named.len == algorithm.len &&
        memcmp(named.base, algorithm.base, named.len) == 0) {
      return read_ec(provider, &sdg_ossl_curves[i], key);
    }
  }
  if (algorithm.len == sizeof(rsa) && memcmp(algorithm.base, rsa, sizeof(rsa)) == 0) {
    return read_rsa(provider, key);
  }
  if (algorithm.len == sizeof(ed25519) && memcmp(algorithm.base, ed25519, sizeof(ed25519)) == 0) {
    return read_ed25519(provider, key);
  }
  return NULL;
}
