/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server_account_test.c -- directory, accounts and lists. */
#include "support/test.h"

#include <pthread.h>

#include "base/bytes.h"
#include "support/server_world.h"

static int set_up(void **state)
{
  static server_world w;

  server_world_init(&w);
  *state = &w;
  return 0;
}

/* --- Directory --- */

/* ACME-6.3-05, ACME-7.1-01, ACME-7.1.1-01, ACME-7.1.1-02, ACME-7.3.4-02 */
static void test_the_directory(void **state)
{
  static const char *const members[][2] = {{"newNonce", SERVER_BASE "/new-nonce"},
                                           {"newAccount", SERVER_BASE "/new-account"},
                                           {"newOrder", SERVER_BASE "/new-order"},
                                           {"keyChange", SERVER_BASE "/key-change"}};
  server_world *w = *state;
  const sdg_json *meta;

  w->options.eab_required = true;
  w->options.terms_of_service = "https://ca.example/terms";
  w->options.website = "https://www.example/";
  server_world_open(w);
  assert_int_equal(acme_peer_get(&w->peer, SERVER_BASE "/directory"), 200);
  assert_string_equal(acme_peer_header(&w->peer, "Content-Type"), "application/json");
  assert_null(acme_peer_header(&w->peer, "Replay-Nonce"));
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(acme_peer_string(&w->peer, members[i][0]), members[i][1]);
  }
  assert_null(sdg_json_member(w->peer.json, "newAuthz")); /* ACME-7.4.1-02: unwilling, for all names */
  meta = sdg_json_member(w->peer.json, "meta");
  assert_int_equal(sdg_json_type_of(meta), SDG_JSON_OBJECT);
  assert_true(sdg_json_bool(sdg_json_member(meta, "externalAccountRequired")));
  assert_string_equal(sdg_json_string(sdg_json_member(meta, "termsOfService")), "https://ca.example/terms");
  assert_string_equal(sdg_json_string(sdg_json_member(meta, "website")), "https://www.example/");
  assert_int_equal(acme_peer_head(&w->peer, SERVER_BASE "/directory"), 200);
}

static void test_options(void **state)
{
  static const char *const bad[] = {NULL,
                                    "",
                                    "http://ca.example/acme",
                                    "https://ca.example/acme/",
                                    "https://ca.example/",
                                    "https://ca.example/acme?x",
                                    "ca.example",
                                    "https://",
                                    "ftp://ca.example/acme"};
  server_world *w = *state;
  stardeleg_problem problem;
  sdg_server *server = NULL;

  server_world_open(w);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    w->options.base_url = bad[i];
    assert_err(STARDELEG_ERR_CONFIG, sdg_server_new(&server, &w->options, &problem));
    assert_true(problem.detail[0] != '\0');
    assert_null(server);
  }
  w->options.base_url = "https://ca.example:8443";
  w->options.secrets = NULL;
  for (int i = 0; i < 2; i++) {
    w->options.eab_required = i == 0;
    w->options.shared_nonces = i == 1;
    assert_err(STARDELEG_ERR_CONFIG, sdg_server_new(&server, &w->options, &problem));
    assert_non_null(strstr(problem.detail, "need a secret store"));
  }
  w->options.shared_nonces = false;
  assert_ok(sdg_server_new(&server, &w->options, &problem));
  sdg_server_free(server);
  sdg_server_free(NULL);
}

/* A server right below its host, on a port. */
static void test_other_base(void **state)
{
  server_world *w = *state;

  w->options.base_url = "https://ca.example:8443";
  server_world_open(w);
  acme_peer_register(&w->peer);
  assert_true(strncmp(w->peer.kid, "https://ca.example:8443/acct/", 29) == 0);
  assert_int_equal(acme_peer_fetch(&w->peer, w->peer.kid), 200);
  assert_int_equal(acme_peer_fetch(&w->peer, "https://ca.example:8443/thing/a"), 200);
  (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = "https://ca.example:8443/thing/a",
                                                      .payload = "",
                                                      .header_url = "\"https://ca.example/thing/a\""});
  acme_peer_assert_problem(&w->peer, 403, "unauthorized");
}

/* --- newAccount --- */

