/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_version_cache_test.c -- objects kept by id and version: never the wrong one, never one too long. */
#include "support/test.h"

#include <pthread.h>

#include "acme_server/version_cache.h"
#include "support/server_world.h"

typedef struct thing {
  sdg_cached cached;
  char id[32];
  uint32_t guard;
} thing;

#define ALIVE 0x600dbeefu

static _Atomic long alive;

static thing *thing_new(const char *id, uint64_t version)
{
  thing *t = calloc(1, sizeof(*t));

  assert_non_null(t);
  (void)snprintf(t->id, sizeof(t->id), "%s", id);
  t->cached.id = t->id;
  t->cached.version = version;
  t->guard = ALIVE;
  alive++;
  return t;
}

static void thing_free(sdg_cached *object)
{
  thing *t = (thing *)object;

  t->guard = 0;
  alive--;
  free(t);
}

static void test_get_and_put(void **state)
{
  sdg_version_cache *cache = NULL;
  const sdg_cached *found;
  thing *first = thing_new("a", 1);

  (void)state;
  assert_ok(sdg_version_cache_new(&cache, 8, thing_free));
  assert_null(sdg_version_cache_get(cache, "a", 1));
  sdg_version_cache_put(cache, &first->cached);
  found = sdg_version_cache_get(cache, "a", 1);
  assert_ptr_equal(found, &first->cached);
  sdg_version_cache_release(cache, found);
  assert_null(sdg_version_cache_get(cache, "a", 2)); /* the record has changed */
  assert_null(sdg_version_cache_get(cache, "b", 1));
  assert_null(sdg_version_cache_get(cache, "", 1));
  sdg_version_cache_release(cache, &first->cached);
  sdg_version_cache_release(cache, NULL);
  assert_int_equal(alive, 1);
  sdg_version_cache_free(cache);
  sdg_version_cache_free(NULL);
  assert_int_equal(alive, 0);
}

/* Whoever is pushed out lives on with those who hold it. */
static void test_pushed_out(void **state)
{
  sdg_version_cache *cache = NULL;
  thing *first = thing_new("a", 1);
  thing *second = thing_new("b", 1);

  (void)state;
  assert_ok(sdg_version_cache_new(&cache, 1, thing_free));
  sdg_version_cache_put(cache, &first->cached);
  sdg_version_cache_put(cache, &second->cached);
  sdg_version_cache_release(cache, &second->cached);
  assert_int_equal(alive, 2);
  assert_int_equal(first->guard, ALIVE);
  assert_null(sdg_version_cache_get(cache, "a", 1));
  sdg_version_cache_release(cache, &first->cached);
  assert_int_equal(alive, 1);
  sdg_version_cache_free(cache);
  assert_int_equal(alive, 0);
}

static void test_bounded(void **state)
{
  sdg_version_cache *cache = NULL;

  (void)state;
  assert_ok(sdg_version_cache_new(&cache, 16, thing_free));
  for (unsigned i = 0; i < 10000; i++) {
    char id[32];
    thing *t;

    (void)snprintf(id, sizeof(id), "%u", i);
    t = thing_new(id, i);
    sdg_version_cache_put(cache, &t->cached);
    sdg_version_cache_release(cache, &t->cached);
    assert_true(alive <= 16);
  }
  sdg_version_cache_free(cache);
  assert_int_equal(alive, 0);
  assert_int_equal(sdg_version_cache_new(&cache, 0, thing_free), STARDELEG_ERR_ARGUMENT);
  assert_int_equal(sdg_version_cache_new(&cache, SIZE_MAX / 4, thing_free), STARDELEG_ERR_ARGUMENT);
}

static void *hammer(void *arg)
{
  sdg_version_cache *cache = arg;

  for (unsigned i = 0; i < 3000; i++) {
    char id[32];
    const sdg_cached *held;

    (void)snprintf(id, sizeof(id), "%u", i % 7);
    held = sdg_version_cache_get(cache, id, i % 3);
    if (held == NULL) {
      thing *t = thing_new(id, i % 3);

      sdg_version_cache_put(cache, &t->cached);
      held = &t->cached;
    }
    if (((const thing *)held)->guard != ALIVE || held->version != i % 3 || strcmp(held->id, id) != 0) {
      return cache;
    }
    sdg_version_cache_release(cache, held);
  }
  return NULL;
}

static void test_threads(void **state)
{
  sdg_version_cache *cache = NULL;
  pthread_t threads[8];

  (void)state;
  assert_ok(sdg_version_cache_new(&cache, 4, thing_free));
  for (size_t i = 0; i < 8; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, hammer, cache), 0);
  }
  for (size_t i = 0; i < 8; i++) {
    void *wrong = cache;

    assert_int_equal(pthread_join(threads[i], &wrong), 0);
    assert_null(wrong);
  }
  sdg_version_cache_free(cache);
  assert_int_equal(alive, 0);
}

/* --- In the server: one reading of the account per request, with and without it in the cache --- */

static stardeleg_store_ops counted;
static stardeleg_store_ops under;
static unsigned account_gets;

static stardeleg_err count_get(void *self, const char *kind, const char *key, stardeleg_record *out)
{
  account_gets += strcmp(kind, "account") == 0 ? 1 : 0;
  return under.get(self, kind, key, out);
}

static void test_one_reading(void **state)
{
  static server_world w;
  stardeleg_store store;

  (void)state;
  server_world_start(&w);
  under = *w.store->ops;
  counted = under;
  counted.get = count_get;
  store = (stardeleg_store){&counted, w.store->self};
  w.options.store = &store;
  server_world_restart(&w);
  for (int i = 0; i < 3; i++) {
    w.peer.nonce[0] = i == 0 ? '\0' : w.peer.nonce[0];
    account_gets = 0;
    assert_int_equal(acme_peer_fetch(&w.peer, SERVER_BASE "/thing/a"), 200);
    assert_int_equal(account_gets, 1);
  }
  server_world_clear(&w);
}

#define T(fn) cmocka_unit_test(fn)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_get_and_put), T(test_pushed_out), T(test_bounded), T(test_threads), T(test_one_reading),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
