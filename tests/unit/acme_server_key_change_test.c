/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_key_change_test.c -- account key rollover: nine checks, and only one key afterwards. */
#include "support/test.h"

#include <pthread.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "support/server_world.h"

#define KEY_CHANGE SERVER_BASE "/key-change"

typedef struct change_world {
  server_world w;
  stardeleg_key *new_key;
  sdg_buf inner;
} change_world;

static int set_up(void **state)
{
  static change_world c;

  server_world_start(&c.w);
  assert_ok(stardeleg_key_generate(&c.new_key, test_crypto(), STARDELEG_KEY_P256));
  sdg_buf_init(&c.inner, 1 << 16);
  *state = &c;
  return 0;
}

static int tear_down(void **state)
{
  change_world *c = *state;

  sdg_buf_clear(&c->inner);
  stardeleg_key_free(c->new_key);
  server_world_clear(&c->w);
  return 0;
}

static const char *jwk_of(const stardeleg_key *key)
{
  static char room[4][2048];
  static unsigned turn;
  char *out = room[turn++ % 4];
  sdg_buf jwk;

  sdg_buf_init(&jwk, 1 << 16);
  assert_ok(sdg_jwk_write(&jwk, stardeleg_key_spki(key)));
  (void)snprintf(out, sizeof(room[0]), "%s", sdg_buf_str(&jwk));
  sdg_buf_clear(&jwk);
  return out;
}

static const char *change_payload(const char *account, const char *old_jwk)
{
  static char room[4096];

  (void)snprintf(room, sizeof(room), "{\"account\":\"%s\",\"oldKey\":%s}", account, old_jwk);
  return room;
}

/* The inner JWS by the new key; |spoil| overrides its parts. */
static const char *inner_of(change_world *c, const acme_peer_jws *spoil)
{
  acme_peer_jws jws = spoil != NULL ? *spoil : (acme_peer_jws){0};

  jws.url = KEY_CHANGE;
  jws.signer = jws.signer != NULL ? jws.signer : c->new_key;
  jws.by_jwk = jws.kid == NULL;
  jws.nonce = jws.nonce != NULL ? jws.nonce : "-";
  if (jws.payload == NULL) {
    jws.payload = change_payload(c->w.peer.kid, jwk_of(c->w.peer.key));
  }
  acme_peer_build(&c->w.peer, &c->inner, &jws);
  return sdg_buf_str(&c->inner);
}

static void use_new_key(change_world *c)
{
  stardeleg_key *old = c->w.peer.key;

  c->w.peer.key = c->new_key;
  c->new_key = old;
}

/* Nothing has changed: the old key is good, the new one is not. */
static void assert_refused(change_world *c, int status, const char *type)
{
  acme_peer_assert_problem(&c->w.peer, status, type);
  assert_int_equal(acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a"), 200);
  use_new_key(c);
  assert_true(acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a") >= 400);
  use_new_key(c);
  assert_int_equal(server_world_count(&c->w, "account-key"), 1);
}

/* ACME-7.3.5-04 (all nine), ACME-7.3.5-05 */
static void test_good(void **state)
{
  change_world *c = *state;
  char kid[512];

  (void)snprintf(kid, sizeof(kid), "%s", c->w.peer.kid);
  assert_int_equal(acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, NULL)), 200);
  assert_string_equal(acme_peer_string(&c->w.peer, "status"), "valid");
  /* the old key is nobody's */
  (void)acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a");
  acme_peer_assert_problem(&c->w.peer, 400, "malformed");
  (void)acme_peer_new_account(&c->w.peer, "{\"onlyReturnExisting\":true}");
  acme_peer_assert_problem(&c->w.peer, 400, "accountDoesNotExist");
  use_new_key(c);
  assert_int_equal(acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a"), 200);
  assert_int_equal(acme_peer_new_account(&c->w.peer, "{\"onlyReturnExisting\":true}"), 200);
  assert_string_equal(c->w.peer.kid, kid);
  assert_int_equal(server_world_count(&c->w, "account"), 1);
  assert_int_equal(server_world_count(&c->w, "account-key"), 1);
  /* and back again, in a new process */
  server_world_restart(&c->w);
  c->w.peer.nonce[0] = '\0';
  assert_int_equal(acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, NULL)), 200);
  use_new_key(c);
  assert_int_equal(acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a"), 200);
}

