/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_request_test.c -- from a request to a route: method, media type, size, form, key and URL. */
#include "support/test.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "support/server_world.h"

#define THING SERVER_BASE "/thing/abc"

/* The route must not have been asked by what was refused. */
static void assert_refused(server_world *w, int status, const char *type)
{
  acme_peer_assert_problem(&w->peer, status, type);
  assert_int_equal(w->calls, 0); /* ACME-6.2-02 */
  /* ACME-6.5-02, ACME-6.5-07: the nonce that came with the refusal, badNonce too, is a good one. */
  assert_int_equal(acme_peer_fetch(&w->peer, THING), 200);
  assert_int_equal(w->calls, 1);
  w->calls = 0;
}

/* ACME-6.2-02, ACME-6.3-02, ACME-6.3-04 */
static void test_good(void **state)
{
  server_world *w = *state;

  assert_int_equal(acme_peer_post(&w->peer, THING, "{}"), 200);
  assert_string_equal(acme_peer_header(&w->peer, "Content-Type"), "application/json");
  assert_string_equal(acme_peer_string(&w->peer, "id"), "abc");
  assert_non_null(strstr(w->seen, "payload abc"));
  assert_int_equal(acme_peer_fetch(&w->peer, THING), 200);
  assert_non_null(strstr(w->seen, "- - abc"));
  assert_int_equal(acme_peer_post(&w->peer, SERVER_BASE "/thing/abc/part/x_-9", "{\"a\":1}"), 200);
  assert_int_equal(w->calls, 3);
}

/* ACME-6.2-22, ACME-6.2-23 */
static void test_media_type(void **state)
{
  static const char *const bad[] = {"-",
                                    "application/json",
                                    "application/jose",
                                    "application/jose+json2",
                                    "text/plain; application/jose+json",
                                    "application/jose+json, text/plain"};
  static const char *const good[] = {"application/jose+json", "Application/JOSE+JSON",
                                     "application/jose+json; charset=utf-8"};
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = THING, .payload = "{}", .content_type = bad[i]});
    assert_refused(w, 415, "malformed");
  }
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_int_equal(
        acme_peer_send(&w->peer, &(acme_peer_jws){.url = THING, .payload = "{}", .content_type = good[i]}), 200);
  }
}

static void test_size(void **state)
{
  static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
  server_world *w = *state;
  size_t len = 64 * 1024 + 1;
  uint8_t *body = malloc(len);

  assert_non_null(body);
  memset(body, ' ', len);
  (void)acme_peer_raw(&w->peer, "POST", "/acme/thing/abc", headers, sdg_bytes(body, len));
  assert_refused(w, 413, "malformed");
  (void)acme_peer_raw(&w->peer, "POST", "/acme/thing/abc", headers, sdg_bytes(body, len - 1));
  assert_refused(w, 400, "malformed");
  free(body);
}

static void refuse_method(server_world *w, const char *method, const char *path, const char *allow)
{
  static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
  char target[128];

  (void)snprintf(target, sizeof(target), "/acme%s", path);
  (void)acme_peer_raw(&w->peer, method, target, headers, sdg_bytes(NULL, 0));
  acme_peer_assert_problem(&w->peer, 405, "malformed");
  assert_non_null(acme_peer_header(&w->peer, "Allow"));
  assert_string_equal(acme_peer_header(&w->peer, "Allow"), allow);
  assert_int_equal(w->calls, 0);
}

/* ACME-6.3-01 */
static void test_methods(void **state)
{
  static const char *const others[] = {"PUT", "DELETE", "PATCH", "OPTIONS", "get", "post", "TRACE", "", "POSTX"};
  static const char *const posts[] = {"/thing/abc", "/new-account",   "/key-change",
                                      "/acct/x",    "/acct/x/orders", "/list"};
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(posts) / sizeof(posts[0]); i++) {
    refuse_method(w, "GET", posts[i], "POST");
    refuse_method(w, "HEAD", posts[i], "POST");
  }
  for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
    refuse_method(w, others[i], "/thing/abc", "POST");
    refuse_method(w, others[i], "/open/abc", "GET, HEAD, POST");
    refuse_method(w, others[i], "/directory", "GET, HEAD, POST");
    refuse_method(w, others[i], "/new-nonce", "GET, HEAD, POST");
    refuse_method(w, others[i], "/free/abc", "GET, HEAD");
  }
  refuse_method(w, "POST", "/free/abc", "GET, HEAD");
  /* A route's own 405 has its own Allow. */
  assert_int_equal(acme_peer_get(&w->peer, SERVER_BASE "/fail/closed"), 405);
  assert_string_equal(acme_peer_header(&w->peer, "Allow"), "POST");
}

