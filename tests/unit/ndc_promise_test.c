/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_promise_test.c -- what ndc.h promises about who owns what, and what may be called when. */
#include "support/ndc_story.h"

#include "base/bytes.h"

static char *copy(const char *text)
{
  char *made = strdup(text);

  assert_non_null(made);
  return made;
}

/* Overwritten before it is freed: who kept the pointer reads nonsense, or what a sanitizer watches. */
static void destroy(char *text)
{
  memset(text, '#', strlen(text));
  free(text);
}

static const char open_template[] =
    "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\","
    "\"SignatureType\":\"ecdsa-with-SHA256\"}],\"extensions\":{\"subjectAltName\":{\"DNS\":[\"*\"]}}}";

/* "Strings are copied": nothing that the options pointed to is needed after stardeleg_ndc_new(). */
static void test_strings_are_copied(void **state)
{
  char *directory = copy(WORLD_DIRECTORY);
  char *contact = copy("mailto:a@cdn.example");
  char *delegation = copy(WORLD_DELEGATION "0");
  char *key_id = copy("cdn");
  char *mac_key = copy("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE");
  char *field = copy("DNS");
  char *value = copy("chosen.example.org");
  char *roots = copy(sdg_buf_str(&world.root.pem));
  const char *contacts[] = {contact, NULL};
  const char *delegations[] = {delegation, NULL};
  stardeleg_choice choices[] = {{field, value}};

  (void)state;
  world.template_json = open_template;
  world.options.directory_url = directory;
  world.options.contacts = contacts;
  world.options.delegations = delegations;
  world.options.eab_key_id = key_id;
  world.options.eab_mac_key = mac_key;
  world.options.choices = choices;
  world.options.choice_count = 1;
  world.options.roots_pem = sdg_bytes_str(roots);
  world_start(&world);
  contacts[0] = NULL;
  delegations[0] = NULL;
  memset(choices, 0, sizeof(choices));
  destroy(directory);
  destroy(contact);
  destroy(delegation);
  destroy(key_id);
  destroy(mac_key);
  destroy(field);
  destroy(value);
  destroy(roots);
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 2);
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
  assert_non_null(strstr(world.last_payload, "chosen.example.org"));
}

/* The list of stardeleg_ndc_set_delegations() too; one that is refused changes nothing. */
static void test_delegations_are_copied(void **state)
{
  char *delegation = copy(WORLD_DELEGATION "0");
  char *bad = copy("no URL");
  const char *list[] = {delegation, NULL};
  const char *wrong[] = {WORLD_DELEGATION "1", bad, NULL};

  (void)state;
  world.delegation_count = 2;
  world.offered[1] = true;
  world_start(&world);
  assert_ok(stardeleg_ndc_set_delegations(world.ndc, list));
  list[0] = NULL;
  destroy(delegation);
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_set_delegations(world.ndc, wrong));
  destroy(bad);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "active");
  assert_string_equal(world_state(&world, 1), "");
}

/* "open exchanges are forgotten": freed at each exchange, the answer still to come. */
static void test_freed_at_any_moment(void **state)
{
  (void)state;
  for (size_t steps = 0; steps < 14; steps++) {
    const stardeleg_engine *engine;
    stardeleg_ask ask;

    world_clear(&world);
    assert_int_equal(story_begin(NULL), 0);
    world.kill_at = steps;
    world.kill_before = true;
    world_start(&world);
    engine = stardeleg_ndc_engine(world.ndc);
    assert_ok(engine->next(engine->self, &ask, world.now));
    assert_int_equal(ask.want, STARDELEG_WANT_EXCHANGE);
    world_stop(&world);
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 3600000);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
  }
  stardeleg_ndc_free(NULL);
}

static int stop_at_second(void *ctx, const stardeleg_ndc_status *status)
{
  size_t *seen = ctx;

  assert_non_null(status->reason);
  assert_non_null(status->name);
  return ++*seen == 2;
}

/* "nonzero from |each| stops"; before anything is known everything can be asked all the same. */
static void test_inspect(void **state)
{
  size_t seen = 0;

  (void)state;
  world.delegation_count = 3;
  world.offered[1] = true;
  world.offered[2] = true;
  world_start(&world);
  stardeleg_ndc_inspect(world.ndc, stop_at_second, &seen);
  assert_int_equal(seen, 0);
  stardeleg_ndc_discover(world.ndc);
  assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_IN_USE);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  stardeleg_ndc_inspect(world.ndc, stop_at_second, &seen);
  assert_int_equal(seen, 2);
}

/* "told by events from the first next()": not by stardeleg_ndc_new(), in which a program has no engine yet. */
static void test_new_is_silent(void **state)
{
  size_t told;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  told = world.event_count;
  world_stop(&world);
  world_start(&world);
  assert_int_equal(world.event_count, told);
  assert_ok(stardeleg_ndc_set_delegations(world.ndc, (const char *const[]){WORLD_DELEGATION "7", NULL}));
  stardeleg_ndc_discover(world.ndc);
  assert_ok(stardeleg_ndc_deactivate(world.ndc));
  assert_int_equal(world.event_count, told); /* nor by any other function */
  world_run(&world, world.now + 60000);
  assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 1);
}

#define PROMISE(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      PROMISE(test_strings_are_copied), PROMISE(test_delegations_are_copied), PROMISE(test_freed_at_any_moment),
      PROMISE(test_inspect),            PROMISE(test_new_is_silent),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
