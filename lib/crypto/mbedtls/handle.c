/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/handle.c -- the key handle of this backend, public and private alike. */
#include "crypto/mbedtls/mbed.h"

#include <stdlib.h>

#include <mbedtls/bignum.h>

#include "base/mem.h"

#define POINT_MAX (1 + 2 * 66) /* P-521, uncompressed */
#define MODULUS_MAX 1024       /* 8192 bits */
#define EXPONENT_MAX 8

sdg_mbed_key *sdg_mbed_key_new(void)
{
  sdg_mbed_key *key = calloc(1, sizeof(*key));

  if (key == NULL) {
    return NULL;
  }
  if (pthread_mutex_init(&key->lock, NULL) != 0) {
    free(key);
    return NULL;
  }
  mbedtls_ecp_point_init(&key->q);
  mbedtls_mpi_init(&key->d);
  sdg_mbed_rsa_init(&key->rsa);
  sdg_mbed_rsa_init(&key->working);
  atomic_init(&key->table, NULL);
  atomic_init(&key->used, false);
  return key;
}

void sdg_mbed_key_free(void *self, void *handle)
{
  sdg_mbed_key *key = handle;

  (void)self;
  if (key == NULL) {
    return;
  }
  sdg_mbed_table_free(key);
  mbedtls_ecp_point_free(&key->q);
  mbedtls_mpi_free(&key->d); /* wipes */
  mbedtls_rsa_free(&key->rsa);
  mbedtls_rsa_free(&key->working);
  (void)pthread_mutex_destroy(&key->lock);
  sdg_wipe(key, sizeof(*key));
  free(key);
}

static stardeleg_err write_ec(sdg_mbed *mbed, const sdg_mbed_key *key, sdg_buf *out)
{
  const size_t half = (key->info.bits + 7u) / 8u;
  uint8_t point[POINT_MAX];
  size_t len = 0;
  sdg_mbed_thread *thread = NULL;
  mbedtls_ecp_group *group;
  sdg_spki parts = {.info = key->info};
  stardeleg_err rv = sdg_mbed_thread_get(&thread, mbed);
  int ret;

  if (rv != 0) {
    return rv;
  }
  group = sdg_mbed_group(thread, key->info.bits);
  if (group == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  ret = mbedtls_ecp_point_write_binary(group, &key->q, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, point, sizeof(point));
  if (ret != 0 || len != 1 + 2 * half) {
    return STARDELEG_ERR_CRYPTO;
  }
  parts.x = (stardeleg_bytes){point + 1, half};
  parts.y = (stardeleg_bytes){point + 1 + half, half};
  sdg_spki_write(out, &parts);
  return sdg_buf_error(out);
}

static stardeleg_err write_rsa(const sdg_mbed_key *key, sdg_buf *out)
{
  const size_t n_len = mbedtls_rsa_get_len(&key->rsa);
  uint8_t n[MODULUS_MAX];
  uint8_t e[EXPONENT_MAX];
  sdg_spki parts = {.info = key->info};

  /* An exponent that does not fit is one that sdg_spki_read refuses. */
  if (n_len > sizeof(n) || mbedtls_rsa_export_raw(&key->rsa, n, n_len, NULL, 0, NULL, 0, NULL, 0, e, sizeof(e)) != 0) {
    return STARDELEG_ERR_BAD_KEY;
  }
  parts.n = (stardeleg_bytes){n, n_len};
  parts.e = (stardeleg_bytes){e, sizeof(e)};
  sdg_spki_write(out, &parts);
  return sdg_buf_error(out);
}

stardeleg_err sdg_mbed_key_spki(sdg_mbed *mbed, const sdg_mbed_key *key, sdg_buf *out)
{
  return key->info.family == STARDELEG_FAMILY_EC ? write_ec(mbed, key, out) : write_rsa(key, out);
}
