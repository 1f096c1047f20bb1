/* SPDX-License-Identifier: Apache-2.0 */
/* unit/jose_jws_verify_test.c -- signatures: published ones, and every way to cheat with them. */
#include "support/test.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "support/jws.h"

#define GOOD "\"nonce\":\"" TEST_JWS_NONCE "\",\"url\":\"" TEST_JWS_URL "\""

static stardeleg_key *key;       /* P-256, for the run */
static stardeleg_key *other_key; /* another one */
static sdg_pubkey *pub;
static sdg_pubkey *other_pub;

static int set_up(void **state)
{
  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_key_generate(&other_key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(sdg_pubkey_import(&pub, test_crypto(), stardeleg_key_spki(key), NULL));
  assert_ok(sdg_pubkey_import(&other_pub, test_crypto(), stardeleg_key_spki(other_key), NULL));
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  sdg_pubkey_free(pub);
  sdg_pubkey_free(other_pub);
  stardeleg_key_free(key);
  stardeleg_key_free(other_key);
  return 0;
}

static stardeleg_err parse_and_verify(stardeleg_bytes text, const sdg_pubkey *with, stardeleg_problem *problem)
{
  sdg_jws jws;
  stardeleg_err rv;

  assert_ok(sdg_jws_parse(&jws, text, problem));
  rv = sdg_jws_verify(&jws, with, problem);
  sdg_jws_clear(&jws);
  return rv;
}

static const struct {
  const char *jwk;
  stardeleg_alg alg;
  const char *protected, *payload, *signature;
} vectors[] = {
    /* JOSE-06: RFC 7515 A.2 */
    {"{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1P"
     "t0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB"
     "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkML"
     "s91kzk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}",
     STARDELEG_ALG_RS256, "eyJhbGciOiJSUzI1NiJ9", TEST_JWS_RFC_PAYLOAD,
     "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1"
     "dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzD"
     "wusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe7"
     "7Rw"},
    /* JOSE-01: RFC 7515 A.3 */
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_t"
     "ue659LNpXW6pCyStikYjKIWI5a0\"}",
     STARDELEG_ALG_ES256, "eyJhbGciOiJFUzI1NiJ9", TEST_JWS_RFC_PAYLOAD,
     "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
    /* RFC 7515 A.4 */
    {"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSf"
     "S9tsz4qUxcWceqwQGk\",\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3k"
     "yMj2\"}",
     STARDELEG_ALG_ES512, "eyJhbGciOiJFUzUxMiJ9", "UGF5bG9hZA",
     "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZC"
     "PEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"},
    /* RFC 8037 A.4 */
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}", STARDELEG_ALG_EDDSA,
     "eyJhbGciOiJFZERTQSJ9", "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
     "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
    /* JOSE-03: r, then s, with a leading zero octet */
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"ACGB1fglA8oZfD-aZlfqdBcEmsA7FgCiJ9-pyYau9Iw\",\"y\":\"mXD_kpm0c8C9N19T"
     "jEt3Vc8U1Hdwbs8lMyshYOXuz3I\"}",
     STARDELEG_ALG_ES256, "eyJhbGciOiJFUzI1NiJ9", "eA",
     "AEuEQH5p5x6RB6Pt40yPMa-woEgLCBkCkQ3tgTaPN-lY_cXcN6IijCDaLTg_YLUueHX_wTzU-RUJ9ie71ir5Tg"},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"ACGB1fglA8oZfD-aZlfqdBcEmsA7FgCiJ9-pyYau9Iw\",\"y\":\"mXD_kpm0c8C9N19T"
     "jEt3Vc8U1Hdwbs8lMyshYOXuz3I\"}",
     STARDELEG_ALG_ES256, "eyJhbGciOiJFUzI1NiJ9", "eA",
     "NandqDMmxrKz8hSt5NcdI4xkxeMFvI5JVPcVHRinUEkATyEu4oWM3cXaN2PORxba4NAhlSRj6ANo-jY2hB3N-w"},
};

static void verifies_published_signatures(void **state)
{
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 4096);
  for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
    sdg_pubkey *with;
    sdg_jws jws;

    if (!test_has_alg(vectors[i].alg)) {
      continue;
    }
    with = test_jwk_import(vectors[i].jwk);
    test_jws_text(&text, vectors[i].protected, vectors[i].payload, vectors[i].signature);
    assert_ok(sdg_jws_parse(&jws, sdg_buf_bytes(&text), NULL));
    assert_int_equal(jws.alg, vectors[i].alg);
    assert_null(jws.kid);
    assert_null(jws.jwk);
    assert_null(jws.nonce);
    assert_null(jws.url);
    assert_ok(sdg_jws_verify(&jws, with, NULL));
    sdg_jws_clear(&jws);
    sdg_pubkey_free(with);
  }
  sdg_buf_clear(&text);
}

