/* SPDX-License-Identifier: Apache-2.0 */
/* ido_forward_end_test.c -- orders that are passed on can be ended for as long as there may be a certificate of them,
 * whatever the server behind says of its own records (RFC 9115 2.3.6, 2.4, 7.2). */
#include "support/ido_played.h"

#include "base/bytes.h"
#include "support/test_pki.h"

#define PROXY_DIRECTORY DIRECTORY("\"delegation-enabled\":true," STAR_META)
#define CANCEL "{\"status\":\"canceled\"}"
#define GONE "{\"type\":\"urn:ietf:params:acme:error:malformed\",\"detail\":\"no such order\"}"
#define REFUSED "{\"type\":\"urn:ietf:params:acme:error:unauthorized\",\"detail\":\"not now\"}"
#define HOUR (3600 * WORLD_S)

/* The next request that is not for a nonce or a directory, at whatever moment within |max_ms|. */
static void await(played *p, const char *url, int64_t max_ms)
{
  (void)scripted_await(&p->ca, "POST", url, max_ms);
}

/* Long after the last request: all that can be done is done; the directory may be looked at by the way. */
static void settle(played *p, stardeleg_time at)
{
  stardeleg_ask ask;

  p->ca.now = at;
  p->w.now = at;
  for (int i = 0; i < 10; i++) {
    assert_ok(p->ca.engine->next(p->ca.engine->self, &ask, p->ca.now));
    if (ask.want == STARDELEG_WANT_WAIT && ask.until > p->ca.now + WORLD_S) {
      return;
    }
    if (ask.want == STARDELEG_WANT_WAIT) {
      p->ca.now = ask.until;
      continue;
    }
    assert_string_equal(ask.request.method, "GET");
    p->ca.id = ask.id;
    scripted_answer(&p->ca, 200, NULL, p->ca.directory);
  }
}

/* --- Another owner behind (RFC 9115 2.4) --- */

#define EARLY "2026-01-08T00:00:00Z" /* seven days after newOrder; the end-date is weeks later */

static const char *order_of_upstream(const char *status, bool has_certificate)
{
  return played_order2(status, RENEWAL,
                       has_certificate ? ",\"expires\":\"" EARLY "\",\"delegation\":\"" UPSTREAM
                                         "\",\"star-certificate\":\"" CERT "\""
                                       : ",\"expires\":\"" EARLY "\",\"delegation\":\"" UPSTREAM "\"");
}

/* Order1 is valid, as Order2 is. */
static void reach_valid_proxy(played *p)
{
  played_open_proxy(p, STARDELEG_IDO_STAR);
  ido_world_order(&p->w, 0, "d1", "abc.ido.example", p->url);
  played_finalize(p);
  p->ca.directory = PROXY_DIRECTORY;
  played_give_directory(p, PROXY_DIRECTORY);
  scripted_expect(&p->ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p->ca, 200, NULL, NULL);
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-account");
  scripted_answer(&p->ca, 201, played_account_location, "{\"status\":\"valid\"}");
  scripted_expect(&p->ca, "POST", UPSTREAM);
  scripted_answer(&p->ca, 200, NULL, "{\"csr-template\":" WORLD_ONE "}");
  await(p, WORLD_CA "/new-order", 5000);
  scripted_answer(&p->ca, 201, played_order_location, order_of_upstream("ready", false));
  await(p, ORDER2 "/finalize", 5000);
  scripted_answer(&p->ca, 200, NULL, order_of_upstream("valid", true));
  assert_string_equal(played_status(p), "valid");
}

/* All looks of |ms| are answered with "valid". */
static void let_pass(played *p, int64_t ms)
{
  for (stardeleg_time until = p->ca.now + ms; p->ca.now < until;) {
    await(p, ORDER2, WORLD_DAY);
    assert_string_equal(p->ca.payload, "");
    scripted_answer(&p->ca, 200, NULL, order_of_upstream("valid", true));
  }
}

/* STARDEL-2.4-09: upstream's expires is shown; STARDEL-2.3.6.1-01, STARDEL-7.2-04: it does not end the duty to cancel.
 */
static void test_expires_upstream(void **state)
{
  played p;

  (void)state;
  reach_valid_proxy(&p);
  assert_string_equal(ido_world_text(&p.w, 0, "expires"), EARLY);
  let_pass(&p, 9 * WORLD_DAY);
  assert_string_equal(played_status(&p), "valid");
  assert_string_equal(ido_world_text(&p.w, 0, "expires"), EARLY);
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  await(&p, ORDER2, 10000);
  assert_string_equal(p.ca.payload, CANCEL);
  assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
  scripted_answer(&p.ca, 200, NULL, order_of_upstream("canceled", true));
  played_assert_ended(&p, "canceled");
  settle(&p, p.ca.now + 400 * WORLD_DAY); /* it does not stay for ever either */
  assert_int_equal(ido_world_count(&p.w, "order"), 0);
  played_end(&p);
}

