/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_crl.c -- the list of revoked certificates as a record, and how it is made (RFC 5280 5, RFC 8555 7.6).
 *
 * Revoking writes a record of kind "revoked" and makes the list due at once; the engine goes through these records and
 * signs.  So no request waits for a signature, and a list is made anew in time whether or not anybody revokes. */
#include "ca/ca_crl.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ca/ca_record_internal.h"

#define REVOKED_KIND "revoked"
#define LIST_KEY "1"
#define PURGE_PAUSE (5 * SDG_TIME_MINUTE)
/* Between two lists that are too long for one record: making one is work, and many may be revoked at once. */
#define LONG_PAUSE SDG_TIME_MINUTE

/* --- The record --- */

static void list_init(sdg_ca_crl *list)
{
  memset(list, 0, sizeof(*list));
  sdg_buf_init(&list->der, SDG_CA_CRL_MAX);
}

static stardeleg_err read_list(const stardeleg_record *record, sdg_ca_crl *out)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ca_parse_record(&tree, record);

  list_init(out);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->number, tree, "number", SDG_JSON_REQUIRED, 0, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->this_update, tree, "thisUpdate", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->next_update, tree, "nextUpdate", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_read_text(out->issuer, sizeof(out->issuer), tree, "issuer");
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_base64url(&out->der, tree, "der", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->parts, tree, "parts", SDG_JSON_OPTIONAL, 0, SDG_CA_CRL_PARTS_MAX, NULL);
  }
  sdg_json_free(tree);
  if (err != STARDELEG_OK) {
    sdg_buf_clear(&out->der);
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  out->version = record->version;
  return STARDELEG_OK;
}

stardeleg_err sdg_ca_crl_load(const stardeleg_ca *ca, sdg_ca_crl *out)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ca->options.store, SDG_CA_CRL_KIND, LIST_KEY, &record);

  if (err == STARDELEG_OK) {
    err = read_list(&record, out);
  }
  stardeleg_record_clear(&record);
  return err;
}

static void put_list(stardeleg_store_op *op, sdg_buf *value, const sdg_ca_crl *list, stardeleg_time due)
{
  sdg_json_writer w;

  sdg_jw_init(&w, value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_int(&w, "number", list->number);
  sdg_jw_int(&w, "thisUpdate", list->this_update);
  sdg_jw_int(&w, "nextUpdate", list->next_update);
  sdg_jw_string(&w, "issuer", list->issuer);
  sdg_jw_int(&w, "parts", list->parts);
  sdg_jw_base64url(&w, "der", list->parts > 0 ? sdg_bytes(NULL, 0) : sdg_buf_bytes(&list->der));
  sdg_jw_object_end(&w);
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                             .kind = SDG_CA_CRL_KIND,
                             .key = LIST_KEY,
                             .value = sdg_buf_bytes(value),
                             .due = due,
                             .expected_version = list->version};
}

/* Who signs, in a form for records: entries of an issuer before this one are not ours to list. */
static void write_issuer(const stardeleg_ca *ca, char out[SDG_CA_ISSUER_TEXT])
{
  stardeleg_bytes id = sdg_buf_bytes(&ca->issuer_key_id);

  out[0] = '\0';
  for (size_t i = 0; i < id.len && 2 * i + 3 <= SDG_CA_ISSUER_TEXT; i++) {
    (void)snprintf(out + 2 * i, 3, "%02x", id.base[i]);
  }
}

/* The list as it stands, or an empty one that has never been signed; due at once in either case, a long one a minute
 * after the one before it. */
