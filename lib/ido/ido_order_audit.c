/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_order_audit.c -- an order's changes of state become entries of the audit record, in the same write. */
#include "ido/ido_order_audit.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/time.h"
#include "ido/ido_audit.h"
#include "ido/ido_cname.h"
#include "ido/ido_quota.h"

#define EVENTS_MAX 4u
#define NAMES_SIZE 1024u

void sdg_ido_order_note_seen(sdg_ido_order *order)
{
  order->seen = (sdg_ido_order_seen){true, order->wire.status, order->cancel, order->cnames,
                                     sdg_ido_order_is_disowned(order)};
  order->certificate.serial[0] = '\0';
  order->refusal = NULL;
}

/* --- Which entries --- */

typedef struct telling {
  const sdg_ido_order *order;
  stardeleg_time at;
  char names[NAMES_SIZE];
  stardeleg_ido_event events[EVENTS_MAX];
  size_t count;
} telling;

static stardeleg_ido_event *add(telling *t, const char *what, const char *by)
{
  stardeleg_ido_event *event = &t->events[t->count];

  if (t->count + 1 < EVENTS_MAX) {
    t->count++;
  }
  memset(event, 0, sizeof(*event));
  event->at = t->at;
  event->event = what;
  event->delegation = t->order->delegation;
  event->order = t->order->id;
  event->by = by;
  event->not_after = STARDELEG_TIME_NONE;
  return event;
}

/* What does not fit is cut: the order itself has them all. */
static void join_names(telling *t)
{
  size_t len = 0;

  for (size_t i = 0; i < t->order->wire.identifiers.count && len < NAMES_SIZE; i++) {
    int n =
        snprintf(t->names + len, NAMES_SIZE - len, "%s%s", i > 0 ? " " : "", t->order->wire.identifiers.items[i].value);

    len += n > 0 ? (size_t)n : 0;
  }
}

static const char *error_detail(const sdg_ido_order *order)
{
  return sdg_json_string(sdg_json_member(order->wire.error, "detail"));
}

static void tell_invalid(telling *t)
{
  const sdg_ido_order *order = t->order;
  bool was_ready = order->seen.status == SDG_ORDER_READY;
  stardeleg_ido_event *event;

  if (order->refusal != NULL) {
    event = add(t, "csr-refused", "delegate");
    event->place = order->refusal->place;
    event->detail = order->refusal->detail;
  } else {
    event = add(t, "order-failed", was_ready ? "engine" : "ca");
    event->detail = error_detail(order);
  }
}

static void tell_status(telling *t)
{
  const sdg_ido_order *order = t->order;
  stardeleg_ido_event *event;

  switch (order->wire.status) {
  case SDG_ORDER_PROCESSING:
    event = add(t, "csr-accepted", "delegate");
    event->key = order->key;
    break;
  case SDG_ORDER_VALID:
    event = add(t, "order-valid", "ca");
    event->url = order->wire.star_certificate != NULL ? order->wire.star_certificate : order->wire.certificate;
    event->names = t->names;
    event->key = order->key;
    break;
  case SDG_ORDER_CANCELED:
    event = add(t, "order-canceled", order->cancel ? "ca" : "expiry");
    event->detail = order->cancel && order->wire.auto_renewal == NULL ? "the certificate was revoked" : NULL;
    break;
  case SDG_ORDER_INVALID:
    tell_invalid(t);
    break;
  default:
    break;
  }
}

static void tell(telling *t)
{
  const sdg_ido_order *order = t->order;
  stardeleg_ido_event *event;

  join_names(t);
  if (!order->seen.stored) {
    event = add(t, "order-made", "delegate");
    event->names = t->names;
  } else if (order->wire.status != order->seen.status) {
    tell_status(t);
  } else if (order->refusal != NULL) { /* and left ready, as the owner wants it */
    tell_invalid(t);
  }
  if (order->cancel && !order->seen.cancel && order->seen.stored) {
    (void)add(t, "order-ending", "engine");
  }
  if (order->seen.disowned && !sdg_ido_order_is_disowned(order)) {
    (void)add(t, "order-released", "ca");
  }
  if (order->certificate.serial[0] != '\0') {
    event = add(t, "certificate", "ca");
    event->serial = order->certificate.serial;
    event->not_after = order->certificate.not_after;
    event->names = t->names;
    event->key = order->key;
  }
}

/* --- The write --- */

static stardeleg_time instant_of(const sdg_ido_order *order)
{
  stardeleg_time at = sdg_time_max(order->created_at, sdg_time_max(order->finalized_at, order->last_success));

  at = order->now != STARDELEG_TIME_NONE ? order->now : at;
  return at != STARDELEG_TIME_NONE ? at : 0;
}

static stardeleg_err gather(sdg_ido_also *also, const stardeleg_store *store, const sdg_ido_order *order)
{
  telling *t = sdg_calloc(1, sizeof(*t));
  stardeleg_err err = STARDELEG_OK;

  if (t == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  t->order = order;
  t->at = instant_of(order);
  tell(t);
  for (size_t i = 0; i < t->count; i++) {
    sdg_ido_audit_add(also, &t->events[i], order->id, order->version + 1, (unsigned)i);
  }
  if (order->cnames != order->seen.cnames) {
    err = sdg_ido_cname_mark(also, store, order->delegation, t->at);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_quota_follow(also, store, order);
  }
  sdg_free(t);
  return err;
}

stardeleg_err sdg_ido_order_write_audited(const stardeleg_store *store, sdg_ido_order *order,
                                          const stardeleg_store_op *op)
{
  stardeleg_store_op first[1 + SDG_IDO_ALSO_OPS_MAX];
  sdg_ido_also *also = sdg_calloc(1, sizeof(*also));
  stardeleg_err err;

  if (also == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_ido_also_init(also);
  first[0] = *op;
  for (size_t i = 0; i < order->also_count; i++) {
    first[1 + i] = order->also[i];
  }
  err = gather(also, store, order);
  if (err == STARDELEG_OK) {
    err = sdg_ido_also_write(also, store, first, 1 + order->also_count);
  }
  if (err == STARDELEG_OK) {
    sdg_ido_order_note_seen(order);
    order->also_count = 0;
  }
  sdg_ido_also_clear(also);
  sdg_free(also);
  return err;
}
