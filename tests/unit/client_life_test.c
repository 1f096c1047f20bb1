/* SPDX-License-Identifier: Apache-2.0 */
/* client_life_test.c -- the plain client against a server played by hand: orders, restarts, renewal, tasks. */
#include "support/scripted.h"
#include "support/test_pki.h"

#include <stardeleg/client.h>
#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"

#define BASE "https://ca.example/acme"
#define ACCOUNT BASE "/acct/1"
#define ORDER BASE "/order/1"
#define CERT BASE "/cert/1"
#define DIRECTORY                                                                                                      \
  "{\"newNonce\":\"" BASE "/nonce\",\"newAccount\":\"" BASE "/account\",\"newOrder\":\"" BASE                          \
  "/new-order\",\"keyChange\":\"" BASE "/key-change\",\"revokeCert\":\"" BASE "/revoke\","                             \
  "\"meta\":{\"termsOfService\":\"https://ca.example/terms\",\"caaIdentities\":[\"ca.example\"],"                      \
  "\"profiles\":{\"short\":\"six days\"}}}"
#define NAMES "\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"}]"
#define PROBLEM(type) "{\"type\":\"urn:ietf:params:acme:error:" type "\",\"detail\":\"no: " type "\"}"
#define START ((stardeleg_time)1600000000000)

typedef struct world {
  stardeleg_store *store;
  stardeleg_secrets *secrets;
  stardeleg_client *client;
  scripted server;
  stardeleg_key *key;
  stardeleg_key *account_key; /* of the program's own, or NULL */
  test_root root;
  char pem[16384];
  bool names_issuer_key;
  /* events */
  unsigned accounts, certificates, renewals, done, failed;
  unsigned refuse_certificates;
  uint64_t last_task;
  stardeleg_problem problem;
  char chain[16384];
  size_t choose;
  size_t chains_offered;
} world;

static int on_event(void *ctx, const stardeleg_client_event *event)
{
  world *w = ctx;

  switch (event->kind) {
  case STARDELEG_CLIENT_ACCOUNT:
    assert_string_equal(event->url, ACCOUNT);
    w->accounts++;
    break;
  case STARDELEG_CLIENT_CERTIFICATE:
    w->certificates++;
    (void)snprintf(w->chain, sizeof(w->chain), "%.*s", (int)event->chain_pem.len, (const char *)event->chain_pem.base);
    if (w->refuse_certificates > 0) {
      w->refuse_certificates--;
      return 1;
    }
    break;
  case STARDELEG_CLIENT_RENEW:
    w->renewals++;
    break;
  case STARDELEG_CLIENT_DONE:
    w->done++;
    w->last_task = event->task;
    break;
  default:
    w->failed++;
    w->last_task = event->task;
    w->problem = *event->problem;
    break;
  }
  return 0;
}

static size_t choose_chain(void *ctx, const char *name, const stardeleg_bytes *chains, size_t count)
{
  world *w = ctx;

  assert_string_equal(name, "web");
  assert_true(chains[0].len > 0);
  w->chains_offered = count;
  return w->choose;
}

static void options_of(world *w, stardeleg_client_options *options)
{
  stardeleg_client_options_default(options);
  options->crypto = test_crypto();
  options->store = w->store;
  options->secrets = w->account_key == NULL ? w->secrets : NULL;
  options->account_key = w->account_key;
  options->directory_url = BASE "/directory";
  options->on_event = on_event;
  options->choose_chain = w->choose != SIZE_MAX ? choose_chain : NULL;
  options->ctx = w;
}

static void open_client(world *w)
{
  stardeleg_client_options options;

  options_of(w, &options);
  assert_ok(stardeleg_client_new(&w->client, &options, NULL));
  w->server.engine = stardeleg_client_engine(w->client);
}

static void restart(world *w)
{
  stardeleg_client_free(w->client);
  w->client = NULL;
  open_client(w);
}

