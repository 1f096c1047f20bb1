/* SPDX-License-Identifier: Apache-2.0 */
/* unit/caa_evaluate_test.c -- CAA: climbing, properties, parameters, and the records an owner adds. */
#include "support/test.h"

#include <stdbool.h>

#include <stardeleg/caa.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ACCOUNT "https://ca.example/acme/acct/17"

/* One record: flags, tag, value. */
typedef struct caa_row {
  unsigned flags;
  const char *tag;
  const char *value;
} caa_row;

static const char *const issuers[] = {"ca.example", "ca2.example", NULL};
static const char *const accounts[] = {ACCOUNT, "https://old.ca.example/17", NULL};

static stardeleg_caa *begin(const char *name, const char *method, const char *const *uris)
{
  stardeleg_caa_question question = {sizeof(question), name, issuers, uris, method};
  stardeleg_caa *caa = NULL;

  assert_ok(stardeleg_caa_new(&caa, &question));
  return caa;
}

static size_t make_rdata(uint8_t *out, const caa_row *row)
{
  size_t tag_len = strlen(row->tag);
  size_t value_len = strlen(row->value);

  out[0] = (uint8_t)row->flags;
  out[1] = (uint8_t)tag_len;
  memcpy(out + 2, row->tag, tag_len);
  memcpy(out + 2 + tag_len, row->value, value_len);
  return 2 + tag_len + value_len;
}

static void take(stardeleg_caa *caa, const caa_row *rows, size_t count)
{
  stardeleg_bytes rdata[8];
  uint8_t *room[8];

  assert_true(count <= 8);
  for (size_t i = 0; i < count; i++) {
    size_t len = 2 + strlen(rows[i].tag) + strlen(rows[i].value);

    room[i] = malloc(len); /* as long as the record: a byte too far is seen */
    assert_non_null(room[i]);
    rdata[i] = (stardeleg_bytes){room[i], make_rdata(room[i], &rows[i])};
  }
  assert_ok(stardeleg_caa_take(caa, rdata, count));
  for (size_t i = 0; i < count; i++) {
    free(room[i]);
  }
}

/* --- Climbing --- */

/* CAA-3-01 */
static void climbs_to_the_top(void **state)
{
  static const char *const steps[] = {"a.b.example.org", "b.example.org", "example.org", "org"};
  static const char *const names[] = {"a.b.example.org", "*.a.b.example.org"};

  (void)state;
  for (size_t n = 0; n < COUNT(names); n++) {
    stardeleg_caa *caa = begin(names[n], "dns-01", accounts);

    for (size_t i = 0; i < COUNT(steps); i++) {
      assert_string_equal(stardeleg_caa_next(caa), steps[i]);
      assert_null(stardeleg_caa_get(caa));
      assert_ok(stardeleg_caa_take(caa, NULL, 0));
    }
    assert_null(stardeleg_caa_next(caa)); /* not the root */
    assert_int_equal(stardeleg_caa_get(caa)->reason, STARDELEG_CAA_NO_RECORDS);
    assert_true(stardeleg_caa_get(caa)->allowed != 0);
    assert_string_equal(stardeleg_caa_get(caa)->found_at, "");
    assert_err(STARDELEG_ERR_STATE, stardeleg_caa_take(caa, NULL, 0));
    stardeleg_caa_free(caa);
  }
}

static void stops_at_the_first_set(void **state)
{
  static const caa_row deny[] = {{0, "issue", ";"}};
  static const caa_row allow[] = {{0, "issue", "ca.example"}};

  (void)state;
  for (size_t depth = 0; depth < 4; depth++) {
    for (int good = 0; good < 2; good++) {
      static const char *const at[] = {"a.b.example.org", "b.example.org", "example.org", "org"};
      stardeleg_caa *caa = begin("a.b.example.org", "dns-01", accounts);

      for (size_t i = 0; i < depth; i++) {
        assert_ok(stardeleg_caa_take(caa, NULL, 0));
      }
      take(caa, good ? allow : deny, 1);
      assert_null(stardeleg_caa_next(caa));
      assert_int_equal(stardeleg_caa_get(caa)->allowed != 0, good);
      assert_string_equal(stardeleg_caa_get(caa)->found_at, at[depth]);
      stardeleg_caa_free(caa);
    }
  }
}

