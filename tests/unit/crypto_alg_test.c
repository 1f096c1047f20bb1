/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_alg_test.c -- the table of algorithms. */
#include "support/test.h"

#include "crypto/crypto.h"

static void test_names(void **state)
{
  static const char *const names[] = {"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256",
                                      "PS384", "PS512", "EdDSA", "HS256", "HS384", "HS512"};
  static const char *const strangers[] = {"",       "none", "es256", "ES256 ",  " ES256",
                                          "ES256K", "RS1",  "HS1",   "Ed25519", "dir"};

  (void)state;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    const sdg_alg_info *info = sdg_alg_by_name(names[i]);

    assert_non_null(info);
    assert_int_equal(info->alg, i < 10 ? i + 1 : i - 10 + STARDELEG_ALG_HS256);
    assert_ptr_equal(sdg_alg_info_of(info->alg), info);
    assert_true(sdg_hash_len(info->hash) >= 32); /* RFC 9115 and CA/B: nothing below SHA-256 signs */
  }
  for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
    assert_null(sdg_alg_by_name(strangers[i]));
  }
  assert_null(sdg_alg_by_name(NULL));
  for (int alg = STARDELEG_ALG_ECDSA_SHA256; alg <= STARDELEG_ALG_ECDSA_SHA512; alg++) {
    assert_null(sdg_alg_info_of((stardeleg_alg)alg)->name); /* no JWS can ask for them */
  }
  assert_null(sdg_alg_info_of(STARDELEG_ALG_NONE));
  assert_null(sdg_alg_info_of(STARDELEG_ALG_COUNT));
  assert_null(sdg_alg_info_of((stardeleg_alg)-1));
  assert_int_equal(sdg_hash_len((stardeleg_hash)0), 0);
  assert_int_equal(sdg_hash_len((stardeleg_hash)99), 0);
}

static void test_fit(void **state)
{
  static const struct {
    stardeleg_key_info info;
    stardeleg_alg own;
    uint32_t fits;
  } rows[] = {
      {{STARDELEG_FAMILY_EC, 256}, STARDELEG_ALG_ES256, 1u << STARDELEG_ALG_ES256 | 7u << STARDELEG_ALG_ECDSA_SHA256},
      {{STARDELEG_FAMILY_EC, 384}, STARDELEG_ALG_ES384, 1u << STARDELEG_ALG_ES384 | 7u << STARDELEG_ALG_ECDSA_SHA256},
      {{STARDELEG_FAMILY_EC, 521}, STARDELEG_ALG_ES512, 1u << STARDELEG_ALG_ES512 | 7u << STARDELEG_ALG_ECDSA_SHA256},
      {{STARDELEG_FAMILY_RSA, 2048}, STARDELEG_ALG_RS256, 0x3fu << STARDELEG_ALG_RS256},
      {{STARDELEG_FAMILY_RSA, 4096}, STARDELEG_ALG_RS256, 0x3fu << STARDELEG_ALG_RS256},
      {{STARDELEG_FAMILY_ED, 255}, STARDELEG_ALG_EDDSA, 1u << STARDELEG_ALG_EDDSA},
      {{STARDELEG_FAMILY_EC, 224}, STARDELEG_ALG_NONE, 7u << STARDELEG_ALG_ECDSA_SHA256},
      {{0, 0}, STARDELEG_ALG_NONE, 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_int_equal(sdg_alg_for_key(&rows[i].info), rows[i].own);
    for (int alg = -1; alg <= STARDELEG_ALG_COUNT + 1; alg++) {
      bool fits = alg > 0 && (rows[i].fits & (1u << alg)) != 0;

      assert_int_equal(sdg_alg_fits_key((stardeleg_alg)alg, &rows[i].info), fits);
    }
  }
}

/* RFC 5758 3.2: the identifier of the signature names the hash, the key its curve. */
static void test_on_curve(void **state)
{
  static const unsigned sizes[] = {256, 384, 521};
  static const stardeleg_key_info rsa = {STARDELEG_FAMILY_RSA, 2048};

  (void)state;
  for (size_t i = 0; i < 3; i++) {
    const stardeleg_key_info key = {STARDELEG_FAMILY_EC, sizes[i]};

    for (size_t k = 0; k < 3; k++) {
      const stardeleg_alg asked = (stardeleg_alg)(STARDELEG_ALG_ES256 + (int)k);
      const stardeleg_alg got = sdg_alg_on_curve(asked, &key);

      assert_int_equal(got, i == k ? (int)asked : STARDELEG_ALG_ECDSA_SHA256 + (int)k);
      assert_int_equal(sdg_alg_info_of(got)->hash, sdg_alg_info_of(asked)->hash);
      assert_int_equal(sdg_alg_signature_len(got, &key), 2 * ((sizes[i] + 7) / 8));
    }
    assert_int_equal(sdg_alg_on_curve(STARDELEG_ALG_RS256, &key), STARDELEG_ALG_RS256);
  }
  assert_int_equal(sdg_alg_on_curve(STARDELEG_ALG_ES384, &rsa), STARDELEG_ALG_ES384);
  assert_int_equal(sdg_alg_signature_len(STARDELEG_ALG_PS256, &rsa), 256);
  assert_int_equal(sdg_alg_signature_len(STARDELEG_ALG_NONE, &rsa), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_fit),
      cmocka_unit_test(test_on_curve),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
