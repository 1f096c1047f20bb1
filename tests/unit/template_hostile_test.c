/* SPDX-License-Identifier: Apache-2.0 */
/* template_hostile_test.c -- CSRs and orders made to slip through: look-alike values, other types, names for nothing.
 */
#include "support/test.h"

#include <stdbool.h>

#include <stardeleg/template.h>

#include "base/bytes.h"
#include "x509/csr.h"

#define KEYS                                                                                                           \
  "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\","                                 \
  "\"SignatureType\":\"ecdsa-with-SHA256\"}],"
#define ABC "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"]}}}"

static stardeleg_err load_text(stardeleg_template **out, const char *text, stardeleg_report **report)
{
  return stardeleg_template_load(out, sdg_bytes_str(text), NULL, report);
}

static stardeleg_template *load(const char *text)
{
  stardeleg_template *tmpl = NULL;

  assert_ok(load_text(&tmpl, text, NULL));
  return tmpl;
}

static bool has_finding(const stardeleg_report *report, const char *rule, const char *place)
{
  for (size_t i = 0; i < stardeleg_report_count(report); i++) {
    const stardeleg_finding *f = stardeleg_report_get(report, i);

    if (!f->warning && strcmp(f->rule, rule) == 0 && strcmp(f->place, place) == 0) {
      return true;
    }
  }
  return false;
}

/* A CSR for abc.ido.example with one attribute, unless |tag| is 0, signed like any other. */
static void make_csr(sdg_buf *out, stardeleg_key *key, stardeleg_bytes oid, int tag, const char *text)
{
  const sdg_general_name name = {.kind = SDG_GN_DNS, .value = SDG_BYTES_LITERAL("abc.ido.example")};
  const sdg_x509_attribute attribute = {.oid = oid, .tag = tag, .value = sdg_bytes_str(text), .rdn_size = 1};
  sdg_x509_extension extension = {.oid = sdg_oid_subject_alt_name};
  sdg_csr_plan plan = {.subject = &attribute,
                       .subject_count = tag != 0 ? 1 : 0,
                       .extensions = &extension,
                       .extension_count = 1,
                       .alg = STARDELEG_ALG_ES256};
  sdg_buf san;

  sdg_buf_init(&san, 4096);
  sdg_x509_put_san(&san, &name, 1);
  extension.value = sdg_buf_bytes(&san);
  sdg_buf_init(out, SDG_CSR_MAX);
  assert_ok(sdg_csr_build(out, &plan, key));
  sdg_buf_clear(&san);
}

/* --- Values of the subject --- */

typedef struct value {
  int tag;
  const char *text;
  const char *rule; /* NULL: acceptable */
} value;

