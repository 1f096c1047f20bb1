/* SPDX-License-Identifier: Apache-2.0 */
/* unit/base_time_test.c -- instants, civil fields, RFC 3339 and HTTP dates. */
#include "support/test.h"

#include "base/bytes.h"
#include "base/time.h"

#define UNTOUCHED 12345
#define NOW_2026 INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static const struct instant {
  sdg_civil civil;
  int64_t at_s;
} instants[] = {
    {{1970, 1, 1, 0, 0, 0}, 0},
    {{1969, 12, 31, 23, 59, 59}, -1},
    {{2000, 2, 29, 12, 0, 0}, 951825600},
    {{1900, 2, 28, 23, 59, 59}, -2203891201},
    {{1900, 3, 1, 0, 0, 0}, -2203891200},
    {{2038, 1, 19, 3, 14, 7}, INT32_MAX},
    {{2038, 1, 19, 3, 14, 8}, INT64_C(2147483648)},
    {{1901, 12, 13, 20, 45, 52}, INT32_MIN},
    {{2049, 12, 31, 23, 59, 59}, INT64_C(2524607999)},
    {{2050, 1, 1, 0, 0, 0}, INT64_C(2524608000)},
    {{2106, 2, 7, 6, 28, 16}, INT64_C(4294967296)},
    {{0, 1, 1, 0, 0, 0}, INT64_C(-62167219200)},
    {{0, 12, 31, 0, 0, 0}, INT64_C(-62135683200)},
    {{1, 1, 1, 0, 0, 0}, INT64_C(-62135596800)},
    {{9999, 12, 31, 23, 59, 59}, INT64_C(253402300799)},
};

static void assert_civil_equal(const sdg_civil *a, const sdg_civil *b)
{
  assert_int_equal(a->year, b->year);
  assert_int_equal(a->month, b->month);
  assert_int_equal(a->day, b->day);
  assert_int_equal(a->hour, b->hour);
  assert_int_equal(a->minute, b->minute);
  assert_int_equal(a->second, b->second);
}

static void test_civil_and_back(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
    stardeleg_time at;
    sdg_civil civil;

    assert_ok(sdg_time_from_civil(&at, &instants[i].civil));
    assert_int_equal(at, instants[i].at_s * SDG_TIME_S);
    assert_ok(sdg_time_to_civil(&civil, at));
    assert_civil_equal(&civil, &instants[i].civil);
    assert_ok(sdg_time_to_civil(&civil, at + 999));
    assert_civil_equal(&civil, &instants[i].civil);
  }
}

static void test_civil_every_day(void **state)
{
  stardeleg_time at = INT64_C(-62167219200) * SDG_TIME_S;
  stardeleg_time again;
  sdg_civil civil;
  sdg_civil before = {-1, 12, 31, 0, 0, 0};
  size_t days = 0;

  (void)state;
  for (; sdg_time_to_civil(&civil, at) == STARDELEG_OK; at += SDG_TIME_DAY, days++) {
    assert_true(civil.year > before.year || (civil.year == before.year && civil.month > before.month) ||
                (civil.year == before.year && civil.month == before.month && civil.day == before.day + 1));
    assert_ok(sdg_time_from_civil(&again, &civil));
    assert_int_equal(again, at);
    before = civil;
  }
  assert_int_equal(days, 25 * 146097);
  assert_int_equal(before.year, 9999);
}

