/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_local.c -- a CA of the program's own: a callback issues, the owner publishes. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "ido/issuer_disown.h"
#include "ido/issuer_published.h"
#include "x509/cert.h"

/* An order at the program's CA. */
typedef struct local {
  sdg_published published;
  stardeleg_time asked_at; /* the certificate under way was asked for then; NONE: none is */
  sdg_errand pause;        /* after failures, and while the callback wants time; never done, never failed */
  bool revoked;
} local;

static local *local_of(const sdg_issuance *issuance)
{
  return issuance->state;
}

/* --- The kind --- */

static stardeleg_err open_local(sdg_issuer *issuer, const stardeleg_issuer_options *options, stardeleg_problem *problem)
{
  if (options->local == NULL || options->local->size != sizeof(*options->local) || options->local->issue == NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "issuer %s: local, with a function that issues, is required",
                    issuer->name);
    return STARDELEG_ERR_CONFIG;
  }
  if (options->validity_s < 0 || options->validity_s > SDG_STAR_LIFETIME_MAX_S) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "issuer %s: validity_s is out of range", issuer->name);
    return STARDELEG_ERR_CONFIG;
  }
  issuer->own = (void *)(uintptr_t)options->local;
  issuer->supply.validity_s = options->validity_s > 0 ? options->validity_s : 2 * SDG_STAR_LIFETIME_MAX_S;
  issuer->supply.takes_not_after = true;
  issuer->revoke_at_end = options->revoke_at_end != 0;
  return STARDELEG_OK;
}

static void close_local(sdg_issuer *issuer)
{
  issuer->own = NULL;
}

/* --- In and out --- */

static void end(sdg_issuance *issuance)
{
  if (issuance->state != NULL) {
    sdg_published_clear(&local_of(issuance)->published);
    sdg_free(issuance->state);
    issuance->state = NULL;
  }
}

