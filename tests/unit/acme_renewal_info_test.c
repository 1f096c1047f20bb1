/* SPDX-License-Identifier: Apache-2.0 */
/* acme_renewal_info_test.c -- the renewalInfo object and certificate identifiers, one fault at a time. */
#include "support/spoil.h"

#include "acme/renewal_info.h"
#include "base/bytes.h"

static const char full[] =
    "{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\",\"end\":\"2025-01-03T04:00:00Z\"},"
    "\"explanationURL\":\"https://acme.example.com/docs/ari\"}";

static stardeleg_err parse(const char *text, stardeleg_problem *problem)
{
  sdg_acme_renewal_info info;
  stardeleg_err err;

  memset(&info, 0x5a, sizeof(info));
  err = sdg_acme_renewal_info_parse(&info, sdg_bytes_str(text), problem);
  if (err == STARDELEG_OK) {
    sdg_acme_renewal_info_clear(&info);
  } else {
    assert_int_equal(*(unsigned char *)&info, 0x5a); /* left as it was */
  }
  return err;
}

/* ARI-4.2-01, ARI-4.2-03 */
static void spoiled(void **state)
{
  static const spoiling cases[] = {
      {"suggestedWindow", NULL, false, "/suggestedWindow"},
      {"suggestedWindow", "null", false, "/suggestedWindow"},
      {"suggestedWindow", "[]", false, "/suggestedWindow"},
      {"suggestedWindow", "{}", false, "/start"},
      {"suggestedWindow", "{\"start\":\"2025-01-02T04:00:00Z\"}", false, "/end"},
      {"suggestedWindow", "{\"end\":\"2025-01-02T04:00:00Z\"}", false, "/start"},
      {"suggestedWindow", "{\"start\":1735790400,\"end\":1735876800}", false, "/start"},
      {"suggestedWindow", "{\"start\":\"2025-01-02\",\"end\":\"2025-01-03\"}", false, "/start"},
      {"suggestedWindow", "{\"start\":\"2025-01-02T04:00:00Z\",\"end\":\"2025-01-02T04:00:00Z\"}", false,
       "/suggestedWindow"},
      {"suggestedWindow", "{\"start\":\"2025-01-02T04:00:00Z\",\"end\":\"2025-01-01T04:00:00Z\"}", false,
       "/suggestedWindow"},
      {"suggestedWindow", "{\"start\":\"0001-01-01T00:00:00Z\",\"end\":\"9999-12-31T23:59:59Z\"}", true, NULL},
      {"explanationURL", NULL, true, NULL},
      {"explanationURL", "null", true, NULL},
      {"explanationURL", "\"javascript:alert(1)\"", true, NULL},
      {"explanationURL", "7", true, NULL},
  };

  (void)state;
  spoil_all(parse, full, cases, sizeof(cases) / sizeof(cases[0]));
  assert_err(STARDELEG_ERR_MALFORMED, parse("", NULL));
  assert_err(STARDELEG_ERR_MALFORMED, parse("[]", NULL));
}

static void round_trip(void **state)
{
  sdg_acme_renewal_info info;
  sdg_json_writer w;
  sdg_buf out;

  (void)state;
  assert_ok(sdg_acme_renewal_info_parse(&info, sdg_bytes_str(full), NULL));
  assert_true(info.start == 1735790400000 && info.end == 1735876800000);
  assert_string_equal(info.explanation_url, "https://acme.example.com/docs/ari");
  sdg_buf_init(&out, 4096);
  sdg_jw_init(&w, &out);
  sdg_acme_renewal_info_write(&w, &info);
  assert_string_equal(sdg_buf_str(&out), full);
  sdg_buf_clear(&out);
  sdg_acme_renewal_info_clear(&info);
  /* what is no URL is not shown to anybody */
  assert_ok(sdg_acme_renewal_info_parse(&info,
                                        SDG_BYTES_LITERAL("{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\","
                                                          "\"end\":\"2025-01-03T04:00:00Z\"},"
                                                          "\"explanationURL\":\"file:///etc/passwd\"}"),
                                        NULL));
  assert_null(info.explanation_url);
  sdg_acme_renewal_info_clear(&info);
}

/* ARI-4.1-01, ARI-4.1-02: RFC 9773's own example, the leading zero octet of the serial number included */
static void certificate_id(void **state)
{
  static const uint8_t key_id[] = {0x69, 0x88, 0x5B, 0x6B, 0x87, 0x46, 0x40, 0x41, 0xE1, 0xB3,
                                   0x7B, 0x84, 0x7B, 0xA0, 0xAE, 0x2C, 0xDE, 0x01, 0xC8, 0xD4};
  static const uint8_t serial[] = {0x00, 0x87, 0x65, 0x43, 0x21};
  sdg_buf out;
  sdg_buf a;
  sdg_buf b;

  (void)state;
  sdg_buf_init(&out, 1024);
  sdg_buf_init(&a, 1024);
  sdg_buf_init(&b, 1024);
  assert_ok(sdg_acme_certificate_id_write(&out, sdg_bytes(key_id, sizeof(key_id)), sdg_bytes(serial, sizeof(serial))));
  assert_string_equal(sdg_buf_str(&out), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
  assert_ok(sdg_acme_certificate_id_read(&a, &b, sdg_buf_bytes(&out)));
  assert_true(sdg_bytes_equal(sdg_buf_bytes(&a), sdg_bytes(key_id, sizeof(key_id))));
  assert_true(sdg_bytes_equal(sdg_buf_bytes(&b), sdg_bytes(serial, sizeof(serial))));
  /* ARI-4.1-04 */
  assert_err(STARDELEG_ERR_NOT_FOUND,
             sdg_acme_certificate_id_write(&out, (stardeleg_bytes){NULL, 0}, sdg_bytes(serial, sizeof(serial))));
  assert_err(STARDELEG_ERR_NOT_FOUND,
             sdg_acme_certificate_id_write(&out, sdg_bytes(key_id, sizeof(key_id)), (stardeleg_bytes){NULL, 0}));
  sdg_buf_clear(&out);
  sdg_buf_clear(&a);
  sdg_buf_clear(&b);
}

static void bad_certificate_ids(void **state)
{
  static const char *const bad[] = {"",         ".",          "aYhb",         "aYhb.",    ".aYhb",   "aYhb=.AIdlQyE",
                                    "aYhb.AIdlQyE=", "aYhb.AIdl.QyE", "aYhb.AI/lQyE", "aYh b.AIdl", "../x.AIdl"};
  char longer[300];
  sdg_buf a;
  sdg_buf b;

  (void)state;
  sdg_buf_init(&a, 1024);
  sdg_buf_init(&b, 1024);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_err(STARDELEG_ERR_MALFORMED, sdg_acme_certificate_id_read(&a, &b, sdg_bytes_str(bad[i])));
  }
  memset(longer, 'A', sizeof(longer));
  longer[4] = '.';
  longer[sizeof(longer) - 1] = '\0';
  assert_err(STARDELEG_ERR_MALFORMED, sdg_acme_certificate_id_read(&a, &b, sdg_bytes_str(longer)));
  sdg_buf_clear(&a);
  sdg_buf_clear(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(spoiled), cmocka_unit_test(round_trip),
                                     cmocka_unit_test(certificate_id), cmocka_unit_test(bad_certificate_ids)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
