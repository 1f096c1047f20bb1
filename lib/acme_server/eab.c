/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/eab.c -- external account bindings: a record for who has used it, the MAC key in the secret store. */
#include "acme_server/eab.h"

#include <stdio.h>
#include <string.h>

#include "acme_server/eab_internal.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "json/json_write.h"

#define MAC_KEY_LEN 32u
#define SUFFIX_BYTES 16u

static bool name_is_valid(const char *name)
{
  return name != NULL && strlen(name) <= SDG_EAB_NAME_MAX && sdg_secrets_name_is_valid(name);
}

void sdg_eab_write(sdg_buf *out, const sdg_eab_record *record)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "account", record->account);
  sdg_jw_int(&w, "created", record->created_at);
  sdg_jw_string(&w, "secret", record->secret);
  sdg_jw_string(&w, "owner", record->owner);
  sdg_jw_object_end(&w);
}

/* The secret has a name of its own, so that of two calls for one binding neither touches the other's key: the record
 * says whose counts. */
static stardeleg_err choose_secret_name(const stardeleg_crypto *crypto, const char *name, sdg_eab_record *record)
{
  sdg_buf text;
  stardeleg_err err;

  sdg_buf_init(&text, SDG_EAB_SECRET_SIZE - 1);
  sdg_buf_add_str(&text, "eab-");
  sdg_buf_add_str(&text, name);
  sdg_buf_add_byte(&text, '-');
  err = sdg_random_name(crypto, &text, SUFFIX_BYTES);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&text);
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(record->secret, sizeof(record->secret), "%s", sdg_buf_str(&text));
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err make_mac_key(const stardeleg_crypto *crypto, const stardeleg_secrets *secrets,
                                  const char *secret_name, char mac_key[64])
{
  uint8_t raw[MAC_KEY_LEN];
  sdg_buf text;
  stardeleg_err err = sdg_random(crypto, raw, sizeof(raw));

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init_secret(&text, 63);
  sdg_base64url_write(&text, sdg_bytes(raw, sizeof(raw)));
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = sdg_secrets_put(secrets, secret_name, sdg_bytes(raw, sizeof(raw)));
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(mac_key, 64, "%s", sdg_buf_str(&text));
  }
  sdg_buf_clear(&text);
  sdg_wipe(raw, sizeof(raw));
  return err;
}

static stardeleg_err put_new(const stardeleg_store *store, const char *name, const sdg_eab_record *record)
{
  sdg_buf value;
  stardeleg_err err;

  sdg_buf_init(&value, 1024);
  sdg_eab_write(&value, record);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_put(store, "eab", name, sdg_buf_bytes(&value), record->owner, 0);
  }
  sdg_buf_clear(&value);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_EXISTS : err;
}

stardeleg_err sdg_eab_add(const stardeleg_crypto *crypto, const stardeleg_store *store,
                          const stardeleg_secrets *secrets, const char *name, char mac_key[64], stardeleg_time now)
{
  return sdg_eab_add_for(crypto, store, secrets, name, name, mac_key, now);
}

stardeleg_err sdg_eab_add_for(const stardeleg_crypto *crypto, const stardeleg_store *store,
                              const stardeleg_secrets *secrets, const char *name, const char *owner, char mac_key[64],
                              stardeleg_time now)
{
  sdg_eab_record record;
  stardeleg_err err;

  if (secrets == NULL || !name_is_valid(name) || !name_is_valid(owner)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = sdg_eab_load(store, name, &record);
  if (err != STARDELEG_ERR_NOT_FOUND) {
    return err == STARDELEG_OK ? STARDELEG_ERR_EXISTS : err;
  }
  memset(&record, 0, sizeof(record));
  record.created_at = now;
  (void)snprintf(record.owner, sizeof(record.owner), "%s", owner);
  err = choose_secret_name(crypto, name, &record);
  if (err == STARDELEG_OK) {
    err = make_mac_key(crypto, secrets, record.secret, mac_key);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = put_new(store, name, &record);
  if (err != STARDELEG_OK) {
    sdg_wipe(mac_key, 64);
    (void)!sdg_secrets_del(secrets, record.secret); /* nobody was given it */
  }
  return err;
}

static stardeleg_err read_text(char *out, size_t size, const sdg_json *tree, const char *name)
{
  const char *text = NULL;
  stardeleg_err err = sdg_json_get_string(&text, tree, name, SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK && (size_t)snprintf(out, size, "%s", text) >= size) {
    err = STARDELEG_ERR_MALFORMED;
  }
  return err;
}

stardeleg_err sdg_eab_load(const stardeleg_store *store, const char *name, sdg_eab_record *out)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  stardeleg_err err;

  if (!name_is_valid(name)) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  memset(out, 0, sizeof(*out));
  err = sdg_store_get(store, "eab", name, &record);
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL);
  if (err == STARDELEG_OK) {
    err = read_text(out->account, sizeof(out->account), tree, "account");
  }
  if (err == STARDELEG_OK) {
    err = read_text(out->secret, sizeof(out->secret), tree, "secret");
  }
  if (err == STARDELEG_OK) {
    err = read_text(out->owner, sizeof(out->owner), tree, "owner");
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&out->created_at, tree, "created", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  out->version = record.version;
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_STORE : err;
}

stardeleg_err sdg_eab_get(const stardeleg_store *store, const char *name, char account_id[65])
{
  sdg_eab_record record;
  stardeleg_err err = sdg_eab_load(store, name, &record);

  if (err == STARDELEG_OK) {
    memcpy(account_id, record.account, sizeof(record.account));
  }
  return err;
}

/* One attempt; the record goes first: without it nobody asks for the secret. */
static stardeleg_err remove_once(const stardeleg_store *store, const stardeleg_secrets *secrets, const char *name,
                                 const char *owner)
{
  sdg_eab_record record;
  stardeleg_err err = sdg_eab_load(store, name, &record);

  if (err == STARDELEG_OK && strcmp(record.owner, owner) != 0) {
    err = STARDELEG_ERR_NOT_FOUND;
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_del(store, "eab", name, record.version);
  }
  if (err == STARDELEG_OK) {
    err = sdg_secrets_del(secrets, record.secret);
    err = err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  return err;
}

stardeleg_err sdg_eab_remove(const stardeleg_store *store, const stardeleg_secrets *secrets, const char *name,
                             const char *owner)
{
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  if (secrets == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (int i = 0; i < 5 && err == STARDELEG_ERR_CONFLICT; i++) {
    err = remove_once(store, secrets, name, owner); /* CONFLICT: it was just used */
  }
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}
