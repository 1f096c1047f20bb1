/* SPDX-License-Identifier: Apache-2.0 */
/* unit/x509_chain_test.c -- chains as servers send them (RFC 8555 7.4.2, 9.1), and what must not pass for one. */
#include "support/test.h"

#include "base/bytes.h"
#include "der/pem.h"
#include "x509/cert.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOT_BEFORE INT64_C(1769817600000)

/* Appends a small certificate with |serial|; no one verifies its signature here. */
static void put_certificate(sdg_buf *out, uint8_t serial)
{
  size_t cert = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t tbs = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t field = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(0));

  sdg_der_put_uint(out, 2);
  sdg_der_put_end(out, field);
  sdg_der_put_uint(out, serial);
  sdg_x509_put_algorithm(out, STARDELEG_ALG_ES256);
  sdg_x509_put_name(out, NULL, 0);
  field = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  sdg_der_put_time(out, NOT_BEFORE);
  sdg_der_put_time(out, NOT_BEFORE);
  sdg_der_put_end(out, field);
  sdg_x509_put_name(out, NULL, 0);
  sdg_x509_put_name(out, NULL, 0); /* in the place of a key: only the frame counts */
  sdg_der_put_end(out, tbs);
  sdg_x509_put_algorithm(out, STARDELEG_ALG_ES256);
  sdg_der_put_bits(out, sdg_bytes("\x30\x00", 2), 0);
  sdg_der_put_end(out, cert);
}

/* Appends |count| blocks, serials from 1 on. */
static void put_chain(sdg_buf *pem, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    sdg_buf der;

    sdg_buf_init(&der, 1000);
    put_certificate(&der, (uint8_t)(i + 1));
    sdg_pem_write(pem, "CERTIFICATE", sdg_buf_bytes(&der));
    sdg_buf_clear(&der);
  }
  assert_ok(sdg_buf_error(pem));
}

static void check_chain(const sdg_chain *chain, size_t count)
{
  sdg_cert *cert = malloc(sizeof *cert);

  assert_non_null(cert);
  assert_int_equal(chain->count, count);
  for (size_t i = 0; i < count; i++) {
    assert_ok(sdg_cert_parse(cert, chain->certs[i]));
    assert_int_equal(cert->serial.base[0], i + 1);
  }
  free(cert);
}

static void reads_chains_of_every_length(void **state)
{
  (void)state;
  for (size_t count = 1; count <= SDG_CHAIN_MAX; count++) {
    sdg_chain chain;
    sdg_buf pem;

    sdg_buf_init(&pem, 1u << 20);
    put_chain(&pem, count);
    assert_ok(sdg_chain_parse(&chain, sdg_buf_bytes(&pem)));
    check_chain(&chain, count);
    sdg_chain_clear(&chain);
    sdg_buf_clear(&pem);
  }
}

static void stops_at_too_many(void **state)
{
  static const size_t counts[] = {SDG_CHAIN_MAX + 1, 1000};

  (void)state;
  for (size_t i = 0; i < COUNT(counts); i++) {
    sdg_chain chain;
    sdg_buf pem;

    memset(&chain, 0x55, sizeof chain);
    sdg_buf_init(&pem, 1u << 20);
    put_chain(&pem, counts[i]);
    assert_err(STARDELEG_ERR_LIMIT, sdg_chain_parse(&chain, sdg_buf_bytes(&pem)));
    assert_int_equal(chain.count, 0);
    assert_null(chain.der.base);
    sdg_buf_clear(&pem);
  }
}

static void stops_at_too_long(void **state)
{
  sdg_chain chain;
  sdg_buf pem;
  uint8_t *blanks;

  (void)state;
  sdg_buf_init(&pem, 1u << 20);
  put_chain(&pem, 1);
  blanks = sdg_buf_add_room(&pem, SDG_CHAIN_BYTES_MAX - pem.len);
  assert_non_null(blanks);
  memset(blanks, '\n', pem.len - (size_t)(blanks - pem.base));
  assert_ok(sdg_chain_parse(&chain, sdg_buf_bytes(&pem)));
  sdg_chain_clear(&chain);
  sdg_buf_add_byte(&pem, '\n');
  assert_err(STARDELEG_ERR_LIMIT, sdg_chain_parse(&chain, sdg_buf_bytes(&pem)));
  sdg_buf_clear(&pem);
}

