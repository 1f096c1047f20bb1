/* SPDX-License-Identifier: Apache-2.0 */
/* ido_issuer_test.c -- the owner as the CA's client, the CA played by hand (RFC 9115 2.2, 2.3.2). */
#include "support/ido_played.h"

#include "base/bytes.h"

/* --- What is passed on --- */

typedef struct pass_case {
  const char *identifiers;
  const char *renewal;
} pass_case;

/* STARDEL-2.3.2-17 to -19, STARDEL-2.2-09 */
static const pass_case pass_cases[] = {
    {"[{\"type\":\"dns\",\"value\":\"abc.ido.example\"}]", "{" RENEWAL "}"},
    {"[{\"type\":\"dns\",\"value\":\"ABC.Ido.example\"}]",
     "{\"x-more\":[1,{\"y\":2.50}]," RENEWAL ",\"start-date\":\"2026-01-09T00:00:00.25+01:00\",\"lifetime-adjust\":9}"},
};

static void test_payload(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(pass_cases) / sizeof(pass_cases[0]); i++) {
    played p;
    char payload[1024];
    sdg_json *sent = NULL;
    sdg_json *wanted = NULL;

    played_open(&p);
    (void)snprintf(payload, sizeof(payload),
                   "{\"identifiers\":%s,\"auto-renewal\":%s,\"delegation\":\"" WORLD_IDO
                   "/delegation/d1\",\"allow-certificate-get\":true}",
                   pass_cases[i].identifiers, pass_cases[i].renewal);
    assert_int_equal(acme_peer_post(&p.w.ndc[0], WORLD_IDO "/new-order", payload), 201);
    (void)snprintf(p.url, sizeof(p.url), "%s", acme_peer_header(&p.w.ndc[0], "Location"));
    played_finalize(&p);
    played_reach_new_order(&p);
    (void)snprintf(payload, sizeof(payload), "{\"identifiers\":%s,\"auto-renewal\":%s}", pass_cases[i].identifiers,
                   pass_cases[i].renewal);
    assert_ok(sdg_json_parse(&sent, sdg_bytes_str(p.ca.payload), NULL, NULL));
    assert_ok(sdg_json_parse(&wanted, sdg_bytes_str(payload), NULL, NULL));
    assert_true(sdg_json_equal(sent, wanted));
    assert_null(strstr(p.ca.payload, "delegation"));
    /* STARDEL-2.1-03 */
    assert_non_null(strstr(p.ca.header, "\"kid\":\"" WORLD_CA "/acct/1\""));
    sdg_json_free(sent);
    sdg_json_free(wanted);
    played_end(&p);
  }
}

/* STARDEL-2.2-04: nothing goes to the CA before there is a good CSR. */
static void test_nothing_before_csr(void **state)
{
  played p;

  (void)state;
  played_open(&p);
  ido_world_order(&p.w, 0, "d1", "abc.ido.example", p.url);
  played_give_directory(&p, DIRECTORY(STAR_META)); /* AMB-03: looked at from the start */
  scripted_expect(&p.ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p.ca, 200, NULL, NULL);
  scripted_expect(&p.ca, "POST", WORLD_CA "/new-account");
  scripted_answer(&p.ca, 201, played_account_location, "{\"status\":\"valid\"}");
  played_assert_rests(&p);
  assert_null(strstr(p.w.log, "ido.issuer.unfit"));
  played_finalize(&p);
  scripted_expect(&p.ca, "POST", WORLD_CA "/new-order");
  played_end(&p);
}

/* --- A CA without unauthenticated GET --- */

static const char *const unfit[] = {
    DIRECTORY(""),
    DIRECTORY("\"auto-renewal\":{\"min-lifetime\":1,\"max-duration\":99999999}"),
    DIRECTORY("\"auto-renewal\":{\"min-lifetime\":1,\"max-duration\":99999999,\"allow-certificate-get\":false}"),
    DIRECTORY("\"allow-certificate-get\":true"),
};

