/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl_request_test.c -- what goes out, what is refused before it goes out, and the options. */
#include "support/test.h"

#include "fault_server.h"
#include "script.h"

#include <netinet/in.h>
#include <sys/socket.h>
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

static stardeleg_http_header field(const char *name, const char *value)
{
  stardeleg_http_header header;

  header.name.base = (const uint8_t *)name;
  header.name.len = strlen(name);
  header.value.base = (const uint8_t *)value;
  header.value.len = strlen(value);
  return header;
}

/* Sends one request and returns what arrived. */
static char *exchange(const char *method, const char *body, const stardeleg_http_header *headers, size_t count,
                      const char *program)
{
  stardeleg_curl_options options;
  script list;
  script_step *step;

  script_options(&options);
  options.user_agent = program;
  script_init(&list);
  step = script_add(&list, method, fault_server_port(server), "/ok");
  step->body = body;
  step->headers = headers;
  step->header_count = count;
  script_run(&list, &options);
  if (step->failure != STARDELEG_TRANSPORT_OK && strcmp(method, "HEAD") != 0) {
    fail_msg("%s: %s", method, step->text);
  }
  script_clear(&list);
  return fault_server_last(server);
}

static size_t occurrences(const char *text, const char *what)
{
  size_t count = 0;

  for (; (text = strstr(text, what)) != NULL; text++) {
    count++;
  }
  return count;
}

/* ACME-6.1-03, ACME-6.1-04, ACME-6.1-05 */
static void test_user_agent_and_language(void **state)
{
  static const char *const methods[] = {"GET", "HEAD", "POST"};

  (void)state;
  for (size_t i = 0; i < 3; i++) {
    char *sent = exchange(methods[i], i == 2 ? "{}" : NULL, NULL, 0, "ndc-agent/1.2");

    assert_int_equal(strncmp(sent, methods[i], strlen(methods[i])), 0);
    assert_non_null(strstr(sent, "\r\nUser-Agent: ndc-agent/1.2 stardeleg/0.1.0 libcurl/"));
    assert_non_null(strstr(sent, "\r\nAccept-Language: en\r\n"));
    assert_int_equal(occurrences(sent, "User-Agent:"), 1);
    free(sent);
  }
}

static void test_user_agent_alone(void **state)
{
  char *sent = exchange("GET", NULL, NULL, 0, NULL);

  (void)state;
  assert_non_null(strstr(sent, "\r\nUser-Agent: stardeleg/0.1.0 libcurl/"));
  free(sent);
}

/* Text is "x\0\n" safe: the body goes out byte by byte, with its type and no other. */
static void test_post(void **state)
{
  stardeleg_http_header headers[] = {field("Content-Type", "application/jose+json"), field("X-Empty", ""),
                                     field("Accept-Language", "de")};
  char *sent = exchange("POST", "{\"payload\":\"\"}", headers, 3, NULL);

  (void)state;
  assert_non_null(strstr(sent, "\r\nContent-Type: application/jose+json\r\n"));
  assert_non_null(strstr(sent, "\r\nX-Empty:\r\n"));
  assert_non_null(strstr(sent, "\r\nContent-Length: 14\r\n"));
  assert_non_null(strstr(sent, "\r\n\r\n{\"payload\":\"\"}"));
  assert_int_equal(occurrences(sent, "Accept-Language:"), 1);
  assert_int_equal(occurrences(sent, "Content-Type:"), 1);
  assert_null(strstr(sent, "Expect:"));
  assert_null(strstr(sent, "Accept-Encoding"));
  free(sent);
}

static void test_post_without_body(void **state)
{
  char *sent = exchange("POST", NULL, NULL, 0, NULL);

  (void)state;
  assert_non_null(strstr(sent, "\r\nContent-Length: 0\r\n"));
  assert_null(strstr(sent, "x-www-form-urlencoded"));
  free(sent);
}

/* Nothing of one exchange shows in the next one on the same handle, and cookies are not kept. */
static void test_no_leftovers(void **state)
{
  stardeleg_http_header secret = field("X-Secret", "s");
  stardeleg_curl_options options;
  stardeleg_curl *curl = NULL;
  stardeleg_engine engine;
  script list;
  script_step *step;
  char *sent;

  (void)state;
  script_options(&options);
  script_init(&list);
  step = script_add(&list, "POST", fault_server_port(server), "/cookie");
  step->headers = &secret;
  step->header_count = 1;
  step->body = "body";
  engine = script_engine(&list);
  assert_ok(stardeleg_curl_new(&curl, &options));
  assert_ok(stardeleg_curl_add(curl, &engine));
  assert_ok(stardeleg_curl_run(curl, script_done, &list));
  (void)script_add(&list, "GET", fault_server_port(server), "/ok");
  stardeleg_curl_wake(curl);
  assert_ok(stardeleg_curl_run(curl, script_done, &list));
  stardeleg_curl_free(curl);
  sent = fault_server_last(server);
  assert_int_equal(strncmp(sent, "GET /ok ", 8), 0);
  assert_null(strstr(sent, "X-Secret"));
  assert_null(strstr(sent, "Cookie"));
  assert_null(strstr(sent, "body"));
  assert_null(strstr(sent, "Content-"));
  free(sent);
  script_clear(&list);
}

