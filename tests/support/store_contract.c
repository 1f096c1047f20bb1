/* SPDX-License-Identifier: Apache-2.0 */
/* support/store_contract.c -- runs the contract, and what its parts share. */
#include "support/store_contract.h"

static store_contract_open open_store;

static int set_up(void **state)
{
  *state = open_store();
  return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
  stardeleg_store_free(*state);
  return 0;
}

static int run_part(const char *name, const struct CMUnitTest *part, size_t count)
{
  struct CMUnitTest tests[64];
  int failed;

  assert_true(count <= 64);
  memcpy(tests, part, count * sizeof *part);
  for (size_t i = 0; i < count; i++) {
    tests[i].setup_func = set_up;
    tests[i].teardown_func = tear_down;
  }
  failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
  return failed;
}

int store_contract_run(const char *name, store_contract_open open)
{
  int failed = 0;

  open_store = open;
  failed += run_part(name, store_contract_records, store_contract_records_count);
  failed += run_part(name, store_contract_leases, store_contract_leases_count);
  failed += run_part(name, store_contract_threads, store_contract_threads_count);
  return failed;
}

stardeleg_store_op contract_put(const char *kind, const char *key, const char *value, uint64_t expected_version)
{
  return (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                              .kind = kind,
                              .key = key,
                              .value = {(const uint8_t *)value, value == NULL ? 0 : strlen(value)},
                              .due = STARDELEG_TIME_NEVER,
                              .expected_version = expected_version};
}

stardeleg_store_op contract_del(const char *kind, const char *key, uint64_t expected_version)
{
  return (stardeleg_store_op){
      .verb = STARDELEG_STORE_DEL, .kind = kind, .key = key, .expected_version = expected_version};
}

stardeleg_err contract_run(const stardeleg_store *store, stardeleg_store_op op)
{
  return store->ops->batch(store->self, &op, 1);
}

void contract_create_due(const stardeleg_store *store, const char *kind, const char *key, stardeleg_time due)
{
  stardeleg_store_op op = contract_put(kind, key, "{}", 0);

  op.due = due;
  assert_ok(contract_run(store, op));
}

void contract_assert_record(const stardeleg_store *store, const char *kind, const char *key, const char *value,
                            uint64_t version)
{
  stardeleg_record record;

  assert_ok(store->ops->get(store->self, kind, key, &record));
  assert_string_equal(record.key, key);
  assert_int_equal(record.value_len, strlen(value));
  assert_string_equal((const char *)record.value, value); /* the NUL behind is promised */
  assert_int_equal(record.version, version);
  stardeleg_record_clear(&record);
}

void contract_assert_missing(const stardeleg_store *store, const char *kind, const char *key)
{
  stardeleg_record record;

  assert_err(STARDELEG_ERR_NOT_FOUND, store->ops->get(store->self, kind, key, &record));
  stardeleg_record_clear(&record); /* harmless after a failure */
}

uint64_t contract_claim_one(const stardeleg_store *store, const char *kind, stardeleg_time now, int64_t ttl_ms,
                            char *key)
{
  stardeleg_record record;
  size_t count = 99;
  uint64_t fence = 0;

  assert_ok(store->ops->claim(store->self, kind, now, "worker", ttl_ms, &record, 1, &count));
  assert_true(count <= 1);
  if (count == 1) {
    fence = record.fence;
    assert_true(fence > 0);
    if (key != NULL) {
      (void)snprintf(key, STARDELEG_STORE_NAME_MAX + 1, "%s", record.key);
    }
    stardeleg_record_clear(&record);
  }
  return fence;
}
