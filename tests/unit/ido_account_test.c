/* SPDX-License-Identifier: Apache-2.0 */
/* ido_account_test.c -- directory and accounts of the owner's server (RFC 9115 2.3.1.1, 2.3.4). */
#include "support/ido_world.h"

static void begin(ido_world *w)
{
  ido_world_init(w);
  ido_world_open(w);
}

/* STARDEL-2.1-01, STARDEL-2.3.4-01, STARDEL-2.3.4-02, STARDEL-7.2-06 */
static void test_the_directory(void **state)
{
  ido_world w;
  const sdg_json *meta;
  const sdg_json *renewal;

  (void)state;
  begin(&w);
  assert_int_equal(acme_peer_get(&w.ndc[0], WORLD_IDO "/directory"), 200);
  assert_string_equal(ido_world_text(&w, 0, "newNonce"), WORLD_IDO "/new-nonce");
  assert_string_equal(ido_world_text(&w, 0, "newAccount"), WORLD_IDO "/new-account");
  assert_string_equal(ido_world_text(&w, 0, "newOrder"), WORLD_IDO "/new-order");
  assert_string_equal(ido_world_text(&w, 0, "keyChange"), WORLD_IDO "/key-change");
  meta = sdg_json_member(w.ndc[0].json, "meta");
  assert_int_equal(sdg_json_type_of(sdg_json_member(meta, "delegation-enabled")), SDG_JSON_BOOL);
  assert_true(sdg_json_bool(sdg_json_member(meta, "delegation-enabled")));
  assert_true(sdg_json_bool(sdg_json_member(meta, "externalAccountRequired")));
  renewal = sdg_json_member(meta, "auto-renewal");
  assert_int_equal(sdg_json_int(sdg_json_member(renewal, "min-lifetime")), 1);
  assert_int_equal(sdg_json_int(sdg_json_member(renewal, "max-duration")), 366 * 86400);
  assert_true(sdg_json_bool(sdg_json_member(renewal, "allow-certificate-get")));
  ido_world_clear(&w);
}

static void assert_delegations_url(ido_world *w)
{
  char url[600];

  (void)snprintf(url, sizeof(url), WORLD_IDO "/delegations/%s", strrchr(w->ndc[0].kid, '/') + 1);
  assert_string_equal(ido_world_text(w, 0, "delegations"), url);
}

/* STARDEL-2.3.1.1-01, STARDEL-2.3.1.1-02: newAccount sends a URL of its own under this name. */
static void test_account_object(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 0, "cdn");
  assert_delegations_url(&w);
  assert_int_equal(acme_peer_fetch(&w.ndc[0], w.ndc[0].kid), 200);
  assert_delegations_url(&w);
  assert_int_equal(acme_peer_post(&w.ndc[0], w.ndc[0].kid, "{\"delegations\":\"https://evil.example/\"}"), 200);
  assert_delegations_url(&w);
  ido_world_clear(&w);
}

/* STARDEL-7.2-06: nobody who was not registered before gets an account. */
static void test_binding(void **state)
{
  ido_world w;
  char mac_key[64];

  (void)state;
  begin(&w);
  (void)acme_peer_new_account(&w.ndc[0], "{\"termsOfServiceAgreed\":true}");
  acme_peer_assert_problem(&w.ndc[0], stardeleg_acme_error_status(STARDELEG_ACME_EXTERNAL_ACCOUNT_REQUIRED),
                           "externalAccountRequired");
  assert_ok(stardeleg_ido_ndc_add(w.ido, "cdn", mac_key, w.now));
  (void)ido_world_new_account(&w, 0, "other", mac_key);
  acme_peer_assert_problem(&w.ndc[0], 403, "unauthorized");
  assert_int_equal(ido_world_new_account(&w, 0, "cdn", mac_key), 201);
  (void)ido_world_new_account(&w, 1, "cdn", mac_key); /* a binding is for one account */
  acme_peer_assert_problem(&w.ndc[1], 403, "unauthorized");
  ido_world_clear(&w);
}

