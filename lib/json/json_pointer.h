/* SPDX-License-Identifier: Apache-2.0 */
/* json/json_pointer.h -- JSON pointers (RFC 6901) for telling where something is wrong. */
#ifndef SDG_JSON_JSON_POINTER_H
#define SDG_JSON_JSON_POINTER_H

#include <stddef.h>

/* Appends "/" and |name| with "~" and "/" written as "~0" and "~1" to the NUL-terminated |pointer| of |size| bytes;
 * cuts what does not fit.  Control characters stay: what is shown goes through sdg_text_escape. */
void sdg_json_pointer_add(char *pointer, size_t size, const char *name);
void sdg_json_pointer_add_index(char *pointer, size_t size, size_t index);

#endif /* SDG_JSON_JSON_POINTER_H */
