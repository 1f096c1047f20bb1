/* SPDX-License-Identifier: Apache-2.0 */
/* ca_validate_test.c -- http-01: success, failure, retries, expiry, and whose key counts. */
#include "support/test.h"

#include "base/bytes.h"
#include "support/ca_world.h"

#define ONE "{'identifiers':[{'type':'dns','value':'www.example.org'}]}"
#define TWO "{'identifiers':[{'type':'dns','value':'a.example.org'},{'type':'dns','value':'b.example.org'}]}"

static void order(ca_world *w, const char *payload)
{
  assert_int_equal(ca_world_new_order(w, ca_world_json("%s", payload)), 201);
}

static void start(ca_world *w, size_t n)
{
  assert_int_equal(acme_peer_post(&w->peer, ca_world_challenge(w, ca_world_authz(w, n)), "{}"), 200);
}

static const char *authz_status(ca_world *w, size_t n)
{
  assert_int_equal(acme_peer_fetch(&w->peer, ca_world_authz(w, n)), 200);
  return acme_peer_string(&w->peer, "status");
}

/* The challenge as the answer; its status. */
static const char *challenge_status(ca_world *w, size_t n)
{
  assert_int_equal(acme_peer_fetch(&w->peer, ca_world_challenge(w, ca_world_authz(w, n))), 200); /* ACME-7.5.1-09 */
  return acme_peer_string(&w->peer, "status");
}

/* ACME-7.1.6-01 to 7.1.6-03, ACME-7.5.1-03, ACME-7.5.1-06, ACME-8-01, ACME-8.3-04 */
static void test_success(void **state)
{
  ca_world *w = *state;
  char expected[256];

  order(w, ONE);
  w->web = CA_WEB_HOLD;
  start(w, 0);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "processing");
  assert_string_equal(acme_peer_string(&w->peer, "type"), "http-01");
  assert_non_null(acme_peer_header(&w->peer, "Retry-After"));
  (void)snprintf(expected, sizeof(expected), "http://www.example.org/.well-known/acme-challenge/%s",
                 acme_peer_string(&w->peer, "token"));
  assert_int_equal(w->work, 1);
  (void)ca_world_run(w);
  assert_string_equal(w->asked_url, expected);
  assert_string_equal(challenge_status(w, 0), "processing");
  assert_string_equal(authz_status(w, 0), "pending");
  assert_string_equal(ca_world_status(w), "pending");
  w->now += 700;
  ca_world_release(w, CA_WEB_RIGHT);
  assert_string_equal(challenge_status(w, 0), "valid");
  assert_string_equal(acme_peer_string(&w->peer, "validated"), "2026-01-10T00:00:00Z");
  assert_null(acme_peer_header(&w->peer, "Retry-After"));
  assert_null(sdg_json_member(w->peer.json, "error"));
  (void)snprintf(expected, sizeof(expected), "%s", acme_peer_link(&w->peer, "up"));
  assert_string_equal(expected, ca_world_authz(w, 0));
  assert_string_equal(authz_status(w, 0), "valid");
  assert_string_equal(acme_peer_string(&w->peer, "expires"), "2026-01-11T00:00:00Z");
  assert_string_equal(ca_world_status(w), "ready");
  /* started again: decided is decided */
  start(w, 0);
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 1);
  assert_string_equal(challenge_status(w, 0), "valid");
}

/* ACME-8.3-05 */
static void test_blanks_behind(void **state)
{
  ca_world *w = *state;

  order(w, ONE);
  w->web = CA_WEB_SPACES;
  start(w, 0);
  (void)ca_world_run(w);
  assert_string_equal(authz_status(w, 0), "valid");
}

