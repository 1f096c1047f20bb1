/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_survive_test.c -- what a delegate must live through: refusals, delays, absence, loss, and a store that fails. */
#include "support/ndc_story.h"

#include "base/bytes.h"
#include "store/store.h"

static int setup(void **state)
{
  (void)state;
  world_init(&world);
  world.options.discovery_interval_s = 86400;
  return 0;
}

static bool is_star(const char *url)
{
  return strncmp(url, WORLD_STAR, strlen(WORLD_STAR)) == 0;
}

/* --- Trouble with the certificate --- */

typedef enum trouble { NONE_AT_ALL = 0, FORBIDDEN, UNCHANGED, MISSING, OVERLOADED, NO_ANSWER } trouble;

static char *kept; /* the first certificate */

static void trouble_star(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (!is_star(url) || w->mode == NONE_AT_ALL) {
    return;
  }
  switch ((trouble)w->mode) {
  case FORBIDDEN:
    world_problem(reply, 403, "unauthorized");
    break;
  case MISSING:
    world_problem(reply, 404, "malformed");
    break;
  case OVERLOADED:
    world_problem(reply, 503, "serverInternal");
    (void)snprintf(reply->retry_after, sizeof(reply->retry_after), "864000");
    break;
  case NO_ANSWER:
    reply->status = 0;
    break;
  default:
    reply->status = 200;
    reply->etag[0] = '\0';
    sdg_buf_reset(&reply->body);
    sdg_buf_add_str(&reply->body, kept);
    break;
  }
}

static void keep_first(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)w;
  (void)method;
  if (is_star(url) && kept == NULL && reply->status == 200) {
    kept = strdup(sdg_buf_str(&reply->body));
  }
}

/* The order is valid, its first certificate has not been fetched, and the delegate sleeps for days: the order is not
 * thrown away before somebody has been asked.  An answer ends the patience; a CA that is silent, only much later. */
static void test_sleeps_before_the_first(void **state)
{
  (void)state;
  world.bend = trouble_star;
  world.mode = NO_ANSWER;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  world_stop(&world);
  world.now = WORLD_EPOCH + 3 * WORLD_DAY;
  world_start(&world);
  world_run(&world, world.now + 60000);
  world.mode = NONE_AT_ALL;
  world_run(&world, world.now + 3600000);
  assert_int_equal(world.order_count, 1);
  assert_int_equal(certificates(), 1);
  for (int mode = MISSING; mode <= NO_ANSWER; mode++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    world.bend = trouble_star;
    world.mode = mode;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 20 * 3600000);
    assert_int_equal(world.order_count, 1);
    world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
    assert_in_range(world.order_count, 2, 3);
  }
}

/* For a day around the half of its life the successor is not to be had; then it is.  The old one serves meanwhile, the
 * order is the same, and nobody is asked in a storm. */
static void test_successor_is_late(void **state)
{
  (void)state;
  for (int mode = FORBIDDEN; mode <= NO_ANSWER; mode++) {
    size_t gets;

    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    free(kept);
    kept = NULL;
    world.bend = keep_first;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + WORLD_DAY);
    assert_non_null(kept);
    world.bend = trouble_star;
    world.mode = mode;
    gets = world.gets;
    world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
    assert_true(world.gets - gets < 60);
    assert_int_equal(certificates(), 1);
    /* STAR-3.3-08: unchanged is no failure, the rest is told */
    assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED) > 0, mode != UNCHANGED);
    world.mode = NONE_AT_ALL;
    world_run(&world, WORLD_EPOCH + 12 * WORLD_DAY);
    assert_never_without();
    assert_int_equal(world.order_count, 1);
    assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 0);
  }
  free(kept);
  kept = NULL;
}

/* The CA never publishes again: another order before the certificate has ended. */
static void test_successor_never_comes(void **state)
{
  (void)state;
  for (int mode = FORBIDDEN; mode <= NO_ANSWER; mode++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    free(kept);
    kept = NULL;
    world.bend = keep_first;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + WORLD_DAY);
    world.bend = trouble_star;
    world.mode = mode;
    world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY + 14 * 3600000);
    assert_int_equal(world.order_count, 2);
    world.mode = NONE_AT_ALL;
    world_run(&world, WORLD_EPOCH + 12 * WORLD_DAY);
    assert_never_without();
  }
  free(kept);
  kept = NULL;
}

