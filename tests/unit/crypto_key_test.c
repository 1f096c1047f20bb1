/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_key_test.c -- private keys: made, read, written, signing; foreign signers; backends that fail. */
#include "support/test.h"

#include "base/bytes.h"
#include "der/pem.h"
#include "unit/crypto_keys.h"

static const stardeleg_bytes message = {(const uint8_t *)"a message", 9};

static bool can_generate(stardeleg_key_spec spec)
{
  return (test_crypto()->ops->key_specs & (UINT32_C(1) << spec)) != 0;
}

/* Signs with every algorithm that fits, and with none that does not. */
static void sign_all(stardeleg_key *key)
{
  const stardeleg_key_info *info = sdg_key_info(key);

  for (int alg = -1; alg <= STARDELEG_ALG_COUNT; alg++) {
    uint8_t signature[STARDELEG_SIGNATURE_MAX];
    size_t len = 77;
    sdg_pubkey *pub = NULL;

    if (!sdg_alg_fits_key((stardeleg_alg)alg, info)) {
      assert_err(STARDELEG_ERR_BAD_KEY, sdg_key_sign(key, (stardeleg_alg)alg, &message, 1, signature, &len));
      assert_int_equal(len, 77);
      continue;
    }
    if (sdg_alg_info_of((stardeleg_alg)alg)->name == NULL) { /* only verified with */
      assert_err(STARDELEG_ERR_UNSUPPORTED, sdg_key_sign(key, (stardeleg_alg)alg, &message, 1, signature, &len));
      continue;
    }
    assert_ok(sdg_key_sign(key, (stardeleg_alg)alg, &message, 1, signature, &len));
    assert_ok(sdg_pubkey_import(&pub, test_crypto(), stardeleg_key_spki(key), NULL));
    assert_ok(sdg_pubkey_verify(pub, (stardeleg_alg)alg, &message, 1, sdg_bytes(signature, len)));
    signature[len / 3] ^= 4;
    assert_err(STARDELEG_ERR_SIGNATURE,
               sdg_pubkey_verify(pub, (stardeleg_alg)alg, &message, 1, sdg_bytes(signature, len)));
    sdg_pubkey_free(pub);
  }
}

static void test_generate_export_import(void **state)
{
  (void)state;
  for (int spec = STARDELEG_KEY_P256; spec <= STARDELEG_KEY_ED25519; spec++) {
    stardeleg_key *key = NULL;
    stardeleg_key *again = NULL;
    char *pem = NULL;
    size_t len = 0;

    if (!can_generate((stardeleg_key_spec)spec)) {
      assert_err(STARDELEG_ERR_UNSUPPORTED, stardeleg_key_generate(&key, test_crypto(), (stardeleg_key_spec)spec));
      continue;
    }
    if (spec == STARDELEG_KEY_RSA3072 || spec == STARDELEG_KEY_RSA4096) {
      continue; /* seconds of search for primes; the sizes differ in nothing else */
    }
    assert_ok(stardeleg_key_generate(&key, test_crypto(), (stardeleg_key_spec)spec));
    assert_ptr_equal(sdg_key_crypto(key), test_crypto());
    sign_all(key);
    assert_ok(stardeleg_key_export_pem(key, &pem, &len));
    assert_int_equal(strlen(pem), len);
    assert_true(sdg_bytes_has_prefix(sdg_bytes_str(pem), "-----BEGIN PRIVATE KEY-----\n"));
    assert_ok(stardeleg_key_import(&again, test_crypto(), sdg_bytes(pem, len)));
    assert_true(sdg_bytes_equal(stardeleg_key_spki(key), stardeleg_key_spki(again)));
    sign_all(again);
    stardeleg_key_free(again);
    stardeleg_secret_free(pem, len);
    stardeleg_key_free(key);
  }
}

