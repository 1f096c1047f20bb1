/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/exchange.c -- one request and its response on one easy handle. */
#include "exchange.h"

#include "allowed.h"
#include "request.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A larger body is given back to the heap when its exchange is over. */
#define BODY_KEPT ((size_t)64 * 1024)

static size_t take_header(char *line, size_t size, size_t count, void *self)
{
  sdg_curl_exchange *exchange = self;
  stardeleg_err rv = sdg_curl_headers_take(&exchange->headers, line, size * count);

  exchange->too_large = exchange->too_large || rv == STARDELEG_ERR_LIMIT;
  exchange->no_memory = exchange->no_memory || rv == STARDELEG_ERR_NOMEM;
  return rv == STARDELEG_OK ? size * count : 0;
}

/* CURLOPT_MAXFILESIZE looks at Content-Length only: a chunked body is counted here. */
static size_t take_body(char *data, size_t size, size_t count, void *self)
{
  sdg_curl_exchange *exchange = self;
  size_t len = size * count;

  if (len > exchange->body.max - exchange->body.len) {
    exchange->too_large = true;
    return 0;
  }
  if (len > exchange->body.room - exchange->body.len) {
    size_t room = (exchange->body.len + len) * 2; /* no overflow: |max| is at most 2^31 */
    uint8_t *grown = realloc(exchange->body.base, room);

    if (grown == NULL) {
      exchange->no_memory = true;
      return 0;
    }
    exchange->body.base = grown;
    exchange->body.room = room;
  }
  if (len > 0) {
    memcpy(exchange->body.base + exchange->body.len, data, len);
  }
  exchange->body.len += len;
  return len;
}

/* The last look before connecting: it sees the address itself, whatever the name resolved to this time. */
static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
  sdg_curl_exchange *exchange = self;
  bool through_proxy = exchange->settings->options.proxy != NULL;
  int fd;

  (void)purpose;
  if (!through_proxy && !sdg_curl_may_connect(exchange->settings, &address->addr, address->addrlen)) {
    exchange->denied++;
    return CURL_SOCKET_BAD;
  }
  exchange->allowed++;
  fd = socket(address->family, address->socktype, address->protocol);
  if (fd < 0) {
    return CURL_SOCKET_BAD;
  }
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

static stardeleg_err set_callbacks(sdg_curl_exchange *exchange)
{
  CURL *easy = exchange->easy;
  CURLcode codes[] = {
      curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange),
      curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error),
      curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header),
      curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange),
      curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body),
      curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange),
      curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket),
      curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange),
  };

  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    if (codes[i] != CURLE_OK) {
      return codes[i] == CURLE_OUT_OF_MEMORY ? STARDELEG_ERR_NOMEM : STARDELEG_ERR_UNSUPPORTED;
    }
  }
  return STARDELEG_OK;
}

/* curl_easy_reset() keeps the TLS sessions of the handle and its live connections. */
static stardeleg_err prepare(sdg_curl_exchange *exchange)
{
  stardeleg_err rv;

  curl_easy_reset(exchange->easy);
  rv = sdg_curl_request_settings(exchange->easy, exchange->settings);
  if (rv == STARDELEG_OK) {
    rv = set_callbacks(exchange);
  }
  return rv;
}

