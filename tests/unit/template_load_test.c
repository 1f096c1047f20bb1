/* SPDX-License-Identifier: Apache-2.0 */
/* template_load_test.c -- templates: what loads, what does not, where and why. */
#include "support/test.h"

#include <stdbool.h>

#include <stardeleg/template.h>

static stardeleg_err load_text(stardeleg_template **out, const char *text, const stardeleg_template_options *options,
                               stardeleg_report **report)
{
  return stardeleg_template_load(out, (stardeleg_bytes){(const uint8_t *)text, strlen(text)}, options, report);
}

static stardeleg_err load_file(stardeleg_template **out, const char *path, const stardeleg_template_options *options,
                               stardeleg_report **report)
{
  size_t len = 0;
  char *text = test_file(path, &len);
  stardeleg_err err = stardeleg_template_load(out, (stardeleg_bytes){(const uint8_t *)text, len}, options, report);

  free(text); /* the template keeps nothing of it */
  return err;
}

static void show(const char *name, const stardeleg_report *report)
{
  for (size_t i = 0; i < stardeleg_report_count(report); i++) {
    const stardeleg_finding *f = stardeleg_report_get(report, i);

    print_message("# %s: %s [%s] %s\n", name, f->place, f->rule, f->detail);
  }
}

/* --- Files --- */

static void load_good(const char *path, const char *name)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_template *again = NULL;
  stardeleg_report *report = NULL;
  stardeleg_err err = load_file(&tmpl, path, NULL, &report);

  if (err != STARDELEG_OK) {
    show(name, report);
    fail_msg("%s: %s", name, stardeleg_strerror(err));
  }
  assert_false(stardeleg_report_is_refusal(report));
  assert_int_equal(stardeleg_report_count(report) != 0, strstr(name, "_warns") != NULL);
  stardeleg_report_free(report);

  /* The canonical text loads again and is its own canonical text: the snapshot of an order (AMB-19). */
  assert_ok(load_text(&again, stardeleg_template_json(tmpl), NULL, NULL));
  assert_string_equal(stardeleg_template_json(tmpl), stardeleg_template_json(again));
  stardeleg_template_free(tmpl);
  stardeleg_template_free(again);
}

static void test_good_files(void **state)
{
  (void)state;
  assert_true(test_files("vectors/template", "GOOD_", load_good) >= 50);
}

static void load_fail(const char *path, const char *name)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  stardeleg_problem problem;
  stardeleg_err err = load_file(&tmpl, path, NULL, &report);

  if (err != STARDELEG_ERR_MALFORMED && err != STARDELEG_ERR_POLICY && err != STARDELEG_ERR_LIMIT) {
    fail_msg("%s: %s", name, stardeleg_strerror(err));
  }
  assert_null(tmpl);
  if (!stardeleg_report_is_refusal(report)) {
    fail_msg("%s: no finding", name);
  }
  for (size_t i = 0; i < stardeleg_report_count(report); i++) {
    const stardeleg_finding *f = stardeleg_report_get(report, i);

    assert_string_not_equal(f->rule, "");
    assert_string_not_equal(f->detail, "");
    assert_int_equal(f->acme, STARDELEG_ACME_MALFORMED);
  }
  stardeleg_report_to_problem(report, &problem);
  assert_int_equal(problem.acme, STARDELEG_ACME_MALFORMED);
  assert_int_equal(problem.subproblem_count, 0);
  stardeleg_report_free(report);
}

/* STARDEL-4.1-15; decision 52: everything is validated on load, whoever loads. */
static void test_fail_files(void **state)
{
  (void)state;
  assert_true(test_files("vectors/template", "FAIL_", load_fail) >= 130);
}

/* --- Row by row --- */

