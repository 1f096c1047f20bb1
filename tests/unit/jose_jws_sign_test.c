/* SPDX-License-Identifier: Apache-2.0 */
/* unit/jose_jws_sign_test.c -- JWS made, and the MACs of external account binding. */
#include "support/test.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "support/jws.h"

#define GOOD "\"nonce\":\"" TEST_JWS_NONCE "\",\"url\":\"" TEST_JWS_URL "\""

static stardeleg_key *key; /* P-256, for the run */
static sdg_pubkey *pub;

static int set_up(void **state)
{
  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(sdg_pubkey_import(&pub, test_crypto(), stardeleg_key_spki(key), NULL));
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  sdg_pubkey_free(pub);
  stardeleg_key_free(key);
  return 0;
}

/* --- making --- */

static void signs_what_it_verifies_with(stardeleg_key *signer, const sdg_pubkey *with, bool kid, bool nonce,
                                        const char *payload)
{
  sdg_jws_header header = {sdg_alg_for_key(sdg_key_info(signer)), kid ? TEST_JWS_KID : NULL, stardeleg_key_spki(signer),
                           nonce ? TEST_JWS_NONCE : NULL, TEST_JWS_URL};
  sdg_jws jws;
  sdg_buf text;

  sdg_buf_init(&text, 8192);
  assert_ok(sdg_jws_sign(&text, &header, sdg_bytes_str(payload), signer));
  assert_null(strpbrk(sdg_buf_str(&text), "=+/")); /* ACME-6.1-07: base64url without padding */
  assert_ok(sdg_jws_parse(&jws, sdg_buf_bytes(&text), NULL));
  assert_int_equal(jws.alg, header.alg);
  assert_string_equal(jws.url, TEST_JWS_URL);
  assert_string_equal(jws.kid != NULL ? jws.kid : "-", kid ? TEST_JWS_KID : "-");
  assert_string_equal(jws.nonce != NULL ? jws.nonce : "-", nonce ? TEST_JWS_NONCE : "-");
  assert_true((jws.jwk != NULL) == !kid);
  assert_true(sdg_bytes_is(jws.payload, payload));
  assert_true((jws.payload_text.len == 0) == (payload[0] == '\0'));
  assert_ok(sdg_jws_verify(&jws, with, NULL));
  if (!kid) { /* ACME-6.2-14: what is embedded is the key that signed */
    sdg_pubkey *embedded = NULL;

    assert_ok(sdg_jwk_parse(&embedded, test_crypto(), jws.jwk, NULL));
    assert_true(sdg_bytes_equal(sdg_pubkey_spki(embedded), stardeleg_key_spki(signer)));
    sdg_pubkey_free(embedded);
  }
  sdg_jws_clear(&jws);
  sdg_buf_clear(&text);
}

/* ACME-6.2-01, ACME-6.2-10, ACME-6.2-13, ACME-6.2-15 */
static void signs_with_every_kind_of_key(void **state)
{
  static const stardeleg_key_spec specs[] = {STARDELEG_KEY_P256, STARDELEG_KEY_P384, STARDELEG_KEY_P521,
                                             STARDELEG_KEY_RSA2048, STARDELEG_KEY_ED25519};

  (void)state;
  for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
    stardeleg_key *signer = NULL;
    sdg_pubkey *with = NULL;

    if ((test_crypto()->ops->key_specs & (UINT32_C(1) << specs[i])) == 0) {
      continue;
    }
    assert_ok(stardeleg_key_generate(&signer, test_crypto(), specs[i]));
    assert_ok(sdg_pubkey_import(&with, test_crypto(), stardeleg_key_spki(signer), NULL));
    signs_what_it_verifies_with(signer, with, true, true, "{}");
    signs_what_it_verifies_with(signer, with, false, true, "{\"contact\":[]}");
    signs_what_it_verifies_with(signer, with, true, true, ""); /* POST-as-GET */
    signs_what_it_verifies_with(signer, with, false, false, "{\"account\":\"" TEST_JWS_KID "\"}");
    sdg_pubkey_free(with);
    stardeleg_key_free(signer);
  }
}

/* ACME-6.2-03: the very text, flattened. */
static void writes_flattened_text(void **state)
{
  sdg_jws_header header = {STARDELEG_ALG_ES256, TEST_JWS_KID, {NULL, 0}, TEST_JWS_NONCE, TEST_JWS_URL};
  static const char expected[] =
      "{\"protected\":\"eyJhbGciOiJFUzI1NiIsImtpZCI6Imh0dHBzOi8vYWNtZS5leGFtcGxlL2FjY3QvMSIsIm"
      "5vbmNlIjoiNlM4SXFPR1k3ZUwybHNHb1RaWWlmZyIsInVybCI6Imh0dHBzOi8vYWNtZS5leGFtcGxlL25ldy1v"
      "cmRlciJ9\",\"payload\":\"e30\",\"signature\":\"";
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 8192);
  assert_ok(sdg_jws_sign(&text, &header, SDG_BYTES_LITERAL("{}"), key));
  assert_true(sdg_bytes_has_prefix(sdg_buf_bytes(&text), expected));
  assert_int_equal(text.len, sizeof(expected) - 1 + 86 + 2);
  sdg_buf_clear(&text);
}

