/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_new_order.c -- newOrder of a delegate (RFC 9115 2.3.2). */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_compat.h"
#include "ido/ido_internal.h"
#include "ido/ido_quota.h"

/* RFC 8739 4.1: "no longer than 4 days"; 6.1: orders are placed "at a time that is close to [...] start-date". */
#define STAR_LIFETIME_ADVISED_S (INT64_C(4) * 86400)
#define STAR_START_FAR SDG_TIME_DAY

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

  if (request->delegation == NULL) { /* AMB-17 */
    return sdg_ido_compat_delegation(ido, call, request, out);
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
  int64_t adjust_s = sdg_time_min(renewal->lifetime_adjust_s, renewal->lifetime_s); /* RFC 8739 3.5: min(T, la) */
  char detail[160];

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
  if (delegation->lifetime_max_s > 0 && renewal->lifetime_s + adjust_s > delegation->lifetime_max_s) {
    (void)snprintf(detail, sizeof(detail),
                   "lifetime and lifetime-adjust are %lld s; the longest lifetime of this delegation is %lld s",
                   (long long)(renewal->lifetime_s + adjust_s), (long long)delegation->lifetime_max_s);
    return refuse_at(call, "/auto-renewal/lifetime-adjust", detail);
  }
  if (renewal->end_at > delegation->expires_at) {
    char end[SDG_TIME_TEXT_SIZE];

    sdg_time_write_rfc3339(end, delegation->expires_at);
    (void)snprintf(detail, sizeof(detail), "end-date is after the end of the delegation, %s", end);
    return refuse_at(call, "/auto-renewal/end-date", detail);
  }
  return STARDELEG_OK;
}

/* What the issuer could never do is said here; a process that does not know the issuer leaves it to the one that does.
 * NULL: nothing is known of its certificates. */
static const sdg_star_supply *find_supply(const stardeleg_ido *ido, const char *name)
{
  const sdg_issuer *issuer = sdg_ido_find_issuer(ido, name);

  return issuer != NULL && issuer->ops->publishes ? &issuer->supply : NULL;
}

static stardeleg_err check_star(const stardeleg_ido *ido, sdg_call *call, const sdg_acme_new_order *request,
                                const sdg_ido_delegation *delegation, sdg_auto_renewal *renewal)
{
  const sdg_star_supply *supply = find_supply(ido, delegation->issuer);
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
  if (err == STARDELEG_OK) {
    err = check_bounds(call, delegation, renewal);
  }
  return err == STARDELEG_OK && supply != NULL ? sdg_star_supply_check(supply, renewal, call->now, &call->problem)
                                               : err;
}

/* A CA that does not know notAfter issues all the same, and for longer: such a certificate would be published nowhere,
 * but valid (RFC 8555 7.1.3 leaves it to the CA what it makes of notAfter). */
static stardeleg_err check_taken(sdg_call *call, const sdg_acme_new_order *request, const sdg_star_supply *supply)
{
  char detail[128];

  if (supply == NULL || supply->takes_not_after || request->not_after == STARDELEG_TIME_NONE) {
    return STARDELEG_OK;
  }
  (void)snprintf(detail, sizeof(detail),
                 "the CA does not take notAfter: its certificates are valid for %lld s, whatever is asked for",
                 (long long)supply->validity_s);
  return refuse_at(call, "/notAfter", detail);
}

/* Nor can notAfter keep such a CA's certificates within |bound|. */
static stardeleg_err refuse_open_end(sdg_call *call, const sdg_star_supply *supply, const char *bound)
{
  char detail[192];

  if (supply == NULL || supply->takes_not_after) {
    (void)snprintf(detail, sizeof(detail), "notAfter must be there; %s", bound);
  } else {
    (void)snprintf(detail, sizeof(detail), "the certificates of this CA are valid for %lld s; %s",
                   (long long)supply->validity_s, bound);
  }
  return refuse_at(call, "/notAfter", detail);
}

