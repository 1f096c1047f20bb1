/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/account_record.c -- accounts in the store: "account" by id, "account-key" by thumbprint (one key, one
 * account). */
#include <stdio.h>
#include <string.h>

#include "acme/fields.h"
#include "acme_server/server_internal.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"

void sdg_account_record_init(sdg_account_record *record)
{
  memset(record, 0, sizeof(*record));
  sdg_buf_init(&record->spki, SDG_SPKI_MAX);
}

void sdg_account_record_clear(sdg_account_record *record)
{
  sdg_buf_clear(&record->spki);
  sdg_free(record->terms);
  record->terms = NULL;
  sdg_acme_account_clear(&record->object);
}

void sdg_account_record_write(sdg_buf *out, const sdg_account_record *record)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "name", record->name);
  sdg_jw_string(&w, "thumbprint", record->thumbprint);
  sdg_jw_base64url(&w, "spki", sdg_buf_bytes(&record->spki));
  sdg_jw_int(&w, "created", record->created_at);
  if (record->terms != NULL) {
    sdg_jw_string(&w, "terms", record->terms);
  }
  if (record->closing) {
    sdg_jw_bool(&w, "closing", true);
  }
  sdg_jw_object(&w, "object");
  sdg_acme_account_write_members(&w, &record->object);
  sdg_jw_object_end(&w);
  sdg_jw_object_end(&w);
}

stardeleg_err sdg_account_record_set_terms(sdg_account_record *record, const char *terms)
{
  char *copy = sdg_strdup(terms);

  if (copy == NULL && terms != NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_free(record->terms);
  record->terms = copy;
  return STARDELEG_OK;
}

const char *sdg_account_record_index(const sdg_account_record *record)
{
  return record->name[0] != '\0' ? record->name : "-";
}

void sdg_account_key_write(sdg_buf *out, const char *id)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_string(&w, "account", id);
  sdg_jw_object_end(&w);
}

stardeleg_err sdg_account_record_create(sdg_server *server, const sdg_account_record *record,
                                        const stardeleg_store_op *more)
{
  stardeleg_store_op ops[3];
  sdg_buf account;
  sdg_buf key;
  stardeleg_err err;

  sdg_buf_init(&account, SDG_BODY_MAX);
  sdg_buf_init(&key, 256);
  sdg_account_record_write(&account, record);
  sdg_account_key_write(&key, record->id);
  err = sdg_buf_error(&account);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&key);
  }
  if (err == STARDELEG_OK) {
    ops[0] = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                                  .kind = "account",
                                  .key = record->id,
                                  .value = sdg_buf_bytes(&account),
                                  .index = sdg_account_record_index(record),
                                  .due = STARDELEG_TIME_NEVER};
    ops[1] = (stardeleg_store_op){.verb = STARDELEG_STORE_PUT,
                                  .kind = "account-key",
                                  .key = record->thumbprint,
                                  .value = sdg_buf_bytes(&key),
                                  .due = STARDELEG_TIME_NEVER};
    if (more != NULL) {
      ops[2] = *more;
    }
    err = sdg_store_batch(server->options.store, ops, more != NULL ? 3 : 2);
  }
  sdg_buf_clear(&account);
  sdg_buf_clear(&key);
  return err;
}

stardeleg_err sdg_account_record_put_due(sdg_server *server, const sdg_account_record *record, stardeleg_time due,
                                         uint64_t fence)
{
  stardeleg_store_op op = {.verb = STARDELEG_STORE_PUT,
                           .kind = "account",
                           .key = record->id,
                           .index = sdg_account_record_index(record),
                           .due = due,
                           .expected_version = record->version,
                           .fence = fence,
                           .release = fence != 0 ? 1 : 0};
  sdg_buf value;
  stardeleg_err err;

  sdg_buf_init(&value, SDG_BODY_MAX);
  sdg_account_record_write(&value, record);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    op.value = sdg_buf_bytes(&value);
    err = sdg_store_batch(server->options.store, &op, 1);
  }
  sdg_buf_clear(&value);
  return err;
}

