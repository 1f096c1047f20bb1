/* SPDX-License-Identifier: Apache-2.0 */
/* unit/base_buf_test.c -- memory and growable buffers. */
#include "support/test.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"

static void test_mem(void **state)
{
  char *copy;
  uint8_t *zero = sdg_calloc(4, 4);

  (void)state;
  assert_non_null(zero);
  for (size_t i = 0; i < 16; i++) {
    assert_int_equal(zero[i], 0);
    zero[i] = 0xaa;
  }
  zero = sdg_realloc(zero, 5, 4);
  assert_non_null(zero);
  assert_int_equal(zero[15], 0xaa);
  sdg_wipe(zero, 20);
  assert_int_equal(zero[15], 0);
  /* refused, and the old block stays */
  assert_null(sdg_realloc(zero, SIZE_MAX / 2, 4));
  assert_null(sdg_realloc(zero, SIZE_MAX, 1));
  zero[0] = 1;
  sdg_free(zero);
  assert_null(sdg_calloc(SIZE_MAX, 2));
  assert_null(sdg_calloc(2, SIZE_MAX));
  assert_null(sdg_calloc(SIZE_MAX / 2 + 2, 2));
  zero = sdg_calloc(0, 8);
  assert_non_null(zero);
  sdg_free(zero);
  zero = sdg_calloc(8, 0);
  assert_non_null(zero);
  zero = sdg_realloc(zero, 0, 0);
  assert_non_null(zero);
  sdg_free(zero);
  sdg_free(NULL);
  sdg_wipe(NULL, 0);
  assert_null(sdg_strdup(NULL));
  copy = sdg_strdup("");
  assert_string_equal(copy, "");
  sdg_free(copy);
  copy = sdg_bytes_dup(sdg_bytes("abcd", 3));
  assert_string_equal(copy, "abc");
  sdg_free(copy);
  copy = sdg_bytes_dup(sdg_bytes(NULL, 0));
  assert_string_equal(copy, "");
  sdg_free(copy);
  assert_null(sdg_bytes_dup(sdg_bytes(NULL, SIZE_MAX)));
}

static void test_strings(void **state)
{
  const char *const list[] = {"a", "", "bc", NULL};
  char **copy = (char **)state; /* anything but NULL */

  assert_ok(sdg_strings_dup(&copy, NULL, 3));
  assert_null(copy);
  assert_ok(sdg_strings_dup(&copy, list + 3, 0));
  assert_null(copy);
  assert_int_equal(sdg_strings_dup(&copy, list, 2), STARDELEG_ERR_LIMIT);
  assert_null(copy);
  assert_ok(sdg_strings_dup(&copy, list, 3));
  for (size_t i = 0; i < 3; i++) {
    assert_string_equal(copy[i], list[i]);
    assert_ptr_not_equal(copy[i], list[i]);
  }
  assert_null(copy[3]);
  sdg_strings_free(copy);
  sdg_strings_free(NULL);
}

static void test_add(void **state)
{
  sdg_buf buf;
  uint8_t *room;

  (void)state;
  sdg_buf_init(&buf, 1000);
  assert_string_equal(sdg_buf_str(&buf), "");
  assert_int_equal(sdg_buf_bytes(&buf).len, 0);
  sdg_buf_add(&buf, NULL, 0);
  sdg_buf_add_str(&buf, NULL);
  sdg_buf_add_str(&buf, "a");
  sdg_buf_add_byte(&buf, '-');
  sdg_buf_add_int(&buf, INT64_MIN);
  sdg_buf_add_byte(&buf, ' ');
  sdg_buf_add_int(&buf, INT64_MAX);
  sdg_buf_add_bytes(&buf, sdg_bytes("|xyz", 2));
  room = sdg_buf_add_room(&buf, 2);
  assert_non_null(room);
  memcpy(room, "ok", 2);
  assert_ok(sdg_buf_error(&buf));
  assert_string_equal(sdg_buf_str(&buf), "a--9223372036854775808 9223372036854775807|xok");
  sdg_buf_truncate(&buf, 100);
  sdg_buf_truncate(&buf, 2);
  assert_string_equal(sdg_buf_str(&buf), "a-");
  sdg_buf_reset(&buf);
  assert_string_equal(sdg_buf_str(&buf), "");
  sdg_buf_add_int(&buf, 0);
  assert_string_equal(sdg_buf_str(&buf), "0");
  sdg_buf_clear(&buf);
  assert_string_equal(sdg_buf_str(&buf), "");
  sdg_buf_add_str(&buf, "again");
  assert_string_equal(sdg_buf_str(&buf), "again");
  sdg_buf_clear(&buf);
  sdg_buf_clear(&buf);
}

