/* SPDX-License-Identifier: Apache-2.0 */
/* unit/base_url_test.c -- parsing and resolving http and https URLs. */
#include "support/test.h"

#include "base/bytes.h"
#include "base/url.h"

static const struct good_row {
  const char *text;
  const char *host;
  uint16_t port;
  bool https;
  const char *path;
} good[] = {
    {"https://example.org", "example.org", 443, true, ""},
    {"http://example.org", "example.org", 80, false, ""},
    {"https://example.org/", "example.org", 443, true, "/"},
    {"HtTpS://EXAMPLE.org/Path?Q=1", "EXAMPLE.org", 443, true, "/Path?Q=1"},
    {"https://example.org?q", "example.org", 443, true, "?q"},
    {"https://example.org:8443/a", "example.org", 8443, true, "/a"},
    {"https://example.org:1/", "example.org", 1, true, "/"},
    {"https://example.org:65535/", "example.org", 65535, true, "/"},
    {"https://localhost:14000/dir", "localhost", 14000, true, "/dir"},
    {"http://a_b.internal/", "a_b.internal", 80, false, "/"},
    {"https://192.0.2.1/x", "192.0.2.1", 443, true, "/x"},
    {"https://[2001:db8::1]/x", "[2001:db8::1]", 443, true, "/x"},
    {"https://[::1]:8443", "[::1]", 8443, true, ""},
    {"https://example.org/a@b:c/%20%C3%a4;p=1,2!$&'()*+~", "example.org", 443, true, "/a@b:c/%20%C3%a4;p=1,2!$&'()*+~"},
    {"https://example.org//evil.example/../x", "example.org", 443, true, "//evil.example/../x"},
    {"https://example.org/?a=http://b/?c", "example.org", 443, true, "/?a=http://b/?c"},
};

static void test_good(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    sdg_url url;

    if (sdg_url_parse(&url, sdg_bytes_str(good[i].text)) != STARDELEG_OK) {
      fail_msg("refused: %s", good[i].text);
    }
    assert_true(sdg_bytes_is(url.host, good[i].host));
    assert_true(sdg_bytes_is(url.path, good[i].path));
    assert_int_equal(url.port, good[i].port);
    assert_int_equal(url.https, good[i].https);
    assert_true(sdg_bytes_is_nocase(url.scheme, good[i].https ? "https" : "http"));
  }
}