static stardeleg_err make_due(const stardeleg_ca *ca, stardeleg_time now, stardeleg_store_op *op, sdg_buf *value)
{
  stardeleg_time due = now;
  sdg_ca_crl list;
  stardeleg_err err = sdg_ca_crl_load(ca, &list);

  if (err == STARDELEG_ERR_NOT_FOUND) {
    list_init(&list);
    write_issuer(ca, list.issuer);
    err = STARDELEG_OK;
  }
  if (err == STARDELEG_OK) {
    if (list.parts > 0 && list.this_update <= now) {
      due = sdg_time_max(now, sdg_time_add(list.this_update, LONG_PAUSE));
    }
    put_list(op, value, &list, due);
    sdg_buf_clear(&list.der);
    err = sdg_buf_error(value);
  }
  return err;
}

/* --- Its beginning --- */

stardeleg_err sdg_ca_crl_begin(stardeleg_ca *ca, stardeleg_time now)
{
  char issuer[SDG_CA_ISSUER_TEXT];
  sdg_ca_crl list;
  sdg_buf value;
  stardeleg_store_op op;
  stardeleg_err err;

  if (!ca->has_crl || ca->crl_begun) {
    return STARDELEG_OK;
  }
  write_issuer(ca, issuer);
  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  err = sdg_ca_crl_load(ca, &list);
  if (err == STARDELEG_OK) {
    bool same = strcmp(list.issuer, issuer) == 0;

    sdg_buf_clear(&list.der);
    if (same) {
      ca->crl_begun = true;
      goto out;
    }
  }
  if (err == STARDELEG_OK || err == STARDELEG_ERR_NOT_FOUND) {
    err = make_due(ca, now, &op, &value);
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, &op, 1);
  }
  if (err == STARDELEG_ERR_CONFLICT) {
    err = STARDELEG_OK; /* somebody else began it */
  }
  ca->crl_begun = err == STARDELEG_OK;
out:
  sdg_buf_clear(&value);
  return err;
}

/* --- A revocation --- */

static void put_revoked(const stardeleg_ca *ca, stardeleg_store_op *op, sdg_buf *value, const sdg_ca_cert *cert)
{
  char issuer[SDG_CA_ISSUER_TEXT];
  sdg_json_writer w;

  write_issuer(ca, issuer);
  sdg_jw_init(&w, value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "cert", cert->id);
  sdg_jw_int(&w, "at", cert->revoked_at);
  sdg_jw_int(&w, "reason", cert->reason);
  sdg_jw_int(&w, "notAfter", cert->not_after);
  sdg_jw_string(&w, "issuer", issuer);
  sdg_jw_object_end(&w);
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                             .kind = REVOKED_KIND,
                             .key = cert->serial,
                             .value = sdg_buf_bytes(value),
                             .due = STARDELEG_TIME_NEVER};
}

stardeleg_err sdg_ca_crl_add(stardeleg_ca *ca, const sdg_ca_cert *cert, stardeleg_time now, stardeleg_store_op *ops,
                             sdg_buf *values, size_t *n)
{
  stardeleg_err err;

  /* The entry is kept even without a list: one may be asked for later. */
  put_revoked(ca, &ops[*n], &values[*n], cert);
  err = sdg_buf_error(&values[*n]);
  (*n)++;
  if (err == STARDELEG_OK && ca->has_crl) {
    err = make_due(ca, now, &ops[*n], &values[*n]);
    (*n)++;
  }
  return err;
}

/* --- The engine's part --- */

typedef struct collection {
  const char *issuer;
  stardeleg_time keep_after; /* certificates that ended before it are listed no more */
  sdg_buf entries;           /* DER */
  /* entries that may go: as many as one batch takes; the others go next time */
  struct {
    char serial[48];
    uint64_t version;
  } over[SDG_CA_CRL_PURGE_MAX];
  size_t over_count;
  stardeleg_err err;
} collection;

static stardeleg_err read_entry(const stardeleg_record *record, sdg_ca_crl_entry *out)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ca_parse_record(&tree, record);

  memset(out, 0, sizeof(*out));
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->at, tree, "at", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->reason, tree, "reason", SDG_JSON_REQUIRED, 0, 10, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->not_after, tree, "notAfter", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_read_text(out->issuer, sizeof(out->issuer), tree, "issuer");
  }
  sdg_json_free(tree);
  (void)snprintf(out->serial, sizeof(out->serial), "%s", record->key);
  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
}

