/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_hold.c -- keeping a certificate fresh: plain GET of star-certificate, check, one commit point, event
 * (RFC 8739 3.3; RFC 9115 2.3.2, 2.3.6). */
#include "ndc/ndc_commit.h"

#include <stdio.h>
#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "transport/http_message.h"

/* A certificate that begins later is waited for, but its URL is looked at again meanwhile. */
#define EARLY_PAUSE_MAX SDG_TIME_HOUR

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

static bool is_held(const sdg_ndc_delegation *d)
{
  return d->current != NULL && d->current->star && d->current->over == SDG_NDC_LIVE && d->state != SDG_NDC_ENDED;
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
  return !d->told && d->current != NULL && sdg_ndc_time(d->ndc, now) <= d->current->not_after;
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

/* --- The successor --- */

static void fetch_failed(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time retry_at,
                         stardeleg_time now)
{
  sdg_ndc_pace_failed(d, retry_at, now);
  sdg_ndc_tell_failed(d, problem, d->fetch_at);
}

static void not_yet(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  d->last_success = now;
  sdg_ndc_clear_reason(d);
  sdg_ndc_pace_unchanged(d, result, now);
}

/* It is there, but not valid yet: waited for, and the current one goes on. */
static void successor_is_early(sdg_ndc_delegation *d, const sdg_result *result, const sdg_ndc_judgement *judged,
                               stardeleg_time now)
{
  not_yet(d, result, now);
  d->fetch_at = sdg_time_min(sdg_ndc_wait_for(d->ndc, judged->found.not_before), sdg_time_add(now, EARLY_PAUSE_MAX));
  if (sdg_ndc_is_far_early(&judged->found, sdg_ndc_time(d->ndc, now))) {
    sdg_ndc_tell_failed(d, &judged->problem, d->fetch_at);
  }
}

static stardeleg_err take_successor(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now,
                                    const sdg_ndc_judgement *judged)
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
  fresh->key_made_at = old->key_made_at;
  fresh->star = true;
  fresh->is_signed = old->is_signed;
  fresh->renew_at = old->renew_at;
  err = sdg_ndc_fill_current(fresh, old->order_url, old->certificate_url, &judged->found, result);
  if (err == STARDELEG_OK) {
    err = sdg_ndc_commit(d, fresh, false, result, now);
  }
  if (err != STARDELEG_OK) {
    sdg_ndc_current_free(fresh);
    return err;
  }
  if (d->checked_at == STARDELEG_TIME_NONE || now - d->checked_at >= d->ndc->options.template_interval_s * SDG_TIME_S) {
    d->check = true;
  }
  sdg_ndc_announce(d, result, now);
  return STARDELEG_OK;
}

static stardeleg_err take_certificate(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_stored stored = {0};
  sdg_ndc_expected expected = {0};
  sdg_ndc_judgement judged;
  stardeleg_err err = sdg_ndc_stored_load(d, &stored);

  if (err == STARDELEG_OK) {
    expected.names = stored.names;
    expected.name_count = stored.name_count;
    expected.older = d->current;
    expected.renewal = &d->current->renewal;
    err = sdg_ndc_judge(d, d->current->key, &expected, result, now, &judged);
  }
  sdg_ndc_stored_clear(&stored);
  if (sdg_ndc_is_lost_key(err)) {
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
    d->current->etag = sdg_ndc_read_etag(result);
    not_yet(d, result, now);
    return STARDELEG_OK;
  case SDG_NDC_CERT_EARLY:
    successor_is_early(d, result, &judged, now);
    return STARDELEG_OK;
  case SDG_NDC_CERT_STALE:
    sdg_ndc_log(d->ndc, STARDELEG_LOG_WARNING, "ndc.certificate.stale", d,
                "an older certificate came back; is there a cache?");
    not_yet(d, result, now);
    return STARDELEG_OK;
  default:
    fetch_failed(d, &judged.problem, STARDELEG_TIME_NONE, now);
    return STARDELEG_OK;
  }
}

static bool is_passing(const sdg_result *result)
{
  return result->err == STARDELEG_ERR_TRANSPORT || result->status >= 500 || result->status == 408 ||
         result->status == 429;
}

