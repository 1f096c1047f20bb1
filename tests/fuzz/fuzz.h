/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz.h -- what every fuzz target includes first. */
#ifndef SDG_TESTS_FUZZ_FUZZ_H
#define SDG_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The one function of a target (libFuzzer's name for it). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the process where a promise is broken, in every build. */
#define FUZZ_CHECK(condition)                                                                                          \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      (void)fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                                    \
      abort();                                                                                                         \
    }                                                                                                                  \
  } while (0)

#endif /* SDG_TESTS_FUZZ_FUZZ_H */
