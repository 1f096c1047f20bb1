/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_renew_end.c -- what is left to be done at the CA when an order ends, or is lost: the certificate there is,
 * one that came unwanted, and orders of which nobody knows what became of them. */
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "ido/ido_internal.h"
#include "ido/issuer_renew.h"
#include "x509/cert.h"

/* Before a live order goes on. */
#define LIVE_TRIES_MAX 5u

/* True if the certificates are to be revoked: without auto-renewal always (RFC 9115 2.3.6.2), else as configured. */
static bool must_revoke(const sdg_issuance *issuance)
{
  return !sdg_ido_order_is_star(issuance->order) || issuance->issuer->revoke_at_end;
}

static bool has_debts(const sdg_renewing *renewing)
{
  return renewing->ending != NULL || renewing->stray_count > 0;
}

/* --- Orders lost from sight --- */

/* A finalize may have been sent by a process that died before it could note an answer. */
static bool may_be_issued(const sdg_order_flow *flow)
{
  return flow->order_url != NULL && !flow->ended_there &&
         (flow->finalizes > 0 || flow->state == SDG_FLOW_FINALIZE || flow->state == SDG_FLOW_POLL ||
          flow->state == SDG_FLOW_VALID);
}

static void drop_stray(sdg_renewing *renewing, size_t i)
{
  sdg_free(renewing->strays[i]);
  memmove(&renewing->strays[i], &renewing->strays[i + 1],
          (renewing->stray_count - i - 1) * sizeof(renewing->strays[0]));
  renewing->stray_count--;
}

static stardeleg_err add_stray(sdg_issuance *issuance, const char *url)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  char *copy = sdg_strdup(url);

  if (copy == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (renewing->stray_count == SDG_STRAYS_MAX) {
    sdg_log(&issuance->issuer->ido->options.log, STARDELEG_LOG_WARNING, "ido.stray.forgotten",
            "order=%s: too many orders of it at the CA are lost from sight", issuance->order->id);
    drop_stray(renewing, 0);
  }
  renewing->strays[renewing->stray_count++] = copy;
  return STARDELEG_OK;
}

stardeleg_err sdg_renewing_abandon(sdg_issuance *issuance)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);

  if (renewing->has_flow && must_revoke(issuance) && may_be_issued(&renewing->flow)) {
    stardeleg_err err = add_stray(issuance, renewing->flow.order_url);

    if (err != STARDELEG_OK) {
      return err;
    }
  }
  sdg_renewing_drop_flow(renewing);
  issuance->news = SDG_NEWS_MOVED;
  return STARDELEG_OK;
}

/* --- Certificates --- */

static stardeleg_err begin_revoking(sdg_issuance *issuance, stardeleg_bytes der)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  sdg_ending *ending = sdg_calloc(1, sizeof(*ending));
  stardeleg_err err = ending != NULL ? sdg_ending_init_der(ending, issuance->issuer, der) : STARDELEG_ERR_NOMEM;

  if (err != STARDELEG_OK) {
    sdg_free(ending);
    return err;
  }
  renewing->ending = ending;
  issuance->news = SDG_NEWS_MOVED;
  return STARDELEG_OK;
}

stardeleg_err sdg_renewing_refuse(sdg_issuance *issuance, stardeleg_bytes pem)
{
  sdg_chain chain;
  stardeleg_err err = sdg_chain_parse(&chain, pem);

  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err == STARDELEG_OK) {
    err = begin_revoking(issuance, chain.certs[0]);
    sdg_chain_clear(&chain);
    if (err != STARDELEG_OK) {
      return err;
    }
  }
  sdg_renewing_drop_flow(sdg_renewing_of(issuance)); /* what is no certificate cannot be revoked */
  issuance->news = SDG_NEWS_MOVED;
  return STARDELEG_OK;
}

/* While the order lives, a certificate that cannot be revoked now must not keep the next one from coming. */
static bool is_revoking_over(const sdg_issuance *issuance)
{
  const sdg_ending *ending = sdg_renewing_of(issuance)->ending;

  return sdg_ending_state(ending) != SDG_ERRAND_OPEN ||
         (!issuance->order->cancel && sdg_ending_tries(ending) >= LIVE_TRIES_MAX);
}

/* What has not been revoked is kept with the earlier ones, whose turn comes when the order ends. */
static stardeleg_err keep_for_the_end(sdg_renewing *renewing)
{
  sdg_buf der;
  stardeleg_err err;

  sdg_buf_init(&der, SDG_CHAIN_BYTES_MAX);
  err = sdg_ending_certificate(renewing->ending, &der);
  if (err == STARDELEG_OK) {
    err = sdg_published_owe(&renewing->published, sdg_buf_bytes(&der));
  }
  sdg_buf_clear(&der);
  return err;
}

