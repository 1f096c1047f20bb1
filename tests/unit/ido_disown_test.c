/* SPDX-License-Identifier: Apache-2.0 */
/* ido_disown_test.c -- orders that are lost here while the CA goes on with them: invalid at once, and followed until
 * they have ended there too (RFC 9115 2.3.6, 7.2). */
#include "support/ido_played.h"

#include "base/bytes.h"
#include "support/test_pki.h"

#define MALFORMED "{\"type\":\"urn:ietf:params:acme:error:malformed\",\"detail\":\"no\"}"
#define NOT_VALID                                                                                                      \
  "{\"type\":\"urn:ietf:params:acme:error:autoRenewalCancellationInvalid\",\"detail\":\"not valid yet\"}"
#define STAR_URL ",\"star-certificate\":\"" CERT "\""
#define LATER "\"end-date\":\"2026-05-01T00:00:00Z\",\"lifetime\":345600,\"allow-certificate-get\":true"
#define PLAIN_META "\"allow-certificate-get\":true"
#define PLAIN_CERT WORLD_CA "/cert/a"
#define PLAIN_DIRECTORY                                                                                                \
  "{\"newNonce\":\"" WORLD_CA "/new-nonce\",\"newAccount\":\"" WORLD_CA "/new-account\",\"newOrder\":\"" WORLD_CA      \
  "/new-order\",\"revokeCert\":\"" WORLD_CA "/revoke-cert\",\"meta\":{" PLAIN_META "}}"
#define CANCEL "{\"status\":\"canceled\"}"

/* --- How they get lost --- */

/* Ten refused polls in a row after the CSR was taken. */
static void lose_by_refusals(played *p)
{
  int polls = 0;

  played_begin(p);
  played_reach_finalize(p);
  scripted_answer(&p->ca, 200, NULL, played_order2("processing", RENEWAL, ""));
  while (strcmp(played_status(p), "processing") == 0) {
    assert_true(polls++ < 20);
    p->ca.now += 1800 * WORLD_S;
    scripted_expect(&p->ca, "POST", ORDER2);
    scripted_answer(&p->ca, 400, NULL, MALFORMED);
  }
}

/* The order comes back for other names after finalize. */
static void lose_by_names(played *p)
{
  played_begin(p);
  played_reach_finalize(p);
  scripted_answer(&p->ca, 200, NULL,
                  "{\"status\":\"processing\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"evil.ido.example\"}],"
                  "\"authorizations\":[],\"finalize\":\"" ORDER2 "/finalize\",\"auto-renewal\":{" RENEWAL "}}");
}

/* AMB-05: with another end-date than the delegate's, while the CA still works on it. */
static void lose_by_renewal(played *p)
{
  played_begin(p);
  played_reach_finalize(p);
  scripted_answer(&p->ca, 200, NULL, played_order2("processing", LATER, ""));
}

typedef void (*lose_fn)(played *p);
static const lose_fn ways[] = {lose_by_refusals, lose_by_names, lose_by_renewal};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* --- Looking around --- */

static const char *order_id(const played *p)
{
  return strrchr(p->url, '/') + 1;
}

/* Whether the record says that work remains. */
static bool is_disowned(played *p)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  bool found;

  assert_ok(p->w.real->ops->get(p->w.real->self, "order", order_id(p), &record));
  assert_ok(sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL));
  found = sdg_json_member(tree, "disownUntil") != NULL;
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return found;
}

static void assert_lost(played *p)
{
  assert_string_equal(played_status(p), "invalid");
  assert_non_null(sdg_json_member(p->w.ndc[0].json, "error"));
  assert_null(sdg_json_member(p->w.ndc[0].json, "star-certificate"));
  assert_null(sdg_json_member(p->w.ndc[0].json, "certificate"));
  assert_string_equal(p->w.cnames, "");
}

static void assert_pending(played *p)
{
  assert_lost(p);
  assert_true(is_disowned(p));
}

/* The engine does what it can without an answer. */
static void look(played *p)
{
  stardeleg_ask ask;

  assert_ok(p->ca.engine->next(p->ca.engine->self, &ask, p->ca.now));
}

