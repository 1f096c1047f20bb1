/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_session_test.c -- directory, nonces and registration against a server that is played by hand. */
#include "support/scripted.h"

#include "acme_client/session.h"
#include "base/bytes.h"
#include "base/time.h"

#define BASE "https://ca.example/acme"
#define DIRECTORY                                                                                                      \
  "{\"newNonce\":\"" BASE "/nonce\",\"newAccount\":\"" BASE "/account\",\"newOrder\":\"" BASE "/order\","              \
  "\"random\":\"https://community.example/\",\"meta\":{\"termsOfService\":\"https://ca.example/terms\"}}"
#define PROBLEM(type) "{\"type\":\"urn:ietf:params:acme:error:" type "\",\"detail\":\"no\"}"

/* A job that posts {"n":1} to one URL and remembers what came of it. */
typedef struct client {
  sdg_job job; /* first */
  sdg_agent *agent;
  sdg_session *session;
  stardeleg_key *key;
  stardeleg_engine engine;
  scripted server;
  const char *url;
  bool done;
  int status;
  stardeleg_err err;
  stardeleg_acme_error acme;
  char kid[256];
} client;

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  client *c = (client *)job;

  (void)now;
  if (c->done) {
    step->kind = SDG_STEP_WAIT;
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_POST;
  step->url = c->url;
  sdg_buf_add_str(step->payload, "{\"n\":1}");
  return STARDELEG_OK;
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  client *c = (client *)job;

  (void)now;
  c->done = true;
  c->err = result->err;
  c->status = result->status;
  c->acme = result->problem != NULL ? result->problem->acme : STARDELEG_ACME_NONE;
  return STARDELEG_OK;
}

static const sdg_job_ops ops = {ask, take};

static stardeleg_err next(void *self, stardeleg_ask *out, stardeleg_time now)
{
  stardeleg_err err = sdg_agent_next(((client *)self)->agent, out, now);

  if (err == STARDELEG_OK && out->want == STARDELEG_WANT_EXCHANGE) {
    for (size_t i = 0; i < out->request.header_count; i++) {
      assert_false(sdg_bytes_is_nocase(out->request.headers[i].name, "Replay-Nonce")); /* ACME-6.5.1-04 */
    }
  }
  return err;
}

static stardeleg_err answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  return sdg_agent_answer(((client *)self)->agent, id, outcome, now);
}

static stardeleg_err keep_kid(void *ctx, const char *kid)
{
  client *c = ctx;

  (void)snprintf(c->kid, sizeof(c->kid), "%s", kid);
  return STARDELEG_OK;
}

static void begin(client *c, sdg_session_options *options)
{
  memset(c, 0, sizeof(*c));
  assert_ok(sdg_agent_new(&c->agent, test_crypto(), NULL));
  assert_ok(stardeleg_key_generate(&c->key, test_crypto(), STARDELEG_KEY_P256));
  options->directory_url = BASE "/directory";
  options->key = c->key;
  options->on_account = keep_kid;
  options->ctx = c;
  assert_ok(sdg_session_new(&c->session, c->agent, options, NULL));
  c->job.ops = &ops;
  c->job.session = c->session;
  c->url = BASE "/order";
  c->engine = (stardeleg_engine){c, next, answer};
  c->server.engine = &c->engine;
  c->server.now = 1600000000000;
  assert_ok(sdg_agent_add(c->agent, &c->job, c->server.now));
}

static void end(client *c)
{
  scripted_clear(&c->server);
  sdg_agent_remove(c->agent, &c->job);
  sdg_session_free(c->session);
  sdg_agent_free(c->agent);
  stardeleg_key_free(c->key);
}

static const char *const location[] = {"location: " BASE "/acct/1", NULL};

