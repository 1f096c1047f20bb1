/* SPDX-License-Identifier: Apache-2.0 */
/* ca_cancel_test.c -- how STAR orders end: canceled, whoever comes first, or at their end-date. */
#include "support/test.h"

#include "base/bytes.h"
#include "support/ca_world.h"
#include "support/counting_store.h"

/* --- Cancellation --- */

static void cancel(ca_world *w)
{
  (void)acme_peer_post(&w->peer, w->order, "{\"status\":\"canceled\"}");
}

static void expect_canceled(ca_world *w)
{
  (void)acme_peer_get(&w->peer, w->star);
  acme_peer_assert_problem(&w->peer, 403, "autoRenewalCanceled");
  assert_null(acme_peer_header(&w->peer, "Cert-Not-Before")); /* STAR-3.3-02 */
  assert_string_equal(acme_peer_header(&w->peer, "Cache-Control"), "no-store");
  assert_int_equal(acme_peer_head(&w->peer, w->star), 403);
  (void)acme_peer_fetch(&w->peer, w->star);
  acme_peer_assert_problem(&w->peer, 403, "autoRenewalCanceled");
}

/* STAR-2.3-01, STAR-3.1.2-02 to -05, -07 */
static void test_cancel(void **state)
{
  static counting_store c;
  ca_world *w = *state;
  char star[512];

  ca_world_count(w, &c);
  ca_world_star(w, 10, 86400, 0);
  (void)snprintf(star, sizeof(star), "%s", w->star);
  w->now += 3 * CA_HOUR;
  cancel(w);
  assert_int_equal(w->peer.status, 200);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "canceled");
  assert_string_equal(acme_peer_string(&w->peer, "star-certificate"), star);
  assert_string_equal(acme_peer_string(&w->peer, "expires"), "2026-01-17T03:00:00Z");
  expect_canceled(w);
  cancel(w); /* twice */
  acme_peer_assert_problem(&w->peer, 400, "autoRenewalCancellationInvalid");
  assert_int_equal(c.certs, 2); /* issued and marked */
  for (unsigned day = 0; day < 12; day++) {
    w->now += CA_DAY;
    ca_world_restart(w);
    (void)ca_world_run(w);
  }
  assert_int_equal(c.certs, 2);
  assert_string_equal(ca_world_status(w), "canceled");
  expect_canceled(w); /* after its end-date too (AMB-11) */
}

/* STAR-3.1.2-07, -08: in other states, by others */
static void test_cancel_in_every_state(void **state)
{
  static const char payload[] = "{'identifiers':[{'type':'dns','value':'www.example.org'}],'auto-renewal':{'end-date':"
                                "'2026-02-01T00:00:00Z','lifetime':86400,'allow-certificate-get':true}}";
  ca_world *w = *state;
  acme_peer other;

  assert_int_equal(ca_world_new_order(w, ca_world_json(payload)), 201);
  cancel(w);
  acme_peer_assert_problem(&w->peer, 400, "autoRenewalCancellationInvalid"); /* pending */
  ca_world_validate(w);
  cancel(w);
  acme_peer_assert_problem(&w->peer, 400, "autoRenewalCancellationInvalid"); /* ready */
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  cancel(w);
  acme_peer_assert_problem(&w->peer, 400, "autoRenewalCancellationInvalid"); /* processing */
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "valid");
  ca_world_peer(w, &other);
  (void)acme_peer_post(&other, w->order, "{\"status\":\"canceled\"}");
  acme_peer_assert_problem(&other, 404, "unauthorized");
  assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
  acme_peer_clear(&other);
  assert_int_equal(ca_world_new_order(w, ca_world_json(payload)), 201);
  w->now += 2 * CA_DAY;
  (void)ca_world_run(w);
  cancel(w);
  acme_peer_assert_problem(&w->peer, 400, "autoRenewalCancellationInvalid"); /* invalid */
}

/* The engine has claimed the order, the certificate is built, then the cancellation comes: it wins (STAR-3.1.2-02). */
static void cancel_now(void *ctx)
{
  ca_world *w = ctx;

  cancel(w);
  assert_int_equal(w->peer.status, 200);
}

static void test_cancel_during_renewal(void **state)
{
  static counting_store c;
  ca_world *w = *state;

  ca_world_count(w, &c);
  ca_world_star(w, 10, 86400, 0);
  w->now += CA_DAY / 2;
  c.before_cert = cancel_now;
  c.ctx = w;
  (void)ca_world_run(w);
  assert_null(c.before_cert);
  assert_int_equal(c.certs, 2); /* the first one, and its mark */
  expect_canceled(w);
  w->now += 5 * CA_DAY;
  (void)ca_world_run(w);
  assert_int_equal(c.certs, 2);
  assert_string_equal(ca_world_status(w), "canceled");
}

/* The other way round: a renewal between the reading and the writing of a cancellation is marked too. */
static void renew_now(void *ctx)
{
  (void)ca_world_run(ctx);
}