static void test_two_keys_differ(void **state)
{
  stardeleg_key *a = NULL;
  stardeleg_key *b = NULL;

  (void)state;
  assert_ok(stardeleg_key_generate(&a, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_key_generate(&b, test_crypto(), STARDELEG_KEY_P256));
  assert_false(sdg_bytes_equal(stardeleg_key_spki(a), stardeleg_key_spki(b)));
  stardeleg_key_free(a);
  stardeleg_key_free(b);
}

static void test_references(void **state)
{
  stardeleg_key *key = NULL;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ptr_equal(stardeleg_key_ref(key), key);
  stardeleg_key_free(key);
  sign_all(key); /* still there */
  stardeleg_key_free(key);
  assert_null(stardeleg_key_ref(NULL));
  stardeleg_key_free(NULL);
  stardeleg_secret_free(NULL, 5);
}

/* Published keys, without their public halves: these are derived.  mbedTLS makes RFC 6979's very signatures. */
static void test_published_keys(void **state)
{
  (void)state;
  for (size_t i = 0; i < KEY_VECTOR_COUNT; i++) {
    const key_vector *v = &key_vectors[i];
    const stardeleg_bytes d = from_hex(v->d);
    const stardeleg_bytes text = from_hex(v->message);
    const stardeleg_bytes expected = from_hex(v->signature);
    uint8_t signature[STARDELEG_SIGNATURE_MAX];
    size_t len = 0;
    sdg_buf pkcs8;
    sdg_buf spki;
    stardeleg_key *key = NULL;

    sdg_buf_init(&pkcs8, 1000);
    sdg_buf_init(&spki, SDG_SPKI_MAX);
    vector_pkcs8(&pkcs8, v, d);
    vector_spki(&spki, v);
    if (can_generate(v->spec)) {
      assert_ok(stardeleg_key_import(&key, test_crypto(), sdg_buf_bytes(&pkcs8)));
      assert_true(sdg_bytes_equal(stardeleg_key_spki(key), sdg_buf_bytes(&spki)));
      assert_ok(sdg_key_sign(key, v->alg, &text, 1, signature, &len));
      assert_int_equal(len, expected.len);
      if (v->alg == STARDELEG_ALG_EDDSA || strcmp(test_crypto()->ops->name, "mbedtls") == 0) {
        assert_memory_equal(signature, expected.base, len);
      }
      stardeleg_key_free(key);
    } else {
      assert_int_not_equal(stardeleg_key_import(&key, test_crypto(), sdg_buf_bytes(&pkcs8)), STARDELEG_OK);
    }
    sdg_buf_clear(&pkcs8);
    sdg_buf_clear(&spki);
    drop(d);
    drop(text);
    drop(expected);
  }
}

/* 0, n and beyond are no private keys. */
static void test_bad_scalars(void **state)
{
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    const key_vector *v = &key_vectors[i];
    const stardeleg_bytes order = from_hex(v->order);

    for (int which = 0; which < 3; which++) {
      uint8_t d[66];
      sdg_buf pkcs8;
      stardeleg_key *key = NULL;

      assert_int_equal(order.len, (v->bits + 7) / 8);
      memcpy(d, order.base, order.len);
      if (which != 1) {
        memset(d, which == 0 ? 0 : 0xff, sizeof(d));
      }
      sdg_buf_init(&pkcs8, 1000);
      vector_pkcs8(&pkcs8, v, sdg_bytes(d, order.len));
      assert_err(STARDELEG_ERR_BAD_KEY, stardeleg_key_import(&key, test_crypto(), sdg_buf_bytes(&pkcs8)));
      assert_null(key);
      sdg_buf_clear(&pkcs8);
    }
    drop(order);
  }
}

