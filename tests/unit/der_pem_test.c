/* SPDX-License-Identifier: Apache-2.0 */
/* unit/der_pem_test.c -- PEM as servers send it, and what must not pass for it. */
#include "support/test.h"

#include "base/bytes.h"
#include "der/pem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

/* Reads |text| from a block of exactly its length; the number of blocks, or the error. */
static int read_all(const char *text, size_t len, sdg_buf *der)
{
  char *exact = malloc(len > 0 ? len : 1);
  char label[64] = "";
  size_t offset = 0;
  int blocks = 0;
  stardeleg_err rv;

  assert_non_null(exact);
  memcpy(exact, text, len);
  for (;;) {
    size_t before = offset;
    size_t had = der->len;

    rv = sdg_pem_next(der, label, sdg_bytes(exact, len), &offset);
    if (rv != STARDELEG_OK) {
      assert_int_equal(offset, before);
      assert_int_equal(der->len, had);
      break;
    }
    assert_true(offset > before);
    blocks++;
  }
  free(exact);
  return rv == STARDELEG_ERR_NOT_FOUND ? blocks : (int)rv;
}

/* ACME-9.1-03 */
static void reads_what_servers_send(void **state)
{
  static const struct {
    const char *text;
    int blocks;
    const char *der;
  } cases[] = {
      {"", 0, ""},
      {" \t\r\n\n", 0, ""},
      {BEGIN "\nYWJj\n" END "\n", 1, "abc"},
      {BEGIN "\nYWJj\n" END, 1, "abc"},                 /* no final newline */
      {BEGIN "\r\nYWJj\r\n" END "\r\n", 1, "abc"},      /* CRLF */
      {BEGIN "\rYWJj\r" END "\r", 1, "abc"},            /* CR */
      {"\n\n" BEGIN "\nYWJj\n" END "\n\n\n", 1, "abc"}, /* blank lines around */
      {BEGIN "\n\nYW\n\nJj\n\n" END "\n", 1, "abc"},    /* and within */
      {BEGIN " \t\nYWJj  \n" END " \t\r\n", 1, "abc"},  /* trailing blanks */
      {BEGIN "\nYWJjZA==\n" END "\n", 1, "abcd"},
      {BEGIN "\nYWJj\n" END "\n" BEGIN "\nZGVm\n" END "\n", 2, "abcdef"},
      {BEGIN "\nYWJj\n" END "\n\n \n" BEGIN "\nZGVm\n" END, 2, "abcdef"}, /* RFC 8555 9.1 */
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    sdg_buf der;

    print_message("case %zu\n", i);
    sdg_buf_init(&der, 1000);
    assert_int_equal(read_all(cases[i].text, strlen(cases[i].text), &der), cases[i].blocks);
    assert_true(sdg_bytes_is(sdg_buf_bytes(&der), cases[i].der));
    sdg_buf_clear(&der);
  }
}

/* ACME-11.4-01, ACME-9.1-01: text around or within blocks must not reach whoever reads the file next */
static void refuses_the_rest(void **state)
{
  static const char *const cases[] = {
      "hello",
      "# chain\n" BEGIN "\nYWJj\n" END "\n",                      /* text before */
      "subject=/CN=x\n" BEGIN "\nYWJj\n" END "\n",                /* as openssl s_client prints */
      "x" BEGIN "\nYWJj\n" END "\n",                              /* not on a line of its own */
      BEGIN " x\nYWJj\n" END "\n",                                /* the same */
      BEGIN "\nYWJj\n" END " x\n",                                /* the same */
      BEGIN "\nYWJj\n" END BEGIN "\nZGVm\n" END "\n",             /* two on one line */
      BEGIN "YWJj" END,                                           /* all on one line */
      BEGIN "\nYWJj" END "\n",                                    /* END not on a line of its own */
      BEGIN "\nYWJj\n",                                           /* no END */
      BEGIN,                                                      /* nothing else */
      BEGIN "\n" BEGIN "\nYWJj\n" END "\n",                       /* BEGIN twice */
      END "\n",                                                   /* END only */
      BEGIN "\nYWJj\n-----END X509 CRL-----\n",                   /* labels differ */
      BEGIN "\nYWJj\n-----END certificate-----\n",                /* labels differ in case */
      BEGIN "\n" END "\n",                                        /* empty */
      BEGIN "\n \n" END "\n",                                     /* empty */
      BEGIN "\nYWJ\n" END "\n",                                   /* padding missing */
      BEGIN "\nYWJjZB==\n" END "\n",                              /* bits behind the last octet */
      BEGIN "\nYWJj=\n" END "\n",                                 /* padding too much */
      BEGIN "\nYW==YWJj\n" END "\n",                              /* padding within */
      BEGIN "\nYW-_\n" END "\n",                                  /* the other alphabet */
      BEGIN "\nY*Jj\n" END "\n",                                  /* no alphabet */
      BEGIN "\nProc-Type: 4,ENCRYPTED\n\nYWJj\n" END "\n",        /* headers (RFC 1421) */
      "-----BEGIN -----\nYWJj\n-----END -----\n",                 /* no label */
      "-----BEGIN  X-----\nYWJj\n-----END  X-----\n",             /* label begins with a blank */
      "-----BEGIN X -----\nYWJj\n-----END X -----\n",             /* ends with one */
      "-----BEGIN A--B-----\nYWJj\n-----END A--B-----\n",         /* two hyphens within */
      "-----BEGIN A\tB-----\nYWJj\n-----END A\tB-----\n",         /* control character */
      "-----BEGIN \xc3\xa9-----\nYWJj\n-----END \xc3\xa9-----\n", /* not ASCII */
      "-----BEGIN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-----\nYWJj\n"
      "-----END aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-----\n", /* 64 characters */
      "----BEGIN CERTIFICATE-----\nYWJj\n" END "\n",                                      /* four hyphens */
      "-----BEGIN CERTIFICATE----\nYWJj\n" END "\n",                                      /* the same */
      "-----begin CERTIFICATE-----\nYWJj\n" END "\n",                                     /* lower case */
      "-----BEGINCERTIFICATE-----\nYWJj\n" END "\n",                                      /* blank missing */
      "-----BEGIN ---",                         /* shorter than its own ends */
      "\xef\xbb\xbf" BEGIN "\nYWJj\n" END "\n", /* byte order mark */
  };

  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    sdg_buf der;

    print_message("case %zu\n", i);
    sdg_buf_init(&der, 1000);
    assert_int_equal(read_all(cases[i], strlen(cases[i]), &der), STARDELEG_ERR_MALFORMED);
    sdg_buf_clear(&der);
  }
}

