/* SPDX-License-Identifier: Apache-2.0 */
/* transport/common_test.c -- files, clock and addresses of the example programs. */
#include "support/test.h"

#include "common/clock.h"
#include "common/files.h"
#include "common/listener.h"
#include "common/log.h"

#include <errno.h>
#include <sys/stat.h>

static void test_whole_files(void **state)
{
  char path[300];
  char *text = NULL;
  struct stat info;
  size_t len = 0;

  (void)state;
  (void)snprintf(path, sizeof(path), "%s/file", test_directory());
  assert_int_equal(file_read(&text, &len, path, 10), ENOENT);
  assert_int_equal(file_write(path, "0123456789", 10, 0600), 0);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  assert_int_equal(file_read(&text, &len, path, 9), EFBIG);
  assert_int_equal(file_read(&text, &len, path, 10), 0);
  assert_int_equal(len, 10);
  assert_string_equal(text, "0123456789");
  free(text);
  assert_int_equal(file_write_port(path, 65535), 0);
  assert_int_equal(file_read(&text, NULL, path, 10), 0);
  assert_string_equal(text, "65535\n");
  free(text);
  assert_int_equal(file_write("/nonexistent/file", "x", 1, 0600), ENOENT);
  assert_int_equal(file_read(&text, NULL, test_directory(), 10), EISDIR);
}

static void test_clock_text(void **state)
{
  static const struct {
    stardeleg_time at;
    const char *text;
  } cases[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {INT64_C(951782399999), "2000-02-28T23:59:59.999Z"},
      {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
      {INT64_C(4107542399000), "2100-02-28T23:59:59.000Z"},
      {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {INT64_MIN, "0000-01-01T00:00:00.000Z"},
      {INT64_MAX, "9999-12-31T23:59:59.999Z"},
  };
  char text[CLOCK_TEXT_SIZE];

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    clock_write(text, cases[i].at);
    assert_string_equal(text, cases[i].text);
  }
}

static void test_addresses(void **state)
{
  static const struct {
    const char *where;
    const char *host;
    const char *port;
  } cases[] = {
      {"127.0.0.1:0", "127.0.0.1", "0"},
      {"[::1]:65535", "::1", "65535"},
      {"name.example:443", "name.example", "443"},
      {"", NULL, NULL},
      {":443", NULL, NULL},
      {"name", NULL, NULL},
      {"name:", NULL, NULL},
      {"name:65536", NULL, NULL},
      {"name:-1", NULL, NULL},
      {"name:https", NULL, NULL},
      {"name:99999999999999999999", NULL, NULL},
      {"::1:443", NULL, NULL},
      {"[::1]443", NULL, NULL},
      {"[]:443", NULL, NULL},
  };
  char host[64];
  char port[8];

  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int rv = address_split(cases[i].where, host, sizeof(host), port, sizeof(port));

    if ((rv == 0) != (cases[i].host != NULL)) {
      fail_msg("\"%s\": %d", cases[i].where, rv);
    }
    if (rv == 0) {
      assert_string_equal(host, cases[i].host);
      assert_string_equal(port, cases[i].port);
    }
  }
  assert_int_equal(address_split("127.0.0.1:80", host, 9, port, sizeof(port)), EINVAL);
}

static void test_log_levels(void **state)
{
  stardeleg_log_level level = STARDELEG_LOG_INFO;

  (void)state;
  assert_int_equal(log_level_parse(&level, "error"), 0);
  assert_int_equal(level, STARDELEG_LOG_ERROR);
  assert_int_equal(log_level_parse(&level, "ERROR"), -1);
  assert_int_equal(log_level_parse(&level, ""), -1);
  assert_non_null(log_receiver().write);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole_files),
      cmocka_unit_test(test_clock_text),
      cmocka_unit_test(test_addresses),
      cmocka_unit_test(test_log_levels),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
