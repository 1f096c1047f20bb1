/* SPDX-License-Identifier: Apache-2.0 */
/* support/store_contract_leases.c -- the contract of claim, renew, release and next_due. */
#include "support/store_contract.h"

#define KEY_SIZE (STARDELEG_STORE_NAME_MAX + 1)

static stardeleg_time next_due(const stardeleg_store *store)
{
  stardeleg_time out = 77;

  assert_ok(store->ops->next_due(store->self, "job", &out));
  return out;
}

static void test_claim_takes_what_is_due(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_record records[10];
  size_t count = 99;

  contract_create_due(store, "job", "late", 300);
  contract_create_due(store, "job", "b", 200);
  contract_create_due(store, "job", "a", 200);
  contract_create_due(store, "job", "first", -5);
  contract_create_due(store, "other", "x", 1);
  contract_create_due(store, "job", "never", STARDELEG_TIME_NEVER);
  assert_ok(store->ops->claim(store->self, "job", -6, "me", 1000, records, 10, &count));
  assert_int_equal(count, 0);
  assert_ok(store->ops->claim(store->self, "job", 200, "me", 1000, records, 10, &count));
  assert_int_equal(count, 3);
  assert_string_equal(records[0].key, "first"); /* earliest first */
  assert_string_equal(records[1].key, "a");
  assert_string_equal(records[2].key, "b");
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(records[i].version, 1);
    assert_true(records[i].fence > 0);
    assert_string_equal((const char *)records[i].value, "{}");
    stardeleg_record_clear(&records[i]);
  }
  assert_ok(store->ops->claim(store->self, "job", 200, "you", 1000, records, 10, &count));
  assert_int_equal(count, 0);
}

static void test_claim_keeps_its_limit(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_record records[2];
  char key[KEY_SIZE];
  size_t count = 99;

  for (unsigned i = 0; i < 5; i++) {
    (void)snprintf(key, sizeof key, "%u", i);
    contract_create_due(store, "job", key, i);
  }
  assert_ok(store->ops->claim(store->self, "job", 100, "me", 1000, NULL, 0, &count));
  assert_int_equal(count, 0);
  for (size_t left = 5; left > 0; left -= count) {
    assert_ok(store->ops->claim(store->self, "job", 100, NULL, 1000, records, 2, &count));
    assert_int_equal(count, left > 2 ? 2 : left);
    for (size_t i = 0; i < count; i++) {
      stardeleg_record_clear(&records[i]);
    }
  }
}

static void test_claim_refuses_nonsense(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_record r;
  size_t n = 0;

  contract_create_due(store, "job", "a", 0);
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->claim(store->self, "job", 1, "me", 0, &r, 1, &n));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->claim(store->self, "job", 1, "me", -1, &r, 1, &n));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->claim(store->self, "job", STARDELEG_TIME_NEVER, "me", 1, &r, 1, &n));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->claim(store->self, "job", STARDELEG_TIME_NONE, "me", 1, &r, 1, &n));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->claim(store->self, "job", 1, "m\n", 1, &r, 1, &n));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->claim(store->self, "job", 1, "me", 1, NULL, 1, &n));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->claim(store->self, "job", 1, "me", 1, &r, 1, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->renew(store->self, "job", "a", 1, 1, 0));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->renew(store->self, "job", "a", 1, STARDELEG_TIME_NEVER, 1));
  assert_true(contract_claim_one(store, "job", 1, 1, NULL) > 0);
}

static void test_lease_expires(void **state)
{
  const stardeleg_store *store = *state;
  char key[KEY_SIZE];
  uint64_t first;
  uint64_t second;

  contract_create_due(store, "job", "a", 100);
  first = contract_claim_one(store, "job", 1000, 50, key);
  assert_true(first > 0);
  assert_int_equal(contract_claim_one(store, "job", 1049, 50, key), 0);
  second = contract_claim_one(store, "job", 1050, 50, key);
  assert_true(second > first); /* fences strictly increase */
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->renew(store->self, "job", "a", first, 1051, 50));
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->release(store->self, "job", "a", first));
  assert_ok(store->ops->renew(store->self, "job", "a", second, 1051, 50));
  assert_int_equal(contract_claim_one(store, "job", 1100, 50, key), 0);
  assert_true(contract_claim_one(store, "job", 1101, 50, key) > second);
}

