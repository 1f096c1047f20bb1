/* SPDX-License-Identifier: Apache-2.0 */
/* unit/base_problem_test.c -- error codes, the table of ACME error types, problems, log lines. */
#include "support/test.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/problem.h"

static const struct code {
  stardeleg_err err;
  stardeleg_err_kind kind;
  int retryable;
} codes[] = {
    {STARDELEG_OK, STARDELEG_KIND_NONE, 0},
    {STARDELEG_ERR_ARGUMENT, STARDELEG_KIND_ARGUMENT, 0},
    {STARDELEG_ERR_UNSUPPORTED, STARDELEG_KIND_ARGUMENT, 0},
    {STARDELEG_ERR_CONFIG, STARDELEG_KIND_ARGUMENT, 0},
    {STARDELEG_ERR_NOMEM, STARDELEG_KIND_MEMORY, 1},
    {STARDELEG_ERR_CALLBACK, STARDELEG_KIND_CALLBACK, 1},
    {STARDELEG_ERR_RANDOM, STARDELEG_KIND_CALLBACK, 1},
    {STARDELEG_ERR_STORE, STARDELEG_KIND_CALLBACK, 1},
    {STARDELEG_ERR_CRYPTO, STARDELEG_KIND_CALLBACK, 1},
    {STARDELEG_ERR_SECRETS, STARDELEG_KIND_CALLBACK, 1},
    {STARDELEG_ERR_MALFORMED, STARDELEG_KIND_PEER, 0},
    {STARDELEG_ERR_LIMIT, STARDELEG_KIND_PEER, 0},
    {STARDELEG_ERR_SIGNATURE, STARDELEG_KIND_PEER, 0},
    {STARDELEG_ERR_BAD_KEY, STARDELEG_KIND_PEER, 0},
    {STARDELEG_ERR_PROBLEM, STARDELEG_KIND_PEER, 0},
    {STARDELEG_ERR_TRANSPORT, STARDELEG_KIND_PEER, 1},
    {STARDELEG_ERR_PROTOCOL, STARDELEG_KIND_PEER, 0},
    {STARDELEG_ERR_UNTRUSTED, STARDELEG_KIND_PEER, 0},
    {STARDELEG_ERR_POLICY, STARDELEG_KIND_POLICY, 0},
    {STARDELEG_ERR_STATE, STARDELEG_KIND_STATE, 0},
    {STARDELEG_ERR_CONFLICT, STARDELEG_KIND_STATE, 0},
    {STARDELEG_ERR_NOT_FOUND, STARDELEG_KIND_STATE, 0},
    {STARDELEG_ERR_EXISTS, STARDELEG_KIND_STATE, 0},
    {STARDELEG_ERR_EXPIRED, STARDELEG_KIND_EXPIRED, 0},
    {STARDELEG_ERR_CANCELED, STARDELEG_KIND_EXPIRED, 0},
    {(stardeleg_err)-9999, STARDELEG_KIND_ARGUMENT, 0},
    {(stardeleg_err)1, STARDELEG_KIND_ARGUMENT, 0},
};

static void test_codes(void **state)
{
  const size_t count = sizeof(codes) / sizeof(codes[0]);

  (void)state;
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(stardeleg_err_class(codes[i].err), codes[i].kind);
    assert_int_equal(stardeleg_err_is_retryable(codes[i].err), codes[i].retryable);
    assert_true(strlen(stardeleg_strerror(codes[i].err)) > 5);
  }
  /* every known code has a phrase of its own */
  for (size_t i = 0; i < count - 1; i++) {
    for (size_t j = 0; j < i; j++) {
      assert_string_not_equal(stardeleg_strerror(codes[i].err), stardeleg_strerror(codes[j].err));
    }
  }
  assert_int_equal(stardeleg_version(), STARDELEG_VERSION);
}

