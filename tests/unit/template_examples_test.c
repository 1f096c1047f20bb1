/* SPDX-License-Identifier: Apache-2.0 */
/* template_examples_test.c -- the worked examples of tests/vectors/template/examples.json: template, CSR, verdict. */
#include "support/test.h"

#include <stardeleg/template.h>

#include "json/json.h"

/* Policies that the table names. */
static int allow_all(void *ctx, const stardeleg_name_choice *choice)
{
  (void)ctx;
  assert_non_null(choice->name);
  return 1;
}

static int allow_nothing(void *ctx, const stardeleg_name_choice *choice)
{
  (void)ctx;
  (void)choice;
  return 0;
}

/* A sensible one: names below ido.example, no wildcards; names come in lower case. */
static int allow_names(void *ctx, const stardeleg_name_choice *choice)
{
  const char *tail = ".ido.example";
  size_t len = strlen(choice->name);

  (void)ctx;
  return !choice->wildcard && len > strlen(tail) && strcmp(choice->name + len - strlen(tail), tail) == 0;
}

static stardeleg_name_policy policy_called(const char *name)
{
  if (strcmp(name, "all") == 0) {
    return allow_all;
  }
  if (strcmp(name, "nothing") == 0) {
    return allow_nothing;
  }
  return strcmp(name, "names") == 0 ? allow_names : NULL;
}

typedef struct example {
  const sdg_json *entry;
  char label[128];
  stardeleg_err err;
  stardeleg_report *report;
} example;

static const char *text_of(const example *x, const char *name)
{
  return sdg_json_string(sdg_json_member(x->entry, name));
}

static void show_report(const example *x)
{
  for (size_t i = 0; i < stardeleg_report_count(x->report); i++) {
    const stardeleg_finding *f = stardeleg_report_get(x->report, i);

    print_message("# %s: %s [%s] %s (%s)\n", x->label, f->place, f->rule, f->detail, f->value);
  }
}

#define fail_example(x, ...)                                                                                           \
  do {                                                                                                                 \
    show_report(x);                                                                                                    \
    fail_msg(__VA_ARGS__);                                                                                             \
  } while (0)

static stardeleg_template *load(example *x)
{
  char path[256];
  size_t len = 0;
  char *json;
  stardeleg_template *tmpl = NULL;

  (void)snprintf(path, sizeof(path), "vectors/template/%s", text_of(x, "template"));
  json = test_file(path, &len);
  x->err = stardeleg_template_load(&tmpl, (stardeleg_bytes){(const uint8_t *)json, len}, NULL, &x->report);
  free(json);
  return tmpl;
}

/* Owned by the test program while one example runs. */
static stardeleg_identifier identifiers[300];

static size_t read_identifiers(const sdg_json *list)
{
  size_t count = 0;

  for (const sdg_json *item = sdg_json_first(list); item != NULL; item = sdg_json_next(item)) {
    identifiers[count].type = sdg_json_string(sdg_json_first(item));
    identifiers[count].value = sdg_json_string(sdg_json_next(sdg_json_first(item)));
    count++;
  }
  return count;
}

static void run_match(example *x, const stardeleg_template *tmpl)
{
  const sdg_json *list = sdg_json_member(x->entry, "identifiers");
  stardeleg_match_options options;
  stardeleg_bytes account = {NULL, 0};
  size_t count = read_identifiers(list);
  char path[256];
  char *csr;
  char *spki = NULL;
  size_t len = 0;

  stardeleg_match_options_default(&options);
  options.policy = policy_called(text_of(x, "policy"));
  options.key_only = sdg_json_bool(sdg_json_member(x->entry, "key_only"));
  options.allow_uri_identifiers = sdg_json_bool(sdg_json_member(x->entry, "allow_uri_identifiers"));
  if (text_of(x, "account_key")[0] != '\0') {
    (void)snprintf(path, sizeof(path), "vectors/template/keys/%s.spki.der", text_of(x, "account_key"));
    spki = test_file(path, &account.len);
    account.base = (const uint8_t *)spki;
    options.account_spkis = &account;
    options.account_spki_count = 1;
  }
  (void)snprintf(path, sizeof(path), "vectors/template/csr/%s.der", text_of(x, "csr"));
  csr = test_file(path, &len);
  stardeleg_report_free(x->report);
  x->report = NULL;
  x->err = stardeleg_template_match(tmpl, test_crypto(), (stardeleg_bytes){(const uint8_t *)csr, len},
                                    list != NULL ? identifiers : NULL, count, &options, &x->report);
  free(csr);
  free(spki);
}

