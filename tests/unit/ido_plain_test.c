/* SPDX-License-Identifier: Apache-2.0 */
/* ido_plain_test.c -- orders without auto-renewal, the CA played by hand (RFC 9115 2.3.3, 2.3.5, 2.3.6.2). */
#include "support/ido_played.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "support/test_pki.h"

#define PLAIN_META "\"allow-certificate-get\":true"
#define PLAIN_CERT WORLD_CA "/cert/a?b=%20C"
#define REVOKE_MEMBER "\"revokeCert\":\"" WORLD_CA "/revoke-cert\","
#define PLAIN_DIRECTORY(meta) "{" REVOKE_MEMBER "\"newNonce\":\"" WORLD_CA "/new-nonce\",\"newAccount\":\"" WORLD_CA \
  "/new-account\",\"newOrder\":\"" WORLD_CA "/new-order\",\"meta\":{" meta "}}"

static const char *payload_of(const char *more)
{
  static char text[2048];

  (void)snprintf(text, sizeof(text), "{" NAMES ",\"delegation\":\"" WORLD_IDO "/delegation/d1\"%s}", more);
  return text;
}

static void begin_with(played *p, const char *more)
{
  played_open(p);
  if (acme_peer_post(&p->w.ndc[0], WORLD_IDO "/new-order", payload_of(more)) != 201) {
    fail_msg("%d %s", p->w.ndc[0].status, p->w.ndc[0].body);
  }
  (void)snprintf(p->url, sizeof(p->url), "%s", acme_peer_header(&p->w.ndc[0], "Location"));
}

static void reach_new_order(played *p, const char *directory)
{
  played_give_directory(p, directory);
  scripted_expect(&p->ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p->ca, 200, NULL, NULL);
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-account");
  scripted_answer(&p->ca, 201, played_account_location, "{\"status\":\"valid\"}");
  scripted_expect(&p->ca, "POST", WORLD_CA "/new-order");
}

/* The order as it is made: STARDEL-2.3.3-04 to -07, AMB-23. */
static void test_created(void **state)
{
  played p;

  (void)state;
  begin_with(&p, ",\"allow-certificate-get\":true,\"notAfter\":\"2026-01-20T00:00:00Z\"");
  assert_string_equal(ido_world_text(&p.w, 0, "status"), "ready");
  assert_int_equal(sdg_json_type_of(sdg_json_member(p.w.ndc[0].json, "authorizations")), SDG_JSON_ARRAY);
  assert_int_equal(sdg_json_count(sdg_json_member(p.w.ndc[0].json, "authorizations")), 0);
  assert_string_equal(ido_world_text(&p.w, 0, "delegation"), WORLD_IDO "/delegation/d1");
  assert_true(sdg_json_bool(sdg_json_member(p.w.ndc[0].json, "allow-certificate-get")));
  assert_string_equal(ido_world_text(&p.w, 0, "notAfter"), "2026-01-20T00:00:00Z");
  assert_null(sdg_json_member(p.w.ndc[0].json, "auto-renewal"));
  assert_null(sdg_json_member(p.w.ndc[0].json, "certificate"));
  /* STARDEL-2.3.4-01, -02, STARDEL-2.3.5-01 */
  assert_int_equal(acme_peer_get(&p.w.ndc[0], WORLD_IDO "/directory"), 200);
  assert_true(sdg_json_bool(sdg_json_member(sdg_json_member(p.w.ndc[0].json, "meta"), "delegation-enabled")));
  assert_true(sdg_json_bool(sdg_json_member(sdg_json_member(p.w.ndc[0].json, "meta"), "allow-certificate-get")));
  played_end(&p);
}

typedef struct bad_case {
  const char *more;
  const char *place;
} bad_case;

/* STARDEL-2.3.3-01 to -03 */
static const bad_case bad_cases[] = {
    {"", "/allow-certificate-get"},
    {",\"allow-certificate-get\":false", "/allow-certificate-get"},
    {",\"allow-certificate-get\":\"true\"", "/allow-certificate-get"},
    {",\"auto-renewal\":{\"allow-certificate-get\":true}", "/auto-renewal/"},
    {",\"allow-certificate-get\":true,\"notAfter\":\"2025-12-31T00:00:00Z\"", "/notAfter"},
    {",\"allow-certificate-get\":true,\"notBefore\":\"2026-02-01T00:00:00Z\",\"notAfter\":\"2026-01-20T00:00:00Z\"",
     "/notAfter"},
    {",\"allow-certificate-get\":true,\"notAfter\":7", "/notAfter"},
    {",\"allow-certificate-get\":true,\"notAfter\":\"2326-01-01T00:00:00Z\"", "/notAfter"},
};

