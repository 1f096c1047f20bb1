/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_finalize.c -- the delegate's CSR against the template: the gate of every delegation (RFC 9115 2.3.2, 4). */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "ido/ido_quota.h"
#include "x509/csr.h"

/* What finalize has at hand. */
typedef struct finalize {
  stardeleg_ido *ido;
  sdg_call *call;
  sdg_ido_order *order;
  const sdg_ido_delegation *delegation;
  stardeleg_match_options match;
} finalize;

static stardeleg_err match(finalize *f, const stardeleg_template *tmpl, stardeleg_bytes csr)
{
  const sdg_identifiers *identifiers = &f->order->wire.identifiers;
  stardeleg_report *report = NULL;
  stardeleg_err err = stardeleg_template_match(tmpl, f->ido->options.crypto, csr, identifiers->items,
                                               identifiers->count, &f->match, &report);

  if (err == STARDELEG_ERR_POLICY) {
    stardeleg_report_to_problem(report, &f->call->problem);
  }
  stardeleg_report_free(report);
  return err;
}

/* AMB-19: what was agreed at newOrder must allow the CSR too, should the owner have changed the template since. */
static stardeleg_err match_snapshot(finalize *f, stardeleg_bytes csr)
{
  stardeleg_template *tmpl = NULL;
  stardeleg_err err;

  if (f->order->tmpl != NULL && strcmp(f->order->tmpl, stardeleg_template_json(f->delegation->tmpl)) == 0) {
    return STARDELEG_OK; /* it is the one that was just asked */
  }
  err = stardeleg_template_load(&tmpl, sdg_bytes_str(f->order->tmpl), NULL, NULL);
  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_NOMEM ? err : STARDELEG_ERR_STORE;
  }
  err = match(f, tmpl, csr);
  stardeleg_template_free(tmpl);
  return err;
}

/* By this the audit record knows the key again, in whatever certificate it turns up. */
static stardeleg_err note_key(finalize *f, stardeleg_bytes spki)
{
  uint8_t hash[STARDELEG_HASH_MAX];
  stardeleg_err err = sdg_hash(f->ido->options.crypto, STARDELEG_HASH_SHA256, &spki, 1, hash);

  for (size_t i = 0; err == STARDELEG_OK && i < 32; i++) {
    (void)snprintf(f->order->key + 2 * i, 3, "%02x", hash[i]);
  }
  return err;
}

/* RFC 8555 11.1: a key that signs requests must not be in a certificate; here of all accounts, not just of this one. */
static stardeleg_err check_key(finalize *f, stardeleg_bytes der)
{
  sdg_csr csr;
  stardeleg_err err = sdg_csr_parse(&csr, der, NULL);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = note_key(f, csr.spki);
  if (err == STARDELEG_OK) {
    err = sdg_ido_scope_check_key(&f->delegation->scope, f->delegation->id, csr.spki, &f->call->problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_server_account_by_key(f->ido->server, csr.spki);
  }
  sdg_csr_clear(&csr);
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return STARDELEG_OK;
  }
  if (err == STARDELEG_OK) {
    sdg_problem_set(&f->call->problem, STARDELEG_ACME_BAD_CSR,
                    "the CSR's key is the key of an account (RFC 8555 11.1)");
    f->call->problem.status = 403;
    err = STARDELEG_ERR_POLICY;
  }
  return err;
}

/* POLICY with the problem filled in, if the CSR is to be refused. */
static stardeleg_err check_csr(finalize *f, stardeleg_bytes csr)
{
  size_t count = f->ido->account_key_count;
  sdg_ido_scope_policy policy = {&f->delegation->scope, &f->ido->options.match};
  stardeleg_bytes *keys = sdg_calloc(count + 1, sizeof(*keys));
  stardeleg_err err;

  if (keys == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    keys[i] = f->ido->account_keys[i];
  }
  keys[count] = sdg_pubkey_spki(f->call->account->key);
  f->match = f->ido->options.match;
  f->match.account_spkis = keys;
  f->match.account_spki_count = count + 1;
  sdg_ido_scope_match(&f->match, &policy);
  err = match(f, f->delegation->tmpl, csr);
  if (err == STARDELEG_OK) {
    err = match_snapshot(f, csr);
  }
  if (err == STARDELEG_OK) {
    err = check_key(f, csr);
  }
  sdg_free(keys);
  return err;
}

