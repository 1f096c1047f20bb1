/* SPDX-License-Identifier: Apache-2.0 */
/* base/uri_text.c -- what URLs and URI names have in common: the characters of RFC 3986. */
#include "base/uri_text.h"

#include <string.h>

#include "base/bytes.h"

static bool is_one_of(uint8_t c, const char *any)
{
  return c != '\0' && strchr(any, c) != NULL;
}

static bool is_letter(uint8_t c)
{
  c = sdg_ascii_lower(c);
  return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
  return c >= '0' && c <= '9';
}

static bool is_hex_digit(uint8_t c)
{
  return is_digit(c) || (sdg_ascii_lower(c) >= 'a' && sdg_ascii_lower(c) <= 'f');
}

size_t sdg_uri_find(stardeleg_bytes text, const char *any)
{
  size_t at = 0;

  while (at < text.len && !is_one_of(text.base[at], any)) {
    at++;
  }
  return at;
}

/* RFC 3986, Section 3.1 */
size_t sdg_uri_scheme_len(stardeleg_bytes text)
{
  size_t len = 0;

  if (text.len == 0 || !is_letter(text.base[0])) {
    return 0;
  }
  while (len < text.len &&
         (is_letter(text.base[len]) || is_digit(text.base[len]) || is_one_of(text.base[len], "+-."))) {
    len++;
  }
  return len < text.len && text.base[len] == ':' ? len : 0;
}

/* RFC 3986, Section 2 */
bool sdg_uri_is_text(stardeleg_bytes text, const char *more)
{
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = text.base[i];

    if (c == '%') {
      if (text.len - i < 3 || !is_hex_digit(text.base[i + 1]) || !is_hex_digit(text.base[i + 2])) {
        return false;
      }
      i += 2;
    } else if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "-._~!$&'()*+,;=") && !is_one_of(c, more)) {
      return false;
    }
  }
  return true;
}
