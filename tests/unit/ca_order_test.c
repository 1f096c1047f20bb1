/* SPDX-License-Identifier: Apache-2.0 */
/* ca_order_test.c -- directory, newOrder, the order's states, finalize and what may be in a CSR. */
#include "support/test.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "support/ca_world.h"

#define ONE_NAME "'identifiers':[{'type':'dns','value':'www.example.org'}]"

/* --- Directory and options --- */

/* STAR-3.2-01, STAR-3.2-04, STAR-3.4-01, STARDEL-3-01 */
static void test_the_directory(void **state)
{
  ca_world *w = *state;
  const sdg_json *meta;
  const sdg_json *renewal;

  assert_int_equal(acme_peer_get(&w->peer, CA_BASE "/directory"), 200);
  assert_string_equal(acme_peer_string(&w->peer, "revokeCert"), CA_BASE "/revoke-cert");
  assert_string_equal(acme_peer_string(&w->peer, "newOrder"), CA_BASE "/new-order");
  meta = sdg_json_member(w->peer.json, "meta");
  renewal = sdg_json_member(meta, "auto-renewal");
  assert_int_equal(sdg_json_int(sdg_json_member(renewal, "min-lifetime")), 60);
  assert_int_equal(sdg_json_int(sdg_json_member(renewal, "max-duration")), 365 * 86400);
  assert_true(sdg_json_bool(sdg_json_member(renewal, "allow-certificate-get")));
  w->options.allow_certificate_get = 0;
  ca_world_restart(w);
  assert_int_equal(acme_peer_get(&w->peer, CA_BASE "/directory"), 200);
  renewal = sdg_json_member(sdg_json_member(w->peer.json, "meta"), "auto-renewal");
  assert_false(sdg_json_bool(sdg_json_member(renewal, "allow-certificate-get")));
}

/* ACME-7.4.1-02, ACME-7.4.1-03: no authorization before its order, and none that is valid without proof */
static void test_no_pre_authorization(void **state)
{
  ca_world *w = *state;

  assert_int_equal(acme_peer_get(&w->peer, CA_BASE "/directory"), 200);
  assert_null(sdg_json_member(w->peer.json, "newAuthz"));
  (void)acme_peer_post(&w->peer, CA_BASE "/new-authz",
                       "{\"identifier\":{\"type\":\"dns\",\"value\":\"www.example.org\"}}");
  acme_peer_assert_problem(&w->peer, 404, "malformed");
  assert_null(acme_peer_header(&w->peer, "Location"));
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  assert_int_equal(acme_peer_fetch(&w->peer, ca_world_authz(w, 0)), 200);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "pending");
}

static void refuse_options(const ca_world *w, const stardeleg_ca_options *options)
{
  stardeleg_problem problem;
  stardeleg_ca *ca = NULL;

  (void)w;
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ca_new(&ca, options, &problem));
  assert_null(ca);
  assert_true(problem.detail[0] != '\0');
}

#define REFUSE(member, value)                                                                                          \
  do {                                                                                                                 \
    stardeleg_ca_options spoiled_ = w->options;                                                                        \
    spoiled_.member = value;                                                                                           \
    refuse_options(w, &spoiled_);                                                                                      \
  } while (0)

