/* SPDX-License-Identifier: Apache-2.0 */
/* ca_caa_test.c -- CAA before issuing: every name, the account, the way of validation, renewals, lost look-ups. */
#include "support/test.h"

#include "base/bytes.h"
#include "support/ca_world.h"
#include "support/fake_net.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ONE "{'identifiers':[{'type':'dns','value':'www.example.org'}]}"
#define NAMES 5

static const char *const identities[] = {"ca.example", "ca.example.net", NULL};

typedef struct caa_world {
  ca_world w;
  fake_dns dns;
} caa_world;

static int set_up(void **state)
{
  static caa_world c;

  memset(&c, 0, sizeof(c));
  fake_dns_init(&c.dns);
  ca_world_init(&c.w);
  c.w.options.dns = &c.dns.dns;
  c.w.options.caa_identities = identities;
  ca_world_open(&c.w);
  fake_dns_add(&c.dns, "www.example.org", STARDELEG_DNS_A, "192.0.2.7");
  *state = &c;
  return 0;
}

static int tear_down(void **state)
{
  caa_world *c = *state;

  assert_int_equal(c->dns.open, 0);
  ca_world_clear(&c->w);
  return 0;
}

/* Ordered, validated, finalized; the engine has run. */
static const char *issue(caa_world *c)
{
  assert_int_equal(ca_world_new_order(&c->w, ca_world_json(ONE)), 201);
  ca_world_validate(&c->w);
  assert_int_equal(ca_world_finalize(&c->w, ca_world_csr(&c->w, NULL, "www.example.org", NULL)), 200);
  (void)ca_world_run(&c->w);
  return ca_world_status(&c->w);
}

/* The order's error: caa, with subproblems for just these names. */
static void assert_refused(caa_world *c, const char *const *names, size_t count, const char *type)
{
  const sdg_json *error;
  const sdg_json *sub;
  char urn[128];

  assert_string_equal(ca_world_status(&c->w), "invalid");
  error = sdg_json_member(c->w.peer.json, "error");
  assert_string_equal(sdg_json_string(sdg_json_member(error, "type")), "urn:ietf:params:acme:error:caa");
  assert_int_equal(sdg_json_count(sdg_json_member(error, "subproblems")), count);
  sub = sdg_json_first(sdg_json_member(error, "subproblems"));
  (void)snprintf(urn, sizeof(urn), "urn:ietf:params:acme:error:%s", type);
  for (size_t i = 0; i < count; i++, sub = sdg_json_next(sub)) {
    assert_string_equal(sdg_json_string(sdg_json_member(sdg_json_member(sub, "identifier"), "value")), names[i]);
    assert_string_equal(sdg_json_string(sdg_json_member(sub, "type")), urn);
  }
  assert_string_equal(c->w.star, "");
  assert_null(strchr(c->w.peer.body, 0x1b));
}

/* ACME-7.1.1-03 */
static void tells_its_names(void **state)
{
  caa_world *c = *state;
  const sdg_json *list;

  assert_int_equal(acme_peer_get(&c->w.peer, CA_BASE "/directory"), 200);
  list = sdg_json_member(sdg_json_member(c->w.peer.json, "meta"), "caaIdentities");
  assert_int_equal(sdg_json_count(list), 2);
  assert_string_equal(sdg_json_string(sdg_json_first(list)), "ca.example");
}

/* CAA-3-01, CAA-3-04, CAA-3-06, CAA-4-02 */
static void obeys_records(void **state)
{
  caa_world *c = *state;
  char mine[600];
  const struct {
    const char *name;
    const char *record;
    int good;
  } cases[] = {
      {"www.example.org", "0 issue ca.example", 1},
      {"www.example.org", "0 issue ca.example.net", 1},
      {"example.org", "0 issue ca.example", 1},
      {"www.example.org", "0 issue other.example", 0},
      {"example.org", "0 issue ;", 0},
      {"org", "0 issue other.example", 0},
      {"www.example.org", "128 tbs x", 0},
      {"www.example.org", "0 issuewild ;", 1},
      {"www.example.org", mine, 1},
      {"www.example.org", "0 issue ca.example; accounturi=https://ca.example/acme/acct/x", 0},
      {"www.example.org", "0 issue ca.example; validationmethods=http-01", 1},
      {"www.example.org", "0 issue ca.example; validationmethods=dns-01", 0},
      {"www.example.org", "0 issue \x1b[2J", 0},
  };
  static const char *const name[] = {"www.example.org"};

  (void)snprintf(mine, sizeof(mine), "0 issue ca.example; accounturi=%s", c->w.peer.kid);
  for (size_t i = 0; i < COUNT(cases); i++) {
    print_message("%zu\n", i);
    fake_dns_clear(&c->dns);
    fake_dns_add(&c->dns, "www.example.org", STARDELEG_DNS_A, "192.0.2.7");
    fake_dns_add(&c->dns, cases[i].name, STARDELEG_DNS_CAA, cases[i].record);
    if (cases[i].good != 0) {
      assert_string_equal(issue(c), "valid");
    } else {
      assert_string_equal(issue(c), "invalid");
      assert_refused(c, name, 1, "caa");
    }
  }
}

