/* SPDX-License-Identifier: Apache-2.0 */
/* common/httpd_accept.h -- takes connections in and deals them out to the workers in turn.  Workers that share a
 * listening socket do not: whichever wakes first takes a whole burst, and the others idle. */
#ifndef EXAMPLE_COMMON_HTTPD_ACCEPT_H
#define EXAMPLE_COMMON_HTTPD_ACCEPT_H

#include <pthread.h>
#include <stdbool.h>

struct MHD_Daemon;

typedef struct httpd_accept {
  pthread_t thread;
  int listener;
  int stop[2]; /* a pipe: closing its write end wakes the thread */
  struct MHD_Daemon *daemon;
  bool running;
} httpd_accept;

/* Starts the thread; |listener| does not block and is closed by httpd_accept_stop().  Returns 0 or an errno value. */
int httpd_accept_start(httpd_accept *self, int listener, struct MHD_Daemon *daemon);
void httpd_accept_stop(httpd_accept *self);

#endif /* EXAMPLE_COMMON_HTTPD_ACCEPT_H */
