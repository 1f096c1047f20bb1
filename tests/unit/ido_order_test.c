/* SPDX-License-Identifier: Apache-2.0 */
/* ido_order_test.c -- newOrder, the order and the list of orders as a delegate sees them (RFC 9115 2.3.2). */
#include "support/ido_world.h"

#include "base/bytes.h"
#include "base/time.h"

static int allow_example(void *ctx, const stardeleg_name_choice *choice)
{
  size_t len = strlen(choice->name);

  (void)ctx;
  return !choice->wildcard && len > 12 && strcmp(choice->name + len - 12, ".ido.example") == 0;
}

static void begin(ido_world *w)
{
  stardeleg_ido_delegation bounded = {.size = sizeof(bounded),
                                      .id = "bounded",
                                      .ndc = "cdn",
                                      .csr_template = sdg_bytes_str(WORLD_ONE),
                                      .lifetime_min_s = 3600,
                                      .lifetime_max_s = 86400,
                                      .expires_at = WORLD_START + 10 * WORLD_DAY};
  char id[65];

  ido_world_init(w);
  w->options.match.policy = allow_example;
  w->options.page_size = 3;
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  ido_world_ndc(w, 1, "other");
  ido_world_delegate(w, "cdn", "one", WORLD_ONE, NULL);
  ido_world_delegate(w, "cdn", "two", WORLD_TWO, NULL);
  ido_world_delegate(w, "cdn", "open", WORLD_OPEN, NULL);
  ido_world_delegate(w, "other", "foreign", WORLD_ONE, NULL);
  ido_world_delegate(w, "cdn", "ended", WORLD_ONE, NULL);
  assert_ok(stardeleg_ido_delegation_end(w->ido, "ended", w->now));
  assert_ok(stardeleg_ido_delegation_add(w->ido, &bounded, id, w->now, NULL));
}

/* --- What is refused --- */

typedef struct bad_order {
  int status;
  const char *type;
  const char *names; /* value of "identifiers" */
  const char *rest;  /* the other members */
} bad_order;

#define D(id) "\"delegation\":\"" WORLD_IDO "/delegation/" id "\""
#define ABC "{\"type\":\"dns\",\"value\":\"abc.ido.example\"}"
#define DEF "{\"type\":\"dns\",\"value\":\"def.ido.example\"}"
#define EVIL "{\"type\":\"dns\",\"value\":\"evil.example\"}"
#define NAME(name) "{\"type\":\"dns\",\"value\":\"" name "\"}"
#define STAR(members) "\"auto-renewal\":{" members "}"
#define END "\"end-date\":\"" WORLD_END "\""
#define LIFE "\"lifetime\":345600"
#define GET "\"allow-certificate-get\":true"
#define GOOD STAR(END "," LIFE "," GET)

