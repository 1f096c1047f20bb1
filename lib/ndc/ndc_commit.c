/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_commit.c -- the one place where a certificate comes into use, and what leads there. */
#include "ndc/ndc_commit.h"

#include <stdio.h>
#include <string.h>

#include "acme/problem_document.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "transport/http_message.h"

#define ETAG_MAX 200u
/* A certificate may begin this much after our clock without a word. */
#define SKEW_TOLERATED (5 * SDG_TIME_MINUTE)

/* --- Commit --- */

char *sdg_ndc_read_etag(const sdg_result *result)
{
  stardeleg_bytes value;

  if (!sdg_http_header(&value, result->response->headers, result->response->header_count, "ETag", NULL) ||
      value.len == 0 || value.len > ETAG_MAX) {
    return NULL;
  }
  for (size_t i = 0; i < value.len; i++) {
    if (value.base[i] < 0x21 || value.base[i] > 0x7e) {
      return NULL; /* kept in a JSON record and sent back: plain ones only */
    }
  }
  return sdg_bytes_dup(value);
}

stardeleg_err sdg_ndc_fill_current(sdg_ndc_current *fresh, const char *order_url, const char *url,
                                   const sdg_ndc_found *found, const sdg_result *result)
{
  fresh->order_url = sdg_strdup(order_url);
  fresh->certificate_url = sdg_strdup(url);
  fresh->serial = sdg_strdup(found->serial);
  fresh->etag = sdg_ndc_read_etag(result); /* without one the next GET is unconditional */
  fresh->not_before = found->not_before;
  fresh->not_after = found->not_after;
  return (order_url != NULL && fresh->order_url == NULL) || fresh->certificate_url == NULL || fresh->serial == NULL
             ? STARDELEG_ERR_NOMEM
             : STARDELEG_OK;
}

/* What changes with a commit, so that it can be taken back. */
typedef struct commit_point {
  sdg_ndc_current *current;
  sdg_ndc_pending *pending;
  stardeleg_problem *cause;
  uint32_t order_tries;
  uint8_t state;
} commit_point;

static void move_to(sdg_ndc_delegation *d, const commit_point *to)
{
  d->current = to->current;
  d->pending = to->pending;
  d->cause = to->cause;
  d->order_tries = to->order_tries;
  d->state = to->state;
}

/* A plain order has done its work with its only certificate, if that leaves us in peace for a while.  A STAR order has
 * with its second: one that is cancelled at once must not be followed by another at once. */
static bool brings_rest(const sdg_ndc_delegation *d, const sdg_ndc_current *fresh, stardeleg_time now)
{
  return !fresh->star && !sdg_ndc_window_drove(d) &&
         sdg_ndc_wait_for(d->ndc, fresh->renew_at) - now > 2 * d->ndc->options.backoff_max_ms;
}

/* The one place where a certificate comes into use: the record is written, then the program is told. */
stardeleg_err sdg_ndc_commit(sdg_ndc_delegation *d, sdg_ndc_current *fresh, bool from_pending, const sdg_result *result,
                             stardeleg_time now)
{
  commit_point old = {d->current, d->pending, d->cause, d->order_tries, d->state};
  commit_point new = {fresh, d->pending, d->cause, 0, d->state}; /* renewed: this order works */
  char *chain = sdg_bytes_dup(result->response->body);
  bool discarded = false;
  stardeleg_err err;

  if (chain == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (from_pending) {
    new = (commit_point){fresh, NULL, NULL, brings_rest(d, fresh, now) ? 0 : d->order_tries, SDG_NDC_REST};
    if (old.current != NULL && strcmp(old.current->key, fresh->key) != 0) {
      sdg_ndc_discard_key(d, old.current->key);
      discarded = true;
    }
  }
  move_to(d, &new);
  d->last_success = now;
  sdg_ndc_clear_reason(d);
  err = sdg_ndc_save_chain(d, chain, from_pending ? old.pending : NULL);
  sdg_free(chain);
  if (err != STARDELEG_OK) {
    move_to(d, &old);
    if (discarded) {
      sdg_free(d->garbage);
      d->garbage = NULL;
    }
    return err;
  }
  sdg_ndc_current_free(old.current);
  if (from_pending) {
    sdg_ndc_pending_free(old.pending);
    sdg_free(old.cause);
  }
  return STARDELEG_OK;
}

void sdg_ndc_announce(sdg_ndc_delegation *d, const sdg_result *result, stardeleg_time now)
{
  d->told = false;
  d->tell_tries = 0;
  d->tell_at = STARDELEG_TIME_NONE;
  sdg_ndc_pace_fresh(d, result, now);
  sdg_ndc_log(d->ndc, STARDELEG_LOG_INFO, "ndc.certificate.new", d, d->current->serial);
  sdg_ndc_tell_current(d, now);
  sdg_ndc_wake_holder(d, now);
  sdg_ndc_wake_order(d, now);
}

/* --- Judging an answer --- */

stardeleg_err sdg_ndc_judge(sdg_ndc_delegation *d, const char *key_name, sdg_ndc_expected *expected,
                            const sdg_result *result, stardeleg_time now, sdg_ndc_judgement *out)
{
  stardeleg_key *key = NULL;
  stardeleg_err err;

  sdg_problem_clear(&out->problem);
  if (result->status != 200) {
    out->verdict = SDG_NDC_CERT_BAD;
    sdg_problem_set(&out->problem, STARDELEG_ACME_NONE, "status %d where a certificate was to come", result->status);
    out->problem.status = 0;
    return STARDELEG_OK;
  }
  err = sdg_ndc_key_load(d->ndc, key_name, &key);
  if (err == STARDELEG_OK) {
    expected->spki = stardeleg_key_spki(key);
    err = sdg_ndc_check_certificate(d->ndc, expected, result, now, &out->verdict, &out->found, &out->problem);
  }
  stardeleg_key_free(key);
  return err;
}

bool sdg_ndc_is_lost_key(stardeleg_err err)
{
  return err == STARDELEG_ERR_NOT_FOUND || err == STARDELEG_ERR_BAD_KEY || err == STARDELEG_ERR_MALFORMED;
}

bool sdg_ndc_has_ended(const sdg_ndc_delegation *d, const sdg_result *result, const sdg_auto_renewal *renewal,
                       stardeleg_time now)
{
  return sdg_problem_is(result->problem, STARDELEG_ACME_AUTO_RENEWAL_EXPIRED) ||
         (result->status == 403 && sdg_ndc_time(d->ndc, now) >= renewal->end_at);
}

bool sdg_ndc_is_far_early(const sdg_ndc_found *found, stardeleg_time t)
{
  return found->not_before > sdg_time_add(t, SKEW_TOLERATED);
}
