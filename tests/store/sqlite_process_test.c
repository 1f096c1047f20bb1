/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite_process_test.c -- several processes on one file, processes that are killed, disks that are full. */
#include "support/test.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stardeleg/store_sqlite.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/store_contract.h"

#define PROCESSES 2
#define THREADS 4
#define ROUNDS 50
#define JOBS 200

static char path[512];

/* What a thread of a child works with.  In a child nothing is asserted: it answers by its exit status. */
typedef struct worker {
  stardeleg_store *store;
  unsigned number;
  int pipe;
  unsigned failed;
} worker;

static int fresh_path(void **state)
{
  (void)state;
  (void)snprintf(path, sizeof path, "%s/store.db", test_directory());
  return 0;
}

static stardeleg_store *open_store(void)
{
  stardeleg_store *store = NULL;
  char why[256] = "";

  if (stardeleg_store_sqlite_open(&store, path, NULL, why, sizeof why) != STARDELEG_OK) {
    (void)fprintf(stderr, "%s\n", why);
  }
  return store;
}

/* Runs |run| in THREADS threads of this process; the number of failures. */
static unsigned run_threads(void *(*run)(void *), int pipe)
{
  stardeleg_store *store = open_store();
  worker workers[THREADS];
  pthread_t threads[THREADS];
  unsigned failed = 0;

  if (store == NULL) {
    return 1;
  }
  for (unsigned i = 0; i < THREADS; i++) {
    workers[i] = (worker){.store = store, .number = i, .pipe = pipe};
    if (pthread_create(&threads[i], NULL, run, &workers[i]) != 0) {
      return 1;
    }
  }
  for (unsigned i = 0; i < THREADS; i++) {
    (void)pthread_join(threads[i], NULL);
    failed += workers[i].failed;
  }
  stardeleg_store_free(store);
  return failed;
}

static void run_processes(void *(*run)(void *), int pipe)
{
  pid_t children[PROCESSES];

  for (unsigned i = 0; i < PROCESSES; i++) {
    children[i] = fork();
    assert_true(children[i] >= 0);
    if (children[i] == 0) {
      _exit(run_threads(run, pipe) == 0 ? 0 : 1);
    }
  }
  for (unsigned i = 0; i < PROCESSES; i++) {
    int status = -1;

    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_int_equal(status, 0);
  }
}

static void *count_up(void *arg)
{
  worker *w = arg;

  for (unsigned done = 0; done < ROUNDS && w->failed == 0;) {
    stardeleg_record record;
    char text[32];
    stardeleg_err rv = w->store->ops->get(w->store->self, "counter", "n", &record);

    if (rv == STARDELEG_OK) {
      (void)snprintf(text, sizeof text, "%llu", strtoull((const char *)record.value, NULL, 10) + 1);
      rv = contract_run(w->store, contract_put("counter", "n", text, record.version));
    }
    stardeleg_record_clear(&record);
    done += rv == STARDELEG_OK;
    w->failed += rv != STARDELEG_OK && rv != STARDELEG_ERR_CONFLICT;
  }
  return NULL;
}

static void test_increments_of_processes_add_up(void **state)
{
  stardeleg_store *store = open_store();
  char text[32];

  (void)state;
  assert_non_null(store);
  assert_ok(contract_run(store, contract_put("counter", "n", "0", 0)));
  stardeleg_store_free(store);
  run_processes(count_up, -1);
  store = open_store();
  assert_non_null(store);
  (void)snprintf(text, sizeof text, "%d", PROCESSES * THREADS * ROUNDS);
  contract_assert_record(store, "counter", "n", text, PROCESSES * THREADS * ROUNDS + 1);
  stardeleg_store_free(store);
}

/* Both processes meet in an empty file and bring up its schema at once. */
static void *open_and_write(void *arg)
{
  worker *w = arg;
  char key[32];

  (void)snprintf(key, sizeof key, "%ld-%u", (long)getpid(), w->number);
  w->failed += contract_run(w->store, contract_put("order", key, "x", 0)) != STARDELEG_OK;
  return NULL;
}

static void test_processes_open_a_new_file_at_once(void **state)
{
  for (unsigned i = 0; i < 10; i++) {
    (void)fresh_path(state);
    run_processes(open_and_write, -1);
  }
}

