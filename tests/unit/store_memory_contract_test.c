/* SPDX-License-Identifier: Apache-2.0 */
/* unit/store_memory_contract_test.c -- the memory store and the secrets in memory keep the contract. */
#include "support/test.h"

#include <time.h>

#include "support/store_contract.h"

static stardeleg_store *open_memory(void)
{
  stardeleg_store *store = NULL;

  return stardeleg_store_memory_new(&store) == STARDELEG_OK ? store : NULL;
}

static stardeleg_secrets *open_secrets(void)
{
  stardeleg_secrets *secrets = NULL;

  return stardeleg_secrets_memory_new(&secrets) == STARDELEG_OK ? secrets : NULL;
}

static void test_names_itself(void **state)
{
  stardeleg_store *store = open_memory();

  (void)state;
  assert_string_equal(store->ops->name, "memory");
  assert_int_equal(store->ops->size, sizeof(stardeleg_store_ops));
  stardeleg_store_free(store);
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_store_memory_new(NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_secrets_memory_new(NULL));
  stardeleg_store_free(NULL);
  stardeleg_secrets_free(NULL);
  stardeleg_record_clear(NULL);
}

#define MANY 100000u

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  ++*(size_t *)ctx;
  return 0;
}

/* What holds for ten records must hold, and be quick, for a hundred thousand. */
static void test_many_records(void **state)
{
  stardeleg_store *store = open_memory();
  clock_t began = clock();
  char key[32];
  size_t count = 0;

  (void)state;
  for (unsigned i = 0; i < MANY; i++) {
    (void)snprintf(key, sizeof key, "%u", i * 7919u % MANY);
    contract_create_due(store, "job", key, i);
  }
  for (unsigned i = 0; i < MANY; i++) {
    stardeleg_time due = 0;

    assert_ok(store->ops->next_due(store->self, "job", &due));
    assert_int_equal(due, i);
    (void)snprintf(key, sizeof key, "%u", i * 7919u % MANY);
    if (i % 2 == 0) {
      assert_ok(contract_run(store, contract_del("job", key, 1)));
    } else {
      char claimed[STARDELEG_STORE_NAME_MAX + 1];

      assert_true(contract_claim_one(store, "job", due, (int64_t)10 * MANY, claimed) > 0);
      assert_string_equal(claimed, key);
    }
  }
  assert_ok(store->ops->scan(store->self, "job", NULL, NULL, SIZE_MAX, count_one, &count));
  assert_int_equal(count, MANY / 2);
  stardeleg_store_free(store);
  /* About a second even under sanitizers; anything that is not logarithmic takes minutes. */
  assert_true((clock() - began) / CLOCKS_PER_SEC < 30);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_names_itself), cmocka_unit_test(test_many_records)};
  int failed = store_contract_run("memory", open_memory);

  failed += secrets_contract_run("secrets in memory", open_secrets);
  return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
