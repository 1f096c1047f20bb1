/* SPDX-License-Identifier: Apache-2.0 */
/* template_extension_test.c -- further extensions that a program describes (RFC 9115 6.5): loaded, matched, built. */
#include "support/test.h"

#include <stdbool.h>

#include <stardeleg/template_extension.h>

#include "base/bytes.h"
#include "json/json.h"
#include "template/csr_template_schema.h"
#include "x509/csr.h"

/* The member is a string; the extension is an OCTET STRING-less copy of it as UTF8String of less than 128 bytes. */
typedef struct rule {
  uint8_t der[130];
  size_t len;
} rule;

static int rules_alive;

static stardeleg_err load_rule(void *ctx, void **out, stardeleg_bytes json, stardeleg_extension_fault *fault)
{
  sdg_json *tree = NULL;
  const char *text;
  rule *made;

  (void)ctx;
  assert_ok(sdg_json_parse(&tree, json, NULL, NULL));
  text = sdg_json_string(tree);
  if (strlen(text) == 0 || strlen(text) > 100) {
    (void)snprintf(fault->place, sizeof(fault->place), "/x");
    (void)snprintf(fault->detail, sizeof(fault->detail), "no text\n");
    sdg_json_free(tree);
    return STARDELEG_ERR_MALFORMED;
  }
  made = calloc(1, sizeof(*made));
  assert_non_null(made);
  made->der[0] = 0x0c;
  made->der[1] = (uint8_t)strlen(text);
  memcpy(made->der + 2, text, strlen(text));
  made->len = strlen(text) + 2;
  sdg_json_free(tree);
  rules_alive++;
  *out = made;
  return STARDELEG_OK;
}

static void unload_rule(void *ctx, void *loaded)
{
  (void)ctx;
  rules_alive--;
  free(loaded);
}

static stardeleg_err match_rule(void *ctx, const void *loaded, stardeleg_bytes value, stardeleg_extension_fault *fault)
{
  const rule *r = loaded;

  (void)ctx;
  if (value.base != NULL && value.len == r->len && memcmp(value.base, r->der, r->len) == 0) {
    return STARDELEG_OK;
  }
  (void)snprintf(fault->detail, sizeof(fault->detail), "%s", value.base == NULL ? "missing" : "different");
  return STARDELEG_ERR_POLICY;
}

static stardeleg_err build_rule(void *ctx, const void *loaded, const stardeleg_choice *choices, size_t choice_count,
                                uint8_t *out, size_t cap, size_t *len, stardeleg_extension_fault *fault)
{
  const rule *r = loaded;

  (void)ctx;
  if (choice_count > 1) {
    (void)snprintf(fault->detail, sizeof(fault->detail), "two choices");
    return STARDELEG_ERR_POLICY;
  }
  if (choice_count == 1 && strcmp(choices[0].value, "leave out") == 0) {
    *len = 0;
    return STARDELEG_OK;
  }
  assert_true(r->len <= cap);
  memcpy(out, r->der, r->len);
  *len = r->len;
  return STARDELEG_OK;
}

static void explain_rule(void *ctx, const void *loaded, char *out, size_t size)
{
  const rule *r = loaded;

  (void)ctx;
  (void)snprintf(out, size, "The label must be %.*s.", (int)(r->len - 2), (const char *)r->der + 2);
}

static int has_identifier(void *ctx, const void *loaded, stardeleg_bytes value, const char *identifier)
{
  const rule *r = loaded;

  (void)ctx;
  (void)value;
  return strlen(identifier) == r->len - 2 && memcmp(identifier, r->der + 2, r->len - 2) == 0;
}

static const stardeleg_template_extension label = {.size = sizeof(label),
                                                   .name = "label",
                                                   .oid = "1.3.6.1.4.1.55555.1",
                                                   .critical = 1,
                                                   .identifier_type = "label",
                                                   .load = load_rule,
                                                   .unload = unload_rule,
                                                   .match = match_rule,
                                                   .build = build_rule,
                                                   .explain = explain_rule,
                                                   .has_identifier = has_identifier};

#define KEYS                                                                                                           \
  "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\","                                 \
  "\"SignatureType\":\"ecdsa-with-SHA256\"}],"
#define SAN "\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"]}"
static const char with_label[] = KEYS "\"extensions\":{\"label\":\"gold\"," SAN "}}";
static const char without_label[] = KEYS "\"extensions\":{" SAN "}}";

