/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_solver_test.c -- which challenge is chosen, what the solver is told, what a failed order teaches. */
#include "support/client_rig.h"

#include "acme_client/order_flow.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"
#include "x509/acme_identifier.h"

#define AUTHZ CLIENT_BASE "/authz/1"
#define ORDER CLIENT_BASE "/order/1"
#define NEW CLIENT_BASE "/new-order"
#define URL(n) CLIENT_BASE "/chall/" n
#define CHALLENGE(type, n)                                                                                             \
  "{\"type\":\"" type "\",\"url\":\"" URL(n) "\",\"status\":\"pending\",\"token\":\"tok" n "\"}"
#define PERSIST(issuers)                                                                                               \
  "{\"type\":\"dns-persist-01\",\"url\":\"" URL("5") "\",\"status\":\"pending\",\"issuer-domain-names\":" issuers "}"
#define ALL                                                                                                            \
  CHALLENGE("http-01", "1") "," CHALLENGE("dns-01", "2") "," CHALLENGE("tls-alpn-01", "3") ","                         \
  CHALLENGE("dns-account-01", "4") "," PERSIST("[\"ca.example\"]")

static const char *const location[] = {"Location: " ORDER, NULL};

typedef struct solving {
  client_rig rig;
  sdg_order_flow flow;
  stardeleg_solver solver;
  const char *wants[6]; /* types by preference, the best first */
  char type[32];
  char token[64];
  char record_name[256];
  char record_value[256];
  char key_authorization[512];
  int wildcard;
  unsigned cleanups;
} solving;

static int can_solve(void *ctx, const char *type, const char *identifier_type)
{
  const solving *s = ctx;

  assert_string_equal(identifier_type, "dns");
  for (int i = 0; i < 6 && s->wants[i] != NULL; i++) {
    if (strcmp(s->wants[i], type) == 0) {
      return 10 - i;
    }
  }
  return 0;
}

static stardeleg_err present(void *ctx, const stardeleg_challenge *challenge, stardeleg_time now,
                             stardeleg_time *ready_at)
{
  solving *s = ctx;

  (void)now;
  (void)ready_at;
  (void)snprintf(s->type, sizeof(s->type), "%s", challenge->type);
  (void)snprintf(s->token, sizeof(s->token), "%s", challenge->token);
  (void)snprintf(s->record_name, sizeof(s->record_name), "%s", challenge->record_name);
  (void)snprintf(s->record_value, sizeof(s->record_value), "%s", challenge->record_value);
  (void)snprintf(s->key_authorization, sizeof(s->key_authorization), "%s", challenge->key_authorization);
  s->wildcard = challenge->wildcard;
  assert_string_equal(challenge->account_url, CLIENT_ACCOUNT);
  assert_string_equal(challenge->identifier, "a.example");
  if (strncmp(challenge->type, "dns-", 4) != 0) {
    assert_string_equal(challenge->record_name, "");
  } else if (strcmp(challenge->type, "dns-persist-01") != 0) {
    assert_string_equal(challenge->record_value, challenge->dns_value);
  }
  return STARDELEG_OK;
}

static void cleanup(void *ctx, const stardeleg_challenge *challenge)
{
  solving *s = ctx;

  assert_string_equal(s->type, challenge->type);
  assert_string_equal(s->record_name, challenge->record_name);
  assert_string_equal(s->record_value, challenge->record_value);
  s->cleanups++;
}

static void reload(solving *s)
{
  sdg_order_flow again;
  sdg_json_writer w;
  sdg_json *tree = NULL;
  sdg_buf text;

  sdg_buf_init(&text, 1u << 18);
  sdg_jw_init(&w, &text);
  sdg_order_flow_write(&w, NULL, &s->flow);
  assert_ok(sdg_json_parse(&tree, sdg_buf_bytes(&text), NULL, NULL));
  assert_ok(sdg_order_flow_read(&again, tree));
  sdg_json_free(tree);
  sdg_buf_clear(&text);
  again.solver = &s->solver;
  sdg_order_flow_clear(&s->flow);
  s->flow = again;
}

static stardeleg_err ask(client_rig *rig, sdg_step *step, stardeleg_time now)
{
  return sdg_order_flow_ask(&((solving *)rig->thing)->flow, rig->session, rig->agent, step, now);
}

static stardeleg_err take(client_rig *rig, const sdg_result *result, stardeleg_time now)
{
  sdg_flow_change change;
  stardeleg_err err =
      sdg_order_flow_take(&((solving *)rig->thing)->flow, rig->session, rig->agent, result, now, &change);

  reload(rig->thing);
  return err;
}

static void begin(solving *s, const char *new_order)
{
  memset(s, 0, sizeof(*s));
  client_rig_begin(&s->rig, NULL);
  s->rig.thing = s;
  s->rig.ask = ask;
  s->rig.take = take;
  s->solver = (stardeleg_solver){sizeof(s->solver), s, can_solve, present, cleanup, NULL};
  assert_ok(sdg_order_flow_init(
      &s->flow, new_order != NULL ? new_order : "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"}]}"));
  s->flow.solver = &s->solver;
  client_rig_register(&s->rig, NULL);
}

