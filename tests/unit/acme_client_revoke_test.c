/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_revoke_test.c -- revocation by account and by certificate key, against a server played by hand. */
#include "support/client_rig.h"

#include "acme_client/revoke.h"
#include "base/bytes.h"
#include "base/time.h"

#define REVOKE CLIENT_BASE "/revoke"
#define OFFERED ",\"revokeCert\":\"" REVOKE "\""
#define DER SDG_BYTES_LITERAL("certificate")
#define DER_TEXT "Y2VydGlmaWNhdGU"

typedef struct revoking {
  client_rig rig;
  sdg_revoke revoke;
  stardeleg_key *key;
} revoking;

static stardeleg_err ask(client_rig *rig, sdg_step *step, stardeleg_time now)
{
  return sdg_revoke_ask(&((revoking *)rig->thing)->revoke, rig->session, step, now);
}

static stardeleg_err take(client_rig *rig, const sdg_result *result, stardeleg_time now)
{
  return sdg_revoke_take(&((revoking *)rig->thing)->revoke, rig->session, rig->agent, result, now);
}

static void begin(revoking *r, int reason, bool by_key, sdg_session_options *options)
{
  memset(r, 0, sizeof(*r));
  client_rig_begin(&r->rig, options);
  r->rig.thing = r;
  r->rig.ask = ask;
  r->rig.take = take;
  if (by_key) {
    assert_ok(stardeleg_key_generate(&r->key, test_crypto(), STARDELEG_KEY_P256));
  }
  assert_ok(sdg_revoke_init(&r->revoke, DER, reason, r->key));
}

static void end(revoking *r)
{
  client_rig_end(&r->rig);
  sdg_revoke_clear(&r->revoke);
  stardeleg_key_free(r->key);
}

/* ACME-7.6-01 */
static void by_account(void **state)
{
  revoking r;

  (void)state;
  begin(&r, SDG_REVOKE_NO_REASON, false, NULL);
  client_rig_register(&r.rig, OFFERED);
  client_rig_expect(&r.rig, "POST", REVOKE, "{\"certificate\":\"" DER_TEXT "\"}");
  assert_non_null(strstr(r.rig.server.header, "\"kid\":\"" CLIENT_ACCOUNT "\""));
  assert_null(strstr(r.rig.server.header, "\"jwk\""));
  scripted_answer(&r.rig.server, 200, NULL, NULL);
  assert_int_equal(r.revoke.errand.state, SDG_ERRAND_DONE);
  client_rig_rests(&r.rig);
  end(&r);
}

/* RFC 8555 7.6: the certificate's own key, and no account beside it; without any account too */
static void by_certificate_key(void **state)
{
  revoking r;

  (void)state;
  for (int anonymous = 0; anonymous < 2; anonymous++) {
    sdg_session_options options = {.anonymous = anonymous != 0};

    begin(&r, 1, true, &options);
    if (anonymous != 0) {
      client_rig_directory(&r.rig, OFFERED);
      client_rig_expect(&r.rig, "HEAD", CLIENT_BASE "/nonce", NULL);
      scripted_answer(&r.rig.server, 200, NULL, NULL);
    } else {
      client_rig_register(&r.rig, OFFERED);
    }
    client_rig_expect(&r.rig, "POST", REVOKE, "{\"certificate\":\"" DER_TEXT "\",\"reason\":1}");
    assert_null(strstr(r.rig.server.header, "\"kid\""));
    assert_non_null(strstr(r.rig.server.header, "\"jwk\""));
    /* badNonce is no failure here either */
    scripted_answer(&r.rig.server, 400, NULL, CLIENT_PROBLEM("badNonce"));
    client_rig_expect(&r.rig, "POST", REVOKE, NULL);
    scripted_answer(&r.rig.server, 200, NULL, NULL);
    assert_int_equal(r.revoke.errand.state, SDG_ERRAND_DONE);
    client_rig_rests(&r.rig);
    end(&r);
  }
}

/* RFC 8555 7.6: it is what we want, by whatever status it is said */
static void already_revoked(void **state)
{
  static const int statuses[] = {400, 403, 409};
  revoking r;

  (void)state;
  for (size_t i = 0; i < 3; i++) {
    begin(&r, 4, false, NULL);
    client_rig_register(&r.rig, OFFERED);
    client_rig_expect(&r.rig, "POST", REVOKE, NULL);
    client_rig_lose(&r.rig, STARDELEG_TRANSPORT_BROKEN);
    scripted_sleep(&r.rig.server, 2000);
    client_rig_expect(&r.rig, "POST", REVOKE, NULL);
    scripted_answer(&r.rig.server, statuses[i], NULL, CLIENT_PROBLEM("alreadyRevoked"));
    assert_int_equal(r.revoke.errand.state, SDG_ERRAND_DONE);
    assert_string_equal(r.revoke.errand.problem.detail, "");
    end(&r);
  }
}

