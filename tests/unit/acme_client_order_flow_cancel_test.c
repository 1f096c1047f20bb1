/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_order_flow_cancel_test.c -- ending an order in every state, and orders as records. */
#include "support/order_rig.h"

#include "base/bytes.h"
#include "base/time.h"

#define CANCEL "{\"status\":\"canceled\"}"
#define STAR                                                                                                           \
  ",\"auto-renewal\":{\"end-date\":\"2021-04-20T00:00:00Z\",\"lifetime\":345600},\"star-certificate\":"                \
  "\"" RIG_CERTIFICATE "\""
#define CERTIFICATE ",\"certificate\":\"" RIG_CERTIFICATE "\""

static void begin_valid(order_rig *rig, const char *more)
{
  order_rig_begin(rig, NULL);
  order_rig_expect_new(rig);
  order_rig_answer_order(rig, 201, "valid", more);
  order_rig_rests(rig, SDG_FLOW_VALID);
  rig->ended = 0;
}

static void cancel(order_rig *rig)
{
  sdg_order_flow_cancel(&rig->flow);
  order_rig_reload(rig); /* the wish survives */
  assert_true(rig->flow.cancel_wanted);
  sdg_agent_set_due(rig->agent, &rig->job, rig->server.now);
}

/* STAR-3.1.2-01 */
static void valid_order(void **state)
{
  order_rig rig;

  (void)state;
  begin_valid(&rig, STAR);
  cancel(&rig);
  order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
  order_rig_answer_order(&rig, 200, "canceled", STAR);
  order_rig_rests(&rig, SDG_FLOW_CANCELED);
  assert_int_equal(rig.ended, 1);
  order_rig_end(&rig);
}

/* An order without auto-renewal has nothing to be cancelled (RFC 8739 3.1.2): nothing is sent. */
static void plain_order(void **state)
{
  order_rig rig;

  (void)state;
  begin_valid(&rig, CERTIFICATE);
  cancel(&rig);
  order_rig_rests(&rig, SDG_FLOW_CANCELED);
  order_rig_end(&rig);
}

/* STAR-3.1.2-06: nothing is sent for an order that is not valid; what was never finalized is just given up */
static void before_valid(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL); /* new */
  cancel(&rig);
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  assert_non_null(strstr(rig.flow.problem.detail, "given up"));
  order_rig_end(&rig);

  for (int i = 0; i < 2; i++) { /* in the middle of newOrder */
    order_rig_begin(&rig, NULL);
    order_rig_expect_new(&rig);
    sdg_order_flow_cancel(&rig.flow);
    order_rig_answer_order(&rig, 201, i == 0 ? "ready" : "pending", NULL);
    order_rig_rests(&rig, SDG_FLOW_FAILED);
    order_rig_end(&rig);
  }
  for (int i = 0; i < 2; i++) { /* waiting for ready */
    order_rig_begin(&rig, NULL);
    order_rig_expect_new(&rig);
    order_rig_answer_order(&rig, 201, "pending", NULL);
    cancel(&rig);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, i == 0 ? "ready" : "pending", NULL);
    order_rig_rests(&rig, SDG_FLOW_FAILED);
    order_rig_end(&rig);
  }
}

/* The CSR is out: the order is watched until it can be cancelled. */
static void after_finalize(void **state)
{
  static const char *const seen[] = {"ready", "pending", "invalid", "processing", "valid", "canceled"};
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
    order_rig_begin(&rig, NULL);
    order_rig_expect_new(&rig);
    order_rig_answer_order(&rig, 201, "ready", NULL);
    order_rig_expect_finalize(&rig);
    sdg_order_flow_cancel(&rig.flow);
    order_rig_lose(&rig, STARDELEG_TRANSPORT_BROKEN);
    order_rig_sleep(&rig, 2000);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, seen[i], STAR);
    if (i < 3) {
      order_rig_rests(&rig, SDG_FLOW_FAILED);
    } else if (i == 5) {
      order_rig_rests(&rig, SDG_FLOW_CANCELED);
    } else {
      if (i == 3) {
        order_rig_sleep(&rig, 2000);
        order_rig_expect_fetch(&rig, RIG_ORDER);
        order_rig_answer_order(&rig, 200, "valid", STAR);
      }
      order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
      order_rig_answer_order(&rig, 200, "canceled", STAR);
      order_rig_rests(&rig, SDG_FLOW_CANCELED);
    }
    order_rig_end(&rig);
  }
}

