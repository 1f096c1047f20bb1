/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_order_flow_test.c -- the order itself: newOrder, waiting, finalize, the traps of real servers. */
#include "support/order_rig.h"

#include "base/bytes.h"
#include "base/time.h"

#define CERTIFICATE ",\"certificate\":\"" RIG_CERTIFICATE "\""
#define STAR                                                                                                           \
  ",\"auto-renewal\":{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":345600},\"star-certificate\":"                \
  "\"" RIG_CERTIFICATE "\""

static const char *const location[] = {"Location: " RIG_ORDER, NULL};

/* Up to the first finalize request, which is out. */
static void reach_finalize(order_rig *rig)
{
  order_rig_expect_new(rig);
  order_rig_answer_order(rig, 201, "ready", NULL);
  order_rig_expect_finalize(rig);
}

static void reach_poll(order_rig *rig)
{
  reach_finalize(rig);
  order_rig_answer_order(rig, 200, "processing", NULL);
  assert_int_equal(rig->flow.state, SDG_FLOW_POLL);
}

/* STARDEL-2.2-02, STARDEL-2.2-08, ACME-7.4-08, ACME-7.4-19: no look at authorizations, finalize at once, poll, done. */
static void star_order(void **state)
{
  order_rig rig;

  (void)state;
  for (int restarts = 0; restarts < 2; restarts++) {
    order_rig_begin(&rig, NULL);
    rig.restarts = restarts != 0;
    reach_finalize(&rig);
    order_rig_answer_order(&rig, 200, "processing", NULL);
    order_rig_sleep(&rig, 1000);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, "processing", NULL);
    order_rig_sleep(&rig, 2000);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, "valid", STAR);
    order_rig_rests(&rig, SDG_FLOW_VALID);
    assert_string_equal(rig.flow.order.star_certificate, RIG_CERTIFICATE);
    assert_int_equal(rig.ended, 1);
    assert_int_equal(rig.exchanges, 4);
    assert_int_equal(rig.presents, 0);
    order_rig_end(&rig);
  }
}

/* T-05, T-06, ACME-7.1.6-04, ACME-7.4-04: states that are skipped */
static void short_ways(void **state)
{
  static const struct {
    int http;
    const char *first;
  } cases[] = {{201, "valid"}, {200, "valid"}, {200, "processing"}, {200, "ready"}};
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    order_rig_begin(&rig, NULL);
    rig.restarts = true;
    order_rig_expect_new(&rig);
    scripted_answer(&rig.server, cases[i].http, location, order_rig_order(&rig, cases[i].first, 0, CERTIFICATE));
    if (strcmp(cases[i].first, "processing") == 0) {
      order_rig_sleep(&rig, 1000);
      order_rig_expect_fetch(&rig, RIG_ORDER);
      order_rig_answer_order(&rig, 200, "valid", CERTIFICATE);
    } else if (strcmp(cases[i].first, "ready") == 0) {
      order_rig_expect_finalize(&rig);
      order_rig_answer_order(&rig, 200, "valid", CERTIFICATE);
    }
    order_rig_rests(&rig, SDG_FLOW_VALID);
    assert_int_equal(rig.ended, 1);
    order_rig_end(&rig);
  }
}

/* T-01, ACME-7.4-07: no finalize while the order is pending */
static void pending_for_a_while(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.restarts = true;
  order_rig_expect_new(&rig);
  order_rig_answer_order(&rig, 201, "pending", NULL);
  for (int i = 0; i < 3; i++) {
    order_rig_sleep(&rig, 2000);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, i < 2 ? "pending" : "ready", NULL);
  }
  order_rig_expect_finalize(&rig);
  order_rig_answer_order(&rig, 200, "valid", CERTIFICATE);
  order_rig_rests(&rig, SDG_FLOW_VALID);
  order_rig_end(&rig);
}