static void test_ndc_add(void **state)
{
  static const char *const bad[] = {
      "", ".hidden", "a b", "a/b", "\xc3\xa4", "12345678901234567890123456789012345678901234567890123456789012345"};
  ido_world w;
  char mac_key[64];

  (void)state;
  begin(&w);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_ndc_add(w.ido, bad[i], mac_key, w.now));
  }
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_ndc_add(w.ido, NULL, mac_key, w.now));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_ido_ndc_add(NULL, "cdn", mac_key, w.now));
  assert_ok(stardeleg_ido_ndc_add(w.ido, "cdn", mac_key, w.now));
  assert_int_equal(strlen(mac_key), 43);
  assert_err(STARDELEG_ERR_EXISTS, stardeleg_ido_ndc_add(w.ido, "cdn", mac_key, w.now));
  ido_world_clear(&w);
}

/* STARDEL-7.2-03 */
static void test_deactivated(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  assert_int_equal(acme_peer_post(&w.ndc[0], w.ndc[0].kid, "{\"status\":\"deactivated\"}"), 200);
  (void)acme_peer_post(&w.ndc[0], WORLD_IDO "/new-order", ido_world_new_order("d1", "abc.ido.example"));
  acme_peer_assert_problem(&w.ndc[0], 401, "unauthorized");
  ido_world_clear(&w);
}

/* STARDEL-2.1-02, STARDEL-2.4-14, STARDEL-7.3-02: nobody orders who does not sign as a known account. */
static void test_strangers(void **state)
{
  ido_world w;

  (void)state;
  begin(&w);
  ido_world_ndc(&w, 0, "cdn");
  ido_world_delegate(&w, "cdn", "d1", WORLD_ONE, NULL);
  (void)acme_peer_send(&w.ndc[0], &(acme_peer_jws){.url = WORLD_IDO "/new-order",
                                                   .payload = ido_world_new_order("d1", "abc.ido.example"),
                                                   .by_jwk = true});
  acme_peer_assert_problem(&w.ndc[0], 400, "malformed");
  (void)acme_peer_send(&w.ndc[0], &(acme_peer_jws){.url = WORLD_IDO "/new-order",
                                                   .payload = ido_world_new_order("d1", "abc.ido.example"),
                                                   .kid = "\"" WORLD_IDO "/acct/AAAAAAAAAAAAAAAAAAAAAA\""});
  acme_peer_assert_problem(&w.ndc[0], 400, "accountDoesNotExist");
  (void)acme_peer_send(&w.ndc[0], &(acme_peer_jws){.url = WORLD_IDO "/new-order",
                                                   .payload = ido_world_new_order("d1", "abc.ido.example"),
                                                   .signer = w.ndc[1].key});
  assert_int_equal(w.ndc[0].status, 400);
  ido_world_clear(&w);
}

typedef struct option_case {
  const char *name;
  void (*spoil)(ido_world *w);
} option_case;

