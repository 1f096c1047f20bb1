/* SPDX-License-Identifier: Apache-2.0 */
/* acme-client/tls_responder.h -- a TLS server for tls-alpn-01 and nothing else (RFC 8737): it shows a challenge's
 * certificate to whoever offers "acme-tls/1" and asks for its name, and refuses everybody else. */
#ifndef EXAMPLE_ACME_CLIENT_TLS_RESPONDER_H
#define EXAMPLE_ACME_CLIENT_TLS_RESPONDER_H

#include <stddef.h>
#include <stdint.h>

typedef struct tls_responder tls_responder;

/* Listens at |where| on a thread of its own.  Returns NULL after a line on standard error. */
tls_responder *tls_responder_start(const char *where, uint16_t *port);
/* Shows |cert_pem| for |name| from now on.  Returns 0 or -1.  Any thread. */
int tls_responder_add(tls_responder *responder, const char *name, const char *cert_pem, const char *key_pem);
void tls_responder_remove(tls_responder *responder, const char *name);
/* Nonzero if |name|'s certificate has been shown to somebody. */
int tls_responder_asked(tls_responder *responder, const char *name);
void tls_responder_stop(tls_responder *responder);

#endif /* EXAMPLE_ACME_CLIENT_TLS_RESPONDER_H */
