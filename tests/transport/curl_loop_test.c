/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl_loop_test.c -- many exchanges, wake and stop, taking engines out, errors. */
#include "support/test.h"

#include "fault_server.h"
#include "script.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

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

/* 500 at once, on no more connections than allowed, all of them reused. */
static void test_many(void **state)
{
  stardeleg_curl_options options;
  int before = fault_server_connections(server);
  script list;

  (void)state;
  script_init(&list);
  for (int i = 0; i < 500; i++) {
    (void)script_add(&list, i % 3 == 0 ? "POST" : "GET", fault_server_port(server), "/ok");
  }
  script_options(&options);
  script_run(&list, &options);
  for (size_t i = 0; i < list.count; i++) {
    if (list.steps[i].status != 200) {
      fail_msg("%zu: %d %s", i, (int)list.steps[i].failure, list.steps[i].text);
    }
    assert_string_equal(list.steps[i].answer, "hello");
  }
  assert_in_range(fault_server_connections(server) - before, 1, 8);
  script_clear(&list);
}

static void test_keep_alive(void **state)
{
  int before = fault_server_connections(server);
  script list;
  stardeleg_curl *curl;

  (void)state;
  script_init(&list);
  curl = make(&list);
  for (int i = 0; i < 5; i++) {
    (void)script_add(&list, "GET", fault_server_port(server), "/ok");
    stardeleg_curl_wake(curl);
    assert_ok(stardeleg_curl_run(curl, script_done, &list));
  }
  stardeleg_curl_free(curl);
  assert_int_equal(fault_server_connections(server) - before, 1);
  script_clear(&list);
}

typedef struct helper {
  stardeleg_curl *curl;
  script *list;
  int woken;
} helper;

static void nap(int ms)
{
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

  (void)nanosleep(&time, NULL);
}

static void *stop_later(void *ctx)
{
  helper *with = ctx;

  nap(150);
  stardeleg_curl_stop(with->curl);
  return NULL;
}

static void *wake_later(void *ctx)
{
  helper *with = ctx;

  for (int i = 0; i < 5; i++) {
    nap(30);
    stardeleg_curl_wake(with->curl);
  }
  return NULL;
}

static void test_stop_from_another_thread(void **state)
{
  helper with;
  script list;
  pthread_t thread;
  int64_t begun = ticks();

  (void)state;
  script_init(&list);
  with.curl = make(&list);
  (void)script_add(&list, "GET", fault_server_port(server), "/silent");
  assert_int_equal(pthread_create(&thread, NULL, stop_later, &with), 0);
  assert_ok(stardeleg_curl_run(with.curl, NULL, NULL));
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_in_range(ticks() - begun, 100, 60000);
  assert_int_equal(list.answers, 0);
  /* A stop that comes before the run is not lost. */
  stardeleg_curl_stop(with.curl);
  assert_ok(stardeleg_curl_run(with.curl, NULL, NULL));
  stardeleg_curl_free(with.curl);
  script_clear(&list);
}

static int woken_enough(void *ctx)
{
  return ((const script *)ctx)->next_calls >= 4;
}

static void test_wake_from_another_thread(void **state)
{
  helper with;
  script list;
  pthread_t thread;

  (void)state;
  script_init(&list);
  with.curl = make(&list);
  assert_int_equal(pthread_create(&thread, NULL, wake_later, &with), 0);
  assert_ok(stardeleg_curl_run(with.curl, woken_enough, &list));
  assert_int_equal(pthread_join(thread, NULL), 0);
  stardeleg_curl_free(with.curl);
  script_clear(&list);
}

static stardeleg_curl *signalled;

static void on_signal(int number)
{
  (void)number;
  stardeleg_curl_stop(signalled);
}

static void test_stop_from_a_signal_handler(void **state)
{
  struct sigaction action;
  script list;

  (void)state;
  memset(&action, 0, sizeof(action));
  action.sa_handler = on_signal;
  assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
  script_init(&list);
  signalled = make(&list);
  (void)alarm(1);
  assert_ok(stardeleg_curl_run(signalled, NULL, NULL));
  stardeleg_curl_free(signalled);
  script_clear(&list);
}

/* Open exchanges of an engine that is taken out are dropped, those of others live on. */
static void test_remove_with_open_exchanges(void **state)
{
  stardeleg_engine engine;
  script gone;
  script stays;
  stardeleg_curl *curl;

  (void)state;
  script_init(&gone);
  script_init(&stays);
  for (int i = 0; i < 5; i++) {
    (void)script_add(&gone, "GET", fault_server_port(server), i % 2 == 0 ? "/silent" : "/slow");
  }
  (void)script_add(&stays, "GET", fault_server_port(server), "/ok");
  curl = make(&gone);
  engine = script_engine(&stays);
  assert_ok(stardeleg_curl_add(curl, &engine));
  assert_ok(stardeleg_curl_run(curl, script_done, &stays));
  assert_int_equal(gone.asked, 5);
  stardeleg_curl_remove(curl, &gone);
  script_clear(&gone); /* any touch from now on is a use after free */
  for (int i = 0; i < 3; i++) {
    (void)script_add(&stays, "GET", fault_server_port(server), "/slow");
  }
  stardeleg_curl_wake(curl);
  assert_ok(stardeleg_curl_run(curl, script_done, &stays));
  assert_int_equal(stays.steps[3].status, 200);
  stardeleg_curl_remove(curl, &gone); /* not there any more: nothing happens */
  stardeleg_curl_free(curl);
  script_clear(&stays);
}