static void test_refused(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
    played p;

    played_open(&p);
    (void)acme_peer_post(&p.w.ndc[0], WORLD_IDO "/new-order", payload_of(bad_cases[i].more));
    acme_peer_assert_problem(&p.w.ndc[0], 400, "malformed");
    assert_non_null(strstr(p.w.ndc[0].body, bad_cases[i].place));
    assert_int_equal(ido_world_count(&p.w, "order"), 0);
    played_end(&p);
  }
  for (int i = 0; i < 2; i++) { /* a missing name, a foreign delegation */
    played p;

    played_open(&p);
    (void)acme_peer_post(&p.w.ndc[0], WORLD_IDO "/new-order",
                         i == 0 ? "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"x.example\"}],\"delegation\":\""
                                  WORLD_IDO "/delegation/d1\",\"allow-certificate-get\":true}"
                                : "{" NAMES ",\"allow-certificate-get\":true,\"delegation\":\"" WORLD_IDO
                                  "/delegation/d2\"}");
    assert_int_equal(p.w.ndc[0].status, i == 0 ? 403 : 403);
    assert_int_equal(ido_world_count(&p.w, "order"), 0);
    played_end(&p);
  }
}

/* A delegation that ends bounds what may be ordered under it. */
static void test_bounded(void **state)
{
  played p;
  stardeleg_ido_delegation d = {.size = sizeof(d),
                                .id = "d2",
                                .ndc = "cdn",
                                .csr_template = sdg_bytes_str(WORLD_ONE),
                                .lifetime_max_s = 86400 * 10,
                                .order_kinds = STARDELEG_IDO_PLAIN,
                                .expires_at = WORLD_START + 20 * WORLD_DAY};
  static const struct {
    const char *more;
    int status;
  } cases[] = {{"", 400},
               {",\"notAfter\":\"2026-01-21T00:00:01Z\"", 400},
               {",\"notAfter\":\"2026-01-11T00:00:01Z\"", 400},
               {",\"notAfter\":\"2026-01-11T00:00:00Z\"", 201},
               {",\"notBefore\":\"2026-01-11T00:00:00Z\",\"notAfter\":\"2026-01-21T00:00:00Z\"", 201}};
  char id[65];

  (void)state;
  played_open(&p);
  assert_ok(stardeleg_ido_delegation_add(p.w.ido, &d, id, p.w.now, NULL));
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{" NAMES ",\"allow-certificate-get\":true,\"delegation\":\"" WORLD_IDO "/delegation/d2\"%s}",
                   cases[i].more);
    assert_int_equal(acme_peer_post(&p.w.ndc[0], WORLD_IDO "/new-order", text), cases[i].status);
  }
  played_end(&p);
}

/* STARDEL-2.3.3-08: the same gate as for STAR. */
static void test_csr_checked(void **state)
{
  played p;
  char *csr = ido_world_csr(WORLD_TEMPLATE("\"evil.example\""), NULL, NULL, 0);

  (void)state;
  begin_with(&p, ",\"allow-certificate-get\":true");
  assert_int_equal(ido_world_finalize(&p.w, 0, p.url, csr), 403);
  assert_string_equal(played_status(&p), "invalid");
  free(csr);
  played_end(&p);
}

/* STARDEL-2.3.3-09 to -11, -15, AMB-18: what the CA gets. */
static void test_passed_on(void **state)
{
  played p;

  (void)state;
  begin_with(&p, ",\"allow-certificate-get\":true,\"notBefore\":\"2026-01-02T00:00:00Z\",\"notAfter\":"
                 "\"2026-01-20T00:00:00Z\"");
  played_finalize(&p);
  reach_new_order(&p, PLAIN_DIRECTORY(PLAIN_META));
  assert_string_equal(p.ca.payload, "{" NAMES ",\"notBefore\":\"2026-01-02T00:00:00Z\",\"notAfter\":"
                                    "\"2026-01-20T00:00:00Z\",\"allow-certificate-get\":true}");
  played_end(&p);
}

/* --- A CA without it --- */