/* The account may still be made; newOrder must not be. */
static void refuse_new_order(played *p)
{
  for (;;) {
    stardeleg_ask ask;

    assert_ok(p->ca.engine->next(p->ca.engine->self, &ask, p->ca.now));
    if (ask.want == STARDELEG_WANT_WAIT) {
      return;
    }
    assert_string_not_equal(ask.request.url, WORLD_CA "/new-order");
    p->ca.id = ask.id;
    (void)snprintf(p->ca.method, sizeof(p->ca.method), "%s", ask.request.method);
    scripted_answer(&p->ca, 201, played_account_location, "{\"status\":\"valid\"}");
  }
}

/* STARDEL-2.3.2-23, -24, -25, AMB-03 */
static void test_no_get(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
    played p;

    played_begin(&p);
    played_give_directory(&p, unfit[i]);
    refuse_new_order(&p);
    assert_string_equal(played_status(&p), "invalid");
    assert_int_equal(sdg_json_type_of(played_renewal_member(&p, "allow-certificate-get")), SDG_JSON_BOOL);
    assert_false(sdg_json_bool(played_renewal_member(&p, "allow-certificate-get")));
    assert_int_equal(sdg_json_int(played_renewal_member(&p, "lifetime")), 345600);
    assert_non_null(strstr(p.w.log, "ido.issuer.unfit"));
    played_end(&p);
  }
}

/* STAR-3.2-02: what the CA says it will not do is not asked of it. */
static void test_bounds(void **state)
{
  static const struct {
    const char *directory;
    const char *place;
  } cases[] = {
      {DIRECTORY("\"auto-renewal\":{\"min-lifetime\":345601,\"max-duration\":99999999,\"allow-certificate-get\":true}"),
       "lifetime"},
      {DIRECTORY("\"auto-renewal\":{\"min-lifetime\":1,\"max-duration\":5097599,\"allow-certificate-get\":true}"),
       "end-date"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    played p;

    played_begin(&p);
    played_give_directory(&p, cases[i].directory);
    refuse_new_order(&p);
    assert_string_equal(played_status(&p), "invalid");
    assert_string_equal(played_error_text(&p, "type"), "urn:ietf:params:acme:error:malformed");
    assert_non_null(strstr(p.w.ndc[0].body, cases[i].place));
    assert_true(sdg_json_bool(played_renewal_member(&p, "allow-certificate-get")));
    played_end(&p);
  }
  for (int i = 0; i < 2; i++) { /* exactly as long, exactly as short */
    played p;

    played_begin(&p);
    played_give_directory(&p, i == 0 ? DIRECTORY("\"auto-renewal\":{\"min-lifetime\":345600,\"max-duration\":5097600,"
                                                 "\"allow-certificate-get\":true}")
                                     : DIRECTORY("\"auto-renewal\":{\"min-lifetime\":0,\"max-duration\":0,"
                                                 "\"allow-certificate-get\":true}"));
    scripted_expect(&p.ca, "HEAD", WORLD_CA "/new-nonce");
    scripted_answer(&p.ca, 200, NULL, NULL);
    scripted_expect(&p.ca, "POST", WORLD_CA "/new-account");
    scripted_answer(&p.ca, 201, played_account_location, "{\"status\":\"valid\"}");
    scripted_expect(&p.ca, "POST", WORLD_CA "/new-order");
    played_end(&p);
  }
}

/* STARDEL-2.3.2-26: found out in Order2; the CSR is never sent. */
static void test_not_reflected(void **state)
{
  static const char *const renewals[] = {
      "",
      "\"end-date\":\"" WORLD_END "\",\"lifetime\":345600",
      "\"end-date\":\"" WORLD_END "\",\"lifetime\":345600,\"allow-certificate-get\":false",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(renewals) / sizeof(renewals[0]); i++) {
    played p;

    played_begin(&p);
    played_reach_new_order(&p);
    scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", renewals[i], ""));
    played_assert_rests(&p);
    assert_string_equal(played_status(&p), "invalid");
    assert_false(sdg_json_bool(played_renewal_member(&p, "allow-certificate-get")));
    assert_string_equal(p.w.cnames, "");
    played_end(&p);
  }
}

/* --- Adjustments (AMB-05) --- */

typedef struct adjust_case {
  const char *renewal;
  bool allowed;
  int64_t lifetime;
  int64_t adjust;
} adjust_case;

static const adjust_case adjust_cases[] = {
    {RENEWAL, true, 345600, 0},
    {RENEWAL ",\"lifetime-adjust\":7", true, 345600, 7},
    {"\"end-date\":\"" WORLD_END "\",\"lifetime\":86400,\"allow-certificate-get\":true", true, 86400, 0},
    {RENEWAL ",\"x-more\":1", true, 345600, 0},
    {"\"end-date\":\"2026-03-01T01:00:00+01:00\",\"lifetime\":345600,\"allow-certificate-get\":true", true, 345600, 0},
    {"\"end-date\":\"" WORLD_END "\",\"lifetime\":345601,\"allow-certificate-get\":true", false, 0, 0},
    {"\"end-date\":\"2026-02-28T00:00:00Z\",\"lifetime\":345600,\"allow-certificate-get\":true", false, 0, 0},
    {"\"end-date\":\"2026-03-02T00:00:00Z\",\"lifetime\":345600,\"allow-certificate-get\":true", false, 0, 0},
    {RENEWAL ",\"start-date\":\"2026-01-02T00:00:00Z\"", false, 0, 0},
    {"\"end-date\":7,\"lifetime\":345600,\"allow-certificate-get\":true", false, 0, 0},
};

static void test_adjustments(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(adjust_cases) / sizeof(adjust_cases[0]); i++) {
    const adjust_case *c = &adjust_cases[i];
    played p;

    print_message("%s\n", c->renewal);
    played_begin(&p);
    played_reach_new_order(&p);
    scripted_answer(&p.ca, 201, played_order_location, played_order2("ready", c->renewal, ""));
    if (!c->allowed) {
      played_assert_rests(&p);
      assert_string_equal(played_status(&p), "invalid");
      assert_true(played_error_text(&p, "detail")[0] != '\0');
      assert_true(sdg_json_bool(played_renewal_member(&p, "allow-certificate-get")));
      played_end(&p);
      continue;
    }
    scripted_expect(&p.ca, "POST", ORDER2 "/finalize");
    /* until then it shows what was sent */
    assert_string_equal(played_status(&p), "processing");
    assert_int_equal(sdg_json_int(played_renewal_member(&p, "lifetime")), 345600);
    scripted_answer(&p.ca, 200, NULL, played_order2("valid", c->renewal, ",\"star-certificate\":\"" CERT "\""));
    played_assert_rests(&p);
    assert_string_equal(played_status(&p), "valid");
    assert_int_equal(sdg_json_int(played_renewal_member(&p, "lifetime")), c->lifetime);
    assert_int_equal(sdg_json_int(played_renewal_member(&p, "lifetime-adjust")), c->adjust);
    assert_null(played_renewal_member(&p, "x-more"));
    played_end(&p);
  }
}

