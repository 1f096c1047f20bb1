/* SPDX-License-Identifier: Apache-2.0 */
/* unit/json_get_test.c -- walking trees, comparing them, and the typed getters. */
#include "support/test.h"

#include <stardeleg/problem.h>
#include "base/bytes.h"
#include "json/json.h"
#include "json/json_pointer.h"

static const char sample[] =
    "{\"null\":null,\"bool\":true,\"int\":42,\"number\":1.5,\"string\":\"2026-01-31T00:00:00Z\","
    "\"array\":[1,2],\"object\":{\"x\":1},\"b64\":\"AQID\",\"big\":9007199254740992,"
    "\"a/b~c\":7,\"Case\":1,\"empty\":\"\"}";

static sdg_json *parse(const char *text)
{
  sdg_json *root = NULL;

  assert_ok(sdg_json_parse(&root, sdg_bytes_str(text), NULL, NULL));
  return root;
}

static int set_up(void **state)
{
  *state = parse(sample);
  return 0;
}

static int tear_down(void **state)
{
  sdg_json_free(*state);
  return 0;
}

static void names_types(void **state)
{
  static const char *const names[] = {"null", "bool", "int", "number", "string", "array", "object"};
  static const char *const type_names[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
  const sdg_json *root = *state;

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    sdg_json_type type = sdg_json_type_of(sdg_json_member(root, names[i]));

    assert_int_equal(type, SDG_JSON_NULL + i);
    assert_string_equal(sdg_json_type_name(type), type_names[i]);
  }
  assert_int_equal(sdg_json_type_of(NULL), SDG_JSON_NONE);
  assert_string_equal(sdg_json_type_name(SDG_JSON_NONE), "nothing");
  assert_string_equal(sdg_json_type_name((sdg_json_type)99), "nothing");
}

static void answers_neutral_for_other_types(void **state)
{
  const sdg_json *root = *state;

  for (const sdg_json *item = sdg_json_first(root); item != NULL; item = sdg_json_next(item)) {
    sdg_json_type type = sdg_json_type_of(item);

    assert_true(sdg_json_bool(item) == (type == SDG_JSON_BOOL));
    assert_true((sdg_json_int(item) != 0) == (type == SDG_JSON_INT));
    assert_true((strlen(sdg_json_string(item)) > 0) ==
                (type == SDG_JSON_STRING && strcmp(sdg_json_name(item), "empty") != 0));
    assert_true((strlen(sdg_json_number_text(item)) > 0) == (type == SDG_JSON_NUMBER));
  }
  assert_false(sdg_json_bool(NULL));
  assert_int_equal(sdg_json_int(NULL), 0);
  assert_string_equal(sdg_json_string(NULL), "");
  assert_string_equal(sdg_json_number_text(NULL), "");
}

static void walks(void **state)
{
  const sdg_json *root = *state;
  const sdg_json *array = sdg_json_member(root, "array");

  assert_null(sdg_json_name(root));
  assert_int_equal(sdg_json_count(root), 12);
  assert_string_equal(sdg_json_name(sdg_json_first(root)), "null");
  assert_int_equal(sdg_json_count(array), 2);
  assert_null(sdg_json_name(sdg_json_first(array)));
  assert_int_equal(sdg_json_int(sdg_json_next(sdg_json_first(array))), 2);
  assert_null(sdg_json_next(sdg_json_next(sdg_json_first(array))));
  assert_null(sdg_json_first(sdg_json_member(root, "string")));
  assert_null(sdg_json_first(NULL));
  assert_null(sdg_json_next(NULL));
  assert_null(sdg_json_name(NULL));
  assert_int_equal(sdg_json_count(NULL), 0);
  assert_int_equal(sdg_json_count(sdg_json_member(root, "int")), 0);
}

static void finds_members_by_exact_name(void **state)
{
  const sdg_json *root = *state;

  assert_non_null(sdg_json_member(root, "Case"));
  assert_null(sdg_json_member(root, "case"));
  assert_null(sdg_json_member(root, "Cas"));
  assert_null(sdg_json_member(root, ""));
  assert_null(sdg_json_member(root, "x")); /* of a member, not of the root */
  assert_null(sdg_json_member(sdg_json_member(root, "array"), "x"));
  assert_null(sdg_json_member(NULL, "x"));
}

