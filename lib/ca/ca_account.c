/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_account.c -- all orders of one account: going through them, ending what is unfinished (RFC 8555 7.3.6). */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "ca/ca_internal.h"
#include "ca/ca_orders.h"

static int keep_key(void *ctx, const stardeleg_record *record)
{
  (void)snprintf(ctx, SDG_ID_SIZE, "%s", record->key);
  return 1;
}

stardeleg_err sdg_ca_next_order(const stardeleg_ca *ca, const char *account_id, char id[SDG_ID_SIZE], sdg_ca_order *out)
{
  for (;;) {
    char next[SDG_ID_SIZE] = "";
    stardeleg_err err = sdg_store_scan(ca->options.store, "order", account_id, id, 1, keep_key, next);

    if (err != STARDELEG_OK || next[0] == '\0') {
      return err == STARDELEG_OK ? STARDELEG_ERR_NOT_FOUND : err;
    }
    memcpy(id, next, SDG_ID_SIZE);
    err = sdg_ca_order_load(ca, id, out);
    if (err != STARDELEG_ERR_NOT_FOUND) { /* removed in between: the next one */
      return err;
    }
  }
}

static bool is_unfinished(const sdg_ca_order *order)
{
  return order->wire.status == SDG_ORDER_PENDING || order->wire.status == SDG_ORDER_READY ||
         order->wire.status == SDG_ORDER_PROCESSING;
}

static bool is_renewed(const sdg_ca_order *order)
{
  return order->wire.status == SDG_ORDER_VALID && order->wire.auto_renewal != NULL;
}

/* What is unfinished becomes invalid; what is renewed is canceled, the one way out of "valid" (RFC 8739 fig. 4), which
 * also tells whoever fetches the certificate that no more will come. */
static stardeleg_err end_order(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_time now)
{
  stardeleg_err err = STARDELEG_OK;

  for (int i = 0; i < SDG_CA_CAS_TRIES && (is_unfinished(order) || is_renewed(order)); i++) {
    char id[SDG_ID_SIZE];

    if (is_renewed(order)) {
      err = sdg_ca_cancel_order(ca, order, now, false);
    } else {
      err = sdg_ca_order_fail(order, STARDELEG_ACME_UNAUTHORIZED, SDG_CA_ACCOUNT_GONE);
      if (err == STARDELEG_OK) {
        err = sdg_ca_save_order(ca, order, false);
      }
    }
    if (err != STARDELEG_ERR_CONFLICT) {
      break;
    }
    memcpy(id, order->id, sizeof(id));
    sdg_ca_order_clear(order);
    sdg_ca_order_init(order);
    err = sdg_ca_order_load(ca, id, order);
    if (err != STARDELEG_OK) {
      sdg_ca_order_init(order); /* nothing of it is ours now */
      break;
    }
  }
  return err;
}

/* Certificates that are out are left alone: "Servers SHOULD NOT revoke certificates issued by the deactivated account".
 * The account is gone already, so a failure here is not the client's: the server calls again, and the engine ends an
 * order of such an account when it comes to it. */
stardeleg_err sdg_ca_end_account(void *role, const sdg_server_account *account, stardeleg_time now)
{
  stardeleg_ca *ca = role;
  char id[SDG_ID_SIZE] = "";
  stardeleg_err err = STARDELEG_OK;

  while (err == STARDELEG_OK) {
    sdg_ca_order order;

    err = sdg_ca_next_order(ca, account->id, id, &order);
    if (err == STARDELEG_OK) {
      err = end_order(ca, &order, now);
      sdg_ca_order_clear(&order);
    }
  }
  return err == STARDELEG_ERR_NOT_FOUND ? STARDELEG_OK : err;
}