static void refuse(script_step *(*add)(script *list), void (*change)(stardeleg_curl_options *options),
                   stardeleg_transport_failure failure)
{
  stardeleg_curl_options options;
  script list;
  script_step *step;
  int before = fault_server_requests(server);

  script_options(&options);
  script_init(&list);
  step = add(&list);
  if (change != NULL) {
    change(&options);
  }
  script_run(&list, &options);
  if (step->failure != failure) {
    fail_msg("%s: %d \"%s\"", step->url, (int)step->failure, step->text);
  }
  assert_int_equal(fault_server_requests(server), before);
  script_clear(&list);
}

static script_step *add_plain(script *list)
{
  return script_add(list, "GET", fault_server_port(server), "/ok");
}

static script_step *add_method(script *list)
{
  return script_add(list, "DELETE", fault_server_port(server), "/ok");
}

static script_step *add_file(script *list)
{
  return script_add_url(list, "GET", "file:///etc/hostname");
}

static script_step *add_ftp(script *list)
{
  return script_add_url(list, "GET", "ftp://127.0.0.1/x");
}

static script_step *add_no_url(script *list)
{
  return script_add_url(list, "GET", "http://");
}

static script_step *add_control(script *list)
{
  return script_add_url(list, "GET", "http://127.0.0.1/a\r\nX: y");
}

static script_step *add_user(script *list)
{
  char url[100];

  (void)snprintf(url, sizeof(url), "http://user:secret@127.0.0.1:%u/ok", (unsigned)fault_server_port(server));
  return script_add_url(list, "GET", url);
}

static script_step *add_localhost(script *list)
{
  char url[100];

  (void)snprintf(url, sizeof(url), "http://localhost:%u/ok", (unsigned)fault_server_port(server));
  return script_add_url(list, "GET", url);
}

static script_step *add_ipv6(script *list)
{
  return script_add_url(list, "GET", "http://[::1]:1/");
}

static script_step *add_mapped(script *list)
{
  char url[100];

  (void)snprintf(url, sizeof(url), "http://[::ffff:127.0.0.1]:%u/ok", (unsigned)fault_server_port(server));
  return script_add_url(list, "GET", url);
}

static script_step *add_numeric(script *list)
{
  char url[100];

  (void)snprintf(url, sizeof(url), "http://0x7f000001:%u/ok", (unsigned)fault_server_port(server));
  return script_add_url(list, "GET", url);
}

static script_step *add_injection(script *list)
{
  static stardeleg_http_header bad;
  script_step *step = script_add(list, "GET", fault_server_port(server), "/ok");

  bad = field("X-A", "b\r\nX-Injected: c");
  step->headers = &bad;
  step->header_count = 1;
  return step;
}

static void https_only(stardeleg_curl_options *options)
{
  options->allow_http = 0;
}

static void deny(stardeleg_curl_options *options)
{
  options->deny_private = 1;
}

