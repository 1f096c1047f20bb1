/* SPDX-License-Identifier: Apache-2.0 */
/* sim/sim_clocks.c -- every process has a clock of its own that is wrong by up to ten minutes and is set, forward and
 * back, now and then (RFC 8739 4.1): the promises are the same. */
#include "support/test.h"

#include "sim/scenario.h"

#define NDCS 3u
#define DELEGATIONS 12u
#define DAYS 25
#define SEEDS (SIM_SCALE > 1u ? 1u : 5u)
#define SKEW_MAX (10 * SIM_MINUTE)

static void set_clock(sim_world *world, void *ctx, size_t number)
{
  sim_actor *actor = &world->actors[number];

  actor->skew_ms = sim_rng_between(&world->rng, -SKEW_MAX, SKEW_MAX);
  actor->runnable = true;
  sim_trace_event(world->trace, world->now, actor->name, "has its clock set: now off by %d ms", (int)actor->skew_ms);
  sim_world_at(world, world->now + sim_rng_between(&world->rng, SIM_HOUR, 3 * SIM_DAY), set_clock, ctx, number);
}

static void live_with_wrong_clocks(uint64_t seed)
{
  static const sim_lives lives = {DELEGATIONS, 6 * SIM_DAY, 400, (DAYS - 3) * SIM_DAY, 500};
  sim_setup setup = {0};
  sim_world *world;

  setup.seed = seed;
  setup.cheap = true;
  setup.faults = (sim_faults){20, 20, 10, 10, 10};
  sim_plan_ndcs(&setup, NDCS, 8 * 86400, 14 * 86400);
  world = sim_world_new(&setup);
  world->skew_max_ms = SKEW_MAX;
  for (size_t i = 0; i < world->actor_count; i++) {
    set_clock(world, NULL, i);
  }
  sim_plan_lives(world, &lives);
  for (int day = 1; day <= DAYS && !world->failed; day++) {
    sim_world_run(world, SIM_BEGIN + day * SIM_DAY);
    sim_watch_settle(world->watch, 36 * SIM_HOUR);
  }
  sim_tell(world, "clocks", seed);
  sim_world_end(world, "sim_clocks", seed);
}

static void promises_hold_by_wrong_clocks(void **state)
{
  (void)state;
  sim_each_seed(1, SEEDS, live_with_wrong_clocks);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(promises_hold_by_wrong_clocks)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
