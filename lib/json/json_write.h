/* SPDX-License-Identifier: Apache-2.0 */
/* json/json_write.h -- JSON out, with stable bytes: no white space, members in the order they are written, shortest
 * escapes, integers in decimal.  Errors stick in the buffer; a string that is no UTF-8 or holds a NUL sticks as
 * ARGUMENT, for no strict reader would take it. */
#ifndef SDG_JSON_JSON_WRITE_H
#define SDG_JSON_JSON_WRITE_H

#include "json/json.h"

typedef struct sdg_json_writer {
  sdg_buf *out;
  bool comma; /* a comma is due before the next value or name */
} sdg_json_writer;

void sdg_jw_init(sdg_json_writer *w, sdg_buf *out);
/* |name| NULL inside arrays and at the top; else the member's name. */
void sdg_jw_object(sdg_json_writer *w, const char *name); /* begin */
void sdg_jw_object_end(sdg_json_writer *w);
void sdg_jw_array(sdg_json_writer *w, const char *name); /* begin */
void sdg_jw_array_end(sdg_json_writer *w);
void sdg_jw_string(sdg_json_writer *w, const char *name, const char *value);
void sdg_jw_bytes(sdg_json_writer *w, const char *name, stardeleg_bytes utf8); /* a string; must be UTF-8 */
void sdg_jw_int(sdg_json_writer *w, const char *name, int64_t value);
void sdg_jw_bool(sdg_json_writer *w, const char *name, bool value);
void sdg_jw_null(sdg_json_writer *w, const char *name);
void sdg_jw_time(sdg_json_writer *w, const char *name, stardeleg_time at); /* RFC 3339 string */
void sdg_jw_base64url(sdg_json_writer *w, const char *name, stardeleg_bytes value);
void sdg_jw_tree(sdg_json_writer *w, const char *name, const sdg_json *value); /* any value, as it was read */
/* Only if |value| is neither NULL nor "". */
void sdg_jw_string_opt(sdg_json_writer *w, const char *name, const char *value);

#endif /* SDG_JSON_JSON_WRITE_H */
