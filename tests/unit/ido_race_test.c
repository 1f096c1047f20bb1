/* SPDX-License-Identifier: Apache-2.0 */
/* ido_race_test.c -- several processes on one store: once the end of a delegation was acknowledged by one of them, none
 * of them makes another certificate under it. */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"
#include "support/test_pki.h"
#include "x509/csr.h"

#define LIFETIME_S INT64_C(345600)

typedef struct rig {
  ido_world w;
  stardeleg_ido *other; /* another process's */
  test_root root;
  sdg_buf pem;
  size_t issued;
  int64_t delay_ms;  /* the program's CA wants so much time for each */
  bool end_meanwhile; /* the other process ends the delegation while the CA signs */
  stardeleg_local_issuer callback;
  char url[256];
} rig;

/* The other process ends the delegation, and carries it out as far as the store goes. */
static void end_elsewhere(rig *r)
{
  const stardeleg_engine *engine = stardeleg_ido_engine(r->other);
  stardeleg_ask ask;

  assert_ok(stardeleg_ido_delegation_end(r->other, "d1", r->w.now));
  assert_ok(engine->next(engine->self, &ask, r->w.now));
}

static stardeleg_err issue(void *ctx, const stardeleg_issue_request *request, stardeleg_time now,
                           stardeleg_time *ready_at, stardeleg_bytes *chain_pem)
{
  rig *r = ctx;
  const char *name = request->identifiers[0].value;
  test_leaf leaf = {.names = &name,
                    .name_count = 1,
                    .not_before = request->not_before,
                    .not_after = request->not_after,
                    .serial = 1000 + r->issued};
  sdg_csr csr;

  if (request->asked_at + r->delay_ms > now) {
    *ready_at = request->asked_at + r->delay_ms;
    return STARDELEG_OK;
  }
  assert_ok(sdg_csr_parse(&csr, request->csr, NULL));
  leaf.spki = csr.spki;
  sdg_buf_reset(&r->pem);
  test_root_issue(&r->root, &leaf, &r->pem);
  sdg_csr_clear(&csr);
  r->issued++;
  if (r->end_meanwhile) {
    r->end_meanwhile = false;
    end_elsewhere(r);
  }
  *chain_pem = sdg_buf_bytes(&r->pem);
  return STARDELEG_OK;
}

static stardeleg_err revoke(void *ctx, stardeleg_bytes der, stardeleg_time now)
{
  (void)ctx;
  (void)der;
  (void)now;
  return STARDELEG_OK;
}

static void begin(rig *r)
{
  stardeleg_problem problem;

  memset(r, 0, sizeof(*r));
  test_root_init(&r->root, "Own Root");
  sdg_buf_init(&r->pem, 1 << 16);
  r->callback = (stardeleg_local_issuer){sizeof(r->callback), r, issue, revoke};
  ido_world_init(&r->w);
  r->w.issuer.kind = "local";
  r->w.issuer.directory_url = NULL;
  r->w.issuer.local = &r->callback;
  r->w.options.poll_ms = 0;
  ido_world_open(&r->w);
  assert_ok(stardeleg_ido_new(&r->other, &r->w.options, &problem));
  ido_world_ndc(&r->w, 0, "cdn");
  ido_world_delegate(&r->w, "cdn", "d1", WORLD_ONE, "");
}

static void end(rig *r)
{
  stardeleg_ido_free(r->other);
  ido_world_clear(&r->w);
  sdg_buf_clear(&r->pem);
  test_root_clear(&r->root);
}

/* The first process alone, for |ms|. */
static void run(rig *r, int64_t ms)
{
  stardeleg_time until = r->w.now + ms;
  const stardeleg_engine *engine = stardeleg_ido_engine(r->w.ido);

  for (int i = 0; i < 10000; i++) {
    stardeleg_ask ask;

    assert_ok(engine->next(engine->self, &ask, r->w.now));
    assert_int_equal(ask.want, STARDELEG_WANT_WAIT);
    if (ask.until >= until) {
      r->w.now = until;
      return;
    }
    assert_true(ask.until > r->w.now);
    r->w.now = ask.until;
  }
  fail_msg("the engine does not come to rest");
}

/* The order is in one process's hands, which waits for its CA and has no reason to look into the store; the other one
 * is told of the end. */
static void test_waiting(void **state)
{
  rig r;

  (void)state;
  begin(&r);
  r.delay_ms = 5 * WORLD_S;
  ido_world_place(&r.w, 0, "d1", r.url);
  run(&r, WORLD_S);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "processing");
  end_elsewhere(&r);
  run(&r, WORLD_DAY);
  assert_int_equal(r.issued, 0);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "invalid");
  end(&r);
}

/* The other process has done no more than to acknowledge. */
static void test_acknowledged(void **state)
{
  stardeleg_record held[4];
  size_t count = 0;
  rig r;

  (void)state;
  begin(&r);
  r.delay_ms = 5 * WORLD_S;
  ido_world_place(&r.w, 0, "d1", r.url);
  run(&r, WORLD_S);
  assert_ok(stardeleg_ido_delegation_end(r.other, "d1", r.w.now));
  memset(held, 0, sizeof(held));
  assert_ok(r.w.real->ops->claim(r.w.real->self, "delegation", r.w.now, "dead", WORLD_DAY, held, 4, &count));
  assert_int_equal(count, 1);
  stardeleg_record_clear(&held[0]);
  run(&r, WORLD_DAY / 2);
  assert_int_equal(r.issued, 0);
  end(&r);
}

