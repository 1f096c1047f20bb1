/* SPDX-License-Identifier: Apache-2.0 */
/* ca_proof_test.c -- what an account has proven, for its later orders (RFC 8555 7.1.3): when, and when not. */
#include "support/test.h"

#include "base/time.h"
#include "support/net_world.h"

#define DNS(name) "{'type':'dns','value':'" name "'}"
#define ORDER(names) "{'identifiers':[" names "],'allow-certificate-get':true}"
#define REUSE_S (10 * 86400)

static int set_up(void **state)
{
  static ca_world w;

  ca_world_init(&w);
  w.options.authz_reuse_s = REUSE_S;
  ca_world_open(&w);
  *state = &w;
  return 0;
}

/* newOrder: how the order is born. */
static const char *born(ca_world *w, const char *payload)
{
  static char status[32];

  if (ca_world_new_order(w, ca_world_json("%s", payload)) != 201) {
    fail_msg("newOrder: %d %s", w->peer.status, w->peer.body);
  }
  (void)snprintf(status, sizeof(status), "%s", acme_peer_string(&w->peer, "status"));
  return status;
}

static const char *authz_status(ca_world *w, size_t i)
{
  assert_int_equal(acme_peer_fetch(&w->peer, ca_world_authz(w, i)), 200);
  return acme_peer_string(&w->peer, "status");
}

static void prove(ca_world *w, const char *payload)
{
  assert_string_equal(born(w, payload), "pending");
  ca_world_validate(w);
}

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  (*(size_t *)ctx)++;
  return 0;
}

static size_t proofs(const ca_world *w)
{
  size_t n = 0;

  assert_ok(w->store->ops->scan(w->store->self, "proof", NULL, NULL, SIZE_MAX, count_one, &n));
  return n;
}

/* ACME-7.1.3-08 */
static void test_used(void **state)
{
  ca_world *w = *state;
  stardeleg_time proven_at = w->now;
  stardeleg_time validated = 0;
  stardeleg_time expires = 0;
  const sdg_json *challenge;
  unsigned asked;

  prove(w, ORDER(DNS("www.example.org")));
  assert_int_equal(proofs(w), 1);
  asked = w->asked;
  w->now += 5 * CA_DAY; /* the first authorization is over by then */
  (void)ca_world_run(w);
  assert_string_equal(born(w, ORDER(DNS("WWW.example.org"))), "ready");
  assert_string_equal(authz_status(w, 0), "valid");
  assert_ok(sdg_json_get_time(&expires, w->peer.json, "expires", SDG_JSON_REQUIRED, NULL));
  assert_int_equal(expires, w->now + CA_DAY);
  challenge = sdg_json_first(sdg_json_member(w->peer.json, "challenges"));
  assert_null(sdg_json_next(challenge));
  assert_string_equal(sdg_json_string(sdg_json_member(challenge, "type")), "http-01");
  assert_string_equal(sdg_json_string(sdg_json_member(challenge, "status")), "valid");
  assert_ok(sdg_json_get_time(&validated, challenge, "validated", SDG_JSON_REQUIRED, NULL));
  assert_int_equal(validated, proven_at);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  assert_int_equal(w->asked, asked);
  /* a name that is not proven is still to be */
  assert_string_equal(born(w, ORDER(DNS("www.example.org") "," DNS("other.example.org"))), "pending");
  assert_string_equal(authz_status(w, 0), "valid");
  assert_string_equal(authz_status(w, 1), "pending");
  (void)acme_peer_post(&w->peer, ca_world_challenge(w, ca_world_authz(w, 1)), "{}");
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "ready");
  assert_int_equal(w->asked, asked + 1);
}

/* It lasts from the validation, whatever it was used for since. */
static void test_age(void **state)
{
  ca_world *w = *state;
  stardeleg_time end = w->now + REUSE_S * (int64_t)1000;
  stardeleg_time expires = 0;

  prove(w, ORDER(DNS("www.example.org")));
  w->now = end - CA_HOUR;
  (void)ca_world_run(w);
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "ready");
  assert_ok(sdg_json_get_time(&expires, w->peer.json, "expires", SDG_JSON_REQUIRED, NULL));
  assert_int_equal(expires, end);
  w->now += 1000;
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "pending");
  w->now = end;
  (void)ca_world_run(w);
  assert_int_equal(proofs(w), 0);
  /* and no earlier than it, should the clock have been wrong */
  prove(w, ORDER(DNS("b.example.org")));
  w->now -= CA_HOUR;
  assert_string_equal(born(w, ORDER(DNS("b.example.org"))), "pending");
}

/* An order that was born ready ends with what it was built on. */
static void test_ready_ends(void **state)
{
  ca_world *w = *state;

  prove(w, ORDER(DNS("www.example.org")));
  w->now += REUSE_S * (int64_t)1000 - 2 * CA_HOUR;
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "ready");
  w->now += 2 * CA_HOUR;
  (void)acme_peer_post(&w->peer, w->finalize,
                       ca_world_json("{'csr':'%s'}", ca_world_csr(w, NULL, "www.example.org", NULL)));
  acme_peer_assert_problem(&w->peer, 403, "orderNotReady");
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "invalid");
}

