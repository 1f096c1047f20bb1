/* SPDX-License-Identifier: Apache-2.0 */
/* ido_stray_test.c -- issuers that publish: no certificate is left behind at the CA, whenever the process dies, and
 * whatever the CA makes of an order (RFC 9115 2.3.6.2). */
#include "support/ido_played.h"
#include "support/test_pki.h"

#include "base/bytes.h"
#include "json/json.h"
#include "x509/csr.h"

#define V6D (INT64_C(160) * 3600)
#define PLAIN                                                                                                          \
  "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"allow-certificate-get\":true,"                \
  "\"delegation\":\"" WORLD_IDO "/delegation/d1\"}"
#define CERT_URL WORLD_CA "/cert/9"

static void begin(ido_world *w, bool revoke_at_end)
{
  ido_world_init(w);
  w->issuer.kind = "renew";
  w->issuer.validity_s = V6D;
  w->issuer.revoke_at_end = revoke_at_end;
  w->options.poll_ms = 0;
  ido_world_ca_init(w);
  w->ca_options.plain_lifetime_s = V6D;
  w->ca_options.poll_ms = 0;
  ido_world_ca_open(w);
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  ido_world_delegate(w, "cdn", "d1", WORLD_ONE, NULL);
}

static void place(ido_world *w, bool star, char url[256])
{
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  assert_int_equal(acme_peer_post(&w->ndc[0], WORLD_IDO "/new-order",
                                  star ? ido_world_new_order("d1", "abc.ido.example") : PLAIN),
                   201);
  (void)snprintf(url, 256, "%s", acme_peer_header(&w->ndc[0], "Location"));
  assert_int_equal(ido_world_finalize(w, 0, url, csr), 200);
  free(csr);
}

static int count_one(void *ctx, const stardeleg_record *record)
{
  (void)record;
  ++*(size_t *)ctx;
  return 0;
}

/* How many certificates the CA has issued, or revoked. */
static size_t at_ca(ido_world *w, const char *kind)
{
  size_t count = 0;

  assert_ok(w->ca_store->ops->scan(w->ca_store->self, kind, NULL, NULL, SIZE_MAX, count_one, &count));
  return count;
}

static void assert_nothing_left(ido_world *w, const char *url, const char *status)
{
  if (strcmp(ido_world_status(w, 0, url), status) != 0) {
    fail_msg("%s is not %s: %s; %s", ido_world_text(w, 0, "status"), status, w->log, w->ca_log);
  }
  assert_string_equal(ido_world_record(w, "delegation", "d1", "state"), "ended");
  assert_int_equal(at_ca(w, "revoked"), at_ca(w, "serial"));
}

/* --- Killed with a request on its way, and ended then --- */

static void test_unheard(void **state)
{
  (void)state;
  for (int star = 0; star < 2; star++) {
    size_t issued = 0;

    for (size_t n = 1; n < 22; n++) {
      ido_world w;
      char url[256];

      begin(&w, true);
      place(&w, star != 0, url);
      w.unheard = n;
      ido_world_run(&w, 60 * WORLD_S);
      assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
      ido_world_run(&w, WORLD_DAY); /* or as far as it gets: it may die while it ends the order */
      ido_world_run(&w, WORLD_DAY);
      assert_nothing_left(&w, url, star != 0 && ido_world_count(&w, "published") > 0 ? "canceled" : "invalid");
      issued += at_ca(&w, "serial");
      ido_world_clear(&w);
    }
    assert_true(issued > 5);
  }
}

/* The same while a certificate is there, and the next is on its way. */
static void test_unheard_renewal(void **state)
{
  (void)state;
  for (size_t n = 1; n < 16; n++) {
    ido_world w;
    char url[256];

    begin(&w, true);
    place(&w, true, url);
    ido_world_run(&w, 3 * WORLD_DAY);
    assert_string_equal(ido_world_status(&w, 0, url), "valid");
    w.unheard = n;
    ido_world_run(&w, 2 * WORLD_DAY);
    assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
    ido_world_run(&w, WORLD_DAY);
    ido_world_run(&w, WORLD_DAY);
    assert_nothing_left(&w, url, "canceled");
    ido_world_clear(&w);
  }
}

/* Certificates that follow one another overlap: those of before that are still valid are revoked, too. */
static void test_all_of_them(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w, true);
  place(&w, true, url);
  w.restart_always = true;
  ido_world_run(&w, 5 * WORLD_DAY);
  w.restart_always = false;
  assert_int_equal(at_ca(&w, "serial"), 2);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, WORLD_DAY);
  assert_nothing_left(&w, url, "canceled");
  ido_world_clear(&w);
  begin(&w, true);
  place(&w, true, url);
  ido_world_run(&w, 30 * WORLD_DAY);
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, WORLD_DAY);
  assert_int_equal(at_ca(&w, "revoked"), 2); /* the others have expired */
  ido_world_clear(&w);
}

