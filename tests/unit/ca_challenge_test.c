/* SPDX-License-Identifier: Apache-2.0 */
/* ca_challenge_test.c -- dns-01, dns-account-01, tls-alpn-01, and the choice among them. */
#include "support/test.h"

#include "base/bytes.h"
#include "support/net_world.h"
#include "x509/acme_identifier.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- What is offered --- */

/* ACME-7.1.4-01, IP-7-01 */
static void offers_what_can_prove(void **state)
{
  static const struct {
    unsigned challenges;
    const char *order;
    const char *types[3];
    size_t count; /* 0: refused */
  } cases[] = {
      {NET_ALL, NET_ONE, {"http-01", "dns-01", "tls-alpn-01"}, 3},
      {STARDELEG_CA_TLS_ALPN_01, NET_ONE, {"tls-alpn-01"}, 1},
      {NET_ALL | STARDELEG_CA_DNS_ACCOUNT_01, "{'identifiers':[{'type':'dns','value':'*.example.org'}]}",
       {"dns-01", "dns-account-01"}, 2},
      {STARDELEG_CA_HTTP_01, "{'identifiers':[{'type':'dns','value':'*.example.org'}]}", {NULL}, 0},
      {NET_ALL, "{'identifiers':[{'type':'ip','value':'192.0.2.1'}]}", {"http-01", "tls-alpn-01"}, 2},
      {STARDELEG_CA_DNS_01, "{'identifiers':[{'type':'ip','value':'192.0.2.1'}]}", {NULL}, 0},
  };
  net_world *n = *state;
  char token[300];

  for (size_t i = 0; i < COUNT(cases); i++) {
    net_reopen(n, cases[i].challenges);
    if (cases[i].count == 0) {
      (void)ca_world_new_order(&n->w, ca_world_json("%s", cases[i].order));
      acme_peer_assert_problem(&n->w.peer, 403, "rejectedIdentifier");
      continue;
    }
    net_order(n, cases[i].order);
    assert_int_equal(net_count_challenges(n, 0), cases[i].count);
    for (size_t k = 0; k < cases[i].count; k++) {
      assert_non_null(net_find(n, 0, cases[i].types[k], token));
      assert_int_equal(strlen(token), 43); /* ALPN-3-01 */
    }
  }
}

static void refuses_bad_options(void **state)
{
  static const char *const url[] = {"https://ca.example", NULL};
  static const char *const dot[] = {"ca.example.", NULL};
  static const char *const good[] = {"ca.example", NULL};
  static const char *const networks[] = {"10.0.0.0/33", NULL};
  const char *many[34] = {NULL}; /* more than one question about CAA can have */
  net_world *n = *state;
  stardeleg_ca_options base = n->w.options;
  stardeleg_ca *ca = NULL;

  for (int i = 0; i < 33; i++) {
    many[i] = "ca.example";
  }
  for (int i = 0; i < 12; i++) {
    stardeleg_ca_options options = base;
    stardeleg_problem problem;

    options.challenges = i == 0 ? 0 : (i == 1 ? 64 : NET_ALL);
    options.dns = i == 2 || i == 8 ? NULL : base.dns;
    options.tls_probe = i == 3 ? NULL : base.tls_probe;
    options.tls_alpn01_port = i == 4 ? 0 : 443;
    options.https_port = i == 5 ? 0 : 443;
    options.caa_identities = i == 6 ? url : (i == 7 ? dot : (i == 8 ? good : NULL)); /* ACME-7.1.1-03 */
    options.challenges = i == 8 ? STARDELEG_CA_HTTP_01 : options.challenges;
    options.allowed_networks = i == 9 ? networks : NULL;
    options.caa_age_max_s = i == 10 ? -1 : 0;
    options.caa_identities = i == 11 ? many : options.caa_identities;
    assert_err(STARDELEG_ERR_CONFIG, stardeleg_ca_new(&ca, &options, &problem));
    assert_true(strlen(problem.detail) > 0);
  }
  assert_null(ca);
}

