/* SPDX-License-Identifier: Apache-2.0 */
/* ca_crl_large_test.c -- more revoked certificates than one record has room for. */
#include "support/test.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"
#include "ca/ca_crl.h"
#include "der/der.h"
#include "store/store.h"
#include "support/ca_world.h"
#include "support/counting_store.h"

#define CRL CA_BASE "/crl"
/* Each takes 56 bytes: more than one part holds. */
#define MANY 9500u

/* Revokes the certificate of the last order. */
static void revoke_last(ca_world *w)
{
  char payload[8192];
  ca_leaf leaf;
  sdg_buf text;

  assert_int_equal(acme_peer_fetch(&w->peer, w->star), 200);
  ca_world_leaf(w, &w->peer, &leaf);
  sdg_buf_init(&text, sizeof(payload));
  sdg_base64url_write(&text, leaf.cert.der);
  (void)snprintf(payload, sizeof(payload), "{\"certificate\":\"%s\",\"reason\":1}", sdg_buf_str(&text));
  sdg_buf_clear(&text);
  assert_int_equal(acme_peer_post(&w->peer, CA_BASE "/revoke-cert", payload), 200);
  ca_leaf_clear(&leaf);
  (void)ca_world_run(w);
}

static void revoke_one(ca_world *w)
{
  ca_world_plain(w);
  revoke_last(w);
}

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

static int keep_value(void *ctx, const stardeleg_record *record)
{
  *(char **)ctx = strdup((const char *)record->value);
  return 1;
}

/* As if |many| more had been revoked: the one there is, under other serials. */
static void multiply(ca_world *w, unsigned from, unsigned many)
{
  static char keys[500][48];
  static stardeleg_store_op ops[500];
  char *value = NULL;

  assert_ok(sdg_store_scan(w->store, "revoked", NULL, NULL, 1, keep_value, &value));
  assert_non_null(value);
  for (unsigned i = 0; i < many; i += 500) {
    unsigned n = many - i < 500 ? many - i : 500;

    for (unsigned j = 0; j < n; j++) {
      (void)snprintf(keys[j], sizeof(keys[j]), "01aa55aa55aa55aa55aa55aa55aa55aa55aa55%08x", from + i + j);
      ops[j] = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                                    .kind = "revoked",
                                    .key = keys[j],
                                    .value = sdg_bytes_str(value),
                                    .due = STARDELEG_TIME_NEVER};
    }
    assert_ok(sdg_store_batch(w->store, ops, n));
  }
  free(value);
}

/* How many entries the list just answered has. */
static size_t entries(const ca_world *w)
{
  sdg_der all = sdg_der_open(stardeleg_http_reply_view(w->peer.reply)->body);
  sdg_der list;
  sdg_der tbs;
  sdg_der revoked;
  stardeleg_bytes skipped;
  stardeleg_time at;
  uint64_t version;
  size_t n = 0;

  assert_ok(sdg_der_enter(&all, SDG_DER_SEQUENCE, &list));
  assert_ok(sdg_der_end(&all));
  assert_ok(sdg_der_enter(&list, SDG_DER_SEQUENCE, &tbs));
  assert_ok(sdg_der_get_uint(&tbs, &version, 9));
  assert_ok(sdg_der_get(&tbs, SDG_DER_SEQUENCE, &skipped, NULL)); /* algorithm */
  assert_ok(sdg_der_get(&tbs, SDG_DER_SEQUENCE, &skipped, NULL)); /* issuer */
  assert_ok(sdg_der_get_time(&tbs, &at));
  assert_ok(sdg_der_get_time(&tbs, &at));
  if (sdg_der_peek(&tbs) != SDG_DER_SEQUENCE) {
    return 0;
  }
  assert_ok(sdg_der_enter(&tbs, SDG_DER_SEQUENCE, &revoked));
  for (; !sdg_der_is_empty(&revoked); n++) {
    assert_ok(sdg_der_get(&revoked, SDG_DER_SEQUENCE, &skipped, NULL));
  }
  return n;
}

