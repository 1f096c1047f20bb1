/* SPDX-License-Identifier: Apache-2.0 */
/* support/store_contract_records.c -- the contract of get, batch and scan. */
#include "support/store_contract.h"

#define LONGEST STARDELEG_STORE_NAME_MAX

static void test_create_get_update_delete(void **state)
{
  const stardeleg_store *store = *state;

  contract_assert_missing(store, "order", "a");
  assert_ok(contract_run(store, contract_put("order", "a", "one", 0)));
  contract_assert_record(store, "order", "a", "one", 1);
  assert_ok(contract_run(store, contract_put("order", "a", "two", 1)));
  contract_assert_record(store, "order", "a", "two", 2);
  contract_assert_missing(store, "account", "a"); /* kinds are apart */
  assert_ok(contract_run(store, contract_del("order", "a", 2)));
  contract_assert_missing(store, "order", "a");
  assert_ok(contract_run(store, contract_put("order", "a", "new life", 0)));
  contract_assert_record(store, "order", "a", "new life", 1);
}

static void test_new_record_has_no_extras(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_record record;

  assert_ok(contract_run(store, contract_put("order", "a", "x", 0)));
  assert_ok(store->ops->get(store->self, "order", "a", &record));
  assert_string_equal(record.index, "");
  assert_true(record.due == STARDELEG_TIME_NEVER);
  assert_int_equal(record.fence, 0);
  stardeleg_record_clear(&record);
}

static void test_index_and_due_come_back(void **state)
{
  const stardeleg_store *store = *state;
  static const stardeleg_time dues[] = {INT64_MIN + 1, -1, 0, 1, 253402300799000, INT64_MAX - 1};
  stardeleg_store_op op = contract_put("order", "a", "x", 0);
  stardeleg_record record;

  op.index = "account 7 ~!\"'\\%_";
  for (size_t i = 0; i < sizeof dues / sizeof dues[0]; i++) {
    op.due = dues[i];
    op.expected_version = i;
    assert_ok(contract_run(store, op));
    assert_ok(store->ops->get(store->self, "order", "a", &record));
    assert_true(record.due == dues[i]);
    assert_string_equal(record.index, op.index);
    stardeleg_record_clear(&record);
  }
}

static void test_wrong_version_is_conflict(void **state)
{
  const stardeleg_store *store = *state;
  static const uint64_t wrong[] = {0, 1, 3, 1000, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};

  assert_err(STARDELEG_ERR_CONFLICT, contract_run(store, contract_put("order", "a", "x", 1)));
  assert_err(STARDELEG_ERR_CONFLICT, contract_run(store, contract_del("order", "a", 1)));
  assert_ok(contract_run(store, contract_put("order", "a", "one", 0)));
  assert_ok(contract_run(store, contract_put("order", "a", "two", 1)));
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    assert_err(STARDELEG_ERR_CONFLICT, contract_run(store, contract_put("order", "a", "x", wrong[i])));
    if (wrong[i] != 0) {
      assert_err(STARDELEG_ERR_CONFLICT, contract_run(store, contract_del("order", "a", wrong[i])));
    }
    contract_assert_record(store, "order", "a", "two", 2);
  }
}

static void fill(char *out, size_t len)
{
  memset(out, 'k', len);
  out[len] = '\0';
}

static void test_names_at_their_limits(void **state)
{
  const stardeleg_store *store = *state;
  char longest[LONGEST + 1];
  char too_long[LONGEST + 2];
  stardeleg_store_op op;

  fill(longest, LONGEST);
  fill(too_long, LONGEST + 1);
  op = contract_put(longest, longest, "x", 0);
  op.index = longest;
  assert_ok(contract_run(store, op));
  contract_assert_record(store, longest, longest, "x", 1);
  op = contract_put(too_long, "a", "x", 0);
  assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, op));
  op = contract_put("order", too_long, "x", 0);
  assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, op));
  op = contract_put("order", "a", "x", 0);
  op.index = too_long;
  assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, op));
  contract_assert_missing(store, "order", "a");
}