#define UTF8 SDG_DER_UTF8_STRING
#define PRINTABLE SDG_DER_PRINTABLE_STRING
static const value values[] = {
    {UTF8, "IdO Inc", NULL},
    {UTF8, " IdO", NULL},
    {UTF8, "other.example", NULL},                                        /* only a common name is taken for a host */
    {UTF8, "\xd9\x86\xd8\xa7\xd9\x85\xe2\x80\x8c\xd9\x87\xd8\xa7", NULL}, /* Persian, with a non-joiner */
    {UTF8, "\xe6\xa0\xaa\xe5\xbc\x8f\xe3\x80\x80\xe4\xbc\x9a\xe7\xa4\xbe", NULL},
    /* Decision 15: as good as empty. */
    {UTF8, "", "subject-value"},
    {UTF8, " ", "subject-value"},
    {UTF8, "   ", "subject-value"},
    {PRINTABLE, " ", "subject-value"},
    {UTF8, "\xc2\xa0", "subject-value"},
    {UTF8, " \xe1\x9a\x80\xe2\x80\x80\xe2\x80\x8a\xe2\x80\xaf\xe2\x81\x9f\xe3\x80\x80", "subject-value"},
    /* Decision 19: control characters, and what works like one. */
    {UTF8, "a\tb", "subject-value"},
    {UTF8, "a\x7f", "subject-value"},
    {UTF8, "a\xc2\x80", "subject-value"},
    {UTF8, "a\xc2\x9f", "subject-value"},
    {UTF8, "a\xd8\x9c", "subject-value"},     /* U+061C */
    {UTF8, "a\xe2\x80\x8b", "subject-value"}, /* U+200B */
    {UTF8, "a\xe2\x80\x8e", "subject-value"}, /* U+200E */
    {UTF8, "a\xe2\x80\x8f", "subject-value"}, /* U+200F */
    {UTF8, "a\xe2\x80\xa8", "subject-value"}, /* U+2028 */
    {UTF8,
     "a\xe2\x80\xae"
     "cnI OdI",
     "subject-value"},                        /* U+202E */
    {UTF8, "a\xe2\x81\xa0", "subject-value"}, /* U+2060 */
    {UTF8, "a\xe2\x81\xa6", "subject-value"}, /* U+2066 */
    {UTF8, "a\xe2\x81\xa9", "subject-value"}, /* U+2069 */
    {UTF8,
     "\xef\xbb\xbf"
     "a",
     "subject-value"},                /* U+FEFF */
    {UTF8, "a\xff", "subject-value"}, /* not UTF-8 at all */
    /* Decision 17: a PrintableString has the characters of X.680 41.4. */
    {PRINTABLE, "AZaz09 '()+,-./:=?", NULL},
    {PRINTABLE, "a@b", "subject-encoding"},
    {PRINTABLE, "a*b", "subject-encoding"},
    {PRINTABLE, "a_b", "subject-encoding"},
    {PRINTABLE, "a;b", "subject-encoding"},
    {PRINTABLE, "a&b", "subject-encoding"},
    {PRINTABLE, "a!b", "subject-encoding"},
    {PRINTABLE, "a{b", "subject-encoding"},
    {PRINTABLE, "a`b", "subject-encoding"},
    {PRINTABLE, "a[b", "subject-encoding"},
    {PRINTABLE, "a\xe4", "subject-encoding"},
    {SDG_DER_IA5_STRING, "IdO Inc", "subject-encoding"},
};

