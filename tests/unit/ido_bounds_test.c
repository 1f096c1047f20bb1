/* SPDX-License-Identifier: Apache-2.0 */
/* ido_bounds_test.c -- how long a certificate may live: what the owner allows, and what the CA can keep to, by whatever
 * way the delegate asks (RFC 9115 2.3.2, 2.3.3, AMB-23). */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"

#define VALIDITY_S (INT64_C(90) * 86400)
#define NAMES "\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}]"
#define NAMED ",\"allow-certificate-get\":true,\"delegation\":\"" WORLD_IDO "/delegation/d1\""

static void begin(ido_world *w, const char *kind, int takes_not_after)
{
  memset(w, 0, sizeof(*w));
  ido_world_init(w);
  w->issuer.kind = kind;
  w->issuer.validity_s = strcmp(kind, "renew") == 0 ? VALIDITY_S : 0;
  w->issuer.takes_not_after = takes_not_after;
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  ido_world_delegate(w, "cdn", "d1", WORLD_ONE, NULL);
  assert_ok(stardeleg_ido_ndc_set_default_delegation(w->ido, "cdn", "d1", "test", w->now));
}

static void tighten(ido_world *w, int expiry_days, int longest_days)
{
  stardeleg_ido_delegation change = {.size = sizeof(change)};

  if (expiry_days > 0) {
    change.expires_at = w->now + expiry_days * WORLD_DAY;
    assert_ok(stardeleg_ido_delegation_change(w->ido, "d1", &change, STARDELEG_IDO_EXPIRY, w->now, NULL));
  }
  if (longest_days > 0) {
    change.lifetime_max_s = longest_days * INT64_C(86400);
    assert_ok(stardeleg_ido_delegation_change(w->ido, "d1", &change, STARDELEG_IDO_LIFETIME, w->now, NULL));
  }
}

/* --- Without auto-renewal --- */

/* A CA that does not know notAfter issues for as long as it always does: where that is too long, there is no order. */
static void test_plain(void **state)
{
  static const struct {
    int takes;
    const char *more;
    int expiry_days;
    int longest_days;
    int status;
    const char *why;
  } cases[] = {
      {0, "", 0, 0, 201, ""},
      {0, NAMED, 0, 0, 201, ""},
      {0, ",\"notAfter\":\"2026-01-02T00:00:00Z\"", 0, 0, 400, "does not take notAfter"},
      {0, ",\"notAfter\":\"2026-01-02T00:00:00Z\"" NAMED, 0, 0, 400, "does not take notAfter"},
      {0, ",\"notAfter\":\"2026-06-02T00:00:00Z\"", 0, 0, 400, "does not take notAfter"},
      {1, ",\"notAfter\":\"2026-01-02T00:00:00Z\"", 0, 0, 201, ""},
      {1, ",\"notAfter\":\"2026-01-02T00:00:00Z\"" NAMED, 0, 0, 201, ""},
      /* the end of the delegation */
      {0, "", 100, 0, 201, ""},
      {0, NAMED, 100, 0, 201, ""},
      {0, "", 89, 0, 400, "valid for 7776000 s"},
      {0, NAMED, 89, 0, 400, "valid for 7776000 s"},
      {1, "", 89, 0, 201, ""},
      {1, NAMED, 89, 0, 400, "notAfter must be there"},
      {1, ",\"notAfter\":\"2026-01-31T00:00:00Z\"", 30, 0, 201, ""},
      {1, ",\"notAfter\":\"2026-01-31T00:00:01Z\"", 30, 0, 400, "the end of the delegation"},
      {1, ",\"notAfter\":\"2026-01-31T00:00:01Z\"" NAMED, 30, 0, 400, "the end of the delegation"},
      /* the longest lifetime */
      {0, "", 0, 90, 201, ""},
      {0, "", 0, 89, 400, "valid for 7776000 s"},
      {0, NAMED, 0, 89, 400, "valid for 7776000 s"},
      {1, NAMED, 0, 89, 400, "notAfter must be there"},
      {1, "", 0, 89, 201, ""},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char payload[600];
    ido_world w;

    begin(&w, "renew", cases[i].takes);
    tighten(&w, cases[i].expiry_days, cases[i].longest_days);
    (void)snprintf(payload, sizeof(payload), "{" NAMES "%s}", cases[i].more);
    if (acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload) != cases[i].status) {
      fail_msg("case %zu: %s", i, w.ndc[0].body);
    }
    if (cases[i].status == 400) {
      acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
      assert_non_null(strstr(w.ndc[0].body, "/notAfter"));
      assert_non_null(strstr(w.ndc[0].body, cases[i].why));
      assert_int_equal(ido_world_count(&w, "order"), 0);
    }
    ido_world_clear(&w);
  }
}

