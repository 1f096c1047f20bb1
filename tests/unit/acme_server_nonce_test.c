/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_nonce_test.c -- nonces: unpredictable, spent once by whichever thread comes first, bounded in memory. */
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "acme_server/nonce.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "support/server_world.h"

#define WINDOW (1u << 20)
#define THREADS 64

/* --- The nonces themselves --- */

/* ACME-6.5-04, ACME-6.5-05, ACME-6.5.1-01, ACME-6.5.1-02 */
static void test_mint_and_spend(void **state)
{
  sdg_nonces *nonces = NULL;
  char text[256][SDG_NONCE_SIZE];

  (void)state;
  assert_ok(sdg_nonces_new(&nonces, test_crypto()));
  for (size_t i = 0; i < 256; i++) {
    assert_ok(sdg_nonces_mint(nonces, text[i]));
    assert_int_equal(strlen(text[i]), SDG_NONCE_SIZE - 1);
    assert_true(sdg_base64url_is_text(sdg_bytes_str(text[i])));
    for (size_t j = 0; j < i; j++) { /* nothing in it counts: not one place of eight characters is as before */
      assert_memory_not_equal(text[i], text[j], 8);
      assert_memory_not_equal(text[i] + 24, text[j] + 24, 8);
    }
  }
  for (size_t i = 256; i-- > 0;) {
    assert_ok(sdg_nonces_spend(nonces, text[i]));
    assert_err(STARDELEG_ERR_NOT_FOUND, sdg_nonces_spend(nonces, text[i]));
  }
  sdg_nonces_free(nonces);
  sdg_nonces_free(NULL);
}

static void test_foreign(void **state)
{
  static const char *const bad[] = {"",
                                    "a",
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/",
                                    "AAAAAAAAAAAAAAAA AAAAAAAAAAAAAAA"};
  sdg_nonces *ours = NULL;
  sdg_nonces *theirs = NULL;
  char text[SDG_NONCE_SIZE];

  (void)state;
  assert_ok(sdg_nonces_new(&ours, test_crypto()));
  assert_ok(sdg_nonces_new(&theirs, test_crypto()));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_err(STARDELEG_ERR_NOT_FOUND, sdg_nonces_spend(ours, bad[i]));
  }
  assert_ok(sdg_nonces_mint(theirs, text));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_nonces_spend(ours, text));
  assert_ok(sdg_nonces_spend(theirs, text));
  /* one character of it changed, at every place */
  for (size_t i = 0; i < SDG_NONCE_SIZE - 1; i++) {
    char other[SDG_NONCE_SIZE];

    assert_ok(sdg_nonces_mint(ours, text));
    memcpy(other, text, sizeof(other));
    other[i] = other[i] == 'A' ? 'B' : 'A';
    assert_err(STARDELEG_ERR_NOT_FOUND, sdg_nonces_spend(ours, other));
    assert_ok(sdg_nonces_spend(ours, text));
  }
  sdg_nonces_free(ours);
  sdg_nonces_free(theirs);
}

/* The last 2^20 count, spent ones behind them do not come back when their place is taken over. */
static void test_window(void **state)
{
  sdg_nonces *nonces = NULL;
  char first[4][SDG_NONCE_SIZE];
  char text[SDG_NONCE_SIZE];

  (void)state;
  assert_ok(sdg_nonces_new(&nonces, test_crypto()));
  for (size_t i = 0; i < 4; i++) {
    assert_ok(sdg_nonces_mint(nonces, first[i]));
  }
  assert_ok(sdg_nonces_spend(nonces, first[1]));
  for (size_t i = 4; i < WINDOW; i++) {
    assert_ok(sdg_nonces_mint(nonces, text));
  }
  assert_ok(sdg_nonces_spend(nonces, first[0])); /* the oldest of the window */
  assert_ok(sdg_nonces_mint(nonces, text));      /* takes over the place of the first */
  assert_ok(sdg_nonces_mint(nonces, text));      /* and of the second */
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_nonces_spend(nonces, first[0]));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_nonces_spend(nonces, first[1]));
  assert_ok(sdg_nonces_spend(nonces, first[2]));
  assert_ok(sdg_nonces_mint(nonces, text));
  assert_ok(sdg_nonces_mint(nonces, text));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_nonces_spend(nonces, first[2]));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_nonces_spend(nonces, first[3])); /* never spent, but too old */
  assert_ok(sdg_nonces_spend(nonces, text));
  sdg_nonces_free(nonces);
}

/* --- Threads --- */

typedef struct burst {
  sdg_nonces *nonces;
  char (*text)[SDG_NONCE_SIZE];
  size_t count;
  atomic_uint wins[512];
  atomic_bool go;
} burst;