/* Each value in a CSR of its own, where the template has |member| as "**". */
static void check_values(const char *member, stardeleg_bytes oid, const value *list, size_t count)
{
  stardeleg_key *key = NULL;
  stardeleg_template *tmpl;
  char text[512];
  char place[64];

  (void)snprintf(text, sizeof(text), KEYS "\"subject\":{\"%s\":\"**\"}," ABC, member);
  (void)snprintf(place, sizeof(place), "/subject/%s", member);
  tmpl = load(text);
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  for (size_t i = 0; i < count; i++) {
    stardeleg_report *report = NULL;
    sdg_buf der;
    stardeleg_err err;

    print_message("%s, case %zu: %s\n", member, i, list[i].text);
    make_csr(&der, key, oid, list[i].tag, list[i].text);
    err = stardeleg_template_match(tmpl, test_crypto(), sdg_buf_bytes(&der), NULL, 0, NULL, &report);
    assert_int_equal(err, list[i].rule == NULL ? STARDELEG_OK : STARDELEG_ERR_POLICY);
    if (list[i].rule != NULL) {
      assert_true(has_finding(report, list[i].rule, place));
      assert_int_equal(stardeleg_report_count(report), 1);
    }
    stardeleg_report_free(report);
    sdg_buf_clear(&der);
  }
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

static void test_chosen_values(void **state)
{
  (void)state;
  check_values("organization", sdg_oid_organization, values, sizeof(values) / sizeof(values[0]));
}

/* Decision 19: two upper-case letters. */
static void test_countries(void **state)
{
  static const value countries[] = {
      {PRINTABLE, "CA", NULL},
      {UTF8, "CA", NULL}, /* decision 17 */
      {PRINTABLE, "C", "subject-value"},
      {PRINTABLE, "cA", "subject-value"},
      {PRINTABLE, "Ca", "subject-value"},
      {PRINTABLE, "1A", "subject-value"},
      {PRINTABLE, "A1", "subject-value"},
      {PRINTABLE, "CAN", "subject-value"},
      {UTF8, "\xc3\x89", "subject-value"},         /* one letter of two octets */
      {UTF8, "\xc3\x89\xc3\x89", "subject-value"}, /* two of them */
      {SDG_DER_IA5_STRING, "CA", "subject-encoding"},
  };

  (void)state;
  check_values("country", sdg_oid_country, countries, sizeof(countries) / sizeof(countries[0]));
}

/* Decision 36: what may be taken for a host is one of the DNS names, exactly. */
static void test_common_names(void **state)
{
  static const value names[] = {
      {UTF8, "abc.ido.example", NULL},
      {UTF8, "ABC.IDO.example", NULL},
      {UTF8, "IdO", NULL},
      {UTF8, "IdO Inc.", NULL},
      {UTF8, "Acme.", NULL},
      {UTF8, "IdO no.1 Inc", NULL},
      {UTF8, "a@evil.example", NULL},
      {UTF8, ".", NULL},
      {UTF8, "abc.ido.example.", "common-name-not-in-san"},
      {UTF8, " abc.ido.example", "common-name-not-in-san"},
      {UTF8, "evil.example ", "common-name-not-in-san"},
      {UTF8, "evil.example", "common-name-not-in-san"},
      {UTF8, "*.ido.example", "common-name-not-in-san"},
      {UTF8, "a_b.example", "common-name-not-in-san"},
      {UTF8, "192.0.2.1", "common-name-not-in-san"},
      {UTF8, "::1", "common-name-not-in-san"},
      {UTF8, "[::1]", "common-name-not-in-san"},
      {UTF8, "::1 ", "common-name-not-in-san"},
      {UTF8, "https://evil.example", "common-name-not-in-san"},
      /* full stops that IDNA, or NFKC before it, takes for dots */
      {UTF8, "evil\xe3\x80\x82" "example", "common-name-not-in-san"},
      {UTF8, "evil\xef\xbc\x8e" "example", "common-name-not-in-san"},
      {UTF8, "evil\xef\xbd\xa1" "example", "common-name-not-in-san"},
      {UTF8, "evil\xe2\x80\xa4" "example", "common-name-not-in-san"},
      {UTF8, "evil\xef\xb9\x92" "example", "common-name-not-in-san"},
      {UTF8, "abc\xe3\x80\x82" "ido\xe3\x80\x82" "example", "common-name-not-in-san"},
      {PRINTABLE, "evil.example", "common-name-not-in-san"},
  };

  (void)state;
  check_values("commonName", sdg_oid_common_name, names, sizeof(names) / sizeof(names[0]));
}

/* What no delegate may choose the owner cannot demand: no builder would write it. */
static void test_literals(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    stardeleg_template *tmpl = NULL;
    stardeleg_report *report = NULL;
    char text[512];

    if (values[i].tag != UTF8 || values[i].text[0] == '\0' || strpbrk(values[i].text, "\t\xff") != NULL) {
      continue; /* the schema or the JSON reader has its own word */
    }
    (void)snprintf(text, sizeof(text), KEYS "\"subject\":{\"organization\":\"%s\"}," ABC, values[i].text);
    assert_int_equal(load_text(&tmpl, text, &report), values[i].rule == NULL ? STARDELEG_OK : STARDELEG_ERR_MALFORMED);
    assert_int_equal(has_finding(report, "subject-literal", "/subject/organization"), values[i].rule != NULL);
    stardeleg_report_free(report);
    stardeleg_template_free(tmpl);
  }
}

