/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_order.c -- the order side of a delegation: a table of states (RFC 9115 2.2, 2.3.2).
 *
 * The holder (ndc_hold.c) fetches certificates of the current order meanwhile; a new order takes its place only when
 * its first certificate is in hand. */
#include "ndc/ndc_order.h"

#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"

/* --- Failures --- */

void sdg_ndc_step_failed(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time retry_at,
                         stardeleg_time now)
{
  int64_t max = sdg_ndc_pause_max(d, false, now);

  d->tries += d->tries < UINT32_MAX ? 1 : 0;
  d->wait_until =
      sdg_time_add(now, sdg_backoff_ms(d->tries, d->ndc->options.backoff_min_ms, max, sdg_agent_random(d->ndc->agent)));
  if (retry_at != STARDELEG_TIME_NONE && retry_at > d->wait_until) {
    d->wait_until = retry_at;
  }
  if (d->was_ended) {
    return; /* nobody waits for it */
  }
  /* Once an order was cancelled, that is what the program must hear, not why we cannot learn more. */
  sdg_ndc_tell_failed(d, d->cause != NULL ? d->cause : problem, d->wait_until);
}

void sdg_ndc_step_refused(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time now)
{
  d->wait_until = sdg_time_add(now, sdg_ndc_pause_max(d, false, now));
  if (!d->was_ended) {
    sdg_ndc_tell_failed(d, problem, d->wait_until);
  }
}

void sdg_ndc_drop_pending(sdg_ndc_delegation *d)
{
  if (d->pending != NULL) {
    if (d->current == NULL || strcmp(d->current->key, d->pending->key) != 0) {
      sdg_ndc_discard_key(d, d->pending->key);
    }
    sdg_ndc_pending_free(d->pending);
    d->pending = NULL;
  }
}

/* Errors that the same order would only meet again. */
static bool needs_person(const stardeleg_problem *problem)
{
  switch (problem->acme) {
  case STARDELEG_ACME_BAD_CSR:
  case STARDELEG_ACME_BAD_PUBLIC_KEY:
  case STARDELEG_ACME_MALFORMED:
  case STARDELEG_ACME_REJECTED_IDENTIFIER:
  case STARDELEG_ACME_UNAUTHORIZED:
  case STARDELEG_ACME_UNKNOWN_DELEGATION:
  case STARDELEG_ACME_UNSUPPORTED_IDENTIFIER:
  case STARDELEG_ACME_USER_ACTION_REQUIRED:
    return true;
  default:
    return false;
  }
}

stardeleg_err sdg_ndc_order_failed(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time now)
{
  const stardeleg_ndc_options *o = &d->ndc->options;
  stardeleg_problem told = *problem; /* it may be the flow's, which is about to go */
  int64_t pause = sdg_ndc_pause_max(d, false, now);
  stardeleg_err err;

  if (sdg_ndc_kind_refused(d, &told, now) || !needs_person(&told)) {
    pause = sdg_backoff_ms(d->order_tries, o->backoff_min_ms, pause, sdg_agent_random(d->ndc->agent));
  }
  d->wait_until = sdg_time_max(sdg_time_add(now, pause), told.retry_at);
  sdg_ndc_drop_pending(d);
  d->state = SDG_NDC_OBJECT;
  d->tries = 0;
  sdg_ndc_set_reason(d, &told);
  err = sdg_ndc_save(d);
  sdg_ndc_tell_failed(d, &told, d->wait_until);
  return err;
}

/* --- REST --- */

static stardeleg_err ask_rest(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  stardeleg_time due = sdg_ndc_order_due(d);

  if (d->look && d->current != NULL && d->current->order_url != NULL) {
    d->state = SDG_NDC_LOOK;
  } else if (d->check || due <= sdg_ndc_time(d->ndc, now)) {
    d->state = SDG_NDC_OBJECT;
  } else {
    step->at = sdg_ndc_wait_for(d->ndc, due);
    return STARDELEG_OK;
  }
  return sdg_ndc_ask_state(d, step, now);
}

static stardeleg_err take_nothing(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  (void)d;
  (void)result;
  (void)now;
  return STARDELEG_OK;
}

/* --- OBJECT --- */

