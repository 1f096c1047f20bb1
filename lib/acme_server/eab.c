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

stardeleg_err sdg_eab_secret_name(char out[SDG_EAB_SECRET_SIZE], const char *name)
{
  if (name == NULL || strlen(name) > SDG_EAB_NAME_MAX || !sdg_secrets_name_is_valid(name)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  (void)snprintf(out, SDG_EAB_SECRET_SIZE, "eab-%s", name);
  return STARDELEG_OK;
}

void sdg_eab_write(sdg_buf *out, const char *account_id, stardeleg_time created_at)
{
  sdg_json_writer w;

  sdg_jw_init(&w, out);
  sdg_jw_object(&w, NULL);
  sdg_jw_int(&w, "v", 1);
  sdg_jw_string(&w, "account", account_id);
  sdg_jw_int(&w, "created", created_at);
  sdg_jw_object_end(&w);
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
    (void)snprintf(mac_key, 64, "%s", sdg_buf_str(&text));
    err = sdg_secrets_put(secrets, secret_name, sdg_bytes(raw, sizeof(raw)));
  }
  sdg_buf_clear(&text);
  sdg_wipe(raw, sizeof(raw));
  return err;
}

stardeleg_err sdg_eab_add(const stardeleg_crypto *crypto, const stardeleg_store *store,
                          const stardeleg_secrets *secrets, const char *name, char mac_key[64], stardeleg_time now)
{
  char secret_name[SDG_EAB_SECRET_SIZE];
  stardeleg_record record = {0};
  sdg_buf value;
  stardeleg_err err = sdg_eab_secret_name(secret_name, name);

  if (err != STARDELEG_OK || secrets == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  err = sdg_store_get(store, "eab", name, &record);
  stardeleg_record_clear(&record);
  if (err != STARDELEG_ERR_NOT_FOUND) {
    return err == STARDELEG_OK ? STARDELEG_ERR_EXISTS : err;
  }
  /* Without a record the secret is a leftover of a call that was cut short: nobody has ever been given it. */
  err = sdg_secrets_del(secrets, secret_name);
  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOT_FOUND) {
    return err;
  }
  err = make_mac_key(crypto, secrets, secret_name, mac_key);
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&value, 512);
  sdg_eab_write(&value, "", now);
  err = sdg_buf_error(&value);
  if (err == STARDELEG_OK) {
    err = sdg_store_put(store, "eab", name, sdg_buf_bytes(&value), NULL, 0);
  }
  sdg_buf_clear(&value);
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_EXISTS : err;
}

stardeleg_err sdg_eab_load(const stardeleg_store *store, const char *name, char account_id[65],
                           stardeleg_time *created_at, uint64_t *version)
{
  stardeleg_record record = {0};
  sdg_json *tree = NULL;
  const char *account = NULL;
  stardeleg_err err = sdg_store_get(store, "eab", name, &record);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_json_parse(&tree, sdg_bytes(record.value, record.value_len), NULL, NULL);
  if (err == STARDELEG_OK) {
    err = sdg_json_get_string(&account, tree, "account", SDG_JSON_REQUIRED, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(created_at, tree, "created", SDG_JSON_REQUIRED, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(account_id, 65, "%s", account);
    *version = record.version;
  }
  sdg_json_free(tree);
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_STORE : err;
}

stardeleg_err sdg_eab_get(const stardeleg_store *store, const char *name, char account_id[65])
{
  stardeleg_time created_at;
  uint64_t version;

  return sdg_eab_load(store, name, account_id, &created_at, &version);
}
