/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/open.c -- opening and closing the SQLite store. */
#include "sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void stardeleg_sqlite_options_default(stardeleg_sqlite_options *options)
{
  if (options != NULL) {
    *options = (stardeleg_sqlite_options){.size = sizeof *options, .busy_timeout_ms = 10000};
  }
}

/* Callers compiled against an older header have a shorter struct. */
static bool read_options(stardeleg_sqlite_options *out, const stardeleg_sqlite_options *options)
{
  stardeleg_sqlite_options_default(out);
  if (options == NULL) {
    return true;
  }
  if (options->size < offsetof(stardeleg_sqlite_options, log)) {
    return false;
  }
  memcpy(out, options, options->size < sizeof *out ? options->size : sizeof *out);
  return out->busy_timeout_ms >= 0;
}

static void close_store(void *self)
{
  sdg_sqlite_store *store = self;

  for (size_t i = 0; i < SDG_SQLITE_READERS; i++) {
    sdg_sqlite_conn_close(&store->readers[i]);
  }
  sdg_sqlite_conn_close(&store->writer);
  (void)pthread_mutex_destroy(&store->queue_lock);
  (void)pthread_mutex_destroy(&store->pool_lock);
  (void)pthread_cond_destroy(&store->pool_wake);
  free(store);
}

static const stardeleg_store_ops sqlite_ops = {.size = sizeof(stardeleg_store_ops),
                                               .name = "sqlite",
                                               .get = sdg_sqlite_get,
                                               .batch = sdg_sqlite_batch,
                                               .scan = sdg_sqlite_scan,
                                               .claim = sdg_sqlite_claim,
                                               .renew = sdg_sqlite_renew,
                                               .release = sdg_sqlite_release,
                                               .next_due = sdg_sqlite_next_due,
                                               .free = close_store};

static stardeleg_err make_store(sdg_sqlite_store **out, const stardeleg_sqlite_options *options)
{
  sdg_sqlite_store *store = calloc(1, sizeof *store);

  if (store == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (pthread_mutex_init(&store->queue_lock, NULL) != 0) {
    goto no_queue;
  }
  if (pthread_mutex_init(&store->pool_lock, NULL) != 0) {
    goto no_pool;
  }
  if (pthread_cond_init(&store->pool_wake, NULL) != 0) {
    goto no_wake;
  }
  store->base = (stardeleg_store){&sqlite_ops, store};
  store->log = options->log;
  store->busy_timeout_ms = options->busy_timeout_ms;
  store->pid = getpid();
  *out = store;
  return STARDELEG_OK;
no_wake:
  (void)pthread_mutex_destroy(&store->pool_lock);
no_pool:
  (void)pthread_mutex_destroy(&store->queue_lock);
no_queue:
  free(store);
  return STARDELEG_ERR_NOMEM;
}

/* A statement that does not prepare means that the file is not what it says it is. */
static int prepare_all(sdg_sqlite_conn *conn)
{
  for (int query = 0; query < SDG_SQLITE_QUERIES; query++) {
    if (sdg_sqlite_statement(conn, (sdg_sqlite_query)query) == NULL) {
      return sqlite3_extended_errcode(conn->db);
    }
  }
  return SQLITE_OK;
}

static stardeleg_err open_writer(sdg_sqlite_store *store, const char *path, bool relaxed, char *why, size_t why_size)
{
  sdg_sqlite_conn *conn = &store->writer;
  int rc = sdg_sqlite_conn_open(conn, path, store->busy_timeout_ms);
  stardeleg_err rv;

  if (rc != SQLITE_OK) {
    sdg_sqlite_explain(why, why_size, "cannot open", conn->db, rc);
    return sdg_sqlite_err(rc);
  }
  rv = sdg_sqlite_migrate(conn, why, why_size);
  if (rv != STARDELEG_OK) {
    return rv;
  }
  /* What a long reader made grow shrinks again at the next checkpoint. */
  rc = sqlite3_exec(conn->db,
                    relaxed ? "PRAGMA journal_size_limit = 67108864; PRAGMA synchronous = NORMAL;"
                            : "PRAGMA journal_size_limit = 67108864; PRAGMA synchronous = FULL;",
                    NULL, NULL, NULL);
  if (rc == SQLITE_OK) {
    rc = prepare_all(conn);
  }
  if (rc != SQLITE_OK) {
    sdg_sqlite_explain(why, why_size, "cannot use the file", conn->db, rc);
    return sdg_sqlite_err(rc);
  }
  return STARDELEG_OK;
}

static stardeleg_err refuse(stardeleg_err rv, const char *text, char *why, size_t why_size)
{
  if (why != NULL && why_size > 0) {
    (void)snprintf(why, why_size, "%s", text);
  }
  return rv;
}

/* |path| in a form that SQLite cannot take for one of its special names (":memory:", "file:..."). */
static char *plain_path(const char *path)
{
  size_t size = strlen(path) + sizeof "./";
  char *out = malloc(size);

  if (out != NULL) {
    (void)snprintf(out, size, "%s%s", path[0] == '/' ? "" : "./", path);
  }
  return out;
}

stardeleg_err stardeleg_store_sqlite_open(stardeleg_store **out, const char *path,
                                          const stardeleg_sqlite_options *options, char *why, size_t why_size)
{
  stardeleg_sqlite_options chosen;
  sdg_sqlite_store *store = NULL;
  char *plain = NULL;
  stardeleg_err rv;

  if (out == NULL || path == NULL || path[0] == '\0' || strcmp(path, ":memory:") == 0 ||
      !read_options(&chosen, options)) {
    return refuse(STARDELEG_ERR_ARGUMENT, "the path or an option is not valid", why, why_size);
  }
  *out = NULL;
  if (sqlite3_threadsafe() == 0) {
    return refuse(STARDELEG_ERR_STORE, "this SQLite was built without support for threads", why, why_size);
  }
  plain = plain_path(path);
  rv = plain == NULL ? STARDELEG_ERR_NOMEM : make_store(&store, &chosen);
  if (rv == STARDELEG_OK) {
    rv = sdg_sqlite_make_file(plain, why, why_size);
  }
  if (rv == STARDELEG_OK) {
    rv = open_writer(store, plain, chosen.relaxed != 0, why, why_size);
  }
  free(plain);
  if (rv == STARDELEG_OK) {
    *out = &store->base;
  } else if (store != NULL) {
    close_store(store);
  }
  if (rv == STARDELEG_ERR_NOMEM) {
    (void)refuse(rv, "out of memory", why, why_size);
  }
  return rv;
}
