/* SPDX-License-Identifier: Apache-2.0 */
/* x509/cert.h -- certificates and chains: strict reading, and building for the CA role. */
#ifndef SDG_X509_CERT_H
#define SDG_X509_CERT_H

#include "x509/x509.h"

#define SDG_CHAIN_BYTES_MAX (256u * 1024u)
#define SDG_CHAIN_MAX 10

/* A certificate's fields.  All point into the DER given to sdg_cert_parse.  About 7 KiB: put it on the heap. */
typedef struct sdg_cert {
  stardeleg_bytes der;
  stardeleg_bytes tbs;
  stardeleg_bytes serial;        /* magnitude */
  stardeleg_bytes serial_octets; /* content octets of the INTEGER as they stand */
  stardeleg_bytes issuer;        /* Name, whole */
  stardeleg_bytes subject;
  stardeleg_time not_before;
  stardeleg_time not_after; /* inclusive second */
  stardeleg_bytes spki;
  stardeleg_alg alg; /* NONE if unknown */
  stardeleg_bytes signature;
  bool is_ca;
  bool has_key_usage;
  unsigned key_usage;
  stardeleg_bytes authority_key_id;           /* may be empty */
  stardeleg_bytes subject_key_id;             /* may be empty */
  sdg_general_name names[SDG_X509_NAMES_MAX]; /* subjectAltName */
  size_t name_count;
  stardeleg_bytes eku[32];
  size_t eku_count;
} sdg_cert;

/* v3 only; unknown extensions are skipped unless critical (then MALFORMED); duplicates MALFORMED.  What constrains
 * paths (name and policy constraints, policies) is known but left to whoever verifies the path.  0, MALFORMED or LIMIT;
 * |out| counts on success only. */
STARDELEG_MUST_CHECK stardeleg_err sdg_cert_parse(sdg_cert *out, stardeleg_bytes der);
/* The same for the certificate of a tls-alpn-01 challenge: acmeIdentifier must be there, critical (RFC 8737 3), and its
 * value goes to |identifier|; the validity may be any two times, and is not read. */
STARDELEG_MUST_CHECK stardeleg_err sdg_cert_parse_challenge(sdg_cert *out, stardeleg_bytes *identifier,
                                                            stardeleg_bytes der);
/* True if |name| stands among the dNSNames (ASCII case-insensitive).  "*.example.org" is there only if it is asked for:
 * a name under a wildcard does not count. */
bool sdg_cert_has_dns(const sdg_cert *cert, stardeleg_bytes name);
/* Hex of the serial, lower case, without leading zeros ("0" for zero); cut to |size|. */
void sdg_cert_serial_text(char *out, size_t size, const sdg_cert *cert);

/* A PEM chain, end-entity first. */
typedef struct sdg_chain {
  sdg_buf der; /* all certificates in one buffer */
  stardeleg_bytes certs[SDG_CHAIN_MAX];
  size_t count;
} sdg_chain;
/* Only CERTIFICATE blocks (RFC 8555 11.4), 1 to SDG_CHAIN_MAX; each must parse.  0, MALFORMED, LIMIT, NOMEM.  |out|
 * need not be initialised; it is empty after a failure and to be cleared after success. */
STARDELEG_MUST_CHECK stardeleg_err sdg_chain_parse(sdg_chain *out, stardeleg_bytes pem);
void sdg_chain_clear(sdg_chain *chain);

/* What goes into a new certificate (CA role).  All borrowed. */
typedef struct sdg_cert_plan {
  stardeleg_bytes serial;  /* magnitude, not zero; at most 20 octets as INTEGER (159 bits) */
  stardeleg_bytes issuer;  /* Name, DER */
  stardeleg_bytes subject; /* Name, DER */
  stardeleg_time not_before;
  stardeleg_time not_after;
  stardeleg_bytes spki;
  const sdg_x509_extension *extensions;
  size_t extension_count;
} sdg_cert_plan;
/* Appends the DER, signed with the algorithm of sdg_alg_for_key.  ARGUMENT for a serial, validity or extensions (over
 * SDG_X509_EXTENSIONS_MAX, twice the same) that no certificate may have, LIMIT for years that have no form. */
STARDELEG_MUST_CHECK stardeleg_err sdg_cert_build(sdg_buf *out, const sdg_cert_plan *plan, stardeleg_key *issuer_key);
/* SHA-1 of the subjectPublicKey bits (RFC 5280 4.2.1.2, method 1) for key identifiers: 20 octets. */
STARDELEG_MUST_CHECK stardeleg_err sdg_cert_key_id(uint8_t out[20], const stardeleg_crypto *crypto,
                                                   stardeleg_bytes spki);

#endif /* SDG_X509_CERT_H */
