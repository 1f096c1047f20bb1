/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_record_authz.c -- authorizations and published certificates in the store. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "ca/ca_record_internal.h"

/* --- Authorizations --- */

void sdg_ca_authz_init(sdg_ca_authz *authz)
{
  memset(authz, 0, sizeof(*authz));
  authz->wire.expires = STARDELEG_TIME_NONE;
  authz->expires_at = STARDELEG_TIME_NEVER;
}

void sdg_ca_authz_clear(sdg_ca_authz *authz)
{
  sdg_acme_authorization_clear(&authz->wire);
  sdg_free(authz->key_authorization);
}

void sdg_ca_authz_write(sdg_buf *out, const sdg_ca_authz *authz)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "order", authz->order);
  sdg_jw_string(&w, "account", authz->account);
  sdg_jw_int(&w, "attempts", (int64_t)authz->attempts);
  sdg_jw_int(&w, "expires", authz->expires_at);
  sdg_jw_string_opt(&w, "keyAuthorization", authz->key_authorization);
  sdg_acme_authorization_write(&w, "authorization", &authz->wire);
  sdg_jw_object_end(&w);
}

static stardeleg_err read_authz(sdg_ca_authz *authz, const sdg_json *tree)
{
  const sdg_json *wire = NULL;
  const char *key_authorization = NULL;
  int64_t attempts = 0;
  stardeleg_err err = sdg_ca_read_text(authz->order, sizeof(authz->order), tree, "order");

  if (err == STARDELEG_OK) {
    err = sdg_ca_read_text(authz->account, sizeof(authz->account), tree, "account");
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&attempts, tree, "attempts", SDG_JSON_REQUIRED, 0, UINT32_MAX, NULL);
    authz->attempts = (uint32_t)attempts;
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&authz->expires_at, tree, "expires", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&key_authorization, tree, "keyAuthorization", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && key_authorization != NULL) {
    authz->key_authorization = sdg_strdup(key_authorization);
    err = authz->key_authorization != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&wire, tree, "authorization", SDG_JSON_REQUIRED, NULL);
  }
  return err == STARDELEG_OK ? sdg_acme_authorization_from_tree(&authz->wire, wire, NULL) : err;
}

stardeleg_err sdg_ca_authz_read(sdg_ca_authz *out, const stardeleg_record *record)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ca_parse_record(&tree, record);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_ca_authz_init(out);
  err = read_authz(out, tree);
  sdg_json_free(tree);
  if (err != STARDELEG_OK) {
    sdg_ca_authz_clear(out);
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  (void)snprintf(out->id, sizeof(out->id), "%s", record->key);
  out->version = record->version;
  out->fence = record->fence;
  return STARDELEG_OK;
}

stardeleg_err sdg_ca_authz_load(const stardeleg_ca *ca, const char *id, sdg_ca_authz *out)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(ca->options.store, "authz", id, &record);

  if (err == STARDELEG_OK) {
    err = sdg_ca_authz_read(out, &record);
    out->fence = 0;
  }
  stardeleg_record_clear(&record);
  return err;
}

void sdg_ca_put_authz(stardeleg_store_op *op, sdg_buf *value, const sdg_ca_authz *authz, stardeleg_time due,
                      bool release)
{
  sdg_ca_authz_write(value, authz);
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                             .kind = "authz",
                             .key = authz->id,
                             .value = sdg_buf_bytes(value),
                             .index = authz->order,
                             .due = due,
                             .expected_version = authz->version,
                             .fence = authz->fence,
                             .release = release ? 1 : 0};
}

/* --- Published certificates --- */

void sdg_ca_cert_init(sdg_ca_cert *cert)
{
  memset(cert, 0, sizeof(*cert));
  cert->end_at = STARDELEG_TIME_NEVER;
  cert->next_at = STARDELEG_TIME_NEVER;
  cert->issued_at = STARDELEG_TIME_NONE;
  cert->revoked_at = STARDELEG_TIME_NONE;
}

void sdg_ca_cert_clear(sdg_ca_cert *cert)
{
  sdg_free(cert->chain_pem);
  cert->chain_pem = NULL;
}

