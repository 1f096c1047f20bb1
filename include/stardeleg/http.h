/* SPDX-License-Identifier: Apache-2.0 */
/** @file http.h
 *  HTTP messages as the engines see them.  No socket, no TLS: a transport moves
 *  these messages, see curl.h for the one that comes with the library. */
#ifndef STARDELEG_HTTP_H
#define STARDELEG_HTTP_H

#include <stardeleg/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One header field.  Neither part is NUL-terminated. */
typedef struct stardeleg_http_header {
  stardeleg_bytes name;  /**< compared case-insensitively (RFC 9110 5.1) */
  stardeleg_bytes value; /**< without white space around it */
} stardeleg_http_header;

/** A request.  Everything is borrowed; whoever hands it out says for how long. */
typedef struct stardeleg_http_request {
  const char *method;                   /**< "GET", "HEAD" or "POST", NUL-terminated */
  /** Client side: absolute URL.  Server side: the request target as it came,
   *  path and query ("/acme/new-order").  NUL-terminated. */
  const char *url;
  const stardeleg_http_header *headers; /**< NULL only if |header_count| is 0 */
  size_t header_count;                  /**< how many */
  stardeleg_bytes body;                 /**< may be empty */
  size_t response_max;                  /**< client side: most body bytes to accept; 0 on the server side */
  const char *address; /**< client side: IP address to connect to in place of looking the URL's host up ("192.0.2.1",
                          "2001:db8::1"); NULL: the transport looks it up.  NULL on the server side */
  /** Server side: address of the client as the program knows it ("192.0.2.7", "2001:db8::7"), for rate limits and
   *  logs; NUL-terminated.  NULL: unknown. */
  const char *source;
} stardeleg_http_request;

/** A response.  Everything is borrowed; whoever hands it out says for how long. */
typedef struct stardeleg_http_response {
  int status;                           /**< 100 to 599 */
  const stardeleg_http_header *headers; /**< NULL only if |header_count| is 0 */
  size_t header_count;                  /**< how many */
  stardeleg_bytes body;                 /**< may be empty */
} stardeleg_http_response;

/** A response that a server role has built.  Opaque; owned by whoever asked for it. */
typedef struct stardeleg_http_reply stardeleg_http_reply;

/** A view of |reply|, valid until it is freed.  |reply| must not be NULL. */
STARDELEG_API const stardeleg_http_response *stardeleg_http_reply_view(const stardeleg_http_reply *reply);

/** Frees |reply|; NULL is allowed. */
STARDELEG_API void stardeleg_http_reply_free(stardeleg_http_reply *reply);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_HTTP_H */
