/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_interop_account_test.c -- what CAs in the field do around nonces, directories and accounts, one habit
 * each; the orders' habits are in acme_client_interop_order_test.c. */
#include "support/client_rig.h"

#include "acme_client/account_errand.h"
#include "acme_client/errand.h"
#include "base/bytes.h"
#include "base/time.h"

#define RESOURCE CLIENT_BASE "/thing"

/* One POST that is repeated as an errand is. */
typedef struct asking {
  client_rig rig;
  sdg_errand errand;
} asking;

static stardeleg_err ask(client_rig *rig, sdg_step *step, stardeleg_time now)
{
  asking *a = rig->thing;

  if (!sdg_errand_waits(&a->errand, step, now)) {
    step->kind = SDG_STEP_POST;
    step->url = RESOURCE;
    sdg_buf_add_str(step->payload, "{}");
  }
  return STARDELEG_OK;
}

static stardeleg_err take(client_rig *rig, const sdg_result *result, stardeleg_time now)
{
  asking *a = rig->thing;

  if (result->err == STARDELEG_OK) {
    sdg_errand_done(&a->errand);
  } else if (!sdg_errand_retries(&a->errand, rig->agent, result, now)) {
    sdg_errand_fail(&a->errand, result->problem);
  }
  return STARDELEG_OK;
}

static void begin(asking *a, sdg_session_options *options)
{
  memset(a, 0, sizeof(*a));
  sdg_errand_init(&a->errand);
  client_rig_begin(&a->rig, options);
  a->rig.thing = a;
  a->rig.ask = ask;
  a->rig.take = take;
}

static void end(asking *a)
{
  client_rig_end(&a->rig);
}

static void nonce_of(const asking *a, char out[64])
{
  const char *at = strstr(a->rig.server.header, "\"nonce\":\"");

  assert_non_null(at);
  (void)snprintf(out, 64, "%.*s", (int)strcspn(at + 9, "\""), at + 9);
}

/* nine of ten good nonces are refused */
static void t12_bad_nonces(void **state)
{
  asking a;

  (void)state;
  begin(&a, NULL);
  client_rig_register(&a.rig, NULL);
  for (int i = 0; i < 9; i++) {
    client_rig_expect(&a.rig, "POST", RESOURCE, "{}");
    scripted_answer(&a.rig.server, 400, NULL, CLIENT_PROBLEM("badNonce"));
  }
  client_rig_expect(&a.rig, "POST", RESOURCE, "{}");
  scripted_answer(&a.rig.server, 200, NULL, "{}");
  assert_int_equal(a.errand.state, SDG_ERRAND_DONE);
  assert_int_equal(a.rig.takes, 1); /* nobody has noticed */
  end(&a);
}

/* all of them, for ever: bounded, then a pause */
static void t12_never_a_good_nonce(void **state)
{
  asking a;

  (void)state;
  begin(&a, NULL);
  client_rig_register(&a.rig, NULL);
  for (int i = 0; i < 11; i++) {
    client_rig_expect(&a.rig, "POST", RESOURCE, "{}");
    scripted_answer(&a.rig.server, 400, NULL, CLIENT_PROBLEM("badNonce"));
  }
  assert_int_equal(a.rig.takes, 1);
  assert_true(scripted_wait(&a.rig.server) > a.rig.server.now);
  end(&a);
}

static void t13_errors_without_nonce(void **state)
{
  static const char *const none[] = {"Replay-Nonce: ", NULL};
  asking a;

  (void)state;
  begin(&a, NULL);
  client_rig_register(&a.rig, NULL);
  client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
  scripted_answer(&a.rig.server, 400, none, CLIENT_PROBLEM("badNonce"));
  client_rig_expect(&a.rig, "HEAD", CLIENT_BASE "/nonce", NULL);
  scripted_answer(&a.rig.server, 405, none, NULL); /* HEAD is not known there */
  scripted_sleep(&a.rig.server, 2000);
  client_rig_expect(&a.rig, "GET", CLIENT_BASE "/nonce", NULL);
  {
    static const char *const one[] = {"Replay-Nonce: fresh", NULL};

    scripted_answer(&a.rig.server, 204, one, NULL);
  }
  client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
  assert_non_null(strstr(a.rig.server.header, "\"nonce\":\"fresh\""));
  end(&a);
}