/* CAA-3-02: of N names exactly one is closed, at each place in turn; then all of them are. */
static void looks_at_every_name(void **state)
{
  static const char *const names[NAMES] = {"a.example.org", "b.example.net", "c.example.com", "d.example.org",
                                           "e.example.org"};
  caa_world *c = *state;
  char payload[1024];
  size_t at = 0;

  at = (size_t)snprintf(payload, sizeof(payload), "{'identifiers':[");
  for (size_t i = 0; i < NAMES; i++) {
    at += (size_t)snprintf(payload + at, sizeof(payload) - at, "%s{'type':'dns','value':'%s'}", i > 0 ? "," : "",
                           names[i]);
  }
  (void)snprintf(payload + at, sizeof(payload) - at, "]}");
  for (size_t bad = 0; bad <= NAMES + 1; bad++) {
    fake_dns_clear(&c->dns);
    for (size_t i = 0; i < NAMES; i++) {
      fake_dns_add(&c->dns, names[i], STARDELEG_DNS_A, "192.0.2.7");
      fake_dns_add(&c->dns, names[i], STARDELEG_DNS_CAA,
                   i == bad || bad == NAMES + 1 ? "0 issue ;" : "0 issue ca.example");
    }
    assert_int_equal(ca_world_new_order(&c->w, ca_world_json("%s", payload)), 201);
    ca_world_validate(&c->w);
    assert_int_equal(
        ca_world_finalize(&c->w, ca_world_csr(&c->w, NULL, names[0], names[1], names[2], names[3], names[4], NULL)),
        200);
    (void)ca_world_run(&c->w);
    if (bad == NAMES) {
      assert_string_equal(ca_world_status(&c->w), "valid");
    } else if (bad < NAMES) {
      assert_refused(c, &names[bad], 1, "caa");
    } else {
      assert_refused(c, names, NAMES, "caa");
    }
  }
}

/* CAA-4.3-01: a wildcard by issuewild, the name itself by issue, in one order. */
static void tells_wildcards_apart(void **state)
{
  static const char *const wild[] = {"*.example.org"};
  caa_world *c = *state;

  c->w.options.challenges = STARDELEG_CA_DNS_01 | STARDELEG_CA_HTTP_01;
  ca_world_restart(&c->w);
  for (int good = 0; good < 2; good++) {
    fake_dns_clear(&c->dns);
    fake_dns_add(&c->dns, "example.org", STARDELEG_DNS_CAA, "0 issue ca.example; validationmethods=http-01");
    fake_dns_add(&c->dns, "example.org", STARDELEG_DNS_CAA,
                 good != 0 ? "0 issuewild ca.example; validationmethods=dns-01" : "0 issuewild ;");
    fake_dns_add(&c->dns, "example.org", STARDELEG_DNS_A, "192.0.2.7");
    assert_int_equal(
        ca_world_new_order(
            &c->w,
            ca_world_json("{'identifiers':[%s,{'type':'dns','value':'*.example.org'}]}",
                          "{'type':'dns','value':'example.org'}")),
        201);
    for (size_t i = 0; i < 2; i++) {
      const char *url = ca_world_challenge(&c->w, ca_world_authz(&c->w, i)); /* http-01, dns-01 */

      if (i == 1) {
        const char *value;
        sdg_buf text;

        assert_int_equal(acme_peer_fetch(&c->w.peer, url), 200);
        sdg_buf_init(&text, 512);
        assert_ok(sdg_jwk_key_authorization(&text, test_crypto(),
                                            sdg_bytes_str(acme_peer_string(&c->w.peer, "token")),
                                            stardeleg_key_spki(c->w.peer.key)));
        value = ca_world_digest(sdg_buf_str(&text));
        fake_dns_add(&c->dns, "_acme-challenge.example.org", STARDELEG_DNS_TXT, value);
        sdg_buf_clear(&text);
      }
      assert_int_equal(acme_peer_post(&c->w.peer, url, "{}"), 200);
    }
    (void)ca_world_run(&c->w);
    assert_string_equal(ca_world_status(&c->w), "ready");
    assert_int_equal(ca_world_finalize(&c->w, ca_world_csr(&c->w, NULL, "example.org", "*.example.org", NULL)), 200);
    (void)ca_world_run(&c->w);
    if (good != 0) {
      assert_string_equal(ca_world_status(&c->w), "valid");
    } else {
      assert_refused(c, wild, 1, "caa");
    }
  }
}