static void test_options(void **state)
{
  ca_world *w = *state;
  stardeleg_ca_options o = w->options;
  stardeleg_key *other = NULL;
  stardeleg_ca *ca = NULL;

  REFUSE(crypto, NULL);
  REFUSE(store, NULL);
  REFUSE(base_url, NULL);
  REFUSE(base_url, "http://ca.example/acme");
  REFUSE(issuer_key, NULL);
  REFUSE(issuer_chain_pem, sdg_bytes_str("no certificate"));
  REFUSE(issuer_chain_pem, sdg_bytes(NULL, 0));
  REFUSE(min_lifetime_s, 0);
  REFUSE(max_duration_s, 1);
  REFUSE(fraction_permille, 499);
  REFUSE(fraction_permille, 1000);
  REFUSE(validation_attempts, 0);
  REFUSE(validation_timeout_ms, 0);
  REFUSE(validation_timeout_ms, INT64_MAX);
  REFUSE(http01_port, 0);
  REFUSE(plain_lifetime_s, 0);
  REFUSE(order_pending_s, 0);
  REFUSE(order_grace_s, -1);
  REFUSE(lease_ms, 0);
  REFUSE(validation_retry_ms, -1);
  REFUSE(poll_ms, -1);
  REFUSE(crl_lifetime_s, -1);
  REFUSE(authz_reuse_s, -1);
  REFUSE(authz_reuse_s, INT64_MAX);
  REFUSE(crl_max, 65535);
  REFUSE(crl_max, 16 * 1024 * 1024 + 1);
  REFUSE(max_duration_s, INT64_MAX);
  REFUSE(order_grace_s, INT64_MAX);
  REFUSE(plain_lifetime_s, INT64_MAX / 1000);
  REFUSE(lease_ms, INT64_MAX);
  REFUSE(crl_url, "ldap://x");
  REFUSE(crl_url, "");
  o.eab_required = 1;
  o.secrets = NULL;
  refuse_options(w, &o);
  assert_ok(stardeleg_key_generate(&other, test_crypto(), STARDELEG_KEY_P256));
  REFUSE(issuer_key, other);
  stardeleg_key_free(other);
  o = w->options;
  o.size--;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_new(&ca, &o, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_new(NULL, &w->options, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_new(&ca, NULL, NULL));
  stardeleg_ca_free(NULL);
}

/* A leaf must not be able to issue. */
static void test_issuer_must_be_ca(void **state)
{
  static const char *const names[] = {"server.example", NULL};
  ca_world *w = *state;
  char *pem = NULL;

  assert_ok(stardeleg_ca_make_server(&pem, stardeleg_key_spki(w->key), names, w->root_key, sdg_bytes_str(w->root_pem),
                                     w->now, w->now + CA_DAY));
  {
    stardeleg_ca_options o = w->options;

    o.issuer_chain_pem = sdg_bytes_str(pem);
    o.issuer_key = w->key;
    refuse_options(w, &o);
  }
  free(pem);
}

/* --- newOrder --- */

/* ACME-7.4-03, ACME-7.1.3-01, ACME-7.1.3-02, ACME-7.1.4-01, ACME-8-01, ACME-8.3-01, STAR-3.1.1-07, STAR-3.4-03 */
static void test_created(void **state)
{
  ca_world *w = *state;
  const sdg_json *list;
  const sdg_json *challenge;
  const sdg_json *renewal;
  char authz[512];
  char token[128];

  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'a.example.org'},"
                                                       "{'type':'dns','value':'B.example.org'}],"
                                                       "'auto-renewal':{'end-date':'2026-02-01T00:00:00Z',"
                                                       "'lifetime':86400,'lifetime-adjust':3600,"
                                                       "'allow-certificate-get':true},'foo':1}")),
                   201);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "pending");
  assert_string_equal(acme_peer_string(&w->peer, "expires"), "2026-01-11T00:00:00Z");
  assert_null(sdg_json_member(w->peer.json, "foo"));
  assert_null(sdg_json_member(w->peer.json, "certificate"));
  assert_null(sdg_json_member(w->peer.json, "star-certificate")); /* STAR-3.1.1-13 */
  assert_int_equal(sdg_json_count(sdg_json_member(w->peer.json, "identifiers")), 2);
  renewal = sdg_json_member(w->peer.json, "auto-renewal");
  assert_string_equal(sdg_json_string(sdg_json_member(renewal, "end-date")), "2026-02-01T00:00:00Z");
  assert_int_equal(sdg_json_int(sdg_json_member(renewal, "lifetime")), 86400);
  assert_int_equal(sdg_json_int(sdg_json_member(renewal, "lifetime-adjust")), 3600);
  assert_true(sdg_json_bool(sdg_json_member(renewal, "allow-certificate-get")));
  list = sdg_json_member(w->peer.json, "authorizations");
  assert_int_equal(sdg_json_count(list), 2); /* ACME-7.1.3-08: one for each name, none is reused */
  assert_true(strcmp(sdg_json_string(sdg_json_first(list)), sdg_json_string(sdg_json_next(sdg_json_first(list)))) != 0);
  (void)snprintf(authz, sizeof(authz), "%s", sdg_json_string(sdg_json_first(list)));
  assert_int_equal(acme_peer_fetch(&w->peer, authz), 200);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "pending");
  assert_string_equal(sdg_json_string(sdg_json_member(sdg_json_member(w->peer.json, "identifier"), "value")),
                      "a.example.org");
  assert_int_equal(sdg_json_count(sdg_json_member(w->peer.json, "challenges")), 1);
  challenge = sdg_json_first(sdg_json_member(w->peer.json, "challenges"));
  assert_string_equal(sdg_json_string(sdg_json_member(challenge, "type")), "http-01");
  assert_string_equal(sdg_json_string(sdg_json_member(challenge, "status")), "pending");
  (void)snprintf(token, sizeof(token), "%s", sdg_json_string(sdg_json_member(challenge, "token")));
  assert_true(strlen(token) >= 22);
  assert_true(sdg_base64url_is_text(sdg_bytes_str(token)));
  /* ACME-6.3-04, ACME-7.1-03: fetched, not started */
  assert_int_equal(acme_peer_fetch(&w->peer, sdg_json_string(sdg_json_member(challenge, "url"))), 200);
  assert_string_equal(acme_peer_string(&w->peer, "token"), token);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "pending");
  assert_string_equal(acme_peer_link(&w->peer, "up"), authz);
  (void)ca_world_run(w);
  assert_int_equal(w->asked, 0);
}

