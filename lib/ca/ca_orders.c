/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_orders.c -- newOrder, the order, finalize, cancellation (RFC 8555 7.4, RFC 8739 3.1). */
#include "ca/ca_orders.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"
#include "base/time.h"
#include "ca/ca_internal.h"
#include "ca/ca_profile.h"

void sdg_ca_work_waits(stardeleg_ca *ca)
{
  if (ca->options.on_work != NULL) {
    ca->options.on_work(ca->options.on_work_ctx);
  }
}

/* --- The order as a reply --- */

static stardeleg_err fill_urls(stardeleg_ca *ca, const sdg_ca_order *order, sdg_acme_order *view)
{
  view->finalize = sdg_server_url_dup(ca->server, "/order/", order->id, "/finalize", NULL);
  if (view->finalize == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  view->authorizations = sdg_calloc(order->authz_count + 1, sizeof(char *));
  if (view->authorizations == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < order->authz_count; i++) {
    view->authorizations[i] = sdg_server_url_dup(ca->server, "/authz/", order->authz[i], NULL);
    if (view->authorizations[i] == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
    view->authorization_count++;
  }
  if (order->wire.status == SDG_ORDER_VALID || order->wire.status == SDG_ORDER_CANCELED) {
    char **place = order->wire.auto_renewal != NULL ? &view->star_certificate : &view->certificate;

    *place = sdg_server_url_dup(ca->server, "/cert/", order->cert_id, NULL);
    return *place != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return STARDELEG_OK;
}

static void clear_urls(sdg_acme_order *view)
{
  sdg_free(view->finalize);
  sdg_free(view->certificate);
  sdg_free(view->star_certificate);
  for (size_t i = 0; i < view->authorization_count; i++) {
    sdg_free(view->authorizations[i]);
  }
  sdg_free(view->authorizations);
}

/* An engine in this process is woken at once; another one looks into the store every |poll_ms|. */
static stardeleg_err add_retry_after(const stardeleg_ca *ca, sdg_call *call)
{
  int64_t wait_ms = ca->options.on_work == NULL ? ca->options.poll_ms : 0;
  char text[32];

  (void)snprintf(text, sizeof(text), "%lld", (long long)(wait_ms / SDG_TIME_S + 1));
  return sdg_http_reply_add_header(call->reply, "Retry-After", text);
}

stardeleg_err sdg_ca_reply_order(stardeleg_ca *ca, sdg_call *call, const sdg_ca_order *order, int status)
{
  sdg_acme_order view = order->wire;
  sdg_json_writer w;
  char *url = sdg_server_url_dup(ca->server, "/order/", order->id, NULL);
  stardeleg_err err = url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;

  view.finalize = NULL;
  view.certificate = NULL;
  view.star_certificate = NULL;
  view.authorizations = NULL;
  view.authorization_count = 0;
  sdg_http_reply_set_status(call->reply, status);
  if (err == STARDELEG_OK) {
    err = fill_urls(ca, order, &view);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_location(call, url);
  }
  if (err == STARDELEG_OK && order->wire.status == SDG_ORDER_PROCESSING) {
    err = add_retry_after(ca, call);
  }
  if (err == STARDELEG_OK) {
    err = sdg_call_json(call, &w);
  }
  if (err == STARDELEG_OK) {
    sdg_acme_order_write(&w, NULL, &view);
  }
  clear_urls(&view);
  sdg_free(url);
  return err;
}

/* --- The order's own resource --- */

/* RFC 8555 10.5: what is not yours and what does not exist look the same. */
stardeleg_err sdg_ca_own_order(stardeleg_ca *ca, sdg_call *call, sdg_ca_order *out)
{
  stardeleg_err err = sdg_ca_order_load(ca, call->parts[0], out);

  if (err == STARDELEG_OK && strcmp(out->account, call->account->id) != 0) {
    sdg_ca_order_clear(out);
    err = STARDELEG_ERR_NOT_FOUND;
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    (void)sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED, "no such order of yours");
    call->problem.status = 404;
    err = STARDELEG_ERR_PROTOCOL;
  }
  return err;
}

stardeleg_err sdg_ca_cancel_order(stardeleg_ca *ca, sdg_ca_order *order, stardeleg_time now, bool release)
{
  sdg_buf values[2];
  stardeleg_store_op ops[2];
  sdg_ca_cert cert;
  stardeleg_err err = sdg_ca_cert_load(ca, order->cert_id, &cert);

  if (err != STARDELEG_OK) {
    return err;
  }
  order->wire.status = SDG_ORDER_CANCELED;
  order->wire.expires = sdg_time_add(now, ca->options.order_grace_s * SDG_TIME_S);
  cert.canceled = true;
  sdg_buf_init(&values[0], STARDELEG_STORE_VALUE_MAX);
  sdg_buf_init(&values[1], STARDELEG_STORE_VALUE_MAX);
  sdg_ca_put_order(ca, &ops[0], &values[0], order, release);
  sdg_ca_put_cert(&ops[1], &values[1], &cert);
  err = sdg_buf_error(&values[0]);
  if (err == STARDELEG_OK) {
    err = sdg_buf_error(&values[1]);
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, ops, 2);
  }
  if (err == STARDELEG_OK) {
    sdg_log(&ca->options.log, STARDELEG_LOG_INFO, "ca.canceled", "order=%s serial=%s", order->id, cert.serial);
  }
  sdg_buf_clear(&values[0]);
  sdg_buf_clear(&values[1]);
  sdg_ca_cert_clear(&cert);
  return err;
}

static stardeleg_err cancel(stardeleg_ca *ca, sdg_call *call, sdg_ca_order *order)
{
  const char *status = NULL;
  stardeleg_err err = sdg_json_get_string(&status, call->payload, "status", SDG_JSON_REQUIRED, &call->problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (strcmp(status, "canceled") != 0) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "the only status an order can be given is \"canceled\"");
  }
  if (order->wire.auto_renewal == NULL) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "only orders with auto-renewal can be canceled");
  }
  if (order->wire.status != SDG_ORDER_VALID) {
    return sdg_call_fail(call, STARDELEG_ACME_AUTO_RENEWAL_CANCELLATION_INVALID, "the order is %s, not valid",
                         sdg_order_status_name(order->wire.status));
  }
  return sdg_ca_cancel_order(ca, order, call->now, false);
}

