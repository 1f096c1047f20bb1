/* SPDX-License-Identifier: Apache-2.0 */
/* ca_star_test.c -- STAR orders over their life: schedule, outages, restarts, two engines. */
#include "support/test.h"

#include "base/bytes.h"
#include "base/time.h"
#include "star/schedule.h"
#include "support/ca_world.h"
#include "support/counting_store.h"

/* What the order says it was granted, as the schedule's input. */
static void read_schedule(ca_world *w, stardeleg_time first_issue_at, sdg_star_schedule *out)
{
  sdg_auto_renewal renewal;

  (void)ca_world_status(w);
  assert_ok(sdg_auto_renewal_parse(&renewal, sdg_json_member(w->peer.json, "auto-renewal"), NULL));
  assert_ok(sdg_star_schedule_init(out, &renewal, first_issue_at, w->options.fraction_permille));
}

static void assert_period(ca_world *w, const sdg_star_period *period, char serial[48])
{
  ca_leaf leaf;

  ca_world_get_leaf(w, &leaf);
  assert_int_equal(leaf.cert.not_before, period->not_before);
  assert_int_equal(leaf.cert.not_after, period->not_after);
  memcpy(serial, leaf.serial, sizeof(leaf.serial));
  ca_leaf_clear(&leaf);
}

/* --- The schedule --- */

typedef struct plan {
  int days;
  int64_t lifetime_s;
  int64_t adjust_s;
  unsigned fraction_permille;
} plan;

/* STAR-2.2-01, STAR-3.1.1-02, STAR-3.1.1-12, STAR-3.3-07 to -09, STAR-3.5-01 to -04 */
static void test_many_periods(void **state)
{
  static const plan plans[] = {{30, 86400, 0, 500},       {10, 345600, 259200, 500}, {3, 3600, 7200, 500},
                               {7, 100000, 1, 999},       {1, 86400, 0, 500},        {2, 60, 0, 750},
                               {5, 7 * 86400, 86400, 500}};
  ca_world *w = *state;

  for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
    sdg_star_schedule schedule;
    sdg_star_period period;
    char serial[48];
    char before[48] = "";
    char url[512];
    uint64_t index = 0;
    stardeleg_time end;

    w->options.fraction_permille = plans[i].fraction_permille;
    ca_world_restart(w);
    ca_world_star(w, plans[i].days, plans[i].lifetime_s, plans[i].adjust_s);
    read_schedule(w, w->now, &schedule);
    end = schedule.end_at;
    (void)snprintf(url, sizeof(url), "%s", w->star);
    for (; index < 50 && sdg_star_schedule_period(&schedule, index, &period) == STARDELEG_OK; index++) {
      if (index > 0) {
        w->now = period.publish_at - 1; /* not a moment before */
        (void)ca_world_run(w);
        assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
        assert_string_equal(acme_peer_header(&w->peer, "ETag"), ca_world_json("'%s'", before));
      }
      w->now = sdg_time_max(w->now, period.publish_at); /* and not a moment after */
      (void)ca_world_run(w);
      assert_ok(sdg_star_schedule_at(&schedule, w->now, &period)); /* two at once where adjust is all of T */
      index = period.index;
      assert_period(w, &period, serial); /* has the key and leads to the root at this moment */
      assert_string_not_equal(serial, before);
      assert_string_equal(ca_world_status(w), "valid");
      assert_string_equal(w->star, url);
      memcpy(before, serial, sizeof(before));
      assert_true(period.not_after <= end);
    }
    assert_true(index > 0);
  }
}

/* STAR-3.5.1, the example of the RFC, through the whole CA */
static void test_rfc_example(void **state)
{
  static const char *const expected[3][2] = {{"2026-01-15T00:00:00Z", "2026-01-19T00:00:00Z"},
                                             {"2026-01-16T00:00:00Z", "2026-01-23T00:00:00Z"},
                                             {"2026-01-20T00:00:00Z", "2026-01-25T00:00:00Z"}};
  ca_world *w = *state;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}],"
                                                       "'auto-renewal':{'start-date':'2026-01-15T00:00:00Z',"
                                                       "'end-date':'2026-01-25T00:00:00Z','lifetime':345600,"
                                                       "'lifetime-adjust':259200,'allow-certificate-get':true}}")),
                   201);
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  for (size_t i = 0; i < 3; i++) {
    char text[SDG_TIME_TEXT_SIZE];
    ca_leaf leaf;

    ca_world_get_leaf(w, &leaf);
    sdg_time_write_rfc3339(text, leaf.cert.not_before);
    assert_string_equal(text, expected[i][0]);
    sdg_time_write_rfc3339(text, leaf.cert.not_after);
    assert_string_equal(text, expected[i][1]);
    ca_leaf_clear(&leaf);
    if (i < 2) {
      stardeleg_time next;

      assert_ok(sdg_time_read_rfc3339(&next, sdg_bytes_str(expected[i + 1][0])));
      w->now = next;
      (void)ca_world_run(w);
    }
  }
}