/* It is over: nothing is due before the order is removed, and nothing but that ever happens. */
static void assert_over(played *p)
{
  played_assert_rests(p);
  assert_lost(p);
  assert_false(is_disowned(p));
  assert_non_null(strstr(p->w.log, "[ido.order.released]"));
  p->ca.now += 400 * WORLD_DAY;
  p->w.now = p->ca.now;
  look(p);
  assert_int_equal(ido_world_count(&p->w, "order"), 0);
  played_end(p);
}

/* The process is killed, and another one takes over when the lease has run out. */
static void kill_and_restart(played *p)
{
  p->ca.now += p->w.options.lease_ms + 1;
  p->w.now = p->ca.now;
  ido_world_restart(&p->w);
  p->ca.engine = stardeleg_ido_engine(p->w.ido);
}

/* What a new process asks first. */
static void prepare(played *p, const char *directory)
{
  played_give_directory(p, directory);
  scripted_expect(&p->ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p->ca, 200, NULL, NULL);
}

static void restart_now(played *p)
{
  kill_and_restart(p);
  p->ca.now += 7200 * WORLD_S;
  p->w.now = p->ca.now;
}

/* The next request for the order, at whatever moment within a day; its payload tells a look from a cancellation. */
static void expect_order(played *p, const char *payload)
{
  p->ca.directory = DIRECTORY(STAR_META);
  (void)scripted_await(&p->ca, "POST", ORDER2, WORLD_DAY);
  assert_string_equal(p->ca.payload, payload);
}

/* --- Orders that renew --- */

/* STARDEL-2.3.6.1-01, STARDEL-2.2-05: invalid at once; cancelled as soon as it is valid. */
static void test_cancelled_when_valid(void **state)
{
  (void)state;
  for (size_t i = 0; i < WAYS; i++) {
    played p;

    ways[i](&p);
    assert_pending(&p);
    for (int looks = 0; looks < 5; looks++) {
      expect_order(&p, "");
      scripted_answer(&p.ca, 200, NULL, played_order2("processing", RENEWAL, ""));
      assert_pending(&p);
    }
    expect_order(&p, "");
    scripted_answer(&p.ca, 200, NULL, played_order2("valid", RENEWAL, STAR_URL));
    assert_pending(&p);
    expect_order(&p, CANCEL);
    scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
    assert_over(&p);
  }
}

/* Valid at once, and not what was ordered: nothing has to be looked at first. */
static void test_cancelled_at_once(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", LATER, STAR_URL));
  assert_pending(&p);
  scripted_expect(&p.ca, "POST", ORDER2);
  assert_string_equal(p.ca.payload, CANCEL);
  scripted_answer(&p.ca, 200, NULL, played_order2("canceled", LATER, ""));
  assert_over(&p);
}

/* Killed wherever something was under way: the next process goes on there. */
static void test_killed(void **state)
{
  (void)state;
  for (size_t i = 0; i < WAYS; i++) {
    played p;

    ways[i](&p);
    restart_now(&p);
    expect_order(&p, "");
    restart_now(&p); /* nobody heard the answer */
    expect_order(&p, "");
    scripted_answer(&p.ca, 200, NULL, played_order2("valid", RENEWAL, STAR_URL));
    expect_order(&p, CANCEL);
    assert_pending(&p);
    restart_now(&p);
    expect_order(&p, CANCEL); /* once more: it may not have arrived */
    scripted_answer(&p.ca, 403, NULL, NOT_VALID);
    expect_order(&p, "");
    scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
    assert_over(&p);
  }
}

/* RFC 8739 3.1.2: a cancellation that comes too early is refused; it is waited for, and tried again. */
static void test_refused_cancellation(void **state)
{
  static const struct {
    int status;
    const char *body;
  } refusals[] = {{403, NOT_VALID}, {400, MALFORMED}, {500, ""}, {200, "{}"}, {404, ""}, {429, MALFORMED}, {302, ""}};

  (void)state;
  for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
    played p;
    int rounds = 0;

    lose_by_renewal(&p);
    for (int64_t until = p.ca.now + WORLD_DAY; p.ca.now < until; rounds++) {
      expect_order(&p, "");
      scripted_answer(&p.ca, 200, NULL, played_order2("valid", LATER, STAR_URL));
      expect_order(&p, CANCEL);
      scripted_answer(&p.ca, refusals[i].status, NULL, refusals[i].body);
      assert_pending(&p);
    }
    assert_in_range(rounds, 12, 60); /* with pauses that grow to an hour */
    expect_order(&p, "");
    scripted_answer(&p.ca, 200, NULL, played_order2("valid", LATER, STAR_URL));
    expect_order(&p, CANCEL);
    scripted_answer(&p.ca, 200, NULL, played_order2("canceled", LATER, ""));
    assert_over(&p);
  }
}

