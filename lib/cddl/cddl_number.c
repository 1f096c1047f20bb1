/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_number.c -- compares decimal numbers by value, without floating point and without a locale. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cddl/cddl_run.h"

/* Exponents beyond this are as good as infinite: no text within the JSON limits has so many digits. */
#define EXPONENT_MAX 1000000000L

/* 0.DIGITS times ten to the |exponent|; the digits are spread over |text|, with a dot in between perhaps. */
typedef struct decimal {
  const char *digit; /* first digit that is not 0 */
  const char *end;   /* behind the last digit */
  long exponent;
  int sign; /* -1, 0, 1 */
} decimal;

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static long read_exponent(const char *p)
{
  long value = 0;
  bool minus = *p == '-';

  if (*p == '-' || *p == '+') {
    p++;
  }
  for (; is_digit(*p); p++) {
    value = value < EXPONENT_MAX / 10 ? value * 10 + (*p - '0') : EXPONENT_MAX;
  }
  return minus ? -value : value;
}

static void read_decimal(decimal *out, const char *text)
{
  const char *p = text;
  bool dot = false;
  bool started = false;
  long exponent = 0;

  out->sign = *p == '-' ? -1 : 1;
  if (*p == '-') {
    p++;
  }
  out->digit = p;
  for (; is_digit(*p) || *p == '.'; p++) {
    if (*p == '.') {
      dot = true;
      continue;
    }
    if (!started && *p != '0') {
      started = true;
      out->digit = p;
    }
    if (started && !dot) {
      exponent++;
    } else if (!started && dot) {
      exponent--;
    }
  }
  out->end = p;
  if (!started) {
    out->sign = 0;
    return;
  }
  if (*p == 'e' || *p == 'E') {
    exponent += read_exponent(p + 1);
  }
  out->exponent = exponent;
}

/* The next digit, 0 behind the last. */
static char next_digit(const char **p, const char *end)
{
  if (*p < end && **p == '.') {
    (*p)++;
  }
  return *p < end ? *(*p)++ : '0';
}

static int compare_magnitude(const decimal *a, const decimal *b)
{
  const char *p = a->digit;
  const char *q = b->digit;

  if (a->exponent != b->exponent) {
    return a->exponent < b->exponent ? -1 : 1;
  }
  while (p < a->end || q < b->end) {
    char c = next_digit(&p, a->end);
    char d = next_digit(&q, b->end);
    if (c != d) {
      return c < d ? -1 : 1;
    }
  }
  return 0;
}

int sdg_cddl_number_compare(const char *a, const char *b)
{
  decimal x = {NULL, NULL, 0, 0};
  decimal y = {NULL, NULL, 0, 0};

  read_decimal(&x, a);
  read_decimal(&y, b);
  if (x.sign != y.sign) {
    return x.sign < y.sign ? -1 : 1;
  }
  if (x.sign == 0) {
    return 0;
  }
  return x.sign * compare_magnitude(&x, &y);
}

const char *sdg_cddl_number_text(const sdg_json *value, char room[24])
{
  if (sdg_json_type_of(value) == SDG_JSON_INT) {
    (void)snprintf(room, 24, "%" PRId64, sdg_json_int(value));
    return room;
  }
  return sdg_json_number_text(value);
}
