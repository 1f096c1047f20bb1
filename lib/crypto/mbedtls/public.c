/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/public.c -- public keys and verification. */
#include "crypto/mbedtls/mbed.h"

#include <mbedtls/bignum.h>

static stardeleg_err import_ec(sdg_mbed *mbed, sdg_mbed_key *key, const sdg_spki *parts)
{
  sdg_mbed_thread *thread = NULL;
  mbedtls_ecp_group *group;
  stardeleg_err rv = sdg_mbed_thread_get(&thread, mbed);
  int ret;

  if (rv != 0) {
    return rv;
  }
  group = sdg_mbed_group(thread, parts->info.bits);
  if (group == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  /* x and y stand side by side, with the 04 of the uncompressed form in front of them. */
  ret = mbedtls_ecp_point_read_binary(group, &key->q, parts->x.base - 1, 1 + 2 * parts->x.len);
  if (ret == 0) {
    ret = mbedtls_ecp_check_pubkey(group, &key->q);
  }
  return sdg_mbed_error(ret, STARDELEG_ERR_BAD_KEY);
}

static stardeleg_err import_rsa(sdg_mbed_key *key, const sdg_spki *parts)
{
  int ret = mbedtls_rsa_import_raw(&key->rsa, parts->n.base, parts->n.len, NULL, 0, NULL, 0, NULL, 0, parts->e.base,
                                   parts->e.len);

  if (ret == 0) {
    ret = mbedtls_rsa_complete(&key->rsa);
  }
  if (ret == 0) {
    ret = mbedtls_rsa_check_pubkey(&key->rsa); /* odd modulus, odd exponent smaller than it */
  }
#if !defined(MBEDTLS_THREADING_C)
  if (ret == 0) {
    /* Without a mutex inside, the first operation's note of R^2 mod N in the context would be a race. */
    uint8_t two[STARDELEG_SIGNATURE_MAX] = {0};

    two[parts->n.len - 1] = 2;
    ret = mbedtls_rsa_public(&key->rsa, two, two);
  }
#endif
  return sdg_mbed_error(ret, STARDELEG_ERR_BAD_KEY);
}

stardeleg_err sdg_mbed_public_import(void *self, void **handle, stardeleg_key_info *info, stardeleg_bytes spki)
{
  sdg_spki parts;
  sdg_mbed_key *key;
  stardeleg_err rv;

  if (sdg_spki_read(&parts, spki, NULL) != 0) {
    return STARDELEG_ERR_BAD_KEY;
  }
  if (parts.info.family == STARDELEG_FAMILY_ED) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  key = sdg_mbed_key_new();
  if (key == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  key->info = parts.info;
  rv = parts.info.family == STARDELEG_FAMILY_EC ? import_ec(self, key, &parts) : import_rsa(key, &parts);
  if (rv != 0) {
    sdg_mbed_key_free(self, key);
    return rv;
  }
  *info = key->info;
  *handle = key;
  return STARDELEG_OK;
}

static stardeleg_err verify_ec(sdg_mbed *mbed, const sdg_mbed_key *key, const sdg_mbed_digest *digest,
                               stardeleg_bytes signature)
{
  const size_t half = signature.len / 2;
  sdg_mbed_thread *thread = NULL;
  mbedtls_mpi r;
  mbedtls_mpi s;
  stardeleg_err rv = sdg_mbed_thread_get(&thread, mbed);
  int ret;

  if (rv != 0) {
    return rv;
  }
  mbedtls_mpi_init(&r);
  mbedtls_mpi_init(&s);
  ret = mbedtls_mpi_read_binary(&r, signature.base, half);
  if (ret == 0) {
    ret = mbedtls_mpi_read_binary(&s, signature.base + half, half);
  }
  if (ret == 0) {
    /* Immutable to the caller; its table comes in by compare-and-swap. */
    ret = sdg_mbed_ecdsa_verify(thread, (sdg_mbed_key *)(uintptr_t)key, digest, &r, &s);
  }
  mbedtls_mpi_free(&r);
  mbedtls_mpi_free(&s);
  return sdg_mbed_error(ret, STARDELEG_ERR_SIGNATURE);
}

static stardeleg_err verify_rsa(const sdg_mbed_key *key, const sdg_alg_info *alg, const uint8_t *hash,
                                stardeleg_bytes signature)
{
  /* mbedTLS takes a context it may write to; with the public half it only writes what its mutex guards, or, without
   * one, what the import has settled already. */
  mbedtls_rsa_context *rsa = (mbedtls_rsa_context *)(uintptr_t)&key->rsa;
  mbedtls_md_type_t md = sdg_mbed_md(alg->hash);
  int ret;

  if (alg->alg >= STARDELEG_ALG_PS256) {
    ret = sdg_mbed_pss_verify(rsa, md, hash, signature.base);
  } else {
    ret = sdg_mbed_pkcs1_verify(rsa, md, hash, signature.base);
  }
  return sdg_mbed_error(ret, STARDELEG_ERR_SIGNATURE);
}

stardeleg_err sdg_mbed_verify(void *self, const void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces,
                              size_t n, stardeleg_bytes signature)
{
  const sdg_mbed_key *key = handle;
  const sdg_alg_info *info = sdg_alg_info_of(alg);
  sdg_mbed_digest digest;
  stardeleg_err rv;

  if (info == NULL || !sdg_alg_fits_key(alg, &key->info)) {
    return STARDELEG_ERR_BAD_KEY;
  }
  if (signature.len != sdg_alg_signature_len(alg, &key->info)) {
    return STARDELEG_ERR_SIGNATURE;
  }
  digest.len = sdg_hash_len(info->hash);
  rv = sdg_mbed_hash(self, info->hash, pieces, n, digest.bytes);
  if (rv != 0) {
    return rv;
  }
  if (info->family == STARDELEG_FAMILY_EC) {
    return verify_ec(self, key, &digest, signature);
  }
  return verify_rsa(key, info, digest.bytes, signature);
}
