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

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_ndc_chore *leaving = (sdg_ndc_chore *)job;

  step->at = STARDELEG_TIME_NEVER;
  /* An account whose URL got lost is found again by its key: the session gets ready with it. */
  if (leaving->ndc->account_state != STARDELEG_NDC_ACCOUNT_DEACTIVATING || sdg_ndc_chore_waits(leaving, step, now)) {
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_POST;
  step->url = sdg_session_kid(leaving->ndc->session);
  sdg_buf_add_str(step->payload, "{\"status\":\"deactivated\"}");
  return STARDELEG_OK;
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
  sdg_ndc_chore *leaving = (sdg_ndc_chore *)job;
  stardeleg_ndc *ndc = leaving->ndc;
  stardeleg_problem problem;
  stardeleg_err err;

  if (!is_over_already(result) && !is_confirmed(result)) {
    if (result->err != STARDELEG_OK) {
      sdg_ndc_chore_failed(leaving, result->problem, result->retry_at, now);
    } else {
      sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the server answered without deactivating the account");
      problem.status = 0;
      sdg_ndc_chore_failed(leaving, &problem, STARDELEG_TIME_NONE, now);
    }
    return STARDELEG_OK;
  }
  err = sdg_ndc_account_save(ndc, sdg_session_kid(ndc->session), STARDELEG_NDC_ACCOUNT_DEACTIVATED);
  if (err == STARDELEG_OK) {
    sdg_log(&ndc->options.log, STARDELEG_LOG_WARNING, "ndc.account.deactivated", "the account is deactivated");
  }
  return err;
}

static const sdg_job_ops ops = {ask, take};

stardeleg_err sdg_ndc_leaving_add(stardeleg_ndc *ndc)
{
  return sdg_ndc_chore_add(ndc, &ndc->leaving, &ops);
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
    sdg_ndc_chore_wake(&ndc->leaving, STARDELEG_TIME_NONE);
  }
  return err;
}

stardeleg_ndc_account_state stardeleg_ndc_account(const stardeleg_ndc *ndc)
{
  return ndc->account_state;
}
