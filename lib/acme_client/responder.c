/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/responder.c -- answers to a CA's validation requests. */
#include <stardeleg/responder.h>

#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "der/pem.h"
#include "transport/http_message.h"
#include "x509/acme_identifier.h"

#define CHALLENGE_PATH "/.well-known/acme-challenge/"
#define TOKEN_MAX 256u
#define ANSWER_MAX 1024u

/* --- http-01 --- */

static int choose_status(const stardeleg_http_request *request, stardeleg_http01_find find, void *ctx, char *answer)
{
  stardeleg_bytes path = sdg_bytes_str(request->url);
  stardeleg_bytes token;
  stardeleg_err err;

  if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
    return 405;
  }
  if (!sdg_bytes_has_prefix(path, CHALLENGE_PATH)) {
    return 404;
  }
  token = sdg_bytes_from(path, sizeof(CHALLENGE_PATH) - 1);
  if (token.len > TOKEN_MAX || !sdg_base64url_is_text(token)) {
    return 404;
  }
  err = find(ctx, request->url + sizeof(CHALLENGE_PATH) - 1, answer, ANSWER_MAX);
  if (err == STARDELEG_OK) {
    return 200;
  }
  return err == STARDELEG_ERR_NOT_FOUND ? 404 : 503;
}

stardeleg_err stardeleg_http01_answer(stardeleg_http_reply **reply, const stardeleg_http_request *request,
                                      stardeleg_http01_find find, void *ctx)
{
  stardeleg_http_reply *made = NULL;
  char answer[ANSWER_MAX] = "";
  int status;
  stardeleg_err err;

  if (reply == NULL || request == NULL || request->method == NULL || request->url == NULL || find == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  status = choose_status(request, find, ctx, answer);
  err = sdg_http_reply_new(&made, status);
  if (err != STARDELEG_OK) {
    return err;
  }
  if (status == 200) {
    answer[ANSWER_MAX - 1] = '\0';
    sdg_buf_add_str(sdg_http_reply_body(made), answer);
    err = sdg_buf_error(sdg_http_reply_body(made));
  }
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_add_header(made, "Content-Type", status == 200 ? "application/octet-stream" : "text/plain");
  }
  if (err == STARDELEG_OK && status == 405) {
    err = sdg_http_reply_add_header(made, "Allow", "GET, HEAD");
  }
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_add_header(made, "X-Content-Type-Options", "nosniff");
  }
  if (err != STARDELEG_OK) {
    stardeleg_http_reply_free(made);
    return err;
  }
  *reply = made;
  return STARDELEG_OK;
}

/* --- tls-alpn-01 --- */

static bool is_tls_alpn(const stardeleg_challenge *challenge)
{
  return challenge != NULL && challenge->type != NULL && challenge->identifier != NULL &&
         challenge->identifier_type != NULL && strcmp(challenge->type, "tls-alpn-01") == 0;
}

static stardeleg_identifier identifier_of(const stardeleg_challenge *challenge)
{
  return (stardeleg_identifier){.type = challenge->identifier_type, .value = challenge->identifier};
}

stardeleg_err stardeleg_tls_alpn01_server_name(char out[STARDELEG_SERVER_NAME_SIZE],
                                               const stardeleg_challenge *challenge)
{
  stardeleg_identifier identifier;

  if (out == NULL || !is_tls_alpn(challenge)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  identifier = identifier_of(challenge);
  return sdg_acme_identifier_sni(out, &identifier);
}

stardeleg_err stardeleg_tls_alpn01_certificate(char **pem, size_t *len, stardeleg_key *key,
                                               const stardeleg_challenge *challenge, stardeleg_time now)
{
  uint8_t digest[SDG_ACME_IDENTIFIER_LEN];
  stardeleg_identifier identifier;
  sdg_buf der;
  sdg_buf text;
  stardeleg_err err;

  if (pem == NULL || len == NULL || key == NULL || !is_tls_alpn(challenge) || challenge->key_authorization == NULL ||
      challenge->key_authorization[0] == '\0') {
    return STARDELEG_ERR_ARGUMENT;
  }
  identifier = identifier_of(challenge);
  sdg_buf_init(&der, 16384);
  sdg_buf_init(&text, 32768);
  err = sdg_acme_identifier_digest(digest, sdg_key_crypto(key), sdg_bytes_str(challenge->key_authorization));
  if (err == STARDELEG_OK) {
    err = sdg_acme_identifier_build(&der, key, &identifier, digest, now);
  }
  if (err == STARDELEG_OK) {
    sdg_pem_write(&text, "CERTIFICATE", sdg_buf_bytes(&der));
    err = sdg_buf_take(&text, pem, len);
  }
  sdg_buf_clear(&der);
  sdg_buf_clear(&text);
  return err;
}
