/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/key_change.c -- another key for the account. */
#include "acme_client/key_change.h"

#include <string.h>

#include "acme/problem_document.h"
#include "acme_client/agent_internal.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "jose/jws.h"
#include "json/json_write.h"

/* Pause until the requests that are out, signed with the old key, have been answered. */
#define QUIET_PAUSE 100

void sdg_key_change_init(sdg_key_change *change, stardeleg_key *key, bool look)
{
  memset(change, 0, sizeof(*change));
  sdg_errand_init(&change->errand);
  sdg_problem_clear(&change->refusal);
  change->key = stardeleg_key_ref(key);
  change->look = look;
}

void sdg_key_change_clear(sdg_key_change *change, sdg_session *session)
{
  if (session != NULL) {
    sdg_session_hold(session, NULL);
  }
  stardeleg_key_free(change->key);
  memset(change, 0, sizeof(*change));
}

/* --- Asking --- */

/* RFC 8555 7.3.5: the inner payload names the account and the old key. */
static void write_inner(sdg_buf *out, const sdg_session *session)
{
  stardeleg_bytes spki = stardeleg_key_spki(sdg_session_key(session));
  sdg_json_writer w;
  stardeleg_err err;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_string(&w, "account", sdg_session_kid(session));
  sdg_jw_object_end(&w);
  sdg_buf_truncate(out, out->len - 1);
  sdg_buf_add_str(out, ",\"oldKey\":");
  err = sdg_jwk_write(out, spki);
  if (err != STARDELEG_OK && out->err == STARDELEG_OK) {
    out->err = err;
  }
  sdg_buf_add_byte(out, '}');
}

static stardeleg_err ask_change(sdg_key_change *change, sdg_session *session, const char *url, sdg_step *step)
{
  sdg_jws_header header = {0};
  sdg_buf inner;
  stardeleg_err err;

  sdg_buf_init(&inner, 8192);
  write_inner(&inner, session);
  err = sdg_buf_error(&inner);
  if (err == STARDELEG_OK) {
    /* "The inner JWS MUST have a "jwk" header parameter, containing the public key of the new key pair", the same
     * "url", and no nonce. */
    header.alg = sdg_alg_for_key(sdg_key_info(change->key));
    header.jwk_spki = stardeleg_key_spki(change->key);
    header.url = url;
    err = sdg_jws_sign(step->payload, &header, sdg_buf_bytes(&inner), change->key);
  }
  sdg_buf_clear(&inner);
  step->kind = SDG_STEP_POST;
  step->url = url;
  return err;
}

stardeleg_err sdg_key_change_ask(sdg_key_change *change, sdg_job *job, sdg_agent *agent, sdg_step *step,
                                 stardeleg_time now)
{
  const sdg_acme_directory *directory = sdg_session_directory(job->session);

  if (sdg_errand_waits(&change->errand, step, now)) {
    return STARDELEG_OK;
  }
  if (!sdg_session_is_ready(job->session)) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  sdg_session_hold(job->session, job);
  if (!sdg_agent_is_quiet(agent, job)) {
    step->at = sdg_time_add(now, QUIET_PAUSE);
    return STARDELEG_OK;
  }
  if (change->look) {
    step->kind = SDG_STEP_POST;
    step->url = directory->new_account;
    step->signer = change->key;
    sdg_buf_add_str(step->payload, "{\"onlyReturnExisting\":true}");
    return STARDELEG_OK;
  }
  if (directory->key_change == NULL) {
    sdg_errand_fail_text(&change->errand, STARDELEG_ACME_NONE, "the CA does not let keys be changed");
    sdg_session_hold(job->session, NULL);
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  return ask_change(change, job->session, directory->key_change, step);
}

/* --- Taking --- */

static void end_done(sdg_key_change *change, sdg_session *session)
{
  sdg_session_set_key(session, change->key);
  sdg_errand_done(&change->errand);
  sdg_session_hold(session, NULL);
}

static void end_failed(sdg_key_change *change, sdg_session *session, const stardeleg_problem *problem)
{
  sdg_errand_fail(&change->errand, problem);
  sdg_session_hold(session, NULL);
}

/* The new key has an account: ours? */
static stardeleg_err take_found(sdg_key_change *change, sdg_session *session, const sdg_result *result)
{
  stardeleg_problem problem;
  sdg_buf location;
  stardeleg_err err;

  sdg_buf_init(&location, SDG_URL_MAX);
  err = sdg_result_location(&location, result);
  if (err == STARDELEG_OK && strcmp(sdg_buf_str(&location), sdg_session_kid(session)) == 0) {
    end_done(change, session);
  } else if (err != STARDELEG_ERR_NOMEM) {
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the new key belongs to another account");
    problem.status = 0;
    end_failed(change, session, &problem);
    err = STARDELEG_OK;
  }
  sdg_buf_clear(&location);
  return err;
}

static stardeleg_err take_look(sdg_key_change *change, sdg_session *session, const sdg_result *result)
{
  if (result->err == STARDELEG_OK) {
    return take_found(change, session, result);
  }
  if (change->refused) {
    end_failed(change, session, &change->refusal);
    return STARDELEG_OK;
  }
  if (sdg_problem_is(result->problem, STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST)) {
    change->look = false; /* it never got through: now it is sent */
    return STARDELEG_OK;
  }
  end_failed(change, session, result->problem);
  return STARDELEG_OK;
}

/* A CA was seen to advertise keyChange without having it: nothing can have happened then. */
static bool is_missing(const sdg_result *result)
{
  return result->status == 501 || result->status == 405;
}

stardeleg_err sdg_key_change_take(sdg_key_change *change, sdg_job *job, sdg_agent *agent, const sdg_result *result,
                                  stardeleg_time now)
{
  bool look = change->look;

  if (sdg_errand_retries(&change->errand, agent, result, now)) {
    change->look = true; /* it may have got through */
    return STARDELEG_OK;
  }
  if (look) {
    return take_look(change, job->session, result);
  }
  if (result->err == STARDELEG_OK) {
    end_done(change, job->session);
  } else if (is_missing(result)) {
    end_failed(change, job->session, result->problem);
  } else {
    /* Perhaps an earlier request that was lost has been the one that counted. */
    change->refused = true;
    change->refusal = *result->problem;
    change->look = true;
  }
  return STARDELEG_OK;
}
