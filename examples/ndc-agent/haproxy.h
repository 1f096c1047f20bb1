/* SPDX-License-Identifier: Apache-2.0 */
/* ndc-agent/haproxy.h -- a certificate swapped inside a running haproxy, by its runtime API. */
#ifndef EXAMPLE_NDC_AGENT_HAPROXY_H
#define EXAMPLE_NDC_AGENT_HAPROXY_H

#include <stddef.h>

/* Replaces what haproxy has loaded from |path| by |bundle| (key and chain, PEM) over the UNIX socket |socket_path|
 * ("stats socket ... level admin").  Returns 0, also if no haproxy is there: it will read the file when it starts; else
 * -1 after a log line. */
int haproxy_swap(const char *socket_path, const char *path, const char *bundle, size_t len);

#endif /* EXAMPLE_NDC_AGENT_HAPROXY_H */
