/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_job.h -- one order being worked on, under its lease. */
#ifndef SDG_IDO_IDO_JOB_H
#define SDG_IDO_IDO_JOB_H

#include "ido/ido_internal.h"

typedef struct sdg_ido_job {
  sdg_job job; /* first: the job is the order's */
  stardeleg_ido *ido;
  sdg_ido_order order;
  sdg_issuance issuance;
  stardeleg_time lease_until;
  stardeleg_time park_until; /* closing: when the order is to be claimed again; NONE: as its status says */
  bool unsaved;              /* the record lags behind */
  bool closing;              /* the next save gives the lease back, and the job is done */
  bool finished;             /* to be freed */
  struct sdg_ido_job *next;
} sdg_ido_job;

extern const sdg_job_ops sdg_ido_job_ops;

/* Takes the job out of the agent; it is freed by sdg_ido_jobs_reap(). */
void sdg_ido_job_finish(sdg_ido_job *job);
/* True between two steps, with nothing to be saved. */
bool sdg_ido_job_is_idle(const sdg_ido_job *job);
/* The moment from which on the order leads nowhere as it stands. */
stardeleg_time sdg_ido_job_latest(const sdg_ido_job *job);
/* Spends a long pause in the store: the place is for orders that can go on. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_job_park(sdg_ido_job *job, stardeleg_time until, stardeleg_time now);

#endif /* SDG_IDO_IDO_JOB_H */
