/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_verify_test.c -- published and forged signatures. */
#include "support/test.h"

#include "base/bytes.h"
#include "unit/crypto_keys.h"

static sdg_pubkey *vector_key(const key_vector *v)
{
  sdg_pubkey *key = NULL;
  sdg_buf spki;

  sdg_buf_init(&spki, SDG_SPKI_MAX);
  vector_spki(&spki, v);
  assert_ok(sdg_pubkey_import(&key, test_crypto(), sdg_buf_bytes(&spki), NULL));
  sdg_buf_clear(&spki);
  return key;
}

static void test_vectors(void **state)
{
  (void)state;
  for (size_t i = 0; i < KEY_VECTOR_COUNT; i++) {
    const key_vector *v = &key_vectors[i];
    stardeleg_bytes message = from_hex(v->message);
    stardeleg_bytes signature = from_hex(v->signature);
    const stardeleg_bytes pieces[] = {sdg_bytes(message.base, 1), {NULL, 0}, sdg_bytes_from(message, 1)};
    sdg_pubkey *key;

    if (can_verify(v->alg)) {
      key = vector_key(v);
      assert_ok(sdg_pubkey_verify(key, v->alg, &message, 1, signature));
      assert_ok(sdg_pubkey_verify(key, v->alg, pieces, 3, signature));
      assert_err(STARDELEG_ERR_SIGNATURE, sdg_pubkey_verify(key, v->alg, &message, 1, (stardeleg_bytes){NULL, 0}));
      assert_err(STARDELEG_ERR_SIGNATURE, sdg_pubkey_verify(key, v->alg, NULL, 0, signature));
      sdg_pubkey_free(key);
    }
    drop(message);
    drop(signature);
  }
}

/* RFC 8032 7.1, test 1: nothing is a message, too. */
static void test_ed25519_empty(void **state)
{
  static const key_vector v = {STARDELEG_ALG_EDDSA,
                               STARDELEG_KEY_ED25519,
                               255,
                               "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                               "",
                               "",
                               "",
                               "",
                               ""};
  const stardeleg_bytes signature =
      from_hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
               "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
  const stardeleg_bytes nothing = {NULL, 0};
  sdg_pubkey *key;

  (void)state;
  if (can_verify(STARDELEG_ALG_EDDSA)) {
    key = vector_key(&v);
    assert_ok(sdg_pubkey_verify(key, STARDELEG_ALG_EDDSA, NULL, 0, signature));
    assert_ok(sdg_pubkey_verify(key, STARDELEG_ALG_EDDSA, &nothing, 1, signature));
    sdg_pubkey_free(key);
  }
  drop(signature);
}

static void assert_all_bits_matter(const sdg_pubkey *key, stardeleg_alg alg, stardeleg_bytes message,
                                   stardeleg_bytes signature, size_t step)
{
  uint8_t copy[STARDELEG_SIGNATURE_MAX];

  memcpy(copy, signature.base, signature.len);
  for (size_t bit = 0; bit < signature.len * 8; bit += step) {
    copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    assert_err(STARDELEG_ERR_SIGNATURE,
               sdg_pubkey_verify(key, alg, &message, 1, (stardeleg_bytes){copy, signature.len}));
    copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
  }
  assert_ok(sdg_pubkey_verify(key, alg, &message, 1, (stardeleg_bytes){copy, signature.len}));
}

static void test_flipped_bits(void **state)
{
  (void)state;
  for (size_t i = 0; i < KEY_VECTOR_COUNT; i++) {
    const key_vector *v = &key_vectors[i];
    const stardeleg_bytes message = from_hex(v->message);
    const stardeleg_bytes signature = from_hex(v->signature);

    if (can_verify(v->alg)) {
      sdg_pubkey *key = vector_key(v);
      assert_all_bits_matter(key, v->alg, message, signature, 3);
      sdg_pubkey_free(key);
    }
    drop(message);
    drop(signature);
  }
}

/* RFC 7518 3.4: the length is fixed, so DER, short and long forms are refused before anything is computed. */
static void test_lengths(void **state)
{
  (void)state;
  for (size_t i = 0; i < KEY_VECTOR_COUNT; i++) {
    const key_vector *v = &key_vectors[i];
    const stardeleg_bytes message = from_hex(v->message);
    const stardeleg_bytes signature = from_hex(v->signature);
    uint8_t longer[STARDELEG_SIGNATURE_MAX] = {0};

    if (can_verify(v->alg)) {
      sdg_pubkey *key = vector_key(v);

      for (size_t len = 0; len < 200; len++) {
        if (len == signature.len) {
          continue;
        }
        memcpy(longer, signature.base, len < signature.len ? len : signature.len);
        assert_err(STARDELEG_ERR_SIGNATURE,
                   sdg_pubkey_verify(key, v->alg, &message, 1, (stardeleg_bytes){longer, len}));
      }
      memset(longer, 0, sizeof(longer)); /* a zero in front is another length, too */
      memcpy(longer + 1, signature.base, signature.len);
      assert_err(STARDELEG_ERR_SIGNATURE,
                 sdg_pubkey_verify(key, v->alg, &message, 1, (stardeleg_bytes){longer, signature.len + 1}));
      sdg_pubkey_free(key);
    }
    drop(message);
    drop(signature);
  }
}