/* The CA changes its mind after the CSR has reached it: what it may have issued is cancelled first. */
static void test_late_change(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_finalize(&p);
  scripted_answer(
      &p.ca, 200, NULL,
      played_order2("valid", "\"end-date\":\"2026-03-09T00:00:00Z\",\"lifetime\":345600,\"allow-certificate-get\":true",
                    ",\"star-certificate\":\"" CERT "\""));
  scripted_expect(&p.ca, "POST", ORDER2);
  assert_string_equal(p.ca.payload, "{\"status\":\"canceled\"}");
  assert_string_not_equal(played_status(&p), "valid");
  scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "invalid");
  assert_non_null(strstr(played_error_text(&p, "detail"), "end-date"));
  assert_string_equal(p.w.cnames, "");
  played_end(&p);
}

/* --- The end of Order2 --- */

/* STARDEL-2.2-06, STARDEL-2.3.2-12, -20, -21 */
static void test_valid(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("processing", RENEWAL, ""));
  assert_string_equal(played_status(&p), "processing");
  scripted_sleep(&p.ca, 60000);
  scripted_expect(&p.ca, "POST", ORDER2);
  scripted_answer(&p.ca, 200, NULL,
                  played_order2("valid", RENEWAL,
                                ",\"star-certificate\":\"" CERT
                                "\",\"notBefore\":\"2026-01-01T00:00:00Z\",\"notAfter\":"
                                "\"2026-01-05T00:00:00Z\""));
  played_assert_rests(&p);
  assert_string_equal(played_status(&p), "valid");
  assert_string_equal(ido_world_text(&p.w, 0, "star-certificate"), CERT);
  assert_null(sdg_json_member(p.w.ndc[0].json, "notBefore"));
  assert_null(sdg_json_member(p.w.ndc[0].json, "notAfter"));
  assert_null(sdg_json_member(p.w.ndc[0].json, "error"));
  assert_int_equal(sdg_json_count(sdg_json_member(p.w.ndc[0].json, "authorizations")), 0);
  assert_string_equal(p.w.cnames, "+abc.ido.example.>abc.cdn.example. ");
  played_end(&p);
}