static void copies(void **state)
{
  const sdg_json *root = *state;
  sdg_json *copy = sdg_json_copy(root);
  sdg_json *part = sdg_json_copy(sdg_json_member(root, "object"));

  assert_true(sdg_json_equal(root, copy));
  assert_ptr_not_equal(sdg_json_first(root), sdg_json_first(copy));
  assert_null(sdg_json_name(part)); /* it was a member and is a root now */
  assert_int_equal(sdg_json_int(sdg_json_member(part, "x")), 1);
  sdg_json_free(part);
  sdg_json_free(copy);
  sdg_json_free(NULL);
}

static void compares(void **state)
{
  static const struct {
    const char *a, *b;
    bool equal;
  } cases[] = {
      {"{\"a\":1,\"b\":[true,null]}", "{ \"b\" : [ true , null ], \"a\":1 }", true},
      {"{\"a\":1,\"b\":2,\"c\":3}", "{\"c\":3,\"b\":2,\"a\":1}", true},
      {"{\"a\":1}", "{\"\\u0061\":1}", true},
      {"{\"a\":1}", "{\"A\":1}", false},
      {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
      {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
      {"{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", false},
      {"[1,2]", "[2,1]", false},
      {"[1]", "[1,2]", false},
      {"[1,2]", "[1]", false},
      {"[]", "{}", false},
      {"1", "1.0", false},
      {"1.0", "1.0", true},
      {"1.0", "1.00", false},
      {"0", "-0", true},
      {"\"1\"", "1", false},
      {"\"a\"", "\"b\"", false},
      {"true", "false", false},
      {"null", "null", true},
      {"null", "false", false},
      {"[{\"a\":[{\"b\":1}]}]", "[{\"a\":[{\"b\":2}]}]", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_json *a = parse(cases[i].a);
    sdg_json *b = parse(cases[i].b);

    assert_int_equal(sdg_json_equal(a, b), cases[i].equal);
    assert_int_equal(sdg_json_equal(b, a), cases[i].equal);
    sdg_json_free(a);
    sdg_json_free(b);
  }
}

typedef enum getter { STRING, BOOL, INT, TIME, OBJECT, ARRAY, BASE64URL } getter;

static bool changed;

/* Calls a getter; tells in |changed| whether its output has been touched. */
static stardeleg_err get(getter which, const sdg_json *object, const char *name, sdg_json_need need,
                         stardeleg_problem *problem)
{
  const char *string = sample;
  bool truth = false;
  int64_t number = -7;
  stardeleg_time at = -7;
  const sdg_json *tree = object;
  sdg_buf buf;
  stardeleg_err rv = STARDELEG_ERR_ARGUMENT;

  sdg_buf_init(&buf, 64);
  switch (which) {
  case STRING:
    rv = sdg_json_get_string(&string, object, name, need, problem);
    break;
  case BOOL:
    rv = sdg_json_get_bool(&truth, object, name, need, problem);
    break;
  case INT:
    rv = sdg_json_get_int(&number, object, name, need, 0, 100, problem);
    break;
  case TIME:
    rv = sdg_json_get_time(&at, object, name, need, problem);
    break;
  case OBJECT:
    rv = sdg_json_get_object(&tree, object, name, need, problem);
    break;
  case ARRAY:
    rv = sdg_json_get_array(&tree, object, name, need, problem);
    break;
  case BASE64URL:
    rv = sdg_json_get_base64url(&buf, object, name, need, problem);
    break;
  }
  changed = string != sample || truth || number != -7 || at != -7 || tree != object || buf.len != 0;
  sdg_buf_clear(&buf);
  return rv;
}

/* Each getter against each type of member: only its own type gives a value. */
static void getters_take_their_type_only(void **state)
{
  static const char *const names[] = {"null", "bool", "int", "number", "string", "array", "object", "b64"};
  static const char *const good[] = {"string b64", "bool", "int", "string", "object", "array", "b64"};
  const sdg_json *root = *state;

  for (getter g = STRING; g <= BASE64URL; g++) {
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
      bool fits = strstr(good[g], names[i]) != NULL;

      for (int need = SDG_JSON_OPTIONAL; need <= SDG_JSON_REQUIRED; need++) {
        stardeleg_problem problem;
        char place[32];

        (void)snprintf(place, sizeof(place), "/%s", names[i]);
        memset(&problem, 0, sizeof(problem));
        assert_err(fits ? STARDELEG_OK : STARDELEG_ERR_MALFORMED,
                   get(g, root, names[i], (sdg_json_need)need, &problem));
        assert_int_equal(changed, fits);
        if (!fits) {
          assert_int_equal(problem.acme, STARDELEG_ACME_MALFORMED);
          assert_string_equal(problem.place, place);
        }
      }
    }
  }
}

/* NULLABLE: null is absent, and nothing else changes. */
static void getters_take_null_where_told(void **state)
{
  const sdg_json *root = *state;

  for (getter g = STRING; g <= BASE64URL; g++) {
    assert_ok(get(g, root, "null", SDG_JSON_NULLABLE, NULL));
    assert_false(changed);
    assert_ok(get(g, root, "absent", SDG_JSON_NULLABLE, NULL));
    assert_false(changed);
    assert_err(STARDELEG_ERR_MALFORMED, get(g, root, "number", SDG_JSON_NULLABLE, NULL));
    assert_err(STARDELEG_ERR_MALFORMED, get(g, root, "null", SDG_JSON_OPTIONAL, NULL));
  }
}

static void getters_know_absence(void **state)
{
  const sdg_json *root = *state;

  for (getter g = STRING; g <= BASE64URL; g++) {
    stardeleg_problem problem;

    memset(&problem, 0, sizeof(problem));
    assert_ok(get(g, root, "absent", SDG_JSON_OPTIONAL, &problem));
    assert_false(changed);
    assert_int_equal(problem.acme, STARDELEG_ACME_NONE);
    assert_err(STARDELEG_ERR_MALFORMED, get(g, root, "absent", SDG_JSON_REQUIRED, &problem));
    assert_false(changed);
    assert_string_equal(problem.detail, "member \"absent\" is missing");
    assert_string_equal(problem.place, "/absent");
    assert_err(STARDELEG_ERR_MALFORMED, get(g, root, "absent", SDG_JSON_REQUIRED, NULL));
    /* no object at all is no absence */
    assert_err(STARDELEG_ERR_MALFORMED, get(g, sdg_json_member(root, "array"), "x", SDG_JSON_OPTIONAL, &problem));
    assert_string_equal(problem.detail, "a JSON object is expected, not array");
    assert_err(STARDELEG_ERR_MALFORMED, get(g, NULL, "x", SDG_JSON_OPTIONAL, &problem));
    assert_string_equal(problem.detail, "a JSON object is expected, not nothing");
  }
}

static void getters_explain(void **state)
{
  static const struct {
    getter g;
    const char *name;
    const char *detail;
    const char *place;
  } cases[] = {
      {STRING, "int", "member \"int\" must be a string, not integer", "/int"},
      {STRING, "null", "member \"null\" must be a string, not null", "/null"},
      {BOOL, "string", "member \"string\" must be true or false, not string", "/string"},
      {INT, "number", "member \"number\" must be an integer, not a number with fraction, exponent or more than 53 bits",
       "/number"},
      {INT, "big", "member \"big\" must be an integer, not a number with fraction, exponent or more than 53 bits",
       "/big"},
      {TIME, "b64", "member \"b64\" must be a date in the form of RFC 3339", "/b64"},
      {TIME, "empty", "member \"empty\" must be a date in the form of RFC 3339", "/empty"},
      {OBJECT, "array", "member \"array\" must be an object, not array", "/array"},
      {ARRAY, "object", "member \"object\" must be an array, not object", "/object"},
      {BASE64URL, "string", "member \"string\" must be base64url text without padding", "/string"},
      {STRING, "a/b~c", "member \"a/b~c\" must be a string, not integer", "/a~1b~0c"},
  };

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    stardeleg_problem problem;

    assert_err(STARDELEG_ERR_MALFORMED, get(cases[i].g, *state, cases[i].name, SDG_JSON_REQUIRED, &problem));
    assert_string_equal(problem.detail, cases[i].detail);
    assert_string_equal(problem.place, cases[i].place);
    assert_int_equal(problem.status, 400);
  }
}

static void integers_keep_their_range(void **state)
{
  stardeleg_problem problem;
  int64_t n = -7;

  assert_ok(sdg_json_get_int(&n, *state, "int", SDG_JSON_REQUIRED, 42, 42, NULL));
  assert_int_equal(n, 42);
  n = -7;
  assert_err(STARDELEG_ERR_MALFORMED, sdg_json_get_int(&n, *state, "int", SDG_JSON_REQUIRED, 43, 100, &problem));
  assert_string_equal(problem.detail, "member \"int\" must be from 43 to 100");
  assert_err(STARDELEG_ERR_MALFORMED, sdg_json_get_int(&n, *state, "int", SDG_JSON_OPTIONAL, -5, 41, NULL));
  assert_int_equal(n, -7);
}

static void base64url_is_strict_and_bounded(void **state)
{
  sdg_json *root =
      parse("{\"ok\":\"-_8\",\"pad\":\"AQI=\",\"std\":\"+/8\",\"blank\":\"A Q\",\"one\":\"A\",\"bits\":\"AB\","
            "\"empty\":\"\",\"long\":\"AAAAAAAA\"}");
  static const char *const bad[] = {"pad", "std", "blank", "one", "bits"};
  sdg_buf buf;

  (void)state;
  sdg_buf_init(&buf, 5);
  sdg_buf_add_str(&buf, "x");
  assert_ok(sdg_json_get_base64url(&buf, root, "ok", SDG_JSON_REQUIRED, NULL));
  assert_true(sdg_bytes_is(sdg_buf_bytes(&buf), "x\xfb\xff"));
  assert_ok(sdg_json_get_base64url(&buf, root, "empty", SDG_JSON_REQUIRED, NULL));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_err(STARDELEG_ERR_MALFORMED, sdg_json_get_base64url(&buf, root, bad[i], SDG_JSON_REQUIRED, NULL));
    assert_true(sdg_bytes_is(sdg_buf_bytes(&buf), "x\xfb\xff"));
  }
  assert_err(STARDELEG_ERR_LIMIT, sdg_json_get_base64url(&buf, root, "long", SDG_JSON_REQUIRED, NULL));
  sdg_buf_clear(&buf);
  sdg_json_free(root);
}

