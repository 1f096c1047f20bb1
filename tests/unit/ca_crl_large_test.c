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

#define CRL CA_BASE "/crl"
#define MANY 20000u

static void revoke_one(ca_world *w)
{
  char payload[8192];
  ca_leaf leaf;
  sdg_buf text;

  ca_world_plain(w);
  assert_int_equal(acme_peer_fetch(&w->peer, w->star), 200);
  ca_world_leaf(w, &w->peer, &leaf);
  sdg_buf_init(&text, sizeof(payload));
  sdg_base64url_write(&text, leaf.cert.der);
  (void)snprintf(payload, sizeof(payload), "{\"certificate\":\"%s\"}", sdg_buf_str(&text));
  sdg_buf_clear(&text);
  assert_int_equal(acme_peer_post(&w->peer, CA_BASE "/revoke-cert", payload), 200);
  ca_leaf_clear(&leaf);
  (void)ca_world_run(w);
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

/* As if |MANY| more had been revoked: the one there is, under other serials. */
static void multiply(ca_world *w)
{
  static char keys[1000][48];
  static stardeleg_store_op ops[1000];
  char *value = NULL;

  assert_ok(sdg_store_scan(w->store, "revoked", NULL, NULL, 1, keep_value, &value));
  assert_non_null(value);
  for (unsigned i = 0; i < MANY / 1000; i++) {
    for (unsigned j = 0; j < 1000; j++) {
      (void)snprintf(keys[j], sizeof(keys[j]), "01aa55aa55aa55aa55aa55aa%08x", i * 1000 + j);
      ops[j] = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                                    .kind = "revoked",
                                    .key = keys[j],
                                    .value = sdg_bytes_str(value),
                                    .due = STARDELEG_TIME_NEVER};
    }
    assert_ok(sdg_store_batch(w->store, ops, 1000));
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
  multiply(w);
  revoke_one(w);
  assert_int_equal(acme_peer_get(&w->peer, CRL), 200);
  assert_int_equal(entries(w), MANY + 2);
  assert_true(count(w, "crl-part") > 1);
  /* the same after a restart, and another revocation */
  ca_world_restart(w);
  revoke_one(w);
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
  multiply(w);
  revoke_one(w);
  assert_ok(sdg_store_get(w->store, "crl-part", "02", &record));
  op.value = SDG_BYTES_LITERAL("{\"v\":1,\"number\":1,\"der\":\"MAA\"}");
  op.expected_version = record.version;
  assert_ok(sdg_store_batch(w->store, &op, 1));
  assert_int_equal(acme_peer_get(&w->peer, CRL), 500);
  stardeleg_record_clear(&record);
}

#define LARGE(test) cmocka_unit_test_setup_teardown(test, ca_world_set_up, ca_world_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {LARGE(test_many), LARGE(test_torn)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
