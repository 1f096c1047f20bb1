/* SPDX-License-Identifier: Apache-2.0 */
/* acme_order_test.c -- order objects and newOrder requests; the figures of RFC 9115. */
#include "support/spoil.h"

#include "acme/order.h"
#include "base/bytes.h"

static stardeleg_err parse(const char *text, stardeleg_problem *problem)
{
  sdg_acme_order order;
  stardeleg_err err;

  memset(&order, 0x5a, sizeof(order));
  err = sdg_acme_order_parse(&order, sdg_bytes_str(text), problem);
  if (err == STARDELEG_OK) {
    sdg_acme_order_clear(&order);
  } else {
    assert_int_equal(*(unsigned char *)&order, 0x5a);
  }
  return err;
}

/* ACME-7.1.3-01, -03, ACME-7.4-17, STARDEL-2.3.2-09 */
static void spoiled(void **state)
{
  static const spoiling cases[] = {
      {"status", NULL, false, "/status"},
      {"status", "\"frozen\"", false, "/status"},
      {"status", "\"cancelled\"", false, "/status"},
      {"status", "\"Valid\"", false, "/status"},
      {"status", "1", false, "/status"},
      {"status", "\"canceled\"", true, NULL},
      {"status", "\"pending\"", true, NULL},
      {"identifiers", NULL, false, "/identifiers"},
      {"identifiers", "[]", false, "/identifiers"},
      {"identifiers", "{}", false, "/identifiers"},
      {"identifiers", "[\"a.example\"]", false, "/identifiers/0"},
      {"identifiers", "[{\"type\":\"dns\"}]", false, "/identifiers/0"},
      {"identifiers", "[{\"type\":\"dns\",\"value\":\"a.b\"},{\"type\":1,\"value\":\"b.a\"}]", false, "/identifiers/1"},
      {"authorizations", NULL, false, "/authorizations"},
      {"authorizations", "null", true, NULL},
      {"authorizations", "\"https://a.example/\"", false, "/authorizations"},
      {"authorizations", "[\"https://a.example/1\",\"/2\"]", false, "/authorizations/1"},
      {"authorizations", "[null]", false, "/authorizations/0"},
      {"authorizations", "[\"https://a.example/1\"]", true, NULL},
      {"finalize", NULL, false, "/finalize"},
      {"finalize", "\"x\"", false, "/finalize"},
      {"expires", NULL, true, NULL},
      {"expires", "\"2016-01-20T14:09:07.99Z\"", true, NULL},
      {"expires", "\"2016-01-20t14:09:07+04:00\"", true, NULL},
      {"expires", "\"2016-01-20T14:09:07\"", false, "/expires"},
      {"expires", "1453298947", false, "/expires"},
      {"notBefore", "\"2021-04-20\"", false, "/notBefore"},
      {"notAfter", "\"2021-13-20T00:00:00Z\"", false, "/notAfter"},
      {"notAfter", "\"2021-12-20T00:00:00Z\"", true, NULL},
      {"error", "\"no\"", false, "/error"},
      {"error", "{}", true, NULL},
      {"certificate", "\"/c\"", false, "/certificate"},
      {"star-certificate", "1", false, "/star-certificate"},
      {"auto-renewal", "[]", false, "/auto-renewal"},
      {"auto-renewal", NULL, true, NULL},
      {"delegation", "{}", false, "/delegation"},
      {"delegation", NULL, true, NULL},
      {"allow-certificate-get", "\"true\"", false, "/allow-certificate-get"},
      {"allow-certificate-get", "false", true, NULL},
      /* null is absent, where that does no harm: servers of others write it */
      {"expires", "null", true, NULL},
      {"notBefore", "null", true, NULL},
      {"notAfter", "null", true, NULL},
      {"error", "null", true, NULL},
      {"certificate", "null", true, NULL},
      {"star-certificate", "null", true, NULL},
      {"auto-renewal", "null", true, NULL},
      {"delegation", "null", true, NULL},
      {"allow-certificate-get", "null", true, NULL},
      {"replaces", "null", true, NULL},
      {"profile", "null", true, NULL},
      {"status", "null", false, "/status"},
      {"identifiers", "null", false, "/identifiers"},
      {"finalize", "null", false, "/finalize"},
      {"replaces", "1", false, "/replaces"},
      {"profile", "[]", false, "/profile"},
  };
  char *text = test_file("vectors/acme/rfc9115_fig06_star_order_valid.json", NULL);

  (void)state;
  spoil_all(parse, text, cases, sizeof(cases) / sizeof(cases[0]));
  free(text);
}