/* --- The IdO --- */

static void trouble_ido(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode == 1 && strncmp(url, "https://ido.example/", 20) == 0) {
    reply->status = 0;
  } else if (w->mode == 2 && strstr(url, "/dlgs?") != NULL) {
    world_problem(reply, 404, "malformed");
  } else if (w->mode == 3 && strstr(url, "/dlgs?") != NULL) {
    sdg_buf_reset(&reply->body);
    sdg_buf_add_str(&reply->body, "{\"delegations\":[]}");
  }
}

/* A week without the IdO, without its list, with an empty list: a STAR order goes on until its CA says otherwise. */
static void test_ido_vanishes(void **state)
{
  (void)state;
  for (int mode = 1; mode <= 3; mode++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    world.bend = trouble_ido;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY);
    world.mode = mode;
    world_run(&world, WORLD_EPOCH + 12 * WORLD_DAY);
    assert_string_equal(world_state(&world, 0), "active");
    assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 0);
    world.mode = 0;
    world_run(&world, WORLD_EPOCH + 40 * WORLD_DAY);
    assert_never_without();
    assert_int_equal(world.order_count, 2);
    assert_int_equal(world.new_accounts, 1);
  }
}

/* STARDEL-2.3.6.1-03, D-12: after a cancellation nothing is fetched, whatever the URL answers later. */
static void test_canceled_means_canceled(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.orders[0].canceled = true;
  world.offered[0] = false;
  world_run(&world, WORLD_EPOCH + 4 * WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "ended");
  assert_int_equal(world_last(&world, STARDELEG_NDC_ENDED)->acme, STARDELEG_ACME_AUTO_RENEWAL_CANCELED);
  world.orders[0].canceled = false; /* a cache that lies */
  world_forget(&world);
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
  assert_int_equal(world.gets, 0);
}

/* --- Loss --- */

static void lose_one(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  (void)url;
  if (w->exchanges + 1 == (size_t)w->mode) {
    reply->status = 0;
  }
}

/* The answer of each exchange of a first month lost once, in both kinds of order. */
static void test_each_answer_lost(void **state)
{
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    for (int at = 1; at <= 24; at++) {
      world_clear(&world);
      assert_int_equal(setup(NULL), 0);
      world.options.mode = kind == 0 ? STARDELEG_NDC_MODE_STAR : STARDELEG_NDC_MODE_PLAIN;
      world.bend = lose_one;
      world.mode = at;
      world_start(&world);
      world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
      assert_string_equal(world_state(&world, 0), "active");
      assert_never_without();
      assert_true(world.order_count <= 2); /* a lost answer to newOrder leaves an order nobody knows of */
    }
  }
}

/* --- The store --- */

typedef struct failing_store {
  stardeleg_store_ops ops;
  stardeleg_store store;
  const stardeleg_store *under;
  size_t writes;
  size_t fail_at;
  size_t fail_count;
  bool after; /* it fails after having written: nobody knows */
} failing_store;

static failing_store failing;

static bool fails(void)
{
  failing.writes++;
  return failing.writes >= failing.fail_at && failing.writes < failing.fail_at + failing.fail_count;
}

static stardeleg_err batch(void *self, const stardeleg_store_op *ops, size_t n)
{
  bool fail = fails();
  stardeleg_err err;

  if (fail && !failing.after) {
    return STARDELEG_ERR_STORE;
  }
  err = failing.under->ops->batch(self, ops, n);
  return fail ? STARDELEG_ERR_STORE : err;
}

static void use_failing(size_t at, size_t count, bool after)
{
  memset(&failing, 0, sizeof(failing));
  failing.under = world.store;
  failing.ops = *world.store->ops;
  failing.ops.batch = batch;
  failing.store = (stardeleg_store){&failing.ops, world.store->self};
  failing.fail_at = at;
  failing.fail_count = count;
  failing.after = after;
  world.options.store = &failing.store;
  world.tolerant = true;
}