static stardeleg_err load(stardeleg_template **out, const char *json, const stardeleg_template_extension *extension,
                          stardeleg_report **report)
{
  const stardeleg_template_extension *list[] = {extension};
  stardeleg_template_options options;

  stardeleg_template_options_default(&options);
  options.extensions = extension != NULL ? list : NULL;
  options.extension_count = extension != NULL ? 1 : 0;
  return stardeleg_template_load(out, (stardeleg_bytes){(const uint8_t *)json, strlen(json)}, &options, report);
}

static stardeleg_template *load_good(const char *json)
{
  stardeleg_template *tmpl = NULL;

  assert_ok(load(&tmpl, json, &label, NULL));
  return tmpl;
}

static void build(uint8_t **der, size_t *len, const stardeleg_template *tmpl, const stardeleg_choice *choice)
{
  stardeleg_key *key = NULL;

  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_template_build(tmpl, key, choice, choice != NULL ? 1 : 0, der, len, NULL));
  stardeleg_key_free(key);
}

static stardeleg_err match(const stardeleg_template *tmpl, const uint8_t *der, size_t len,
                           const stardeleg_identifier *identifiers, size_t count, stardeleg_report **report)
{
  return stardeleg_template_match(tmpl, test_crypto(), (stardeleg_bytes){der, len}, identifiers, count, NULL, report);
}

static bool has_finding(const stardeleg_report *report, const char *rule_name, const char *place, const char *detail)
{
  for (size_t i = 0; i < stardeleg_report_count(report); i++) {
    const stardeleg_finding *f = stardeleg_report_get(report, i);

    if (strcmp(f->rule, rule_name) == 0 && strcmp(f->place, place) == 0 && strstr(f->detail, detail) != NULL) {
      return true;
    }
  }
  return false;
}

static void test_unknown_without_description(void **state)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;

  (void)state;
  assert_err(STARDELEG_ERR_MALFORMED, load(&tmpl, with_label, NULL, &report));
  assert_true(has_finding(report, "extensions", "/extensions/label", "no member"));
  stardeleg_report_free(report);
}

/* A description does not open the rest: other members stay unknown. */
static void test_rest_stays_closed(void **state)
{
  static const char *const bad[] = {KEYS "\"extensions\":{\"label\":\"gold\",\"other\":1," SAN "}}",
                                    KEYS "\"label\":\"gold\",\"extensions\":{" SAN "}}",
                                    KEYS "\"subject\":{\"country\":\"CA\",\"label\":\"gold\"},\"extensions\":{" SAN
                                         "}}",
                                    KEYS "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"],"
                                         "\"label\":\"gold\"}}}",
                                    KEYS "\"extensions\":{\"label\":\"gold\"}}",
                                    KEYS "\"extensions\":[\"label\"]}",
                                    "[\"extensions\"]"};

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    stardeleg_template *tmpl = NULL;

    assert_err(STARDELEG_ERR_MALFORMED, load(&tmpl, bad[i], &label, NULL));
  }
  assert_int_equal(rules_alive, 0);
}

static void test_refused_by_description(void **state)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;

  (void)state;
  assert_err(STARDELEG_ERR_MALFORMED, load(&tmpl, KEYS "\"extensions\":{\"label\":\"\"," SAN "}}", &label, &report));
  assert_true(has_finding(report, "label", "/extensions/label/x", "no text\\x0a"));
  stardeleg_report_free(report);
}

static void test_round_trip(void **state)
{
  static const stardeleg_identifier good[] = {{"dns", "abc.ido.example"}, {"label", "gold"}};
  static const stardeleg_identifier other[] = {{"dns", "abc.ido.example"}, {"label", "silver"}};
  static const stardeleg_identifier twice[] = {{"dns", "abc.ido.example"}, {"label", "gold"}, {"label", "gold"}};
  stardeleg_template *tmpl = load_good(with_label);
  stardeleg_report *report = NULL;
  uint8_t *der = NULL;
  size_t len = 0;

  (void)state;
  build(&der, &len, tmpl, NULL);
  assert_ok(match(tmpl, der, len, NULL, 0, &report));
  assert_ok(match(tmpl, der, len, good, 2, &report));
  assert_err(STARDELEG_ERR_POLICY, match(tmpl, der, len, good, 1, &report));
  stardeleg_report_free(report);
  assert_err(STARDELEG_ERR_POLICY, match(tmpl, der, len, other, 2, &report));
  assert_true(has_finding(report, "identifier-extension", "", "does not have"));
  stardeleg_report_free(report);
  assert_err(STARDELEG_ERR_POLICY, match(tmpl, der, len, twice, 3, &report));
  stardeleg_report_free(report);
  assert_ok(stardeleg_template_check_identifiers(tmpl, good, 2, NULL, &report));
  assert_err(STARDELEG_ERR_POLICY, stardeleg_template_check_identifiers(tmpl, other, 2, NULL, &report));
  stardeleg_report_free(report);
  free(der);
  stardeleg_template_free(tmpl);
  assert_int_equal(rules_alive, 0);
}

