/* SPDX-License-Identifier: Apache-2.0 */
/* dns/name_server.h -- a name server on a free port of 127.0.0.1 that says what it is told to. */
#ifndef SDG_TESTS_DNS_NAME_SERVER_H
#define SDG_TESTS_DNS_NAME_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* One record; a row without rdata makes the answer's code |rcode|, or no answer at all if that is -1. */
typedef struct name_row {
  const char *name; /* lower case */
  int type;
  int rcode;
  const char *rdata; /* hex; NULL: none */
} name_row;

typedef struct name_server {
  const name_row *rows; /* ends with a NULL name; names that are not in it do not exist */
  int fd;
  uint16_t port;
  pthread_t thread;
  atomic_uint asked;
} name_server;

void name_server_start(name_server *server, const name_row *rows);
void name_server_stop(name_server *server);

#endif /* SDG_TESTS_DNS_NAME_SERVER_H */