static const struct type {
  stardeleg_acme_error error;
  const char *name;
  int status;
} types[] = {
    {STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST, "accountDoesNotExist", 400},
    {STARDELEG_ACME_ALREADY_REVOKED, "alreadyRevoked", 400},
    {STARDELEG_ACME_ALREADY_REPLACED, "alreadyReplaced", 409},
    /* STARDEL-2.3.2-14: 403 when the CSR fails */
    {STARDELEG_ACME_BAD_CSR, "badCSR", 403},
    {STARDELEG_ACME_BAD_NONCE, "badNonce", 400},
    {STARDELEG_ACME_BAD_PUBLIC_KEY, "badPublicKey", 400},
    {STARDELEG_ACME_BAD_REVOCATION_REASON, "badRevocationReason", 400},
    {STARDELEG_ACME_BAD_SIGNATURE_ALGORITHM, "badSignatureAlgorithm", 400},
    {STARDELEG_ACME_CAA, "caa", 403},
    {STARDELEG_ACME_COMPOUND, "compound", 400},
    {STARDELEG_ACME_CONNECTION, "connection", 400},
    {STARDELEG_ACME_DNS, "dns", 400},
    {STARDELEG_ACME_EXTERNAL_ACCOUNT_REQUIRED, "externalAccountRequired", 400},
    {STARDELEG_ACME_INCORRECT_RESPONSE, "incorrectResponse", 403},
    {STARDELEG_ACME_INVALID_CONTACT, "invalidContact", 400},
    {STARDELEG_ACME_INVALID_PROFILE, "invalidProfile", 400},
    {STARDELEG_ACME_MALFORMED, "malformed", 400},
    {STARDELEG_ACME_ORDER_NOT_READY, "orderNotReady", 403},
    {STARDELEG_ACME_RATE_LIMITED, "rateLimited", 429},
    {STARDELEG_ACME_REJECTED_IDENTIFIER, "rejectedIdentifier", 403},
    {STARDELEG_ACME_SERVER_INTERNAL, "serverInternal", 500},
    {STARDELEG_ACME_TLS, "tls", 400},
    {STARDELEG_ACME_UNAUTHORIZED, "unauthorized", 403},
    {STARDELEG_ACME_UNSUPPORTED_CONTACT, "unsupportedContact", 400},
    {STARDELEG_ACME_UNSUPPORTED_IDENTIFIER, "unsupportedIdentifier", 400},
    {STARDELEG_ACME_USER_ACTION_REQUIRED, "userActionRequired", 403},
    {STARDELEG_ACME_AUTO_RENEWAL_CANCELED, "autoRenewalCanceled", 403},
    {STARDELEG_ACME_AUTO_RENEWAL_EXPIRED, "autoRenewalExpired", 403},
    {STARDELEG_ACME_AUTO_RENEWAL_CANCELLATION_INVALID, "autoRenewalCancellationInvalid", 400},
    {STARDELEG_ACME_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED, "autoRenewalRevocationNotSupported", 403},
    {STARDELEG_ACME_UNKNOWN_DELEGATION, "unknownDelegation", 403},
};

static void test_types(void **state)
{
  (void)state;
  assert_int_equal(sizeof(types) / sizeof(types[0]), STARDELEG_ACME_ERROR_COUNT - 1);
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
    char urn[STARDELEG_PROBLEM_TYPE_SIZE];

    (void)snprintf(urn, sizeof(urn), "urn:ietf:params:acme:error:%s", types[i].name);
    assert_int_equal(types[i].error, i + 1);
    assert_string_equal(stardeleg_acme_error_urn(types[i].error), urn);
    assert_int_equal(stardeleg_acme_error_status(types[i].error), types[i].status);
    assert_int_equal(stardeleg_acme_error_from_urn(urn), types[i].error);
  }
}

