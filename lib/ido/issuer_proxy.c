/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_proxy.c -- another owner that delegates to us: orders are passed on to it (RFC 9115 2.4).
 *
 * The delegate's request was checked against our own template when it came; then it goes on byte by byte, under the
 * delegation that our account has upstream (AMB-07, AMB-08). */
#include <string.h>

#include "base/time.h"
#include "ido/ido_internal.h"
#include "ido/issuer_forward.h"
#include "ido/issuer_search.h"

static stardeleg_err open_proxy(sdg_issuer *issuer, const stardeleg_issuer_options *options, stardeleg_problem *problem)
{
  stardeleg_ido_delegation request = {.names = options->alias_names};
  stardeleg_err err = sdg_ido_scope_take(&issuer->aliases, &request, problem);

  return err == STARDELEG_OK ? sdg_forward_open(issuer, options, problem) : err;
}

static void close_proxy(sdg_issuer *issuer)
{
  sdg_ido_scope_clear(&issuer->aliases);
  sdg_forward_close(issuer);
}

/* Which delegation upstream ours is bound to; empty: to be found. */
static stardeleg_err find_configured(const sdg_issuance *issuance, sdg_search **out)
{
  stardeleg_ido *ido = issuance->issuer->ido;
  const sdg_ido_delegation *delegation = NULL;
  stardeleg_err err = sdg_ido_delegations_get(ido->delegations, issuance->order->delegation, &delegation);

  if (err != STARDELEG_OK && err != STARDELEG_ERR_NOT_FOUND) {
    return err;
  }
  err = sdg_search_new(out, issuance->issuer, delegation != NULL ? delegation->upstream : NULL);
  sdg_ido_delegations_release(ido->delegations, delegation);
  return err;
}

static stardeleg_err begin(sdg_issuance *issuance)
{
  stardeleg_err err = sdg_forward_begin(issuance);
  sdg_search *search = NULL;

  if (err == STARDELEG_OK && !sdg_forward_of(issuance)->has_flow) {
    err = find_configured(issuance, &search);
    if (err != STARDELEG_OK) {
      sdg_forward_end(issuance);
      return err;
    }
    sdg_forward_of(issuance)->own = search;
  }
  return err;
}

static void end(sdg_issuance *issuance)
{
  if (issuance->state != NULL) {
    sdg_search_free(sdg_forward_of(issuance)->own);
  }
  sdg_forward_end(issuance);
}

/* RFC 9115 2.4: expires is the upstream order's, as soon as there is one.  It is shown, no more: upstream's say on how
 * long a finished order can be fetched there does not end our duty to cancel it (2.3.6.1, 7.2). */
static void copy_expires(sdg_issuance *issuance)
{
  const sdg_order_flow *flow = &sdg_forward_of(issuance)->flow;
  sdg_ido_order *order = issuance->order;

  if (!sdg_ido_order_is_disowned(order) && flow->has_order && flow->order.expires != STARDELEG_TIME_NONE) {
    if (order->keep_until == STARDELEG_TIME_NONE) { /* our own, until now */
      order->keep_until = order->wire.expires;
    }
    order->wire.expires = flow->order.expires;
  }
}

static stardeleg_err ask_search(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  sdg_search *search = forward->own;
  stardeleg_err err = STARDELEG_OK;

  if (issuance->order->cancel) {
    return sdg_forward_fail(issuance, NULL);
  }
  if (search->errand.state == SDG_ERRAND_OPEN) {
    err = sdg_search_ask(search, issuance, step, now);
  }
  if (err == STARDELEG_OK && search->errand.state == SDG_ERRAND_FAILED) {
    return sdg_forward_fail(issuance, &search->errand.problem);
  }
  if (err == STARDELEG_OK && search->errand.state == SDG_ERRAND_DONE) {
    err = sdg_forward_start(issuance, search->found);
    issuance->news = err == STARDELEG_OK ? SDG_NEWS_MOVED : SDG_NEWS_NONE;
  }
  return err;
}

/* --- An order that is valid --- */

/* How long an order's status upstream may differ from ours: an eighth of a certificate's life. */
#define LOOK_MIN (5 * SDG_TIME_MINUTE)
#define LOOK_MAX (6 * SDG_TIME_HOUR)
/* The same while it says that it does not know the order. */
#define MISSING_MAX SDG_TIME_HOUR

static void look_later(sdg_issuance *issuance, stardeleg_time now)
{
  sdg_auto_renewal renewal;
  int64_t pause = LOOK_MAX;

  if (sdg_auto_renewal_parse(&renewal, issuance->order->wire.auto_renewal, NULL) == STARDELEG_OK) {
    pause = renewal.lifetime_s * SDG_TIME_S / 8;
  }
  pause = pause < LOOK_MIN ? LOOK_MIN : pause > LOOK_MAX ? LOOK_MAX : pause;
  issuance->order->renew_at = sdg_time_add(now, pause);
  issuance->news = SDG_NEWS_VALID;
}