/* --- Properties --- */

typedef struct caa_case {
  const char *what;
  const char *name;
  const char *method;
  stardeleg_caa_reason reason;
  caa_row rows[4];
  const char *decisive; /* NULL: not looked at */
} caa_case;

#define WWW "www.example.org"
#define WILD "*.example.org"

static const caa_case cases[] = {
    /* issue */
    {"ours", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{0, "issue", "ca.example"}}, "0 issue \"ca.example\""},
    {"our other name", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{0, "issue", "ca2.example"}}, NULL},
    {"upper case", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{0, "ISSUE", "CA.Example"}}, NULL}, /* CAA-4.1-02 */
    {"blanks", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{0, "issue", " \tca.example \t"}}, NULL},
    {"blanks and semicolon", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{0, "issue", " ca.example ; "}}, NULL},
    {"another's", WWW, "dns-01", STARDELEG_CAA_OTHER_ISSUER, {{0, "issue", "evil.example"}}, NULL},
    {"under ours", WWW, "dns-01", STARDELEG_CAA_OTHER_ISSUER, {{0, "issue", "x.ca.example"}}, NULL},
    {"begins like ours", WWW, "dns-01", STARDELEG_CAA_OTHER_ISSUER, {{0, "issue", "ca.example.evil"}}, NULL},
    {"ours and another's", WWW, "dns-01", STARDELEG_CAA_GRANTED,
     {{0, "issue", "evil.example"}, {0, "issue", "ca.example"}}, "0 issue \"ca.example\""},
    {"nobody", WWW, "dns-01", STARDELEG_CAA_NOBODY, {{0, "issue", ";"}}, "0 issue \";\""}, /* CAA-4.2-01 */
    {"nobody, empty", WWW, "dns-01", STARDELEG_CAA_NOBODY, {{0, "issue", ""}}, NULL},
    {"nobody, blanks", WWW, "dns-01", STARDELEG_CAA_NOBODY, {{0, "issue", "  "}}, NULL},
    {"nobody and ours", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{0, "issue", ";"}, {0, "issue", "ca.example"}}, NULL},
    /* CAA-4.2-01: malformed counts as nobody */
    {"percent", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "%%%%%"}}, NULL},
    {"final dot", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "ca.example."}}, NULL},
    {"dot in front", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", ".ca.example"}}, NULL},
    {"hyphen at an end", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "ca-.example"}}, NULL},
    {"two words", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "ca.example ca2.example"}}, NULL},
    {"a line feed", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "ca.example\n"}},
     "0 issue \"ca.example\\x0a\""},
    {"semicolon at the end", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "ca.example; a=b;"}}, NULL},
    {"two semicolons", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "ca.example; ; a=b"}}, NULL},
    {"no equals sign", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "ca.example; policy"}}, NULL},
    {"no parameter name", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "ca.example; =b"}}, NULL},
    {"blank in a value", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE, {{0, "issue", "ca.example; a=b c"}}, NULL},
    {"malformed and ours", WWW, "dns-01", STARDELEG_CAA_GRANTED,
     {{0, "issue", "%%%"}, {0, "issue", "ca.example"}}, NULL},
    {"malformed and another's", WWW, "dns-01", STARDELEG_CAA_OTHER_ISSUER,
     {{0, "issue", "%%%"}, {0, "issue", "evil.example"}}, NULL},
    /* what does not restrict */
    {"only iodef", WWW, "dns-01", STARDELEG_CAA_NOT_RESTRICTED, {{0, "iodef", "mailto:a@example.org"}}, ""},
    {"unknown", WWW, "dns-01", STARDELEG_CAA_NOT_RESTRICTED, {{0, "tbs", "x"}}, NULL},
    {"unknown, flag 1", WWW, "dns-01", STARDELEG_CAA_NOT_RESTRICTED, {{1, "tbs", "x"}}, NULL}, /* CAA-4.1-01 */
    {"unknown, flags 127", WWW, "dns-01", STARDELEG_CAA_NOT_RESTRICTED, {{127, "tbs", "x"}}, NULL}, /* CAA-4.1-02 */
    /* CAA-4.1-01 */
    {"critical unknown", WWW, "dns-01", STARDELEG_CAA_CRITICAL, {{128, "tbs", "x"}}, "128 tbs \"x\""},
    {"critical unknown, 255", WWW, "dns-01", STARDELEG_CAA_CRITICAL, {{255, "tbs", "x"}}, NULL},
    {"critical unknown beside ours", WWW, "dns-01", STARDELEG_CAA_CRITICAL,
     {{0, "issue", "ca.example"}, {128, "tbs", "x"}}, NULL},
    {"critical mail property", WWW, "dns-01", STARDELEG_CAA_CRITICAL, {{128, "issuemail", "ca.example"}}, NULL},
    {"critical known", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{128, "issue", "ca.example"}}, NULL},
    {"critical iodef", WWW, "dns-01", STARDELEG_CAA_NOT_RESTRICTED, {{128, "IODEF", "mailto:a@example.org"}}, NULL},
    /* CAA-4.3-01 */
    {"issuewild for others", WWW, "dns-01", STARDELEG_CAA_NOT_RESTRICTED, {{0, "issuewild", "evil.example"}}, NULL},
    {"issuewild nobody, issue ours", WWW, "dns-01", STARDELEG_CAA_GRANTED,
     {{0, "issuewild", ";"}, {0, "issue", "ca.example"}}, NULL},
    {"issuewild ours, issue nobody", WWW, "dns-01", STARDELEG_CAA_NOBODY,
     {{0, "issuewild", "ca.example"}, {0, "issue", ";"}}, NULL},
    {"wildcard, issuewild ours", WILD, "dns-01", STARDELEG_CAA_GRANTED,
     {{0, "issuewild", "ca.example"}, {0, "issue", ";"}}, "0 issuewild \"ca.example\""},
    {"wildcard, issuewild nobody", WILD, "dns-01", STARDELEG_CAA_NOBODY,
     {{0, "issue", "ca.example"}, {0, "IssueWild", ";"}}, NULL},
    {"wildcard, only issue", WILD, "dns-01", STARDELEG_CAA_GRANTED, {{0, "issue", "ca.example"}}, NULL},
    {"wildcard, issue of another", WILD, "dns-01", STARDELEG_CAA_OTHER_ISSUER, {{0, "issue", "evil.example"}}, NULL},
    {"wildcard, only iodef", WILD, "dns-01", STARDELEG_CAA_NOT_RESTRICTED, {{0, "iodef", "x"}}, NULL},
    {"wildcard, malformed issuewild", WILD, "dns-01", STARDELEG_CAA_MALFORMED_VALUE,
     {{0, "issue", "ca.example"}, {0, "issuewild", "%%"}}, NULL},
    /* CAA-3-04, CAA-3-06 */
    {"account", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{0, "issue", "ca.example; accounturi=" ACCOUNT}}, NULL},
    {"account by its old URI", WWW, "dns-01", STARDELEG_CAA_GRANTED,
     {{0, "issue", "ca.example;accounturi = https://old.ca.example/17"}}, NULL},
    {"tag in capitals", WWW, "dns-01", STARDELEG_CAA_OTHER_ACCOUNT, {{0, "issue", "ca.example; AccountURI=x"}}, NULL},
    {"other account", WWW, "dns-01", STARDELEG_CAA_OTHER_ACCOUNT,
     {{0, "issue", "ca.example; accounturi=https://ca.example/acme/acct/18"}}, NULL},
    {"account number only", WWW, "dns-01", STARDELEG_CAA_OTHER_ACCOUNT,
     {{0, "issue", "ca.example; accounturi=17"}}, NULL},
    {"account in other case", WWW, "dns-01", STARDELEG_CAA_OTHER_ACCOUNT,
     {{0, "issue", "ca.example; accounturi=https://ca.example/acme/ACCT/17"}}, NULL},
    {"empty account", WWW, "dns-01", STARDELEG_CAA_OTHER_ACCOUNT, {{0, "issue", "ca.example; accounturi="}}, NULL},
    {"our account at another CA", WWW, "dns-01", STARDELEG_CAA_OTHER_ISSUER,
     {{0, "issue", "evil.example; accounturi=" ACCOUNT}}, NULL},
    /* CAA-3-05 */
    {"account twice", WWW, "dns-01", STARDELEG_CAA_MALFORMED_PARAMETER,
     {{0, "issue", "ca.example; accounturi=" ACCOUNT "; accounturi=" ACCOUNT}}, NULL},
    {"other and our account", WWW, "dns-01", STARDELEG_CAA_MALFORMED_PARAMETER,
     {{0, "issue", "ca.example; accounturi=x; accounturi=" ACCOUNT}}, NULL},
    {"other account, ours in the next", WWW, "dns-01", STARDELEG_CAA_GRANTED,
     {{0, "issue", "ca.example; accounturi=x"}, {0, "issue", "ca.example; accounturi=" ACCOUNT}}, NULL},
    /* CAA-4-01, CAA-4-02, CAA-4-03 */
    {"method", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{0, "issue", "ca.example; validationmethods=dns-01"}}, NULL},
    {"method, second", WWW, "tls-alpn-01", STARDELEG_CAA_GRANTED,
     {{0, "issue", "ca.example; validationmethods=dns-01,tls-alpn-01"}}, NULL},
    {"other method", WWW, "http-01", STARDELEG_CAA_OTHER_METHOD,
     {{0, "issue", "ca.example; validationmethods=dns-01"}}, NULL},
    {"part of a label", WWW, "dns-0", STARDELEG_CAA_OTHER_METHOD,
     {{0, "issue", "ca.example; validationmethods=dns-01"}}, NULL},
    {"no method at all", WWW, "dns-01", STARDELEG_CAA_OTHER_METHOD,
     {{0, "issue", "ca.example; validationmethods="}}, NULL},
    {"the CA's own", WWW, "dns-01", STARDELEG_CAA_OTHER_METHOD,
     {{0, "issue", "ca.example; validationmethods=ca-foo"}}, NULL},
    {"unknown label beside", WWW, "dns-01", STARDELEG_CAA_GRANTED,
     {{0, "issue", "ca.example; validationmethods=x-99,dns-01"}}, NULL},
    {"comma at the end", WWW, "dns-01", STARDELEG_CAA_MALFORMED_PARAMETER,
     {{0, "issue", "ca.example; validationmethods=dns-01,"}}, NULL},
    {"comma in front", WWW, "dns-01", STARDELEG_CAA_MALFORMED_PARAMETER,
     {{0, "issue", "ca.example; validationmethods=,dns-01"}}, NULL},
    {"underscore", WWW, "dns-01", STARDELEG_CAA_MALFORMED_PARAMETER,
     {{0, "issue", "ca.example; validationmethods=dns_01,dns-01"}}, NULL},
    {"space in the list", WWW, "dns-01", STARDELEG_CAA_MALFORMED_VALUE,
     {{0, "issue", "ca.example; validationmethods=dns-01, http-01"}}, NULL},
    {"methods twice", WWW, "dns-01", STARDELEG_CAA_MALFORMED_PARAMETER,
     {{0, "issue", "ca.example; validationmethods=dns-01; validationmethods=dns-01"}}, NULL},
    {"method not known", WWW, NULL, STARDELEG_CAA_OTHER_METHOD,
     {{0, "issue", "ca.example; validationmethods=dns-01"}}, NULL},
    {"both", WWW, "dns-01", STARDELEG_CAA_GRANTED,
     {{0, "issue", "ca.example; accounturi=" ACCOUNT "; validationmethods=dns-01"}}, NULL},
    {"both, other way round", WWW, "dns-01", STARDELEG_CAA_GRANTED,
     {{0, "issue", "ca.example;validationmethods=dns-01;accounturi=" ACCOUNT}}, NULL},
    {"account right, method wrong", WWW, "http-01", STARDELEG_CAA_OTHER_METHOD,
     {{0, "issue", "ca.example; accounturi=" ACCOUNT "; validationmethods=dns-01"}}, NULL},
    {"account wrong, method right", WWW, "dns-01", STARDELEG_CAA_OTHER_ACCOUNT,
     {{0, "issue", "ca.example; validationmethods=dns-01; accounturi=x"}}, NULL},
    {"a parameter of the CA's own", WWW, "dns-01", STARDELEG_CAA_GRANTED, {{0, "issue", "ca.example; account=230123"}},
     NULL},
};

