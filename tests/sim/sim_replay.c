/* SPDX-License-Identifier: Apache-2.0 */
/* sim/sim_replay.c -- the same seed gives the same world, event by event; another seed gives another.  Without this, no
 * failure of the others could be looked into. */
#include "support/test.h"

#include "sim/scenario.h"

#define DAYS 8

static uint64_t play(uint64_t seed, uint64_t *events)
{
  static const sim_lives lives = {6, SIM_DAY, 500, (DAYS - 1) * SIM_DAY, 500};
  stardeleg_time end = SIM_BEGIN + DAYS * SIM_DAY;
  sim_setup setup = {0};
  sim_world *world;
  uint64_t hash;

  setup.seed = seed;
  setup.faults = (sim_faults){50, 50, 30, 30, 30};
  sim_plan_ndcs(&setup, 2, 8 * 86400, 16 * 86400);
  world = sim_world_new(&setup);
  sim_plan_lives(world, &lives);
  sim_plan_outages(world, SIM_CA, SIM_HOUR, SIM_DAY, end);
  sim_plan_outages(world, SIM_IDO, SIM_HOUR, SIM_DAY, end);
  sim_plan_outages(world, SIM_NDC, SIM_HOUR, SIM_DAY, end);
  sim_world_run(world, end);
  hash = sim_trace_hash(world->trace);
  *events = sim_trace_count(world->trace);
  sim_world_end(world, "sim_replay", seed);
  return hash;
}

static void replay(uint64_t seed)
{
  uint64_t events[3];
  uint64_t first = play(seed, &events[0]);
  uint64_t second = play(seed, &events[1]);
  uint64_t other = play(seed + 1, &events[2]);

  assert_true(events[0] > 500);
  assert_int_equal(events[0], events[1]);
  assert_true(first == second);
  assert_true(first != other);
}

static void the_same_seed_is_the_same_world(void **state)
{
  (void)state;
  sim_each_seed(7, 1, replay);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_seed_is_the_same_world)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