static stardeleg_err check_plain_end(sdg_call *call, const sdg_acme_new_order *request,
                                     const sdg_ido_delegation *delegation, const sdg_star_supply *supply)
{
  stardeleg_time end_at = request->not_after;
  char end[SDG_TIME_TEXT_SIZE];
  char bound[96];

  if (end_at == STARDELEG_TIME_NONE && supply != NULL && supply->validity_s > 0) {
    end_at = sdg_time_add(call->now, supply->validity_s * SDG_TIME_S);
  }
  if (delegation->expires_at == STARDELEG_TIME_NEVER ||
      (end_at != STARDELEG_TIME_NONE && end_at <= delegation->expires_at)) {
    return STARDELEG_OK;
  }
  sdg_time_write_rfc3339(end, delegation->expires_at);
  if (request->not_after == STARDELEG_TIME_NONE) {
    (void)snprintf(bound, sizeof(bound), "the delegation ends %s", end);
    return refuse_open_end(call, supply, bound);
  }
  (void)snprintf(bound, sizeof(bound), "notAfter is after the end of the delegation, %s", end);
  return refuse_at(call, "/notAfter", bound);
}

/* Without notAfter the CA decides how long the certificate lives: that must be known to keep within the bound. */
static stardeleg_err check_open_end(sdg_call *call, const sdg_ido_delegation *delegation,
                                    const sdg_star_supply *supply)
{
  int64_t validity_s = supply != NULL ? supply->validity_s : 0;
  char bound[96];

  if (delegation->lifetime_max_s == 0 || (validity_s > 0 && validity_s <= delegation->lifetime_max_s)) {
    return STARDELEG_OK;
  }
  (void)snprintf(bound, sizeof(bound), "the longest lifetime of this delegation is %lld s",
                 (long long)delegation->lifetime_max_s);
  return refuse_open_end(call, supply, bound);
}

/* AMB-23: the dates of an order without auto-renewal are the delegate's to choose, within the delegation's bounds. */
static stardeleg_err check_plain(sdg_call *call, const sdg_acme_new_order *request,
                                 const sdg_ido_delegation *delegation, const sdg_star_supply *supply)
{
  stardeleg_time from = request->not_before != STARDELEG_TIME_NONE ? request->not_before : call->now;
  int64_t most_s = delegation->lifetime_max_s > 0 && delegation->lifetime_max_s < SDG_STAR_LIFETIME_MAX_S
                       ? delegation->lifetime_max_s
                       : SDG_STAR_LIFETIME_MAX_S;
  char detail[128];

  if (check_taken(call, request, supply) != STARDELEG_OK) {
    return STARDELEG_ERR_PROTOCOL;
  }
  if (request->not_after != STARDELEG_TIME_NONE) {
    if (request->not_after <= from || request->not_after <= call->now) {
      return refuse_at(call, "/notAfter", "notAfter must be in the future, and after notBefore");
    }
    if (request->not_after - from > most_s * SDG_TIME_S) {
      (void)snprintf(detail, sizeof(detail), "notAfter is too late; the longest lifetime of this delegation is %lld s",
                     (long long)most_s);
      return refuse_at(call, "/notAfter", detail);
    }
  } else if (check_open_end(call, delegation, supply) != STARDELEG_OK) {
    return STARDELEG_ERR_PROTOCOL;
  }
  return check_plain_end(call, request, delegation, supply);
}

/* A delegate may have placed orders before the owner drew the bounds closer (AMB-19 has the template's side of it). */
stardeleg_err sdg_ido_order_still_fits(const stardeleg_ido *ido, sdg_call *call, const sdg_ido_order *order,
                                       const sdg_ido_delegation *delegation)
{
  bool star = sdg_ido_order_is_star(order);
  sdg_acme_new_order request;
  sdg_auto_renewal renewal;
  stardeleg_err err = sdg_ido_scope_check_kind(&delegation->scope, delegation->id, star, &call->problem);

  memset(&request, 0, sizeof(request)); /* borrows from |order| */
  request.not_before = order->wire.not_before;
  request.not_after = order->wire.not_after;
  if (err == STARDELEG_OK && star) {
    err = sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL);
    err = err == STARDELEG_OK ? check_bounds(call, delegation, &renewal) : err;
  } else if (err == STARDELEG_OK) {
    err = check_plain(call, &request, delegation, find_supply(ido, order->issuer));
  }
  if (err == STARDELEG_ERR_PROTOCOL || err == STARDELEG_ERR_POLICY) {
    call->problem.status = 403;
    err = STARDELEG_ERR_POLICY;
  }
  return err == STARDELEG_ERR_MALFORMED ? STARDELEG_ERR_STORE : err;
}

