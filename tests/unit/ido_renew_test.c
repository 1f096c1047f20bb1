/* SPDX-License-Identifier: Apache-2.0 */
/* ido_renew_test.c -- STAR emulated over a plain CA, and certificates without auto-renewal published here: a whole CA
 * at the other end, months of virtual time (RFC 8739 3.3, RFC 9773). */
#include "support/ido_world.h"

#include "base/bytes.h"
#include "base/time.h"
#include "x509/cert.h"

#define V6D (INT64_C(160) * 3600)
#define T_DAYS4 345600 /* what ido_world_new_order asks for */

typedef struct rig {
  ido_world w;
  char url[256]; /* of Order1 */
  size_t orders; /* at the CA, as far as the log was counted */
} rig;

static void begin(rig *r)
{
  memset(r, 0, sizeof(*r));
  ido_world_init(&r->w);
  r->w.issuer.kind = "renew";
  r->w.issuer.validity_s = V6D;
  r->w.issuer.backdate_s = 0;
  ido_world_ca_init(&r->w);
  r->w.ca_options.plain_lifetime_s = V6D;
  r->w.ca_options.poll_ms = 0;
  r->w.options.poll_ms = 0;
}

static void open(rig *r)
{
  ido_world_ca_open(&r->w);
  ido_world_open(&r->w);
  ido_world_ndc(&r->w, 0, "cdn");
  ido_world_delegate(&r->w, "cdn", "d1", WORLD_ONE, "{\"abc.ido.example.\":\"abc.cdn.example.\"}");
}

/* --- What is at the certificate's URL --- */

typedef struct shown {
  int status;
  char type[128];
  char serial[64];
  stardeleg_time not_before;
  stardeleg_time not_after;
  char cache[128];
  char etag[96];
} shown;

static shown look(rig *r, const char *member)
{
  acme_peer *peer = &r->w.ndc[0];
  shown s = {0};
  char url[512];
  char begins[SDG_TIME_TEXT_SIZE];
  char ends[SDG_TIME_TEXT_SIZE];
  char date[SDG_TIME_TEXT_SIZE];
  const char *type;
  sdg_chain chain;
  sdg_cert *leaf;

  (void)acme_peer_fetch(peer, r->url);
  (void)snprintf(url, sizeof(url), "%s", ido_world_text(&r->w, 0, member));
  assert_non_null(strstr(url, WORLD_IDO "/cert/"));
  s.status = acme_peer_get(peer, url);
  if (s.status != 200) {
    type = strrchr(acme_peer_string(peer, "type"), ':');
    (void)snprintf(s.type, sizeof(s.type), "%s", type != NULL ? type + 1 : "");
    return s;
  }
  assert_string_equal(acme_peer_header(peer, "Content-Type"), "application/pem-certificate-chain");
  (void)snprintf(begins, sizeof(begins), "%s", acme_peer_header(peer, "Cert-Not-Before"));
  (void)snprintf(ends, sizeof(ends), "%s", acme_peer_header(peer, "Cert-Not-After"));
  (void)snprintf(s.cache, sizeof(s.cache), "%s", acme_peer_header(peer, "Cache-Control"));
  (void)snprintf(s.etag, sizeof(s.etag), "%s", acme_peer_header(peer, "ETag"));
  leaf = calloc(1, sizeof(*leaf));
  assert_ok(sdg_chain_parse(&chain, sdg_bytes_str(peer->body)));
  assert_ok(sdg_cert_parse(leaf, chain.certs[0]));
  assert_true(sdg_cert_has_dns(leaf, sdg_bytes_str("abc.ido.example")));
  sdg_cert_serial_text(s.serial, sizeof(s.serial), leaf);
  s.not_before = leaf->not_before;
  s.not_after = leaf->not_after;
  /* STAR-3.3-06: at every look, whichever certificate it is */
  sdg_time_write_http(date, leaf->not_before);
  assert_string_equal(begins, date);
  sdg_time_write_http(date, leaf->not_after);
  assert_string_equal(ends, date);
  sdg_chain_clear(&chain);
  free(leaf);
  return s;
}