static void test_mismatches(void **state)
{
  static const stardeleg_choice leave_out = {"label", "leave out"};
  stardeleg_template *gold = load_good(with_label);
  stardeleg_template *silver = load_good(KEYS "\"extensions\":{" SAN ",\"label\":\"silver\"}}");
  stardeleg_template *none = load_good(without_label);
  stardeleg_report *report = NULL;
  uint8_t *der = NULL;
  size_t len = 0;

  (void)state;
  build(&der, &len, silver, NULL);
  assert_err(STARDELEG_ERR_POLICY, match(gold, der, len, NULL, 0, &report));
  assert_true(has_finding(report, "label", "/extensions/label", "different"));
  stardeleg_report_free(report);
  assert_err(STARDELEG_ERR_POLICY, match(none, der, len, NULL, 0, &report));
  assert_true(has_finding(report, "extension-not-in-template", "/extensions", "1.3.6.1.4.1.55555.1"));
  stardeleg_report_free(report);
  free(der);
  build(&der, &len, gold, &leave_out);
  assert_err(STARDELEG_ERR_POLICY, match(gold, der, len, NULL, 0, &report));
  assert_true(has_finding(report, "label", "/extensions/label", "missing"));
  stardeleg_report_free(report);
  assert_ok(match(none, der, len, NULL, 0, &report));
  free(der);
  stardeleg_template_free(gold);
  stardeleg_template_free(silver);
  stardeleg_template_free(none);
}

