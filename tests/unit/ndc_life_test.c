/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_life_test.c -- from the directory to the end of a delegation. */
#include "support/ndc_world.h"

static ndc_world world;

static int setup(void **state)
{
  (void)state;
  world_init(&world);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  world_clear(&world);
  return 0;
}

/* STARDEL-2.2-08: successive certificates come from one order; STAR-3.5-05: soon after they are published. */
static void test_renews_within_one_order(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 0);
  assert_true(world_count(&world, STARDELEG_NDC_CERTIFICATE) >= 5);
  assert_int_equal(world.new_accounts, 1);
  assert_string_equal(world_state(&world, 0), "active");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_renews_within_one_order, setup, teardown),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