static void test_paths(void **state)
{
  static const char *const unknown[] = {
      "/", "/acme", "/acme/", "/acme/nothing", "/thing/abc", "/ACME/thing/abc", "/acme/thing", "/acme/thing/",
      "/acme/thing/abc/", "/acme/thing/abc/part", "/acme//thing/abc", "/acme/thing//abc", "/acme/thing/a.c",
      "/acme/thing/a%62c", "/acme/thing/..", "/acme/thing/a/b", "/acmething/abc", "/acme/thing/abc?",
      "/acme/thing/abc?x=1", "/acme/thing/abc?cursor=", "/acme/thing/abc?cursor=a.b", "/acme/thing/abc?cursor=a&b=c",
      "/acme/thing/abc#x", "*", "", "https://ca.example/acme/thing/abc", "/acme/directory/", "/acme/thing/abc=",
      /* 65 characters: longer than every id */
      "/acme/thing/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
    (void)acme_peer_raw(&w->peer, "POST", unknown[i], headers, SDG_BYTES_LITERAL("{}"));
    acme_peer_assert_problem(&w->peer, 404, "malformed");
    (void)acme_peer_raw(&w->peer, "GET", unknown[i], NULL, sdg_bytes(NULL, 0));
    acme_peer_assert_problem(&w->peer, 404, "malformed");
  }
  assert_int_equal(w->calls, 0);
}

/* --- The form of the JWS --- */

typedef struct form_case {
  acme_peer_jws jws;
  int status;
  const char *type;
} form_case;

#define FORM(status, type, ...)                                                                                        \
  {                                                                                                                    \
    {.url = THING, .payload = "{}", __VA_ARGS__}, status, type                                                         \
  }
#define BAD(...) FORM(400, "malformed", __VA_ARGS__)

/* ACME-6.1-08, ACME-6.2-03 to 6.2-09, ACME-6.2-12, ACME-6.2-16 to 6.2-18, ACME-6.4-04, ACME-6.5-06, ACME-6.5.2-01 */
static const form_case forms[] = {
    BAD(.outer_more = ",\"signatures\":[]"),
    BAD(.outer_more = ",\"header\":{}"),
    BAD(.outer_more = ",\"header\":{\"kid\":\"https://ca.example/acme/acct/x\"}"),
    BAD(.outer_more = ",\"extra\":1"),
    BAD(.outer_more = ",\"payload\":\"\""),
    BAD(.payload_member = "-"),
    BAD(.payload_member = "null"),
    BAD(.payload_member = "{}"),
    BAD(.payload_member = "\"e30=\""),
    BAD(.payload_member = "\"e3 0\""),
    BAD(.signature_member = "-"),
    BAD(.signature_member = "null"),
    BAD(.signature_member = "\"AA==\""),
    BAD(.protected_is = ""),
    BAD(.protected_is = "[]"),
    BAD(.protected_is = "{"),
    BAD(.protected_is = "{\"alg\":\"ES256\",\"alg\":\"ES256\"}"),
    BAD(.more = ",\"crit\":[\"b64\"],\"b64\":false"),
    BAD(.more = ",\"crit\":[]"),
    BAD(.more = ",\"crit\":[\"exp\"],\"exp\":1"),
    BAD(.more = ",\"b64\":false"),
    BAD(.more = ",\"b64\":true"),
    BAD(.more = ",\"nonce\":\"AAAA\""),
    BAD(.alg = "-"),
    BAD(.alg = "256"),
    BAD(.alg = "null"),
    BAD(.header_url = "-"),
    BAD(.header_url = "1"),
    BAD(.header_url = "null"),
    BAD(.kid = "-"),
    BAD(.kid = "1"),
    BAD(.kid = "{}"),
    BAD(.by_jwk = true, .kid = NULL),
    BAD(.by_jwk = true, .kid = "\"https://ca.example/acme/acct/x\""),
    BAD(.jwk = "\"x\""),
    BAD(.nonce = "\"a b\""),
    BAD(.nonce = "\"\""),
    BAD(.nonce = "\"YWJj=\""),
    BAD(.nonce = "7"),
    FORM(400, "badNonce", .nonce = "-"),
    FORM(400, "badNonce", .nonce = "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""),
    FORM(400, "badSignatureAlgorithm", .alg = "\"none\""),
    FORM(400, "badSignatureAlgorithm", .alg = "\"HS256\""),
    FORM(400, "badSignatureAlgorithm", .alg = "\"HS512\""),
    FORM(400, "badSignatureAlgorithm", .alg = "\"ES256K\""),
    FORM(400, "badSignatureAlgorithm", .alg = "\"es256\""),
    FORM(400, "badSignatureAlgorithm", .alg = "\"\""),
    FORM(400, "badPublicKey", .alg = "\"ES384\""),
    FORM(400, "badPublicKey", .alg = "\"RS256\""),
    FORM(400, "malformed", .signature_member = "\"\""),
    FORM(400, "malformed", .signature_member = "\"AAAA\""),
};

static void test_forms(void **state)
{
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
    (void)acme_peer_send(&w->peer, &forms[i].jws);
    assert_refused(w, forms[i].status, forms[i].type);
  }
}

