/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_order.c -- orders in the store. */
#include "ido/ido_order.h"

#include <stdio.h>
#include <string.h>

#include "acme/problem_document.h"
#include "acme_client/renewal_info.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "ido/ido_order_audit.h"
#include "ido/ido_publication.h"

/* A wire object needs a finalize URL to be read back; the real one is made when the order is shown. */
#define PLACEHOLDER_URL "https://order.invalid/"

/* A delegate's auto-renewal object may be as deep as a request allows, and lies deeper in the record: in the order, and
 * in the issuer's view of it. */
#define RECORD_DEPTH 8

/* What this version writes itself; all other members are kept as they are. */
static const char *const known[] = {"v",        "account", "delegation", "issuer",      "order",
                                    "template", "csr",     "cancel",     "cnames",      "work",
                                    "step",     "reason",  "createdAt",  "finalizedAt", "lastSuccess", "key",
                                    "renewAt",  "published", "publications", "aliases", "compat", "disownUntil",
                                    "replacedBy", "keepUntil"};

void sdg_ido_order_init(sdg_ido_order *order)
{
  memset(order, 0, sizeof(*order));
  order->wire.expires = STARDELEG_TIME_NONE;
  order->wire.not_before = STARDELEG_TIME_NONE;
  order->wire.not_after = STARDELEG_TIME_NONE;
  order->created_at = STARDELEG_TIME_NONE;
  order->finalized_at = STARDELEG_TIME_NONE;
  order->last_success = STARDELEG_TIME_NONE;
  order->due = STARDELEG_TIME_NEVER;
  order->renew_at = STARDELEG_TIME_NEVER;
  order->disown_until = STARDELEG_TIME_NONE;
  order->keep_until = STARDELEG_TIME_NONE;
  order->now = STARDELEG_TIME_NONE;
  sdg_buf_init(&order->csr, SDG_IDO_CSR_MAX);
}

void sdg_ido_order_clear(sdg_ido_order *order)
{
  sdg_acme_order_clear(&order->wire);
  sdg_free(order->tmpl);
  sdg_buf_clear(&order->csr);
  sdg_json_free(order->tree);
  sdg_ido_publication_free(order->publication);
  sdg_json_free(order->aliases);
  sdg_ido_order_init(order);
}

bool sdg_ido_order_is_final(const sdg_ido_order *order)
{
  return (order->wire.status == SDG_ORDER_INVALID || order->wire.status == SDG_ORDER_CANCELED) &&
         !sdg_ido_order_is_disowned(order);
}

/* --- Writing --- */

