/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_interop_order_test.c -- what CAs in the field do around orders, one habit each. */
#include "support/order_rig.h"

#include "base/bytes.h"
#include "base/time.h"

#define CERTIFICATE ",\"certificate\":\"" RIG_CERTIFICATE "\""
#define AUTHZ RIG_BASE "/authz/1"
#define CHALLENGE(type, n, status, more)                                                                               \
  "{\"type\":\"" type "\",\"url\":\"" RIG_BASE "/chall/" n "\",\"status\":\"" status "\",\"token\":\"tok" n "\"" more  \
  "}"

static const char *const location[] = {"Location: " RIG_ORDER, NULL};

static void reach(order_rig *rig, const char *status)
{
  order_rig_begin(rig, NULL);
  rig->restarts = true;
  order_rig_expect_new(rig);
  order_rig_answer_order(rig, 201, status, CERTIFICATE);
}

static void finish(order_rig *rig)
{
  order_rig_expect_finalize(rig);
  order_rig_answer_order(rig, 200, "valid", CERTIFICATE);
  order_rig_rests(rig, SDG_FLOW_VALID);
  order_rig_end(rig);
}

static void look(order_rig *rig, int64_t max_ms, const char *status)
{
  order_rig_sleep(rig, max_ms);
  order_rig_expect_fetch(rig, RIG_ORDER);
  order_rig_answer_order(rig, 200, status, CERTIFICATE);
}

/* still pending after the last authorization */
static void t01_ready_is_late(void **state)
{
  order_rig rig;

  (void)state;
  reach(&rig, "pending");
  look(&rig, 2000, "pending");
  look(&rig, 3000, "pending");
  look(&rig, 3000, "ready");
  finish(&rig);
}

static void t02_finalize_got_through(void **state)
{
  order_rig rig;

  (void)state;
  reach(&rig, "ready");
  order_rig_expect_finalize(&rig);
  order_rig_lose(&rig, STARDELEG_TRANSPORT_BROKEN);
  look(&rig, 2000, "valid");
  order_rig_rests(&rig, SDG_FLOW_VALID);
  order_rig_end(&rig);
}

/* the type decides, then the class of the status */
static void t03_types_before_statuses(void **state)
{
  static const struct {
    int status;
    const char *body;
    sdg_flow_state after;
  } cases[] = {{400, RIG_PROBLEM("orderNotReady"), SDG_FLOW_READY_POLL},
               {403, RIG_PROBLEM("orderNotReady"), SDG_FLOW_READY_POLL},
               {401, RIG_PROBLEM("unauthorized"), SDG_FLOW_FAILED},
               {403, RIG_PROBLEM("unauthorized"), SDG_FLOW_FAILED},
               {429, RIG_PROBLEM("rateLimited"), SDG_FLOW_READY_POLL},
               {400, RIG_PROBLEM("rateLimited"), SDG_FLOW_READY_POLL},
               {503, RIG_PROBLEM("rateLimited"), SDG_FLOW_READY_POLL},
               {400, RIG_PROBLEM("rejectedIdentifier"), SDG_FLOW_FAILED}};
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    reach(&rig, "ready");
    order_rig_expect_finalize(&rig);
    scripted_answer(&rig.server, cases[i].status, NULL, cases[i].body);
    assert_int_equal(rig.flow.state, cases[i].after);
    order_rig_end(&rig);
  }
}

static void t04_asynchronous(void **state)
{
  order_rig rig;

  (void)state;
  reach(&rig, "ready");
  order_rig_expect_finalize(&rig);
  order_rig_answer_order(&rig, 200, "processing", "");
  for (int i = 0; i < 5; i++) {
    look(&rig, 5000, "processing");
  }
  look(&rig, 5000, "valid");
  order_rig_rests(&rig, SDG_FLOW_VALID);
  order_rig_end(&rig);
}

static void t05_synchronous(void **state)
{
  order_rig rig;

  (void)state;
  reach(&rig, "ready");
  finish(&rig);
}

/* authorizations reused: ready at once; an identical order comes back as 200 */
static void t06_order_known_before(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 200, location, order_rig_order(&rig, "ready", 0, NULL));
  assert_int_equal(rig.presents, 0);
  finish(&rig);
}

static void reach_authz(order_rig *rig, const char *status, const char *challenges)
{
  order_rig_begin(rig, NULL);
  rig->restarts = true;
  order_rig_expect_new(rig);
  scripted_answer(&rig->server, 201, location, order_rig_order(rig, "pending", 1, NULL));
  order_rig_expect_fetch(rig, AUTHZ);
  scripted_answer(&rig->server, 200, NULL, order_rig_authz(rig, status, "a.ido.example", challenges));
}