/* The end was demanded in time, and is refused until long after that "expires". */
static void test_expires_while_ending(void **state)
{
  stardeleg_time until;
  played p;

  (void)state;
  reach_valid_proxy(&p);
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  for (until = p.ca.now + 8 * WORLD_DAY; p.ca.now < until;) {
    await(&p, ORDER2, WORLD_DAY);
    assert_string_equal(p.ca.payload, CANCEL);
    scripted_answer(&p.ca, 403, NULL, REFUSED);
    await(&p, ORDER2, WORLD_DAY);
    scripted_answer(&p.ca, 200, NULL, order_of_upstream("valid", true));
    assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
  }
  await(&p, ORDER2, WORLD_DAY);
  scripted_answer(&p.ca, 200, NULL, order_of_upstream("canceled", true));
  played_assert_ended(&p, "canceled");
  played_end(&p);
}

/* A record of a version that did not tell apart what is shown and what is kept. */
static void test_expires_older_record(void **state)
{
  stardeleg_record record = {0};
  char *member;
  played p;

  (void)state;
  reach_valid_proxy(&p);
  played_assert_rests(&p);
  assert_ok(p.w.real->ops->get(p.w.real->self, "order", strrchr(p.url, '/') + 1, &record));
  member = strstr((char *)record.value, "\"keepUntil\":");
  assert_non_null(member);
  memcpy(member, "\"xeepUntil\":", 12);
  {
    stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT,
                             .kind = "order",
                             .key = strrchr(p.url, '/') + 1,
                             .value = sdg_bytes(record.value, record.value_len),
                             .index = "d1",
                             .due = record.due,
                             .expected_version = record.version};

    assert_ok(p.w.real->ops->batch(p.w.real->self, &op, 1));
  }
  stardeleg_record_clear(&record);
  let_pass(&p, 9 * WORLD_DAY);
  assert_string_equal(played_status(&p), "valid");
  played_end(&p);
}

/* Answers to looks that say the order is not there, but that nobody should believe; then it is there as before. */
static void test_missing_once(void **state)
{
  static const struct {
    int status;
    const char *body;
    int times;
  } cases[] = {{404, "<html>404</html>", 1}, {404, "<html>404</html>", 12}, {404, "", 12},
               {410, "", 3},                 {404, GONE, 1},                {404, GONE, 3}};

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    played p;

    reach_valid_proxy(&p);
    let_pass(&p, WORLD_DAY);
    for (int k = 0; k < cases[i].times; k++) {
      await(&p, ORDER2, WORLD_DAY);
      assert_string_equal(p.ca.payload, "");
      scripted_answer(&p.ca, cases[i].status, NULL, cases[i].body);
      assert_string_equal(played_status(&p), "valid");
    }
    let_pass(&p, WORLD_DAY);
    assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
    await(&p, ORDER2, 10000);
    assert_string_equal(p.ca.payload, CANCEL);
    scripted_answer(&p.ca, 200, NULL, order_of_upstream("canceled", true));
    played_assert_ended(&p, "canceled");
    played_end(&p);
  }
}

static void restart(played *p)
{
  p->ca.now += p->w.options.lease_ms + 1;
  p->w.now = p->ca.now;
  ido_world_restart(&p->w);
  p->ca.engine = stardeleg_ido_engine(p->w.ido);
}

/* Upstream says so itself, for hours, over restarts: then the order counts as over, but not before it was cancelled. */
static void test_missing_for_hours(void **state)
{
  (void)state;
  for (int is_there = 0; is_there < 2; is_there++) {
    stardeleg_time since = 0;
    int looks = 0;
    played p;

    reach_valid_proxy(&p);
    for (;;) {
      await(&p, ORDER2, WORLD_DAY);
      if (strcmp(p.ca.payload, CANCEL) == 0) {
        break;
      }
      since = since == 0 ? p.ca.now : since;
      scripted_answer(&p.ca, 404, NULL, GONE);
      assert_string_equal(played_status(&p), "valid");
      assert_true(looks++ < 30);
      if (looks == 3) {
        restart(&p);
      }
    }
    assert_in_range(p.ca.now - since, 6 * HOUR, 9 * HOUR);
    if (is_there != 0) { /* only looks were led astray */
      scripted_answer(&p.ca, 200, NULL, order_of_upstream("canceled", true));
    } else {
      scripted_answer(&p.ca, 404, NULL, GONE);
      await(&p, ORDER2, WORLD_DAY);
      assert_string_equal(p.ca.payload, "");
      scripted_answer(&p.ca, 404, NULL, GONE);
    }
    assert_string_equal(played_status(&p), "canceled");
    played_assert_rests(&p);
    played_end(&p);
  }
}

