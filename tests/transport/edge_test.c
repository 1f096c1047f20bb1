/* SPDX-License-Identifier: Apache-2.0 */
/* transport/edge_test.c -- edge under live handshakes: certificates swapped, refused, expired, removed. */
#include "support/test.h"

#include "common/clock.h"
#include "pki.h"
#include "program.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define NAME "edge.example"
#define PATIENCE_MS 60000 /* for what happens at once on a machine that has nothing else to do */

static pki *ca;
static char base[300];
static char root[400];
static char certs[400];
static char cert_file[500];
static char edge_log[400];
static char load_log[400];
static char summary[400];
static char port_file[400];
static char connect_to[40];
static pid_t edge;

static void issue(long serial, int64_t not_before_s, int64_t not_after_s, int foreign_key)
{
  pki_leaf leaf = {.name = NAME, .serial = serial, .not_before_s = not_before_s, .not_after_s = not_after_s};

  leaf.foreign_key = foreign_key;
  pki_issue(ca, &leaf, cert_file, cert_file);
}

/* A fresh directory and an edge that serves it. */
static int start(void **state)
{
  const char *argv[] = {EDGE_PROGRAM, "--listen", "127.0.0.1:0", "--port-file", port_file, "--certs", certs, NULL};

  (void)state;
  (void)snprintf(base, sizeof(base), "%s", test_directory());
  (void)snprintf(root, sizeof(root), "%s/root.pem", base);
  (void)snprintf(certs, sizeof(certs), "%s/certs", base);
  (void)snprintf(cert_file, sizeof(cert_file), "%s/" NAME ".pem", certs);
  (void)snprintf(edge_log, sizeof(edge_log), "%s/edge.log", base);
  (void)snprintf(load_log, sizeof(load_log), "%s/load.log", base);
  (void)snprintf(summary, sizeof(summary), "%s/summary.json", base);
  (void)snprintf(port_file, sizeof(port_file), "%s/port", base);
  assert_int_equal(mkdir(certs, 0700), 0);
  ca = pki_new(root);
  edge = program_start(argv, edge_log);
  (void)snprintf(connect_to, sizeof(connect_to), "127.0.0.1:%d", program_port(port_file));
  return 0;
}

static int stop(void **state)
{
  int code = edge > 0 ? program_end(edge) : 0;

  (void)state;
  if (code != 0) {
    char *text = program_text(edge_log);

    (void)fprintf(stderr, "edge ended with %d:\n%s\n", code, text);
    free(text);
  }
  pki_free(ca);
  return code;
}

static pid_t start_load(const char *name, const char *seconds, int until_refused)
{
  const char *argv[] = {TLS_LOAD_PROGRAM,
                        "--connect",
                        connect_to,
                        "--name",
                        name,
                        "--root",
                        root,
                        "--summary",
                        summary,
                        "--threads",
                        "4",
                        "--pause-ms",
                        "1",
                        "--seconds",
                        seconds,
                        until_refused ? "--until-refused" : NULL,
                        NULL};

  return program_start(argv, load_log);
}

static void expect(int code, pid_t load)
{
  int ended = program_wait(load);

  if (ended != code) {
    char *what = program_text(summary);
    char *log = program_text(load_log);
    char *edges = program_text(edge_log);

    (void)fprintf(stderr, "tls-load ended with %d\n%s%s%s", ended, what, log, edges);
    free(what);
    free(log);
    free(edges);
    fail_msg("tls-load: %d", ended);
  }
}

static void expect_summary(const char *what)
{
  char *text = program_text(summary);

  if (strstr(text, what) == NULL) {
    fail_msg("%s not in %s", what, text);
  }
  free(text);
}

/* How long it took until the edge had seen the new file. */
static int64_t swap(unsigned number)
{
  char line[60];
  int64_t begun = clock_ticks();
  int64_t took;

  issue(0x100 + (long)number, -60, 3600, 0);
  (void)snprintf(line, sizeof(line), "swap name=" NAME " serial=01%02x ", number);
  assert_true(program_wait_text(edge_log, line, PATIENCE_MS));
  took = clock_ticks() - begun;
  (void)snprintf(line, sizeof(line), "tls-load.serial serial=01%02x ", number);
  assert_true(program_wait_text(load_log, line, PATIENCE_MS));
  return took;
}

static void test_swap_under_load(void **state)
{
  int64_t quickest = INT64_MAX;
  pid_t load;

  (void)state;
  issue(0x101, -60, 3600, 0);
  assert_true(program_wait_text(edge_log, "swap name=" NAME " serial=0101 not_before=", PATIENCE_MS));
  load = start_load(NAME, "0", 0);
  assert_true(program_wait_text(load_log, "tls-load.serial serial=0101 ", PATIENCE_MS));
  for (unsigned i = 2; i <= 20; i++) { /* one after the other, faster than anybody renews */
    int64_t took = swap(i);

    quickest = took < quickest ? took : quickest;
  }
  print_message("# the quickest swap took %d ms\n", (int)quickest);
  assert_true(quickest < 2000); /* it looks ten times in that time; others may have waited for a processor */
  assert_int_equal(kill(load, SIGTERM), 0);
  expect(0, load);
  expect_summary("\"failures\": 0,");
  expect_summary("\"refusals\": 0,");
  expect_summary("\"serial\": \"0101\"");
  expect_summary("\"serial\": \"0114\"");
}

