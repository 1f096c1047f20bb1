/* SPDX-License-Identifier: Apache-2.0 */
/* ca_remove_test.c -- the store of a CA that has run for long: what is over is gone, what is in use is there. */
#include "support/test.h"

#include "base/base64.h"
#include "store/store.h"
#include "support/ca_world.h"
#include "support/counting_store.h"

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  (*(size_t *)ctx)++;
  return 0;
}

static size_t count(const ca_world *w, const char *kind)
{
  size_t n = 0;

  assert_ok(sdg_store_scan(w->store, kind, NULL, NULL, SIZE_MAX, count_one, &n));
  return n;
}

/* What there is of orders, all told. */
static size_t records(const ca_world *w)
{
  return count(w, "order") + count(w, "authz") + count(w, "cert") + count(w, "serial") + count(w, "revoked");
}

static void days(ca_world *w, int n)
{
  for (int i = 0; i < n; i++) {
    w->now += CA_DAY;
    (void)ca_world_run(w);
  }
}

/* A year of a plain order each other day: some 14 days' worth is there at a time, never more. */
static void test_a_year(void **state)
{
  ca_world *w = *state;
  size_t most = 0;

  for (int i = 0; i < 182; i++) {
    ca_world_plain(w);
    days(w, 2);
    most = records(w) > most ? records(w) : most;
  }
  assert_in_range(most, 4, 4 * 12);
  days(w, 16);
  assert_int_equal(records(w), 0);
}

/* ACME-7.1.2.1-01: the account's list shrinks with it; the URLs answer like those that never were. */
static void test_unfinished(void **state)
{
  ca_world *w = *state;

  assert_int_equal(ca_world_new_order(w, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"www.example.org\"}]}"), 201);
  days(w, 3);
  assert_string_equal(ca_world_status(w), "invalid");
  assert_int_equal(count(w, "order"), 1);
  days(w, 7);
  assert_int_equal(records(w), 0);
  (void)acme_peer_fetch(&w->peer, w->order);
  acme_peer_assert_problem(&w->peer, 404, "unauthorized");
}

/* A STAR order stays until its grace is over, canceled or not (RFC 8739 3.1.2: 403 until then). */
static void test_star(void **state)
{
  ca_world *w = *state;

  ca_world_star(w, 5, 86400, 0);
  days(w, 11);
  assert_int_equal(count(w, "order"), 1);
  (void)acme_peer_get(&w->peer, w->star);
  acme_peer_assert_problem(&w->peer, 403, "autoRenewalExpired");
  days(w, 2);
  assert_int_equal(records(w), 0);
  ca_world_star(w, 5, 86400, 0);
  assert_int_equal(acme_peer_post(&w->peer, w->order, "{\"status\":\"canceled\"}"), 200);
  days(w, 13);
  (void)acme_peer_get(&w->peer, w->star);
  acme_peer_assert_problem(&w->peer, 403, "autoRenewalCanceled");
  days(w, 2);
  assert_int_equal(records(w), 0);
}

/* RFC 5280 3.3: a revoked certificate is not forgotten before the list is done with it. */
static void test_revoked(void **state)
{
  ca_world *w = *state;
  char payload[8192];
  ca_leaf leaf;
  sdg_buf text;

  ca_world_plain(w);
  assert_int_equal(acme_peer_fetch(&w->peer, w->star), 200);
  ca_world_leaf(w, &w->peer, &leaf);
  sdg_buf_init(&text, sizeof(payload));
  sdg_base64url_write(&text, leaf.cert.der);
  (void)snprintf(payload, sizeof(payload), "{\"certificate\":\"%s\"}", sdg_buf_str(&text));
  sdg_buf_clear(&text);
  ca_leaf_clear(&leaf);
  assert_int_equal(acme_peer_post(&w->peer, CA_BASE "/revoke-cert", payload), 200);
  days(w, 6);
  assert_int_equal(count(w, "revoked"), 1);
  assert_int_equal(count(w, "cert"), 1);
  days(w, 12);
  assert_int_equal(records(w), 0);
}

/* Killed or failing at any write: all of an order or nothing, and done in the end. */
static void test_failures(void **state)
{
  ca_world *w = *state;
  counting_store c;

  for (unsigned at = 1; at <= 3; at++) {
    ca_world_plain(w);
    w->now += 15 * CA_DAY;
    ca_world_count(w, &c);
    c.fail_at = at;
    (void)ca_world_run(w);
    assert_true(count(w, "order") == count(w, "cert") && count(w, "cert") == count(w, "serial"));
    ca_world_restart(w);
    w->now += CA_HOUR;
    (void)ca_world_run(w);
    assert_int_equal(records(w), 0);
  }
}

#define REMOVE(test) cmocka_unit_test_setup_teardown(test, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {REMOVE(test_a_year), REMOVE(test_unfinished), REMOVE(test_star),
                                     REMOVE(test_revoked), REMOVE(test_failures)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