/* Not while it is cancelled because it is said to be gone. */
static bool is_watching(const sdg_issuance *issuance)
{
  return issuance->order->wire.status == SDG_ORDER_VALID && !issuance->order->cancel &&
         !sdg_forward_of(issuance)->flow.cancel_wanted;
}

static void ask_watch(const sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);

  if (!sdg_errand_waits(&forward->watch, step, now)) {
    step->kind = SDG_STEP_FETCH;
    step->url = forward->flow.order_url;
  }
}

/* Upstream does not show the order: perhaps it does not know it, perhaps something before it answers so.  It is looked
 * for again soon; once it is believed, an order that renews is cancelled before it counts as over: if it is there after
 * all, that ends it.  A single certificate is there, whoever knows of its order. */
static void take_missing(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  sdg_gone *gone = &forward->flow.gone;
  bool is_believed = sdg_gone_take(gone, result, now);
  stardeleg_time at;

  if (is_believed && sdg_ido_order_is_star(issuance->order)) {
    sdg_order_flow_cancel(&forward->flow);
    issuance->news = SDG_NEWS_MOVED;
    return;
  }
  sdg_issuance_tell_try(issuance, 1, result->problem);
  look_later(issuance, now);
  if (!is_believed && gone->count > 0) {
    at = sdg_time_add(now, sdg_backoff_ms(gone->count, LOOK_MIN, MISSING_MAX,
                                          sdg_agent_random(issuance->issuer->ido->agent)));
    issuance->order->renew_at = sdg_time_min(issuance->order->renew_at, at);
  }
}

/* RFC 9115 2.4: "status" is copied as it is. */
static stardeleg_err take_status(sdg_issuance *issuance, sdg_order_status status, stardeleg_time now)
{
  stardeleg_problem problem;

  switch (status) {
  case SDG_ORDER_CANCELED:
    issuance->news = SDG_NEWS_CANCELED;
    return STARDELEG_OK;
  case SDG_ORDER_INVALID:
    sdg_ido_set_ended_problem(&problem);
    return sdg_forward_fail(issuance, &problem);
  default:
    look_later(issuance, now);
    return STARDELEG_OK;
  }
}

static stardeleg_err take_watch(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  sdg_acme_order order = {0};
  stardeleg_problem problem;
  stardeleg_err err;

  if (result->err != STARDELEG_OK) {
    if (sdg_errand_retries(&forward->watch, issuance->issuer->ido->agent, result, now)) {
      sdg_issuance_tell_try(issuance, forward->watch.tries, &forward->watch.problem);
      return STARDELEG_OK;
    }
    take_missing(issuance, result, now);
    return STARDELEG_OK;
  }
  (void)sdg_gone_take(&forward->flow.gone, result, now); /* it is there */
  err = sdg_acme_order_parse(&order, result->response->body, &problem);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  err = take_status(issuance, err == STARDELEG_OK ? order.status : SDG_ORDER_VALID, now);
  sdg_acme_order_clear(&order);
  return err;
}

/* --- The steps --- */

static stardeleg_err ask(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  stardeleg_err err = STARDELEG_OK;

  if (!sdg_forward_of(issuance)->has_flow) {
    return ask_search(issuance, step, now);
  }
  if (is_watching(issuance)) {
    ask_watch(issuance, step, now);
    return STARDELEG_OK;
  }
  err = sdg_forward_ask(issuance, step, now);
  copy_expires(issuance);
  return err;
}

static stardeleg_err take(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  sdg_search *search = forward->own;
  stardeleg_err err;

  if (!forward->has_flow) {
    err = sdg_search_take(search, issuance, result, now);
    if (err == STARDELEG_OK) {
      sdg_issuance_tell_try(issuance, search->errand.tries, &search->errand.problem);
    }
    return err;
  }
  if (is_watching(issuance)) {
    return take_watch(issuance, result, now);
  }
  err = sdg_forward_take(issuance, result, now);
  copy_expires(issuance);
  if (err == STARDELEG_OK && issuance->news == SDG_NEWS_VALID) {
    look_later(issuance, now);
  }
  return err;
}

const sdg_issuer_ops sdg_issuer_proxy = {
    .kind = "proxy",
    .open = open_proxy,
    .close = close_proxy,
    .begin = begin,
    .end = end,
    .write = sdg_forward_write,
    .ask = ask,
    .take = take,
    .step_name = sdg_forward_step_name,
};
