/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_audit.c -- entries of the audit record: written and read. */
#include "ido/ido_audit.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "ido/ido_internal.h"

#define KIND SDG_AUDIT_KIND

/* --- Writing --- */

void sdg_ido_audit_begin(char out[SDG_AUDIT_BEGIN_SIZE], stardeleg_time at)
{
  const stardeleg_time most = INT64_C(9999999999999999);

  (void)snprintf(out, SDG_AUDIT_BEGIN_SIZE, "%016lld", (long long)(at < 0 ? 0 : at > most ? most : at));
}

/* Delegates choose some of these texts. */
static void write_text(sdg_json_writer *w, const char *name, const char *text)
{
  char safe[1024];

  if (text != NULL && text[0] != '\0') {
    sdg_text_escape(safe, sizeof(safe), sdg_bytes_str(text));
    sdg_jw_string(w, name, safe);
  }
}

static void write_event(sdg_buf *out, const stardeleg_ido_event *event)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_int(&w, "at", event->at);
  write_text(&w, "event", event->event);
  write_text(&w, "delegation", event->delegation);
  write_text(&w, "ndc", event->ndc);
  write_text(&w, "order", event->order);
  write_text(&w, "by", event->by);
  write_text(&w, "names", event->names);
  write_text(&w, "key", event->key);
  write_text(&w, "serial", event->serial);
  if (event->not_after != STARDELEG_TIME_NONE) {
    sdg_jw_int(&w, "notAfter", event->not_after);
  }
  write_text(&w, "url", event->url);
  write_text(&w, "place", event->place);
  write_text(&w, "detail", event->detail);
  sdg_jw_object_end(&w);
}

/* Of entries of the same millisecond, causes stand before effects. */
static unsigned rank_of(const char *event)
{
  static const char *const ranks[] = {"ndc-added",      "delegation-added",  "delegation-changed", "order-made",
                                      "csr-accepted",   "csr-refused",       "order-valid",        "certificate",
                                      "ndc-disabled",   "delegation-ending", "order-ending",       "order-failed",
                                      "order-canceled", "order-released",    "delegation-ended",   "ndc-removed"};
  unsigned rank = 0;

  while (rank < sizeof(ranks) / sizeof(ranks[0]) && strcmp(ranks[rank], event) != 0) {
    rank++;
  }
  return rank;
}

void sdg_ido_audit_add(sdg_ido_also *also, const stardeleg_ido_event *event, const char *id, uint64_t version,
                       unsigned nth)
{
  char begin[SDG_AUDIT_BEGIN_SIZE];
  char key[SDG_ALSO_NAME_SIZE];
  char index[SDG_ALSO_NAME_SIZE];

  sdg_ido_audit_begin(begin, event->at);
  (void)snprintf(key, sizeof(key), "%s-%02u-%s-%llu.%u", begin, rank_of(event->event), id,
                 (unsigned long long)version, nth);
  if (event->delegation != NULL && event->delegation[0] != '\0') {
    (void)snprintf(index, sizeof(index), "%s", event->delegation);
  } else {
    (void)snprintf(index, sizeof(index), SDG_AUDIT_NDC_PREFIX "%s", event->ndc != NULL ? event->ndc : "");
  }
  if (sdg_ido_also_put(also, KIND, key, index) != NULL) {
    write_event(sdg_ido_also_value(also), event);
  }
}

/* --- Reading --- */

typedef struct reading {
  stardeleg_time from;
  stardeleg_time to;
  int (*each)(void *ctx, const stardeleg_ido_event *event);
  void *ctx;
  stardeleg_err err;
} reading;

static const char *text_of(const sdg_json *tree, const char *name)
{
  return sdg_json_string(sdg_json_member(tree, name));
}

static int tell(void *ctx, const stardeleg_record *record)
{
  reading *r = ctx;
  stardeleg_ido_event event = {.size = sizeof(event), .not_after = STARDELEG_TIME_NONE};
  sdg_json *tree = NULL;
  int stop = 0;

  r->err = sdg_ido_delegation_tree(&tree, record);
  if (r->err == STARDELEG_OK) {
    r->err = sdg_json_get_int(&event.at, tree, "at", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (r->err == STARDELEG_OK) {
    r->err = sdg_json_get_int(&event.not_after, tree, "notAfter", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (r->err != STARDELEG_OK) {
    r->err = r->err == STARDELEG_ERR_NOMEM ? r->err : STARDELEG_ERR_STORE;
    stop = 1;
  } else if (event.at >= r->to) {
    stop = 1;
  } else {
    event.event = text_of(tree, "event");
    event.delegation = text_of(tree, "delegation");
    event.ndc = text_of(tree, "ndc");
    event.order = text_of(tree, "order");
    event.by = text_of(tree, "by");
    event.names = text_of(tree, "names");
    event.key = text_of(tree, "key");
    event.serial = text_of(tree, "serial");
    event.url = text_of(tree, "url");
    event.place = text_of(tree, "place");
    event.detail = text_of(tree, "detail");
    event.cursor = record->key;
    stop = r->each(r->ctx, &event);
  }
  sdg_json_free(tree);
  return stop;
}

stardeleg_err stardeleg_ido_audit(stardeleg_ido *ido, const stardeleg_ido_audit_query *query,
                                  int (*each)(void *ctx, const stardeleg_ido_event *event), void *ctx)
{
  reading r = {.each = each, .ctx = ctx};
  char begin[SDG_AUDIT_BEGIN_SIZE];
  const char *after = begin;
  stardeleg_err err;

  if (ido == NULL || query == NULL || query->size != sizeof(*query) || each == NULL ||
      !sdg_store_text_is_valid(query->delegation) || !sdg_store_text_is_valid(query->after)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  r.from = query->from;
  r.to = query->to;
  /* Keys begin with the instant: all of that millisecond are behind its digits alone. */
  sdg_ido_audit_begin(begin, query->from);
  if (query->after != NULL && strcmp(query->after, begin) > 0) {
    after = query->after;
  }
  err = sdg_store_scan(ido->options.store, KIND, query->delegation, after, query->limit > 0 ? query->limit : SIZE_MAX,
                       tell, &r);
  return err == STARDELEG_OK ? r.err : err;
}
