/* SPDX-License-Identifier: Apache-2.0 */
/* unit/dns_update_change_test.c -- what a change of a zone may look like. */
#include "support/test.h"

#include <stardeleg/dns_update.h>

#define VALUE "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"

static stardeleg_dns_change good(stardeleg_dns_type type)
{
  return (stardeleg_dns_change){.size = sizeof(stardeleg_dns_change),
                                .action = STARDELEG_DNS_UPSERT,
                                .type = type,
                                .name = "_acme-challenge.www.example.org",
                                .value = type == STARDELEG_DNS_TXT ? VALUE : "edge.cdn.example",
                                .ttl_s = 60,
                                .token = "DGyRejmCefe7v4NfDGDKfA"};
}

static void takes_good_ones(void **state)
{
  stardeleg_dns_change change = good(STARDELEG_DNS_TXT);
  stardeleg_dns_change cname = good(STARDELEG_DNS_CNAME);

  (void)state;
  assert_ok(stardeleg_dns_change_check(&change));
  assert_ok(stardeleg_dns_change_check(&cname));
  change.action = STARDELEG_DNS_REMOVE;
  change.value = "ca.example; accounturi=https://ca.example/acct/1";
  change.token = "";
  assert_ok(stardeleg_dns_change_check(&change));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(NULL));
}

static void refuses_names(void **state)
{
  static const char label64[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example";
  static const char *const bad[] = {NULL,
                                    "",
                                    ".",
                                    "a.",
                                    ".a",
                                    "a..b",
                                    "-a.example",
                                    "a b",
                                    "a\nsend",
                                    "a;b",
                                    "$(id).example",
                                    "`id`.example",
                                    "../../etc/passwd",
                                    "a/b",
                                    "a\"b",
                                    "*.example.org",
                                    "a\\b",
                                    "a'b",
                                    "\xc3\xa4.example",
                                    label64};
  char longest[256];
  stardeleg_dns_change change = good(STARDELEG_DNS_TXT);
  stardeleg_dns_change cname = good(STARDELEG_DNS_CNAME);

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    change.name = bad[i];
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
    cname.value = bad[i];
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&cname));
  }
  for (size_t i = 0; i < sizeof(longest); i++) {
    longest[i] = i % 2 == 0 ? 'a' : '.';
  }
  longest[253] = '\0';
  change.name = longest;
  assert_ok(stardeleg_dns_change_check(&change));
  longest[253] = '.';
  longest[254] = 'a';
  longest[255] = '\0';
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
}

static void refuses_texts(void **state)
{
  static const char *const bad_values[] = {
      NULL, "", "a\nupdate delete example.org.", "a\rb", "a\"b", "a\\b", "a\tb", "\x7f", "\xc3\xa4"};
  static const char *const bad_tokens[] = {NULL, "../../x", "a/b", "a b", "$(id)", "a\nb", "a.b", "a;b"};
  char longest[258];
  stardeleg_dns_change change = good(STARDELEG_DNS_TXT);

  (void)state;
  for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++) {
    change.value = bad_values[i];
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
  }
  memset(longest, 'a', sizeof(longest));
  longest[255] = '\0';
  change.value = longest;
  assert_ok(stardeleg_dns_change_check(&change));
  longest[255] = 'a';
  longest[256] = '\0';
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
  change = good(STARDELEG_DNS_TXT);
  change.token = longest;
  assert_ok(stardeleg_dns_change_check(&change));
  longest[256] = 'a';
  longest[257] = '\0';
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
  for (size_t i = 0; i < sizeof(bad_tokens) / sizeof(bad_tokens[0]); i++) {
    change.token = bad_tokens[i];
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
  }
}

static void refuses_kinds(void **state)
{
  stardeleg_dns_change change = good(STARDELEG_DNS_A);

  (void)state;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
  change = good(STARDELEG_DNS_TXT);
  change.action = (stardeleg_dns_action)0;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
  change = good(STARDELEG_DNS_TXT);
  change.ttl_s = UINT32_MAX; /* RFC 2181 8: 31 bits */
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
  change = good(STARDELEG_DNS_TXT);
  change.size = 1;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_change_check(&change));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_good_ones),
      cmocka_unit_test(refuses_names),
      cmocka_unit_test(refuses_texts),
      cmocka_unit_test(refuses_kinds),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
