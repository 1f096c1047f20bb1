/* SPDX-License-Identifier: Apache-2.0 */
/* transport/http_reply.c -- the replies of the server roles. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "transport/http_message.h"

#define HEADER_MAX 64
#define BODY_MAX ((size_t)16 << 20)

struct stardeleg_http_reply {
  int status;
  stardeleg_http_header headers[HEADER_MAX]; /* name and value of each in one block, which begins with the name */
  char *blocks[HEADER_MAX];
  size_t header_count;
  sdg_buf body;
  stardeleg_http_response *view; /* a block of its own: brought up to date through a pointer to const */
};

static bool is_status(int status)
{
  return status >= 100 && status <= 599;
}

stardeleg_err sdg_http_reply_new(stardeleg_http_reply **out, int status)
{
  stardeleg_http_reply *reply;

  if (!is_status(status)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  reply = sdg_calloc(1, sizeof(*reply));
  if (reply == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_buf_init(&reply->body, BODY_MAX);
  reply->status = status;
  reply->view = sdg_calloc(1, sizeof(*reply->view));
  if (reply->view == NULL) {
    stardeleg_http_reply_free(reply);
    return STARDELEG_ERR_NOMEM;
  }
  *out = reply;
  return STARDELEG_OK;
}

void sdg_http_reply_set_status(stardeleg_http_reply *reply, int status)
{
  /* A status that is none must not reach the wire, and least of all look like success. */
  reply->status = is_status(status) ? status : 500;
}

static bool is_token(const char *name)
{
  for (const char *c = name; *c != '\0'; c++) {
    if (!sdg_http_is_token_character((uint8_t)*c)) {
      return false;
    }
  }
  return *name != '\0';
}

stardeleg_err sdg_http_reply_add_header(stardeleg_http_reply *reply, const char *name, const char *value)
{
  stardeleg_http_header *header = &reply->headers[reply->header_count];
  size_t name_len;
  size_t value_len;
  char *block;

  if (name == NULL || value == NULL || !is_token(name) || strpbrk(value, "\r\n") != NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (reply->header_count >= HEADER_MAX) {
    return STARDELEG_ERR_LIMIT;
  }
  name_len = strlen(name);
  value_len = strlen(value);
  block = sdg_calloc(name_len + value_len + 2, 1);
  if (block == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  memcpy(block, name, name_len);
  memcpy(block + name_len + 1, value, value_len);
  reply->blocks[reply->header_count] = block;
  header->name = sdg_bytes(block, name_len);
  header->value = sdg_bytes(block + name_len + 1, value_len);
  reply->header_count++;
  return STARDELEG_OK;
}

sdg_buf *sdg_http_reply_body(stardeleg_http_reply *reply)
{
  return &reply->body;
}

const stardeleg_http_response *stardeleg_http_reply_view(const stardeleg_http_reply *reply)
{
  /* After an error the contents of a buffer do not count, and a success without its body would be a lie. */
  bool whole = sdg_buf_error(&reply->body) == STARDELEG_OK;

  *reply->view = (stardeleg_http_response){
      .status = whole ? reply->status : 500,
      .headers = reply->headers,
      .header_count = reply->header_count,
      .body = whole ? sdg_buf_bytes(&reply->body) : sdg_bytes(NULL, 0),
  };
  return reply->view;
}

void stardeleg_http_reply_free(stardeleg_http_reply *reply)
{
  if (reply == NULL) {
    return;
  }
  for (size_t i = 0; i < reply->header_count; i++) {
    sdg_free(reply->blocks[i]);
  }
  sdg_buf_clear(&reply->body);
  sdg_free(reply->view);
  sdg_free(reply);
}