static shown look_star(rig *r)
{
  return look(r, "star-certificate");
}

static void place(rig *r)
{
  ido_world_place(&r->w, 0, "d1", r->url);
  ido_world_run(&r->w, 120 * WORLD_S);
  if (strcmp(ido_world_status(&r->w, 0, r->url), "valid") != 0) {
    fail_msg("%s %s", r->w.ndc[0].body, r->w.log);
  }
}

/* newOrder requests that the CA got so far. */
static size_t count_orders(rig *r)
{
  for (char *at = r->w.ca_log; (at = strstr(at, "/new-order ")) != NULL; at++) {
    at[1] = 'N'; /* counted */
    r->orders++;
  }
  return r->orders;
}

/* --- The way of an order --- */

/* GET and HEAD, headers, caching up to the successor (STAR-3.3, STAR-4.3); nothing of RFC 8739 reaches the CA. */
static void test_published(void **state)
{
  rig r;
  shown s;
  long long age;
  char url[512];
  const char *again[2] = {NULL, NULL};
  char line[160];

  (void)state;
  begin(&r);
  open(&r);
  place(&r);
  assert_string_equal(r.w.cnames, "+abc.ido.example.>abc.cdn.example. ");
  s = look_star(&r);
  assert_int_equal(s.status, 200);
  assert_non_null(strstr(s.cache, "public, max-age="));
  assert_int_equal(sscanf(strstr(s.cache, "max-age="), "max-age=%lld", &age), 1);
  assert_true(age > 0 && age <= V6D / 4); /* several caches in a row must not outlive it */
  (void)acme_peer_fetch(&r.w.ndc[0], r.url);
  (void)snprintf(url, sizeof(url), "%s", ido_world_text(&r.w, 0, "star-certificate"));
  assert_int_equal(acme_peer_head(&r.w.ndc[0], url), 200);
  assert_non_null(acme_peer_header(&r.w.ndc[0], "Cert-Not-Before"));
  assert_non_null(acme_peer_header(&r.w.ndc[0], "Cert-Not-After"));
  (void)snprintf(line, sizeof(line), "If-None-Match: %s", s.etag);
  again[0] = line;
  assert_int_equal(acme_peer_raw(&r.w.ndc[0], "GET", url + strlen("https://ido.example"), again, sdg_bytes(NULL, 0)),
                   304);
  assert_int_equal(acme_peer_fetch(&r.w.ndc[0], url), 200); /* STARDEL-2.3.5-04 */
  ido_world_ndc(&r.w, 1, "other");
  (void)acme_peer_fetch(&r.w.ndc[1], url); /* by an account it is the account's alone */
  acme_peer_assert_problem(&r.w.ndc[1], 404, "unauthorized");
  assert_int_equal(acme_peer_post(&r.w.ndc[0], url, "{}"), 400);
  /* RFC 8555 6.3, as where GET was not negotiated */
  assert_int_equal(acme_peer_get(&r.w.ndc[0], WORLD_IDO "/cert/none"), 405);
  assert_int_equal(ido_world_ca_valid(&r.w), 1);
  ido_world_clear(&r.w);
}

/* The order's whole life: never without a valid certificate, each successor there when a delegate asks for it, none
 * beyond end-date, and no more certificates than T needs. */
