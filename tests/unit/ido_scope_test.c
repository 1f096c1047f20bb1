/* SPDX-License-Identifier: Apache-2.0 */
/* ido_scope_test.c -- what a delegation allows beyond its template: names, keys, kinds of order, how many, how long. */
#include "support/ido_world.h"

#include <pthread.h>

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"

#define TWO_KEYS                                                                                                       \
  "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\",\"SignatureType\":\"ecdsa-with-"  \
  "SHA256\"},{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp384r1\",\"SignatureType\":\"ecdsa-with-SHA384" \
  "\"}],\"extensions\":{\"subjectAltName\":{\"DNS\":[\"abc.ido.example\"]}}}"
#define NEW_ORDER WORLD_IDO "/new-order"

static void begin(ido_world *w)
{
  ido_world_init(w);
  ido_world_ca_init(w);
  ido_world_ca_open(w);
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
}

/* Adds "d1" of "cdn", but for the scope. */
static void add(ido_world *w, stardeleg_ido_delegation *delegation, const char *csr_template)
{
  stardeleg_problem problem;
  char id[65];
  stardeleg_err err;

  delegation->size = sizeof(*delegation);
  delegation->id = "d1";
  delegation->ndc = "cdn";
  delegation->csr_template = sdg_bytes_str(csr_template);
  delegation->expires_at = delegation->expires_at == 0 ? STARDELEG_TIME_NEVER : delegation->expires_at;
  err = stardeleg_ido_delegation_add(w->ido, delegation, id, w->now, &problem);
  if (err != STARDELEG_OK) {
    fail_msg("delegation_add: %s at %s", problem.detail, problem.place);
  }
}

static int order(ido_world *w, const char *names)
{
  return acme_peer_post(&w->ndc[0], NEW_ORDER, ido_world_new_order("d1", names));
}

static void assert_detail(const ido_world *w, const char *part)
{
  if (strstr(ido_world_text(w, 0, "detail"), part) == NULL) {
    fail_msg("\"%s\" is not in: %s", part, w->ndc[0].body);
  }
}

/* --- Names --- */

static int allow_a(void *ctx, const stardeleg_name_choice *choice)
{
  (void)ctx;
  return choice->name[0] == 'a';
}

typedef struct name_case {
  const char *name; /* ordered beside the template's own */
  bool allowed;
} name_case;

static const name_case name_cases[] = {
    {"x.ido.example", true},       {"X.IDO.example", true},        {"y.ido.example", false},
    {"a.sub.ido.example", true},   {"b.a.sub.ido.example", false}, {"sub.ido.example", false},
    {"*.sub.ido.example", false},  {"asub.ido.example", false},    {"x.ido.example.evil.example", false},
    {"evil.x.ido.example", false}, {"*.ido.example", false},
};

/* STARDEL-7.2-05, AMB-06: a chosen name must be on the delegation's list, whatever its case. */
static void test_names(void **state)
{
  static const char *const names[] = {"x.ido.example", "*.sub.ido.example", NULL};
  stardeleg_ido_delegation delegation = {.names = names};
  ido_world w;
  size_t made = 0;

  (void)state;
  begin(&w);
  add(&w, &delegation, WORLD_OPEN);
  for (size_t i = 0; i < sizeof(name_cases) / sizeof(name_cases[0]); i++) {
    char text[256];
    int status;

    (void)snprintf(text, sizeof(text), "abc.ido.example,%s", name_cases[i].name);
    status = order(&w, text);
    made += status == 201;
    if (status != (name_cases[i].allowed ? 201 : 403)) {
      fail_msg("%s: %d %s", name_cases[i].name, status, w.ndc[0].body);
    }
    if (!name_cases[i].allowed) {
      const sdg_json *sub = sdg_json_first(sdg_json_member(w.ndc[0].json, "subproblems"));

      acme_peer_assert_problem(&w.ndc[0], 403, "rejectedIdentifier");
      assert_string_equal(sdg_json_string(sdg_json_member(sdg_json_member(sub, "identifier"), "value")),
                          name_cases[i].name);
    }
    assert_int_equal(ido_world_count(&w, "order"), made);
  }
  ido_world_clear(&w);
}

/* The program's own policy has its say too; with no list it has the only one. */
static void test_names_and_policy(void **state)
{
  static const char *const names[] = {"x.ido.example", "a.ido.example", NULL};
  stardeleg_ido_delegation delegation = {.names = names};
  ido_world w;

  (void)state;
  ido_world_init(&w);
  w.options.match.policy = allow_a;
  ido_world_open(&w);
  ido_world_ndc(&w, 0, "cdn");
  add(&w, &delegation, WORLD_OPEN);
  assert_int_equal(order(&w, "abc.ido.example,a.ido.example"), 201);
  assert_int_equal(order(&w, "abc.ido.example,x.ido.example"), 403);
  assert_int_equal(order(&w, "abc.ido.example,aa.ido.example"), 403);
  ido_world_delegate(&w, "cdn", "d2", WORLD_OPEN, NULL);
  assert_int_equal(acme_peer_post(&w.ndc[0], NEW_ORDER, ido_world_new_order("d2", "abc.ido.example,aa.ido.example")),
                   201);
  ido_world_clear(&w);
}

