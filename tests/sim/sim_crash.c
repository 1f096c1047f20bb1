/* SPDX-License-Identifier: Apache-2.0 */
/* sim/sim_crash.c -- each of the three processes is killed at each exchange of a delegation's life, from the first
 * request to the acknowledged end: it always goes the same way in the end. */
#include "support/test.h"

#include "sim/scenario.h"

/* How long things may take with a kill in between: leases, pauses after failures. */
#define SETTLED (10 * SIM_MINUTE)
#define LIFETIME_S 86400

typedef struct murder {
  size_t victim;
  uint64_t exchange; /* 0: nobody is killed */
  sim_phase phase;
} murder;

static void kill_at(sim_world *world, uint64_t exchange, sim_phase phase)
{
  const murder *m = world->on_phase_ctx;

  if (m->exchange == exchange && m->phase == phase) {
    sim_actor_restart(&world->actors[m->victim]);
  }
}

/* --- What is to be the same in the end --- */

typedef struct summary {
  char text[400];
  size_t used;
} summary;

static void add_line(summary *s, const char *what, const char *state)
{
  int n = snprintf(s->text + s->used, sizeof(s->text) - s->used, "%s=%s ", what, state);

  s->used += n > 0 && (size_t)n < sizeof(s->text) - s->used ? (size_t)n : 0;
}

static int add_ndc_status(void *ctx, const stardeleg_ndc_status *status)
{
  add_line(ctx, "ndc", status->state);
  return 0;
}

/* An order that a kill has left without a CSR is no harm: it just expires, or ends with its delegation. */
static int add_ido_status(void *ctx, const stardeleg_ido_status *status)
{
  if (strcmp(status->order_status, "ready") != 0 && strcmp(status->order_status, "invalid") != 0) {
    add_line(ctx, "delegation", status->delegation_state);
    add_line(ctx, "order", status->order_status);
  }
  return 0;
}

static void sum_up(sim_world *world, summary *s)
{
  unsigned issued = 0;
  char number[16];

  memset(s, 0, sizeof(*s));
  stardeleg_ndc_inspect(world->actors[SIM_NDC].ndc, add_ndc_status, s);
  assert_ok(stardeleg_ido_inspect(world->actors[SIM_IDO].ido, NULL, add_ido_status, s));
  for (size_t i = 0; i < sim_watch_order_count(world->watch); i++) {
    issued += sim_watch_order(world->watch, i)->issued > 0 ? 1 : 0;
  }
  (void)snprintf(number, sizeof(number), "%u", issued);
  add_line(s, "orders with a certificate", number);
}

static void check_summary(sim_world *world, const char *when, const char *expected)
{
  summary s;

  if (world->failed) {
    return;
  }
  sum_up(world, &s);
  if (strstr(s.text, expected) == NULL) {
    sim_world_fail(world, "%s: %s", when, s.text);
  }
}

/* --- The life --- */

static sim_world *be_born(const murder *m, int64_t order_duration_s)
{
  sim_setup setup = {0};
  sim_world *world;

  setup.seed = 9;
  setup.ndc_count = 1;
  setup.cheap = true;
  setup.ndcs[0].lifetime_s = LIFETIME_S;
  setup.ndcs[0].order_duration_s = order_duration_s;
  setup.ndcs[0].discovery_interval_s = 6 * 3600;
  world = sim_world_new(&setup);
  world->on_phase = kill_at;
  world->on_phase_ctx = m;
  (void)sim_delegate(world, SIM_NDC);
  sim_world_run(world, SIM_BEGIN + SETTLED);
  return world;
}

/* The owner ends it now, and it dies. */
static void die(sim_world *world, const char *orders)
{
  stardeleg_time now = world->now;
  char expected[200];

  sim_end(world, 0);
  sim_world_run(world, now + SETTLED);
  /* The NDC learns of it when it next looks at the list or for a certificate. */
  check_summary(world, "after the end", orders);
  sim_world_run(world, now + SETTLED + LIFETIME_S * SIM_S);
  (void)snprintf(expected, sizeof(expected), "ndc=ended %s", orders);
  check_summary(world, "at last", expected);
  sim_watch_settle(world->watch, SETTLED);
  if (!world->failed && sim_watch_get(world->watch, 0)->told_at == STARDELEG_TIME_NONE) {
    sim_world_fail(world, "the NDC was not told of the end");
  }
}

/* An order, a renewal, the end. */
static sim_world *live(const murder *m)
{
  sim_world *world = be_born(m, 20 * 86400);

  check_summary(world, "in its first minutes", "ndc=active delegation=active order=valid orders with a certificate=1 ");
  sim_world_run(world, SIM_BEGIN + 14 * SIM_HOUR);
  die(world, "delegation=ended order=canceled orders with a certificate=1 ");
  return world;
}

/* An order, the next one before it runs out, the end while both are there. */
static sim_world *live_on(const murder *m)
{
  sim_world *world = be_born(m, 4 * 86400);

  sim_world_run(world, SIM_BEGIN + 3 * SIM_DAY);
  check_summary(world, "after its second order", "orders with a certificate=2 ");
  die(world, "delegation=ended order=canceled delegation=ended order=canceled orders with a certificate=2 ");
  return world;
}

/* --- The deaths --- */

typedef sim_world *(*life)(const murder *m);

static void kill_each(life fn, size_t victim, sim_phase from, sim_phase to)
{
  murder m = {victim, 0, from};
  sim_world *world = fn(&m);
  uint64_t count = world->exchanges;

  sim_tell(world, "crash", 0);
  sim_world_end(world, "sim_crash", 0);
  for (m.phase = from; m.phase <= to; m.phase++) {
    /* Under sanitizers only some of them: others in each phase. */
    for (m.exchange = 1 + (uint64_t)m.phase % SIM_SCALE; m.exchange <= count; m.exchange += SIM_SCALE) {
      world = fn(&m);
      if (world->failed) {
        print_message("# actor %zu was killed at exchange %u, phase %d\n", victim, (unsigned)m.exchange, (int)m.phase);
      }
      sim_world_end(world, "sim_crash", m.exchange);
    }
  }
}

static void the_ca_may_die_at_any_exchange(void **state)
{
  (void)state;
  kill_each(live, SIM_CA, SIM_ARRIVING, SIM_ANSWERED);
}

static void the_owner_may_die_at_any_exchange(void **state)
{
  (void)state;
  kill_each(live, SIM_IDO, SIM_ARRIVING, SIM_ANSWERED);
}

static void the_delegate_may_die_at_any_exchange(void **state)
{
  (void)state;
  kill_each(live, SIM_NDC, SIM_ARRIVING, SIM_ANSWERED);
}

static void each_may_die_while_orders_change(void **state)
{
  (void)state;
  kill_each(live_on, SIM_IDO, SIM_HANDLED, SIM_HANDLED);
  kill_each(live_on, SIM_NDC, SIM_HANDLED, SIM_HANDLED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_ca_may_die_at_any_exchange),
      cmocka_unit_test(the_owner_may_die_at_any_exchange),
      cmocka_unit_test(the_delegate_may_die_at_any_exchange),
      cmocka_unit_test(each_may_die_while_orders_change),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