static void reads_dates(void **state)
{
  stardeleg_time at = 0;

  assert_ok(sdg_json_get_time(&at, *state, "string", SDG_JSON_REQUIRED, NULL));
  assert_true(at == INT64_C(1769817600000));
}

static void pointers_are_cut_to_their_room(void **state)
{
  char pointer[8] = "";

  (void)state;
  sdg_json_pointer_add(pointer, sizeof(pointer), "a~b");
  assert_string_equal(pointer, "/a~0b");
  sdg_json_pointer_add_index(pointer, sizeof(pointer), 123);
  assert_string_equal(pointer, "/a~0b/1");
  sdg_json_pointer_add(pointer, sizeof(pointer), "more");
  assert_string_equal(pointer, "/a~0b/1");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_types),
      cmocka_unit_test(answers_neutral_for_other_types),
      cmocka_unit_test(walks),
      cmocka_unit_test(finds_members_by_exact_name),
      cmocka_unit_test(copies),
      cmocka_unit_test(compares),
      cmocka_unit_test(getters_take_their_type_only),
      cmocka_unit_test(getters_take_null_where_told),
      cmocka_unit_test(getters_know_absence),
      cmocka_unit_test(getters_explain),
      cmocka_unit_test(integers_keep_their_range),
      cmocka_unit_test(base64url_is_strict_and_bounded),
      cmocka_unit_test(reads_dates),
      cmocka_unit_test(pointers_are_cut_to_their_room),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
