/* SPDX-License-Identifier: Apache-2.0 */
/* x509/cert_parse.c -- reading a certificate (RFC 5280 4.1). */
#include "x509/cert.h"

#include <string.h>

#include "base/bytes.h"
#include "x509/cert_extension.h"

#define VERSION_3 2
#define SERIAL_OCTETS_MAX 21 /* RFC 5280 4.1.2.2: 20; some count them without the leading zero */

static stardeleg_err read_version(sdg_der *tbs)
{
  sdg_der field = *tbs;
  uint64_t version = 0;

  if (sdg_der_enter(tbs, SDG_DER_CONTEXT_CONSTRUCTED(0), &field) != STARDELEG_OK ||
      sdg_der_get_uint(&field, &version, VERSION_3) != STARDELEG_OK || version != VERSION_3) {
    return STARDELEG_ERR_MALFORMED;
  }
  return sdg_der_end(&field);
}

static stardeleg_err read_serial(sdg_cert *cert, sdg_der *tbs)
{
  sdg_der ahead = *tbs;

  if (sdg_der_get(&ahead, SDG_DER_INTEGER, &cert->serial_octets, NULL) != STARDELEG_OK ||
      cert->serial_octets.len > SERIAL_OCTETS_MAX) {
    return STARDELEG_ERR_MALFORMED;
  }
  return sdg_der_get_magnitude(tbs, &cert->serial);
}

static stardeleg_err read_name(stardeleg_bytes *out, sdg_der *tbs)
{
  sdg_x509_attribute attributes[SDG_X509_ATTRIBUTES_MAX];
  stardeleg_bytes content = {NULL, 0};
  size_t count = 0;
  stardeleg_err rv = sdg_der_get(tbs, SDG_DER_SEQUENCE, &content, out);

  return rv == STARDELEG_OK ? sdg_x509_read_name(attributes, SDG_X509_ATTRIBUTES_MAX, &count, *out) : rv;
}

static stardeleg_err read_validity(sdg_cert *cert, sdg_der *tbs)
{
  sdg_der validity = *tbs;

  if (sdg_der_enter(tbs, SDG_DER_SEQUENCE, &validity) != STARDELEG_OK ||
      sdg_der_get_time(&validity, &cert->not_before) != STARDELEG_OK ||
      sdg_der_get_time(&validity, &cert->not_after) != STARDELEG_OK || cert->not_after < cert->not_before) {
    return STARDELEG_ERR_MALFORMED;
  }
  return sdg_der_end(&validity);
}

/* RFC 8737 says nothing of a challenge certificate's validity, and responders in use write the year 1, which no
 * certificate can have. */
