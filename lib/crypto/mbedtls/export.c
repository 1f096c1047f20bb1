/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/export.c -- private keys as PKCS#8 (RFC 5958), which mbedTLS 2.28 reads but does not write. */
#include "crypto/mbedtls/mbed.h"

#include <string.h>

#include <mbedtls/bignum.h>

#include "base/mem.h"
#include "crypto/key.h"
#include "der/der.h"

#define SCALAR_MAX 66 /* P-521 */
#define NUMBER_MAX 1024

/* Copies the AlgorithmIdentifier, and for EC the point's bits, out of the key's own SubjectPublicKeyInfo. */
static stardeleg_err split_spki(stardeleg_bytes spki, stardeleg_bytes *algorithm, stardeleg_bytes *bits)
{
  sdg_der reader = sdg_der_open(spki);
  sdg_der inside;
  stardeleg_bytes content;
  unsigned unused = 0;
  stardeleg_err rv = sdg_der_enter(&reader, SDG_DER_SEQUENCE, &inside);

  if (rv == 0) {
    rv = sdg_der_get(&inside, SDG_DER_SEQUENCE, &content, algorithm);
  }
  if (rv == 0) {
    rv = sdg_der_get_bits(&inside, bits, &unused);
  }
  return rv;
}

/* ECPrivateKey (RFC 5915 3), the curve left to the AlgorithmIdentifier. */
static stardeleg_err write_ec(sdg_buf *out, const sdg_mbed_key *key, stardeleg_bytes point)
{
  const size_t half = (key->info.bits + 7u) / 8u;
  uint8_t scalar[SCALAR_MAX];
  size_t sequence;
  size_t tagged;

  if (mbedtls_mpi_write_binary(&key->d, scalar, half) != 0) {
    return STARDELEG_ERR_CRYPTO;
  }
  sequence = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  sdg_der_put_uint(out, 1);
  sdg_der_put(out, SDG_DER_OCTET_STRING, (stardeleg_bytes){scalar, half});
  tagged = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(1));
  sdg_der_put_bits(out, point, 0);
  sdg_der_put_end(out, tagged);
  sdg_der_put_end(out, sequence);
  sdg_wipe(scalar, sizeof(scalar));
  return STARDELEG_OK;
}

/* RSAPrivateKey (RFC 8017 A.1.2). */
static stardeleg_err write_rsa(sdg_buf *out, const sdg_mbed_key *key)
{
  enum { N, E, D, P, Q, DP, DQ, QP, COUNT };
  mbedtls_mpi numbers[COUNT];
  uint8_t bytes[NUMBER_MAX];
  size_t sequence;
  int ret;

  for (int i = 0; i < COUNT; i++) {
    mbedtls_mpi_init(&numbers[i]);
  }
  ret = mbedtls_rsa_export(&key->rsa, &numbers[N], &numbers[P], &numbers[Q], &numbers[D], &numbers[E]);
  if (ret == 0) {
    ret = mbedtls_rsa_export_crt(&key->rsa, &numbers[DP], &numbers[DQ], &numbers[QP]);
  }
  sequence = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  sdg_der_put_uint(out, 0);
  for (int i = 0; ret == 0 && i < COUNT; i++) {
    size_t len = mbedtls_mpi_size(&numbers[i]);

    ret = mbedtls_mpi_write_binary(&numbers[i], bytes, sizeof(bytes));
    if (ret == 0) {
      sdg_der_put_magnitude(out, (stardeleg_bytes){bytes + sizeof(bytes) - len, len});
    }
  }
  sdg_der_put_end(out, sequence);
  sdg_wipe(bytes, sizeof(bytes));
  for (int i = 0; i < COUNT; i++) {
    mbedtls_mpi_free(&numbers[i]);
  }
  return sdg_mbed_error(ret, STARDELEG_ERR_CRYPTO);
}

static stardeleg_err write_pkcs8(sdg_buf *out, const sdg_mbed_key *key, stardeleg_bytes spki)
{
  stardeleg_bytes algorithm;
  stardeleg_bytes bits;
  size_t outer;
  size_t octets;
  stardeleg_err rv = split_spki(spki, &algorithm, &bits);

  if (rv != 0) {
    return STARDELEG_ERR_CRYPTO;
  }
  outer = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  sdg_der_put_uint(out, 0);
  sdg_der_put_raw(out, algorithm);
  octets = sdg_der_put_begin(out, SDG_DER_OCTET_STRING);
  rv = key->info.family == STARDELEG_FAMILY_EC ? write_ec(out, key, bits) : write_rsa(out, key);
  sdg_der_put_end(out, octets);
  sdg_der_put_end(out, outer);
  return rv != 0 ? rv : sdg_buf_error(out);
}

stardeleg_err sdg_mbed_key_export(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len)
{
  sdg_buf spki;
  sdg_buf pkcs8;
  stardeleg_err rv;

  sdg_buf_init(&spki, SDG_SPKI_MAX);
  sdg_buf_init_secret(&pkcs8, SDG_PKCS8_MAX);
  rv = sdg_mbed_key_spki(self, handle, &spki);
  if (rv == 0) {
    rv = write_pkcs8(&pkcs8, handle, sdg_buf_bytes(&spki));
  }
  if (rv == 0 && pkcs8.len > cap) {
    rv = STARDELEG_ERR_ARGUMENT;
  }
  if (rv == 0) {
    memcpy(out, pkcs8.base, pkcs8.len);
    *len = pkcs8.len;
  }
  sdg_buf_clear(&pkcs8);
  sdg_buf_clear(&spki);
  return rv;
}