/* every attempt has a nonce of its own, whatever was wrong with the one before */
static void t14_no_nonce_twice(void **state)
{
  static const int statuses[] = {429, 500, 503, 400, 502};
  char seen[6][64];
  asking a;

  (void)state;
  begin(&a, NULL);
  client_rig_register(&a.rig, NULL);
  for (size_t i = 0; i < 6; i++) {
    client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
    nonce_of(&a, seen[i]);
    for (size_t k = 0; k < i; k++) {
      assert_string_not_equal(seen[k], seen[i]);
    }
    if (i < 5) {
      scripted_answer(&a.rig.server, statuses[i], NULL, CLIENT_PROBLEM("rateLimited"));
      scripted_sleep(&a.rig.server, SDG_TIME_MINUTE);
    }
  }
  end(&a);
}

/* a nonce that has lain about for hours is not used */
static void t15_old_nonces(void **state)
{
  asking a;
  stardeleg_ask asked;

  (void)state;
  begin(&a, NULL);
  client_rig_register(&a.rig, NULL);
  a.errand.wait_until = a.rig.server.now + 3 * SDG_TIME_HOUR;
  (void)scripted_wait(&a.rig.server);
  a.rig.server.now += 3 * SDG_TIME_HOUR;
  assert_ok(a.rig.engine.next(a.rig.engine.self, &asked, a.rig.server.now));
  assert_string_equal(asked.request.method, "HEAD");
  end(&a);
}

/* newNonce: 200 or 204, any type, any body, slow */
static void t16_new_nonce_in_any_form(void **state)
{
  static const char *const html[] = {"Content-Type: text/html", "Replay-Nonce: abc", NULL};
  asking a;

  (void)state;
  for (int status = 200; status <= 204; status += 4) {
    begin(&a, NULL);
    client_rig_directory(&a.rig, NULL);
    client_rig_expect(&a.rig, "HEAD", CLIENT_BASE "/nonce", NULL);
    scripted_lose(&a.rig.server, STARDELEG_TRANSPORT_TIMEOUT);
    scripted_sleep(&a.rig.server, 2000);
    client_rig_expect(&a.rig, "GET", CLIENT_BASE "/nonce", NULL);
    scripted_answer(&a.rig.server, status, html, "<html>");
    client_rig_expect(&a.rig, "POST", CLIENT_BASE "/account", NULL);
    end(&a);
  }
}

static void t17_unknown_directory_members(void **state)
{
  asking a;

  (void)state;
  begin(&a, NULL);
  client_rig_register(&a.rig, ",\"AbCdEf\":\"https://community.example/why\",\"x\":{\"y\":[1,null]},\"z\":null");
  client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
  end(&a);
}

