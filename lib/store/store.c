/* SPDX-License-Identifier: Apache-2.0 */
/* store/store.c -- records, and the short forms of the store's calls. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

void stardeleg_store_free(stardeleg_store *store)
{
  if (store != NULL) {
    store->ops->free(store->self);
  }
}

void stardeleg_record_clear(stardeleg_record *record)
{
  if (record != NULL) {
    free(record->key);
    free(record->index);
    free(record->value);
    memset(record, 0, sizeof *record);
  }
}

stardeleg_err sdg_store_get(const stardeleg_store *store, const char *kind, const char *key, stardeleg_record *out)
{
  return store->ops->get(store->self, kind, key, out);
}

stardeleg_err sdg_store_put(const stardeleg_store *store, const char *kind, const char *key, stardeleg_bytes value,
                            const char *index, uint64_t expected_version)
{
  const stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT,
                                 .kind = kind,
                                 .key = key,
                                 .value = value,
                                 .index = index,
                                 .due = STARDELEG_TIME_NEVER,
                                 .expected_version = expected_version};

  return store->ops->batch(store->self, &op, 1);
}

stardeleg_err sdg_store_del(const stardeleg_store *store, const char *kind, const char *key, uint64_t expected_version)
{
  const stardeleg_store_op op = {
      .verb = STARDELEG_STORE_DEL, .kind = kind, .key = key, .expected_version = expected_version};

  return store->ops->batch(store->self, &op, 1);
}

stardeleg_err sdg_store_batch(const stardeleg_store *store, const stardeleg_store_op *ops, size_t n)
{
  return store->ops->batch(store->self, ops, n);
}

stardeleg_err sdg_store_scan(const stardeleg_store *store, const char *kind, const char *index, const char *after,
                             size_t limit, stardeleg_store_each fn, void *ctx)
{
  return store->ops->scan(store->self, kind, index, after, limit, fn, ctx);
}

stardeleg_err sdg_store_claim(const stardeleg_store *store, const char *kind, stardeleg_time now, const char *owner,
                              int64_t ttl_ms, stardeleg_record *out, size_t limit, size_t *count)
{
  return store->ops->claim(store->self, kind, now, owner, ttl_ms, out, limit, count);
}

stardeleg_err sdg_store_renew(const stardeleg_store *store, const char *kind, const char *key, uint64_t fence,
                              stardeleg_time now, int64_t ttl_ms)
{
  return store->ops->renew(store->self, kind, key, fence, now, ttl_ms);
}

stardeleg_err sdg_store_release(const stardeleg_store *store, const char *kind, const char *key, uint64_t fence)
{
  return store->ops->release(store->self, kind, key, fence);
}

stardeleg_err sdg_store_next_due(const stardeleg_store *store, const char *kind, stardeleg_time *out)
{
  return store->ops->next_due(store->self, kind, out);
}