/* An engine whose callback takes it out of the driver in the middle of a turn. */
typedef struct leaver {
  stardeleg_curl *curl;
  script *list;
  bool in_answer;
  int calls_after;
  bool left;
} leaver;

static stardeleg_err leaver_next(void *self, stardeleg_ask *ask, stardeleg_time now)
{
  leaver *own = self;
  stardeleg_engine inner = script_engine(own->list);

  own->calls_after += own->left ? 1 : 0;
  if (!own->in_answer && own->list->asked > 0) {
    stardeleg_curl_remove(own->curl, own);
    own->left = true;
  }
  return inner.next(inner.self, ask, now);
}

static stardeleg_err leaver_answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  leaver *own = self;
  stardeleg_engine inner = script_engine(own->list);

  own->calls_after += own->left ? 1 : 0;
  stardeleg_curl_remove(own->curl, own);
  own->left = true;
  return inner.answer(inner.self, id, outcome, now);
}

static int has_left(void *ctx)
{
  return ((const leaver *)ctx)->left;
}

static void test_remove_inside_a_call(void **state)
{
  (void)state;
  for (int in_answer = 0; in_answer < 2; in_answer++) {
    script list;
    script other;
    leaver own = {.list = &list, .in_answer = in_answer != 0};
    stardeleg_engine engine = {.self = &own, .next = leaver_next, .answer = leaver_answer};

    script_init(&list);
    script_init(&other);
    for (int i = 0; i < 4; i++) {
      (void)script_add(&list, "GET", fault_server_port(server), "/ok");
    }
    own.curl = make(&other);
    assert_ok(stardeleg_curl_add(own.curl, &engine));
    assert_ok(stardeleg_curl_run(own.curl, has_left, &own));
    (void)script_add(&other, "GET", fault_server_port(server), "/slow");
    stardeleg_curl_wake(own.curl);
    assert_ok(stardeleg_curl_run(own.curl, script_done, &other));
    assert_int_equal(own.calls_after, 0);
    stardeleg_curl_free(own.curl);
    script_clear(&list);
    script_clear(&other);
  }
}

static void test_retryable_errors_wait_a_second(void **state)
{
  script list;
  stardeleg_curl *curl;
  int64_t begun = ticks();

  (void)state;
  script_init(&list);
  list.next_errors[0] = STARDELEG_ERR_STORE;
  list.answer_error = STARDELEG_ERR_NOMEM;
  (void)script_add(&list, "GET", fault_server_port(server), "/ok");
  curl = make(&list);
  assert_ok(stardeleg_curl_run(curl, script_done, &list));
  assert_in_range(ticks() - begun, 900, 60000);
  assert_int_equal(list.steps[0].status, 200);
  (void)script_add(&list, "GET", fault_server_port(server), "/ok");
  assert_ok(stardeleg_curl_run(curl, script_done, &list)); /* the failed answer() alone brings the next asking */
  assert_in_range(ticks() - begun, 1900, 120000);
  stardeleg_curl_free(curl);
  script_clear(&list);
}

static void test_other_errors_end_the_run(void **state)
{
  script list;
  stardeleg_curl *curl;

  (void)state;
  script_init(&list);
  list.next_errors[0] = STARDELEG_ERR_ARGUMENT;
  (void)script_add(&list, "GET", fault_server_port(server), "/ok");
  curl = make(&list);
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_curl_run(curl, NULL, NULL));
  assert_ok(stardeleg_curl_run(curl, script_done, &list)); /* it may be run again */
  stardeleg_curl_free(curl);
  script_clear(&list);
}

/* The requests an engine asks for may fail at once and be asked for again: others are not starved. */
static stardeleg_err greedy_next(void *self, stardeleg_ask *ask, stardeleg_time now)
{
  int *id = self;

  (void)now;
  ask->want = STARDELEG_WANT_EXCHANGE;
  ask->id = (uint64_t)++ * id;
  ask->request.method = "BREW";
  ask->request.url = "http://127.0.0.1:1/";
  return STARDELEG_OK;
}

static stardeleg_err greedy_answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  (void)self;
  (void)id;
  (void)now;
  return outcome->failure == STARDELEG_TRANSPORT_DENIED ? STARDELEG_OK : STARDELEG_ERR_ARGUMENT;
}

static void test_greedy_engine(void **state)
{
  int id = 0;
  stardeleg_engine greedy = {.self = &id, .next = greedy_next, .answer = greedy_answer};
  stardeleg_curl *curl;
  script list;

  (void)state;
  script_init(&list);
  (void)script_add(&list, "GET", fault_server_port(server), "/ok");
  curl = make(&list);
  assert_ok(stardeleg_curl_add(curl, &greedy));
  assert_ok(stardeleg_curl_run(curl, script_done, &list));
  assert_int_equal(list.steps[0].status, 200);
  stardeleg_curl_free(curl);
  script_clear(&list);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_many),
      cmocka_unit_test(test_keep_alive),
      cmocka_unit_test(test_stop_from_another_thread),
      cmocka_unit_test(test_wake_from_another_thread),
      cmocka_unit_test(test_stop_from_a_signal_handler),
      cmocka_unit_test(test_remove_with_open_exchanges),
      cmocka_unit_test(test_remove_inside_a_call),
      cmocka_unit_test(test_retryable_errors_wait_a_second),
      cmocka_unit_test(test_other_errors_end_the_run),
      cmocka_unit_test(test_greedy_engine),
  };

  return cmocka_run_group_tests(tests, start, stop);
}