static void live(rig *r, bool restart_always)
{
  stardeleg_time end = WORLD_START + 59 * WORLD_DAY;
  shown last = {0};
  size_t certificates = 0;

  r->w.restart_always = restart_always;
  place(r);
  while (r->w.now < end - 6 * 3600 * WORLD_S) {
    shown s = look_star(r);

    assert_int_equal(s.status, 200);
    assert_true(s.not_after > r->w.now);
    assert_true(s.not_after <= end);
    /* STAR-3.3: half-way through T at the latest, counted from the end */
    assert_true(s.not_after - r->w.now > T_DAYS4 * WORLD_S / 2 - 300 * WORLD_S || s.not_after > end - 7200 * WORLD_S);
    certificates += strcmp(s.serial, last.serial) != 0 ? 1 : 0;
    last = s;
    ido_world_run(&r->w, 3 * 3600 * WORLD_S);
    (void)count_orders(r);
    r->w.ca_log[0] = '\0';
  }
  assert_int_equal(count_orders(r), certificates);
  assert_true(certificates >= 59 * 86400 / T_DAYS4);
  assert_true(certificates <= 59 * 86400 / T_DAYS4 + 2);
  ido_world_run(&r->w, WORLD_DAY);
  last = look_star(r);
  assert_int_equal(last.status, 403); /* STAR-3.1.2 */
  assert_string_equal(last.type, "autoRenewalExpired");
  ido_world_run(&r->w, 10 * WORLD_DAY); /* order and certificate go together */
  assert_int_equal(ido_world_count(&r->w, "published"), 0);
  assert_int_equal(ido_world_count(&r->w, "order"), 0);
}

static void test_life(void **state)
{
  rig r;

  (void)state;
  begin(&r);
  open(&r);
  live(&r, false);
  ido_world_clear(&r.w);
}

/* --- A CA with notAfter, and one with profiles --- */

/* The exact schedule of STAR-3.5, notBefore aside: that is the CA's. */
static void test_not_after(void **state)
{
  rig r;
  shown s;
  stardeleg_time first;

  (void)state;
  begin(&r);
  r.w.issuer.takes_not_after = 1;
  r.w.issuer.validity_s = 90 * INT64_C(86400);
  open(&r);
  place(&r);
  s = look_star(&r);
  first = s.not_after - T_DAYS4 * WORLD_S;
  assert_true(first >= WORLD_START && first < WORLD_START + 120 * WORLD_S);
  for (int i = 1; first + i * T_DAYS4 * WORLD_S < WORLD_START + 59 * WORLD_DAY; i++) {
    stardeleg_time nrd = first + i * T_DAYS4 * WORLD_S;
    stardeleg_time until = nrd + T_DAYS4 * WORLD_S;

    ido_world_run(&r.w, nrd - T_DAYS4 * WORLD_S / 2 + 120 * WORLD_S - r.w.now);
    s = look_star(&r);
    assert_int_equal(s.status, 200);
    assert_int_equal(s.not_after, until < WORLD_START + 59 * WORLD_DAY ? until : WORLD_START + 59 * WORLD_DAY);
    r.w.ca_log[0] = '\0';
  }
  ido_world_clear(&r.w);
}

static void test_profile(void **state)
{
  static const char *const names[] = {"shortlived", "unknown"};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    stardeleg_ca_profile profiles[2];
    rig r;
    shown s;

    begin(&r);
    stardeleg_ca_profile_default(&profiles[0]);
    profiles[0].name = "classic";
    profiles[1] = profiles[0];
    profiles[1].name = "shortlived";
    profiles[1].plain_lifetime_s = V6D;
    r.w.ca_options.plain_lifetime_s = 90 * INT64_C(86400);
    r.w.ca_options.profiles = profiles;
    r.w.ca_options.profile_count = 2;
    r.w.issuer.profile = names[i];
    open(&r);
    ido_world_place(&r.w, 0, "d1", r.url);
    ido_world_run(&r.w, 120 * WORLD_S);
    if (i == 1) { /* not another one instead */
      assert_string_equal(ido_world_status(&r.w, 0, r.url), "invalid");
    } else {
      s = look_star(&r);
      assert_int_equal(s.status, 200);
      assert_in_range((uintmax_t)(s.not_after - s.not_before), (V6D - 3600) * WORLD_S, V6D * WORLD_S);
    }
    ido_world_clear(&r.w);
  }
}

