/* SPDX-License-Identifier: Apache-2.0 */
/* acme_problem_document_test.c -- whatever a server says in place of an answer. */
#include "support/test.h"

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"

#define NOW ((stardeleg_time)1600000000000)
#define URN "urn:ietf:params:acme:error:"

static void read_body(stardeleg_problem *out, int status, const char *body)
{
  stardeleg_http_response response = {0};

  response.status = status;
  response.body = sdg_bytes_str(body);
  memset(out, 0x5a, sizeof(*out));
  sdg_problem_from_response(out, &response, NOW);
}

static bool is_clean(const char *text)
{
  for (; *text != '\0'; text++) {
    if ((unsigned char)*text < 0x20 || *text == 0x7f) {
      return false;
    }
  }
  return true;
}

/* ACME-6.7-03, ACME-6.7-04, T-36, T-37, EID 5515 */
static void bodies(void **state)
{
  static const struct {
    int status;
    const char *body;
    stardeleg_acme_error acme;
    const char *type;
    const char *detail; /* NULL: the general one */
  } cases[] = {
      {400, "{\"type\":\"" URN "badCSR\",\"detail\":\"no\"}", STARDELEG_ACME_BAD_CSR, URN "badCSR", "no"},
      {400, "{\"type\":\"" URN "malformedRequest\",\"detail\":\"no\"}", STARDELEG_ACME_MALFORMED, URN "malformed",
       "no"},
      {400, "{\"type\":\"" URN "conflict\",\"detail\":\"no\"}", STARDELEG_ACME_NONE, URN "conflict", "no"},
      {400, "{\"type\":\"urn:smallstep:acme:error:x\"}", STARDELEG_ACME_NONE, "urn:smallstep:acme:error:x", NULL},
      {400, "{\"type\":\"BADCSR\",\"detail\":\"no\"}", STARDELEG_ACME_NONE, "BADCSR", "no"},
      {400, "{\"type\":null,\"detail\":\"no\"}", STARDELEG_ACME_NONE, "about:blank", "no"},
      {400, "{\"type\":\"\",\"detail\":\"no\"}", STARDELEG_ACME_NONE, "about:blank", "no"},
      {400, "{\"type\":5,\"detail\":7}", STARDELEG_ACME_NONE, "about:blank", NULL},
      {400, "{\"detail\":\"no\"}", STARDELEG_ACME_NONE, "about:blank", "no"},
      {400, "{\"title\":\"oh\"}", STARDELEG_ACME_NONE, "about:blank", "oh"},
      {400, "{\"title\":\"oh\",\"detail\":\"no\"}", STARDELEG_ACME_NONE, "about:blank", "no"},
      {400, "{\"detail\":\"no\",\"requestID\":\"1\",\"status\":999,\"algorithms\":[\"ES256\"]}", STARDELEG_ACME_NONE,
       "about:blank", "no"},
      {400, "{\"detail\":\"a\\u001b[31m\\u000ab\\u202e\"}", STARDELEG_ACME_NONE, "about:blank",
       "a\\x1b[31m\\x0ab\\u{202e}"},
      {502, "<html><body>502 Bad Gateway</body></html>", STARDELEG_ACME_NONE, "about:blank", NULL},
      {500, "", STARDELEG_ACME_NONE, "about:blank", NULL},
      {500, "[]", STARDELEG_ACME_NONE, "about:blank", NULL},
      {500, "\"no\"", STARDELEG_ACME_NONE, "about:blank", NULL},
      {500, "{\"type\":", STARDELEG_ACME_NONE, "about:blank", NULL},
      {500, "{\"detail\":\"a\",\"detail\":\"b\"}", STARDELEG_ACME_NONE, "about:blank", NULL},
      {500, "{\"subproblems\":{}}", STARDELEG_ACME_NONE, "about:blank", NULL},
  };
  stardeleg_problem problem;

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char general[64];

    read_body(&problem, cases[i].status, cases[i].body);
    (void)snprintf(general, sizeof(general), "the server answered with HTTP status %d", cases[i].status);
    assert_int_equal(problem.acme, cases[i].acme);
    assert_int_equal(problem.status, cases[i].status); /* T-03: the status is that of the response */
    assert_string_equal(problem.type, cases[i].type);
    assert_string_equal(problem.detail, cases[i].detail != NULL ? cases[i].detail : general);
    assert_int_equal(problem.subproblem_count, 0);
    assert_int_equal(problem.retry_at, STARDELEG_TIME_NONE);
    assert_string_equal(problem.place, "");
  }
}

