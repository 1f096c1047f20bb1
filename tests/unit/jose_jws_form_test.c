/* SPDX-License-Identifier: Apache-2.0 */
/* unit/jose_jws_form_test.c -- the form of a JWS: what a server refuses before it looks at a key. */
#include "support/test.h"

#include "base/bytes.h"
#include "support/jws.h"

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

static void expect_malformed(stardeleg_bytes text, const char *place)
{
  stardeleg_problem problem;
  sdg_jws jws;
  stardeleg_err rv;

  memset(&problem, 0, sizeof(problem));
  rv = sdg_jws_parse(&jws, text, &problem);
  if (rv != STARDELEG_ERR_MALFORMED || problem.acme != STARDELEG_ACME_MALFORMED || problem.status != 400 ||
      problem.detail[0] == '\0' || (place != NULL && strcmp(problem.place, place) != 0)) {
    fail_msg("%.*s: %d, \"%s\" at \"%s\"", (int)text.len, (const char *)text.base, (int)rv, problem.detail,
             problem.place);
  }
  assert_null(jws.outer); /* nothing is left to clear */
  assert_err(STARDELEG_ERR_MALFORMED, sdg_jws_parse(&jws, text, NULL));
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

/* --- the outer object --- */

#define P "eyJhbGciOiJFUzI1NiJ9" /* {"alg":"ES256"} */

static void refuses_other_outer_forms(void **state)
{
  static const struct {
    const char *text;
    const char *place;
  } cases[] = {
      {"", ""},
      {"null", ""},
      {"[]", ""},
      {"\"" P ".e30.AA\"", ""},
      {P ".e30.AA", ""}, /* ACME-6.2-03: compact serialization */
      {"{}", "/protected"},
      {"{\"payload\":\"e30\",\"signature\":\"AA\"}", "/protected"},
      {"{\"protected\":\"" P "\",\"signature\":\"AA\"}", "/payload"}, /* ACME-6.2-07: detached */
      {"{\"protected\":\"" P "\",\"payload\":\"e30\"}", "/signature"},
      /* ACME-6.2-04: general serialization, alone or beside the flattened one */
      {"{\"payload\":\"e30\",\"signatures\":[{\"protected\":\"" P "\",\"signature\":\"AA\"}]}", "/signatures"},
      {"{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\",\"signatures\":[]}", "/signatures"},
      /* ACME-6.2-06 */
      {"{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\",\"header\":{\"kid\":\"x\"}}", "/header"},
      {"{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\",\"header\":null}", "/header"},
      {"{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\",\"extra\":1}", "/extra"},
      {"{\"Protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\"}", "/Protected"},
      {"{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\",\"a/b\":1}", "/a~1b"},
      /* duplicates */
      {"{\"protected\":\"" P "\",\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\"}", ""},
      {"{\"protected\":\"" P "\",\"payload\":\"e30\",\"payload\":\"e31\",\"signature\":\"AA\"}", ""},
      {"{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\",\"s\\u0069gnature\":\"AA\"}", ""},
      {"{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\"} x", ""},
      {"{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"AA\"", ""},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    expect_malformed(sdg_bytes_str(cases[i].text), cases[i].place);
  }
}

static void refuses_spoiled_outer_members(void **state)
{
  static const char *const names[] = {"protected", "payload", "signature"};
  static const char *const values[] = {"null",    "true",       "1",       "1.5",      "[]",          "[\"AA\"]",
                                       "{}",      "\"A\"",      "\"AA=\"", "\"AA==\"", "\"A+A_\"",    "\"A/\"",
                                       "\"A A\"", "\"AAA\\n\"", "\"AB\"",  "\".\"",    "\"e30.e30\"", "\"\\u00e9\""};
  char text[256];
  char place[16];

  (void)state;
  for (size_t n = 0; n < 3; n++) {
    for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
      (void)snprintf(text, sizeof(text), "{\"protected\":%s,\"payload\":%s,\"signature\":%s}",
                     n == 0 ? values[v] : "\"" P "\"", n == 1 ? values[v] : "\"e30\"", n == 2 ? values[v] : "\"AAAA\"");
      (void)snprintf(place, sizeof(place), "/%s", names[n]);
      expect_malformed(sdg_bytes_str(text), place);
    }
  }
  expect_malformed(sdg_bytes_str("{\"protected\":\"\",\"payload\":\"\",\"signature\":\"\"}"), "/protected");
}

