/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_validate.c -- the life of a validation: begun under a lease, decided, tried again (RFC 8555 8.2). */
#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "ca/ca_check.h"

static void free_check(sdg_ca_task *task)
{
  sdg_ca_check *check = (sdg_ca_check *)task;

  sdg_ca_authz_clear(&check->authz);
  sdg_buf_clear(&check->url);
  sdg_buf_clear(&check->host);
  sdg_ca_share_give(task->ca, check->share);
  sdg_free(check);
}

/* --- Outcomes --- */

static stardeleg_err set_error(sdg_acme_challenge *challenge, const stardeleg_problem *problem)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_problem_to_tree(&tree, problem);

  if (err == STARDELEG_OK) {
    sdg_json_free(challenge->error);
    challenge->error = tree;
  }
  return err;
}

static void tell(const sdg_ca_check *check, const stardeleg_problem *problem)
{
  const stardeleg_log *log = &check->task.ca->options.log;
  char name[256];

  sdg_text_escape(name, sizeof(name), sdg_bytes_str(check->authz.wire.identifier.value));
  if (problem == NULL) {
    sdg_log(log, STARDELEG_LOG_INFO, "ca.validated", "name=%s by %s", name, check->method->type);
  } else {
    sdg_log(log, STARDELEG_LOG_WARNING, "ca.validation.failed", "name=%s attempt=%u: %s", name,
            (unsigned)check->authz.attempts, problem->detail);
  }
}

static stardeleg_err succeed(sdg_ca_check *check, stardeleg_time now)
{
  sdg_ca_authz *authz = &check->authz;

  authz->wire.status = SDG_AUTHZ_VALID;
  authz->wire.challenges[0].status = SDG_CHALLENGE_VALID;
  authz->wire.challenges[0].validated = now;
  sdg_json_free(authz->wire.challenges[0].error);
  authz->wire.challenges[0].error = NULL;
  sdg_ca_drop_other_challenges(&authz->wire);
  authz->just_proven = true;
  return sdg_ca_store_decision(check->task.ca, authz, authz->expires_at, true);
}

/* RFC 8555 8.2: tried again for a while, with the error to be seen meanwhile. */
static stardeleg_err fail(sdg_ca_check *check, const stardeleg_problem *problem, stardeleg_time now)
{
  const stardeleg_ca_options *options = &check->task.ca->options;
  sdg_ca_authz *authz = &check->authz;
  stardeleg_err err;

  authz->attempts++;
  err = set_error(&authz->wire.challenges[0], problem);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (authz->attempts < options->validation_attempts) {
    return sdg_ca_store_decision(check->task.ca, authz, sdg_time_add(now, options->validation_retry_ms), true);
  }
  authz->wire.status = SDG_AUTHZ_INVALID;
  authz->wire.challenges[0].status = SDG_CHALLENGE_INVALID;
  sdg_ca_drop_other_challenges(&authz->wire);
  return sdg_ca_store_decision(check->task.ca, authz, STARDELEG_TIME_NEVER, true);
}

/* Somebody wrote the authorization while it was being checked (the client asked again): the lease is still ours, so the
 * outcome goes on top of what is there now, unless that is decided. */
static stardeleg_err reload(sdg_ca_check *check)
{
  uint64_t fence = check->authz.fence;
  sdg_ca_authz fresh;
  stardeleg_err err = sdg_ca_authz_load(check->task.ca, check->authz.id, &fresh);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_ca_authz_clear(&check->authz);
  check->authz = fresh;
  check->authz.fence = fence;
  return fresh.wire.status == SDG_AUTHZ_PENDING && fresh.key_authorization != NULL ? STARDELEG_OK : STARDELEG_ERR_STATE;
}

static stardeleg_err write_outcome(sdg_ca_check *check, const stardeleg_problem *problem, stardeleg_time now)
{
  stardeleg_err err = STARDELEG_OK;

  for (int i = 0; i < SDG_CA_CAS_TRIES; i++) {
    err = problem == NULL ? succeed(check, now) : fail(check, problem, now);
    if (err != STARDELEG_ERR_CONFLICT) {
      break;
    }
    err = reload(check);
    if (err != STARDELEG_OK) {
      return err;
    }
    err = STARDELEG_ERR_CONFLICT;
  }
  return err;
}

void sdg_ca_check_decide(sdg_ca_check *check, const stardeleg_problem *problem, stardeleg_time now)
{
  stardeleg_err err = write_outcome(check, problem, now);

  /* On CONFLICT somebody else has the lease now, on STATE the authorization is decided; on other failures the lease
   * runs out and it is checked again. */
  if (err == STARDELEG_OK) {
    tell(check, problem);
  } else {
    sdg_log(&check->task.ca->options.log, STARDELEG_LOG_WARNING, "ca.validation.unsaved", "%s",
            stardeleg_strerror(err));
  }
  sdg_ca_share_took(check->share, now - check->begun_at);
  sdg_ca_task_finish(&check->task);
}

bool sdg_ca_check_has_addresses(sdg_ca_check *check, const char *host, sdg_step *step, stardeleg_time now)
{
  stardeleg_problem problem;
  sdg_ca_lookup found = sdg_ca_find_addresses(check->task.ca, host, &check->addresses, now, &step->at, &problem);

  step->kind = SDG_STEP_WAIT;
  if (found == SDG_CA_LOOKUP_FAILED) {
    sdg_ca_check_decide(check, &problem, now);
  }
  return found == SDG_CA_LOOKUP_READY;
}

/* --- The task --- */

/* All look-ups, addresses and redirects together have so much time: each alone may be slow enough. */
static void time_out(sdg_ca_check *check, stardeleg_time now)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_CONNECTION, "%s: timeout: not done after %lld ms", check->method->type,
                  (long long)check->task.ca->options.validation_timeout_ms);
  sdg_ca_check_decide(check, &problem, now);
}

