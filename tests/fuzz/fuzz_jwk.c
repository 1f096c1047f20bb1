/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_jwk.c -- a JWK that is taken is public, and comes out again as the same key. */
#include "fuzz/fuzz.h"

#include <string.h>

#include <stardeleg/crypto.h>
#include "base/bytes.h"
#include "jose/jwk.h"

static stardeleg_crypto *crypto;

/* Reads |text|; NULL if it is refused, and then checks what is told. */
static sdg_pubkey *take(stardeleg_bytes text)
{
  sdg_pubkey *key = NULL;
  sdg_json *tree = NULL;
  stardeleg_problem problem;
  stardeleg_err rv;

  if (sdg_json_parse(&tree, text, NULL, NULL) != STARDELEG_OK) {
    return NULL;
  }
  memset(&problem, 0, sizeof(problem));
  rv = sdg_jwk_parse(&key, crypto, tree, &problem);
  FUZZ_CHECK(rv == STARDELEG_OK || rv == STARDELEG_ERR_BAD_KEY);
  FUZZ_CHECK((rv == STARDELEG_OK) == (key != NULL));
  FUZZ_CHECK((rv == STARDELEG_OK) == (problem.acme == STARDELEG_ACME_NONE));
  FUZZ_CHECK(rv != STARDELEG_OK || sdg_json_member(tree, "d") == NULL);
  sdg_json_free(tree);
  return key;
}

static void check_key(const sdg_pubkey *key)
{
  char thumbprint[2][SDG_THUMBPRINT_TEXT_SIZE];
  sdg_pubkey *again;
  sdg_buf text;

  sdg_buf_init(&text, 4096);
  FUZZ_CHECK(sdg_jwk_write(&text, sdg_pubkey_spki(key)) == STARDELEG_OK);
  again = take(sdg_buf_bytes(&text));
  FUZZ_CHECK(again != NULL);
  FUZZ_CHECK(sdg_bytes_equal(sdg_pubkey_spki(again), sdg_pubkey_spki(key)));
  FUZZ_CHECK(sdg_jwk_thumbprint(thumbprint[0], crypto, sdg_pubkey_spki(key)) == STARDELEG_OK);
  FUZZ_CHECK(sdg_jwk_thumbprint(thumbprint[1], crypto, sdg_pubkey_spki(again)) == STARDELEG_OK);
  FUZZ_CHECK(strcmp(thumbprint[0], thumbprint[1]) == 0 && strlen(thumbprint[0]) == SDG_THUMBPRINT_TEXT_SIZE - 1);
  sdg_pubkey_free(again);
  sdg_buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  sdg_pubkey *key;

  if (crypto == NULL) {
    FUZZ_CHECK(stardeleg_crypto_mbedtls_new(&crypto) == STARDELEG_OK);
  }
  key = take(sdg_bytes(data, size));
  if (key != NULL) {
    check_key(key);
    sdg_pubkey_free(key);
  }
  return 0;
}
