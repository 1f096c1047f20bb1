/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_validate.c -- http-01 validation as jobs of the engine (RFC 8555 8.2, 8.3). */
#include <stdio.h>
#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "ca/ca_internal.h"

/* A key authorization has 43 + 1 + 43 characters; whoever answers much more does not answer the challenge. */
#define ANSWER_MAX 1024u
#define REDIRECTS_MAX 5u

/* One authorization being checked, under its lease. */
typedef struct sdg_ca_check {
  sdg_job job; /* first: the job is the check */
  stardeleg_ca *ca;
  sdg_ca_authz authz;
  sdg_buf url;
  unsigned redirects;
  stardeleg_time lease_until;
  struct sdg_ca_check *next;
} sdg_ca_check;

static void free_check(sdg_ca_check *check)
{
  stardeleg_ca *ca = check->ca;

  for (sdg_ca_check **at = &ca->checks; *at != NULL; at = &(*at)->next) {
    if (*at == check) {
      *at = check->next;
      break;
    }
  }
  sdg_agent_remove(ca->agent, &check->job);
  sdg_ca_authz_clear(&check->authz);
  sdg_buf_clear(&check->url);
  sdg_free(check);
}

size_t sdg_ca_check_count(const stardeleg_ca *ca)
{
  size_t n = 0;

  for (const sdg_ca_check *check = ca->checks; check != NULL; check = check->next) {
    n++;
  }
  return n;
}

void sdg_ca_drop_checks(stardeleg_ca *ca)
{
  while (ca->checks != NULL) {
    free_check(ca->checks);
  }
}

