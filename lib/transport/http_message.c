/* SPDX-License-Identifier: Apache-2.0 */
/* transport/http_message.c -- reading HTTP messages (RFC 9110): headers, media types, Retry-After. */
#include "transport/http_message.h"

#include "base/bytes.h"
#include "base/time.h"

bool sdg_http_header(stardeleg_bytes *value, const stardeleg_http_header *headers, size_t header_count,
                     const char *name, size_t *count)
{
  size_t found = 0;

  for (size_t i = 0; i < header_count; i++) {
    if (sdg_bytes_is_nocase(headers[i].name, name)) {
      if (found == 0) {
        *value = headers[i].value;
      }
      found++;
    }
  }
  if (count != NULL) {
    *count = found;
  }
  return found != 0;
}

bool sdg_http_media_type_is(stardeleg_bytes content_type, const char *type)
{
  size_t len = 0;

  while (len < content_type.len && content_type.base[len] != ';') {
    len++;
  }
  return sdg_bytes_is_nocase(sdg_bytes_trim(sdg_bytes(content_type.base, len)), type);
}

static bool is_all_digits(stardeleg_bytes text)
{
  for (size_t i = 0; i < text.len; i++) {
    if (text.base[i] < '0' || text.base[i] > '9') {
      return false;
    }
  }
  return text.len != 0;
}

stardeleg_time sdg_http_retry_after(const stardeleg_http_response *response, stardeleg_time now, int64_t max_ms)
{
  stardeleg_time latest = sdg_time_add(now, max_ms > 0 ? max_ms : 0);
  stardeleg_bytes value;
  stardeleg_time at;
  uint64_t seconds;

  if (!sdg_http_header(&value, response->headers, response->header_count, "Retry-After", NULL)) {
    return STARDELEG_TIME_NONE;
  }
  value = sdg_bytes_trim(value);
  if (is_all_digits(value)) {
    /* RFC 9110, Section 10.2.3: any number of digits; what does not fit is later than any limit. */
    if (!sdg_bytes_to_uint(&seconds, value, (uint64_t)(INT64_MAX / SDG_TIME_S))) {
      return latest;
    }
    at = sdg_time_add(now, (int64_t)seconds * SDG_TIME_S);
  } else if (sdg_time_read_http(&at, value, now) != STARDELEG_OK) {
    return STARDELEG_TIME_NONE;
  }
  return sdg_time_min(sdg_time_max(at, now), latest);
}
