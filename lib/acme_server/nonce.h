/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/nonce.h -- anti-replay nonces without a disk (RFC 8555 6.5): sealed when minted, spent once, bounded in
 * memory. */
#ifndef SDG_ACME_SERVER_NONCE_H
#define SDG_ACME_SERVER_NONCE_H

#include "crypto/crypto.h"

typedef struct sdg_nonces sdg_nonces;

/* Text of a nonce with the NUL. */
#define SDG_NONCE_SIZE 33

STARDELEG_MUST_CHECK stardeleg_err sdg_nonces_new(sdg_nonces **out, const stardeleg_crypto *crypto);
void sdg_nonces_free(sdg_nonces *nonces);
/* A nonce nobody has seen.  Any thread. */
STARDELEG_MUST_CHECK stardeleg_err sdg_nonces_mint(sdg_nonces *nonces, char out[SDG_NONCE_SIZE]);
/* Spends |text|: 0 exactly once for each minted nonce, whichever thread comes first; NOT_FOUND for spent, foreign and
 * too old ones. */
STARDELEG_MUST_CHECK stardeleg_err sdg_nonces_spend(sdg_nonces *nonces, const char *text);

#endif /* SDG_ACME_SERVER_NONCE_H */
