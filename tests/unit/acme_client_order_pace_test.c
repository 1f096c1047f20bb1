/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_order_pace_test.c -- an order that is being worked on for hours is polled less and less often. */
#include "support/order_rig.h"

#include "base/time.h"

/* Polls in the first |span_ms| that the order is processing; |*pause| is the last pause between them. */
static int count_polls(order_rig *rig, const char *const *headers, int64_t span_ms, int64_t *pause)
{
  stardeleg_time until;
  int polls = 0;

  order_rig_expect_new(rig);
  order_rig_answer_order(rig, 201, "ready", NULL);
  order_rig_expect_finalize(rig);
  order_rig_answer_order(rig, 200, "processing", NULL);
  until = rig->server.now + span_ms;
  while (rig->server.now < until) {
    order_rig_sleep(rig, SDG_TIME_DAY);
    order_rig_expect_fetch(rig, RIG_ORDER);
    scripted_answer(&rig->server, 200, headers, order_rig_order(rig, "processing", 0, NULL));
    *pause = scripted_wait(&rig->server) - rig->server.now;
    polls++;
  }
  return polls;
}

static void end(order_rig *rig)
{
  order_rig_sleep(rig, SDG_TIME_DAY);
  order_rig_expect_fetch(rig, RIG_ORDER);
  order_rig_answer_order(rig, 200, "valid", ",\"certificate\":\"" RIG_CERTIFICATE "\"");
  order_rig_rests(rig, SDG_FLOW_VALID);
  order_rig_end(rig);
}

/* Without Retry-After: often at first, each minute after an hour, every four after four. */
static void untold(void **state)
{
  static const struct {
    int64_t span;
    uint64_t least, most;
    uint64_t pause;
  } cases[] = {{SDG_TIME_MINUTE, 10, 20, 10000},
               {30 * SDG_TIME_MINUTE, 60, 100, 31000},
               {SDG_TIME_HOUR, 100, 150, 62000},
               {4 * SDG_TIME_HOUR, 150, 230, 250000}};

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    order_rig rig;
    int64_t pause = 0;
    int polls;

    order_rig_begin(&rig, NULL);
    polls = count_polls(&rig, NULL, cases[i].span, &pause);
    assert_in_range((uint64_t)polls, cases[i].least, cases[i].most);
    assert_in_range((uint64_t)pause, cases[i].pause / 2, cases[i].pause);
    end(&rig);
  }
}

/* ACME-7.4-18: Retry-After is kept to: at first up to five minutes, later up to a quarter of the time gone by. */
static void told(void **state)
{
  static const char *const minute[] = {"Retry-After: 60", NULL};
  static const char *const hour[] = {"Retry-After: 3600", NULL};
  static const char *const day[] = {"Retry-After: 86400", NULL};
  static const struct {
    const char *const *headers;
    int64_t span;
    uint64_t least, most;
    int64_t pause_least, pause_most;
  } cases[] = {{minute, SDG_TIME_HOUR, 60, 61, SDG_TIME_MINUTE, SDG_TIME_MINUTE},
               {hour, 4 * SDG_TIME_MINUTE, 2, 2, 5 * SDG_TIME_MINUTE, 5 * SDG_TIME_MINUTE},
               {hour, 2 * SDG_TIME_HOUR, 8, 14, 30 * SDG_TIME_MINUTE, 40 * SDG_TIME_MINUTE},
               {hour, 12 * SDG_TIME_HOUR, 20, 26, SDG_TIME_HOUR, SDG_TIME_HOUR},
               {day, 12 * SDG_TIME_HOUR, 15, 22, 3 * SDG_TIME_HOUR, 4 * SDG_TIME_HOUR}};

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    order_rig rig;
    int64_t pause = 0;
    int polls;

    order_rig_begin(&rig, NULL);
    rig.restarts = true; /* how long it has taken is not forgotten */
    polls = count_polls(&rig, cases[i].headers, cases[i].span, &pause);
    assert_in_range((uint64_t)polls, cases[i].least, cases[i].most);
    assert_in_range((uint64_t)pause, (uint64_t)cases[i].pause_least, (uint64_t)cases[i].pause_most);
    end(&rig);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(untold), cmocka_unit_test(told)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