/* ACME-6.2-02: any other bit in what is signed, or in the signature, and it does not verify. */
static void refuses_tampered_texts(void **state)
{
  sdg_pubkey *with = test_jwk_import(vectors[1].jwk);
  stardeleg_problem problem;
  sdg_buf text;
  char spoiled[128];

  (void)state;
  sdg_buf_init(&text, 4096);
  for (size_t i = 0; i + 2 < strlen(vectors[1].signature); i += 5) { /* not the last: its low bits are no data */
    (void)snprintf(spoiled, sizeof(spoiled), "%s", vectors[1].signature);
    spoiled[i] = spoiled[i] == 'A' ? 'B' : 'A';
    test_jws_text(&text, vectors[1].protected, vectors[1].payload, spoiled);
    assert_err(STARDELEG_ERR_SIGNATURE, parse_and_verify(sdg_buf_bytes(&text), with, &problem));
    assert_int_equal(problem.acme, STARDELEG_ACME_MALFORMED);
    assert_string_equal(problem.place, "/signature");
    assert_non_null(strstr(problem.detail, "signature"));
  }
  for (size_t i = 0; i + 2 < strlen(TEST_JWS_RFC_PAYLOAD); i += 5) {
    (void)snprintf(spoiled, sizeof(spoiled), "%s", TEST_JWS_RFC_PAYLOAD);
    spoiled[i] = spoiled[i] == 'A' ? 'B' : 'A';
    test_jws_text(&text, vectors[1].protected, spoiled, vectors[1].signature);
    assert_err(STARDELEG_ERR_SIGNATURE, parse_and_verify(sdg_buf_bytes(&text), with, NULL));
  }
  /* the same header with a blank in it, and an empty payload */
  test_jws_text(&text, "eyJhbGciOiAiRVMyNTYifQ", TEST_JWS_RFC_PAYLOAD, vectors[1].signature);
  assert_err(STARDELEG_ERR_SIGNATURE, parse_and_verify(sdg_buf_bytes(&text), with, NULL));
  test_jws_text(&text, vectors[1].protected, "", vectors[1].signature);
  assert_err(STARDELEG_ERR_SIGNATURE, parse_and_verify(sdg_buf_bytes(&text), with, NULL));
  sdg_pubkey_free(with);
  sdg_buf_clear(&text);
}

/* --- algorithms --- */

static void expect_bad_alg(stardeleg_bytes text, const sdg_pubkey *with)
{
  stardeleg_problem problem;

  assert_err(STARDELEG_ERR_PROTOCOL, parse_and_verify(text, with, &problem));
  assert_int_equal(problem.acme, STARDELEG_ACME_BAD_SIGNATURE_ALGORITHM);
  assert_int_equal(problem.status, 400); /* ACME-6.2-17 */
  assert_string_equal(problem.place, "/protected/alg");
}

/* ACME-6.2-09: RFC 7515 A.5, and the spellings that scanners try. */
static void refuses_alg_none(void **state)
{
  static const char *const names[] = {"none", "None", "NONE", "nOnE", "", "null"};
  char header[128];
  sdg_buf text, protected;

  (void)state;
  sdg_buf_init(&text, 4096);
  sdg_buf_init(&protected, 1024);
  test_jws_text(&text, "eyJhbGciOiJub25lIn0", TEST_JWS_RFC_PAYLOAD, "");
  expect_bad_alg(sdg_buf_bytes(&text), pub);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    (void)snprintf(header, sizeof(header), "{\"alg\":\"%s\"," GOOD "}", names[i]);
    sdg_buf_reset(&protected);
    sdg_base64url_write(&protected, sdg_bytes_str(header));
    test_jws_text(&text, sdg_buf_str(&protected), "e30", "");
    expect_bad_alg(sdg_buf_bytes(&text), pub);
    test_jws_sign(&text, header, "{}", key, STARDELEG_ALG_ES256); /* though well signed */
    expect_bad_alg(sdg_buf_bytes(&text), pub);
  }
  sdg_buf_clear(&protected);
  sdg_buf_clear(&text);
}

/* ACME-6.2-17: names we do not know, whatever the signature. */
static void refuses_unknown_algs(void **state)
{
  static const char *const names[] = {"ES256K", "es256",  "ES256 ", " ES256", "ES",
                                      "RS1",    "ESP256", "Ed448",  "A128KW", "\\u001b[2J"};
  char header[128];
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 4096);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    stardeleg_problem problem;

    (void)snprintf(header, sizeof(header), "{\"alg\":\"%s\"," GOOD "}", names[i]);
    test_jws_sign(&text, header, "{}", key, STARDELEG_ALG_ES256);
    expect_bad_alg(sdg_buf_bytes(&text), pub);
    assert_err(STARDELEG_ERR_PROTOCOL, parse_and_verify(sdg_buf_bytes(&text), pub, &problem));
    assert_null(strchr(problem.detail, 0x1b));
  }
  sdg_buf_clear(&text);
}