static void begin(world *w)
{
  memset(w, 0, sizeof(*w));
  w->choose = SIZE_MAX;
  w->server.now = START;
  assert_ok(stardeleg_store_memory_new(&w->store));
  assert_ok(stardeleg_secrets_memory_new(&w->secrets));
  assert_ok(stardeleg_key_generate(&w->key, test_crypto(), STARDELEG_KEY_P256));
  test_root_init(&w->root, "root");
  open_client(w);
}

static void end(world *w)
{
  scripted_clear(&w->server);
  stardeleg_client_free(w->client);
  stardeleg_key_free(w->key);
  stardeleg_key_free(w->account_key);
  test_root_clear(&w->root);
  stardeleg_store_free(w->store);
  stardeleg_secrets_free(w->secrets);
}

static void directory(world *w)
{
  scripted_expect(&w->server, "GET", BASE "/directory");
  scripted_answer(&w->server, 200, NULL, DIRECTORY);
}

static void nonce(world *w)
{
  scripted_expect(&w->server, "HEAD", BASE "/nonce");
  scripted_answer(&w->server, 200, NULL, NULL);
}

static void enlist(world *w)
{
  static const char *const location[] = {"Location: " ACCOUNT, NULL};

  directory(w);
  nonce(w);
  scripted_expect(&w->server, "POST", BASE "/account");
  scripted_answer(&w->server, 201, location, "{\"status\":\"valid\"}");
}

static stardeleg_err order(world *w, const char *name, const char *dns)
{
  stardeleg_identifier identifier = {"dns", dns};
  stardeleg_client_order_spec spec;
  uint8_t *csr = NULL;
  size_t len = 0;
  stardeleg_err err;

  assert_ok(stardeleg_client_csr(&csr, &len, w->key, &identifier, 1));
  stardeleg_client_order_default(&spec);
  spec.identifiers = &identifier;
  spec.identifier_count = 1;
  spec.csr = sdg_bytes(csr, len);
  err = stardeleg_client_order(w->client, name, &spec);
  free(csr);
  return err;
}

static const char *issue(world *w, const char *dns, stardeleg_key *key, uint64_t serial)
{
  test_leaf leaf = {stardeleg_key_spki(key), &dns, 1, START, START + 90 * SDG_TIME_DAY, serial, w->names_issuer_key};
  sdg_buf pem;

  sdg_buf_init(&pem, sizeof(w->pem) - 1);
  test_root_issue(&w->root, &leaf, &pem);
  (void)snprintf(w->pem, sizeof(w->pem), "%s", sdg_buf_str(&pem));
  sdg_buf_clear(&pem);
  return w->pem;
}

static void answer_order(world *w, int status, const char *state, const char *more)
{
  static const char *const location[] = {"Location: " ORDER, NULL};
  char body[1024];

  (void)snprintf(body, sizeof(body),
                 "{\"status\":\"%s\"," NAMES ",\"authorizations\":[],\"finalize\":\"" ORDER "/finalize\"%s}", state,
                 more);
  scripted_answer(&w->server, status, status == 201 ? location : NULL, body);
}

static void finish_order(world *w)
{
  scripted_expect(&w->server, "POST", BASE "/new-order");
  assert_string_equal(w->server.payload, "{" NAMES "}"); /* ACME-7.4-01 */
  answer_order(w, 201, "ready", "");
  scripted_expect(&w->server, "POST", ORDER "/finalize");
  answer_order(w, 200, "valid", ",\"certificate\":\"" CERT "\"");
}

static void assert_state(const world *w, const char *name, const char *state)
{
  stardeleg_client_status status;

  assert_ok(stardeleg_client_look(w->client, name, &status));
  assert_string_equal(status.state, state);
}

static void hold(world *w)
{
  assert_ok(order(w, "web", "a.example"));
  enlist(w);
  finish_order(w);
  scripted_expect(&w->server, "POST", CERT);
  scripted_answer(&w->server, 200, NULL, issue(w, "a.example", w->key, 1));
  assert_true(scripted_wait(&w->server) > w->server.now);
  assert_int_equal(w->certificates, 1);
}

