/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_crl_build.c -- a CertificateList in DER (RFC 5280 5.1), and where certificates say it is. */
#include "ca/ca_crl.h"

#include "base/bytes.h"
#include "der/der.h"
#include "x509/signed.h"

#define DER_ENUMERATED 0x0a
#define GN_URI_TAG 6

static const uint8_t crl_number[] = {0x55, 0x1d, 0x14};
static const uint8_t crl_reason[] = {0x55, 0x1d, 0x15};
static const uint8_t crl_points[] = {0x55, 0x1d, 0x1f};
const stardeleg_bytes sdg_ca_oid_crl_points = {crl_points, sizeof(crl_points)};

static unsigned digit(char c)
{
  return c >= 'a' ? (unsigned)(c - 'a') + 10u : (unsigned)(c - '0');
}

/* Our serials are of whole octets; what cannot be one does not become another one's. */
static void put_serial(sdg_buf *out, const char *hex)
{
  uint8_t serial[24];
  size_t len = 0;

  for (; hex[0] != '\0' && hex[1] != '\0' && len < sizeof(serial); hex += 2) {
    serial[len++] = (uint8_t)(digit(hex[0]) * 16u + digit(hex[1]));
  }
  sdg_der_put_magnitude(out, sdg_bytes(serial, len));
}

void sdg_ca_crl_put_entry(sdg_buf *out, const sdg_ca_crl_entry *entry)
{
  uint8_t reason = (uint8_t)entry->reason;
  size_t whole = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

  put_serial(out, entry->serial);
  sdg_der_put_time(out, entry->at);
  /* 5.3.1: "unspecified" is said by saying nothing */
  if (reason != 0) {
    uint8_t value[] = {DER_ENUMERATED, 1, reason};
    size_t extensions = sdg_der_put_begin(out, SDG_DER_SEQUENCE);

    sdg_x509_put_extension(out, sdg_bytes(crl_reason, sizeof(crl_reason)), false, sdg_bytes(value, sizeof(value)));
    sdg_der_put_end(out, extensions);
  }
  sdg_der_put_end(out, whole);
}

static void put_extensions(sdg_buf *out, const stardeleg_ca *ca, int64_t number)
{
  size_t outer = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(0));
  size_t list = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t mark;
  sdg_buf value;

  sdg_buf_init(&value, 512);
  mark = sdg_der_put_begin(&value, SDG_DER_SEQUENCE);
  sdg_der_put(&value, SDG_DER_CONTEXT(0), sdg_buf_bytes(&ca->issuer_key_id));
  sdg_der_put_end(&value, mark);
  sdg_x509_put_extension(out, sdg_oid_authority_key_id, false, sdg_buf_bytes(&value));
  sdg_buf_reset(&value);
  sdg_der_put_uint(&value, (uint64_t)number);
  sdg_x509_put_extension(out, sdg_bytes(crl_number, sizeof(crl_number)), false, sdg_buf_bytes(&value));
  sdg_buf_clear(&value);
  sdg_der_put_end(out, list);
  sdg_der_put_end(out, outer);
}

stardeleg_err sdg_ca_crl_build(stardeleg_ca *ca, sdg_ca_crl *list, stardeleg_bytes entries)
{
  stardeleg_alg alg = sdg_alg_for_key(sdg_key_info(ca->issuer_key));
  sdg_buf tbs;
  size_t mark;
  stardeleg_err err;

  sdg_buf_init(&tbs, SDG_CA_CRL_MAX);
  mark = sdg_der_put_begin(&tbs, SDG_DER_SEQUENCE);
  sdg_der_put_uint(&tbs, 1); /* v2 */
  sdg_x509_put_algorithm(&tbs, alg);
  sdg_der_put_raw(&tbs, sdg_buf_bytes(&ca->issuer_name));
  sdg_der_put_time(&tbs, list->this_update);
  sdg_der_put_time(&tbs, list->next_update);
  if (entries.len > 0) { /* 5.1.2.6: MUST be absent if there are none */
    sdg_der_put(&tbs, SDG_DER_SEQUENCE, entries);
  }
  put_extensions(&tbs, ca, list->number);
  sdg_der_put_end(&tbs, mark);
  err = sdg_buf_error(&tbs);
  sdg_buf_reset(&list->der);
  if (err == STARDELEG_OK) {
    err = sdg_x509_put_signed(&list->der, sdg_buf_bytes(&tbs), alg, ca->issuer_key);
  }
  sdg_buf_clear(&tbs);
  return err;
}

void sdg_ca_crl_put_point(sdg_buf *out, const char *url)
{
  size_t points = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t point = sdg_der_put_begin(out, SDG_DER_SEQUENCE);
  size_t name = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(0));
  size_t full = sdg_der_put_begin(out, SDG_DER_CONTEXT_CONSTRUCTED(0));

  sdg_der_put(out, SDG_DER_CONTEXT(GN_URI_TAG), sdg_bytes_str(url));
  sdg_der_put_end(out, full);
  sdg_der_put_end(out, name);
  sdg_der_put_end(out, point);
  sdg_der_put_end(out, points);
}
