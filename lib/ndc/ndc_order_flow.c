/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_order_flow.c -- one order: key, CSR, newOrder to the URL of the certificate, first certificate. */
#include "ndc/ndc_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "template/shape.h"

/* --- Beginning --- */

/* True if the key in use may serve the next order: by policy, and if the template takes it. */
static bool keeps_key(const sdg_ndc_delegation *d, const sdg_ndc_plan *plan, stardeleg_time t)
{
  const sdg_ndc_current *c = d->current;
  int64_t lifetime_s = plan->policy.key_lifetime_s;
  stardeleg_key *key = NULL;
  bool fits;

  /* A cancelled order's key may be the reason of the cancellation. */
  if (c == NULL || c->over == SDG_NDC_CANCELED || lifetime_s == STARDELEG_NDC_KEY_EACH_ORDER ||
      (lifetime_s > 0 && t - c->key_made_at >= lifetime_s * SDG_TIME_S) ||
      sdg_ndc_key_load(d->ndc, c->key, &key) != STARDELEG_OK) {
    return false;
  }
  fits = sdg_template_takes_key(plan->tmpl, sdg_key_info(key));
  stardeleg_key_free(key);
  return fits;
}

static stardeleg_err name_key(sdg_ndc_pending *pending, const sdg_ndc_delegation *d, const sdg_ndc_plan *plan,
                              stardeleg_time t)
{
  if (keeps_key(d, plan, t)) {
    (void)snprintf(pending->key, sizeof(pending->key), "%s", d->current->key);
    pending->key_made_at = d->current->key_made_at;
    return STARDELEG_OK;
  }
  pending->key_made_at = t;
  return sdg_ndc_key_name(d->ndc, pending->key);
}

static stardeleg_err make_pending(sdg_ndc_pending **out, sdg_ndc_delegation *d, const sdg_ndc_plan *plan,
                                  const char *payload, stardeleg_time now)
{
  const stardeleg_ndc_options *o = &d->ndc->options;
  sdg_ndc_pending *pending = sdg_calloc(1, sizeof(*pending));
  stardeleg_err err;

  if (pending == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  pending->ordered_at = sdg_ndc_time(d->ndc, now);
  pending->give_up_at = STARDELEG_TIME_NONE;
  pending->star = plan->star;
  (void)snprintf(pending->template_id, sizeof(pending->template_id), "%s", plan->template_id);
  pending->template_text = sdg_strdup(stardeleg_template_json(plan->tmpl));
  err = pending->template_text != NULL ? name_key(pending, d, plan, pending->ordered_at) : STARDELEG_ERR_NOMEM;
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

static stardeleg_err get_key(sdg_ndc_delegation *d, const sdg_ndc_plan *plan, stardeleg_key **key,
                             stardeleg_problem *problem)
{
  stardeleg_key_spec spec = stardeleg_template_key_spec(plan->tmpl, d->ndc->options.crypto);

  if (d->current != NULL && strcmp(d->current->key, d->pending->key) == 0) {
    return sdg_ndc_key_load(d->ndc, d->pending->key, key);
  }
  if (spec == STARDELEG_KEY_NONE) {
    sdg_problem_set(problem, STARDELEG_ACME_BAD_CSR, "the template allows no kind of key that can be made here");
    return STARDELEG_ERR_POLICY;
  }
  return sdg_ndc_key_provide(d, d->pending->key, spec, key);
}

static stardeleg_err make_csr(sdg_ndc_delegation *d, const sdg_ndc_plan *plan, stardeleg_problem *problem)
{
  stardeleg_key *key = NULL;
  uint8_t *der = NULL;
  size_t len = 0;
  stardeleg_err err = get_key(d, plan, &key, problem);

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
  const stardeleg_ndc_options *o = &d->ndc->options;
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
    /* Ours to mend, not the server's: while keys cannot be had it is not asked for the delegation every second. */
    sdg_ndc_drop_pending(d);
    d->state = SDG_NDC_OBJECT;
    d->dirty = true;
    d->wait_until =
        sdg_time_add(now, sdg_backoff_ms(d->order_tries, o->backoff_min_ms, sdg_ndc_pause_max(d, false, now),
                                         sdg_agent_random(d->ndc->agent)));
  }
  return err;
}

stardeleg_err sdg_ndc_begin_order(sdg_ndc_delegation *d, sdg_ndc_plan *plan, stardeleg_time now)
{
  stardeleg_problem problem;
  sdg_buf payload;
  stardeleg_err err;

  sdg_problem_clear(&problem);
  sdg_buf_init(&payload, 128u * 1024u);
  err = sdg_ndc_plan_payload(plan, d, &payload, now, &problem);
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

/* --- Its steps --- */

static bool is_resting(const sdg_order_flow *flow)
{
  return flow->state == SDG_FLOW_VALID || flow->state == SDG_FLOW_CANCELED || flow->state == SDG_FLOW_FAILED;
}

stardeleg_err sdg_ndc_ask_flow(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  stardeleg_err err;

  if (is_resting(&d->pending->flow)) {
    err = sdg_ndc_settle(d, now); /* killed, or the store failed, between the flow's end and our next state */
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
    return sdg_ndc_settle(d, now);
  }
  if (result->err == STARDELEG_OK) {
    d->last_success = now;
    sdg_ndc_clear_reason(d);
  } else if (flow->tries > 0) {
    sdg_ndc_tell_failed(d, result->problem, flow->wait_until);
  }
  return change == SDG_FLOW_MOVED ? sdg_ndc_save(d) : STARDELEG_OK;
}