/* ACME-7.5.1-02, ACME-7.5.1-04 */
static void test_responses(void **state)
{
  static const char *const bad[] = {"[]", "null", "\"\"", "x", "1"};
  ca_world *w = *state;
  const char *url;

  order(w, ONE);
  url = ca_world_challenge(w, ca_world_authz(w, 0));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)acme_peer_post(&w->peer, url, bad[i]);
    acme_peer_assert_problem(&w->peer, 400, "malformed");
  }
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 0);
  assert_int_equal(acme_peer_post(&w->peer, url, "{\"keyAuthorization\":\"x\",\"status\":\"valid\"}"), 200);
  assert_null(sdg_json_member(w->peer.json, "keyAuthorization"));
  assert_string_equal(acme_peer_string(&w->peer, "status"), "processing");
}

/* ACME-8-02, ACME-8-03, ACME-8.2-02, ACME-8.2-03, ACME-7.5.1-07 */
static void test_retries(void **state)
{
  static const ca_web failures[] = {CA_WEB_DEAD, CA_WEB_MISSING, CA_WEB_WRONG};
  static const char *const types[] = {"connection", "unauthorized", "incorrectResponse"};
  ca_world *w = *state;

  order(w, ONE);
  start(w, 0);
  for (size_t i = 0; i < 3; i++) {
    const sdg_json *error;
    stardeleg_time until;

    w->web = failures[i];
    until = ca_world_run(w);
    assert_int_equal(w->asked, i + 1);
    assert_string_equal(challenge_status(w, 0), i < 2 ? "processing" : "invalid");
    error = sdg_json_member(w->peer.json, "error");
    assert_non_null(error);
    assert_non_null(strstr(sdg_json_string(sdg_json_member(error, "type")), types[i]));
    assert_null(strstr(w->peer.body, "secret of somebody"));
    assert_true((acme_peer_header(&w->peer, "Retry-After") != NULL) == (i < 2));
    assert_string_equal(authz_status(w, 0), i < 2 ? "pending" : "invalid");
    assert_string_equal(ca_world_status(w), i < 2 ? "pending" : "invalid");
    if (i < 2) { /* not before the pause is over */
      assert_true(until <= w->now + w->options.validation_retry_ms);
      w->now += w->options.validation_retry_ms - 1;
      (void)ca_world_run(w);
      assert_int_equal(w->asked, i + 1);
      w->now += 1;
    }
  }
  assert_non_null(sdg_json_member(w->peer.json, "error")); /* of the order */
  assert_non_null(strstr(authz_status(w, 0), "invalid"));
  assert_int_equal(sdg_json_count(sdg_json_member(w->peer.json, "challenges")), 1);
  start(w, 0); /* too late */
  w->web = CA_WEB_RIGHT;
  w->now += CA_HOUR;
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 3);
  assert_string_equal(authz_status(w, 0), "invalid");
}

static void test_second_try_succeeds(void **state)
{
  ca_world *w = *state;

  order(w, ONE);
  w->web = CA_WEB_DEAD;
  start(w, 0);
  (void)ca_world_run(w);
  w->web = CA_WEB_RIGHT;
  w->now += w->options.validation_retry_ms;
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 2);
  assert_string_equal(challenge_status(w, 0), "valid");
  assert_null(sdg_json_member(w->peer.json, "error"));
  assert_string_equal(ca_world_status(w), "ready");
}

/* ACME-8.2-05: asked again, it is tried again at once; the number of tries stays */
static void test_client_retry(void **state)
{
  ca_world *w = *state;

  order(w, ONE);
  w->web = CA_WEB_DEAD;
  start(w, 0);
  (void)ca_world_run(w);
  for (unsigned i = 0; i < 5; i++) {
    start(w, 0);
    (void)ca_world_run(w);
  }
  assert_int_equal(w->asked, 3);
  assert_string_equal(authz_status(w, 0), "invalid");
}

/* A client that asks again while its web server is being asked: the outcome is not lost. */
static void test_post_during_check(void **state)
{
  ca_world *w = *state;

  order(w, ONE);
  w->web = CA_WEB_HOLD;
  start(w, 0);
  (void)ca_world_run(w);
  start(w, 0);
  start(w, 0);
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 1); /* under its lease */
  ca_world_release(w, CA_WEB_RIGHT);
  assert_string_equal(challenge_status(w, 0), "valid");
  assert_string_equal(ca_world_status(w), "ready");
  assert_int_equal(w->asked, 1);
}