static void judges(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stardeleg_caa *caa = begin(cases[i].name, cases[i].method, accounts);
    size_t count = 0;
    bool allowed = cases[i].reason <= STARDELEG_CAA_GRANTED;

    while (count < COUNT(cases[i].rows) && cases[i].rows[count].tag != NULL) {
      count++;
    }
    print_message("%s\n", cases[i].what);
    take(caa, cases[i].rows, count);
    assert_int_equal(stardeleg_caa_get(caa)->reason, cases[i].reason);
    assert_int_equal(stardeleg_caa_get(caa)->allowed != 0, allowed);
    if (cases[i].decisive != NULL) {
      assert_string_equal(stardeleg_caa_get(caa)->record, cases[i].decisive);
    }
    assert_true(strlen(stardeleg_caa_reason_text(cases[i].reason)) > 10);
    stardeleg_caa_free(caa);
  }
}

/* Without a known account nothing that is bound to one matches. */
static void knows_no_account(void **state)
{
  static const caa_row bound[] = {{0, "issue", "ca.example; accounturi=" ACCOUNT}};
  static const char *const none[] = {NULL};

  (void)state;
  for (int i = 0; i < 2; i++) {
    stardeleg_caa *caa = begin(WWW, "dns-01", i == 0 ? NULL : none);

    take(caa, bound, 1);
    assert_int_equal(stardeleg_caa_get(caa)->reason, STARDELEG_CAA_OTHER_ACCOUNT);
    stardeleg_caa_free(caa);
  }
}

