/* SPDX-License-Identifier: Apache-2.0 */
/* transport/pki.h -- certificates for tests of TLS, made on the spot with OpenSSL. */
#ifndef SDG_TESTS_TRANSPORT_PKI_H
#define SDG_TESTS_TRANSPORT_PKI_H

#include <stddef.h>
#include <stdint.h>

typedef struct pki pki;

/* A root of its own, written to |root_file|.  Fails the test if it cannot. */
pki *pki_new(const char *root_file);
void pki_free(pki *ca);

/* A certificate for one name. */
typedef struct pki_leaf {
  const char *name; /* DNS name in the SAN */
  long serial;
  int64_t not_before_s; /* seconds from now */
  int64_t not_after_s;  /* seconds from now */
  int foreign_key;      /* nonzero: the key written is not the certificate's */
} pki_leaf;

/* Writes chain and key in PEM, both replaced by rename; with the same file name twice: key, then chain, in one file. */
void pki_issue(pki *ca, const pki_leaf *leaf, const char *chain_file, const char *key_file);

#endif /* SDG_TESTS_TRANSPORT_PKI_H */