/* How the first finalize went wrong. */
static void spoil_finalize(order_rig *rig, int how)
{
  switch (how) {
  case 0:
    order_rig_lose(rig, STARDELEG_TRANSPORT_TIMEOUT);
    break;
  case 1:
    scripted_answer(&rig->server, 403, NULL, RIG_PROBLEM("orderNotReady"));
    break;
  case 2:
    scripted_answer(&rig->server, 400, NULL, RIG_PROBLEM("orderNotReady"));
    break;
  case 3:
    scripted_answer(&rig->server, 503, NULL, "<html>");
    break;
  case 4:
    scripted_answer(&rig->server, 200, NULL, "<html>");
    break;
  case 5:
    order_rig_lose(rig, STARDELEG_TRANSPORT_TOO_LARGE);
    break;
  default:
    order_rig_answer_order(rig, 200, "ready", NULL);
    break;
  }
}

/* T-02, T-03, T-51, ACME-7.4-15, ACME-7.4-17: whatever became of finalize, the order is looked at first, and finalized
 * again only if it is ready */
static void finalize_lost(void **state)
{
  static const char *const found[] = {"ready", "processing", "valid", "pending"};
  order_rig rig;

  (void)state;
  for (int i = 0; i < 7 * 4; i++) {
    const char *status = found[i % 4];

    order_rig_begin(&rig, NULL);
    rig.restarts = (i & 1) != 0;
    reach_finalize(&rig);
    spoil_finalize(&rig, i / 4);
    order_rig_sleep(&rig, 2000);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, status, CERTIFICATE);
    if (strcmp(status, "pending") == 0) {
      order_rig_sleep(&rig, 2000);
      order_rig_expect_fetch(&rig, RIG_ORDER);
      order_rig_answer_order(&rig, 200, "ready", NULL);
      status = "ready";
    }
    if (strcmp(status, "ready") == 0) {
      order_rig_sleep(&rig, 2000);
      order_rig_expect_finalize(&rig);
      order_rig_answer_order(&rig, 200, "valid", CERTIFICATE);
    } else if (strcmp(status, "processing") == 0) {
      order_rig_sleep(&rig, 2000);
      order_rig_expect_fetch(&rig, RIG_ORDER);
      order_rig_answer_order(&rig, 200, "valid", CERTIFICATE);
    }
    order_rig_rests(&rig, SDG_FLOW_VALID);
    order_rig_end(&rig);
  }
}

/* A server that never takes finalize is asked with growing pauses, and not for ever. */
static void finalize_never_taken(void **state)
{
  order_rig rig;

  (void)state;
  for (int how = 0; how < 7; how++) {
    unsigned finalizes = 1;
    stardeleg_time began;

    order_rig_begin(&rig, NULL);
    began = rig.server.now;
    reach_finalize(&rig);
    spoil_finalize(&rig, how);
    while (rig.flow.state != SDG_FLOW_FAILED) {
      if (rig.flow.state != SDG_FLOW_READY_POLL || rig.flow.wait_until != STARDELEG_TIME_NONE) {
        order_rig_sleep(&rig, SDG_TIME_HOUR);
      }
      if (rig.flow.state == SDG_FLOW_FINALIZE) {
        order_rig_expect_finalize(&rig);
        spoil_finalize(&rig, how);
        finalizes++;
      } else {
        order_rig_expect_fetch(&rig, RIG_ORDER);
        order_rig_answer_order(&rig, 200, "ready", NULL);
      }
    }
    assert_in_range(finalizes, 10, 30);
    assert_in_range((uint64_t)(rig.server.now - began), 5 * SDG_TIME_HOUR, 2 * SDG_TIME_DAY);
    order_rig_rests(&rig, SDG_FLOW_FAILED);
    assert_non_null(strstr(rig.flow.problem.detail, "finalize"));
    order_rig_end(&rig);
  }
}