/* A record that cannot be read may be one that forbids, wherever it stands. */
static void refuses_malformed_records(void **state)
{
  static const struct {
    const char *bytes;
    size_t len;
  } bad[] = {{"", 0}, {"\0", 1}, {"\0\0", 2}, {"\0\0ca.example", 12}, {"\0\x06issue", 7}, {"\0\xffissue", 7},
             {"\0\x05iss-e;", 8}, {"\0\x05iss\0e;", 8}, {"\0\x05" "iss\xc3\xbc;", 8}};
  static const uint8_t good[] = "\0\x05issueca.example";

  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    uint8_t *exact = malloc(bad[i].len > 0 ? bad[i].len : 1);
    stardeleg_caa_record record;

    assert_non_null(exact);
    memcpy(exact, bad[i].bytes, bad[i].len);
    assert_err(STARDELEG_ERR_MALFORMED, stardeleg_caa_read(&record, (stardeleg_bytes){exact, bad[i].len}));
    for (size_t place = 0; place < 3; place++) {
      stardeleg_bytes rdata[3];
      stardeleg_caa *caa = begin(WWW, "dns-01", accounts);

      for (size_t k = 0; k < 3; k++) {
        rdata[k] = k == place ? (stardeleg_bytes){exact, bad[i].len} : (stardeleg_bytes){good, sizeof(good) - 1};
      }
      assert_ok(stardeleg_caa_take(caa, rdata, 3));
      assert_int_equal(stardeleg_caa_get(caa)->reason, STARDELEG_CAA_MALFORMED_RECORD);
      assert_false(stardeleg_caa_get(caa)->allowed != 0);
      stardeleg_caa_free(caa);
    }
    free(exact);
  }
}

