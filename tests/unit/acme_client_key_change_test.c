/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_key_change_test.c -- another key for the account: lost answers, restarts, refusals. */
#include "support/client_rig.h"

#include "acme_client/key_change.h"
#include "base/bytes.h"
#include "base/time.h"
#include "jose/jws.h"

#define CHANGE CLIENT_BASE "/key-change"
#define OFFERED ",\"keyChange\":\"" CHANGE "\""
#define NEW_ACCOUNT CLIENT_BASE "/account"
#define LOOK "{\"onlyReturnExisting\":true}"

static const char *const found[] = {"Location: " CLIENT_ACCOUNT, NULL};

typedef struct changing {
  client_rig rig;
  sdg_key_change change;
  stardeleg_key *key;
  sdg_job other; /* somebody else of the same account */
  unsigned other_takes;
  bool other_wants;
} changing;

static changing *world;

static stardeleg_err ask(client_rig *rig, sdg_step *step, stardeleg_time now)
{
  return sdg_key_change_ask(&((changing *)rig->thing)->change, &rig->job, rig->agent, step, now);
}

static stardeleg_err take(client_rig *rig, const sdg_result *result, stardeleg_time now)
{
  return sdg_key_change_take(&((changing *)rig->thing)->change, &rig->job, rig->agent, result, now);
}

static stardeleg_err ask_other(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  (void)job;
  (void)now;
  step->kind = world->other_wants ? SDG_STEP_FETCH : SDG_STEP_WAIT;
  step->at = STARDELEG_TIME_NEVER;
  step->url = CLIENT_BASE "/other";
  return STARDELEG_OK;
}

static stardeleg_err take_other(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  (void)job;
  (void)now;
  (void)result;
  world->other_wants = false;
  world->other_takes++;
  return STARDELEG_OK;
}

static const sdg_job_ops other_ops = {ask_other, take_other};

static void begin(changing *c, bool look, const char *directory)
{
  memset(c, 0, sizeof(*c));
  world = c;
  client_rig_begin(&c->rig, NULL);
  c->rig.thing = c;
  c->rig.ask = ask;
  c->rig.take = take;
  assert_ok(stardeleg_key_generate(&c->key, test_crypto(), STARDELEG_KEY_P384));
  sdg_key_change_init(&c->change, c->key, look);
  client_rig_register(&c->rig, directory);
}

static void end(changing *c)
{
  if (c->other.ops != NULL) {
    sdg_agent_remove(c->rig.agent, &c->other);
  }
  sdg_key_change_clear(&c->change, c->rig.session);
  client_rig_end(&c->rig);
  stardeleg_key_free(c->key);
}

/* Whose key signs what the session sends now. */
static void assert_signs_with(changing *c, stardeleg_key *key)
{
  assert_ptr_equal(sdg_session_key(c->rig.session), key);
}

static void expect_look(changing *c)
{
  client_rig_expect(&c->rig, "POST", NEW_ACCOUNT, LOOK);
  assert_non_null(strstr(c->rig.server.header, "\"ES384\"")); /* the new key */
}

/* ACME-7.3.5-01, ACME-7.3.5-02, ACME-7.3.5-03: outer by the old key and account, inner by the new one, same url, no
 * nonce */
static void changes(void **state)
{
  stardeleg_problem problem;
  sdg_pubkey *inner_key = NULL;
  sdg_json *payload = NULL;
  char thumbprint[SDG_THUMBPRINT_TEXT_SIZE];
  changing c;
  sdg_jws jws;
  sdg_buf jwk;

  (void)state;
  begin(&c, false, OFFERED);
  client_rig_expect(&c.rig, "POST", CHANGE, NULL);
  assert_non_null(strstr(c.rig.server.header, "\"kid\":\"" CLIENT_ACCOUNT "\""));
  assert_non_null(strstr(c.rig.server.header, "\"ES256\""));
  assert_ok(sdg_jws_parse(&jws, sdg_bytes_str(c.rig.server.payload), &problem));
  assert_null(jws.kid);
  assert_null(jws.nonce); /* ACME-6.5-03 */
  assert_string_equal(jws.url, CHANGE);
  assert_ok(sdg_jwk_parse(&inner_key, test_crypto(), jws.jwk, &problem));
  assert_true(sdg_bytes_equal(sdg_pubkey_spki(inner_key), stardeleg_key_spki(c.key)));
  assert_ok(sdg_jws_verify(&jws, inner_key, &problem));
  assert_ok(sdg_json_parse(&payload, jws.payload, NULL, NULL));
  assert_string_equal(sdg_json_string(sdg_json_member(payload, "account")), CLIENT_ACCOUNT);
  sdg_buf_init(&jwk, 4096);
  assert_ok(sdg_jwk_write(&jwk, stardeleg_key_spki(c.rig.key)));
  assert_non_null(strstr((const char *)jws.payload.base, sdg_buf_str(&jwk)));
  assert_ok(sdg_jwk_thumbprint(thumbprint, test_crypto(), stardeleg_key_spki(c.rig.key)));
  sdg_buf_clear(&jwk);
  sdg_json_free(payload);
  sdg_pubkey_free(inner_key);
  sdg_jws_clear(&jws);
  assert_signs_with(&c, c.rig.key);
  scripted_answer(&c.rig.server, 200, NULL, "{\"status\":\"valid\"}");
  assert_int_equal(c.change.errand.state, SDG_ERRAND_DONE);
  assert_signs_with(&c, c.key);
  client_rig_rests(&c.rig);
  end(&c);
}

