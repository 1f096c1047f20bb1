/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_nonce_test.c -- where nonces come from, who gets them, and where the setup's own requests may go. */
#include "support/client_rig.h"

#include "base/time.h"

#define NONCE CLIENT_BASE "/nonce"
#define ORDER CLIENT_BASE "/order"

static const char *const location[] = {"Location: " CLIENT_ACCOUNT, NULL};

typedef struct wish {
  sdg_step_kind kind;
  const char *url;
} wish;

/* What the job wants; SDG_STEP_WAIT: nothing. */
static stardeleg_err ask(client_rig *rig, sdg_step *step, stardeleg_time now)
{
  const wish *w = rig->thing;

  (void)now;
  step->kind = w->kind;
  step->url = w->url;
  step->at = STARDELEG_TIME_NEVER;
  return STARDELEG_OK;
}

static stardeleg_err take(client_rig *rig, const sdg_result *result, stardeleg_time now)
{
  (void)result;
  (void)now;
  ((wish *)rig->thing)->kind = SDG_STEP_WAIT;
  return STARDELEG_OK;
}

static void begin(client_rig *rig, wish *w, sdg_session_options *options)
{
  *w = (wish){SDG_STEP_FETCH, ORDER};
  client_rig_begin(rig, options);
  rig->thing = w;
  rig->ask = ask;
  rig->take = take;
}

static void want(client_rig *rig, sdg_step_kind kind, const char *url)
{
  *(wish *)rig->thing = (wish){kind, url};
  sdg_agent_set_due(rig->agent, &rig->job, rig->server.now);
}

static void answer_directory(client_rig *rig, const char *body)
{
  scripted_expect(&rig->server, "GET", CLIENT_BASE "/directory");
  scripted_answer(&rig->server, 200, NULL, body);
}

/* ACME-7.2-05 (EID 6030): either way of asking, either status */
static void statuses(void **state)
{
  client_rig rig;
  wish w;

  (void)state;
  for (int i = 0; i < 4; i++) {
    begin(&rig, &w, NULL);
    client_rig_directory(&rig, NULL);
    scripted_expect(&rig.server, "HEAD", NONCE);
    if (i >= 2) {
      scripted_answer(&rig.server, 404, (const char *const[]){"Replay-Nonce: ", NULL}, NULL);
      scripted_sleep(&rig.server, 2000);
      scripted_expect(&rig.server, "GET", NONCE);
    }
    scripted_answer(&rig.server, i % 2 == 0 ? 200 : 204, (const char *const[]){"Replay-Nonce: right", NULL}, NULL);
    scripted_expect(&rig.server, "POST", CLIENT_BASE "/account");
    assert_non_null(strstr(rig.server.header, "\"nonce\":\"right\""));
    client_rig_end(&rig);
  }
}

/* ACME-6.1-01: neither nonces nor accounts come from another origin, or without TLS. */
static void other_origins(void **state)
{
#define DIRECTORY(nonce, account) \
  "{\"newNonce\":\"" nonce "\",\"newAccount\":\"" account "\",\"newOrder\":\"" CLIENT_BASE "/o\"}"
  static const char *const bodies[] = {DIRECTORY("https://evil.example/n", CLIENT_BASE "/a"),
                                       DIRECTORY(NONCE, "https://evil.example/a"),
                                       DIRECTORY("http://ca.example/n", CLIENT_BASE "/a"),
                                       DIRECTORY(NONCE, "http://ca.example/a")};
  sdg_session_options options = {0};
  client_rig rig;
  wish w;

  (void)state;
  for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
    begin(&rig, &w, NULL);
    answer_directory(&rig, bodies[i]);
    assert_true(scripted_wait(&rig.server) > rig.server.now);
    assert_null(sdg_session_directory(rig.session));
    assert_non_null(strstr(sdg_session_problem(rig.session)->detail, "another origin"));
    client_rig_end(&rig);
  }
  options.allow_other_origins = true;
  begin(&rig, &w, &options);
  answer_directory(&rig, bodies[0]);
  scripted_expect(&rig.server, "HEAD", "https://evil.example/n");
  client_rig_end(&rig);