/* RFC 8738: there is no CAA for addresses. */
static void leaves_addresses_alone(void **state)
{
  caa_world *c = *state;

  assert_int_equal(ca_world_new_order(&c->w, ca_world_json("{'identifiers':[{'type':'ip','value':'192.0.2.7'}]}")),
                   201);
  ca_world_validate(&c->w);
  assert_string_equal(ca_world_status(&c->w), "ready");
  assert_int_equal(c->dns.asked, 0);
}

/* RFC 8659 3, CAA-5.6-01: what cannot be looked up, or is bogus, is not "no records"; it is tried three times. */
static void refuses_without_answers(void **state)
{
  static const stardeleg_dns_status statuses[] = {STARDELEG_DNS_FAILED, STARDELEG_DNS_TIMEOUT, STARDELEG_DNS_BOGUS};
  static const char *const name[] = {"www.example.org"};
  caa_world *c = *state;

  for (size_t i = 0; i < COUNT(statuses); i++) {
    fake_dns_clear(&c->dns);
    fake_dns_add(&c->dns, "www.example.org", STARDELEG_DNS_A, "192.0.2.7");
    fake_dns_fail(&c->dns, "example.org", STARDELEG_DNS_CAA, statuses[i]);
    assert_string_equal(issue(c), "processing");
    for (int k = 0; k < 2; k++) {
      assert_string_equal(ca_world_status(&c->w), "processing");
      c->w.now += c->w.options.validation_retry_ms;
      (void)ca_world_run(&c->w);
    }
    assert_refused(c, name, 1, "dns");
  }
  /* ... and goes on if there is one after all */
  assert_string_equal(issue(c), "processing");
  fake_dns_clear(&c->dns);
  c->w.now += c->w.options.validation_retry_ms;
  (void)ca_world_run(&c->w);
  assert_string_equal(ca_world_status(&c->w), "valid");
}

/* Killed while it looked: begun anew. */
static void survives_a_kill(void **state)
{
  caa_world *c = *state;

  fake_dns_fail(&c->dns, "example.org", STARDELEG_DNS_CAA, STARDELEG_DNS_TIMEOUT);
  assert_string_equal(issue(c), "processing");
  ca_world_restart(&c->w);
  fake_dns_clear(&c->dns);
  c->w.now += c->w.options.lease_ms;
  (void)ca_world_run(&c->w);
  assert_string_equal(ca_world_status(&c->w), "valid");
}

/* Each order asks anew, however recent another one's answer is. */
static void asks_afresh(void **state)
{
  static const char *const name[] = {"www.example.org"};
  caa_world *c = *state;

  assert_string_equal(issue(c), "valid");
  fake_dns_add(&c->dns, "www.example.org", STARDELEG_DNS_CAA, "0 issue ;");
  assert_string_equal(issue(c), "invalid");
  assert_refused(c, name, 1, "caa");
}

static void star_of_ten_days(caa_world *c)
{
  c->w.web = CA_WEB_RIGHT;
  ca_world_star(&c->w, 10, 86400, 0);
}

/* The serial of the certificate that is served. */
static void serial(caa_world *c, char out[48])
{
  ca_leaf leaf;

  ca_world_get_leaf(&c->w, &leaf);
  (void)snprintf(out, 48, "%s", leaf.serial);
  ca_leaf_clear(&leaf);
}

static void renewals_by_policy(void **state)
{
  caa_world *c = *state;
  char first[48];
  char now[48];

  for (int at_renewal = 0; at_renewal < 2; at_renewal++) {
    fake_dns_clear(&c->dns);
    fake_dns_add(&c->dns, "www.example.org", STARDELEG_DNS_A, "192.0.2.7");
    c->w.options.caa_at_renewal = at_renewal;
    ca_world_restart(&c->w);
    star_of_ten_days(c);
    serial(c, first);
    fake_dns_add(&c->dns, "www.example.org", STARDELEG_DNS_CAA, "0 issue ;");
    c->w.now += 13 * CA_HOUR;
    (void)ca_world_run(&c->w);
    serial(c, now);
    if (at_renewal == 0) {
      assert_string_not_equal(first, now);
      continue;
    }
    assert_string_equal(first, now);
    assert_string_equal(ca_world_status(&c->w), "valid");
    /* looked at again after an hour, not before */
    c->dns.asked = 0;
    c->w.now += CA_HOUR - 1000;
    (void)ca_world_run(&c->w);
    assert_int_equal(c->dns.asked, 0);
    fake_dns_clear(&c->dns);
    c->w.now += 1000;
    (void)ca_world_run(&c->w);
    serial(c, now);
    assert_string_not_equal(first, now);
  }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(tells_its_names),       T(obeys_records),           T(looks_at_every_name), T(tells_wildcards_apart),
      T(leaves_addresses_alone), T(refuses_without_answers), T(survives_a_kill),     T(asks_afresh),
      T(renewals_by_policy),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
