/* SPDX-License-Identifier: Apache-2.0 */
/* support/counting_store.h -- a store that counts the certificates written to it, fails on demand, and lets somebody
 * else come first. */
#ifndef SDG_TESTS_SUPPORT_COUNTING_STORE_H
#define SDG_TESTS_SUPPORT_COUNTING_STORE_H

#include "support/ca_world.h"

typedef struct counting_store {
  stardeleg_store_ops ops;
  stardeleg_store store;
  stardeleg_store *under;
  unsigned certs; /* batches with a certificate that were written */
  unsigned batches;
  const char *read_kind; /* |reads| counts single records of it; NULL: none */
  unsigned reads;
  unsigned fail_at;               /* the batch with this number fails; 0: none */
  void (*before_cert)(void *ctx); /* called once, before a certificate is written */
  void *ctx;
  void (*before_crl)(void *ctx); /* called once, before a list of revoked certificates is written */
} counting_store;

/* Puts |c| between the CA and its store, and starts the CA anew.  One at a time. */
void ca_world_count(ca_world *w, counting_store *c);

#endif /* SDG_TESTS_SUPPORT_COUNTING_STORE_H */
