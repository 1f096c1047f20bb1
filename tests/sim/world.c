/* SPDX-License-Identifier: Apache-2.0 */
/* sim/world.c -- the loop: next event, next wish, never a clock. */
#include "sim/world.h"

#include <inttypes.h>

#include "sim/crypto.h"
#include "sim/watch.h"
#include "support/test.h"

/* So many steps without the clock going on are a loop. */
#define STEPS_AT_ONCE_MAX 20000u
/* So many exchanges of one engine at one moment, too. */
#define WISHES_MAX 5000u

void sim_world_fail(sim_world *world, const char *format, ...)
{
  va_list args;

  if (world->failed) {
    return;
  }
  world->failed = true;
  va_start(args, format);
  (void)vsnprintf(world->failure, sizeof(world->failure), format, args);
  va_end(args);
  sim_trace_event(world->trace, world->now, "WRONG", "%s", world->failure);
}

bool sim_world_enter(sim_world *world, bool library)
{
  bool before = world->in_library;

  world->in_library = library;
  if (world->on_library != NULL) {
    world->on_library(library);
  }
  return before;
}

/* --- The beginning and the end --- */

static void make_root(sim_world *world)
{
  assert_ok(stardeleg_key_generate(&world->root_key, world->crypto, STARDELEG_KEY_P256));
  assert_ok(stardeleg_ca_make_root(&world->root_pem, world->root_key, "sim root", SIM_BEGIN - SIM_DAY,
                                   SIM_BEGIN + 3650 * SIM_DAY));
}

/* External account bindings are handed over out of band. */
static void introduce(sim_world *world)
{
  size_t idos = world->actor_count - SIM_NDC - world->ndc_count + 1;

  sim_actor_start(&world->actors[SIM_CA]);
  assert_ok(stardeleg_ca_eab_add(world->actors[SIM_CA].ca, "ido", world->actors[SIM_IDO].mac_key, world->now));
  for (size_t level = 0; level < idos; level++) {
    sim_actor *ido = sim_ido(world, level);

    if (level > 0) {
      assert_ok(stardeleg_ido_ndc_add(world->actors[ido->upstream].ido, ido->name, ido->mac_key, world->now));
    }
    sim_actor_start(ido);
  }
  for (size_t i = SIM_NDC; i < SIM_NDC + world->ndc_count; i++) {
    sim_actor *ndc = &world->actors[i];

    assert_ok(stardeleg_ido_ndc_add(world->actors[ndc->upstream].ido, ndc->name, ndc->mac_key, world->now));
    sim_actor_start(ndc);
  }
}

sim_world *sim_world_new(const sim_setup *setup)
{
  sim_world *world = calloc(1, sizeof(*world));

  if (world == NULL) {
    abort();
  }
  world->now = SIM_BEGIN;
  world->setup = *setup;
  world->rng.state = setup->seed;
  world->faults = setup->faults;
  world->crypto = sim_crypto(setup->seed, setup->cheap);
  world->trace = sim_trace_new();
  world->watch = sim_watch_new(world);
  world->ndc_count = setup->ndc_count;
  world->actor_count = SIM_NDC + setup->ndc_count + (setup->ido_count > 1 ? setup->ido_count - 1 : 0);
  make_root(world);
  for (size_t i = 0; i < world->actor_count; i++) {
    sim_actor_init(world, i);
  }
  introduce(world);
  return world;
}

void sim_world_free(sim_world *world)
{
  sim_queue_clear(&world->queue);
  for (size_t i = world->actor_count; i-- > 0;) {
    sim_actor_clear(&world->actors[i]);
  }
  sim_watch_free(world->watch);
  sim_trace_free(world->trace);
  stardeleg_key_free(world->root_key);
  free(world->root_pem);
  free(world);
}

/* --- Engines --- */