/* The record of Order1 has this text. */
static bool is_recorded(played *p, const char *text)
{
  stardeleg_record record = {0};
  bool found;

  assert_ok(p->w.real->ops->get(p->w.real->self, "order", strrchr(p->url, '/') + 1, &record));
  found = strstr((const char *)record.value, text) != NULL;
  stardeleg_record_clear(&record);
  return found;
}

/* An order that is lost here and that the CA does not know: that has to be its own word, for hours, and meanwhile it is
 * cancelled all the same.  The row of answers outlives processes. */
static void test_missing_when_lost(void **state)
{
  (void)state;
  for (int http = 404; http <= 410; http += 6) {
    stardeleg_time since = 0;
    int rounds = 0;
    played p;

    played_begin(&p);
    played_reach_finalize(&p);
    scripted_answer(&p.ca, 200, NULL,
                    played_order2("processing", "\"end-date\":\"2026-05-01T00:00:00Z\",\"lifetime\":345600,"
                                                "\"allow-certificate-get\":true", ""));
    p.ca.directory = DIRECTORY(STAR_META);
    for (; is_recorded(&p, "disownUntil"); rounds++) {
      await(&p, ORDER2, WORLD_DAY);
      assert_string_equal(p.ca.payload, rounds % 2 == 0 ? "" : CANCEL);
      since = since == 0 ? p.ca.now : since;
      scripted_answer(&p.ca, http, NULL, GONE);
      assert_string_equal(played_status(&p), "invalid");
      assert_true(rounds < 60);
      if (rounds == 9) {
        restart(&p);
        p.ca.now += 2 * HOUR;
      }
    }
    assert_in_range(p.ca.now - since, 6 * HOUR, 11 * HOUR);
    assert_true(rounds % 2 == 1);
    played_end(&p);
  }
}

/* --- A CA, and a single certificate (RFC 9115 2.3.3, 2.3.6.2) --- */

#define PLAIN_META "\"allow-certificate-get\":true"
#define PLAIN_CERT WORLD_CA "/cert/a"
#define REVOKE WORLD_CA "/revoke-cert"
#define PLAIN_DIRECTORY(revoke)                                                                                        \
  "{" revoke "\"newNonce\":\"" WORLD_CA "/new-nonce\",\"newAccount\":\"" WORLD_CA "/new-account\",\"newOrder\":\""     \
  WORLD_CA "/new-order\",\"meta\":{" PLAIN_META "}}"
#define WITH_REVOKE(path) "\"revokeCert\":\"" WORLD_CA path "\","
#define VALID(more) played_order2("valid", "", "," PLAIN_META ",\"certificate\":\"" PLAIN_CERT "\"" more)

/* The CA asks for nothing more: the certificate is out.  |asked| and |shown|: ",\"notAfter\":...", or "". */
static void reach_certificate(played *p, const char *asked, const char *shown, const char *directory)
{
  char text[512];

  played_open(p);
  (void)snprintf(text, sizeof(text),
                 "{" NAMES ",\"delegation\":\"" WORLD_IDO "/delegation/d1\",\"allow-certificate-get\":true%s}", asked);
  assert_int_equal(acme_peer_post(&p->w.ndc[0], WORLD_IDO "/new-order", text), 201);
  (void)snprintf(p->url, sizeof(p->url), "%s", acme_peer_header(&p->w.ndc[0], "Location"));
  played_finalize(p);
  p->ca.directory = directory;
  played_give_directory(p, directory);
  scripted_expect(&p->ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p->ca, 200, NULL, NULL);
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-account");
  scripted_answer(&p->ca, 201, played_account_location, "{\"status\":\"valid\"}");
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-order");
  (void)snprintf(text, sizeof(text), "," PLAIN_META "%s", shown);
  scripted_answer(&p->ca, 201, played_order_location, played_order2("ready", "", text));
  scripted_expect(&p->ca, "POST", ORDER2 "/finalize");
  (void)snprintf(text, sizeof(text), "," PLAIN_META ",\"certificate\":\"" PLAIN_CERT "\"%s", shown);
  scripted_answer(&p->ca, 200, NULL, played_order2("valid", "", text));
  scripted_expect(&p->ca, "POST", PLAIN_CERT);
}