static void test_other_kinds(void **state)
{
  static const stardeleg_key_spec specs[] = {STARDELEG_KEY_P384, STARDELEG_KEY_RSA2048, STARDELEG_KEY_ED25519};
  change_world *c = *state;

  for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
    if ((test_crypto()->ops->key_specs & (1u << specs[i])) == 0) {
      continue;
    }
    stardeleg_key_free(c->new_key);
    c->new_key = NULL;
    assert_ok(stardeleg_key_generate(&c->new_key, test_crypto(), specs[i]));
    assert_int_equal(acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, NULL)), 200);
    use_new_key(c);
    assert_int_equal(acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a"), 200);
  }
}

/* 1: a currently active account signs the outer JWS */
static void test_check_1(void **state)
{
  change_world *c = *state;

  (void)acme_peer_send(&c->w.peer,
                         &(acme_peer_jws){.url = KEY_CHANGE, .payload = inner_of(c, NULL), .by_jwk = true});
  assert_refused(c, 400, "malformed");
  (void)acme_peer_send(&c->w.peer,
                         &(acme_peer_jws){.url = KEY_CHANGE, .payload = inner_of(c, NULL), .signer = c->new_key});
  assert_refused(c, 400, "malformed");
  (void)acme_peer_fetch(&c->w.peer, KEY_CHANGE);
  assert_refused(c, 400, "malformed");
  assert_int_equal(acme_peer_post(&c->w.peer, c->w.peer.kid, "{\"status\":\"deactivated\"}"), 200);
  (void)acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, NULL));
  acme_peer_assert_problem(&c->w.peer, 401, "unauthorized");
}

/* 2, 3 and 4: a JWS, with a jwk, verified by that key */
static void test_checks_2_to_4(void **state)
{
  static const acme_peer_jws bad[] = {
      {.outer_more = ",\"header\":{}"},
      {.outer_more = ",\"signatures\":[]"},
      {.payload_member = "-"},
      {.signature_member = "-"},
      {.protected_is = "[]"},
      {.more = ",\"crit\":[\"x\"]"},
      {.more = ",\"b64\":false"},
      {.kid = "\"https://ca.example/acme/acct/x\""},
      {.jwk = "-"},
      {.nonce = "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""},
      {.signature_member = "\"AAAA\""},
      {.payload_member = "\"e30\""},
  };
  change_world *c = *state;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, &bad[i]));
    assert_refused(c, 400, "malformed");
  }
  (void)acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, &(acme_peer_jws){.alg = "\"none\""}));
  assert_refused(c, 400, "badSignatureAlgorithm");
  (void)acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, &(acme_peer_jws){.alg = "\"HS256\""}));
  assert_refused(c, 400, "badSignatureAlgorithm");
  (void)acme_peer_post(&c->w.peer, KEY_CHANGE,
                         inner_of(c, &(acme_peer_jws){.jwk = "{\"kty\":\"oct\",\"k\":\"AAAA\"}"}));
  assert_refused(c, 400, "badPublicKey");
  /* somebody else's key, signed by one's own: taking over a key that one does not have */
  (void)acme_peer_post(&c->w.peer, KEY_CHANGE,
                         inner_of(c, &(acme_peer_jws){.jwk = jwk_of(c->new_key), .signer = c->w.peer.key}));
  assert_refused(c, 400, "malformed");
}

