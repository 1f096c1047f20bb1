/* SPDX-License-Identifier: Apache-2.0 */
/* sim/crypto.h -- the provider under test, but with predictable random bytes: names, nonces and pauses are then the
 * same in each run of a seed.  Keys and signatures still come from the backend. */
#ifndef SDG_TESTS_SIM_CRYPTO_H
#define SDG_TESTS_SIM_CRYPTO_H

#include <stdbool.h>

#include <stardeleg/crypto.h>

/* One at a time: a second call begins anew with its seed.  |cheap|: keys of cheap.h instead of the backend's. */
const stardeleg_crypto *sim_crypto(uint64_t seed, bool cheap);

#endif /* SDG_TESTS_SIM_CRYPTO_H */
