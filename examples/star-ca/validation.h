/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/validation.h -- what validates: resolver, TLS probe, and the members of the configuration about them. */
#ifndef EXAMPLE_STAR_CA_VALIDATION_H
#define EXAMPLE_STAR_CA_VALIDATION_H

#include <stardeleg/ca.h>
#include "common/config.h"

typedef struct validation {
  unsigned challenges;
  stardeleg_dns *dns;          /* NULL: the transport looks addresses up */
  stardeleg_tls_probe *probe;  /* NULL: no tls-alpn-01 */
  const char **networks;
  const char **identities;
  const config *cfg;
} validation;

/* Opens what the configuration asks for.  Returns 0, or -1 after a line on standard error; close it in each case. */
int validation_open(validation *v, const config *cfg);
/* Into the options; |v| must outlive the role. */
void validation_apply(const validation *v, stardeleg_ca_options *options);
void validation_close(validation *v);

#endif /* EXAMPLE_STAR_CA_VALIDATION_H */
