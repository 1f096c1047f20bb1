/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client_responder_test.c -- answers to a CA's validation requests. */
#include "support/test.h"

#include <stardeleg/responder.h>

#include "acme_client/session.h"
#include "base/bytes.h"
#include "der/pem.h"
#include "transport/http_message.h"
#include "x509/acme_identifier.h"

#define PATH "/.well-known/acme-challenge/"

static unsigned looks;

static stardeleg_err find(void *ctx, const char *token, char *out, size_t size)
{
  looks++;
  if (strcmp(token, "broken") == 0) {
    return STARDELEG_ERR_STORE;
  }
  if (strcmp(token, "tok-1") != 0) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  (void)snprintf(out, size, "%s", (const char *)ctx);
  return STARDELEG_OK;
}

/* ACME-8.3-03, ACME-8.3-08: the token's answer and nothing else; nothing of the request comes back, and what is no
 * token is not even looked up */
static void http01(void **state)
{
  static const struct {
    const char *method;
    const char *url;
    int status;
    unsigned looks;
  } cases[] = {{"GET", PATH "tok-1", 200, 1},      {"HEAD", PATH "tok-1", 200, 1},
               {"GET", PATH "tok-2", 404, 1},      {"GET", PATH "", 404, 0},
               {"GET", PATH "../tok-1", 404, 0},   {"GET", PATH "tok-1?x", 404, 0},
               {"GET", PATH "tok-1/", 404, 0},     {"GET", PATH "tok%2d1", 404, 0},
               {"GET", "/", 404, 0},               {"GET", "/.well-known/acme-challeng", 404, 0},
               {"GET", PATH "<script>", 404, 0},   {"POST", PATH "tok-1", 405, 0},
               {"GET", PATH "broken", 503, 1}};
  char text[] = "tok-1.thumbprint";

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    stardeleg_http_request request = {.method = cases[i].method, .url = cases[i].url};
    stardeleg_http_reply *reply = NULL;
    const stardeleg_http_response *view;
    stardeleg_bytes value;

    looks = 0;
    assert_ok(stardeleg_http01_answer(&reply, &request, find, text));
    view = stardeleg_http_reply_view(reply);
    assert_int_equal(view->status, cases[i].status);
    assert_int_equal(looks, cases[i].looks);
    assert_true(sdg_bytes_is(view->body, cases[i].status == 200 ? text : ""));
    assert_int_equal(sdg_http_header(&value, view->headers, view->header_count, "Allow", NULL),
                     cases[i].status == 405);
    stardeleg_http_reply_free(reply);
  }
}

static void http01_arguments(void **state)
{
  stardeleg_http_request request = {.method = "GET", .url = "/"};
  stardeleg_http_request odd = {.method = "GET"};
  stardeleg_http_reply *reply = NULL;

  (void)state;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_http01_answer(NULL, &request, find, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_http01_answer(&reply, NULL, find, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_http01_answer(&reply, &odd, find, NULL));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_http01_answer(&reply, &request, NULL, NULL));
}

/* ALPN-3-02, ALPN-3-03: as a CA judges it */
static void tls_alpn01(void **state)
{
  static const stardeleg_identifier identifiers[] = {{"dns", "www.example.org"}, {"ip", "192.0.2.7"}};
  static const char *const server_names[] = {"www.example.org", "7.2.0.192.in-addr.arpa"};
  uint8_t digest[SDG_ACME_IDENTIFIER_LEN];
  stardeleg_key *key = NULL;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(sdg_acme_identifier_digest(digest, test_crypto(), SDG_BYTES_LITERAL("tok.thumb")));
  for (size_t i = 0; i < 2; i++) {
    stardeleg_challenge challenge = {.type = "tls-alpn-01",
                                     .identifier_type = identifiers[i].type,
                                     .identifier = identifiers[i].value,
                                     .key_authorization = "tok.thumb"};
    sdg_challenge_fault fault;
    char name[STARDELEG_SERVER_NAME_SIZE];
    char label[64];
    char *pem = NULL;
    size_t len = 0;
    size_t offset = 0;
    sdg_buf der;

    assert_ok(stardeleg_tls_alpn01_server_name(name, &challenge));
    assert_string_equal(name, server_names[i]);
    assert_ok(stardeleg_tls_alpn01_certificate(&pem, &len, key, &challenge, 1600000000000));
    sdg_buf_init(&der, 16384);
    assert_ok(sdg_pem_next(&der, label, sdg_bytes(pem, len), &offset));
    assert_ok(sdg_acme_identifier_check(&fault, test_crypto(), sdg_buf_bytes(&der), &identifiers[i], digest));
    assert_int_equal(fault, SDG_CHALLENGE_CERT_OK);
    sdg_buf_clear(&der);
    free(pem);
  }
  stardeleg_key_free(key);
}

static void tls_alpn01_arguments(void **state)
{
  stardeleg_challenge good = {.type = "tls-alpn-01",
                              .identifier_type = "dns",
                              .identifier = "www.example.org",
                              .key_authorization = "tok.thumb"};
  stardeleg_challenge cases[5];
  stardeleg_key *key = NULL;
  char name[STARDELEG_SERVER_NAME_SIZE];
  char *pem = NULL;
  size_t len = 0;

  (void)state;
  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  for (size_t i = 0; i < 5; i++) {
    cases[i] = good;
  }
  cases[0].type = "http-01";
  cases[1].identifier = NULL;
  cases[2].identifier_type = "email";
  cases[3].identifier = "a,DNS:b.example";
  cases[4].key_authorization = "";
  for (size_t i = 0; i < 5; i++) {
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_tls_alpn01_certificate(&pem, &len, key, &cases[i], 0));
    if (i < 4) {
      assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_tls_alpn01_server_name(name, &cases[i]));
    }
  }
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_tls_alpn01_certificate(NULL, &len, key, &good, 0));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_tls_alpn01_certificate(&pem, &len, NULL, &good, 0));
  stardeleg_key_free(key);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(http01), cmocka_unit_test(http01_arguments),
                                     cmocka_unit_test(tls_alpn01), cmocka_unit_test(tls_alpn01_arguments)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
