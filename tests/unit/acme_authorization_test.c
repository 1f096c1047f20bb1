/* SPDX-License-Identifier: Apache-2.0 */
/* acme_authorization_test.c -- authorizations and challenges, one fault at a time. */
#include "support/spoil.h"

#include "acme/authorization.h"
#include "base/bytes.h"

#define CHALLENGE(more) "{\"type\":\"http-01\",\"url\":\"https://ca.example/c/1\"" more "}"
#define TOKEN "\"token\":\"DGyRejmCefe7v4NfDGDKfA\""

static const char full[] =
    "{\"status\":\"valid\",\"expires\":\"2015-03-01T14:09:07.990Z\",\"identifier\":{\"type\":\"dns\",\"value\":"
    "\"www.example.org\"},\"wildcard\":true,\"challenges\":[" CHALLENGE(
        ",\"status\":\"valid\"," TOKEN ",\"validated\":\"2014-12-01T12:05:58.16Z\"") "]}";

static stardeleg_err parse(const char *text, stardeleg_problem *problem)
{
  sdg_acme_authorization authz;
  stardeleg_err err;

  memset(&authz, 0x5a, sizeof(authz));
  err = sdg_acme_authorization_parse(&authz, sdg_bytes_str(text), problem);
  if (err == STARDELEG_OK) {
    sdg_acme_authorization_clear(&authz);
  } else {
    assert_int_equal(*(unsigned char *)&authz, 0x5a);
  }
  return err;
}

/* ACME-7.1.4-01, ACME-7.1.4-02, errata 5732, 6364, 8883 */
static void spoiled(void **state)
{
  static const spoiling cases[] = {
      {"status", NULL, false, "/status"},
      {"status", "\"frozen\"", false, "/status"},
      {"status", "\"processing\"", false, "/status"},
      {"status", "\"revoked\"", true, NULL},
      {"identifier", NULL, false, "/identifier"},
      {"identifier", "\"www.example.org\"", false, "/identifier"},
      {"identifier", "{\"type\":\"dns\"}", false, "/value"},
      {"identifier", "{\"type\":1,\"value\":\"a\"}", false, "/type"},
      {"challenges", NULL, false, "/challenges"},
      {"challenges", "{}", false, "/challenges"},
      {"challenges", "[]", true, NULL},
      {"challenges", "[1]", false, NULL},
      {"challenges", "[" CHALLENGE("") "]", true, NULL},
      {"challenges", "[" CHALLENGE(",\"status\":\"processing\",\"error\":{}") "]", true, NULL},
      {"challenges", "[" CHALLENGE(",\"status\":\"expired\"") "]", false, "/status"},
      {"challenges", "[" CHALLENGE(",\"status\":null") "]", true, NULL},
      {"challenges", "[" CHALLENGE(",\"token\":5") "]", false, "/token"},
      {"challenges", "[" CHALLENGE(",\"error\":\"no\"") "]", false, "/error"},
      {"challenges", "[" CHALLENGE(",\"validated\":\"yesterday\"") "]", false, "/validated"},
      {"challenges", "[{\"type\":\"http-01\"}]", false, "/url"},
      {"challenges", "[{\"type\":\"http-01\",\"url\":\"/c\"}]", false, "/url"},
      {"challenges", "[{\"url\":\"https://ca.example/c\"}]", false, "/type"},
      {"wildcard", NULL, true, NULL},
      {"wildcard", "false", true, NULL},
      {"wildcard", "\"true\"", false, "/wildcard"},
      {"expires", NULL, true, NULL},
      {"expires", "0", false, "/expires"},
      /* null is absent, where that does no harm: servers of others write it */
      {"wildcard", "null", true, NULL},
      {"expires", "null", true, NULL},
      {"challenges", "null", true, NULL},
      {"challenges",
       "[" CHALLENGE(",\"token\":null,\"validated\":null,\"error\":null,\"issuer-domain-names\":null") "]", true, NULL},
      {"challenges", "[" CHALLENGE(",\"issuer-domain-names\":\"ca.example\"") "]", false, "/issuer-domain-names"},
      {"status", "null", false, "/status"},
      {"identifier", "null", false, "/identifier"},
  };

  (void)state;
  spoil_all(parse, full, cases, sizeof(cases) / sizeof(cases[0]));
}

