/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_hold.c -- keeping a certificate fresh: plain GET of star-certificate, check, one commit point, event
 * (RFC 8739 3.3; RFC 9115 2.3.2, 2.3.6). */
#include "ndc/ndc_internal.h"

#include <stdio.h>
#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "star/schedule.h"
#include "transport/http_message.h"

/* How often the delegation object is read to see whether its template has changed. */
#define CHECK_INTERVAL SDG_TIME_DAY
#define ETAG_MAX 200u

stardeleg_err sdg_ndc_check_star_url(const stardeleg_ndc *ndc, const char *text)
{
  sdg_url url;
  sdg_url directory;

  if (text == NULL || sdg_url_parse(&url, sdg_bytes_str(text)) != STARDELEG_OK ||
      sdg_url_parse(&directory, sdg_bytes_str(ndc->options.directory_url)) != STARDELEG_OK) {
    return STARDELEG_ERR_PROTOCOL;
  }
  return url.https || !directory.https ? STARDELEG_OK : STARDELEG_ERR_PROTOCOL;
}

stardeleg_time sdg_ndc_next_fetch(const sdg_ndc_delegation *d)
{
  return d->current == NULL ? STARDELEG_TIME_NEVER
                            : sdg_star_fetch_at(&d->current->renewal, d->current->not_before, d->current->not_after);
}

static bool is_held(const sdg_ndc_delegation *d)
{
  return d->current != NULL && d->current->over == SDG_NDC_LIVE && d->state != SDG_NDC_ENDED;
}

bool sdg_ndc_withdrawn(sdg_ndc_delegation *d, stardeleg_time now)
{
  if (!is_held(d)) {
    return false;
  }
  d->fetch_at = now;
  sdg_ndc_wake_holder(d, now);
  sdg_ndc_log(d->ndc, STARDELEG_LOG_INFO, "ndc.delegation.withdrawn", d,
              "no longer on the list; asking the CA how the order stands");
  return true;
}

/* --- Telling --- */

static bool is_untold(const sdg_ndc_delegation *d, stardeleg_time now)
{
  return !d->told && d->current != NULL && now <= d->current->not_after;
}

void sdg_ndc_tell_current(sdg_ndc_delegation *d, stardeleg_time now)
{
  stardeleg_err err;

  if (!is_untold(d, now) || (d->tell_at != STARDELEG_TIME_NONE && now < d->tell_at)) {
    return;
  }
  err = sdg_ndc_tell_certificate(d);
  if (err == STARDELEG_OK) {
    d->told = true;
    d->tell_tries = 0;
    d->tell_at = STARDELEG_TIME_NONE;
    return;
  }
  if (err == STARDELEG_ERR_NOT_FOUND || err == STARDELEG_ERR_BAD_KEY || err == STARDELEG_ERR_MALFORMED ||
      err == STARDELEG_ERR_LIMIT) {
    if (sdg_ndc_lose_current(d, stardeleg_strerror(err), now) != STARDELEG_OK) {
      d->dirty = true; /* saved before the next step */
    }
    return;
  }
  d->tell_tries += d->tell_tries < UINT32_MAX ? 1 : 0;
  d->tell_at = sdg_time_add(now, sdg_backoff_ms(d->tell_tries, d->ndc->options.backoff_min_ms,
                                                sdg_ndc_pause_max(d, false, now), sdg_agent_random(d->ndc->agent)));
  sdg_ndc_log(d->ndc, STARDELEG_LOG_WARNING, "ndc.certificate.untold", d, stardeleg_strerror(err));
}

/* --- Commit --- */

static char *read_etag(const sdg_result *result)
{
  stardeleg_bytes value;

  if (!sdg_http_header(&value, result->response->headers, result->response->header_count, "ETag", NULL) ||
      value.len == 0 || value.len > ETAG_MAX) {
    return NULL;
  }
  for (size_t i = 0; i < value.len; i++) {
    if (value.base[i] < 0x21 || value.base[i] > 0x7e) {
      return NULL; /* kept in a JSON record and sent back: plain ones only */
    }
  }
  return sdg_bytes_dup(value);
}

static stardeleg_err fill_current(sdg_ndc_current *fresh, const char *order_url, const char *url,
                                  const sdg_ndc_found *found, const sdg_result *result)
{
  fresh->order_url = sdg_strdup(order_url);
  fresh->certificate_url = sdg_strdup(url);
  fresh->serial = sdg_strdup(found->serial);
  fresh->etag = read_etag(result); /* without one the next GET is unconditional */
  fresh->not_before = found->not_before;
  fresh->not_after = found->not_after;
  return (order_url != NULL && fresh->order_url == NULL) || fresh->certificate_url == NULL || fresh->serial == NULL
             ? STARDELEG_ERR_NOMEM
             : STARDELEG_OK;
}

