/* SPDX-License-Identifier: Apache-2.0 */
/* ido_answers_test.c -- every status of the CA's order, at every place where it is told, and what the delegate's order
 * becomes of it (RFC 9115 2.2, 2.3.2; RFC 8555 7.1.6). */
#include "support/ido_played.h"

#include "base/bytes.h"

/* Where the CA says it. */
typedef enum place { AT_NEW_ORDER, AT_FINALIZE, AT_POLL, AT_POLL_LATER, PLACES } place;

static const char *const place_names[PLACES] = {"newOrder", "finalize", "poll", "poll after a poll"};

typedef struct answer {
  int http;
  const char *order; /* status; NULL: |text| is the body */
  const char *text;  /* members besides */
  const char *expected[PLACES];
} answer;

#define STAR_URL ",\"star-certificate\":\"" CERT "\""
#define ERROR(type) "{\"type\":\"urn:ietf:params:acme:error:" type "\",\"detail\":\"no\"}"
#define ALWAYS(status) {status, status, status, status}
/* The CSR is there: one odd answer to a poll does not make the order forgotten, as it may be issued all the same. */
#define UNLESS_POLLED(status) {status, status, "processing", "processing"}

static const answer answers[] = {
    /* STARDEL-2.3.2-16, -20: nothing but "valid" makes it valid */
    {200, "pending", "", ALWAYS("processing")},
    {200, "ready", "", ALWAYS("processing")},
    {200, "processing", "", ALWAYS("processing")},
    {200, "valid", STAR_URL, ALWAYS("valid")},
    /* STARDEL-2.2-06: nor that without a certificate */
    {200, "valid", "", ALWAYS("invalid")},
    {200, "valid", ",\"certificate\":\"" CERT "\"", ALWAYS("invalid")},
    /* STARDEL-2.2-05 */
    {200, "invalid", ",\"error\":" ERROR("caa"), ALWAYS("invalid")},
    {200, "invalid", "", ALWAYS("invalid")},
    {200, "canceled", "", ALWAYS("canceled")},
    /* what makes no sense is asked for again */
    {200, "deactivated", "", ALWAYS("processing")},
    {200, "Valid", STAR_URL, ALWAYS("processing")},
    {200, NULL, "{}", ALWAYS("processing")},
    {200, NULL, "<html>", ALWAYS("processing")},
    {200, NULL, "", ALWAYS("processing")},
    /* refusals, for now and for good */
    {500, NULL, "", ALWAYS("processing")},
    {503, NULL, "<html>", ALWAYS("processing")},
    {429, NULL, ERROR("rateLimited"), ALWAYS("processing")},
    {403, NULL, ERROR("orderNotReady"), ALWAYS("processing")},
    {400, NULL, ERROR("malformed"), UNLESS_POLLED("invalid")},
    {403, NULL, ERROR("badCSR"), UNLESS_POLLED("invalid")},
    {404, NULL, "", ALWAYS("invalid")},
    {403, NULL, ERROR("unauthorized"), ALWAYS("invalid")},
    {302, NULL, "", UNLESS_POLLED("invalid")},
};

/* The question is out, and the next thing said is the answer. */
static void reach(played *p, place where)
{
  played_begin(p);
  if (where == AT_NEW_ORDER) {
    played_reach_new_order(p);
    return;
  }
  played_reach_finalize(p);
  for (place at = AT_POLL; at <= where; at++) {
    scripted_answer(&p->ca, 200, NULL, played_order2("processing", RENEWAL, ""));
    scripted_sleep(&p->ca, 60000);
    scripted_expect(&p->ca, "POST", ORDER2);
    assert_string_equal(p->ca.payload, "");
  }
}

/* There is something to be done next, now or at a moment that comes. */
static void assert_goes_on(played *p)
{
  stardeleg_ask ask;

  assert_ok(p->ca.engine->next(p->ca.engine->self, &ask, p->ca.now));
  if (ask.want == STARDELEG_WANT_WAIT) {
    assert_true(ask.until > p->ca.now && ask.until < p->ca.now + WORLD_DAY);
  }
}

static void check(const answer *a, place where)
{
  const sdg_json *json;
  played p;
  bool is_created = where == AT_NEW_ORDER && a->http == 200;

  reach(&p, where);
  scripted_answer(&p.ca, is_created ? 201 : a->http, is_created ? played_order_location : NULL,
                  a->order != NULL ? played_order2(a->order, RENEWAL, a->text) : a->text);
  print_message("%s: %d %s %s\n", place_names[where], a->http, a->order != NULL ? a->order : "", a->text);
  assert_string_equal(played_status(&p), a->expected[where]);
  json = p.w.ndc[0].json;
  assert_int_equal(sdg_json_member(json, "error") != NULL, strcmp(a->expected[where], "invalid") == 0);
  assert_int_equal(sdg_json_member(json, "star-certificate") != NULL, strcmp(a->expected[where], "valid") == 0);
  assert_null(sdg_json_member(json, "certificate"));
  assert_goes_on(&p);
  played_end(&p);
}

static void test_answers(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
    for (place where = AT_NEW_ORDER; where < PLACES; where++) {
      check(&answers[i], where);
    }
  }
}

/* Nor is it polled for ever: STARDEL-2.2-05. */
static void test_refused_polls(void **state)
{
  int polls = 1;
  played p;

  (void)state;
  reach(&p, AT_POLL);
  scripted_answer(&p.ca, 400, NULL, ERROR("malformed"));
  while (strcmp(played_status(&p), "processing") == 0) {
    played_assert_rests(&p);
    p.ca.now += 1800 * WORLD_S; /* no pause is longer */
    scripted_expect(&p.ca, "POST", ORDER2);
    scripted_answer(&p.ca, 400, NULL, ERROR("malformed"));
    polls++;
  }
  assert_string_equal(played_status(&p), "invalid");
  assert_string_equal(played_error_text(&p, "type"), "urn:ietf:params:acme:error:malformed");
  assert_in_range(polls, 5, 20);
  played_end(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_answers),
      cmocka_unit_test(test_refused_polls),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
