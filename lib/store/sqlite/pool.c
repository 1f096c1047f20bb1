/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/pool.c -- a few connections for reading, so that no reader waits for a commit. */
#include "sqlite_store.h"

#include <unistd.h>

/* An idle connection, an open one first; NULL if all are in use. */
static sdg_sqlite_conn *pick(sdg_sqlite_store *store)
{
  sdg_sqlite_conn *closed = NULL;

  for (size_t i = 0; i < SDG_SQLITE_READERS; i++) {
    sdg_sqlite_conn *conn = &store->readers[i];

    if (!conn->in_use && conn->db != NULL) {
      return conn;
    }
    if (!conn->in_use && closed == NULL) {
      closed = conn;
    }
  }
  return closed;
}

static stardeleg_err open_reader(sdg_sqlite_store *store, sdg_sqlite_conn *conn)
{
  /* The writer knows the absolute path: the program may have changed its directory since. */
  const char *path = sqlite3_db_filename(store->writer.db, "main");
  stardeleg_err rv = STARDELEG_OK;

  if (sdg_sqlite_conn_open(conn, path, store->busy_timeout_ms) != SQLITE_OK ||
      sqlite3_exec(conn->db, "PRAGMA query_only = ON", NULL, NULL, NULL) != SQLITE_OK) {
    rv = sdg_sqlite_fail(store, conn, "cannot open for reading");
    sdg_sqlite_conn_close(conn);
  }
  return rv;
}

stardeleg_err sdg_sqlite_pool_take(sdg_sqlite_store *store, sdg_sqlite_conn **out)
{
  stardeleg_err rv = STARDELEG_OK;
  sdg_sqlite_conn *conn;

  if (store->pid != getpid()) {
    return sdg_sqlite_refuse(store, "the store was opened before fork()");
  }
  (void)pthread_mutex_lock(&store->pool_lock);
  for (conn = pick(store); conn == NULL; conn = pick(store)) {
    (void)pthread_cond_wait(&store->pool_wake, &store->pool_lock);
  }
  conn->in_use = true;
  (void)pthread_mutex_unlock(&store->pool_lock);
  if (conn->db == NULL) {
    rv = open_reader(store, conn);
    if (rv != STARDELEG_OK) {
      sdg_sqlite_pool_give(store, conn);
      return rv;
    }
  }
  *out = conn;
  return rv;
}

void sdg_sqlite_pool_give(sdg_sqlite_store *store, sdg_sqlite_conn *conn)
{
  (void)pthread_mutex_lock(&store->pool_lock);
  conn->in_use = false;
  (void)pthread_cond_signal(&store->pool_wake);
  (void)pthread_mutex_unlock(&store->pool_lock);
}
