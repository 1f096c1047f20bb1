/* SPDX-License-Identifier: Apache-2.0 */
/* common/listener.c -- opens the socket a server listens on. */
#include "common/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512
#define UNIX_PREFIX "unix:"
#define PRIVATE_PREFIX "unix-private:"

static int copy_part(char *out, size_t size, const char *from, size_t len)
{
  if (len == 0 || len >= size) {
    return EINVAL;
  }
  memcpy(out, from, len);
  out[len] = '\0';
  return 0;
}

static int is_port(const char *text)
{
  unsigned value = 0;

  for (; *text >= '0' && *text <= '9' && value <= UINT16_MAX; text++) {
    value = value * 10 + (unsigned)(*text - '0');
  }
  return *text == '\0' && value <= UINT16_MAX;
}

int address_split(const char *where, char *host, size_t host_size, char *port, size_t port_size)
{
  const char *colon = strrchr(where, ':');
  const char *begin = where;
  const char *end = colon;
  int rv;

  if (colon == NULL || !is_port(colon + 1)) { /* getaddrinfo() would cut a number that is too large */
    return EINVAL;
  }
  if (where[0] == '[') {
    if (colon == where || colon[-1] != ']') {
      return EINVAL;
    }
    begin++;
    end--;
  } else if (strchr(where, ':') != colon) {
    return EINVAL; /* an IPv6 address needs its brackets */
  }
  rv = copy_part(host, host_size, begin, (size_t)(end - begin));
  return rv != 0 ? rv : copy_part(port, port_size, colon + 1, strlen(colon + 1));
}

static int open_socket(int *fd, const struct sockaddr *address, socklen_t len)
{
  static const int on = 1;
  int rv;

  *fd = socket(address->sa_family, SOCK_STREAM, 0);
  if (*fd < 0) {
    return errno;
  }
  if (fcntl(*fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(*fd, F_SETFL, O_NONBLOCK) == 0 &&
      (address->sa_family == AF_UNIX || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0) &&
      bind(*fd, address, len) == 0 && listen(*fd, BACKLOG) == 0) {
    return 0;
  }
  rv = errno;
  (void)close(*fd);
  *fd = -1;
  return rv;
}

static uint16_t read_port(int fd)
{
  struct sockaddr_storage bound;
  socklen_t len = sizeof(bound);
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;

  if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0) {
    return 0;
  }
  if (bound.ss_family == AF_INET) {
    memcpy(&ipv4, &bound, sizeof(ipv4));
    return ntohs(ipv4.sin_port);
  }
  if (bound.ss_family == AF_INET6) {
    memcpy(&ipv6, &bound, sizeof(ipv6));
    return ntohs(ipv6.sin6_port);
  }
  return 0;
}

static int open_inet(int *fd, const char *where)
{
  struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  struct addrinfo *list = NULL;
  char host[256];
  char port[8];
  int rv = address_split(where, host, sizeof(host), port, sizeof(port));

  if (rv != 0) {
    return rv;
  }
  if (getaddrinfo(host, port, &hints, &list) != 0) {
    return EADDRNOTAVAIL;
  }
  rv = EADDRNOTAVAIL;
  for (struct addrinfo *at = list; at != NULL && rv != 0; at = at->ai_next) {
    rv = open_socket(fd, at->ai_addr, at->ai_addrlen);
  }
  freeaddrinfo(list);
  return rv;
}

/* Only a socket that nobody answers on is in the way of nobody. */
static int is_left_behind(const struct sockaddr_un *address)
{
  struct stat info;
  int fd;
  int refused;

  if (lstat(address->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) {
    return 0;
  }
  fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) {
    return 0;
  }
  refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno == ECONNREFUSED;
  (void)close(fd);
  return refused;
}

/* The socket is never open to more than |mode| says, not even between bind() and chmod(). */
static int open_unix(int *fd, const char *path, mode_t mode)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  mode_t mask;
  int rv = copy_part(address.sun_path, sizeof(address.sun_path), path, strlen(path));

  if (rv != 0) {
    return rv;
  }
  if (is_left_behind(&address)) {
    (void)unlink(address.sun_path);
  }
  mask = umask(~mode & 0777);
  rv = open_socket(fd, (const struct sockaddr *)&address, sizeof(address));
  (void)umask(mask);
  if (rv == 0 && chmod(path, mode) != 0) {
    rv = errno;
    (void)close(*fd);
    *fd = -1;
  }
  return rv;
}

int listener_open(int *fd, uint16_t *port, const char *where)
{
  int rv;

  *fd = -1;
  *port = 0;
  if (strncmp(where, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
    return open_unix(fd, where + strlen(UNIX_PREFIX), 0660);
  }
  if (strncmp(where, PRIVATE_PREFIX, strlen(PRIVATE_PREFIX)) == 0) {
    return open_unix(fd, where + strlen(PRIVATE_PREFIX), 0600);
  }
  rv = open_inet(fd, where);
  if (rv == 0) {
    *port = read_port(*fd);
  }
  return rv;
}

void listener_remove(const char *where)
{
  if (strncmp(where, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
    (void)unlink(where + strlen(UNIX_PREFIX));
  } else if (strncmp(where, PRIVATE_PREFIX, strlen(PRIVATE_PREFIX)) == 0) {
    (void)unlink(where + strlen(PRIVATE_PREFIX));
  }
}
