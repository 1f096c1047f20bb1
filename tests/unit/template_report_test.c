/* SPDX-License-Identifier: Apache-2.0 */
/* template_report_test.c -- findings as a problem document; identifiers of an order; explanations. */
#include "support/test.h"

#include <stdbool.h>

#include <stardeleg/template.h>

static stardeleg_template *load(const char *name)
{
  stardeleg_template *tmpl = NULL;
  char path[256];
  size_t len = 0;
  char *text;

  (void)snprintf(path, sizeof(path), "vectors/template/%s.json", name);
  text = test_file(path, &len);
  assert_ok(stardeleg_template_load(&tmpl, (stardeleg_bytes){(const uint8_t *)text, len}, NULL, NULL));
  free(text);
  return tmpl;
}

static stardeleg_err match_file(const char *template_name, const char *csr_name, stardeleg_report **report)
{
  stardeleg_template *tmpl = load(template_name);
  char path[256];
  size_t len = 0;
  char *csr;
  stardeleg_err err;

  (void)snprintf(path, sizeof(path), "vectors/template/csr/%s.der", csr_name);
  csr = test_file(path, &len);
  err = stardeleg_template_match(tmpl, test_crypto(), (stardeleg_bytes){(const uint8_t *)csr, len}, NULL, 0, NULL,
                                 report);
  free(csr);
  stardeleg_template_free(tmpl); /* a report needs neither template nor CSR */
  return err;
}

/* --- Problems --- */

/* One subproblem per name (RFC 8555 6.7.1), rejectedIdentifier if only names are at fault. */
static void test_names_become_subproblems(void **state)
{
  stardeleg_report *report = NULL;
  stardeleg_problem problem;

  (void)state;
  assert_err(STARDELEG_ERR_POLICY, match_file("GOOD_dns_literal_and_optional", "dns_abc_def_ghi", &report));
  stardeleg_report_to_problem(report, &problem);
  assert_int_equal(problem.acme, STARDELEG_ACME_REJECTED_IDENTIFIER);
  assert_int_equal(problem.status, 403);
  assert_int_equal(problem.subproblem_count, 2);
  assert_string_equal(problem.subproblems[0].identifier_type, "dns");
  assert_string_equal(problem.subproblems[0].identifier_value, "def.ido.example");
  assert_string_equal(problem.subproblems[1].identifier_value, "ghi.ido.example");
  assert_int_equal(problem.subproblems[0].acme, STARDELEG_ACME_REJECTED_IDENTIFIER);
  stardeleg_report_free(report);
}

/* A missing literal and the name in its place: two names, two subproblems. */
static void test_missing_and_foreign_name(void **state)
{
  stardeleg_report *report = NULL;
  stardeleg_problem problem;

  (void)state;
  assert_err(STARDELEG_ERR_POLICY, match_file("GOOD_figure10", "figure10_san_xyz", &report));
  stardeleg_report_to_problem(report, &problem);
  assert_int_equal(problem.subproblem_count, 2);
  assert_string_equal(problem.subproblems[0].identifier_value, "abc.ido.example");
  assert_string_equal(problem.subproblems[1].identifier_value, "xyz.ido.example");
  stardeleg_report_free(report);
}

/* badCSR covers names that are at fault too, and keeps their subproblems. */
static void test_bad_csr_wins(void **state)
{
  stardeleg_report *report = NULL;
  stardeleg_problem problem;

  (void)state;
  assert_err(STARDELEG_ERR_POLICY, match_file("GOOD_dns_two_literals", "figure10_p256", &report));
  stardeleg_report_to_problem(report, &problem);
  assert_int_equal(problem.acme, STARDELEG_ACME_BAD_CSR);
  assert_int_equal(problem.status, 403);
  assert_int_equal(problem.subproblem_count, 1);
  assert_string_equal(problem.subproblems[0].identifier_value, "def.ido.example");
  stardeleg_report_free(report);
}

