/* SPDX-License-Identifier: Apache-2.0 */
/* unit/cddl_findings_test.c -- what is said about wrong values: every violation, at its place, with its rule, and
 * nothing else. */
#include "support/test.h"

#include "features_schema.h"
#include "plug_schema.h"
#include "support/cddl.h"

typedef struct vector {
  const char *rule;
  const char *json;
  const char *found;
} vector;

static void check_vectors(const vector *vectors, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    char *found = NULL;
    assert_err(STARDELEG_ERR_MALFORMED,
               test_cddl(&sdg_test_features_schema, vectors[i].rule, vectors[i].json, NULL, 0, &found));
    if (strcmp(found, vectors[i].found) != 0) {
      fail_msg("%s: found\n%sinstead of\n%s", vectors[i].json, found, vectors[i].found);
    }
    free(found);
  }
}

#define CHECK(vectors) check_vectors(vectors, sizeof(vectors) / sizeof(vectors)[0])

static void test_descriptions(void **state)
{
  static const vector vectors[] = {
      {"t-uint", "-1", " | t-uint | an unsigned integer\n"},
      {"t-nint", "1", " | t-nint | a negative integer\n"},
      {"t-int", "1.5", " | t-int | an integer\n"},
      {"t-number", "\"\"", " | t-number | a number\n"},
      {"t-text", "1", " | t-text | text\n"},
      {"t-bool", "1", " | t-bool | true or false\n"},
      {"t-true", "false", " | t-true | true\n"},
      {"t-null", "false", " | t-null | null\n"},
      {"v-int", "1", " | v-int | 42\n"},
      {"v-empty", "1", " | v-empty | \"\"\n"},
      {"v-fraction", "1", " | v-fraction | 1.50\n"},
      {"r-closed", "9", " | r-closed | an integer from 0 to 7\n"},
      {"r-open", "9", " | r-open | an integer from 0 to below 8\n"},
      {"r-fraction", "9", " | r-fraction | a number from -0.5 to 2.5\n"},
      {"k-ge", "0", " | k-ge | an integer of at least 1\n"},
      {"k-le", "9", " | k-le | a number of at most 2.5\n"},
      {"k-gt", "-1", " | k-gt | an integer greater than -1\n"},
      {"k-lt", "1e9", " | k-lt | a number less than 1e2\n"},
      {"k-size-exact", "\"\"", " | k-size-exact | text of 3 bytes\n"},
      {"k-size-range", "\"\"", " | k-size-range | text of 2 to 4 bytes\n"},
      {"k-size-open", "\"xx\"", " | k-size-open | text of at most 1 bytes\n"},
      {"k-size-uint", "256", " | k-size-uint | an unsigned integer of at most 1 bytes\n"},
      {"k-regexp", "\"\"", " | k-regexp | text matching [a-c]+(-[0-9]{2,3})?\n"},
      {"k-and", "\"\"", " | k-and | text, which is also text of 1 to 9 bytes\n"},
      {"c-types", "true", " | c-types | an integer, text or null\n"},
      {"c-nested", "false", " | c-nested | 1, 2, \"a\", true or an array\n"},
      {"e-mixed", "null", " | e-mixed | text, an array or an object\n"},
      {"s-empty", "[1]", "/0 | $nothing | nothing (the extension point is empty)\n"},
      {"a-one", "{}", " | a-one | an array\n"},
      {"m-empty", "[]", " | m-empty | an object\n"},
  };

  (void)state;
  CHECK(vectors);
}

static void test_arrays(void **state)
{
  static const vector vectors[] = {
      {"a-one", "[]", " | a-one | one more item: an integer\n"},
      {"a-one", "[1,2]", "/1 | a-one | no further item\n"},
      {"a-one", "[\"x\"]", "/0 | a-one | an integer\n"},
      {"a-from", "[]", " | a-from | 2 more items: an integer\n"},
      /* each wrong item of an open-ended list, not only the first */
      {"a-plus", "[1,\"x\",2,null]", "/1 | a-plus | an integer\n/3 | a-plus | an integer\n"},
      {"a-labelled", "[\"x\",1]", "/0 | a-labelled | an integer\n/1 | a-labelled | text\n"},
      {"a-counted", "[1,2,3,4]", "/3 | a-counted | no further item\n"},
      {"a-upto", "[1,2,3,\"x\"]", "/2 | a-upto | text\n/3 | a-upto | no further item\n"},
      {"a-group", "[1,\"x\",2]", " | a-group | one more item: text\n"},
      {"a-choice", "[1,1,null]", "/1 | a-choice | text\n"},
      {"a-named", "[1,\"x\",2]", " | pair | one more item: text\n"},
      {"a-greedy", "[1,2]", " | a-greedy | one more item: an integer\n"},
      {"deep", "[[],[[1]]]", "/1/0/0 | deep | an array\n"},
  };

  (void)state;
  CHECK(vectors);
}

