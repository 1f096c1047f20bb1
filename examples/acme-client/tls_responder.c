/* SPDX-License-Identifier: Apache-2.0 */
/* acme-client/tls_responder.c -- a TLS server for tls-alpn-01. */
#include "acme-client/tls_responder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stardeleg/responder.h>
#include "common/clock.h"
#include "common/listener.h"

#define HANDSHAKE_MS 5000
#define PEERS_MAX 64

typedef struct shown {
  struct shown *next;
  char *name;
  X509 *cert;
  EVP_PKEY *key;
  int asked; /* it has been shown to somebody */
} shown;

/* A connection. */
typedef struct peer {
  SSL *ssl;
  int fd;
  short events;  /* what it waits for */
  int64_t until; /* ticks */
} peer;

struct tls_responder {
  SSL_CTX *ssl;
  int listener;
  int stop[2];
  pthread_t thread;
  pthread_mutex_t lock; /* of what is shown; connections are the thread's */
  shown *first;
  peer peers[PEERS_MAX];
  size_t peer_count;
};

/* Never waits, and is not inherited by a hook. */
static int set_flags(int fd)
{
  return fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? 0 : -1;
}

static shown *find(tls_responder *responder, const char *name)
{
  shown *at = responder->first;

  while (at != NULL && strcasecmp(at->name, name) != 0) {
    at = at->next;
  }
  return at;
}

/* RFC 8737 3: only where the protocol is offered ... OpenSSL asks choose_protocol only of clients that offer some, so
 * those that offer none, which is every plain TLS client, are refused here. */
static int demand_protocols(SSL *ssl, int *alert, void *ctx)
{
  const unsigned char *protocols = NULL;
  size_t len = 0;

  (void)ctx;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &protocols, &len) == 1) {
    return SSL_CLIENT_HELLO_SUCCESS;
  }
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