/* ACME-7.1.2-01, ACME-7.3-01, ACME-7.3-10 */
static void test_create(void **state)
{
  static const char payload[] =
      "{\"contact\":[\"" SERVER_MAIL "\",\"mailto:b@example.org\"],\"orders\":\"https://evil/\","
      "\"foo\":{\"a\":1},\"onlyReturnExisting\":false,\"termsOfServiceAgreed\":true,"
      "\"status\":\"revoked\",\"delegations\":\"https://evil/\"}";
  server_world *w = *state;
  const sdg_json *contact;
  char orders[600];

  server_world_open(w);
  assert_int_equal(acme_peer_new_account(&w->peer, payload), 201);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "valid");
  contact = sdg_json_member(w->peer.json, "contact");
  assert_int_equal(sdg_json_count(contact), 2);
  assert_string_equal(sdg_json_string(sdg_json_first(contact)), SERVER_MAIL);
  (void)snprintf(orders, sizeof(orders), "%s/orders", w->peer.kid);
  assert_string_equal(acme_peer_string(&w->peer, "orders"), orders);
  assert_true(sdg_json_bool(sdg_json_member(w->peer.json, "termsOfServiceAgreed")));
  assert_null(sdg_json_member(w->peer.json, "foo"));
  assert_null(sdg_json_member(w->peer.json, "onlyReturnExisting"));
  assert_null(sdg_json_member(w->peer.json, "delegations")); /* STARDEL-2.3.1.1-03: this server delegates nothing */
  assert_null(sdg_json_member(w->peer.json, "externalAccountBinding"));
  assert_int_equal(sdg_json_count(w->peer.json), 4);
  assert_true(strlen(w->peer.kid) >= strlen(SERVER_BASE "/acct/") + 22); /* 128 bits */
}

/* ACME-7.3-02 to 7.3-07 */
static void test_contacts(void **state)
{
  static const char *const bad[][2] = {
      {"[\"tel:+15551212\"]", "unsupportedContact"},
      {"[\"https://example.org/\"]", "unsupportedContact"},
      {"[\"a@example.org\"]", "unsupportedContact"},
      {"[\"\"]", "unsupportedContact"},
      {"[\"mailto:\"]", "invalidContact"},
      {"[\"mailto:a\"]", "invalidContact"},
      {"[\"mailto:@example.org\"]", "invalidContact"},
      {"[\"mailto:a@example.org,b@example.org\"]", "invalidContact"},
      {"[\"mailto:a@example.org?subject=x\"]", "invalidContact"},
      {"[\"mailto:a@example.org?\"]", "invalidContact"},
      {"[\"mailto:a@example.org\\r\\nBcc: b@example.org\"]", "invalidContact"},
      {"[\"mailto:a b@example.org\"]", "invalidContact"},
      {"[\"mailto:a@exa_mple.org\"]", "invalidContact"},
      {"[\"" SERVER_MAIL "\",\"tel:1\"]", "unsupportedContact"},
      {"[\"" SERVER_MAIL "\",\"mailto:x\"]", "invalidContact"},
      {"[1]", "malformed"},
      {"\"" SERVER_MAIL "\"", "malformed"},
      {"{}", "malformed"},
      {"null", "malformed"},
      {"[\"mailto:a@b.c\",\"mailto:a@b.c\",\"mailto:a@b.c\",\"mailto:a@b.c\",\"mailto:a@b.c\",\"mailto:a@b.c\","
       "\"mailto:a@b.c\",\"mailto:a@b.c\",\"mailto:a@b.c\"]",
       "invalidContact"},
  };
  server_world *w = *state;
  char payload[1024];

  server_world_open(w);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)snprintf(payload, sizeof(payload), "{\"contact\":%s}", bad[i][0]);
    (void)acme_peer_new_account(&w->peer, payload);
    acme_peer_assert_problem(&w->peer, 400, bad[i][1]);
    assert_int_equal(server_world_count(w, "account"), 0);
  }
  (void)acme_peer_new_account(&w->peer, "{\"contact\":[\"tel:+1\"]}");
  assert_non_null(strstr(acme_peer_string(&w->peer, "detail"), "mailto")); /* what would do (ACME-7.3-06) */
  assert_int_equal(acme_peer_new_account(&w->peer, "{\"contact\":[\"MAILTO:a@example.org\"]}"), 201);
  /* The same when they are changed; what was there stays. */
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)snprintf(payload, sizeof(payload), "{\"contact\":%s}", bad[i][0]);
    (void)acme_peer_post(&w->peer, w->peer.kid, payload);
    acme_peer_assert_problem(&w->peer, 400, bad[i][1]);
  }
  assert_int_equal(acme_peer_fetch(&w->peer, w->peer.kid), 200);
  assert_non_null(strstr(w->peer.body, "MAILTO:a@example.org"));
}

