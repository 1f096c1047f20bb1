/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_eab_test.c -- external account bindings: five steps, each spent once. */
#include "support/test.h"

#include <pthread.h>

#include "acme_server/eab.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "support/server_world.h"

#define NEW_ACCOUNT SERVER_BASE "/new-account"

typedef struct eab_world {
  server_world w;
  char mac_key[64];
  sdg_buf eab;
} eab_world;

static int set_up(void **state)
{
  static eab_world e;

  server_world_init(&e.w);
  e.w.options.eab_required = true;
  server_world_open(&e.w);
  assert_ok(sdg_eab_add(test_crypto(), e.w.store, e.w.secrets, "cdn-1", e.mac_key, e.w.now));
  sdg_buf_init(&e.eab, 1 << 16);
  *state = &e;
  return 0;
}

static int tear_down(void **state)
{
  eab_world *e = *state;

  sdg_buf_clear(&e->eab);
  server_world_clear(&e->w);
  return 0;
}

static int register_with(acme_peer *peer, const char *eab)
{
  char payload[8192];

  (void)snprintf(payload, sizeof(payload), "{\"contact\":[\"" SERVER_MAIL "\"],\"externalAccountBinding\":%s}", eab);
  return acme_peer_new_account(peer, payload);
}

static void assert_unused(const eab_world *e)
{
  char account[65] = "x";

  assert_ok(sdg_eab_get(e->w.store, "cdn-1", account));
  assert_string_equal(account, "");
  assert_int_equal(server_world_count(&e->w, "account"), 0);
  assert_int_equal(server_world_count(&e->w, "account-key"), 0);
}

static void assert_refused(eab_world *e, const char *eab)
{
  (void)register_with(&e->w.peer, eab);
  acme_peer_assert_problem(&e->w.peer, 403, "unauthorized");
  assert_unused(e); /* ACME-7.3.4-07 */
}

/* --- Making one --- */

static void test_add(void **state)
{
  static const char *const bad[] = {
      "", ".x", "a/b", "a b", "\xc3\xa4", "..", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  static const char *const good[] = {"a", "A.b_c-9",
                                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  eab_world *e = *state;
  char mac_key[64];
  char account[65];

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, sdg_eab_add(test_crypto(), e->w.store, e->w.secrets, bad[i], mac_key, e->w.now));
    assert_err(STARDELEG_ERR_NOT_FOUND, sdg_eab_get(e->w.store, bad[i], account));
  }
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_eab_add(test_crypto(), e->w.store, e->w.secrets, NULL, mac_key, e->w.now));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_eab_add(test_crypto(), e->w.store, NULL, "x", mac_key, e->w.now));
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_ok(sdg_eab_add(test_crypto(), e->w.store, e->w.secrets, good[i], mac_key, e->w.now));
    assert_int_equal(strlen(mac_key), 43); /* 32 bytes */
    assert_true(sdg_base64url_is_text(sdg_bytes_str(mac_key)));
    assert_string_not_equal(mac_key, e->mac_key);
  }
  /* The name is taken: the key handed out before goes on working. */
  assert_err(STARDELEG_ERR_EXISTS, sdg_eab_add(test_crypto(), e->w.store, e->w.secrets, "cdn-1", mac_key, e->w.now));
  acme_peer_eab(&e->w.peer, &e->eab, "cdn-1", e->mac_key);
  assert_int_equal(register_with(&e->w.peer, sdg_buf_str(&e->eab)), 201);
}

typedef struct adder {
  eab_world *e;
  stardeleg_err err;
  char mac_key[64];
} adder;

static void *add_one(void *arg)
{
  adder *a = arg;

  a->err = sdg_eab_add(test_crypto(), a->e->w.store, a->e->w.secrets, "contested", a->mac_key, a->e->w.now);
  return NULL;
}