/* A worker that wakes up too late must not overwrite what the next one did. */
static void test_stale_fence_is_conflict(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_store_op op = contract_put("job", "a", "mine", 1);
  uint64_t stale;
  uint64_t fresh;

  contract_create_due(store, "job", "a", 0);
  op.fence = 1;
  assert_err(STARDELEG_ERR_CONFLICT, contract_run(store, op)); /* never leased */
  stale = contract_claim_one(store, "job", 10, 5, NULL);
  fresh = contract_claim_one(store, "job", 20, 5, NULL);
  op.fence = stale;
  assert_err(STARDELEG_ERR_CONFLICT, contract_run(store, op));
  op = contract_del("job", "a", 1);
  op.fence = stale;
  assert_err(STARDELEG_ERR_CONFLICT, contract_run(store, op));
  op = contract_put("job", "b", "mine", 0);
  op.fence = fresh;
  assert_err(STARDELEG_ERR_CONFLICT, contract_run(store, op)); /* what is not there has no fence */
  op = contract_put("job", "a", "mine", 1);
  op.fence = UINT64_MAX;
  assert_err(STARDELEG_ERR_CONFLICT, contract_run(store, op));
  op.fence = fresh;
  assert_ok(contract_run(store, op));
  contract_assert_record(store, "job", "a", "mine", 2);
}

static void test_put_keeps_the_lease(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_store_op op = contract_put("job", "a", "new", 1);
  stardeleg_record record;
  uint64_t fence;

  contract_create_due(store, "job", "a", 0);
  fence = contract_claim_one(store, "job", 10, 100, NULL);
  op.due = 5;
  assert_ok(contract_run(store, op)); /* by somebody without the fence */
  assert_ok(store->ops->get(store->self, "job", "a", &record));
  assert_int_equal(record.fence, fence);
  stardeleg_record_clear(&record);
  assert_int_equal(contract_claim_one(store, "job", 50, 100, NULL), 0);
  op.expected_version = 2;
  op.fence = fence;
  assert_ok(contract_run(store, op)); /* by its holder */
  assert_int_equal(contract_claim_one(store, "job", 50, 100, NULL), 0);
  assert_ok(store->ops->renew(store->self, "job", "a", fence, 50, 100));
}

static void test_put_with_release(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_store_op op = contract_put("job", "a", "done", 1);
  uint64_t fence;

  contract_create_due(store, "job", "a", 0);
  fence = contract_claim_one(store, "job", 10, 1000, NULL);
  op.fence = fence;
  op.release = 1;
  op.due = 40;
  assert_ok(contract_run(store, op));
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->renew(store->self, "job", "a", fence, 20, 100));
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->release(store->self, "job", "a", fence));
  assert_true(next_due(store) == 40);
  assert_int_equal(contract_claim_one(store, "job", 39, 100, NULL), 0);
  assert_true(contract_claim_one(store, "job", 40, 100, NULL) > fence);
}

static void test_release_makes_claimable(void **state)
{
  const stardeleg_store *store = *state;
  uint64_t fence;

  contract_create_due(store, "job", "a", 5);
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->release(store->self, "job", "a", 0));
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->release(store->self, "job", "none", 1));
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->renew(store->self, "job", "none", 1, 1, 1));
  fence = contract_claim_one(store, "job", 10, 1000, NULL);
  assert_ok(store->ops->release(store->self, "job", "a", fence));
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->release(store->self, "job", "a", fence));
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->renew(store->self, "job", "a", fence, 10, 1000));
  assert_true(next_due(store) == 5);
  assert_true(contract_claim_one(store, "job", 10, 1000, NULL) > fence);
}

