/* SPDX-License-Identifier: Apache-2.0 */
/* sim/sim_faults.c -- 20 delegations over 30 days on a bad network, with processes that die, for many seeds: the
 * promises are the same as on a good one. */
#include "support/test.h"

#include "sim/scenario.h"

#define NDCS 4u
#define DELEGATIONS 20u
#define DAYS 30
#define SEEDS (20u / SIM_SCALE)
/* A quarter of the shortest lifetime there is. */
#define OUTAGE_MAX (6 * SIM_HOUR)
/* Discovery, an outage of each, an order that is lost by it, and the pauses after all that. */
#define PATIENCE (48 * SIM_HOUR)

static void suffer(uint64_t seed)
{
  static const sim_lives lives = {DELEGATIONS, 12 * SIM_DAY, 500, (DAYS - 4) * SIM_DAY, 500};
  stardeleg_time end = SIM_BEGIN + DAYS * SIM_DAY;
  sim_setup setup = {0};
  sim_world *world;

  setup.seed = seed;
  setup.cheap = true;
  setup.faults = (sim_faults){50, 50, 30, 30, 30};
  sim_plan_ndcs(&setup, NDCS, 8 * 86400, 16 * 86400);
  world = sim_world_new(&setup);
  sim_plan_lives(world, &lives);
  sim_plan_outages(world, SIM_CA, OUTAGE_MAX, SIM_DAY, end);
  sim_plan_outages(world, SIM_IDO, OUTAGE_MAX, SIM_DAY, end);
  for (size_t i = 0; i < NDCS; i++) {
    sim_plan_outages(world, SIM_NDC + i, SIM_HOUR, 2 * SIM_DAY, end);
  }
  for (int day = 1; day <= DAYS && !world->failed; day++) {
    sim_world_run(world, SIM_BEGIN + day * SIM_DAY);
    sim_watch_settle(world->watch, PATIENCE);
  }
  sim_tell(world, "faults", seed);
  sim_world_end(world, "sim_faults", seed);
}

static void promises_hold_on_a_bad_network(void **state)
{
  (void)state;
  sim_each_seed(1, SEEDS, suffer);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(promises_hold_on_a_bad_network)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
