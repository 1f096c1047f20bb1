/* SPDX-License-Identifier: Apache-2.0 */
/* ido_local_test.c -- certificates from a CA of the program's own, published by the owner (RFC 8739 3.3, 3.5). */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"
#include "support/test_pki.h"
#include "x509/cert.h"
#include "x509/csr.h"

#define LIFETIME (345600 * WORLD_S)

/* The program's CA. */
typedef struct own_ca {
  test_root root;
  sdg_buf pem;
  size_t asked; /* calls */
  size_t issued;
  size_t revoked;
  size_t refuse;           /* that many calls of revoke fail */
  stardeleg_err err;       /* what issue answers */
  int64_t delay_ms;        /* it wants so much time for each */
  stardeleg_time asked_at; /* of the request under way */
  const char *name;        /* instead of what was asked for, or NULL */
  bool wrong_key;
  int64_t longer_ms; /* than asked for */
  stardeleg_issue_request last;
} own_ca;

static void make(own_ca *ca, const stardeleg_issue_request *request)
{
  const char *name = ca->name != NULL ? ca->name : request->identifiers[0].value;
  stardeleg_time end = request->not_after != STARDELEG_TIME_NONE ? request->not_after : request->not_before + LIFETIME;
  sdg_csr csr;
  test_leaf leaf = {.names = &name,
                    .name_count = 1,
                    .not_before = request->not_before - (ca->longer_ms < 0 ? 10 * WORLD_DAY : 0),
                    .not_after = end + ca->longer_ms,
                    .serial = 1000 + ++ca->issued};

  assert_ok(sdg_csr_parse(&csr, request->csr, NULL));
  leaf.spki = ca->wrong_key ? stardeleg_key_spki(ca->root.key) : csr.spki;
  sdg_buf_reset(&ca->pem);
  test_root_issue(&ca->root, &leaf, &ca->pem);
  sdg_buf_add_bytes(&ca->pem, sdg_buf_bytes(&ca->root.pem));
  sdg_csr_clear(&csr);
}

static stardeleg_err issue(void *ctx, const stardeleg_issue_request *request, stardeleg_time now,
                           stardeleg_time *ready_at, stardeleg_bytes *chain_pem)
{
  own_ca *ca = ctx;

  assert_int_equal(*ready_at, now);
  assert_int_equal(request->identifier_count, 1);
  assert_string_equal(request->delegation, "d1");
  ca->asked++;
  ca->last = *request;
  if (ca->err != STARDELEG_OK) {
    return ca->err;
  }
  if (request->asked_at + ca->delay_ms > now) {
    *ready_at = request->asked_at + ca->delay_ms;
    return STARDELEG_OK;
  }
  make(ca, request);
  *chain_pem = sdg_buf_bytes(&ca->pem);
  return STARDELEG_OK;
}

static stardeleg_err revoke(void *ctx, stardeleg_bytes der, stardeleg_time now)
{
  own_ca *ca = ctx;

  (void)now;
  assert_true(der.len > 0);
  if (ca->refuse > 0) {
    ca->refuse--;
    return STARDELEG_ERR_CALLBACK;
  }
  ca->revoked++;
  return STARDELEG_OK;
}

typedef struct rig {
  ido_world w;
  own_ca ca;
  stardeleg_local_issuer callback;
  char url[256];
} rig;

static void begin(rig *r)
{
  memset(r, 0, sizeof(*r));
  test_root_init(&r->ca.root, "Own Root");
  sdg_buf_init(&r->ca.pem, 1 << 16);
  r->callback = (stardeleg_local_issuer){sizeof(r->callback), &r->ca, issue, revoke};
  ido_world_init(&r->w);
  r->w.issuer.kind = "local";
  r->w.issuer.directory_url = NULL;
  r->w.issuer.local = &r->callback;
  r->w.options.poll_ms = 0;
}

static void open(rig *r)
{
  ido_world_open(&r->w);
  ido_world_ndc(&r->w, 0, "cdn");
  ido_world_delegate(&r->w, "cdn", "d1", WORLD_ONE, "");
}