/* the binding is computed once, the account is kept: a known account is never bound again */
static void t32_binding_is_used_once(void **state)
{
  sdg_session_options options = {.kid = CLIENT_ACCOUNT,
                                 .eab_key_id = "kid-1",
                                 .eab_mac_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
  asking a;

  (void)state;
  begin(&a, &options);
  client_rig_directory(&a.rig, NULL);
  client_rig_expect(&a.rig, "HEAD", CLIENT_BASE "/nonce", NULL);
  scripted_answer(&a.rig.server, 200, NULL, NULL);
  client_rig_expect(&a.rig, "POST", RESOURCE, NULL); /* and no newAccount */
  end(&a);
}

/* padding, the standard alphabet and line ends in what people paste; ACME-7.3.4-05 */
static void t33_mac_keys_in_any_form(void **state)
{
  static const char *const good[] = {
      "-_-_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
      "+/+/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "-_-_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"};
  static const char *const bad[] = {"", "AAAA", "secret!", "-_-_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA$"};
  stardeleg_problem problem;
  char first[4096] = "";

  (void)state;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    sdg_session_options options = {.eab_key_id = "kid-1", .eab_mac_key = good[i]};
    asking a;

    begin(&a, &options);
    client_rig_directory(&a.rig, NULL);
    client_rig_expect(&a.rig, "HEAD", CLIENT_BASE "/nonce", NULL);
    scripted_answer(&a.rig.server, 200, NULL, NULL);
    client_rig_expect(&a.rig, "POST", CLIENT_BASE "/account", NULL);
    assert_non_null(strstr(a.rig.server.payload, "\"externalAccountBinding\":{\"protected\":"));
    (void)snprintf(first, sizeof(first), "%s", a.rig.server.payload);
    end(&a);
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    sdg_session_options options = {
        .directory_url = CLIENT_BASE "/directory", .eab_key_id = "kid-1", .eab_mac_key = bad[i]};
    sdg_agent *agent = NULL;
    sdg_session *session = NULL;

    assert_ok(sdg_agent_new(&agent, test_crypto(), NULL));
    assert_ok(stardeleg_key_generate(&options.key, test_crypto(), STARDELEG_KEY_P256));
    assert_err(STARDELEG_ERR_CONFIG, sdg_session_new(&session, agent, &options, &problem));
    stardeleg_key_free(options.key);
    sdg_agent_free(agent);
  }
}

/* refused registrations are told as the CA said it, and tried again with growing pauses */
static void refused_registration(int status, const char *body, const char *told)
{
  asking a;

  begin(&a, NULL);
  client_rig_directory(&a.rig, NULL);
  client_rig_expect(&a.rig, "HEAD", CLIENT_BASE "/nonce", NULL);
  scripted_answer(&a.rig.server, 200, NULL, NULL);
  client_rig_expect(&a.rig, "POST", CLIENT_BASE "/account", NULL);
  scripted_answer(&a.rig.server, status, NULL, body);
  assert_true(scripted_wait(&a.rig.server) > a.rig.server.now);
  assert_non_null(sdg_session_problem(a.rig.session));
  assert_non_null(strstr(sdg_session_problem(a.rig.session)->detail, told));
  end(&a);
}

static void t34_binding_needed_but_unsaid(void **state)
{
  (void)state;
  refused_registration(400, CLIENT_PROBLEM("malformed"), "no: malformed");
  refused_registration(403, CLIENT_PROBLEM("unauthorized"), "no: unauthorized");
  refused_registration(403, CLIENT_PROBLEM("externalAccountRequired"), "no: externalAccountRequired");
}

static void t35_contact_needed(void **state)
{
  (void)state;
  refused_registration(400, "{\"type\":\"urn:ietf:params:acme:error:invalidContact\",\"detail\":\"one is needed\"}",
                       "one is needed");
}

static void t36_more_and_less_in_problems(void **state)
{
  (void)state;
  refused_registration(
      400, "{\"type\":\"urn:ietf:params:acme:error:malformed\",\"detail\":\"odd\",\"requestID\":\"x\",\"y\":[{}]}",
      "odd");
  refused_registration(400, "{\"detail\":\"no type\"}", "no type");
}

/* a type nobody has registered keeps its name and counts by its status */
static void t37_unknown_types(void **state)
{
  static const struct {
    int status;
    const char *type;
    sdg_errand_state ends;
  } cases[] = {{409, "urn:ietf:params:acme:error:conflict", SDG_ERRAND_FAILED},
               {400, "urn:smallstep:acme:error:odd", SDG_ERRAND_FAILED},
               {503, "urn:smallstep:acme:error:odd", SDG_ERRAND_OPEN}};
  asking a;

  (void)state;
  for (size_t i = 0; i < 3; i++) {
    char body[200];

    begin(&a, NULL);
    client_rig_register(&a.rig, NULL);
    client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
    (void)snprintf(body, sizeof(body), "{\"type\":\"%s\",\"detail\":\"odd\"}", cases[i].type);
    scripted_answer(&a.rig.server, cases[i].status, NULL, body);
    assert_int_equal(a.errand.state, cases[i].ends);
    assert_string_equal(a.errand.problem.type, cases[i].type);
    end(&a);
  }
}

/* ACME-7.3.3-02: where the user has to look: the instance, or what the answer links to */
static void terms_have_changed(void **state)
{
  static const char *const links[] = {"Link: <https://ca.example/terms/2>;rel=\"terms-of-service\"", NULL};
  asking a;

  (void)state;
  for (int has_instance = 0; has_instance < 2; has_instance++) {
    begin(&a, NULL);
    client_rig_register(&a.rig, NULL);
    client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
    scripted_answer(&a.rig.server, 403, links,
                    has_instance != 0 ? "{\"type\":\"urn:ietf:params:acme:error:userActionRequired\",\"detail\":\"x\","
                                        "\"instance\":\"https://ca.example/agree?t=1\"}"
                                      : CLIENT_PROBLEM("userActionRequired"));
    assert_int_equal(a.errand.state, SDG_ERRAND_FAILED);
    assert_string_equal(a.errand.problem.instance,
                        has_instance != 0 ? "https://ca.example/agree?t=1" : "https://ca.example/terms/2");
    end(&a);
  }
}

/* redirects: followed for the directory, never for a POST */
static void t49_redirects(void **state)
{
  static const char *const moved[] = {"Location: https://new.example/directory", NULL};
  asking a;

  (void)state;
  begin(&a, NULL);
  client_rig_expect(&a.rig, "GET", CLIENT_BASE "/directory", NULL);
  scripted_answer(&a.rig.server, 301, moved, NULL);
  client_rig_expect(&a.rig, "GET", "https://new.example/directory", NULL);
  end(&a);
  begin(&a, NULL);
  client_rig_register(&a.rig, NULL);
  client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
  scripted_answer(&a.rig.server, 307, moved, NULL);
  assert_int_equal(a.errand.state, SDG_ERRAND_FAILED);
  end(&a);
}

/* ACME-6.6-04: the time is kept, the link is told; without a time the pauses grow */
static void t50_rate_limits(void **state)
{
  static const struct {
    int status;
    const char *const headers[3];
    int64_t pause;
  } cases[] = {{429, {"Retry-After: 7200", "Link: <https://ca.example/limits>;rel=\"help\"", NULL}, 2 * SDG_TIME_HOUR},
               {400, {"Retry-After: 7200", "Link: </limits>;rel=help", NULL}, 2 * SDG_TIME_HOUR},
               {503, {"Retry-After: Sun, 13 Sep 2020 13:26:40 GMT", NULL}, SDG_TIME_HOUR},
               {403, {"Retry-After: 31536000", NULL}, SDG_TIME_DAY}};
  asking a;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    begin(&a, NULL);
    client_rig_register(&a.rig, NULL);
    client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
    scripted_answer(&a.rig.server, cases[i].status, cases[i].headers, CLIENT_PROBLEM("rateLimited"));
    assert_true(scripted_wait(&a.rig.server) == a.rig.server.now + cases[i].pause);
    assert_int_equal(a.errand.problem.acme, STARDELEG_ACME_RATE_LIMITED);
    if (i < 2) {
      assert_string_equal(a.errand.problem.instance, "https://ca.example/limits");
    }
    end(&a);
  }
}

