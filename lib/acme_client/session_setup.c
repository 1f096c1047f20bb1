/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/session_setup.c -- the session's own job: reads the directory, fetches nonces, registers the account
 * (RFC 8555 7.1.1, 7.2, 7.3). */
#include "acme_client/session_internal.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/url.h"
#include "jose/jws.h"
#include "transport/http_message.h"

static sdg_setup_step next_step(const sdg_session *session, stardeleg_time now)
{
  bool wanted = session->waiting_setup != NULL || session->waiting_nonce != NULL;

  if (!session->has_directory) {
    return wanted ? SDG_SETUP_DIRECTORY : SDG_SETUP_REST;
  }
  if (session->refresh_wanted) {
    return SDG_SETUP_DIRECTORY;
  }
  if (session->kid == NULL && !session->anonymous) {
    if (!wanted) {
      return SDG_SETUP_REST;
    }
    return session->nonce_count == 0 ? SDG_SETUP_NONCE : SDG_SETUP_ACCOUNT;
  }
  if (session->waiting_nonce != NULL && session->nonce_count == 0) {
    return SDG_SETUP_NONCE;
  }
  return now >= session->refresh_at ? SDG_SETUP_DIRECTORY : SDG_SETUP_REST;
}

/* --- Asking --- */

static void write_new_account(const sdg_session *session, const char *eab, size_t eab_len, sdg_buf *out)
{
  sdg_json_writer w;

  if (session->only_existing) {
    sdg_buf_add_str(out, "{\"onlyReturnExisting\":true}");
    return;
  }
  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  if (session->contact_count > 0) {
    sdg_jw_array(&w, "contact");
    for (size_t i = 0; i < session->contact_count; i++) {
      sdg_jw_string(&w, NULL, session->contacts[i]);
    }
    sdg_jw_array_end(&w);
  }
  if (session->terms_agreed) {
    sdg_jw_bool(&w, "termsOfServiceAgreed", true);
  }
  sdg_jw_object_end(&w);
  if (eab_len > 0) {
    /* The binding is an object already: it goes in before the closing brace. */
    sdg_buf_truncate(out, out->len - 1);
    sdg_buf_add_str(out, out->len > 1 ? ",\"externalAccountBinding\":" : "\"externalAccountBinding\":");
    sdg_buf_add(out, eab, eab_len);
    sdg_buf_add_byte(out, '}');
  }
}

/* newAccount is signed with the key itself (RFC 8555 6.2), so it is made here and not by sdg_session_sign. */
static stardeleg_err ask_account(sdg_session *session, sdg_step *step)
{
  const stardeleg_crypto *crypto = sdg_key_crypto(session->key);
  const char *url = session->directory.new_account;
  sdg_buf eab;
  sdg_buf payload;
  sdg_jws_header header = {0};
  char *nonce = NULL;
  stardeleg_err err = STARDELEG_OK;

  sdg_buf_init(&eab, 8192);
  sdg_buf_init(&payload, 16384);
  if (session->eab_key_id != NULL && !session->only_existing) {
    err = sdg_jws_eab_sign(&eab, crypto, STARDELEG_ALG_HS256, session->eab_key_id, sdg_buf_bytes(&session->eab_mac_key),
                           url, stardeleg_key_spki(session->key));
  }
  if (err != STARDELEG_OK) {
    goto out;
  }
  write_new_account(session, sdg_buf_str(&eab), eab.len, &payload);
  err = sdg_buf_error(&payload);
  if (err != STARDELEG_OK) {
    goto out;
  }
  nonce = sdg_session_take_nonce(session);
  header.alg = sdg_alg_for_key(sdg_key_info(session->key));
  header.jwk_spki = stardeleg_key_spki(session->key);
  header.nonce = nonce;
  header.url = url;
  err = sdg_jws_sign(step->payload, &header, sdg_buf_bytes(&payload), session->key);
  step->kind = SDG_STEP_RAW;
  step->url = url;
out:
  sdg_free(nonce);
  sdg_buf_clear(&payload);
  sdg_buf_clear(&eab);
  return err;
}

