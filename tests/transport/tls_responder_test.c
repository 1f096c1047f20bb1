/* SPDX-License-Identifier: Apache-2.0 */
/* tls_responder_test.c -- who is shown a tls-alpn-01 certificate, and that nothing follows the handshake. */
#include "support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <stardeleg/responder.h>
#include "acme-client/tls_responder.h"
#include "star-ca/tls_handshake.h"

#define NAME "www.example.org"
#define ACME_TLS_1 "\x0a" "acme-tls/1"
#define HTTP_1_1 "\x08" "http/1.1"

typedef struct tls_world {
  tls_responder *responder;
  uint16_t port;
} tls_world;

static void show(tls_responder *responder, const char *name)
{
  stardeleg_challenge challenge = {
      .type = "tls-alpn-01", .identifier_type = "dns", .identifier = name, .key_authorization = "tok.thumb"};
  stardeleg_key *key = NULL;
  char *cert_pem = NULL;
  char *key_pem = NULL;
  size_t len = 0;

  assert_ok(stardeleg_key_generate(&key, test_crypto(), STARDELEG_KEY_P256));
  assert_ok(stardeleg_tls_alpn01_certificate(&cert_pem, &len, key, &challenge, INT64_C(1768003200000)));
  assert_ok(stardeleg_key_export_pem(key, &key_pem, &len));
  assert_int_equal(tls_responder_add(responder, name, cert_pem, key_pem), 0);
  free(cert_pem);
  free(key_pem);
  stardeleg_key_free(key);
}

static int set_up(void **state)
{
  static tls_world w;

  w.responder = tls_responder_start("127.0.0.1:0", &w.port);
  assert_non_null(w.responder);
  show(w.responder, NAME);
  show(w.responder, "xn--bcher-kva.example");
  *state = &w;
  return 0;
}

static int tear_down(void **state)
{
  tls_responder_stop(((tls_world *)*state)->responder);
  return 0;
}

static int connect_to(const tls_world *w)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(w->port)};
  struct timeval limit = {60, 0};
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_true(fd >= 0);
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
  assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
  return fd;
}

typedef struct offer {
  const char *server_name; /* NULL: none is asked for */
  const char *protocols;   /* ALPN in wire form; NULL: none is offered */
  bool shown;
} offer;

/* After the handshake the server has nothing to say and nothing to hear (RFC 8737 4). */
static void assert_closed_at_once(SSL *ssl)
{
  static const char request[] = "GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n";
  char octets[16];
  const unsigned char *chosen = NULL;
  unsigned len = 0;

  SSL_get0_alpn_selected(ssl, &chosen, &len);
  assert_int_equal(len, 10);
  assert_memory_equal(chosen, "acme-tls/1", 10);
  (void)SSL_write(ssl, request, sizeof(request) - 1);
  assert_true(SSL_read(ssl, octets, sizeof(octets)) <= 0);
}

/* Whether the certificate for |o->server_name| was seen, with whatever came of the handshake. */
static bool ask(const tls_world *w, const offer *o, int version)
{
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  int fd = connect_to(w);
  X509 *certificate;
  bool shown = false;
  SSL *ssl;

  assert_non_null(ctx);
  assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
  ssl = SSL_new(ctx);
  assert_non_null(ssl);
  assert_int_equal(SSL_set_fd(ssl, fd), 1);
  if (o->server_name != NULL) {
    assert_int_equal(SSL_set_tlsext_host_name(ssl, o->server_name), 1);
  }
  if (o->protocols != NULL) {
    assert_int_equal(SSL_set_alpn_protos(ssl, (const unsigned char *)o->protocols, (unsigned)strlen(o->protocols)), 0);
  }
  if (SSL_connect(ssl) == 1) {
    assert_closed_at_once(ssl);
  }
  certificate = SSL_get1_peer_certificate(ssl);
  if (certificate != NULL) {
    assert_non_null(o->server_name);
    assert_int_equal(X509_check_host(certificate, o->server_name, 0, 0, NULL), 1);
    shown = true;
  }
  X509_free(certificate);
  SSL_free(ssl);
  SSL_CTX_free(ctx);
  (void)close(fd);
  return shown;
}

/* ALPN-3-04, ALPN-3-09, ALPN-4-01 */
static void who_is_shown_what(void **state)
{
  static const offer offers[] = {
      {NAME, ACME_TLS_1, true},
      {"WWW.Example.ORG", ACME_TLS_1, true},
      {"xn--bcher-kva.example", HTTP_1_1 ACME_TLS_1, true},
      {NAME, NULL, false}, /* any TLS client */
      {NAME, "\x02h2" HTTP_1_1, false},
      {NAME, "\x0a" "acme-tls/2", false},
      {NAME, "\x0b" "acme-tls/1x", false},
      {"other.example.org", ACME_TLS_1, false},
      {"example.org", ACME_TLS_1, false},
      {NULL, ACME_TLS_1, false},
      {NULL, NULL, false},
  };
  const tls_world *w = *state;

  for (size_t i = 0; i < 2 * sizeof(offers) / sizeof(offers[0]); i++) {
    print_message("# %zu\n", i);
    assert_int_equal(ask(w, &offers[i / 2], i % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION), offers[i / 2].shown);
  }
}