/* More records than anybody has: refused, not cut. */
static void refuses_too_many(void **state)
{
  static const uint8_t good[] = "\0\x05issueca.example";
  stardeleg_bytes rdata[600];
  stardeleg_caa *caa;

  (void)state;
  for (size_t i = 0; i < COUNT(rdata); i++) {
    rdata[i] = (stardeleg_bytes){good, sizeof(good) - 1};
  }
  caa = begin(WWW, "dns-01", accounts);
  assert_ok(stardeleg_caa_take(caa, rdata, 500));
  assert_int_equal(stardeleg_caa_get(caa)->reason, STARDELEG_CAA_GRANTED);
  stardeleg_caa_free(caa);
  caa = begin(WWW, "dns-01", accounts);
  assert_ok(stardeleg_caa_take(caa, rdata, COUNT(rdata)));
  assert_int_equal(stardeleg_caa_get(caa)->reason, STARDELEG_CAA_MALFORMED_RECORD);
  stardeleg_caa_free(caa);
}

/* A long record is told cut, whatever stands in it. */
static void describes_long_records(void **state)
{
  uint8_t rdata[2000];
  stardeleg_bytes all = {rdata, sizeof(rdata)};
  stardeleg_caa *caa = begin(WWW, "dns-01", accounts);

  (void)state;
  memset(rdata, 0x1b, sizeof(rdata));
  memcpy(rdata, "\0\x05issue", 7);
  assert_ok(stardeleg_caa_take(caa, &all, 1));
  assert_int_equal(stardeleg_caa_get(caa)->reason, STARDELEG_CAA_MALFORMED_VALUE);
  assert_true(strlen(stardeleg_caa_get(caa)->record) < STARDELEG_CAA_TEXT_SIZE);
  assert_null(strchr(stardeleg_caa_get(caa)->record, 0x1b));
  stardeleg_caa_free(caa);
}

