/* SPDX-License-Identifier: Apache-2.0 */
/* der/der_read.c -- the reader's core: tags and lengths (X.690 8.1, 10.1), one element at a time. */
#include "der/der.h"

#include "base/bytes.h"

#define LENGTH_OCTETS_MAX 4 /* no object we read comes near 4 GiB */

sdg_der sdg_der_open(stardeleg_bytes bytes)
{
  sdg_der der = {bytes.base, bytes.len == 0 ? bytes.base : bytes.base + bytes.len};

  return der;
}

bool sdg_der_is_empty(const sdg_der *der)
{
  return der->at == der->end;
}

int sdg_der_peek(const sdg_der *der)
{
  return sdg_der_is_empty(der) ? -1 : *der->at;
}

stardeleg_bytes sdg_der_rest(const sdg_der *der)
{
  return sdg_bytes(der->at, sdg_der_is_empty(der) ? 0 : (size_t)(der->end - der->at));
}

/* X.690 8: each universal type has one form in DER; strings are primitive (10.2), SEQUENCE and SET constructed. */
static bool is_good_tag(uint8_t tag)
{
  unsigned number = tag & 0x1fu;
  bool is_constructed = (tag & 0x20u) != 0;

  if (number == 0x1f) {
    return false;
  }
  if ((tag & 0xc0u) != 0) {
    return true;
  }
  switch (number) {
  case 0: /* end-of-contents belongs to indefinite lengths */
    return false;
  case 8:  /* EXTERNAL */
  case 11: /* EMBEDDED PDV */
  case 16: /* SEQUENCE */
  case 17: /* SET */
  case 29: /* CHARACTER STRING */
    return is_constructed;
  default:
    return !is_constructed;
  }
}

/* Reads the length at |*at| and moves behind it; X.690 10.1: definite, in the fewest octets. */
static stardeleg_err read_length(const uint8_t **at, const uint8_t *end, size_t *out)
{
  const uint8_t *p = *at;
  size_t octets;
  size_t len = 0;

  if (p == end) {
    return STARDELEG_ERR_MALFORMED;
  }
  if (*p < 0x80) {
    *out = *p;
    *at = p + 1;
    return STARDELEG_OK;
  }
  octets = *p++ & 0x7fu;
  if (octets == 0 || octets > LENGTH_OCTETS_MAX || octets > (size_t)(end - p) || *p == 0) {
    return STARDELEG_ERR_MALFORMED;
  }
  for (size_t i = 0; i < octets; i++) {
    len = len << 8 | *p++;
  }
  if (len < 0x80) {
    return STARDELEG_ERR_MALFORMED;
  }
  *out = len;
  *at = p;
  return STARDELEG_OK;
}

stardeleg_err sdg_der_get_any(sdg_der *der, int *tag, stardeleg_bytes *content, stardeleg_bytes *whole)
{
  const uint8_t *start = der->at;
  const uint8_t *at = start;
  size_t len = 0;

  if (at == der->end || !is_good_tag(*at)) {
    return STARDELEG_ERR_MALFORMED;
  }
  at++;
  if (read_length(&at, der->end, &len) != STARDELEG_OK || len > (size_t)(der->end - at)) {
    return STARDELEG_ERR_MALFORMED;
  }
  *tag = *start;
  *content = sdg_bytes(at, len);
  der->at = at + len;
  if (whole != NULL) {
    *whole = sdg_bytes(start, (size_t)(der->at - start));
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_der_get(sdg_der *der, int tag, stardeleg_bytes *content, stardeleg_bytes *whole)
{
  int found = -1;

  if (sdg_der_peek(der) != tag) {
    return STARDELEG_ERR_MALFORMED;
  }
  return sdg_der_get_any(der, &found, content, whole);
}

stardeleg_err sdg_der_enter(sdg_der *der, int tag, sdg_der *inside)
{
  stardeleg_bytes content = {NULL, 0};
  stardeleg_err rv = sdg_der_get(der, tag, &content, NULL);

  if (rv == STARDELEG_OK) {
    *inside = sdg_der_open(content);
  }
  return rv;
}

stardeleg_err sdg_der_end(const sdg_der *der)
{
  return sdg_der_is_empty(der) ? STARDELEG_OK : STARDELEG_ERR_MALFORMED;
}
