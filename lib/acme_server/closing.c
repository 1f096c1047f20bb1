/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/closing.c -- a deactivated account's open work is ended (RFC 8555 7.3.6): at once, and if that fails or
 * the process dies in between, by whichever server of the store comes by later. */
#include <stdatomic.h>
#include <string.h>

#include "acme_server/server_internal.h"
#include "base/log.h"
#include "base/time.h"

#define LOOK_EVERY_MS SDG_TIME_MINUTE
#define CLAIM_MAX 8u

stardeleg_err sdg_account_close(sdg_server *server, const char *id, uint64_t fence, stardeleg_time now)
{
  const sdg_server_account *account = NULL;
  sdg_account_record record;
  stardeleg_err err = sdg_server_account_get(server, id, &account);

  if (err == STARDELEG_OK) {
    err = server->options.on_deactivated(server->options.role, account, now);
    sdg_server_account_release(server, account);
  }
  if (err == STARDELEG_OK) {
    err = sdg_account_record_load(server, id, &record);
    if (err == STARDELEG_OK) {
      record.closing = false;
      err = sdg_account_record_put_due(server, &record, STARDELEG_TIME_NEVER, fence);
      sdg_account_record_clear(&record);
    }
  }
  if (err != STARDELEG_OK) {
    sdg_log(server->options.log, STARDELEG_LOG_WARNING, "server.account.closing", "account=%s: %s, tried again", id,
            stardeleg_strerror(err));
  }
  return err;
}

void sdg_server_tend(sdg_server *server, stardeleg_time now)
{
  stardeleg_record records[CLAIM_MAX];
  stardeleg_time last = atomic_load(&server->tended_at);
  size_t count = 0;

  /* One look a minute, by one thread; a clock that was set back looks at once. */
  if (server->options.on_deactivated == NULL || (last <= now && now - LOOK_EVERY_MS < last) ||
      !atomic_compare_exchange_strong(&server->tended_at, &last, now)) {
    return;
  }
  memset(records, 0, sizeof(records));
  if (sdg_store_claim(server->options.store, "account", now, "server", LOOK_EVERY_MS, records, CLAIM_MAX, &count) !=
      STARDELEG_OK) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    (void)!sdg_account_close(server, records[i].key, records[i].fence, now); /* its lease ends: tried again */
    stardeleg_record_clear(&records[i]);
  }
}
