/* SPDX-License-Identifier: Apache-2.0 */
/* common/clock.c -- wall time for the programs, and its text. */
#include "common/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)
#define YEAR_0 INT64_C(-62167219200000)
#define YEAR_9999_END INT64_C(253402300799999)
/* Larger offsets are mistakes, and sums stay far from overflow. */
#define OFFSET_MAX_MS (INT64_C(100) * 366 * DAY_MS)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int64_t offset_ms;

static void read_offset(void)
{
  const char *text = getenv("STARDELEG_EXAMPLE_CLOCK_OFFSET_MS");
  intmax_t value;
  char *end;

  if (text == NULL || *text == '\0') {
    return;
  }
  errno = 0;
  value = strtoimax(text, &end, 10);
  if (errno == 0 && *end == '\0' && value >= -OFFSET_MAX_MS && value <= OFFSET_MAX_MS) {
    offset_ms = value;
  }
}

static int64_t read_clock(clockid_t id)
{
  struct timespec now = {0, 0};

  (void)clock_gettime(id, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

stardeleg_time clock_now(void *ctx)
{
  (void)ctx;
  (void)pthread_once(&once, read_offset);
  return read_clock(CLOCK_REALTIME) + offset_ms;
}

int64_t clock_ticks(void)
{
  return read_clock(CLOCK_MONOTONIC);
}

static int is_leap(unsigned year)
{
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Day |days| since 1 January of year 0, proleptic Gregorian. */
static void split_days(unsigned days, unsigned *year, unsigned *month, unsigned *day)
{
  static const unsigned lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  unsigned length;

  *year = days / 146097 * 400; /* 400 years have as many days */
  days %= 146097;
  while (days >= (length = is_leap(*year) ? 366 : 365)) {
    days -= length;
    (*year)++;
  }
  *month = 0;
  while (days >= (length = lengths[*month] + (*month == 1 && is_leap(*year) ? 1U : 0U))) {
    days -= length;
    (*month)++;
  }
  *month += 1;
  *day = days + 1;
}

void clock_write(char out[CLOCK_TEXT_SIZE], stardeleg_time at)
{
  unsigned year;
  unsigned month;
  unsigned day;
  unsigned ms;
  char text[64];

  at = at < YEAR_0 ? YEAR_0 : at > YEAR_9999_END ? YEAR_9999_END : at;
  at -= YEAR_0;
  split_days((unsigned)(at / DAY_MS), &year, &month, &day);
  ms = (unsigned)(at % DAY_MS);
  (void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year, month, day, ms / 3600000,
                 ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
  (void)snprintf(out, CLOCK_TEXT_SIZE, "%.24s", text);
}
