/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_check_test.c -- no certificate comes into use that is not exactly the ordered one; the old one stays. */
#include "support/ndc_story.h"

#include "base/bytes.h"

static const char *forged_names[4];
static stardeleg_key *foreign;

static int setup(void **state)
{
  (void)state;
  world_init(&world);
  assert_ok(stardeleg_key_generate(&foreign, test_crypto(), STARDELEG_KEY_P256));
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  world_clear(&world);
  stardeleg_key_free(foreign);
  return 0;
}

/* Each spoils one thing of a certificate that is good otherwise. */
typedef enum spoil {
  SPOIL_NOTHING = 0,
  SPOIL_KEY,
  SPOIL_FIRST_NAME,
  SPOIL_LAST_NAME,
  SPOIL_ONE_MISSING,
  SPOIL_NO_NAMES,
  SPOIL_ONE_MORE,
  SPOIL_WILDCARD,
  SPOIL_ROOT,
  SPOIL_EXPIRED,
  SPOIL_FUTURE,
  SPOIL_COUNT
} spoil;

static void forge(ndc_world *w, test_leaf *leaf, const test_root **root)
{
  for (size_t i = 0; i < leaf->name_count; i++) {
    forged_names[i] = leaf->names[i];
  }
  leaf->names = forged_names;
  switch ((spoil)w->mode) {
  case SPOIL_KEY:
    leaf->spki = stardeleg_key_spki(foreign);
    break;
  case SPOIL_FIRST_NAME:
    forged_names[0] = "cdn.example.com";
    break;
  case SPOIL_LAST_NAME:
    forged_names[1] = "www.cdn.example.or";
    break;
  case SPOIL_ONE_MISSING:
    leaf->name_count = 1;
    break;
  case SPOIL_NO_NAMES:
    leaf->name_count = 0;
    break;
  case SPOIL_ONE_MORE:
    forged_names[2] = "else.example.org";
    leaf->name_count = 3;
    break;
  case SPOIL_WILDCARD:
    forged_names[0] = "*.example.org";
    break;
  case SPOIL_ROOT:
    *root = &w->evil;
    break;
  case SPOIL_EXPIRED:
    leaf->not_before = w->now - WORLD_DAY;
    leaf->not_after = w->now - 1000;
    break;
  case SPOIL_FUTURE:
    leaf->not_before = w->now + 3600000;
    break;
  default:
    break;
  }
}

/* Field row 24: whatever comes, the old pair stays, the failure is told, and the next good one is taken. */
static void test_spoiled_successors(void **state)
{
  (void)state;
  for (int mode = SPOIL_KEY; mode < SPOIL_COUNT; mode++) {
    size_t told;

    world_clear(&world);
    world_init(&world);
    world.options.discovery_interval_s = 86400; /* fewer signatures */
    world.forge = forge;
    world.mode = SPOIL_NOTHING;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + WORLD_DAY);
    told = world_count(&world, STARDELEG_NDC_CERTIFICATE);
    assert_int_equal(told, 1);
    world.mode = mode;
    world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
    if (world_count(&world, STARDELEG_NDC_CERTIFICATE) != told || world_count(&world, STARDELEG_NDC_FAILED) == 0) {
      fail_msg("spoiled certificate %d was taken or not told", mode);
    }
    assert_int_equal(world.order_count, 1);
    world.mode = SPOIL_NOTHING;
    world_run(&world, WORLD_EPOCH + 4 * WORLD_DAY - 3600000);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), told + 1);
  }
}

/* The same for the first certificate of an order. */
static void test_spoiled_first(void **state)
{
  (void)state;
  for (int mode = SPOIL_KEY; mode < SPOIL_COUNT; mode++) {
    world_clear(&world);
    world_init(&world);
    world.options.discovery_interval_s = 86400; /* fewer signatures */
    world.forge = forge;
    world.mode = mode;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 7200000);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 0);
    assert_true(world_count(&world, STARDELEG_NDC_FAILED) > 0);
    world.mode = SPOIL_NOTHING;
    world_run(&world, WORLD_EPOCH + WORLD_DAY / 2);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
    assert_int_equal(world.order_count, 1);
  }
}