static void test_all_findings_are_collected(void **state)
{
  stardeleg_report *report = NULL;
  stardeleg_problem problem;

  (void)state;
  assert_err(STARDELEG_ERR_POLICY, match_file("GOOD_ec_p384", "figure10_p256", &report));
  assert_int_equal(stardeleg_report_count(report), 6); /* key, two usages, three attributes */
  assert_null(stardeleg_report_get(report, 6));
  stardeleg_report_to_problem(report, &problem);
  assert_non_null(strstr(problem.detail, "and 5 more"));
  stardeleg_report_free(report);
}

static void test_more_names_than_room(void **state)
{
  stardeleg_report *report = NULL;
  stardeleg_problem problem;

  (void)state;
  assert_err(STARDELEG_ERR_POLICY, match_file("GOOD_no_subject", "many_100", &report));
  stardeleg_report_to_problem(report, &problem);
  assert_int_equal(problem.subproblem_count, STARDELEG_PROBLEM_SUB_MAX);
  assert_int_equal(problem.subproblem_count + problem.subproblems_dropped, 101);
  stardeleg_report_free(report);
}

/* Peer text is shown, and does no harm: no control characters anywhere. */
static void test_text_is_escaped(void **state)
{
  stardeleg_report *report = NULL;
  stardeleg_problem problem;
  const stardeleg_finding *f;

  (void)state;
  assert_err(STARDELEG_ERR_POLICY, match_file("GOOD_figure10", "figure10_locality_control", &report));
  f = stardeleg_report_get(report, 0);
  assert_string_equal(f->value, "La\\x07val");
  stardeleg_report_to_problem(report, &problem);
  for (const char *c = problem.detail; *c != '\0'; c++) {
    assert_true((unsigned char)*c >= 0x20);
  }
  stardeleg_report_free(report);
}

static void test_no_report(void **state)
{
  stardeleg_problem problem;

  (void)state;
  assert_int_equal(stardeleg_report_count(NULL), 0);
  assert_null(stardeleg_report_get(NULL, 0));
  assert_false(stardeleg_report_is_refusal(NULL));
  stardeleg_report_to_problem(NULL, &problem);
  assert_int_equal(problem.acme, STARDELEG_ACME_NONE);
}

/* Nothing found, nothing allocated; the same CSR may come again (decision 49). */
static void test_acceptance_has_no_report(void **state)
{
  stardeleg_report *report = NULL;

  (void)state;
  assert_ok(match_file("GOOD_figure10", "figure10_p256", &report));
  assert_null(report);
  assert_ok(match_file("GOOD_figure10", "figure10_p256", &report));
  assert_null(report);
}

/* The bytes the policy is asked about are the CSR's key; decisions 49 (reuse) and 51 (weak keys). */
static int refuse_p256(void *ctx, stardeleg_bytes spki)
{
  const stardeleg_bytes *refused = ctx;

  return spki.len != refused->len || memcmp(spki.base, refused->base, spki.len) != 0;
}

static void test_key_policy(void **state)
{
  stardeleg_template *tmpl = load("GOOD_figure10");
  stardeleg_match_options options;
  stardeleg_report *report = NULL;
  stardeleg_bytes refused;
  size_t len = 0;
  char *spki = test_file("vectors/template/keys/p256.spki.der", &len);
  char *csr;

  (void)state;
  refused = (stardeleg_bytes){(const uint8_t *)spki, len};
  stardeleg_match_options_default(&options);
  options.key_policy = refuse_p256;
  options.key_policy_ctx = &refused;
  csr = test_file("vectors/template/csr/figure10_p256.der", &len);
  assert_err(STARDELEG_ERR_POLICY,
             stardeleg_template_match(tmpl, test_crypto(), (stardeleg_bytes){(const uint8_t *)csr, len}, NULL, 0,
                                      &options, &report));
  assert_string_equal(stardeleg_report_get(report, 0)->rule, "key-policy");
  stardeleg_report_free(report);
  free(csr);
  csr = test_file("vectors/template/csr/figure10_rsa2048.der", &len);
  assert_ok(stardeleg_template_match(tmpl, test_crypto(), (stardeleg_bytes){(const uint8_t *)csr, len}, NULL, 0,
                                     &options, &report));
  free(csr);
  free(spki);
  stardeleg_template_free(tmpl);
}

