/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_new_order.c -- newOrder: what is granted, and the authorizations it takes. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/problem.h"
#include "base/time.h"
#include "ca/ca_internal.h"
#include "ca/ca_names.h"
#include "ca/ca_profile.h"

#define BACKDATE_MAX SDG_TIME_DAY /* for clocks that are behind; nothing was certified before it was validated */

/* --- What was asked for --- */

/* "The server might need to increase the auto-renewal lifetime-adjust value" (RFC 8739 3.3): a client takes what it is
 * shown for the moment to ask for the next certificate.  Half of the lifetime it reckons with anyway. */
static void show_adjustment(const stardeleg_ca *ca, sdg_auto_renewal *renewal)
{
  int64_t adjust_s = sdg_star_adjust_s(renewal, ca->options.fraction_permille);

  if (ca->options.fraction_permille > SDG_STAR_FRACTION_MIN && adjust_s > renewal->lifetime_adjust_s) {
    renewal->lifetime_adjust_s = adjust_s;
  }
}

/* The auto-renewal object as it is granted: as sent, but without a GET we do not offer (RFC 8739 3.4: reflected only if
 * accepted), and with the adjustment that will be made. */
static stardeleg_err grant_renewal(stardeleg_ca *ca, sdg_call *call, const sdg_acme_new_order *request,
                                   sdg_ca_order *order)
{
  sdg_auto_renewal renewal;
  sdg_buf text;
  sdg_json_writer w;
  stardeleg_err err;

  if (request->not_before != STARDELEG_TIME_NONE || request->not_after != STARDELEG_TIME_NONE) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED,
                         "notBefore and notAfter do not go with auto-renewal (RFC 8739 3.1.1)");
  }
  err = sdg_auto_renewal_parse(&renewal, request->auto_renewal, &call->problem);
  if (err == STARDELEG_OK) {
    err = sdg_auto_renewal_check(&renewal, call->now, ca->options.min_lifetime_s, ca->options.max_duration_s,
                                 &call->problem);
  }
  /* What is validated today is not to be certified for the first time in years.  max-duration, which bounds how long
   * an authorization may be drawn upon (RFC 8739 3.2), is counted from start-date, whatever that is. */
  if (err == STARDELEG_OK && renewal.start_at != STARDELEG_TIME_NONE &&
      renewal.start_at > sdg_time_add(call->now, ca->options.max_duration_s * SDG_TIME_S)) {
    err = sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "start-date is not a moment this CA can certify from");
  }
  if (err == STARDELEG_OK && renewal.end_at > ca->issuer_not_after) {
    err = sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "end-date is beyond the life of the issuing certificate");
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (ca->options.allow_certificate_get == 0) {
    renewal.certificate_get = false;
    renewal.has_certificate_get = false;
  }
  show_adjustment(ca, &renewal);
  sdg_buf_init(&text, 1024);
  sdg_jw_init(&w, &text);
  sdg_auto_renewal_write(&w, NULL, &renewal);
  err = sdg_buf_error(&text);
  if (err == STARDELEG_OK) {
    err = sdg_json_parse(&order->wire.auto_renewal, sdg_buf_bytes(&text), NULL, NULL);
  }
  sdg_buf_clear(&text);
  return err;
}

static stardeleg_err grant_plain(stardeleg_ca *ca, sdg_call *call, const sdg_acme_new_order *request,
                                 sdg_ca_order *order)
{
  stardeleg_time latest =
      sdg_time_min(sdg_time_add(call->now, ca->options.max_duration_s * SDG_TIME_S), ca->issuer_not_after);
  stardeleg_time from = request->not_before != STARDELEG_TIME_NONE ? request->not_before : call->now;
  stardeleg_time until = request->not_after;
  stardeleg_err err;

  if (from < call->now - BACKDATE_MAX || from >= latest) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "notBefore is not a moment this CA can certify from");
  }
  if (until == STARDELEG_TIME_NONE) {
    until = sdg_time_min(sdg_time_add(from, sdg_ca_plain_lifetime_s(ca, order) * SDG_TIME_S), latest);
  }
  if (until <= call->now || until > latest || sdg_time_floor_s(until) <= sdg_time_floor_s(from)) {
    return sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "notAfter is not a moment this CA can certify until");
  }
  err = sdg_ca_crl_check_room(ca, call->now, &call->problem);
  if (err != STARDELEG_OK) {
    return err;
  }
  order->wire.not_before = request->not_before;
  order->wire.not_after = request->not_after;
  if (request->certificate_get == SDG_TRUE && ca->options.allow_certificate_get != 0) {
    order->wire.certificate_get = SDG_TRUE;
  }
  return STARDELEG_OK;
}