/* A clock that is a little slow: waited for, not refused (field row 23). */
static void a_little_early(ndc_world *w, test_leaf *leaf, const test_root **root)
{
  (void)root;
  if (w->mode == 0) {
    leaf->not_before = WORLD_EPOCH + 240000;
  }
}

static void test_waits_for_not_before(void **state)
{
  (void)state;
  world.forge = a_little_early;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 3600000);
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
  assert_true(world.events[0].at >= WORLD_EPOCH + 240000 && world.events[0].at < WORLD_EPOCH + 250000);
}

/* D-11, STAR-4.3-02: a cache brings back an older one. */
static void stale(ndc_world *w, test_leaf *leaf, const test_root **root)
{
  (void)root;
  if (w->mode == 1) {
    leaf->not_before = WORLD_EPOCH;
    leaf->serial = 7;
  }
}

static void test_never_goes_back(void **state)
{
  char serial[64];

  (void)state;
  world.forge = stale;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY + 60000);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 2);
  (void)snprintf(serial, sizeof(serial), "%s", world.events[1].serial);
  world.mode = 1;
  world_run(&world, WORLD_EPOCH + 7 * WORLD_DAY);
  assert_string_not_equal(world_last(&world, STARDELEG_NDC_CERTIFICATE)->serial, "7");
  for (size_t i = 1; i < world.event_count; i++) {
    assert_true(world.events[i].not_before >= world.events[i - 1].not_before);
  }
}

/* STAR-3.3-05, STARDEL-2.3.2-22: a header that contradicts the certificate, or is not there: the certificate counts,
 * and by it the successors are fetched. */
static void wrong_header(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  (void)url;
  if (reply->not_before[0] != '\0') {
    (void)snprintf(reply->not_before, sizeof(reply->not_before), "%s",
                   w->mode == 0 ? "Thu, 3 Oct 2019 00:00:00 GMT" : w->mode == 1 ? "junk\x01" : "");
  }
}

static void test_header_mismatch(void **state)
{
  (void)state;
  world.bend = wrong_header;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  world.mode = 1;
  world_run(&world, WORLD_EPOCH + 7 * WORLD_DAY);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 3);
  world.mode = 2;
  world_run(&world, WORLD_EPOCH + 11 * WORLD_DAY);
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  assert_true(world.events[0].not_before == WORLD_EPOCH);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 4);
}

/* Bodies that are no chain; statuses that are no certificate. */
static void no_chain(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  static const char *const bodies[] = {"", "<html>hello</html>",
                                       "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                       "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};

  (void)method;
  if (w->mode == 0 || strncmp(url, WORLD_STAR, strlen(WORLD_STAR)) != 0) {
    return;
  }
  reply->etag[0] = '\0';
  if (w->mode <= 4) {
    reply->status = 200;
    sdg_buf_reset(&reply->body);
    sdg_buf_add_str(&reply->body, bodies[w->mode - 1]);
  } else if (w->mode == 5) {
    reply->status = 206;
  } else if (w->mode == 6) {
    reply->status = 302;
    (void)snprintf(reply->location, sizeof(reply->location), "https://elsewhere.example/");
  } else {
    sdg_buf_truncate(&reply->body, reply->body.len / 2);
    reply->status = 200;
  }
}

static void test_no_chain(void **state)
{
  (void)state;
  for (int mode = 1; mode <= 7; mode++) {
    world_clear(&world);
    world_init(&world);
    world.options.discovery_interval_s = 86400; /* fewer signatures */
    world.bend = no_chain;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + WORLD_DAY);
    world.mode = mode;
    world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
    assert_true(world_count(&world, STARDELEG_NDC_FAILED) > 0);
    world.mode = 0;
    world_run(&world, WORLD_EPOCH + 4 * WORLD_DAY - 3600000);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 2);
  }
}

#define CHECK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CHECK(test_spoiled_successors), CHECK(test_spoiled_first),   CHECK(test_waits_for_not_before),
      CHECK(test_never_goes_back),    CHECK(test_header_mismatch), CHECK(test_no_chain),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
