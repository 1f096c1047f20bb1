/* SPDX-License-Identifier: Apache-2.0 */
/* common/httpd_request.c -- one request: gathered, handled, answered. */
#include "common/httpd_inside.h"

#include "common/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define FIELDS_MAX 64
#define HSTS_VALUE "max-age=31536000"
/* So much of a body that is too long is read and thrown away, so that its sender comes to read the 413. */
#define DISCARD_FACTOR 8

typedef struct gathered {
  char *target;
  uint8_t *body;
  size_t len;
  size_t room;
  size_t seen;
  bool begun;
  bool too_large;
  bool no_memory;
} gathered;

typedef struct field_list {
  stardeleg_http_header fields[FIELDS_MAX];
  size_t count;
  bool too_many;
} field_list;

static httpd_guarded *find_guarded(struct MHD_Connection *connection)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

  return info != NULL ? info->socket_context : NULL;
}

static void set_deadline(httpd *server, struct MHD_Connection *connection, int64_t ms)
{
  httpd_guard_set(&server->guard, find_guarded(connection), clock_ticks() + ms);
}

/* RFC 9112 3.2.2: a server MUST accept the absolute form; what counts begins at the path. */
static const char *skip_authority(const char *target)
{
  size_t scheme = strncasecmp(target, "https://", 8) == 0 ? 8 : strncasecmp(target, "http://", 7) == 0 ? 7 : 0;

  if (scheme > 0) {
    target += scheme;
    target += strcspn(target, "/?");
    return *target == '/' ? target : "/";
  }
  return target;
}

void *httpd_request_begin(void *self, const char *target, struct MHD_Connection *connection)
{
  httpd *server = self;
  gathered *request = calloc(1, sizeof(*request));
  size_t size;

  (void)atomic_fetch_add(&server->under_way, 1);
  set_deadline(server, connection, server->request_ms);
  if (request == NULL) {
    return NULL;
  }
  target = skip_authority(target);
  size = strlen(target) + 1;
  request->target = malloc(size);
  if (request->target == NULL) {
    free(request);
    return NULL;
  }
  memcpy(request->target, target, size);
  return request;
}

void httpd_request_end(void *self, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
  httpd *server = self;
  gathered *request = *state;

  (void)why;
  if (request != NULL) {
    free(request->target);
    free(request->body);
    free(request);
    *state = NULL;
  }
  set_deadline(server, connection, server->idle_ms + server->request_ms);
  (void)atomic_fetch_sub(&server->under_way, 1);
}

static enum MHD_Result add_field(void *self, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                 const char *value, size_t value_len)
{
  field_list *list = self;
  stardeleg_http_header *field;

  (void)kind;
  if (list->count == FIELDS_MAX) {
    list->too_many = true;
    return MHD_NO;
  }
  field = &list->fields[list->count++];
  field->name.base = (const uint8_t *)name;
  field->name.len = name_len;
  field->value.base = (const uint8_t *)value;
  field->value.len = value != NULL ? value_len : 0;
  return MHD_YES;
}

static bool is_hosts_own(const stardeleg_http_header *field)
{
  static const char *const names[] = {"content-length", "connection", "transfer-encoding", "date", "keep-alive"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (field->name.len == strlen(names[i]) &&
        strncasecmp((const char *)field->name.base, names[i], field->name.len) == 0) {
      return true;
    }
  }
  return false;
}

static bool add_header(struct MHD_Response *response, const stardeleg_http_header *field)
{
  size_t size = field->name.len + field->value.len + 2;
  char *text = malloc(size);
  bool added = false;

  if (text != NULL) {
    (void)snprintf(text, size, "%.*s", (int)field->name.len, (const char *)field->name.base);
    (void)snprintf(text + field->name.len + 1, field->value.len + 1, "%.*s", (int)field->value.len,
                   field->value.len > 0 ? (const char *)field->value.base : "");
    added = MHD_add_response_header(response, text, text + field->name.len + 1) == MHD_YES;
  }
  free(text);
  return added;
}

static enum MHD_Result queue(httpd *server, struct MHD_Connection *connection, int status,
                             struct MHD_Response *response)
{
  enum MHD_Result result = MHD_YES;

