/* SPDX-License-Identifier: Apache-2.0 */
/* unit/json_parse_test.c -- the strict JSON reader: what it takes, what it refuses, and where it says the fault is. */
#include "support/test.h"

#include "base/bytes.h"
#include "json/json_write.h"

#define INT53_MAX INT64_C(9007199254740991)

static sdg_json *parse(const char *text)
{
  sdg_json *root = NULL;

  assert_ok(sdg_json_parse(&root, sdg_bytes_str(text), NULL, NULL));
  assert_non_null(root);
  return root;
}

static void accepts_values(void **state)
{
  static const struct {
    const char *text;
    sdg_json_type type;
  } cases[] = {
      {"null", SDG_JSON_NULL},
      {" true ", SDG_JSON_BOOL},
      {"\t\r\nfalse\n", SDG_JSON_BOOL},
      {"0", SDG_JSON_INT},
      {"-0", SDG_JSON_INT},
      {"-1", SDG_JSON_INT},
      {"1.0", SDG_JSON_NUMBER},
      {"1e5", SDG_JSON_NUMBER},
      {"0E+0", SDG_JSON_NUMBER},
      {"-0.0", SDG_JSON_NUMBER},
      {"\"\"", SDG_JSON_STRING},
      {"[]", SDG_JSON_ARRAY},
      {"[ ]", SDG_JSON_ARRAY},
      {"{}", SDG_JSON_OBJECT},
      {"{ }", SDG_JSON_OBJECT},
      {"[1 , 2]", SDG_JSON_ARRAY},
      {"{\"\":1}", SDG_JSON_OBJECT},
      {"1e999999999", SDG_JSON_NUMBER},
      {"{\"a\" : 1 , \"A\":2}", SDG_JSON_OBJECT}, /* names differ in case: no duplicates */
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_json *root = parse(cases[i].text);

    assert_int_equal(sdg_json_type_of(root), cases[i].type);
    sdg_json_free(root);
  }
}

typedef struct bad {
  const char *text;
  size_t len; /* 0: strlen */
  size_t offset;
  const char *pointer;
  const char *reason;
} bad;

static void check_bad(const bad *c, stardeleg_err expected, const sdg_json_limits *limits)
{
  size_t len = c->len != 0 ? c->len : strlen(c->text);
  char *exact = malloc(len + 1); /* of the very size, so that a read beyond it is seen */
  sdg_json *root = NULL;
  sdg_json_fault fault;
  stardeleg_err rv;

  assert_non_null(exact);
  exact = realloc(exact, len > 0 ? len : 1);
  assert_non_null(exact);
  memcpy(exact, c->text, len);
  memset(&fault, 0xaa, sizeof(fault));
  rv = sdg_json_parse(&root, sdg_bytes(exact, len), limits, &fault);
  free(exact);
  if (rv != expected || root != NULL) {
    fail_msg("%s: %d", c->text, (int)rv);
  }
  if (fault.offset != c->offset || strcmp(fault.pointer, c->pointer) != 0 || strcmp(fault.reason, c->reason) != 0) {
    fail_msg("%s: fault at %zu, \"%s\", \"%s\"", c->text, fault.offset, fault.pointer, fault.reason);
  }
  assert_err(expected, sdg_json_parse(&root, sdg_bytes(c->text, len), limits, NULL));
}

#define NO_COMMA "a comma or the end of the array or object is missing"
#define CONTROL "raw control character in a string"
#define LONE "lone surrogate in a string"
#define TWIN "duplicate member name"

