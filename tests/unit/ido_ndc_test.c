/* SPDX-License-Identifier: Apache-2.0 */
/* ido_ndc_test.c -- delegates: registered by public key or MAC key, listed, disabled, removed, gone by themselves. */
#include "support/ido_world.h"

#include <stardeleg/ido_admin.h>

#include "base/bytes.h"
#include "der/pem.h"
#include "jose/jwk.h"

static void begin(ido_world *w)
{
  ido_world_init(w);
  ido_world_ca_init(w);
  ido_world_ca_open(w);
  ido_world_open(w);
}

static void note(char *text, size_t size, const char *a, const char *b)
{
  size_t len = strlen(text);

  (void)snprintf(text + len, size - len, "%s=%s ", a, b);
}

static int note_ndc(void *ctx, const stardeleg_ido_ndc *ndc)
{
  note(ctx, 512, ndc->name, ndc->state);
  return 0;
}

static int note_credential(void *ctx, const stardeleg_ido_credential *credential)
{
  note(ctx, 512, credential->kind, credential->status);
  return 0;
}

static void assert_ndcs(ido_world *w, const char *expected)
{
  char text[512] = "";

  assert_ok(stardeleg_ido_ndc_list(w->ido, NULL, 0, note_ndc, text));
  assert_string_equal(text, expected);
}

static void assert_credentials(ido_world *w, const char *name, const char *expected)
{
  char text[512] = "";

  assert_ok(stardeleg_ido_ndc_credentials(w->ido, name, note_credential, text));
  assert_string_equal(text, expected);
}

/* --- By public key --- */

static void assert_known(ido_world *w, size_t i, const char *url)
{
  acme_peer *peer = &w->ndc[i];

  assert_int_equal(acme_peer_new_account(peer, "{\"onlyReturnExisting\":true}"), 200);
  assert_string_equal(acme_peer_header(peer, "Location"), url);
  assert_int_equal(acme_peer_new_account(peer, "{\"termsOfServiceAgreed\":true}"), 200);
  assert_string_equal(acme_peer_header(peer, "Location"), url);
}

/* STARDEL-7.2-06: pre-registered by JWK, PEM and DER; without a binding, and with the delegate's delegations. */
static void test_keys(void **state)
{
  ido_world w;
  sdg_buf jwk;
  sdg_buf pem;
  char *first = NULL;
  char *second = NULL;
  stardeleg_problem problem;

  (void)state;
  begin(&w);
  sdg_buf_init(&jwk, 4096);
  sdg_buf_init(&pem, 4096);
  assert_ok(sdg_jwk_write(&jwk, stardeleg_key_spki(w.ndc[0].key)));
  sdg_pem_write(&pem, "PUBLIC KEY", stardeleg_key_spki(w.ndc[1].key));
  assert_int_equal(acme_peer_new_account(&w.ndc[0], "{\"onlyReturnExisting\":true}"), 400);
  assert_ok(stardeleg_ido_ndc_add_key(w.ido, "cdn", sdg_buf_bytes(&jwk), "me", w.now, &first, &problem));
  assert_ok(stardeleg_ido_ndc_add_key(w.ido, "cdn", sdg_buf_bytes(&pem), NULL, w.now, &second, NULL));
  assert_known(&w, 0, first);
  assert_known(&w, 1, second);
  assert_ndcs(&w, "cdn=active ");
  assert_credentials(&w, "cdn", "account=valid account=valid ");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  assert_int_equal(acme_peer_fetch(&w.ndc[0], WORLD_IDO "/delegation/d1"), 200);
  assert_int_equal(acme_peer_fetch(&w.ndc[1], WORLD_IDO "/delegation/d1"), 200);
  /* One key, one account. */
  assert_err(STARDELEG_ERR_EXISTS,
             stardeleg_ido_ndc_add_key(w.ido, "other", stardeleg_key_spki(w.ndc[0].key), NULL, w.now, NULL, NULL));
  assert_int_equal(ido_world_count(&w, "account"), 2);
  free(first);
  free(second);
  sdg_buf_clear(&jwk);
  sdg_buf_clear(&pem);
  ido_world_clear(&w);
}

