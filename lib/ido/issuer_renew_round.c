/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_renew_round.c -- from one certificate to the next: when, one order at the CA, the certificate; and the
 * end. */
#include <stdio.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "ido/issuer_budget.h"
#include "ido/issuer_renew.h"
#include "x509/cert.h"

static bool has_certificate(const sdg_renewing *renewing)
{
  return renewing->published.held.ordered_at != STARDELEG_TIME_NONE;
}

/* --- A round that failed --- */

/* Without a certificate the order is lost, as it would be at a STAR CA; with one, it stays, and so does the
 * certificate. */
static stardeleg_err fail_round(sdg_issuance *issuance, const stardeleg_problem *problem, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_problem copy = *problem;
  stardeleg_err err = sdg_renewing_abandon(issuance);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (!has_certificate(renewing)) {
    return sdg_renewing_fail(issuance, &copy);
  }
  sdg_published_pause(&renewing->published, &renewing->pause, issuance, &copy, now);
  issuance->news = SDG_NEWS_MOVED;
  return STARDELEG_OK;
}

/* --- When --- */

/* The CA's own wish counts, if it is earlier than ours: by ours the delegate must have its next one (RFC 8739 3.3). */
static stardeleg_err choose_moment(const sdg_issuance *issuance, stardeleg_time now, stardeleg_time *at)
{
  const sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_err err = sdg_published_next(&renewing->published, issuance, now, at);

  if (err == STARDELEG_OK && renewing->has_watch && *at != STARDELEG_TIME_NEVER) {
    *at = sdg_renewal_watch_moment(&renewing->watch, *at, *at);
  }
  return err;
}

/* From when on the reserve of the budget may be used. */
static stardeleg_time emergency_at(const sdg_renewing *renewing)
{
  const sdg_star_held *held = &renewing->published.held;

  if (renewing->has_watch && renewing->watch.end != STARDELEG_TIME_NONE) {
    return renewing->watch.end; /* the CA says it is going to revoke it */
  }
  return has_certificate(renewing) ? sdg_time_add(held->not_after, -(held->not_after - held->not_before) / 6)
                                   : STARDELEG_TIME_NEVER;
}

/* Renewals that say what they replace are not counted by the CA (RFC 9773 5), if it is one that reads it. */
static bool is_replacement(const sdg_issuance *issuance)
{
  const sdg_renewing *renewing = sdg_renewing_of(issuance);
  const sdg_acme_directory *directory = sdg_session_directory(issuance->issuer->session);

  return !renewing->replaces_nothing && (renewing->has_watch || (issuance->order->wire.replaces != NULL &&
                                                                 directory != NULL && directory->renewal_info != NULL));
}

/* False if the budget is spent for now. */
static stardeleg_err pay(sdg_issuance *issuance, stardeleg_time now, bool *paid)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_time again_at = STARDELEG_TIME_NONE;
  stardeleg_problem problem;
  stardeleg_err err = STARDELEG_OK;

  *paid = true;
  if (renewing->counted || is_replacement(issuance)) {
    return STARDELEG_OK;
  }
  err = sdg_budget_take(issuance->issuer, &issuance->order->wire.identifiers, emergency_at(renewing) <= now,
                        now, &again_at);
  if (err == STARDELEG_OK && again_at != STARDELEG_TIME_NONE) {
    *paid = false;
    sdg_problem_set(&problem, STARDELEG_ACME_RATE_LIMITED, "the budget for this set of names is spent for now");
    renewing->pause.wait_until =
        emergency_at(renewing) > now ? sdg_time_min(again_at, emergency_at(renewing)) : again_at;
    sdg_issuance_tell_try(issuance, 1, &problem);
  }
  renewing->counted = err == STARDELEG_OK && *paid;
  return err;
}

static stardeleg_err begin_round(sdg_issuance *issuance, stardeleg_time now)
{
  bool paid = false;
  stardeleg_err err = pay(issuance, now, &paid);

  if (err == STARDELEG_OK && paid) {
    err = sdg_renewing_start_flow(issuance, now);
  }
  issuance->news = err == STARDELEG_OK ? SDG_NEWS_MOVED : SDG_NEWS_NONE;
  return err;
}

/* No certificate is to come any more. */
static stardeleg_err finish(sdg_issuance *issuance)
{
  stardeleg_problem problem;

  if (has_certificate(sdg_renewing_of(issuance))) {
    sdg_published_rest(issuance, STARDELEG_TIME_NEVER);
    return STARDELEG_OK;
  }
  sdg_problem_set(&problem, STARDELEG_ACME_MALFORMED,
                  "end-date has come too near for a certificate of this CA, valid for %lld s",
                  (long long)issuance->issuer->supply.validity_s);
  problem.status = 0;
  return sdg_published_fail(issuance, &problem);
}