static stardeleg_err take_refusal(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  if (result->err == STARDELEG_ERR_PROBLEM) {
    if (sdg_problem_is(result->problem, STARDELEG_ACME_AUTO_RENEWAL_CANCELED)) {
      return sdg_ndc_canceled(d, false, result->problem, now);
    }
    if (sdg_ndc_has_ended(d, result, &d->current->renewal, now)) {
      return sdg_ndc_expired(d, now);
    }
    if (!is_passing(result)) {
      d->look = true;
      sdg_ndc_wake_order(d, now);
    }
  }
  if (is_passing(result) && sdg_ndc_pace_can_wait(d, result, now)) {
    sdg_ndc_log(d->ndc, STARDELEG_LOG_INFO, "ndc.certificate.unchecked", d, result->problem->detail);
    return STARDELEG_OK; /* no successor is due: nobody needs to know */
  }
  fetch_failed(d, result->problem, result->retry_at, now);
  return STARDELEG_OK;
}

/* --- The holder's job --- */

/* An ended delegation keeps its certificate until it is worth nothing, then lets go of the key. */
static stardeleg_err retire(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  if (d->current == NULL || sdg_ndc_time(d->ndc, now) <= d->current->not_after) {
    step->at =
        d->current == NULL ? step->at : sdg_time_min(step->at, sdg_ndc_wait_for(d->ndc, d->current->not_after) + 1);
    return STARDELEG_OK;
  }
  sdg_ndc_forget_current(d);
  return sdg_ndc_save(d);
}

/* A plain certificate is not fetched again; the server may be asked when it should be renewed. */
static stardeleg_err watch_window(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  stardeleg_time at = step->at;
  stardeleg_err err = sdg_ndc_window_ask(d, step, now);

  step->at = sdg_time_min(step->at, at);
  return err;
}

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_ndc_delegation *d = ((sdg_ndc_holder *)job)->owner;
  stardeleg_time due;
  stardeleg_err err;

  sdg_ndc_tell_current(d, now);
  step->at = is_untold(d, now) ? d->tell_at : STARDELEG_TIME_NEVER;
  if (d->dirty) {
    err = sdg_ndc_save(d);
    if (err != STARDELEG_OK) {
      return err;
    }
  }
  if (d->state == SDG_NDC_ENDED) {
    return retire(d, step, now);
  }
  if (sdg_ndc_window_is_watched(d)) {
    job->session = d->ndc->session;
    return watch_window(d, step, now);
  }
  if (!is_held(d)) {
    return STARDELEG_OK;
  }
  due = sdg_ndc_pace_due(d, now);
  if (now < due) {
    step->at = sdg_time_min(step->at, due);
    return STARDELEG_OK;
  }
  if (d->current->is_signed && d->ndc->account_state != STARDELEG_NDC_ACCOUNT_IN_USE) {
    return STARDELEG_OK;
  }
  /* A CA's nonces are none of our session's business: it is there for the IdO's own certificates only. */
  job->session = d->current->is_signed ? d->ndc->session : NULL;
  step->kind = d->current->is_signed ? SDG_STEP_FETCH : SDG_STEP_GET;
  step->url = d->current->certificate_url;
  step->accept = "application/pem-certificate-chain";
  step->if_none_match = d->current->etag;
  step->response_max = SDG_NDC_CHAIN_MAX;
  return STARDELEG_OK;
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_delegation *d = ((sdg_ndc_holder *)job)->owner;
  stardeleg_err err;

  sdg_ndc_clock_see(d->ndc, result, now);
  if (sdg_ndc_window_is_watched(d)) {
    err = sdg_ndc_window_take(d, result, now);
    return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
  }
  if (!is_held(d) || strcmp(result->url, d->current->certificate_url) != 0) {
    return STARDELEG_OK; /* overtaken: ended, or another order is in use by now */
  }
  if (result->err != STARDELEG_OK) {
    return take_refusal(d, result, now);
  }
  if (result->status == 304) {
    not_yet(d, result, now);
    return STARDELEG_OK;
  }
  return take_certificate(d, result, now);
}

const sdg_job_ops sdg_ndc_holder_ops = {ask, take};