static const char *const bad[] = {
    /* no absolute URL of the right kind */
    "",
    "h",
    "https",
    "https:",
    "https:/",
    "https://",
    "https:example.org",
    "https:/example.org",
    "//example.org/",
    "/path",
    "example.org",
    "ftp://example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "httpss://example.org/",
    "htt://example.org/",
    " https://example.org/",
    "https ://example.org/",
    "://example.org",
    "data:text/plain,x",
    "\xef\xbb\xbfhttps://example.org/",
    /* user info, and what looks like it */
    "https://user@example.org/",
    "https://user:pw@example.org/",
    "https://@example.org/",
    "https://:@example.org/",
    "https://example.org@evil.example/",
    "https://example.org:443@evil.example/",
    "https://example.org%40evil.example/",
    "https://example.org\\@evil.example/",
    "https://example.org\\.evil.example/",
    "https:\\\\example.org/",
    "https:/\\example.org/",
    "https://[::1]@evil.example/",
    /* hosts that somebody could read in another way */
    "https:///path",
    "https://?q",
    "https://:443/",
    "https://.example.org/",
    "https://example.org./",
    "https://example..org/",
    "https://exa mple.org/",
    "https://exa%6dple.org/",
    "https://example.org%2f.evil.example/",
    "https://example.org%00.evil.example/",
    "https://ex\xc3\xa4mple.org/",
    "https://example\xe3\x80\x82org/",
    "https://exam\tple.org/",
    "https://a,b/",
    "https://a;b/",
    "https://*/",
    "https://$(id)/",
    "https://a'b/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.01/",
    "https://127.0.0.256/",
    "https://127.0.0.1./",
    "https://1.2.3.4.5/",
    "https://a.1/",
    "https://[::1/",
    "https://::1]/",
    "https://::1/",
    "https://[]/",
    "https://[example.org]/",
    "https://[127.0.0.1]/",
    "https://[::1]x/",
    "https://[::1]]/",
    "https://[fe80::1%25eth0]/",
    "https://[v1.a]/",
    "https://[::1][::1]/",
    "https://abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01.example/",
    /* ports */
    "https://example.org:/",
    "https://example.org:0/",
    "https://example.org:65536/",
    "https://example.org:99999/",
    "https://example.org:000443/",
    "https://example.org:4294967739/",
    "https://example.org:-1/",
    "https://example.org:+443/",
    "https://example.org:443x/",
    "https://example.org:x/",
    "https://example.org:4 43/",
    "https://example.org:443:443/",
    "https://example.org:443\\/",
    "https://[::1]:/",
    /* fragments, blanks, control characters, what is no part of a URL */
    "https://example.org/#",
    "https://example.org/#a",
    "https://example.org#a",
    "https://example.org/a b",
    "https://example.org/ ",
    "https://example.org/\t",
    "https://example.org/\r\nHost: evil.example",
    "https://example.org/a\n",
    "https://example.org/\x7f",
    "https://example.org/\xc3\xa4",
    "https://example.org/\xff",
    "https://example.org/\"",
    "https://example.org/<",
    "https://example.org/>",
    "https://example.org/\\",
    "https://example.org/^",
    "https://example.org/`id`",
    "https://example.org/{x}",
    "https://example.org/a|b",
    "https://example.org/[x]",
    "https://example.org/?a[]=1",
    /* escapes */
    "https://example.org/%",
    "https://example.org/%4",
    "https://example.org/%4g",
    "https://example.org/%g4",
    "https://example.org/%%41",
    "https://example.org/%u0041",
    "https://example.org/?%",
    "https://example.org/a%2",
};

static void test_bad(void **state)
{
  sdg_url url = {.port = 7};

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (sdg_url_parse(&url, sdg_bytes_str(bad[i])) != STARDELEG_ERR_MALFORMED) {
      fail_msg("taken: %s", bad[i]);
    }
    assert_int_equal(url.port, 7);
  }
  assert_err(STARDELEG_ERR_MALFORMED, sdg_url_parse(&url, sdg_bytes("https://a.example/\0", 19)));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_url_parse(&url, sdg_bytes("https://a\0.example/", 19)));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_url_parse(&url, sdg_bytes(NULL, 0)));
}

static void test_limit(void **state)
{
  char text[SDG_URL_MAX + 2];
  sdg_url url;
  sdg_buf out;

  (void)state;
  memset(text, 'a', sizeof(text));
  memcpy(text, "https://a.example/", 18);
  assert_ok(sdg_url_parse(&url, sdg_bytes(text, SDG_URL_MAX)));
  assert_err(STARDELEG_ERR_LIMIT, sdg_url_parse(&url, sdg_bytes(text, SDG_URL_MAX + 1)));
  sdg_buf_init(&out, 10000);
  assert_err(STARDELEG_ERR_LIMIT,
             sdg_url_resolve(&out, sdg_bytes_str("https://b.example/"), sdg_bytes(text, SDG_URL_MAX + 1)));
  assert_err(STARDELEG_ERR_LIMIT,
             sdg_url_resolve(&out, sdg_bytes_str("https://b.example/"), sdg_bytes(text + 18, SDG_URL_MAX - 17)));
  assert_int_equal(out.len, 0);
  sdg_buf_clear(&out);
  /* a host of 254 octets */
  memset(text + 8, 'a', 254);
  for (size_t i = 8 + 50; i < 8 + 254; i += 50) {
    text[i] = '.';
  }
  text[8 + 253] = '/';
  assert_ok(sdg_url_parse(&url, sdg_bytes(text, 300)));
  text[8 + 253] = 'a';
  text[8 + 254] = '/';
  assert_err(STARDELEG_ERR_MALFORMED, sdg_url_parse(&url, sdg_bytes(text, 300)));
}

