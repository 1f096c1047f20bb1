/* SPDX-License-Identifier: Apache-2.0 */
/* unit/dns_update_keeper_test.c -- the solver and the CNAMEs on a zone of the test's own, by a virtual clock. */
#include "support/test.h"

#include <stdbool.h>
#include <stardeleg/dns_update.h>
#include "support/dns_rig.h"

/* --- The solver --- */

static void presents_and_cleans(void **state)
{
  dns_rig r;
  stardeleg_challenge c = dns_rig_challenge("value-1");

  (void)state;
  dns_rig_start(&r, true);
  r.z.change_ms = 7;
  r.z.show_ms = 5000;
  dns_rig_open(&r);
  assert_int_equal(dns_rig_present(&r, &c), 7 + 6000); /* seen at the third look: every two seconds */
  assert_non_null(dns_zone_find(&r.z, STARDELEG_DNS_TXT, "_acme-challenge.example.org", "value-1"));
  assert_int_equal(dns_rig_present(&r, &c), 0); /* asked again: nothing is done twice */
  assert_int_equal(r.z.changes, 1);
  assert_int_equal(stardeleg_dns_keeper_pending(r.keeper), 0);
  dns_rig_clean(&r, &c);
  assert_int_equal(r.woken, 1);
  assert_int_equal(stardeleg_dns_keeper_pending(r.keeper), 1);
  dns_rig_run(&r, 1000);
  assert_int_equal(r.z.count, 0);
  assert_int_equal(stardeleg_dns_keeper_pending(r.keeper), 0);
  dns_rig_stop(&r);
}

/* The wildcard and its base stand at one name (RFC 8555 8.4: "multiple TXT records"). */
static void keeps_values_apart(void **state)
{
  dns_rig r;
  stardeleg_challenge a = dns_rig_challenge("value-a");
  stardeleg_challenge b = dns_rig_challenge("value-b");

  (void)state;
  dns_rig_start(&r, true);
  dns_rig_open(&r);
  assert_int_equal(dns_rig_present(&r, &a), 0);
  assert_int_equal(dns_rig_present(&r, &b), 0);
  assert_int_equal(r.z.count, 2);
  dns_rig_clean(&r, &a);
  dns_rig_run(&r, 1000);
  assert_int_equal(r.z.count, 1);
  assert_non_null(dns_zone_find(&r.z, STARDELEG_DNS_TXT, "_acme-challenge.example.org", "value-b"));
  dns_rig_stop(&r);
}

/* CA/B and RFC 8555 8.4: a CNAME at _acme-challenge leads elsewhere; the record goes there and goes from there. */
static void follows_aliases(void **state)
{
  dns_rig r;
  stardeleg_challenge c = dns_rig_challenge("value-1");

  (void)state;
  dns_rig_start(&r, true);
  r.z.alias_from = "_acme-challenge.example.org";
  r.z.alias_to = "example.org.acme.example.net";
  dns_rig_open(&r);
  assert_int_equal(dns_rig_present(&r, &c), 0);
  assert_non_null(dns_zone_find(&r.z, STARDELEG_DNS_TXT, "example.org.acme.example.net", "value-1"));
  r.z.alias_to = "elsewhere.example.net"; /* it is taken away from where it was put */
  dns_rig_clean(&r, &c);
  dns_rig_run(&r, 1000);
  assert_int_equal(r.z.count, 0);
  r.z.alias_to = "a\\046b.example.net";
  assert_int_equal(dns_rig_ask(&r, &c), 5000);
  assert_int_equal(r.z.count, 0);
  dns_rig_stop(&r);
}