/* For each row of the schema what loads and what does not: names of files without GOOD_ and FAIL_. */
static const struct {
  const char *good[10];
  const char *bad[18];
} rows[] = {
    /* STARDEL-A-01: exactly these members, plain JSON */
    {{"figure10", "no_subject", "members_in_another_order", "strings_escaped"},
     {"empty", "null", "number", "array_at_top", "extra_member_top", "extra_member_other_case",
      "extra_member_extensions", "rsa_extra_member", "subject_unknown_member", "comment", "trailing_comma",
      "trailing_bytes", "single_quotes", "subject_twice", "utf16", "bom"}},
    /* STARDEL-A-02: a kind of key at least */
    {{"ec_p384", "rsa_two_signature_types", "key_types_repeated"},
     {"key_types_missing", "key_types_empty", "key_types_no_array", "key_type_empty", "key_type_unknown"}},
    /* STARDEL-A-03: one of seven attributes, each a text */
    {{"country_mandatory", "organization_literal", "subject_all_seven_optional_warns"},
     {"subject_empty", "subject_null", "subject_value_array", "subject_unknown_member", "subject_other_case"}},
    /* STARDEL-A-04: alternative names of one kind at least */
    {{"email_only", "uri_only", "dns_mandatory"},
     {"extensions_missing", "extensions_empty", "san_missing", "san_empty", "san_unknown_kind",
      "san_unknown_kind_beside_dns"}},
    /* STARDEL-A-05: arrays, and not empty */
    {{"dns_two_literals", "eku_by_oid", "ku_seven_names"},
     {"dns_empty_array", "email_empty_array", "ku_empty", "eku_empty", "dns_no_array", "ku_text", "dns_null",
      "dns_number"}},
    /* STARDEL-A-06: wildcards in the subject and in DNS only */
    {{"dns_mandatory", "dns_optional", "country_mandatory", "country_optional"},
     {"email_wildcard", "email_optional_wildcard", "uri_wildcard", "ku_wildcard", "eku_wildcard"}},
    /* STARDEL-A-07: what else has stars in it is a literal; none is empty or has line breaks */
    {{"dns_wildcard_name_is_a_literal", "organization_three_stars_is_a_literal",
      "organization_star_and_x_is_a_literal", "organization_stars_and_blank_is_a_literal"},
     {"subject_value_empty", "dns_empty_literal", "subject_line_break", "subject_carriage_return", "dns_line_break"}},
    /* STARDEL-A-08: RSA, six signatures */
    {{"rsa_sha256_pkcs1", "rsa_sha384_pkcs1", "rsa_sha512_pkcs1", "rsa_sha256_pss", "rsa_sha384_pss",
      "rsa_sha512_pss"},
     {"rsa_length_missing", "rsa_length_negative", "rsa_length_fraction", "rsa_length_text", "rsa_length_zero",
      "rsa_with_curve", "rsa_with_ecdsa_signature", "rsa_signature_sha1"}},
    /* STARDEL-A-09: EC, three curves */
    {{"figure10", "ec_p384", "ec_p521"},
     {"ec_curve_missing", "ec_curve_secp256k1", "ec_curve_other_case", "ec_with_length", "ec_signature_missing",
      "ec_with_rsa_signature"}},
    /* STARDEL-A-10: curve and signature are a pair */
    {{"figure10", "ec_p384", "ec_p521"},
     {"ec_p256_with_sha384", "ec_p384_with_sha256", "ec_p521_with_sha256"}},
    /* STARDEL-A-11: names of their kind */
    {{"dns_alabel", "email_and_dns", "uri_sip", "uri_urn_email_dns"},
     {"dns_no_host", "dns_ulabel", "dns_url", "email_no_address", "email_no_domain", "email_two_ats", "uri_relative",
      "uri_blank", "uri_unicode"}},
    /* STARDEL-A-12: nine usages; the two of a CA are refused by policy, not by form */
    {{"ku_seven_names", "ku_encipher_only_warns"}, {"ku_other_case", "ku_content_commitment", "ku_twice"}},
    /* STARDEL-A-13: six purposes, or object identifiers */
    {{"eku_all_six_names", "eku_by_oid", "eku_any_oid", "eku_ipsec_oid"},
     {"eku_leading_zero", "eku_first_arc_3", "eku_not_dotted", "eku_any", "eku_one_arc"}},
};

static void load_named(const char *kind, const char *name)
{
  char path[256];

  (void)snprintf(path, sizeof(path), "vectors/template/%s%s.json", kind, name);
  (kind[0] == 'G' ? load_good : load_fail)(path, name);
}

