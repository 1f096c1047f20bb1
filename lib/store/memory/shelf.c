/* SPDX-License-Identifier: Apache-2.0 */
/* store/memory/shelf.c -- items, and the three trees they hang in. */
#include "store/memory/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static sdg_item *item_by_key(const sdg_tree_link *link)
{
  return link == NULL ? NULL : (sdg_item *)((uintptr_t)link - offsetof(sdg_item, by_key));
}

static sdg_item *item_by_index(const sdg_tree_link *link)
{
  return link == NULL ? NULL : (sdg_item *)((uintptr_t)link - offsetof(sdg_item, by_index));
}

static sdg_item *item_by_ready(const sdg_tree_link *link)
{
  return link == NULL ? NULL : (sdg_item *)((uintptr_t)link - offsetof(sdg_item, by_ready));
}

static int compare_by_key(const void *probe, const sdg_tree_link *link)
{
  const sdg_item_place *a = probe;
  const sdg_item_place *b = &item_by_key(link)->place;
  int order = strcmp(a->kind, b->kind);

  return order != 0 ? order : strcmp(a->key, b->key);
}

static int compare_by_index(const void *probe, const sdg_tree_link *link)
{
  const sdg_item_place *a = probe;
  const sdg_item_place *b = &item_by_index(link)->place;
  int order = strcmp(a->kind, b->kind);

  if (order == 0) {
    order = strcmp(a->index, b->index);
  }
  return order != 0 ? order : strcmp(a->key, b->key);
}

static int compare_by_ready(const void *probe, const sdg_tree_link *link)
{
  const sdg_item_place *a = probe;
  const sdg_item_place *b = &item_by_ready(link)->place;
  int order = strcmp(a->kind, b->kind);

  if (order == 0) {
    order = (a->ready > b->ready) - (a->ready < b->ready);
  }
  return order != 0 ? order : strcmp(a->key, b->key);
}

void sdg_shelf_init(sdg_shelf *shelf)
{
  *shelf = (sdg_shelf){
      .by_key = {NULL, compare_by_key}, .by_index = {NULL, compare_by_index}, .by_ready = {NULL, compare_by_ready}};
}

static void free_below(sdg_tree_link *link)
{
  if (link != NULL) {
    free_below(link->child[0]);
    free_below(link->child[1]);
    sdg_free(item_by_key(link));
  }
}

void sdg_shelf_clear(sdg_shelf *shelf)
{
  free_below(shelf->by_key.root);
  sdg_shelf_init(shelf);
}

static char *append_text(const char **out, char *at, const char *text)
{
  size_t size = strlen(text) + 1;

  memcpy(at, text, size);
  *out = at;
  return at + size;
}

sdg_item *sdg_item_new(const stardeleg_store_op *op)
{
  const char *index = op->index == NULL ? "" : op->index;
  /* The limits of the store (sdg_store_op_check) keep this sum far from overflow. */
  size_t room = op->value.len + 1 + strlen(op->kind) + 1 + strlen(op->key) + 1 + strlen(index) + 1;
  sdg_item *item = sdg_calloc(1, sizeof *item + room);
  char *at;

  if (item == NULL) {
    return NULL;
  }
  item->value = (uint8_t *)item->text;
  item->value_len = op->value.len;
  if (op->value.len > 0) {
    memcpy(item->value, op->value.base, op->value.len);
  }
  at = append_text(&item->place.kind, item->text + op->value.len + 1, op->kind);
  at = append_text(&item->place.key, at, op->key);
  (void)append_text(&item->place.index, at, index);
  item->due = op->due;
  item->lease_until = STARDELEG_TIME_NONE;
  item->is_off = 1;
  return item;
}

void sdg_item_drop(sdg_item *item)
{
  if (item != NULL && item->pins == 0) {
    sdg_free(item);
  }
}

void sdg_item_pin(sdg_item *item)
{
  item->pins++;
}

