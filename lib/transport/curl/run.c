/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/run.c -- the blocking loop: the driver under poll(). */
#include "driver.h"

#include <errno.h>
#include <string.h>

void stardeleg_curl_stop(stardeleg_curl *curl)
{
  atomic_store(&curl->stopped, 1);
  sdg_curl_signal_raise(&curl->signal);
}

static void keep_first(stardeleg_err *first, stardeleg_err err)
{
  if (*first == STARDELEG_OK) {
    *first = err;
  }
}

static int libcurl_mask(short revents)
{
  int mask = 0;

  if ((revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL)) != 0) {
    mask |= CURL_CSELECT_IN;
  }
  if ((revents & (POLLOUT | POLLERR | POLLHUP | POLLNVAL)) != 0) {
    mask |= CURL_CSELECT_OUT;
  }
  if ((revents & (POLLERR | POLLNVAL)) != 0) {
    mask |= CURL_CSELECT_ERR;
  }
  return mask;
}

/* The table may change while libcurl works: the round goes over a copy. */
static stardeleg_err serve(stardeleg_curl *curl, size_t count)
{
  stardeleg_err first = STARDELEG_OK;

  for (size_t i = 0; i < count; i++) {
    if (curl->polled[i].revents == 0) {
      continue;
    }
    if (curl->polled[i].fd == curl->signal.read_fd) {
      sdg_curl_take_signal(curl);
    } else {
      keep_first(&first, sdg_curl_kick(curl, curl->polled[i].fd, libcurl_mask(curl->polled[i].revents)));
    }
  }
  return first;
}

static stardeleg_err wait_once(stardeleg_curl *curl)
{
  int64_t delay = sdg_curl_delay(curl);
  size_t count = curl->watched_count;
  stardeleg_err first = STARDELEG_OK;
  int ready;

  memcpy(curl->polled, curl->watched, count * sizeof(curl->watched[0]));
  ready = poll(curl->polled, (nfds_t)count, delay > INT32_MAX ? INT32_MAX : (int)delay);
  if (ready < 0 && errno != EINTR && errno != EAGAIN) {
    return STARDELEG_ERR_CALLBACK;
  }
  if (ready > 0) {
    first = serve(curl, count);
  }
  keep_first(&first, stardeleg_curl_on_timer(curl)); /* libcurl's timer if it is due, and the turn in any case */
  return first;
}

stardeleg_err stardeleg_curl_run(stardeleg_curl *curl, int (*done)(void *ctx), void *ctx)
{
  stardeleg_err rv;

  if (curl->attached || curl->running) {
    return STARDELEG_ERR_STATE;
  }
  curl->running = true;
  rv = stardeleg_curl_on_timer(curl);
  while (rv == STARDELEG_OK && atomic_exchange(&curl->stopped, 0) == 0 && (done == NULL || !done(ctx))) {
    rv = wait_once(curl);
  }
  curl->running = false;
  return rv;
}
