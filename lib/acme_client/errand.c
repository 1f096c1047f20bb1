/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/errand.c -- single requests: repeated while that may help. */
#include "acme_client/errand.h"

#include <string.h>

#include "base/problem.h"
#include "base/time.h"

/* Retry-After is believed up to a day; a clock that was set back must not make the pause longer than that. */
#define WAIT_MAX (SDG_TIME_DAY + SDG_TIME_HOUR)

void sdg_errand_init(sdg_errand *errand)
{
  memset(errand, 0, sizeof(*errand));
  errand->wait_until = STARDELEG_TIME_NONE;
  sdg_problem_clear(&errand->problem);
}

bool sdg_errand_waits(const sdg_errand *errand, sdg_step *step, stardeleg_time now)
{
  if (errand->state != SDG_ERRAND_OPEN) {
    step->kind = SDG_STEP_WAIT;
    step->at = STARDELEG_TIME_NEVER;
    return true;
  }
  if (errand->wait_until != STARDELEG_TIME_NONE && errand->wait_until > now &&
      errand->wait_until <= sdg_time_add(now, WAIT_MAX)) {
    step->kind = SDG_STEP_WAIT;
    step->at = errand->wait_until;
    return true;
  }
  return false;
}

static bool is_passing(const sdg_result *result)
{
  if (result->err != STARDELEG_ERR_PROBLEM) {
    return result->err == STARDELEG_ERR_TRANSPORT || result->err == STARDELEG_ERR_LIMIT;
  }
  /* 501 is no outage: the server does not have it (a CA was seen to advertise keyChange and answer that). */
  return (result->status >= 500 && result->status != 501) || result->status == 429 || result->status == 408 ||
         sdg_acme_error_is_retryable(result->problem->acme) != 0;
}

void sdg_errand_again(sdg_errand *errand, sdg_agent *agent, const sdg_result *result,
                      const stardeleg_problem *problem, stardeleg_time now)
{
  int64_t least = errand->backoff_min_ms > 0 ? errand->backoff_min_ms : SDG_TIME_S;
  int64_t most = errand->backoff_max_ms > 0 ? errand->backoff_max_ms : SDG_TIME_HOUR;

  errand->state = SDG_ERRAND_OPEN;
  errand->tries += errand->tries < UINT32_MAX ? 1 : 0;
  errand->wait_until = sdg_time_add(now, sdg_backoff_ms(errand->tries, least, most, sdg_agent_random(agent)));
  if (result != NULL && result->retry_at != STARDELEG_TIME_NONE && result->retry_at > errand->wait_until) {
    errand->wait_until = result->retry_at;
  }
  if (problem != &errand->problem) {
    errand->problem = *problem;
  }
}

bool sdg_errand_retries(sdg_errand *errand, sdg_agent *agent, const sdg_result *result, stardeleg_time now)
{
  if (!is_passing(result)) {
    return false;
  }
  sdg_errand_again(errand, agent, result, result->problem, now);
  return true;
}

void sdg_errand_done(sdg_errand *errand)
{
  errand->state = SDG_ERRAND_DONE;
  errand->tries = 0;
  errand->wait_until = STARDELEG_TIME_NONE;
  sdg_problem_clear(&errand->problem);
}

void sdg_errand_fail(sdg_errand *errand, const stardeleg_problem *problem)
{
  errand->state = SDG_ERRAND_FAILED;
  errand->wait_until = STARDELEG_TIME_NONE;
  if (problem != &errand->problem) {
    errand->problem = *problem;
  }
}

void sdg_errand_fail_text(sdg_errand *errand, stardeleg_acme_error acme, const char *detail)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, acme, "%s", detail);
  problem.status = 0; /* the server did not say that */
  sdg_errand_fail(errand, &problem);
}

/* --- As a record --- */

void sdg_errand_write_pause(sdg_json_writer *w, const sdg_errand *errand)
{
  sdg_jw_int(w, "tries", (int64_t)errand->tries);
  if (errand->wait_until != STARDELEG_TIME_NONE) {
    sdg_jw_int(w, "waitUntil", errand->wait_until);
  }
}

stardeleg_err sdg_errand_read_pause(sdg_errand *errand, const sdg_json *tree)
{
  int64_t tries = 0;
  stardeleg_err err = sdg_json_get_int(&tries, tree, "tries", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);

  errand->tries = (uint32_t)tries;
  return err == STARDELEG_OK ? sdg_json_get_int(&errand->wait_until, tree, "waitUntil", SDG_JSON_OPTIONAL, INT64_MIN,
                                                INT64_MAX, NULL)
                             : err;
}

/* --- What is not there --- */

/* A rollout that went wrong, a balancer without its servers: people see to that within hours. */
#define GONE_AFTER (6 * SDG_TIME_HOUR)
#define GONE_COUNT 4u

bool sdg_gone_is_said(const sdg_result *result)
{
  static const char acme[] = "urn:ietf:params:acme:error:";

  return result->err == STARDELEG_ERR_PROBLEM && (result->status == 404 || result->status == 410) &&
         strncmp(result->problem->type, acme, sizeof(acme) - 1) == 0;
}

bool sdg_gone_take(sdg_gone *gone, const sdg_result *result, stardeleg_time now)
{
  if (result->err == STARDELEG_OK) {
    memset(gone, 0, sizeof(*gone));
    return false;
  }
  if (!sdg_gone_is_said(result)) {
    return false; /* says nothing of it, neither way */
  }
  if (gone->count == 0 || gone->since > now) { /* or the clock was set back */
    gone->since = now;
  }
  gone->count += gone->count < UINT32_MAX ? 1 : 0;
  return gone->count >= GONE_COUNT && now >= sdg_time_add(gone->since, GONE_AFTER);
}

void sdg_gone_write(sdg_json_writer *w, const sdg_gone *gone)
{
  if (gone->count > 0) {
    sdg_jw_int(w, "gone", (int64_t)gone->count);
    sdg_jw_int(w, "goneSince", gone->since);
  }
}

stardeleg_err sdg_gone_read(sdg_gone *gone, const sdg_json *tree)
{
  int64_t count = 0;
  stardeleg_err err = sdg_json_get_int(&count, tree, "gone", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);

  if (err != STARDELEG_OK || count == 0) {
    return err;
  }
  gone->count = (uint32_t)count;
  return sdg_json_get_int(&gone->since, tree, "goneSince", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
}
