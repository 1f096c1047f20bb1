/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_discovery.c -- which delegations are there: account, list, all its pages (RFC 9115 2.3.1.1, 2.3.1.2). */
#include "ndc/ndc_internal.h"

#include <string.h>

#include "acme/account.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "transport/http_message.h"

#define PAGES_MAX 1000u
#define PAGE_BYTES_MAX (1024u * 1024u)

static void forget_pages(sdg_ndc_discovery *s)
{
  for (size_t i = 0; i < s->visited_count; i++) {
    sdg_free(s->visited[i]);
  }
  sdg_free(s->visited);
  s->visited = NULL;
  s->visited_count = 0;
  sdg_free(s->page_url);
  s->page_url = NULL;
  s->url_count = 0;
}

/* --- Failures --- */

/* The round is lost: the next one begins with the account. */
static void fail(sdg_ndc_discovery *s, const stardeleg_problem *problem, stardeleg_time now)
{
  forget_pages(s);
  sdg_ndc_chore_failed(&s->chore, problem, STARDELEG_TIME_NONE, now);
}

/* An answer that got lost or a server in trouble: the same page again.  Whatever else it is may be the page's fault. */
static void fail_step(sdg_ndc_discovery *s, const sdg_result *result, stardeleg_time now)
{
  if (result->err == STARDELEG_ERR_TRANSPORT || result->status >= 500 || result->status == 429) {
    sdg_ndc_chore_failed(&s->chore, result->problem, result->retry_at, now);
  } else {
    fail(s, result->problem, now);
  }
}

static void fail_text(sdg_ndc_discovery *s, const char *detail, stardeleg_time now)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "%s", detail);
  problem.status = 0;
  fail(s, &problem, now);
}

/* A body that cannot be read ends the round; want of memory does not. */
static stardeleg_err unreadable(sdg_ndc_discovery *s, stardeleg_err err, stardeleg_problem *problem, stardeleg_time now)
{
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  problem->status = 0; /* ours, not the server's */
  fail(s, problem, now);
  return STARDELEG_OK;
}

/* --- Asking --- */

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_ndc_discovery *s = (sdg_ndc_discovery *)job;
  sdg_session *session = s->chore.ndc->session;

  if (s->chore.ndc->account_state != STARDELEG_NDC_ACCOUNT_IN_USE) {
    step->at = STARDELEG_TIME_NEVER;
    return STARDELEG_OK;
  }
  if (sdg_ndc_chore_waits(&s->chore, step, now)) {
    return STARDELEG_OK;
  }
  if (s->page_url == NULL && !sdg_session_directory(session)->delegation_enabled) {
    /* RFC 9115 2.3.4: every IdO says so, whatever it delegates. */
    fail_text(s, "the server is no delegating IdO: its directory lacks meta.delegation-enabled", now);
    sdg_session_refresh(session);
    step->at = s->chore.wait_until;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_FETCH;
  step->url = s->page_url != NULL ? s->page_url : sdg_session_kid(session);
  step->response_max = PAGE_BYTES_MAX;
  return STARDELEG_OK;
}

/* --- The account --- */

static stardeleg_err take_account(sdg_ndc_discovery *s, const sdg_result *result, stardeleg_time now)
{
  sdg_acme_account account = {0};
  stardeleg_problem problem;
  stardeleg_err err;

  sdg_problem_clear(&problem);
  err = sdg_acme_account_parse(&account, result->response->body, &problem);
  if (err != STARDELEG_OK) {
    return unreadable(s, err, &problem, now);
  }
  if (account.status != SDG_ACCOUNT_VALID) {
    fail_text(s, "the account at the IdO is no longer valid", now);
  } else if (account.delegations == NULL) {
    fail_text(s, "the account object has no delegations URL (RFC 9115 2.3.1.1)", now);
  } else {
    s->page_url = sdg_strdup(account.delegations);
    err = s->page_url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    s->round++;
  }
  sdg_acme_account_clear(&account);
  return err;
}

/* --- Pages --- */

/* The list does not say whether a template has changed; the delegation's own object does. */
static void look_at_template(sdg_ndc_delegation *d, stardeleg_time now)
{
  const stardeleg_ndc *ndc = d->ndc;
  bool is_due = d->checked_at == STARDELEG_TIME_NONE ||
                now - d->checked_at >= ndc->options.template_interval_s * SDG_TIME_S || ndc->discovery.thorough;

  if (is_due && d->state == SDG_NDC_REST && !d->check) {
    d->check = true;
    sdg_ndc_wake_order(d, now);
  }
}

static stardeleg_err see_one(sdg_ndc_discovery *s, const char *url, stardeleg_time now)
{
  char id[SDG_NDC_ID_SIZE];
  sdg_ndc_delegation *d;
  stardeleg_err err;

  if (!sdg_ndc_is_wanted(s->chore.ndc, url)) {
    return STARDELEG_OK;
  }
  err = sdg_ndc_id_of(s->chore.ndc, url, id);
  if (err != STARDELEG_OK) {
    return err;
  }
  d = sdg_ndc_find(s->chore.ndc, id);
  if (d == NULL) {
    if (s->chore.ndc->count >= SDG_NDC_DELEGATIONS_MAX) {
      sdg_log(&s->chore.ndc->options.log, STARDELEG_LOG_ERROR, "ndc.discovery.full",
              "more delegations than can be held");
      return STARDELEG_OK;
    }
    err = sdg_ndc_begin(s->chore.ndc, url, &d);
  } else if (d->state == SDG_NDC_ENDED && d->seen != s->round) {
    err = sdg_ndc_revive(d, now);
  }
  if (err == STARDELEG_OK) {
    d->seen = s->round;
    d->withdrawn = false;
    look_at_template(d, now);
  }
  return err;
}