/* What is signed must still be a JSON object. */
static void test_payload_forms(void **state)
{
  static const char *const bad[] = {
      "[]", "{", "{} x", "null", "\"\"", " ", "{\"a\":1,\"a\":2}", "1", "{\"a\":\"\xff\"}"};
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)acme_peer_post(&w->peer, THING, bad[i]);
    assert_refused(w, 400, "malformed");
  }
}

/* ACME-6.2-17, ACME-6.2-18 */
static void test_algorithms_member(void **state)
{
  server_world *w = *state;
  const sdg_json *list;
  bool has_es256 = false;

  (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = THING, .payload = "{}", .alg = "\"HS256\""});
  acme_peer_assert_problem(&w->peer, 400, "badSignatureAlgorithm");
  list = sdg_json_member(w->peer.json, "algorithms");
  assert_int_equal(sdg_json_type_of(list), SDG_JSON_ARRAY);
  for (const sdg_json *item = sdg_json_first(list); item != NULL; item = sdg_json_next(item)) {
    assert_int_equal(sdg_json_type_of(item), SDG_JSON_STRING);
    assert_true(strcmp(sdg_json_string(item), "none") != 0 && strncmp(sdg_json_string(item), "HS", 2) != 0);
    has_es256 = has_es256 || strcmp(sdg_json_string(item), "ES256") == 0;
  }
  assert_true(has_es256); /* ACME-6.2-10 */
}

static void test_bodies(void **state)
{
  static const char *const bad[] = {"",
                                    "{}",
                                    "[]",
                                    "null",
                                    "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
                                    "{\"payload\":\"\",\"signatures\":[{\"protected\":\"e30\",\"signature\":\"AA\"}]}",
                                    "\xef\xbb\xbf{}",
                                    "{\"protected\":\"\xff\"}"};
  static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)acme_peer_raw(&w->peer, "POST", "/acme/thing/abc", headers, sdg_bytes_str(bad[i]));
    assert_refused(w, 400, "malformed");
  }
}

/* --- Whose signature --- */

/* ACME-6.2-02: one bit is enough */
static void test_tampered(void **state)
{
  static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
  server_world *w = *state;
  sdg_buf body;
  const char *places[] = {"\"payload\":\"", "\"signature\":\""};

  sdg_buf_init(&body, 1 << 20);
  for (size_t i = 0; i < 2; i++) {
    char *at;

    acme_peer_build(&w->peer, &body, &(acme_peer_jws){.url = THING, .payload = "{\"a\":\"bcdefgh\"}"});
    at = strstr((char *)body.base, places[i]) + strlen(places[i]) + 8;
    *at = *at == 'A' ? 'B' : 'A';
    (void)acme_peer_raw(&w->peer, "POST", "/acme/thing/abc", headers, sdg_buf_bytes(&body));
    assert_refused(w, 400, "malformed");
  }
  sdg_buf_clear(&body);
}

