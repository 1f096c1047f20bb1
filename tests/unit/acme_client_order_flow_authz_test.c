/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_order_flow_authz_test.c -- authorizations, challenges and the solver. */
#include "support/order_rig.h"

#include "base/bytes.h"
#include "base/time.h"

#define AUTHZ1 RIG_BASE "/authz/1"
#define AUTHZ2 RIG_BASE "/authz/2"
#define CHALLENGE1 RIG_BASE "/chall/1"
#define CHALLENGE2 RIG_BASE "/chall/2"
#define CHALLENGE(type, url, status, more)                                                                             \
  "{\"type\":\"" type "\",\"url\":\"" url "\",\"status\":\"" status "\",\"token\":\"tok-" type "\"" more "}"
#define HTTP(status, more) CHALLENGE("http-01", CHALLENGE1, status, more)
#define DNS(status, more) CHALLENGE("dns-01", CHALLENGE2, status, more)
#define ERROR ",\"error\":" RIG_PROBLEM("connection")
#define CERTIFICATE ",\"certificate\":\"" RIG_CERTIFICATE "\""

static const char *const location[] = {"Location: " RIG_ORDER, NULL};

static void answer_authz(order_rig *rig, const char *status, const char *challenges)
{
  const char *name = strcmp(rig->server.url, AUTHZ2) == 0 ? "b.ido.example" : "a.ido.example";

  scripted_answer(&rig->server, 200, NULL, order_rig_authz(rig, status, name, challenges));
}

static void reach_authz(order_rig *rig, unsigned authorizations)
{
  order_rig_expect_new(rig);
  scripted_answer(&rig->server, 201, location, order_rig_order(rig, "pending", authorizations, NULL));
  order_rig_expect_fetch(rig, AUTHZ1);
}

/* Up to the answer to the first challenge, which is out. */
static void reach_challenge(order_rig *rig, unsigned authorizations)
{
  reach_authz(rig, authorizations);
  answer_authz(rig, "pending", HTTP("pending", "") "," DNS("pending", ""));
  order_rig_expect(rig, "POST", CHALLENGE1, "{}");
}

static void reach_authz_poll(order_rig *rig)
{
  reach_challenge(rig, 1);
  scripted_answer(&rig->server, 200, NULL, HTTP("processing", ""));
  order_rig_sleep(rig, 1000);
  order_rig_expect_fetch(rig, AUTHZ1);
}

static void finish(order_rig *rig)
{
  order_rig_expect_fetch(rig, RIG_ORDER);
  scripted_answer(&rig->server, 200, NULL,
                  order_rig_order(rig, "ready", rig->flow.order.authorization_count > 1 ? 2 : 1, NULL));
  order_rig_expect_finalize(rig);
  scripted_answer(&rig->server, 200, NULL,
                  order_rig_order(rig, "valid", rig->flow.order.authorization_count > 1 ? 2 : 1, CERTIFICATE));
  order_rig_rests(rig, SDG_FLOW_VALID);
}