  if (server->hsts) {
    result = MHD_add_response_header(response, MHD_HTTP_HEADER_STRICT_TRANSPORT_SECURITY, HSTS_VALUE);
  }
  if (result == MHD_YES && atomic_load(&server->stopping) != 0) {
    result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
  }
  if (result == MHD_YES) {
    set_deadline(server, connection, server->request_ms);
    result = MHD_queue_response(connection, (unsigned)status, response);
  }
  MHD_destroy_response(response);
  return result;
}

/* What the host itself has to refuse. */
static enum MHD_Result refuse(httpd *server, struct MHD_Connection *connection, int status, const char *title)
{
  const char *link = atomic_load(&server->index_link);
  char text[160];
  struct MHD_Response *response;
  int len = snprintf(text, sizeof(text), "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}\n", title, status);

  response = MHD_create_response_from_buffer((size_t)len, text, MHD_RESPMEM_MUST_COPY);
  if (response == NULL) {
    return MHD_NO;
  }
  if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/problem+json") != MHD_YES ||
      (link != NULL && MHD_add_response_header(response, MHD_HTTP_HEADER_LINK, link) != MHD_YES)) {
    MHD_destroy_response(response);
    return MHD_NO;
  }
  return queue(server, connection, status, response);
}

static void free_reply(void *reply)
{
  stardeleg_http_reply_free(reply);
}

static enum MHD_Result send_reply(httpd *server, struct MHD_Connection *connection, stardeleg_http_reply *reply)
{
  const stardeleg_http_response *view = stardeleg_http_reply_view(reply);
  /* libmicrohttpd only reads the buffer; it is the reply's own, freed when the last byte is out. */
  struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
      view->body.len, (void *)(uintptr_t)view->body.base, free_reply, reply);

  if (response == NULL) {
    stardeleg_http_reply_free(reply);
    return MHD_NO;
  }
  for (size_t i = 0; i < view->header_count; i++) {
    if (!is_hosts_own(&view->headers[i]) && !add_header(response, &view->headers[i])) {
      MHD_destroy_response(response);
      return MHD_NO;
    }
  }
  return queue(server, connection, view->status, response);
}

/* libmicrohttpd has no call for "mine, and static": this one is never NULL. */
static void keep_body(void *body)
{
  (void)body;
}

static enum MHD_Result send_page(httpd *server, struct MHD_Connection *connection, const httpd_page *page)
{
  void *body = (void *)(uintptr_t)page->body; /* only read */
  struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
      page->body_len, body, page->free_body != NULL ? page->free_body : keep_body, body);

  if (response == NULL) {
    if (page->free_body != NULL) {
      page->free_body(body);
    }
    return MHD_NO;
  }
  for (size_t i = 0; i < page->header_count; i++) {
    if (!add_header(response, &page->headers[i])) {
      MHD_destroy_response(response);
      return MHD_NO;
    }
  }
  return queue(server, connection, page->status, response);
}

static enum MHD_Result respond(httpd *server, struct MHD_Connection *connection, const stardeleg_http_request *request)
{
  httpd_page page = {.status = MHD_HTTP_OK};
  stardeleg_http_reply *reply = NULL;

  if (server->page != NULL && server->page(server->ctx, request, &page) != 0) {
    return send_page(server, connection, &page);
  }
  if (server->handle == NULL) {
    return refuse(server, connection, MHD_HTTP_NOT_FOUND, "Not Found");
  }
  if (server->handle(server->ctx, request, &reply) != 0 || reply == NULL) {
    stardeleg_http_reply_free(reply);
    return refuse(server, connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "Internal Server Error");
  }
  return send_reply(server, connection, reply);
}

#define SOURCE_SIZE 64

/* The client's address, NULL for a unix socket.  What a proxy says of it does not count: anybody can say it. */
static const char *find_source(struct MHD_Connection *connection, char out[SOURCE_SIZE])
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  const struct sockaddr *address = info != NULL ? info->client_addr : NULL;

  if (address != NULL && address->sa_family == AF_INET) {
    return inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, out, SOURCE_SIZE);
  }
  if (address != NULL && address->sa_family == AF_INET6) {
    return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, out, SOURCE_SIZE);
  }
  return NULL;
}

