/* SPDX-License-Identifier: Apache-2.0 */
/* ido_flow_test.c -- delegations from their beginning to their end, against a CA in the same process, with crashes. */
#include "support/ido_world.h"

#include "base/bytes.h"

#define MAP "{\"ABC.ido.example.\":\"abc.cdn.example.\",\"x.ido.example.\":\"x.cdn.example.\"}"
#define INSTALLED "+ABC.ido.example.>abc.cdn.example. "
#define REMOVED "-ABC.ido.example.>abc.cdn.example. "

static void begin(ido_world *w)
{
  ido_world_init(w);
  ido_world_ca_init(w);
  ido_world_ca_open(w);
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  ido_world_delegate(w, "cdn", "d1", WORLD_ONE, MAP);
}

static size_t count_orders_at_ca(ido_world *w)
{
  size_t count = 0;

  for (const char *at = w->ca_log; (at = strstr(at, "POST /acme/new-order ")) != NULL; at++) {
    count++;
  }
  return count;
}

/* STARDEL-2.3.2-16, -20, -21, STARDEL-2.3.2.1-01, AMB-26, AMB-10, STARDEL-2.3.6.1-01, STARDEL-7.2-04 */
static void test_life(void **state)
{
  ido_world w;
  char url[256];
  char certificate[512];

  (void)state;
  begin(&w);
  ido_world_place(&w, 0, "d1", url);
  assert_int_equal(w.work_count, 1);
  assert_string_equal(acme_peer_header(&w.ndc[0], "Retry-After"), "1");
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  (void)snprintf(certificate, sizeof(certificate), "%s", ido_world_text(&w, 0, "star-certificate"));
  assert_true(strncmp(certificate, WORLD_CA "/cert/", strlen(WORLD_CA "/cert/")) == 0);
  assert_string_equal(w.cnames, INSTALLED);
  assert_int_equal(count_orders_at_ca(&w), 1);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "canceled");
  assert_string_equal(ido_world_text(&w, 0, "star-certificate"), certificate);
  assert_string_equal(w.cnames, INSTALLED REMOVED);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  assert_null(strstr(w.ca_log, "revoke"));
  assert_int_equal(ido_world_ca_get(&w, certificate), 403);
  ido_world_clear(&w);
}

/* The longer an order takes, the longer its delegate is told to wait (RFC 8555 7.4, "processing"). */
static void test_retry_after(void **state)
{
  static const struct {
    int64_t waited_s;
    const char *expected;
  } cases[] = {{-60, "1"}, {19, "1"}, {20, "2"}, {1005, "100"}, {3000, "300"}, {86400, "300"}};
  ido_world w;
  stardeleg_time begun;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_place(&w, 0, "d1", url);
  begun = w.now;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    w.now = begun + cases[i].waited_s * WORLD_S;
    assert_string_equal(ido_world_status(&w, 0, url), "processing");
    assert_string_equal(acme_peer_header(&w.ndc[0], "Retry-After"), cases[i].expected);
  }
  ido_world_clear(&w);
}

/* Killed after every single exchange, with everything in memory lost and every lease left behind. */
static void test_crashes(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  w.restart_always = true;
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 1800 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  assert_int_equal(count_orders_at_ca(&w), 1);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 1800 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "canceled");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  ido_world_clear(&w);
}

/* The challenge's answer does not stay. */
static void test_challenge_is_cleaned_up(void **state)
{
  ido_world w;
  stardeleg_time due = 0;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 60 * WORLD_S);
  assert_int_equal(ido_world_count(&w, "http01"), 0);
  assert_ok(w.real->ops->next_due(w.real->self, "delegation", &due));
  assert_true(due == STARDELEG_TIME_NEVER);
  ido_world_clear(&w);
}

/* --- Ending, in every state --- */

static void test_end_ready(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "d1", "abc.ido.example", url);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 5 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "invalid");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  assert_int_equal(count_orders_at_ca(&w), 0);
  ido_world_clear(&w);
}

/* Never begun: nothing reaches the CA. */
static void test_end_processing(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_place(&w, 0, "d1", url);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 5 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "invalid");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  assert_int_equal(count_orders_at_ca(&w), 0);
  assert_string_equal(w.cnames, "");
  ido_world_clear(&w);
}

/* Whenever it comes, after each of the exchanges there are, the end is the same: nothing is valid any more, anywhere.
 */
