/* SPDX-License-Identifier: Apache-2.0 */
/* base/time.c -- instants, civil fields, sums (dates as text: time_text.c). */
#include "base/time.h"

#include <stdbool.h>

#define YEAR_MAX 9999
#define DAYS_OF_400_YEARS 146097
#define DAYS_OF_YEAR_0_TO_1970 719528

static bool is_leap(int year)
{
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
  static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

  return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 0000-01-01 to the first of January of |year|, which is 0 to 9999. */
static int days_before_year(int year)
{
  int past = year - 1;

  if (year == 0) {
    return 0;
  }
  /* Year 0 is a leap year; after it, the leap years of 1 to |past|. */
  return 366 + past * 365 + past / 4 - past / 100 + past / 400;
}

static int days_before_month(int year, int month)
{
  int days = 0;

  for (int m = 1; m < month; m++) {
    days += days_of_month(year, m);
  }
  return days;
}

static bool is_between(int value, int min, int max)
{
  return value >= min && value <= max;
}

stardeleg_err sdg_time_from_civil(stardeleg_time *out, const sdg_civil *c)
{
  int64_t days;

  if (!is_between(c->year, 0, YEAR_MAX) || !is_between(c->month, 1, 12) ||
      !is_between(c->day, 1, days_of_month(c->year, c->month)) || !is_between(c->hour, 0, 23) ||
      !is_between(c->minute, 0, 59) || !is_between(c->second, 0, 59)) {
    return STARDELEG_ERR_MALFORMED;
  }
  days = days_before_year(c->year) + days_before_month(c->year, c->month) + c->day - 1 - DAYS_OF_YEAR_0_TO_1970;
  *out = days * SDG_TIME_DAY + c->hour * SDG_TIME_HOUR + c->minute * SDG_TIME_MINUTE + c->second * SDG_TIME_S;
  return STARDELEG_OK;
}

/* |a| / |b| rounded down, |b| positive. */
static int64_t divide_down(int64_t a, int64_t b)
{
  return a / b - (a % b < 0);
}

static bool is_in_years(stardeleg_time at)
{
  const int64_t first = -(int64_t)DAYS_OF_YEAR_0_TO_1970 * SDG_TIME_DAY;
  const int64_t days = (YEAR_MAX + 1) / 400 * (int64_t)DAYS_OF_400_YEARS;

  return at >= first && at < first + days * SDG_TIME_DAY;
}

stardeleg_err sdg_time_to_civil(sdg_civil *out, stardeleg_time at)
{
  int64_t day_number;
  int rest_s;
  int days;
  int year;
  int month = 1;

  if (!is_in_years(at)) {
    return STARDELEG_ERR_MALFORMED;
  }
  day_number = divide_down(at, SDG_TIME_DAY);
  rest_s = (int)((at - day_number * SDG_TIME_DAY) / SDG_TIME_S);
  days = (int)day_number + DAYS_OF_YEAR_0_TO_1970;
  /* The guess is never too low, and too high by a few years at most: it takes every year for a common one. */
  year = days / 365;
  year = year > YEAR_MAX ? YEAR_MAX : year;
  while (days_before_year(year) > days) {
    year--;
  }
  days -= days_before_year(year);
  while (days >= days_of_month(year, month)) {
    days -= days_of_month(year, month);
    month++;
  }
  *out = (sdg_civil){year, month, days + 1, rest_s / 3600, rest_s / 60 % 60, rest_s % 60};
  return STARDELEG_OK;
}

stardeleg_time sdg_time_add(stardeleg_time at, int64_t delta)
{
  if (at == STARDELEG_TIME_NONE || at == STARDELEG_TIME_NEVER) {
    return at;
  }
  /* The outermost values are the two markers, and no sum may turn into one of them. */
  if (delta > 0 && at > STARDELEG_TIME_NEVER - 1 - delta) {
    return STARDELEG_TIME_NEVER - 1;
  }
  if (delta < 0 && (delta == INT64_MIN ? at < 1 : at < STARDELEG_TIME_NONE + 1 - delta)) {
    return STARDELEG_TIME_NONE + 1;
  }
  return at + delta;
}

stardeleg_time sdg_time_floor_s(stardeleg_time at)
{
  if (at == STARDELEG_TIME_NONE || at == STARDELEG_TIME_NEVER) {
    return at;
  }
  if (at < STARDELEG_TIME_NONE + SDG_TIME_S) {
    return STARDELEG_TIME_NONE + 1;
  }
  return divide_down(at, SDG_TIME_S) * SDG_TIME_S;
}

stardeleg_time sdg_time_min(stardeleg_time a, stardeleg_time b)
{
  return a < b ? a : b;
}

stardeleg_time sdg_time_max(stardeleg_time a, stardeleg_time b)
{
  return a > b ? a : b;
}
