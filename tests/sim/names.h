/* SPDX-License-Identifier: Apache-2.0 */
/* sim/names.h -- from a text to a number, fast. */
#ifndef SDG_TESTS_SIM_NAMES_H
#define SDG_TESTS_SIM_NAMES_H

#include <stddef.h>

#define SIM_NAME_MAX 72u

typedef struct sim_name {
  char text[SIM_NAME_MAX];
  size_t number;
} sim_name;

/* Zeroed: empty. */
typedef struct sim_names {
  sim_name *slots;
  size_t count;
  size_t cap;
} sim_names;

/* Adds |text| (cut at SIM_NAME_MAX - 1), or gives it another number. */
void sim_names_put(sim_names *names, const char *text, size_t number);
/* SIZE_MAX: not there. */
size_t sim_names_get(const sim_names *names, const char *text);
void sim_names_clear(sim_names *names);

#endif /* SDG_TESTS_SIM_NAMES_H */
