/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_life_test.c -- from the directory to the end of a delegation. */
#include "support/ndc_story.h"

#include "base/bytes.h"
#include "store/store.h"

/* --- Holding --- */

/* STARDEL-2.2-08: successive certificates come from one order; STAR-3.5-05: soon after they are published. */
static void test_renews_within_one_order(void **state)
{
  const int64_t lifetime = 4 * WORLD_DAY;
  stardeleg_time last = WORLD_EPOCH;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  assert_int_equal(failures(), 0);
  assert_int_equal(ends(), 0);
  assert_int_equal(certificates(), 6);
  assert_int_equal(world.new_accounts, 1);
  assert_string_equal(world_state(&world, 0), "active");
  for (size_t i = 1; i < world.event_count; i++) {
    const world_event *e = &world.events[i];

    assert_true(e->not_before > last);
    last = e->not_before;
    assert_true(e->at >= e->not_before && e->at - e->not_before <= lifetime / 20); /* STAR-3.5-05 */
    assert_true(e->at < world.events[i - 1].not_after);                            /* never without one */
  }
}

/* STAR-4.3: conditional requests; what has not changed is not fetched again and not told again. */
static void test_asks_conditionally(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY + 1000);
  assert_string_equal(world.last_if_none_match, "\"0-0\"");
  assert_int_equal(certificates(), 2);
}

static void test_payload(void **state)
{
  (void)state;
  world.options.lifetime_adjust_s = 86400;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  /* STARDEL-2.3.2-01 to -05, STARDEL-2.3.1.3-09, STAR-3.1.1-01, -04, -10, STAR-3.4-02: these members and no others. */
  assert_string_equal(world.last_payload, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"cdn.example.org\"},"
                                          "{\"type\":\"dns\",\"value\":\"www.cdn.example.org\"}],"
                                          "\"auto-renewal\":{\"end-date\":\"2026-01-31T00:00:00Z\",\"lifetime\":345600,"
                                          "\"lifetime-adjust\":86400,\"allow-certificate-get\":true},"
                                          "\"delegation\":\"https://ido.example/dlg/0\"}");
}

static int grab_key(void *ctx, const stardeleg_record *record)
{
  (void)snprintf(ctx, 128, "%s", record->key);
  return 1;
}

/* The name of the secret in use, to be freed. */
static char *current_key(void)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  char id[128] = "";
  char *name;

  assert_ok(sdg_store_scan(world.store, "ndc.delegation", NULL, NULL, 1, grab_key, id));
  assert_ok(sdg_store_get(world.store, "ndc.delegation", id, &record));
  assert_ok(sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL));
  name = strdup(sdg_json_string(sdg_json_member(sdg_json_member(tree, "current"), "key")));
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return name;
}

static bool has_secret(const char *name)
{
  uint8_t *out = NULL;
  size_t len = 0;
  stardeleg_err err = sdg_secrets_get(world.secrets, name, &out, &len);

  stardeleg_secret_free(out, len);
  return err == STARDELEG_OK;
}

