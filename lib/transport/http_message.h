/* SPDX-License-Identifier: Apache-2.0 */
/* transport/http_message.h -- reading and building HTTP messages (RFC 9110, RFC 8288): header look-up, Retry-After,
 * Link, media types; replies of the server roles. */
#ifndef SDG_TRANSPORT_HTTP_MESSAGE_H
#define SDG_TRANSPORT_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stardeleg/http.h>
#include "base/buf.h"

/* The first header called |name|; false if there is none.  |count| (may be NULL) says how many there are. */
bool sdg_http_header(stardeleg_bytes *value, const stardeleg_http_header *headers, size_t header_count,
                     const char *name, size_t *count);
/* Media type without parameters, case-insensitive. */
bool sdg_http_media_type_is(stardeleg_bytes content_type, const char *type);
/* Retry-After: seconds or HTTP-date -> instant; a past date is |now|; junk, negative or absent: NONE; clamped to |now|
 * + |max_ms|. */
stardeleg_time sdg_http_retry_after(const stardeleg_http_response *response, stardeleg_time now, int64_t max_ms);
/* How much longer the answer stays fresh by its Cache-Control (RFC 9111 4.2): max-age less Age, at most |max_ms|; 0 if
 * it does not say, says so badly, or may not be used again unasked (no-cache, no-store). */
int64_t sdg_http_fresh_ms(const stardeleg_http_response *response, int64_t max_ms);
/* Calls |each| with every link target of relation |rel| (case-insensitive, several per header, quoted or not), in
 * order; targets as written, not resolved; links with an anchor are not this resource's and left out.  |each| returns
 * nonzero to stop. */
void sdg_http_links(const stardeleg_http_response *response, const char *rel,
                    int (*each)(void *ctx, stardeleg_bytes target), void *ctx);
/* The first such target, resolved against |base|, appended to |out|; NOT_FOUND if there is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_http_link(sdg_buf *out, const stardeleg_http_response *response, const char *rel,
                                                 stardeleg_bytes base);

/* RFC 9110, Section 5.6.2 */
bool sdg_http_is_token_character(uint8_t c);

/* --- Replies --- */
/* ARGUMENT if |status| is not 100 to 599. */
STARDELEG_MUST_CHECK stardeleg_err sdg_http_reply_new(stardeleg_http_reply **out, int status);
/* A |status| that is none becomes 500. */
void sdg_http_reply_set_status(stardeleg_http_reply *reply, int status);
/* |value| is refused (ARGUMENT) if it holds CR, LF or NUL, |name| if it is no token; LIMIT beyond 64 headers. */
STARDELEG_MUST_CHECK stardeleg_err sdg_http_reply_add_header(stardeleg_http_reply *reply, const char *name,
                                                             const char *value);
/* The body to append to (at most 16 MiB).  If an addition has failed, the view shows status 500 without a body. */
sdg_buf *sdg_http_reply_body(stardeleg_http_reply *reply);

#endif /* SDG_TRANSPORT_HTTP_MESSAGE_H */
