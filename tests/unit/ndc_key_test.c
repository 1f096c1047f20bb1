/* SPDX-License-Identifier: Apache-2.0 */
/* ndc_key_test.c -- the keys of certificates: new ones, kept ones, those of the program; none lost, none left behind.
 */
#include "support/ndc_story.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "crypto/crypto.h"
#include "store/store.h"

static int setup(void **state)
{
  (void)state;
  world_init(&world);
  world.options.discovery_interval_s = 7 * 86400;
  return 0;
}

static bool same_key(size_t a, size_t b)
{
  return sdg_bytes_equal(sdg_buf_bytes(&world.orders[a].spki), sdg_buf_bytes(&world.orders[b].spki));
}

static const char narrow[] = "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp384r1\","
                             "\"SignatureType\":\"ecdsa-with-SHA384\"}],"
                             "\"extensions\":{\"subjectAltName\":{\"DNS\":[\"cdn.example.org\"]}}}";

/* One kind of policy for a hundred days: orders of thirty days. */
static void live(int64_t key_lifetime_s)
{
  world_clear(&world);
  assert_int_equal(setup(NULL), 0);
  world.options.key_lifetime_s = key_lifetime_s;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 100 * WORLD_DAY);
  assert_true(world.order_count >= 4);
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
}

static void test_rotation(void **state)
{
  (void)state;
  live(STARDELEG_NDC_KEY_EACH_ORDER);
  assert_false(same_key(0, 1));
  assert_false(same_key(1, 2));
  live(STARDELEG_NDC_KEY_KEPT);
  assert_true(same_key(0, 1));
  assert_true(same_key(0, 3));
  live(40 * 86400); /* over at the third order, about day 44 */
  assert_true(same_key(0, 1));
  assert_false(same_key(1, 2));
  assert_true(same_key(2, 3));
}

/* A kept key that the changed template does not take is replaced. */
static void test_template_decides(void **state)
{
  (void)state;
  world.options.key_lifetime_s = STARDELEG_NDC_KEY_KEPT;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.template_json = narrow;
  world_run(&world, WORLD_EPOCH + 10 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_false(same_key(0, 1));
  assert_int_equal(world_count(&world, STARDELEG_NDC_FAILED), 0);
}

/* The key of a cancelled order is not used again. */
static void test_not_after_cancellation(void **state)
{
  (void)state;
  world.options.key_lifetime_s = STARDELEG_NDC_KEY_KEPT;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.orders[0].canceled = true;
  world_run(&world, WORLD_EPOCH + 6 * WORLD_DAY);
  assert_int_equal(world.order_count, 2);
  assert_false(same_key(0, 1));
}

static void fail_orders(ndc_world *w, const char *method, const char *url, world_reply *reply)
{
  (void)method;
  if (w->mode != 0 && strcmp(url, "https://ido.example/new-order") == 0) {
    world_problem(reply, 400, "malformed");
  }
}

/* An order that fails does not take the kept key with it. */
static void test_kept_over_failures(void **state)
{
  (void)state;
  world.options.key_lifetime_s = STARDELEG_NDC_KEY_KEPT;
  world.bend = fail_orders;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  world.mode = 1;
  world_run(&world, WORLD_EPOCH + 24 * WORLD_DAY);
  assert_true(world_count(&world, STARDELEG_NDC_FAILED) > 3);
  world_stop(&world);
  world_start(&world);
  world.mode = 0;
  world_run(&world, WORLD_EPOCH + 40 * WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "active");
  assert_true(same_key(0, world.order_count - 1));
}

static void test_kept_over_kills(void **state)
{
  (void)state;
  world.options.key_lifetime_s = STARDELEG_NDC_KEY_KEPT;
  world.kill_every = 7;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 35 * WORLD_DAY);
  assert_true(world.order_count >= 2);
  assert_string_equal(world_state(&world, 0), "active");
  assert_true(same_key(0, world.order_count - 1));
}

/* --- Keys of the program --- */

#define HELD_MAX 32

typedef struct held_key {
  char name[64];
  stardeleg_key *inside; /* what signs */
  bool removed;
} held_key;

static struct {
  held_key keys[HELD_MAX];
  size_t count;
  size_t finds;
  size_t removals;
  int make_answer;
  stardeleg_err find_answer;
} vault;

static stardeleg_err sign_inside(void *ctx, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n, uint8_t *out,
                                 size_t *len)
{
  held_key *key = ctx;

  return sdg_key_sign(key->inside, alg, pieces, n, out, len);
}

static stardeleg_err hand_out(held_key *key, stardeleg_key **out)
{
  return stardeleg_key_from_signer(out, test_crypto(), stardeleg_key_spki(key->inside), sign_inside, key);
}