/* A new order with a new key takes over before the old one ends, without a gap; the old key goes. */
static void test_orders_again_before_the_end(void **state)
{
  size_t orders;
  char *old;
  char *now;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 21 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  old = current_key();
  world_run(&world, WORLD_EPOCH + 23 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  now = current_key();
  assert_string_not_equal(old, now);
  assert_false(has_secret(old));
  assert_true(has_secret(now));
  free(old);
  free(now);
  orders = test_scale(10, 3);
  world_run(&world, WORLD_EPOCH + (int64_t)orders * 20 * WORLD_DAY);
  assert_int_equal(failures(), 0);
  assert_in_range(world.order_count, orders - 1, orders + 1);
  for (size_t i = 1; i < world.event_count; i++) {
    assert_true(world.events[i].at < world.events[i - 1].not_after);
  }
}

/* Killed for longer than the order lasts. */
static void test_orders_again_after_a_long_sleep(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world_stop(&world);
  world.now = WORLD_EPOCH + 40 * WORLD_DAY;
  world_start(&world);
  world_run(&world, world.now + WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_int_equal(certificates(), 2); /* the expired one is not told again */
}

/* An order that the server makes shorter than its own margin is not followed by another at once. */
static void shorten(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  (void)reply;
  if (strstr(url, "/finalize") != NULL) {
    w->orders[w->order_count - 1].renewal.lifetime_s =
        30 * 86400; /* the CA issues one certificate for the whole order */
  }
}

static void test_short_orders_are_no_storm(void **state)
{
  size_t days;

  (void)state;
  world.options.order_duration_s = 5 * 86400;
  world.bend = shorten;
  world_start(&world);
  days = test_scale(30, 10);
  world_run(&world, WORLD_EPOCH + (int64_t)days * WORLD_DAY);
  assert_in_range(world.order_count, days / 5, days / 5 * 2 + 1);
}

static void test_restart_tells_what_is_stored(void **state)
{
  stardeleg_ask ask;
  const stardeleg_engine *engine;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(certificates(), 1);
  world_stop(&world);
  world_start(&world);
  engine = stardeleg_ndc_engine(world.ndc);
  assert_int_equal(certificates(), 1);
  assert_ok(engine->next(engine->self, &ask, world.now));
  assert_int_equal(certificates(), 2);
  assert_string_equal(world.events[0].serial, world.events[1].serial);
}

/* A program that cannot take a certificate is told again, with growing pauses, until it can. */
static void test_tells_again(void **state)
{
  size_t told;

  (void)state;
  world.event_answer = 1;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 600000);
  told = certificates();
  assert_in_range(told, 5, 16);
  for (size_t i = 1; i < told; i++) {
    assert_true(world.events[i].at > world.events[i - 1].at);
    assert_string_equal(world.events[i].serial, world.events[0].serial);
  }
  world.event_answer = 0;
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(certificates(), told + 1);
  assert_int_equal(world.order_count, 1);
}

/* --- Ending --- */

/* STARDEL-2.3.6.1-03, STAR-3.3-12: 403 autoRenewalCanceled ends it, once and for all. */
static void test_owner_ends(void **state)
{
  const world_event *ended;
  size_t gets;

  (void)state;
  world.options.discovery_interval_s = 10 * 86400;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.offered[0] = false;
  world.orders[0].canceled = true;
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  assert_int_equal(ends(), 1);
  ended = world_last(&world, STARDELEG_NDC_ENDED);
  assert_int_equal(ended->acme, STARDELEG_ACME_AUTO_RENEWAL_CANCELED);
  assert_true(ended->not_after == WORLD_EPOCH + 4 * WORLD_DAY + 1000 - 1 || ended->not_after > world.now);
  assert_string_equal(world_state(&world, 0), "ended");
  gets = world.gets;
  world_run(&world, WORLD_EPOCH + 60 * WORLD_DAY);
  assert_int_equal(world.gets, gets);
  assert_int_equal(ends(), 1);
  assert_int_equal(world.order_count, 1);
  assert_int_equal(certificates(), 1);
}

/* The list lacks it, but its order was not cancelled: the certificate goes on, nothing new is ordered, and with the
 * order it ends. */
static void test_no_longer_offered(void **state)
{
  char *key;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  key = current_key();
  world.offered[0] = false;
  world_run(&world, WORLD_EPOCH + 21 * WORLD_DAY);
  assert_int_equal(ends(), 0);
  assert_true(certificates() >= 6);
  world_run(&world, WORLD_EPOCH + 31 * WORLD_DAY);
  assert_int_equal(ends(), 1);
  assert_int_equal(world_last(&world, STARDELEG_NDC_ENDED)->acme, STARDELEG_ACME_UNKNOWN_DELEGATION);
  assert_int_equal(world.order_count, 1);
  world_run(&world, WORLD_EPOCH + 60 * WORLD_DAY);
  assert_int_equal(ends(), 1);
  assert_false(has_secret(key)); /* worthless by now */
  free(key);
}

/* Before there is any certificate, the list alone decides. */
static void hold_back(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode == 0 && strncmp(url, WORLD_STAR, strlen(WORLD_STAR)) == 0) {
    world_problem(reply, 404, "malformed");
  }
}

static void test_withdrawn_before_the_first(void **state)
{
  (void)state;
  world.bend = hold_back;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  world.offered[0] = false;
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(ends(), 1);
  assert_int_equal(certificates(), 0);
  assert_string_equal(world_state(&world, 0), "ended");
  /* Offered anew: ordered anew. */
  world.mode = 1;
  world.offered[0] = true;
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  assert_int_equal(certificates(), 1);
  assert_int_equal(world.order_count, 2);
}

static void test_offered_again_goes_on(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.offered[0] = false;
  world_run(&world, WORLD_EPOCH + WORLD_DAY + 2 * 3600000);
  world.offered[0] = true;
  world_run(&world, WORLD_EPOCH + 40 * WORLD_DAY);
  assert_int_equal(ends(), 0);
  assert_string_equal(world_state(&world, 0), "active");
  assert_int_equal(world.order_count, 2);
}