static void test_valid_without_star(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("valid", RENEWAL, ",\"certificate\":\"" CERT "\""));
  assert_string_equal(played_status(&p), "invalid");
  assert_null(sdg_json_member(p.w.ndc[0].json, "certificate"));
  scripted_expect(&p.ca, "POST", ORDER2); /* nor is it left to renew */
  assert_string_equal(p.ca.payload, "{\"status\":\"canceled\"}");
  scripted_answer(&p.ca, 200, NULL, played_order2("canceled", RENEWAL, ""));
  played_assert_rests(&p);
  played_end(&p);
}

#define PROBLEM                                                                                                        \
  "{\"type\":\"urn:ietf:params:acme:error:rejectedIdentifier\",\"detail\":\"not here\",\"subproblems\":[{\"type\":"    \
  "\"urn:ietf:params:acme:error:caa\",\"detail\":\"forbidden\",\"identifier\":{\"type\":\"dns\",\"value\":"            \
  "\"abc.ido.example\"}}]}"

static void assert_ca_problem(played *p)
{
  const sdg_json *sub;

  assert_string_equal(played_status(p), "invalid");
  assert_string_equal(played_error_text(p, "type"), "urn:ietf:params:acme:error:rejectedIdentifier");
  assert_string_equal(played_error_text(p, "detail"), "not here");
  sub = sdg_json_first(sdg_json_member(sdg_json_member(p->w.ndc[0].json, "error"), "subproblems"));
  assert_string_equal(sdg_json_string(sdg_json_member(sub, "type")), "urn:ietf:params:acme:error:caa");
  assert_string_equal(sdg_json_string(sdg_json_member(sdg_json_member(sub, "identifier"), "value")), "abc.ido.example");
  assert_true(sdg_json_bool(played_renewal_member(p, "allow-certificate-get")));
}

/* STARDEL-2.2-05: wherever it fails, Order1 says why. */
static void test_failures(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_new_order(&p);
  scripted_answer(&p.ca, 403, NULL, PROBLEM);
  played_assert_rests(&p);
  assert_ca_problem(&p);
  played_end(&p);
  played_begin(&p);
  played_reach_finalize(&p);
  scripted_answer(&p.ca, 403, NULL, PROBLEM);
  assert_ca_problem(&p);
  scripted_expect(&p.ca, "POST", ORDER2); /* looked at: it was the CA that refused, and it means it */
  scripted_answer(&p.ca, 200, NULL, played_order2("ready", RENEWAL, ""));
  played_assert_rests(&p);
  assert_ca_problem(&p);
  played_end(&p);
  played_begin(&p);
  played_reach_finalize(&p);
  scripted_answer(&p.ca, 200, NULL, played_order2("invalid", RENEWAL, ",\"error\":" PROBLEM));
  played_assert_rests(&p);
  assert_ca_problem(&p);
  played_end(&p);
}

/* --- What must be safe when --- */

/* Order2's URL is in the store before finalize goes out; a restart goes on there, with the same CSR (STARDEL-2.2-07).
 */
static void test_saved_before_finalize(void **state)
{
  played p;
  char *csr;

  (void)state;
  played_begin(&p);
  played_reach_finalize(&p);
  csr = strdup(p.ca.payload);
  ido_world_restart(&p.w);
  p.ca.engine = stardeleg_ido_engine(p.w.ido);
  p.ca.now += p.w.options.lease_ms + 1;
  played_give_directory(&p, DIRECTORY(STAR_META));
  scripted_expect(&p.ca, "HEAD", WORLD_CA "/new-nonce"); /* no newAccount: the account is known */
  scripted_answer(&p.ca, 200, NULL, NULL);
  scripted_expect(&p.ca, "POST", ORDER2 "/finalize");
  assert_string_equal(p.ca.payload, csr);
  free(csr);
  played_end(&p);
}

