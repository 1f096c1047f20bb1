/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_plain_test.c -- certificates without auto-renewal (RFC 9115 2.3.3): ordered, fetched, renewed by another order.
 */
#include "support/ndc_story.h"

#include "base/bytes.h"
#include "ndc/ndc_internal.h"

static int setup(void **state)
{
  (void)state;
  world_init(&world);
  world.options.mode = STARDELEG_NDC_MODE_PLAIN;
  world.options.discovery_interval_s = 7 * 86400; /* fewer signatures */
  return 0;
}

/* STARDEL-2.3.3-01, -02, -03, STARDEL-2.3.5-02: figure 7, these members and no others; STARDEL-2.1-02: by the account.
 */
static void test_payload(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_string_equal(world.last_payload, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"cdn.example.org\"},"
                                          "{\"type\":\"dns\",\"value\":\"www.cdn.example.org\"}],"
                                          "\"allow-certificate-get\":true,"
                                          "\"delegation\":\"https://ido.example/dlg/0\"}");
  assert_int_equal(certificates(), 1);
  assert_int_equal(world.gets, 1);
  assert_int_equal(world.signed_gets, 0);
  assert_string_equal(world_state(&world, 0), "active");
}

/* AMB-23: notBefore and notAfter where they are wanted. */
static void test_validity(void **state)
{
  (void)state;
  world.options.not_before_s = -3600;
  world.options.not_after_s = 10 * 86400;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_non_null(strstr(world.last_payload, "\"notBefore\":\"2025-12-31T23:00:00Z\","
                                             "\"notAfter\":\"2026-01-11T00:00:00Z\",\"allow-certificate-get\":true"));
  assert_true(world_last(&world, STARDELEG_NDC_CERTIFICATE)->not_after < WORLD_EPOCH + 11 * WORLD_DAY);
}

/* AMB-27: renewed by another order at two thirds of its life, never twice, never late; over restarts too. */
static void test_renews(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 40 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  world_stop(&world);
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 58 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  world_run(&world, WORLD_EPOCH + 61 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_int_equal(certificates(), 3); /* told again after the restart */
  world_run(&world, WORLD_EPOCH + 365 * WORLD_DAY);
  assert_in_range(world.order_count, 6, 7);
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 0);
  for (size_t i = 2; i < world.event_count; i++) {
    assert_true(world.events[i].at < world.events[i - 1].not_after);
  }
}

static void test_fraction(void **state)
{
  const int64_t life = 90 * WORLD_DAY;
  const int64_t nb = WORLD_EPOCH;

  (void)state;
  assert_true(sdg_ndc_renew_at(nb, nb + life, 500, 0, nb) == nb + 45 * WORLD_DAY);
  assert_true(sdg_ndc_renew_at(nb, nb + life, 667, 0, nb) <= nb + 61 * WORLD_DAY);
  /* spread over a fiftieth: a fleet that was ordered at once is not renewed at once */
  assert_true(sdg_ndc_renew_at(nb, nb + life, 667, UINT32_MAX, nb) < sdg_ndc_renew_at(nb, nb + life, 667, 0, nb));
  assert_true(sdg_ndc_renew_at(nb, nb + life, 667, UINT32_MAX, nb) > nb + 58 * WORLD_DAY);
  /* fetched late, or short-lived: never in the first half of what is left */
  assert_true(sdg_ndc_renew_at(nb, nb + life, 667, 0, nb + 80 * WORLD_DAY) == nb + 85 * WORLD_DAY);
  assert_true(sdg_ndc_renew_at(nb, nb + 1000, 500, 0, nb) == nb + 500);
  assert_true(sdg_ndc_renew_at(nb, nb + 1000, 500, 0, nb + 5000) == nb + 5000);
}

/* Certificates of minutes: orders follow each other, but never in a storm. */
static void test_short_lives_are_no_storm(void **state)
{
  (void)state;
  world.plain_life_ms = 600000;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 6 * 3600 * 1000);
  assert_in_range(world.order_count, 30, 75);
}

/* --- Which kind --- */

static void choose_plain(void *ctx, const char *delegation, stardeleg_ndc_policy *policy)
{
  (void)ctx;
  assert_int_equal(policy->size, sizeof(*policy));
  if (strcmp(delegation, "https://ido.example/dlg/1") == 0) {
    policy->mode = STARDELEG_NDC_MODE_PLAIN;
  }
}

static void test_modes(void **state)
{
  (void)state;
  /* as offered: STAR where the directory has it */
  world.options.mode = STARDELEG_NDC_MODE_OFFERED;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_true(world.orders[0].star);
  /* plain where it has not */
  world_clear(&world);
  world_init(&world);
  world.no_star = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_false(world.orders[0].star);
  /* as the program says for each */
  world_clear(&world);
  world_init(&world);
  world.delegation_count = 2;
  world.offered[1] = true;
  world.options.policy = choose_plain;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_int_equal(world.order_count, 2);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(world.orders[i].star, strcmp(world.orders[i].delegation, "https://ido.example/dlg/0") == 0);
  }
}

static void choose_nonsense(void *ctx, const char *delegation, stardeleg_ndc_policy *policy)
{
  (void)ctx;
  (void)delegation;
  policy->mode = STARDELEG_NDC_MODE_STAR;
  policy->not_after_s = 86400;
}