/* AMB-18: an order with auto-renewal is a STAR order; allow-certificate-get at the top counts for the other kind only.
 */
static stardeleg_err check_kind(sdg_call *call, const sdg_acme_new_order *request, const sdg_ido_delegation *delegation)
{
  bool star = request->auto_renewal != NULL;

  if (sdg_ido_scope_check_kind(&delegation->scope, delegation->id, star, &call->problem) != STARDELEG_OK) {
    return STARDELEG_ERR_PROTOCOL;
  }
  if (star || request->delegation == NULL) { /* AMB-17: ordinary clients fetch it with their account */
    return STARDELEG_OK;
  }
  if (request->certificate_get != SDG_TRUE) {
    return refuse_at(call, "/allow-certificate-get",
                     "orders here need auto-renewal, or else allow-certificate-get true (RFC 9115 2.3.2, 2.3.3)");
  }
  return STARDELEG_OK;
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
                                const sdg_ido_delegation *delegation, stardeleg_time end_at, sdg_ido_order *order)
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
  order->wire.expires = sdg_time_add(end_at, ido->options.order_grace_s * SDG_TIME_S); /* AMB-15 */
  order->wire.identifiers = request->identifiers;
  order->wire.auto_renewal = request->auto_renewal;
  order->wire.delegation = request->delegation;
  order->compat = request->delegation == NULL;
  if (order->compat) {
    order->wire.replaces = request->replaces;
    request->replaces = NULL;
  }
  if (!sdg_ido_order_is_star(order)) {
    order->wire.certificate_get = order->compat ? request->certificate_get : SDG_TRUE; /* STARDEL-2.3.3-07 */
    order->wire.not_before = request->not_before;
    order->wire.not_after = request->not_after;
  }
  memset(&request->identifiers, 0, sizeof(request->identifiers));
  request->auto_renewal = NULL;
  request->delegation = NULL;
  return STARDELEG_OK;
}

/* CONFLICT: another order of the delegation was counted meanwhile, or replaces the same certificate. */
static stardeleg_err count_and_store(stardeleg_ido *ido, sdg_call *call, const sdg_ido_delegation *delegation,
                                     sdg_ido_order *order)
{
  const stardeleg_store *store = ido->options.store;
  stardeleg_store_op also[SDG_IDO_ALSO_OPS_MAX];
  sdg_ido_quota quota = {.op_count = 0};
  sdg_ido_replacing replacing;
  stardeleg_err err = sdg_ido_compat_replaces(ido, call, order, &replacing);

  if (err == STARDELEG_OK) {
    err = sdg_ido_quota_order(&quota, store, delegation, call->now, &call->problem);
  }
  if (err == STARDELEG_OK) {
    order->also = also;
    for (size_t i = 0; i < quota.op_count; i++) {
      also[order->also_count++] = quota.op;
    }
    for (size_t i = 0; i < replacing.op_count; i++) {
      also[order->also_count++] = replacing.op;
    }
    err = sdg_ido_order_put(store, order, sdg_ido_order_due(ido, order, call->now), false, NULL, NULL);
    order->also_count = 0;
    order->also = NULL;
  }
  sdg_ido_quota_clear(&quota);
  sdg_ido_replacing_clear(&replacing);
  return err == STARDELEG_ERR_POLICY ? STARDELEG_ERR_PROTOCOL : err;
}

