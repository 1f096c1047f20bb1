/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/schema.c -- the tables, and the steps that lead to them. */
#include "sqlite_store.h"

#include <stdio.h>
#include <string.h>

/* "SDLG": tells our files from other programs'. */
#define APPLICATION_ID 0x53444c47

/* Step n leads from schema n to schema n + 1.  Steps are only ever added: files of every age are out there.
 *
 * |val| comes last, so that the other columns are read without its overflow pages.  |ready| is the instant at
 * which a record can be claimed.  The fence counter is one for all records: a record made anew never sees a
 * fence of its former life. */
static const char *const steps[] = {
    "CREATE TABLE rec ("
    " id INTEGER PRIMARY KEY,"
    " kind TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " ver INTEGER NOT NULL,"
    " idx TEXT NOT NULL DEFAULT '',"
    " due INTEGER,"
    " lease_until INTEGER,"
    " lease_owner TEXT NOT NULL DEFAULT '',"
    " fence INTEGER NOT NULL DEFAULT 0,"
    " ready INTEGER GENERATED ALWAYS AS (max(due, coalesce(lease_until, due))) VIRTUAL,"
    " val BLOB NOT NULL,"
    " UNIQUE (kind, key)"
    ") STRICT;"
    "CREATE INDEX rec_by_idx ON rec (kind, idx, key) WHERE idx <> '';"
    "CREATE INDEX rec_by_ready ON rec (kind, ready, key) WHERE due IS NOT NULL;"
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO counter (name, value) VALUES ('fence', 0);",
};
#define NEWEST ((int64_t)(sizeof steps / sizeof steps[0]))

static int read_number(int64_t *out, sqlite3 *db, const char *query)
{
  sqlite3_stmt *statement = NULL;
  int rc = sqlite3_prepare_v2(db, query, -1, &statement, NULL);

  if (rc == SQLITE_OK) {
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
      *out = sqlite3_column_int64(statement, 0);
    }
  }
  (void)sqlite3_finalize(statement);
  return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static stardeleg_err fail(sqlite3 *db, int rc, const char *what, char *why, size_t why_size)
{
  sdg_sqlite_explain(why, why_size, what, db, rc);
  return sdg_sqlite_err(rc);
}

static stardeleg_err refuse(stardeleg_err rv, const char *text, char *why, size_t why_size)
{
  if (why != NULL && why_size > 0) {
    (void)snprintf(why, why_size, "%s", text);
  }
  return rv;
}

typedef struct marks {
  int64_t version;
  int64_t application;
  int64_t tables;
  int64_t page_size;
} marks;

/* In one snapshot: another process may be bringing up the schema at this very moment. */
static int read_marks(marks *out, sqlite3 *db)
{
  int rc = sqlite3_exec(db, "SAVEPOINT look", NULL, NULL, NULL);
  int end;

  if (rc != SQLITE_OK) {
    return rc;
  }
  rc = read_number(&out->version, db, "PRAGMA user_version");
  if (rc == SQLITE_OK) {
    rc = read_number(&out->application, db, "PRAGMA application_id");
  }
  if (rc == SQLITE_OK) {
    rc = read_number(&out->tables, db, "SELECT count(*) FROM sqlite_schema");
  }
  if (rc == SQLITE_OK) {
    rc = read_number(&out->page_size, db, "PRAGMA page_size");
  }
  end = sqlite3_exec(db, "RELEASE look", NULL, NULL, NULL);
  return rc == SQLITE_OK ? end : rc;
}

/* Looks at the file without changing it; |*version| is its schema, 0 if it is empty. */
static stardeleg_err look(int64_t *version, sqlite3 *db, char *why, size_t why_size)
{
  marks found = {0};
  int rc = read_marks(&found, db);

  if (rc != SQLITE_OK) {
    return fail(db, rc, "cannot read the file", why, why_size);
  }
  if (sdg_sqlite_is_cut(sqlite3_db_filename(db, "main"), found.page_size)) {
    return refuse(STARDELEG_ERR_STORE, "the file is truncated", why, why_size);
  }
  if (found.application != APPLICATION_ID && (found.application != 0 || found.version != 0 || found.tables != 0)) {
    return refuse(STARDELEG_ERR_STORE, "the file belongs to another program", why, why_size);
  }
  if (found.version < 0 || found.version > NEWEST) {
    return refuse(STARDELEG_ERR_UNSUPPORTED, "the file was written by a newer version of the library", why, why_size);
  }
  *version = found.version;
  return STARDELEG_OK;
}

/* Two processes that turn the same new file to WAL may meet in a way in which SQLite does not wait. */
static stardeleg_err set_wal(sdg_sqlite_conn *conn, char *why, size_t why_size)
{
  int64_t since_ms = sdg_sqlite_now_ms();
  sqlite3_stmt *statement = NULL;
  bool is_wal = false;
  int rc;

  do {
    rc = sqlite3_prepare_v2(conn->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (rc == SQLITE_OK) {
      rc = sqlite3_step(statement);
      is_wal = rc == SQLITE_ROW && sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    }
    (void)sqlite3_finalize(statement);
    statement = NULL;
    if ((rc & 0xff) == SQLITE_BUSY) {
      (void)sqlite3_sleep(1);
    }
  } while ((rc & 0xff) == SQLITE_BUSY && sdg_sqlite_now_ms() - since_ms < conn->busy_timeout_ms);
  if (is_wal) {
    return STARDELEG_OK;
  }
  if (rc != SQLITE_ROW) {
    return fail(conn->db, sqlite3_extended_errcode(conn->db), "cannot set the WAL mode", why, why_size);
  }
  return refuse(STARDELEG_ERR_STORE, "the file system does not support the WAL mode", why, why_size);
}

static int take_steps(sqlite3 *db, int64_t version)
{
  char mark[96];
  int rc = SQLITE_OK;

  for (; rc == SQLITE_OK && version < NEWEST; version++) {
    rc = sqlite3_exec(db, steps[version], NULL, NULL, NULL);
  }
  if (rc == SQLITE_OK) {
    (void)snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID,
                   (int)NEWEST);
    rc = sqlite3_exec(db, mark, NULL, NULL, NULL);
  }
  return rc == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) : rc;
}

stardeleg_err sdg_sqlite_migrate(sdg_sqlite_conn *conn, char *why, size_t why_size)
{
  int64_t version = 0;
  stardeleg_err rv = look(&version, conn->db, why, why_size);

  if (rv == STARDELEG_OK) {
    rv = set_wal(conn, why, why_size);
  }
  if (rv != STARDELEG_OK || version == NEWEST) {
    return rv;
  }
  if (sqlite3_exec(conn->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
    return fail(conn->db, sqlite3_extended_errcode(conn->db), "cannot lock the file", why, why_size);
  }
  /* Under the lock, look again: another process may have been faster. */
  rv = look(&version, conn->db, why, why_size);
  if (rv == STARDELEG_OK && take_steps(conn->db, version) != SQLITE_OK) {
    rv = fail(conn->db, sqlite3_extended_errcode(conn->db), "cannot bring the schema up to date", why, why_size);
  }
  if (!sqlite3_get_autocommit(conn->db)) {
    (void)sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
  }
  return rv;
}