stardeleg_err sdg_curl_exchange_new(sdg_curl_exchange **out, const sdg_curl_settings *settings)
{
  sdg_curl_exchange *exchange = calloc(1, sizeof(*exchange));
  stardeleg_err rv;

  if (exchange == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  exchange->settings = settings;
  exchange->easy = curl_easy_init();
  rv = exchange->easy != NULL ? prepare(exchange) : STARDELEG_ERR_NOMEM;
  if (rv != STARDELEG_OK) {
    sdg_curl_exchange_free(exchange);
    return rv;
  }
  *out = exchange;
  return STARDELEG_OK;
}

stardeleg_err sdg_curl_exchange_begin(sdg_curl_exchange *exchange, const stardeleg_http_request *request)
{
  size_t max = request->response_max > 0 ? request->response_max : exchange->settings->options.response_max;
  bool head = strcmp(request->method, "HEAD") == 0;
  stardeleg_err rv = prepare(exchange);

  exchange->body.len = 0;
  exchange->body.max = max < INT32_MAX ? max : INT32_MAX;
  exchange->too_large = exchange->no_memory = false;
  exchange->denied = exchange->allowed = 0;
  exchange->error[0] = '\0';
  sdg_curl_headers_begin(&exchange->headers, exchange->settings->options.header_max);
  if (rv == STARDELEG_OK) {
    rv = sdg_curl_request_write(exchange->easy, &exchange->fields, exchange->settings, request);
  }
  if (rv == STARDELEG_OK && request->address != NULL) {
    rv = sdg_curl_request_connect_to(exchange->easy, &exchange->connect_to, exchange->settings, request->address);
  }
  /* Refuses early what announces itself as too large; a HEAD response announces what it does not carry. */
  if (rv == STARDELEG_OK && !head &&
      curl_easy_setopt(exchange->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)exchange->body.max) != CURLE_OK) {
    rv = STARDELEG_ERR_UNSUPPORTED;
  }
  return rv;
}

/* Every code not named here is BROKEN. */
static const struct {
  CURLcode code;
  stardeleg_transport_failure failure;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, STARDELEG_TRANSPORT_RESOLVE},
    {CURLE_COULDNT_RESOLVE_PROXY, STARDELEG_TRANSPORT_RESOLVE},
    {CURLE_COULDNT_CONNECT, STARDELEG_TRANSPORT_CONNECT},
    {CURLE_PROXY, STARDELEG_TRANSPORT_CONNECT},
    {CURLE_OPERATION_TIMEDOUT, STARDELEG_TRANSPORT_TIMEOUT},
    {CURLE_FILESIZE_EXCEEDED, STARDELEG_TRANSPORT_TOO_LARGE},
    {CURLE_UNSUPPORTED_PROTOCOL, STARDELEG_TRANSPORT_DENIED},
    {CURLE_URL_MALFORMAT, STARDELEG_TRANSPORT_DENIED},
    {CURLE_LOGIN_DENIED, STARDELEG_TRANSPORT_DENIED}, /* user name in the URL */
    {CURLE_SSL_CONNECT_ERROR, STARDELEG_TRANSPORT_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_CERTPROBLEM, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_CIPHER, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_CACERT_BADFILE, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_CRL_BADFILE, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_ISSUER_ERROR, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_ENGINE_NOTFOUND, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_ENGINE_SETFAILED, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_ENGINE_INITFAILED, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_CLIENTCERT, STARDELEG_TRANSPORT_TLS},
    {CURLE_USE_SSL_FAILED, STARDELEG_TRANSPORT_TLS},
    {CURLE_SSL_SHUTDOWN_FAILED, STARDELEG_TRANSPORT_TLS},
};

static stardeleg_transport_failure name_failure(CURLcode code)
{
  for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
    if (failures[i].code == code) {
      return failures[i].failure;
    }
  }
  return STARDELEG_TRANSPORT_BROKEN;
}

/* libcurl's message may quote the peer (names in a certificate, a status line): printable ASCII passes. */
static void write_text(sdg_curl_exchange *exchange, const char *message)
{
  size_t len = 0;

  for (; *message != '\0' && len + 5 < sizeof(exchange->text); message++) {
    unsigned char c = (unsigned char)*message;

    if (c >= 0x20 && c < 0x7f && c != '\\') {
      exchange->text[len++] = (char)c;
    } else {
      len += (size_t)snprintf(exchange->text + len, sizeof(exchange->text) - len, "\\x%02x", c);
    }
  }
  exchange->text[len] = '\0';
}