/* r and s out of their range 1 to n - 1, among them the pairs that once let anybody in. */
static void test_ecdsa_range(void **state)
{
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    const key_vector *v = &key_vectors[i];
    const stardeleg_bytes message = from_hex(v->message);
    const stardeleg_bytes good = from_hex(v->signature);
    const stardeleg_bytes order = from_hex(v->order);
    const size_t half = good.len / 2;
    sdg_pubkey *key = vector_key(v);
    uint8_t values[7][66] = {{0}};

    assert_int_equal(order.len, half);
    /* 0, 1, n - 1, n, n + 1, all ones, the good one (for its own half) */
    values[1][half - 1] = 1;
    for (size_t k = 2; k < 5; k++) {
      memcpy(values[k], order.base, half);
    }
    values[2][half - 1] = (uint8_t)(values[2][half - 1] - 1); /* the orders are odd and do not end in ff */
    values[4][half - 1] = (uint8_t)(values[4][half - 1] + 1);
    memset(values[5], 0xff, half);
    for (size_t r = 0; r < 7; r++) {
      for (size_t s = 0; s < 7; s++) {
        uint8_t forged[132];

        memcpy(forged, r < 6 ? values[r] : good.base, half);
        memcpy(forged + half, s < 6 ? values[s] : good.base + half, half);
        assert_err(r == 6 && s == 6 ? STARDELEG_OK : STARDELEG_ERR_SIGNATURE,
                   sdg_pubkey_verify(key, v->alg, &message, 1, (stardeleg_bytes){forged, good.len}));
      }
    }
    sdg_pubkey_free(key);
    drop(message);
    drop(good);
    drop(order);
  }
}

/* What |alg| makes of a good signature by the key of |v|: another curve's algorithm does not fit, another hash does not
 * verify. */
static stardeleg_err expected_of(const key_vector *v, int alg)
{
  const sdg_alg_info *info = sdg_alg_info_of((stardeleg_alg)alg);
  const sdg_alg_info *own = sdg_alg_info_of(v->alg);

  if (alg == (int)v->alg) {
    return STARDELEG_OK;
  }
  if (info != NULL && info->name == NULL && own->family == STARDELEG_FAMILY_EC) {
    return info->hash == own->hash ? STARDELEG_OK : STARDELEG_ERR_SIGNATURE;
  }
  return STARDELEG_ERR_BAD_KEY;
}

/* The algorithm belongs to the key (RFC 8725 3.1): the signer's "alg" cannot choose another. */
static void test_other_algorithms(void **state)
{
  (void)state;
  for (size_t i = 0; i < KEY_VECTOR_COUNT; i++) {
    const key_vector *v = &key_vectors[i];
    const stardeleg_bytes message = from_hex(v->message);
    const stardeleg_bytes signature = from_hex(v->signature);

    if (can_verify(v->alg)) {
      sdg_pubkey *key = vector_key(v);

      for (int alg = -1; alg <= STARDELEG_ALG_COUNT + 1; alg++) {
        assert_err(expected_of(v, alg),
                   sdg_pubkey_verify(key, (stardeleg_alg)alg, &message, 1, signature));
      }
      sdg_pubkey_free(key);
    }
    drop(message);
    drop(signature);
  }
}

/* RFC 7515 A.3: a key as it comes in a JWK, a message as it comes in a JWS. */
static void test_rfc7515_es256(void **state)
{
  static const key_vector v = {STARDELEG_ALG_ES256,
                               STARDELEG_KEY_P256,
                               256,
                               "7fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445",
                               "c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad",
                               "",
                               "",
                               "",
                               ""};
  static const char text[] = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                             "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  static const uint8_t signature[] = {14,  209, 33,  83,  121, 99,  108, 72,  60,  47,  127, 21,  88,  7,   212, 2,
                                      163, 178, 40,  3,   58,  249, 124, 126, 23,  129, 154, 195, 22,  158, 166, 101,
                                      197, 10,  7,   211, 140, 60,  112, 229, 216, 241, 45,  175, 8,   74,  84,  128,
                                      166, 101, 144, 197, 242, 147, 80,  154, 143, 63,  127, 138, 131, 163, 84,  213};
  const stardeleg_bytes message = sdg_bytes_str(text);
  sdg_pubkey *key = vector_key(&v);

  (void)state;
  assert_ok(sdg_pubkey_verify(key, STARDELEG_ALG_ES256, &message, 1, sdg_bytes(signature, sizeof(signature))));
  sdg_pubkey_free(key);
}

