/* SPDX-License-Identifier: Apache-2.0 */
/* edge/worker.c -- threads that each serve many connections on an epoll of their own. */
#include "edge/worker.h"

#include "common/clock.h"
#include "edge/connection.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64
#define TICK_MS 100
#define CONNECTIONS_MAX 8000
#define DRAIN_MS 2000

typedef struct worker {
  pthread_t thread;
  struct workers *all;
  int epoll;
  connection *first; /* those that had an event */
  atomic_int held;   /* all that are in |epoll| */
} worker;

struct workers {
  SSL_CTX *tls;
  int count;
  int turn;
  atomic_int stopping;
  worker *each;
};

static void link_in(worker *own, connection *held)
{
  held->next = own->first;
  if (own->first != NULL) {
    own->first->prev = held;
  }
  own->first = held;
}

static void drop(worker *own, connection *held)
{
  if (held->prev != NULL) {
    held->prev->next = held->next;
  } else {
    own->first = held->next;
  }
  if (held->next != NULL) {
    held->next->prev = held->prev;
  }
  connection_free(held); /* closing takes it out of the epoll */
  (void)atomic_fetch_sub(&own->held, 1);
}

static void serve(worker *own, connection *held)
{
  struct epoll_event event;
  uint32_t wanted;

  if (held->prev == NULL && own->first != held) {
    link_in(own, held); /* its first event: the worker knows it from now on */
  }
  wanted = connection_work(held);
  memset(&event, 0, sizeof(event));
  event.events = wanted;
  event.data.ptr = held;
  if (wanted == 0 || epoll_ctl(own->epoll, EPOLL_CTL_MOD, held->fd, &event) != 0) {
    drop(own, held);
  }
}

static void drop_late(worker *own, int64_t now)
{
  connection *next;

  for (connection *at = own->first; at != NULL; at = next) {
    next = at->next;
    if (at->until < now) {
      drop(own, at);
    }
  }
}

static void *work(void *ctx)
{
  worker *own = ctx;
  struct epoll_event events[EVENTS_AT_ONCE];
  int64_t last_look = clock_ticks();
  int64_t end = INT64_MAX;

  while (atomic_load(&own->held) > 0 || atomic_load(&own->all->stopping) == 0) {
    int count = epoll_wait(own->epoll, events, EVENTS_AT_ONCE, TICK_MS);
    int64_t now = clock_ticks();

    for (int i = 0; i < count; i++) {
      serve(own, events[i].data.ptr);
    }
    if (now - last_look >= TICK_MS) {
      drop_late(own, now);
      last_look = now;
    }
    if (atomic_load(&own->all->stopping) != 0) {
      end = end == INT64_MAX ? now + DRAIN_MS : end;
      if (now >= end) {
        break;
      }
    }
  }
  while (own->first != NULL) {
    drop(own, own->first);
  }
  OPENSSL_thread_stop();
  return NULL;
}

static int start_one(workers *all, worker *own)
{
  own->all = all;
  own->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (own->epoll < 0) {
    return -1;
  }
  if (pthread_create(&own->thread, NULL, work, own) != 0) {
    (void)close(own->epoll);
    return -1;
  }
  return 0;
}

workers *workers_start(SSL_CTX *tls, int count)
{
  workers *all = calloc(1, sizeof(*all));

  if (all == NULL) {
    return NULL;
  }
  all->tls = tls;
  all->each = calloc((size_t)count, sizeof(all->each[0]));
  while (all->each != NULL && all->count < count && start_one(all, &all->each[all->count]) == 0) {
    all->count++;
  }
  if (all->each == NULL || all->count < count) {
    workers_stop(all);
    return NULL;
  }
  return all;
}

void workers_give(workers *all, int fd)
{
  worker *own = &all->each[all->turn++ % all->count];
  struct epoll_event event;
  connection *held;

  all->turn %= all->count;
  if (atomic_load(&own->held) >= CONNECTIONS_MAX / all->count) {
    (void)close(fd);
    return;
  }
  held = connection_new(all->tls, fd);
  if (held == NULL) {
    return;
  }
  (void)atomic_fetch_add(&own->held, 1);
  memset(&event, 0, sizeof(event));
  event.events = EPOLLIN | EPOLLOUT; /* writable at once: the first event comes in any case */
  event.data.ptr = held;
  if (epoll_ctl(own->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    (void)atomic_fetch_sub(&own->held, 1);
    connection_free(held);
  }
}

void workers_stop(workers *all)
{
  if (all == NULL) {
    return;
  }
  atomic_store(&all->stopping, 1);
  for (int i = 0; i < all->count; i++) {
    (void)pthread_join(all->each[i].thread, NULL);
    (void)close(all->each[i].epoll);
  }
  free(all->each);
  free(all);
}
