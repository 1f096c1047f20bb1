/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_orders.c -- a delegate's order as a resource, and the list of its orders. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_compat.h"
#include "ido/ido_internal.h"

/* Orders looked at to fill one page of a list; beyond that the page is shorter, and goes on. */
#define LOOK_MAX 200u
/* Longest Retry-After of an order that is being worked on. */
#define PAUSE_MAX_S 300

void sdg_ido_work_waits(const stardeleg_ido *ido)
{
  if (ido->options.on_work != NULL) {
    ido->options.on_work(ido->options.on_work_ctx);
  }
}

stardeleg_time sdg_ido_order_due(const stardeleg_ido *ido, const sdg_ido_order *order, stardeleg_time now)
{
  switch (order->wire.status) {
  case SDG_ORDER_READY:
    /* Never finalized: invalid after a while, however far away its end-date is. */
    return sdg_time_min(sdg_time_add(order->created_at, ido->options.order_pending_s * SDG_TIME_S),
                        order->wire.expires);
  case SDG_ORDER_PROCESSING:
    return now;
  case SDG_ORDER_VALID:
    return order->cancel ? now : sdg_time_min(order->renew_at, sdg_ido_order_keep_until(ido, order));
  default:
    return sdg_ido_order_is_disowned(order) ? now : sdg_ido_order_keep_until(ido, order); /* to be removed then */
  }
}

/* --- The order as a reply --- */

/* The pause before the next look: a tenth of how long it has taken already.  While a CA is away for hours, its orders
 * must not bring a request each second. */
static stardeleg_err add_retry_after(sdg_call *call, const sdg_ido_order *order)
{
  char text[24];
  int64_t pause_s = 0;

  if (order->finalized_at != STARDELEG_TIME_NONE) {
    pause_s = (call->now - order->finalized_at) / (10 * SDG_TIME_S);
  }
  pause_s = pause_s < 1 ? 1 : pause_s > PAUSE_MAX_S ? PAUSE_MAX_S : pause_s;
  (void)snprintf(text, sizeof(text), "%d", (int)pause_s);
  return sdg_http_reply_add_header(call->reply, "Retry-After", text);
}

stardeleg_err sdg_ido_reply_order(stardeleg_ido *ido, sdg_call *call, const sdg_ido_order *order, int status)
{
  sdg_acme_order view = order->wire;
  sdg_json_writer w;
  char *url = sdg_server_url_dup(ido->server, "/order/", order->id, NULL);
  char *finalize = sdg_server_url_dup(ido->server, "/order/", order->id, "/finalize", NULL);
  stardeleg_err err = url != NULL && finalize != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;

  view.finalize = finalize;
  if (err == STARDELEG_OK) {
    err = sdg_ido_compat_urls(ido, order, &view.authorizations, &view.authorization_count);
  }
  sdg_http_reply_set_status(call->reply, status);
  if (err == STARDELEG_OK) {
    err = sdg_call_location(call, url); /* AMB-25 */
  }
  if (err == STARDELEG_OK && order->wire.status == SDG_ORDER_PROCESSING) {
    err = add_retry_after(call, order);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_json(call, &w);
  }
  if (err == STARDELEG_OK) {
    sdg_acme_order_write(&w, NULL, &view);
  }
  sdg_ido_compat_urls_free(view.authorizations, view.authorization_count);
  sdg_free(url);
  sdg_free(finalize);
  return err;
}

/* --- The order's own resource --- */

/* RFC 8555 10.5: what is not yours and what does not exist look the same. */
stardeleg_err sdg_ido_own_order(stardeleg_ido *ido, sdg_call *call, sdg_ido_order *out)
{
  stardeleg_err err = sdg_ido_order_load(ido->options.store, call->parts[0], out);

  if (err == STARDELEG_OK && strcmp(out->account, call->account->id) != 0) {
    sdg_ido_order_clear(out);
    err = STARDELEG_ERR_NOT_FOUND;
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    (void)sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "no such order of yours");
    err = STARDELEG_ERR_PROTOCOL;
  }
  if (err == STARDELEG_OK) {
    out->now = call->now;
  }
  return err;
}

/* RFC 9115 2.3.6.1 leaves cancellation to the owner (AMB-09). */
static stardeleg_err refuse_change(sdg_call *call)
{
  const char *status = NULL;
  stardeleg_err err = sdg_json_get_string(&status, call->payload, "status", SDG_JSON_REQUIRED, &call->problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (strcmp(status, "canceled") == 0) {
    return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "only the owner of the names can cancel a delegated order");
  }
  return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "an order cannot be given this status");
}

