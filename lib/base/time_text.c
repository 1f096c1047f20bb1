/* SPDX-License-Identifier: Apache-2.0 */
/* base/time_text.c -- dates as text: RFC 3339 and HTTP-date. */
#include "base/time.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/bytes.h"

static const char *const short_days[7] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const long_days[7] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Each take_* takes what it names off the front of |text|; false if it is not there. */
static bool take_text(stardeleg_bytes *text, const char *expected)
{
  if (!sdg_bytes_has_prefix(*text, expected)) {
    return false;
  }
  *text = sdg_bytes_from(*text, sdg_bytes_str(expected).len);
  return true;
}

/* "+", "-", "t" and the like, of which the caller accepts several. */
static bool take_one_of(stardeleg_bytes *text, const char *choice)
{
  for (size_t i = 0; choice[i] != '\0'; i++) {
    if (text->len != 0 && text->base[0] == (uint8_t)choice[i]) {
      *text = sdg_bytes_from(*text, 1);
      return true;
    }
  }
  return false;
}

static bool take_number(stardeleg_bytes *text, int *out, size_t digits)
{
  uint64_t value;

  if (text->len < digits || !sdg_bytes_to_uint(&value, sdg_bytes(text->base, digits), 9999)) {
    return false;
  }
  *out = (int)value;
  *text = sdg_bytes_from(*text, digits);
  return true;
}

/* One of |names|; |*out| is its place, from 0. */
static bool take_name(stardeleg_bytes *text, int *out, const char *const *names, int count)
{
  for (int i = 0; i < count; i++) {
    if (take_text(text, names[i])) {
      *out = i;
      return true;
    }
  }
  return false;
}

static bool take_month(stardeleg_bytes *text, sdg_civil *civil)
{
  if (!take_name(text, &civil->month, months, 12)) {
    return false;
  }
  civil->month++;
  return true;
}

static bool take_clock(stardeleg_bytes *text, sdg_civil *civil)
{
  return take_number(text, &civil->hour, 2) && take_text(text, ":") && take_number(text, &civil->minute, 2) &&
         take_text(text, ":") && take_number(text, &civil->second, 2);
}

/* RFC 3339, Section 5.7: second 60 exists only where a leap second can be, at the end of a month in UTC. */
static stardeleg_err fold_leap_second(stardeleg_time *at)
{
  sdg_civil civil;
  stardeleg_err err;

  *at += SDG_TIME_S;
  err = sdg_time_to_civil(&civil, *at);
  if (err == STARDELEG_OK && (civil.day != 1 || civil.hour != 0 || civil.minute != 0 || civil.second != 0)) {
    err = STARDELEG_ERR_MALFORMED;
  }
  return err;
}

/* The instant of |civil|, a local time |offset_minutes| ahead of UTC, in which the second may be 60. */
static stardeleg_err resolve(stardeleg_time *out, const sdg_civil *civil, int offset_minutes)
{
  bool leaping = civil->second == 60;
  sdg_civil plain = *civil;
  stardeleg_time at;
  stardeleg_err err;

  plain.second = leaping ? 59 : civil->second;
  err = sdg_time_from_civil(&at, &plain);
  if (err != STARDELEG_OK) {
    return err;
  }
  at -= offset_minutes * SDG_TIME_MINUTE;
  err = leaping ? fold_leap_second(&at) : sdg_time_to_civil(&plain, at);
  if (err == STARDELEG_OK) {
    *out = at;
  }
  return err;
}

/* time-secfrac, if there is one; what is finer than a millisecond is dropped. */
static bool take_fraction(stardeleg_bytes *text, int *ms)
{
  int unit = 100;
  bool any = false;

  *ms = 0;
  if (!take_text(text, ".")) {
    return true;
  }
  for (int digit; take_number(text, &digit, 1); any = true) {
    *ms += digit * unit;
    unit /= 10;
  }
  return any;
}

/* time-offset */
static bool take_offset(stardeleg_bytes *text, int *minutes)
{
  int hour;
  int minute;
  bool behind = text->len != 0 && text->base[0] == '-';

  *minutes = 0;
  if (take_one_of(text, "Zz")) {
    return true;
  }
  if (!take_one_of(text, "+-") || !take_number(text, &hour, 2) || !take_text(text, ":") ||
      !take_number(text, &minute, 2) || hour > 23 || minute > 59) {
    return false;
  }
  *minutes = behind ? -(hour * 60 + minute) : hour * 60 + minute;
  return true;
}

stardeleg_err sdg_time_read_rfc3339(stardeleg_time *out, stardeleg_bytes text)
{
  sdg_civil civil;
  stardeleg_time at;
  stardeleg_err err;
  int ms;
  int offset;

  if (!take_number(&text, &civil.year, 4) || !take_text(&text, "-") || !take_number(&text, &civil.month, 2) ||
      !take_text(&text, "-") || !take_number(&text, &civil.day, 2) || !take_one_of(&text, "Tt") ||
      !take_clock(&text, &civil) || !take_fraction(&text, &ms) || !take_offset(&text, &offset) || text.len != 0) {
    return STARDELEG_ERR_MALFORMED;
  }
  err = resolve(&at, &civil, offset);
  if (err == STARDELEG_OK) {
    *out = at + ms;
  }
  return err;
}