static void failure_to_sign_leaves_output(void **state)
{
  sdg_jws_header good = {STARDELEG_ALG_ES256, TEST_JWS_KID, {NULL, 0}, TEST_JWS_NONCE, TEST_JWS_URL};
  sdg_jws_header bad;
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 8192);
  sdg_buf_add_str(&text, "x");
  bad = good;
  bad.alg = STARDELEG_ALG_NONE;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_jws_sign(&text, &bad, SDG_BYTES_LITERAL("{}"), key));
  bad.alg = STARDELEG_ALG_HS256;
  assert_err(STARDELEG_ERR_BAD_KEY, sdg_jws_sign(&text, &bad, SDG_BYTES_LITERAL("{}"), key));
  bad.alg = STARDELEG_ALG_RS256;
  assert_err(STARDELEG_ERR_BAD_KEY, sdg_jws_sign(&text, &bad, SDG_BYTES_LITERAL("{}"), key));
  bad.alg = STARDELEG_ALG_ES384;
  assert_err(STARDELEG_ERR_BAD_KEY, sdg_jws_sign(&text, &bad, SDG_BYTES_LITERAL("{}"), key));
  bad = good;
  bad.url = NULL;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_jws_sign(&text, &bad, SDG_BYTES_LITERAL("{}"), key));
  bad = good;
  bad.kid = NULL; /* and no key to embed */
  assert_int_not_equal(sdg_jws_sign(&text, &bad, SDG_BYTES_LITERAL("{}"), key), STARDELEG_OK);
  bad = good;
  bad.nonce = "\xff";
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_jws_sign(&text, &bad, SDG_BYTES_LITERAL("{}"), key));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_jws_sign(&text, &good, SDG_BYTES_LITERAL("{}"), NULL));
  assert_string_equal(sdg_buf_str(&text), "x");
  sdg_buf_clear(&text);
}

/* --- MACs --- */

static void mac_key(sdg_buf *out)
{
  sdg_buf_init(out, 64);
  assert_ok(sdg_base64url_read(
      out, sdg_bytes_str("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")));
}