static stardeleg_err ask_setup(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_session *session = (sdg_session *)job;
  sdg_setup_step what = next_step(session, now);

  if (what != SDG_SETUP_REST && now < session->wait_until) {
    step->at = session->wait_until;
    return STARDELEG_OK;
  }
  session->asked = what;
  switch (what) {
  case SDG_SETUP_DIRECTORY:
    step->kind = SDG_STEP_GET;
    step->url = session->next_url != NULL ? session->next_url : session->directory_url;
    step->accept = "application/json";
    return STARDELEG_OK;
  case SDG_SETUP_NONCE:
    step->kind = session->head_failed ? SDG_STEP_GET : SDG_STEP_HEAD;
    step->url = session->directory.new_nonce;
    return STARDELEG_OK;
  case SDG_SETUP_ACCOUNT:
    return ask_account(session, step);
  default:
    step->at = sdg_session_is_ready(session) ? session->refresh_at : STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
}

/* --- Taking --- */

static void fail(sdg_session *session, const char *what, const stardeleg_problem *problem, stardeleg_time retry_at,
                 stardeleg_time now)
{
  int64_t pause;

  session->tries++;
  pause = sdg_backoff_ms(session->tries, session->backoff_min_ms, session->backoff_max_ms,
                         sdg_agent_random(session->agent));
  session->wait_until = sdg_time_add(now, pause);
  if (retry_at != STARDELEG_TIME_NONE && retry_at > session->wait_until) {
    session->wait_until = retry_at;
  }
  session->problem = *problem;
  session->has_problem = true;
  sdg_log(session->log, STARDELEG_LOG_WARNING, "acme.session.failed", "%s: %s (again in %lld ms)", what,
          problem->detail[0] != '\0' ? problem->detail : problem->type, (long long)(session->wait_until - now));
}

static void fail_text(sdg_session *session, const char *what, const char *detail, stardeleg_time now)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "%s", detail);
  problem.status = 0;
  fail(session, what, &problem, STARDELEG_TIME_NONE, now);
}

static void succeed(sdg_session *session)
{
  session->tries = 0;
  session->wait_until = STARDELEG_TIME_NONE;
  session->has_problem = false;
}

/* A directory that has moved (RFC 8555 says nothing; CAs did it): followed for this one resource, https only, never for
 * a POST. */
static stardeleg_err follow_redirect(sdg_session *session, const sdg_result *result, stardeleg_time now)
{
  sdg_buf target;
  sdg_url url;
  stardeleg_err err;

  sdg_buf_init(&target, SDG_URL_MAX);
  err = sdg_result_location(&target, result);
  if (err == STARDELEG_OK && session->redirects < SDG_REDIRECTS_MAX &&
      sdg_url_parse(&url, sdg_buf_bytes(&target)) == STARDELEG_OK && url.https) {
    session->redirects++;
    sdg_free(session->next_url);
    session->next_url = NULL;
    err = sdg_buf_take(&target, &session->next_url, NULL);
  } else if (err != STARDELEG_ERR_NOMEM) {
    session->redirects = 0;
    fail_text(session, "directory", "redirected to nowhere that may be followed", now);
    err = STARDELEG_OK;
  }
  sdg_buf_clear(&target);
  return err;
}

/* The setup job's own requests go where the directory says, which is where everything else may go. */
static bool may_be_used(const sdg_session *session, const sdg_acme_directory *directory, const char *source)
{
  return sdg_session_may_go(session, source, directory->new_nonce) &&
         sdg_session_may_go(session, source, directory->new_account);
}

static stardeleg_err take_directory(sdg_session *session, const sdg_result *result, stardeleg_time now)
{
  sdg_acme_directory directory = {0};
  stardeleg_problem problem;
  char *source;
  stardeleg_err err;

  if (result->status == 301 || result->status == 302 || result->status == 307 || result->status == 308) {
    return follow_redirect(session, result, now);
  }
  sdg_free(session->next_url);
  session->next_url = NULL;
  session->redirects = 0;
  if (result->err != STARDELEG_OK) {
    fail(session, "directory", result->problem, result->retry_at, now);
    return STARDELEG_OK;
  }
  err = sdg_acme_directory_parse(&directory, result->response->body, &problem);
  if (err == STARDELEG_OK && !may_be_used(session, &directory, result->url)) {
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the directory leads to another origin");
    problem.status = 0;
    sdg_acme_directory_clear(&directory);
    err = STARDELEG_ERR_PROTOCOL;
  }
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  source = err == STARDELEG_OK ? sdg_strdup(result->url) : NULL;
  if (err == STARDELEG_OK && source == NULL) {
    sdg_acme_directory_clear(&directory);
    return STARDELEG_ERR_NOMEM;
  }
  if (err != STARDELEG_OK) {
    fail(session, "directory", &problem, STARDELEG_TIME_NONE, now);
    return STARDELEG_OK;
  }
  sdg_acme_directory_clear(&session->directory);
  session->directory = directory;
  sdg_free(session->source_url);
  session->source_url = source;
  session->has_directory = true;
  session->refresh_wanted = false;
  session->refresh_at = sdg_time_add(now, session->directory_ttl_ms);
  succeed(session);
  if (sdg_session_is_ready(session)) {
    sdg_session_release_all(session, now);
  }
  return STARDELEG_OK;
}