/* The first that is answered counts; the others are gone when it is decided. */
static void lets_clients_choose(void **state)
{
  net_world *n = *state;
  char token[300];
  char other[300];
  char value[64];
  const char *dns;
  const char *http;

  net_order(n, NET_ONE);
  http = net_find(n, 0, "http-01", other);
  dns = net_find(n, 0, "dns-01", token);
  assert_string_not_equal(token, other);
  net_dns_value(n, token, value);
  fake_dns_add(&n->dns, "_acme-challenge.www.example.org", STARDELEG_DNS_TXT, value);
  net_start(n, dns);
  assert_string_equal(acme_peer_string(&n->w.peer, "status"), "processing"); /* ACME-7.1.6-01 */
  assert_string_equal(acme_peer_string(&n->w.peer, "type"), "dns-01");
  assert_non_null(acme_peer_header(&n->w.peer, "Retry-After"));
  net_start(n, http);
  assert_string_equal(acme_peer_string(&n->w.peer, "type"), "http-01");
  assert_string_equal(acme_peer_string(&n->w.peer, "status"), "pending");
  assert_null(acme_peer_header(&n->w.peer, "Retry-After"));
  (void)ca_world_run(&n->w);
  assert_int_equal(n->w.asked, 0);
  assert_string_equal(net_authz_status(n, 0), "valid");
  assert_int_equal(net_count_challenges(n, 0), 1);
  assert_non_null(net_find(n, 0, "dns-01", token));
  assert_string_equal(ca_world_status(&n->w), "ready");
  assert_int_equal(acme_peer_fetch(&n->w.peer, http), 404);
  assert_int_equal(acme_peer_post(&n->w.peer, http, "{}"), 404);
}

/* What the operator has taken away since then is not validated any more. */
static void stops_offering(void **state)
{
  net_world *n = *state;
  char token[300];
  const char *dns;

  net_order(n, NET_ONE);
  dns = net_find(n, 0, "dns-01", token);
  net_start(n, dns);
  net_reopen(n, STARDELEG_CA_HTTP_01);
  (void)ca_world_run(&n->w);
  assert_int_equal(n->dns.asked, 0);
  assert_string_equal(net_authz_status(n, 0), "invalid");
  assert_string_equal(ca_world_status(&n->w), "invalid");
}

/* --- dns-01 --- */

/* ACME-8.4-02, ACME-8.4-03 to ACME-8.4-06: three records, the one in the middle is right */
static void dns_01_succeeds(void **state)
{
  net_world *n = *state;
  char token[300];
  char value[64];
  const char *url;

  net_order(n, NET_ONE);
  url = net_find(n, 0, "dns-01", token);
  net_dns_value(n, token, value);
  fake_dns_add(&n->dns, "_acme-challenge.www.example.org", STARDELEG_DNS_TXT, "v=spf1 -all");
  fake_dns_add(&n->dns, "_acme-challenge.www.example.org", STARDELEG_DNS_TXT, value);
  fake_dns_add(&n->dns, "_acme-challenge.www.example.org", STARDELEG_DNS_TXT, "");
  n->dns.delay = 3;
  net_start(n, url);
  for (int i = 0; i < 3; i++) {
    assert_true(ca_world_run(&n->w) <= n->w.now + 10);
    assert_string_equal(net_authz_status(n, 0), "pending");
    n->w.now += 10;
  }
  (void)ca_world_run(&n->w);
  assert_int_equal(n->dns.asked, 1);
  assert_string_equal(n->dns.last, "_acme-challenge.www.example.org");
  assert_string_equal(net_authz_status(n, 0), "valid");
  assert_string_equal(ca_world_status(&n->w), "ready");
}

/* Wildcard and name itself: the same place, two values (ACME-7.1.4-02). */
static void dns_01_proves_wildcard_and_apex(void **state)
{
  net_world *n = *state;
  char token[2][300];
  char value[2][64];
  const char *url[2];

  net_order(n, "{'identifiers':[{'type':'dns','value':'*.example.org'},{'type':'dns','value':'example.org'}]}");
  for (size_t i = 0; i < 2; i++) {
    url[i] = net_find(n, i, "dns-01", token[i]);
    assert_string_equal(sdg_json_string(sdg_json_member(sdg_json_member(n->w.peer.json, "identifier"), "value")),
                        "example.org");
    net_dns_value(n, token[i], value[i]);
    fake_dns_add(&n->dns, "_acme-challenge.example.org", STARDELEG_DNS_TXT, value[i]);
  }
  assert_string_not_equal(value[0], value[1]);
  net_start(n, url[0]);
  net_start(n, url[1]);
  (void)ca_world_run(&n->w);
  assert_string_equal(ca_world_status(&n->w), "ready");
  assert_int_equal(ca_world_finalize(&n->w, ca_world_csr(&n->w, NULL, "*.example.org", "example.org", NULL)), 200);
  (void)ca_world_run(&n->w);
  assert_string_equal(ca_world_status(&n->w), "valid");
}