/* ACME-7.5-01, ACME-7.5.1-01, ACME-8.2-01, T-42: two authorizations, one after the other, one challenge each */
static void two_authorizations(void **state)
{
  order_rig rig;

  (void)state;
  for (int restarts = 0; restarts < 2; restarts++) {
    order_rig_begin(&rig, NULL);
    rig.restarts = restarts != 0;
    rig.ready_after_ms = 90000;
    reach_authz(&rig, 2);
    answer_authz(&rig, "pending", DNS("pending", "") "," HTTP("pending", ""));
    assert_int_equal(scripted_wait(&rig.server), rig.server.now + 90000); /* until the answer is visible */
    order_rig_sleep(&rig, 90000);
    assert_int_equal(rig.shown, 1);
    order_rig_expect(&rig, "POST", CHALLENGE1, "{}");
    assert_string_equal(rig.token, "tok-http-01");
    assert_string_equal(rig.name, "a.ido.example");
    assert_string_equal(rig.name_type, "dns");
    scripted_answer(&rig.server, 200, NULL, HTTP("processing", ""));
    order_rig_sleep(&rig, 1000);
    order_rig_expect_fetch(&rig, AUTHZ1);
    answer_authz(&rig, "pending", HTTP("processing", ERROR)); /* EID 5732 */
    order_rig_sleep(&rig, 2000);
    order_rig_expect_fetch(&rig, AUTHZ1);
    assert_int_equal(rig.cleanups, 0);
    answer_authz(&rig, "valid", HTTP("valid", ""));
    assert_int_equal(rig.cleanups, 1); /* ACME-8.3-07 */
    rig.ready_after_ms = 0;
    order_rig_expect_fetch(&rig, AUTHZ2);
    answer_authz(&rig, "pending", HTTP("pending", ""));
    order_rig_expect(&rig, "POST", CHALLENGE1, "{}");
    assert_string_equal(rig.name, "b.ido.example");
    scripted_answer(&rig.server, 200, NULL, HTTP("valid", ""));
    order_rig_sleep(&rig, 1000);
    order_rig_expect_fetch(&rig, AUTHZ2);
    answer_authz(&rig, "valid", HTTP("valid", ""));
    finish(&rig);
    assert_int_equal(rig.cleanups, 2);
    assert_int_equal(rig.ended, 1);
    order_rig_end(&rig);
  }
}

/* T-07, T-58, ACME-7.1.3-09: nothing to do for what is valid already, not even a solver is needed */
static void valid_already(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.flow.solver = NULL;
  reach_authz(&rig, 2);
  answer_authz(&rig, "valid", "");
  order_rig_expect_fetch(&rig, AUTHZ2);
  answer_authz(&rig, "valid", HTTP("valid", ""));
  finish(&rig);
  assert_int_equal(rig.presents + rig.cleanups, 0);
  order_rig_end(&rig);
}

/* A challenge that somebody has started already is only waited for. */
static void started_already(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.restarts = true;
  reach_authz(&rig, 1);
  answer_authz(&rig, "pending", HTTP("processing", ""));
  order_rig_sleep(&rig, 1000);
  order_rig_expect_fetch(&rig, AUTHZ1);
  answer_authz(&rig, "valid", HTTP("valid", ""));
  assert_int_equal(rig.presents, 0);
  assert_int_equal(rig.cleanups, 1);
  finish(&rig);
  order_rig_end(&rig);
}

/* What cannot be done ends the order with a reason; ACME-8.3-02: odd tokens do not reach the solver. */
static void nothing_to_do(void **state)
{
  static const struct {
    const char *challenges;
    const char *detail;
  } cases[] = {
      {"", "no challenge"},
      {DNS("pending", ""), "no challenge"},
      {HTTP("invalid", ""), "no challenge"},
      {HTTP("invalid", ERROR), "no: connection"},                            /* T-41 */
      {"{\"type\":\"http-01\",\"url\":\"" CHALLENGE1 "\"}", "no challenge"}, /* EID 8883, but no token */
      {"{\"type\":\"http-01\",\"url\":\"https://evil.example/c\",\"token\":\"tok\"}", "no challenge"},
      {"{\"type\":\"http-01\",\"url\":\"http://ca.example/c\",\"token\":\"tok\"}", "no challenge"},
      {"{\"type\":\"http-01\",\"url\":\"" CHALLENGE1 "\",\"token\":\"../x\"}", "no challenge"},
      {"{\"type\":\"http-01\",\"url\":\"" CHALLENGE1 "\",\"token\":\"a\\nb\"}", "no challenge"},
      {"{\"type\":\"http-01\",\"url\":\"" CHALLENGE1 "\",\"token\":\"$(id)\"}", "no challenge"},
      {"{\"type\":\"http-01\",\"url\":\"" CHALLENGE1 "\",\"token\":\"\"}", "no challenge"},
      {"{\"type\":\"http-01\",\"url\":\"" CHALLENGE1 "\",\"token\":\"dG9r=\"}", "no challenge"},
  };
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    order_rig_begin(&rig, NULL);
    reach_authz(&rig, 1);
    answer_authz(&rig, "pending", cases[i].challenges);
    order_rig_rests(&rig, SDG_FLOW_FAILED);
    assert_non_null(strstr(rig.flow.problem.detail, cases[i].detail));
    assert_int_equal(rig.presents + rig.cleanups, 0);
    order_rig_end(&rig);
  }
  order_rig_begin(&rig, NULL);
  rig.flow.solver = NULL;
  reach_authz(&rig, 1);
  answer_authz(&rig, "pending", HTTP("pending", ""));
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  order_rig_end(&rig);
}