static bool is_paused(const sdg_renewing *renewing, stardeleg_time now)
{
  return renewing->pause.wait_until != STARDELEG_TIME_NONE && renewing->pause.wait_until > now;
}

/* Between two certificates the CA is asked for its wishes; |*at| may become earlier by that, or by its answers. */
static stardeleg_err ask_watch(sdg_issuance *issuance, sdg_step *step, stardeleg_time now, stardeleg_time *at)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_err err;

  if (!renewing->has_watch) {
    return STARDELEG_OK;
  }
  err = sdg_renewal_watch_ask(&renewing->watch, issuance->issuer->session, step, now);
  if (err == STARDELEG_OK && step->kind == SDG_STEP_WAIT) {
    *at = sdg_time_min(*at, step->at);
  }
  return err;
}

/* The job ends here and the record says when there is something to do again; before the first certificate, and after a
 * failure, the order is just parked. */
static void rest_until(sdg_issuance *issuance, sdg_step *step, stardeleg_time at)
{
  step->at = at;
  if (has_certificate(sdg_renewing_of(issuance)) && issuance->order->renew_at != at) {
    sdg_published_rest(issuance, at);
  }
}

static stardeleg_err ask_rest(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_time at = STARDELEG_TIME_NEVER;
  stardeleg_err err = choose_moment(issuance, now, &at);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (at == STARDELEG_TIME_NEVER && !(issuance->order->compat && renewing->has_watch)) {
    return finish(issuance);
  }
  if (at > now) {
    err = ask_watch(issuance, step, now, &at);
    if (err == STARDELEG_OK && step->kind == SDG_STEP_WAIT) {
      rest_until(issuance, step, at);
    }
    return err;
  }
  if (is_paused(renewing, now)) {
    step->at = renewing->pause.wait_until;
    return STARDELEG_OK;
  }
  err = begin_round(issuance, now);
  return err == STARDELEG_ERR_EXPIRED ? finish(issuance) : err;
}

/* --- The certificate --- */

static void ask_certificate(sdg_renewing *renewing, sdg_step *step, stardeleg_time now)
{
  if (!sdg_errand_waits(&renewing->fetching, step, now)) {
    step->kind = SDG_STEP_FETCH;
    step->url = renewing->flow.order.certificate;
    step->accept = "application/pem-certificate-chain";
    step->response_max = SDG_CHAIN_BYTES_MAX;
  }
}

/* What the certificate's own renewalInfo is called; a certificate without an authority key identifier has none. */
static stardeleg_err watch_it(sdg_issuance *issuance)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  const sdg_acme_directory *directory = sdg_session_directory(issuance->issuer->session);
  sdg_buf id;
  stardeleg_err err;

  sdg_renewing_drop_watch(renewing);
  if (directory == NULL || directory->renewal_info == NULL ||
      (issuance->order->renew_at == STARDELEG_TIME_NEVER && !issuance->order->compat)) {
    return STARDELEG_OK; /* nobody would be told: ordinary clients ask us, when to renew */
  }
  sdg_buf_init(&id, 512);
  err = sdg_certificate_id(&id, sdg_buf_bytes(&renewing->published.leaf));
  if (err == STARDELEG_OK) {
    err = sdg_renewal_watch_init(&renewing->watch, sdg_buf_str(&id), renewing->published.held.not_after);
    renewing->has_watch = err == STARDELEG_OK;
  }
  sdg_buf_clear(&id);
  return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK;
}

static stardeleg_err take_new(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_problem problem;
  stardeleg_err err = sdg_published_take(&renewing->published, issuance, result->response->body, renewing->ordered_at,
                                         now, &problem);

  if (err == STARDELEG_ERR_POLICY) {
    /* Whatever it is, the delegate has its key, and finds it in the logs of certificates. */
    err = sdg_renewing_refuse(issuance, result->response->body);
    return err == STARDELEG_OK ? fail_round(issuance, &problem, now) : err;
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_renewing_drop_flow(renewing);
  sdg_errand_init(&renewing->pause);
  renewing->replaces_nothing = false;
  err = watch_it(issuance);
  if (err == STARDELEG_OK && renewing->has_watch) {
    issuance->order->renew_at = now; /* to ask for its window */
  }
  return STARDELEG_OK; /* it is here, watched or not */
}

static stardeleg_err take_certificate(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);

  if (issuance->order->cancel) { /* what has come is no longer wanted */
    return result->err == STARDELEG_OK ? sdg_renewing_refuse(issuance, result->response->body)
                                       : sdg_renewing_abandon(issuance);
  }
  if (result->err == STARDELEG_OK) {
    return take_new(issuance, result, now);
  }
  if (sdg_errand_retries(&renewing->fetching, issuance->issuer->ido->agent, result, now)) {
    sdg_issuance_tell_try(issuance, renewing->fetching.tries, &renewing->fetching.problem);
    return STARDELEG_OK;
  }
  return fail_round(issuance, result->problem, now);
}

