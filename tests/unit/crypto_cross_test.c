/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_cross_test.c -- the backends against each other: each signs, the other verifies; each exports, the other
 * imports.  Two that share a mistake are less likely than one that makes it. */
#include "support/test.h"

#if STARDELEG_HAVE_OPENSSL
#include <stardeleg/crypto_openssl.h>
#endif

#include "base/bytes.h"
#include "crypto/crypto.h"

#if STARDELEG_HAVE_OPENSSL
static void check_signatures(stardeleg_key *key, const stardeleg_crypto *other)
{
  sdg_pubkey *pub = NULL;

  assert_ok(sdg_pubkey_import(&pub, other, stardeleg_key_spki(key), NULL));
  for (int alg = STARDELEG_ALG_ES256; alg <= STARDELEG_ALG_EDDSA; alg++) {
    if (!sdg_alg_fits_key((stardeleg_alg)alg, sdg_key_info(key))) {
      continue;
    }
    for (uint8_t round = 0; round < 8; round++) { /* r, s and RSA values with leading zeros turn up now and then */
      const stardeleg_bytes pieces[] = {{&round, 1}, sdg_bytes_str("some text")};
      uint8_t signature[STARDELEG_SIGNATURE_MAX];
      size_t len = 0;

      assert_ok(sdg_key_sign(key, (stardeleg_alg)alg, pieces, 2, signature, &len));
      assert_ok(sdg_pubkey_verify(pub, (stardeleg_alg)alg, pieces, 2, sdg_bytes(signature, len)));
      signature[len - 1] ^= 1;
      assert_err(STARDELEG_ERR_SIGNATURE,
                 sdg_pubkey_verify(pub, (stardeleg_alg)alg, pieces, 2, sdg_bytes(signature, len)));
    }
  }
  sdg_pubkey_free(pub);
}

static void check_pair(const stardeleg_crypto *one, const stardeleg_crypto *other)
{
  for (int spec = STARDELEG_KEY_P256; spec <= STARDELEG_KEY_RSA2048; spec++) {
    stardeleg_key *key = NULL;
    stardeleg_key *copy = NULL;
    char *pem = NULL;
    size_t len = 0;

    assert_ok(stardeleg_key_generate(&key, one, (stardeleg_key_spec)spec));
    assert_ok(stardeleg_key_export_pem(key, &pem, &len));
    assert_ok(stardeleg_key_import(&copy, other, sdg_bytes(pem, len)));
    assert_true(sdg_bytes_equal(stardeleg_key_spki(key), stardeleg_key_spki(copy)));
    check_signatures(key, other);
    check_signatures(copy, one);
    stardeleg_secret_free(pem, len);
    stardeleg_key_free(key);
    stardeleg_key_free(copy);
  }
}

static void test_backends(void **state)
{
  stardeleg_crypto *mbed = NULL;
  stardeleg_crypto *ossl = NULL;

  (void)state;
  assert_ok(stardeleg_crypto_mbedtls_new(&mbed));
  assert_ok(stardeleg_crypto_openssl_new(&ossl));
  check_pair(mbed, ossl);
  check_pair(ossl, mbed);
  stardeleg_crypto_free(mbed);
  stardeleg_crypto_free(ossl);
}

/* Both write the very same PKCS#8 for EC keys, so that files do not change with the backend. */
static void test_same_files(void **state)
{
  size_t file_len = 0;
  char *file = test_file("vectors/crypto/ec_pkcs8.pem", &file_len);
  stardeleg_crypto *crypto[2] = {NULL, NULL};

  (void)state;
  assert_ok(stardeleg_crypto_mbedtls_new(&crypto[0]));
  assert_ok(stardeleg_crypto_openssl_new(&crypto[1]));
  for (size_t i = 0; i < 2; i++) {
    stardeleg_key *key = NULL;
    char *pem = NULL;
    size_t len = 0;

    assert_ok(stardeleg_key_import(&key, crypto[i], sdg_bytes(file, file_len)));
    assert_ok(stardeleg_key_export_pem(key, &pem, &len));
    assert_string_equal(pem, file);
    stardeleg_secret_free(pem, len);
    stardeleg_key_free(key);
    stardeleg_crypto_free(crypto[i]);
  }
  free(file);
}
#else
static void test_backends(void **state)
{
  (void)state;
  skip();
}

static void test_same_files(void **state)
{
  (void)state;
  skip();
}
#endif

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_backends),
      cmocka_unit_test(test_same_files),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