static int collect(void *ctx, const stardeleg_record *record)
{
  collection *c = ctx;
  sdg_ca_crl_entry entry;

  c->err = read_entry(record, &entry);
  if (c->err != STARDELEG_OK) {
    return 1; /* a list that leaves out what cannot be read would be a lie */
  }
  if (entry.not_after < c->keep_after) {
    if (c->over_count < SDG_CA_CRL_PURGE_MAX) {
      (void)snprintf(c->over[c->over_count].serial, sizeof(c->over[0].serial), "%s", entry.serial);
      c->over[c->over_count++].version = record->version;
    }
  } else if (strcmp(entry.issuer, c->issuer) == 0) {
    sdg_ca_crl_put_entry(&c->entries, &entry);
    c->err = sdg_buf_error(&c->entries);
  }
  return c->err != STARDELEG_OK;
}

/* The new list, and entries of certificates that were over already when the list before was made (RFC 5280 3.3: "at
 * least one CRL beyond the revoked certificate's validity"). */
static stardeleg_err store_list(stardeleg_ca *ca, sdg_ca_crl *list, const stardeleg_record *record,
                                const collection *c)
{
  /* Where there is more to remove than one batch takes, it goes on soon. */
  int64_t pause = c->over_count < SDG_CA_CRL_PURGE_MAX ? ca->options.crl_lifetime_s * SDG_TIME_S / 2 : PURGE_PAUSE;
  stardeleg_store_op *ops = sdg_calloc(2 + SDG_CA_CRL_PARTS_MAX + SDG_CA_CRL_PURGE_MAX, sizeof(*ops));
  sdg_buf values[1 + SDG_CA_CRL_PARTS_MAX];
  int64_t before = list->parts;
  size_t n = 1;
  stardeleg_err err = ops != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;

  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    sdg_buf_init(&values[i], STARDELEG_STORE_VALUE_MAX);
  }
  list->parts = sdg_ca_crl_parts_of(list->der.len);
  if (err == STARDELEG_OK) {
    put_list(&ops[0], &values[0], list, sdg_time_add(list->this_update, pause));
    ops[0].expected_version = record->version;
    ops[0].fence = record->fence;
    ops[0].release = 1;
    err = sdg_buf_error(&values[0]);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_crl_put_parts(ca, list, before, ops, values, &n);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_crl_mark_full(ca, sdg_ca_crl_is_nearly_full(ca, list->der.len), ops, &n);
  }
  for (size_t i = 0; i < c->over_count && err == STARDELEG_OK; i++) {
    ops[n++] = (stardeleg_store_op){.verb = STARDELEG_STORE_DEL,
                                    .kind = REVOKED_KIND,
                                    .key = c->over[i].serial,
                                    .expected_version = c->over[i].version};
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, ops, n);
  }
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    sdg_buf_clear(&values[i]);
  }
  sdg_free(ops);
  return err;
}

/* |keep_after| as in |c|.  LIMIT: there are more than the list has room for; it is as it was then. */
static stardeleg_err collect_all(const stardeleg_ca *ca, const sdg_ca_crl *list, stardeleg_time keep_after,
                                 collection *c)
{
  stardeleg_err err;

  sdg_buf_clear(&c->entries);
  sdg_buf_init(&c->entries, ca->options.crl_max - SDG_CA_CRL_FRAME - ca->issuer_name.len);
  c->err = STARDELEG_OK;
  c->over_count = 0;
  c->keep_after = keep_after;
  c->issuer = list->issuer;
  err = sdg_store_scan(ca->options.store, REVOKED_KIND, NULL, NULL, SIZE_MAX, collect, c);
  return err == STARDELEG_OK ? c->err : err;
}