static const bad_order bad_orders[] = {
    /* STARDEL-2.3.2-01, AMB-24 */
    {400, "malformed", ABC, GOOD},
    /* STARDEL-2.3.1.3-08 */
    {400, "malformed", ABC, GOOD ",\"delegation\":7"},
    {400, "malformed", ABC, GOOD ",\"delegation\":null"},
    {400, "malformed", ABC, GOOD ",\"delegation\":{}"},
    {403, "unknownDelegation", ABC, GOOD ",\"delegation\":\"\""},
    {403, "unknownDelegation", ABC, GOOD ",\"delegation\":\"one\""},
    /* STARDEL-2.3.1.3-06, -07, STARDEL-6.4-01, STARDEL-7.2-02 */
    {403, "unknownDelegation", ABC, GOOD "," D("none")},
    {403, "unknownDelegation", ABC, GOOD "," D("foreign")},
    {403, "unknownDelegation", ABC, GOOD "," D("ended")},
    {403, "unknownDelegation", ABC, GOOD "," D("one/")},
    {403, "unknownDelegation", ABC, GOOD "," D("one?x")},
    {403, "unknownDelegation", ABC, GOOD ",\"delegation\":\"http://ido.example/acme/delegation/one\""},
    {403, "unknownDelegation", ABC, GOOD ",\"delegation\":\"https://evil.example/acme/delegation/one\""},
    /* STARDEL-2.3.2-02, -06, -07: names */
    {400, "malformed", "", GOOD "," D("one")},
    {403, "rejectedIdentifier", EVIL, GOOD "," D("one")},
    {403, "rejectedIdentifier", ABC "," EVIL, GOOD "," D("one")},
    {403, "rejectedIdentifier", ABC, GOOD "," D("two")},
    {403, "rejectedIdentifier", ABC "," ABC, GOOD "," D("one")},
    {403, "rejectedIdentifier", NAME("*.ido.example"), GOOD "," D("one")},
    {403, "unsupportedIdentifier", "{\"type\":\"magic\",\"value\":\"abc.ido.example\"}," ABC, GOOD "," D("one")},
    /* AMB-06, STARDEL-4.1-14 */
    {403, "rejectedIdentifier", ABC, GOOD "," D("open")},
    {403, "rejectedIdentifier", ABC "," EVIL, GOOD "," D("open")},
    {403, "rejectedIdentifier", ABC "," NAME("a.ido.example") "," NAME("b.ido.example") "," NAME("c.ido.example"),
     GOOD "," D("open")},
    {403, "rejectedIdentifier", ABC "," NAME("*.ido.example"), GOOD "," D("open")},
    /* STARDEL-2.3.2-03 */
    {400, "malformed", ABC, GOOD "," D("one") ",\"notBefore\":\"2026-01-02T00:00:00Z\""},
    {400, "malformed", ABC, GOOD "," D("one") ",\"notAfter\":\"2026-01-02T00:00:00Z\""},
    /* STARDEL-2.3.2-04 */
    {400, "malformed", ABC, STAR(LIFE "," GET) "," D("one")},
    {400, "malformed", ABC, STAR(END "," GET) "," D("one")},
    {400, "malformed", ABC, "\"auto-renewal\":true," D("one")},
    {400, "malformed", ABC, "\"auto-renewal\":[]," D("one")},
    {400, "malformed", ABC, STAR(END ",\"lifetime\":\"345600\"," GET) "," D("one")},
    {400, "malformed", ABC, STAR(END ",\"lifetime\":1.5," GET) "," D("one")},
    {400, "malformed", ABC, STAR(END ",\"lifetime\":0," GET) "," D("one")},
    {400, "malformed", ABC, STAR("\"end-date\":\"2025-12-31T23:59:59Z\"," LIFE "," GET) "," D("one")},
    {400, "malformed", ABC, STAR("\"end-date\":\"2027-02-01T00:00:00Z\"," LIFE "," GET) "," D("one")},
    {400, "malformed", ABC, STAR("\"end-date\":\"tomorrow\"," LIFE "," GET) "," D("one")},
    {400, "malformed", ABC, STAR(END ",\"start-date\":\"2026-03-02T00:00:00Z\"," LIFE "," GET) "," D("one")},
    /* STARDEL-2.3.2-05 */
    {400, "malformed", ABC, STAR(END "," LIFE) "," D("one")},
    {400, "malformed", ABC, STAR(END "," LIFE ",\"allow-certificate-get\":false") "," D("one")},
    {400, "malformed", ABC, STAR(END "," LIFE ",\"allow-certificate-get\":\"true\"") "," D("one")},
    /* AMB-18: at the top it does not count for STAR */
    {400, "malformed", ABC, STAR(END "," LIFE) "," GET "," D("one")},
    /* STARDEL-2.3.3-03, and what is not offered */
    {400, "malformed", ABC, D("one")},
    {400, "malformed", ABC, D("one") ",\"allow-certificate-get\":false"},
    {400, "malformed", ABC, D("one") ",\"allow-certificate-get\":\"true\""},
    /* the bounds of a delegation */
    {400, "malformed", ABC, STAR("\"end-date\":\"2026-01-10T00:00:00Z\",\"lifetime\":3599," GET) "," D("bounded")},
    {400, "malformed", ABC, STAR("\"end-date\":\"2026-01-10T00:00:00Z\",\"lifetime\":86401," GET) "," D("bounded")},
    {400, "malformed", ABC, STAR("\"end-date\":\"2026-01-11T00:00:01Z\",\"lifetime\":86400," GET) "," D("bounded")},
};

