/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/read.c -- get, scan and next_due. */
#include "sqlite_store.h"

#include <stdlib.h>

/* Takes a connection and one of its statements.  On failure nothing is held. */
static stardeleg_err begin_read(sdg_sqlite_store *store, sdg_sqlite_query query, sdg_sqlite_conn **conn,
                                sqlite3_stmt **statement)
{
  stardeleg_err rv = sdg_sqlite_pool_take(store, conn);

  if (rv == STARDELEG_OK) {
    *statement = sdg_sqlite_statement(*conn, query);
    if (*statement == NULL) {
      rv = sdg_sqlite_fail(store, *conn, "cannot prepare to read");
      sdg_sqlite_pool_give(store, *conn);
    }
  }
  return rv;
}

static void end_read(sdg_sqlite_store *store, sdg_sqlite_conn *conn, sqlite3_stmt *statement)
{
  sdg_sqlite_done(statement);
  sdg_sqlite_pool_give(store, conn);
}

static int bind_text(sqlite3_stmt *statement, int at, const char *text)
{
  return sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

stardeleg_err sdg_sqlite_get(void *self, const char *kind, const char *key, stardeleg_record *out)
{
  sdg_sqlite_store *store = self;
  sdg_sqlite_conn *conn = NULL;
  sqlite3_stmt *statement = NULL;
  stardeleg_err rv;
  int rc;

  if (out == NULL || !sdg_sqlite_is_name(kind) || !sdg_sqlite_is_name(key)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *out = (stardeleg_record){0};
  rv = begin_read(store, SDG_SQLITE_GET, &conn, &statement);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  rc = bind_text(statement, 1, kind);
  if (rc == SQLITE_OK) {
    rc = bind_text(statement, 2, key);
  }
  if (rc == SQLITE_OK) {
    rc = sqlite3_step(statement);
  }
  if (rc == SQLITE_ROW) {
    rv = sdg_sqlite_copy_row(out, statement);
  } else {
    rv = rc == SQLITE_DONE ? STARDELEG_ERR_NOT_FOUND : sdg_sqlite_fail(store, conn, "cannot read");
  }
  end_read(store, conn, statement);
  return rv;
}

static sdg_sqlite_query scan_query(const char *index)
{
  if (index == NULL) {
    return SDG_SQLITE_SCAN;
  }
  return index[0] == '\0' ? SDG_SQLITE_SCAN_NO_INDEX : SDG_SQLITE_SCAN_INDEX;
}

static int bind_scan(sqlite3_stmt *statement, const char *kind, const char *index, const char *after, size_t limit)
{
  int rc = bind_text(statement, 1, kind);

  if (rc == SQLITE_OK) {
    rc = bind_text(statement, 2, after == NULL ? "" : after);
  }
  if (rc == SQLITE_OK) {
    rc = sqlite3_bind_int64(statement, 3, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
  }
  if (rc == SQLITE_OK && index != NULL && index[0] != '\0') {
    rc = bind_text(statement, 4, index);
  }
  return rc;
}

static stardeleg_err show_rows(sdg_sqlite_store *store, sdg_sqlite_conn *conn, sqlite3_stmt *statement,
                               stardeleg_store_each fn, void *ctx)
{
  stardeleg_err rv = STARDELEG_OK;
  uint8_t *room = NULL;
  size_t room_len = 0;
  int is_over = 0;

  while (rv == STARDELEG_OK && !is_over) {
    int rc = sqlite3_step(statement);
    stardeleg_record record;

    if (rc == SQLITE_DONE) {
      break;
    }
    rv = rc == SQLITE_ROW ? sdg_sqlite_view_row(&record, statement, &room, &room_len)
                          : sdg_sqlite_fail(store, conn, "cannot scan");
    if (rv == STARDELEG_OK) {
      is_over = fn(ctx, &record) != 0;
    }
  }
  free(room);
  return rv;
}

stardeleg_err sdg_sqlite_scan(void *self, const char *kind, const char *index, const char *after, size_t limit,
                              stardeleg_store_each fn, void *ctx)
{
  sdg_sqlite_store *store = self;
  sdg_sqlite_conn *conn = NULL;
  sqlite3_stmt *statement = NULL;
  stardeleg_err rv;

  if (fn == NULL || !sdg_sqlite_is_name(kind) || !sdg_sqlite_is_text(index) || !sdg_sqlite_is_text(after)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  rv = begin_read(store, scan_query(index), &conn, &statement);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  if (bind_scan(statement, kind, index, after, limit) != SQLITE_OK) {
    rv = sdg_sqlite_fail(store, conn, "cannot bind");
  } else {
    rv = show_rows(store, conn, statement, fn, ctx);
  }
  end_read(store, conn, statement);
  return rv;
}

stardeleg_err sdg_sqlite_next_due(void *self, const char *kind, stardeleg_time *out)
{
  sdg_sqlite_store *store = self;
  sdg_sqlite_conn *conn = NULL;
  sqlite3_stmt *statement = NULL;
  stardeleg_err rv;
  int rc;

  if (out == NULL || !sdg_sqlite_is_name(kind)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  rv = begin_read(store, SDG_SQLITE_NEXT_DUE, &conn, &statement);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  rc = bind_text(statement, 1, kind);
  if (rc == SQLITE_OK) {
    rc = sqlite3_step(statement);
  }
  if (rc == SQLITE_ROW) {
    *out = sqlite3_column_int64(statement, 0);
  } else if (rc == SQLITE_DONE) {
    *out = STARDELEG_TIME_NEVER;
  } else {
    rv = sdg_sqlite_fail(store, conn, "cannot read");
  }
  end_read(store, conn, statement);
  return rv;
}
