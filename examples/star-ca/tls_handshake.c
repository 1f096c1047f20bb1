/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/tls_handshake.c -- one connection and handshake for tls-alpn-01 (RFC 8737 3, 4). */
#include "star-ca/tls_handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <stardeleg/dns.h>

#define TIMEOUT_MS 10000
/* How often a wait looks whether the program ends. */
#define SLICE_MS 200
#define CERTIFICATE_MAX 65536

typedef struct deadline {
  int64_t at; /* monotonic milliseconds */
  const atomic_int *stop;
} deadline;

static int64_t ticks(void)
{
  struct timespec t;

  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* False when time is up. */
static bool wait_for(int fd, short events, const deadline *d)
{
  for (;;) {
    struct pollfd p = {fd, events, 0};
    int64_t left = d->at - ticks();

    if (left <= 0 || atomic_load(d->stop) != 0) {
      return false;
    }
    if (poll(&p, 1, left < SLICE_MS ? (int)left : SLICE_MS) > 0) {
      return true;
    }
  }
}

/* |*out| is the caller's to close, if it is one. */
static stardeleg_tls_status connect_to(const struct addrinfo *address, const deadline *d, int *out)
{
  int error = 0;
  socklen_t len = sizeof(error);
  int fd = socket(address->ai_family, SOCK_STREAM, 0);

  if (fd < 0) {
    return STARDELEG_TLS_CONNECT;
  }
  *out = fd;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
    return STARDELEG_TLS_CONNECT;
  }
  if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
    return STARDELEG_TLS_OK;
  }
  if (errno != EINPROGRESS) {
    return STARDELEG_TLS_CONNECT;
  }
  if (!wait_for(fd, POLLOUT, d)) {
    return STARDELEG_TLS_TIMEOUT;
  }
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0 ? STARDELEG_TLS_OK
                                                                               : STARDELEG_TLS_CONNECT;
}

/* The address itself is looked at, whatever the name resolved to this time. */
static bool may_reach(const struct addrinfo *address, const char *const *networks)
{
  stardeleg_bytes octets = {NULL, 0};

  if (address->ai_family == AF_INET && address->ai_addrlen >= sizeof(struct sockaddr_in)) {
    octets.base = (const uint8_t *)&((const struct sockaddr_in *)(const void *)address->ai_addr)->sin_addr;
    octets.len = 4;
  } else if (address->ai_family == AF_INET6 && address->ai_addrlen >= sizeof(struct sockaddr_in6)) {
    octets.base = (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)address->ai_addr)->sin6_addr;
    octets.len = 16;
  }
  if (stardeleg_address_is_special(octets) == 0) {
    return true;
  }
  for (size_t i = 0; networks != NULL && networks[i] != NULL; i++) {
    if (stardeleg_network_has(networks[i], octets) != 0) {
      return true;
    }
  }
  return false;
}

static stardeleg_tls_status open_connection(const stardeleg_tls_target *target, const char *const *networks,
                                            const deadline *d, int *fd, const char **why)
{
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  stardeleg_tls_status status = STARDELEG_TLS_CONNECT;
  char port[8];

  if (target->address != NULL) {
    hints.ai_flags |= AI_NUMERICHOST;
  }
  (void)snprintf(port, sizeof(port), "%u", (unsigned)target->port);
  if (getaddrinfo(target->address != NULL ? target->address : target->server_name, port, &hints, &found) != 0) {
    return STARDELEG_TLS_RESOLVE;
  }
  *why = "the address is not one that this CA connects to";
  for (const struct addrinfo *at = found; at != NULL && status != STARDELEG_TLS_OK; at = at->ai_next) {
    if (target->address == NULL && !may_reach(at, networks)) {
      continue;
    }
    if (*fd >= 0) {
      (void)close(*fd);
      *fd = -1;
    }
    *why = NULL;
    status = connect_to(at, d, fd);
  }
  freeaddrinfo(found);
  return status;
}