static void write_order(char *out, size_t size, const char *names, const char *rest)
{
  assert_true((size_t)snprintf(out, size, "{\"identifiers\":[%s],%s}", names, rest) < size);
}

static void test_bad_orders(void **state)
{
  ido_world w;
  char payload[2048];
  char list[600];

  (void)state;
  begin(&w);
  for (size_t i = 0; i < sizeof(bad_orders) / sizeof(bad_orders[0]); i++) {
    write_order(payload, sizeof(payload), bad_orders[i].names, bad_orders[i].rest);
    print_message("%s\n", payload);
    (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload);
    acme_peer_assert_problem(&w.ndc[0], bad_orders[i].status, bad_orders[i].type);
    assert_null(acme_peer_header(&w.ndc[0], "Location"));
  }
  (void)snprintf(list, sizeof(list), "%s/orders", w.ndc[0].kid);
  assert_int_equal(acme_peer_fetch(&w.ndc[0], list), 200);
  assert_int_equal(sdg_json_count(sdg_json_member(w.ndc[0].json, "orders")), 0);
  ido_world_clear(&w);
}

/* STARDEL-2.3.2-15: one subproblem a name, and no identifier at the top. */
static void test_subproblems(void **state)
{
  ido_world w;
  char payload[2048];
  const sdg_json *list;

  (void)state;
  begin(&w);
  write_order(payload, sizeof(payload), ABC "," EVIL "," NAME("bad.example"), GOOD "," D("one"));
  (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload);
  acme_peer_assert_problem(&w.ndc[0], 403, "rejectedIdentifier");
  list = sdg_json_member(w.ndc[0].json, "subproblems");
  assert_int_equal(sdg_json_count(list), 2);
  assert_string_equal(sdg_json_string(sdg_json_member(sdg_json_member(sdg_json_first(list), "identifier"), "value")),
                      "evil.example");
  ido_world_clear(&w);
}

/* --- What is accepted --- */

typedef struct good_order {
  const char *names;
  const char *rest;
} good_order;

static const good_order good_orders[] = {
    {ABC, GOOD "," D("one")},
    {NAME("ABC.ido.Example"), GOOD "," D("one")}, /* shown as it came */
    {DEF "," ABC, GOOD "," D("two")},             /* in the order it came */
    {ABC "," NAME("a.ido.example"), GOOD "," D("open")},
    {NAME("b.ido.example") "," NAME("a.ido.example") "," ABC, GOOD "," D("open")},
    {ABC, STAR(END "," LIFE "," GET ",\"start-date\":\"2026-01-15T00:00:00Z\",\"lifetime-adjust\":100") "," D("one")},
    {ABC, STAR(END "," LIFE "," GET ",\"x-more\":{\"a\":[1,2.50,\"\\u00e9\"]}") "," D("one")},
    {ABC, STAR("\"end-date\":\"2026-03-01T01:00:00.5+01:00\"," LIFE "," GET) "," D("one")},
    {ABC, GOOD ",\"allow-certificate-get\":false," D("one")}, /* AMB-18 */
    {ABC, STAR("\"end-date\":\"2026-01-11T00:00:00Z\",\"lifetime\":86400," GET) "," D("bounded")},
    {ABC, STAR("\"end-date\":\"2026-01-11T00:00:00Z\",\"lifetime\":3600," GET) "," D("bounded")},
    {ABC, GOOD "," D("one") ",\"unknown\":{}"},
};

