/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_authz.c -- authorizations and their challenge as resources (RFC 8555 7.5). */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ca/ca_internal.h"
#include "ca/ca_orders.h"
#include "jose/jwk.h"

static stardeleg_err own_authz(stardeleg_ca *ca, sdg_call *call, sdg_ca_authz *out)
{
  stardeleg_err err = sdg_ca_authz_load(ca, call->parts[0], out);

  if (err == STARDELEG_OK && strcmp(out->account, call->account->id) != 0) {
    sdg_ca_authz_clear(out);
    err = STARDELEG_ERR_NOT_FOUND;
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    (void)sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "no such authorization of yours");
    call->problem.status = 404;
    err = STARDELEG_ERR_PROTOCOL;
  }
  return err;
}

/* Puts the challenges' real URLs in place of the stored place holders. */
static stardeleg_err set_challenge_urls(stardeleg_ca *ca, sdg_ca_authz *authz)
{
  for (size_t i = 0; i < authz->wire.challenge_count; i++) {
    sdg_acme_challenge *challenge = &authz->wire.challenges[i];
    char *url = sdg_server_url_dup(ca->server, "/chall/", authz->id, "/", challenge->type, NULL);

    if (url == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    sdg_free(challenge->url);
    challenge->url = url;
  }
  return STARDELEG_OK;
}

static stardeleg_err put_authz(stardeleg_ca *ca, const sdg_ca_authz *authz, stardeleg_time due)
{
  sdg_buf value;
  stardeleg_store_op op;
  stardeleg_err err;

  sdg_buf_init(&value, STARDELEG_STORE_VALUE_MAX);
  sdg_ca_put_authz(&op, &value, authz, due, false);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, &op, 1);
  }
  sdg_buf_clear(&value);
  return err;
}

static stardeleg_err reply_authz(stardeleg_ca *ca, sdg_call *call, sdg_ca_authz *authz)
{
  sdg_json_writer w;
  stardeleg_err err = set_challenge_urls(ca, authz);

  if (err == STARDELEG_OK) {
    err = sdg_call_json(call, &w);
  }
  if (err == STARDELEG_OK) {
    sdg_acme_authorization_write(&w, NULL, &authz->wire);
  }
  return err;
}

/* RFC 8555 7.5.2 */
static stardeleg_err deactivate(stardeleg_ca *ca, sdg_call *call, sdg_ca_authz *authz)
{
  const char *status = NULL;
  stardeleg_err err = sdg_json_get_string(&status, call->payload, "status", SDG_JSON_REQUIRED, &call->problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (strcmp(status, "deactivated") != 0) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED,
                         "the only status an authorization can be given is \"deactivated\"");
  }
  if (authz->wire.status != SDG_AUTHZ_PENDING && authz->wire.status != SDG_AUTHZ_VALID) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the authorization is %s",
                         sdg_authz_status_name(authz->wire.status));
  }
  authz->wire.status = SDG_AUTHZ_DEACTIVATED;
  /* With the order in one batch: a finalize that comes next must not find it ready (RFC 8555 7.5.2). */
  return sdg_ca_store_decision(ca, authz, STARDELEG_TIME_NEVER, false);
}

stardeleg_err sdg_ca_route_authz(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_ca_authz authz;
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  for (int i = 0; i < SDG_CA_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = own_authz(ca, call, &authz);
    if (err != STARDELEG_OK) {
      return err;
    }
    if (call->payload != NULL) {
      err = deactivate(ca, call, &authz);
    }
    if (err == STARDELEG_OK) {
      err = reply_authz(ca, call, &authz);
    }
    sdg_ca_authz_clear(&authz);
  }
  return err;
}

/* --- The challenge --- */