stardeleg_err sdg_ca_route_order(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_ca_order order;
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  for (int i = 0; i < SDG_CA_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = sdg_ca_own_order(ca, call, &order);
    if (err != STARDELEG_OK) {
      return err;
    }
    if (call->payload != NULL) {
      err = cancel(ca, call, &order);
    }
    if (err == STARDELEG_OK) {
      err = sdg_ca_reply_order(ca, call, &order, 200);
    }
    sdg_ca_order_clear(&order);
  }
  return err;
}

/* --- finalize --- */

static stardeleg_err take_csr(stardeleg_ca *ca, sdg_call *call, sdg_ca_order *order)
{
  sdg_buf csr;
  stardeleg_err err;

  if (order->wire.status == SDG_ORDER_READY && call->now >= order->wire.expires) {
    return sdg_call_fail(call, STARDELEG_ACME_ORDER_NOT_READY, "the order has expired");
  }
  if (order->wire.status != SDG_ORDER_READY) {
    return sdg_call_fail(call, STARDELEG_ACME_ORDER_NOT_READY, "the order is %s, not ready",
                         sdg_order_status_name(order->wire.status));
  }
  sdg_buf_init(&csr, SDG_CSR_MAX);
  err = sdg_json_get_base64url(&csr, call->payload, "csr", SDG_JSON_REQUIRED, &call->problem);
  if (err == STARDELEG_ERR_LIMIT) {
    err = sdg_call_fail(call, STARDELEG_ACME_BAD_CSR, "the CSR is too large");
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_profile_is_offered(ca, call, order);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_check_csr(ca, order, sdg_buf_bytes(&csr), &call->problem);
    if (err != STARDELEG_OK && call->problem.acme == STARDELEG_ACME_BAD_CSR) {
      call->problem.status = 400; /* RFC 8555 leaves it open; a plain CA's clients know this one */
    }
  }
  if (err == STARDELEG_OK) {
    sdg_buf_swap(&order->csr, &csr);
    order->wire.status = SDG_ORDER_PROCESSING;
    err = sdg_ca_save_order(ca, order, false);
  }
  sdg_buf_clear(&csr);
  return err;
}

stardeleg_err sdg_ca_route_finalize(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_ca_order order;
  stardeleg_err err = STARDELEG_ERR_CONFLICT;

  for (int i = 0; i < SDG_CA_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = sdg_ca_own_order(ca, call, &order);
    if (err != STARDELEG_OK) {
      return err;
    }
    err = take_csr(ca, call, &order);
    if (err == STARDELEG_OK) {
      err = sdg_ca_reply_order(ca, call, &order, 200);
    }
    sdg_ca_order_clear(&order);
  }
  if (err == STARDELEG_OK) {
    sdg_ca_work_waits(ca);
  }
  return err;
}

/* --- The list (RFC 8555 7.1.2.1) --- */

/* At most this many times a page's orders are read for one page. */
#define LOOK_FACTOR 20u

typedef struct page {
  stardeleg_ca *ca;
  char **urls;
  size_t count;
  size_t max;
  size_t looked_at;
  char last[SDG_ID_SIZE];
  bool more;
  stardeleg_err err;
} page;

static int add_order(void *ctx, const stardeleg_record *record)
{
  page *p = ctx;
  sdg_ca_order order;

  /* Orders that are not shown count too: a list of nothing else must not take for ever. */
  if (p->count == p->max || p->looked_at == p->max * LOOK_FACTOR) {
    p->more = true;
    return 1;
  }
  p->looked_at++;
  p->err = sdg_ca_order_read(&order, record);
  if (p->err != STARDELEG_OK) {
    return 1;
  }
  (void)snprintf(p->last, sizeof(p->last), "%s", order.id);
  if (order.wire.status != SDG_ORDER_INVALID) { /* ACME-7.1.2.1-02 */
    p->urls[p->count] = sdg_server_url_dup(p->ca->server, "/order/", order.id, NULL);
    p->err = p->urls[p->count] != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    p->count += p->err == STARDELEG_OK ? 1 : 0;
  }
  sdg_ca_order_clear(&order);
  return p->err != STARDELEG_OK;
}

stardeleg_err sdg_ca_list_orders(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  page p;
  stardeleg_err err;

  memset(&p, 0, sizeof(p));
  p.ca = ca;
  p.max = sdg_server_page_size(ca->server);
  p.urls = sdg_calloc(p.max, sizeof(char *));
  if (p.urls == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_store_scan(ca->options.store, "order", call->account->id, call->cursor[0] != '\0' ? call->cursor : NULL,
                       SIZE_MAX, add_order, &p);
  if (err == STARDELEG_OK) {
    err = p.err;
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