/* --- Identifiers of an order --- */

static int allow_names(void *ctx, const stardeleg_name_choice *choice)
{
  size_t *calls = ctx;

  (*calls)++;
  return !choice->wildcard && strstr(choice->name, ".ido.example") != NULL;
}

typedef struct order {
  const char *file;
  stardeleg_identifier identifiers[5];
  stardeleg_acme_error acme; /* NONE: accepted */
  const char *rule;
} order;

/* AMB-06: the literals plus the names the delegate chose, within the counts of the template. */
static const order orders[] = {
    {"figure10", {{"dns", "abc.ido.example"}}, STARDELEG_ACME_NONE, NULL},
    {"figure10", {{"dns", "ABC.ido.example"}}, STARDELEG_ACME_NONE, NULL},
    {"figure10", {{NULL, NULL}}, STARDELEG_ACME_REJECTED_IDENTIFIER, "san-literal-missing"},
    {"figure10", {{"dns", "def.ido.example"}}, STARDELEG_ACME_REJECTED_IDENTIFIER, "san-not-in-template"},
    {"figure10",
     {{"dns", "abc.ido.example"}, {"dns", "def.ido.example"}},
     STARDELEG_ACME_REJECTED_IDENTIFIER,
     "san-not-in-template"},
    {"figure10",
     {{"dns", "abc.ido.example"}, {"dns", "abc.ido.example"}},
     STARDELEG_ACME_REJECTED_IDENTIFIER,
     "san-repeated"},
    {"figure10",
     {{"dns", "abc.ido.example"}, {"ip", "192.0.2.1"}},
     STARDELEG_ACME_UNSUPPORTED_IDENTIFIER,
     "identifier-type"},
    {"figure10", {{"DNS", "abc.ido.example"}}, STARDELEG_ACME_REJECTED_IDENTIFIER, "identifier-type"},
    {"dns_mandatory", {{"dns", "a.ido.example"}}, STARDELEG_ACME_NONE, NULL},
    {"dns_mandatory", {{"dns", "a.evil.example"}}, STARDELEG_ACME_REJECTED_IDENTIFIER, "san-policy"},
    {"dns_mandatory", {{"dns", "*.ido.example"}}, STARDELEG_ACME_REJECTED_IDENTIFIER, "san-policy"},
    {"dns_mandatory", {{"dns", "a_b.ido.example"}}, STARDELEG_ACME_REJECTED_IDENTIFIER, "san-name"},
    {"dns_mandatory", {{NULL, NULL}}, STARDELEG_ACME_REJECTED_IDENTIFIER, "san-mandatory-missing"},
    {"dns_literal_and_optional", {{"dns", "abc.ido.example"}}, STARDELEG_ACME_NONE, NULL},
    {"dns_literal_and_optional", {{"dns", "x.ido.example"}, {"dns", "abc.ido.example"}}, STARDELEG_ACME_NONE, NULL},
    {"dns_literal_and_optional",
     {{"dns", "x.ido.example"}, {"dns", "abc.ido.example"}, {"dns", "y.ido.example"}},
     STARDELEG_ACME_REJECTED_IDENTIFIER,
     "san-not-in-template"},
    {"dns_wildcard_name_is_a_literal", {{"dns", "*.ido.example"}}, STARDELEG_ACME_NONE, NULL},
    {"email_and_dns", {{"dns", "abc.ido.example"}, {"email", "Hostmaster@ido.example"}}, STARDELEG_ACME_NONE, NULL},
    {"email_and_dns", {{"dns", "abc.ido.example"}}, STARDELEG_ACME_REJECTED_IDENTIFIER, "san-literal-missing"},
    {"uri_only", {{"uri", "https://ido.example/x"}}, STARDELEG_ACME_REJECTED_IDENTIFIER, "identifier-uri"}, /* 47 */
};