static void check_rsa_line(const char *line, sdg_pubkey **key)
{
  char verdict[8];
  char name[64];
  char alg[8];
  static char hex[1200];
  const stardeleg_bytes message = sdg_bytes_str("sample");
  stardeleg_bytes bytes;
  stardeleg_err got;

  assert_int_equal(sscanf(line, "%7s %63s %7s %1199s", verdict, name, alg, hex), 4);
  bytes = from_hex(hex);
  if (strcmp(verdict, "key") == 0) {
    assert_ok(sdg_pubkey_import(key, test_crypto(), bytes, NULL));
  } else {
    got = sdg_pubkey_verify(*key, sdg_alg_by_name(alg)->alg, &message, 1, bytes);
    if (got != (strcmp(verdict, "good") == 0 ? STARDELEG_OK : STARDELEG_ERR_SIGNATURE)) {
      fail_msg("%s (%s): %s", name, alg, stardeleg_strerror(got));
    }
    if (strcmp(verdict, "good") == 0) {
      assert_all_bits_matter(*key, sdg_alg_by_name(alg)->alg, message, bytes, 7);
    }
  }
  drop(bytes);
}

static void test_rsa(void **state)
{
  char *text = test_file("vectors/crypto/rsa_signatures.txt", NULL);
  sdg_pubkey *key = NULL;
  size_t count = 0;

  (void)state;
  for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    if (line[0] != '#') {
      check_rsa_line(line, &key);
      count++;
    }
  }
  assert_true(count >= 32);
  sdg_pubkey_free(key);
  free(text);
}

/* A signature that as a number is not below the modulus (RFC 8017 5.2.2 step 1), and other edge values. */
static void test_rsa_range(void **state)
{
  char *text = test_file("vectors/crypto/rsa_signatures.txt", NULL);
  const char *line = strstr(text, "\nkey ");
  const stardeleg_bytes message = sdg_bytes_str("sample");
  uint8_t forged[256];
  sdg_pubkey *key = NULL;
  sdg_spki parts;

  (void)state;
  assert_non_null(line);
  *strchr(line + 1, '\n') = '\0';
  check_rsa_line(line + 1, &key);
  assert_ok(sdg_spki_read(&parts, sdg_pubkey_spki(key), NULL));
  for (int alg = STARDELEG_ALG_RS256; alg <= STARDELEG_ALG_PS512; alg++) {
    for (int fill = 0; fill < 256; fill += 51) { /* 0, ..., all ones */
      memset(forged, fill, sizeof(forged));
      assert_err(STARDELEG_ERR_SIGNATURE,
                 sdg_pubkey_verify(key, (stardeleg_alg)alg, &message, 1, sdg_bytes(forged, sizeof(forged))));
    }
    memcpy(forged, parts.n.base, sizeof(forged)); /* n, n - 1, 1 */
    assert_err(STARDELEG_ERR_SIGNATURE,
               sdg_pubkey_verify(key, (stardeleg_alg)alg, &message, 1, sdg_bytes(forged, 256)));
    forged[255] ^= 1;
    assert_err(STARDELEG_ERR_SIGNATURE,
               sdg_pubkey_verify(key, (stardeleg_alg)alg, &message, 1, sdg_bytes(forged, 256)));
    memset(forged, 0, sizeof(forged));
    forged[255] = 1;
    assert_err(STARDELEG_ERR_SIGNATURE,
               sdg_pubkey_verify(key, (stardeleg_alg)alg, &message, 1, sdg_bytes(forged, 256)));
    assert_err(STARDELEG_ERR_SIGNATURE,
               sdg_pubkey_verify(key, (stardeleg_alg)alg, &message, 1, sdg_bytes(forged, 255)));
    assert_err(STARDELEG_ERR_SIGNATURE, sdg_pubkey_verify(key, (stardeleg_alg)alg, &message, 1, sdg_bytes(forged, 0)));
  }
  sdg_pubkey_free(key);
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_vectors),       cmocka_unit_test(test_ed25519_empty),
      cmocka_unit_test(test_flipped_bits),  cmocka_unit_test(test_lengths),
      cmocka_unit_test(test_ecdsa_range),   cmocka_unit_test(test_other_algorithms),
      cmocka_unit_test(test_rfc7515_es256), cmocka_unit_test(test_rsa),
      cmocka_unit_test(test_rsa_range),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