/* One or two digits: RFC 9110 wants two, RFC 8739, Section 3.3 prints one. */
static bool take_day(stardeleg_bytes *text, sdg_civil *civil)
{
  return take_number(text, &civil->day, 2) || take_number(text, &civil->day, 1);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT".  The name of the day is not compared with the date: it adds nothing. */
static bool read_imf(sdg_civil *civil, stardeleg_bytes text)
{
  int weekday;

  return take_name(&text, &weekday, short_days, 7) && take_text(&text, ", ") && take_day(&text, civil) &&
         take_text(&text, " ") && take_month(&text, civil) && take_text(&text, " ") &&
         take_number(&text, &civil->year, 4) && take_text(&text, " ") && take_clock(&text, civil) &&
         take_text(&text, " GMT") && text.len == 0;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT"; the year stays one of two digits. */
static bool read_rfc850(sdg_civil *civil, stardeleg_bytes text)
{
  int weekday;

  return take_name(&text, &weekday, long_days, 7) && take_text(&text, ", ") && take_day(&text, civil) &&
         take_text(&text, "-") && take_month(&text, civil) && take_text(&text, "-") &&
         take_number(&text, &civil->year, 2) && take_text(&text, " ") && take_clock(&text, civil) &&
         take_text(&text, " GMT") && text.len == 0;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(sdg_civil *civil, stardeleg_bytes text)
{
  int weekday;

  if (!take_name(&text, &weekday, short_days, 7) || !take_text(&text, " ") || !take_month(&text, civil) ||
      !take_text(&text, " ")) {
    return false;
  }
  (void)take_text(&text, " ");
  return take_day(&text, civil) && take_text(&text, " ") && take_clock(&text, civil) && take_text(&text, " ") &&
         take_number(&text, &civil->year, 4) && text.len == 0;
}

/* The order of |a| and |b|, fields that may not make a date. */
static int compare_civil(const sdg_civil *a, const sdg_civil *b)
{
  const int left[6] = {a->year, a->month, a->day, a->hour, a->minute, a->second};
  const int right[6] = {b->year, b->month, b->day, b->hour, b->minute, b->second};

  for (size_t i = 0; i < 6; i++) {
    if (left[i] != right[i]) {
      return left[i] < right[i] ? -1 : 1;
    }
  }
  return 0;
}

static void clamp_to_civil(sdg_civil *out, stardeleg_time at)
{
  if (sdg_time_to_civil(out, at) != STARDELEG_OK) {
    *out = at < 0 ? (sdg_civil){0, 1, 1, 0, 0, 0} : (sdg_civil){9999, 12, 31, 23, 59, 59};
  }
}

/* RFC 9110, Section 5.6.7: what would be "more than 50 years in the future" is of the century before. */
static void settle_century(sdg_civil *civil, stardeleg_time now)
{
  sdg_civil limit;

  clamp_to_civil(&limit, now);
  limit.year += 50;
  civil->year += (limit.year / 100) * 100;
  if (civil->year >= 100 && (civil->year > 9999 || compare_civil(civil, &limit) > 0)) {
    civil->year -= 100;
  }
}

stardeleg_err sdg_time_read_http(stardeleg_time *out, stardeleg_bytes text, stardeleg_time now)
{
  sdg_civil civil;

  if (read_rfc850(&civil, text)) {
    settle_century(&civil, now);
  } else if (!read_imf(&civil, text) && !read_asctime(&civil, text)) {
    return STARDELEG_ERR_MALFORMED;
  }
  return resolve(out, &civil, 0);
}

void sdg_time_write_rfc3339(char out[SDG_TIME_TEXT_SIZE], stardeleg_time at)
{
  sdg_civil c;

  clamp_to_civil(&c, at);
  (void)snprintf(out, SDG_TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year % 10000, c.month % 100, c.day % 100,
                 c.hour % 100, c.minute % 100, c.second % 100);
}

static int weekday_of(stardeleg_time at)
{
  /* 0000-01-01 was a Saturday; counted from there, days are not negative. */
  const int64_t saturday = -719528 * SDG_TIME_DAY;

  return (int)(((at - saturday) / SDG_TIME_DAY + 6) % 7);
}

void sdg_time_write_http(char out[SDG_TIME_TEXT_SIZE], stardeleg_time at)
{
  sdg_civil c;
  stardeleg_time clamped = 0;

  clamp_to_civil(&c, at);
  if (sdg_time_from_civil(&clamped, &c) != STARDELEG_OK) {
    c = (sdg_civil){1970, 1, 1, 0, 0, 0};
  }
  (void)snprintf(out, SDG_TIME_TEXT_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", short_days[weekday_of(clamped)],
                 c.day % 100, months[c.month - 1], c.year % 10000, c.hour % 100, c.minute % 100, c.second % 100);
}
