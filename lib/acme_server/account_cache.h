/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/account_cache.h -- accounts with their imported keys, by id: importing a key costs a quarter of a
 * verification. */
#ifndef SDG_ACME_SERVER_ACCOUNT_CACHE_H
#define SDG_ACME_SERVER_ACCOUNT_CACHE_H

#include "acme_server/server.h"

typedef struct sdg_account_cache sdg_account_cache;

STARDELEG_MUST_CHECK stardeleg_err sdg_account_cache_new(sdg_account_cache **out);
void sdg_account_cache_free(sdg_account_cache *cache);
/* The account if it is there with exactly this record version; a reference for the caller.  Any thread. */
const sdg_server_account *sdg_account_cache_get(sdg_account_cache *cache, const char *id, uint64_t version);
/* Copies |account|, takes over its key and gives a reference back; pushes out whoever had the place.  NULL for lack of
 * memory: the key stays the caller's.  Any thread. */
const sdg_server_account *sdg_account_cache_put(sdg_account_cache *cache, const sdg_server_account *account);
void sdg_account_cache_release(sdg_account_cache *cache, const sdg_server_account *account);

#endif /* SDG_ACME_SERVER_ACCOUNT_CACHE_H */
