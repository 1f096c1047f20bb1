/* SPDX-License-Identifier: Apache-2.0 */
/* sim/watch.c -- the referee's book of delegations, and the promises that are about time. */
#include "sim/watch.h"

#include "support/test.h"

struct sim_watch {
  sim_world *world;
  sim_delegation *delegations;
  size_t count;
  sim_order *orders;
  size_t order_count;
};

static void *grow(void *items, size_t count, size_t size)
{
  void *grown = items;

  /* Room for 16, 32, 64, ... */
  if (count == 0 || (count >= 16 && (count & (count - 1)) == 0)) {
    grown = realloc(items, (count == 0 ? 16 : count * 2) * size);
    if (grown == NULL) {
      abort();
    }
  }
  memset((char *)grown + count * size, 0, size);
  return grown;
}

sim_watch *sim_watch_new(sim_world *world)
{
  sim_watch *watch = calloc(1, sizeof(*watch));

  if (watch == NULL) {
    abort();
  }
  watch->world = world;
  return watch;
}

void sim_watch_free(sim_watch *watch)
{
  free(watch->delegations);
  free(watch->orders);
  free(watch);
}

size_t sim_watch_count(const sim_watch *watch)
{
  return watch->count;
}

const sim_delegation *sim_watch_get(const sim_watch *watch, size_t i)
{
  return &watch->delegations[i];
}

sim_delegation *sim_watch_at(sim_watch *watch, size_t i)
{
  return &watch->delegations[i];
}

size_t sim_watch_order_count(const sim_watch *watch)
{
  return watch->order_count;
}

const sim_order *sim_watch_order(const sim_watch *watch, size_t i)
{
  return &watch->orders[i];
}

sim_order *sim_watch_order_at(sim_watch *watch, size_t i)
{
  return &watch->orders[i];
}

sim_order *sim_watch_add_order(sim_watch *watch)
{
  watch->orders = grow(watch->orders, watch->order_count, sizeof(sim_order));
  return &watch->orders[watch->order_count++];
}

sim_world *sim_watch_world(sim_watch *watch)
{
  return watch->world;
}

size_t sim_watch_find(const sim_watch *watch, const char *text)
{
  size_t number = 0;

  if (text[0] != 'd') {
    return SIM_NOBODY;
  }
  for (size_t i = 1; i < 5; i++) {
    if (text[i] < '0' || text[i] > '9') {
      return SIM_NOBODY;
    }
    number = number * 10 + (size_t)(text[i] - '0');
  }
  return number < watch->count ? number : SIM_NOBODY;
}

/* --- The owner --- */

static void add(sim_world *world, void *ctx, size_t number)
{
  static const char format[] =
      "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\","
      "\"SignatureType\":\"ecdsa-with-SHA256\"}],\"extensions\":{\"keyUsage\":[\"digitalSignature\"],"
      "\"extendedKeyUsage\":[\"serverAuth\"],\"subjectAltName\":{\"DNS\":[\"%s\"]}}}";
  sim_delegation *d = sim_watch_at(world->watch, number);
  sim_actor *owner = &world->actors[SIM_IDO];
  stardeleg_ido_delegation delegation = {0};
  stardeleg_problem problem = {0};
  char tmpl[400];
  char id[65];
  stardeleg_err err;

  if (owner->ido == NULL) {
    sim_world_at(world, world->now + SIM_MINUTE, add, ctx, number);
    return;
  }
  (void)snprintf(tmpl, sizeof(tmpl), format, d->name);
  delegation.size = sizeof(delegation);
  delegation.id = d->id;
  delegation.ndc = world->actors[d->ndc].name;
  delegation.csr_template = (stardeleg_bytes){(const uint8_t *)tmpl, strlen(tmpl)};
  delegation.expires_at = STARDELEG_TIME_NEVER;
  err = stardeleg_ido_delegation_add(owner->ido, &delegation, id, sim_actor_now(owner), &problem);
  sim_trace_event(world->trace, world->now, "owner", "delegates %s to %s", d->name, world->actors[d->ndc].name);
  if (err != STARDELEG_OK) {
    sim_world_fail(world, "delegation_add: %s, %s", stardeleg_strerror(err), problem.detail);
  }
  d->added = true;
  d->added_at = world->now;
}

