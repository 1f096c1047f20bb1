/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_rate_store_test.c -- the limiter of several processes that share a store. */
#include "support/test.h"

#include <pthread.h>

#include "base/bytes.h"
#include "base/time.h"
#include "support/server_world.h"

#define NOW ((stardeleg_time)1700000000000)
#define THREADS 4

static stardeleg_limiter *limiter_of(const stardeleg_store *store, uint32_t burst, int64_t every_ms)
{
  stardeleg_buckets_options options;
  stardeleg_limiter *limiter = NULL;

  stardeleg_buckets_options_default(&options);
  assert_null(options.store); /* nobody pays who did not ask for it */
  options.per_account[STARDELEG_LIMIT_ORDER] = (stardeleg_rate){burst, every_ms};
  options.per_source[STARDELEG_LIMIT_ORDER] = (stardeleg_rate){2 * burst, every_ms};
  options.per_source[STARDELEG_LIMIT_ACCOUNT] = (stardeleg_rate){burst, every_ms};
  options.per_source[STARDELEG_LIMIT_REQUEST] = (stardeleg_rate){burst, every_ms};
  options.store = store;
  assert_ok(stardeleg_buckets_new(&limiter, test_crypto(), &options));
  return limiter;
}

static stardeleg_time ask(stardeleg_limiter *limiter, stardeleg_limit_act act, const char *source, const char *account,
                          stardeleg_time now)
{
  stardeleg_limit_query query = {sizeof(query), act, source, account, now};

  return limiter->ask(limiter->self, &query);
}

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  (*(size_t *)ctx)++;
  return 0;
}

static size_t count_records(const stardeleg_store *store)
{
  size_t count = 0;

  assert_ok(sdg_store_scan(store, "rate", NULL, NULL, 1000, count_one, &count));
  return count;
}

/* ACME-6.6-01: what one process has let through counts for the others, and over restarts. */
static void test_one_count_for_all(void **state)
{
  stardeleg_store *store = NULL;
  stardeleg_limiter *nodes[2];

  (void)state;
  assert_ok(stardeleg_store_memory_new(&store));
  nodes[0] = limiter_of(store, 3, 1000);
  nodes[1] = limiter_of(store, 3, 1000);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(ask(nodes[i % 2], STARDELEG_LIMIT_ORDER, NULL, "a", NOW), STARDELEG_TIME_NONE);
  }
  for (int i = 0; i < 2; i++) {
    assert_int_equal(ask(nodes[i], STARDELEG_LIMIT_ORDER, NULL, "a", NOW), NOW + 1000);
    assert_int_equal(ask(nodes[i], STARDELEG_LIMIT_ORDER, NULL, "a", NOW + 999), NOW + 1000);
  }
  assert_int_equal(ask(nodes[1], STARDELEG_LIMIT_ORDER, NULL, "b", NOW), STARDELEG_TIME_NONE);
  assert_int_equal(ask(nodes[1], STARDELEG_LIMIT_ACCOUNT, "a", NULL, NOW), STARDELEG_TIME_NONE);
  stardeleg_buckets_free(nodes[0]);
  nodes[0] = limiter_of(store, 3, 1000);
  assert_int_equal(ask(nodes[0], STARDELEG_LIMIT_ORDER, NULL, "a", NOW), NOW + 1000);
  assert_int_equal(ask(nodes[0], STARDELEG_LIMIT_ORDER, NULL, "a", NOW + 1000), STARDELEG_TIME_NONE);
  assert_int_equal(ask(nodes[1], STARDELEG_LIMIT_ORDER, NULL, "a", NOW + 1000), NOW + 2000);
  assert_int_equal(ask(nodes[0], STARDELEG_LIMIT_ORDER, NULL, NULL, NOW), STARDELEG_TIME_NONE); /* nobody known */
  stardeleg_buckets_free(nodes[0]);
  stardeleg_buckets_free(nodes[1]);
  stardeleg_store_free(store);
}

/* What is refused by one limit does not count against the other; a network of IPv6 is one source. */
static void test_all_or_nothing(void **state)
{
  stardeleg_store *store = NULL;
  stardeleg_limiter *limiter;

  (void)state;
  assert_ok(stardeleg_store_memory_new(&store));
  limiter = limiter_of(store, 2, 60000);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, i < 2 ? "2001:db8:1:2::7" : "2001:db8:1:2:ffff::1",
                         i < 2 ? "a" : "b", NOW),
                     STARDELEG_TIME_NONE);
  }
  for (int i = 0; i < 5; i++) {
    assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, "2001:db8:1:2::7", "c", NOW), NOW + 60000);
    assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, "192.0.2.1", "a", NOW), NOW + 60000);
  }
  for (int i = 0; i < 2; i++) {
    assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, "192.0.2.1", "c", NOW), STARDELEG_TIME_NONE);
    assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, "192.0.2.1", "d", NOW), STARDELEG_TIME_NONE);
  }
  assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, "192.0.2.1", "e", NOW), NOW + 60000);
  stardeleg_buckets_free(limiter);
  stardeleg_store_free(store);
}

