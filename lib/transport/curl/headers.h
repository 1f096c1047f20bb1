/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/headers.h -- collects the header fields of the final response, line by line, under two ceilings. */
#ifndef SDG_TRANSPORT_CURL_HEADERS_H
#define SDG_TRANSPORT_CURL_HEADERS_H

#include <stdbool.h>
#include <stardeleg/http.h>

#define SDG_CURL_HEADERS_MAX 100

typedef struct sdg_curl_headers {
  uint8_t *base; /* names and values, one after the other */
  size_t len;
  size_t room;
  size_t seen;     /* bytes of all lines so far, interim responses and trailers too */
  size_t seen_max; /* inclusive */
  size_t count;
  int status;    /* of the response the lines belong to; 0: no status line yet */
  bool complete; /* the empty line of the final response was seen */
  bool skipping; /* the line before was no field: a fold belongs to it */
  struct {
    size_t name_at;
    size_t name_len;
    size_t value_at;
    size_t value_len;
  } spans[SDG_CURL_HEADERS_MAX];
  stardeleg_http_header view[SDG_CURL_HEADERS_MAX];
} sdg_curl_headers;

/* Forgets the lines, keeps the room. */
void sdg_curl_headers_begin(sdg_curl_headers *headers, size_t seen_max);
/* Takes one line with its line end.  Returns 0, LIMIT or NOMEM. */
STARDELEG_MUST_CHECK stardeleg_err sdg_curl_headers_take(sdg_curl_headers *headers, const char *line, size_t len);
/* Fills |view|; valid until the next call. */
const stardeleg_http_header *sdg_curl_headers_view(sdg_curl_headers *headers);
void sdg_curl_headers_clear(sdg_curl_headers *headers);

#endif /* SDG_TRANSPORT_CURL_HEADERS_H */