/* What the owner draws closer counts for orders that were placed before, whoever placed them. */
static void test_closer(void **state)
{
  static const struct {
    const char *kind;
    int takes;
    const char *more;
    int expiry_days;
    int longest_days;
    int status;
  } cases[] = {
      {"renew", 0, "", 30, 0, 403},
      {"renew", 0, "", 0, 30, 403},
      {"renew", 0, "", 100, 100, 200},
      {"renew", 0, NAMED, 30, 0, 403},
      {"renew", 0, NAMED, 100, 100, 200},
      {"renew", 1, "", 30, 0, 403},
      {"renew", 1, ",\"notAfter\":\"2026-01-21T00:00:00Z\"", 10, 0, 403},
      {"renew", 1, ",\"notAfter\":\"2026-01-21T00:00:00Z\"", 0, 10, 403},
      {"renew", 1, ",\"notAfter\":\"2026-01-21T00:00:00Z\"", 30, 30, 200},
      {"star", 0, "", 30, 0, 403},
      {"star", 0, "", 0, 0, 200},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
    char payload[600];
    char url[256];
    ido_world w;

    begin(&w, cases[i].kind, cases[i].takes);
    (void)snprintf(payload, sizeof(payload), "{" NAMES "%s}", cases[i].more);
    assert_int_equal(acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload), 201);
    (void)snprintf(url, sizeof(url), "%s", acme_peer_header(&w.ndc[0], "Location"));
    tighten(&w, cases[i].expiry_days, cases[i].longest_days);
    if (ido_world_finalize(&w, 0, url, csr) != cases[i].status) {
      fail_msg("case %zu: %s", i, w.ndc[0].body);
    }
    assert_string_equal(ido_world_status(&w, 0, url), cases[i].status == 200 ? "processing" : "invalid");
    free(csr);
    ido_world_clear(&w);
  }
}

/* --- With auto-renewal --- */

/* RFC 8739 3.5: a certificate begins up to min(lifetime, lifetime-adjust) early, so it lives for so much longer. */
static void test_adjusted(void **state)
{
  static const struct {
    const char *renewal;
    const char *place; /* NULL: it is taken */
  } cases[] = {
      {"\"lifetime\":345600", NULL},
      {"\"lifetime\":345600,\"lifetime-adjust\":0", NULL},
      {"\"lifetime\":345600,\"lifetime-adjust\":1", "/auto-renewal/lifetime-adjust"},
      {"\"lifetime\":345600,\"lifetime-adjust\":345600", "/auto-renewal/lifetime-adjust"},
      {"\"lifetime\":345601", "/auto-renewal/lifetime"},
      {"\"lifetime\":172800,\"lifetime-adjust\":172800", NULL},
      {"\"lifetime\":172800,\"lifetime-adjust\":999999", NULL}, /* no more than a lifetime counts */
      {"\"lifetime\":172801,\"lifetime-adjust\":172800", "/auto-renewal/lifetime-adjust"},
  };
  ido_world w;

  (void)state;
  begin(&w, "star", 0);
  tighten(&w, 0, 4);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char payload[600];

    (void)snprintf(payload, sizeof(payload),
                   "{" NAMES ",\"auto-renewal\":{\"end-date\":\"" WORLD_END "\",%s,\"allow-certificate-get\":true},"
                   "\"delegation\":\"" WORLD_IDO "/delegation/d1\"}",
                   cases[i].renewal);
    (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload);
    if (cases[i].place == NULL) {
      assert_int_equal(w.ndc[0].status, 201);
    } else {
      acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
      assert_non_null(strstr(w.ndc[0].body, cases[i].place));
      assert_non_null(strstr(w.ndc[0].body, "345600 s"));
    }
  }
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plain),
      cmocka_unit_test(test_closer),
      cmocka_unit_test(test_adjusted),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
