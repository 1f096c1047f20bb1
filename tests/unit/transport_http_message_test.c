/* SPDX-License-Identifier: Apache-2.0 */
/* unit/transport_http_message_test.c -- headers, media types, Retry-After, Link, replies. */
#include "support/test.h"

#include "base/bytes.h"
#include "base/time.h"
#include "transport/http_message.h"

#define NOW INT64_C(784111777000) /* Sun, 06 Nov 1994 08:49:37 GMT */
#define DAY_MS SDG_TIME_DAY

/* A response with up to four headers, NULL-terminated. */
typedef struct fixture {
  stardeleg_http_header headers[4];
  stardeleg_http_response response;
} fixture;

static const stardeleg_http_response *respond(fixture *f, const char *const (*headers)[2], size_t count)
{
  assert_true(count <= 4);
  for (size_t i = 0; i < count; i++) {
    f->headers[i].name = sdg_bytes_str(headers[i][0]);
    f->headers[i].value = sdg_bytes_str(headers[i][1]);
  }
  f->response = (stardeleg_http_response){200, count != 0 ? f->headers : NULL, count, {NULL, 0}};
  return &f->response;
}

static const stardeleg_http_response *respond_one(fixture *f, const char *name, const char *value)
{
  const char *const headers[1][2] = {{name, value}};

  return respond(f, headers, 1);
}

static void test_header(void **state)
{
  const char *const headers[3][2] = {{"Location", "a"}, {"REPLAY-nonce", "b"}, {"replay-Nonce", "c"}};
  fixture f;
  const stardeleg_http_response *r = respond(&f, headers, 3);
  stardeleg_bytes value = {NULL, 0};
  size_t count = 9;

  (void)state;
  assert_true(sdg_http_header(&value, r->headers, r->header_count, "Replay-Nonce", &count));
  assert_true(sdg_bytes_is(value, "b"));
  assert_int_equal(count, 2);
  assert_true(sdg_http_header(&value, r->headers, r->header_count, "location", NULL));
  assert_true(sdg_bytes_is(value, "a"));
  assert_false(sdg_http_header(&value, r->headers, r->header_count, "Replay-Nonc", &count));
  assert_int_equal(count, 0);
  assert_false(sdg_http_header(&value, r->headers, r->header_count, "Replay-Nonce2", NULL));
  assert_false(sdg_http_header(&value, NULL, 0, "Location", &count));
  assert_true(sdg_bytes_is(value, "a"));
}

