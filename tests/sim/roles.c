/* SPDX-License-Identifier: Apache-2.0 */
/* sim/roles.c -- starting and stopping the three roles on stores that outlive them. */
#include <inttypes.h>

#include "sim/watch.h"
#include "sim/world.h"
#include "support/test.h"

static void write_log(void *ctx, stardeleg_log_level level, const char *event, const char *text)
{
  sim_actor *actor = ctx;
  char line[400];
  bool before = sim_world_enter(actor->world, false);

  (void)level;
  (void)snprintf(line, sizeof(line), "%s: %s", event, text);
  sim_trace_note(actor->world->trace, actor->world->now, actor->name, line);
  sim_watch_log(actor->world->watch, actor->index, event, text);
  if (actor->world->on_log != NULL) {
    actor->world->on_log(actor->world, actor->index, event, text);
  }
  (void)sim_world_enter(actor->world, before);
}

static void wake(void *ctx)
{
  sim_actor *actor = ctx;

  actor->runnable = true;
}

sim_actor *sim_ido(sim_world *world, size_t level)
{
  return &world->actors[level == 0 ? SIM_IDO : SIM_NDC + world->ndc_count + level - 1];
}

/* Who it is and whose client. */
static void set_place(sim_world *world, sim_actor *actor)
{
  size_t more = SIM_NDC + world->ndc_count;
  char name[sizeof(actor->name)];

  if (actor->index == SIM_CA || actor->index == SIM_IDO) {
    (void)snprintf(actor->name, sizeof(actor->name), "%s", actor->index == SIM_CA ? "ca" : "ido");
    actor->upstream = actor->index == SIM_CA ? SIM_NOBODY : SIM_CA;
  } else if (actor->index >= more) {
    (void)snprintf(actor->name, sizeof(actor->name), "ido%u", (unsigned)(actor->index - more) % 10u + 2);
    actor->upstream = (size_t)(sim_ido(world, actor->index - more) - world->actors);
  } else {
    (void)snprintf(actor->name, sizeof(actor->name), "ndc%u", (unsigned)(actor->index - SIM_NDC) % 100u);
    actor->plan = world->setup.ndcs[actor->index - SIM_NDC];
    actor->upstream = (size_t)(sim_ido(world, actor->plan.depth > 0 ? actor->plan.depth - 1 : 0) - world->actors);
    return;
  }
  memcpy(name, actor->name, sizeof(name));
  (void)snprintf(actor->base, sizeof(actor->base), "https://%s.example/acme", name);
}

void sim_actor_init(sim_world *world, size_t index)
{
  sim_actor *actor = &world->actors[index];

  actor->world = world;
  actor->index = index;
  set_place(world, actor);
  assert_ok(stardeleg_store_memory_new(&actor->store));
  assert_ok(stardeleg_secrets_memory_new(&actor->secrets));
}

void sim_actor_clear(sim_actor *actor)
{
  sim_actor_stop(actor);
  stardeleg_store_free(actor->store);
  stardeleg_secrets_free(actor->secrets);
}

/* --- The roles --- */

static stardeleg_err start_ca(sim_actor *actor, stardeleg_problem *problem)
{
  const sim_world *world = actor->world;
  stardeleg_ca_options options;

  stardeleg_ca_options_default(&options);
  options.crypto = world->crypto;
  options.store = actor->store;
  options.secrets = actor->secrets;
  options.base_url = actor->base;
  options.issuer_chain_pem = (stardeleg_bytes){(const uint8_t *)world->root_pem, strlen(world->root_pem)};
  options.issuer_key = world->root_key;
  options.eab_required = 1;
  options.on_work = wake;
  options.on_work_ctx = actor;
  options.log = (stardeleg_log){write_log, actor};
  options.poll_ms = 0;
  if (world->setup.tune_ca != NULL) {
    world->setup.tune_ca(actor, &options);
  }
  return stardeleg_ca_new(&actor->ca, &options, problem);
}

static void write_directory(char *out, size_t size, const sim_actor *actor)
{
  (void)snprintf(out, size, "%s/directory", actor->world->actors[actor->upstream].base);
}

static void tell_cname(void *ctx, const char *name, const char *target, int install)
{
  sim_actor *actor = ctx;
  bool before = sim_world_enter(actor->world, false);

  (void)target;
  sim_watch_cname(actor->world->watch, actor->index, name, install != 0);
  (void)sim_world_enter(actor->world, before);
}