/* The builder never does it: the right value, and the same or another one beside it (decision 34). */
static void test_repeated(void **state)
{
  static const uint8_t oid[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xb2, 0x03, 0x01};
  static const uint8_t gold[] = {0x0c, 4, 'g', 'o', 'l', 'd'};
  static const uint8_t silver[] = {0x0c, 6, 's', 'i', 'l', 'v', 'e', 'r'};
  static const uint8_t san[] = "\x30\x11\x82\x0f"
                               "abc.ido.example";
  sdg_x509_extension list[] = {{.oid = sdg_oid_subject_alt_name, .value = sdg_bytes(san, sizeof(san) - 1)},
                               {.oid = sdg_bytes(oid, sizeof(oid)), .value = sdg_bytes(gold, sizeof(gold))},
                               {.oid = sdg_bytes(oid, sizeof(oid)), .value = sdg_bytes(gold, sizeof(gold))}};
  sdg_csr_plan plan = {.extensions = list, .extension_count = 2, .alg = STARDELEG_ALG_ES256};
  stardeleg_template *tmpl = load_good(with_label);
  stardeleg_key *key = NULL;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  for (int i = 0; i < 4; i++) { /* alone, twice, a foreign one first, a foreign one last */
    stardeleg_report *report = NULL;
    sdg_buf der;

    plan.extension_count = i == 0 ? 2 : 3;
    list[1].value = i == 2 ? sdg_bytes(silver, sizeof(silver)) : sdg_bytes(gold, sizeof(gold));
    list[2].value = i == 3 ? sdg_bytes(silver, sizeof(silver)) : sdg_bytes(gold, sizeof(gold));
    sdg_buf_init(&der, SDG_CSR_MAX);
    assert_ok(sdg_csr_build(&der, &plan, key));
    assert_int_equal(match(tmpl, der.base, der.len, NULL, 0, &report), i == 0 ? STARDELEG_OK : STARDELEG_ERR_POLICY);
    assert_int_equal(has_finding(report, "extension-repeated", "/extensions", "1.3.6.1.4.1.55555.1"), i != 0);
    stardeleg_report_free(report);
    sdg_buf_clear(&der);
  }
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

static void test_builder_hears_refusal(void **state)
{
  static const stardeleg_choice two[] = {{"label", "a"}, {"label", "b"}};
  stardeleg_template *tmpl = load_good(with_label);
  stardeleg_key *key = NULL;
  stardeleg_problem problem;
  uint8_t *der = NULL;
  size_t len = 0;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_err(STARDELEG_ERR_POLICY, stardeleg_template_build(tmpl, key, two, 2, &der, &len, &problem));
  assert_non_null(strstr(problem.detail, "two choices"));
  assert_string_equal(problem.place, "label");
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

static void test_words(void **state)
{
  stardeleg_template *tmpl = load_good(with_label);
  stardeleg_template *again;
  char *text = NULL;

  (void)state;
  assert_ok(stardeleg_template_explain(tmpl, &text));
  assert_non_null(strstr(text, "The label must be gold.\n"));
  free(text);
  assert_string_equal(stardeleg_template_json(tmpl), KEYS "\"extensions\":{" SAN ",\"label\":\"gold\"}}");
  again = load_good(stardeleg_template_json(tmpl));
  assert_string_equal(stardeleg_template_json(again), stardeleg_template_json(tmpl));
  stardeleg_template_free(again);
  stardeleg_template_free(tmpl);
}

/* The description's own syntax; here the RFC's, which no string fits. */
static void test_schema_of_description(void **state)
{
  stardeleg_template_extension strict = label;
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;

  (void)state;
  strict.schema = &sdg_csr_template_schema;
  assert_err(STARDELEG_ERR_MALFORMED, load(&tmpl, with_label, &strict, &report));
  assert_true(has_finding(report, "label", "/extensions/label", "expected an object"));
  assert_int_equal(rules_alive, 0); /* |load| is not asked about what the syntax does not allow */
  stardeleg_report_free(report);
}

/* No identifier goes with the extension, and none is missed. */
static void test_without_identifier(void **state)
{
  static const stardeleg_identifier dns = {"dns", "abc.ido.example"};
  static const stardeleg_identifier both[] = {{"dns", "abc.ido.example"}, {"label", "gold"}};
  stardeleg_template_extension plain = label;
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  uint8_t *der = NULL;
  size_t len = 0;

  (void)state;
  plain.identifier_type = NULL;
  assert_ok(load(&tmpl, with_label, &plain, NULL));
  build(&der, &len, tmpl, NULL);
  assert_ok(match(tmpl, der, len, &dns, 1, &report));
  assert_ok(stardeleg_template_check_identifiers(tmpl, &dns, 1, NULL, &report));
  assert_err(STARDELEG_ERR_POLICY, match(tmpl, der, len, both, 2, &report));
  assert_true(has_finding(report, "identifier-not-in-csr", "/extensions/subjectAltName", ""));
  stardeleg_report_free(report);
  free(der);
  stardeleg_template_free(tmpl);
}

static stardeleg_err load_without_memory(void *ctx, void **out, stardeleg_bytes json, stardeleg_extension_fault *fault)
{
  (void)ctx;
  (void)out;
  (void)json;
  (void)fault;
  return STARDELEG_ERR_NOMEM;
}

static stardeleg_err match_without_memory(void *ctx, const void *loaded, stardeleg_bytes value,
                                          stardeleg_extension_fault *fault)
{
  (void)ctx;
  (void)loaded;
  (void)value;
  (void)fault;
  return STARDELEG_ERR_NOMEM;
}

/* A callback that could not do its work has allowed nothing, and refused nothing either. */
static void test_callbacks_without_memory(void **state)
{
  stardeleg_template_extension poor = label;
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  uint8_t *der = NULL;
  size_t len = 0;

  (void)state;
  poor.match = match_without_memory;
  assert_ok(load(&tmpl, with_label, &poor, NULL));
  build(&der, &len, tmpl, NULL);
  assert_err(STARDELEG_ERR_NOMEM, match(tmpl, der, len, NULL, 0, &report));
  assert_null(report);
  free(der);
  stardeleg_template_free(tmpl);
  tmpl = NULL;
  poor.load = load_without_memory;
  assert_err(STARDELEG_ERR_NOMEM, load(&tmpl, with_label, &poor, &report));
  assert_null(tmpl);
  assert_null(report);
  assert_int_equal(rules_alive, 0);
}

static void refuse_description(const stardeleg_template_extension *extension)
{
  stardeleg_template *tmpl = NULL;

  assert_err(STARDELEG_ERR_ARGUMENT, load(&tmpl, with_label, extension, NULL));
  assert_null(tmpl);
}

/* Descriptions that cannot be are the caller's mistake, whatever the template. */
static void test_bad_descriptions(void **state)
{
  stardeleg_template_extension bad[14];

  (void)state;
  for (size_t i = 0; i < 14; i++) {
    bad[i] = label;
  }
  bad[0].size = 8;
  bad[1].name = NULL;
  bad[2].oid = NULL;
  bad[3].load = NULL;
  bad[4].unload = NULL;
  bad[5].match = NULL;
  bad[6].build = NULL;
  bad[7].explain = NULL;
  bad[8].has_identifier = NULL;
  bad[9].oid = "1.50";
  bad[10].oid = "2.5.29.15"; /* these three have rules of their own */
  bad[11].oid = "2.5.29.17";
  bad[12].oid = "2.5.29.37";
  bad[13].identifier_type = "dns"; /* would take the names out of the comparison with the order */
  for (size_t i = 0; i < 14; i++) {
    print_message("case %zu\n", i);
    refuse_description(&bad[i]);
  }
  assert_int_equal(rules_alive, 0);
}

static void test_bad_names_of_descriptions(void **state)
{
  static const char *const names[] = {"keyUsage",
                                      "extendedKeyUsage",
                                      "subjectAltName",
                                      "",
                                      "a/b",
                                      "a~b",
                                      "a{b",
                                      "a:b",
                                      "a.b",
                                      "a b",
                                      "a\nb",
                                      "0123456789012345678901234567890123456789012345678901234567890123"};
  static const char *const types[] = {"dns", "email", "uri"};
  stardeleg_template_extension bad = label;

  (void)state;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    bad.name = names[i];
    print_message("case %s\n", names[i]);
    refuse_description(&bad);
  }
  bad.name = label.name;
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
    bad.identifier_type = types[i];
    refuse_description(&bad);
  }
}

