/* SPDX-License-Identifier: Apache-2.0 */
/** @file crypto_openssl.h
 *  The OpenSSL 3 provider.  In its own library (stardeleg_openssl): programs
 *  that do not want OpenSSL do not link it. */
#ifndef STARDELEG_CRYPTO_OPENSSL_H
#define STARDELEG_CRYPTO_OPENSSL_H

#include <stardeleg/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes the OpenSSL provider in a library context of its own.  Free with
 *  stardeleg_crypto_free().  Returns 0, NOMEM or CRYPTO. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_crypto_openssl_new(stardeleg_crypto **out);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_CRYPTO_OPENSSL_H */
