/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_first.c -- the first certificate of an order: fetched from where the order says, checked, put into use. */
#include "ndc/ndc_commit.h"
#include "ndc/ndc_order.h"

#include <stdio.h>
#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"

/* A certificate that begins later is waited for, but its URL is looked at again meanwhile. */
#define EARLY_PAUSE_MAX SDG_TIME_HOUR
/* Requests in a row without an answer that count as one: half a day with the pauses between them. */
#define SILENT_TRIES_MAX 24u

static const char *url_of(const sdg_ndc_pending *pending)
{
  return pending->star ? pending->flow.order.star_certificate : pending->flow.order.certificate;
}

/* --- Asking --- */

stardeleg_err sdg_ndc_ask_pickup(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  const sdg_ndc_pending *pending = d->pending;

  (void)now;
  step->kind = pending->is_signed ? SDG_STEP_FETCH : SDG_STEP_GET;
  step->url = url_of(pending);
  step->accept = "application/pem-certificate-chain";
  step->response_max = SDG_NDC_CHAIN_MAX;
  return STARDELEG_OK;
}

/* --- Into use --- */

static void set_renewal(sdg_ndc_delegation *d, sdg_ndc_current *fresh, const sdg_auto_renewal *renewal,
                        stardeleg_time now)
{
  stardeleg_ndc_policy policy;

  if (d->pending->star) {
    fresh->renewal = *renewal;
    fresh->renew_at = STARDELEG_TIME_NEVER;
    return;
  }
  if (sdg_ndc_policy_of(d->ndc, d->url, &policy, NULL) != STARDELEG_OK) {
    policy.renew_permille = d->ndc->options.renew_permille; /* the program has changed its mind into something bad */
  }
  fresh->renew_at = sdg_ndc_renew_at(fresh->not_before, fresh->not_after, policy.renew_permille,
                                     sdg_agent_random(d->ndc->agent), sdg_ndc_time(d->ndc, now));
}

/* RFC 9773: a plain certificate's server may tell when it should be renewed. */
static stardeleg_err watch(sdg_ndc_current *fresh, const sdg_result *result)
{
  char *chain = sdg_bytes_dup(result->response->body);
  stardeleg_err err = chain != NULL ? sdg_ndc_window_new(&fresh->window, chain) : STARDELEG_ERR_NOMEM;

  sdg_free(chain);
  return err;
}

static stardeleg_err take_new_order(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now,
                                    const sdg_auto_renewal *renewal, const sdg_ndc_judgement *judged)
{
  const sdg_ndc_pending *pending = d->pending;
  sdg_ndc_current *fresh = sdg_calloc(1, sizeof(*fresh));
  stardeleg_err err;

  if (fresh == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)snprintf(fresh->key, sizeof(fresh->key), "%s", pending->key);
  (void)snprintf(fresh->template_id, sizeof(fresh->template_id), "%s", pending->template_id);
  fresh->ordered_at = pending->ordered_at;
  fresh->key_made_at = pending->key_made_at;
  fresh->star = pending->star;
  fresh->is_signed = pending->is_signed;
  err = sdg_ndc_fill_current(fresh, pending->flow.order_url, url_of(pending), &judged->found, result);
  if (err == STARDELEG_OK && !fresh->star) {
    err = watch(fresh, result);
  }
  if (err == STARDELEG_OK) {
    set_renewal(d, fresh, renewal, now);
    err = sdg_ndc_commit(d, fresh, true, result, now);
  }
  if (err != STARDELEG_OK) {
    sdg_ndc_current_free(fresh);
    return err;
  }
  d->tries = 0;
  d->wait_until = STARDELEG_TIME_NONE;
  d->look = false;
  sdg_ndc_announce(d, result, now);
  return STARDELEG_OK;
}

/* --- Refusals --- */

/* RFC 8555 6.3 and 7.4.2: where plain GET is granted on paper only, the IdO's own certificates are still there for its
 * account. */
static bool try_signed(sdg_ndc_delegation *d, const sdg_result *result)
{
  bool is_refusal = result->status == 401 || result->status == 403 || result->status == 405;

  if (d->pending->is_signed || !is_refusal || sdg_session_check_url(d->ndc->session, result->url) != STARDELEG_OK) {
    return false;
  }
  d->pending->is_signed = true;
  return true;
}

