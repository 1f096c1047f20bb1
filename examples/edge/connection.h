/* SPDX-License-Identifier: Apache-2.0 */
/* edge/connection.h -- one connection: handshake, one request, one answer. */
#ifndef EXAMPLE_EDGE_CONNECTION_H
#define EXAMPLE_EDGE_CONNECTION_H

#include <openssl/ssl.h>
#include <stdint.h>

#define REQUEST_SIZE 8192
#define ANSWER_SIZE 1024

typedef enum connection_step {
  STEP_HANDSHAKE = 0,
  STEP_READ,
  STEP_WRITE,
  STEP_CLOSE,
  STEP_END /* to be freed */
} connection_step;

typedef struct connection {
  struct connection *next; /* of the worker's list */
  struct connection *prev;
  SSL *ssl;
  int fd;
  connection_step step;
  int64_t until; /* ticks: over by then */
  size_t request_len;
  size_t answer_len;
  size_t answer_at;
  char answer[ANSWER_SIZE];
  char request[REQUEST_SIZE];
} connection;

/* Takes |fd| over in any case; NULL: no memory. */
connection *connection_new(SSL_CTX *tls, int fd);
void connection_free(connection *held);
/* Works until it would block or has come to its end.  Returns the events to wait for (EPOLLIN, EPOLLOUT); 0: the end.
 */
uint32_t connection_work(connection *held);

#endif /* EXAMPLE_EDGE_CONNECTION_H */