static void test_media_type(void **state)
{
  static const struct {
    const char *value;
    bool is;
  } rows[] = {
      {"application/jose+json", true},
      {"Application/JOSE+JSON", true},
      {"application/jose+json; charset=utf-8", true},
      {"application/jose+json;charset=utf-8;x=\";\"", true},
      {" application/jose+json ;", true},
      {"", false},
      {";", false},
      {"application/json", false},
      {"application/jose+jsonx", false},
      {"application/jose", false},
      {"application/json; application/jose+json", false},
      {"text/plain, application/jose+json", false},
      {"application/jose+json, text/plain", false},
      {"application/ jose+json", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    if (sdg_http_media_type_is(sdg_bytes_str(rows[i].value), "application/jose+json") != rows[i].is) {
      fail_msg("%s", rows[i].value);
    }
  }
  assert_false(sdg_http_media_type_is(sdg_bytes(NULL, 0), "application/jose+json"));
}

/* ACME-7.4-18, ARI-4.3.2-01: seconds, date, absent, huge; never longer than asked for, never in the past. */
static void test_retry_after(void **state)
{
  static const struct {
    const char *value;
    stardeleg_time expected;
  } rows[] = {
      {"0", NOW},
      {"1", NOW + 1000},
      {"120", NOW + 120000},
      {" 120\t", NOW + 120000},
      {"00120", NOW + 120000},
      {"86400", NOW + DAY_MS},
      {"86401", NOW + DAY_MS},
      {"2147483648", NOW + DAY_MS},
      {"9223372036854775", NOW + DAY_MS},
      {"9223372036854776", NOW + DAY_MS},
      {"9223372036854775807", NOW + DAY_MS},
      {"9223372036854775808", NOW + DAY_MS},
      {"18446744073709551616", NOW + DAY_MS},
      {"99999999999999999999999999999999999999", NOW + DAY_MS},
      {"Sun, 06 Nov 1994 08:49:38 GMT", NOW + 1000},
      {"Sun, 6 Nov 1994 08:50:37 GMT", NOW + 60000},
      {"Sunday, 06-Nov-94 08:50:37 GMT", NOW + 60000},
      {"Sun Nov  6 08:50:37 1994", NOW + 60000},
      {"Sun, 06 Nov 1994 08:49:37 GMT", NOW},
      {"Sun, 06 Nov 1994 08:49:36 GMT", NOW},
      {"Thu, 01 Jan 1970 00:00:00 GMT", NOW},
      {"Sat, 01 Jan 0000 00:00:00 GMT", NOW},
      {"Tue, 19 Jan 2038 03:14:08 GMT", NOW + DAY_MS},
      {"Fri, 31 Dec 9999 23:59:59 GMT", NOW + DAY_MS},
      {"", STARDELEG_TIME_NONE},
      {"-1", STARDELEG_TIME_NONE},
      {"+1", STARDELEG_TIME_NONE},
      {"-9223372036854775808", STARDELEG_TIME_NONE},
      {"1.5", STARDELEG_TIME_NONE},
      {"1e3", STARDELEG_TIME_NONE},
      {"0x10", STARDELEG_TIME_NONE},
      {"1 2", STARDELEG_TIME_NONE},
      {"1, 2", STARDELEG_TIME_NONE},
      {"120s", STARDELEG_TIME_NONE},
      {"soon", STARDELEG_TIME_NONE},
      {"$(reboot)", STARDELEG_TIME_NONE},
      {"1994-11-06T08:49:38Z", STARDELEG_TIME_NONE},
      {"Sun, 31 Feb 1995 08:49:37 GMT", STARDELEG_TIME_NONE},
      {"\xd9\xa1", STARDELEG_TIME_NONE},
  };
  fixture f;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const stardeleg_http_response *r = respond_one(&f, "retry-after", rows[i].value);

    if (sdg_http_retry_after(r, NOW, DAY_MS) != rows[i].expected) {
      fail_msg("%s: %lld", rows[i].value, (long long)sdg_http_retry_after(r, NOW, DAY_MS));
    }
  }
  assert_int_equal(sdg_http_retry_after(respond_one(&f, "Age", "1"), NOW, DAY_MS), STARDELEG_TIME_NONE);
  assert_int_equal(sdg_http_retry_after(respond(&f, NULL, 0), NOW, DAY_MS), STARDELEG_TIME_NONE);
}

static void test_retry_after_limits(void **state)
{
  const char *const twice[2][2] = {{"Retry-After", "5"}, {"Retry-After", "900"}};
  fixture f;

  (void)state;
  assert_int_equal(sdg_http_retry_after(respond(&f, twice, 2), NOW, DAY_MS), NOW + 5000);
  assert_int_equal(sdg_http_retry_after(respond_one(&f, "Retry-After", "5"), NOW, 0), NOW);
  assert_int_equal(sdg_http_retry_after(respond_one(&f, "Retry-After", "5"), NOW, -1), NOW);
  assert_int_equal(sdg_http_retry_after(respond_one(&f, "Retry-After", "9223372036854775"), NOW, INT64_MAX),
                   INT64_MAX - 1);
  assert_int_equal(sdg_http_retry_after(respond_one(&f, "Retry-After", "5"), INT64_MAX - 1, INT64_MAX), INT64_MAX - 1);
  assert_int_equal(sdg_http_retry_after(respond_one(&f, "Retry-After", "5"), INT64_MIN + 1, INT64_MAX),
                   INT64_MIN + 5001);
}

/* The targets found, parted by "|". */
typedef struct found {
  sdg_buf text;
  size_t count;
  size_t stop_after;
} found;

static int note(void *ctx, stardeleg_bytes target)
{
  found *f = ctx;

  if (f->count++ != 0) {
    sdg_buf_add_byte(&f->text, '|');
  }
  sdg_buf_add_bytes(&f->text, target);
  return f->count == f->stop_after;
}

static void assert_links(const stardeleg_http_response *response, const char *rel, const char *expected)
{
  found f = {.count = 0};

  sdg_buf_init(&f.text, 1000);
  sdg_http_links(response, rel, note, &f);
  assert_string_equal(sdg_buf_str(&f.text), expected);
  sdg_buf_clear(&f.text);
}

