/* SPDX-License-Identifier: Apache-2.0 */
/* x509/x509_extension.c -- extensions (RFC 5280 4.2): their frame, keyUsage and extKeyUsage. */
#include "x509/x509.h"

#include "base/bytes.h"

#define KEY_USAGE_BITS 9 /* digitalSignature (0) to decipherOnly (8) */

static stardeleg_err read_extension(sdg_x509_extension *out, sdg_der *list)
{
  sdg_der inside = *list;

  out->critical = false;
  if (sdg_der_enter(list, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK ||
      sdg_der_get_oid(&inside, &out->oid) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  /* X.690 11.5: a value equal to its DEFAULT is not encoded, so FALSE cannot stand here. */
  if (sdg_der_peek(&inside) == SDG_DER_BOOLEAN &&
      (sdg_der_get_bool(&inside, &out->critical) != STARDELEG_OK || !out->critical)) {
    return STARDELEG_ERR_MALFORMED;
  }
  if (sdg_der_get(&inside, SDG_DER_OCTET_STRING, &out->value, NULL) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  return sdg_der_end(&inside);
}

stardeleg_err sdg_x509_read_extensions(sdg_x509_extension *extensions, size_t max, size_t *count,
                                       stardeleg_bytes content)
{
  sdg_der list = sdg_der_open(content);
  size_t n = 0;

  *count = 0;
  if (sdg_der_is_empty(&list)) {
    return STARDELEG_ERR_MALFORMED;
  }
  while (!sdg_der_is_empty(&list)) {
    stardeleg_err rv;

    if (n == max) {
      return STARDELEG_ERR_LIMIT;
    }
    rv = read_extension(&extensions[n], &list);
    if (rv != STARDELEG_OK) {
      return rv;
    }
    n++;
  }
  *count = n;
  return STARDELEG_OK;
}

void sdg_x509_put_extension(sdg_buf *out, stardeleg_bytes oid, bool critical, stardeleg_bytes value)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  sdg_der_put_oid(out, oid);
  if (critical) {
    sdg_der_put_bool(out, true);
  }
  sdg_der_put(out, SDG_DER_OCTET_STRING, value);
  sdg_der_put_end(out, mark);
}

stardeleg_err sdg_x509_read_key_usage(unsigned *bits, stardeleg_bytes value)
{
  sdg_der reader = sdg_der_open(value);
  stardeleg_bytes octets = {NULL, 0};
  unsigned unused = 0;
  unsigned found = 0;

  if (sdg_der_get_bits(&reader, &octets, &unused) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK ||
      octets.len == 0 || octets.len * 8 - unused > KEY_USAGE_BITS) {
    return STARDELEG_ERR_MALFORMED;
  }
  /* X.690 11.2.2: a named bit list ends with a one; RFC 5280 4.2.1.3: at least one bit is set. */
  if ((octets.base[octets.len - 1] >> unused & 1u) == 0) {
    return STARDELEG_ERR_MALFORMED;
  }
  for (unsigned i = 0; i < octets.len * 8 - unused; i++) {
    if ((octets.base[i / 8] & 0x80u >> i % 8) != 0) {
      found |= 1u << i;
    }
  }
  *bits = found;
  return STARDELEG_OK;
}

void sdg_x509_put_key_usage(sdg_buf *out, unsigned bits)
{
  uint8_t octets[2] = {0, 0};
  unsigned count = 0; /* of bits, up to the last one that is set */

  for (unsigned i = 0; i < KEY_USAGE_BITS; i++) {
    if ((bits & 1u << i) != 0) {
      octets[i / 8] = (uint8_t)(octets[i / 8] | 0x80u >> i % 8);
      count = i + 1;
    }
  }
  sdg_der_put_bits(out, sdg_bytes(octets, (count + 7u) / 8u), (8u - count % 8u) % 8u);
}

stardeleg_err sdg_x509_read_eku(stardeleg_bytes *oids, size_t max, size_t *count, stardeleg_bytes value)
{
  sdg_der reader = sdg_der_open(value);
  sdg_der list = reader;
  size_t n = 0;

  *count = 0;
  /* RFC 5280 4.2.1.12: SEQUENCE SIZE (1..MAX) */
  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &list) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK ||
      sdg_der_is_empty(&list)) {
    return STARDELEG_ERR_MALFORMED;
  }
  while (!sdg_der_is_empty(&list)) {
    if (n == max) {
      return STARDELEG_ERR_LIMIT;
    }
    if (sdg_der_get_oid(&list, &oids[n]) != STARDELEG_OK) {
      return STARDELEG_ERR_MALFORMED;
    }
    n++;
  }
  *count = n;
  return STARDELEG_OK;
}

void sdg_x509_put_eku(sdg_buf *out, const stardeleg_bytes *oids, size_t count)
{
  size_t mark = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  for (size_t i = 0; i < count; i++) {
    sdg_der_put_oid(out, oids[i]);
  }
  sdg_der_put_end(out, mark);
}
