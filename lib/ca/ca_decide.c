/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_decide.c -- what a decided authorization makes of its order (RFC 8555 7.1.6). */
#include <stdio.h>
#include <string.h>

#include "ca/ca_internal.h"

/* Are all the order's other authorizations valid? */
static stardeleg_err all_valid(const stardeleg_ca *ca, const sdg_ca_order *order, const char *except, bool *out)
{
  *out = true;
  for (size_t i = 0; i < order->authz_count && *out; i++) {
    sdg_ca_authz other;
    stardeleg_err err;

    if (strcmp(order->authz[i], except) == 0) {
      continue;
    }
    err = sdg_ca_authz_load(ca, order->authz[i], &other);
    if (err != STARDELEG_OK) {
      return err;
    }
    *out = other.wire.status == SDG_AUTHZ_VALID;
    sdg_ca_authz_clear(&other);
  }
  return STARDELEG_OK;
}

static stardeleg_err fail_order(const sdg_ca_authz *authz, sdg_ca_order *order)
{
  char detail[64];

  if (authz->wire.challenges[0].error == NULL) {
    (void)snprintf(detail, sizeof(detail), "an authorization is %s", sdg_authz_status_name(authz->wire.status));
    return sdg_ca_order_fail(order, STARDELEG_ACME_UNAUTHORIZED, detail);
  }
  sdg_json_free(order->wire.error);
  order->wire.error = sdg_json_copy(authz->wire.challenges[0].error);
  order->wire.status = SDG_ORDER_INVALID;
  return order->wire.error != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

/* What becomes of the order when its authorization is decided (RFC 8555 7.1.6).  |*write|: the order belongs into the
 * batch, although it may be as before: two engines that validate the last two authorizations at once would else each
 * see the other's pending, and the order would never become ready. */
static stardeleg_err decide_order(stardeleg_ca *ca, const sdg_ca_authz *authz, sdg_ca_order *order, bool *write)
{
  sdg_order_status status = order->wire.status;
  bool ready = false;
  stardeleg_err err = STARDELEG_OK;

  *write = false;
  if (authz->wire.status == SDG_AUTHZ_VALID) {
    *write = status == SDG_ORDER_PENDING;
    err = *write ? all_valid(ca, order, authz->id, &ready) : STARDELEG_OK;
    order->wire.status = ready ? SDG_ORDER_READY : status;
  } else if (authz->wire.status == SDG_AUTHZ_DEACTIVATED && status == SDG_ORDER_PROCESSING) {
    *write = true; /* RFC 8555 7.5.2: not sufficient for issuing, and nothing has been issued yet */
    err = fail_order(authz, order);
  } else if (authz->wire.status != SDG_AUTHZ_PENDING && (status == SDG_ORDER_PENDING || status == SDG_ORDER_READY)) {
    *write = true;
    err = fail_order(authz, order);
  }
  return err;
}

/* One batch: whoever sees the authorization valid sees the order ready. */
stardeleg_err sdg_ca_store_decision(stardeleg_ca *ca, const sdg_ca_authz *authz, stardeleg_time due, bool release)
{
  char proof_key[SDG_ID_SIZE];
  sdg_ca_order order;
  sdg_buf values[3];
  stardeleg_store_op ops[3];
  size_t n = 1;
  bool both = false;
  stardeleg_err err = sdg_ca_order_load(ca, authz->order, &order);

  if (err != STARDELEG_OK) {
    return err;
  }
  for (size_t i = 0; i < 3; i++) {
    sdg_buf_init(&values[i], STARDELEG_STORE_VALUE_MAX);
  }
  err = decide_order(ca, authz, &order, &both);
  if (err == STARDELEG_OK) {
    sdg_ca_put_authz(&ops[0], &values[0], authz, due, release);
    err = sdg_buf_error(&values[0]);
  }
  if (err == STARDELEG_OK && both) {
    sdg_ca_put_order(ca, &ops[n++], &values[1], &order, false);
    err = sdg_buf_error(&values[1]);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_put_proof(ca, authz, proof_key, ops, &values[2], &n);
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, ops, n);
  }
  for (size_t i = 0; i < 3; i++) {
    sdg_buf_clear(&values[i]);
  }
  sdg_ca_order_clear(&order);
  return err;
}
