/* SPDX-License-Identifier: Apache-2.0 */
/* torture/alloc.h -- memory that runs out at a chosen moment.  The linker puts the functions of alloc.c in the place of
 * the C library's (--wrap), for everything that is linked statically. */
#ifndef SDG_TESTS_TORTURE_ALLOC_H
#define SDG_TESTS_TORTURE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The |nth| allocation from now on fails, counting those that are made while alloc_scope(true) holds; 0: none does. */
void alloc_fail(size_t nth);
/* How many were counted since. */
size_t alloc_counted(void);
/* True if the failure has happened. */
bool alloc_failed(void);
void alloc_scope(bool counts);

#endif /* SDG_TESTS_TORTURE_ALLOC_H */