/* ACME-6.2-09: HS256 keyed with what everybody knows: the account's public key */
static void test_mac_with_public_key(void **state)
{
  static const char *const headers[] = {"Content-Type: application/jose+json", NULL};
  server_world *w = *state;
  char header[1024];
  uint8_t mac[STARDELEG_HASH_MAX];
  size_t len = 0;
  stardeleg_bytes pieces[3];
  sdg_buf parts[4];

  for (size_t i = 0; i < 4; i++) {
    sdg_buf_init(&parts[i], 1 << 16);
  }
  (void)snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"%s\",\"nonce\":\"%s\",\"url\":\"%s\"}",
                 w->peer.kid, acme_peer_take_nonce(&w->peer), THING);
  sdg_base64url_write(&parts[0], sdg_bytes_str(header));
  sdg_buf_add_str(&parts[1], "e30");
  pieces[0] = sdg_buf_bytes(&parts[0]);
  pieces[1] = SDG_BYTES_LITERAL(".");
  pieces[2] = sdg_buf_bytes(&parts[1]);
  assert_ok(sdg_mac(test_crypto(), STARDELEG_ALG_HS256, stardeleg_key_spki(w->peer.key), pieces, 3, mac, &len));
  sdg_base64url_write(&parts[2], sdg_bytes(mac, len));
  (void)snprintf(header, sizeof(header), "{\"protected\":\"%s\",\"payload\":\"e30\",\"signature\":\"%s\"}",
                 sdg_buf_str(&parts[0]), sdg_buf_str(&parts[2]));
  (void)acme_peer_raw(&w->peer, "POST", "/acme/thing/abc", headers, sdg_bytes_str(header));
  assert_refused(w, 400, "badSignatureAlgorithm");
  for (size_t i = 0; i < 4; i++) {
    sdg_buf_clear(&parts[i]);
  }
}

/* ACME-6.2-16, ACME-6.3-03: kid names one account, exactly */
static void test_kid(void **state)
{
  server_world *w = *state;
  acme_peer other;
  const char *own = w->peer.kid + strlen(SERVER_BASE "/acct/");
  char kid[2048];
  static const char *const patterns[] = {
      "\"%s\"",                                     /* the id alone */
      "\"/acme/acct/%s\"",                          /* without origin */
      "\"http://ca.example/acme/acct/%s\"",         /* scheme */
      "\"https://CA.example/acme/acct/%s\"",        /* case of the host */
      "\"https://ca.example:443/acme/acct/%s\"",    /* the port that is there anyway */
      "\"https://ca.example.evil/acme/acct/%s\"",   /* host as prefix */
      "\"https://ca.example/acme/acct/%s/\"",       /* slash */
      "\"https://ca.example/acme/acct/%s/orders\"", /* path as prefix */
      "\"https://ca.example/acme/acct/%s?x\"",      /* query */
      "\"https://ca.example/acme/acct/%s#x\"",      /* fragment */
      "\"https://ca.example/acme/acct/%s \"",       /* blank */
      "\"https://ca.example/acme/acct/x/../%s\"",   /* dots */
      "\"https://ca.example/acme/thing/%s\"",       /* another resource */
      "\"https://ca.example/acme/acct/%sA\"",       /* somebody else */
  };

  for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
    char pattern[64 + 64];
    const char *at = strstr(patterns[i], "%s");

    (void)snprintf(pattern, sizeof(pattern), "%.*s", (int)(at - patterns[i]), patterns[i]);
    (void)snprintf(kid, sizeof(kid), "%s%s%s", pattern, own, at + 2);
    (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = THING, .payload = "{}", .kid = kid});
    assert_refused(w, 400, "accountDoesNotExist");
  }
  (void)acme_peer_send(&w->peer,
                         &(acme_peer_jws){.url = THING, .payload = "{}", .kid = "\"" SERVER_BASE "/acct/\""});
  assert_refused(w, 400, "accountDoesNotExist");
  (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = THING, .payload = "{}", .kid = "\"\""});
  assert_refused(w, 400, "accountDoesNotExist");
  /* the kid of another account under one's own signature */
  server_world_peer(w, &other, STARDELEG_KEY_P256);
  acme_peer_register(&other);
  (void)snprintf(kid, sizeof(kid), "\"%s\"", other.kid);
  (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = THING, .payload = "{}", .kid = kid});
  assert_refused(w, 400, "malformed");
  acme_peer_clear(&other);
}

