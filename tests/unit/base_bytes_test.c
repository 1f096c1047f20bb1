/* SPDX-License-Identifier: Apache-2.0 */
/* unit/base_bytes_test.c -- borrowed bytes, UTF-8, escaping. */
#include "support/test.h"

#include "base/bytes.h"

static void test_compare(void **state)
{
  stardeleg_bytes empty = sdg_bytes(NULL, 0);

  (void)state;
  assert_true(sdg_bytes_equal(empty, sdg_bytes_str("")));
  assert_true(sdg_bytes_is(empty, ""));
  assert_true(sdg_bytes_is(sdg_bytes_str(NULL), ""));
  assert_false(sdg_bytes_is(sdg_bytes_str("a"), ""));
  assert_false(sdg_bytes_is(sdg_bytes("a\0b", 3), "a"));
  assert_false(sdg_bytes_is(sdg_bytes_str("abc"), "abd"));
  assert_true(sdg_bytes_is_nocase(sdg_bytes_str("Replay-Nonce"), "replay-nONCE"));
  assert_false(sdg_bytes_is_nocase(sdg_bytes_str("a["), "a{"));
  assert_false(sdg_bytes_is_nocase(sdg_bytes_str("\xc3\x84"), "\xc3\xa4"));
  assert_true(sdg_bytes_equal_nocase(sdg_bytes_str("AZaz09"), sdg_bytes_str("azAZ09")));
  assert_false(sdg_bytes_equal_nocase(sdg_bytes_str("a"), sdg_bytes_str("ab")));
  assert_true(sdg_bytes_has_prefix(sdg_bytes_str("abc"), "ab"));
  assert_true(sdg_bytes_has_prefix(empty, ""));
  assert_false(sdg_bytes_has_prefix(sdg_bytes_str("ab"), "abc"));
}

static void test_parts(void **state)
{
  (void)state;
  assert_true(sdg_bytes_is(sdg_bytes_from(sdg_bytes_str("abc"), 1), "bc"));
  assert_int_equal(sdg_bytes_from(sdg_bytes_str("abc"), 3).len, 0);
  assert_int_equal(sdg_bytes_from(sdg_bytes_str("abc"), SIZE_MAX).len, 0);
  assert_true(sdg_bytes_is(sdg_bytes_trim(sdg_bytes_str(" \t a b\t ")), "a b"));
  assert_true(sdg_bytes_is(sdg_bytes_trim(sdg_bytes_str(" \t ")), ""));
  assert_true(sdg_bytes_is(sdg_bytes_trim(sdg_bytes_str("\r\na")), "\r\na"));
  assert_int_equal(sdg_bytes_trim(sdg_bytes(NULL, 0)).len, 0);
}

static void test_equal_consttime(void **state)
{
  (void)state;
  assert_true(sdg_equal_consttime("abcd", "abcd", 4));
  assert_true(sdg_equal_consttime("", "", 0));
  for (size_t i = 0; i < 32; i++) {
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};

    a[i] = 0x80;
    assert_false(sdg_equal_consttime(a, b, 32));
    b[i] = 0x81;
    assert_false(sdg_equal_consttime(a, b, 32));
  }
}

static void test_to_uint(void **state)
{
  static const char *const bad[] = {
      "",        "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "18446744073709551616", "99999999999999999999999999",
      "\xd9\xa1"};
  uint64_t n = 7;

  (void)state;
  assert_true(sdg_bytes_to_uint(&n, sdg_bytes_str("0"), 0));
  assert_int_equal(n, 0);
  assert_true(sdg_bytes_to_uint(&n, sdg_bytes_str("18446744073709551615"), UINT64_MAX));
  assert_true(n == UINT64_MAX);
  assert_true(sdg_bytes_to_uint(&n, sdg_bytes_str("000255"), 255));
  assert_int_equal(n, 255);
  assert_false(sdg_bytes_to_uint(&n, sdg_bytes_str("256"), 255));
  assert_false(sdg_bytes_to_uint(&n, sdg_bytes_str("1"), 0));
  assert_false(sdg_bytes_to_uint(&n, sdg_bytes_str("10"), 5));
  assert_false(sdg_bytes_to_uint(&n, sdg_bytes_str("9223372036854775808"), INT64_MAX));
  assert_true(sdg_bytes_to_uint(&n, sdg_bytes_str("9223372036854775807"), INT64_MAX));
  n = 7;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_false(sdg_bytes_to_uint(&n, sdg_bytes_str(bad[i]), UINT64_MAX));
    assert_int_equal(n, 7);
  }
}

