/* SPDX-License-Identifier: Apache-2.0 */
/* transport/raw_peer.h -- a client that writes bytes of its own choice. */
#ifndef TEST_TRANSPORT_RAW_PEER_H
#define TEST_TRANSPORT_RAW_PEER_H

#include <netinet/in.h>
#include <stdint.h>

/* How long something that happens at once may take on a machine that is busy with other things. */
#define RAW_PATIENCE_MS 60000

/* A connection to |port| of the loopback; -1: nobody listens. */
int raw_dial(uint16_t port);
/* The same from the address |source|, in host order. */
int raw_dial_from(in_addr_t source, uint16_t port);
void raw_say(int fd, const char *text);
/* Reads until the end or until |until| was seen; valid until the next call. */
char *raw_hear(int fd, const char *until);

#endif /* TEST_TRANSPORT_RAW_PEER_H */