static void t51_outages(void **state)
{
  static const char *const minute[] = {"Retry-After: 60", NULL};
  asking a;

  (void)state;
  for (int status = 500; status <= 503; status += 3) {
    begin(&a, NULL);
    client_rig_register(&a.rig, NULL);
    client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
    scripted_answer(&a.rig.server, status, minute, CLIENT_PROBLEM("serverInternal"));
    assert_true(scripted_wait(&a.rig.server) == a.rig.server.now + SDG_TIME_MINUTE);
    end(&a);
  }
}

/* the account URL is used exactly as it came */
static void t54_account_url_is_a_string(void **state)
{
  static const char *const odd[] = {"Location: https://ca.example:443/acme/acct/1", NULL};
  asking a;

  (void)state;
  begin(&a, NULL);
  client_rig_directory(&a.rig, NULL);
  client_rig_expect(&a.rig, "HEAD", CLIENT_BASE "/nonce", NULL);
  scripted_answer(&a.rig.server, 200, NULL, NULL);
  client_rig_expect(&a.rig, "POST", CLIENT_BASE "/account", NULL);
  scripted_answer(&a.rig.server, 200, odd, "{\"status\":\"valid\"}");
  client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
  assert_non_null(strstr(a.rig.server.header, "\"kid\":\"https://ca.example:443/acme/acct/1\""));
  end(&a);
}