static void dns_01_fails(void **state)
{
  static const struct {
    stardeleg_dns_status status;
    const char *text; /* NULL: no record */
    const char *type;
  } cases[] = {
      {STARDELEG_DNS_OK, NULL, "unauthorized"},
      {STARDELEG_DNS_OK, "", "incorrectResponse"},
      {STARDELEG_DNS_OK, "3Q2-7zfY8bOlyd2pmQBzGIGKWUfBWTAKVtPQgs7xmVs", "incorrectResponse"},
      {STARDELEG_DNS_OK, "+", "incorrectResponse"},      /* the value with something behind: see below */
      {STARDELEG_DNS_OK, "\"", "incorrectResponse"},     /* the value in quotes */
      {STARDELEG_DNS_OK, "token", "incorrectResponse"},  /* the key authorization itself */
      {STARDELEG_DNS_NO_NAME, NULL, "dns"},
      {STARDELEG_DNS_FAILED, NULL, "dns"},
      {STARDELEG_DNS_TIMEOUT, NULL, "dns"},
      {STARDELEG_DNS_BOGUS, NULL, "dns"},
  };
  net_world *n = *state;

  n->w.options.validation_attempts = 1;
  net_reopen(n, NET_ALL);
  for (size_t i = 0; i < COUNT(cases); i++) {
    char token[300];
    char value[64];
    char text[600];
    sdg_buf ka;
    const char *url;

    net_order(n, NET_ONE);
    url = net_find(n, 0, "dns-01", token);
    net_dns_value(n, token, value);
    net_key_authorization(n, token, &ka);
    (void)snprintf(text, sizeof(text), "%s", cases[i].text != NULL ? cases[i].text : "");
    if (strcmp(text, "+") == 0) {
      (void)snprintf(text, sizeof(text), "%s ", value);
    } else if (strcmp(text, "\"") == 0) {
      (void)snprintf(text, sizeof(text), "\"%s\"", value);
    } else if (strcmp(text, "token") == 0) {
      (void)snprintf(text, sizeof(text), "%s", sdg_buf_str(&ka));
    }
    sdg_buf_clear(&ka);
    fake_dns_clear(&n->dns);
    fake_dns_fail(&n->dns, "_acme-challenge.www.example.org", STARDELEG_DNS_TXT, cases[i].status);
    if (cases[i].text != NULL) {
      fake_dns_add(&n->dns, "_acme-challenge.www.example.org", STARDELEG_DNS_TXT, text[0] != '\0' ? text : " ");
    }
    net_start(n, url);
    (void)ca_world_run(&n->w);
    assert_string_equal(net_authz_status(n, 0), "invalid");
    net_assert_error(n, url, cases[i].type);
    assert_string_equal(ca_world_status(&n->w), "invalid");
  }
}

/* ACME-8.2-02: the record appears with the second try */
static void dns_01_is_tried_again(void **state)
{
  net_world *n = *state;
  char token[300];
  char value[64];
  const char *url;

  net_order(n, NET_ONE);
  url = net_find(n, 0, "dns-01", token);
  net_dns_value(n, token, value);
  net_start(n, url);
  (void)ca_world_run(&n->w);
  net_assert_error(n, url, "unauthorized");
  assert_string_equal(acme_peer_string(&n->w.peer, "status"), "processing");
  fake_dns_add(&n->dns, "_acme-challenge.www.example.org", STARDELEG_DNS_TXT, value);
  n->w.now += n->w.options.validation_retry_ms;
  (void)ca_world_run(&n->w);
  assert_string_equal(net_authz_status(n, 0), "valid");
}

/* The label is that of the draft: base32 of the first ten octets of the account URL's digest. */
static void dns_account_01(void **state)
{
  static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
  net_world *n = *state;
  uint8_t digest[SDG_ACME_IDENTIFIER_LEN];
  char name[256] = "_";
  char token[300];
  char value[64];
  const char *url;
  unsigned bits = 0;
  unsigned have = 0;
  size_t at = 1;

  net_reopen(n, STARDELEG_CA_DNS_ACCOUNT_01);
  assert_ok(sdg_acme_identifier_digest(digest, test_crypto(), sdg_bytes_str(n->w.peer.kid)));
  for (size_t i = 0; i < 10; i++) {
    bits = bits << 8 | digest[i];
    for (have += 8; have >= 5; have -= 5) {
      name[at++] = digits[bits >> (have - 5) & 31];
    }
  }
  assert_int_equal(at, 17);
  (void)snprintf(name + at, sizeof(name) - at, "._acme-challenge.example.org");
  net_order(n, "{'identifiers':[{'type':'dns','value':'*.example.org'}]}");
  url = net_find(n, 0, "dns-account-01", token);
  net_dns_value(n, token, value);
  fake_dns_add(&n->dns, name, STARDELEG_DNS_TXT, value);
  net_start(n, url);
  (void)ca_world_run(&n->w);
  assert_string_equal(n->dns.last, name);
  assert_string_equal(ca_world_status(&n->w), "ready");
}

/* --- tls-alpn-01 --- */