/* An ended delegation is told after a restart as long as its certificate lasts, and nothing is asked for. */
static void test_ended_and_restarted(void **state)
{
  size_t gets;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.offered[0] = false;
  world.orders[0].canceled = true;
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  assert_int_equal(ends(), 1);
  gets = world.gets;
  world_stop(&world);
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  assert_int_equal(certificates(), 2);
  assert_int_equal(world.gets, gets);
  assert_int_equal(ends(), 1);
}

static void test_offered_anew_orders_anew(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.offered[0] = false;
  world.orders[0].canceled = true;
  world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
  assert_int_equal(ends(), 1);
  world.offered[0] = true;
  world_run(&world, WORLD_EPOCH + 11 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_string_equal(world_state(&world, 0), "active");
}

/* The owner cancelled this order only. */
static void test_canceled_but_offered(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.orders[0].canceled = true;
  world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_int_equal(ends(), 0);
  assert_string_equal(world_state(&world, 0), "active");
}

static void cancel_all(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  (void)reply;
  if (strncmp(url, WORLD_STAR, strlen(WORLD_STAR)) == 0) {
    world_problem(reply, 403, "autoRenewalCanceled");
    w->mode++;
  }
}

/* Every order is cancelled at once, yet the delegation stays offered: no storm. */
static void test_cancel_loop_is_bounded(void **state)
{
  (void)state;
  world.bend = cancel_all;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_in_range(world.order_count, 10, 70); /* a dozen in the first hour, then two an hour at most */
  assert_true(world.object_reads < 3 * world.order_count + 30);
}

/* Ended with the list still showing it: asked again with every discovery, told once. */
static void refuse_object(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode == 1 && strncmp(url, WORLD_DELEGATION, strlen(WORLD_DELEGATION)) == 0) {
    world_problem(reply, 404, "malformed");
  }
}

static void test_ended_but_listed(void **state)
{
  (void)state;
  world.bend = refuse_object;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.mode = 1;
  world.orders[0].canceled = true;
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
  assert_int_equal(ends(), 1);
  assert_int_equal(world.order_count, 1);
  assert_true(world.object_reads < 20 * 24 + 10);
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + 21 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
}

/* After autoRenewalCanceled the IdO cannot be reached: the reason is told all the same. */
static void lose_ido(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode == 1 && strncmp(url, "https://ido.example/", 20) == 0) {
    reply->status = 0;
  }
}

static void test_canceled_while_ido_is_away(void **state)
{
  (void)state;
  world.bend = lose_ido;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.mode = 1;
  world.offered[0] = false;
  world.orders[0].canceled = true;
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  assert_int_equal(ends(), 0);
  assert_string_equal(world_state(&world, 0), "canceled");
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + 4 * WORLD_DAY);
  assert_int_equal(ends(), 1);
  assert_int_equal(world_last(&world, STARDELEG_NDC_ENDED)->acme, STARDELEG_ACME_AUTO_RENEWAL_CANCELED);
}

/* The IdO is away for weeks: certificates go on coming from the CA (the holder needs no account). */
static void test_holds_while_ido_is_away(void **state)
{
  (void)state;
  world.bend = lose_ido;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 21 * WORLD_DAY + 3600000);
  world.mode = 1;
  world_run(&world, WORLD_EPOCH + 29 * WORLD_DAY);
  for (size_t i = 1, last = 0; i < world.event_count; i++) {
    if (world.events[i].kind == STARDELEG_NDC_CERTIFICATE) {
      assert_true(world.events[i].at < world.events[last].not_after);
      last = i;
    }
  }
  assert_true(world_last(&world, STARDELEG_NDC_CERTIFICATE)->not_after >= WORLD_EPOCH + 30 * WORLD_DAY);
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + 31 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      LIFE(test_renews_within_one_order),
      LIFE(test_asks_conditionally),
      LIFE(test_payload),
      LIFE(test_orders_again_before_the_end),
      LIFE(test_orders_again_after_a_long_sleep),
      LIFE(test_short_orders_are_no_storm),
      LIFE(test_restart_tells_what_is_stored),
      LIFE(test_tells_again),
      LIFE(test_owner_ends),
      LIFE(test_no_longer_offered),
      LIFE(test_withdrawn_before_the_first),
      LIFE(test_offered_again_goes_on),
      LIFE(test_ended_and_restarted),
      LIFE(test_offered_anew_orders_anew),
      LIFE(test_canceled_but_offered),
      LIFE(test_cancel_loop_is_bounded),
      LIFE(test_ended_but_listed),
      LIFE(test_canceled_while_ido_is_away),
      LIFE(test_holds_while_ido_is_away),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