/* header names in any case (HTTP/2) */
static void t55_lower_case_headers(void **state)
{
  static const char *const lower[] = {"location: " CLIENT_ACCOUNT, "replay-nonce: low", NULL};
  asking a;

  (void)state;
  begin(&a, NULL);
  client_rig_directory(&a.rig, NULL);
  client_rig_expect(&a.rig, "HEAD", CLIENT_BASE "/nonce", NULL);
  scripted_answer(&a.rig.server, 200, NULL, NULL);
  client_rig_expect(&a.rig, "POST", CLIENT_BASE "/account", NULL);
  scripted_answer(&a.rig.server, 201, lower, "{\"status\":\"valid\"}");
  client_rig_expect(&a.rig, "POST", RESOURCE, NULL);
  assert_non_null(strstr(a.rig.server.header, "\"nonce\":\"low\""));
  end(&a);
}

/* ACME-7.3.1-02: looking up makes nothing */
static void only_existing(void **state)
{
  sdg_session_options options = {.only_existing = true};
  asking a;

  (void)state;
  begin(&a, &options);
  client_rig_directory(&a.rig, NULL);
  client_rig_expect(&a.rig, "HEAD", CLIENT_BASE "/nonce", NULL);
  scripted_answer(&a.rig.server, 200, NULL, NULL);
  client_rig_expect(&a.rig, "POST", CLIENT_BASE "/account", "{\"onlyReturnExisting\":true}");
  scripted_answer(&a.rig.server, 400, NULL, CLIENT_PROBLEM("accountDoesNotExist"));
  assert_true(scripted_wait(&a.rig.server) > a.rig.server.now);
  assert_int_equal(sdg_session_problem(a.rig.session)->acme, STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST);
  end(&a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(t12_bad_nonces),
                                     cmocka_unit_test(t12_never_a_good_nonce),
                                     cmocka_unit_test(t13_errors_without_nonce),
                                     cmocka_unit_test(t14_no_nonce_twice),
                                     cmocka_unit_test(t15_old_nonces),
                                     cmocka_unit_test(t16_new_nonce_in_any_form),
                                     cmocka_unit_test(t17_unknown_directory_members),
                                     cmocka_unit_test(t32_binding_is_used_once),
                                     cmocka_unit_test(t33_mac_keys_in_any_form),
                                     cmocka_unit_test(t34_binding_needed_but_unsaid),
                                     cmocka_unit_test(t35_contact_needed),
                                     cmocka_unit_test(t36_more_and_less_in_problems),
                                     cmocka_unit_test(t37_unknown_types),
                                     cmocka_unit_test(terms_have_changed),
                                     cmocka_unit_test(t49_redirects),
                                     cmocka_unit_test(t50_rate_limits),
                                     cmocka_unit_test(t51_outages),
                                     cmocka_unit_test(t54_account_url_is_a_string),
                                     cmocka_unit_test(t55_lower_case_headers),
                                     cmocka_unit_test(only_existing)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