static void cleans_after_a_restart(void **state)
{
  dns_rig r;
  stardeleg_challenge c = dns_rig_challenge("value-1");

  (void)state;
  dns_rig_start(&r, true);
  r.z.alias_from = "_acme-challenge.example.org";
  r.z.alias_to = "x.example.net";
  dns_rig_open(&r);
  assert_int_equal(dns_rig_present(&r, &c), 0);
  stardeleg_dns_keeper_free(r.keeper);
  dns_rig_open(&r);
  assert_int_equal(dns_rig_present(&r, &c), 0); /* repeated: no harm */
  assert_int_equal(r.z.count, 1);
  stardeleg_dns_keeper_free(r.keeper);
  dns_rig_open(&r);
  dns_rig_clean(&r, &c);
  dns_rig_run(&r, 1000);
  assert_int_equal(r.z.count, 0);
  dns_rig_stop(&r);
}

/* Cleaned up while the record is on its way: what was begun ends first, or the record would come after its removal. */
static void cleans_what_is_under_way(void **state)
{
  dns_rig r;
  stardeleg_challenge c = dns_rig_challenge("value-1");
  stardeleg_time ready_at = T0;

  (void)state;
  dns_rig_start(&r, false);
  r.z.change_ms = 100;
  dns_rig_open(&r);
  assert_ok(stardeleg_dns_keeper_solver(r.keeper)->present(r.keeper, &c, T0, &ready_at));
  assert_int_equal(ready_at, T0 + 100);
  dns_rig_clean(&r, &c);
  dns_rig_run(&r, 1000);
  assert_int_equal(r.z.changes, 2);
  assert_int_equal(r.z.count, 0);
  assert_int_equal(stardeleg_dns_keeper_pending(r.keeper), 0);
  dns_rig_stop(&r);
}

static void waits_a_fixed_time(void **state)
{
  dns_rig r;
  stardeleg_challenge c = dns_rig_challenge("value-1");
  stardeleg_time ready_at = T0 + 10;

  (void)state;
  dns_rig_start(&r, false);
  r.options.delay_ms = 30000;
  dns_rig_open(&r);
  ready_at = T0;
  assert_ok(stardeleg_dns_keeper_solver(r.keeper)->present(r.keeper, &c, T0, &ready_at));
  assert_int_equal(ready_at, T0 + 30000);
  ready_at = r.z.now = T0 + 10; /* asked too early: not a moment sooner */
  assert_ok(stardeleg_dns_keeper_solver(r.keeper)->present(r.keeper, &c, T0 + 10, &ready_at));
  assert_int_equal(ready_at, T0 + 30000);
  assert_int_equal(dns_rig_present(&r, &c), 29990);
  dns_rig_stop(&r);
}

static void begins_again_when_it_never_shows(void **state)
{
  dns_rig r;
  stardeleg_challenge c = dns_rig_challenge("value-1");

  (void)state;
  dns_rig_start(&r, true);
  r.z.is_deaf = true;
  dns_rig_open(&r);
  while (r.z.changes < 2) {
    r.z.now += dns_rig_ask(&r, &c);
    assert_true(r.z.now < T0 + 400000);
  }
  assert_in_range(r.z.now, T0 + 300000, T0 + 310000);
  r.z.is_deaf = false;
  assert_in_range(dns_rig_present(&r, &c), 0, 400000);
  assert_int_equal(r.z.count, 1);
  dns_rig_stop(&r);
}

/* An error would stop the engine that asks: the order is told to come back, later and later. */
static void waits_after_failures(void **state)
{
  static const stardeleg_dns_status bad[] = {STARDELEG_DNS_FAILED, STARDELEG_DNS_TIMEOUT, STARDELEG_DNS_BOGUS};
  dns_rig r;
  stardeleg_challenge c = dns_rig_challenge("value-1");

  (void)state;
  dns_rig_start(&r, true);
  dns_rig_open(&r);
  r.z.fails = 3;
  r.z.fail = STARDELEG_ERR_CALLBACK;
  assert_int_equal(dns_rig_ask(&r, &c), 5000);
  r.z.now += 1000;
  assert_int_equal(dns_rig_ask(&r, &c), 4000); /* too early: nothing is tried */
  r.z.now += 4000;
  assert_int_equal(dns_rig_ask(&r, &c), 10000);
  r.z.now += 10000;
  assert_int_equal(dns_rig_ask(&r, &c), 20000);
  r.z.now += 20000;
  assert_int_equal(dns_rig_ask(&r, &c), 0);
  dns_rig_clean(&r, &c);
  dns_rig_run(&r, 1000);
  r.z.fails = 1;
  r.z.fail = STARDELEG_ERR_NOMEM;
  assert_int_equal(dns_rig_ask(&r, &c), STARDELEG_ERR_NOMEM);
  dns_rig_clean(&r, &c);
  dns_rig_run(&r, 1000);
  r.z.changes = 0;
  for (size_t i = 0; i < 3; i++) {
    r.z.status = bad[i];
    r.z.now += i == 0 ? 0 : 5000 << (i - 1);
    assert_int_equal(dns_rig_ask(&r, &c), 5000 << i);
  }
  assert_int_equal(r.z.changes, 0);
  dns_rig_stop(&r);
}

