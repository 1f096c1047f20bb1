/* SPDX-License-Identifier: Apache-2.0 */
/* x509/csr.h -- PKCS#10 (RFC 2986): strict reading to a neutral view, and building. */
#ifndef SDG_X509_CSR_H
#define SDG_X509_CSR_H

#include <stardeleg/problem.h>
#include "x509/x509.h"

#define SDG_CSR_MAX (64u * 1024u)

/* One PKCS#10 attribute other than extensionRequest. */
typedef struct sdg_csr_attribute {
  stardeleg_bytes oid;
  stardeleg_bytes values; /* inside of the SET */
} sdg_csr_attribute;

/* A CSR as it stands, without judgement.  Everything points into |der|, which it owns. */
typedef struct sdg_csr {
  sdg_buf der;
  stardeleg_bytes info; /* certificationRequestInfo, what is signed */
  stardeleg_bytes spki;
  bool key_is_known; /* false: a key type we cannot import (then |key| is zero) */
  sdg_spki key;
  char key_fault[160];         /* why not, for people */
  stardeleg_alg alg;           /* NONE: unknown or unsupported signature algorithm */
  char alg_oid[64];            /* dotted text if |alg| is NONE, for messages */
  stardeleg_bytes signature;   /* inside of the BIT STRING */
  sdg_x509_attribute *subject; /* in order */
  size_t subject_count;
  sdg_csr_attribute *attributes; /* all but extensionRequest */
  size_t attribute_count;
  size_t extension_requests;      /* how many extensionRequest attribute values there are */
  sdg_x509_extension *extensions; /* of all of them, in order, duplicates kept */
  size_t extension_count;
} sdg_csr;

/* Reads one DER CSR and nothing behind it; copies the bytes.  |out| need not be initialised; it is empty after a
 * failure and to be cleared after success.  MALFORMED with badCSR and the place ("/subject", "/attributes/1" ...) in
 * |problem|; LIMIT beyond SDG_CSR_MAX or the limits of x509.h.  A missing attributes field is MALFORMED. */
STARDELEG_MUST_CHECK stardeleg_err sdg_csr_parse(sdg_csr *out, stardeleg_bytes der, stardeleg_problem *problem);
void sdg_csr_clear(sdg_csr *csr);
/* Proof of possession.  0; SIGNATURE; BAD_KEY for a key that is not known, not valid or not fit for the algorithm;
 * UNSUPPORTED for an unknown algorithm; all with badCSR. */
STARDELEG_MUST_CHECK stardeleg_err sdg_csr_verify(const sdg_csr *csr, const stardeleg_crypto *crypto,
                                                  stardeleg_problem *problem);

/* What goes into a new CSR.  All borrowed. */
typedef struct sdg_csr_plan {
  const sdg_x509_attribute *subject; /* oid, tag, value count */
  size_t subject_count;
  const sdg_x509_extension *extensions;
  size_t extension_count;
  stardeleg_alg alg;
} sdg_csr_plan;
/* Appends the DER.  BAD_KEY if |alg| does not fit |key|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_csr_build(sdg_buf *out, const sdg_csr_plan *plan, stardeleg_key *key);

#endif /* SDG_X509_CSR_H */
