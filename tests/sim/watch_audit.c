/* SPDX-License-Identifier: Apache-2.0 */
/* sim/watch_audit.c -- the owners' own books: the audit record and the CNAMEs. */
#include <stardeleg/ido_admin.h>

#include "sim/watch.h"
#include "support/test.h"

/* --- CNAMEs --- */

static size_t level_of(const sim_world *world, size_t ido)
{
  return ido == SIM_IDO ? 0 : ido - SIM_NDC - world->ndc_count + 1;
}

/* Processes only die between two calls, so each change is told exactly once. */
void sim_watch_cname(sim_watch *watch, size_t ido, const char *name, bool install)
{
  sim_world *world = sim_watch_world(watch);
  size_t level = level_of(world, ido);
  size_t number = sim_watch_find(watch, name);
  sim_delegation *d = number != SIM_NOBODY ? sim_watch_at(watch, number) : NULL;

  sim_trace_event(world->trace, world->now, world->actors[ido].name, "CNAME %s %s", install ? "add" : "remove", name);
  if (d == NULL) {
    sim_world_fail(world, "%s tells a CNAME that is nobody's: %s", world->actors[ido].name, name);
    return;
  }
  if (d->cname_told[level] == install) {
    sim_world_fail(world, "%s tells the CNAME %s twice", world->actors[ido].name, name);
  }
  d->cname_told[level] = install;
  d->cname_changes[level]++;
}

static void check_cnames(sim_watch *watch, int64_t patience_ms)
{
  sim_world *world = sim_watch_world(watch);

  for (size_t i = 0; i < sim_watch_count(watch); i++) {
    const sim_delegation *d = sim_watch_get(watch, i);

    for (size_t level = 0; level < d->depth; level++) {
      bool is_over = d->level_ended[level] && world->now - d->ended_at >= patience_ms + SIM_DAY;
      bool is_used = d->ended_at == STARDELEG_TIME_NEVER && d->first_at != STARDELEG_TIME_NONE;

      if ((is_over && d->cname_told[level]) || (is_used && !d->cname_told[level])) {
        sim_world_fail(world, "the CNAME of %s is %s at %s", d->id, is_over ? "still there" : "missing",
                       sim_ido(world, level)->name);
      }
    }
  }
}

/* --- The audit record --- */

typedef struct reading {
  sim_watch *watch;
  size_t level;
  uint8_t *keys_found; /* by delegation: the key in use is in the record */
} reading;

static const char *last_segment(const char *url)
{
  const char *slash = strrchr(url, '/');

  return slash != NULL ? slash + 1 : url;
}

static bool is_key(const sim_delegation *d, const char *hex)
{
  char text[3];

  if (strlen(hex) != 2 * sizeof(d->key)) {
    return false;
  }
  for (size_t i = 0; i < sizeof(d->key); i++) {
    (void)snprintf(text, sizeof(text), "%02x", d->key[i]);
    if (hex[2 * i] != text[0] || hex[2 * i + 1] != text[1]) {
      return false;
    }
  }
  return true;
}

static bool are_names(const sim_delegation *d, const char *names)
{
  size_t len = strlen(d->name);

  return strncmp(names, d->name, len) == 0 &&
         (names[len] == '\0' || (names[len] == ' ' && strcmp(names + len + 1, d->other) == 0));
}

static int read_event(void *ctx, const stardeleg_ido_event *event)
{
  reading *r = ctx;
  sim_world *world = sim_watch_world(r->watch);
  size_t number = sim_watch_find(r->watch, event->delegation);
  const sim_delegation *d = number != SIM_NOBODY ? sim_watch_get(r->watch, number) : NULL;
  sim_order *order;

  if (strcmp(event->event, "order-valid") != 0) {
    return 0;
  }
  order = sim_watch_find_cert(r->watch, last_segment(event->url));
  if (d == NULL || order == NULL || order->delegation != number || order->issued == 0 || !are_names(d, event->names)) {
    sim_world_fail(world, "%s records an order of %s that the CA knows nothing of", sim_ido(world, r->level)->name,
                   event->delegation);
    return 1;
  }
  order->audited = order->audited || r->level == 0;
  r->keys_found[number] |= is_key(d, event->key) ? 1 : 0;
  return 0;
}

static void read_record(sim_watch *watch, size_t level)
{
  sim_world *world = sim_watch_world(watch);
  stardeleg_ido_audit_query query = {.size = sizeof(query), .from = STARDELEG_TIME_NONE, .to = STARDELEG_TIME_NEVER};
  reading r = {watch, level, calloc(sim_watch_count(watch) + 1, 1)};

  if (r.keys_found == NULL) {
    abort();
  }
  assert_ok(stardeleg_ido_audit(sim_ido(world, level)->ido, &query, read_event, &r));
  for (size_t i = 0; i < sim_watch_count(watch) && !world->failed; i++) {
    const sim_delegation *d = sim_watch_get(watch, i);

    if (d->depth > level && d->certificates > 0 && r.keys_found[i] == 0) {
      sim_world_fail(world, "%s has no record of the key that %s is used with", sim_ido(world, level)->name, d->id);
    }
  }
  free(r.keys_found);
}

void sim_watch_audit(sim_watch *watch, int64_t patience_ms)
{
  sim_world *world = sim_watch_world(watch);

  for (size_t level = 0; sim_ido(world, level) < &world->actors[world->actor_count] && level < SIM_IDOS_MAX; level++) {
    if (sim_ido(world, level)->ido != NULL) {
      read_record(watch, level);
    }
  }
  for (size_t i = 0; i < sim_watch_order_count(watch) && sim_ido(world, 0)->ido != NULL; i++) {
    const sim_order *order = sim_watch_order(watch, i);

    /* One that was ended before its owner saw it become valid is cancelled instead. */
    if (order->issued > 0 && !order->audited && order->acked_at == STARDELEG_TIME_NEVER) {
      sim_world_fail(world, "order %s at the CA is not in its owner's record", order->id);
    }
  }
  check_cnames(watch, patience_ms);
}