static void same_json(const char *a, stardeleg_bytes b)
{
  sdg_json *before = NULL;
  sdg_json *after = NULL;

  assert_ok(sdg_json_parse(&before, sdg_bytes_str(a), NULL, NULL));
  assert_ok(sdg_json_parse(&after, b, NULL, NULL));
  assert_true(sdg_json_equal(before, after));
  sdg_json_free(before);
  sdg_json_free(after);
}

static void write_order(const char *text)
{
  sdg_acme_order order;
  sdg_json_writer w;
  sdg_buf out;

  sdg_buf_init(&out, 1u << 16);
  assert_ok(sdg_acme_order_parse(&order, sdg_bytes_str(text), NULL));
  sdg_jw_init(&w, &out);
  sdg_acme_order_write(&w, NULL, &order);
  same_json(text, sdg_buf_bytes(&out));
  sdg_acme_order_clear(&order);
  sdg_buf_clear(&out);
}

/* STARDEL-2.3.2-10, -11, -21: the figures go in and out without a difference, unknown members of auto-renewal too */
static void figures(void **state)
{
  static const char *const files[] = {
      "vectors/acme/rfc9115_fig05_star_order_created.json", "vectors/acme/rfc9115_fig06_star_order_valid.json",
      "vectors/acme/rfc9115_fig08_nonstar_order_created.json", "vectors/acme/rfc9115_fig09_nonstar_order_valid.json"};
  sdg_acme_order order;
  char *text;

  (void)state;
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
    char *more;

    text = test_file(files[i], NULL);
    write_order(text);
    more = spoil_member(text, "auto-renewal", "{\"lifetime\":1,\"x\":[1.50,null,{\"y\":\"\\u00e9\"}]}");
    write_order(more);
    free(more);
    more = spoil_member(text, "delegation", "\"\"");
    write_order(more);
    free(more);
    more = spoil_member(text, "allow-certificate-get", "false");
    write_order(more);
    free(more);
    free(text);
  }
  text = test_file(files[1], NULL);
  assert_ok(sdg_acme_order_parse(&order, sdg_bytes_str(text), NULL));
  assert_int_equal(order.status, SDG_ORDER_VALID);
  assert_string_equal(order.star_certificate, "https://acme.ca.example/acme/order/yTr23sSDg9");
  assert_string_equal(order.delegation, "https://acme.ido.example/acme/delegation/gm0wfLYHBen");
  assert_int_equal(order.authorization_count, 0);
  assert_int_equal(order.certificate_get, SDG_ABSENT);
  assert_int_equal(order.expires, 1619827200000);
  sdg_acme_order_clear(&order);
  free(text);
}

/* ACME-7.1.3-03: one instant in four notations */
static void dates(void **state)
{
  static const char *const same[] = {"\"2016-01-20T14:09:07Z\"", "\"2016-01-20T18:09:07+04:00\"",
                                     "\"2016-01-20t14:09:07z\"", "\"2016-01-20T14:09:07.000Z\""};
  char *text = test_file("vectors/acme/rfc9115_fig05_star_order_created.json", NULL);

  (void)state;
  for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
    char *changed = spoil_member(text, "expires", same[i]);
    sdg_acme_order order;

    assert_ok(sdg_acme_order_parse(&order, sdg_bytes_str(changed), NULL));
    assert_int_equal(order.expires, 1453298947000);
    sdg_acme_order_clear(&order);
    free(changed);
  }
  free(text);
}

