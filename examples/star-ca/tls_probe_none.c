/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/tls_probe_none.c -- without libssl there is no tls-alpn-01. */
#include "star-ca/tls_probe.h"

int tls_probe_open(stardeleg_tls_probe **out, const char *const *networks)
{
  (void)out;
  (void)networks;
  return -1;
}

void tls_probe_close(stardeleg_tls_probe *probe)
{
  (void)probe;
}
