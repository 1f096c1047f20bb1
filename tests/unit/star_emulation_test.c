/* SPDX-License-Identifier: Apache-2.0 */
/* star_emulation_test.c -- STAR orders over CAs without RFC 8739: what fits, and when to order. */
#include "support/test.h"

#include "base/time.h"
#include "star/emulation.h"

#define V6D (160 * INT64_C(3600)) /* 160 hours */
#define T_MIN 288001
#define T_MAX 384000
#define START INT64_C(1767225600000)

static const sdg_star_supply six_days = {V6D, 3600, false};
static const sdg_star_supply exact = {90 * INT64_C(86400), 0, true};

static sdg_auto_renewal renewal_of(int64_t lifetime_s, int64_t days)
{
  return (sdg_auto_renewal){.start_at = STARDELEG_TIME_NONE,
                            .end_at = START + days * SDG_TIME_DAY,
                            .lifetime_s = lifetime_s,
                            .certificate_get = true};
}

typedef struct fit_case {
  const sdg_star_supply *supply;
  int64_t lifetime_s;
  int64_t adjust_s;
  int64_t days;
  const char *place; /* NULL: it fits */
  const char *bound;
} fit_case;

static const fit_case fit_cases[] = {
    {&six_days, T_MIN, 0, 60, NULL, NULL},
    {&six_days, T_MAX, 0, 60, NULL, NULL},
    {&six_days, T_MIN - 1, 0, 60, "/auto-renewal/lifetime", "288001 to 384000"},
    {&six_days, T_MAX + 1, 0, 60, "/auto-renewal/lifetime", "288001 to 384000"},
    {&six_days, 86400, 0, 60, "/auto-renewal/lifetime", "288001"},
    {&six_days, T_MAX, V6D - T_MAX, 60, NULL, NULL},
    {&six_days, T_MAX, V6D - T_MAX + 1, 60, "/auto-renewal/lifetime-adjust", "192000"},
    {&six_days, 345600, 0, 7, NULL, NULL},
    {&six_days, 345600, 0, 6, "/auto-renewal/end-date", "576000"},
    {&exact, 86400, 0, 1, NULL, NULL},
    {&exact, 60 * 86400, 0, 90, NULL, NULL},
    {&exact, 60 * 86400 + 1, 0, 90, "/auto-renewal/lifetime", "5184000"},
    {&exact, 1, 0, 1, NULL, NULL},
};

static void test_fit(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(fit_cases) / sizeof(fit_cases[0]); i++) {
    const fit_case *c = &fit_cases[i];
    sdg_auto_renewal renewal = renewal_of(c->lifetime_s, c->days);
    stardeleg_problem problem;
    stardeleg_err err;

    renewal.lifetime_adjust_s = c->adjust_s;
    err = sdg_star_supply_check(c->supply, &renewal, START, &problem);
    if (c->place == NULL) {
      assert_ok(err);
      continue;
    }
    assert_int_equal(err, STARDELEG_ERR_MALFORMED);
    assert_string_equal(problem.place, c->place);
    assert_non_null(strstr(problem.detail, c->bound));
  }
}

/* Whatever the end-date that is proposed in a refusal, it works. */
static void test_proposed_end(void **state)
{
  sdg_auto_renewal renewal = renewal_of(345600, 1);
  stardeleg_problem problem;
  const char *at;

  (void)state;
  assert_int_equal(sdg_star_supply_check(&six_days, &renewal, START, &problem), STARDELEG_ERR_MALFORMED);
  at = strstr(problem.detail, "it can be ");
  assert_non_null(at);
  assert_ok(sdg_time_read_rfc3339(&renewal.end_at, (stardeleg_bytes){(const uint8_t *)at + 10, 20}));
  assert_ok(sdg_star_supply_check(&six_days, &renewal, START, &problem));
}