/* An answer that only looks like a cancellation is none. */
static void test_not_cancelled(void **state)
{
  played p;

  (void)state;
  lose_by_renewal(&p);
  expect_order(&p, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", LATER, STAR_URL));
  expect_order(&p, CANCEL);
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", LATER, STAR_URL));
  assert_pending(&p);
  expect_order(&p, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("canceled", LATER, ""));
  assert_over(&p);
}

/* --- What is known to have ended --- */

static void test_known_ends(void **state)
{
  static const struct {
    int http;
    const char *order;
  } ends[] = {{200, "invalid"}, {200, "canceled"}, {200, "ready"}, {200, "pending"}};

  (void)state;
  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
    played p;

    lose_by_refusals(&p);
    expect_order(&p, "");
    scripted_answer(&p.ca, ends[i].http, NULL, ends[i].order != NULL ? played_order2(ends[i].order, RENEWAL, "") : "");
    assert_over(&p);
  }
}

/* And what is not: whatever else the CA says of it, or of us. */
static void test_no_ends(void **state)
{
  static const struct {
    int http;
    const char *body;
  } answers[] = {
      {400, MALFORMED}, {401, ""}, {403, "{\"type\":\"urn:ietf:params:acme:error:unauthorized\",\"detail\":\"no\"}"},
      {405, ""},        {500, ""}, {200, "{}"},
      {200, "<html>"},  {302, ""}, {404, ""}, {404, "<html>"}, {410, ""}, {404, "{\"type\":\"about:blank\"}"}};

  (void)state;
  for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
    played p;

    lose_by_refusals(&p);
    for (int k = 0; k < 30; k++) {
      expect_order(&p, "");
      scripted_answer(&p.ca, answers[i].http, NULL, answers[i].body);
      assert_pending(&p);
    }
    expect_order(&p, "");
    scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
    assert_over(&p);
  }
}

/* Where the CA itself says that the order is over, nobody asks again. */
static void test_nothing_to_disown(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("invalid", RENEWAL, ""));
  played_assert_rests(&p);
  assert_lost(&p);
  assert_false(is_disowned(&p));
  played_end(&p);
  played_begin(&p);
  played_reach_new_order(&p); /* nor before the CSR was sent */
  scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", LATER, ""));
  played_assert_rests(&p);
  assert_lost(&p);
  assert_false(is_disowned(&p));
  played_end(&p);
}

/* The end-date that the CA has granted is the end of it, not the one that was asked for. */
static void test_expires(void **state)
{
  played p;

  (void)state;
  lose_by_renewal(&p);
  expect_order(&p, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("processing", LATER, ""));
  p.ca.now = WORLD_START + 119 * WORLD_DAY; /* the last day but one of what was granted */
  expect_order(&p, "");
  scripted_answer(&p.ca, 500, NULL, "");
  assert_true(is_disowned(&p)); /* though its delegate is not shown it any more */
  p.ca.now = WORLD_START + 128 * WORLD_DAY;
  p.w.now = p.ca.now;
  for (int i = 0; i < 3; i++) {
    look(&p);
    p.ca.now += WORLD_S;
  }
  assert_non_null(strstr(p.w.log, "[ido.order.released]"));
  assert_int_equal(ido_world_count(&p.w, "order"), 0);
  played_end(&p);
}

/* --- The CA away, the delegation ended --- */

