/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/gen.h -- what every stage of the CDDL compiler stands on: memory, complaints. */
#ifndef SDG_CDDL_GEN_GEN_H
#define SDG_CDDL_GEN_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place in the source: line and column (bytes), both from 1. */
typedef struct sdg_gen_place {
  uint32_t line;
  uint32_t column;
} sdg_gen_place;

/* One compilation.  The first complaint sticks; every stage stops at it. */
typedef struct sdg_gen {
  struct sdg_gen_chunk *chunks; /* all memory of the compilation */
  bool failed;
  sdg_gen_place place;
  char message[400];
} sdg_gen;

void sdg_gen_init(sdg_gen *gen);
void sdg_gen_clear(sdg_gen *gen);

/* Zeroed memory that lives until sdg_gen_clear.  Never NULL: a build tool that runs out of memory ends with a message.
 */
void *sdg_gen_alloc(sdg_gen *gen, size_t count, size_t size);
/* A NUL-terminated copy. */
char *sdg_gen_copy(sdg_gen *gen, const char *text, size_t len);
/* Room for one more item of |size| bytes behind the |count| of |items|; returns the (possibly moved) items. */
void *sdg_gen_more(sdg_gen *gen, void *items, size_t count, size_t *cap, size_t size);

/* Records the first complaint; always false. */
bool sdg_gen_fail(sdg_gen *gen, sdg_gen_place place, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#endif /* SDG_CDDL_GEN_GEN_H */
