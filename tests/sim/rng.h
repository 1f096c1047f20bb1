/* SPDX-License-Identifier: Apache-2.0 */
/* sim/rng.h -- the simulator's own randomness: the same seed, the same world. */
#ifndef SDG_TESTS_SIM_RNG_H
#define SDG_TESTS_SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sim_rng {
  uint64_t state;
} sim_rng;

uint64_t sim_rng_next(sim_rng *rng);
/* From |low| to |high|, both included. */
int64_t sim_rng_between(sim_rng *rng, int64_t low, int64_t high);
/* True in |permille| of 1000 cases. */
bool sim_rng_chance(sim_rng *rng, unsigned permille);

#endif /* SDG_TESTS_SIM_RNG_H */
