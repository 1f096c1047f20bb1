/* SPDX-License-Identifier: Apache-2.0 */
/* der/der_write.c -- the writer: elements appended to a buffer, lengths filled in at the end. */
#include "der/der.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/time.h"

/* The octets of a length in the long form, without the first one; 0: the short form does. */
static size_t long_octets(size_t len)
{
  size_t octets = 0;

  if (len >= 0x80) {
    for (; len != 0; len >>= 8) {
      octets++;
    }
  }
  return octets;
}

static void fill_length(uint8_t *at, size_t len, size_t octets)
{
  if (octets == 0) {
    at[0] = (uint8_t)len;
    return;
  }
  at[0] = (uint8_t)(0x80 | octets);
  for (size_t i = octets; i > 0; i--) {
    at[i] = (uint8_t)(len & 0xff);
    len >>= 8;
  }
}

size_t sdg_der_put_begin(sdg_buf *out, int tag)
{
  size_t mark;

  sdg_buf_add_byte(out, (uint8_t)tag);
  mark = out->len;
  sdg_buf_add_byte(out, 0); /* the length, made longer by put_end where one octet does not do */
  return mark;
}

void sdg_der_put_end(sdg_buf *out, size_t mark)
{
  size_t len;
  size_t octets;

  if (sdg_buf_error(out) != STARDELEG_OK) {
    return;
  }
  len = out->len - mark - 1;
  octets = long_octets(len);
  if (octets > 0) {
    if (sdg_buf_add_room(out, octets) == NULL) {
      return;
    }
    memmove(out->base + mark + 1 + octets, out->base + mark + 1, len);
  }
  fill_length(out->base + mark, len, octets);
}

void sdg_der_put(sdg_buf *out, int tag, stardeleg_bytes content)
{
  uint8_t header[2 + sizeof(size_t)];
  size_t octets = long_octets(content.len);

  header[0] = (uint8_t)tag;
  fill_length(header + 1, content.len, octets);
  sdg_buf_add(out, header, 2 + octets);
  sdg_buf_add_bytes(out, content);
}

void sdg_der_put_raw(sdg_buf *out, stardeleg_bytes whole)
{
  sdg_buf_add_bytes(out, whole);
}

void sdg_der_put_bool(sdg_buf *out, bool value)
{
  uint8_t octet = value ? 0xff : 0x00;

  sdg_der_put(out, SDG_DER_BOOLEAN, sdg_bytes(&octet, 1));
}

void sdg_der_put_magnitude(sdg_buf *out, stardeleg_bytes magnitude)
{
  size_t mark;

  while (magnitude.len > 0 && magnitude.base[0] == 0) {
    magnitude = sdg_bytes_from(magnitude, 1);
  }
  mark = sdg_der_put_begin(out, SDG_DER_INTEGER);
  if (magnitude.len == 0 || magnitude.base[0] >= 0x80) {
    sdg_buf_add_byte(out, 0);
  }
  sdg_buf_add_bytes(out, magnitude);
  sdg_der_put_end(out, mark);
}

void sdg_der_put_uint(sdg_buf *out, uint64_t value)
{
  uint8_t octets[sizeof value];

  for (size_t i = sizeof octets; i > 0; i--) {
    octets[i - 1] = (uint8_t)(value & 0xff);
    value >>= 8;
  }
  sdg_der_put_magnitude(out, sdg_bytes(octets, sizeof octets));
}

void sdg_der_put_oid(sdg_buf *out, stardeleg_bytes oid)
{
  sdg_der_put(out, SDG_DER_OID, oid);
}

void sdg_der_put_bits(sdg_buf *out, stardeleg_bytes bits, unsigned unused)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_BIT_STRING);

  sdg_buf_add_byte(out, (uint8_t)unused);
  sdg_buf_add_bytes(out, bits);
  sdg_der_put_end(out, mark);
}

void sdg_der_put_null(sdg_buf *out)
{
  sdg_der_put(out, SDG_DER_NULL, sdg_bytes(NULL, 0));
}

void sdg_der_put_time(sdg_buf *out, stardeleg_time at)
{
  char text[24];
  sdg_civil c = {9999, 12, 31, 23, 59, 59}; /* RFC 5280 4.1.2.5: no well-defined expiration date */
  bool short_year;
  int n;

  if (at != STARDELEG_TIME_NEVER && (sdg_time_to_civil(&c, at) != STARDELEG_OK || c.year < 1950)) {
    if (out->err == STARDELEG_OK) {
      out->err = STARDELEG_ERR_LIMIT; /* no form for such years */
    }
    return;
  }
  short_year = c.year < 2050;
  n = snprintf(text, sizeof text, short_year ? "%02d%02d%02d%02d%02d%02dZ" : "%04d%02d%02d%02d%02d%02dZ",
               short_year ? c.year % 100 : c.year, c.month, c.day, c.hour, c.minute, c.second);
  sdg_der_put(out, short_year ? SDG_DER_UTC_TIME : SDG_DER_GENERALIZED_TIME, sdg_bytes(text, n > 0 ? (size_t)n : 0));
}
