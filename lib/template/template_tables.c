/* SPDX-License-Identifier: Apache-2.0 */
/* template/template_tables.c -- the vocabulary of RFC 9115 appendix A and its counterparts in PKCS#10. */
#include "template/template_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/name.h"

/* RFC 5280 appendix A.1 for the bounds; the order is the one a subject is written in. */
const sdg_subject_kind sdg_subject_kinds[SDG_SUBJECT_COUNT] = {
    {"country", &sdg_oid_country, SDG_DER_PRINTABLE_STRING, {SDG_DER_PRINTABLE_STRING, SDG_DER_UTF8_STRING}, 2},
    {"stateOrProvince", &sdg_oid_state, SDG_DER_UTF8_STRING, {SDG_DER_PRINTABLE_STRING, SDG_DER_UTF8_STRING}, 128},
    {"locality", &sdg_oid_locality, SDG_DER_UTF8_STRING, {SDG_DER_PRINTABLE_STRING, SDG_DER_UTF8_STRING}, 128},
    {"organization", &sdg_oid_organization, SDG_DER_UTF8_STRING, {SDG_DER_PRINTABLE_STRING, SDG_DER_UTF8_STRING}, 64},
    {"organizationalUnit", &sdg_oid_unit, SDG_DER_UTF8_STRING, {SDG_DER_PRINTABLE_STRING, SDG_DER_UTF8_STRING}, 64},
    {"commonName", &sdg_oid_common_name, SDG_DER_UTF8_STRING, {SDG_DER_PRINTABLE_STRING, SDG_DER_UTF8_STRING}, 64},
    {"emailAddress", &sdg_oid_email, SDG_DER_IA5_STRING, {SDG_DER_IA5_STRING, SDG_DER_IA5_STRING}, 255},
};

int sdg_subject_find(stardeleg_bytes oid)
{
  for (int i = 0; i < SDG_SUBJECT_COUNT; i++) {
    if (sdg_bytes_equal(*sdg_subject_kinds[i].oid, oid)) {
      return i;
    }
  }
  return -1;
}

int sdg_subject_find_member(const char *name)
{
  for (int i = 0; i < SDG_SUBJECT_COUNT; i++) {
    if (strcmp(sdg_subject_kinds[i].member, name) == 0) {
      return i;
    }
  }
  return -1;
}

/* "uri" is no registered identifier type; see the option allow_uri_identifiers. */
const sdg_san_kind sdg_san_kinds[SDG_SAN_COUNT] = {
    {"DNS", "dns", SDG_GN_DNS},
    {"Email", "email", SDG_GN_EMAIL},
    {"URI", "uri", SDG_GN_URI},
};

int sdg_san_find(sdg_name_kind general_name)
{
  for (int i = 0; i < SDG_SAN_COUNT; i++) {
    if (sdg_san_kinds[i].general_name == general_name) {
      return i;
    }
  }
  return -1;
}

bool sdg_san_equal(int kind, stardeleg_bytes a, stardeleg_bytes b)
{
  switch (kind) {
  case SDG_SAN_DNS:
    return sdg_name_equal_dns(a, b);
  case SDG_SAN_EMAIL:
    return sdg_name_equal_email(a, b);
  case SDG_SAN_URI:
    return sdg_name_equal_uri(a, b);
  default:
    return sdg_bytes_equal(a, b);
  }
}

const char *sdg_san_fault(int kind, stardeleg_bytes value)
{
  sdg_name_fault fault;

  switch (kind) {
  case SDG_SAN_DNS:
    fault = sdg_name_check_dns(value, SDG_NAME_ALLOW_WILDCARD);
    return fault == SDG_NAME_OK ? NULL : sdg_name_fault_text(fault);
  case SDG_SAN_EMAIL:
    return sdg_name_is_email(value) ? NULL : "not a mail address";
  case SDG_SAN_URI:
    return sdg_name_is_uri(value) ? NULL : "not an absolute URI";
  default:
    return "a kind of name that no template can allow";
  }
}

/* RFC 5280 4.2.1.3, by bit number. */
const char *const sdg_key_usage_names[SDG_KEY_USAGE_COUNT] = {
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly",
};

void sdg_key_usage_text(char *out, size_t size, unsigned bits)
{
  size_t at = 0;

  out[0] = '\0';
  for (size_t i = 0; i < SDG_KEY_USAGE_COUNT && at < size; i++) {
    if ((bits & (1u << i)) != 0) {
      int n = snprintf(out + at, size - at, "%s%s", at == 0 ? "" : ", ", sdg_key_usage_names[i]);

      at += n > 0 ? (size_t)n : 0;
    }
  }
}

