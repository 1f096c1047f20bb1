/* SPDX-License-Identifier: Apache-2.0 */
/* acme_directory_test.c -- the directory object, one fault at a time. */
#include "support/spoil.h"

#include "acme/directory.h"
#include "base/bytes.h"

#define BASE "https://ca.example/acme"
#define MINIMAL "\"newNonce\":\"" BASE "/n\",\"newAccount\":\"" BASE "/a\",\"newOrder\":\"" BASE "/o\""
#define META                                                                                                           \
  "{\"termsOfService\":\"https://ca.example/terms\",\"website\":\"https://ca.example/\","                              \
  "\"caaIdentities\":[\"ca.example\",\"ca2.example\"],\"profiles\":{\"short\":\"six days\"},"                          \
  "\"externalAccountRequired\":true,"                                                                                  \
  "\"auto-renewal\":{\"min-lifetime\":86400,\"max-duration\":31536000,\"allow-certificate-get\":true},"                \
  "\"delegation-enabled\":true,\"allow-certificate-get\":true}"
static const char full[] = "{" MINIMAL ",\"newAuthz\":\"" BASE "/z\",\"revokeCert\":\"" BASE
                           "/r\",\"keyChange\":\"" BASE "/k\",\"renewalInfo\":\"" BASE "/i\",\"meta\":" META "}";

static stardeleg_err parse(const char *text, stardeleg_problem *problem)
{
  sdg_acme_directory directory;
  stardeleg_err err;

  memset(&directory, 0x5a, sizeof(directory));
  err = sdg_acme_directory_parse(&directory, sdg_bytes_str(text), problem);
  if (err == STARDELEG_OK) {
    sdg_acme_directory_clear(&directory);
  } else {
    assert_int_equal(*(unsigned char *)&directory, 0x5a); /* left as it was */
  }
  return err;
}

/* ACME-7.1.1-01, -02, -04, -05 */
static void spoiled(void **state)
{
  static const spoiling cases[] = {
      {"newNonce", NULL, false, "/newNonce"},
      {"newAccount", NULL, false, "/newAccount"},
      {"newOrder", NULL, false, "/newOrder"},
      {"newNonce", "null", false, "/newNonce"},
      {"newNonce", "1", false, "/newNonce"},
      {"newNonce", "\"\"", false, "/newNonce"},
      {"newNonce", "\"/acme/n\"", false, "/newNonce"},
      {"newNonce", "\"ftp://ca.example/n\"", false, "/newNonce"},
      {"newNonce", "\"https://user@ca.example/n\"", false, "/newNonce"},
      {"newNonce", "\"https://ca.example/a b\"", false, "/newNonce"},
      {"newNonce", "\"https://ca.example/\\u000a\"", false, "/newNonce"},
      {"newOrder", "[\"https://ca.example/o\"]", false, "/newOrder"},
      {"newAuthz", NULL, true, NULL},
      {"revokeCert", NULL, true, NULL},
      {"keyChange", NULL, true, NULL},
      {"renewalInfo", NULL, true, NULL},
      {"meta", NULL, true, NULL},
      {"meta", "{}", true, NULL},
      {"meta", "{\"random\":1}", true, NULL},
      {"meta", "null", true, NULL},
      {"meta", "[]", false, "/meta"},
      /* null is absent, where that does no harm: servers of others write it */
      {"newAuthz", "null", true, NULL},
      {"revokeCert", "null", true, NULL},
      {"keyChange", "null", true, NULL},
      {"renewalInfo", "null", true, NULL},
      {"meta",
       "{\"termsOfService\":null,\"website\":null,\"externalAccountRequired\":null,\"caaIdentities\":null,"
       "\"profiles\":null,\"auto-renewal\":null,\"delegation-enabled\":null,\"allow-certificate-get\":null}",
       true, NULL},
      {"meta", "{\"auto-renewal\":{\"min-lifetime\":null,\"max-duration\":2}}", false, "/min-lifetime"},
      {"newAccount", "null", false, "/newAccount"},
      {"meta", "{\"externalAccountRequired\":\"true\"}", false, "/externalAccountRequired"},
      {"meta", "{\"delegation-enabled\":1}", false, "/delegation-enabled"},
      {"meta", "{\"allow-certificate-get\":\"yes\"}", false, "/allow-certificate-get"},
      {"meta", "{\"website\":[]}", false, "/website"},
      {"meta", "{\"caaIdentities\":[]}", true, NULL},
      {"meta", "{\"caaIdentities\":\"ca.example\"}", false, "/caaIdentities"},
      {"meta", "{\"caaIdentities\":[1]}", false, "/caaIdentities/0"},
      /* PROF-3-01 */
      {"meta", "{\"profiles\":{}}", true, NULL},
      {"meta", "{\"profiles\":[\"short\"]}", false, "/profiles"},
      {"meta", "{\"auto-renewal\":true}", false, "/auto-renewal"},
      /* STAR-3.2-01: both are needed */
      {"meta", "{\"auto-renewal\":{}}", false, "/min-lifetime"},
      {"meta", "{\"auto-renewal\":{\"min-lifetime\":1}}", false, "/max-duration"},
      {"meta", "{\"auto-renewal\":{\"min-lifetime\":1.5,\"max-duration\":2}}", false, "/min-lifetime"},
      {"meta", "{\"auto-renewal\":{\"min-lifetime\":-1,\"max-duration\":2}}", false, "/min-lifetime"},
      {"meta", "{\"auto-renewal\":{\"min-lifetime\":1,\"max-duration\":99999999999999999999}}", false, "/max-duration"},
      {"meta", "{\"auto-renewal\":{\"min-lifetime\":1,\"max-duration\":2}}", true, NULL},
      /* STAR-3.2-04: the hyphenated names of the figure are no names */
      {"new-nonce", "\"https://ca.example/n\"", true, NULL},
  };

  (void)state;
  spoil_all(parse, full, cases, sizeof(cases) / sizeof(cases[0]));
  assert_err(STARDELEG_ERR_MALFORMED, parse("", NULL));
  assert_err(STARDELEG_ERR_MALFORMED, parse("[]", NULL));
  assert_err(STARDELEG_ERR_MALFORMED, parse("\"x\"", NULL));
  assert_err(STARDELEG_ERR_MALFORMED, parse("{" MINIMAL "}x", NULL));
}