static void test_rows(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    for (size_t n = 0; n < sizeof(rows[i].good) / sizeof(rows[i].good[0]) && rows[i].good[n] != NULL; n++) {
      load_named("GOOD_", rows[i].good[n]);
    }
    for (size_t n = 0; n < sizeof(rows[i].bad) / sizeof(rows[i].bad[0]) && rows[i].bad[n] != NULL; n++) {
      load_named("FAIL_", rows[i].bad[n]);
    }
  }
}

/* --- Verdict, rule and place --- */

typedef struct expectation {
  const char *file;
  stardeleg_err err;
  const char *rule;  /* NULL: any */
  const char *place; /* NULL: any */
} expectation;

#define SAN "/extensions/subjectAltName"
static const expectation expectations[] = {
    {"dns_twice", STARDELEG_ERR_MALFORMED, "san-literal", SAN "/DNS/1"},            /* decision 5 */
    {"dns_twice_other_case", STARDELEG_ERR_MALFORMED, "san-literal", SAN "/DNS/1"}, /* decisions 5, 9 */
    {"email_twice", STARDELEG_ERR_MALFORMED, "san-literal", SAN "/Email/1"},        /* decisions 5, 13 */
    {"uri_twice", STARDELEG_ERR_MALFORMED, "san-literal", SAN "/URI/1"},            /* decisions 5, 14 */
    {"eku_twice", STARDELEG_ERR_MALFORMED, "purpose-repeated", "/extensions/extendedKeyUsage/1"},
    {"eku_name_and_its_oid", STARDELEG_ERR_MALFORMED, "purpose-repeated", "/extensions/extendedKeyUsage/1"}, /* 28 */
    {"dns_bad_alabel", STARDELEG_ERR_MALFORMED, "san-literal", SAN "/DNS/0"}, /* decision 11 */
    {"dns_underscore", STARDELEG_ERR_MALFORMED, "san-literal", SAN "/DNS/0"}, /* decision 12 */
    {"dns_address", STARDELEG_ERR_MALFORMED, "san-literal", SAN "/DNS/0"},
    {"uri_relative", STARDELEG_ERR_MALFORMED, "san-literal", SAN "/URI/0"},
    {"subject_organization_65", STARDELEG_ERR_MALFORMED, "subject-literal", "/subject/organization"}, /* 19 */
    {"subject_common_name_65", STARDELEG_ERR_MALFORMED, "subject-literal", "/subject/commonName"},    /* 37 */
    {"rsa_length_1024", STARDELEG_ERR_POLICY, "key-size", "/keyTypes/0"},                             /* decision 22 */
    {"rsa_length_8193", STARDELEG_ERR_POLICY, "key-size", "/keyTypes/0"},
    {"ec_p384_with_sha256", STARDELEG_ERR_MALFORMED, "key-pairing", "/keyTypes/0"}, /* decision 25 */
    {"ec_p521_with_sha256", STARDELEG_ERR_MALFORMED, "key-pairing", "/keyTypes/1"},
    {"eku_second_arc_50", STARDELEG_ERR_MALFORMED, "oid", "/extensions/extendedKeyUsage/0"}, /* decision 29 */
    {"eku_21_arcs", STARDELEG_ERR_MALFORMED, "oid", "/extensions/extendedKeyUsage/0"},
    {"eku_arc_of_65_bits", STARDELEG_ERR_MALFORMED, "oid", "/extensions/extendedKeyUsage/0"},
    {"country_twice", STARDELEG_ERR_MALFORMED, "json", NULL}, /* decision 39 */
    {"subject_twice_escaped", STARDELEG_ERR_MALFORMED, "json", NULL},
    {"extra_member_extensions", STARDELEG_ERR_MALFORMED, NULL, NULL},                      /* decision 40 */
    {"rsa_length_fraction", STARDELEG_ERR_MALFORMED, NULL, "/keyTypes/0/PublicKeyLength"}, /* decision 41 */
    {"rsa_length_exponent", STARDELEG_ERR_MALFORMED, NULL, "/keyTypes/0/PublicKeyLength"},
    {"rsa_length_negative", STARDELEG_ERR_MALFORMED, NULL, "/keyTypes/0/PublicKeyLength"},
    {"nul_escaped", STARDELEG_ERR_MALFORMED, "json", NULL}, /* decision 42 */
    {"lone_surrogate", STARDELEG_ERR_MALFORMED, "json", NULL},
    {"invalid_utf8", STARDELEG_ERR_MALFORMED, "json", NULL},
    {"bom", STARDELEG_ERR_MALFORMED, "json", NULL},
    {"array_101", STARDELEG_ERR_LIMIT, "json", NULL}, /* decision 43 */
    {"depth_9", STARDELEG_ERR_LIMIT, "json", NULL},
    {"bytes_65537", STARDELEG_ERR_LIMIT, "json", NULL},
    {"string_1025", STARDELEG_ERR_POLICY, "string-length", NULL},
    {"ku_key_cert_sign", STARDELEG_ERR_POLICY, "usage-ca", "/extensions/keyUsage/1"}, /* decision 44 */
    {"ku_crl_sign", STARDELEG_ERR_POLICY, "usage-ca", "/extensions/keyUsage/0"},
};

