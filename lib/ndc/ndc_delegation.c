/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_delegation.c -- the life of a delegation: offered, held, cancelled, ended, offered again. */
#include "ndc/ndc_internal.h"

#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"

/* --- Objects --- */

stardeleg_err sdg_ndc_delegation_new(sdg_ndc_delegation **out, stardeleg_ndc *ndc)
{
  sdg_ndc_delegation *d = sdg_calloc(1, sizeof(*d));

  if (d == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  d->job.ops = &sdg_ndc_order_ops;
  d->job.session = ndc->session;
  d->holder.job.ops = &sdg_ndc_holder_ops;
  d->holder.owner = d;
  d->ndc = ndc;
  d->state = SDG_NDC_OBJECT;
  d->wait_until = STARDELEG_TIME_NONE;
  d->ordered_at = STARDELEG_TIME_NONE;
  d->kind_refused_at = STARDELEG_TIME_NONE;
  d->checked_at = STARDELEG_TIME_NONE;
  d->last_success = STARDELEG_TIME_NONE;
  d->fetch_at = STARDELEG_TIME_NONE;
  d->check_at = STARDELEG_TIME_NONE;
  d->tell_at = STARDELEG_TIME_NONE;
  *out = d;
  return STARDELEG_OK;
}

void sdg_ndc_current_free(sdg_ndc_current *current)
{
  if (current == NULL) {
    return;
  }
  sdg_free(current->order_url);
  sdg_free(current->certificate_url);
  sdg_free(current->etag);
  sdg_free(current->serial);
  sdg_ndc_window_free(current->window);
  sdg_free(current);
}

void sdg_ndc_pending_free(sdg_ndc_pending *pending)
{
  if (pending == NULL) {
    return;
  }
  sdg_identifiers_clear(&pending->names);
  sdg_free(pending->template_text);
  sdg_order_flow_clear(&pending->flow);
  sdg_free(pending);
}

void sdg_ndc_delegation_free(sdg_ndc_delegation *d)
{
  if (d == NULL) {
    return;
  }
  sdg_agent_remove(d->ndc->agent, &d->job);
  sdg_agent_remove(d->ndc->agent, &d->holder.job);
  sdg_ndc_current_free(d->current);
  sdg_ndc_pending_free(d->pending);
  sdg_free(d->url);
  sdg_free(d->name);
  sdg_free(d->reason);
  sdg_free(d->cause);
  sdg_free(d->garbage);
  sdg_free(d);
}

/* --- The list --- */

stardeleg_err sdg_ndc_id_of(stardeleg_ndc *ndc, const char *url, char id[SDG_NDC_ID_SIZE])
{
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_bytes piece = sdg_bytes_str(url);
  sdg_buf text;
  stardeleg_err err = sdg_hash(ndc->options.crypto, STARDELEG_HASH_SHA256, &piece, 1, hash);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_buf_init(&text, SDG_NDC_ID_SIZE);
  sdg_base64url_write(&text, sdg_bytes(hash, 32));
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    memcpy(id, sdg_buf_str(&text), text.len + 1);
  }
  sdg_buf_clear(&text);
  return err;
}