static stardeleg_err read_state(local *l, const sdg_json *tree)
{
  const sdg_json *published = NULL;
  int64_t tries = 0;
  stardeleg_err err = sdg_json_get_object(&published, tree, "published", SDG_JSON_REQUIRED, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_published_read(&l->published, published);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&l->asked_at, tree, "askedAt", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&tries, tree, "tries", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_int(&l->pause.wait_until, tree, "waitUntil", SDG_JSON_OPTIONAL, INT64_MIN, INT64_MAX, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_bool(&l->revoked, tree, "revoked", SDG_JSON_OPTIONAL, NULL);
  }
  l->pause.tries = (uint32_t)tries;
  return err == STARDELEG_OK || err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
}

static stardeleg_err begin(sdg_issuance *issuance)
{
  local *l = sdg_calloc(1, sizeof(*l));
  stardeleg_err err = STARDELEG_OK;

  if (l == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_published_init(&l->published);
  sdg_errand_init(&l->pause);
  l->asked_at = STARDELEG_TIME_NONE;
  issuance->state = l;
  if (issuance->order->work != NULL) {
    err = read_state(l, issuance->order->work);
  }
  if (err != STARDELEG_OK) {
    end(issuance);
  }
  return err;
}

static void write_instant(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  if (at != STARDELEG_TIME_NONE) {
    sdg_jw_int(w, name, at);
  }
}

static void write_state(const sdg_issuance *issuance, sdg_json_writer *w, const char *name)
{
  const local *l = local_of(issuance);

  sdg_jw_object(w, name);
  sdg_published_write(w, "published", &l->published);
  write_instant(w, "askedAt", l->asked_at);
  write_instant(w, "waitUntil", l->pause.wait_until);
  sdg_jw_int(w, "tries", (int64_t)l->pause.tries);
  sdg_jw_bool(w, "revoked", l->revoked);
  sdg_jw_object_end(w);
}

static const char *step_name(const sdg_issuance *issuance)
{
  const local *l = local_of(issuance);

  if (issuance->order->cancel) {
    return "revoke";
  }
  return l->asked_at != STARDELEG_TIME_NONE ? "issue" : "wait";
}

/* --- Issuing --- */

static stardeleg_err fill_dates(const sdg_issuance *issuance, stardeleg_issue_request *request)
{
  const local *l = local_of(issuance);
  const sdg_acme_order *wire = &issuance->order->wire;
  stardeleg_time first_at = l->published.first_at != STARDELEG_TIME_NONE ? l->published.first_at : l->asked_at;
  sdg_auto_renewal renewal;
  sdg_star_period period;
  stardeleg_err err;

  if (!sdg_ido_order_is_star(issuance->order)) {
    request->not_before = wire->not_before != STARDELEG_TIME_NONE ? wire->not_before : sdg_time_floor_s(l->asked_at);
    request->not_after = wire->not_after;
    return STARDELEG_OK;
  }
  err = sdg_published_renewal(issuance->order, &renewal);
  if (err == STARDELEG_OK) {
    err = sdg_star_supply_period(&issuance->issuer->supply, &renewal, first_at, l->asked_at, &period);
  }
  if (err == STARDELEG_OK) {
    request->not_before = period.not_before;
    request->not_after = period.not_after;
  }
  return err;
}

/* An instant in the future means: ask again then.  The callback may be asked twice for the same certificate. */
static stardeleg_err call_issue(sdg_issuance *issuance, stardeleg_time now, stardeleg_time *ready_at,
                                stardeleg_bytes *chain_pem)
{
  const stardeleg_local_issuer *callback = issuance->issuer->own;
  const sdg_ido_order *order = issuance->order;
  stardeleg_issue_request request = {.size = sizeof(request)};
  stardeleg_err err = fill_dates(issuance, &request);

  if (err != STARDELEG_OK) {
    return err;
  }
  request.order = order->id;
  request.delegation = order->delegation;
  request.identifiers = order->wire.identifiers.items;
  request.identifier_count = order->wire.identifiers.count;
  request.csr = sdg_buf_bytes(&order->csr);
  request.asked_at = local_of(issuance)->asked_at;
  *ready_at = now;
  return callback->issue(callback->ctx, &request, now, ready_at, chain_pem);
}

/* What could not be revoked yet is worked on after that. */
static stardeleg_err lose(sdg_issuance *issuance, const stardeleg_problem *problem)
{
  stardeleg_err err = sdg_published_fail(issuance, problem);

  if (err == STARDELEG_OK && local_of(issuance)->published.older_count > 0) {
    sdg_disown_stay(issuance->order, issuance->issuer, NULL);
    issuance->order->cancel = true;
    issuance->news = SDG_NEWS_DISOWNED;
  }
  return err;
}

static stardeleg_err fail(sdg_issuance *issuance, bool for_good, const char *detail, stardeleg_time now)
{
  local *l = local_of(issuance);
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "%s", detail);
  problem.status = 0;
  l->asked_at = STARDELEG_TIME_NONE;
  if (for_good && l->published.held.ordered_at == STARDELEG_TIME_NONE) {
    return lose(issuance, &problem);
  }
  sdg_published_pause(&l->published, &l->pause, issuance, &problem, now);
  issuance->news = SDG_NEWS_MOVED;
  return STARDELEG_OK;
}

/* Not published, but valid all the same: a callback that cannot do what was asked for has issued something else. */
static stardeleg_err refuse_chain(sdg_issuance *issuance, stardeleg_bytes chain_pem, stardeleg_time now)
{
  const stardeleg_local_issuer *callback = issuance->issuer->own;
  sdg_chain chain;
  stardeleg_err err = callback->revoke != NULL ? sdg_chain_parse(&chain, chain_pem) : STARDELEG_ERR_MALFORMED;

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK;
  }
  if (callback->revoke(callback->ctx, chain.certs[0], now) != STARDELEG_OK) {
    err = sdg_published_owe(&local_of(issuance)->published, chain.certs[0]);
  }
  sdg_chain_clear(&chain);
  return err;
}

static stardeleg_err take_chain(sdg_issuance *issuance, stardeleg_bytes chain_pem, stardeleg_time now)
{
  local *l = local_of(issuance);
  stardeleg_problem problem;
  stardeleg_err err = sdg_published_take(&l->published, issuance, chain_pem, l->asked_at, now, &problem);

  if (err == STARDELEG_ERR_POLICY) {
    err = refuse_chain(issuance, chain_pem, now);
    return err == STARDELEG_OK ? fail(issuance, true, problem.detail, now) : err;
  }
  if (err == STARDELEG_OK) {
    l->asked_at = STARDELEG_TIME_NONE;
    sdg_errand_init(&l->pause);
  }
  return err;
}

static stardeleg_err issue(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  stardeleg_bytes chain_pem = {NULL, 0};
  stardeleg_time ready_at = now;
  stardeleg_err err = call_issue(issuance, now, &ready_at, &chain_pem);

  if (err == STARDELEG_OK && ready_at > now) {
    step->at = ready_at;
    return STARDELEG_OK;
  }
  switch (err) {
  case STARDELEG_OK:
    return take_chain(issuance, chain_pem, now);
  case STARDELEG_ERR_POLICY:
    return fail(issuance, true, "the owner's CA does not issue this certificate", now);
  case STARDELEG_ERR_EXPIRED:
    return fail(issuance, true, "the order ends before a certificate can begin", now);
  case STARDELEG_ERR_NOMEM:
    return err;
  default:
    return fail(issuance, false, "the owner's CA could not issue", now);
  }
}

