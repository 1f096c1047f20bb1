/* SPDX-License-Identifier: Apache-2.0 */
/* base/mem.h -- memory: checked sizes, wiping. */
#ifndef SDG_BASE_MEM_H
#define SDG_BASE_MEM_H

#include <stardeleg/base.h>

/* Zeroed memory of |count| items of |size| bytes; NULL on overflow or lack of memory. */
void *sdg_calloc(size_t count, size_t size);

/* Grows |old| to |count| items of |size| bytes; NULL on overflow or lack of memory, |old| then stays. */
void *sdg_realloc(void *old, size_t count, size_t size);

/* free(); the same thing under the name of its pair. */
void sdg_free(void *p);

/* Overwrites with zeroes in a way the compiler keeps. */
void sdg_wipe(void *p, size_t len);

/* A NUL-terminated copy of |s|; NULL for lack of memory.  |s| NULL gives NULL. */
char *sdg_strdup(const char *s);

/* A copy of |b| with a NUL behind it; NULL for lack of memory. */
char *sdg_bytes_dup(stardeleg_bytes b);

/* A copy of a NULL-terminated list of at most |max| strings, itself NULL-terminated; NULL for NULL and an empty one.
 * Returns 0, LIMIT or NOMEM. */
STARDELEG_MUST_CHECK stardeleg_err sdg_strings_dup(char ***out, const char *const *list, size_t max);
/* Frees such a copy; NULL allowed. */
void sdg_strings_free(char **list);

#endif /* SDG_BASE_MEM_H */
