/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_publication.c -- published certificates: records and the resource. */
#include "ido/ido_publication.h"

#include <stdio.h>
#include <string.h>

#include "acme_server/certificate_reply.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "ido/ido_internal.h"
#include "x509/cert.h"

#define KIND "published"

void sdg_ido_publication_free(sdg_ido_publication *publication)
{
  if (publication != NULL) {
    sdg_free(publication->chain_pem);
    sdg_free(publication);
  }
}

/* --- Writing --- */

static void write_instant(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  if (at != STARDELEG_TIME_NEVER) {
    sdg_jw_int(w, name, at);
  }
}

static void write_record(sdg_buf *out, const sdg_ido_order *order)
{
  const sdg_ido_publication *publication = order->publication;
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "order", order->id);
  sdg_jw_string(&w, "account", order->account);
  sdg_jw_bool(&w, "star", sdg_ido_order_is_star(order));
  sdg_jw_bool(&w, "canceled", publication->canceled);
  sdg_jw_string(&w, "chain", publication->chain_pem);
  sdg_jw_string(&w, "serial", publication->serial);
  sdg_jw_int(&w, "notBefore", publication->not_before);
  sdg_jw_int(&w, "notAfter", publication->not_after);
  write_instant(&w, "nextAt", publication->next_at);
  write_instant(&w, "endAt", publication->end_at);
  sdg_jw_object_end(&w);
}

stardeleg_err sdg_ido_publication_put(const sdg_ido_order *order, stardeleg_store_op *op, sdg_buf *value)
{
  write_record(value, order);
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                             .kind = KIND,
                             .key = order->published,
                             .value = sdg_buf_bytes(value),
                             .index = order->publication->certificate_id[0] != '\0'
                                          ? order->publication->certificate_id
                                          : order->id,
                             .due = STARDELEG_TIME_NEVER,
                             .expected_version = order->publications};
  return sdg_buf_error(value);
}

void sdg_ido_publication_done(sdg_ido_order *order)
{
  if (order->publication != NULL) {
    order->publications++;
    sdg_ido_publication_free(order->publication);
    order->publication = NULL;
  }
}

void sdg_ido_publication_withhold(sdg_ido_order *order)
{
  if (order->publication != NULL) {
    order->publication->chain_pem[0] = '\0';
    order->publication->canceled = true;
    order->publication->next_at = STARDELEG_TIME_NEVER;
    order->publication->end_at = STARDELEG_TIME_NEVER;
  }
}

bool sdg_ido_publication_del(const sdg_ido_order *order, stardeleg_store_op *op)
{
  if (order->publications == 0) {
    return false;
  }
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_DEL,
                             .kind = KIND,
                             .key = order->published,
                             .due = STARDELEG_TIME_NEVER,
                             .expected_version = order->publications};
  return true;
}

/* --- The resource --- */

static stardeleg_err read_view(sdg_certificate_view *view, const sdg_json *tree)
{
  stardeleg_err err = sdg_json_get_string(&view->account, tree, "account", SDG_JSON_REQUIRED, NULL);

  view->next_at = STARDELEG_TIME_NEVER;
  view->end_at = STARDELEG_TIME_NEVER;
  view->certificate_get = true; /* no order is accepted without it */
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&view->chain_pem, tree, "chain", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&view->tag, tree, "serial", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&view->star, tree, "star", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&view->canceled, tree, "canceled", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&view->not_before, tree, "notBefore", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&view->not_after, tree, "notAfter", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&view->next_at, tree, "nextAt", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&view->end_at, tree, "endAt", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  return err;
}

static stardeleg_err parse_record(sdg_json **tree, const stardeleg_record *record)
{
  sdg_json_limits limits = sdg_json_limits_default();

  limits.bytes_max = STARDELEG_STORE_VALUE_MAX;
  limits.string_max = STARDELEG_STORE_VALUE_MAX;
  return sdg_json_parse(tree, sdg_bytes(record->value, record->value_len), &limits, NULL);
}

static stardeleg_err show(sdg_call *call, const stardeleg_record *record)
{
  sdg_certificate_view view = {0};
  sdg_json *tree = NULL;
  stardeleg_err err = parse_record(&tree, record);

  if (err == STARDELEG_OK) {
    err = read_view(&view, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_certificate(call, &view);
  } else if (err != STARDELEG_ERR_NOMEM) {
    err = STARDELEG_ERR_STORE;
  }
  sdg_json_free(tree);
  return err;
}

stardeleg_err sdg_ido_route_certificate(void *role, sdg_call *call)
{
  const stardeleg_ido *ido = role;
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ido->options.store, KIND, call->parts[0], &record);

  if (err == STARDELEG_ERR_NOT_FOUND) {
    err = sdg_call_no_certificate(call);
  } else if (err == STARDELEG_OK) {
    err = show(call, &record);
  }
  stardeleg_record_clear(&record);
  return err;
}

/* --- By the certificate --- */

void sdg_ido_published_clear(sdg_ido_published *published)
{
  sdg_buf_clear(&published->leaf);
}

static stardeleg_err fill_found(sdg_ido_published *out, const sdg_json *tree)
{
  sdg_certificate_view view = {0};
  const char *order = "";
  sdg_chain chain;
  stardeleg_err err = read_view(&view, tree);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&order, tree, "order", SDG_JSON_REQUIRED, NULL);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if ((size_t)snprintf(out->order, SDG_ID_SIZE, "%s", order) >= SDG_ID_SIZE ||
      (size_t)snprintf(out->account, SDG_ID_SIZE, "%s", view.account) >= SDG_ID_SIZE) {
    return STARDELEG_ERR_STORE;
  }
  out->not_before = view.not_before;
  out->not_after = view.not_after;
  out->canceled = view.canceled;
  if (view.chain_pem[0] != '\0') {
    err = sdg_chain_parse(&chain, sdg_bytes_str(view.chain_pem));
    if (err == STARDELEG_OK) {
      sdg_buf_add_bytes(&out->leaf, chain.certs[0]);
      err = sdg_buf_error(&out->leaf);
      sdg_chain_clear(&chain);
    }
  }
  return err;
}

typedef struct search {
  sdg_ido_published *out;
  stardeleg_err err;
} search;

static int take_found(void *ctx, const stardeleg_record *record)
{
  search *s = ctx;
  sdg_json *tree = NULL;

  s->err = parse_record(&tree, record);
  if (s->err == STARDELEG_OK) {
    s->err = fill_found(s->out, tree);
  }
  sdg_json_free(tree);
  if (s->err != STARDELEG_OK && s->err != STARDELEG_ERR_NOMEM) {
    s->err = STARDELEG_ERR_STORE;
  }
  return 1;
}

/* An order's id, which other publications have for an index, has no dot. */
stardeleg_err sdg_ido_publication_find(const stardeleg_store *store, const char *certificate_id,
                                       sdg_ido_published *out)
{
  search s = {out, STARDELEG_ERR_NOT_FOUND};
  stardeleg_err err;

  memset(out, 0, sizeof(*out));
  sdg_buf_init(&out->leaf, STARDELEG_STORE_VALUE_MAX);
  if (strchr(certificate_id, '.') == NULL || !sdg_store_name_is_valid(certificate_id)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  err = sdg_store_scan(store, KIND, certificate_id, NULL, 1, take_found, &s);
  err = err == STARDELEG_OK ? s.err : err;
  if (err != STARDELEG_OK) {
    sdg_ido_published_clear(out);
  }
  return err;
}
