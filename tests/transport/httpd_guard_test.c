/* SPDX-License-Identifier: Apache-2.0 */
/* transport/httpd_guard_test.c -- peers that would like the HTTP host for themselves. */
#include "support/test.h"

#include "common/clock.h"
#include "common/httpd.h"
#include "raw_peer.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void nap(int ms)
{
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

  (void)nanosleep(&time, NULL);
}

static int answer(void *ctx, const stardeleg_http_request *request, httpd_page *page)
{
  (void)ctx;
  (void)request;
  (void)page;
  return 1;
}

static httpd *start_with(void (*change)(httpd_options *options))
{
  httpd_options options;
  char error[HTTPD_ERROR_SIZE];
  httpd *server = NULL;

  httpd_options_default(&options);
  options.page = answer;
  change(&options);
  if (httpd_start(&server, &options, error) != 0) {
    fail_msg("%s", error);
  }
  return server;
}

static int dial(const httpd *server)
{
  int fd = raw_dial(httpd_port(server));

  assert_true(fd >= 0);
  return fd;
}

static void short_deadline(httpd_options *options)
{
  options->idle_s = 10;
  options->request_s = 1;
}

/* Bytes keep coming, so it is never idle; still it must be over in time. */
static void test_slow_drip_ends(void **state)
{
  static const char *const starts[] = {"GET / HTTP/1.1\r\nX-Slow: ",
                                       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n"};
  httpd *server = start_with(short_deadline);

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    int64_t begun = clock_ticks();
    int fd = dial(server);

    raw_say(fd, starts[i]);
    while (clock_ticks() - begun < RAW_PATIENCE_MS && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
      nap(50);
    }
    assert_in_range(clock_ticks() - begun, 900, RAW_PATIENCE_MS - 1);
    (void)close(fd);
  }
  httpd_stop(server, 1000);
}

static void four_of_one_source(httpd_options *options)
{
  options->per_source = 4;
  options->idle_s = 2 * RAW_PATIENCE_MS / 1000;
}

static bool is_answered(int fd)
{
  static const char request[] = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";

  return send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(request) - 1 &&
         strstr(raw_hear(fd, "\r\n\r\n"), "200 OK") != NULL;
}

/* Who opens all that he is given leaves room for others, and for himself once one is closed. */
static void test_connections_of_one_source(void **state)
{
  httpd *server = start_with(four_of_one_source);
  int64_t until = clock_ticks() + RAW_PATIENCE_MS;
  int held[4];
  int fd;

  (void)state;
  for (size_t i = 0; i < 4; i++) {
    held[i] = dial(server);
    assert_true(is_answered(held[i]));
  }
  fd = dial(server);
  assert_false(is_answered(fd));
  (void)close(fd);
  fd = raw_dial_from(INADDR_LOOPBACK + 1, httpd_port(server));
  assert_true(is_answered(fd));
  (void)close(fd);
  (void)close(held[0]);
  do {
    assert_true(clock_ticks() < until);
    fd = dial(server);
    held[0] = is_answered(fd) ? fd : -1;
    if (held[0] < 0) {
      (void)close(fd);
      nap(5);
    }
  } while (held[0] < 0);
  for (size_t i = 0; i < 4; i++) {
    assert_true(is_answered(held[i]));
    (void)close(held[i]);
  }
  httpd_stop(server, 1000);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_slow_drip_ends),
      cmocka_unit_test(test_connections_of_one_source),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