/* RFC 9115 2.2: "the IdO [...] moves the order to invalid"; the answer is the problem all the same (AMB-01). */
static stardeleg_err refuse(finalize *f)
{
  sdg_ido_order *order = f->order;
  stardeleg_err err;

  sdg_log(&f->ido->options.log, STARDELEG_LOG_WARNING, "ido.csr.refused", "delegation=%s order=%s: %s",
          order->delegation, order->id, f->call->problem.detail);
  order->key[0] = '\0';
  order->refusal = &f->call->problem;
  err = f->ido->options.keep_ready_after_bad_csr == 0 ? sdg_ido_order_fail(order, &f->call->problem) : STARDELEG_OK;
  if (err == STARDELEG_OK && order->wire.status == SDG_ORDER_INVALID) {
    order->wire.expires =
        sdg_time_min(order->wire.expires, sdg_time_add(f->call->now, f->ido->options.order_grace_s * SDG_TIME_S));
    sdg_free(order->tmpl);
    order->tmpl = NULL;
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_order_put(f->ido->options.store, order, sdg_ido_order_due(f->ido, order, f->call->now), false, NULL,
                            NULL);
  }
  return err == STARDELEG_OK ? STARDELEG_ERR_PROTOCOL : err;
}

/* One write: whoever sees "processing" can rely on the CSR being safe (STARDEL-2.2-07). */
static stardeleg_err accept(finalize *f, sdg_buf *csr)
{
  sdg_ido_order *order = f->order;

  sdg_buf_swap(&order->csr, csr);
  sdg_free(order->tmpl);
  order->tmpl = NULL;
  order->wire.status = SDG_ORDER_PROCESSING;
  order->finalized_at = f->call->now;
  return sdg_ido_order_put(f->ido->options.store, order, f->call->now, false, NULL, NULL);
}

/* One certificate too many is not the CSR's fault: the order stays ready, and may be finalized later. */
static stardeleg_err count_and_accept(finalize *f, sdg_buf *csr)
{
  sdg_ido_quota quota = {.op_count = 0};
  stardeleg_err err = sdg_ido_quota_certificate(&quota, f->ido->options.store, f->delegation, f->call->now,
                                                &f->call->problem);

  if (err == STARDELEG_OK) {
    f->order->also = &quota.op;
    f->order->also_count = quota.op_count;
    err = accept(f, csr);
    f->order->also_count = 0;
  }
  sdg_ido_quota_clear(&quota);
  return err == STARDELEG_ERR_POLICY ? STARDELEG_ERR_PROTOCOL : err;
}

static stardeleg_err take_csr(finalize *f)
{
  sdg_call *call = f->call;
  sdg_buf csr;
  stardeleg_err err;

  sdg_buf_init(&csr, SDG_CSR_MAX);
  err = sdg_json_get_base64url(&csr, call->payload, "csr", SDG_JSON_REQUIRED, &call->problem);
  if (err == STARDELEG_OK) {
    err = sdg_ido_order_still_fits(f->ido, call, f->order, f->delegation);
    err = err == STARDELEG_OK ? check_csr(f, sdg_buf_bytes(&csr)) : err;
  } else if (err == STARDELEG_ERR_LIMIT) {
    sdg_problem_set(&call->problem, STARDELEG_ACME_BAD_CSR, "the CSR is too large");
    call->problem.status = 403;
    err = STARDELEG_ERR_POLICY;
  }
  if (err == STARDELEG_OK) {
    err = count_and_accept(f, &csr);
  } else if (err == STARDELEG_ERR_POLICY) {
    err = refuse(f);
  }
  sdg_buf_clear(&csr);
  return err;
}

/* One attempt; CONFLICT: somebody else was faster. */
static stardeleg_err run(finalize *f)
{
  sdg_ido_order *order = f->order;
  stardeleg_err err;

  if (order->wire.status != SDG_ORDER_READY) {
    return sdg_call_fail(f->call, STARDELEG_ACME_ORDER_NOT_READY, "the order is %s, not ready",
                         sdg_order_status_name(order->wire.status));
  }
  err = sdg_ido_own_delegation(f->ido, f->call, order->delegation, &f->delegation);
  if (err == STARDELEG_ERR_NOT_FOUND) { /* STARDEL-7.2-02 */
    return sdg_call_fail(f->call, STARDELEG_ACME_UNKNOWN_DELEGATION, "the delegation of this order has ended");
  }
  if (err == STARDELEG_OK) {
    err = take_csr(f);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_reply_order(f->ido, f->call, order, 200);
  }
  sdg_ido_delegations_release(f->ido->delegations, f->delegation);
  f->delegation = NULL;
  return err;
}

stardeleg_err sdg_ido_route_finalize(void *role, sdg_call *call)
{
  sdg_ido_order order;
  finalize f = {.ido = role, .call = call, .order = &order};
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    sdg_problem_clear(&call->problem);
    err = sdg_ido_own_order(f.ido, call, &order);
    if (err != STARDELEG_OK) {
      return err;
    }
    err = run(&f);
    sdg_ido_order_clear(&order);
  }
  if (err == STARDELEG_OK) {
    sdg_ido_work_waits(f.ido);
  }
  return err;
}