/* A file of this folder's siblings: openssl wrote it in all three forms, and in some that are refused. */
static void test_files_of_openssl(void **state)
{
  static const struct {
    const char *file;
    stardeleg_err expected;
    unsigned bits;
  } rows[] = {
      {"ec_pkcs8.pem", STARDELEG_OK, 256},         {"ec_sec1.pem", STARDELEG_OK, 256},
      {"ec_sec1_params.pem", STARDELEG_OK, 256},   {"ec_compressed.pem", STARDELEG_OK, 256},
      {"ec_crlf.pem", STARDELEG_OK, 256},          {"ec_with_certificate.pem", STARDELEG_OK, 256},
      {"rsa_pkcs8.pem", STARDELEG_OK, 2048},       {"rsa_pkcs1.pem", STARDELEG_OK, 2048},
      {"rsa_pkcs1.der", STARDELEG_OK, 2048},       {"ec_sec1.der", STARDELEG_OK, 256},
      {"ec_pkcs8.der", STARDELEG_OK, 256},         {"rsa1024.pem", STARDELEG_ERR_BAD_KEY, 0},
      {"rsa_e3.pem", STARDELEG_ERR_BAD_KEY, 0},    {"rsa_pss.pem", STARDELEG_ERR_BAD_KEY, 0},
      {"secp256k1.pem", STARDELEG_ERR_BAD_KEY, 0}, {"encrypted.pem", STARDELEG_ERR_BAD_KEY, 0},
      {"public.pem", STARDELEG_ERR_BAD_KEY, 0},    {"ec_other_half.der", STARDELEG_ERR_BAD_KEY, 0},
      {"x25519.pem", STARDELEG_ERR_BAD_KEY, 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char path[128];
    size_t len = 0;
    char *text;
    stardeleg_key *key = NULL;
    stardeleg_err got;

    (void)snprintf(path, sizeof(path), "vectors/crypto/%s", rows[i].file);
    text = test_file(path, &len);
    got = stardeleg_key_import(&key, test_crypto(), sdg_bytes(text, len));
    if (got != rows[i].expected) {
      fail_msg("%s: %s", rows[i].file, stardeleg_strerror(got));
    }
    if (got == STARDELEG_OK) {
      assert_int_equal(sdg_key_info(key)->bits, rows[i].bits);
      sign_all(key);
    }
    stardeleg_key_free(key);
    free(text);
  }
}

static void test_not_a_key(void **state)
{
  static const char *const texts[] = {"",
                                      "x",
                                      "-----BEGIN PRIVATE KEY-----\n",
                                      "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
                                      "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
                                      "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
                                      "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
                                      "\x30\x80\x01\x01",
                                      "0\x82\xff\xff"};

  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    stardeleg_key *key = NULL;
    stardeleg_err got = stardeleg_key_import(&key, test_crypto(), sdg_bytes_str(texts[i]));

    if (got != STARDELEG_ERR_MALFORMED && got != STARDELEG_ERR_BAD_KEY) {
      fail_msg("text %zu: %s", i, stardeleg_strerror(got));
    }
    assert_null(key);
  }
}

/* One bit of a good file: refused, or the very same key; never half of one. */
static void test_spoiled_file(void **state)
{
  static const char *const files[] = {"vectors/crypto/ec_pkcs8.der", "vectors/crypto/ec_sec1.der"};

  (void)state;
  for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
    size_t len = 0;
    char *der = test_file(files[f], &len);
    stardeleg_key *good = NULL;
    size_t accepted = 0;

    assert_ok(stardeleg_key_import(&good, test_crypto(), sdg_bytes(der, len)));
    for (size_t at = 0; at < len; at++) {
      stardeleg_key *key = NULL;

      der[at] = (char)(der[at] ^ (1 << at % 8));
      if (stardeleg_key_import(&key, test_crypto(), sdg_bytes(der, len)) == STARDELEG_OK) {
        assert_true(sdg_bytes_equal(stardeleg_key_spki(key), stardeleg_key_spki(good)));
        accepted++;
      }
      stardeleg_key_free(key);
      der[at] = (char)(der[at] ^ (1 << at % 8));
    }
    assert_true(accepted < 16); /* version numbers and other things that some backend does not look at */
    stardeleg_key_free(good);
    free(der);
  }
}

