/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite_file_test.c -- what can be wrong with the file of a SQLite store, and with its opening. */
#include "support/test.h"

#include <sqlite3.h>
#include <stardeleg/store_sqlite.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/store_contract.h"

static char path[512];
static char why[256];
static char logged[512];

static void keep_line(void *ctx, stardeleg_log_level level, const char *event, const char *text)
{
  (void)ctx;
  (void)level;
  (void)snprintf(logged, sizeof logged, "%s %s", event, text);
}

static int fresh_path(void **state)
{
  (void)state;
  (void)snprintf(path, sizeof path, "%s/store.db", test_directory());
  why[0] = '\0';
  logged[0] = '\0';
  return 0;
}

static stardeleg_store *open_ok(const stardeleg_sqlite_options *options)
{
  stardeleg_store *store = NULL;

  assert_ok(stardeleg_store_sqlite_open(&store, path, options, why, sizeof why));
  assert_non_null(store);
  return store;
}

static void assert_refused(stardeleg_err expected, const char *phrase)
{
  stardeleg_store *store = (stardeleg_store *)1;

  why[0] = '\0';
  assert_err(expected, stardeleg_store_sqlite_open(&store, path, NULL, why, sizeof why));
  assert_null(store);
  if (strstr(why, phrase) == NULL) {
    fail_msg("\"%s\" does not say \"%s\"", why, phrase);
  }
}

static void run_sql(const char *sql)
{
  sqlite3 *db = NULL;

  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
    fail_msg("%s: %s", sql, sqlite3_errmsg(db));
  }
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void write_file(const void *base, size_t len)
{
  FILE *file = fopen(path, "wb");

  assert_non_null(file);
  assert_int_equal(fwrite(base, 1, len, file), len);
  assert_int_equal(fclose(file), 0);
}

static void test_records_outlive_the_store(void **state)
{
  stardeleg_store *store = open_ok(NULL);
  uint64_t fence;

  (void)state;
  assert_string_equal(store->ops->name, "sqlite");
  assert_ok(contract_run(store, contract_put("order", "a", "kept", 0)));
  contract_create_due(store, "job", "j", 5);
  fence = contract_claim_one(store, "job", 10, 100, NULL);
  stardeleg_store_free(store);
  store = open_ok(NULL);
  contract_assert_record(store, "order", "a", "kept", 1);
  assert_int_equal(contract_claim_one(store, "job", 20, 100, NULL), 0); /* leases outlive the process too */
  assert_true(contract_claim_one(store, "job", 110, 100, NULL) > fence);
  stardeleg_store_free(store);
}

static void assert_private(const char *suffix)
{
  char name[600];
  struct stat info;

  (void)snprintf(name, sizeof name, "%s%s", path, suffix);
  assert_int_equal(stat(name, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_files_are_private(void **state)
{
  mode_t old = umask(0);
  stardeleg_store *store = open_ok(NULL);

  (void)state;
  assert_ok(contract_run(store, contract_put("order", "a", "x", 0)));
  contract_assert_record(store, "order", "a", "x", 1);
  assert_private("");
  assert_private("-wal");
  assert_private("-shm");
  stardeleg_store_free(store);
  (void)umask(old);
}

static void test_bad_arguments(void **state)
{
  stardeleg_sqlite_options options;
  stardeleg_store *store = NULL;

  (void)state;
  stardeleg_sqlite_options_default(NULL);
  stardeleg_sqlite_options_default(&options);
  assert_int_equal(options.size, sizeof options);
  assert_int_equal(options.relaxed, 0);
  assert_int_equal(options.busy_timeout_ms, 10000);
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_store_sqlite_open(NULL, path, &options, NULL, 0));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_store_sqlite_open(&store, NULL, &options, why, sizeof why));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_store_sqlite_open(&store, "", &options, why, 1));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_store_sqlite_open(&store, ":memory:", &options, why, sizeof why));
  options.busy_timeout_ms = -1;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_store_sqlite_open(&store, path, &options, why, sizeof why));
  stardeleg_sqlite_options_default(&options);
  options.size = 0;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_store_sqlite_open(&store, path, &options, why, sizeof why));
  assert_int_equal(access(path, F_OK), -1);
}