/* RFC 5280 5.1: whole, whatever its length; ACME-7.6-01: what is revoked is on it. */
static void test_many(void **state)
{
  ca_world *w = *state;

  revoke_one(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(entries(w), 1);
  assert_int_equal(count(w, "crl-part"), 0);
  multiply(w, 0, MANY);
  revoke_one(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(entries(w), MANY + 2);
  assert_true(count(w, "crl-part") > 1);
  /* the same after a restart, and another revocation */
  ca_world_restart(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(entries(w), MANY + 2);
  revoke_one(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(entries(w), MANY + 2); /* a long one is not made twice within a minute */
  w->now += CA_HOUR / 60;
  (void)ca_world_run(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(entries(w), MANY + 3);
  /* when they are over it fits into one record again, and the store is rid of them in time */
  w->now += 20 * CA_DAY;
  (void)ca_world_run(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  for (int i = 0; i < 40 && count(w, "revoked") > 0; i++) {
    w->now += CA_DAY / 2;
    (void)ca_world_run(w);
  }
  assert_int_equal(count(w, "revoked"), 0);
  assert_int_equal(count(w, "crl-part"), 0);
}

/* Parts of two lists are never served as one. */
static void test_torn(void **state)
{
  ca_world *w = *state;
  stardeleg_record record = {0};
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT, .kind = "crl-part", .key = "02", .due = STARDELEG_TIME_NEVER};

  revoke_one(w);
  multiply(w, 0, MANY);
  revoke_one(w);
  assert_ok(sdg_store_get(w->store, "crl-part", "02", &record));
  op.value = SDG_BYTES_LITERAL("{\"v\":1,\"number\":1,\"der\":\"MAA\"}");
  op.expected_version = record.version;
  assert_ok(sdg_store_batch(w->store, &op, 1));
  assert_int_equal(acme_peer_get(&w->peer, CRL), 500);
  stardeleg_record_clear(&record);
}

/* Whoever asks again costs the store one record, however long the list is. */
static void test_kept(void **state)
{
  static counting_store c;
  ca_world *w = *state;

  ca_world_count(w, &c);
  revoke_one(w);
  multiply(w, 0, MANY);
  revoke_one(w);
  c.read_kind = "crl-part";
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(c.reads, 2);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(c.reads, 2);
  assert_int_equal(entries(w), MANY + 2);
  /* a new one is seen at once */
  w->now += CA_HOUR / 60;
  revoke_one(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(entries(w), MANY + 3);
}

/* --- Full --- */

typedef struct lines {
  unsigned nearly;
  unsigned full;
} lines;

static void count_lines(void *ctx, stardeleg_log_level level, const char *event, const char *text)
{
  lines *l = ctx;

  (void)level;
  (void)text;
  l->nearly += strcmp(event, "ca.crl.nearly_full") == 0 ? 1 : 0;
  l->full += strcmp(event, "ca.crl.full") == 0 ? 1 : 0;
}

#define PLAIN "{'identifiers':[{'type':'dns','value':'www.example.org'}]}"

static void expect_refused(ca_world *w)
{
  assert_int_equal(ca_world_new_order(w, ca_world_json(PLAIN)), 503);
  assert_non_null(strstr(acme_peer_string(&w->peer, "type"), ":serverInternal"));
  assert_non_null(strstr(acme_peer_string(&w->peer, "detail"), "nearly full"));
  assert_string_equal(acme_peer_header(&w->peer, "Retry-After"), "3600");
}

/* Seven eighths are used: nothing more comes that might be revoked; what is revoked still finds room. */
static void fill_up(ca_world *w, const lines *seen)
{
  char finalize[512];
  char order[512];

  assert_int_equal(ca_world_new_order(w, ca_world_json(PLAIN)), 201);
  ca_world_validate(w);
  (void)snprintf(order, sizeof(order), "%s", w->order);
  (void)snprintf(finalize, sizeof(finalize), "%s", w->finalize);
  revoke_one(w);
  multiply(w, 0, 1040);
  assert_int_equal(seen->nearly, 0);
  revoke_one(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(entries(w), 1042);
  assert_int_equal(seen->nearly, 1);
  expect_refused(w);
  ca_world_restart(w);
  expect_refused(w);
  /* one that was ready is told, too */
  (void)snprintf(w->order, sizeof(w->order), "%s", order);
  (void)snprintf(w->finalize, sizeof(w->finalize), "%s", finalize);
  assert_int_equal(ca_world_finalize(w, ca_world_csr(w, NULL, "www.example.org", NULL)), 200);
  (void)ca_world_run(w);
  assert_string_equal(ca_world_status(w), "invalid");
  assert_non_null(strstr(w->peer.body, "nearly full"));
  ca_world_star(w, 30, 86400, 0);
}

static void test_full(void **state)
{
  static ca_world w;
  lines seen = {0, 0};
  char star[512];

  (void)state;
  ca_world_init(&w);
  w.options.crl_max = 64 * 1024;
  w.options.log = (stardeleg_log){count_lines, &seen};
  ca_world_open(&w);
  ca_world_plain(&w);
  (void)snprintf(star, sizeof(star), "%s", w.star);
  fill_up(&w, &seen);
  /* too many in spite of that: the list that is out stays, and nobody tries without a pause */
  multiply(&w, 1040, 120);
  (void)snprintf(w.star, sizeof(w.star), "%s", star);
  revoke_last(&w);
  assert_int_equal(seen.full, 1);
  assert_true(ca_world_run(&w) > w.now);
  assert_int_equal(seen.full, 1);
  assert_int_equal(acme_peer_get(&w.peer, CRL), 200);
  assert_int_equal(entries(&w), 1042);
  expect_refused(&w);
  /* it comes to itself when entries end, although they never were on one list more */
  w.now += 8 * CA_DAY;
  (void)ca_world_run(&w);
  assert_int_equal(acme_peer_get(&w.peer, CRL), 200);
  assert_int_equal(entries(&w), 0);
  assert_int_equal(ca_world_new_order(&w, ca_world_json(PLAIN)), 201);
  ca_world_clear(&w);
}

#define LARGE(test) cmocka_unit_test_setup_teardown(test, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {LARGE(test_many), LARGE(test_torn), LARGE(test_kept), cmocka_unit_test(test_full)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