static stardeleg_err ask_object(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  const sdg_acme_directory *directory = sdg_session_directory(d->ndc->session);

  if (directory == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  if (!directory->delegation_enabled) {
    /* Discovery tells the program (RFC 9115 2.3.4); nothing is ordered from a server that does not know the profile. */
    d->wait_until = sdg_time_add(now, d->ndc->options.backoff_max_ms);
    step->at = d->wait_until;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_FETCH;
  step->url = d->url;
  step->response_max = 128u * 1024u;
  return STARDELEG_OK;
}

/* The server's word that there is no such delegation for us, as opposed to any other trouble. */
static bool is_gone(const sdg_result *result)
{
  if (result->err != STARDELEG_ERR_PROBLEM) {
    return false;
  }
  switch (result->problem->acme) {
  case STARDELEG_ACME_UNKNOWN_DELEGATION:
    return true;
  case STARDELEG_ACME_NONE:
  case STARDELEG_ACME_MALFORMED:
  case STARDELEG_ACME_UNAUTHORIZED:
  case STARDELEG_ACME_AUTO_RENEWAL_CANCELED:
    return result->status == 403 || result->status == 404 || result->status == 410;
  default:
    return false;
  }
}

static stardeleg_err object_refused(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  stardeleg_problem problem;
  bool is_due = sdg_ndc_order_due(d) <= sdg_ndc_time(d->ndc, now);

  if (!is_gone(result)) {
    sdg_ndc_step_failed(d, result->problem, result->retry_at, now);
    return STARDELEG_OK;
  }
  if (d->cause != NULL || d->was_ended) {
    return sdg_ndc_end(d, result->problem, now);
  }
  if (is_due && d->withdrawn) {
    sdg_problem_set(&problem, STARDELEG_ACME_UNKNOWN_DELEGATION, "the delegation is no longer offered");
    problem.status = 0;
    return sdg_ndc_end(d, &problem, now);
  }
  if (!is_due) {
    /* Only asked whether the template has changed; whether it is still offered is for the list to say. */
    d->state = SDG_NDC_REST;
    d->check = false;
    d->checked_at = now;
    return sdg_ndc_save(d);
  }
  sdg_ndc_step_refused(d, result->problem, now);
  return STARDELEG_OK;
}

static stardeleg_err object_known(sdg_ndc_delegation *d, sdg_ndc_plan *plan, stardeleg_time now)
{
  bool changed = d->current == NULL || strcmp(d->current->template_id, plan->template_id) != 0;
  stardeleg_time earliest;

  d->tries = 0;
  d->check = false;
  d->checked_at = now;
  d->last_success = now;
  if (!changed && sdg_ndc_order_due(d) > sdg_ndc_time(d->ndc, now)) {
    d->state = SDG_NDC_REST;
    sdg_ndc_clear_reason(d);
    return sdg_ndc_save(d);
  }
  if (d->order_tries > 0 && d->ordered_at != STARDELEG_TIME_NONE) {
    /* Orders that come to nothing (cancelled at once, never renewed) must not follow each other without a pause. */
    earliest = sdg_time_add(d->ordered_at, sdg_backoff_ms(d->order_tries, d->ndc->options.backoff_min_ms,
                                                          sdg_ndc_pause_max(d, false, now), 0));
    if (now < earliest) {
      d->wait_until = earliest;
      return STARDELEG_OK;
    }
  }
  return sdg_ndc_begin_order(d, plan, now);
}

static stardeleg_err take_object(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_plan plan;
  stardeleg_problem problem;
  stardeleg_err err;

  if (result->err != STARDELEG_OK) {
    return object_refused(d, result, now);
  }
  err = sdg_ndc_plan_make(&plan, d->ndc, result->response->body, &problem);
  if (err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_POLICY) {
    sdg_ndc_step_refused(d, &problem, now);
    return STARDELEG_OK;
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  err = object_known(d, &plan, now);
  sdg_ndc_plan_clear(&plan);
  return err;
}

/* --- LOOK --- */

static stardeleg_err ask_look(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  (void)now;
  if (d->current == NULL || d->current->order_url == NULL) {
    d->state = SDG_NDC_REST;
    step->at = now;
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_FETCH;
  step->url = d->current->order_url;
  return STARDELEG_OK;
}

/* The order is alive: perhaps with another URL or other dates. */
static stardeleg_err keep_reflected(sdg_ndc_delegation *d, const sdg_acme_order *order)
{
  sdg_ndc_current *c = d->current;
  sdg_auto_renewal renewal;
  char *url;

  if (order->auto_renewal != NULL && sdg_auto_renewal_parse(&renewal, order->auto_renewal, NULL) == STARDELEG_OK) {
    c->renewal = renewal;
  }
  if (order->star_certificate != NULL && strcmp(order->star_certificate, c->certificate_url) != 0 &&
      sdg_ndc_check_star_url(d->ndc, order->star_certificate) == STARDELEG_OK) {
    url = sdg_strdup(order->star_certificate);
    if (url == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    sdg_free(c->certificate_url);
    c->certificate_url = url;
    sdg_free(c->etag);
    c->etag = NULL;
    sdg_ndc_log(d->ndc, STARDELEG_LOG_INFO, "ndc.certificate.moved", d, "the order names another certificate URL");
  }
  return sdg_ndc_save(d);
}

static stardeleg_err take_look(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  sdg_acme_order order = {0};
  stardeleg_problem problem;
  stardeleg_err err = STARDELEG_OK;

  d->look = false;
  d->state = SDG_NDC_REST;
  if (result->err != STARDELEG_OK || d->current == NULL || d->current->over != SDG_NDC_LIVE) {
    return STARDELEG_OK; /* the holder goes on trying and will have us look again */
  }
  err = sdg_acme_order_parse(&order, result->response->body, NULL);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK;
  }
  if (order.status == SDG_ORDER_CANCELED) {
    sdg_problem_set(&problem, STARDELEG_ACME_AUTO_RENEWAL_CANCELED, "the order has been cancelled");
    err = sdg_ndc_canceled(d, false, &problem, now);
  } else if (order.status == SDG_ORDER_INVALID) {
    err = sdg_ndc_expired(d, now);
  } else {
    err = keep_reflected(d, &order);
  }
  sdg_acme_order_clear(&order);
  return err;
}

/* --- ENDED --- */

static stardeleg_err ask_ended(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  (void)d;
  (void)now;
  step->at = STARDELEG_TIME_NEVER;
  return STARDELEG_OK;
}

/* --- The table --- */

static const sdg_ndc_row rows[] = {
    {SDG_NDC_REST, "rest", ask_rest, take_nothing},
    {SDG_NDC_OBJECT, "object", ask_object, take_object},
    {SDG_NDC_ORDER, "order", sdg_ndc_ask_flow, sdg_ndc_take_flow},
    {SDG_NDC_PICKUP, "pickup", sdg_ndc_ask_pickup, sdg_ndc_take_first},
    {SDG_NDC_LOOK, "look", ask_look, take_look},
    {SDG_NDC_ENDED, "ended", ask_ended, take_nothing},
};

const char *sdg_ndc_state_name(sdg_ndc_state state)
{
  return rows[(size_t)state < sizeof(rows) / sizeof(rows[0]) ? (size_t)state : 0].name;
}

stardeleg_err sdg_ndc_ask_state(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  bool waits = d->state == SDG_NDC_OBJECT || d->state == SDG_NDC_PICKUP || d->state == SDG_NDC_LOOK;

  if (waits && d->wait_until != STARDELEG_TIME_NONE && now < d->wait_until) {
    step->at = d->wait_until;
    return STARDELEG_OK;
  }
  return rows[d->state].ask(d, step, now);
}

/* Without an account: an order that is valid already, if its certificate comes by plain GET. */
static bool may_go_on(const sdg_ndc_delegation *d)
{
  return d->state == SDG_NDC_PICKUP && !d->pending->is_signed;
}

static stardeleg_err ask(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_ndc_delegation *d = (sdg_ndc_delegation *)job;
  stardeleg_err err;

  if (d->dirty) {
    /* What the last answer changed is saved before the next step. */
    err = sdg_ndc_save(d);
    if (err != STARDELEG_OK) {
      return err;
    }
  }
  if (d->ndc->account_state != STARDELEG_NDC_ACCOUNT_IN_USE && !may_go_on(d)) {
    step->at = STARDELEG_TIME_NEVER; /* nothing is signed with that key any more */
    d->asked = d->state;
    return STARDELEG_OK;
  }
  err = sdg_ndc_ask_state(d, step, now);
  d->asked = d->state;
  return err;
}

static stardeleg_err take(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_delegation *d = (sdg_ndc_delegation *)job;

  sdg_ndc_clock_see(d->ndc, result, now);
  if (d->asked != d->state) {
    return STARDELEG_OK; /* discovery or the holder has changed the state meanwhile */
  }
  return rows[d->state].take(d, result, now);
}

const sdg_job_ops sdg_ndc_order_ops = {ask, take};
