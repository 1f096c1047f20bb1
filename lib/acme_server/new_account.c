/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/new_account.c -- newAccount with external account binding (RFC 8555 7.3, 7.3.1, 7.3.4). */
#include <stdio.h>
#include <string.h>

#include "acme_server/eab_internal.h"
#include "acme_server/server_internal.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"

/* A verified binding, to be spent with the account's creation. */
typedef struct binding {
  char name[SDG_EAB_NAME_MAX + 1]; /* "" : none */
  sdg_eab_record record;
} binding;

static stardeleg_err refuse_binding(sdg_call *call, const char *why)
{
  return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "the external account binding does not hold: %s", why);
}

/* The payload must be the very key that signs the request (RFC 8555 7.3.4, step five). */
static stardeleg_err check_bound_key(sdg_call *call, const sdg_jws *jws)
{
  sdg_json *jwk = NULL;
  sdg_pubkey *key = NULL;
  stardeleg_err err = sdg_json_parse(&jwk, jws->payload, NULL, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_jwk_parse(&key, call->server->options.crypto, jwk, NULL);
  }
  if (err == STARDELEG_OK && !sdg_bytes_equal(sdg_pubkey_spki(key), sdg_pubkey_spki(call->jwk))) {
    err = STARDELEG_ERR_BAD_KEY;
  }
  sdg_pubkey_free(key);
  sdg_json_free(jwk);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOMEM) {
    return refuse_binding(call, "its payload is not the account's key");
  }
  return err;
}

static stardeleg_err check_mac(sdg_call *call, const sdg_jws *jws, const binding *bound)
{
  uint8_t *mac_key = NULL;
  size_t len = 0;
  stardeleg_err err = sdg_secrets_get(call->server->options.secrets, bound->record.secret, &mac_key, &len);

  if (err == STARDELEG_ERR_NOT_FOUND) {
    return refuse_binding(call, "unknown key identifier");
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_jws_verify_mac(jws, call->server->options.crypto, sdg_bytes(mac_key, len), NULL);
  stardeleg_secret_free(mac_key, len);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOMEM && err != STARDELEG_ERR_CRYPTO) {
    return refuse_binding(call, "the MAC does not verify");
  }
  return err;
}

static stardeleg_err check_header(sdg_call *call, const sdg_jws *jws)
{
  if (jws->kid == NULL || jws->jwk != NULL || jws->nonce != NULL || jws->url == NULL) {
    return refuse_binding(call, "its header needs kid and url, and no nonce or jwk");
  }
  if (strcmp(jws->url, call->jws->url) != 0) {
    return refuse_binding(call, "its url is not that of the request");
  }
  return STARDELEG_OK;
}

static stardeleg_err load_binding(sdg_call *call, const sdg_jws *jws, binding *out)
{
  stardeleg_err err = sdg_eab_load(call->server->options.store, jws->kid, &out->record);

  if (err == STARDELEG_ERR_NOT_FOUND) {
    return refuse_binding(call, "unknown key identifier");
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(out->name, sizeof(out->name), "%s", jws->kid);
  }
  return err;
}

static stardeleg_err check_unused(sdg_call *call, const binding *bound)
{
  return bound->record.account[0] == '\0' ? STARDELEG_OK : refuse_binding(call, "it has been used for another account");
}

/* RFC 8555 7.3.4: the five steps, and that it has not been used; only who knows the MAC key learns the latter. */
static stardeleg_err verify_binding(sdg_call *call, const sdg_json *tree, binding *out)
{
  sdg_jws jws;
  stardeleg_err err;

  memset(&jws, 0, sizeof(jws));
  err = sdg_jws_parse_tree(&jws, tree, &call->problem);
  if (err == STARDELEG_OK) {
    err = check_header(call, &jws);
  }
  if (err == STARDELEG_OK) {
    err = load_binding(call, &jws, out);
  }
  if (err == STARDELEG_OK) {
    err = check_mac(call, &jws, out);
  }
  if (err == STARDELEG_OK) {
    err = check_bound_key(call, &jws);
  }
  if (err == STARDELEG_OK) {
    err = check_unused(call, out);
  }
  sdg_jws_clear(&jws);
  return err;
}

static stardeleg_err check_binding(sdg_call *call, const sdg_json *tree, binding *out)
{
  memset(out, 0, sizeof(*out));
  if (tree == NULL) {
    return call->server->options.eab_required ? sdg_call_fail(call, STARDELEG_ACME_EXTERNAL_ACCOUNT_REQUIRED,
                                                              "accounts here need an external account binding")
                                              : STARDELEG_OK;
  }
  /* RFC 8555 7.3.4: a server may leave the binding unverified; then it does not come back in the account. */
  return call->server->options.secrets != NULL ? verify_binding(call, tree, out) : STARDELEG_OK;
}

/* --- Creating --- */

