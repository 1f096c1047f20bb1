/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_new_order.c -- newOrder of a delegate (RFC 9115 2.3.2). */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "ido/ido_quota.h"

static stardeleg_err refuse_at(sdg_call *call, const char *place, const char *detail)
{
  (void)sdg_call_fail(call, STARDELEG_ACME_MALFORMED, "%s", detail);
  sdg_problem_set_place(&call->problem, sdg_bytes_str(place));
  return STARDELEG_ERR_PROTOCOL;
}

/* --- The delegation --- */

stardeleg_err sdg_ido_own_delegation(stardeleg_ido *ido, const sdg_call *call, const char *id,
                                     const sdg_ido_delegation **out)
{
  const sdg_ido_delegation *delegation = NULL;
  stardeleg_err err = sdg_ido_delegations_get(ido->delegations, id, &delegation);

  if (err != STARDELEG_OK) {
    return err;
  }
  if (call->account->name[0] == '\0' || strcmp(delegation->ndc, call->account->name) != 0 ||
      !sdg_ido_delegation_is_open(delegation, call->now)) {
    sdg_ido_delegations_release(ido->delegations, delegation);
    return STARDELEG_ERR_NOT_FOUND;
  }
  *out = delegation;
  return STARDELEG_OK;
}

static stardeleg_err find_delegation(stardeleg_ido *ido, sdg_call *call, const sdg_acme_new_order *request,
                                     const sdg_ido_delegation **out)
{
  char id[SDG_ID_SIZE];
  stardeleg_err err;

  if (request->delegation == NULL) { /* AMB-24 */
    return refuse_at(call, "/delegation", "orders here need a delegation (RFC 9115 2.3.2)");
  }
  err = sdg_server_id_from_url(ido->server, request->delegation, "/delegation/", NULL, id);
  if (err == STARDELEG_OK) {
    err = sdg_ido_own_delegation(ido, call, id, out);
  }
  if (err == STARDELEG_ERR_NOT_FOUND) {
    /* RFC 9115 2.3.1.3: "an error response with status code 403 (Forbidden) and type
     * urn:ietf:params:acme:error:unknownDelegation". */
    return sdg_call_fail(call, STARDELEG_ACME_UNKNOWN_DELEGATION, "no such delegation of yours");
  }
  return err;
}

/* --- What was asked for --- */

static stardeleg_err check_bounds(sdg_call *call, const sdg_ido_delegation *delegation, const sdg_auto_renewal *renewal)
{
  char detail[128];

  if (renewal->lifetime_s < delegation->lifetime_min_s) {
    (void)snprintf(detail, sizeof(detail), "lifetime is %lld s; the shortest of this delegation is %lld s",
                   (long long)renewal->lifetime_s, (long long)delegation->lifetime_min_s);
    return refuse_at(call, "/auto-renewal/lifetime", detail);
  }
  if (delegation->lifetime_max_s > 0 && renewal->lifetime_s > delegation->lifetime_max_s) {
    (void)snprintf(detail, sizeof(detail), "lifetime is %lld s; the longest of this delegation is %lld s",
                   (long long)renewal->lifetime_s, (long long)delegation->lifetime_max_s);
    return refuse_at(call, "/auto-renewal/lifetime", detail);
  }
  if (renewal->end_at > delegation->expires_at) {
    char end[SDG_TIME_TEXT_SIZE];

    sdg_time_write_rfc3339(end, delegation->expires_at);
    (void)snprintf(detail, sizeof(detail), "end-date is after the end of the delegation, %s", end);
    return refuse_at(call, "/auto-renewal/end-date", detail);
  }
  return STARDELEG_OK;
}

static stardeleg_err check_star(sdg_call *call, const sdg_acme_new_order *request, const sdg_ido_delegation *delegation,
                                sdg_auto_renewal *renewal)
{
  stardeleg_err err;

  if (request->not_before != STARDELEG_TIME_NONE || request->not_after != STARDELEG_TIME_NONE) {
    return refuse_at(call, request->not_before != STARDELEG_TIME_NONE ? "/notBefore" : "/notAfter",
                     "notBefore and notAfter do not go with auto-renewal (RFC 9115 2.3.2)");
  }
  err = sdg_auto_renewal_parse(renewal, request->auto_renewal, &call->problem);
  if (err == STARDELEG_OK) {
    err = sdg_auto_renewal_check(renewal, call->now, SDG_IDO_MIN_LIFETIME_S, SDG_IDO_MAX_DURATION_S, &call->problem);
  }
  if (err == STARDELEG_OK && !renewal->certificate_get) {
    err = refuse_at(call, "/auto-renewal/allow-certificate-get",
                    "allow-certificate-get must be there and true (RFC 9115 2.3.2)");
  }
  return err == STARDELEG_OK ? check_bounds(call, delegation, renewal) : err;
}

/* AMB-18: an order with auto-renewal is a STAR order; allow-certificate-get at the top counts for the other kind only.
 */
static stardeleg_err check_kind(sdg_call *call, const sdg_acme_new_order *request, const sdg_ido_delegation *delegation)
{
  bool star = request->auto_renewal != NULL;

  if (sdg_ido_scope_check_kind(&delegation->scope, delegation->id, star, &call->problem) != STARDELEG_OK) {
    return STARDELEG_ERR_PROTOCOL;
  }
  if (star) {
    return STARDELEG_OK;
  }
  if (request->certificate_get != SDG_TRUE) {
    return refuse_at(call, "/allow-certificate-get",
                     "orders here need auto-renewal, or else allow-certificate-get true (RFC 9115 2.3.2, 2.3.3)");
  }
  return sdg_call_fail(call, STARDELEG_ACME_UNAUTHORIZED,
                       "this owner delegates STAR certificates only: auto-renewal is missing");
}

