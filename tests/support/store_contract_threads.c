/* SPDX-License-Identifier: Apache-2.0 */
/* support/store_contract_threads.c -- the contract under many threads, and with many records. */
#include "support/store_contract.h"

#include <pthread.h>

#define THREADS 8
#define ROUNDS 60
#define JOBS 240

/* Threads must not use cmocka's assertions, which jump; they count what went wrong. */
typedef struct worker {
  const stardeleg_store *store;
  unsigned number;
  unsigned done;
  unsigned failed;
  unsigned seen[JOBS];
} worker;

static void run_workers(const stardeleg_store *store, worker *workers, void *(*run)(void *))
{
  pthread_t threads[THREADS];

  for (unsigned i = 0; i < THREADS; i++) {
    workers[i] = (worker){.store = store, .number = i};
    assert_int_equal(pthread_create(&threads[i], NULL, run, &workers[i]), 0);
  }
  for (unsigned i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(workers[i].failed, 0);
  }
}

/* Adds 1 to the number in the record; false if somebody else was faster. */
static int count_up(worker *w, const char *key)
{
  stardeleg_record record;
  char text[32];
  stardeleg_err rv = w->store->ops->get(w->store->self, "counter", key, &record);

  if (rv != STARDELEG_OK) {
    w->failed++;
    return 1;
  }
  (void)snprintf(text, sizeof text, "%llu", strtoull((const char *)record.value, NULL, 10) + 1);
  rv = contract_run(w->store, contract_put("counter", key, text, record.version));
  stardeleg_record_clear(&record);
  if (rv != STARDELEG_OK && rv != STARDELEG_ERR_CONFLICT) {
    w->failed++;
    return 1;
  }
  return rv == STARDELEG_OK;
}

static void *count_many(void *arg)
{
  worker *w = arg;

  for (unsigned i = 0; i < ROUNDS; i++) {
    while (!count_up(w, i % 2 == 0 ? "a" : "b")) {
    }
    w->done++;
  }
  return NULL;
}

static void test_no_increment_is_lost(void **state)
{
  const stardeleg_store *store = *state;
  worker workers[THREADS];
  char text[32];

  assert_ok(contract_run(store, contract_put("counter", "a", "0", 0)));
  assert_ok(contract_run(store, contract_put("counter", "b", "0", 0)));
  run_workers(store, workers, count_many);
  (void)snprintf(text, sizeof text, "%d", THREADS * ROUNDS / 2);
  contract_assert_record(store, "counter", "a", text, THREADS * ROUNDS / 2 + 1);
  contract_assert_record(store, "counter", "b", text, THREADS * ROUNDS / 2 + 1);
}

/* Bug class: a nonce, an order or a key for external binding spent twice by two requests at once. */
static void *spend_all(void *arg)
{
  worker *w = arg;
  char key[32];

  for (unsigned i = 0; i < JOBS; i++) {
    stardeleg_err rv;

    (void)snprintf(key, sizeof key, "%u", i);
    rv = contract_run(w->store, contract_del("nonce", key, 1));
    w->seen[i] += rv == STARDELEG_OK;
    w->failed += rv != STARDELEG_OK && rv != STARDELEG_ERR_CONFLICT;
  }
  return NULL;
}

static void assert_each_once(const worker *workers)
{
  for (unsigned i = 0; i < JOBS; i++) {
    unsigned times = 0;

    for (unsigned t = 0; t < THREADS; t++) {
      times += workers[t].seen[i];
    }
    assert_int_equal(times, 1);
  }
}

static void create_jobs(const stardeleg_store *store, const char *kind, stardeleg_time due)
{
  char key[32];

  for (unsigned i = 0; i < JOBS; i++) {
    (void)snprintf(key, sizeof key, "%u", i);
    contract_create_due(store, kind, key, due);
  }
}

static void test_each_is_spent_once(void **state)
{
  static worker workers[THREADS];

  create_jobs(*state, "nonce", STARDELEG_TIME_NEVER);
  run_workers(*state, workers, spend_all);
  assert_each_once(workers);
}

