/* SPDX-License-Identifier: Apache-2.0 */
/* base/address.h -- IP addresses as text (RFC 3986 3.2.2 dotted quads, RFC 4291 2.2). */
#ifndef SDG_BASE_ADDRESS_H
#define SDG_BASE_ADDRESS_H

#include <stdbool.h>
#include <stardeleg/base.h>

/* Reads the text of an address without brackets or zone: |*len| is 4 or 16 (network order).  Four decimal parts without
 * leading zeros, never fewer: what inet_aton takes beyond that is a known way to smuggle an address past a check. */
bool sdg_address_parse(uint8_t out[16], size_t *len, stardeleg_bytes text);

/* Room for the text of an address, with the NUL. */
#define SDG_ADDRESS_SIZE 46
/* Writes |len| (4 or 16) octets as text: a dotted quad, or the one form of RFC 5952 (IPv4-mapped ones with a quad). */
void sdg_address_write(char out[SDG_ADDRESS_SIZE], const uint8_t *octets, size_t len);

/* True if the resolvers of this world may take |host| for an IPv4 address: its last label is a decimal, octal or
 * hexadecimal number ("127.1", "0x7f000001", "1.2.3.4"). */
bool sdg_address_ends_in_number(stardeleg_bytes host);

#endif /* SDG_BASE_ADDRESS_H */
