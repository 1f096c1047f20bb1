/* SPDX-License-Identifier: Apache-2.0 */
/* transport/raw_peer.c -- a client that writes bytes of its own choice. */
#include "support/test.h"

#include "raw_peer.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int raw_dial_from(in_addr_t source, uint16_t port)
{
  struct sockaddr_in own = {.sin_family = AF_INET};
  struct sockaddr_in address = {.sin_family = AF_INET};
  struct timeval limit = {.tv_sec = RAW_PATIENCE_MS / 1000};
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  own.sin_addr.s_addr = htonl(source);
  assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
    (void)close(fd);
    return -1;
  }
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
  return fd;
}

int raw_dial(uint16_t port)
{
  return raw_dial_from(INADDR_LOOPBACK, port);
}

void raw_say(int fd, const char *text)
{
  assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

char *raw_hear(int fd, const char *until)
{
  static char text[65536];
  size_t len = 0;
  ssize_t got;

  do {
    got = recv(fd, text + len, sizeof(text) - 1 - len, 0);
    len += got > 0 ? (size_t)got : 0;
    text[len] = '\0';
  } while (got > 0 && (until == NULL || strstr(text, until) == NULL));
  return text;
}
