/* SPDX-License-Identifier: Apache-2.0 */
/* base/time.h -- dates as text: RFC 3339, HTTP-date, and civil fields for ASN.1.  Years 0000 to 9999. */
#ifndef SDG_BASE_TIME_H
#define SDG_BASE_TIME_H

#include "base/buf.h"

#define SDG_TIME_S ((int64_t)1000)
#define SDG_TIME_MINUTE (60 * SDG_TIME_S)
#define SDG_TIME_HOUR (60 * SDG_TIME_MINUTE)
#define SDG_TIME_DAY (24 * SDG_TIME_HOUR)
/* Longest text of any of the formats, with the NUL. */
#define SDG_TIME_TEXT_SIZE 40

/* A moment in the proleptic Gregorian calendar, UTC. */
typedef struct sdg_civil {
  int year;   /* 0 to 9999 */
  int month;  /* 1 to 12 */
  int day;    /* 1 to 31 */
  int hour;
  int minute;
  int second; /* 0 to 59; readers of text fold a leap second 60 (the last of a month, UTC) into the next second */
} sdg_civil;

/* MALFORMED if a field is out of range (month lengths and leap years included). */
STARDELEG_MUST_CHECK stardeleg_err sdg_time_from_civil(stardeleg_time *out, const sdg_civil *civil);
/* Rounds down to whole seconds; MALFORMED outside the years 0000 to 9999. */
STARDELEG_MUST_CHECK stardeleg_err sdg_time_to_civil(sdg_civil *out, stardeleg_time at);

/* RFC 3339 5.6: fractions (kept to the millisecond), offsets, lower-case t and z; the offset is required. */
STARDELEG_MUST_CHECK stardeleg_err sdg_time_read_rfc3339(stardeleg_time *out, stardeleg_bytes text);
/* "2026-01-31T00:00:00Z": whole seconds, rounded down; clamped to the years there are. */
void sdg_time_write_rfc3339(char out[SDG_TIME_TEXT_SIZE], stardeleg_time at);

/* RFC 9110 5.6.7, all three forms; a one-digit day is taken too (RFC 8739 prints one).  |now| settles the
 * century of the two-digit year. */
STARDELEG_MUST_CHECK stardeleg_err sdg_time_read_http(stardeleg_time *out, stardeleg_bytes text, stardeleg_time now);
/* IMF-fixdate, rounded down. */
void sdg_time_write_http(char out[SDG_TIME_TEXT_SIZE], stardeleg_time at);

/* |at| + |delta|, stopping at the ends of the range instead of overflowing; NEVER and NONE stay, and no sum becomes one
 * of them. */
stardeleg_time sdg_time_add(stardeleg_time at, int64_t delta);
/* Rounds down to whole seconds. */
stardeleg_time sdg_time_floor_s(stardeleg_time at);
/* Plain comparison: NONE is the least, NEVER the greatest. */
stardeleg_time sdg_time_min(stardeleg_time a, stardeleg_time b);
stardeleg_time sdg_time_max(stardeleg_time a, stardeleg_time b);

#endif /* SDG_BASE_TIME_H */