/* STARDEL-2.2-01, STARDEL-2.3.2-08 to -12, STARDEL-6.2-01, AMB-15, AMB-25 */
static void check_order(ido_world *w, const char *payload, const char *url)
{
  const sdg_json *json = w->ndc[0].json;
  sdg_json *request = NULL;
  char finalize[512];
  stardeleg_time expires = 0;
  stardeleg_time end = 0;

  assert_ok(sdg_json_parse(&request, sdg_bytes_str(payload), NULL, NULL));
  assert_string_equal(ido_world_text(w, 0, "status"), "ready");
  assert_true(sdg_json_equal(sdg_json_member(json, "identifiers"), sdg_json_member(request, "identifiers")));
  assert_true(sdg_json_equal(sdg_json_member(json, "auto-renewal"), sdg_json_member(request, "auto-renewal")));
  assert_string_equal(ido_world_text(w, 0, "delegation"), sdg_json_string(sdg_json_member(request, "delegation")));
  assert_int_equal(sdg_json_type_of(sdg_json_member(json, "authorizations")), SDG_JSON_ARRAY);
  assert_int_equal(sdg_json_count(sdg_json_member(json, "authorizations")), 0);
  assert_null(sdg_json_member(json, "notBefore"));
  assert_null(sdg_json_member(json, "notAfter"));
  assert_null(sdg_json_member(json, "star-certificate"));
  assert_null(sdg_json_member(json, "error"));
  (void)snprintf(finalize, sizeof(finalize), "%s/finalize", url);
  assert_string_equal(ido_world_text(w, 0, "finalize"), finalize);
  assert_ok(sdg_json_get_time(&expires, json, "expires", SDG_JSON_REQUIRED, NULL));
  assert_ok(sdg_json_get_time(&end, sdg_json_member(json, "auto-renewal"), "end-date", SDG_JSON_REQUIRED, NULL));
  assert_true(expires > end);
  sdg_json_free(request);
}

static void test_good_orders(void **state)
{
  ido_world w;
  char payload[2048];
  char url[256];

  (void)state;
  begin(&w);
  for (size_t i = 0; i < sizeof(good_orders) / sizeof(good_orders[0]); i++) {
    write_order(payload, sizeof(payload), good_orders[i].names, good_orders[i].rest);
    print_message("%s\n", payload);
    assert_int_equal(acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload), 201);
    (void)snprintf(url, sizeof(url), "%s", acme_peer_header(&w.ndc[0], "Location"));
    check_order(&w, payload, url);
    assert_int_equal(acme_peer_fetch(&w.ndc[0], url), 200);
    assert_string_equal(acme_peer_header(&w.ndc[0], "Location"), url);
    assert_null(acme_peer_header(&w.ndc[0], "Retry-After"));
    check_order(&w, payload, url);
  }
  assert_int_equal(w.work_count, 1); /* of the ended delegation: nothing to do before finalize */
  ido_world_clear(&w);
}