static const char *const bad_keys[] = {
    "",
    "x",
    "{",
    "{}",
    "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "-----BEGIN",
    "  \n{\"a\":1,\"a\":1}",
};

static void test_bad_keys(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  for (size_t i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
    stardeleg_problem problem;
    stardeleg_err err =
        stardeleg_ido_ndc_add_key(w.ido, "cdn", sdg_bytes_str(bad_keys[i]), NULL, w.now, NULL, &problem);

    if ((err != STARDELEG_ERR_MALFORMED && err != STARDELEG_ERR_BAD_KEY) || problem.detail[0] == '\0') {
      fail_msg("case %zu: %s: %s", i, stardeleg_strerror(err), problem.detail);
    }
    assert_int_equal(ido_world_count(&w, "delegate"), 0);
    assert_int_equal(ido_world_count(&w, "account"), 0);
  }
  assert_err(STARDELEG_ERR_ARGUMENT,
             stardeleg_ido_ndc_add_key(w.ido, "a/b", stardeleg_key_spki(w.ndc[0].key), NULL, w.now, NULL, NULL));
  ido_world_clear(&w);
}

/* --- MAC keys --- */

static void test_mac_keys(void **state)
{
  ido_world w;
  char one[64];
  char two[64];

  (void)state;
  begin(&w);
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "k2", NULL, two, w.now));
  assert_ok(stardeleg_ido_ndc_add(w.ido, "cdn", one, w.now));
  assert_ok(stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "k2", NULL, two, w.now));
  assert_err(STARDELEG_ERR_EXISTS, stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "k2", NULL, two, w.now));
  assert_err(STARDELEG_ERR_EXISTS, stardeleg_ido_ndc_add(w.ido, "cdn", two, w.now));
  assert_ok(stardeleg_ido_ndc_add(w.ido, "other", one, w.now));
  assert_ok(stardeleg_ido_ndc_remove_mac_key(w.ido, "cdn", "k2", NULL, w.now));
  assert_ok(stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "k2", NULL, two, w.now));
  assert_int_equal(ido_world_new_account(&w, 0, "k2", two), 201);
  assert_credentials(&w, "cdn", "account=valid mac-key=unused mac-key=used ");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  assert_int_equal(acme_peer_fetch(&w.ndc[0], WORLD_IDO "/delegation/d1"), 200);
  /* Another delegate's key cannot be removed by the wrong name. */
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_remove_mac_key(w.ido, "other", "k2", NULL, w.now));
  assert_ok(stardeleg_ido_ndc_remove_mac_key(w.ido, "cdn", "k2", NULL, w.now));
  assert_int_equal(acme_peer_fetch(&w.ndc[0], WORLD_IDO "/delegation/d1"), 200); /* the account stays */
  assert_ok(stardeleg_ido_ndc_remove_mac_key(w.ido, "other", "other", NULL, w.now));
  assert_int_equal(ido_world_new_account(&w, 1, "other", one), 403);
  assert_credentials(&w, "other", "");
  ido_world_clear(&w);
}

/* The process dies on the way: what is left can be completed, and nothing is in the way of anything. */
static void test_add_killed(void **state)
{
  (void)state;
  for (size_t done = 0; done < 3; done++) {
    ido_world w;
    char mac_key[64];

    begin(&w);
    w.die_after = done + 1;
    assert_err(STARDELEG_ERR_STORE, stardeleg_ido_ndc_add(w.ido, "cdn", mac_key, w.now));
    w.dead = false;
    if (done == 0) {
      assert_ndcs(&w, "");
      assert_ok(stardeleg_ido_ndc_add(w.ido, "cdn", mac_key, w.now));
      assert_int_equal(ido_world_new_account(&w, 0, "cdn", mac_key), 201);
    } else {
      assert_err(STARDELEG_ERR_EXISTS, stardeleg_ido_ndc_add(w.ido, "cdn", mac_key, w.now));
      assert_ok(stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "again", NULL, mac_key, w.now));
      assert_int_equal(ido_world_new_account(&w, 0, "again", mac_key), 201);
    }
    ido_world_clear(&w);
  }
}