/* --- The steps --- */

/* The order at the CA has come to nothing. */
static stardeleg_err lose_flow(sdg_issuance *issuance, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_problem problem = renewing->flow.problem;

  if (issuance->order->cancel) {
    return sdg_renewing_abandon(issuance);
  }
  if (problem.detail[0] == '\0' && renewing->flow.state != SDG_FLOW_FAILED) {
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the CA's order has no certificate");
    problem.status = 0;
  }
  return fail_round(issuance, &problem, now);
}

static stardeleg_err ask_flow(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  sdg_order_flow *flow = &renewing->flow;
  stardeleg_err err = STARDELEG_OK;

  if (flow->state == SDG_FLOW_VALID && flow->order.certificate != NULL) {
    ask_certificate(renewing, step, now);
    return STARDELEG_OK;
  }
  if (flow->state != SDG_FLOW_VALID) {
    err = sdg_order_flow_ask(flow, issuance->issuer->session, issuance->issuer->ido->agent, step, now);
  }
  if (err == STARDELEG_OK &&
      (flow->state == SDG_FLOW_FAILED || flow->state == SDG_FLOW_CANCELED || flow->state == SDG_FLOW_VALID)) {
    return lose_flow(issuance, now);
  }
  return err;
}

stardeleg_err sdg_renewing_ask(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  if (sdg_renewing_is_ending(issuance)) {
    return sdg_renewing_ask_end(issuance, step, now);
  }
  return sdg_renewing_of(issuance)->has_flow ? ask_flow(issuance, step, now) : ask_rest(issuance, step, now);
}

/* The CA did not take it for a replacement, so it counts after all: ordered as what it is, now or when the budget has
 * room again. */
static stardeleg_err count_late(sdg_issuance *issuance, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  bool paid = false;
  stardeleg_err err;

  renewing->replaces_nothing = true;
  err = pay(issuance, now, &paid);
  if (err == STARDELEG_OK && !paid) {
    sdg_renewing_drop_flow(renewing); /* the CA has no order of it */
  }
  issuance->news = SDG_NEWS_MOVED;
  return err;
}

static stardeleg_err take_flow(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_order_flow *flow = &sdg_renewing_of(issuance)->flow;
  sdg_flow_change change = SDG_FLOW_SAME;
  stardeleg_err err = sdg_order_flow_take(flow, issuance->issuer->session, issuance->issuer->ido->agent, result, now,
                                          &change);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_issuance_tell_try(issuance, flow->tries, &flow->problem);
  if (flow->replaces_refused && !sdg_renewing_of(issuance)->counted) {
    err = count_late(issuance, now);
    if (err != STARDELEG_OK || !sdg_renewing_of(issuance)->has_flow) {
      return err;
    }
  }
  if (flow->state == SDG_FLOW_FAILED || flow->state == SDG_FLOW_CANCELED) {
    return lose_flow(issuance, now);
  }
  issuance->news = change != SDG_FLOW_SAME ? SDG_NEWS_MOVED : issuance->news;
  return STARDELEG_OK;
}

static stardeleg_err take_watch(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  bool changed = false;
  stardeleg_err err = sdg_renewal_watch_take(&sdg_renewing_of(issuance)->watch, issuance->issuer->ido->agent, result,
                                             now, &changed);

  if (err == STARDELEG_OK) {
    issuance->news = SDG_NEWS_MOVED;
  }
  return err;
}

stardeleg_err sdg_renewing_take(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);

  if (sdg_renewing_awaits_end(renewing)) {
    return sdg_renewing_take_end(issuance, result, now);
  }
  if (!renewing->has_flow) {
    return renewing->has_watch ? take_watch(issuance, result, now) : STARDELEG_OK;
  }
  if (renewing->flow.state == SDG_FLOW_VALID) {
    return take_certificate(issuance, result, now);
  }
  return take_flow(issuance, result, now);
}