/* 5, 7 and 8: the inner payload */
static void test_checks_5_7_8(void **state)
{
  change_world *c = *state;
  acme_peer other;
  char own[512];
  const char *payloads[12];
  char text[12][4096];
  size_t n = 0;

  server_world_peer(&c->w, &other, STARDELEG_KEY_P256);
  (void)snprintf(own, sizeof(own), "%s", jwk_of(c->w.peer.key));
#define ADD(...) (void)snprintf(text[n], sizeof(text[n]), __VA_ARGS__), payloads[n] = text[n], n++
  ADD("{}");
  ADD("[]");
  ADD("x");
  ADD("{\"account\":\"%s\"}", c->w.peer.kid);
  ADD("{\"oldKey\":%s}", own);
  ADD("{\"account\":1,\"oldKey\":%s}", own);
  ADD("{\"account\":\"%s\",\"oldKey\":\"x\"}", c->w.peer.kid);
  ADD("{\"account\":\"%s/\",\"oldKey\":%s}", c->w.peer.kid, own);
  ADD("{\"account\":\"" SERVER_BASE "/acct/other\",\"oldKey\":%s}", own);
  ADD("{\"account\":\"%s\",\"oldKey\":%s}", c->w.peer.kid, jwk_of(c->new_key));
  ADD("{\"account\":\"%s\",\"oldKey\":%s}", c->w.peer.kid, jwk_of(other.key));
#undef ADD
  for (size_t i = 0; i < n; i++) {
    (void)acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, &(acme_peer_jws){.payload = payloads[i]}));
    assert_refused(c, 400, "malformed");
  }
  (void)acme_peer_post(
      &c->w.peer, KEY_CHANGE,
      inner_of(c, &(acme_peer_jws){.payload = change_payload(c->w.peer.kid, "{\"kty\":\"oct\",\"k\":\"AA\"}")}));
  assert_refused(c, 400, "badPublicKey");
  acme_peer_clear(&other);
}

/* 6: one url for both */
static void test_check_6(void **state)
{
  static const char *const bad[] = {"-", "\"" SERVER_BASE "/new-account\"", "\"" KEY_CHANGE "/\"", "\"\"",
                                    "\"https://evil.example/acme/key-change\""};
  change_world *c = *state;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, &(acme_peer_jws){.header_url = bad[i]}));
    assert_refused(c, 400, "malformed");
  }
}

/* 9: ACME-7.3.5-06 */
static void test_check_9(void **state)
{
  change_world *c = *state;
  acme_peer other;

  server_world_peer(&c->w, &other, STARDELEG_KEY_P256);
  acme_peer_register(&other);
  (void)acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, &(acme_peer_jws){.signer = other.key}));
  acme_peer_assert_problem(&c->w.peer, 409, "malformed");
  assert_string_equal(acme_peer_header(&c->w.peer, "Location"), other.kid);
  /* one's own key is taken as well: by oneself */
  (void)acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, &(acme_peer_jws){.signer = c->w.peer.key}));
  acme_peer_assert_problem(&c->w.peer, 409, "malformed");
  assert_string_equal(acme_peer_header(&c->w.peer, "Location"), c->w.peer.kid);
  assert_int_equal(acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a"), 200);
  assert_int_equal(acme_peer_fetch(&other, SERVER_BASE "/thing/a"), 200);
  assert_int_equal(server_world_count(&c->w, "account-key"), 2);
  acme_peer_clear(&other);
}

/* --- Races --- */

typedef struct changer {
  change_world *c;
  stardeleg_key *key;
  char body[8192];
  int status;
} changer;

static void *change_one(void *arg)
{
  changer *ch = arg;
  stardeleg_http_header type = {SDG_BYTES_LITERAL("Content-Type"), SDG_BYTES_LITERAL("application/jose+json")};
  stardeleg_http_request request = {.method = "POST",
                                    .url = "/acme/key-change",
                                    .headers = &type,
                                    .header_count = 1,
                                    .body = sdg_bytes_str(ch->body)};
  stardeleg_http_reply *reply = NULL;

  if (sdg_server_handle(ch->c->w.server, &request, ch->c->w.now, &reply) == STARDELEG_OK) {
    ch->status = stardeleg_http_reply_view(reply)->status;
  }
  stardeleg_http_reply_free(reply);
  return NULL;
}