static void give_certificate(played *p, int64_t life_ms)
{
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + life_ms);

  scripted_answer(&p->ca, 200, NULL, pem);
  free(pem);
}

#define SHORT ",\"notAfter\":\"2026-01-02T00:00:00Z\""

/* RFC 8555 7.4: the CA shows the notAfter that was asked for, and certifies for longer: nobody gets to see that one,
 * and it is revoked for as long as it takes, not only until that notAfter. */
static void test_certificate_too_long(void **state)
{
  played p;

  (void)state;
  reach_certificate(&p, SHORT, SHORT, PLAIN_DIRECTORY(WITH_REVOKE("/revoke-cert")));
  give_certificate(&p, 90 * WORLD_DAY);
  assert_string_equal(played_status(&p), "invalid");
  assert_non_null(strstr(played_error_text(&p, "detail"), "notAfter"));
  assert_null(sdg_json_member(p.w.ndc[0].json, "certificate"));
  assert_string_equal(p.w.cnames, "");
  assert_true(is_recorded(&p, "disownUntil"));
  for (stardeleg_time until = p.ca.now + 4 * WORLD_DAY; p.ca.now < until;) {
    await(&p, REVOKE, WORLD_DAY); /* without fetching it once more */
    scripted_answer(&p.ca, 503, NULL, "");
  }
  await(&p, REVOKE, WORLD_DAY);
  assert_non_null(strstr(p.ca.payload, "\"certificate\":\"MI"));
  scripted_answer(&p.ca, 200, NULL, NULL);
  assert_false(is_recorded(&p, "disownUntil"));
  played_end(&p);
}

/* One that ends when it should, or sooner. */
static void test_certificate_fits(void **state)
{
  static const int64_t lives[] = {WORLD_DAY, 3600 * WORLD_S};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    played p;

    reach_certificate(&p, SHORT, SHORT, PLAIN_DIRECTORY(WITH_REVOKE("/revoke-cert")));
    give_certificate(&p, lives[i]);
    played_assert_rests(&p);
    assert_string_equal(played_status(&p), "valid");
    played_end(&p);
  }
}

/* No notAfter was asked for, and the CA's order shows an early one: the certificate says how long it is to be kept. */
static void test_certificate_lives_longer(void **state)
{
  played p;

  (void)state;
  reach_certificate(&p, "", SHORT, PLAIN_DIRECTORY(WITH_REVOKE("/revoke-cert")));
  give_certificate(&p, 90 * WORLD_DAY);
  played_assert_rests(&p);
  settle(&p, p.ca.now + 60 * WORLD_DAY);
  assert_string_equal(played_status(&p), "valid");
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  await(&p, REVOKE, 10000);
  scripted_answer(&p.ca, 200, NULL, NULL);
  played_assert_ended(&p, "invalid");
  played_end(&p);
}

/* What cannot be fetched is not shown to the delegate; the reason is told, and pauses grow over restarts. */
static void test_certificate_comes_late(void **state)
{
  static const struct {
    int status;
    const char *body;
  } answers[] = {{404, GONE}, {404, "<html>"}, {403, REFUSED}, {200, "<html>"}, {302, ""}, {503, ""}, {200, ""}};
  stardeleg_time began;
  played p;

  (void)state;
  reach_certificate(&p, "", "", PLAIN_DIRECTORY(WITH_REVOKE("/revoke-cert")));
  began = p.ca.now;
  for (size_t i = 0; i < 14; i++) {
    scripted_answer(&p.ca, answers[i % 7].status, NULL, answers[i % 7].body);
    assert_string_equal(played_status(&p), "processing");
    if (i == 8) {
      restart(&p);
    }
    await(&p, PLAIN_CERT, WORLD_DAY);
  }
  assert_in_range(p.ca.now - began, HOUR, 6 * HOUR);
  assert_non_null(strstr(p.w.log, "[ido.order.retry]"));
  give_certificate(&p, WORLD_DAY);
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "valid");
  played_end(&p);
}

/* --- A CA that refuses to revoke --- */

typedef struct seen {
  char reason[256];
  stardeleg_time next_try;
  char order_status[16];
  unsigned count;
} seen;

static int see(void *ctx, const stardeleg_ido_status *status)
{
  seen *s = ctx;

  (void)snprintf(s->reason, sizeof(s->reason), "%s", status->reason);
  (void)snprintf(s->order_status, sizeof(s->order_status), "%s", status->order_status);
  s->next_try = status->next_try;
  s->count++;
  return 0;
}

