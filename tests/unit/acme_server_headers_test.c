/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_headers_test.c -- the header fields of requests and answers that all resources share. */
#include "support/test.h"

#include "base/bytes.h"
#include "support/server_world.h"

#define THING SERVER_BASE "/thing/abc"

/* The route must not have been asked by what was refused. */
static void assert_refused(server_world *w, int status, const char *type)
{
  acme_peer_assert_problem(&w->peer, status, type);
  assert_int_equal(w->calls, 0);
}

/* RFC 9110 8.4, 15.5.16: what is not decoded is not taken. */
static void test_content_encoding(void **state)
{
  static const char *const bad[] = {"Content-Encoding: gzip", "content-encoding: br",
                                    "Content-Encoding: identity, gzip"};
  server_world *w = *state;
  sdg_buf body;

  sdg_buf_init(&body, 1 << 16);
  for (size_t i = 0; i < 3; i++) {
    const char *headers[] = {"Content-Type: application/jose+json", bad[i], NULL};

    acme_peer_build(&w->peer, &body, &(acme_peer_jws){.url = THING, .payload = "{}"});
    (void)acme_peer_raw(&w->peer, "POST", "/acme/thing/abc", headers, sdg_buf_bytes(&body));
    assert_string_equal(acme_peer_header(&w->peer, "Accept-Encoding"), "identity");
    assert_refused(w, 415, "malformed");
  }
  for (size_t i = 0; i < 2; i++) {
    const char *headers[] = {"Content-Type: application/jose+json",
                             i == 0 ? "Content-Encoding: Identity" : "Content-Encoding:", NULL};

    acme_peer_build(&w->peer, &body, &(acme_peer_jws){.url = THING, .payload = "{}"});
    assert_int_equal(acme_peer_raw(&w->peer, "POST", "/acme/thing/abc", headers, sdg_buf_bytes(&body)), 200);
  }
  sdg_buf_clear(&body);
}

/* ACME-6.1-06: no page of another site may read an answer or ask in a browser's name: no CORS header, no preflight. */
static void test_no_cors(void **state)
{
  static const char *const headers[] = {"Origin: https://evil.example", "Access-Control-Request-Method: POST", NULL};
  static const char *const targets[] = {"/acme/directory", "/acme/new-nonce", "/acme/thing/abc", "/acme/nothing"};
  static const char *const methods[] = {"OPTIONS", "GET", "HEAD"};
  server_world *w = *state;

  for (size_t t = 0; t < 4; t++) {
    for (size_t m = 0; m < 3; m++) {
      const stardeleg_http_response *view;

      (void)acme_peer_raw(&w->peer, methods[m], targets[t], headers, sdg_bytes(NULL, 0));
      view = stardeleg_http_reply_view(w->peer.reply);
      assert_true(m != 0 || view->status == 405 || view->status == 404);
      for (size_t i = 0; i < view->header_count; i++) {
        assert_false(view->headers[i].name.len >= 14 && memcmp(view->headers[i].name.base, "Access-Control", 14) == 0);
      }
    }
  }
}

/* ACME-6.5-01, ACME-6.5-02, ACME-7.1-02, ACME-7.2-04: what every answer has, and what it must not have. */
static void test_every_answer(void **state)
{
  static const struct {
    const char *method;
    const char *target;
    int status;
    bool nonce;
  } rows[] = {
      {"GET", "/acme/directory", 200, false},     {"HEAD", "/acme/directory", 200, false},
      {"GET", "/acme/new-nonce", 204, true},      {"HEAD", "/acme/new-nonce", 200, true},
      {"GET", "/acme/nothing", 404, false},       {"POST", "/acme/nothing", 404, true},
      {"GET", "/acme/thing/abc", 405, false},     {"POST", "/acme/thing/abc", 415, true},
      {"POST", "/acme/free/abc", 405, true},      {"DELETE", "/acme/thing/abc", 405, true},
      {"POST", "/acme/new-account", 415, true},   {"GET", "/acme/fail/store", 503, false},
      {"GET", "/acme/fail/argument", 500, false},
  };
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    bool is_directory = strcmp(rows[i].target, "/acme/directory") == 0;
    const char *index;

    assert_int_equal(acme_peer_raw(&w->peer, rows[i].method, rows[i].target, NULL, sdg_bytes(NULL, 0)), rows[i].status);
    assert_int_equal(acme_peer_header(&w->peer, "Replay-Nonce") != NULL, rows[i].nonce);
    assert_string_equal(acme_peer_header(&w->peer, "Cache-Control"), "no-store");
    index = acme_peer_link(&w->peer, "index");
    assert_true(is_directory == (index == NULL));
    if (index != NULL) {
      assert_string_equal(index, SERVER_BASE "/directory");
    }
    if (rows[i].status >= 400) {
      assert_string_equal(acme_peer_header(&w->peer, "Content-Type"), "application/problem+json");
      assert_int_equal(sdg_json_int(sdg_json_member(w->peer.json, "status")), rows[i].status); /* HTTP-06 */
    }
  }
}

/* ACME-10.5-01: 128 bits each, and none says anything about another. */
static void test_unguessable_urls(void **state)
{
  server_world *w = *state;
  char ids[50][SDG_ID_SIZE];

  for (size_t i = 0; i < 50; i++) {
    assert_ok(sdg_server_new_id(w->server, ids[i]));
    assert_int_equal(strlen(ids[i]), 22);
    for (size_t k = 0; k < i; k++) {
      assert_string_not_equal(ids[i], ids[k]);
      assert_true(strncmp(ids[i], ids[k], 8) != 0);
    }
  }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, server_world_set_up, server_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {T(test_content_encoding), T(test_no_cors), T(test_every_answer),
                                     T(test_unguessable_urls)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