static const char *const unfit[] = {PLAIN_DIRECTORY(""), PLAIN_DIRECTORY("\"allow-certificate-get\":false"),
                                    PLAIN_DIRECTORY(STAR_META)};

/* STARDEL-2.3.3-15, -16, -17; STARDEL-2.3.5-06: the one inside auto-renewal does not count here. */
static void test_not_offered(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
    played p;

    begin_with(&p, ",\"allow-certificate-get\":true");
    played_finalize(&p);
    played_give_directory(&p, unfit[i]);
    scripted_expect(&p.ca, "HEAD", WORLD_CA "/new-nonce");
    scripted_answer(&p.ca, 200, NULL, NULL);
    scripted_expect(&p.ca, "POST", WORLD_CA "/new-account");
    scripted_answer(&p.ca, 201, played_account_location, "{\"status\":\"valid\"}");
    played_assert_rests(&p);
    assert_string_equal(played_status(&p), "invalid");
    assert_int_equal(sdg_json_type_of(sdg_json_member(p.w.ndc[0].json, "allow-certificate-get")), SDG_JSON_BOOL);
    assert_false(sdg_json_bool(sdg_json_member(p.w.ndc[0].json, "allow-certificate-get")));
    assert_true(played_error_text(&p, "detail")[0] != '\0');
    played_end(&p);
  }
}

/* STARDEL-2.3.3-17 */
static void test_not_reflected(void **state)
{
  static const char *const more[] = {"", ",\"allow-certificate-get\":false"};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    played p;

    begin_with(&p, ",\"allow-certificate-get\":true");
    played_finalize(&p);
    reach_new_order(&p, PLAIN_DIRECTORY(PLAIN_META));
    scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", "", more[i]));
    played_assert_rests(&p); /* the CSR is not sent */
    assert_string_equal(played_status(&p), "invalid");
    assert_false(sdg_json_bool(sdg_json_member(p.w.ndc[0].json, "allow-certificate-get")));
    played_end(&p);
  }
}

/* A CA that says it will certify for longer than was asked for does not get the CSR. */
static void test_longer(void **state)
{
  static const struct {
    const char *more;
    const char *status;
  } cases[] = {{"," PLAIN_META ",\"notAfter\":\"2026-01-20T00:00:01Z\"", "invalid"},
               {"," PLAIN_META ",\"notAfter\":\"2026-01-20T00:00:00Z\"", "processing"},
               {"," PLAIN_META ",\"notAfter\":\"2026-01-19T00:00:00Z\"", "processing"},
               {"," PLAIN_META, "invalid"}}; /* nor one that does not know how long it may live */

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    played p;

    begin_with(&p, ",\"allow-certificate-get\":true,\"notAfter\":\"2026-01-20T00:00:00Z\"");
    played_finalize(&p);
    reach_new_order(&p, PLAIN_DIRECTORY(PLAIN_META));
    scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", "", cases[i].more));
    if (strcmp(cases[i].status, "invalid") == 0) {
      played_assert_rests(&p);
    } else {
      scripted_expect(&p.ca, "POST", ORDER2 "/finalize");
    }
    assert_string_equal(played_status(&p), cases[i].status);
    assert_true(strcmp(cases[i].status, "invalid") != 0 ||
                strstr(played_error_text(&p, "detail"), "notAfter") != NULL);
    played_end(&p);
  }
}

/* --- Valid --- */

static void reach_valid(played *p, const char *more)
{
  begin_with(p, ",\"allow-certificate-get\":true");
  played_finalize(p);
  reach_new_order(p, PLAIN_DIRECTORY(PLAIN_META));
  scripted_answer(&p->ca, 201, played_order_location, played_order2("ready", "", "," PLAIN_META));
  scripted_expect(&p->ca, "POST", ORDER2 "/finalize");
  assert_string_equal(played_status(p), "processing"); /* STARDEL-2.3.3-12 */
  scripted_answer(&p->ca, 200, NULL, played_order2("valid", "", more));
}

/* The certificate has to be at hand before the delegate hears of it. */
static void expect_certificate(played *p)
{
  scripted_expect(&p->ca, "POST", PLAIN_CERT);
  assert_string_equal(p->ca.payload, "");
  assert_string_equal(played_status(p), "processing");
}

static void give_certificate(played *p)
{
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 10 * WORLD_DAY);

  scripted_answer(&p->ca, 200, NULL, pem);
  free(pem);
}

