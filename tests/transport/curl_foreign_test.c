/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl_foreign_test.c -- the driver under somebody else's event loop and clock. */
#include "support/test.h"

#include "fault_server.h"
#include "script.h"

#include <poll.h>
#include <time.h>

static fault_server *server;

static int start(void **state)
{
  (void)state;
  server = fault_server_start();
  return 0;
}

static int stop(void **state)
{
  (void)state;
  fault_server_stop(server);
  return 0;
}

static int64_t ticks(void)
{
  struct timespec now;

  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static stardeleg_curl *make(script *list)
{
  stardeleg_curl_options options;
  stardeleg_curl *curl = NULL;
  stardeleg_engine engine = script_engine(list);

  script_options(&options);
  assert_ok(stardeleg_curl_new(&curl, &options));
  assert_ok(stardeleg_curl_add(curl, &engine));
  return curl;
}

typedef struct helper {
  stardeleg_curl *curl;
  int requests; /* so many have to have come to the server */
} helper;

static void nap(int ms)
{
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

  (void)nanosleep(&time, NULL);
}

static void *stop_later(void *ctx)
{
  helper *with = ctx;

  for (int i = 0; i < 6000 && fault_server_requests(server) < with->requests; i++) {
    nap(10);
  }
  stardeleg_curl_stop(with->curl);
  return NULL;
}

static stardeleg_time fake_now = 1000000;

static stardeleg_time fake_clock(void *ctx)
{
  (void)ctx;
  return fake_now;
}

typedef struct hooks_seen {
  struct pollfd fds[64];
  nfds_t count;
  int64_t delay;
} hooks_seen;

static void watch(void *ctx, int fd, int events)
{
  hooks_seen *seen = ctx;
  nfds_t at = 0;

  while (at < seen->count && seen->fds[at].fd != fd) {
    at++;
  }
  if (events == 0) {
    if (at < seen->count) {
      seen->fds[at] = seen->fds[--seen->count];
    }
    return;
  }
  assert_true(at < 64);
  seen->count += at == seen->count ? 1 : 0;
  seen->fds[at].fd = fd;
  seen->fds[at].events =
      (short)(((events & STARDELEG_FD_READ) != 0 ? POLLIN : 0) | ((events & STARDELEG_FD_WRITE) != 0 ? POLLOUT : 0));
}

static void timer(void *ctx, int64_t ms)
{
  ((hooks_seen *)ctx)->delay = ms;
}

/* Deadlines follow the wall clock given, in sleeps of a minute at most. */
static void test_timer_follows_the_clock(void **state)
{
  static const struct {
    stardeleg_time until;
    int64_t delay;
  } cases[] = {
      {1000000 + 250, 250},
      {1000000 + 3600000, 60000},
      {STARDELEG_TIME_NEVER, -1},
      {STARDELEG_TIME_NEVER - 1, 60000},
  };
  stardeleg_curl_options options;
  hooks_seen seen = {.count = 0, .delay = -2};
  stardeleg_curl_hooks hooks = {.watch = watch, .timer = timer, .ctx = &seen};
  stardeleg_curl *curl = NULL;
  stardeleg_engine engine;
  script list;
  int calls;

  (void)state;
  script_options(&options);
  options.clock = fake_clock;
  assert_ok(stardeleg_curl_new(&curl, &options));
  assert_ok(stardeleg_curl_attach(curl, &hooks));
  assert_err(STARDELEG_ERR_STATE, stardeleg_curl_attach(curl, &hooks));
  assert_err(STARDELEG_ERR_STATE, stardeleg_curl_run(curl, NULL, NULL));
  script_init(&list);
  engine = script_engine(&list);
  assert_ok(stardeleg_curl_add(curl, &engine));
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    list.until = cases[i].until;
    stardeleg_curl_wake(curl);
    assert_ok(stardeleg_curl_on_fd(curl, seen.fds[0].fd, STARDELEG_FD_READ));
    assert_int_equal(seen.delay, cases[i].delay);
  }
  list.until = 1000000 + 500;
  stardeleg_curl_wake(curl);
  assert_ok(stardeleg_curl_on_fd(curl, seen.fds[0].fd, STARDELEG_FD_READ));
  calls = list.next_calls;
  assert_ok(stardeleg_curl_on_timer(curl)); /* too early: not asked */
  assert_int_equal(list.next_calls, calls);
  fake_now += 10000; /* the clock steps forward */
  list.until = fake_now + 700;
  assert_ok(stardeleg_curl_on_timer(curl));
  assert_int_equal(list.next_calls, calls + 1);
  fake_now -= 60000; /* and back: it sleeps no longer than a minute at once */
  assert_ok(stardeleg_curl_on_timer(curl));
  assert_int_equal(list.next_calls, calls + 1);
  assert_int_equal(seen.delay, 60000);
  fake_now = 1000000;
  stardeleg_curl_free(curl);
  script_clear(&list);
}

