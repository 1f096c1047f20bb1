/* SPDX-License-Identifier: Apache-2.0 */
/* unit/jose_jwk_test.c -- public keys as JWK: what is taken, what is refused, and the thumbprints. */
#include "support/test.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "jose/jwk.h"

#define P256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU" /* RFC 7515 A.3 */
#define P256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define P521_X                                                                                                         \
  "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk" /* RFC 7515 A.4 */
#define P521_Y "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"
#define RSA_N                                                                                                          \
  "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn"    \
  "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6q"    \
  "MQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awap"    \
  "JzKnqDKgw"                                              /* RFC 7638 3.1 */
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" /* RFC 8037 A.2 */

#define EC256(x, y) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define RSA(n, e) "{\"kty\":\"RSA\",\"n\":\"" n "\",\"e\":\"" e "\"}"

static bool has_eddsa(void)
{
  return (test_crypto()->ops->verify_algs & (UINT32_C(1) << STARDELEG_ALG_EDDSA)) != 0;
}

static stardeleg_err take(sdg_pubkey **out, const char *text, stardeleg_problem *problem)
{
  const sdg_json_limits limits = {64 * 1024, 16, 256, 64 * 1024};
  sdg_json *tree = NULL;
  stardeleg_err rv;

  assert_ok(sdg_json_parse(&tree, sdg_bytes_str(text), &limits, NULL));
  rv = sdg_jwk_parse(out, test_crypto(), tree, problem);
  sdg_json_free(tree);
  return rv;
}

/* ACME-6.2-20, ACME-6.2-21: badPublicKey, status 400, with a reason. */
static void refused(const char *text, const char *place)
{
  sdg_pubkey *key = NULL;
  stardeleg_problem problem;
  stardeleg_err rv;

  memset(&problem, 0, sizeof(problem));
  rv = take(&key, text, &problem);
  if (rv != STARDELEG_ERR_BAD_KEY || key != NULL || problem.acme != STARDELEG_ACME_BAD_PUBLIC_KEY ||
      problem.status != 400 || strlen(problem.detail) < 10 || (place != NULL && strcmp(problem.place, place) != 0)) {
    fail_msg("%.200s: %d, acme %d, \"%s\" at \"%s\"", text, (int)rv, (int)problem.acme, problem.detail, problem.place);
  }
  assert_err(STARDELEG_ERR_BAD_KEY, take(&key, text, NULL));
}

static void accepted(const char *text, int family, unsigned bits)
{
  sdg_pubkey *key = NULL;

  assert_ok(take(&key, text, NULL));
  assert_int_equal(sdg_pubkey_info(key)->family, family);
  assert_int_equal(sdg_pubkey_info(key)->bits, bits);
  sdg_pubkey_free(key);
}

static void takes_good_keys(void **state)
{
  (void)state;
  accepted(EC256(P256_X, P256_Y), STARDELEG_FAMILY_EC, 256);
  accepted("{\"y\":\"" P521_Y "\",\"x\":\"" P521_X "\",\"crv\":\"P-521\",\"kty\":\"EC\"}", STARDELEG_FAMILY_EC, 521);
  accepted(RSA(RSA_N, "AQAB"), STARDELEG_FAMILY_RSA, 2048);
  /* ACME-8.1-02: leading zeros of coordinates belong there */
  accepted(EC256("ACGB1fglA8oZfD-aZlfqdBcEmsA7FgCiJ9-pyYau9Iw", "mXD_kpm0c8C9N19TjEt3Vc8U1Hdwbs8lMyshYOXuz3I"),
           STARDELEG_FAMILY_EC, 256);
  accepted(EC256("EGQ6WoQqMpmaqcEniXUpzlxA_iuDoxOwKP-2QJEbXLY", "AKJn1gQCWyUKZZegzVcwLnblhoL8sOwmbdFs6RqWwVE"),
           STARDELEG_FAMILY_EC, 256);
  if (has_eddsa()) { /* ACME-6.2-11 */
    accepted("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}", STARDELEG_FAMILY_ED, 255);
  } else {
    refused("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}", NULL);
  }
}

