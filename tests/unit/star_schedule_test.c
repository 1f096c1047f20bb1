/* SPDX-License-Identifier: Apache-2.0 */
/* star_schedule_test.c -- RFC 8739 3.5: the RFC's own table, and what must hold for any order. */
#include "support/test.h"

#include "base/bytes.h"
#include "base/time.h"
#include "star/schedule.h"

static stardeleg_time at(const char *text)
{
  stardeleg_time out = 0;

  assert_ok(sdg_time_read_rfc3339(&out, sdg_bytes_str(text)));
  return out;
}

static sdg_auto_renewal renewal_of(const char *start, const char *end, int64_t lifetime_s, int64_t adjust_s)
{
  sdg_auto_renewal renewal = {0};

  renewal.start_at = start != NULL ? at(start) : STARDELEG_TIME_NONE;
  renewal.end_at = at(end);
  renewal.lifetime_s = lifetime_s;
  renewal.lifetime_adjust_s = adjust_s;
  return renewal;
}

/* STAR-3.5-01, STAR-3.5-02, STAR-3.5-03, STAR-3.5-04: table 1 of the RFC */
static void the_rfc_table(void **state)
{
  static const char *const table[3][2] = {{"2019-01-10T00:00:00Z", "2019-01-14T00:00:00Z"},
                                          {"2019-01-11T00:00:00Z", "2019-01-18T00:00:00Z"},
                                          {"2019-01-15T00:00:00Z", "2019-01-20T00:00:00Z"}};
  sdg_auto_renewal renewal = renewal_of("2019-01-10T00:00:00Z", "2019-01-20T00:00:00Z", 345600, 259200);
  sdg_star_schedule schedule;
  sdg_star_period period;

  (void)state;
  assert_ok(sdg_star_schedule_init(&schedule, &renewal, at("2019-01-09T12:00:00Z"), 500));
  for (uint64_t i = 0; i < 3; i++) {
    assert_ok(sdg_star_schedule_period(&schedule, i, &period));
    assert_int_equal(period.not_before, at(table[i][0]));
    assert_int_equal(period.not_after, at(table[i][1]));
    assert_int_equal(period.publish_at, period.not_before);
  }
  assert_err(STARDELEG_ERR_EXPIRED, sdg_star_schedule_period(&schedule, 3, &period));
  assert_err(STARDELEG_ERR_EXPIRED, sdg_star_schedule_period(&schedule, UINT64_MAX, &period));
}

/* STAR-3.5-03: la larger than T is capped, la of 0 leaves the server's padding; AMB-13: rounding */
static void adjustments(void **state)
{
  static const struct {
    int64_t lifetime_s, adjust_s;
    unsigned fraction;
    int64_t expected_s;
  } cases[] = {{100, 0, 500, 50}, {100, 500, 500, 100}, {100, 60, 500, 60}, {100, 40, 500, 50},  {101, 0, 500, 51},
               {3, 0, 999, 2},    {1, 0, 500, 0},       {7, 0, 600, 5},     {100, 100, 999, 100}};
  sdg_star_schedule schedule;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    sdg_auto_renewal renewal =
        renewal_of("2019-01-10T00:00:00Z", "2019-02-10T00:00:00Z", cases[i].lifetime_s, cases[i].adjust_s);

    assert_ok(sdg_star_schedule_init(&schedule, &renewal, 0, cases[i].fraction));
    assert_int_equal(schedule.adjust_ms, cases[i].expected_s * 1000);
  }
}

static void refusals(void **state)
{
  sdg_auto_renewal renewal = renewal_of("2019-01-10T00:00:00Z", "2019-01-20T00:00:00Z", 345600, 0);
  sdg_auto_renewal spoiled = renewal;
  sdg_star_schedule schedule;

  (void)state;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_star_schedule_init(&schedule, &renewal, 0, 499));
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_star_schedule_init(&schedule, &renewal, 0, 1000));
  spoiled.lifetime_s = 0;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_star_schedule_init(&schedule, &spoiled, 0, 500));
  spoiled.lifetime_s = INT64_MAX;
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_star_schedule_init(&schedule, &spoiled, 0, 500));
  assert_err(STARDELEG_ERR_EXPIRED, sdg_star_schedule_init(&schedule, &renewal, at("2019-01-20T00:00:00Z"), 500));
}

