/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_settle.c -- what a finished order granted, and whether that will do (RFC 9115 2.3.2, 2.3.3). */
#include "ndc/ndc_order.h"

#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"

/* How long a valid order may keep us waiting for its first certificate. */
#define PICKUP_PATIENCE SDG_TIME_DAY

stardeleg_err sdg_ndc_fail_text(sdg_ndc_delegation *d, const char *place, const char *detail, stardeleg_time now)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "%s", detail);
  problem.status = 0;
  sdg_problem_set_place(&problem, sdg_bytes_str(place));
  return sdg_ndc_order_failed(d, &problem, now);
}

static const char star_get[] = "/auto-renewal/allow-certificate-get";
static const char plain_get[] = "/allow-certificate-get";

/* True if the order says that plain GET was asked for and not granted. */
static bool is_get_refused(const sdg_ndc_pending *pending)
{
  const sdg_order_flow *flow = &pending->flow;
  const sdg_json *granted;

  if (!flow->has_order) {
    return false;
  }
  if (!pending->star) {
    return flow->order.certificate_get == SDG_FALSE;
  }
  granted = sdg_json_member(flow->order.auto_renewal, "allow-certificate-get");
  return sdg_json_type_of(granted) == SDG_JSON_BOOL && !sdg_json_bool(granted);
}

/* RFC 8739 3.4: without the grant a certificate is had by POST-as-GET only, and that takes an account: ours is at the
 * IdO and nowhere else. */
static bool take_grant(sdg_ndc_delegation *d, bool is_granted, const char *url)
{
  d->pending->is_signed = !is_granted;
  return is_granted || sdg_session_check_url(d->ndc->session, url) == STARDELEG_OK;
}

static stardeleg_err go_and_get(sdg_ndc_delegation *d, stardeleg_time now)
{
  d->state = SDG_NDC_PICKUP;
  d->pending->give_up_at = sdg_time_add(now, PICKUP_PATIENCE);
  d->tries = 0;
  d->wait_until = STARDELEG_TIME_NONE;
  sdg_ndc_clear_reason(d);
  return sdg_ndc_save(d);
}

static void compare_with_wish(sdg_ndc_delegation *d, const sdg_auto_renewal *renewal)
{
  stardeleg_ndc_policy policy;

  /* RFC 8739 3.1.1: the values of the returned order are the ones that hold. */
  if (sdg_ndc_policy_of(d->ndc, d->url, &policy, NULL) == STARDELEG_OK && renewal->lifetime_s > policy.lifetime_s) {
    sdg_ndc_log(d->ndc, STARDELEG_LOG_WARNING, "ndc.order.lifetime", d,
                "the order's certificates will live longer than asked for");
  }
}

/* RFC 8739 3.1.1: what the server reflects is what holds; an order that lacks it is no STAR order. */
static stardeleg_err accept_star(sdg_ndc_delegation *d, stardeleg_time now)
{
  const sdg_acme_order *order = &d->pending->flow.order;
  sdg_auto_renewal renewal;
  stardeleg_problem problem;
  stardeleg_err err;

  if (order->auto_renewal == NULL) {
    return sdg_ndc_fail_text(d, "/auto-renewal", "the order came back without auto-renewal", now);
  }
  sdg_problem_clear(&problem);
  err = sdg_auto_renewal_parse(&renewal, order->auto_renewal, &problem);
  if (err == STARDELEG_ERR_MALFORMED) {
    problem.status = 0;
    return sdg_ndc_order_failed(d, &problem, now);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (renewal.end_at <= sdg_ndc_time(d->ndc, now)) {
    return sdg_ndc_fail_text(d, "/auto-renewal/end-date", "the order has ended before it began", now);
  }
  if (sdg_ndc_check_star_url(d->ndc, order->star_certificate) != STARDELEG_OK) {
    return sdg_ndc_fail_text(d, "/star-certificate", "the order names no certificate URL that may be used", now);
  }
  if (!take_grant(d, renewal.certificate_get, order->star_certificate)) {
    return sdg_ndc_fail_text(d, star_get, "the order does not grant unauthenticated GET of its certificate", now);
  }
  compare_with_wish(d, &renewal);
  return go_and_get(d, now);
}

/* RFC 9115 2.3.3 */
static stardeleg_err accept_plain(sdg_ndc_delegation *d, stardeleg_time now)
{
  const sdg_acme_order *order = &d->pending->flow.order;

  if (order->auto_renewal != NULL || order->star_certificate != NULL) {
    return sdg_ndc_fail_text(d, "/auto-renewal", "the order came back with auto-renewal that nobody asked for", now);
  }
  if (sdg_ndc_check_star_url(d->ndc, order->certificate) != STARDELEG_OK) {
    return sdg_ndc_fail_text(d, "/certificate", "the order names no certificate URL that may be used", now);
  }
  if (!take_grant(d, order->certificate_get == SDG_TRUE, order->certificate)) {
    return sdg_ndc_fail_text(d, plain_get, "the order does not grant unauthenticated GET of its certificate", now);
  }
  return go_and_get(d, now);
}

stardeleg_err sdg_ndc_settle(sdg_ndc_delegation *d, stardeleg_time now)
{
  const sdg_ndc_pending *pending = d->pending;
  const sdg_order_flow *flow = &pending->flow;
  stardeleg_problem problem;

  if (flow->state == SDG_FLOW_VALID) {
    return pending->star ? accept_star(d, now) : accept_plain(d, now);
  }
  if (flow->state == SDG_FLOW_CANCELED) {
    sdg_problem_set(&problem, STARDELEG_ACME_AUTO_RENEWAL_CANCELED, "the order has been cancelled");
    return sdg_ndc_canceled(d, true, &problem, now);
  }
  if (is_get_refused(pending) && flow->order.status == SDG_ORDER_INVALID) {
    /* RFC 9115 2.3.2, 2.3.3: the IdO's way of saying what its CA lacks. */
    return sdg_ndc_fail_text(
        d, pending->star ? star_get : plain_get,
        "the CA does not hand out certificates by unauthenticated GET, so it cannot be used for delegation", now);
  }
  return sdg_ndc_order_failed(d, &flow->problem, now);
}
