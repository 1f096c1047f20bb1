/* SPDX-License-Identifier: Apache-2.0 */
/* dns_update/exec/exec.c -- the table of programs that run, and the door in front of it. */
#include "exec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* How often a caller comes back: soon, then less often. */
#define PAUSE_MIN_MS 10
#define PAUSE_MAX_MS 250
/* Until a free place is looked for again, and after "try again". */
#define FULL_MS 100
#define AGAIN_MS 5000
/* Nobody came back for the outcome. */
#define FORGOTTEN_MS (60 * 1000)
/* What certbot's hooks for authentication said, for those that clean up. */
#define MEMOS_MAX 256
#define SHOWN_MAX 400

typedef struct job {
  struct job *next;
  sdg_exec_process process;
  stardeleg_dns_action action;
  stardeleg_dns_type type;
  char name[254];
  char value[256];
  stardeleg_time deadline;
  stardeleg_time asked_at;
  int64_t pause_ms;
  bool timed_out;
} job;

typedef struct memo {
  struct memo *next;
  char name[254];
  char value[256];
  char text[SDG_EXEC_OUTPUT_MAX + 1];
} memo;

typedef struct runner {
  stardeleg_dns_update table; /* first: what the caller holds */
  sdg_exec_options options;
  const sdg_exec_style *style;
  job *jobs;
  size_t job_count;
  memo *memos;
  size_t memo_count;
} runner;

/* --- Log --- */

/* Programs print what they like, and some of it they had from a peer. */
static void escape(char *out, size_t size, const char *text, size_t len)
{
  size_t at = 0;

  while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
    len--;
  }
  for (size_t i = 0; i < len && at + 8 < size; i++) {
    unsigned char c = (unsigned char)text[i];

    if (c < 0x20 || c > 0x7e || c == '\\') {
      at += (size_t)snprintf(out + at, size - at, "\\x%02x", c);
    } else {
      out[at++] = (char)c;
    }
  }
  out[at] = '\0';
}

static void log_job(const runner *r, stardeleg_log_level level, const job *j, const char *outcome)
{
  const stardeleg_log *log = &r->options.log;
  char out[SHOWN_MAX];
  char err[SHOWN_MAX];
  char line[SHOWN_MAX * 2 + 512];

  if (log->write == NULL) {
    return;
  }
  escape(out, sizeof(out), j->process.out.text, j->process.out.len);
  escape(err, sizeof(err), j->process.err.text, j->process.err.len);
  (void)snprintf(line, sizeof(line), "%s %s %s %s: %s%s%s%s%s", r->style->name,
                 j->action == STARDELEG_DNS_UPSERT ? "upsert" : "remove",
                 j->type == STARDELEG_DNS_CNAME ? "CNAME" : "TXT", j->name, outcome, out[0] != '\0' ? "; said: " : "",
                 out, err[0] != '\0' ? "; complained: " : "", err);
  log->write(log->ctx, level, "dns.exec", line);
}

/* --- Memos --- */

static memo **find_memo(runner *r, const char *name, const char *value)
{
  memo **link = &r->memos;

  while (*link != NULL && (strcasecmp((*link)->name, name) != 0 || strcmp((*link)->value, value) != 0)) {
    link = &(*link)->next;
  }
  return link;
}

static void drop_memo(runner *r, memo **link)
{
  memo *m = *link;

  if (m != NULL) {
    *link = m->next;
    r->memo_count--;
    free(m);
  }
}

