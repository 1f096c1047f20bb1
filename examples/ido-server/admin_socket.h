/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_socket.h -- both ends of the admin socket: a Unix-domain socket that only its owner can open. */
#ifndef EXAMPLE_IDO_SERVER_ADMIN_SOCKET_H
#define EXAMPLE_IDO_SERVER_ADMIN_SOCKET_H

#include <stardeleg/ido.h>
#include "common/httpd.h"
#include "common/service.h"

/* The path: "admin-socket" of the configuration, or <state>/admin.sock.  Returns |out|. */
char *admin_socket_path(const service *s, char out[600]);
/* Serves the socket; |find_ido| tells the role, or NULL while there is none.  Without a word for a default path that is
 * too long for a socket: the commands then work on the store.  Returns 0 or -1 after a line on standard error. */
int admin_socket_serve(httpd **out, const service *s, stardeleg_ido *(*find_ido)(void *ctx), void *ctx);
/* Sends a request to the server at the other end.  Returns the status with |*body| to be freed, or 0: nobody is there,
 * or -1: somebody is, but there was no answer. */
int admin_socket_send(const char *path, const char *command, const char *request, size_t len, char **body);

#endif /* EXAMPLE_IDO_SERVER_ADMIN_SOCKET_H */
