/* SPDX-License-Identifier: Apache-2.0 */
/* support/secrets_contract.c -- what every secret store must do. */
#include "support/store_contract.h"

#include <pthread.h>

#define NAME_MAX_LEN 200
#define THREADS 8

static secrets_contract_open open_secrets;

static int set_up(void **state)
{
  *state = open_secrets();
  return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
  stardeleg_secrets_free(*state);
  return 0;
}

static stardeleg_err put(const stardeleg_secrets *secrets, const char *name, const char *value)
{
  return secrets->ops->put(secrets->self, name, (stardeleg_bytes){(const uint8_t *)value, strlen(value)});
}

static void assert_secret(const stardeleg_secrets *secrets, const char *name, const void *value, size_t value_len)
{
  uint8_t *out = NULL;
  size_t len = 0;

  assert_ok(secrets->ops->get(secrets->self, name, &out, &len));
  assert_int_equal(len, value_len);
  assert_memory_equal(out, value, len);
  assert_int_equal(out[len], 0);
  stardeleg_secret_free(out, len);
}

static void assert_no_secret(const stardeleg_secrets *secrets, const char *name)
{
  uint8_t *out = (uint8_t *)1;
  size_t len = 1;

  assert_err(STARDELEG_ERR_NOT_FOUND, secrets->ops->get(secrets->self, name, &out, &len));
  assert_null(out);
  assert_int_equal(len, 0);
}

static void test_put_get_del(void **state)
{
  const stardeleg_secrets *secrets = *state;
  static const uint8_t bytes[] = {0, 1, 0xff, 0, '\n', 0};

  assert_no_secret(secrets, "key");
  assert_err(STARDELEG_ERR_NOT_FOUND, secrets->ops->del(secrets->self, "key"));
  assert_ok(secrets->ops->put(secrets->self, "key", (stardeleg_bytes){bytes, sizeof bytes}));
  assert_secret(secrets, "key", bytes, sizeof bytes);
  assert_no_secret(secrets, "key2");
  assert_no_secret(secrets, "Key");
  assert_ok(secrets->ops->del(secrets->self, "key"));
  assert_no_secret(secrets, "key");
  assert_err(STARDELEG_ERR_NOT_FOUND, secrets->ops->del(secrets->self, "key"));
  assert_ok(put(secrets, "key", "again"));
  assert_secret(secrets, "key", "again", 5);
}

/* A key that is in use must never be replaced by accident: its certificates would be lost with it. */
static void test_put_never_replaces(void **state)
{
  const stardeleg_secrets *secrets = *state;

  assert_ok(put(secrets, "key", "first"));
  assert_err(STARDELEG_ERR_EXISTS, put(secrets, "key", "second"));
  assert_err(STARDELEG_ERR_EXISTS, put(secrets, "key", "first"));
  assert_secret(secrets, "key", "first", 5);
}

static void test_bad_names_are_refused(void **state)
{
  const stardeleg_secrets *secrets = *state;
  static const char *const bad[] = {NULL,  "",    ".",    "..",  ".hidden", "a/b",      "/etc/passwd", "../up",
                                    "a b", "a\n", "a\\b", "a:b", "a%2f",    "\xc3\xa9", "a*",          "~"};
  char too_long[NAME_MAX_LEN + 2];
  uint8_t *out = NULL;
  size_t len = 0;

  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, put(secrets, bad[i], "x"));
    assert_err(STARDELEG_ERR_ARGUMENT, secrets->ops->get(secrets->self, bad[i], &out, &len));
    assert_err(STARDELEG_ERR_ARGUMENT, secrets->ops->del(secrets->self, bad[i]));
  }
  memset(too_long, 'n', sizeof too_long);
  too_long[NAME_MAX_LEN + 1] = '\0';
  assert_err(STARDELEG_ERR_ARGUMENT, put(secrets, too_long, "x"));
  too_long[NAME_MAX_LEN] = '\0';
  assert_ok(put(secrets, too_long, "x"));
  assert_secret(secrets, too_long, "x", 1);
  assert_ok(put(secrets, "A-Z_a.z-09..", "y"));
  assert_secret(secrets, "A-Z_a.z-09..", "y", 1);
}

static void test_bad_values_are_refused(void **state)
{
  const stardeleg_secrets *secrets = *state;
  size_t most = 1024u * 1024u;
  uint8_t *large = calloc(1, most + 1);
  uint8_t *out = NULL;
  size_t len = 0;

  assert_non_null(large);
  assert_err(STARDELEG_ERR_ARGUMENT, put(secrets, "key", ""));
  assert_err(STARDELEG_ERR_ARGUMENT, secrets->ops->put(secrets->self, "key", (stardeleg_bytes){NULL, 0}));
  assert_err(STARDELEG_ERR_ARGUMENT, secrets->ops->put(secrets->self, "key", (stardeleg_bytes){NULL, 5}));
  assert_err(STARDELEG_ERR_ARGUMENT, secrets->ops->put(secrets->self, "key", (stardeleg_bytes){large, most + 1}));
  assert_err(STARDELEG_ERR_ARGUMENT, secrets->ops->get(secrets->self, "key", NULL, &len));
  assert_err(STARDELEG_ERR_ARGUMENT, secrets->ops->get(secrets->self, "key", &out, NULL));
  assert_no_secret(secrets, "key");
  assert_ok(secrets->ops->put(secrets->self, "key", (stardeleg_bytes){large, most}));
  assert_secret(secrets, "key", large, most);
  free(large);
}

static void test_many(void **state)
{
  const stardeleg_secrets *secrets = *state;
  char name[32];

  for (unsigned i = 0; i < 100; i++) {
    (void)snprintf(name, sizeof name, "key-%u", i * 37 % 100);
    assert_ok(put(secrets, name, name));
  }
  for (unsigned i = 0; i < 100; i += 2) {
    (void)snprintf(name, sizeof name, "key-%u", i);
    assert_ok(secrets->ops->del(secrets->self, name));
  }
  for (unsigned i = 0; i < 100; i++) {
    (void)snprintf(name, sizeof name, "key-%u", i);
    if (i % 2 == 0) {
      assert_no_secret(secrets, name);
    } else {
      assert_secret(secrets, name, name, strlen(name));
    }
  }
}

typedef struct racer {
  const stardeleg_secrets *secrets;
  unsigned won;
  unsigned failed;
} racer;

static void *race(void *arg)
{
  racer *r = arg;
  char name[32];

  for (unsigned i = 0; i < 40; i++) {
    stardeleg_err rv;

    (void)snprintf(name, sizeof name, "key-%u", i);
    rv = put(r->secrets, name, "secret");
    r->won += rv == STARDELEG_OK;
    r->failed += rv != STARDELEG_OK && rv != STARDELEG_ERR_EXISTS;
  }
  return NULL;
}

static void test_one_writer_wins(void **state)
{
  racer racers[THREADS];
  pthread_t threads[THREADS];
  unsigned won = 0;

  for (unsigned i = 0; i < THREADS; i++) {
    racers[i] = (racer){.secrets = *state};
    assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
  }
  for (unsigned i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(racers[i].failed, 0);
    won += racers[i].won;
  }
  assert_int_equal(won, 40);
}

int secrets_contract_run(const char *name, secrets_contract_open open)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      CASE(test_put_get_del),
      CASE(test_put_never_replaces),
      CASE(test_bad_names_are_refused),
      CASE(test_bad_values_are_refused),
      CASE(test_many),
      CASE(test_one_writer_wins),
  };
#undef CASE

  open_secrets = open;
  return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