static void deny_behind_proxy(stardeleg_curl_options *options)
{
  static char proxy[64];

  (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", (unsigned)fault_server_port(server));
  options->deny_private = 1;
  options->proxy = proxy;
}

/* ACME-6.1-01 */
static void test_plain_http_is_refused_by_default(void **state)
{
  (void)state;
  refuse(add_plain, https_only, STARDELEG_TRANSPORT_DENIED);
}

static void test_other_requests_are_refused(void **state)
{
  (void)state;
  refuse(add_method, NULL, STARDELEG_TRANSPORT_DENIED);
  refuse(add_file, NULL, STARDELEG_TRANSPORT_DENIED);
  refuse(add_ftp, NULL, STARDELEG_TRANSPORT_DENIED);
  refuse(add_no_url, NULL, STARDELEG_TRANSPORT_DENIED);
  refuse(add_control, NULL, STARDELEG_TRANSPORT_DENIED);
  refuse(add_user, NULL, STARDELEG_TRANSPORT_DENIED);
  refuse(add_injection, NULL, STARDELEG_TRANSPORT_DENIED);
}

/* ACME-10.4-01 */
static void test_private_addresses_are_denied(void **state)
{
  (void)state;
  refuse(add_plain, deny, STARDELEG_TRANSPORT_DENIED);
  refuse(add_localhost, deny, STARDELEG_TRANSPORT_DENIED);
  refuse(add_ipv6, deny, STARDELEG_TRANSPORT_DENIED);
  refuse(add_mapped, deny, STARDELEG_TRANSPORT_DENIED);
  refuse(add_numeric, deny, STARDELEG_TRANSPORT_DENIED);
  refuse(add_plain, deny_behind_proxy, STARDELEG_TRANSPORT_DENIED);
  refuse(add_localhost, deny_behind_proxy, STARDELEG_TRANSPORT_DENIED);
  refuse(add_ipv6, deny_behind_proxy, STARDELEG_TRANSPORT_DENIED);
  refuse(add_numeric, deny_behind_proxy, STARDELEG_TRANSPORT_DENIED);
}

/* What the options let pass, and nothing beside it. */
static void deny_but_network(stardeleg_curl_options *options)
{
  static const char *const networks[] = {"192.168.0.0/16", "127.0.0.1", NULL};

  options->deny_private = 1;
  options->allowed_networks = networks;
}

static void deny_but_entry(stardeleg_curl_options *options)
{
  static char entry[64];
  static const char *const entries[] = {entry, NULL};

  (void)snprintf(entry, sizeof(entry), "own.example:%u:127.0.0.1", (unsigned)fault_server_port(server));
  options->deny_private = 1;
  options->resolve = entries;
}

/* The same server at another port of the address that an entry names. */
static void deny_but_other_entry(stardeleg_curl_options *options)
{
  static const char *const entries[] = {"own.example:1:127.0.0.1", NULL};

  options->deny_private = 1;
  options->resolve = entries;
}

static void allow(script_step *(*add)(script *list), void (*set)(stardeleg_curl_options *options))
{
  stardeleg_curl_options options;
  script list;

  script_options(&options);
  set(&options);
  script_init(&list);
  (void)add(&list);
  script_run(&list, &options);
  assert_int_equal(list.steps[0].failure, STARDELEG_TRANSPORT_OK);
  assert_int_equal(list.steps[0].status, 200);
  script_clear(&list);
}

static script_step *add_own(script *list)
{
  char url[100];

  (void)snprintf(url, sizeof(url), "http://own.example:%u/ok", (unsigned)fault_server_port(server));
  return script_add_url(list, "GET", url);
}

static void test_what_is_let_pass(void **state)
{
  static const char *const bad[] = {"127.0.0.1/33", "localhost", "", "/8", "127.0.0.1/8x"};

  (void)state;
  allow(add_plain, deny_but_network);
  allow(add_numeric, deny_but_network);
  refuse(add_ipv6, deny_but_network, STARDELEG_TRANSPORT_DENIED);
  allow(add_own, deny_but_entry);
  refuse(add_ipv6, deny_but_entry, STARDELEG_TRANSPORT_DENIED);
  refuse(add_plain, deny_but_other_entry, STARDELEG_TRANSPORT_DENIED);
  refuse(add_localhost, deny_but_other_entry, STARDELEG_TRANSPORT_DENIED);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    const char *const networks[] = {"10.0.0.0/8", bad[i], NULL};
    stardeleg_curl_options options;
    stardeleg_curl *curl = NULL;

    script_options(&options);
    options.allowed_networks = networks;
    assert_int_equal(stardeleg_curl_new(&curl, &options), STARDELEG_ERR_ARGUMENT);
    assert_null(curl);
  }
}

/* The URL may be a secret (an unauthenticated star-certificate): no failure text quotes it. */
static void test_failure_text_has_no_url(void **state)
{
  stardeleg_curl_options options;
  script list;

  (void)state;
  script_options(&options);
  script_init(&list);
  (void)script_add(&list, "GET", 1, "/capability-token");
  (void)script_add(&list, "GET", fault_server_port(server), "/reset?capability-token");
  (void)script_add_url(&list, "GET", "http://name.invalid/capability-token");
  (void)script_add_url(&list, "GET", "gopher://name.invalid/capability-token");
  script_run(&list, &options);
  assert_int_equal(list.steps[0].failure, STARDELEG_TRANSPORT_CONNECT);
  assert_int_equal(list.steps[2].failure, STARDELEG_TRANSPORT_RESOLVE);
  for (size_t i = 0; i < list.count; i++) {
    assert_null(strstr(list.steps[i].text, "capability"));
  }
  script_clear(&list);
}