static void test_end_any_time(void **state)
{
  (void)state;
  for (size_t stop = 1; stop < 16; stop++) {
    ido_world w;
    char url[256];
    char certificate[512];

    begin(&w);
    ido_world_place(&w, 0, "d1", url);
    w.stop_after = stop;
    ido_world_run(&w, 60 * WORLD_S);
    assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
    w.stop_after = 0;
    ido_world_run(&w, 600 * WORLD_S);
    assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
    assert_string_not_equal(ido_world_status(&w, 0, url), "valid");
    assert_string_not_equal(ido_world_status(&w, 0, url), "processing");
    (void)snprintf(certificate, sizeof(certificate), "%s", ido_world_text(&w, 0, "star-certificate"));
    if (certificate[0] != '\0') {
      assert_int_equal(ido_world_ca_get(&w, certificate), 403);
    }
    assert_int_equal(ido_world_ca_valid(&w), 0);
    assert_int_equal(ido_world_count(&w, "http01"), 0);
    assert_true(strcmp(w.cnames, "") == 0 || strcmp(w.cnames, INSTALLED REMOVED) == 0);
    ido_world_clear(&w);
  }
}

/* STARDEL-7.2-02 and the field's lesson: the CA is down for a day, the owner restarts; it is cancelled all the same. */
static void test_end_while_ca_is_down(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  w.ca_is_down = true;
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, WORLD_DAY / 2);
  ido_world_restart(&w);
  ido_world_run(&w, WORLD_DAY / 2);
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ending");
  assert_true(w.exchanges < 200); /* with pauses */
  w.ca_is_down = false;
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "canceled");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  ido_world_clear(&w);
}

/* Many orders, of which none is forgotten; the other delegation stays as it is. */
static void test_end_many(void **state)
{
  ido_world w;
  char url[5][256];
  char other[256];

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d2", WORLD_ONE, NULL);
  for (int i = 0; i < 5; i++) {
    ido_world_place(&w, 0, "d1", url[i]);
  }
  ido_world_place(&w, 0, "d2", other);
  ido_world_run(&w, 120 * WORLD_S);
  for (int i = 0; i < 5; i++) {
    assert_string_equal(ido_world_status(&w, 0, url[i]), "valid");
  }
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 120 * WORLD_S);
  for (int i = 0; i < 5; i++) {
    assert_string_equal(ido_world_status(&w, 0, url[i]), "canceled");
  }
  assert_string_equal(ido_world_status(&w, 0, other), "valid");
  assert_int_equal(ido_world_ca_valid(&w), 1);
  ido_world_clear(&w);
}

/* --- Two processes --- */

/* A process that serves delegates and the panel; another one that works.  They meet in the store only. */
static void test_two_processes(void **state)
{
  ido_world w;
  stardeleg_ido *front = NULL;
  stardeleg_ido *back;
  stardeleg_ido_options options;
  char url[256];

  (void)state;
  begin(&w);
  options = w.options;
  options.issuer_count = 0;
  assert_ok(stardeleg_ido_new(&front, &options, NULL));
  back = w.ido;
  w.ido = front;
  w.ndc[0].nonce[0] = '\0';
  ido_world_place(&w, 0, "d1", url);
  w.ido = back;
  ido_world_run(&w, 60 * WORLD_S);
  w.ido = front;
  w.ndc[0].nonce[0] = '\0';
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  assert_ok(stardeleg_ido_delegation_end(front, "d1", w.now));
  w.ido = back;
  ido_world_run(&w, 5 * WORLD_S); /* found by poll_ms */
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  stardeleg_ido_free(front);
  ido_world_clear(&w);
}

/* --- Time --- */

/* An order that nobody finalizes, and one that has ended, do not stay for ever. */
static void test_time(void **state)
{
  ido_world w;
  char ready[256];
  char valid[256];

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "d1", "abc.ido.example", ready);
  ido_world_place(&w, 0, "d1", valid);
  ido_world_run(&w, 60 * WORLD_S);
  w.ca_is_down = true; /* its renewals are no matter of this test */
  w.now = WORLD_START + 7 * WORLD_DAY - WORLD_S;
  ido_world_run_owner(&w);
  assert_string_equal(ido_world_status(&w, 0, ready), "ready");
  w.now = WORLD_START + 7 * WORLD_DAY;
  ido_world_run_owner(&w);
  assert_string_equal(ido_world_status(&w, 0, ready), "invalid");
  w.now = WORLD_START + 14 * WORLD_DAY;
  ido_world_run_owner(&w);
  (void)acme_peer_fetch(&w.ndc[0], ready);
  acme_peer_assert_problem(&w.ndc[0], 403, "unauthorized");
  w.now = WORLD_START + 66 * WORLD_DAY - WORLD_S; /* end-date and seven days, less a second */
  ido_world_run_owner(&w);
  assert_string_equal(ido_world_status(&w, 0, valid), "valid");
  w.now += WORLD_S;
  ido_world_run_owner(&w);
  assert_int_equal(acme_peer_fetch(&w.ndc[0], valid), 403);
  assert_int_equal(ido_world_count(&w, "order"), 0);
  ido_world_clear(&w);
}

