/* SPDX-License-Identifier: Apache-2.0 */
/* unit/cddl_limits_test.c -- many findings, deep values, values made to keep a matcher busy. */
#include "support/test.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "features_schema.h"
#include "plug_schema.h"
#include "support/cddl.h"

static size_t count_lines(const char *text)
{
  size_t n = 0;

  for (; *text != '\0'; text++) {
    n += *text == '\n' ? 1 : 0;
  }
  return n;
}

/* |head|, |count| times |part|, |count| times |back|, |tail|. */
static char *build(const char *head, const char *part, const char *back, const char *tail, size_t count)
{
  sdg_buf buf;
  char *out = NULL;
  size_t len;

  sdg_buf_init(&buf, 1u << 22);
  sdg_buf_add_str(&buf, head);
  for (size_t i = 0; i < count; i++) {
    sdg_buf_add_str(&buf, part);
  }
  for (size_t i = 0; i < count; i++) {
    sdg_buf_add_str(&buf, back);
  }
  sdg_buf_add_str(&buf, tail);
  assert_ok(sdg_buf_take(&buf, &out, &len));
  return out;
}

static void test_many_findings(void **state)
{
  static const size_t counts[] = {1, 63, 64, 65, 1000};

  (void)state;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    char *json = build("[1", ",\"x\"", "", "]", counts[i]);
    char *found = NULL;
    assert_err(STARDELEG_ERR_MALFORMED, test_cddl(&sdg_test_features_schema, "a-plus", json, NULL, 0, &found));
    assert_int_equal(count_lines(found), counts[i] < 64 ? counts[i] : 64);
    free(found);
    free(json);
  }
}

typedef struct stopper {
  int calls;
  int stop_at;
} stopper;

static int stop(void *ctx, const sdg_cddl_finding *finding)
{
  stopper *s = ctx;

  assert_non_null(finding->pointer);
  return ++s->calls == s->stop_at;
}

/* The receiver may stop, and there need not be one. */
static void test_stop(void **state)
{
  stopper s = {0, 2};
  sdg_json *value = NULL;

  (void)state;
  assert_ok(sdg_json_parse(&value, SDG_BYTES_LITERAL("[null,null,null,null]"), NULL, NULL));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_cddl_check(&sdg_test_features_schema, "a-star", value, NULL, 0, stop, &s));
  assert_int_equal(s.calls, 2);
  assert_err(STARDELEG_ERR_MALFORMED, sdg_cddl_check(&sdg_test_features_schema, "a-star", value, NULL, 0, NULL, NULL));
  sdg_json_free(value);
}

/* Recursion follows the value's depth, up to a fixed limit. */
static void test_depth(void **state)
{
  char *json = build("", "[", "]", "", 100);

  (void)state;
  assert_ok(test_cddl(&sdg_test_features_schema, "deep", json, NULL, 0, NULL));
  free(json);
  json = build("", "[", "]", "", 400);
  assert_err(STARDELEG_ERR_LIMIT, test_cddl(&sdg_test_features_schema, "deep", json, NULL, 0, NULL));
  free(json);
}

/* A plug that leads to its own socket is met at the limit, not at the end of the stack. */
static void test_plug_in_a_ring(void **state)
{
  static const sdg_cddl_plug plug = {"$thing", &sdg_test_plug_schema, "loop"};

  (void)state;
  assert_err(STARDELEG_ERR_LIMIT, test_cddl(&sdg_test_features_schema, "s-type", "[\"x\"]", &plug, 1, NULL));
  assert_ok(test_cddl(&sdg_test_features_schema, "s-type", "[\"known\"]", &plug, 1, NULL));
}

/* Large values of the ordinary kind are no work. */
static void test_large(void **state)
{
  char *json = build("[1", ",1", "", "]", 50000);

  (void)state;
  assert_ok(test_cddl(&sdg_test_features_schema, "a-plus", json, NULL, 0, NULL));
  free(json);
  json = build("\"", "abca", "", "-12\"", 100000);
  assert_ok(test_cddl(&sdg_test_features_schema, "k-regexp", json, NULL, 0, NULL));
  free(json);
}

/* Two alternatives that share their beginning double the work with each level; the check gives up, and soon. */
static void test_exponential(void **state)
{
  char *json = build("[", "[", "]", "]", 40);

  (void)state;
  assert_err(STARDELEG_ERR_LIMIT, test_cddl(&sdg_test_features_schema, "x-twice", json, NULL, 0, NULL));
  free(json);
  json = build("[", "[", "]", "]", 4);
  assert_err(STARDELEG_ERR_MALFORMED, test_cddl(&sdg_test_features_schema, "x-twice", json, NULL, 0, NULL));
  free(json);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_many_findings),  cmocka_unit_test(test_stop),  cmocka_unit_test(test_depth),
      cmocka_unit_test(test_plug_in_a_ring), cmocka_unit_test(test_large), cmocka_unit_test(test_exponential),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
