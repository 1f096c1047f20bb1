/* SPDX-License-Identifier: Apache-2.0 */
/* store/secrets_files_test.c -- secrets as files: the contract, and what can be wrong with files. */
#include "support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stardeleg/secrets_files.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/store_contract.h"

static char directory[512];

static stardeleg_secrets *open_fresh(void)
{
  stardeleg_secrets *secrets = NULL;

  (void)snprintf(directory, sizeof directory, "%s/secrets", test_directory());
  return stardeleg_secrets_files_new(&secrets, directory) == STARDELEG_OK ? secrets : NULL;
}

static int set_up(void **state)
{
  *state = open_fresh();
  return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
  stardeleg_secrets_free(*state);
  return 0;
}

static const char *path_of(const char *name)
{
  static char path[800];

  (void)snprintf(path, sizeof path, "%s/%s", directory, name);
  return path;
}

static stardeleg_err put(const stardeleg_secrets *secrets, const char *name, const char *value)
{
  return secrets->ops->put(secrets->self, name, (stardeleg_bytes){(const uint8_t *)value, strlen(value)});
}

static void assert_get(stardeleg_err expected, const stardeleg_secrets *secrets, const char *name)
{
  uint8_t *out = NULL;
  size_t len = 0;
  stardeleg_err rv = secrets->ops->get(secrets->self, name, &out, &len);

  stardeleg_secret_free(out, len);
  assert_int_equal(rv, expected);
}

static void write_file(const char *name, size_t len, mode_t mode)
{
  int fd = open(path_of(name), O_WRONLY | O_CREAT | O_EXCL, 0600);

  assert_true(fd >= 0);
  for (size_t i = 0; i < len; i++) {
    assert_int_equal(write(fd, "x", 1), 1);
  }
  assert_int_equal(fchmod(fd, mode), 0);
  assert_int_equal(close(fd), 0);
}

static size_t count_entries(void)
{
  DIR *entries = opendir(directory);
  size_t count = 0;
  const struct dirent *entry;

  assert_non_null(entries);
  while ((entry = readdir(entries)) != NULL) {
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  }
  (void)closedir(entries);
  return count;
}

static void test_modes(void **state)
{
  static const mode_t masks[] = {0, 022, 0177, 0777};
  struct stat info;
  mode_t old = umask(0);

  (void)state;
  for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
    char name[16];

    (void)umask(masks[i]);
    (void)snprintf(name, sizeof name, "key%zu", i);
    assert_ok(put(*state, name, "secret"));
    assert_int_equal(stat(path_of(name), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_get(STARDELEG_OK, *state, name);
  }
  (void)umask(old);
  assert_int_equal(stat(directory, &info), 0);
  assert_int_equal(info.st_mode & 07777, 0700);
  assert_int_equal(count_entries(), 4); /* nothing left aside */
}

/* Bug class: a private key that the whole machine can read. */
static void test_open_files_are_refused(void **state)
{
  static const mode_t modes[] = {0640, 0604, 0620, 0601, 0660, 0644, 0777};

  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    char name[16];

    (void)snprintf(name, sizeof name, "key%zu", i);
    write_file(name, 5, modes[i]);
    assert_get(STARDELEG_ERR_SECRETS, *state, name);
    assert_int_equal(chmod(path_of(name), 0600), 0);
    assert_get(STARDELEG_OK, *state, name);
    assert_int_equal(chmod(path_of(name), 0400), 0);
    assert_get(STARDELEG_OK, *state, name);
  }
}

