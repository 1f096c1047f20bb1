/* SPDX-License-Identifier: Apache-2.0 */
/* acme-client/tls_responder.c -- a TLS server for tls-alpn-01. */
#include "acme-client/tls_responder.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <stardeleg/responder.h>
#include "common/listener.h"

#define HANDSHAKE_S 5

typedef struct shown {
  struct shown *next;
  char *name;
  X509 *cert;
  EVP_PKEY *key;
} shown;

struct tls_responder {
  SSL_CTX *ssl;
  int listener;
  int stop[2];
  pthread_t thread;
  pthread_mutex_t lock;
  shown *first;
};

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

/* The handshake is all there is (RFC 8737 4). */
static void serve(tls_responder *responder, int fd)
{
  struct timeval limit = {HANDSHAKE_S, 0};
  SSL *ssl = SSL_new(responder->ssl);

  (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
    (void)SSL_shutdown(ssl);
  }
  SSL_free(ssl);
  (void)close(fd);
}

static void *run(void *ctx)
{
  tls_responder *responder = ctx;
  struct pollfd fds[2] = {{responder->listener, POLLIN, 0}, {responder->stop[0], POLLIN, 0}};

  while (fds[1].revents == 0) {
    if (poll(fds, 2, -1) < 0 && errno != EINTR) {
      break;
    }
    if ((fds[0].revents & POLLIN) != 0 && fds[1].revents == 0) {
      int fd = accept(responder->listener, NULL, NULL);

      if (fd >= 0) {
        serve(responder, fd);
      }
    }
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

tls_responder *tls_responder_start(const char *where, uint16_t *port)
{
  tls_responder *responder = calloc(1, sizeof(*responder));
  int rc;

  if (responder == NULL) {
    return NULL;
  }
  responder->listener = -1;
  (void)pthread_mutex_init(&responder->lock, NULL);
  responder->ssl = make_context(responder);
  rc = listener_open(&responder->listener, port, where);
  if (rc != 0 || responder->ssl == NULL || pipe(responder->stop) != 0 ||
      pthread_create(&responder->thread, NULL, run, responder) != 0) {
    (void)fprintf(stderr, "cannot answer tls-alpn-01 at %s: %s\n", where, strerror(rc != 0 ? rc : errno));
    if (responder->listener >= 0) {
      (void)close(responder->listener);
    }
    SSL_CTX_free(responder->ssl);
    free(responder);
    return NULL;
  }
  return responder;
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

void tls_responder_stop(tls_responder *responder)
{
  if (responder == NULL) {
    return;
  }
  (void)close(responder->stop[1]);
  (void)pthread_join(responder->thread, NULL);
  (void)close(responder->stop[0]);
  (void)close(responder->listener);
  while (responder->first != NULL) {
    shown *one = responder->first;

    responder->first = one->next;
    free_shown(one);
  }
  (void)pthread_mutex_destroy(&responder->lock);
  SSL_CTX_free(responder->ssl);
  free(responder);
}
