/* SPDX-License-Identifier: Apache-2.0 */
/* x509/x509_string.c -- the string types of names, decoded to UTF-8. */
#include "x509/x509.h"

#include <string.h>

#include "base/bytes.h"

static bool is_scalar(uint32_t c)
{
  return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

/* Code points of |width| octets each, big-endian (X.690 8.23.7, 8.23.8).  BMPString has no surrogates: it is UCS-2. */
static stardeleg_err add_wide(sdg_buf *out, stardeleg_bytes value, size_t width)
{
  if (value.len % width != 0) {
    return STARDELEG_ERR_MALFORMED;
  }
  for (size_t i = 0; i < value.len; i += width) {
    uint8_t utf8[4];
    uint32_t c = 0;

    for (size_t k = 0; k < width; k++) {
      c = c << 8 | value.base[i + k];
    }
    if (!is_scalar(c)) {
      return STARDELEG_ERR_MALFORMED;
    }
    sdg_buf_add(out, utf8, sdg_utf8_encode(utf8, c));
  }
  return STARDELEG_OK;
}

static bool is_printable(uint8_t c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         (c != 0 && strchr(" '()+,-./:=?", c) != NULL);
}

bool sdg_x509_is_printable(stardeleg_bytes value)
{
  for (size_t i = 0; i < value.len; i++) {
    if (!is_printable(value.base[i])) {
      return false;
    }
  }
  return true;
}

static bool is_ia5(uint8_t c)
{
  return c < 0x80;
}

static stardeleg_err add_narrow(sdg_buf *out, stardeleg_bytes value, bool (*is_allowed)(uint8_t c))
{
  for (size_t i = 0; i < value.len; i++) {
    if (!is_allowed(value.base[i])) {
      return STARDELEG_ERR_MALFORMED;
    }
  }
  sdg_buf_add_bytes(out, value);
  return STARDELEG_OK;
}

static stardeleg_err add_decoded(sdg_buf *out, int tag, stardeleg_bytes value)
{
  switch (tag) {
  case SDG_DER_UTF8_STRING:
    if (!sdg_utf8_is_valid(value)) {
      return STARDELEG_ERR_MALFORMED;
    }
    sdg_buf_add_bytes(out, value);
    return STARDELEG_OK;
  case SDG_DER_PRINTABLE_STRING:
    return add_narrow(out, value, is_printable);
  case SDG_DER_IA5_STRING:
    return add_narrow(out, value, is_ia5);
  case SDG_DER_TELETEX_STRING:
    return add_wide(out, value, 1);
  case SDG_DER_BMP_STRING:
    return add_wide(out, value, 2);
  case SDG_DER_UNIVERSAL_STRING:
    return add_wide(out, value, 4);
  default:
    return STARDELEG_ERR_MALFORMED;
  }
}

stardeleg_err sdg_x509_string(sdg_buf *out, int tag, stardeleg_bytes value)
{
  size_t before = out->len;
  stardeleg_err rv = add_decoded(out, tag, value);

  if (rv != STARDELEG_OK) {
    sdg_buf_truncate(out, before);
    return rv;
  }
  return sdg_buf_error(out);
}