/* A lost outcome: the lease runs out, another process asks. */
static void test_lease(void **state)
{
  ca_world *w = *state;

  order(w, ONE);
  w->web = CA_WEB_HOLD;
  start(w, 0);
  (void)ca_world_run(w);
  ca_world_restart(w); /* killed while it waited */
  w->web = CA_WEB_RIGHT;
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 1);
  w->now += w->options.lease_ms;
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 2);
  assert_string_equal(ca_world_status(w), "ready");
}

/* ... and is not asked by others as long as this one waits for its answer. */
static void test_lease_is_renewed(void **state)
{
  ca_world *w = *state;
  stardeleg_ca *other = NULL;

  order(w, ONE);
  assert_ok(stardeleg_ca_new(&other, &w->options, NULL));
  w->web = CA_WEB_HOLD;
  start(w, 0);
  for (unsigned i = 0; i < 60; i++) {
    (void)ca_world_run(w);
    (void)ca_world_run_engine(w, stardeleg_ca_engine(other));
    w->now += 1000;
  }
  assert_int_equal(w->asked, 1);
  ca_world_release(w, CA_WEB_RIGHT);
  assert_string_equal(ca_world_status(w), "ready");
  stardeleg_ca_free(other);
}

/* Two engines validate the last two authorizations at the same time. */
static void test_two_engines_two_names(void **state)
{
  ca_world *w = *state;
  stardeleg_ca *other = NULL;
  stardeleg_ca *own = w->ca;
  uint64_t held[2];
  char url[2][512];

  order(w, TWO);
  assert_ok(stardeleg_ca_new(&other, &w->options, NULL));
  w->web = CA_WEB_HOLD;
  start(w, 0);
  (void)ca_world_run(w);
  held[0] = w->held;
  memcpy(url[0], w->asked_url, sizeof(url[0]));
  start(w, 1);
  (void)ca_world_run_engine(w, stardeleg_ca_engine(other));
  held[1] = w->held;
  memcpy(url[1], w->asked_url, sizeof(url[1]));
  assert_string_not_equal(url[0], url[1]);
  for (size_t i = 0; i < 2; i++) {
    w->ca = i == 0 ? own : other;
    w->held = held[i];
    memcpy(w->asked_url, url[i], sizeof(w->asked_url));
    ca_world_release(w, CA_WEB_RIGHT);
  }
  w->ca = own;
  assert_string_equal(ca_world_status(w), "ready");
  stardeleg_ca_free(other);
}

/* One of two fails: the order does, whatever becomes of the other. */
static void test_two_names(void **state)
{
  ca_world *w = *state;

  order(w, TWO);
  start(w, 0);
  (void)ca_world_run(w);
  assert_string_equal(authz_status(w, 0), "valid");
  assert_string_equal(ca_world_status(w), "pending");
  w->web = CA_WEB_DEAD;
  start(w, 1);
  for (unsigned i = 0; i < 3; i++) {
    (void)ca_world_run(w);
    w->now += w->options.validation_retry_ms;
  }
  assert_string_equal(authz_status(w, 1), "invalid");
  assert_string_equal(authz_status(w, 0), "valid");
  assert_string_equal(ca_world_status(w), "invalid");
}

