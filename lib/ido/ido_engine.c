/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_engine.c -- the owner's work towards its issuers: what is due in the store becomes jobs of the agent. */
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "ido/ido_publication.h"

#define CLAIM_MAX 32u
/* An order whose issuer this process does not know may be another process's: it is offered again after this. */
#define UNKNOWN_ISSUER_PAUSE SDG_TIME_MINUTE
/* Work that is due but could not be taken is looked at again after this. */
#define BUSY_PAUSE 20

sdg_issuer *sdg_ido_find_issuer(const stardeleg_ido *ido, const char *name)
{
  for (size_t i = 0; i < ido->issuer_count; i++) {
    if (strcmp(ido->issuers[i].name, name) == 0) {
      return &ido->issuers[i];
    }
  }
  return NULL;
}

/* --- Claimed orders --- */

stardeleg_time sdg_ido_order_keep_until(const stardeleg_ido *ido, const sdg_ido_order *order)
{
  int64_t grace = ido->options.order_grace_s * SDG_TIME_S;
  stardeleg_time until = sdg_time_max(order->wire.expires, order->keep_until);
  sdg_auto_renewal renewal;

  switch (order->wire.status) {
  case SDG_ORDER_PROCESSING:
  case SDG_ORDER_VALID:
    break;
  default:
    return until;
  }
  if (order->wire.not_after != STARDELEG_TIME_NONE) {
    until = sdg_time_max(until, sdg_time_add(order->wire.not_after, grace));
  }
  if (sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL) == STARDELEG_OK) {
    until = sdg_time_max(until, sdg_time_add(renewal.end_at, grace));
  }
  return until;
}

static stardeleg_err put_back(stardeleg_ido *ido, sdg_ido_order *order, stardeleg_time due)
{
  return sdg_ido_order_put(ido->options.store, order, due, true, NULL, NULL);
}

