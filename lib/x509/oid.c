/* SPDX-License-Identifier: Apache-2.0 */
/* x509/oid.c -- the object identifiers of names, attributes and extensions. */
#include "x509/x509.h"

#include "base/bytes.h"

#define OID(s)                                                                                                         \
  {                                                                                                                    \
    (const uint8_t *)(s), sizeof(s) - 1                                                                                \
  }

/* X.520 attribute types, 2.5.4.n; emailAddress is PKCS #9's, 1.2.840.113549.1.9.1. */
const stardeleg_bytes sdg_oid_common_name = OID("\x55\x04\x03");
const stardeleg_bytes sdg_oid_country = OID("\x55\x04\x06");
const stardeleg_bytes sdg_oid_locality = OID("\x55\x04\x07");
const stardeleg_bytes sdg_oid_state = OID("\x55\x04\x08");
const stardeleg_bytes sdg_oid_organization = OID("\x55\x04\x0a");
const stardeleg_bytes sdg_oid_unit = OID("\x55\x04\x0b");
const stardeleg_bytes sdg_oid_email = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01");

/* 1.2.840.113549.1.9.14 */
const stardeleg_bytes sdg_oid_extension_request = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e");

/* RFC 5280 4.2.1: 2.5.29.n */
const stardeleg_bytes sdg_oid_subject_key_id = OID("\x55\x1d\x0e");
const stardeleg_bytes sdg_oid_key_usage = OID("\x55\x1d\x0f");
const stardeleg_bytes sdg_oid_subject_alt_name = OID("\x55\x1d\x11");
const stardeleg_bytes sdg_oid_basic_constraints = OID("\x55\x1d\x13");
const stardeleg_bytes sdg_oid_authority_key_id = OID("\x55\x1d\x23");
const stardeleg_bytes sdg_oid_ext_key_usage = OID("\x55\x1d\x25");

/* RFC 4055: 1.2.840.113549.1.1.8 */
const stardeleg_bytes sdg_oid_mgf1 = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08");