/* An order from nothing to a certificate that is told, told again after a restart, and its time to renew. */
static void life(void **state)
{
  stardeleg_client_status status;
  stardeleg_client_ca ca;
  world w;

  (void)state;
  begin(&w);
  hold(&w);
  assert_int_equal(w.accounts, 1);
  assert_string_equal(w.chain, w.pem);
  assert_ok(stardeleg_client_look(w.client, "web", &status));
  assert_string_equal(status.state, "held");
  assert_true(status.not_after == START + 90 * SDG_TIME_DAY);
  assert_true(status.renew_at == START + 60 * SDG_TIME_DAY);
  stardeleg_client_ca_facts(w.client, &ca);
  assert_string_equal(ca.account_url, ACCOUNT);
  assert_string_equal(ca.terms_of_service, "https://ca.example/terms");
  assert_int_equal(ca.caa_identity_count, 1);
  assert_true(ca.has_key_change != 0 && ca.has_revocation != 0 && ca.has_renewal_info == 0);
  restart(&w);
  assert_true(scripted_wait(&w.server) > w.server.now);
  assert_int_equal(w.certificates, 2);
  w.server.now = status.renew_at - 1;
  assert_true(scripted_wait(&w.server) <= status.renew_at);
  assert_int_equal(w.renewals, 0);
  w.server.now = status.renew_at;
  (void)scripted_wait(&w.server);
  assert_int_equal(w.renewals, 1);
  restart(&w); /* told once, not once a start */
  (void)scripted_wait(&w.server);
  assert_int_equal(w.renewals, 1);
  end(&w);
}

/* RFC 9773: ordered again while the CA is being asked about the certificate that is held. */
static void ordered_while_asking(void **state)
{
  static const char ari[] = "{\"newNonce\":\"" BASE "/nonce\",\"newAccount\":\"" BASE "/account\",\"newOrder\":\"" BASE
                            "/new-order\",\"renewalInfo\":\"" BASE "/renewal-info\"}";
  world w;

  (void)state;
  begin(&w);
  w.names_issuer_key = true;
  hold(&w);
  w.server.now += 2 * SDG_TIME_DAY; /* a day is how long a directory is believed */
  scripted_expect(&w.server, "GET", BASE "/directory");
  scripted_answer(&w.server, 200, NULL, ari);
  w.server.now += SDG_TIME_DAY / 2;
  scripted_expect(&w.server, "GET", BASE "/renewal-info/yv7K_g.AQ");
  assert_ok(order(&w, "web", "a.example"));
  scripted_answer(&w.server, 200, NULL, "{}"); /* no answer to the order */
  scripted_expect(&w.server, "POST", BASE "/new-order");
  end(&w);
}

/* A process may be ended after any answer: the next one goes on, with one order at the CA. */
static void restarts(void **state)
{
  world w;

  (void)state;
  begin(&w);
  assert_ok(order(&w, "web", "a.example"));
  restart(&w);
  enlist(&w);
  restart(&w);
  directory(&w);
  nonce(&w);
  scripted_expect(&w.server, "POST", BASE "/new-order");
  answer_order(&w, 201, "ready", "");
  restart(&w);
  directory(&w);
  nonce(&w);
  scripted_expect(&w.server, "POST", ORDER "/finalize");
  answer_order(&w, 200, "valid", ",\"certificate\":\"" CERT "\"");
  restart(&w);
  directory(&w);
  nonce(&w);
  scripted_expect(&w.server, "POST", CERT);
  scripted_answer(&w.server, 200, NULL, issue(&w, "a.example", w.key, 1));
  restart(&w);
  (void)scripted_wait(&w.server);
  assert_int_equal(w.certificates, 1);
  assert_int_equal(w.accounts, 1);
  end(&w);
}

