/* SPDX-License-Identifier: Apache-2.0 */
/* common/httpd_inside.h -- what the files of the HTTP host share. */
#ifndef EXAMPLE_COMMON_HTTPD_INSIDE_H
#define EXAMPLE_COMMON_HTTPD_INSIDE_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "common/httpd.h"
#include "common/httpd_accept.h"
#include "common/httpd_guard.h"

struct httpd {
  struct MHD_Daemon *daemon;
  httpd_accept accept;
  httpd_guard guard;
  httpd_write_page page;
  httpd_handle handle;
  void *ctx;
  size_t body_max;
  int64_t idle_ms;
  int64_t request_ms;
  bool hsts;
  _Atomic(char *) index_link; /* value of Link, or NULL */
  uint16_t port;
  char *where;
  char *cert;
  char *key;
  size_t key_len;
  atomic_uint under_way; /* requests */
  atomic_int stopping;
};

/* Callbacks of libmicrohttpd; |self| is the httpd. */
void *httpd_request_begin(void *self, const char *target, struct MHD_Connection *connection);
enum MHD_Result httpd_request_take(void *self, struct MHD_Connection *connection, const char *url, const char *method,
                                   const char *version, const char *data, size_t *data_len, void **state);
void httpd_request_end(void *self, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode why);

#endif /* EXAMPLE_COMMON_HTTPD_INSIDE_H */
