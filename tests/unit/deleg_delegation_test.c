/* SPDX-License-Identifier: Apache-2.0 */
/* deleg_delegation_test.c -- delegation objects and lists of them (RFC 9115 2.3.1.2, 2.3.1.3). */
#include "support/spoil.h"

#include "base/bytes.h"
#include "deleg/delegation.h"

static stardeleg_err parse(const char *text, stardeleg_problem *problem)
{
  sdg_delegation delegation;
  stardeleg_err err;

  memset(&delegation, 0x5a, sizeof(delegation));
  err = sdg_delegation_parse(&delegation, sdg_bytes_str(text), problem);
  if (err == STARDELEG_OK) {
    sdg_delegation_clear(&delegation);
  } else {
    assert_int_equal(*(unsigned char *)&delegation, 0x5a);
  }
  return err;
}

/* STARDEL-2.3.1.3-01 to -04, on the object of figure 3 */
static void spoiled(void **state)
{
  static const spoiling cases[] = {
      {"csr-template", NULL, false, "/csr-template"},
      {"csr-template", "\"{}\"", false, "/csr-template"},
      {"csr-template", "[]", false, "/csr-template"},
      {"csr-template", "null", false, "/csr-template"},
      {"cname-map", NULL, true, NULL},
      {"cname-map", "{}", true, NULL},
      {"cname-map", "[]", false, "/cname-map"},
      {"cname-map", "null", false, "/cname-map"},
      {"cname-map", "{\"abc.ido.example\":\"abc.ndc.example.\"}", false, "/cname-map/abc.ido.example"},
      {"cname-map", "{\"abc.ido.example.\":\"abc.ndc.example\"}", false, "/cname-map/abc.ido.example."},
      {"cname-map", "{\"abc.ido.example.\":{}}", false, "/cname-map/abc.ido.example."},
      {"cname-map", "{\"abc.ido.example.\":[\"abc.ndc.example.\"]}", false, "/cname-map/abc.ido.example."},
      {"cname-map", "{\"abc.ido.example.\":\"\"}", false, "/cname-map/abc.ido.example."},
      {"cname-map", "{\"abc.ido.example.\":\".\"}", false, "/cname-map/abc.ido.example."},
      {"cname-map", "{\"abc.ido.example.\":\"abc.ndc.example..\"}", false, "/cname-map/abc.ido.example."},
      {"cname-map", "{\"abc.ido.example.\":\"a b.example.\"}", false, "/cname-map/abc.ido.example."},
      {"cname-map", "{\"abc.ido.example.\":\"*.ndc.example.\"}", false, "/cname-map/abc.ido.example."},
      {"cname-map", "{\"*.ido.example.\":\"abc.ndc.example.\"}", true, NULL},
      {"cname-map", "{\"\":\"abc.ndc.example.\"}", false, "/cname-map/"},
      {"cname-map", "{\".\":\"abc.ndc.example.\"}", false, "/cname-map/."},
      {"cname-map", "{\"a/b~\":\"abc.ndc.example.\"}", false, "/cname-map/a~1b~0"},
      {"cname-map", "{\"a.example.\":\"x.example.\",\"b.example.\":\"x.example\"}", false, "/cname-map/b.example."},
      {"cname-map", "{\"a.example.\":\"x.example.\",\"A.Example.\":\"y.example.\"}", false, "/cname-map/A.Example."},
      {"cname-map", "{\"a.example.\":\"x.example.\",\"b.example.\":\"x.example.\"}", true, NULL},
  };
  char *figure = test_file("vectors/acme/rfc9115_fig03_delegation.json", NULL);

  (void)state;
  spoil_all(parse, figure, cases, sizeof(cases) / sizeof(cases[0]));
  free(figure);
}

static void figure(void **state)
{
  char *text = test_file("vectors/acme/rfc9115_fig03_delegation.json", NULL);
  sdg_delegation delegation;
  sdg_json *before = NULL;
  sdg_json *after = NULL;
  sdg_json_writer w;
  sdg_buf out;

  (void)state;
  sdg_buf_init(&out, 1u << 16);
  assert_ok(sdg_delegation_parse(&delegation, sdg_bytes_str(text), NULL));
  assert_int_equal(delegation.cname_count, 1);
  assert_string_equal(delegation.cnames[0].name, "abc.ido.example.");
  assert_string_equal(delegation.cnames[0].target, "abc.ndc.example.");
  sdg_jw_init(&w, &out);
  sdg_delegation_write(&w, &delegation);
  assert_ok(sdg_json_parse(&before, sdg_bytes_str(text), NULL, NULL));
  assert_ok(sdg_json_parse(&after, sdg_buf_bytes(&out), NULL, NULL));
  assert_true(sdg_json_equal(before, after));
  sdg_json_free(before);
  sdg_json_free(after);
  sdg_delegation_clear(&delegation);
  sdg_buf_clear(&out);
  free(text);
}