static void end(solving *s)
{
  client_rig_end(&s->rig);
  sdg_order_flow_clear(&s->flow);
}

/* Up to the authorization, which is answered with |challenges|. */
static void reach_challenges(solving *s, const char *name, const char *challenges, const char *more)
{
  char body[4096];

  client_rig_expect(&s->rig, "POST", NEW, NULL);
  (void)snprintf(body, sizeof(body),
                 "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}],"
                 "\"authorizations\":[\"" AUTHZ "\"],\"finalize\":\"" CLIENT_BASE "/f\"}",
                 name);
  scripted_answer(&s->rig.server, 201, location, body);
  client_rig_expect(&s->rig, "POST", AUTHZ, "");
  (void)snprintf(body, sizeof(body),
                 "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},"
                 "\"challenges\":[%s]%s}",
                 challenges, more);
  scripted_answer(&s->rig.server, 200, NULL, body);
}

/* The wish of the solver counts, not the order of the server.  ALPN-3-05: the answer is {}, whatever the type. */
static void preference(void **state)
{
  static const char *const types[] = {"http-01", "dns-01", "tls-alpn-01", "dns-account-01", "dns-persist-01"};
  static const char *const urls[] = {URL("1"), URL("2"), URL("3"), URL("4"), URL("5")};
  solving s;

  (void)state;
  for (size_t i = 0; i < 5; i++) {
    begin(&s, NULL);
    for (size_t k = 0; k < 5; k++) {
      s.wants[k] = types[(i + k) % 5];
    }
    reach_challenges(&s, "a.example", ALL, "");
    client_rig_expect(&s.rig, "POST", urls[i], "{}");
    assert_string_equal(s.type, types[i]);
    end(&s);
  }
}

/* base64url of the SHA-256 (RFC 8555 8.4) */
static const char *digest_of(const char *key_authorization)
{
  static char text[64];
  uint8_t digest[SDG_ACME_IDENTIFIER_LEN];
  sdg_buf out;

  assert_ok(sdg_acme_identifier_digest(digest, test_crypto(), sdg_bytes_str(key_authorization)));
  sdg_buf_init(&out, sizeof(text) - 1);
  sdg_base64url_write(&out, sdg_bytes(digest, sizeof(digest)));
  (void)snprintf(text, sizeof(text), "%s", sdg_buf_str(&out));
  sdg_buf_clear(&out);
  return text;
}

/* T-57: no host answers for a wildcard */
static void wildcards(void **state)
{
  solving s;

  (void)state;
  begin(&s, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"*.a.example\"}]}");
  s.wants[0] = "http-01";
  s.wants[1] = "tls-alpn-01";
  s.wants[2] = "dns-01";
  reach_challenges(&s, "*.a.example", ALL, ",\"wildcard\":true");
  client_rig_expect(&s.rig, "POST", URL("2"), "{}");
  assert_int_equal(s.wildcard, 1);
  assert_string_equal(s.record_name, "_acme-challenge.a.example"); /* ACME-8.4-01 */
  assert_string_equal(s.record_value, digest_of(s.key_authorization));
  end(&s);
  begin(&s, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"*.a.example\"}]}");
  s.wants[0] = "http-01";
  reach_challenges(&s, "*.a.example", ALL, ",\"wildcard\":true");
  client_rig_rests(&s.rig);
  assert_int_equal(s.flow.state, SDG_FLOW_FAILED);
  end(&s);
}

/* The label is the account's: base32 of the first ten octets of its URL's SHA-256. */
static void dns_account(void **state)
{
  solving s;

  (void)state;
  begin(&s, NULL);
  s.wants[0] = "dns-account-01";
  reach_challenges(&s, "a.example", ALL, "");
  client_rig_expect(&s.rig, "POST", URL("4"), "{}");
  /* printf %s URL | sha256, base32 by hand for https://ca.example/acme/acct/1 */
  assert_string_equal(s.record_name, "_kvh7jr2d6tnrrsci._acme-challenge.a.example");
  assert_int_equal(strlen(s.record_value), 43);
  end(&s);
}