/* The engine says when it wants to be asked again; whoever only comes then misses nothing. */
static void test_driven_by_its_own_clock(void **state)
{
  ca_world *w = *state;
  char before[48] = "";
  unsigned count = 0;

  w->options.poll_ms = 0;
  ca_world_restart(w);
  ca_world_star(w, 20, 86400, 0);
  for (unsigned i = 0; i < 500; i++) {
    stardeleg_time until = ca_world_run(w);
    ca_leaf leaf;

    assert_true(until > w->now);
    if (acme_peer_get(&w->peer, w->star) == 200) {
      ca_world_leaf(w, &w->peer, &leaf);
      count += strcmp(leaf.serial, before) != 0;
      memcpy(before, leaf.serial, sizeof(before));
      ca_leaf_clear(&leaf);
    }
    if (until == STARDELEG_TIME_NEVER) {
      break;
    }
    w->now = until;
  }
  assert_int_equal(count, 20);
}

/* --- Interruptions --- */

/* A new process after every step: nothing is forgotten, nothing issued twice. */
static void test_restart_after_every_step(void **state)
{
  ca_world *w = *state;
  sdg_star_schedule schedule;
  sdg_star_period period;
  char serial[48];
  char again[48];

  ca_world_star(w, 10, 86400, 3600);
  read_schedule(w, w->now, &schedule);
  for (uint64_t index = 0; index < 10; index++) {
    assert_ok(sdg_star_schedule_period(&schedule, index, &period));
    w->now = sdg_time_max(w->now, period.publish_at + 250);
    ca_world_restart(w);
    (void)ca_world_run(w);
    assert_period(w, &period, serial);
    ca_world_restart(w);
    (void)ca_world_run(w);
    assert_period(w, &period, again);
    assert_string_equal(serial, again);
  }
  assert_err(STARDELEG_ERR_EXPIRED, sdg_star_schedule_period(&schedule, 10, &period));
}

/* Two engines on one store: one certificate for each period. */
static void test_two_engines(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  stardeleg_ca *other = NULL;

  ca_world_count(w, &c);
  assert_ok(stardeleg_ca_new(&other, &w->options, NULL));
  ca_world_star(w, 10, 86400, 0);
  assert_int_equal(c.certs, 1);
  for (unsigned hour = 0; hour < 24 * 11; hour++) {
    const stardeleg_engine *engines[] = {stardeleg_ca_engine(w->ca), stardeleg_ca_engine(other)};

    (void)ca_world_run_engine(w, engines[hour % 2]);
    (void)ca_world_run_engine(w, engines[1 - hour % 2]);
    w->now += CA_HOUR;
  }
  assert_int_equal(c.certs, 10);
  stardeleg_ca_free(other);
}

/* One engine holds the claim, the other one comes in between. */
static void run_other(void *ctx)
{
  ca_world *w = ctx;
  stardeleg_ca *other = NULL;

  w->now += 10 * w->options.lease_ms; /* the lease of the first has run out */
  assert_ok(stardeleg_ca_new(&other, &w->options, NULL));
  (void)ca_world_run_engine(w, stardeleg_ca_engine(other));
  stardeleg_ca_free(other);
}

static void test_overtaken(void **state)
{
  static counting_store c;
  ca_world *w = *state;

  ca_world_count(w, &c);
  ca_world_star(w, 10, 86400, 0);
  w->now += CA_DAY / 2;
  c.before_cert = run_other;
  c.ctx = w;
  (void)ca_world_run(w);
  assert_null(c.before_cert);
  assert_int_equal(c.certs, 2);
}