static stardeleg_err finish_revoking(sdg_issuance *issuance)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_err err = STARDELEG_OK;

  if (sdg_ending_state(renewing->ending) != SDG_ERRAND_DONE) {
    sdg_ending_log_failure(renewing->ending, issuance);
    err = issuance->order->cancel ? STARDELEG_OK : keep_for_the_end(renewing);
  }
  if (err == STARDELEG_OK) {
    sdg_ending_clear(renewing->ending);
    sdg_free(renewing->ending);
    renewing->ending = NULL;
    issuance->news = SDG_NEWS_MOVED;
  }
  return err;
}

/* --- The order --- */

stardeleg_err sdg_renewing_fail(sdg_issuance *issuance, const stardeleg_problem *problem)
{
  stardeleg_err err = sdg_published_fail(issuance, problem);

  if (err == STARDELEG_OK && has_debts(sdg_renewing_of(issuance))) {
    sdg_disown_stay(issuance->order, issuance->issuer, NULL);
    issuance->order->cancel = true;
    issuance->news = SDG_NEWS_DISOWNED;
  }
  return err;
}

bool sdg_renewing_is_ending(const sdg_issuance *issuance)
{
  return issuance->order->cancel || sdg_renewing_of(issuance)->ending != NULL;
}

/* --- Steps --- */

static stardeleg_err ask_stray(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_err err = STARDELEG_OK;

  if (renewing->disown == NULL) {
    err = sdg_disown_begin(&renewing->disown, issuance->issuer);
  }
  return err == STARDELEG_OK ? sdg_disown_ask(renewing->disown, issuance, renewing->strays[renewing->stray_count - 1],
                                              step, now)
                             : err;
}

static stardeleg_err ask_debts(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);

  if (renewing->ending == NULL) {
    return ask_stray(issuance, step, now);
  }
  if (is_revoking_over(issuance)) {
    return finish_revoking(issuance);
  }
  return sdg_ending_ask(renewing->ending, issuance->issuer, step, now);
}

/* The next certificate of ours that is to be revoked; empty: none. */
static stardeleg_bytes to_revoke(const sdg_issuance *issuance, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);

  if (!must_revoke(issuance)) {
    return sdg_bytes(NULL, 0);
  }
  return renewing->revoked ? sdg_published_older_leaf(&renewing->published, now)
                           : sdg_buf_bytes(&renewing->published.leaf);
}

/* From now on it is being revoked: the state of that is in |ending|. */
static stardeleg_err begin_next(sdg_issuance *issuance, stardeleg_bytes der)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_err err = begin_revoking(issuance, der);

  if (err == STARDELEG_OK && renewing->revoked) {
    sdg_published_drop_older(&renewing->published);
  }
  renewing->revoked = renewing->revoked || err == STARDELEG_OK;
  return err;
}

stardeleg_err sdg_renewing_ask_end(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  bool is_lost = sdg_ido_order_is_disowned(issuance->order);
  stardeleg_bytes der;

  if (issuance->order->cancel && !is_lost && !renewing->published.withdrawn) {
    return sdg_published_withdraw(&renewing->published, issuance);
  }
  if (issuance->order->cancel && renewing->has_flow) {
    return sdg_renewing_abandon(issuance);
  }
  der = issuance->order->cancel && !is_lost && renewing->ending == NULL ? to_revoke(issuance, now)
                                                                        : sdg_bytes(NULL, 0);
  if (der.len > 0) {
    return begin_next(issuance, der);
  }
  if (has_debts(renewing)) {
    return ask_debts(issuance, step, now);
  }
  if (is_lost) {
    issuance->news = SDG_NEWS_RELEASED;
    return STARDELEG_OK;
  }
  return sdg_published_ended(issuance);
}

bool sdg_renewing_awaits_end(const sdg_renewing *renewing)
{
  return renewing->ending != NULL || renewing->disown != NULL;
}

static stardeleg_err take_stray(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_renewing *renewing = sdg_renewing_of(issuance);
  stardeleg_err err = sdg_disown_take(renewing->disown, issuance, result, now);

  if (err == STARDELEG_OK && renewing->disown->phase == SDG_DISOWN_OVER) {
    sdg_disown_free(renewing->disown);
    renewing->disown = NULL;
    drop_stray(renewing, renewing->stray_count - 1);
    issuance->news = SDG_NEWS_MOVED;
  }
  return err;
}

stardeleg_err sdg_renewing_take_end(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_ending *ending = sdg_renewing_of(issuance)->ending;

  return ending != NULL ? sdg_ending_take_told(ending, issuance, result, now) : take_stray(issuance, result, now);
}
