/* SPDX-License-Identifier: Apache-2.0 */
/* transport/httpd_test.c -- the HTTP host of the example servers. */
#include "support/test.h"

#include "common/clock.h"
#include "common/httpd.h"
#include "raw_peer.h"
#include "script.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static atomic_int handled;
static atomic_int freed;
static atomic_int peak;
static atomic_int inside;
static atomic_int released;

static void free_body(void *body)
{
  (void)atomic_fetch_add(&freed, 1);
  free(body);
}

static void nap(int ms)
{
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

  (void)nanosleep(&time, NULL);
}

#define PATIENCE_MS RAW_PATIENCE_MS

/* Waits for |value| to reach |least|; whether it did. */
static bool reaches(atomic_int *value, int least)
{
  int64_t until = clock_ticks() + PATIENCE_MS;

  while (atomic_load(value) < least && clock_ticks() < until) {
    nap(5);
  }
  return atomic_load(value) >= least;
}

static void set_field(httpd_page *page, const char *name, const char *value)
{
  stardeleg_http_header *field = &page->headers[page->header_count++];

  field->name.base = (const uint8_t *)name;
  field->name.len = strlen(name);
  field->value.base = (const uint8_t *)value;
  field->value.len = strlen(value);
}

/* Answers "METHOD TARGET FIELDS BODYLEN:" and the body back. */
static int echo(void *ctx, const stardeleg_http_request *request, httpd_page *page)
{
  size_t size = request->body.len + 300;
  char *text = malloc(size);
  int now = atomic_fetch_add(&inside, 1) + 1;
  int len;

  (void)ctx;
  (void)atomic_fetch_add(&handled, 1);
  if (now > atomic_load(&peak)) {
    atomic_store(&peak, now);
  }
  if (strcmp(request->url, "/meet") == 0) {
    (void)reaches(&peak, 2);
  } else if (strcmp(request->url, "/held") == 0) {
    (void)reaches(&released, 1);
  }
  len = text == NULL ? -1
                     : snprintf(text, size, "%s %.200s %zu %zu:", request->method, request->url, request->header_count,
                                request->body.len);
  (void)atomic_fetch_sub(&inside, 1);
  if (len >= 0 && strcmp(request->url, "/source") == 0) {
    len = snprintf(text, size, "from %.100s:", request->source != NULL ? request->source : "nowhere");
  }
  if (len < 0 || strcmp(request->url, "/error") == 0) {
    free(text);
    return 0;
  }
  if (request->body.len > 0) {
    memcpy(text + len, request->body.base, request->body.len);
  }
  page->status = strcmp(request->url, "/created") == 0 ? 201 : 200;
  page->body = text;
  page->body_len = (size_t)len + request->body.len;
  page->free_body = free_body;
  set_field(page, "Replay-Nonce", "n");
  return 1;
}

static int fail_always(void *ctx, const stardeleg_http_request *request, stardeleg_http_reply **reply)
{
  (void)ctx;
  (void)request;
  (void)reply;
  return -1;
}

