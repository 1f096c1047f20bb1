/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_spki.c -- what the reader of public keys takes, it writes again byte for byte; the backends agree with it
 * on what the key is, and stay on their feet. */
#include "fuzz/fuzz.h"

#include <string.h>

#include <stardeleg/problem.h>
#if STARDELEG_HAVE_OPENSSL
#include <stardeleg/crypto_openssl.h>
#endif

#include "base/bytes.h"
#include "crypto/crypto.h"

static void check_parts(const sdg_spki *parts, stardeleg_bytes spki)
{
  const stardeleg_bytes all[] = {parts->n, parts->e, parts->x, parts->y};
  sdg_buf again;

  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    FUZZ_CHECK(all[i].len == 0 || (all[i].base >= spki.base && all[i].base + all[i].len <= spki.base + spki.len));
  }
  sdg_buf_init(&again, SDG_SPKI_MAX);
  sdg_spki_write(&again, parts);
  FUZZ_CHECK(sdg_buf_error(&again) == STARDELEG_OK);
  FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(&again), spki));
  sdg_buf_clear(&again);
}

static void try_backend(const stardeleg_crypto *crypto, stardeleg_bytes spki, const sdg_spki *parts)
{
  static const uint8_t signature[STARDELEG_SIGNATURE_MAX] = {1, 2, 3};
  const stardeleg_bytes message = {signature, 3};
  sdg_pubkey *key = NULL;
  stardeleg_err rv = sdg_pubkey_import(&key, crypto, spki, NULL);

  if (rv == STARDELEG_OK) {
    stardeleg_alg alg = sdg_alg_for_key(sdg_pubkey_info(key));
    size_t len = sdg_alg_info_of(alg)->signature_len;

    FUZZ_CHECK(sdg_pubkey_info(key)->bits == parts->info.bits);
    if (len == 0) {
      len = (parts->info.bits + 7) / 8;
    }
    FUZZ_CHECK(sdg_pubkey_verify(key, alg, &message, 1, (stardeleg_bytes){signature, len}) == STARDELEG_ERR_SIGNATURE);
    sdg_pubkey_free(key);
  } else {
    FUZZ_CHECK(rv == STARDELEG_ERR_BAD_KEY || rv == STARDELEG_ERR_UNSUPPORTED);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static stardeleg_crypto *backends[2];
  const stardeleg_bytes spki = {data, size};
  stardeleg_problem problem;
  sdg_spki parts;
  stardeleg_err rv;

  if (backends[0] == NULL) {
    FUZZ_CHECK(stardeleg_crypto_mbedtls_new(&backends[0]) == STARDELEG_OK);
#if STARDELEG_HAVE_OPENSSL
    FUZZ_CHECK(stardeleg_crypto_openssl_new(&backends[1]) == STARDELEG_OK);
#endif
  }
  memset(&problem, 0, sizeof(problem));
  rv = sdg_spki_read(&parts, spki, &problem);
  if (rv != STARDELEG_OK) {
    FUZZ_CHECK(rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_BAD_KEY);
    FUZZ_CHECK(problem.acme == STARDELEG_ACME_BAD_PUBLIC_KEY && problem.detail[0] != '\0');
    return 0;
  }
  check_parts(&parts, spki);
  for (size_t i = 0; i < 2; i++) {
    if (backends[i] != NULL) {
      try_backend(backends[i], spki, &parts);
    }
  }
  return 0;
}
