/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_kind_test.c -- an IdO that takes one kind of order and does not say which (RFC 9115 2.3.4). */
#include "support/ndc_story.h"

#include "ndc/ndc_internal.h"

/* What the played IdO refuses. */
enum { REFUSES_PLAIN = 1, REFUSES_STAR = 2, REFUSES_BOTH = 3 };

static int refusal_status;
static const char *refusal_type;
static size_t refused_count;

static void refuse_kind(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  bool star = strstr(w->last_payload, "\"auto-renewal\"") != NULL;

  (void)method;
  if (strcmp(url, "https://ido.example/new-order") == 0 && (w->mode & (star ? REFUSES_STAR : REFUSES_PLAIN)) != 0) {
    reply->location[0] = '\0';
    world_problem(reply, refusal_status, refusal_type);
    refused_count++;
  }
}

static int setup(void **state)
{
  (void)state;
  world_init(&world);
  world.bend = refuse_kind;
  world.options.discovery_interval_s = 7 * 86400;
  refusal_status = 403;
  refusal_type = "unauthorized";
  refused_count = 0;
  return 0;
}

static void again(void)
{
  world_clear(&world);
  assert_int_equal(setup(NULL), 0);
}

static bool is_star(void)
{
  return world.orders[world.order_count - 1].star;
}

/* RFC 9115 2.3.4: "delegation-enabled" is all that the directory must say; an IdO of STAR delegations is found out. */
static void test_star_unsaid(void **state)
{
  (void)state;
  world.no_star = true;
  world.mode = REFUSES_PLAIN;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_int_equal(refused_count, 1);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
  assert_true(is_star());
  /* known from now on, after a restart too */
  world_run(&world, WORLD_EPOCH + 20 * WORLD_DAY);
  world.delegation_count = 1;
  world_stop(&world);
  world.orders[world.order_count - 1].canceled = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 25 * WORLD_DAY);
  assert_int_equal(refused_count, 1);
  assert_true(is_star());
}

/* The other way round: STAR is offered, but this delegation's orders are plain. */
static void test_plain_only(void **state)
{
  (void)state;
  world.mode = REFUSES_STAR;
  refusal_status = 400;
  refusal_type = "malformed";
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(refused_count, 1);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
  assert_false(is_star());
  /* Not for ever: the kind that is wanted is tried again, once in a while. */
  world_run(&world, WORLD_EPOCH + 100 * WORLD_DAY);
  assert_int_equal(refused_count, 2);
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + 200 * WORLD_DAY);
  assert_true(is_star());
}

/* Both refused: it is about something else; no storm, and each kind gets its turn. */
static void test_both_refused(void **state)
{
  (void)state;
  world.mode = REFUSES_BOTH;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 0);
  assert_in_range(refused_count, 20, 60);
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
}

/* Refusals that the other kind would meet as well, and settings that leave no choice. */
static void test_not_about_kind(void **state)
{
  static const struct {
    int status;
    const char *type;
  } refusals[] = {{403, "rejectedIdentifier"}, {403, "unknownDelegation"}, {401, "unauthorized"},
                  {429, "rateLimited"},        {500, "serverInternal"},    {403, "userActionRequired"}};

  (void)state;
  for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
    again();
    world.mode = REFUSES_STAR;
    refusal_status = refusals[i].status;
    refusal_type = refusals[i].type;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 3 * 3600000);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 0);
  }
  for (int i = 0; i < 2; i++) {
    again();
    world.options.mode = i == 0 ? STARDELEG_NDC_MODE_STAR : STARDELEG_NDC_MODE_PLAIN;
    world.mode = i == 0 ? REFUSES_STAR : REFUSES_PLAIN;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + 3 * 3600000);
    assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 0);
  }
}

/* STAR first although the directory does not speak of it; an IdO that has never heard of it makes an order without. */
static void drop_renewal(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  static const char plain[] =
      "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"cdn.example.org\"},"
      "{\"type\":\"dns\",\"value\":\"www.cdn.example.org\"}],\"authorizations\":[],"
      "\"finalize\":\"https://ido.example/order/0/finalize\"}";

  (void)method;
  if (strstr(w->last_payload, "\"auto-renewal\"") != NULL && strstr(url, "order") != NULL) {
    sdg_buf_reset(&reply->body);
    sdg_buf_add_str(&reply->body, strstr(url, "finalize") == NULL ? plain : "");
    if (strstr(url, "finalize") != NULL || strstr(url, "/order/") != NULL) {
      char valid[512];

      (void)snprintf(valid, sizeof(valid), "{\"status\":\"valid\",\"certificate\":\"https://ca.example/star/0\",%s",
                     strchr(plain, ',') + 1);
      sdg_buf_reset(&reply->body);
      sdg_buf_add_str(&reply->body, valid);
    }
  }
}

static void test_star_first(void **state)
{
  (void)state;
  world.no_star = true;
  world.options.mode = STARDELEG_NDC_MODE_STAR_FIRST;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_true(is_star());
  again();
  world.no_star = true;
  world.options.mode = STARDELEG_NDC_MODE_STAR_FIRST;
  world.bend = drop_renewal;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_false(is_star());
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 1);
  /* Where it is offered, leaving it out is a fault, not a kind. */
  again();
  world.bend = drop_renewal;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 600000);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 0);
}

/* A choice nobody can have asked for is a slip of the pen, told with its place. */
static void test_choice_fields(void **state)
{
  static const stardeleg_choice choices[] = {{"DNS", "a.example.org"}, {"locality", "Toronto"}, {"lokality", "x"}};
  stardeleg_ndc *ndc = NULL;
  stardeleg_problem problem;

  (void)state;
  world.options.choices = choices;
  world.options.choice_count = 3;
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_new(&ndc, &world.options, &problem));
  assert_string_equal(problem.place, "choices[2].field");
  world.options.choice_count = 2;
  world_start(&world);
}

#define KIND(test) cmocka_unit_test_setup_teardown(test, setup, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      KIND(test_star_unsaid),    KIND(test_plain_only), KIND(test_both_refused),
      KIND(test_not_about_kind), KIND(test_star_first), KIND(test_choice_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
