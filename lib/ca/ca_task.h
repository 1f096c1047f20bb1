/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_task.h -- work on one record that takes several steps, under the record's lease: validations and CAA checks. */
#ifndef SDG_CA_CA_TASK_H
#define SDG_CA_CA_TASK_H

#include "ca/ca_internal.h"

typedef struct sdg_ca_task sdg_ca_task;

typedef struct sdg_ca_task_ops {
  const char *kind; /* of the record */
  /* Says what to do, like the ask of a job; or finishes, and what it says does not count then. */
  stardeleg_err (*ask)(sdg_ca_task *task, sdg_step *step, stardeleg_time now);
  /* NULL if no step is a request. */
  stardeleg_err (*take)(sdg_ca_task *task, const sdg_result *result, stardeleg_time now);
  /* Frees the task and all it owns. */
  void (*free)(sdg_ca_task *task);
} sdg_ca_task_ops;

/* To be the first member of a task's own struct, zeroed at birth. */
struct sdg_ca_task {
  sdg_job job;
  const sdg_ca_task_ops *ops;
  stardeleg_ca *ca;
  const char *key; /* of the record; the task's own */
  uint64_t fence;
  stardeleg_time lease_until;
  stardeleg_time until; /* asked then, whatever it waits for; NEVER from the beginning */
  bool finished;   /* to be freed as soon as nobody is inside */
  sdg_ca_task *next;
};

/* Puts it among the CA's.  On failure it is freed too. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_task_begin(stardeleg_ca *ca, sdg_ca_task *task, const sdg_ca_task_ops *ops,
                                                     const char *key, uint64_t fence, stardeleg_time now);
void sdg_ca_task_finish(sdg_ca_task *task);
/* Frees what is finished; how many. */
size_t sdg_ca_sweep_tasks(stardeleg_ca *ca);

#endif /* SDG_CA_CA_TASK_H */
