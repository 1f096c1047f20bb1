/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/key_change.c -- account key rollover (RFC 8555 7.3.5): the outer JWS is by the old key, the inner by the
 * new. */
#include <stdio.h>
#include <string.h>

#include "acme_server/server_internal.h"
#include "base/bytes.h"
#include "base/mem.h"

/* The inner payload names the account and the key it has now. */
static stardeleg_err check_inner_payload(sdg_call *call, const sdg_jws *inner)
{
  char *url = sdg_server_url_dup(call->server, "/acct/", call->account->id, NULL);
  const char *account = NULL;
  const sdg_json *old_jwk = NULL;
  sdg_json *payload = NULL;
  sdg_pubkey *old_key = NULL;
  stardeleg_err err = STARDELEG_ERR_NOMEM;

  if (url == NULL) {
    return err;
  }
  err = sdg_json_parse(&payload, inner->payload, NULL, NULL);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&account, payload, "account", SDG_JSON_REQUIRED, &call->problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&old_jwk, payload, "oldKey", SDG_JSON_REQUIRED, &call->problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_jwk_parse(&old_key, call->server->options.crypto, old_jwk, &call->problem);
  }
  if (err == STARDELEG_OK && strcmp(account, url) != 0) {
    err = sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "\"account\" of the inner payload is not this account");
  }
  if (err == STARDELEG_OK && !sdg_bytes_equal(sdg_pubkey_spki(old_key), sdg_pubkey_spki(call->account->key))) {
    err = sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "\"oldKey\" of the inner payload is not the account's key");
  }
  if (err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT) {
    err = sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the inner payload needs \"account\" and \"oldKey\"");
  }
  sdg_pubkey_free(old_key);
  sdg_json_free(payload);
  sdg_free(url);
  return err;
}

static stardeleg_err check_inner(sdg_call *call, sdg_jws *inner, sdg_pubkey **new_key)
{
  stardeleg_err err = sdg_jws_parse_tree(inner, call->payload, &call->problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (inner->jwk == NULL || inner->nonce != NULL) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the inner JWS needs a jwk and no nonce");
  }
  if (inner->url == NULL || strcmp(inner->url, call->jws->url) != 0) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the inner JWS has another url than the outer");
  }
  err = sdg_jwk_parse(new_key, call->server->options.crypto, inner->jwk, &call->problem);
  if (err == STARDELEG_OK) {
    err = sdg_jws_verify(inner, *new_key, &call->problem);
  }
  return err == STARDELEG_OK ? check_inner_payload(call, inner) : err;
}

/* RFC 8555 7.3.5: the new key has an account already. */
static stardeleg_err refuse_taken(sdg_call *call, const char *id)
{
  sdg_json_writer w;
  char *url = sdg_server_url_dup(call->server, "/acct/", id, NULL);
  stardeleg_err err = STARDELEG_ERR_NOMEM;

  if (url != NULL) {
    sdg_http_reply_set_status(call->reply, 409);
    err = sdg_call_location(call, url);
  }
  if (err == STARDELEG_OK) {
    err = sdg_http_reply_add_header(call->reply, "Content-Type", "application/problem+json");
  }
  if (err == STARDELEG_OK) {
    sdg_jw_init(&w, sdg_http_reply_body(call->reply));
    sdg_jw_object(&w, NULL);
    sdg_jw_string(&w, "type", stardeleg_acme_error_urn(STARDELEG_ACME_MALFORMED));
    sdg_jw_string(&w, "detail", "the new key belongs to another account");
    sdg_jw_int(&w, "status", 409);
    sdg_jw_object_end(&w);
  }
  sdg_free(url);
  return err;
}

/* The account's record, the new key's entry and the end of the old one's, all or nothing. */
static stardeleg_err swap_keys(sdg_server *server, sdg_account_record *record, const char *old_thumbprint)
{
  stardeleg_record old_entry = {0};
  sdg_buf values[2];
  stardeleg_store_op ops[3];
  stardeleg_err err = sdg_store_get(server->options.store, "account-key", old_thumbprint, &old_entry);
  uint64_t old_version = old_entry.version;

  stardeleg_record_clear(&old_entry);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_ERR_CONFLICT : err; /* another change came first */
  }
  sdg_buf_init(&values[0], SDG_BODY_MAX);
  sdg_buf_init(&values[1], 256);
  sdg_account_record_write(&values[0], record);
  sdg_account_key_write(&values[1], record->id);
  memset(ops, 0, sizeof(ops));
  ops[0] = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                                .kind = "account",
                                .key = record->id,
                                .value = sdg_buf_bytes(&values[0]),
                                .due = STARDELEG_TIME_NEVER,
                                .index = sdg_account_record_index(record),
                                .expected_version = record->version};
  ops[1] = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                                .kind = "account-key",
                                .key = record->thumbprint,
                                .value = sdg_buf_bytes(&values[1]),
                                .due = STARDELEG_TIME_NEVER};
  ops[2] = (stardeleg_store_op){
      .verb = STARDELEG_STORE_DEL, .kind = "account-key", .key = old_thumbprint, .expected_version = old_version};
  err = sdg_buf_error(&record->spki);
  for (size_t i = 0; i < 2 && err == STARDELEG_OK; i++) {
    err = sdg_buf_error(&values[i]);
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(server->options.store, ops, 3);
  }
  sdg_buf_clear(&values[0]);
  sdg_buf_clear(&values[1]);
  return err;
}

static stardeleg_err change_key(sdg_call *call, const sdg_pubkey *new_key)
{
  sdg_server *server = call->server;
  sdg_account_record record;
  char old_thumbprint[SDG_THUMBPRINT_TEXT_SIZE];
  char taken[SDG_ID_SIZE];
  stardeleg_err err = sdg_account_record_load(server, call->account->id, &record);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_account_still(call, &record);
  if (err != STARDELEG_OK) {
    sdg_account_record_clear(&record);
    return err;
  }
  memcpy(old_thumbprint, record.thumbprint, sizeof(old_thumbprint));
  err = sdg_jwk_thumbprint(record.thumbprint, server->options.crypto, sdg_pubkey_spki(new_key));
  if (err == STARDELEG_OK) {
    err = sdg_account_by_thumbprint(server, record.thumbprint, taken);
    if (err == STARDELEG_OK) {
      sdg_account_record_clear(&record);
      return refuse_taken(call, taken);
    }
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    sdg_buf_reset(&record.spki);
    sdg_buf_add_bytes(&record.spki, sdg_pubkey_spki(new_key));
    err = swap_keys(server, &record, old_thumbprint);
  }
  if (err == STARDELEG_OK) {
    err = sdg_account_reply(call, &record, 200);
  }
  sdg_account_record_clear(&record);
  return err;
}

stardeleg_err sdg_route_key_change(void *role, sdg_call *call)
{
  sdg_jws inner;
  sdg_pubkey *new_key = NULL;
  stardeleg_err err;

  (void)role;
  memset(&inner, 0, sizeof(inner));
  err = check_inner(call, &inner, &new_key);
  for (int i = 0; err == STARDELEG_OK && i < SDG_CAS_TRIES; i++) {
    err = change_key(call, new_key);
    if (err != STARDELEG_ERR_CONFLICT) {
      break;
    }
    err = i + 1 < SDG_CAS_TRIES ? STARDELEG_OK : err;
  }
  sdg_pubkey_free(new_key);
  sdg_jws_clear(&inner);
  return err;
}