static void *claim_all(void *arg)
{
  worker *w = arg;
  stardeleg_record records[3];
  size_t count = 1;

  while (count > 0 && w->failed == 0) {
    w->failed += w->store->ops->claim(w->store->self, "job", 100, "me", 1000, records, 3, &count) != STARDELEG_OK;
    for (size_t i = 0; i < count; i++) {
      stardeleg_store_op op = contract_put("job", records[i].key, "done", records[i].version);

      op.fence = records[i].fence;
      op.release = 1;
      w->seen[strtoul(records[i].key, NULL, 10)]++;
      w->failed += contract_run(w->store, op) != STARDELEG_OK;
      stardeleg_record_clear(&records[i]);
    }
  }
  return NULL;
}

static void test_each_is_claimed_once(void **state)
{
  static worker workers[THREADS];

  create_jobs(*state, "job", 50);
  run_workers(*state, workers, claim_all);
  assert_each_once(workers);
}

/* Two records change together; nobody may ever see them apart within one scan of a snapshot or one batch. */
static void *move_pairs(void *arg)
{
  worker *w = arg;

  for (unsigned i = 0; i < ROUNDS; i++) {
    stardeleg_record left;
    stardeleg_record right;
    stardeleg_err rv = w->store->ops->get(w->store->self, "pair", "left", &left);
    stardeleg_err rv2 = w->store->ops->get(w->store->self, "pair", "right", &right);
    stardeleg_store_op ops[2];

    if (rv == STARDELEG_OK && rv2 == STARDELEG_OK) {
      ops[0] = contract_put("pair", "left", "x", left.version);
      ops[1] = contract_put("pair", "right", "x", right.version);
      rv = w->store->ops->batch(w->store->self, ops, 2);
      w->done += rv == STARDELEG_OK;
      /* If one of the two was older, the batch must have failed as a whole. */
      w->failed += rv == STARDELEG_OK && left.version != right.version;
      w->failed += rv != STARDELEG_OK && rv != STARDELEG_ERR_CONFLICT;
    } else {
      w->failed++;
    }
    stardeleg_record_clear(&left);
    stardeleg_record_clear(&right);
  }
  return NULL;
}

static void test_pairs_stay_together(void **state)
{
  const stardeleg_store *store = *state;
  worker workers[THREADS];
  uint64_t done = 0;

  assert_ok(contract_run(store, contract_put("pair", "left", "x", 0)));
  assert_ok(contract_run(store, contract_put("pair", "right", "x", 0)));
  run_workers(store, workers, move_pairs);
  for (unsigned i = 0; i < THREADS; i++) {
    done += workers[i].done;
  }
  assert_true(done > 0);
  contract_assert_record(store, "pair", "left", "x", done + 1);
  contract_assert_record(store, "pair", "right", "x", done + 1);
}

static int count_records(void *ctx, const stardeleg_record *record)
{
  size_t *count = ctx;

  *count += record->value_len == 2;
  return 0;
}

static void *scan_and_change(void *arg)
{
  worker *w = arg;
  char key[32];

  for (unsigned i = 0; i < 10; i++) {
    size_t count = 0;

    if (w->number % 2 == 0) {
      w->failed +=
          w->store->ops->scan(w->store->self, "job", NULL, NULL, SIZE_MAX, count_records, &count) != STARDELEG_OK;
      w->failed += count != JOBS;
      continue;
    }
    (void)snprintf(key, sizeof key, "%u", w->number);
    w->failed += contract_run(w->store, contract_put("job", key, "{}", i + 1)) != STARDELEG_OK;
  }
  return NULL;
}

static void test_scan_beside_writers(void **state)
{
  worker workers[THREADS];

  create_jobs(*state, "job", 50);
  run_workers(*state, workers, scan_and_change);
}

const struct CMUnitTest store_contract_threads[] = {
    cmocka_unit_test(test_no_increment_is_lost), cmocka_unit_test(test_each_is_spent_once),
    cmocka_unit_test(test_each_is_claimed_once), cmocka_unit_test(test_pairs_stay_together),
    cmocka_unit_test(test_scan_beside_writers),
};
const size_t store_contract_threads_count = sizeof store_contract_threads / sizeof store_contract_threads[0];