/* While the store cannot take it, the next step is not taken. */
static void test_unsaved(void **state)
{
  played p;
  stardeleg_ask ask;
  stardeleg_outcome outcome = {0};
  stardeleg_http_header header = {SDG_BYTES_LITERAL("Location"), SDG_BYTES_LITERAL(ORDER2)};
  stardeleg_http_response response = {.status = 201, .headers = &header, .header_count = 1};

  (void)state;
  played_begin(&p);
  played_reach_new_order(&p);
  response.body = sdg_bytes_str(played_order2("ready", RENEWAL, ""));
  outcome.response = &response;
  p.w.fail_batches = 3;
  assert_err(STARDELEG_ERR_STORE, p.ca.engine->answer(p.ca.engine->self, p.ca.id, &outcome, p.ca.now));
  for (int i = 0; i < 2; i++) {
    p.ca.now += 2000;
    assert_err(STARDELEG_ERR_STORE, p.ca.engine->next(p.ca.engine->self, &ask, p.ca.now));
  }
  p.ca.now += 2000;
  scripted_sleep(&p.ca, 1); /* saved; the next step is not in the same breath */
  scripted_expect(&p.ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p.ca, 200, NULL, NULL);
  scripted_expect(&p.ca, "POST", ORDER2 "/finalize");
  played_end(&p);
}

/* A failure at the CA is told, survives in the store, and the pause grows. */
static void test_retry(void **state)
{
  played p;
  const char *retry[] = {"Retry-After: 3600", NULL};

  (void)state;
  played_begin(&p);
  played_reach_new_order(&p);
  scripted_answer(&p.ca, 503, retry, "{\"type\":\"urn:ietf:params:acme:error:serverInternal\",\"detail\":\"busy\"}");
  assert_string_equal(ido_world_record(&p.w, "order", strrchr(p.url, '/') + 1, "reason"), "busy");
  (void)scripted_wait(&p.ca);
  ido_world_restart(&p.w);
  p.ca.engine = stardeleg_ido_engine(p.w.ido);
  p.ca.now += 1800 * WORLD_S;
  played_give_directory(&p, DIRECTORY(STAR_META));
  played_assert_rests(&p);
  p.ca.now += 1801 * WORLD_S;
  scripted_expect(&p.ca, "HEAD", WORLD_CA "/new-nonce");
  scripted_answer(&p.ca, 200, NULL, NULL);
  scripted_expect(&p.ca, "POST", WORLD_CA "/new-order");
  assert_string_equal(played_status(&p), "processing");
  played_end(&p);
}

/* An account of another CA is not used at this one. */
static void test_other_directory(void **state)
{
  played p;

  (void)state;
  played_begin(&p);
  played_reach_new_order(&p);
  p.w.issuer.directory_url = "https://new.example/directory";
  ido_world_restart(&p.w);
  p.ca.engine = stardeleg_ido_engine(p.w.ido);
  p.ca.now += p.w.options.lease_ms + 1;
  scripted_expect(&p.ca, "GET", "https://new.example/directory");
  scripted_answer(&p.ca, 200, NULL,
                  "{\"newNonce\":\"https://new.example/n\",\"newAccount\":\"https://new.example/a\",\"newOrder\":"
                  "\"https://new.example/o\",\"meta\":{" STAR_META "}}");
  scripted_expect(&p.ca, "HEAD", "https://new.example/n");
  scripted_answer(&p.ca, 200, NULL, NULL);
  scripted_expect(&p.ca, "POST", "https://new.example/a");
  played_end(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_payload),         cmocka_unit_test(test_nothing_before_csr),
      cmocka_unit_test(test_no_get),          cmocka_unit_test(test_not_reflected),
      cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_adjustments),     cmocka_unit_test(test_late_change),
      cmocka_unit_test(test_valid),           cmocka_unit_test(test_valid_without_star),
      cmocka_unit_test(test_failures),        cmocka_unit_test(test_saved_before_finalize),
      cmocka_unit_test(test_unsaved),         cmocka_unit_test(test_retry),
      cmocka_unit_test(test_other_directory),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