/* an authorization of an older order: one challenge left, or none needed */
static void t07_authorization_from_before(void **state)
{
  order_rig rig;

  (void)state;
  reach_authz(&rig, "pending", CHALLENGE("http-01", "1", "pending", ""));
  order_rig_expect(&rig, "POST", RIG_BASE "/chall/1", "{}"); /* T-42: two bytes */
  scripted_answer(&rig.server, 200, NULL, "{}");
  rig.shown = 0;
  order_rig_end(&rig);
  reach_authz(&rig, "valid", CHALLENGE("dns-01", "2", "valid", ""));
  order_rig_expect_fetch(&rig, RIG_ORDER);
  assert_int_equal(rig.presents, 0);
  order_rig_end(&rig);
}

/* no Location but with newOrder */
static void t08_location_only_once(void **state)
{
  order_rig rig;

  (void)state;
  reach(&rig, "pending");
  look(&rig, 2000, "ready");
  finish(&rig);
}

static void poll_after(const char *retry_after, int64_t least, int64_t most)
{
  char header[80];
  const char *headers[] = {header, NULL};
  order_rig rig;
  int64_t pause;

  reach(&rig, "ready");
  order_rig_expect_finalize(&rig);
  (void)snprintf(header, sizeof(header), "Retry-After: %s", retry_after != NULL ? retry_after : "");
  scripted_answer(&rig.server, 200, retry_after != NULL ? headers : NULL, order_rig_order(&rig, "processing", 0, NULL));
  pause = scripted_wait(&rig.server) - rig.server.now;
  assert_in_range((uint64_t)pause, (uint64_t)least, (uint64_t)most);
  order_rig_end(&rig);
}

static void t09_dates_and_seconds(void **state)
{
  (void)state;
  poll_after("7", 7000, 7000);
  poll_after("Sun, 13 Sep 2020 12:27:00 GMT", 20000, 20000);
}

static void t10_a_day_for_seconds(void **state)
{
  (void)state;
  poll_after("86400", 300000, 300000);
  poll_after("99999999999", 300000, 300000);
}

static void t11_no_retry_after(void **state)
{
  (void)state;
  poll_after(NULL, 1000, 1000);
  poll_after("0", 1000, 1000);
  poll_after("-5", 1000, 1000);
}

static void t20_dates_refused(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.ido.example\"}],"
                        "\"notAfter\":\"2030-01-01T00:00:00Z\"}");
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 400, NULL, RIG_PROBLEM("malformed"));
  order_rig_rests(&rig, SDG_FLOW_FAILED); /* told, and not tried without them */
  order_rig_end(&rig);
}

/* lower-cased, sorted, without duplicates */
static void t23_identifiers_in_another_form(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"B.ido.example\"},"
                        "{\"type\":\"dns\",\"value\":\"a.IDO.example\"}]}");
  order_rig_expect_new(&rig);
  order_rig_answer_order(&rig, 201, "ready", NULL);
  finish(&rig);
}

/* gone is gone: 404 for an order that was there */
static void t38_t39_orders_vanish(void **state)
{
  order_rig rig;

  (void)state;
  reach(&rig, "pending");
  order_rig_sleep(&rig, 2000);
  order_rig_expect_fetch(&rig, RIG_ORDER);
  scripted_answer(&rig.server, 404, NULL, RIG_PROBLEM("malformed"));
  assert_int_equal(rig.flow.state, SDG_FLOW_FAILED);
  assert_int_equal(rig.flow.problem.status, 404);
  order_rig_end(&rig);
}

/* minutes of processing are patience's business */
static void t43_slow_challenges(void **state)
{
  static const char *const ten[] = {"Retry-After: 10", NULL};
  order_rig rig;

  (void)state;
  reach_authz(&rig, "pending", CHALLENGE("http-01", "1", "pending", ""));
  order_rig_expect(&rig, "POST", RIG_BASE "/chall/1", "{}");
  scripted_answer(&rig.server, 200, ten, CHALLENGE("http-01", "1", "processing", ""));
  for (int i = 0; i < 90; i++) { /* a quarter of an hour */
    order_rig_sleep(&rig, 10000);
    order_rig_expect_fetch(&rig, AUTHZ);
    scripted_answer(&rig.server, 200, ten,
                    order_rig_authz(&rig, "pending", "a.ido.example", CHALLENGE("http-01", "1", "processing", "")));
    assert_int_equal(rig.flow.state, SDG_FLOW_AUTHZ_POLL);
  }
  order_rig_sleep(&rig, 10000);
  order_rig_expect_fetch(&rig, AUTHZ);
  scripted_answer(&rig.server, 200, NULL,
                  order_rig_authz(&rig, "valid", "a.ido.example", CHALLENGE("http-01", "1", "valid", "")));
  assert_int_equal(rig.flow.state, SDG_FLOW_READY_POLL);
  order_rig_end(&rig);
}