static int make_key(void *ctx, const char *name, const char *delegation, stardeleg_key_spec spec, stardeleg_key **out)
{
  held_key *key = &vault.keys[vault.count];
  uint8_t *secret = NULL;
  size_t len = 0;

  assert_ptr_equal(ctx, &vault);
  assert_string_equal(delegation, "https://ido.example/dlg/0");
  /* what is in the secret store by now is no key */
  assert_ok(sdg_secrets_get(world.secrets, name, &secret, &len));
  assert_null(strstr((const char *)secret, "PRIVATE"));
  stardeleg_secret_free(secret, len);
  if (vault.make_answer != 0) {
    return vault.make_answer;
  }
  assert_true(vault.count < HELD_MAX);
  (void)snprintf(key->name, sizeof(key->name), "%s", name);
  assert_ok(stardeleg_key_generate(&key->inside, test_crypto(), spec));
  vault.count++;
  assert_ok(hand_out(key, out));
  return 0;
}

static stardeleg_err find_key(void *ctx, const char *name, stardeleg_key **out)
{
  (void)ctx;
  vault.finds++;
  if (vault.find_answer != STARDELEG_OK) {
    return vault.find_answer;
  }
  for (size_t i = 0; i < vault.count; i++) {
    if (strcmp(vault.keys[i].name, name) == 0 && !vault.keys[i].removed) {
      return hand_out(&vault.keys[i], out);
    }
  }
  return STARDELEG_ERR_NOT_FOUND;
}

static void remove_key(void *ctx, const char *name)
{
  (void)ctx;
  vault.removals++;
  for (size_t i = 0; i < vault.count; i++) {
    vault.keys[i].removed = vault.keys[i].removed || strcmp(vault.keys[i].name, name) == 0;
  }
}

static size_t held(void)
{
  size_t count = 0;

  for (size_t i = 0; i < vault.count; i++) {
    count += vault.keys[i].removed ? 0 : 1;
  }
  return count;
}

static void use_vault(void)
{
  memset(&vault, 0, sizeof(vault));
  world.options.make_key = make_key;
  world.options.find_key = find_key;
  world.options.remove_key = remove_key;
  world.options.key_ctx = &vault;
}

static int close_vault(void **state)
{
  for (size_t i = 0; i < vault.count; i++) {
    stardeleg_key_free(vault.keys[i].inside);
  }
  return story_end(state);
}

/* Keys that never enter the process: the same life, and only the one in use is left at the end. */
static void test_keys_of_the_program(void **state)
{
  (void)state;
  use_vault();
  world.kill_every = 7;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 35 * WORLD_DAY);
  assert_true(world.order_count >= 2);
  assert_string_equal(world_state(&world, 0), "active");
  assert_int_equal(held(), 1);
  assert_true(vault.finds > 0);
}

static void test_program_makes_none(void **state)
{
  (void)state;
  use_vault();
  vault.make_answer = 1;
  world.tolerant = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + 20000);
  assert_int_equal(world.order_count, 0);
  vault.make_answer = 0;
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_string_equal(world_state(&world, 0), "active");
  assert_int_equal(held(), 1);
}

/* While no key can be made, the IdO is asked with growing pauses, as after any failure. */
static void test_no_keys_for_a_day(void **state)
{
  (void)state;
  use_vault();
  vault.make_answer = 1;
  world.tolerant = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  assert_in_range(world.object_reads, 20, 80);
  assert_true(world.own_failures < 80);
  vault.make_answer = 0;
  world_run(&world, WORLD_EPOCH + WORLD_DAY + 2 * 3600000);
  assert_string_equal(world_state(&world, 0), "active");
  assert_int_equal(held(), 1);
}

/* Not to be had for a while is not gone for good. */
static void test_vault_is_closed(void **state)
{
  (void)state;
  use_vault();
  world.tolerant = true;
  world_start(&world);
  world_run(&world, WORLD_EPOCH + WORLD_DAY);
  vault.find_answer = STARDELEG_ERR_CALLBACK;
  world_run(&world, WORLD_EPOCH + 2 * WORLD_DAY + 600000);
  assert_int_equal(world.order_count, 1);
  vault.find_answer = STARDELEG_OK;
  world_run(&world, WORLD_EPOCH + 4 * WORLD_DAY);
  assert_int_equal(world.order_count, 1);
  assert_int_equal(world_count(&world, STARDELEG_NDC_CERTIFICATE), 2);
  vault.keys[0].removed = true; /* this is */
  world_run(&world, WORLD_EPOCH + 8 * WORLD_DAY);
  assert_true(world.order_count >= 2);
}

static void test_needs_finder(void **state)
{
  stardeleg_ndc *ndc = NULL;
  stardeleg_problem problem;

  (void)state;
  use_vault();
  world.options.find_key = NULL;
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ndc_new(&ndc, &world.options, &problem));
  assert_string_equal(problem.place, "find_key");
}

#define KEY(test) cmocka_unit_test_setup_teardown(test, setup, close_vault)

int main(void)
{
  const struct CMUnitTest tests[] = {
      KEY(test_rotation),           KEY(test_template_decides), KEY(test_not_after_cancellation),
      KEY(test_kept_over_failures), KEY(test_kept_over_kills),  KEY(test_keys_of_the_program),
      KEY(test_program_makes_none), KEY(test_no_keys_for_a_day), KEY(test_vault_is_closed),
      KEY(test_needs_finder),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