/* What changes with a commit, so that it can be taken back. */
typedef struct commit_point {
  sdg_ndc_current *current;
  sdg_ndc_pending *pending;
  stardeleg_problem *cause;
  uint32_t order_tries;
  uint8_t state;
} commit_point;

static void move_to(sdg_ndc_delegation *d, const commit_point *to)
{
  d->current = to->current;
  d->pending = to->pending;
  d->cause = to->cause;
  d->order_tries = to->order_tries;
  d->state = to->state;
}

/* The one place where a certificate comes into use: the record is written, then the program is told. */
static stardeleg_err commit(sdg_ndc_delegation *d, sdg_ndc_current *fresh, bool from_pending, const sdg_result *result,
                            stardeleg_time now)
{
  commit_point old = {d->current, d->pending, d->cause, d->order_tries, d->state};
  commit_point new = {fresh, d->pending, d->cause, 0, d->state}; /* renewed: this order works */
  char *chain = sdg_bytes_dup(result->response->body);
  stardeleg_err err;

  if (chain == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (from_pending) {
    new = (commit_point){fresh, NULL, NULL, d->order_tries, SDG_NDC_REST};
    if (old.current != NULL) {
      sdg_ndc_discard_key(d, old.current->key);
    }
  }
  move_to(d, &new);
  d->last_success = now;
  sdg_ndc_clear_reason(d);
  err = sdg_ndc_save_chain(d, chain, from_pending ? &old.pending->names : NULL);
  sdg_free(chain);
  if (err != STARDELEG_OK) {
    move_to(d, &old);
    if (from_pending) {
      sdg_free(d->garbage);
      d->garbage = NULL;
    }
    return err;
  }
  sdg_ndc_current_free(old.current);
  if (from_pending) {
    sdg_ndc_pending_free(old.pending);
    sdg_free(old.cause);
  }
  return STARDELEG_OK;
}

static void announce(sdg_ndc_delegation *d, stardeleg_time now)
{
  d->told = false;
  d->tell_tries = 0;
  d->tell_at = STARDELEG_TIME_NONE;
  d->fetch_tries = 0;
  d->fetch_at = sdg_ndc_next_fetch(d);
  sdg_ndc_log(d->ndc, STARDELEG_LOG_INFO, "ndc.certificate.new", d, d->current->serial);
  sdg_ndc_tell_current(d, now);
  sdg_ndc_wake_holder(d, now);
  sdg_ndc_wake_order(d, now);
}

/* --- Judging an answer --- */

typedef struct judgement {
  sdg_ndc_verdict verdict;
  sdg_ndc_found found;
  stardeleg_problem problem;
} judgement;

static stardeleg_err judge(sdg_ndc_delegation *d, const char *key_name, sdg_ndc_expected *expected,
                           const sdg_result *result, stardeleg_time now, judgement *out)
{
  stardeleg_key *key = NULL;
  stardeleg_err err;

  sdg_problem_clear(&out->problem);
  if (result->status != 200) {
    out->verdict = SDG_NDC_CERT_BAD;
    sdg_problem_set(&out->problem, STARDELEG_ACME_NONE, "status %d where a certificate was to come", result->status);
    out->problem.status = 0;
    return STARDELEG_OK;
  }
  err = sdg_ndc_key_load(d->ndc, key_name, &key);
  if (err == STARDELEG_OK) {
    expected->spki = stardeleg_key_spki(key);
    err = sdg_ndc_check_certificate(d->ndc, expected, result, now, &out->verdict, &out->found, &out->problem);
  }
  stardeleg_key_free(key);
  return err;
}

static bool is_lost_key(stardeleg_err err)
{
  return err == STARDELEG_ERR_NOT_FOUND || err == STARDELEG_ERR_BAD_KEY || err == STARDELEG_ERR_MALFORMED;
}

/* --- The successor --- */

static void fetch_failed(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time retry_at,
                         stardeleg_time now)
{
  int64_t max = sdg_ndc_pause_max(d, true, now);

  d->fetch_tries += d->fetch_tries < UINT32_MAX ? 1 : 0;
  d->fetch_at = sdg_time_add(
      now, sdg_backoff_ms(d->fetch_tries, d->ndc->options.backoff_min_ms, max, sdg_agent_random(d->ndc->agent)));
  if (retry_at != STARDELEG_TIME_NONE && retry_at > d->fetch_at) {
    /* The server's wish counts, but not for longer than the certificate can bear. */
    int64_t bearable = d->current->not_after > now ? (d->current->not_after - now) / 4 : max;

    d->fetch_at = sdg_time_min(retry_at, sdg_time_add(now, bearable > max ? bearable : max));
  }
  sdg_ndc_tell_failed(d, problem, d->fetch_at);
}

static void not_yet(sdg_ndc_delegation *d, stardeleg_time now)
{
  d->fetch_tries = 0;
  d->last_success = now;
  sdg_ndc_clear_reason(d);
  d->fetch_at =
      sdg_time_max(sdg_ndc_next_fetch(d), sdg_time_add(now, sdg_star_poll_pause_ms(now, d->current->not_after)));
}

static stardeleg_err take_successor(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now,
                                    const judgement *judged)
{
  const sdg_ndc_current *old = d->current;
  sdg_ndc_current *fresh = sdg_calloc(1, sizeof(*fresh));
  stardeleg_err err;

  if (fresh == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)snprintf(fresh->key, sizeof(fresh->key), "%s", old->key);
  (void)snprintf(fresh->template_id, sizeof(fresh->template_id), "%s", old->template_id);
  fresh->renewal = old->renewal;
  fresh->ordered_at = old->ordered_at;
  err = fill_current(fresh, old->order_url, old->certificate_url, &judged->found, result);
  if (err == STARDELEG_OK) {
    err = commit(d, fresh, false, result, now);
  }
  if (err != STARDELEG_OK) {
    sdg_ndc_current_free(fresh);
    return err;
  }
  if (d->checked_at == STARDELEG_TIME_NONE || now - d->checked_at >= CHECK_INTERVAL) {
    d->check = true;
  }
  announce(d, now);
  return STARDELEG_OK;
}

static stardeleg_err take_certificate(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_stored stored = {0};
  sdg_ndc_expected expected = {0};
  judgement judged;
  stardeleg_err err = sdg_ndc_stored_load(d, &stored);

  if (err == STARDELEG_OK) {
    expected.names = stored.names;
    expected.name_count = stored.name_count;
    expected.older = d->current;
    expected.renewal = &d->current->renewal;
    err = judge(d, d->current->key, &expected, result, now, &judged);
  }
  sdg_ndc_stored_clear(&stored);
  if (is_lost_key(err)) {
    return sdg_ndc_lose_current(d, stardeleg_strerror(err), now);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  switch (judged.verdict) {
  case SDG_NDC_CERT_NEW:
    return take_successor(d, result, now, &judged);
  case SDG_NDC_CERT_SAME:
    sdg_free(d->current->etag);
    d->current->etag = read_etag(result);
    not_yet(d, now);
    return STARDELEG_OK;
  case SDG_NDC_CERT_EARLY:
    not_yet(d, now);
    d->fetch_at = judged.found.not_before;
    return STARDELEG_OK;
  case SDG_NDC_CERT_STALE:
    sdg_ndc_log(d->ndc, STARDELEG_LOG_WARNING, "ndc.certificate.stale", d,
                "an older certificate came back; is there a cache?");
    not_yet(d, now);
    return STARDELEG_OK;
  default:
    fetch_failed(d, &judged.problem, STARDELEG_TIME_NONE, now);
    return STARDELEG_OK;
  }
}

static bool has_ended(const sdg_result *result, const sdg_auto_renewal *renewal, stardeleg_time now)
{
  return sdg_problem_is(result->problem, STARDELEG_ACME_AUTO_RENEWAL_EXPIRED) ||
         (result->status == 403 && now >= renewal->end_at);
}

static stardeleg_err take_refusal(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  if (result->err == STARDELEG_ERR_PROBLEM) {
    if (sdg_problem_is(result->problem, STARDELEG_ACME_AUTO_RENEWAL_CANCELED)) {
      return sdg_ndc_canceled(d, false, result->problem, now);
    }
    if (has_ended(result, &d->current->renewal, now)) {
      return sdg_ndc_expired(d, now);
    }
    if (result->status < 500 && result->status != 408 && result->status != 429) {
      d->look = true;
      sdg_ndc_wake_order(d, now);
    }
  }
  fetch_failed(d, result->problem, result->retry_at, now);
  return STARDELEG_OK;
}

/* --- The holder's job --- */

/* An ended delegation keeps its certificate until it is worth nothing, then lets go of the key. */
static stardeleg_err retire(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  if (d->current == NULL || now <= d->current->not_after) {
    step->at = d->current == NULL ? step->at : sdg_time_min(step->at, d->current->not_after + 1);
    return STARDELEG_OK;
  }
  sdg_ndc_forget_current(d);
  return sdg_ndc_save(d);
}

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_ndc_delegation *d = ((sdg_ndc_holder *)job)->owner;

  sdg_ndc_tell_current(d, now);
  step->at = is_untold(d, now) ? d->tell_at : STARDELEG_TIME_NEVER;
  if (d->state == SDG_NDC_ENDED) {
    return retire(d, step, now);
  }
  if (!is_held(d)) {
    return STARDELEG_OK;
  }
  if (now < d->fetch_at) {
    step->at = sdg_time_min(step->at, d->fetch_at);
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_GET;
  step->url = d->current->certificate_url;
  step->accept = "application/pem-certificate-chain";
  step->if_none_match = d->current->etag;
  step->response_max = SDG_NDC_CHAIN_MAX;
  return STARDELEG_OK;
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_delegation *d = ((sdg_ndc_holder *)job)->owner;

  if (!is_held(d) || strcmp(result->url, d->current->certificate_url) != 0) {
    return STARDELEG_OK; /* overtaken: ended, or another order is in use by now */
  }
  if (result->err != STARDELEG_OK) {
    return take_refusal(d, result, now);
  }
  if (result->status == 304) {
    not_yet(d, now);
    return STARDELEG_OK;
  }
  return take_certificate(d, result, now);
}

const sdg_job_ops sdg_ndc_holder_ops = {ask, take};

/* --- The first certificate of an order --- */

static stardeleg_err take_new_order(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now,
                                    const sdg_auto_renewal *renewal, const judgement *judged)
{
  const sdg_ndc_pending *pending = d->pending;
  sdg_ndc_current *fresh = sdg_calloc(1, sizeof(*fresh));
  stardeleg_err err;

  if (fresh == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)snprintf(fresh->key, sizeof(fresh->key), "%s", pending->key);
  (void)snprintf(fresh->template_id, sizeof(fresh->template_id), "%s", pending->template_id);
  fresh->renewal = *renewal;
  fresh->ordered_at = pending->ordered_at;
  err = fill_current(fresh, pending->flow.order_url, pending->flow.order.star_certificate, &judged->found, result);
  if (err == STARDELEG_OK) {
    err = commit(d, fresh, true, result, now);
  }
  if (err != STARDELEG_OK) {
    sdg_ndc_current_free(fresh);
    return err;
  }
  d->tries = 0;
  d->wait_until = STARDELEG_TIME_NONE;
  d->look = false;
  announce(d, now);
  return STARDELEG_OK;
}

static stardeleg_err first_refused(sdg_ndc_delegation *d, const sdg_result *result, const sdg_auto_renewal *renewal,
                                   stardeleg_time now)
{
  if (result->err == STARDELEG_ERR_PROBLEM) {
    if (sdg_problem_is(result->problem, STARDELEG_ACME_AUTO_RENEWAL_CANCELED)) {
      return sdg_ndc_canceled(d, true, result->problem, now);
    }
    if (has_ended(result, renewal, now)) {
      return sdg_ndc_order_failed(d, result->problem, now);
    }
  }
  sdg_ndc_step_failed(d, result->problem, result->retry_at, now);
  return STARDELEG_OK;
}

/* The names as the check wants them; to be freed. */
static const char **list_names(const sdg_identifiers *names)
{
  const char **list = sdg_calloc(names->count + 1, sizeof(*list));

  for (size_t i = 0; list != NULL && i < names->count; i++) {
    list[i] = names->items[i].value;
  }
  return list;
}

stardeleg_err sdg_ndc_take_first(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_expected expected = {0};
  sdg_auto_renewal renewal;
  judgement judged;
  const char **names;
  stardeleg_err err = sdg_auto_renewal_parse(&renewal, d->pending->flow.order.auto_renewal, NULL);

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : sdg_ndc_order_failed(d, &d->pending->flow.problem, now);
  }
  if (result->err != STARDELEG_OK) {
    return first_refused(d, result, &renewal, now);
  }
  names = list_names(&d->pending->names);
  if (names == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  expected.names = names;
  expected.name_count = d->pending->names.count;
  expected.renewal = &renewal;
  err = judge(d, d->pending->key, &expected, result, now, &judged);
  sdg_free((void *)(uintptr_t)names);
  if (is_lost_key(err)) {
    sdg_problem_set(&judged.problem, STARDELEG_ACME_NONE, "the key of the order is lost: %s", stardeleg_strerror(err));
    judged.problem.status = 0;
    return sdg_ndc_order_failed(d, &judged.problem, now);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (judged.verdict == SDG_NDC_CERT_NEW) {
    return take_new_order(d, result, now, &renewal, &judged);
  }
  if (judged.verdict == SDG_NDC_CERT_EARLY) {
    d->wait_until = judged.found.not_before;
    return STARDELEG_OK;
  }
  sdg_ndc_step_failed(d, &judged.problem, STARDELEG_TIME_NONE, now);
  return STARDELEG_OK;
}