/* With it go what is published of it, and its CNAMEs, if it has any and no other order wants them. */
static stardeleg_err remove_order(stardeleg_ido *ido, const sdg_ido_order *order, stardeleg_time now)
{
  stardeleg_store_op ops[2] = {{.verb = STARDELEG_STORE_DEL,
                                .kind = "order",
                                .key = order->id,
                                .due = STARDELEG_TIME_NEVER,
                                .expected_version = order->version,
                                .fence = order->fence}};
  size_t n = sdg_ido_publication_del(order, &ops[1]) ? 2 : 1;
  sdg_ido_also *also;
  stardeleg_err err;

  if (!order->cnames) {
    return sdg_store_batch(ido->options.store, ops, n);
  }
  also = sdg_calloc(1, sizeof(*also));
  if (also == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_ido_also_init(also);
  err = sdg_ido_cname_mark(also, ido->options.store, order->delegation, now);
  if (err == STARDELEG_OK) {
    err = sdg_ido_also_write(also, ido->options.store, ops, n);
  }
  sdg_ido_also_clear(also);
  sdg_free(also);
  return err;
}

static stardeleg_err give_up_ready(stardeleg_ido *ido, sdg_ido_order *order, stardeleg_time now)
{
  stardeleg_time due = sdg_ido_order_due(ido, order, now);
  stardeleg_problem problem;
  stardeleg_err err;

  if (!order->cancel && now < due) {
    return put_back(ido, order, due);
  }
  if (order->cancel) {
    sdg_ido_set_ended_problem(&problem);
  } else {
    sdg_problem_set(&problem, STARDELEG_ACME_MALFORMED, "the order was not finalized in time");
  }
  err = sdg_ido_order_fail(order, &problem);
  if (err != STARDELEG_OK) {
    return err;
  }
  order->wire.expires = sdg_time_min(order->wire.expires, sdg_time_add(now, ido->options.order_grace_s * SDG_TIME_S));
  return put_back(ido, order, sdg_ido_order_due(ido, order, now));
}

static stardeleg_err begin(stardeleg_ido *ido, sdg_ido_order *order, stardeleg_time now)
{
  sdg_issuer *issuer = sdg_ido_find_issuer(ido, order->issuer);

  if (issuer != NULL) {
    return sdg_ido_job_begin(ido, issuer, order, now);
  }
  sdg_log(&ido->options.log, STARDELEG_LOG_WARNING, "ido.issuer.unknown", "order=%s issuer=%s: not configured here",
          order->id, order->issuer);
  return put_back(ido, order, sdg_time_add(now, UNKNOWN_ISSUER_PAUSE));
}

static bool has_work(const stardeleg_ido *ido, const sdg_ido_order *order, stardeleg_time now)
{
  if (order->wire.status == SDG_ORDER_VALID) {
    return order->cancel || (order->renew_at <= now && now < sdg_ido_order_keep_until(ido, order));
  }
  return order->wire.status == SDG_ORDER_PROCESSING || sdg_ido_order_is_disowned(order);
}

static stardeleg_err work_order(stardeleg_ido *ido, const stardeleg_record *record, stardeleg_time now)
{
  sdg_ido_order order;
  stardeleg_err err = sdg_ido_order_read(&order, record);

  if (err != STARDELEG_OK) {
    return err;
  }
  order.now = now;
  err = sdg_ido_order_see_end(ido, &order, now);
  if (err != STARDELEG_OK) {
    sdg_ido_order_clear(&order);
    return err;
  }
  if (order.wire.status == SDG_ORDER_READY) {
    err = give_up_ready(ido, &order, now);
  } else if (has_work(ido, &order, now)) {
    err = begin(ido, &order, now);
  } else if (now >= sdg_ido_order_keep_until(ido, &order)) {
    err = remove_order(ido, &order, now);
  } else {
    err = put_back(ido, &order, sdg_ido_order_due(ido, &order, now));
  }
  sdg_ido_order_clear(&order);
  return err;
}

/* --- Claiming --- */

typedef stardeleg_err (*work_fn)(stardeleg_ido *ido, const stardeleg_record *record, stardeleg_time now);

/* One record that cannot be worked on must not hold up the others: its lease runs out, and it is tried again. */
static stardeleg_err claim(stardeleg_ido *ido, const char *kind, size_t limit, work_fn work, stardeleg_time now,
                           size_t *count)
{
  stardeleg_record records[CLAIM_MAX];
  stardeleg_err err;

  *count = 0;
  memset(records, 0, sizeof(records));
  err = sdg_store_claim(ido->options.store, kind, now, "ido", ido->options.lease_ms, records,
                        limit < CLAIM_MAX ? limit : CLAIM_MAX, count);
  for (size_t i = 0; err == STARDELEG_OK && i < *count; i++) {
    stardeleg_err each = work(ido, &records[i], now);

    if (each != STARDELEG_OK && each != STARDELEG_ERR_CONFLICT) {
      sdg_log(&ido->options.log, STARDELEG_LOG_ERROR, "ido.work.failed", "%s=%s: %s", kind, records[i].key,
              stardeleg_strerror(each));
    }
  }
  for (size_t i = 0; i < *count; i++) {
    stardeleg_record_clear(&records[i]);
  }
  return err;
}

static stardeleg_err claim_delegations(stardeleg_ido *ido, stardeleg_time now)
{
  size_t count = 0;

  return claim(ido, "delegation", CLAIM_MAX, sdg_ido_work_delegation, now, &count);
}

static stardeleg_err work_chore(stardeleg_ido *ido, const stardeleg_record *record, stardeleg_time now)
{
  return strncmp(record->key, SDG_CHORE_NDC, strlen(SDG_CHORE_NDC)) == 0 ? sdg_ido_ndc_work(ido, record, now)
                                                                         : sdg_ido_cname_work(ido, record, now);
}

static stardeleg_err claim_chores(stardeleg_ido *ido, stardeleg_time now)
{
  size_t count = 0;

  return claim(ido, SDG_CHORE_KIND, CLAIM_MAX, work_chore, now, &count);
}

static stardeleg_err claim_orders(stardeleg_ido *ido, stardeleg_time now)
{
  size_t count = CLAIM_MAX;
  stardeleg_err err = STARDELEG_OK;

  while (err == STARDELEG_OK && count == CLAIM_MAX && ido->job_count < SDG_IDO_JOBS_MAX) {
    err = claim(ido, "order", SDG_IDO_JOBS_MAX - ido->job_count, work_order, now, &count);
  }
  return err;
}

static stardeleg_err next_due(const stardeleg_ido *ido, stardeleg_time *out)
{
  stardeleg_time order = STARDELEG_TIME_NEVER;
  stardeleg_time delegation = STARDELEG_TIME_NEVER;
  stardeleg_time chore = STARDELEG_TIME_NEVER;
  stardeleg_err err = sdg_store_next_due(ido->options.store, "delegation", &delegation);

  if (err == STARDELEG_OK) {
    err = sdg_store_next_due(ido->options.store, SDG_CHORE_KIND, &chore);
  }
  /* With every place taken, no other order matters before one of them is done. */
  if (err == STARDELEG_OK && ido->job_count < SDG_IDO_JOBS_MAX) {
    err = sdg_store_next_due(ido->options.store, "order", &order);
  }
  *out = sdg_time_min(order, sdg_time_min(delegation, chore));
  return err;
}

#define PRUNE_AGAIN SDG_TIME_HOUR
#define PRUNE_SOON SDG_TIME_S

/* The audit record; what fails is tried again with the next look. */
static void prune(stardeleg_ido *ido, stardeleg_time now)
{
  const sdg_audit_bounds bounds = {ido->options.audit_keep_s * SDG_TIME_S, ido->options.audit_max_bytes};
  bool more = false;
  size_t early = 0;
  stardeleg_err err;

  if (now < ido->prune_at || (bounds.keep_ms == 0 && bounds.bytes_max == 0)) {
    return;
  }
  err = sdg_ido_audit_prune(ido->options.store, &bounds, now, &more, &early);
  if (early > 0) {
    sdg_log(&ido->options.log, STARDELEG_LOG_WARNING, "ido.audit.full", "%zu entries removed before their time",
            early);
  }
  if (err != STARDELEG_OK) {
    sdg_log(&ido->options.log, STARDELEG_LOG_WARNING, "ido.audit.failed", "old entries stay: %s",
            stardeleg_strerror(err));
  }
  ido->prune_at = sdg_time_add(now, more ? PRUNE_SOON : PRUNE_AGAIN);
}

/* Without issuers the process only serves delegates: the work is for others. */
static stardeleg_err claim_all(stardeleg_ido *ido, stardeleg_time now, stardeleg_time *due)
{
  stardeleg_err err;

  *due = STARDELEG_TIME_NEVER;
  if (ido->issuer_count == 0) {
    return STARDELEG_OK;
  }
  prune(ido, now);
  err = next_due(ido, due);
  if (err == STARDELEG_OK && *due <= now) {
    err = claim_delegations(ido, now);
    sdg_ido_jobs_reap(ido);
    if (err == STARDELEG_OK) {
      err = claim_chores(ido, now);
    }
    if (err == STARDELEG_OK) {
      err = claim_orders(ido, now);
    }
    if (err == STARDELEG_OK) {
      err = next_due(ido, due);
    }
  }
  return err;
}

stardeleg_err sdg_ido_engine_next(void *self, stardeleg_ask *ask, stardeleg_time now)
{
  stardeleg_ido *ido = self;
  stardeleg_time due;
  stardeleg_err err;

  if (now >= ido->look_at) {
    sdg_ido_jobs_look(ido, now);
  }
  sdg_ido_jobs_reap(ido);
  err = claim_all(ido, now, &due);
  if (err == STARDELEG_OK) {
    err = sdg_agent_next(ido->agent, ask, now);
  }
  sdg_ido_jobs_reap(ido);
  if (err == STARDELEG_OK && ask->want == STARDELEG_WANT_WAIT) {
    ask->until = sdg_time_min(ask->until, due > now ? due : sdg_time_add(now, BUSY_PAUSE));
    ask->until = sdg_time_min(ask->until, ido->look_at);
    if (ido->options.poll_ms > 0) {
      ask->until = sdg_time_min(ask->until, sdg_time_add(now, ido->options.poll_ms));
    }
  }
  return err;
}

stardeleg_err sdg_ido_engine_answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  stardeleg_ido *ido = self;
  stardeleg_err err = sdg_agent_answer(ido->agent, id, outcome, now);

  sdg_ido_jobs_reap(ido);
  return err;
}