static void test_renewal_during_cancel(void **state)
{
  static counting_store c;
  ca_world *w = *state;

  ca_world_count(w, &c);
  ca_world_star(w, 10, 86400, 0);
  w->now += CA_DAY / 2;
  c.before_cert = renew_now;
  c.ctx = w;
  cancel(w);
  assert_int_equal(w->peer.status, 200);
  assert_string_equal(acme_peer_string(&w->peer, "status"), "canceled");
  assert_int_equal(c.certs, 3);
  expect_canceled(w);
  w->now += 2 * CA_DAY;
  (void)ca_world_run(w);
  assert_int_equal(c.certs, 3);
}

/* --- The account goes --- */

static void deactivate_account(ca_world *w)
{
  assert_int_equal(acme_peer_post(&w->peer, w->peer.kid, "{\"status\":\"deactivated\"}"), 200);
}

static void expect_no_more(ca_world *w, const counting_store *c, unsigned certs)
{
  (void)acme_peer_get(&w->peer, w->star);
  acme_peer_assert_problem(&w->peer, 403, "autoRenewalCanceled");
  for (unsigned day = 0; day < 12; day++) {
    w->now += CA_DAY;
    (void)ca_world_run(w);
  }
  assert_int_equal(c->certs, certs);
}

/* ACME-7.3.6-04, STAR-3.1.2-02: nothing is issued for an account that is no longer */
static void test_account_deactivated(void **state)
{
  static counting_store c;
  ca_world *w = *state;

  ca_world_count(w, &c);
  ca_world_star(w, 10, 86400, 0);
  deactivate_account(w);
  assert_int_equal(c.certs, 2); /* issued and marked */
  expect_no_more(w, &c, 2);
}

/* The process dies between the account's record and the order's: the engine ends what it finds. */
static void test_account_deactivated_halfway(void **state)
{
  static counting_store c;
  ca_world *w = *state;

  ca_world_count(w, &c);
  ca_world_star(w, 10, 86400, 0);
  c.fail_at = c.batches + 2;
  deactivate_account(w);
  assert_int_equal(c.certs, 1);
  assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
  w->now += CA_DAY / 2;
  ca_world_restart(w);
  (void)ca_world_run(w);
  assert_int_equal(c.certs, 2); /* marked, not issued */
  expect_no_more(w, &c, 2);
}

/* The same for an order that waits for its first certificate. */
static void test_account_deactivated_before_issuance(void **state)
{
  static counting_store c;
  ca_world *w = *state;

  ca_world_count(w, &c);
  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}]}")),
                   201);
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  c.fail_at = c.batches + 2;
  deactivate_account(w);
  (void)ca_world_run(w);
  assert_int_equal(c.certs, 0);
  assert_true(ca_world_run(w) >= w->now + w->options.poll_ms); /* and it is at rest */
}

/* --- The end --- */

/* STAR-3.1.2-09, STAR-3.3-10, -11, AMB-11, AMB-15 */
static void test_end(void **state)
{
  ca_world *w = *state;
  stardeleg_time end = w->now + 3 * CA_DAY;

  ca_world_star(w, 3, 86400, 0);
  while (w->now < end - CA_HOUR) {
    w->now += CA_HOUR;
    (void)ca_world_run(w);
  }
  w->now = end - 1;
  assert_int_equal(acme_peer_get(&w->peer, w->star), 200);
  w->now = end;
  (void)ca_world_run(w);
  for (unsigned i = 0; i < 2; i++) {
    (void)acme_peer_get(&w->peer, w->star);
    acme_peer_assert_problem(&w->peer, 403, "autoRenewalExpired");
    assert_int_equal(acme_peer_head(&w->peer, w->star), 403);
    (void)acme_peer_fetch(&w->peer, w->star);
    acme_peer_assert_problem(&w->peer, 403, "autoRenewalExpired");
    assert_string_equal(ca_world_status(w), "valid");
    assert_string_equal(acme_peer_string(&w->peer, "expires"), "2026-01-20T00:00:00Z");
    w->now += CA_DAY;
    (void)ca_world_run(w);
  }
  cancel(w);
  assert_int_equal(w->peer.status, 200);
  expect_canceled(w);
}

/* Validated and finalized, but the engine comes only after the end. */
static void test_never_begun(void **state)
{
  ca_world *w = *state;

  assert_int_equal(ca_world_new_order(w, ca_world_json("{'identifiers':[{'type':'dns','value':'www.example.org'}],"
                                                       "'auto-renewal':{'end-date':'2026-01-10T01:00:00Z',"
                                                       "'lifetime':3600,'allow-certificate-get':true}}")),
                   201);
  ca_world_validate(w);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  w->now += CA_HOUR;
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "invalid");
  assert_non_null(sdg_json_member(w->peer.json, "error"));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(test_cancel),
      T(test_cancel_in_every_state),
      T(test_cancel_during_renewal),
      T(test_renewal_during_cancel),
      T(test_end),
      T(test_never_begun),
      T(test_account_deactivated),
      T(test_account_deactivated_halfway),
      T(test_account_deactivated_before_issuance),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