/* A poll() loop of somebody else's. */
static void test_foreign_loop(void **state)
{
  hooks_seen seen = {.count = 0, .delay = -1};
  stardeleg_curl_hooks hooks = {.watch = watch, .timer = timer, .ctx = &seen};
  int64_t begun = ticks();
  stardeleg_curl *curl;
  script list;

  (void)state;
  script_init(&list);
  for (int i = 0; i < 60; i++) {
    (void)script_add(&list, "GET", fault_server_port(server), i % 10 == 0 ? "/slow" : i % 10 == 1 ? "/reset" : "/ok");
  }
  curl = make(&list);
  assert_ok(stardeleg_curl_attach(curl, &hooks));
  assert_ok(stardeleg_curl_on_timer(curl));
  while (!script_done(&list) && ticks() - begun < 120000) {
    struct pollfd fds[64];
    nfds_t count = seen.count;
    int ready;

    memcpy(fds, seen.fds, sizeof(fds));
    ready = poll(fds, count, seen.delay < 0 || seen.delay > 5000 ? 5000 : (int)seen.delay);
    if (ready == 0) {
      assert_ok(stardeleg_curl_on_timer(curl));
    }
    for (nfds_t i = 0; i < count; i++) {
      int events = ((fds[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0 ? STARDELEG_FD_READ : 0) |
                   ((fds[i].revents & (POLLOUT | POLLERR | POLLHUP)) != 0 ? STARDELEG_FD_WRITE : 0);

      if (events != 0) {
        assert_ok(stardeleg_curl_on_fd(curl, fds[i].fd, events));
      }
    }
  }
  assert_true(script_done(&list));
  for (size_t i = 0; i < list.count; i++) {
    assert_int_equal(list.steps[i].failure, i % 10 == 1 ? STARDELEG_TRANSPORT_BROKEN : STARDELEG_TRANSPORT_OK);
  }
  stardeleg_curl_free(curl);
  script_clear(&list);
}

/* Attaching after a run: what is watched already is handed over; freed with work under way. */
static void test_attach_late(void **state)
{
  hooks_seen seen = {.count = 0, .delay = -1};
  stardeleg_curl_hooks hooks = {.watch = watch, .timer = timer, .ctx = &seen};
  stardeleg_curl *curl;
  helper with;
  script list;
  pthread_t thread;

  (void)state;
  script_init(&list);
  (void)script_add(&list, "GET", fault_server_port(server), "/silent");
  curl = make(&list);
  with.curl = curl;
  with.requests = fault_server_requests(server) + 1;
  assert_int_equal(pthread_create(&thread, NULL, stop_later, &with), 0);
  assert_ok(stardeleg_curl_run(curl, NULL, NULL));
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_ok(stardeleg_curl_attach(curl, &hooks));
  assert_int_equal(seen.count, 2); /* the wake descriptor and the open connection */
  stardeleg_curl_free(curl);
  assert_int_equal(list.answers, 0);
  script_clear(&list);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_timer_follows_the_clock),
      cmocka_unit_test(test_foreign_loop),
      cmocka_unit_test(test_attach_late),
  };

  return cmocka_run_group_tests(tests, start, stop);
}