/* ACME-7.4-18: how long a client should wait depends on who issues */
static void test_retry_after(void **state)
{
  ca_world *w = *state;

  for (unsigned i = 0; i < 2; i++) {
    assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
    assert_null(acme_peer_header(&w->peer, "Retry-After"));
    ca_world_validate(w);
    assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
    assert_string_equal(acme_peer_string(&w->peer, "status"), "processing");
    assert_string_equal(acme_peer_header(&w->peer, "Retry-After"), i == 0 ? "1" : "11");
    (void)ca_world_run(w);
    assert_string_equal(ca_world_status(w), "valid");
    assert_null(acme_peer_header(&w->peer, "Retry-After"));
    w->options.on_work = NULL; /* the engine is elsewhere */
    w->options.poll_ms = 10000;
    ca_world_restart(w);
  }
}

/* STAR-3.1.1-08, STAR-3.1.1-09: a server that pads by more than a client reckons with says so */
static void test_adjustment_is_shown(void **state)
{
  static const struct {
    unsigned fraction;
    const char *asked;
    int64_t shown; /* -1: no such member */
  } cases[] = {{500, "", -1},
               {500, ",'lifetime-adjust':3600", 3600},
               {750, "", 64800},
               {750, ",'lifetime-adjust':3600", 64800},
               {750, ",'lifetime-adjust':80000", 80000},
               {750, ",'lifetime-adjust':99999", 99999}};
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const sdg_json *member;

    w->options.fraction_permille = cases[i].fraction;
    ca_world_restart(w);
    assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'auto-renewal':{'end-date':"
                                                         "'2026-02-01T00:00:00Z','lifetime':86400%s}}",
                                                         cases[i].asked)),
                     201);
    member = sdg_json_member(sdg_json_member(w->peer.json, "auto-renewal"), "lifetime-adjust");
    assert_int_equal(member != NULL ? sdg_json_int(member) : -1, cases[i].shown);
    (void)ca_world_status(w);
    member = sdg_json_member(sdg_json_member(w->peer.json, "auto-renewal"), "lifetime-adjust");
    assert_int_equal(member != NULL ? sdg_json_int(member) : -1, cases[i].shown);
  }
}

/* STAR-3.1.1-06, STAR-3.4-03: what was not granted or asked for is not there */
static void test_get_not_granted(void **state)
{
  ca_world *w = *state;
  const sdg_json *renewal;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'auto-renewal':{'end-date':"
                                                       "'2026-02-01T00:00:00Z','lifetime':86400}}")),
                   201);
  renewal = sdg_json_member(w->peer.json, "auto-renewal");
  assert_null(sdg_json_member(renewal, "allow-certificate-get"));
  w->options.allow_certificate_get = 0;
  ca_world_restart(w);
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'auto-renewal':{'end-date':"
                                                       "'2026-02-01T00:00:00Z','lifetime':86400,"
                                                       "'allow-certificate-get':true}}")),
                   201);
  renewal = sdg_json_member(w->peer.json, "auto-renewal");
  assert_non_null(renewal);
  assert_null(sdg_json_member(renewal, "allow-certificate-get"));
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'allow-certificate-get':true}")), 201);
  assert_null(sdg_json_member(w->peer.json, "allow-certificate-get"));
}

typedef struct bad_order {
  const char *payload;
  const char *type;
} bad_order;

#define STAR(members) "{" ONE_NAME ",'auto-renewal':{" members "}}"

