/* SPDX-License-Identifier: Apache-2.0 */
/* ndc-agent/haproxy.c -- "set ssl cert" and "commit ssl cert" over haproxy's socket (its management guide, 9.3). */
#include "ndc-agent/haproxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <stardeleg/crypto.h>
#include "common/log.h"

#define PATIENCE_S 5
#define ANSWER_SIZE 2048

/* A connection, -1 if there is no haproxy (|*is_absent|) or it cannot be reached. */
static int reach(const char *socket_path, int *is_absent)
{
  const struct timeval patience = {PATIENCE_S, 0};
  struct sockaddr_un address;
  int fd;

  memset(&address, 0, sizeof(address));
  address.sun_family = AF_UNIX;
  *is_absent = 0;
  if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path) >= (int)sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -1;
  }
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
    *is_absent = errno == ENOENT || errno == ECONNREFUSED;
    (void)close(fd);
    return -1;
  }
  return fd;
}

static int send_all(int fd, const char *text, size_t len)
{
  while (len > 0) {
    ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

    if (sent <= 0 && errno != EINTR) {
      return -1;
    }
    if (sent > 0) {
      text += sent;
      len -= (size_t)sent;
    }
  }
  return 0;
}

/* One command; haproxy closes the connection behind its answer. */
static int command(const char *socket_path, const char *text, size_t len, char answer[ANSWER_SIZE])
{
  int is_absent = 0;
  int fd = reach(socket_path, &is_absent);
  size_t have = 0;
  ssize_t got = 1;

  answer[0] = '\0';
  if (fd < 0) {
    return is_absent != 0 ? 1 : -1;
  }
  if (send_all(fd, text, len) != 0) {
    got = -1;
  }
  while (got > 0 && have < ANSWER_SIZE - 1) {
    got = recv(fd, answer + have, ANSWER_SIZE - 1 - have, 0);
    have += got > 0 ? (size_t)got : 0;
  }
  answer[have] = '\0';
  (void)close(fd);
  return got < 0 ? -1 : 0;
}

/* The command with its payload; an empty line would end it early, so there must be none inside. */
static char *write_set(const char *path, const char *bundle, size_t len, size_t *out_len)
{
  size_t room = strlen(path) + len + 64;
  char *text = malloc(room);
  size_t at;

  if (text == NULL) {
    return NULL;
  }
  at = (size_t)snprintf(text, room, "set ssl cert %s <<\n", path);
  for (size_t i = 0; i < len; i++) {
    int is_break = bundle[i] == '\n' || bundle[i] == '\r';

    if (!is_break || text[at - 1] != '\n') {
      text[at++] = is_break ? '\n' : bundle[i];
    }
  }
  at += (size_t)snprintf(text + at, room - at, text[at - 1] == '\n' ? "\n" : "\n\n");
  *out_len = at;
  return text;
}

static int fail(const char *what, const char *path, char *answer)
{
  answer[strcspn(answer, "\r\n")] = '\0';
  log_line(STARDELEG_LOG_ERROR, "agent.haproxy", "%s %s: %s", what, path, answer[0] != '\0' ? answer : strerror(errno));
  return -1;
}

int haproxy_swap(const char *socket_path, const char *path, const char *bundle, size_t len)
{
  char answer[ANSWER_SIZE];
  char commit[1100];
  size_t text_len = 0;
  char *text = write_set(path, bundle, len, &text_len);
  int rc;

  if (text == NULL) {
    return -1;
  }
  rc = command(socket_path, text, text_len, answer);
  stardeleg_secret_free(text, text_len);
  if (rc > 0) {
    log_line(STARDELEG_LOG_INFO, "agent.haproxy", "no haproxy at %s; it will read the file", socket_path);
    return 0;
  }
  if (rc != 0 || strncmp(answer, "Transaction", strlen("Transaction")) != 0) {
    return fail("cannot set", path, answer);
  }
  (void)snprintf(commit, sizeof(commit), "commit ssl cert %.1000s\n", path);
  rc = command(socket_path, commit, strlen(commit), answer);
  if (rc != 0 || strstr(answer, "Success") == NULL) {
    return fail("cannot commit", path, answer);
  }
  return 0;
}