static stardeleg_err store_order(stardeleg_ido *ido, sdg_call *call, const sdg_ido_delegation *delegation,
                                 sdg_ido_order *order)
{
  /* Said early, before there is a CSR; finalize asks again, and counts. */
  stardeleg_err err = sdg_ido_quota_room(ido->options.store, delegation, call->now, &call->problem);

  if (err != STARDELEG_OK) {
    return err == STARDELEG_ERR_POLICY ? STARDELEG_ERR_PROTOCOL : err;
  }
  err = STARDELEG_ERR_CONFLICT;
  for (int i = 0; i < SDG_IDO_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = count_and_store(ido, call, delegation, order);
  }
  return err;
}

/* |*end_at|: until when there may be a certificate of the order. */
static stardeleg_err check_dates(const stardeleg_ido *ido, sdg_call *call, const sdg_acme_new_order *request,
                                 const sdg_ido_delegation *delegation, stardeleg_time *end_at)
{
  sdg_auto_renewal renewal;
  stardeleg_err err;

  if (request->auto_renewal == NULL) {
    *end_at = request->not_after != STARDELEG_TIME_NONE
                  ? request->not_after
                  : sdg_time_add(call->now, SDG_IDO_MAX_DURATION_S * SDG_TIME_S);
    return check_plain(call, request, delegation, find_supply(ido, delegation->issuer));
  }
  err = check_star(ido, call, request, delegation, &renewal);
  if (err == STARDELEG_OK) {
    *end_at = renewal.end_at;
  }
  return err;
}

/* What RFC 8739 recommends, and the owner may have reasons not to follow: said, not refused. */
static void warn_of_dates(const stardeleg_ido *ido, const sdg_ido_order *order)
{
  const sdg_issuer *issuer = sdg_ido_find_issuer(ido, order->issuer);
  bool waits = issuer != NULL && issuer->ops->publishes; /* it goes to its CA no earlier than it has to */
  sdg_auto_renewal renewal;

  if (!sdg_ido_order_is_star(order) ||
      sdg_auto_renewal_parse(&renewal, order->wire.auto_renewal, NULL) != STARDELEG_OK) {
    return;
  }
  if (renewal.lifetime_s > STAR_LIFETIME_ADVISED_S) {
    sdg_log(&ido->options.log, STARDELEG_LOG_WARNING, "ido.order.long",
            "delegation=%s order=%s: certificates live for %lld s, on the Web 4 days are the most (RFC 8739 4.1)",
            order->delegation, order->id, (long long)renewal.lifetime_s);
  }
  if (renewal.start_at != STARDELEG_TIME_NONE && renewal.start_at - order->created_at > STAR_START_FAR && !waits) {
    sdg_log(&ido->options.log, STARDELEG_LOG_WARNING, "ido.order.early",
            "delegation=%s order=%s: start-date is far off, and the first certificate cannot be taken back meanwhile "
            "(RFC 8739 6.1)",
            order->delegation, order->id);
  }
}

static stardeleg_err make_order(stardeleg_ido *ido, sdg_call *call, sdg_acme_new_order *request,
                                const sdg_ido_delegation *delegation)
{
  stardeleg_time end_at = STARDELEG_TIME_NONE;
  sdg_ido_order order;
  stardeleg_err err = check_dates(ido, call, request, delegation, &end_at);

  if (err == STARDELEG_OK) {
    err = check_identifiers(ido, call, request, delegation);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_ido_order_init(&order);
  err = fill_order(ido, call, request, delegation, end_at, &order);
  if (err == STARDELEG_OK) {
    err = store_order(ido, call, delegation, &order);
  }
  if (err == STARDELEG_OK) {
    warn_of_dates(ido, &order);
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
    if (request.delegation == NULL) {
      sdg_ido_compat_end(ido, call, &request, delegation);
    }
    err = make_order(ido, call, &request, delegation);
  }
  sdg_ido_delegations_release(ido->delegations, delegation);
  sdg_acme_new_order_clear(&request);
  return err;
}
