/* SPDX-License-Identifier: Apache-2.0 */
/* json/json.h -- strict JSON (RFC 8259, I-JSON): reader, tree, getters.  The only door to cJSON, which holds the
 * tree; its parser is not used. */
#ifndef SDG_JSON_JSON_H
#define SDG_JSON_JSON_H

#include <stdbool.h>
#include "base/buf.h"

/* A value in a tree.  The root owns everything below it. */
typedef struct cJSON sdg_json;

typedef struct sdg_json_limits {
  size_t bytes_max;  /* whole text */
  size_t depth_max;  /* nesting of arrays and objects; never more than 512, whatever stands here */
  size_t items_max;  /* members of one object, elements of one array */
  size_t string_max; /* bytes of one decoded string or name */
} sdg_json_limits;

/* 64 KiB, 16 deep, 256 items, 32 KiB a string. */
sdg_json_limits sdg_json_limits_default(void);

/* Where and why reading failed. */
typedef struct sdg_json_fault {
  size_t line;        /* from 1 */
  size_t column;      /* from 1, in bytes */
  size_t offset;      /* from 0 */
  const char *reason; /* static, for people: "duplicate member name", "depth limit", ... */
  char pointer[256];  /* RFC 6901 pointer of the value being read, escaped; may be cut */
} sdg_json_fault;

/* Reads exactly one JSON text.  Refused: BOM, invalid UTF-8, duplicate member names (after unescaping), trailing bytes
 * other than white space, \u0000, lone surrogates, raw control characters, comments, trailing commas, NaN, leading
 * zeros and all else RFC 8259 does not know.  Numbers: an integer without fraction and exponent within +-(2^53-1) is an
 * integer; -0 is the integer 0; all other numbers keep their text, are never evaluated and are readable by no integer
 * getter.  |limits| NULL: the defaults; |fault| may be NULL. Returns 0, MALFORMED, LIMIT or NOMEM. */
STARDELEG_MUST_CHECK stardeleg_err sdg_json_parse(sdg_json **out, stardeleg_bytes text, const sdg_json_limits *limits,
                                                  sdg_json_fault *fault);
void sdg_json_free(sdg_json *root);
/* A deep copy; NULL for lack of memory. */
sdg_json *sdg_json_copy(const sdg_json *value);

typedef enum sdg_json_type {
  SDG_JSON_NONE = 0, /* for NULL */
  SDG_JSON_NULL,
  SDG_JSON_BOOL,
  SDG_JSON_INT,
  SDG_JSON_NUMBER, /* a number that is no integer in range */
  SDG_JSON_STRING,
  SDG_JSON_ARRAY,
  SDG_JSON_OBJECT
} sdg_json_type;

sdg_json_type sdg_json_type_of(const sdg_json *value);
const char *sdg_json_type_name(sdg_json_type type); /* "null", "boolean", "integer", "number", ... */

/* The value of a BOOL, INT, STRING; false, 0, "" for other types.  Strings are NUL-terminated and hold no NUL. */
bool sdg_json_bool(const sdg_json *value);
int64_t sdg_json_int(const sdg_json *value);
const char *sdg_json_string(const sdg_json *value);
/* The text of a NUMBER as it was written; "" for other types. */
const char *sdg_json_number_text(const sdg_json *value);

/* Walking arrays and objects: first child, next sibling, own name (objects only, else NULL), count of children. */
const sdg_json *sdg_json_first(const sdg_json *value);
const sdg_json *sdg_json_next(const sdg_json *value);
const char *sdg_json_name(const sdg_json *value);
size_t sdg_json_count(const sdg_json *value);

/* The member called exactly |name|; NULL if there is none or |object| is no object. */
const sdg_json *sdg_json_member(const sdg_json *object, const char *name);
/* Deep equality; the order of members does not count. */
bool sdg_json_equal(const sdg_json *a, const sdg_json *b);

/* --- Typed getters of members ---
 * A getter sets its output and returns 0, or returns MALFORMED and tells in |problem| (may be NULL): type malformed,
 * place "/name", detail "member \"name\" is missing" or "... must be a string, not ...".  |need|: SDG_JSON_REQUIRED,
 * or OPTIONAL: absent leaves the output as it was.  JSON null counts as the wrong type, except with NULLABLE: that is
 * OPTIONAL for answers of servers that write null for what they do not have. */
typedef enum sdg_json_need { SDG_JSON_OPTIONAL = 0, SDG_JSON_REQUIRED, SDG_JSON_NULLABLE } sdg_json_need;
struct stardeleg_problem;
STARDELEG_MUST_CHECK stardeleg_err sdg_json_get_string(const char **out, const sdg_json *object, const char *name,
                                                       sdg_json_need need, struct stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_json_get_bool(bool *out, const sdg_json *object, const char *name,
                                                     sdg_json_need need, struct stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_json_get_int(int64_t *out, const sdg_json *object, const char *name,
                                                    sdg_json_need need, int64_t min, int64_t max,
                                                    struct stardeleg_problem *problem);
/* An RFC 3339 date in a string. */
STARDELEG_MUST_CHECK stardeleg_err sdg_json_get_time(stardeleg_time *out, const sdg_json *object, const char *name,
                                                     sdg_json_need need, struct stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_json_get_object(const sdg_json **out, const sdg_json *object, const char *name,
                                                       sdg_json_need need, struct stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_json_get_array(const sdg_json **out, const sdg_json *object, const char *name,
                                                      sdg_json_need need, struct stardeleg_problem *problem);
/* A base64url string, decoded and appended to |out|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_json_get_base64url(sdg_buf *out, const sdg_json *object, const char *name,
                                                          sdg_json_need need, struct stardeleg_problem *problem);

#endif /* SDG_JSON_JSON_H */