static void ignores_what_it_does_not_know(void **state)
{
  (void)state;
  accepted("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y
           "\",\"kid\":\"1\",\"ext\":true,\"x5c\":[],\"new\":{\"a\":[1]},\"N\":\"AQ\",\"D\":\"AQ\"}",
           STARDELEG_FAMILY_EC, 256);
}

/* --- from a valid key, one thing wrong at a time --- */

typedef struct member {
  const char *name;
  const char *value; /* JSON */
} member;

static const member ec_members[] = {
    {"kty", "\"EC\""}, {"crv", "\"P-256\""}, {"x", "\"" P256_X "\""}, {"y", "\"" P256_Y "\""}};
static const member rsa_members[] = {{"kty", "\"RSA\""}, {"n", "\"" RSA_N "\""}, {"e", "\"AQAB\""}};
static const member ed_members[] = {{"kty", "\"OKP\""}, {"crv", "\"Ed25519\""}, {"x", "\"" ED_X "\""}};

/* |value| NULL: without that member. */
static void build(char *out, size_t size, const member *members, size_t count, size_t spoiled, const char *value)
{
  size_t at = (size_t)snprintf(out, size, "{\"use\":\"sig\"");

  for (size_t i = 0; i < count; i++) {
    const char *shown = i == spoiled ? value : members[i].value;

    if (shown != NULL) {
      at += (size_t)snprintf(out + at, size - at, ",\"%s\":%s", members[i].name, shown);
    }
  }
  (void)snprintf(out + at, size - at, "}");
}

/* JOSE-04; CVE-2023-37464's kind: wrong types; VaulTLS #197's: a JWK without "x". */
static void spoil_members(const member *members, size_t count)
{
  static const char *const values[] = {NULL,        "null",     "true",     "0",        "1.5",
                                       "[]",        "{}",       "[\"AQ\"]", "\"\"",     "\"A\"",
                                       "\"AQ=\"",   "\"AQ==\"", "\"A+\"",   "\"A/A\"",  "\"A A\"",
                                       "\"AQ\\n\"", "\"AB\"",   "\"AA\"",   "\"AAAA\"", "\"\xc3\xa9\""};
  char text[2048];

  for (size_t i = 0; i < count; i++) {
    for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
      char place[16];

      /* RSA: a short modulus or exponent is refused as a whole, by its size */
      bool number = (members[i].name[0] == 'n' || members[i].name[0] == 'e') && v >= 8;

      (void)snprintf(place, sizeof(place), "/%s", members[i].name);
      build(text, sizeof(text), members, count, i, values[v]);
      refused(text, number ? NULL : place);
    }
  }
  build(text, sizeof(text), members, count, count, NULL); /* unspoiled, so that it was the spoiling that counted */
  if (members != ed_members || has_eddsa()) {
    sdg_pubkey *key = NULL;

    assert_ok(take(&key, text, NULL));
    sdg_pubkey_free(key);
  }
}

static void refuses_spoiled_ec_members(void **state)
{
  (void)state;
  spoil_members(ec_members, sizeof(ec_members) / sizeof(ec_members[0]));
}

static void refuses_spoiled_rsa_members(void **state)
{
  (void)state;
  spoil_members(rsa_members, sizeof(rsa_members) / sizeof(rsa_members[0]));
}

static void refuses_spoiled_okp_members(void **state)
{
  (void)state;
  spoil_members(ed_members, sizeof(ed_members) / sizeof(ed_members[0]));
}

/* JOSE-05: a private member is refused for every type of key, whatever its value. */
static void refuses_private_members(void **state)
{
  static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
  static const char *const values[] = {"\"AQ\"", "\"\"", "null", "[]"};
  static const struct {
    const member *members;
    size_t count;
  } keys[] = {{ec_members, 4}, {rsa_members, 3}, {ed_members, 3}};
  char text[2048];

  (void)state;
  for (size_t k = 0; k < 3; k++) {
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
      for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
        char place[16];
        size_t at;

        build(text, sizeof(text), keys[k].members, keys[k].count, keys[k].count, NULL);
        at = strlen(text) - 1;
        (void)snprintf(text + at, sizeof(text) - at, ",\"%s\":%s}", names[i], values[v]);
        (void)snprintf(place, sizeof(place), "/%s", names[i]);
        refused(text, place);
      }
    }
  }
  refused("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ\"}", "/k");
}

