/* SPDX-License-Identifier: Apache-2.0 */
/* sim/scenario.c -- seeds, plans and lives. */
#include "sim/scenario.h"

#include <inttypes.h>

#include "base/bytes.h"
#include "support/test.h"

void sim_each_seed(uint64_t first, size_t count, void (*fn)(uint64_t seed))
{
  const char *text = getenv("SIM_SEED");

  uint64_t seed;

  if (text != NULL && sdg_bytes_to_uint(&seed, sdg_bytes_str(text), UINT64_MAX)) {
    fn(seed);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    fn(first + i);
  }
}

size_t sim_scaled(size_t full, size_t usual, size_t small)
{
  if (getenv("SIM_FULL") != NULL) {
    return full;
  }
  return SIM_SCALE > 1 ? small : usual;
}

/* --- NDCs --- */

void sim_plan_ndcs(sim_setup *setup, size_t count, int64_t duration_min_s, int64_t duration_max_s)
{
  sim_rng rng = {setup->seed ^ UINT64_C(0x4E444353)};

  setup->ndc_count = count;
  for (size_t i = 0; i < count; i++) {
    sim_ndc_plan *plan = &setup->ndcs[i];

    plan->lifetime_s = i == 0 ? 86400 : sim_rng_between(&rng, 86400, 7 * 86400);
    /* None, less and more than what the CA does by itself; one even beyond the lifetime. */
    plan->lifetime_adjust_s = i % 4 == 0 ? 0 : plan->lifetime_s * (int64_t)(i % 4) * 2 / 5;
    plan->order_duration_s = sim_rng_between(&rng, duration_min_s, duration_max_s);
    plan->discovery_interval_s = sim_rng_between(&rng, 12, 24) * 3600;
    plan->check_chain = !setup->cheap && i % 4 == 1;
  }
}

/* --- Lives --- */

static void announce(sim_world *world, size_t ndc)
{
  sim_actor *actor = &world->actors[ndc];

  if (actor->ndc != NULL) {
    stardeleg_ndc_discover(actor->ndc);
    actor->runnable = true;
  }
}

static void begin_life(sim_world *world, void *ctx, size_t ndc)
{
  (void)ctx;
  (void)sim_delegate(world, ndc);
}

static void begin_announced_life(sim_world *world, void *ctx, size_t ndc)
{
  (void)ctx;
  (void)sim_delegate(world, ndc);
  announce(world, ndc);
}

static void end_life(sim_world *world, void *ctx, size_t number)
{
  (void)ctx;
  sim_end(world, number);
}

static int compare_times(const void *a, const void *b)
{
  stardeleg_time left = *(const stardeleg_time *)a;
  stardeleg_time right = *(const stardeleg_time *)b;

  return left < right ? -1 : left > right;
}

static size_t choose_ndc(sim_world *world)
{
  const sim_ndc_plan *plans = world->setup.ndcs;
  int64_t total = 0;
  int64_t at;
  size_t i = 0;

  for (size_t k = 0; k < world->ndc_count; k++) {
    total += plans[k].weight > 0 ? plans[k].weight : 1;
  }
  at = sim_rng_between(&world->rng, 0, total - 1);
  for (; i + 1 < world->ndc_count && at >= (plans[i].weight > 0 ? plans[i].weight : 1); i++) {
    at -= plans[i].weight > 0 ? plans[i].weight : 1;
  }
  return SIM_NDC + i;
}

void sim_plan_lives(sim_world *world, const sim_lives *lives)
{
  stardeleg_time *begins = calloc(lives->count, sizeof(*begins));
  size_t first = sim_watch_count(world->watch);

  if (begins == NULL) {
    abort();
  }
  for (size_t i = 0; i < lives->count; i++) {
    begins[i] = world->now + sim_rng_between(&world->rng, 0, lives->begin_within_ms);
  }
  /* Delegations are numbered as they begin. */
  qsort(begins, lives->count, sizeof(*begins), compare_times);
  for (size_t i = 0; i < lives->count; i++) {
    size_t ndc = choose_ndc(world);
    bool announced = sim_rng_chance(&world->rng, lives->announced);

    sim_world_at(world, begins[i], announced ? begin_announced_life : begin_life, NULL, ndc);
    if (sim_rng_chance(&world->rng, lives->ended)) {
      sim_world_at(world, sim_rng_between(&world->rng, begins[i] + SIM_HOUR, world->now + lives->end_within_ms),
                   end_life, NULL, first + i);
    }
  }
  free(begins);
}

/* --- Outages --- */

static void cut(sim_world *world, void *ctx, size_t actor)
{
  (void)ctx;
  sim_trace_event(world->trace, world->now, world->actors[actor].name, "is cut off");
  world->actors[actor].unreachable = true;
}

static void mend(sim_world *world, void *ctx, size_t actor)
{
  (void)ctx;
  sim_trace_event(world->trace, world->now, world->actors[actor].name, "is reachable again");
  world->actors[actor].unreachable = false;
}

static void stop(sim_world *world, void *ctx, size_t actor)
{
  (void)ctx;
  sim_trace_event(world->trace, world->now, world->actors[actor].name, "stops");
  sim_actor_stop(&world->actors[actor]);
}

static void start(sim_world *world, void *ctx, size_t actor)
{
  (void)ctx;
  sim_actor_start(&world->actors[actor]);
}

static void restart(sim_world *world, void *ctx, size_t actor)
{
  (void)ctx;
  sim_actor_restart(&world->actors[actor]);
}

void sim_plan_outages(sim_world *world, size_t actor, int64_t longest_ms, int64_t pause_ms, stardeleg_time end)
{
  sim_plan_outages_from(world, actor, world->now, longest_ms, pause_ms, end);
}

void sim_plan_outages_from(sim_world *world, size_t actor, stardeleg_time begin, int64_t longest_ms, int64_t pause_ms,
                           stardeleg_time end)
{
  stardeleg_time at = begin;

  for (;;) {
    int64_t kind = sim_rng_between(&world->rng, 0, 2);
    int64_t lasts = sim_rng_between(&world->rng, SIM_MINUTE, longest_ms);

    at += sim_rng_between(&world->rng, pause_ms, 3 * pause_ms);
    if (at + lasts >= end) {
      return;
    }
    if (kind == 0) {
      sim_world_at(world, at, restart, NULL, actor);
      continue;
    }
    sim_world_at(world, at, kind == 1 ? cut : stop, NULL, actor);
    at += lasts;
    sim_world_at(world, at, kind == 1 ? mend : start, NULL, actor);
  }
}

void sim_tell(const sim_world *world, const char *scenario, uint64_t seed)
{
  unsigned certificates = 0;
  size_t ended = 0;

  for (size_t i = 0; i < sim_watch_count(world->watch); i++) {
    certificates += sim_watch_get(world->watch, i)->certificates;
    ended += sim_watch_get(world->watch, i)->ended_at != STARDELEG_TIME_NEVER ? 1 : 0;
  }
  print_message("# %s, seed %" PRIu64 ": %zu delegations (%zu ended), %zu orders, %u certificates taken, %" PRIu64
                " exchanges (%" PRIu64 " POST), %" PRIu64 " events, trace %016" PRIx64 "\n",
                scenario, seed, sim_watch_count(world->watch), ended, sim_watch_order_count(world->watch), certificates,
                world->exchanges, world->posts, sim_trace_count(world->trace), sim_trace_hash(world->trace));
}
