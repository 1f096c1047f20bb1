/* SPDX-License-Identifier: Apache-2.0 */
/* torture/alloc_objects.c -- reading and writing of every object with the first, second, third ... allocation failing,
 * to the last: NOMEM, nothing left behind (the sanitizers look), and the same call is good afterwards. */
#include "support/test.h"

#include "acme/account.h"
#include "acme/authorization.h"
#include "acme/directory.h"
#include "acme/order.h"
#include "alloc.h"
#include "base/bytes.h"
#include "deleg/delegation.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "x509/cert.h"
#include "x509/csr.h"

#include <stardeleg/ca.h>
#include <stardeleg/template.h>

#define ALLOCATIONS_MAX 20000u

#define TEMPLATE                                                                                                       \
  "{\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\",\"SignatureType\":\"ecdsa-with-"  \
  "SHA256\"}],\"subject\":{\"country\":\"CA\",\"locality\":\"**\"},\"extensions\":{\"subjectAltName\":{\"DNS\":["      \
  "\"abc.ido.example\",\"**\"]},\"keyUsage\":[\"digitalSignature\"],\"extendedKeyUsage\":[\"serverAuth\"]}}"
#define AUTHORIZATION                                                                                                  \
  "{\"status\":\"valid\",\"expires\":\"2026-01-01T00:00:00Z\",\"identifier\":{\"type\":\"dns\",\"value\":"             \
  "\"a.example\"},\"challenges\":[{\"type\":\"http-01\",\"url\":\"https://ca.example/c/1\",\"token\":\"abc\","         \
  "\"status\":\"valid\",\"validated\":\"2026-01-01T00:00:00Z\"},{\"type\":\"dns-01\",\"url\":"                         \
  "\"https://ca.example/c/2\",\"token\":\"abc\",\"error\":{\"type\":\"urn:ietf:params:acme:error:dns\"}}]}"
#define DIRECTORY                                                                                                      \
  "{\"newNonce\":\"https://ca.example/n\",\"newAccount\":\"https://ca.example/a\",\"newOrder\":"                       \
  "\"https://ca.example/o\",\"revokeCert\":\"https://ca.example/r\",\"keyChange\":\"https://ca.example/k\","           \
  "\"meta\":{\"termsOfService\":\"https://ca.example/t\",\"website\":\"https://ca.example/\",\"caaIdentities\":"       \
  "[\"ca.example\",\"b.example\"],\"externalAccountRequired\":true,\"auto-renewal\":{\"min-lifetime\":86400,"          \
  "\"max-duration\":31536000},\"profiles\":{\"a\":\"one\",\"b\":\"two\"}}}"

static const char chosen[] = "x.ido.example";
static const stardeleg_choice choices[] = {{"DNS", chosen}, {"locality", "Toronto"}};
static stardeleg_key *key;
static char *texts[4];
static char *chain_text;
static sdg_buf jws_text;
static uint8_t *csr;
static size_t csr_len;

/* --- The operations: each does all and frees all --- */

static stardeleg_err read_account(void)
{
  sdg_acme_account account;
  stardeleg_err err = sdg_acme_account_parse(&account, sdg_bytes_str(texts[0]), NULL);

  if (err == STARDELEG_OK) {
    sdg_acme_account_clear(&account);
  }
  return err;
}

static stardeleg_err read_order(void)
{
  sdg_acme_order order;
  stardeleg_err err = sdg_acme_order_parse(&order, sdg_bytes_str(texts[1]), NULL);

  if (err == STARDELEG_OK) {
    sdg_acme_order_clear(&order);
  }
  return err;
}

static stardeleg_err read_delegation(void)
{
  sdg_delegation delegation;
  stardeleg_err err = sdg_delegation_parse(&delegation, sdg_bytes_str(texts[2]), NULL);

  if (err == STARDELEG_OK) {
    sdg_delegation_clear(&delegation);
  }
  return err;
}