/* STARDEL-2.3.3-12 to -14 */
static void test_valid(void **state)
{
  (void)state;
  for (int dated = 0; dated < 2; dated++) {
    played p;

    reach_valid(&p, dated != 0 ? "," PLAIN_META ",\"certificate\":\"" PLAIN_CERT
                                 "\",\"notBefore\":\"2026-01-01T00:00:00Z\",\"notAfter\":\"2026-01-20T00:00:00Z\""
                               : "," PLAIN_META ",\"certificate\":\"" PLAIN_CERT "\"");
    expect_certificate(&p);
    give_certificate(&p);
    played_assert_rests(&p);
    assert_string_equal(played_status(&p), "valid");
    assert_string_equal(ido_world_text(&p.w, 0, "certificate"), PLAIN_CERT);
    assert_string_equal(ido_world_text(&p.w, 0, "notBefore"), dated != 0 ? "2026-01-01T00:00:00Z" : "");
    assert_string_equal(ido_world_text(&p.w, 0, "notAfter"), dated != 0 ? "2026-01-20T00:00:00Z" : "");
    assert_true(sdg_json_bool(sdg_json_member(p.w.ndc[0].json, "allow-certificate-get")));
    assert_string_equal(p.w.cnames, "+abc.ido.example.>abc.cdn.example. ");
    played_end(&p);
  }
}

/* What was not ordered is not passed on: a STAR URL in an order without auto-renewal. */
static void test_wrong_kind(void **state)
{
  played p;

  (void)state;
  reach_valid(&p, "," PLAIN_META ",\"star-certificate\":\"" CERT "\"");
  assert_string_equal(played_status(&p), "invalid");
  scripted_expect(&p.ca, "POST", ORDER2); /* nor is it left to renew */
  assert_string_equal(p.ca.payload, "{\"status\":\"canceled\"}");
  scripted_answer(&p.ca, 200, NULL, played_order2("canceled", "", "," PLAIN_META));
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "invalid");
  played_end(&p);
}

/* --- The end (RFC 9115 2.3.6.2) --- */

/* Valid at the CA, which does not give the certificate; then the delegation ends. */
static void end_without_certificate(played *p)
{
  reach_valid(p, "," PLAIN_META ",\"certificate\":\"" PLAIN_CERT "\"");
  expect_certificate(p);
  scripted_answer(&p->ca, 503, NULL, "");
  assert_ok(stardeleg_ido_delegation_end(p->w.ido, "d1", p->ca.now));
}

/* The intent is saved before the first request. */
static void expect_first_fetch(played *p)
{
  scripted_sleep(&p->ca, 1000);
  scripted_expect(&p->ca, "POST", PLAIN_CERT);
  assert_string_equal(p->ca.payload, "");
}

static void expect_fetch(played *p)
{
  scripted_expect(&p->ca, "POST", PLAIN_CERT);
  assert_string_equal(p->ca.payload, "");
}

/* STARDEL-2.3.6.2-01, STARDEL-7.2-04: revokeCert under our own account, again and again until it is done. */
static void test_end_revokes(void **state)
{
  played p;
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 10 * WORLD_DAY);

  (void)state;
  reach_valid(&p, "," PLAIN_META ",\"certificate\":\"" PLAIN_CERT "\"");
  expect_certificate(&p);
  scripted_answer(&p.ca, 200, NULL, pem);
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "valid");
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  scripted_sleep(&p.ca, 10);
  for (int i = 0; i < 3; i++) {
    scripted_expect(&p.ca, "POST", WORLD_CA "/revoke-cert");
    assert_non_null(strstr(p.ca.payload, "\"certificate\":\"MI"));
    assert_non_null(strstr(p.ca.payload, "\"reason\":5"));
    assert_non_null(strstr(p.ca.header, "\"kid\":\"" WORLD_CA "/acct/1\""));
    if (i < 2) {
      scripted_answer(&p.ca, 500, NULL, "");
      assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
      p.ca.now += 10000; /* the intent is in the record: another process goes on from it */
      p.w.now = p.ca.now;
      ido_world_restart(&p.w);
      p.ca.engine = stardeleg_ido_engine(p.w.ido);
      p.ca.now += 3600000;
      p.w.now = p.ca.now;
      played_give_directory(&p, PLAIN_DIRECTORY(PLAIN_META));
      scripted_expect(&p.ca, "HEAD", WORLD_CA "/new-nonce");
      scripted_answer(&p.ca, 200, NULL, NULL);
    }
  }
  scripted_answer(&p.ca, 200, NULL, NULL);
  played_assert_rests(&p); /* the order first, then its delegation, then the CNAMEs */
  played_assert_rests(&p);
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "invalid");
  assert_string_equal(played_error_text(&p, "type"), "urn:ietf:params:acme:error:unknownDelegation");
  assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ended");
  assert_non_null(strstr(p.w.cnames, "-abc.ido.example.>"));
  free(pem);
  played_end(&p);
}