/* A name that was not ordered is not published; ACME-7.1.3-05: a wildcard's authorization has the name below it */
static void whose_name(void **state)
{
  static const struct {
    const char *ordered, *authz_type, *authz_name;
    bool good;
  } cases[] = {{"a.ido.example", "dns", "a.ido.example", true},   {"a.ido.example", "dns", "A.Ido.Example", true},
               {"*.a.ido.example", "dns", "a.ido.example", true}, {"*.a.ido.example", "dns", "*.a.ido.example", true},
               {"*.a.ido.example", "dns", "ido.example", false},  {"a.ido.example", "dns", "evil.example", false},
               {"a.ido.example", "dns", "ido.example", false},    {"a.ido.example", "ip", "a.ido.example", false},
               {"a.ido.example", "dns", "xa.ido.example", false}};
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char text[512];

    (void)snprintf(text, sizeof(text), "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}]}", cases[i].ordered);
    order_rig_begin(&rig, text);
    order_rig_expect_new(&rig);
    (void)snprintf(
        text, sizeof(text),
        "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}],\"authorizations\":[\"" AUTHZ1
        "\"],\"finalize\":\"" RIG_FINALIZE "\"}",
        cases[i].ordered);
    scripted_answer(&rig.server, 201, location, text);
    order_rig_expect_fetch(&rig, AUTHZ1);
    (void)snprintf(text, sizeof(text),
                   "{\"status\":\"pending\",\"identifier\":{\"type\":\"%s\",\"value\":\"%s\"},\"challenges\":[%s]}",
                   cases[i].authz_type, cases[i].authz_name, HTTP("pending", ""));
    scripted_answer(&rig.server, 200, NULL, text);
    if (cases[i].good) {
      order_rig_expect(&rig, "POST", CHALLENGE1, "{}");
      assert_string_equal(rig.name, cases[i].authz_name);
      rig.shown = 0;
    } else {
      order_rig_rests(&rig, SDG_FLOW_FAILED);
      assert_int_equal(rig.presents, 0);
    }
    order_rig_end(&rig);
  }
}

/* RFC 8738: the solver is told the type of the identifier. */
static void ip_identifier(void **state)
{
#define IP "{\"type\":\"ip\",\"value\":\"192.0.2.1\"}"
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, "{\"identifiers\":[" IP "]}");
  rig.restarts = true;
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 201, location,
                  "{\"status\":\"pending\",\"identifiers\":[" IP "],\"authorizations\":[\"" AUTHZ1
                  "\"],\"finalize\":\"" RIG_FINALIZE "\"}");
  order_rig_expect_fetch(&rig, AUTHZ1);
  scripted_answer(&rig.server, 200, NULL,
                  "{\"status\":\"pending\",\"identifier\":" IP ",\"challenges\":[" HTTP("pending", "") "]}");
  order_rig_expect(&rig, "POST", CHALLENGE1, "{}");
  assert_string_equal(rig.name_type, "ip");
  sdg_order_flow_cancel(&rig.flow);
  scripted_answer(&rig.server, 200, NULL, HTTP("processing", ""));
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  assert_string_equal(rig.name_type, "ip");
  order_rig_end(&rig);
}