/* T-03: the type decides first, then the status */
static void refusals(void **state)
{
  static const struct {
    int status;
    const char *body;
    bool again;
    stardeleg_acme_error acme;
  } cases[] = {
      {429, RIG_PROBLEM("rateLimited"), true, STARDELEG_ACME_RATE_LIMITED},
      {400, RIG_PROBLEM("rateLimited"), true, STARDELEG_ACME_RATE_LIMITED},
      {503, RIG_PROBLEM("rateLimited"), true, STARDELEG_ACME_RATE_LIMITED},
      {500, RIG_PROBLEM("serverInternal"), true, STARDELEG_ACME_SERVER_INTERNAL},
      {502, "<html>bad gateway</html>", true, STARDELEG_ACME_NONE},
      {408, "", true, STARDELEG_ACME_NONE},
      {401, RIG_PROBLEM("unauthorized"), false, STARDELEG_ACME_UNAUTHORIZED},
      {403, RIG_PROBLEM("unauthorized"), false, STARDELEG_ACME_UNAUTHORIZED},
      {400, RIG_PROBLEM("rejectedIdentifier"), false, STARDELEG_ACME_REJECTED_IDENTIFIER},
      {403, RIG_PROBLEM("rejectedIdentifier"), false, STARDELEG_ACME_REJECTED_IDENTIFIER},
      {403, RIG_PROBLEM("unknownDelegation"), false, STARDELEG_ACME_UNKNOWN_DELEGATION},
      {403, RIG_PROBLEM("userActionRequired"), false, STARDELEG_ACME_USER_ACTION_REQUIRED},
      {400, RIG_PROBLEM("malformed"), false, STARDELEG_ACME_MALFORMED}, /* T-20: no silent retry without the dates */
      {409, RIG_PROBLEM("alreadyReplaced"), false, STARDELEG_ACME_ALREADY_REPLACED},
      {400, RIG_PROBLEM("conflict"), false, STARDELEG_ACME_NONE}, /* T-37 */
      {403, "", false, STARDELEG_ACME_NONE},
      {302, "", false, STARDELEG_ACME_NONE},
  };
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    order_rig_begin(&rig, NULL);
    rig.restarts = true;
    order_rig_expect_new(&rig);
    scripted_answer(&rig.server, cases[i].status, NULL, cases[i].body);
    assert_int_equal(rig.flow.problem.acme, cases[i].acme);
    assert_int_equal(rig.flow.problem.status, cases[i].status);
    assert_true(rig.flow.problem.detail[0] != '\0'); /* ACME-6.7-03 */
    if (cases[i].again) {
      assert_int_equal(rig.change, SDG_FLOW_SAME);
      order_rig_sleep(&rig, 1000);
      order_rig_expect_new(&rig);
      order_rig_answer_order(&rig, 201, "valid", CERTIFICATE);
      order_rig_rests(&rig, SDG_FLOW_VALID);
    } else {
      order_rig_rests(&rig, SDG_FLOW_FAILED);
      assert_int_equal(rig.ended, 1);
    }
    order_rig_end(&rig);
  }
}

/* ACME-6.6-04: Retry-After of a refusal is kept, up to a day */
static void refused_until(void **state)
{
  static const char *const hour[] = {"Retry-After: 3600", NULL};
  static const char *const year[] = {"Retry-After: 31536000", NULL};
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.restarts = true;
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 429, hour, RIG_PROBLEM("rateLimited"));
  assert_int_equal(scripted_wait(&rig.server), rig.server.now + SDG_TIME_HOUR);
  order_rig_sleep(&rig, SDG_TIME_HOUR);
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 503, year, "");
  assert_int_equal(scripted_wait(&rig.server), rig.server.now + SDG_TIME_DAY);
  rig.server.now -= 365 * SDG_TIME_DAY; /* the clock was set back: no year of waiting */
  sdg_agent_set_due(rig.agent, &rig.job, rig.server.now);
  order_rig_expect_new(&rig);
  order_rig_end(&rig);
}

