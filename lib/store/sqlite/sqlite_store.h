/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/sqlite_store.h -- what the files of the SQLite store share. */
#ifndef SDG_STORE_SQLITE_STORE_H
#define SDG_STORE_SQLITE_STORE_H

#include <stardeleg/store_sqlite.h>

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include <sqlite3.h>

/* How many threads may read at the same time; more of them take turns. */
#define SDG_SQLITE_READERS 4
/* How many callers share one commit at most. */
#define SDG_SQLITE_GROUP_MAX 64
/* Room for a reason in words. */
#define SDG_SQLITE_WHY_MAX 256

/* Every statement there is; prepared when first used, then kept. */
typedef enum sdg_sqlite_query {
  SDG_SQLITE_BEGIN,
  SDG_SQLITE_COMMIT,
  SDG_SQLITE_ROLLBACK,
  SDG_SQLITE_SAVE,
  SDG_SQLITE_UNDO,
  SDG_SQLITE_KEEP,
  SDG_SQLITE_CREATE,
  SDG_SQLITE_UPDATE,
  SDG_SQLITE_REWRITE,
  SDG_SQLITE_DELETE,
  SDG_SQLITE_GET,
  SDG_SQLITE_SCAN,
  SDG_SQLITE_SCAN_INDEX,
  SDG_SQLITE_SCAN_NO_INDEX,
  SDG_SQLITE_READY,
  SDG_SQLITE_NEXT_FENCE,
  SDG_SQLITE_LEASE,
  SDG_SQLITE_RENEW,
  SDG_SQLITE_RELEASE,
  SDG_SQLITE_NEXT_DUE,
  SDG_SQLITE_QUERIES
} sdg_sqlite_query;

/* One connection; used by one thread at a time. */
typedef struct sdg_sqlite_conn {
  sqlite3 *db;
  sqlite3_stmt *statements[SDG_SQLITE_QUERIES];
  int busy_timeout_ms;
  int64_t busy_since_ms;
  bool in_use; /* readers: some thread has it; under the lock of the pool */
} sdg_sqlite_conn;

typedef struct sdg_sqlite_store sdg_sqlite_store;

/* Work of one caller inside a shared transaction. */
typedef struct sdg_sqlite_job {
  /* Returns 0 or CONFLICT; anything else means that the transaction is lost.  May be run again. */
  stardeleg_err (*run)(sdg_sqlite_store *store, void *arg);
  void *arg;
  bool is_compound; /* changes more than one record, so that a conflict may leave changes to undo */
  stardeleg_err result;
  bool is_done;
  bool is_leader;
  pthread_cond_t wake;
  struct sdg_sqlite_job *next;
} sdg_sqlite_job;

struct sdg_sqlite_store {
  stardeleg_store base;
  stardeleg_log log;
  int busy_timeout_ms;
  pid_t pid; /* of the process that opened it */

  /* writing: whoever leads uses |writer| alone */
  sdg_sqlite_conn writer;
  pthread_mutex_t queue_lock;
  sdg_sqlite_job *first;
  sdg_sqlite_job *last;
  bool has_leader;

  /* reading */
  sdg_sqlite_conn readers[SDG_SQLITE_READERS];
  pthread_mutex_t pool_lock;
  pthread_cond_t pool_wake;
};

/* conn.c: connections. */
int sdg_sqlite_conn_open(sdg_sqlite_conn *conn, const char *path, int busy_timeout_ms);
void sdg_sqlite_conn_close(sdg_sqlite_conn *conn);
int64_t sdg_sqlite_now_ms(void); /* monotonic */
/* The statement, ready to be bound; NULL on failure. */
sqlite3_stmt *sdg_sqlite_statement(sdg_sqlite_conn *conn, sdg_sqlite_query query);
/* Binds an optional instant: NEVER is NULL. */
int sdg_sqlite_bind_time(sqlite3_stmt *statement, int at, stardeleg_time value);
/* Resets and unbinds; NULL allowed. */
void sdg_sqlite_done(sqlite3_stmt *statement);
/* Runs a statement that gives no row, then resets it.  |*changes|, unless NULL, is the number of rows changed. */
int sdg_sqlite_run(sdg_sqlite_conn *conn, sqlite3_stmt *statement, int *changes);

