/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/write.c -- batch, claim, renew and release. */
#include "sqlite_store.h"

typedef struct batch_args {
  const stardeleg_store_op *ops;
  size_t n;
} batch_args;

typedef struct claim_args {
  const char *kind;
  stardeleg_time now;
  stardeleg_time until;
  const char *owner;
  stardeleg_record *out;
  size_t limit;
  size_t *count;
} claim_args;

typedef struct lease_args {
  sdg_sqlite_query query;
  const char *kind;
  const char *key;
  uint64_t fence;
  stardeleg_time until;
} lease_args;

static int bind_text(sqlite3_stmt *statement, int at, const char *text)
{
  return sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

/* Numbers that no record can have stay without effect: they turn negative. */
static int bind_number(sqlite3_stmt *statement, int at, uint64_t number)
{
  return sqlite3_bind_int64(statement, at, number > INT64_MAX ? -1 : (int64_t)number);
}

static int bind_names(sqlite3_stmt *statement, const char *kind, const char *key)
{
  int rc = bind_text(statement, 1, kind);

  return rc == SQLITE_OK ? bind_text(statement, 2, key) : rc;
}

static int bind_content(sqlite3_stmt *statement, const stardeleg_store_op *op)
{
  /* A NULL pointer would bind NULL instead of an empty value. */
  const void *base = op->value.len == 0 ? "" : (const void *)op->value.base;
  int rc = sqlite3_bind_blob64(statement, 3, base, op->value.len, SQLITE_STATIC);

  if (rc == SQLITE_OK) {
    rc = bind_text(statement, 4, op->index == NULL ? "" : op->index);
  }
  return rc == SQLITE_OK ? sdg_sqlite_bind_time(statement, 5, op->due) : rc;
}

static int bind_guards(sqlite3_stmt *statement, int at, const stardeleg_store_op *op)
{
  int rc = bind_number(statement, at, op->expected_version);

  return rc == SQLITE_OK ? bind_number(statement, at + 1, op->fence) : rc;
}

static int bind_op(sqlite3_stmt *statement, sdg_sqlite_query query, const stardeleg_store_op *op)
{
  int rc = bind_names(statement, op->kind, op->key);

  if (rc == SQLITE_OK && query == SDG_SQLITE_DELETE) {
    return bind_guards(statement, 3, op);
  }
  if (rc == SQLITE_OK) {
    rc = bind_content(statement, op);
  }
  if (rc == SQLITE_OK && query != SDG_SQLITE_CREATE) {
    rc = bind_guards(statement, 6, op);
  }
  if (rc == SQLITE_OK && query == SDG_SQLITE_UPDATE) {
    rc = sqlite3_bind_int(statement, 8, op->release != 0);
  }
  return rc;
}

static sdg_sqlite_query op_query(const stardeleg_store_op *op)
{
  if (op->verb == STARDELEG_STORE_DEL) {
    return SDG_SQLITE_DELETE;
  }
  return op->expected_version == 0 ? SDG_SQLITE_CREATE : SDG_SQLITE_UPDATE;
}

/* Runs a bound statement that must change exactly one row; |rc| is the outcome of the binding. */
static stardeleg_err change_one(sdg_sqlite_store *store, sqlite3_stmt *statement, int rc, const char *what)
{
  int changes = 0;

  if (rc != SQLITE_OK) {
    stardeleg_err rv = sdg_sqlite_fail(store, &store->writer, what);

    sdg_sqlite_done(statement);
    return rv;
  }
  if (sdg_sqlite_run(&store->writer, statement, &changes) != SQLITE_OK) {
    return sdg_sqlite_fail(store, &store->writer, what);
  }
  return changes == 1 ? STARDELEG_OK : STARDELEG_ERR_CONFLICT;
}

static stardeleg_err run_op_as(sdg_sqlite_store *store, const stardeleg_store_op *op, sdg_sqlite_query query)
{
  sqlite3_stmt *statement = sdg_sqlite_statement(&store->writer, query);

  if (statement == NULL) {
    return sdg_sqlite_fail(store, &store->writer, "cannot prepare to write");
  }
  return change_one(store, statement, bind_op(statement, query, op), "cannot write");
}

static stardeleg_err run_op(sdg_sqlite_store *store, const stardeleg_store_op *op)
{
  sdg_sqlite_query query = op_query(op);
  stardeleg_err rv = STARDELEG_ERR_CONFLICT;

  if (query == SDG_SQLITE_CREATE && op->fence != 0) {
    return STARDELEG_ERR_CONFLICT; /* a record that does not exist has no fence */
  }
  if (query == SDG_SQLITE_UPDATE && !op->release) {
    /* Most puts change the value only; said so, SQLite leaves the pages of the indexes alone. */
    rv = run_op_as(store, op, SDG_SQLITE_REWRITE);
  }
  return rv == STARDELEG_ERR_CONFLICT ? run_op_as(store, op, query) : rv;
}

static stardeleg_err run_batch(sdg_sqlite_store *store, void *arg)
{
  const batch_args *args = arg;
  stardeleg_err rv = STARDELEG_OK;

  for (size_t i = 0; rv == STARDELEG_OK && i < args->n; i++) {
    rv = run_op(store, &args->ops[i]);
  }
  return rv;
}

stardeleg_err sdg_sqlite_batch(void *self, const stardeleg_store_op *ops, size_t n)
{
  batch_args args = {ops, n};
  sdg_sqlite_job job = {.run = run_batch, .arg = &args, .is_compound = n > 1};

  if (ops == NULL && n > 0) {
    return STARDELEG_ERR_ARGUMENT;
  }
  for (size_t i = 0; i < n; i++) {
    if (!sdg_sqlite_is_op(&ops[i])) {
      return STARDELEG_ERR_ARGUMENT;
    }
  }
  return n == 0 ? STARDELEG_OK : sdg_sqlite_write(self, &job);
}

static void clear_records(const claim_args *args)
{
  while (*args->count > 0) {
    stardeleg_record_clear(&args->out[--*args->count]);
  }
}

static stardeleg_err copy_ready(sdg_sqlite_store *store, const claim_args *args)
{
  sqlite3_stmt *statement = sdg_sqlite_statement(&store->writer, SDG_SQLITE_READY);
  stardeleg_err rv = STARDELEG_OK;
  int rc = SQLITE_NOMEM;

  if (statement != NULL) {
    rc = bind_text(statement, 1, args->kind);
  }
  if (rc == SQLITE_OK) {
    rc = sqlite3_bind_int64(statement, 2, args->now);
  }
  if (rc == SQLITE_OK) {
    rc = sqlite3_bind_int64(statement, 3, args->limit > INT64_MAX ? INT64_MAX : (int64_t)args->limit);
  }
  while (rc == SQLITE_OK && rv == STARDELEG_OK) {
    int step = sqlite3_step(statement);

    if (step == SQLITE_DONE) {
      break;
    }
    if (step != SQLITE_ROW) {
      rc = step;
      break;
    }
    rv = sdg_sqlite_copy_row(&args->out[*args->count], statement);
    *args->count += rv == STARDELEG_OK;
  }
  if (rc != SQLITE_OK) {
    rv = sdg_sqlite_fail(store, &store->writer, "cannot look for due records");
  }
  sdg_sqlite_done(statement);
  return rv;
}

static stardeleg_err next_fence(sdg_sqlite_store *store, int64_t *out)
{
  sqlite3_stmt *statement = sdg_sqlite_statement(&store->writer, SDG_SQLITE_NEXT_FENCE);
  int rc = statement == NULL ? SQLITE_NOMEM : sqlite3_step(statement);

  if (rc == SQLITE_ROW) {
    *out = sqlite3_column_int64(statement, 0);
    /* With RETURNING the change stands once the statement has come to its end. */
    rc = sqlite3_step(statement);
  }
  sdg_sqlite_done(statement);
  return rc == SQLITE_DONE ? STARDELEG_OK : sdg_sqlite_fail(store, &store->writer, "cannot count up the fence");
}

static stardeleg_err take_lease(sdg_sqlite_store *store, const claim_args *args, stardeleg_record *record)
{
  sqlite3_stmt *statement = sdg_sqlite_statement(&store->writer, SDG_SQLITE_LEASE);
  int rc = statement == NULL ? SQLITE_NOMEM : bind_names(statement, args->kind, record->key);

  if (rc == SQLITE_OK) {
    rc = sqlite3_bind_int64(statement, 3, args->until);
  }
  if (rc == SQLITE_OK) {
    rc = bind_text(statement, 4, args->owner == NULL ? "" : args->owner);
  }
  if (rc == SQLITE_OK) {
    rc = sqlite3_bind_int64(statement, 5, (int64_t)record->fence);
  }
  return change_one(store, statement, rc, "cannot take a lease");
}

static stardeleg_err run_claim(sdg_sqlite_store *store, void *arg)
{
  const claim_args *args = arg;
  stardeleg_err rv;
  int64_t fence = 0;

  clear_records(args); /* of a first try */
  rv = copy_ready(store, args);
  if (rv == STARDELEG_OK && *args->count > 0) {
    rv = next_fence(store, &fence);
  }
  for (size_t i = 0; rv == STARDELEG_OK && i < *args->count; i++) {
    args->out[i].fence = (uint64_t)fence;
    rv = take_lease(store, args, &args->out[i]);
  }
  return rv;
}

stardeleg_err sdg_sqlite_claim(void *self, const char *kind, stardeleg_time now, const char *owner, int64_t ttl_ms,
                               stardeleg_record *out, size_t limit, size_t *count)
{
  claim_args args = {.kind = kind, .now = now, .owner = owner, .out = out, .limit = limit, .count = count};
  sdg_sqlite_job job = {.run = run_claim, .arg = &args, .is_compound = true};
  stardeleg_time next = STARDELEG_TIME_NEVER;
  stardeleg_err rv;

  if (count == NULL || (out == NULL && limit > 0) || !sdg_sqlite_is_name(kind) || !sdg_sqlite_is_text(owner) ||
      !sdg_sqlite_lease_end(&args.until, now, ttl_ms)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *count = 0;
  /* To find nothing is the usual case, and needs no lock. */
  rv = sdg_sqlite_next_due(self, kind, &next);
  if (rv != STARDELEG_OK || next > now || limit == 0) {
    return rv;
  }
  rv = sdg_sqlite_write(self, &job);
  if (rv != STARDELEG_OK) {
    clear_records(&args);
  }
  return rv;
}

static stardeleg_err run_lease(sdg_sqlite_store *store, void *arg)
{
  const lease_args *args = arg;
  sqlite3_stmt *statement = sdg_sqlite_statement(&store->writer, args->query);
  int rc = statement == NULL ? SQLITE_NOMEM : bind_names(statement, args->kind, args->key);

  if (rc == SQLITE_OK) {
    rc = bind_number(statement, 3, args->fence);
  }
  if (rc == SQLITE_OK && args->query == SDG_SQLITE_RENEW) {
    rc = sqlite3_bind_int64(statement, 4, args->until);
  }
  return change_one(store, statement, rc, "cannot change a lease");
}

static stardeleg_err change_lease(sdg_sqlite_store *store, lease_args *args)
{
  sdg_sqlite_job job = {.run = run_lease, .arg = args};

  if (!sdg_sqlite_is_name(args->kind) || !sdg_sqlite_is_name(args->key)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  return sdg_sqlite_write(store, &job);
}

stardeleg_err sdg_sqlite_renew(void *self, const char *kind, const char *key, uint64_t fence, stardeleg_time now,
                               int64_t ttl_ms)
{
  lease_args args = {.query = SDG_SQLITE_RENEW, .kind = kind, .key = key, .fence = fence};

  if (!sdg_sqlite_lease_end(&args.until, now, ttl_ms)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  return change_lease(self, &args);
}

stardeleg_err sdg_sqlite_release(void *self, const char *kind, const char *key, uint64_t fence)
{
  lease_args args = {.query = SDG_SQLITE_RELEASE, .kind = kind, .key = key, .fence = fence};

  return change_lease(self, &args);
}
