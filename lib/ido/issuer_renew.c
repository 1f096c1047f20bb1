/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_renew.c -- a plain CA made into a STAR CA: the kind, and an order's state.
 *
 * This departs from the letter of RFC 9115: the certificate URL is ours, not copied from the CA's order (AMB-28).  A
 * delegate cannot tell the difference. */
#include "ido/issuer_renew.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"

/* --- The kind --- */

static stardeleg_err refuse(const sdg_issuer *issuer, stardeleg_problem *problem, const char *detail)
{
  sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "issuer %s: %s", issuer->name, detail);
  return STARDELEG_ERR_CONFIG;
}

static stardeleg_err take_budget(sdg_issuer *issuer, const stardeleg_issuer_options *options,
                                 stardeleg_problem *problem)
{
  if (options->set_limit > SDG_BUDGET_MAX || (options->set_limit > 0 && options->set_reserve >= options->set_limit) ||
      options->set_window_s < 0) {
    return refuse(issuer, problem, "set_limit can be 100 at most, set_reserve must be below it");
  }
  issuer->budget.limit = options->set_limit;
  issuer->budget.reserve = options->set_limit > 0 ? options->set_reserve : 0;
  issuer->budget.window_ms = (options->set_window_s > 0 ? options->set_window_s : 7 * 86400) * SDG_TIME_S;
  return STARDELEG_OK;
}

static stardeleg_err open_renew(sdg_issuer *issuer, const stardeleg_issuer_options *options, stardeleg_problem *problem)
{
  stardeleg_err err;

  if (options->validity_s < 60 || options->validity_s > SDG_STAR_LIFETIME_MAX_S || options->backdate_s < 0 ||
      options->backdate_s >= options->validity_s) {
    return refuse(issuer, problem, "validity_s must say how long the CA's certificates are valid, backdate_s be less");
  }
  issuer->supply = (sdg_star_supply){options->validity_s, options->backdate_s, options->takes_not_after != 0};
  issuer->revoke_at_end = options->revoke_at_end != 0;
  err = take_budget(issuer, options, problem);
  if (err == STARDELEG_OK && options->profile != NULL) {
    issuer->profile = sdg_strdup(options->profile);
    err = issuer->profile != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return err == STARDELEG_OK ? sdg_issuer_open_session(issuer, options, problem) : err;
}

/* --- The order at the CA --- */

void sdg_renewing_drop_flow(sdg_renewing *renewing)
{
  if (renewing->has_flow) {
    sdg_order_flow_clear(&renewing->flow);
  }
  renewing->has_flow = false;
  renewing->counted = false;
}

void sdg_renewing_drop_watch(sdg_renewing *renewing)
{
  if (renewing->has_watch) {
    sdg_renewal_watch_clear(&renewing->watch);
  }
  renewing->has_watch = false;
}

static void set_up_flow(sdg_order_flow *flow, const sdg_issuer *issuer)
{
  const stardeleg_ido_options *options = &issuer->ido->options;

  flow->solver = issuer->solver;
  flow->backoff_min_ms = options->backoff_min_ms;
  flow->backoff_max_ms = options->backoff_max_ms;
  flow->poll_min_ms = options->order_poll_ms;
}

/* RFC 9773 5: "replaces" tells the CA that the one there is will go. */
static stardeleg_err write_new_order(const sdg_issuance *issuance, stardeleg_time not_after, sdg_buf *out)
{
  const sdg_renewing *renewing = sdg_renewing_of(issuance);
  const sdg_acme_order *wire = &issuance->order->wire;
  sdg_acme_new_order request;
  sdg_json_writer w;

  memset(&request, 0, sizeof(request));
  request.identifiers = wire->identifiers;
  request.not_before = sdg_ido_order_is_star(issuance->order) ? STARDELEG_TIME_NONE : wire->not_before;
  request.not_after = not_after;
  request.profile = issuance->issuer->profile;
  if (!renewing->replaces_nothing) {
    request.replaces = renewing->has_watch ? renewing->watch.id : wire->replaces;
  }
  sdg_jw_init(&w, out);
  sdg_acme_new_order_write(&w, &request);
  return sdg_buf_error(out);
}

static stardeleg_err choose_not_after(const sdg_issuance *issuance, stardeleg_time now, stardeleg_time *out)
{
  const sdg_renewing *renewing = sdg_renewing_of(issuance);
  const sdg_published *published = &renewing->published;
  sdg_auto_renewal renewal;
  sdg_star_period period;
  stardeleg_err err;

  if (!sdg_ido_order_is_star(issuance->order)) {
    *out = issuance->order->wire.not_after;
    return STARDELEG_OK;
  }
  err = sdg_published_renewal(issuance->order, &renewal);
  if (err == STARDELEG_OK) {
    err = sdg_star_supply_period(&issuance->issuer->supply, &renewal,
                                 published->first_at != STARDELEG_TIME_NONE ? published->first_at : now, now, &period);
  }
  if (err == STARDELEG_OK) {
    *out = period.not_after;
  }
  return err;
}

stardeleg_err sdg_renewing_start_flow(sdg_issuance *issuance, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_time not_after = STARDELEG_TIME_NONE;
  sdg_buf payload;
  stardeleg_err err = choose_not_after(issuance, now, &not_after);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&payload, 128u * 1024u);
  err = write_new_order(issuance, not_after, &payload);
  if (err == STARDELEG_OK) {
    err = sdg_order_flow_init(&renewing->flow, sdg_buf_str(&payload));
  }
  sdg_buf_clear(&payload);
  if (err != STARDELEG_OK) {
    return err;
  }
  renewing->has_flow = true;
  renewing->ordered_at = now;
  sdg_errand_init(&renewing->fetching);
  set_up_flow(&renewing->flow, issuance->issuer);
  err = sdg_order_flow_set_csr(&renewing->flow, sdg_buf_bytes(&issuance->order->csr));
  if (err != STARDELEG_OK) {
    sdg_renewing_drop_flow(renewing);
  }
  return err;
}