/* The challenge of the path; a problem if there is none of that type. */
static stardeleg_err find_challenge(sdg_call *call, const sdg_ca_authz *authz, size_t *index)
{
  for (*index = 0; *index < authz->wire.challenge_count; ++*index) {
    if (strcmp(authz->wire.challenges[*index].type, call->parts[1]) == 0) {
      return STARDELEG_OK;
    }
  }
  (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the authorization has no such challenge");
  call->problem.status = 404;
  return STARDELEG_ERR_PROTOCOL;
}

/* The first challenge that is answered is the one: it goes in front.  Another one that is answered later stays as it
 * is, as the authorization will be decided without it. */
static bool choose(sdg_ca_authz *authz, size_t *index)
{
  sdg_acme_challenge chosen = authz->wire.challenges[*index];

  if (authz->key_authorization != NULL) {
    return *index == 0;
  }
  authz->wire.challenges[*index] = authz->wire.challenges[0];
  authz->wire.challenges[0] = chosen;
  *index = 0;
  return true;
}

/* The key authorization is fixed now: a later change of the account's key does not count (RFC 8555 8.1, 7.3.5). */
static stardeleg_err start(stardeleg_ca *ca, sdg_call *call, sdg_ca_authz *authz, size_t *index)
{
  sdg_acme_challenge *challenge = &authz->wire.challenges[*index];
  sdg_buf text;
  stardeleg_err err;

  if (authz->wire.status != SDG_AUTHZ_PENDING ||
      (challenge->status != SDG_CHALLENGE_PENDING && challenge->status != SDG_CHALLENGE_PROCESSING) ||
      !choose(authz, index)) {
    return STARDELEG_OK; /* decided already: the challenge as it stands is the answer */
  }
  challenge = &authz->wire.challenges[0];
  sdg_buf_init(&text, 512);
  err = sdg_jwk_key_authorization(&text, ca->options.crypto, sdg_bytes_str(challenge->token),
                                  sdg_pubkey_spki(call->account->key));
  if (err == STARDELEG_OK && authz->key_authorization == NULL) {
    err = sdg_buf_take(&text, &authz->key_authorization, NULL);
  }
  sdg_buf_clear(&text);
  if (err != STARDELEG_OK) {
    return err;
  }
  challenge->status = SDG_CHALLENGE_PROCESSING;
  return put_authz(ca, authz, call->now);
}

/* RFC 8555 8.2: "a time after the server's next validation query". */
static stardeleg_err add_retry_after(stardeleg_ca *ca, sdg_call *call, const sdg_ca_authz *authz)
{
  int64_t seconds = authz->attempts == 0 ? 1 : ca->options.validation_retry_ms / SDG_TIME_S + 1;
  char text[32];

  (void)snprintf(text, sizeof(text), "%lld", (long long)seconds);
  return sdg_http_reply_add_header(call->reply, "Retry-After", text);
}

static stardeleg_err reply_challenge(stardeleg_ca *ca, sdg_call *call, sdg_ca_authz *authz, size_t index)
{
  const sdg_acme_challenge *challenge = &authz->wire.challenges[index];
  sdg_buf link;
  sdg_json_writer w;
  stardeleg_err err = set_challenge_urls(ca, authz);

  sdg_buf_init(&link, 2200);
  sdg_buf_add_byte(&link, '<');
  sdg_server_url(ca->server, &link, "/authz/", authz->id, NULL);
  sdg_buf_add_str(&link, ">;rel=\"up\""); /* RFC 8555 7.1 */
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&link);
  }
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_add_header(call->reply, "Link", sdg_buf_str(&link));
  }
  sdg_buf_clear(&link);
  if (err == STARDELEG_OK && challenge->status == SDG_CHALLENGE_PROCESSING) {
    err = add_retry_after(ca, call, authz);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_json(call, &w);
  }
  if (err == STARDELEG_OK) {
    sdg_acme_challenge_write(&w, NULL, challenge);
  }
  return err;
}

stardeleg_err sdg_ca_route_challenge(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_ca_authz authz;
  size_t index = 0;
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  for (int i = 0; i < SDG_CA_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = own_authz(ca, call, &authz);
    if (err != STARDELEG_OK) {
      return err;
    }
    err = find_challenge(call, &authz, &index);
    if (err == STARDELEG_OK && call->payload != NULL) {
      err = start(ca, call, &authz, &index);
    }
    if (err == STARDELEG_OK) {
      err = reply_challenge(ca, call, &authz, index);
    }
    sdg_ca_authz_clear(&authz);
  }
  if (err == STARDELEG_OK && call->payload != NULL) {
    sdg_ca_work_waits(ca);
  }
  return err;
}