/* An outage over several periods: the newest only. */
static void test_outage(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  sdg_star_schedule schedule;
  sdg_star_period period;
  char serial[48];

  ca_world_count(w, &c);
  ca_world_star(w, 10, 86400, 0);
  read_schedule(w, w->now, &schedule);
  w->now += 6 * CA_DAY + CA_HOUR;
  assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
  assert_non_null(strstr(acme_peer_header(&w->peer, "Cache-Control"), "max-age=0")); /* long over */
  ca_world_restart(w);
  (void)ca_world_run(w);
  assert_int_equal(c.certs, 2);
  assert_ok(sdg_star_schedule_at(&schedule, w->now, &period));
  assert_period(w, &period, serial);
}

/* An outage until after the end: nothing is made up for, and the engine does not keep itself busy. */
static void test_outage_over_the_end(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  unsigned batches;

  ca_world_count(w, &c);
  ca_world_star(w, 10, 86400, 0);
  w->now += 11 * CA_DAY;
  (void)ca_world_run(w);
  batches = c.batches;
  for (unsigned i = 0; i < 20; i++) {
    stardeleg_time until = ca_world_run(w);

    assert_true(until >= w->now + w->options.poll_ms);
    w->now += 1000;
  }
  assert_int_equal(c.batches, batches);
  assert_int_equal(c.certs, 1);
  assert_string_equal(ca_world_status(w), "valid");
  (void)acme_peer_get(&w->peer, w->star);
  acme_peer_assert_problem(&w->peer, 403, "autoRenewalExpired");
}

/* The clock is turned back, then goes on: nothing twice, nothing missed. */
static void test_clock_back(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  stardeleg_time start;

  ca_world_count(w, &c);
  ca_world_star(w, 10, 86400, 0);
  start = w->now;
  for (unsigned day = 1; day <= 5; day++) {
    w->now = start + day * CA_DAY;
    (void)ca_world_run(w);
  }
  assert_int_equal(c.certs, 6);
  w->now = start + CA_DAY;
  for (unsigned i = 0; i < 4 * 24; i++) {
    (void)ca_world_run(w);
    assert_int_equal(c.certs, 6);
    w->now += CA_HOUR;
  }
  w->now = start + 7 * CA_DAY;
  (void)ca_world_run(w);
  assert_int_equal(c.certs, 7);
}

/* The store fails once at every place of a renewal; it comes right by itself. */
static void test_store_failures(void **state)
{
  static counting_store c;
  ca_world *w = *state;

  ca_world_count(w, &c);
  ca_world_star(w, 30, 86400, 0);
  for (unsigned day = 1; day <= 3; day++) {
    const stardeleg_engine *engine = stardeleg_ca_engine(w->ca);
    stardeleg_ask want;

    w->now += CA_DAY;
    c.fail_at = c.batches + day;
    (void)engine->next(engine->self, &want, w->now);
    w->now += w->options.lease_ms;
    (void)ca_world_run(w);
    assert_int_equal(c.certs, 1 + day);
  }
}

/* One order that cannot be worked on does not keep the others waiting. */
static void test_one_spoiled_record(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  stardeleg_record record = {0};
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT, .kind = "order", .index = "x", .due = 1};
  char id[128];

  ca_world_count(w, &c);
  ca_world_star(w, 30, 86400, 0);
  (void)snprintf(id, sizeof(id), "%s", w->order + strlen(CA_BASE "/order/"));
  assert_ok(w->store->ops->get(w->store->self, "order", id, &record));
  op.key = id;
  op.value = SDG_BYTES_LITERAL("{\"v\":1}");
  op.expected_version = record.version;
  assert_ok(w->store->ops->batch(w->store->self, &op, 1));
  stardeleg_record_clear(&record);
  ca_world_star(w, 30, 86400, 0); /* every step of it while the other one is due */
  for (unsigned day = 0; day < 5; day++) {
    w->now += CA_DAY;
    (void)ca_world_run(w);
  }
  assert_int_equal(c.certs, 1 + 6);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_many_periods),
      T(test_rfc_example),
      T(test_driven_by_its_own_clock),
      T(test_restart_after_every_step),
      T(test_two_engines),
      T(test_overtaken),
      T(test_outage),
      T(test_outage_over_the_end),
      T(test_clock_back),
      T(test_store_failures),
      T(test_one_spoiled_record),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