static void test_odd_files_are_refused(void **state)
{
  write_file("real", 5, 0600);
  assert_int_equal(symlink("real", path_of("link")), 0);
  assert_get(STARDELEG_ERR_SECRETS, *state, "link");
  assert_int_equal(mkdir(path_of("folder"), 0700), 0);
  assert_get(STARDELEG_ERR_SECRETS, *state, "folder");
  assert_err(STARDELEG_ERR_SECRETS,
             ((stardeleg_secrets *)*state)->ops->del(((stardeleg_secrets *)*state)->self, "folder"));
  assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
  assert_get(STARDELEG_ERR_SECRETS, *state, "fifo"); /* and does not wait for a writer */
  write_file("empty", 0, 0600);
  assert_get(STARDELEG_ERR_SECRETS, *state, "empty");
  write_file("huge", 0, 0600);
  assert_int_equal(truncate(path_of("huge"), 1024 * 1024 + 1), 0);
  assert_get(STARDELEG_ERR_SECRETS, *state, "huge");
  assert_int_equal(truncate(path_of("huge"), 1024 * 1024), 0);
  assert_get(STARDELEG_OK, *state, "huge");
  /* What stands in a secret's place is never written through or replaced. */
  assert_err(STARDELEG_ERR_EXISTS, put(*state, "link", "new"));
  assert_err(STARDELEG_ERR_EXISTS, put(*state, "folder", "new"));
  assert_get(STARDELEG_OK, *state, "real");
}

static void test_foreign_files_are_refused(void **state)
{
  if (geteuid() != 0) {
    skip();
  }
  write_file("key", 5, 0600);
  assert_int_equal(chown(path_of("key"), 1, 0), 0);
  assert_get(STARDELEG_ERR_SECRETS, *state, "key");
}

static void assert_directory(stardeleg_err expected)
{
  stardeleg_secrets *secrets = (stardeleg_secrets *)1;
  stardeleg_err rv = stardeleg_secrets_files_new(&secrets, directory);

  if (rv == STARDELEG_OK) {
    stardeleg_secrets_free(secrets);
  } else {
    assert_null(secrets);
  }
  assert_int_equal(rv, expected);
}

static void test_bad_directories_are_refused(void **state)
{
  stardeleg_secrets *secrets = NULL;

  (void)state;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_secrets_files_new(NULL, directory));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_secrets_files_new(&secrets, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_secrets_files_new(&secrets, ""));
  (void)snprintf(directory, sizeof directory, "%s/missing/secrets", test_directory());
  assert_directory(STARDELEG_ERR_SECRETS);
  (void)snprintf(directory, sizeof directory, "%s/file", test_directory());
  assert_int_equal(close(open(directory, O_WRONLY | O_CREAT, 0600)), 0);
  assert_directory(STARDELEG_ERR_SECRETS);
  (void)snprintf(directory, sizeof directory, "%s/open", test_directory());
  assert_int_equal(mkdir(directory, 0700), 0);
  assert_directory(STARDELEG_OK);
  assert_int_equal(chmod(directory, 0750), 0);
  assert_directory(STARDELEG_ERR_SECRETS);
  assert_int_equal(chmod(directory, 0701), 0);
  assert_directory(STARDELEG_ERR_SECRETS);
  assert_int_equal(chmod(directory, 0700), 0);
  if (geteuid() == 0) {
    assert_int_equal(chown(directory, 1, 1), 0);
    assert_directory(STARDELEG_ERR_SECRETS);
  }
}

static void test_leftovers_are_cleaned(void **state)
{
  char key[800];
  int busy;

  (void)state;
  write_file(".new-12345-0", 5, 0600);
  write_file(".new-12345-1", 0, 0600);
  write_file(".other", 5, 0600);
  write_file("key", 5, 0600);
  (void)snprintf(key, sizeof key, "%s", path_of("key"));
  assert_int_equal(link(key, path_of(".new-9-9")), 0); /* cut off between link and unlink */
  write_file(".new-777-0", 5, 0600);
  busy = open(path_of(".new-777-0"), O_WRONLY);
  assert_int_equal(flock(busy, LOCK_EX), 0); /* somebody is still writing */
  assert_directory(STARDELEG_OK);
  assert_int_equal(count_entries(), 3);
  assert_int_equal(close(busy), 0);
  assert_directory(STARDELEG_OK);
  assert_int_equal(count_entries(), 2);
  assert_get(STARDELEG_OK, *state, "key");
}

