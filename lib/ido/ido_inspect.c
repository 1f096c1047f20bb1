/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_inspect.c -- who holds what, for people. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "ido/ido_internal.h"

#define PAGE 64u

/* What of a delegation is told with each of its orders. */
typedef struct holder {
  char id[SDG_ID_SIZE];
  char ndc[SDG_ID_SIZE];
  sdg_ido_delegation_state state;
} holder;

typedef struct inspection {
  int (*each)(void *ctx, const stardeleg_ido_status *status);
  void *ctx;
  const holder *holder; /* under way */
  size_t orders;        /* of it */
  bool stopped;
  holder page[PAGE];
  size_t count;
  stardeleg_err err;
} inspection;

static void fill_holder(stardeleg_ido_status *status, const holder *h)
{
  memset(status, 0, sizeof(*status));
  status->delegation = h->id;
  status->ndc = h->ndc;
  status->delegation_state = sdg_ido_delegation_state_name(h->state);
  status->order = "";
  status->order_status = "";
  status->step = "";
  status->certificate_url = "";
  status->reason = "";
  status->end_at = STARDELEG_TIME_NONE;
  status->last_success = STARDELEG_TIME_NONE;
  status->next_try = STARDELEG_TIME_NEVER;
}

static bool has_work(const sdg_ido_order *order)
{
  return order->wire.status == SDG_ORDER_PROCESSING || sdg_ido_order_is_disowned(order) ||
         (order->wire.status == SDG_ORDER_VALID && (order->cancel || order->renew_at != STARDELEG_TIME_NEVER));
}

static int tell_order(void *ctx, const stardeleg_record *record)
{
  inspection *in = ctx;
  stardeleg_ido_status status;
  sdg_auto_renewal renewal;
  sdg_ido_order order;

  in->err = sdg_ido_order_read(&order, record);
  if (in->err != STARDELEG_OK) {
    return 1;
  }
  in->orders++;
  fill_holder(&status, in->holder);
  status.order = order.id;
  status.order_status = sdg_order_status_name(order.wire.status);
  status.certificate_url = order.wire.star_certificate != NULL ? order.wire.star_certificate
                           : order.wire.certificate != NULL    ? order.wire.certificate
                                                               : "";
  status.last_success = order.last_success;
  status.reason = order.reason;
  if (sdg_auto_renewal_parse(&renewal, order.wire.auto_renewal, NULL) == STARDELEG_OK) {
    status.end_at = renewal.end_at;
  }
  if (order.wire.status == SDG_ORDER_INVALID && (!sdg_ido_order_is_disowned(&order) || order.reason[0] == '\0')) {
    status.reason = sdg_json_string(sdg_json_member(order.wire.error, "detail"));
  }
  if (has_work(&order)) {
    status.step = order.step[0] != '\0'                       ? order.step
                  : order.cancel                             ? "cancel"
                  : order.wire.status == SDG_ORDER_VALID ? "renew"
                                                             : "new";
    status.next_try = order.due;
  }
  in->stopped = in->each(in->ctx, &status) != 0;
  sdg_ido_order_clear(&order);
  return in->stopped;
}

static stardeleg_err tell_delegation(const stardeleg_ido *ido, inspection *in, const holder *h)
{
  stardeleg_ido_status status;
  stardeleg_err err;

  in->holder = h;
  in->orders = 0;
  err = sdg_store_scan(ido->options.store, "order", h->id, NULL, SIZE_MAX, tell_order, in);
  if (err == STARDELEG_OK) {
    err = in->err;
  }
  if (err == STARDELEG_OK && in->orders == 0) {
    fill_holder(&status, h);
    in->stopped = in->each(in->ctx, &status) != 0;
  }
  return err;
}

static stardeleg_err read_holder(holder *out, const stardeleg_record *record)
{
  sdg_json *tree = NULL;
  stardeleg_err err = sdg_ido_delegation_tree(&tree, record);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegation_read_state(&out->state, tree);
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(out->id, sizeof(out->id), "%s", record->key);
    (void)snprintf(out->ndc, sizeof(out->ndc), "%s", sdg_json_string(sdg_json_member(tree, "ndc")));
  }
  sdg_json_free(tree);
  return err;
}

static int collect(void *ctx, const stardeleg_record *record)
{
  inspection *in = ctx;

  in->err = read_holder(&in->page[in->count], record);
  in->count += in->err == STARDELEG_OK ? 1 : 0;
  return in->err != STARDELEG_OK;
}

static stardeleg_err tell_all(const stardeleg_ido *ido, inspection *in)
{
  char last[SDG_ID_SIZE] = "";
  stardeleg_err err = STARDELEG_OK;

  do {
    in->count = 0;
    err = sdg_store_scan(ido->options.store, "delegation", NULL, last, PAGE, collect, in);
    if (err == STARDELEG_OK) {
      err = in->err;
    }
    for (size_t i = 0; err == STARDELEG_OK && !in->stopped && i < in->count; i++) {
      (void)snprintf(last, sizeof(last), "%s", in->page[i].id);
      err = tell_delegation(ido, in, &in->page[i]);
    }
  } while (err == STARDELEG_OK && !in->stopped && in->count == PAGE);
  return err;
}

static stardeleg_err tell_one(const stardeleg_ido *ido, inspection *in, const char *id)
{
  stardeleg_record record = {0};
  stardeleg_err err = STARDELEG_ERR_NOT_FOUND;

  if (sdg_store_name_is_valid(id)) {
    err = sdg_store_get(ido->options.store, "delegation", id, &record);
  }
  if (err == STARDELEG_OK) {
    err = read_holder(&in->page[0], &record);
  }
  if (err == STARDELEG_OK) {
    err = tell_delegation(ido, in, &in->page[0]);
  }
  stardeleg_record_clear(&record);
  return err;
}

stardeleg_err stardeleg_ido_inspect(stardeleg_ido *ido, const char *id,
                                    int (*each)(void *ctx, const stardeleg_ido_status *status), void *ctx)
{
  inspection *in;
  stardeleg_err err;

  if (ido == NULL || each == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  in = sdg_calloc(1, sizeof(*in));
  if (in == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  in->each = each;
  in->ctx = ctx;
  err = id != NULL ? tell_one(ido, in, id) : tell_all(ido, in);
  sdg_free(in);
  return err;
}