static void end(rig *r)
{
  ido_world_clear(&r->w);
  sdg_buf_clear(&r->ca.pem);
  test_root_clear(&r->ca.root);
}

/* The owner alone: there is nobody to talk to. */
static void run(rig *r, int64_t ms)
{
  stardeleg_time until = r->w.now + ms;

  for (int i = 0; i < 10000; i++) {
    const stardeleg_engine *engine = stardeleg_ido_engine(r->w.ido);
    stardeleg_ask ask;

    stardeleg_err err = engine->next(engine->self, &ask, r->w.now);

    if (err == STARDELEG_ERR_STORE) { /* the driver asks again in a moment */
      r->w.now += WORLD_S / 10;
      continue;
    }
    assert_ok(err);
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

static void place(rig *r)
{
  ido_world_place(&r->w, 0, "d1", r->url);
  run(r, 10 * WORLD_S);
}

static int look(rig *r, const char *member, stardeleg_time *not_before, stardeleg_time *not_after)
{
  acme_peer *peer = &r->w.ndc[0];
  char url[512];
  sdg_chain chain;
  sdg_cert *leaf;

  (void)acme_peer_fetch(peer, r->url);
  (void)snprintf(url, sizeof(url), "%s", ido_world_text(&r->w, 0, member));
  if (acme_peer_get(peer, url) != 200) {
    return peer->status;
  }
  leaf = calloc(1, sizeof(*leaf));
  assert_ok(sdg_chain_parse(&chain, sdg_bytes_str(peer->body)));
  assert_ok(sdg_cert_parse(leaf, chain.certs[0]));
  *not_before = leaf->not_before;
  *not_after = leaf->not_after;
  sdg_chain_clear(&chain);
  free(leaf);
  return 200;
}

/* The schedule of STAR-3.5: nrd[i] = first + i T, published T/2 before, ending at nrd[i] + T, the last at end-date. */
static void test_schedule(void **state)
{
  stardeleg_time end_at = WORLD_START + 59 * WORLD_DAY;
  stardeleg_time from = 0;
  stardeleg_time until = 0;
  stardeleg_time first;
  rig r;

  (void)state;
  begin(&r);
  open(&r);
  place(&r);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
  assert_int_equal(look(&r, "star-certificate", &from, &until), 200);
  first = from;
  assert_int_equal(until, first + LIFETIME);
  for (int i = 1; first + i * LIFETIME < end_at; i++) {
    stardeleg_time nrd = first + i * LIFETIME;
    stardeleg_time last = until;

    run(&r, nrd - LIFETIME / 2 - WORLD_S - r.w.now);
    assert_int_equal(look(&r, "star-certificate", &from, &until), 200);
    assert_int_equal(until, last);
    run(&r, 2 * WORLD_S);
    assert_int_equal(look(&r, "star-certificate", &from, &until), 200);
    assert_int_equal(from, nrd - LIFETIME / 2);
    assert_int_equal(until, nrd + LIFETIME < end_at ? nrd + LIFETIME : end_at);
  }
  assert_int_equal(until, end_at);
  assert_int_equal(r.ca.issued, 15);
  run(&r, end_at - r.w.now);
  assert_int_equal(look(&r, "star-certificate", &from, &until), 403);
  end(&r);
}

/* After a week without the program it issues what is due now, not what was missed. */
static void test_missed(void **state)
{
  stardeleg_time from = 0;
  stardeleg_time until = 0;
  rig r;

  (void)state;
  begin(&r);
  open(&r);
  place(&r);
  r.w.now += 15 * WORLD_DAY;
  run(&r, WORLD_S);
  assert_int_equal(look(&r, "star-certificate", &from, &until), 200);
  assert_true(until > r.w.now + LIFETIME / 2);
  assert_int_equal(r.ca.issued, 2);
  end(&r);
}

/* It may take its time, and is asked for the same certificate until it is there; over restarts too. */
static void test_later(void **state)
{
  rig r;
  stardeleg_time asked_at;

  (void)state;
  begin(&r);
  r.ca.delay_ms = 3600 * WORLD_S;
  open(&r);
  place(&r);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "processing");
  asked_at = r.ca.last.asked_at;
  ido_world_restart(&r.w);
  run(&r, 1800 * WORLD_S);
  assert_int_equal(r.ca.issued, 0);
  assert_int_equal(r.ca.last.asked_at, asked_at);
  run(&r, 1801 * WORLD_S);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
  assert_int_equal(r.ca.last.asked_at, asked_at);
  assert_int_equal(r.ca.issued, 1);
  end(&r);
}

typedef struct bad_case {
  const char *name;
  bool wrong_key;
  int64_t longer_ms;
  stardeleg_err err;
  const char *status;
} bad_case;

/* What is not what was ordered is not published; a refusal ends the order, a failure does not. */
static const bad_case bad_cases[] = {
    {"other.example", false, 0, STARDELEG_OK, "invalid"},
    {NULL, true, 0, STARDELEG_OK, "invalid"},
    {NULL, false, 60 * 86400 * WORLD_S, STARDELEG_OK, "invalid"},
    {NULL, false, -LIFETIME - WORLD_S, STARDELEG_OK, "invalid"},
    {NULL, false, 0, STARDELEG_ERR_POLICY, "invalid"},
    {NULL, false, 0, STARDELEG_ERR_CALLBACK, "processing"},
};

static void test_bad(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
    const bad_case *c = &bad_cases[i];
    rig r;

    begin(&r);
    r.ca.name = c->name;
    r.ca.wrong_key = c->wrong_key;
    r.ca.longer_ms = c->longer_ms;
    r.ca.err = c->err;
    open(&r);
    place(&r);
    assert_string_equal(ido_world_status(&r.w, 0, r.url), c->status);
    assert_int_equal(ido_world_count(&r.w, "published"), 0);
    assert_int_equal(r.ca.revoked, r.ca.issued); /* what is not published is valid all the same */
    if (strcmp(c->status, "processing") == 0) {
      r.ca.err = STARDELEG_OK;
      run(&r, 3600 * WORLD_S);
      assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
    }
    end(&r);
  }
}

