/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_task.c -- work on one record that takes several steps, under the record's lease. */
#include "ca/ca_task.h"

#include "base/time.h"

static stardeleg_err ask_task(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_ca_task *task = (sdg_ca_task *)job;
  stardeleg_err err = task->finished ? STARDELEG_OK : task->ops->ask(task, step, now);

  if (task->finished) {
    step->kind = SDG_STEP_DONE;
  }
  return err;
}

static stardeleg_err take_task(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_ca_task *task = (sdg_ca_task *)job;

  return task->finished || task->ops->take == NULL ? STARDELEG_OK : task->ops->take(task, result, now);
}

static const sdg_job_ops job_ops = {ask_task, take_task};

static void free_task(sdg_ca_task *task)
{
  sdg_agent_remove(task->ca->agent, &task->job);
  task->ops->free(task);
}

stardeleg_err sdg_ca_task_begin(stardeleg_ca *ca, sdg_ca_task *task, const sdg_ca_task_ops *ops, const char *key,
                                uint64_t fence, stardeleg_time now)
{
  stardeleg_err err;

  task->job.ops = &job_ops;
  task->ops = ops;
  task->ca = ca;
  task->key = key;
  task->fence = fence;
  task->lease_until = sdg_time_add(now, ca->options.lease_ms);
  task->until = STARDELEG_TIME_NEVER;
  err = sdg_agent_add(ca->agent, &task->job, now);
  if (err != STARDELEG_OK) {
    task->ops->free(task);
    return err;
  }
  task->next = ca->tasks;
  ca->tasks = task;
  return STARDELEG_OK;
}

void sdg_ca_task_finish(sdg_ca_task *task)
{
  task->finished = true;
}

size_t sdg_ca_sweep_tasks(stardeleg_ca *ca)
{
  size_t n = 0;

  for (sdg_ca_task **link = &ca->tasks; *link != NULL;) {
    sdg_ca_task *task = *link;

    if (task->finished) {
      *link = task->next;
      free_task(task);
      n++;
    } else {
      link = &task->next;
    }
  }
  return n;
}

void sdg_ca_drop_checks(stardeleg_ca *ca)
{
  for (sdg_ca_task *task = ca->tasks; task != NULL; task = task->next) {
    task->finished = true;
  }
  (void)sdg_ca_sweep_tasks(ca);
}

void sdg_ca_renew_checks(stardeleg_ca *ca, stardeleg_time now)
{
  (void)sdg_ca_sweep_tasks(ca);
  for (sdg_ca_task *task = ca->tasks; task != NULL; task = task->next) {
    if (now > task->lease_until - ca->options.lease_ms / 2 &&
        sdg_store_renew(ca->options.store, task->ops->kind, task->key, task->fence, now, ca->options.lease_ms) ==
            STARDELEG_OK) {
      task->lease_until = sdg_time_add(now, ca->options.lease_ms);
    }
    if (now >= task->until) {
      sdg_agent_restart(ca->agent, &task->job, now); /* an answer that comes yet is too late */
    }
  }
}

stardeleg_time sdg_ca_checks_until(const stardeleg_ca *ca)
{
  stardeleg_time until = STARDELEG_TIME_NEVER;

  for (const sdg_ca_task *task = ca->tasks; task != NULL; task = task->next) {
    until = task->finished ? until : sdg_time_min(until, task->until);
  }
  return until;
}
