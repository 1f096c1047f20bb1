/* SPDX-License-Identifier: Apache-2.0 */
/* common/crypto_choice.h -- the crypto backend a program runs on. */
#ifndef EXAMPLE_COMMON_CRYPTO_CHOICE_H
#define EXAMPLE_COMMON_CRYPTO_CHOICE_H

#include <stardeleg/crypto.h>

/* Makes the provider called |name|: "mbedtls" or "openssl"; NULL: openssl where it is built in (it is the faster one),
 * else mbedtls.  Returns 0, UNSUPPORTED for another name or one that is not built in, or what making it answers. */
STARDELEG_MUST_CHECK stardeleg_err crypto_choose(stardeleg_crypto **out, const char *name);

#endif /* EXAMPLE_COMMON_CRYPTO_CHOICE_H */