/* ACME-7.4.2-06: another key, another name: not ours, and what was held stays */
static void wrong_certificates(void **state)
{
  stardeleg_key *other = NULL;
  world w;

  (void)state;
  assert_ok(stardeleg_key_generate(&other, test_crypto(), STARDELEG_KEY_P256));
  for (int i = 0; i < 2; i++) {
    begin(&w);
    hold(&w);
    assert_ok(order(&w, "web", "a.example"));
    assert_err(STARDELEG_ERR_STATE, order(&w, "web", "a.example")); /* one at a time */
    finish_order(&w);
    scripted_expect(&w.server, "POST", CERT);
    scripted_answer(&w.server, 200, NULL,
                    i == 0 ? issue(&w, "a.example", other, 2) : issue(&w, "b.example", w.key, 2));
    (void)scripted_wait(&w.server);
    assert_int_equal(w.failed, 1);
    assert_int_equal(w.certificates, 1);
    assert_state(&w, "web", "held");
    end(&w);
  }
  stardeleg_key_free(other);
}

/* A refused order fails by name; nothing is held, and it may be tried again. */
static void refused(void **state)
{
  world w;

  (void)state;
  begin(&w);
  assert_ok(order(&w, "web", "a.example"));
  enlist(&w);
  scripted_expect(&w.server, "POST", BASE "/new-order");
  scripted_answer(&w.server, 400, NULL, PROBLEM("rejectedIdentifier"));
  (void)scripted_wait(&w.server);
  assert_int_equal(w.failed, 1);
  assert_int_equal(w.problem.acme, STARDELEG_ACME_REJECTED_IDENTIFIER);
  assert_state(&w, "web", "failed");
  restart(&w);
  (void)scripted_wait(&w.server);
  assert_int_equal(w.failed, 1);
  assert_ok(order(&w, "web", "a.example"));
  directory(&w);
  nonce(&w);
  finish_order(&w);
  assert_ok(stardeleg_client_forget(w.client, "web"));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_client_forget(w.client, "web"));
  restart(&w);
  assert_int_equal(scripted_wait(&w.server), STARDELEG_TIME_NEVER);
  end(&w);
}

/* The program could not take it: it is told again. */
static void told_again(void **state)
{
  world w;

  (void)state;
  begin(&w);
  w.refuse_certificates = 2;
  hold(&w);
  for (int i = 0; i < 2; i++) {
    scripted_sleep(&w.server, SDG_TIME_MINUTE);
    (void)scripted_wait(&w.server);
  }
  assert_int_equal(w.certificates, 3);
  w.server.now += 10 * SDG_TIME_MINUTE;
  (void)scripted_wait(&w.server);
  assert_int_equal(w.certificates, 3);
  end(&w);
}

static void chooser(void **state)
{
  static const char *const links[] = {"Link: <" CERT "/1>;rel=\"alternate\"", NULL};
  char both[32768];
  world w;

  (void)state;
  for (size_t choice = 0; choice < 3; choice++) {
    begin(&w);
    w.choose = choice;
    restart(&w);
    assert_ok(order(&w, "web", "a.example"));
    enlist(&w);
    finish_order(&w);
    scripted_expect(&w.server, "POST", CERT);
    scripted_answer(&w.server, 200, links, issue(&w, "a.example", w.key, 1));
    (void)snprintf(both, sizeof(both), "%s%s", w.pem, sdg_buf_str(&w.root.pem));
    scripted_expect(&w.server, "POST", CERT "/1");
    scripted_answer(&w.server, 200, NULL, both);
    (void)scripted_wait(&w.server);
    assert_int_equal(w.chains_offered, 2);
    assert_string_equal(w.chain, choice == 1 ? both : w.pem); /* an index that is none is the default */
    end(&w);
  }
}