/* One that is refused and cannot be revoked at once, although the delegate has no order any more. */
static void test_refused(void **state)
{
  (void)state;
  for (int restart = 0; restart < 2; restart++) {
    rig r;

    begin(&r);
    r.ca.longer_ms = 60 * WORLD_DAY;
    r.ca.refuse = 3;
    open(&r);
    place(&r);
    assert_string_equal(ido_world_status(&r.w, 0, r.url), "invalid");
    assert_int_equal(r.ca.revoked, 0);
    if (restart != 0) {
      ido_world_restart(&r.w);
    }
    run(&r, WORLD_DAY);
    assert_int_equal(r.ca.issued, 1);
    assert_int_equal(r.ca.revoked, 1);
    assert_string_equal(ido_world_status(&r.w, 0, r.url), "invalid");
    assert_ok(stardeleg_ido_delegation_end(r.w.ido, "d1", r.w.now));
    run(&r, 60 * WORLD_S);
    assert_string_equal(ido_world_record(&r.w, "delegation", "d1", "state"), "ended");
    assert_int_equal(r.ca.revoked, 1);
    end(&r);
  }
}

/* A renewal that fails leaves the old certificate where it is. */
static void test_failing_renewal(void **state)
{
  stardeleg_time from = 0;
  stardeleg_time until = 0;
  stardeleg_time last = 0;
  rig r;

  (void)state;
  begin(&r);
  open(&r);
  place(&r);
  assert_int_equal(look(&r, "star-certificate", &from, &last), 200);
  r.ca.wrong_key = true;
  run(&r, 3 * WORLD_DAY);
  assert_int_equal(look(&r, "star-certificate", &from, &until), 200);
  assert_int_equal(until, last);
  assert_true(r.ca.asked > 3 && r.ca.asked < 40);
  assert_int_equal(r.ca.revoked, r.ca.issued - 1);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
  r.ca.wrong_key = false;
  run(&r, 6 * 3600 * WORLD_S);
  assert_int_equal(look(&r, "star-certificate", &from, &until), 200);
  assert_true(until > last);
  end(&r);
}