/* --- In and out --- */

static stardeleg_err read_strays(sdg_renewing *renewing, const sdg_issuer *issuer, const sdg_json *tree)
{
  const sdg_json *array = NULL;
  const sdg_json *disown = NULL;
  stardeleg_err err = sdg_json_get_array(&array, tree, "strays", SDG_JSON_OPTIONAL, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&disown, tree, "disown", SDG_JSON_OPTIONAL, NULL);
  }
  for (const sdg_json *item = sdg_json_first(array); err == STARDELEG_OK && item != NULL; item = sdg_json_next(item)) {
    if (sdg_json_type_of(item) != SDG_JSON_STRING || renewing->stray_count == SDG_STRAYS_MAX) {
      return STARDELEG_ERR_MALFORMED;
    }
    renewing->strays[renewing->stray_count] = sdg_strdup(sdg_json_string(item));
    err = renewing->strays[renewing->stray_count] != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    renewing->stray_count += err == STARDELEG_OK ? 1 : 0;
  }
  if (err == STARDELEG_OK && disown != NULL) {
    err = renewing->stray_count > 0 ? sdg_disown_read(&renewing->disown, issuer, disown) : STARDELEG_ERR_MALFORMED;
  }
  return err;
}

static stardeleg_err read_parts(sdg_renewing *renewing, const sdg_issuer *issuer, const sdg_json *tree)
{
  const sdg_json *part[4] = {NULL, NULL, NULL, NULL};
  static const char *const names[4] = {"published", "flow", "watch", "ending"};
  stardeleg_err err = STARDELEG_OK;

  for (size_t i = 0; i < 4 && err == STARDELEG_OK; i++) {
    err = sdg_json_get_object(&part[i], tree, names[i], i == 0 ? SDG_JSON_REQUIRED : SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_published_read(&renewing->published, part[0]);
  }
  if (err == STARDELEG_OK && part[1] != NULL) {
    err = sdg_order_flow_read(&renewing->flow, part[1]);
    renewing->has_flow = err == STARDELEG_OK;
  }
  if (err == STARDELEG_OK && part[2] != NULL) {
    err = sdg_renewal_watch_read(&renewing->watch, part[2]);
    renewing->has_watch = err == STARDELEG_OK;
  }
  if (err == STARDELEG_OK && part[3] != NULL) {
    renewing->ending = sdg_calloc(1, sizeof(*renewing->ending));
    err = renewing->ending != NULL ? sdg_ending_read(renewing->ending, issuer, part[3]) : STARDELEG_ERR_NOMEM;
  }
  return err == STARDELEG_OK ? read_strays(renewing, issuer, tree) : err;
}

static stardeleg_err read_numbers(sdg_renewing *renewing, const sdg_json *tree)
{
  int64_t tries = 0;
  stardeleg_err err = sdg_json_get_int(&tries, tree, "tries", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&renewing->pause.wait_until, tree, "waitUntil", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX,
                           NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&renewing->ordered_at, tree, "orderedAt", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&renewing->counted, tree, "counted", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&renewing->replaces_nothing, tree, "replacesNothing", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&renewing->revoked, tree, "revoked", SDG_JSON_OPTIONAL, NULL);
  }
  renewing->pause.tries = (uint32_t)tries;
  return err;
}