static const struct link_row {
  const char *value;
  const char *next; /* targets of rel "next" */
} link_rows[] = {
    {"<https://a.example/2>;rel=\"next\"", "https://a.example/2"},
    {"<https://a.example/2>; rel=next", "https://a.example/2"},
    {"<https://a.example/2>; REL=\"NEXT\"", "https://a.example/2"},
    {"<https://a.example/2>;rel = \"next\"", "https://a.example/2"},
    {" \t<a>\t;\trel\t=\tnext\t", "a"},
    {"<a>;rel=\"prev next\"", "a"},
    {"<a>;rel=\"  next  \"", "a"},
    {"<a>;rel=\"next\tlast\"", "a"},
    {"<a>; rel=prev, <b>; rel=next", "b"},
    {"<a>; rel=next, <b>; rel=next,<c>;rel=next", "a|b|c"},
    {"<a>;rel=index,<b>;rel=\"next\";title=\"x\"", "b"},
    {"<a>; title=\"a, <x>; rel=next\"; rel=prev, <b>; rel=next", "b"},
    {"<a>; title=\"q\\\"; rel=next; \\\\\"; rel=next", "a"},
    {"<a>; title=\"q\\\\\"; rel=next", "a"},
    {"<a,b;c>; rel=next", "a,b;c"},
    {"<>; rel=next", ""},
    {"<a>;;; rel=next;", "a"},
    {"<a>; nofollow; rel=next", "a"},
    {"<a>; nofollow=; rel=next", "a"},
    {",,<a>; rel=next,, ,", "a"},
    {"<a>; rel=prev; rel=next", ""},
    {"<a>; rel=next; rel=prev", "a"},
    {"<a>; rel=\"\"; rel=next", ""},
    {"<a>; rel=\"next\"; anchor=\"#foo\"", ""},
    {"<a>; anchor=\"https://b.example/\"; rel=next, <b>; rel=next", "b"},
    {"<a>; rel=nextx", ""},
    {"<a>; rel=xnext", ""},
    {"<a>; rel=\"next-page\"", ""},
    {"<a>; rel=\"next,prev\"", ""},
    {"<a>; xrel=next", ""},
    {"<a>; rev=next", ""},
    {"<a>; rel*=next", ""},
    {"<a>; title=next", ""},
    {"<a>", ""},
    {"<a>; rel", ""},
    {"<a>; rel=", ""},
    {"<a>; rel=http://a.example/rel/x, <b>; rel=next", "b"},
    {"", ""},
    {"a; rel=next", ""},
    {"<a; rel=next", ""},
    {"a>; rel=next", ""},
    {"<a>; rel=\"next", ""},
    {"<a>; rel=\"next\\\"", ""},
    {"<a>; rel=\"next\\", ""},
    {"<a> rel=next", ""},
    {"<a>x; rel=next", ""},
    {"<a>; rel=\"next\"x", ""},
    {"<a>; title=\"open, <b>; rel=next", ""},
    {"<a>; rel=next, junk, <b>; rel=next", "a"},
    {"<a>; rel=next <b>; rel=next", ""},
};

static void test_links(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(link_rows) / sizeof(link_rows[0]); i++) {
    size_t len = strlen(link_rows[i].value);
    char *exact = malloc(len + 1);
    stardeleg_http_header header;
    stardeleg_http_response response = {200, &header, 1, {NULL, 0}};

    assert_non_null(exact);
    /* in a block of exactly its size, and without a NUL */
    memcpy(exact, link_rows[i].value, len);
    exact = realloc(exact, len + (len == 0));
    assert_non_null(exact);
    header.name = sdg_bytes_str("link");
    header.value = sdg_bytes(exact, len);
    assert_links(&response, "next", link_rows[i].next);
    free(exact);
  }
}

/* STARDEL-2.3.1.2-03: links may come in several headers. */
static void test_links_many_headers(void **state)
{
  const char *const headers[4][2] = {{"Link", "<a>; rel=alternate, <i>; rel=index"},
                                     {"Location", "<x>; rel=alternate"},
                                     {"LINK", "broken"},
                                     {"link", "<b>; rel=\"alternate\""}};
  fixture f;
  const stardeleg_http_response *r = respond(&f, headers, 4);
  found first = {.stop_after = 1};

  (void)state;
  assert_links(r, "alternate", "a|b");
  assert_links(r, "INDEX", "i");
  assert_links(r, "up", "");
  sdg_buf_init(&first.text, 100);
  sdg_http_links(r, "alternate", note, &first);
  assert_int_equal(first.count, 1);
  assert_string_equal(sdg_buf_str(&first.text), "a");
  sdg_buf_clear(&first.text);
}