/* --- Disabling --- */

/* STARDEL-7.2-03: the account answers unauthorized, its delegations end, its MAC keys are worth nothing. */
static void test_disable(void **state)
{
  ido_world w;
  char url[256];
  char mac_key[64];
  stardeleg_ido_delegation delegation = {.size = sizeof(delegation),
                                         .ndc = "cdn",
                                         .csr_template = sdg_bytes_str(WORLD_ONE),
                                         .expires_at = STARDELEG_TIME_NEVER};
  char id[65];

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_ndc(&w, 1, "other");
  assert_ok(stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "k2", NULL, mac_key, w.now));
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  ido_world_delegate(&w, "cdn", "d2", WORLD_ONE, NULL);
  ido_world_delegate(&w, "other", "d3", WORLD_ONE, NULL);
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 60 * WORLD_S);
  assert_int_equal(ido_world_ca_valid(&w), 1);
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_disable(w.ido, "nobody", NULL, w.now));
  assert_err(STARDELEG_ERR_STATE, stardeleg_ido_ndc_remove(w.ido, "cdn", NULL, w.now));
  assert_ok(stardeleg_ido_ndc_disable(w.ido, "cdn", "me", w.now));
  assert_ok(stardeleg_ido_ndc_disable(w.ido, "cdn", "me", w.now));
  assert_int_equal(acme_peer_fetch(&w.ndc[0], url), 401);
  acme_peer_assert_problem(&w.ndc[0], 401, "unauthorized");
  assert_int_equal(ido_world_new_account(&w, 0, "k2", mac_key), 401);
  assert_int_equal(ido_world_count(&w, "chore"), 0); /* that of disabling is done, and there are no CNAMEs */
  assert_err(STARDELEG_ERR_STATE, stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, NULL));
  assert_err(STARDELEG_ERR_STATE, stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "k3", NULL, mac_key, w.now));
  assert_err(STARDELEG_ERR_STATE, stardeleg_ido_ndc_remove(w.ido, "cdn", NULL, w.now)); /* not yet */
  ido_world_run(&w, 60 * WORLD_S);
  assert_int_equal(ido_world_ca_valid(&w), 0);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "endedBy"), "me");
  assert_string_equal(ido_world_record(&w, "delegation", "d2", "state"), "ended");
  assert_string_equal(ido_world_record(&w, "delegation", "d3", "state"), "active");
  assert_int_equal(acme_peer_fetch(&w.ndc[1], WORLD_IDO "/delegation/d3"), 200);
  assert_ndcs(&w, "cdn=disabled other=active ");
  assert_ok(stardeleg_ido_ndc_remove(w.ido, "cdn", NULL, w.now));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_remove(w.ido, "cdn", NULL, w.now));
  assert_ndcs(&w, "other=active ");
  assert_int_equal(acme_peer_fetch(&w.ndc[0], url), 401); /* the name may come back, the account does not */
  assert_ok(stardeleg_ido_ndc_add(w.ido, "cdn", mac_key, w.now));
  assert_int_equal(acme_peer_fetch(&w.ndc[0], url), 401);
  ido_world_clear(&w);
}

static void disable_meanwhile(ido_world *w)
{
  assert_ok(stardeleg_ido_ndc_disable(w->ido, "cdn", NULL, w->now));
}