/* What RFC 8739 advises against is done, and the owner is told: STAR-4.1-01, STAR-6.1-01. */
static void test_advice(void **state)
{
  static const struct {
    const char *renewal;
    bool is_long;
    bool is_early;
  } cases[] = {
      {STAR(END "," LIFE "," GET), false, false},
      {STAR(END ",\"lifetime\":345600,\"lifetime-adjust\":604800," GET), false, false}, /* adjustments do not count */
      {STAR(END ",\"lifetime\":345601," GET), true, false},
      {STAR(END "," LIFE "," GET ",\"start-date\":\"2026-01-02T00:00:00Z\""), false, false},
      {STAR(END "," LIFE "," GET ",\"start-date\":\"2026-01-02T00:00:01Z\""), false, true},
      {STAR(END ",\"lifetime\":604800," GET ",\"start-date\":\"2026-02-01T00:00:00Z\""), true, true},
  };
  ido_world w;
  char payload[2048];
  char rest[1024];

  (void)state;
  begin(&w);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    (void)snprintf(rest, sizeof(rest), "%s," D("one"), cases[i].renewal);
    write_order(payload, sizeof(payload), ABC, rest);
    print_message("%s\n", payload);
    w.log[0] = '\0';
    assert_int_equal(acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload), 201);
    assert_int_equal(strstr(w.log, "[ido.order.long]") != NULL, cases[i].is_long);
    assert_int_equal(strstr(w.log, "[ido.order.early]") != NULL, cases[i].is_early);
  }
  /* a refused order is nothing to warn of */
  w.log[0] = '\0';
  write_order(payload, sizeof(payload), EVIL, STAR(END ",\"lifetime\":604800," GET) "," D("one"));
  assert_int_equal(acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload), 403);
  assert_null(strstr(w.log, "[ido.order.long]"));
  ido_world_clear(&w);
}

/* Without a policy nobody chooses names (STARDEL-4.1-14). */
static void test_no_policy(void **state)
{
  ido_world w;
  char payload[2048];

  (void)state;
  begin(&w);
  w.options.match.policy = NULL;
  ido_world_restart(&w);
  write_order(payload, sizeof(payload), ABC "," NAME("a.ido.example"), GOOD "," D("open"));
  (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload);
  acme_peer_assert_problem(&w.ndc[0], 403, "rejectedIdentifier");
  ido_world_clear(&w);
}

/* --- The order's resource --- */

/* AMB-09, STARDEL-2.3.6.1-02 */
static void test_cancel_by_delegate(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "one", "abc.ido.example", url);
  (void)acme_peer_post(&w.ndc[0], url, "{\"status\":\"canceled\"}");
  acme_peer_assert_problem(&w.ndc[0], 403, "unauthorized");
  assert_string_equal(ido_world_status(&w, 0, url), "ready");
  (void)acme_peer_post(&w.ndc[0], url, "{\"status\":\"valid\"}");
  acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
  (void)acme_peer_post(&w.ndc[0], url, "{}");
  acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
  ido_world_clear(&w);
}

/* STARDEL-7.2-05: foreign and missing orders look alike. */
static void test_foreign_order(void **state)
{
  ido_world w;
  char url[256];
  char body[512];

  (void)state;
  begin(&w);
  ido_world_order(&w, 0, "one", "abc.ido.example", url);
  (void)acme_peer_fetch(&w.ndc[1], WORLD_IDO "/order/none");
  acme_peer_assert_problem(&w.ndc[1], 403, "unauthorized");
  (void)snprintf(body, sizeof(body), "%s", w.ndc[1].body);
  (void)acme_peer_fetch(&w.ndc[1], url);
  assert_int_equal(w.ndc[1].status, 403);
  assert_string_equal(w.ndc[1].body, body);
  (void)acme_peer_post(&w.ndc[1], url, "{\"status\":\"canceled\"}");
  assert_int_equal(w.ndc[1].status, 403);
  assert_string_equal(w.ndc[1].body, body);
  (void)ido_world_finalize(&w, 1, url, "{\"csr\":\"AAAA\"}");
  assert_int_equal(w.ndc[1].status, 403);
  assert_string_equal(w.ndc[1].body, body);
  assert_string_equal(ido_world_status(&w, 0, url), "ready");
  ido_world_clear(&w);
}

/* --- The list --- */

static size_t count_listed(ido_world *w, size_t i, size_t *pages)
{
  char url[1024];
  size_t count = 0;

  *pages = 0;
  (void)snprintf(url, sizeof(url), "%s/orders", w->ndc[i].kid);
  while (url[0] != '\0') {
    assert_int_equal(acme_peer_fetch(&w->ndc[i], url), 200);
    count += sdg_json_count(sdg_json_member(w->ndc[i].json, "orders"));
    (*pages)++;
    assert_true(*pages < 30);
    (void)snprintf(url, sizeof(url), "%s",
                   acme_peer_link(&w->ndc[i], "next") != NULL ? acme_peer_link(&w->ndc[i], "next") : "");
  }
  return count;
}