static void test_civil_out_of_range(void **state)
{
  static const sdg_civil bad[] = {
      {-1, 1, 1, 0, 0, 0},    {10000, 1, 1, 0, 0, 0},  {2026, 0, 1, 0, 0, 0},         {2026, 13, 1, 0, 0, 0},
      {2026, 1, 0, 0, 0, 0},  {2026, 1, 32, 0, 0, 0},  {2026, 2, 29, 0, 0, 0},        {2024, 2, 30, 0, 0, 0},
      {1900, 2, 29, 0, 0, 0}, {2100, 2, 29, 0, 0, 0},  {2026, 4, 31, 0, 0, 0},        {2026, 1, 1, 24, 0, 0},
      {2026, 1, 1, 0, 60, 0}, {2026, 1, 1, 0, 0, 60},  {2026, 1, 1, -1, 0, 0},        {2026, 1, 1, 0, -1, 0},
      {2026, 1, 1, 0, 0, -1}, {2026, 1, -1, 0, 0, 60}, {2026, INT32_MIN, 1, 0, 0, 0}, {2026, 1, INT32_MAX, 0, 0, 0},
  };
  static const stardeleg_time outside[] = {
      INT64_C(-62167219200001), INT64_C(253402300800000), STARDELEG_TIME_NONE,
      STARDELEG_TIME_NEVER,     STARDELEG_TIME_NONE + 1,
  };
  stardeleg_time at = UNTOUCHED;
  sdg_civil civil = {0};

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_err(STARDELEG_ERR_MALFORMED, sdg_time_from_civil(&at, &bad[i]));
    assert_int_equal(at, UNTOUCHED);
  }
  for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
    assert_err(STARDELEG_ERR_MALFORMED, sdg_time_to_civil(&civil, outside[i]));
  }
}