/* ACME-6.7.1-01, -03, -04: their types are their own; 10,000 are counted */
static void subproblems(void **state)
{
  stardeleg_problem problem;
  sdg_buf body;

  (void)state;
  read_body(&problem, 403,
            "{\"type\":\"" URN "malformed\",\"detail\":\"some\",\"identifier\":{\"type\":\"dns\",\"value\":\"top\"},"
            "\"subproblems\":[{\"type\":\"" URN
            "caa\",\"detail\":\"a\\u0007\",\"identifier\":{\"type\":\"dns\",\"value\":"
            "\"x\\u001b.example\"}},{},5,null,{\"identifier\":\"dns\"}]}");
  assert_int_equal(problem.subproblem_count, 5);
  assert_int_equal(problem.subproblems[0].acme, STARDELEG_ACME_CAA);
  assert_string_equal(problem.subproblems[0].detail, "a\\x07");
  assert_string_equal(problem.subproblems[0].identifier_type, "dns");
  assert_string_equal(problem.subproblems[0].identifier_value, "x\\x1b.example");
  for (size_t i = 1; i < 5; i++) {
    assert_string_equal(problem.subproblems[i].type, "about:blank");
    assert_string_equal(problem.subproblems[i].identifier_type, "");
  }
  sdg_buf_init(&body, 1u << 20);
  sdg_buf_add_str(&body, "{\"type\":\"" URN "compound\",\"detail\":\"all of them\",\"subproblems\":[{}");
  for (int i = 1; i < 10000; i++) {
    sdg_buf_add_str(&body, ",{}");
  }
  sdg_buf_add_str(&body, "]}");
  read_body(&problem, 400, sdg_buf_str(&body));
  assert_int_equal(problem.acme, STARDELEG_ACME_COMPOUND);
  assert_int_equal(problem.subproblem_count, STARDELEG_PROBLEM_SUB_MAX);
  assert_int_equal(problem.subproblems_dropped, 10000 - STARDELEG_PROBLEM_SUB_MAX);
  sdg_buf_clear(&body);
}

/* Everything is cut to its room, and whole. */
static void long_texts(void **state)
{
  static const char *const members[] = {"type", "detail", "instance", "title"};
  stardeleg_problem problem;
  sdg_buf body;

  (void)state;
  sdg_buf_init(&body, 1u << 20);
  for (size_t i = 0; i < 4; i++) {
    sdg_buf_reset(&body);
    sdg_buf_add_str(&body, "{\"");
    sdg_buf_add_str(&body, members[i]);
    sdg_buf_add_str(&body, "\":\"");
    for (int k = 0; k < 3000; k++) {
      sdg_buf_add_str(&body, k % 7 == 0 ? "\\u001b" : "\xc3\xa9");
    }
    sdg_buf_add_str(&body, "\"}");
    read_body(&problem, 400, sdg_buf_str(&body));
    assert_true(is_clean(problem.type) && is_clean(problem.detail) && is_clean(problem.instance));
    assert_true(sdg_utf8_is_valid(sdg_bytes_str(problem.type)));
    assert_true(sdg_utf8_is_valid(sdg_bytes_str(problem.detail)));
    assert_true(sdg_utf8_is_valid(sdg_bytes_str(problem.instance)));
  }
  sdg_buf_clear(&body);
}