/* Two letters, and a warning if they are small ones; nothing else is a country (decision 19). */
static void test_literal_countries(void **state)
{
  static const struct {
    const char *text;
    stardeleg_err err;
    size_t findings;
  } cases[] = {
      {"CA", STARDELEG_OK, 0},
      {"ca", STARDELEG_OK, 1},
      {"cA", STARDELEG_OK, 1},
      {"C{", STARDELEG_ERR_MALFORMED, 1},
      {"C[", STARDELEG_ERR_MALFORMED, 1},
      {"C@", STARDELEG_ERR_MALFORMED, 1},
      {"C`", STARDELEG_ERR_MALFORMED, 1},
      {"1A", STARDELEG_ERR_MALFORMED, 1},
      {"A1", STARDELEG_ERR_MALFORMED, 1},
      {"C", STARDELEG_ERR_MALFORMED, 1},
      {"CAN", STARDELEG_ERR_MALFORMED, 1},
      {"\xc3\x89", STARDELEG_ERR_MALFORMED, 1},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    stardeleg_template *tmpl = NULL;
    stardeleg_report *report = NULL;
    char text[512];

    print_message("case %s\n", cases[i].text);
    (void)snprintf(text, sizeof(text), KEYS "\"subject\":{\"country\":\"%s\",\"organization\":\"ca\"}," ABC,
                   cases[i].text);
    assert_err(cases[i].err, load_text(&tmpl, text, &report));
    assert_int_equal(stardeleg_report_count(report), cases[i].findings);
    stardeleg_report_free(report);
    stardeleg_template_free(tmpl);
  }
}

/* --- Identifiers --- */

/* RFC 8555 7.4: the same set; a name of another type is another name.  IP-8-01 */
static void test_types_of_identifiers(void **state)
{
  static const struct {
    const char *type;
    const char *value;
    bool good;
  } cases[] = {
      {"dns", "abc.ido.example", true},    {"dns", "ABC.IDO.example", true},   {"DNS", "abc.ido.example", false},
      {"dn", "abc.ido.example", false},    {"dnsx", "abc.ido.example", false}, {"", "abc.ido.example", false},
      {"email", "abc.ido.example", false}, {"uri", "abc.ido.example", false},  {"d\x1bns", "abc.ido.example", false},
      {"dns", "abc.ido.example.", false},  {"dns", "bc.ido.example", false},   {"dns", "", false},
  };
  stardeleg_template *tmpl = load(KEYS ABC);
  stardeleg_key *key = NULL;
  sdg_buf der;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  make_csr(&der, key, sdg_oid_organization, 0, "");
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const stardeleg_identifier identifier = {cases[i].type, cases[i].value};
    stardeleg_report *report = NULL;
    stardeleg_err err =
        stardeleg_template_match(tmpl, test_crypto(), sdg_buf_bytes(&der), &identifier, 1, NULL, &report);

    print_message("case %zu: %s\n", i, cases[i].value);
    assert_int_equal(err, cases[i].good ? STARDELEG_OK : STARDELEG_ERR_POLICY);
    assert_int_equal(has_finding(report, "identifier-not-ordered", "/extensions/subjectAltName"), !cases[i].good);
    assert_int_equal(has_finding(report, "identifier-not-in-csr", "/extensions/subjectAltName"), !cases[i].good);
    for (size_t k = 0; k < stardeleg_report_count(report); k++) {
      for (const char *c = stardeleg_report_get(report, k)->identifier_type; *c != '\0'; c++) {
        assert_true((unsigned char)*c >= 0x20); /* an order's type is peer text too */
      }
    }
    stardeleg_report_free(report);
  }
  sdg_buf_clear(&der);
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

static int count_calls(void *ctx, const stardeleg_name_choice *choice)
{
  size_t *calls = ctx;

  (void)choice;
  (*calls)++;
  return 1;
}

