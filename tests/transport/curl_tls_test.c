/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl_tls_test.c -- whom the driver trusts, against the example host. */
#include "support/test.h"

#include "common/httpd.h"
#include "fault_server.h"
#include "pki.h"
#include "script.h"

#define HOST "ca.example"

static pki *trusted;
static pki *stranger;
static char root[600];
static char stranger_root[600];
static char chain[600];
static char key[600];
static char resolve_entry[100];
static const char *resolve[] = {resolve_entry, NULL};
static const char page_body[] = "over TLS";

static int write_page(void *ctx, const stardeleg_http_request *request, httpd_page *page)
{
  (void)ctx;
  (void)request;
  page->body = page_body;
  page->body_len = sizeof(page_body) - 1;
  return 1;
}

static httpd *serve(pki *ca, const pki_leaf *leaf)
{
  httpd_options options;
  char error[HTTPD_ERROR_SIZE];
  httpd *server = NULL;

  pki_issue(ca, leaf, chain, key);
  httpd_options_default(&options);
  options.cert_file = chain;
  options.key_file = key;
  options.page = write_page;
  options.hsts = 1;
  if (httpd_start(&server, &options, error) != 0) {
    fail_msg("%s", error);
  }
  (void)snprintf(resolve_entry, sizeof(resolve_entry), "%s:443:127.0.0.1:%u", HOST, (unsigned)httpd_port(server));
  return server;
}

static int start(void **state)
{
  const char *directory = test_directory();

  (void)state;
  (void)snprintf(root, sizeof(root), "%s/root.pem", directory);
  (void)snprintf(stranger_root, sizeof(stranger_root), "%s/stranger.pem", directory);
  (void)snprintf(chain, sizeof(chain), "%s/chain.pem", directory);
  (void)snprintf(key, sizeof(key), "%s/key.pem", directory);
  trusted = pki_new(root);
  stranger = pki_new(stranger_root);
  return 0;
}

static int stop(void **state)
{
  (void)state;
  pki_free(trusted);
  pki_free(stranger);
  return 0;
}

static void https_options(stardeleg_curl_options *options)
{
  stardeleg_curl_options_default(options);
  options->ca_file = root;
  options->resolve = resolve;
}

static void test_trusted(void **state)
{
  static const pki_leaf leaf = {.name = HOST, .serial = 2, .not_before_s = -60, .not_after_s = 3600};
  httpd *server = serve(trusted, &leaf);
  stardeleg_curl_options options;
  script list;

  (void)state;
  https_options(&options);
  script_init(&list);
  for (int i = 0; i < 20; i++) {
    (void)script_add_url(&list, "GET", "https://" HOST "/directory");
  }
  script_run(&list, &options);
  for (size_t i = 0; i < list.count; i++) {
    if (list.steps[i].failure != STARDELEG_TRANSPORT_OK) {
      fail_msg("%s", list.steps[i].text);
    }
    assert_string_equal(list.steps[i].answer, page_body);
    assert_string_equal(script_field(&list.steps[i], "strict-transport-security"), "max-age=31536000");
  }
  script_clear(&list);
  httpd_stop(server, 1000);
}

/* ACME-6.1-02 */
static void test_untrusted(void **state)
{
  static const struct {
    pki_leaf leaf;
    int from_stranger;
    int system_roots;
  } cases[] = {
      {{.name = "other.example", .serial = 3, .not_before_s = -60, .not_after_s = 3600}, 0, 0},
      {{.name = HOST, .serial = 4, .not_before_s = -60, .not_after_s = 3600}, 1, 0},
      {{.name = HOST, .serial = 5, .not_before_s = -60, .not_after_s = 3600}, 0, 1},
      {{.name = HOST, .serial = 6, .not_before_s = -7200, .not_after_s = -3600}, 0, 0},
      {{.name = HOST, .serial = 7, .not_before_s = 3600, .not_after_s = 7200}, 0, 0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    httpd *server = serve(cases[i].from_stranger ? stranger : trusted, &cases[i].leaf);
    stardeleg_curl_options options;
    script list;
    script_step *step;

    https_options(&options);
    if (cases[i].system_roots) {
      options.ca_file = NULL;
    }
    script_init(&list);
    step = script_add_url(&list, "POST", "https://" HOST "/directory");
    step->body = "secret";
    script_run(&list, &options);
    if (step->failure != STARDELEG_TRANSPORT_TLS) {
      fail_msg("case %zu: %d \"%s\"", i, (int)step->failure, step->text);
    }
    assert_true(step->text[0] != '\0');
    script_clear(&list);
    httpd_stop(server, 1000);
  }
}

/* ACME-8.3-05: a validator follows redirects to servers that have no good certificate yet. */
static void test_any_certificate(void **state)
{
  static const pki_leaf leaf = {.name = "other.example", .serial = 8, .not_before_s = -7200, .not_after_s = -3600};
  httpd *server = serve(stranger, &leaf);
  stardeleg_curl_options options;
  script list;
  script_step *step;

  (void)state;
  https_options(&options);
  options.any_certificate = 1;
  script_init(&list);
  step = script_add_url(&list, "GET", "https://" HOST "/x");
  script_run(&list, &options);
  assert_int_equal(step->failure, STARDELEG_TRANSPORT_OK);
  script_clear(&list);
  httpd_stop(server, 1000);
}

/* With roots of one's own the system's do not count beside them: a pin that is wrong refuses, too. */
static void test_pin(void **state)
{
  static const pki_leaf leaf = {.name = HOST, .serial = 8, .not_before_s = -60, .not_after_s = 3600};
  httpd *server = serve(trusted, &leaf);
  stardeleg_curl_options options;
  script list;
  script_step *step;

  (void)state;
  https_options(&options);
  options.pinned_public_key = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  script_init(&list);
  step = script_add_url(&list, "GET", "https://" HOST "/directory");
  script_run(&list, &options);
  assert_int_equal(step->failure, STARDELEG_TRANSPORT_TLS);
  script_clear(&list);
  httpd_stop(server, 1000);
}

/* TLS spoken to a server that does not. */
static void test_no_tls_there(void **state)
{
  fault_server *plain = fault_server_start();
  stardeleg_curl_options options;
  script list;
  script_step *step;
  char url[100];

  (void)state;
  https_options(&options);
  (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/ok", (unsigned)fault_server_port(plain));
  options.total_timeout_ms = 2000;
  script_init(&list);
  step = script_add_url(&list, "GET", url);
  script_run(&list, &options);
  assert_true(step->failure == STARDELEG_TRANSPORT_TLS || step->failure == STARDELEG_TRANSPORT_TIMEOUT);
  assert_int_equal(fault_server_requests(plain), 0);
  script_clear(&list);
  fault_server_stop(plain);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_trusted),
      cmocka_unit_test(test_untrusted),
      cmocka_unit_test(test_any_certificate),
      cmocka_unit_test(test_pin),
      cmocka_unit_test(test_no_tls_there),
  };

  return cmocka_run_group_tests(tests, start, stop);
}