/* AMB-12: without a start-date, or with one in the past, the first issuance counts, in whole seconds */
static void first_issuance(void **state)
{
  sdg_auto_renewal renewal = renewal_of(NULL, "2019-01-20T00:00:00Z", 86400, 0);
  sdg_star_schedule schedule;
  sdg_star_period period;

  (void)state;
  assert_ok(sdg_star_schedule_init(&schedule, &renewal, at("2019-01-10T05:06:07.890Z"), 500));
  assert_ok(sdg_star_schedule_period(&schedule, 0, &period));
  assert_int_equal(period.not_before, at("2019-01-10T05:06:07Z"));
  renewal = renewal_of("2019-01-10T05:06:07.001Z", "2019-01-20T00:00:00Z", 86400, 0);
  assert_ok(sdg_star_schedule_init(&schedule, &renewal, at("2019-01-01T00:00:00Z"), 500));
  assert_ok(sdg_star_schedule_period(&schedule, 0, &period));
  assert_true(period.not_before >= renewal.start_at);
  renewal = renewal_of("2018-01-01T00:00:00Z", "2019-01-20T00:00:00Z", 86400, 0);
  assert_ok(sdg_star_schedule_init(&schedule, &renewal, at("2019-01-10T00:00:00Z"), 500));
  assert_int_equal(schedule.nrd0, at("2019-01-10T00:00:00Z"));
}