static void refuses_nul(void **state)
{
  static const char text[] = BEGIN "\nYW\0Jj\n" END "\n";
  sdg_buf der;

  (void)state;
  sdg_buf_init(&der, 1000);
  assert_int_equal(read_all(text, sizeof text - 1, &der), STARDELEG_ERR_MALFORMED);
  sdg_buf_clear(&der);
}

static void tells_labels(void **state)
{
  static const char *const labels[] = {
      "CERTIFICATE", "EC PRIVATE KEY",
      "X",           "A-B",
      "!#~",         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 63 */};

  (void)state;
  for (size_t i = 0; i < COUNT(labels); i++) {
    sdg_buf pem;
    sdg_buf der;
    char label[64];
    size_t offset = 0;

    sdg_buf_init(&pem, 1000);
    sdg_buf_init(&der, 1000);
    sdg_pem_write(&pem, labels[i], sdg_bytes("\x05\x00", 2));
    assert_ok(sdg_pem_next(&der, label, sdg_buf_bytes(&pem), &offset));
    assert_string_equal(label, labels[i]);
    assert_int_equal(offset, pem.len);
    sdg_buf_clear(&pem);
    sdg_buf_clear(&der);
  }
}

static void writes_lines_of_64(void **state)
{
  uint8_t filler[200];

  (void)state;
  for (size_t i = 0; i < sizeof filler; i++) {
    filler[i] = (uint8_t)i;
  }
  for (size_t len = 1; len <= sizeof filler; len++) {
    sdg_buf pem;
    sdg_buf der;
    const char *line;

    sdg_buf_init(&pem, 1000);
    sdg_buf_init(&der, 1000);
    sdg_pem_write(&pem, "CERTIFICATE", sdg_bytes(filler, len));
    assert_ok(sdg_buf_error(&pem));
    line = sdg_buf_str(&pem);
    assert_int_equal(strncmp(line, BEGIN "\n", sizeof BEGIN), 0);
    line += sizeof BEGIN;
    for (const char *end = strchr(line, '\n'); *line != '-'; line = end + 1, end = strchr(line, '\n')) {
      assert_non_null(end);
      assert_true(end - line == 64 || (end - line < 64 && end > line && end[1] == '-'));
    }
    assert_string_equal(line, END "\n");
    assert_int_equal(read_all(sdg_buf_str(&pem), pem.len, &der), 1);
    assert_true(sdg_bytes_equal(sdg_buf_bytes(&der), sdg_bytes(filler, len)));
    sdg_buf_clear(&pem);
    sdg_buf_clear(&der);
  }
}

static void keeps_the_ceiling(void **state)
{
  static const char text[] = BEGIN "\nYWJj\n" END "\n";
  sdg_buf der;

  (void)state;
  sdg_buf_init(&der, 2);
  assert_int_equal(read_all(text, sizeof text - 1, &der), STARDELEG_ERR_LIMIT);
  sdg_buf_clear(&der);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_servers_send),
      cmocka_unit_test(refuses_the_rest),
      cmocka_unit_test(refuses_nul),
      cmocka_unit_test(tells_labels),
      cmocka_unit_test(writes_lines_of_64),
      cmocka_unit_test(keeps_the_ceiling),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
