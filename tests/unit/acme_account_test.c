/* SPDX-License-Identifier: Apache-2.0 */
/* acme_account_test.c -- account objects, newAccount requests, contacts. */
#include "support/spoil.h"

#include "acme/account.h"
#include "base/bytes.h"

static stardeleg_err parse(const char *text, stardeleg_problem *problem)
{
  sdg_acme_account account;
  stardeleg_err err;

  memset(&account, 0x5a, sizeof(account));
  err = sdg_acme_account_parse(&account, sdg_bytes_str(text), problem);
  if (err == STARDELEG_OK) {
    sdg_acme_account_clear(&account);
  } else {
    assert_int_equal(*(unsigned char *)&account, 0x5a);
  }
  return err;
}

/* RFC 9115 figure 2; ACME-7.1.2-02, T-19, T-60 */
static void spoiled(void **state)
{
  static const spoiling cases[] = {
      {"status", NULL, false, "/status"},
      {"status", "\"frozen\"", false, "/status"},
      {"status", "\"VALID\"", false, "/status"},
      {"status", "null", false, "/status"},
      {"status", "\"deactivated\"", true, NULL},
      {"status", "\"revoked\"", true, NULL},
      {"contact", NULL, true, NULL},
      {"contact", "[]", true, NULL},
      {"contact", "[1,null]", true, NULL},
      {"contact", "\"mailto:a@b.example\"", false, "/contact"},
      {"termsOfServiceAgreed", NULL, true, NULL},
      {"termsOfServiceAgreed", "1", false, "/termsOfServiceAgreed"},
      {"orders", NULL, true, NULL},
      {"orders", "\"/orders\"", false, "/orders"},
      {"orders", "[]", false, "/orders"},
      {"delegations", NULL, true, NULL},
      {"delegations", "\"\"", false, "/delegations"},
      {"delegations", "[\"https://a.example/\"]", false, "/delegations"},
      {"externalAccountBinding", "{\"payload\":\"x\"}", true, NULL},
      {"externalAccountBinding", "\"x\"", false, "/externalAccountBinding"},
      /* null is absent, where that does no harm: servers of others write it */
      {"contact", "null", true, NULL},
      {"termsOfServiceAgreed", "null", true, NULL},
      {"orders", "null", true, NULL},
      {"delegations", "null", true, NULL},
      {"externalAccountBinding", "null", true, NULL},
  };
  char *figure = test_file("vectors/acme/rfc9115_fig02_account.json", NULL);

  (void)state;
  spoil_all(parse, figure, cases, sizeof(cases) / sizeof(cases[0]));
  free(figure);
}

/* STARDEL-2.3.1.1-01: the figure, in and out */
static void figure(void **state)
{
  char *text = test_file("vectors/acme/rfc9115_fig02_account.json", NULL);
  sdg_acme_account account;
  sdg_json *before = NULL;
  sdg_json *after = NULL;
  sdg_json_writer w;
  sdg_buf out;

  (void)state;
  sdg_buf_init(&out, 1u << 16);
  assert_ok(sdg_acme_account_parse(&account, sdg_bytes_str(text), NULL));
  assert_string_equal(account.delegations, "https://acme.ido.example/acme/delegations/adFqoz");
  assert_string_equal(account.orders, "https://example.com/acme/orders/saHpfB");
  assert_int_equal(account.contact_count, 1);
  assert_true(account.terms_agreed);
  sdg_jw_init(&w, &out);
  sdg_jw_object(&w, NULL);
  sdg_acme_account_write_members(&w, &account);
  sdg_jw_object_end(&w);
  assert_ok(sdg_json_parse(&before, sdg_bytes_str(text), NULL, NULL));
  assert_ok(sdg_json_parse(&after, sdg_buf_bytes(&out), NULL, NULL));
  assert_true(sdg_json_equal(before, after));
  sdg_json_free(before);
  sdg_json_free(after);
  sdg_acme_account_clear(&account);
  sdg_buf_clear(&out);
  free(text);
}

static void many_contacts(void **state)
{
  sdg_acme_account account;

  (void)state;
  assert_ok(sdg_acme_account_parse(
      &account,
      sdg_bytes_str("{\"status\":\"valid\",\"contact\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}"),
      NULL));
  assert_int_equal(account.contact_count, SDG_CONTACTS_MAX);
  sdg_acme_account_clear(&account);
  assert_string_equal(sdg_account_status_name((sdg_account_status)77), "revoked"); /* never better than it is */
}

