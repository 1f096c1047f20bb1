/* SPDX-License-Identifier: Apache-2.0 */
/* client/client_account.c -- the account: its record, its keys, its session. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "client/client_internal.h"
#include "store/store.h"

#define KIND "client.account"
#define KEY "account"
#define NUMBER_MAX 1000000

/* --- Keys --- */

static void name_key(char name[SDG_CLIENT_KEY_NAME_SIZE], int64_t number)
{
  (void)snprintf(name, SDG_CLIENT_KEY_NAME_SIZE, "client-account-%lld", (long long)number);
}

stardeleg_err sdg_client_key_load(stardeleg_client *client, int64_t number, stardeleg_key **out)
{
  char name[SDG_CLIENT_KEY_NAME_SIZE];
  uint8_t *secret = NULL;
  size_t len = 0;
  stardeleg_err err;

  name_key(name, number);
  err = sdg_secrets_get(client->options.secrets, name, &secret, &len);
  if (err != STARDELEG_OK) {
    return err;
  }
  err = stardeleg_key_import(out, client->options.crypto, sdg_bytes(secret, len));
  stardeleg_secret_free(secret, len);
  return err == STARDELEG_ERR_BAD_KEY || err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_SECRETS : err;
}

stardeleg_err sdg_client_key_make(stardeleg_client *client, int64_t number, stardeleg_key **out)
{
  char name[SDG_CLIENT_KEY_NAME_SIZE];
  stardeleg_key *key = NULL;
  char *pem = NULL;
  size_t len = 0;
  stardeleg_err err = stardeleg_key_generate(&key, client->options.crypto, client->options.account_key_spec);

  if (err == STARDELEG_OK) {
    err = stardeleg_key_export_pem(key, &pem, &len);
  }
  if (err == STARDELEG_OK) {
    name_key(name, number);
    err = sdg_secrets_put(client->options.secrets, name, sdg_bytes(pem, len));
  }
  stardeleg_secret_free(pem, len);
  if (err != STARDELEG_OK) {
    stardeleg_key_free(key);
    return err;
  }
  *out = key;
  return STARDELEG_OK;
}

void sdg_client_key_remove(stardeleg_client *client, int64_t number)
{
  char name[SDG_CLIENT_KEY_NAME_SIZE];
  stardeleg_err err;

  name_key(name, number);
  /* Best effort: a key that no account knows any more does no harm. */
  err = sdg_secrets_del(client->options.secrets, name);
  (void)err;
}

/* --- The record --- */

stardeleg_err sdg_client_account_save(stardeleg_client *client)
{
  sdg_json_writer w;
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, 16384);
  sdg_jw_init(&w, &text);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "directory", client->options.directory_url);
  sdg_jw_int(&w, "key", client->key_number);
  if (client->next_key_number != 0) {
    sdg_jw_int(&w, "nextKey", client->next_key_number);
  }
  sdg_jw_string_opt(&w, "kid", client->kid);
  sdg_jw_bool(&w, "deactivated", client->deactivated);
  sdg_jw_object_end(&w);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = sdg_store_put(client->options.store, KIND, KEY, sdg_buf_bytes(&text), NULL, client->account_version);
  }
  if (err == STARDELEG_OK) {
    client->account_version++;
  }
  sdg_buf_clear(&text);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

static stardeleg_err read_record(stardeleg_client *client, const stardeleg_record *record)
{
  sdg_json *tree = NULL;
  const char *directory = "";
  const char *kid = NULL;
  int64_t number = 0;
  int64_t next = 0;
  bool deactivated = false;
  stardeleg_err err = sdg_json_parse(&tree, sdg_bytes(record->value, record->value_len), NULL, NULL);

  client->account_version = record->version;
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&directory, tree, "directory", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&number, tree, "key", SDG_JSON_REQUIRED, 0, NUMBER_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&next, tree, "nextKey", SDG_JSON_OPTIONAL, 1, NUMBER_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&kid, tree, "kid", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&deactivated, tree, "deactivated", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    client->key_number = number;
    client->next_key_number = next;
    if (strcmp(directory, client->options.directory_url) == 0) {
      client->kid = sdg_strdup(kid); /* T-54: an account belongs to one directory URL */
      client->deactivated = deactivated;
      err = kid == NULL || client->kid != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    } else {
      client->key_number = (next > number ? next : number) + 1;
      client->next_key_number = 0;
    }
  }
  sdg_json_free(tree);
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_STORE : err;
}

/* --- The session --- */

static stardeleg_err keep_kid(void *ctx, const char *kid)
{
  stardeleg_client *client = ctx;
  stardeleg_client_event event = {.kind = STARDELEG_CLIENT_ACCOUNT};
  char *before = client->kid;
  stardeleg_err err;

  client->kid = sdg_strdup(kid);
  if (client->kid == NULL) {
    client->kid = before;
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_client_account_save(client);
  if (err != STARDELEG_OK) {
    sdg_free(client->kid);
    client->kid = before;
    return err;
  }
  sdg_free(before);
  event.url = client->kid;
  event.not_before = STARDELEG_TIME_NONE;
  event.not_after = STARDELEG_TIME_NONE;
  (void)sdg_client_tell(client, &event);
  return STARDELEG_OK;
}

static stardeleg_err open_session(stardeleg_client *client, stardeleg_problem *problem)
{
  const stardeleg_client_options *o = &client->options;
  sdg_session_options options = {0};

  options.directory_url = o->directory_url;
  options.key = client->key;
  options.kid = client->kid;
  options.contacts = o->contacts;
  options.terms_agreed = o->terms_agreed != 0;
  options.eab_key_id = o->eab_key_id;
  options.eab_mac_key = o->eab_mac_key;
  options.only_existing = o->only_existing != 0;
  options.allow_other_origins = o->allow_other_origins != 0;
  options.backoff_min_ms = o->backoff_min_ms;
  options.backoff_max_ms = o->backoff_max_ms;
  options.on_account = keep_kid;
  options.ctx = client;
  options.log = &client->options.log;
  return sdg_session_new(&client->session, client->agent, &options, problem);
}

static stardeleg_err open_key(stardeleg_client *client)
{
  stardeleg_err err;

  if (client->options.account_key != NULL) {
    client->key = stardeleg_key_ref(client->options.account_key);
    client->key_number = 0;
    client->next_key_number = 0;
    return STARDELEG_OK;
  }
  if (client->key_number == 0) {
    client->key_number = 1;
  }
  err = sdg_client_key_load(client, client->key_number, &client->key);
  if (err == STARDELEG_ERR_NOT_FOUND) {
    err = client->kid != NULL ? STARDELEG_ERR_SECRETS : sdg_client_key_make(client, client->key_number, &client->key);
  }
  return err;
}

stardeleg_err sdg_client_account_open(stardeleg_client *client, stardeleg_problem *problem)
{
  stardeleg_record record = {0};
  stardeleg_err err = sdg_store_get(client->options.store, KIND, KEY, &record);

  if (err == STARDELEG_OK) {
    err = read_record(client, &record);
  } else if (err == STARDELEG_ERR_NOT_FOUND) {
    err = STARDELEG_OK;
  }
  stardeleg_record_clear(&record);
  if (err == STARDELEG_OK) {
    err = open_key(client);
  }
  if (err == STARDELEG_ERR_SECRETS) {
    sdg_problem_set(problem, STARDELEG_ACME_NONE, "the account's key is missing or cannot be read");
  }
  return err == STARDELEG_OK ? open_session(client, problem) : err;
}