static void keep_memo(runner *r, const job *j)
{
  memo **link = find_memo(r, j->name, j->value);
  size_t len = 0;

  if (strcmp(r->style->name, "certbot") != 0) {
    return;
  }
  drop_memo(r, link);
  /* It becomes a variable: NULs end it, and the line feed at its end is not part of it. */
  while (len < j->process.out.len && j->process.out.text[len] != '\0') {
    len++;
  }
  while (len > 0 && (j->process.out.text[len - 1] == '\n' || j->process.out.text[len - 1] == '\r')) {
    len--;
  }
  if (j->action == STARDELEG_DNS_UPSERT && len > 0 && r->memo_count < MEMOS_MAX) {
    memo *m = calloc(1, sizeof(*m));

    if (m != NULL) {
      (void)snprintf(m->name, sizeof(m->name), "%s", j->name);
      (void)snprintf(m->value, sizeof(m->value), "%s", j->value);
      memcpy(m->text, j->process.out.text, len);
      m->next = r->memos;
      r->memos = m;
      r->memo_count++;
    }
  }
}

/* --- Jobs --- */

static job **find_job(runner *r, const stardeleg_dns_change *change)
{
  job **link = &r->jobs;

  while (*link != NULL &&
         ((*link)->action != change->action || (*link)->type != change->type ||
          strcasecmp((*link)->name, change->name) != 0 || strcmp((*link)->value, change->value) != 0)) {
    link = &(*link)->next;
  }
  return link;
}

static void drop_job(runner *r, job **link)
{
  job *j = *link;

  *link = j->next;
  r->job_count--;
  free(j);
}

static bool poll_job(job *j, stardeleg_time now)
{
  if (sdg_exec_poll(&j->process)) {
    return true;
  }
  if (now >= j->deadline) {
    sdg_exec_kill(&j->process);
    j->timed_out = true;
  }
  return j->timed_out;
}

/* Of all, so that none stays a zombie because its caller has lost interest. */
static void poll_jobs(runner *r, stardeleg_time now)
{
  for (job **link = &r->jobs; *link != NULL;) {
    bool is_over = poll_job(*link, now);

    if (is_over && (now - (*link)->asked_at > FORGOTTEN_MS || now < (*link)->asked_at)) {
      drop_job(r, link);
    } else {
      link = &(*link)->next;
    }
  }
}

static stardeleg_err start_job(runner *r, const stardeleg_dns_change *change, stardeleg_time now,
                               stardeleg_time *ready_at)
{
  sdg_exec_plan *plan = calloc(1, sizeof(*plan));
  job *j = calloc(1, sizeof(*j));
  memo *said = *find_memo(r, change->name, change->value);
  stardeleg_err err = STARDELEG_OK;

  if (plan == NULL || j == NULL) {
    err = STARDELEG_ERR_NOMEM;
  } else if (!r->style->plan(plan, &r->options, change, said != NULL ? said->text : "") || plan->too_long) {
    err = STARDELEG_ERR_ARGUMENT;
  } else if (!plan->nothing) {
    j->action = change->action;
    j->type = change->type;
    (void)snprintf(j->name, sizeof(j->name), "%s", change->name);
    (void)snprintf(j->value, sizeof(j->value), "%s", change->value);
    j->asked_at = now;
    j->deadline = now + r->options.timeout_ms;
    j->pause_ms = PAUSE_MIN_MS;
    if (sdg_exec_start(&j->process, plan, r->options.environment)) {
      j->next = r->jobs;
      r->jobs = j;
      r->job_count++;
      j = NULL;
      *ready_at = now + PAUSE_MIN_MS;
    } else {
      log_job(r, STARDELEG_LOG_ERROR, j, "no process can be made");
      err = STARDELEG_ERR_CALLBACK;
    }
  }
  free(plan);
  free(j);
  return err;
}