/* A program compiled before |log| was added: its struct ends where that begins. */
static void test_old_options_fit(void **state)
{
  size_t size = offsetof(stardeleg_sqlite_options, log);
  stardeleg_sqlite_options *old = malloc(size);
  stardeleg_sqlite_options options;

  (void)state;
  assert_non_null(old);
  stardeleg_sqlite_options_default(&options);
  options.size = size;
  memcpy(old, &options, size);
  stardeleg_store_free(open_ok(old));
  free(old);
}

static void test_bad_places(void **state)
{
  (void)state;
  (void)snprintf(path, sizeof path, "%s/missing/store.db", test_directory());
  assert_refused(STARDELEG_ERR_STORE, "cannot create the file");
  (void)snprintf(path, sizeof path, "%s", test_directory());
  assert_refused(STARDELEG_ERR_STORE, "cannot open");
  (void)snprintf(path, sizeof path, "%s/dangling", test_directory());
  assert_int_equal(symlink("nowhere", path), 0);
  assert_refused(STARDELEG_ERR_STORE, "cannot open");
}

static void test_special_names_are_files(void **state)
{
  stardeleg_store *store = NULL;
  char here[512];

  (void)state;
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(test_directory()), 0);
  assert_ok(stardeleg_store_sqlite_open(&store, "file:x?mode=memory", NULL, why, sizeof why));
  assert_int_equal(access("file:x?mode=memory", F_OK), 0);
  assert_int_equal(chdir(here), 0); /* readers are opened later, and still find the file */
  contract_assert_missing(store, "order", "a");
  stardeleg_store_free(store);
}

static void test_newer_schema_is_refused(void **state)
{
  (void)state;
  stardeleg_store_free(open_ok(NULL));
  run_sql("PRAGMA user_version = 99");
  assert_refused(STARDELEG_ERR_UNSUPPORTED, "newer version");
  run_sql("PRAGMA user_version = -1");
  assert_refused(STARDELEG_ERR_UNSUPPORTED, "newer version");
}

static void test_foreign_files_are_refused(void **state)
{
  (void)state;
  run_sql("CREATE TABLE bookmarks (url TEXT)");
  assert_refused(STARDELEG_ERR_STORE, "another program");
  (void)fresh_path(NULL);
  run_sql("PRAGMA user_version = 1");
  assert_refused(STARDELEG_ERR_STORE, "another program");
  (void)fresh_path(NULL);
  run_sql("PRAGMA application_id = 77");
  assert_refused(STARDELEG_ERR_STORE, "another program");
  /* Ours by its mark, but not by its tables. */
  (void)fresh_path(NULL);
  stardeleg_store_free(open_ok(NULL));
  run_sql("ALTER TABLE rec RENAME COLUMN fence TO gate");
  assert_refused(STARDELEG_ERR_STORE, "cannot use the file");
}

static void test_garbage_is_refused(void **state)
{
  uint8_t noise[8192];

  (void)state;
  for (size_t i = 0; i < sizeof noise; i++) {
    noise[i] = (uint8_t)(i * 2654435761u >> 13);
  }
  for (size_t len = 1; len <= sizeof noise; len = len * 2 + 100) {
    (void)fresh_path(NULL);
    write_file(noise, len);
    assert_refused(STARDELEG_ERR_STORE, "not a database");
  }
}

static size_t file_size(void)
{
  struct stat info;

  assert_int_equal(stat(path, &info), 0);
  return (size_t)info.st_size;
}

/* Cut anywhere, the file is refused, or its records fail to be read: nothing is made up. */
static void test_truncated_file_is_refused(void **state)
{
  stardeleg_store *store = open_ok(NULL);
  size_t size;

  (void)state;
  for (unsigned i = 0; i < 40; i++) {
    char key[16];

    (void)snprintf(key, sizeof key, "%u", i);
    assert_ok(contract_run(store, contract_put("order", key, "some text that fills the pages of the file", 0)));
  }
  stardeleg_store_free(store);
  size = file_size();
  assert_true(size > 4096);
  for (size_t len = size - 1; len > 0; len = len > 1500 ? len - 1500 : 0) {
    assert_int_equal(truncate(path, (off_t)len), 0);
    store = NULL;
    assert_err(STARDELEG_ERR_STORE, stardeleg_store_sqlite_open(&store, path, NULL, why, sizeof why));
    assert_null(store);
    assert_true(why[0] != '\0');
  }
}