/* STARDEL-2.3.2-03, STAR-3.1.1-10: nobody gets a STAR order with notBefore or notAfter out of this library. */
static void test_star_has_no_dates(void **state)
{
  stardeleg_ndc *ndc = NULL;
  stardeleg_problem problem;

  (void)state;
  world.options.mode = STARDELEG_NDC_MODE_STAR;
  world.options.not_after_s = 86400;
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_new(&ndc, &world.options, &problem));
  assert_string_equal(problem.place, "not_after_s");
  world.options.not_after_s = 0;
  world.options.not_before_s = 1;
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_new(&ndc, &world.options, &problem));
  world.options.not_before_s = 0;
  world.options.policy = choose_nonsense;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(world.order_count, 0);
  assert_string_equal(world_last(&world, STARDELEG_NDC_FAILED)->place, "not_after_s");
}

/* --- Where the certificate is --- */

/* RFC 8739 3.4, STAR-3.4-06, STAR-3.3-01: not granted means POST-as-GET, which is possible at the IdO only. */
static void test_signed_fetch(void **state)
{
  (void)state;
  world.own_certificates = true;
  world.no_grant = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(certificates(), 1);
  assert_int_equal(world.signed_gets, 1);
  assert_int_equal(world.gets, 0); /* no GET without negotiation */
  world_clear(&world);
  world_init(&world);
  world.options.mode = STARDELEG_NDC_MODE_PLAIN;
  world.no_grant = true; /* and at a CA elsewhere: not to be had */
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(certificates(), 0);
  assert_int_equal(world.gets + world.signed_gets, 0);
  assert_string_equal(world_last(&world, STARDELEG_NDC_FAILED)->place, "/allow-certificate-get");
}

/* Granted, but refused in fact: the account still gets it from the IdO.  The same for every STAR certificate. */
static void test_grant_on_paper(void **state)
{
  (void)state;
  world.own_certificates = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(certificates(), 1);
  assert_int_equal(world.gets, 1);
  assert_int_equal(world.signed_gets, 1);
  world_clear(&world);
  world_init(&world);
  world.own_certificates = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
  assert_int_equal(world.gets, 1);
  assert_true(certificates() >= 3);
  assert_int_equal(world.order_count, 1);
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  world_clear(&world);
  world_init(&world);
  world.own_certificates = true;
  world.own_by_get = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
  assert_int_equal(world.signed_gets, 0);
  assert_true(certificates() >= 3);
}

/* --- Orders that came back as something else --- */

static void bend_order(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  static const char *const with[] = {
      "\"status\":\"valid\",\"auto-renewal\":{\"end-date\":\"2027-01-01T00:00:00Z\",\"lifetime\":345600},",
      "\"status\":\"valid\",\"star-certificate\":\"https://ca.example/star/0\",",
  };
  char *text;
  const char *at;

  (void)method;
  if (strstr(url, "/order/") == NULL || reply->status != 200) {
    return;
  }
  text = strdup(sdg_buf_str(&reply->body));
  at = strstr(text, "\"status\":\"valid\",");
  if (at != NULL) {
    sdg_buf_reset(&reply->body);
    sdg_buf_add(&reply->body, text, (size_t)(at - text));
    sdg_buf_add_str(&reply->body, with[w->mode]);
    sdg_buf_add_str(&reply->body, at + strlen("\"status\":\"valid\","));
  }
  free(text);
}

static void test_other_kind(void **state)
{
  (void)state;
  for (int mode = 0; mode < 2; mode++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    world.bend = bend_order;
    world.mode = mode;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 3600000);
    assert_int_equal(certificates(), 0);
    assert_int_equal(world.gets + world.signed_gets, 0);
    assert_string_equal(world_last(&world, STARDELEG_NDC_FAILED)->place, "/auto-renewal");
  }
}

static void say_no_get(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  static const char invalid[] =
      "{\"status\":\"invalid\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"cdn.example.org\"},"
      "{\"type\":\"dns\",\"value\":\"www.cdn.example.org\"}],\"authorizations\":[],"
      "\"allow-certificate-get\":false,\"finalize\":\"https://ido.example/order/0/finalize\"}";

  (void)method;
  (void)w;
  if (strstr(url, "/order/") != NULL && strstr(url, "/finalize") == NULL) {
    sdg_buf_reset(&reply->body);
    sdg_buf_add_str(&reply->body, invalid);
  }
}

/* STARDEL-2.3.3-17 as the delegate sees it: a distinct reason, not just "failed". */
static void test_ca_without_get(void **state)
{
  (void)state;
  world.bend = say_no_get;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_string_equal(world_last(&world, STARDELEG_NDC_FAILED)->place, "/allow-certificate-get");
  assert_non_null(strstr(world_last(&world, STARDELEG_NDC_FAILED)->detail, "unauthenticated GET"));
  assert_int_equal(certificates(), 0);
}

/* --- The list --- */

/* A plain delegation has no order at the CA to ask: the list is the word.  It goes on when it is offered again. */
static void test_withdrawn(void **state)
{
  (void)state;
  world.options.discovery_interval_s = 3600;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.offered[0] = false;
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "ended");
  assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 1);
  world.offered[0] = true;
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "active");
  assert_int_equal(world.order_count, 1);
  world_run(&world, WORLD_EPOCH + 70 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, setup, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      PLAIN(test_payload),
      PLAIN(test_validity),
      PLAIN(test_renews),
      PLAIN(test_fraction),
      PLAIN(test_short_lives_are_no_storm),
      PLAIN(test_modes),
      PLAIN(test_star_has_no_dates),
      PLAIN(test_signed_fetch),
      PLAIN(test_grant_on_paper),
      PLAIN(test_other_kind),
      PLAIN(test_ca_without_get),
      PLAIN(test_withdrawn),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