static enum MHD_Result answer(httpd *server, struct MHD_Connection *connection, const char *method,
                              const gathered *gathered_request)
{
  field_list list = {.count = 0, .too_many = false};
  stardeleg_http_request request = {.method = method, .url = gathered_request->target};
  char source[SOURCE_SIZE];

  if (gathered_request->too_large) {
    return refuse(server, connection, MHD_HTTP_CONTENT_TOO_LARGE, "Content Too Large");
  }
  if (gathered_request->no_memory) {
    return refuse(server, connection, MHD_HTTP_SERVICE_UNAVAILABLE, "Out of memory");
  }
  (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_field, &list);
  if (list.too_many) {
    return refuse(server, connection, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
  }
  request.headers = list.count > 0 ? list.fields : NULL;
  request.header_count = list.count;
  request.body.base = gathered_request->body;
  request.body.len = gathered_request->len;
  request.source = find_source(connection, source);
  return respond(server, connection, &request);
}

/* A length that is announced is judged before any of it is read. */
static bool announces_too_much(const httpd *server, struct MHD_Connection *connection)
{
  const char *text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

  return text != NULL && strtoumax(text, NULL, 10) > server->body_max;
}

typedef struct framing {
  unsigned lengths;
  unsigned codings;
  bool chunked;
} framing;

static enum MHD_Result see_framing(void *self, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                   const char *value, size_t value_len)
{
  framing *seen = self;

  (void)kind;
  if (name_len == strlen(MHD_HTTP_HEADER_CONTENT_LENGTH) &&
      strncasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH, name_len) == 0) {
    seen->lengths++;
  } else if (name_len == strlen(MHD_HTTP_HEADER_TRANSFER_ENCODING) &&
             strncasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING, name_len) == 0) {
    seen->codings++;
    seen->chunked = value != NULL && value_len == 7 && strncasecmp(value, "chunked", 7) == 0;
  }
  return MHD_YES;
}

/* RFC 9112 6.1, 6.3: where a body ends must be said once and plainly, or somebody in between may see other requests
 * than we do.  libmicrohttpd believes the first of several. */
static bool framing_is_clear(struct MHD_Connection *connection)
{
  framing seen = {0, 0, false};

  (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, see_framing, &seen);
  return seen.lengths + seen.codings <= 1 && (seen.codings == 0 || seen.chunked);
}

static enum MHD_Result gather(const httpd *server, gathered *request, const char *data, size_t len)
{
  size_t room = server->body_max < 4096 ? server->body_max : 4096;
  uint8_t *grown;

  request->seen += len;
  if (len > server->body_max - request->len) {
    request->too_large = true;
  }
  if (request->too_large || request->no_memory) {
    /* Dropping the connection is all that ends a sender who does not stop. */
    return request->seen <= DISCARD_FACTOR * server->body_max + DISCARD_FACTOR * 4096 ? MHD_YES : MHD_NO;
  }
  if (len > request->room - request->len) {
    while (room < request->len + len) {
      room *= 2;
    }
    grown = realloc(request->body, room);
    if (grown == NULL) {
      request->no_memory = true;
      return MHD_YES;
    }
    request->body = grown;
    request->room = room;
  }
  memcpy(request->body + request->len, data, len);
  request->len += len;
  return MHD_YES;
}

enum MHD_Result httpd_request_take(void *self, struct MHD_Connection *connection, const char *url, const char *method,
                                   const char *version, const char *data, size_t *data_len, void **state)
{
  httpd *server = self;
  gathered *request = *state;
  enum MHD_Result result;

  (void)url;
  (void)version;
  if (request == NULL) {
    return MHD_NO;
  }
  if (!request->begun) {
    request->begun = true;
    if (!framing_is_clear(connection)) {
      return refuse(server, connection, MHD_HTTP_BAD_REQUEST, "Bad Request");
    }
    if (announces_too_much(server, connection)) {
      return refuse(server, connection, MHD_HTTP_CONTENT_TOO_LARGE, "Content Too Large");
    }
    return MHD_YES;
  }
  if (*data_len > 0) {
    result = gather(server, request, data, *data_len);
    *data_len = 0;
    return result;
  }
  return answer(server, connection, method, request);
}
