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
  d->ndc = sdg_json_string(sdg_json_member(t->tree, "ndc"));
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

/* --- Those of one delegate: two indexes told as one list --- */

#define MERGE_PAGE 64u

/* The next ids of one of the indexes. */
typedef struct queue {
  char index[SDG_DELEGATION_INDEX_SIZE];
  char ids[MERGE_PAGE][SDG_ID_SIZE];
  size_t count;
  size_t next;
  char last[SDG_ID_SIZE];
  bool over;
} queue;

static int enqueue(void *ctx, const stardeleg_record *record)
{
  queue *q = ctx;

  (void)snprintf(q->ids[q->count++], SDG_ID_SIZE, "%s", record->key);
  return q->count == MERGE_PAGE;
}

static stardeleg_err refill(queue *q, const stardeleg_store *store)
{
  stardeleg_err err = STARDELEG_OK;

  if (q->next == q->count && !q->over) {
    q->count = 0;
    q->next = 0;
    err = sdg_store_scan(store, "delegation", q->index, q->last, MERGE_PAGE, enqueue, q);
    q->over = q->count < MERGE_PAGE;
    if (q->count > 0) {
      (void)snprintf(q->last, sizeof(q->last), "%s", q->ids[q->count - 1]);
    }
  }
  return err;
}

/* The queue with the smaller id; NULL behind the last. */
static queue *first_of(queue q[2])
{
  bool has[2] = {q[0].next < q[0].count, q[1].next < q[1].count};

  if (has[0] && has[1]) {
    return strcmp(q[0].ids[q[0].next], q[1].ids[q[1].next]) <= 0 ? &q[0] : &q[1];
  }
  return has[0] ? &q[0] : has[1] ? &q[1] : NULL;
}

static stardeleg_err show_id(const stardeleg_ido *ido, showing *s, const char *id, bool *stopped)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ido->options.store, "delegation", id, &record);

  *stopped = err == STARDELEG_OK && show(s, &record) != 0;
  stardeleg_record_clear(&record);
  return err == STARDELEG_OK ? s->err : err;
}

static stardeleg_err list_of_ndc(const stardeleg_ido *ido, showing *s, queue q[2], size_t limit)
{
  char told[SDG_ID_SIZE] = "";
  bool stopped = false;
  stardeleg_err err = STARDELEG_OK;

  while (err == STARDELEG_OK && limit > 0 && !stopped) {
    queue *first;

    for (int i = 0; i < 2 && err == STARDELEG_OK; i++) {
      err = refill(&q[i], ido->options.store);
    }
    first = first_of(q);
    if (err != STARDELEG_OK || first == NULL) {
      break;
    }
    if (strcmp(first->ids[first->next], told) > 0) { /* one that ends meanwhile may be found twice */
      (void)snprintf(told, sizeof(told), "%s", first->ids[first->next]);
      err = show_id(ido, s, told, &stopped);
      limit--;
    }
    first->next++;
  }
  return err;
}

static stardeleg_err begin_list_of_ndc(const stardeleg_ido *ido, showing *s, const char *ndc, const char *after,
                                       size_t limit)
{
  queue *q;
  stardeleg_err err;

  if (ndc[0] == '\0' || strlen(ndc) >= SDG_ID_SIZE || strchr(ndc, ':') != NULL ||
      (after != NULL && strlen(after) >= SDG_ID_SIZE)) {
    return STARDELEG_OK; /* there is no such delegate, or nothing behind that id */
  }
  q = sdg_calloc(2, sizeof(*q));
  if (q == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (int i = 0; i < 2; i++) {
    sdg_ido_delegation_index(q[i].index, ndc, i == 1);
    (void)snprintf(q[i].last, sizeof(q[i].last), "%s", after != NULL ? after : "");
  }
  err = list_of_ndc(ido, s, q, limit);
  sdg_free(q);
  return err;
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
  limit = limit > 0 ? limit : SIZE_MAX;
  if (ndc != NULL) {
    return begin_list_of_ndc(ido, &s, ndc, after, limit);
  }
  err = sdg_store_scan(ido->options.store, "delegation", NULL, after, limit, show, &s);
  return err == STARDELEG_OK ? s.err : err;
}

stardeleg_err stardeleg_ido_delegation_show(stardeleg_ido *ido, const char *id,
                                            int (*each)(void *ctx, const stardeleg_ido_delegation_view *view),
                                            void *ctx)
{
  showing s = {each, ctx, STARDELEG_OK};
  bool stopped = false;

  if (ido == NULL || id == NULL || each == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (!sdg_store_name_is_valid(id)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  return show_id(ido, &s, id, &stopped);
}
