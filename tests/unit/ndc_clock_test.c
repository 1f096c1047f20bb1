/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_clock_test.c -- a wrong clock: nothing is dropped, nothing is ordered anew, and all is well when it is right
 * again. |world.now| is the true time; the delegate's own clock is off by |client_ahead_ms|. */
#include "support/ndc_story.h"

#include "base/bytes.h"

#define YEAR (365 * WORLD_DAY)

static int setup(void **state)
{
  (void)state;
  world_init(&world);
  world.dates = true;
  return 0;
}

/* A clock that jumps far away for a day, at a moment when a certificate is in use, and comes back. */
static void test_jumps(void **state)
{
  static const int64_t jumps[] = {10 * YEAR,       YEAR,      40 * WORLD_DAY, 3 * 3600000, -3 * 3600000,
                                  -40 * WORLD_DAY, -20 * YEAR};

  (void)state;
  for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY);
    world.client_ahead_ms = jumps[i];
    world_run(&world, WORLD_EPOCH + 6 * WORLD_DAY);
    world.client_ahead_ms = 0;
    world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
    assert_int_equal(world.order_count, 1);
    assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 0);
    assert_string_equal(world_state(&world, 0), "active");
    assert_never_without();
  }
}

/* A clock that is wrong from the beginning and for good: the IdO's time is gone by. */
static void test_always_wrong(void **state)
{
  static const int64_t offsets[] = {YEAR, -YEAR, 2 * WORLD_DAY, -2 * WORLD_DAY, 600000, -600000};

  (void)state;
  for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    world.client_ahead_ms = offsets[i];
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 50 * WORLD_DAY);
    assert_in_range(world.order_count, 2, 3); /* orders of thirty days, as ever */
    assert_never_without();
  }
}

/* The same for plain certificates. */
static void test_plain(void **state)
{
  static const int64_t jumps[] = {YEAR, -YEAR};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    world.options.mode = STARDELEG_NDC_MODE_PLAIN;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY);
    world.client_ahead_ms = jumps[i];
    world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
    world.client_ahead_ms = 0;
    world_run(&world, WORLD_EPOCH + 50 * WORLD_DAY);
    assert_int_equal(world.order_count, 1);
    world_run(&world, WORLD_EPOCH + 65 * WORLD_DAY);
    assert_int_equal(world.order_count, 2);
  }
}

/* The IdO's clock is the wrong one: the CA's agrees with ours, so ours counts. */
static void test_wrong_ido(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  world.ido_ahead_ms = YEAR;
  world_run(&world, WORLD_EPOCH + 12 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  world.ido_ahead_ms = -YEAR;
  world_run(&world, WORLD_EPOCH + 50 * WORLD_DAY);
  assert_in_range(world.order_count, 2, 3);
  assert_never_without();
}

/* Restarted while the clock is far ahead and nobody can be asked: what is stored is not thrown away. */
static void lose_all(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  (void)url;
  if (w->mode != 0) {
    reply->status = 0;
  }
}

static void test_restart_far_ahead(void **state)
{
  (void)state;
  world.bend = lose_all;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY);
  world_stop(&world);
  world.mode = 1;
  world.client_ahead_ms = 10 * YEAR;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY + 6 * 3600000);
  world.client_ahead_ms = 0;
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + 12 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  assert_never_without();
  /* and once more, over a restart with the right clock: nothing written down in the future holds it up */
  world_stop(&world);
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  assert_never_without();
}

static void refuse_orders(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode != 0 && strcmp(url, "https://ido.example/new-order") == 0) {
    world_problem(reply, 403, "unauthorized");
  }
}

/* Pauses and dates written down by a clock that was years ahead, read after a restart with the right one. */
static void test_restart_with_the_right_clock(void **state)
{
  (void)state;
  world.dates = false; /* nobody tells the delegate */
  world.client_ahead_ms = 10 * YEAR;
  world.bend = refuse_orders;
  world.mode = 1;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(certificates(), 0);
  assert_true(world_count(&world, STARDELEG_NDC_FAILED) > 3);
  world_stop(&world);
  world.client_ahead_ms = 0;
  world.mode = 0;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY + 3600000);
  assert_int_equal(certificates(), 1);
}

/* --- Not valid yet --- */

static void in_two_days(ndc_world *w, test_leaf *leaf, const test_root **root)
{
  (void)root;
  if (w->mode == 1) {
    leaf->not_before = WORLD_EPOCH + 2 * WORLD_DAY;
  }
}

/* A certificate that begins in two days is waited for, and told about; the order is not given up. */
static void test_far_early(void **state)
{
  (void)state;
  world.dates = false;
  world.forge = in_two_days;
  world.mode = 1;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY - 1000);
  assert_int_equal(certificates(), 0);
  assert_int_equal(world.order_count, 1);
  assert_non_null(strstr(world_last(&world, STARDELEG_NDC_FAILED)->detail, "not valid yet"));
  assert_true(world.gets < 60); /* looked at again every hour */
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY + 1000);
  assert_int_equal(certificates(), 1);
  assert_int_equal(world.order_count, 1);
}

#define CLOCK(test) cmocka_unit_test_setup_teardown(test, setup, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CLOCK(test_jumps),
      CLOCK(test_always_wrong),
      CLOCK(test_plain),
      CLOCK(test_wrong_ido),
      CLOCK(test_restart_far_ahead),
      CLOCK(test_restart_with_the_right_clock),
      CLOCK(test_far_early),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
