/* SPDX-License-Identifier: Apache-2.0 */
/* base/address.c -- IP addresses as text (RFC 3986 3.2.2 dotted quads, RFC 4291 2.2). */
#include "base/address.h"

#include <string.h>

#include "base/bytes.h"

#define GROUPS 8

/* What is before the first |stop| (or all); |*text| becomes what is behind it. */
static stardeleg_bytes take_part(stardeleg_bytes *text, char stop, bool *stopped)
{
  size_t len = 0;
  stardeleg_bytes part;

  while (len < text->len && text->base[len] != (uint8_t)stop) {
    len++;
  }
  *stopped = len < text->len;
  part = sdg_bytes(text->base, len);
  *text = sdg_bytes_from(*text, len + 1);
  return part;
}

static bool parse_v4(uint8_t out[4], stardeleg_bytes text)
{
  for (int i = 0; i < 4; i++) {
    bool stopped;
    stardeleg_bytes part = take_part(&text, '.', &stopped);
    uint64_t value;

    if (stopped != (i < 3) || (part.len > 1 && part.base[0] == '0') || !sdg_bytes_to_uint(&value, part, 255)) {
      return false;
    }
    out[i] = (uint8_t)value;
  }
  return true;
}

static bool parse_group(unsigned *out, stardeleg_bytes part)
{
  unsigned value = 0;

  if (part.len < 1 || part.len > 4) {
    return false;
  }
  for (size_t i = 0; i < part.len; i++) {
    uint8_t c = sdg_ascii_lower(part.base[i]);

    if (c >= '0' && c <= '9') {
      value = value << 4 | (unsigned)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | (unsigned)(c - 'a' + 10);
    } else {
      return false;
    }
  }
  *out = value;
  return true;
}

/* Groups parted by single colons, the last one perhaps a dotted quad; |*count| is in groups.  Empty text: no groups. */
static bool parse_groups(uint8_t *out, size_t *count, size_t max, stardeleg_bytes text, bool may_end_in_v4)
{
  bool more = text.len != 0;

  *count = 0;
  while (more) {
    stardeleg_bytes part = take_part(&text, ':', &more);
    unsigned value;

    if (!more && may_end_in_v4 && *count + 2 <= max && parse_v4(out + 2 * *count, part)) {
      *count += 2;
      return true;
    }
    if (*count >= max || !parse_group(&value, part)) {
      return false;
    }
    out[2 * *count] = (uint8_t)(value >> 8);
    out[2 * *count + 1] = (uint8_t)value;
    ++*count;
  }
  return true;
}

static size_t find_double_colon(stardeleg_bytes text)
{
  for (size_t i = 0; i + 1 < text.len; i++) {
    if (text.base[i] == ':' && text.base[i + 1] == ':') {
      return i;
    }
  }
  return text.len;
}

static bool parse_v6(uint8_t out[16], stardeleg_bytes text)
{
  uint8_t tail[2 * GROUPS];
  size_t gap = find_double_colon(text);
  size_t head_count;
  size_t tail_count;

  memset(out, 0, 2 * GROUPS);
  if (gap == text.len) {
    return parse_groups(out, &head_count, GROUPS, text, true) && head_count == GROUPS;
  }
  /* "::" stands for one group or more. */
  if (!parse_groups(out, &head_count, GROUPS - 1, sdg_bytes(text.base, gap), false) ||
      !parse_groups(tail, &tail_count, GROUPS - 1 - head_count, sdg_bytes_from(text, gap + 2), true)) {
    return false;
  }
  memcpy(out + 2 * (GROUPS - tail_count), tail, 2 * tail_count);
  return true;
}

bool sdg_address_parse(uint8_t out[16], size_t *len, stardeleg_bytes text)
{
  if (parse_v4(out, text)) {
    *len = 4;
    return true;
  }
  if (parse_v6(out, text)) {
    *len = 16;
    return true;
  }
  return false;
}

bool sdg_address_ends_in_number(stardeleg_bytes host)
{
  size_t start;
  bool hexadecimal;

  if (host.len != 0 && host.base[host.len - 1] == '.') {
    host.len--;
  }
  start = host.len;
  while (start > 0 && host.base[start - 1] != '.') {
    start--;
  }
  host = sdg_bytes_from(host, start);
  hexadecimal = host.len >= 2 && host.base[0] == '0' && sdg_ascii_lower(host.base[1]) == 'x';
  for (size_t i = hexadecimal ? 2 : 0; i < host.len; i++) {
    uint8_t c = sdg_ascii_lower(host.base[i]);

    if (!(c >= '0' && c <= '9') && !(hexadecimal && c >= 'a' && c <= 'f')) {
      return false;
    }
  }
  return host.len != 0;
}