/* RFC 7515 A.1; JOSE-09 */
static void verifies_published_mac(void **state)
{
  static const char good[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  static const char *const bad[] = {"",
                                    "dA",
                                    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjQ",   /* 31 octets */
                                    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkA", /* 33 octets */
                                    "eBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                                    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXg"};
  stardeleg_problem problem;
  sdg_buf text, secret;
  sdg_jws jws;

  (void)state;
  sdg_buf_init(&text, 4096);
  mac_key(&secret);
  test_jws_text(&text, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", TEST_JWS_RFC_PAYLOAD, good);
  assert_ok(sdg_jws_parse(&jws, sdg_buf_bytes(&text), NULL));
  assert_ok(sdg_jws_verify_mac(&jws, test_crypto(), sdg_buf_bytes(&secret), NULL));
  assert_err(STARDELEG_ERR_SIGNATURE,
             sdg_jws_verify_mac(&jws, test_crypto(), sdg_bytes(secret.base, 63), &problem)); /* another key */
  assert_int_equal(problem.acme, STARDELEG_ACME_MALFORMED);
  assert_err(STARDELEG_ERR_BAD_KEY, sdg_jws_verify_mac(&jws, test_crypto(), sdg_bytes(secret.base, 31), &problem));
  assert_int_equal(problem.acme, STARDELEG_ACME_BAD_SIGNATURE_ALGORITHM);
  assert_err(STARDELEG_ERR_BAD_KEY, sdg_jws_verify_mac(&jws, test_crypto(), sdg_bytes(NULL, 0), NULL));
  sdg_jws_clear(&jws);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    test_jws_text(&text, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", TEST_JWS_RFC_PAYLOAD, bad[i]);
    assert_ok(sdg_jws_parse(&jws, sdg_buf_bytes(&text), NULL));
    assert_err(STARDELEG_ERR_SIGNATURE, sdg_jws_verify_mac(&jws, test_crypto(), sdg_buf_bytes(&secret), &problem));
    assert_string_equal(problem.place, "/signature");
    sdg_jws_clear(&jws);
  }
  sdg_buf_clear(&secret);
  sdg_buf_clear(&text);
}

static void mac_takes_mac_algs_only(void **state)
{
  static const char *const names[] = {"none", "ES256", "RS256", "EdDSA", "HS1", "hs256"};
  char header[128];
  sdg_buf text, secret;

  (void)state;
  sdg_buf_init(&text, 4096);
  mac_key(&secret);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    stardeleg_problem problem;
    sdg_jws jws;

    (void)snprintf(header, sizeof(header), "{\"alg\":\"%s\"," GOOD "}", names[i]);
    test_jws_sign(&text, header, "{}", key, STARDELEG_ALG_ES256);
    assert_ok(sdg_jws_parse(&jws, sdg_buf_bytes(&text), NULL));
    assert_err(STARDELEG_ERR_PROTOCOL, sdg_jws_verify_mac(&jws, test_crypto(), sdg_buf_bytes(&secret), &problem));
    assert_int_equal(problem.acme, STARDELEG_ACME_BAD_SIGNATURE_ALGORITHM);
    sdg_jws_clear(&jws);
  }
  sdg_buf_clear(&secret);
  sdg_buf_clear(&text);
}

/* ACME-7.3.4-04: MAC, kid is the key identifier, no nonce, the outer url, and the account's JWK as payload. */
static void binds_external_accounts(void **state)
{
  static const stardeleg_alg algs[] = {STARDELEG_ALG_HS256, STARDELEG_ALG_HS384, STARDELEG_ALG_HS512};
  sdg_buf secret, jwk;

  (void)state;
  mac_key(&secret);
  sdg_buf_init(&jwk, 1024);
  assert_ok(sdg_jwk_write(&jwk, stardeleg_key_spki(key)));
  for (size_t i = 0; i < 3; i++) {
    sdg_buf text;
    sdg_jws jws;

    sdg_buf_init(&text, 4096);
    assert_ok(sdg_jws_eab_sign(&text, test_crypto(), algs[i], "kid-\"1\"", sdg_buf_bytes(&secret), TEST_JWS_URL,
                               stardeleg_key_spki(key)));
    assert_ok(sdg_jws_parse(&jws, sdg_buf_bytes(&text), NULL));
    assert_int_equal(jws.alg, algs[i]);
    assert_string_equal(jws.kid, "kid-\"1\"");
    assert_string_equal(jws.url, TEST_JWS_URL);
    assert_null(jws.nonce); /* ACME-6.5-03 */
    assert_null(jws.jwk);
    assert_int_equal(sdg_json_count(jws.header), 3);
    assert_true(sdg_bytes_equal(jws.payload, sdg_buf_bytes(&jwk)));
    assert_ok(sdg_jws_verify_mac(&jws, test_crypto(), sdg_buf_bytes(&secret), NULL));
    assert_err(STARDELEG_ERR_PROTOCOL, sdg_jws_verify(&jws, pub, NULL)); /* ACME-6.2-09 */
    sdg_jws_clear(&jws);
    sdg_buf_clear(&text);
  }
  sdg_buf_clear(&jwk);
  sdg_buf_clear(&secret);
}

static void refuses_to_bind_badly(void **state)
{
  sdg_buf secret, text;
  stardeleg_bytes spki = stardeleg_key_spki(key);

  (void)state;
  mac_key(&secret);
  sdg_buf_init(&text, 4096);
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_jws_eab_sign(&text, test_crypto(), STARDELEG_ALG_ES256, "k",
                                                      sdg_buf_bytes(&secret), TEST_JWS_URL, spki));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_jws_eab_sign(&text, test_crypto(), STARDELEG_ALG_NONE, "k",
                                                      sdg_buf_bytes(&secret), TEST_JWS_URL, spki));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_jws_eab_sign(&text, test_crypto(), STARDELEG_ALG_HS256, NULL,
                                                      sdg_buf_bytes(&secret), TEST_JWS_URL, spki));
  /* JOSE-09: keys shorter than the hash */
  assert_err(STARDELEG_ERR_BAD_KEY, sdg_jws_eab_sign(&text, test_crypto(), STARDELEG_ALG_HS256, "k",
                                                     sdg_bytes(secret.base, 31), TEST_JWS_URL, spki));
  assert_err(STARDELEG_ERR_BAD_KEY, sdg_jws_eab_sign(&text, test_crypto(), STARDELEG_ALG_HS512, "k",
                                                     sdg_bytes(secret.base, 63), TEST_JWS_URL, spki));
  assert_err(STARDELEG_ERR_MALFORMED,
             sdg_jws_eab_sign(&text, test_crypto(), STARDELEG_ALG_HS256, "k", sdg_buf_bytes(&secret), TEST_JWS_URL,
                              SDG_BYTES_LITERAL("\x30\x00")));
  assert_int_equal(text.len, 0);
  sdg_buf_clear(&secret);
  sdg_buf_clear(&text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(signs_with_every_kind_of_key),  cmocka_unit_test(writes_flattened_text),
      cmocka_unit_test(failure_to_sign_leaves_output), cmocka_unit_test(verifies_published_mac),
      cmocka_unit_test(mac_takes_mac_algs_only),       cmocka_unit_test(binds_external_accounts),
      cmocka_unit_test(refuses_to_bind_badly),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