/* ... and the name is asked for. */
static int choose_certificate(SSL *ssl, void *ctx)
{
  tls_responder *responder = ctx;
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  shown *found;
  int rc = 0;

  if (name == NULL) {
    return 0;
  }
  (void)pthread_mutex_lock(&responder->lock);
  found = find(responder, name);
  if (found != NULL && SSL_use_certificate(ssl, found->cert) == 1 && SSL_use_PrivateKey(ssl, found->key) == 1) {
    found->asked = 1;
    rc = 1;
  }
  (void)pthread_mutex_unlock(&responder->lock);
  return rc;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                           unsigned in_len, void *ctx)
{
  static const char protocol[] = STARDELEG_TLS_ALPN01_PROTOCOL;

  (void)ssl;
  (void)ctx;
  for (unsigned at = 0; at < in_len && at + 1u + in[at] <= in_len; at += 1u + in[at]) {
    if (in[at] == sizeof(protocol) - 1 && memcmp(in + at + 1, protocol, sizeof(protocol) - 1) == 0) {
      *out = in + at + 1;
      *out_len = in[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* --- Connections --- */

static void drop(tls_responder *responder, size_t i)
{
  peer *gone = &responder->peers[i];

  SSL_free(gone->ssl);
  (void)close(gone->fd);
  *gone = responder->peers[--responder->peer_count];
}

static size_t oldest(const tls_responder *responder)
{
  size_t found = 0;

  for (size_t i = 1; i < responder->peer_count; i++) {
    found = responder->peers[i].until < responder->peers[found].until ? i : found;
  }
  return found;
}

/* Who says nothing for long makes room for who comes: a CA is done in a moment. */
static void welcome(tls_responder *responder)
{
  int fd = accept(responder->listener, NULL, NULL);
  SSL *ssl;

  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      (void)poll(NULL, 0, 50); /* nothing to be had now; do not ask in circles */
    }
    return;
  }
  if (responder->peer_count == PEERS_MAX) {
    drop(responder, oldest(responder));
  }
  ssl = SSL_new(responder->ssl);
  if (set_flags(fd) != 0 || ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
    SSL_free(ssl);
    (void)close(fd);
    return;
  }
  responder->peers[responder->peer_count++] = (peer){ssl, fd, POLLIN, clock_ticks() + HANDSHAKE_MS};
}

/* The handshake is all there is (RFC 8737 4).  Returns 0 while it goes on. */
static int go_on(peer *with)
{
  int rc;

  ERR_clear_error();
  rc = SSL_accept(with->ssl);
  if (rc == 1) {
    (void)SSL_shutdown(with->ssl);
    return 1;
  }
  rc = SSL_get_error(with->ssl, rc);
  with->events = rc == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
  return rc == SSL_ERROR_WANT_READ || rc == SSL_ERROR_WANT_WRITE ? 0 : 1;
}

/* Fills in what to wait for; the longest time to do so. */
static int prepare(const tls_responder *responder, struct pollfd *fds)
{
  int64_t left = INT_MAX;

  fds[0] = (struct pollfd){responder->stop[0], POLLIN, 0};
  fds[1] = (struct pollfd){responder->listener, POLLIN, 0};
  for (size_t i = 0; i < responder->peer_count; i++) {
    fds[i + 2] = (struct pollfd){responder->peers[i].fd, responder->peers[i].events, 0};
    left = responder->peers[i].until - clock_ticks() < left ? responder->peers[i].until - clock_ticks() : left;
  }
  return responder->peer_count == 0 ? -1 : (int)(left > 0 ? left : 0);
}

static void *run(void *ctx)
{
  tls_responder *responder = ctx;
  struct pollfd fds[PEERS_MAX + 2];

  for (;;) {
    int timeout = prepare(responder, fds);

    if (poll(fds, responder->peer_count + 2, timeout) < 0) {
      if (errno != EINTR) {
        break;
      }
      continue;
    }
    if (fds[0].revents != 0) {
      break;
    }
    for (size_t i = responder->peer_count; i > 0; i--) { /* the last one takes the place of one that goes */
      peer *at = &responder->peers[i - 1];

      if ((fds[i + 1].revents != 0 && go_on(at) != 0) || clock_ticks() >= at->until) {
        drop(responder, i - 1);
      }
    }
    if ((fds[1].revents & POLLIN) != 0) {
      welcome(responder);
    }
  }
  while (responder->peer_count > 0) {
    drop(responder, 0);
  }
  return NULL;
}

static SSL_CTX *make_context(tls_responder *responder)
{
  SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());

  if (ssl != NULL) {
    (void)SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_client_hello_cb(ssl, demand_protocols, NULL);
    SSL_CTX_set_cert_cb(ssl, choose_certificate, responder);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
  }
  return ssl;
}

/* Returns 0 or an errno value. */
static int open_thread(tls_responder *responder)
{
  if (responder->ssl == NULL) {
    return ENOMEM;
  }
  if (pipe(responder->stop) != 0 || set_flags(responder->stop[0]) != 0 || set_flags(responder->stop[1]) != 0 ||
      set_flags(responder->listener) != 0) {
    return errno;
  }
  return pthread_create(&responder->thread, NULL, run, responder);
}

static void free_shown(shown *one)
{
  if (one != NULL) {
    X509_free(one->cert);
    EVP_PKEY_free(one->key);
    free(one->name);
    free(one);
  }
}

static void close_if_open(int fd)
{
  if (fd >= 0) {
    (void)close(fd);
  }
}

/* Without its thread. */
static void free_all(tls_responder *responder)
{
  close_if_open(responder->stop[0]);
  close_if_open(responder->stop[1]);
  close_if_open(responder->listener);
  while (responder->first != NULL) {
    shown *one = responder->first;

    responder->first = one->next;
    free_shown(one);
  }
  (void)pthread_mutex_destroy(&responder->lock);
  SSL_CTX_free(responder->ssl);
  free(responder);
}

tls_responder *tls_responder_start(const char *where, uint16_t *port)
{
  tls_responder *responder = calloc(1, sizeof(*responder));
  int rc;

  if (responder == NULL) {
    return NULL;
  }
  responder->listener = -1;
  responder->stop[0] = -1;
  responder->stop[1] = -1;
  (void)pthread_mutex_init(&responder->lock, NULL);
  responder->ssl = make_context(responder);
  rc = listener_open(&responder->listener, port, where);
  if (rc == 0) {
    rc = open_thread(responder);
  }
  if (rc != 0) {
    (void)fprintf(stderr, "cannot answer tls-alpn-01 at %s: %s\n", where, strerror(rc));
    free_all(responder);
    return NULL;
  }
  return responder;
}

static shown *make_shown(const char *name, const char *cert_pem, const char *key_pem)
{
  shown *one = calloc(1, sizeof(*one));
  BIO *cert = BIO_new_mem_buf(cert_pem, -1);
  BIO *key = BIO_new_mem_buf(key_pem, -1);

  if (one != NULL && cert != NULL && key != NULL) {
    one->name = strdup(name);
    one->cert = PEM_read_bio_X509(cert, NULL, NULL, NULL);
    one->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
  }
  BIO_free(cert);
  BIO_free(key);
  if (one != NULL && (one->name == NULL || one->cert == NULL || one->key == NULL)) {
    free_shown(one);
    one = NULL;
  }
  return one;
}

int tls_responder_add(tls_responder *responder, const char *name, const char *cert_pem, const char *key_pem)
{
  shown *one = make_shown(name, cert_pem, key_pem);

  if (one == NULL) {
    return -1;
  }
  tls_responder_remove(responder, name);
  (void)pthread_mutex_lock(&responder->lock);
  one->next = responder->first;
  responder->first = one;
  (void)pthread_mutex_unlock(&responder->lock);
  return 0;
}

void tls_responder_remove(tls_responder *responder, const char *name)
{
  shown *gone = NULL;

  (void)pthread_mutex_lock(&responder->lock);
  for (shown **at = &responder->first; *at != NULL; at = &(*at)->next) {
    if (strcasecmp((*at)->name, name) == 0) {
      gone = *at;
      *at = gone->next;
      break;
    }
  }
  (void)pthread_mutex_unlock(&responder->lock);
  free_shown(gone);
}

int tls_responder_asked(tls_responder *responder, const char *name)
{
  const shown *found;
  int asked;

  (void)pthread_mutex_lock(&responder->lock);
  found = find(responder, name);
  asked = found != NULL ? found->asked : 0;
  (void)pthread_mutex_unlock(&responder->lock);
  return asked;
}

void tls_responder_stop(tls_responder *responder)
{
  if (responder == NULL) {
    return;
  }
  (void)close(responder->stop[1]);
  responder->stop[1] = -1;
  (void)pthread_join(responder->thread, NULL);
  free_all(responder);
}
