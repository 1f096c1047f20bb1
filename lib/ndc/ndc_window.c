/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_window.c -- when the server would like a plain certificate to be renewed (RFC 9773): asked by plain GET,
 * never a reason to renew later than by ourselves. */
#include "ndc/ndc_internal.h"

#include <string.h>

#include "acme_client/renewal_info.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"

/* A server that wants every new certificate renewed at once (a window that has passed, again and again) gets orders
 * with growing pauses between. */
#define REPEAT_MIN SDG_TIME_HOUR

/* --- The watch, for the time of a call --- */

/* Shares the strings. */
static void expand(sdg_renewal_watch *watch, const sdg_ndc_window *window, stardeleg_time not_after)
{
  memset(watch, 0, sizeof(*watch));
  watch->id = window->id;
  watch->explanation_url = window->explanation_url;
  watch->url = window->url;
  watch->not_after = not_after;
  watch->start = window->start;
  watch->end = window->end;
  watch->selected_at = window->selected_at;
  watch->check_at = window->check_at;
  watch->tries = window->tries;
}

static void collapse(sdg_ndc_window *window, const sdg_renewal_watch *watch)
{
  window->id = watch->id;
  window->explanation_url = watch->explanation_url;
  window->url = watch->url;
  window->start = watch->start;
  window->end = watch->end;
  window->selected_at = watch->selected_at;
  window->check_at = watch->check_at;
  window->tries = watch->tries;
}

/* --- Birth, death, record --- */

stardeleg_err sdg_ndc_window_new(sdg_ndc_window **out, const char *chain)
{
  sdg_renewal_watch watch;
  sdg_ndc_window *window = NULL;
  sdg_buf id;
  stardeleg_err err;

  sdg_buf_init(&id, 512);
  err = sdg_certificate_id_of_chain(&id, sdg_bytes_str(chain));
  if (err == STARDELEG_OK) {
    window = sdg_calloc(1, sizeof(*window));
    err = window != NULL ? sdg_renewal_watch_init(&watch, sdg_buf_str(&id), STARDELEG_TIME_NEVER) : STARDELEG_ERR_NOMEM;
  }
  sdg_buf_clear(&id);
  if (err != STARDELEG_OK) {
    sdg_free(window);
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_OK; /* RFC 9773 4.1: nothing to ask with */
  }
  collapse(window, &watch);
  *out = window;
  return STARDELEG_OK;
}

void sdg_ndc_window_free(sdg_ndc_window *window)
{
  if (window == NULL) {
    return;
  }
  sdg_free(window->id);
  sdg_free(window->explanation_url);
  sdg_free(window->url);
  sdg_free(window);
}

void sdg_ndc_window_write(sdg_json_writer *w, const char *name, const sdg_ndc_current *current)
{
  sdg_renewal_watch watch;

  if (current->window != NULL) {
    expand(&watch, current->window, current->not_after);
    sdg_renewal_watch_write(w, name, &watch);
  }
}

stardeleg_err sdg_ndc_window_read(sdg_ndc_window **out, const sdg_json *tree)
{
  sdg_renewal_watch watch;
  stardeleg_err err;

  if (tree == NULL) {
    return STARDELEG_OK;
  }
  err = sdg_renewal_watch_read(&watch, tree);
  if (err != STARDELEG_OK) {
    return err;
  }
  *out = sdg_calloc(1, sizeof(**out));
  if (*out == NULL) {
    sdg_renewal_watch_clear(&watch);
    return STARDELEG_ERR_NOMEM;
  }
  collapse(*out, &watch);
  return STARDELEG_OK;
}

/* --- Asking --- */

bool sdg_ndc_window_is_watched(const sdg_ndc_delegation *d)
{
  const sdg_ndc_current *c = d->current;

  return c != NULL && !c->star && c->over == SDG_NDC_LIVE && c->window != NULL && d->state != SDG_NDC_ENDED &&
         d->ndc->account_state == STARDELEG_NDC_ACCOUNT_IN_USE;
}

stardeleg_err sdg_ndc_window_ask(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now)
{
  sdg_renewal_watch watch;
  stardeleg_err err;

  /* RFC 9773 4.3: not after the certificate has expired. */
  expand(&watch, d->current->window, sdg_ndc_wait_for(d->ndc, d->current->not_after));
  err = sdg_renewal_watch_ask(&watch, d->ndc->session, step, now);
  collapse(d->current->window, &watch);
  return err;
}

/* --- Taking --- */

static void tell(const sdg_ndc_delegation *d)
{
  const sdg_ndc_window *window = d->current->window;

  if (window->selected_at != STARDELEG_TIME_NONE && window->selected_at < d->current->renew_at) {
    sdg_ndc_log(d->ndc, STARDELEG_LOG_INFO, "ndc.window", d,
                window->explanation_url != NULL ? window->explanation_url : "the server wants an earlier renewal");
  }
}

stardeleg_err sdg_ndc_window_take(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  sdg_ndc_window *window = d->current->window;
  stardeleg_time before = window->selected_at;
  sdg_renewal_watch watch;
  bool changed = false;
  stardeleg_err err;

  if (window->url == NULL || strcmp(window->url, result->url) != 0) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  expand(&watch, window, d->current->not_after);
  err = sdg_renewal_watch_take(&watch, d->ndc->agent, result, now, &changed);
  collapse(window, &watch);
  if (err != STARDELEG_OK || !changed) {
    return err;
  }
  if (window->selected_at != before) {
    tell(d);
    sdg_ndc_wake_order(d, now);
  }
  if (window->selected_at != STARDELEG_TIME_NONE &&
      sdg_time_min(window->selected_at, d->current->renew_at) >
          sdg_time_add(sdg_ndc_time(d->ndc, now), 2 * d->ndc->options.backoff_max_ms)) {
    d->order_tries = 0; /* this certificate may stay: the orders have come to rest */
  }
  return sdg_ndc_save(d);
}

/* --- What follows --- */

stardeleg_time sdg_ndc_window_due(const sdg_ndc_delegation *d)
{
  const sdg_ndc_current *c = d->current;
  int64_t quarter = (c->not_after - c->not_before) / 4;
  stardeleg_time wish = c->window != NULL ? c->window->selected_at : STARDELEG_TIME_NONE;

  if (wish == STARDELEG_TIME_NONE) {
    return c->renew_at;
  }
  if (d->order_tries > 0) {
    wish =
        sdg_time_max(wish, sdg_time_add(c->ordered_at, sdg_backoff_ms(d->order_tries, REPEAT_MIN,
                                                                      quarter > REPEAT_MIN ? quarter : REPEAT_MIN, 0)));
  }
  return sdg_time_min(c->renew_at, wish);
}

bool sdg_ndc_window_drove(const sdg_ndc_delegation *d)
{
  const sdg_ndc_current *c = d->current;

  return c != NULL && !c->star && c->window != NULL && c->window->selected_at != STARDELEG_TIME_NONE &&
         d->pending != NULL && c->window->selected_at <= d->pending->ordered_at && d->pending->ordered_at < c->renew_at;
}
