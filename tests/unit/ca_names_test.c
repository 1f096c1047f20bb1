/* SPDX-License-Identifier: Apache-2.0 */
/* ca_names_test.c -- addresses as identifiers (RFC 8738), wildcards, and how names of CSRs are compared. */
#include "support/test.h"

#include "base/bytes.h"
#include "ca/ca_names.h"
#include "support/ca_world.h"

static bool has_address(const sdg_cert *cert, const void *address, size_t len)
{
  for (size_t i = 0; i < cert->name_count; i++) {
    if (cert->names[i].kind == SDG_GN_IP && sdg_bytes_equal(cert->names[i].value, sdg_bytes(address, len))) {
      return true;
    }
  }
  return false;
}

/* --- Addresses --- */

/* IP-3-01, IP-4-01 */
static void test_addresses(void **state)
{
  static const uint8_t v4[4] = {192, 0, 2, 1};
  static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  ca_world *w = *state;
  ca_leaf leaf;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'ip','value':'192.0.2.1'},"
                                                       "{'type':'dns','value':'www.example.org'},"
                                                       "{'type':'ip','value':'2001:db8::1'}],"
                                                       "'allow-certificate-get':true}")),
                   201);
  assert_int_equal(acme_peer_fetch(&w->peer, ca_world_authz(w, 0)), 200);
  assert_string_equal(sdg_json_string(sdg_json_member(sdg_json_member(w->peer.json, "identifier"), "type")), "ip");
  for (size_t i = 0; i < 3; i++) {
    static const char *const urls[] = {"http://192.0.2.1/", "http://www.example.org/", "http://[2001:db8::1]/"};

    assert_int_equal(acme_peer_post(&w->peer, ca_world_challenge(w, ca_world_authz(w, i)), "{}"), 200);
    (void)ca_world_run(w);
    assert_memory_equal(w->asked_url, urls[i], strlen(urls[i]));
  }
  assert_string_equal(ca_world_status(w), "ready");
  assert_int_equal(
      ca_world_finalize(w, ca_world_csr(w, "192.0.2.1", "ip:2001:db8::1", "www.example.org", "ip:192.0.2.1", NULL)),
      200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  ca_world_get_leaf(w, &leaf);
  assert_int_equal(leaf.cert.name_count, 3);
  assert_true(has_address(&leaf.cert, v4, sizeof(v4)));
  assert_true(has_address(&leaf.cert, v6, sizeof(v6)));
  assert_int_equal(leaf.cert.subject.len, 2); /* an address is no common name */
  ca_leaf_clear(&leaf);
}

/* IP-3-01: one text for one address */
static void test_bad_addresses(void **state)
{
  static const char *const bad[] = {
      "2001:0DB8::1",   "2001:db8:0::1",    "2001:DB8::1",
      "[2001:db8::1]",  "::ffff:192.0.2.1", "::ffff:c000:201",
      "1.2.3",          "1.2.3.4.5",        "01.2.3.4",
      "1.2.3.256",      "0x7f000001",       "fe80::1%eth0",
      "192.0.2.0/24",   "2001:db8::0",      "2001:db8:0:0:0:0:0:1",
      "1::2::3",        "example.org",      " 192.0.2.1",
      "192.0.2.1.",     "2001:0:0:1::1:1", /* 4.2.3: the first of two equal runs would be the gap */
      "1:0::2:3:4:5:6", "0:0:1:2:3::4"};
  static const char *const good[] = {"0.0.0.0",
                                     "255.255.255.255",
                                     "::",
                                     "::1",
                                     "1::",
                                     "2001:db8::1:0:0:1",
                                     "1:0:2:3:4:5:6:7",
                                     "2001:db8:0:1:1:1:1:1",
                                     "::2:3:4:5:6:7",
                                     "2001::1:0:0:1:1",
                                     "abcd:ef01:2345:6789:abcd:ef01:2345:6789"};
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    (void)ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'ip','value':'%s'}]}", bad[i]));
    if (w->peer.status != 403) {
      fail_msg("%s: %d", bad[i], w->peer.status);
    }
    acme_peer_assert_problem(&w->peer, 403, "rejectedIdentifier");
  }
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    if (ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'ip','value':'%s'}]}", good[i])) != 201) {
      fail_msg("%s: %s", good[i], w->peer.body);
    }
  }
  (void)ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'ip','value':'192.0.2.1'},"
                                            "{'type':'ip','value':'192.0.2.1'}]}"));
  acme_peer_assert_problem(&w->peer, 400, "malformed");
  /* every bad one is told */
  (void)ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'ip','value':'1.2.3'},{'type':'dns','value':"
                                            "'good.example.org'},{'type':'dns','value':'*.example.org'}]}"));
  acme_peer_assert_problem(&w->peer, 403, "rejectedIdentifier");
  assert_int_equal(sdg_json_count(sdg_json_member(w->peer.json, "subproblems")), 2);
}

