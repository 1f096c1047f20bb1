/* SPDX-License-Identifier: Apache-2.0 */
/* acme_identifier_test.c -- lists of identifiers: form, sets, policy of names. */
#include "support/test.h"

#include "acme/identifier.h"
#include "base/bytes.h"
#include "base/name.h"

static stardeleg_err parse(sdg_identifiers *out, const char *text, stardeleg_problem *problem)
{
  sdg_json *tree = NULL;
  stardeleg_err err;

  assert_ok(sdg_json_parse(&tree, sdg_bytes_str(text), NULL, NULL));
  err = sdg_identifiers_parse(out, tree, problem);
  sdg_json_free(tree);
  return err;
}

#define DNS(name) "{\"type\":\"dns\",\"value\":\"" name "\"}"

static void forms(void **state)
{
  static const struct {
    const char *text;
    bool good;
  } cases[] = {
      {"[" DNS("a.b") "]", true},
      {"[{\"type\":\"dns\",\"value\":\"a.b\",\"more\":1}]", true},
      {"[{\"type\":\"TNAuthList\",\"value\":\"F83n2a\"}]", true},
      {"[]", false},
      {"{}", false},
      {"null", false},
      {"[null]", false},
      {"[[]]", false},
      {"[{}]", false},
      {"[{\"type\":\"dns\"}]", false},
      {"[{\"value\":\"a.b\"}]", false},
      {"[{\"type\":null,\"value\":\"a.b\"}]", false},
      {"[{\"type\":\"dns\",\"value\":[\"a.b\"]}]", false},
      {"[{\"type\":\"\",\"value\":\"a.b\"}]", false},
      {"[{\"type\":\"dns\",\"value\":\"\"}]", false},
      {"[" DNS("a.b") ",5]", false},
  };
  sdg_identifiers list = {NULL, 0};
  stardeleg_problem problem = {0};
  char *text;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    assert_int_equal(parse(&list, cases[i].text, &problem), cases[i].good ? STARDELEG_OK : STARDELEG_ERR_MALFORMED);
    if (!cases[i].good) {
      assert_null(list.items);
      assert_true(strncmp(problem.place, "/identifiers", 12) == 0);
    }
    sdg_identifiers_clear(&list);
  }
  text = malloc(5000);
  assert_non_null(text);
  (void)snprintf(text, 5000, "[{\"type\":\"dns\",\"value\":\"%02049d\"}]", 0);
  assert_err(STARDELEG_ERR_MALFORMED, parse(&list, text, NULL));
  (void)snprintf(text, 5000, "[{\"type\":\"%065d\",\"value\":\"a\"}]", 0);
  assert_err(STARDELEG_ERR_MALFORMED, parse(&list, text, NULL));
  free(text);
}

/* STARDEL-2.3.2-17: same values, same sequence */
static void kept_as_they_are(void **state)
{
  static const char text[] = "{\"x\":[" DNS("B.Example") "," DNS("a.example") "," DNS("b.example") "]}";
  sdg_identifiers list = {NULL, 0};
  sdg_identifiers copy = {NULL, 0};
  sdg_json *tree = NULL;
  sdg_json_writer w;
  sdg_buf out;

  (void)state;
  sdg_buf_init(&out, 4096);
  assert_ok(sdg_json_parse(&tree, sdg_bytes_str(text), NULL, NULL));
  assert_ok(sdg_identifiers_parse(&list, sdg_json_member(tree, "x"), NULL));
  assert_ok(sdg_identifiers_copy(&copy, list.items, list.count));
  sdg_identifiers_clear(&list);
  sdg_jw_init(&w, &out);
  sdg_jw_object(&w, NULL);
  sdg_identifiers_write(&w, "x", &copy);
  sdg_jw_object_end(&w);
  assert_string_equal(sdg_buf_str(&out), text);
  sdg_identifiers_clear(&copy);
  assert_ok(sdg_identifiers_copy(&copy, NULL, 0));
  sdg_identifiers_clear(&copy);
  sdg_json_free(tree);
  sdg_buf_clear(&out);
}