/* ACME-6.2-09; CVE-2024-33663's kind: a MAC whose key is the public key, in every form that an attacker has it. */
static void refuses_mac_with_the_public_key(void **state)
{
  static const stardeleg_alg algs[] = {STARDELEG_ALG_HS256, STARDELEG_ALG_HS384, STARDELEG_ALG_HS512};
  sdg_buf jwk;

  (void)state;
  sdg_buf_init(&jwk, 1024);
  assert_ok(sdg_jwk_write(&jwk, stardeleg_key_spki(key)));
  for (size_t i = 0; i < 3; i++) {
    const stardeleg_bytes mac_keys[] = {stardeleg_key_spki(key), sdg_buf_bytes(&jwk)};

    for (size_t k = 0; k < 2; k++) {
      sdg_buf text;
      sdg_jws jws;

      sdg_buf_init(&text, 4096);
      assert_ok(sdg_jws_eab_sign(&text, test_crypto(), algs[i], TEST_JWS_KID, mac_keys[k], TEST_JWS_URL,
                                 stardeleg_key_spki(key)));
      expect_bad_alg(sdg_buf_bytes(&text), pub);
      assert_ok(sdg_jws_parse(&jws, sdg_buf_bytes(&text), NULL));
      assert_ok(sdg_jws_verify_mac(&jws, test_crypto(), mac_keys[k], NULL)); /* it was a good MAC */
      sdg_jws_clear(&jws);
      sdg_buf_clear(&text);
    }
  }
  sdg_buf_clear(&jwk);
}

/* JOSE-04, ACME-6.2-10, ACME-6.2-20: the algorithm has to be the key's own. */
static void refuses_alg_of_another_key_type(void **state)
{
  static const char *const names[] = {"ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"};
  sdg_pubkey *rsa = test_jwk_import(vectors[0].jwk);
  char header[128];
  sdg_buf text;
  stardeleg_problem problem;

  (void)state;
  sdg_buf_init(&text, 4096);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    (void)snprintf(header, sizeof(header), "{\"alg\":\"%s\"," GOOD "}", names[i]);
    test_jws_sign(&text, header, "{}", key, STARDELEG_ALG_ES256);
    assert_err(STARDELEG_ERR_BAD_KEY, parse_and_verify(sdg_buf_bytes(&text), pub, &problem));
    assert_int_equal(problem.acme, STARDELEG_ACME_BAD_PUBLIC_KEY);
    assert_non_null(strstr(problem.detail, names[i]));
  }
  test_jws_sign(&text, "{\"alg\":\"ES256\"," GOOD "}", "{}", key, STARDELEG_ALG_ES256);
  assert_err(STARDELEG_ERR_BAD_KEY, parse_and_verify(sdg_buf_bytes(&text), rsa, &problem));
  assert_int_equal(problem.acme, STARDELEG_ACME_BAD_PUBLIC_KEY);
  sdg_pubkey_free(rsa);
  sdg_buf_clear(&text);
}

/* ACME-6.2-14; CVE-2026-34240's kind: a key in the header convinces nobody who holds another key. */
static void embedded_key_is_not_trusted(void **state)
{
  sdg_jws_header header = {STARDELEG_ALG_ES256, NULL, stardeleg_key_spki(other_key), TEST_JWS_NONCE, TEST_JWS_URL};
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 4096);
  assert_ok(sdg_jws_sign(&text, &header, SDG_BYTES_LITERAL("{}"), other_key));
  assert_ok(parse_and_verify(sdg_buf_bytes(&text), other_pub, NULL));
  assert_err(STARDELEG_ERR_SIGNATURE, parse_and_verify(sdg_buf_bytes(&text), pub, NULL));
  /* and one that did not sign: the victim's jwk, the attacker's signature */
  sdg_buf_reset(&text);
  header.jwk_spki = stardeleg_key_spki(key);
  assert_ok(sdg_jws_sign(&text, &header, SDG_BYTES_LITERAL("{}"), other_key));
  assert_err(STARDELEG_ERR_SIGNATURE, parse_and_verify(sdg_buf_bytes(&text), pub, NULL));
  sdg_buf_clear(&text);
}

/* --- signatures of another form --- */