/* What is taken away is shown to nobody; the rest still is. */
static void taken_away(void **state)
{
  static const offer gone = {NAME, ACME_TLS_1, false};
  static const offer other = {"xn--bcher-kva.example", ACME_TLS_1, true};
  const tls_world *w = *state;

  tls_responder_remove(w->responder, "www.EXAMPLE.org");
  assert_false(ask(w, &gone, TLS1_3_VERSION));
  assert_true(ask(w, &other, TLS1_3_VERSION));
}

/* --- The CA's side --- */

static stardeleg_tls_status look(const tls_world *w, const char *server_name, uint8_t **certificate, size_t *len)
{
  stardeleg_tls_target target = {"127.0.0.1", w->port, server_name};
  const char *why = NULL;
  atomic_int stop = 0;

  return tls_handshake(&target, NULL, &stop, certificate, len, &why);
}

/* A name that leads into the CA's own network leads nowhere, but for what the operator allows (RFC 8555 10.4). */
static void the_ca_guards(void **state)
{
  static const char *const networks[] = {"10.0.0.0/8", "127.0.0.0/8", "::1", NULL};
  const tls_world *w = *state;
  stardeleg_tls_target target = {NULL, w->port, "localhost"};
  uint8_t *certificate = NULL;
  size_t len = 0;
  const char *why = NULL;
  atomic_int stop = 0;

  assert_int_equal(tls_handshake(&target, NULL, &stop, &certificate, &len, &why), STARDELEG_TLS_CONNECT);
  assert_string_equal(why, "the address is not one that this CA connects to");
  /* it is found then, and has nothing to show for that name */
  assert_int_equal(tls_handshake(&target, networks, &stop, &certificate, &len, &why), STARDELEG_TLS_FAILED);
  assert_null(certificate);
}

static void the_ca_looks(void **state)
{
  const tls_world *w = *state;
  uint8_t *certificate = NULL;
  size_t len = 0;

  assert_int_equal(look(w, NAME, &certificate, &len), STARDELEG_TLS_OK);
  assert_true(len > 100);
  free(certificate);
  certificate = NULL;
  assert_int_equal(look(w, "other.example.org", &certificate, &len), STARDELEG_TLS_FAILED);
  assert_null(certificate);
}

/* A server of our own, which listens to what is said after the handshake. */
typedef struct listening {
  SSL_CTX *ctx;
  int listener;
  int said;  /* of SSL_read */
  int error; /* and why it is no more */
} listening;

static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned len,
                  void *ctx)
{
  (void)ssl;
  (void)ctx;
  *out = in + 1;
  *out_len = in[0];
  /* the only protocol that is offered */
  return len == 11 && memcmp(in, ACME_TLS_1, 11) == 0 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void *listen_once(void *ctx)
{
  listening *l = ctx;
  int fd = accept(l->listener, NULL, NULL);
  SSL *ssl = SSL_new(l->ctx);
  char octets[64];

  l->said = 1;
  if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
    l->said = SSL_read(ssl, octets, sizeof(octets));
    l->error = SSL_get_error(ssl, l->said);
  }
  SSL_free(ssl);
  (void)close(fd);
  return NULL;
}

static SSL_CTX *make_server(void)
{
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *cert = X509_new();

  assert_true(ctx != NULL && key != NULL && cert != NULL);
  assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), 0));
  assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
  assert_int_equal(X509_set_pubkey(cert, key), 1);
  assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
  assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
  assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
  assert_int_equal(SSL_CTX_set_num_tickets(ctx, 0), 1); /* nothing is under way when the CA closes */
  SSL_CTX_set_alpn_select_cb(ctx, choose, NULL);
  X509_free(cert);
  EVP_PKEY_free(key);
  return ctx;
}

/* ALPN-4-01: the CA offers nothing else, says nothing, and closes */
static void the_ca_is_silent(void **state)
{
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof(address);
  listening l = {make_server(), socket(AF_INET, SOCK_STREAM, 0), 1, 0};
  tls_world there = {NULL, 0};
  uint8_t *certificate = NULL;
  size_t len = 0;
  pthread_t thread;

  (void)state;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(l.listener, (const struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(listen(l.listener, 1), 0);
  assert_int_equal(getsockname(l.listener, (struct sockaddr *)&address, &size), 0);
  there.port = ntohs(address.sin_port);
  assert_int_equal(pthread_create(&thread, NULL, listen_once, &l), 0);
  assert_int_equal(look(&there, NAME, &certificate, &len), STARDELEG_TLS_OK);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_true(l.said <= 0);
  assert_int_equal(l.error, SSL_ERROR_ZERO_RETURN); /* close_notify, and no octet before it */
  free(certificate);
  (void)close(l.listener);
  SSL_CTX_free(l.ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(who_is_shown_what, set_up, tear_down),
                                     cmocka_unit_test_setup_teardown(taken_away, set_up, tear_down),
                                     cmocka_unit_test_setup_teardown(the_ca_looks, set_up, tear_down),
                                     cmocka_unit_test_setup_teardown(the_ca_guards, set_up, tear_down),
                                     cmocka_unit_test(the_ca_is_silent)};

  (void)signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