/* ACME-7.3.3-02, ACME-6.6-04 */
static void instance_and_retry(void **state)
{
  stardeleg_http_header headers[] = {{SDG_BYTES_LITERAL("retry-after"), SDG_BYTES_LITERAL("31536000")}};
  stardeleg_http_response response = {0};
  stardeleg_problem problem;

  (void)state;
  response.status = 403;
  response.headers = headers;
  response.header_count = 1;
  response.body =
      sdg_bytes_str("{\"type\":\"" URN "userActionRequired\",\"instance\":\"https://ca.example/agree?x=1\"}");
  sdg_problem_from_response(&problem, &response, NOW);
  assert_string_equal(problem.instance, "https://ca.example/agree?x=1");
  assert_int_equal(problem.retry_at, NOW + SDG_TIME_DAY);
}

static char *write(const stardeleg_problem *problem, bool record)
{
  sdg_json_writer w;
  char *text = NULL;
  sdg_buf out;

  sdg_buf_init(&out, 1u << 16);
  sdg_jw_init(&w, &out);
  if (record) {
    sdg_problem_write_record(&w, NULL, problem);
  } else {
    sdg_problem_write(&w, NULL, problem);
  }
  assert_ok(sdg_buf_take(&out, &text, NULL));
  sdg_buf_clear(&out);
  return text;
}

/* ACME-6.7-01, ACME-6.7.1-02: what a server writes */
static void written(void **state)
{
  stardeleg_problem problem;
  char *text;

  (void)state;
  sdg_problem_set(&problem, STARDELEG_ACME_REJECTED_IDENTIFIER, "not yours");
  sdg_problem_set_place(&problem, sdg_bytes_str("/identifiers/1"));
  sdg_problem_add_sub(&problem, STARDELEG_ACME_REJECTED_IDENTIFIER, "dns", sdg_bytes_str("a.example"), "foreign");
  sdg_problem_add_sub(&problem, STARDELEG_ACME_CAA, NULL, sdg_bytes_str(""), "x");
  text = write(&problem, false);
  assert_string_equal(
      text, "{\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"not yours (at /identifiers/1)\",\"status\":403,"
            "\"subproblems\":[{\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"foreign\",\"identifier\":"
            "{\"type\":\"dns\",\"value\":\"a.example\"}},{\"type\":\"" URN "caa\",\"detail\":\"x\"}]}");
  free(text);
  sdg_problem_clear(&problem);
  problem.type[0] = '\0';
  text = write(&problem, false);
  assert_string_equal(text, "{\"type\":\"about:blank\"}");
  free(text);
}

/* Read from a peer, then kept: the same after any number of times. */
static void records(void **state)
{
  stardeleg_problem problem;
  char *first = NULL;

  (void)state;
  read_body(&problem, 429,
            "{\"type\":\"urn:x:\\u001b\",\"detail\":\"back\\\\slash \\u0000x\",\"instance\":\"https://a/\\u0007\"}");
  read_body(&problem, 429,
            "{\"type\":\"urn:x:\\u001b\",\"detail\":\"back\\\\slash \\u0001\",\"instance\":\"https://a/\\u0007\","
            "\"subproblems\":[{\"detail\":\"\\u0008\",\"identifier\":{\"type\":\"dns\",\"value\":\"\\\\\"}}]}");
  problem.retry_at = NOW;
  sdg_problem_set_place(&problem, sdg_bytes_str("/a\x01"));
  first = write(&problem, true);
  for (int i = 0; i < 3; i++) {
    stardeleg_problem again;
    sdg_json *tree = NULL;
    char *text;

    assert_ok(sdg_json_parse(&tree, sdg_bytes_str(first), NULL, NULL));
    sdg_problem_from_record(&again, tree);
    assert_memory_equal(&again, &problem, sizeof(problem));
    text = write(&again, true);
    assert_string_equal(text, first);
    free(text);
    sdg_json_free(tree);
  }
  free(first);
  sdg_problem_from_record(&problem, NULL);
  assert_string_equal(problem.type, "about:blank");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bodies),  cmocka_unit_test(subproblems), cmocka_unit_test(long_texts),
      cmocka_unit_test(written), cmocka_unit_test(records),     cmocka_unit_test(instance_and_retry),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
