/* SPDX-License-Identifier: Apache-2.0 */
/* client_facts_test.c -- what a program is told about its CA. */
#include "support/scripted.h"

#include <stardeleg/client.h>

#define BASE "https://ca.example/acme"
#define RESOURCES \
  "\"newNonce\":\"" BASE "/nonce\",\"newAccount\":\"" BASE "/account\",\"newOrder\":\"" BASE "/new-order\""

typedef struct told {
  char text[256];
  unsigned stop_after;
} told;

static int each(void *ctx, const char *name, const char *description)
{
  told *t = ctx;
  size_t len = strlen(t->text);

  (void)snprintf(t->text + len, sizeof(t->text) - len, "%s=%s;", name, description);
  return --t->stop_after == 0;
}

static void with_directory(const char *directory, void (*look)(stardeleg_client *client))
{
  scripted server = {.now = 1600000000000};
  stardeleg_client_options options;
  stardeleg_client *client = NULL;
  stardeleg_store *store = NULL;
  stardeleg_secrets *secrets = NULL;
  uint64_t task = 0;

  assert_ok(stardeleg_store_memory_new(&store));
  assert_ok(stardeleg_secrets_memory_new(&secrets));
  stardeleg_client_options_default(&options);
  options.crypto = test_crypto();
  options.store = store;
  options.secrets = secrets;
  options.directory_url = BASE "/directory";
  assert_ok(stardeleg_client_new(&client, &options, NULL));
  server.engine = stardeleg_client_engine(client);
  assert_ok(stardeleg_client_check_account(client, &task));
  scripted_expect(&server, "GET", BASE "/directory");
  if (directory != NULL) {
    scripted_answer(&server, 200, NULL, directory);
  }
  look(client);
  scripted_clear(&server);
  stardeleg_client_free(client);
  stardeleg_secrets_free(secrets);
  stardeleg_store_free(store);
}

static void look_at_nothing(stardeleg_client *client)
{
  stardeleg_client_ca ca;
  told t = {.stop_after = 9};

  stardeleg_client_ca_facts(client, &ca);
  assert_null(ca.account_url);
  assert_null(ca.terms_of_service);
  assert_null(ca.website);
  assert_int_equal(ca.caa_identity_count, 0);
  assert_int_equal(ca.external_account_required + ca.has_renewal_info + ca.has_key_change + ca.has_revocation, 0);
  stardeleg_client_profiles(client, each, &t);
  assert_string_equal(t.text, "");
}

static void look_at_all(stardeleg_client *client)
{
  stardeleg_client_ca ca;
  told t = {.stop_after = 9};

  stardeleg_client_ca_facts(client, &ca);
  assert_null(ca.account_url); /* not registered yet */
  assert_string_equal(ca.terms_of_service, "https://ca.example/terms");
  assert_string_equal(ca.website, "https://ca.example/");
  assert_int_equal(ca.caa_identity_count, 1);
  assert_string_equal(ca.caa_identities[0], "ca.example");
  assert_int_equal(ca.external_account_required + ca.has_renewal_info + ca.has_key_change + ca.has_revocation, 4);
  stardeleg_client_profiles(client, each, &t);
  assert_string_equal(t.text, "classic=ninety days;short=six days;odd=;");
  t = (told){.stop_after = 1};
  stardeleg_client_profiles(client, each, &t);
  assert_string_equal(t.text, "classic=ninety days;");
}

/* PROF-3-02, ACME-7.1.1-04: before and after the directory is known, and of a CA that says next to nothing */
static void facts(void **state)
{
  (void)state;
  with_directory(NULL, look_at_nothing);
  with_directory("{" RESOURCES "}", look_at_nothing);
  with_directory("{" RESOURCES ",\"revokeCert\":\"" BASE "/r\",\"keyChange\":\"" BASE "/k\",\"renewalInfo\":\"" BASE
                 "/i\",\"meta\":{\"termsOfService\":\"https://ca.example/terms\",\"website\":\"https://ca.example/\","
                 "\"caaIdentities\":[\"ca.example\"],\"externalAccountRequired\":true,\"profiles\":"
                 "{\"classic\":\"ninety days\",\"short\":\"six days\",\"odd\":1}}}",
                 look_at_all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(facts)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