/* The key is in the secret store before the CA hears of it; a restart finds out which one counts. */
static void key_change(void **state)
{
  static const char *const found[] = {"Location: " ACCOUNT, NULL};
  uint64_t task = 0;
  world w;

  (void)state;
  for (int lost = 0; lost < 2; lost++) {
    begin(&w);
    hold(&w);
    assert_ok(stardeleg_client_change_key(w.client, NULL, &task));
    assert_err(STARDELEG_ERR_STATE, stardeleg_client_change_key(w.client, NULL, NULL));
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_client_change_key(w.client, w.key, NULL));
    scripted_expect(&w.server, "POST", BASE "/key-change");
    if (lost != 0) {
      restart(&w); /* between the CA's answer and our record */
      directory(&w);
      nonce(&w);
      scripted_expect(&w.server, "POST", BASE "/account");
      assert_string_equal(w.server.payload, "{\"onlyReturnExisting\":true}");
      scripted_answer(&w.server, 200, found, "{\"status\":\"valid\"}");
    } else {
      scripted_answer(&w.server, 200, NULL, NULL);
    }
    (void)scripted_wait(&w.server);
    assert_int_equal(w.done, 1);
    restart(&w); /* the new key is the one that is loaded */
    assert_ok(stardeleg_client_check_account(w.client, NULL));
    directory(&w);
    nonce(&w);
    scripted_expect(&w.server, "POST", ACCOUNT);
    scripted_answer(&w.server, 200, NULL, "{\"status\":\"valid\"}");
    (void)scripted_wait(&w.server);
    assert_int_equal(w.done, 2);
    end(&w);
  }
}

/* A key that never leaves its device: nothing of it is in the secret store. */
static void own_key(void **state)
{
  stardeleg_key *next = NULL;
  world w;

  (void)state;
  begin(&w);
  assert_ok(stardeleg_key_generate(&w.account_key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_key_generate(&next, test_crypto(), STARDELEG_KEY_P256));
  restart(&w);
  assert_ok(stardeleg_client_check_account(w.client, NULL));
  enlist(&w);
  scripted_expect(&w.server, "POST", ACCOUNT);
  scripted_answer(&w.server, 200, NULL, "{\"status\":\"valid\"}");
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_client_change_key(w.client, NULL, NULL));
  stardeleg_key_free(w.key); /* ACME-11.1-02: not for a certificate too */
  w.key = stardeleg_key_ref(w.account_key);
  assert_err(STARDELEG_ERR_ARGUMENT, order(&w, "web", "a.example"));
  assert_ok(stardeleg_client_change_key(w.client, next, NULL));
  scripted_expect(&w.server, "POST", BASE "/account"); /* perhaps it was asked for before */
  scripted_answer(&w.server, 400, NULL, PROBLEM("accountDoesNotExist"));
  scripted_expect(&w.server, "POST", BASE "/key-change");
  scripted_answer(&w.server, 200, NULL, NULL);
  (void)scripted_wait(&w.server);
  assert_int_equal(w.done, 2);
  stardeleg_key_free(next);
  end(&w);
}

