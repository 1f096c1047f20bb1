/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_order_flow.c -- one order: key, CSR, newOrder to the URL of the certificate, first certificate. */
#include "ndc/ndc_order.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"

/* How long a valid order may keep us waiting for its first certificate. */
#define PICKUP_PATIENCE SDG_TIME_DAY

/* --- Beginning --- */

static stardeleg_err make_pending(sdg_ndc_pending **out, sdg_ndc_delegation *d, const sdg_ndc_plan *plan,
                                  const char *payload, stardeleg_time now)
{
  const stardeleg_ndc_options *o = &d->ndc->options;
  sdg_ndc_pending *pending = sdg_calloc(1, sizeof(*pending));
  stardeleg_err err;

  if (pending == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  pending->ordered_at = now;
  pending->give_up_at = STARDELEG_TIME_NONE;
  (void)snprintf(pending->template_id, sizeof(pending->template_id), "%s", plan->template_id);
  err = sdg_ndc_key_name(d->ndc, pending->key);
  if (err == STARDELEG_OK) {
    err = sdg_identifiers_copy(&pending->names, plan->names.items, plan->names.count);
  }
  if (err == STARDELEG_OK) {
    err = sdg_order_flow_init(&pending->flow, payload);
  }
  if (err != STARDELEG_OK) {
    sdg_ndc_pending_free(pending);
    return err;
  }
  pending->flow.backoff_min_ms = o->backoff_min_ms;
  pending->flow.backoff_max_ms = o->backoff_max_ms;
  pending->flow.poll_min_ms = o->order_poll_ms;
  *out = pending;
  return STARDELEG_OK;
}

static stardeleg_err make_csr(sdg_ndc_delegation *d, const sdg_ndc_plan *plan, stardeleg_problem *problem)
{
  const stardeleg_crypto *crypto = d->ndc->options.crypto;
  stardeleg_key_spec spec = stardeleg_template_key_spec(plan->tmpl, crypto);
  stardeleg_key *key = NULL;
  uint8_t *der = NULL;
  size_t len = 0;
  stardeleg_err err;

  if (spec == STARDELEG_KEY_NONE) {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_CSR, "the template allows no kind of key that can be made here");
    return STARDELEG_ERR_POLICY;
  }
  err = sdg_ndc_key_make(d->ndc, d->pending->key, spec, &key);
  if (err == STARDELEG_OK) {
    err = stardeleg_template_build(plan->tmpl, key, plan->choices, plan->choice_count, &der, &len, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_order_flow_set_csr(&d->pending->flow, sdg_bytes(der, len));
  }
  free(der);
  stardeleg_key_free(key);
  return err;
}

static stardeleg_err keep_name(sdg_ndc_delegation *d, const sdg_ndc_plan *plan)
{
  if (d->name == NULL) {
    d->name = sdg_strdup(plan->names.items[0].value);
  }
  return d->name != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

/* The record names the key before there is one, the key is kept before its CSR exists, the CSR is kept before the order
 * is asked for: whenever the process is killed, no key is lost and none is left behind. */
static stardeleg_err start(sdg_ndc_delegation *d, const sdg_ndc_plan *plan, stardeleg_time now,
                           stardeleg_problem *problem)
{
  uint32_t tries = d->order_tries;
  stardeleg_err err;

  d->state = SDG_NDC_ORDER;
  d->order_tries += d->order_tries < UINT32_MAX ? 1 : 0;
  err = keep_name(d, plan);
  if (err == STARDELEG_OK) {
    err = sdg_ndc_save(d);
  }
  if (err == STARDELEG_OK) {
    err = make_csr(d, plan, problem);
  }
  if (err == STARDELEG_OK) {
    d->ordered_at = now;
    d->wait_until = STARDELEG_TIME_NONE;
    d->was_ended = false;
    return sdg_ndc_save(d);
  }
  if (err != STARDELEG_ERR_POLICY && err != STARDELEG_ERR_BAD_KEY) {
    d->order_tries = tries;
    sdg_ndc_drop_pending(d);
    d->state = SDG_NDC_OBJECT;
    d->dirty = true;
  }
  return err;
}

stardeleg_err sdg_ndc_begin_order(sdg_ndc_delegation *d, const sdg_ndc_plan *plan, stardeleg_time now)
{
  stardeleg_problem problem;
  sdg_buf payload;
  stardeleg_err err;

  sdg_problem_clear(&problem);
  sdg_buf_init(&payload, 128u * 1024u);
  err = sdg_ndc_plan_payload(plan, d->ndc, d->url, &payload, now, &problem);
  if (err == STARDELEG_ERR_POLICY) {
    sdg_ndc_step_refused(d, &problem, now);
    err = STARDELEG_OK;
    goto out;
  }
  if (err == STARDELEG_OK) {
    err = make_pending(&d->pending, d, plan, sdg_buf_str(&payload), now);
  }
  if (err != STARDELEG_OK) {
    goto out;
  }
  err = start(d, plan, now, &problem);
  if (err == STARDELEG_ERR_POLICY || err == STARDELEG_ERR_BAD_KEY) {
    problem.status = 0; /* our own choices or keys do not fit the template */
    if (problem.acme == STARDELEG_ACME_NONE) {
      sdg_problem_set(&problem, STARDELEG_ACME_BAD_CSR, "no CSR can be made for this template: %s",
                      stardeleg_strerror(err));
      problem.status = 0;
    }
    err = sdg_ndc_order_failed(d, &problem, now);
  }
out:
  sdg_buf_clear(&payload);
  return err;
}

/* --- The flow has come to rest --- */

static stardeleg_err fail_text(sdg_ndc_delegation *d, const char *place, const char *detail, stardeleg_time now)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "%s", detail);
  problem.status = 0;
  sdg_problem_set_place(&problem, sdg_bytes_str(place));
  return sdg_ndc_order_failed(d, &problem, now);
}

