/* SPDX-License-Identifier: Apache-2.0 */
/* edge/certificates.h -- the certificates in use, kept in step with a directory. */
#ifndef EXAMPLE_EDGE_CERTIFICATES_H
#define EXAMPLE_EDGE_CERTIFICATES_H

#include "edge/certificate_file.h"

typedef struct certificates certificates;

/* |directory| holds <name>.pem files; borrowed.  NULL: no memory. */
certificates *certificates_new(const char *directory);
void certificates_free(certificates *all);

/* Looks at the directory: new and replaced files are loaded aside and swapped in if they are good; of a bad one the old
 * certificate stays.  What has expired, or whose file is gone, is dropped.  One thread. */
void certificates_refresh(certificates *all, stardeleg_time now);

/* A reference to the certificate for |name| that is valid at |now|; NULL: there is none.  Any thread. */
certificate *certificates_find(certificates *all, const char *name, stardeleg_time now);

#endif /* EXAMPLE_EDGE_CERTIFICATES_H */