/* Two at once: one is told a key, and that key is the binding's. */
static void test_add_in_threads(void **state)
{
  eab_world *e = *state;
  adder all[8];
  pthread_t threads[8];
  size_t won = 8;

  for (size_t i = 0; i < 8; i++) {
    all[i].e = e;
    assert_int_equal(pthread_create(&threads[i], NULL, add_one, &all[i]), 0);
  }
  for (size_t i = 0; i < 8; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(all[i].err == STARDELEG_OK || all[i].err == STARDELEG_ERR_EXISTS);
    if (all[i].err == STARDELEG_OK) {
      assert_int_equal(won, 8);
      won = i;
    }
  }
  assert_true(won < 8);
  acme_peer_eab(&e->w.peer, &e->eab, "contested", all[won].mac_key);
  assert_int_equal(register_with(&e->w.peer, sdg_buf_str(&e->eab)), 201);
}

/* --- Using one --- */

/* ACME-7.3.4-01, ACME-7.3.4-03, ACME-7.3.4-06, ACME-7.3.4-08 */
static void test_good(void **state)
{
  eab_world *e = *state;
  sdg_json *sent = NULL;
  char account[65];

  (void)acme_peer_new_account(&e->w.peer, "{}");
  acme_peer_assert_problem(&e->w.peer, 400, "externalAccountRequired");
  assert_unused(e);
  acme_peer_eab(&e->w.peer, &e->eab, "cdn-1", e->mac_key);
  assert_int_equal(register_with(&e->w.peer, sdg_buf_str(&e->eab)), 201);
  assert_ok(sdg_json_parse(&sent, sdg_buf_bytes(&e->eab), NULL, NULL));
  assert_true(sdg_json_equal(sent, sdg_json_member(e->w.peer.json, "externalAccountBinding")));
  assert_int_equal(acme_peer_fetch(&e->w.peer, e->w.peer.kid), 200);
  assert_true(sdg_json_equal(sent, sdg_json_member(e->w.peer.json, "externalAccountBinding")));
  sdg_json_free(sent);
  assert_ok(sdg_eab_get(e->w.store, "cdn-1", account));
  assert_string_equal(account, e->w.peer.kid + strlen(SERVER_BASE "/acct/"));
  assert_int_equal(acme_peer_fetch(&e->w.peer, SERVER_BASE "/thing/a"), 200);
}

/* A binding of |header| over |payload| with the MAC key |mac_key|. */
static void bind(eab_world *e, const char *header, const char *payload, const char *mac_key, stardeleg_alg alg,
                 const char *outer)
{
  uint8_t mac[STARDELEG_HASH_MAX];
  size_t len = 0;
  stardeleg_bytes pieces[3];
  sdg_buf parts[4];

  for (size_t i = 0; i < 4; i++) {
    sdg_buf_init(&parts[i], 1 << 16);
  }
  sdg_base64url_write(&parts[0], sdg_bytes_str(header));
  sdg_base64url_write(&parts[1], sdg_bytes_str(payload));
  assert_ok(sdg_base64url_read(&parts[3], sdg_bytes_str(mac_key)));
  pieces[0] = sdg_buf_bytes(&parts[0]);
  pieces[1] = SDG_BYTES_LITERAL(".");
  pieces[2] = sdg_buf_bytes(&parts[1]);
  if (alg == STARDELEG_ALG_HS256) {
    assert_ok(sdg_mac(test_crypto(), alg, sdg_buf_bytes(&parts[3]), pieces, 3, mac, &len));
  } else {
    uint8_t signature[STARDELEG_SIGNATURE_MAX];

    assert_ok(sdg_key_sign(e->w.peer.key, alg, pieces, 3, signature, &len));
    memcpy(mac, signature, len);
  }
  sdg_base64url_write(&parts[2], sdg_bytes(mac, len));
  sdg_buf_reset(&e->eab);
  sdg_buf_add_str(&e->eab, "{\"protected\":\"");
  sdg_buf_add_bytes(&e->eab, sdg_buf_bytes(&parts[0]));
  sdg_buf_add_str(&e->eab, "\",\"payload\":\"");
  sdg_buf_add_bytes(&e->eab, sdg_buf_bytes(&parts[1]));
  sdg_buf_add_str(&e->eab, "\",\"signature\":\"");
  sdg_buf_add_bytes(&e->eab, sdg_buf_bytes(&parts[2]));
  sdg_buf_add_str(&e->eab, "\"");
  sdg_buf_add_str(&e->eab, outer);
  sdg_buf_add_str(&e->eab, "}");
  for (size_t i = 0; i < 4; i++) {
    sdg_buf_clear(&parts[i]);
  }
}