/* A record that stays: the CA's name, our account, no token, nothing taken away. */
static void dns_persist(void **state)
{
  solving s;

  (void)state;
  begin(&s, NULL);
  s.wants[0] = "dns-persist-01";
  reach_challenges(&s, "a.example", PERSIST("[\"a;b\",\"ca.example\",\"ca2.example\"]"), "");
  client_rig_expect(&s.rig, "POST", URL("5"), "{}");
  assert_string_equal(s.token, "");
  assert_string_equal(s.key_authorization, "");
  assert_string_equal(s.record_name, "_validation-persist.a.example");
  assert_string_equal(s.record_value, "ca.example; accounturi=" CLIENT_ACCOUNT);
  scripted_answer(&s.rig.server, 200, NULL, PERSIST("[\"ca.example\"]"));
  scripted_sleep(&s.rig.server, 2000);
  client_rig_expect(&s.rig, "POST", AUTHZ, "");
  scripted_answer(&s.rig.server, 200, NULL,
                  "{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},\"challenges\":[]}");
  assert_int_equal(s.cleanups, 0);
  assert_int_equal(s.flow.state, SDG_FLOW_READY_POLL);
  end(&s);
  begin(&s, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"*.a.example\"}]}");
  s.wants[0] = "dns-persist-01";
  reach_challenges(&s, "*.a.example", PERSIST("[\"ca.example\"]"), ",\"wildcard\":true");
  client_rig_expect(&s.rig, "POST", URL("5"), "{}");
  assert_string_equal(s.record_value, "ca.example; accounturi=" CLIENT_ACCOUNT "; policy=wildcard");
  end(&s);
}

/* What would change the meaning of the record, or is no name, is not written anywhere. */
static void dns_persist_odd_issuers(void **state)
{
  static const char *const bad[] = {PERSIST("[]"), PERSIST("null"), PERSIST("[\"\"]"),
                                    PERSIST("[\"ca.example; policy=wildcard\"]"), PERSIST("[\"ca\\u0000x\"]")};
  solving s;

  (void)state;
  for (size_t i = 0; i < 4; i++) {
    begin(&s, NULL);
    s.wants[0] = "dns-persist-01";
    reach_challenges(&s, "a.example", bad[i], "");
    client_rig_rests(&s.rig);
    assert_int_equal(s.flow.state, SDG_FLOW_FAILED);
    assert_string_equal(s.type, "");
    end(&s);
  }
}

/* T-41: one failed challenge is the end of the order at some CAs: the next order tries another type first */
static void next_order_tries_another(void **state)
{
  static const char *const urls[] = {URL("1"), URL("2"), URL("3"), URL("1")};
  solving s;

  (void)state;
  begin(&s, NULL);
  s.wants[0] = "http-01";
  s.wants[1] = "dns-01";
  s.wants[2] = "tls-alpn-01";
  assert_err(STARDELEG_ERR_STATE, sdg_order_flow_again(&s.flow));
  for (size_t i = 0; i < 4; i++) {
    reach_challenges(&s, "a.example", ALL, "");
    client_rig_expect(&s.rig, "POST", urls[i], "{}");
    scripted_answer(&s.rig.server, 200, NULL, "{}");
    scripted_sleep(&s.rig.server, 2000);
    client_rig_expect(&s.rig, "POST", AUTHZ, "");
    scripted_answer(&s.rig.server, 200, NULL,
                    "{\"status\":\"invalid\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},"
                    "\"challenges\":[]}");
    assert_int_equal(s.flow.state, SDG_FLOW_FAILED);
    assert_ok(sdg_order_flow_again(&s.flow));
    reload(&s);
    sdg_agent_set_due(s.rig.agent, &s.rig.job, s.rig.server.now);
  }
  end(&s);
}

/* T-40: failed, but pending: answered again with growing pauses; then another type, if there is one */
static void pending_with_error(void **state)
{
  static const char body[] =
      "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},\"challenges\":["
      "{\"type\":\"http-01\",\"url\":\"" URL("1") "\",\"status\":\"pending\",\"token\":\"tok1\","
      "\"error\":" CLIENT_PROBLEM("connection") "}," CHALLENGE("dns-01", "2") "]}";
  solving s;

  (void)state;
  for (int others = 0; others < 2; others++) {
    begin(&s, NULL);
    s.wants[0] = "http-01";
    s.wants[1] = others != 0 ? "dns-01" : NULL;
    reach_challenges(&s, "a.example", ALL, "");
    for (int i = 0; i < 6; i++) {
      if (i > 0) {
        scripted_sleep(&s.rig.server, 5 * SDG_TIME_MINUTE);
      }
      if (others != 0 && i == 4) {
        break;
      }
      client_rig_expect(&s.rig, "POST", URL("1"), "{}");
      scripted_answer(&s.rig.server, 200, NULL, "{}");
      scripted_sleep(&s.rig.server, 2000);
      client_rig_expect(&s.rig, "POST", AUTHZ, "");
      scripted_answer(&s.rig.server, 200, NULL, body);
      if (others != 0 && s.flow.challenge_type != NULL && strcmp(s.flow.challenge_type, "dns-01") == 0) {
        break;
      }
    }
    if (others != 0) {
      client_rig_expect(&s.rig, "POST", URL("2"), "{}");
    } else {
      assert_int_equal(s.flow.state, SDG_FLOW_CHALLENGE);
    }
    end(&s);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(preference),  cmocka_unit_test(wildcards),
                                     cmocka_unit_test(dns_account), cmocka_unit_test(dns_persist),
                                     cmocka_unit_test(dns_persist_odd_issuers), cmocka_unit_test(pending_with_error),
                                     cmocka_unit_test(next_order_tries_another)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