/* A list that was shortened between newOrder and finalize counts at finalize. */
static void test_names_at_finalize(void **state)
{
  static const char *const names[] = {"x.ido.example", NULL};
  static const char *const others[] = {"y.ido.example", NULL};
  stardeleg_ido_delegation delegation = {.names = names};
  const stardeleg_choice choice = {"DNS", "x.ido.example"};
  ido_world w;
  char url[256];
  char *csr = ido_world_csr(WORLD_OPEN, NULL, &choice, 1);

  (void)state;
  begin(&w);
  add(&w, &delegation, WORLD_OPEN);
  ido_world_order(&w, 0, "d1", "abc.ido.example,x.ido.example", url);
  delegation.names = others;
  assert_ok(stardeleg_ido_delegation_change(w.ido, "d1", &delegation, STARDELEG_IDO_NAMES, w.now, NULL));
  assert_int_equal(ido_world_finalize(&w, 0, url, csr), 403);
  acme_peer_assert_problem(&w.ndc[0], 403, "rejectedIdentifier");
  assert_string_equal(ido_world_status(&w, 0, url), "invalid");
  free(csr);
  ido_world_clear(&w);
}

/* --- Keys and kinds --- */

/* STARDEL-7.2-05: the kind of key is told, and what would do. */
static void test_key_kinds(void **state)
{
  stardeleg_ido_delegation delegation = {.key_kinds = 1u << STARDELEG_KEY_P384 | 1u << STARDELEG_KEY_RSA3072};
  ido_world w;
  stardeleg_key *key = NULL;
  char url[256];
  char *csr;

  (void)state;
  begin(&w);
  add(&w, &delegation, TWO_KEYS);
  ido_world_order(&w, 0, "d1", "abc.ido.example", url);
  csr = ido_world_csr(TWO_KEYS, NULL, NULL, 0);
  assert_int_equal(ido_world_finalize(&w, 0, url, csr), 403);
  acme_peer_assert_problem(&w.ndc[0], 403, "badCSR");
  assert_detail(&w, "EC with 256 bits; delegation d1 allows P-384, RSA-3072");
  assert_string_equal(ido_world_status(&w, 0, url), "invalid");
  free(csr);
  ido_world_order(&w, 0, "d1", "abc.ido.example", url);
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P384));
  csr = ido_world_csr(TWO_KEYS, key, NULL, 0);
  assert_int_equal(ido_world_finalize(&w, 0, url, csr), 200);
  stardeleg_key_free(key);
  free(csr);
  ido_world_clear(&w);
}

static void test_order_kinds(void **state)
{
  stardeleg_ido_delegation delegation = {.order_kinds = STARDELEG_IDO_PLAIN};
  ido_world w;

  (void)state;
  begin(&w);
  add(&w, &delegation, WORLD_ONE);
  assert_int_equal(order(&w, "abc.ido.example"), 403);
  acme_peer_assert_problem(&w.ndc[0], 403, "unauthorized");
  assert_detail(&w, "delegation d1 takes orders without auto-renewal only");
  delegation.order_kinds = STARDELEG_IDO_STAR;
  assert_ok(stardeleg_ido_delegation_change(w.ido, "d1", &delegation, STARDELEG_IDO_ORDER_KINDS, w.now, NULL));
  assert_int_equal(order(&w, "abc.ido.example"), 201);
  assert_int_equal(acme_peer_post(&w.ndc[0], NEW_ORDER,
                                  "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],"
                                  "\"allow-certificate-get\":true,\"delegation\":\"" WORLD_IDO "/delegation/d1\"}"),
                   403);
  assert_detail(&w, "delegation d1 takes STAR orders only");
  delegation.order_kinds = 0; /* nothing said: the same */
  assert_ok(stardeleg_ido_delegation_change(w.ido, "d1", &delegation, STARDELEG_IDO_ORDER_KINDS, w.now, NULL));
  assert_int_equal(acme_peer_post(&w.ndc[0], NEW_ORDER,
                                  "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],"
                                  "\"allow-certificate-get\":true,\"delegation\":\"" WORLD_IDO "/delegation/d1\"}"),
                   403);
  assert_detail(&w, "delegation d1 takes STAR orders only");
  assert_int_equal(ido_world_count(&w, "order"), 1);
  ido_world_clear(&w);
}

/* --- How many --- */