static void test_same_origin(void **state)
{
  static const struct {
    const char *a;
    const char *b;
    bool same;
  } rows[] = {
      {"https://example.org/a", "https://example.org/b?c", true},
      {"https://example.org", "HTTPS://EXAMPLE.ORG:443/", true},
      {"http://example.org", "http://example.org:80/", true},
      {"https://[2001:DB8::1]/", "https://[2001:db8::1]/", true},
      {"https://example.org/", "http://example.org/", false},
      {"https://example.org/", "http://example.org:443/", false},
      {"https://example.org/", "https://example.org:8443/", false},
      {"https://example.org/", "https://www.example.org/", false},
      {"https://example.org/", "https://example.org.evil.example/", false},
      {"https://example.org/", "https://example.or/", false},
      {"https://example.org/", "https://evil.example/example.org/", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    sdg_url a;
    sdg_url b;

    assert_ok(sdg_url_parse(&a, sdg_bytes_str(rows[i].a)));
    assert_ok(sdg_url_parse(&b, sdg_bytes_str(rows[i].b)));
    assert_int_equal(sdg_url_same_origin(&a, &b), rows[i].same);
    assert_int_equal(sdg_url_same_origin(&b, &a), rows[i].same);
  }
}

static const struct resolve_row {
  const char *base;
  const char *reference;
  const char *expected; /* NULL: MALFORMED */
} resolve_rows[] = {
    /* RFC 3986, Section 5.4.1 */
    {"http://a/b/c/d;p?q", "g:h", NULL},
    {"http://a/b/c/d;p?q", "g", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "./g", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "g/", "http://a/b/c/g/"},
    {"http://a/b/c/d;p?q", "/g", "http://a/g"},
    {"http://a/b/c/d;p?q", "//g", "http://g"},
    {"http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"},
    {"http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y"},
    {"http://a/b/c/d;p?q", "#s", NULL},
    {"http://a/b/c/d;p?q", "g#s", NULL},
    {"http://a/b/c/d;p?q", "g?y#s", NULL},
    {"http://a/b/c/d;p?q", ";x", "http://a/b/c/;x"},
    {"http://a/b/c/d;p?q", "g;x", "http://a/b/c/g;x"},
    {"http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"},
    {"http://a/b/c/d;p?q", ".", "http://a/b/c/"},
    {"http://a/b/c/d;p?q", "./", "http://a/b/c/"},
    {"http://a/b/c/d;p?q", "..", "http://a/b/"},
    {"http://a/b/c/d;p?q", "../", "http://a/b/"},
    {"http://a/b/c/d;p?q", "../g", "http://a/b/g"},
    {"http://a/b/c/d;p?q", "../..", "http://a/"},
    {"http://a/b/c/d;p?q", "../../", "http://a/"},
    {"http://a/b/c/d;p?q", "../../g", "http://a/g"},
    /* Section 5.4.2 */
    {"http://a/b/c/d;p?q", "../../../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "../../../../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "/./g", "http://a/g"},
    {"http://a/b/c/d;p?q", "/../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "g.", "http://a/b/c/g."},
    {"http://a/b/c/d;p?q", ".g", "http://a/b/c/.g"},
    {"http://a/b/c/d;p?q", "g..", "http://a/b/c/g.."},
    {"http://a/b/c/d;p?q", "..g", "http://a/b/c/..g"},
    {"http://a/b/c/d;p?q", "./../g", "http://a/b/g"},
    {"http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/"},
    {"http://a/b/c/d;p?q", "g/./h", "http://a/b/c/g/h"},
    {"http://a/b/c/d;p?q", "g/../h", "http://a/b/c/h"},
    {"http://a/b/c/d;p?q", "g;x=1/./y", "http://a/b/c/g;x=1/y"},
    {"http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y"},
    {"http://a/b/c/d;p?q", "g?y/./x", "http://a/b/c/g?y/./x"},
    {"http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x"},
    {"http://a/b/c/d;p?q", "http:g", NULL},
    /* absolute ones */
    {"https://example.org/a", "https://other.example/b?c", "https://other.example/b?c"},
    {"https://example.org/a", "https://other.example/b/../c/./d", "https://other.example/c/d"},
    {"https://example.org/a", "https://other.example", "https://other.example"},
    {"https://example.org/a", "https://other.example?x/../y", "https://other.example?x/../y"},
    {"https://example.org/a", "//other.example:8443/x", "https://other.example:8443/x"},
    /* bases without a path */
    {"https://example.org", "a", "https://example.org/a"},
    {"https://example.org", "", "https://example.org"},
    {"https://example.org?x", "a", "https://example.org/a"},
    {"https://example.org?x", "?y", "https://example.org?y"},
    {"https://example.org:8443?x/y", "..", "https://example.org:8443/"},
    {"https://example.org/a?b/c", "d", "https://example.org/d"},
    {"https://example.org/acme/orders/1?cursor=1", "?cursor=2", "https://example.org/acme/orders/1?cursor=2"},
    {"https://example.org/a", "/..//x", "https://example.org//x"},
    {"https://example.org/a", ".//x", "https://example.org//x"},
    {"https://example.org/a", "/../../..", "https://example.org/"},
    {"https://example.org//", "..", "https://example.org/"},
    {"https://example.org/a", "%2e%2e/b", "https://example.org/%2e%2e/b"},
    {"https://example.org/a", "b:c/d", NULL},
    {"https://example.org/a", "./b:c/d", "https://example.org/b:c/d"},
    /* attacks */
    {"https://example.org/a", "javascript:alert(1)", NULL},
    {"https://example.org/a", "file:///etc/passwd", NULL},
    {"https://example.org/a", "\\\\evil.example", NULL},
    {"https://example.org/a", "/\\evil.example", NULL},
    {"https://example.org/a", "//user@evil.example/", NULL},
    {"https://example.org/a", "//", NULL},
    {"https://example.org/a", "///x", NULL},
    {"https://example.org/a", "//evil.example:0/", NULL},
    {"https://example.org/a", "b\r\nX: y", NULL},
    {"https://example.org/a", "b c", NULL},
    {"https://example.org/a", " b", NULL},
    {"https://example.org/a", "b%", NULL},
    {"https://example.org/a", "b\xc3\xa4", NULL},
    {"https://example.org/a", ":b", "https://example.org/:b"},
    /* bases that are none */
    {"/a", "b", NULL},
    {"", "https://example.org/", NULL},
    {"https://user@example.org/", "b", NULL},
};

static void test_resolve(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(resolve_rows) / sizeof(resolve_rows[0]); i++) {
    const struct resolve_row *row = &resolve_rows[i];
    sdg_buf out;
    stardeleg_err err;

    sdg_buf_init(&out, 1000);
    sdg_buf_add_byte(&out, '>');
    err = sdg_url_resolve(&out, sdg_bytes_str(row->base), sdg_bytes_str(row->reference));
    if (err != (row->expected != NULL ? STARDELEG_OK : STARDELEG_ERR_MALFORMED)) {
      fail_msg("%s + %s: %s", row->base, row->reference, stardeleg_strerror(err));
    }
    assert_string_equal(sdg_buf_str(&out) + 1, row->expected != NULL ? row->expected : "");
    sdg_buf_clear(&out);
  }
}

static void test_resolve_keeps_errors(void **state)
{
  sdg_buf out;

  (void)state;
  sdg_buf_init(&out, 10);
  assert_err(STARDELEG_ERR_LIMIT, sdg_url_resolve(&out, sdg_bytes_str("https://example.org/"), sdg_bytes_str("b")));
  sdg_buf_clear(&out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good),        cmocka_unit_test(test_bad),     cmocka_unit_test(test_limit),
      cmocka_unit_test(test_same_origin), cmocka_unit_test(test_resolve), cmocka_unit_test(test_resolve_keeps_errors),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
