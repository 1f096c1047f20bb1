/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/provider.h -- what the front of this module asks before it calls a backend. */
#ifndef SDG_CRYPTO_PROVIDER_H
#define SDG_CRYPTO_PROVIDER_H

#include <stdbool.h>
#include <stardeleg/crypto.h>

/* True if |crypto| has a table of operations as large as this library's. */
bool sdg_crypto_is_usable(const stardeleg_crypto *crypto);

/* What a backend may answer stays; anything else becomes CRYPTO, so that a foreign
 * backend cannot pass for another part of the library. */
stardeleg_err sdg_crypto_answer(stardeleg_err err);

#endif /* SDG_CRYPTO_PROVIDER_H */