static const char *jwk_of(const acme_peer *peer)
{
  static char room[1024];
  sdg_buf jwk;

  sdg_buf_init(&jwk, 1 << 16);
  assert_ok(sdg_jwk_write(&jwk, stardeleg_key_spki(peer->key)));
  (void)snprintf(room, sizeof(room), "%s", sdg_buf_str(&jwk));
  sdg_buf_clear(&jwk);
  return room;
}

#define GOOD_HEADER "{\"alg\":\"HS256\",\"kid\":\"cdn-1\",\"url\":\"" NEW_ACCOUNT "\"}"

/* Step one: a well-formed JWS. */
static void test_step_form(void **state)
{
  static const char *const malformed[] = {"{}", "{\"protected\":\"e30\",\"payload\":\"e30\"}",
                                          "{\"protected\":1,\"payload\":\"\",\"signature\":\"\"}"};
  static const char *const outer[] = {",\"header\":{}", ",\"signatures\":[]", ",\"x\":1"};
  static const char *const types[] = {"null", "[]", "\"x\"", "7", "true"};
  eab_world *e = *state;

  for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
    (void)register_with(&e->w.peer, malformed[i]);
    acme_peer_assert_problem(&e->w.peer, 400, "malformed");
    assert_unused(e);
  }
  for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++) {
    bind(e, GOOD_HEADER, jwk_of(&e->w.peer), e->mac_key, STARDELEG_ALG_HS256, outer[i]);
    (void)register_with(&e->w.peer, sdg_buf_str(&e->eab));
    acme_peer_assert_problem(&e->w.peer, 400, "malformed");
    assert_unused(e);
  }
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
    (void)register_with(&e->w.peer, types[i]);
    acme_peer_assert_problem(&e->w.peer, 400, "malformed");
    assert_unused(e);
  }
  /* and the vector all of them were made from is good */
  bind(e, GOOD_HEADER, jwk_of(&e->w.peer), e->mac_key, STARDELEG_ALG_HS256, "");
  assert_int_equal(register_with(&e->w.peer, sdg_buf_str(&e->eab)), 201);
}

/* Step two: what the header must and must not have. */
static void test_step_header(void **state)
{
  static const char *const bad[] = {
      "{\"alg\":\"HS256\",\"url\":\"" NEW_ACCOUNT "\"}",
      "{\"alg\":\"HS256\",\"kid\":\"cdn-1\"}",
      "{\"alg\":\"HS256\",\"kid\":\"cdn-1\",\"url\":\"" SERVER_BASE "/new-order\"}",
      "{\"alg\":\"HS256\",\"kid\":\"cdn-1\",\"url\":\"" NEW_ACCOUNT "/\"}",
      "{\"alg\":\"HS256\",\"kid\":\"cdn-1\",\"url\":\"" NEW_ACCOUNT "\",\"nonce\":\"AAAA\"}",
      "{\"alg\":\"HS384\",\"kid\":\"cdn-1\",\"url\":\"" NEW_ACCOUNT "\"}",
      "{\"alg\":\"none\",\"kid\":\"cdn-1\",\"url\":\"" NEW_ACCOUNT "\"}",
      "{\"alg\":\"ES256\",\"kid\":\"cdn-1\",\"url\":\"" NEW_ACCOUNT "\"}",
  };
  eab_world *e = *state;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    bind(e, bad[i], jwk_of(&e->w.peer), e->mac_key, STARDELEG_ALG_HS256, "");
    assert_refused(e, sdg_buf_str(&e->eab));
  }
  /* signed by the account's own key: nobody has vouched for it */
  bind(e, "{\"alg\":\"ES256\",\"kid\":\"cdn-1\",\"url\":\"" NEW_ACCOUNT "\"}", jwk_of(&e->w.peer), e->mac_key,
       STARDELEG_ALG_ES256, "");
  assert_refused(e, sdg_buf_str(&e->eab));
}

