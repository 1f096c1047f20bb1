/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_quota.c -- counting orders over a sliding period, and certificates that are alive. */
#include "ido/ido_quota.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "star/auto_renewal.h"

#define KIND "quota"
/* At the limit the orders are counted again, no more often than this: should the count ever be too high, it is not so
 * for long.  Too low it never is: whatever adds to it is in the order's own batch. */
#define RECOUNT_PAUSE SDG_TIME_MINUTE

/* What the record says. */
typedef struct tally {
  stardeleg_time orders[SDG_SCOPE_ORDERS_MAX]; /* instants of the orders that count, oldest first */
  size_t count;
  bool counted;              /* the certificates have been counted: the members below mean something */
  int64_t alive;             /* orders that have a certificate, or are about to; those that ended by time alone since
                                |counted_at| are still among them */
  stardeleg_time counted_at; /* when the orders themselves were looked through last */
  stardeleg_time first_end;  /* when the first of these certificates ends; NEVER: not known yet */
  uint64_t version;
} tally;

void sdg_ido_quota_clear(sdg_ido_quota *quota)
{
  sdg_buf_clear(&quota->value);
  quota->op_count = 0;
}

/* --- The record --- */

static stardeleg_err read_certificates(tally *t, const sdg_json *tree)
{
  const sdg_json *certificates = NULL;
  stardeleg_err err = sdg_json_get_object(&certificates, tree, "certificates", SDG_JSON_OPTIONAL, NULL);

  t->first_end = STARDELEG_TIME_NEVER;
  if (err != STARDELEG_OK || certificates == NULL) {
    return err; /* of a version that did not count them */
  }
  err = sdg_json_get_int(&t->alive, certificates, "alive", SDG_JSON_REQUIRED, 0, INT64_MAX / 2, NULL);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&t->counted_at, certificates, "countedAt", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&t->first_end, certificates, "firstEnd", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  t->counted = err == STARDELEG_OK;
  return err;
}

static stardeleg_err read_tree(tally *t, const sdg_json *tree, stardeleg_time since)
{
  const sdg_json *array = NULL;
  stardeleg_err err = sdg_json_get_array(&array, tree, "orders", SDG_JSON_REQUIRED, NULL);

  for (const sdg_json *item = sdg_json_first(array); err == STARDELEG_OK && item != NULL; item = sdg_json_next(item)) {
    if (sdg_json_int(item) > since && t->count < SDG_SCOPE_ORDERS_MAX) {
      t->orders[t->count++] = sdg_json_int(item);
    }
  }
  return err == STARDELEG_OK ? read_certificates(t, tree) : err;
}

static stardeleg_err read_record(tally *t, const stardeleg_record *record, stardeleg_time since)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json *tree = NULL;
  stardeleg_err err;

  limits.items_max = SDG_SCOPE_ORDERS_MAX;
  t->version = record->version;
  err = sdg_json_parse(&tree, sdg_bytes(record->value, record->value_len), &limits, NULL);
  if (err == STARDELEG_OK) {
    err = read_tree(t, tree, since);
  }
  sdg_json_free(tree);
  return err;
}

/* Without the orders that were made before |since|; free it. */
static stardeleg_err load(tally **out, const stardeleg_store *store, const char *id, stardeleg_time since)
{
  stardeleg_record record = {0};
  tally *t = sdg_calloc(1, sizeof(*t));
  stardeleg_err err = t != NULL ? sdg_store_get(store, KIND, id, &record) : STARDELEG_ERR_NOMEM;

  if (err == STARDELEG_OK) {
    err = read_record(t, &record, since);
  } else if (err == STARDELEG_ERR_NOT_FOUND) {
    err = STARDELEG_OK;
  }
  stardeleg_record_clear(&record);
  if (err != STARDELEG_OK) {
    sdg_free(t);
    return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_STORE : err;
  }
  *out = t;
  return STARDELEG_OK;
}