static void test_link(void **state)
{
  static const struct {
    const char *value;
    stardeleg_err err;
    const char *expected;
  } rows[] = {
      {"<https://b.example/2>; rel=next", STARDELEG_OK, "https://b.example/2"},
      {"<?cursor=2>; rel=next", STARDELEG_OK, "https://a.example/orders/1?cursor=2"},
      {"</p/2>; rel=prev, </p/3>; rel=next, </p/4>; rel=next", STARDELEG_OK, "https://a.example/p/3"},
      {"</p/2>; rel=prev", STARDELEG_ERR_NOT_FOUND, ""},
      {"<javascript:x>; rel=next", STARDELEG_ERR_MALFORMED, ""},
      {"<a b>; rel=next", STARDELEG_ERR_MALFORMED, ""},
      {"<//u@b.example/>; rel=next, </ok>; rel=next", STARDELEG_ERR_MALFORMED, ""},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    fixture f;
    sdg_buf out;

    sdg_buf_init(&out, 1000);
    assert_err(rows[i].err, sdg_http_link(&out, respond_one(&f, "Link", rows[i].value), "next",
                                          sdg_bytes_str("https://a.example/orders/1?cursor=1")));
    assert_string_equal(sdg_buf_str(&out), rows[i].expected);
    sdg_buf_clear(&out);
  }
}

static void test_reply(void **state)
{
  stardeleg_http_reply *reply = NULL;
  const stardeleg_http_response *view;
  stardeleg_bytes value;
  char name[] = "Location";
  char text[] = "https://a.example/1";

  (void)state;
  assert_ok(sdg_http_reply_new(&reply, 201));
  view = stardeleg_http_reply_view(reply);
  assert_int_equal(view->status, 201);
  assert_int_equal(view->header_count, 0);
  assert_int_equal(view->body.len, 0);
  assert_ok(sdg_http_reply_add_header(reply, name, text));
  assert_ok(sdg_http_reply_add_header(reply, "Link", ""));
  /* copied, not borrowed */
  memset(name, 'x', sizeof(name) - 1);
  memset(text, 'x', sizeof(text) - 1);
  sdg_buf_add_str(sdg_http_reply_body(reply), "{}");
  sdg_http_reply_set_status(reply, 200);
  view = stardeleg_http_reply_view(reply);
  assert_int_equal(view->status, 200);
  assert_int_equal(view->header_count, 2);
  assert_true(sdg_bytes_is(view->body, "{}"));
  assert_true(sdg_http_header(&value, view->headers, view->header_count, "location", NULL));
  assert_true(sdg_bytes_is(value, "https://a.example/1"));
  assert_true(sdg_bytes_is(view->headers[0].name, "Location"));
  assert_true(sdg_http_header(&value, view->headers, view->header_count, "Link", NULL));
  assert_int_equal(value.len, 0);
  stardeleg_http_reply_free(reply);
  stardeleg_http_reply_free(NULL);
}

static void test_reply_refuses(void **state)
{
  static const char *const bad_values[] = {"a\r\nSet-Cookie: x", "a\n", "\r", "\na"};
  static const char *const bad_names[] = {"", "a b", "a:", "a\r\n", "\xc3\xa4", "(a)", " a", "a\"", "a/b"};
  static const int bad_status[] = {-1, 0, 99, 600, 1000, INT32_MAX, INT32_MIN};
  stardeleg_http_reply *reply = NULL;

  (void)state;
  for (size_t i = 0; i < sizeof(bad_status) / sizeof(bad_status[0]); i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, sdg_http_reply_new(&reply, bad_status[i]));
    assert_null(reply);
  }
  assert_ok(sdg_http_reply_new(&reply, 200));
  for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, sdg_http_reply_add_header(reply, "Location", bad_values[i]));
  }
  for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, sdg_http_reply_add_header(reply, bad_names[i], "a"));
  }
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_http_reply_add_header(reply, NULL, "a"));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_http_reply_add_header(reply, "a", NULL));
  assert_int_equal(stardeleg_http_reply_view(reply)->header_count, 0);
  sdg_http_reply_set_status(reply, 0);
  assert_int_equal(stardeleg_http_reply_view(reply)->status, 500);
  stardeleg_http_reply_free(reply);
}