/* What outlives end-date is not shown, whatever the CA's usual validity was said to be. */
static void test_longer_than_told(void **state)
{
  rig r;

  (void)state;
  begin(&r);
  r.w.ca_options.plain_lifetime_s = 90 * INT64_C(86400);
  open(&r);
  ido_world_place(&r.w, 0, "d1", r.url);
  ido_world_run(&r.w, 120 * WORLD_S);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "invalid");
  assert_non_null(strstr(r.w.ndc[0].body, "end-date"));
  assert_int_equal(ido_world_count(&r.w, "published"), 0);
  ido_world_clear(&r.w);
}

/* --- Refusals by name (the bounds that would work) --- */

static void test_bounds(void **state)
{
  static const struct {
    const char *renewal;
    const char *place;
    const char *bound;
  } cases[] = {
      {"\"end-date\":\"" WORLD_END "\",\"lifetime\":86400", "/auto-renewal/lifetime", "288001 to 384000"},
      {"\"end-date\":\"" WORLD_END "\",\"lifetime\":604800", "/auto-renewal/lifetime", "288001 to 384000"},
      {"\"end-date\":\"" WORLD_END "\",\"lifetime\":384000,\"lifetime-adjust\":300000", "/auto-renewal/lifetime-adjust",
       "192000"},
      {"\"end-date\":\"2026-01-04T00:00:00Z\",\"lifetime\":345600", "/auto-renewal/end-date", "576000"},
  };
  rig r;

  (void)state;
  begin(&r);
  open(&r);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char payload[1024];

    (void)snprintf(payload, sizeof(payload),
                   "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],\"auto-renewal\":{%s,"
                   "\"allow-certificate-get\":true},\"delegation\":\"" WORLD_IDO "/delegation/d1\"}",
                   cases[i].renewal);
    (void)acme_peer_post(&r.w.ndc[0], WORLD_IDO "/new-order", payload);
    acme_peer_assert_problem(&r.w.ndc[0], 400, "malformed");
    assert_non_null(strstr(r.w.ndc[0].body, cases[i].place));
    assert_non_null(strstr(r.w.ndc[0].body, cases[i].bound));
  }
  assert_int_equal(ido_world_count(&r.w, "order"), 0);
  /* STAR-3.2: the directory tells what can be had */
  assert_int_equal(acme_peer_get(&r.w.ndc[0], WORLD_IDO "/directory"), 200);
  assert_non_null(strstr(r.w.ndc[0].body, "\"min-lifetime\":288001"));
  ido_world_clear(&r.w);
}

/* --- The CA fails --- */

typedef struct seen_status {
  char reason[256];
  stardeleg_time next_try;
} seen_status;

static int note_status(void *ctx, const stardeleg_ido_status *status)
{
  seen_status *s = ctx;

  (void)snprintf(s->reason, sizeof(s->reason), "%s", status->reason);
  s->next_try = status->next_try;
  return 0;
}

/* The old certificate stays, people see why and when it goes on; when the CA is back, so is a new certificate. */
static void test_outage(void **state)
{
  rig r;
  shown first;
  shown s;
  seen_status status = {0};

  (void)state;
  begin(&r);
  open(&r);
  place(&r);
  first = look_star(&r);
  ido_world_run(&r.w, 3 * WORLD_DAY);
  r.w.ca_is_down = true;
  ido_world_run(&r.w, 2 * WORLD_DAY);
  s = look_star(&r);
  assert_int_equal(s.status, 200);
  assert_string_equal(s.serial, first.serial);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
  assert_ok(stardeleg_ido_inspect(r.w.ido, "d1", note_status, &status));
  assert_true(status.reason[0] != '\0');
  assert_true(status.next_try < r.w.now + WORLD_DAY);
  r.w.ca_is_down = false;
  ido_world_run(&r.w, 7200 * WORLD_S);
  s = look_star(&r);
  assert_string_not_equal(s.serial, first.serial);
  assert_ok(stardeleg_ido_inspect(r.w.ido, "d1", note_status, &status));
  assert_string_equal(status.reason, "");
  ido_world_clear(&r.w);
}

/* --- The end --- */