static void test_bad_names_are_refused(void **state)
{
  const stardeleg_store *store = *state;
  static const char *const bad[] = {NULL, "", "a\n", "\x1f", "\x7f", "caf\xc3\xa9", "\xff"};
  stardeleg_record record;
  stardeleg_time due;
  size_t count;

  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, contract_put(bad[i], "a", "x", 0)));
    assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, contract_put("order", bad[i], "x", 0)));
    assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, contract_del("order", bad[i], 1)));
    assert_err(STARDELEG_ERR_ARGUMENT, store->ops->get(store->self, bad[i], "a", &record));
    assert_err(STARDELEG_ERR_ARGUMENT, store->ops->get(store->self, "order", bad[i], &record));
    assert_err(STARDELEG_ERR_ARGUMENT, store->ops->claim(store->self, bad[i], 1, "me", 1, &record, 1, &count));
    assert_err(STARDELEG_ERR_ARGUMENT, store->ops->renew(store->self, bad[i], "a", 1, 1, 1));
    assert_err(STARDELEG_ERR_ARGUMENT, store->ops->renew(store->self, "order", bad[i], 1, 1, 1));
    assert_err(STARDELEG_ERR_ARGUMENT, store->ops->release(store->self, bad[i], "a", 1));
    assert_err(STARDELEG_ERR_ARGUMENT, store->ops->release(store->self, "order", bad[i], 1));
    assert_err(STARDELEG_ERR_ARGUMENT, store->ops->next_due(store->self, bad[i], &due));
  }
}

static void test_bad_operations_are_refused(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_store_op op = contract_put("order", "a", "x", 0);

  op.verb = (stardeleg_store_verb)0;
  assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, op));
  op.verb = (stardeleg_store_verb)3;
  assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, op));
  op = contract_put("order", "a", "x", 0);
  op.value.base = NULL;
  assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, op));
  op = contract_put("order", "a", "x", 0);
  op.due = STARDELEG_TIME_NONE;
  assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, op));
  assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, contract_del("order", "a", 0)));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->batch(store->self, NULL, 1));
  assert_ok(store->ops->batch(store->self, NULL, 0));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->get(store->self, "order", "a", NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->next_due(store->self, "order", NULL));
  contract_assert_missing(store, "order", "a");
}

static void test_values_at_their_limit(void **state)
{
  const stardeleg_store *store = *state;
  uint8_t *large = calloc(1, STARDELEG_STORE_VALUE_MAX + 1);
  stardeleg_store_op op = contract_put("order", "a", "", 0);
  stardeleg_record record;

  assert_non_null(large);
  for (size_t i = 0; i < STARDELEG_STORE_VALUE_MAX; i++) {
    large[i] = (uint8_t)(i * 31 >> 3);
  }
  op.value = (stardeleg_bytes){large, STARDELEG_STORE_VALUE_MAX + 1};
  assert_err(STARDELEG_ERR_ARGUMENT, contract_run(store, op));
  contract_assert_missing(store, "order", "a");
  op.value.len = STARDELEG_STORE_VALUE_MAX;
  assert_ok(contract_run(store, op));
  assert_ok(store->ops->get(store->self, "order", "a", &record));
  assert_int_equal(record.value_len, STARDELEG_STORE_VALUE_MAX);
  assert_memory_equal(record.value, large, STARDELEG_STORE_VALUE_MAX);
  assert_int_equal(record.value[record.value_len], 0);
  stardeleg_record_clear(&record);
  op = contract_put("order", "a", NULL, 1); /* NULL and 0: empty */
  assert_ok(contract_run(store, op));
  contract_assert_record(store, "order", "a", "", 2);
  free(large);
}

static void test_values_are_bytes(void **state)
{
  const stardeleg_store *store = *state;
  static const uint8_t bytes[] = {0, 0xff, 'a', 0, 0xc3, 0x28, 0};
  stardeleg_store_op op = contract_put("order", "a", "", 0);
  stardeleg_record record;

  op.value = (stardeleg_bytes){bytes, sizeof bytes};
  assert_ok(contract_run(store, op));
  assert_ok(store->ops->get(store->self, "order", "a", &record));
  assert_int_equal(record.value_len, sizeof bytes);
  assert_memory_equal(record.value, bytes, sizeof bytes);
  stardeleg_record_clear(&record);
}