static const bad_order bad_orders[] = {
    {"{}", "malformed"},
    {"{'identifiers':[]}", "malformed"},
    {"{'identifiers':{}}", "malformed"},
    {"{'identifiers':['www.example.org']}", "malformed"},
    {"{'identifiers':[{'type':'dns'}]}", "malformed"},
    {"{'identifiers':[{'type':'dns','value':1}]}", "malformed"},
    {"{'identifiers':[{'type':'email','value':'a@example.org'}]}", "unsupportedIdentifier"}, /* ACME-7.4-02 */
    {"{'identifiers':[{'type':'dns','value':'*.example.org'}]}", "rejectedIdentifier"},
    {"{'identifiers':[{'type':'dns','value':'localhost'}]}", "rejectedIdentifier"},
    {"{'identifiers':[{'type':'dns','value':'192.0.2.1'}]}", "rejectedIdentifier"},
    {"{'identifiers':[{'type':'dns','value':'a_b.example.org'}]}", "rejectedIdentifier"},
    {"{'identifiers':[{'type':'dns','value':'xn--a.example.org'}]}", "rejectedIdentifier"}, /* ACME-7.1.4-04 */
    {"{'identifiers':[{'type':'dns','value':''}]}", "malformed"},
    {"{'identifiers':[{'type':'dns','value':'a.example.org'},{'type':'dns','value':'A.example.org'}]}", "malformed"},
    /* STAR-3.1.1-03, -05 */
    {STAR(""), "malformed"},
    {STAR("'lifetime':86400"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z'"), "malformed"},
    {STAR("'end-date':'2026-02-01','lifetime':86400"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00','lifetime':86400"), "malformed"},
    {STAR("'end-date':1769904000,'lifetime':86400"), "malformed"},
    {STAR("'end-date':'2026-01-09T00:00:00Z','lifetime':86400"), "malformed"},
    {STAR("'end-date':'2026-01-10T00:00:00Z','lifetime':86400"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':0"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':-1"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':'86400'"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':1.5"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':9007199254740991"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':86400,'lifetime-adjust':-1"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':86400,'lifetime-adjust':null"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':86400,'allow-certificate-get':'true'"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':86400,'start-date':'2026-02-01T00:00:00Z'"), "malformed"},
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':86400,'start-date':'tomorrow'"), "malformed"},
    {"{" ONE_NAME ",'auto-renewal':[]}", "malformed"},
    {"{" ONE_NAME ",'auto-renewal':null}", "malformed"},
    /* STAR-3.2-03, STAR-6.2-01 */
    {STAR("'end-date':'2026-02-01T00:00:00Z','lifetime':59"), "malformed"},
    {STAR("'end-date':'2027-01-10T00:00:01Z','lifetime':86400"), "malformed"},
    {STAR("'start-date':'2026-01-01T00:00:00Z','end-date':'2027-01-02T00:00:00Z','lifetime':86400"), "malformed"},
    /* STAR-3.1.1-11 */
    {"{" ONE_NAME ",'notBefore':'2026-01-11T00:00:00Z','auto-renewal':{'end-date':'2026-02-01T00:00:00Z',"
     "'lifetime':86400}}",
     "malformed"},
    {"{" ONE_NAME ",'notAfter':'2026-01-11T00:00:00Z','auto-renewal':{'end-date':'2026-02-01T00:00:00Z',"
     "'lifetime':86400}}",
     "malformed"},
    {"{" ONE_NAME ",'notBefore':'2026-01-11T00:00:00Z','notAfter':'2026-01-12T00:00:00Z',"
     "'auto-renewal':{'end-date':'2026-02-01T00:00:00Z','lifetime':86400}}",
     "malformed"},
    /* plain orders */
    {"{" ONE_NAME ",'notAfter':'2026-01-10T00:00:00Z'}", "malformed"},
    {"{" ONE_NAME ",'notAfter':'2026-01-09T00:00:00Z'}", "malformed"},
    {"{" ONE_NAME ",'notAfter':'2027-01-11T00:00:00Z'}", "malformed"},
    {"{" ONE_NAME ",'notAfter':'x'}", "malformed"},
    {"{" ONE_NAME ",'notBefore':'2026-01-12T00:00:00Z','notAfter':'2026-01-12T00:00:00Z'}", "malformed"},
    {"{" ONE_NAME ",'notBefore':'2026-01-01T00:00:00Z'}", "malformed"},
    {"{" ONE_NAME ",'notBefore':'2037-01-01T00:00:00Z'}", "malformed"},
    {"{" ONE_NAME ",'notBefore':'9999-01-01T00:00:00Z'}", "malformed"},
};

static void test_refused(void **state)
{
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(bad_orders) / sizeof(bad_orders[0]); i++) {
    int status = ca_world_new_order(w, ca_world_json("%s", bad_orders[i].payload));

    if (status != 400 && status != 403) {
      fail_msg("%s: %d %s", bad_orders[i].payload, status, w->peer.body);
    }
    acme_peer_assert_problem(&w->peer, status, bad_orders[i].type);
    if (strcmp(bad_orders[i].type, "malformed") == 0) {
      assert_int_equal(status, 400);
    }
  }
  assert_int_equal(acme_peer_fetch(&w->peer, ca_world_json("%s/orders", w->peer.kid)), 200);
  assert_int_equal(sdg_json_count(sdg_json_member(w->peer.json, "orders")), 0);
}

/* STAR-3.2-03: exactly at the bounds is within them */
static void test_at_the_bounds(void **state)
{
  static const char *const good[] = {
      STAR("'end-date':'2027-01-10T00:00:00Z','lifetime':60"),
      STAR("'start-date':'2026-01-01T00:00:00Z','end-date':'2027-01-01T00:00:00Z','lifetime':86400"),
      STAR("'end-date':'2026-01-10T00:00:01Z','lifetime':60"),
      STAR("'end-date':'2026-02-01T00:00:00.5+01:00','lifetime':31536000,'lifetime-adjust':999999999"),
  };
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    if (ca_world_new_order(w, ca_world_json("%s", good[i])) != 201) {
      fail_msg("%s: %s", good[i], w->peer.body);
    }
  }
  /* never beyond the issuer */
  w->now += 3650 * CA_DAY - 2 * CA_DAY;
  (void)ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'auto-renewal':{'end-date':'2036-01-08T00:00:01Z',"
                                            "'lifetime':86400}}"));
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  (void)ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'notAfter':'2036-01-08T00:00:01Z'}"));
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME ",'auto-renewal':{'end-date':"
                                                       "'2036-01-08T00:00:00Z','lifetime':86400}}")),
                   201);
}