static bool has_finding(const stardeleg_report *report, const char *rule, const char *place, bool warning)
{
  for (size_t i = 0; i < stardeleg_report_count(report); i++) {
    const stardeleg_finding *f = stardeleg_report_get(report, i);

    if ((f->warning != 0) == warning && (rule == NULL || strcmp(f->rule, rule) == 0) &&
        (place == NULL || strcmp(f->place, place) == 0)) {
      return true;
    }
  }
  return false;
}

static void test_places(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
    const expectation *x = &expectations[i];
    stardeleg_template *tmpl = NULL;
    stardeleg_report *report = NULL;
    char path[256];
    stardeleg_err err;

    (void)snprintf(path, sizeof(path), "vectors/template/FAIL_%s.json", x->file);
    err = load_file(&tmpl, path, NULL, &report);
    if (err != x->err || !has_finding(report, x->rule, x->place, false)) {
      show(x->file, report);
      fail_msg("%s: %s", x->file, stardeleg_strerror(err));
    }
    stardeleg_report_free(report);
  }
}

static const struct {
  const char *file;
  const char *rule;
  const char *place;
} warnings[] = {
    {"email_address_mandatory_warns", "email-not-in-san", "/subject/emailAddress"}, /* decision 38 */
    {"ku_encipher_only_warns", "usage-undefined", "/extensions/keyUsage"},          /* decision 45 */
    {"ku_key_encipherment_ec_warns", "usage-useless", "/extensions/keyUsage"},
    {"country_lower_case_warns", "subject-literal", "/subject/country"},
};

static void test_warnings(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
    stardeleg_template *tmpl = NULL;
    stardeleg_report *report = NULL;
    stardeleg_problem problem;
    char path[256];

    (void)snprintf(path, sizeof(path), "vectors/template/GOOD_%s.json", warnings[i].file);
    assert_ok(load_file(&tmpl, path, NULL, &report));
    assert_true(has_finding(report, warnings[i].rule, warnings[i].place, true));
    assert_false(stardeleg_report_is_refusal(report));
    stardeleg_report_to_problem(report, &problem);
    assert_int_equal(problem.acme, STARDELEG_ACME_NONE);
    stardeleg_report_free(report);
    stardeleg_template_free(tmpl);
  }
}

#define EC_KEY                                                                                                         \
  "{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\",\"SignatureType\":\"ecdsa-with-SHA256\"}"

/* Decision 36: such a template loads, as the RFC allows it, but its author should know. */
static void test_warns_of_common_name_that_cannot_be(void **state)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;

  (void)state;
  assert_ok(load_text(&tmpl,
                      "{\"keyTypes\":[" EC_KEY "],\"subject\":{\"commonName\":\"other.example\"},"
                      "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"]}}}",
                      NULL, &report));
  assert_true(has_finding(report, "common-name-not-in-san", "/subject/commonName", true));
  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
}

