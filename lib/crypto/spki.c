/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/spki.c -- SubjectPublicKeyInfo to numbers and back (RFC 3279 2.3.1, RFC 5480, RFC 8410). */
#include "crypto/crypto.h"

#include <string.h>

#include "base/bytes.h"
#include "base/problem.h"
#include "der/der.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define RSA_EXPONENT_MIN 65537
#define ED25519_LEN 32

static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}; /* 1.2.840.113549.1.1.1 */
static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};              /* 1.2.840.10045.2.1 */
static const uint8_t oid_ed25519[] = {0x2b, 0x65, 0x70};                                 /* 1.3.101.112 */
static const uint8_t oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};      /* 1.2.840.10045.3.1.7 */
static const uint8_t oid_p384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};                        /* 1.3.132.0.34 */
static const uint8_t oid_p521[] = {0x2b, 0x81, 0x04, 0x00, 0x23};                        /* 1.3.132.0.35 */

typedef struct curve {
  unsigned bits;
  stardeleg_bytes oid;
} curve;

static const curve curves[] = {
    {256, {oid_p256, sizeof(oid_p256)}},
    {384, {oid_p384, sizeof(oid_p384)}},
    {521, {oid_p521, sizeof(oid_p521)}},
};
#define CURVE_COUNT (sizeof(curves) / sizeof(curves[0]))

static stardeleg_err refuse(stardeleg_problem *problem, const char *why)
{
  sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY, "%s", why);
  return STARDELEG_ERR_BAD_KEY;
}

static stardeleg_err malformed(stardeleg_problem *problem)
{
  sdg_problem_set(problem, STARDELEG_ACME_BAD_PUBLIC_KEY, "the public key is not a well-formed SubjectPublicKeyInfo");
  return STARDELEG_ERR_MALFORMED;
}

static bool is_oid(stardeleg_bytes oid, const uint8_t *expected, size_t len)
{
  return oid.len == len && memcmp(oid.base, expected, len) == 0;
}

static unsigned bit_length(stardeleg_bytes magnitude)
{
  unsigned bits = (unsigned)(magnitude.len * 8);

  for (unsigned mask = 0x80; magnitude.len > 0 && mask != 0 && (magnitude.base[0] & mask) == 0; mask >>= 1) {
    bits--;
  }
  return bits;
}

/* RFC 8017 leaves the exponent free; small ones have been the door of many forgeries, giant ones make a
 * verification as dear as the attacker likes. */
static bool is_good_exponent(stardeleg_bytes e)
{
  uint64_t value = 0;

  if (e.len == 0 || e.len > sizeof(value)) {
    return false;
  }
  for (size_t i = 0; i < e.len; i++) {
    value = (value << 8) | e.base[i];
  }
  return value >= RSA_EXPONENT_MIN && (value & 1) != 0;
}

static stardeleg_err read_rsa(sdg_spki *out, sdg_der *params, stardeleg_bytes key, stardeleg_problem *problem)
{
  sdg_der reader = sdg_der_open(key);
  sdg_der inside;

  /* RFC 3279 2.3.1: "The parameters field MUST have ASN.1 type NULL for this algorithm identifier." */
  if (sdg_der_get_null(params) != 0 || sdg_der_end(params) != 0) {
    return refuse(problem, "the parameters of an RSA key must be NULL");
  }
  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &inside) != 0 || sdg_der_end(&reader) != 0 ||
      sdg_der_get_magnitude(&inside, &out->n) != 0 || sdg_der_get_magnitude(&inside, &out->e) != 0 ||
      sdg_der_end(&inside) != 0) {
    return malformed(problem);
  }
  out->info.family = STARDELEG_FAMILY_RSA;
  out->info.bits = bit_length(out->n);
  if (out->info.bits < RSA_BITS_MIN || out->info.bits > RSA_BITS_MAX) {
    return refuse(problem, "an RSA modulus must have 2048 to 8192 bits");
  }
  if ((out->n.base[out->n.len - 1] & 1) == 0) {
    return refuse(problem, "the RSA modulus is even");
  }
  if (!is_good_exponent(out->e)) {
    return refuse(problem, "the RSA exponent must be odd, over 65536 and under 2^64");
  }
  return STARDELEG_OK;
}