/* The list is complete: what is not on it is not offered any more. */
static stardeleg_err finish(sdg_ndc_discovery *s, stardeleg_time now)
{
  stardeleg_ndc *ndc = s->chore.ndc;
  stardeleg_problem problem;
  stardeleg_err err = STARDELEG_OK;

  for (size_t i = 0; i < ndc->count; i++) {
    sdg_ndc_delegation *d = ndc->delegations[i];

    if (d->seen == s->round || d->state == SDG_NDC_ENDED) {
      continue;
    }
    d->withdrawn = true;
    if (sdg_ndc_is_wanted(ndc, d->url) && sdg_ndc_withdrawn(d, now)) {
      continue;
    }
    sdg_problem_set(&problem, STARDELEG_ACME_UNKNOWN_DELEGATION,
                    sdg_ndc_is_wanted(ndc, d->url) ? "the delegation is no longer offered"
                                                   : "the delegation is not among the chosen ones");
    problem.status = 0;
    if (sdg_ndc_end(d, &problem, now) != STARDELEG_OK) {
      err = STARDELEG_ERR_STORE; /* the others all the same; this one is saved by its next step */
    }
  }
  forget_pages(s);
  s->chore.tries = 0;
  s->thorough = s->again;
  s->chore.wait_until =
      s->again ? STARDELEG_TIME_NONE : sdg_time_add(now, ndc->options.discovery_interval_s * SDG_TIME_S);
  s->again = false;
  if (err != STARDELEG_OK) {
    sdg_log(&ndc->options.log, STARDELEG_LOG_WARNING, "ndc.discovery.unsaved", "an end could not be saved yet");
  }
  return STARDELEG_OK;
}

static bool was_visited(const sdg_ndc_discovery *s, const char *url)
{
  for (size_t i = 0; i < s->visited_count; i++) {
    if (strcmp(s->visited[i], url) == 0) {
      return true;
    }
  }
  return false;
}

/* |next| is taken over on success. */
static stardeleg_err turn_page(sdg_ndc_discovery *s, char *next)
{
  char **grown = sdg_realloc(s->visited, s->visited_count + 1, sizeof(*grown));

  if (grown == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  s->visited = grown;
  s->visited[s->visited_count++] = s->page_url;
  s->page_url = next;
  return STARDELEG_OK;
}

static stardeleg_err follow_link(sdg_ndc_discovery *s, const sdg_result *result, stardeleg_time now)
{
  sdg_buf link;
  char *next = NULL;
  stardeleg_err err;

  sdg_buf_init(&link, 4096);
  err = sdg_http_link(&link, result->response, "next", sdg_bytes_str(result->url));
  if (err == STARDELEG_OK) {
    err = sdg_buf_take(&link, &next, NULL);
  }
  sdg_buf_clear(&link);
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return finish(s, now);
  }
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    fail_text(s, "the list of delegations has a link to its next page that cannot be read", now);
    return STARDELEG_OK;
  }
  if (strcmp(next, s->page_url) == 0 || was_visited(s, next) || s->visited_count + 1 >= PAGES_MAX) {
    fail_text(s, "the pages of the list of delegations go in a circle, or are too many", now);
    sdg_free(next);
    return STARDELEG_OK;
  }
  err = turn_page(s, next);
  if (err != STARDELEG_OK) {
    sdg_free(next);
  }
  return err;
}

static stardeleg_err take_page(sdg_ndc_discovery *s, const sdg_result *result, stardeleg_time now)
{
  sdg_delegation_list list = {0};
  stardeleg_problem problem;
  stardeleg_err err;

  sdg_problem_clear(&problem);
  err = sdg_delegation_list_parse(&list, result->response->body, &problem);
  if (err != STARDELEG_OK) {
    return unreadable(s, err, &problem, now);
  }
  s->url_count += list.count;
  for (size_t i = 0; i < list.count && err == STARDELEG_OK; i++) {
    err = see_one(s, list.urls[i], now);
  }
  sdg_delegation_list_clear(&list);
  if (err != STARDELEG_OK) {
    return err; /* the page is read again */
  }
  if (s->url_count > SDG_NDC_DELEGATIONS_MAX) {
    fail_text(s, "the list of delegations is too long", now);
    return STARDELEG_OK;
  }
  return follow_link(s, result, now);
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_discovery *s = (sdg_ndc_discovery *)job;

  sdg_ndc_clock_see(s->chore.ndc, result, now);
  if (result->err != STARDELEG_OK) {
    fail_step(s, result, now);
    return STARDELEG_OK;
  }
  return s->page_url == NULL ? take_account(s, result, now) : take_page(s, result, now);
}

static const sdg_job_ops ops = {ask, take};

/* --- In and out --- */

stardeleg_err sdg_ndc_discovery_add(stardeleg_ndc *ndc)
{
  sdg_ndc_discovery *s = &ndc->discovery;

  return sdg_ndc_chore_add(ndc, &s->chore, &ops);
}

void sdg_ndc_discovery_remove(stardeleg_ndc *ndc)
{
  sdg_ndc_chore_remove(&ndc->discovery.chore);
  forget_pages(&ndc->discovery);
}