/* --- What the CA makes of it --- */

#define REVOKING                                                                                                       \
  "{\"newNonce\":\"" WORLD_CA "/new-nonce\",\"newAccount\":\"" WORLD_CA "/new-account\",\"newOrder\":\"" WORLD_CA      \
  "/new-order\",\"revokeCert\":\"" WORLD_CA "/revoke-cert\"}"

static void await(played *p, const char *url)
{
  (void)scripted_await(&p->ca, "POST", url, 2 * WORLD_DAY);
}

/* Up to the answer of finalize. */
static void reach_finalize_of(played *p, const char *new_order)
{
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  memset(p, 0, sizeof(*p));
  ido_world_init(&p->w);
  p->w.issuer.kind = "renew";
  p->w.issuer.validity_s = V6D;
  p->w.issuer.revoke_at_end = 1;
  p->w.options.poll_ms = 0;
  ido_world_open(&p->w);
  ido_world_ndc(&p->w, 0, "cdn");
  ido_world_delegate(&p->w, "cdn", "d1", WORLD_ONE, NULL);
  p->ca.engine = stardeleg_ido_engine(p->w.ido);
  p->ca.now = p->w.now;
  assert_int_equal(acme_peer_post(&p->w.ndc[0], WORLD_IDO "/new-order", new_order), 201);
  (void)snprintf(p->url, sizeof(p->url), "%s", acme_peer_header(&p->w.ndc[0], "Location"));
  assert_int_equal(ido_world_finalize(&p->w, 0, p->url, csr), 200);
  free(csr);
  p->ca.directory = REVOKING;
  await(p, WORLD_CA "/new-account");
  scripted_answer(&p->ca, 201, played_account_location, "{\"status\":\"valid\"}");
  await(p, WORLD_CA "/new-order");
  scripted_answer(&p->ca, 201, played_order_location, played_order2("ready", "", ""));
  await(p, ORDER2 "/finalize");
}

static void reach_finalize(played *p)
{
  reach_finalize_of(p, PLAIN);
}

/* finalize is out: a certificate for its key. */
static char *certify(const played *p)
{
  static const char *const names[] = {"abc.ido.example"};
  test_leaf leaf = {.names = names,
                    .name_count = 1,
                    .not_before = p->ca.now - WORLD_S,
                    .not_after = p->ca.now + V6D * WORLD_S - WORLD_S,
                    .serial = (uint64_t)p->ca.now,
                    .names_issuer_key = true};
  test_root root;
  sdg_json *tree = NULL;
  sdg_buf der, pem;
  sdg_csr csr;
  char *text;

  sdg_buf_init(&der, 1 << 16);
  sdg_buf_init(&pem, 1 << 16);
  assert_ok(sdg_json_parse(&tree, sdg_bytes_str(p->ca.payload), NULL, NULL));
  assert_ok(sdg_json_get_base64url(&der, tree, "csr", SDG_JSON_REQUIRED, NULL));
  assert_ok(sdg_csr_parse(&csr, sdg_buf_bytes(&der), NULL));
  leaf.spki = csr.spki;
  test_root_init(&root, "played");
  test_root_issue(&root, &leaf, &pem);
  text = strdup(sdg_buf_str(&pem));
  assert_non_null(text);
  test_root_clear(&root);
  sdg_csr_clear(&csr);
  sdg_json_free(tree);
  sdg_buf_clear(&pem);
  sdg_buf_clear(&der);
  return text;
}

/* The order first, then its delegation, then the CNAMEs. */
static void settle(played *p)
{
  for (int i = 0; i < 8; i++) {
    played_assert_rests(p);
    p->ca.now += 2;
  }
}

static void expect_revocation(played *p, const char *pem)
{
  await(p, CERT_URL);
  scripted_answer(&p->ca, 200, NULL, pem);
  await(p, WORLD_CA "/revoke-cert");
  assert_non_null(strstr(p->ca.payload, "\"reason\":5"));
  scripted_answer(&p->ca, 200, NULL, NULL);
  settle(p);
}

/* An end while the CA issues, however long that takes: what comes of it is revoked. */
static void test_slow(void **state)
{
  played p;
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 10 * WORLD_DAY);

  (void)state;
  reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("processing", "", ""));
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  for (int day = 0; day < 3; day++) {
    await(&p, ORDER2);
    scripted_answer(&p.ca, 200, NULL, played_order2("processing", "", ""));
    assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
    p.ca.now += WORLD_DAY;
    p.w.now = p.ca.now;
    ido_world_restart(&p.w);
    p.ca.engine = stardeleg_ido_engine(p.w.ido);
  }
  await(&p, ORDER2);
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", "", ",\"certificate\":\"" CERT_URL "\""));
  expect_revocation(&p, pem);
  assert_string_equal(played_status(&p), "invalid");
  assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ended");
  free(pem);
  played_end(&p);
}

