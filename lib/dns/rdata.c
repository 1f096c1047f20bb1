/* SPDX-License-Identifier: Apache-2.0 */
/* dns/rdata.c -- reading the data of DNS records (RFC 1035 3.3, 5.1). */
#include <stardeleg/dns.h>

#include <stdbool.h>
#include <string.h>

#include "base/address.h"
#include "base/bytes.h"

#define LABEL_MAX 63
#define WIRE_NAME_MAX 255

stardeleg_err stardeleg_dns_read_txt(char *out, size_t size, size_t *len, stardeleg_bytes rdata)
{
  size_t at = 0;

  if (size == 0) {
    return STARDELEG_ERR_LIMIT;
  }
  out[0] = '\0';
  if (rdata.len == 0) {
    return STARDELEG_ERR_MALFORMED; /* one string at least, though it may be empty */
  }
  while (rdata.len > 0) {
    size_t part = rdata.base[0];

    if (part + 1 > rdata.len) {
      return STARDELEG_ERR_MALFORMED;
    }
    if (part > size - 1 - at) {
      return STARDELEG_ERR_LIMIT;
    }
    if (part > 0) {
      memcpy(out + at, rdata.base + 1, part);
    }
    at += part;
    rdata = sdg_bytes_from(rdata, part + 1);
  }
  out[at] = '\0';
  if (len != NULL) {
    *len = at;
  }
  return STARDELEG_OK;
}

static bool is_plain(uint8_t c)
{
  uint8_t lower = sdg_ascii_lower(c);

  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Four characters at most; |out| has room by the size of a name. */
static size_t put_byte(char *out, uint8_t c)
{
  if (is_plain(c)) {
    out[0] = (char)c;
    return 1;
  }
  out[0] = '\\';
  out[1] = (char)('0' + c / 100);
  out[2] = (char)('0' + c / 10 % 10);
  out[3] = (char)('0' + c % 10);
  return 4;
}

stardeleg_err stardeleg_dns_read_name(char out[STARDELEG_DNS_NAME_SIZE], stardeleg_bytes rdata)
{
  size_t at = 0;

  out[0] = '\0';
  if (rdata.len == 0 || rdata.len > WIRE_NAME_MAX) {
    return STARDELEG_ERR_MALFORMED;
  }
  while (rdata.base[0] != 0) {
    size_t label = rdata.base[0];

    /* A pointer has its two high bits set, so it is over the limit too. */
    if (label > LABEL_MAX || label + 2 > rdata.len) {
      out[0] = '\0';
      return STARDELEG_ERR_MALFORMED;
    }
    if (at > 0) {
      out[at++] = '.';
    }
    for (size_t i = 1; i <= label; i++) {
      at += put_byte(out + at, rdata.base[i]);
    }
    rdata = sdg_bytes_from(rdata, label + 1);
  }
  if (rdata.len != 1) {
    out[0] = '\0';
    return STARDELEG_ERR_MALFORMED;
  }
  if (at == 0) {
    out[at++] = '.';
  }
  out[at] = '\0';
  return STARDELEG_OK;
}

stardeleg_err stardeleg_dns_read_address(char out[STARDELEG_ADDRESS_SIZE], stardeleg_bytes rdata)
{
  out[0] = '\0';
  if (rdata.len != 4 && rdata.len != 16) {
    return STARDELEG_ERR_MALFORMED;
  }
  sdg_address_write(out, rdata.base, rdata.len);
  return STARDELEG_OK;
}
