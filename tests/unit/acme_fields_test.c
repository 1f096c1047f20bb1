/* SPDX-License-Identifier: Apache-2.0 */
/* acme_fields_test.c -- members that several objects have alike. */
#include "support/test.h"

#include "acme/fields.h"
#include "base/bytes.h"

static sdg_json *object(const char *text)
{
  sdg_json *tree = NULL;

  assert_ok(sdg_field_object(&tree, sdg_bytes_str(text), "thing", NULL));
  return tree;
}

static void objects(void **state)
{
  static const char *const bad[] = {"",
                                    " ",
                                    "[]",
                                    "1",
                                    "null",
                                    "\"{}\"",
                                    "{",
                                    "{}{}",
                                    "{\"a\":1,\"a\":2}",
                                    "\xef\xbb\xbf{}",
                                    "{\"a\":\"\\u0000\"}",
                                    "{\"a\":\"\xff\"}",
                                    "{a:1}",
                                    "{\"a\":01}",
                                    "{\"a\":1,}",
                                    "{\"a\":[[[[[[[[[[[[]]]]]]]]]]]]}"};
  stardeleg_problem problem;
  sdg_json *tree = NULL;

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    memset(&problem, 0, sizeof(problem));
    assert_err(STARDELEG_ERR_MALFORMED, sdg_field_object(&tree, sdg_bytes_str(bad[i]), "thing", &problem));
    assert_err(STARDELEG_ERR_MALFORMED, sdg_field_object(&tree, sdg_bytes_str(bad[i]), "thing", NULL));
    assert_null(tree);
    assert_int_equal(problem.acme, STARDELEG_ACME_MALFORMED);
    assert_non_null(strstr(problem.detail, "thing"));
  }
}

static void texts(void **state)
{
  sdg_json *tree =
      object("{\"a\":\"x\",\"n\":1,\"z\":null,\"o\":{\"k\":[1]},\"u\":\"https://a.example/\",\"r\":\"/a\"}");
  stardeleg_problem problem = {0};
  sdg_json *copy = NULL;
  char *text = NULL;

  (void)state;
  assert_ok(sdg_field_text(&text, tree, "missing", SDG_JSON_OPTIONAL, NULL));
  assert_null(text);
  assert_err(STARDELEG_ERR_MALFORMED, sdg_field_text(&text, tree, "missing", SDG_JSON_REQUIRED, &problem));
  assert_string_equal(problem.place, "/missing");
  assert_err(STARDELEG_ERR_MALFORMED, sdg_field_text(&text, tree, "n", SDG_JSON_OPTIONAL, &problem));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_field_text(&text, tree, "z", SDG_JSON_OPTIONAL, &problem));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_field_url(&text, tree, "r", SDG_JSON_OPTIONAL, &problem));
  assert_string_equal(problem.place, "/r");
  assert_null(text);
  assert_ok(sdg_field_url(&text, tree, "u", SDG_JSON_REQUIRED, NULL));
  assert_string_equal(text, "https://a.example/");
  free(text);
  assert_ok(sdg_field_tree(&copy, tree, "missing", NULL));
  assert_null(copy);
  assert_err(STARDELEG_ERR_MALFORMED, sdg_field_tree(&copy, tree, "a", &problem));
  assert_ok(sdg_field_tree(&copy, tree, "o", NULL));
  assert_true(sdg_json_equal(copy, sdg_json_member(tree, "o")));
  sdg_json_free(copy);
  sdg_json_free(tree);
}

static void url_lists(void **state)
{
  static const char *const bad[] = {"{\"l\":\"https://a.example/\"}",
                                    "{\"l\":null}",
                                    "{\"l\":[1]}",
                                    "{\"l\":[\"/a\"]}",
                                    "{\"l\":[\"https://a.example/\",\"\"]}",
                                    "{}"};
  size_t count = 77;
  char **urls = NULL;
  sdg_json *tree;

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    tree = object(bad[i]);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_field_urls(&urls, &count, tree, "l", SDG_JSON_REQUIRED, NULL));
    assert_null(urls);
    assert_int_equal(count, 77);
    sdg_json_free(tree);
  }
  tree = object("{\"l\":[\"https://a.example/\",\"http://b.example\"]}");
  assert_ok(sdg_field_urls(&urls, &count, tree, "l", SDG_JSON_REQUIRED, NULL));
  assert_int_equal(count, 2);
  assert_string_equal(urls[1], "http://b.example");
  sdg_field_urls_free(urls, count);
  sdg_field_urls_free(NULL, 0);
  sdg_json_free(tree);
}

/* At most SDG_FIELD_URLS_MAX, one more is refused. */
static void url_limit(void **state)
{
  (void)state;
  for (size_t more = 0; more < 2; more++) {
    size_t count = 0;
    char **urls = NULL;
    sdg_json *tree = NULL;
    sdg_buf text;

    sdg_buf_init(&text, 1u << 20);
    for (size_t i = 0; i < SDG_FIELD_URLS_MAX + more; i++) {
      sdg_buf_add_str(&text, i == 0 ? "{\"l\":[" : ",");
      sdg_buf_add_str(&text, "\"https://a.example/\"");
    }
    sdg_buf_add_str(&text, "]}");
    if (more == 0) {
      tree = object(sdg_buf_str(&text));
      assert_ok(sdg_field_urls(&urls, &count, tree, "l", SDG_JSON_REQUIRED, NULL));
      assert_int_equal(count, SDG_FIELD_URLS_MAX);
      sdg_field_urls_free(urls, count);
    } else {
      assert_err(STARDELEG_ERR_MALFORMED, sdg_field_object(&tree, sdg_buf_bytes(&text), "thing", NULL));
    }
    sdg_json_free(tree);
    sdg_buf_clear(&text);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(objects), cmocka_unit_test(texts), cmocka_unit_test(url_lists),
                                     cmocka_unit_test(url_limit)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
