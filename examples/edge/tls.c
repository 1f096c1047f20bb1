/* SPDX-License-Identifier: Apache-2.0 */
/* edge/tls.c -- the TLS side: one context for all, the certificate chosen for each handshake. */
#include "edge/tls.h"

#include "common/clock.h"

#include <string.h>

/* Runs once in every handshake, with or without a name.  The connection takes its own references: a swap a moment
 * later does not touch it. */
static int choose(SSL *ssl, int *alert, void *ctx)
{
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  certificate *found = name != NULL ? certificates_find(ctx, name, clock_now(NULL)) : NULL;
  int used;

  if (found == NULL) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  used = SSL_use_cert_and_key(ssl, found->leaf, found->key, found->chain, 1);
  certificate_unref(found);
  if (used != 1) {
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return SSL_TLSEXT_ERR_OK;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                           unsigned in_len, void *ctx)
{
  static const unsigned char http11[] = "\x08http/1.1";

  (void)ssl;
  (void)ctx;
  if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len, http11, sizeof(http11) - 1, in, in_len) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *tls_context_new(certificates *all)
{
  SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

  if (tls == NULL) {
    return NULL;
  }
  /* No resumption: every handshake shows the certificate of its day, and none outlives it. */
  (void)SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  (void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  (void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1 || SSL_CTX_set_num_tickets(tls, 0) != 1 ||
      SSL_CTX_set_tlsext_servername_callback(tls, choose) != 1 || SSL_CTX_set_tlsext_servername_arg(tls, all) != 1) {
    SSL_CTX_free(tls);
    return NULL;
  }
  SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
  return tls;
}