/* Nobody at the CA answers for a day; the owner is killed in between. */
static void test_ca_is_down(void **state)
{
  (void)state;
  for (size_t i = 0; i < WAYS; i++) {
    int requests = 0;
    stardeleg_time until;
    played p;

    ways[i](&p);
    until = p.ca.now + WORLD_DAY;
    while (p.ca.now < until) {
      expect_order(&p, "");
      scripted_lose(&p.ca, STARDELEG_TRANSPORT_CONNECT);
      assert_pending(&p);
      requests++;
    }
    assert_in_range(requests, 20, 100);
    restart_now(&p);
    expect_order(&p, "");
    scripted_answer(&p.ca, 200, NULL, played_order2("valid", RENEWAL, STAR_URL));
    expect_order(&p, CANCEL);
    scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
    assert_over(&p);
  }
}

/* STARDEL-7.2-04: the delegation has not ended before that order has. */
static void test_end_waits(void **state)
{
  (void)state;
  for (size_t i = 0; i < WAYS; i++) {
    played p;

    ways[i](&p);
    assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
    for (int k = 0; k < 10; k++) {
      expect_order(&p, "");
      scripted_answer(&p.ca, 200, NULL, played_order2("processing", RENEWAL, ""));
      assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
    }
    restart_now(&p);
    expect_order(&p, "");
    scripted_answer(&p.ca, 200, NULL, played_order2("valid", RENEWAL, STAR_URL));
    expect_order(&p, CANCEL);
    assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
    scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
    played_assert_rests(&p);
    assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ended");
    assert_over(&p);
  }
}

/* The end of the delegation first, and then the CA's odd answers: the order is not forgotten either. */
static void test_lost_while_ending(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_finalize(&p);
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  scripted_answer(&p.ca, 200, NULL, played_order2("processing", RENEWAL, ""));
  for (int polls = 0; strcmp(played_status(&p), "processing") == 0; polls++) {
    assert_true(polls < 20);
    expect_order(&p, "");
    scripted_answer(&p.ca, 400, NULL, MALFORMED);
  }
  assert_string_equal(played_error_text(&p, "type"), "urn:ietf:params:acme:error:unknownDelegation");
  assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
  expect_order(&p, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", RENEWAL, STAR_URL));
  expect_order(&p, CANCEL);
  scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
  played_assert_rests(&p);
  assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ended");
  assert_over(&p);
}

/* --- For people --- */

typedef struct seen {
  char text[512];
  stardeleg_time next_try;
} seen;

static int see(void *ctx, const stardeleg_ido_status *status)
{
  seen *s = ctx;

  (void)snprintf(s->text, sizeof(s->text), "%s/%s/%s", status->order_status, status->step, status->reason);
  s->next_try = status->next_try;
  return 0;
}

static void test_inspect(void **state)
{
  seen s;
  played p;

  (void)state;
  lose_by_names(&p);
  expect_order(&p, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("processing", RENEWAL, ""));
  assert_ok(stardeleg_ido_inspect(p.w.ido, "d1", see, &s));
  assert_string_equal(s.text, "invalid/disown-look/the CA is still working on the order");
  assert_true(s.next_try != STARDELEG_TIME_NEVER);
  expect_order(&p, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", RENEWAL, STAR_URL));
  assert_ok(stardeleg_ido_inspect(p.w.ido, "d1", see, &s));
  assert_non_null(strstr(s.text, "invalid/disown-cancel/the server has changed"));
  expect_order(&p, CANCEL);
  scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
  played_assert_rests(&p);
  assert_ok(stardeleg_ido_inspect(p.w.ido, "d1", see, &s));
  assert_non_null(strstr(s.text, "invalid//the server has changed"));
  assert_true(s.next_try == STARDELEG_TIME_NEVER);
  played_end(&p);
}

/* --- Single certificates --- */

/* finalize of a single certificate's order is out. */
static void reach_plain(played *p)
{
  played_open(p);
  assert_int_equal(acme_peer_post(&p->w.ndc[0], WORLD_IDO "/new-order",
                                  "{" NAMES "," PLAIN_META ",\"delegation\":\"" WORLD_IDO "/delegation/d1\"}"),
                   201);
  (void)snprintf(p->url, sizeof(p->url), "%s", acme_peer_header(&p->w.ndc[0], "Location"));
  played_finalize(p);
  played_give_directory(p, PLAIN_DIRECTORY);
  scripted_expect(&p->ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p->ca, 200, NULL, NULL);
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-account");
  scripted_answer(&p->ca, 201, played_account_location, "{\"status\":\"valid\"}");
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-order");
  scripted_answer(&p->ca, 201, played_order_location, played_order2("ready", "", "," PLAIN_META));
  scripted_expect(&p->ca, "POST", ORDER2 "/finalize");
}

/* The CA does not reflect allow-certificate-get any more. */
static void lose_plain(played *p)
{
  reach_plain(p);
  scripted_answer(&p->ca, 200, NULL, played_order2("processing", "", ""));
}

static void expect_post(played *p, const char *url)
{
  (void)scripted_await(&p->ca, "POST", url, 7200 * WORLD_S);
}

/* STARDEL-2.3.6.2-01: the certificate is revoked when there is one; refusals and kills do not end that. */
static void test_revoked(void **state)
{
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 10 * WORLD_DAY);
  played p;

  (void)state;
  lose_plain(&p);
  assert_pending(&p);
  expect_order(&p, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("processing", "", ""));
  expect_order(&p, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", "", ""));
  expect_order(&p, ""); /* valid without a certificate: it may yet be named */
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", "", ",\"certificate\":\"" PLAIN_CERT "\""));
  scripted_expect(&p.ca, "POST", PLAIN_CERT);
  scripted_answer(&p.ca, 503, NULL, "");
  expect_post(&p, PLAIN_CERT);
  scripted_answer(&p.ca, 200, NULL, pem);
  scripted_expect(&p.ca, "POST", WORLD_CA "/revoke-cert");
  scripted_answer(&p.ca, 403, NULL, "{\"type\":\"urn:ietf:params:acme:error:unauthorized\"}");
  assert_pending(&p);
  expect_order(&p, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", "", ",\"certificate\":\"" PLAIN_CERT "\""));
  scripted_expect(&p.ca, "POST", PLAIN_CERT);
  scripted_answer(&p.ca, 200, NULL, pem);
  scripted_expect(&p.ca, "POST", WORLD_CA "/revoke-cert");
  kill_and_restart(&p);
  p.ca.now += 7200 * WORLD_S;
  prepare(&p, PLAIN_DIRECTORY);
  scripted_expect(&p.ca, "POST", WORLD_CA "/revoke-cert");
  assert_non_null(strstr(p.ca.payload, "\"reason\":5"));
  scripted_answer(&p.ca, 200, NULL, NULL);
  free(pem);
  assert_over(&p);
}

