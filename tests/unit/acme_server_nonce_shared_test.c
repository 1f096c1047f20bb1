/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_nonce_shared_test.c -- nonces of several servers on one store: good everywhere, once. */
#include "support/test.h"

#include <pthread.h>

#include "acme_server/nonce_shared.h"
#include "base/bytes.h"
#include "support/server_world.h"
#if STARDELEG_HAVE_SQLITE
#include <stardeleg/store_sqlite.h>
#endif

#define NOW ((stardeleg_time)1700000000000)
#define THREADS 64u

typedef struct world {
  stardeleg_store *store;
  stardeleg_secrets *secrets;
  sdg_shared_nonces *nodes[2];
} world;

static int set_up(void **state)
{
  static world w;

  assert_ok(stardeleg_store_memory_new(&w.store));
  assert_ok(stardeleg_secrets_memory_new(&w.secrets));
  for (size_t i = 0; i < 2; i++) {
    assert_ok(sdg_shared_nonces_new(&w.nodes[i], test_crypto(), w.store, w.secrets));
  }
  *state = &w;
  return 0;
}

static int tear_down(void **state)
{
  world *w = *state;

  for (size_t i = 0; i < 2; i++) {
    sdg_shared_nonces_free(w->nodes[i]);
  }
  stardeleg_secrets_free(w->secrets);
  stardeleg_store_free(w->store);
  return 0;
}

/* ACME-6.5-04, ACME-6.5-05, ACME-6.5.1-01, ACME-6.5.1-02 */
static void test_across_nodes(void **state)
{
  world *w = *state;
  char nonce[SDG_SHARED_NONCE_SIZE];
  char other[SDG_SHARED_NONCE_SIZE];

  assert_ok(sdg_shared_nonces_mint(w->nodes[0], NOW, nonce));
  assert_ok(sdg_shared_nonces_mint(w->nodes[0], NOW, other));
  assert_string_not_equal(nonce, other);
  assert_int_equal(strlen(nonce), SDG_SHARED_NONCE_SIZE - 1);
  assert_int_equal(strspn(nonce, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(nonce));
  assert_ok(sdg_shared_nonces_spend(w->nodes[1], nonce, NOW));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_shared_nonces_spend(w->nodes[0], nonce, NOW));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_shared_nonces_spend(w->nodes[1], nonce, NOW));
  assert_ok(sdg_shared_nonces_spend(w->nodes[0], other, NOW));
}

static void test_foreign(void **state)
{
  world *w = *state;
  char nonce[SDG_SHARED_NONCE_SIZE];
  static const char *const bad[] = {"", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "../../../../../../../../../../../../../../x"};

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_err(STARDELEG_ERR_NOT_FOUND, sdg_shared_nonces_spend(w->nodes[0], bad[i], NOW));
  }
  assert_ok(sdg_shared_nonces_mint(w->nodes[0], NOW, nonce));
  for (size_t i = 0; i < SDG_SHARED_NONCE_SIZE - 1; i++) {
    char was = nonce[i];

    nonce[i] = was == 'Q' ? 'g' : 'Q';
    assert_err(STARDELEG_ERR_NOT_FOUND, sdg_shared_nonces_spend(w->nodes[0], nonce, NOW));
    nonce[i] = was;
  }
  assert_ok(sdg_shared_nonces_spend(w->nodes[0], nonce, NOW));
}

/* A quarter of an hour, also against a clock that is as far off; what was spent stays spent for as long as anybody
 * would take it. */
static void test_age(void **state)
{
  world *w = *state;
  char nonce[SDG_SHARED_NONCE_SIZE];

  assert_ok(sdg_shared_nonces_mint(w->nodes[0], NOW, nonce));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_shared_nonces_spend(w->nodes[1], nonce, NOW + SDG_SHARED_NONCE_MS + 1));
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_shared_nonces_spend(w->nodes[1], nonce, NOW - SDG_SHARED_NONCE_MS - 1));
  assert_ok(sdg_shared_nonces_spend(w->nodes[1], nonce, NOW - SDG_SHARED_NONCE_MS));
  for (int i = 0; i < 100; i++) {
    char more[SDG_SHARED_NONCE_SIZE];

    assert_ok(sdg_shared_nonces_mint(w->nodes[0], NOW + SDG_SHARED_NONCE_MS, more));
    assert_ok(sdg_shared_nonces_spend(w->nodes[0], more, NOW + SDG_SHARED_NONCE_MS));
    assert_err(STARDELEG_ERR_NOT_FOUND, sdg_shared_nonces_spend(w->nodes[1], nonce, NOW + SDG_SHARED_NONCE_MS));
  }
}

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  (*(size_t *)ctx)++;
  return 0;
}

/* What is stored is what was spent lately. */
static void test_swept(void **state)
{
  world *w = *state;
  size_t stored = 0;

  for (int i = 0; i < 4000; i++) {
    char nonce[SDG_SHARED_NONCE_SIZE];
    stardeleg_time now = NOW + i * 10000; /* 180 in the half hour that counts */

    assert_ok(sdg_shared_nonces_mint(w->nodes[0], now, nonce));
    assert_ok(sdg_shared_nonces_spend(w->nodes[0], nonce, now));
  }
  assert_ok(w->store->ops->scan(w->store->self, "nonce", NULL, NULL, 1000000, count_one, &stored));
  assert_in_range(stored, 180, 220);
}

