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
    assert_int_equal(info->alg, i + 1);
    assert_ptr_equal(sdg_alg_info_of(info->alg), info);
    assert_true(sdg_hash_len(info->hash) >= 32); /* RFC 9115 and CA/B: nothing below SHA-256 signs */
  }
  for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
    assert_null(sdg_alg_by_name(strangers[i]));
  }
  assert_null(sdg_alg_by_name(NULL));
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
      {{STARDELEG_FAMILY_EC, 256}, STARDELEG_ALG_ES256, 1u << STARDELEG_ALG_ES256},
      {{STARDELEG_FAMILY_EC, 384}, STARDELEG_ALG_ES384, 1u << STARDELEG_ALG_ES384},
      {{STARDELEG_FAMILY_EC, 521}, STARDELEG_ALG_ES512, 1u << STARDELEG_ALG_ES512},
      {{STARDELEG_FAMILY_RSA, 2048}, STARDELEG_ALG_RS256, 0x3fu << STARDELEG_ALG_RS256},
      {{STARDELEG_FAMILY_RSA, 4096}, STARDELEG_ALG_RS256, 0x3fu << STARDELEG_ALG_RS256},
      {{STARDELEG_FAMILY_ED, 255}, STARDELEG_ALG_EDDSA, 1u << STARDELEG_ALG_EDDSA},
      {{STARDELEG_FAMILY_EC, 224}, STARDELEG_ALG_NONE, 0},
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

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_fit),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