static stardeleg_err start_ido(sim_actor *actor, stardeleg_problem *problem)
{
  static const char *const contacts[] = {"mailto:owner@ido.example", NULL};
  stardeleg_issuer_options issuer = {0};
  stardeleg_ido_options options;
  char directory[80];
  char aliases[80]; /* what add_at() has for the level above */
  const char *const alias_names[] = {aliases, NULL};

  write_directory(directory, sizeof(directory), actor);
  (void)snprintf(aliases, sizeof(aliases), "*.at.%s.example", actor->world->actors[actor->upstream].name);
  issuer.size = sizeof(issuer);
  issuer.name = "simca";
  issuer.alias_names = alias_names;
  issuer.kind = actor->index == SIM_IDO ? "star" : "proxy";
  issuer.directory_url = directory;
  issuer.contacts = contacts;
  issuer.terms_agreed = 1;
  issuer.eab_key_id = actor->name;
  issuer.eab_mac_key = actor->mac_key;
  stardeleg_ido_options_default(&options);
  options.crypto = actor->world->crypto;
  options.store = actor->store;
  options.secrets = actor->secrets;
  options.base_url = actor->base;
  options.issuers = &issuer;
  options.issuer_count = 1;
  options.on_work = wake;
  options.on_work_ctx = actor;
  options.log = (stardeleg_log){write_log, actor};
  options.poll_ms = 0;
  options.on_cname = tell_cname;
  options.on_cname_ctx = actor;
  if (actor->world->setup.tune_ido != NULL) {
    actor->world->setup.tune_ido(actor, &options, &issuer);
  }
  return stardeleg_ido_new(&actor->ido, &options, problem);
}

static int take_event(void *ctx, const stardeleg_ndc_event *event)
{
  sim_actor *actor = ctx;
  bool before = sim_world_enter(actor->world, false);
  int rv = sim_watch_ndc_event(actor->world->watch, actor->index, event);

  (void)sim_world_enter(actor->world, before);
  return rv;
}

static stardeleg_err start_ndc(sim_actor *actor, stardeleg_problem *problem)
{
  const sim_world *world = actor->world;
  stardeleg_ndc_options options;
  char directory[80];

  write_directory(directory, sizeof(directory), actor);
  stardeleg_ndc_options_default(&options);
  options.crypto = world->crypto;
  options.store = actor->store;
  options.secrets = actor->secrets;
  options.directory_url = directory;
  options.terms_agreed = 1;
  options.eab_key_id = actor->name;
  options.eab_mac_key = actor->mac_key;
  options.lifetime_s = actor->plan.lifetime_s;
  options.lifetime_adjust_s = actor->plan.lifetime_adjust_s;
  options.order_duration_s = actor->plan.order_duration_s;
  options.discovery_interval_s = actor->plan.discovery_interval_s;
  options.mode = actor->plan.plain ? STARDELEG_NDC_MODE_PLAIN : STARDELEG_NDC_MODE_STAR;
  if (actor->plan.template_interval_s > 0) {
    options.template_interval_s = actor->plan.template_interval_s;
  }
  if (actor->plan.check_chain) {
    options.roots_pem = (stardeleg_bytes){(const uint8_t *)world->root_pem, strlen(world->root_pem)};
  }
  options.on_event = take_event;
  options.on_event_ctx = actor;
  options.log = (stardeleg_log){write_log, actor};
  return stardeleg_ndc_new(&actor->ndc, &options, problem);
}

stardeleg_time sim_actor_now(const sim_actor *actor)
{
  return actor->world->now + actor->skew_ms;
}

void sim_actor_start(sim_actor *actor)
{
  stardeleg_problem problem = {0};
  stardeleg_err err;

  actor->life++;
  actor->wake_at = actor->world->now;
  sim_trace_event(actor->world->trace, actor->world->now, actor->name, "starts");
  if (actor->index == SIM_CA) {
    err = start_ca(actor, &problem);
    actor->engine = err == STARDELEG_OK ? stardeleg_ca_engine(actor->ca) : NULL;
  } else if (actor->base[0] != '\0') {
    err = start_ido(actor, &problem);
    actor->engine = err == STARDELEG_OK ? stardeleg_ido_engine(actor->ido) : NULL;
  } else {
    err = start_ndc(actor, &problem);
    actor->engine = err == STARDELEG_OK ? stardeleg_ndc_engine(actor->ndc) : NULL;
  }
  if (err != STARDELEG_OK) {
    sim_world_fail(actor->world, "%s does not start: %s, %s", actor->name, stardeleg_strerror(err), problem.detail);
  }
}

void sim_actor_stop(sim_actor *actor)
{
  stardeleg_ca_free(actor->ca);
  stardeleg_ido_free(actor->ido);
  stardeleg_ndc_free(actor->ndc);
  actor->ca = NULL;
  actor->ido = NULL;
  actor->ndc = NULL;
  actor->engine = NULL;
  actor->life++;
}

void sim_actor_restart(sim_actor *actor)
{
  sim_trace_event(actor->world->trace, actor->world->now, actor->name, "is killed");
  sim_actor_stop(actor);
  sim_actor_start(actor);
}