static void register_account(client *c)
{
  scripted_expect(&c->server, "GET", BASE "/directory");
  scripted_answer(&c->server, 200, NULL, DIRECTORY);
  scripted_expect(&c->server, "HEAD", BASE "/nonce");
  scripted_answer(&c->server, 200, NULL, NULL);
  scripted_expect(&c->server, "POST", BASE "/account");
  assert_non_null(strstr(c->server.header, "\"jwk\""));
  assert_null(strstr(c->server.header, "\"kid\""));
  scripted_answer(&c->server, 201, location, "{\"status\":\"valid\"}");
  assert_string_equal(c->kid, BASE "/acct/1");
}

/* ACME-7.2-01, ACME-6.2-13, ACME-6.2-15, ACME-7.3-11, ACME-7.1.1-04, ACME-7.1.2-02 */
static void first_request(void **state)
{
  client c;
  sdg_session_options options = {0};

  (void)state;
  begin(&c, &options);
  register_account(&c);
  scripted_expect(&c.server, "POST", BASE "/order");
  assert_non_null(strstr(c.server.header, "\"kid\":\"" BASE "/acct/1\""));
  assert_non_null(strstr(c.server.header, "\"nonce\":\"nonce2\""));
  assert_non_null(strstr(c.server.header, "\"url\":\"" BASE "/order\""));
  assert_string_equal(c.server.payload, "{\"n\":1}");
  scripted_answer(&c.server, 201, NULL, "{}");
  assert_true(c.done);
  assert_int_equal(c.err, STARDELEG_OK);
  end(&c);
}

/* ACME-7.3-09: the terms are agreed to only if the caller says so */
static void what_is_registered(void **state)
{
  client c;
  const char *contacts[] = {"mailto:a@cdn.example", NULL};
  sdg_session_options options = {0};

  (void)state;
  options.contacts = contacts;
  options.terms_agreed = true;
  options.eab_key_id = "cdn";
  options.eab_mac_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  begin(&c, &options);
  scripted_expect(&c.server, "GET", BASE "/directory");
  scripted_answer(&c.server, 200, NULL, DIRECTORY);
  scripted_expect(&c.server, "HEAD", BASE "/nonce");
  scripted_answer(&c.server, 204, NULL, NULL);
  scripted_expect(&c.server, "POST", BASE "/account");
  assert_non_null(strstr(c.server.payload, "\"contact\":[\"mailto:a@cdn.example\"]"));
  assert_non_null(strstr(c.server.payload, "\"termsOfServiceAgreed\":true"));
  assert_non_null(strstr(c.server.payload, "\"externalAccountBinding\":{\"protected\":"));
  end(&c);
}

/* ACME-6.5-08, ACME-6.5-09: again with the nonce of the error; bounded */
static void bad_nonce(void **state)
{
  client c;
  sdg_session_options options = {0};

  (void)state;
  begin(&c, &options);
  register_account(&c);
  for (unsigned i = 0; i < 11; i++) {
    char expected[64];

    scripted_expect(&c.server, "POST", BASE "/order");
    (void)snprintf(expected, sizeof(expected), "\"nonce\":\"nonce%u\"", c.server.nonces);
    assert_non_null(strstr(c.server.header, expected));
    assert_false(c.done);
    scripted_answer(&c.server, 400, NULL, PROBLEM("badNonce"));
  }
  assert_true(c.done);
  assert_int_equal(c.acme, STARDELEG_ACME_BAD_NONCE);
  end(&c);
}

/* T-13: badNonce without a nonce; ACME-6.5.1-03: an unusable nonce is ignored */
static void nonce_from_elsewhere(void **state)
{
  static const char *const useless[] = {"Replay-Nonce: a b=", NULL};
  client c;
  sdg_session_options options = {0};

  (void)state;
  begin(&c, &options);
  register_account(&c);
  scripted_expect(&c.server, "POST", BASE "/order");
  scripted_answer(&c.server, 400, useless, PROBLEM("badNonce"));
  scripted_expect(&c.server, "HEAD", BASE "/nonce");
  scripted_answer(&c.server, 405, useless, NULL);
  scripted_sleep(&c.server, 2000);
  scripted_expect(&c.server, "GET", BASE "/nonce");
  scripted_answer(&c.server, 204, (const char *const[]){"Replay-Nonce: fresh", NULL}, NULL);
  scripted_expect(&c.server, "POST", BASE "/order");
  assert_non_null(strstr(c.server.header, "\"nonce\":\"fresh\""));
  scripted_answer(&c.server, 200, NULL, "{}");
  assert_true(c.done);
  end(&c);
}

