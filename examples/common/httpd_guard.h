/* SPDX-License-Identifier: Apache-2.0 */
/* common/httpd_guard.h -- deadlines for connections: an idle timeout alone lets a slow drip live for ever. */
#ifndef EXAMPLE_COMMON_HTTPD_GUARD_H
#define EXAMPLE_COMMON_HTTPD_GUARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct httpd_guarded {
  struct httpd_guarded *next;
  struct httpd_guarded *prev;
  int fd;
  int64_t until; /* ticks */
} httpd_guarded;

typedef struct httpd_guard {
  pthread_mutex_t lock;
  pthread_cond_t stop;
  pthread_t thread;
  httpd_guarded *first;
  bool running;
} httpd_guard;

/* Starts the thread that looks once a second.  Returns 0 or an errno value. */
int httpd_guard_start(httpd_guard *guard);
void httpd_guard_stop(httpd_guard *guard);
/* NULL if there is no memory: the connection then lives without a deadline. */
httpd_guarded *httpd_guard_add(httpd_guard *guard, int fd, int64_t until);
/* A connection past |until| is shut down; NULL allowed. */
void httpd_guard_set(httpd_guard *guard, httpd_guarded *guarded, int64_t until);
/* To be called while the descriptor is still open; NULL allowed. */
void httpd_guard_remove(httpd_guard *guard, httpd_guarded *guarded);

#endif /* EXAMPLE_COMMON_HTTPD_GUARD_H */
