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

/* RFC 9115 2.4: expires is the upstream order's, as soon as there is one. */
static void copy_expires(sdg_issuance *issuance)
{
  const sdg_order_flow *flow = &sdg_forward_of(issuance)->flow;

  if (flow->has_order && flow->order.expires != STARDELEG_TIME_NONE) {
    issuance->order->wire.expires = flow->order.expires;
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

static stardeleg_err ask(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  stardeleg_err err = sdg_forward_of(issuance)->has_flow ? sdg_forward_ask(issuance, step, now)
                                                         : ask_search(issuance, step, now);

  copy_expires(issuance);
  return err;
}

static stardeleg_err take(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  stardeleg_err err;

  if (!forward->has_flow) {
    return sdg_search_take(forward->own, issuance, result, now);
  }
  err = sdg_forward_take(issuance, result, now);
  copy_expires(issuance);
  return err;
}

const sdg_issuer_ops sdg_issuer_proxy = {
    .kind = "proxy",
    .open = sdg_forward_open,
    .close = sdg_forward_close,
    .begin = begin,
    .end = end,
    .write = sdg_forward_write,
    .ask = ask,
    .take = take,
    .step_name = sdg_forward_step_name,
};