static void write_record(sdg_buf *out, const tally *t)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_array(&w, "orders");
  for (size_t i = 0; i < t->count; i++) {
    sdg_jw_int(&w, NULL, t->orders[i]);
  }
  sdg_jw_array_end(&w);
  if (t->counted) {
    sdg_jw_object(&w, "certificates");
    sdg_jw_int(&w, "alive", t->alive);
    sdg_jw_int(&w, "countedAt", t->counted_at);
    if (t->first_end != STARDELEG_TIME_NEVER) {
      sdg_jw_int(&w, "firstEnd", t->first_end);
    }
    sdg_jw_object_end(&w);
  }
  sdg_jw_object_end(&w);
}

static stardeleg_err prepare(sdg_ido_quota *quota, const tally *t, const sdg_ido_delegation *delegation)
{
  sdg_buf_init(&quota->value, STARDELEG_STORE_VALUE_MAX);
  write_record(&quota->value, t);
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

/* From when on orders count; those of before are forgotten. */
static stardeleg_time period_begin(const sdg_ido_delegation *delegation, stardeleg_time now)
{
  return delegation->scope.orders_max > 0
             ? sdg_time_add(now, -delegation->scope.orders_period_s * SDG_TIME_S)
             : STARDELEG_TIME_NEVER;
}

/* --- Orders --- */

stardeleg_err sdg_ido_quota_order(sdg_ido_quota *quota, const stardeleg_store *store,
                                  const sdg_ido_delegation *delegation, stardeleg_time now, stardeleg_problem *problem)
{
  const sdg_ido_scope *scope = &delegation->scope;
  tally *t = NULL;
  stardeleg_err err;

  if (scope->orders_max == 0) {
    return STARDELEG_OK;
  }
  err = load(&t, store, delegation->id, period_begin(delegation, now));
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

/* --- Certificates: the orders looked through --- */

typedef struct census {
  stardeleg_time now;
  int64_t alive;
  stardeleg_time first_end;
  stardeleg_err err;
} census;

/* How long the certificates of an order with this status may live; NONE if it has none. */
static stardeleg_time life_end(const sdg_ido_order *order, sdg_order_status status)
{
  sdg_auto_renewal renewal;

  if (status == SDG_ORDER_PROCESSING) {
    return STARDELEG_TIME_NEVER;
  }
  if (status != SDG_ORDER_VALID) {
    return STARDELEG_TIME_NONE;
  }
  if (order->wire.auto_renewal != NULL &&
      sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL) == STARDELEG_OK) {
    return renewal.end_at;
  }
  return order->wire.not_after != STARDELEG_TIME_NONE ? order->wire.not_after
                                                      : sdg_time_max(order->wire.expires, order->keep_until);
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
  end = life_end(&order, order.wire.status);
  if (end > c->now) {
    c->alive++;
    c->first_end = sdg_time_min(c->first_end, end);
  }
  sdg_ido_order_clear(&order);
  return 0;
}

/* The record was read first, the orders are looked through then: whoever counts at the same time fails to write. */
static stardeleg_err recount(tally *t, const stardeleg_store *store, const char *id, stardeleg_time now)
{
  census c = {.now = now, .first_end = STARDELEG_TIME_NEVER};
  stardeleg_err err = sdg_store_scan(store, "order", id, NULL, SIZE_MAX, count_order, &c);

  err = err == STARDELEG_OK ? c.err : err;
  if (err == STARDELEG_OK) {
    t->counted = true;
    t->alive = c.alive;
    t->counted_at = now;
    t->first_end = c.first_end;
  }
  return err;
}

/* --- Certificates: the count --- */

static bool is_full(const tally *t, const sdg_ido_delegation *delegation)
{
  return t->alive >= delegation->scope.certificates_max;
}

/* A count that leaves room can be relied on; one that does not, as long as no certificate can have ended. */
static bool must_recount(const tally *t, const sdg_ido_delegation *delegation, stardeleg_time now)
{
  return !t->counted || (is_full(t, delegation) && (now >= t->first_end || now < t->counted_at ||
                                                    now - t->counted_at >= RECOUNT_PAUSE));
}

static stardeleg_err check_room(const tally *t, const sdg_ido_delegation *delegation, stardeleg_problem *problem)
{
  if (!is_full(t, delegation)) {
    return STARDELEG_OK;
  }
  sdg_problem_set(problem, STARDELEG_ACME_RATE_LIMITED, "delegation %s allows %lld certificates at once",
                  delegation->id, (long long)delegation->scope.certificates_max);
  problem->retry_at = t->first_end != STARDELEG_TIME_NEVER ? t->first_end : STARDELEG_TIME_NONE;
  return STARDELEG_ERR_POLICY;
}

/* What was counted is kept, so that the next one need not count; if somebody else has written meanwhile, it will. */
static stardeleg_err keep(const tally *t, const stardeleg_store *store, const char *id)
{
  sdg_buf value;
  stardeleg_err err;

  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  write_record(&value, t);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_put(store, KIND, id, sdg_buf_bytes(&value), NULL, t->version);
  }
  sdg_buf_clear(&value);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_OK : err;
}