/* A list of |count| times |before|, a number, |behind|. */
static char *make_list(const char *before, const char *behind, unsigned count)
{
  char *text = NULL;
  sdg_buf out;

  sdg_buf_init(&out, 1u << 20);
  for (unsigned i = 0; i < count; i++) {
    sdg_buf_add_str(&out, i == 0 ? "[" : ",");
    sdg_buf_add_str(&out, before);
    sdg_buf_add_int(&out, i);
    sdg_buf_add_str(&out, behind);
  }
  sdg_buf_add_str(&out, "]");
  assert_ok(sdg_buf_take(&out, &text, NULL));
  sdg_buf_clear(&out);
  return text;
}

/* There is an end to everything a server may send. */
static void limits(void **state)
{
  static const struct {
    const char *member;
    const char *before, *behind;
    unsigned most;
  } cases[] = {{"identifiers", "{\"type\":\"dns\",\"value\":\"n", ".example\"}", SDG_IDENTIFIERS_MAX},
               {"authorizations", "\"https://ca.example/", "\"", SDG_AUTHORIZATIONS_MAX}};
  char *text = test_file("vectors/acme/rfc9115_fig05_star_order_created.json", NULL);
  char deep[64] = "{\"a\":";

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    for (unsigned more = 0; more < 3; more++) {
      char *list = make_list(cases[i].before, cases[i].behind, more < 2 ? cases[i].most + more : 5000);
      char *changed = spoil_member(text, cases[i].member, list);

      assert_int_equal(parse(changed, NULL), more == 0 ? STARDELEG_OK : STARDELEG_ERR_MALFORMED);
      free(changed);
      free(list);
    }
  }
  memset(deep + 5, '[', 12);
  memset(deep + 17, ']', 12);
  deep[29] = '}';
  for (int i = 0; i < 2; i++) {
    char *changed = spoil_member(text, "auto-renewal", i == 0 ? deep : "{\"a\":[[[[[]]]]]}");

    assert_int_equal(parse(changed, NULL), i == 0 ? STARDELEG_ERR_MALFORMED : STARDELEG_OK);
    free(changed);
  }
  free(text);
}

/* --- newOrder --- */

static stardeleg_err parse_request(const char *text, stardeleg_problem *problem)
{
  sdg_acme_new_order order;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_json_parse(&tree, sdg_bytes_str(text), NULL, NULL);

  if (err == STARDELEG_OK) {
    memset(&order, 0x5a, sizeof(order));
    err = sdg_acme_new_order_parse(&order, tree, problem);
    if (err == STARDELEG_OK) {
      sdg_acme_new_order_clear(&order);
    } else {
      assert_int_equal(*(unsigned char *)&order, 0x5a);
    }
  } else if (problem != NULL) {
    problem->acme = STARDELEG_ACME_MALFORMED; /* doubled members: the reader's matter */
    problem->detail[0] = '!';
  }
  sdg_json_free(tree);
  return err;
}

/* STARDEL-2.3.1.3-08 and the form of newOrder */
static void requests(void **state)
{
  static const spoiling cases[] = {
      {"identifiers", NULL, false, "/identifiers"},
      {"identifiers", "[]", false, "/identifiers"},
      {"identifiers", "\"a.example\"", false, "/identifiers"},
      {"auto-renewal", NULL, true, NULL},
      {"recurrent", "true", false, "/recurrent"}, /* early drafts: said, not ignored */
      {"recurrent-end-date", "\"2026-03-01T00:00:00Z\"", false, "/recurrent-end-date"},
      {"recurrent-certificate-validity", "345600", false, "/recurrent-certificate-validity"},
      {"auto-renewal", "true", false, "/auto-renewal"},
      {"delegation", NULL, true, NULL},
      {"delegation", "5", false, "/delegation"},
      {"delegation", "{}", false, "/delegation"},
      {"delegation", "null", false, "/delegation"},
      {"allow-certificate-get", "1", false, "/allow-certificate-get"},
      {"allow-certificate-get", "true", true, NULL},
      {"notBefore", "\"2021-04-20T00:00:00Z\"", true, NULL},
      {"notBefore", "1", false, "/notBefore"},
      {"notAfter", "\"tomorrow\"", false, "/notAfter"},
      {"replaces", "[]", false, "/replaces"},
      {"profile", "1", false, "/profile"},
      {"profile", "\"shortlived\"", true, NULL},
  };
  static const char *const files[] = {"vectors/acme/rfc9115_fig04_star_neworder_payload.json",
                                      "vectors/acme/rfc9115_fig07_nonstar_neworder_payload.json"};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    char *text = test_file(files[i], NULL);

    spoil_all(parse_request, text, cases, sizeof(cases) / sizeof(cases[0]));
    free(text);
  }
}