/* Waiting for the CSR, or killed in the middle of finalize: the order is asked, not guessed. */
static void in_finalize(void **state)
{
  order_rig rig;

  (void)state;
  order_rig_begin(&rig, NULL);
  free(rig.flow.csr);
  rig.flow.csr = NULL;
  order_rig_expect_new(&rig);
  order_rig_answer_order(&rig, 201, "ready", NULL);
  cancel(&rig);
  order_rig_expect_fetch(&rig, RIG_ORDER);
  assert_true(rig.flow.deadline != STARDELEG_TIME_NONE);
  order_rig_answer_order(&rig, 200, "ready", NULL);
  order_rig_rests(&rig, SDG_FLOW_FAILED);
  order_rig_end(&rig);
}

/* How an answer to the cancellation went wrong, and what the order says then. */
static void lost_or_refused(void **state)
{
  static const struct {
    int status; /* of the answer to the cancellation; 0: lost */
    const char *body;
    int look_status;
    const char *look; /* what the order is */
    bool done;
  } cases[] = {
      {400, RIG_PROBLEM("autoRenewalCancellationInvalid"), 200, "canceled", true},
      {400, RIG_PROBLEM("autoRenewalCancellationInvalid"), 200, "invalid", true},
      {400, RIG_PROBLEM("autoRenewalCancellationInvalid"), 200, "valid", false},
      {404, RIG_PROBLEM("malformed"), 404, "", false},
      {410, "", 410, "", false},
      {403, RIG_PROBLEM("unauthorized"), 200, "valid", false},
      {403, RIG_PROBLEM("unauthorized"), 403, "", false},
      {200, "<html>", 200, "canceled", true},
      {200, "<html>", 200, "frozen", false},
      {302, "", 200, "canceled", true},
  };
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    begin_valid(&rig, STAR);
    rig.restarts = true;
    cancel(&rig);
    order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
    scripted_answer(&rig.server, cases[i].status, NULL, cases[i].body);
    order_rig_expect_fetch(&rig, RIG_ORDER);
    if (cases[i].look_status == 200) {
      order_rig_answer_order(&rig, 200, cases[i].look, STAR);
    } else {
      scripted_answer(&rig.server, cases[i].look_status, NULL, RIG_PROBLEM("malformed"));
    }
    if (!cases[i].done) {
      order_rig_sleep(&rig, 2000);
      order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
      order_rig_answer_order(&rig, 200, "canceled", STAR);
    }
    order_rig_rests(&rig, SDG_FLOW_CANCELED);
    assert_int_equal(rig.ended, 1);
    order_rig_end(&rig);
  }
}

/* The answer is lost: sent again; the server's "is cancelled already" leads to the look. */
static void lost(void **state)
{
  order_rig rig;

  (void)state;
  begin_valid(&rig, STAR);
  rig.restarts = true;
  cancel(&rig);
  order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
  order_rig_lose(&rig, STARDELEG_TRANSPORT_TIMEOUT);
  order_rig_sleep(&rig, 1000);
  order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
  scripted_answer(&rig.server, 400, NULL, RIG_PROBLEM("autoRenewalCancellationInvalid"));
  order_rig_expect_fetch(&rig, RIG_ORDER);
  order_rig_lose(&rig, STARDELEG_TRANSPORT_TIMEOUT);
  order_rig_sleep(&rig, 2000);
  order_rig_expect_fetch(&rig, RIG_ORDER);
  order_rig_answer_order(&rig, 200, "canceled", STAR);
  order_rig_rests(&rig, SDG_FLOW_CANCELED);
  order_rig_end(&rig);
}

/* A server that refuses for ever is asked for ever, but ever more seldom. */
static void refused_for_ever(void **state)
{
  order_rig rig;
  stardeleg_time began;

  (void)state;
  begin_valid(&rig, STAR);
  rig.restarts = true;
  cancel(&rig);
  began = rig.server.now;
  rig.exchanges = 0;
  while (rig.server.now < began + 2 * SDG_TIME_DAY) {
    order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
    scripted_answer(&rig.server, 403, NULL, RIG_PROBLEM("unauthorized"));
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, "valid", STAR);
    assert_int_equal(rig.flow.problem.acme, STARDELEG_ACME_UNAUTHORIZED); /* the reason is kept */
    order_rig_sleep(&rig, SDG_TIME_HOUR);
  }
  assert_in_range(rig.exchanges, 50, 300);
  order_rig_end(&rig);
}

/* A server that does not know the order, or something before it that answers so: cancelled again and again for hours
 * before that is believed, and only if it is ACME's own word. */