/* --- the protected header --- */

#define GOOD "\"nonce\":\"" TEST_JWS_NONCE "\",\"url\":\"" TEST_JWS_URL "\""
#define JWK                                                                                                            \
  "\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m3" \
  "6HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"

/* All of these are well signed: it is the header alone that has them refused. */
static void refuses_spoiled_headers(void **state)
{
  static const struct {
    const char *header;
    const char *place;
  } cases[] = {
      {"[]", "/protected"},
      {"null", "/protected"},
      {"\"ES256\"", "/protected"},
      {"{\"alg\":\"ES256\"", "/protected"},
      {"{\"alg\":\"ES256\"}{}", "/protected"},
      {"\xef\xbb\xbf{\"alg\":\"ES256\"}", "/protected"},
      {"{\"alg\":\"ES256\",}", "/protected"},
      {"{\"alg\":\"ES256\",\"kid\":\"\\u0000\"}", "/protected"},
      {"{\"alg\":\"ES256\",\"kid\":\"\xff\"}", "/protected"},
      /* JOSE-02: duplicates, also when unescaping makes them so, also below */
      {"{\"alg\":\"ES256\",\"alg\":\"ES256\"," GOOD "}", "/protected"},
      {"{\"alg\":\"none\",\"\\u0061lg\":\"ES256\"," GOOD "}", "/protected"},
      {"{\"alg\":\"ES256\",\"kid\":\"1\",\"kid\":\"2\"," GOOD "}", "/protected"},
      {"{\"alg\":\"ES256\"," GOOD ",\"url\":\"" TEST_JWS_URL "\"}", "/protected"},
      {"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"kty\":\"EC\"}," GOOD "}", "/protected"},
      /* JOSE-02: crit, whatever is in it; ACME-6.2-05: b64, with and without crit */
      {"{\"alg\":\"ES256\",\"crit\":[\"x\"],\"x\":1," GOOD "}", "/protected/crit"},
      {"{\"alg\":\"ES256\",\"crit\":[]," GOOD "}", "/protected/crit"},
      {"{\"alg\":\"ES256\",\"crit\":[\"alg\"]," GOOD "}", "/protected/crit"},
      {"{\"alg\":\"ES256\",\"crit\":null," GOOD "}", "/protected/crit"},
      {"{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false," GOOD "}", "/protected/crit"},
      {"{\"alg\":\"ES256\",\"b64\":false," GOOD "}", "/protected/b64"},
      {"{\"alg\":\"ES256\",\"b64\":true," GOOD "}", "/protected/b64"},
      {"{\"alg\":\"ES256\",\"b64\":null," GOOD "}", "/protected/b64"},
      /* ACME-6.2-08: alg must be there, and a string (cjose #47) */
      {"{" GOOD "}", "/protected/alg"},
      {"{\"ALG\":\"ES256\"," GOOD "}", "/protected/alg"},
      {"{\"alg\":null," GOOD "}", "/protected/alg"},
      {"{\"alg\":256," GOOD "}", "/protected/alg"},
      {"{\"alg\":true," GOOD "}", "/protected/alg"},
      {"{\"alg\":[\"ES256\"]," GOOD "}", "/protected/alg"},
      {"{\"alg\":{\"ES256\":1}," GOOD "}", "/protected/alg"},
      {"{\"alg\":\"ES256\",\"kid\":1," GOOD "}", "/protected/kid"},
      {"{\"alg\":\"ES256\",\"kid\":null," GOOD "}", "/protected/kid"},
      {"{\"alg\":\"ES256\",\"kid\":[\"" TEST_JWS_KID "\"]," GOOD "}", "/protected/kid"},
      {"{\"alg\":\"ES256\",\"kid\":{}," GOOD "}", "/protected/kid"},
      {"{\"alg\":\"ES256\",\"nonce\":\"" TEST_JWS_NONCE "\",\"url\":1}", "/protected/url"},
      {"{\"alg\":\"ES256\",\"nonce\":\"" TEST_JWS_NONCE "\",\"url\":null}", "/protected/url"},
      {"{\"alg\":\"ES256\",\"nonce\":\"" TEST_JWS_NONCE "\",\"url\":[\"" TEST_JWS_URL "\"]}", "/protected/url"},
      {"{\"alg\":\"ES256\",\"nonce\":1,\"url\":\"" TEST_JWS_URL "\"}", "/protected/nonce"},
      {"{\"alg\":\"ES256\",\"nonce\":null,\"url\":\"" TEST_JWS_URL "\"}", "/protected/nonce"},
      {"{\"alg\":\"ES256\",\"nonce\":[],\"url\":\"" TEST_JWS_URL "\"}", "/protected/nonce"},
      {"{\"alg\":\"ES256\",\"nonce\":{},\"url\":\"" TEST_JWS_URL "\"}", "/protected/nonce"},
      {"{\"alg\":\"ES256\",\"jwk\":\"x\"," GOOD "}", "/protected/jwk"},
      {"{\"alg\":\"ES256\",\"jwk\":null," GOOD "}", "/protected/jwk"},
      {"{\"alg\":\"ES256\",\"jwk\":[]," GOOD "}", "/protected/jwk"},
      {"{\"alg\":\"ES256\",\"jwk\":1," GOOD "}", "/protected/jwk"},
      /* ACME-6.2-12 */
      {"{\"alg\":\"ES256\",\"kid\":\"" TEST_JWS_KID "\"," JWK "," GOOD "}", "/protected/kid"},
      {"{\"alg\":\"ES256\",\"kid\":\"\"," JWK "," GOOD "}", "/protected/kid"},
      {"{\"alg\":\"ES256\",\"kid\":\"" TEST_JWS_KID "\",\"jwk\":{}," GOOD "}", "/protected/kid"},
  };
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 8192);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    test_jws_sign(&text, cases[i].header, "{}", key, STARDELEG_ALG_ES256);
    expect_malformed(sdg_buf_bytes(&text), cases[i].place);
  }
  sdg_buf_clear(&text);
}

