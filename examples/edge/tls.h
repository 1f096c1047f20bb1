/* SPDX-License-Identifier: Apache-2.0 */
/* edge/tls.h -- the TLS side: one context for all, the certificate chosen for each handshake. */
#ifndef EXAMPLE_EDGE_TLS_H
#define EXAMPLE_EDGE_TLS_H

#include "edge/certificates.h"

/* |all| is borrowed by the context.  NULL: no memory, or a libssl without TLS 1.3. */
SSL_CTX *tls_context_new(certificates *all);

#endif /* EXAMPLE_EDGE_TLS_H */
