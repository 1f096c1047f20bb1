/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/job_heap.c -- a binary heap; each job knows its place in it. */
#include "acme_client/job_heap.h"

#include "base/mem.h"

stardeleg_err sdg_job_heap_reserve(sdg_job_heap *heap)
{
  if (heap->reserved == heap->cap) {
    size_t cap = heap->cap == 0 ? 16 : heap->cap * 2;
    sdg_job **jobs = sdg_realloc(heap->jobs, cap, sizeof(sdg_job *));

    if (jobs == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    heap->jobs = jobs;
    heap->cap = cap;
  }
  heap->reserved++;
  return STARDELEG_OK;
}

void sdg_job_heap_unreserve(sdg_job_heap *heap)
{
  heap->reserved--;
}

static void put(sdg_job_heap *heap, size_t i, sdg_job *job)
{
  heap->jobs[i] = job;
  job->heap_index = i;
}

static void sift_up(sdg_job_heap *heap, size_t i)
{
  sdg_job *job = heap->jobs[i];

  while (i > 0 && heap->jobs[(i - 1) / 2]->due > job->due) {
    put(heap, i, heap->jobs[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  put(heap, i, job);
}

static void sift_down(sdg_job_heap *heap, size_t i)
{
  sdg_job *job = heap->jobs[i];
  size_t child;

  for (child = 2 * i + 1; child < heap->count; child = 2 * i + 1) {
    if (child + 1 < heap->count && heap->jobs[child + 1]->due < heap->jobs[child]->due) {
      child++;
    }
    if (heap->jobs[child]->due >= job->due) {
      break;
    }
    put(heap, i, heap->jobs[child]);
    i = child;
  }
  put(heap, i, job);
}

void sdg_job_heap_push(sdg_job_heap *heap, sdg_job *job)
{
  put(heap, heap->count++, job);
  sift_up(heap, job->heap_index);
}

void sdg_job_heap_moved(sdg_job_heap *heap, sdg_job *job)
{
  sift_up(heap, job->heap_index);
  sift_down(heap, job->heap_index);
}

void sdg_job_heap_remove(sdg_job_heap *heap, sdg_job *job)
{
  size_t i = job->heap_index;
  sdg_job *last = heap->jobs[--heap->count];

  if (last != job) {
    put(heap, i, last);
    sdg_job_heap_moved(heap, last);
  }
}

sdg_job *sdg_job_heap_top(const sdg_job_heap *heap)
{
  return heap->count == 0 ? NULL : heap->jobs[0];
}

void sdg_job_heap_clear(sdg_job_heap *heap)
{
  sdg_free(heap->jobs);
  *heap = (sdg_job_heap){0};
}