static void *claim_all(void *arg)
{
  worker *w = arg;
  size_t count = 1;

  while (count > 0 && w->failed == 0) {
    stardeleg_record records[3];

    w->failed += w->store->ops->claim(w->store->self, "job", 100, "me", 1000, records, 3, &count) != STARDELEG_OK;
    for (size_t i = 0; i < count; i++) {
      uint8_t number = (uint8_t)strtoul(records[i].key, NULL, 10);

      w->failed += write(w->pipe, &number, 1) != 1;
      stardeleg_record_clear(&records[i]);
    }
  }
  return NULL;
}

static void test_no_job_is_claimed_twice(void **state)
{
  stardeleg_store *store = open_store();
  uint8_t got[JOBS + 1];
  unsigned times[JOBS] = {0};
  char key[32];
  int ends[2];
  ssize_t n;

  (void)state;
  assert_non_null(store);
  for (unsigned i = 0; i < JOBS; i++) {
    (void)snprintf(key, sizeof key, "%u", i);
    contract_create_due(store, "job", key, 50);
  }
  stardeleg_store_free(store);
  assert_int_equal(pipe(ends), 0);
  run_processes(claim_all, ends[1]);
  (void)close(ends[1]);
  n = read(ends[0], got, sizeof got); /* all of it: less than a pipe holds */
  (void)close(ends[0]);
  assert_int_equal(n, JOBS);
  for (unsigned i = 0; i < JOBS; i++) {
    times[got[i]]++;
  }
  for (unsigned i = 0; i < JOBS; i++) {
    assert_int_equal(times[i], 1);
  }
}

typedef struct receipt {
  uint32_t life;
  uint32_t thread;
  uint32_t number;
} receipt;

static uint32_t life;

static void name_pair(char *left, char *right, size_t size, receipt r)
{
  (void)snprintf(left, size, "%u-%u-%u-left", r.life, r.thread, r.number);
  (void)snprintf(right, size, "%u-%u-%u-right", r.life, r.thread, r.number);
}

/* Writes pairs for ever; tells the parent about each pair once the store has said that it is written. */
static void *write_pairs(void *arg)
{
  worker *w = arg;

  for (uint32_t i = 0; w->failed == 0; i++) {
    receipt r = {life, w->number, i};
    stardeleg_store_op ops[2];
    char left[64];
    char right[64];

    name_pair(left, right, sizeof left, r);
    ops[0] = contract_put("pair", left, "x", 0);
    ops[1] = contract_put("pair", right, "x", 0);
    w->failed += w->store->ops->batch(w->store->self, ops, 2) != STARDELEG_OK;
    w->failed += write(w->pipe, &r, sizeof r) != sizeof r;
  }
  return NULL;
}

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  ++*(size_t *)ctx;
  return 0;
}

/* Reads the receipts of a killed writer and looks for what they promise; how many there were. */
static size_t check_receipts(int from)
{
  stardeleg_store *store = open_store();
  size_t receipts = 0;
  receipt r;

  assert_non_null(store);
  while (read(from, &r, sizeof r) == (ssize_t)sizeof r) {
    char left[64];
    char right[64];

    name_pair(left, right, sizeof left, r);
    contract_assert_record(store, "pair", left, "x", 1);
    contract_assert_record(store, "pair", right, "x", 1);
    receipts++;
  }
  stardeleg_store_free(store);
  return receipts;
}

static void kill_writer_after(long ms, int ends[2])
{
  struct pollfd first = {.fd = ends[0], .events = POLLIN};
  struct timespec nap = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  int status = 0;
  pid_t child = fork();

  assert_true(child >= 0);
  if (child == 0) {
    (void)close(ends[0]);
    _exit((int)run_threads(write_pairs, ends[1]));
  }
  (void)close(ends[1]);
  assert_int_equal(poll(&first, 1, 60000), 1); /* not before it has begun */
  (void)nanosleep(&nap, NULL);
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status)); /* it had not failed before */
}

static void test_kill_loses_nothing_that_was_promised(void **state)
{
  size_t promised = 0;
  size_t records = 0;
  stardeleg_store *store;

  (void)state;
  for (life = 0; life < 6; life++) {
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    kill_writer_after(10 + 47 * (long)life, ends);
    promised += check_receipts(ends[0]);
    (void)close(ends[0]);
  }
  assert_true(promised > 0);
  store = open_store();
  assert_non_null(store);
  assert_ok(store->ops->scan(store->self, "pair", NULL, NULL, SIZE_MAX, count_one, &records));
  assert_int_equal(records % 2, 0); /* whole pairs only */
  assert_true(records >= 2 * promised && records <= 2 * (promised + 6 * THREADS));
  stardeleg_store_free(store);
}