/* The CA was at work when the end came: what it made is not shown to anybody. */
static void test_meanwhile(void **state)
{
  char url[512];
  rig r;

  (void)state;
  begin(&r);
  r.end_meanwhile = true;
  ido_world_place(&r.w, 0, "d1", r.url);
  run(&r, WORLD_S);
  assert_int_equal(r.issued, 1);
  run(&r, WORLD_DAY);
  assert_int_equal(r.issued, 1);
  (void)acme_peer_fetch(&r.w.ndc[0], r.url);
  (void)snprintf(url, sizeof(url), "%s", ido_world_text(&r.w, 0, "star-certificate"));
  if (url[0] != '\0') {
    assert_int_not_equal(acme_peer_get(&r.w.ndc[0], url), 200);
  }
  end(&r);
}

/* A delegation whose time is over, though nobody has got as far as ending it. */
static void test_expired(void **state)
{
  stardeleg_ido_delegation sooner = {.size = sizeof(sooner), .expires_at = WORLD_START + 3 * WORLD_DAY / 2};
  stardeleg_record held[4];
  size_t count = 0;
  rig r;

  (void)state;
  begin(&r);
  ido_world_place(&r.w, 0, "d1", r.url);
  run(&r, WORLD_DAY);
  assert_int_equal(r.issued, 1);
  assert_ok(stardeleg_ido_delegation_change(r.w.ido, "d1", &sooner, STARDELEG_IDO_EXPIRY, r.w.now, NULL));
  r.w.now = sooner.expires_at;
  memset(held, 0, sizeof(held));
  assert_ok(r.w.real->ops->claim(r.w.real->self, "delegation", r.w.now, "dead", 30 * WORLD_DAY, held, 4, &count));
  assert_int_equal(count, 1);
  stardeleg_record_clear(&held[0]);
  run(&r, 20 * WORLD_DAY);
  assert_int_equal(r.issued, 1);
  end(&r);
}

/* An order is finalized under what the delegation allows then, not only under what it allowed when it was placed. */
static void test_tightened(void **state)
{
  static const struct {
    unsigned member;
    stardeleg_ido_delegation change;
    int status;
  } cases[] = {
      {STARDELEG_IDO_LIFETIME, {.lifetime_max_s = LIFETIME_S - 1}, 403},
      {STARDELEG_IDO_LIFETIME, {.lifetime_min_s = LIFETIME_S + 1}, 403},
      {STARDELEG_IDO_EXPIRY, {.expires_at = WORLD_START + 20 * WORLD_DAY}, 403},
      {STARDELEG_IDO_ORDER_KINDS, {.order_kinds = STARDELEG_IDO_PLAIN}, 403},
      {STARDELEG_IDO_LIFETIME, {.lifetime_max_s = LIFETIME_S, .lifetime_min_s = LIFETIME_S}, 200},
      {STARDELEG_IDO_EXPIRY, {.expires_at = WORLD_START + 60 * WORLD_DAY}, 200},
      {STARDELEG_IDO_ORDER_KINDS, {.order_kinds = STARDELEG_IDO_STAR}, 200},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    stardeleg_ido_delegation change = cases[i].change;
    char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
    rig r;

    begin(&r);
    ido_world_order(&r.w, 0, "d1", "abc.ido.example", r.url);
    change.size = sizeof(change);
    assert_ok(stardeleg_ido_delegation_change(r.w.ido, "d1", &change, cases[i].member, r.w.now, NULL));
    assert_int_equal(ido_world_finalize(&r.w, 0, r.url, csr), cases[i].status);
    assert_string_equal(ido_world_status(&r.w, 0, r.url), cases[i].status == 200 ? "processing" : "invalid");
    run(&r, WORLD_S);
    assert_int_equal(r.issued, cases[i].status == 200 ? 1 : 0);
    free(csr);
    end(&r);
  }
}

/* The longest lifetime counts for orders without auto-renewal too: one that says no notAfter has no bound at all. */
static void test_plain_lifetime(void **state)
{
  static const struct {
    const char *more;
    int status;
  } cases[] = {{"", 400},
               {",\"notAfter\":\"2026-01-05T00:00:01Z\"", 400},
               {",\"notAfter\":\"2026-01-05T00:00:00Z\"", 201}};
  stardeleg_ido_delegation change = {.size = sizeof(change), .lifetime_max_s = LIFETIME_S};
  rig r;

  (void)state;
  begin(&r);
  assert_ok(stardeleg_ido_delegation_change(r.w.ido, "d1", &change, STARDELEG_IDO_LIFETIME, r.w.now, NULL));
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"allow-certificate-get\":true,"
                   "\"delegation\":\"" WORLD_IDO "/delegation/d1\"%s}",
                   cases[i].more);
    assert_int_equal(acme_peer_post(&r.w.ndc[0], WORLD_IDO "/new-order", text), cases[i].status);
  }
  end(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_waiting),   cmocka_unit_test(test_acknowledged),
                                     cmocka_unit_test(test_meanwhile), cmocka_unit_test(test_expired),
                                     cmocka_unit_test(test_tightened), cmocka_unit_test(test_plain_lifetime)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
