/* SPDX-License-Identifier: Apache-2.0 */
/* transport/fault_server.h -- an HTTP server on loopback that misbehaves on purpose; the path of a request says how. */
#ifndef SDG_TESTS_TRANSPORT_FAULT_SERVER_H
#define SDG_TESTS_TRANSPORT_FAULT_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fault_server fault_server;

/* Starts it on a free port of 127.0.0.1; fails the test if it cannot. */
fault_server *fault_server_start(void);
void fault_server_stop(fault_server *server);
uint16_t fault_server_port(const fault_server *server);
/* Connections accepted and requests read so far. */
int fault_server_connections(fault_server *server);
int fault_server_requests(fault_server *server);
/* A copy of the last request as it came, head and body; NUL-terminated, free() it. */
char *fault_server_last(fault_server *server);

/* --- for fault_replies.c --- */
/* One request being answered. */
typedef struct fault_call {
  int fd;
  const char *method;
  const char *path;
  const atomic_int *stopping; /* nonzero: give up */
} fault_call;

/* Answers; true if the connection stays for another request. */
bool fault_reply(const fault_call *call);

#endif /* SDG_TESTS_TRANSPORT_FAULT_SERVER_H */
