/* SPDX-License-Identifier: Apache-2.0 */
/* store/memory/memory.c -- the store in memory. */
#include <stardeleg/store.h>

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "store/memory/shelf.h"
#include "store/store.h"

/* How many records a scan shows between two locks. */
#define PAGE_MAX 64

typedef struct memory_store {
  stardeleg_store base;
  pthread_mutex_t lock;
  sdg_shelf shelf;
  uint64_t last_fence; /* one counter for all: a record made anew never sees a fence of its former life */
} memory_store;

/* Records of a scan, kept alive while they are shown without the lock: the callback may take its time, or
 * locks of its own. */
typedef struct page {
  sdg_item *items[PAGE_MAX];
  stardeleg_record records[PAGE_MAX];
  size_t count;
} page;

/* What one operation of a batch has done, or will. */
typedef struct step {
  sdg_item *before; /* taken off the shelf; NULL if there was none */
  sdg_item *after;  /* put on the shelf; NULL for DEL */
} step;

static stardeleg_err get_record(void *self, const char *kind, const char *key, stardeleg_record *out)
{
  memory_store *store = self;
  stardeleg_err rv = STARDELEG_ERR_NOT_FOUND;
  const sdg_item *item;

  if (out == NULL || !sdg_store_name_is_valid(kind) || !sdg_store_name_is_valid(key)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *out = (stardeleg_record){0};
  (void)pthread_mutex_lock(&store->lock);
  item = sdg_shelf_find(&store->shelf, kind, key);
  if (item != NULL) {
    rv = sdg_item_copy(out, item);
  }
  (void)pthread_mutex_unlock(&store->lock);
  return rv;
}

static stardeleg_err check_batch(const stardeleg_store_op *ops, size_t n)
{
  stardeleg_err rv = ops == NULL && n > 0 ? STARDELEG_ERR_ARGUMENT : STARDELEG_OK;

  for (size_t i = 0; rv == STARDELEG_OK && i < n; i++) {
    rv = sdg_store_op_check(&ops[i]);
  }
  return rv;
}

static stardeleg_err make_items(step *steps, const stardeleg_store_op *ops, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (ops[i].verb == STARDELEG_STORE_PUT) {
      steps[i].after = sdg_item_new(&ops[i]);
      if (steps[i].after == NULL) {
        return STARDELEG_ERR_NOMEM;
      }
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err take_step(memory_store *store, step *now, const stardeleg_store_op *op)
{
  sdg_item *before = sdg_shelf_find(&store->shelf, op->kind, op->key);

  if ((before == NULL ? 0 : before->version) != op->expected_version ||
      (op->fence != 0 && (before == NULL || before->fence != op->fence))) {
    return STARDELEG_ERR_CONFLICT;
  }
  now->before = before;
  if (before != NULL) {
    sdg_shelf_take(&store->shelf, before);
  }
  if (now->after != NULL) {
    now->after->version = op->expected_version + 1;
    now->after->fence = before == NULL ? 0 : before->fence;
    now->after->lease_until = before == NULL || op->release ? STARDELEG_TIME_NONE : before->lease_until;
    sdg_shelf_add(&store->shelf, now->after);
  }
  return STARDELEG_OK;
}

static void undo_steps(memory_store *store, const step *steps, size_t done)
{
  while (done > 0) {
    done--;
    if (steps[done].after != NULL) {
      sdg_shelf_take(&store->shelf, steps[done].after);
    }
    if (steps[done].before != NULL) {
      sdg_shelf_add(&store->shelf, steps[done].before);
    }
  }
}

/* One after the other, so that an operation sees what those before it did. */
static stardeleg_err take_steps(memory_store *store, step *steps, const stardeleg_store_op *ops, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (take_step(store, &steps[i], &ops[i]) != STARDELEG_OK) {
      undo_steps(store, steps, i);
      return STARDELEG_ERR_CONFLICT;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err run_batch(void *self, const stardeleg_store_op *ops, size_t n)
{
  memory_store *store = self;
  stardeleg_err rv = check_batch(ops, n);
  step *steps;

  if (rv != STARDELEG_OK || n == 0) {
    return rv;
  }
  steps = sdg_calloc(n, sizeof *steps);
  if (steps == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  rv = make_items(steps, ops, n);
  (void)pthread_mutex_lock(&store->lock);
  if (rv == STARDELEG_OK) {
    rv = take_steps(store, steps, ops, n);
  }
  for (size_t i = 0; i < n; i++) {
    sdg_item_drop(rv == STARDELEG_OK ? steps[i].before : steps[i].after);
  }
  (void)pthread_mutex_unlock(&store->lock);
  sdg_free(steps);
  return rv;
}

static void load_page(page *out, memory_store *store, const char *kind, const char *index, const char *after,
                      size_t limit)
{
  out->count = 0;
  (void)pthread_mutex_lock(&store->lock);
  while (out->count < limit) {
    sdg_item *item = sdg_shelf_next(&store->shelf, kind, index, after);

    if (item == NULL) {
      break;
    }
    sdg_item_pin(item);
    sdg_item_view(&out->records[out->count], item);
    out->items[out->count++] = item;
    after = item->place.key;
  }
  (void)pthread_mutex_unlock(&store->lock);
}

static void unload_page(page *shown, memory_store *store)
{
  (void)pthread_mutex_lock(&store->lock);
  for (size_t i = 0; i < shown->count; i++) {
    sdg_item_unpin(shown->items[i]);
  }
  (void)pthread_mutex_unlock(&store->lock);
}

/* True if |fn| wants to stop. */
static bool show_page(const page *shown, stardeleg_store_each fn, void *ctx)
{
  for (size_t i = 0; i < shown->count; i++) {
    if (fn(ctx, &shown->records[i]) != 0) {
      return true;
    }
  }
  return false;
}

static stardeleg_err scan_records(void *self, const char *kind, const char *index, const char *after, size_t limit,
                                  stardeleg_store_each fn, void *ctx)
{
  memory_store *store = self;
  char cursor[STARDELEG_STORE_NAME_MAX + 1] = "";
  bool is_over = limit == 0;
  page shown;

  if (fn == NULL || !sdg_store_name_is_valid(kind) || !sdg_store_text_is_valid(index) ||
      !sdg_store_text_is_valid(after)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (after != NULL) {
    memcpy(cursor, after, strlen(after) + 1);
  }
  while (!is_over) {
    size_t wanted = limit < PAGE_MAX ? limit : PAGE_MAX;

    load_page(&shown, store, kind, index, cursor, wanted);
    is_over = show_page(&shown, fn, ctx) || shown.count < wanted || shown.count == limit;
    if (!is_over) {
      const char *last = shown.items[shown.count - 1]->place.key;

      memcpy(cursor, last, strlen(last) + 1);
    }
    limit -= shown.count;
    unload_page(&shown, store);
  }
  return STARDELEG_OK;
}

/* Copies what can be claimed at |now| into |out|; nothing is taken yet, for a copy may fail. */
static stardeleg_err copy_ready(memory_store *store, const char *kind, stardeleg_time now, stardeleg_record *out,
                                size_t limit, size_t *count)
{
  stardeleg_err rv = STARDELEG_OK;
  const sdg_item *item = NULL;

  while (*count < limit) {
    item = sdg_shelf_next_ready(&store->shelf, kind, item);
    if (item == NULL || item->place.ready > now) {
      break;
    }
    rv = sdg_item_copy(&out[*count], item);
    if (rv != STARDELEG_OK) {
      break;
    }
    ++*count;
  }
  return rv;
}

static void clear_records(stardeleg_record *records, size_t *count)
{
  while (*count > 0) {
    stardeleg_record_clear(&records[--*count]);
  }
}

static stardeleg_err claim_records(void *self, const char *kind, stardeleg_time now, const char *owner, int64_t ttl_ms,
                                   stardeleg_record *out, size_t limit, size_t *count)
{
  memory_store *store = self;
  stardeleg_time until = 0;
  stardeleg_err rv = sdg_store_lease_end(&until, now, ttl_ms);

  if (rv != STARDELEG_OK || count == NULL || (out == NULL && limit > 0) || !sdg_store_name_is_valid(kind) ||
      !sdg_store_text_is_valid(owner)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *count = 0;
  (void)pthread_mutex_lock(&store->lock);
  rv = copy_ready(store, kind, now, out, limit, count);
  if (rv != STARDELEG_OK) {
    clear_records(out, count);
  } else if (*count > 0) {
    store->last_fence++;
  }
  for (size_t i = 0; i < *count; i++) {
    sdg_item *item = sdg_shelf_find(&store->shelf, kind, out[i].key);

    item->fence = store->last_fence;
    out[i].fence = store->last_fence;
    sdg_shelf_lease(&store->shelf, item, until);
  }
  (void)pthread_mutex_unlock(&store->lock);
  return rv;
}

/* Moves the end of the lease |fence| to |until|, or drops it (NONE). */
static stardeleg_err change_lease(memory_store *store, const char *kind, const char *key, uint64_t fence,
                                  stardeleg_time until)
{
  stardeleg_err rv = STARDELEG_ERR_CONFLICT;
  sdg_item *item;

  if (!sdg_store_name_is_valid(kind) || !sdg_store_name_is_valid(key)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  (void)pthread_mutex_lock(&store->lock);
  item = sdg_shelf_find(&store->shelf, kind, key);
  if (item != NULL && item->fence == fence && item->lease_until != STARDELEG_TIME_NONE) {
    sdg_shelf_lease(&store->shelf, item, until);
    rv = STARDELEG_OK;
  }
  (void)pthread_mutex_unlock(&store->lock);
  return rv;
}

static stardeleg_err renew_lease(void *self, const char *kind, const char *key, uint64_t fence, stardeleg_time now,
                                 int64_t ttl_ms)
{
  stardeleg_time until = 0;
  stardeleg_err rv = sdg_store_lease_end(&until, now, ttl_ms);

  return rv != STARDELEG_OK ? rv : change_lease(self, kind, key, fence, until);
}

static stardeleg_err release_lease(void *self, const char *kind, const char *key, uint64_t fence)
{
  return change_lease(self, kind, key, fence, STARDELEG_TIME_NONE);
}

static stardeleg_err find_next_due(void *self, const char *kind, stardeleg_time *out)
{
  memory_store *store = self;
  const sdg_item *item;

  if (out == NULL || !sdg_store_name_is_valid(kind)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  (void)pthread_mutex_lock(&store->lock);
  item = sdg_shelf_next_ready(&store->shelf, kind, NULL);
  *out = item == NULL ? STARDELEG_TIME_NEVER : item->place.ready;
  (void)pthread_mutex_unlock(&store->lock);
  return STARDELEG_OK;
}

static void free_store(void *self)
{
  memory_store *store = self;

  sdg_shelf_clear(&store->shelf);
  (void)pthread_mutex_destroy(&store->lock);
  sdg_free(store);
}

static const stardeleg_store_ops memory_ops = {.size = sizeof(stardeleg_store_ops),
                                               .name = "memory",
                                               .get = get_record,
                                               .batch = run_batch,
                                               .scan = scan_records,
                                               .claim = claim_records,
                                               .renew = renew_lease,
                                               .release = release_lease,
                                               .next_due = find_next_due,
                                               .free = free_store};

stardeleg_err stardeleg_store_memory_new(stardeleg_store **out)
{
  memory_store *store;

  if (out == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *out = NULL;
  store = sdg_calloc(1, sizeof *store);
  if (store == NULL || pthread_mutex_init(&store->lock, NULL) != 0) {
    sdg_free(store);
    return STARDELEG_ERR_NOMEM;
  }
  sdg_shelf_init(&store->shelf);
  store->base = (stardeleg_store){&memory_ops, store};
  *out = &store->base;
  return STARDELEG_OK;
}
