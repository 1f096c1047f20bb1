/* SPDX-License-Identifier: Apache-2.0 */
/* bench/store_bench.c -- what a compare-and-swap costs: in memory, in SQLite relaxed and durable, alone and shared.
 *
 * Usage: store_bench [directory [seconds per row]].  The directory should be on the disk in question. */
#include <stardeleg/store.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if STARDELEG_HAVE_SQLITE
#include <stardeleg/store_sqlite.h>
#endif

#define THREADS_MAX 16
#define VALUE_LEN 600 /* about an order */

typedef struct writer {
  pthread_t thread;
  const stardeleg_store *store;
  unsigned number;
  unsigned long done;
  unsigned long failed;
} writer;

static atomic_int is_over;

static double seconds(clockid_t clock)
{
  struct timespec now = {0};

  (void)clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each writer has a record of its own: no conflicts, as with orders of different clients. */
static void *write_on(void *arg)
{
  static const uint8_t value[VALUE_LEN] = {'{'};
  writer *w = arg;
  char key[32];
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT,
                           .kind = "order",
                           .key = key,
                           .value = {value, sizeof value},
                           .index = "account",
                           .due = STARDELEG_TIME_NEVER};

  (void)snprintf(key, sizeof key, "order-%u", w->number);
  while (!is_over) {
    if (w->store->ops->batch(w->store->self, &op, 1) == STARDELEG_OK) {
      w->done++;
    } else {
      w->failed++;
    }
    op.expected_version++;
  }
  return NULL;
}

static int measure(const char *name, const stardeleg_store *store, unsigned threads, long length_s)
{
  writer writers[THREADS_MAX] = {{0}};
  unsigned long done = 0;
  unsigned long failed = 0;
  double wall;
  double cpu;

  is_over = 0;
  wall = seconds(CLOCK_MONOTONIC);
  cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (unsigned i = 0; i < threads; i++) {
    writers[i] = (writer){.store = store, .number = i};
    if (pthread_create(&writers[i].thread, NULL, write_on, &writers[i]) != 0) {
      return 1;
    }
  }
  (void)nanosleep(&(struct timespec){.tv_sec = length_s}, NULL);
  is_over = 1;
  for (unsigned i = 0; i < threads; i++) {
    (void)pthread_join(writers[i].thread, NULL);
    done += writers[i].done;
    failed += writers[i].failed;
  }
  wall = seconds(CLOCK_MONOTONIC) - wall;
  cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  printf("%-16s %2u threads %10.0f CAS/s %8.1f us CPU each\n", name, threads, (double)done / wall,
         cpu * 1e6 / (double)(done > 0 ? done : 1));
  return failed > 0;
}

static int measure_memory(long length_s)
{
  static const unsigned threads[] = {1, 4, 16};
  int failed = 0;

  for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
    stardeleg_store *store = NULL;

    if (stardeleg_store_memory_new(&store) != STARDELEG_OK) {
      return 1;
    }
    failed += measure("memory", store, threads[i], length_s);
    stardeleg_store_free(store);
  }
  return failed;
}

#if STARDELEG_HAVE_SQLITE
static void remove_files(const char *path)
{
  static const char *const suffixes[] = {"", "-wal", "-shm"};
  char name[600];

  for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
    (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    (void)unlink(name);
  }
}

static int measure_sqlite(const char *directory, int relaxed, unsigned threads, long length_s)
{
  stardeleg_sqlite_options options;
  stardeleg_store *store = NULL;
  char path[512];
  char why[256] = "";
  int failed;

  stardeleg_sqlite_options_default(&options);
  options.relaxed = relaxed;
  (void)snprintf(path, sizeof path, "%s/store_bench.%ld.db", directory, (long)getpid());
  if (stardeleg_store_sqlite_open(&store, path, &options, why, sizeof why) != STARDELEG_OK) {
    (void)fprintf(stderr, "%s: %s\n", path, why);
    return 1;
  }
  failed = measure(relaxed ? "sqlite relaxed" : "sqlite durable", store, threads, length_s);
  stardeleg_store_free(store);
  remove_files(path);
  return failed;
}
#endif

int main(int argc, char **argv)
{
  const char *directory = argc > 1 ? argv[1] : ".";
  long length_s = argc > 2 ? (long)strtoul(argv[2], NULL, 10) : 2;
  int failed = measure_memory(length_s);

#if STARDELEG_HAVE_SQLITE
  static const unsigned threads[] = {1, 4, 16};

  for (int relaxed = 1; relaxed >= 0; relaxed--) {
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
      failed += measure_sqlite(directory, relaxed, threads[i], length_s);
    }
  }
#else
  (void)directory;
#endif
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