static void cname_limit(void **state)
{
  (void)state;
  for (int more = 0; more < 2; more++) {
    sdg_json_limits limits = sdg_json_limits_default();
    sdg_cname *cnames = NULL;
    sdg_json *tree = NULL;
    size_t count = 0;
    sdg_buf text;

    limits.items_max = 1000;
    sdg_buf_init(&text, 1u << 20);
    for (int i = 0; i < SDG_CNAMES_MAX + more; i++) {
      sdg_buf_add_str(&text, i == 0 ? "{\"n" : ",\"n");
      sdg_buf_add_int(&text, i);
      sdg_buf_add_str(&text, ".example.\":\"t.example.\"");
    }
    sdg_buf_add_str(&text, "}");
    assert_ok(sdg_json_parse(&tree, sdg_buf_bytes(&text), &limits, NULL));
    assert_int_equal(sdg_cname_map_parse(&cnames, &count, tree, NULL),
                     more == 0 ? STARDELEG_OK : STARDELEG_ERR_MALFORMED);
    assert_int_equal(count, more == 0 ? SDG_CNAMES_MAX : 0);
    sdg_cname_map_free(cnames, count);
    sdg_json_free(tree);
    sdg_buf_clear(&text);
  }
}

static stardeleg_err parse_list(const char *text, stardeleg_problem *problem)
{
  sdg_delegation_list list;
  stardeleg_err err;

  memset(&list, 0x5a, sizeof(list));
  err = sdg_delegation_list_parse(&list, sdg_bytes_str(text), problem);
  if (err == STARDELEG_OK) {
    sdg_delegation_list_clear(&list);
  } else {
    assert_int_equal(*(unsigned char *)&list, 0x5a);
  }
  return err;
}

/* STARDEL-2.3.1.2-01, -02 */
static void lists(void **state)
{
  static const spoiling cases[] = {
      {"delegations", NULL, false, "/delegations"},
      {"delegations", "[]", true, NULL},
      {"delegations", "null", false, "/delegations"},
      {"delegations", "\"https://a.example/\"", false, "/delegations"},
      {"delegations", "{}", false, "/delegations"},
      {"delegations", "[\"https://a.example/1\",\"/2\"]", false, "/delegations/1"},
      {"delegations", "[\"https://a.example/1\",2]", false, "/delegations/1"},
      {"delegations", "[\"https://a.example/1\",\"ftp://a.example/\"]", false, "/delegations/1"},
      {"delegations", "[\"https://a.example/1#x\"]", false, "/delegations/0"},
  };
  char *text = test_file("vectors/acme/rfc9115_delegations_list.json", NULL);
  sdg_delegation_list list;

  (void)state;
  spoil_all(parse_list, text, cases, sizeof(cases) / sizeof(cases[0]));
  assert_err(STARDELEG_ERR_MALFORMED, parse_list("[\"https://a.example/1\"]", NULL)); /* a bare array */
  assert_ok(sdg_delegation_list_parse(&list, sdg_bytes_str(text), NULL));
  assert_int_equal(list.count, 3);
  /* STARDEL-2.3.1.3-09: byte by byte */
  assert_string_equal(list.urls[2], "https://acme.ido.example/acme/delegation/gm0wfLYHBen");
  sdg_delegation_list_clear(&list);
  free(text);
}

static void list_limit(void **state)
{
  (void)state;
  for (int more = 0; more < 2; more++) {
    sdg_buf text;

    sdg_buf_init(&text, 1u << 20);
    for (int i = 0; i < SDG_DELEGATIONS_PAGE_MAX + more; i++) {
      sdg_buf_add_str(&text, i == 0 ? "{\"delegations\":[\"https://ido.example/" : ",\"https://ido.example/");
      sdg_buf_add_int(&text, i);
      sdg_buf_add_str(&text, "\"");
    }
    sdg_buf_add_str(&text, "]}");
    assert_int_equal(parse_list(sdg_buf_str(&text), NULL), more == 0 ? STARDELEG_OK : STARDELEG_ERR_MALFORMED);
    sdg_buf_clear(&text);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(spoiled), cmocka_unit_test(figure), cmocka_unit_test(cname_limit),
                                     cmocka_unit_test(lists), cmocka_unit_test(list_limit)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
