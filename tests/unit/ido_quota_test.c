/* SPDX-License-Identifier: Apache-2.0 */
/* ido_quota_test.c -- the number of certificates that are alive: kept with the orders, whatever happens to them, and
 * without looking through them. */
#include "support/ido_world.h"

#include <pthread.h>

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"

#define NEW_ORDER WORLD_IDO "/new-order"

static void begin(ido_world *w, int64_t certificates_max)
{
  stardeleg_ido_delegation delegation = {.size = sizeof(delegation),
                                         .id = "d1",
                                         .ndc = "cdn",
                                         .csr_template = sdg_bytes_str(WORLD_ONE),
                                         .expires_at = STARDELEG_TIME_NEVER,
                                         .certificates_max = certificates_max};
  char id[65];

  ido_world_init(w);
  ido_world_ca_init(w);
  ido_world_ca_open(w);
  ido_world_open(w);
  ido_world_ndc(w, 0, "cdn");
  assert_ok(stardeleg_ido_delegation_add(w->ido, &delegation, id, w->now, NULL));
}

static void set_limit(ido_world *w, int64_t certificates_max)
{
  stardeleg_ido_delegation delegation = {.size = sizeof(delegation), .certificates_max = certificates_max};

  assert_ok(stardeleg_ido_delegation_change(w->ido, "d1", &delegation, STARDELEG_IDO_CERTIFICATES, w->now, NULL));
}

static int order(ido_world *w)
{
  return acme_peer_post(&w->ndc[0], NEW_ORDER, ido_world_new_order("d1", "abc.ido.example"));
}

/* The number in the record; -1: none is there. */
static int64_t counted(ido_world *w)
{
  stardeleg_record record = {0};
  const sdg_json *certificates;
  sdg_json *tree = NULL;
  int64_t alive = -1;

  if (w->real->ops->get(w->real->self, "quota", "d1", &record) == STARDELEG_OK) {
    assert_ok(sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL));
    certificates = sdg_json_member(tree, "certificates");
    alive = certificates != NULL ? sdg_json_int(sdg_json_member(certificates, "alive")) : -1;
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return alive;
}

static void put(ido_world *w, const char *kind, const char *key, const char *index, const char *value)
{
  stardeleg_record record = {0};
  stardeleg_err err = w->real->ops->get(w->real->self, kind, key, &record);
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT,
                           .kind = kind,
                           .key = key,
                           .index = index,
                           .value = sdg_bytes_str(value),
                           .due = STARDELEG_TIME_NEVER,
                           .expected_version = err == STARDELEG_OK ? record.version : 0};

  assert_ok(w->real->ops->batch(w->real->self, &op, 1));
  stardeleg_record_clear(&record);
}

static void drop(ido_world *w, const char *kind, const char *key)
{
  stardeleg_record record = {0};
  stardeleg_store_op op = {.verb = STARDELEG_STORE_DEL, .kind = kind, .key = key, .due = STARDELEG_TIME_NEVER};

  assert_ok(w->real->ops->get(w->real->self, kind, key, &record));
  op.expected_version = record.version;
  assert_ok(w->real->ops->batch(w->real->self, &op, 1));
  stardeleg_record_clear(&record);
}

/* An order that nobody can read: whoever looks through the orders fails. */
static void set_trap(ido_world *w)
{
  put(w, "order", "trap", "d1", "{}");
}

/* Once there is a number, newOrder and finalize do not look through the orders; nor does a refusal, for a while. */
static void test_not_looked_through(void **state)
{
  char url[256];
  ido_world w;

  (void)state;
  begin(&w, 3);
  ido_world_place(&w, 0, "d1", url);
  assert_int_equal(counted(&w), 1);
  set_trap(&w);
  ido_world_place(&w, 0, "d1", url);
  ido_world_place(&w, 0, "d1", url);
  assert_int_equal(counted(&w), 3);
  assert_int_equal(order(&w), 429);
  assert_int_equal(order(&w), 429);
  w.now += 61 * WORLD_S;
  assert_true(order(&w) >= 500); /* it is looked through now */
  drop(&w, "order", "trap");
  assert_int_equal(order(&w), 429);
  set_trap(&w);
  assert_int_equal(order(&w), 429);
  ido_world_clear(&w);
}

/* An order that fails, or is canceled, makes room at once. */
static void test_room(void **state)
{
  char first[256];
  char second[256];
  ido_world w;

  (void)state;
  begin(&w, 2);
  ido_world_place(&w, 0, "d1", first);
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, first), "valid");
  assert_int_equal(counted(&w), 1);
  w.ca_is_down = true;
  ido_world_place(&w, 0, "d1", second);
  assert_int_equal(counted(&w), 2);
  assert_int_equal(order(&w), 429);
  ido_world_run(&w, 8 * WORLD_DAY); /* it is not to be had any more */
  w.ca_is_down = false;
  ido_world_run(&w, 2 * 3600 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, second), "invalid");
  assert_int_equal(counted(&w), 1);
  set_trap(&w);
  assert_int_equal(order(&w), 201);
  drop(&w, "order", "trap");
  assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_status(&w, 0, first), "canceled");
  assert_int_equal(counted(&w), 0);
  ido_world_clear(&w);
}