/* Every cut of a good file, and a byte behind it. */
static void test_cut_files(void **state)
{
  size_t len = 0;
  char *der = test_file("vectors/crypto/ec_pkcs8.der", &len);
  stardeleg_key *key = NULL;

  (void)state;
  for (size_t cut = 0; cut < len; cut++) {
    assert_err(STARDELEG_ERR_MALFORMED, stardeleg_key_import(&key, test_crypto(), sdg_bytes(der, cut)));
  }
  assert_err(STARDELEG_ERR_MALFORMED, stardeleg_key_import(&key, test_crypto(), sdg_bytes(der, len + 1))); /* its NUL */
  assert_ok(stardeleg_key_import(&key, test_crypto(), sdg_bytes(der, len)));
  stardeleg_key_free(key);
  free(der);
}

static void test_arguments(void **state)
{
  stardeleg_key *key = NULL;
  stardeleg_crypto_ops older = *test_crypto()->ops;
  const stardeleg_crypto crypto = {&older, test_crypto()->self};

  (void)state;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_key_generate(NULL, test_crypto(), STARDELEG_KEY_P256));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_key_generate(&key, NULL, STARDELEG_KEY_P256));
  assert_err(STARDELEG_ERR_UNSUPPORTED, stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_NONE));
  assert_err(STARDELEG_ERR_UNSUPPORTED, stardeleg_key_generate(&key, test_crypto(), (stardeleg_key_spec)40));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_key_import(NULL, test_crypto(), message));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_key_from_signer(&key, test_crypto(), message, NULL, NULL));
  older.size--; /* a table of an older library */
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_key_generate(&key, &crypto, STARDELEG_KEY_P256));
  older.size++;
  older.key_generate = NULL;
  older.key_import = NULL;
  assert_err(STARDELEG_ERR_UNSUPPORTED, stardeleg_key_generate(&key, &crypto, STARDELEG_KEY_P256));
  assert_err(STARDELEG_ERR_MALFORMED, stardeleg_key_import(&key, &crypto, message));
  stardeleg_crypto_free(NULL);
}

/* --- Foreign signers --- */
typedef enum signer_mood { GOOD, FAILS, FLIPS, TOO_LONG, TOO_SHORT, SAYS_NOTHING } signer_mood;

typedef struct signer {
  stardeleg_key *key;
  signer_mood mood;
  int calls;
} signer;

static stardeleg_err sign_for(void *ctx, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n, uint8_t *out,
                              size_t *len)
{
  signer *s = ctx;

  s->calls++;
  if (s->mood == FAILS) {
    return STARDELEG_ERR_STORE; /* not a code it may use */
  }
  if (s->mood == SAYS_NOTHING) {
    return STARDELEG_OK;
  }
  assert_ok(sdg_key_sign(s->key, alg, pieces, n, out, len));
  out[5] ^= (uint8_t)(s->mood == FLIPS);
  *len = s->mood == TOO_LONG ? STARDELEG_SIGNATURE_MAX + 1 : *len - (s->mood == TOO_SHORT);
  return STARDELEG_OK;
}

