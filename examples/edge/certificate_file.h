/* SPDX-License-Identifier: Apache-2.0 */
/* edge/certificate_file.h -- one certificate with its key, read from one file and checked. */
#ifndef EXAMPLE_EDGE_CERTIFICATE_FILE_H
#define EXAMPLE_EDGE_CERTIFICATE_FILE_H

#include <openssl/ssl.h>
#include <stardeleg/base.h>
#include <stdatomic.h>

#define SERIAL_TEXT_SIZE 64

/* Never changed once made; lives while somebody holds a reference. */
typedef struct certificate {
  atomic_int references;
  X509 *leaf;
  EVP_PKEY *key;
  STACK_OF(X509) * chain; /* without the leaf */
  stardeleg_time not_before;
  stardeleg_time not_after;
  char serial[SERIAL_TEXT_SIZE]; /* hex, lower case */
} certificate;

/* Reads a file of key and chain (leaf first; the key may stand before or after).  Key and leaf must fit, and |now| must
 * lie in the leaf's validity.  Returns NULL with a sentence in |*why|; |*again| tells that the same file may be good
 * later.
 */
certificate *certificate_read(const char *path, stardeleg_time now, const char **why, int *again);
certificate *certificate_ref(certificate *held);
/* NULL allowed. */
void certificate_unref(certificate *held);
/* Serial number in hex and validity of any certificate. */
void certificate_describe(const X509 *leaf, char serial[SERIAL_TEXT_SIZE], stardeleg_time *not_before,
                          stardeleg_time *not_after);

#endif /* EXAMPLE_EDGE_CERTIFICATE_FILE_H */
