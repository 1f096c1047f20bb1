/* SPDX-License-Identifier: Apache-2.0 */
/* sim/cheap.c -- a key is 32 random bytes, its public half their hash, a signature a hash of that and the message. */
#include "sim/cheap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

#define PART 32u
#define PIECES_MAX 8u

/* SubjectPublicKeyInfo of a key on P-256 up to its point, and the PrivateKeyInfo up to its number (RFC 5480, 5915). */
static const uint8_t public_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t private_head[] = {0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
                                       0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20};

typedef struct cheap_key {
  uint8_t secret[PART]; /* private handles only */
  uint8_t x[PART];
  uint8_t y[PART];
} cheap_key;

static stardeleg_err (*hash)(void *self, stardeleg_hash hash, const stardeleg_bytes *pieces, size_t n, uint8_t *out);
static stardeleg_err (*fill)(void *self, uint8_t *out, size_t len);

/* SHA-256 of a letter and the pieces. */
static stardeleg_err digest(void *self, char letter, const stardeleg_bytes *pieces, size_t n, uint8_t out[PART])
{
  stardeleg_bytes all[PIECES_MAX];
  uint8_t full[STARDELEG_HASH_MAX];
  stardeleg_err err;

  if (n + 1 > PIECES_MAX) {
    return STARDELEG_ERR_CRYPTO;
  }
  all[0] = (stardeleg_bytes){(const uint8_t *)&letter, 1};
  memcpy(all + 1, pieces, n * sizeof(*pieces));
  err = hash(self, STARDELEG_HASH_SHA256, all, n + 1, full);
  memcpy(out, full, PART);
  return err;
}

static stardeleg_err derive(void *self, cheap_key *key)
{
  stardeleg_bytes secret = {key->secret, PART};
  stardeleg_err err = digest(self, 'x', &secret, 1, key->x);

  return err == STARDELEG_OK ? digest(self, 'y', &secret, 1, key->y) : err;
}

/* Both numbers stay below the order of the curve. */
static stardeleg_err make(void *self, const cheap_key *key, const stardeleg_bytes *pieces, size_t n,
                          uint8_t out[2 * PART])
{
  stardeleg_bytes all[PIECES_MAX];
  stardeleg_err err;

  if (n + 2 > PIECES_MAX) {
    return STARDELEG_ERR_CRYPTO;
  }
  all[0] = (stardeleg_bytes){key->x, PART};
  memcpy(all + 1, pieces, n * sizeof(*pieces));
  err = digest(self, 's', all, n + 1, out);
  memcpy(out + PART, key->y, PART);
  out[0] = (out[0] & 0x3f) | 0x40;
  out[PART] = (out[PART] & 0x3f) | 0x40;
  return err;
}

static bool is_alg(stardeleg_alg alg)
{
  return alg == STARDELEG_ALG_ES256 || alg == STARDELEG_ALG_ECDSA_SHA256;
}

static stardeleg_err import_public(void *self, void **handle, stardeleg_key_info *info, stardeleg_bytes spki)
{
  cheap_key *key = calloc(1, sizeof(*key));

  (void)self;
  if (key == NULL || spki.len != sizeof(public_head) + 2 * PART ||
      memcmp(spki.base, public_head, sizeof(public_head)) != 0) {
    free(key);
    return key == NULL ? STARDELEG_ERR_NOMEM : STARDELEG_ERR_BAD_KEY;
  }
  memcpy(key->x, spki.base + sizeof(public_head), PART);
  memcpy(key->y, spki.base + sizeof(public_head) + PART, PART);
  *info = (stardeleg_key_info){STARDELEG_FAMILY_EC, 256};
  *handle = key;
  return STARDELEG_OK;
}

static void free_key(void *self, void *handle)
{
  (void)self;
  free(handle);
}

static stardeleg_err verify(void *self, const void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                            stardeleg_bytes signature)
{
  uint8_t expected[2 * PART];
  stardeleg_err err = is_alg(alg) ? make(self, handle, pieces, n, expected) : STARDELEG_ERR_BAD_KEY;

  if (err == STARDELEG_OK &&
      (signature.len != sizeof(expected) || memcmp(signature.base, expected, sizeof(expected)) != 0)) {
    err = STARDELEG_ERR_SIGNATURE;
  }
  return err;
}

static stardeleg_err adopt(void *self, void **handle, const uint8_t *secret)
{
  cheap_key *key = calloc(1, sizeof(*key));
  stardeleg_err err = STARDELEG_ERR_NOMEM;

  if (key != NULL) {
    memcpy(key->secret, secret, PART);
    err = derive(self, key);
  }
  if (err != STARDELEG_OK) {
    free(key);
    return err;
  }
  *handle = key;
  return STARDELEG_OK;
}

static stardeleg_err generate(void *self, void **handle, stardeleg_key_spec spec)
{
  uint8_t secret[PART];
  stardeleg_err err = spec == STARDELEG_KEY_P256 ? fill(self, secret, PART) : STARDELEG_ERR_UNSUPPORTED;

  return err == STARDELEG_OK ? adopt(self, handle, secret) : err;
}

static stardeleg_err import_private(void *self, void **handle, stardeleg_bytes pkcs8)
{
  if (pkcs8.len != sizeof(private_head) + PART || memcmp(pkcs8.base, private_head, sizeof(private_head)) != 0) {
    return STARDELEG_ERR_BAD_KEY;
  }
  return adopt(self, handle, pkcs8.base + sizeof(private_head));
}

static stardeleg_err put(uint8_t *out, size_t cap, size_t *len, const uint8_t *head, size_t head_len,
                         const uint8_t *rest, size_t rest_len)
{
  if (cap < head_len + rest_len) {
    return STARDELEG_ERR_CRYPTO;
  }
  memcpy(out, head, head_len);
  memcpy(out + head_len, rest, rest_len);
  *len = head_len + rest_len;
  return STARDELEG_OK;
}

static stardeleg_err write_public(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len)
{
  const cheap_key *key = handle;
  uint8_t point[2 * PART];

  (void)self;
  memcpy(point, key->x, PART);
  memcpy(point + PART, key->y, PART);
  return put(out, cap, len, public_head, sizeof(public_head), point, sizeof(point));
}

static stardeleg_err write_private(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len)
{
  (void)self;
  return put(out, cap, len, private_head, sizeof(private_head), ((const cheap_key *)handle)->secret, PART);
}

static stardeleg_err sign(void *self, void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                          uint8_t *out, size_t *len)
{
  *len = 2 * PART;
  return is_alg(alg) ? make(self, handle, pieces, n, out) : STARDELEG_ERR_BAD_KEY;
}

void sim_cheap_keys(stardeleg_crypto_ops *ops)
{
  uint32_t macs = UINT32_C(1) << STARDELEG_ALG_HS256;

  hash = ops->hash;
  fill = ops->random;
  ops->name = "cheap";
  ops->verify_algs = UINT32_C(1) << STARDELEG_ALG_ES256 | UINT32_C(1) << STARDELEG_ALG_ECDSA_SHA256 | macs;
  ops->sign_algs = UINT32_C(1) << STARDELEG_ALG_ES256 | macs;
  ops->key_specs = UINT32_C(1) << STARDELEG_KEY_P256;
  ops->public_import = import_public;
  ops->public_free = free_key;
  ops->verify = verify;
  ops->key_generate = generate;
  ops->key_import = import_private;
  ops->key_public = write_public;
  ops->key_export = write_private;
  ops->sign = sign;
  ops->key_free = free_key;
}