static const char *const broken_utf8[] = {
    "\x80",             /* a tail alone */
    "\xbf",             /* the last tail */
    "\xc3",             /* cut */
    "\xe2\x82",         /* cut */
    "\xf0\x9f\x98",     /* cut */
    "\xc3(",            /* no tail */
    "\xe2(\xa1",        /* no tail */
    "\xe2\x82(",        /* no tail */
    "\xf0\x9f\x98(",    /* no tail */
    "\xc0\x80",         /* overlong NUL */
    "\xc1\xbf",         /* overlong */
    "\xe0\x80\xaf",     /* overlong "/" */
    "\xe0\x9f\xbf",     /* overlong */
    "\xf0\x8f\xbf\xbf", /* overlong */
    "\xed\xa0\x80",     /* first surrogate */
    "\xed\xbf\xbf",     /* last surrogate */
    "\xf4\x90\x80\x80", /* U+110000 */
    "\xf5\x80\x80\x80", /* lead byte that is none */
    "\xff",             /* never */
    "\xfe",             /* never */
};

static void test_utf8(void **state)
{
  static const char good[] = "a\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80"
                             "\xf4\x8f\xbf\xbf";
  char text[64];

  (void)state;
  assert_true(sdg_utf8_is_valid(sdg_bytes(NULL, 0)));
  assert_true(sdg_utf8_is_valid(sdg_bytes("\0", 1)));
  assert_true(sdg_utf8_is_valid(sdg_bytes_str(good)));
  assert_int_equal(sdg_utf8_count(sdg_bytes_str(good)), 9);
  assert_int_equal(sdg_utf8_count(sdg_bytes(NULL, 0)), 0);
  for (size_t i = 0; i < sizeof(broken_utf8) / sizeof(broken_utf8[0]); i++) {
    assert_false(sdg_utf8_is_valid(sdg_bytes_str(broken_utf8[i])));
    (void)snprintf(text, sizeof(text), "ok\xc3\xa4%sok", broken_utf8[i]);
    assert_false(sdg_utf8_is_valid(sdg_bytes_str(text)));
  }
}

/* Every code point there is decodes to itself, and is encoded the same. */
static void test_utf8_all(void **state)
{
  (void)state;
  for (uint32_t code = 0x80; code <= 0x10ffff; code++) {
    uint8_t text[4];
    uint8_t ours[4];
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    uint32_t read = 0;
    bool surrogate = code >= 0xd800 && code <= 0xdfff;

    for (size_t i = 0; i < len; i++) {
      text[len - 1 - i] = (uint8_t)(0x80 | (code >> (6 * i) & 0x3f));
    }
    text[0] = (uint8_t)(len == 2 ? 0xc0 | code >> 6 : len == 3 ? 0xe0 | code >> 12 : 0xf0 | code >> 18);
    if (sdg_utf8_decode(&read, sdg_bytes(text, len)) != (surrogate ? 0 : len) || (!surrogate && read != code)) {
      fail_msg("U+%04X", (unsigned)code);
    }
    assert_int_equal(sdg_utf8_decode(&read, sdg_bytes(text, len - 1)), 0);
    assert_int_equal(sdg_utf8_encode(ours, code), len);
    assert_memory_equal(ours, text, len);
  }
}

static void test_escape(void **state)
{
  static const struct {
    const char *text;
    const char *expected;
  } rows[] = {
      {"", ""},
      {"plain text, /path?a=b", "plain text, /path?a=b"},
      {"gr\xc3\xbc\xc3\x9f \xe4\xb8\xad \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f \xe4\xb8\xad \xf0\x9f\x98\x80"},
      {"a\r\nb\tc", "a\\x0d\\x0ab\\x09c"},
      {"\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"},
      {"back\\slash", "back\\\\slash"},
      {"\\x0a", "\\\\x0a"},
      {"\xc2\x85\xc2\x9b"
       "1m",
       "\\u{0085}\\u{009b}1m"},
      {"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},
      {"\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae", "\\u{202a}\\u{202b}\\u{202c}\\u{202d}\\u{202e}"},
      {"\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", "\\u{2066}\\u{2067}\\u{2068}\\u{2069}"},
      {"\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u{061c}\\u{200e}\\u{200f}"},
      {"\xc3(", "\\xc3("},
      {"a\xff", "a\\xff"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"\xc0\xaf", "\\xc0\\xaf"},
  };
  char out[128];

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    sdg_text_escape(out, sizeof(out), sdg_bytes_str(rows[i].text));
    assert_string_equal(out, rows[i].expected);
  }
  sdg_text_escape(out, sizeof(out), sdg_bytes("a\0b", 3));
  assert_string_equal(out, "a\\x00b");
}