static void gone(void **state)
{
  static const struct {
    int status;
    const char *body;
    bool believed;
  } cases[] = {{404, RIG_PROBLEM("malformed"), true},
               {410, RIG_PROBLEM("malformed"), true},
               {404, "<html>404</html>", false},
               {404, "{\"type\":\"about:blank\"}", false},
               {404, "", false}};
  order_rig rig;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    stardeleg_time began;

    begin_valid(&rig, STAR);
    rig.restarts = true; /* the row of answers is in the record */
    cancel(&rig);
    began = rig.server.now;
    rig.exchanges = 0;
    while (rig.flow.state != SDG_FLOW_CANCELED && rig.server.now < began + 2 * SDG_TIME_DAY) {
      order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
      scripted_answer(&rig.server, cases[i].status, NULL, cases[i].body);
      order_rig_expect_fetch(&rig, RIG_ORDER);
      scripted_answer(&rig.server, cases[i].status, NULL, cases[i].body);
      if (rig.flow.state != SDG_FLOW_CANCELED) {
        order_rig_sleep(&rig, SDG_TIME_HOUR);
      }
    }
    assert_int_equal(rig.flow.state == SDG_FLOW_CANCELED, cases[i].believed);
    assert_true(rig.server.now >= began + 6 * SDG_TIME_HOUR);
    assert_true(!cases[i].believed || rig.server.now < began + 9 * SDG_TIME_HOUR);
    assert_in_range(rig.exchanges, 20, 220);
    order_rig_end(&rig);
  }
}

/* Seen once more in between, it was never gone. */
static void gone_and_back(void **state)
{
  order_rig rig;
  stardeleg_time began;

  (void)state;
  begin_valid(&rig, STAR);
  rig.restarts = true;
  cancel(&rig);
  began = rig.server.now;
  for (int i = 0; rig.server.now < began + SDG_TIME_DAY; i++) {
    order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
    scripted_answer(&rig.server, 404, NULL, RIG_PROBLEM("malformed"));
    order_rig_expect_fetch(&rig, RIG_ORDER);
    if (i % 5 == 4) {
      order_rig_answer_order(&rig, 200, "valid", STAR);
    } else {
      scripted_answer(&rig.server, 404, NULL, RIG_PROBLEM("malformed"));
    }
    order_rig_sleep(&rig, SDG_TIME_HOUR);
  }
  order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
  order_rig_answer_order(&rig, 200, "canceled", STAR);
  order_rig_rests(&rig, SDG_FLOW_CANCELED);
  order_rig_end(&rig);
}

/* STAR-3.1.2-06 again: no cancellation while the order says it is not valid */
static void not_valid_any_more(void **state)
{
  order_rig rig;

  (void)state;
  begin_valid(&rig, STAR);
  cancel(&rig);
  order_rig_expect(&rig, "POST", RIG_ORDER, CANCEL);
  order_rig_answer_order(&rig, 200, "processing", STAR);
  for (int i = 0; i < 5; i++) {
    order_rig_expect_fetch(&rig, RIG_ORDER);
    order_rig_answer_order(&rig, 200, "processing", STAR);
    order_rig_sleep(&rig, 20000);
  }
  order_rig_expect_fetch(&rig, RIG_ORDER);
  order_rig_answer_order(&rig, 200, "canceled", STAR);
  order_rig_rests(&rig, SDG_FLOW_CANCELED);
  order_rig_end(&rig);
}

/* --- Records --- */

static stardeleg_err read_record(const char *text)
{
  sdg_order_flow flow;
  sdg_json *tree = NULL;
  stardeleg_err err;

  memset(&flow, 0x55, sizeof(flow)); /* a failure must not touch it */
  assert_ok(sdg_json_parse(&tree, sdg_bytes_str(text), NULL, NULL));
  err = sdg_order_flow_read(&flow, tree);
  sdg_json_free(tree);
  if (err == STARDELEG_OK) {
    sdg_order_flow_clear(&flow);
  } else {
    assert_int_equal((int)flow.state, 0x55555555);
  }
  return err;
}

#define RECORD(state, more)                                                                                            \
  "{\"state\":\"" state "\",\"newOrder\":\"{}\",\"authorization\":0,\"tries\":0,\"cancel\":false" more "}"
#define WITH_URL ",\"orderUrl\":\"" RIG_ORDER "\""
#define WITH_ORDER                                                                                                     \
  WITH_URL ",\"order\":{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.b\"}],"                \
           "\"authorizations\":[\"" RIG_BASE "/authz/1\"],\"finalize\":\"" RIG_FINALIZE "\"}"
#define WITH_TOKEN(token)                                                                                              \
  ",\"challengeUrl\":\"" RIG_BASE "/c\",\"challengeType\":\"http-01\",\"challengeName\":\"a.b\","                      \
  "\"challengeToken\":\"" token "\""