static stardeleg_err take_outcome(runner *r, job **link, stardeleg_time now, stardeleg_time *ready_at)
{
  job *j = *link;
  stardeleg_err err = STARDELEG_ERR_CALLBACK;
  char text[64];

  if (j->timed_out) {
    log_job(r, STARDELEG_LOG_WARNING, j, "took too long and was killed");
  } else if (j->process.status == 0) {
    log_job(r, STARDELEG_LOG_DEBUG, j, "done");
    keep_memo(r, j);
    err = STARDELEG_OK;
  } else if (j->process.status == SDG_EXEC_AGAIN) {
    log_job(r, STARDELEG_LOG_INFO, j, "wants to be tried again");
    *ready_at = now + AGAIN_MS;
    err = STARDELEG_OK;
  } else {
    (void)snprintf(text, sizeof(text), j->process.status == 127 ? "cannot be run, or exit status %d" : "exit status %d",
                   j->process.status);
    log_job(r, STARDELEG_LOG_WARNING, j, j->process.status < 0 ? "was killed" : text);
  }
  drop_job(r, link);
  return err;
}

static size_t running(const runner *r)
{
  size_t count = 0;

  for (const job *j = r->jobs; j != NULL; j = j->next) {
    count += j->process.pid != 0 ? 1 : 0;
  }
  return count;
}

static stardeleg_err change_zone(void *ctx, const stardeleg_dns_change *change, stardeleg_time now,
                                 stardeleg_time *ready_at)
{
  runner *r = ctx;
  stardeleg_err err = stardeleg_dns_change_check(change);
  job **link;

  if (err != STARDELEG_OK) {
    return err;
  }
  if (!sdg_exec_style_can(r->style, change)) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  poll_jobs(r, now);
  link = find_job(r, change);
  if (*link == NULL) {
    if (running(r) >= r->options.processes_max) {
      *ready_at = now + FULL_MS;
      return STARDELEG_OK;
    }
    return start_job(r, change, now, ready_at);
  }
  if ((*link)->process.pid == 0) {
    return take_outcome(r, link, now, ready_at);
  }
  (*link)->asked_at = now;
  (*link)->pause_ms = (*link)->pause_ms * 2 < PAUSE_MAX_MS ? (*link)->pause_ms * 2 : PAUSE_MAX_MS;
  *ready_at = now + (*link)->pause_ms;
  return STARDELEG_OK;
}

/* --- In and out --- */

stardeleg_err stardeleg_dns_exec_new(stardeleg_dns_update **out, const stardeleg_dns_exec_options *options,
                                     const char **why)
{
  const char *complaint = "options are required";
  runner *r = calloc(1, sizeof(*r));
  bool copied = false;

  if (r == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (out != NULL && options != NULL && options->size >= sizeof(*options)) {
    copied = sdg_exec_options_copy(&r->options, options);
    complaint = copied ? sdg_exec_options_complain(&r->options) : NULL;
  }
  if (copied && complaint == NULL) {
    r->style = sdg_exec_find_style(r->options.style);
    r->table = (stardeleg_dns_update){.size = sizeof(r->table), .ctx = r, .change = change_zone};
    *out = &r->table;
    return STARDELEG_OK;
  }
  sdg_exec_options_clear(&r->options);
  free(r);
  if (why != NULL) {
    *why = complaint != NULL ? complaint : "";
  }
  return complaint != NULL ? STARDELEG_ERR_CONFIG : STARDELEG_ERR_NOMEM;
}

static bool is_removing(runner *r)
{
  bool found = false;

  for (job *j = r->jobs; j != NULL; j = j->next) {
    found = (!sdg_exec_poll(&j->process) && j->action == STARDELEG_DNS_REMOVE) || found;
  }
  return found;
}

void stardeleg_dns_exec_free(stardeleg_dns_update *update, int64_t patience_ms)
{
  const struct timespec pause = {0, 20 * 1000 * 1000};
  runner *r;

  if (update == NULL) {
    return;
  }
  r = update->ctx;
  for (int64_t waited = 0; waited < patience_ms && is_removing(r); waited += 20) {
    (void)nanosleep(&pause, NULL);
  }
  while (r->jobs != NULL) {
    sdg_exec_kill(&r->jobs->process);
    drop_job(r, &r->jobs);
  }
  while (r->memos != NULL) {
    drop_memo(r, &r->memos);
  }
  sdg_exec_options_clear(&r->options);
  free(r);
}
