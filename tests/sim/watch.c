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
  sim_names order_ids;
  sim_names cert_ids;
  stardeleg_time next_loss; /* no certificate in use runs out before */
  stardeleg_time dark_from;
  stardeleg_time dark_until;
  unsigned lost;
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
  watch->next_loss = STARDELEG_TIME_NEVER;
  watch->dark_from = STARDELEG_TIME_NEVER;
  watch->dark_until = STARDELEG_TIME_NONE;
  return watch;
}

void sim_watch_free(sim_watch *watch)
{
  free(watch->delegations);
  free(watch->orders);
  sim_names_clear(&watch->order_ids);
  sim_names_clear(&watch->cert_ids);
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

sim_delegation *sim_watch_add(sim_watch *watch)
{
  watch->delegations = grow(watch->delegations, watch->count, sizeof(sim_delegation));
  return &watch->delegations[watch->count++];
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

sim_order *sim_watch_add_order(sim_watch *watch, const char *id)
{
  sim_order *order;

  watch->orders = grow(watch->orders, watch->order_count, sizeof(sim_order));
  order = &watch->orders[watch->order_count];
  (void)snprintf(order->id, sizeof(order->id), "%.64s", id);
  sim_names_put(&watch->order_ids, order->id, watch->order_count++);
  return order;
}

sim_order *sim_watch_find_order(sim_watch *watch, const char *id)
{
  size_t number = sim_names_get(&watch->order_ids, id);

  return number == SIM_NOBODY ? NULL : &watch->orders[number];
}

sim_order *sim_watch_find_cert(sim_watch *watch, const char *cert)
{
  size_t number = sim_names_get(&watch->cert_ids, cert);

  return number == SIM_NOBODY ? NULL : &watch->orders[number];
}

void sim_watch_set_cert(sim_watch *watch, sim_order *order, const char *cert)
{
  if (strcmp(order->cert, cert) != 0) {
    (void)snprintf(order->cert, sizeof(order->cert), "%.64s", cert);
    sim_names_put(&watch->cert_ids, order->cert, (size_t)(order - watch->orders));
  }
}

unsigned sim_watch_lost(const sim_watch *watch)
{
  return watch->lost;
}

void sim_watch_expect(sim_watch *watch, stardeleg_time at)
{
  watch->next_loss = at < watch->next_loss ? at : watch->next_loss;
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

/* --- Time --- */

void sim_watch_dark(sim_watch *watch, stardeleg_time from, stardeleg_time until)
{
  watch->dark_from = from;
  watch->dark_until = until;
}

/* An order for the next certificate, or a GET, was due in the dark and failed; a pause after failures is an hour at
 * most. */
static bool is_excused(const sim_watch *watch, const sim_delegation *d)
{
  stardeleg_time now = watch->world->now;
  int64_t half = watch->world->actors[d->ndc].plan.lifetime_s * SIM_S / 2;

  return now >= watch->dark_from && now <= watch->dark_until + 2 * SIM_HOUR &&
         watch->dark_until - watch->dark_from + 2 * SIM_HOUR >= half;
}

static void lose(sim_watch *watch, sim_delegation *d)
{
  if (!is_excused(watch, d)) {
    sim_world_fail(watch->world, "%s has no valid certificate", d->name);
    return;
  }
  sim_trace_event(watch->world->trace, watch->world->now, "owner", "%s loses its certificate in the dark", d->name);
  watch->lost++;
  d->first_at = STARDELEG_TIME_NONE;
  d->added_at = watch->dark_until;
}

void sim_watch_moment(sim_watch *watch)
{
  stardeleg_time now = watch->world->now;

  if (now < watch->next_loss) {
    return;
  }
  watch->next_loss = STARDELEG_TIME_NEVER;
  for (size_t i = 0; i < watch->count; i++) {
    sim_delegation *d = &watch->delegations[i];

    if (d->first_at == STARDELEG_TIME_NONE || d->ended_at != STARDELEG_TIME_NEVER) {
      continue;
    }
    if (now >= d->not_after) {
      lose(watch, d);
    } else {
      sim_watch_expect(watch, d->not_after);
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

/* A changed template is only noticed when the NDC next looks at it; and nothing is ordered in the dark. */
static int64_t patience_of(const sim_watch *watch, const sim_delegation *d, int64_t patience_ms)
{
  int64_t look_s = watch->world->actors[d->ndc].plan.template_interval_s;
  int64_t dark = watch->dark_until > d->changed_at ? watch->dark_until - watch->dark_from : 0;

  return patience_ms + (look_s > 0 ? look_s : 86400) * SIM_S + dark;
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
    if (!ended && d->first_at != STARDELEG_TIME_NONE && d->changed_at != STARDELEG_TIME_NONE &&
        now - d->changed_at >= patience_of(watch, d, patience_ms) && d->has_both != d->both) {
      sim_world_fail(watch->world, "%s has not followed its template", d->name);
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
