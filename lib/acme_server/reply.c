/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/reply.c -- what routes need to answer: URLs, ids, JSON bodies, pages, problems. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "acme_server/server_internal.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/url.h"

#define ID_BYTES 16u /* 128 bits: RFC 8555 10.5, RFC 8739 6.3 */

static void add_parts(const sdg_server *server, sdg_buf *out, va_list parts)
{
  const char *part;

  sdg_buf_add_str(out, server->base_url);
  while ((part = va_arg(parts, const char *)) != NULL) {
    sdg_buf_add_str(out, part);
  }
}

void sdg_server_url(const sdg_server *server, sdg_buf *out, ...)
{
  va_list parts;

  va_start(parts, out);
  add_parts(server, out, parts);
  va_end(parts);
}

char *sdg_server_url_dup(const sdg_server *server, ...)
{
  va_list parts;
  sdg_buf url;
  char *text = NULL;

  sdg_buf_init(&url, SDG_URL_MAX);
  va_start(parts, server);
  add_parts(server, &url, parts);
  va_end(parts);
  if (sdg_buf_take(&url, &text, NULL) != STARDELEG_OK) {
    text = NULL;
  }
  sdg_buf_clear(&url);
  return text;
}

stardeleg_err sdg_server_id_from_url(const sdg_server *server, const char *url, const char *prefix, const char *suffix,
                                     char id[SDG_ID_SIZE])
{
  stardeleg_bytes rest = sdg_bytes_str(url);
  size_t tail = suffix != NULL ? strlen(suffix) : 0;

  if (!sdg_bytes_has_prefix(rest, server->base_url)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  rest = sdg_bytes_from(rest, strlen(server->base_url));
  if (!sdg_bytes_has_prefix(rest, prefix)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  rest = sdg_bytes_from(rest, strlen(prefix));
  if (rest.len < tail || (tail > 0 && memcmp(rest.base + rest.len - tail, suffix, tail) != 0)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  rest.len -= tail;
  if (rest.len >= SDG_ID_SIZE || !sdg_base64url_is_text(rest)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  memcpy(id, rest.base, rest.len);
  id[rest.len] = '\0';
  return STARDELEG_OK;
}

stardeleg_err sdg_server_new_id(const sdg_server *server, char id[SDG_ID_SIZE])
{
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, SDG_ID_SIZE - 1);
  err = sdg_random_name(server->options.crypto, &text, ID_BYTES);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&text);
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(id, SDG_ID_SIZE, "%s", sdg_buf_str(&text));
  }
  sdg_buf_clear(&text);
  return err;
}

size_t sdg_server_page_size(const sdg_server *server)
{
  return server->options.page_size > 0 ? server->options.page_size : 50;
}

const stardeleg_crypto *sdg_server_crypto(const sdg_server *server)
{
  return server->options.crypto;
}

const stardeleg_store *sdg_server_store(const sdg_server *server)
{
  return server->options.store;
}

/* --- Bodies --- */

stardeleg_err sdg_call_json(sdg_call *call, sdg_json_writer *w)
{
  sdg_jw_init(w, sdg_http_reply_body(call->reply));
  return sdg_http_reply_add_header(call->reply, "Content-Type", "application/json");
}

stardeleg_err sdg_call_location(sdg_call *call, const char *url)
{
  return sdg_http_reply_add_header(call->reply, "Location", url);
}

static stardeleg_err add_next_link(sdg_call *call, const char *cursor)
{
  sdg_buf link;
  stardeleg_bytes target = sdg_bytes_str(call->request->url);
  stardeleg_err err;

  sdg_buf_init(&link, SDG_URL_MAX + 128);
  for (size_t i = 0; i < target.len; i++) {
    if (target.base[i] == '?') {
      target.len = i;
    }
  }
  sdg_buf_add_byte(&link, '<');
  sdg_buf_add_str(&link, call->server->origin);
  sdg_buf_add_bytes(&link, target);
  sdg_buf_add_str(&link, "?cursor=");
  sdg_buf_add_str(&link, cursor);
  sdg_buf_add_str(&link, ">;rel=\"next\"");
  err = sdg_buf_error(&link);
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_add_header(call->reply, "Link", sdg_buf_str(&link));
  }
  sdg_buf_clear(&link);
  return err;
}

stardeleg_err sdg_call_page(sdg_call *call, const char *name, const char *const *urls, size_t count,
                            const char *next_cursor)
{
  sdg_json_writer w;
  stardeleg_err err = sdg_call_json(call, &w);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_jw_object(&w, NULL);
  sdg_jw_array(&w, name);
  for (size_t i = 0; i < count; i++) {
    sdg_jw_string(&w, NULL, urls[i]);
  }
  sdg_jw_array_end(&w);
  sdg_jw_object_end(&w);
  return next_cursor != NULL ? add_next_link(call, next_cursor) : STARDELEG_OK;
}

stardeleg_err sdg_call_fail(sdg_call *call, stardeleg_acme_error acme, const char *detail, ...)
{
  char text[STARDELEG_PROBLEM_DETAIL_SIZE];
  va_list args;

  va_start(args, detail);
  (void)vsnprintf(text, sizeof(text), detail, args);
  va_end(args);
  sdg_problem_set(&call->problem, acme, "%s", text);
  return STARDELEG_ERR_PROTOCOL;
}