/* Somebody adds something for a delegate while somebody else disables it: nothing of it stays. */
static void test_disable_races(void **state)
{
  stardeleg_ido_delegation delegation = {.size = sizeof(delegation),
                                         .id = "d1",
                                         .ndc = "cdn",
                                         .csr_template = sdg_bytes_str(WORLD_ONE),
                                         .expires_at = STARDELEG_TIME_NEVER};

  (void)state;
  for (int what = 0; what < 3; what++) {
    stardeleg_key *key = NULL;
    char mac_key[64] = "";
    char id[65];
    stardeleg_err err;
    ido_world w;

    begin(&w);
    ido_world_ndc(&w, 0, "cdn");
    assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
    w.before_write = disable_meanwhile;
    if (what == 0) {
      err = stardeleg_ido_delegation_add(w.ido, &delegation, id, w.now, NULL);
    } else if (what == 1) {
      err = stardeleg_ido_ndc_add_mac_key(w.ido, "cdn", "k2", NULL, mac_key, w.now);
    } else {
      err = stardeleg_ido_ndc_add_key(w.ido, "cdn", stardeleg_key_spki(key), NULL, w.now, NULL, NULL);
    }
    assert_err(STARDELEG_ERR_STATE, err);
    ido_world_run(&w, 60 * WORLD_S);
    assert_ndcs(&w, "cdn=disabled ");
    assert_string_equal(mac_key, "");
    assert_string_equal(ido_world_record(&w, "eab", "k2", "owner"), "");
    if (what == 0) {
      assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
    }
    stardeleg_key_free(w.ndc[1].key);
    w.ndc[1].key = key; /* the second delegate has the key that was added */
    w.ndc[1].kid[0] = '\0';
    if (what == 2) {
      assert_int_equal(acme_peer_new_account(&w.ndc[1], "{\"onlyReturnExisting\":true}"), 401);
    }
    ido_world_clear(&w);
  }
}

/* The process dies after each of the writes there are: the engine carries the rest out. */
static void test_disable_killed(void **state)
{
  (void)state;
  for (size_t done = 0; done < 6; done++) {
    ido_world w;
    char url[256];
    stardeleg_err err;

    begin(&w);
    ido_world_ndc(&w, 0, "cdn");
    ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
    ido_world_place(&w, 0, "d1", url);
    ido_world_run(&w, 60 * WORLD_S);
    w.die_after = done + 1;
    err = stardeleg_ido_ndc_disable(w.ido, "cdn", NULL, w.now);
    w.die_after = 0;
    w.dead = false;
    ido_world_restart(&w);
    if (done == 0) {
      assert_err(STARDELEG_ERR_STORE, err);
      assert_ndcs(&w, "cdn=active ");
      assert_int_equal(acme_peer_fetch(&w.ndc[0], url), 200);
    } else {
      ido_world_run(&w, 120 * WORLD_S);
      assert_ndcs(&w, "cdn=disabled ");
      assert_int_equal(acme_peer_fetch(&w.ndc[0], url), 401);
      assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
      assert_int_equal(ido_world_ca_valid(&w), 0);
      assert_int_equal(ido_world_count(&w, "eab"), 0);
      assert_ok(stardeleg_ido_ndc_remove(w.ido, "cdn", NULL, w.now));
    }
    ido_world_clear(&w);
  }
}

/* STARDEL-7.2-01, RFC 9115 7.2: a delegate whose key was stolen deactivates its account; its delegations end with it.
 */
static void test_deactivation(void **state)
{
  ido_world w;
  char url[256];

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_ndc(&w, 1, "other");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  ido_world_delegate(&w, "other", "d2", WORLD_ONE, NULL);
  ido_world_place(&w, 0, "d1", url);
  ido_world_run(&w, 60 * WORLD_S);
  assert_int_equal(acme_peer_post(&w.ndc[0], w.ndc[0].kid, "{\"status\":\"deactivated\"}"), 200);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ending");
  ido_world_run(&w, 60 * WORLD_S);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ended");
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "endedBy"), "delegate");
  assert_string_equal(ido_world_record(&w, "delegation", "d2", "state"), "active");
  assert_int_equal(ido_world_ca_valid(&w), 0);
  assert_int_equal(acme_peer_fetch(&w.ndc[0], url), 401);
  ido_world_clear(&w);
}

