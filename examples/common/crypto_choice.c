/* SPDX-License-Identifier: Apache-2.0 */
/* common/crypto_choice.c -- the crypto backend a program runs on. */
#include "common/crypto_choice.h"

#include <string.h>
#if STARDELEG_HAVE_OPENSSL
#include <stardeleg/crypto_openssl.h>
#endif

stardeleg_err crypto_choose(stardeleg_crypto **out, const char *name)
{
#if STARDELEG_HAVE_OPENSSL
  if (name == NULL || strcmp(name, "openssl") == 0) {
    return stardeleg_crypto_openssl_new(out);
  }
#endif
  if (name == NULL || strcmp(name, "mbedtls") == 0) {
    return stardeleg_crypto_mbedtls_new(out);
  }
  return STARDELEG_ERR_UNSUPPORTED;
}
