/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/driver.h -- the driver's inside: engines, exchanges, watched descriptors, deadlines. */
#ifndef SDG_TRANSPORT_CURL_DRIVER_H
#define SDG_TRANSPORT_CURL_DRIVER_H

#include "exchange.h"
#include "settings.h"
#include "signal_fd.h"

#include <poll.h>
#include <stdatomic.h>

#define SDG_CURL_TICKS_NEVER INT64_MAX

/* One engine under the driver. */
typedef struct sdg_curl_member {
  struct sdg_curl_member *next;
  stardeleg_engine engine;
  stardeleg_time until; /* wall time of its WAIT */
  int64_t retry_at;     /* ticks: not asked before, after an error that may pass; 0: no error */
  bool due;             /* to be asked in any case */
  bool removed;         /* freed once no call on an engine is under way */
} sdg_curl_member;

struct stardeleg_curl {
  sdg_curl_settings settings;
  CURLM *multi;
  sdg_curl_member *members;
  sdg_curl_exchange *open;
  sdg_curl_exchange *idle;
  size_t open_count;
  size_t idle_count;
  struct pollfd *watched; /* what libcurl and the driver watch */
  struct pollfd *polled;  /* the run's copy, as large */
  size_t watched_count;
  size_t watched_room;
  int64_t curl_at; /* ticks: when libcurl wants its timer; NEVER: not */
  stardeleg_curl_hooks hooks;
  bool attached;
  bool running;
  int depth; /* calls on engines under way */
  bool has_removed;
  sdg_curl_signal signal;
  atomic_int woken;   /* every engine is to be asked */
  atomic_int stopped; /* the run is to end */
};

/* --- watch.c: the descriptors --- */
/* Room for |sockets| descriptors more; afterwards changes cannot fail. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_watch_reserve(stardeleg_curl *curl, size_t sockets);
/* The two callbacks of the multi handle. */
int sdg_curl_watch_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *socket_ctx);
int sdg_curl_watch_timer(CURLM *multi, long timeout_ms, void *self);
/* Sets what is watched on |fd| (STARDELEG_FD_*); false if there is no room. */
bool sdg_curl_watch_set(stardeleg_curl *curl, int fd, int events);

/* --- driver.c --- */
/* The signal's descriptor is readable. */
void sdg_curl_take_signal(stardeleg_curl *curl);

/* --- turn.c: one turn of the crank --- */
/* Answers what is done, asks who is due, sets the timer.  Returns 0 or the first error that will not pass. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_turn(stardeleg_curl *curl);
/* Milliseconds until something is to be done; -1: only descriptors matter. */
int64_t sdg_curl_delay(const stardeleg_curl *curl);
/* Lets libcurl work on |fd| (CURL_SOCKET_TIMEOUT: its timer). */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_kick(stardeleg_curl *curl, curl_socket_t fd, int mask);
/* Drops the open exchanges of |member|; NULL: all. */
void sdg_curl_drop(stardeleg_curl *curl, const sdg_curl_member *member);

#endif /* SDG_TRANSPORT_CURL_DRIVER_H */