/* Requests never reach the store; buckets that are full again leave it. */
static void test_what_is_stored(void **state)
{
  stardeleg_store *store = NULL;
  stardeleg_limiter *limiter;
  char name[16];

  (void)state;
  assert_ok(stardeleg_store_memory_new(&store));
  limiter = limiter_of(store, 3, 1000);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(ask(limiter, STARDELEG_LIMIT_REQUEST, "s", NULL, NOW), STARDELEG_TIME_NONE);
  }
  assert_int_equal(ask(limiter, STARDELEG_LIMIT_REQUEST, "s", NULL, NOW), NOW + 1000);
  assert_int_equal(count_records(store), 0);
  for (int i = 0; i < 50; i++) {
    (void)snprintf(name, sizeof(name), "acct%d", i);
    assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, NULL, name, NOW), STARDELEG_TIME_NONE);
  }
  assert_int_equal(count_records(store), 50);
  for (int i = 0; i < 10; i++) {
    (void)snprintf(name, sizeof(name), "later%d", i);
    assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, NULL, name, NOW + SDG_TIME_HOUR), STARDELEG_TIME_NONE);
  }
  assert_int_equal(count_records(store), 10);
  /* set back by a year: nobody is shut out for as long */
  assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, NULL, "later1", NOW - 365 * SDG_TIME_DAY), STARDELEG_TIME_NONE);
  stardeleg_buckets_free(limiter);
  stardeleg_store_free(store);
}

typedef struct asker {
  pthread_t thread;
  stardeleg_limiter *limiter;
  size_t granted;
} asker;

static void *ask_often(void *ctx)
{
  asker *a = ctx;

  for (int i = 0; i < 100; i++) {
    a->granted += ask(a->limiter, STARDELEG_LIMIT_ORDER, NULL, "a", NOW) == STARDELEG_TIME_NONE ? 1 : 0;
  }
  return NULL;
}

/* Asked at the same time, no more pass than may, and none is lost. */
static void test_at_once(void **state)
{
  stardeleg_store *store = NULL;
  asker askers[THREADS];
  size_t granted = 0;

  (void)state;
  assert_ok(stardeleg_store_memory_new(&store));
  for (size_t i = 0; i < THREADS; i++) {
    askers[i] = (asker){.limiter = limiter_of(store, 150, 60000)};
    assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    (void)pthread_join(askers[i].thread, NULL);
    granted += askers[i].granted;
  }
  while (ask(askers[0].limiter, STARDELEG_LIMIT_ORDER, NULL, "a", NOW) == STARDELEG_TIME_NONE) {
    granted++;
  }
  assert_int_equal(granted, 150);
  for (size_t i = 0; i < THREADS; i++) {
    stardeleg_buckets_free(askers[i].limiter);
  }
  stardeleg_store_free(store);
}

/* A record that cannot be read, or a store that answers nothing, refuses nobody. */
static void test_spoiled(void **state)
{
  static const char *const values[] = {"", "{}", "{\"v\":1,\"fullAt\":\"x\"}", "[]"};
  stardeleg_store *store = NULL;
  stardeleg_limiter *limiter;
  stardeleg_record claimed = {0};
  size_t count = 0;

  (void)state;
  assert_ok(stardeleg_store_memory_new(&store));
  limiter = limiter_of(store, 1, 1000);
  assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, NULL, "a", NOW), STARDELEG_TIME_NONE);
  assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, NULL, "a", NOW), NOW + 1000);
  assert_ok(sdg_store_claim(store, "rate", NOW + SDG_TIME_HOUR, NULL, 1000, &claimed, 1, &count));
  assert_int_equal(count, 1);
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    assert_ok(sdg_store_put(store, "rate", claimed.key, sdg_bytes_str(values[i]), NULL, claimed.version + i));
    assert_int_equal(ask(limiter, STARDELEG_LIMIT_ORDER, NULL, "a", NOW), STARDELEG_TIME_NONE);
  }
  stardeleg_record_clear(&claimed);
  stardeleg_buckets_free(limiter);
  stardeleg_store_free(store);
}

/* ACME-6.6-02: two servers with one store refuse the same client. */
static void test_two_servers(void **state)
{
  static server_world w;
  stardeleg_limiter *limiters[2];

  (void)state;
  server_world_init(&w);
  limiters[0] = limiter_of(w.store, 2, 60000);
  limiters[1] = limiter_of(w.store, 2, 60000);
  w.options.limiter = limiters[0];
  server_world_open(&w);
  acme_peer_register(&w.peer);
  assert_int_equal(acme_peer_post(&w.peer, SERVER_BASE "/new-thing", "{}"), 200);
  w.options.limiter = limiters[1];
  server_world_restart(&w);
  w.peer.nonce[0] = '\0';
  assert_int_equal(acme_peer_post(&w.peer, SERVER_BASE "/new-thing", "{}"), 200);
  (void)acme_peer_post(&w.peer, SERVER_BASE "/new-thing", "{}");
  acme_peer_assert_problem(&w.peer, 429, "rateLimited");
  assert_string_equal(acme_peer_header(&w.peer, "Retry-After"), "60");
  server_world_clear(&w);
  stardeleg_buckets_free(limiters[0]);
  stardeleg_buckets_free(limiters[1]);
}

#define T(fn) cmocka_unit_test(fn)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_one_count_for_all), T(test_all_or_nothing), T(test_what_is_stored),
      T(test_at_once),           T(test_spoiled),        T(test_two_servers),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