/* --- States --- */

static void expect_not_ready(ca_world *w)
{
  (void)ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL));
  acme_peer_assert_problem(&w->peer, 403, "orderNotReady");
}

/* ACME-7.4-14, ACME-7.1.6-03: finalize in every state */
static void test_finalize_in_every_state(void **state)
{
  ca_world *w = *state;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  expect_not_ready(w);
  assert_string_equal(ca_world_status(w), "pending");
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "processing"); /* ACME-7.4-16 */
  assert_non_null(acme_peer_header(&w->peer, "Retry-After"));
  expect_not_ready(w);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  assert_non_null(sdg_json_member(w->peer.json, "certificate"));
  assert_string_equal(acme_peer_string(&w->peer, "expires"), "2026-01-24T00:00:00Z"); /* ACME-7.1.3-02 */
  expect_not_ready(w);
  ca_world_star(w, 10, 86400, 0);
  assert_null(sdg_json_member(w->peer.json, "certificate"));
  expect_not_ready(w);
  assert_int_equal(acme_peer_post(&w->peer, w->order, "{\"status\":\"canceled\"}"), 200);
  expect_not_ready(w);
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  w->now += 2 * CA_DAY;
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "invalid"); /* ACME-7.4-05 */
  assert_non_null(sdg_json_member(w->peer.json, "error"));
  assert_non_null(sdg_json_member(w->peer.json, "finalize"));
  expect_not_ready(w);
}

/* ACME-7.4-05: ready, but too late; whether or not the engine came by */
static void test_expired_when_ready(void **state)
{
  ca_world *w = *state;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  ca_world_validate(w);
  w->now += CA_DAY;
  expect_not_ready(w);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "invalid");
  expect_not_ready(w);
}

/* ACME-6.3-03: other accounts see nothing and do nothing */
static void test_other_account(void **state)
{
  ca_world *w = *state;
  acme_peer other;
  const char *authz;
  const char *urls[4];

  ca_world_peer(w, &other);
  assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  authz = ca_world_authz(w, 0);
  urls[0] = w->order;
  urls[1] = authz;
  urls[2] = ca_world_challenge(w, authz);
  urls[3] = CA_BASE "/order/AAAAAAAAAAAAAAAAAAAAAA";
  for (size_t i = 0; i < 4; i++) {
    (void)acme_peer_fetch(&other, urls[i]);
    acme_peer_assert_problem(&other, 404, "unauthorized");
    (void)acme_peer_post(&other, urls[i], "{\"status\":\"canceled\"}");
    acme_peer_assert_problem(&other, 404, "unauthorized");
  }
  (void)acme_peer_post(&other, w->finalize, "{\"csr\":\"AA\"}");
  acme_peer_assert_problem(&other, 404, "unauthorized");
  (void)acme_peer_post(&other, authz, "{\"status\":\"deactivated\"}");
  acme_peer_assert_problem(&other, 404, "unauthorized");
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "pending");
  assert_int_equal(w->asked, 0);
  acme_peer_clear(&other);
}