static void test_end(void **state)
{
  (void)state;
  for (int revoking = 0; revoking < 3; revoking++) { /* so many certificates */
    stardeleg_time from;
    stardeleg_time until;
    rig r;
    size_t issued;

    begin(&r);
    r.w.issuer.revoke_at_end = revoking > 0;
    open(&r);
    place(&r);
    if (revoking == 2) { /* the first is still valid when the second is there */
      run(&r, 3 * WORLD_DAY);
      assert_int_equal(r.ca.issued, 2);
    }
    issued = r.ca.issued;
    r.ca.refuse = 2;
    assert_ok(stardeleg_ido_delegation_end(r.w.ido, "d1", r.w.now));
    run(&r, WORLD_S);
    assert_int_equal(look(&r, "star-certificate", &from, &until), 403);
    run(&r, 2 * 3600 * WORLD_S);
    assert_string_equal(ido_world_status(&r.w, 0, r.url), "canceled");
    assert_int_equal(r.ca.revoked, (size_t)revoking);
    run(&r, 30 * WORLD_DAY);
    assert_int_equal(r.ca.issued, issued);
    assert_string_equal(ido_world_record(&r.w, "delegation", "d1", "state"), "ended");
    end(&r);
  }
}

/* An order without auto-renewal: one certificate, with the dates that were asked for. */
static void test_plain(void **state)
{
  stardeleg_time from = 0;
  stardeleg_time until = 0;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  rig r;

  (void)state;
  begin(&r);
  open(&r);
  assert_int_equal(acme_peer_post(&r.w.ndc[0], WORLD_IDO "/new-order",
                                  "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],"
                                  "\"allow-certificate-get\":true,\"notBefore\":\"2025-12-31T00:00:00Z\",\"notAfter\":"
                                  "\"2026-02-01T00:00:00Z\",\"delegation\":\"" WORLD_IDO "/delegation/d1\"}"),
                   201);
  (void)snprintf(r.url, sizeof(r.url), "%s", acme_peer_header(&r.w.ndc[0], "Location"));
  assert_int_equal(ido_world_finalize(&r.w, 0, r.url, csr), 200);
  run(&r, 10 * WORLD_S);
  assert_int_equal(look(&r, "certificate", &from, &until), 200);
  assert_int_equal(from, WORLD_START - WORLD_DAY);
  assert_int_equal(until, WORLD_START + 31 * WORLD_DAY);
  run(&r, 20 * WORLD_DAY);
  assert_int_equal(r.ca.issued, 1);
  assert_ok(stardeleg_ido_delegation_end(r.w.ido, "d1", r.w.now));
  run(&r, 60 * WORLD_S);
  assert_int_equal(r.ca.revoked, 1); /* STARDEL-2.3.6.2-01 */
  free(csr);
  end(&r);
}

/* Order and certificate are written together or not at all: whenever one of the writes fails, neither is seen before
 * the other, and nothing is issued twice for it. */
static void test_store_failures(void **state)
{
  (void)state;
  for (size_t failures = 1; failures < 6; failures++) {
    stardeleg_time from = 0;
    stardeleg_time until = 0;
    rig r;

    begin(&r);
    open(&r);
    ido_world_place(&r.w, 0, "d1", r.url);
    r.w.fail_batches = failures;
    for (int i = 0; i < 600; i++) {
      bool valid = strcmp(ido_world_status(&r.w, 0, r.url), "valid") == 0;

      assert_int_equal(ido_world_count(&r.w, "published"), valid ? 1 : 0);
      run(&r, WORLD_S / 2);
    }
    assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
    assert_int_equal(look(&r, "star-certificate", &from, &until), 200);
    assert_true(r.ca.issued <= failures + 1);
    end(&r);
  }
}

