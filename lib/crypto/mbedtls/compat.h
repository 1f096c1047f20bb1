/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/compat.h -- where mbedTLS 2.28 and 3.6 differ in the calls this folder makes. */
#ifndef SDG_CRYPTO_MBEDTLS_COMPAT_H
#define SDG_CRYPTO_MBEDTLS_COMPAT_H

#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>

typedef int (*sdg_mbed_rng_fn)(void *ctx, unsigned char *out, size_t len);

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define SDG_MBED_FIELD(name) MBEDTLS_PRIVATE(name)
#else
#define SDG_MBED_FIELD(name) name
#endif

static inline void sdg_mbed_rsa_init(mbedtls_rsa_context *rsa)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  mbedtls_rsa_init(rsa);
#else
  mbedtls_rsa_init(rsa, MBEDTLS_RSA_PKCS_V15, 0);
#endif
}

static inline int sdg_mbed_parse_key(mbedtls_pk_context *pk, const unsigned char *der, size_t len, sdg_mbed_rng_fn rng,
                                     void *ctx)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  return mbedtls_pk_parse_key(pk, der, len, NULL, 0, rng, ctx);
#else
  (void)rng;
  (void)ctx;
  return mbedtls_pk_parse_key(pk, der, len, NULL, 0);
#endif
}

static inline int sdg_mbed_rsa_pad(mbedtls_rsa_context *rsa, int padding, mbedtls_md_type_t md)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  return mbedtls_rsa_set_padding(rsa, padding, md);
#else
  mbedtls_rsa_set_padding(rsa, padding, (int)md);
  return 0;
#endif
}

static inline int sdg_mbed_pkcs1_sign(mbedtls_rsa_context *rsa, sdg_mbed_rng_fn rng, void *ctx, mbedtls_md_type_t md,
                                      const unsigned char *hash, unsigned char *out)
{
  unsigned hash_len = mbedtls_md_get_size(mbedtls_md_info_from_type(md));

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  return mbedtls_rsa_rsassa_pkcs1_v15_sign(rsa, rng, ctx, md, hash_len, hash, out);
#else
  return mbedtls_rsa_rsassa_pkcs1_v15_sign(rsa, rng, ctx, MBEDTLS_RSA_PRIVATE, md, hash_len, hash, out);
#endif
}

static inline int sdg_mbed_pkcs1_verify(mbedtls_rsa_context *rsa, mbedtls_md_type_t md, const unsigned char *hash,
                                        const unsigned char *signature)
{
  unsigned hash_len = mbedtls_md_get_size(mbedtls_md_info_from_type(md));

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  return mbedtls_rsa_rsassa_pkcs1_v15_verify(rsa, md, hash_len, hash, signature);
#else
  return mbedtls_rsa_rsassa_pkcs1_v15_verify(rsa, NULL, NULL, MBEDTLS_RSA_PUBLIC, md, hash_len, hash, signature);
#endif
}

/* The salt must be as long as the hash, exactly (RFC 7518 3.5). */
static inline int sdg_mbed_pss_verify(mbedtls_rsa_context *rsa, mbedtls_md_type_t md, const unsigned char *hash,
                                      const unsigned char *signature)
{
  unsigned hash_len = mbedtls_md_get_size(mbedtls_md_info_from_type(md));

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  return mbedtls_rsa_rsassa_pss_verify_ext(rsa, md, hash_len, hash, md, (int)hash_len, signature);
#else
  return mbedtls_rsa_rsassa_pss_verify_ext(rsa, NULL, NULL, MBEDTLS_RSA_PUBLIC, md, hash_len, hash, md, (int)hash_len,
                                           signature);
#endif
}

#endif /* SDG_CRYPTO_MBEDTLS_COMPAT_H */
