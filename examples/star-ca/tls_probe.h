/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/tls_probe.h -- looks at the certificate a server shows to acme-tls/1, on threads of its own. */
#ifndef EXAMPLE_STAR_CA_TLS_PROBE_H
#define EXAMPLE_STAR_CA_TLS_PROBE_H

#include <stardeleg/tls_probe.h>

/* Names that are to be looked up here lead to no special address outside of |networks| (borrowed; NULL: none).  Returns
 * 0, or -1 if this program has no libssl or there is no memory. */
int tls_probe_open(stardeleg_tls_probe **out, const char *const *networks);
/* Ends what is under way; NULL allowed. */
void tls_probe_close(stardeleg_tls_probe *probe);

#endif /* EXAMPLE_STAR_CA_TLS_PROBE_H */