static void test_limit(void **state)
{
  sdg_buf buf;
  char *text = (char *)&buf;

  (void)state;
  sdg_buf_init(&buf, 4);
  sdg_buf_add_str(&buf, "abcd");
  assert_ok(sdg_buf_error(&buf));
  sdg_buf_add_byte(&buf, 'e');
  assert_err(STARDELEG_ERR_LIMIT, sdg_buf_error(&buf));
  /* the error sticks, even for what would fit */
  sdg_buf_truncate(&buf, 0);
  sdg_buf_add_byte(&buf, 'e');
  assert_null(sdg_buf_add_room(&buf, 0));
  assert_err(STARDELEG_ERR_LIMIT, sdg_buf_error(&buf));
  assert_err(STARDELEG_ERR_LIMIT, sdg_buf_take(&buf, &text, NULL));
  assert_ptr_equal(text, &buf);
  sdg_buf_reset(&buf);
  sdg_buf_add_str(&buf, "ab");
  assert_null(sdg_buf_add_room(&buf, SIZE_MAX));
  assert_err(STARDELEG_ERR_LIMIT, sdg_buf_error(&buf));
  sdg_buf_clear(&buf);
  assert_ok(sdg_buf_error(&buf));

  sdg_buf_init(&buf, 0);
  sdg_buf_add_str(&buf, "");
  assert_ok(sdg_buf_error(&buf));
  sdg_buf_add_byte(&buf, 'a');
  assert_err(STARDELEG_ERR_LIMIT, sdg_buf_error(&buf));
  sdg_buf_clear(&buf);

  sdg_buf_init(&buf, SIZE_MAX);
  sdg_buf_add_byte(&buf, 'a');
  assert_null(sdg_buf_add_room(&buf, SIZE_MAX - 1));
  assert_err(STARDELEG_ERR_LIMIT, sdg_buf_error(&buf));
  sdg_buf_clear(&buf);
}

static void test_growth(void **state)
{
  (void)state;
  for (int secret = 0; secret < 2; secret++) {
    sdg_buf buf;

    if (secret) {
      sdg_buf_init_secret(&buf, 10000);
    } else {
      sdg_buf_init(&buf, 10000);
    }
    for (size_t i = 0; i < 10000; i++) {
      sdg_buf_add_byte(&buf, (uint8_t)(i * 7));
      assert_int_equal(sdg_buf_str(&buf)[i + 1], 0);
    }
    assert_ok(sdg_buf_error(&buf));
    for (size_t i = 0; i < 10000; i++) {
      assert_int_equal(sdg_buf_bytes(&buf).base[i], (uint8_t)(i * 7));
    }
    sdg_buf_clear(&buf);
    assert_int_equal(buf.max, 10000);
    assert_int_equal(buf.secret, secret);
  }
}

static void test_secret_truncate_wipes(void **state)
{
  sdg_buf buf;

  (void)state;
  sdg_buf_init_secret(&buf, 100);
  sdg_buf_add_str(&buf, "secret");
  sdg_buf_truncate(&buf, 2);
  assert_memory_equal(buf.base, "se\0\0\0\0", 6);
  sdg_buf_reset(&buf);
  assert_memory_equal(buf.base, "\0\0\0\0\0\0", 6);
  sdg_buf_clear(&buf);
}

static void test_take_and_swap(void **state)
{
  sdg_buf a;
  sdg_buf b;
  char *text = NULL;
  size_t len = 99;

  (void)state;
  sdg_buf_init(&a, 10);
  sdg_buf_init(&b, 20);
  assert_ok(sdg_buf_take(&a, &text, &len));
  assert_string_equal(text, "");
  assert_int_equal(len, 0);
  free(text);
  sdg_buf_add(&a, "x\0y", 3);
  assert_ok(sdg_buf_take(&a, &text, &len));
  assert_int_equal(len, 3);
  assert_memory_equal(text, "x\0y", 4);
  free(text);
  assert_int_equal(sdg_buf_bytes(&a).len, 0);
  sdg_buf_add_str(&a, "0123456789");
  assert_ok(sdg_buf_take(&a, &text, NULL));
  assert_string_equal(text, "0123456789");
  free(text);
  sdg_buf_add_str(&a, "a");
  sdg_buf_add_str(&b, "b");
  sdg_buf_swap(&a, &b);
  assert_string_equal(sdg_buf_str(&a), "b");
  assert_string_equal(sdg_buf_str(&b), "a");
  assert_int_equal(a.max, 20);
  sdg_buf_clear(&a);
  sdg_buf_clear(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mem),
      cmocka_unit_test(test_strings),
      cmocka_unit_test(test_add),
      cmocka_unit_test(test_limit),
      cmocka_unit_test(test_growth),
      cmocka_unit_test(test_secret_truncate_wipes),
      cmocka_unit_test(test_take_and_swap),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