/* ACME-7.3-08, and the header and member RFC 8555 7.3.3 wants with this type */
static void test_terms(void **state)
{
  static const char *const bad[] = {"{}", "{\"termsOfServiceAgreed\":false}"};
  static const char *const mistyped[] = {"{\"termsOfServiceAgreed\":\"true\"}", "{\"termsOfServiceAgreed\":1}",
                                         "{\"termsOfServiceAgreed\":null}"};
  server_world *w = *state;

  w->options.terms_of_service = "https://ca.example/terms";
  server_world_open(w);
  for (size_t i = 0; i < 2; i++) {
    (void)acme_peer_new_account(&w->peer, bad[i]);
    acme_peer_assert_problem(&w->peer, 403, "userActionRequired");
    assert_non_null(acme_peer_link(&w->peer, "terms-of-service"));
    assert_string_equal(acme_peer_link(&w->peer, "terms-of-service"), "https://ca.example/terms");
    assert_string_equal(acme_peer_string(&w->peer, "instance"), "https://ca.example/terms");
  }
  for (size_t i = 0; i < 3; i++) {
    (void)acme_peer_new_account(&w->peer, mistyped[i]);
    acme_peer_assert_problem(&w->peer, 400, "malformed");
  }
  assert_int_equal(server_world_count(w, "account"), 0);
  acme_peer_register(&w->peer);
}

/* ACME-7.3.1-01, ACME-7.3.1-03 */
static void test_existing(void **state)
{
  server_world *w = *state;
  char kid[512];

  server_world_open(w);
  (void)acme_peer_new_account(&w->peer, "{\"onlyReturnExisting\":true}");
  acme_peer_assert_problem(&w->peer, 400, "accountDoesNotExist");
  assert_int_equal(server_world_count(w, "account"), 0);
  assert_int_equal(server_world_count(w, "account-key"), 0);
  assert_int_equal(acme_peer_new_account(&w->peer, "{\"contact\":[\"" SERVER_MAIL "\"]}"), 201);
  (void)snprintf(kid, sizeof(kid), "%s", w->peer.kid);
  assert_int_equal(acme_peer_new_account(&w->peer, "{\"onlyReturnExisting\":true}"), 200);
  assert_string_equal(w->peer.kid, kid);
  /* members are ignored, whatever they are */
  assert_int_equal(acme_peer_new_account(&w->peer, "{\"contact\":[\"mailto:other@example.org\"]}"), 200);
  assert_int_equal(acme_peer_new_account(&w->peer, "{\"contact\":[\"tel:1\"]}"), 200);
  assert_int_equal(acme_peer_new_account(&w->peer, "{\"contact\":7,\"externalAccountBinding\":[]}"), 200);
  assert_string_equal(w->peer.kid, kid);
  assert_non_null(strstr(w->peer.body, SERVER_MAIL));
  assert_int_equal(server_world_count(w, "account"), 1);
}

/* --- The account's own resource --- */