/* ACME-7.3.5-08: the answer is lost: the new key tells whether it got through */
static void answer_lost(void **state)
{
  changing c;

  (void)state;
  for (int got_through = 0; got_through < 2; got_through++) {
    begin(&c, false, OFFERED);
    client_rig_expect(&c.rig, "POST", CHANGE, NULL);
    client_rig_lose(&c.rig, STARDELEG_TRANSPORT_TIMEOUT);
    scripted_sleep(&c.rig.server, 2000);
    expect_look(&c);
    if (got_through != 0) {
      scripted_answer(&c.rig.server, 200, found, "{\"status\":\"valid\"}");
    } else {
      scripted_answer(&c.rig.server, 400, NULL, CLIENT_PROBLEM("accountDoesNotExist"));
      client_rig_expect(&c.rig, "POST", CHANGE, NULL);
      scripted_answer(&c.rig.server, 200, NULL, "{\"status\":\"valid\"}");
    }
    assert_int_equal(c.change.errand.state, SDG_ERRAND_DONE);
    assert_signs_with(&c, c.key);
    end(&c);
  }
}

/* A restart between the server's answer and our own record. */
static void restarted(void **state)
{
  changing c;

  (void)state;
  for (int got_through = 0; got_through < 2; got_through++) {
    begin(&c, true, OFFERED);
    expect_look(&c);
    client_rig_lose(&c.rig, STARDELEG_TRANSPORT_CONNECT);
    scripted_sleep(&c.rig.server, 2000);
    expect_look(&c);
    scripted_answer(&c.rig.server, got_through != 0 ? 200 : 400, got_through != 0 ? found : NULL,
                    got_through != 0 ? "{\"status\":\"valid\"}" : CLIENT_PROBLEM("accountDoesNotExist"));
    if (got_through == 0) {
      client_rig_expect(&c.rig, "POST", CHANGE, NULL);
      scripted_answer(&c.rig.server, 200, NULL, NULL);
    }
    assert_int_equal(c.change.errand.state, SDG_ERRAND_DONE);
    end(&c);
  }
}

/* RFC 8555 7.3.5: refused: a look makes sure, then the old key stays and the refusal is told */
static void refused(void **state)
{
  static const struct {
    int status;
    const char *body;
  } cases[] = {{409, NULL}, {400, CLIENT_PROBLEM("malformed")}, {403, CLIENT_PROBLEM("unauthorized")},
               {400, CLIENT_PROBLEM("badPublicKey")}};
  changing c;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    begin(&c, false, OFFERED);
    client_rig_expect(&c.rig, "POST", CHANGE, NULL);
    scripted_answer(&c.rig.server, cases[i].status, NULL, cases[i].body);
    expect_look(&c);
    scripted_answer(&c.rig.server, 400, NULL, CLIENT_PROBLEM("accountDoesNotExist"));
    assert_int_equal(c.change.errand.state, SDG_ERRAND_FAILED);
    assert_int_equal(c.change.errand.problem.status, cases[i].status);
    assert_signs_with(&c, c.rig.key);
    client_rig_rests(&c.rig);
    end(&c);
  }
}

/* ... unless an earlier request that seemed lost has done it. */
static void refused_but_done(void **state)
{
  changing c;

  (void)state;
  begin(&c, false, OFFERED);
  client_rig_expect(&c.rig, "POST", CHANGE, NULL);
  scripted_answer(&c.rig.server, 403, NULL, CLIENT_PROBLEM("unauthorized"));
  expect_look(&c);
  scripted_answer(&c.rig.server, 200, found, "{\"status\":\"valid\"}");
  assert_int_equal(c.change.errand.state, SDG_ERRAND_DONE);
  assert_signs_with(&c, c.key);
  end(&c);
}