/* True if the order says that plain GET was asked for and not granted. */
static bool is_get_refused(const sdg_order_flow *flow)
{
  const sdg_json *granted = sdg_json_member(flow->has_order ? flow->order.auto_renewal : NULL, "allow-certificate-get");

  return sdg_json_type_of(granted) == SDG_JSON_BOOL && !sdg_json_bool(granted);
}

static const char no_get_place[] = "/auto-renewal/allow-certificate-get";

/* RFC 8739 3.1.1: what the server reflects is what holds; an order that lacks it is no STAR order. */
static stardeleg_err accept_valid(sdg_ndc_delegation *d, stardeleg_time now)
{
  const sdg_acme_order *order = &d->pending->flow.order;
  sdg_auto_renewal renewal;
  stardeleg_problem problem;
  stardeleg_err err;

  if (order->auto_renewal == NULL) {
    return fail_text(d, "/auto-renewal", "the order came back without auto-renewal", now);
  }
  sdg_problem_clear(&problem);
  err = sdg_auto_renewal_parse(&renewal, order->auto_renewal, &problem);
  if (err == STARDELEG_ERR_MALFORMED) {
    problem.status = 0;
    return sdg_ndc_order_failed(d, &problem, now);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (!renewal.certificate_get) {
    return fail_text(d, no_get_place, "the order does not grant unauthenticated GET of its certificate", now);
  }
  if (renewal.end_at <= now) {
    return fail_text(d, "/auto-renewal/end-date", "the order has ended before it began", now);
  }
  if (sdg_ndc_check_star_url(d->ndc, order->star_certificate) != STARDELEG_OK) {
    return fail_text(d, "/star-certificate", "the order names no certificate URL that may be used", now);
  }
  d->state = SDG_NDC_PICKUP;
  d->pending->give_up_at = sdg_time_add(now, PICKUP_PATIENCE);
  d->tries = 0;
  d->wait_until = STARDELEG_TIME_NONE;
  sdg_ndc_clear_reason(d);
  return sdg_ndc_save(d);
}

static stardeleg_err settle(sdg_ndc_delegation *d, stardeleg_time now)
{
  const sdg_order_flow *flow = &d->pending->flow;
  stardeleg_problem problem;

  if (flow->state == SDG_FLOW_VALID) {
    return accept_valid(d, now);
  }
  if (flow->state == SDG_FLOW_CANCELED) {
    sdg_problem_set(&problem, STARDELEG_ACME_AUTO_RENEWAL_CANCELED, "the order has been cancelled");
    return sdg_ndc_canceled(d, true, &problem, now);
  }
  if (is_get_refused(flow) && flow->order.status == SDG_ORDER_INVALID) {
    /* RFC 9115 2.3.2: the IdO's way of saying what its CA lacks. */
    return fail_text(
        d, no_get_place,
        "the CA does not hand out certificates by unauthenticated GET, so it cannot be used for delegation", now);
  }
  return sdg_ndc_order_failed(d, &flow->problem, now);
}

static bool is_resting(const sdg_order_flow *flow)
{
  return flow->state == SDG_FLOW_VALID || flow->state == SDG_FLOW_CANCELED || flow->state == SDG_FLOW_FAILED;
}

stardeleg_err sdg_ndc_ask_flow(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  stardeleg_err err;

  if (is_resting(&d->pending->flow)) {
    err = settle(d, now); /* killed, or the store failed, between the flow's end and our next state */
    return err == STARDELEG_OK ? sdg_ndc_ask_state(d, step, now) : err;
  }
  return sdg_order_flow_ask(&d->pending->flow, d->ndc->session, d->ndc->agent, step, now);
}

stardeleg_err sdg_ndc_take_flow(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  sdg_order_flow *flow = &d->pending->flow;
  sdg_flow_change change = SDG_FLOW_SAME;
  stardeleg_err err = sdg_order_flow_take(flow, d->ndc->session, d->ndc->agent, result, now, &change);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (change == SDG_FLOW_ENDED) {
    d->dirty = true;
    return settle(d, now);
  }
  if (result->err == STARDELEG_OK) {
    d->last_success = now;
    sdg_ndc_clear_reason(d);
  } else if (flow->tries > 0) {
    sdg_ndc_tell_failed(d, result->problem, flow->wait_until);
  }
  return change == SDG_FLOW_MOVED ? sdg_ndc_save(d) : STARDELEG_OK;
}

/* --- The first certificate --- */

stardeleg_err sdg_ndc_ask_pickup(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  stardeleg_err err;

  if (d->pending->give_up_at != STARDELEG_TIME_NONE && now > d->pending->give_up_at) {
    err = fail_text(d, "/star-certificate", "the valid order has brought no usable certificate for a day", now);
    return err == STARDELEG_OK ? sdg_ndc_ask_state(d, step, now) : err;
  }
  step->kind = SDG_STEP_GET;
  step->url = d->pending->flow.order.star_certificate;
  step->accept = "application/pem-certificate-chain";
  step->response_max = SDG_NDC_CHAIN_MAX;
  return STARDELEG_OK;
}
