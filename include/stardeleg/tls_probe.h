/* SPDX-License-Identifier: Apache-2.0 */
/** @file tls_probe.h
 *  How a CA looks at the certificate a server shows for a tls-alpn-01 challenge (RFC 8737): a table of two functions in
 *  the manner of dns.h.  The engine judges the certificate; the probe connects, shakes hands and closes. */
#ifndef STARDELEG_TLS_PROBE_H
#define STARDELEG_TLS_PROBE_H

#include <stardeleg/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The only protocol offered (RFC 8737 6.2). */
#define STARDELEG_ACME_TLS_1 "acme-tls/1"

/** Where to connect.  Borrowed for the call. */
typedef struct stardeleg_tls_target {
  const char *address;     /**< "192.0.2.1", "2001:db8::1"; NULL: the probe finds an address of |server_name| itself,
                                and guards it as the CA guards those it finds: strangers choose the name */
  uint16_t port;           /**< TCP port */
  const char *server_name; /**< the only name in SNI */
} stardeleg_tls_target;

/** How a probe went. */
typedef enum stardeleg_tls_status {
  STARDELEG_TLS_OK = 0,   /**< handshake done with TLS 1.2 or later and |acme-tls/1| chosen; |certificate| counts */
  STARDELEG_TLS_RESOLVE,  /**< no address */
  STARDELEG_TLS_CONNECT,  /**< nobody listens, or cannot be reached */
  STARDELEG_TLS_TIMEOUT,  /**< not in time */
  STARDELEG_TLS_FAILED,   /**< the handshake fails */
  STARDELEG_TLS_NO_ALPN   /**< the handshake is done, but |acme-tls/1| was not chosen */
} stardeleg_tls_status;

/** What came of it.  Everything belongs to the probe until it is released. */
typedef struct stardeleg_tls_answer {
  stardeleg_tls_status status;  /**< the rest counts with OK only, but for |failure_text| */
  stardeleg_bytes certificate;  /**< the server's own certificate, DER */
  const char *failure_text;     /**< for people, printable ASCII, nothing of what the peer sent; NULL: nothing to say */
} stardeleg_tls_answer;

/** A probe.  Used by one thread at a time. */
typedef struct stardeleg_tls_probe {
  size_t size; /**< sizeof of this struct */
  void *ctx;   /**< handed to both functions */
  /** Connects to |target|, offers ALPN |acme-tls/1| alone with TLS 1.2 or later, does not verify the certificate,
   *  finishes the handshake, sends no data and closes.  Must not wait: if the answer is there, sets |*answer|, which is
   *  then the caller's to release, and forgotten; otherwise |*answer| stays NULL, |*ready_at| is set after |now|, and
   *  the caller asks the same again then, or never.  Must end by itself in bounded time.  Returns 0, or NOMEM, ARGUMENT
   *  or CALLBACK when nothing can be probed at all. */
  stardeleg_err (*probe)(void *ctx, const stardeleg_tls_target *target, stardeleg_time now, stardeleg_time *ready_at,
                         const stardeleg_tls_answer **answer);
  /** Frees an answer. */
  void (*release)(void *ctx, const stardeleg_tls_answer *answer);
} stardeleg_tls_probe;

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_TLS_PROBE_H */
