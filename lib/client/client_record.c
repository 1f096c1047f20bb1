/* SPDX-License-Identifier: Apache-2.0 */
/* client/client_record.c -- an order and what is held under its name, as a record and back. */
#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "client/client_internal.h"
#include "store/store.h"

#define KIND "client.order"
#define RECORD_MAX ((size_t)1 << 20)

static const char *const phases[] = {"ordering", "download", "held", "failed"};

/* --- Writing --- */

static void write_certificate(sdg_json_writer *w, const sdg_client_entry *entry)
{
  if (entry->chain == NULL) {
    return;
  }
  sdg_jw_string(w, "chain", entry->chain);
  sdg_jw_string_opt(w, "certificateUrl", entry->certificate_url);
  sdg_jw_int(w, "notBefore", entry->not_before);
  sdg_jw_int(w, "notAfter", entry->not_after);
  if (entry->has_watch) {
    sdg_renewal_watch_write(w, "renewal", &entry->watch);
  }
  sdg_jw_bool(w, "renewTold", entry->renew_told);
}

stardeleg_err sdg_client_entry_save(sdg_client_entry *entry)
{
  sdg_json_writer w;
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, RECORD_MAX);
  sdg_jw_init(&w, &text);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "phase", phases[entry->phase]);
  sdg_jw_int(&w, "attempts", (int64_t)entry->attempts);
  sdg_jw_bool(&w, "anyProfile", entry->flow.any_profile);
  if (entry->has_flow) {
    sdg_order_flow_write(&w, "flow", &entry->flow);
  }
  write_certificate(&w, entry);
  if (entry->problem.detail[0] != '\0') {
    sdg_problem_write_record(&w, "problem", &entry->problem);
  }
  sdg_jw_object_end(&w);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = sdg_store_put(entry->client->options.store, KIND, entry->name, sdg_buf_bytes(&text), NULL, entry->version);
  }
  sdg_buf_clear(&text);
  entry->unsaved = err != STARDELEG_OK;
  entry->version += err == STARDELEG_OK ? 1 : 0;
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

/* --- Reading --- */

static stardeleg_err read_phase(sdg_client_entry *entry, const sdg_json *tree)
{
  const char *name = NULL;
  int64_t attempts = 0;
  stardeleg_err err = sdg_json_get_string(&name, tree, "phase", SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&attempts, tree, "attempts", SDG_JSON_OPTIONAL, 0, 1000, NULL);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  entry->attempts = (unsigned)attempts;
  for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
    if (strcmp(phases[i], name) == 0) {
      entry->phase = (sdg_client_phase)i;
      return STARDELEG_OK;
    }
  }
  return STARDELEG_ERR_MALFORMED;
}

static stardeleg_err read_flow(sdg_client_entry *entry, const sdg_json *tree)
{
  const sdg_json *flow = NULL;
  bool any_profile = false;
  stardeleg_err err = sdg_json_get_object(&flow, tree, "flow", SDG_JSON_OPTIONAL, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&any_profile, tree, "anyProfile", SDG_JSON_OPTIONAL, NULL);
  }
  if (err != STARDELEG_OK || flow == NULL) {
    return err;
  }
  err = sdg_order_flow_read(&entry->flow, flow);
  entry->has_flow = err == STARDELEG_OK;
  if (entry->has_flow) {
    entry->flow.any_profile = any_profile;
    sdg_client_flow_settings(entry);
  }
  return err;
}

static stardeleg_err read_certificate(sdg_client_entry *entry, const sdg_json *tree)
{
  const char *chain = NULL;
  const char *url = NULL;
  const sdg_json *watch = NULL;
  stardeleg_err err = sdg_json_get_string(&chain, tree, "chain", SDG_JSON_OPTIONAL, NULL);

  if (err != STARDELEG_OK || chain == NULL) {
    return err;
  }
  err = sdg_json_get_string(&url, tree, "certificateUrl", SDG_JSON_OPTIONAL, NULL);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&entry->not_before, tree, "notBefore", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&entry->not_after, tree, "notAfter", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&entry->renew_told, tree, "renewTold", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&watch, tree, "renewal", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && watch != NULL) {
    err = sdg_renewal_watch_read(&entry->watch, watch);
    entry->has_watch = err == STARDELEG_OK;
  }
  if (err == STARDELEG_OK) {
    entry->chain = sdg_strdup(chain);
    entry->certificate_url = sdg_strdup(url);
    err = entry->chain != NULL && (url == NULL || entry->certificate_url != NULL) ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return err;
}

/* True if the record has what its phase works with. */
static bool is_whole(const sdg_client_entry *entry)
{
  switch (entry->phase) {
  case SDG_CLIENT_ORDERING:
    return entry->has_flow && entry->flow.csr != NULL;
  case SDG_CLIENT_DOWNLOAD:
    return entry->has_flow && entry->flow.csr != NULL && entry->flow.order.certificate != NULL;
  case SDG_CLIENT_HELD:
    return entry->chain != NULL;
  default:
    return true;
  }
}

static stardeleg_err read_entry(sdg_client_entry *entry, stardeleg_bytes value)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json *tree = NULL;
  stardeleg_err err;

  limits.bytes_max = RECORD_MAX;
  limits.string_max = RECORD_MAX;
  err = sdg_json_parse(&tree, value, &limits, NULL);
  if (err == STARDELEG_OK) {
    err = read_phase(entry, tree);
  }
  if (err == STARDELEG_OK) {
    err = read_flow(entry, tree);
  }
  if (err == STARDELEG_OK) {
    err = read_certificate(entry, tree);
  }
  if (err == STARDELEG_OK && sdg_json_member(tree, "problem") != NULL) {
    sdg_problem_from_record(&entry->problem, sdg_json_member(tree, "problem"));
  }
  sdg_json_free(tree);
  if (err == STARDELEG_OK && !is_whole(entry)) {
    err = STARDELEG_ERR_MALFORMED;
  }
  return err;
}

/* --- All of them --- */

typedef struct opening {
  stardeleg_client *client;
  stardeleg_err err;
} opening;

static int open_entry(void *ctx, const stardeleg_record *record)
{
  opening *o = ctx;
  sdg_client_entry *entry = NULL;
  stardeleg_err err = sdg_client_entry_new(&entry, o->client, record->key);

  if (err == STARDELEG_OK) {
    entry->version = record->version;
    err = read_entry(entry, sdg_bytes(record->value, record->value_len));
  }
  if (err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT) {
    sdg_log(&o->client->options.log, STARDELEG_LOG_ERROR, "client.record", "the record of order %s cannot be read",
            record->key);
    sdg_client_entry_free(entry);
    return 0;
  }
  if (err == STARDELEG_OK) {
    entry->reported = true;
    err = sdg_agent_add(o->client->agent, &entry->job, STARDELEG_TIME_NONE);
  }
  if (err != STARDELEG_OK) {
    sdg_client_entry_free(entry);
    o->err = err;
    return 1;
  }
  entry->next = o->client->entries;
  o->client->entries = entry;
  return 0;
}

stardeleg_err sdg_client_entries_open(stardeleg_client *client)
{
  opening o = {.client = client, .err = STARDELEG_OK};
  stardeleg_err err = sdg_store_scan(client->options.store, KIND, NULL, NULL, SIZE_MAX, open_entry, &o);

  return err != STARDELEG_OK ? err : o.err;
}