/* Where |id| is or belongs. */
static size_t place_of(const stardeleg_ndc *ndc, const char *id)
{
  size_t low = 0;
  size_t high = ndc->count;

  while (low < high) {
    size_t middle = low + (high - low) / 2;

    if (strcmp(ndc->delegations[middle]->id, id) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

sdg_ndc_delegation *sdg_ndc_find(const stardeleg_ndc *ndc, const char *id)
{
  size_t at = place_of(ndc, id);

  return at < ndc->count && strcmp(ndc->delegations[at]->id, id) == 0 ? ndc->delegations[at] : NULL;
}

stardeleg_err sdg_ndc_insert(stardeleg_ndc *ndc, sdg_ndc_delegation *d)
{
  size_t at;
  stardeleg_err err;

  if (ndc->count == ndc->cap) {
    size_t cap = ndc->cap == 0 ? 16 : ndc->cap * 2;
    sdg_ndc_delegation **grown = sdg_realloc(ndc->delegations, cap, sizeof(*grown));

    if (grown == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    ndc->delegations = grown;
    ndc->cap = cap;
  }
  d->fetch_at = sdg_ndc_wait_for(ndc, sdg_ndc_next_fetch(d));
  err = sdg_agent_add(ndc->agent, &d->job, STARDELEG_TIME_NONE);
  if (err == STARDELEG_OK) {
    err = sdg_agent_add(ndc->agent, &d->holder.job, STARDELEG_TIME_NONE);
  }
  if (err != STARDELEG_OK) {
    sdg_agent_remove(ndc->agent, &d->job);
    return err;
  }
  at = place_of(ndc, d->id);
  for (size_t i = ndc->count; i > at; i--) {
    ndc->delegations[i] = ndc->delegations[i - 1];
  }
  ndc->delegations[at] = d;
  ndc->count++;
  return STARDELEG_OK;
}

void sdg_ndc_wake_order(sdg_ndc_delegation *d, stardeleg_time at)
{
  sdg_agent_set_due(d->ndc->agent, &d->job, at);
}

void sdg_ndc_wake_holder(sdg_ndc_delegation *d, stardeleg_time at)
{
  sdg_agent_set_due(d->ndc->agent, &d->holder.job, at);
}

/* --- Beginning --- */

/* A record that could not be read at the start is overwritten. */
static stardeleg_err find_unreadable(sdg_ndc_delegation *d)
{
  stardeleg_record record = {0};
  stardeleg_err err = d->ndc->options.store->ops->get(d->ndc->options.store->self, SDG_NDC_KIND, d->id, &record);

  if (err == STARDELEG_OK) {
    d->version = record.version;
  }
  stardeleg_record_clear(&record);
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}

stardeleg_err sdg_ndc_begin(stardeleg_ndc *ndc, const char *url, sdg_ndc_delegation **out)
{
  sdg_ndc_delegation *d = NULL;
  stardeleg_err err = sdg_ndc_delegation_new(&d, ndc);

  if (err != STARDELEG_OK) {
    return err;
  }
  d->url = sdg_strdup(url);
  err = d->url != NULL ? sdg_ndc_id_of(ndc, url, d->id) : STARDELEG_ERR_NOMEM;
  if (err == STARDELEG_OK) {
    err = find_unreadable(d);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ndc_save(d);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ndc_insert(ndc, d);
  }
  if (err != STARDELEG_OK) {
    sdg_ndc_delegation_free(d);
    return err;
  }
  sdg_ndc_log(ndc, STARDELEG_LOG_INFO, "ndc.delegation.new", d, "offered");
  *out = d;
  return STARDELEG_OK;
}

stardeleg_err sdg_ndc_revive(sdg_ndc_delegation *d, stardeleg_time now)
{
  bool usable =
      d->current != NULL && d->current->over == SDG_NDC_LIVE && d->current->not_after > sdg_ndc_time(d->ndc, now);

  if (usable) {
    /* The list lacked it for a while; its order has never been touched. */
    d->state = SDG_NDC_REST;
    sdg_free(d->cause);
    d->cause = NULL;
    sdg_ndc_clear_reason(d);
    d->fetch_at = now;
    sdg_ndc_wake_holder(d, now);
    sdg_ndc_log(d->ndc, STARDELEG_LOG_INFO, "ndc.delegation.back", d, "offered again; its order goes on");
  } else {
    d->state = SDG_NDC_OBJECT;
    d->was_ended = true;
  }
  d->tries = 0;
  d->wait_until = STARDELEG_TIME_NONE;
  sdg_ndc_wake_order(d, now);
  return sdg_ndc_save(d);
}

/* --- Ending --- */

void sdg_ndc_discard_key(sdg_ndc_delegation *d, const char *name)
{
  char *copy = sdg_strdup(name);

  if (copy == NULL) {
    return; /* the key stays in the secret store: a waste, no harm */
  }
  sdg_ndc_clean(d);
  d->garbage = copy;
}

static stardeleg_err set_cause(sdg_ndc_delegation *d, const stardeleg_problem *problem)
{
  if (d->cause == NULL) {
    d->cause = sdg_calloc(1, sizeof(*d->cause));
    if (d->cause == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    *d->cause = *problem;
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_ndc_end(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time now)
{
  bool silent = d->was_ended;
  stardeleg_err err = set_cause(d, problem); /* the first reason stays: it is the one that people can act on */

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_ndc_drop_pending(d);
  d->state = SDG_NDC_ENDED;
  d->was_ended = false;
  d->look = false;
  d->check = false;
  sdg_ndc_set_reason(d, d->cause);
  sdg_ndc_wake_order(d, now);
  sdg_ndc_wake_holder(d, now);
  err = sdg_ndc_save(d);
  if (!silent) {
    sdg_ndc_tell_ended(d, d->cause);
  }
  return err;
}

stardeleg_err sdg_ndc_canceled(sdg_ndc_delegation *d, bool is_pending, const stardeleg_problem *problem,
                               stardeleg_time now)
{
  stardeleg_err err = set_cause(d, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_ndc_log(d->ndc, STARDELEG_LOG_WARNING, "ndc.order.canceled", d, stardeleg_acme_error_urn(problem->acme));
  sdg_ndc_set_reason(d, problem);
  if (is_pending) {
    sdg_ndc_drop_pending(d);
  } else if (d->current != NULL) {
    d->current->over = SDG_NDC_CANCELED;
  }
  if (d->pending == NULL) {
    /* The owner may have cancelled this order only, or ended it all: the delegation object tells. */
    d->state = SDG_NDC_OBJECT;
    d->tries = 0;
    d->wait_until = STARDELEG_TIME_NONE;
    sdg_ndc_wake_order(d, now);
  }
  return sdg_ndc_save(d);
}

stardeleg_err sdg_ndc_expired(sdg_ndc_delegation *d, stardeleg_time now)
{
  if (d->current == NULL || d->current->over != SDG_NDC_LIVE) {
    return STARDELEG_OK;
  }
  d->current->over = SDG_NDC_EXPIRED;
  sdg_ndc_log(d->ndc, STARDELEG_LOG_INFO, "ndc.order.expired", d, "the order has ended; a new one follows");
  sdg_ndc_wake_order(d, now);
  return sdg_ndc_save(d);
}

stardeleg_err sdg_ndc_lose_current(sdg_ndc_delegation *d, const char *why, stardeleg_time now)
{
  stardeleg_problem problem;

  if (d->current == NULL) {
    return STARDELEG_OK;
  }
  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the stored certificate cannot be used: %s", why);
  problem.status = 0;
  sdg_ndc_forget_current(d);
  sdg_ndc_wake_order(d, now);
  if (d->state == SDG_NDC_REST || d->state == SDG_NDC_LOOK) {
    d->state = SDG_NDC_OBJECT;
  }
  sdg_ndc_tell_failed(d, &problem, now);
  return sdg_ndc_save(d);
}

void sdg_ndc_forget_current(sdg_ndc_delegation *d)
{
  if (d->pending == NULL || strcmp(d->pending->key, d->current->key) != 0) {
    sdg_ndc_discard_key(d, d->current->key);
  }
  sdg_ndc_current_free(d->current);
  d->current = NULL;
}

/* --- When to order, how long to wait --- */

int64_t sdg_ndc_pause_max(const sdg_ndc_delegation *d, bool is_fetch, stardeleg_time now)
{
  const stardeleg_ndc_options *o = &d->ndc->options;
  stardeleg_time t = sdg_ndc_time(d->ndc, now);
  int64_t max = o->backoff_max_ms;
  int64_t quarter = max;

  if (d->current != NULL && d->current->not_after > t) {
    quarter = (d->current->not_after - t) / 4;
  } else if (d->current != NULL && is_fetch) {
    /* Too late already; but whoever has certificates of minutes must not wait for an hour. */
    quarter = (d->current->not_after - d->current->not_before) / 4;
  }
  max = quarter < max ? quarter : max;
  return max < o->backoff_min_ms ? o->backoff_min_ms : max;
}

stardeleg_time sdg_ndc_order_due(const sdg_ndc_delegation *d)
{
  const sdg_ndc_current *c = d->current;
  int64_t duration;
  int64_t margin;
  stardeleg_time by_order;
  stardeleg_time by_certificate;

  if (c == NULL || c->over != SDG_NDC_LIVE) {
    return STARDELEG_TIME_NONE;
  }
  if (!c->star) {
    return sdg_ndc_window_due(d);
  }
  duration = c->renewal.end_at > c->ordered_at ? c->renewal.end_at - c->ordered_at : 0;
  margin = 2 * c->renewal.lifetime_s * SDG_TIME_S;
  if (margin < duration / 10) {
    margin = duration / 10;
  }
  /* Never in the first half: an order shorter than the margin would be followed by another at once, and so on. */
  if (margin > duration / 2) {
    margin = duration / 2;
  }
  by_order = sdg_time_add(c->renewal.end_at, -margin);
  /* A successor is due at half of a certificate's life (RFC 8739 3.3).  If there is none shortly before the end,
   * another order is the only way left. */
  by_certificate = sdg_time_add(c->not_after, -((c->not_after - c->not_before) / 8));
  return sdg_time_min(by_order, by_certificate);
}
