/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/job_heap.h -- jobs by the moment they are due: a binary heap whose room is reserved when a job joins, so
 * that moving a job never needs memory. */
#ifndef SDG_ACME_CLIENT_JOB_HEAP_H
#define SDG_ACME_CLIENT_JOB_HEAP_H

#include "acme_client/agent.h"

typedef struct sdg_job_heap {
  sdg_job **jobs;
  size_t count;    /* in the heap now */
  size_t cap;
  size_t reserved; /* jobs that may come */
} sdg_job_heap;

STARDELEG_MUST_CHECK stardeleg_err sdg_job_heap_reserve(sdg_job_heap *heap);
void sdg_job_heap_unreserve(sdg_job_heap *heap);
void sdg_job_heap_push(sdg_job_heap *heap, sdg_job *job);
void sdg_job_heap_remove(sdg_job_heap *heap, sdg_job *job);
/* |job|'s due has changed. */
void sdg_job_heap_moved(sdg_job_heap *heap, sdg_job *job);
sdg_job *sdg_job_heap_top(const sdg_job_heap *heap);
void sdg_job_heap_clear(sdg_job_heap *heap);

#endif /* SDG_ACME_CLIENT_JOB_HEAP_H */
