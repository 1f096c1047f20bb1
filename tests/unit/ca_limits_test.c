/* SPDX-License-Identifier: Apache-2.0 */
/* ca_limits_test.c -- how the CA's role serves: limits, nonces for several processes, changed terms. */
#include "support/test.h"

#include "base/time.h"
#include "support/ca_world.h"

#define ORDER "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"www.example.org\"}]}"

/* ACME-6.6-01, ACME-6.6-02, ACME-6.6-03: the third order is one too many, for a while; another account is not hit. */
static void test_orders(void **state)
{
  static ca_world w;
  stardeleg_server_options server;
  stardeleg_buckets_options rates;
  stardeleg_limiter *limiter = NULL;
  acme_peer other;

  (void)state;
  stardeleg_buckets_options_default(&rates);
  rates.per_account[STARDELEG_LIMIT_ORDER] = (stardeleg_rate){2, SDG_TIME_HOUR};
  assert_ok(stardeleg_buckets_new(&limiter, test_crypto(), &rates));
  stardeleg_server_options_default(&server);
  server.limiter = limiter;
  server.limits_url = "https://ca.example/limits";
  ca_world_init(&w);
  w.options.server = &server;
  ca_world_open(&w);
  assert_int_equal(ca_world_new_order(&w, ORDER), 201);
  assert_int_equal(ca_world_new_order(&w, ORDER), 201);
  (void)ca_world_new_order(&w, ORDER);
  acme_peer_assert_problem(&w.peer, 429, "rateLimited");
  assert_string_equal(acme_peer_header(&w.peer, "Retry-After"), "3600");
  assert_string_equal(acme_peer_link(&w.peer, "help"), "https://ca.example/limits");
  ca_world_peer(&w, &other);
  assert_int_equal(acme_peer_post(&other, CA_BASE "/new-order", ORDER), 201);
  acme_peer_clear(&other);
  w.now += SDG_TIME_HOUR;
  assert_int_equal(ca_world_new_order(&w, ORDER), 201);
  ca_world_clear(&w);
  stardeleg_buckets_free(limiter);
}

/* ACME-7.3.3-01 */
static void test_changed_terms(void **state)
{
  static ca_world w;
  stardeleg_server_options server;

  (void)state;
  stardeleg_server_options_default(&server);
  server.current_terms_required = 1;
  ca_world_init(&w);
  w.options.server = &server;
  w.options.terms_of_service = "https://ca.example/terms/1";
  ca_world_open(&w);
  assert_int_equal(ca_world_new_order(&w, ORDER), 201);
  w.options.terms_of_service = "https://ca.example/terms/2";
  ca_world_restart(&w);
  (void)ca_world_new_order(&w, ORDER);
  acme_peer_assert_problem(&w.peer, 403, "userActionRequired");
  assert_string_equal(acme_peer_string(&w.peer, "instance"), "https://ca.example/terms/2");
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ca_account_agreed(w.ca, CA_BASE "/acct/x"));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_account_agreed(w.ca, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ca_account_agreed(NULL, w.peer.kid));
  assert_ok(stardeleg_ca_account_agreed(w.ca, w.peer.kid));
  assert_int_equal(ca_world_new_order(&w, ORDER), 201);
  ca_world_clear(&w);
}

static void test_bad_options(void **state)
{
  static ca_world w;
  stardeleg_server_options server;
  stardeleg_limiter empty = {NULL, NULL};
  stardeleg_problem problem;

  (void)state;
  for (int i = 0; i < 4; i++) {
    stardeleg_secrets *secrets;

    ca_world_init(&w);
    secrets = w.secrets;
    stardeleg_server_options_default(&server);
    server.size -= i == 0 ? 1 : 0;
    server.limiter = i == 1 ? &empty : NULL;
    server.current_terms_required = i == 2;
    server.shared_nonces = i == 3;
    w.options.server = &server;
    w.options.secrets = i == 3 ? NULL : w.options.secrets;
    assert_err(STARDELEG_ERR_CONFIG, stardeleg_ca_new(&w.ca, &w.options, &problem));
    assert_true(problem.detail[0] != '\0');
    w.secrets = secrets;
    ca_world_clear(&w);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_orders), cmocka_unit_test(test_changed_terms),
                                     cmocka_unit_test(test_bad_options)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