static void write_twice(const char *text)
{
  sdg_acme_directory directory;
  sdg_json_writer w;
  sdg_buf out;
  sdg_buf again;

  sdg_buf_init(&out, 1u << 16);
  sdg_buf_init(&again, 1u << 16);
  assert_ok(sdg_acme_directory_parse(&directory, sdg_bytes_str(text), NULL));
  sdg_jw_init(&w, &out);
  sdg_acme_directory_write(&w, &directory);
  sdg_acme_directory_clear(&directory);
  assert_ok(sdg_acme_directory_parse(&directory, sdg_buf_bytes(&out), NULL));
  sdg_jw_init(&w, &again);
  sdg_acme_directory_write(&w, &directory);
  assert_string_equal(sdg_buf_str(&out), sdg_buf_str(&again));
  sdg_acme_directory_clear(&directory);
  sdg_buf_clear(&out);
  sdg_buf_clear(&again);
}

static void round_trip(void **state)
{
  sdg_acme_directory directory;

  (void)state;
  write_twice(full);
  write_twice("{" MINIMAL "}");
  assert_ok(sdg_acme_directory_parse(&directory, sdg_bytes_str(full), NULL));
  assert_string_equal(directory.new_authz, BASE "/z");
  assert_string_equal(directory.terms_of_service, "https://ca.example/terms");
  assert_true(directory.external_account_required && directory.has_auto_renewal && directory.star_certificate_get);
  assert_true(directory.delegation_enabled && directory.certificate_get);
  assert_int_equal(directory.caa_identity_count, 2);
  assert_string_equal(directory.caa_identities[1], "ca2.example");
  /* PROF-3-02: names and descriptions can be shown */
  assert_string_equal(sdg_json_string(sdg_json_member(directory.profiles, "short")), "six days");
  assert_true(sdg_acme_directory_has_profile(&directory, "short"));
  assert_false(sdg_acme_directory_has_profile(&directory, "long"));
  assert_int_equal(directory.star_min_lifetime_s, 86400);
  assert_int_equal(directory.star_max_duration_s, 31536000);
  sdg_acme_directory_clear(&directory);
  assert_ok(sdg_acme_directory_parse(&directory, sdg_bytes_str("{" MINIMAL "}"), NULL));
  assert_false(directory.has_auto_renewal || directory.delegation_enabled || directory.certificate_get);
  assert_null(directory.new_authz);
  assert_false(sdg_acme_directory_has_profile(&directory, "short"));
  sdg_acme_directory_clear(&directory);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(spoiled), cmocka_unit_test(round_trip)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