static stardeleg_err read_new_order(void)
{
  sdg_acme_new_order order;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_json_parse(&tree, sdg_bytes_str(texts[3]), NULL, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_acme_new_order_parse(&order, tree, NULL);
    if (err == STARDELEG_OK) {
      sdg_acme_new_order_clear(&order);
    }
  }
  sdg_json_free(tree);
  return err;
}

static stardeleg_err read_authorization(void)
{
  sdg_acme_authorization authorization;
  stardeleg_err err = sdg_acme_authorization_parse(&authorization, SDG_BYTES_LITERAL(AUTHORIZATION), NULL);

  if (err == STARDELEG_OK) {
    sdg_acme_authorization_clear(&authorization);
  }
  return err;
}

static stardeleg_err read_and_write_directory(void)
{
  sdg_acme_directory directory = {0};
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err = sdg_acme_directory_parse(&directory, SDG_BYTES_LITERAL(DIRECTORY), NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&text, 1 << 16);
  sdg_jw_init(&w, &text);
  sdg_acme_directory_write(&w, &directory);
  err = sdg_buf_error(&text);
  sdg_buf_clear(&text);
  sdg_acme_directory_clear(&directory);
  return err;
}

static stardeleg_err load_and_explain(void)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  char *text = NULL;
  stardeleg_err err = stardeleg_template_load(&tmpl, SDG_BYTES_LITERAL(TEMPLATE), NULL, &report);

  if (err == STARDELEG_OK) {
    err = stardeleg_template_explain(tmpl, &text);
  }
  free(text);
  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
  return err;
}

static stardeleg_err refuse_template(void)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  stardeleg_err err = stardeleg_template_load(
      &tmpl, SDG_BYTES_LITERAL("{\"keyTypes\":[],\"extensions\":{\"x\":1},\"subject\":{\"country\":7}}"), NULL,
      &report);

  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
  return err == STARDELEG_ERR_MALFORMED ? STARDELEG_OK : err;
}

static stardeleg_err build_and_match(void)
{
  static const stardeleg_identifier names[] = {{"dns", "abc.ido.example"}, {"dns", chosen}};
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  uint8_t *der = NULL;
  size_t len = 0;
  stardeleg_match_options options;
  stardeleg_err err = stardeleg_template_load(&tmpl, SDG_BYTES_LITERAL(TEMPLATE), NULL, NULL);

  stardeleg_match_options_default(&options);
  if (err == STARDELEG_OK) {
    err = stardeleg_template_build(tmpl, key, choices, 2, &der, &len, NULL);
  }
  if (err == STARDELEG_OK) {
    err = stardeleg_template_match(tmpl, test_crypto(), (stardeleg_bytes){der, len}, names, 2, &options, &report);
    err = err == STARDELEG_ERR_POLICY ? STARDELEG_OK : err; /* no policy allows the chosen name: findings too */
  }
  stardeleg_report_free(report);
  stardeleg_template_free(tmpl);
  free(der);
  return err;
}