static void test_maps(void **state)
{
  static const vector vectors[] = {
      {"m-members", "{}", " | m-members | member \"a\": an integer\n | m-members | member \"b c\": text\n"},
      {"m-members", "{\"a\":\"1\",\"b c\":2,\"d\":3,\"e\":4}",
       "/a | m-members | an integer\n/b c | m-members | text\n/d | m-members | true or false\n/e | m-members | no "
       "member \"e\"\n"},
      {"m-empty", "{\"a/b~c\":1}", "/a~1b~0c | m-empty | no member \"a/b~c\"\n"},
      {"m-table", "{\"x\":1,\"y\":\"1\",\"z\":null}", "/y | m-table | an integer\n/z | m-table | an integer\n"},
      {"m-table-some", "{}", " | m-table-some | at least 1 more member\n"},
      {"m-table-counted", "{}", " | m-table-counted | at least 2 more members\n"},
      {"m-key-choice", "{}", " | m-key-choice | at least 1 more member named \"a\" or \"b\"\n"},
      {"m-keys", "{\"k1\":-1,\"x\":1}", "/k1 | m-keys | an unsigned integer\n/x | m-keys | no member \"x\"\n"},
      {"m-cut", "{\"a\":\"x\"}", "/a | m-cut | an integer\n"},
      {"m-optional-group", "{\"a\":1,\"c\":3}", " | m-optional-group | member \"b\": an integer\n"},
      {"m-closed-choice", "{\"b\":1}", " | m-closed-choice | member \"c\": an integer\n"},
      {"m-tagged", "{\"type\":\"y\",\"x\":1}", " | m-tagged | member \"y\": text\n/x | m-tagged | no member \"x\"\n"},
      {"m-named", "{\"b\":1}", " | members | member \"a\": an integer\n/b | members | text\n"},
      {"n-non-empty", "{}", " | non-empty<m-optional> | at least 1 more member\n"},
      {"n-non-empty", "{\"a\":\"x\"}", "/a | m-optional | an integer\n"},
      {"tree", "{\"left\":{\"right\":{\"leaf\":1}}}", "/left/right/leaf | tree | text\n"},
      {"e-inner", "{\"list\":[{\"id\":1},{\"id\":-1,\"name\":\"long\"},{}]}",
       "/list/1/id | e-inner | an unsigned integer\n/list/1/name | e-inner | text of 1 to 3 bytes\n"
       "/list/2 | e-inner | member \"id\": an unsigned integer\n"},
  };

  (void)state;
  CHECK(vectors);
}

/* The alternative that was meant is told about, not all of them. */
static void test_alternatives(void **state)
{
  static const vector vectors[] = {
      {"e-tagged", "{\"kind\":\"square\",\"side\":-1,\"color\":\"green\"}",
       "/side | e-square | an unsigned integer\n/color | e-square | \"red\" or \"blue\"\n"},
      {"e-tagged", "{\"kind\":\"circle\",\"side\":1}",
       " | e-circle | member \"radius\": an unsigned integer\n/side | e-circle | no member \"side\"\n"},
      {"e-tagged", "{\"kind\":\"line\",\"side\":-1}", "/kind | e-tagged | \"circle\" or \"square\"\n"},
      {"e-tagged", "{\"side\":1}", " | e-tagged | member \"kind\": \"circle\" or \"square\"\n"},
      {"e-tagged", "7", " | e-tagged | an object\n"},
      {"e-mixed", "[]", " | e-mixed | one more item: an integer\n"},
      {"e-mixed", "{\"a\":\"x\"}", "/a | e-mixed | an integer\n"},
      {"e-untagged", "{\"a\":1,\"b\":\"x\"}", "/b | e-untagged | an integer\n"},
      {"e-untagged", "{\"c\":1,\"d\":1}", " | e-untagged | member \"e\": an integer\n"},
  };

  (void)state;
  CHECK(vectors);
}

/* A plug's alternatives are named with the others. */
static void test_plugs(void **state)
{
  static const sdg_cddl_plug plugs[] = {{"$shape", &sdg_test_plug_schema, "e-line"},
                                        {"$$extra", &sdg_test_plug_schema, "extra"}};
  char *found = NULL;

  (void)state;
  assert_err(STARDELEG_ERR_MALFORMED,
             test_cddl(&sdg_test_features_schema, "e-plugged", "[{\"kind\":\"x\"},{\"kind\":\"line\",\"length\":-1}]",
                       plugs, 2, &found));
  assert_string_equal(found, "/0/kind | $shape | \"circle\" or \"line\"\n/1/length | e-line | an unsigned integer\n");
  free(found);
  assert_err(STARDELEG_ERR_MALFORMED,
             test_cddl(&sdg_test_features_schema, "s-map", "{\"name\":\"\",\"shade\":1}", plugs, 2, &found));
  assert_string_equal(found, " | extra | member \"color\": text\n");
  free(found);
}

/* Names come from the peer: they do not reach a log as they are. */
static void test_hostile_names(void **state)
{
  static const vector vectors[] = {
      {"m-empty", "{\"\\u001b[31m\\n\":1}", "/\\x1b[31m\\x0a | m-empty | no member \"\\x1b[31m\\x0a\"\n"},
  };
  char json[4096];
  char *found = NULL;

  (void)state;
  CHECK(vectors);
  (void)snprintf(json, sizeof json, "{\"%0*d\":1}", 3000, 7);
  assert_err(STARDELEG_ERR_MALFORMED, test_cddl(&sdg_test_features_schema, "m-empty", json, NULL, 0, &found));
  assert_true(strlen(found) < 700);
  assert_non_null(strstr(found, "..."));
  free(found);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_descriptions), cmocka_unit_test(test_arrays), cmocka_unit_test(test_maps),
      cmocka_unit_test(test_alternatives), cmocka_unit_test(test_plugs),  cmocka_unit_test(test_hostile_names),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
