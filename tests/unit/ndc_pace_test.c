/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_pace_test.c -- a certificate that is not due for days is looked at all the same: its CA may have replaced it, or
 * ended the order. */
#include "support/ndc_story.h"

#include "base/bytes.h"

#define HOUR ((int64_t)3600 * 1000)
#define WEEK (7 * WORLD_DAY)

static int setup(void **state)
{
  (void)state;
  world_init(&world);
  world.options.lifetime_s = 7 * 86400; /* successors are due after three days and a half */
  world.options.discovery_interval_s = 30 * 86400;
  world.options.template_interval_s = 30 * 86400;
  return 0;
}

static void start(void)
{
  world_start(&world);
  world_run(&world, WORLD_EPOCH + HOUR);
  assert_int_equal(certificates(), 1);
  assert_int_equal(world.gets, 1);
}

/* After a mass revocation there is another certificate for the same days: in use within a day, whenever that was. */
static void test_replaced_early(void **state)
{
  (void)state;
  for (int hours = 1; hours < 60; hours += 16) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    start();
    world_run(&world, WORLD_EPOCH + hours * HOUR);
    world.orders[0].reissued = 1;
    world_run(&world, WORLD_EPOCH + hours * HOUR + WORLD_DAY);
    assert_int_equal(certificates(), 2);
    assert_string_equal(world_last(&world, STARDELEG_NDC_CERTIFICATE)->serial, "2774");
    assert_int_equal(world.order_count, 1);
    assert_int_equal(failures(), 0);
  }
}

/* STAR-3.3-12: the CA ends the order early; the delegate does not find out by the list. */
static void test_ended_early(void **state)
{
  (void)state;
  start();
  world.orders[0].canceled = true;
  world.offered[0] = false;
  world_run(&world, WORLD_EPOCH + WORLD_DAY + HOUR);
  assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 1);
  assert_int_equal(world_last(&world, STARDELEG_NDC_ENDED)->acme, STARDELEG_ACME_AUTO_RENEWAL_CANCELED);
}

/* The order's last certificate has no successor, and is looked at like the others. */
static void test_last_one(void **state)
{
  (void)state;
  world.options.order_duration_s = 7 * 86400;
  start();
  world.orders[0].reissued = 1;
  world_run(&world, WORLD_EPOCH + WORLD_DAY + HOUR);
  assert_int_equal(certificates(), 2);
  assert_int_equal(world.order_count, 1);
}

/* STAR-4.3-02: conditional requests, about one a day, and one for each successor; nothing is told twice. */
static void test_costs_little(void **state)
{
  (void)state;
  world.options.order_duration_s = 90 * 86400;
  start();
  world_run(&world, WORLD_EPOCH + 4 * WEEK);
  assert_int_equal(certificates(), 5);
  assert_in_range(world.gets, 28, 38);
  assert_non_null(strchr(world.last_if_none_match, '"'));
  assert_int_equal(failures(), 0);
}

static size_t gets_in_three_days(int64_t max_age_s, int64_t interval_s)
{
  world_clear(&world);
  assert_int_equal(setup(NULL), 0);
  world.max_age_s = max_age_s;
  world.options.certificate_interval_s = interval_s;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  assert_int_equal(certificates(), 1);
  return world.gets - 1;
}

/* RFC 8739 4.3: what stays fresh for less than the interval is asked for when it is stale, but about four times a day
 * at most; nobody's caching makes the interval longer. */
static void test_freshness(void **state)
{
  (void)state;
  assert_in_range(gets_in_three_days(0, 86400), 3, 3);
  assert_in_range(gets_in_three_days(3 * 86400, 86400), 3, 3);
  assert_in_range(gets_in_three_days(12 * 3600, 86400), 5, 6);
  assert_in_range(gets_in_three_days(60, 86400), 12, 14);
  assert_in_range(gets_in_three_days(60, 7200), 36, 41);
  assert_in_range(gets_in_three_days(86400, 3600), 72, 81);
  assert_in_range(gets_in_three_days(0, (int64_t)365 * 86400), 0, 0);
}

