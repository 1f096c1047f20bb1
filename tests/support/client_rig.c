/* SPDX-License-Identifier: Apache-2.0 */
/* support/client_rig.c -- one job in an agent of its own. */
#include "support/client_rig.h"

#include "base/bytes.h"
#include "base/time.h"

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  client_rig *rig = (client_rig *)job;

  return rig->ask(rig, step, now);
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  client_rig *rig = (client_rig *)job;

  rig->takes++;
  return rig->take(rig, result, now);
}

static const sdg_job_ops ops = {ask, take};

static stardeleg_err next(void *self, stardeleg_ask *out, stardeleg_time now)
{
  return sdg_agent_next(((client_rig *)self)->agent, out, now);
}

static stardeleg_err answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  return sdg_agent_answer(((client_rig *)self)->agent, id, outcome, now);
}

void client_rig_begin(client_rig *rig, sdg_session_options *options)
{
  sdg_session_options defaults = {0};

  memset(rig, 0, sizeof(*rig));
  options = options != NULL ? options : &defaults;
  assert_ok(sdg_agent_new(&rig->agent, test_crypto(), NULL));
  assert_ok(stardeleg_key_generate(&rig->key, test_crypto(), STARDELEG_KEY_P256));
  options->directory_url = CLIENT_BASE "/directory";
  options->key = rig->key;
  options->directory_ttl_ms = 3650 * SDG_TIME_DAY;
  assert_ok(sdg_session_new(&rig->session, rig->agent, options, NULL));
  rig->job.ops = &ops;
  rig->job.session = rig->session;
  rig->engine = (stardeleg_engine){rig, next, answer};
  rig->server.engine = &rig->engine;
  rig->server.now = 1600000000000;
  assert_ok(sdg_agent_add(rig->agent, &rig->job, rig->server.now));
}

void client_rig_directory(client_rig *rig, const char *more)
{
  char directory[2048];

  (void)snprintf(directory, sizeof(directory),
                 "{\"newNonce\":\"" CLIENT_BASE "/nonce\",\"newAccount\":\"" CLIENT_BASE "/account\","
                 "\"newOrder\":\"" CLIENT_BASE "/new-order\"%s}",
                 more != NULL ? more : "");
  client_rig_expect(rig, "GET", CLIENT_BASE "/directory", NULL);
  scripted_answer(&rig->server, 200, NULL, directory);
}

void client_rig_register(client_rig *rig, const char *more)
{
  static const char *const location[] = {"Location: " CLIENT_ACCOUNT, NULL};

  client_rig_directory(rig, more);
  client_rig_expect(rig, "HEAD", CLIENT_BASE "/nonce", NULL);
  scripted_answer(&rig->server, 200, NULL, NULL);
  client_rig_expect(rig, "POST", CLIENT_BASE "/account", NULL);
  scripted_answer(&rig->server, 201, location, "{\"status\":\"valid\"}");
}

void client_rig_end(client_rig *rig)
{
  scripted_clear(&rig->server);
  sdg_agent_remove(rig->agent, &rig->job);
  sdg_session_free(rig->session);
  sdg_agent_free(rig->agent);
  stardeleg_key_free(rig->key);
}

void client_rig_expect(client_rig *rig, const char *method, const char *url, const char *payload)
{
  for (; rig->lost > 0; rig->lost--) {
    scripted_expect(&rig->server, "HEAD", CLIENT_BASE "/nonce");
    scripted_answer(&rig->server, 200, NULL, NULL);
  }
  scripted_expect(&rig->server, method, url);
  if (payload != NULL) {
    assert_string_equal(rig->server.payload, payload);
  }
}

void client_rig_lose(client_rig *rig, stardeleg_transport_failure failure)
{
  scripted_lose(&rig->server, failure);
  rig->lost++;
}

void client_rig_rests(client_rig *rig)
{
  assert_true(scripted_wait(&rig->server) > rig->server.now + 365 * SDG_TIME_DAY);
}
