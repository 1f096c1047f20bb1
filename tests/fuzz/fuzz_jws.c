/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_jws.c -- what is read keeps its promises, and nothing verifies but what was signed. */
#include "fuzz/fuzz.h"

#include <string.h>

#include <stardeleg/crypto.h>
#include "base/base64.h"
#include "base/bytes.h"
#include "jose/jws.h"

/* RFC 7515 A.3: the key, and the one text that it has signed. */
static const char signer[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                             "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
static const char signed_header[] = "eyJhbGciOiJFUzI1NiJ9";
/* RFC 7515 A.1 */
static const char mac_key[] = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
static const char mac_header[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
static const char payload[] =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

static stardeleg_crypto *crypto;
static sdg_pubkey *key;
static sdg_buf secret;

static void set_up(void)
{
  sdg_json *tree = NULL;

  FUZZ_CHECK(stardeleg_crypto_mbedtls_new(&crypto) == STARDELEG_OK);
  FUZZ_CHECK(sdg_json_parse(&tree, sdg_bytes_str(signer), NULL, NULL) == STARDELEG_OK);
  FUZZ_CHECK(sdg_jwk_parse(&key, crypto, tree, NULL) == STARDELEG_OK);
  sdg_json_free(tree);
  sdg_buf_init(&secret, 64);
  FUZZ_CHECK(sdg_base64url_read(&secret, sdg_bytes_str(mac_key)) == STARDELEG_OK);
}

static void check_part(stardeleg_bytes text, stardeleg_bytes decoded)
{
  sdg_buf again;

  sdg_buf_init(&again, 1u << 20);
  sdg_base64url_write(&again, decoded);
  FUZZ_CHECK(sdg_bytes_equal(sdg_buf_bytes(&again), text));
  sdg_buf_clear(&again);
}

static void check_form(const sdg_jws *jws)
{
  FUZZ_CHECK(jws->alg_name != NULL);
  FUZZ_CHECK(jws->kid == NULL || jws->jwk == NULL);
  FUZZ_CHECK(jws->jwk == NULL || sdg_json_type_of(jws->jwk) == SDG_JSON_OBJECT);
  FUZZ_CHECK(sdg_json_member(jws->header, "crit") == NULL && sdg_json_member(jws->header, "b64") == NULL);
  FUZZ_CHECK(jws->nonce == NULL || sdg_base64url_is_text(sdg_bytes_str(jws->nonce)));
  FUZZ_CHECK(sdg_json_count(jws->outer) == 3);
  check_part(jws->payload_text, jws->payload);
}

static void check_signature(const sdg_jws *jws)
{
  stardeleg_problem problem;

  memset(&problem, 0, sizeof(problem));
  if (sdg_jws_verify(jws, key, &problem) == STARDELEG_OK) {
    FUZZ_CHECK(sdg_bytes_is(jws->protected_text, signed_header) && sdg_bytes_is(jws->payload_text, payload));
  } else {
    FUZZ_CHECK(problem.acme != STARDELEG_ACME_NONE);
  }
  if (sdg_jws_verify_mac(jws, crypto, sdg_buf_bytes(&secret), NULL) == STARDELEG_OK) {
    FUZZ_CHECK(sdg_bytes_is(jws->protected_text, mac_header) && sdg_bytes_is(jws->payload_text, payload));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  stardeleg_problem problem;
  sdg_jws jws;
  stardeleg_err rv;

  if (crypto == NULL) {
    set_up();
  }
  memset(&problem, 0, sizeof(problem));
  rv = sdg_jws_parse(&jws, sdg_bytes(data, size), &problem);
  if (rv != STARDELEG_OK) {
    FUZZ_CHECK(rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT);
    FUZZ_CHECK(problem.acme == STARDELEG_ACME_MALFORMED && problem.detail[0] != '\0');
    return 0;
  }
  check_form(&jws);
  check_signature(&jws);
  sdg_jws_clear(&jws);
  return 0;
}