static void assert_told(played *p, const char *reason)
{
  seen s = {.count = 0};

  assert_ok(stardeleg_ido_inspect(p->w.ido, "d1", see, &s));
  assert_int_equal(s.count, 1);
  assert_string_equal(s.order_status, "valid");
  if (strstr(s.reason, reason) == NULL) {
    fail_msg("the reason is \"%s\"", s.reason);
  }
  assert_true(s.next_try < p->ca.now + WORLD_DAY);
}

/* STARDEL-2.3.6.2-01: whatever the CA answers, it is asked again, and the delegation stays "ending" until then. */
static void test_refused_revocation(void **state)
{
  static const struct {
    int status;
    const char *body;
    const char *reason;
  } cases[] = {{403, REFUSED, "not now"}, {404, GONE, "no such order"},   {404, "<html>", "404"},
               {501, "", "501"},          {302, "", "302"},               {503, "", "503"}};

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int tries = 0;
    played p;

    reach_certificate(&p, "", "", PLAIN_DIRECTORY(WITH_REVOKE("/revoke-cert")));
    give_certificate(&p, 90 * WORLD_DAY);
    played_assert_rests(&p);
    assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
    for (stardeleg_time until = p.ca.now + WORLD_DAY; p.ca.now < until; tries++) {
      await(&p, REVOKE, WORLD_DAY);
      scripted_answer(&p.ca, cases[i].status, NULL, cases[i].body);
      assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
      assert_told(&p, cases[i].reason);
      if (tries == 20) {
        restart(&p);
      }
    }
    assert_in_range(tries, 25, 70); /* pauses grow to an hour */
    await(&p, REVOKE, WORLD_DAY);
    scripted_answer(&p.ca, 200, NULL, NULL);
    played_assert_ended(&p, "invalid");
    assert_null(strstr(p.w.log, "ido.revoke.failed"));
    played_end(&p);
  }
}

/* It ends with the certificate, which is worth a line of the log. */
static void test_refused_for_ever(void **state)
{
  played p;

  (void)state;
  reach_certificate(&p, "", "", PLAIN_DIRECTORY(WITH_REVOKE("/revoke-cert")));
  give_certificate(&p, WORLD_DAY);
  played_assert_rests(&p);
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  while (p.ca.now + 2 * HOUR < WORLD_START + WORLD_DAY) {
    await(&p, REVOKE, WORLD_DAY);
    scripted_answer(&p.ca, 403, NULL, REFUSED);
  }
  settle(&p, WORLD_START + WORLD_DAY + 2 * HOUR);
  played_assert_ended(&p, "invalid");
  assert_non_null(strstr(p.w.log, "ido.revoke.failed"));
  played_end(&p);
}

/* revokeCert is not where it was, or not in the directory for a while. */
static void test_revocation_moves(void **state)
{
  (void)state;
  for (int missing = 0; missing < 2; missing++) {
    played p;

    reach_certificate(&p, "", "",
                      missing != 0 ? PLAIN_DIRECTORY("") : PLAIN_DIRECTORY(WITH_REVOKE("/revoke-cert")));
    give_certificate(&p, 90 * WORLD_DAY);
    played_assert_rests(&p);
    assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
    if (missing == 0) {
      await(&p, REVOKE, 10000);
      scripted_answer(&p.ca, 404, NULL, "<html>");
    } else {
      p.ca.directory = NULL;
      scripted_sleep(&p.ca, 10);
      (void)scripted_await(&p.ca, "GET", WORLD_CA "/directory", 10000);
      assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
      scripted_answer(&p.ca, 200, NULL, PLAIN_DIRECTORY(""));
      p.ca.now += 10000;
      assert_told(&p, "offers no revocation");
    }
    p.ca.directory = PLAIN_DIRECTORY(WITH_REVOKE("/revoke-2"));
    await(&p, WORLD_CA "/revoke-2", 2 * HOUR);
    scripted_answer(&p.ca, 200, NULL, NULL);
    played_assert_ended(&p, "invalid");
    played_end(&p);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_expires_upstream),         cmocka_unit_test(test_expires_while_ending),
      cmocka_unit_test(test_expires_older_record),     cmocka_unit_test(test_missing_once),
      cmocka_unit_test(test_missing_for_hours),        cmocka_unit_test(test_missing_when_lost),
      cmocka_unit_test(test_certificate_too_long),
      cmocka_unit_test(test_certificate_fits),         cmocka_unit_test(test_certificate_lives_longer),
      cmocka_unit_test(test_certificate_comes_late),   cmocka_unit_test(test_refused_revocation),
      cmocka_unit_test(test_refused_for_ever),         cmocka_unit_test(test_revocation_moves),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