static void *spend_all(void *arg)
{
  burst *b = arg;

  while (!atomic_load(&b->go)) {
  }
  for (size_t i = 0; i < b->count; i++) {
    stardeleg_err err = sdg_nonces_spend(b->nonces, b->text[i]);

    if (err == STARDELEG_OK) {
      (void)atomic_fetch_add(&b->wins[i], 1);
    }
  }
  return NULL;
}

/* ACME-6.5-05: 64 threads, the same nonces: each is spent exactly once */
static void test_double_spend(void **state)
{
  static burst b;
  static char text[512][SDG_NONCE_SIZE];
  pthread_t threads[THREADS];

  (void)state;
  memset(&b, 0, sizeof(b));
  b.text = text;
  b.count = 512;
  assert_ok(sdg_nonces_new(&b.nonces, test_crypto()));
  for (size_t i = 0; i < b.count; i++) {
    assert_ok(sdg_nonces_mint(b.nonces, text[i]));
  }
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, spend_all, &b), 0);
  }
  atomic_store(&b.go, true);
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  }
  for (size_t i = 0; i < b.count; i++) {
    assert_int_equal(atomic_load(&b.wins[i]), 1);
  }
  sdg_nonces_free(b.nonces);
}

static void *mint_and_spend(void *arg)
{
  burst *b = arg;
  char text[SDG_NONCE_SIZE];

  while (!atomic_load(&b->go)) {
  }
  for (size_t i = 0; i < 500; i++) {
    if (sdg_nonces_mint(b->nonces, text) != STARDELEG_OK || sdg_nonces_spend(b->nonces, text) != STARDELEG_OK ||
        sdg_nonces_spend(b->nonces, text) != STARDELEG_ERR_NOT_FOUND) {
      (void)atomic_fetch_add(&b->wins[0], 1);
    }
  }
  return NULL;
}

static void test_mint_in_threads(void **state)
{
  static burst b;
  pthread_t threads[8];

  (void)state;
  memset(&b, 0, sizeof(b));
  assert_ok(sdg_nonces_new(&b.nonces, test_crypto()));
  for (size_t i = 0; i < 8; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, mint_and_spend, &b), 0);
  }
  atomic_store(&b.go, true);
  for (size_t i = 0; i < 8; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  }
  assert_int_equal(atomic_load(&b.wins[0]), 0);
  sdg_nonces_free(b.nonces);
}

/* --- As a client meets them --- */

/* ACME-7.1-01, ACME-7.2-02 to 7.2-04, ACME-6.3-05 */
static void test_new_nonce(void **state)
{
  server_world *w = *state;
  char before[256];

  assert_int_equal(acme_peer_head(&w->peer, SERVER_BASE "/new-nonce"), 200);
  assert_string_equal(acme_peer_header(&w->peer, "Cache-Control"), "no-store");
  assert_non_null(acme_peer_header(&w->peer, "Replay-Nonce"));
  (void)snprintf(before, sizeof(before), "%s", w->peer.nonce);
  assert_int_equal(acme_peer_get(&w->peer, SERVER_BASE "/new-nonce"), 204);
  assert_string_equal(w->peer.body, "");
  assert_string_equal(acme_peer_header(&w->peer, "Cache-Control"), "no-store");
  assert_null(acme_peer_header(&w->peer, "Content-Type"));
  assert_string_not_equal(before, w->peer.nonce);
  assert_int_equal(acme_peer_fetch(&w->peer, SERVER_BASE "/new-nonce"), 204);
  assert_int_equal(acme_peer_fetch(&w->peer, SERVER_BASE "/directory"), 200);
  assert_int_equal(acme_peer_fetch(&w->peer, SERVER_BASE "/thing/a"), 200);
}

