/* SPDX-License-Identifier: Apache-2.0 */
/* der/der_value.c -- reading the primitive types: BOOLEAN, INTEGER, BIT STRING, NULL, times. */
#include "der/der.h"

#include "base/bytes.h"
#include "base/time.h"

stardeleg_err sdg_der_get_bool(sdg_der *der, bool *out)
{
  sdg_der ahead = *der;
  stardeleg_bytes content = {NULL, 0};

  /* X.690 11.1: TRUE is FF and nothing else. */
  if (sdg_der_get(&ahead, SDG_DER_BOOLEAN, &content, NULL) != STARDELEG_OK || content.len != 1 ||
      (content.base[0] != 0x00 && content.base[0] != 0xff)) {
    return STARDELEG_ERR_MALFORMED;
  }
  *out = content.base[0] != 0;
  *der = ahead;
  return STARDELEG_OK;
}

stardeleg_err sdg_der_get_magnitude(sdg_der *der, stardeleg_bytes *out)
{
  sdg_der ahead = *der;
  stardeleg_bytes content = {NULL, 0};

  if (sdg_der_get(&ahead, SDG_DER_INTEGER, &content, NULL) != STARDELEG_OK || content.len == 0 ||
      content.base[0] >= 0x80) {
    return STARDELEG_ERR_MALFORMED;
  }
  if (content.len > 1 && content.base[0] == 0) {
    /* X.690 8.3.2: a leading zero only where the next octet would look negative. */
    if (content.base[1] < 0x80) {
      return STARDELEG_ERR_MALFORMED;
    }
    content = sdg_bytes_from(content, 1);
  }
  *out = content;
  *der = ahead;
  return STARDELEG_OK;
}

stardeleg_err sdg_der_get_uint(sdg_der *der, uint64_t *out, uint64_t max)
{
  sdg_der ahead = *der;
  stardeleg_bytes magnitude = {NULL, 0};
  uint64_t value = 0;

  if (sdg_der_get_magnitude(&ahead, &magnitude) != STARDELEG_OK || magnitude.len > sizeof value) {
    return STARDELEG_ERR_MALFORMED;
  }
  for (size_t i = 0; i < magnitude.len; i++) {
    value = value << 8 | magnitude.base[i];
  }
  if (value > max) {
    return STARDELEG_ERR_MALFORMED;
  }
  *out = value;
  *der = ahead;
  return STARDELEG_OK;
}

stardeleg_err sdg_der_get_bits(sdg_der *der, stardeleg_bytes *bits, unsigned *unused)
{
  sdg_der ahead = *der;
  stardeleg_bytes content = {NULL, 0};
  unsigned spare;

  if (sdg_der_get(&ahead, SDG_DER_BIT_STRING, &content, NULL) != STARDELEG_OK || content.len == 0 ||
      content.base[0] > 7) {
    return STARDELEG_ERR_MALFORMED;
  }
  spare = content.base[0];
  /* X.690 11.2.1: unused bits are zero; 8.6.2.3: an empty string has none. */
  if (content.len == 1 ? spare != 0 : (content.base[content.len - 1] & ((1u << spare) - 1u)) != 0) {
    return STARDELEG_ERR_MALFORMED;
  }
  *bits = sdg_bytes_from(content, 1);
  *unused = spare;
  *der = ahead;
  return STARDELEG_OK;
}

stardeleg_err sdg_der_get_null(sdg_der *der)
{
  sdg_der ahead = *der;
  stardeleg_bytes content = {NULL, 0};

  if (sdg_der_get(&ahead, SDG_DER_NULL, &content, NULL) != STARDELEG_OK || content.len != 0) {
    return STARDELEG_ERR_MALFORMED;
  }
  *der = ahead;
  return STARDELEG_OK;
}

/* Reads |count| digits at |*at|; -1 if there are others. */
static int read_digits(const uint8_t **at, unsigned count)
{
  int value = 0;

  for (unsigned i = 0; i < count; i++) {
    uint8_t c = *(*at)++;
    if (c < '0' || c > '9') {
      return -1;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

/* RFC 5280 4.1.2.5.1: two-digit years are 1950 to 2049; 4.1.2.5: from 2050 on, and only then, GeneralizedTime. */
static int read_year(const uint8_t **at, int tag)
{
  int year = read_digits(at, tag == SDG_DER_UTC_TIME ? 2 : 4);

  if (year < 0) {
    return -1;
  }
  if (tag == SDG_DER_UTC_TIME) {
    return year < 50 ? 2000 + year : 1900 + year;
  }
  return year < 2050 ? -1 : year;
}

stardeleg_err sdg_der_get_time(sdg_der *der, stardeleg_time *out)
{
  sdg_der ahead = *der;
  stardeleg_bytes content = {NULL, 0};
  const uint8_t *at;
  sdg_civil civil = {0};
  stardeleg_time moment = 0;
  int tag = -1;

  if (sdg_der_get_any(&ahead, &tag, &content, NULL) != STARDELEG_OK ||
      (tag != SDG_DER_UTC_TIME && tag != SDG_DER_GENERALIZED_TIME) ||
      content.len != (tag == SDG_DER_UTC_TIME ? sizeof "YYMMDDhhmmssZ" - 1 : sizeof "YYYYMMDDhhmmssZ" - 1)) {
    return STARDELEG_ERR_MALFORMED;
  }
  at = content.base;
  civil.year = read_year(&at, tag);
  if (civil.year < 0) {
    return STARDELEG_ERR_MALFORMED;
  }
  civil.month = read_digits(&at, 2);
  civil.day = read_digits(&at, 2);
  civil.hour = read_digits(&at, 2);
  civil.minute = read_digits(&at, 2);
  civil.second = read_digits(&at, 2);
  /* The other fields are looked at by the calendar; it may know leap seconds, certificates do not. */
  if (*at != 'Z' || civil.second > 59 || sdg_time_from_civil(&moment, &civil) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  *out = moment;
  *der = ahead;
  return STARDELEG_OK;
}