static stardeleg_err rest(sdg_issuance *issuance, sdg_step *step, stardeleg_time at)
{
  const local *l = local_of(issuance);
  stardeleg_problem problem;

  if (l->published.held.ordered_at != STARDELEG_TIME_NONE) {
    sdg_published_rest(issuance, at);
  } else if (at == STARDELEG_TIME_NEVER) {
    sdg_problem_set(&problem, STARDELEG_ACME_MALFORMED, "the order ends before a certificate can begin");
    problem.status = 0;
    return sdg_published_fail(issuance, &problem);
  } else {
    step->at = at;
  }
  return STARDELEG_OK;
}

/* --- Ending --- */

/* True if the certificate there is must be revoked, and has not been. */
static bool must_revoke(const sdg_issuance *issuance)
{
  const local *l = local_of(issuance);

  return (!sdg_ido_order_is_star(issuance->order) || issuance->issuer->revoke_at_end) && !l->revoked &&
         l->published.leaf.len > 0;
}

static stardeleg_err revoke(sdg_issuance *issuance, bool newest, stardeleg_bytes der, stardeleg_time now)
{
  const stardeleg_local_issuer *callback = issuance->issuer->own;
  local *l = local_of(issuance);
  stardeleg_problem problem;

  issuance->news = SDG_NEWS_MOVED;
  if (callback->revoke(callback->ctx, der, now) != STARDELEG_OK) {
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the owner's CA could not revoke the certificate");
    sdg_published_pause(&l->published, &l->pause, issuance, &problem, now);
  } else if (newest) {
    l->revoked = true;
  } else {
    sdg_published_drop_older(&l->published);
  }
  return STARDELEG_OK;
}

static stardeleg_err ask_end(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  const stardeleg_local_issuer *callback = issuance->issuer->own;
  local *l = local_of(issuance);
  bool is_lost = sdg_ido_order_is_disowned(issuance->order);
  bool newest = must_revoke(issuance);
  stardeleg_bytes der = sdg_bytes(NULL, 0);

  if (!is_lost && !l->published.withdrawn) {
    sdg_errand_init(&l->pause);
    return sdg_published_withdraw(&l->published, issuance);
  }
  if (callback->revoke != NULL) {
    der = newest ? sdg_buf_bytes(&l->published.leaf) : sdg_published_older_leaf(&l->published, now);
  }
  if (der.len > 0 && l->pause.wait_until != STARDELEG_TIME_NONE && l->pause.wait_until > now) {
    step->at = l->pause.wait_until;
    return STARDELEG_OK;
  }
  if (der.len > 0) {
    return revoke(issuance, newest, der, now);
  }
  if (is_lost) {
    issuance->news = SDG_NEWS_RELEASED;
    return STARDELEG_OK;
  }
  return sdg_published_ended(issuance);
}

static stardeleg_err ask(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  local *l = local_of(issuance);
  stardeleg_time at = now;
  stardeleg_err err;

  if (issuance->order->cancel) {
    return ask_end(issuance, step, now);
  }
  if (l->pause.wait_until != STARDELEG_TIME_NONE && l->pause.wait_until > now) {
    step->at = l->pause.wait_until;
    return STARDELEG_OK;
  }
  if (l->asked_at != STARDELEG_TIME_NONE) {
    return issue(issuance, step, now);
  }
  err = sdg_published_next(&l->published, issuance, now, &at);
  if (err != STARDELEG_OK || at > now) {
    return err == STARDELEG_OK ? rest(issuance, step, at) : err;
  }
  l->asked_at = now; /* kept before it is asked for: asked again, it is the same certificate */
  issuance->news = SDG_NEWS_MOVED;
  return STARDELEG_OK;
}

static stardeleg_err take(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  (void)issuance;
  (void)result;
  (void)now;
  return STARDELEG_OK;
}

const sdg_issuer_ops sdg_issuer_local = {
    .kind = "local",
    .publishes = true,
    .open = open_local,
    .close = close_local,
    .begin = begin,
    .end = end,
    .write = write_state,
    .ask = ask,
    .take = take,
    .step_name = step_name,
};
