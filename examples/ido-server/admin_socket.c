/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_socket.c -- the admin socket, served and asked. */
#include "ido-server/admin_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "common/log.h"
#include "ido-server/admin_http.h"

#define REPLY_MAX ((size_t)17 * 1024 * 1024)
/* Disabling a delegate with very many delegations takes its time. */
#define PATIENCE_S 120

char *admin_socket_path(const service *s, char out[600])
{
  const char *configured = config_text(s->cfg, "admin-socket", NULL);

  if (configured == NULL) {
    return service_path(s, "admin.sock", out);
  }
  (void)snprintf(out, 600, "%s", configured);
  return out;
}

/* --- Serving --- */

typedef struct admin_host {
  stardeleg_ido *(*find_ido)(void *ctx);
  void *ctx;
} admin_host;

/* The body may hold a MAC key. */
static void free_body(void *body)
{
  stardeleg_secret_free(body, strlen(body));
}

static int answer(void *ctx, const stardeleg_http_request *request, httpd_page *page)
{
  static const char waiting[] = "{\"type\":\"about:blank\",\"title\":\"the server is starting\",\"status\":503}\n";
  const admin_host *host = ctx;
  stardeleg_ido *ido = host->find_ido(host->ctx);
  char *body = NULL;
  size_t len = 0;

  page->status = 503;
  page->body = waiting;
  page->body_len = sizeof(waiting) - 1;
  if (ido != NULL) {
    int status = admin_answer(ido, sdg_bytes_str(request->method), request->url, request->body, &body, &len);

    if (body != NULL) {
      page->status = status;
      page->body = body;
      page->body_len = len;
      page->free_body = free_body;
    }
  }
  page->headers[page->header_count++] = (stardeleg_http_header){
      SDG_BYTES_LITERAL("Content-Type"),
      page->status == 200 ? SDG_BYTES_LITERAL("application/json") : SDG_BYTES_LITERAL("application/problem+json")};
  page->headers[page->header_count++] =
      (stardeleg_http_header){SDG_BYTES_LITERAL("Cache-Control"), SDG_BYTES_LITERAL("no-store")};
  return 1;
}

int admin_socket_serve(httpd **out, const service *s, stardeleg_ido *(*find_ido)(void *ctx), void *ctx)
{
  static admin_host host; /* one server per process */
  httpd_options options;
  char path[600];
  char listen[640];
  char error[HTTPD_ERROR_SIZE];

  host = (admin_host){find_ido, ctx};
  if (strlen(admin_socket_path(s, path)) >= sizeof(((struct sockaddr_un *)NULL)->sun_path) &&
      config_text(s->cfg, "admin-socket", NULL) == NULL) {
    log_line(STARDELEG_LOG_WARNING, "ido.admin.none", "%s is too long for a socket; set admin-socket", path);
    return 0;
  }
  (void)snprintf(listen, sizeof(listen), "unix-private:%s", path);
  httpd_options_default(&options);
  options.listen = listen;
  options.threads = 1;
  options.connections = 32;
  options.body_max = ADMIN_BODY_MAX;
  options.request_s = PATIENCE_S;
  options.page = answer;
  options.ctx = &host;
  if (httpd_start(out, &options, error) != 0) {
    (void)fprintf(stderr, "admin socket: %s\n", error);
    return -1;
  }
  log_line(STARDELEG_LOG_INFO, "ido.admin.ready", "%s", path);
  return 0;
}

/* --- Asking --- */

static int connect_to(const char *path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval patience = {.tv_sec = PATIENCE_S};
  int fd;

  if (strlen(path) >= sizeof(address.sun_path)) {
    return -1;
  }
  memcpy(address.sun_path, path, strlen(path) + 1);
  fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) {
    return -1;
  }
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
      connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
    (void)close(fd);
    return -1;
  }
  return fd;
}

static int send_all(int fd, const char *data, size_t len)
{
  while (len > 0) {
    ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return -1;
    }
    data += n;
    len -= (size_t)n;
  }
  return 0;
}

/* HTTP/1.0: the answer ends with the connection. */
static int receive_all(int fd, sdg_buf *reply)
{
  char piece[4096];

  for (;;) {
    ssize_t n = recv(fd, piece, sizeof(piece), 0);

    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return n == 0 ? 0 : -1;
    }
    sdg_buf_add(reply, piece, (size_t)n);
    if (sdg_buf_error(reply) != STARDELEG_OK) {
      return -1;
    }
  }
}

static int take_reply(const sdg_buf *reply, char **body)
{
  const char *text = sdg_buf_str(reply);
  const char *end = strstr(text, "\r\n\r\n");
  uint64_t status = 0;

  if (end == NULL || strncmp(text, "HTTP/1.", 7) != 0 || reply->len < 12 ||
      !sdg_bytes_to_uint(&status, sdg_bytes(text + 9, 3), 599)) {
    return -1;
  }
  *body = strdup(end + 4);
  return *body != NULL ? (int)status : -1;
}

int admin_socket_send(const char *path, const char *command, const char *request, size_t len, char **body)
{
  sdg_buf reply;
  char head[256];
  int fd = connect_to(path);
  int status = -1;
  int n;

  if (fd < 0) {
    return 0;
  }
  sdg_buf_init_secret(&reply, REPLY_MAX);
  n = snprintf(head, sizeof(head),
               "POST /%s HTTP/1.0\r\nHost: admin\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
               command, len);
  if (n > 0 && send_all(fd, head, (size_t)n) == 0 && send_all(fd, request, len) == 0 && receive_all(fd, &reply) == 0) {
    status = take_reply(&reply, body);
  }
  if (status < 0) {
    (void)fprintf(stderr, "%s: no answer from the server\n", path);
  }
  sdg_buf_clear(&reply);
  (void)close(fd);
  return status;
}
