/* SPDX-License-Identifier: Apache-2.0 */
/* sim/scenario.h -- what the scenarios have in common: seeds, and lives of delegations. */
#ifndef SDG_TESTS_SIM_SCENARIO_H
#define SDG_TESTS_SIM_SCENARIO_H

#include "sim/watch.h"

/* Runs |fn| for SIM_SEED from the environment, or else for |first| to |first| + |count| - 1. */
void sim_each_seed(uint64_t first, size_t count, void (*fn)(uint64_t seed));

/* How much of something long to do: |usual|; |small| in builds with sanitizers; |full| if SIM_FULL is in the
 * environment.
 */
size_t sim_scaled(size_t full, size_t usual, size_t small);

/* Lives to be led. */
typedef struct sim_lives {
  size_t count;
  int64_t begin_within_ms; /* they begin at random within so long from now */
  unsigned ended;          /* so many of 1000 are ended by the owner */
  int64_t end_within_ms;   /* ... at random, between an hour after their beginning and so long from now */
  unsigned announced;      /* so many of 1000 are announced to their NDC at once; the others are found in the list */
} sim_lives;
void sim_plan_lives(sim_world *world, const sim_lives *lives);

/* Plans for |count| NDCs: lifetimes of 1 to 7 days, orders of |duration_min_s| to |duration_max_s|. */
void sim_plan_ndcs(sim_setup *setup, size_t count, int64_t duration_min_s, int64_t duration_max_s);

/* Bad times of a process, at random until |end|, none longer than |longest_ms| and |pause_ms| apart at least: the
 * network to it is cut, or it is down, or it just dies and is started again. */
void sim_plan_outages(sim_world *world, size_t actor, int64_t longest_ms, int64_t pause_ms, stardeleg_time end);

/* The same, beginning later. */
void sim_plan_outages_from(sim_world *world, size_t actor, stardeleg_time begin, int64_t longest_ms, int64_t pause_ms,
                           stardeleg_time end);

/* Prints what happened, as a comment of the test's output. */
void sim_tell(const sim_world *world, const char *scenario, uint64_t seed);

#endif /* SDG_TESTS_SIM_SCENARIO_H */