static void values(void **state)
{
  sdg_acme_authorization authz;
  char *text;

  (void)state;
  assert_ok(sdg_acme_authorization_parse(&authz, sdg_bytes_str(full), NULL));
  assert_true(authz.wildcard);
  assert_int_equal(authz.challenges[0].status, SDG_CHALLENGE_VALID);
  assert_int_equal(authz.challenges[0].validated, 1417435558160);
  sdg_acme_authorization_clear(&authz);
  /* EID 8883, EID 6364 */
  text = spoil_member(full, "challenges", "[" CHALLENGE("") "]");
  assert_ok(sdg_acme_authorization_parse(&authz, sdg_bytes_str(text), NULL));
  assert_int_equal(authz.challenges[0].status, SDG_CHALLENGE_PENDING);
  assert_null(authz.challenges[0].token);
  sdg_acme_authorization_clear(&authz);
  free(text);
  text = spoil_member(full, "wildcard", NULL);
  assert_ok(sdg_acme_authorization_parse(&authz, sdg_bytes_str(text), NULL));
  assert_false(authz.wildcard);
  sdg_acme_authorization_clear(&authz);
  free(text);
  assert_string_equal(sdg_authz_status_name((sdg_authz_status)99), "invalid");
  assert_string_equal(sdg_challenge_status_name((sdg_challenge_status)99), "invalid");
}

/* Tokens go into paths and zone files: those that cannot are not there. */
static void tokens(void **state)
{
  static const struct {
    const char *token;
    bool usable;
  } cases[] = {{"DGyRejmCefe7v4NfDGDKfA", true},
               {"a", true},
               {"-_", true},
               {"", false},
               {"../x", false},
               {"a/b", false},
               {"a\\nb", false},
               {"$(id)", false},
               {"a b", false},
               {"dG9r=", false},
               {"a+b", false},
               {"a.b", false},
               {"\\u00e9", false},
               {"`id`", false}};
  char longest[SDG_TOKEN_MAX + 2];

  (void)state;
  for (size_t i = 0; i < 2 + sizeof(cases) / sizeof(cases[0]); i++) {
    size_t k = i - 2;
    bool usable = i < 2 ? i == 0 : cases[k].usable;
    sdg_acme_authorization authz;
    char challenge[512];
    char *text;

    memset(longest, 'x', sizeof(longest));
    longest[SDG_TOKEN_MAX + (i == 0 ? 0 : 1)] = '\0';
    (void)snprintf(challenge, sizeof(challenge),
                   "[{\"type\":\"http-01\",\"url\":\"https://ca.example/c\",\"token\":\"%s\"}]",
                   i < 2 ? longest : cases[k].token);
    text = spoil_member(full, "challenges", challenge);
    assert_ok(sdg_acme_authorization_parse(&authz, sdg_bytes_str(text), NULL));
    assert_int_equal(authz.challenges[0].token != NULL, usable);
    sdg_acme_authorization_clear(&authz);
    free(text);
  }
}

static void round_trip(void **state)
{
  sdg_acme_authorization authz;
  sdg_json *before = NULL;
  sdg_json *after = NULL;
  sdg_json_writer w;
  sdg_buf out;
  char *text =
      spoil_member(full, "challenges",
                   "[" CHALLENGE(",\"status\":\"processing\"," TOKEN ",\"error\":{\"type\":\"urn:x\",\"n\":1.5}") "]");

  (void)state;
  sdg_buf_init(&out, 1u << 16);
  assert_ok(sdg_acme_authorization_parse(&authz, sdg_bytes_str(text), NULL));
  authz.expires = 1425218947000;
  sdg_jw_init(&w, &out);
  sdg_acme_authorization_write(&w, NULL, &authz);
  sdg_acme_authorization_clear(&authz);
  free(text);
  assert_ok(sdg_json_parse(&before, sdg_buf_bytes(&out), NULL, NULL));
  assert_ok(sdg_acme_authorization_from_tree(&authz, before, NULL));
  sdg_buf_reset(&out);
  sdg_jw_init(&w, &out);
  sdg_acme_authorization_write(&w, NULL, &authz);
  assert_ok(sdg_json_parse(&after, sdg_buf_bytes(&out), NULL, NULL));
  assert_true(sdg_json_equal(before, after));
  sdg_acme_authorization_clear(&authz);
  sdg_json_free(before);
  sdg_json_free(after);
  sdg_buf_clear(&out);
}

/* More challenges than there is room for: the first ones count. */
static void many(void **state)
{
  sdg_acme_authorization authz;
  char *text;
  sdg_buf list;

  (void)state;
  sdg_buf_init(&list, 1u << 16);
  for (int i = 0; i < 40; i++) {
    sdg_buf_add_str(&list, i == 0 ? "[" : ",");
    sdg_buf_add_str(&list, CHALLENGE(""));
  }
  sdg_buf_add_str(&list, "]");
  text = spoil_member(full, "challenges", sdg_buf_str(&list));
  assert_ok(sdg_acme_authorization_parse(&authz, sdg_bytes_str(text), NULL));
  assert_int_equal(authz.challenge_count, SDG_CHALLENGES_MAX);
  sdg_acme_authorization_clear(&authz);
  free(text);
  sdg_buf_clear(&list);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(spoiled), cmocka_unit_test(values), cmocka_unit_test(tokens),
                                     cmocka_unit_test(round_trip), cmocka_unit_test(many)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