/* A name that is malformed or there already fills no "**", and no policy ever sees it (decision 4). */
static void test_bad_names_fill_nothing(void **state)
{
  static const struct {
    stardeleg_identifier list[2];
    const char *rule;
    size_t calls;
  } cases[] = {
      {{{"dns", "a.ido.example"}, {"dns", "b.ido.example"}}, NULL, 2},
      {{{"dns", "a.ido.example"}, {"dns", "a_b.ido.example"}}, "san-name", 1},
      {{{"dns", "a.ido.example"}, {"dns", "A.ido.example"}}, "san-repeated", 1},
      {{{"dns", "a.ido.example"}, {"dns", "192.0.2.1"}}, "san-name", 1},
      {{{"dns", "a.ido.example"}, {"email", "x@ido.example"}}, "san-not-in-template", 1},
  };
  stardeleg_template *tmpl = load(KEYS "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"**\",\"**\"]}}}");

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    stardeleg_match_options options;
    stardeleg_report *report = NULL;
    size_t calls = 0;
    stardeleg_err err;

    stardeleg_match_options_default(&options);
    options.policy = count_calls;
    options.policy_ctx = &calls;
    err = stardeleg_template_check_identifiers(tmpl, cases[i].list, 2, &options, &report);
    assert_int_equal(err, cases[i].rule == NULL ? STARDELEG_OK : STARDELEG_ERR_POLICY);
    assert_int_equal(calls, cases[i].calls);
    if (cases[i].rule != NULL) {
      assert_true(has_finding(report, cases[i].rule, "/extensions/subjectAltName"));
      assert_true(has_finding(report, "san-mandatory-missing", "/extensions/subjectAltName/DNS"));
    }
    stardeleg_report_free(report);
  }
  stardeleg_template_free(tmpl);
}

/* --- When the signature cannot be checked --- */

static stardeleg_err verify_result;

static stardeleg_err answer_verify(void *self, const void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces,
                                   size_t n, stardeleg_bytes signature)
{
  (void)self;
  (void)handle;
  (void)alg;
  (void)pieces;
  (void)n;
  (void)signature;
  return verify_result;
}

/* Only a clear yes of the provider counts; its own failure is not the CSR's, and no acceptance either. */
static void test_provider_that_fails(void **state)
{
  static const struct {
    stardeleg_err verify;
    stardeleg_err match;
  } cases[] = {
      {STARDELEG_OK, STARDELEG_OK},
      {STARDELEG_ERR_SIGNATURE, STARDELEG_ERR_POLICY},
      {STARDELEG_ERR_UNSUPPORTED, STARDELEG_ERR_POLICY},
      {STARDELEG_ERR_BAD_KEY, STARDELEG_ERR_POLICY},
      {STARDELEG_ERR_CRYPTO, STARDELEG_ERR_CRYPTO},
      {STARDELEG_ERR_NOMEM, STARDELEG_ERR_NOMEM},
  };
  stardeleg_crypto_ops ops = *test_crypto()->ops;
  const stardeleg_crypto crypto = {&ops, test_crypto()->self};
  stardeleg_template *tmpl = load(KEYS ABC);
  stardeleg_report *report = NULL;
  stardeleg_key *key = NULL;
  sdg_buf der;

  (void)state;
  ops.verify = answer_verify;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  make_csr(&der, key, sdg_oid_organization, 0, "");
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    verify_result = cases[i].verify;
    assert_err(cases[i].match, stardeleg_template_match(tmpl, &crypto, sdg_buf_bytes(&der), NULL, 0, NULL, &report));
    assert_int_equal(report != NULL, cases[i].match == STARDELEG_ERR_POLICY);
    stardeleg_report_free(report);
  }
  ops.verify_algs = 0; /* a provider without ECDSA */
  assert_err(STARDELEG_ERR_POLICY,
             stardeleg_template_match(tmpl, &crypto, sdg_buf_bytes(&der), NULL, 0, NULL, &report));
  assert_true(has_finding(report, "csr-signature", ""));
  stardeleg_report_free(report);
  sdg_buf_clear(&der);
  stardeleg_key_free(key);
  stardeleg_template_free(tmpl);
}

