/* SPDX-License-Identifier: Apache-2.0 */
/* demo/tls_load_probe.c -- one fresh TLS connection, looked at closely. */
#include "demo/tls_load.h"

#include "common/clock.h"
#include "edge/certificate_file.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 10

/* A certificate is judged by the moment the handshake began: the server may well send it in the last millisecond of
 * its life.  One that only began meanwhile, and was swapped in at once, is judged by the clock of now. */
static int accept_new_ones(int ok, X509_STORE_CTX *ctx)
{
  time_t now = (time_t)(clock_now(NULL) / 1000);

  if (ok == 0 && X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CERT_NOT_YET_VALID &&
      X509_cmp_time(X509_get0_notBefore(X509_STORE_CTX_get_current_cert(ctx)), &now) == -1) {
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
  }
  return ok;
}

SSL_CTX *probe_context(const char *root_file)
{
  SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

  if (tls == NULL) {
    return NULL;
  }
  (void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  (void)SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, accept_new_ones);
  if (SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1 || SSL_CTX_load_verify_file(tls, root_file) != 1) {
    SSL_CTX_free(tls);
    return NULL;
  }
  return tls;
}

static void fail(probe_result *result, const char *what, const char *why)
{
  result->end = PROBE_FAILED;
  (void)snprintf(result->reason, sizeof(result->reason), "%s: %s", what, why);
}

static int dial(const probe_target *target)
{
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
  struct timeval patience = {.tv_sec = PATIENCE_S};
  const int on = 1;
  struct addrinfo *list = NULL;
  int fd = -1;

  errno = EADDRNOTAVAIL;
  if (getaddrinfo(target->host, target->port, &hints, &list) != 0) {
    return -1;
  }
  for (struct addrinfo *at = list; at != NULL && fd < 0; at = at->ai_next) {
    fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
                    connect(fd, at->ai_addr, at->ai_addrlen) != 0)) {
      int saved = errno;

      (void)close(fd);
      fd = -1;
      errno = saved;
    }
  }
  freeaddrinfo(list);
  return fd;
}

/* A handshake that did not end well: the server's refusal, our verification, or the wire. */
static void explain(SSL *ssl, probe_result *result)
{
  unsigned long error = ERR_peek_error();
  long verified = SSL_get_verify_result(ssl);
  char text[120];

  if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_TLSV1_UNRECOGNIZED_NAME) {
    result->end = PROBE_REFUSED;
    (void)snprintf(result->reason, sizeof(result->reason), "unrecognized_name");
    return;
  }
  if (verified != X509_V_OK) {
    fail(result, "verify", X509_verify_cert_error_string(verified));
    return;
  }
  if (error == 0) {
    fail(result, "handshake", errno == EAGAIN ? "timeout" : errno != 0 ? strerror(errno) : "closed by peer");
    return;
  }
  ERR_error_string_n(error, text, sizeof(text));
  fail(result, "handshake", text);
}

static void note_certificate(SSL *ssl, probe_result *result)
{
  X509 *leaf = SSL_get0_peer_certificate(ssl);

  if (leaf == NULL) {
    fail(result, "handshake", "no certificate");
    return;
  }
  certificate_describe(leaf, result->serial, &result->not_before, &result->not_after);
}

/* The connection must also carry something. */
static void exchange(SSL *ssl, const probe_target *target, probe_result *result)
{
  char text[1024];
  size_t len = 0;
  int got;
  int size = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %.255s\r\nConnection: close\r\n\r\n", target->name);

  if (SSL_write(ssl, text, size) != size) {
    fail(result, "request", "not sent");
    return;
  }
  while (len < sizeof(text) - 1 && (got = SSL_read(ssl, text + len, (int)(sizeof(text) - 1 - len))) > 0) {
    len += (size_t)got;
  }
  text[len] = '\0';
  if (strncmp(text, "HTTP/1.1 200 ", 13) != 0 || (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) == 0) {
    fail(result, "request", len == 0 ? "no answer" : "cut short");
  }
}

static void handshake(int fd, const probe_target *target, probe_result *result)
{
  SSL *ssl = SSL_new(target->tls);

  if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_set_tlsext_host_name(ssl, target->name) != 1 ||
      SSL_set1_host(ssl, target->name) != 1) {
    fail(result, "handshake", "out of memory");
    SSL_free(ssl);
    return;
  }
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), (time_t)(result->begun_at / 1000));
  ERR_clear_error();
  errno = 0;
  if (SSL_connect(ssl) != 1) {
    explain(ssl, result);
  } else {
    note_certificate(ssl, result);
  }
  if (result->end == PROBE_GOOD) {
    exchange(ssl, target, result);
    (void)SSL_shutdown(ssl);
  }
  ERR_clear_error();
  SSL_free(ssl);
}

void probe(const probe_target *target, probe_result *result)
{
  int fd;

  memset(result, 0, sizeof(*result));
  result->begun_at = clock_now(NULL);
  fd = dial(target);
  if (fd < 0) {
    fail(result, "connect", strerror(errno));
  } else {
    handshake(fd, target, result);
    (void)close(fd);
  }
  result->ended_at = clock_now(NULL);
}