/* ACME-11.4-01, ACME-9.1-01 */
static void refuses_other_blocks(void **state)
{
  static const char *const labels[] = {"PRIVATE KEY", "EC PRIVATE KEY",      "X509 CERTIFICATE", "TRUSTED CERTIFICATE",
                                       "certificate", "CERTIFICATE REQUEST", "X509 CRL",         "CERTIFICATES"};

  (void)state;
  for (size_t i = 0; i < COUNT(labels); i++) {
    for (size_t before = 0; before <= 1; before++) {
      sdg_chain chain;
      sdg_buf pem;
      sdg_buf der;

      print_message("%s\n", labels[i]);
      sdg_buf_init(&pem, 10000);
      sdg_buf_init(&der, 1000);
      put_chain(&pem, before);
      put_certificate(&der, 1);
      sdg_pem_write(&pem, labels[i], sdg_buf_bytes(&der));
      put_chain(&pem, 1 - before);
      assert_err(STARDELEG_ERR_MALFORMED, sdg_chain_parse(&chain, sdg_buf_bytes(&pem)));
      assert_int_equal(chain.count, 0);
      sdg_buf_clear(&pem);
      sdg_buf_clear(&der);
    }
  }
}

static void refuses_bad_texts(void **state)
{
  static const struct {
    const char *before;
    const char *between;
    const char *behind;
    bool good;
  } cases[] = {
      {"", "", "", true},
      {"\r\n", "\n\n", " \n", true},
      {"s:/CN=a\n", "", "", false},
      {"", "s:/CN=a\n", "", false},
      {"", "", "s:/CN=a\n", false},
      {"", "", "-----BEGIN CERTIFICATE-----\n", false},
      {"\xef\xbb\xbf", "", "", false},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    sdg_chain chain;
    sdg_buf pem;

    sdg_buf_init(&pem, 10000);
    sdg_buf_add_str(&pem, cases[i].before);
    put_chain(&pem, 1);
    sdg_buf_add_str(&pem, cases[i].between);
    put_chain(&pem, 1);
    sdg_buf_add_str(&pem, cases[i].behind);
    if (cases[i].good) {
      assert_ok(sdg_chain_parse(&chain, sdg_buf_bytes(&pem)));
      assert_int_equal(chain.count, 2);
      sdg_chain_clear(&chain);
    } else {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_chain_parse(&chain, sdg_buf_bytes(&pem)));
    }
    sdg_buf_clear(&pem);
  }
}

/* A block that is no certificate is found wherever it stands, as is one with an octet behind. */
static void checks_every_certificate(void **state)
{
  (void)state;
  for (size_t bad = 0; bad < SDG_CHAIN_MAX; bad++) {
    for (int trailing = 0; trailing < 2; trailing++) {
      sdg_chain chain;
      sdg_buf pem;
      sdg_buf der;

      sdg_buf_init(&pem, 100000);
      sdg_buf_init(&der, 1000);
      for (size_t i = 0; i < SDG_CHAIN_MAX; i++) {
        sdg_buf_reset(&der);
        put_certificate(&der, 1);
        if (i == bad && trailing) {
          sdg_buf_add_byte(&der, 0);
        } else if (i == bad) {
          sdg_buf_truncate(&der, der.len - 1);
        }
        sdg_pem_write(&pem, "CERTIFICATE", sdg_buf_bytes(&der));
      }
      assert_err(STARDELEG_ERR_MALFORMED, sdg_chain_parse(&chain, sdg_buf_bytes(&pem)));
      sdg_buf_clear(&pem);
      sdg_buf_clear(&der);
    }
  }
}

static void refuses_nothing_at_all(void **state)
{
  sdg_chain chain;

  (void)state;
  assert_err(STARDELEG_ERR_MALFORMED, sdg_chain_parse(&chain, sdg_bytes(NULL, 0)));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_chain_parse(&chain, sdg_bytes_str("\n \n")));
  sdg_chain_clear(&chain);
  sdg_chain_clear(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_chains_of_every_length),
      cmocka_unit_test(stops_at_too_many),
      cmocka_unit_test(stops_at_too_long),
      cmocka_unit_test(refuses_other_blocks),
      cmocka_unit_test(refuses_bad_texts),
      cmocka_unit_test(checks_every_certificate),
      cmocka_unit_test(refuses_nothing_at_all),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