static void test_batch_is_all_or_nothing(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_store_op ops[5];

  assert_ok(contract_run(store, contract_put("order", "b", "old", 0)));
  assert_ok(contract_run(store, contract_put("order", "c", "old", 0)));
  for (size_t bad = 0; bad < 5; bad++) {
    ops[0] = contract_put("order", "a", "new", 0);
    ops[1] = contract_put("order", "b", "new", 1);
    ops[2] = contract_del("order", "c", 1);
    ops[3] = contract_put("account", "z", "new", 0);
    ops[4] = contract_put("account", "y", "new", 0);
    ops[bad].expected_version = 7; /* exactly one bad at each position */
    assert_err(STARDELEG_ERR_CONFLICT, store->ops->batch(store->self, ops, 5));
    contract_assert_missing(store, "order", "a");
    contract_assert_record(store, "order", "b", "old", 1);
    contract_assert_record(store, "order", "c", "old", 1);
    contract_assert_missing(store, "account", "z");
    contract_assert_missing(store, "account", "y");
    ops[bad].key = "";
    assert_err(STARDELEG_ERR_ARGUMENT, store->ops->batch(store->self, ops, 5));
    contract_assert_missing(store, "order", "a");
  }
  ops[4] = contract_put("account", "y", "new", 0);
  assert_ok(store->ops->batch(store->self, ops, 5));
  contract_assert_record(store, "order", "b", "new", 2);
  contract_assert_missing(store, "order", "c");
  contract_assert_record(store, "account", "y", "new", 1);
}

static void test_batch_sees_its_own_steps(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_store_op ops[] = {contract_put("order", "a", "1", 0), contract_put("order", "a", "2", 1),
                              contract_del("order", "a", 2),      contract_put("order", "a", "3", 0),
                              contract_put("order", "a", "4", 1), contract_put("order", "a", "5", 9)};

  assert_err(STARDELEG_ERR_CONFLICT, store->ops->batch(store->self, ops, 6));
  contract_assert_missing(store, "order", "a");
  assert_ok(store->ops->batch(store->self, ops, 5));
  contract_assert_record(store, "order", "a", "4", 2);
}

typedef struct seen {
  char keys[1024];
  size_t count;
  size_t stop_after;
  char cursor[LONGEST + 1];
} seen;

static int note(void *ctx, const stardeleg_record *record)
{
  seen *s = ctx;
  size_t used = strlen(s->keys);

  (void)snprintf(s->keys + used, sizeof s->keys - used, "%s ", record->key);
  (void)snprintf(s->cursor, sizeof s->cursor, "%s", record->key);
  assert_int_equal(record->version, 1);
  assert_int_equal(record->value[record->value_len], 0);
  return ++s->count == s->stop_after;
}

static void create_scan_records(const stardeleg_store *store)
{
  static const char *const keys[] = {"b", "a", "B", "a b", "~", "aa", "0", "ab"};

  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    stardeleg_store_op op = contract_put("order", keys[i], "x", 0);

    op.index = i % 2 == 0 ? "even" : (i == 1 ? NULL : "odd");
    assert_ok(contract_run(store, op));
  }
  assert_ok(contract_run(store, contract_put("account", "aaa", "x", 0)));
  assert_ok(contract_run(store, contract_put("orderx", "aaa", "x", 0)));
}

static void test_scan_goes_in_byte_order(void **state)
{
  static const struct {
    const char *index;
    const char *after;
    size_t limit;
    const char *keys;
  } cases[] = {
      {NULL, NULL, 100, "0 B a a b aa ab b ~ "},
      {NULL, "", SIZE_MAX, "0 B a a b aa ab b ~ "},
      {NULL, "a", 3, "a b aa ab "},
      {NULL, "C", 2, "a a b "}, /* the cursor need not exist */
      {NULL, "~", 100, ""},
      {NULL, NULL, 0, ""},
      {NULL, NULL, 1, "0 "},
      {"even", NULL, 100, "0 B b ~ "},
      {"even", "B", 1, "b "},
      {"odd", NULL, 100, "a b aa ab "},
      {"", NULL, 100, "a "},
      {"eve", NULL, 100, ""},
      {"evenx", NULL, 100, ""},
  };
  const stardeleg_store *store = *state;

  create_scan_records(store);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seen s = {.count = 0};

    assert_ok(store->ops->scan(store->self, "order", cases[i].index, cases[i].after, cases[i].limit, note, &s));
    assert_string_equal(s.keys, cases[i].keys);
  }
}