static void tries_removals_ten_times(void **state)
{
  dns_rig r;
  stardeleg_challenge c = dns_rig_challenge("value-1");

  (void)state;
  dns_rig_start(&r, true);
  dns_rig_open(&r);
  assert_int_equal(dns_rig_present(&r, &c), 0);
  r.z.fails = 9;
  r.z.fail = STARDELEG_ERR_CALLBACK;
  dns_rig_clean(&r, &c);
  dns_rig_run(&r, INT64_C(24) * 3600 * 1000);
  assert_int_equal(r.z.count, 0);
  assert_int_equal(dns_rig_present(&r, &c), 0);
  r.z.fails = 10;
  dns_rig_clean(&r, &c);
  dns_rig_run(&r, INT64_C(24) * 3600 * 1000);
  assert_int_equal(r.z.count, 1);
  assert_int_equal(stardeleg_dns_keeper_pending(r.keeper), 0); /* let go of */
  dns_rig_stop(&r);
}

/* The token and the names are a peer's: nothing of them reaches the door unless it has its form. */
static void refuses_hostile_challenges(void **state)
{
  dns_rig r;
  stardeleg_challenge c = dns_rig_challenge("value-1");

  (void)state;
  dns_rig_start(&r, true);
  dns_rig_open(&r);
  c.token = "../../etc/passwd";
  assert_int_equal(dns_rig_present(&r, &c), STARDELEG_ERR_CALLBACK);
  dns_rig_clean(&r, &c);
  c = dns_rig_challenge("$(id)\n");
  assert_int_equal(dns_rig_present(&r, &c), STARDELEG_ERR_CALLBACK);
  c = dns_rig_challenge("value-1");
  c.record_name = "_acme-challenge.example.org\nsend";
  assert_int_equal(dns_rig_present(&r, &c), STARDELEG_ERR_CALLBACK);
  c.record_name = "";
  assert_int_equal(dns_rig_present(&r, &c), STARDELEG_ERR_CALLBACK);
  dns_rig_run(&r, 1000);
  assert_int_equal(r.z.changes, 0);
  dns_rig_stop(&r);
}

static void says_what_it_solves(void **state)
{
  dns_rig r;
  const stardeleg_solver *solver;

  (void)state;
  dns_rig_start(&r, true);
  dns_rig_open(&r);
  solver = stardeleg_dns_keeper_solver(r.keeper);
  assert_true(solver->can_solve(solver->ctx, "dns-01", "dns") >
              solver->can_solve(solver->ctx, "dns-account-01", "dns"));
  assert_true(solver->can_solve(solver->ctx, "dns-account-01", "dns") > 0);
  assert_int_equal(solver->can_solve(solver->ctx, "http-01", "dns"), 0);
  assert_int_equal(solver->can_solve(solver->ctx, "dns-persist-01", "dns"), 0);
  assert_int_equal(solver->can_solve(solver->ctx, "dns-01", "ip"), 0);
  dns_rig_stop(&r);
  dns_rig_start(&r, true);
  r.options.no_account_label = 1;
  dns_rig_open(&r);
  solver = stardeleg_dns_keeper_solver(r.keeper);
  assert_int_equal(solver->can_solve(solver->ctx, "dns-account-01", "dns"), 0);
  dns_rig_stop(&r);
}