/* after a lost newOrder: the same again; nothing is finalized twice */
static void t51_lost_new_order(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 500, NULL, RIG_PROBLEM("serverInternal"));
  order_rig_sleep(&rig, 2000);
  order_rig_expect_new(&rig);
  order_rig_answer_order(&rig, 201, "ready", NULL);
  finish(&rig);
}

/* "*.a" and "a": two authorizations of one name, two records at one place */
static void t56_wildcard_beside_apex(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.ido.example\"},"
                        "{\"type\":\"dns\",\"value\":\"*.a.ido.example\"}]}");
  rig.solves = "dns-01";
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 201, location,
                  "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"*.a.ido.example\"},"
                  "{\"type\":\"dns\",\"value\":\"a.ido.example\"}],\"authorizations\":[\"" AUTHZ "\",\"" RIG_BASE
                  "/authz/2\"],\"finalize\":\"" RIG_FINALIZE "\"}");
  for (int i = 0; i < 2; i++) {
    const char *url = i == 0 ? AUTHZ : RIG_BASE "/authz/2";
    const char *challenge = i == 0 ? RIG_BASE "/chall/1" : RIG_BASE "/chall/2";

    order_rig_expect_fetch(&rig, url);
    scripted_answer(&rig.server, 200, NULL,
                    i == 0 ? "{\"status\":\"pending\",\"wildcard\":true,\"identifier\":{\"type\":\"dns\",\"value\":"
                             "\"a.ido.example\"},\"challenges\":[" CHALLENGE("dns-01", "1", "pending", "") "]}"
                           : "{\"status\":\"pending\",\"wildcard\":false,\"identifier\":{\"type\":\"dns\",\"value\":"
                             "\"a.ido.example\"},\"challenges\":[" CHALLENGE("dns-01", "2", "pending", "") "]}");
    order_rig_expect(&rig, "POST", challenge, "{}");
    assert_string_equal(rig.name, "a.ido.example");
    scripted_answer(&rig.server, 200, NULL, "{}");
    order_rig_sleep(&rig, 2000);
    order_rig_expect_fetch(&rig, url);
    scripted_answer(&rig.server, 200, NULL, order_rig_authz(&rig, "valid", "a.ido.example", ""));
  }
  assert_int_equal(rig.presents, 2);
  assert_int_equal(rig.cleanups, 2);
  order_rig_end(&rig);
}

static void t58_nothing_to_prove(void **state)
{
  order_rig rig;

  (void)state;
  reach_authz(&rig, "valid", "");
  order_rig_expect_fetch(&rig, RIG_ORDER);
  assert_int_equal(rig.presents, 0);
  order_rig_end(&rig);
}

/* our clock is ahead: "expires" in the past decides nothing */
static void t59_expires_in_the_past(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  order_rig_expect_new(&rig);
  order_rig_answer_order(&rig, 201, "ready", ",\"expires\":\"2001-01-01T00:00:00Z\"");
  finish(&rig);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(t01_ready_is_late),          cmocka_unit_test(t02_finalize_got_through),
      cmocka_unit_test(t03_types_before_statuses),  cmocka_unit_test(t04_asynchronous),
      cmocka_unit_test(t05_synchronous),            cmocka_unit_test(t06_order_known_before),
      cmocka_unit_test(t07_authorization_from_before), cmocka_unit_test(t08_location_only_once),
      cmocka_unit_test(t09_dates_and_seconds),      cmocka_unit_test(t10_a_day_for_seconds),
      cmocka_unit_test(t11_no_retry_after),         cmocka_unit_test(t20_dates_refused),
      cmocka_unit_test(t23_identifiers_in_another_form), cmocka_unit_test(t38_t39_orders_vanish),
      cmocka_unit_test(t43_slow_challenges),        cmocka_unit_test(t51_lost_new_order),
      cmocka_unit_test(t56_wildcard_beside_apex),   cmocka_unit_test(t58_nothing_to_prove),
      cmocka_unit_test(t59_expires_in_the_past)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
