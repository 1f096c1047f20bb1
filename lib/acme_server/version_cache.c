/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/version_cache.c -- a table of fixed size, one object per place: bounded whatever clients do. */
#include "acme_server/version_cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

struct sdg_version_cache {
  pthread_mutex_t lock;
  void (*free_object)(sdg_cached *object);
  size_t count;
  sdg_cached *places[];
};

stardeleg_err sdg_version_cache_new(sdg_version_cache **out, size_t places, void (*free_object)(sdg_cached *object))
{
  sdg_version_cache *cache;

  if (places == 0 || places > SIZE_MAX / sizeof(sdg_cached *) - sizeof(*cache)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  cache = sdg_calloc(1, sizeof(*cache) + places * sizeof(cache->places[0]));
  if (cache == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (pthread_mutex_init(&cache->lock, NULL) != 0) {
    sdg_free(cache);
    return STARDELEG_ERR_NOMEM;
  }
  cache->free_object = free_object;
  cache->count = places;
  *out = cache;
  return STARDELEG_OK;
}

/* True if nobody holds it any longer: it is freed outside of the lock. */
static bool drop(sdg_cached *object)
{
  return object != NULL && --object->refs == 0;
}

void sdg_version_cache_free(sdg_version_cache *cache)
{
  if (cache == NULL) {
    return;
  }
  for (size_t i = 0; i < cache->count; i++) {
    if (drop(cache->places[i])) {
      cache->free_object(cache->places[i]);
    }
  }
  (void)pthread_mutex_destroy(&cache->lock);
  sdg_free(cache);
}

/* FNV-1a; ids are text of our own or the owner's, so no client can aim at a place. */
static size_t place_of(const sdg_version_cache *cache, const char *id)
{
  uint32_t hash = 2166136261u;

  for (; *id != '\0'; id++) {
    hash = (hash ^ (uint8_t)*id) * 16777619u;
  }
  return hash % cache->count;
}

const sdg_cached *sdg_version_cache_get(sdg_version_cache *cache, const char *id, uint64_t version)
{
  sdg_cached *found;

  (void)pthread_mutex_lock(&cache->lock);
  found = cache->places[place_of(cache, id)];
  if (found != NULL && (found->version != version || strcmp(found->id, id) != 0)) {
    found = NULL;
  }
  if (found != NULL) {
    found->refs++;
  }
  (void)pthread_mutex_unlock(&cache->lock);
  return found;
}

void sdg_version_cache_put(sdg_version_cache *cache, sdg_cached *object)
{
  size_t place = place_of(cache, object->id);
  sdg_cached *before;

  object->refs = 2; /* the table's and the caller's */
  (void)pthread_mutex_lock(&cache->lock);
  before = drop(cache->places[place]) ? cache->places[place] : NULL;
  cache->places[place] = object;
  (void)pthread_mutex_unlock(&cache->lock);
  if (before != NULL) {
    cache->free_object(before);
  }
}

void sdg_version_cache_release(sdg_version_cache *cache, const sdg_cached *object)
{
  sdg_cached *held = (sdg_cached *)(uintptr_t)object;
  bool last;

  if (held == NULL) {
    return;
  }
  (void)pthread_mutex_lock(&cache->lock);
  last = drop(held);
  (void)pthread_mutex_unlock(&cache->lock);
  if (last) {
    cache->free_object(held);
  }
}