static off_t size_of(const char *suffix)
{
  char name[600];
  struct stat info;

  (void)snprintf(name, sizeof name, "%s%s", path, suffix);
  return stat(name, &info) == 0 ? info.st_size : 0;
}

static void limit_files(rlim_t size)
{
  struct rlimit limit;

  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static unsigned lines;

static void count_line(void *ctx, stardeleg_log_level level, const char *event, const char *text)
{
  (void)ctx;
  (void)text;
  lines += level == STARDELEG_LOG_ERROR && strcmp(event, "store.sqlite.error") == 0;
}

/* No file may grow beyond a limit: to the store that is a full disk. */
static void test_full_disk(void **state)
{
  static char large[300000];
  stardeleg_sqlite_options options;
  stardeleg_store *store = NULL;
  stardeleg_store_op ops[2];
  void (*old)(int) = signal(SIGXFSZ, SIG_IGN);

  (void)state;
  memset(large, 'x', sizeof large - 1);
  stardeleg_sqlite_options_default(&options);
  options.log.write = count_line;
  assert_ok(stardeleg_store_sqlite_open(&store, path, &options, NULL, 0));
  assert_ok(contract_run(store, contract_put("order", "a", "old", 0)));
  limit_files((rlim_t)size_of("-wal") + 50000);
  ops[0] = contract_put("order", "a", "new", 1);
  ops[1] = contract_put("order", "b", large, 0);
  for (unsigned i = 0; i < 3; i++) {
    lines = 0;
    assert_err(STARDELEG_ERR_STORE, store->ops->batch(store->self, ops, 2));
    assert_true(lines > 0);
    contract_assert_record(store, "order", "a", "old", 1);
    contract_assert_missing(store, "order", "b");
  }
  assert_ok(contract_run(store, contract_put("order", "c", "small", 0))); /* what fits is written */
  limit_files(RLIM_INFINITY);
  assert_ok(store->ops->batch(store->self, ops, 2));
  contract_assert_record(store, "order", "a", "new", 2);
  contract_assert_record(store, "order", "b", large, 1);
  stardeleg_store_free(store);
  (void)signal(SIGXFSZ, old);
}

typedef struct mixed {
  const stardeleg_store *store;
  unsigned number;
  const char *large;
  unsigned failed;
} mixed;

/* Large and small writers share commits; the large ones do not fit, the small ones must not suffer for it. */
static void *write_mixed(void *arg)
{
  mixed *m = arg;

  for (unsigned i = 0; i < 20; i++) {
    char key[32];
    stardeleg_err rv;

    (void)snprintf(key, sizeof key, "%u-%u", m->number, i);
    rv = contract_run(m->store, contract_put("order", key, m->number % 2 == 0 ? "small" : m->large, 0));
    m->failed += rv != (m->number % 2 == 0 ? STARDELEG_OK : STARDELEG_ERR_STORE);
  }
  return NULL;
}

static void test_full_disk_for_some(void **state)
{
  static char large[900000];
  stardeleg_store *store = open_store();
  mixed workers[THREADS];
  pthread_t threads[THREADS];
  size_t records = 0;
  void (*old)(int) = signal(SIGXFSZ, SIG_IGN);

  (void)state;
  assert_non_null(store);
  memset(large, 'x', sizeof large - 1);
  assert_ok(contract_run(store, contract_put("other", "a", "old", 0)));
  limit_files((rlim_t)size_of("-wal") + 800000);
  for (unsigned i = 0; i < THREADS; i++) {
    workers[i] = (mixed){.store = store, .number = i, .large = large};
    assert_int_equal(pthread_create(&threads[i], NULL, write_mixed, &workers[i]), 0);
  }
  for (unsigned i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(workers[i].failed, 0);
  }
  limit_files(RLIM_INFINITY);
  assert_ok(store->ops->scan(store->self, "order", NULL, NULL, SIZE_MAX, count_one, &records));
  assert_int_equal(records, THREADS / 2 * 20);
  stardeleg_store_free(store);
  (void)signal(SIGXFSZ, old);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_increments_of_processes_add_up, fresh_path),
      cmocka_unit_test_setup(test_processes_open_a_new_file_at_once, fresh_path),
      cmocka_unit_test_setup(test_no_job_is_claimed_twice, fresh_path),
      cmocka_unit_test_setup(test_kill_loses_nothing_that_was_promised, fresh_path),
      cmocka_unit_test_setup(test_full_disk, fresh_path),
      cmocka_unit_test_setup(test_full_disk_for_some, fresh_path),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