static void test_identifiers(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
    const order *x = &orders[i];
    char name[128];
    stardeleg_template *tmpl;
    stardeleg_match_options options;
    stardeleg_report *report = NULL;
    stardeleg_problem problem;
    size_t count = 0;
    size_t calls = 0;
    bool found = false;
    stardeleg_err err;

    (void)snprintf(name, sizeof(name), "GOOD_%s", x->file);
    tmpl = load(name);
    stardeleg_match_options_default(&options);
    options.policy = allow_names;
    options.policy_ctx = &calls;
    while (count < 5 && x->identifiers[count].type != NULL) {
      count++;
    }
    err = stardeleg_template_check_identifiers(tmpl, x->identifiers, count, &options, &report);
    assert_int_equal(err, x->acme == STARDELEG_ACME_NONE ? STARDELEG_OK : STARDELEG_ERR_POLICY);
    stardeleg_report_to_problem(report, &problem);
    if (problem.acme != x->acme) {
      fail_msg("%s (%zu): %s", x->file, i, problem.type);
    }
    for (size_t k = 0; k < stardeleg_report_count(report); k++) {
      found = found || strcmp(stardeleg_report_get(report, k)->rule, x->rule) == 0;
    }
    assert_int_equal(found, x->rule != NULL);
    stardeleg_report_free(report);
    stardeleg_template_free(tmpl);
  }
}

static void test_uri_identifiers_if_configured(void **state)
{
  static const stardeleg_identifier uri = {"uri", "https://ido.example/x"};
  stardeleg_template *tmpl = load("GOOD_uri_only");
  stardeleg_match_options options;
  stardeleg_report *report = NULL;

  (void)state;
  stardeleg_match_options_default(&options);
  options.allow_uri_identifiers = 1;
  assert_ok(stardeleg_template_check_identifiers(tmpl, &uri, 1, &options, &report));
  assert_null(report);
  stardeleg_template_free(tmpl);
}

/* N names, exactly one bad at each position: each of them is looked at. */
static void test_one_bad_at_each_position(void **state)
{
  stardeleg_template *tmpl = load("GOOD_dns_four_mandatory");
  stardeleg_match_options options;
  size_t calls = 0;

  (void)state;
  stardeleg_match_options_default(&options);
  options.policy = allow_names;
  options.policy_ctx = &calls;
  for (size_t bad = 0; bad <= 4; bad++) {
    stardeleg_identifier list[4] = {
        {"dns", "a.ido.example"}, {"dns", "b.ido.example"}, {"dns", "c.ido.example"}, {"dns", "d.ido.example"}};
    stardeleg_report *report = NULL;

    if (bad < 4) {
      list[bad].value = "evil.example";
    }
    assert_int_equal(stardeleg_template_check_identifiers(tmpl, list, 4, &options, &report),
                     bad < 4 ? STARDELEG_ERR_POLICY : STARDELEG_OK);
    stardeleg_report_free(report);
  }
  assert_int_equal(calls, 20);
  stardeleg_template_free(tmpl);
}

static void test_too_many_identifiers(void **state)
{
  static stardeleg_identifier list[300];
  stardeleg_template *tmpl = load("GOOD_dns_100_optional");
  stardeleg_report *report = NULL;

  (void)state;
  for (size_t i = 0; i < 300; i++) {
    list[i] = (stardeleg_identifier){"dns", "a.ido.example"};
  }
  assert_err(STARDELEG_ERR_POLICY, stardeleg_template_check_identifiers(tmpl, list, 300, NULL, &report));
  assert_string_equal(stardeleg_report_get(report, 0)->rule, "identifier-count");
  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
}

