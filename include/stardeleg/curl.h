/* SPDX-License-Identifier: Apache-2.0 */
/** @file curl.h
 *  The driver that comes with the library: runs any number of engines over
 *  libcurl's multi_socket interface, inside the program's event loop or in a
 *  blocking loop of its own.  In its own library (stardeleg_curl).
 *
 *  A driver belongs to one thread; only stardeleg_curl_wake() and
 *  stardeleg_curl_stop() may be called from others and from signal handlers.
 *  The program calls curl_global_init() itself or leaves it to stardeleg_curl_new(). */
#ifndef STARDELEG_CURL_H
#define STARDELEG_CURL_H

#include <stardeleg/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A driver.  Opaque. */
typedef struct stardeleg_curl stardeleg_curl;

/** Something to watch on a file descriptor: readable. */
#define STARDELEG_FD_READ 1
/** Something to watch on a file descriptor: writable. */
#define STARDELEG_FD_WRITE 2

/** How the driver talks.  Set by stardeleg_curl_options_default(), then changed.  Strings and arrays
 *  are copied by stardeleg_curl_new(). */
typedef struct stardeleg_curl_options {
  size_t size;                    /**< sizeof of this struct */
  const char *ca_file;            /**< PEM file of trust anchors; NULL: the system's */
  const char *user_agent;         /**< program and version, put before the library's own; NULL: none (RFC 8555 6.1) */
  const char *accept_language;    /**< value of Accept-Language; NULL: "en" */
  const char *const *resolve; /**< NULL-terminated list of "host:port:address[:port]": names answered without DNS, also
                                 ports moved; NULL: none */
  const char *proxy;              /**< URL of an HTTP proxy; NULL: none, environment variables do not count */
  const char *pinned_public_key;  /**< libcurl's pin ("sha256//..."); NULL: none */
  int allow_http;                 /**< nonzero: plain http too (an http-01 validator needs it); 0: https only */
  int deny_private;               /**< nonzero: refuse loopback, private, link-local and other special addresses, but
                                       for |allowed_networks| and the addresses and ports that |resolve| names itself */
  int64_t connect_timeout_ms;     /**< until the connection stands, TLS included */
  int64_t total_timeout_ms;       /**< until the answer is complete */
  size_t response_max;            /**< most body bytes where the request names no limit of its own */
  size_t header_max;              /**< most bytes of all response headers */
  long connections_per_host;      /**< most connections to one host */
  stardeleg_time (*clock)(void *ctx); /**< wall clock; NULL: the system's */
  void *clock_ctx;                /**< handed to |clock| */
  stardeleg_log log;              /**< where warnings go */
  int any_certificate;            /**< nonzero: https servers are not verified.  Only for a driver that does nothing but
                                       validate challenges: web servers redirect http-01 to https before they have their
                                       first certificate (RFC 8555 8.3) */
  const char *const *allowed_networks; /**< special addresses that |deny_private| lets pass: "192.168.0.0/16",
                                            NULL-terminated.  NULL: none.  Behind a proxy they are not looked at */
} stardeleg_curl_options;

/** Verification on, system roots, 10 s to connect, 30 s in all, 256 KiB bodies, 32 KiB headers, 8 connections. */
STARDELEG_API void stardeleg_curl_options_default(stardeleg_curl_options *options);

/** Makes a driver; |options| NULL: the defaults.  Returns 0, NOMEM, ARGUMENT, or UNSUPPORTED if this libcurl lacks
 *  TLS.  Free with stardeleg_curl_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_curl_new(stardeleg_curl **out,
                                                                    const stardeleg_curl_options *options);

/** Adds an engine.  The struct is copied, the object behind it is borrowed and must outlive the driver
 *  or be taken out first.  Returns 0 or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_curl_add(stardeleg_curl *curl,
                                                                    const stardeleg_engine *engine);

/** Takes the engine out whose self is |self|: its open exchanges are dropped without an answer. */
STARDELEG_API void stardeleg_curl_remove(stardeleg_curl *curl, const void *self);

/** Runs until stardeleg_curl_stop(), or until |done| (may be NULL) returns nonzero; |done| is asked after
 *  every step.  Returns 0, or the error of an engine that is not retryable; retryable ones are tried again
 *  after a second. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_curl_run(stardeleg_curl *curl, int (*done)(void *ctx),
                                                                    void *ctx);

/** Ends stardeleg_curl_run() soon.  Any thread, signal handlers too. */
STARDELEG_API void stardeleg_curl_stop(stardeleg_curl *curl);

/** Says that an engine may have new work: its next() will be asked at once.  Any thread, signal handlers too. */
STARDELEG_API void stardeleg_curl_wake(stardeleg_curl *curl);

/** The hooks of a foreign event loop. */
typedef struct stardeleg_curl_hooks {
  /** Watch |fd| for |events| (STARDELEG_FD_*, or 0: no longer), level-triggered. */
  void (*watch)(void *ctx, int fd, int events);
  /** Call stardeleg_curl_on_timer() in |ms| milliseconds; replaces the earlier wish; -1: not at all. */
  void (*timer)(void *ctx, int64_t ms);
  void *ctx; /**< handed to both */
} stardeleg_curl_hooks;

/** Puts the driver under a foreign event loop instead of stardeleg_curl_run().  |hooks| is copied.  Call
 *  stardeleg_curl_on_timer() once to begin.  Returns 0, NOMEM or STATE (already under a loop). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_curl_attach(stardeleg_curl *curl,
                                                                       const stardeleg_curl_hooks *hooks);

/** Tells that |fd| is ready for |events|.  Returns like stardeleg_curl_run(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_curl_on_fd(stardeleg_curl *curl, int fd, int events);

/** Tells that the timer has run out.  Returns like stardeleg_curl_run(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_curl_on_timer(stardeleg_curl *curl);

/** Frees the driver and drops what is under way; engines stay.  NULL allowed. */
STARDELEG_API void stardeleg_curl_free(stardeleg_curl *curl);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_CURL_H */