/* ACME-6.5-05 to 6.5-07: once in a request is once, whatever became of the request */
static void test_spent_by_failure(void **state)
{
  server_world *w = *state;
  const acme_peer_jws failures[] = {
      {.url = SERVER_BASE "/thing/a", .payload = "["},
      {.url = SERVER_BASE "/thing/a", .payload = "{}", .header_url = "\"https://evil.example/\""},
      {.url = SERVER_BASE "/thing/a", .payload = "{}", .signature_member = "\"AAAA\""},
      {.url = SERVER_BASE "/thing/a", .payload = "{}", .kid = "\"https://ca.example/acme/acct/x\""},
      {.url = SERVER_BASE "/thing/a", .payload = "{}", .by_jwk = true},
      {.url = SERVER_BASE "/thing/a", .payload = "{}", .alg = "\"HS256\""},
      {.url = SERVER_BASE "/thing/a", .payload = "{}", .more = ",\"crit\":[\"x\"]"},
      {.url = SERVER_BASE "/thing/a", .payload = "{}", .more = ",\"b64\":false"},
      {.url = SERVER_BASE "/thing/a", .payload = "{}", .outer_more = ",\"header\":{}"},
      {.url = SERVER_BASE "/thing/a", .payload = "{}", .payload_member = "-"},
      {.url = SERVER_BASE "/fail/store", .payload = ""},
  };

  for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
    acme_peer_jws jws = failures[i];
    char nonce[300];

    (void)snprintf(nonce, sizeof(nonce), "\"%s\"", acme_peer_take_nonce(&w->peer));
    jws.nonce = nonce;
    assert_true(acme_peer_send(&w->peer, &jws) >= 400);
    assert_null(strstr(w->peer.body, "badNonce"));
    (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = SERVER_BASE "/thing/a", .payload = "", .nonce = nonce});
    acme_peer_assert_problem(&w->peer, 400, "badNonce");
    /* the nonce of that very answer does it */
    assert_int_equal(acme_peer_fetch(&w->peer, SERVER_BASE "/thing/a"), 200);
  }
}

static void test_replay(void **state)
{
  static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
  server_world *w = *state;
  sdg_buf body;

  sdg_buf_init(&body, 1 << 16);
  acme_peer_build(&w->peer, &body, &(acme_peer_jws){.url = SERVER_BASE "/thing/a", .payload = "{}"});
  assert_int_equal(acme_peer_raw(&w->peer, "POST", "/acme/thing/a", headers, sdg_buf_bytes(&body)), 200);
  (void)acme_peer_raw(&w->peer, "POST", "/acme/thing/a", headers, sdg_buf_bytes(&body));
  acme_peer_assert_problem(&w->peer, 400, "badNonce");
  assert_int_equal(w->calls, 1);
  /* a new process knows none of the old one's: the client is told, and goes on */
  (void)acme_peer_take_nonce(&w->peer);
  acme_peer_build(&w->peer, &body, &(acme_peer_jws){.url = SERVER_BASE "/thing/a", .payload = "{}"});
  server_world_restart(w);
  (void)acme_peer_raw(&w->peer, "POST", "/acme/thing/a", headers, sdg_buf_bytes(&body));
  acme_peer_assert_problem(&w->peer, 400, "badNonce");
  assert_int_equal(acme_peer_fetch(&w->peer, SERVER_BASE "/thing/a"), 200);
  sdg_buf_clear(&body);
}

/* --- One signed request from many threads --- */

typedef struct replay {
  server_world *w;
  stardeleg_bytes body;
  atomic_uint wins;
  atomic_uint bad_nonces;
  atomic_bool go;
} replay;

static void *send_again(void *arg)
{
  replay *r = arg;
  stardeleg_http_header type = {SDG_BYTES_LITERAL("Content-Type"), SDG_BYTES_LITERAL("application/jose+json")};
  stardeleg_http_request request = {
      .method = "POST", .url = "/acme/new-account", .headers = &type, .header_count = 1, .body = r->body};
  stardeleg_http_reply *reply = NULL;

  while (!atomic_load(&r->go)) {
  }
  if (sdg_server_handle(r->w->server, &request, r->w->now, &reply) == STARDELEG_OK) {
    const stardeleg_http_response *view = stardeleg_http_reply_view(reply);

    (void)atomic_fetch_add(view->status == 201 ? &r->wins : &r->bad_nonces, 1);
  }
  stardeleg_http_reply_free(reply);
  return NULL;
}

static void test_replay_in_threads(void **state)
{
  server_world *w = *state;
  acme_peer peer;
  pthread_t threads[THREADS];
  replay r = {.w = w};
  sdg_buf body;

  server_world_peer(w, &peer, STARDELEG_KEY_P256);
  sdg_buf_init(&body, 1 << 16);
  acme_peer_build(&peer, &body,
                    &(acme_peer_jws){.url = SERVER_BASE "/new-account", .payload = "{}", .by_jwk = true});
  r.body = sdg_buf_bytes(&body);
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, send_again, &r), 0);
  }
  atomic_store(&r.go, true);
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  }
  assert_int_equal(atomic_load(&r.wins), 1);
  assert_int_equal(atomic_load(&r.bad_nonces), THREADS - 1);
  assert_int_equal(server_world_count(w, "account"), 2);
  sdg_buf_clear(&body);
  acme_peer_clear(&peer);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, server_world_set_up, server_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mint_and_spend),
      cmocka_unit_test(test_foreign),
      cmocka_unit_test(test_window),
      cmocka_unit_test(test_double_spend),
      cmocka_unit_test(test_mint_in_threads),
      T(test_new_nonce),
      T(test_spent_by_failure),
      T(test_replay),
      T(test_replay_in_threads),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