/* A whole order: every successor is there when the delegate asks for it (STAR-3.3), nothing outlives end-date, none is
 * ordered twice, and the names are covered to within an hour of the end. */
static void play(const sdg_star_supply *supply, int64_t lifetime_s, int64_t days, int64_t delay_ms, size_t most)
{
  sdg_auto_renewal renewal = renewal_of(lifetime_s, days);
  stardeleg_time first = sdg_star_supply_first(supply, &renewal, START);
  stardeleg_time at = first;
  sdg_star_held held = {0, 0, 0};
  size_t count = 0;

  assert_int_equal(first, START);
  while (at != STARDELEG_TIME_NEVER) {
    stardeleg_time ordered = at + delay_ms;
    sdg_star_period period;

    assert_ok(sdg_star_supply_period(supply, &renewal, first, ordered, &period));
    if (count > 0) {
      /* a little late only by what the CA took */
      assert_true(ordered <= sdg_star_fetch_at(&renewal, held.not_before, held.not_after) + delay_ms);
    }
    held.ordered_at = ordered;
    held.not_before = ordered - supply->backdate_s * SDG_TIME_S;
    held.not_after = period.not_after != STARDELEG_TIME_NONE ? period.not_after
                                                             : held.not_before + supply->validity_s * SDG_TIME_S;
    assert_true(held.not_after <= renewal.end_at);
    count++;
    assert_true(count <= most);
    at = sdg_star_supply_next(supply, &renewal, first, &held);
    assert_true(at > ordered);
  }
  assert_true(held.not_after >= renewal.end_at - 3 * SDG_TIME_HOUR);
}

static void test_life(void **state)
{
  (void)state;
  play(&six_days, T_MAX, 60, 0, 16);
  play(&six_days, T_MIN, 60, 0, 20);
  play(&six_days, 345600, 365, 60000, 100);
  play(&six_days, T_MAX, 14, 60000, 5);
  play(&exact, 86400, 30, 0, 32);
  play(&exact, 60 * 86400, 365, 60000, 8);
}

static void test_start_date(void **state)
{
  sdg_auto_renewal renewal = renewal_of(T_MAX, 60);

  (void)state;
  renewal.start_at = START + SDG_TIME_DAY;
  /* a certificate that is dated back must not begin before start-date */
  assert_int_equal(sdg_star_supply_first(&six_days, &renewal, START), START + SDG_TIME_DAY + SDG_TIME_HOUR);
  assert_int_equal(sdg_star_supply_first(&exact, &renewal, START), START + SDG_TIME_DAY);
  assert_int_equal(sdg_star_supply_first(&exact, &renewal, START + 2 * SDG_TIME_DAY), START + 2 * SDG_TIME_DAY);
  renewal.end_at = START + 5 * SDG_TIME_DAY;
  assert_int_equal(sdg_star_supply_first(&six_days, &renewal, START), STARDELEG_TIME_NEVER);
}

/* After an outage it may be too late for another one. */
static void test_too_late(void **state)
{
  sdg_auto_renewal renewal = renewal_of(T_MAX, 60);
  sdg_star_period period;

  (void)state;
  assert_ok(sdg_star_supply_period(&six_days, &renewal, START, renewal.end_at - V6D * 1000, &period));
  assert_int_equal(sdg_star_supply_period(&six_days, &renewal, START, renewal.end_at - V6D * 1000 + 1, &period),
                   STARDELEG_ERR_EXPIRED);
  assert_int_equal(sdg_star_supply_period(&exact, &renewal, START, renewal.end_at, &period), STARDELEG_ERR_EXPIRED);
  assert_ok(sdg_star_supply_period(&exact, &renewal, START, renewal.end_at - 1000, &period));
  assert_int_equal(period.not_after, renewal.end_at);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fit),        cmocka_unit_test(test_proposed_end), cmocka_unit_test(test_life),
      cmocka_unit_test(test_start_date), cmocka_unit_test(test_too_late),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