static void check_signature(const uint8_t *signature, size_t len, stardeleg_err expected)
{
  sdg_pubkey *with = test_jwk_import(vectors[1].jwk);
  sdg_buf text, encoded;

  sdg_buf_init(&text, 4096);
  sdg_buf_init(&encoded, 2048);
  sdg_base64url_write(&encoded, sdg_bytes(signature, len));
  test_jws_text(&text, vectors[1].protected, vectors[1].payload, sdg_buf_str(&encoded));
  assert_err(expected, parse_and_verify(sdg_buf_bytes(&text), with, NULL));
  sdg_buf_clear(&encoded);
  sdg_buf_clear(&text);
  sdg_pubkey_free(with);
}

/* JOSE-03: r and s at fixed length, both from 1 to n - 1. */
static void refuses_signatures_of_another_form(void **state)
{
  static const uint8_t order[] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
  uint8_t good[256] = {0};
  uint8_t bad[256] = {0};
  sdg_buf decoded;

  (void)state;
  sdg_buf_init(&decoded, 64);
  assert_ok(sdg_base64url_read(&decoded, sdg_bytes_str(vectors[1].signature)));
  memcpy(good, decoded.base, 64);
  sdg_buf_clear(&decoded);
  check_signature(good, 64, STARDELEG_OK);
  for (size_t len = 0; len < 140; len++) {
    check_signature(good, len, len == 64 ? STARDELEG_OK : STARDELEG_ERR_SIGNATURE);
  }
  memcpy(bad, good + 32, 32); /* s, r */
  memcpy(bad + 32, good, 32);
  check_signature(bad, 64, STARDELEG_ERR_SIGNATURE);
  memset(bad, 0, sizeof(bad)); /* CVE-2022-21449: r = s = 0 */
  check_signature(bad, 64, STARDELEG_ERR_SIGNATURE);
  memcpy(bad, good, 32);
  check_signature(bad, 64, STARDELEG_ERR_SIGNATURE);
  memcpy(bad, order, 32);
  memcpy(bad + 32, order, 32);
  check_signature(bad, 64, STARDELEG_ERR_SIGNATURE);
  bad[0] = 0x30; /* DER: r is positive here, s is not */
  bad[1] = 69;
  memcpy(bad + 2, "\x02\x20", 2);
  memcpy(bad + 4, good, 32);
  memcpy(bad + 36, "\x02\x21\x00", 3);
  memcpy(bad + 39, good + 32, 32);
  check_signature(bad, 71, STARDELEG_ERR_SIGNATURE);
}

static void refuses_stripped_leading_zeros(void **state)
{
  sdg_pubkey *with = test_jwk_import(vectors[4].jwk);
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 4096);
  test_jws_text(&text, vectors[4].protected, vectors[4].payload,
                "S4RAfmnnHpEHo-3jTI8xr7CgSAsIGQKRDe2BNo836Vj9xdw3oiKMINotOD9gtS54df_BPNT5FQn2J7vWKvlO");
  assert_err(STARDELEG_ERR_SIGNATURE, parse_and_verify(sdg_buf_bytes(&text), with, NULL));
  sdg_buf_clear(&text);
  sdg_pubkey_free(with);
}

/* ACME-6.2-18 */
static void lists_its_algorithms(void **state)
{
  sdg_buf text;
  sdg_json_writer w;

  (void)state;
  sdg_buf_init(&text, 1024);
  sdg_jw_init(&w, &text);
  sdg_jw_object(&w, NULL);
  sdg_jws_write_algorithms(&w, test_crypto());
  sdg_jw_object_end(&w);
  assert_true(sdg_bytes_has_prefix(sdg_buf_bytes(&text), "{\"algorithms\":[\"ES256\","));
  assert_non_null(strstr(sdg_buf_str(&text), "\"RS256\""));
  assert_true((strstr(sdg_buf_str(&text), "\"EdDSA\"") != NULL) == test_has_alg(STARDELEG_ALG_EDDSA));
  assert_null(strstr(sdg_buf_str(&text), "HS"));
  assert_null(strstr(sdg_buf_str(&text), "none"));
  sdg_buf_clear(&text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(verifies_published_signatures),
      cmocka_unit_test(refuses_tampered_texts),
      cmocka_unit_test(refuses_alg_none),
      cmocka_unit_test(refuses_unknown_algs),
      cmocka_unit_test(refuses_mac_with_the_public_key),
      cmocka_unit_test(refuses_alg_of_another_key_type),
      cmocka_unit_test(embedded_key_is_not_trusted),
      cmocka_unit_test(refuses_signatures_of_another_form),
      cmocka_unit_test(refuses_stripped_leading_zeros),
      cmocka_unit_test(lists_its_algorithms),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
