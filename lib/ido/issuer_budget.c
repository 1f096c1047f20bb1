/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_budget.c -- certificates per exact set of names in a sliding window. */
#include "ido/issuer_budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "ido/ido_internal.h"

#define KIND "budget"
#define KEY_SIZE (SDG_ID_SIZE + 2 * STARDELEG_HASH_MAX + 8)

/* --- The key: the same for every order of the set --- */

static int compare(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static stardeleg_err hash_names(const sdg_issuer *issuer, char *const *names, size_t count,
                                uint8_t out[STARDELEG_HASH_MAX])
{
  stardeleg_bytes whole;
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, 256u * 1024u);
  for (size_t i = 0; i < count; i++) {
    sdg_buf_add_str(&text, names[i]);
    sdg_buf_add_byte(&text, '\n');
  }
  err = sdg_buf_error(&text);
  whole = sdg_buf_bytes(&text);
  if (err == STARDELEG_OK) {
    err = sdg_hash(issuer->ido->options.crypto, STARDELEG_HASH_SHA256, &whole, 1, out);
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err make_key(const sdg_issuer *issuer, const sdg_identifiers *names, char key[KEY_SIZE])
{
  char **sorted = sdg_calloc(names->count + 1, sizeof(*sorted));
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_err err = sorted != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  int len;

  for (size_t i = 0; err == STARDELEG_OK && i < names->count; i++) {
    sorted[i] = sdg_strdup(names->items[i].value);
    err = sorted[i] != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    for (char *c = sorted[i]; err == STARDELEG_OK && *c != '\0'; c++) {
      *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
  }
  if (err == STARDELEG_OK) {
    qsort(sorted, names->count, sizeof(*sorted), compare);
    err = hash_names(issuer, sorted, names->count, hash);
  }
  for (size_t i = 0; sorted != NULL && i < names->count; i++) {
    sdg_free(sorted[i]);
  }
  sdg_free(sorted);
  if (err != STARDELEG_OK) {
    return err;
  }
  len = snprintf(key, KEY_SIZE, "%s:", issuer->name);
  for (size_t i = 0; i < sdg_hash_len(STARDELEG_HASH_SHA256); i++) {
    len += snprintf(key + len, KEY_SIZE - (size_t)len, "%02x", hash[i]);
  }
  return STARDELEG_OK;
}

/* --- The record --- */

typedef struct instants {
  stardeleg_time at[SDG_BUDGET_MAX];
  size_t count;
} instants;

/* Those that still count, the oldest first. */
static stardeleg_err read_instants(instants *out, const stardeleg_record *record, stardeleg_time since)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_json_parse(&tree, sdg_bytes(record->value, record->value_len), NULL, NULL);

  if (err == STARDELEG_OK) {
    const sdg_json *item = sdg_json_first(sdg_json_member(tree, "at"));

    for (; item != NULL && out->count < SDG_BUDGET_MAX; item = sdg_json_next(item)) {
      if (sdg_json_int(item) > since) {
        out->at[out->count++] = sdg_json_int(item);
      }
    }
  }
  sdg_json_free(tree);
  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
}

static stardeleg_err put_instants(const sdg_issuer *issuer, const char *key, const instants *list, uint64_t version)
{
  sdg_json_writer w;
  sdg_buf value;
  stardeleg_err err;

  sdg_buf_init(&value, 16384);
  sdg_jw_init(&w, &value);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_array(&w, "at");
  for (size_t i = 0; i < list->count; i++) {
    sdg_jw_int(&w, NULL, list->at[i]);
  }
  sdg_jw_array_end(&w);
  sdg_jw_object_end(&w);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_put(issuer->ido->options.store, KIND, key, sdg_buf_bytes(&value), NULL, version);
  }
  sdg_buf_clear(&value);
  return err;
}

/* One attempt; CONFLICT: somebody else took one meanwhile. */
static stardeleg_err take(const sdg_issuer *issuer, const char *key, size_t limit, stardeleg_time now,
                          stardeleg_time *again_at)
{
  int64_t window_ms = issuer->budget.window_ms;
  stardeleg_record record = {0};
  instants list = {.count = 0};
  stardeleg_err err = sdg_store_get(issuer->ido->options.store, KIND, key, &record);

  if (err == STARDELEG_OK) {
    err = read_instants(&list, &record, sdg_time_add(now, -window_ms));
  } else if (err == STARDELEG_ERR_NOT_FOUND) {
    err = STARDELEG_OK;
  }
  if (err == STARDELEG_OK && list.count >= limit) {
    *again_at = limit > 0 ? sdg_time_add(list.at[list.count - limit], window_ms) : sdg_time_add(now, window_ms);
  } else if (err == STARDELEG_OK) {
    *again_at = STARDELEG_TIME_NONE;
    list.at[list.count++] = now;
    err = put_instants(issuer, key, &list, record.version);
  }
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err sdg_budget_take(const sdg_issuer *issuer, const sdg_identifiers *names, bool emergency,
                              stardeleg_time now, stardeleg_time *again_at)
{
  size_t limit = emergency ? issuer->budget.limit : issuer->budget.limit - issuer->budget.reserve;
  char key[KEY_SIZE];
  stardeleg_err err;

  *again_at = STARDELEG_TIME_NONE;
  if (issuer->budget.limit == 0) {
    return STARDELEG_OK;
  }
  err = make_key(issuer, names, key);
  if (err != STARDELEG_OK) {
    return err;
  }
  err = STARDELEG_ERR_CONFLICT;
  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = take(issuer, key, limit, now, again_at);
  }
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}