static stardeleg_acme_error error_called(const char *verdict)
{
  char urn[128];

  (void)snprintf(urn, sizeof(urn), "urn:ietf:params:acme:error:%s",
                 strcmp(verdict, "template") == 0 ? "malformed" : verdict);
  return stardeleg_acme_error_from_urn(urn);
}

/* A refusal with the rule and at the place that the table names. */
static void check_finding(const example *x)
{
  const char *rule = text_of(x, "rule");
  const sdg_json *place = sdg_json_member(x->entry, "place");

  for (size_t i = 0; i < stardeleg_report_count(x->report); i++) {
    const stardeleg_finding *f = stardeleg_report_get(x->report, i);

    if (!f->warning && (rule[0] == '\0' || strcmp(f->rule, rule) == 0) &&
        (place == NULL || strcmp(f->place, sdg_json_string(place)) == 0)) {
      return;
    }
  }
  fail_example(x, "%s: no finding %s at %s", x->label, rule, place != NULL ? sdg_json_string(place) : "any place");
}

static void check_refusal(const example *x)
{
  const char *verdict = text_of(x, "verdict");
  stardeleg_problem problem;

  if (x->err != STARDELEG_ERR_POLICY && x->err != STARDELEG_ERR_MALFORMED) {
    fail_example(x, "%s: %s, expected %s", x->label, stardeleg_strerror(x->err), verdict);
  }
  assert_true(stardeleg_report_is_refusal(x->report));
  check_finding(x);
  stardeleg_report_to_problem(x->report, &problem);
  if (problem.acme != error_called(verdict)) {
    fail_example(x, "%s: %s, expected %s", x->label, problem.type, verdict);
  }
  assert_int_equal(problem.status, strcmp(verdict, "template") == 0 ? 400 : 403);
  assert_string_not_equal(problem.detail, "");
}

static void run_example(const sdg_json *entry)
{
  example x = {.entry = entry};
  stardeleg_template *tmpl;

  (void)snprintf(x.label, sizeof(x.label), "%lld %s %s", (long long)sdg_json_int(sdg_json_member(entry, "no")),
                 text_of(&x, "template"), text_of(&x, "csr"));
  tmpl = load(&x);
  if (strcmp(text_of(&x, "verdict"), "template") == 0) {
    assert_null(tmpl);
    check_refusal(&x);
  } else {
    if (tmpl == NULL) {
      fail_example(&x, "%s: template refused", x.label);
    }
    run_match(&x, tmpl);
    if (strcmp(text_of(&x, "verdict"), "accept") != 0) {
      check_refusal(&x);
    } else if (x.err != STARDELEG_OK || stardeleg_report_is_refusal(x.report)) {
      fail_example(&x, "%s: %s, expected acceptance", x.label, stardeleg_strerror(x.err));
    }
  }
  stardeleg_report_free(x.report);
  stardeleg_template_free(tmpl);
}

static sdg_json *read_table(void)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json *table = NULL;
  size_t len = 0;
  char *text = test_file("vectors/template/examples.json", &len);

  limits.bytes_max = 1024u * 1024u;
  limits.items_max = 4096;
  assert_ok(sdg_json_parse(&table, (stardeleg_bytes){(const uint8_t *)text, len}, &limits, NULL));
  free(text);
  return table;
}

/* The seventy worked examples and more; decisions 1 to 57 as far as a CSR can show them.
 * STARDEL-4.1-01 STARDEL-4.1-02 STARDEL-4.1-03 STARDEL-4.1-05 STARDEL-4.1-06 STARDEL-4.1-07 STARDEL-4.1-08
 * STARDEL-4.1-09 STARDEL-4.1-10 STARDEL-4.1-12 STARDEL-4.1-13 STARDEL-4.1-14 STARDEL-4.1-16 STARDEL-A-14 IP-8-01 AMB-20
 */
static void test_examples(void **state)
{
  sdg_json *table = read_table();
  size_t count = 0;

  (void)state;
  for (const sdg_json *entry = sdg_json_first(table); entry != NULL; entry = sdg_json_next(entry)) {
    run_example(entry);
    count++;
  }
  assert_true(count >= 374);
  sdg_json_free(table);
}

/* The numbered ones are all there, once. */
static void test_table_is_whole(void **state)
{
  sdg_json *table = read_table();
  int64_t next = 1;

  (void)state;
  for (const sdg_json *entry = sdg_json_first(table); entry != NULL; entry = sdg_json_next(entry)) {
    const sdg_json *no = sdg_json_member(entry, "no");

    if (no != NULL) {
      assert_int_equal(sdg_json_int(no), next);
      next++;
    }
  }
  assert_int_equal(next, 71);
  sdg_json_free(table);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table_is_whole),
      cmocka_unit_test(test_examples),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