/* An unreachable server: capped pauses, the job waits, nothing is lost. */
static void unreachable(void **state)
{
  client c;
  sdg_session_options options = {0};

  (void)state;
  options.backoff_max_ms = 60000;
  begin(&c, &options);
  for (int i = 0; i < 100; i++) {
    scripted_expect(&c.server, "GET", BASE "/directory");
    scripted_lose(&c.server, STARDELEG_TRANSPORT_TLS);
    assert_non_null(sdg_session_problem(c.session));
    assert_non_null(strstr(sdg_session_problem(c.session)->detail, "TLS refused"));
    scripted_sleep(&c.server, 60000);
  }
  register_account(&c);
  assert_null(sdg_session_problem(c.session));
  scripted_expect(&c.server, "POST", BASE "/order");
  end(&c);
}

/* ACME-7.1.1-05 and other directories that will not do */
static void bad_directories(void **state)
{
  static const char *const bodies[] = {
      "",
      "[]",
      "<html>",
      "{\"newNonce\":\"" BASE "/nonce\"}",
      "{\"newNonce\":1,\"newAccount\":2,\"newOrder\":3}",
      "{\"newNonce\":\"ftp://a\",\"newAccount\":\"" BASE "/a\",\"newOrder\":\"" BASE "/o\"}",
      "{\"newNonce\":\"" BASE "/n\",\"newAccount\":\"" BASE "/a\",\"newOrder\":\"" BASE "/o\",\"meta\":[]}"};
  client c;
  sdg_session_options options = {0};

  (void)state;
  begin(&c, &options);
  for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
    scripted_expect(&c.server, "GET", BASE "/directory");
    scripted_answer(&c.server, 200, NULL, bodies[i]);
    assert_null(sdg_session_directory(c.session));
    scripted_sleep(&c.server, 3600000);
  }
  end(&c);
}

/* Resources at another origin are not followed, unless that is allowed. */
static void other_origin(void **state)
{
  client c;
  sdg_session_options options = {0};

  (void)state;
  begin(&c, &options);
  c.url = "https://evil.example/order";
  register_account(&c);
  assert_int_equal(scripted_wait(&c.server) > c.server.now, 1);
  assert_true(c.done);
  assert_int_equal(c.err, STARDELEG_ERR_PROTOCOL);
  end(&c);
  options.allow_other_origins = true;
  begin(&c, &options);
  c.url = "https://evil.example/order";
  register_account(&c);
  scripted_expect(&c.server, "POST", "https://evil.example/order");
  end(&c);
}

/* T-49: the directory may have moved; a POST is never redirected (HTTP-03) */
static void redirects(void **state)
{
  static const char *const moved[] = {"Location: https://ca2.example/dir", NULL};
  static const char *const plain[] = {"Location: http://ca2.example/dir", NULL};
  client c;
  sdg_session_options options = {0};

  (void)state;
  begin(&c, &options);
  scripted_expect(&c.server, "GET", BASE "/directory");
  scripted_answer(&c.server, 302, plain, NULL);
  scripted_sleep(&c.server, 2000);
  scripted_expect(&c.server, "GET", BASE "/directory");
  scripted_answer(&c.server, 301, moved, NULL);
  scripted_expect(&c.server, "GET", "https://ca2.example/dir");
  scripted_answer(
      &c.server, 200, NULL,
      "{\"newNonce\":\"https://ca2.example/n\",\"newAccount\":\"https://ca2.example/a\",\"newOrder\":\"https://"
      "ca2.example/o\"}");
  scripted_expect(&c.server, "HEAD", "https://ca2.example/n");
  end(&c);
  begin(&c, &options);
  register_account(&c);
  scripted_expect(&c.server, "POST", BASE "/order");
  scripted_answer(&c.server, 307, moved, NULL);
  assert_true(c.done);
  assert_int_equal(c.err, STARDELEG_ERR_PROTOCOL);
  end(&c);
}

