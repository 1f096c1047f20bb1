/* SPDX-License-Identifier: Apache-2.0 */
/* ndc-agent/live.h -- the files servers read, and the program that is told of a new one. */
#ifndef EXAMPLE_NDC_AGENT_LIVE_H
#define EXAMPLE_NDC_AGENT_LIVE_H

#include <stardeleg/ndc.h>

/* Where certificates go. */
typedef struct live_place {
  const char *directory;
  const char *haproxy_socket; /* or NULL */
  const char *const *reload;  /* program and arguments, or NULL */
  int reload_patience_ms;
} live_place;

/* Writes <directory>/<name>.pem (mode 0600: key first, then the chain) for each name of the event, tells haproxy, runs
 * the reload program.  One file holds both, so no reader ever sees a key with another's certificate.  Returns 0, or -1
 * after a log line if a server may go on with the old pair: the same event should be told again. */
int live_publish(const live_place *place, const stardeleg_ndc_event *event);

#endif /* EXAMPLE_NDC_AGENT_LIVE_H */
