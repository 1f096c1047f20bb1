/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_delegation.c -- records of delegations, and a bounded table of those that were read. */
#include "ido/ido_delegation.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "ido/ido_audit.h"

#define DELEGATIONS_KEPT 1024u

struct sdg_ido_delegations {
  const stardeleg_store *store;
  sdg_version_cache *kept;
};

static const char *const state_names[] = {"active", "ending", "ended"};

const char *sdg_ido_delegation_state_name(sdg_ido_delegation_state state)
{
  return state_names[(size_t)state < 3 ? (size_t)state : 2];
}

bool sdg_ido_delegation_is_open(const sdg_ido_delegation *delegation, stardeleg_time now)
{
  return delegation->state == SDG_DELEGATION_ACTIVE && now < delegation->expires_at;
}

/* --- Reading a record --- */

stardeleg_err sdg_ido_delegation_tree(sdg_json **out, const stardeleg_record *record)
{
  sdg_json_limits limits = sdg_json_limits_default();
  stardeleg_err err;

  limits.bytes_max = STARDELEG_STORE_VALUE_MAX;
  err = sdg_json_parse(out, sdg_bytes(record->value, record->value_len), &limits, NULL);
  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
}

stardeleg_err sdg_ido_delegation_read_state(sdg_ido_delegation_state *out, const sdg_json *tree)
{
  const char *name = sdg_json_string(sdg_json_member(tree, "state"));

  for (size_t i = 0; i < 3; i++) {
    if (strcmp(state_names[i], name) == 0) {
      *out = (sdg_ido_delegation_state)i;
      return STARDELEG_OK;
    }
  }
  return STARDELEG_ERR_STORE;
}

/* No name of a delegate has a colon. */
void sdg_ido_delegation_index(char out[SDG_DELEGATION_INDEX_SIZE], const char *ndc, bool ended)
{
  (void)snprintf(out, SDG_DELEGATION_INDEX_SIZE, "%s%.*s", ended ? "ended:" : "", SDG_ID_SIZE - 1, ndc);
}