static void refuses_bad_questions(void **state)
{
  static const char *const names[] = {"", "a..b", "192.0.2.1", "*", "*.", "a.*.example.org", "-a.example", "a b"};
  static const char *const no_issuer[] = {NULL};
  static const char *const bad_issuer[] = {"https://ca.example", NULL};
  stardeleg_caa_question question = {sizeof(question), WWW, issuers, accounts, "dns-01"};
  stardeleg_caa *caa = NULL;

  (void)state;
  for (size_t i = 0; i < COUNT(names); i++) {
    question.name = names[i];
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_caa_new(&caa, &question));
  }
  question.name = WWW;
  question.issuers = no_issuer;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_caa_new(&caa, &question));
  question.issuers = bad_issuer; /* ACME-7.1.1-03 */
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_caa_new(&caa, &question));
  question.issuers = NULL;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_caa_new(&caa, &question));
  question.issuers = issuers;
  question.size = 1;
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_caa_new(&caa, &question));
  assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_caa_new(&caa, NULL));
  assert_null(caa);
  stardeleg_caa_free(NULL);
}

/* --- What an owner adds --- */

/* STARDEL-7.4-01, CAA-3-03, CAA-4-01 */
static void writes_records(void **state)
{
  static const struct {
    const char *name, *issuer, *uri, *methods, *text;
  } good[] = {
      {WWW, "ca.example", ACCOUNT, "dns-01",
       "www.example.org. IN CAA 0 issue \"ca.example; accounturi=" ACCOUNT "; validationmethods=dns-01\"\n"},
      {WILD, "ca.example", ACCOUNT, "dns-01",
       "example.org. IN CAA 0 issue \"ca.example; accounturi=" ACCOUNT "; validationmethods=dns-01\"\n"
       "example.org. IN CAA 0 issuewild \"ca.example; accounturi=" ACCOUNT "; validationmethods=dns-01\"\n"},
      {WWW, "ca.example", NULL, NULL, "www.example.org. IN CAA 0 issue \"ca.example\"\n"},
      {WWW, "ca.example", NULL, "dns-01,tls-alpn-01",
       "www.example.org. IN CAA 0 issue \"ca.example; validationmethods=dns-01,tls-alpn-01\"\n"},
  };
  char text[6000];

  (void)state;
  for (size_t i = 0; i < COUNT(good); i++) {
    stardeleg_caa_wish wish = {sizeof(wish), good[i].name, good[i].issuer, good[i].uri, good[i].methods};
    size_t len = strlen(good[i].text);

    assert_ok(stardeleg_caa_write(text, sizeof(text), &wish));
    assert_string_equal(text, good[i].text);
    assert_ok(stardeleg_caa_write(text, len + 1, &wish));
    for (size_t size = 1; size <= len; size += 7) {
      assert_err(STARDELEG_ERR_LIMIT, stardeleg_caa_write(text, size, &wish));
      assert_string_equal(text, "");
    }
    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_caa_write(text, 0, &wish));
  }
}

