/* SPDX-License-Identifier: Apache-2.0 */
/* der/der_oid.c -- object identifiers: content octets (X.690 8.19) and dotted text. */
#include "der/der.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"

#define ARCS_MAX 20
#define ARC_OCTETS_MAX 10 /* 64 bits in groups of 7 */

/* Each arc in the fewest octets, the last one complete. */
bool sdg_der_is_oid(stardeleg_bytes content)
{
  bool at_start = true;

  for (size_t i = 0; i < content.len; i++) {
    if (at_start && content.base[i] == 0x80) {
      return false;
    }
    at_start = content.base[i] < 0x80;
  }
  return content.len > 0 && at_start;
}

stardeleg_err sdg_der_get_oid(sdg_der *der, stardeleg_bytes *out)
{
  sdg_der ahead = *der;
  stardeleg_bytes content = {NULL, 0};

  if (sdg_der_get(&ahead, SDG_DER_OID, &content, NULL) != STARDELEG_OK || !sdg_der_is_oid(content)) {
    return STARDELEG_ERR_MALFORMED;
  }
  *out = content;
  *der = ahead;
  return STARDELEG_OK;
}

/* The arc at |*i|; false if it does not fit into 64 bits (OIDs made of UUIDs). */
static bool read_arc(uint64_t *out, stardeleg_bytes oid, size_t *i)
{
  uint64_t arc = 0;

  while (*i < oid.len) {
    uint8_t octet = oid.base[(*i)++];
    if (arc > UINT64_MAX >> 7) {
      return false;
    }
    arc = arc << 7 | (octet & 0x7fu);
    if (octet < 0x80) {
      *out = arc;
      return true;
    }
  }
  return false;
}

/* Appends ".<arc>" whole, or nothing and false. */
static bool add_arc(char *out, size_t size, size_t *len, uint64_t arc)
{
  int n = snprintf(out + *len, size - *len, "%s%" PRIu64, *len == 0 ? "" : ".", arc);

  if (n < 0 || (size_t)n >= size - *len) {
    out[*len] = '\0';
    return false;
  }
  *len += (size_t)n;
  return true;
}

bool sdg_der_oid_text(char *out, size_t size, stardeleg_bytes oid)
{
  size_t len = 0;
  size_t i = 0;
  uint64_t arc = 0;
  uint64_t first;

  if (size == 0) {
    return false;
  }
  out[0] = '\0';
  if (!sdg_der_is_oid(oid) || !read_arc(&arc, oid, &i)) {
    return false;
  }
  /* X.690 8.19.4: the first octets hold two arcs, 40 * first + second. */
  first = arc < 80 ? arc / 40 : 2;
  if (!add_arc(out, size, &len, first) || !add_arc(out, size, &len, arc - 40 * first)) {
    return false;
  }
  while (i < oid.len) {
    if (!read_arc(&arc, oid, &i) || !add_arc(out, size, &len, arc)) {
      return false;
    }
  }
  return true;
}

static void put_arc(sdg_buf *out, uint64_t arc)
{
  uint8_t octets[ARC_OCTETS_MAX];
  size_t n = ARC_OCTETS_MAX;

  octets[--n] = (uint8_t)(arc & 0x7f);
  while ((arc >>= 7) != 0) {
    octets[--n] = (uint8_t)(0x80 | (arc & 0x7f));
  }
  sdg_buf_add(out, octets + n, ARC_OCTETS_MAX - n);
}

/* Reads the arcs of |text|; the count, or 0 if it is none. */
static size_t read_arcs(uint64_t arcs[ARCS_MAX], stardeleg_bytes text)
{
  size_t count = 0;
  size_t start = 0;

  for (size_t i = 0; i <= text.len; i++) {
    stardeleg_bytes digits;

    if (i < text.len && text.base[i] != '.') {
      continue;
    }
    digits = sdg_bytes(text.base + start, i - start);
    if (count == ARCS_MAX || digits.len == 0 || (digits.len > 1 && digits.base[0] == '0') ||
        !sdg_bytes_to_uint(&arcs[count], digits, UINT64_MAX)) {
      return 0;
    }
    count++;
    start = i + 1;
  }
  return count;
}

stardeleg_err sdg_der_oid_from_text(sdg_buf *out, const char *text)
{
  uint64_t arcs[ARCS_MAX] = {0};
  stardeleg_bytes b = sdg_bytes_str(text);
  size_t count = b.len == 0 ? 0 : read_arcs(arcs, b);

  /* X.660: the second arc is at most 39 under 0 and 1; under 2 it must leave room for the 80 added to it. */
  if (count < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39) || arcs[1] > UINT64_MAX - 80) {
    return STARDELEG_ERR_MALFORMED;
  }
  put_arc(out, 40 * arcs[0] + arcs[1]);
  for (size_t i = 2; i < count; i++) {
    put_arc(out, arcs[i]);
  }
  return sdg_buf_error(out);
}