static void test_leased_record_may_go(void **state)
{
  const stardeleg_store *store = *state;
  uint64_t fence;

  contract_create_due(store, "job", "a", 5);
  fence = contract_claim_one(store, "job", 10, 1000, NULL);
  assert_ok(contract_run(store, contract_del("job", "a", 1)));
  assert_err(STARDELEG_ERR_CONFLICT, store->ops->renew(store->self, "job", "a", fence, 10, 1000));
  assert_true(next_due(store) == STARDELEG_TIME_NEVER);
  /* A record of the same name is another one: the old fence must not fit it, not even after a claim. */
  contract_create_due(store, "job", "a", 5);
  assert_true(contract_claim_one(store, "job", 10, 1000, NULL) > fence);
}

static void test_next_due(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_store_op op = contract_put("job", "a", "x", 1);

  assert_true(next_due(store) == STARDELEG_TIME_NEVER);
  contract_create_due(store, "other", "a", 1);
  contract_create_due(store, "job", "never", STARDELEG_TIME_NEVER);
  assert_true(next_due(store) == STARDELEG_TIME_NEVER);
  contract_create_due(store, "job", "a", 100);
  contract_create_due(store, "job", "b", 50);
  assert_true(next_due(store) == 50);
  assert_true(contract_claim_one(store, "job", 60, 500, NULL) > 0);
  assert_true(next_due(store) == 100);
  assert_true(contract_claim_one(store, "job", 110, 500, NULL) > 0);
  assert_true(next_due(store) == 560); /* the end of the first lease */
  op.due = 9999;                       /* due later than its lease ends */
  assert_ok(contract_run(store, op));
  assert_true(next_due(store) == 560);
  assert_ok(contract_run(store, contract_del("job", "b", 1)));
  assert_true(next_due(store) == 9999);
  op.due = STARDELEG_TIME_NEVER;
  op.expected_version = 2;
  assert_ok(contract_run(store, op));
  assert_true(next_due(store) == STARDELEG_TIME_NEVER);
}

static void test_lease_far_in_the_future(void **state)
{
  const stardeleg_store *store = *state;
  uint64_t fence;

  contract_create_due(store, "job", "a", INT64_MIN + 1);
  fence = contract_claim_one(store, "job", INT64_MAX - 10, INT64_MAX, NULL);
  assert_true(fence > 0);
  assert_true(next_due(store) == INT64_MAX - 1);
  assert_ok(store->ops->renew(store->self, "job", "a", fence, INT64_MIN + 1, 1));
  assert_true(next_due(store) == INT64_MIN + 2);
}

/* The due of a claimed record may change under its lease; once that ends, the new one counts. */
static void test_lease_on_what_is_no_longer_due(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_store_op op = contract_put("job", "a", "x", 1);
  uint64_t fence;

  contract_create_due(store, "job", "a", 0);
  fence = contract_claim_one(store, "job", 10, 100, NULL);
  op.fence = fence;
  assert_ok(contract_run(store, op)); /* not due any more, lease kept */
  assert_ok(store->ops->renew(store->self, "job", "a", fence, 20, 100));
  op.expected_version = 2;
  op.due = 7;
  assert_ok(contract_run(store, op));
  assert_true(next_due(store) == 120);
  assert_ok(store->ops->release(store->self, "job", "a", fence));
  assert_true(next_due(store) == 7);
}

const struct CMUnitTest store_contract_leases[] = {
    cmocka_unit_test(test_claim_takes_what_is_due), cmocka_unit_test(test_claim_keeps_its_limit),
    cmocka_unit_test(test_claim_refuses_nonsense),  cmocka_unit_test(test_lease_expires),
    cmocka_unit_test(test_stale_fence_is_conflict), cmocka_unit_test(test_put_keeps_the_lease),
    cmocka_unit_test(test_put_with_release),        cmocka_unit_test(test_release_makes_claimable),
    cmocka_unit_test(test_leased_record_may_go),    cmocka_unit_test(test_next_due),
    cmocka_unit_test(test_lease_far_in_the_future), cmocka_unit_test(test_lease_on_what_is_no_longer_due),
};
const size_t store_contract_leases_count = sizeof store_contract_leases / sizeof store_contract_leases[0];