void sdg_ca_renew_checks(stardeleg_ca *ca, stardeleg_time now)
{
  for (sdg_ca_check *check = ca->checks; check != NULL; check = check->next) {
    if (now > check->lease_until - ca->options.lease_ms / 2 &&
        sdg_store_renew(ca->options.store, "authz", check->authz.id, check->authz.fence, now, ca->options.lease_ms) ==
            STARDELEG_OK) {
      check->lease_until = sdg_time_add(now, ca->options.lease_ms);
    }
  }
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

static void tell(stardeleg_ca *ca, const sdg_ca_authz *authz, const stardeleg_problem *problem)
{
  char name[256];

  sdg_text_escape(name, sizeof(name), sdg_bytes_str(authz->wire.identifier.value));
  if (problem == NULL) {
    sdg_log(&ca->options.log, STARDELEG_LOG_INFO, "ca.validated", "name=%s by http-01", name);
  } else {
    sdg_log(&ca->options.log, STARDELEG_LOG_WARNING, "ca.validation.failed", "name=%s attempt=%u: %s", name,
            (unsigned)authz->attempts, problem->detail);
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
  return sdg_ca_store_decision(check->ca, authz, authz->expires_at, true);
}

/* RFC 8555 8.2: tried again for a while, with the error to be seen meanwhile. */
static stardeleg_err fail(sdg_ca_check *check, const stardeleg_problem *problem, stardeleg_time now)
{
  sdg_ca_authz *authz = &check->authz;
  stardeleg_err err;

  authz->attempts++;
  err = set_error(&authz->wire.challenges[0], problem);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (authz->attempts < check->ca->options.validation_attempts) {
    return sdg_ca_store_decision(check->ca, authz, sdg_time_add(now, check->ca->options.validation_retry_ms), true);
  }
  authz->wire.status = SDG_AUTHZ_INVALID;
  authz->wire.challenges[0].status = SDG_CHALLENGE_INVALID;
  return sdg_ca_store_decision(check->ca, authz, STARDELEG_TIME_NEVER, true);
}

/* --- The job --- */

static stardeleg_err ask_check(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_ca_check *check = (sdg_ca_check *)job;

  (void)now;
  step->kind = SDG_STEP_GET;
  step->url = sdg_buf_str(&check->url);
  step->response_max = ANSWER_MAX;
  return STARDELEG_OK;
}

/* Trailing white space does not count (RFC 8555 8.3). */
static bool is_answer(stardeleg_bytes body, const char *expected)
{
  while (body.len > 0 && (body.base[body.len - 1] == ' ' || body.base[body.len - 1] == '\t' ||
                          body.base[body.len - 1] == '\r' || body.base[body.len - 1] == '\n')) {
    body.len--;
  }
  return sdg_bytes_is(body, expected);
}

/* RFC 8555 8.3: redirects are followed, a few, to http and https on their ports; what addresses may be reached is the
 * transport's rule for every request. */
static bool follow(sdg_ca_check *check, const sdg_result *result)
{
  uint16_t port = check->ca->options.http01_port;
  sdg_buf target;
  sdg_url url;
  bool is_good;

  if (result->response == NULL || result->status < 301 || result->status > 308 || result->status == 304 ||
      check->redirects == REDIRECTS_MAX) {
    return false;
  }
  sdg_buf_init(&target, SDG_URL_MAX);
  is_good = sdg_result_location(&target, result) == STARDELEG_OK &&
            sdg_url_parse(&url, sdg_buf_bytes(&target)) == STARDELEG_OK &&
            (url.https ? url.port == 443 : url.port == 80 || url.port == port);
  if (is_good) {
    check->redirects++;
    sdg_buf_swap(&check->url, &target);
  }
  sdg_buf_clear(&target);
  return is_good;
}

/* What came back is not repeated: it may be of a host that the client must not read through us. */
static bool is_right(const sdg_ca_check *check, const sdg_result *result, stardeleg_problem *problem)
{
  if (result->response == NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_CONNECTION, "http-01: %s", result->problem->detail);
    return false;
  }
  if (result->status != 200) {
    sdg_problem_set(problem, STARDELEG_ACME_UNAUTHORIZED, "http-01: the answer has HTTP status %d", result->status);
    return false;
  }
  if (result->err != STARDELEG_OK || !is_answer(result->response->body, check->authz.key_authorization)) {
    sdg_problem_set(problem, STARDELEG_ACME_INCORRECT_RESPONSE, "http-01: the answer is not the key authorization");
    return false;
  }
  return true;
}

/* Somebody wrote the authorization while it was being checked (the client asked again): the lease is still ours, so the
 * outcome goes on top of what is there now, unless that is decided. */
static stardeleg_err reload(sdg_ca_check *check)
{
  uint64_t fence = check->authz.fence;
  sdg_ca_authz fresh;
  stardeleg_err err = sdg_ca_authz_load(check->ca, check->authz.id, &fresh);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_ca_authz_clear(&check->authz);
  check->authz = fresh;
  check->authz.fence = fence;
  return fresh.wire.status == SDG_AUTHZ_PENDING && fresh.key_authorization != NULL ? STARDELEG_OK : STARDELEG_ERR_STATE;
}

static stardeleg_err judge(sdg_ca_check *check, const sdg_result *result, stardeleg_time now)
{
  stardeleg_problem problem;
  bool right = is_right(check, result, &problem);
  stardeleg_err err = STARDELEG_OK;

  for (int i = 0; i < SDG_CA_CAS_TRIES; i++) {
    err = right ? succeed(check, now) : fail(check, &problem, now);
    if (err != STARDELEG_ERR_CONFLICT) {
      break;
    }
    err = reload(check);
    if (err != STARDELEG_OK) {
      return err;
    }
    err = STARDELEG_ERR_CONFLICT;
  }
  if (err == STARDELEG_OK) {
    tell(check->ca, &check->authz, right ? NULL : &problem);
  }
  return err;
}

static stardeleg_err take_check(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_ca_check *check = (sdg_ca_check *)job;
  stardeleg_err err;

  if (follow(check, result)) {
    return STARDELEG_OK; /* the job is asked again, for the new URL */
  }
  err = judge(check, result, now);
  /* On CONFLICT somebody else has the lease now, on STATE the authorization is decided; on other failures the lease
   * runs out and it is checked again. */
  if (err != STARDELEG_OK) {
    sdg_log(&check->ca->options.log, STARDELEG_LOG_WARNING, "ca.validation.unsaved", "%s", stardeleg_strerror(err));
  }
  free_check(check);
  return STARDELEG_OK;
}

static const sdg_job_ops check_ops = {ask_check, take_check};

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

/* RFC 8738 4, 5: straight to an address, which a URL has in brackets if it is an IPv6 one. */
static void add_host(sdg_buf *url, const stardeleg_identifier *identifier)
{
  bool brackets = strcmp(identifier->type, "ip") == 0 && strchr(identifier->value, ':') != NULL;

  sdg_buf_add_str(url, brackets ? "[" : "");
  sdg_buf_add_str(url, identifier->value);
  sdg_buf_add_str(url, brackets ? "]" : "");
}

static stardeleg_err begin(stardeleg_ca *ca, sdg_ca_authz *authz, stardeleg_time now)
{
  sdg_ca_check *check = sdg_calloc(1, sizeof(*check));
  stardeleg_err err;

  if (check == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  check->job.ops = &check_ops;
  check->ca = ca;
  check->authz = *authz;
  sdg_ca_authz_init(authz); /* moved into the check */
  check->lease_until = sdg_time_add(now, ca->options.lease_ms);
  sdg_buf_init(&check->url, 2048);
  sdg_buf_add_str(&check->url, "http://");
  add_host(&check->url, &check->authz.wire.identifier);
  if (ca->options.http01_port != 80) {
    sdg_buf_add_byte(&check->url, ':');
    sdg_buf_add_int(&check->url, ca->options.http01_port);
  }
  sdg_buf_add_str(&check->url, "/.well-known/acme-challenge/");
  sdg_buf_add_str(&check->url, check->authz.wire.challenges[0].token);
  check->next = ca->checks;
  ca->checks = check;
  err = sdg_buf_error(&check->url);
  if (err == STARDELEG_OK) {
    err = sdg_agent_add(ca->agent, &check->job, now);
  }
  if (err != STARDELEG_OK) {
    free_check(check);
  }
  return err;
}

stardeleg_err sdg_ca_begin_check(stardeleg_ca *ca, const stardeleg_record *record, stardeleg_time now)
{
  sdg_ca_authz authz;
  stardeleg_err err = sdg_ca_authz_read(&authz, record);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (now >= authz.expires_at) {
    err = expire(ca, &authz);
  } else if (authz.wire.status == SDG_AUTHZ_PENDING && authz.key_authorization != NULL) {
    err = begin(ca, &authz, now);
  } else {
    /* Nothing to do: it rests until it expires, or for good. */
    bool is_open = authz.wire.status == SDG_AUTHZ_PENDING || authz.wire.status == SDG_AUTHZ_VALID;

    err = sdg_ca_store_decision(ca, &authz, is_open ? authz.expires_at : STARDELEG_TIME_NEVER, true);
  }
  sdg_ca_authz_clear(&authz);
  return err;
}