/* ACME-7.3-03 to ACME-7.3-07 */
static void contacts(void **state)
{
  static const struct {
    const char *contact;
    stardeleg_acme_error acme; /* NONE: good */
  } cases[] = {
      {"mailto:a@example.org", STARDELEG_ACME_NONE},
      {"MAILTO:a.b+c@example.org", STARDELEG_ACME_NONE},
      {"mailto:", STARDELEG_ACME_INVALID_CONTACT},
      {"mailto:a", STARDELEG_ACME_INVALID_CONTACT},
      {"mailto:@example.org", STARDELEG_ACME_INVALID_CONTACT},
      {"mailto:a@", STARDELEG_ACME_INVALID_CONTACT},
      {"mailto:a@example.org,b@example.org", STARDELEG_ACME_INVALID_CONTACT},
      {"mailto:a@example.org?subject=x", STARDELEG_ACME_INVALID_CONTACT},
      {"mailto:a@example.org?", STARDELEG_ACME_INVALID_CONTACT},
      {"mailto:a b@example.org", STARDELEG_ACME_INVALID_CONTACT},
      {"mailto:a@example.org\n", STARDELEG_ACME_INVALID_CONTACT},
      {"mailto:a@@example.org", STARDELEG_ACME_INVALID_CONTACT},
      {"tel:+12025551212", STARDELEG_ACME_UNSUPPORTED_CONTACT},
      {"https://example.org/", STARDELEG_ACME_UNSUPPORTED_CONTACT},
      {"a@example.org", STARDELEG_ACME_UNSUPPORTED_CONTACT},
      {"", STARDELEG_ACME_UNSUPPORTED_CONTACT},
      {"mail", STARDELEG_ACME_UNSUPPORTED_CONTACT},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    stardeleg_problem problem = {0};
    stardeleg_err err = sdg_acme_contact_check(cases[i].contact, &problem);

    if ((err == STARDELEG_OK) != (cases[i].acme == STARDELEG_ACME_NONE)) {
      fail_msg("%s", cases[i].contact);
    }
    assert_int_equal(problem.acme, cases[i].acme);
    if (cases[i].acme == STARDELEG_ACME_UNSUPPORTED_CONTACT) {
      assert_non_null(strstr(problem.detail, "mailto")); /* ACME-7.3-06: says what it takes */
    }
  }
}

static stardeleg_err parse_request(const char *text, stardeleg_problem *problem)
{
  sdg_acme_new_account request;
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_json_parse(&tree, sdg_bytes_str(text), NULL, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_acme_new_account_parse(&request, tree, problem);
  } else if (problem != NULL) {
    problem->acme = STARDELEG_ACME_MALFORMED; /* doubled members: the reader's matter */
    problem->detail[0] = '!';
  }
  sdg_json_free(tree);
  return err;
}

/* ACME-7.3-01: what does not belong to it is ignored */
static void requests(void **state)
{
  static const char request[] = "{\"contact\":[\"mailto:a@example.org\"],\"termsOfServiceAgreed\":true,"
                                "\"onlyReturnExisting\":false,\"externalAccountBinding\":{}}";
  static const spoiling cases[] = {
      {"contact", NULL, true, NULL},
      {"contact", "[]", true, NULL},
      {"contact", "null", false, "/contact"},
      {"contact", "[1]", false, "/contact"},
      {"contact", "\"mailto:a@example.org\"", false, "/contact"},
      {"termsOfServiceAgreed", "\"true\"", false, "/termsOfServiceAgreed"},
      {"onlyReturnExisting", "0", false, "/onlyReturnExisting"},
      {"externalAccountBinding", "\"\"", false, "/externalAccountBinding"},
      {"orders", "5", true, NULL},
      {"delegations", "\"https://evil.example/\"", true, NULL}, /* STARDEL-2.3.1.1-02 */
      {"status", "{}", true, NULL},
  };
  stardeleg_problem problem = {0};

  (void)state;
  spoil_all(parse_request, request, cases, sizeof(cases) / sizeof(cases[0]));
  assert_err(STARDELEG_ERR_MALFORMED, parse_request("[]", &problem));
  assert_err(STARDELEG_ERR_MALFORMED,
             parse_request("{\"contact\":[\"mailto:1@a.b\",\"mailto:2@a.b\",\"mailto:3@a.b\",\"mailto:4@a.b\","
                           "\"mailto:5@a.b\",\"mailto:6@a.b\",\"mailto:7@a.b\",\"mailto:8@a.b\",\"mailto:9@a.b\"]}",
                           &problem));
  assert_int_equal(problem.acme, STARDELEG_ACME_INVALID_CONTACT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(spoiled), cmocka_unit_test(figure),
                                     cmocka_unit_test(many_contacts), cmocka_unit_test(contacts),
                                     cmocka_unit_test(requests)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