static void test_scan_stops_and_refuses(void **state)
{
  const stardeleg_store *store = *state;
  seen s = {.stop_after = 2};

  create_scan_records(store);
  assert_ok(store->ops->scan(store->self, "order", NULL, NULL, 100, note, &s));
  assert_string_equal(s.keys, "0 B ");
  s = (seen){.count = 0};
  assert_ok(store->ops->scan(store->self, "nothing", NULL, NULL, 100, note, &s));
  assert_int_equal(s.count, 0);
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->scan(store->self, "", NULL, NULL, 1, note, &s));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->scan(store->self, "order", "\n", NULL, 1, note, &s));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->scan(store->self, "order", NULL, "\n", 1, note, &s));
  assert_err(STARDELEG_ERR_ARGUMENT, store->ops->scan(store->self, "order", NULL, NULL, 1, NULL, &s));
}

static int note_cursor(void *ctx, const stardeleg_record *record)
{
  seen *s = ctx;

  assert_true(strcmp(s->cursor, record->key) < 0);
  (void)snprintf(s->cursor, sizeof s->cursor, "%s", record->key);
  s->count++;
  return 0;
}

/* Page after page, while records come and go: each one that stays is seen once. */
static void test_scan_by_pages(void **state)
{
  const stardeleg_store *store = *state;
  char key[32];
  size_t pages = 0;
  size_t before;
  seen s = {.count = 0};

  for (unsigned i = 0; i < 500; i++) {
    (void)snprintf(key, sizeof key, "%u", i * 7919 % 500);
    assert_ok(contract_run(store, contract_put("order", key, "x", 0)));
  }
  do {
    before = s.count;
    assert_ok(store->ops->scan(store->self, "order", NULL, s.cursor, 70, note_cursor, &s));
    assert_ok(contract_run(store, contract_del("order", s.cursor, 1)));
    assert_ok(contract_run(store, contract_put("order", s.cursor, "again", 0)));
    pages++;
  } while (s.count - before == 70);
  assert_int_equal(s.count, 500);
  assert_int_equal(pages, 8);
}

static void test_index_follows_the_record(void **state)
{
  const stardeleg_store *store = *state;
  stardeleg_store_op op = contract_put("order", "a", "x", 0);
  seen s = {.count = 0};

  op.index = "one";
  assert_ok(contract_run(store, op));
  op.index = "two";
  op.expected_version = 1;
  assert_ok(contract_run(store, op));
  assert_ok(store->ops->scan(store->self, "order", "one", NULL, 10, note_cursor, &s));
  assert_int_equal(s.count, 0);
  assert_ok(store->ops->scan(store->self, "order", "two", NULL, 10, note_cursor, &s));
  assert_int_equal(s.count, 1);
  assert_ok(contract_run(store, contract_del("order", "a", 2)));
  s = (seen){.count = 0};
  assert_ok(store->ops->scan(store->self, "order", "two", NULL, 10, note_cursor, &s));
  assert_int_equal(s.count, 0);
}

const struct CMUnitTest store_contract_records[] = {
    cmocka_unit_test(test_create_get_update_delete),   cmocka_unit_test(test_new_record_has_no_extras),
    cmocka_unit_test(test_index_and_due_come_back),    cmocka_unit_test(test_wrong_version_is_conflict),
    cmocka_unit_test(test_names_at_their_limits),      cmocka_unit_test(test_bad_names_are_refused),
    cmocka_unit_test(test_bad_operations_are_refused), cmocka_unit_test(test_values_at_their_limit),
    cmocka_unit_test(test_values_are_bytes),           cmocka_unit_test(test_batch_is_all_or_nothing),
    cmocka_unit_test(test_batch_sees_its_own_steps),   cmocka_unit_test(test_scan_goes_in_byte_order),
    cmocka_unit_test(test_scan_stops_and_refuses),     cmocka_unit_test(test_scan_by_pages),
    cmocka_unit_test(test_index_follows_the_record),
};
const size_t store_contract_records_count = sizeof store_contract_records / sizeof store_contract_records[0];