/* A key of another length is not ours to replace. */
static void test_spoiled_secret(void **state)
{
  world *w = *state;
  sdg_shared_nonces *nonces = NULL;
  stardeleg_secrets *secrets = NULL;

  assert_ok(stardeleg_secrets_memory_new(&secrets));
  assert_ok(sdg_secrets_put(secrets, "acme-nonces", SDG_BYTES_LITERAL("short")));
  assert_err(STARDELEG_ERR_SECRETS, sdg_shared_nonces_new(&nonces, test_crypto(), w->store, secrets));
  assert_null(nonces);
  stardeleg_secrets_free(secrets);
}

/* --- Two servers, one SQLite store, 64 threads --- */

typedef struct racer {
  sdg_server *server;
  stardeleg_bytes body;
  stardeleg_time now;
  pthread_barrier_t *start;
  int status;
  bool bad_nonce;
} racer;

static void *race(void *arg)
{
  racer *r = arg;
  stardeleg_http_header type = {SDG_BYTES_LITERAL("Content-Type"), SDG_BYTES_LITERAL("application/jose+json")};
  stardeleg_http_request request = {
      .method = "POST", .url = "/acme/thing/abc", .headers = &type, .header_count = 1, .body = r->body};
  stardeleg_http_reply *reply = NULL;

  (void)pthread_barrier_wait(r->start);
  if (sdg_server_handle(r->server, &request, r->now, &reply) == STARDELEG_OK) {
    const stardeleg_http_response *view = stardeleg_http_reply_view(reply);

    r->status = view->status;
    for (size_t i = 0; i + 8 <= view->body.len; i++) {
      r->bad_nonce = r->bad_nonce || memcmp(view->body.base + i, "badNonce", 8) == 0;
    }
  }
  stardeleg_http_reply_free(reply);
  return NULL;
}

/* The same signed request at both servers at once: one of the 64 is answered, the others hear badNonce. */
static void race_two(server_world *w, sdg_server *second)
{
  for (int round = 0; round < 5; round++) {
    pthread_barrier_t start;
    pthread_t threads[THREADS];
    racer racers[THREADS];
    unsigned won = 0;
    sdg_buf body;

    sdg_buf_init(&body, 1 << 16);
    w->peer.nonce[0] = '\0';
    acme_peer_build(&w->peer, &body, &(acme_peer_jws){.url = SERVER_BASE "/thing/abc", .payload = "{}"});
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
      racers[i] = (racer){i % 2 == 0 ? w->server : second, sdg_buf_bytes(&body), w->now, &start, 0, false};
      assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
      assert_int_equal(pthread_join(threads[i], NULL), 0);
      won += racers[i].status == 200 ? 1 : 0;
      assert_true(racers[i].status == 200 || (racers[i].status == 400 && racers[i].bad_nonce));
    }
    assert_int_equal(won, 1);
    (void)pthread_barrier_destroy(&start);
    sdg_buf_clear(&body);
  }
}

/* Two processes on one database, where there is one that processes can share. */
static void open_two(stardeleg_store *stores[2], int number)
{
#if STARDELEG_HAVE_SQLITE
  char path[600];

  (void)snprintf(path, sizeof(path), "%s/race%d.db", test_directory(), number);
  assert_ok(stardeleg_store_sqlite_open(&stores[0], path, NULL, NULL, 0));
  assert_ok(stardeleg_store_sqlite_open(&stores[1], path, NULL, NULL, 0));
#else
  (void)number;
  assert_ok(stardeleg_store_memory_new(&stores[0]));
  stores[1] = stores[0];
#endif
}

/* ACME-6.5-05, with nonces of each server's own and with shared ones */
static void test_race_of_64(void **state)
{
  (void)state;
  for (int shared = 0; shared < 2; shared++) {
    static server_world w;
    sdg_server *second = NULL;
    stardeleg_store *stores[2] = {NULL, NULL};
    stardeleg_store *memory;
    stardeleg_problem problem;

    server_world_init(&w);
    memory = w.store;
    open_two(stores, shared);
    w.options.shared_nonces = shared != 0;
    w.options.store = stores[1];
    assert_ok(sdg_server_new(&second, &w.options, &problem));
    w.options.store = stores[0];
    server_world_open(&w);
    acme_peer_register(&w.peer);
    race_two(&w, second);
    sdg_server_free(second);
    w.store = memory;
    server_world_clear(&w);
    if (stores[1] != stores[0]) {
      stardeleg_store_free(stores[1]);
    }
    stardeleg_store_free(stores[0]);
  }
}

/* Behind one address without affinity: every request goes to the other server than the one before, none is refused. */
static void test_two_servers_in_turn(void **state)
{
  static server_world w;
  sdg_server *second = NULL;
  stardeleg_problem problem;

  (void)state;
  server_world_init(&w);
  w.options.shared_nonces = true;
  assert_ok(sdg_server_new(&second, &w.options, &problem));
  server_world_open(&w);
  acme_peer_register(&w.peer);
  for (int i = 0; i < 20; i++) {
    sdg_server *first = w.server;

    assert_int_equal(acme_peer_post(&w.peer, SERVER_BASE "/thing/abc", "{}"), 200);
    w.server = second;
    second = first;
  }
  sdg_server_free(second);
  server_world_clear(&w);
}

static void test_needs_secrets(void **state)
{
  static server_world w;
  stardeleg_problem problem;

  (void)state;
  server_world_start(&w);
  w.options.shared_nonces = true;
  w.options.secrets = NULL;
  sdg_server_free(w.server);
  w.server = NULL;
  assert_err(STARDELEG_ERR_CONFIG, sdg_server_new(&w.server, &w.options, &problem));
  server_world_clear(&w);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_across_nodes),
      T(test_foreign),
      T(test_age),
      T(test_swept),
      T(test_spoiled_secret),
      T(test_race_of_64),
      T(test_two_servers_in_turn),
      T(test_needs_secrets),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