static void test_rfc3339_good(void **state)
{
  static const struct {
    const char *text;
    int64_t at;
  } good[] = {
      {"1970-01-01T00:00:00Z", 0},
      /* RFC 3339, Section 5.8 */
      {"1985-04-12T23:20:50.52Z", INT64_C(482196050520)},
      {"1996-12-19T16:39:57-08:00", INT64_C(851042397000)},
      {"1990-12-31T23:59:60Z", INT64_C(662688000000)},
      {"1990-12-31T15:59:60-08:00", INT64_C(662688000000)},
      {"1937-01-01T12:00:27.87+00:20", INT64_C(-1041337172130)},
      /* lower case, fractions of any length, offsets of any sign */
      {"2026-01-01t00:00:00z", NOW_2026},
      {"2026-01-01T00:00:00.1Z", NOW_2026 + 100},
      {"2026-01-01T00:00:00.1239Z", NOW_2026 + 123},
      {"2026-01-01T00:00:00.999999999999999999999999999999Z", NOW_2026 + 999},
      {"2026-01-01T00:00:00-00:00", NOW_2026},
      {"2026-01-01T23:59:00+23:59", NOW_2026},
      {"2025-12-31T00:01:00-23:59", NOW_2026},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2016-12-31T23:59:60.5Z", INT64_C(1483228800500)},
      {"2015-06-30T23:59:60Z", INT64_C(1435708800000)},
      /* the ends of the range */
      {"0000-01-01T00:00:00Z", INT64_C(-62167219200000)},
      {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
      {"2038-01-19T03:14:08Z", INT64_C(2147483648000)},
      {"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    stardeleg_time at = UNTOUCHED;

    if (sdg_time_read_rfc3339(&at, sdg_bytes_str(good[i].text)) != STARDELEG_OK || at != good[i].at) {
      fail_msg("%s: %lld", good[i].text, (long long)at);
    }
  }
}

/* STAR-3.1.1-05: dates that are not RFC 3339 are refused. */
static void test_rfc3339_bad(void **state)
{
  static const char *const bad[] = {
      "",
      "2026",
      "2026-01-01",
      "2026-01-01T00:00:00",
      "2026-01-01T00:00Z",
      "2026-01-01 00:00:00Z",
      "2026-01-01T00:00:00ZZ",
      "2026-01-01T00:00:00Z ",
      " 2026-01-01T00:00:00Z",
      "2026-1-01T00:00:00Z",
      "226-01-01T00:00:00Z",
      "12026-01-01T00:00:00Z",
      "+2026-01-01T00:00:00Z",
      "-026-01-01T00:00:00Z",
      "2026-01-01T00:00:00.Z",
      "2026-01-01T00:00:00,5Z",
      "2026-01-01T00:00:00.5",
      "2026-01-01T00:00:00+00",
      "2026-01-01T00:00:00+0000",
      "2026-01-01T00:00:00+24:00",
      "2026-01-01T00:00:00+00:60",
      "2026-01-01T00:00:00+-1:00",
      "2026-01-01T24:00:00Z",
      "2026-01-01T00:60:00Z",
      "2026-01-01T00:00:61Z",
      "2026-01-01T00:00:60Z",
      "2026-06-15T23:59:60Z",
      "2026-12-31T22:59:60Z",
      "2026-12-31T23:58:60Z",
      "2016-12-31T23:59:60+01:00",
      "2026-02-29T00:00:00Z",
      "2026-00-01T00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-01-00T00:00:00Z",
      "2026-01-32T00:00:00Z",
      "2026-01-01T-1:00:00Z",
      "2026-01-01T 1:00:00Z",
      "2026-W01-1T00:00:00Z",
      "20260101T000000Z",
      "0000-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01",
      "9999-12-31T23:59:60Z",
      "1767225600",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    stardeleg_time at = UNTOUCHED;

    if (sdg_time_read_rfc3339(&at, sdg_bytes_str(bad[i])) != STARDELEG_ERR_MALFORMED || at != UNTOUCHED) {
      fail_msg("taken: %s", bad[i]);
    }
  }
  /* a NUL is not an end */
  assert_err(STARDELEG_ERR_MALFORMED,
             sdg_time_read_rfc3339(&(stardeleg_time){0}, sdg_bytes("2026-01-01T00:00:00Z\0", 21)));
}

/* Every beginning of a good text, in a block of exactly that size: nothing is read behind its end. */
static void test_cut_texts(void **state)
{
  static const char *const texts[] = {"1996-12-19T16:39:57.123-08:00", "Sun, 06 Nov 1994 08:49:37 GMT",
                                      "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"};

  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    for (size_t len = 0; len < strlen(texts[i]); len++) {
      uint8_t *exact = malloc(len + (len == 0));
      stardeleg_time at;

      assert_non_null(exact);
      memcpy(exact, texts[i], len);
      assert_err(STARDELEG_ERR_MALFORMED, sdg_time_read_rfc3339(&at, sdg_bytes(exact, len)));
      assert_err(STARDELEG_ERR_MALFORMED, sdg_time_read_http(&at, sdg_bytes(exact, len), NOW_2026));
      free(exact);
    }
  }
}

static void test_write(void **state)
{
  static const struct {
    int64_t at;
    const char *rfc3339;
    const char *http;
  } rows[] = {
      {0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
      {999, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
      {-1, "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
      {INT64_C(784111777000), "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
      {INT64_C(-62167219200000), "0000-01-01T00:00:00Z", "Sat, 01 Jan 0000 00:00:00 GMT"},
      {INT64_C(253402300799999), "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
      {STARDELEG_TIME_NONE, "0000-01-01T00:00:00Z", "Sat, 01 Jan 0000 00:00:00 GMT"},
      {STARDELEG_TIME_NEVER, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char text[SDG_TIME_TEXT_SIZE];

    sdg_time_write_rfc3339(text, rows[i].at);
    assert_string_equal(text, rows[i].rfc3339);
    sdg_time_write_http(text, rows[i].at);
    assert_string_equal(text, rows[i].http);
  }
}

static void test_http_good(void **state)
{
  static const struct {
    const char *text;
    int64_t at;
  } good[] = {
      /* RFC 9110, Section 5.6.7: the three forms of one instant */
      {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
      {"Sunday, 06-Nov-94 08:49:37 GMT", INT64_C(784111777000)},
      {"Sun Nov  6 08:49:37 1994", INT64_C(784111777000)},
      /* RFC 8739, Section 3.3: a day of one digit */
      {"Thu, 3 Oct 2019 00:00:00 GMT", INT64_C(1570060800000)},
      {"Thu, 10 Oct 2019 00:00:00 GMT", INT64_C(1570665600000)},
      {"Sun, 6 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
      {"Thu Nov 16 08:49:37 1995", INT64_C(816511777000)},
      {"Sat, 31 Dec 2016 23:59:60 GMT", INT64_C(1483228800000)},
      {"Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799000)},
      {"Tue, 19 Jan 2038 03:14:08 GMT", INT64_C(2147483648000)},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    stardeleg_time at = UNTOUCHED;

    if (sdg_time_read_http(&at, sdg_bytes_str(good[i].text), NOW_2026) != STARDELEG_OK || at != good[i].at) {
      fail_msg("%s: %lld", good[i].text, (long long)at);
    }
  }
}

static void test_http_bad(void **state)
{
  static const char *const bad[] = {
      "",
      "Sun",
      "Sun,",
      "0",
      "Son, 06 Nov 1994 08:49:37 GMT",
      "sun, 06 nov 1994 08:49:37 gmt",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 +0000",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun,06 Nov 1994 08:49:37 GMT",
      "Sun, 006 Nov 1994 08:49:37 GMT",
      "Sun, 32 Nov 1994 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 0 Nov 1994 08:49:37 GMT",
      "Sun, 31 Nov 1994 08:49:37 GMT",
      "Sun, 29 Feb 2026 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "Sun, 06 Nov 1994 08:49:60 GMT",
      "Sun, 06-Nov-1994 08:49:37 GMT",
      "Sunday, 06-Nov-994 08:49:37 GMT",
      "Sun Nov  6 08:49:37 94",
      "Sun Nov  6 08:49:37 1994 GMT",
      "Sun, 06 Nov 10000 08:49:37 GMT",
      "1994-11-06T08:49:37Z",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    stardeleg_time at = UNTOUCHED;

    if (sdg_time_read_http(&at, sdg_bytes_str(bad[i]), NOW_2026) != STARDELEG_ERR_MALFORMED || at != UNTOUCHED) {
      fail_msg("taken: %s", bad[i]);
    }
  }
}

static stardeleg_time read_time(const char *text)
{
  stardeleg_time at;

  assert_ok(sdg_time_read_rfc3339(&at, sdg_bytes_str(text)));
  return at;
}

/* RFC 9110, Section 5.6.7: not more than 50 years ahead. */
static void test_http_two_digit_year(void **state)
{
  static const struct {
    const char *text;
    const char *now;
    const char *expected;
  } rows[] = {
      {"Sunday, 06-Nov-94 08:49:37 GMT", "2026-01-01T00:00:00Z", "1994-11-06T08:49:37Z"},
      {"Sunday, 01-Jan-76 00:00:00 GMT", "2026-01-01T00:00:00Z", "2076-01-01T00:00:00Z"},
      {"Sunday, 01-Jan-76 00:00:01 GMT", "2026-01-01T00:00:00Z", "1976-01-01T00:00:01Z"},
      {"Sunday, 01-Jan-05 00:00:00 GMT", "2096-01-01T00:00:00Z", "2105-01-01T00:00:00Z"},
      {"Sunday, 01-Jan-95 00:00:00 GMT", "2096-01-01T00:00:00Z", "2095-01-01T00:00:00Z"},
      {"Sunday, 01-Jan-00 00:00:00 GMT", "1999-12-31T23:59:59Z", "2000-01-01T00:00:00Z"},
      {"Sunday, 01-Jan-99 00:00:00 GMT", "2000-01-01T00:00:00Z", "1999-01-01T00:00:00Z"},
      {"Sunday, 29-Feb-24 00:00:00 GMT", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
      {"Sunday, 01-Jan-20 00:00:00 GMT", "9990-01-01T00:00:00Z", "9920-01-01T00:00:00Z"},
  };
  stardeleg_time at = UNTOUCHED;

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_ok(sdg_time_read_http(&at, sdg_bytes_str(rows[i].text), read_time(rows[i].now)));
    assert_int_equal(at, read_time(rows[i].expected));
  }
  at = UNTOUCHED;
  assert_err(STARDELEG_ERR_MALFORMED,
             sdg_time_read_http(&at, sdg_bytes_str("Sunday, 29-Feb-99 00:00:00 GMT"), NOW_2026));
  assert_ok(sdg_time_read_http(&at, sdg_bytes_str("Sunday, 01-Jan-99 00:00:00 GMT"), STARDELEG_TIME_NEVER));
  assert_int_equal(at, read_time("9999-01-01T00:00:00Z"));
  assert_ok(sdg_time_read_http(&at, sdg_bytes_str("Saturday, 01-Jan-00 00:00:00 GMT"), STARDELEG_TIME_NONE));
  assert_int_equal(at, read_time("0000-01-01T00:00:00Z"));
}

static void test_add(void **state)
{
  static const struct {
    int64_t at;
    int64_t delta;
    int64_t sum;
  } rows[] = {
      {1, 2, 3},
      {1, -2, -1},
      {INT64_MAX - 1, 1, INT64_MAX - 1},
      {INT64_MAX - 2, 1, INT64_MAX - 1},
      {INT64_MAX - 3, 1, INT64_MAX - 2},
      {0, INT64_MAX, INT64_MAX - 1},
      {1, INT64_MAX, INT64_MAX - 1},
      {-1, INT64_MAX, INT64_MAX - 1},
      {-2, INT64_MAX, INT64_MAX - 2},
      {INT64_MIN + 1, INT64_MAX, 0},
      {INT64_MIN + 1, -1, INT64_MIN + 1},
      {INT64_MIN + 2, -1, INT64_MIN + 1},
      {INT64_MIN + 3, -1, INT64_MIN + 2},
      {0, INT64_MIN, INT64_MIN + 1},
      {1, INT64_MIN, INT64_MIN + 1},
      {2, INT64_MIN, INT64_MIN + 2},
      {-5, INT64_MIN, INT64_MIN + 1},
      {0, INT64_MIN + 1, INT64_MIN + 1},
      {-1, INT64_MIN + 1, INT64_MIN + 1},
      {INT64_MAX - 1, INT64_MIN, -2},
      {STARDELEG_TIME_NEVER, -1, STARDELEG_TIME_NEVER},
      {STARDELEG_TIME_NEVER, 1, STARDELEG_TIME_NEVER},
      {STARDELEG_TIME_NONE, 1, STARDELEG_TIME_NONE},
      {STARDELEG_TIME_NONE, -1, STARDELEG_TIME_NONE},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_int_equal(sdg_time_add(rows[i].at, rows[i].delta), rows[i].sum);
  }
}

static void test_floor_min_max(void **state)
{
  (void)state;
  assert_int_equal(sdg_time_floor_s(1999), 1000);
  assert_int_equal(sdg_time_floor_s(1000), 1000);
  assert_int_equal(sdg_time_floor_s(-1), -1000);
  assert_int_equal(sdg_time_floor_s(-1000), -1000);
  assert_int_equal(sdg_time_floor_s(-1001), -2000);
  assert_int_equal(sdg_time_floor_s(STARDELEG_TIME_NONE), STARDELEG_TIME_NONE);
  assert_int_equal(sdg_time_floor_s(STARDELEG_TIME_NONE + 1), STARDELEG_TIME_NONE + 1);
  assert_int_equal(sdg_time_floor_s(STARDELEG_TIME_NEVER), STARDELEG_TIME_NEVER);
  assert_int_equal(sdg_time_min(1, 2), 1);
  assert_int_equal(sdg_time_min(STARDELEG_TIME_NEVER, 2), 2);
  assert_int_equal(sdg_time_max(1, 2), 2);
  assert_int_equal(sdg_time_max(STARDELEG_TIME_NONE, 2), 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_civil_and_back),
      cmocka_unit_test(test_civil_every_day),
      cmocka_unit_test(test_civil_out_of_range),
      cmocka_unit_test(test_rfc3339_good),
      cmocka_unit_test(test_rfc3339_bad),
      cmocka_unit_test(test_cut_texts),
      cmocka_unit_test(test_write),
      cmocka_unit_test(test_http_good),
      cmocka_unit_test(test_http_bad),
      cmocka_unit_test(test_http_two_digit_year),
      cmocka_unit_test(test_add),
      cmocka_unit_test(test_floor_min_max),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