/* The intent is written before the account's end: if the latter fails, the account stays, and may try again. */
static void test_deactivation_fails(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  w.fail_batches = 1;
  assert_int_equal(acme_peer_post(&w.ndc[0], w.ndc[0].kid, "{\"status\":\"deactivated\"}"), 503);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "active");
  assert_int_equal(acme_peer_post(&w.ndc[0], w.ndc[0].kid, "{\"status\":\"deactivated\"}"), 200);
  assert_string_equal(ido_world_record(&w, "delegation", "d1", "state"), "ending");
  ido_world_clear(&w);
}

static void test_paging(void **state)
{
  ido_world w;
  char mac_key[64];
  char text[512] = "";

  (void)state;
  begin(&w);
  for (char c = 'a'; c < 'e'; c++) {
    char name[2] = {c, '\0'};

    assert_ok(stardeleg_ido_ndc_add(w.ido, name, mac_key, w.now));
  }
  assert_ok(stardeleg_ido_ndc_list(w.ido, "a", 2, note_ndc, text));
  assert_string_equal(text, "b=active c=active ");
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_credentials(w.ido, "x", note_credential, text));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_ndc_credentials(w.ido, "a/b", note_credential, text));
  ido_world_clear(&w);
}

/* --- Terms of service --- */

static int note_agreed(void *ctx, const stardeleg_ido_event *event)
{
  if (strcmp(event->event, "ndc-terms-agreed") == 0) {
    (void)snprintf(ctx, 512, "%s %s %s", event->ndc, event->by, event->detail);
  }
  return 0;
}

/* ACME-7.3.3-01: who agreed to other terms orders again once the owner says that the new ones were agreed to. */
static void test_terms(void **state)
{
  stardeleg_ido_audit_query query = {.size = sizeof(query), .from = STARDELEG_TIME_NONE, .to = STARDELEG_TIME_NEVER};
  stardeleg_server_options server;
  char told[512] = "";
  char expected[1024];
  ido_world w;

  (void)state;
  stardeleg_server_options_default(&server);
  server.current_terms_required = 1;
  ido_world_init(&w);
  w.options.server = &server;
  w.options.terms_of_service = "https://ido.example/terms/1";
  ido_world_open(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  w.options.terms_of_service = "https://ido.example/terms/2";
  ido_world_restart(&w);
  (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", ido_world_new_order("d1", "abc.ido.example"));
  acme_peer_assert_problem(&w.ndc[0], 403, "userActionRequired");
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_account_agreed_by(w.ido, WORLD_IDO "/acct/nobody", "me", w.now));
  assert_err(STARDELEG_ERR_NOT_FOUND,
             stardeleg_ido_account_agreed_by(w.ido, "https://other.example/acct/x", "me", w.now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_account_agreed_by(w.ido, NULL, "me", w.now));
  assert_ok(stardeleg_ido_account_agreed_by(w.ido, w.ndc[0].kid, "me", w.now));
  assert_int_equal(acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", ido_world_new_order("d1", "abc.ido.example")),
                   201);
  assert_ok(stardeleg_ido_audit(w.ido, &query, note_agreed, told));
  (void)snprintf(expected, sizeof(expected), "cdn me %s", w.ndc[0].kid);
  assert_string_equal(told, expected);
  assert_ok(stardeleg_ido_ndc_disable(w.ido, "cdn", NULL, w.now));
  assert_err(STARDELEG_ERR_NOT_FOUND, stardeleg_ido_account_agreed_by(w.ido, w.ndc[0].kid, "me", w.now));
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_terms),
      cmocka_unit_test(test_keys),
      cmocka_unit_test(test_bad_keys),
      cmocka_unit_test(test_mac_keys),
      cmocka_unit_test(test_disable),
      cmocka_unit_test(test_disable_races), cmocka_unit_test(test_disable_killed),
      cmocka_unit_test(test_deactivation),
      cmocka_unit_test(test_deactivation_fails),
      cmocka_unit_test(test_paging),
      cmocka_unit_test(test_add_killed),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