stardeleg_err sdg_ido_route_order(void *role, sdg_call *call)
{
  stardeleg_ido *ido = role;
  sdg_ido_order order;
  stardeleg_err err = sdg_ido_own_order(ido, call, &order);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = call->payload != NULL ? refuse_change(call) : sdg_ido_reply_order(ido, call, &order, 200);
  sdg_ido_order_clear(&order);
  return err;
}

/* --- The list (RFC 8555 7.1.2.1) --- */

/* Orders lie under their delegations: the list goes through the delegate's delegations, but for those that have ended,
 * and each one's orders, in the order of the ids.  The cursor is the last order looked at; its record tells the
 * delegation to go on with. */
typedef struct page {
  stardeleg_ido *ido;
  const sdg_call *call;
  char **urls;
  size_t count;
  size_t max;
  size_t looked_at;
  char last[SDG_ID_SIZE];
  bool more;
  char delegation[SDG_ID_SIZE]; /* the one under way */
  bool found;
  stardeleg_err err;
} page;

static int add_order(void *ctx, const stardeleg_record *record)
{
  page *p = ctx;
  sdg_ido_order order;

  if (p->count == p->max || p->looked_at == LOOK_MAX) {
    p->more = true;
    return 1;
  }
  p->err = sdg_ido_order_read(&order, record);
  if (p->err != STARDELEG_OK) {
    return 1;
  }
  p->looked_at++;
  (void)snprintf(p->last, sizeof(p->last), "%s", order.id);
  /* RFC 8555 7.1.2.1: invalid orders need not be there. */
  if (order.wire.status != SDG_ORDER_INVALID && strcmp(order.account, p->call->account->id) == 0) {
    p->urls[p->count] = sdg_server_url_dup(p->ido->server, "/order/", order.id, NULL);
    p->err = p->urls[p->count] != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    p->count += p->err == STARDELEG_OK ? 1 : 0;
  }
  sdg_ido_order_clear(&order);
  return p->err != STARDELEG_OK;
}

static int take_delegation(void *ctx, const stardeleg_record *record)
{
  page *p = ctx;

  p->found = true;
  (void)snprintf(p->delegation, sizeof(p->delegation), "%s", record->key);
  return 1;
}

/* Where the cursor points to, or the beginning. */
static stardeleg_err begin_page(page *p, sdg_call *call, const char **after)
{
  sdg_ido_order order;
  stardeleg_err err;

  *after = NULL;
  if (call->cursor[0] == '\0') {
    return STARDELEG_OK;
  }
  err = sdg_ido_order_load(p->ido->options.store, call->cursor, &order);
  if (err == STARDELEG_OK && strcmp(order.account, call->account->id) != 0) {
    sdg_ido_order_clear(&order);
    err = STARDELEG_ERR_NOT_FOUND;
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the cursor is not valid any more: begin again");
  }
  if (err == STARDELEG_OK) {
    (void)snprintf(p->delegation, sizeof(p->delegation), "%s", order.delegation);
    *after = call->cursor;
    sdg_ido_order_clear(&order);
  }
  return err;
}

static stardeleg_err fill_page(page *p, const char *after)
{
  const stardeleg_store *store = p->ido->options.store;
  stardeleg_err err = STARDELEG_OK;

  p->found = p->delegation[0] != '\0';
  while (err == STARDELEG_OK && !p->more) {
    if (p->found) {
      err = sdg_store_scan(store, "order", p->delegation, after, SIZE_MAX, add_order, p);
      after = NULL;
      if (err == STARDELEG_OK) {
        err = p->err;
      }
    }
    if (err == STARDELEG_OK && !p->more) {
      p->found = false;
      err = sdg_store_scan(store, "delegation", p->call->account->name, p->delegation, 1, take_delegation, p);
      if (!p->found) {
        break;
      }
    }
  }
  return err;
}

stardeleg_err sdg_ido_list_orders(void *role, sdg_call *call)
{
  page p;
  const char *after = NULL;
  stardeleg_err err;

  memset(&p, 0, sizeof(p));
  p.ido = role;
  p.call = call;
  p.max = sdg_server_page_size(p.ido->server);
  p.urls = sdg_calloc(p.max, sizeof(char *));
  if (p.urls == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = begin_page(&p, call, &after);
  if (err == STARDELEG_OK) {
    err = fill_page(&p, after);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_page(call, "orders", (const char *const *)p.urls, p.count, p.more ? p.last : NULL);
  }
  for (size_t i = 0; i < p.count; i++) {
    sdg_free(p.urls[i]);
  }
  sdg_free(p.urls);
  return err;
}
