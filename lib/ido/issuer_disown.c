/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_disown.c -- ending at the CA what is lost here. */
#include "ido/issuer_disown.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"

static const char *const phase_names[] = {"look", "cancel", "revoke", "over"};
static const char *const step_names[] = {"disown-look", "disown-cancel", "disown-revoke", ""};

const char *sdg_disown_step_name(const sdg_disown *disown)
{
  return step_names[disown->phase];
}

static void drop_ending(sdg_disown *disown)
{
  if (disown->ending != NULL) {
    sdg_ending_clear(disown->ending);
    sdg_free(disown->ending);
    disown->ending = NULL;
  }
}

void sdg_disown_free(sdg_disown *disown)
{
  if (disown != NULL) {
    drop_ending(disown);
    sdg_free(disown);
  }
}

static sdg_disown *make(const sdg_issuer *issuer)
{
  sdg_disown *disown = sdg_calloc(1, sizeof(*disown));

  if (disown != NULL) {
    sdg_errand_init(&disown->errand);
    disown->errand.backoff_min_ms = issuer->ido->options.backoff_min_ms;
    disown->errand.backoff_max_ms = issuer->ido->options.backoff_max_ms;
  }
  return disown;
}

/* --- Where an order leads --- */

/* The CA may have granted more than was asked for: it is what it renews until. */
void sdg_disown_stay(sdg_ido_order *order, const sdg_issuer *issuer, const sdg_acme_order *given)
{
  int64_t grace = issuer->ido->options.order_grace_s * SDG_TIME_S;
  stardeleg_time until = order->disown_until;
  sdg_auto_renewal renewal;

  if (until == STARDELEG_TIME_NONE) { /* later, wire.expires is how long the order is shown */
    until = order->wire.expires;
  }
  until = sdg_time_max(until, order->keep_until);
  if (sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL) == STARDELEG_OK) {
    until = sdg_time_max(until, sdg_time_add(renewal.end_at, grace));
  }
  if (given != NULL && sdg_auto_renewal_parse(&renewal, given->auto_renewal, NULL) == STARDELEG_OK) {
    until = sdg_time_max(until, sdg_time_add(renewal.end_at, grace));
  }
  if (given != NULL && given->not_after != STARDELEG_TIME_NONE) {
    until = sdg_time_max(until, given->not_after);
  }
  order->disown_until = until;
}

/* |der| empty: the certificate is at |url|. */
static stardeleg_err begin_revoking(sdg_disown *disown, const sdg_issuer *issuer, const char *url, stardeleg_bytes der)
{
  sdg_ending *ending = sdg_calloc(1, sizeof(*ending));
  stardeleg_err err = STARDELEG_ERR_NOMEM;

  if (ending != NULL) {
    err = der.len > 0 ? sdg_ending_init_der(ending, issuer, der) : sdg_ending_init(ending, issuer, url);
  }
  if (err != STARDELEG_OK) {
    sdg_free(ending);
    return err;
  }
  ending->yields = true; /* after a refusal the order is looked at again: it may stand otherwise by then */
  drop_ending(disown);
  disown->ending = ending;
  disown->phase = SDG_DISOWN_REVOKE;
  return STARDELEG_OK;
}

stardeleg_err sdg_disown_hold(sdg_disown *disown, const sdg_issuer *issuer, stardeleg_bytes der)
{
  return begin_revoking(disown, issuer, NULL, der);
}

/* What is published here is no STAR order there. */
static bool may_renew(const sdg_issuance *issuance)
{
  return sdg_ido_order_is_star(issuance->order) && !issuance->ops->publishes;
}