/* All findings of one template, not only the first. */
static void test_collects_all(void **state)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;

  (void)state;
  assert_err(STARDELEG_ERR_MALFORMED,
             load_text(&tmpl,
                       "{\"keyTypes\":[{\"PublicKeyType\":\"rsaEncryption\",\"PublicKeyLength\":512,\"SignatureType\":"
                       "\"sha256WithRSAEncryption\"}],\"subject\":{\"country\":\"CAN\",\"commonName\":\"a\\u0001\"},"
                       "\"extensions\":{\"keyUsage\":[\"cRLSign\",\"cRLSign\"],\"extendedKeyUsage\":[\"2\"],"
                       "\"subjectAltName\":{\"DNS\":[\"x_\",\"*\"],\"Email\":[\"x\"],\"URI\":[\"x\"]}}}",
                       NULL, &report));
  assert_true(has_finding(report, "key-size", "/keyTypes/0", false));
  assert_true(has_finding(report, "subject-literal", "/subject/country", false));
  assert_true(has_finding(report, "subject-literal", "/subject/commonName", false));
  assert_true(has_finding(report, "usage-ca", "/extensions/keyUsage/0", false));
  assert_true(has_finding(report, "usage-repeated", "/extensions/keyUsage/1", false));
  assert_true(has_finding(report, "oid", "/extensions/extendedKeyUsage/0", false));
  assert_true(has_finding(report, "san-literal", SAN "/DNS/0", false));
  assert_true(has_finding(report, "san-literal", SAN "/Email/0", false));
  assert_true(has_finding(report, "san-literal", SAN "/URI/0", false));
  stardeleg_report_free(report);
}

/* --- Options --- */

static void test_options(void **state)
{
  stardeleg_template_options options;
  stardeleg_template *tmpl = NULL;

  (void)state;
  stardeleg_template_options_default(&options);
  assert_int_equal(options.size, sizeof(options));
  options.allow_ca_usages = 1; /* decision 44 */
  assert_ok(load_file(&tmpl, "vectors/template/FAIL_ku_key_cert_sign.json", &options, NULL));
  stardeleg_template_free(tmpl);
  options.rsa_bits_min = 1024; /* decision 22: "unless configured" */
  assert_ok(load_file(&tmpl, "vectors/template/FAIL_rsa_length_1024.json", &options, NULL));
  stardeleg_template_free(tmpl);
  options.rsa_bits_min = 3072;
  assert_err(STARDELEG_ERR_POLICY, load_file(&tmpl, "vectors/template/GOOD_figure10.json", &options, NULL));
  stardeleg_template_options_default(&options);
  options.bytes_max = 100;
  assert_err(STARDELEG_ERR_LIMIT, load_file(&tmpl, "vectors/template/GOOD_figure10.json", &options, NULL));
  stardeleg_template_options_default(&options);
  options.items_max = 1;
  assert_err(STARDELEG_ERR_LIMIT, load_file(&tmpl, "vectors/template/GOOD_figure10.json", &options, NULL));
  stardeleg_template_options_default(&options);
  options.items_max = 101;
  assert_ok(load_file(&tmpl, "vectors/template/FAIL_array_101.json", &options, NULL));
  stardeleg_template_free(tmpl);
  options.string_max = 2048;
  assert_ok(load_file(&tmpl, "vectors/template/FAIL_string_1025.json", &options, NULL));
  stardeleg_template_free(tmpl);
}

/* A caller compiled against a shorter struct gets the defaults for the rest; a longer one is refused. */
static void test_option_sizes(void **state)
{
  void *options = malloc(offsetof(stardeleg_template_options, rsa_bits_max));
  stardeleg_template_options whole;
  stardeleg_template *tmpl = NULL;

  (void)state;
  assert_non_null(options);
  stardeleg_template_options_default(&whole);
  whole.size = offsetof(stardeleg_template_options, rsa_bits_max);
  whole.rsa_bits_min = 1024;
  memcpy(options, &whole, whole.size);
  assert_ok(load_file(&tmpl, "vectors/template/FAIL_rsa_length_1024.json", options, NULL));
  stardeleg_template_free(tmpl);
  free(options);
  whole.size = 0;
  assert_err(STARDELEG_ERR_ARGUMENT, load_file(&tmpl, "vectors/template/GOOD_figure10.json", &whole, NULL));
  whole.size = sizeof(whole) + 1;
  assert_err(STARDELEG_ERR_ARGUMENT, load_file(&tmpl, "vectors/template/GOOD_figure10.json", &whole, NULL));
}