/* The new key has an account already, and it is not ours. */
static void key_of_another(void **state)
{
  static const char *const elsewhere[] = {"Location: " CLIENT_BASE "/acct/2", NULL};
  changing c;

  (void)state;
  begin(&c, true, OFFERED);
  expect_look(&c);
  scripted_answer(&c.rig.server, 200, elsewhere, "{\"status\":\"valid\"}");
  assert_int_equal(c.change.errand.state, SDG_ERRAND_FAILED);
  assert_signs_with(&c, c.rig.key);
  end(&c);
}

/* T-18: advertised and not there, or not advertised */
static void not_supported(void **state)
{
  static const int statuses[] = {501, 405};
  changing c;

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    begin(&c, false, OFFERED);
    client_rig_expect(&c.rig, "POST", CHANGE, NULL);
    scripted_answer(&c.rig.server, statuses[i], NULL, NULL);
    assert_int_equal(c.change.errand.state, SDG_ERRAND_FAILED);
    assert_signs_with(&c, c.rig.key);
    client_rig_rests(&c.rig);
    end(&c);
  }
  begin(&c, false, NULL);
  client_rig_rests(&c.rig);
  assert_int_equal(c.change.errand.state, SDG_ERRAND_FAILED);
  end(&c);
}

/* Others wait: before, for their answers; during, for the right key. */
static void others_rest(void **state)
{
  changing c;
  uint64_t first;
  stardeleg_ask asked;
  stardeleg_outcome lost = {.failure = STARDELEG_TRANSPORT_TIMEOUT};

  (void)state;
  begin(&c, false, OFFERED);
  c.other.ops = &other_ops;
  c.other.session = c.rig.session;
  c.other_wants = true;
  assert_ok(sdg_agent_add(c.rig.agent, &c.other, c.rig.server.now - 1));
  client_rig_expect(&c.rig, "POST", CLIENT_BASE "/other", "");
  first = c.rig.server.id;
  /* its answer is awaited */
  assert_true(scripted_wait(&c.rig.server) <= c.rig.server.now + 100);
  scripted_answer(&c.rig.server, 200, NULL, NULL);
  assert_int_equal(c.other_takes, 1);
  assert_int_not_equal(first, 0);
  c.rig.server.now += 100;
  client_rig_expect(&c.rig, "POST", CHANGE, NULL);
  c.other_wants = true;
  sdg_agent_set_due(c.rig.agent, &c.other, c.rig.server.now - 1);
  assert_ok(c.rig.engine.next(c.rig.engine.self, &asked, c.rig.server.now));
  assert_int_equal(asked.want, STARDELEG_WANT_WAIT);
  assert_ok(c.rig.engine.answer(c.rig.engine.self, c.rig.server.id, &lost, c.rig.server.now));
  c.rig.lost = 1;
  scripted_sleep(&c.rig.server, 2000);
  expect_look(&c);
  scripted_answer(&c.rig.server, 200, found, "{\"status\":\"valid\"}");
  client_rig_expect(&c.rig, "POST", CLIENT_BASE "/other", "");
  assert_non_null(strstr(c.rig.server.header, "\"ES384\""));
  scripted_answer(&c.rig.server, 200, NULL, NULL);
  assert_int_equal(c.other_takes, 2);
  end(&c);
}

/* Both wait for the only nonce, the other one in front: it may not use it and must not keep it. */
static void waits_behind_another(void **state)
{
  changing c;

  (void)state;
  begin(&c, false, OFFERED);
  c.rig.server.now += 3 * SDG_TIME_HOUR; /* the nonces from before are too old */
  c.other.ops = &other_ops;
  c.other.session = c.rig.session;
  c.other_wants = true;
  assert_ok(sdg_agent_add(c.rig.agent, &c.other, 1));
  scripted_expect(&c.rig.server, "HEAD", CLIENT_BASE "/nonce");
  (void)scripted_wait(&c.rig.server);
  scripted_answer(&c.rig.server, 200, NULL, NULL);
  scripted_expect(&c.rig.server, "POST", CHANGE);
  scripted_answer(&c.rig.server, 200, NULL, "{\"status\":\"valid\"}");
  scripted_expect(&c.rig.server, "POST", CLIENT_BASE "/other");
  end(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(changes),       cmocka_unit_test(answer_lost),      cmocka_unit_test(restarted),
      cmocka_unit_test(refused),       cmocka_unit_test(refused_but_done), cmocka_unit_test(key_of_another),
      cmocka_unit_test(not_supported), cmocka_unit_test(others_rest),
      cmocka_unit_test(waits_behind_another)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