/* From the end on nothing is renewed and nothing is shown (STAR-3.1.2); revocation as the owner wishes. */
static void test_end(void **state)
{
  (void)state;
  for (int revoke = 0; revoke < 2; revoke++) {
    rig r;
    shown s;
    size_t orders;

    begin(&r);
    r.w.issuer.revoke_at_end = revoke;
    open(&r);
    place(&r);
    orders = count_orders(&r);
    assert_ok(stardeleg_ido_delegation_end(r.w.ido, "d1", r.w.now));
    r.w.ca_is_down = revoke != 0;
    ido_world_run(&r.w, 10 * WORLD_S);
    s = look_star(&r);
    assert_int_equal(s.status, 403);
    assert_string_equal(s.type, "autoRenewalCanceled");
    if (revoke != 0) { /* withdrawn at once; revoked when the CA is there again */
      assert_string_equal(ido_world_record(&r.w, "delegation", "d1", "state"), "ending");
      r.w.ca_is_down = false;
      ido_world_run(&r.w, 7200 * WORLD_S);
    }
    assert_string_equal(ido_world_status(&r.w, 0, r.url), "canceled");
    assert_string_equal(ido_world_record(&r.w, "delegation", "d1", "state"), "ended");
    assert_int_equal(strstr(r.w.ca_log, "/revoke-cert ") != NULL, revoke != 0);
    assert_non_null(strstr(r.w.cnames, "-abc.ido.example.>"));
    ido_world_run(&r.w, 20 * WORLD_DAY);
    assert_int_equal(count_orders(&r), orders);
    ido_world_clear(&r.w);
  }
}

/* --- Without auto-renewal: issued once, published here, revoked at the end --- */

static void test_plain(void **state)
{
  rig r;
  shown s;
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  begin(&r);
  open(&r);
  assert_int_equal(acme_peer_post(&r.w.ndc[0], WORLD_IDO "/new-order",
                                  "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],"
                                  "\"allow-certificate-get\":true,\"delegation\":\"" WORLD_IDO "/delegation/d1\"}"),
                   201);
  (void)snprintf(r.url, sizeof(r.url), "%s", acme_peer_header(&r.w.ndc[0], "Location"));
  assert_int_equal(ido_world_finalize(&r.w, 0, r.url, csr), 200);
  ido_world_run(&r.w, 120 * WORLD_S);
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
  assert_null(sdg_json_member(r.w.ndc[0].json, "star-certificate"));
  s = look(&r, "certificate");
  assert_int_equal(s.status, 200);
  ido_world_run(&r.w, 5 * WORLD_DAY);
  assert_int_equal(count_orders(&r), 1);
  assert_ok(stardeleg_ido_delegation_end(r.w.ido, "d1", r.w.now));
  ido_world_run(&r.w, 60 * WORLD_S);
  assert_non_null(strstr(r.w.ca_log, "/revoke-cert "));
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "invalid");
  s = look(&r, "certificate");
  assert_int_equal(s.status, 403);
  assert_string_equal(ido_world_record(&r.w, "delegation", "d1", "state"), "ended");
  free(csr);
  ido_world_clear(&r.w);
}

/* --- Killed after every exchange --- */

static void test_killed(void **state)
{
  rig r;
  shown first;
  shown s;

  (void)state;
  begin(&r);
  r.w.issuer.revoke_at_end = 1;
  open(&r);
  r.w.restart_always = true;
  ido_world_place(&r.w, 0, "d1", r.url);
  ido_world_run(&r.w, 1800 * WORLD_S);
  first = look_star(&r);
  assert_int_equal(first.status, 200);
  ido_world_run(&r.w, 4 * WORLD_DAY + 3600 * WORLD_S);
  s = look_star(&r);
  assert_int_equal(s.status, 200);
  assert_string_not_equal(s.serial, first.serial);
  assert_int_equal(count_orders(&r), 2);
  assert_ok(stardeleg_ido_delegation_end(r.w.ido, "d1", r.w.now));
  ido_world_run(&r.w, 1800 * WORLD_S);
  assert_int_equal(look_star(&r).status, 403);
  assert_non_null(strstr(r.w.ca_log, "/revoke-cert "));
  assert_string_equal(ido_world_record(&r.w, "delegation", "d1", "state"), "ended");
  ido_world_clear(&r.w);
}