/* The record of Order1 has this text. */
static bool is_recorded(played *p, const char *text)
{
  stardeleg_record record = {0};
  bool found;

  assert_ok(p->w.real->ops->get(p->w.real->self, "order", strrchr(p->url, '/') + 1, &record));
  found = strstr((const char *)record.value, text) != NULL;
  stardeleg_record_clear(&record);
  return found;
}

/* A CA that has no certificate to give at the moment: the pauses grow over restarts. */
static void test_end_pauses(void **state)
{
  played p;

  (void)state;
  end_without_certificate(&p);
  expect_first_fetch(&p);
  for (int i = 1; i < 5; i++) {
    char tries[40];

    scripted_answer(&p.ca, 503, NULL, "");
    (void)snprintf(tries, sizeof(tries), "\"tries\":%d,\"waitUntil\":", i);
    assert_true(is_recorded(&p, tries));
    p.ca.now += p.w.options.lease_ms + 1;
    p.w.now = p.ca.now;
    ido_world_restart(&p.w);
    p.ca.engine = stardeleg_ido_engine(p.w.ido);
    p.ca.now += 3600000;
    played_give_directory(&p, PLAIN_DIRECTORY(PLAIN_META));
    scripted_expect(&p.ca, "HEAD", WORLD_CA "/new-nonce");
    scripted_answer(&p.ca, 200, NULL, NULL);
    expect_fetch(&p);
  }
  played_end(&p);
}

#define NOT_FOUND "{\"type\":\"urn:ietf:params:acme:error:malformed\",\"detail\":\"no such certificate\"}"

/* STARDEL-2.3.6.2-01: one answer that there is no certificate, or that we may not have it, does not end the duty to
 * revoke it; only the CA's own word, for hours, does. */
static void test_end_without_certificate(void **state)
{
  static const struct {
    int status;
    const char *body;
    bool over;
  } cases[] = {{404, "<html>", false},   {410, "", false},          {403, NOT_FOUND, false},
               {200, "<html>", false},   {302, "", false},          {404, NOT_FOUND, true},
               {410, NOT_FOUND, true}};
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 10 * WORLD_DAY);

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    stardeleg_time since;
    played p;

    end_without_certificate(&p);
    p.ca.directory = PLAIN_DIRECTORY(PLAIN_META);
    since = p.ca.now;
    while (strcmp(played_status(&p), "invalid") != 0 && p.ca.now < since + 12 * 3600 * WORLD_S) {
      (void)scripted_await(&p.ca, "POST", PLAIN_CERT, WORLD_DAY);
      scripted_answer(&p.ca, cases[i].status, NULL, cases[i].body);
      played_assert_rests(&p);
    }
    assert_int_equal(p.ca.now < since + 12 * 3600 * WORLD_S, cases[i].over);
    assert_true(p.ca.now >= since + 6 * 3600 * WORLD_S);
    if (!cases[i].over) {
      assert_string_equal(ido_world_record(&p.w, "delegation", "d1", "state"), "ending");
      (void)scripted_await(&p.ca, "POST", PLAIN_CERT, WORLD_DAY);
      scripted_answer(&p.ca, 200, NULL, pem);
      scripted_expect(&p.ca, "POST", WORLD_CA "/revoke-cert");
      scripted_answer(&p.ca, 200, NULL, NULL);
      played_assert_rests(&p);
      assert_string_equal(played_status(&p), "invalid");
    }
    played_end(&p);
  }
  free(pem);
}

