/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_record.c -- orders in the store. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "ca/ca_internal.h"
#include "ca/ca_profile.h"
#include "ca/ca_record_internal.h"

void sdg_ca_order_init(sdg_ca_order *order)
{
  memset(order, 0, sizeof(*order));
  order->wire.expires = STARDELEG_TIME_NONE;
  order->wire.not_before = STARDELEG_TIME_NONE;
  order->wire.not_after = STARDELEG_TIME_NONE;
  order->first_issue_at = STARDELEG_TIME_NONE;
  order->caa_checked_at = STARDELEG_TIME_NONE;
  order->caa_retry_at = STARDELEG_TIME_NONE;
  order->rules = SDG_CA_RULES_DEFAULT;
  sdg_buf_init(&order->csr, SDG_CSR_MAX);
}

void sdg_ca_order_clear(sdg_ca_order *order)
{
  sdg_acme_order_clear(&order->wire);
  sdg_free(order->authz);
  sdg_buf_clear(&order->csr);
}

/* The wire object needs a finalize URL to be read back; the real one is made when the order is shown. */
#define PLACEHOLDER_URL "https://order.invalid/"

void sdg_ca_order_write(sdg_buf *out, const sdg_ca_order *order)
{
  sdg_json_writer w;
  sdg_acme_order wire = order->wire;
  char placeholder[] = PLACEHOLDER_URL;

  wire.finalize = placeholder;
  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "account", order->account);
  sdg_jw_string(&w, "cert", order->cert_id);
  sdg_acme_order_write(&w, "order", &wire);
  sdg_jw_array(&w, "authz");
  for (size_t i = 0; i < order->authz_count; i++) {
    sdg_jw_string(&w, NULL, order->authz[i]);
  }
  sdg_jw_array_end(&w);
  sdg_jw_base64url(&w, "csr", sdg_buf_bytes(&order->csr));
  if (order->first_issue_at != STARDELEG_TIME_NONE) {
    sdg_jw_int(&w, "firstIssue", order->first_issue_at);
  }
  sdg_jw_int(&w, "next", (int64_t)order->next_index);
  sdg_jw_int(&w, "rules", (int64_t)order->rules);
  if (order->plain_lifetime_s > 0) {
    sdg_jw_int(&w, "lifetime", order->plain_lifetime_s);
  }
  if (order->caa_checked_at != STARDELEG_TIME_NONE) {
    sdg_jw_int(&w, "caaChecked", order->caa_checked_at);
  }
  if (order->caa_retry_at != STARDELEG_TIME_NONE) {
    sdg_jw_int(&w, "caaRetry", order->caa_retry_at);
  }
  sdg_jw_object_end(&w);
}

stardeleg_err sdg_ca_read_text(char *out, size_t size, const sdg_json *tree, const char *name)
{
  const char *text = NULL;
  stardeleg_err err = sdg_json_get_string(&text, tree, name, SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK && (size_t)snprintf(out, size, "%s", text) >= size) {
    err = STARDELEG_ERR_MALFORMED;
  }
  return err;
}