/* RFC 5280 4.2.1.12: all below 1.3.6.1.5.5.7.3. */
#define KP(n)                                                                                                          \
  {                                                                                                                    \
    (const uint8_t *)"\x2b\x06\x01\x05\x05\x07\x03" n, 8                                                               \
  }
static const sdg_eku_name eku_names[] = {
    {"serverAuth", KP("\x01")},      {"clientAuth", KP("\x02")},   {"codeSigning", KP("\x03")},
    {"emailProtection", KP("\x04")}, {"timeStamping", KP("\x08")}, {"OCSPSigning", KP("\x09")},
};
#define EKU_NAME_COUNT (sizeof(eku_names) / sizeof(eku_names[0]))

const sdg_eku_name *sdg_eku_find(const char *name)
{
  for (size_t i = 0; i < EKU_NAME_COUNT; i++) {
    if (strcmp(eku_names[i].name, name) == 0) {
      return &eku_names[i];
    }
  }
  return NULL;
}

const sdg_eku_name *sdg_eku_find_oid(stardeleg_bytes oid)
{
  for (size_t i = 0; i < EKU_NAME_COUNT; i++) {
    if (sdg_bytes_equal(eku_names[i].oid, oid)) {
      return &eku_names[i];
    }
  }
  return NULL;
}

bool sdg_eku_has(const stardeleg_bytes *oids, size_t count, stardeleg_bytes oid)
{
  for (size_t i = 0; i < count; i++) {
    if (sdg_bytes_equal(oids[i], oid)) {
      return true;
    }
  }
  return false;
}

void sdg_eku_text(char *out, size_t size, stardeleg_bytes oid)
{
  const sdg_eku_name *known = sdg_eku_find_oid(oid);

  if (known != NULL) {
    (void)snprintf(out, size, "%s", known->name);
  } else {
    (void)sdg_der_oid_text(out, size, oid); /* a cut text is still of use in a sentence */
  }
}

/* The comments of the CDDL: PSS with MGF1 of the same hash and a salt as long as the hash. */
static const sdg_signature_type signature_types[] = {
    {"sha256WithRSAEncryption", STARDELEG_ALG_RS256, STARDELEG_FAMILY_RSA},
    {"sha384WithRSAEncryption", STARDELEG_ALG_RS384, STARDELEG_FAMILY_RSA},
    {"sha512WithRSAEncryption", STARDELEG_ALG_RS512, STARDELEG_FAMILY_RSA},
    {"sha256WithRSAandMGF1", STARDELEG_ALG_PS256, STARDELEG_FAMILY_RSA},
    {"sha384WithRSAandMGF1", STARDELEG_ALG_PS384, STARDELEG_FAMILY_RSA},
    {"sha512WithRSAandMGF1", STARDELEG_ALG_PS512, STARDELEG_FAMILY_RSA},
    {"ecdsa-with-SHA256", STARDELEG_ALG_ES256, STARDELEG_FAMILY_EC},
    {"ecdsa-with-SHA384", STARDELEG_ALG_ES384, STARDELEG_FAMILY_EC},
    {"ecdsa-with-SHA512", STARDELEG_ALG_ES512, STARDELEG_FAMILY_EC},
};
#define SIGNATURE_TYPE_COUNT (sizeof(signature_types) / sizeof(signature_types[0]))

const sdg_signature_type *sdg_signature_type_find(const char *name)
{
  for (size_t i = 0; i < SIGNATURE_TYPE_COUNT; i++) {
    if (strcmp(signature_types[i].name, name) == 0) {
      return &signature_types[i];
    }
  }
  return NULL;
}

const char *sdg_signature_type_name(stardeleg_alg alg)
{
  for (size_t i = 0; i < SIGNATURE_TYPE_COUNT; i++) {
    if (signature_types[i].alg == alg) {
      return signature_types[i].name;
    }
  }
  return "unknown";
}

static const sdg_curve curves[] = {
    {"secp256r1", 256, STARDELEG_ALG_ES256},
    {"secp384r1", 384, STARDELEG_ALG_ES384},
    {"secp521r1", 521, STARDELEG_ALG_ES512},
};
#define CURVE_COUNT (sizeof(curves) / sizeof(curves[0]))

const sdg_curve *sdg_curve_find(const char *name)
{
  for (size_t i = 0; i < CURVE_COUNT; i++) {
    if (strcmp(curves[i].name, name) == 0) {
      return &curves[i];
    }
  }
  return NULL;
}

const char *sdg_curve_name(unsigned bits)
{
  for (size_t i = 0; i < CURVE_COUNT; i++) {
    if (curves[i].bits == bits) {
      return curves[i].name;
    }
  }
  return "unknown";
}