static stardeleg_err ask_check(sdg_ca_task *task, sdg_step *step, stardeleg_time now)
{
  sdg_ca_check *check = (sdg_ca_check *)task;

  if (now >= task->until) {
    time_out(check, now);
    return STARDELEG_OK;
  }
  return check->method->ask(check, step, now);
}

static stardeleg_err take_check(sdg_ca_task *task, const sdg_result *result, stardeleg_time now)
{
  sdg_ca_check *check = (sdg_ca_check *)task;

  return check->method->take != NULL ? check->method->take(check, result, now) : STARDELEG_OK;
}

static const sdg_ca_task_ops check_ops = {"authz", ask_check, take_check, free_check};

/* --- Beginning --- */

static stardeleg_err expire(stardeleg_ca *ca, sdg_ca_authz *authz)
{
  stardeleg_problem problem;

  if (authz->wire.status == SDG_AUTHZ_PENDING) {
    sdg_problem_set(&problem, STARDELEG_ACME_MALFORMED, "the challenge was not answered in time");
    authz->wire.status = SDG_AUTHZ_INVALID;
    if (set_error(&authz->wire.challenges[0], &problem) != STARDELEG_OK) {
      return STARDELEG_ERR_NOMEM;
    }
    authz->wire.challenges[0].status = SDG_CHALLENGE_INVALID;
  } else if (authz->wire.status == SDG_AUTHZ_VALID) {
    authz->wire.status = SDG_AUTHZ_EXPIRED;
  }
  return sdg_ca_store_decision(ca, authz, STARDELEG_TIME_NEVER, true);
}

/* The lease is what keeps it away for a while: no attempt is counted, and nothing of the record changes. */
static stardeleg_err put_off(stardeleg_ca *ca, const sdg_ca_authz *authz, sdg_ca_share *share, stardeleg_time now)
{
  int64_t hold_ms = sdg_ca_share_hold(share, now);

  hold_ms = hold_ms < authz->expires_at - now ? hold_ms : authz->expires_at - now;
  return sdg_store_renew(ca->options.store, "authz", authz->id, authz->fence, now, hold_ms);
}

/* |authz| moves into the check. */
static stardeleg_err begin(stardeleg_ca *ca, sdg_ca_authz *authz, const sdg_ca_method *method, stardeleg_time now)
{
  sdg_ca_share *share = sdg_ca_share_of(ca, authz->account);
  sdg_ca_check *check = NULL;
  stardeleg_err err;

  if (share == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (!sdg_ca_share_take(ca, share, now)) {
    return put_off(ca, authz, share, now);
  }
  check = sdg_calloc(1, sizeof(*check));
  if (check == NULL) {
    sdg_ca_share_give(ca, share);
    return STARDELEG_ERR_NOMEM;
  }
  check->method = method;
  check->share = share;
  check->begun_at = now;
  check->authz = *authz;
  sdg_ca_authz_init(authz);
  sdg_buf_init(&check->url, SDG_URL_MAX);
  sdg_buf_init(&check->host, 512);
  err = sdg_ca_task_begin(ca, &check->task, &check_ops, check->authz.id, check->authz.fence, now);
  if (err == STARDELEG_OK) {
    check->task.until = sdg_time_add(now, ca->options.validation_timeout_ms);
  }
  return err;
}

/* An order of before the operator took a challenge away: it cannot be proven that way any more. */
static stardeleg_err begin_or_refuse(stardeleg_ca *ca, sdg_ca_authz *authz, stardeleg_time now)
{
  const sdg_ca_method *method = sdg_ca_method_of(authz->wire.challenges[0].type);
  stardeleg_problem problem;

  if (method != NULL && (ca->options.challenges & method->flag) != 0) {
    return begin(ca, authz, method, now);
  }
  sdg_problem_set(&problem, STARDELEG_ACME_MALFORMED, "this kind of challenge is not offered any more");
  authz->wire.status = SDG_AUTHZ_INVALID;
  authz->wire.challenges[0].status = SDG_CHALLENGE_INVALID;
  if (set_error(&authz->wire.challenges[0], &problem) != STARDELEG_OK) {
    return STARDELEG_ERR_NOMEM;
  }
  return sdg_ca_store_decision(ca, authz, STARDELEG_TIME_NEVER, true);
}

static stardeleg_err work(stardeleg_ca *ca, sdg_ca_authz *authz, stardeleg_time now)
{
  bool is_open = authz->wire.status == SDG_AUTHZ_PENDING || authz->wire.status == SDG_AUTHZ_VALID;

  if (now >= authz->expires_at) {
    return expire(ca, authz);
  }
  if (authz->wire.status == SDG_AUTHZ_PENDING && authz->key_authorization != NULL) {
    return begin_or_refuse(ca, authz, now);
  }
  /* Nothing to do: it rests until it expires, or for good. */
  return sdg_ca_store_decision(ca, authz, is_open ? authz->expires_at : STARDELEG_TIME_NEVER, true);
}

stardeleg_err sdg_ca_begin_check(stardeleg_ca *ca, const stardeleg_record *record, stardeleg_time now)
{
  sdg_ca_authz authz;
  stardeleg_err err = sdg_ca_authz_read(&authz, record);

  if (err == STARDELEG_OK) {
    err = work(ca, &authz, now);
    sdg_ca_authz_clear(&authz);
  }
  if (err != STARDELEG_OK && err != STARDELEG_ERR_CONFLICT) {
    sdg_log(&ca->options.log, STARDELEG_LOG_ERROR, "ca.authz.failed", "authz=%s: %s", record->key,
            stardeleg_strerror(err));
  }
  return err;
}
