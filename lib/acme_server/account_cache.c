/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/account_cache.c -- a table of fixed size, one entry per place: bounded whatever clients do. */
#include "acme_server/account_cache.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define PLACES 4096u

typedef struct entry {
  sdg_server_account account; /* first: the account is the entry */
  unsigned refs;              /* the table's own included */
} entry;

struct sdg_account_cache {
  pthread_mutex_t lock;
  entry *places[PLACES];
};

stardeleg_err sdg_account_cache_new(sdg_account_cache **out)
{
  sdg_account_cache *cache = sdg_calloc(1, sizeof(*cache));

  if (cache == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (pthread_mutex_init(&cache->lock, NULL) != 0) {
    sdg_free(cache);
    return STARDELEG_ERR_NOMEM;
  }
  *out = cache;
  return STARDELEG_OK;
}

static void drop(entry *e)
{
  if (e != NULL && --e->refs == 0) {
    sdg_pubkey_free(e->account.key);
    sdg_free(e);
  }
}

void sdg_account_cache_free(sdg_account_cache *cache)
{
  if (cache == NULL) {
    return;
  }
  for (size_t i = 0; i < PLACES; i++) {
    drop(cache->places[i]);
  }
  (void)pthread_mutex_destroy(&cache->lock);
  sdg_free(cache);
}

/* FNV-1a; ids are random text of our own, so nobody can aim at a place. */
static size_t place_of(const char *id)
{
  uint32_t hash = 2166136261u;

  for (; *id != '\0'; id++) {
    hash = (hash ^ (uint8_t)*id) * 16777619u;
  }
  return hash % PLACES;
}

const sdg_server_account *sdg_account_cache_get(sdg_account_cache *cache, const char *id, uint64_t version)
{
  entry *found;

  (void)pthread_mutex_lock(&cache->lock);
  found = cache->places[place_of(id)];
  if (found != NULL && (found->account.version != version || strcmp(found->account.id, id) != 0)) {
    found = NULL;
  }
  if (found != NULL) {
    found->refs++;
  }
  (void)pthread_mutex_unlock(&cache->lock);
  return found != NULL ? &found->account : NULL;
}

const sdg_server_account *sdg_account_cache_put(sdg_account_cache *cache, const sdg_server_account *account)
{
  entry *e = sdg_calloc(1, sizeof(*e));
  size_t place = place_of(account->id);

  if (e == NULL) {
    return NULL;
  }
  e->account = *account;
  e->refs = 2;
  (void)pthread_mutex_lock(&cache->lock);
  drop(cache->places[place]);
  cache->places[place] = e;
  (void)pthread_mutex_unlock(&cache->lock);
  return &e->account;
}

void sdg_account_cache_release(sdg_account_cache *cache, const sdg_server_account *account)
{
  if (account != NULL) {
    (void)pthread_mutex_lock(&cache->lock);
    drop((entry *)(uintptr_t)account);
    (void)pthread_mutex_unlock(&cache->lock);
  }
}
