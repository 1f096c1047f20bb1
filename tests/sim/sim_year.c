/* SPDX-License-Identifier: Apache-2.0 */
/* sim/sim_year.c -- a year of 1,000 delegations at three owners in a row, with and without auto-renewal: they begin and
 * end at random, their templates change, the network loses, doubles and breaks, processes die, and the CA is away for
 * hours and for days.  Whoever is answered once per half lifetime has a valid certificate at every instant. */
#include "support/test.h"

#include "sim/scenario.h"

#define NDCS 12u
/* Sanitizers make everything several times slower: there, fewer will do. */
#define DELEGATIONS sim_scaled(1000, 1000, 40)
#define DAYS 365
/* Less than half of the shortest lifetime, 4 days, by what retries cost. */
#define CA_OUTAGE_MAX (36 * SIM_HOUR)
#define IDO_OUTAGE_MAX (12 * SIM_HOUR)
/* Discovery, an outage of each, an order that is lost by it, and the pauses after all that. */
#define PATIENCE (5 * SIM_DAY)

static void plan_ndcs(sim_setup *setup)
{
  static const struct {
    size_t depth;
    bool plain;
    int64_t lifetime_days;
    unsigned weight;
  } table[NDCS] = {{1, false, 4, 3},   {1, false, 5, 3},   {1, false, 7, 6},   {1, false, 14, 20},
                   {1, false, 18, 20}, {1, false, 21, 20}, {1, false, 28, 20}, {1, true, 14, 5},
                   {1, true, 14, 5},   {2, false, 21, 4},  {3, false, 28, 2},  {2, true, 14, 2}};

  setup->ndc_count = NDCS;
  for (size_t i = 0; i < NDCS; i++) {
    sim_ndc_plan *plan = &setup->ndcs[i];

    plan->depth = table[i].depth;
    plan->plain = table[i].plain;
    plan->lifetime_s = table[i].lifetime_days * 86400;
    plan->lifetime_adjust_s = i % 4 == 2 ? plan->lifetime_s / 2 : 0;
    plan->order_duration_s = (60 + (int64_t)(i % 4) * 20) * 86400;
    plan->discovery_interval_s = 86400;
    plan->template_interval_s = 7 * 86400;
    plan->weight = table[i].weight;
  }
}

static void tune_ca(sim_actor *actor, stardeleg_ca_options *options)
{
  (void)actor;
  options->plain_lifetime_s = 30 * 86400;
}

/* --- What happens --- */

static void change(sim_world *world, void *ctx, size_t number)
{
  (void)ctx;
  if (number < sim_watch_count(world->watch)) {
    sim_change(world, number);
  }
}

static void plan_changes(sim_world *world)
{
  for (size_t i = 0; i < DELEGATIONS / 2; i++) {
    size_t number = (size_t)sim_rng_between(&world->rng, 0, (int64_t)DELEGATIONS - 1);

    sim_world_at(world, SIM_BEGIN + sim_rng_between(&world->rng, SIM_DAY, (DAYS - 5) * SIM_DAY), change, NULL, number);
  }
}

static void begin_dark(sim_world *world, void *ctx, size_t hours)
{
  (void)ctx;
  sim_trace_event(world->trace, world->now, "ca", "is away for %u hours", (unsigned)hours);
  sim_watch_dark(world->watch, world->now, world->now + (int64_t)hours * SIM_HOUR);
  sim_actor_stop(&world->actors[SIM_CA]);
}

static void end_dark(sim_world *world, void *ctx, size_t unused)
{
  (void)ctx;
  (void)unused;
  sim_actor_start(&world->actors[SIM_CA]);
}

/* Outages of the CA that are shorter than half of any lifetime, and two that are not. */
static void plan_outages(sim_world *world)
{
  static const struct {
    int day;
    size_t hours;
  } dark[] = {{120, 56}, {240, 64}};
  int day = 0;

  for (size_t i = 0; i <= sizeof(dark) / sizeof(dark[0]); i++) {
    bool is_last = i == sizeof(dark) / sizeof(dark[0]);
    stardeleg_time until = SIM_BEGIN + (is_last ? DAYS - 6 : dark[i].day - 4) * SIM_DAY;

    sim_plan_outages_from(world, SIM_CA, SIM_BEGIN + day * SIM_DAY, CA_OUTAGE_MAX, 18 * SIM_DAY, until);
    if (!is_last) {
      day = dark[i].day + (int)(dark[i].hours / 24) + 2;
      sim_world_at(world, SIM_BEGIN + dark[i].day * SIM_DAY, begin_dark, NULL, dark[i].hours);
      sim_world_at(world, SIM_BEGIN + dark[i].day * SIM_DAY + (int64_t)dark[i].hours * SIM_HOUR, end_dark, NULL, 0);
    }
  }
  for (size_t i = SIM_IDO; i < world->actor_count; i++) {
    sim_plan_outages(world, i, IDO_OUTAGE_MAX, 7 * SIM_DAY, SIM_BEGIN + (DAYS - 6) * SIM_DAY);
  }
}

/* --- The year --- */

static void live_a_year(uint64_t seed)
{
  const sim_lives lives = {DELEGATIONS, 330 * SIM_DAY, 900, (DAYS - 7) * SIM_DAY, 300};
  sim_setup setup = {0};
  sim_world *world;

  setup.seed = seed;
  setup.cheap = true;
  setup.ido_count = 3;
  setup.tune_ca = tune_ca;
  setup.faults = (sim_faults){10, 10, 10, 10, 10};
  plan_ndcs(&setup);
  world = sim_world_new(&setup);
  sim_plan_lives(world, &lives);
  plan_changes(world);
  plan_outages(world);
  for (int day = 1; day <= DAYS && !world->failed; day++) {
    sim_world_run(world, SIM_BEGIN + day * SIM_DAY);
    sim_watch_settle(world->watch, PATIENCE);
    if (day % 30 == 0 || day == DAYS) {
      sim_watch_audit(world->watch, PATIENCE);
    }
  }
  sim_tell(world, "year", seed);
  print_message("# %u lost their certificate while the CA was away for longer than half of its lifetime\n",
                sim_watch_lost(world->watch));
  sim_world_end(world, "sim_year", seed);
}

static void promises_hold_for_a_year(void **state)
{
  (void)state;
  sim_each_seed(1, 1, live_a_year);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(promises_hold_for_a_year)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
