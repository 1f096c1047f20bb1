/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/commit.c -- group commit: jobs that arrive while a commit runs share the next one.
 *
 * A durable commit waits for the disk.  The first caller to find nobody at work leads: it runs the jobs
 * queued by then in one transaction, answers their callers after the commit, and hands over to the first of
 * those who came meanwhile. */
#include "sqlite_store.h"

#include <unistd.h>

static stardeleg_err run_query(sdg_sqlite_store *store, sdg_sqlite_query query, const char *what)
{
  sqlite3_stmt *statement = sdg_sqlite_statement(&store->writer, query);

  if (statement == NULL || sdg_sqlite_run(&store->writer, statement, NULL) != SQLITE_OK) {
    return sdg_sqlite_fail(store, &store->writer, what);
  }
  return STARDELEG_OK;
}

/* Leaves no transaction open; after some failures SQLite has rolled back by itself. */
static void roll_back(sdg_sqlite_store *store)
{
  if (!sqlite3_get_autocommit(store->writer.db) &&
      run_query(store, SDG_SQLITE_ROLLBACK, "cannot roll back") != STARDELEG_OK) {
    /* Without memory for the statement; this way needs next to none. */
    (void)sqlite3_exec(store->writer.db, "ROLLBACK", NULL, NULL, NULL);
  }
}

/* Runs a job that may leave something to undo; the others of its group do not notice. */
static stardeleg_err run_guarded(sdg_sqlite_store *store, sdg_sqlite_job *job)
{
  stardeleg_err rv = run_query(store, SDG_SQLITE_SAVE, "cannot set a savepoint");
  stardeleg_err result;

  if (rv != STARDELEG_OK) {
    return rv;
  }
  result = job->run(store, job->arg);
  if (result == STARDELEG_ERR_CONFLICT) {
    rv = run_query(store, SDG_SQLITE_UNDO, "cannot return to the savepoint");
  } else if (result != STARDELEG_OK) {
    return result;
  }
  if (rv == STARDELEG_OK) {
    rv = run_query(store, SDG_SQLITE_KEEP, "cannot release the savepoint");
  }
  return rv == STARDELEG_OK ? result : rv;
}

/* Returns 0 if the transaction can go on. */
static stardeleg_err run_job(sdg_sqlite_store *store, sdg_sqlite_job *job)
{
  job->result = job->is_compound ? run_guarded(store, job) : job->run(store, job->arg);
  return job->result == STARDELEG_ERR_CONFLICT ? STARDELEG_OK : job->result;
}

static void set_results(sdg_sqlite_job *group, stardeleg_err result)
{
  for (; group != NULL; group = group->next) {
    group->result = result;
  }
}

/* One transaction for the whole list.  Returns 0, or what undid it. */
static stardeleg_err run_together(sdg_sqlite_store *store, sdg_sqlite_job *group)
{
  stardeleg_err rv = STARDELEG_OK;

  for (sdg_sqlite_job *job = group; rv == STARDELEG_OK && job != NULL; job = job->next) {
    rv = run_job(store, job);
  }
  if (rv == STARDELEG_OK) {
    rv = run_query(store, SDG_SQLITE_COMMIT, "cannot commit");
  }
  roll_back(store);
  return rv;
}

static stardeleg_err begin(sdg_sqlite_store *store)
{
  return run_query(store, SDG_SQLITE_BEGIN, "cannot begin to write");
}

static void run_alone(sdg_sqlite_store *store, sdg_sqlite_job *job)
{
  stardeleg_err rv = begin(store);

  job->next = NULL;
  if (rv == STARDELEG_OK) {
    rv = run_together(store, job);
  }
  if (rv != STARDELEG_OK) {
    job->result = rv;
  }
}

static void run_group(sdg_sqlite_store *store, sdg_sqlite_job *group)
{
  stardeleg_err rv = begin(store);

  if (rv != STARDELEG_OK) {
    /* The lock was not to be had: each for itself would only wait again. */
    set_results(group, rv);
    return;
  }
  rv = run_together(store, group);
  if (rv == STARDELEG_OK) {
    return;
  }
  if (group->next == NULL) {
    group->result = rv;
    return;
  }
  /* One may be too large for the room left on the disk, and the others not: each gets the answer it deserves. */
  while (group != NULL) {
    sdg_sqlite_job *next = group->next;

    run_alone(store, group);
    group->next = next;
    group = next;
  }
}

/* Takes the jobs to be run now off the queue; the caller holds its lock. */
static sdg_sqlite_job *take_group(sdg_sqlite_store *store)
{
  sdg_sqlite_job *group = store->first;
  sdg_sqlite_job *last = group;

  for (size_t n = 1; n < SDG_SQLITE_GROUP_MAX && last->next != NULL; n++) {
    last = last->next;
  }
  store->first = last->next;
  if (store->first == NULL) {
    store->last = NULL;
  }
  last->next = NULL;
  return group;
}

/* Tells the callers, and the next leader; the caller holds the lock. */
static void wake_up(sdg_sqlite_store *store, sdg_sqlite_job *group)
{
  for (; group != NULL; group = group->next) {
    group->is_done = true;
    (void)pthread_cond_signal(&group->wake);
  }
  store->has_leader = store->first != NULL;
  if (store->first != NULL) {
    store->first->is_leader = true;
    (void)pthread_cond_signal(&store->first->wake);
  }
}

static void queue_up(sdg_sqlite_store *store, sdg_sqlite_job *job)
{
  if (store->last == NULL) {
    store->first = job;
  } else {
    store->last->next = job;
  }
  store->last = job;
  if (!store->has_leader) {
    store->has_leader = true;
    job->is_leader = true;
  }
}

stardeleg_err sdg_sqlite_write(sdg_sqlite_store *store, sdg_sqlite_job *job)
{
  sdg_sqlite_job *group;

  if (store->pid != getpid()) {
    return sdg_sqlite_refuse(store, "the store was opened before fork()");
  }
  if (pthread_cond_init(&job->wake, NULL) != 0) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)pthread_mutex_lock(&store->queue_lock);
  queue_up(store, job);
  while (!job->is_done && !job->is_leader) {
    (void)pthread_cond_wait(&job->wake, &store->queue_lock);
  }
  if (!job->is_done) {
    group = take_group(store); /* |job| is its first */
    (void)pthread_mutex_unlock(&store->queue_lock);
    run_group(store, group);
    (void)pthread_mutex_lock(&store->queue_lock);
    wake_up(store, group);
  }
  (void)pthread_mutex_unlock(&store->queue_lock);
  (void)pthread_cond_destroy(&job->wake);
  return job->result;
}
