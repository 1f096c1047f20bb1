/* SPDX-License-Identifier: Apache-2.0 */
/* common/listener.h -- opens the socket a server listens on. */
#ifndef EXAMPLE_COMMON_LISTENER_H
#define EXAMPLE_COMMON_LISTENER_H

#include <stddef.h>
#include <stdint.h>

/* Cuts "host:port", "[v6]:port" apart.  Returns 0, or EINVAL if it is neither or a part does not fit. */
int address_split(const char *where, char *host, size_t host_size, char *port, size_t port_size);
/* Listens at "host:port" (port 0: any), "[v6]:port" or "unix:/path" (a socket left behind by a dead server is
 * replaced; mode 0660; "unix-private:/path": 0600).  Returns 0 or an errno value; |port| is 0 for a unix socket. */
int listener_open(int *fd, uint16_t *port, const char *where);
/* Removes the file of a unix socket; nothing for others. */
void listener_remove(const char *where);

#endif /* EXAMPLE_COMMON_LISTENER_H */
