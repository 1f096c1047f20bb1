/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_record.c -- a delegation as a record: written whole, read back after a restart. */
#include "ndc/ndc_record.h"

#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store.h"

static const sdg_json_limits limits = {
    .bytes_max = SDG_NDC_RECORD_MAX, .depth_max = 32, .items_max = 1000, .string_max = SDG_NDC_RECORD_MAX};

/* --- Writing --- */

static void write_time(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  if (at != STARDELEG_TIME_NONE && at != STARDELEG_TIME_NEVER) {
    sdg_jw_int(w, name, at);
  }
}

static void write_current(sdg_json_writer *w, const sdg_ndc_current *current)
{
  sdg_jw_object(w, "current");
  sdg_jw_string(w, "key", current->key);
  sdg_jw_string(w, "template", current->template_id);
  sdg_jw_string_opt(w, "orderUrl", current->order_url);
  sdg_jw_string(w, "certificateUrl", current->certificate_url);
  sdg_jw_string_opt(w, "etag", current->etag);
  sdg_jw_string(w, "serial", current->serial);
  if (current->star) {
    sdg_auto_renewal_write(w, "autoRenewal", &current->renewal);
  } else {
    write_time(w, "renewAt", current->renew_at);
    sdg_ndc_window_write(w, "window", current);
  }
  sdg_jw_bool(w, "signedGet", current->is_signed);
  sdg_jw_int(w, "orderedAt", current->ordered_at);
  sdg_jw_int(w, "keyMadeAt", current->key_made_at);
  sdg_jw_int(w, "notBefore", current->not_before);
  sdg_jw_int(w, "notAfter", current->not_after);
  sdg_jw_int(w, "over", (int64_t)current->over);
  sdg_jw_object_end(w);
}

static void write_pending(sdg_json_writer *w, const sdg_ndc_pending *pending)
{
  sdg_jw_object(w, "pending");
  sdg_jw_string(w, "key", pending->key);
  sdg_jw_string(w, "template", pending->template_id);
  sdg_identifiers_write(w, "identifiers", &pending->names);
  sdg_jw_string_opt(w, "templateText", pending->template_text);
  sdg_jw_bool(w, "star", pending->star);
  sdg_jw_bool(w, "signedGet", pending->is_signed);
  sdg_jw_int(w, "keyMadeAt", pending->key_made_at);
  sdg_jw_int(w, "orderedAt", pending->ordered_at);
  write_time(w, "giveUpAt", pending->give_up_at);
  sdg_order_flow_write(w, "flow", &pending->flow);
  sdg_jw_object_end(w);
}

static void copy_member(sdg_json_writer *w, const sdg_json *old, const char *name)
{
  const sdg_json *member = sdg_json_member(old, name);

  if (member != NULL) {
    sdg_jw_tree(w, name, member);
  }
}

/* Chain, names and template belong to the current certificate; they are in the store only, so they are copied unless
 * new. */
static void write_stored(sdg_json_writer *w, const sdg_json *old, const char *chain, const sdg_ndc_pending *from)
{
  if (chain != NULL) {
    sdg_jw_string(w, "chain", chain);
  } else {
    copy_member(w, old, "chain");
  }
  if (from == NULL) {
    copy_member(w, old, "names");
    copy_member(w, old, "templateText");
    return;
  }
  sdg_jw_array(w, "names");
  for (size_t i = 0; i < from->names.count; i++) {
    sdg_jw_string(w, NULL, from->names.items[i].value);
  }
  sdg_jw_array_end(w);
  sdg_jw_string_opt(w, "templateText", from->template_text);
}

