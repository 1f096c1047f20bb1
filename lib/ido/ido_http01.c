/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_http01.c -- the built-in http-01 solver: its answers lie in the store (RFC 8555 8.3). */
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "ido/ido_internal.h"
#include "transport/http_message.h"

#define CHALLENGE_PATH "/.well-known/acme-challenge/"
#define TOKEN_MAX 255u /* what the key of a record may have; real tokens have 43 */

static bool is_token(stardeleg_bytes token)
{
  return token.len <= TOKEN_MAX && sdg_base64url_is_text(token);
}

/* --- The solver (engine's thread) --- */

static int can_solve(void *ctx, const char *type, const char *identifier_type)
{
  (void)ctx;
  return strcmp(type, "http-01") == 0 && strcmp(identifier_type, "dns") == 0;
}

static stardeleg_err write_answer(sdg_buf *out, const stardeleg_challenge *challenge)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "keyAuthorization", challenge->key_authorization);
  sdg_jw_string(&w, "name", challenge->identifier);
  sdg_jw_object_end(&w);
  return sdg_buf_error(out);
}

/* What is kept under a token. */
typedef enum kept {
  KEPT_NOTHING = 0,
  KEPT_OURS,    /* the answer to this challenge */
  KEPT_ANOTHERS /* the answer to another CA's, or for another account: its key is in it (RFC 8555 8.1) */
} kept;

/* What cannot be read is nobody's answer. */
static stardeleg_err look_up(const stardeleg_ido *ido, const stardeleg_challenge *challenge, kept *what,
                             uint64_t *version)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  const char *text = NULL;
  stardeleg_err err = sdg_store_get(ido->options.store, "http01", challenge->token, &record);

  *what = KEPT_NOTHING;
  *version = 0;
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return STARDELEG_OK;
  }
  if (err == STARDELEG_OK) {
    *version = record.version;
    err = sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL);
    if (err == STARDELEG_OK) {
      err = sdg_json_get_string(&text, tree, "keyAuthorization", SDG_JSON_REQUIRED, NULL);
    }
    if (err == STARDELEG_OK) {
      *what = strcmp(text, challenge->key_authorization) == 0 ? KEPT_OURS : KEPT_ANOTHERS;
    }
    err = err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK;
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err;
}

static stardeleg_err put_answer(const stardeleg_ido *ido, const stardeleg_challenge *challenge, uint64_t version)
{
  sdg_buf value;
  stardeleg_err err;

  sdg_buf_init(&value, 8192);
  err = write_answer(&value, challenge);
  if (err == STARDELEG_OK) {
    err = sdg_store_put(ido->options.store, "http01", challenge->token, sdg_buf_bytes(&value), NULL, version);
  }
  sdg_buf_clear(&value);
  return err;
}

/* Asked again after a restart or a lost answer: then the record is there already.  There is one resource for a token:
 * a second CA that chose the same one waits until the first has looked. */
static stardeleg_err present(void *ctx, const stardeleg_challenge *challenge, stardeleg_time now,
                             stardeleg_time *ready_at)
{
  const stardeleg_ido *ido = ctx;
  kept what = KEPT_NOTHING;
  uint64_t version = 0;
  stardeleg_err err;

  (void)now;
  (void)ready_at;
  if (!is_token(sdg_bytes_str(challenge->token))) {
    return STARDELEG_ERR_CALLBACK;
  }
  err = look_up(ido, challenge, &what, &version);
  if (err == STARDELEG_OK && what == KEPT_ANOTHERS) {
    sdg_log(&ido->options.log, STARDELEG_LOG_WARNING, "ido.http01.taken",
            "name=%s account=%s: another CA's challenge has the same token, this one waits for it",
            challenge->identifier, challenge->account_url);
    return STARDELEG_ERR_CALLBACK;
  }
  return err == STARDELEG_OK && what == KEPT_NOTHING ? put_answer(ido, challenge, version) : err;
}

static void cleanup(void *ctx, const stardeleg_challenge *challenge)
{
  const stardeleg_ido *ido = ctx;
  kept what = KEPT_NOTHING;
  uint64_t version = 0;

  if (is_token(sdg_bytes_str(challenge->token)) && look_up(ido, challenge, &what, &version) == STARDELEG_OK &&
      what == KEPT_OURS) {
    /* Best effort: what stays behind answers a challenge that is over. */
    stardeleg_err err = sdg_store_del(ido->options.store, "http01", challenge->token, version);

    (void)err;
  }
}

void sdg_ido_http01_init(stardeleg_solver *solver, stardeleg_ido *ido)
{
  *solver = (stardeleg_solver){
      .size = sizeof(*solver), .ctx = ido, .can_solve = can_solve, .present = present, .cleanup = cleanup};
}

/* --- The answer (any thread) --- */

/* The answer's text as the body; NOT_FOUND for tokens that are not ours at this moment. */
static stardeleg_err add_answer(const stardeleg_ido *ido, const char *token, sdg_buf *body)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  const char *text = NULL;
  stardeleg_err err = sdg_store_get(ido->options.store, "http01", token, &record);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&text, tree, "keyAuthorization", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    sdg_buf_add_str(body, text);
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err;
}

static stardeleg_err choose_status(const stardeleg_ido *ido, const stardeleg_http_request *request, sdg_buf *body,
                                   int *status)
{
  stardeleg_bytes path = sdg_bytes_str(request->url);
  stardeleg_err err;

  *status = 404;
  if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
    *status = 405;
    return STARDELEG_OK;
  }
  if (!sdg_bytes_has_prefix(path, CHALLENGE_PATH) || !is_token(sdg_bytes_from(path, sizeof(CHALLENGE_PATH) - 1))) {
    return STARDELEG_OK;
  }
  err = add_answer(ido, request->url + sizeof(CHALLENGE_PATH) - 1, body);
  if (err == STARDELEG_OK) {
    *status = 200;
  } else if (err != STARDELEG_ERR_NOT_FOUND) {
    *status = 503;
  }
  return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK;
}

/* Nothing of the request is ever repeated: this listener is open to the world, under the owner's names. */
stardeleg_err stardeleg_ido_handle_http01(stardeleg_ido *ido, const stardeleg_http_request *request, stardeleg_time now,
                                          stardeleg_http_reply **reply)
{
  stardeleg_http_reply *made = NULL;
  sdg_buf body;
  int status = 404;
  stardeleg_err err;

  (void)now;
  if (ido == NULL || request == NULL || request->method == NULL || request->url == NULL || reply == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_buf_init(&body, 8192);
  err = choose_status(ido, request, &body, &status);
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_new(&made, status);
  }
  if (err == STARDELEG_OK) {
    sdg_buf_swap(sdg_http_reply_body(made), &body);
    err = sdg_http_reply_add_header(made, "Content-Type", status == 200 ? "application/octet-stream" : "text/plain");
  }
  if (err == STARDELEG_OK && status == 405) {
    err = sdg_http_reply_add_header(made, "Allow", "GET, HEAD");
  }
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_add_header(made, "X-Content-Type-Options", "nosniff");
  }
  sdg_buf_clear(&body);
  if (err != STARDELEG_OK) {
    stardeleg_http_reply_free(made);
    return err;
  }
  *reply = made;
  return STARDELEG_OK;
}