static void test_not_for_others(void **state)
{
  ca_world *w = *state;
  acme_peer first;
  acme_peer other;

  prove(w, ORDER(DNS("www.example.org")));
  assert_string_equal(born(w, ORDER(DNS("example.org"))), "pending");
  assert_string_equal(born(w, ORDER(DNS("a.www.example.org"))), "pending");
  first = w->peer;
  ca_world_peer(w, &other);
  w->peer = other;
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "pending");
  acme_peer_clear(&w->peer);
  w->peer = first;
  w->peer.nonce[0] = '\0';
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "ready");
}

/* STAR goes on for long without anybody being asked: it begins with a validation of its own, which then counts. */
static void test_not_for_star(void **state)
{
  ca_world *w = *state;

  prove(w, ORDER(DNS("www.example.org")));
  assert_string_equal(born(w, "{'identifiers':[" DNS("www.example.org") "],'auto-renewal':{'end-date':"
                              "'2026-02-01T00:00:00Z','lifetime':86400}}"),
                      "pending");
  assert_string_equal(authz_status(w, 0), "pending");
  w->now += REUSE_S * (int64_t)1000 / 2;
  ca_world_star(w, 30, 86400, 0);
  w->now += REUSE_S * (int64_t)1000 / 2 + CA_DAY;
  (void)ca_world_run(w);
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "ready");
}

/* ACME-7.5.2-03: whoever gives an authorization up has to prove the name again. */
static void test_given_up(void **state)
{
  ca_world *w = *state;

  prove(w, ORDER(DNS("www.example.org")));
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "ready");
  assert_int_equal(acme_peer_post(&w->peer, ca_world_authz(w, 0), "{\"status\":\"deactivated\"}"), 200);
  assert_string_equal(ca_world_status(w), "invalid");
  assert_int_equal(proofs(w), 0);
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "pending");
  /* what failed proves nothing */
  w->web = CA_WEB_WRONG;
  (void)acme_peer_post(&w->peer, ca_world_challenge(w, ca_world_authz(w, 0)), "{}");
  for (int i = 0; i < 4; i++) {
    (void)ca_world_run(w);
    w->now += 10000;
  }
  assert_string_equal(ca_world_status(w), "invalid");
  assert_int_equal(proofs(w), 0);
}

static void test_off(void **state)
{
  ca_world *w = *state;

  prove(w, ORDER(DNS("www.example.org")));
  w->options.authz_reuse_s = 0;
  ca_world_restart(w);
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "pending");
  prove(w, ORDER(DNS("b.example.org")));
  assert_int_equal(proofs(w), 1);
  w->now += REUSE_S * (int64_t)1000;
  (void)ca_world_run(w);
  assert_int_equal(proofs(w), 0); /* what was kept goes all the same */
}

/* --- With several challenges --- */

static void prove_by_dns(net_world *n, const char *payload)
{
  char token[300];
  char value[64];
  const char *url;

  net_order(n, payload);
  url = net_find(n, 0, "dns-01", token);
  net_dns_value(n, token, value);
  fake_dns_add(&n->dns, "_acme-challenge.example.org", STARDELEG_DNS_TXT, value);
  net_start(n, url);
  (void)ca_world_run(&n->w);
  assert_string_equal(ca_world_status(&n->w), "ready");
}

/* Neither speaks for the other. */
static void test_wildcards(void **state)
{
  net_world *n = *state;
  ca_world *w = &n->w;

  w->options.authz_reuse_s = REUSE_S;
  ca_world_restart(w);
  prove_by_dns(n, ORDER(DNS("*.example.org")));
  assert_string_equal(born(w, ORDER(DNS("*.example.org"))), "ready");
  assert_string_equal(born(w, ORDER(DNS("example.org"))), "pending");
  assert_string_equal(born(w, ORDER(DNS("www.example.org"))), "pending");
  prove_by_dns(n, ORDER(DNS("example.org")));
  assert_int_equal(proofs(w), 2);
  assert_string_equal(born(w, ORDER(DNS("example.org") "," DNS("*.example.org"))), "ready");
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "example.org", "*.example.org", NULL)), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
}

/* A way of validation that the operator has taken away counts no longer. */
static void test_method_gone(void **state)
{
  net_world *n = *state;
  ca_world *w = &n->w;

  w->options.authz_reuse_s = REUSE_S;
  ca_world_restart(w);
  prove_by_dns(n, ORDER(DNS("example.org")));
  net_reopen(n, STARDELEG_CA_HTTP_01 | STARDELEG_CA_TLS_ALPN_01);
  assert_string_equal(born(w, ORDER(DNS("example.org"))), "pending");
  net_reopen(n, STARDELEG_CA_DNS_01);
  assert_string_equal(born(w, ORDER(DNS("example.org"))), "ready");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, ca_world_tear_down)
#define N(fn) cmocka_unit_test_setup_teardown(fn, net_set_up, net_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_used),     T(test_age), T(test_ready_ends),  T(test_not_for_others), T(test_not_for_star),
      T(test_given_up), T(test_off), N(test_wildcards), N(test_method_gone),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