/* ACME-6.4-01, ACME-7.1-04: URLs that have nothing in common with the directory's, and are used octet by octet */
static void urls_as_given(void **state)
{
#define ODD "https://CA.example/x%2F7/%7Eq//B?n="
  client c;
  sdg_session_options options = {0};

  (void)state;
  begin(&c, &options);
  c.url = ODD "4&m=%c3%9c";
  scripted_expect(&c.server, "GET", BASE "/directory");
  scripted_answer(&c.server, 200, NULL,
                  "{\"newNonce\":\"" ODD "1\",\"newAccount\":\"" ODD "2\",\"newOrder\":\"" ODD "3\"}");
  scripted_expect(&c.server, "HEAD", ODD "1");
  scripted_answer(&c.server, 200, NULL, NULL);
  scripted_expect(&c.server, "POST", ODD "2");
  assert_non_null(strstr(c.server.header, "\"url\":\"" ODD "2\""));
  scripted_answer(&c.server, 201, (const char *const[]){"Location: " ODD "9", NULL}, "{\"status\":\"valid\"}");
  assert_string_equal(c.kid, ODD "9");
  scripted_expect(&c.server, "POST", c.url);
  assert_non_null(strstr(c.server.header, "\"kid\":\"" ODD "9\""));
  assert_non_null(strstr(c.server.header, "\"url\":\"" ODD "4&m=%c3%9c\""));
  end(&c);
#undef ODD
}

/* ACME-6.2-19: a key signs in one way here, so there is no other to choose; what the server lists is no order to us */
static void algorithms(void **state)
{
  static const char *const lists[] = {"[\"none\"]", "[\"HS256\",\"RS256\"]", "[\"ES256\"]", "[]", "7"};

  (void)state;
  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
    client c;
    sdg_session_options options = {0};
    char body[256];

    begin(&c, &options);
    register_account(&c);
    scripted_expect(&c.server, "POST", BASE "/order");
    assert_non_null(strstr(c.server.header, "\"alg\":\"ES256\""));
    (void)snprintf(body, sizeof(body),
                   "{\"type\":\"urn:ietf:params:acme:error:badSignatureAlgorithm\",\"algorithms\":%s}", lists[i]);
    scripted_answer(&c.server, 400, NULL, body);
    assert_true(c.done);
    assert_int_equal(c.acme, STARDELEG_ACME_BAD_SIGNATURE_ALGORITHM);
    assert_true(scripted_wait(&c.server) > c.server.now);
    end(&c);
  }
}

/* The server lost its accounts: registered again, once; then the error is the job's. */
static void account_gone(void **state)
{
  client c;
  sdg_session_options options = {0};

  (void)state;
  begin(&c, &options);
  register_account(&c);
  c.server.now += SDG_TIME_HOUR;
  scripted_expect(&c.server, "POST", BASE "/order");
  scripted_answer(&c.server, 400, NULL, PROBLEM("accountDoesNotExist"));
  scripted_expect(&c.server, "POST", BASE "/account");
  scripted_answer(&c.server, 201, (const char *const[]){"Location: /acme/acct/2", NULL}, "{\"status\":\"valid\"}");
  assert_string_equal(c.kid, BASE "/acct/2");
  scripted_expect(&c.server, "POST", BASE "/order");
  assert_non_null(strstr(c.server.header, "/acct/2"));
  scripted_answer(&c.server, 400, NULL, PROBLEM("accountDoesNotExist"));
  assert_true(c.done);
  assert_int_equal(c.acme, STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST);
  end(&c);
}