/* T-09, T-10, T-11, ACME-7.4-18: pauses between polls */
static void pauses(void **state)
{
  static const struct {
    const char *header;
    int64_t least, most;
  } cases[] = {{"Retry-After: 7", 7000, 7000},
               {"Retry-After: 86400", 300000, 300000},
               {"Retry-After: 99999999999999999999", 1000, 300000},
               {"Retry-After: 0", 1000, 1000},
               {"Retry-After: -5", 1000, 1000},
               {"Retry-After: soon", 1000, 1000},
               {"Retry-After: Sun, 13 Sep 2020 12:27:40 GMT", 60000, 60000},
               {"Retry-After: Sun, 13 Sep 2019 12:26:40 GMT", 1000, 1000},
               {"X-Nothing: 1", 1000, 1000}};
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const char *const headers[] = {cases[i].header, NULL};
    int64_t pause;

    order_rig_begin(&rig, NULL);
    reach_finalize(&rig);
    scripted_answer(&rig.server, 200, headers, order_rig_order(&rig, "processing", 0, NULL));
    pause = scripted_wait(&rig.server) - rig.server.now;
    assert_in_range((uint64_t)pause, (uint64_t)cases[i].least, (uint64_t)cases[i].most);
    order_rig_end(&rig);
  }
}

/* T-04, T-11, T-43: own pauses grow, up to half a minute; the end comes by the deadline */
static void processing_for_ever(void **state)
{
  order_rig rig;
  stardeleg_time began;
  int64_t last = 0;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.flow.patience_ms = 30 * SDG_TIME_MINUTE;
  reach_poll(&rig);
  began = rig.server.now;
  while (rig.flow.state == SDG_FLOW_POLL) {
    int64_t pause = scripted_wait(&rig.server) - rig.server.now;

    assert_in_range((uint64_t)pause, (uint64_t)(last > 0 ? last : 1000), 30000);
    last = pause;
    order_rig_sleep(&rig, 30000);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, "processing", NULL);
  }
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  assert_non_null(strstr(rig.flow.problem.detail, "in time"));
  assert_in_range((uint64_t)(rig.server.now - began), 30 * SDG_TIME_MINUTE, 31 * SDG_TIME_MINUTE);
  assert_true(rig.exchanges < 130);
  order_rig_end(&rig);
}

/* Cut off for a week while the CA issued: the order is not given up, its answer counts. */
static void cut_off(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.restarts = true;
  reach_poll(&rig);
  rig.server.now += 7 * SDG_TIME_DAY;
  for (int i = 0; i < 5; i++) {
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_lose(&rig, STARDELEG_TRANSPORT_RESOLVE);
    assert_int_equal(rig.flow.state, SDG_FLOW_POLL);
    order_rig_sleep(&rig, 16000);
  }
  order_rig_expect_fetch(&rig, RIG_ORDER);
  order_rig_answer_order(&rig, 200, "valid", CERTIFICATE);
  order_rig_rests(&rig, SDG_FLOW_VALID);
  order_rig_end(&rig);
}

/* ACME-7.4-17: an unknown status is no success, nor is a page of HTML; once is an accident, ten times are enough */
static void unreadable(void **state)
{
  static const char *const bodies[] = {"<html>", "", "[]", "{}", NULL};
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
    unsigned answers = 0;

    order_rig_begin(&rig, NULL);
    rig.restarts = true;
    reach_poll(&rig);
    while (rig.flow.state == SDG_FLOW_POLL) {
      order_rig_sleep(&rig, SDG_TIME_HOUR);
      order_rig_expect_fetch(&rig, RIG_ORDER);
      scripted_answer(&rig.server, 200, NULL, bodies[i] != NULL ? bodies[i] : order_rig_order(&rig, "frozen", 0, NULL));
      answers++;
    }
    order_rig_rests(&rig, SDG_FLOW_FAILED);
    assert_in_range(answers, 3, 20);
    assert_true(rig.flow.problem.status == 0 && rig.flow.problem.detail[0] != '\0');
    order_rig_end(&rig);
  }
  order_rig_begin(&rig, NULL);
  reach_poll(&rig);
  for (int i = 0; i < 30; i++) {
    order_rig_sleep(&rig, 31000);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    if (i % 2 == 0) {
      scripted_answer(&rig.server, 200, NULL, "<html>");
    } else {
      order_rig_answer_order(&rig, 200, "processing", NULL);
    }
  }
  assert_int_equal(rig.flow.state, SDG_FLOW_POLL);
  order_rig_end(&rig);
}