/* Killed at any moment, it goes on from the record: the same certificate is asked for, the same address shown. */
static void test_killed(void **state)
{
  stardeleg_time from = 0;
  stardeleg_time until = 0;
  char url[512];
  rig r;

  (void)state;
  begin(&r);
  r.w.issuer.revoke_at_end = 1;
  open(&r);
  place(&r);
  (void)acme_peer_fetch(&r.w.ndc[0], r.url);
  (void)snprintf(url, sizeof(url), "%s", ido_world_text(&r.w, 0, "star-certificate"));
  for (int i = 0; i < 39; i++) {
    ido_world_restart(&r.w);
    run(&r, 6 * 3600 * WORLD_S);
    assert_int_equal(look(&r, "star-certificate", &from, &until), 200);
    assert_true(until > r.w.now + LIFETIME / 2 - WORLD_S * 60);
    (void)acme_peer_fetch(&r.w.ndc[0], r.url);
    assert_string_equal(ido_world_text(&r.w, 0, "star-certificate"), url);
  }
  assert_int_equal(r.ca.issued, 3);
  r.ca.refuse = 3;
  assert_ok(stardeleg_ido_delegation_end(r.w.ido, "d1", r.w.now));
  for (int i = 0; i < 20; i++) {
    ido_world_restart(&r.w);
    run(&r, 600 * WORLD_S);
    assert_int_equal(look(&r, "star-certificate", &from, &until), 403);
  }
  assert_int_equal(r.ca.revoked, 1);
  assert_string_equal(ido_world_record(&r.w, "delegation", "d1", "state"), "ended");
  end(&r);
}

static void test_options(void **state)
{
  (void)state;
  for (int i = 0; i < 3; i++) {
    rig r;
    stardeleg_problem problem;

    begin(&r);
    if (i == 0) {
      r.w.issuer.local = NULL;
    } else if (i == 1) {
      r.callback.issue = NULL;
    } else {
      r.callback.size--;
    }
    assert_int_equal(stardeleg_ido_new(&r.w.ido, &r.w.options, &problem), STARDELEG_ERR_CONFIG);
    r.w.ido = NULL;
    end(&r);
  }
}

typedef struct told {
  size_t certificates;
  char serial[64]; /* of the last one */
  char key[65];
  stardeleg_time not_after;
} told;

static int take_event(void *ctx, const stardeleg_ido_event *event)
{
  told *t = ctx;

  if (strcmp(event->event, "certificate") == 0) {
    t->certificates++;
    (void)snprintf(t->serial, sizeof(t->serial), "%s", event->serial);
    (void)snprintf(t->key, sizeof(t->key), "%s", event->key);
    t->not_after = event->not_after;
    assert_string_equal(event->names, "abc.ido.example");
  }
  return 0;
}

/* Each certificate stands once in the audit record, with its serial, its end and the delegate's key. */
static void test_audit(void **state)
{
  stardeleg_ido_audit_query query = {
      .size = sizeof(query), .delegation = "d1", .from = STARDELEG_TIME_NONE, .to = STARDELEG_TIME_NEVER};
  char serial[32];
  told t = {.certificates = 0};
  rig r;

  (void)state;
  begin(&r);
  open(&r);
  place(&r);
  run(&r, 20 * WORLD_DAY);
  ido_world_restart(&r.w);
  run(&r, 10 * WORLD_DAY);
  assert_true(r.ca.issued > 5);
  assert_ok(stardeleg_ido_audit(r.w.ido, &query, take_event, &t));
  assert_int_equal(t.certificates, r.ca.issued);
  (void)snprintf(serial, sizeof(serial), "%x", (unsigned)(1000 + r.ca.issued));
  assert_string_equal(t.serial, serial);
  assert_int_equal(strlen(t.key), 64);
  assert_true(t.not_after == r.ca.last.not_after);
  end(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_schedule), cmocka_unit_test(test_missed),          cmocka_unit_test(test_later),
      cmocka_unit_test(test_bad),      cmocka_unit_test(test_failing_renewal), cmocka_unit_test(test_end),
      cmocka_unit_test(test_plain),    cmocka_unit_test(test_options),         cmocka_unit_test(test_audit),
      cmocka_unit_test(test_store_failures), cmocka_unit_test(test_killed), cmocka_unit_test(test_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