static bool is_known(const char *name)
{
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    if (strcmp(known[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static void write_instant(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  if (at != STARDELEG_TIME_NONE) {
    sdg_jw_int(w, name, at);
  }
}

static void write_members(sdg_json_writer *w, const sdg_ido_order *order)
{
  sdg_acme_order wire = order->wire;
  char placeholder[] = PLACEHOLDER_URL;

  wire.finalize = placeholder;
  sdg_jw_int(w, "v", 1);
  sdg_jw_string(w, "account", order->account);
  sdg_jw_string(w, "delegation", order->delegation);
  sdg_jw_string(w, "issuer", order->issuer);
  sdg_acme_order_write(w, "order", &wire);
  sdg_jw_string_opt(w, "template", order->tmpl);
  if (order->csr.len > 0) {
    sdg_jw_base64url(w, "csr", sdg_buf_bytes(&order->csr));
  }
  sdg_jw_bool(w, "cancel", order->cancel);
  sdg_jw_bool(w, "cnames", order->cnames);
  if (order->compat) {
    sdg_jw_bool(w, "compat", true);
  }
  write_instant(w, "createdAt", order->created_at);
  write_instant(w, "finalizedAt", order->finalized_at);
  write_instant(w, "lastSuccess", order->last_success);
  write_instant(w, "disownUntil", order->disown_until);
  write_instant(w, "keepUntil", order->keep_until);
  sdg_jw_string_opt(w, "step", order->step);
  sdg_jw_string_opt(w, "reason", order->reason);
  sdg_jw_string_opt(w, "key", order->key);
  sdg_jw_string_opt(w, "replacedBy", order->replaced_by);
  if (order->renew_at != STARDELEG_TIME_NEVER) {
    sdg_jw_int(w, "renewAt", order->renew_at);
  }
  if (order->aliases != NULL) {
    sdg_jw_tree(w, "aliases", order->aliases);
  }
  sdg_jw_string_opt(w, "published", order->published);
  if (order->published[0] != '\0') {
    sdg_jw_int(w, "publications", (int64_t)(order->publications + (order->publication != NULL ? 1 : 0)));
  }
}

static void write_record(sdg_buf *out, const sdg_ido_order *order, sdg_ido_write_work write_work, const void *ctx)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  write_members(&w, order);
  if (write_work != NULL) {
    write_work(ctx, &w, "work");
  } else if (order->work != NULL) {
    sdg_jw_tree(&w, "work", order->work);
  }
  for (const sdg_json *item = sdg_json_first(order->tree); item != NULL; item = sdg_json_next(item)) {
    if (!is_known(sdg_json_name(item))) {
      sdg_jw_tree(&w, sdg_json_name(item), item);
    }
  }
  sdg_jw_object_end(&w);
}

/* The order and what is published of it: one batch, or the one would tell of a certificate that the other lacks. */
static stardeleg_err write_both(const stardeleg_store *store, sdg_ido_order *order, const stardeleg_store_op *op)
{
  const stardeleg_store_op *also = order->also;
  size_t also_count = order->also_count;
  stardeleg_store_op ops[SDG_IDO_ALSO_OPS_MAX];
  sdg_buf value;
  stardeleg_err err;

  if (order->publication == NULL) {
    return sdg_ido_order_write_audited(store, order, op);
  }
  if (also_count >= SDG_IDO_ALSO_OPS_MAX) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (size_t i = 0; i < also_count; i++) {
    ops[i] = also[i];
  }
  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  err = sdg_ido_publication_put(order, &ops[also_count], &value);
  if (err == STARDELEG_OK) {
    order->also = ops;
    order->also_count = also_count + 1;
    err = sdg_ido_order_write_audited(store, order, op);
  }
  order->also = also;
  order->also_count = also_count;
  sdg_buf_clear(&value);
  if (err == STARDELEG_OK) {
    sdg_ido_publication_done(order);
  }
  return err;
}

static stardeleg_err make_op(const sdg_ido_order *order, stardeleg_time due, stardeleg_store_op *op,
                             const sdg_buf *value)
{
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                             .kind = "order",
                             .key = order->id,
                             .value = sdg_buf_bytes(value),
                             .index = order->delegation,
                             .due = due,
                             .expected_version = order->version,
                             .fence = order->fence};
  return sdg_buf_error(value);
}

stardeleg_err sdg_ido_order_op(const sdg_ido_order *order, stardeleg_time due, stardeleg_store_op *op, sdg_buf *value)
{
  write_record(value, order, NULL, NULL);
  return make_op(order, due, op, value);
}

stardeleg_err sdg_ido_order_put(const stardeleg_store *store, sdg_ido_order *order, stardeleg_time due, bool release,
                                sdg_ido_write_work write_work, const void *ctx)
{
  stardeleg_store_op op;
  sdg_buf value;
  stardeleg_err err;

  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  write_record(&value, order, write_work, ctx);
  err = make_op(order, due, &op, &value);
  if (err == STARDELEG_OK) {
    op.release = release && order->fence != 0 ? 1 : 0;
    err = write_both(store, order, &op);
  }
  sdg_buf_clear(&value);
  return err;
}

/* --- Reading --- */

static stardeleg_err read_text(char *out, size_t size, const sdg_json *tree, const char *name, sdg_json_need need)
{
  const char *text = "";
  stardeleg_err err = sdg_json_get_string(&text, tree, name, need, NULL);

  if (err == STARDELEG_OK && (size_t)snprintf(out, size, "%s", text) >= size) {
    err = STARDELEG_ERR_MALFORMED;
  }
  return err;
}

static stardeleg_err read_texts(sdg_ido_order *order, const sdg_json *tree)
{
  const struct {
    char *out;
    size_t size;
    const char *name;
    sdg_json_need need;
  } texts[] = {{order->account, sizeof(order->account), "account", SDG_JSON_REQUIRED},
               {order->delegation, sizeof(order->delegation), "delegation", SDG_JSON_REQUIRED},
               {order->issuer, sizeof(order->issuer), "issuer", SDG_JSON_REQUIRED},
               {order->step, sizeof(order->step), "step", SDG_JSON_OPTIONAL},
               {order->reason, sizeof(order->reason), "reason", SDG_JSON_OPTIONAL},
               {order->key, sizeof(order->key), "key", SDG_JSON_OPTIONAL},
               {order->published, sizeof(order->published), "published", SDG_JSON_OPTIONAL},
               {order->replaced_by, sizeof(order->replaced_by), "replacedBy", SDG_JSON_OPTIONAL}};

  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    stardeleg_err err = read_text(texts[i].out, texts[i].size, tree, texts[i].name, texts[i].need);

    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err read_instants(sdg_ido_order *order, const sdg_json *tree)
{
  const struct {
    stardeleg_time *out;
    const char *name;
  } instants[] = {{&order->created_at, "createdAt"},
                  {&order->finalized_at, "finalizedAt"},
                  {&order->last_success, "lastSuccess"},
                  {&order->disown_until, "disownUntil"},
                  {&order->keep_until, "keepUntil"},
                  {&order->renew_at, "renewAt"}};
  int64_t publications = 0;
  stardeleg_err err =
      sdg_json_get_int(&publications, tree, "publications", SDG_JSON_OPTIONAL, 0, INT64_MAX, NULL);

  order->publications = (uint64_t)publications;
  for (size_t i = 0; err == STARDELEG_OK && i < sizeof(instants) / sizeof(instants[0]); i++) {
    err = sdg_json_get_int(instants[i].out, tree, instants[i].name, SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  return err;
}

static stardeleg_err read_wire(sdg_ido_order *order, const sdg_json *tree)
{
  const sdg_json *wire = NULL;
  const char *tmpl = NULL;
  stardeleg_err err = sdg_json_get_object(&wire, tree, "order", SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_acme_order_from_tree(&order->wire, wire, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&tmpl, tree, "template", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && tmpl != NULL) {
    order->tmpl = sdg_strdup(tmpl);
    err = order->tmpl != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_base64url(&order->csr, tree, "csr", SDG_JSON_OPTIONAL, NULL);
  }
  return err;
}

static stardeleg_err read_members(sdg_ido_order *order, const sdg_json *tree)
{
  stardeleg_err err = read_texts(order, tree);

  if (err == STARDELEG_OK) {
    err = read_instants(order, tree);
  }
  if (err == STARDELEG_OK) {
    err = read_wire(order, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&order->cancel, tree, "cancel", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&order->cnames, tree, "cnames", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&order->compat, tree, "compat", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&order->work, tree, "work", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && sdg_json_type_of(sdg_json_member(tree, "aliases")) == SDG_JSON_OBJECT) {
    order->aliases = sdg_json_copy(sdg_json_member(tree, "aliases"));
    err = order->aliases != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return err;
}

stardeleg_err sdg_ido_order_read(sdg_ido_order *out, const stardeleg_record *record)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_ido_order order;
  stardeleg_err err;

  limits.bytes_max = STARDELEG_STORE_VALUE_MAX;
  limits.string_max = STARDELEG_STORE_VALUE_MAX;
  limits.depth_max += RECORD_DEPTH;
  sdg_ido_order_init(&order);
  err = sdg_json_parse(&order.tree, sdg_bytes(record->value, record->value_len), &limits, NULL);
  if (err == STARDELEG_OK) {
    err = read_members(&order, order.tree);
  }
  if (err != STARDELEG_OK || strlen(record->key) >= sizeof(order.id)) {
    sdg_ido_order_clear(&order);
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  (void)snprintf(order.id, sizeof(order.id), "%s", record->key);
  order.due = record->due;
  order.version = record->version;
  order.fence = record->fence;
  sdg_ido_order_note_seen(&order);
  *out = order;
  return STARDELEG_OK;
}

stardeleg_err sdg_ido_order_load(const stardeleg_store *store, const char *id, sdg_ido_order *out)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(store, "order", id, &record);

  if (err == STARDELEG_OK) {
    record.fence = 0; /* only a claim gives the right to a lease */
    err = sdg_ido_order_read(out, &record);
  }
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err sdg_ido_order_window(const stardeleg_store *store, const char *id, stardeleg_time *start,
                                   stardeleg_time *end)
{
  sdg_ido_order order;
  sdg_renewal_watch watch;
  const sdg_json *tree;
  stardeleg_err err = sdg_ido_order_load(store, id, &order);

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  tree = sdg_json_member(order.work, "watch");
  if (sdg_json_type_of(tree) == SDG_JSON_OBJECT) {
    err = sdg_renewal_watch_read(&watch, tree);
    if (err == STARDELEG_OK && watch.start != STARDELEG_TIME_NONE && watch.end != STARDELEG_TIME_NONE) {
      *start = watch.start;
      *end = watch.end;
    }
    if (err == STARDELEG_OK) {
      sdg_renewal_watch_clear(&watch);
    }
  }
  sdg_ido_order_clear(&order);
  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
}

/* --- Failing --- */

stardeleg_err sdg_ido_order_set_error(sdg_ido_order *order, const stardeleg_problem *problem)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_problem_to_tree(&tree, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_json_free(order->wire.error);
  order->wire.error = tree;
  return STARDELEG_OK;
}

stardeleg_err sdg_ido_order_fail(sdg_ido_order *order, const stardeleg_problem *problem)
{
  stardeleg_err err = sdg_ido_order_set_error(order, problem);

  if (err == STARDELEG_OK) {
    order->wire.status = SDG_ORDER_INVALID;
  }
  return err;
}
