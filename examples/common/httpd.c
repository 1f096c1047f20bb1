/* SPDX-License-Identifier: Apache-2.0 */
/* common/httpd.c -- starts and stops the HTTP host. */
#include "common/httpd.h"

#include "common/clock.h"
#include "common/files.h"
#include "common/httpd_inside.h"
#include "common/listener.h"
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PEM_MAX ((size_t)256 * 1024)
#define THREADS_MAX 64
/* RFC 9325 3.1.1: TLS 1.3, and 1.2 for the old. */
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA"

void httpd_options_default(httpd_options *options)
{
  memset(options, 0, sizeof(*options));
  options->listen = "127.0.0.1:0";
  options->threads = 4;
  options->connections = 1000;
  options->per_source = 250;
  options->body_max = (size_t)64 * 1024;
  options->header_max = (size_t)16 * 1024;
  options->idle_s = 15;
  options->request_s = 30;
}

static int say(char error[HTTPD_ERROR_SIZE], int code, const char *what, const char *which)
{
  (void)snprintf(error, HTTPD_ERROR_SIZE, "%s %s: %s", what, which, strerror(code));
  return code;
}

__attribute__((format(printf, 2, 0))) static void log_daemon(void *ctx, const char *format, va_list arguments)
{
  char text[512];

  (void)ctx;
  if (vsnprintf(text, sizeof(text), format, arguments) > 0) {
    text[strcspn(text, "\n")] = '\0';
    log_line(STARDELEG_LOG_DEBUG, "httpd.library", "%s", text); /* peers cause most of these */
  }
}

static void take_connection(void *self, struct MHD_Connection *connection, void **guarded,
                            enum MHD_ConnectionNotificationCode what)
{
  httpd *server = self;
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    *guarded =
        info != NULL ? httpd_guard_add(&server->guard, info->connect_fd, clock_ticks() + server->request_ms) : NULL;
  } else {
    httpd_guard_remove(&server->guard, *guarded);
    *guarded = NULL;
  }
}