void sdg_item_unpin(sdg_item *item)
{
  item->pins--;
  if (item->is_off) {
    sdg_item_drop(item);
  }
}

void sdg_item_view(stardeleg_record *out, const sdg_item *item)
{
  /* The record is handed out as const; its members are not, for the records people own. */
  *out = (stardeleg_record){.key = (char *)(uintptr_t)item->place.key,
                            .index = (char *)(uintptr_t)item->place.index,
                            .value = item->value,
                            .value_len = item->value_len,
                            .version = item->version,
                            .due = item->due,
                            .fence = item->fence};
}

stardeleg_err sdg_item_copy(stardeleg_record *out, const sdg_item *item)
{
  stardeleg_record copy;

  sdg_item_view(&copy, item);
  copy.key = sdg_strdup(item->place.key);
  copy.index = sdg_strdup(item->place.index);
  copy.value = (uint8_t *)sdg_bytes_dup((stardeleg_bytes){item->value, item->value_len});
  if (copy.key == NULL || copy.index == NULL || copy.value == NULL) {
    stardeleg_record_clear(&copy);
    return STARDELEG_ERR_NOMEM;
  }
  *out = copy;
  return STARDELEG_OK;
}

static void set_ready(sdg_item *item)
{
  item->place.ready = item->due > item->lease_until ? item->due : item->lease_until;
}

void sdg_shelf_add(sdg_shelf *shelf, sdg_item *item)
{
  set_ready(item);
  sdg_tree_insert(&shelf->by_key, &item->place, &item->by_key);
  sdg_tree_insert(&shelf->by_index, &item->place, &item->by_index);
  if (item->due != STARDELEG_TIME_NEVER) {
    sdg_tree_insert(&shelf->by_ready, &item->place, &item->by_ready);
  }
  item->is_off = 0;
}

void sdg_shelf_take(sdg_shelf *shelf, sdg_item *item)
{
  sdg_tree_remove(&shelf->by_key, &item->place);
  sdg_tree_remove(&shelf->by_index, &item->place);
  if (item->due != STARDELEG_TIME_NEVER) {
    sdg_tree_remove(&shelf->by_ready, &item->place);
  }
  item->is_off = 1;
}

void sdg_shelf_lease(sdg_shelf *shelf, sdg_item *item, stardeleg_time until)
{
  if (item->due == STARDELEG_TIME_NEVER) {
    item->lease_until = until;
    return;
  }
  sdg_tree_remove(&shelf->by_ready, &item->place);
  item->lease_until = until;
  set_ready(item);
  sdg_tree_insert(&shelf->by_ready, &item->place, &item->by_ready);
}

sdg_item *sdg_shelf_find(const sdg_shelf *shelf, const char *kind, const char *key)
{
  const sdg_item_place probe = {.kind = kind, .key = key};

  return item_by_key(sdg_tree_find(&shelf->by_key, &probe));
}

sdg_item *sdg_shelf_next(const sdg_shelf *shelf, const char *kind, const char *index, const char *after)
{
  const sdg_item_place probe = {.kind = kind, .key = after == NULL ? "" : after, .index = index};
  sdg_item *item;

  if (index == NULL) {
    item = item_by_key(sdg_tree_above(&shelf->by_key, &probe));
  } else {
    item = item_by_index(sdg_tree_above(&shelf->by_index, &probe));
  }
  if (item == NULL || strcmp(item->place.kind, kind) != 0) {
    return NULL;
  }
  return index == NULL || strcmp(item->place.index, index) == 0 ? item : NULL;
}

sdg_item *sdg_shelf_next_ready(const sdg_shelf *shelf, const char *kind, const sdg_item *last)
{
  const sdg_item_place first = {.kind = kind, .key = "", .ready = STARDELEG_TIME_NONE};
  sdg_item *item = item_by_ready(sdg_tree_above(&shelf->by_ready, last == NULL ? &first : &last->place));

  return item != NULL && strcmp(item->place.kind, kind) == 0 ? item : NULL;
}