/* |count| of them, all in one set of options. */
static stardeleg_err load_many(const stardeleg_template_extension *const *list, size_t count)
{
  stardeleg_template_options options;
  stardeleg_template *tmpl = NULL;
  stardeleg_err err;

  stardeleg_template_options_default(&options);
  options.extensions = list;
  options.extension_count = count;
  err = stardeleg_template_load(&tmpl, (stardeleg_bytes){(const uint8_t *)with_label, strlen(with_label)}, &options,
                                NULL);
  stardeleg_template_free(tmpl);
  return err;
}

static void test_sets_of_descriptions(void **state)
{
  enum { MOST = STARDELEG_TEMPLATE_EXTENSIONS_MAX };
  static const char *const names[] = {"label", "b", "c-c", "d_d", "e9", "f", "g", "Z", "i"};
  static const char *const oids[] = {"1.3.6.1.4.1.55555.1", "1.3.6.1.4.1.55555.2", "1.3.6.1.4.1.55555.3",
                                     "1.3.6.1.4.1.55555.4", "1.3.6.1.4.1.55555.5", "1.3.6.1.4.1.55555.6",
                                     "1.3.6.1.4.1.55555.7", "1.3.6.1.4.1.55555.8", "1.3.6.1.4.1.55555.9"};
  stardeleg_template_extension all[MOST + 1];
  const stardeleg_template_extension *list[MOST + 1];

  (void)state;
  for (size_t i = 0; i <= MOST; i++) {
    all[i] = label;
    all[i].name = names[i];
    all[i].oid = oids[i];
    list[i] = &all[i];
  }
  assert_ok(load_many(list, MOST));
  assert_err(STARDELEG_ERR_ARGUMENT, load_many(list, MOST + 1));
  assert_err(STARDELEG_ERR_ARGUMENT, load_many(NULL, 1));
  all[3].name = "b";
  assert_err(STARDELEG_ERR_ARGUMENT, load_many(list, MOST));
  all[3].name = names[3];
  all[3].oid = oids[1];
  assert_err(STARDELEG_ERR_ARGUMENT, load_many(list, MOST));
  list[3] = NULL;
  assert_err(STARDELEG_ERR_ARGUMENT, load_many(list, MOST));
  assert_int_equal(rules_alive, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_unknown_without_description),
      cmocka_unit_test(test_rest_stays_closed),
      cmocka_unit_test(test_refused_by_description),
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_mismatches),
      cmocka_unit_test(test_repeated),
      cmocka_unit_test(test_builder_hears_refusal),
      cmocka_unit_test(test_words),
      cmocka_unit_test(test_bad_descriptions),
      cmocka_unit_test(test_schema_of_description),
      cmocka_unit_test(test_without_identifier),
      cmocka_unit_test(test_callbacks_without_memory),
      cmocka_unit_test(test_bad_names_of_descriptions),
      cmocka_unit_test(test_sets_of_descriptions),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
