/* SPDX-License-Identifier: Apache-2.0 */
/* sim/sim_story.c -- 100 delegations at 8 NDCs over 90 days on a good network: every one has a valid certificate at
 * every instant of its life, across renewals and across the replacement of orders, and loses it in time after its end.
 */
#include "support/test.h"

#include "sim/scenario.h"

#define NDCS 8u
/* Sanitizers make everything several times slower, and so do slow backends: there, fewer will do. */
#define DELEGATIONS test_scale(sim_scaled(200, 100, 20), 8)
#define DAYS 90

/* An order is replaced in its last half, never for each certificate. */
static void check_thrift(sim_world *world)
{
  for (size_t i = 0; i < sim_watch_count(world->watch); i++) {
    const sim_delegation *d = sim_watch_get(world->watch, i);
    int64_t life = (d->ended_at < world->now ? d->ended_at : world->now) - d->added_at;
    int64_t half = world->actors[d->ndc].plan.order_duration_s * SIM_S / 2;

    if (d->orders > 1 + life / half) {
      sim_world_fail(world, "%s had %u orders in %d days", d->name, d->orders, (int)(life / SIM_DAY));
    }
  }
}

static void tell_story(uint64_t seed)
{
  const sim_lives lives = {DELEGATIONS, 30 * SIM_DAY, 500, (DAYS - 2) * SIM_DAY, 500};
  sim_setup setup = {0};
  sim_world *world;

  setup.seed = seed;
  sim_plan_ndcs(&setup, NDCS, 20 * 86400, 40 * 86400);
  world = sim_world_new(&setup);
  sim_plan_lives(world, &lives);
  for (int day = 1; day <= DAYS && !world->failed; day++) {
    sim_world_run(world, SIM_BEGIN + day * SIM_DAY);
    /* Discovery once a day at least, an order in a minute, a cancellation in seconds. */
    sim_watch_settle(world->watch, 25 * SIM_HOUR);
    check_thrift(world);
  }
  sim_tell(world, "story", seed);
  if (sim_watch_order_count(world->watch) < DELEGATIONS) {
    sim_world_fail(world, "not each delegation came to an order");
  }
  sim_world_end(world, "sim_story", seed);
}

static void every_life_is_covered(void **state)
{
  (void)state;
  sim_each_seed(1, 1, tell_story);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_life_is_covered)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
