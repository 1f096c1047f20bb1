/* SPDX-License-Identifier: Apache-2.0 */
/* transport/fault_server.c -- a thread per connection; the replies are in fault_replies.c. */
#include "support/test.h"

#include "fault_server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 2048
#define REQUEST_MAX 65536

typedef struct served {
  fault_server *server;
  pthread_t thread;
  int fd;
  bool open;
} served;

struct fault_server {
  int fd;
  uint16_t port;
  pthread_t thread;
  pthread_mutex_t lock;
  served served[CONNECTIONS_MAX];
  int count;
  int requests;
  char *last;
  atomic_int stopping;
};

/* Bytes of the whole request at the start of |text|; 0: not complete yet. */
static size_t request_len(const char *text, size_t len)
{
  const char *end = strstr(text, "\r\n\r\n");
  const char *line = text;
  size_t body = 0;

  if (end == NULL) {
    return 0;
  }
  while ((line = strstr(line, "\r\n")) != NULL && line < end) {
    line += 2;
    if (strncasecmp(line, "Content-Length:", 15) == 0) {
      body = (size_t)strtoul(line + 15, NULL, 10);
    }
  }
  body += (size_t)(end - text) + 4;
  return body <= len ? body : 0;
}

static void record(fault_server *server, const char *text, size_t len)
{
  char *copy = malloc(len + 1);

  if (copy != NULL) {
    memcpy(copy, text, len);
    copy[len] = '\0';
  }
  (void)pthread_mutex_lock(&server->lock);
  free(server->last);
  server->last = copy;
  server->requests++;
  (void)pthread_mutex_unlock(&server->lock);
}

static bool serve_one(served *connection, char *text, size_t len)
{
  char method[16] = "";
  char path[256] = "";
  fault_call call = {.fd = connection->fd, .method = method, .path = path, .stopping = &connection->server->stopping};

  record(connection->server, text, len);
  if (sscanf(text, "%15s %255s", method, path) != 2) {
    return false;
  }
  return fault_reply(&call);
}

static void *serve(void *ctx)
{
  served *connection = ctx;
  char *text = calloc(1, REQUEST_MAX + 1);
  size_t len = 0;
  ssize_t got = text != NULL ? 1 : 0;

  while (got > 0) {
    size_t whole = request_len(text, len);

    if (whole > 0) {
      if (!serve_one(connection, text, whole)) {
        break;
      }
      memmove(text, text + whole, len - whole + 1);
      len -= whole;
      continue;
    }
    got = len < REQUEST_MAX ? recv(connection->fd, text + len, REQUEST_MAX - len, 0) : 0;
    if (got > 0) {
      len += (size_t)got;
      text[len] = '\0';
    }
  }
  free(text);
  (void)pthread_mutex_lock(&connection->server->lock);
  connection->open = false;
  (void)close(connection->fd);
  (void)pthread_mutex_unlock(&connection->server->lock);
  return NULL;
}

static void *accept_all(void *ctx)
{
  fault_server *server = ctx;
  int fd;

  while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
    served *connection;

    (void)pthread_mutex_lock(&server->lock);
    connection = &server->served[server->count];
    connection->server = server;
    connection->fd = fd;
    connection->open = true;
    if (server->count == CONNECTIONS_MAX || pthread_create(&connection->thread, NULL, serve, connection) != 0) {
      (void)close(fd);
    } else {
      server->count++;
    }
    (void)pthread_mutex_unlock(&server->lock);
  }
  return NULL;
}

fault_server *fault_server_start(void)
{
  fault_server *server = calloc(1, sizeof(*server));
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof(address);

  assert_non_null(server);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  server->fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(server->fd >= 0);
  assert_int_equal(bind(server->fd, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(server->fd, 256), 0);
  assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
  server->port = ntohs(address.sin_port);
  assert_int_equal(pthread_mutex_init(&server->lock, NULL), 0);
  assert_int_equal(pthread_create(&server->thread, NULL, accept_all, server), 0);
  return server;
}

void fault_server_stop(fault_server *server)
{
  if (server == NULL) {
    return;
  }
  atomic_store(&server->stopping, 1);
  (void)shutdown(server->fd, SHUT_RDWR);
  (void)pthread_join(server->thread, NULL);
  (void)close(server->fd);
  (void)pthread_mutex_lock(&server->lock);
  for (int i = 0; i < server->count; i++) {
    if (server->served[i].open) {
      (void)shutdown(server->served[i].fd, SHUT_RDWR);
    }
  }
  (void)pthread_mutex_unlock(&server->lock);
  for (int i = 0; i < server->count; i++) {
    (void)pthread_join(server->served[i].thread, NULL);
  }
  (void)pthread_mutex_destroy(&server->lock);
  free(server->last);
  free(server);
}

uint16_t fault_server_port(const fault_server *server)
{
  return server->port;
}

static int read_count(fault_server *server, const int *count)
{
  int value;

  (void)pthread_mutex_lock(&server->lock);
  value = *count;
  (void)pthread_mutex_unlock(&server->lock);
  return value;
}

int fault_server_connections(fault_server *server)
{
  return read_count(server, &server->count);
}

int fault_server_requests(fault_server *server)
{
  return read_count(server, &server->requests);
}

char *fault_server_last(fault_server *server)
{
  char *copy;

  (void)pthread_mutex_lock(&server->lock);
  copy = strdup(server->last != NULL ? server->last : "");
  (void)pthread_mutex_unlock(&server->lock);
  assert_non_null(copy);
  return copy;
}
