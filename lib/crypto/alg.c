/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/alg.c -- the signature and MAC algorithms as a table (RFC 7518 3.1, RFC 8037 3.1). */
#include "crypto/crypto.h"

#include <string.h>

/* In the order of stardeleg_alg, from 1 on. */
static const sdg_alg_info algs[] = {
    {STARDELEG_ALG_ES256, "ES256", STARDELEG_HASH_SHA256, STARDELEG_FAMILY_EC, 256, 64},
    {STARDELEG_ALG_ES384, "ES384", STARDELEG_HASH_SHA384, STARDELEG_FAMILY_EC, 384, 96},
    {STARDELEG_ALG_ES512, "ES512", STARDELEG_HASH_SHA512, STARDELEG_FAMILY_EC, 521, 132},
    {STARDELEG_ALG_RS256, "RS256", STARDELEG_HASH_SHA256, STARDELEG_FAMILY_RSA, 0, 0},
    {STARDELEG_ALG_RS384, "RS384", STARDELEG_HASH_SHA384, STARDELEG_FAMILY_RSA, 0, 0},
    {STARDELEG_ALG_RS512, "RS512", STARDELEG_HASH_SHA512, STARDELEG_FAMILY_RSA, 0, 0},
    {STARDELEG_ALG_PS256, "PS256", STARDELEG_HASH_SHA256, STARDELEG_FAMILY_RSA, 0, 0},
    {STARDELEG_ALG_PS384, "PS384", STARDELEG_HASH_SHA384, STARDELEG_FAMILY_RSA, 0, 0},
    {STARDELEG_ALG_PS512, "PS512", STARDELEG_HASH_SHA512, STARDELEG_FAMILY_RSA, 0, 0},
    {STARDELEG_ALG_EDDSA, "EdDSA", STARDELEG_HASH_SHA512, STARDELEG_FAMILY_ED, 0, 64},
    {STARDELEG_ALG_ECDSA_SHA256, NULL, STARDELEG_HASH_SHA256, STARDELEG_FAMILY_EC, 0, 0},
    {STARDELEG_ALG_ECDSA_SHA384, NULL, STARDELEG_HASH_SHA384, STARDELEG_FAMILY_EC, 0, 0},
    {STARDELEG_ALG_ECDSA_SHA512, NULL, STARDELEG_HASH_SHA512, STARDELEG_FAMILY_EC, 0, 0},
    {STARDELEG_ALG_HS256, "HS256", STARDELEG_HASH_SHA256, 0, 0, 32},
    {STARDELEG_ALG_HS384, "HS384", STARDELEG_HASH_SHA384, 0, 0, 48},
    {STARDELEG_ALG_HS512, "HS512", STARDELEG_HASH_SHA512, 0, 0, 64},
};
#define ALG_COUNT (sizeof(algs) / sizeof(algs[0]))

_Static_assert(ALG_COUNT == STARDELEG_ALG_COUNT - 1, "a row for each algorithm");

const sdg_alg_info *sdg_alg_info_of(stardeleg_alg alg)
{
  if ((int)alg <= STARDELEG_ALG_NONE || (int)alg >= STARDELEG_ALG_COUNT) {
    return NULL;
  }
  return &algs[(size_t)alg - 1];
}

const sdg_alg_info *sdg_alg_by_name(const char *jose_name)
{
  if (jose_name == NULL) {
    return NULL;
  }
  /* RFC 7515 4.1.1: the value is case-sensitive. */
  for (size_t i = 0; i < ALG_COUNT; i++) {
    if (algs[i].name != NULL && strcmp(algs[i].name, jose_name) == 0) {
      return &algs[i];
    }
  }
  return NULL;
}

size_t sdg_hash_len(stardeleg_hash hash)
{
  switch (hash) {
  case STARDELEG_HASH_SHA1:
    return 20;
  case STARDELEG_HASH_SHA256:
    return 32;
  case STARDELEG_HASH_SHA384:
    return 48;
  case STARDELEG_HASH_SHA512:
    return 64;
  default:
    return 0;
  }
}

stardeleg_alg sdg_alg_for_key(const stardeleg_key_info *info)
{
  if (info->family == STARDELEG_FAMILY_RSA) {
    return STARDELEG_ALG_RS256;
  }
  if (info->family == STARDELEG_FAMILY_ED) {
    return STARDELEG_ALG_EDDSA;
  }
  for (size_t i = 0; i < ALG_COUNT; i++) {
    if (info->family == STARDELEG_FAMILY_EC && algs[i].family == STARDELEG_FAMILY_EC && algs[i].ec_bits == info->bits) {
      return algs[i].alg;
    }
  }
  return STARDELEG_ALG_NONE;
}

bool sdg_alg_fits_key(stardeleg_alg alg, const stardeleg_key_info *info)
{
  const sdg_alg_info *row = sdg_alg_info_of(alg);

  if (row == NULL || row->family == 0 || row->family != info->family) {
    return false;
  }
  return row->ec_bits == 0 || row->ec_bits == info->bits;
}

size_t sdg_alg_signature_len(stardeleg_alg alg, const stardeleg_key_info *info)
{
  const sdg_alg_info *row = sdg_alg_info_of(alg);

  if (row == NULL || row->signature_len != 0) {
    return row == NULL ? 0 : row->signature_len;
  }
  return (info->bits + 7u) / 8u * (row->family == STARDELEG_FAMILY_EC ? 2u : 1u);
}

stardeleg_alg sdg_alg_on_curve(stardeleg_alg alg, const stardeleg_key_info *info)
{
  const sdg_alg_info *row = sdg_alg_info_of(alg);

  if (row == NULL || row->family != STARDELEG_FAMILY_EC || info->family != STARDELEG_FAMILY_EC ||
      sdg_alg_fits_key(alg, info)) {
    return alg;
  }
  switch (row->hash) {
  case STARDELEG_HASH_SHA384:
    return STARDELEG_ALG_ECDSA_SHA384;
  case STARDELEG_HASH_SHA512:
    return STARDELEG_ALG_ECDSA_SHA512;
  default:
    return STARDELEG_ALG_ECDSA_SHA256;
  }
}
