/* SPDX-License-Identifier: Apache-2.0 */
/* common/clock.h -- wall time for the programs, which a test may shift, and its text. */
#ifndef EXAMPLE_COMMON_CLOCK_H
#define EXAMPLE_COMMON_CLOCK_H

#include <stardeleg/base.h>

/* "2026-01-31T12:00:00.000Z" and its NUL. */
#define CLOCK_TEXT_SIZE 25

/* Wall time plus the milliseconds in the environment variable STARDELEG_EXAMPLE_CLOCK_OFFSET_MS (tests of skewed
 * clocks).  |ctx| is not used: it fits stardeleg_curl_options.clock.  Any thread. */
stardeleg_time clock_now(void *ctx);
/* Milliseconds on a clock that never steps.  Any thread. */
int64_t clock_ticks(void);
/* RFC 3339 with milliseconds, UTC.  Instants outside of years 0 to 9999 are clamped. */
void clock_write(char out[CLOCK_TEXT_SIZE], stardeleg_time at);

#endif /* EXAMPLE_COMMON_CLOCK_H */