static bool was_sent(const sdg_curl_exchange *exchange)
{
  long size = 0;

  return curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &size) == CURLE_OK && size > 0;
}

static stardeleg_transport_failure judge(const sdg_curl_exchange *exchange, CURLcode code, const char **message)
{
  *message = exchange->error[0] != '\0' ? exchange->error : curl_easy_strerror(code);
  if (exchange->no_memory) {
    *message = "out of memory";
    return STARDELEG_TRANSPORT_BROKEN;
  }
  if (exchange->too_large) {
    *message = exchange->headers.complete ? "response body over the limit" : "response header over the limit";
    return STARDELEG_TRANSPORT_TOO_LARGE;
  }
  if (code == CURLE_COULDNT_CONNECT && exchange->denied > 0 && exchange->allowed == 0) {
    *message = "address is not public";
    return STARDELEG_TRANSPORT_DENIED;
  }
  /* How this libcurl says that one header line alone is over its own 100 KiB. */
  if (code == CURLE_OUT_OF_MEMORY && exchange->headers.status != 0 && !exchange->headers.complete) {
    *message = "response header over the limit";
    return STARDELEG_TRANSPORT_TOO_LARGE;
  }
  if (code == CURLE_OK) {
    if (exchange->headers.complete) {
      return STARDELEG_TRANSPORT_OK;
    }
    *message = "no final response";
    return STARDELEG_TRANSPORT_BROKEN;
  }
  if (code == CURLE_UNSUPPORTED_PROTOCOL && was_sent(exchange)) {
    return STARDELEG_TRANSPORT_BROKEN; /* the answer has no status line: HTTP/0.9 to libcurl */
  }
  return name_failure(code);
}

void sdg_curl_exchange_outcome(sdg_curl_exchange *exchange, CURLcode code, stardeleg_outcome *outcome)
{
  const char *message = NULL;

  memset(outcome, 0, sizeof(*outcome));
  outcome->failure = judge(exchange, code, &message);
  if (outcome->failure != STARDELEG_TRANSPORT_OK) {
    write_text(exchange, message);
    outcome->failure_text = exchange->text;
    return;
  }
  exchange->response.status = exchange->headers.status;
  exchange->response.headers = sdg_curl_headers_view(&exchange->headers);
  exchange->response.header_count = exchange->headers.count;
  exchange->response.body.base = exchange->body.base;
  exchange->response.body.len = exchange->body.len;
  outcome->response = &exchange->response;
}

void sdg_curl_exchange_refused(stardeleg_err err, stardeleg_outcome *outcome)
{
  memset(outcome, 0, sizeof(*outcome));
  outcome->failure = err == STARDELEG_ERR_POLICY ? STARDELEG_TRANSPORT_DENIED : STARDELEG_TRANSPORT_BROKEN;
  outcome->failure_text = err == STARDELEG_ERR_POLICY  ? "request refused by the transport"
                          : err == STARDELEG_ERR_NOMEM ? "out of memory"
                                                       : "request could not be set up";
}

void sdg_curl_exchange_reset(sdg_curl_exchange *exchange)
{
  curl_easy_reset(exchange->easy); /* lets go of URL, body and |fields| */
  curl_slist_free_all(exchange->fields);
  exchange->fields = NULL;
  curl_slist_free_all(exchange->connect_to);
  exchange->connect_to = NULL;
  if (exchange->body.room > BODY_KEPT) {
    free(exchange->body.base);
    exchange->body.base = NULL;
    exchange->body.room = 0;
  }
  exchange->body.len = 0;
  exchange->owner = NULL;
  exchange->id = 0;
}

void sdg_curl_exchange_free(sdg_curl_exchange *exchange)
{
  if (exchange == NULL) {
    return;
  }
  curl_easy_cleanup(exchange->easy);
  curl_slist_free_all(exchange->fields);
  curl_slist_free_all(exchange->connect_to);
  sdg_curl_headers_clear(&exchange->headers);
  free(exchange->body.base);
  free(exchange);
}
