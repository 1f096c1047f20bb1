/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/watch.c -- the descriptors and the timer that libcurl wants watched. */
#include "driver.h"

#include <stdlib.h>

static short poll_events(int events)
{
  return (short)(((events & STARDELEG_FD_READ) != 0 ? POLLIN : 0) | ((events & STARDELEG_FD_WRITE) != 0 ? POLLOUT : 0));
}

stardeleg_err sdg_curl_watch_reserve(stardeleg_curl *curl, size_t sockets)
{
  size_t room = curl->watched_count + sockets;
  struct pollfd *grown;

  if (room <= curl->watched_room) {
    return STARDELEG_OK;
  }
  room *= 2;
  grown = realloc(curl->polled, room * sizeof(*grown));
  if (grown == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  curl->polled = grown;
  grown = realloc(curl->watched, room * sizeof(*grown));
  if (grown == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  curl->watched = grown;
  curl->watched_room = room;
  return STARDELEG_OK;
}

bool sdg_curl_watch_set(stardeleg_curl *curl, int fd, int events)
{
  size_t at = 0;

  while (at < curl->watched_count && curl->watched[at].fd != fd) {
    at++;
  }
  if (events == 0) {
    if (at == curl->watched_count) {
      return true;
    }
    curl->watched[at] = curl->watched[--curl->watched_count];
  } else {
    if (at == curl->watched_count) {
      if (sdg_curl_watch_reserve(curl, 1) != STARDELEG_OK) {
        return false;
      }
      curl->watched_count++;
    }
    curl->watched[at].fd = fd;
    curl->watched[at].events = poll_events(events);
    curl->watched[at].revents = 0;
  }
  if (curl->attached) {
    curl->hooks.watch(curl->hooks.ctx, fd, events);
  }
  return true;
}

int sdg_curl_watch_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *socket_ctx)
{
  int events = 0;

  (void)easy;
  (void)socket_ctx;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) {
    events |= STARDELEG_FD_READ;
  }
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) {
    events |= STARDELEG_FD_WRITE;
  }
  return sdg_curl_watch_set(self, fd, events) ? 0 : -1;
}

int sdg_curl_watch_timer(CURLM *multi, long timeout_ms, void *self)
{
  stardeleg_curl *curl = self;

  (void)multi;
  curl->curl_at = timeout_ms < 0 ? SDG_CURL_TICKS_NEVER : sdg_curl_ticks() + timeout_ms;
  return 0;
}