/* ACME-7.3.2-01, ACME-7.3.2-02 */
static void test_update(void **state)
{
  server_world *w = *state;

  server_world_open(w);
  acme_peer_register(&w->peer);
  assert_int_equal(acme_peer_post(&w->peer, w->peer.kid,
                                    "{\"contact\":[\"" SERVER_MAIL
                                    "\"],\"orders\":\"https://evil/\",\"status\":\"revoked\","
                                    "\"termsOfServiceAgreed\":false,\"foo\":1,\"onlyReturnExisting\":true}"),
                   200);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "valid");
  assert_non_null(strstr(w->peer.body, SERVER_MAIL));
  assert_null(strstr(w->peer.body, "evil"));
  assert_null(strstr(w->peer.body, "foo"));
  assert_true(sdg_json_bool(sdg_json_member(w->peer.json, "termsOfServiceAgreed")));
  /* What does not count may be anything. */
  assert_int_equal(acme_peer_post(&w->peer, w->peer.kid,
                                    "{\"status\":7,\"termsOfServiceAgreed\":\"x\",\"onlyReturnExisting\":[],"
                                    "\"externalAccountBinding\":0,\"orders\":{}}"),
                   200);
  assert_non_null(strstr(w->peer.body, SERVER_MAIL)); /* no contact member: contacts as they were */
  assert_int_equal(acme_peer_post(&w->peer, w->peer.kid, "{\"contact\":[]}"), 200);
  assert_null(sdg_json_member(w->peer.json, "contact"));
  assert_int_equal(acme_peer_post(&w->peer, w->peer.kid, "{\"status\":\"valid\"}"), 200);
  assert_int_equal(w->deactivations, 0);
  /* and it is still there in another process */
  server_world_restart(w);
  w->peer.nonce[0] = '\0';
  assert_int_equal(acme_peer_fetch(&w->peer, w->peer.kid), 200);
  assert_string_equal(acme_peer_header(&w->peer, "Location"), w->peer.kid);
}

/* ACME-6.3-03 */
static void test_other_account(void **state)
{
  server_world *w = *state;
  acme_peer other;
  char url[600];

  server_world_open(w);
  acme_peer_register(&w->peer);
  server_world_peer(w, &other, STARDELEG_KEY_P256);
  acme_peer_register(&other);
  (void)acme_peer_fetch(&other, w->peer.kid);
  acme_peer_assert_problem(&other, 403, "unauthorized");
  (void)acme_peer_post(&other, w->peer.kid, "{\"status\":\"deactivated\"}");
  acme_peer_assert_problem(&other, 403, "unauthorized");
  (void)acme_peer_fetch(&other, SERVER_BASE "/acct/nobody");
  acme_peer_assert_problem(&other, 403, "unauthorized");
  (void)snprintf(url, sizeof(url), "%s/orders", w->peer.kid);
  (void)acme_peer_fetch(&other, url);
  acme_peer_assert_problem(&other, 403, "unauthorized");
  assert_int_equal(acme_peer_fetch(&w->peer, url), 200);
  assert_int_equal(sdg_json_type_of(sdg_json_member(w->peer.json, "orders")), SDG_JSON_ARRAY);
  assert_int_equal(w->deactivations, 0);
  acme_peer_clear(&other);
}

/* ACME-7.3.6-02, ACME-7.3.6-03 */
static void test_deactivate(void **state)
{
  server_world *w = *state;
  char kid[512];

  server_world_open(w);
  acme_peer_register(&w->peer);
  (void)snprintf(kid, sizeof(kid), "%s", w->peer.kid);
  assert_int_equal(acme_peer_post(&w->peer, kid, "{\"status\":\"deactivated\"}"), 200);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "deactivated");
  assert_int_equal(w->deactivations, 1);
  (void)acme_peer_fetch(&w->peer, kid);
  acme_peer_assert_problem(&w->peer, 401, "unauthorized");
  (void)acme_peer_fetch(&w->peer, SERVER_BASE "/thing/a");
  acme_peer_assert_problem(&w->peer, 401, "unauthorized");
  (void)acme_peer_post(&w->peer, SERVER_BASE "/thing/a", "{}");
  acme_peer_assert_problem(&w->peer, 401, "unauthorized");
  (void)acme_peer_post(&w->peer, kid, "{\"status\":\"valid\"}");
  acme_peer_assert_problem(&w->peer, 401, "unauthorized");
  (void)acme_peer_new_account(&w->peer, "{}");
  acme_peer_assert_problem(&w->peer, 401, "unauthorized");
  (void)acme_peer_fetch(&w->peer, SERVER_BASE "/directory");
  acme_peer_assert_problem(&w->peer, 401, "unauthorized");
  assert_int_equal(w->calls, 0);
  /* only who has the key learns what became of the account */
  (void)acme_peer_send(&w->peer, &(acme_peer_jws){.url = kid, .payload = "", .signature_member = "\"AAAA\""});
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  assert_int_equal(w->deactivations, 1);
}