/* The last moment counts: nothing succeeds after notAfter, nobody ever sees it expired. */
/* Shows the edge a certificate that ends soon, as soon as the machine allows it to be seen before it ends: its serial
 * number. */
static long issue_short(pid_t *load)
{
  long serial = 0x201;

  for (int64_t seconds = 4; seconds <= 256; seconds *= 4, serial++) {
    char line[60];

    (void)snprintf(line, sizeof(line), "swap name=" NAME " serial=%04lx ", (unsigned long)serial);
    issue(serial, -60, seconds, 0);
    if (!program_wait_text(edge_log, line, (int)seconds * 1000)) {
      continue;
    }
    *load = start_load(NAME, "0", 1);
    (void)snprintf(line, sizeof(line), "tls-load.serial serial=%04lx ", (unsigned long)serial);
    if (program_wait_text(load_log, line, (int)seconds * 1000)) {
      return serial;
    }
    assert_int_equal(kill(*load, SIGTERM), 0);
    (void)program_wait(*load);
  }
  fail_msg("the edge serves no certificate that ends in four minutes");
  return 0;
}

static void test_expiry(void **state)
{
  char drop[80];
  char *text;
  const char *last;
  const char *line;
  const char *after;
  char *log;
  pid_t load = -1;

  (void)state;
  (void)snprintf(drop, sizeof(drop), " edge drop name=" NAME " serial=%04lx ", (unsigned long)issue_short(&load));
  expect(0, load);
  assert_true(program_wait_text(edge_log, drop, PATIENCE_MS));
  text = program_text(summary);
  log = program_text(edge_log);
  last = strstr(text, "\"last_success_began_at\": \"");
  line = strstr(log, drop);
  assert_true(last != NULL && line != NULL);
  after = strstr(line, "not_after=");
  assert_non_null(after);
  assert_true(strncmp(last + strlen("\"last_success_began_at\": \""), after + strlen("not_after="), 24) < 0);
  assert_non_null(strstr(text, "\"failures\": 0,"));
  assert_non_null(strstr(text, "\"unrecognized_name\""));
  free(text);
  free(log);
  issue(0x2ff, -60, 3600, 0); /* and a new one brings it back */
  assert_true(program_wait_text(edge_log, "serial=02ff", PATIENCE_MS));
  expect(0, start_load(NAME, "1", 0));
}

static void write_raw(const char *content)
{
  char temporary[600];
  FILE *file;

  (void)snprintf(temporary, sizeof(temporary), "%s.new", cert_file);
  file = fopen(temporary, "wb");
  assert_non_null(file);
  assert_true(fputs(content, file) >= 0);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(rename(temporary, cert_file), 0);
}

