/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_audit_prune.c -- entries of the audit record that go: those that are old, and the oldest of too many.
 *
 * How much there is stands in a record of its own, with the last entry that was added up: each is read once for it.  It
 * is written by who removes, together with the removal, so any number of processes may do so. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "ido/ido_audit.h"
#include "ido/ido_internal.h"

#define SIZE_KIND "audit-size"
#define SIZE_KEY "audit"
/* Removed, and added up, in one step. */
#define REMOVE_PAGE 128u
#define ADD_PAGE 2048u
/* Entries are added up once no other process can still be writing earlier ones. */
#define SETTLED (10 * SDG_TIME_MINUTE)

typedef struct pruning {
  const stardeleg_store *store;
  const sdg_audit_bounds *bounds;
  /* the sum */
  int64_t bytes;
  char upto[SDG_ALSO_NAME_SIZE];
  uint64_t version; /* 0: there is no record of it */
  bool changed;
  char settled[SDG_AUDIT_BEGIN_SIZE]; /* entries from here on are too young */
  size_t added;
  /* what goes */
  char old[SDG_AUDIT_BEGIN_SIZE]; /* entries before this one; "": none */
  char keys[REMOVE_PAGE][SDG_ALSO_NAME_SIZE];
  uint64_t versions[REMOVE_PAGE];
  size_t count;
  size_t early; /* of these, such that are not old */
} pruning;

/* --- The sum --- */

static int64_t cost_of(const stardeleg_record *record)
{
  return (int64_t)(record->value_len + strlen(record->key) + strlen(record->index));
}

static stardeleg_err read_sum(pruning *p, const stardeleg_record *record)
{
  const char *upto = "";
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ido_delegation_tree(&tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&p->bytes, tree, "bytes", SDG_JSON_REQUIRED, 0, INT64_MAX / 2, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&upto, tree, "upto", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK && (size_t)snprintf(p->upto, sizeof(p->upto), "%s", upto) >= sizeof(p->upto)) {
    err = STARDELEG_ERR_STORE;
  }
  p->version = record->version;
  sdg_json_free(tree);
  return err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_STORE : err;
}

static stardeleg_err load_sum(pruning *p)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(p->store, SIZE_KIND, SIZE_KEY, &record);

  if (err == STARDELEG_OK) {
    err = read_sum(p, &record);
  }
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

static int add_entry(void *ctx, const stardeleg_record *record)
{
  pruning *p = ctx;

  if (strcmp(record->key, p->settled) >= 0) {
    return 1;
  }
  p->bytes += cost_of(record);
  p->added++;
  p->changed = true;
  (void)snprintf(p->upto, sizeof(p->upto), "%s", record->key);
  return 0;
}

static void write_sum(sdg_buf *out, const pruning *p)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_int(&w, "bytes", p->bytes);
  sdg_jw_string(&w, "upto", p->upto);
  sdg_jw_object_end(&w);
}

/* --- What goes --- */

static int collect(void *ctx, const stardeleg_record *record)
{
  pruning *p = ctx;
  bool is_old = strcmp(record->key, p->old) < 0;
  bool is_counted = p->bounds->bytes_max > 0 && strcmp(record->key, p->upto) <= 0;

  if (p->count == REMOVE_PAGE || (!is_old && (!is_counted || p->bytes <= p->bounds->bytes_max))) {
    return 1;
  }
  if (is_counted) {
    p->bytes -= p->bytes < cost_of(record) ? p->bytes : cost_of(record);
    p->changed = true;
  }
  p->early += is_old ? 0 : 1;
  (void)snprintf(p->keys[p->count], SDG_ALSO_NAME_SIZE, "%s", record->key);
  p->versions[p->count++] = record->version;
  return 0;
}

/* The sum with the entries; without a bound it would soon be wrong, and goes. */
static size_t put_sum(const pruning *p, stardeleg_store_op *op, sdg_buf *value)
{
  bool is_bound = p->bounds->bytes_max > 0;

  if (is_bound ? !p->changed : p->version == 0) {
    return 0;
  }
  memset(op, 0, sizeof(*op));
  op->verb = is_bound ? STARDELEG_STORE_PUT : STARDELEG_STORE_DEL;
  op->kind = SIZE_KIND;
  op->key = SIZE_KEY;
  op->due = STARDELEG_TIME_NEVER;
  op->expected_version = p->version;
  if (is_bound) {
    write_sum(value, p);
    op->value = sdg_buf_bytes(value);
  }
  return 1;
}

static stardeleg_err write_all(const pruning *p)
{
  stardeleg_store_op *ops = sdg_calloc(REMOVE_PAGE + 1, sizeof(*ops));
  size_t n = 0;
  sdg_buf value;
  stardeleg_err err = STARDELEG_OK;

  if (ops == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_buf_init(&value, 4096);
  for (; n < p->count; n++) {
    ops[n].verb = STARDELEG_STORE_DEL;
    ops[n].kind = SDG_AUDIT_KIND;
    ops[n].key = p->keys[n];
    ops[n].due = STARDELEG_TIME_NEVER;
    ops[n].expected_version = p->versions[n];
  }
  n += put_sum(p, &ops[n], &value);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK && n > 0) {
    err = sdg_store_batch(p->store, ops, n);
  }
  sdg_buf_clear(&value);
  sdg_free(ops);
  return err;
}

static stardeleg_err prune(pruning *p)
{
  stardeleg_err err = load_sum(p);

  if (err == STARDELEG_OK && p->bounds->bytes_max > 0) {
    err = sdg_store_scan(p->store, SDG_AUDIT_KIND, NULL, p->upto, ADD_PAGE, add_entry, p);
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_scan(p->store, SDG_AUDIT_KIND, NULL, NULL, REMOVE_PAGE, collect, p);
  }
  return err == STARDELEG_OK ? write_all(p) : err;
}

stardeleg_err sdg_ido_audit_prune(const stardeleg_store *store, const sdg_audit_bounds *bounds, stardeleg_time now,
                                  bool *more, size_t *early)
{
  pruning *p = sdg_calloc(1, sizeof(*p));
  stardeleg_err err;

  *more = false;
  *early = 0;
  if (p == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  p->store = store;
  p->bounds = bounds;
  sdg_ido_audit_begin(p->settled, sdg_time_add(now, -SETTLED));
  if (bounds->keep_ms > 0) {
    sdg_ido_audit_begin(p->old, sdg_time_add(now, -bounds->keep_ms));
  }
  err = prune(p);
  if (err == STARDELEG_OK) {
    *more = p->count == REMOVE_PAGE || p->added == ADD_PAGE;
    *early = p->early;
  }
  sdg_free(p);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_OK : err; /* another process prunes too */
}
