/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/session.c -- the account's state as jobs see it: readiness, nonces, signatures, allowed URLs. */
#include "acme_client/session.h"

#include "acme_client/session_internal.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/url.h"
#include "jose/jws.h"
#include "transport/http_message.h"

#define NONCE_LEN_MAX 512u
#define NONCE_AGE_MAX (2 * SDG_TIME_HOUR)
#define DIRECTORY_TTL_DEFAULT SDG_TIME_DAY
/* An account that vanishes right after it was registered is no accident: the error then goes to the job. */
#define REGISTER_PAUSE SDG_TIME_MINUTE
/* Beyond that, two clocks do not agree. */
#define SKEW_TOLERATED (5 * SDG_TIME_MINUTE)

static stardeleg_err check_options(const sdg_session_options *options, stardeleg_problem *problem)
{
  sdg_url url;

  sdg_problem_clear(problem);
  if (options->directory_url == NULL ||
      sdg_url_parse(&url, sdg_bytes_str(options->directory_url)) != STARDELEG_OK) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "directory_url is not an absolute http or https URL");
    return STARDELEG_ERR_CONFIG;
  }
  if ((options->eab_key_id != NULL) != (options->eab_mac_key != NULL)) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "eab_key_id and eab_mac_key go together");
    return STARDELEG_ERR_CONFIG;
  }
  for (size_t i = 0; options->contacts != NULL && options->contacts[i] != NULL; i++) {
    if (i >= SDG_CONTACTS_MAX) {
      sdg_problem_set(problem, STARDELEG_ACME_INVALID_CONTACT, "more than %d contacts", SDG_CONTACTS_MAX);
      return STARDELEG_ERR_CONFIG;
    }
    if (sdg_acme_contact_check(options->contacts[i], problem) != STARDELEG_OK) {
      return STARDELEG_ERR_CONFIG;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err copy_strings(sdg_session *session, const sdg_session_options *options)
{
  session->directory_url = sdg_strdup(options->directory_url);
  session->source_url = sdg_strdup(options->directory_url);
  if (session->directory_url == NULL || session->source_url == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (options->kid != NULL && (session->kid = sdg_strdup(options->kid)) == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (options->eab_key_id != NULL && (session->eab_key_id = sdg_strdup(options->eab_key_id)) == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; options->contacts != NULL && options->contacts[i] != NULL; i++) {
    session->contacts[i] = sdg_strdup(options->contacts[i]);
    if (session->contacts[i] == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    session->contact_count++;
  }
  return STARDELEG_OK;
}

static stardeleg_err read_mac_key(sdg_session *session, const char *text, stardeleg_problem *problem)
{
  stardeleg_err err;

  if (text == NULL) {
    return STARDELEG_OK;
  }
  err = sdg_base64_read_tolerant(&session->eab_mac_key, sdg_bytes_str(text));
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK || session->eab_mac_key.len < 32) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "eab_mac_key is not base64url of at least 32 bytes");
    return STARDELEG_ERR_CONFIG;
  }
  return STARDELEG_OK;
}

static void fill_options(sdg_session *session, sdg_agent *agent, const sdg_session_options *options)
{
  session->agent = agent;
  session->key = stardeleg_key_ref(options->key);
  session->terms_agreed = options->terms_agreed;
  session->only_existing = options->only_existing;
  session->anonymous = options->anonymous;
  session->allow_other_origins = options->allow_other_origins;
  session->backoff_min_ms = options->backoff_min_ms > 0 ? options->backoff_min_ms : SDG_TIME_S;
  session->backoff_max_ms = options->backoff_max_ms > 0 ? options->backoff_max_ms : SDG_TIME_HOUR;
  session->directory_ttl_ms = options->directory_ttl_ms > 0 ? options->directory_ttl_ms : DIRECTORY_TTL_DEFAULT;
  session->on_account = options->on_account;
  session->on_account_ctx = options->ctx;
  session->log = options->log;
  session->registered_at = STARDELEG_TIME_NONE;
  session->setup_end = &session->waiting_setup;
  session->nonce_end = &session->waiting_nonce;
  session->skew_told_at = STARDELEG_TIME_NONE;
  sdg_buf_init_secret(&session->eab_mac_key, 1024);
}

stardeleg_err sdg_session_new(sdg_session **out, sdg_agent *agent, const sdg_session_options *options,
                              stardeleg_problem *problem)
{
  sdg_session *session;
  stardeleg_err err = check_options(options, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  session = sdg_calloc(1, sizeof(*session));
  if (session == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  fill_options(session, agent, options);
  err = copy_strings(session, options);
  if (err == STARDELEG_OK) {
    err = read_mac_key(session, options->eab_mac_key, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_session_setup_add(session);
  }
  if (err != STARDELEG_OK) {
    sdg_session_free(session);
    return err;
  }
  *out = session;
  return STARDELEG_OK;
}

void sdg_session_free(sdg_session *session)
{
  if (session == NULL) {
    return;
  }
  sdg_session_setup_remove(session);
  stardeleg_key_free(session->key);
  sdg_acme_directory_clear(&session->directory);
  sdg_free(session->directory_url);
  sdg_free(session->source_url);
  sdg_free(session->kid);
  sdg_free(session->eab_key_id);
  sdg_buf_clear(&session->eab_mac_key);
  for (size_t i = 0; i < session->contact_count; i++) {
    sdg_free(session->contacts[i]);
  }
  for (size_t i = 0; i < session->nonce_count; i++) {
    sdg_free(session->nonces[i]);
  }
  sdg_free(session);
}

/* --- What others see --- */

const sdg_acme_directory *sdg_session_directory(const sdg_session *session)
{
  return session->has_directory ? &session->directory : NULL;
}

const char *sdg_session_kid(const sdg_session *session)
{
  return session->kid;
}

bool sdg_session_is_ready(const sdg_session *session)
{
  return session->has_directory && (session->kid != NULL || session->anonymous);
}

const stardeleg_problem *sdg_session_problem(const sdg_session *session)
{
  return session->has_problem ? &session->problem : NULL;
}

stardeleg_key *sdg_session_key(const sdg_session *session)
{
  return session->key;
}

bool sdg_session_may_go(const sdg_session *session, const char *source, const char *text)
{
  sdg_url url;
  sdg_url directory;

  if (text == NULL || sdg_url_parse(&url, sdg_bytes_str(text)) != STARDELEG_OK ||
      sdg_url_parse(&directory, sdg_bytes_str(source)) != STARDELEG_OK) {
    return false;
  }
  if (!url.https && directory.https) {
    return false;
  }
  return session->allow_other_origins || sdg_url_same_origin(&url, &directory);
}

stardeleg_err sdg_session_check_url(const sdg_session *session, const char *url)
{
  return sdg_session_may_go(session, session->source_url, url) ? STARDELEG_OK : STARDELEG_ERR_PROTOCOL;
}

void sdg_session_clock_back(sdg_session *session, stardeleg_time now)
{
  if (session->wait_until != STARDELEG_TIME_NONE && session->wait_until > sdg_time_add(now, session->backoff_max_ms)) {
    session->wait_until = STARDELEG_TIME_NONE;
  }
  session->refresh_at = sdg_time_min(session->refresh_at, sdg_time_add(now, session->directory_ttl_ms));
  if (session->registered_at != STARDELEG_TIME_NONE && session->registered_at > now) {
    session->registered_at = now;
  }
  session->skew_told_at = STARDELEG_TIME_NONE;
  sdg_agent_set_due(session->agent, &session->setup, now);
}

/* --- Nonces (RFC 8555 6.5) --- */

/* A clock that is off makes every date of the protocol look wrong; said once an hour, it explains the rest. */
static void compare_clocks(sdg_session *session, const stardeleg_http_response *response, stardeleg_time now)
{
  stardeleg_bytes value;
  stardeleg_time theirs;
  int64_t ahead;

  if ((session->skew_told_at != STARDELEG_TIME_NONE && now - session->skew_told_at < SDG_TIME_HOUR) ||
      !sdg_http_header(&value, response->headers, response->header_count, "Date", NULL) ||
      sdg_time_read_http(&theirs, value, now) != STARDELEG_OK) {
    return;
  }
  ahead = now - theirs;
  if (ahead > SKEW_TOLERATED || ahead < -SKEW_TOLERATED) {
    session->skew_told_at = now;
    sdg_log(session->log, STARDELEG_LOG_WARNING, "acme.clock.skew", "this machine's clock is %lld s %s the server's",
            (long long)((ahead > 0 ? ahead : -ahead) / SDG_TIME_S), ahead > 0 ? "ahead of" : "behind");
  }
}

/* The |count| oldest ones. */
static void drop_nonces(sdg_session *session, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    sdg_free(session->nonces[i]);
  }
  for (size_t i = count; i < session->nonce_count; i++) {
    session->nonces[i - count] = session->nonces[i];
    session->nonce_seen_at[i - count] = session->nonce_seen_at[i];
  }
  session->nonce_count -= count;
}

/* Servers forget nonces: after a long pause (a DNS change that had to spread) a fresh one is cheaper than a refusal. */
static void drop_old_nonces(sdg_session *session, stardeleg_time now)
{
  size_t old = 0;

  while (old < session->nonce_count && (session->nonce_seen_at[old] < sdg_time_add(now, -NONCE_AGE_MAX) ||
                                        session->nonce_seen_at[old] > sdg_time_add(now, NONCE_AGE_MAX))) {
    old++;
  }
  drop_nonces(session, old);
}

void sdg_session_see(sdg_session *session, const stardeleg_http_response *response, stardeleg_time now)
{
  stardeleg_bytes value;
  char *nonce;

  compare_clocks(session, response, now);
  /* RFC 8555 6.5.1: invalid values are ignored. */
  if (!sdg_http_header(&value, response->headers, response->header_count, "Replay-Nonce", NULL) ||
      !sdg_base64url_is_text(value) || value.len > NONCE_LEN_MAX) {
    return;
  }
  nonce = sdg_bytes_dup(value);
  if (nonce == NULL) {
    return; /* a nonce less; another one can be asked for */
  }
  if (session->nonce_count == SDG_NONCES_MAX) {
    drop_nonces(session, 1);
  }
  session->nonce_seen_at[session->nonce_count] = now;
  session->nonces[session->nonce_count++] = nonce;
  if (sdg_session_is_ready(session)) {
    sdg_session_release_one(session, now);
  }
}

/* The freshest nonce: after badNonce that is the one of the error response, as RFC 8555 6.5 wants. */
char *sdg_session_take_nonce(sdg_session *session)
{
  return session->nonce_count == 0 ? NULL : session->nonces[--session->nonce_count];
}

stardeleg_err sdg_session_sign(sdg_session *session, stardeleg_key *signer, const char *url, stardeleg_bytes payload,
                               sdg_buf *out)
{
  char *nonce = sdg_session_take_nonce(session);
  stardeleg_key *key = signer != NULL ? signer : session->key;
  sdg_jws_header header = {0};
  stardeleg_err err;

  if (nonce == NULL) {
    return STARDELEG_ERR_STATE;
  }
  header.alg = sdg_alg_for_key(sdg_key_info(key));
  if (signer != NULL) {
    header.jwk_spki = stardeleg_key_spki(signer);
  } else {
    header.kid = session->kid;
  }
  header.nonce = nonce;
  header.url = url;
  err = sdg_jws_sign(out, &header, payload, key);
  sdg_free(nonce);
  return err;
}

/* --- Changing the key --- */

void sdg_session_hold(sdg_session *session, sdg_job *job)
{
  bool frees = session->holder != NULL && job == NULL;

  session->holder = job;
  if (frees && sdg_session_is_ready(session)) {
    sdg_session_release_all(session, STARDELEG_TIME_NONE);
  }
}

void sdg_session_set_key(sdg_session *session, stardeleg_key *key)
{
  stardeleg_key *old = session->key;

  session->key = stardeleg_key_ref(key);
  stardeleg_key_free(old);
}

/* --- Parking --- */

sdg_session_lack sdg_session_lacks(sdg_session *session, const sdg_job *job, bool needs_nonce, stardeleg_time now)
{
  if (!sdg_session_is_ready(session)) {
    sdg_session_setup_wanted(session, now);
    return SDG_LACK_SETUP;
  }
  if (session->holder != NULL && session->holder != job) {
    return SDG_LACK_SETUP;
  }
  drop_old_nonces(session, now);
  if (needs_nonce && session->nonce_count == 0) {
    return SDG_LACK_NONCE;
  }
  return SDG_LACK_NOTHING;
}

/* At the end: first come, first served.  Each knows the pointer that points to it, so that ten thousand that wait for
 * one directory come and go without a look at the others. */
void sdg_session_park(sdg_session *session, sdg_job *job, sdg_session_lack lack)
{
  sdg_job ***end = lack == SDG_LACK_NONCE ? &session->nonce_end : &session->setup_end;

  job->parked_next = NULL;
  job->parked_link = *end;
  **end = job;
  *end = &job->parked_next;
  job->place = SDG_PLACE_PARKED;
  sdg_session_setup_nudge(session);
}

void sdg_session_unpark(sdg_session *session, sdg_job *job)
{
  *job->parked_link = job->parked_next;
  if (job->parked_next != NULL) {
    job->parked_next->parked_link = job->parked_link;
  } else if (session->setup_end == &job->parked_next) {
    session->setup_end = job->parked_link;
  } else {
    session->nonce_end = job->parked_link;
  }
  job->parked_next = NULL;
  job->parked_link = NULL;
}

void sdg_session_release_one(sdg_session *session, stardeleg_time now)
{
  sdg_job *job = session->waiting_nonce;

  if (job != NULL) {
    sdg_session_unpark(session, job);
    sdg_agent_wake(session->agent, job, now);
  }
}

void sdg_session_pass_on(sdg_session *session)
{
  if (session->nonce_count > 0 && sdg_session_is_ready(session)) {
    sdg_session_release_one(session, STARDELEG_TIME_NONE);
  }
}

void sdg_session_release_all(sdg_session *session, stardeleg_time now)
{
  while (session->waiting_setup != NULL) {
    sdg_job *job = session->waiting_setup;

    sdg_session_unpark(session, job);
    sdg_agent_wake(session->agent, job, now);
  }
}

/* --- Losing the account --- */

bool sdg_session_account_gone(sdg_session *session, stardeleg_time now)
{
  if (session->anonymous || session->only_existing) {
    return false;
  }
  if (session->kid == NULL) {
    return true; /* another job has noticed already */
  }
  if (session->registered_at != STARDELEG_TIME_NONE && now - session->registered_at < REGISTER_PAUSE) {
    return false;
  }
  sdg_log(session->log, STARDELEG_LOG_WARNING, "acme.account.gone",
          "the server does not know the account any more: registering again");
  sdg_free(session->kid);
  session->kid = NULL;
  sdg_session_setup_wanted(session, now);
  return true;
}
