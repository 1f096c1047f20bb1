/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_jobs.c -- the orders being worked on: their leases, and what others do to them meanwhile. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "ido/ido_job.h"

#define ACCOUNT_PAUSE_MIN (15 * SDG_TIME_S)
#define ACCOUNT_PAUSE_MAX (5 * SDG_TIME_MINUTE)

static void free_job(sdg_ido_job *j)
{
  stardeleg_ido *ido = j->ido;

  for (sdg_ido_job **at = &ido->jobs; *at != NULL; at = &(*at)->next) {
    if (*at == j) {
      *at = j->next;
      ido->job_count--;
      break;
    }
  }
  sdg_agent_remove(ido->agent, &j->job);
  if (j->issuance.issuer != NULL) {
    j->issuance.ops->end(&j->issuance);
  }
  sdg_ido_order_clear(&j->order);
  sdg_free(j);
}

static sdg_ido_job *find_job(const stardeleg_ido *ido, const char *order_id)
{
  sdg_ido_job *j = ido->jobs;

  while (j != NULL && (j->finished || strcmp(j->order.id, order_id) != 0)) {
    j = j->next;
  }
  return j;
}

stardeleg_err sdg_ido_job_begin(stardeleg_ido *ido, sdg_issuer *issuer, sdg_ido_order *order, stardeleg_time now)
{
  sdg_ido_job *old = find_job(ido, order->id);
  sdg_ido_job *j = sdg_calloc(1, sizeof(*j));
  stardeleg_err err;

  if (j == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (old != NULL) {
    free_job(old); /* its lease ran out, else nobody could have claimed the order */
  }
  j->job.ops = &sdg_ido_job_ops;
  j->job.session = issuer->session;
  j->ido = ido;
  j->park_until = STARDELEG_TIME_NONE;
  j->lease_until = sdg_time_add(now, ido->options.lease_ms);
  j->order = *order;
  j->issuance.issuer = issuer;
  j->issuance.ops = sdg_issuer_ops_for(issuer, order);
  j->issuance.order = &j->order;
  j->next = ido->jobs;
  ido->jobs = j;
  ido->job_count++;
  err = j->issuance.ops->begin(&j->issuance);
  if (err == STARDELEG_OK) {
    err = sdg_agent_add(ido->agent, &j->job, now);
  }
  if (err != STARDELEG_OK) {
    j->issuance.ops->end(&j->issuance);
    *order = j->order; /* still the caller's */
    sdg_ido_order_init(&j->order);
    free_job(j);
    return err;
  }
  sdg_ido_order_init(order);
  ido->look_at = sdg_time_min(ido->look_at, sdg_time_add(now, ido->options.lease_ms / 2));
  return STARDELEG_OK;
}

/* Given back between two exchanges, to be claimed again as it is now.  Should that fail, the lease runs out. */
static void give_back(sdg_ido_job *j)
{
  stardeleg_err err = sdg_store_release(j->ido->options.store, "order", j->order.id, j->order.fence);

  (void)err;
  sdg_ido_job_finish(j);
}

/* Others may have written the order. */
static void see_change(sdg_ido_job *j)
{
  stardeleg_record record = {0};

  if (sdg_ido_job_is_idle(j) && sdg_store_get(j->ido->options.store, "order", j->order.id, &record) == STARDELEG_OK &&
      record.version != j->order.version) {
    give_back(j);
  }
  stardeleg_record_clear(&record);
}

/* Not even the account at the CA can be had, or no nonce: that is said where people look for it, and the place is given
 * to orders of other issuers.  The longer it has lasted, the less it matters to notice the end of it at once. */
static stardeleg_err wait_for_account(sdg_ido_job *j, stardeleg_time now)
{
  const stardeleg_problem *problem = j->job.session != NULL ? sdg_session_problem(j->job.session) : NULL;
  int64_t pause = (now - j->order.finalized_at) / 8;

  if (problem == NULL) {
    return STARDELEG_OK;
  }
  (void)snprintf(j->order.reason, sizeof(j->order.reason), "%.255s",
                 problem->detail[0] != '\0' ? problem->detail : problem->type);
  if (!sdg_session_is_ready(j->job.session)) {
    (void)snprintf(j->order.step, sizeof(j->order.step), "account");
  }
  pause = pause < ACCOUNT_PAUSE_MIN ? ACCOUNT_PAUSE_MIN : pause;
  return sdg_ido_job_park(j, sdg_time_add(now, pause > ACCOUNT_PAUSE_MAX ? ACCOUNT_PAUSE_MAX : pause), now);
}

static void look(sdg_ido_job *j, stardeleg_time now)
{
  stardeleg_err err =
      sdg_store_renew(j->ido->options.store, "order", j->order.id, j->order.fence, now, j->ido->options.lease_ms);

  if (err == STARDELEG_OK) {
    j->lease_until = sdg_time_add(now, j->ido->options.lease_ms);
  } else if (err == STARDELEG_ERR_CONFLICT || err == STARDELEG_ERR_NOT_FOUND) {
    sdg_ido_job_finish(j);
    return;
  }
  see_change(j);
  if (sdg_ido_job_is_idle(j) && now >= sdg_ido_job_latest(j)) {
    give_back(j); /* it waits for an account that may never come; a new job will ask what the time says */
  }
  if (sdg_ido_job_is_idle(j)) {
    err = wait_for_account(j, now);
  } else if (!j->finished && j->unsaved && j->park_until != STARDELEG_TIME_NONE) {
    err = sdg_ido_job_park(j, j->park_until, now); /* the store could not take it the last time */
  }
  (void)err; /* the next look tries again */
}

void sdg_ido_jobs_look(stardeleg_ido *ido, stardeleg_time now)
{
  int64_t half = ido->options.lease_ms / 2;

  ido->look_at = STARDELEG_TIME_NEVER;
  for (sdg_ido_job *j = ido->jobs; j != NULL; j = j->next) {
    if (!j->finished && now >= j->lease_until - half) {
      look(j, now);
    }
    if (!j->finished) {
      /* A store that cannot renew is asked again soon, not at once. */
      ido->look_at = sdg_time_min(ido->look_at, sdg_time_max(j->lease_until - half, sdg_time_add(now, half / 4 + 1)));
    }
  }
}

void sdg_ido_jobs_changed(stardeleg_ido *ido, const char *order_id)
{
  sdg_ido_job *j = find_job(ido, order_id);

  if (j != NULL) {
    see_change(j);
  }
}

void sdg_ido_jobs_reap(stardeleg_ido *ido)
{
  sdg_ido_job *next;

  for (sdg_ido_job *j = ido->jobs; j != NULL; j = next) {
    next = j->next;
    if (j->finished) {
      free_job(j);
    }
  }
}

void sdg_ido_jobs_drop(stardeleg_ido *ido)
{
  while (ido->jobs != NULL) {
    sdg_ido_job *j = ido->jobs;

    /* So that the next process need not wait for the end of the lease; best effort. */
    stardeleg_err err = sdg_store_release(ido->options.store, "order", j->order.id, j->order.fence);

    (void)err;
    free_job(j);
  }
}
