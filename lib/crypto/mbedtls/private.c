/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/private.c -- private keys and signing. */
#include "crypto/mbedtls/mbed.h"

#include <string.h>

#include <mbedtls/bignum.h>
#include <mbedtls/ecdsa.h>

#include "base/mem.h"

#define RSA_EXPONENT 65537

static stardeleg_err generate_ec(sdg_mbed_thread *thread, sdg_mbed_key *key, unsigned bits)
{
  mbedtls_ecp_group *group = sdg_mbed_group(thread, bits);

  if (group == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  key->info = (stardeleg_key_info){STARDELEG_FAMILY_EC, bits};
  return sdg_mbed_error(mbedtls_ecp_gen_keypair(group, &key->d, &key->q, sdg_mbed_rng, thread), STARDELEG_ERR_CRYPTO);
}

static stardeleg_err generate_rsa(sdg_mbed_thread *thread, sdg_mbed_key *key, unsigned bits)
{
  key->info = (stardeleg_key_info){STARDELEG_FAMILY_RSA, bits};
  return sdg_mbed_error(mbedtls_rsa_gen_key(&key->rsa, sdg_mbed_rng, thread, bits, RSA_EXPONENT), STARDELEG_ERR_CRYPTO);
}

stardeleg_err sdg_mbed_key_generate(void *self, void **handle, stardeleg_key_spec spec)
{
  static const struct {
    stardeleg_key_spec spec;
    int family;
    unsigned bits;
  } kinds[] = {
      {STARDELEG_KEY_P256, STARDELEG_FAMILY_EC, 256},      {STARDELEG_KEY_P384, STARDELEG_FAMILY_EC, 384},
      {STARDELEG_KEY_P521, STARDELEG_FAMILY_EC, 521},      {STARDELEG_KEY_RSA2048, STARDELEG_FAMILY_RSA, 2048},
      {STARDELEG_KEY_RSA3072, STARDELEG_FAMILY_RSA, 3072}, {STARDELEG_KEY_RSA4096, STARDELEG_FAMILY_RSA, 4096},
  };
  sdg_mbed_thread *thread = NULL;
  sdg_mbed_key *key;
  stardeleg_err rv = sdg_mbed_thread_get(&thread, self);

  if (rv != 0) {
    return rv;
  }
  key = sdg_mbed_key_new();
  if (key == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  rv = STARDELEG_ERR_UNSUPPORTED;
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (kinds[i].spec == spec) {
      rv = kinds[i].family == STARDELEG_FAMILY_EC ? generate_ec(thread, key, kinds[i].bits)
                                                  : generate_rsa(thread, key, kinds[i].bits);
    }
  }
  if (rv != 0) {
    sdg_mbed_key_free(self, key);
    return rv;
  }
  *handle = key;
  return STARDELEG_OK;
}

static unsigned curve_bits(mbedtls_ecp_group_id id)
{
  switch (id) {
  case MBEDTLS_ECP_DP_SECP256R1:
    return 256;
  case MBEDTLS_ECP_DP_SECP384R1:
    return 384;
  case MBEDTLS_ECP_DP_SECP521R1:
    return 521;
  default:
    return 0;
  }
}

static stardeleg_err take_ec(sdg_mbed_thread *thread, sdg_mbed_key *key, const mbedtls_ecp_keypair *pair)
{
  const unsigned bits = curve_bits(pair->SDG_MBED_FIELD(grp).id);
  mbedtls_ecp_group *group;
  int ret;

  if (bits == 0) {
    return STARDELEG_ERR_BAD_KEY;
  }
  group = sdg_mbed_group(thread, bits);
  if (group == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  key->info = (stardeleg_key_info){STARDELEG_FAMILY_EC, bits};
  ret = mbedtls_mpi_copy(&key->d, &pair->SDG_MBED_FIELD(d));
  if (ret == 0) {
    ret = mbedtls_ecp_copy(&key->q, &pair->SDG_MBED_FIELD(Q));
  }
  if (ret == 0) {
    ret = mbedtls_ecp_check_privkey(group, &key->d);
  }
  if (ret == 0) {
    ret = mbedtls_ecp_check_pubkey(group, &key->q);
  }
  return sdg_mbed_error(ret, STARDELEG_ERR_BAD_KEY);
}

static stardeleg_err take_rsa(sdg_mbed_key *key, const mbedtls_rsa_context *rsa)
{
  mbedtls_mpi n;
  int ret;

  mbedtls_mpi_init(&n);
  ret = mbedtls_rsa_copy(&key->rsa, rsa);
  if (ret == 0) {
    ret = mbedtls_rsa_check_privkey(&key->rsa);
  }
  if (ret == 0) {
    ret = mbedtls_rsa_export(&key->rsa, &n, NULL, NULL, NULL, NULL);
  }
  if (ret == 0) {
    key->info = (stardeleg_key_info){STARDELEG_FAMILY_RSA, (unsigned)mbedtls_mpi_bitlen(&n)};
  }
  mbedtls_mpi_free(&n);
  return sdg_mbed_error(ret, STARDELEG_ERR_BAD_KEY);
}

stardeleg_err sdg_mbed_key_import(void *self, void **handle, stardeleg_bytes pkcs8)
{
  sdg_mbed_thread *thread = NULL;
  sdg_mbed_key *key = NULL;
  mbedtls_pk_context pk;
  stardeleg_err rv = sdg_mbed_thread_get(&thread, self);

  if (rv != 0) {
    return rv;
  }
  mbedtls_pk_init(&pk);
  rv = sdg_mbed_error(sdg_mbed_parse_key(&pk, pkcs8.base, pkcs8.len, sdg_mbed_rng, thread), STARDELEG_ERR_BAD_KEY);
  if (rv != 0) {
    goto out;
  }
  key = sdg_mbed_key_new();
  if (key == NULL) {
    rv = STARDELEG_ERR_NOMEM;
    goto out;
  }
  if (mbedtls_pk_get_type(&pk) == MBEDTLS_PK_RSA) {
    rv = take_rsa(key, mbedtls_pk_rsa(pk));
  } else if (mbedtls_pk_get_type(&pk) == MBEDTLS_PK_ECKEY) {
    rv = take_ec(thread, key, mbedtls_pk_ec(pk));
  } else {
    rv = STARDELEG_ERR_BAD_KEY;
  }
  if (rv == 0) {
    *handle = key;
    key = NULL;
  }
out:
  sdg_mbed_key_free(self, key);
  mbedtls_pk_free(&pk);
  return rv;
}

stardeleg_err sdg_mbed_key_public(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len)
{
  sdg_buf spki;
  stardeleg_err rv;

  sdg_buf_init(&spki, SDG_SPKI_MAX);
  rv = sdg_mbed_key_spki(self, handle, &spki);
  if (rv == 0 && spki.len <= cap) {
    memcpy(out, spki.base, spki.len);
    *len = spki.len;
  } else if (rv == 0) {
    rv = STARDELEG_ERR_ARGUMENT;
  } else if (rv == STARDELEG_ERR_LIMIT) {
    rv = STARDELEG_ERR_BAD_KEY;
  }
  sdg_buf_clear(&spki);
  return rv;
}

static stardeleg_err sign_ec(sdg_mbed_thread *thread, const sdg_mbed_key *key, const sdg_alg_info *alg,
                             const uint8_t *hash, uint8_t *out)
{
  const size_t half = alg->signature_len / 2;
  mbedtls_ecp_group *group = sdg_mbed_group(thread, key->info.bits);
  mbedtls_mpi r;
  mbedtls_mpi s;
  int ret;

  if (group == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  mbedtls_mpi_init(&r);
  mbedtls_mpi_init(&s);
#if defined(MBEDTLS_ECDSA_DETERMINISTIC)
  /* RFC 6979: the nonce comes from key and message, so that a poor random generator cannot betray the key; randomness
   * only blinds the computation. */
  ret = mbedtls_ecdsa_sign_det_ext(group, &r, &s, &key->d, hash, sdg_hash_len(alg->hash), sdg_mbed_md(alg->hash),
                                   sdg_mbed_rng, thread);
#else
  ret = mbedtls_ecdsa_sign(group, &r, &s, &key->d, hash, sdg_hash_len(alg->hash), sdg_mbed_rng, thread);
#endif
  if (ret == 0) {
    ret = mbedtls_mpi_write_binary(&r, out, half);
  }
  if (ret == 0) {
    ret = mbedtls_mpi_write_binary(&s, out + half, half);
  }
  mbedtls_mpi_free(&r);
  mbedtls_mpi_free(&s);
  return sdg_mbed_error(ret, STARDELEG_ERR_CRYPTO);
}

static int sign_with(mbedtls_rsa_context *rsa, sdg_mbed_thread *thread, const sdg_alg_info *alg, const uint8_t *hash,
                     uint8_t *out)
{
  const mbedtls_md_type_t md = sdg_mbed_md(alg->hash);
  const size_t hash_len = sdg_hash_len(alg->hash);
  const bool pss = alg->alg >= STARDELEG_ALG_PS256;
  int ret = sdg_mbed_rsa_pad(rsa, pss ? MBEDTLS_RSA_PKCS_V21 : MBEDTLS_RSA_PKCS_V15, pss ? md : MBEDTLS_MD_NONE);

  if (ret != 0) {
    return ret;
  }
  if (!pss) {
    return sdg_mbed_pkcs1_sign(rsa, sdg_mbed_rng, thread, md, hash, out);
  }
  return mbedtls_rsa_rsassa_pss_sign_ext(rsa, sdg_mbed_rng, thread, md, (unsigned)hash_len, hash, (int)hash_len, out);
}

/* mbedTLS squares a pair of blinding values before each use.  Short of memory it may square one of them only, after
 * which every signature of that context is wrong: so a context that has failed is never used again. */
static stardeleg_err sign_rsa(sdg_mbed_thread *thread, sdg_mbed_key *key, const sdg_alg_info *alg, const uint8_t *hash,
                              uint8_t *out)
{
  int ret = 0;

  if (pthread_mutex_lock(&key->lock) != 0) {
    return STARDELEG_ERR_CRYPTO;
  }
  if (!key->has_working) {
    ret = mbedtls_rsa_copy(&key->working, &key->rsa);
  }
  if (ret == 0) {
    ret = sign_with(&key->working, thread, alg, hash, out);
  }
  key->has_working = ret == 0;
  if (!key->has_working) {
    mbedtls_rsa_free(&key->working);
    sdg_mbed_rsa_init(&key->working);
  }
  (void)pthread_mutex_unlock(&key->lock);
  return sdg_mbed_error(ret, STARDELEG_ERR_CRYPTO);
}

stardeleg_err sdg_mbed_sign(void *self, void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                            uint8_t *out, size_t *len)
{
  sdg_mbed_key *key = handle;
  const sdg_alg_info *info = sdg_alg_info_of(alg);
  sdg_mbed_thread *thread = NULL;
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_err rv;

  if (info == NULL || !sdg_alg_fits_key(alg, &key->info)) {
    return STARDELEG_ERR_BAD_KEY;
  }
  rv = sdg_mbed_thread_get(&thread, self);
  if (rv == 0) {
    rv = sdg_mbed_hash(self, info->hash, pieces, n, hash);
  }
  if (rv == 0 && info->family == STARDELEG_FAMILY_EC) {
    rv = sign_ec(thread, key, info, hash, out);
  } else if (rv == 0) {
    rv = sign_rsa(thread, key, info, hash, out);
  }
  if (rv == 0) {
    *len = info->signature_len != 0 ? info->signature_len : mbedtls_rsa_get_len(&key->rsa);
  }
  return rv;
}