static void make_certificate(net_world *n, const char *token, stardeleg_identifier identifier)
{
  uint8_t digest[SDG_ACME_IDENTIFIER_LEN];
  sdg_buf text;

  net_key_authorization(n, token, &text);
  assert_ok(sdg_acme_identifier_digest(digest, test_crypto(), sdg_buf_bytes(&text)));
  sdg_buf_reset(&n->certificate);
  assert_ok(sdg_acme_identifier_build(&n->certificate, n->w.key, &identifier, digest, n->w.now));
  n->tls.certificate = sdg_buf_bytes(&n->certificate);
  sdg_buf_clear(&text);
}

/* ALPN-3-06, ALPN-3-07, ALPN-3-08 */
static void tls_alpn_01_succeeds(void **state)
{
  net_world *n = *state;
  char token[300];
  const char *url;

  fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_A, "192.0.2.7");
  fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_AAAA, "2001:db8::7");
  net_order(n, NET_ONE);
  url = net_find(n, 0, "tls-alpn-01", token);
  make_certificate(n, token, (stardeleg_identifier){"dns", "www.example.org"});
  n->tls.delay = 2;
  n->tls.dead = "2001:db8::7"; /* IPv6 first, then the other one */
  net_start(n, url);
  for (int i = 0; i < 6; i++) {
    (void)ca_world_run(&n->w);
    n->w.now += 10;
  }
  assert_int_equal(n->tls.asked, 2);
  assert_string_equal(n->tls.address, "192.0.2.7");
  assert_string_equal(n->tls.server_name, "www.example.org");
  assert_int_equal(n->tls.port, 443);
  assert_string_equal(net_authz_status(n, 0), "valid");
}

/* IP-4-01, IP-6-01, IP-6-02 */
static void tls_alpn_01_for_an_address(void **state)
{
  net_world *n = *state;
  char token[300];
  const char *url;

  net_order(n, "{'identifiers':[{'type':'ip','value':'192.0.2.9'}]}");
  url = net_find(n, 0, "tls-alpn-01", token);
  make_certificate(n, token, (stardeleg_identifier){"ip", "192.0.2.9"});
  net_start(n, url);
  (void)ca_world_run(&n->w);
  assert_int_equal(n->dns.asked, 0);
  assert_string_equal(n->tls.address, "192.0.2.9");
  assert_string_equal(n->tls.server_name, "9.2.0.192.in-addr.arpa");
  assert_string_equal(net_authz_status(n, 0), "valid");
}

/* ALPN-3-08, ALPN-4-02: each failure by its type */
static void tls_alpn_01_fails(void **state)
{
  static const struct {
    stardeleg_tls_status status;
    const char *name; /* of the certificate; NULL: no certificate */
    const char *type;
  } cases[] = {
      {STARDELEG_TLS_CONNECT, NULL, "connection"},
      {STARDELEG_TLS_TIMEOUT, NULL, "connection"},
      {STARDELEG_TLS_RESOLVE, NULL, "dns"},
      {STARDELEG_TLS_FAILED, NULL, "tls"},
      {STARDELEG_TLS_NO_ALPN, "www.example.org", "unauthorized"},
      {STARDELEG_TLS_OK, NULL, "incorrectResponse"},
      {STARDELEG_TLS_OK, "example.org", "incorrectResponse"},
      {STARDELEG_TLS_OK, "other token", "incorrectResponse"},
  };
  net_world *n = *state;

  n->w.options.validation_attempts = 1;
  net_reopen(n, NET_ALL);
  fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_A, "192.0.2.7");
  for (size_t i = 0; i < COUNT(cases); i++) {
    char token[300];
    const char *url;
    bool other = cases[i].name != NULL && strcmp(cases[i].name, "other token") == 0;

    net_order(n, NET_ONE);
    url = net_find(n, 0, "tls-alpn-01", token);
    n->tls.certificate = (stardeleg_bytes){NULL, 0};
    if (cases[i].name != NULL) {
      make_certificate(n, other ? "x" : token,
                       (stardeleg_identifier){"dns", other ? "www.example.org" : cases[i].name});
    }
    n->tls.status = cases[i].status;
    net_start(n, url);
    (void)ca_world_run(&n->w);
    assert_string_equal(net_authz_status(n, 0), "invalid");
    net_assert_error(n, url, cases[i].type);
  }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, net_set_up, net_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(offers_what_can_prove),
      T(refuses_bad_options),
      T(lets_clients_choose),
      T(stops_offering),
      T(dns_01_succeeds),
      T(dns_01_proves_wildcard_and_apex),
      T(dns_01_fails),
      T(dns_01_is_tried_again),
      T(dns_account_01),
      T(tls_alpn_01_succeeds),
      T(tls_alpn_01_for_an_address),
      T(tls_alpn_01_fails),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
