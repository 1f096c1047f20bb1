/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/address.h -- which addresses are not the public internet. */
#ifndef SDG_TRANSPORT_CURL_ADDRESS_H
#define SDG_TRANSPORT_CURL_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Loopback, private, link-local, multicast, reserved, and every family that is not IP.  |len|: bytes at |address|. */
bool sdg_curl_address_is_private(const struct sockaddr *address, size_t len);
/* The same for the host of a URL if it is an address ("127.0.0.1", "[::1]") or localhost; false for other names. */
bool sdg_curl_host_is_private(const char *host);

#endif /* SDG_TRANSPORT_CURL_ADDRESS_H */
