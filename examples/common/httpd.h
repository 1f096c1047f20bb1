/* SPDX-License-Identifier: Apache-2.0 */
/* common/httpd.h -- a small HTTP host on libmicrohttpd: moves messages between sockets and one function. */
#ifndef EXAMPLE_COMMON_HTTPD_H
#define EXAMPLE_COMMON_HTTPD_H

#include <stardeleg/http.h>

typedef struct httpd httpd;

/* Answers one request; runs on any of the worker threads, several at once.  |request| lives until it returns; its
 * |url| is the target as it came (path and query), its |method| may be any.  Returns 0 and a reply that the host
 * frees once it is sent; another value, or no reply, becomes a 500. */
typedef int (*httpd_handle)(void *ctx, const stardeleg_http_request *request, stardeleg_http_reply **reply);

/* A response that the program writes itself (panel, responder, metrics). */
#define HTTPD_PAGE_HEADERS_MAX 16
typedef struct httpd_page {
  int status;                                            /* 200 on entry */
  stardeleg_http_header headers[HTTPD_PAGE_HEADERS_MAX]; /* copied when the callback is back */
  size_t header_count;
  const void *body;
  size_t body_len;
  void (*free_body)(void *body); /* called when the last byte is out; NULL: |body| is static */
} httpd_page;

/* Asked before httpd_handle.  Returns nonzero with |page| filled in, or 0: not one of its pages.  Any worker thread. */
typedef int (*httpd_write_page)(void *ctx, const stardeleg_http_request *request, httpd_page *page);

/* Set by httpd_options_default(), then changed.  Strings are not kept. */
typedef struct httpd_options {
  const char *listen;    /* "127.0.0.1:0", "[::1]:8443", "name:port", "unix:/path", "unix-private:/path" */
  const char *cert_file; /* PEM chain, leaf first; NULL: plain http */
  const char *key_file;  /* PEM key; not NULL with |cert_file| */
  unsigned threads;      /* workers, 1 to 64 */
  unsigned connections;  /* most at a time, all workers together */
  unsigned per_source;   /* most at a time of one address; 0: as many as there are */
  size_t body_max;       /* longer bodies: 413 */
  size_t header_max;     /* longer request heads: 431 (414 for the target) */
  unsigned idle_s;       /* a connection without traffic is closed */
  unsigned request_s;    /* a request must be here, and its response gone, in this time each: slow drips end */
  int hsts;              /* nonzero: Strict-Transport-Security on https */
  httpd_write_page page; /* may be NULL */
  httpd_handle handle;   /* NULL: what is no page is 404 */
  void *ctx;             /* handed to both */
} httpd_options;

/* 127.0.0.1:0, plain, 4 threads, 1000 connections, 250 of one address, 64 KiB bodies, 16 KiB heads, 15 s idle, 30 s per
 * request. */
void httpd_options_default(httpd_options *options);

/* Room for what httpd_start() says. */
#define HTTPD_ERROR_SIZE 256

/* Listens and serves on threads of its own.  Returns 0, or an errno value and a sentence in |error|. */
int httpd_start(httpd **out, const httpd_options *options, char error[HTTPD_ERROR_SIZE]);

/* The port it listens on; 0 for a unix socket. */
uint16_t httpd_port(const httpd *server);

/* What the host refuses by itself links to |directory_url| too, as all answers of ACME servers do (RFC 8555 7.1).  The
 * first one counts.  Returns 0, or -1 without memory. */
int httpd_set_directory(httpd *server, const char *directory_url);

/* Accepts no more, lets requests under way finish for at most |drain_ms|, then closes and frees.  NULL allowed. */
void httpd_stop(httpd *server, int64_t drain_ms);

#endif /* EXAMPLE_COMMON_HTTPD_H */