static void test_orders(void **state)
{
  stardeleg_ido_delegation delegation = {.orders_max = 2, .orders_period_s = 3600};
  ido_world w;

  (void)state;
  begin(&w);
  add(&w, &delegation, WORLD_ONE);
  assert_int_equal(order(&w, "abc.ido.example"), 201);
  w.now += 600 * WORLD_S;
  assert_int_equal(order(&w, "evil.example"), 403); /* what is refused for other reasons does not count */
  assert_int_equal(order(&w, "abc.ido.example"), 201);
  w.now += 600 * WORLD_S;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(order(&w, "abc.ido.example"), 429);
    acme_peer_assert_problem(&w.ndc[0], 429, "rateLimited");
    assert_detail(&w, "delegation d1 allows 2 orders in 3600 s");
    assert_string_equal(acme_peer_header(&w.ndc[0], "Retry-After"), "2400");
    assert_int_equal(ido_world_count(&w, "order"), 2);
  }
  ido_world_restart(&w); /* it is counted in the store */
  assert_int_equal(order(&w, "abc.ido.example"), 429);
  w.now += 2400 * WORLD_S;
  assert_int_equal(order(&w, "abc.ido.example"), 201);
  assert_int_equal(order(&w, "abc.ido.example"), 429);
  assert_string_equal(acme_peer_header(&w.ndc[0], "Retry-After"), "600");
  delegation.orders_max = 0;
  delegation.orders_period_s = 0;
  assert_ok(stardeleg_ido_delegation_change(w.ido, "d1", &delegation, STARDELEG_IDO_QUOTA, w.now, NULL));
  assert_int_equal(order(&w, "abc.ido.example"), 201);
  ido_world_clear(&w);
}

typedef struct crowd {
  ido_world *w;
  size_t i;
  size_t made;
} crowd;

static void *order_many(void *arg)
{
  crowd *c = arg;

  for (int i = 0; i < 12; i++) {
    c->made += acme_peer_post(&c->w->ndc[c->i], NEW_ORDER, ido_world_new_order("d1", "abc.ido.example")) == 201 ? 1 : 0;
  }
  return NULL;
}

/* Two accounts of one delegate at once: never one more than allowed. */
static void test_orders_at_once(void **state)
{
  stardeleg_ido_delegation delegation = {.orders_max = 9, .orders_period_s = 3600};
  ido_world w;
  char mac_key[64];
  crowd crowds[2];
  pthread_t threads[2];

  (void)state;
  begin(&w);
  add(&w, &delegation, WORLD_ONE);
  assert_ok(stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "second", NULL, mac_key, w.now));
  assert_int_equal(ido_world_new_account(&w, 1, "second", mac_key), 201);
  for (size_t i = 0; i < 2; i++) {
    crowds[i] = (crowd){&w, i, 0};
    assert_int_equal(pthread_create(&threads[i], NULL, order_many, &crowds[i]), 0);
  }
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  }
  assert_int_equal(crowds[0].made + crowds[1].made, 9);
  assert_int_equal(ido_world_count(&w, "order"), 9);
  ido_world_clear(&w);
}

static void test_certificates(void **state)
{
  stardeleg_ido_delegation delegation = {.certificates_max = 1};
  ido_world w;
  char first[256];
  char second[256];
  char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

  (void)state;
  begin(&w);
  add(&w, &delegation, WORLD_ONE);
  ido_world_order(&w, 0, "d1", "abc.ido.example", second);
  ido_world_place(&w, 0, "d1", first);
  assert_int_equal(order(&w, "abc.ido.example"), 429); /* it is being issued */
  assert_detail(&w, "delegation d1 allows 1 certificates at once");
  assert_int_equal(ido_world_finalize(&w, 0, second, csr), 429);
  assert_string_equal(ido_world_status(&w, 0, second), "ready"); /* not the CSR's fault */
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, first), "valid");
  assert_int_equal(order(&w, "abc.ido.example"), 429);
  /* Until the end-date, 59 days after the beginning. */
  assert_string_equal(acme_peer_header(&w.ndc[0], "Retry-After"), "5097540");
  delegation.certificates_max = 2;
  assert_ok(stardeleg_ido_delegation_change(w.ido, "d1", &delegation, STARDELEG_IDO_CERTIFICATES, w.now, NULL));
  assert_int_equal(ido_world_finalize(&w, 0, second, csr), 200);
  assert_int_equal(order(&w, "abc.ido.example"), 429);
  free(csr);
  ido_world_clear(&w);
}

/* --- How long --- */

