/* SPDX-License-Identifier: Apache-2.0 */
/* sim/owner.c -- what owners decide: to delegate, to change, to end; at each IdO on the way to the NDC. */
#include <stardeleg/ido_admin.h>

#include "sim/watch.h"
#include "support/test.h"

#define TEMPLATE_SIZE 480u
#define MAP_SIZE 160u

/* What an IdO that is down is told a minute later; the argument of scripts is a delegation and a level. */
#define ARGUMENT(number, level) ((number)*SIM_IDOS_MAX + (level))

static void write_template(char out[TEMPLATE_SIZE], const sim_delegation *d, bool both)
{
  static const char format[] =
      "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\","
      "\"SignatureType\":\"ecdsa-with-SHA256\"}],\"extensions\":{\"keyUsage\":[\"digitalSignature\"],"
      "\"extendedKeyUsage\":[\"serverAuth\"],\"subjectAltName\":{\"DNS\":[\"%s\"%s%s%s]}}}";

  (void)snprintf(out, TEMPLATE_SIZE, format, d->name, both ? ",\"" : "", both ? d->other : "", both ? "\"" : "");
}

static stardeleg_bytes text_bytes(const char *text)
{
  return (stardeleg_bytes){(const uint8_t *)text, strlen(text)};
}

/* --- Delegating --- */

static stardeleg_err add_at(sim_world *world, const sim_delegation *d, size_t level, stardeleg_problem *problem)
{
  sim_actor *owner = sim_ido(world, level);
  bool is_last = level + 1 == d->depth;
  stardeleg_ido_delegation delegation = {0};
  char tmpl[TEMPLATE_SIZE];
  char map[MAP_SIZE];
  char upstream[120];
  char id[65];

  write_template(tmpl, d, d->both);
  (void)snprintf(map, sizeof(map), "{\"%s.\":\"%s.at.%s.example.\"}", d->name, d->id, owner->name);
  (void)snprintf(upstream, sizeof(upstream), "%s/delegation/%s", world->actors[owner->upstream].base, d->id);
  delegation.size = sizeof(delegation);
  delegation.id = d->id;
  delegation.ndc = is_last ? world->actors[d->ndc].name : sim_ido(world, level + 1)->name;
  delegation.csr_template = text_bytes(tmpl);
  delegation.cname_map = text_bytes(world->setup.names_for > 1 ? "" : map); /* shared names have one place only */
  delegation.order_kinds = STARDELEG_IDO_STAR | STARDELEG_IDO_PLAIN;
  delegation.expires_at = STARDELEG_TIME_NEVER;
  delegation.upstream = level > 0 ? upstream : NULL;
  return stardeleg_ido_delegation_add(owner->ido, &delegation, id, sim_actor_now(owner), problem);
}

static void add(sim_world *world, void *ctx, size_t argument)
{
  size_t level = argument % SIM_IDOS_MAX;
  sim_delegation *d = sim_watch_at(world->watch, argument / SIM_IDOS_MAX);
  stardeleg_problem problem = {0};
  stardeleg_err err;

  if (sim_ido(world, level)->ido == NULL) {
    sim_world_at(world, world->now + SIM_MINUTE, add, ctx, argument);
    return;
  }
  sim_trace_event(world->trace, world->now, sim_ido(world, level)->name, "delegates %s to %s", d->name,
                  world->actors[d->ndc].name);
  err = add_at(world, d, level, &problem);
  if (err != STARDELEG_OK) {
    sim_world_fail(world, "delegation_add: %s, %s", stardeleg_strerror(err), problem.detail);
  }
  d->level_both[level] = d->both;
  if (level + 1 < d->depth) {
    add(world, ctx, argument + 1);
    return;
  }
  d->added = true;
  d->added_at = world->now;
}