/* Killed after finalize went out, then ended by the owner: the certificate it has led to is revoked. */
static void test_finalize_unheard(void **state)
{
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 10 * WORLD_DAY);
  played p;

  (void)state;
  reach_plain(&p);
  kill_and_restart(&p);
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  prepare(&p, PLAIN_DIRECTORY);
  scripted_expect(&p.ca, "POST", ORDER2);
  assert_string_equal(p.ca.payload, "");
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", "", "," PLAIN_META ",\"certificate\":\"" PLAIN_CERT "\""));
  expect_post(&p, PLAIN_CERT);
  scripted_answer(&p.ca, 200, NULL, pem);
  scripted_expect(&p.ca, "POST", WORLD_CA "/revoke-cert");
  scripted_answer(&p.ca, 200, NULL, NULL);
  played_assert_rests(&p);
  played_assert_rests(&p);
  assert_lost(&p);
  assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ended");
  free(pem);
  played_end(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cancelled_when_valid),
      cmocka_unit_test(test_cancelled_at_once),
      cmocka_unit_test(test_killed),
      cmocka_unit_test(test_refused_cancellation),
      cmocka_unit_test(test_not_cancelled),
      cmocka_unit_test(test_known_ends),
      cmocka_unit_test(test_no_ends),
      cmocka_unit_test(test_nothing_to_disown),
      cmocka_unit_test(test_expires),
      cmocka_unit_test(test_ca_is_down),
      cmocka_unit_test(test_end_waits),
      cmocka_unit_test(test_lost_while_ending),
      cmocka_unit_test(test_inspect),
      cmocka_unit_test(test_revoked),
      cmocka_unit_test(test_finalize_unheard),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