/* RFC 7515 4: unknown parameters are ignored; those that point to keys lead nowhere. */
static void ignores_unknown_parameters(void **state)
{
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 8192);
  test_jws_sign(
      &text,
      "{\"typ\":\"x\",\"cty\":1,\"jku\":\"https://evil.example/keys\",\"x5u\":\"https://evil.example/c\",\"x5c\":["
      "\"MII\"],\"alg\":\"ES256\",\"kid\":\"" TEST_JWS_KID "\"," GOOD "}",
      "{}", key, STARDELEG_ALG_ES256);
  assert_ok(parse_and_verify(sdg_buf_bytes(&text), pub, NULL));
  sdg_buf_clear(&text);
}

/* ACME-6.5.2-01 */
static void refuses_nonces_that_are_no_base64url(void **state)
{
  static const char *const nonces[] = {"", "a b", "AA==", "A", "AB", "+/8", "AAA.", "AA\\n", "\\u00e9", "\xc3\xa9"};
  char header[1024];
  char huge[2000];
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 16384);
  for (size_t i = 0; i < sizeof(nonces) / sizeof(nonces[0]); i++) {
    (void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"nonce\":\"%s\",\"url\":\"" TEST_JWS_URL "\"}",
                   nonces[i]);
    test_jws_sign(&text, header, "{}", key, STARDELEG_ALG_ES256);
    expect_malformed(sdg_buf_bytes(&text), "/protected/nonce");
  }
  (void)snprintf(huge, sizeof(huge), "{\"alg\":\"ES256\",\"url\":\"" TEST_JWS_URL "\",\"nonce\":\"%01000d\"}", 0);
  test_jws_sign(&text, huge, "{}", key, STARDELEG_ALG_ES256);
  expect_malformed(sdg_buf_bytes(&text), "/protected/nonce");
  sdg_buf_clear(&text);
}

/* --- size --- */