static void test_type_edges(void **state)
{
  static const char *const foreign[] = {
      "",
      "about:blank",
      "badNonce",
      "urn:ietf:params:acme:error:",
      "urn:ietf:params:acme:error:badnonce",
      "urn:ietf:params:acme:error:badNonce ",
      "urn:ietf:params:acme:error:badNonce2",
      "URN:ietf:params:acme:error:badNonce",
      "urn:acme:error:badNonce",
      "https://ca.example/errors/badNonce",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
    assert_int_equal(stardeleg_acme_error_from_urn(foreign[i]), STARDELEG_ACME_NONE);
  }
  /* STAR-3.1.1: the type that RFC 8739 names but never registered */
  assert_int_equal(stardeleg_acme_error_from_urn("urn:ietf:params:acme:error:malformedRequest"),
                   STARDELEG_ACME_MALFORMED);
  assert_string_equal(stardeleg_acme_error_urn(STARDELEG_ACME_NONE), "about:blank");
  assert_string_equal(stardeleg_acme_error_urn(STARDELEG_ACME_ERROR_COUNT), "about:blank");
  assert_string_equal(stardeleg_acme_error_urn((stardeleg_acme_error)-1), "about:blank");
  assert_int_equal(stardeleg_acme_error_status(STARDELEG_ACME_ERROR_COUNT), 500);
  assert_int_equal(stardeleg_acme_error_status((stardeleg_acme_error)12345), 500);
  assert_true(sdg_acme_error_is_retryable(STARDELEG_ACME_BAD_NONCE));
  assert_true(sdg_acme_error_is_retryable(STARDELEG_ACME_RATE_LIMITED));
  assert_true(sdg_acme_error_is_retryable(STARDELEG_ACME_SERVER_INTERNAL));
  assert_false(sdg_acme_error_is_retryable(STARDELEG_ACME_MALFORMED));
  assert_false(sdg_acme_error_is_retryable(STARDELEG_ACME_AUTO_RENEWAL_CANCELED));
  assert_false(sdg_acme_error_is_retryable(STARDELEG_ACME_NONE));
  assert_false(sdg_acme_error_is_retryable((stardeleg_acme_error)-1));
}

static void test_set(void **state)
{
  stardeleg_problem problem;
  char longer[1000];

  (void)state;
  memset(&problem, 0xa5, sizeof(problem));
  sdg_problem_set(&problem, STARDELEG_ACME_BAD_CSR, "name %s is not in the template (%d)", "a.example", 3);
  assert_int_equal(problem.acme, STARDELEG_ACME_BAD_CSR);
  assert_int_equal(problem.status, 403);
  assert_string_equal(problem.type, "urn:ietf:params:acme:error:badCSR");
  assert_string_equal(problem.detail, "name a.example is not in the template (3)");
  assert_string_equal(problem.place, "");
  assert_string_equal(problem.instance, "");
  assert_int_equal(problem.retry_at, STARDELEG_TIME_NONE);
  assert_int_equal(problem.subproblem_count, 0);
  assert_int_equal(problem.subproblems_dropped, 0);
  /* arguments may be the problem's own */
  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "again: %s", problem.detail);
  assert_string_equal(problem.detail, "again: name a.example is not in the template (3)");
  assert_string_equal(problem.type, "about:blank");
  assert_int_equal(problem.status, 0);
  memset(longer, 'x', sizeof(longer) - 1);
  longer[sizeof(longer) - 1] = '\0';
  sdg_problem_set(&problem, STARDELEG_ACME_DNS, "%s", longer);
  assert_int_equal(strlen(problem.detail), STARDELEG_PROBLEM_DETAIL_SIZE - 1);
  assert_string_equal(problem.detail + STARDELEG_PROBLEM_DETAIL_SIZE - 4, "...");
  sdg_problem_set_place(&problem, sdg_bytes_str("/a\n/b"));
  assert_string_equal(problem.place, "/a\\x0a/b");
  sdg_problem_set_place(&problem, sdg_bytes(longer, sizeof(longer) - 1));
  assert_int_equal(strlen(problem.place), STARDELEG_PROBLEM_PLACE_SIZE - 1);
  sdg_problem_clear(&problem);
  assert_string_equal(problem.type, "about:blank");
  assert_string_equal(problem.place, "");
}