static void test_resolve_moves_names_and_ports(void **state)
{
  static const char *const urls[] = {"http://ca.example:14000/ok", "http://any.example/ok", "http://six.example/ok"};
  char entries[3][80];
  const char *resolve[] = {entries[0], entries[1], entries[2], NULL};
  unsigned port = fault_server_port(server);
  stardeleg_curl_options options;
  script list;
  char *sent;

  (void)state;
  (void)snprintf(entries[0], sizeof(entries[0]), "ca.example:14000:127.0.0.1:%u", port);
  (void)snprintf(entries[1], sizeof(entries[1]), "any.example:80:[::ffff:127.0.0.1]:%u", port);
  (void)snprintf(entries[2], sizeof(entries[2]), "*:80:127.0.0.1:%u", port);
  for (size_t i = 0; i < 3; i++) {
    script_options(&options);
    options.resolve = resolve;
    script_init(&list);
    (void)script_add_url(&list, "GET", urls[i]);
    script_run(&list, &options);
    assert_int_equal(list.steps[0].status, 200);
    script_clear(&list);
  }
  sent = fault_server_last(server);
  assert_non_null(strstr(sent, "\r\nHost: six.example\r\n"));
  free(sent);
}

static void test_environment_names_no_proxy(void **state)
{
  char *sent;

  (void)state;
  assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
  sent = exchange("GET", NULL, NULL, 0, NULL);
  assert_int_equal(strncmp(sent, "GET /ok ", 8), 0);
  free(sent);
  assert_int_equal(unsetenv("http_proxy"), 0);
  assert_int_equal(unsetenv("ALL_PROXY"), 0);
}

static void test_options_are_checked(void **state)
{
  static const char *const bad_resolve[][2] = {
      {"x", NULL}, {"a:1", NULL}, {"a::127.0.0.1", NULL}, {"a:1:[::1", NULL}, {"a:1:", NULL}};
  stardeleg_curl *curl = NULL;
  stardeleg_curl_options options;

  (void)state;
  for (int i = 0; i < 12; i++) {
    script_options(&options);
    options.connect_timeout_ms = i == 0 ? 0 : options.connect_timeout_ms;
    options.total_timeout_ms = i == 1 ? -1 : options.total_timeout_ms;
    options.response_max = i == 2 ? 0 : options.response_max;
    options.header_max = i == 3 ? 0 : options.header_max;
    options.connections_per_host = i == 4 ? 0 : options.connections_per_host;
    options.user_agent = i == 5 ? "a\r\nX-Injected: b" : NULL;
    options.accept_language = i == 6 ? "en\n" : NULL;
    options.ca_file = i == 7 ? "/nonexistent/roots.pem" : NULL;
    options.size = i == 8 ? 0 : i == 9 ? sizeof(options) + 8 : sizeof(options);
    options.total_timeout_ms = i == 10 ? INT64_MAX : options.total_timeout_ms;
    options.response_max = i == 11 ? SIZE_MAX : options.response_max;
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_curl_new(&curl, &options));
  }
  for (size_t i = 0; i < sizeof(bad_resolve) / sizeof(bad_resolve[0]); i++) {
    script_options(&options);
    options.resolve = bad_resolve[i];
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_curl_new(&curl, &options));
  }
  assert_null(curl);
  stardeleg_curl_free(NULL);
}

/* A program built when the struct was shorter: only its own bytes are read. */
static void test_old_options(void **state)
{
  size_t size = offsetof(stardeleg_curl_options, connections_per_host);
  stardeleg_curl_options now;
  stardeleg_curl_options *old = malloc(size);
  stardeleg_curl *curl = NULL;

  (void)state;
  assert_non_null(old);
  stardeleg_curl_options_default(&now);
  now.size = size;
  memcpy(old, &now, size);
  assert_ok(stardeleg_curl_new(&curl, old));
  stardeleg_curl_free(curl);
  free(old);
  assert_ok(stardeleg_curl_new(&curl, NULL));
  stardeleg_curl_free(curl);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_user_agent_and_language),
      cmocka_unit_test(test_user_agent_alone),
      cmocka_unit_test(test_post),
      cmocka_unit_test(test_post_without_body),
      cmocka_unit_test(test_no_leftovers),
      cmocka_unit_test(test_plain_http_is_refused_by_default),
      cmocka_unit_test(test_other_requests_are_refused),
      cmocka_unit_test(test_private_addresses_are_denied),
      cmocka_unit_test(test_what_is_let_pass),
      cmocka_unit_test(test_failure_text_has_no_url),
      cmocka_unit_test(test_resolve_moves_names_and_ports),
      cmocka_unit_test(test_environment_names_no_proxy),
      cmocka_unit_test(test_options_are_checked),
      cmocka_unit_test(test_old_options),
  };

  return cmocka_run_group_tests(tests, start, stop);
}