stardeleg_err sdg_account_record_put(sdg_server *server, const sdg_account_record *record)
{
  return sdg_account_record_put_due(server, record, STARDELEG_TIME_NEVER, 0);
}

static stardeleg_err copy_text(char *out, size_t size, const sdg_json *tree, const char *name)
{
  const char *text = NULL;
  stardeleg_err err = sdg_json_get_string(&text, tree, name, SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK && (size_t)snprintf(out, size, "%s", text) >= size) {
    err = STARDELEG_ERR_MALFORMED;
  }
  return err;
}

static stardeleg_err read_object(sdg_account_record *out, const sdg_json *tree)
{
  const sdg_json *object = NULL;
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err = sdg_json_get_object(&object, tree, "object", SDG_JSON_REQUIRED, NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&text, SDG_BODY_MAX);
  sdg_jw_init(&w, &text);
  sdg_jw_tree(&w, NULL, object);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = sdg_acme_account_parse(&out->object, sdg_buf_bytes(&text), NULL);
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err read_record(sdg_account_record *out, const sdg_json *tree)
{
  const char *terms = NULL;
  stardeleg_err err = copy_text(out->name, sizeof(out->name), tree, "name");

  if (err == STARDELEG_OK) {
    err = copy_text(out->thumbprint, sizeof(out->thumbprint), tree, "thumbprint");
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_base64url(&out->spki, tree, "spki", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->created_at, tree, "created", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&terms, tree, "terms", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&out->closing, tree, "closing", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_account_record_set_terms(out, terms);
  }
  return err == STARDELEG_OK ? read_object(out, tree) : err;
}

/* A record that cannot be read is the store's failure, not the client's. */
static stardeleg_err as_store_error(stardeleg_err err)
{
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_STORE : err;
}

static stardeleg_err parse_record(const stardeleg_record *record, sdg_account_record *out)
{
  sdg_account_record account;
  sdg_json *tree = NULL;
  stardeleg_err err;

  sdg_account_record_init(&account);
  err = sdg_json_parse(&tree, sdg_bytes(record->value, record->value_len), NULL, NULL);
  if (err == STARDELEG_OK) {
    err = read_record(&account, tree);
  }
  sdg_json_free(tree);
  if (err == STARDELEG_OK &&
      (size_t)snprintf(account.id, sizeof(account.id), "%s", record->key) >= sizeof(account.id)) {
    err = STARDELEG_ERR_STORE;
  }
  if (err != STARDELEG_OK) {
    sdg_account_record_clear(&account);
    return as_store_error(err);
  }
  account.version = record->version;
  *out = account;
  return STARDELEG_OK;
}

stardeleg_err sdg_account_record_load(sdg_server *server, const char *id, sdg_account_record *out)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(server->options.store, "account", id, &record);

  if (err == STARDELEG_OK) {
    err = parse_record(&record, out);
  }
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err sdg_account_by_thumbprint(sdg_server *server, const char *thumbprint, char id[SDG_ID_SIZE])
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_store_get(server->options.store, "account-key", thumbprint, &record);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL);
  if (err == STARDELEG_OK) {
    err = copy_text(id, SDG_ID_SIZE, tree, "account");
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return as_store_error(err);
}

/* --- With the imported key: importing one costs a quarter of a verification --- */

void sdg_server_account_free(sdg_cached *object)
{
  sdg_server_account *account = (sdg_server_account *)object; /* its first member */

  if (account != NULL) {
    sdg_pubkey_free(account->key);
    sdg_free(account);
  }
}

static stardeleg_err import_account(sdg_server *server, const sdg_account_record *record, sdg_server_account **out)
{
  sdg_server_account *account = sdg_calloc(1, sizeof(*account));
  stardeleg_err err;

  if (account == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)snprintf(account->id, sizeof(account->id), "%s", record->id);
  (void)snprintf(account->name, sizeof(account->name), "%s", record->name);
  (void)snprintf(account->thumbprint, sizeof(account->thumbprint), "%s", record->thumbprint);
  account->status = record->object.status;
  account->terms_are_current =
      record->terms == NULL || server->terms == NULL || strcmp(record->terms, server->terms) == 0;
  account->cached.id = account->id;
  account->cached.version = record->version;
  err = sdg_pubkey_import(&account->key, server->options.crypto, sdg_buf_bytes(&record->spki), NULL);
  if (err != STARDELEG_OK) {
    sdg_free(account);
    return err;
  }
  *out = account;
  return STARDELEG_OK;
}

static stardeleg_err make_account(sdg_server *server, const stardeleg_record *stored, sdg_server_account **out)
{
  sdg_account_record record;
  stardeleg_err err = parse_record(stored, &record);

  if (err == STARDELEG_OK) {
    err = import_account(server, &record, out);
    sdg_account_record_clear(&record);
  }
  return err;
}

stardeleg_err sdg_server_account_get(sdg_server *server, const char *id, const sdg_server_account **out)
{
  stardeleg_record stored = {0};
  sdg_server_account *made = NULL;
  stardeleg_err err = sdg_store_get(server->options.store, "account", id, &stored);

  if (err == STARDELEG_OK) {
    *out = (const sdg_server_account *)sdg_version_cache_get(server->accounts, id, stored.version);
    if (*out == NULL) {
      err = make_account(server, &stored, &made);
    }
  }
  stardeleg_record_clear(&stored);
  if (made != NULL) {
    sdg_version_cache_put(server->accounts, &made->cached);
    *out = made;
  }
  return err;
}

stardeleg_err sdg_server_account_by_key(sdg_server *server, stardeleg_bytes spki)
{
  char thumbprint[SDG_THUMBPRINT_TEXT_SIZE];
  char id[SDG_ID_SIZE];
  stardeleg_err err = sdg_jwk_thumbprint(thumbprint, server->options.crypto, spki);

  return err == STARDELEG_OK ? sdg_account_by_thumbprint(server, thumbprint, id) : err;
}

void sdg_server_account_release(sdg_server *server, const sdg_server_account *account)
{
  sdg_version_cache_release(server->accounts, account != NULL ? &account->cached : NULL);
}

stardeleg_err sdg_account_still(sdg_call *call, const sdg_account_record *record)
{
  if (record->object.status == SDG_ACCOUNT_VALID &&
      sdg_bytes_equal(sdg_buf_bytes(&record->spki), sdg_pubkey_spki(call->account->key))) {
    return STARDELEG_OK;
  }
  (void)sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "the account's key or status has changed meanwhile");
  call->problem.status = 401;
  return STARDELEG_ERR_PROTOCOL;
}