/* ACME-6.2-12, ACME-6.2-14, ACME-6.2-16 */
static void test_jwk(void **state)
{
  server_world *w = *state;
  stardeleg_key *stranger = NULL;
  sdg_buf jwk;

  assert_ok(stardeleg_key_generate(&stranger, test_crypto(), STARDELEG_KEY_P256));
  sdg_buf_init(&jwk, 4096);
  assert_ok(sdg_jwk_write(&jwk, stardeleg_key_spki(stranger)));
  (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = THING, .payload = "{}", .by_jwk = true});
  assert_refused(w, 400, "malformed");
  (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = SERVER_BASE "/new-account", .payload = "{}"});
  assert_refused(w, 400, "malformed");
  /* the key of another, under one's own signature */
  (void)acme_peer_send(
      &w->peer,
      &(acme_peer_jws){.url = SERVER_BASE "/new-account", .payload = "{}", .by_jwk = true, .jwk = sdg_buf_str(&jwk)});
  assert_refused(w, 400, "malformed");
  assert_int_equal(server_world_count(w, "account"), 1);
  /* where either will do, each does */
  assert_int_equal(acme_peer_post(&w->peer, SERVER_BASE "/either", "{}"), 200);
  assert_null(strstr(w->seen, "jwk"));
  assert_int_equal(
      acme_peer_send(
          &w->peer,
          &(acme_peer_jws){.url = SERVER_BASE "/either", .payload = "{}", .by_jwk = true, .signer = stranger}),
      200);
  assert_non_null(strstr(w->seen, "- jwk payload"));
  sdg_buf_clear(&jwk);
  stardeleg_key_free(stranger);
}

/* ACME-6.2-20, ACME-6.2-21 */
static void test_bad_keys(void **state)
{
  static const char *const keys[] = {
      /* a point that is not on P-256 */
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
      "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}",
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
      "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aE\"}",
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
      "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}",
      "{\"kty\":\"RSA\",\"n\":\"sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDX"
      "bo\",\"e\":\"AQAB\"}",
      "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}",
      "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
      "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",\"d\":\"AA\"}",
      "{}"};
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    (void)acme_peer_send(
        &w->peer,
        &(acme_peer_jws){.url = SERVER_BASE "/new-account", .payload = "{}", .by_jwk = true, .jwk = keys[i]});
    assert_refused(w, 400, "badPublicKey");
  }
  assert_int_equal(server_world_count(w, "account"), 1);
}

/* ACME-6.2-10, ACME-6.2-11, ACME-6.2-20: every key is bound to its own algorithm */
static void test_key_kinds(void **state)
{
  static const stardeleg_key_spec specs[] = {STARDELEG_KEY_P256, STARDELEG_KEY_P384, STARDELEG_KEY_P521,
                                             STARDELEG_KEY_RSA2048, STARDELEG_KEY_ED25519};
  static const char *const wrong[] = {"\"ES384\"", "\"ES256\"", "\"ES384\"", "\"ES256\"", "\"ES256\""};
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
    acme_peer peer;

    if ((test_crypto()->ops->key_specs & (1u << specs[i])) == 0) {
      continue;
    }
    server_world_peer(w, &peer, specs[i]);
    acme_peer_register(&peer);
    assert_int_equal(acme_peer_fetch(&peer, THING), 200);
    (void)acme_peer_send(&peer, &(acme_peer_jws){.url = THING, .payload = "", .alg = wrong[i]});
    acme_peer_assert_problem(&peer, 400, "badPublicKey");
    acme_peer_clear(&peer);
  }
}

/* --- The URL --- */

/* ACME-6.4-02, ACME-6.4-03 */
static void test_url(void **state)
{
  static const char *const wrong[] = {
      "\"\"",
      "\"/acme/thing/abc\"",
      "\"http://ca.example/acme/thing/abc\"",
      "\"HTTPS://ca.example/acme/thing/abc\"",
      "\"https://CA.example/acme/thing/abc\"",
      "\"https://ca.example:443/acme/thing/abc\"",
      "\"https://ca.example./acme/thing/abc\"",
      "\"https://evil.example/acme/thing/abc\"",
      "\"https://ca.example.evil/acme/thing/abc\"",
      "\"https://ca.example@evil/acme/thing/abc\"",
      "\"https://ca.example/acme/thing/abcd\"",
      "\"https://ca.example/acme/thing/ab\"",
      "\"https://ca.example/acme/thing/ABC\"",
      "\"https://ca.example/acme/thing/abc/\"",
      "\"https://ca.example/acme/thing/%61bc\"",
      "\"https://ca.example/acme//thing/abc\"",
      "\"https://ca.example/acme/x/../thing/abc\"",
      "\"https://ca.example/acme/thing/abc?\"",
      "\"https://ca.example/acme/thing/abc?cursor=1\"",
      "\"https://ca.example/acme/thing/abc#\"",
      "\"https://ca.example/acme/thing/abc \"",
      "\"https://ca.example\"",
  };
  server_world *w = *state;

  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = THING, .payload = "{}", .header_url = wrong[i]});
    assert_refused(w, 403, "unauthorized");
  }
}

