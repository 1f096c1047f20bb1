/* SPDX-License-Identifier: Apache-2.0 */
/* unit/store_check_test.c -- the limits every backend shares, and the short forms of the calls. */
#include "support/test.h"

#include "store/store.h"

static void fill(char *out, size_t len)
{
  memset(out, 'x', len);
  out[len] = '\0';
}

static void test_names(void **state)
{
  char text[STARDELEG_STORE_NAME_MAX + 2];

  (void)state;
  assert_false(sdg_store_name_is_valid(NULL));
  assert_false(sdg_store_name_is_valid(""));
  assert_true(sdg_store_text_is_valid(NULL));
  assert_true(sdg_store_text_is_valid(""));
  for (int c = 1; c < 256; c++) {
    text[0] = (char)c;
    text[1] = '\0';
    assert_int_equal(sdg_store_name_is_valid(text), c >= 0x20 && c <= 0x7e);
    assert_int_equal(sdg_store_text_is_valid(text), c >= 0x20 && c <= 0x7e);
  }
  fill(text, STARDELEG_STORE_NAME_MAX);
  assert_true(sdg_store_name_is_valid(text));
  fill(text, STARDELEG_STORE_NAME_MAX + 1);
  assert_false(sdg_store_name_is_valid(text));
  assert_false(sdg_store_text_is_valid(text));
}

static void test_secret_names(void **state)
{
  char text[SDG_SECRETS_NAME_MAX + 2];

  (void)state;
  for (int c = 1; c < 256; c++) {
    int is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

    text[0] = 'a';
    text[1] = (char)c;
    text[2] = '\0';
    assert_int_equal(sdg_secrets_name_is_valid(text) != 0, is_alnum || c == '.' || c == '_' || c == '-');
  }
  assert_false(sdg_secrets_name_is_valid(".a"));
  fill(text, SDG_SECRETS_NAME_MAX);
  assert_true(sdg_secrets_name_is_valid(text));
  fill(text, SDG_SECRETS_NAME_MAX + 1);
  assert_false(sdg_secrets_name_is_valid(text));
}

static void test_operations(void **state)
{
  const stardeleg_store_op good = {.verb = STARDELEG_STORE_PUT,
                                   .kind = "order",
                                   .key = "a",
                                   .value = {(const uint8_t *)"x", 1},
                                   .index = "i",
                                   .due = STARDELEG_TIME_NEVER};
  stardeleg_store_op op = good;

  (void)state;
  assert_ok(sdg_store_op_check(&op));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_op_check(NULL));
  op.verb = (stardeleg_store_verb)9;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_op_check(&op));
  op = good;
  op.kind = "";
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_op_check(&op));
  op = good;
  op.key = NULL;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_op_check(&op));
  op = good;
  op.index = "\t";
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_op_check(&op));
  op = good;
  op.due = STARDELEG_TIME_NONE;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_op_check(&op));
  op = good;
  op.value.len = STARDELEG_STORE_VALUE_MAX;
  assert_ok(sdg_store_op_check(&op));
  op.value.len++;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_op_check(&op));
  op = good;
  op.verb = STARDELEG_STORE_DEL;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_op_check(&op));
  op.expected_version = 1;
  assert_ok(sdg_store_op_check(&op));
}

static void test_lease_end(void **state)
{
  stardeleg_time end = 0;

  (void)state;
  assert_ok(sdg_store_lease_end(&end, 5, 10));
  assert_int_equal(end, 15);
  assert_ok(sdg_store_lease_end(&end, INT64_MIN + 1, INT64_MAX));
  assert_int_equal(end, 0);
  assert_ok(sdg_store_lease_end(&end, INT64_MAX - 1, 1));
  assert_true(end == INT64_MAX - 1);
  assert_ok(sdg_store_lease_end(&end, 1, INT64_MAX));
  assert_true(end == INT64_MAX - 1);
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_lease_end(&end, 1, 0));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_lease_end(&end, 1, INT64_MIN));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_lease_end(&end, STARDELEG_TIME_NONE, 1));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_store_lease_end(&end, STARDELEG_TIME_NEVER, 1));
}

static int count_one(void *ctx, const stardeleg_record *record)
{
  assert_string_equal(record->index, "i");
  ++*(size_t *)ctx;
  return 0;
}

static void test_short_forms(void **state)
{
  static const stardeleg_bytes value = {(const uint8_t *)"v", 1};
  stardeleg_store *store = NULL;
  stardeleg_record record;
  stardeleg_time due = 0;
  size_t count = 0;
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT, .kind = "k", .key = "b", .value = value, .due = 3};

  (void)state;
  assert_ok(stardeleg_store_memory_new(&store));
  assert_ok(sdg_store_put(store, "k", "a", value, "i", 0));
  assert_err(STARDELEG_ERR_CONFLICT, sdg_store_put(store, "k", "a", value, "i", 0));
  assert_ok(sdg_store_get(store, "k", "a", &record));
  assert_string_equal((const char *)record.value, "v");
  stardeleg_record_clear(&record);
  assert_null(record.key);
  assert_ok(sdg_store_scan(store, "k", "i", NULL, 10, count_one, &count));
  assert_int_equal(count, 1);
  assert_ok(sdg_store_batch(store, &op, 1));
  assert_ok(sdg_store_next_due(store, "k", &due));
  assert_int_equal(due, 3);
  assert_ok(sdg_store_claim(store, "k", 3, "me", 10, &record, 1, &count));
  assert_int_equal(count, 1);
  assert_ok(sdg_store_renew(store, "k", "b", record.fence, 4, 10));
  assert_ok(sdg_store_release(store, "k", "b", record.fence));
  stardeleg_record_clear(&record);
  assert_ok(sdg_store_del(store, "k", "b", 1));
  stardeleg_store_free(store);
}

static void test_short_forms_of_secrets(void **state)
{
  stardeleg_secrets *secrets = NULL;
  uint8_t *out = NULL;
  size_t len = 0;

  (void)state;
  assert_ok(stardeleg_secrets_memory_new(&secrets));
  assert_ok(sdg_secrets_put(secrets, "a", (stardeleg_bytes){(const uint8_t *)"s", 1}));
  assert_ok(sdg_secrets_get(secrets, "a", &out, &len));
  assert_string_equal((const char *)out, "s");
  stardeleg_secret_free(out, len);
  assert_ok(sdg_secrets_del(secrets, "a"));
  stardeleg_secrets_free(secrets);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),       cmocka_unit_test(test_secret_names),
      cmocka_unit_test(test_operations),  cmocka_unit_test(test_lease_end),
      cmocka_unit_test(test_short_forms), cmocka_unit_test(test_short_forms_of_secrets),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