static void refuses_other_types_and_curves(void **state)
{
  static const char *const texts[][2] = {
      {"{\"kty\":\"oct\"}", "/kty"},
      {"{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", "/kty"},
      {"{\"kty\":\"AKP\",\"pub\":\"AQ\"}", "/kty"},
      {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", "/crv"},
      {"{\"kty\":\"EC\",\"crv\":\"p-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", "/crv"},
      {"{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}", "/crv"},
      {"{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", "/crv"},
      {"{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" ED_X "\"}", "/crv"}, /* ACME-6.2-11 */
      {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"}", "/crv"},
      {"{}", "/kty"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    refused(texts[i][0], texts[i][1]);
  }
  refused("[]", "");
  refused("\"EC\"", "");
  refused("null", "");
}

/* JOSE-04; CVE-2016-9121: points that are not on the curve leak the key or forge signatures. */
static void refuses_points_off_the_curve(void **state)
{
  (void)state;
  refused(EC256(P256_Y, P256_X), NULL);
  refused(EC256(P256_X, "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw"), NULL); /* one bit */
  refused(EC256("fs3OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", P256_Y), NULL);
  refused(EC256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), NULL);
  refused(EC256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"), NULL);
  /* p itself, and 2^256 - 1 */
  refused(EC256("_____wAAAAEAAAAAAAAAAAAAAAD_______________8", P256_Y), NULL);
  refused(EC256(P256_X, "__________________________________________8"), NULL);
  /* a point of P-521 with a bit beyond the field */
  refused("{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"A-kpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_"
          "NjFZ6OvLFV1jSfS9t"
          "sz4qUxcWceqwQGk\",\"y\":\"" P521_Y "\"}",
          NULL);
}

/* JOSE-04: coordinates of exactly the field's length; a dropped or added leading zero is another spelling. */
static void refuses_coordinates_of_wrong_length(void **state)
{
  (void)state;
  refused(EC256("IYHV-CUDyhl8P5pmV-p0FwSawDsWAKIn36nJhq70jA", "mXD_kpm0c8C9N19TjEt3Vc8U1Hdwbs8lMyshYOXuz3I"), "/x");
  refused(EC256("EGQ6WoQqMpmaqcEniXUpzlxA_iuDoxOwKP-2QJEbXLY", "omfWBAJbJQpll6DNVzAuduWGgvyw7CZt0WzpGpbBUQ"), "/y");
  refused(EC256("AH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF", P256_Y), "/x");
  refused(EC256(P256_X, "AMfxRM0bvZt-hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt"), "/y");
  refused(EC256(P521_X, P521_Y), "/x");
  refused("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", "/x");
  refused("{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" P521_X
          "\",\"y\":\"NKZEDjdnUNI3H9G9wsjztx0vTuXqNDLIFcyjFWD-XZOH7Hd"
          "LVYOGMOXLv1qMvgqR3QBkxpmaH25uZ_rd7eTIyPY\"}",
          "/y");
  refused("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}", "/x");
}

/* {"kty":"RSA"} with a modulus of |bits| bits, odd or even, behind |zeros| zero octets. */
static void rsa_text(char *out, size_t size, unsigned bits, bool odd, size_t zeros, const char *e)
{
  size_t len = (bits + 7) / 8;
  uint8_t modulus[1200] = {0};
  sdg_buf text;

  for (size_t i = 0; i < len; i++) {
    modulus[zeros + i] = (uint8_t)(i * 37 + 11);
  }
  modulus[zeros] = (uint8_t)(1u << ((bits - 1) % 8));
  modulus[zeros + len - 1] = (uint8_t)(odd ? 0x35 : 0x34);
  sdg_buf_init(&text, 2048);
  sdg_base64url_write(&text, sdg_bytes(modulus, zeros + len));
  (void)snprintf(out, size, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", sdg_buf_str(&text), e);
  sdg_buf_clear(&text);
}

/* JOSE-06 */
static void holds_the_size_of_rsa_keys(void **state)
{
  static const struct {
    unsigned bits;
    bool good;
  } cases[] = {{512, false}, {1024, false}, {2040, false}, {2047, false}, {2048, true}, {2049, true},
               {3072, true}, {4096, true},  {8192, true},  {8193, false}, {8200, false}};
  char text[2600];

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rsa_text(text, sizeof(text), cases[i].bits, true, 0, "AQAB");
    if (cases[i].good) {
      accepted(text, STARDELEG_FAMILY_RSA, cases[i].bits);
    } else {
      refused(text, NULL);
    }
  }
}

static void refuses_odd_rsa_numbers(void **state)
{
  static const char *const exponents[][2] = {
      {"AQ", NULL},           /* 1 */
      {"Aw", NULL},           /* 3 */
      {"Ag", NULL},           /* 2 */
      {"AQAA", NULL},         /* 65536 */
      {"__8", NULL},          /* 65535 */
      {"AQAC", NULL},         /* even */
      {"AAEAAQ", "/e"},       /* 65537 behind a zero octet */
      {"AA", "/e"},           /* 0 */
      {"AQAAAAAAAAAB", NULL}, /* over 2^64 */
  };
  char text[2048];

  (void)state;
  for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
    rsa_text(text, sizeof(text), 2048, true, 0, exponents[i][0]);
    refused(text, exponents[i][1]);
  }
  rsa_text(text, sizeof(text), 2048, false, 0, "AQAB");
  refused(text, NULL);
  rsa_text(text, sizeof(text), 2048, true, 1, "AQAB"); /* RFC 7518 6.3.1.1: no leading zero octet */
  refused(text, "/n");
}

static void reads_the_purpose(void **state)
{
  static const struct {
    const char *extra;
    const char *place; /* NULL: taken */
  } cases[] = {
      {"\"use\":\"sig\"", NULL},
      {"\"use\":\"enc\"", "/use"},
      {"\"use\":\"\"", "/use"},
      {"\"use\":null", "/use"},
      {"\"use\":[\"sig\"]", "/use"},
      {"\"key_ops\":[\"verify\"]", NULL},
      {"\"key_ops\":[\"sign\",\"verify\"]", NULL},
      {"\"key_ops\":[\"sign\"]", "/key_ops"},
      {"\"key_ops\":[]", "/key_ops"},
      {"\"key_ops\":[\"verify\",\"verify\"]", "/key_ops"},
      {"\"key_ops\":[\"verify\",1]", "/key_ops"},
      {"\"key_ops\":\"verify\"", "/key_ops"},
      {"\"key_ops\":{\"0\":\"verify\"}", "/key_ops"},
      {"\"key_ops\":null", "/key_ops"},
      {"\"alg\":\"ES256\"", NULL},
      {"\"alg\":\"ES384\"", "/alg"},
      {"\"alg\":\"RS256\"", "/alg"},
      {"\"alg\":\"HS256\"", "/alg"},
      {"\"alg\":\"none\"", "/alg"},
      {"\"alg\":\"ECDH-ES\"", "/alg"},
      {"\"alg\":\"\"", "/alg"},
      {"\"alg\":null", "/alg"},
      {"\"alg\":256", "/alg"},
  };
  char text[512];

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    (void)snprintf(text, sizeof(text),
                   "{%s,\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", cases[i].extra);
    if (cases[i].place == NULL) {
      accepted(text, STARDELEG_FAMILY_EC, 256);
    } else {
      refused(text, cases[i].place);
    }
  }
}