/* ACME-7.5.1-08: no poll before the CA was seen to ask; it is polled in the end all the same, and at once where it will
 * not ask */
static void not_before_it_asked(void **state)
{
  order_rig rig;

  (void)state;
  for (int i = 0; i < 5; i++) {
    order_rig_begin(&rig, NULL);
    rig.sees = true;
    rig.asked = i == 0;
    if (i == 4) { /* compiled before there was such a function */
      rig.solver.size = offsetof(stardeleg_solver, seen);
    }
    reach_challenge(&rig, 1);
    assert_int_equal(rig.shown, 1);
    scripted_answer(&rig.server, 200, NULL, i == 3 ? HTTP("valid", "") : HTTP("processing", ""));
    order_rig_sleep(&rig, 1000);
    if (i == 1) {
      for (int second = 1; second < 6; second++) {
        order_rig_sleep(&rig, 1000);
      }
      rig.asked = true;
    } else if (i == 2) {
      for (int second = 1; second < 10; second++) {
        order_rig_sleep(&rig, 1000);
      }
    }
    order_rig_expect_fetch(&rig, AUTHZ1);
    rig.asked = false; /* polls go on */
    answer_authz(&rig, "pending", HTTP("processing", ""));
    order_rig_sleep(&rig, 2000);
    order_rig_expect_fetch(&rig, AUTHZ1);
    answer_authz(&rig, "valid", HTTP("valid", ""));
    finish(&rig);
    order_rig_end(&rig);
  }
}

/* After a restart nobody knows who has asked. */
static void asked_before_a_restart(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.sees = true;
  rig.restarts = true;
  reach_authz_poll(&rig);
  answer_authz(&rig, "valid", HTTP("valid", ""));
  finish(&rig);
  order_rig_end(&rig);
}

/* ACME-7.5.1-05, ACME-8.3-07: whatever ends the order, the answer is taken away, once */
static void cleaned_up(void **state)
{
  static const char *const ends[] = {"invalid", "deactivated", "expired", "revoked", "404",
                                     "403",     "cancel",      "late",    "302"};
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < 2 * sizeof(ends) / sizeof(ends[0]); i++) {
    const char *end = ends[i / 2];

    order_rig_begin(&rig, NULL);
    rig.restarts = i % 2 != 0;
    reach_authz_poll(&rig);
    if (end[0] >= '0' && end[0] <= '9') {
      scripted_answer(&rig.server, (end[0] - '0') * 100 + (end[1] - '0') * 10 + end[2] - '0', NULL,
                      RIG_PROBLEM("malformed"));
    } else if (strcmp(end, "cancel") == 0) {
      sdg_order_flow_cancel(&rig.flow);
      answer_authz(&rig, "pending", HTTP("processing", ""));
    } else if (strcmp(end, "late") == 0) {
      rig.server.now += 25 * SDG_TIME_HOUR;
      answer_authz(&rig, "pending", HTTP("processing", ""));
    } else {
      answer_authz(&rig, end, DNS("invalid", ",\"error\":" RIG_PROBLEM("dns")) "," HTTP("invalid", ERROR));
      assert_int_equal(rig.flow.problem.acme, STARDELEG_ACME_CONNECTION); /* the one we tried */
    }
    order_rig_rests(&rig, SDG_FLOW_FAILED);
    assert_int_equal(rig.presents, 1);
    assert_int_equal(rig.cleanups, 1);
    assert_null(rig.flow.challenge_token);
    order_rig_end(&rig);
  }
}