static void test_reply_limits(void **state)
{
  stardeleg_http_reply *reply = NULL;

  (void)state;
  assert_ok(sdg_http_reply_new(&reply, 200));
  for (size_t i = 0; i < 64; i++) {
    assert_ok(sdg_http_reply_add_header(reply, "Link", "<a>; rel=next"));
  }
  assert_err(STARDELEG_ERR_LIMIT, sdg_http_reply_add_header(reply, "Link", "<a>; rel=next"));
  assert_int_equal(stardeleg_http_reply_view(reply)->header_count, 64);
  sdg_buf_add_str(sdg_http_reply_body(reply), "half a body");
  assert_null(sdg_buf_add_room(sdg_http_reply_body(reply), (size_t)16 << 20));
  /* half a body must not go out as a success */
  assert_int_equal(stardeleg_http_reply_view(reply)->status, 500);
  assert_int_equal(stardeleg_http_reply_view(reply)->body.len, 0);
  stardeleg_http_reply_free(reply);
}

/* RFC 9111 4.2.1, 5.2: explicit freshness, the age it has already taken off. */
static void test_freshness(void **state)
{
  static const struct {
    const char *cache_control;
    const char *age;
    int64_t expected;
  } rows[] = {
      {"max-age=60", NULL, 60000},
      {"public, max-age=60, must-revalidate", NULL, 60000},
      {"Public,MAX-AGE=60", "20", 40000},
      {"max-age=\"60\"", " 59 ", 1000},
      {"max-age=60, max-age=90", NULL, 60000},
      {"private=\"set-cookie, max-age=5\", max-age=60", NULL, 60000},
      {"max-age=999999999999999999999999", NULL, DAY_MS},
      {"max-age=86401", "1", DAY_MS},
      {"max-age=60", "60", 0},
      {"max-age=60", "99999999999999999999999", 0},
      {"max-age=60", "-1", 0},
      {"max-age=60", "old", 0},
      {"max-age=60", "", 0},
      {"max-age=0", NULL, 0},
      {"max-age=", NULL, 0},
      {"max-age", NULL, 0},
      {"max-age=-60", NULL, 0},
      {"max-age=1.5", NULL, 0},
      {"max-age=60s", NULL, 0},
      {"max-age=\"", NULL, 0},
      {"max-age =60", NULL, 0},
      {"x, max-age=60, no-cache", NULL, 0},
      {"no-cache=\"a, b\", max-age=60", NULL, 0}, /* as caches treat it (5.2.2.4) */
      {"no-store,max-age=60", NULL, 0},
      {"s-maxage=60", NULL, 0},
      {"", NULL, 0},
      {",,,", NULL, 0},
      {"\"max-age=60", NULL, 0},
  };
  const char *const twice[2][2] = {{"Cache-Control", "public"}, {"cache-control", "max-age=5"}};
  fixture f;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const char *const headers[2][2] = {{"Cache-Control", rows[i].cache_control},
                                       {"Age", rows[i].age != NULL ? rows[i].age : ""}};
    int64_t ms = sdg_http_fresh_ms(respond(&f, headers, rows[i].age != NULL ? 2 : 1), DAY_MS);

    if (ms != rows[i].expected) {
      fail_msg("%s: %lld", rows[i].cache_control, (long long)ms);
    }
  }
  assert_int_equal(sdg_http_fresh_ms(respond(&f, twice, 2), DAY_MS), 5000);
  assert_int_equal(sdg_http_fresh_ms(respond(&f, NULL, 0), DAY_MS), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_header),        cmocka_unit_test(test_media_type),
      cmocka_unit_test(test_retry_after),   cmocka_unit_test(test_retry_after_limits),
      cmocka_unit_test(test_links),         cmocka_unit_test(test_links_many_headers),
      cmocka_unit_test(test_link),          cmocka_unit_test(test_reply),
      cmocka_unit_test(test_reply_refuses), cmocka_unit_test(test_reply_limits),
      cmocka_unit_test(test_freshness),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
