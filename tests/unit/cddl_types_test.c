/* SPDX-License-Identifier: Apache-2.0 */
/* unit/cddl_types_test.c -- types of tests/vectors/cddl/features.cddl, one rule after the other. */
#include "support/test.h"

#include "features_schema.h"
#include "plain_schema.h"
#include "support/cddl.h"

typedef struct vector {
  const char *rule;
  const char *json;
  bool valid;
} vector;

static void check_vectors(const vector *vectors, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const vector *v = &vectors[i];
    char *found = NULL;
    stardeleg_err err = test_cddl(&sdg_test_features_schema, v->rule, v->json, NULL, 0, &found);
    if (err != (v->valid ? STARDELEG_OK : STARDELEG_ERR_MALFORMED)) {
      fail_msg("%s against %s: %s", v->json, v->rule, stardeleg_strerror(err));
    }
    /* Every refusal has a reason, and nothing else has. */
    assert_int_equal(found[0] == '\0', v->valid);
    free(found);
  }
}

#define CHECK(vectors) check_vectors(vectors, sizeof(vectors) / sizeof(vectors)[0])

static void test_prelude(void **state)
{
  static const vector vectors[] = {
      {"t-any", "null", true},
      {"t-any", "{\"a\":[1]}", true},
      {"t-uint", "0", true},
      {"t-uint", "-1", false},
      {"t-uint", "2048.0", false},
      {"t-uint", "1e3", false},
      {"t-uint", "\"1\"", false},
      {"t-uint", "true", false},
      {"t-uint", "9007199254740991", true},
      {"t-uint", "9007199254740992", false},
      {"t-nint", "-1", true},
      {"t-nint", "0", false},
      {"t-nint", "-1.5", false},
      {"t-int", "-5", true},
      {"t-int", "5", true},
      {"t-int", "5.0", false},
      {"t-int", "null", false},
      {"t-number", "5", true},
      {"t-number", "5.5", true},
      {"t-number", "-1e-7", true},
      {"t-number", "\"5\"", false},
      {"t-float", "5.5", true},
      {"t-float64", "5", true},
      {"t-float", "false", false},
      {"t-tstr", "\"\"", true},
      {"t-text", "\"x\"", true},
      {"t-text", "1", false},
      {"t-text", "null", false},
      {"t-text", "[\"x\"]", false},
      {"t-bool", "true", true},
      {"t-bool", "false", true},
      {"t-bool", "0", false},
      {"t-bool", "\"true\"", false},
      {"t-true", "true", true},
      {"t-true", "false", false},
      {"t-false", "false", true},
      {"t-false", "true", false},
      {"t-false", "null", false},
      {"t-null", "null", true},
      {"t-nil", "null", true},
      {"t-null", "0", false},
      {"t-nil", "\"\"", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_values(void **state)
{
  static const vector vectors[] = {
      {"v-text", "\"a\\\"b\\\\\\/\\u00fc\\ud83d\\udd12\\n\"", true},
      {"v-text", "\"a\\\"b\\\\/\xC3\xBC\xF0\x9F\x94\x92\\n\"", true},
      {"v-text", "\"a\\\"b\\\\/u\"", false},
      {"v-empty", "\"\"", true},
      {"v-empty", "\" \"", false},
      {"v-empty", "null", false},
      {"v-int", "42", true},
      {"v-int", "43", false},
      {"v-int", "42.0", false},
      {"v-int", "\"42\"", false},
      {"v-negative", "-7", true},
      {"v-negative", "7", false},
      {"v-hex", "255", true},
      {"v-hex", "15", false},
      {"v-binary", "-5", true},
      {"v-binary", "5", false},
      {"v-zero", "0", true},
      {"v-zero", "1", false},
      {"v-fraction", "1.5", true},
      {"v-fraction", "1.50", true},
      {"v-fraction", "15e-1", true},
      {"v-fraction", "0.15E+1", true},
      {"v-fraction", "1.51", false},
      {"v-fraction", "-1.5", false},
      {"v-fraction", "1", false},
      {"v-exponent", "-2000", true},
      {"v-exponent", "-2000.0", true},
      {"v-exponent", "-2e3", true},
      {"v-exponent", "-0.2e4", true},
      {"v-exponent", "2000", false},
      {"v-exponent", "-2e4", false},
      {"v-exponent", "-2e999999999999999999", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_ranges(void **state)
{
  static const vector vectors[] = {
      {"r-closed", "0", true},
      {"r-closed", "7", true},
      {"r-closed", "8", false},
      {"r-closed", "-1", false},
      {"r-closed", "3.5", false},
      {"r-closed", "\"3\"", false},
      {"r-open", "7", true},
      {"r-open", "8", false},
      {"r-open", "0", true},
      {"r-negative", "-3", true},
      {"r-negative", "-1", true},
      {"r-negative", "0", false},
      {"r-negative", "-4", false},
      {"r-named", "255", true},
      {"r-named", "256", false},
      {"r-empty", "1", false},
      {"r-empty", "3", false},
      {"r-empty", "5", false},
      {"r-fraction", "-0.5", true},
      {"r-fraction", "-5e-1", true},
      {"r-fraction", "2.5", true},
      {"r-fraction", "2.500001", false},
      {"r-fraction", "-0.50001", false},
      {"r-fraction", "1", true},
      {"r-fraction", "3", false},
      {"r-fraction", "null", false},
      {"r-fraction-open", "0", true},
      {"r-fraction-open", "0.999999999999999999999", true},
      {"r-fraction-open", "1.0", false},
      {"r-fraction-open", "1", false},
      {"r-fraction-open", "1e-400", true},
      {"r-wide", "9007199254740991", true},
      {"r-wide", "-1", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_choices(void **state)
{
  static const vector vectors[] = {
      {"c-types", "1", true},
      {"c-types", "\"x\"", true},
      {"c-types", "null", true},
      {"c-types", "true", false},
      {"c-types", "[]", false},
      {"c-nested", "2", true},
      {"c-nested", "\"a\"", true},
      {"c-nested", "true", true},
      {"c-nested", "[1,[\"a\",[]],true]", true},
      {"c-nested", "[1,[\"b\"]]", false},
      {"c-nested", "3", false},
      {"c-nested", "false", false},
      {"c-extended", "\"a\"", true},
      {"c-extended", "\"b\"", true},
      {"c-extended", "3", true},
      {"c-extended", "\"c\"", false},
      {"c-begun", "\"only\"", true},
      {"c-begun", "\"on\"", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_controls(void **state)
{
  static const vector vectors[] = {
      /* .size counts bytes, not characters */
      {"k-size-exact", "\"abc\"", true},
      {"k-size-exact", "\"ab\"", false},
      {"k-size-exact", "\"abcd\"", false},
      {"k-size-exact", "\"\\u20ac\"", true},
      {"k-size-exact", "\"\\u20ac12\"", false},
      {"k-size-exact", "123", false},
      {"k-size-range", "\"ab\"", true},
      {"k-size-range", "\"abcd\"", true},
      {"k-size-range", "\"a\"", false},
      {"k-size-range", "\"abcde\"", false},
      {"k-size-open", "\"\"", true},
      {"k-size-open", "\"a\"", true},
      {"k-size-open", "\"ab\"", false},
      {"k-size-named", "\"\"", false},
      {"k-size-uint", "0", true},
      {"k-size-uint", "255", true},
      {"k-size-uint", "256", false},
      {"k-size-uint", "-1", false},
      {"k-size-uint", "\"a\"", false},
      {"k-size-uint-large", "9007199254740991", true},
      {"k-ge", "1", true},
      {"k-ge", "0", false},
      {"k-ge", "1.0", false},
      {"k-ge", "\"1\"", false},
      {"k-le", "2.5", true},
      {"k-le", "2", true},
      {"k-le", "2.50000000000000000001", false},
      {"k-le", "-1e99", true},
      {"k-le", "3", false},
      {"k-gt", "0", true},
      {"k-gt", "-1", false},
      {"k-lt", "99.999", true},
      {"k-lt", "100", false},
      {"k-lt", "1e2", false},
      {"k-lt", "1.0e1", true},
      {"k-both", "1", true},
      {"k-both", "5", true},
      {"k-both", "6", false},
      {"k-both", "0", false},
      {"k-and", "\"a\"", true},
      {"k-and", "\"\"", false},
      {"k-and", "\"0123456789\"", false},
      {"k-and", "1", false},
      {"k-within", "\"abc\"", true},
      {"k-within", "\"abd\"", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_regexps(void **state)
{
  static const vector vectors[] = {
      {"k-regexp", "\"a\"", true},
      {"k-regexp", "\"abc-12\"", true},
      {"k-regexp", "\"abc-123\"", true},
      {"k-regexp", "\"abc-1\"", false},
      {"k-regexp", "\"abc-1234\"", false},
      {"k-regexp", "\"\"", false},
      /* the whole text, not a part of it */
      {"k-regexp", "\"xabc\"", false},
      {"k-regexp", "\"abc\\n\"", false},
      {"k-regexp", "1", false},
      {"k-regexp-twice", "\"ab\"", true},
      {"k-regexp-twice", "\"axxb\"", true},
      {"k-regexp-twice", "\"b\"", false},
      {"k-regexp-twice", "\"a\"", false},
      {"k-regexp-twice", "\"a\\nb\"", false},
      {"k-regexp-twice", "\"a\\rb\"", false},
      {"k-regexp-named", "\"\"", true},
      {"k-regexp-named", "\"xxx\"", true},
      {"k-regexp-named", "\"xyx\"", false},
      /* a class negated takes one character, however many bytes it has */
      {"k-regexp-multibyte", "\"b\\u20acx\"", true},
      {"k-regexp-multibyte", "\"\\u00fc\\u20acx\"", true},
      {"k-regexp-multibyte", "\"\\ud83d\\udd12\\u20ac\\ud83d\\udd12\"", true},
      {"k-regexp-multibyte", "\"\\u00e9\\u20acx\"", false},
      {"k-regexp-multibyte", "\"a\\u20acx\"", false},
      {"k-regexp-multibyte", "\"b\\u20ac\"", false},
      {"k-regexp-multibyte", "\"b\\u20ac\\n\"", false},
      {"k-regexp-multibyte", "\"\\n\\u20acx\"", true},
      {"k-regexp-multibyte", "\"b\\u20adx\"", false},
      {"k-regexp-multibyte", "\"bc\\u20acx\"", false},
  };

  (void)state;
  CHECK(vectors);
}

/* A schema whose tables have no automata and no lists. */
static void test_plain_schema(void **state)
{
  (void)state;
  assert_ok(test_cddl(&sdg_test_plain_schema, NULL, "\"x\"", NULL, 0, NULL));
  assert_err(STARDELEG_ERR_MALFORMED, test_cddl(&sdg_test_plain_schema, "name", "1", NULL, 0, NULL));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_prelude),      cmocka_unit_test(test_values),   cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_choices),      cmocka_unit_test(test_controls), cmocka_unit_test(test_regexps),
      cmocka_unit_test(test_plain_schema),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