static uint64_t next_random(uint64_t *seed)
{
  uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* max(min(T, la), f*T), reckoned apart from the code under test */
static int64_t expected_adjust_ms(const sdg_auto_renewal *renewal, unsigned fraction)
{
  int64_t client = sdg_time_min(renewal->lifetime_s, renewal->lifetime_adjust_s);
  int64_t server = renewal->lifetime_s * (int64_t)fraction / 1000;

  server += server * 1000 < renewal->lifetime_s * (int64_t)fraction && server + 1 < renewal->lifetime_s ? 1 : 0;
  return sdg_time_max(client, server) * 1000;
}

/* STAR-3.3-07, STAR-3.3-08, STAR-3.3-09: published no later than half way, valid when published, never beyond the end
 */
static void check_order(const sdg_auto_renewal *renewal, stardeleg_time first, unsigned fraction)
{
  sdg_star_schedule schedule;
  sdg_star_period before = {0};
  sdg_star_period period;
  int64_t lifetime_ms = renewal->lifetime_s * 1000;

  if (sdg_star_schedule_init(&schedule, renewal, first, fraction) != STARDELEG_OK) {
    return;
  }
  for (uint64_t i = 0; i < 50; i++) {
    if (sdg_star_schedule_period(&schedule, i, &period) != STARDELEG_OK) {
      assert_int_equal(before.not_after, schedule.end_at); /* the last one lasts until the end */
      break;
    }
    assert_true(period.not_after <= renewal->end_at);
    assert_true(period.not_after > period.not_before);
    assert_true(period.not_before <= period.publish_at);
    assert_true(renewal->start_at == STARDELEG_TIME_NONE || period.not_before >= renewal->start_at);
    assert_true(period.nrd == schedule.nrd0 + (int64_t)i * lifetime_ms);
    assert_int_equal(period.not_after, sdg_time_min(period.nrd + lifetime_ms, schedule.end_at));
    assert_int_equal(period.not_before, i == 0 ? period.nrd : period.nrd - expected_adjust_ms(renewal, fraction));
    if (i > 0 && renewal->lifetime_s > 1) {
      assert_true(period.publish_at <= before.nrd + lifetime_ms - lifetime_ms / 2);
      assert_true(period.publish_at < before.not_after);
      assert_true(period.publish_at >= before.publish_at);
      assert_true(sdg_star_fetch_at(renewal, before.not_before, before.not_after) >= before.publish_at);
      assert_true(sdg_star_fetch_at(renewal, before.not_before, before.not_after) < before.not_after);
    }
    before = period;
  }
}

static void any_order(void **state)
{
  uint64_t seed = 8739;

  (void)state;
  for (int i = 0; i < 20000; i++) {
    sdg_auto_renewal renewal = {0};
    stardeleg_time first = (stardeleg_time)(next_random(&seed) % 4102444800000u);

    renewal.lifetime_s = 1 + (int64_t)(next_random(&seed) % (i % 2 == 0 ? 100 : 34560000));
    renewal.lifetime_adjust_s = (int64_t)(next_random(&seed) % (uint64_t)(2 * renewal.lifetime_s));
    renewal.start_at = i % 3 == 0 ? STARDELEG_TIME_NONE : first + (int64_t)(next_random(&seed) % 1000000) - 500000;
    renewal.end_at = first + (int64_t)(next_random(&seed) % (uint64_t)(renewal.lifetime_s * 20000)) + 1000;
    check_order(&renewal, first, 500 + (unsigned)(next_random(&seed) % 500));
  }
}

/* The newest period that is to be published; missed ones are skipped. */
static void at_an_instant(void **state)
{
  sdg_auto_renewal renewal = renewal_of("2019-01-10T00:00:00Z", "2019-01-20T00:00:00Z", 345600, 259200);
  sdg_star_schedule schedule;
  sdg_star_period period;
  static const struct {
    const char *now;
    uint64_t index;
  } cases[] = {{"2019-01-01T00:00:00Z", 0}, {"2019-01-10T00:00:00Z", 0}, {"2019-01-10T23:59:59Z", 0},
               {"2019-01-11T00:00:00Z", 1}, {"2019-01-14T23:59:59Z", 1}, {"2019-01-15T00:00:00Z", 2},
               {"2019-01-19T23:59:59Z", 2}};

  (void)state;
  assert_ok(sdg_star_schedule_init(&schedule, &renewal, 0, 500));
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    assert_ok(sdg_star_schedule_at(&schedule, at(cases[i].now), &period));
    assert_int_equal(period.index, cases[i].index);
  }
  assert_err(STARDELEG_ERR_EXPIRED, sdg_star_schedule_at(&schedule, at("2019-01-20T00:00:00Z"), &period));
}

/* STAR-3.5-05: when a client begins to ask; the last certificate has no successor */
static void fetching(void **state)
{
  sdg_auto_renewal renewal = renewal_of(NULL, "2019-01-20T00:00:00Z", 345600, 259200);

  (void)state;
  assert_int_equal(sdg_star_fetch_at(&renewal, at("2019-01-10T00:00:00Z"), at("2019-01-14T00:00:00Z")),
                   at("2019-01-11T00:00:00Z"));
  renewal.lifetime_adjust_s = 0;
  assert_int_equal(sdg_star_fetch_at(&renewal, at("2019-01-10T00:00:00Z"), at("2019-01-14T00:00:00Z")),
                   at("2019-01-12T00:00:00Z"));
  assert_int_equal(sdg_star_fetch_at(&renewal, at("2019-01-16T00:00:00Z"), at("2019-01-20T00:00:00Z")),
                   STARDELEG_TIME_NEVER);
  assert_int_equal(sdg_star_poll_pause_ms(0, 0), 1000);
  assert_int_equal(sdg_star_poll_pause_ms(0, 100000), 5000);
  assert_int_equal(sdg_star_poll_pause_ms(0, INT64_MAX / 2), 3600000);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_rfc_table),  cmocka_unit_test(adjustments), cmocka_unit_test(refusals),
      cmocka_unit_test(first_issuance), cmocka_unit_test(any_order),   cmocka_unit_test(at_an_instant),
      cmocka_unit_test(fetching),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