static void spoiled_records(void **state)
{
  static const char *const good[] = {
      RECORD("new", ""),
      RECORD("authorization", WITH_ORDER),
      RECORD("challenge", WITH_ORDER WITH_TOKEN("tok")),
      RECORD("authorization-poll", WITH_ORDER WITH_TOKEN("tok")),
      RECORD("ready-poll", WITH_URL),
      RECORD("finalize", WITH_ORDER),
      RECORD("poll", WITH_URL),
      RECORD("valid", WITH_ORDER),
      RECORD("cancel", WITH_URL),
      RECORD("cancel-look", WITH_URL),
      RECORD("canceled", ""),
      RECORD("failed", ",\"problem\":{\"type\":\"urn:x\",\"detail\":\"no\"}"),
      RECORD("failed", ",\"unknown\":[1,2,3]"),
  };
  static const char *const bad[] = {
      "{}",
      "{\"newOrder\":\"{}\"}",
      RECORD("frozen", ""),
      RECORD("authorization", WITH_URL),
      RECORD("challenge", WITH_ORDER),
      RECORD("challenge", WITH_ORDER WITH_TOKEN("../x")),
      RECORD("challenge", WITH_ORDER WITH_TOKEN("$(id)")),
      RECORD("authorization-poll", ""),
      RECORD("ready-poll", ""),
      RECORD("finalize", WITH_URL),
      RECORD("poll", ""),
      RECORD("valid", ""),
      RECORD("cancel", ""),
      RECORD("cancel-look", ""),
      RECORD("new", ",\"csr\":1"),
      RECORD("new", ",\"order\":[]"),
      RECORD("new", ",\"order\":{}"),
      RECORD("new", ",\"deadline\":\"x\""),
      RECORD("new", ",\"finalizes\":-1"),
      "{\"state\":\"new\",\"newOrder\":\"{}\",\"authorization\":-1,\"tries\":0,\"cancel\":false}",
      "{\"state\":\"authorization\",\"newOrder\":\"{}\",\"authorization\":1,\"tries\":0,\"cancel\":false" WITH_ORDER
      "}",
      "{\"state\":\"new\",\"newOrder\":\"{}\",\"authorization\":0,\"tries\":99999999999,\"cancel\":false}",
      "{\"state\":\"new\",\"newOrder\":\"{}\",\"authorization\":0,\"tries\":0}",
      "{\"state\":\"new\",\"authorization\":0,\"tries\":0,\"cancel\":false}",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_ok(read_record(good[i]));
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (read_record(bad[i]) != STARDELEG_ERR_MALFORMED) {
      fail_msg("taken: %s", bad[i]);
    }
  }
}

/* Whatever a problem holds is there after any number of restarts; moments that JSON cannot hold are left out. */
static void problems_survive(void **state)
{
  order_rig rig;
  stardeleg_problem *problem;

  (void)state;
  order_rig_begin(&rig, NULL);
  rig.flow.state = SDG_FLOW_FAILED;
  rig.flow.deadline = STARDELEG_TIME_NEVER;
  problem = &rig.flow.problem;
  problem->acme = STARDELEG_ACME_RATE_LIMITED;
  (void)snprintf(problem->type, sizeof(problem->type), "%s", stardeleg_acme_error_urn(problem->acme));
  memset(problem->detail, 'd', sizeof(problem->detail) - 1);
  memcpy(problem->detail, "\\x1b\\\\", 6);
  memset(problem->place, 'p', sizeof(problem->place) - 1);
  problem->retry_at = 1600000000001;
  problem->status = 429;
  problem->subproblem_count = 1;
  problem->subproblems_dropped = 9984;
  (void)snprintf(problem->subproblems[0].type, sizeof(problem->subproblems[0].type), "urn:x:\\x07");
  for (int i = 0; i < 3; i++) {
    stardeleg_problem before = rig.flow.problem;

    order_rig_reload(&rig);
    assert_memory_equal(&before, &rig.flow.problem, sizeof(before));
  }
  assert_int_equal(rig.flow.deadline, STARDELEG_TIME_NONE);
  order_rig_end(&rig);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(valid_order),
      cmocka_unit_test(plain_order),
      cmocka_unit_test(before_valid),
      cmocka_unit_test(after_finalize),
      cmocka_unit_test(in_finalize),
      cmocka_unit_test(lost_or_refused),
      cmocka_unit_test(lost),
      cmocka_unit_test(refused_for_ever),
      cmocka_unit_test(gone),
      cmocka_unit_test(gone_and_back),
      cmocka_unit_test(not_valid_any_more),
      cmocka_unit_test(spoiled_records),
      cmocka_unit_test(problems_survive),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