/* --- Lists --- */

/* ACME-7.1.2.1-01, ACME-7.1.2.1-03 */
static void test_pages(void **state)
{
  server_world *w = *state;

  w->options.page_size = 3;
  server_world_open(w);
  acme_peer_register(&w->peer);
  for (size_t total = 0; total <= 7; total++) {
    char url[600] = SERVER_BASE "/list";
    size_t seen = 0;
    size_t pages = 0;

    w->orders = total;
    for (const char *next = url; next != NULL; pages++) {
      const sdg_json *list;

      assert_int_equal(acme_peer_fetch(&w->peer, next), 200);
      list = sdg_json_member(w->peer.json, "orders");
      assert_int_equal(sdg_json_type_of(list), SDG_JSON_ARRAY);
      for (const sdg_json *item = sdg_json_first(list); item != NULL; item = sdg_json_next(item), seen++) {
        char expected[64];

        (void)snprintf(expected, sizeof(expected), SERVER_BASE "/thing/%zu", seen);
        assert_string_equal(sdg_json_string(item), expected);
      }
      next = acme_peer_link(&w->peer, "next");
      if (next != NULL) {
        assert_true(strncmp(next, SERVER_BASE "/list?cursor=", strlen(SERVER_BASE "/list?cursor=")) == 0);
        (void)snprintf(url, sizeof(url), "%s", next);
        next = url;
      }
    }
    assert_int_equal(seen, total);
    assert_int_equal(pages, total == 0 ? 1 : (total + 2) / 3); /* the last page has no next */
  }
  /* the signed URL has the query in it */
  (void)acme_peer_send(
      &w->peer,
      &(acme_peer_jws){.url = SERVER_BASE "/list?cursor=3", .payload = "", .header_url = "\"" SERVER_BASE "/list\""});
  acme_peer_assert_problem(&w->peer, 403, "unauthorized");
}

/* --- Threads --- */

typedef struct registrant {
  server_world *w;
  char body[4096];
  int status;
} registrant;

static void *register_one(void *arg)
{
  registrant *r = arg;
  stardeleg_http_header type = {SDG_BYTES_LITERAL("Content-Type"), SDG_BYTES_LITERAL("application/jose+json")};
  stardeleg_http_request request = {.method = "POST",
                                    .url = "/acme/new-account",
                                    .headers = &type,
                                    .header_count = 1,
                                    .body = sdg_bytes_str(r->body)};
  stardeleg_http_reply *reply = NULL;

  if (sdg_server_handle(r->w->server, &request, r->w->now, &reply) == STARDELEG_OK) {
    r->status = stardeleg_http_reply_view(reply)->status;
  }
  stardeleg_http_reply_free(reply);
  return NULL;
}

/* ACME-11.1-04: one key, eight requests at once: one account (the records are made in one batch). */
static void test_one_key_one_account(void **state)
{
  static registrant all[8];
  server_world *w = *state;
  pthread_t threads[8];
  size_t created = 0;
  sdg_buf body;

  server_world_open(w);
  sdg_buf_init(&body, 1 << 16);
  for (size_t i = 0; i < 8; i++) {
    acme_peer_build(&w->peer, &body,
                      &(acme_peer_jws){.url = SERVER_BASE "/new-account", .payload = "{}", .by_jwk = true});
    all[i].w = w;
    assert_true(body.len < sizeof(all[i].body));
    (void)snprintf(all[i].body, sizeof(all[i].body), "%s", sdg_buf_str(&body));
  }
  for (size_t i = 0; i < 8; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, register_one, &all[i]), 0);
  }
  for (size_t i = 0; i < 8; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(all[i].status == 200 || all[i].status == 201);
    created += all[i].status == 201;
  }
  assert_int_equal(created, 1);
  assert_int_equal(server_world_count(w, "account"), 1);
  assert_int_equal(server_world_count(w, "account-key"), 1);
  sdg_buf_clear(&body);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, server_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_the_directory), T(test_options),    T(test_other_base), T(test_create),
      T(test_contacts),      T(test_terms),      T(test_existing),   T(test_update),
      T(test_other_account), T(test_deactivate), T(test_pages),      T(test_one_key_one_account),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
