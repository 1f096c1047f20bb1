/* SPDX-License-Identifier: Apache-2.0 */
/* json/json_scan.h -- the tokens of a JSON text (RFC 8259); inside of the module. */
#ifndef SDG_JSON_JSON_SCAN_H
#define SDG_JSON_JSON_SCAN_H

#include <cjson/cJSON.h>
#include "json/json.h"

/* 2^53 - 1: the largest integer that every JSON reader keeps exactly (RFC 7493 2.2). */
#define SDG_JSON_INT_MAX INT64_C(9007199254740991)

/* Where the reader stands, and the first fault. */
typedef struct sdg_json_scan {
  const uint8_t *base;
  size_t len;
  size_t at; /* next byte */
  size_t string_max;
  const char *reason; /* of the fault; static */
  size_t fault_at;    /* offset of the fault */
} sdg_json_scan;

/* Notes the fault and returns |err|. */
stardeleg_err sdg_json_scan_fail(sdg_json_scan *s, stardeleg_err err, size_t at, const char *reason);

/* The next byte, or -1 at the end. */
int sdg_json_scan_peek(const sdg_json_scan *s);

/* Skips the four white space bytes there are (RFC 8259 2). */
void sdg_json_scan_space(sdg_json_scan *s);

/* Reads a string; |s| stands on its opening quote.  |*out| is unescaped, NUL-terminated and made with cJSON_malloc. */
STARDELEG_MUST_CHECK stardeleg_err sdg_json_scan_string(char **out, sdg_json_scan *s);

/* Reads a number; |s| stands on "-" or a digit. */
STARDELEG_MUST_CHECK stardeleg_err sdg_json_scan_number(cJSON **out, sdg_json_scan *s);

/* Reads true, false or null. */
STARDELEG_MUST_CHECK stardeleg_err sdg_json_scan_literal(cJSON **out, sdg_json_scan *s);

#endif /* SDG_JSON_JSON_SCAN_H */