/* ACME-8.3-06, ACME-7.3.5-07: the key at response time counts */
static void test_key_change_in_between(void **state)
{
  ca_world *w = *state;
  acme_peer before = w->peer;
  stardeleg_key *new_key = NULL;
  sdg_buf inner;
  sdg_buf jwk;
  char payload[4096];

  order(w, ONE);
  w->web = CA_WEB_HOLD;
  start(w, 0);
  before.key = stardeleg_key_ref(w->peer.key);
  assert_ok(stardeleg_key_generate(&new_key, test_crypto(), STARDELEG_KEY_P256));
  sdg_buf_init(&inner, 1 << 16);
  sdg_buf_init(&jwk, 1 << 16);
  assert_ok(sdg_jwk_write(&jwk, stardeleg_key_spki(w->peer.key)));
  (void)snprintf(payload, sizeof(payload), "{\"account\":\"%s\",\"oldKey\":%s}", w->peer.kid, sdg_buf_str(&jwk));
  acme_peer_build(
      &w->peer, &inner,
      &(acme_peer_jws){
          .url = CA_BASE "/key-change", .payload = payload, .signer = new_key, .by_jwk = true, .nonce = "-"});
  assert_int_equal(acme_peer_post(&w->peer, CA_BASE "/key-change", sdg_buf_str(&inner)), 200);
  stardeleg_key_free(w->peer.key);
  w->peer.key = new_key;
  start(w, 0); /* asked again with the new key: still the first response's */
  (void)ca_world_run(w);
  w->web_peer = &before;
  ca_world_release(w, CA_WEB_RIGHT);
  assert_string_equal(authz_status(w, 0), "valid");
  assert_string_equal(ca_world_status(w), "ready");
  stardeleg_key_free(before.key);
  sdg_buf_clear(&inner);
  sdg_buf_clear(&jwk);
}

/* --- Redirects (ACME-8.3-05) --- */

static void test_redirect(void **state)
{
  static const char *const good[] = {
      "https://www.example.org/.well-known/acme-challenge/x", "http://other.example/.well-known/acme-challenge/x",
      "/.well-known/acme-challenge/y", "//other.example:80/.well-known/acme-challenge/x"};
  static const char *const bad[] = {"ftp://www.example.org/x",     "https://www.example.org:8443/x",
                                    "http://www.example.org:22/x", "https://u:p@www.example.org/x",
                                    "file:///etc/passwd",          "http://"};
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    unsigned before = w->asked;

    order(w, ONE);
    start(w, 0);
    w->web = CA_WEB_REDIRECT;
    w->web_location = good[i];
    /* the answer is that to the first URL's token: the web server of the test makes it from what is asked */
    (void)ca_world_run(w);
    assert_true(w->asked > before + 1);
    assert_non_null(strstr(w->asked_url, strrchr(good[i], '/')));
    assert_true(w->asked_max >= 64 * 1024); /* redirects come with pages */
  }
  w->options.validation_attempts = 1;
  ca_world_restart(w);
  (void)ca_world_run(w);
  w->now += CA_HOUR;
  (void)ca_world_run(w);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    unsigned before = w->asked;

    order(w, ONE);
    start(w, 0);
    w->web = CA_WEB_LOOP;
    w->web_location = bad[i];
    (void)ca_world_run(w);
    assert_int_equal(w->asked, before + 1);
    assert_string_equal(authz_status(w, 0), "invalid");
  }
  /* not for ever */
  order(w, ONE);
  start(w, 0);
  w->asked = 0;
  w->web_location = "http://www.example.org/.well-known/acme-challenge/x";
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 6);
  assert_string_equal(authz_status(w, 0), "invalid");
}

/* --- Ends --- */

/* ACME-7.4-05, ACME-7.1.6-02 */
static void test_expiry(void **state)
{
  ca_world *w = *state;

  order(w, TWO);
  start(w, 0);
  (void)ca_world_run(w);
  assert_string_equal(authz_status(w, 0), "valid");
  w->now += CA_DAY;
  (void)ca_world_run(w);
  (void)ca_world_run(w);
  assert_string_equal(authz_status(w, 0), "expired");
  assert_string_equal(authz_status(w, 1), "invalid");
  assert_string_equal(ca_world_status(w), "invalid");
  start(w, 0);
  start(w, 1);
  w->asked = 0;
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 0);
}

