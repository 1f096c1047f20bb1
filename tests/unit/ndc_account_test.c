/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_account_test.c -- giving the account up, and changing which delegations are taken while it runs. */
#include "support/ndc_story.h"

#include "base/bytes.h"
#include "store/store.h"

/* --- Deactivation --- */

/* STARDEL-7.2-01: {"status":"deactivated"} to the account's URL; from then on nothing is signed with that key, also
 * after restarts; what the CA hands out by plain GET is still fetched. */
static void test_deactivates(void **state)
{
  size_t before;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_IN_USE);
  before = world.signed_requests;
  assert_ok(stardeleg_ndc_deactivate(world.ndc));
  assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_DEACTIVATING);
  world_run(&world, WORLD_EPOCH + WORLD_DAY + 60000);
  assert_true(world.deactivated);
  assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_DEACTIVATED);
  assert_int_equal(world.signed_requests, before + 1);
  world_run(&world, WORLD_EPOCH + 9 * WORLD_DAY);
  assert_true(world_count(&world, STARDELEG_NDC_CERTIFICATE) >= 3);
  world_stop(&world);
  world_start(&world);
  assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_DEACTIVATED);
  assert_ok(stardeleg_ndc_deactivate(world.ndc));
  stardeleg_ndc_discover(world.ndc);
  world_run(&world, WORLD_EPOCH + 40 * WORLD_DAY); /* beyond the end of the order */
  assert_int_equal(world.signed_requests, before + 1);
  assert_int_equal(world.order_count, 1);
}

static void offer_revocation(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  assert_null(strstr(url, "revoke"));
  if (strcmp(url, w->options.directory_url) == 0) {
    sdg_buf_truncate(&reply->body, reply->body.len - 1);
    sdg_buf_add_str(&reply->body, ",\"revokeCert\":\"https://ido.example/revoke-cert\"}");
  }
}

/* STARDEL-7.3-01: whatever becomes of key, order and delegation, the delegate revokes nothing by itself. */
static void test_revokes_nothing(void **state)
{
  (void)state;
  world.bend = offer_revocation;
  world.delegation_count = 2;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 25 * WORLD_DAY); /* a second order, the first one's key is gone */
  for (size_t i = 0; i < world.order_count; i++) {
    world.orders[i].canceled = true;
  }
  world.offered[0] = false;
  world_run(&world, WORLD_EPOCH + 30 * WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "ended");
  assert_ok(stardeleg_ndc_deactivate(world.ndc));
  world_run(&world, WORLD_EPOCH + 60 * WORLD_DAY);
  assert_true(world.deactivated);
}

static void lose(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode > 0 && strcmp(url, WORLD_ACCOUNT) == 0) {
    w->mode--;
    reply->status = 0;
  }
}

/* Lost answers, kills: the wish stays, and "401 unauthorized" afterwards is its confirmation (RFC 8555 7.3.6). */
static void test_deactivation_survives(void **state)
{
  (void)state;
  for (int lost = 0; lost < 4; lost++) {
    world_clear(&world);
    world_init(&world);
    world.bend = lose;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + WORLD_DAY);
    world.mode = lost;
    assert_ok(stardeleg_ndc_deactivate(world.ndc));
    world_stop(&world); /* before anything was sent */
    world_start(&world);
    assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_DEACTIVATING);
    world.kill_at = world.exchanges + 1;
    world.kill_before = true;
    world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
    assert_true(world.deactivated);
    assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_DEACTIVATED);
  }
}

static void refuse_account(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  if (w->mode != 0 && strcmp(method, "POST") == 0 && strcmp(url, WORLD_ACCOUNT) == 0) {
    w->deactivated = false;
    world_problem(reply, w->mode, "serverInternal");
  }
}

static void ignore_account(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  if (w->mode != 0 && strcmp(method, "POST") == 0 && strcmp(url, WORLD_ACCOUNT) == 0) {
    w->deactivated = false;
    reply->status = 200;
    sdg_buf_reset(&reply->body);
    sdg_buf_add_str(&reply->body, "{\"status\":\"valid\"}");
  }
}

/* A server that fails, refuses or only pretends is asked again, and the program hears of it. */
static void test_deactivation_insists(void **state)
{
  (void)state;
  for (int i = 0; i < 3; i++) {
    world_clear(&world);
    world_init(&world);
    world.bend = i == 2 ? ignore_account : refuse_account;
    world_start(&world);
    world_run(&world, WORLD_EPOCH + WORLD_DAY);
    world.mode = i == 0 ? 500 : 403;
    assert_ok(stardeleg_ndc_deactivate(world.ndc));
    world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
    assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_DEACTIVATING);
    assert_true(world_count(&world, STARDELEG_NDC_FAILED) > 3);
    world.mode = 0;
    world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
    assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_DEACTIVATED);
  }
}