/* Bad files, one after the other: the old certificate stays. */
static void test_bad_files_change_nothing(void **state)
{
  (void)state;
  issue(0x301, -60, 3600, 0);
  assert_true(program_wait_text(edge_log, "serial=0301", PATIENCE_MS));
  issue(0x302, -60, 3600, 1);
  assert_true(program_wait_text(edge_log, "why=\"key and certificate do not fit\"", PATIENCE_MS));
  issue(0x303, -7200, -3600, 0);
  assert_true(program_wait_text(edge_log, "why=\"expired\"", PATIENCE_MS));
  write_raw("");
  assert_true(program_wait_text(edge_log, "why=\"no private key in it\"", PATIENCE_MS));
  write_raw("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  program_nap(200);
  issue(0x304, 3600, 7200, 0);
  assert_true(program_wait_text(edge_log, "why=\"not valid yet\"", PATIENCE_MS));
  expect(0, start_load(NAME, "1", 0));
  expect_summary("\"serial\": \"0301\"");
  expect_summary("\"distinct_serials\": 1,");
}

/* What is not valid yet is swapped in when its time comes, without another touch of the file. */
static void test_not_yet_valid(void **state)
{
  char line[60] = "";
  bool seen = false;

  (void)state;
  for (int seconds = 2; seconds <= 128 && !seen; seconds *= 4) { /* until it is seen before its time */
    issue(0x400 + seconds, seconds, 3600, 0);
    (void)snprintf(line, sizeof(line), "swap name=" NAME " serial=04%02x ", (unsigned)seconds);
    seen = program_wait_text(edge_log, "why=\"not valid yet\"", seconds * 1000) != 0;
  }
  assert_true(seen);
  assert_true(program_wait_text(edge_log, line, PATIENCE_MS + 128 * 1000));
  expect(0, start_load(NAME, "1", 0));
}

static void test_removed_file(void **state)
{
  (void)state;
  issue(0x501, -60, 3600, 0);
  assert_true(program_wait_text(edge_log, "serial=0501", PATIENCE_MS));
  assert_int_equal(unlink(cert_file), 0);
  assert_true(program_wait_text(edge_log, "drop name=" NAME " serial=0501", PATIENCE_MS));
  expect(1, start_load(NAME, "1", 0));
  expect_summary("\"handshakes\": 0,");
  expect_summary("\"unrecognized_name\"");
}

static int dial(void)
{
  struct sockaddr_in address = {.sin_family = AF_INET};
  struct timeval limit = {.tv_sec = PATIENCE_MS / 1000};
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((uint16_t)strtoul(strchr(connect_to, ':') + 1, NULL, 10));
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
  return fd;
}

/* The reason of the alert that ended a handshake; 0: it succeeded. */
static int handshake_reason(const char *name, int max_version)
{
  SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
  SSL *ssl = SSL_new(tls);
  int fd = dial();
  int reason = 0;

  assert_int_equal(SSL_set_max_proto_version(ssl, max_version), 1);
  assert_int_equal(SSL_set_fd(ssl, fd), 1);
  if (name != NULL) {
    assert_int_equal(SSL_set_tlsext_host_name(ssl, name), 1);
  }
  ERR_clear_error();
  if (SSL_connect(ssl) != 1) {
    reason = ERR_GET_REASON(ERR_peek_error());
  }
  SSL_free(ssl);
  SSL_CTX_free(tls);
  (void)close(fd);
  return reason;
}

static void test_who_is_refused(void **state)
{
  (void)state;
  issue(0x601, -60, 3600, 0);
  assert_true(program_wait_text(edge_log, "serial=0601", PATIENCE_MS));
  assert_int_equal(handshake_reason(NAME, TLS1_3_VERSION), 0);
  assert_int_equal(handshake_reason("EDGE.example", TLS1_3_VERSION), 0);
  assert_int_equal(handshake_reason("other.example", TLS1_3_VERSION), SSL_R_TLSV1_UNRECOGNIZED_NAME);
  assert_int_equal(handshake_reason("a." NAME, TLS1_3_VERSION), SSL_R_TLSV1_UNRECOGNIZED_NAME);
  assert_int_equal(handshake_reason("../certs/" NAME, TLS1_3_VERSION), SSL_R_TLSV1_UNRECOGNIZED_NAME);
  assert_int_equal(handshake_reason(NULL, TLS1_3_VERSION), SSL_R_TLSV1_UNRECOGNIZED_NAME);
  assert_int_equal(handshake_reason(NAME, TLS1_2_VERSION), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
}

/* Those who only hold the line are cut off, and do not keep others waiting. */
static void test_idlers(void **state)
{
  int fds[100];
  char byte;
  int64_t begun = clock_ticks();

  (void)state;
  issue(0x701, -60, 3600, 0);
  assert_true(program_wait_text(edge_log, "serial=0701", PATIENCE_MS));
  for (int i = 0; i < 100; i++) {
    fds[i] = dial();
    if (i % 2 == 0) {
      assert_int_equal(send(fds[i], "\x16\x03\x01", 3, MSG_NOSIGNAL), 3);
    }
  }
  expect(0, start_load(NAME, "1", 0));
  for (int i = 0; i < 100; i++) {
    assert_true(recv(fds[i], &byte, 1, 0) <= 0);
    (void)close(fds[i]);
  }
  assert_in_range(clock_ticks() - begun, 3000, PATIENCE_MS);
}

/* SIGTERM ends it at once even while somebody idles, and cleanly. */
static void test_end(void **state)
{
  int fd = dial();
  int64_t begun = clock_ticks();

  (void)state;
  assert_int_equal(program_end(edge), 0);
  edge = -1;
  assert_in_range(clock_ticks() - begun, 0, PATIENCE_MS);
  (void)close(fd);
}

/* The programs' clock may be shifted for a test; then so are the dates. */
static void test_shifted_clock(void **state)
{
  const char *argv[] = {EDGE_PROGRAM, "--listen", "127.0.0.1:0", "--port-file", port_file, "--certs", certs, NULL};

  (void)state;
  issue(0x801, -60, 1800, 0);
  assert_true(program_wait_text(edge_log, "serial=0801", PATIENCE_MS));
  assert_int_equal(program_end(edge), 0);
  assert_int_equal(setenv("STARDELEG_EXAMPLE_CLOCK_OFFSET_MS", "3600000", 1), 0);
  edge = program_start(argv, edge_log);
  assert_true(program_wait_text(edge_log, "why=\"expired\"", PATIENCE_MS));
  assert_int_equal(unsetenv("STARDELEG_EXAMPLE_CLOCK_OFFSET_MS"), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_swap_under_load, start, stop),
      cmocka_unit_test_setup_teardown(test_expiry, start, stop),
      cmocka_unit_test_setup_teardown(test_bad_files_change_nothing, start, stop),
      cmocka_unit_test_setup_teardown(test_not_yet_valid, start, stop),
      cmocka_unit_test_setup_teardown(test_removed_file, start, stop),
      cmocka_unit_test_setup_teardown(test_who_is_refused, start, stop),
      cmocka_unit_test_setup_teardown(test_idlers, start, stop),
      cmocka_unit_test_setup_teardown(test_end, start, stop),
      cmocka_unit_test_setup_teardown(test_shifted_clock, start, stop),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
