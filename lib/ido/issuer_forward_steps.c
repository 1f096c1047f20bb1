/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_forward_steps.c -- an order that is passed on: followed, taken over, ended. */
#include "ido/issuer_forward.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "ido/issuer_renewal.h"
#include "x509/cert.h"

/* --- What the flow has come to --- */

stardeleg_err sdg_forward_fail(sdg_issuance *issuance, const stardeleg_problem *problem)
{
  stardeleg_problem ended;

  issuance->news = SDG_NEWS_FAILED;
  if (issuance->order->wire.error != NULL) {
    return STARDELEG_OK;
  }
  if (issuance->order->cancel) {
    sdg_ido_set_ended_problem(&ended);
    problem = &ended;
  }
  return sdg_ido_order_set_error(issuance->order, problem);
}

/* RFC 9115 2.3.2, 2.3.3: the URL is copied, byte by byte. */
static stardeleg_err copy_url(sdg_issuance *issuance, char **place, const char *url)
{
  char *copy = sdg_strdup(url);

  if (copy == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  sdg_free(*place);
  *place = copy;
  issuance->news = SDG_NEWS_VALID;
  return STARDELEG_OK;
}

/* The order is lost, and the CA may go on with it, or has issued: it is ended there, not just left alone. */
static stardeleg_err lose(sdg_issuance *issuance, const stardeleg_problem *problem)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  stardeleg_err err = sdg_forward_fail(issuance, problem);

  issuance->news = SDG_NEWS_NONE;
  if (err == STARDELEG_OK) {
    err = sdg_disown_new(&forward->disown, issuance, &forward->flow);
  }
  if (err == STARDELEG_OK && forward->leaf.len > 0) {
    err = sdg_disown_hold(forward->disown, issuance->issuer, sdg_buf_bytes(&forward->leaf));
  }
  return err;
}

static stardeleg_err lack_certificate(sdg_issuance *issuance)
{
  stardeleg_problem problem;

  sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the CA has issued, but not the kind of certificate it was asked for");
  problem.status = 0;
  return lose(issuance, &problem);
}

static stardeleg_err take_star(sdg_issuance *issuance, const sdg_acme_order *given)
{
  sdg_ido_order *order = issuance->order;
  stardeleg_err err;

  if (given->star_certificate == NULL) {
    return lack_certificate(issuance);
  }
  err = sdg_issuer_adopt_renewal(order, given->auto_renewal);
  return err == STARDELEG_OK ? copy_url(issuance, &order->wire.star_certificate, given->star_certificate) : err;
}

/* RFC 9115 2.3.3: notBefore and notAfter as Order2 has them, or none.  The order is kept for as long as there may be a
 * certificate to revoke. */
static stardeleg_err take_plain(sdg_issuance *issuance, const sdg_acme_order *given)
{
  sdg_acme_order *wire = &issuance->order->wire;
  int64_t grace = issuance->issuer->ido->options.order_grace_s * SDG_TIME_S;
  stardeleg_err err;

  if (given->certificate == NULL) {
    return lack_certificate(issuance);
  }
  err = copy_url(issuance, &wire->certificate, given->certificate);
  if (err == STARDELEG_OK) {
    wire->not_before = given->not_before;
    wire->not_after = given->not_after;
    if (given->not_after != STARDELEG_TIME_NONE) {
      wire->expires = sdg_time_add(given->not_after, grace);
    }
  }
  return err;
}

/* True if the certificate is still to be fetched: it has to be at hand when it is to be revoked. */
static bool lacks_leaf(const sdg_issuance *issuance)
{
  const sdg_forward *forward = sdg_forward_of(issuance);

  return !sdg_ido_order_is_star(issuance->order) && forward->flow.state == SDG_FLOW_VALID &&
         forward->flow.order.certificate != NULL && forward->leaf.len == 0;
}