void sdg_ca_cert_write(sdg_buf *out, const sdg_ca_cert *cert)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "order", cert->order);
  sdg_jw_string(&w, "account", cert->account);
  sdg_jw_bool(&w, "star", cert->is_star);
  sdg_jw_bool(&w, "canceled", cert->canceled);
  sdg_jw_bool(&w, "revoked", cert->revoked);
  sdg_jw_bool(&w, "get", cert->certificate_get);
  if (cert->end_at != STARDELEG_TIME_NEVER) {
    sdg_jw_int(&w, "end", cert->end_at);
  }
  if (cert->next_at != STARDELEG_TIME_NEVER) {
    sdg_jw_int(&w, "nextAt", cert->next_at);
  }
  sdg_jw_int(&w, "notBefore", cert->not_before);
  sdg_jw_int(&w, "notAfter", cert->not_after);
  if (cert->issued_at != STARDELEG_TIME_NONE) {
    sdg_jw_int(&w, "issued", cert->issued_at);
  }
  if (cert->revoked_at != STARDELEG_TIME_NONE) {
    sdg_jw_int(&w, "revokedAt", cert->revoked_at);
    sdg_jw_int(&w, "reason", cert->reason);
  }
  sdg_jw_string_opt(&w, "replacedBy", cert->replaced_by);
  sdg_jw_string(&w, "serial", cert->serial);
  sdg_jw_string(&w, "chain", cert->chain_pem);
  sdg_jw_object_end(&w);
}

static stardeleg_err read_cert_flags(sdg_ca_cert *cert, const sdg_json *tree)
{
  stardeleg_err err = sdg_json_get_bool(&cert->is_star, tree, "star", SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&cert->canceled, tree, "canceled", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&cert->revoked, tree, "revoked", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&cert->certificate_get, tree, "get", SDG_JSON_REQUIRED, NULL);
  }
  return err;
}

static stardeleg_err read_cert_dates(sdg_ca_cert *cert, const sdg_json *tree)
{
  stardeleg_err err = sdg_json_get_int(&cert->end_at, tree, "end", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&cert->next_at, tree, "nextAt", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&cert->not_before, tree, "notBefore", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&cert->not_after, tree, "notAfter", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&cert->issued_at, tree, "issued", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&cert->revoked_at, tree, "revokedAt", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&cert->reason, tree, "reason", SDG_JSON_OPTIONAL, 0, 10, NULL);
  }
  if (err == STARDELEG_OK && sdg_json_member(tree, "replacedBy") != NULL) {
    err = sdg_ca_read_text(cert->replaced_by, sizeof(cert->replaced_by), tree, "replacedBy");
  }
  return err;
}

static stardeleg_err read_cert(sdg_ca_cert *cert, const sdg_json *tree)
{
  const char *chain = NULL;
  stardeleg_err err = sdg_ca_read_text(cert->order, sizeof(cert->order), tree, "order");

  if (err == STARDELEG_OK) {
    err = sdg_ca_read_text(cert->account, sizeof(cert->account), tree, "account");
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_read_text(cert->serial, sizeof(cert->serial), tree, "serial");
  }
  if (err == STARDELEG_OK) {
    err = read_cert_flags(cert, tree);
  }
  if (err == STARDELEG_OK) {
    err = read_cert_dates(cert, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&chain, tree, "chain", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    cert->chain_pem = sdg_strdup(chain);
    err = cert->chain_pem != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return err;
}

stardeleg_err sdg_ca_cert_load(const stardeleg_ca *ca, const char *id, sdg_ca_cert *out)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_store_get(ca->options.store, "cert", id, &record);

  sdg_ca_cert_init(out);
  if (err == STARDELEG_OK) {
    err = sdg_ca_parse_record(&tree, &record);
  }
  if (err == STARDELEG_OK) {
    err = read_cert(out, tree);
    err = err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  (void)snprintf(out->id, sizeof(out->id), "%s", id);
  out->version = record.version;
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err sdg_ca_cert_by_serial(const stardeleg_ca *ca, const char *serial, sdg_ca_cert *out)
{
  char id[SDG_ID_SIZE];
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_store_get(ca->options.store, "serial", serial, &record);

  if (err == STARDELEG_OK) {
    err = sdg_ca_parse_record(&tree, &record);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_read_text(id, sizeof(id), tree, "cert");
    err = err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_STORE : err;
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err == STARDELEG_OK ? sdg_ca_cert_load(ca, id, out) : err;
}

void sdg_ca_put_cert(stardeleg_store_op *op, sdg_buf *value, const sdg_ca_cert *cert)
{
  sdg_ca_cert_write(value, cert);
  *op = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                             .kind = "cert",
                             .key = cert->id,
                             .value = sdg_buf_bytes(value),
                             .index = cert->order,
                             .due = STARDELEG_TIME_NEVER,
                             .expected_version = cert->version};
}