static stardeleg_err fill_order(stardeleg_ca *ca, sdg_call *call, const sdg_acme_new_order *request,
                                sdg_ca_order *order)
{
  stardeleg_err err = sdg_server_new_id(ca->server, order->id);

  if (err == STARDELEG_OK) {
    err = sdg_server_new_id(ca->server, order->cert_id);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  (void)snprintf(order->account, sizeof(order->account), "%s", call->account->id);
  order->wire.status = SDG_ORDER_PENDING;
  order->wire.expires = sdg_time_add(call->now, ca->options.order_pending_s * SDG_TIME_S);
  err = sdg_identifiers_copy(&order->wire.identifiers, request->identifiers.items, request->identifiers.count);
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_ca_choose_profile(ca, call, request, order);
  if (err != STARDELEG_OK) {
    return err;
  }
  return request->auto_renewal != NULL ? grant_renewal(ca, call, request, order)
                                       : grant_plain(ca, call, request, order);
}

/* --- Its authorizations --- */

static stardeleg_err fill_authz(stardeleg_ca *ca, sdg_call *call, const sdg_ca_order *order, size_t index,
                                sdg_ca_authz *authz)
{
  sdg_ca_authz_init(authz);
  (void)snprintf(authz->id, sizeof(authz->id), "%s", order->authz[index]);
  (void)snprintf(authz->order, sizeof(authz->order), "%s", order->id);
  (void)snprintf(authz->account, sizeof(authz->account), "%s", order->account);
  authz->expires_at = sdg_time_add(call->now, ca->options.order_pending_s * SDG_TIME_S);
  authz->wire.expires = authz->expires_at;
  authz->wire.identifier.type = sdg_strdup(order->wire.identifiers.items[index].type);
  authz->wire.wildcard = sdg_name_is_wildcard(sdg_bytes_str(order->wire.identifiers.items[index].value));
  /* RFC 8555 7.1.4: the authorization is for the name behind the "*." */
  authz->wire.identifier.value =
      sdg_strdup(order->wire.identifiers.items[index].value + (authz->wire.wildcard ? 2 : 0));
  if (authz->wire.identifier.type == NULL || authz->wire.identifier.value == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (order->wire.auto_renewal == NULL) {
    stardeleg_err err = sdg_ca_use_proof(ca, authz, call->now);

    if (err != STARDELEG_OK || authz->wire.status == SDG_AUTHZ_VALID) {
      return err;
    }
  }
  return sdg_ca_fill_challenges(ca, &authz->wire);
}

/* RFC 8555 7.1.6: ready as soon as nothing is left to be proven; and no longer than that is so. */
static void set_ready(sdg_ca_order *order, const sdg_ca_authz *authz)
{
  bool ready = true;

  for (size_t i = 0; i < order->authz_count; i++) {
    ready = ready && authz[i].wire.status == SDG_AUTHZ_VALID;
    order->wire.expires = sdg_time_min(order->wire.expires, authz[i].expires_at);
  }
  order->wire.status = ready ? SDG_ORDER_READY : SDG_ORDER_PENDING;
}

static stardeleg_err choose_authz_ids(stardeleg_ca *ca, sdg_ca_order *order)
{
  order->authz = sdg_calloc(order->wire.identifiers.count, sizeof(*order->authz));
  if (order->authz == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  order->authz_count = order->wire.identifiers.count;
  for (size_t i = 0; i < order->authz_count; i++) {
    stardeleg_err err = sdg_server_new_id(ca->server, order->authz[i]);

    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return STARDELEG_OK;
}

/* Order and authorizations in one batch, and the certificate that is to be replaced (NULL: none). */
static stardeleg_err store_all(stardeleg_ca *ca, sdg_call *call, sdg_ca_order *order, const sdg_ca_cert *replaced)
{
  size_t n = order->authz_count + 1;
  size_t all = n + (replaced != NULL ? 1 : 0);
  stardeleg_store_op *ops = sdg_calloc(all, sizeof(*ops));
  sdg_ca_authz *authz = sdg_calloc(all, sizeof(*authz));
  sdg_buf *values = sdg_calloc(all, sizeof(*values));
  size_t made = 0;
  stardeleg_err err = ops != NULL && authz != NULL && values != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;

  if (err == STARDELEG_OK) {
    sdg_buf_init(&values[0], STARDELEG_STORE_VALUE_MAX);
    made = 1;
  }
  for (; made > 0 && made < n && err == STARDELEG_OK; made++) {
    sdg_buf_init(&values[made], STARDELEG_STORE_VALUE_MAX);
    err = fill_authz(ca, call, order, made - 1, &authz[made]);
    sdg_ca_put_authz(&ops[made], &values[made], &authz[made], authz[made].expires_at, false);
    if (err == STARDELEG_OK) {
      err = sdg_buf_error(&values[made]);
    }
  }
  if (err == STARDELEG_OK) {
    set_ready(order, authz + 1);
    sdg_ca_put_order(ca, &ops[0], &values[0], order, false);
    err = sdg_buf_error(&values[0]);
  }
  if (err == STARDELEG_OK && replaced != NULL) {
    sdg_buf_init(&values[made], STARDELEG_STORE_VALUE_MAX);
    sdg_ca_put_cert(&ops[made], &values[made], replaced);
    err = sdg_buf_error(&values[made]);
    made++;
  }
  if (err == STARDELEG_OK) {
    err = sdg_store_batch(ca->options.store, ops, all);
  }
  for (size_t i = 0; i < made; i++) {
    sdg_buf_clear(&values[i]);
    sdg_ca_authz_clear(&authz[i]);
  }
  sdg_free(ops);
  sdg_free(authz);
  sdg_free(values);
  return err;
}

/* Nothing of it exists before the batch, so a conflict (somebody else replaces the same certificate) begins anew. */
static stardeleg_err make_order(stardeleg_ca *ca, sdg_call *call, const sdg_acme_new_order *request)
{
  sdg_ca_order order;
  sdg_ca_cert replaced;
  bool replaces = false;
  stardeleg_err err;

  sdg_ca_order_init(&order);
  err = fill_order(ca, call, request, &order);
  if (err == STARDELEG_OK) {
    err = choose_authz_ids(ca, &order);
  }
  if (err == STARDELEG_OK && request->replaces != NULL && ca->options.renewal_info_s > 0) {
    err = sdg_ca_replace(ca, call, &request->identifiers, request->replaces, order.id, &replaced);
    replaces = err == STARDELEG_OK;
    if (replaces) {
      order.wire.replaces = sdg_strdup(request->replaces);
      err = order.wire.replaces != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
    }
  }
  if (err == STARDELEG_OK) {
    err = store_all(ca, call, &order, replaces ? &replaced : NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_reply_order(ca, call, &order, 201);
  }
  if (replaces) {
    sdg_ca_cert_clear(&replaced);
  }
  sdg_ca_order_clear(&order);
  return err;
}

stardeleg_err sdg_ca_route_new_order(void *role, sdg_call *call)
{
  stardeleg_ca *ca = role;
  sdg_acme_new_order request;
  stardeleg_err err = sdg_acme_new_order_parse(&request, call->payload, &call->problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_ca_check_identifiers(&request.identifiers, ca->can_wildcard, &call->problem);
  if (err == STARDELEG_OK) {
    err = sdg_ca_check_provable(ca, &request.identifiers, &call->problem);
  }
  if (err == STARDELEG_OK) {
    err = STARDELEG_ERR_CONFLICT;
    for (int i = 0; i < SDG_CA_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
      err = make_order(ca, call, &request);
    }
  }
  sdg_acme_new_order_clear(&request);
  return err;
}