/* Steps three and four: the key of that identifier, and its MAC. */
static void test_step_mac(void **state)
{
  static const char *const names[] = {"cdn-2", "", "CDN-1", "cdn-1 ", "../cdn-1", "cdn-1/x", ".", "eab-cdn-1"};
  eab_world *e = *state;
  char header[256];
  char other_key[64];
  char flipped[64];

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    (void)snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"%s\",\"url\":\"" NEW_ACCOUNT "\"}", names[i]);
    bind(e, header, jwk_of(&e->w.peer), e->mac_key, STARDELEG_ALG_HS256, "");
    assert_refused(e, sdg_buf_str(&e->eab));
  }
  assert_ok(sdg_eab_add(test_crypto(), e->w.store, e->w.secrets, "cdn-9", other_key, e->w.now));
  bind(e, GOOD_HEADER, jwk_of(&e->w.peer), other_key, STARDELEG_ALG_HS256, "");
  assert_refused(e, sdg_buf_str(&e->eab));
  memcpy(flipped, e->mac_key, sizeof(flipped));
  flipped[5] = flipped[5] == 'A' ? 'B' : 'A';
  bind(e, GOOD_HEADER, jwk_of(&e->w.peer), flipped, STARDELEG_ALG_HS256, "");
  assert_refused(e, sdg_buf_str(&e->eab));
}

/* Step five: the very key that signs the request. */
static void test_step_payload(void **state)
{
  static const char *const bad[] = {"",   "{}", "null",
                                    "[]", "x",  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}"};
  eab_world *e = *state;
  acme_peer other;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    bind(e, GOOD_HEADER, bad[i], e->mac_key, STARDELEG_ALG_HS256, "");
    assert_refused(e, sdg_buf_str(&e->eab));
  }
  /* a binding for one key under the request of another: stolen on its way */
  server_world_peer(&e->w, &other, STARDELEG_KEY_P256);
  acme_peer_eab(&other, &e->eab, "cdn-1", e->mac_key);
  assert_refused(e, sdg_buf_str(&e->eab));
  acme_peer_clear(&other);
}

/* --- Once --- */

static void test_spent(void **state)
{
  eab_world *e = *state;
  acme_peer other;

  acme_peer_eab(&e->w.peer, &e->eab, "cdn-1", e->mac_key);
  assert_int_equal(register_with(&e->w.peer, sdg_buf_str(&e->eab)), 201);
  /* again by the same key: the account there is */
  assert_int_equal(register_with(&e->w.peer, sdg_buf_str(&e->eab)), 200);
  /* by another: refused, in another process too */
  server_world_peer(&e->w, &other, STARDELEG_KEY_P256);
  acme_peer_eab(&other, &e->eab, "cdn-1", e->mac_key);
  (void)register_with(&other, sdg_buf_str(&e->eab));
  acme_peer_assert_problem(&other, 403, "unauthorized");
  server_world_restart(&e->w);
  other.nonce[0] = '\0';
  (void)register_with(&other, sdg_buf_str(&e->eab));
  acme_peer_assert_problem(&other, 403, "unauthorized");
  assert_int_equal(server_world_count(&e->w, "account"), 1);
  acme_peer_clear(&other);
}

typedef struct user {
  eab_world *e;
  char body[8192];
  int status;
} user;