/* ACME-7.4-06, ACME-7.4-11, T-23 */
static void sets(void **state)
{
  static const struct {
    const char *a, *b;
    bool same;
  } cases[] = {
      {"[" DNS("a.b") "," DNS("c.d") "]", "[" DNS("C.D") "," DNS("A.b") "]", true},
      {"[" DNS("a.b") "," DNS("A.B") "]", "[" DNS("a.b") "]", true},
      {"[" DNS("a.b") "]", "[" DNS("a.b") "," DNS("c.d") "]", false},
      {"[" DNS("a.b") "," DNS("c.d") "]", "[" DNS("a.b") "]", false},
      {"[" DNS("a.b") "]", "[" DNS("a.b.") "]", false},
      {"[" DNS("*.a.b") "]", "[" DNS("a.b") "]", false},
      {"[{\"type\":\"ip\",\"value\":\"::a\"}]", "[{\"type\":\"ip\",\"value\":\"::A\"}]", false},
      {"[{\"type\":\"dns\",\"value\":\"1.2.3.4\"}]", "[{\"type\":\"ip\",\"value\":\"1.2.3.4\"}]", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_identifiers a = {NULL, 0};
    sdg_identifiers b = {NULL, 0};

    assert_ok(parse(&a, cases[i].a, NULL));
    assert_ok(parse(&b, cases[i].b, NULL));
    assert_int_equal(sdg_identifiers_same_set(&a, &b), cases[i].same);
    assert_int_equal(sdg_identifiers_same_set(&b, &a), cases[i].same);
    sdg_identifiers_clear(&a);
    sdg_identifiers_clear(&b);
  }
}

static void shared_ones(void **state)
{
  static const struct {
    const char *a, *b;
    bool share;
  } cases[] = {
      {"[" DNS("a.b") "," DNS("c.d") "]", "[" DNS("e.f") "," DNS("C.D") "]", true},
      {"[" DNS("a.b") "]", "[" DNS("c.d") "," DNS("e.f") "]", false},
      {"[" DNS("*.a.b") "]", "[" DNS("a.b") "]", false},
      {"[{\"type\":\"dns\",\"value\":\"1.2.3.4\"}]", "[{\"type\":\"ip\",\"value\":\"1.2.3.4\"}]", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_identifiers a = {NULL, 0};
    sdg_identifiers b = {NULL, 0};

    assert_ok(parse(&a, cases[i].a, NULL));
    assert_ok(parse(&b, cases[i].b, NULL));
    assert_int_equal(sdg_identifiers_share(&a, &b), cases[i].share);
    assert_int_equal(sdg_identifiers_share(&b, &a), cases[i].share);
    sdg_identifiers_clear(&a);
    sdg_identifiers_clear(&b);
  }
}

/* ACME-7.1.3-04, ACME-7.1.4-03, ACME-7.1.4-04, STARDEL-2.3.2-15: every bad name is told, the last one too */
static void policy(void **state)
{
  static const struct {
    const char *text;
    unsigned flags;
    stardeleg_err err;
    stardeleg_acme_error acme;
    size_t subproblems;
  } cases[] = {
      {"[" DNS("a.b.example") "," DNS("A.c.example") "]", 0, STARDELEG_OK, STARDELEG_ACME_NONE, 0},
      {"[" DNS("*.a.example") "]", SDG_NAME_ALLOW_WILDCARD, STARDELEG_OK, STARDELEG_ACME_NONE, 0},
      {"[" DNS("*.a.example") "]", 0, STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER, 1},
      {"[" DNS("*.*.a.example") "]", SDG_NAME_ALLOW_WILDCARD, STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER,
       1},
      {"[" DNS("a.*.example") "]", SDG_NAME_ALLOW_WILDCARD, STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER,
       1},
      {"[" DNS("*") "]", SDG_NAME_ALLOW_WILDCARD, STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER, 1},
      {"[" DNS("xn--0.example") "]", 0, STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER, 1},
      {"[" DNS("b\\u00fccher.example") "]", 0, STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER, 1},
      {"[" DNS("a.example.") "]", 0, STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER, 1},
      {"[" DNS("192.0.2.1") "]", 0, STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER, 1},
      {"[" DNS("a\\u001bb.example") "]", 0, STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER, 1},
      {"[" DNS("ok.example") "," DNS("-a.example") "," DNS("ok2.example") "," DNS("b..example") "]", 0,
       STARDELEG_ERR_POLICY, STARDELEG_ACME_REJECTED_IDENTIFIER, 2},
      {"[{\"type\":\"ip\",\"value\":\"192.0.2.1\"}]", 0, STARDELEG_ERR_POLICY, STARDELEG_ACME_UNSUPPORTED_IDENTIFIER,
       1},
      {"[{\"type\":\"DNS\",\"value\":\"a.example\"}]", 0, STARDELEG_ERR_POLICY, STARDELEG_ACME_UNSUPPORTED_IDENTIFIER,
       1},
      {"[" DNS("a.example") "," DNS("b.example") "," DNS("A.EXAMPLE") "]", 0, STARDELEG_ERR_MALFORMED,
       STARDELEG_ACME_MALFORMED, 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_identifiers list = {NULL, 0};
    stardeleg_problem problem = {0};

    assert_ok(parse(&list, cases[i].text, NULL));
    if (sdg_identifiers_check_dns(&list, cases[i].flags, &problem) != cases[i].err) {
      fail_msg("%s", cases[i].text);
    }
    assert_int_equal(sdg_identifiers_check_dns(&list, cases[i].flags, NULL), cases[i].err);
    assert_int_equal(problem.acme, cases[i].acme);
    assert_int_equal(problem.subproblem_count, cases[i].subproblems);
    for (size_t k = 0; k < problem.subproblem_count; k++) {
      assert_true(problem.subproblems[k].identifier_type[0] != '\0'); /* ACME-6.7.1-03 */
      assert_null(strchr(problem.subproblems[k].identifier_value, '\x1b'));
    }
    sdg_identifiers_clear(&list);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(forms), cmocka_unit_test(kept_as_they_are),
                                     cmocka_unit_test(shared_ones), cmocka_unit_test(sets), cmocka_unit_test(policy)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
