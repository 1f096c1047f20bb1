/* SPDX-License-Identifier: Apache-2.0 */
/* ndc-agent/live.h -- the files servers read, and the program that is told of a new one. */
#ifndef EXAMPLE_NDC_AGENT_LIVE_H
#define EXAMPLE_NDC_AGENT_LIVE_H

#include <stardeleg/ndc.h>

/* Writes <directory>/<name>.pem (mode 0600: key first, then the chain) for each name of the event.  One file holds
 * both, so no reader ever sees a key with another's certificate.  Returns 0, or -1 after a log line. */
int live_write(const char *directory, const stardeleg_ndc_event *event);
/* Runs |argv| without a shell and without waiting longer than 10 s; the outcome goes to the log. */
void live_reload(const char *const *argv);

#endif /* EXAMPLE_NDC_AGENT_LIVE_H */
