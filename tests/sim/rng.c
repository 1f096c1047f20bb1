/* SPDX-License-Identifier: Apache-2.0 */
/* sim/rng.c -- splitmix64 (Steele, Lea, Flood 2014). */
#include "sim/rng.h"

uint64_t sim_rng_next(sim_rng *rng)
{
  uint64_t z;

  rng->state += UINT64_C(0x9E3779B97F4A7C15);
  z = rng->state;
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

int64_t sim_rng_between(sim_rng *rng, int64_t low, int64_t high)
{
  uint64_t span = (uint64_t)(high - low) + 1;

  return low + (int64_t)(sim_rng_next(rng) % span);
}

bool sim_rng_chance(sim_rng *rng, unsigned permille)
{
  return permille > 0 && sim_rng_next(rng) % 1000 < permille;
}
