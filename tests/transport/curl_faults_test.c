/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl_faults_test.c -- the driver against a server that misbehaves. */
#include "support/test.h"

#include "fault_server.h"
#include "script.h"

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

/* HTTP-03 */
static void test_failures(void **state)
{
  static const struct {
    const char *path;
    size_t response_max;
    stardeleg_transport_failure failure;
  } cases[] = {
      {"/truncated", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/truncated-chunk", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/truncated-head", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/bad-chunk", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/garbage", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/http09", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/nothing", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/nul", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/reset", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/reset-in-body", 0, STARDELEG_TRANSPORT_BROKEN},
      {"/announced", 0, STARDELEG_TRANSPORT_TOO_LARGE},
      {"/5000", 4999, STARDELEG_TRANSPORT_TOO_LARGE},
      {"/5000", 5000, STARDELEG_TRANSPORT_OK},
      {"/chunked-flood", 1000, STARDELEG_TRANSPORT_TOO_LARGE},
      {"/chunked-flood", 409599, STARDELEG_TRANSPORT_TOO_LARGE},
      {"/chunked-flood", 409600, STARDELEG_TRANSPORT_OK},
      {"/chunked-flood", 0, STARDELEG_TRANSPORT_TOO_LARGE}, /* the driver's own limit, 256 KiB */
      {"/big-header", 0, STARDELEG_TRANSPORT_TOO_LARGE},
      {"/header-flood", 0, STARDELEG_TRANSPORT_TOO_LARGE},
      {"/interim-flood", 0, STARDELEG_TRANSPORT_TOO_LARGE},
      {"/100-headers", 0, STARDELEG_TRANSPORT_OK},
      {"/101-headers", 0, STARDELEG_TRANSPORT_TOO_LARGE},
  };
  stardeleg_curl_options options;

  (void)state;
  script_options(&options);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    script list;
    script_step *step;

    script_init(&list);
    step = script_add(&list, "GET", fault_server_port(server), cases[i].path);
    step->response_max = cases[i].response_max;
    script_run(&list, &options);
    if (step->failure != cases[i].failure) {
      fail_msg("%s (%zu): %d, \"%s\"", cases[i].path, cases[i].response_max, (int)step->failure, step->text);
    }
    if (step->failure != STARDELEG_TRANSPORT_OK) {
      assert_true(step->text[0] != '\0');
    }
    script_clear(&list);
  }
}

/* A header limit of the caller's, and one that libcurl's own line limit comes before. */
static void test_header_limit(void **state)
{
  static const struct {
    const char *path;
    size_t header_max;
    stardeleg_transport_failure failure;
  } cases[] = {
      {"/ok", 60, STARDELEG_TRANSPORT_TOO_LARGE},
      {"/ok", 4096, STARDELEG_TRANSPORT_OK},
      {"/big-header", (size_t)64 << 20, STARDELEG_TRANSPORT_TOO_LARGE},
  };
  stardeleg_curl_options options;

  (void)state;
  script_options(&options);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    script list;
    script_step *step;

    script_init(&list);
    step = script_add(&list, "GET", fault_server_port(server), cases[i].path);
    options.header_max = cases[i].header_max;
    script_run(&list, &options);
    if (step->failure != cases[i].failure) {
      fail_msg("%s: %d, \"%s\"", cases[i].path, (int)step->failure, step->text);
    }
    script_clear(&list);
  }
}

static void test_timeouts(void **state)
{
  static const char *const paths[] = {"/drip-body", "/drip-head", "/silent"};
  stardeleg_curl_options options;
  script list;
  int64_t begun = ticks();

  (void)state;
  script_options(&options);
  options.total_timeout_ms = 400;
  script_init(&list);
  for (size_t i = 0; i < 3; i++) {
    (void)script_add(&list, "GET", fault_server_port(server), paths[i]);
  }
  script_run(&list, &options);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(list.steps[i].failure, STARDELEG_TRANSPORT_TIMEOUT);
  }
  assert_in_range(ticks() - begun, 350, 60000);
  script_clear(&list);
}

static script_step *get_one(script *list, const char *path)
{
  stardeleg_curl_options options;
  script_step *step;

  script_options(&options);
  script_init(list);
  step = script_add(list, "GET", fault_server_port(server), path);
  script_run(list, &options);
  assert_int_equal(step->failure, STARDELEG_TRANSPORT_OK);
  return step;
}

static void test_fields(void **state)
{
  script list;
  script_step *step = get_one(&list, "/ok");

  (void)state;
  assert_int_equal(step->status, 200);
  assert_string_equal(step->answer, "hello");
  assert_string_equal(script_field(step, "replay-nonce"), "abc");
  assert_string_equal(script_field(step, "X-Spaces"), "padded");
  assert_string_equal(script_field(step, "X-Empty"), "");
  assert_int_equal(step->fields, 6);
  assert_string_equal(step->values[4], "1");
  assert_string_equal(step->values[5], "2");
  script_clear(&list);
}

