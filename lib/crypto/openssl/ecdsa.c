/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/openssl/ecdsa.c -- ECDSA signatures between fixed length (RFC 7518 3.4) and DER (RFC 3279 2.2.3). */
#include "ossl.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>

/* Appends an INTEGER; every length here is below 128. */
static size_t put_integer(uint8_t *out, const uint8_t *magnitude, size_t len)
{
  size_t at = 0;
  bool pad;

  while (len > 1 && magnitude[0] == 0) {
    magnitude++;
    len--;
  }
  pad = (magnitude[0] & 0x80) != 0;
  out[at++] = 0x02;
  out[at++] = (uint8_t)(len + (pad ? 1 : 0));
  if (pad) {
    out[at++] = 0;
  }
  memcpy(out + at, magnitude, len);
  return at + len;
}

size_t sdg_ossl_ecdsa_to_der(uint8_t out[SDG_OSSL_ECDSA_DER_MAX], stardeleg_bytes raw)
{
  const size_t half = raw.len / 2;
  uint8_t inside[SDG_OSSL_ECDSA_DER_MAX];
  size_t len = put_integer(inside, raw.base, half);
  size_t at = 0;

  len += put_integer(inside + len, raw.base + half, half);
  out[at++] = 0x30;
  if (len >= 0x80) {
    out[at++] = 0x81;
  }
  out[at++] = (uint8_t)len;
  memcpy(out + at, inside, len);
  return at + len;
}

stardeleg_err sdg_ossl_ecdsa_to_raw(uint8_t *out, size_t half, stardeleg_bytes der)
{
  const unsigned char *at = der.base;
  ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
  stardeleg_err rv = STARDELEG_ERR_CRYPTO;

  if (parts == NULL) {
    return sdg_ossl_failure(STARDELEG_ERR_CRYPTO);
  }
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, (int)half) == (int)half &&
      BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + half, (int)half) == (int)half) {
    rv = STARDELEG_OK;
  }
  ECDSA_SIG_free(parts);
  return rv;
}
