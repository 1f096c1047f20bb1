/* SPDX-License-Identifier: Apache-2.0 */
/* client_csr_test.c -- requests as every public CA takes them. */
#include "support/test.h"

#include <stardeleg/client.h>
#include "base/bytes.h"
#include "x509/csr.h"

/* T-24, T-25, ACME-7.4-09, ACME-7.4-10: every name in subjectAltName, nothing in the subject */
static void csrs(void **state)
{
  static const stardeleg_identifier good[] = {{"dns", "a.example"}, {"dns", "*.a.example"}, {"ip", "192.0.2.1"},
                                              {"ip", "2001:db8::1"}};
  static const stardeleg_identifier bad[] = {{"dns", "a,DNS:b.example"}, {"dns", ""},
                                             {"dns", "192.0.2.1"},       {"ip", "a.example"},
                                             {"email", "a@b.example"},   {"dns", "a\nb.example"}};
  stardeleg_key *key = NULL;
  sdg_general_name names[8];
  size_t count = 0;
  uint8_t *der = NULL;
  size_t len = 0;
  sdg_csr csr;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_client_csr(&der, &len, key, good, 4));
  assert_ok(sdg_csr_parse(&csr, sdg_bytes(der, len), NULL));
  assert_ok(sdg_csr_verify(&csr, test_crypto(), NULL));
  assert_int_equal(csr.subject_count, 0);
  assert_int_equal(csr.extension_count, 1);
  assert_ok(sdg_x509_read_san(names, 8, &count, csr.extensions[0].value));
  assert_int_equal(count, 4);
  assert_true(sdg_bytes_is(names[1].value, "*.a.example"));
  assert_int_equal(names[2].kind, SDG_GN_IP);
  assert_int_equal(names[3].value.len, 16);
  sdg_csr_clear(&csr);
  free(der);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_client_csr(&der, &len, key, &bad[i], 1));
  }
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_client_csr(&der, &len, key, good, 0));
  stardeleg_key_free(key);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(csrs)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