/* A 201 whose body says nothing: the order's own URL tells, and nothing of it is left out. */
static void created_without_body(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.restarts = true;
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 201, location, "");
  order_rig_sleep(&rig, 1000);
  order_rig_expect_fetch(&rig, RIG_ORDER);
  scripted_answer(&rig.server, 200, NULL, order_rig_order(&rig, "pending", 2, NULL));
  order_rig_expect_fetch(&rig, RIG_BASE "/authz/1");
  order_rig_end(&rig);
}

/* ACME-7.4-17, ACME-6.7.1-04: invalid, with and without a reason; valid without a certificate */
static void lost_orders(void **state)
{
  static const struct {
    const char *status;
    const char *more;
    stardeleg_acme_error acme;
    const char *detail;
  } cases[] = {
      {"invalid", ",\"error\":" RIG_PROBLEM("caa"), STARDELEG_ACME_CAA, "no: caa"},
      {"invalid", ",\"error\":{\"type\":null,\"detail\":\"a\\u001b[2J\\\\b\"}", STARDELEG_ACME_NONE, "a\\x1b[2J\\\\b"},
      {"invalid", "", STARDELEG_ACME_NONE, "the order has become invalid"},
      {"valid", "", STARDELEG_ACME_NONE, "the order is valid but names no certificate"},
  };
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    order_rig_begin(&rig, NULL);
    reach_poll(&rig);
    order_rig_sleep(&rig, 1000);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, cases[i].status, cases[i].more);
    order_rig_rests(&rig, SDG_FLOW_FAILED);
    for (int k = 0; k < 3; k++) {
      order_rig_reload(&rig); /* however often it is saved, the reason stays what it was */
      assert_int_equal(rig.flow.problem.acme, cases[i].acme);
      assert_string_equal(rig.flow.problem.detail, cases[i].detail);
    }
    order_rig_end(&rig);
  }
}

/* T-38, T-39: gone is gone */
static void gone(void **state)
{
  order_rig rig;

  (void)state;
  for (int i = 0; i < 2; i++) {
    order_rig_begin(&rig, NULL);
    reach_poll(&rig);
    order_rig_sleep(&rig, 1000);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    scripted_answer(&rig.server, i == 0 ? 404 : 410, NULL, RIG_PROBLEM("malformed"));
    order_rig_rests(&rig, SDG_FLOW_FAILED);
    assert_int_equal(rig.flow.problem.status, i == 0 ? 404 : 410);
    order_rig_end(&rig);
  }
}

/* ACME-7.1.3-07, T-23: other elements end the order, another sequence or case does not */
static void changed_orders(void **state)
{
#define ORDER(names, authz)                                                                                            \
  "{\"status\":\"processing\",\"identifiers\":[" names "],\"authorizations\":[" authz "],\"finalize\":\"" RIG_FINALIZE \
  "\"}"
#define NAME(name) "{\"type\":\"dns\",\"value\":\"" name "\"}"
  static const struct {
    const char *body;
    bool bad;
  } cases[] = {
      {ORDER(NAME("B.ido.example") "," NAME("a.IDO.example"), ""), false},
      {ORDER(NAME("b.ido.example") "," NAME("a.ido.example"), ""), false},
      {ORDER(NAME("a.ido.example"), ""), true},
      {ORDER(NAME("a.ido.example") "," NAME("c.ido.example"), ""), true},
      {ORDER(NAME("a.ido.example") "," NAME("b.ido.example") "," NAME("c.ido.example"), ""), true},
      {ORDER(NAME("a.ido.example") "," NAME("b.ido.example"), "\"" RIG_BASE "/authz/1\""), true},
  };
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
    bool at_first = i % 2 != 0;

    order_rig_begin(&rig, NULL);
    if (at_first) {
      order_rig_expect_new(&rig);
      scripted_answer(&rig.server, 201, location, cases[i / 2].body);
    } else {
      reach_poll(&rig);
      order_rig_sleep(&rig, 1000);
      order_rig_expect_fetch(&rig, RIG_ORDER);
      scripted_answer(&rig.server, 200, NULL, cases[i / 2].body);
    }
    if (cases[i / 2].bad && !(at_first && i / 2 == 5)) {
      order_rig_rests(&rig, SDG_FLOW_FAILED);
      assert_true(rig.flow.problem.detail[0] != '\0');
    } else {
      assert_int_equal(rig.flow.state, SDG_FLOW_POLL);
    }
    order_rig_end(&rig);
  }
}

