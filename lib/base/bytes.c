/* SPDX-License-Identifier: Apache-2.0 */
/* base/bytes.c -- looking at borrowed bytes. */
#include "base/bytes.h"

#include <string.h>

stardeleg_bytes sdg_bytes(const void *base, size_t len)
{
  return (stardeleg_bytes){base, len};
}

stardeleg_bytes sdg_bytes_str(const char *s)
{
  return sdg_bytes(s, s != NULL ? strlen(s) : 0);
}

bool sdg_bytes_equal(stardeleg_bytes a, stardeleg_bytes b)
{
  /* memcmp must not see NULL, not even with a length of 0. */
  return a.len == b.len && (a.len == 0 || memcmp(a.base, b.base, a.len) == 0);
}

bool sdg_bytes_is(stardeleg_bytes a, const char *s)
{
  return sdg_bytes_equal(a, sdg_bytes_str(s));
}

uint8_t sdg_ascii_lower(uint8_t c)
{
  return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool sdg_bytes_equal_nocase(stardeleg_bytes a, stardeleg_bytes b)
{
  if (a.len != b.len) {
    return false;
  }
  for (size_t i = 0; i < a.len; i++) {
    if (sdg_ascii_lower(a.base[i]) != sdg_ascii_lower(b.base[i])) {
      return false;
    }
  }
  return true;
}

bool sdg_bytes_is_nocase(stardeleg_bytes a, const char *s)
{
  return sdg_bytes_equal_nocase(a, sdg_bytes_str(s));
}

bool sdg_bytes_has_prefix(stardeleg_bytes a, const char *prefix)
{
  size_t len = strlen(prefix);

  return a.len >= len && sdg_bytes_is(sdg_bytes(a.base, len), prefix);
}

stardeleg_bytes sdg_bytes_from(stardeleg_bytes a, size_t skip)
{
  return sdg_bytes_part(a, skip, SIZE_MAX);
}

stardeleg_bytes sdg_bytes_part(stardeleg_bytes a, size_t at, size_t len)
{
  size_t rest;

  if (a.len == 0) {
    return a; /* perhaps NULL, to which not even 0 may be added */
  }
  at = at < a.len ? at : a.len;
  rest = a.len - at;
  return sdg_bytes(a.base + at, len < rest ? len : rest);
}

static bool is_blank(uint8_t c)
{
  return c == ' ' || c == '\t';
}

stardeleg_bytes sdg_bytes_trim(stardeleg_bytes a)
{
  while (a.len > 0 && is_blank(a.base[0])) {
    a = sdg_bytes_from(a, 1);
  }
  while (a.len > 0 && is_blank(a.base[a.len - 1])) {
    a.len--;
  }
  return a;
}

bool sdg_equal_consttime(const void *a, const void *b, size_t len)
{
  const volatile uint8_t *left = a;
  const volatile uint8_t *right = b;
  uint8_t difference = 0;

  for (size_t i = 0; i < len; i++) {
    difference = (uint8_t)(difference | (left[i] ^ right[i]));
  }
  return difference == 0;
}

bool sdg_bytes_to_uint(uint64_t *out, stardeleg_bytes a, uint64_t max)
{
  uint64_t value = 0;

  if (a.len == 0) {
    return false;
  }
  for (size_t i = 0; i < a.len; i++) {
    uint64_t digit = (uint64_t)a.base[i] - '0';

    if (a.base[i] < '0' || a.base[i] > '9' || digit > max || value > (max - digit) / 10) {
      return false;
    }
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}