/* --- CNAMEs --- */

/* STARDEL-2.3.2.1: installed, seen, told; and gone again */
static void installs_and_removes_cnames(void **state)
{
  dns_rig r;

  (void)state;
  dns_rig_start(&r, true);
  r.z.change_ms = 5;
  r.z.show_ms = 3000;
  dns_rig_open(&r);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "edge.cdn.example.", 1);
  dns_rig_run(&r, 2000);
  assert_int_equal(r.told.count, 0); /* not before it is seen */
  dns_rig_run(&r, 10000);
  assert_int_equal(r.told.count, 1);
  assert_string_equal(r.told.name, "www.example.org.");
  assert_string_equal(r.told.target, "edge.cdn.example.");
  assert_int_equal(r.told.installed, 1);
  assert_ok(r.told.err);
  assert_non_null(dns_zone_find(&r.z, STARDELEG_DNS_CNAME, "www.example.org", "edge.cdn.example"));
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "edge.cdn.example.", 0);
  dns_rig_run(&r, 10000);
  assert_int_equal(r.told.count, 2);
  assert_int_equal(r.told.installed, 0);
  assert_ok(r.told.err);
  assert_int_equal(r.z.count, 0);
  dns_rig_stop(&r);
}

/* A map that changed: the old one's removal and the new one's installation come together. */
static void replaces_cnames(void **state)
{
  dns_rig r;

  (void)state;
  dns_rig_start(&r, true);
  r.z.change_ms = 100;
  dns_rig_open(&r);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "a.cdn.example.", 1);
  dns_rig_run(&r, 10000);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "a.cdn.example.", 0);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "b.cdn.example.", 1);
  dns_rig_run(&r, 10000);
  assert_int_equal(r.told.count, 3);
  assert_int_equal(r.z.count, 1);
  assert_non_null(dns_zone_find(&r.z, STARDELEG_DNS_CNAME, "www.example.org", "b.cdn.example"));
  /* And one that nobody took back: the last word counts. */
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "c.cdn.example.", 1);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "d.cdn.example.", 1);
  dns_rig_run(&r, 10000);
  assert_int_equal(r.z.count, 1);
  assert_non_null(dns_zone_find(&r.z, STARDELEG_DNS_CNAME, "www.example.org", "d.cdn.example"));
  dns_rig_stop(&r);
}

/* After a restart: what is there is left alone, what is not is put there. */
static void restores_cnames(void **state)
{
  dns_rig r;

  (void)state;
  dns_rig_start(&r, true);
  dns_rig_open(&r);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "edge.cdn.example.", 1);
  dns_rig_run(&r, 10000);
  assert_int_equal(r.z.changes, 1);
  stardeleg_dns_keeper_restore_cname(r.keeper, "www.example.org.", "edge.cdn.example.");
  stardeleg_dns_keeper_restore_cname(r.keeper, "img.example.org.", "edge.cdn.example.");
  dns_rig_run(&r, 10000);
  assert_int_equal(r.z.changes, 2);
  assert_int_equal(r.z.count, 2);
  assert_int_equal(r.told.count, 3);
  assert_int_equal(stardeleg_dns_keeper_pending(r.keeper), 0);
  dns_rig_stop(&r);
}

static void goes_on_with_cnames(void **state)
{
  dns_rig r;

  (void)state;
  dns_rig_start(&r, true);
  r.z.fails = 30;
  r.z.fail = STARDELEG_ERR_CALLBACK;
  dns_rig_open(&r);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "edge.cdn.example.", 1);
  dns_rig_run(&r, 1000);
  assert_int_equal(r.told.count, 1);
  assert_err(STARDELEG_ERR_CALLBACK, r.told.err);
  dns_rig_run(&r, INT64_C(48) * 3600 * 1000);
  assert_int_equal(r.told.count, 31);
  assert_ok(r.told.err);
  assert_int_equal(r.z.count, 1);
  dns_rig_stop(&r);
}