static stardeleg_err take_valid(sdg_issuance *issuance)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  const sdg_acme_order *given = &forward->flow.order;

  if ((issuance->issuer->assume_certificate_get && forward->probe.state == SDG_ERRAND_OPEN) || lacks_leaf(issuance)) {
    issuance->news = SDG_NEWS_MOVED; /* first it is tried */
    return STARDELEG_OK;
  }
  return sdg_ido_order_is_star(issuance->order) ? take_star(issuance, given) : take_plain(issuance, given);
}

static bool is_resting(sdg_flow_state state)
{
  return state == SDG_FLOW_VALID || state == SDG_FLOW_CANCELED || state == SDG_FLOW_FAILED;
}

/* True once the CSR may be at the CA: then the order has to be ended there, not just left alone. */
static bool may_be_issued(const sdg_order_flow *flow)
{
  return flow->state == SDG_FLOW_POLL || flow->state == SDG_FLOW_VALID || flow->finalizes > 0;
}

/* The order's error says why. */
static stardeleg_err take_misfit(sdg_issuance *issuance)
{
  if (may_be_issued(&sdg_forward_of(issuance)->flow)) {
    return lose(issuance, NULL);
  }
  issuance->news = SDG_NEWS_FAILED;
  return STARDELEG_OK;
}

/* Only the CA's word about the order itself makes it sure that nothing comes of it. */
static stardeleg_err take_failed(sdg_issuance *issuance)
{
  const sdg_order_flow *flow = &sdg_forward_of(issuance)->flow;

  return may_be_issued(flow) && !flow->ended_there ? lose(issuance, &flow->problem)
                                                   : sdg_forward_fail(issuance, &flow->problem);
}

/* A single certificate is there. */
static stardeleg_err begin_revoking(sdg_issuance *issuance)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  sdg_ending *ending = sdg_calloc(1, sizeof(*ending));
  stardeleg_err err = STARDELEG_ERR_NOMEM;

  if (ending != NULL && forward->leaf.len > 0) {
    err = sdg_ending_init_der(ending, issuance->issuer, sdg_buf_bytes(&forward->leaf));
  } else if (ending != NULL) { /* it has come to this before it was fetched */
    err = sdg_ending_init(ending, issuance->issuer, forward->flow.order.certificate);
  }
  if (err != STARDELEG_OK) {
    sdg_free(ending);
    return err;
  }
  forward->ending = ending;
  issuance->news = SDG_NEWS_MOVED;
  return STARDELEG_OK;
}

/* What was ended: a STAR order is canceled (AMB-10); for others there is no such status, they are invalid. */
static stardeleg_err take_ended(sdg_issuance *issuance)
{
  if (sdg_ido_order_is_star(issuance->order) && issuance->order->wire.error == NULL) {
    issuance->news = SDG_NEWS_CANCELED;
    return STARDELEG_OK;
  }
  return sdg_forward_fail(issuance, NULL);
}

/* True if the flow was given up, but a finalize that was thought lost has led to a single certificate. */
static bool leaves_certificate(const sdg_issuance *issuance)
{
  const sdg_forward *forward = sdg_forward_of(issuance);

  return !sdg_ido_order_is_star(issuance->order) && forward->ending == NULL && forward->flow.has_order &&
         forward->flow.order.status == SDG_ORDER_VALID && forward->flow.order.certificate != NULL;
}