/* What is kept of a request has a bound of its own: it stays for as long as the order does. */
static void long_requests(void **state)
{
  static const char *const head = "{\"end-date\":\"2030-01-01T00:00:00Z\",\"lifetime\":345600,"
                                  "\"allow-certificate-get\":true,\"x\":\"";
  char *text = test_file("vectors/acme/rfc9115_fig04_star_neworder_payload.json", NULL);

  (void)state;
  for (size_t more = 0; more < 2; more++) {
    size_t len = 4096 + more;
    char *object = malloc(len + 1);
    stardeleg_problem problem;
    char *changed;

    assert_non_null(object);
    memset(object, 'y', len);
    memcpy(object, head, strlen(head));
    memcpy(object + len - 2, "\"}", 3);
    changed = spoil_member(text, "auto-renewal", object);
    memset(&problem, 0, sizeof(problem));
    assert_int_equal(parse_request(changed, &problem), more == 0 ? STARDELEG_OK : STARDELEG_ERR_MALFORMED);
    if (more > 0) {
      assert_int_equal(problem.acme, STARDELEG_ACME_MALFORMED);
      assert_non_null(strstr(problem.detail, "4096"));
    }
    free(changed);
    free(object);
  }
  free(text);
}

/* STARDEL-2.3.2-01, -04, -05, -17, -19: what was asked for is what is written */
static void requests_round_trip(void **state)
{
  static const char *const files[] = {"vectors/acme/rfc9115_fig04_star_neworder_payload.json",
                                      "vectors/acme/rfc9115_fig07_nonstar_neworder_payload.json"};

  (void)state;
  for (size_t i = 0; i < 4; i++) {
    char *figure = test_file(files[i % 2], NULL);
    char *text = i < 2 ? spoil_member(figure, "none", NULL)
                       : spoil_member(figure, "identifiers",
                                      "[{\"type\":\"dns\",\"value\":\"B.Example\"},{\"type\":\"dns\",\"value\":\"a."
                                      "example\"},{\"type\":\"dns\",\"value\":\"b.example\"}]");
    sdg_acme_new_order order;
    sdg_json *tree = NULL;
    sdg_json_writer w;
    sdg_buf out;

    sdg_buf_init(&out, 1u << 16);
    assert_ok(sdg_json_parse(&tree, sdg_bytes_str(text), NULL, NULL));
    assert_ok(sdg_acme_new_order_parse(&order, tree, NULL));
    sdg_jw_init(&w, &out);
    sdg_acme_new_order_write(&w, &order);
    same_json(text, sdg_buf_bytes(&out));
    sdg_acme_new_order_clear(&order);
    sdg_json_free(tree);
    sdg_buf_clear(&out);
    free(text);
    free(figure);
  }
}

static void names(void **state)
{
  sdg_order_status status = SDG_ORDER_INVALID;

  (void)state;
  for (int i = SDG_ORDER_PENDING; i <= SDG_ORDER_CANCELED; i++) {
    assert_ok(sdg_order_status_from_name(&status, sdg_order_status_name((sdg_order_status)i)));
    assert_int_equal(status, i);
  }
  assert_err(STARDELEG_ERR_MALFORMED, sdg_order_status_from_name(&status, ""));
  assert_string_equal(sdg_order_status_name((sdg_order_status)99), "invalid");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spoiled), cmocka_unit_test(figures),  cmocka_unit_test(dates),
      cmocka_unit_test(limits),  cmocka_unit_test(requests), cmocka_unit_test(long_requests),
      cmocka_unit_test(requests_round_trip),           cmocka_unit_test(names),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
