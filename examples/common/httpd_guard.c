/* SPDX-License-Identifier: Apache-2.0 */
/* common/httpd_guard.c -- deadlines for connections. */
#include "common/httpd_guard.h"

#include "common/clock.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static void shut_late(httpd_guard *guard)
{
  int64_t now = clock_ticks();

  for (httpd_guarded *at = guard->first; at != NULL; at = at->next) {
    if (at->until < now) {
      (void)shutdown(at->fd, SHUT_RDWR); /* the worker sees the end and closes */
      at->until = INT64_MAX;
    }
  }
}

static void *watch(void *ctx)
{
  httpd_guard *guard = ctx;
  struct timespec until;

  (void)pthread_mutex_lock(&guard->lock);
  while (guard->running) {
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    (void)pthread_cond_timedwait(&guard->stop, &guard->lock, &until);
    shut_late(guard);
  }
  (void)pthread_mutex_unlock(&guard->lock);
  return NULL;
}

int httpd_guard_start(httpd_guard *guard)
{
  int rv = pthread_mutex_init(&guard->lock, NULL);

  if (rv != 0) {
    return rv;
  }
  rv = pthread_cond_init(&guard->stop, NULL);
  if (rv == 0) {
    guard->first = NULL;
    guard->running = true;
    rv = pthread_create(&guard->thread, NULL, watch, guard);
    if (rv != 0) {
      (void)pthread_cond_destroy(&guard->stop);
    }
  }
  if (rv != 0) {
    guard->running = false;
    (void)pthread_mutex_destroy(&guard->lock);
  }
  return rv;
}

void httpd_guard_stop(httpd_guard *guard)
{
  (void)pthread_mutex_lock(&guard->lock);
  guard->running = false;
  (void)pthread_cond_signal(&guard->stop);
  (void)pthread_mutex_unlock(&guard->lock);
  (void)pthread_join(guard->thread, NULL);
  (void)pthread_cond_destroy(&guard->stop);
  (void)pthread_mutex_destroy(&guard->lock);
}

httpd_guarded *httpd_guard_add(httpd_guard *guard, int fd, int64_t until)
{
  httpd_guarded *guarded = calloc(1, sizeof(*guarded));

  if (guarded == NULL) {
    return NULL;
  }
  guarded->fd = fd;
  guarded->until = until;
  (void)pthread_mutex_lock(&guard->lock);
  guarded->next = guard->first;
  if (guard->first != NULL) {
    guard->first->prev = guarded;
  }
  guard->first = guarded;
  (void)pthread_mutex_unlock(&guard->lock);
  return guarded;
}

void httpd_guard_set(httpd_guard *guard, httpd_guarded *guarded, int64_t until)
{
  if (guarded != NULL) {
    (void)pthread_mutex_lock(&guard->lock);
    guarded->until = until;
    (void)pthread_mutex_unlock(&guard->lock);
  }
}

void httpd_guard_remove(httpd_guard *guard, httpd_guarded *guarded)
{
  if (guarded == NULL) {
    return;
  }
  (void)pthread_mutex_lock(&guard->lock);
  if (guarded->prev != NULL) {
    guarded->prev->next = guarded->next;
  } else {
    guard->first = guarded->next;
  }
  if (guarded->next != NULL) {
    guarded->next->prev = guarded->prev;
  }
  (void)pthread_mutex_unlock(&guard->lock);
  free(guarded);
}