/* EID 6317: one challenge has failed, the authorization is pending: the other is tried */
static void next_challenge(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.restarts = true;
  reach_authz_poll(&rig);
  answer_authz(&rig, "pending", HTTP("invalid", ERROR) "," CHALLENGE("http-01", CHALLENGE2, "pending", ""));
  assert_int_equal(rig.cleanups, 1);
  order_rig_expect(&rig, "POST", CHALLENGE2, "{}");
  assert_int_equal(rig.presents, 2);
  scripted_answer(&rig.server, 200, NULL, "{}");
  order_rig_sleep(&rig, 1000);
  order_rig_expect_fetch(&rig, AUTHZ1);
  answer_authz(&rig, "pending", HTTP("invalid", ERROR) "," CHALLENGE("http-01", CHALLENGE2, "invalid", ""));
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  assert_int_equal(rig.flow.problem.acme, STARDELEG_ACME_CONNECTION);
  assert_int_equal(rig.cleanups, 2);
  order_rig_end(&rig);
}

/* T-40, ACME-8.2-04: error and still pending: answered again, not too often, and not for ever */
static void answered_again(void **state)
{
  order_rig rig;
  unsigned answers = 1;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.restarts = true;
  rig.flow.patience_ms = SDG_TIME_HOUR;
  reach_authz_poll(&rig);
  for (;;) {
    answer_authz(&rig, "pending", HTTP("pending", ERROR));
    if (rig.flow.state == SDG_FLOW_FAILED) {
      break;
    }
    assert_int_equal(rig.flow.problem.acme, STARDELEG_ACME_CONNECTION);
    order_rig_sleep(&rig, 300000);
    if (rig.server.now > rig.flow.deadline) {
      order_rig_rests(&rig, SDG_FLOW_FAILED);
      break;
    }
    order_rig_expect(&rig, "POST", CHALLENGE1, "{}");
    answers++;
    scripted_answer(&rig.server, 200, NULL, HTTP("pending", ERROR));
    order_rig_sleep(&rig, 1000);
    order_rig_expect_fetch(&rig, AUTHZ1);
  }
  assert_in_range(answers, 10, 130);
  assert_int_equal(rig.flow.problem.acme, STARDELEG_ACME_CONNECTION);
  assert_int_equal(rig.cleanups, 1);
  order_rig_end(&rig);
}

/* The server refuses the answer: the authorization decides, and if it does not, the refusal does. */
static void refused(void **state)
{
  order_rig rig;

  (void)state;
  for (int i = 0; i < 2; i++) {
    order_rig_begin(&rig, NULL);
    rig.restarts = i == 1;
    reach_challenge(&rig, 1);
    scripted_answer(&rig.server, 400, NULL, RIG_PROBLEM("malformed"));
    order_rig_sleep(&rig, 1000);
    order_rig_expect_fetch(&rig, AUTHZ1);
    if (i == 0) {
      answer_authz(&rig, "valid", HTTP("valid", ""));
      finish(&rig);
    } else {
      rig.restarts = false;
      for (int k = 0; k < 10 && rig.flow.state == SDG_FLOW_AUTHZ_POLL; k++) {
        answer_authz(&rig, "pending", HTTP("pending", ""));
        if (rig.flow.state == SDG_FLOW_AUTHZ_POLL) {
          order_rig_sleep(&rig, 10000);
          order_rig_expect_fetch(&rig, AUTHZ1);
        }
      }
      order_rig_rests(&rig, SDG_FLOW_FAILED);
      assert_int_equal(rig.flow.problem.acme, STARDELEG_ACME_MALFORMED);
    }
    assert_int_equal(rig.cleanups, 1);
    order_rig_end(&rig);
  }
}