/* T-08, EID 5979; URLs of another origin are not followed */
static void foreign_urls(void **state)
{
  static const char *const bad[] = {"Location: https://evil.example/order/1",
                                    "Location: http://ca.example/acme/order/1",
                                    "Location: https://ca.example:444/order/1", "Location: javascript:1", "X: 1"};
  static const char *const relative[] = {"Location: /acme/order/1", NULL};
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    const char *const headers[] = {bad[i], NULL};

    order_rig_begin(&rig, NULL);
    order_rig_expect_new(&rig);
    scripted_answer(&rig.server, 201, headers, order_rig_order(&rig, "ready", 0, NULL));
    order_rig_rests(&rig, SDG_FLOW_FAILED);
    assert_null(rig.flow.order_url);
    order_rig_end(&rig);
  }
  order_rig_begin(&rig, NULL);
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 201, relative, order_rig_order(&rig, "ready", 0, NULL));
  assert_string_equal(rig.flow.order_url, RIG_ORDER);
  order_rig_end(&rig);
  order_rig_begin(&rig, NULL);
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 201, location,
                  "{\"status\":\"ready\",\"identifiers\":[" NAME("a.ido.example") "," NAME(
                      "b.ido.example") "],\"authorizations\":[],\"finalize\":\"https://evil.example/f\"}");
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  assert_non_null(strstr(rig.flow.problem.detail, "evil.example"));
  order_rig_end(&rig);
}

/* EID 5771: newOrder has moved; the directory is read again before the next order */
static void new_order_gone(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  order_rig_expect_new(&rig);
  scripted_answer(&rig.server, 404, NULL, RIG_PROBLEM("malformed"));
  assert_int_equal(rig.flow.state, SDG_FLOW_FAILED);
  order_rig_expect(&rig, "GET", RIG_BASE "/directory", NULL);
  order_rig_end(&rig);
}

/* A CSR that comes later; finalize waits for it. */
static void csr_later(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  free(rig.flow.csr);
  rig.flow.csr = NULL;
  rig.restarts = true;
  order_rig_expect_new(&rig);
  order_rig_answer_order(&rig, 201, "ready", NULL);
  order_rig_rests(&rig, SDG_FLOW_FINALIZE);
  assert_ok(sdg_order_flow_set_csr(&rig.flow, SDG_BYTES_LITERAL("csr")));
  sdg_agent_set_due(rig.agent, &rig.job, rig.server.now);
  order_rig_expect_finalize(&rig);
  scripted_answer(&rig.server, 400, NULL, RIG_PROBLEM("badCSR"));
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  assert_int_equal(rig.flow.problem.acme, STARDELEG_ACME_BAD_CSR);
  order_rig_end(&rig);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(star_order),           cmocka_unit_test(short_ways),
      cmocka_unit_test(pending_for_a_while),  cmocka_unit_test(finalize_lost),
      cmocka_unit_test(finalize_never_taken), cmocka_unit_test(refusals),
      cmocka_unit_test(refused_until),        cmocka_unit_test(pauses),
      cmocka_unit_test(processing_for_ever),  cmocka_unit_test(cut_off),
      cmocka_unit_test(unreadable),           cmocka_unit_test(created_without_body),
      cmocka_unit_test(lost_orders),          cmocka_unit_test(gone),
      cmocka_unit_test(changed_orders),       cmocka_unit_test(foreign_urls),
      cmocka_unit_test(new_order_gone),       cmocka_unit_test(csr_later),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
