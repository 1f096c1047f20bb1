/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/error.c -- failures in the store's codes and in words. */
#include "sqlite_store.h"

#include <stdio.h>

stardeleg_err sdg_sqlite_err(int rc)
{
  return (rc & 0xff) == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM ? STARDELEG_ERR_NOMEM : STARDELEG_ERR_STORE;
}

/* Messages of SQLite may quote what stands in the file. */
static void make_printable(char *text)
{
  for (; *text != '\0'; text++) {
    if (*text < 0x20 || *text > 0x7e) {
      *text = '?';
    }
  }
}

void sdg_sqlite_explain(char *out, size_t size, const char *what, sqlite3 *db, int rc)
{
  int os_error = db == NULL ? 0 : sqlite3_system_errno(db);
  /* A later call may have gone well, and the connection's own message with it. */
  const char *message = db != NULL && sqlite3_extended_errcode(db) == rc ? sqlite3_errmsg(db) : sqlite3_errstr(rc);

  if (out == NULL || size == 0) {
    return;
  }
  if ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_FULL) {
    (void)snprintf(out, size, "%s: %s (SQLite %d, errno %d)", what, message, rc, os_error);
  } else {
    (void)snprintf(out, size, "%s: %s (SQLite %d)", what, message, rc);
  }
  make_printable(out);
}

stardeleg_err sdg_sqlite_fail(const sdg_sqlite_store *store, const sdg_sqlite_conn *conn, const char *what)
{
  char text[SDG_SQLITE_WHY_MAX];
  int rc = conn->db == NULL ? SQLITE_NOMEM : sqlite3_extended_errcode(conn->db);
  stardeleg_err rv = sdg_sqlite_err(rc);

  if (store->log.write != NULL && rv == STARDELEG_ERR_STORE) {
    sdg_sqlite_explain(text, sizeof text, what, conn->db, rc);
    store->log.write(store->log.ctx, STARDELEG_LOG_ERROR, "store.sqlite.error", text);
  }
  return rv;
}

stardeleg_err sdg_sqlite_refuse(const sdg_sqlite_store *store, const char *what)
{
  if (store->log.write != NULL) {
    store->log.write(store->log.ctx, STARDELEG_LOG_ERROR, "store.sqlite.error", what);
  }
  return STARDELEG_ERR_STORE;
}