static void take_nonce(sdg_session *session, const sdg_result *result, stardeleg_time now)
{
  if (session->nonce_count > 0 || (sdg_session_is_ready(session) && session->waiting_nonce == NULL)) {
    session->head_failed = false;
    if (sdg_session_is_ready(session)) {
      succeed(session); /* before registration a nonce is half the way: failures of newAccount keep counting */
    }
    return;
  }
  session->head_failed = !session->head_failed;
  if (result->err != STARDELEG_OK) {
    fail(session, "newNonce", result->problem, result->retry_at, now);
  } else {
    fail_text(session, "newNonce", "the answer has no usable Replay-Nonce", now);
  }
}

static stardeleg_err take_account(sdg_session *session, const sdg_result *result, stardeleg_time now)
{
  sdg_buf location;
  stardeleg_err err;

  if (result->err != STARDELEG_OK) {
    fail(session, "newAccount", result->problem, result->retry_at, now);
    return STARDELEG_OK;
  }
  sdg_buf_init(&location, SDG_URL_MAX);
  err = sdg_result_location(&location, result);
  if (err == STARDELEG_OK && sdg_session_check_url(session, sdg_buf_str(&location)) != STARDELEG_OK) {
    err = STARDELEG_ERR_PROTOCOL;
  }
  /* Saved before it is used: a restart must find the same account. */
  if (err == STARDELEG_OK && session->on_account != NULL) {
    err = session->on_account(session->on_account_ctx, sdg_buf_str(&location));
  }
  if (err == STARDELEG_OK) {
    err = sdg_buf_take(&location, &session->kid, NULL);
  }
  sdg_buf_clear(&location);
  if (err == STARDELEG_ERR_NOT_FOUND || err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_PROTOCOL ||
      err == STARDELEG_ERR_LIMIT) {
    fail_text(session, "newAccount", "the answer has no usable Location", now);
    return STARDELEG_OK;
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  session->registered_at = now;
  succeed(session);
  sdg_session_release_all(session, now);
  return STARDELEG_OK;
}

static stardeleg_err take_setup(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_session *session = (sdg_session *)job;

  switch (session->asked) {
  case SDG_SETUP_ACCOUNT:
    return take_account(session, result, now);
  case SDG_SETUP_NONCE:
    take_nonce(session, result, now);
    return STARDELEG_OK;
  default:
    return take_directory(session, result, now);
  }
}

static const sdg_job_ops setup_ops = {ask_setup, take_setup};

/* --- In and out --- */

stardeleg_err sdg_session_setup_add(sdg_session *session)
{
  session->setup.ops = &setup_ops;
  session->setup.session = NULL;
  session->wait_until = STARDELEG_TIME_NONE;
  return sdg_agent_add(session->agent, &session->setup, STARDELEG_TIME_NEVER);
}

void sdg_session_setup_remove(sdg_session *session)
{
  if (session->setup.ops != NULL) {
    sdg_agent_remove(session->agent, &session->setup);
  }
  sdg_free(session->next_url);
}

void sdg_session_setup_nudge(sdg_session *session)
{
  /* The earliest moment there is: the agent asks in this very round. */
  sdg_agent_set_due(session->agent, &session->setup, STARDELEG_TIME_NONE);
}

void sdg_session_setup_wanted(sdg_session *session, stardeleg_time now)
{
  (void)now;
  sdg_session_setup_nudge(session);
}

void sdg_session_refresh(sdg_session *session)
{
  session->refresh_wanted = true;
  sdg_session_setup_nudge(session);
}

sdg_session *sdg_session_of_setup(sdg_job *job)
{
  return job->ops == &setup_ops ? (sdg_session *)job : NULL;
}
