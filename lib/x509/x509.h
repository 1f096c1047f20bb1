/* SPDX-License-Identifier: Apache-2.0 */
/* x509/x509.h -- what certificates and requests have in common: names, extensions, OIDs. */
#ifndef SDG_X509_X509_H
#define SDG_X509_X509_H

#include "crypto/crypto.h"
#include "der/der.h"

#define SDG_X509_NAMES_MAX 256 /* GeneralNames in one subjectAltName */
#define SDG_X509_EXTENSIONS_MAX 64
#define SDG_X509_ATTRIBUTES_MAX 64 /* AttributeTypeAndValues in one Name; CSR attributes */

/* OIDs as content octets. */
extern const stardeleg_bytes sdg_oid_country, sdg_oid_state, sdg_oid_locality, sdg_oid_organization, sdg_oid_unit,
    sdg_oid_common_name, sdg_oid_email;
extern const stardeleg_bytes sdg_oid_extension_request;
extern const stardeleg_bytes sdg_oid_key_usage, sdg_oid_subject_alt_name, sdg_oid_basic_constraints,
    sdg_oid_ext_key_usage, sdg_oid_authority_key_id, sdg_oid_subject_key_id;
extern const stardeleg_bytes sdg_oid_mgf1;

/* One AttributeTypeAndValue. */
typedef struct sdg_x509_attribute {
  stardeleg_bytes oid;
  int tag;               /* string type, SDG_DER_* */
  stardeleg_bytes value; /* content octets as they stand */
  size_t rdn;            /* which RDN, from 0 */
  size_t rdn_size;       /* how many attributes that RDN has */
} sdg_x509_attribute;

typedef struct sdg_x509_extension {
  stardeleg_bytes oid;
  bool critical;
  stardeleg_bytes value; /* inside of the OCTET STRING */
} sdg_x509_extension;

/* GeneralName kinds, by their tag numbers (RFC 5280 4.2.1.6). */
typedef enum sdg_name_kind {
  SDG_GN_OTHER = 0,
  SDG_GN_EMAIL = 1,
  SDG_GN_DNS = 2,
  SDG_GN_X400 = 3,
  SDG_GN_DIRECTORY = 4,
  SDG_GN_EDI = 5,
  SDG_GN_URI = 6,
  SDG_GN_IP = 7,
  SDG_GN_RID = 8
} sdg_name_kind;

typedef struct sdg_general_name {
  sdg_name_kind kind;
  stardeleg_bytes value; /* content octets; IA5 kinds are checked to be 7-bit without NUL */
} sdg_general_name;

/* Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension, the content of that SEQUENCE.  Duplicates are kept.  LIMIT beyond
 * |max|; MALFORMED for none at all and for "critical" written out although FALSE (X.690 11.5). */
STARDELEG_MUST_CHECK stardeleg_err sdg_x509_read_extensions(sdg_x509_extension *extensions, size_t max, size_t *count,
                                                            stardeleg_bytes content);

/* keyUsage as bits: 1 << n for bit n of RFC 5280 4.2.1.3. */
#define SDG_KU_DIGITAL_SIGNATURE (1u << 0)
#define SDG_KU_KEY_CERT_SIGN (1u << 5)
#define SDG_KU_CRL_SIGN (1u << 6)

/* Readers of extension values; MALFORMED for anything but exact DER. */
STARDELEG_MUST_CHECK stardeleg_err
sdg_x509_read_key_usage(unsigned *bits, stardeleg_bytes value); /* all zero, bits above 8: MALFORMED */
/* These fill at most |max|; LIMIT beyond; an empty sequence is MALFORMED, but a Name may be empty.  |*count| is 0 on
 * failure. The order within a SET OF (X.690 11.6) is not judged: peers differ, and what has several members is refused
 * by the template anyway, with a better reason. */
STARDELEG_MUST_CHECK stardeleg_err sdg_x509_read_eku(stardeleg_bytes *oids, size_t max, size_t *count,
                                                     stardeleg_bytes value);
STARDELEG_MUST_CHECK stardeleg_err sdg_x509_read_san(sdg_general_name *names, size_t max, size_t *count,
                                                     stardeleg_bytes value);
STARDELEG_MUST_CHECK stardeleg_err sdg_x509_read_name(sdg_x509_attribute *attributes, size_t max, size_t *count,
                                                      stardeleg_bytes name_der);
/* True if |value| has the characters of a PrintableString alone (X.680 41.4, table 10). */
bool sdg_x509_is_printable(stardeleg_bytes value);
/* Appends a DirectoryString, decoded (UTF8, Printable, IA5, Teletex as Latin-1, BMP, Universal), as UTF-8; MALFORMED
 * for other types and for bytes the type does not allow.  Empty and control characters pass. */
STARDELEG_MUST_CHECK stardeleg_err sdg_x509_string(sdg_buf *out, int tag, stardeleg_bytes value);
/* Reads an AlgorithmIdentifier of a signature; UNSUPPORTED for one we do not know.  RSA PKCS#1: NULL or absent
 * parameters; ECDSA: absent; PSS: parameters exactly as the three we know, else UNSUPPORTED. */
STARDELEG_MUST_CHECK stardeleg_err sdg_x509_read_algorithm(stardeleg_alg *out, stardeleg_bytes algorithm_identifier);
void sdg_x509_put_algorithm(sdg_buf *out, stardeleg_alg alg);
/* The form of a signature in X.509 (DER for ECDSA) to the form of the provider and back. */
STARDELEG_MUST_CHECK stardeleg_err sdg_x509_signature_to_raw(sdg_buf *out, stardeleg_alg alg,
                                                             const stardeleg_key_info *key, stardeleg_bytes bits);
void sdg_x509_put_signature(sdg_buf *out, stardeleg_alg alg, stardeleg_bytes raw); /* the BIT STRING */
/* Verifies what a request or a certificate carries: |alg| as read, |signature| the content of the BIT STRING.  An EC
 * key of any curve goes with any of the hashes (RFC 5758 3.2).  The errors of sdg_pubkey_verify and NOMEM; a value the
 * algorithm cannot make is SIGNATURE. */
STARDELEG_MUST_CHECK stardeleg_err sdg_x509_verify(const sdg_pubkey *key, stardeleg_alg alg, stardeleg_bytes body,
                                                   stardeleg_bytes signature);

/* Writers of extension values (inside of the OCTET STRING). */
void sdg_x509_put_key_usage(sdg_buf *out, unsigned bits);
void sdg_x509_put_extension(sdg_buf *out, stardeleg_bytes oid, bool critical, stardeleg_bytes value);
void sdg_x509_put_san(sdg_buf *out, const sdg_general_name *names, size_t count);
void sdg_x509_put_eku(sdg_buf *out, const stardeleg_bytes *oids, size_t count);
/* A Name of one attribute per RDN, in the order given; |tag| as in each attribute. */
void sdg_x509_put_name(sdg_buf *out, const sdg_x509_attribute *attributes, size_t count);

#endif /* SDG_X509_X509_H */
