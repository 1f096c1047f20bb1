/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/nonce_shared.h -- nonces for several servers behind one address: sealed by a key that all have, spent by
 * a record that only one can make. */
#ifndef SDG_ACME_SERVER_NONCE_SHARED_H
#define SDG_ACME_SERVER_NONCE_SHARED_H

#include "acme_server/nonce.h"
#include "store/store.h"

typedef struct sdg_shared_nonces sdg_shared_nonces;

/* How long a nonce is good; clocks of servers may differ by as much. */
#define SDG_SHARED_NONCE_MS (15 * (int64_t)60000)
/* Text of a shared nonce with the NUL. */
#define SDG_SHARED_NONCE_SIZE 44

/* The key is the secret "acme-nonces", made if there is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_shared_nonces_new(sdg_shared_nonces **out, const stardeleg_crypto *crypto,
                                                         const stardeleg_store *store,
                                                         const stardeleg_secrets *secrets);
void sdg_shared_nonces_free(sdg_shared_nonces *nonces);
STARDELEG_MUST_CHECK stardeleg_err sdg_shared_nonces_mint(const sdg_shared_nonces *nonces, stardeleg_time now,
                                                          char out[SDG_SHARED_NONCE_SIZE]);
/* 0 exactly once for each nonce, whichever thread of whichever server comes first; NOT_FOUND for spent, foreign and too
 * old ones. */
STARDELEG_MUST_CHECK stardeleg_err sdg_shared_nonces_spend(sdg_shared_nonces *nonces, const char *text,
                                                           stardeleg_time now);

#endif /* SDG_ACME_SERVER_NONCE_SHARED_H */