static void test_subproblems(void **state)
{
  stardeleg_problem problem;

  (void)state;
  sdg_problem_set(&problem, STARDELEG_ACME_COMPOUND, "several");
  for (size_t i = 0; i < STARDELEG_PROBLEM_SUB_MAX + 3; i++) {
    sdg_problem_add_sub(&problem, STARDELEG_ACME_REJECTED_IDENTIFIER, i == 1 ? NULL : "dns",
                        sdg_bytes_str("a\x1b[31m.example"), "no\r\nSet-Cookie: x");
  }
  assert_int_equal(problem.subproblem_count, STARDELEG_PROBLEM_SUB_MAX);
  assert_int_equal(problem.subproblems_dropped, 3);
  assert_string_equal(problem.subproblems[0].type, "urn:ietf:params:acme:error:rejectedIdentifier");
  assert_int_equal(problem.subproblems[0].acme, STARDELEG_ACME_REJECTED_IDENTIFIER);
  assert_string_equal(problem.subproblems[0].identifier_type, "dns");
  assert_string_equal(problem.subproblems[0].identifier_value, "a\\x1b[31m.example");
  assert_string_equal(problem.subproblems[0].detail, "no\\x0d\\x0aSet-Cookie: x");
  assert_string_equal(problem.subproblems[1].identifier_type, "");
  assert_string_equal(problem.subproblems[1].identifier_value, "");
  assert_string_equal(problem.subproblems[STARDELEG_PROBLEM_SUB_MAX - 1].identifier_type, "dns");
}

static void test_no_problem(void **state)
{
  (void)state;
  sdg_problem_clear(NULL);
  sdg_problem_set(NULL, STARDELEG_ACME_DNS, "%d", 1);
  sdg_problem_set_place(NULL, sdg_bytes_str("x"));
  sdg_problem_add_sub(NULL, STARDELEG_ACME_DNS, "dns", sdg_bytes_str("x"), "x");
}

typedef struct heard {
  stardeleg_log_level level;
  char event[64];
  char text[2000];
  int count;
} heard;

static void hear(void *ctx, stardeleg_log_level level, const char *event, const char *text)
{
  heard *h = ctx;

  h->level = level;
  (void)snprintf(h->event, sizeof(h->event), "%s", event);
  (void)snprintf(h->text, sizeof(h->text), "%s", text);
  h->count++;
}

static void test_log(void **state)
{
  heard h = {STARDELEG_LOG_DEBUG, "", "", 0};
  const stardeleg_log log = {hear, &h};
  const stardeleg_log deaf = {NULL, &h};
  char longer[3000];

  (void)state;
  sdg_log(NULL, STARDELEG_LOG_ERROR, "a.b", "%d", 1);
  sdg_log(&deaf, STARDELEG_LOG_ERROR, "a.b", "%d", 1);
  assert_int_equal(h.count, 0);
  sdg_log(&log, STARDELEG_LOG_WARNING, "ndc.certificate.new", "serial %s", "01");
  assert_int_equal(h.count, 1);
  assert_int_equal(h.level, STARDELEG_LOG_WARNING);
  assert_string_equal(h.event, "ndc.certificate.new");
  assert_string_equal(h.text, "serial 01");
  memset(longer, 'y', sizeof(longer) - 1);
  longer[sizeof(longer) - 1] = '\0';
  sdg_log(&log, STARDELEG_LOG_INFO, "a", "%s", longer);
  assert_int_equal(strlen(h.text), 1023);
  assert_string_equal(h.text + 1020, "...");
  sdg_log(&log, STARDELEG_LOG_INFO, "a", "one\ntwo");
  assert_string_equal(h.text, "one?two");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_codes), cmocka_unit_test(test_types),       cmocka_unit_test(test_type_edges),
      cmocka_unit_test(test_set),   cmocka_unit_test(test_subproblems), cmocka_unit_test(test_no_problem),
      cmocka_unit_test(test_log),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
