/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_window_test.c -- plain certificates whose server tells when they should be renewed (RFC 9773). */
#include "support/ndc_story.h"

#include "ndc/ndc_internal.h"

#define HOUR ((int64_t)3600 * 1000)

static int setup(void **state)
{
  (void)state;
  world_init(&world);
  world.options.mode = STARDELEG_NDC_MODE_PLAIN;
  world.options.discovery_interval_s = 7 * 86400;
  world.options.template_interval_s = 30 * 86400;
  world.renewal_info = true;
  world.window_start = WORLD_EPOCH + 80 * WORLD_DAY; /* later than our own rule */
  world.window_end = WORLD_EPOCH + 81 * WORLD_DAY;
  return 0;
}

/* ARI-4.3-01: asked at once after issuance; ARI-4.1-01, -02: by its identifier; ARI-4.3.2-01: again as told. */
static void test_asked(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_int_equal(world.renewal_reads, 1);
  assert_non_null(strchr(world.last_renewal_url + strlen("https://ido.example/renewal/"), '.'));
  assert_null(strchr(world.last_renewal_url, '='));
  world_run(&world, WORLD_EPOCH + WORLD_DAY + HOUR);
  assert_int_equal(world.renewal_reads, 5);
  /* a restart neither asks at once nor forgets */
  world_stop(&world);
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY + 2 * HOUR);
  assert_int_equal(world.renewal_reads, 5);
  /* our own rule is earlier, and counts */
  world_run(&world, WORLD_EPOCH + 57 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  world_run(&world, WORLD_EPOCH + 62 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
}

/* ARI-4.3.2-01: the server decides how often, between a minute and a day; ARI-4.3.3-02: without its word, six hours. */
static void test_retry_after(void **state)
{
  static const struct {
    const char *value;
    size_t least, most;
  } cases[] = {{"3600", 72, 73}, {"1", 4319, 4321}, {"864000", 3, 4}, {"", 12, 13}, {"soon", 12, 13}};

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    world.renewal_retry_after = cases[i].value;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
    assert_in_range(world.renewal_reads, cases[i].least, cases[i].most);
    assert_int_equal(world.order_count, 1);
  }
}

/* ARI-4.2-04: within the window when that is earlier; ARI-5-01: the order names its predecessor. */
static void test_window(void **state)
{
  (void)state;
  world.window_start = WORLD_EPOCH + 20 * WORLD_DAY;
  world.window_end = WORLD_EPOCH + 22 * WORLD_DAY;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY - 1);
  assert_int_equal(world.order_count, 1);
  assert_null(strstr(world.last_payload, "replaces"));
  world_stop(&world);
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY - 1);
  world.window_start = WORLD_EPOCH + 70 * WORLD_DAY;
  world.window_end = WORLD_EPOCH + 71 * WORLD_DAY;
  world.renewal_status = 500; /* what was told before still counts */
  world_run(&world, WORLD_EPOCH + 22 * WORLD_DAY + HOUR);
  assert_int_equal(world.order_count, 2);
  assert_non_null(strstr(world.last_payload, "\"replaces\":\""));
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  /* ARI-4.3-02: nothing is asked about what was replaced; the next one has its own name */
  world.renewal_status = 0;
  world_run(&world, WORLD_EPOCH + 40 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
}

/* The window moves to the past: now. */
static void test_past(void **state)
{
  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  world.window_start = WORLD_EPOCH - 2 * WORLD_DAY;
  world.window_end = WORLD_EPOCH - WORLD_DAY;
  world_run(&world, WORLD_EPOCH + 5 * WORLD_DAY + 7 * HOUR);
  assert_true(world.order_count >= 2);
  world.window_start = WORLD_EPOCH + 80 * WORLD_DAY;
  world.window_end = WORLD_EPOCH + 81 * WORLD_DAY;
  world_run(&world, WORLD_EPOCH + 40 * WORLD_DAY);
  assert_true(world.order_count <= 8);
}

/* Always in the past: orders, but no storm of them. */
static void test_always_past(void **state)
{
  (void)state;
  world.window_start = WORLD_EPOCH - 2 * WORLD_DAY;
  world.window_end = WORLD_EPOCH - WORLD_DAY;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60 * WORLD_DAY);
  assert_in_range(world.order_count, 4, 18);
  world_stop(&world);
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 61 * WORLD_DAY);
  assert_in_range(world.order_count, 4, 19);
}

/* ARI-4.3.3-01, -02: no answer, no object, no such certificate: our own rule. */
static void test_failures(void **state)
{
  static const int statuses[] = {404, 500, 403};

  (void)state;
  for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
    world_clear(&world);
    assert_int_equal(setup(NULL), 0);
    world.renewal_status = statuses[i];
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 62 * WORLD_DAY);
    assert_int_equal(world.order_count, 2);
    assert_in_range(world.renewal_reads, 30, 1500);
    assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  }
  /* ARI-4.2-03: start equal end is no answer */
  world_clear(&world);
  assert_int_equal(setup(NULL), 0);
  world.window_start = WORLD_EPOCH + WORLD_DAY;
  world.window_end = world.window_start;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 50 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
}

/* ARI-5-05: refused because of "replaces": once more without, in the same order. */
static void test_already_replaced(void **state)
{
  (void)state;
  world.forgets_replaces = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 62 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_null(strstr(world.last_payload, "replaces"));
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 2);
}

/* ARI-5-01: neither asked nor named where the directory has none; no STAR certificate is asked about. */
static void test_without(void **state)
{
  (void)state;
  world.renewal_info = false;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 62 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_null(strstr(world.last_payload, "replaces"));
  world_clear(&world);
  assert_int_equal(setup(NULL), 0);
  world.options.mode = STARDELEG_NDC_MODE_STAR;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
  assert_int_equal(world.renewal_reads, 0);
  assert_null(strstr(world.last_payload, "replaces"));
}

/* ARI-4.3-02: an ended delegation's certificate is nobody's to renew. */
static void test_ended(void **state)
{
  size_t reads;

  (void)state;
  world.options.discovery_interval_s = 3600;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.offered[0] = false;
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  reads = world.renewal_reads;
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
  assert_int_equal(world.renewal_reads, reads);
}

#define WINDOW(test) cmocka_unit_test_setup_teardown(test, setup, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      WINDOW(test_asked),       WINDOW(test_retry_after), WINDOW(test_window),
      WINDOW(test_past),        WINDOW(test_always_past), WINDOW(test_failures),
      WINDOW(test_already_replaced), WINDOW(test_without), WINDOW(test_ended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