static stardeleg_err read_authz_ids(sdg_ca_order *order, const sdg_json *tree)
{
  const sdg_json *array = NULL;
  stardeleg_err err = sdg_json_get_array(&array, tree, "authz", SDG_JSON_REQUIRED, NULL);

  if (err != STARDELEG_OK || sdg_json_count(array) == 0) {
    return err;
  }
  order->authz = sdg_calloc(sdg_json_count(array), sizeof(*order->authz));
  if (order->authz == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (const sdg_json *item = sdg_json_first(array); item != NULL; item = sdg_json_next(item)) {
    (void)snprintf(order->authz[order->authz_count++], SDG_ID_SIZE, "%s", sdg_json_string(item));
  }
  return STARDELEG_OK;
}

static stardeleg_err read_caa(sdg_ca_order *order, const sdg_json *tree)
{
  stardeleg_err err =
      sdg_json_get_int(&order->caa_checked_at, tree, "caaChecked", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&order->caa_retry_at, tree, "caaRetry", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  return err;
}

static stardeleg_err read_order(sdg_ca_order *order, const sdg_json *tree)
{
  const sdg_json *wire = NULL;
  int64_t next = 0;
  int64_t rules = (int64_t)SDG_CA_RULES_DEFAULT; /* records of before there were profiles have none */
  stardeleg_err err = sdg_ca_read_text(order->account, sizeof(order->account), tree, "account");

  if (err == STARDELEG_OK) {
    err = sdg_ca_read_text(order->cert_id, sizeof(order->cert_id), tree, "cert");
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&wire, tree, "order", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_acme_order_from_tree(&order->wire, wire, NULL);
  }
  if (err == STARDELEG_OK) {
    err = read_authz_ids(order, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_base64url(&order->csr, tree, "csr", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&order->first_issue_at, tree, "firstIssue", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&next, tree, "next", SDG_JSON_REQUIRED, 0, INT64_MAX, NULL);
  }
  order->next_index = (uint64_t)next;
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&rules, tree, "rules", SDG_JSON_OPTIONAL, 0, INT64_MAX, NULL);
    order->rules = (uint64_t)rules;
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&order->plain_lifetime_s, tree, "lifetime", SDG_JSON_OPTIONAL, 0, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = read_caa(order, tree);
  }
  return err;
}

stardeleg_err sdg_ca_parse_record(sdg_json **out, const stardeleg_record *record)
{
  sdg_json_limits limits = sdg_json_limits_default();
  stardeleg_err err;

  limits.bytes_max = STARDELEG_STORE_VALUE_MAX;
  limits.string_max = STARDELEG_STORE_VALUE_MAX;
  err = sdg_json_parse(out, sdg_bytes(record->value, record->value_len), &limits, NULL);
  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
}

stardeleg_err sdg_ca_order_read(sdg_ca_order *out, const stardeleg_record *record)
{
  sdg_ca_order order;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ca_parse_record(&tree, record);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_ca_order_init(&order);
  err = read_order(&order, tree);
  sdg_json_free(tree);
  if (err != STARDELEG_OK) {
    sdg_ca_order_clear(&order);
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  (void)snprintf(order.id, sizeof(order.id), "%s", record->key);
  order.version = record->version;
  order.fence = record->fence;
  *out = order;
  return STARDELEG_OK;
}

stardeleg_err sdg_ca_order_load(const stardeleg_ca *ca, const char *id, sdg_ca_order *out)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ca->options.store, "order", id, &record);

  if (err == STARDELEG_OK) {
    err = sdg_ca_order_read(out, &record);
    out->fence = 0; /* only a claim gives the right to a lease */
  }
  stardeleg_record_clear(&record);
  return err;
}

static stardeleg_time next_issue_at(const stardeleg_ca *ca, const sdg_ca_order *order)
{
  sdg_auto_renewal renewal;
  sdg_star_schedule schedule;
  sdg_star_period period;

  if (order->wire.auto_renewal == NULL ||
      sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL) != STARDELEG_OK ||
      sdg_star_schedule_init(&schedule, &renewal, order->first_issue_at, ca->options.fraction_permille) !=
          STARDELEG_OK ||
      sdg_star_schedule_period(&schedule, order->next_index, &period) != STARDELEG_OK) {
    return STARDELEG_TIME_NEVER; /* the last certificate is out */
  }
  return period.publish_at;
}

stardeleg_time sdg_ca_order_next_at(const stardeleg_ca *ca, const sdg_ca_order *order)
{
  switch (order->wire.status) {
  case SDG_ORDER_PENDING:
  case SDG_ORDER_READY:
    return order->wire.expires; /* to become invalid then (ACME-7.4-05) */
  case SDG_ORDER_PROCESSING:
    return 0; /* at once */
  case SDG_ORDER_VALID:
    return sdg_time_max(next_issue_at(ca, order), order->caa_retry_at);
  default:
    return STARDELEG_TIME_NEVER;
  }
}

stardeleg_time sdg_ca_order_over_at(const stardeleg_ca *ca, const sdg_ca_order *order)
{
  if (order->wire.expires == STARDELEG_TIME_NONE || sdg_ca_order_next_at(ca, order) != STARDELEG_TIME_NEVER) {
    return STARDELEG_TIME_NEVER;
  }
  /* That of a valid order has the grace in it.  A canceled one goes on telling so for as long again, to whoever sleeps
   * over it (RFC 8739 3.1.2). */
  return order->wire.status != SDG_ORDER_VALID
             ? sdg_time_add(order->wire.expires, ca->options.order_grace_s * SDG_TIME_S)
             : order->wire.expires;
}

void sdg_ca_put_order(const stardeleg_ca *ca, stardeleg_store_op *op, sdg_buf *value, const sdg_ca_order *order,
                      bool release)
{
  sdg_ca_order_write(value, order);
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                             .kind = "order",
                             .key = order->id,
                             .value = sdg_buf_bytes(value),
                             .index = order->account,
                             .due = sdg_time_min(sdg_ca_order_next_at(ca, order), sdg_ca_order_over_at(ca, order)),
                             .expected_version = order->version,
                             .fence = order->fence,
                             .release = release ? 1 : 0};
}

stardeleg_err sdg_ca_save_order(const stardeleg_ca *ca, const sdg_ca_order *order, bool release)
{
  sdg_buf value;
  stardeleg_store_op op;
  stardeleg_err err;

  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  sdg_ca_put_order(ca, &op, &value, order, release);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, &op, 1);
  }
  sdg_buf_clear(&value);
  return err;
}
