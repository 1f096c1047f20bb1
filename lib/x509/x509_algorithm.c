/* SPDX-License-Identifier: Apache-2.0 */
/* x509/x509_algorithm.c -- AlgorithmIdentifiers of signatures (RFC 4055, RFC 5758, RFC 8410) and their values. */
#include "x509/x509.h"

#include "base/bytes.h"

#define OID(s)                                                                                                         \
  {                                                                                                                    \
    (const uint8_t *)(s), sizeof(s) - 1                                                                                \
  }

/* What stands behind the OID. */
typedef enum parameters {
  PARAMETERS_ABSENT,
  PARAMETERS_NULL, /* written; absent is read too (RFC 4055 5) */
  PARAMETERS_PSS
} parameters;

typedef struct algorithm {
  stardeleg_alg alg;
  parameters parameters;
  stardeleg_bytes oid;
} algorithm;

#define RSASSA_PSS OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")
static const algorithm algorithms[] = {
    {STARDELEG_ALG_ES256, PARAMETERS_ABSENT, OID("\x2a\x86\x48\xce\x3d\x04\x03\x02")},   /* 1.2.840.10045.4.3.2 */
    {STARDELEG_ALG_ES384, PARAMETERS_ABSENT, OID("\x2a\x86\x48\xce\x3d\x04\x03\x03")},   /* 1.2.840.10045.4.3.3 */
    {STARDELEG_ALG_ES512, PARAMETERS_ABSENT, OID("\x2a\x86\x48\xce\x3d\x04\x03\x04")},   /* 1.2.840.10045.4.3.4 */
    {STARDELEG_ALG_RS256, PARAMETERS_NULL, OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b")}, /* 1.2.840.113549.1.1.11 */
    {STARDELEG_ALG_RS384, PARAMETERS_NULL, OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c")}, /* 1.2.840.113549.1.1.12 */
    {STARDELEG_ALG_RS512, PARAMETERS_NULL, OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d")}, /* 1.2.840.113549.1.1.13 */
    {STARDELEG_ALG_PS256, PARAMETERS_PSS, RSASSA_PSS},
    {STARDELEG_ALG_PS384, PARAMETERS_PSS, RSASSA_PSS},
    {STARDELEG_ALG_PS512, PARAMETERS_PSS, RSASSA_PSS},
    {STARDELEG_ALG_EDDSA, PARAMETERS_ABSENT, OID("\x2b\x65\x70")}, /* 1.3.101.112 */
};
#define ALGORITHM_COUNT (sizeof algorithms / sizeof algorithms[0])

typedef struct hash_id {
  stardeleg_hash hash;
  stardeleg_bytes oid;
} hash_id;

/* RFC 4055 2.1: 2.16.840.1.101.3.4.2.n */
static const hash_id hashes[] = {
    {STARDELEG_HASH_SHA256, OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01")},
    {STARDELEG_HASH_SHA384, OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02")},
    {STARDELEG_HASH_SHA512, OID("\x60\x86\x48\x01\x65\x03\x04\x02\x03")},
};
#define HASH_COUNT (sizeof hashes / sizeof hashes[0])

/* RFC 4055 2.1: "All implementations MUST accept both NULL and absent parameters as legal and equivalent encodings." */
static bool is_null_or_absent(sdg_der *der)
{
  return sdg_der_is_empty(der) || (sdg_der_get_null(der) == STARDELEG_OK && sdg_der_is_empty(der));
}

/* Reads the AlgorithmIdentifier of a hash. */
static bool read_hash(stardeleg_hash *out, sdg_der *der)
{
  sdg_der inside = *der;
  stardeleg_bytes oid = {NULL, 0};

  if (sdg_der_enter(der, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK || sdg_der_get_oid(&inside, &oid) != STARDELEG_OK ||
      !is_null_or_absent(&inside)) {
    return false;
  }
  for (size_t i = 0; i < HASH_COUNT; i++) {
    if (sdg_bytes_equal(oid, hashes[i].oid)) {
      *out = hashes[i].hash;
      return true;
    }
  }
  return false;
}

/* Reads maskGenAlgorithm: MGF1 with a hash. */
static bool read_mgf(stardeleg_hash *out, sdg_der *der)
{
  sdg_der inside = *der;
  stardeleg_bytes oid = {NULL, 0};

  return sdg_der_enter(der, SDG_DER_SEQUENCE, &inside) == STARDELEG_OK &&
         sdg_der_get_oid(&inside, &oid) == STARDELEG_OK && sdg_bytes_equal(oid, sdg_oid_mgf1) &&
         read_hash(out, &inside) && sdg_der_is_empty(&inside);
}

/* RFC 4055 3.1, RSASSA-PSS-params.  Hash, mask hash and salt length must go together as in RFC 7518 3.5; the defaults
 * (SHA-1) and an explicit trailer field are not among the forms we know. */
static stardeleg_alg read_pss(sdg_der *der)
{
  sdg_der inside = *der;
  sdg_der field = *der;
  stardeleg_hash hash = 0;
  stardeleg_hash mask = 0;
  uint64_t salt = 0;

  if (sdg_der_enter(der, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK || !sdg_der_is_empty(der) ||
      sdg_der_enter(&inside, SDG_DER_CONTEXT_CONSTRUCTED(0), &field) != STARDELEG_OK || !read_hash(&hash, &field) ||
      !sdg_der_is_empty(&field) || sdg_der_enter(&inside, SDG_DER_CONTEXT_CONSTRUCTED(1), &field) != STARDELEG_OK ||
      !read_mgf(&mask, &field) || !sdg_der_is_empty(&field) ||
      sdg_der_enter(&inside, SDG_DER_CONTEXT_CONSTRUCTED(2), &field) != STARDELEG_OK ||
      sdg_der_get_uint(&field, &salt, STARDELEG_HASH_MAX) != STARDELEG_OK || !sdg_der_is_empty(&field) ||
      !sdg_der_is_empty(&inside) || hash != mask || salt != sdg_hash_len(hash)) {
    return STARDELEG_ALG_NONE;
  }
  switch (hash) {
  case STARDELEG_HASH_SHA256:
    return STARDELEG_ALG_PS256;
  case STARDELEG_HASH_SHA384:
    return STARDELEG_ALG_PS384;
  case STARDELEG_HASH_SHA512:
    return STARDELEG_ALG_PS512;
  default:
    return STARDELEG_ALG_NONE;
  }
}

static stardeleg_alg find_algorithm(stardeleg_bytes oid, sdg_der *behind)
{
  const algorithm *found = NULL;

  for (size_t i = 0; i < ALGORITHM_COUNT && found == NULL; i++) {
    if (sdg_bytes_equal(oid, algorithms[i].oid)) {
      found = &algorithms[i];
    }
  }
  if (found == NULL) {
    return STARDELEG_ALG_NONE;
  }
  switch (found->parameters) {
  case PARAMETERS_PSS:
    return read_pss(behind);
  case PARAMETERS_NULL:
    return is_null_or_absent(behind) ? found->alg : STARDELEG_ALG_NONE;
  default:
    /* RFC 5758 3.2 and RFC 8410 3: absent; mbedTLS 2.28 writes NULL for ECDSA. */
    return sdg_der_is_empty(behind) ? found->alg : STARDELEG_ALG_NONE;
  }
}

stardeleg_err sdg_x509_read_algorithm(stardeleg_alg *out, stardeleg_bytes algorithm_identifier)
{
  sdg_der reader = sdg_der_open(algorithm_identifier);
  sdg_der inside = reader;
  sdg_der ahead;
  stardeleg_bytes oid = {NULL, 0};
  stardeleg_bytes content = {NULL, 0};
  int tag = -1;

  *out = STARDELEG_ALG_NONE;
  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK ||
      sdg_der_get_oid(&inside, &oid) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  ahead = inside;
  if (!sdg_der_is_empty(&ahead) &&
      (sdg_der_get_any(&ahead, &tag, &content, NULL) != STARDELEG_OK || sdg_der_end(&ahead) != STARDELEG_OK)) {
    return STARDELEG_ERR_MALFORMED;
  }
  *out = find_algorithm(oid, &inside);
  return *out == STARDELEG_ALG_NONE ? STARDELEG_ERR_UNSUPPORTED : STARDELEG_OK;
}

static void put_hash(sdg_buf *out, stardeleg_hash hash)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  for (size_t i = 0; i < HASH_COUNT; i++) {
    if (hashes[i].hash == hash) {
      sdg_der_put_oid(out, hashes[i].oid);
    }
  }
  sdg_der_put_null(out);
  sdg_der_put_end(out, mark);
}

static void put_pss(sdg_buf *out, stardeleg_hash hash)
{
  size_t all = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t field = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(0));
  size_t mgf;

  put_hash(out, hash);
  sdg_der_put_end(out, field);
  field = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(1));
  mgf = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  sdg_der_put_oid(out, sdg_oid_mgf1);
  put_hash(out, hash);
  sdg_der_put_end(out, mgf);
  sdg_der_put_end(out, field);
  field = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(2));
  sdg_der_put_uint(out, sdg_hash_len(hash));
  sdg_der_put_end(out, field);
  sdg_der_put_end(out, all);
}

void sdg_x509_put_algorithm(sdg_buf *out, stardeleg_alg alg)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
    if (algorithms[i].alg == alg) {
      sdg_der_put_oid(out, algorithms[i].oid);
      if (algorithms[i].parameters == PARAMETERS_NULL) {
        sdg_der_put_null(out);
      } else if (algorithms[i].parameters == PARAMETERS_PSS) {
        put_pss(out, sdg_alg_info_of(alg)->hash);
      }
    }
  }
  sdg_der_put_end(out, mark);
}

static bool is_ecdsa(const sdg_alg_info *info)
{
  return info != NULL && info->family == STARDELEG_FAMILY_EC;
}

stardeleg_err sdg_x509_signature_to_raw(sdg_buf *out, stardeleg_alg alg, const stardeleg_key_info *key,
                                        stardeleg_bytes bits)
{
  const size_t len = sdg_alg_signature_len(alg, key);
  uint8_t raw[STARDELEG_SIGNATURE_MAX];

  if (!is_ecdsa(sdg_alg_info_of(alg))) {
    sdg_buf_add_bytes(out, bits);
    return sdg_buf_error(out);
  }
  if (len > sizeof(raw) || sdg_der_ecdsa_to_raw(raw, len / 2, bits) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  sdg_buf_add(out, raw, len);
  return sdg_buf_error(out);
}

stardeleg_err sdg_x509_verify(const sdg_pubkey *key, stardeleg_alg alg, stardeleg_bytes body, stardeleg_bytes signature)
{
  const stardeleg_alg on_curve = sdg_alg_on_curve(alg, sdg_pubkey_info(key));
  sdg_buf raw;
  stardeleg_err rv;

  sdg_buf_init(&raw, STARDELEG_SIGNATURE_MAX);
  rv = sdg_x509_signature_to_raw(&raw, on_curve, sdg_pubkey_info(key), signature);
  if (rv == STARDELEG_OK) {
    rv = sdg_pubkey_verify(key, on_curve, &body, 1, sdg_buf_bytes(&raw));
  } else if (rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT) {
    rv = STARDELEG_ERR_SIGNATURE; /* not a value this algorithm makes */
  }
  sdg_buf_clear(&raw);
  return rv;
}

void sdg_x509_put_signature(sdg_buf *out, stardeleg_alg alg, stardeleg_bytes raw)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_BIT_STRING);

  sdg_buf_add_byte(out, 0); /* no unused bits */
  if (is_ecdsa(sdg_alg_info_of(alg))) {
    sdg_der_ecdsa_from_raw(out, raw);
  } else {
    sdg_buf_add_bytes(out, raw);
  }
  sdg_der_put_end(out, mark);
}