/* ACME-7.3-11 negative: newAccount without a usable Location */
static void no_location(void **state)
{
  static const char *const foreign[] = {"Location: https://evil.example/acct/1", NULL};
  client c;
  sdg_session_options options = {0};

  (void)state;
  begin(&c, &options);
  scripted_expect(&c.server, "GET", BASE "/directory");
  scripted_answer(&c.server, 200, NULL, DIRECTORY);
  scripted_expect(&c.server, "HEAD", BASE "/nonce");
  scripted_answer(&c.server, 200, NULL, NULL);
  scripted_expect(&c.server, "POST", BASE "/account");
  scripted_answer(&c.server, 201, NULL, "{\"status\":\"valid\"}");
  scripted_sleep(&c.server, 3600000);
  scripted_expect(&c.server, "POST", BASE "/account");
  scripted_answer(&c.server, 201, foreign, "{\"status\":\"valid\"}");
  assert_string_equal(c.kid, "");
  assert_false(sdg_session_is_ready(c.session));
  end(&c);
}

/* Nonces come, but newAccount is never answered: the pauses grow all the same. */
static void silent_registration(void **state)
{
  client c;
  sdg_session_options options = {0};
  stardeleg_time begun;

  (void)state;
  options.backoff_min_ms = 1000;
  options.backoff_max_ms = 3600000;
  begin(&c, &options);
  begun = c.server.now;
  scripted_expect(&c.server, "GET", BASE "/directory");
  scripted_answer(&c.server, 200, NULL, DIRECTORY);
  for (int i = 0; i < 12; i++) {
    scripted_expect(&c.server, "HEAD", BASE "/nonce");
    scripted_answer(&c.server, 200, NULL, NULL);
    scripted_expect(&c.server, "POST", BASE "/account");
    scripted_lose(&c.server, STARDELEG_TRANSPORT_TIMEOUT);
    scripted_sleep(&c.server, 3600000);
  }
  assert_true(c.server.now - begun > 1000000);
  end(&c);
}

static void bad_options(void **state)
{
  const char *twice[] = {"mailto:a@x.example,b@x.example", NULL};
  client c;
  sdg_session_options options = {0};
  stardeleg_problem problem;
  sdg_session *session = NULL;

  (void)state;
  begin(&c, &options);
  options.directory_url = "not a url";
  assert_err(STARDELEG_ERR_CONFIG, sdg_session_new(&session, c.agent, &options, &problem));
  options.directory_url = BASE;
  options.eab_key_id = "a";
  assert_err(STARDELEG_ERR_CONFIG, sdg_session_new(&session, c.agent, &options, &problem));
  options.eab_mac_key = "short";
  assert_err(STARDELEG_ERR_CONFIG, sdg_session_new(&session, c.agent, &options, &problem));
  assert_null(strstr(problem.detail, "short")); /* no message has a key */
  options.eab_key_id = NULL;
  options.eab_mac_key = NULL;
  options.contacts = twice;
  assert_err(STARDELEG_ERR_CONFIG, sdg_session_new(&session, c.agent, &options, &problem));
  end(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_request),        cmocka_unit_test(what_is_registered), cmocka_unit_test(bad_nonce),
      cmocka_unit_test(nonce_from_elsewhere), cmocka_unit_test(unreachable),        cmocka_unit_test(bad_directories),
      cmocka_unit_test(other_origin),         cmocka_unit_test(redirects),          cmocka_unit_test(account_gone),
      cmocka_unit_test(no_location),          cmocka_unit_test(bad_options),
      cmocka_unit_test(silent_registration),  cmocka_unit_test(urls_as_given),      cmocka_unit_test(algorithms),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
