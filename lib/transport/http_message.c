/* SPDX-License-Identifier: Apache-2.0 */
/* transport/http_message.c -- reading HTTP messages (RFC 9110): headers, media types, Retry-After. */
#include "transport/http_message.h"

#include <string.h>

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

bool sdg_http_is_token_character(uint8_t c)
{
  uint8_t lower = sdg_ascii_lower(c);

  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
         (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
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

/* --- Freshness --- */

/* Up to the next comma outside of quotes, cut off |*list|. */
static stardeleg_bytes next_directive(stardeleg_bytes *list)
{
  bool quoted = false;
  size_t len = 0;
  stardeleg_bytes directive;

  while (len < list->len && (quoted || list->base[len] != ',')) {
    quoted = quoted != (list->base[len] == '"');
    len++;
  }
  directive = sdg_bytes_trim(sdg_bytes(list->base, len));
  *list = sdg_bytes_from(*list, len < list->len ? len + 1 : len);
  return directive;
}

/* RFC 9111 5.2: the token form and the quoted one. */
static bool read_seconds(uint64_t *out, stardeleg_bytes value)
{
  if (value.len >= 2 && value.base[0] == '"' && value.base[value.len - 1] == '"') {
    value = sdg_bytes(value.base + 1, value.len - 2);
  }
  if (!is_all_digits(value)) {
    return false;
  }
  if (!sdg_bytes_to_uint(out, value, (uint64_t)(INT64_MAX / SDG_TIME_S))) {
    *out = (uint64_t)(INT64_MAX / SDG_TIME_S); /* 1.2.2: what does not fit is the greatest */
  }
  return true;
}

typedef struct freshness {
  uint64_t seconds;
  bool is_said;
  bool is_refused;
} freshness;

static void take_directive(freshness *f, stardeleg_bytes directive)
{
  size_t len = 0;
  stardeleg_bytes name;

  while (len < directive.len && directive.base[len] != '=') {
    len++;
  }
  name = sdg_bytes(directive.base, len);
  if (sdg_bytes_is_nocase(name, "no-cache") || sdg_bytes_is_nocase(name, "no-store")) {
    f->is_refused = true;
  } else if (sdg_bytes_is_nocase(name, "max-age") && !f->is_said) {
    f->is_said = true;
    f->is_refused = f->is_refused || len == directive.len ||
                    !read_seconds(&f->seconds, sdg_bytes_from(directive, len + 1));
  }
}

int64_t sdg_http_fresh_ms(const stardeleg_http_response *response, int64_t max_ms)
{
  freshness f = {0, false, false};
  stardeleg_bytes age;
  uint64_t seconds = 0;
  int64_t left_ms;

  for (size_t i = 0; i < response->header_count; i++) {
    stardeleg_bytes list = response->headers[i].value;

    while (sdg_bytes_is_nocase(response->headers[i].name, "Cache-Control") && list.len > 0) {
      take_directive(&f, next_directive(&list));
    }
  }
  if (!f.is_said || f.is_refused) {
    return 0;
  }
  if (sdg_http_header(&age, response->headers, response->header_count, "Age", NULL) &&
      (!read_seconds(&seconds, sdg_bytes_trim(age)) || seconds >= f.seconds)) {
    return 0;
  }
  left_ms = (int64_t)(f.seconds - seconds) * SDG_TIME_S;
  return left_ms < max_ms ? left_ms : max_ms;
}