/* Two changes away from one key: the second is signed by a key that is no longer the account's. */
static void test_two_at_once(void **state)
{
  static changer all[2];
  change_world *c = *state;

  for (size_t round = 0; round < 20; round++) {
    pthread_t threads[2];
    size_t winner;
    sdg_buf body;

    sdg_buf_init(&body, 1 << 16);
    for (size_t i = 0; i < 2; i++) {
      all[i].c = c;
      assert_ok(stardeleg_key_generate(&all[i].key, test_crypto(), STARDELEG_KEY_P256));
      c->w.peer.nonce[0] = '\0';
      acme_peer_build(
          &c->w.peer, &body,
          &(acme_peer_jws){.url = KEY_CHANGE, .payload = inner_of(c, &(acme_peer_jws){.signer = all[i].key})});
      (void)snprintf(all[i].body, sizeof(all[i].body), "%s", sdg_buf_str(&body));
    }
    for (size_t i = 0; i < 2; i++) {
      assert_int_equal(pthread_create(&threads[i], NULL, change_one, &all[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
      assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal((all[0].status == 200) + (all[1].status == 200), 1);
    winner = all[0].status == 200 ? 0 : 1;
    assert_true(all[1 - winner].status == 401 || all[1 - winner].status == 400);
    assert_int_equal(server_world_count(&c->w, "account-key"), 1);
    stardeleg_key_free(c->w.peer.key);
    c->w.peer.key = all[winner].key;
    stardeleg_key_free(all[1 - winner].key);
    c->w.peer.nonce[0] = '\0';
    assert_int_equal(acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a"), 200);
    sdg_buf_clear(&body);
  }
}

/* A store that lets a key change in just before the account is read for change. */
typedef struct meddling {
  stardeleg_store_ops ops;
  stardeleg_store *under;
  stardeleg_store store;
  unsigned account_gets;
  changer *first;
} meddling;

static meddling *meddler;

static stardeleg_err meddle_get(void *self, const char *kind, const char *key, stardeleg_record *out)
{
  meddling *m = meddler;

  (void)self;
  if (m->first != NULL && strcmp(kind, "account") == 0 && ++m->account_gets == 2) {
    changer *first = m->first;

    m->first = NULL;
    (void)change_one(first);
  }
  return m->under->ops->get(m->under->self, kind, key, out);
}

static void test_change_in_between(void **state)
{
  static changer first;
  static meddling m;
  change_world *c = *state;
  sdg_buf body;

  sdg_buf_init(&body, 1 << 16);
  meddler = &m;
  m.under = c->w.store;
  m.ops = *c->w.store->ops;
  m.ops.get = meddle_get;
  m.store = (stardeleg_store){&m.ops, c->w.store->self};
  c->w.options.store = &m.store;
  server_world_restart(&c->w);
  c->w.peer.nonce[0] = '\0';
  assert_int_equal(acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a"), 200); /* the key is in the cache */
  first.c = c;
  assert_ok(stardeleg_key_generate(&first.key, test_crypto(), STARDELEG_KEY_P256));
  c->w.peer.nonce[0] = '\0';
  acme_peer_build(
      &c->w.peer, &body,
      &(acme_peer_jws){.url = KEY_CHANGE, .payload = inner_of(c, &(acme_peer_jws){.signer = first.key})});
  (void)snprintf(first.body, sizeof(first.body), "%s", sdg_buf_str(&body));
  c->w.peer.nonce[0] = '\0';
  m.account_gets = 0;
  m.first = &first;
  (void)acme_peer_post(&c->w.peer, KEY_CHANGE, inner_of(c, NULL));
  assert_int_equal(first.status, 200);
  acme_peer_assert_problem(&c->w.peer, 401, "unauthorized");
  stardeleg_key_free(c->w.peer.key);
  c->w.peer.key = first.key;
  assert_int_equal(acme_peer_fetch(&c->w.peer, SERVER_BASE "/thing/a"), 200);
  sdg_buf_clear(&body);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_good),    T(test_other_kinds), T(test_check_1),     T(test_checks_2_to_4),     T(test_checks_5_7_8),
      T(test_check_6), T(test_check_9),     T(test_two_at_once), T(test_change_in_between),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