static void writes_no_nonsense(void **state)
{
  static const struct {
    const char *name, *issuer, *uri, *methods;
  } bad[] = {
      {"", "ca.example", NULL, NULL},
      {"192.0.2.1", "ca.example", NULL, NULL},
      {WWW, "", NULL, NULL},
      {WWW, "ca.example.", NULL, NULL},
      {WWW, "ca.example\" x", NULL, NULL},
      {WWW, "ca.example", "", NULL},
      {WWW, "ca.example", "17", NULL},
      {WWW, "ca.example", "https:", NULL},
      {WWW, "ca.example", "https://ca.example/a;b", NULL},
      {WWW, "ca.example", "https://ca.example/a b", NULL},
      {WWW, "ca.example", "https://ca.example/\"", NULL},
      {WWW, "ca.example", "https://ca.example/\\", NULL},
      {WWW, "ca.example", "https://ca.example/\n", NULL},
      {WWW, "ca.example", NULL, ""},
      {WWW, "ca.example", NULL, "dns-01, http-01"},
      {WWW, "ca.example", NULL, "dns-01,"},
      {NULL, "ca.example", NULL, NULL},
      {WWW, NULL, NULL, NULL},
  };
  char text[600];

  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    stardeleg_caa_wish wish = {sizeof(wish), bad[i].name, bad[i].issuer, bad[i].uri, bad[i].methods};

    assert_err(STARDELEG_ERR_ARGUMENT, stardeleg_caa_write(text, sizeof(text), &wish));
  }
}

/* What is written lets in whom it names, and nobody else. */
static void written_records_do_what_they_say(void **state)
{
  stardeleg_caa_wish wish = {sizeof(wish), WWW, "ca.example", ACCOUNT, "dns-01"};
  static const char *const others[] = {"https://ca.example/acme/acct/18", NULL};
  char text[1000];
  char *value;
  caa_row row = {0, "issue", NULL};
  stardeleg_caa *caa;

  (void)state;
  assert_ok(stardeleg_caa_write(text, sizeof(text), &wish));
  value = strchr(text, '"') + 1;
  *strchr(value, '"') = '\0';
  row.value = value;
  for (int i = 0; i < 4; i++) {
    caa = begin(i == 1 ? "*." WWW : WWW, i == 2 ? "http-01" : "dns-01", i == 3 ? others : accounts);
    take(caa, &row, 1);
    assert_int_equal(stardeleg_caa_get(caa)->allowed != 0, i < 2);
    stardeleg_caa_free(caa);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(climbs_to_the_top),
      cmocka_unit_test(stops_at_the_first_set),
      cmocka_unit_test(judges),
      cmocka_unit_test(knows_no_account),
      cmocka_unit_test(refuses_malformed_records),
      cmocka_unit_test(refuses_too_many),
      cmocka_unit_test(describes_long_records),
      cmocka_unit_test(refuses_bad_questions),
      cmocka_unit_test(writes_records),
      cmocka_unit_test(writes_no_nonsense),
      cmocka_unit_test(written_records_do_what_they_say),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