static void *use_one(void *arg)
{
  user *u = arg;
  stardeleg_http_header type = {SDG_BYTES_LITERAL("Content-Type"), SDG_BYTES_LITERAL("application/jose+json")};
  stardeleg_http_request request = {.method = "POST",
                                    .url = "/acme/new-account",
                                    .headers = &type,
                                    .header_count = 1,
                                    .body = sdg_bytes_str(u->body)};
  stardeleg_http_reply *reply = NULL;

  if (sdg_server_handle(u->e->w.server, &request, u->e->w.now, &reply) == STARDELEG_OK) {
    u->status = stardeleg_http_reply_view(reply)->status;
  }
  stardeleg_http_reply_free(reply);
  return NULL;
}

/* Two keys, one binding, at the same time: one account. */
static void test_spent_in_threads(void **state)
{
  static user users[2];
  eab_world *e = *state;

  for (size_t round = 0; round < 20; round++) {
    acme_peer peers[2];
    pthread_t threads[2];
    char name[32];
    char payload[6000];
    sdg_buf body;

    (void)snprintf(name, sizeof(name), "round-%zu", round);
    assert_ok(sdg_eab_add(test_crypto(), e->w.store, e->w.secrets, name, e->mac_key, e->w.now));
    sdg_buf_init(&body, 1 << 16);
    for (size_t i = 0; i < 2; i++) {
      server_world_peer(&e->w, &peers[i], STARDELEG_KEY_P256);
      acme_peer_eab(&peers[i], &e->eab, name, e->mac_key);
      (void)snprintf(payload, sizeof(payload), "{\"externalAccountBinding\":%s}", sdg_buf_str(&e->eab));
      acme_peer_build(&peers[i], &body, &(acme_peer_jws){.url = NEW_ACCOUNT, .payload = payload, .by_jwk = true});
      users[i].e = e;
      (void)snprintf(users[i].body, sizeof(users[i].body), "%s", sdg_buf_str(&body));
    }
    for (size_t i = 0; i < 2; i++) {
      assert_int_equal(pthread_create(&threads[i], NULL, use_one, &users[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
      assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(users[0].status + users[1].status, 201 + 403);
    assert_int_equal(server_world_count(&e->w, "account"), round + 1);
    acme_peer_clear(&peers[0]);
    acme_peer_clear(&peers[1]);
    sdg_buf_clear(&body);
  }
}

/* --- Servers that do not ask for it --- */

/* ACME-7.3.4-08: not verified, not reflected; verified if it can be, though nobody asked */
static void test_not_required(void **state)
{
  eab_world *e = *state;
  acme_peer other;

  e->w.options.eab_required = false;
  server_world_restart(&e->w);
  bind(e, GOOD_HEADER, "{}", e->mac_key, STARDELEG_ALG_HS256, "");
  assert_refused(e, sdg_buf_str(&e->eab));
  acme_peer_eab(&e->w.peer, &e->eab, "cdn-1", e->mac_key);
  assert_int_equal(register_with(&e->w.peer, sdg_buf_str(&e->eab)), 201);
  assert_non_null(sdg_json_member(e->w.peer.json, "externalAccountBinding"));
  assert_int_equal(acme_peer_get(&e->w.peer, SERVER_BASE "/directory"), 200);
  assert_false(sdg_json_bool(sdg_json_member(sdg_json_member(e->w.peer.json, "meta"), "externalAccountRequired")));
  e->w.options.secrets = NULL;
  server_world_restart(&e->w);
  server_world_peer(&e->w, &other, STARDELEG_KEY_P256);
  assert_int_equal(register_with(&other, sdg_buf_str(&e->eab)), 201);
  assert_null(sdg_json_member(other.json, "externalAccountBinding"));
  acme_peer_clear(&other);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_add),      T(test_add_in_threads), T(test_good),  T(test_step_form),        T(test_step_header),
      T(test_step_mac), T(test_step_payload),   T(test_spent), T(test_spent_in_threads), T(test_not_required),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