/* ACME-6.5-10: lost answers and an overloaded server: the step again, with a nonce of its own. */
static void lost_answers(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.restarts = true;
  reach_authz(&rig, 1);
  order_rig_lose(&rig, STARDELEG_TRANSPORT_CONNECT);
  order_rig_sleep(&rig, 1000);
  order_rig_expect_fetch(&rig, AUTHZ1);
  answer_authz(&rig, "pending", HTTP("pending", ""));
  order_rig_expect(&rig, "POST", CHALLENGE1, "{}");
  order_rig_lose(&rig, STARDELEG_TRANSPORT_BROKEN);
  order_rig_sleep(&rig, 1000);
  order_rig_expect(&rig, "POST", CHALLENGE1, "{}");
  scripted_answer(&rig.server, 503, NULL, "");
  order_rig_sleep(&rig, 2000);
  order_rig_expect(&rig, "POST", CHALLENGE1, "{}");
  scripted_answer(&rig.server, 200, NULL, HTTP("processing", ""));
  order_rig_sleep(&rig, 1000);
  order_rig_expect_fetch(&rig, AUTHZ1);
  scripted_answer(&rig.server, 200, NULL, "{\"status\":\"frozen\"}");
  assert_true(rig.flow.problem.detail[0] != '\0');
  order_rig_sleep(&rig, 2000);
  order_rig_expect_fetch(&rig, AUTHZ1);
  answer_authz(&rig, "valid", HTTP("valid", ""));
  finish(&rig);
  assert_int_equal(rig.cleanups, 1);
  order_rig_end(&rig);
}

/* A solver whose DNS service is down, or never ready, is asked ever more seldom, and given up. */
static void solver_down(void **state)
{
  order_rig rig;
  stardeleg_ask ask;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.present_fails = true;
  reach_authz(&rig, 1);
  answer_authz(&rig, "pending", HTTP("pending", ""));
  while (rig.flow.state == SDG_FLOW_CHALLENGE) {
    stardeleg_err err = rig.engine.next(rig.engine.self, &ask, rig.server.now);

    if (err != STARDELEG_OK) {
      assert_int_equal(err, STARDELEG_ERR_CALLBACK);
    } else if (rig.flow.state == SDG_FLOW_CHALLENGE) {
      assert_int_equal(ask.want, STARDELEG_WANT_WAIT);
      assert_true(ask.until > rig.server.now);
      rig.server.now = ask.until;
    }
  }
  assert_in_range(rig.presents, 20, 60);
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  order_rig_end(&rig);
  order_rig_begin(&rig, NULL);
  rig.ready_after_ms = 3650 * SDG_TIME_DAY;
  reach_authz(&rig, 1);
  answer_authz(&rig, "pending", HTTP("pending", ""));
  order_rig_sleep(&rig, 25 * SDG_TIME_HOUR);
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  assert_int_equal(rig.cleanups, 1);
  order_rig_end(&rig);
}

/* Cancelled before the challenge was answered; a URL of another origin. */
static void ends_early(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.ready_after_ms = 60000;
  reach_authz(&rig, 1);
  answer_authz(&rig, "pending", HTTP("pending", ""));
  order_rig_sleep(&rig, 60000);
  sdg_order_flow_cancel(&rig.flow);
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  assert_int_equal(rig.cleanups, 1);
  order_rig_end(&rig);
  order_rig_begin(&rig, NULL);
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 201, location,
                  "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.ido.example\"},{\"type\":"
                  "\"dns\",\"value\":\"b.ido.example\"}],\"authorizations\":[\"https://evil.example/"
                  "a\"],\"finalize\":\"" RIG_FINALIZE "\"}");
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  assert_non_null(strstr(rig.flow.problem.detail, "evil.example"));
  order_rig_end(&rig);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_authorizations), cmocka_unit_test(valid_already),
      cmocka_unit_test(started_already),    cmocka_unit_test(nothing_to_do),
      cmocka_unit_test(whose_name),         cmocka_unit_test(ip_identifier),
      cmocka_unit_test(cleaned_up),         cmocka_unit_test(next_challenge),
      cmocka_unit_test(answered_again),     cmocka_unit_test(refused),
      cmocka_unit_test(lost_answers),       cmocka_unit_test(solver_down),
      cmocka_unit_test(ends_early),         cmocka_unit_test(not_before_it_asked),
      cmocka_unit_test(asked_before_a_restart),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
