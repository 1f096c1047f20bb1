/* SPDX-License-Identifier: Apache-2.0 */
/* unit/cddl_groups_test.c -- arrays, maps, groups, sockets and generics of tests/vectors/cddl/features.cddl. */
#include "support/test.h"

#include "features_schema.h"
#include "plug_schema.h"
#include "support/cddl.h"

typedef struct vector {
  const char *rule;
  const char *json;
  bool valid;
} vector;

static void check_vectors(const vector *vectors, size_t count, const sdg_cddl_plug *plugs, size_t plug_count)
{
  for (size_t i = 0; i < count; i++) {
    const vector *v = &vectors[i];
    char *found = NULL;
    stardeleg_err err = test_cddl(&sdg_test_features_schema, v->rule, v->json, plugs, plug_count, &found);
    if (err != (v->valid ? STARDELEG_OK : STARDELEG_ERR_MALFORMED)) {
      fail_msg("%s against %s: %s", v->json, v->rule, stardeleg_strerror(err));
    }
    assert_int_equal(found[0] == '\0', v->valid);
    free(found);
  }
}

#define CHECK(vectors) check_vectors(vectors, sizeof(vectors) / sizeof(vectors)[0], NULL, 0)

static void test_arrays(void **state)
{
  static const vector vectors[] = {
      {"a-empty", "[]", true},
      {"a-empty", "[1]", false},
      {"a-empty", "{}", false},
      {"a-one", "[1]", true},
      {"a-one", "[]", false},
      {"a-one", "[1,2]", false},
      {"a-one", "[\"x\"]", false},
      {"a-one", "1", false},
      {"a-labelled", "[1,\"x\"]", true},
      {"a-labelled", "[\"x\",1]", false},
      {"a-labelled", "{\"first\":1,\"second\":\"x\"}", false},
      {"a-star", "[]", true},
      {"a-star", "[1,2,3]", true},
      {"a-star", "[1,\"x\"]", false},
      {"a-plus", "[]", false},
      {"a-plus", "[1]", true},
      {"a-plus", "[1,2,null]", false},
      {"a-optional", "[\"x\"]", true},
      {"a-optional", "[1,\"x\"]", true},
      {"a-optional", "[1,2,\"x\"]", false},
      {"a-optional", "[1]", false},
      {"a-counted", "[1]", false},
      {"a-counted", "[1,2]", true},
      {"a-counted", "[1,2,3]", true},
      {"a-counted", "[1,2,3,4]", false},
      {"a-upto", "[\"x\"]", true},
      {"a-upto", "[1,2,\"x\"]", true},
      {"a-upto", "[1,2,3,\"x\"]", false},
      {"a-from", "[1]", false},
      {"a-from", "[1,2,3,4,5]", true},
      /* RFC 8610 appendix A: occurrences are greedy and give nothing back */
      {"a-greedy", "[1]", false},
      {"a-greedy", "[1,2]", false},
      {"a-group", "[]", true},
      {"a-group", "[1,\"x\",2,\"y\"]", true},
      {"a-group", "[1,\"x\",2]", false},
      {"a-choice", "[1,\"x\",null]", true},
      {"a-choice", "[\"x\",1,null]", true},
      {"a-choice", "[1,1,null]", false},
      {"a-first-wins", "[1]", true},
      {"a-first-wins", "[1,2]", false},
      {"a-named", "[1,\"x\",2,\"y\"]", true},
      {"a-named", "[1,\"x\"]", false},
      {"a-nothing", "[]", true},
      {"a-nothing", "[1]", false},
      {"a-none", "[\"x\"]", true},
      {"a-none", "[1,\"x\"]", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_maps(void **state)
{
  static const vector vectors[] = {
      {"m-empty", "{}", true},
      {"m-empty", "{\"a\":1}", false},
      {"m-empty", "[]", false},
      {"m-members", "{\"a\":1,\"b c\":\"x\"}", true},
      {"m-members", "{\"d\":true,\"b c\":\"x\",\"a\":1}", true},
      {"m-members", "{\"a\":1}", false},
      {"m-members", "{\"a\":1,\"b c\":\"x\",\"d\":1}", false},
      {"m-members", "{\"a\":1,\"b c\":\"x\",\"D\":true}", false},
      {"m-arrow", "{\"a\":1}", true},
      {"m-arrow", "{\"a\":\"1\"}", false},
      {"m-closed-choice", "{\"a\":1}", true},
      {"m-closed-choice", "{\"b\":1,\"c\":2}", true},
      {"m-closed-choice", "{\"b\":1}", false},
      {"m-closed-choice", "{\"a\":1,\"b\":1,\"c\":1}", false},
      /* a cut ends its alternative only, or this idiom could not be written */
      {"m-tagged", "{\"type\":\"x\",\"x\":1}", true},
      {"m-tagged", "{\"type\":\"y\",\"y\":\"1\"}", true},
      {"m-tagged", "{\"type\":\"y\",\"x\":1}", false},
      {"m-tagged", "{\"type\":\"z\",\"x\":1}", false},
      {"m-table", "{}", true},
      {"m-table", "{\"q\":1,\"r\":2}", true},
      {"m-table", "{\"q\":1,\"r\":\"2\"}", false},
      {"m-table-some", "{}", false},
      {"m-table-some", "{\"\":1}", true},
      {"m-table-counted", "{\"a\":1}", false},
      {"m-table-counted", "{\"a\":1,\"b\":2,\"c\":3}", true},
      {"m-table-counted", "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}", false},
      {"m-keys", "{\"k1\":1,\"k2\":2}", true},
      {"m-keys", "{\"k1\":1,\"q2\":2}", false},
      {"m-keys", "{\"k1\":-1}", false},
      /* RFC 8610 3.5.4 */
      {"m-cut", "{\"a\":1,\"z\":\"x\"}", true},
      {"m-cut", "{\"a\":\"x\"}", false},
      {"m-arrow-cut", "{\"a\":\"x\"}", false},
      {"m-arrow-cut", "{\"b\":\"x\"}", true},
      {"m-no-cut", "{\"a\":\"x\"}", true},
      {"m-named", "{\"a\":1,\"z\":null}", true},
      {"m-named", "{\"a\":1,\"b\":\"x\"}", true},
      {"m-named", "{\"b\":\"x\"}", false},
      {"m-optional-group", "{}", true},
      {"m-optional-group", "{\"a\":1,\"b\":2,\"c\":3}", true},
      {"m-optional-group", "{\"a\":1,\"c\":3}", false},
      {"m-required-group", "{\"a\":1}", false},
      {"m-repeated-group", "{\"a\":1,\"b\":2,\"c\":3}", true},
      {"m-repeated-group", "{}", true},
      {"m-repeated-group", "{\"d\":1}", false},
      {"m-any", "{\"x\":{\"y\":[]}}", true},
      {"m-once", "{\"a\":1}", true},
      {"m-once", "{}", false},
      {"m-never", "{\"b\":1}", true},
      {"m-never", "{\"a\":1,\"b\":1}", false},
      {"m-key-choice", "{\"a\":1,\"b\":2}", true},
      {"m-key-choice", "{\"c\":1}", false},
      {"m-first-fits", "{\"a\":1}", true},
      {"m-first-fits", "{}", true},
      /* RFC 8610 appendix A: the first alternative matches nothing, and that is locked in */
      {"m-first-fits", "{\"b\":1}", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_groups(void **state)
{
  static const vector vectors[] = {
      {"g-extended", "{\"circle\":1}", true},
      {"g-extended", "{\"square\":1}", true},
      {"g-extended", "{\"circle\":1,\"square\":1}", false},
      {"g-types", "[1]", true},
      {"g-types", "[\"x\"]", false},
      {"both", "1", true},
      {"g-alias", "{\"a\":1}", true},
      {"g-alias", "{}", false},
      {"g-named-twice", "{\"a\":1,\"c\":2}", true},
      {"g-named-twice", "{\"a\":1}", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_generics(void **state)
{
  static const vector vectors[] = {
      {"n-message", "{\"type\":\"reboot\",\"value\":\"now\"}", true},
      {"n-message", "{\"type\":\"sleep\",\"value\":100}", true},
      {"n-message", "{\"type\":\"sleep\",\"value\":101}", false},
      {"n-message", "{\"type\":\"reboot\",\"value\":1}", false},
      {"n-non-empty", "{}", false},
      {"n-non-empty", "{\"b\":1}", true},
      {"n-non-empty", "{\"c\":1}", false},
      {"n-nested", "[[[1]]]", true},
      {"n-nested", "[[1]]", false},
      {"n-group", "[1,\"a\",2,\"b\"]", true},
      {"n-group", "[1,\"a\"]", false},
      {"n-bound", "9", true},
      {"n-bound", "10", false},
      {"n-recursive", "[1,[2,[]]]", true},
      {"n-recursive", "[1,[\"x\",[]]]", false},
      {"n-recursive", "[1]", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_recursion(void **state)
{
  static const vector vectors[] = {
      {"tree", "{}", true},
      {"tree", "{\"left\":{\"leaf\":\"x\"},\"right\":{\"left\":{\"right\":{\"leaf\":\"y\"}}}}", true},
      {"tree", "{\"left\":{\"leaf\":\"x\"},\"right\":{\"left\":{\"right\":{\"leaf\":1}}}}", false},
      {"deep", "[[[[]],[]],[[[]]]]", true},
      {"deep", "[[[[]],[]],[[[1]]]]", false},
      {"expression", "[\"add\",1,[\"mul\",2,3]]", true},
      {"expression", "[\"add\",1,[\"div\",2,3]]", false},
      {"expression", "[\"add\",1]", false},
  };

  (void)state;
  CHECK(vectors);
}

static void test_sockets_unfilled(void **state)
{
  static const vector vectors[] = {
      {"s-type", "[\"known\"]", true},     {"s-type", "[\"added\"]", false},
      {"s-empty", "[1]", false},           {"s-empty", "[]", false},
      {"s-map", "{\"name\":\"x\"}", true}, {"s-map", "{\"name\":\"x\",\"color\":\"r\"}", false},
      {"s-map-one", "{}", false},          {"s-array", "[]", true},
      {"s-array", "[1,\"x\"]", true},      {"s-array", "[null,null]", false},
      {"$thing", "\"known\"", true},
  };

  (void)state;
  CHECK(vectors);
}

static void test_sockets_filled(void **state)
{
  static const sdg_cddl_plug plugs[] = {
      {"$thing", &sdg_test_plug_schema, "new-thing"},   {"$$extra", &sdg_test_plug_schema, "extra"},
      {"$$extra", &sdg_test_plug_schema, "more-extra"}, {"$$extra-needed", &sdg_test_plug_schema, "extra"},
      {"$$items", &sdg_test_plug_schema, "items"},      {"$nothing", &sdg_test_plug_schema, "new-value"},
      {"$shape", &sdg_test_plug_schema, "e-line"},
  };
  static const vector vectors[] = {
      {"s-type", "[\"known\",\"added\"]", true},
      {"s-type", "[{\"added\":1}]", true},
      {"s-type", "[{\"added\":\"x\"}]", false},
      /* a socket of the plug's own schema */
      {"s-type", "[{\"added\":\"deep\"}]", true},
      {"s-type", "[\"new\"]", false},
      {"s-empty", "[1]", true},
      {"s-map", "{\"name\":\"x\",\"color\":\"r\"}", true},
      {"s-map", "{\"name\":\"x\",\"color\":\"r\",\"size\":1,\"shade\":2}", true},
      {"s-map", "{\"name\":\"x\",\"shade\":2}", false},
      {"s-map", "{\"name\":\"x\",\"color\":1}", false},
      {"s-map-one", "{\"color\":\"r\"}", true},
      {"s-array", "[null,null,1,\"x\"]", true},
      {"s-array", "[null,1]", false},
      {"e-plugged", "[{\"kind\":\"line\",\"length\":1},{\"kind\":\"circle\",\"radius\":1}]", true},
      {"e-plugged", "[{\"kind\":\"line\",\"radius\":1}]", false},
  };

  (void)state;
  check_vectors(vectors, sizeof vectors / sizeof vectors[0], plugs, sizeof plugs / sizeof plugs[0]);
}

/* Wrong arguments are told apart from wrong values. */
static void test_wrong_arguments(void **state)
{
  const sdg_cddl_schema *schema = &sdg_test_features_schema;
  static const sdg_cddl_plug bad[] = {
      {"$no-such-socket", &sdg_test_plug_schema, "new-thing"},
      {"$thing", &sdg_test_plug_schema, "no-such-rule"},
      {"$thing", &sdg_test_plug_schema, "extra"},
      {"$$extra", &sdg_test_plug_schema, "new-thing"},
      {"$thing", NULL, "new-thing"},
      {"$thing", &sdg_test_plug_schema, NULL},
      {NULL, &sdg_test_plug_schema, "new-thing"},
      {"t-int", &sdg_test_plug_schema, "new-thing"},
  };
  sdg_cddl_schema other = sdg_test_features_schema;

  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, test_cddl(schema, "t-int", "1", &bad[i], 1, NULL));
  }
  assert_err(STARDELEG_ERR_ARGUMENT, test_cddl(schema, "no-such-rule", "1", NULL, 0, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, test_cddl(schema, "members", "{\"a\":1}", NULL, 0, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, test_cddl(schema, "t-int", "1", NULL, 1, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, test_cddl(NULL, "t-int", "1", NULL, 0, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_cddl_check(schema, NULL, NULL, NULL, 0, NULL, NULL));
  other.layout++;
  assert_err(STARDELEG_ERR_ARGUMENT, test_cddl(&other, "t-int", "1", NULL, 0, NULL));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_arrays),         cmocka_unit_test(test_maps),
      cmocka_unit_test(test_groups),         cmocka_unit_test(test_generics),
      cmocka_unit_test(test_recursion),      cmocka_unit_test(test_sockets_unfilled),
      cmocka_unit_test(test_sockets_filled), cmocka_unit_test(test_wrong_arguments),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