/* --- The CA's wishes --- */

/* RFC 9773: a window in the past means now; what is replaced is named. */
static void test_renewal_info(void **state)
{
  rig r;
  shown first;
  shown s;
  stardeleg_ca_renewal change;

  (void)state;
  begin(&r);
  open(&r);
  place(&r);
  first = look_star(&r);
  assert_non_null(strstr(r.w.ca_log, "GET /acme/renewal-info/"));
  stardeleg_ca_renewal_default(&change);
  change.issued_before = r.w.now + 1000;
  change.start_at = r.w.now - WORLD_DAY;
  change.end_at = r.w.now - WORLD_DAY / 2;
  assert_ok(stardeleg_ca_renewal_move(r.w.ca, &change));
  ido_world_run(&r.w, 7 * 3600 * WORLD_S);
  s = look_star(&r);
  assert_string_not_equal(s.serial, first.serial);
  assert_int_equal(count_orders(&r), 2);
  ido_world_run(&r.w, WORLD_DAY);
  assert_int_equal(count_orders(&r), 2); /* once is enough */
  ido_world_clear(&r.w);
}

/* --- The budget of a set of names, over all delegates --- */

static void order_more(rig *r, int n)
{
  for (int i = 0; i < n; i++) {
    char url[256];

    ido_world_place(&r->w, 0, "d1", url);
    ido_world_run(&r->w, 60 * WORLD_S);
  }
}

static void test_budget(void **state)
{
  rig r;

  (void)state;
  begin(&r);
  r.w.ca_options.renewal_info_s = 0; /* nothing is exempt */
  r.w.issuer.set_limit = 3;
  r.w.issuer.set_reserve = 1;
  open(&r);
  place(&r);
  order_more(&r, 3);
  assert_int_equal(count_orders(&r), 2); /* the reserve is not for these */
  assert_string_equal(ido_world_status(&r.w, 0, r.url), "valid");
  ido_world_run(&r.w, 4 * WORLD_DAY);
  assert_int_equal(count_orders(&r), 2);
  ido_world_run(&r.w, 2 * WORLD_DAY); /* those about to expire may have it */
  assert_int_equal(count_orders(&r), 3);
  ido_world_run(&r.w, 3 * WORLD_DAY); /* and after the window it goes on */
  assert_true(count_orders(&r) >= 4);
  ido_world_clear(&r.w);
}

/* --- Options --- */

static void test_options(void **state)
{
  (void)state;
  for (int i = 0; i < 4; i++) {
    rig r;
    stardeleg_problem problem;

    begin(&r);
    r.w.issuer.validity_s = i == 0 ? 0 : V6D;
    r.w.issuer.backdate_s = i == 1 ? V6D : 0;
    r.w.issuer.set_limit = i == 2 ? 3 : i == 3 ? 101 : 0;
    r.w.issuer.set_reserve = i == 2 ? 3 : 0;
    assert_int_equal(stardeleg_ido_new(&r.w.ido, &r.w.options, &problem), STARDELEG_ERR_CONFIG);
    assert_non_null(strstr(problem.detail, "issuer ca"));
    r.w.ido = NULL;
    ido_world_clear(&r.w);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_published), cmocka_unit_test(test_life),   cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_outage),    cmocka_unit_test(test_end),    cmocka_unit_test(test_plain),
      cmocka_unit_test(test_killed),    cmocka_unit_test(test_renewal_info), cmocka_unit_test(test_budget),
      cmocka_unit_test(test_options),   cmocka_unit_test(test_not_after), cmocka_unit_test(test_profile),
      cmocka_unit_test(test_longer_than_told),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