/* A certificate that is not the one that was ordered is not shown, and is revoked; the order is lost. */
static void test_misfit(void **state)
{
  played p;
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 10 * WORLD_DAY); /* another key */

  (void)state;
  reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", "", ",\"certificate\":\"" CERT_URL "\""));
  await(&p, CERT_URL);
  scripted_answer(&p.ca, 200, NULL, pem);
  await(&p, WORLD_CA "/revoke-cert");
  assert_string_equal(played_status(&p), "invalid");
  assert_string_equal(played_error_text(&p, "detail"),
                      "the CA's certificate is not published: its key is not the CSR's");
  scripted_answer(&p.ca, 500, NULL, ""); /* again and again */
  await(&p, WORLD_CA "/revoke-cert");
  assert_non_null(strstr(p.w.log, "[ido.order.retry]"));
  scripted_answer(&p.ca, 200, NULL, NULL);
  settle(&p);
  assert_non_null(strstr(p.w.log, "[ido.order.released]"));
  assert_int_equal(ido_world_count(&p.w, "published"), 0);
  free(pem);
  played_end(&p);
}

static void give_next(played *p, const char *pem)
{
  scripted_answer(&p->ca, 200, NULL, played_order2("valid", "", ",\"certificate\":\"" CERT_URL "\""));
  await(p, CERT_URL);
  scripted_answer(&p->ca, 200, NULL, pem);
}

/* The same at a renewal, and the CA does not revoke it: the order goes on, and it is revoked when the order ends. */
static void test_misfit_at_renewal(void **state)
{
  played p;
  char *other = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 30 * WORLD_DAY);
  char *own;

  (void)state;
  reach_finalize_of(&p, ido_world_new_order("d1", "abc.ido.example"));
  own = certify(&p);
  give_next(&p, own);
  free(own);
  assert_string_equal(played_status(&p), "valid");
  (void)scripted_await(&p.ca, "POST", WORLD_CA "/new-order", 6 * WORLD_DAY);
  scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", "", ""));
  await(&p, ORDER2 "/finalize");
  give_next(&p, other);
  for (int i = 0; i < 5; i++) {
    await(&p, WORLD_CA "/revoke-cert");
    scripted_answer(&p.ca, i % 2 == 0 ? 403 : 500, NULL, "");
  }
  await(&p, WORLD_CA "/new-order"); /* while the first one lives */
  assert_non_null(strstr(p.w.log, "[ido.revoke.failed]"));
  scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", "", ""));
  await(&p, ORDER2 "/finalize");
  own = certify(&p);
  give_next(&p, own);
  free(own);
  assert_string_equal(played_status(&p), "valid");
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  for (int i = 0; i < 3; i++) { /* the newest, the first, the one that was refused */
    await(&p, WORLD_CA "/revoke-cert");
    scripted_answer(&p.ca, 200, NULL, NULL);
  }
  settle(&p);
  assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ended");
  free(other);
  played_end(&p);
}

/* A certificate that the CA has, and does not hand over: asked for until it does. */
static void test_not_handed_over(void **state)
{
  played p;
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 10 * WORLD_DAY);

  (void)state;
  reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", "", ",\"certificate\":\"" CERT_URL "\""));
  await(&p, CERT_URL);
  scripted_answer(&p.ca, 403, NULL, "");
  assert_string_equal(played_status(&p), "invalid");
  for (int i = 0; i < 3; i++) {
    await(&p, ORDER2);
    scripted_answer(&p.ca, 200, NULL, played_order2("valid", "", ",\"certificate\":\"" CERT_URL "\""));
    if (i < 2) {
      await(&p, CERT_URL);
      scripted_answer(&p.ca, 403, NULL, "");
    }
  }
  expect_revocation(&p, pem);
  assert_non_null(strstr(p.w.log, "[ido.order.released]"));
  free(pem);
  played_end(&p);
}

/* Where nothing can have been issued, nobody is asked. */
static void test_nothing_issued(void **state)
{
  played p;

  (void)state;
  reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("invalid", "", ""));
  settle(&p);
  assert_string_equal(played_status(&p), "invalid");
  assert_null(strstr(p.w.log, "released"));
  played_end(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_unheard), cmocka_unit_test(test_unheard_renewal), cmocka_unit_test(test_slow),
      cmocka_unit_test(test_all_of_them), cmocka_unit_test(test_misfit_at_renewal),
      cmocka_unit_test(test_misfit),  cmocka_unit_test(test_not_handed_over), cmocka_unit_test(test_nothing_issued),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