/* IP-8-01, ACME-7.4-11, ACME-7.4-13: what stands for an address in a CSR */
static void test_address_in_csr(void **state)
{
  ca_world *w = *state;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'ip','value':'192.0.2.1'}]}")), 201);
  ca_world_validate(w);
  {
    const char *const bad[] = {
        ca_world_csr(w, NULL, "192.0.2.1", NULL),                      /* as a dNSName */
        ca_world_csr(w, "192.0.2.1", NULL),                            /* as a common name only */
        ca_world_csr(w, NULL, "ip:192.0.2.2", NULL),                   /* another one */
        ca_world_csr(w, NULL, "ip:192.0.2.1", "ip:2001:db8::1", NULL), /* one more */
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
      (void)ca_world_finalize(w, bad[i]);
      acme_peer_assert_problem(&w->peer, 400, "badCSR");
      assert_string_equal(ca_world_status(w), "ready");
    }
  }
  (void)ca_world_finalize(w, ca_world_csr(w, "192.0.2.2", "ip:192.0.2.1", NULL));
  acme_peer_assert_problem(&w->peer, 400, "badCSR");
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "ip:192.0.2.1", NULL)), 200);
}

/* --- Wildcards --- */

static stardeleg_err check(const char *type, const char *value, bool wildcards)
{
  stardeleg_identifier item = {(char *)(uintptr_t)type, (char *)(uintptr_t)value};
  sdg_identifiers list = {&item, 1};
  stardeleg_problem problem;

  return sdg_ca_check_identifiers(&list, wildcards, &problem);
}

/* ACME-7.1.3-04: only where there is a challenge that proves them */
static void test_wildcard_syntax(void **state)
{
  (void)state;
  assert_ok(check("dns", "*.example.org", true));
  assert_err(STARDELEG_ERR_POLICY, check("dns", "*.example.org", false));
  assert_err(STARDELEG_ERR_POLICY, check("dns", "*.*.example.org", true));
  assert_err(STARDELEG_ERR_POLICY, check("dns", "a.*.example.org", true));
  assert_err(STARDELEG_ERR_POLICY, check("dns", "a*.example.org", true));
  assert_err(STARDELEG_ERR_POLICY, check("dns", "*", true));
  assert_err(STARDELEG_ERR_POLICY, check("ip", "*.0.2.1", true));
  assert_err(STARDELEG_ERR_POLICY, check("email", "a@example.org", true));
}

/* An authorization is for a name or for what is directly below it, not for both. */
static void test_what_is_authorized(void **state)
{
  static const struct {
    const char *type;
    const char *value;
    bool wildcard;
    sdg_name_kind kind;
    const char *name;
    bool expected;
  } cases[] = {
      {"dns", "example.org", false, SDG_GN_DNS, "EXAMPLE.org", true},
      {"dns", "example.org", false, SDG_GN_DNS, "*.example.org", false},
      {"dns", "example.org", false, SDG_GN_DNS, "a.example.org", false},
      {"dns", "example.org", true, SDG_GN_DNS, "*.example.org", true},
      {"dns", "example.org", true, SDG_GN_DNS, "example.org", false},
      {"dns", "example.org", true, SDG_GN_DNS, "a.example.org", false},
      {"dns", "example.org", true, SDG_GN_DNS, "*.a.example.org", false},
      {"dns", "example.org", true, SDG_GN_EMAIL, "*.example.org", false},
      {"dns", "example.org", false, SDG_GN_URI, "example.org", false},
      {"ip", "97.98.99.100", false, SDG_GN_IP, "abcd", true},
      {"ip", "97.98.99.100", false, SDG_GN_DNS, "97.98.99.100", false},
      {"ip", "97.98.99.101", false, SDG_GN_IP, "abcd", false},
      {"dns", "abcd", false, SDG_GN_IP, "abcd", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_acme_authorization authz;
    sdg_general_name name = {cases[i].kind, sdg_bytes_str(cases[i].name)};

    memset(&authz, 0, sizeof(authz));
    authz.identifier.type = (char *)(uintptr_t)cases[i].type;
    authz.identifier.value = (char *)(uintptr_t)cases[i].value;
    authz.wildcard = cases[i].wildcard;
    if (sdg_ca_authorizes(&authz, &name) != cases[i].expected) {
      fail_msg("case %zu", i);
    }
  }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_addresses),
      T(test_bad_addresses),
      T(test_address_in_csr),
      cmocka_unit_test(test_wildcard_syntax),
      cmocka_unit_test(test_what_is_authorized),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