static void test_arguments(void **state)
{
  stardeleg_template *tmpl = load("GOOD_figure10");
  stardeleg_identifier unset = {"dns", NULL};
  stardeleg_bytes empty = {NULL, 0};
  stardeleg_match_options options;
  stardeleg_report *report = NULL;

  (void)state;
  stardeleg_match_options_default(&options);
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_check_identifiers(tmpl, &unset, 1, NULL, &report));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_check_identifiers(tmpl, NULL, 1, NULL, &report));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_check_identifiers(tmpl, NULL, 0, NULL, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_match(tmpl, test_crypto(), empty, NULL, 0, NULL, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_match(tmpl, NULL, empty, NULL, 0, NULL, &report));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_match(NULL, test_crypto(), empty, NULL, 0, NULL, &report));
  options.account_spki_count = 1;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_match(tmpl, test_crypto(), empty, NULL, 0, &options, &report));
  options.size = 1;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_match(tmpl, test_crypto(), empty, NULL, 0, &options, &report));
  assert_null(report);
  stardeleg_template_free(tmpl);
}

/* --- Explanations --- */

static void test_explanation_of_figure_10(void **state)
{
  stardeleg_template *tmpl = load("GOOD_figure10");
  char *text = NULL;

  (void)state;
  assert_ok(stardeleg_template_explain(tmpl, &text));
  assert_string_equal(
      text, "The key must be an RSA key of exactly 2048 bits, the CSR signed with sha256WithRSAEncryption; or "
            "an EC key on the curve secp256r1, the CSR signed with ecdsa-with-SHA256.\n"
            "The subject's country must be \"CA\".\n"
            "The subject's stateOrProvince must be there; the delegate chooses its value.\n"
            "The subject's locality must be there; the delegate chooses its value.\n"
            "The subject must have nothing else.\n"
            "The certificate must be for the DNS name \"abc.ido.example\".\n"
            "No other name may be there.\n"
            "keyUsage must be exactly digitalSignature.\n"
            "extendedKeyUsage must be exactly serverAuth, clientAuth.\n"
            "No other extension and no other attribute may be in the CSR.\n");
  free(text);
  stardeleg_template_free(tmpl);
}

static void test_explanation_of_wildcards(void **state)
{
  stardeleg_template *tmpl = load("GOOD_dns_two_mandatory_one_optional");
  char *text = NULL;

  (void)state;
  assert_ok(stardeleg_template_explain(tmpl, &text));
  assert_non_null(strstr(text, "The subject must be empty.\n"));
  assert_non_null(strstr(text, "must choose 2 more DNS names, each subject to the owner's policy.\n"));
  assert_non_null(strstr(text, "may choose up to 1 more DNS name, subject to the owner's policy.\n"));
  assert_non_null(strstr(text, "There must be no keyUsage.\n"));
  assert_non_null(strstr(text, "There must be no extendedKeyUsage.\n"));
  free(text);
  stardeleg_template_free(tmpl);
}

/* Every GOOD template has an explanation of whole lines. */
static void explain_file(const char *path, const char *name)
{
  char stem[128];
  char *text = NULL;
  stardeleg_template *tmpl;

  (void)path;
  (void)snprintf(stem, sizeof(stem), "%.*s", (int)(strlen(name) - strlen(".json")), name);
  tmpl = load(stem);
  assert_ok(stardeleg_template_explain(tmpl, &text));
  assert_int_equal(text[strlen(text) - 1], '\n');
  free(text);
  stardeleg_template_free(tmpl);
}

static void test_explains_all(void **state)
{
  (void)state;
  assert_true(test_files("vectors/template", "GOOD_", explain_file) >= 50);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names_become_subproblems),
      cmocka_unit_test(test_missing_and_foreign_name),
      cmocka_unit_test(test_bad_csr_wins),
      cmocka_unit_test(test_all_findings_are_collected),
      cmocka_unit_test(test_more_names_than_room),
      cmocka_unit_test(test_text_is_escaped),
      cmocka_unit_test(test_no_report),
      cmocka_unit_test(test_acceptance_has_no_report),
      cmocka_unit_test(test_key_policy),
      cmocka_unit_test(test_identifiers),
      cmocka_unit_test(test_uri_identifiers_if_configured),
      cmocka_unit_test(test_one_bad_at_each_position),
      cmocka_unit_test(test_too_many_identifiers),
      cmocka_unit_test(test_arguments),
      cmocka_unit_test(test_explanation_of_figure_10),
      cmocka_unit_test(test_explanation_of_wildcards),
      cmocka_unit_test(test_explains_all),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