static void test_arguments(void **state)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = (stardeleg_report *)&tmpl;

  (void)state;
  assert_err(STARDELEG_ERR_ARGUMENT, load_text(NULL, "{}", NULL, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_load(&tmpl, (stardeleg_bytes){NULL, 1}, NULL, &report));
  assert_null(report);
  assert_null(stardeleg_template_ref(NULL));
  stardeleg_template_free(NULL);
  stardeleg_report_free(NULL);
}

/* --- What can be asked --- */

static void test_questions(void **state)
{
  stardeleg_template *tmpl = NULL;
  size_t mandatory = 9;
  size_t optional = 9;

  (void)state;
  assert_ok(load_file(&tmpl, "vectors/template/GOOD_dns_two_literals.json", NULL, NULL));
  assert_string_equal(stardeleg_template_dns(tmpl, 0), "abc.ido.example");
  assert_string_equal(stardeleg_template_dns(tmpl, 1), "def.ido.example");
  assert_null(stardeleg_template_dns(tmpl, 2));
  stardeleg_template_dns_wildcards(tmpl, &mandatory, &optional);
  assert_int_equal(mandatory, 0);
  assert_int_equal(optional, 0);
  stardeleg_template_free(tmpl);
  assert_ok(load_file(&tmpl, "vectors/template/GOOD_dns_two_mandatory_one_optional.json", NULL, NULL));
  stardeleg_template_dns_wildcards(tmpl, &mandatory, &optional);
  assert_int_equal(mandatory, 2);
  assert_int_equal(optional, 1);
  assert_null(stardeleg_template_dns(tmpl, 0));
  stardeleg_template_free(tmpl);
  assert_ok(load_file(&tmpl, "vectors/template/GOOD_uri_only.json", NULL, NULL));
  assert_null(stardeleg_template_dns(tmpl, 0));
  stardeleg_template_free(tmpl);
  assert_ok(load_file(&tmpl, "vectors/template/GOOD_dns_upper_case.json", NULL, NULL));
  assert_string_equal(stardeleg_template_dns(tmpl, 0), "abc.ido.example"); /* decision 11 */
  stardeleg_template_free(tmpl);
}

/* Two texts of one template have one canonical text (decision 48 compares snapshots by it). */
static void test_canonical_text(void **state)
{
  stardeleg_template *a = NULL;
  stardeleg_template *b = NULL;

  (void)state;
  assert_ok(load_file(&a, "vectors/template/GOOD_members_in_another_order.json", NULL, NULL));
  assert_ok(load_file(&b, "vectors/template/GOOD_strings_escaped.json", NULL, NULL));
  assert_string_equal(stardeleg_template_json(a), stardeleg_template_json(b));
  assert_string_equal(stardeleg_template_json(a), "{\"keyTypes\":[" EC_KEY "],\"extensions\":{\"subjectAltName\":"
                                                  "{\"DNS\":[\"abc.ido.example\"]}}}");
  stardeleg_template_free(a);
  stardeleg_template_free(b);
}

static void test_references(void **state)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_template *other;

  (void)state;
  assert_ok(load_file(&tmpl, "vectors/template/GOOD_figure10.json", NULL, NULL));
  other = stardeleg_template_ref(tmpl);
  stardeleg_template_free(tmpl);
  assert_string_equal(stardeleg_template_dns(other, 0), "abc.ido.example");
  stardeleg_template_free(other);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good_files),
      cmocka_unit_test(test_fail_files),
      cmocka_unit_test(test_rows),
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_warnings),
      cmocka_unit_test(test_warns_of_common_name_that_cannot_be),
      cmocka_unit_test(test_collects_all),
      cmocka_unit_test(test_options),
      cmocka_unit_test(test_option_sizes),
      cmocka_unit_test(test_arguments),
      cmocka_unit_test(test_questions),
      cmocka_unit_test(test_canonical_text),
      cmocka_unit_test(test_references),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
