/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl_address_test.c -- which addresses the driver takes for public. */
#include "support/test.h"

#include "curl/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

/* The first and the last address of each block, and their neighbours outside. */
static const struct {
  const char *address;
  bool is_private;
} cases[] = {
    {"0.0.0.0", true},
    {"0.255.255.255", true},
    {"1.0.0.0", false},
    {"9.255.255.255", false},
    {"10.0.0.0", true},
    {"10.255.255.255", true},
    {"11.0.0.0", false},
    {"100.63.255.255", false},
    {"100.64.0.0", true},
    {"100.127.255.255", true},
    {"100.128.0.0", false},
    {"126.255.255.255", false},
    {"127.0.0.1", true},
    {"127.255.255.255", true},
    {"128.0.0.0", false},
    {"169.253.255.255", false},
    {"169.254.169.254", true},
    {"169.255.0.0", false},
    {"172.15.255.255", false},
    {"172.16.0.0", true},
    {"172.31.255.255", true},
    {"172.32.0.0", false},
    {"192.0.0.1", true},
    {"192.0.1.0", false},
    {"192.0.2.255", true},
    {"192.88.99.1", true},
    {"192.167.255.255", false},
    {"192.168.0.0", true},
    {"192.169.0.0", false},
    {"198.17.255.255", false},
    {"198.18.0.0", true},
    {"198.19.255.255", true},
    {"198.20.0.0", false},
    {"198.51.100.7", true},
    {"203.0.113.7", true},
    {"203.0.114.0", false},
    {"223.255.255.255", false},
    {"224.0.0.1", true},
    {"239.255.255.255", true},
    {"240.0.0.0", true},
    {"255.255.255.255", true},
    {"8.8.8.8", false},
    {"::", true},
    {"::1", true},
    {"::ffff:127.0.0.1", true},
    {"::ffff:10.1.2.3", true},
    {"::ffff:8.8.8.8", false},
    {"::127.0.0.1", true},
    {"64:ff9b::7f00:1", true},
    {"64:ff9b::808:808", false},
    {"64:ff9b:1::808:808", true},
    {"100::1", true},
    {"fc00::1", true},
    {"fdff:ffff::1", true},
    {"fe80::1", true},
    {"fec0::1", true},
    {"ff02::1", true},
    {"1fff:ffff::1", true},
    {"2000::1", false},
    {"2001::1", true},
    {"2001:1ff::1", true},
    {"2001:200::1", false},
    {"2001:db7:ffff::1", false},
    {"2001:db8::1", true},
    {"2001:db9::1", false},
    {"2002:7f00:1::1", true},
    {"2606:4700::1", false},
    {"3fff:0fff::1", true},
    {"3fff:1000::1", false},
    {"3ffe::1", false},
    {"4000::1", true},
};

/* ACME-10.4-01 */
static void test_addresses(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    bool is_ipv4 = inet_pton(AF_INET, cases[i].address, &ipv4.sin_addr) == 1;
    char host[80];
    bool found;

    if (!is_ipv4) {
      assert_int_equal(inet_pton(AF_INET6, cases[i].address, &ipv6.sin6_addr), 1);
    }
    found = is_ipv4 ? sdg_curl_address_is_private((struct sockaddr *)&ipv4, sizeof(ipv4))
                    : sdg_curl_address_is_private((struct sockaddr *)&ipv6, sizeof(ipv6));
    if (found != cases[i].is_private) {
      fail_msg("%s", cases[i].address);
    }
    (void)snprintf(host, sizeof(host), "%s%s%s", is_ipv4 ? "" : "[", cases[i].address, is_ipv4 ? "" : "]");
    if (sdg_curl_host_is_private(host) != cases[i].is_private) {
      fail_msg("%s", host);
    }
  }
}

static void test_other_families(void **state)
{
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  struct sockaddr_in cut = {.sin_family = AF_INET};

  (void)state;
  assert_true(sdg_curl_address_is_private((struct sockaddr *)&local, sizeof(local)));
  assert_int_equal(inet_pton(AF_INET, "8.8.8.8", &cut.sin_addr), 1);
  assert_true(sdg_curl_address_is_private((struct sockaddr *)&cut, sizeof(cut) - 1));
}

static void test_names(void **state)
{
  static const struct {
    const char *host;
    bool is_private;
  } names[] = {
      {"localhost", true},   {"LOCALHOST.", true},    {"a.localhost", true}, {"localhost.example", false},
      {"ca.example", false}, {"notlocalhost", false}, {"[nonsense]", true},  {"", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (sdg_curl_host_is_private(names[i].host) != names[i].is_private) {
      fail_msg("%s", names[i].host);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_addresses),
      cmocka_unit_test(test_other_families),
      cmocka_unit_test(test_names),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
