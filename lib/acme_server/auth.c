/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/auth.c -- who signed this request? (RFC 8555 6.2 to 6.5).  Nothing is done before the answer. */
#include <string.h>

#include "acme_server/server_internal.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/problem.h"

static stardeleg_err check_media_type(sdg_call *call)
{
  stardeleg_bytes type;

  if (sdg_http_header(&type, call->request->headers, call->request->header_count, "Content-Type", NULL) &&
      sdg_http_media_type_is(type, "application/jose+json")) {
    return STARDELEG_OK;
  }
  (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "POST bodies must be application/jose+json");
  call->problem.status = 415;
  return STARDELEG_ERR_PROTOCOL;
}

/* RFC 9110 8.4: what is not decoded must not be taken for what it is not. */
static stardeleg_err check_encoding(sdg_call *call)
{
  stardeleg_bytes coding;

  if (!sdg_http_header(&coding, call->request->headers, call->request->header_count, "Content-Encoding", NULL) ||
      coding.len == 0 || sdg_bytes_is_nocase(coding, "identity")) {
    return STARDELEG_OK;
  }
  (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "encoded bodies are not taken");
  call->problem.status = 415;
  call->accept_encoding = "identity"; /* RFC 9110 12.5.3, 15.5.16 */
  return STARDELEG_ERR_PROTOCOL;
}

static stardeleg_err check_size(sdg_call *call)
{
  size_t max = call->server->options.body_max != 0 ? call->server->options.body_max : SDG_BODY_MAX;

  if (call->request->body.len <= max) {
    return STARDELEG_OK;
  }
  (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the body is longer than %zu bytes", max);
  call->problem.status = 413;
  return STARDELEG_ERR_PROTOCOL;
}

/* RFC 8555 6.5: a nonce that came in is spent, whatever becomes of the request. */
static stardeleg_err spend_nonce(sdg_call *call)
{
  stardeleg_err err = STARDELEG_ERR_NOT_FOUND;

  if (call->jws->nonce != NULL) {
    err = sdg_server_spend_nonce(call->server, call->jws->nonce, call->now);
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return sdg_call_fail(call, STARDELEG_ACME_BAD_NONCE,
                         call->jws->nonce == NULL ? "the protected header has no nonce"
                                                  : "the nonce is not one of ours or was used before");
  }
  return err;
}

/* RFC 8555 6.5: "Once a nonce value has appeared in an ACME request, the server MUST consider it invalid", also where
 * the JWS around it is refused for its form.  What cannot be read holds no nonce. */
static void spend_refused(sdg_call *call)
{
  sdg_json *outer = NULL;
  sdg_json *header = NULL;
  sdg_buf text;

  sdg_buf_init(&text, SDG_BODY_MAX);
  if (sdg_json_parse(&outer, call->request->body, NULL, NULL) == STARDELEG_OK &&
      sdg_base64url_read(&text, sdg_bytes_str(sdg_json_string(sdg_json_member(outer, "protected")))) == STARDELEG_OK &&
      sdg_json_parse(&header, sdg_buf_bytes(&text), NULL, NULL) == STARDELEG_OK) {
    (void)!sdg_server_spend_nonce(call->server, sdg_json_string(sdg_json_member(header, "nonce")), call->now);
  }
  sdg_json_free(header);
  sdg_json_free(outer);
  sdg_buf_clear(&text);
}

/* RFC 8555 6.4: the URL as it was handed out; the Host header has no say. */
static stardeleg_err check_url(sdg_call *call)
{
  stardeleg_bytes url;
  stardeleg_bytes origin = sdg_bytes_str(call->server->origin);

  if (call->jws->url == NULL) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the protected header has no url");
  }
  url = sdg_bytes_str(call->jws->url);
  if (!sdg_bytes_has_prefix(url, call->server->origin) ||
      !sdg_bytes_is(sdg_bytes_from(url, origin.len), call->request->url)) {
    return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED,
                         "url in the protected header is not the URL of this request");
  }
  return STARDELEG_OK;
}

static stardeleg_err import_jwk(sdg_call *call)
{
  sdg_pubkey *key = NULL;
  stardeleg_err err = sdg_jwk_parse(&key, call->server->options.crypto, call->jws->jwk, &call->problem);

  call->jwk = key;
  return err;
}

