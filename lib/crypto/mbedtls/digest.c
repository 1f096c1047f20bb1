/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/digest.c -- hashes and MACs, and mbedTLS errors in our terms. */
#include "crypto/mbedtls/mbed.h"

#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/x509.h>

stardeleg_err sdg_mbed_error(int ret, stardeleg_err otherwise)
{
  /* mbedTLS adds a low-level code (7 bits) to a high-level one. */
  const int low = -(-ret & 0x7f);
  const int high = -(-ret & ~0x7f);

  if (ret == 0) {
    return STARDELEG_OK;
  }
  if (low == MBEDTLS_ERR_MPI_ALLOC_FAILED || low == MBEDTLS_ERR_ASN1_ALLOC_FAILED ||
      high == MBEDTLS_ERR_ECP_ALLOC_FAILED || high == MBEDTLS_ERR_MD_ALLOC_FAILED ||
      high == MBEDTLS_ERR_PK_ALLOC_FAILED || high == MBEDTLS_ERR_X509_ALLOC_FAILED) {
    return STARDELEG_ERR_NOMEM;
  }
  if (low == MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED || low == MBEDTLS_ERR_ENTROPY_SOURCE_FAILED ||
      high == MBEDTLS_ERR_ECP_RANDOM_FAILED || high == MBEDTLS_ERR_RSA_RNG_FAILED) {
    return STARDELEG_ERR_RANDOM;
  }
  return otherwise;
}

mbedtls_md_type_t sdg_mbed_md(stardeleg_hash hash)
{
  switch (hash) {
  case STARDELEG_HASH_SHA1:
    return MBEDTLS_MD_SHA1;
  case STARDELEG_HASH_SHA256:
    return MBEDTLS_MD_SHA256;
  case STARDELEG_HASH_SHA384:
    return MBEDTLS_MD_SHA384;
  case STARDELEG_HASH_SHA512:
    return MBEDTLS_MD_SHA512;
  default:
    return MBEDTLS_MD_NONE;
  }
}

stardeleg_err sdg_mbed_hash(void *self, stardeleg_hash hash, const stardeleg_bytes *pieces, size_t n, uint8_t *out)
{
  const mbedtls_md_info_t *md = mbedtls_md_info_from_type(sdg_mbed_md(hash));
  mbedtls_md_context_t ctx;
  int ret;

  (void)self;
  if (md == NULL) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  mbedtls_md_init(&ctx);
  ret = mbedtls_md_setup(&ctx, md, 0);
  if (ret == 0) {
    ret = mbedtls_md_starts(&ctx);
  }
  for (size_t i = 0; ret == 0 && i < n; i++) {
    if (pieces[i].len > 0) {
      ret = mbedtls_md_update(&ctx, pieces[i].base, pieces[i].len);
    }
  }
  if (ret == 0) {
    ret = mbedtls_md_finish(&ctx, out);
  }
  mbedtls_md_free(&ctx);
  return sdg_mbed_error(ret, STARDELEG_ERR_CRYPTO);
}

stardeleg_err sdg_mbed_hmac(void *self, stardeleg_hash hash, stardeleg_bytes key, const stardeleg_bytes *pieces,
                            size_t n, uint8_t *out)
{
  static const unsigned char nothing[1] = {0};
  const mbedtls_md_info_t *md = mbedtls_md_info_from_type(sdg_mbed_md(hash));
  mbedtls_md_context_t ctx;
  int ret;

  (void)self;
  if (md == NULL) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  mbedtls_md_init(&ctx);
  ret = mbedtls_md_setup(&ctx, md, 1);
  if (ret == 0) {
    ret = mbedtls_md_hmac_starts(&ctx, key.len > 0 ? key.base : nothing, key.len);
  }
  for (size_t i = 0; ret == 0 && i < n; i++) {
    if (pieces[i].len > 0) {
      ret = mbedtls_md_hmac_update(&ctx, pieces[i].base, pieces[i].len);
    }
  }
  if (ret == 0) {
    ret = mbedtls_md_hmac_finish(&ctx, out);
  }
  mbedtls_md_free(&ctx);
  return sdg_mbed_error(ret, STARDELEG_ERR_CRYPTO);
}