static void test_escape_cut(void **state)
{
  static const struct {
    size_t size;
    const char *text;
    const char *expected;
  } rows[] = {
      {1, "abc", ""},
      {2, "abc", "."},
      {3, "abc", ".."},
      {4, "abc", "abc"},
      {4, "abcd", "..."},
      {5, "abcd", "abcd"},
      {5, "abcde", "a..."},
      {8, "aaaa\nb", "aaaa..."},
      {7, "aaa\nb", "aaa..."},
      {9, "aaaa\n", "aaaa\\x0a"},
      {8, "aaaa\n", "aaaa..."},
      {6, "\xc3\xa4\xc3\xa4\xc3\xa4", "\xc3\xa4..."},
      {5, "\xc3\xa4\xc3\xa4\xc3\xa4", "..."},
      {7, "\xc3\xa4\xc3\xa4\xc3\xa4", "\xc3\xa4\xc3\xa4\xc3\xa4"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char *out = malloc(rows[i].size);

    assert_non_null(out);
    sdg_text_escape(out, rows[i].size, sdg_bytes_str(rows[i].text));
    assert_string_equal(out, rows[i].expected);
    free(out);
  }
  sdg_text_escape(NULL, 0, sdg_bytes_str("abc"));
}

/* Whatever goes in, at whatever size: what comes out is UTF-8 without control characters and fits. */
static void test_escape_any_bytes(void **state)
{
  uint32_t seed = 1;

  (void)state;
  for (size_t round = 0; round < 20000; round++) {
    uint8_t text[24];
    size_t size = 1 + round % 40;
    char *out = malloc(size);

    assert_non_null(out);
    for (size_t i = 0; i < sizeof(text); i++) {
      seed = seed * 1664525u + 1013904223u;
      text[i] = (uint8_t)(seed >> 24);
    }
    sdg_text_escape(out, size, sdg_bytes(text, sizeof(text)));
    assert_true(strlen(out) < size);
    assert_true(sdg_utf8_is_valid(sdg_bytes_str(out)));
    for (const char *c = out; *c != '\0'; c++) {
      assert_true((uint8_t)*c >= 0x20 && *c != 0x7f);
    }
    free(out);
  }
}

static void format(char *out, size_t size, const char *format_text, ...) __attribute__((format(printf, 3, 4)));

static void format(char *out, size_t size, const char *format_text, ...)
{
  va_list args;

  va_start(args, format_text);
  sdg_text_format(out, size, format_text, args);
  va_end(args);
}

static void test_format(void **state)
{
  char out[16];

  (void)state;
  format(out, sizeof(out), "%s %d", "abc", 12);
  assert_string_equal(out, "abc 12");
  format(out, sizeof(out), "%s", "123456789012345");
  assert_string_equal(out, "123456789012345");
  format(out, sizeof(out), "%s", "1234567890123456");
  assert_string_equal(out, "123456789012...");
  format(out, sizeof(out), "%s", "12345678901\xe4\xb8\xad\xe4\xb8\xad");
  assert_string_equal(out, "12345678901...");
  format(out, sizeof(out), "a%sb", "\r\n\x7f");
  assert_string_equal(out, "a???b");
  format(out, 3, "%s", "abcdef");
  assert_string_equal(out, "..");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_compare), cmocka_unit_test(test_parts),      cmocka_unit_test(test_equal_consttime),
      cmocka_unit_test(test_to_uint), cmocka_unit_test(test_utf8),       cmocka_unit_test(test_utf8_all),
      cmocka_unit_test(test_escape),  cmocka_unit_test(test_escape_cut), cmocka_unit_test(test_escape_any_bytes),
      cmocka_unit_test(test_format),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
