/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/tls_handshake.h -- one connection and handshake, bounded in time. */
#ifndef EXAMPLE_STAR_CA_TLS_HANDSHAKE_H
#define EXAMPLE_STAR_CA_TLS_HANDSHAKE_H

#include <stardeleg/tls_probe.h>
#include <stdatomic.h>

/* Connects and shakes hands; |*certificate| (|*len| bytes, to be freed with free()) with OK only.  |*why| is a constant
 * phrase.  Waits, at most ten seconds, less once |*stop| is set.  Of a target without address every address is tried
 * that is not a special one, or lies in |networks| ("127.0.0.0/8", NULL-terminated; NULL: none). */
stardeleg_tls_status tls_handshake(const stardeleg_tls_target *target, const char *const *networks,
                                   const atomic_int *stop, uint8_t **certificate, size_t *len, const char **why);

#endif /* EXAMPLE_STAR_CA_TLS_HANDSHAKE_H */