/* error.c: what went wrong. */
/* The code for an SQLite result that is not OK, ROW or DONE. */
stardeleg_err sdg_sqlite_err(int rc);
/* The same, for the last failure on |conn|; writes a line to the log. */
stardeleg_err sdg_sqlite_fail(const sdg_sqlite_store *store, const sdg_sqlite_conn *conn, const char *what);
/* Writes a line to the log; returns STORE. */
stardeleg_err sdg_sqlite_refuse(const sdg_sqlite_store *store, const char *what);
/* Writes the last failure on |db| in words; |db| may be NULL. */
void sdg_sqlite_explain(char *out, size_t size, const char *what, sqlite3 *db, int rc);

/* schema.c: Brings the schema up to date.  |why| as in stardeleg_store_sqlite_open(). */
stardeleg_err sdg_sqlite_migrate(sdg_sqlite_conn *conn, char *why, size_t why_size);

/* file.c: Makes an empty file of mode 0600 unless |path| exists.  Returns 0, STORE or NOMEM. */
stardeleg_err sdg_sqlite_make_file(const char *path, char *why, size_t why_size);
/* True if the last page is not whole, and no WAL has the rest of it.  SQLite itself would fill it with zeroes. */
bool sdg_sqlite_is_cut(const char *path, int64_t page_size);

/* check.c: the limits of store.h. */
bool sdg_sqlite_is_name(const char *name);           /* a kind or a key */
bool sdg_sqlite_is_text(const char *text);           /* the same, or empty, or NULL */
bool sdg_sqlite_is_op(const stardeleg_store_op *op); /* one operation of a batch */
/* The end of a lease taken at |now|; false if |now| is no instant or |ttl_ms| not positive. */
bool sdg_sqlite_lease_end(stardeleg_time *out, stardeleg_time now, int64_t ttl_ms);

/* record.c: Copies the row under |statement| (key, idx, due, fence, ver, val).  Returns 0 or NOMEM. */
stardeleg_err sdg_sqlite_copy_row(stardeleg_record *out, sqlite3_stmt *statement);
/* Shows the row as a record that borrows key and index from SQLite and the value from |*room|, which grows. */
stardeleg_err sdg_sqlite_view_row(stardeleg_record *out, sqlite3_stmt *statement, uint8_t **room, size_t *room_len);

/* commit.c: Runs |job| in a transaction that it may share with other threads' jobs; returns once the
 * outcome is durable. */
stardeleg_err sdg_sqlite_write(sdg_sqlite_store *store, sdg_sqlite_job *job);

/* pool.c: connections for reading. */
stardeleg_err sdg_sqlite_pool_take(sdg_sqlite_store *store, sdg_sqlite_conn **out);
void sdg_sqlite_pool_give(sdg_sqlite_store *store, sdg_sqlite_conn *conn);

/* read.c and write.c: what stardeleg_store_ops asks for. */
stardeleg_err sdg_sqlite_get(void *self, const char *kind, const char *key, stardeleg_record *out);
stardeleg_err sdg_sqlite_scan(void *self, const char *kind, const char *index, const char *after, size_t limit,
                              stardeleg_store_each fn, void *ctx);
stardeleg_err sdg_sqlite_next_due(void *self, const char *kind, stardeleg_time *out);
stardeleg_err sdg_sqlite_batch(void *self, const stardeleg_store_op *ops, size_t n);
stardeleg_err sdg_sqlite_claim(void *self, const char *kind, stardeleg_time now, const char *owner, int64_t ttl_ms,
                               stardeleg_record *out, size_t limit, size_t *count);
stardeleg_err sdg_sqlite_renew(void *self, const char *kind, const char *key, uint64_t fence, stardeleg_time now,
                               int64_t ttl_ms);
stardeleg_err sdg_sqlite_release(void *self, const char *kind, const char *key, uint64_t fence);

#endif /* SDG_STORE_SQLITE_STORE_H */