static stardeleg_err skip_validity(sdg_der *tbs)
{
  sdg_der validity = *tbs;
  stardeleg_bytes content = {NULL, 0};
  int tag = -1;

  if (sdg_der_enter(tbs, SDG_DER_SEQUENCE, &validity) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  for (int i = 0; i < 2; i++) {
    if (sdg_der_get_any(&validity, &tag, &content, NULL) != STARDELEG_OK ||
        (tag != SDG_DER_UTC_TIME && tag != SDG_DER_GENERALIZED_TIME)) {
      return STARDELEG_ERR_MALFORMED;
    }
  }
  return sdg_der_end(&validity);
}

/* RFC 5280 4.1.2.8: issuerUniqueID and subjectUniqueID; not to be written, "but should be capable of parsing". */
static stardeleg_err skip_unique_ids(sdg_der *tbs)
{
  stardeleg_bytes content = {NULL, 0};

  for (int i = 1; i <= 2; i++) {
    if (sdg_der_peek(tbs) == SDG_DER_CONTEXT(i) &&
        sdg_der_get(tbs, SDG_DER_CONTEXT(i), &content, NULL) != STARDELEG_OK) {
      return STARDELEG_ERR_MALFORMED;
    }
  }
  return STARDELEG_OK;
}

static stardeleg_err read_extensions(sdg_cert *cert, sdg_der *tbs, stardeleg_bytes *identifier)
{
  sdg_der field = *tbs;
  stardeleg_bytes list = {NULL, 0};

  if (sdg_der_is_empty(tbs)) {
    return STARDELEG_OK;
  }
  if (sdg_der_enter(tbs, SDG_DER_CONTEXT_CONSTRUCTED(3), &field) != STARDELEG_OK || sdg_der_end(tbs) != STARDELEG_OK ||
      sdg_der_get(&field, SDG_DER_SEQUENCE, &list, NULL) != STARDELEG_OK || sdg_der_end(&field) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  return sdg_cert_take_extensions(cert, identifier, list);
}

/* Reads tbsCertificate; |*algorithm| is its signature field, whole. */
static stardeleg_err read_tbs(sdg_cert *cert, sdg_der *tbs, stardeleg_bytes *algorithm, stardeleg_bytes *identifier)
{
  stardeleg_bytes content = {NULL, 0};
  stardeleg_err rv;

  if (read_version(tbs) != STARDELEG_OK || read_serial(cert, tbs) != STARDELEG_OK ||
      sdg_der_get(tbs, SDG_DER_SEQUENCE, &content, algorithm) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  rv = read_name(&cert->issuer, tbs);
  if (rv == STARDELEG_OK) {
    rv = identifier != NULL ? skip_validity(tbs) : read_validity(cert, tbs);
  }
  if (rv == STARDELEG_OK) {
    rv = read_name(&cert->subject, tbs);
  }
  if (rv == STARDELEG_OK) {
    rv = sdg_der_get(tbs, SDG_DER_SEQUENCE, &content, &cert->spki);
  }
  if (rv == STARDELEG_OK) {
    rv = skip_unique_ids(tbs);
  }
  if (rv == STARDELEG_OK) {
    rv = read_extensions(cert, tbs, identifier);
  }
  return rv;
}

static stardeleg_err parse(sdg_cert *out, stardeleg_bytes *identifier, stardeleg_bytes der)
{
  sdg_der reader = sdg_der_open(der);
  sdg_der outer = reader;
  sdg_der tbs = reader;
  stardeleg_bytes content = {NULL, 0};
  stardeleg_bytes inner_algorithm = {NULL, 0};
  stardeleg_bytes algorithm = {NULL, 0};
  unsigned unused = 0;
  stardeleg_err rv;

  memset(out, 0, sizeof *out);
  out->der = der;
  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &outer) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK ||
      sdg_der_get(&outer, SDG_DER_SEQUENCE, &content, &out->tbs) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  tbs = sdg_der_open(content);
  rv = read_tbs(out, &tbs, &inner_algorithm, identifier);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  if (sdg_der_get(&outer, SDG_DER_SEQUENCE, &content, &algorithm) != STARDELEG_OK ||
      sdg_der_get_bits(&outer, &out->signature, &unused) != STARDELEG_OK || unused != 0 ||
      sdg_der_end(&outer) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  /* RFC 5280 4.1.1.2: "This field MUST contain the same algorithm identifier as the signature field in the sequence
   * tbsCertificate": only the inner one is signed. */
  if (!sdg_bytes_equal(algorithm, inner_algorithm)) {
    return STARDELEG_ERR_MALFORMED;
  }
  rv = sdg_x509_read_algorithm(&out->alg, algorithm);
  return rv == STARDELEG_ERR_UNSUPPORTED ? STARDELEG_OK : rv;
}

stardeleg_err sdg_cert_parse(sdg_cert *out, stardeleg_bytes der)
{
  return parse(out, NULL, der);
}

stardeleg_err sdg_cert_parse_challenge(sdg_cert *out, stardeleg_bytes *identifier, stardeleg_bytes der)
{
  stardeleg_err rv;

  *identifier = sdg_bytes(NULL, 0);
  rv = parse(out, identifier, der);
  return rv == STARDELEG_OK && identifier->base == NULL ? STARDELEG_ERR_MALFORMED : rv;
}
