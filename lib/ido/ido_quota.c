/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_quota.c -- counting orders over a sliding period, and certificates that are alive. */
#include "ido/ido_quota.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_order.h"
#include "star/auto_renewal.h"

#define KIND "quota"

/* The instants of the orders that count, oldest first. */
typedef struct tally {
  stardeleg_time orders[SDG_SCOPE_ORDERS_MAX];
  size_t count;
  uint64_t version;
} tally;

void sdg_ido_quota_clear(sdg_ido_quota *quota)
{
  sdg_buf_clear(&quota->value);
  quota->op_count = 0;
}

/* --- The record --- */

static stardeleg_err read_tree(tally *t, const sdg_json *tree, stardeleg_time since)
{
  const sdg_json *array = NULL;
  stardeleg_err err = sdg_json_get_array(&array, tree, "orders", SDG_JSON_REQUIRED, NULL);

  for (const sdg_json *item = sdg_json_first(array); err == STARDELEG_OK && item != NULL; item = sdg_json_next(item)) {
    if (sdg_json_int(item) > since && t->count < SDG_SCOPE_ORDERS_MAX) {
      t->orders[t->count++] = sdg_json_int(item);
    }
  }
  return err;
}

/* Without those that were made before |since|. */
static stardeleg_err load(tally *t, const stardeleg_store *store, const char *id, stardeleg_time since)
{
  sdg_json_limits limits = sdg_json_limits_default();
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_store_get(store, KIND, id, &record);

  if (err == STARDELEG_ERR_NOT_FOUND) {
    return STARDELEG_OK;
  }
  t->version = record.version;
  limits.items_max = SDG_SCOPE_ORDERS_MAX;
  if (err == STARDELEG_OK) {
    err = sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), &limits, NULL);
  }
  if (err == STARDELEG_OK) {
    err = read_tree(t, tree, since);
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_STORE : err;
}

static stardeleg_err prepare(sdg_ido_quota *quota, const tally *t, const sdg_ido_delegation *delegation)
{
  sdg_json_writer w;

  sdg_buf_init(&quota->value, STARDELEG_STORE_VALUE_MAX);
  sdg_jw_init(&w, &quota->value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_array(&w, "orders");
  for (size_t i = 0; i < t->count; i++) {
    sdg_jw_int(&w, NULL, t->orders[i]);
  }
  sdg_jw_array_end(&w);
  sdg_jw_object_end(&w);
  memset(&quota->op, 0, sizeof(quota->op));
  quota->op.verb = STARDELEG_STORE_PUT;
  quota->op.kind = KIND;
  quota->op.key = delegation->id;
  quota->op.value = sdg_buf_bytes(&quota->value);
  quota->op.due = STARDELEG_TIME_NEVER;
  quota->op.expected_version = t->version;
  quota->op_count = 1;
  return sdg_buf_error(&quota->value);
}

static stardeleg_time period_begin(const sdg_ido_delegation *delegation, stardeleg_time now)
{
  return sdg_time_add(now, -delegation->scope.orders_period_s * SDG_TIME_S);
}

/* --- Orders --- */

stardeleg_err sdg_ido_quota_order(sdg_ido_quota *quota, const stardeleg_store *store,
                                  const sdg_ido_delegation *delegation, stardeleg_time now, stardeleg_problem *problem)
{
  const sdg_ido_scope *scope = &delegation->scope;
  tally *t;
  stardeleg_err err;

  if (scope->orders_max == 0) {
    return STARDELEG_OK;
  }
  t = sdg_calloc(1, sizeof(*t));
  if (t == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = load(t, store, delegation->id, period_begin(delegation, now));
  if (err == STARDELEG_OK && (int64_t)t->count >= scope->orders_max) {
    /* Until as many have left the period that one fits again. */
    stardeleg_time first = t->orders[t->count - (size_t)scope->orders_max];

    sdg_problem_set(problem, STARDELEG_ACME_RATE_LIMITED, "delegation %s allows %lld orders in %lld s", delegation->id,
                    (long long)scope->orders_max, (long long)scope->orders_period_s);
    problem->retry_at = sdg_time_add(first, scope->orders_period_s * SDG_TIME_S);
    err = STARDELEG_ERR_POLICY;
  }
  if (err == STARDELEG_OK) {
    t->orders[t->count++] = now;
    err = prepare(quota, t, delegation);
  }
  sdg_free(t);
  return err;
}

/* --- Certificates --- */

typedef struct census {
  stardeleg_time now;
  int64_t alive;
  stardeleg_time first_end;
  stardeleg_err err;
} census;

/* How long the certificates of an order may live; NONE if it has none. */
static stardeleg_time life_end(const sdg_ido_order *order)
{
  sdg_auto_renewal renewal;

  if (order->wire.status == SDG_ORDER_PROCESSING) {
    return STARDELEG_TIME_NEVER;
  }
  if (order->wire.status != SDG_ORDER_VALID) {
    return STARDELEG_TIME_NONE;
  }
  if (order->wire.auto_renewal != NULL &&
      sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL) == STARDELEG_OK) {
    return renewal.end_at;
  }
  return order->wire.not_after != STARDELEG_TIME_NONE ? order->wire.not_after : order->wire.expires;
}

static int count_order(void *ctx, const stardeleg_record *record)
{
  census *c = ctx;
  stardeleg_time end;
  sdg_ido_order order;

  c->err = sdg_ido_order_read(&order, record);
  if (c->err != STARDELEG_OK) {
    return 1;
  }
  end = life_end(&order);
  if (end > c->now) {
    c->alive++;
    c->first_end = sdg_time_min(c->first_end, end);
  }
  sdg_ido_order_clear(&order);
  return 0;
}

stardeleg_err sdg_ido_quota_certificate(sdg_ido_quota *quota, const stardeleg_store *store,
                                        const sdg_ido_delegation *delegation, stardeleg_time now,
                                        stardeleg_problem *problem)
{
  census c = {.now = now, .first_end = STARDELEG_TIME_NEVER};
  tally *t;
  stardeleg_err err;

  if (delegation->scope.certificates_max == 0) {
    return STARDELEG_OK;
  }
  t = sdg_calloc(1, sizeof(*t));
  if (t == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  /* Read first, counted then: whoever counts at the same time fails to write. */
  err = load(t, store, delegation->id,
             delegation->scope.orders_max > 0 ? period_begin(delegation, now) : STARDELEG_TIME_NEVER);
  if (err == STARDELEG_OK) {
    err = sdg_store_scan(store, "order", delegation->id, NULL, SIZE_MAX, count_order, &c);
    err = err == STARDELEG_OK ? c.err : err;
  }
  if (err == STARDELEG_OK && c.alive >= delegation->scope.certificates_max) {
    sdg_problem_set(problem, STARDELEG_ACME_RATE_LIMITED, "delegation %s allows %lld certificates at once",
                    delegation->id, (long long)delegation->scope.certificates_max);
    problem->retry_at = c.first_end != STARDELEG_TIME_NEVER ? c.first_end : STARDELEG_TIME_NONE;
    err = STARDELEG_ERR_POLICY;
  }
  if (err == STARDELEG_OK) {
    err = prepare(quota, t, delegation);
  }
  sdg_free(t);
  return err;
}