/* The name of a file aside may be taken, by a process of the same number before a crash. */
static void test_names_aside_are_skipped(void **state)
{
  char name[64];

  for (unsigned i = 0; i < 5; i++) {
    (void)snprintf(name, sizeof name, ".new-%ld-%u", (long)getpid(), i);
    write_file(name, 3, 0600);
  }
  assert_ok(put(*state, "key", "secret"));
  assert_int_equal(count_entries(), 6);
}

static void test_full_disk(void **state)
{
  static char large[100000];
  struct rlimit limit;
  rlim_t before;
  void (*old)(int) = signal(SIGXFSZ, SIG_IGN);

  memset(large, 'x', sizeof large - 1);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  before = limit.rlim_cur;
  limit.rlim_cur = 50000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  assert_err(STARDELEG_ERR_SECRETS, put(*state, "key", large));
  limit.rlim_cur = before;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  (void)signal(SIGXFSZ, old);
  assert_get(STARDELEG_ERR_NOT_FOUND, *state, "key");
  assert_int_equal(count_entries(), 0);
  assert_ok(put(*state, "key", large));
}

/* Writes |count| secrets; an exit status. */
static int put_many(const stardeleg_secrets *secrets, const char *prefix, const char *value, unsigned count)
{
  for (unsigned i = 0; i < count; i++) {
    char name[64];

    (void)snprintf(name, sizeof name, "%s-%u", prefix, i);
    if (put(secrets, name, value) != STARDELEG_OK) {
      return 1;
    }
  }
  return 0;
}

/* Writers that are killed leave whole secrets or none, and nothing that a later start does not clean. */
static void test_kill_leaves_no_half_secret(void **state)
{
  static char value[20000];

  memset(value, 'v', sizeof value - 1);
  for (unsigned life = 0; life < 5; life++) {
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
      char prefix[32];

      (void)snprintf(prefix, sizeof prefix, "key-%u", life);
      _exit(put_many(*state, prefix, value, UINT_MAX));
    }
    (void)nanosleep(&(struct timespec){.tv_nsec = 20000000 + 3777000 * (long)life}, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
  }
  assert_directory(STARDELEG_OK);
  for (unsigned life = 0; life < 5; life++) {
    for (unsigned i = 0; i < 100000; i++) {
      char name[64];
      struct stat info;

      (void)snprintf(name, sizeof name, "key-%u-%u", life, i);
      if (stat(path_of(name), &info) != 0) {
        break;
      }
      assert_int_equal(info.st_size, sizeof value - 1);
      assert_get(STARDELEG_OK, *state, name);
      assert_int_equal(unlink(path_of(name)), 0);
    }
  }
  assert_int_equal(count_entries(), 0);
}

/* One process puts while another opens, and so cleans, again and again. */
static void test_cleaning_beside_a_writer(void **state)
{
  pid_t child = fork();
  int status = -1;

  assert_true(child >= 0);
  if (child == 0) {
    _exit(put_many(*state, "key", "secret", 300));
  }
  while (waitpid(child, &status, WNOHANG) == 0) {
    assert_directory(STARDELEG_OK);
  }
  assert_int_equal(status, 0);
  assert_int_equal(count_entries(), 300);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      CASE(test_modes),
      CASE(test_open_files_are_refused),
      CASE(test_odd_files_are_refused),
      CASE(test_foreign_files_are_refused),
      CASE(test_bad_directories_are_refused),
      CASE(test_leftovers_are_cleaned),
      CASE(test_names_aside_are_skipped),
      CASE(test_full_disk),
      CASE(test_kill_leaves_no_half_secret),
      CASE(test_cleaning_beside_a_writer),
  };
#undef CASE
  int failed = secrets_contract_run("secrets in files", open_fresh);

  return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