static void name_it(const sim_world *world, sim_delegation *d, size_t number)
{
  size_t names_for = world->setup.names_for > 0 ? world->setup.names_for : 1;
  size_t domains = world->setup.domains > 0 ? world->setup.domains : 1;
  size_t first = number - number % names_for;
  unsigned domain = (unsigned)(first / names_for % domains);
  char suffix[24] = "customer.example";

  if (domains > 1) {
    (void)snprintf(suffix, sizeof(suffix), "owner%03u.example", domain % 1000u);
  }
  (void)snprintf(d->id, sizeof(d->id), "d%04u", (unsigned)(number % 10000));
  (void)snprintf(d->name, sizeof(d->name), "d%04u.%s", (unsigned)(first % 10000), suffix);
  (void)snprintf(d->other, sizeof(d->other), "d%04u-b.%s", (unsigned)(first % 10000), suffix);
}

size_t sim_delegate(sim_world *world, size_t ndc)
{
  size_t number = sim_watch_count(world->watch);
  sim_delegation *d = sim_watch_add(world->watch);

  name_it(world, d, number);
  d->ndc = ndc;
  d->depth = world->actors[ndc].plan.depth > 0 ? world->actors[ndc].plan.depth : 1;
  d->changed_at = STARDELEG_TIME_NONE;
  d->ended_at = STARDELEG_TIME_NEVER;
  d->acked_at = STARDELEG_TIME_NONE;
  d->told_at = STARDELEG_TIME_NONE;
  d->first_at = STARDELEG_TIME_NONE;
  d->not_after = STARDELEG_TIME_NONE;
  add(world, NULL, ARGUMENT(number, 0));
  return number;
}

/* --- Ending --- */

static void end_at(sim_world *world, void *ctx, size_t argument)
{
  size_t level = argument % SIM_IDOS_MAX;
  sim_delegation *d = sim_watch_at(world->watch, argument / SIM_IDOS_MAX);
  sim_actor *owner = sim_ido(world, level);
  stardeleg_err err;

  if (owner->ido == NULL || !d->added) {
    sim_world_at(world, world->now + SIM_MINUTE, end_at, ctx, argument);
    return;
  }
  sim_trace_event(world->trace, world->now, owner->name, "ends %s", d->id);
  err = stardeleg_ido_delegation_end(owner->ido, d->id, sim_actor_now(owner));
  if (err != STARDELEG_OK) {
    sim_world_fail(world, "delegation_end: %s", stardeleg_strerror(err));
  }
  d->level_ended[level] = true;
  if (level == 0) {
    d->ended_at = world->now;
  }
  if (level + 1 < d->depth) {
    sim_world_at(world, world->now + sim_rng_between(&world->rng, SIM_MINUTE, SIM_DAY / 2), end_at, ctx, argument + 1);
  }
}

void sim_end(sim_world *world, size_t number)
{
  end_at(world, NULL, ARGUMENT(number, 0));
}

/* --- Changing --- */

static void change_at(sim_world *world, void *ctx, size_t argument)
{
  size_t level = argument % SIM_IDOS_MAX;
  sim_delegation *d = sim_watch_at(world->watch, argument / SIM_IDOS_MAX);
  sim_actor *owner = sim_ido(world, level);
  stardeleg_ido_delegation change = {0};
  stardeleg_problem problem = {0};
  char tmpl[TEMPLATE_SIZE];
  stardeleg_err err;

  if (d->level_ended[level]) {
    return;
  }
  if (owner->ido == NULL || !d->added) {
    sim_world_at(world, world->now + SIM_MINUTE, change_at, ctx, argument);
    return;
  }
  write_template(tmpl, d, d->both);
  change.size = sizeof(change);
  change.csr_template = text_bytes(tmpl);
  sim_trace_event(world->trace, world->now, owner->name, "changes the template of %s", d->id);
  err = stardeleg_ido_delegation_change(owner->ido, d->id, &change, STARDELEG_IDO_TEMPLATE, sim_actor_now(owner),
                                        &problem);
  if (err != STARDELEG_OK) {
    sim_world_fail(world, "delegation_change: %s, %s", stardeleg_strerror(err), problem.detail);
  }
  d->level_both[level] = d->both;
}

void sim_change(sim_world *world, size_t number)
{
  sim_delegation *d = sim_watch_at(world->watch, number);

  if (d->ended_at != STARDELEG_TIME_NEVER) {
    return;
  }
  d->both = !d->both;
  d->changed_at = world->now;
  for (size_t level = 0; level < d->depth; level++) {
    change_at(world, NULL, ARGUMENT(number, level));
  }
}
