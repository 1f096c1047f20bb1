/* SPDX-License-Identifier: Apache-2.0 */
/* base/text.c -- UTF-8, and text that is safe to show. */
#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

#define DOTS "..."
#define DOTS_LEN 3

/* The well-formed sequences of RFC 3629, Section 4: by first byte, the length and the range of the second byte.  The
 * range is what keeps out overlong forms, surrogates and everything over U+10FFFF. */
static const struct lead {
  uint8_t first;
  uint8_t last;
  uint8_t len;
  uint8_t second_min;
  uint8_t second_max;
} leads[] = {
    {0x00, 0x7f, 1, 0x80, 0xbf}, {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct lead *find_lead(uint8_t byte)
{
  for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
    if (byte >= leads[i].first && byte <= leads[i].last) {
      return &leads[i];
    }
  }
  return NULL;
}

size_t sdg_utf8_decode(uint32_t *out, stardeleg_bytes a)
{
  const struct lead *lead = a.len != 0 ? find_lead(a.base[0]) : NULL;
  uint32_t code;

  if (lead == NULL || lead->len > a.len) {
    return 0;
  }
  if (lead->len == 1) {
    *out = a.base[0];
    return 1;
  }
  if (a.base[1] < lead->second_min || a.base[1] > lead->second_max) {
    return 0;
  }
  code = a.base[0] & (0xffu >> (lead->len + 1));
  for (size_t i = 1; i < lead->len; i++) {
    if ((a.base[i] & 0xc0) != 0x80) {
      return 0;
    }
    code = code << 6 | (a.base[i] & 0x3fu);
  }
  *out = code;
  return lead->len;
}

size_t sdg_utf8_encode(uint8_t out[4], uint32_t c)
{
  size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

  for (size_t i = n - 1; i > 0; i--) {
    out[i] = (uint8_t)(0x80 | (c & 0x3f));
    c >>= 6;
  }
  out[0] = (uint8_t)(n == 1 ? c : (0xf00u >> n & 0xf0u) | c);
  return n;
}

bool sdg_utf8_is_valid(stardeleg_bytes a)
{
  uint32_t code;

  for (size_t at = 0, len = 1; at < a.len; at += len) {
    /* Nearly all of what is read and written is ASCII. */
    len = a.base[at] < 0x80 ? 1 : sdg_utf8_decode(&code, sdg_bytes_from(a, at));
    if (len == 0) {
      return false;
    }
  }
  return true;
}

size_t sdg_utf8_count(stardeleg_bytes a)
{
  size_t count = 0;

  for (size_t i = 0; i < a.len; i++) {
    count += (a.base[i] & 0xc0) != 0x80;
  }
  return count;
}

/* Characters that steer a terminal or change the order in which a line is read. */
static bool is_control(uint32_t code)
{
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* The safe form of the first character of |a|; |*used| bytes of it went into that.  Returns the length of |piece|. */
static size_t escape_one(char piece[16], size_t *used, stardeleg_bytes a)
{
  uint32_t code = 0;
  size_t len = sdg_utf8_decode(&code, a);
  int written;

  *used = len != 0 ? len : 1;
  if (len == 0 || (is_control(code) && code < 0x80)) {
    written = snprintf(piece, 16, "\\x%02x", (unsigned)a.base[0]);
  } else if (is_control(code)) {
    written = snprintf(piece, 16, "\\u{%04x}", (unsigned)code);
  } else if (code == '\\') {
    written = snprintf(piece, 16, "\\\\");
  } else {
    memcpy(piece, a.base, len);
    return len;
  }
  return written > 0 ? (size_t)written : 0;
}

void sdg_text_escape(char *out, size_t size, stardeleg_bytes a)
{
  size_t room = size - 1;
  size_t dots = room < DOTS_LEN ? room : DOTS_LEN;
  size_t len = 0;
  size_t mark = 0; /* the last end of a piece that leaves room for the dots */

  if (size == 0) {
    return;
  }
  for (size_t at = 0, used; at < a.len; at += used) {
    char piece[16];
    size_t piece_len = escape_one(piece, &used, sdg_bytes_from(a, at));

    if (piece_len > room - len) {
      memcpy(out + mark, DOTS, dots);
      len = mark + dots;
      break;
    }
    memcpy(out + len, piece, piece_len);
    len += piece_len;
    if (len <= room - dots) {
      mark = len;
    }
  }
  out[len] = '\0';
}

/* Where to cut |text| so that dots fit behind and no character is torn. */
static size_t cut_place(const char *text, size_t room)
{
  size_t at = room < DOTS_LEN ? 0 : room - DOTS_LEN;

  while (at > 0 && ((uint8_t)text[at] & 0xc0) == 0x80) {
    at--;
  }
  return at;
}

/* Escaping is the caller's; this only makes sure that a forgotten one cannot break the line. */
static void blot_controls(char *text)
{
  for (size_t i = 0; text[i] != '\0'; i++) {
    if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f) {
      text[i] = '?';
    }
  }
}

void sdg_text_format(char *out, size_t size, const char *format, va_list args)
{
  int len;

  if (size == 0) {
    return;
  }
  len = vsnprintf(out, size, format, args);
  if (len < 0) {
    out[0] = '\0';
  } else if ((size_t)len >= size) {
    size_t at = cut_place(out, size - 1);
    size_t dots = size - 1 < DOTS_LEN ? size - 1 : DOTS_LEN;

    memcpy(out + at, DOTS, dots);
    out[at + dots] = '\0';
  }
  blot_controls(out);
}
