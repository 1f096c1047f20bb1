/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_end.c -- ending a delegation (RFC 9115 2.3.6.1, 7.2): one write stops it, the engine carries it out. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/name.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"

#define SWEEP_PAGE 64u
/* Orders of an ending delegation report when they are done; this is for reports that got lost with their process. */
#define SWEEP_AGAIN (30 * SDG_TIME_S)

void sdg_ido_set_ended_problem(stardeleg_problem *problem)
{
  sdg_problem_set(problem, STARDELEG_ACME_UNKNOWN_DELEGATION, "the owner has ended the delegation");
}

/* --- The one write --- */

static stardeleg_err set_ending(stardeleg_ido *ido, const char *id, stardeleg_time now)
{
  sdg_ido_delegation_state state;
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_store_get(ido->options.store, "delegation", id, &record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_tree(&tree, &record);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_state(&state, tree);
  }
  if (err == STARDELEG_OK && state == SDG_DELEGATION_ACTIVE) {
    err = sdg_ido_delegation_put_state(ido->options.store, &record, SDG_DELEGATION_ENDING, now, 0);
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err stardeleg_ido_delegation_end(stardeleg_ido *ido, const char *id, stardeleg_time now)
{
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  if (ido == NULL || id == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (!sdg_store_name_is_valid(id)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = set_ending(ido, id, now);
  }
  if (err == STARDELEG_OK) {
    sdg_log(&ido->options.log, STARDELEG_LOG_INFO, "ido.delegation.ending", "delegation=%s", id);
    sdg_ido_work_waits(ido);
  }
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

/* --- Its orders --- */

/* Demands the end of one order; |*open| becomes true if that is still to be carried out. */
static stardeleg_err end_order(stardeleg_ido *ido, const char *id, stardeleg_time now, bool *open)
{
  stardeleg_problem problem;
  sdg_ido_order order;
  stardeleg_err err = sdg_ido_order_load(ido->options.store, id, &order);

  *open = false;
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  if (order.wire.status == SDG_ORDER_READY) {
    sdg_ido_set_ended_problem(&problem);
    err = sdg_ido_order_fail(&order, &problem);
    order.wire.expires = sdg_time_min(order.wire.expires, sdg_time_add(now, ido->options.order_grace_s * SDG_TIME_S));
    if (err == STARDELEG_OK) {
      err = sdg_ido_order_put(ido->options.store, &order, sdg_ido_order_due(ido, &order, now), false, NULL, NULL);
    }
  } else if (!sdg_ido_order_is_final(&order)) {
    *open = true;
    if (!order.cancel) {
      order.cancel = true;
      err = sdg_ido_order_put(ido->options.store, &order, now, false, NULL, NULL);
      if (err == STARDELEG_OK) {
        sdg_ido_jobs_changed(ido, id);
      }
    }
  }
  sdg_ido_order_clear(&order);
  return err;
}

typedef struct sweep {
  char ids[SWEEP_PAGE][SDG_ID_SIZE];
  size_t count;
  char last[SDG_ID_SIZE]; /* seen, whether kept or not */
  bool more;
  stardeleg_err err;
} sweep;

static int collect(void *ctx, const stardeleg_record *record)
{
  sweep *s = ctx;
  sdg_ido_order order;

  if (s->count == SWEEP_PAGE) {
    s->more = true;
    return 1;
  }
  s->err = sdg_ido_order_read(&order, record);
  if (s->err != STARDELEG_OK) {
    return 1;
  }
  (void)snprintf(s->last, sizeof(s->last), "%s", order.id);
  if (!sdg_ido_order_is_final(&order)) {
    (void)snprintf(s->ids[s->count++], SDG_ID_SIZE, "%s", order.id);
  }
  sdg_ido_order_clear(&order);
  return 0;
}

static stardeleg_err end_order_surely(stardeleg_ido *ido, const char *id, stardeleg_time now, bool *open)
{
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = end_order(ido, id, now, open);
  }
  if (err == STARDELEG_ERR_CONFLICT) {
    *open = true; /* next time */
    err = STARDELEG_OK;
  }
  return err;
}

/* Goes through all orders of the delegation. */
static stardeleg_err end_orders(stardeleg_ido *ido, const char *delegation, stardeleg_time now, size_t *left)
{
  sweep s;
  stardeleg_err err = STARDELEG_OK;

  *left = 0;
  memset(&s, 0, sizeof(s));
  do {
    s.count = 0;
    s.more = false;
    err = sdg_store_scan(ido->options.store, "order", delegation, s.last, SIZE_MAX, collect, &s);
    err = err == STARDELEG_OK ? s.err : err;
    for (size_t i = 0; err == STARDELEG_OK && i < s.count; i++) {
      bool open = false;

      err = end_order_surely(ido, s.ids[i], now, &open);
      *left += open ? 1 : 0;
    }
  } while (err == STARDELEG_OK && s.more);
  return err;
}

stardeleg_err sdg_ido_work_delegation(stardeleg_ido *ido, const stardeleg_record *record, stardeleg_time now)
{
  sdg_ido_delegation_state state;
  sdg_json *tree = NULL;
  size_t left = 0;
  stardeleg_err err = sdg_ido_delegation_tree(&tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_state(&state, tree);
  }
  sdg_json_free(tree);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (state != SDG_DELEGATION_ENDING) {
    return sdg_ido_delegation_put_state(ido->options.store, record, state, STARDELEG_TIME_NEVER, record->fence);
  }
  err = end_orders(ido, record->key, now, &left);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (left > 0) {
    return sdg_ido_delegation_put_state(ido->options.store, record, state, sdg_time_add(now, SWEEP_AGAIN),
                                        record->fence);
  }
  err = sdg_ido_delegation_put_state(ido->options.store, record, SDG_DELEGATION_ENDED, STARDELEG_TIME_NEVER,
                                     record->fence);
  if (err == STARDELEG_OK) {
    sdg_log(&ido->options.log, STARDELEG_LOG_INFO, "ido.delegation.ended", "delegation=%s", record->key);
  }
  return err;
}

void sdg_ido_nudge_delegation(stardeleg_ido *ido, const char *id, stardeleg_time now)
{
  sdg_ido_delegation_state state;
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_store_get(ido->options.store, "delegation", id, &record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_tree(&tree, &record);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_state(&state, tree);
  }
  if (err == STARDELEG_OK && state == SDG_DELEGATION_ENDING) {
    err = sdg_ido_delegation_put_state(ido->options.store, &record, state, now, 0);
  }
  if (err != STARDELEG_OK) {
    sdg_log(&ido->options.log, STARDELEG_LOG_DEBUG, "ido.delegation.later", "delegation=%s: %s", id,
            stardeleg_strerror(err));
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
}

/* --- Names in the owner's zone --- */

/* AMB-26: compared without the final dot and without case. */
static bool is_same_name(const char *fqdn, const char *identifier)
{
  stardeleg_bytes a = sdg_bytes_str(fqdn);
  stardeleg_bytes b = sdg_bytes_str(identifier);

  a.len -= a.len > 0 && a.base[a.len - 1] == '.' ? 1 : 0;
  b.len -= b.len > 0 && b.base[b.len - 1] == '.' ? 1 : 0;
  return sdg_name_equal_dns(a, b);
}

static void tell_cname(const stardeleg_ido *ido, const sdg_ido_order *order, const sdg_cname *cname, int install)
{
  for (size_t i = 0; i < order->wire.identifiers.count; i++) {
    const stardeleg_identifier *identifier = &order->wire.identifiers.items[i];

    if (strcmp(identifier->type, "dns") == 0 && is_same_name(cname->name, identifier->value)) {
      ido->options.on_cname(ido->options.on_cname_ctx, cname->name, cname->target, install);
      return;
    }
  }
}

stardeleg_err sdg_ido_tell_cnames(const stardeleg_ido *ido, const sdg_ido_order *order, int install)
{
  const sdg_ido_delegation *delegation = NULL;
  stardeleg_err err;

  if (ido->options.on_cname == NULL) {
    return STARDELEG_OK;
  }
  err = sdg_ido_delegations_get(ido->delegations, order->delegation, &delegation);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  for (size_t i = 0; i < delegation->cname_count; i++) {
    tell_cname(ido, order, &delegation->cnames[i], install);
  }
  sdg_ido_delegations_release(ido->delegations, delegation);
  return STARDELEG_OK;
}