/* CVE-2025-27144's kind: what is large or odd costs no more than its bytes. */
static void bounds_what_it_reads(void **state)
{
  static const char fills[] = {'.', 'A', '"', '[', '{', '\\'};
  size_t room = 600 * 1024;
  char *text = malloc(room);
  stardeleg_problem problem;
  sdg_jws jws;

  (void)state;
  assert_non_null(text);
  for (size_t i = 0; i < sizeof(fills); i++) {
    static const char *const places[] = {"protected", "payload", "signature"};

    for (size_t p = 0; p < 3; p++) {
      size_t at = (size_t)snprintf(text, room, "{\"%s\":\"", places[p]);
      stardeleg_err rv;

      memset(text + at, fills[i], 500 * 1024);
      (void)snprintf(text + at + 500 * 1024, 8, "\"}");
      rv = sdg_jws_parse(&jws, sdg_bytes_str(text), &problem);
      assert_int_equal(rv, STARDELEG_ERR_LIMIT);
      assert_int_equal(problem.acme, STARDELEG_ACME_MALFORMED);
    }
  }
  memset(text, '[', 1000);
  text[1000] = '\0';
  assert_err(STARDELEG_ERR_LIMIT, sdg_jws_parse(&jws, sdg_bytes_str(text), NULL));
  memset(text, '.', 100000);
  text[100000] = '\0';
  assert_err(STARDELEG_ERR_MALFORMED, sdg_jws_parse(&jws, sdg_bytes_str(text), NULL));
  free(text);
}

static void bounds_the_parts(void **state)
{
  sdg_buf text, part;
  sdg_jws jws;
  stardeleg_problem problem;

  (void)state;
  sdg_buf_init(&text, 1 << 20);
  sdg_buf_init(&part, 1 << 20);
  for (size_t i = 0; i < 40 * 1024; i++) {
    sdg_buf_add_byte(&part, 'A');
  }
  test_jws_text(&text, sdg_buf_str(&part), "e30", "AAAA");
  assert_err(STARDELEG_ERR_LIMIT, sdg_jws_parse(&jws, sdg_buf_bytes(&text), &problem));
  assert_string_equal(problem.place, "/protected");
  test_jws_text(&text, P, "e30", sdg_buf_str(&part));
  assert_err(STARDELEG_ERR_LIMIT, sdg_jws_parse(&jws, sdg_buf_bytes(&text), &problem));
  assert_string_equal(problem.place, "/signature");
  test_jws_text(&text, P, sdg_buf_str(&part), "AAAA"); /* a large order is nothing bad */
  assert_ok(sdg_jws_parse(&jws, sdg_buf_bytes(&text), &problem));
  assert_int_equal(jws.payload.len, 30 * 1024);
  sdg_jws_clear(&jws);
  sdg_buf_clear(&part);
  sdg_buf_clear(&text);
}

/* --- inside another tree --- */

static void parses_a_tree_and_borrows_it(void **state)
{
  sdg_json *tree = NULL;
  sdg_jws jws;
  sdg_buf text;

  (void)state;
  sdg_buf_init(&text, 4096);
  test_jws_sign(&text, "{\"alg\":\"ES256\",\"kid\":\"" TEST_JWS_KID "\"," GOOD "}", "{}", key, STARDELEG_ALG_ES256);
  assert_ok(sdg_json_parse(&tree, sdg_buf_bytes(&text), NULL, NULL));
  assert_ok(sdg_jws_parse_tree(&jws, tree, NULL));
  assert_null(jws.outer);
  assert_ok(sdg_jws_verify(&jws, pub, NULL));
  sdg_jws_clear(&jws);
  sdg_jws_clear(&jws);
  sdg_jws_clear(NULL);
  assert_err(STARDELEG_ERR_MALFORMED, sdg_jws_parse_tree(&jws, NULL, NULL));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_jws_parse_tree(&jws, sdg_json_first(tree), NULL));
  sdg_json_free(tree);
  sdg_buf_clear(&text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_other_outer_forms),
      cmocka_unit_test(refuses_spoiled_outer_members),
      cmocka_unit_test(refuses_spoiled_headers),
      cmocka_unit_test(ignores_unknown_parameters),
      cmocka_unit_test(refuses_nonces_that_are_no_base64url),
      cmocka_unit_test(bounds_what_it_reads),
      cmocka_unit_test(bounds_the_parts),
      cmocka_unit_test(parses_a_tree_and_borrows_it),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