static httpd *start_with(void (*change)(httpd_options *options))
{
  httpd_options options;
  char error[HTTPD_ERROR_SIZE];
  httpd *server = NULL;

  httpd_options_default(&options);
  options.page = echo;
  options.handle = fail_always;
  if (change != NULL) {
    change(&options);
  }
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

static script_step *ask(script *list, const httpd *server, const char *method, const char *path, const char *body)
{
  stardeleg_curl_options options;
  script_step *step;

  script_options(&options);
  options.response_max = 1 << 20;
  script_init(list);
  step = script_add(list, method, httpd_port(server), path);
  step->body = body;
  script_run(list, &options);
  if (step->failure != STARDELEG_TRANSPORT_OK) {
    fail_msg("%s %s: %s", method, path, step->text);
  }
  return step;
}

/* Whose connection it is, not what a header says. */
static void test_source(void **state)
{
  static const stardeleg_http_header forwarded = {{(const uint8_t *)"X-Forwarded-For", 15},
                                                  {(const uint8_t *)"192.0.2.1", 9}};
  stardeleg_curl_options options;
  httpd *server = start_with(NULL);
  script list;
  script_step *step;

  (void)state;
  script_options(&options);
  script_init(&list);
  step = script_add(&list, "GET", httpd_port(server), "/source");
  step->headers = &forwarded;
  step->header_count = 1;
  script_run(&list, &options);
  assert_string_equal(step->answer, "from 127.0.0.1:");
  script_clear(&list);
  httpd_stop(server, 1000);
}

static void test_request_and_reply(void **state)
{
  httpd *server = start_with(NULL);
  int before = atomic_load(&freed);
  script list;
  script_step *step = ask(&list, server, "POST", "/a/b%2Fc?x=y&z", "{}");

  (void)state;
  assert_int_equal(step->status, 200);
  assert_non_null(strstr(step->answer, "POST /a/b%2Fc?x=y&z "));
  assert_non_null(strstr(step->answer, " 2:{}"));
  assert_string_equal(script_field(step, "replay-nonce"), "n");
  assert_non_null(script_field(step, "date"));
  assert_null(script_field(step, "strict-transport-security"));
  script_clear(&list);
  step = ask(&list, server, "GET", "/created", NULL);
  assert_int_equal(step->status, 201);
  script_clear(&list);
  step = ask(&list, server, "GET", "/error", NULL);
  assert_int_equal(step->status, 500);
  script_clear(&list);
  httpd_stop(server, 1000);
  assert_int_equal(atomic_load(&freed), before + 2);
}

static void test_head(void **state)
{
  httpd *server = start_with(NULL);
  script list;
  script_step *step = ask(&list, server, "HEAD", "/h", NULL);
  int fd;
  char *text;

  (void)state;
  assert_int_equal(step->answer_len, 0);
  assert_non_null(script_field(step, "content-length"));
  assert_true(strcmp(script_field(step, "content-length"), "0") != 0);
  script_clear(&list);
  /* on the wire, too: nothing after the empty line */
  fd = dial(server);
  raw_say(fd, "HEAD /h HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  text = raw_hear(fd, NULL);
  assert_non_null(strstr(text, "Content-Length: "));
  assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
  (void)close(fd);
  httpd_stop(server, 1000);
}

static void small_bodies(httpd_options *options)
{
  options->body_max = 1000;
}

/* ACME-6.1-01 stands elsewhere; here: sizes */
static void test_body_limit(void **state)
{
  static const struct {
    size_t len;
    int status;
  } cases[] = {{0, 200}, {1, 200}, {999, 200}, {1000, 200}, {1001, 413}, {60000, 413}};
  httpd *server = start_with(small_bodies);

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char *body = calloc(1, cases[i].len + 1);
    script list;
    script_step *step;

    assert_non_null(body);
    memset(body, 'b', cases[i].len);
    step = ask(&list, server, "POST", "/p", body);
    assert_int_equal(step->status, cases[i].status);
    if (cases[i].status == 200) {
      assert_non_null(strstr(step->answer, body));
    } else {
      assert_string_equal(script_field(step, "content-type"), "application/problem+json");
    }
    script_clear(&list);
    free(body);
  }
  httpd_stop(server, 1000);
}

/* A body in chunks announces nothing: it is counted. */
static void test_chunked_body_limit(void **state)
{
  httpd *server = start_with(small_bodies);
  int calls = atomic_load(&handled);
  int fd = dial(server);
  char chunk[300];

  (void)state;
  memset(chunk, 'c', 200);
  chunk[200] = '\0';
  raw_say(fd, "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 10; i++) {
    raw_say(fd, "c8\r\n");
    raw_say(fd, chunk);
    raw_say(fd, "\r\n");
  }
  raw_say(fd, "0\r\n\r\n");
  assert_non_null(strstr(raw_hear(fd, "\r\n\r\n"), " 413 "));
  assert_int_equal(atomic_load(&handled), calls);
  (void)close(fd);
  /* and one without end is cut off */
  fd = dial(server);
  raw_say(fd, "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 100000; i++) {
    if (send(fd, "c8\r\n", 4, MSG_NOSIGNAL) < 0 || send(fd, chunk, 200, MSG_NOSIGNAL) < 0 ||
        send(fd, "\r\n", 2, MSG_NOSIGNAL) < 0) {
      (void)close(fd);
      fd = -1;
      break;
    }
  }
  assert_int_equal(fd, -1);
  httpd_stop(server, 1000);
}

static void test_head_limits(void **state)
{
  httpd *server = start_with(NULL);
  int fd = dial(server);
  char line[400];

  (void)state;
  raw_say(fd, "GET / HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; i < 200; i++) {
    (void)snprintf(line, sizeof(line), "X-%d: %0200d\r\n", i, i);
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0) {
      break;
    }
  }
  (void)send(fd, "\r\n", 2, MSG_NOSIGNAL);
  assert_null(strstr(raw_hear(fd, "\r\n\r\n"), " 200 "));
  (void)close(fd);
  fd = dial(server);
  raw_say(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
  for (int i = 0; i < 70; i++) {
    (void)snprintf(line, sizeof(line), "X-%d: %d\r\n", i, i);
    raw_say(fd, line);
  }
  raw_say(fd, "\r\n");
  assert_non_null(strstr(raw_hear(fd, NULL), " 431 "));
  (void)close(fd);
  httpd_stop(server, 1000);
}

/* RFC 9112 3.2.2 */
static void test_absolute_form(void **state)
{
  httpd *server = start_with(NULL);
  int fd = dial(server);

  (void)state;
  raw_say(fd, "GET http://elsewhere.example/path?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert_non_null(strstr(raw_hear(fd, NULL), "GET /path?q "));
  (void)close(fd);
  httpd_stop(server, 1000);
}

static void test_junk_is_refused(void **state)
{
  static const char *const requests[] = {
      "GET / HTTP/1.1\r\n\r\n", /* no Host */
      "\x16\x03\x01\x02\x05\x01\r\n\r\n",
      "GET /\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\n",
  };
  httpd *server = start_with(NULL);

  (void)state;
  for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
    int fd = dial(server);

    raw_say(fd, requests[i]);
    (void)shutdown(fd, SHUT_WR);
    assert_null(strstr(raw_hear(fd, NULL), " 200 "));
    (void)close(fd);
  }
  httpd_stop(server, 1000);
}

static void test_keep_alive(void **state)
{
  httpd *server = start_with(NULL);
  int fd = dial(server);

  (void)state;
  for (int i = 0; i < 5; i++) {
    raw_say(fd, "POST /k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    assert_non_null(strstr(raw_hear(fd, ":abc"), " 200 "));
  }
  (void)close(fd);
  httpd_stop(server, 1000);
}

static void test_parallel(void **state)
{
  httpd *server = start_with(NULL);
  stardeleg_curl_options options;
  script list;

  (void)state;
  atomic_store(&peak, 0);
  script_options(&options);
  options.connections_per_host = 32;
  script_init(&list);
  for (int i = 0; i < 500; i++) {
    (void)script_add(&list, i % 2 == 0 ? "POST" : "GET", httpd_port(server), i < 8 ? "/meet" : "/x");
    list.steps[i].body = "data";
  }
  script_run(&list, &options);
  for (size_t i = 0; i < list.count; i++) {
    assert_int_equal(list.steps[i].status, 200);
  }
  assert_true(atomic_load(&peak) > 1); /* several workers at once */
  script_clear(&list);
  httpd_stop(server, 1000);
}

static void *ask_held(void *ctx)
{
  script list;
  const httpd *server = ctx;
  script_step *step = ask(&list, server, "GET", "/held", NULL);
  bool good = step->status == 200 && strcmp(script_field(step, "connection"), "close") == 0;

  script_clear(&list);
  return good ? ctx : NULL;
}

static void *stop_patiently(void *ctx)
{
  httpd_stop(ctx, PATIENCE_MS);
  return NULL;
}

/* Until nobody is let in any more. */
static void wait_until_closed(uint16_t port)
{
  int64_t until = clock_ticks() + PATIENCE_MS;
  int fd;

  while ((fd = raw_dial(port)) >= 0) {
    (void)close(fd);
    assert_true(clock_ticks() < until);
    nap(5);
  }
}

/* Starts on a port that was in use; by chance the system may have lent it to somebody for a moment. */
static httpd *start_again(const char *where)
{
  int64_t until = clock_ticks() + PATIENCE_MS;
  httpd_options options;
  char error[HTTPD_ERROR_SIZE];
  httpd *server = NULL;
  int why;

  httpd_options_default(&options);
  options.page = echo;
  options.listen = where;
  while ((why = httpd_start(&server, &options, error)) == EADDRINUSE && clock_ticks() < until) {
    nap(100);
  }
  assert_int_equal(why, 0);
  return server;
}

/* What is under way when it is stopped is answered; nobody new is let in. */
static void test_graceful_stop(void **state)
{
  httpd *server = start_with(NULL);
  uint16_t port = httpd_port(server);
  int before = atomic_load(&handled);
  char where[40];
  pthread_t asking;
  pthread_t stopping;
  void *good = NULL;

  (void)state;
  (void)snprintf(where, sizeof(where), "127.0.0.1:%u", (unsigned)port);
  assert_int_equal(pthread_create(&asking, NULL, ask_held, server), 0);
  assert_true(reaches(&handled, before + 1));
  assert_int_equal(pthread_create(&stopping, NULL, stop_patiently, server), 0);
  wait_until_closed(port);
  atomic_store(&released, 1);
  assert_int_equal(pthread_join(asking, &good), 0);
  assert_int_equal(pthread_join(stopping, NULL), 0);
  assert_non_null(good);
  httpd_stop(start_again(where), 0);
  httpd_stop(NULL, 0);
}

static char socket_path[200];

static void on_unix_socket(httpd_options *options)
{
  options->listen = socket_path;
}

static void test_unix_socket(void **state)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct stat info;
  httpd *server;

  (void)state;
  (void)snprintf(socket_path, sizeof(socket_path), "unix:%.150s/sock", test_directory());
  (void)snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", socket_path + 5);
  for (int i = 0; i < 2; i++) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (i == 1) { /* a socket that a dead server left behind */
      assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
      (void)close(fd);
      fd = socket(AF_UNIX, SOCK_STREAM, 0);
    }
    server = start_with(on_unix_socket);
    assert_int_equal(httpd_port(server), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    raw_say(fd, "GET /u HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(raw_hear(fd, NULL), "GET /u "));
    (void)close(fd);
    httpd_stop(server, 1000);
    assert_int_equal(stat(address.sun_path, &info), -1);
  }
}

static void test_refusals_at_start(void **state)
{
  static const char *const wrong[] = {"", "nonsense", "127.0.0.1", "127.0.0.1:99999", "::1:80", "[::1:80", "unix:"};
  httpd_options options;
  char error[HTTPD_ERROR_SIZE];
  httpd *server = NULL;
  httpd *first = start_with(NULL);
  char where[40];

  (void)state;
  httpd_options_default(&options);
  options.page = echo;
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    options.listen = wrong[i];
    assert_int_not_equal(httpd_start(&server, &options, error), 0);
    assert_true(error[0] != '\0');
  }
  (void)snprintf(where, sizeof(where), "127.0.0.1:%u", (unsigned)httpd_port(first));
  options.listen = where;
  assert_int_equal(httpd_start(&server, &options, error), EADDRINUSE);
  options.listen = "127.0.0.1:0";
  options.cert_file = "/nonexistent.pem";
  assert_int_equal(httpd_start(&server, &options, error), EINVAL); /* no key */
  options.key_file = "/nonexistent.pem";
  assert_int_equal(httpd_start(&server, &options, error), ENOENT);
  assert_null(server);
  httpd_stop(first, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_source),
      cmocka_unit_test(test_request_and_reply),
      cmocka_unit_test(test_head),
      cmocka_unit_test(test_body_limit),
      cmocka_unit_test(test_chunked_body_limit),
      cmocka_unit_test(test_head_limits),
      cmocka_unit_test(test_absolute_form),
      cmocka_unit_test(test_junk_is_refused),
      cmocka_unit_test(test_keep_alive),
      cmocka_unit_test(test_parallel),
      cmocka_unit_test(test_graceful_stop),
      cmocka_unit_test(test_unix_socket),
      cmocka_unit_test(test_refusals_at_start),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