/* ACME-6.4-03: neither Host nor what proxies add has a say */
static void test_host_has_no_say(void **state)
{
  static const char *const headers[] = {"Content-Type: application/jose+json", "Host: evil.example",
                                        "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", NULL};
  server_world *w = *state;
  sdg_buf body;

  sdg_buf_init(&body, 1 << 16);
  acme_peer_build(&w->peer, &body, &(acme_peer_jws){.url = THING, .payload = "{}"});
  assert_int_equal(acme_peer_raw(&w->peer, "POST", "/acme/thing/abc", headers, sdg_buf_bytes(&body)), 200);
  acme_peer_build(
      &w->peer, &body,
      &(acme_peer_jws){.url = THING, .payload = "{}", .header_url = "\"https://evil.example/acme/thing/abc\""});
  assert_int_equal(acme_peer_raw(&w->peer, "POST", "/acme/thing/abc", headers, sdg_buf_bytes(&body)), 403);
  sdg_buf_clear(&body);
}

/* --- Payloads and routes --- */

/* ACME-6.3-02 */
static void test_payload_or_not(void **state)
{
  server_world *w = *state;

  (void)acme_peer_post(&w->peer, SERVER_BASE "/list", "{}");
  assert_refused(w, 400, "malformed");
  (void)acme_peer_fetch(&w->peer, SERVER_BASE "/thing/abc/part/x");
  assert_refused(w, 400, "malformed");
  (void)acme_peer_post(&w->peer, SERVER_BASE "/open/x", "{}");
  assert_refused(w, 400, "malformed");
  assert_int_equal(acme_peer_fetch(&w->peer, SERVER_BASE "/open/x"), 200);
  assert_int_equal(acme_peer_get(&w->peer, SERVER_BASE "/open/x"), 200);
  assert_null(acme_peer_header(&w->peer, "Replay-Nonce"));
  assert_int_equal(acme_peer_head(&w->peer, SERVER_BASE "/open/x"), 200);
}

/* --- Failures --- */

/* ACME-6.6-01, ACME-6.6-02, ACME-6.7-01, ACME-6.7.1-01 to 6.7.1-03 */
static void test_failures(void **state)
{
  server_world *w = *state;
  const sdg_json *subs;
  const sdg_json *first;

  (void)acme_peer_fetch(&w->peer, SERVER_BASE "/fail/store");
  acme_peer_assert_problem(&w->peer, 503, "serverInternal");
  assert_null(strstr(w->peer.body, "half"));
  (void)acme_peer_fetch(&w->peer, SERVER_BASE "/fail/argument");
  acme_peer_assert_problem(&w->peer, 500, "serverInternal");
  (void)acme_peer_get(&w->peer, SERVER_BASE "/fail/store");
  acme_peer_assert_problem(&w->peer, 503, "serverInternal");
  (void)acme_peer_fetch(&w->peer, SERVER_BASE "/fail/limited");
  acme_peer_assert_problem(&w->peer, 429, "rateLimited");
  assert_string_equal(acme_peer_header(&w->peer, "Retry-After"), "91"); /* rounded up */
  (void)acme_peer_fetch(&w->peer, SERVER_BASE "/fail/names");
  assert_true(w->peer.status == 400 || w->peer.status == 403);
  acme_peer_assert_problem(&w->peer, w->peer.status, "rejectedIdentifier");
  subs = sdg_json_member(w->peer.json, "subproblems");
  assert_int_equal(sdg_json_count(subs), 2);
  first = sdg_json_member(sdg_json_first(subs), "identifier");
  assert_string_equal(sdg_json_string(sdg_json_member(first, "type")), "dns");
  assert_string_equal(sdg_json_string(sdg_json_member(first, "value")), "a.example");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, server_world_set_up, server_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_good),
      T(test_media_type),
      T(test_size),
      T(test_methods),
      T(test_paths),
      T(test_forms),
      T(test_payload_forms),
      T(test_algorithms_member),
      T(test_bodies),
      T(test_tampered),
      T(test_mac_with_public_key),
      T(test_kid),
      T(test_jwk),
      T(test_bad_keys),
      T(test_key_kinds),
      T(test_url),
      T(test_host_has_no_say),
      T(test_payload_or_not),
      T(test_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