/* Refusals are told, not repeated. */
static void refused(void **state)
{
  static const struct {
    int status;
    const char *body;
    stardeleg_acme_error acme;
  } cases[] = {{400, CLIENT_PROBLEM("badRevocationReason"), STARDELEG_ACME_BAD_REVOCATION_REASON},
               {403, CLIENT_PROBLEM("unauthorized"), STARDELEG_ACME_UNAUTHORIZED},
               {403, CLIENT_PROBLEM("autoRenewalRevocationNotSupported"),
                STARDELEG_ACME_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED},
               {501, NULL, STARDELEG_ACME_NONE},
               {302, NULL, STARDELEG_ACME_NONE}};
  revoking r;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    begin(&r, 4, false, NULL);
    client_rig_register(&r.rig, OFFERED);
    client_rig_expect(&r.rig, "POST", REVOKE, NULL);
    scripted_answer(&r.rig.server, cases[i].status, NULL, cases[i].body);
    assert_int_equal(r.revoke.errand.state, SDG_ERRAND_FAILED);
    assert_int_equal(r.revoke.errand.problem.acme, cases[i].acme);
    assert_int_equal(r.revoke.errand.problem.status, cases[i].status);
    assert_int_equal(r.rig.takes, 1);
    end(&r);
  }
}

/* revokeCert has moved: the directory says where to, and it is asked there once; then it is a refusal like others. */
static void moved(void **state)
{
  static const int statuses[] = {404, 410};
  revoking r;

  (void)state;
  for (size_t i = 0; i < 4; i++) {
    const char *now_at = i < 2 ? CLIENT_BASE "/revoke-2" : REVOKE;

    begin(&r, 4, false, NULL);
    client_rig_register(&r.rig, OFFERED);
    client_rig_expect(&r.rig, "POST", REVOKE, NULL);
    scripted_answer(&r.rig.server, statuses[i % 2], NULL, i < 2 ? "<html>" : CLIENT_PROBLEM("malformed"));
    assert_int_equal(r.revoke.errand.state, SDG_ERRAND_OPEN);
    client_rig_directory(&r.rig, i < 2 ? ",\"revokeCert\":\"" CLIENT_BASE "/revoke-2\"" : OFFERED);
    scripted_sleep(&r.rig.server, 2000);
    client_rig_expect(&r.rig, "POST", now_at, NULL);
    scripted_answer(&r.rig.server, i < 2 ? 200 : statuses[i % 2], NULL, CLIENT_PROBLEM("malformed"));
    assert_int_equal(r.revoke.errand.state, i < 2 ? SDG_ERRAND_DONE : SDG_ERRAND_FAILED);
    assert_int_equal(r.rig.takes, 2);
    end(&r);
  }
}

/* T-51: what passes is waited for, with growing pauses or as the server says; with a new nonce each time (T-14) */
static void outages(void **state)
{
  static const char *const later[] = {"Retry-After: 3600", NULL};
  revoking r;

  (void)state;
  begin(&r, 4, false, NULL);
  client_rig_register(&r.rig, OFFERED);
  client_rig_expect(&r.rig, "POST", REVOKE, NULL);
  scripted_answer(&r.rig.server, 503, later, NULL);
  assert_true(scripted_wait(&r.rig.server) == r.rig.server.now + SDG_TIME_HOUR);
  r.rig.server.now += SDG_TIME_HOUR;
  for (int i = 0; i < 20; i++) {
    client_rig_expect(&r.rig, "POST", REVOKE, NULL);
    scripted_answer(&r.rig.server, 500, NULL, CLIENT_PROBLEM("serverInternal"));
    scripted_sleep(&r.rig.server, SDG_TIME_HOUR);
  }
  client_rig_expect(&r.rig, "POST", REVOKE, NULL);
  scripted_answer(&r.rig.server, 200, NULL, NULL);
  assert_int_equal(r.revoke.errand.state, SDG_ERRAND_DONE);
  end(&r);
}

