/* SPDX-License-Identifier: Apache-2.0 */
/* unit/json_write_test.c -- JSON out: the very bytes. */
#include "support/test.h"

#include "base/bytes.h"
#include "json/json_write.h"

static void writes_every_kind(void **state)
{
  sdg_buf buf;
  sdg_json_writer w;
  sdg_json *tree = NULL;

  (void)state;
  assert_ok(sdg_json_parse(&tree, sdg_bytes_str("{ \"k\" : [ 1.50 , -0 , null ] }"), NULL, NULL));
  sdg_buf_init(&buf, 1024);
  sdg_jw_init(&w, &buf);
  sdg_jw_object(&w, NULL);
  sdg_jw_string(&w, "string", "v");
  sdg_jw_bytes(&w, "bytes", SDG_BYTES_LITERAL("b"));
  sdg_jw_int(&w, "min", INT64_MIN);
  sdg_jw_int(&w, "max", INT64_MAX);
  sdg_jw_bool(&w, "yes", true);
  sdg_jw_bool(&w, "no", false);
  sdg_jw_null(&w, "null");
  sdg_jw_time(&w, "time", INT64_C(1769817600999));
  sdg_jw_base64url(&w, "b64", SDG_BYTES_LITERAL("\xfb\xff"));
  sdg_jw_string_opt(&w, "absent", NULL);
  sdg_jw_string_opt(&w, "absent", "");
  sdg_jw_string_opt(&w, "opt", "o");
  sdg_jw_tree(&w, "tree", tree);
  sdg_jw_tree(&w, "none", NULL);
  sdg_jw_array(&w, "array");
  sdg_jw_array(&w, NULL);
  sdg_jw_array_end(&w);
  sdg_jw_int(&w, NULL, 1);
  sdg_jw_object(&w, NULL);
  sdg_jw_object_end(&w);
  sdg_jw_array_end(&w);
  sdg_jw_string(&w, "last", "");
  sdg_jw_object_end(&w);
  assert_ok(sdg_buf_error(&buf));
  assert_string_equal(sdg_buf_str(&buf),
                      "{\"string\":\"v\",\"bytes\":\"b\",\"min\":-9223372036854775808,\"max\":9223372036854775807,"
                      "\"yes\":true,\"no\":false,\"null\":null,\"time\":\"2026-01-31T00:00:00Z\",\"b64\":\"-_8\","
                      "\"opt\":\"o\",\"tree\":{\"k\":[1.50,0,null]},\"none\":null,\"array\":[[],1,{}],\"last\":\"\"}");
  sdg_buf_clear(&buf);
  sdg_json_free(tree);
}

static void escapes_shortest(void **state)
{
  static const struct {
    const char *in, *out;
  } cases[] = {
      {"", "\"\""},
      {"plain", "\"plain\""},
      {"\"\\/", "\"\\\"\\\\/\""},
      {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
      {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
      {"a\nb\"c", "\"a\\nb\\\"c\""},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
      {NULL, "\"\""},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_buf buf;
    sdg_json_writer w;
    sdg_json *back = NULL;

    sdg_buf_init(&buf, 256);
    sdg_jw_init(&w, &buf);
    sdg_jw_string(&w, NULL, cases[i].in);
    assert_ok(sdg_buf_error(&buf));
    assert_string_equal(sdg_buf_str(&buf), cases[i].out);
    assert_ok(sdg_json_parse(&back, sdg_buf_bytes(&buf), NULL, NULL));
    assert_string_equal(sdg_json_string(back), cases[i].in != NULL ? cases[i].in : "");
    sdg_json_free(back);
    sdg_buf_clear(&buf);
  }
}

static void escapes_names(void **state)
{
  sdg_buf buf;
  sdg_json_writer w;

  (void)state;
  sdg_buf_init(&buf, 256);
  sdg_jw_init(&w, &buf);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "a\"b\n", 1);
  sdg_jw_int(&w, "", 2);
  sdg_jw_object_end(&w);
  assert_string_equal(sdg_buf_str(&buf), "{\"a\\\"b\\n\":1,\"\":2}");
  sdg_buf_clear(&buf);
}

/* What a strict reader refuses does not go out. */
static void refuses_bad_text(void **state)
{
  static const stardeleg_bytes bad[] = {{(const uint8_t *)"\xff", 1},
                                        {(const uint8_t *)"a\xc0\xaf", 3},
                                        {(const uint8_t *)"\xed\xa0\x80", 3},
                                        {(const uint8_t *)"a\0b", 3}};

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    sdg_buf buf;
    sdg_json_writer w;

    sdg_buf_init(&buf, 256);
    sdg_jw_init(&w, &buf);
    sdg_jw_array(&w, NULL);
    sdg_jw_bytes(&w, NULL, bad[i]);
    sdg_jw_array_end(&w);
    assert_err(STARDELEG_ERR_ARGUMENT, sdg_buf_error(&buf));
    sdg_buf_clear(&buf);
  }
}

static void limit_sticks(void **state)
{
  sdg_buf buf;
  sdg_json_writer w;

  (void)state;
  sdg_buf_init(&buf, 8);
  sdg_jw_init(&w, &buf);
  sdg_jw_object(&w, NULL);
  sdg_jw_string(&w, "name", "value");
  sdg_jw_object_end(&w);
  assert_err(STARDELEG_ERR_LIMIT, sdg_buf_error(&buf));
  sdg_buf_clear(&buf);
}

/* STARDEL-2.3.2-19: a tree goes out as it came in, unknown members and odd numbers included. */
static void trees_survive_the_way_through(void **state)
{
  static const char *const cases[] = {
      "{\"b\":1,\"a\":[1e999999999,-0.0,1.50,9007199254740993,9007199254740991,-9007199254740991]}",
      "[\"\\u0001\\u001f\\\"\\\\\",true,false,null,{},[],{\"\":{\"\":[[[0]]]}}]",
      "\"\xf0\x9f\x98\x80\"",
      "0",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_json *tree = NULL;
    sdg_json_writer w;
    sdg_buf buf;

    sdg_buf_init(&buf, 1024);
    sdg_jw_init(&w, &buf);
    assert_ok(sdg_json_parse(&tree, sdg_bytes_str(cases[i]), NULL, NULL));
    sdg_jw_tree(&w, NULL, tree);
    assert_ok(sdg_buf_error(&buf));
    assert_string_equal(sdg_buf_str(&buf), cases[i]);
    sdg_json_free(tree);
    sdg_buf_clear(&buf);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_every_kind), cmocka_unit_test(escapes_shortest),
      cmocka_unit_test(escapes_names),     cmocka_unit_test(refuses_bad_text),
      cmocka_unit_test(limit_sticks),      cmocka_unit_test(trees_survive_the_way_through),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
