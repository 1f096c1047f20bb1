/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/account_admin.c -- accounts made, listed and revoked by the server's operator. */
#include "acme_server/account_admin.h"

#include <stdio.h>
#include <string.h>

#include "acme_server/server_internal.h"
#include "base/bytes.h"
#include "base/mem.h"

#define PAGE 64u

/* --- Making --- */

stardeleg_err sdg_server_account_add(sdg_server *server, const char *name, const sdg_pubkey *key, stardeleg_time now,
                                     char id[SDG_ID_SIZE])
{
  sdg_account_record record;
  stardeleg_err err;

  sdg_account_record_init(&record);
  err = sdg_server_new_id(server, record.id);
  if (err == STARDELEG_OK) {
    err = sdg_jwk_thumbprint(record.thumbprint, server->options.crypto, sdg_pubkey_spki(key));
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(record.name, sizeof(record.name), "%s", name);
    sdg_buf_add_bytes(&record.spki, sdg_pubkey_spki(key));
    record.created_at = now;
    record.object.status = SDG_ACCOUNT_VALID;
    err = sdg_buf_error(&record.spki);
  }
  if (err == STARDELEG_OK) {
    /* An account that the key's holder has made meanwhile counts. */
    err = sdg_account_record_create(server, &record, NULL);
    err = err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_EXISTS : err;
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(id, SDG_ID_SIZE, "%s", record.id);
  }
  sdg_account_record_clear(&record);
  return err;
}

/* --- All of a name --- */

typedef struct page {
  char ids[PAGE][SDG_ID_SIZE];
  size_t count;
} page;

static int collect(void *ctx, const stardeleg_record *record)
{
  page *p = ctx;

  (void)snprintf(p->ids[p->count++], SDG_ID_SIZE, "%s", record->key);
  return p->count == PAGE;
}

typedef stardeleg_err (*account_fn)(sdg_server *server, const char *id, void *ctx);

/* The index of accounts without a name is "-": no name's. */
static stardeleg_err for_each(sdg_server *server, const char *name, account_fn fn, void *ctx)
{
  char last[SDG_ID_SIZE] = "";
  page p = {.count = PAGE};
  stardeleg_err err = STARDELEG_OK;

  while (err == STARDELEG_OK && p.count == PAGE) {
    p.count = 0;
    err = sdg_store_scan(server->options.store, "account", name, last, PAGE, collect, &p);
    for (size_t i = 0; err == STARDELEG_OK && i < p.count; i++) {
      (void)snprintf(last, sizeof(last), "%s", p.ids[i]);
      err = fn(server, p.ids[i], ctx);
    }
  }
  return err;
}

static stardeleg_err revoke_once(sdg_server *server, const char *id)
{
  sdg_account_record record;
  stardeleg_err err = sdg_account_record_load(server, id, &record);

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  if (record.object.status == SDG_ACCOUNT_VALID) {
    record.object.status = SDG_ACCOUNT_REVOKED;
    err = sdg_account_record_put(server, &record);
  }
  sdg_account_record_clear(&record);
  return err;
}

static stardeleg_err revoke(sdg_server *server, const char *id, void *ctx)
{
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  (void)ctx;
  for (int i = 0; i < SDG_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = revoke_once(server, id);
  }
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}

stardeleg_err sdg_server_accounts_revoke(sdg_server *server, const char *name)
{
  return for_each(server, name, revoke, NULL);
}

typedef struct telling {
  int (*each)(void *ctx, const sdg_server_account_info *info);
  void *ctx;
  bool stopped;
} telling;

static stardeleg_err tell(sdg_server *server, const char *id, void *ctx)
{
  telling *t = ctx;
  sdg_account_record record;
  stardeleg_err err = t->stopped ? STARDELEG_ERR_NOT_FOUND : sdg_account_record_load(server, id, &record);

  if (err == STARDELEG_OK) {
    sdg_server_account_info info = {record.id, record.thumbprint, record.object.status};

    t->stopped = t->each(t->ctx, &info) != 0;
    sdg_account_record_clear(&record);
  }
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

stardeleg_err sdg_server_accounts_each(sdg_server *server, const char *name,
                                       int (*each)(void *ctx, const sdg_server_account_info *info), void *ctx)
{
  telling t = {.each = each, .ctx = ctx};

  return for_each(server, name, tell, &t);
}