static void not_offered(void **state)
{
  revoking r;

  (void)state;
  begin(&r, 4, false, NULL);
  client_rig_register(&r.rig, NULL);
  client_rig_rests(&r.rig);
  assert_int_equal(r.revoke.errand.state, SDG_ERRAND_FAILED);
  assert_int_equal(r.rig.takes, 0);
  end(&r);
}

/* ACME-7.6-01: reasons of RFC 5280 5.3.1 only */
static void reasons(void **state)
{
  sdg_revoke revoke;

  (void)state;
  for (int reason = -3; reason < 14; reason++) {
    if (reason >= -1 && reason <= 10 && reason != 7) {
      assert_ok(sdg_revoke_init(&revoke, DER, reason, NULL));
      sdg_revoke_clear(&revoke);
    } else {
      assert_err(STARDELEG_ERR_ARGUMENT, sdg_revoke_init(&revoke, DER, reason, NULL));
    }
  }
  assert_err(STARDELEG_ERR_ARGUMENT, sdg_revoke_init(&revoke, (stardeleg_bytes){NULL, 0}, 1, NULL));
}

static void write_revoke(sdg_buf *out, const sdg_revoke *revoke)
{
  sdg_json_writer w;

  sdg_buf_init(out, 65536);
  sdg_jw_init(&w, out);
  sdg_revoke_write(&w, NULL, revoke);
  assert_ok(sdg_buf_error(out));
}

/* A revocation outlives the process; one by key waits for the key. */
static void restart(void **state)
{
  sdg_json *tree = NULL;
  revoking r;
  sdg_buf before;
  sdg_buf after;

  (void)state;
  begin(&r, 1, true, NULL);
  client_rig_register(&r.rig, OFFERED);
  client_rig_expect(&r.rig, "POST", REVOKE, NULL);
  client_rig_lose(&r.rig, STARDELEG_TRANSPORT_TIMEOUT);
  write_revoke(&before, &r.revoke);
  sdg_revoke_clear(&r.revoke);
  assert_ok(sdg_json_parse(&tree, sdg_buf_bytes(&before), NULL, NULL));
  assert_ok(sdg_revoke_read(&r.revoke, tree));
  sdg_json_free(tree);
  write_revoke(&after, &r.revoke);
  assert_string_equal(sdg_buf_str(&before), sdg_buf_str(&after));
  scripted_sleep(&r.rig.server, 2000);
  client_rig_rests(&r.rig);
  r.revoke.key = stardeleg_key_ref(r.key);
  sdg_agent_set_due(r.rig.agent, &r.rig.job, r.rig.server.now);
  client_rig_expect(&r.rig, "POST", REVOKE, "{\"certificate\":\"" DER_TEXT "\",\"reason\":1}");
  assert_non_null(strstr(r.rig.server.header, "\"jwk\""));
  scripted_answer(&r.rig.server, 200, NULL, NULL);
  assert_int_equal(r.revoke.errand.state, SDG_ERRAND_DONE);
  sdg_buf_clear(&before);
  sdg_buf_clear(&after);
  end(&r);
}

static void spoiled_records(void **state)
{
  static const char *const bad[] = {
      "{}",
      "{\"state\":\"open\",\"byKey\":false}",
      "{\"state\":\"open\",\"certificate\":\"Y2\"}",
      "{\"state\":\"odd\",\"certificate\":\"Y2\",\"byKey\":false}",
      "{\"state\":\"open\",\"certificate\":\"Y 2\",\"byKey\":false}",
      "{\"state\":\"open\",\"certificate\":\"Y2\",\"byKey\":1}",
      "{\"state\":\"open\",\"certificate\":\"Y2\",\"byKey\":false,\"reason\":7}",
      "{\"state\":\"open\",\"certificate\":\"Y2\",\"byKey\":false,\"reason\":11}"};
  sdg_revoke revoke;

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    sdg_json *tree = NULL;

    assert_ok(sdg_json_parse(&tree, sdg_bytes_str(bad[i]), NULL, NULL));
    assert_err(STARDELEG_ERR_MALFORMED, sdg_revoke_read(&revoke, tree));
    sdg_json_free(tree);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_account), cmocka_unit_test(by_certificate_key), cmocka_unit_test(already_revoked),
      cmocka_unit_test(refused),    cmocka_unit_test(moved),
       cmocka_unit_test(outages),            cmocka_unit_test(not_offered),
      cmocka_unit_test(reasons),    cmocka_unit_test(restart),            cmocka_unit_test(spoiled_records)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