#undef DIRECTORY
}

/* A directory whose resources are all the same URL, and that URL the directory's own: neither taken for one another,
 * nor asked for without a pause. */
static void one_url_for_all(void **state)
{
#define ONE CLIENT_BASE "/directory"
  static const char body[] = "{\"newNonce\":\"" ONE "\",\"newAccount\":\"" ONE "\",\"newOrder\":\"" ONE "\"}";
  client_rig rig;
  wish w;

  (void)state;
  begin(&rig, &w, NULL);
  answer_directory(&rig, body);
  scripted_expect(&rig.server, "HEAD", ONE);
  scripted_answer(&rig.server, 200, NULL, NULL);
  scripted_expect(&rig.server, "POST", ONE);
  scripted_answer(&rig.server, 201, location, "{\"status\":\"valid\"}");
  scripted_expect(&rig.server, "POST", ORDER);
  scripted_answer(&rig.server, 200, NULL, "{}");
  rig.server.now += 3651 * SDG_TIME_DAY;
  answer_directory(&rig, body);
  client_rig_rests(&rig);
  client_rig_end(&rig);
#undef ONE
}

/* A plain GET leads anywhere, to a CA's certificate say: a nonce from there is not the server's. */
static void of_others(void **state)
{
  client_rig rig;
  wish w;

  (void)state;
  begin(&rig, &w, NULL);
  client_rig_register(&rig, NULL);
  scripted_expect(&rig.server, "POST", ORDER);
  scripted_answer(&rig.server, 200, NULL, "{}");
  want(&rig, SDG_STEP_GET, "https://other.example/cert");
  scripted_expect(&rig.server, "GET", "https://other.example/cert");
  scripted_answer(&rig.server, 200, (const char *const[]){"Replay-Nonce: theirs", NULL}, "x");
  assert_int_equal(rig.takes, 2);
  want(&rig, SDG_STEP_FETCH, ORDER);
  scripted_expect(&rig.server, "POST", ORDER);
  assert_null(strstr(rig.server.header, "theirs"));
  client_rig_end(&rig);
}

/* --- Two that wait --- */

static bool first_wants;

static stardeleg_err ask_first(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  (void)job;
  (void)now;
  step->kind = first_wants ? SDG_STEP_FETCH : SDG_STEP_WAIT;
  step->url = CLIENT_BASE "/first";
  step->at = STARDELEG_TIME_NEVER;
  return STARDELEG_OK;
}

/* A nonce for which a job has waited is the next one's, should the first not want it any longer. */
static void not_wanted(void **state)
{
  static const sdg_job_ops ops = {ask_first, NULL};
  client_rig rig;
  wish w;

  (void)state;
  for (int i = 0; i < 2; i++) {
    sdg_job first = {.ops = &ops};

    begin(&rig, &w, NULL);
    client_rig_register(&rig, NULL);
    rig.server.now += 3 * SDG_TIME_HOUR; /* nonces are too old by then */
    first.session = rig.session;
    first_wants = true;
    assert_ok(sdg_agent_add(rig.agent, &first, 1));
    scripted_expect(&rig.server, "HEAD", NONCE);
    (void)scripted_wait(&rig.server); /* both wait now */
    scripted_answer(&rig.server, 200, NULL, NULL);
    if (i == 0) {
      first_wants = false;
    } else {
      sdg_agent_remove(rig.agent, &first);
    }
    scripted_expect(&rig.server, "POST", ORDER);
    sdg_agent_remove(rig.agent, &first);
    client_rig_end(&rig);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(statuses),        cmocka_unit_test(other_origins),
                                     cmocka_unit_test(one_url_for_all), cmocka_unit_test(of_others),
                                     cmocka_unit_test(not_wanted)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
