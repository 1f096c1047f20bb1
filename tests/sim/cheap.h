/* SPDX-License-Identifier: Apache-2.0 */
/* sim/cheap.h -- keys whose signatures cost a hash: whoever knows the public half can forge them, but whoever does not
 * try finds that they behave like P-256.  For worlds with so many signatures that real ones would take minutes; paths
 * of certificates cannot be checked in them. */
#ifndef SDG_TESTS_SIM_CHEAP_H
#define SDG_TESTS_SIM_CHEAP_H

#include <stardeleg/crypto.h>

/* Replaces everything about keys in |ops|, whose self is |backend|'s, by cheap ones. */
void sim_cheap_keys(stardeleg_crypto_ops *ops);

#endif /* SDG_TESTS_SIM_CHEAP_H */
