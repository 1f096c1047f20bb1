/* SPDX-License-Identifier: Apache-2.0 */
/* template_build_test.c -- CSRs built from templates: our matcher and OpenSSL's reader take them. */
#include "support/test.h"

#include <stdbool.h>

#include <stardeleg/template.h>

#include "json/json.h"
#include "x509/csr.h"

static stardeleg_template *load(const char *name)
{
  stardeleg_template *tmpl = NULL;
  char path[256];
  size_t len = 0;
  char *text;

  (void)snprintf(path, sizeof(path), "vectors/template/%s", name);
  text = test_file(path, &len);
  assert_ok(stardeleg_template_load(&tmpl, (stardeleg_bytes){(const uint8_t *)text, len}, NULL, NULL));
  free(text);
  return tmpl;
}

static stardeleg_key *import_key(const char *name)
{
  stardeleg_key *key = NULL;
  char path[256];
  size_t len = 0;
  char *pem;

  (void)snprintf(path, sizeof(path), "vectors/template/keys/%s.pem", name);
  pem = test_file(path, &len);
  assert_ok(stardeleg_key_import(&key, test_crypto(), (stardeleg_bytes){(const uint8_t *)pem, len}));
  free(pem);
  return key;
}

static int allow_all(void *ctx, const stardeleg_name_choice *choice)
{
  (void)ctx;
  (void)choice;
  return 1;
}

static stardeleg_err match(const stardeleg_template *tmpl, const uint8_t *der, size_t len, stardeleg_report **report)
{
  stardeleg_match_options options;

  stardeleg_match_options_default(&options);
  options.policy = allow_all;
  return stardeleg_template_match(tmpl, test_crypto(), (stardeleg_bytes){der, len}, NULL, 0, &options, report);
}

/* --- Round trip over all GOOD templates --- */

static const char *key_for(stardeleg_key_spec spec)
{
  switch (spec) {
  case STARDELEG_KEY_P256:
    return "p256";
  case STARDELEG_KEY_P384:
    return "p384";
  case STARDELEG_KEY_P521:
    return "p521";
  case STARDELEG_KEY_RSA2048:
    return "rsa2048";
  case STARDELEG_KEY_RSA3072:
    return "rsa3072";
  default:
    fail_msg("no key of kind %d", (int)spec);
    return NULL;
  }
}

/* Signs outside of the library, as a device would; |ctx| is the real key. */
static stardeleg_err sign_outside(void *ctx, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n, uint8_t *out,
                                  size_t *len)
{
  return sdg_key_sign(ctx, alg, pieces, n, out, len) == STARDELEG_OK ? STARDELEG_OK : STARDELEG_ERR_CALLBACK;
}

static bool have_openssl;

/* A second reader, as unlike ours as can be. */
static void read_by_openssl(const char *name, const uint8_t *der, size_t len)
{
  char path[512];
  char command[1200];
  FILE *file;

  if (!have_openssl) {
    return;
  }
  (void)snprintf(path, sizeof(path), "%s/request.der", test_directory());
  file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(der, 1, len, file), len);
  assert_int_equal(fclose(file), 0);
  (void)snprintf(command, sizeof(command), "openssl req -inform DER -in '%s' -verify -noout >/dev/null 2>&1", path);
  if (system(command) != 0) {
    fail_msg("%s: openssl does not verify it", name);
  }
}

/* A value for each wildcard of the subject (|all|: for "*" too) and for each wildcard name. */
static size_t choose(stardeleg_choice *choices, char names[][64], const stardeleg_template *tmpl, bool all)
{
  static const stardeleg_choice subject[] = {{"country", "CA"},
                                             {"stateOrProvince", "Qu\xc3\xa9"
                                                                 "bec"},
                                             {"locality", "Laval"},
                                             {"organization", "NDC"},
                                             {"organizationalUnit", "Edge"},
                                             {"emailAddress", "alice@ido.example"},
                                             {"commonName", "NDC Inc."}};
  size_t mandatory = 0;
  size_t optional = 0;
  size_t count = 0;

  for (size_t i = 0; i < sizeof(subject) / sizeof(subject[0]); i++) {
    char must[64];
    char may[64];

    (void)snprintf(must, sizeof(must), "\"%s\":\"**\"", subject[i].field);
    (void)snprintf(may, sizeof(may), "\"%s\":\"*\"", subject[i].field);
    if (strstr(stardeleg_template_json(tmpl), must) != NULL ||
        (all && strstr(stardeleg_template_json(tmpl), may) != NULL)) {
      choices[count++] = subject[i];
    }
  }
  stardeleg_template_dns_wildcards(tmpl, &mandatory, &optional);
  for (size_t i = 0; i < mandatory + (all ? optional : 0); i++) {
    (void)snprintf(names[i], 64, "n%zu.ido.example", i);
    choices[count++] = (stardeleg_choice){"DNS", names[i]};
  }
  return count;
}