/* RFC 9115 2.3.2: "entries in the identifiers field for each delegated name"; nothing that the template could not
 * produce (AMB-06).  Said here, not at finalize. */
static stardeleg_err check_identifiers(stardeleg_ido *ido, sdg_call *call, const sdg_acme_new_order *request,
                                       const sdg_ido_delegation *delegation)
{
  sdg_ido_scope_policy policy = {&delegation->scope, &ido->options.match};
  stardeleg_match_options match = ido->options.match;
  stardeleg_report *report = NULL;
  stardeleg_err err;

  sdg_ido_scope_match(&match, &policy);
  err = stardeleg_template_check_identifiers(delegation->tmpl, request->identifiers.items, request->identifiers.count,
                                             &match, &report);
  if (err == STARDELEG_ERR_POLICY) {
    stardeleg_report_to_problem(report, &call->problem);
    err = STARDELEG_ERR_PROTOCOL;
  }
  stardeleg_report_free(report);
  return err;
}

/* --- The order --- */

/* Identifiers, auto-renewal and delegation move from the request into the order: shown exactly as they came. */
static stardeleg_err fill_order(stardeleg_ido *ido, const sdg_call *call, sdg_acme_new_order *request,
                                const sdg_ido_delegation *delegation, const sdg_auto_renewal *renewal,
                                sdg_ido_order *order)
{
  stardeleg_err err = sdg_server_new_id(ido->server, order->id);

  if (err != STARDELEG_OK) {
    return err;
  }
  order->tmpl = sdg_strdup(stardeleg_template_json(delegation->tmpl)); /* AMB-19 */
  if (order->tmpl == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  (void)snprintf(order->account, sizeof(order->account), "%s", call->account->id);
  (void)snprintf(order->delegation, sizeof(order->delegation), "%s", delegation->id);
  (void)snprintf(order->issuer, sizeof(order->issuer), "%s", delegation->issuer);
  order->created_at = call->now;
  order->now = call->now;
  order->wire.status = SDG_ORDER_READY;
  order->wire.expires = sdg_time_add(renewal->end_at, ido->options.order_grace_s * SDG_TIME_S); /* AMB-15 */
  order->wire.identifiers = request->identifiers;
  order->wire.auto_renewal = request->auto_renewal;
  order->wire.delegation = request->delegation;
  memset(&request->identifiers, 0, sizeof(request->identifiers));
  request->auto_renewal = NULL;
  request->delegation = NULL;
  return STARDELEG_OK;
}

/* CONFLICT: another order of the delegation was counted meanwhile. */
static stardeleg_err count_and_store(stardeleg_ido *ido, sdg_call *call, const sdg_ido_delegation *delegation,
                                     sdg_ido_order *order)
{
  const stardeleg_store *store = ido->options.store;
  sdg_ido_quota quota = {.op_count = 0};
  stardeleg_err err = sdg_ido_quota_order(&quota, store, delegation, call->now, &call->problem);

  if (err == STARDELEG_OK) {
    order->also = &quota.op;
    order->also_count = quota.op_count;
    err = sdg_ido_order_put(store, order, sdg_ido_order_due(ido, order, call->now), false, NULL, NULL);
    order->also_count = 0;
  }
  sdg_ido_quota_clear(&quota);
  return err == STARDELEG_ERR_POLICY ? STARDELEG_ERR_PROTOCOL : err;
}

/* Said early, before there is a CSR; finalize asks again, and counts. */
static stardeleg_err check_certificates(stardeleg_ido *ido, sdg_call *call, const sdg_ido_delegation *delegation)
{
  sdg_ido_quota quota = {.op_count = 0};
  stardeleg_err err =
      sdg_ido_quota_certificate(&quota, ido->options.store, delegation, call->now, &call->problem);

  sdg_ido_quota_clear(&quota);
  return err == STARDELEG_ERR_POLICY ? STARDELEG_ERR_PROTOCOL : err;
}

static stardeleg_err store_order(stardeleg_ido *ido, sdg_call *call, const sdg_ido_delegation *delegation,
                                 sdg_ido_order *order)
{
  stardeleg_err err = check_certificates(ido, call, delegation);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = STARDELEG_ERR_CONFLICT;
  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = count_and_store(ido, call, delegation, order);
  }
  return err;
}

static stardeleg_err make_order(stardeleg_ido *ido, sdg_call *call, sdg_acme_new_order *request,
                                const sdg_ido_delegation *delegation)
{
  sdg_auto_renewal renewal;
  sdg_ido_order order;
  stardeleg_err err = check_star(call, request, delegation, &renewal);

  if (err == STARDELEG_OK) {
    err = check_identifiers(ido, call, request, delegation);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_ido_order_init(&order);
  err = fill_order(ido, call, request, delegation, &renewal, &order);
  if (err == STARDELEG_OK) {
    err = store_order(ido, call, delegation, &order);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ido_reply_order(ido, call, &order, 201);
  }
  sdg_ido_order_clear(&order);
  return err;
}

stardeleg_err sdg_ido_route_new_order(void *role, sdg_call *call)
{
  stardeleg_ido *ido = role;
  const sdg_ido_delegation *delegation = NULL;
  sdg_acme_new_order request;
  stardeleg_err err = sdg_acme_new_order_parse(&request, call->payload, &call->problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = find_delegation(ido, call, &request, &delegation);
  if (err == STARDELEG_OK) {
    err = check_kind(call, &request, delegation);
  }
  if (err == STARDELEG_OK) {
    err = make_order(ido, call, &request, delegation);
  }
  sdg_ido_delegations_release(ido->delegations, delegation);
  sdg_acme_new_order_clear(&request);
  return err;
}
