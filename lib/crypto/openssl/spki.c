/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/openssl/spki.c -- SubjectPublicKeyInfo in and out without OpenSSL's decoders, which take twenty times as long
 * as the key itself.  Only the one form of each kind that this library allows is known (RFC 3279, RFC 5480, RFC 8410).
 */
#include "ossl.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#define ED25519_LEN 32

/* Everything in front of the coordinates: the curve is named, the point uncompressed. */
static const uint8_t p256_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t p384_head[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                    0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};
static const uint8_t p521_head[] = {0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                    0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00, 0x04};
static const uint8_t ed25519_head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
static const uint8_t rsa_algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

const sdg_ossl_curve sdg_ossl_curves[SDG_OSSL_CURVES] = {
    {"prime256v1", "P-256", 256, {p256_head, sizeof(p256_head)}},
    {"secp384r1", "P-384", 384, {p384_head, sizeof(p384_head)}},
    {"secp521r1", "P-521", 521, {p521_head, sizeof(p521_head)}},
};

static bool has_head(stardeleg_bytes spki, stardeleg_bytes head, size_t rest)
{
  return spki.len == head.len + rest && memcmp(spki.base, head.base, head.len) == 0;
}

bool sdg_ossl_take(stardeleg_bytes *out, stardeleg_bytes *in, uint8_t tag)
{
  size_t len;
  size_t at = 2;

  if (in->len < 2 || in->base[0] != tag) {
    return false;
  }
  len = in->base[1];
  if (len >= 0x80) {
    size_t n = len & 0x7f;

    if (n < 1 || n > 2 || in->len < 2 + n) {
      return false;
    }
    len = n == 1 ? in->base[2] : (size_t)in->base[2] << 8 | in->base[3];
    at += n;
  }
  if (len > in->len - at) {
    return false;
  }
  *out = (stardeleg_bytes){in->base + at, len};
  *in = (stardeleg_bytes){in->base + at + len, in->len - at - len};
  return true;
}

static bool split_rsa(stardeleg_bytes *n, stardeleg_bytes *e, stardeleg_bytes spki)
{
  const stardeleg_bytes algorithm = {rsa_algorithm, sizeof(rsa_algorithm)};
  stardeleg_bytes outer;
  stardeleg_bytes bits;
  stardeleg_bytes numbers;

  if (!sdg_ossl_take(&outer, &spki, 0x30) || spki.len != 0 || outer.len < algorithm.len ||
      memcmp(outer.base, algorithm.base, algorithm.len) != 0) {
    return false;
  }
  outer = (stardeleg_bytes){outer.base + algorithm.len, outer.len - algorithm.len};
  if (!sdg_ossl_take(&bits, &outer, 0x03) || outer.len != 0 || bits.len < 1 || bits.base[0] != 0) {
    return false;
  }
  bits = (stardeleg_bytes){bits.base + 1, bits.len - 1};
  return sdg_ossl_take(&numbers, &bits, 0x30) && bits.len == 0 && sdg_ossl_take(n, &numbers, 0x02) &&
         sdg_ossl_take(e, &numbers, 0x02) && numbers.len == 0 && n->len > 0 && e->len > 0 && (n->base[0] & 0x80) == 0 &&
         (e->base[0] & 0x80) == 0;
}

static EVP_PKEY *make_rsa(const sdg_ossl *provider, stardeleg_bytes n_bytes, stardeleg_bytes e_bytes)
{
  BIGNUM *n = BN_bin2bn(n_bytes.base, (int)n_bytes.len, NULL);
  BIGNUM *e = BN_bin2bn(e_bytes.base, (int)e_bytes.len, NULL);
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(provider->lib, "RSA", NULL);
  OSSL_PARAM *params = NULL;
  EVP_PKEY *pkey = NULL;

  if (n != NULL && e != NULL && builder != NULL && ctx != NULL &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
    params = OSSL_PARAM_BLD_to_param(builder);
  }
  if (params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
      EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
    pkey = NULL;
  }
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(builder);
  EVP_PKEY_CTX_free(ctx);
  BN_free(n);
  BN_free(e);
  return pkey;
}

/* The curve's numbers are copied from the provider's own; setting the point checks that it is on the curve. */
static EVP_PKEY *make_ec(const sdg_ossl *provider, size_t curve, const uint8_t *point, size_t len)
{
  EVP_PKEY *pkey = EVP_PKEY_dup(provider->curves[curve]);

  if (pkey != NULL && EVP_PKEY_set1_encoded_public_key(pkey, point, len) != 1) {
    EVP_PKEY_free(pkey);
    return NULL;
  }
  return pkey;
}

EVP_PKEY *sdg_ossl_spki_read(const sdg_ossl *provider, stardeleg_bytes spki)
{
  const stardeleg_bytes ed25519 = {ed25519_head, sizeof(ed25519_head)};
  stardeleg_bytes n;
  stardeleg_bytes e;

  for (size_t i = 0; i < SDG_OSSL_CURVES; i++) {
    const sdg_ossl_curve *curve = &sdg_ossl_curves[i];
    const size_t coordinates = (curve->bits + 7u) / 8u * 2;

    if (has_head(spki, curve->head, coordinates)) {
      return make_ec(provider, i, spki.base + curve->head.len - 1, coordinates + 1); /* with its 04 */
    }
  }
  if (has_head(spki, ed25519, ED25519_LEN)) {
    return EVP_PKEY_new_raw_public_key_ex(provider->lib, "ED25519", NULL, spki.base + ed25519.len, ED25519_LEN);
  }
  return split_rsa(&n, &e, spki) ? make_rsa(provider, n, e) : NULL;
}

size_t sdg_ossl_spki_write_ed(uint8_t *out, size_t cap, const sdg_ossl_key *key)
{
  size_t len = ED25519_LEN;

  if (cap < sizeof(ed25519_head) + ED25519_LEN ||
      EVP_PKEY_get_raw_public_key(key->pkey, out + sizeof(ed25519_head), &len) != 1 || len != ED25519_LEN) {
    return 0;
  }
  memcpy(out, ed25519_head, sizeof(ed25519_head));
  return sizeof(ed25519_head) + ED25519_LEN;
}

size_t sdg_ossl_spki_write_ec(uint8_t *out, size_t cap, const sdg_ossl_key *key)
{
  const sdg_ossl_curve *curve = NULL;
  unsigned char *point = NULL;
  size_t point_len = EVP_PKEY_get1_encoded_public_key(key->pkey, &point);
  size_t len = 0;

  for (size_t i = 0; i < SDG_OSSL_CURVES; i++) {
    if (sdg_ossl_curves[i].bits == key->info.bits) {
      curve = &sdg_ossl_curves[i];
    }
  }
  if (curve != NULL && point_len == 1 + (curve->bits + 7u) / 8u * 2 && curve->head.len + point_len - 1 <= cap) {
    memcpy(out, curve->head.base, curve->head.len - 1);
    memcpy(out + curve->head.len - 1, point, point_len);
    len = curve->head.len + point_len - 1;
  }
  OPENSSL_free(point);
  return len;
}
