/* SPDX-License-Identifier: Apache-2.0 */
/* support/test_pki.h -- a root and leaf certificates with whatever a test wants in them. */
#ifndef SDG_TESTS_SUPPORT_TEST_PKI_H
#define SDG_TESTS_SUPPORT_TEST_PKI_H

#include "support/test.h"

#include "base/buf.h"

typedef struct test_root {
  stardeleg_key *key;
  sdg_buf name; /* DER Name */
  sdg_buf pem;
} test_root;

/* A self-signed CA certificate, valid 2000 to 2049. */
void test_root_init(test_root *root, const char *common_name);
void test_root_clear(test_root *root);

typedef struct test_leaf {
  stardeleg_bytes spki;
  const char *const *names; /* dNSNames */
  size_t name_count;
  stardeleg_time not_before;
  stardeleg_time not_after;
  uint64_t serial; /* not zero */
  bool names_issuer_key; /* with an authority key identifier */
} test_leaf;

/* Appends the certificate in PEM. */
void test_root_issue(const test_root *root, const test_leaf *leaf, sdg_buf *pem);

/* One certificate for |name| and any key, in PEM; free() it. */
char *test_pki_leaf_pem(const char *name, stardeleg_time not_before, stardeleg_time not_after);

#endif /* SDG_TESTS_SUPPORT_TEST_PKI_H */