/* A valid order is ended as what it is, whatever was asked for. */
static stardeleg_err follow_valid(sdg_disown *disown, const sdg_issuance *issuance, const sdg_acme_order *given)
{
  if (given->auto_renewal != NULL || given->star_certificate != NULL) {
    disown->phase = SDG_DISOWN_CANCEL;
    return STARDELEG_OK;
  }
  if (given->certificate != NULL) {
    return begin_revoking(disown, issuance->issuer, given->certificate, sdg_bytes(NULL, 0));
  }
  disown->phase = may_renew(issuance) ? SDG_DISOWN_CANCEL : SDG_DISOWN_LOOK;
  return STARDELEG_OK;
}

stardeleg_err sdg_disown_new(sdg_disown **out, sdg_issuance *issuance, const sdg_order_flow *flow)
{
  sdg_disown *disown = make(issuance->issuer);
  stardeleg_err err = STARDELEG_OK;

  if (disown == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (flow->has_order && flow->order.status == SDG_ORDER_VALID) {
    err = follow_valid(disown, issuance, &flow->order);
  }
  if (err != STARDELEG_OK) {
    sdg_disown_free(disown);
    return err;
  }
  sdg_disown_stay(issuance->order, issuance->issuer, flow->has_order ? &flow->order : NULL);
  issuance->order->cancel = true;
  issuance->news = SDG_NEWS_DISOWNED;
  *out = disown;
  return STARDELEG_OK;
}

stardeleg_err sdg_disown_begin(sdg_disown **out, const sdg_issuer *issuer)
{
  *out = make(issuer);
  return *out != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

/* --- Steps --- */

/* Not done: in |phase| after a pause, which grows over all that has been tried.  |result| may be NULL. */
static void try_later(sdg_disown *disown, sdg_issuance *issuance, const sdg_result *result, sdg_disown_phase phase,
                      stardeleg_time now)
{
  sdg_errand *errand = &disown->errand;
  int64_t least = errand->backoff_min_ms > 0 ? errand->backoff_min_ms : SDG_TIME_S;
  int64_t most = errand->backoff_max_ms > 0 ? errand->backoff_max_ms : SDG_TIME_HOUR;

  disown->phase = phase;
  errand->tries += errand->tries < UINT32_MAX ? 1 : 0;
  errand->wait_until =
      sdg_time_add(now, sdg_backoff_ms(errand->tries, least, most, sdg_agent_random(issuance->issuer->ido->agent)));
  if (result != NULL && result->err != STARDELEG_OK && result->retry_at > errand->wait_until) {
    errand->wait_until = result->retry_at;
  }
  sdg_issuance_tell_try(issuance, errand->tries, &errand->problem);
}

static void be_over(sdg_disown *disown, sdg_issuance *issuance)
{
  disown->phase = SDG_DISOWN_OVER;
  drop_ending(disown);
  issuance->news = SDG_NEWS_RELEASED;
}

/* The CA will not revoke it, now: perhaps the order stands otherwise by then. */
static void give_up_ending(sdg_disown *disown, sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  disown->errand.problem = *sdg_ending_problem(disown->ending);
  sdg_ending_log_failure(disown->ending, issuance);
  if (sdg_ending_is_refused(disown->ending, issuance->issuer)) {
    be_over(disown, issuance);
    return;
  }
  drop_ending(disown);
  try_later(disown, issuance, result, SDG_DISOWN_LOOK, now);
}

static stardeleg_err ask_ending(sdg_disown *disown, sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  stardeleg_err err = sdg_ending_ask(disown->ending, issuance->issuer, step, now);

  if (err == STARDELEG_OK && sdg_ending_state(disown->ending) == SDG_ERRAND_FAILED) {
    give_up_ending(disown, issuance, NULL, now); /* it does not even offer to */
  }
  return err;
}

stardeleg_err sdg_disown_ask(sdg_disown *disown, sdg_issuance *issuance, const char *url, sdg_step *step,
                             stardeleg_time now)
{
  if (disown->phase == SDG_DISOWN_OVER) { /* known, but not yet written */
    issuance->news = SDG_NEWS_RELEASED;
    return STARDELEG_OK;
  }
  if (sdg_errand_waits(&disown->errand, step, now)) {
    return STARDELEG_OK;
  }
  if (disown->phase == SDG_DISOWN_REVOKE) {
    return ask_ending(disown, issuance, step, now);
  }
  step->kind = disown->phase == SDG_DISOWN_LOOK ? SDG_STEP_FETCH : SDG_STEP_POST;
  step->url = url;
  if (disown->phase == SDG_DISOWN_CANCEL) {
    sdg_buf_add_str(step->payload, "{\"status\":\"canceled\"}");
  }
  return STARDELEG_OK;
}

static void note(sdg_disown *disown, const char *detail)
{
  sdg_problem_set(&disown->errand.problem, STARDELEG_ACME_NONE, "%s", detail);
}

/* An order that is ending anyway has its own time. */
static void see_time(const sdg_issuance *issuance, const sdg_acme_order *given)
{
  if (sdg_ido_order_is_disowned(issuance->order)) {
    sdg_disown_stay(issuance->order, issuance->issuer, given);
  }
}

static stardeleg_err follow_status(sdg_disown *disown, sdg_issuance *issuance, const sdg_result *result,
                                   const sdg_acme_order *given, stardeleg_time now)
{
  stardeleg_err err;

  switch (given->status) {
  case SDG_ORDER_VALID:
    see_time(issuance, given);
    err = follow_valid(disown, issuance, given);
    if (err == STARDELEG_OK && disown->phase == SDG_DISOWN_LOOK) {
      note(disown, "the CA's order is valid, but names nothing that could be ended");
      try_later(disown, issuance, result, SDG_DISOWN_LOOK, now);
    }
    issuance->news = err == STARDELEG_OK ? SDG_NEWS_MOVED : SDG_NEWS_NONE;
    return err;
  case SDG_ORDER_PROCESSING:
    see_time(issuance, given);
    note(disown, "the CA is still working on the order");
    try_later(disown, issuance, result, SDG_DISOWN_LOOK, now); /* RFC 8739 3.1.2: only valid ones are cancelled */
    return STARDELEG_OK;
  default:
    be_over(disown, issuance); /* ended; or the CA waits for a CSR that will not come */
    return STARDELEG_OK;
  }
}

/* A look without an answer that tells how the order stands. */
static void take_no_order(sdg_disown *disown, sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  bool is_look = disown->phase == SDG_DISOWN_LOOK;

  if (is_look && sdg_gone_take(&disown->gone, result, now)) {
    be_over(disown, issuance);
    return;
  }
  disown->errand.problem = *result->problem;
  /* After a refused cancellation a look: perhaps it has been cancelled.  What is not seen is cancelled all the same, in
   * case that only the look is led astray. */
  try_later(disown, issuance, result,
            is_look && sdg_gone_is_said(result) && may_renew(issuance) ? SDG_DISOWN_CANCEL : SDG_DISOWN_LOOK, now);
}

static stardeleg_err take_order(sdg_disown *disown, sdg_issuance *issuance, const sdg_result *result,
                                stardeleg_time now)
{
  bool is_look = disown->phase == SDG_DISOWN_LOOK;
  sdg_acme_order given = {0};
  stardeleg_problem problem;
  stardeleg_err err;

  if (result->err != STARDELEG_OK) {
    take_no_order(disown, issuance, result, now);
    return STARDELEG_OK;
  }
  (void)sdg_gone_take(&disown->gone, result, now); /* it is there */
  err = sdg_acme_order_parse(&given, result->response->body, &problem);
  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    disown->errand.problem = problem;
    try_later(disown, issuance, result, SDG_DISOWN_LOOK, now);
    return STARDELEG_OK;
  }
  if (!is_look && given.status != SDG_ORDER_CANCELED) {
    note(disown, "the CA has answered the cancellation, but not cancelled");
    try_later(disown, issuance, result, SDG_DISOWN_LOOK, now);
  } else {
    err = follow_status(disown, issuance, result, &given, now);
  }
  sdg_acme_order_clear(&given);
  return err;
}

static stardeleg_err take_ending(sdg_disown *disown, sdg_issuance *issuance, const sdg_result *result,
                                 stardeleg_time now)
{
  stardeleg_err err = sdg_ending_take(disown->ending, issuance->issuer, result, now);

  if (err != STARDELEG_OK) {
    return err;
  }
  switch (sdg_ending_state(disown->ending)) {
  case SDG_ERRAND_DONE:
    be_over(disown, issuance);
    break;
  case SDG_ERRAND_FAILED:
    give_up_ending(disown, issuance, result, now);
    break;
  default:
    issuance->news = SDG_NEWS_MOVED;
    if (sdg_ending_tries(disown->ending) > 0) {
      disown->errand.problem = *sdg_ending_problem(disown->ending);
      try_later(disown, issuance, result, SDG_DISOWN_REVOKE, now);
    }
    break;
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_disown_take(sdg_disown *disown, sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_issuance_tell_try(issuance, 0, NULL);
  if (disown->phase == SDG_DISOWN_REVOKE) {
    return take_ending(disown, issuance, result, now);
  }
  return disown->phase == SDG_DISOWN_OVER ? STARDELEG_OK : take_order(disown, issuance, result, now);
}

/* --- As a record --- */

void sdg_disown_write(sdg_json_writer *w, const char *name, const sdg_disown *disown)
{
  sdg_jw_object(w, name);
  sdg_jw_string(w, "phase", phase_names[disown->phase]);
  sdg_errand_write_pause(w, &disown->errand);
  sdg_gone_write(w, &disown->gone);
  if (disown->ending != NULL) {
    sdg_ending_write(w, "ending", disown->ending);
  }
  sdg_jw_object_end(w);
}

static stardeleg_err read_phase(sdg_disown *disown, const sdg_json *tree)
{
  const char *name = NULL;
  stardeleg_err err = sdg_json_get_string(&name, tree, "phase", SDG_JSON_REQUIRED, NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  for (int phase = SDG_DISOWN_LOOK; phase <= SDG_DISOWN_OVER; phase++) {
    if (strcmp(phase_names[phase], name) == 0) {
      disown->phase = (sdg_disown_phase)phase;
      return STARDELEG_OK;
    }
  }
  return STARDELEG_ERR_MALFORMED;
}

static stardeleg_err read_ending(sdg_disown *disown, const sdg_issuer *issuer, const sdg_json *tree)
{
  const sdg_json *ending = NULL;
  stardeleg_err err = sdg_json_get_object(&ending, tree, "ending", SDG_JSON_OPTIONAL, NULL);

  if (err != STARDELEG_OK || (ending != NULL) != (disown->phase == SDG_DISOWN_REVOKE)) {
    return err != STARDELEG_OK ? err : STARDELEG_ERR_MALFORMED;
  }
  if (ending == NULL) {
    return STARDELEG_OK;
  }
  disown->ending = sdg_calloc(1, sizeof(*disown->ending));
  if (disown->ending == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_ending_read(disown->ending, issuer, ending);
  disown->ending->yields = true;
  return err;
}

stardeleg_err sdg_disown_read(sdg_disown **out, const sdg_issuer *issuer, const sdg_json *tree)
{
  sdg_disown *disown = make(issuer);
  stardeleg_err err;

  if (disown == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = read_phase(disown, tree);
  if (err == STARDELEG_OK) {
    err = sdg_errand_read_pause(&disown->errand, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_gone_read(&disown->gone, tree);
  }
  if (err == STARDELEG_OK) {
    err = read_ending(disown, issuer, tree);
  }
  if (err != STARDELEG_OK) {
    sdg_disown_free(disown);
    return err;
  }
  *out = disown;
  return STARDELEG_OK;
}
