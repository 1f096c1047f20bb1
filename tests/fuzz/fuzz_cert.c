/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_cert.c -- the fields of a certificate stay within it and keep what the header promises. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "x509/acme_identifier.h"
#include "x509/cert.h"

static void check_within(const sdg_cert *cert, stardeleg_bytes part)
{
  FUZZ_CHECK(part.len == 0 || (part.base >= cert->der.base && part.base + part.len <= cert->der.base + cert->der.len));
}

static void check_serial(const sdg_cert *cert)
{
  char text[64];

  FUZZ_CHECK(cert->serial.len > 0 && cert->serial.len <= 21);
  FUZZ_CHECK(cert->serial_octets.len - cert->serial.len <= 1);
  for (size_t size = 0; size < sizeof text; size++) {
    memset(text, 'x', sizeof text);
    sdg_cert_serial_text(text, size, cert);
    FUZZ_CHECK(size == 0 ? text[0] == 'x' : memchr(text, 0, size) != NULL);
  }
  FUZZ_CHECK(text[0] != '\0' && (text[0] != '0' || text[1] == '\0'));
}

static void check_names(const sdg_cert *cert)
{
  FUZZ_CHECK(cert->name_count <= SDG_X509_NAMES_MAX);
  for (size_t i = 0; i < cert->name_count; i++) {
    check_within(cert, cert->names[i].value);
    if (cert->names[i].kind == SDG_GN_DNS) {
      FUZZ_CHECK(memchr(cert->names[i].value.base, 0, cert->names[i].value.len) == NULL);
      FUZZ_CHECK(sdg_cert_has_dns(cert, cert->names[i].value));
    }
  }
  FUZZ_CHECK(cert->eku_count <= sizeof cert->eku / sizeof cert->eku[0]);
  for (size_t i = 0; i < cert->eku_count; i++) {
    check_within(cert, cert->eku[i]);
    FUZZ_CHECK(sdg_der_is_oid(cert->eku[i]));
  }
}

/* The same as the certificate of a tls-alpn-01 challenge. */
static void check_challenge(sdg_cert *cert, stardeleg_bytes der)
{
  uint8_t digest[SDG_ACME_IDENTIFIER_LEN];
  stardeleg_bytes value = {NULL, 0};

  if (sdg_cert_parse_challenge(cert, &value, der) == STARDELEG_OK) {
    check_within(cert, value);
    check_within(cert, cert->spki);
    check_names(cert);
    FUZZ_CHECK(sdg_acme_identifier_read(digest, value) != STARDELEG_OK || value.len == 2 + sizeof(digest));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  sdg_cert *cert = malloc(sizeof *cert);
  stardeleg_err rv;

  FUZZ_CHECK(cert != NULL);
  rv = sdg_cert_parse(cert, sdg_bytes(data, size));
  if (rv == STARDELEG_OK) {
    check_within(cert, cert->tbs);
    check_within(cert, cert->issuer);
    check_within(cert, cert->subject);
    check_within(cert, cert->spki);
    check_within(cert, cert->signature);
    check_within(cert, cert->authority_key_id);
    check_within(cert, cert->subject_key_id);
    FUZZ_CHECK(cert->not_before <= cert->not_after);
    FUZZ_CHECK(cert->has_key_usage == (cert->key_usage != 0));
    check_serial(cert);
    check_names(cert);
  } else {
    FUZZ_CHECK(rv == STARDELEG_ERR_MALFORMED || rv == STARDELEG_ERR_LIMIT);
  }
  check_challenge(cert, sdg_bytes(data, size));
  free(cert);
  return 0;
}
