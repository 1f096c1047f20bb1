/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_job_heap_test.c -- the heap of jobs against a plain search, and the pauses after failures. */
#include "support/test.h"

#include "acme_client/job_heap.h"

#define JOBS 200

static uint32_t next_random(uint32_t *seed)
{
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

static void assert_top(const sdg_job_heap *heap, const sdg_job *jobs, const bool *inside)
{
  stardeleg_time least = STARDELEG_TIME_NEVER;
  const sdg_job *top = sdg_job_heap_top(heap);
  size_t count = 0;

  for (size_t i = 0; i < JOBS; i++) {
    if (inside[i]) {
      count++;
      least = jobs[i].due < least ? jobs[i].due : least;
    }
  }
  assert_int_equal(heap->count, count);
  if (count == 0) {
    assert_null(top);
  } else {
    assert_int_equal(top->due, least);
  }
}

static void like_a_search(void **state)
{
  static sdg_job jobs[JOBS];
  static bool inside[JOBS];
  sdg_job_heap heap = {0};
  uint32_t seed = 1;

  (void)state;
  for (size_t i = 0; i < JOBS; i++) {
    assert_ok(sdg_job_heap_reserve(&heap));
  }
  for (int step = 0; step < 20000; step++) {
    size_t i = next_random(&seed) % JOBS;

    if (!inside[i]) {
      jobs[i].due = (stardeleg_time)(next_random(&seed) % 1000);
      sdg_job_heap_push(&heap, &jobs[i]);
      inside[i] = true;
    } else if (next_random(&seed) % 2 == 0) {
      jobs[i].due = (stardeleg_time)(next_random(&seed) % 1000);
      sdg_job_heap_moved(&heap, &jobs[i]);
    } else {
      sdg_job_heap_remove(&heap, &jobs[i]);
      inside[i] = false;
    }
    assert_top(&heap, jobs, inside);
  }
  sdg_job_heap_clear(&heap);
}

/* A counter that wrapped once made a server hammer a CA for days: every number of tries has a pause within its bounds.
 */
static void pauses(void **state)
{
  int64_t before_low = 0;

  (void)state;
  for (uint32_t tries = 0; tries < 10000; tries++) {
    int64_t low = sdg_backoff_ms(tries, 1000, 3600000, 0);
    int64_t high = sdg_backoff_ms(tries, 1000, 3600000, UINT32_MAX);

    assert_true(low >= 500);
    assert_true(low >= before_low);
    assert_true(high >= low && high <= 3600000);
    before_low = low;
  }
  assert_true(sdg_backoff_ms(UINT32_MAX, 1000, INT64_MAX, UINT32_MAX) > 0);
  assert_true(sdg_backoff_ms(1, 0, 0, 0) > 0);
  assert_true(sdg_backoff_ms(5, -7, -9, 5) > 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(like_a_search), cmocka_unit_test(pauses)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