static stardeleg_err fill_record(sdg_call *call, const sdg_acme_new_account *request, const binding *bound,
                                 const char *thumbprint, sdg_account_record *record)
{
  stardeleg_err err = sdg_server_new_id(call->server, record->id);

  if (err != STARDELEG_OK) {
    return err;
  }
  (void)snprintf(record->name, sizeof(record->name), "%s", bound->record.owner);
  (void)snprintf(record->thumbprint, sizeof(record->thumbprint), "%s", thumbprint);
  sdg_buf_add_bytes(&record->spki, sdg_pubkey_spki(call->jwk));
  record->created_at = call->now;
  record->object.status = SDG_ACCOUNT_VALID;
  record->object.terms_agreed = request->terms_agreed;
  for (size_t i = 0; i < request->contact_count; i++) {
    record->object.contacts[i] = sdg_strdup(request->contacts[i]);
    if (record->object.contacts[i] == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    record->object.contact_count++;
  }
  if (bound->name[0] != '\0') {
    record->object.eab = sdg_json_copy(request->eab);
    if (record->object.eab == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
  }
  if (request->terms_agreed) {
    err = sdg_account_record_set_terms(record, call->server->terms);
  }
  return err == STARDELEG_OK ? sdg_buf_error(&record->spki) : err;
}

/* Account, key and binding in one batch: whoever comes second gets CONFLICT and nothing has happened. */
static stardeleg_err store_account(sdg_server *server, const sdg_account_record *record, const binding *bound)
{
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT,
                           .kind = "eab",
                           .key = bound->name,
                           .index = bound->record.owner,
                           .due = STARDELEG_TIME_NEVER,
                           .expected_version = bound->record.version};
  sdg_eab_record spent = bound->record;
  sdg_buf value;
  stardeleg_err err;

  if (bound->name[0] == '\0') {
    return sdg_account_record_create(server, record, NULL);
  }
  (void)snprintf(spent.account, sizeof(spent.account), "%s", record->id);
  sdg_buf_init(&value, SDG_BODY_MAX);
  sdg_eab_write(&value, &spent);
  op.value = sdg_buf_bytes(&value);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_account_record_create(server, record, &op);
  }
  sdg_buf_clear(&value);
  return err;
}

static stardeleg_err create(sdg_call *call, const sdg_acme_new_account *request, const char *thumbprint)
{
  sdg_account_record record;
  binding bound;
  stardeleg_err err;

  if (call->server->terms != NULL && !request->terms_agreed) {
    (void)sdg_call_fail(call, STARDELEG_ACME_USER_ACTION_REQUIRED,
                        "the terms of service must be agreed to (termsOfServiceAgreed)");
    (void)snprintf(call->problem.instance, sizeof(call->problem.instance), "%s", call->server->terms);
    return STARDELEG_ERR_PROTOCOL;
  }
  err = check_binding(call, request->eab, &bound);
  if (err == STARDELEG_OK) {
    err = sdg_call_limit(call, STARDELEG_LIMIT_ACCOUNT);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_account_record_init(&record);
  err = fill_record(call, request, &bound, thumbprint, &record);
  if (err == STARDELEG_OK) {
    err = store_account(call->server, &record, &bound);
  }
  if (err == STARDELEG_OK) {
    err = sdg_account_reply(call, &record, 201);
  }
  sdg_account_record_clear(&record);
  return err;
}

/* RFC 8555 7.3.1: the account as it is; what the request says of contacts does not count. */
static stardeleg_err reply_existing(sdg_call *call, const char *id)
{
  sdg_account_record record;
  stardeleg_err err = sdg_account_record_load(call->server, id, &record);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (record.object.status != SDG_ACCOUNT_VALID) {
    (void)sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "the account is %s",
                        sdg_account_status_name(record.object.status));
    call->problem.status = 401;
    err = STARDELEG_ERR_PROTOCOL;
  } else {
    err = sdg_account_reply(call, &record, 200);
  }
  sdg_account_record_clear(&record);
  return err;
}

static stardeleg_err create_for(sdg_call *call, const char *thumbprint)
{
  sdg_acme_new_account request;
  stardeleg_err err = sdg_acme_new_account_parse(&request, call->payload, &call->problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  return request.only_return_existing
             ? sdg_call_fail(call, STARDELEG_ACME_ACCOUNT_DOES_NOT_EXIST, "no account has this key")
             : create(call, &request, thumbprint);
}

stardeleg_err sdg_route_new_account(void *role, sdg_call *call)
{
  sdg_server *server = role;
  char thumbprint[SDG_THUMBPRINT_TEXT_SIZE];
  char id[SDG_ID_SIZE];
  stardeleg_err err = sdg_jwk_thumbprint(thumbprint, server->options.crypto, sdg_pubkey_spki(call->jwk));

  if (err != STARDELEG_OK) {
    return err;
  }
  for (int i = 0; i < SDG_CAS_TRIES; i++) {
    err = sdg_account_by_thumbprint(server, thumbprint, id);
    if (err == STARDELEG_OK) {
      return reply_existing(call, id); /* whatever the request says besides: "MUST be ignored" */
    }
    if (err != STARDELEG_ERR_NOT_FOUND) {
      return err;
    }
    err = create_for(call, thumbprint);
    if (err != STARDELEG_ERR_CONFLICT) {
      return err;
    }
  }
  return err;
}
