/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/version_cache.h -- objects made from records, by id and record version: shared by threads, bounded in
 * number.  The store is asked for the version each time; what is kept is the work of making the object. */
#ifndef SDG_ACME_SERVER_VERSION_CACHE_H
#define SDG_ACME_SERVER_VERSION_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include <stardeleg/base.h>

/* The first member of every object that is kept. */
typedef struct sdg_cached {
  const char *id;   /* the object's own */
  uint64_t version; /* of the record it was made from */
  unsigned refs;    /* the table's own included; the table's to change */
} sdg_cached;

typedef struct sdg_version_cache sdg_version_cache;

/* |places| objects at most; |free_object| frees one that nobody holds any longer. */
STARDELEG_MUST_CHECK stardeleg_err sdg_version_cache_new(sdg_version_cache **out, size_t places,
                                                         void (*free_object)(sdg_cached *object));
/* Nobody may hold anything any longer.  NULL allowed. */
void sdg_version_cache_free(sdg_version_cache *cache);
/* The object if it is there with exactly this version, with a reference for the caller; else NULL.  Any thread. */
const sdg_cached *sdg_version_cache_get(sdg_version_cache *cache, const char *id, uint64_t version);
/* Takes |object| over and leaves the caller a reference to it; pushes out whoever had the place.  Any thread. */
void sdg_version_cache_put(sdg_version_cache *cache, sdg_cached *object);
/* Gives a reference back; NULL allowed.  Any thread. */
void sdg_version_cache_release(sdg_version_cache *cache, const sdg_cached *object);

#endif /* SDG_ACME_SERVER_VERSION_CACHE_H */