size_t sim_delegate(sim_world *world, size_t ndc)
{
  sim_watch *watch = world->watch;
  size_t number = watch->count;
  sim_delegation *d;

  watch->delegations = grow(watch->delegations, number, sizeof(sim_delegation));
  watch->count++;
  d = &watch->delegations[number];
  (void)snprintf(d->id, sizeof(d->id), "d%04zu", number % 10000);
  (void)snprintf(d->name, sizeof(d->name), "%s" SIM_NAME_SUFFIX, d->id);
  d->ndc = ndc;
  d->ended_at = STARDELEG_TIME_NEVER;
  d->acked_at = STARDELEG_TIME_NONE;
  d->told_at = STARDELEG_TIME_NONE;
  d->first_at = STARDELEG_TIME_NONE;
  d->not_after = STARDELEG_TIME_NONE;
  add(world, NULL, number);
  return number;
}

static void end_again(sim_world *world, void *ctx, size_t number)
{
  (void)ctx;
  sim_end(world, number);
}

void sim_end(sim_world *world, size_t number)
{
  sim_delegation *d = sim_watch_at(world->watch, number);
  sim_actor *owner = &world->actors[SIM_IDO];
  stardeleg_err err;

  if (owner->ido == NULL || !d->added) {
    sim_world_at(world, world->now + SIM_MINUTE, end_again, NULL, number);
    return;
  }
  sim_trace_event(world->trace, world->now, "owner", "ends %s", d->name);
  err = stardeleg_ido_delegation_end(owner->ido, d->id, sim_actor_now(owner));
  if (err != STARDELEG_OK) {
    sim_world_fail(world, "delegation_end: %s", stardeleg_strerror(err));
  }
  d->ended_at = world->now;
}

/* --- Time --- */

void sim_watch_moment(sim_watch *watch)
{
  stardeleg_time now = watch->world->now;

  for (size_t i = 0; i < watch->count; i++) {
    const sim_delegation *d = &watch->delegations[i];

    if (d->first_at != STARDELEG_TIME_NONE && d->ended_at == STARDELEG_TIME_NEVER &&
        (now + watch->world->skew_max_ms < d->not_before || now >= d->not_after)) {
      sim_world_fail(watch->world, "%s has no valid certificate", d->name);
    }
  }
}

static void settle_orders(sim_watch *watch, int64_t patience_ms)
{
  stardeleg_time now = watch->world->now;

  for (size_t i = 0; i < watch->order_count; i++) {
    const sim_order *order = &watch->orders[i];
    const sim_delegation *d = &watch->delegations[order->delegation];

    if (d->ended_at != STARDELEG_TIME_NEVER && now - d->ended_at >= patience_ms && order->issued > 0 &&
        order->acked_at == STARDELEG_TIME_NEVER && now < order->end_at) {
      sim_world_fail(watch->world, "%s has ended, but order %s goes on at the CA", d->name, order->id);
    }
  }
}

void sim_watch_settle(sim_watch *watch, int64_t patience_ms)
{
  stardeleg_time now = watch->world->now;

  settle_orders(watch, patience_ms);
  for (size_t i = 0; i < watch->count; i++) {
    const sim_delegation *d = &watch->delegations[i];
    bool ended = d->ended_at != STARDELEG_TIME_NEVER;

    if (d->added && !ended && d->first_at == STARDELEG_TIME_NONE && now - d->added_at >= patience_ms) {
      sim_world_fail(watch->world, "%s never got a certificate", d->name);
    }
    if (!ended || d->first_at == STARDELEG_TIME_NONE) {
      continue;
    }
    if (d->told_at == STARDELEG_TIME_NONE && now - d->not_after >= patience_ms && now - d->ended_at >= patience_ms) {
      sim_world_fail(watch->world, "the NDC was never told of the end of %s", d->name);
    }
    /* RFC 8739 3.5: nothing is valid for longer than lifetime and adjustment, at most twice the lifetime. */
    if (d->acked_at != STARDELEG_TIME_NONE &&
        d->not_after > d->acked_at + 2 * watch->world->actors[d->ndc].plan.lifetime_s * SIM_S) {
      sim_world_fail(watch->world, "the last certificate of %s outlives its cancellation by too much", d->name);
    }
  }
}
