/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_deactivate.c -- giving up the account at the IdO (RFC 8555 7.3.6).
 *
 * RFC 9115 7.2: "When a compromise of the private key is detected, the delegate MUST use the account deactivation
 * procedures defined in Section 7.3.6 of [RFC8555]."  The wish is kept first and carried out until the server has
 * confirmed it; from the wish on, nothing else is signed with that key. */
#include "ndc/ndc_internal.h"

#include "acme/account.h"
#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/problem.h"
#include "base/time.h"

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_ndc_leaving *l = (sdg_ndc_leaving *)job;
  sdg_session *session = l->ndc->session;

  step->at = STARDELEG_TIME_NEVER;
  if (l->ndc->account_state != STARDELEG_NDC_ACCOUNT_DEACTIVATING) {
    return STARDELEG_OK;
  }
  if (l->wait_until != STARDELEG_TIME_NONE && now < l->wait_until) {
    step->at = l->wait_until;
    return STARDELEG_OK;
  }
  if (!sdg_session_is_ready(session)) {
    step->kind = SDG_STEP_SESSION; /* an account whose URL got lost is found again by its key */
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_POST;
  step->url = sdg_session_kid(session);
  sdg_buf_add_str(step->payload, "{\"status\":\"deactivated\"}");
  return STARDELEG_OK;
}

static void fail(sdg_ndc_leaving *l, const stardeleg_problem *problem, stardeleg_time retry_at, stardeleg_time now)
{
  const stardeleg_ndc_options *o = &l->ndc->options;

  l->tries += l->tries < UINT32_MAX ? 1 : 0;
  l->wait_until = sdg_time_add(
      now, sdg_backoff_ms(l->tries, o->backoff_min_ms, o->backoff_max_ms, sdg_agent_random(l->ndc->agent)));
  if (retry_at != STARDELEG_TIME_NONE && retry_at > l->wait_until) {
    l->wait_until = retry_at;
  }
  sdg_ndc_tell_role_failed(l->ndc, problem, l->wait_until);
}

/* RFC 8555 7.3.6: "If a server receives a POST or POST-as-GET from a deactivated account, it MUST return an error
 * response with status code 401 (Unauthorized) and type "urn:ietf:params:acme:error:unauthorized"." */
static bool is_over_already(const sdg_result *result)
{
  return result->err == STARDELEG_ERR_PROBLEM && result->status == 401 &&
         sdg_problem_is(result->problem, STARDELEG_ACME_UNAUTHORIZED);
}

static bool is_confirmed(const sdg_result *result)
{
  sdg_acme_account account = {0};
  bool confirmed;

  if (result->err != STARDELEG_OK || sdg_acme_account_parse(&account, result->response->body, NULL) != STARDELEG_OK) {
    return false;
  }
  confirmed = account.status != SDG_ACCOUNT_VALID;
  sdg_acme_account_clear(&account);
  return confirmed;
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_leaving *l = (sdg_ndc_leaving *)job;
  stardeleg_problem problem;
  stardeleg_err err;

  if (!is_over_already(result) && !is_confirmed(result)) {
    if (result->err != STARDELEG_OK) {
      fail(l, result->problem, result->retry_at, now);
    } else {
      sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the server answered without deactivating the account");
      problem.status = 0;
      fail(l, &problem, STARDELEG_TIME_NONE, now);
    }
    return STARDELEG_OK;
  }
  err = sdg_ndc_account_save(l->ndc, sdg_session_kid(l->ndc->session), STARDELEG_NDC_ACCOUNT_DEACTIVATED);
  if (err == STARDELEG_OK) {
    sdg_log(&l->ndc->options.log, STARDELEG_LOG_WARNING, "ndc.account.deactivated", "the account is deactivated");
  }
  return err;
}

static const sdg_job_ops ops = {ask, take};

stardeleg_err sdg_ndc_leaving_add(stardeleg_ndc *ndc)
{
  sdg_ndc_leaving *l = &ndc->leaving;

  l->job.ops = &ops;
  l->job.session = ndc->session;
  l->ndc = ndc;
  l->wait_until = STARDELEG_TIME_NONE;
  return sdg_agent_add(ndc->agent, &l->job, STARDELEG_TIME_NONE);
}

void sdg_ndc_leaving_remove(stardeleg_ndc *ndc)
{
  sdg_agent_remove(ndc->agent, &ndc->leaving.job);
}

/* --- Doors --- */

stardeleg_err stardeleg_ndc_deactivate(stardeleg_ndc *ndc)
{
  stardeleg_err err;

  if (ndc->account_state != STARDELEG_NDC_ACCOUNT_IN_USE) {
    return STARDELEG_OK;
  }
  err = sdg_ndc_account_save(ndc, sdg_session_kid(ndc->session), STARDELEG_NDC_ACCOUNT_DEACTIVATING);
  if (err == STARDELEG_OK) {
    sdg_agent_set_due(ndc->agent, &ndc->leaving.job, STARDELEG_TIME_NONE);
  }
  return err;
}

stardeleg_ndc_account_state stardeleg_ndc_account(const stardeleg_ndc *ndc)
{
  return ndc->account_state;
}