static void test_order_posts(void **state)
{
  static const char *const bad[] = {"{}",
                                    "{\"status\":\"cancelled\"}",
                                    "{\"status\":\"valid\"}",
                                    "{\"status\":1}",
                                    "{\"status\":null}",
                                    "{\"status\":\"canceled\"}"};
  ca_world *w = *state;

  ca_world_plain(w);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) { /* STAR-3.1.2-08: a plain order is not canceled */
    (void)acme_peer_post(&w->peer, w->order, bad[i]);
    acme_peer_assert_problem(&w->peer, 400, "malformed");
  }
  assert_string_equal(ca_world_status(w), "valid");
}

/* ACME-7.1.2.1-01 to 7.1.2.1-03 */
static void test_list(void **state)
{
  ca_world *w = *state;
  acme_peer other;
  char url[700];
  size_t seen = 0;

  ca_world_peer(w, &other);
  for (size_t i = 0; i < 60; i++) {
    assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  }
  w->now += 2 * CA_DAY; /* these are invalid now */
  (void)ca_world_run(w);
  (void)ca_world_run(w);
  for (size_t i = 0; i < 55; i++) {
    assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  }
  (void)snprintf(url, sizeof(url), "%s/orders", w->peer.kid);
  for (const char *next = url; next != NULL;) {
    const sdg_json *list;

    assert_int_equal(acme_peer_fetch(&w->peer, next), 200);
    list = sdg_json_member(w->peer.json, "orders");
    assert_true(sdg_json_count(list) <= 50);
    seen += sdg_json_count(list);
    next = acme_peer_link(&w->peer, "next");
    if (next != NULL) {
      (void)snprintf(url, sizeof(url), "%s", next);
      next = url;
    }
  }
  assert_int_equal(seen, 55);
  assert_int_equal(acme_peer_fetch(&other, ca_world_json("%s/orders", other.kid)), 200);
  assert_int_equal(sdg_json_count(sdg_json_member(other.json, "orders")), 0);
  acme_peer_clear(&other);
}

/* ACME-7.3.6-04: what is unfinished ends with the account; certificates that are out do not */
static void test_account_deactivated(void **state)
{
  ca_world *w = *state;
  char star[512];
  ca_leaf first;
  ca_leaf second;

  ca_world_plain(w);
  (void)snprintf(star, sizeof(star), "%s", w->star);
  ca_world_get_leaf(w, &first);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(ca_world_new_order(w, ca_world_json("{" ONE_NAME "}")), 201);
  }
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  assert_int_equal(acme_peer_post(&w->peer, w->peer.kid, "{\"status\":\"deactivated\"}"), 200);
  (void)ca_world_run(w);
  (void)acme_peer_fetch(&w->peer, w->order);
  acme_peer_assert_problem(&w->peer, 401, "unauthorized");
  {
    stardeleg_record record = {0};
    const char *id = w->order + strlen(CA_BASE "/order/");

    assert_ok(w->store->ops->get(w->store->self, "order", id, &record));
    assert_non_null(strstr((const char *)record.value, "\"status\":\"invalid\""));
    stardeleg_record_clear(&record);
  }
  w->now += CA_DAY;
  (void)ca_world_run(w);
  (void)snprintf(w->star, sizeof(w->star), "%s", star);
  ca_world_get_leaf(w, &second);
  assert_string_equal(first.serial, second.serial);
  ca_leaf_clear(&first);
  ca_leaf_clear(&second);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_the_directory),       T(test_options),
      T(test_issuer_must_be_ca),   T(test_created),
      T(test_get_not_granted),     T(test_refused),
      T(test_at_the_bounds),       T(test_finalize_in_every_state),
      T(test_expired_when_ready),  T(test_other_account),
      T(test_order_posts),         T(test_list),
      T(test_account_deactivated), T(test_adjustment_is_shown),
      T(test_retry_after),         T(test_no_pre_authorization),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