static void live_with_failing(size_t at, size_t count, bool after, stardeleg_ndc_mode mode)
{
  stardeleg_problem problem;

  world_clear(&world);
  assert_int_equal(setup(NULL), 0);
  world.options.mode = mode;
  use_failing(at, count, after);
  if (stardeleg_ndc_new(&world.ndc, &world.options, &problem) != STARDELEG_OK) {
    failing.fail_at = SIZE_MAX; /* it says so, and a later try works */
    world_start(&world);
  }
  world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "active");
  assert_never_without();
  assert_true(world.order_count <= 2);
  world_stop(&world);
  world_start(&world); /* and what is stored is whole */
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "active");
  assert_never_without();
}

/* Each write fails once, or ten times in a row; before it is done, or after (nobody knows then). */
static void test_each_write_fails(void **state)
{
  (void)state;
  for (size_t at = 1; at <= 14; at++) {
    for (int after = 0; after < 2; after++) {
      live_with_failing(at, 1, after != 0, at % 2 == 0 ? STARDELEG_NDC_MODE_STAR : STARDELEG_NDC_MODE_PLAIN);
    }
    live_with_failing(at, 10, false, STARDELEG_NDC_MODE_STAR);
  }
}

static int grab_key(void *ctx, const stardeleg_record *record)
{
  const char *at = strstr((const char *)record->value, "ndc-key-");

  assert_non_null(at);
  (void)snprintf(ctx, 64, "%.*s", (int)strcspn(at, "\""), at);
  return 1;
}

/* The write by which an ended delegation lets go of its certificate fails: done a moment later, and the key goes. */
static void test_last_write_fails(void **state)
{
  char name[64] = "";
  uint8_t *secret = NULL;
  size_t len = 0;

  (void)state;
  use_failing(SIZE_MAX - 1, 1, false);
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_ok(sdg_store_scan(world.store, "ndc.delegation", NULL, NULL, 1, grab_key, name));
  world.offered[0] = false;
  world.orders[0].canceled = true;
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "ended");
  failing.fail_at = failing.writes + 1;
  world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY);
  assert_int_equal(world.own_failures, 1);
  assert_err(STARDELEG_ERR_NOT_FOUND, sdg_secrets_get(world.secrets, name, &secret, &len));
}

/* --- Templates --- */

static const char same_in_other_words[] =
    "{ \"extensions\" : {\"subjectAltName\":{\"DNS\":[\"cdn.example.org\",\"www.cdn.example.org\"]}},"
    " \"keyTypes\":[{\"SignatureType\":\"ecdsa-with-SHA256\",\"namedCurve\":\"secp256r1\","
    "\"PublicKeyType\":\"id-ecPublicKey\"}]}";
static const char with_subject[] = "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\","
                                   "\"SignatureType\":\"ecdsa-with-SHA256\"}],\"subject\":{\"organization\":\"Owner\"},"
                                   "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"cdn.example.org\"]}}}";

/* The same template in other words is the same; another one brings a new order with the next discovery, and the old
 * certificate stays until the new one is in (T-28: what the CA made of it is told). */
static void test_template_changes(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 3600000);
  assert_string_equal(world_last(&world, STARDELEG_NDC_CERTIFICATE)->findings, "keyUsage is another");
  world.template_json = same_in_other_words;
  world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY);
  assert_true(world.object_reads >= 4); /* read again with each discovery, a day apart */
  assert_int_equal(world.order_count, 1);
  world.template_json = with_subject;
  world.polls = 30;
  world_run(&world, WORLD_EPOCH + 6 * WORLD_DAY + 10 * 3600000);
  assert_int_equal(world.order_count, 2);
  assert_string_equal(world_last(&world, STARDELEG_NDC_CERTIFICATE)->findings,
                      "organization is missing, keyUsage is another");
  assert_never_without();
  /* asked by the program: at once */
  world.template_json = same_in_other_words;
  stardeleg_ndc_discover(world.ndc);
  world_run(&world, world.now + 3600000);
  assert_int_equal(world.order_count, 3);
}

#define SURVIVE(test) cmocka_unit_test_setup_teardown(test, setup, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SURVIVE(test_sleeps_before_the_first), SURVIVE(test_successor_is_late),
      SURVIVE(test_successor_never_comes),   SURVIVE(test_ido_vanishes),
      SURVIVE(test_canceled_means_canceled), SURVIVE(test_each_answer_lost),
      SURVIVE(test_each_write_fails),        SURVIVE(test_last_write_fails),
      SURVIVE(test_template_changes),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