static int start_daemon(httpd *server, const httpd_options *options)
{
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;
  struct MHD_OptionItem items[16];
  size_t count = 0;

  items[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, (intptr_t)options->connections, NULL};
  if (options->per_source > 0) {
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)options->per_source, NULL};
  }
  items[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)options->idle_s, NULL};
  items[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)options->header_max, NULL};
  items[count++] = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL};
  if (options->threads > 1) {
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->threads, NULL};
  }
  if (server->cert != NULL) {
    flags |= MHD_USE_TLS;
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, server->key};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES};
  }
  items[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
  server->daemon = MHD_start_daemon(
      flags, 0, NULL, NULL, httpd_request_take, server, MHD_OPTION_EXTERNAL_LOGGER, log_daemon, NULL,
      MHD_OPTION_URI_LOG_CALLBACK, httpd_request_begin, server, MHD_OPTION_NOTIFY_COMPLETED, httpd_request_end, server,
      MHD_OPTION_NOTIFY_CONNECTION, take_connection, server, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
  return server->daemon != NULL ? 0 : EINVAL;
}

static void free_server(httpd *server)
{
  volatile char *key = server->key;

  for (size_t i = 0; i < server->key_len; i++) {
    key[i] = '\0';
  }
  free(server->key);
  free(server->cert);
  free(server->where);
  free(atomic_load(&server->index_link));
  free(server);
}

static int read_files(httpd *server, const httpd_options *options, char error[HTTPD_ERROR_SIZE])
{
  int rv;

  if (options->cert_file == NULL) {
    return 0;
  }
  rv = file_read(&server->cert, NULL, options->cert_file, PEM_MAX);
  if (rv != 0) {
    return say(error, rv, "certificate", options->cert_file);
  }
  rv = file_read(&server->key, &server->key_len, options->key_file, PEM_MAX);
  return rv != 0 ? say(error, rv, "private key", options->key_file) : 0;
}

static int make_server(httpd **out, const httpd_options *options, char error[HTTPD_ERROR_SIZE])
{
  httpd *server = NULL;
  int rv;

  if ((options->handle == NULL && options->page == NULL) || options->threads < 1 || options->threads > THREADS_MAX ||
      options->connections < 1 || options->body_max < 1 || options->body_max > SIZE_MAX / 64 ||
      options->header_max < 1024 || options->request_s < 1 ||
      (options->cert_file == NULL) != (options->key_file == NULL)) {
    return say(error, EINVAL, "options for", options->listen);
  }
  server = calloc(1, sizeof(*server));
  if (server == NULL) {
    return say(error, ENOMEM, "server", options->listen);
  }
  server->page = options->page;
  server->handle = options->handle;
  server->ctx = options->ctx;
  server->body_max = options->body_max;
  server->idle_ms = (int64_t)options->idle_s * 1000;
  server->request_ms = (int64_t)options->request_s * 1000;
  server->hsts = options->hsts != 0 && options->cert_file != NULL;
  server->where = strdup(options->listen);
  rv = server->where != NULL ? read_files(server, options, error) : say(error, ENOMEM, "server", options->listen);
  if (rv != 0) {
    free_server(server);
    return rv;
  }
  *out = server;
  return 0;
}

int httpd_start(httpd **out, const httpd_options *options, char error[HTTPD_ERROR_SIZE])
{
  httpd *server = NULL;
  int fd = -1;
  int rv;

  error[0] = '\0';
  rv = make_server(&server, options, error);
  if (rv != 0) {
    return rv;
  }
  rv = httpd_guard_start(&server->guard);
  if (rv != 0) {
    free_server(server);
    return say(error, rv, "threads for", options->listen);
  }
  rv = listener_open(&fd, &server->port, options->listen);
  if (rv != 0) {
    (void)say(error, rv, "cannot listen at", options->listen);
    goto out;
  }
  rv = start_daemon(server, options);
  if (rv != 0) {
    (void)snprintf(error, HTTPD_ERROR_SIZE, "cannot serve at %s%s", options->listen,
                   options->cert_file != NULL ? ": do certificate and key fit?" : "");
    goto out;
  }
  rv = httpd_accept_start(&server->accept, fd, server->daemon);
  if (rv != 0) {
    (void)say(error, rv, "threads for", options->listen);
    MHD_stop_daemon(server->daemon);
  }
out:
  if (rv != 0) {
    if (fd >= 0) {
      (void)close(fd);
      listener_remove(options->listen);
    }
    httpd_guard_stop(&server->guard);
    free_server(server);
    return rv;
  }
  *out = server;
  return 0;
}

int httpd_set_directory(httpd *server, const char *directory_url)
{
  size_t size = strlen(directory_url) + sizeof("<>;rel=\"index\"");
  char *link = malloc(size);
  char *none = NULL;

  if (link == NULL) {
    return -1;
  }
  (void)snprintf(link, size, "<%s>;rel=\"index\"", directory_url);
  if (!atomic_compare_exchange_strong(&server->index_link, &none, link)) {
    free(link); /* it has one, and somebody may be reading it */
  }
  return 0;
}

uint16_t httpd_port(const httpd *server)
{
  return server->port;
}

void httpd_stop(httpd *server, int64_t drain_ms)
{
  static const struct timespec nap = {.tv_sec = 0, .tv_nsec = 5 * 1000 * 1000};
  int64_t until = clock_ticks() + drain_ms;

  if (server == NULL) {
    return;
  }
  atomic_store(&server->stopping, 1);
  httpd_accept_stop(&server->accept);
  while (atomic_load(&server->under_way) > 0 && clock_ticks() < until) {
    (void)nanosleep(&nap, NULL);
  }
  MHD_stop_daemon(server->daemon);
  listener_remove(server->where);
  httpd_guard_stop(&server->guard);
  free_server(server);
}