static void build_and_match(const char *name, const stardeleg_template *tmpl, stardeleg_key *key, bool all)
{
  stardeleg_choice choices[128];
  char names[110][64];
  size_t count = choose(choices, names, tmpl, all);
  stardeleg_problem problem;
  stardeleg_report *report = NULL;
  uint8_t *der = NULL;
  size_t len = 0;
  stardeleg_err err = stardeleg_template_build(tmpl, key, choices, count, &der, &len, &problem);

  if (!all && err == STARDELEG_ERR_POLICY && strstr(problem.detail, "at least one name") != NULL) {
    return; /* a template of optional names only: nothing chosen, nothing to build */
  }
  if (err != STARDELEG_OK) {
    fail_msg("%s: %s: %s", name, stardeleg_strerror(err), problem.detail);
  }
  err = match(tmpl, der, len, &report);
  if (err != STARDELEG_OK) {
    fail_msg("%s: built, but refused: %s", name, stardeleg_report_get(report, 0)->detail);
  }
  stardeleg_report_free(report);
  read_by_openssl(name, der, len);
  free(der);
}

static void round_trip(const char *path, const char *name)
{
  stardeleg_template *tmpl = load(name);
  stardeleg_key *key = import_key(key_for(stardeleg_template_key_spec(tmpl, test_crypto())));
  stardeleg_key *outside = NULL;

  (void)path;
  build_and_match(name, tmpl, key, false);
  build_and_match(name, tmpl, key, true);
  assert_ok(stardeleg_key_from_signer(&outside, test_crypto(), stardeleg_key_spki(key), sign_outside, key));
  build_and_match(name, tmpl, outside, true);
  stardeleg_key_free(outside);
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

static void test_round_trip(void **state)
{
  (void)state;
  have_openssl = system("openssl version >/dev/null 2>&1") == 0;
  assert_true(test_files("vectors/template", "GOOD_", round_trip) >= 50);
}

/* --- What is inside --- */

static void build(sdg_csr *out, const char *template_name, const char *key_name, const stardeleg_choice *choices,
                  size_t count)
{
  stardeleg_template *tmpl = load(template_name);
  stardeleg_key *key = import_key(key_name);
  uint8_t *der = NULL;
  size_t len = 0;

  assert_ok(stardeleg_template_build(tmpl, key, choices, count, &der, &len, NULL));
  assert_ok(sdg_csr_parse(out, (stardeleg_bytes){der, len}, NULL));
  free(der);
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

/* STARDEL-4.1-04: figure 10's fields and nothing else; decision 30: criticality. */
static void test_holds_nothing_else(void **state)
{
  static const stardeleg_choice choices[] = {{"locality", "Laval"}, {"stateOrProvince", "Quebec"}};
  sdg_csr csr = {0};
  unsigned bits = 0;

  (void)state;
  build(&csr, "GOOD_figure10.json", "p256", choices, 2);
  assert_int_equal(csr.attribute_count, 0);
  assert_int_equal(csr.extension_requests, 1);
  assert_int_equal(csr.extension_count, 3);
  assert_int_equal(csr.subject_count, 3);
  assert_int_equal(csr.subject[0].tag, SDG_DER_PRINTABLE_STRING); /* country, decision 17 */
  assert_int_equal(csr.subject[1].tag, SDG_DER_UTF8_STRING);
  assert_true(csr.extensions[0].critical);
  assert_ok(sdg_x509_read_key_usage(&bits, csr.extensions[0].value));
  assert_int_equal(bits, SDG_KU_DIGITAL_SIGNATURE);
  assert_false(csr.extensions[1].critical);
  assert_false(csr.extensions[2].critical);
  sdg_csr_clear(&csr);
}

static void test_san_is_critical_without_subject(void **state)
{
  sdg_csr csr = {0};

  (void)state;
  build(&csr, "GOOD_no_subject.json", "p256", NULL, 0);
  assert_int_equal(csr.subject_count, 0);
  assert_int_equal(csr.extension_count, 1);
  assert_true(csr.extensions[0].critical);
  sdg_csr_clear(&csr);
}

/* Decision 53: what is optional and not chosen stays out. */
static void test_optional_is_left_out(void **state)
{
  sdg_csr csr = {0};

  (void)state;
  build(&csr, "GOOD_subject_all_seven_optional_warns.json", "p256", NULL, 0);
  assert_int_equal(csr.subject_count, 0);
  sdg_csr_clear(&csr);
}

/* Decision 54: the first member that fits the key and its owner; the caller's key decides otherwise. */
static void test_first_member_that_fits(void **state)
{
  static const stardeleg_choice choices[] = {{"locality", "Laval"}, {"stateOrProvince", "Quebec"}};
  stardeleg_template *tmpl = load("GOOD_figure10.json");
  sdg_csr csr = {0};

  (void)state;
  assert_int_equal(stardeleg_template_key_spec(tmpl, test_crypto()), STARDELEG_KEY_RSA2048);
  stardeleg_template_free(tmpl);
  build(&csr, "GOOD_figure10.json", "rsa2048", choices, 2);
  assert_int_equal(csr.alg, STARDELEG_ALG_RS256);
  sdg_csr_clear(&csr);
  build(&csr, "GOOD_figure10.json", "p256", choices, 2);
  assert_int_equal(csr.alg, STARDELEG_ALG_ES256);
  sdg_csr_clear(&csr);
  build(&csr, "GOOD_rsa_two_signature_types.json", "rsa2048", NULL, 0);
  assert_int_equal(csr.alg, STARDELEG_ALG_PS512);
  sdg_csr_clear(&csr);
}

/* A provider that can do less: the same answers as from a backend without RSA, or without anything. */
static void test_key_spec_of_poor_provider(void **state)
{
  stardeleg_crypto_ops ops = {.size = sizeof(ops), .key_specs = 1u << STARDELEG_KEY_P256};
  stardeleg_crypto poor = {.ops = &ops};
  stardeleg_template *tmpl = load("GOOD_figure10.json");

  (void)state;
  assert_int_equal(stardeleg_template_key_spec(tmpl, &poor), STARDELEG_KEY_NONE);
  ops.sign_algs = 1u << STARDELEG_ALG_ES256;
  assert_int_equal(stardeleg_template_key_spec(tmpl, &poor), STARDELEG_KEY_P256);
  stardeleg_template_free(tmpl);
}

/* --- Refusals --- */

typedef struct refusal {
  const char *file;
  const char *key;
  stardeleg_choice choices[4];
  stardeleg_err err;
  const char *field;
} refusal;

static const refusal refusals[] = {
    {"figure10", "p256", {{"locality", "Laval"}}, STARDELEG_ERR_POLICY, "stateOrProvince"},
    {"figure10", "p256", {{"locality", "Laval"}, {"stateOrProvince", ""}}, STARDELEG_ERR_POLICY, "stateOrProvince"},
    {"figure10", "p256", {{"country", "CA"}}, STARDELEG_ERR_POLICY, "country"},
    {"figure10", "p256", {{"organization", "NDC"}}, STARDELEG_ERR_POLICY, "organization"},
    {"figure10", "p256", {{"serialNumber", "1"}}, STARDELEG_ERR_POLICY, "serialNumber"},
    {"figure10", "p256", {{"DNS", "def.ido.example"}}, STARDELEG_ERR_POLICY, "DNS"},
    {"figure10", "p256", {{"Email", "a@ido.example"}}, STARDELEG_ERR_POLICY, "Email"},
    {"figure10", "p256", {{"locality", "a"}, {"locality", "b"}}, STARDELEG_ERR_POLICY, "locality"},
    {"figure10", "p256", {{"locality", "a\nb"}}, STARDELEG_ERR_POLICY, "locality"},
    {"figure10", "p384", {{"locality", "a"}, {"stateOrProvince", "b"}}, STARDELEG_ERR_BAD_KEY, "/keyTypes"},
    {"figure10", "rsa3072", {{"locality", "a"}, {"stateOrProvince", "b"}}, STARDELEG_ERR_BAD_KEY, "/keyTypes"},
    {"country_mandatory", "p256", {{"country", "ca"}}, STARDELEG_ERR_POLICY, "country"},
    {"dns_mandatory", "p256", {{NULL, NULL}}, STARDELEG_ERR_POLICY, "DNS"},
    {"dns_mandatory", "p256", {{"DNS", "a b"}}, STARDELEG_ERR_POLICY, "DNS"},
    {"dns_mandatory", "p256", {{"DNS", "a.example"}, {"DNS", "b.example"}}, STARDELEG_ERR_POLICY, "DNS"},
    {"dns_two_mandatory_one_optional",
     "p256",
     {{"DNS", "a.example"}, {"DNS", "A.example"}},
     STARDELEG_ERR_POLICY,
     "DNS"},
    {"dns_literal_and_mandatory", "p256", {{"DNS", "abc.ido.example"}}, STARDELEG_ERR_POLICY, "DNS"}, /* decision 6 */
    {"dns_optional", "p256", {{NULL, NULL}}, STARDELEG_ERR_POLICY, "DNS"},
    {"common_name_mandatory", "p256", {{"commonName", "evil.example"}}, STARDELEG_ERR_POLICY, "commonName"},
    {"common_name_mandatory", "p256", {{"commonName", "192.0.2.1"}}, STARDELEG_ERR_POLICY, "commonName"},
};

static void test_refusals(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
    const refusal *x = &refusals[i];
    char name[128];
    stardeleg_template *tmpl;
    stardeleg_key *key = import_key(x->key);
    stardeleg_problem problem;
    uint8_t *der = NULL;
    size_t len = 0;
    size_t count = 0;

    (void)snprintf(name, sizeof(name), "GOOD_%s.json", x->file);
    tmpl = load(name);
    while (count < 4 && x->choices[count].field != NULL) {
      count++;
    }
    assert_err(x->err, stardeleg_template_build(tmpl, key, x->choices, count, &der, &len, &problem));
    assert_null(der);
    assert_string_equal(problem.place, x->field);
    assert_string_not_equal(problem.detail, "");
    stardeleg_key_free(key);
    stardeleg_template_free(tmpl);
  }
}

static stardeleg_err refuse_to_sign(void *ctx, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n, uint8_t *out,
                                    size_t *len)
{
  (void)ctx;
  (void)alg;
  (void)pieces;
  (void)n;
  (void)out;
  (void)len;
  return STARDELEG_ERR_CALLBACK;
}

static stardeleg_err sign_wrongly(void *ctx, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n, uint8_t *out,
                                  size_t *len)
{
  (void)ctx;
  (void)alg;
  (void)pieces;
  (void)n;
  memset(out, 1, 64);
  *len = 64;
  return STARDELEG_OK;
}

static void test_foreign_signer_fails(void **state)
{
  stardeleg_template *tmpl = load("GOOD_no_subject.json");
  stardeleg_key *key = import_key("p256");
  stardeleg_key *outside = NULL;
  uint8_t *der = NULL;
  size_t len = 0;

  (void)state;
  assert_ok(stardeleg_key_from_signer(&outside, test_crypto(), stardeleg_key_spki(key), refuse_to_sign, NULL));
  assert_err(STARDELEG_ERR_CALLBACK, stardeleg_template_build(tmpl, outside, NULL, 0, &der, &len, NULL));
  stardeleg_key_free(outside);
  assert_ok(stardeleg_key_from_signer(&outside, test_crypto(), stardeleg_key_spki(key), sign_wrongly, NULL));
  assert_int_not_equal(stardeleg_template_build(tmpl, outside, NULL, 0, &der, &len, NULL), STARDELEG_OK);
  assert_null(der);
  stardeleg_key_free(outside);
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

static void test_arguments(void **state)
{
  stardeleg_template *tmpl = load("GOOD_no_subject.json");
  stardeleg_key *key = import_key("p256");
  stardeleg_choice unset = {"DNS", NULL};
  uint8_t *der = NULL;
  size_t len = 0;

  (void)state;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_build(NULL, key, NULL, 0, &der, &len, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_build(tmpl, NULL, NULL, 0, &der, &len, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_build(tmpl, key, NULL, 1, &der, &len, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_build(tmpl, key, &unset, 1, &der, &len, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_build(tmpl, key, NULL, 0, NULL, &len, NULL));
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_holds_nothing_else),
      cmocka_unit_test(test_san_is_critical_without_subject),
      cmocka_unit_test(test_optional_is_left_out),
      cmocka_unit_test(test_first_member_that_fits),
      cmocka_unit_test(test_key_spec_of_poor_provider),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_foreign_signer_fails),
      cmocka_unit_test(test_arguments),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