stardeleg_err sdg_ido_delegation_read_expiry(stardeleg_time *out, const sdg_json *tree)
{
  *out = STARDELEG_TIME_NEVER;
  return sdg_json_get_int(out, tree, "expiresAt", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
}

static stardeleg_err read_text(char out[SDG_ID_SIZE], const sdg_json *tree, const char *name)
{
  const char *text = NULL;
  stardeleg_err err = sdg_json_get_string(&text, tree, name, SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK && (size_t)snprintf(out, SDG_ID_SIZE, "%s", text) >= SDG_ID_SIZE) {
    err = STARDELEG_ERR_STORE;
  }
  return err;
}

static stardeleg_err load_template(sdg_ido_delegation *delegation, const sdg_json *tree)
{
  const sdg_json *object = NULL;
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err = sdg_json_get_object(&object, tree, "template", SDG_JSON_REQUIRED, NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&text, STARDELEG_STORE_VALUE_MAX);
  sdg_jw_init(&w, &text);
  sdg_jw_tree(&w, NULL, object);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = stardeleg_template_load(&delegation->tmpl, sdg_buf_bytes(&text), NULL, NULL);
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err read_upstream(sdg_ido_delegation *delegation, const sdg_json *tree)
{
  const char *text = NULL;
  stardeleg_err err = sdg_json_get_string(&text, tree, "upstream", SDG_JSON_OPTIONAL, NULL);

  if (err == STARDELEG_OK && text != NULL) {
    delegation->upstream = sdg_strdup(text);
    err = delegation->upstream != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return err;
}

static stardeleg_err read_members(sdg_ido_delegation *delegation, const sdg_json *tree)
{
  stardeleg_err err = read_text(delegation->ndc, tree, "ndc");

  if (err == STARDELEG_OK) {
    err = read_text(delegation->issuer, tree, "issuer");
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_state(&delegation->state, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&delegation->lifetime_min_s, tree, "lifetimeMin", SDG_JSON_OPTIONAL, 0, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&delegation->lifetime_max_s, tree, "lifetimeMax", SDG_JSON_OPTIONAL, 0, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&delegation->expires_at, tree, "expiresAt", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_cname_map_parse(&delegation->cnames, &delegation->cname_count, sdg_json_member(tree, "cnameMap"), NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_scope_read(&delegation->scope, tree);
  }
  if (err == STARDELEG_OK) {
    err = read_upstream(delegation, tree);
  }
  return err == STARDELEG_OK ? load_template(delegation, tree) : err;
}

static void free_delegation(sdg_cached *object)
{
  sdg_ido_delegation *delegation = (sdg_ido_delegation *)object; /* its first member */

  if (delegation != NULL) {
    stardeleg_template_free(delegation->tmpl);
    sdg_cname_map_free(delegation->cnames, delegation->cname_count);
    sdg_ido_scope_clear(&delegation->scope);
    sdg_free((void *)(uintptr_t)delegation->upstream);
    sdg_free(delegation);
  }
}

static stardeleg_err read_record(sdg_ido_delegation **out, const stardeleg_record *record)
{
  sdg_ido_delegation *delegation = sdg_calloc(1, sizeof(*delegation));
  sdg_json *tree = NULL;
  stardeleg_err err;

  if (delegation == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  delegation->expires_at = STARDELEG_TIME_NEVER;
  delegation->cached.id = delegation->id;
  delegation->cached.version = record->version;
  err = sdg_ido_delegation_tree(&tree, record);
  if (err == STARDELEG_OK) {
    err = read_members(delegation, tree);
  }
  sdg_json_free(tree);
  if (err != STARDELEG_OK || strlen(record->key) >= sizeof(delegation->id)) {
    free_delegation(&delegation->cached);
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  (void)snprintf(delegation->id, sizeof(delegation->id), "%s", record->key);
  *out = delegation;
  return STARDELEG_OK;
}

/* --- Writing --- */

void sdg_ido_delegation_write(sdg_buf *out, const sdg_ido_delegation *delegation, const sdg_json *csr_template,
                              const sdg_json *cname_map, stardeleg_time now)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "ndc", delegation->ndc);
  sdg_jw_string(&w, "issuer", delegation->issuer);
  sdg_jw_string(&w, "state", sdg_ido_delegation_state_name(delegation->state));
  sdg_jw_tree(&w, "template", csr_template);
  if (sdg_json_count(cname_map) > 0) {
    sdg_jw_tree(&w, "cnameMap", cname_map);
  }
  sdg_jw_int(&w, "lifetimeMin", delegation->lifetime_min_s);
  sdg_jw_int(&w, "lifetimeMax", delegation->lifetime_max_s);
  if (delegation->expires_at != STARDELEG_TIME_NEVER) {
    sdg_jw_int(&w, "expiresAt", delegation->expires_at);
  }
  sdg_ido_scope_write(&w, &delegation->scope);
  sdg_jw_string_opt(&w, "upstream", delegation->upstream);
  sdg_jw_int(&w, "createdAt", now);
  sdg_jw_object_end(&w);
}

static void rewrite_state(sdg_buf *out, const sdg_json *tree, const sdg_ido_delegation_move *move, bool ends)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  for (const sdg_json *item = sdg_json_first(tree); item != NULL; item = sdg_json_next(item)) {
    if (strcmp(sdg_json_name(item), "state") == 0) {
      sdg_jw_string(&w, "state", sdg_ido_delegation_state_name(move->state));
    } else {
      sdg_jw_tree(&w, sdg_json_name(item), item);
    }
  }
  if (ends) {
    sdg_jw_int(&w, "endedAt", move->now);
    sdg_jw_string(&w, "endedBy", move->by);
  }
  sdg_jw_object_end(&w);
}

static void tell_state(sdg_ido_also *also, const stardeleg_record *record, const char *ndc,
                       const sdg_ido_delegation_move *move)
{
  stardeleg_ido_event event = {.at = move->now,
                               .event = move->state == SDG_DELEGATION_ENDING ? "delegation-ending" : "delegation-ended",
                               .delegation = record->key,
                               .ndc = ndc,
                               .by = move->by,
                               .not_after = STARDELEG_TIME_NONE};

  sdg_ido_audit_add(also, &event, record->key, record->version + 1, 0);
}

static stardeleg_err write_state(sdg_ido_also *also, const stardeleg_store *store, const stardeleg_record *record,
                                 const sdg_ido_delegation_move *move)
{
  char index[SDG_DELEGATION_INDEX_SIZE];
  sdg_ido_delegation_state state;
  sdg_json *tree = NULL;
  const char *ndc = NULL;
  stardeleg_store_op *op;
  stardeleg_err err = sdg_ido_delegation_tree(&tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_state(&state, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&ndc, tree, "ndc", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    sdg_ido_delegation_index(index, ndc, move->state == SDG_DELEGATION_ENDED);
  }
  op = err == STARDELEG_OK ? sdg_ido_also_put(also, "delegation", record->key, index) : NULL;
  if (op != NULL) {
    op->due = move->due;
    op->expected_version = record->version;
    op->fence = move->fence;
    op->release = move->fence != 0 ? 1 : 0;
    rewrite_state(sdg_ido_also_value(also), tree, move,
                  state == SDG_DELEGATION_ACTIVE && move->state != SDG_DELEGATION_ACTIVE);
    if (state != move->state) {
      tell_state(also, record, ndc, move);
    }
    err = sdg_ido_also_write(also, store, NULL, 0);
  }
  sdg_json_free(tree);
  if (err == STARDELEG_ERR_MALFORMED) {
    return STARDELEG_ERR_STORE;
  }
  return err == STARDELEG_OK ? also->err : err;
}

stardeleg_err sdg_ido_delegation_put_state(const stardeleg_store *store, const stardeleg_record *record,
                                           const sdg_ido_delegation_move *move)
{
  sdg_ido_also *also = sdg_calloc(1, sizeof(*also));
  stardeleg_err err;

  if (also == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_ido_also_init(also);
  err = write_state(also, store, record, move);
  sdg_ido_also_clear(also);
  sdg_free(also);
  return err;
}

/* --- The table --- */

stardeleg_err sdg_ido_delegations_new(sdg_ido_delegations **out, const stardeleg_store *store)
{
  sdg_ido_delegations *delegations = sdg_calloc(1, sizeof(*delegations));
  stardeleg_err err;

  if (delegations == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  delegations->store = store;
  err = sdg_version_cache_new(&delegations->kept, DELEGATIONS_KEPT, free_delegation);
  if (err != STARDELEG_OK) {
    sdg_free(delegations);
    return err;
  }
  *out = delegations;
  return STARDELEG_OK;
}

void sdg_ido_delegations_free(sdg_ido_delegations *delegations)
{
  if (delegations != NULL) {
    sdg_version_cache_free(delegations->kept);
    sdg_free(delegations);
  }
}

/* The store is asked every time: a delegation that was ended, by whatever process, must not live on in here
 * (STARDEL-7.2-02). */
stardeleg_err sdg_ido_delegations_get(sdg_ido_delegations *delegations, const char *id, const sdg_ido_delegation **out)
{
  stardeleg_record record = {0};
  sdg_ido_delegation *made = NULL;
  stardeleg_err err = sdg_store_get(delegations->store, "delegation", id, &record);

  if (err == STARDELEG_OK) {
    *out = (const sdg_ido_delegation *)sdg_version_cache_get(delegations->kept, id, record.version);
    if (*out == NULL) {
      err = read_record(&made, &record);
    }
  }
  stardeleg_record_clear(&record);
  if (made != NULL) {
    sdg_version_cache_put(delegations->kept, &made->cached);
    *out = made;
  }
  return err;
}

void sdg_ido_delegations_release(sdg_ido_delegations *delegations, const sdg_ido_delegation *delegation)
{
  sdg_version_cache_release(delegations->kept, delegation != NULL ? &delegation->cached : NULL);
}
