/* SPDX-License-Identifier: Apache-2.0 */
/* x509/cert_extension.c -- the extensions of a certificate (RFC 5280 4.2): each known one once. */
#include "x509/cert_extension.h"

#include "base/bytes.h"
#include "x509/acme_identifier.h"

#define EKU_MAX (sizeof((sdg_cert *)0)->eku / sizeof((sdg_cert *)0)->eku[0])
#define OID(s)                                                                                                         \
  {                                                                                                                    \
    (const uint8_t *)(s), sizeof(s) - 1                                                                                \
  }

static stardeleg_err take_key_usage(sdg_cert *cert, stardeleg_bytes value)
{
  cert->has_key_usage = true;
  return sdg_x509_read_key_usage(&cert->key_usage, value);
}

static stardeleg_err take_names(sdg_cert *cert, stardeleg_bytes value)
{
  return sdg_x509_read_san(cert->names, SDG_X509_NAMES_MAX, &cert->name_count, value);
}

static stardeleg_err take_eku(sdg_cert *cert, stardeleg_bytes value)
{
  return sdg_x509_read_eku(cert->eku, EKU_MAX, &cert->eku_count, value);
}

/* RFC 5280 4.2.1.9 */
static stardeleg_err take_basic_constraints(sdg_cert *cert, stardeleg_bytes value)
{
  sdg_der reader = sdg_der_open(value);
  sdg_der inside = reader;
  uint64_t path_len = 0;

  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  /* DER leaves out the default, FALSE (X.690 11.5). */
  if (sdg_der_peek(&inside) == SDG_DER_BOOLEAN &&
      (sdg_der_get_bool(&inside, &cert->is_ca) != STARDELEG_OK || !cert->is_ca)) {
    return STARDELEG_ERR_MALFORMED;
  }
  if (!sdg_der_is_empty(&inside) && sdg_der_get_uint(&inside, &path_len, UINT32_MAX) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  return sdg_der_end(&inside);
}

/* RFC 5280 4.2.1.1: all fields optional; only keyIdentifier is handed out. */
static stardeleg_err take_authority_key_id(sdg_cert *cert, stardeleg_bytes value)
{
  static const int tags[] = {SDG_DER_CONTEXT(0), SDG_DER_CONTEXT_CONSTRUCTED(1), SDG_DER_CONTEXT(2)};
  sdg_der reader = sdg_der_open(value);
  sdg_der inside = reader;

  if (sdg_der_enter(&reader, SDG_DER_SEQUENCE, &inside) != STARDELEG_OK || sdg_der_end(&reader) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
    stardeleg_bytes content = {NULL, 0};

    if (sdg_der_peek(&inside) != tags[i]) {
      continue;
    }
    if (sdg_der_get(&inside, tags[i], &content, NULL) != STARDELEG_OK) {
      return STARDELEG_ERR_MALFORMED;
    }
    if (i == 0) {
      cert->authority_key_id = content;
    }
  }
  return sdg_der_end(&inside);
}

static stardeleg_err take_subject_key_id(sdg_cert *cert, stardeleg_bytes value)
{
  sdg_der reader = sdg_der_open(value);

  if (sdg_der_get(&reader, SDG_DER_OCTET_STRING, &cert->subject_key_id, NULL) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  return sdg_der_end(&reader);
}

/* For whoever verifies the path: sdg_cert has no field for these. */
static stardeleg_err leave_to_path(sdg_cert *cert, stardeleg_bytes value)
{
  (void)cert;
  (void)value;
  return STARDELEG_OK;
}

typedef struct known_extension {
  const stardeleg_bytes oid;
  stardeleg_err (*take)(sdg_cert *cert, stardeleg_bytes value);
} known_extension;

static const known_extension known[] = {
    {OID("\x55\x1d\x0e"), take_subject_key_id},
    {OID("\x55\x1d\x0f"), take_key_usage},
    {OID("\x55\x1d\x11"), take_names},
    {OID("\x55\x1d\x13"), take_basic_constraints},
    {OID("\x55\x1d\x23"), take_authority_key_id},
    {OID("\x55\x1d\x25"), take_eku},
    {OID("\x55\x1d\x1e"), leave_to_path /* nameConstraints */},
    {OID("\x55\x1d\x20"), leave_to_path /* certificatePolicies */},
    {OID("\x55\x1d\x24"), leave_to_path /* policyConstraints */},
    {OID("\x55\x1d\x36"), leave_to_path /* inhibitAnyPolicy */},
};
#define KNOWN_COUNT (sizeof known / sizeof known[0])

/* RFC 5280 4.2: "A certificate MUST NOT include more than one instance of a particular extension." */
static bool has_twice(const sdg_x509_extension *extensions, size_t count)
{
  for (size_t i = 1; i < count; i++) {
    for (size_t k = 0; k < i; k++) {
      if (sdg_bytes_equal(extensions[i].oid, extensions[k].oid)) {
        return true;
      }
    }
  }
  return false;
}

/* RFC 5280 4.2: a system "MUST reject the certificate if it encounters a critical extension it does not recognize". */
static stardeleg_err take_extension(sdg_cert *cert, stardeleg_bytes *identifier, const sdg_x509_extension *extension)
{
  /* Only who asks for it knows what it is for: elsewhere a certificate that proves nothing but a challenge must not
   * pass for one of a server. */
  if (identifier != NULL && sdg_bytes_equal(extension->oid, sdg_oid_acme_identifier)) {
    *identifier = extension->value;
    return extension->critical ? STARDELEG_OK : STARDELEG_ERR_MALFORMED;
  }
  for (size_t i = 0; i < KNOWN_COUNT; i++) {
    if (sdg_bytes_equal(extension->oid, known[i].oid)) {
      return known[i].take(cert, extension->value);
    }
  }
  return extension->critical ? STARDELEG_ERR_MALFORMED : STARDELEG_OK;
}

stardeleg_err sdg_cert_take_extensions(sdg_cert *cert, stardeleg_bytes *identifier, stardeleg_bytes list)
{
  sdg_x509_extension extensions[SDG_X509_EXTENSIONS_MAX];
  size_t count = 0;
  stardeleg_err rv = sdg_x509_read_extensions(extensions, SDG_X509_EXTENSIONS_MAX, &count, list);

  if (rv == STARDELEG_OK && has_twice(extensions, count)) {
    rv = STARDELEG_ERR_MALFORMED;
  }
  for (size_t i = 0; rv == STARDELEG_OK && i < count; i++) {
    rv = take_extension(cert, identifier, &extensions[i]);
  }
  return rv;
}
