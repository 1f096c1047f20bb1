/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_chore.c -- jobs of the role itself: reading the list of delegations, giving the account up. */
#include "ndc/ndc_internal.h"

#include "base/time.h"

stardeleg_err sdg_ndc_chore_add(stardeleg_ndc *ndc, sdg_ndc_chore *chore, const sdg_job_ops *ops)
{
  chore->job.ops = ops;
  chore->job.session = ndc->session;
  chore->ndc = ndc;
  chore->wait_until = STARDELEG_TIME_NONE;
  return sdg_agent_add(ndc->agent, &chore->job, STARDELEG_TIME_NONE);
}

void sdg_ndc_chore_remove(sdg_ndc_chore *chore)
{
  if (chore->ndc != NULL) {
    sdg_agent_remove(chore->ndc->agent, &chore->job);
  }
}

bool sdg_ndc_chore_waits(const sdg_ndc_chore *chore, sdg_step *step, stardeleg_time now)
{
  bool waits = chore->wait_until != STARDELEG_TIME_NONE && now < chore->wait_until;

  if (waits) {
    step->at = chore->wait_until;
  } else if (!sdg_session_is_ready(chore->ndc->session)) {
    step->kind = SDG_STEP_SESSION;
    waits = true;
  }
  return waits;
}

void sdg_ndc_chore_failed(sdg_ndc_chore *chore, const stardeleg_problem *problem, stardeleg_time retry_at,
                          stardeleg_time now)
{
  const stardeleg_ndc_options *o = &chore->ndc->options;

  chore->tries += chore->tries < UINT32_MAX ? 1 : 0;
  chore->wait_until = sdg_time_add(
      now, sdg_backoff_ms(chore->tries, o->backoff_min_ms, o->backoff_max_ms, sdg_agent_random(chore->ndc->agent)));
  if (retry_at != STARDELEG_TIME_NONE && retry_at > chore->wait_until) {
    chore->wait_until = retry_at;
  }
  sdg_ndc_tell_role_failed(chore->ndc, problem, chore->wait_until);
}

void sdg_ndc_chore_wake(sdg_ndc_chore *chore, stardeleg_time at)
{
  chore->wait_until = STARDELEG_TIME_NONE;
  sdg_agent_set_due(chore->ndc->agent, &chore->job, at);
}