static stardeleg_err read_ec(sdg_spki *out, sdg_der *params, stardeleg_bytes key, stardeleg_problem *problem)
{
  stardeleg_bytes oid;
  size_t half;

  /* RFC 5480 2.1.1: "implicitCurve and specifiedCurve MUST NOT be used in PKIX"; explicit parameters let the
   * sender choose the generator. */
  if (sdg_der_peek(params) != SDG_DER_OID || sdg_der_get_oid(params, &oid) != 0 || sdg_der_end(params) != 0) {
    return refuse(problem, "an EC key must name its curve");
  }
  for (size_t i = 0; i < CURVE_COUNT; i++) {
    if (sdg_bytes_equal(oid, curves[i].oid)) {
      out->info.bits = curves[i].bits;
    }
  }
  if (out->info.bits == 0) {
    return refuse(problem, "the curve of an EC key must be P-256, P-384 or P-521");
  }
  out->info.family = STARDELEG_FAMILY_EC;
  half = (out->info.bits + 7u) / 8u;
  if (key.len != 1 + 2 * half || key.base[0] != 0x04) {
    return refuse(problem, "the point of an EC key must be uncompressed");
  }
  out->x = (stardeleg_bytes){key.base + 1, half};
  out->y = (stardeleg_bytes){key.base + 1 + half, half};
  return STARDELEG_OK;
}

static stardeleg_err read_ed25519(sdg_spki *out, sdg_der *params, stardeleg_bytes key, stardeleg_problem *problem)
{
  /* RFC 8410 3: "the parameters MUST be absent". */
  if (!sdg_der_is_empty(params)) {
    return refuse(problem, "an Ed25519 key must not have parameters");
  }
  if (key.len != ED25519_LEN) {
    return refuse(problem, "an Ed25519 key has 32 bytes");
  }
  out->info.family = STARDELEG_FAMILY_ED;
  out->info.bits = 255;
  out->x = key;
  return STARDELEG_OK;
}

stardeleg_err sdg_spki_read(sdg_spki *out, stardeleg_bytes spki, stardeleg_problem *problem)
{
  sdg_der reader = sdg_der_open(spki);
  sdg_der inside;
  sdg_der algorithm;
  stardeleg_bytes oid;
  stardeleg_bytes key;
  unsigned unused = 0;

  memset(out, 0, sizeof(*out));
  if (spki.base == NULL || spki.len > SDG_SPKI_MAX) {
    return refuse(problem, "the public key is too long");
  }
  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &inside) != 0 || sdg_der_end(&reader) != 0 ||
      sdg_der_enter(&inside, SDG_DER_SEQUENCE, &algorithm) != 0 || sdg_der_get_oid(&algorithm, &oid) != 0 ||
      sdg_der_get_bits(&inside, &key, &unused) != 0 || unused != 0 || sdg_der_end(&inside) != 0) {
    return malformed(problem);
  }
  if (is_oid(oid, oid_ec, sizeof(oid_ec))) {
    return read_ec(out, &algorithm, key, problem);
  }
  if (is_oid(oid, oid_rsa, sizeof(oid_rsa))) {
    return read_rsa(out, &algorithm, key, problem);
  }
  if (is_oid(oid, oid_ed25519, sizeof(oid_ed25519))) {
    return read_ed25519(out, &algorithm, key, problem);
  }
  return refuse(problem, "the public key must be RSA, EC or Ed25519");
}

static void write_algorithm(sdg_buf *out, const sdg_spki *parts)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  if (parts->info.family == STARDELEG_FAMILY_RSA) {
    sdg_der_put_oid(out, (stardeleg_bytes){oid_rsa, sizeof(oid_rsa)});
    sdg_der_put_null(out);
  } else if (parts->info.family == STARDELEG_FAMILY_EC) {
    sdg_der_put_oid(out, (stardeleg_bytes){oid_ec, sizeof(oid_ec)});
    for (size_t i = 0; i < CURVE_COUNT; i++) {
      if (curves[i].bits == parts->info.bits) {
        sdg_der_put_oid(out, curves[i].oid);
      }
    }
  } else {
    sdg_der_put_oid(out, (stardeleg_bytes){oid_ed25519, sizeof(oid_ed25519)});
  }
  sdg_der_put_end(out, mark);
}

void sdg_spki_write(sdg_buf *out, const sdg_spki *parts)
{
  size_t outer = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t bits;

  write_algorithm(out, parts);
  bits = sdg_der_put_begin(out, SDG_DER_BIT_STRING);
  sdg_buf_add_byte(out, 0); /* no unused bits */
  if (parts->info.family == STARDELEG_FAMILY_RSA) {
    size_t numbers = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

    sdg_der_put_magnitude(out, parts->n);
    sdg_der_put_magnitude(out, parts->e);
    sdg_der_put_end(out, numbers);
  } else if (parts->info.family == STARDELEG_FAMILY_EC) {
    sdg_buf_add_byte(out, 0x04);
    sdg_buf_add_bytes(out, parts->x);
    sdg_buf_add_bytes(out, parts->y);
  } else {
    sdg_buf_add_bytes(out, parts->x);
  }
  sdg_der_put_end(out, bits);
  sdg_der_put_end(out, outer);
}