/* What ends by time alone makes room when it ends, and is not taken off twice when its order goes. */
static void test_end_date(void **state)
{
  stardeleg_time end = WORLD_START + 59 * WORLD_DAY;
  char url[256];
  ido_world w;

  (void)state;
  begin(&w, 1);
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 60 * WORLD_S);
  assert_int_equal(order(&w), 429);
  w.now = end - 1;
  assert_int_equal(order(&w), 429);
  w.now = end;
  assert_int_equal(order(&w), 400); /* there is room; the end-date of the test's order has passed */
  ido_world_run(&w, WORLD_S);
  set_limit(&w, 2);
  put(&w, "quota", "d1", "", "{\"v\":1,\"orders\":[]}");
  assert_int_equal(acme_peer_post(&w.ndc[0], NEW_ORDER,
                                  "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}],"
                                  "\"auto-renewal\":{\"end-date\":\"2026-04-01T00:00:00Z\",\"lifetime\":345600,"
                                  "\"allow-certificate-get\":true},\"delegation\":\"" WORLD_IDO "/delegation/d1\"}"),
                   201);
  assert_int_equal(counted(&w), 0);
  (void)snprintf(url, sizeof(url), "%s", acme_peer_header(&w.ndc[0], "Location"));
  {
    char *csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0);

    assert_int_equal(ido_world_finalize(&w, 0, url, csr), 200);
    free(csr);
  }
  assert_int_equal(counted(&w), 1);
  ido_world_run(&w, 8 * WORLD_DAY); /* the first order goes */
  assert_int_equal(ido_world_count(&w, "order"), 1);
  assert_int_equal(counted(&w), 1);
  ido_world_clear(&w);
}

/* A store of a version that did not count, a limit that comes later, one that goes and comes again. */
static void test_written_before(void **state)
{
  char url[256];
  ido_world w;

  (void)state;
  begin(&w, 0);
  ido_world_place(&w, 0, "d1", url);
  ido_world_place(&w, 0, "d1", url);
  assert_int_equal(counted(&w), -1);
  put(&w, "quota", "d1", "", "{\"v\":1,\"orders\":[1]}");
  set_limit(&w, 3);
  ido_world_place(&w, 0, "d1", url);
  assert_int_equal(counted(&w), 3);
  assert_int_equal(order(&w), 429);
  set_limit(&w, 0);
  ido_world_place(&w, 0, "d1", url); /* counted all the same */
  set_limit(&w, 4);
  assert_int_equal(counted(&w), 4);
  assert_int_equal(order(&w), 429);
  ido_world_clear(&w);
}

static void place_another(ido_world *w)
{
  char url[256];

  ido_world_place(w, 0, "d1", url);
}

/* Whenever the end comes, however often the process is killed, and who ever writes in between: the number is that of
 * the orders. */
static void test_any_time(void **state)
{
  (void)state;
  for (size_t stop = 1; stop < 13; stop++) {
    ido_world w;
    char url[256];

    begin(&w, 5);
    ido_world_place(&w, 0, "d1", url);
    w.restart_always = stop % 2 == 0;
    w.stop_after = stop;
    ido_world_run(&w, 600 * WORLD_S);
    w.stop_after = 0;
    w.before_write = place_another;
    ido_world_run(&w, 600 * WORLD_S);
    assert_string_equal(ido_world_status(&w, 0, url), "valid");
    assert_int_equal(counted(&w), w.before_write == NULL ? 2 : 1);
    w.before_write = NULL;
    assert_ok(stardeleg_ido_delegation_end(w.ido, "d1", w.now));
    ido_world_run(&w, 600 * WORLD_S);
    assert_string_equal(ido_world_status(&w, 0, url), "canceled");
    assert_int_equal(counted(&w), 0);
    ido_world_clear(&w);
  }
}

typedef struct crowd {
  ido_world *w;
  size_t i;
  size_t made;
  char urls[8][256];
  char *csr;
} crowd;

static void *finalize_many(void *arg)
{
  crowd *c = arg;

  for (int i = 0; i < 8; i++) {
    c->made += ido_world_finalize(c->w, c->i, c->urls[i], c->csr) == 200 ? 1 : 0;
  }
  return NULL;
}

/* Two accounts at once: never one more than allowed. */
static void test_at_once(void **state)
{
  ido_world w;
  char mac_key[64];
  crowd crowds[2];
  pthread_t threads[2];

  (void)state;
  begin(&w, 5);
  assert_ok(stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "second", NULL, mac_key, w.now));
  assert_int_equal(ido_world_new_account(&w, 1, "second", mac_key), 201);
  for (size_t i = 0; i < 2; i++) {
    crowds[i] = (crowd){.w = &w, .i = i, .csr = ido_world_csr(WORLD_ONE, NULL, NULL, 0)};
    for (size_t k = 0; k < 8; k++) {
      ido_world_order(&w, i, "d1", "abc.ido.example", crowds[i].urls[k]);
    }
  }
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, finalize_many, &crowds[i]), 0);
  }
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    free(crowds[i].csr);
  }
  assert_int_equal(crowds[0].made + crowds[1].made, 5);
  assert_int_equal(counted(&w), 5);
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_not_looked_through), cmocka_unit_test(test_room),    cmocka_unit_test(test_end_date),
      cmocka_unit_test(test_written_before),     cmocka_unit_test(test_any_time), cmocka_unit_test(test_at_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