/* The end comes while the CA issues: the certificate is waited for, and revoked. */
static void test_end_while_issuing(void **state)
{
  played p;
  char *pem = test_pki_leaf_pem("abc.ido.example", WORLD_START, WORLD_START + 10 * WORLD_DAY);

  (void)state;
  begin_with(&p, ",\"allow-certificate-get\":true");
  played_finalize(&p);
  reach_new_order(&p, PLAIN_DIRECTORY(PLAIN_META));
  scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", "", "," PLAIN_META));
  scripted_expect(&p.ca, "POST", ORDER2 "/finalize");
  assert_ok(stardeleg_ido_delegation_end(p.w.ido, "d1", p.ca.now));
  scripted_answer(&p.ca, 200, NULL, played_order2("processing", "", "," PLAIN_META));
  scripted_sleep(&p.ca, 60000);
  scripted_expect(&p.ca, "POST", ORDER2);
  scripted_answer(&p.ca, 200, NULL,
                  played_order2("valid", "", "," PLAIN_META ",\"certificate\":\"" PLAIN_CERT "\""));
  expect_first_fetch(&p);
  scripted_answer(&p.ca, 200, NULL, pem);
  scripted_expect(&p.ca, "POST", WORLD_CA "/revoke-cert");
  scripted_answer(&p.ca, 400, NULL, "{\"type\":\"urn:ietf:params:acme:error:alreadyRevoked\"}");
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "invalid");
  assert_string_equal(p.w.cnames, "");
  free(pem);
  played_end(&p);
}

/* --- AMB-04: plain GET assumed --- */

static void test_assumed(void **state)
{
  static const int statuses[] = {200, 405};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    played p;

    memset(&p, 0, sizeof(p));
    ido_world_init(&p.w);
    p.w.issuer.assume_certificate_get = 1;
    ido_world_open(&p.w);
    ido_world_ndc(&p.w, 0, "cdn");
    ido_world_delegate(&p.w, "cdn", "d1", WORLD_ONE, "{\"abc.ido.example.\":\"abc.cdn.example.\"}");
    p.ca.engine = stardeleg_ido_engine(p.w.ido);
    p.ca.now = p.w.now;
    assert_int_equal(acme_peer_post(&p.w.ndc[0], WORLD_IDO "/new-order", payload_of("," PLAIN_META)), 201);
    (void)snprintf(p.url, sizeof(p.url), "%s", acme_peer_header(&p.w.ndc[0], "Location"));
    played_finalize(&p);
    reach_new_order(&p, PLAIN_DIRECTORY(""));
    assert_null(strstr(p.ca.payload, "allow-certificate-get"));
    scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", "", ""));
    scripted_expect(&p.ca, "POST", ORDER2 "/finalize");
    scripted_answer(&p.ca, 200, NULL, played_order2("valid", "", ",\"certificate\":\"" PLAIN_CERT "\""));
    scripted_expect(&p.ca, "GET", PLAIN_CERT); /* tried before the delegate is sent there */
    assert_string_equal(played_status(&p), "processing");
    scripted_answer(&p.ca, 503, NULL, "");
    scripted_sleep(&p.ca, 60000);
    scripted_expect(&p.ca, "GET", PLAIN_CERT);
    scripted_answer(&p.ca, statuses[i], NULL, "");
    if (statuses[i] == 200) {
      expect_certificate(&p);
      give_certificate(&p);
      played_assert_rests(&p);
      assert_string_equal(played_status(&p), "valid");
    } else {
      expect_fetch(&p); /* what nobody can use is revoked */
      give_certificate(&p);
      scripted_expect(&p.ca, "POST", WORLD_CA "/revoke-cert");
      scripted_answer(&p.ca, 200, NULL, NULL);
      played_assert_rests(&p);
      assert_string_equal(played_status(&p), "invalid");
      assert_false(sdg_json_bool(sdg_json_member(p.w.ndc[0].json, "allow-certificate-get")));
    }
    played_end(&p);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_created),       cmocka_unit_test(test_refused),
      cmocka_unit_test(test_bounded),       cmocka_unit_test(test_csr_checked),
      cmocka_unit_test(test_passed_on),     cmocka_unit_test(test_not_offered),
      cmocka_unit_test(test_longer),
      cmocka_unit_test(test_not_reflected), cmocka_unit_test(test_valid),
      cmocka_unit_test(test_wrong_kind),    cmocka_unit_test(test_end_revokes),
      cmocka_unit_test(test_end_without_certificate), cmocka_unit_test(test_end_while_issuing),
      cmocka_unit_test(test_end_pauses),
      cmocka_unit_test(test_assumed),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