/* A deactivated account stays so unless a new one is asked for; ACME-11.1-01: with a new key. */
static void test_new_account(void **state)
{
  uint8_t *first = NULL;
  uint8_t *secret = NULL;
  size_t first_len = 0;
  size_t len = 0;

  (void)state;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_ok(sdg_secrets_get(world.secrets, "ndc-account-1", &first, &first_len));
  assert_ok(stardeleg_ndc_deactivate(world.ndc));
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  world_stop(&world);
  world.options.new_account = 1;
  world.deactivated = false; /* the server knows the new key as another */
  world_start(&world);
  assert_int_equal(stardeleg_ndc_account(world.ndc), STARDELEG_NDC_ACCOUNT_IN_USE);
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  assert_int_equal(world.new_accounts, 2);
  assert_ok(sdg_secrets_get(world.secrets, "ndc-account-2", &secret, &len));
  assert_false(sdg_bytes_equal(sdg_bytes(first, first_len), sdg_bytes(secret, len)));
  stardeleg_secret_free(first, first_len);
  stardeleg_secret_free(secret, len);
  world_stop(&world);
  world_start(&world); /* once only */
  world_run(&world, WORLD_EPOCH + 4 * WORLD_DAY);
  assert_int_equal(world.new_accounts, 2);
  assert_string_equal(world_state(&world, 0), "active");
}

/* --- Which delegations --- */

static void test_set_delegations(void **state)
{
  static const char *const one[] = {"https://ido.example/dlg/1", NULL};
  static const char *const two[] = {"https://ido.example/dlg/2", "https://ido.example/dlg/1", NULL};
  static const char *const bad[] = {"https://ido.example/dlg/1", "dlg", NULL};
  static const char *const none[] = {NULL};

  (void)state;
  world.delegation_count = 4;
  for (size_t i = 0; i < 4; i++) {
    world.offered[i] = true;
  }
  world.options.delegations = one;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_string_equal(world_state(&world, 1), "active");
  assert_int_equal(world.order_count, 1);
  /* added: at once, not with the next round */
  assert_ok(stardeleg_ndc_set_delegations(world.ndc, two));
  world_run(&world, WORLD_EPOCH + WORLD_DAY + 60000);
  assert_string_equal(world_state(&world, 2), "active");
  assert_int_equal(world.order_count, 2);
  /* refused: nothing changes */
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_set_delegations(world.ndc, bad));
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  assert_string_equal(world_state(&world, 2), "active");
  assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 0);
  /* removed: at once */
  assert_ok(stardeleg_ndc_set_delegations(world.ndc, one));
  world_run(&world, world.now + 1);
  assert_string_equal(world_state(&world, 2), "ended");
  assert_string_equal(world_state(&world, 1), "active");
  assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 1);
  /* all of them: the ended one goes on with the order it has */
  assert_ok(stardeleg_ndc_set_delegations(world.ndc, NULL));
  world_run(&world, WORLD_EPOCH + 3 * WORLD_DAY);
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(world_state(&world, i), "active");
  }
  assert_int_equal(world.order_count, 4);
  /* none */
  assert_ok(stardeleg_ndc_set_delegations(world.ndc, none));
  world_run(&world, WORLD_EPOCH + 4 * WORLD_DAY);
  assert_int_equal(world_count(&world, STARDELEG_NDC_ENDED), 5);
}

/* Removed while the IdO is away, and while an order is under way. */
static void lose_ido(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode != 0 && strncmp(url, "https://ido.example/", 20) == 0) {
    reply->status = 0;
  }
}

static void test_removed_without_ido(void **state)
{
  static const char *const none[] = {NULL};

  (void)state;
  world.bend = lose_ido;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.mode = 1;
  assert_ok(stardeleg_ndc_set_delegations(world.ndc, none));
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "ended");
  world_forget(&world);
  world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
  assert_int_equal(world.gets, 0); /* nothing more is fetched for it */
}

static void test_removed_while_ordering(void **state)
{
  static const char *const none[] = {NULL};

  (void)state;
  world.polls = 1000;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 60000);
  assert_string_equal(world_state(&world, 0), "ordering");
  assert_ok(stardeleg_ndc_set_delegations(world.ndc, none));
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "ended");
  assert_int_equal(world.gets, 0);
}

#define ACCOUNT(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      ACCOUNT(test_deactivates),
      ACCOUNT(test_revokes_nothing),
      ACCOUNT(test_deactivation_survives),
      ACCOUNT(test_deactivation_insists),
      ACCOUNT(test_new_account),
      ACCOUNT(test_set_delegations),
      ACCOUNT(test_removed_without_ido),
      ACCOUNT(test_removed_while_ordering),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
