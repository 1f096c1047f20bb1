/* SPDX-License-Identifier: Apache-2.0 */
/* ca_address_test.c -- where validators connect to: addresses of names, their order, and the guard before them. */
#include "support/test.h"

#include "support/net_world.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Without a resolver the transport finds them, as ever. */
static void leaves_addresses_to_the_transport(void **state)
{
  net_world *n = *state;
  char token[300];
  const char *url;

  n->w.options.dns = NULL;
  n->w.options.allowed_networks = NULL;
  net_reopen(n, STARDELEG_CA_HTTP_01);
  net_order(n, NET_ONE);
  url = net_find(n, 0, "http-01", token);
  net_start(n, url);
  (void)ca_world_run(&n->w);
  assert_string_equal(n->w.asked_address, "");
  assert_string_equal(ca_world_status(&n->w), "ready");
}

static void http_01_tries_addresses_in_turn(void **state)
{
  net_world *n = *state;
  char token[300];
  const char *url;

  fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_A, "192.0.2.7");
  fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_AAAA, "2001:db8::7");
  net_order(n, NET_ONE);
  url = net_find(n, 0, "http-01", token);
  n->w.web = CA_WEB_HOLD;
  net_start(n, url);
  (void)ca_world_run(&n->w);
  assert_string_equal(n->w.asked_address, "2001:db8::7");
  ca_world_release(&n->w, CA_WEB_DEAD);
  /* all of them, then it is a failure */
  assert_int_equal(n->w.asked, 2);
  assert_string_equal(n->w.asked_address, "192.0.2.7");
  net_assert_error(n, url, "connection");
  n->w.web = CA_WEB_RIGHT;
  n->w.now += n->w.options.validation_retry_ms;
  (void)ca_world_run(&n->w);
  assert_int_equal(n->w.asked, 3);
  assert_string_equal(net_authz_status(n, 0), "valid");
}

static void http_01_needs_an_address(void **state)
{
  static const stardeleg_dns_status statuses[] = {STARDELEG_DNS_OK, STARDELEG_DNS_NO_NAME, STARDELEG_DNS_FAILED,
                                                  STARDELEG_DNS_BOGUS};
  net_world *n = *state;

  n->w.options.validation_attempts = 1;
  net_reopen(n, NET_ALL);
  for (size_t i = 0; i < COUNT(statuses); i++) {
    char token[300];
    const char *url;

    fake_dns_clear(&n->dns);
    fake_dns_fail(&n->dns, "www.example.org", 0, statuses[i]);
    net_order(n, NET_ONE);
    url = net_find(n, 0, "http-01", token);
    net_start(n, url);
    (void)ca_world_run(&n->w);
    net_assert_error(n, url, "dns");
  }
  assert_int_equal(n->w.asked, 0);
  /* one of the two kinds is enough */
  fake_dns_clear(&n->dns);
  fake_dns_fail(&n->dns, "www.example.org", STARDELEG_DNS_AAAA, STARDELEG_DNS_FAILED);
  fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_A, "192.0.2.7");
  net_order(n, NET_ONE);
  {
    char token[300];
    const char *url = net_find(n, 0, "http-01", token);

    net_start(n, url);
    (void)ca_world_run(&n->w);
    assert_string_equal(net_authz_status(n, 0), "valid");
  }
}

/* ACME-10.4-01: names and redirects do not lead into the CA's own network. */
static void guards_its_own_network(void **state)
{
  static const char *const inside[] = {"127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0"};
  static const char *const redirects[] = {"http://127.0.0.1/x",  "http://[::1]/x",          "http://169.254.169.254/x",
                                          "http://inside.example/x", "https://[::ffff:10.0.0.1]/x"};
  net_world *n = *state;
  char token[300];
  const char *url;

  n->w.options.validation_attempts = 1;
  n->w.options.allowed_networks = NULL;
  net_reopen(n, NET_ALL);
  for (size_t i = 0; i < COUNT(inside); i++) {
    fake_dns_clear(&n->dns);
    fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_A, inside[i]);
    for (int k = 0; k < 2; k++) {
      net_order(n, NET_ONE);
      url = net_find(n, 0, k == 0 ? "http-01" : "tls-alpn-01", token);
      net_start(n, url);
      (void)ca_world_run(&n->w);
      net_assert_error(n, url, "connection");
    }
  }
  assert_int_equal(n->w.asked, 0);
  assert_int_equal(n->tls.asked, 0);
  net_order(n, "{'identifiers':[{'type':'ip','value':'127.0.0.1'}]}");
  url = net_find(n, 0, "http-01", token);
  net_start(n, url);
  (void)ca_world_run(&n->w);
  net_assert_error(n, url, "connection");
  assert_int_equal(n->w.asked, 0);
  fake_dns_clear(&n->dns);
  fake_dns_add(&n->dns, "inside.example", STARDELEG_DNS_A, "10.1.2.3");
  fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_A, "10.0.0.1"); /* one in, one out: the public one is used */
  fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_A, "1.1.1.1");
  for (size_t i = 0; i < COUNT(redirects); i++) {
    unsigned before = n->w.asked;

    net_order(n, NET_ONE);
    url = net_find(n, 0, "http-01", token);
    n->w.web = CA_WEB_LOOP;
    n->w.web_location = redirects[i];
    net_start(n, url);
    (void)ca_world_run(&n->w);
    assert_int_equal(n->w.asked, before + 1);
    assert_string_equal(n->w.asked_address, "1.1.1.1");
    net_assert_error(n, url, "connection");
  }
}

static void reaches_allowed_networks(void **state)
{
  static const char *const addresses[] = {"192.168.7.1", "127.0.0.1", "127.0.0.2"};
  static const char *const networks[] = {"192.168.0.0/16", "127.0.0.1", NULL};
  net_world *n = *state;
  char token[300];
  const char *url;

  n->w.options.validation_attempts = 1;
  n->w.options.allowed_networks = networks;
  net_reopen(n, NET_ALL);
  for (int i = 0; i < 3; i++) {
    fake_dns_clear(&n->dns);
    fake_dns_add(&n->dns, "www.example.org", STARDELEG_DNS_A, addresses[i]);
    net_order(n, NET_ONE);
    url = net_find(n, 0, "http-01", token);
    net_start(n, url);
    (void)ca_world_run(&n->w);
    assert_string_equal(net_authz_status(n, 0), i < 2 ? "valid" : "invalid");
  }
}

/* IP-5-01: an address in the place of the name */
static void http_01_for_addresses(void **state)
{
  net_world *n = *state;
  char token[300];
  const char *url;

  net_order(n, "{'identifiers':[{'type':'ip','value':'2001:db8::9'}]}");
  url = net_find(n, 0, "http-01", token);
  net_start(n, url);
  (void)ca_world_run(&n->w);
  assert_int_equal(strncmp(n->w.asked_url, "http://[2001:db8::9]/.well-known/", 33), 0);
  assert_string_equal(n->w.asked_address, "2001:db8::9");
  assert_int_equal(n->dns.asked, 0);
  assert_string_equal(net_authz_status(n, 0), "valid");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, net_set_up, net_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(leaves_addresses_to_the_transport),
      T(http_01_tries_addresses_in_turn),
      T(http_01_needs_an_address),
      T(guards_its_own_network),
      T(reaches_allowed_networks),
      T(http_01_for_addresses),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