/* RFC 8737 4: this protocol only, TLS 1.2 or later; the certificate proves itself by what stands in it. */
static SSL *make_client(SSL_CTX **ctx, int fd, const char *server_name)
{
  static const unsigned char alpn[] = "\x0a" STARDELEG_ACME_TLS_1;
  SSL *ssl;

  *ctx = SSL_CTX_new(TLS_client_method());
  if (*ctx == NULL || SSL_CTX_set_min_proto_version(*ctx, TLS1_2_VERSION) != 1) {
    return NULL;
  }
  SSL_CTX_set_verify(*ctx, SSL_VERIFY_NONE, NULL);
  (void)SSL_CTX_set_session_cache_mode(*ctx, SSL_SESS_CACHE_OFF);
  ssl = SSL_new(*ctx);
  /* ALPN's setter returns 0 for success, unlike the others. */
  if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_set_tlsext_host_name(ssl, server_name) != 1 ||
      SSL_set_alpn_protos(ssl, alpn, sizeof(alpn) - 1) != 0) {
    SSL_free(ssl);
    return NULL;
  }
  return ssl;
}

static stardeleg_tls_status shake_hands(SSL *ssl, int fd, const deadline *d)
{
  const unsigned char *chosen = NULL;
  unsigned len = 0;

  for (;;) {
    int rc = SSL_connect(ssl);
    int error = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, rc);

    if (rc == 1) {
      break;
    }
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      return STARDELEG_TLS_FAILED;
    }
    if (!wait_for(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, d)) {
      return STARDELEG_TLS_TIMEOUT;
    }
  }
  SSL_get0_alpn_selected(ssl, &chosen, &len);
  return len == strlen(STARDELEG_ACME_TLS_1) && memcmp(chosen, STARDELEG_ACME_TLS_1, len) == 0 ? STARDELEG_TLS_OK
                                                                                              : STARDELEG_TLS_NO_ALPN;
}

static stardeleg_tls_status take_certificate(SSL *ssl, uint8_t **out, size_t *len)
{
  X509 *certificate = SSL_get1_peer_certificate(ssl);
  unsigned char *at;
  int size = certificate != NULL ? i2d_X509(certificate, NULL) : 0;

  *out = size > 0 && size <= CERTIFICATE_MAX ? malloc((size_t)size) : NULL;
  at = *out;
  if (at != NULL) {
    *len = (size_t)i2d_X509(certificate, &at);
  }
  X509_free(certificate);
  return *out != NULL ? STARDELEG_TLS_OK : STARDELEG_TLS_FAILED;
}

static const char *phrase(stardeleg_tls_status status)
{
  switch (status) {
  case STARDELEG_TLS_OK:
    return NULL;
  case STARDELEG_TLS_RESOLVE:
    return "the name has no address";
  case STARDELEG_TLS_CONNECT:
    return "nobody answers at the address";
  case STARDELEG_TLS_TIMEOUT:
    return "the server did not answer in time";
  case STARDELEG_TLS_FAILED:
    return "the TLS handshake failed";
  case STARDELEG_TLS_NO_ALPN:
    return "the server did not choose acme-tls/1";
  }
  return "unknown failure";
}

stardeleg_tls_status tls_handshake(const stardeleg_tls_target *target, const char *const *networks,
                                   const atomic_int *stop, uint8_t **certificate, size_t *len, const char **why)
{
  deadline d = {ticks() + TIMEOUT_MS, stop};
  SSL_CTX *ctx = NULL;
  SSL *ssl = NULL;
  int fd = -1;
  const char *denied = NULL;
  stardeleg_tls_status status = open_connection(target, networks, &d, &fd, &denied);

  if (status == STARDELEG_TLS_OK) {
    ssl = make_client(&ctx, fd, target->server_name);
    status = ssl != NULL ? shake_hands(ssl, fd, &d) : STARDELEG_TLS_FAILED;
  }
  if (status == STARDELEG_TLS_OK) {
    status = take_certificate(ssl, certificate, len);
  }
  if (status == STARDELEG_TLS_OK) {
    (void)SSL_shutdown(ssl);
  }
  SSL_free(ssl);
  SSL_CTX_free(ctx);
  if (fd >= 0) {
    (void)close(fd);
  }
  *why = denied != NULL ? denied : phrase(status);
  return status;
}
