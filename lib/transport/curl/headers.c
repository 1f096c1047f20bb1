/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/headers.c -- collects the header fields of the final response. */
#include "headers.h"

#include <stdlib.h>
#include <string.h>

void sdg_curl_headers_begin(sdg_curl_headers *headers, size_t seen_max)
{
  headers->len = 0;
  headers->seen = 0;
  headers->seen_max = seen_max;
  headers->count = 0;
  headers->status = 0;
  headers->complete = false;
  headers->skipping = false;
}

/* RFC 9110 5.6.2 */
static bool is_token(const char *text, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    char c = text[i];
    bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    if (!alnum && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
      return false;
    }
  }
  return len > 0;
}

static bool is_blank(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **text, size_t *len)
{
  while (*len > 0 && is_blank((*text)[*len - 1])) {
    (*len)--;
  }
  while (*len > 0 && is_blank((*text)[0])) {
    (*text)++;
    (*len)--;
  }
}

static stardeleg_err append(sdg_curl_headers *headers, const char *text, size_t len)
{
  if (len > headers->room - headers->len) {
    size_t room = headers->room + len + 1024; /* no overflow: all of it stays below |seen_max| + 1024 */
    uint8_t *grown = realloc(headers->base, room);

    if (grown == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    headers->base = grown;
    headers->room = room;
  }
  if (len > 0) {
    memcpy(headers->base + headers->len, text, len);
  }
  headers->len += len;
  return STARDELEG_OK;
}

/* A status line begins a response; what an interim one (1xx) brought is forgotten. */
static void begin_response(sdg_curl_headers *headers, const char *line, size_t len)
{
  const char *space = memchr(line, ' ', len);
  size_t at = space != NULL ? (size_t)(space - line) + 1 : len;
  int status = 0;

  for (size_t i = 0; i < 3 && at + i < len && line[at + i] >= '0' && line[at + i] <= '9'; i++) {
    status = status * 10 + (line[at + i] - '0');
  }
  headers->status = status;
  headers->count = 0;
  headers->len = 0;
}

static stardeleg_err add_field(sdg_curl_headers *headers, const char *line, size_t len)
{
  const char *colon = memchr(line, ':', len);
  size_t name_len = colon != NULL ? (size_t)(colon - line) : 0;
  const char *value = colon != NULL ? colon + 1 : line;
  size_t value_len = colon != NULL ? len - name_len - 1 : 0;
  stardeleg_err rv;

  headers->skipping = !is_token(line, name_len);
  if (headers->skipping) {
    return STARDELEG_OK; /* no field; nobody could ask for it */
  }
  if (headers->count == SDG_CURL_HEADERS_MAX) {
    return STARDELEG_ERR_LIMIT;
  }
  trim(&value, &value_len);
  headers->spans[headers->count].name_at = headers->len;
  headers->spans[headers->count].name_len = name_len;
  headers->spans[headers->count].value_at = headers->len + name_len;
  headers->spans[headers->count].value_len = value_len;
  rv = append(headers, line, name_len);
  if (rv == STARDELEG_OK) {
    rv = append(headers, value, value_len);
  }
  if (rv == STARDELEG_OK) {
    headers->count++;
  }
  return rv;
}

/* RFC 9112 5.2: a folded line continues the value before it; the fold reads as one space. */
static stardeleg_err unfold(sdg_curl_headers *headers, const char *line, size_t len)
{
  stardeleg_err rv;

  if (headers->count == 0 || headers->skipping) {
    return STARDELEG_OK;
  }
  trim(&line, &len);
  rv = append(headers, " ", 1);
  if (rv == STARDELEG_OK) {
    rv = append(headers, line, len);
  }
  if (rv == STARDELEG_OK) {
    headers->spans[headers->count - 1].value_len += len + 1;
  }
  return rv;
}

stardeleg_err sdg_curl_headers_take(sdg_curl_headers *headers, const char *line, size_t len)
{
  const char *text = line;
  size_t text_len = len;

  if (len > headers->seen_max - headers->seen) {
    return STARDELEG_ERR_LIMIT;
  }
  headers->seen += len;
  if (headers->complete) {
    return STARDELEG_OK; /* trailers */
  }
  if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
    begin_response(headers, line, len);
    return STARDELEG_OK;
  }
  trim(&text, &text_len);
  if (text_len == 0) {
    headers->complete = headers->status >= 200;
    return STARDELEG_OK;
  }
  return line[0] == ' ' || line[0] == '\t' ? unfold(headers, line, len) : add_field(headers, line, len);
}

const stardeleg_http_header *sdg_curl_headers_view(sdg_curl_headers *headers)
{
  for (size_t i = 0; i < headers->count; i++) {
    headers->view[i].name.base = headers->base + headers->spans[i].name_at;
    headers->view[i].name.len = headers->spans[i].name_len;
    headers->view[i].value.base = headers->base + headers->spans[i].value_at;
    headers->view[i].value.len = headers->spans[i].value_len;
  }
  return headers->count > 0 ? headers->view : NULL;
}

void sdg_curl_headers_clear(sdg_curl_headers *headers)
{
  free(headers->base);
  headers->base = NULL;
  headers->len = headers->room = headers->count = 0;
}