static stardeleg_err sign(void)
{
  sdg_jws_header header = {0};
  sdg_buf text;
  stardeleg_err err;

  header.alg = STARDELEG_ALG_ES256;
  header.jwk_spki = stardeleg_key_spki(key);
  header.nonce = "abc";
  header.url = "https://ca.example/a";
  sdg_buf_init(&text, 1 << 16);
  err = sdg_jws_sign(&text, &header, SDG_BYTES_LITERAL("{\"a\":1}"), key);
  if (err == STARDELEG_OK && jws_text.len == 0) {
    sdg_buf_add_bytes(&jws_text, sdg_buf_bytes(&text));
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err verify(void)
{
  sdg_jws jws;
  sdg_pubkey *public_key = NULL;
  stardeleg_err err;

  memset(&jws, 0, sizeof(jws));
  err = sdg_jws_parse(&jws, sdg_buf_bytes(&jws_text), NULL);
  if (err == STARDELEG_OK) {
    err = sdg_jwk_parse(&public_key, test_crypto(), jws.jwk, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_jws_verify(&jws, public_key, NULL);
  }
  sdg_pubkey_free(public_key);
  sdg_jws_clear(&jws);
  return err;
}

static stardeleg_err read_csr(void)
{
  sdg_csr parsed;
  stardeleg_err err = sdg_csr_parse(&parsed, (stardeleg_bytes){csr, csr_len}, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_csr_verify(&parsed, test_crypto(), NULL);
    sdg_csr_clear(&parsed);
  }
  return err;
}

static stardeleg_err read_chain(void)
{
  sdg_chain chain;
  stardeleg_err err = sdg_chain_parse(&chain, sdg_bytes_str(chain_text));

  if (err == STARDELEG_OK) {
    sdg_chain_clear(&chain);
  }
  return err;
}

static stardeleg_err copy_key(void)
{
  stardeleg_key *again = NULL;
  char *pem = NULL;
  size_t len = 0;
  stardeleg_err err = stardeleg_key_export_pem(key, &pem, &len);

  if (err == STARDELEG_OK) {
    err = stardeleg_key_import(&again, test_crypto(), sdg_bytes(pem, len));
  }
  stardeleg_key_free(again);
  stardeleg_secret_free(pem, len);
  return err;
}

/* --- The sweep --- */

static void each_failure(void **state)
{
  static const struct {
    const char *name;
    stardeleg_err (*run)(void);
  } operations[] = {{"account", read_account},
                    {"order", read_order},
                    {"new order", read_new_order},
                    {"delegation", read_delegation},
                    {"authorization", read_authorization},
                    {"directory", read_and_write_directory},
                    {"template", load_and_explain},
                    {"bad template", refuse_template},
                    {"build and match", build_and_match},
                    {"sign", sign},
                    {"verify", verify},
                    {"csr", read_csr},
                    {"chain", read_chain},
                    {"key", copy_key}};

  (void)state;
  for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
    size_t nth = 1;

    for (; nth < ALLOCATIONS_MAX; nth++) {
      stardeleg_err err;
      bool failed;

      alloc_fail(nth);
      alloc_scope(true);
      err = operations[i].run();
      alloc_scope(false);
      failed = alloc_failed();
      alloc_fail(0);
      if (failed ? err != STARDELEG_ERR_NOMEM : err != STARDELEG_OK) {
        fail_msg("%s with allocation %zu failing: %s", operations[i].name, nth, stardeleg_strerror(err));
      }
      assert_ok(operations[i].run());
      if (!failed) {
        break;
      }
    }
    assert_in_range(nth, 2, ALLOCATIONS_MAX - 1);
    (void)printf("# %s: %zu allocations\n", operations[i].name, nth - 1);
  }
}

static void prepare(void)
{
  static const char *const files[] = {"rfc9115_fig02_account.json", "rfc9115_fig06_star_order_valid.json",
                                      "rfc9115_fig03_delegation.json", "rfc9115_fig04_star_neworder_payload.json"};
  stardeleg_template *tmpl = NULL;

  for (size_t i = 0; i < 4; i++) {
    char path[128];

    (void)snprintf(path, sizeof(path), "vectors/acme/%s", files[i]);
    texts[i] = test_file(path, NULL);
  }
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_template_load(&tmpl, SDG_BYTES_LITERAL(TEMPLATE), NULL, NULL));
  assert_ok(stardeleg_template_build(tmpl, key, choices, 2, &csr, &csr_len, NULL));
  stardeleg_template_free(tmpl);
  assert_ok(stardeleg_ca_make_root(&chain_text, key, "root", 0, 1000000));
  sdg_buf_init(&jws_text, 1 << 16);
  assert_ok(sign());
}

static void test_all(void **state)
{
  prepare();
  each_failure(state);
  for (size_t i = 0; i < 4; i++) {
    free(texts[i]);
  }
  free(chain_text);
  free(csr);
  sdg_buf_clear(&jws_text);
  stardeleg_key_free(key);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