static void run_engine(sim_world *world, sim_actor *actor)
{
  stardeleg_time now = sim_actor_now(actor);

  for (unsigned wishes = 0; wishes < WISHES_MAX; wishes++) {
    stardeleg_ask ask;
    bool before = sim_world_enter(world, true);
    stardeleg_err err = actor->engine->next(actor->engine->self, &ask, now);

    (void)sim_world_enter(world, before);
    if (err == STARDELEG_ERR_NOMEM && world->scarce) {
      actor->wake_at = world->now + SIM_S;
      return;
    }
    if (err != STARDELEG_OK) {
      sim_world_fail(world, "%s: next() fails: %s", actor->name, stardeleg_strerror(err));
      return;
    }
    if (ask.want == STARDELEG_WANT_WAIT) {
      actor->wake_at = ask.until == STARDELEG_TIME_NEVER ? ask.until : ask.until - actor->skew_ms;
      if (ask.until <= now) {
        sim_world_fail(world, "%s waits for a moment that is not in the future", actor->name);
      }
      return;
    }
    sim_network_send(world, actor, &ask);
  }
  sim_world_fail(world, "%s sends without end", actor->name);
}

/* An engine may give work to another by a callback, so this goes round until all rest. */
static void run_engines(sim_world *world)
{
  bool again = true;

  while (again && !world->failed) {
    again = false;
    for (size_t i = 0; i < world->actor_count && !world->failed; i++) {
      sim_actor *actor = &world->actors[i];

      if (actor->engine != NULL && (actor->runnable || actor->wake_at <= world->now)) {
        actor->runnable = false;
        run_engine(world, actor);
        again = true;
      }
    }
  }
}

/* --- The loop --- */

static stardeleg_time next_moment(const sim_world *world)
{
  const sim_event *event = sim_queue_first(&world->queue);
  stardeleg_time at = event != NULL ? event->at : STARDELEG_TIME_NEVER;

  for (size_t i = 0; i < world->actor_count; i++) {
    if (world->actors[i].engine != NULL && world->actors[i].wake_at < at) {
      at = world->actors[i].wake_at;
    }
  }
  return at;
}

/* Moves the clock.  What is valid must be so up to the last moment before it moves on. */
static void move_to(sim_world *world, stardeleg_time at)
{
  if (at <= world->now) {
    if (++world->steps_at_once > STEPS_AT_ONCE_MAX) {
      sim_world_fail(world, "the clock does not go on");
    }
    return;
  }
  world->steps_at_once = 0;
  world->now = at;
  sim_watch_moment(world->watch);
}

void sim_world_run(sim_world *world, stardeleg_time end)
{
  run_engines(world);
  while (!world->failed) {
    stardeleg_time at = next_moment(world);
    sim_event *event;

    if (at >= end) {
      move_to(world, end);
      return;
    }
    move_to(world, at);
    event = sim_queue_first(&world->queue);
    if (event != NULL && event->at <= world->now) {
      event = sim_queue_take(&world->queue);
      event->run(world, event);
    }
    run_engines(world);
    sim_watch_moment(world->watch);
  }
}

/* --- Scripts --- */

typedef struct script {
  sim_event event; /* first */
  sim_script_fn fn;
  void *ctx;
  size_t argument;
} script;

static void run_script(sim_world *world, sim_event *event)
{
  script *s = (script *)event;

  s->fn(world, s->ctx, s->argument);
  free(s);
}

static void drop_script(sim_event *event)
{
  free(event);
}

void sim_world_at(sim_world *world, stardeleg_time at, sim_script_fn fn, void *ctx, size_t argument)
{
  script *s = calloc(1, sizeof(*s));

  if (s == NULL) {
    abort();
  }
  *s = (script){{at, 0, run_script, drop_script}, fn, ctx, argument};
  sim_queue_put(&world->queue, &s->event);
}

void sim_world_end(sim_world *world, const char *scenario, uint64_t seed)
{
  bool failed = world->failed;
  char failure[sizeof(world->failure)];
  char path[512];

  memcpy(failure, world->failure, sizeof(failure));
  if (failed) {
    (void)snprintf(path, sizeof(path), "%s-%" PRIu64 ".trace", scenario, seed);
    sim_trace_dump(world->trace, 50, path);
  }
  sim_world_free(world);
  if (failed) {
    fail_msg("%s, SIM_SEED=%" PRIu64 ": %s", scenario, seed, failure);
  }
}