/* What is revoked, by whom; what a deactivated account may still do: nothing. */
static void tasks(void **state)
{
  static const char *const contacts[] = {"mailto:a@b.example", NULL};
  stardeleg_client_status status;
  uint64_t task = 0;
  world w;

  (void)state;
  begin(&w);
  hold(&w);
  assert_ok(stardeleg_client_look(w.client, "web", &status));
  assert_ok(stardeleg_client_revoke(w.client, status.chain_pem, 4, NULL, &task));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_client_revoke(w.client, status.chain_pem, 7, NULL, NULL));
  assert_err(STARDELEG_ERR_MALFORMED, stardeleg_client_revoke(w.client, SDG_BYTES_LITERAL("x"), 4, NULL, NULL));
  scripted_expect(&w.server, "POST", BASE "/revoke");
  assert_non_null(strstr(w.server.payload, "\"reason\":4"));
  scripted_answer(&w.server, 200, NULL, NULL);
  (void)scripted_wait(&w.server);
  assert_int_equal(w.last_task, task);
  assert_ok(stardeleg_client_set_contacts(w.client, contacts, &task));
  scripted_expect(&w.server, "POST", ACCOUNT);
  scripted_answer(&w.server, 400, NULL, PROBLEM("invalidContact"));
  (void)scripted_wait(&w.server);
  assert_int_equal(w.failed, 1);
  assert_int_equal(w.last_task, task);
  assert_int_equal(w.problem.acme, STARDELEG_ACME_INVALID_CONTACT);
  assert_ok(stardeleg_client_list_orders(w.client, &task));
  scripted_expect(&w.server, "POST", ACCOUNT);
  scripted_answer(&w.server, 200, NULL, "{\"status\":\"valid\"}"); /* T-19 */
  (void)scripted_wait(&w.server);
  assert_int_equal(w.failed, 2);
  assert_ok(stardeleg_client_deactivate(w.client, &task));
  scripted_expect(&w.server, "POST", ACCOUNT);
  scripted_answer(&w.server, 200, NULL, "{\"status\":\"deactivated\"}");
  (void)scripted_wait(&w.server);
  for (int i = 0; i < 2; i++) {
    assert_err(STARDELEG_ERR_STATE, order(&w, "other", "b.example"));
    assert_err(STARDELEG_ERR_STATE, stardeleg_client_agree(w.client, NULL));
    restart(&w);
  }
  end(&w);
}

static void bad_orders(void **state)
{
  stardeleg_identifier identifier = {"dns", "a.example"};
  stardeleg_client_order_spec good;
  uint8_t *csr = NULL;
  size_t len = 0;
  world w;

  (void)state;
  begin(&w);
  assert_ok(stardeleg_client_csr(&csr, &len, w.key, &identifier, 1));
  stardeleg_client_order_default(&good);
  good.identifiers = &identifier;
  good.identifier_count = 1;
  good.csr = sdg_bytes(csr, len);
  for (int i = 0; i < 6; i++) {
    stardeleg_client_order_spec spec = good;
    char longer[300];

    memset(longer, 'a', sizeof(longer));
    longer[250] = '\0';
    spec.size = i == 0 ? 4 : spec.size;
    spec.identifier_count = i == 1 ? 0 : 1; /* ACME-7.4-01 */
    spec.csr = i == 2 ? SDG_BYTES_LITERAL("csr") : spec.csr;
    assert_err(STARDELEG_ERR_ARGUMENT,
               stardeleg_client_order(w.client, i == 3 ? "" : (i == 4 ? longer : (i == 5 ? "a\nb" : "web")), &spec));
  }
  assert_int_equal(scripted_wait(&w.server), STARDELEG_TIME_NEVER);
  free(csr);
  end(&w);
}

static void bad_options(void **state)
{
  stardeleg_client_options options;
  stardeleg_problem problem;
  stardeleg_client *client = NULL;
  world w;

  (void)state;
  begin(&w);
  for (int i = 0; i < 6; i++) {
    options_of(&w, &options);
    options.crypto = i == 0 ? NULL : options.crypto;
    options.store = i == 1 ? NULL : options.store;
    options.secrets = i == 2 ? NULL : options.secrets;
    options.directory_url = i == 3 ? NULL : (i == 4 ? "acme" : options.directory_url);
    options.backoff_min_ms = i == 5 ? 0 : options.backoff_min_ms;
    assert_err(STARDELEG_ERR_CONFIG, stardeleg_client_new(&client, &options, &problem));
    assert_true(problem.detail[0] != '\0');
  }
  end(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(life),       cmocka_unit_test(restarts),   cmocka_unit_test(wrong_certificates),
      cmocka_unit_test(refused),    cmocka_unit_test(told_again), cmocka_unit_test(chooser),
      cmocka_unit_test(key_change), cmocka_unit_test(own_key),    cmocka_unit_test(tasks),
      cmocka_unit_test(bad_orders), cmocka_unit_test(bad_options),
      cmocka_unit_test(ordered_while_asking)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