static bool is_known(const char *name)
{
  static const char *const known[] = {"v",         "url",       "state",       "wasEnded", "orderTries",  "waitUntil",
                                      "orderedAt", "checkedAt", "lastSuccess", "reason",   "garbage",     "cause",
                                      "current",   "pending",   "chain",       "names",    "templateText",
                                      "kindsRefused", "kindRefusedAt"};

  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    if (strcmp(known[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static void write_record(sdg_json_writer *w, const sdg_ndc_delegation *d, const sdg_json *old, const char *chain,
                         const sdg_ndc_pending *from)
{
  sdg_jw_object(w, NULL);
  sdg_jw_int(w, "v", 1);
  sdg_jw_string(w, "url", d->url);
  sdg_jw_string(w, "state", sdg_ndc_state_name((sdg_ndc_state)d->state));
  sdg_jw_bool(w, "wasEnded", d->was_ended);
  sdg_jw_int(w, "orderTries", (int64_t)d->order_tries);
  if (d->kinds_refused != 0) {
    sdg_jw_int(w, "kindsRefused", d->kinds_refused);
    write_time(w, "kindRefusedAt", d->kind_refused_at);
  }
  write_time(w, "waitUntil", d->wait_until);
  write_time(w, "orderedAt", d->ordered_at);
  write_time(w, "checkedAt", d->checked_at);
  write_time(w, "lastSuccess", d->last_success);
  sdg_jw_string_opt(w, "reason", d->reason);
  sdg_jw_string_opt(w, "garbage", d->garbage);
  if (d->cause != NULL) {
    sdg_problem_write_record(w, "cause", d->cause);
  }
  if (d->current != NULL) {
    write_current(w, d->current);
    write_stored(w, old, chain, from);
  }
  if (d->pending != NULL) {
    write_pending(w, d->pending);
  }
  for (const sdg_json *member = sdg_json_first(old); member != NULL; member = sdg_json_next(member)) {
    if (!is_known(sdg_json_name(member))) {
      sdg_jw_tree(w, sdg_json_name(member), member);
    }
  }
  sdg_jw_object_end(w);
}

/* The record no longer needs this key.  After a kill in between, the next start removes it. */
void sdg_ndc_clean(sdg_ndc_delegation *d)
{
  if (d->garbage != NULL) {
    sdg_ndc_key_remove(d->ndc, d->garbage);
    sdg_free(d->garbage);
    d->garbage = NULL;
  }
}

/* The record as it is, NULL if it is not there or no JSON (then it is written anew). */
static stardeleg_err read_old(const sdg_ndc_delegation *d, sdg_json **out)
{
  stardeleg_record record = {0};
  stardeleg_err err;

  *out = NULL;
  err = sdg_store_get(d->ndc->options.store, SDG_NDC_KIND, d->id, &record);
  if (err == STARDELEG_OK) {
    err = sdg_json_parse(out, sdg_bytes(record.value, record.value_len), &limits, NULL);
  }
  stardeleg_record_clear(&record);
  if (err == STARDELEG_ERR_NOT_FOUND || err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT) {
    return STARDELEG_OK;
  }
  return err;
}

/* A write that failed may have been done all the same: then the record is one version on, and that one is ours. */
static stardeleg_err put(sdg_ndc_delegation *d, stardeleg_bytes text)
{
  const stardeleg_store *store = d->ndc->options.store;
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_put(store, SDG_NDC_KIND, d->id, text, NULL, d->version);

  if (err != STARDELEG_ERR_CONFLICT || !d->unsure) {
    return err;
  }
  if (sdg_store_get(store, SDG_NDC_KIND, d->id, &record) == STARDELEG_OK && record.version == d->version + 1) {
    d->version++;
    err = sdg_store_put(store, SDG_NDC_KIND, d->id, text, NULL, d->version);
  }
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err sdg_ndc_save_chain(sdg_ndc_delegation *d, const char *chain, const sdg_ndc_pending *from)
{
  sdg_json *old = NULL;
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err = STARDELEG_OK;

  sdg_buf_init(&text, SDG_NDC_RECORD_MAX);
  if (d->version > 0) {
    err = read_old(d, &old);
  }
  if (err != STARDELEG_OK) {
    goto out;
  }
  sdg_jw_init(&w, &text);
  write_record(&w, d, old, chain, from);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = put(d, sdg_buf_bytes(&text));
    d->unsure = d->unsure || err != STARDELEG_OK;
  }
  if (err == STARDELEG_OK) {
    d->unsure = false;
    d->version++;
    d->dirty = false;
    sdg_ndc_clean(d);
  } else if (err == STARDELEG_ERR_CONFLICT) {
    sdg_ndc_log(d->ndc, STARDELEG_LOG_ERROR, "ndc.record.conflict", d, "another process writes to this record");
    err = STARDELEG_ERR_STORE;
  }
out:
  sdg_buf_clear(&text);
  sdg_json_free(old);
  return err;
}

stardeleg_err sdg_ndc_save(sdg_ndc_delegation *d)
{
  d->dirty = true;
  return sdg_ndc_save_chain(d, NULL, NULL);
}

/* --- What is only in the store --- */

stardeleg_err sdg_ndc_stored_load(const sdg_ndc_delegation *d, sdg_ndc_stored *out)
{
  const sdg_json *names = NULL;
  stardeleg_err err;

  memset(out, 0, sizeof(*out));
  err = read_old(d, &out->tree);
  if (err == STARDELEG_OK && out->tree == NULL) {
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&out->chain, out->tree, "chain", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_array(&names, out->tree, "names", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    out->template_text = "";
    err = sdg_json_get_string(&out->template_text, out->tree, "templateText", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    out->names = sdg_calloc(sdg_json_count(names) + 1, sizeof(*out->names));
    err = out->names != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  if (err != STARDELEG_OK) {
    sdg_ndc_stored_clear(out);
    return err;
  }
  for (const sdg_json *item = sdg_json_first(names); item != NULL; item = sdg_json_next(item)) {
    out->names[out->name_count++] = sdg_json_string(item);
  }
  return STARDELEG_OK;
}

void sdg_ndc_stored_clear(sdg_ndc_stored *stored)
{
  sdg_free((void *)(uintptr_t)stored->names);
  sdg_json_free(stored->tree);
  memset(stored, 0, sizeof(*stored));
}

/* --- All of them --- */

typedef struct loading {
  stardeleg_ndc *ndc;
  stardeleg_err err;
} loading;

static int load_one(void *ctx, const stardeleg_record *record)
{
  loading *l = ctx;
  sdg_ndc_delegation *d = NULL;

  l->err = sdg_ndc_delegation_new(&d, l->ndc);
  if (l->err != STARDELEG_OK) {
    return 1;
  }
  l->err = sdg_ndc_record_read(d, &limits, record);
  if (l->err == STARDELEG_ERR_MALFORMED || l->err == STARDELEG_ERR_LIMIT) {
    /* Not a reason to stop the others: discovery will find the delegation again and write the record anew. */
    sdg_log(&l->ndc->options.log, STARDELEG_LOG_ERROR, "ndc.record.unreadable", "record %s cannot be read",
            record->key);
    sdg_ndc_delegation_free(d);
    l->err = STARDELEG_OK;
    return 0;
  }
  if (l->err == STARDELEG_OK) {
    sdg_ndc_clean(d);
    l->err = sdg_ndc_insert(l->ndc, d);
  }
  if (l->err != STARDELEG_OK) {
    sdg_ndc_delegation_free(d);
    return 1;
  }
  return 0;
}

stardeleg_err sdg_ndc_load_all(stardeleg_ndc *ndc)
{
  loading l = {ndc, STARDELEG_OK};
  stardeleg_err err = sdg_store_scan(ndc->options.store, SDG_NDC_KIND, NULL, NULL, SIZE_MAX, load_one, &l);

  return err == STARDELEG_OK ? l.err : err;
}
