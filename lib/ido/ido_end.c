/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_end.c -- ending a delegation (RFC 9115 2.3.6.1, 7.2): one write stops it, the engine carries it out. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
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

static stardeleg_err read_state(const stardeleg_record *record, sdg_ido_delegation_state *state)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ido_delegation_tree(&tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_state(state, tree);
  }
  sdg_json_free(tree);
  return err;
}

/* If the delegation is in the state |from|, it goes into |to|, and is due now. */
static stardeleg_err move_state(stardeleg_ido *ido, const char *id, sdg_ido_delegation_state from,
                                sdg_ido_delegation_state to, const char *by, stardeleg_time now)
{
  sdg_ido_delegation_move move = {.state = to, .due = now, .by = by, .now = now};
  sdg_ido_delegation_state state;
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ido->options.store, "delegation", id, &record);

  if (err == STARDELEG_OK) {
    err = read_state(&record, &state);
  }
  if (err == STARDELEG_OK && state == from) {
    err = sdg_ido_delegation_put_state(ido->options.store, &record, &move);
  }
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err stardeleg_ido_delegation_end(stardeleg_ido *ido, const char *id, stardeleg_time now)
{
  return stardeleg_ido_delegation_end_by(ido, id, NULL, now);
}

stardeleg_err stardeleg_ido_delegation_end_by(stardeleg_ido *ido, const char *id, const char *by, stardeleg_time now)
{
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  if (ido == NULL || id == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (!sdg_store_name_is_valid(id)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = move_state(ido, id, SDG_DELEGATION_ACTIVE, SDG_DELEGATION_ENDING, by != NULL ? by : "owner", now);
  }
  if (err == STARDELEG_OK) {
    sdg_log(&ido->options.log, STARDELEG_LOG_INFO, "ido.delegation.ending", "delegation=%s", id);
    sdg_ido_work_waits(ido);
  }
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

/* --- Seen from an order --- */

stardeleg_err sdg_ido_order_see_end(stardeleg_ido *ido, sdg_ido_order *order, stardeleg_time now)
{
  const sdg_ido_delegation *delegation = NULL;
  stardeleg_err err = order->cancel ? STARDELEG_OK
                                    : sdg_ido_delegations_get(ido->delegations, order->delegation, &delegation);

  if (err == STARDELEG_ERR_NOT_FOUND || (delegation != NULL && !sdg_ido_delegation_is_open(delegation, now))) {
    order->cancel = true;
    err = STARDELEG_OK;
  }
  sdg_ido_delegations_release(ido->delegations, delegation);
  return err;
}

/* --- All of a delegate --- */

typedef struct page {
  char ids[SWEEP_PAGE][SDG_ID_SIZE];
  size_t count;
} page;

static int collect_id(void *ctx, const stardeleg_record *record)
{
  page *p = ctx;

  (void)snprintf(p->ids[p->count++], SDG_ID_SIZE, "%s", record->key);
  return p->count == SWEEP_PAGE;
}

stardeleg_err sdg_ido_end_all(stardeleg_ido *ido, const char *ndc, const char *by, stardeleg_time now)
{
  char last[SDG_ID_SIZE] = "";
  page p = {.count = SWEEP_PAGE};
  stardeleg_err err = STARDELEG_OK;

  while (err == STARDELEG_OK && p.count == SWEEP_PAGE) {
    p.count = 0;
    err = sdg_store_scan(ido->options.store, "delegation", ndc, last, SWEEP_PAGE, collect_id, &p);
    for (size_t i = 0; err == STARDELEG_OK && i < p.count; i++) {
      (void)snprintf(last, sizeof(last), "%s", p.ids[i]);
      err = stardeleg_ido_delegation_end_by(ido, p.ids[i], by, now);
    }
  }
  return err;
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
  order.now = now;
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

/* A delegation that has expired ends; one that has not is looked at when it does. */
static stardeleg_err work_active(stardeleg_ido *ido, const stardeleg_record *record, stardeleg_time now)
{
  sdg_ido_delegation_move move = {.fence = record->fence, .by = "expiry", .now = now};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ido_delegation_tree(&tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_expiry(&move.due, tree);
  }
  sdg_json_free(tree);
  if (err == STARDELEG_OK && now >= move.due) {
    sdg_log(&ido->options.log, STARDELEG_LOG_INFO, "ido.delegation.expired", "delegation=%s", record->key);
    move.state = SDG_DELEGATION_ENDING;
    move.due = now;
  }
  return err == STARDELEG_OK ? sdg_ido_delegation_put_state(ido->options.store, record, &move) : err;
}

stardeleg_err sdg_ido_work_delegation(stardeleg_ido *ido, const stardeleg_record *record, stardeleg_time now)
{
  sdg_ido_delegation_move move = {.fence = record->fence, .by = "engine", .now = now};
  size_t left = 0;
  stardeleg_err err = read_state(record, &move.state);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (move.state == SDG_DELEGATION_ACTIVE) {
    return work_active(ido, record, now);
  }
  move.due = STARDELEG_TIME_NEVER;
  if (move.state == SDG_DELEGATION_ENDED) {
    return sdg_ido_delegation_put_state(ido->options.store, record, &move);
  }
  err = end_orders(ido, record->key, now, &left);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (left > 0) {
    move.due = sdg_time_add(now, SWEEP_AGAIN);
    return sdg_ido_delegation_put_state(ido->options.store, record, &move);
  }
  move.state = SDG_DELEGATION_ENDED;
  err = sdg_ido_delegation_put_state(ido->options.store, record, &move);
  if (err == STARDELEG_OK) {
    sdg_log(&ido->options.log, STARDELEG_LOG_INFO, "ido.delegation.ended", "delegation=%s", record->key);
  }
  return err;
}

void sdg_ido_nudge_delegation(stardeleg_ido *ido, const char *id, stardeleg_time now)
{
  stardeleg_err err = move_state(ido, id, SDG_DELEGATION_ENDING, SDG_DELEGATION_ENDING, "engine", now);

  if (err != STARDELEG_OK) {
    sdg_log(&ido->options.log, STARDELEG_LOG_DEBUG, "ido.delegation.later", "delegation=%s: %s", id,
            stardeleg_strerror(err));
  }
}