static void fail_star(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode == 0 || strncmp(url, WORLD_STAR, strlen(WORLD_STAR)) != 0) {
    return;
  }
  if (w->mode == 1) {
    reply->status = 0;
  } else {
    world_problem(reply, w->mode, "serverInternal");
    (void)snprintf(reply->retry_after, sizeof(reply->retry_after), "60");
  }
}

/* A CA that is away while nothing is due is nobody's worry: no event, few requests; and what happened meanwhile is
 * noticed soon after. */
static void test_away(void **state)
{
  static const int modes[] = {1, 503, 429};

  (void)state;
  for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    world.bend = fail_star;
    start();
    world.mode = modes[i];
    world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
    assert_int_equal(failures(), 0);
    assert_in_range(world.gets, 10, 32);
    world.orders[0].reissued = 1;
    world.mode = 0;
    world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY + 4 * HOUR);
    assert_int_equal(certificates(), 2);
    /* when a successor is due it is another matter */
    world.mode = modes[i];
    world_run(&world, WORLD_EPOCH + 4 * WORLD_DAY);
    assert_true(failures() > 2);
    assert_int_equal(world.order_count, 1);
  }
}

static void refuse_star(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode == 1 && strncmp(url, WORLD_STAR, strlen(WORLD_STAR)) == 0) {
    world_problem(reply, 404, "malformed");
  }
}

/* A refusal is: people are told, the order is looked at, the certificate in use stays. */
static void test_refused(void **state)
{
  (void)state;
  world.bend = refuse_star;
  start();
  world.mode = 1;
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  assert_in_range(failures(), 5, 60);
  assert_true(world.gets < 60);
  assert_string_equal(world_state(&world, 0), "active");
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  assert_string_equal(world_state(&world, 0), "active");
}

/* --- Many --- */

static struct {
  stardeleg_time at[4096];
  size_t count;
} seen;

static void note_star(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  (void)reply;
  if (strncmp(url, WORLD_STAR, strlen(WORLD_STAR)) == 0) {
    assert_true(seen.count < sizeof(seen.at) / sizeof(seen.at[0]));
    seen.at[seen.count++] = w->now;
  }
}

/* The most requests within any |ms|. */
static size_t crowd(int64_t ms)
{
  size_t most = 0;

  for (size_t i = 0; i < seen.count; i++) {
    size_t count = 0;

    for (size_t k = i; k < seen.count && seen.at[k] < seen.at[i] + ms; k++) {
      count++;
    }
    most = count > most ? count : most;
  }
  return most;
}

/* Ordered in one minute, and after a restart: not asked in one minute. */
static void test_spread(void **state)
{
  (void)state;
  world.bend = note_star;
  world.delegation_count = WORLD_DELEGATIONS_MAX;
  for (size_t i = 0; i < WORLD_DELEGATIONS_MAX; i++) {
    world.offered[i] = true;
  }
  world_start(&world);
  world_run(&world, WORLD_EPOCH + HOUR);
  assert_int_equal(certificates(), WORLD_DELEGATIONS_MAX);
  seen.count = 0;
  world_run(&world, WORLD_EPOCH + WORLD_DAY + HOUR);
  assert_int_equal(seen.count, WORLD_DELEGATIONS_MAX);
  assert_true(crowd(5 * 60000) <= WORLD_DELEGATIONS_MAX / 2);
  world_stop(&world);
  world_start(&world);
  seen.count = 0;
  world_run(&world, world.now + 6 * HOUR);
  assert_int_equal(seen.count, WORLD_DELEGATIONS_MAX);
  assert_true(crowd(20 * 60000) <= WORLD_DELEGATIONS_MAX / 2);
}

static void test_option(void **state)
{
  static const int64_t bad[] = {-1, 0, 59, INT64_MAX};

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    stardeleg_ndc *ndc = NULL;
    stardeleg_problem problem;

    world.options.certificate_interval_s = bad[i];
    assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_new(&ndc, &world.options, &problem));
    assert_string_equal(problem.place, "certificate_interval_s");
  }
}

#define PACE(test) cmocka_unit_test_setup_teardown(test, setup, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      PACE(test_replaced_early), PACE(test_ended_early), PACE(test_last_one), PACE(test_costs_little),
      PACE(test_freshness),      PACE(test_away),        PACE(test_refused),  PACE(test_spread),
      PACE(test_option),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