/* A delegation that expires ends: no order after, none beyond, and what is still alive is cancelled. */
static void test_expiry(void **state)
{
  stardeleg_ido_delegation delegation = {.expires_at = WORLD_START + 59 * WORLD_DAY};
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  add(&w, &delegation, WORLD_ONE);
  ido_world_place(&w, 0, "d1", url); /* up to the very end */
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  delegation.expires_at = WORLD_START + 10 * WORLD_DAY;
  assert_ok(stardeleg_ido_delegation_change(w.ido, "d1", &delegation, STARDELEG_IDO_EXPIRY, w.now, NULL));
  assert_int_equal(order(&w, "abc.ido.example"), 400);
  assert_detail(&w, "2026-01-11T00:00:00Z");
  ido_world_run(&w, 9 * WORLD_DAY);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "active");
  assert_string_equal(ido_world_status(&w, 0, url), "valid");
  ido_world_run(&w, WORLD_DAY + 60 * WORLD_S);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "endedBy"), "expiry");
  assert_string_equal(ido_world_status(&w, 0, url), "canceled");
  assert_int_equal(ido_world_ca_valid(&w), 0);
  assert_int_equal(order(&w, "abc.ido.example"), 403);
  acme_peer_assert_problem(&w.ndc[0], 403, "unknownDelegation");
  ido_world_clear(&w);
}

/* --- Bad scopes --- */

typedef struct bad_scope {
  const char *place;
  const char *name;
  unsigned key_kinds;
  unsigned order_kinds;
  int64_t orders_max;
  int64_t orders_period_s;
  int64_t certificates_max;
} bad_scope;

static const bad_scope bad_scopes[] = {
    {"names/0", "not a name", 0, 0, 0, 0, 0},
    {"names/0", "", 0, 0, 0, 0, 0},
    {"names/0", "*", 0, 0, 0, 0, 0},
    {"names/0", "a.*.example", 0, 0, 0, 0, 0},
    {"names/0", "10.0.0.1", 0, 0, 0, 0, 0},
    {"key_kinds", NULL, 1, 0, 0, 0, 0},
    {"key_kinds", NULL, 1u << 31, 0, 0, 0, 0},
    {"order_kinds", NULL, 0, 4, 0, 0, 0},
    {"orders_max", NULL, 0, 0, -1, 1, 0},
    {"orders_max", NULL, 0, 0, 1001, 1, 0},
    {"orders_period_s", NULL, 0, 0, 1, 0, 0},
    {"orders_period_s", NULL, 0, 0, 0, 1, 0},
    {"orders_period_s", NULL, 0, 0, 1, INT64_MAX, 0},
    {"orders_period_s", NULL, 0, 0, 1, -1, 0},
    {"certificates_max", NULL, 0, 0, 0, 0, -1},
};

static void test_bad_scopes(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  for (size_t i = 0; i < sizeof(bad_scopes) / sizeof(bad_scopes[0]); i++) {
    const bad_scope *c = &bad_scopes[i];
    const char *names[] = {c->name, NULL};
    stardeleg_ido_delegation delegation = {.size = sizeof(delegation),
                                           .ndc = "cdn",
                                           .csr_template = sdg_bytes_str(WORLD_OPEN),
                                           .expires_at = STARDELEG_TIME_NEVER,
                                           .names = names,
                                           .key_kinds = c->key_kinds,
                                           .order_kinds = c->order_kinds,
                                           .orders_max = c->orders_max,
                                           .orders_period_s = c->orders_period_s,
                                           .certificates_max = c->certificates_max};
    stardeleg_problem problem;
    char id[65];

    assert_err(STARDELEG_ERR_CONFIG, stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, &problem));
    assert_string_equal(problem.place, c->place);
    assert_int_equal(ido_world_count(&w, "delegation"), 0);
  }
  ido_world_clear(&w);
}

/* A program that was compiled before there was a scope: what stands behind its struct is not looked at. */
static void test_older_struct(void **state)
{
  stardeleg_ido_delegation delegation = {.size = offsetof(stardeleg_ido_delegation, names),
                                         .id = "d1",
                                         .ndc = "cdn",
                                         .csr_template = sdg_bytes_str(WORLD_ONE),
                                         .expires_at = STARDELEG_TIME_NEVER};
  ido_world w;
  char id[65];

  (void)state;
  begin(&w);
  delegation.key_kinds = ~0u;
  delegation.orders_max = -1;
  assert_ok(stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, NULL));
  assert_int_equal(order(&w, "abc.ido.example"), 201);
  delegation.size--;
  delegation.id = "d2";
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, NULL));
  delegation.size = sizeof(delegation) + 8;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, NULL));
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_names_and_policy),
      cmocka_unit_test(test_names_at_finalize),
      cmocka_unit_test(test_key_kinds),
      cmocka_unit_test(test_order_kinds),
      cmocka_unit_test(test_orders),
      cmocka_unit_test(test_orders_at_once),
      cmocka_unit_test(test_certificates),
      cmocka_unit_test(test_expiry),
      cmocka_unit_test(test_bad_scopes),
      cmocka_unit_test(test_older_struct),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
