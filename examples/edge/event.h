/* SPDX-License-Identifier: Apache-2.0 */
/* edge/event.h -- one line on standard error for each thing that happens to a certificate:
 * "<RFC 3339 time> edge <event> name=<n> serial=<hex> not_before=<time> not_after=<time>". */
#ifndef EXAMPLE_EDGE_EVENT_H
#define EXAMPLE_EDGE_EVENT_H

#include "edge/certificate_file.h"

/* |event|: "swap" or "drop". */
void event_certificate(const char *event, const char *name, const certificate *held);
/* "<time> edge refused name=<n> why=<sentence>". */
void event_refused(const char *name, const char *why);
/* "<time> edge <event> <text>". */
void event_plain(const char *event, const char *text);

#endif /* EXAMPLE_EDGE_EVENT_H */
