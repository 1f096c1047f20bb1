/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_crash_test.c -- killed, cut off, with records spoiled: it always comes to the same end. */
#include "support/ndc_story.h"

#include "base/bytes.h"
#include "store/store.h"

static void begin(void)
{
  world_init(&world);
  world.options.discovery_interval_s = 86400; /* fewer signatures */
}

static int setup(void **state)
{
  (void)state;
  begin();
  return 0;
}

/* Killed once, at each exchange of the way from nothing to the second certificate, before or behind the answer. */
static void test_killed_at_each_exchange(void **state)
{
  (void)state;
  for (size_t at = 1; at <= 16; at++) {
    for (int before = 0; before <= 1; before++) {
      world_clear(&world);
      begin();
      world.kill_at = at;
      world.kill_before = before != 0;
      world_start(&world);
      world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY);
      assert_int_equal(world.kills, 1);
      assert_string_equal(world_state(&world, 0), "active");
      assert_true(world_last(&world, STARDELEG_NDC_CERTIFICATE)->not_before >= WORLD_EPOCH + 2 * WORLD_DAY);
      assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 0);
      /* Only an answer to newOrder that got lost cannot be had again. */
      assert_true(world.order_count == 1 || (before == 1 && world.order_count == 2));
    }
  }
}

/* Killed over and over: lives long enough for a few exchanges get there all the same. */
static void test_killed_over_and_over(void **state)
{
  (void)state;
  for (size_t every = 6; every <= 11; every++) {
    for (int before = 0; before <= 1; before++) {
      world_clear(&world);
      begin();
      world.kill_every = every;
      world.kill_before = before != 0;
      world_start(&world);
      world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY);
      assert_true(world.kills > 0);
      assert_string_equal(world_state(&world, 0), "active");
      assert_true(world_last(&world, STARDELEG_NDC_CERTIFICATE)->not_before >= WORLD_EPOCH + 2 * WORLD_DAY);
      assert_true(world.order_count <= 3);
    }
  }
}

/* Every n-th answer gets lost, the request having been obeyed. */
static void lose_some(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  (void)url;
  if (w->exchanges % (size_t)w->mode == (size_t)w->mode - 1) {
    reply->status = 0;
  }
}

static void test_lost_answers(void **state)
{
  (void)state;
  for (int n = 3; n <= 9; n++) { /* with 2, every signed answer would be lost: nonces take the others */
    world_clear(&world);
    begin();
    world.bend = lose_some;
    world.mode = n;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 40 * WORLD_DAY);
    assert_string_equal(world_state(&world, 0), "active");
    assert_true(world_last(&world, STARDELEG_NDC_CERTIFICATE)->not_after > world.now);
    assert_true(world.order_count <= 6);
    assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 0);
  }
}

/* --- Records --- */

typedef struct spoiled_record {
  char key[256];
  char *value;
  uint64_t version;
} spoiled_record;

static int grab(void *ctx, const stardeleg_record *record)
{
  spoiled_record *r = ctx;

  (void)snprintf(r->key, sizeof(r->key), "%s", record->key);
  r->value = strdup((const char *)record->value);
  r->version = record->version;
  return 1;
}

static void read_record(spoiled_record *r, const char *kind)
{
  memset(r, 0, sizeof(*r));
  assert_ok(sdg_store_scan(world.store, kind, NULL, NULL, 1, grab, r));
  assert_non_null(r->value);
}

static void cut(const char *kind, size_t numerator, size_t denominator)
{
  spoiled_record r;

  read_record(&r, kind);
  assert_ok(sdg_store_put(world.store, kind, r.key, sdg_bytes(r.value, strlen(r.value) * numerator / denominator), NULL,
                          r.version));
  free(r.value);
}

/* Field lesson 17: a record cut anywhere is no reason to need a person. */
static void test_cut_records(void **state)
{
  (void)state;
  for (size_t part = 0; part < 10; part++) {
    world_clear(&world);
    begin();
    world_start(&world);
    world_run(&world, WORLD_EPOCH + WORLD_DAY);
    world_stop(&world);
    cut("ndc.delegation", part, 10);
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
    assert_string_equal(world_state(&world, 0), "active");
    assert_int_equal(world.order_count, 2);
    world_stop(&world);
    cut("ndc.account", part, 10);
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
    assert_string_equal(world_state(&world, 0), "active");
    assert_int_equal(world.order_count, 2);
  }
}

/* Members that a later version may have put there survive. */
static void test_keeps_unknown_members(void **state)
{
  spoiled_record r;
  char *longer;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world_stop(&world);
  read_record(&r, "ndc.delegation");
  longer = malloc(strlen(r.value) + 64);
  assert_non_null(longer);
  (void)snprintf(longer, strlen(r.value) + 64, "{\"future\":{\"a\":[1,2]},%s", r.value + 1);
  assert_ok(sdg_store_put(world.store, "ndc.delegation", r.key, sdg_bytes_str(longer), NULL, r.version));
  free(r.value);
  free(longer);
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  read_record(&r, "ndc.delegation");
  assert_non_null(strstr(r.value, "\"future\":{\"a\":[1,2]}"));
  free(r.value);
}

/* The key of the certificate is gone: never told without it, ordered anew. */
static void test_lost_key(void **state)
{
  spoiled_record r;
  char *at;
  char name[64];
  size_t told;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  told = world_count(&world, STARDELEG_NDC_CERTIFICATE);
  world_stop(&world);
  read_record(&r, "ndc.delegation");
  at = strstr(r.value, "ndc-key-");
  assert_non_null(at);
  (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "\""), at);
  free(r.value);
  assert_ok(sdg_secrets_del(world.secrets, name));
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), told + 1);
  assert_int_equal(world.order_count, 2);
}

/* The account's key is gone: nothing can be signed for that account any more, so there is a new one. */
static void test_lost_account_key(void **state)
{
  uint8_t *out = NULL;
  size_t len = 0;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(world.new_accounts, 1);
  world_stop(&world);
  assert_ok(sdg_secrets_del(world.secrets, "ndc-account-1"));
  for (int i = 0; i < 2; i++) { /* and it stays the new one */
    world_start(&world);
    world_run(&world, WORLD_EPOCH + (i + 2) * WORLD_DAY);
    world_stop(&world);
    assert_int_equal(world.new_accounts, 2);
  }
  assert_ok(sdg_secrets_get(world.secrets, "ndc-account-2", &out, &len));
  stardeleg_secret_free(out, len);
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_secrets_get(world.secrets, "ndc-account-1", &out, &len));
  assert_int_equal(world.order_count, 1);
}

/* Another IdO: another account with a key of its own; the delegations of the old one end. */
static void test_other_directory(void **state)
{
  uint8_t *out = NULL;
  size_t len = 0;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world_stop(&world);
  world.options.directory_url = WORLD_DIRECTORY "?other";
  assert_ok(sdg_secrets_get(world.secrets, "ndc-account-1", &out, &len));
  stardeleg_secret_free(out, len);
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_secrets_get(world.secrets, "ndc-account-2", &out, &len));
  world_start(&world);
  assert_ok(sdg_secrets_get(world.secrets, "ndc-account-2", &out, &len));
  stardeleg_secret_free(out, len);
}

#define CRASH(test) cmocka_unit_test_setup_teardown(test, setup, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CRASH(test_killed_at_each_exchange),
      CRASH(test_killed_over_and_over),
      CRASH(test_lost_answers),
      CRASH(test_cut_records),
      CRASH(test_keeps_unknown_members),
      CRASH(test_lost_key),
      CRASH(test_lost_account_key),
      CRASH(test_other_directory),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
