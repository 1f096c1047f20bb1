/* SPDX-License-Identifier: Apache-2.0 */
/* common/json_line.h -- where in a JSON text a JSON pointer leads. */
#ifndef EXAMPLE_COMMON_JSON_LINE_H
#define EXAMPLE_COMMON_JSON_LINE_H

#include <stddef.h>

/* The line (from 1) on which the value at |pointer| (RFC 6901) begins in the well-formed JSON |text|; that of the
 * deepest value that exists on the way if there is none (a missing member is reported where its object begins). */
size_t json_line_of(const char *text, size_t len, const char *pointer);

#endif /* EXAMPLE_COMMON_JSON_LINE_H */