/* --- As a reply --- */

stardeleg_err sdg_account_reply(sdg_call *call, const sdg_account_record *record, int status)
{
  sdg_server *server = call->server;
  sdg_server_account account;
  sdg_json_writer w;
  char *url = sdg_server_url_dup(server, "/acct/", record->id, NULL);
  char *orders = sdg_server_url_dup(server, "/acct/", record->id, "/orders", NULL);
  stardeleg_err err = STARDELEG_ERR_NOMEM;

  if (url == NULL || orders == NULL) {
    goto out;
  }
  sdg_http_reply_set_status(call->reply, status);
  err = sdg_call_location(call, url);
  if (err == STARDELEG_OK) {
    err = sdg_call_json(call, &w);
  }
  if (err != STARDELEG_OK) {
    goto out;
  }
  memset(&account, 0, sizeof(account));
  (void)snprintf(account.id, sizeof(account.id), "%s", record->id);
  (void)snprintf(account.name, sizeof(account.name), "%s", record->name);
  account.status = record->object.status;
  sdg_jw_object(&w, NULL);
  sdg_acme_account_write_members(&w, &record->object);
  sdg_jw_string(&w, "orders", orders);
  if (server->options.write_account != NULL) {
    server->options.write_account(server->options.role, server, &w, &account);
  }
  sdg_jw_object_end(&w);
out:
  sdg_free(url);
  sdg_free(orders);
  return err;
}