/* CVE-2024-28180's kind: size alone must not hurt. */
static void refuses_huge_numbers(void **state)
{
  size_t len = 60000;
  size_t at;
  char *text = malloc(len + 64);

  (void)state;
  assert_non_null(text);
  at = (size_t)snprintf(text, len + 64, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
  memset(text + at, 'B', len);
  (void)snprintf(text + at + len, 16, "\"}");
  refused(text, "/n");
  free(text);
}

/* --- writing and thumbprints --- */

static void thumbprint_is(const char *jwk, const char *expected)
{
  sdg_pubkey *key = NULL;
  char text[SDG_THUMBPRINT_TEXT_SIZE];

  assert_ok(take(&key, jwk, NULL));
  assert_ok(sdg_jwk_thumbprint(text, test_crypto(), sdg_pubkey_spki(key)));
  assert_string_equal(text, expected);
  sdg_pubkey_free(key);
}

/* JOSE-07, JOSE-08: RFC 7638 3.1; order, white space and optional members do not count. */
static void thumbprints_depend_on_the_key_only(void **state)
{
  static const char expected[] = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

  (void)state;
  thumbprint_is("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
                expected);
  thumbprint_is(RSA(RSA_N, "AQAB"), expected);
  thumbprint_is("{ \"e\" : \"AQAB\",\n\"n\":\"" RSA_N "\",\"use\":\"sig\",\"x\":1,\"kty\":\"RSA\" }", expected);
}

/* RFC 8037 A.3; needs no backend that knows Ed25519. */
static void thumbprint_of_ed25519(void **state)
{
  char text[SDG_THUMBPRINT_TEXT_SIZE];
  sdg_spki parts;
  sdg_buf spki, x, jwk;

  (void)state;
  sdg_buf_init(&spki, SDG_SPKI_MAX);
  sdg_buf_init(&x, 32);
  sdg_buf_init(&jwk, 256);
  memset(&parts, 0, sizeof(parts));
  assert_ok(sdg_base64url_read(&x, sdg_bytes_str(ED_X)));
  parts.info.family = STARDELEG_FAMILY_ED;
  parts.info.bits = 255;
  parts.x = sdg_buf_bytes(&x);
  sdg_spki_write(&spki, &parts);
  assert_ok(sdg_buf_error(&spki));
  assert_ok(sdg_jwk_thumbprint(text, test_crypto(), sdg_buf_bytes(&spki)));
  assert_string_equal(text, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  assert_ok(sdg_jwk_write(&jwk, sdg_buf_bytes(&spki)));
  assert_string_equal(sdg_buf_str(&jwk), "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" ED_X "\"}");
  sdg_buf_clear(&jwk);
  sdg_buf_clear(&x);
  sdg_buf_clear(&spki);
}

static void writes_what_it_reads(void **state)
{
  static const char *const canonical[] = {
      "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
      "{\"crv\":\"P-521\",\"kty\":\"EC\",\"x\":\"" P521_X "\",\"y\":\"" P521_Y "\"}",
      /* ACME-8.1-02: x, then y, begins with a zero octet, which is written too */
      ("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"ACGB1fglA8oZfD-aZlfqdBcEmsA7FgCiJ9-pyYau9Iw\","
      "\"y\":\"mXD_kpm0c8C9N19TjEt3Vc8U1Hdwbs8lMyshYOXuz3I\"}"),
      ("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"EGQ6WoQqMpmaqcEniXUpzlxA_iuDoxOwKP-2QJEbXLY\","
      "\"y\":\"AKJn1gQCWyUKZZegzVcwLnblhoL8sOwmbdFs6RqWwVE\"}"),
      "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
    sdg_pubkey *key = NULL;
    sdg_buf text;

    sdg_buf_init(&text, 2048);
    assert_ok(take(&key, canonical[i], NULL));
    assert_ok(sdg_jwk_write(&text, sdg_pubkey_spki(key)));
    assert_string_equal(sdg_buf_str(&text), canonical[i]);
    sdg_pubkey_free(key);
    sdg_buf_clear(&text);
  }
}

static void writes_generated_keys(void **state)
{
  static const stardeleg_key_spec specs[] = {STARDELEG_KEY_P256, STARDELEG_KEY_P384, STARDELEG_KEY_P521,
                                             STARDELEG_KEY_ED25519};

  (void)state;
  for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
    stardeleg_key *key = NULL;
    sdg_pubkey *pub = NULL;
    sdg_buf text;

    if ((test_crypto()->ops->key_specs & (UINT32_C(1) << specs[i])) == 0) {
      continue;
    }
    sdg_buf_init(&text, 2048);
    assert_ok(stardeleg_key_generate(&key, test_crypto(), specs[i]));
    assert_ok(sdg_jwk_write(&text, stardeleg_key_spki(key)));
    assert_ok(take(&pub, sdg_buf_str(&text), NULL));
    assert_true(sdg_bytes_equal(sdg_pubkey_spki(pub), stardeleg_key_spki(key)));
    sdg_pubkey_free(pub);
    stardeleg_key_free(key);
    sdg_buf_clear(&text);
  }
}

static void write_refuses_bad_spki(void **state)
{
  char text[SDG_THUMBPRINT_TEXT_SIZE] = "untouched";
  sdg_buf out;

  (void)state;
  sdg_buf_init(&out, 2048);
  assert_err(STARDELEG_ERR_MALFORMED, sdg_jwk_write(&out, SDG_BYTES_LITERAL("\x30\x03\x02\x01\x01")));
  assert_err(STARDELEG_ERR_MALFORMED, sdg_jwk_thumbprint(text, test_crypto(), SDG_BYTES_LITERAL("\x30\x00")));
  assert_int_equal(out.len, 0);
  assert_string_equal(text, "untouched");
  sdg_buf_clear(&out);
}

/* ACME-8.1-01 */
static void makes_key_authorizations(void **state)
{
  static const stardeleg_bytes bad[] = {{(const uint8_t *)"", 0},          {(const uint8_t *)"a.b", 3},
                                        {(const uint8_t *)"../../etc", 9}, {(const uint8_t *)"a b", 3},
                                        {(const uint8_t *)"a=", 2},        {(const uint8_t *)"a\0b", 3},
                                        {(const uint8_t *)"a\n", 2},       {(const uint8_t *)"a/b", 3}};
  sdg_pubkey *key = NULL;
  sdg_buf out;

  (void)state;
  sdg_buf_init(&out, 256);
  assert_ok(take(&key, RSA(RSA_N, "AQAB"), NULL));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_err(STARDELEG_ERR_MALFORMED, sdg_jwk_key_authorization(&out, test_crypto(), bad[i], sdg_pubkey_spki(key)));
    assert_int_equal(out.len, 0);
  }
  assert_ok(sdg_jwk_key_authorization(
      &out, test_crypto(), SDG_BYTES_LITERAL("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"), sdg_pubkey_spki(key)));
  assert_string_equal(sdg_buf_str(&out),
                      "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  sdg_pubkey_free(key);
  sdg_buf_clear(&out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_good_keys),
      cmocka_unit_test(ignores_what_it_does_not_know),
      cmocka_unit_test(refuses_spoiled_ec_members),
      cmocka_unit_test(refuses_spoiled_rsa_members),
      cmocka_unit_test(refuses_spoiled_okp_members),
      cmocka_unit_test(refuses_private_members),
      cmocka_unit_test(refuses_other_types_and_curves),
      cmocka_unit_test(refuses_points_off_the_curve),
      cmocka_unit_test(refuses_coordinates_of_wrong_length),
      cmocka_unit_test(holds_the_size_of_rsa_keys),
      cmocka_unit_test(refuses_odd_rsa_numbers),
      cmocka_unit_test(reads_the_purpose),
      cmocka_unit_test(refuses_huge_numbers),
      cmocka_unit_test(thumbprints_depend_on_the_key_only),
      cmocka_unit_test(thumbprint_of_ed25519),
      cmocka_unit_test(writes_what_it_reads),
      cmocka_unit_test(writes_generated_keys),
      cmocka_unit_test(write_refuses_bad_spki),
      cmocka_unit_test(makes_key_authorizations),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