static void gives_up_for_good(void **state)
{
  dns_rig r;

  (void)state;
  dns_rig_start(&r, true);
  r.z.fails = -1;
  r.z.fail = STARDELEG_ERR_UNSUPPORTED;
  dns_rig_open(&r);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "edge.cdn.example.", 1);
  dns_rig_run(&r, INT64_C(48) * 3600 * 1000);
  assert_int_equal(r.told.count, 1);
  assert_err(STARDELEG_ERR_UNSUPPORTED, r.told.err);
  assert_int_equal(stardeleg_dns_keeper_pending(r.keeper), 0);
  stardeleg_dns_keeper_on_cname(r.keeper, "*.example.org.", "edge.cdn.example.", 1);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "a\nb.", 1);
  assert_int_equal(stardeleg_dns_keeper_pending(r.keeper), 0);
  dns_rig_stop(&r);
}

/* A clock that is turned back by a month does not stop the work for a month. */
static void copes_with_clocks(void **state)
{
  dns_rig r;

  (void)state;
  dns_rig_start(&r, true);
  r.z.fails = 3;
  r.z.fail = STARDELEG_ERR_CALLBACK;
  dns_rig_open(&r);
  stardeleg_dns_keeper_on_cname(r.keeper, "www.example.org.", "edge.cdn.example.", 1);
  dns_rig_run(&r, 1000);
  r.z.now -= INT64_C(30) * 24 * 3600 * 1000;
  dns_rig_run(&r, INT64_C(3) * 3600 * 1000);
  assert_int_equal(r.z.count, 1);
  dns_rig_stop(&r);
}

/* As after a mass revocation: all get their turn, and nothing is stuck behind the others. */
static void works_through_many(void **state)
{
  dns_rig r;

  (void)state;
  dns_rig_start(&r, false);
  r.z.is_deaf = true;
  r.options.on_work = NULL;
  dns_rig_open(&r);
  for (int i = 0; i < 500; i++) {
    char name[64];

    (void)snprintf(name, sizeof(name), "w%d.example.org.", i);
    stardeleg_dns_keeper_on_cname(r.keeper, name, "edge.cdn.example.", 1);
  }
  dns_rig_run(&r, 60000);
  assert_int_equal(r.told.count, 500);
  assert_int_equal(stardeleg_dns_keeper_pending(r.keeper), 0);
  dns_rig_stop(&r);
}

static void refuses_options(void **state)
{
  (void)state;
  for (int i = 0; i < 4; i++) {
    dns_rig r;

    dns_rig_start(&r, true);
    r.options.update = i == 0 ? NULL : r.options.update;
    r.options.poll_ms = i == 1 ? 0 : r.options.poll_ms;
    r.options.delay_ms = i == 2 ? -1 : 0;
    r.options.backoff_max_ms = i == 3 ? 1 : r.options.backoff_max_ms;
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_keeper_new(&r.keeper, &r.options));
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_dns_keeper_new(&r.keeper, NULL));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(presents_and_cleans),
      cmocka_unit_test(keeps_values_apart),
      cmocka_unit_test(follows_aliases),
      cmocka_unit_test(cleans_after_a_restart),
      cmocka_unit_test(cleans_what_is_under_way),
      cmocka_unit_test(waits_a_fixed_time),
      cmocka_unit_test(begins_again_when_it_never_shows),
      cmocka_unit_test(waits_after_failures),
      cmocka_unit_test(tries_removals_ten_times),
      cmocka_unit_test(refuses_hostile_challenges),
      cmocka_unit_test(says_what_it_solves),
      cmocka_unit_test(installs_and_removes_cnames),
      cmocka_unit_test(replaces_cnames),
      cmocka_unit_test(restores_cnames),
      cmocka_unit_test(goes_on_with_cnames),
      cmocka_unit_test(gives_up_for_good),
      cmocka_unit_test(copes_with_clocks),
      cmocka_unit_test(works_through_many),
      cmocka_unit_test(refuses_options),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