/* The CA never answers: after a week the order is given up. */
static void test_patience(void **state)
{
  ido_world w;
  stardeleg_time due = 0;
  char url[256];

  (void)state;
  begin(&w);
  w.ca_is_down = true;
  ido_world_place(&w, 0, "d1", url);
  /* it waits in the store, not in a place that orders of other issuers could use */
  ido_world_run(&w, 20 * WORLD_S);
  assert_ok(w.real->ops->next_due(w.real->self, "order", &due));
  assert_true(due > w.now && due < w.now + 60 * WORLD_S);
  ido_world_run(&w, WORLD_DAY);
  assert_string_equal(ido_world_status(&w, 0, url), "processing");
  assert_true(ido_world_record(&w, "order", strrchr(url, '/') + 1, "reason")[0] != '\0');
  ido_world_run(&w, 6 * WORLD_DAY + 7200 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "invalid");
  ido_world_clear(&w);
}

/* An order whose issuer only another process knows is left to it. */
static void test_unknown_issuer(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_place(&w, 0, "d1", url);
  w.issuer.name = "another";
  ido_world_restart(&w);
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "processing");
  assert_non_null(strstr(w.log, "[ido.issuer.unknown]"));
  w.issuer.name = "ca";
  ido_world_restart(&w);
  ido_world_run(&w, 180 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  ido_world_clear(&w);
}

/* --- inspect --- */

typedef struct seen {
  char text[2048];
  size_t count;
  size_t stop_at;
} seen;

static int see(void *ctx, const stardeleg_ido_status *status)
{
  seen *s = ctx;
  size_t len = strlen(s->text);

  (void)snprintf(s->text + len, sizeof(s->text) - len, "%s/%s/%s/%s/%s%s ", status->delegation, status->ndc,
                 status->delegation_state, status->order_status, status->step,
                 status->certificate_url[0] != '\0' ? "/certificate" : "");
  assert_true((status->next_try == STARDELEG_TIME_NEVER) == (status->step[0] == '\0'));
  assert_true((status->end_at != STARDELEG_TIME_NONE) == (status->order[0] != '\0'));
  s->count++;
  return s->count == s->stop_at;
}

static const char *inspect(ido_world *w, seen *s, const char *id)
{
  memset(s, 0, sizeof(*s));
  assert_ok(stardeleg_ido_inspect(w->ido, id, see, s));
  return s->text;
}

static void test_inspect(void **state)
{
  ido_world w;
  seen s;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_delegate(&w, "cdn", "d2", WORLD_ONE, NULL);
  assert_string_equal(inspect(&w, &s, NULL), "d1/cdn/active// d2/cdn/active// ");
  ido_world_place(&w, 0, "d1", url);
  assert_string_equal(inspect(&w, &s, "d1"), "d1/cdn/active/processing/new ");
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(inspect(&w, &s, NULL), "d1/cdn/active/valid//certificate d2/cdn/active// ");
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  w.ca_is_down = true;
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(inspect(&w, &s, "d1"), "d1/cdn/ending/valid/cancel/certificate ");
  w.ca_is_down = false;
  ido_world_run(&w, 600 * WORLD_S);
  assert_string_equal(inspect(&w, &s, "d1"), "d1/cdn/ended/canceled//certificate ");
  s.count = 0;
  s.stop_at = 1;
  assert_ok(stardeleg_ido_inspect(w.ido, NULL, see, &s));
  assert_int_equal(s.count, 1);
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_inspect(w.ido, "none", see, &s));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_inspect(w.ido, "", see, &s));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_inspect(w.ido, NULL, NULL, &s));
  w.dead = true;
  assert_err(STARDELEG_ERR_STORE, stardeleg_ido_inspect(w.ido, NULL, see, &s));
  w.dead = false;
  ido_world_clear(&w);
}

static void test_inspect_pages(void **state)
{
  ido_world w;
  seen s;
  char id[16];

  (void)state;
  begin(&w);
  for (int i = 0; i < 130; i++) {
    (void)snprintf(id, sizeof(id), "x%03d", i);
    ido_world_delegate(&w, "cdn", id, WORLD_ONE, NULL);
  }
  (void)inspect(&w, &s, NULL);
  assert_int_equal(s.count, 131);
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_life),           cmocka_unit_test(test_retry_after),
      cmocka_unit_test(test_crashes),        cmocka_unit_test(test_challenge_is_cleaned_up),
      cmocka_unit_test(test_end_ready),      cmocka_unit_test(test_end_processing),
      cmocka_unit_test(test_end_any_time),   cmocka_unit_test(test_end_while_ca_is_down),
      cmocka_unit_test(test_end_many),       cmocka_unit_test(test_two_processes),
      cmocka_unit_test(test_time),           cmocka_unit_test(test_patience),
      cmocka_unit_test(test_unknown_issuer), cmocka_unit_test(test_inspect),
      cmocka_unit_test(test_inspect_pages),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
