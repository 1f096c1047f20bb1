/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_show.c -- delegations as they stand, for people and programs. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "ido/ido_internal.h"

typedef struct showing {
  int (*each)(void *ctx, const stardeleg_ido_delegation_view *view);
  void *ctx;
  stardeleg_err err;
} showing;

/* What a view borrows. */
typedef struct texts {
  sdg_json *tree;
  sdg_buf csr_template;
  sdg_buf cname_map;
  sdg_ido_scope scope;
  const char **names; /* NULL-terminated */
} texts;

static stardeleg_err write_text(sdg_buf *out, const sdg_json *value)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  if (value != NULL) {
    sdg_jw_tree(&w, NULL, value);
  }
  return sdg_buf_error(out);
}

static stardeleg_err read_texts(texts *t, const stardeleg_record *record)
{
  stardeleg_err err = sdg_ido_delegation_tree(&t->tree, record);

  if (err == STARDELEG_OK) {
    err = write_text(&t->csr_template, sdg_json_member(t->tree, "template"));
  }
  if (err == STARDELEG_OK) {
    err = write_text(&t->cname_map, sdg_json_member(t->tree, "cnameMap"));
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_scope_read(&t->scope, t->tree);
  }
  if (err == STARDELEG_OK) {
    t->names = sdg_calloc(t->scope.name_count + 1, sizeof(*t->names));
    err = t->names != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; err == STARDELEG_OK && i < t->scope.name_count; i++) {
    t->names[i] = t->scope.names[i];
  }
  return err;
}

static void clear_texts(texts *t)
{
  sdg_json_free(t->tree);
  sdg_buf_clear(&t->csr_template);
  sdg_buf_clear(&t->cname_map);
  sdg_ido_scope_clear(&t->scope);
  sdg_free(t->names);
}

static stardeleg_err read_numbers(stardeleg_ido_delegation_view *view, const sdg_json *tree)
{
  const struct {
    int64_t *out;
    const char *name;
  } numbers[] = {{&view->delegation.lifetime_min_s, "lifetimeMin"},
                 {&view->delegation.lifetime_max_s, "lifetimeMax"},
                 {&view->delegation.expires_at, "expiresAt"},
                 {&view->created_at, "createdAt"},
                 {&view->changed_at, "changedAt"},
                 {&view->ended_at, "endedAt"}};
  stardeleg_err err = STARDELEG_OK;

  view->delegation.expires_at = STARDELEG_TIME_NEVER;
  view->created_at = STARDELEG_TIME_NONE;
  view->changed_at = STARDELEG_TIME_NONE;
  view->ended_at = STARDELEG_TIME_NONE;
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && err == STARDELEG_OK; i++) {
    err = sdg_json_get_int(numbers[i].out, tree, numbers[i].name, SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  return err;
}

static stardeleg_err fill_view(stardeleg_ido_delegation_view *view, const texts *t, const stardeleg_record *record)
{
  sdg_ido_delegation_state state;
  stardeleg_ido_delegation *d = &view->delegation;
  stardeleg_err err = sdg_ido_delegation_read_state(&state, t->tree);

  if (err == STARDELEG_OK) {
    err = read_numbers(view, t->tree);
  }
  if (err != STARDELEG_OK) {
    return STARDELEG_ERR_STORE;
  }
  view->size = sizeof(*view);
  view->state = sdg_ido_delegation_state_name(state);
  view->ended_by = sdg_json_string(sdg_json_member(t->tree, "endedBy"));
  d->size = sizeof(*d);
  d->id = record->key;
  d->ndc = record->index;
  d->issuer = sdg_json_string(sdg_json_member(t->tree, "issuer"));
  d->csr_template = sdg_buf_bytes(&t->csr_template);
  d->cname_map = sdg_buf_bytes(&t->cname_map);
  d->names = t->names;
  d->key_kinds = t->scope.key_kinds;
  d->order_kinds = t->scope.order_kinds;
  d->orders_max = t->scope.orders_max;
  d->orders_period_s = t->scope.orders_period_s;
  d->certificates_max = t->scope.certificates_max;
  d->by = "";
  d->upstream = sdg_json_string(sdg_json_member(t->tree, "upstream"));
  d->revision = record->version;
  return STARDELEG_OK;
}

static int show(void *ctx, const stardeleg_record *record)
{
  showing *s = ctx;
  stardeleg_ido_delegation_view view;
  texts t;
  int stop = 1;

  memset(&t, 0, sizeof(t));
  memset(&view, 0, sizeof(view));
  sdg_buf_init(&t.csr_template, STARDELEG_STORE_VALUE_MAX);
  sdg_buf_init(&t.cname_map, STARDELEG_STORE_VALUE_MAX);
  s->err = read_texts(&t, record);
  if (s->err == STARDELEG_OK) {
    s->err = fill_view(&view, &t, record);
  }
  if (s->err == STARDELEG_OK) {
    stop = s->each(s->ctx, &view);
  }
  clear_texts(&t);
  return stop;
}

stardeleg_err stardeleg_ido_delegation_list(stardeleg_ido *ido, const char *ndc, const char *after, size_t limit,
                                            int (*each)(void *ctx, const stardeleg_ido_delegation_view *view),
                                            void *ctx)
{
  showing s = {each, ctx, STARDELEG_OK};
  stardeleg_err err;

  if (ido == NULL || each == NULL || !sdg_store_text_is_valid(after) || !sdg_store_text_is_valid(ndc)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = sdg_store_scan(ido->options.store, "delegation", ndc, after, limit > 0 ? limit : SIZE_MAX, show, &s);
  return err == STARDELEG_OK ? s.err : err;
}

stardeleg_err stardeleg_ido_delegation_show(stardeleg_ido *ido, const char *id,
                                            int (*each)(void *ctx, const stardeleg_ido_delegation_view *view),
                                            void *ctx)
{
  showing s = {each, ctx, STARDELEG_OK};
  stardeleg_record record = {0};
  stardeleg_err err;

  if (ido == NULL || id == NULL || each == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (!sdg_store_name_is_valid(id)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  err = sdg_store_get(ido->options.store, "delegation", id, &record);
  if (err == STARDELEG_OK) {
    (void)show(&s, &record);
  }
  stardeleg_record_clear(&record);
  return err == STARDELEG_OK ? s.err : err;
}
