/* SPDX-License-Identifier: Apache-2.0 */
/* torture/alloc_roles.c -- a delegation's life from the first request to the acknowledged end, with one allocation in
 * it that fails, for a sample of all there are: nobody crashes, nothing leaks (the sanitizers look), and the life goes
 * the way it always goes.
 *
 * TORTURE_AT=<number> runs that allocation alone, TORTURE_SEED=<number> another sample. */
#include "support/test.h"

#include "alloc.h"
#include "sim/scenario.h"

#define PATIENCE (25 * SIM_HOUR)
/* Each costs a life: sanitizers make them ten times slower. */
#define SAMPLES (SIM_SCALE > 1 ? 30u : 300u)

static void scope(bool inside)
{
  alloc_scope(inside);
}

/* Allocations counted. */
static size_t live(size_t at)
{
  sim_setup setup = {0};
  sim_world *world;
  size_t number;
  size_t total;

  setup.seed = 7;
  setup.ndc_count = 1;
  setup.ndcs[0].lifetime_s = 86400;
  setup.ndcs[0].order_duration_s = 8 * 86400;
  setup.ndcs[0].discovery_interval_s = 21600;
  setup.ndcs[0].check_chain = true;
  world = sim_world_new(&setup);
  world->on_library = scope;
  world->scarce = true;
  alloc_fail(at);
  number = sim_delegate(world, SIM_NDC);
  sim_world_run(world, SIM_BEGIN + 2 * SIM_DAY);
  sim_watch_settle(world->watch, PATIENCE);
  if (!world->failed) {
    sim_end(world, number);
    sim_world_run(world, SIM_BEGIN + 6 * SIM_DAY);
    sim_watch_settle(world->watch, PATIENCE);
  }
  total = alloc_counted();
  alloc_fail(0);
  if (sim_watch_get(world->watch, number)->orders == 0) {
    sim_world_fail(world, "there was no order");
  }
  if (world->failed) {
    (void)fprintf(stderr, "with allocation %zu failing:\n", at);
  }
  sim_world_end(world, "alloc_roles", at);
  return total;
}

static void one_failure_in_a_life(void **state)
{
  const char *only = getenv("TORTURE_AT");
  const char *seed = getenv("TORTURE_SEED");
  sim_rng rng = {seed != NULL ? strtoull(seed, NULL, 10) : 1};
  size_t total;
  size_t last = 0;

  (void)state;
  if (only != NULL) {
    (void)live((size_t)strtoull(only, NULL, 10));
    return;
  }
  total = live(0);
  assert_true(total > 1000);
  /* One out of each of as many stretches, the first ones shorter: that is where everything happens for the first time.
   */
  for (size_t i = 0; i < SAMPLES; i++) {
    size_t end = total * (i + 1) * (i + 1) / (SAMPLES * SAMPLES);

    end = end > last ? end : last + 1;
    (void)live((size_t)sim_rng_between(&rng, (int64_t)last + 1, (int64_t)end));
    last = end;
  }
  (void)printf("# %u of %zu allocations failed\n", (unsigned)SAMPLES, total);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_failure_in_a_life)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
