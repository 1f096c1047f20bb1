/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/conn.c -- one connection and its statements. */
#include "sqlite_store.h"

#include <time.h>

#define ROW "key, idx, due, fence, ver, val"

/* clang-format off */
static const char *const queries[SDG_SQLITE_QUERIES] = {
  [SDG_SQLITE_BEGIN] = "BEGIN IMMEDIATE",
  [SDG_SQLITE_COMMIT] = "COMMIT",
  [SDG_SQLITE_ROLLBACK] = "ROLLBACK",
  [SDG_SQLITE_SAVE] = "SAVEPOINT job",
  [SDG_SQLITE_UNDO] = "ROLLBACK TO job",
  [SDG_SQLITE_KEEP] = "RELEASE job",
  [SDG_SQLITE_CREATE] =
      "INSERT INTO rec (kind, key, ver, val, idx, due) VALUES (?1, ?2, 1, ?3, ?4, ?5)"
      " ON CONFLICT (kind, key) DO NOTHING",
  [SDG_SQLITE_UPDATE] =
      "UPDATE rec SET ver = ver + 1, val = ?3, idx = ?4, due = ?5,"
      " lease_until = iif(?8, NULL, lease_until), lease_owner = iif(?8, '', lease_owner)"
      " WHERE kind = ?1 AND key = ?2 AND ver = ?6 AND (?7 = 0 OR fence = ?7)",
  [SDG_SQLITE_REWRITE] =
      "UPDATE rec SET ver = ver + 1, val = ?3"
      " WHERE kind = ?1 AND key = ?2 AND ver = ?6 AND (?7 = 0 OR fence = ?7) AND idx = ?4 AND due IS ?5",
  [SDG_SQLITE_DELETE] =
      "DELETE FROM rec WHERE kind = ?1 AND key = ?2 AND ver = ?3 AND (?4 = 0 OR fence = ?4)",
  [SDG_SQLITE_GET] = "SELECT " ROW " FROM rec WHERE kind = ?1 AND key = ?2",
  [SDG_SQLITE_SCAN] = "SELECT " ROW " FROM rec WHERE kind = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
  [SDG_SQLITE_SCAN_INDEX] =
      "SELECT " ROW " FROM rec WHERE kind = ?1 AND idx = ?4 AND idx <> '' AND key > ?2 ORDER BY key LIMIT ?3",
  [SDG_SQLITE_SCAN_NO_INDEX] =
      "SELECT " ROW " FROM rec WHERE kind = ?1 AND key > ?2 AND idx = '' ORDER BY key LIMIT ?3",
  [SDG_SQLITE_READY] =
      "SELECT " ROW " FROM rec WHERE kind = ?1 AND due IS NOT NULL AND ready <= ?2 ORDER BY ready, key LIMIT ?3",
  [SDG_SQLITE_NEXT_FENCE] = "UPDATE counter SET value = value + 1 WHERE name = 'fence' RETURNING value",
  [SDG_SQLITE_LEASE] =
      "UPDATE rec SET lease_until = ?3, lease_owner = ?4, fence = ?5 WHERE kind = ?1 AND key = ?2",
  [SDG_SQLITE_RENEW] =
      "UPDATE rec SET lease_until = ?4 WHERE kind = ?1 AND key = ?2 AND fence = ?3 AND lease_until IS NOT NULL",
  [SDG_SQLITE_RELEASE] =
      "UPDATE rec SET lease_until = NULL, lease_owner = '' WHERE kind = ?1 AND key = ?2 AND fence = ?3"
      " AND lease_until IS NOT NULL",
  [SDG_SQLITE_NEXT_DUE] =
      "SELECT ready FROM rec WHERE kind = ?1 AND due IS NOT NULL ORDER BY ready LIMIT 1",
};
/* clang-format on */

int64_t sdg_sqlite_now_ms(void)
{
  struct timespec now = {0};

  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* SQLite's own handler naps up to 100 ms between two looks, and so hardly ever meets the gap that a busy
 * neighbour leaves between two commits.  Short naps do. */
static int wait_for_lock(void *ctx, int tries)
{
  sdg_sqlite_conn *conn = ctx;
  int64_t now_ms = sdg_sqlite_now_ms();
  struct timespec nap = {.tv_nsec = tries < 20 ? 100000 : 1000000};

  if (tries == 0) {
    conn->busy_since_ms = now_ms;
  }
  if (now_ms - conn->busy_since_ms >= conn->busy_timeout_ms) {
    return 0;
  }
  (void)nanosleep(&nap, NULL);
  return 1;
}

int sdg_sqlite_conn_open(sdg_sqlite_conn *conn, const char *path, int busy_timeout_ms)
{
  int rc;

  conn->busy_timeout_ms = busy_timeout_ms;
  rc = sqlite3_open_v2(path, &conn->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc != SQLITE_OK) {
    return rc;
  }
  (void)sqlite3_extended_result_codes(conn->db, 1);
  (void)sqlite3_busy_handler(conn->db, wait_for_lock, conn);
  /* The file may have been written by somebody else: its schema gets no say. */
  (void)sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  (void)sqlite3_db_config(conn->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  (void)sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
  (void)sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
  return sqlite3_exec(conn->db, "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;", NULL, NULL, NULL);
}

void sdg_sqlite_conn_close(sdg_sqlite_conn *conn)
{
  for (size_t i = 0; i < SDG_SQLITE_QUERIES; i++) {
    (void)sqlite3_finalize(conn->statements[i]);
    conn->statements[i] = NULL;
  }
  (void)sqlite3_close(conn->db);
  conn->db = NULL;
}

sqlite3_stmt *sdg_sqlite_statement(sdg_sqlite_conn *conn, sdg_sqlite_query query)
{
  if (conn->statements[query] == NULL) {
    (void)sqlite3_prepare_v3(conn->db, queries[query], -1, SQLITE_PREPARE_PERSISTENT, &conn->statements[query], NULL);
  }
  return conn->statements[query];
}

int sdg_sqlite_bind_time(sqlite3_stmt *statement, int at, stardeleg_time value)
{
  return value == STARDELEG_TIME_NEVER ? sqlite3_bind_null(statement, at) : sqlite3_bind_int64(statement, at, value);
}

void sdg_sqlite_done(sqlite3_stmt *statement)
{
  if (statement != NULL) {
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
  }
}

int sdg_sqlite_run(sdg_sqlite_conn *conn, sqlite3_stmt *statement, int *changes)
{
  int rc = sqlite3_step(statement);

  if (changes != NULL) {
    *changes = rc == SQLITE_DONE ? sqlite3_changes(conn->db) : 0;
  }
  /* reset() repeats the error, so the connection still tells it afterwards. */
  sdg_sqlite_done(statement);
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}