/* After every step that changed something. */
static stardeleg_err follow(sdg_issuance *issuance)
{
  const sdg_order_flow *flow = &sdg_forward_of(issuance)->flow;
  bool fits = true;
  stardeleg_err err = STARDELEG_OK;

  if (flow->state == SDG_FLOW_FAILED) {
    return take_failed(issuance);
  }
  if (flow->state == SDG_FLOW_CANCELED) {
    return leaves_certificate(issuance) ? begin_revoking(issuance) : take_ended(issuance);
  }
  if (flow->has_order && !issuance->order->cancel) {
    err = sdg_issuer_judge(issuance->order, &flow->order, issuance->issuer->assume_certificate_get, &fits);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  issuance->news = SDG_NEWS_MOVED;
  if (!fits) {
    return take_misfit(issuance);
  }
  if (flow->state == SDG_FLOW_VALID && !issuance->order->cancel) {
    return take_valid(issuance);
  }
  return STARDELEG_OK;
}

/* --- Steps --- */

/* RFC 8739 3.2: what is outside of the CA's bounds is not sent. */
static stardeleg_err check_bounds(sdg_issuance *issuance, const sdg_acme_directory *directory, stardeleg_time now)
{
  sdg_auto_renewal renewal;
  stardeleg_problem problem;
  stardeleg_err err = STARDELEG_OK;

  if (sdg_ido_order_is_star(issuance->order)) {
    err = sdg_auto_renewal_parse(&renewal, issuance->order->wire.auto_renewal, &problem);
    if (err == STARDELEG_OK) {
      err = sdg_auto_renewal_check(&renewal, now, directory->star_min_lifetime_s, directory->star_max_duration_s,
                                   &problem);
    }
  }
  if (err == STARDELEG_ERR_MALFORMED) {
    problem.status = 0;
    err = sdg_forward_fail(issuance, &problem);
  }
  return err;
}

/* RFC 9115 2.3.2, 2.3.3: the directory is looked at before the order is forwarded; |*forward| false: not now. */
static stardeleg_err check_directory(sdg_issuance *issuance, sdg_step *step, stardeleg_time now, bool *forward)
{
  stardeleg_err err;
  const sdg_acme_directory *directory = sdg_session_directory(issuance->issuer->session);
  const char *lack;

  *forward = false;
  if (directory == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  lack = sdg_forward_lacks(issuance->issuer, directory, sdg_ido_order_is_star(issuance->order));
  if (lack != NULL) {
    char detail[128];

    (void)snprintf(detail, sizeof(detail), "the CA does not offer %s", lack);
    issuance->news = SDG_NEWS_FAILED;
    return sdg_issuer_lack_get(issuance->order, detail);
  }
  err = check_bounds(issuance, directory, now);
  *forward = err == STARDELEG_OK && issuance->news == SDG_NEWS_NONE;
  return err;
}

static bool is_probing(const sdg_issuance *issuance)
{
  const sdg_forward *forward = sdg_forward_of(issuance);

  return issuance->issuer->assume_certificate_get && forward->flow.state == SDG_FLOW_VALID &&
         forward->probe.state == SDG_ERRAND_OPEN && !issuance->order->cancel;
}

static void ask_probe(const sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  const sdg_acme_order *given = &forward->flow.order;

  if (!sdg_errand_waits(&forward->probe, step, now)) {
    step->kind = SDG_STEP_GET;
    step->url = sdg_ido_order_is_star(issuance->order) ? given->star_certificate : given->certificate;
    step->accept = "application/pem-certificate-chain";
    step->response_max = SDG_CHAIN_BYTES_MAX;
  }
}

/* AMB-04: what was assumed must be true before the delegate is sent there. */
static stardeleg_err take_probe(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  stardeleg_err err;

  sdg_issuance_tell_try(issuance, 0, NULL);
  if (result->err == STARDELEG_OK && result->status == 200) {
    sdg_errand_done(&forward->probe);
    return follow(issuance);
  }
  if (result->err != STARDELEG_OK && sdg_errand_retries(&forward->probe, issuance->issuer->ido->agent, result, now)) {
    sdg_issuance_tell_try(issuance, forward->probe.tries, &forward->probe.problem);
    return STARDELEG_OK;
  }
  err = sdg_issuer_lack_get(issuance->order, "the certificate cannot be had by unauthenticated GET, as was assumed");
  return err == STARDELEG_OK ? take_misfit(issuance) : err;
}

/* --- The certificate --- */

static bool is_fetching(const sdg_issuance *issuance)
{
  return !issuance->order->cancel && issuance->order->wire.status == SDG_ORDER_PROCESSING && lacks_leaf(issuance);
}

static void ask_certificate(const sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);

  if (!sdg_errand_waits(&forward->fetching, step, now)) {
    step->kind = sdg_ending_fetch_kind(issuance->issuer);
    step->url = forward->flow.order.certificate;
    step->accept = "application/pem-certificate-chain";
    step->response_max = SDG_CHAIN_BYTES_MAX;
  }
}

/* RFC 9115 2.3.6.2: it can be ended as long as it lives, whatever the CA's order has said of that.  One that does not
 * fit is not kept unless it is lost, too: with it at hand the order would count as good. */
static stardeleg_err keep_leaf(sdg_issuance *issuance, const sdg_cert *leaf)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  sdg_ido_order *order = issuance->order;
  int64_t grace = issuance->issuer->ido->options.order_grace_s * SDG_TIME_S;
  bool fits = false;
  stardeleg_err err = sdg_issuer_judge_end(order, leaf->not_after, &fits);

  if (err == STARDELEG_OK) {
    sdg_buf_add_bytes(&forward->leaf, leaf->der);
    err = sdg_buf_error(&forward->leaf);
  }
  if (err == STARDELEG_OK) {
    order->keep_until = sdg_time_max(order->keep_until, sdg_time_add(leaf->not_after, grace));
    err = fits ? follow(issuance) : lose(issuance, NULL);
  }
  if (err != STARDELEG_OK && forward->disown == NULL) {
    sdg_buf_reset(&forward->leaf);
  }
  return err;
}