/* More than Content-Length says belongs to no response. */
static void test_excess_is_dropped(void **state)
{
  script list;
  script_step *step = get_one(&list, "/long");

  (void)state;
  assert_string_equal(step->answer, "hello");
  script_clear(&list);
}

/* HTTP-03 */
static void test_redirect_is_not_followed(void **state)
{
  script list;
  int before = fault_server_requests(server);
  script_step *step = get_one(&list, "/redirect");

  (void)state;
  assert_int_equal(step->status, 307);
  assert_string_equal(script_field(step, "location"), "http://127.0.0.1:1/elsewhere");
  assert_int_equal(fault_server_requests(server), before + 1);
  script_clear(&list);
}

static void test_only_final_response(void **state)
{
  script list;
  script_step *step = get_one(&list, "/interim");

  (void)state;
  assert_int_equal(step->status, 201);
  assert_int_equal(step->fields, 2);
  assert_string_equal(script_field(step, "replay-nonce"), "right");
  assert_string_equal(step->answer, "ok");
  script_clear(&list);
}

static void test_trailers_are_no_headers(void **state)
{
  script list;
  script_step *step = get_one(&list, "/trailers");

  (void)state;
  assert_int_equal(step->fields, 2);
  assert_string_equal(script_field(step, "replay-nonce"), "head");
  assert_string_equal(step->answer, "ok");
  script_clear(&list);
}

static void test_odd_lines(void **state)
{
  script list;
  script_step *step = get_one(&list, "/folded");

  (void)state;
  assert_string_equal(script_field(step, "x-folded"), "one two three");
  script_clear(&list);
  step = get_one(&list, "/odd-lines");
  assert_int_equal(step->fields, 2);
  assert_string_equal(script_field(step, "x-good"), "y");
  script_clear(&list);
  step = get_one(&list, "/lf-only");
  assert_string_equal(script_field(step, "x-a"), "b");
  assert_string_equal(step->answer, "ok");
  script_clear(&list);
}

/* Nothing is unpacked: a small body cannot become a large one. */
static void test_content_coding_is_left_alone(void **state)
{
  script list;
  script_step *step = get_one(&list, "/gzip");

  (void)state;
  assert_string_equal(step->answer, "not a zip");
  script_clear(&list);
}

static void test_empty_bodies(void **state)
{
  script list;
  script_step *step = get_one(&list, "/empty");

  (void)state;
  assert_int_equal(step->answer_len, 0);
  script_clear(&list);
  step = get_one(&list, "/204");
  assert_int_equal(step->status, 204);
  assert_int_equal(step->answer_len, 0);
  script_clear(&list);
}

/* A HEAD response announces what it does not carry; that must neither be waited for nor be too large. */
static void test_head(void **state)
{
  stardeleg_curl_options options;
  script list;

  (void)state;
  script_options(&options);
  script_init(&list);
  for (int i = 0; i < 3; i++) {
    script_add(&list, "HEAD", fault_server_port(server), "/head")->response_max = 10;
  }
  script_run(&list, &options);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(list.steps[i].failure, STARDELEG_TRANSPORT_OK);
    assert_int_equal(list.steps[i].answer_len, 0);
    assert_string_equal(script_field(&list.steps[i], "replay-nonce"), "n1");
  }
  script_clear(&list);
}

/* What the peer wrote reaches nobody unescaped. */
static void test_failure_text_is_escaped(void **state)
{
  stardeleg_curl_options options;
  script list;
  script_step *step;

  (void)state;
  script_options(&options);
  script_init(&list);
  step = script_add(&list, "GET", fault_server_port(server), "/error-text");
  (void)script_add(&list, "GET", fault_server_port(server), "/garbage");
  script_run(&list, &options);
  for (size_t i = 0; i < list.count; i++) {
    for (const char *c = list.steps[i].text; *c != '\0'; c++) {
      assert_in_range(*c, 0x20, 0x7e);
    }
  }
  (void)step;
  script_clear(&list);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_failures),
      cmocka_unit_test(test_header_limit),
      cmocka_unit_test(test_timeouts),
      cmocka_unit_test(test_fields),
      cmocka_unit_test(test_excess_is_dropped),
      cmocka_unit_test(test_redirect_is_not_followed),
      cmocka_unit_test(test_only_final_response),
      cmocka_unit_test(test_trailers_are_no_headers),
      cmocka_unit_test(test_odd_lines),
      cmocka_unit_test(test_content_coding_is_left_alone),
      cmocka_unit_test(test_empty_bodies),
      cmocka_unit_test(test_head),
      cmocka_unit_test(test_failure_text_is_escaped),
  };

  return cmocka_run_group_tests(tests, start, stop);
}
