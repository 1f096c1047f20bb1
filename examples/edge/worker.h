/* SPDX-License-Identifier: Apache-2.0 */
/* edge/worker.h -- threads that each serve many connections. */
#ifndef EXAMPLE_EDGE_WORKER_H
#define EXAMPLE_EDGE_WORKER_H

#include <openssl/ssl.h>

typedef struct workers workers;

/* Starts |count| threads; NULL: they cannot be had. */
workers *workers_start(SSL_CTX *tls, int count);
/* Hands a connection over; |fd| is theirs from now on.  One thread. */
void workers_give(workers *all, int fd);
/* Lets handshakes and answers under way end for at most two seconds, then closes all. */
void workers_stop(workers *all);

#endif /* EXAMPLE_EDGE_WORKER_H */