static stardeleg_err take_chain(sdg_issuance *issuance, stardeleg_bytes body)
{
  sdg_chain chain;
  sdg_cert *leaf = NULL;
  stardeleg_err err = sdg_chain_parse(&chain, body);

  if (err != STARDELEG_OK) {
    return err;
  }
  leaf = sdg_calloc(1, sizeof(*leaf));
  err = leaf != NULL ? sdg_cert_parse(leaf, chain.certs[0]) : STARDELEG_ERR_NOMEM;
  if (err == STARDELEG_OK) {
    err = keep_leaf(issuance, leaf);
  }
  sdg_free(leaf);
  sdg_chain_clear(&chain);
  return err;
}

/* Whoever does not give it to us does not give it to the delegate either: it is waited for, as an order is. */
static stardeleg_err take_certificate(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  stardeleg_problem problem;
  stardeleg_err err = STARDELEG_ERR_MALFORMED;

  sdg_issuance_tell_try(issuance, 0, NULL);
  if (result->err == STARDELEG_OK) {
    err = take_chain(issuance, result->response->body);
    if (err != STARDELEG_ERR_MALFORMED && err != STARDELEG_ERR_LIMIT) {
      return err;
    }
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "what the CA has at the certificate's URL is none");
    problem.status = 0;
  } else {
    problem = *result->problem;
  }
  sdg_errand_again(&forward->fetching, issuance->issuer->ido->agent, result, &problem, now);
  sdg_issuance_tell_try(issuance, forward->fetching.tries, &problem);
  return STARDELEG_OK;
}

/* --- The end --- */

/* Without auto-renewal there is nothing to cancel: the certificate is revoked (RFC 9115 2.3.6.2). */
static stardeleg_err begin_end(sdg_issuance *issuance)
{
  sdg_forward *forward = sdg_forward_of(issuance);

  bool is_wrong_kind = forward->flow.state == SDG_FLOW_VALID && forward->flow.order.certificate == NULL;

  if (sdg_ido_order_is_star(issuance->order) || is_wrong_kind || !may_be_issued(&forward->flow)) {
    sdg_order_flow_cancel(&forward->flow);
    return STARDELEG_OK;
  }
  if (forward->flow.state != SDG_FLOW_VALID) {
    return STARDELEG_OK; /* it goes on until it is known whether there is a certificate */
  }
  return begin_revoking(issuance);
}