static void test_foreign_signer(void **state)
{
  static const struct {
    signer_mood mood;
    stardeleg_err expected;
  } rows[] = {{GOOD, STARDELEG_OK},
              {FAILS, STARDELEG_ERR_CALLBACK},
              {FLIPS, STARDELEG_ERR_CRYPTO},
              {TOO_LONG, STARDELEG_ERR_CRYPTO},
              {TOO_SHORT, STARDELEG_ERR_CRYPTO},
              {SAYS_NOTHING, STARDELEG_ERR_CRYPTO}};
  signer s = {NULL, GOOD, 0};
  stardeleg_key *key = NULL;
  char *pem = NULL;
  size_t len = 0;

  (void)state;
  assert_ok(stardeleg_key_generate(&s.key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_key_from_signer(&key, test_crypto(), stardeleg_key_spki(s.key), sign_for, &s));
  assert_true(sdg_bytes_equal(stardeleg_key_spki(key), stardeleg_key_spki(s.key)));
  assert_err(STARDELEG_ERR_UNSUPPORTED, stardeleg_key_export_pem(key, &pem, &len));
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    static const uint8_t zeroes[STARDELEG_SIGNATURE_MAX];
    uint8_t out[STARDELEG_SIGNATURE_MAX];

    s.mood = rows[i].mood;
    len = 77;
    memset(out, 0xee, sizeof(out));
    assert_err(rows[i].expected, sdg_key_sign(key, STARDELEG_ALG_ES256, &message, 1, out, &len));
    assert_int_equal(len, rows[i].expected == STARDELEG_OK ? 64 : 77);
    if (rows[i].expected != STARDELEG_OK) {
      assert_memory_equal(out, zeroes, sizeof(out)); /* nothing of a failed signature leaves */
    }
  }
  assert_int_equal(s.calls, 6);
  stardeleg_key_free(key);
  assert_err(STARDELEG_ERR_MALFORMED, stardeleg_key_from_signer(&key, test_crypto(), message, sign_for, &s));
  stardeleg_key_free(s.key);
}

/* --- A backend with faults --- */
static stardeleg_err broken_sign(void *self, void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                                 uint8_t *out, size_t *len)
{
  stardeleg_err rv = test_crypto()->ops->sign(self, handle, alg, pieces, n, out, len);

  out[7] ^= 0x10;
  return rv;
}

static stardeleg_err odd_random(void *self, uint8_t *out, size_t len)
{
  (void)self;
  memset(out, 4, len);
  return STARDELEG_ERR_POLICY;
}

/* A wrong signature of an RSA key with CRT gives its factors away: it must not leave. */
static void test_faulty_backend(void **state)
{
  stardeleg_crypto_ops ops = *test_crypto()->ops;
  const stardeleg_crypto crypto = {&ops, test_crypto()->self};
  uint8_t out[STARDELEG_SIGNATURE_MAX];
  size_t file_len = 0;
  size_t len = 0;
  char *pem = test_file("vectors/crypto/rsa_pkcs8.pem", &file_len);
  stardeleg_key *key = NULL;

  (void)state;
  assert_ok(stardeleg_key_import(&key, &crypto, sdg_bytes(pem, file_len)));
  ops.sign = broken_sign;
  assert_err(STARDELEG_ERR_CRYPTO, sdg_key_sign(key, STARDELEG_ALG_RS256, &message, 1, out, &len));
  assert_err(STARDELEG_ERR_CRYPTO, sdg_key_sign(key, STARDELEG_ALG_PS256, &message, 1, out, &len));
  stardeleg_key_free(key);
  assert_err(STARDELEG_ERR_BAD_KEY, stardeleg_key_import(&key, &crypto, sdg_bytes(pem, file_len)));
  ops.random = odd_random;
  assert_err(STARDELEG_ERR_CRYPTO, sdg_random(&crypto, out, 8)); /* POLICY is not a backend's word */
  ops.random = NULL;
  assert_err(STARDELEG_ERR_UNSUPPORTED, sdg_random(&crypto, out, 8));
  free(pem);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_generate_export_import),
      cmocka_unit_test(test_two_keys_differ),
      cmocka_unit_test(test_references),
      cmocka_unit_test(test_published_keys),
      cmocka_unit_test(test_bad_scalars),
      cmocka_unit_test(test_files_of_openssl),
      cmocka_unit_test(test_not_a_key),
      cmocka_unit_test(test_spoiled_file),
      cmocka_unit_test(test_cut_files),
      cmocka_unit_test(test_arguments),
      cmocka_unit_test(test_foreign_signer),
      cmocka_unit_test(test_faulty_backend),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