stardeleg_err sdg_ido_quota_room(const stardeleg_store *store, const sdg_ido_delegation *delegation,
                                 stardeleg_time now, stardeleg_problem *problem)
{
  tally *t = NULL;
  stardeleg_err err;

  if (delegation->scope.certificates_max == 0) {
    return STARDELEG_OK;
  }
  err = load(&t, store, delegation->id, period_begin(delegation, now));
  if (err == STARDELEG_OK && must_recount(t, delegation, now)) {
    err = recount(t, store, delegation->id, now);
    err = err == STARDELEG_OK ? keep(t, store, delegation->id) : err;
  }
  if (err == STARDELEG_OK) {
    err = check_room(t, delegation, problem);
  }
  sdg_free(t);
  return err;
}

stardeleg_err sdg_ido_quota_certificate(sdg_ido_quota *quota, const stardeleg_store *store,
                                        const sdg_ido_delegation *delegation, stardeleg_time now,
                                        stardeleg_problem *problem)
{
  bool limited = delegation->scope.certificates_max > 0;
  tally *t = NULL;
  stardeleg_err err = load(&t, store, delegation->id, period_begin(delegation, now));

  if (err == STARDELEG_OK && limited && must_recount(t, delegation, now)) {
    err = recount(t, store, delegation->id, now);
  }
  if (err == STARDELEG_OK && limited) {
    err = check_room(t, delegation, problem);
  }
  if (err == STARDELEG_OK && t->counted) { /* without a limit, too, where there was one: it may come back */
    t->alive++;
    err = prepare(quota, t, delegation);
  }
  sdg_free(t);
  return err;
}

/* --- Certificates: what becomes of an order --- */

/* False if the count stays as it is. */
static bool follow(tally *t, const sdg_ido_order *order)
{
  sdg_order_status before = order->seen.status;

  if (order->wire.status == SDG_ORDER_VALID) {
    stardeleg_time end = life_end(order, SDG_ORDER_VALID);
    bool sooner = end < t->first_end;

    t->first_end = sdg_time_min(t->first_end, end);
    return sooner;
  }
  /* What had ended by time when the orders were looked through is not in the count. */
  if (t->alive > 0 && life_end(order, before) > t->counted_at) {
    t->alive--;
    return true;
  }
  return false;
}

static bool has_moved(const sdg_ido_order *order)
{
  sdg_order_status before = order->seen.status;

  return order->seen.stored && order->wire.status != before &&
         (before == SDG_ORDER_PROCESSING || before == SDG_ORDER_VALID);
}

stardeleg_err sdg_ido_quota_follow(sdg_ido_also *also, const stardeleg_store *store, const sdg_ido_order *order)
{
  stardeleg_record record = {0};
  stardeleg_store_op *op;
  tally *t;
  stardeleg_err err = has_moved(order) ? sdg_store_get(store, KIND, order->delegation, &record)
                                       : STARDELEG_ERR_NOT_FOUND;

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  t = sdg_calloc(1, sizeof(*t));
  err = t != NULL ? read_record(t, &record, STARDELEG_TIME_NONE) : STARDELEG_ERR_NOMEM;
  if (err == STARDELEG_OK && t->counted && follow(t, order)) {
    op = sdg_ido_also_put(also, KIND, order->delegation, "");
    if (op != NULL) {
      op->expected_version = t->version;
      write_record(sdg_ido_also_value(also), t);
    }
    err = also->err;
  }
  sdg_free(t);
  stardeleg_record_clear(&record);
  /* A count that nobody can read must not keep an order from ending. */
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_OK : err;
}