static stardeleg_err find_account(sdg_call *call)
{
  char id[SDG_ID_SIZE];
  stardeleg_err err = sdg_server_id_from_url(call->server, call->jws->kid, "/acct/", NULL, id);

  if (err == STARDELEG_OK) {
    err = sdg_server_account_get(call->server, id, &call->account);
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return sdg_call_fail(call, STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST, "kid is no account of this server");
  }
  return err;
}

static stardeleg_err identify(sdg_call *call, const sdg_route *route)
{
  bool by_jwk = (route->methods & (SDG_ROUTE_JWK | SDG_ROUTE_JWK_ONLY)) != 0;
  bool by_kid = (route->methods & SDG_ROUTE_JWK_ONLY) == 0;

  if (call->jws->jwk == NULL && call->jws->kid == NULL) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the protected header has neither jwk nor kid");
  }
  if (call->jws->jwk != NULL) {
    return by_jwk ? import_jwk(call)
                  : sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "this resource needs kid, not jwk");
  }
  return by_kid ? find_account(call)
                : sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "this resource needs jwk, not kid");
}

/* Only after the signature: a stranger must not learn what became of an account. */
static stardeleg_err check_status(sdg_call *call)
{
  if (call->account == NULL || call->account->status == SDG_ACCOUNT_VALID) {
    return STARDELEG_OK;
  }
  (void)sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "the account is %s",
                      sdg_account_status_name(call->account->status));
  call->problem.status = 401; /* RFC 8555 7.3.6 */
  return STARDELEG_ERR_PROTOCOL;
}

static stardeleg_err check_limits(sdg_call *call, const sdg_route *route)
{
  bool makes_order = (route->methods & SDG_ROUTE_ORDER) != 0;
  stardeleg_err err = call->account != NULL ? sdg_call_limit(call, STARDELEG_LIMIT_SIGNED) : STARDELEG_OK;

  if (err == STARDELEG_OK && makes_order) {
    err = sdg_call_check_terms(call);
  }
  return err == STARDELEG_OK && makes_order ? sdg_call_limit(call, STARDELEG_LIMIT_ORDER) : err;
}

static stardeleg_err read_payload(sdg_call *call, const sdg_route *route, sdg_json **payload)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json_fault fault;
  bool is_fetch = call->jws->payload_text.len == 0;
  stardeleg_err err;

  if (is_fetch) {
    return (route->methods & SDG_ROUTE_FETCH) != 0
               ? STARDELEG_OK
               : sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "this resource needs a payload, not POST-as-GET");
  }
  if ((route->methods & SDG_ROUTE_POST) == 0) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED,
                         "this resource is read-only: POST-as-GET has an empty payload");
  }
  err = sdg_json_parse(payload, call->jws->payload, &limits, &fault);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the payload is not acceptable JSON: %s (byte %zu)",
                        fault.reason, fault.offset);
    sdg_problem_set_place(&call->problem, sdg_bytes_str(fault.pointer));
    return STARDELEG_ERR_PROTOCOL;
  }
  if (sdg_json_type_of(*payload) != SDG_JSON_OBJECT) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the payload must be a JSON object");
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_authenticate(sdg_call *call, const sdg_route *route, sdg_jws *jws, sdg_json **payload)
{
  const sdg_pubkey *key;
  stardeleg_err err = check_media_type(call);

  if (err == STARDELEG_OK) {
    err = check_encoding(call);
  }
  if (err == STARDELEG_OK) {
    err = check_size(call);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_limit(call, STARDELEG_LIMIT_REQUEST);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_jws_parse(jws, call->request->body, &call->problem);
  if (err != STARDELEG_OK) {
    spend_refused(call);
    return err;
  }
  call->jws = jws;
  err = spend_nonce(call);
  if (err == STARDELEG_OK) {
    err = check_url(call);
  }
  if (err == STARDELEG_OK) {
    err = identify(call, route);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  key = call->account != NULL ? call->account->key : call->jwk;
  err = sdg_jws_verify(jws, key, &call->problem);
  if (err == STARDELEG_OK) {
    err = check_status(call);
  }
  if (err == STARDELEG_OK) {
    err = check_limits(call, route);
  }
  if (err == STARDELEG_OK) {
    err = read_payload(call, route, payload);
    call->payload = *payload;
  }
  return err;
}

void sdg_authenticate_end(sdg_call *call)
{
  sdg_server_account_release(call->server, call->account);
  sdg_pubkey_free((sdg_pubkey *)(uintptr_t)call->jwk);
  call->account = NULL;
  call->jwk = NULL;
}