/* Damage inside the file is met when it is read; the store answers STORE and says why in the log. */
static void test_damage_inside_is_met(void **state)
{
  stardeleg_sqlite_options options;
  stardeleg_store *store = open_ok(NULL);
  stardeleg_record record;
  FILE *file;
  uint8_t zeros[4096] = {0};
  size_t size;

  (void)state;
  stardeleg_sqlite_options_default(&options);
  options.log.write = keep_line;
  assert_ok(contract_run(store, contract_put("order", "a", "x", 0)));
  stardeleg_store_free(store);
  size = file_size();
  file = fopen(path, "r+b");
  assert_non_null(file);
  for (size_t at = 4096; at < size; at += sizeof zeros) { /* all pages but the schema's */
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    assert_int_equal(fwrite(zeros, 1, sizeof zeros, file), sizeof zeros);
  }
  assert_int_equal(fclose(file), 0);
  store = open_ok(&options);
  assert_err(STARDELEG_ERR_STORE, store->ops->get(store->self, "order", "a", &record));
  assert_non_null(strstr(logged, "store.sqlite.error cannot read: database disk image is malformed"));
  logged[0] = '\0';
  assert_err(STARDELEG_ERR_STORE, contract_run(store, contract_put("order", "b", "x", 0)));
  assert_non_null(strstr(logged, "store.sqlite.error cannot write"));
  stardeleg_store_free(store);
}

static void test_busy_ends(void **state)
{
  stardeleg_sqlite_options options;
  stardeleg_store *store;
  sqlite3 *other = NULL;

  (void)state;
  stardeleg_sqlite_options_default(&options);
  options.busy_timeout_ms = 30;
  options.log.write = keep_line;
  store = open_ok(&options);
  assert_ok(contract_run(store, contract_put("order", "a", "old", 0)));
  assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
  assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  assert_err(STARDELEG_ERR_STORE, contract_run(store, contract_put("order", "a", "new", 1)));
  assert_non_null(strstr(logged, "store.sqlite.error cannot begin to write: database is locked"));
  contract_assert_record(store, "order", "a", "old", 1); /* reading goes on */
  assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
  assert_ok(contract_run(store, contract_put("order", "a", "new", 1)));
  assert_int_equal(sqlite3_close(other), SQLITE_OK);
  stardeleg_store_free(store);
}

/* Across fork() SQLite loses its locks: the child is told, before it does harm. */
static void test_child_is_turned_away(void **state)
{
  stardeleg_store *store = open_ok(NULL);
  stardeleg_record record;
  int status = -1;
  pid_t child;

  (void)state;
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    _exit(contract_run(store, contract_put("order", "a", "x", 0)) == STARDELEG_ERR_STORE &&
                  store->ops->get(store->self, "order", "a", &record) == STARDELEG_ERR_STORE
              ? 0
              : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_ok(contract_run(store, contract_put("order", "a", "x", 0)));
  stardeleg_store_free(store);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_records_outlive_the_store, fresh_path),
      cmocka_unit_test_setup(test_files_are_private, fresh_path),
      cmocka_unit_test_setup(test_bad_arguments, fresh_path),
      cmocka_unit_test_setup(test_old_options_fit, fresh_path),
      cmocka_unit_test_setup(test_bad_places, fresh_path),
      cmocka_unit_test_setup(test_special_names_are_files, fresh_path),
      cmocka_unit_test_setup(test_newer_schema_is_refused, fresh_path),
      cmocka_unit_test_setup(test_foreign_files_are_refused, fresh_path),
      cmocka_unit_test_setup(test_garbage_is_refused, fresh_path),
      cmocka_unit_test_setup(test_truncated_file_is_refused, fresh_path),
      cmocka_unit_test_setup(test_damage_inside_is_met, fresh_path),
      cmocka_unit_test_setup(test_busy_ends, fresh_path),
      cmocka_unit_test_setup(test_child_is_turned_away, fresh_path),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