static stardeleg_err make_list(stardeleg_ca *ca, const stardeleg_record *record, sdg_ca_crl *list, collection *c,
                               stardeleg_time now)
{
  stardeleg_err err;

  write_issuer(ca, list->issuer);
  err = collect_all(ca, list, list->number > 0 ? list->this_update : 0, c);
  if (err == STARDELEG_ERR_LIMIT) {
    /* What is over since the last list has to be on one more (RFC 5280 3.3), but not at the price of what is not over:
     * and without this a list that is full once would stay so, as there never is that one more. */
    err = collect_all(ca, list, now, c);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  list->number++;
  list->this_update = sdg_time_floor_s(now);
  list->next_update = sdg_time_add(list->this_update, ca->options.crl_lifetime_s * SDG_TIME_S);
  err = sdg_ca_crl_build(ca, list, sdg_buf_bytes(&c->entries));
  return err == STARDELEG_OK ? store_list(ca, list, record, c) : err;
}

/* The list that is out stays, and ends at its nextUpdate: who relies on it must not take a shorter one for whole. */
static stardeleg_err put_off(stardeleg_ca *ca, const stardeleg_record *record, stardeleg_time now)
{
  stardeleg_store_op ops[2];
  size_t n = 1;
  stardeleg_err err;

  sdg_log(&ca->options.log, STARDELEG_LOG_ERROR, "ca.crl.full",
          "more revoked certificates than a list of %zu bytes has room for: the newest are not on the published one",
          ca->options.crl_max);
  ops[0] = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                                .kind = SDG_CA_CRL_KIND,
                                .key = record->key,
                                .value = sdg_bytes(record->value, record->value_len),
                                .due = sdg_time_add(now, PURGE_PAUSE),
                                .expected_version = record->version,
                                .fence = record->fence,
                                .release = 1};
  err = sdg_ca_crl_mark_full(ca, true, ops, &n);
  return err == STARDELEG_OK ? sdg_store_batch(ca->options.store, ops, n) : err;
}

static void tell(const stardeleg_ca *ca, const sdg_ca_crl *list)
{
  bool full = sdg_ca_crl_is_nearly_full(ca, list->der.len);

  sdg_log(&ca->options.log, full ? STARDELEG_LOG_WARNING : STARDELEG_LOG_INFO, full ? "ca.crl.nearly_full" : "ca.crl",
          "number=%lld bytes=%zu of %zu%s", (long long)list->number, list->der.len, ca->options.crl_max,
          full ? ": certificates are issued for orders with auto-renewal only" : "");
}

stardeleg_err sdg_ca_crl_work(stardeleg_ca *ca, const stardeleg_record *record, stardeleg_time now)
{
  sdg_ca_crl list;
  collection *c = sdg_calloc(1, sizeof(*c));
  stardeleg_err err = c != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;

  list_init(&list);
  if (err == STARDELEG_OK) {
    sdg_buf_init(&c->entries, 0);
    err = read_list(record, &list);
  }
  if (err == STARDELEG_OK) {
    err = make_list(ca, record, &list, c, now);
    if (err == STARDELEG_OK) {
      tell(ca, &list);
    }
  }
  if (err == STARDELEG_ERR_LIMIT) {
    err = put_off(ca, record, now);
  }
  if (err == STARDELEG_ERR_CONFLICT) {
    /* Somebody revoked in between; the list is due, so let it be claimed again at once. */
    err = sdg_store_release(ca->options.store, SDG_CA_CRL_KIND, record->key, record->fence);
    err = err == STARDELEG_ERR_CONFLICT ? STARDELEG_OK : err;
  }
  if (err != STARDELEG_OK) {
    sdg_log(&ca->options.log, STARDELEG_LOG_ERROR, "ca.crl.failed", "%s", stardeleg_strerror(err));
  }
  if (c != NULL) {
    sdg_buf_clear(&c->entries);
    sdg_free(c);
  }
  sdg_buf_clear(&list.der);
  return err;
}