/* ACME-7.1.2.1: pages go on over delegations. */
static void test_list(void **state)
{
  ido_world w;
  char url[1024];
  char foreign[256];
  size_t pages;

  (void)state;
  begin(&w);
  for (int i = 0; i < 4; i++) {
    ido_world_order(&w, 0, "one", "abc.ido.example", url);
    ido_world_order(&w, 0, "two", "def.ido.example,abc.ido.example", url);
  }
  ido_world_order(&w, 1, "foreign", "abc.ido.example", foreign);
  assert_int_equal(count_listed(&w, 0, &pages), 8);
  assert_int_equal(pages, 3);
  assert_int_equal(count_listed(&w, 1, &pages), 1);
  assert_int_equal(pages, 1);
  (void)snprintf(url, sizeof(url), "%s/orders", w.ndc[0].kid);
  (void)acme_peer_fetch(&w.ndc[1], url);
  acme_peer_assert_problem(&w.ndc[1], 403, "unauthorized");
  /* a cursor of somebody else's, and one of nobody's */
  (void)snprintf(url, sizeof(url), "%s/orders?cursor=%s", w.ndc[0].kid, strrchr(foreign, '/') + 1);
  (void)acme_peer_fetch(&w.ndc[0], url);
  acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
  (void)snprintf(url, sizeof(url), "%s/orders?cursor=none", w.ndc[0].kid);
  (void)acme_peer_fetch(&w.ndc[0], url);
  acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
  ido_world_clear(&w);
}

/* Whatever is as deep as a request may be can be stored, read back and shown (STARDEL-2.3.2-11); deeper is refused. */
static void test_deep_members(void **state)
{
  ido_world w;
  char payload[4096];
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);
  char url[256];

  (void)state;
  begin(&w);
  for (int depth = 14; depth <= 15; depth++) {
    const char *plain = ido_world_new_order("one", "abc.ido.example");
    const char *at = strstr(plain, "\"end-date\"");

    (void)snprintf(payload, sizeof(payload), "%.*s\"deep\":%.*s%.*s,%s", (int)(at - plain), plain, depth,
                   "[[[[[[[[[[[[[[[[", depth, "]]]]]]]]]]]]]]]]", at);
    (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", payload);
    if (depth == 14) {
      assert_int_equal(w.ndc[0].status, 201);
      (void)snprintf(url, sizeof(url), "%s", acme_peer_header(&w.ndc[0], "Location"));
    } else {
      acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
    }
  }
  assert_int_equal(ido_world_finalize(&w, 0, url, csr), 200);
  assert_string_equal(ido_world_status(&w, 0, url), "processing");
  assert_non_null(strstr(w.ndc[0].body, "[[[[[[[[[[[[[[]]]]]]]]]]]]]]"));
  free(csr);
  ido_world_clear(&w);
}

/* A store that fails is no reason for a half order. */
static void test_store_failure(void **state)
{
  ido_world w;
  size_t pages;

  (void)state;
  begin(&w);
  w.fail_batches = 1;
  (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", ido_world_new_order("one", "abc.ido.example"));
  acme_peer_assert_problem(&w.ndc[0], 503, "serverInternal");
  assert_int_equal(count_listed(&w, 0, &pages), 0);
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bad_orders),
      cmocka_unit_test(test_subproblems),
      cmocka_unit_test(test_good_orders),
      cmocka_unit_test(test_advice),
      cmocka_unit_test(test_no_policy),
      cmocka_unit_test(test_cancel_by_delegate),
      cmocka_unit_test(test_foreign_order),
      cmocka_unit_test(test_list),
      cmocka_unit_test(test_deep_members),
      cmocka_unit_test(test_store_failure),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