static void no_crypto(ido_world *w)
{
  w->options.crypto = NULL;
}
static void no_store(ido_world *w)
{
  w->options.store = NULL;
}
static void no_secrets(ido_world *w)
{
  w->options.secrets = NULL;
}
static void no_base_url(ido_world *w)
{
  w->options.base_url = NULL;
}
static void http_base_url(ido_world *w)
{
  w->options.base_url = "http://ido.example/acme";
}
static void slash_base_url(ido_world *w)
{
  w->options.base_url = "https://ido.example/acme/";
}
static void no_issuers(ido_world *w)
{
  w->options.issuers = NULL;
}
static void bad_size(ido_world *w)
{
  w->options.size = 8;
}
static void no_pending(ido_world *w)
{
  w->options.order_pending_s = 0;
}
static void no_backoff(ido_world *w)
{
  w->options.backoff_min_ms = 0;
}
static void backoff_order(ido_world *w)
{
  w->options.backoff_max_ms = 1;
}
static void no_lease(ido_world *w)
{
  w->options.lease_ms = 0;
}
static void bad_poll(ido_world *w)
{
  w->options.poll_ms = -1;
}
static void no_page(ido_world *w)
{
  w->options.page_size = 0;
}
static void bad_keys(ido_world *w)
{
  w->options.match.account_spki_count = 1;
}
static void issuer_kind(ido_world *w)
{
  w->issuer.kind = "magic";
}
static void issuer_name(ido_world *w)
{
  w->issuer.name = "Big CA";
}
static void issuer_no_name(ido_world *w)
{
  w->issuer.name = NULL;
}
static void issuer_size(ido_world *w)
{
  w->issuer.size = 1;
}
static void issuer_no_url(ido_world *w)
{
  w->issuer.directory_url = NULL;
}
static void issuer_bad_url(ido_world *w)
{
  w->issuer.directory_url = "ca.example";
}
static void issuer_half_eab(ido_world *w)
{
  w->issuer.eab_key_id = "x";
}

static const option_case bad_options[] = {
    {"crypto", no_crypto},        {"store", no_store},
    {"secrets", no_secrets},      {"base_url", no_base_url},
    {"http", http_base_url},      {"slash", slash_base_url},
    {"issuers", no_issuers},      {"size", bad_size},
    {"pending", no_pending},      {"backoff", no_backoff},
    {"order", backoff_order},     {"lease", no_lease},
    {"poll", bad_poll},           {"page", no_page},
    {"keys", bad_keys},           {"kind", issuer_kind},
    {"name", issuer_name},        {"no name", issuer_no_name},
    {"issuer size", issuer_size}, {"no url", issuer_no_url},
    {"bad url", issuer_bad_url},  {"half eab", issuer_half_eab},
};

static void test_options(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(bad_options) / sizeof(bad_options[0]); i++) {
    ido_world w;
    stardeleg_problem problem = {0};

    ido_world_init(&w);
    bad_options[i].spoil(&w);
    if (stardeleg_ido_new(&w.ido, &w.options, &problem) != STARDELEG_ERR_CONFIG || problem.detail[0] == '\0') {
      fail_msg("option case \"%s\" was not refused", bad_options[i].name);
    }
    ido_world_clear(&w);
  }
}

/* Two issuers of one name; and one key a name, made once, for good. */
static void test_issuers(void **state)
{
  stardeleg_issuer_options issuers[2];
  ido_world w;
  uint8_t *before = NULL;
  uint8_t *after = NULL;
  size_t len = 0;
  size_t after_len = 0;

  (void)state;
  ido_world_init(&w);
  issuers[0] = w.issuer;
  issuers[1] = w.issuer;
  w.options.issuers = issuers;
  w.options.issuer_count = 2;
  assert_err(STARDELEG_ERR_CONFIG, stardeleg_ido_new(&w.ido, &w.options, NULL));
  issuers[1].name = "second";
  assert_ok(stardeleg_ido_new(&w.ido, &w.options, NULL));
  assert_ok(w.secrets->ops->get(w.secrets->self, "ido-ca-second", &before, &len));
  stardeleg_ido_free(w.ido);
  assert_ok(stardeleg_ido_new(&w.ido, &w.options, NULL));
  assert_ok(w.secrets->ops->get(w.secrets->self, "ido-ca-second", &after, &after_len));
  assert_int_equal(len, after_len);
  assert_memory_equal(before, after, len);
  stardeleg_secret_free(before, len);
  stardeleg_secret_free(after, after_len);
  ido_world_clear(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_directory), cmocka_unit_test(test_account_object), cmocka_unit_test(test_binding),
      cmocka_unit_test(test_ndc_add),       cmocka_unit_test(test_deactivated),    cmocka_unit_test(test_strangers),
      cmocka_unit_test(test_options),       cmocka_unit_test(test_issuers),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