static void refuses_malformed_structure(void **state)
{
  static const bad cases[] = {
      {"", 0, 0, "", "unexpected end"},
      {" \n", 0, 2, "", "unexpected end"},
      {"\xef\xbb\xbf{}", 0, 0, "", "byte order mark"},
      {"{} {}", 0, 3, "", "more text behind the value"},
      {"{}x", 0, 2, "", "more text behind the value"},
      {"{}\0", 3, 2, "", "more text behind the value"},
      {"\0", 1, 0, "", "not a JSON value"},
      {"\f{}", 0, 0, "", "not a JSON value"},
      {"{\f}", 0, 1, "", "a member name is missing"},
      {"[1,\v2]", 0, 3, "/1", "not a JSON value"},
      {"\x01{}", 0, 0, "", "not a JSON value"},
      {"\xc2\xa0{}", 0, 0, "", "not a JSON value"}, /* no-break space is no white space */
      {"[", 0, 1, "/0", "unexpected end"},
      {"[1", 0, 2, "", "unexpected end"},
      {"[1,", 0, 3, "/1", "unexpected end"},
      {"[1,]", 0, 3, "", "trailing comma"},
      {"[,1]", 0, 1, "/0", "not a JSON value"},
      {"[1,,2]", 0, 3, "/1", "not a JSON value"},
      {"[1 2]", 0, 3, "", NO_COMMA},
      {"[1}", 0, 2, "", NO_COMMA},
      {"]", 0, 0, "", "not a JSON value"},
      {"{", 0, 1, "", "a member name is missing"},
      {"{\"a\":1,}", 0, 7, "", "trailing comma"},
      {"{,}", 0, 1, "", "a member name is missing"},
      {"{a:1}", 0, 1, "", "a member name is missing"},
      {"{'a':1}", 0, 1, "", "a member name is missing"},
      {"{1:1}", 0, 1, "", "a member name is missing"},
      {"{\"a\"}", 0, 4, "", "a colon is missing"},
      {"{\"a\" 1}", 0, 5, "", "a colon is missing"},
      {"{\"a\":}", 0, 5, "/a", "not a JSON value"},
      {"{\"a\":1", 0, 6, "", "unexpected end"},
      {"{\"a\":1]", 0, 6, "", NO_COMMA},
      {"{\"a\":1 \"b\":2}", 0, 7, "", NO_COMMA},
      {"// c\n1", 0, 0, "", "not a JSON value"},
      {"[1/*c*/]", 0, 2, "", NO_COMMA},
      {"nul", 0, 0, "", "not a JSON value"},
      {"True", 0, 0, "", "not a JSON value"},
      {"truefalse", 0, 4, "", "more text behind the value"},
      {"undefined", 0, 0, "", "not a JSON value"},
      {"{\"a\":{\"b\":[0,{\"c/~\":tru}]}}", 0, 20, "/a/b/1/c~1~0", "not a JSON value"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    check_bad(&cases[i], STARDELEG_ERR_MALFORMED, NULL);
  }
}

static void refuses_malformed_numbers(void **state)
{
  static const bad cases[] = {
      {"007", 0, 0, "", "number with a leading zero"},   {"-01", 0, 1, "", "number with a leading zero"},
      {"00", 0, 0, "", "number with a leading zero"},    {"1.", 0, 2, "", "fraction without digits"},
      {"1.e5", 0, 2, "", "fraction without digits"},     {".5", 0, 0, "", "not a JSON value"},
      {"-", 0, 1, "", "number without digits"},          {"--1", 0, 1, "", "number without digits"},
      {"-.5", 0, 1, "", "number without digits"},        {"+1", 0, 0, "", "not a JSON value"},
      {"1e", 0, 2, "", "exponent without digits"},       {"1e+", 0, 3, "", "exponent without digits"},
      {"1e5.5", 0, 3, "", "more text behind the value"}, {"0x10", 0, 1, "", "more text behind the value"},
      {"1_000", 0, 1, "", "more text behind the value"}, {"NaN", 0, 0, "", "not a JSON value"},
      {"Infinity", 0, 0, "", "not a JSON value"},        {"-Infinity", 0, 1, "", "number without digits"},
      {"[1,-]", 0, 4, "/1", "number without digits"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    check_bad(&cases[i], STARDELEG_ERR_MALFORMED, NULL);
  }
}

static void refuses_malformed_strings(void **state)
{
  static const bad cases[] = {
      {"\"", 0, 1, "", "string without end"},
      {"\"a", 0, 2, "", "string without end"},
      {"'a'", 0, 0, "", "not a JSON value"},
      {"\"a\nb\"", 0, 2, "", CONTROL},
      {"\"\t\"", 0, 1, "", CONTROL},
      {"\"\x1f\"", 0, 1, "", CONTROL},
      {"\"a\0b\"", 5, 2, "", CONTROL},
      {"\"\\u0000\"", 0, 1, "", "\\u0000 in a string"},
      {"{\"a\\u0000b\":1}", 0, 3, "", "\\u0000 in a string"},
      {"\"\\", 0, 1, "", "unknown escape in a string"},
      {"\"\\\0\"", 4, 1, "", "unknown escape in a string"},
      {"\"\\x41\"", 0, 1, "", "unknown escape in a string"},
      {"\"\\'\"", 0, 1, "", "unknown escape in a string"},
      {"\"\\N\"", 0, 1, "", "unknown escape in a string"},
      {"\"\\u12\"", 0, 1, "", "\\u without four hexadecimal digits"},
      {"\"\\u12g4\"", 0, 1, "", "\\u without four hexadecimal digits"},
      {"\"\\u", 0, 1, "", "\\u without four hexadecimal digits"},
      {"\"\\u+123\"", 0, 1, "", "\\u without four hexadecimal digits"},
      {"\"\\U0041\"", 0, 1, "", "unknown escape in a string"},
      {"\"\\ud800\"", 0, 1, "", LONE},
      {"\"\\ud83dx\"", 0, 1, "", LONE},
      {"\"\\ud83d\\n\"", 0, 1, "", LONE},
      {"\"\\ud83d\\u0041\"", 0, 1, "", LONE},
      {"\"\\ud83d\\ud83d\"", 0, 1, "", LONE},
      {"\"\\ude00\\ud83d\"", 0, 1, "", LONE},
      {"\"\\ud83d\\ude0", 0, 1, "", LONE},
      {"\"\\udfff\"", 0, 1, "", LONE},
      {"\"\xff\"", 0, 1, "", "invalid UTF-8"},
      {"\"\x80\"", 0, 1, "", "invalid UTF-8"},
      {"\"\xc3(\"", 0, 1, "", "invalid UTF-8"},
      {"\"\xc3\"", 0, 1, "", "invalid UTF-8"},
      {"\"\xc3", 0, 1, "", "invalid UTF-8"},
      {"\"\xc0\xaf\"", 0, 1, "", "invalid UTF-8"}, /* overlong "/" */
      {"\"\xc1\xbf\"", 0, 1, "", "invalid UTF-8"},
      {"\"\xe0\x80\xaf\"", 0, 1, "", "invalid UTF-8"},     /* overlong, three bytes */
      {"\"\xf0\x80\x80\xaf\"", 0, 1, "", "invalid UTF-8"}, /* overlong, four bytes */
      {"\"\xed\xa0\x80\"", 0, 1, "", "invalid UTF-8"},     /* encoded surrogate */
      {"\"\xed\xbf\xbf\"", 0, 1, "", "invalid UTF-8"},
      {"\"\xf4\x90\x80\x80\"", 0, 1, "", "invalid UTF-8"}, /* above U+10FFFF */
      {"\"\xf5\x80\x80\x80\"", 0, 1, "", "invalid UTF-8"},
      {"\"\xe2\x82\"", 0, 1, "", "invalid UTF-8"},
      {"\"\xf0\x9f\x98", 0, 1, "", "invalid UTF-8"},
      {"{\"a\":{\"\xff\":1}}", 0, 7, "/a", "invalid UTF-8"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    check_bad(&cases[i], STARDELEG_ERR_MALFORMED, NULL);
  }
}

/* JOSE-02: a duplicate is a duplicate at every level and in every spelling; the second one is shown. */
static void refuses_duplicate_names(void **state)
{
  static const bad cases[] = {
      {"{\"a\":1,\"a\":1}", 0, 7, "/a", TWIN},
      {"{\"a\":1,\"b\":2,\"a\":3}", 0, 13, "/a", TWIN},
      {"{\"\":1,\"\":1}", 0, 6, "/", TWIN},
      {"{\"a\":1,\"\\u0061\":2}", 0, 7, "/a", TWIN},
      {"{\"\\u00e9\":1,\"\xc3\xa9\":2}", 0, 12, "/\xc3\xa9", TWIN},
      {"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", 0, 18, "/\xf0\x9f\x98\x80", TWIN},
      {"{\"/\":1,\"\\/\":2}", 0, 7, "/~1", TWIN},
      {"{\"x\":{\"a\":1,\"a\":1}}", 0, 12, "/x/a", TWIN},
      {"[0,{\"x\":[{\"a\":1,\"a\":1}]}]", 0, 16, "/1/x/0/a", TWIN},
      {"{\"b\":1,\"a\":{\"b\":1,\"c\":2},\"c\":3,\"b\":4,\"c\":5}", 0, 31, "/b", TWIN},
  };
  sdg_json *root;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    check_bad(&cases[i], STARDELEG_ERR_MALFORMED, NULL);
  }
  root = parse("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}"); /* the same name elsewhere is none */
  sdg_json_free(root);
}

static void reads_escapes(void **state)
{
  sdg_json *root =
      parse("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u0041\\u00E9\\u20ac\\uD83D\\uDE00\\u0001\\uFFFF\",\"a\\u0062c\","
            "\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]");
  const sdg_json *item = sdg_json_first(root);

  (void)state;
  assert_string_equal(sdg_json_string(item), "\"\\/\b\f\n\r\t");
  item = sdg_json_next(item);
  assert_string_equal(sdg_json_string(item), "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x01\xef\xbf\xbf");
  item = sdg_json_next(item);
  assert_string_equal(sdg_json_string(item), "abc");
  item = sdg_json_next(item);
  assert_string_equal(sdg_json_string(item),
                      "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
  assert_null(sdg_json_next(item));
  sdg_json_free(root);
}

static void keeps_integers_exact(void **state)
{
  static const struct {
    const char *text;
    bool exact;
    int64_t value;
  } cases[] = {
      {"0", true, 0},
      {"-0", true, 0},
      {"2147483648", true, INT64_C(2147483648)},
      {"-2147483649", true, INT64_C(-2147483649)},
      {"9007199254740991", true, INT53_MAX},
      {"-9007199254740991", true, -INT53_MAX},
      {"9007199254740992", false, 0},
      {"-9007199254740992", false, 0},
      {"9007199254740993", false, 0},
      {"9223372036854775808", false, 0},
      {"-9223372036854775809", false, 0},
      {"99999999999999999999999999999999999999999999", false, 0},
      {"1e999999999", false, 0},
      {"1e-999999999", false, 0},
      {"1.0", false, 0},
      {"1E5", false, 0},
      {"-0.0", false, 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_json *root = parse(cases[i].text);

    assert_int_equal(sdg_json_type_of(root), cases[i].exact ? SDG_JSON_INT : SDG_JSON_NUMBER);
    assert_true(sdg_json_int(root) == cases[i].value);
    assert_string_equal(sdg_json_number_text(root), cases[i].exact ? "" : cases[i].text);
    sdg_json_free(root);
  }
}

/* Text of |count| times |piece| between |open| and |close|, with commas. */
static char *repeat(const char *open, const char *piece, const char *close, size_t count)
{
  size_t room = strlen(open) + count * (strlen(piece) + 16) + strlen(close) + 1;
  char *text = malloc(room);
  size_t at;

  assert_non_null(text);
  at = (size_t)snprintf(text, room, "%s", open);
  for (size_t i = 0; i < count; i++) {
    at += (size_t)snprintf(text + at, room - at, "%s", i > 0 ? "," : "");
    if (strcmp(piece, "name") == 0) {
      at += (size_t)snprintf(text + at, room - at, "\"%zu\":0", i);
    } else {
      at += (size_t)snprintf(text + at, room - at, "%s", piece);
    }
  }
  (void)snprintf(text + at, room - at, "%s", close);
  return text;
}

static stardeleg_err try_limits(const char *text, const sdg_json_limits *limits, sdg_json_fault *fault)
{
  sdg_json *root = NULL;
  stardeleg_err rv = sdg_json_parse(&root, sdg_bytes_str(text), limits, fault);

  assert_true((rv == STARDELEG_OK) == (root != NULL));
  sdg_json_free(root);
  return rv;
}

static void holds_limit_of_items(void **state)
{
  sdg_json_limits limits = sdg_json_limits_default();
  static const char *const forms[][3] = {{"[", "0", "]"}, {"{", "name", "}"}};

  (void)state;
  limits.items_max = 7;
  for (size_t i = 0; i < 2; i++) {
    for (size_t n = 6; n <= 8; n++) {
      char *text = repeat(forms[i][0], forms[i][1], forms[i][2], n);
      sdg_json_fault fault;

      assert_err(n <= 7 ? STARDELEG_OK : STARDELEG_ERR_LIMIT, try_limits(text, &limits, &fault));
      assert_string_equal(fault.reason, n <= 7 ? "" : i == 0 ? "too many elements" : "too many members");
      free(text);
    }
  }
  limits.items_max = 0;
  assert_ok(try_limits("[]", &limits, NULL));
  assert_ok(try_limits("{}", &limits, NULL));
  assert_err(STARDELEG_ERR_LIMIT, try_limits("[0]", &limits, NULL));
  assert_err(STARDELEG_ERR_LIMIT, try_limits("{\"a\":0}", &limits, NULL));
}

static void holds_limit_of_bytes_and_strings(void **state)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json_fault fault;

  (void)state;
  limits.bytes_max = 10;
  assert_ok(try_limits("[1,2,3,4] ", &limits, NULL));
  assert_err(STARDELEG_ERR_LIMIT, try_limits("[1,2,3,4]  ", &limits, &fault));
  assert_int_equal(fault.offset, 10);
  limits = sdg_json_limits_default();
  limits.string_max = 4;
  assert_ok(try_limits("\"abcd\"", &limits, NULL));
  assert_ok(try_limits("\"\\u0061\\u0062cd\"", &limits, NULL)); /* decoded bytes count */
  assert_ok(try_limits("\"\\u20ac\\n\"", &limits, NULL));
  assert_ok(try_limits("{\"abcd\":\"\"}", &limits, NULL));
  assert_err(STARDELEG_ERR_LIMIT, try_limits("\"abcde\"", &limits, NULL));
  assert_err(STARDELEG_ERR_LIMIT, try_limits("\"\\u20ac\\u20ac\"", &limits, NULL));
  assert_err(STARDELEG_ERR_LIMIT, try_limits("\"\xf0\x9f\x98\x80.\"", &limits, NULL));
  assert_err(STARDELEG_ERR_LIMIT, try_limits("[{\"abcde\":\"\"}]", &limits, &fault));
  assert_string_equal(fault.pointer, "/0");
  assert_string_equal(fault.reason, "string too long");
}

static void holds_limit_of_depth(void **state)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json_fault fault;

  (void)state;
  limits.depth_max = 3;
  assert_ok(try_limits("[[[0]]]", &limits, NULL));
  assert_ok(try_limits("{\"a\":[{\"b\":0}]}", &limits, NULL));
  assert_err(STARDELEG_ERR_LIMIT, try_limits("[[[[]]]]", &limits, &fault));
  assert_int_equal(fault.offset, 3);
  assert_string_equal(fault.pointer, "/0/0/0");
  assert_string_equal(fault.reason, "nested too deeply");
  assert_err(STARDELEG_ERR_LIMIT, try_limits("{\"a\":[{\"b\":{}}]}", &limits, &fault));
  assert_string_equal(fault.pointer, "/a/0/b");
  limits.depth_max = 0;
  assert_ok(try_limits("0", &limits, NULL));
  assert_err(STARDELEG_ERR_LIMIT, try_limits("[]", &limits, NULL));
}

/* CVE-2023-50471 and its kind: deep nesting is refused at the limit, whatever a caller allows. */
static void refuses_depth_of_10000(void **state)
{
  sdg_json_limits limits = {1u << 20, SIZE_MAX, 256, 256};
  sdg_json_fault fault;
  char *text = malloc(60001);

  (void)state;
  assert_non_null(text);
  memset(text, '[', 10000);
  memset(text + 10000, ']', 10000);
  text[20000] = '\0';
  assert_err(STARDELEG_ERR_LIMIT, try_limits(text, NULL, &fault));
  assert_int_equal(fault.offset, 16);
  assert_err(STARDELEG_ERR_LIMIT, try_limits(text, &limits, &fault));
  assert_int_equal(fault.offset, 512);
  for (size_t i = 0; i < 10000; i++) {
    memcpy(text + 5 * i, "{\"a\":", 5);
  }
  text[50000] = '\0';
  assert_err(STARDELEG_ERR_LIMIT, try_limits(text, &limits, &fault));
  assert_int_equal(fault.offset, 5 * 512);
  assert_int_equal(strlen(fault.pointer), sizeof(fault.pointer) - 1); /* cut */
  assert_string_equal(fault.pointer + 252, "...");
  free(text);
}

/* Names that a hash or a quick sort could choke on: many, alike, sorted, reversed. */
static void finds_duplicates_among_many(void **state)
{
  sdg_json_limits limits = {1u << 23, 4, 300000, 64};
  char *text = repeat("{", "name", "}", 200000);
  size_t len = strlen(text);
  sdg_json_fault fault;
  char *more;

  (void)state;
  assert_ok(try_limits(text, &limits, NULL));
  more = malloc(len + 32);
  assert_non_null(more);
  (void)snprintf(more, len + 32, "%.*s,\"77\":1}", (int)(len - 1), text);
  assert_err(STARDELEG_ERR_MALFORMED, try_limits(more, &limits, &fault));
  assert_string_equal(fault.pointer, "/77");
  assert_int_equal(fault.offset, len);
  free(more);
  free(text);
}

static void counts_lines_and_columns(void **state)
{
  static const struct {
    const char *text;
    size_t line, column;
  } cases[] = {{"x", 1, 1}, {"  x", 1, 3}, {"{\n  \"a\": x}", 2, 8}, {"[1,\r\n\r\n2,\n\nx]", 5, 1}, {"[\n", 2, 1}};

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_json_fault fault;

    assert_err(STARDELEG_ERR_MALFORMED, try_limits(cases[i].text, NULL, &fault));
    assert_int_equal(fault.line, cases[i].line);
    assert_int_equal(fault.column, cases[i].column);
  }
}

static void escapes_names_in_pointers(void **state)
{
  sdg_json_fault fault;

  (void)state;
  assert_err(STARDELEG_ERR_MALFORMED, try_limits("{\"\\u001b[2J\\n\":x}", NULL, &fault));
  assert_null(strchr(fault.pointer, 0x1b));
  assert_null(strchr(fault.pointer, '\n'));
  assert_string_equal(fault.pointer, "/\\x1b[2J\\x0a");
}

static void leaves_output_on_failure(void **state)
{
  sdg_json *sentinel = parse("1");
  sdg_json *root = sentinel;

  (void)state;
  assert_err(STARDELEG_ERR_MALFORMED, sdg_json_parse(&root, sdg_bytes_str("[1,2,{\"a\":}]"), NULL, NULL));
  assert_ptr_equal(root, sentinel);
  assert_err(STARDELEG_ERR_MALFORMED, sdg_json_parse(&root, sdg_bytes(NULL, 0), NULL, NULL));
  assert_ptr_equal(root, sentinel);
  sdg_json_free(sentinel);
}

static void cuts_of_valid_text_are_refused(void **state)
{
  static const char text[] =
      "{\"a\":[1,-2.5e3,\"\\u00e9\\ud83d\\ude00\xe2\x82\xac\",true,false,null],\"b\":{\"c\":{}}}";

  (void)state;
  assert_ok(try_limits(text, NULL, NULL));
  for (size_t len = 0; len < sizeof(text) - 1; len++) {
    char *cut = malloc(len > 0 ? len : 1);
    sdg_json *root = NULL;

    assert_non_null(cut);
    memcpy(cut, text, len);
    assert_err(STARDELEG_ERR_MALFORMED, sdg_json_parse(&root, sdg_bytes(cut, len), NULL, NULL));
    assert_null(root);
    free(cut);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts_values),
      cmocka_unit_test(refuses_malformed_structure),
      cmocka_unit_test(refuses_malformed_numbers),
      cmocka_unit_test(refuses_malformed_strings),
      cmocka_unit_test(refuses_duplicate_names),
      cmocka_unit_test(reads_escapes),
      cmocka_unit_test(keeps_integers_exact),
      cmocka_unit_test(holds_limit_of_items),
      cmocka_unit_test(holds_limit_of_bytes_and_strings),
      cmocka_unit_test(holds_limit_of_depth),
      cmocka_unit_test(refuses_depth_of_10000),
      cmocka_unit_test(finds_duplicates_among_many),
      cmocka_unit_test(counts_lines_and_columns),
      cmocka_unit_test(escapes_names_in_pointers),
      cmocka_unit_test(leaves_output_on_failure),
      cmocka_unit_test(cuts_of_valid_text_are_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
