/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc.c -- the delegate's role: birth, driving, looking in. */
#include "ndc/ndc_internal.h"

#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"

/* A session that cannot get ready parks everybody, so nobody else would tell.  Once per spell of trouble. */
static void tell_session(stardeleg_ndc *ndc)
{
  const stardeleg_problem *problem = sdg_session_problem(ndc->session);

  if (sdg_session_is_ready(ndc->session)) {
    ndc->session_failed = false;
  } else if (problem != NULL && !ndc->session_failed) {
    ndc->session_failed = true;
    sdg_ndc_tell_role_failed(ndc, problem, STARDELEG_TIME_NONE);
  }
}

/* What the program no longer wants ends now, whatever the list says. */
static void end_unwanted(stardeleg_ndc *ndc, stardeleg_time now)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the delegation is not among the chosen ones");
  problem.status = 0;
  for (size_t i = 0; i < ndc->count; i++) {
    sdg_ndc_delegation *d = ndc->delegations[i];

    if (d->state != SDG_NDC_ENDED && !sdg_ndc_is_wanted(ndc, d->url) && sdg_ndc_end(d, &problem, now) != STARDELEG_OK) {
      d->dirty = true; /* saved before its next step */
    }
  }
}

static stardeleg_err next(void *self, stardeleg_ask *ask, stardeleg_time now)
{
  stardeleg_ndc *ndc = self;

  sdg_ndc_clock_tick(ndc, now);
  if (ndc->wanted_changed) {
    ndc->wanted_changed = false;
    end_unwanted(ndc, now);
  }
  if (!ndc->first_told) {
    /* What is stored serves before anything is asked of the network. */
    ndc->first_told = true;
    for (size_t i = 0; i < ndc->count; i++) {
      sdg_ndc_tell_current(ndc->delegations[i], now);
    }
  }
  return sdg_agent_next(ndc->agent, ask, now);
}

static stardeleg_err answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  stardeleg_ndc *ndc = self;
  stardeleg_err err = sdg_agent_answer(ndc->agent, id, outcome, now);

  tell_session(ndc);
  return err;
}

stardeleg_err stardeleg_ndc_new(stardeleg_ndc **out, const stardeleg_ndc_options *options, stardeleg_problem *problem)
{
  stardeleg_ndc *ndc = sdg_calloc(1, sizeof(*ndc));
  stardeleg_err err;

  sdg_problem_clear(problem);
  if (ndc == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  ndc->engine = (stardeleg_engine){ndc, next, answer};
  sdg_ndc_clock_init(&ndc->clock);
  err = sdg_ndc_options_copy(ndc, options, problem);
  if (err == STARDELEG_OK) {
    err = sdg_agent_new(&ndc->agent, ndc->options.crypto, &ndc->options.log);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ndc_account_open(ndc, options->eab_key_id, options->eab_mac_key, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ndc_leaving_add(ndc);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ndc_load_all(ndc);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ndc_discovery_add(ndc);
  }
  if (err != STARDELEG_OK) {
    stardeleg_ndc_free(ndc);
    return err;
  }
  *out = ndc;
  return STARDELEG_OK;
}

const stardeleg_engine *stardeleg_ndc_engine(stardeleg_ndc *ndc)
{
  return &ndc->engine;
}

void stardeleg_ndc_discover(stardeleg_ndc *ndc)
{
  sdg_ndc_discovery *s = &ndc->discovery;

  s->thorough = true;
  s->again = s->page_url != NULL || s->chore.job.exchange != 0;
  sdg_ndc_chore_wake(&s->chore, STARDELEG_TIME_NONE);
}

void stardeleg_ndc_free(stardeleg_ndc *ndc)
{
  if (ndc == NULL) {
    return;
  }
  sdg_ndc_chore_remove(&ndc->leaving);
  sdg_ndc_discovery_remove(ndc);
  for (size_t i = 0; i < ndc->count; i++) {
    sdg_ndc_delegation_free(ndc->delegations[i]);
  }
  sdg_free(ndc->delegations);
  sdg_session_free(ndc->session);
  sdg_agent_free(ndc->agent);
  stardeleg_key_free(ndc->account_key);
  sdg_ndc_options_clear(ndc);
  sdg_free(ndc);
}

/* --- Looking in --- */

static const char *state_text(const sdg_ndc_delegation *d)
{
  if (d->state == SDG_NDC_ENDED || d->was_ended) {
    return "ended";
  }
  if (d->current != NULL && d->current->over == SDG_NDC_CANCELED) {
    return "canceled";
  }
  if (d->current != NULL) {
    return "active";
  }
  return d->pending != NULL ? "ordering" : "new";
}

static stardeleg_time next_try(const sdg_ndc_delegation *d)
{
  stardeleg_time by_order = STARDELEG_TIME_NEVER;
  stardeleg_time by_holder = STARDELEG_TIME_NEVER;

  switch (d->state) {
  case SDG_NDC_ENDED:
    return STARDELEG_TIME_NEVER;
  case SDG_NDC_REST:
    by_order = sdg_ndc_wait_for(d->ndc, sdg_ndc_order_due(d));
    break;
  case SDG_NDC_ORDER:
    by_order = d->pending->flow.wait_until;
    break;
  default:
    by_order = d->wait_until;
    break;
  }
  if (d->current != NULL && d->current->over == SDG_NDC_LIVE && d->current->star) {
    by_holder = d->check_at == STARDELEG_TIME_NONE ? d->fetch_at : sdg_time_min(d->fetch_at, d->check_at);
  }
  if (d->ndc->account_state != STARDELEG_NDC_ACCOUNT_IN_USE && d->state != SDG_NDC_PICKUP) {
    by_order = STARDELEG_TIME_NEVER;
  }
  return sdg_time_min(by_order, by_holder);
}

void stardeleg_ndc_inspect(const stardeleg_ndc *ndc, int (*each)(void *ctx, const stardeleg_ndc_status *status),
                           void *ctx)
{
  for (size_t i = 0; i < ndc->count; i++) {
    const sdg_ndc_delegation *d = ndc->delegations[i];
    stardeleg_ndc_status status = {0};

    status.delegation = d->url;
    status.state = state_text(d);
    status.name = d->name != NULL ? d->name : "";
    status.not_before = d->current != NULL ? d->current->not_before : STARDELEG_TIME_NONE;
    status.not_after = d->current != NULL ? d->current->not_after : STARDELEG_TIME_NONE;
    status.is_star = d->current != NULL && d->current->star;
    status.last_success = d->last_success;
    status.next_try = next_try(d);
    status.reason = d->reason != NULL ? d->reason : "";
    if (each(ctx, &status) != 0) {
      return;
    }
  }
}