/* True if the end is decided, one way or the other. */
static bool is_ending_over(sdg_issuance *issuance)
{
  const sdg_ending *ending = sdg_forward_of(issuance)->ending;

  if (ending == NULL || sdg_ending_state(ending) == SDG_ERRAND_OPEN) {
    return false;
  }
  if (sdg_ending_state(ending) == SDG_ERRAND_FAILED) {
    sdg_ending_log_failure(ending, issuance);
  }
  return true;
}

/* What can be known without a request is news, too: that the CA does not offer to revoke. */
static stardeleg_err ask_ending(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_ending *ending = sdg_forward_of(issuance)->ending;
  uint32_t tries = sdg_ending_tries(ending);
  stardeleg_err err = sdg_ending_ask(ending, issuance->issuer, step, now);

  if (err == STARDELEG_OK && sdg_ending_tries(ending) != tries) {
    sdg_issuance_tell_try(issuance, sdg_ending_tries(ending), sdg_ending_problem(ending));
  }
  return err == STARDELEG_OK && is_ending_over(issuance) ? take_ended(issuance) : err;
}

static stardeleg_err ask_flow(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_order_flow *flow = &sdg_forward_of(issuance)->flow;
  bool forward = true;
  stardeleg_err err = STARDELEG_OK;

  if (flow->state == SDG_FLOW_NEW && !flow->cancel_wanted) {
    err = check_directory(issuance, step, now, &forward);
  }
  if (err == STARDELEG_OK && forward) {
    err = sdg_order_flow_ask(flow, issuance->issuer->session, issuance->issuer->ido->agent, step, now);
  }
  if (err == STARDELEG_OK && is_resting(flow->state)) {
    /* given up without a word to the CA; or its last answer could not be worked on for lack of memory */
    err = follow(issuance);
  }
  return err;
}

stardeleg_err sdg_forward_ask(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  stardeleg_err err = STARDELEG_OK;

  if (forward->disown != NULL) {
    return sdg_disown_ask(forward->disown, issuance, forward->flow.order_url, step, now);
  }
  if (issuance->order->cancel && !forward->flow.cancel_wanted && forward->ending == NULL) {
    err = begin_end(issuance);
  }
  if (err != STARDELEG_OK || issuance->news != SDG_NEWS_NONE) {
    return err;
  }
  if (is_ending_over(issuance)) {
    return take_ended(issuance);
  }
  if (forward->ending != NULL) {
    return ask_ending(issuance, step, now);
  }
  if (is_probing(issuance)) {
    ask_probe(issuance, step, now);
    return STARDELEG_OK;
  }
  if (is_fetching(issuance)) {
    ask_certificate(issuance, step, now);
    return STARDELEG_OK;
  }
  return ask_flow(issuance, step, now);
}

stardeleg_err sdg_forward_take(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  sdg_flow_change change = SDG_FLOW_SAME;
  stardeleg_err err;

  if (forward->disown != NULL) {
    return sdg_disown_take(forward->disown, issuance, result, now);
  }
  if (forward->ending != NULL) {
    return sdg_ending_take_told(forward->ending, issuance, result, now);
  }
  if (is_probing(issuance)) {
    return take_probe(issuance, result, now);
  }
  if (is_fetching(issuance)) {
    return take_certificate(issuance, result, now);
  }
  err = sdg_order_flow_take(&forward->flow, issuance->issuer->session, issuance->issuer->ido->agent, result, now,
                            &change);
  if (err != STARDELEG_OK) {
    return err;
  }
  sdg_issuance_tell_try(issuance, forward->flow.tries, &forward->flow.problem);
  return change == SDG_FLOW_SAME ? STARDELEG_OK : follow(issuance);
}