/* ACME-7.5.2-02, ACME-7.5.2-03 */
static void test_deactivate(void **state)
{
  static const char *const bad[] = {"{}", "{\"status\":\"valid\"}", "{\"status\":\"revoked\"}", "{\"status\":1}"};
  ca_world *w = *state;

  order(w, ONE);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)acme_peer_post(&w->peer, ca_world_authz(w, 0), bad[i]);
    acme_peer_assert_problem(&w->peer, 400, "malformed");
  }
  ca_world_validate(w);
  assert_int_equal(acme_peer_post(&w->peer, ca_world_authz(w, 0), "{\"status\":\"deactivated\"}"), 200);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "deactivated");
  /* at once, without the engine */
  (void)ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL));
  acme_peer_assert_problem(&w->peer, 403, "orderNotReady");
  assert_string_equal(ca_world_status(w), "invalid");
  assert_non_null(sdg_json_member(w->peer.json, "error"));
  (void)acme_peer_post(&w->peer, ca_world_authz(w, 0), "{\"status\":\"deactivated\"}");
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  (void)ca_world_run(w);
  assert_string_equal(authz_status(w, 0), "deactivated");
  w->now += 3 * CA_DAY;
  (void)ca_world_run(w);
  assert_string_equal(authz_status(w, 0), "deactivated");
}

static void test_deactivate_pending_and_processing(void **state)
{
  ca_world *w = *state;

  /* while it is being validated: the outcome does not bring it back */
  order(w, ONE);
  w->web = CA_WEB_HOLD;
  start(w, 0);
  (void)ca_world_run(w);
  assert_int_equal(acme_peer_post(&w->peer, ca_world_authz(w, 0), "{\"status\":\"deactivated\"}"), 200);
  ca_world_release(w, CA_WEB_RIGHT);
  assert_string_equal(authz_status(w, 0), "deactivated");
  assert_string_equal(ca_world_status(w), "invalid");
  /* after finalize, before issuance: nothing is issued */
  order(w, ONE);
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  assert_int_equal(acme_peer_post(&w->peer, ca_world_authz(w, 0), "{\"status\":\"deactivated\"}"), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "invalid");
  assert_string_equal(w->star, "");
}

/* ACME-7.1.3-06: neither array ever changes */
static void test_arrays_stay(void **state)
{
  ca_world *w = *state;
  sdg_json *identifiers;
  sdg_json *authorizations;

  order(w, TWO);
  identifiers = sdg_json_copy(sdg_json_member(w->peer.json, "identifiers"));
  authorizations = sdg_json_copy(sdg_json_member(w->peer.json, "authorizations"));
  for (unsigned i = 0; i < 4; i++) {
    if (i == 1) {
      ca_world_validate(w);
    } else if (i == 2) {
      assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "B.example.org", "a.example.org", NULL)), 200);
    } else if (i == 3) {
      (void)ca_world_run(w);
    }
    (void)ca_world_status(w);
    assert_true(sdg_json_equal(identifiers, sdg_json_member(w->peer.json, "identifiers")));
    assert_true(sdg_json_equal(authorizations, sdg_json_member(w->peer.json, "authorizations")));
  }
  assert_string_equal(ca_world_status(w), "valid");
  sdg_json_free(identifiers);
  sdg_json_free(authorizations);
}

/* For tests on loopback: another port, in the first request. */
static void test_other_port(void **state)
{
  ca_world *w = *state;

  w->options.http01_port = 5002;
  ca_world_restart(w);
  order(w, ONE);
  start(w, 0);
  (void)ca_world_run(w);
  assert_true(strncmp(w->asked_url, "http://www.example.org:5002/", 28) == 0);
  assert_string_equal(ca_world_status(w), "ready");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_success),
      T(test_blanks_behind),
      T(test_responses),
      T(test_retries),
      T(test_second_try_succeeds),
      T(test_client_retry),
      T(test_post_during_check),
      T(test_lease),
      T(test_lease_is_renewed),
      T(test_two_engines_two_names),
      T(test_two_names),
      T(test_key_change_in_between),
      T(test_redirect),
      T(test_expiry),
      T(test_deactivate),
      T(test_deactivate_pending_and_processing),
      T(test_arrays_stay),
      T(test_other_port),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