/* What is no CSR is the delegate's fault, however long; what is no argument is the caller's. */
static void test_no_csr(void **state)
{
  static const stardeleg_identifier unset[] = {{NULL, "abc.ido.example"}, {"dns", NULL}};
  const stardeleg_bytes none = {NULL, 0};
  const stardeleg_bytes impossible = {NULL, 1};
  stardeleg_template *tmpl = load(KEYS ABC);
  stardeleg_match_options options;
  stardeleg_report *report = NULL;
  uint8_t *zeroes = calloc(1, SDG_CSR_MAX + 1);

  (void)state;
  assert_non_null(zeroes);
  assert_err(STARDELEG_ERR_POLICY, stardeleg_template_match(tmpl, test_crypto(), none, NULL, 0, NULL, &report));
  assert_true(has_finding(report, "csr-malformed", ""));
  stardeleg_report_free(report);
  assert_err(STARDELEG_ERR_POLICY,
             stardeleg_template_match(tmpl, test_crypto(), sdg_bytes(zeroes, SDG_CSR_MAX + 1), NULL, 0, NULL, &report));
  assert_true(has_finding(report, "csr-malformed", ""));
  stardeleg_report_free(report);
  report = NULL;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_match(tmpl, test_crypto(), impossible, NULL, 0, NULL, &report));
  for (size_t i = 0; i < 2; i++) {
    assert_err(STARDELEG_ERR_ARGUMENT,
               stardeleg_template_match(tmpl, test_crypto(), none, &unset[i], 1, NULL, &report));
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_check_identifiers(tmpl, &unset[i], 1, NULL, &report));
  }
  stardeleg_match_options_default(&options);
  options.size++;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_match(tmpl, test_crypto(), none, NULL, 0, &options, &report));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_check_identifiers(tmpl, NULL, 0, &options, &report));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_template_check_identifiers(NULL, NULL, 0, NULL, &report));
  assert_null(report);
  free(zeroes);
  stardeleg_template_free(tmpl);
}

/* --- Templates nobody could fit --- */

/* |count| different names: the number goes between |before| and |after|. */
static void add_names(sdg_buf *out, const char *kind, const char *before, const char *after, size_t count)
{
  char number[24];

  sdg_buf_add_str(out, kind);
  for (size_t i = 0; i < count; i++) {
    (void)snprintf(number, sizeof(number), "%zu", i);
    sdg_buf_add_str(out, i == 0 ? "[\"" : ",\"");
    sdg_buf_add_str(out, before);
    sdg_buf_add_str(out, number);
    sdg_buf_add_str(out, after);
    sdg_buf_add_str(out, "\"");
  }
  sdg_buf_add_str(out, "]");
}

/* No array is over its limit, but all together they are over what any CSR can have. */
static void test_names_over_all_kinds(void **state)
{
  (void)state;
  for (size_t uris = 56; uris <= 57; uris++) {
    stardeleg_template *tmpl = NULL;
    stardeleg_report *report = NULL;
    sdg_buf text;

    sdg_buf_init(&text, 65536);
    sdg_buf_add_str(&text, KEYS "\"extensions\":{\"subjectAltName\":{");
    add_names(&text, "\"DNS\":", "a", ".example", 100);
    add_names(&text, ",\"Email\":", "a", "@b.example", 100);
    add_names(&text, ",\"URI\":", "urn:a:", "", uris);
    sdg_buf_add_str(&text, "}}}");
    assert_ok(sdg_buf_error(&text));
    assert_int_equal(stardeleg_template_load(&tmpl, sdg_buf_bytes(&text), NULL, &report),
                     uris == 56 ? STARDELEG_OK : STARDELEG_ERR_POLICY);
    assert_int_equal(has_finding(report, "san-count", "/extensions/subjectAltName"), uris != 56);
    stardeleg_report_free(report);
    stardeleg_template_free(tmpl);
    sdg_buf_clear(&text);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_chosen_values),
      cmocka_unit_test(test_countries),
      cmocka_unit_test(test_common_names),
      cmocka_unit_test(test_literals),
      cmocka_unit_test(test_literal_countries),
      cmocka_unit_test(test_types_of_identifiers),
      cmocka_unit_test(test_bad_names_fill_nothing),
      cmocka_unit_test(test_provider_that_fails),
      cmocka_unit_test(test_no_csr),
      cmocka_unit_test(test_names_over_all_kinds),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