static void end(sdg_issuance *issuance)
{
  sdg_renewing *renewing = issuance->state;

  if (renewing == NULL) {
    return;
  }
  sdg_renewing_drop_flow(renewing);
  sdg_renewing_drop_watch(renewing);
  sdg_published_clear(&renewing->published);
  if (renewing->ending != NULL) {
    sdg_ending_clear(renewing->ending);
    sdg_free(renewing->ending);
  }
  sdg_disown_free(renewing->disown);
  for (size_t i = 0; i < renewing->stray_count; i++) {
    sdg_free(renewing->strays[i]);
  }
  sdg_free(renewing);
  issuance->state = NULL;
}

static stardeleg_err begin(sdg_issuance *issuance)
{
  const stardeleg_ido_options *options = &issuance->issuer->ido->options;
  sdg_renewing *renewing = sdg_calloc(1, sizeof(*renewing));
  stardeleg_err err = STARDELEG_OK;

  if (renewing == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  issuance->state = renewing;
  sdg_published_init(&renewing->published);
  sdg_errand_init(&renewing->fetching);
  sdg_errand_init(&renewing->pause);
  if (issuance->order->work != NULL) {
    err = read_numbers(renewing, issuance->order->work);
    if (err == STARDELEG_OK) {
      err = read_parts(renewing, issuance->issuer, issuance->order->work);
    }
  }
  if (err != STARDELEG_OK) {
    end(issuance);
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  if (renewing->has_flow) {
    set_up_flow(&renewing->flow, issuance->issuer);
  }
  renewing->fetching.backoff_min_ms = options->backoff_min_ms;
  renewing->fetching.backoff_max_ms = options->backoff_max_ms;
  return STARDELEG_OK;
}

static void write_strays(sdg_json_writer *w, const sdg_renewing *renewing)
{
  if (renewing->stray_count == 0) {
    return;
  }
  sdg_jw_array(w, "strays");
  for (size_t i = 0; i < renewing->stray_count; i++) {
    sdg_jw_string(w, NULL, renewing->strays[i]);
  }
  sdg_jw_array_end(w);
  if (renewing->disown != NULL) {
    sdg_disown_write(w, "disown", renewing->disown);
  }
}

static void write_state(const sdg_issuance *issuance, sdg_json_writer *w, const char *name)
{
  const sdg_renewing *renewing = sdg_renewing_of(issuance);

  sdg_jw_object(w, name);
  sdg_published_write(w, "published", &renewing->published);
  if (renewing->has_flow) {
    sdg_order_flow_write(w, "flow", &renewing->flow);
    sdg_jw_int(w, "orderedAt", renewing->ordered_at);
  }
  if (renewing->has_watch) {
    sdg_renewal_watch_write(w, "watch", &renewing->watch);
  }
  if (renewing->ending != NULL) {
    sdg_ending_write(w, "ending", renewing->ending);
  }
  write_strays(w, renewing);
  sdg_jw_int(w, "tries", (int64_t)renewing->pause.tries);
  if (renewing->pause.wait_until != STARDELEG_TIME_NONE) {
    sdg_jw_int(w, "waitUntil", renewing->pause.wait_until);
  }
  sdg_jw_bool(w, "counted", renewing->counted);
  if (renewing->replaces_nothing) {
    sdg_jw_bool(w, "replacesNothing", true);
  }
  sdg_jw_bool(w, "revoked", renewing->revoked);
  sdg_jw_object_end(w);
}

static const char *step_name(const sdg_issuance *issuance)
{
  const sdg_renewing *renewing = sdg_renewing_of(issuance);

  if (renewing->ending != NULL) {
    return "revoke";
  }
  if (renewing->disown != NULL) {
    return sdg_disown_step_name(renewing->disown);
  }
  if (!renewing->has_flow) {
    return "wait";
  }
  return renewing->flow.state == SDG_FLOW_VALID ? "fetch" : sdg_flow_state_name(renewing->flow.state);
}

const sdg_issuer_ops sdg_issuer_renew = {
    .kind = "renew",
    .publishes = true,
    .open = open_renew,
    .close = sdg_issuer_close_session,
    .begin = begin,
    .end = end,
    .write = write_state,
    .ask = sdg_renewing_ask,
    .take = sdg_renewing_take,
    .step_name = step_name,
};