/* What ends the patience is an answer, or silence that was listened to for long: a week's sleep of our own proves
 * nothing of an order whose certificate may be there. */
static stardeleg_err no_certificate(sdg_ndc_delegation *d, const sdg_result *result, const stardeleg_problem *problem,
                                    stardeleg_time now)
{
  const sdg_ndc_pending *pending = d->pending;

  if (pending->give_up_at != STARDELEG_TIME_NONE && now > pending->give_up_at &&
      (result->err != STARDELEG_ERR_TRANSPORT || d->tries >= SILENT_TRIES_MAX)) {
    return sdg_ndc_fail_text(d, pending->star ? "/star-certificate" : "/certificate",
                             "the valid order has brought no usable certificate for a day", now);
  }
  sdg_ndc_step_failed(d, problem, result->retry_at, now);
  return STARDELEG_OK;
}

static stardeleg_err first_refused(sdg_ndc_delegation *d, const sdg_result *result, const sdg_auto_renewal *renewal,
                                   stardeleg_time now)
{
  if (result->err == STARDELEG_ERR_PROBLEM) {
    if (d->pending->star && sdg_problem_is(result->problem, STARDELEG_ACME_AUTO_RENEWAL_CANCELED)) {
      return sdg_ndc_canceled(d, true, result->problem, now);
    }
    if (d->pending->star && sdg_ndc_has_ended(d, result, renewal, now)) {
      return sdg_ndc_order_failed(d, result->problem, now);
    }
    if (try_signed(d, result)) {
      return sdg_ndc_save(d);
    }
  }
  return no_certificate(d, result, result->problem, now);
}

/* One that is not valid yet is no failure of the order; patience lasts until it has been valid for a day. */
static stardeleg_err first_is_early(sdg_ndc_delegation *d, const sdg_ndc_judgement *judged, stardeleg_time now)
{
  stardeleg_time begins_at = sdg_ndc_wait_for(d->ndc, judged->found.not_before);

  d->wait_until = sdg_time_min(begins_at, sdg_time_add(now, EARLY_PAUSE_MAX));
  d->pending->give_up_at = sdg_time_max(d->pending->give_up_at, sdg_time_add(begins_at, SDG_TIME_DAY));
  if (sdg_ndc_is_far_early(&judged->found, sdg_ndc_time(d->ndc, now))) {
    sdg_ndc_tell_failed(d, &judged->problem, d->wait_until);
  }
  return sdg_ndc_save(d);
}

/* --- Taking --- */

/* The names as the check wants them; to be freed. */
static const char **list_names(const sdg_identifiers *names)
{
  const char **list = sdg_calloc(names->count + 1, sizeof(*list));

  for (size_t i = 0; list != NULL && i < names->count; i++) {
    list[i] = names->items[i].value;
  }
  return list;
}

static stardeleg_err judge_first(sdg_ndc_delegation *d, const sdg_auto_renewal *renewal, const sdg_result *result,
                                 stardeleg_time now, sdg_ndc_judgement *judged)
{
  sdg_ndc_expected expected = {0};
  const char **names = list_names(&d->pending->names);
  stardeleg_err err;

  if (names == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  expected.names = names;
  expected.name_count = d->pending->names.count;
  expected.renewal = d->pending->star ? renewal : NULL;
  err = sdg_ndc_judge(d, d->pending->key, &expected, result, now, judged);
  sdg_free((void *)(uintptr_t)names);
  return err;
}

stardeleg_err sdg_ndc_take_first(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  sdg_auto_renewal renewal = {0};
  sdg_ndc_judgement judged;
  stardeleg_err err = STARDELEG_OK;

  if (d->pending->star) {
    err = sdg_auto_renewal_parse(&renewal, d->pending->flow.order.auto_renewal, NULL);
  }
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : sdg_ndc_order_failed(d, &d->pending->flow.problem, now);
  }
  if (result->err != STARDELEG_OK) {
    return first_refused(d, result, &renewal, now);
  }
  err = judge_first(d, &renewal, result, now, &judged);
  if (sdg_ndc_is_lost_key(err)) {
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
    return first_is_early(d, &judged, now);
  }
  return no_certificate(d, result, &judged.problem, now);
}
