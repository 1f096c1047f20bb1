/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/exchange.h -- one request and its response on one easy handle; used again and again. */
#ifndef SDG_TRANSPORT_CURL_EXCHANGE_H
#define SDG_TRANSPORT_CURL_EXCHANGE_H

#include "headers.h"
#include "settings.h"

#include <stardeleg/engine.h>

#define SDG_CURL_TEXT_MAX 320

typedef struct sdg_curl_exchange {
  CURL *easy;
  const sdg_curl_settings *settings;
  struct sdg_curl_exchange *next; /* in the driver's list of open or of idle ones */
  void *owner;                    /* the driver's: who asked */
  uint64_t id;
  struct curl_slist *fields; /* of the request */
  struct curl_slist *connect_to; /* the settings' and the request's address; NULL: the settings' alone */
  sdg_curl_headers headers;
  struct {
    uint8_t *base;
    size_t len;
    size_t room;
    size_t max; /* inclusive */
  } body;
  bool too_large;
  bool no_memory;
  size_t denied;  /* addresses refused */
  size_t allowed; /* addresses tried */
  char error[CURL_ERROR_SIZE];
  char text[SDG_CURL_TEXT_MAX];
  stardeleg_http_response response;
} sdg_curl_exchange;

/* Returns NOMEM, or UNSUPPORTED if this libcurl refuses one of the settings security rests on. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_exchange_new(sdg_curl_exchange **out, const sdg_curl_settings *settings);
/* Makes the easy handle ready to be added; copies all it needs.  Returns 0, NOMEM, or POLICY for a request that
 * this transport does not send. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_exchange_begin(sdg_curl_exchange *exchange,
                                                           const stardeleg_http_request *request);
/* What came of it; points into |exchange|. */
void sdg_curl_exchange_outcome(sdg_curl_exchange *exchange, CURLcode code, stardeleg_outcome *outcome);
/* The outcome of one that could not begin. */
void sdg_curl_exchange_refused(stardeleg_err err, stardeleg_outcome *outcome);
/* Forgets request and response, keeps the handle and its TLS sessions. */
void sdg_curl_exchange_reset(sdg_curl_exchange *exchange);
/* The handle must not be in a multi handle any more; NULL allowed. */
void sdg_curl_exchange_free(sdg_curl_exchange *exchange);

#endif /* SDG_TRANSPORT_CURL_EXCHANGE_H */
