/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_star.c -- a CA with RFC 8739 and unauthenticated GET: Order1 is passed on to it (RFC 9115 2.3.2). */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "ido/issuer_renewal.h"

static sdg_order_flow *flow_of(const sdg_issuance *issuance)
{
  return issuance->state;
}

/* --- In and out --- */

/* RFC 9115 2.3.2: identifiers and auto-renewal are copied, the delegation is left out. */
static stardeleg_err write_new_order(const sdg_ido_order *order, sdg_buf *out)
{
  sdg_acme_new_order request;
  sdg_json_writer w;

  memset(&request, 0, sizeof(request));
  request.identifiers = order->wire.identifiers;
  request.not_before = STARDELEG_TIME_NONE;
  request.not_after = STARDELEG_TIME_NONE;
  request.auto_renewal = order->wire.auto_renewal;
  sdg_jw_init(&w, out);
  sdg_acme_new_order_write(&w, &request);
  return sdg_buf_error(out);
}

static stardeleg_err init_flow(sdg_order_flow *flow, sdg_ido_order *order)
{
  sdg_buf payload;
  stardeleg_err err;

  sdg_buf_init(&payload, 128u * 1024u);
  err = write_new_order(order, &payload);
  if (err == STARDELEG_OK) {
    err = sdg_order_flow_init(flow, sdg_buf_str(&payload));
  }
  sdg_buf_clear(&payload);
  if (err != STARDELEG_OK) {
    return err;
  }
  err = sdg_order_flow_set_csr(flow, sdg_buf_bytes(&order->csr));
  if (err != STARDELEG_OK) {
    sdg_order_flow_clear(flow);
    return err;
  }
  sdg_buf_clear(&order->csr); /* the flow has it now, in the record too */
  return STARDELEG_OK;
}

static stardeleg_err begin(sdg_issuance *issuance)
{
  const stardeleg_ido_options *options = &issuance->issuer->ido->options;
  sdg_order_flow *flow = sdg_calloc(1, sizeof(*flow));
  stardeleg_err err;

  if (flow == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (issuance->order->work != NULL) {
    err = sdg_order_flow_read(flow, issuance->order->work);
  } else {
    err = init_flow(flow, issuance->order);
  }
  if (err != STARDELEG_OK) {
    sdg_free(flow);
    return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_STORE : err;
  }
  flow->solver = issuance->issuer->solver;
  flow->backoff_min_ms = options->backoff_min_ms;
  flow->backoff_max_ms = options->backoff_max_ms;
  flow->poll_min_ms = options->order_poll_ms;
  /* Longer than ours: we cancel when we lose patience, the flow would just forget the order. */
  flow->patience_ms = options->order_pending_s * SDG_TIME_S + SDG_TIME_DAY;
  issuance->state = flow;
  return STARDELEG_OK;
}

static void end(sdg_issuance *issuance)
{
  if (issuance->state != NULL) {
    sdg_order_flow_clear(flow_of(issuance));
    sdg_free(issuance->state);
    issuance->state = NULL;
  }
}

static void write_state(const sdg_issuance *issuance, sdg_json_writer *w, const char *name)
{
  sdg_order_flow_write(w, name, flow_of(issuance));
}

static const char *step_name(const sdg_issuance *issuance)
{
  return sdg_flow_state_name(flow_of(issuance)->state);
}

/* --- What the flow has come to --- */

/* Why an order is lost: what was found out about it before, the end of its delegation, or the CA's own word. */
static stardeleg_err take_failure(sdg_issuance *issuance)
{
  stardeleg_problem problem;

  issuance->news = SDG_NEWS_FAILED;
  if (issuance->order->wire.error != NULL) {
    return STARDELEG_OK;
  }
  if (issuance->order->cancel) {
    sdg_ido_set_ended_problem(&problem);
    return sdg_ido_order_set_error(issuance->order, &problem);
  }
  return sdg_ido_order_set_error(issuance->order, &flow_of(issuance)->problem);
}

static stardeleg_err take_valid(sdg_issuance *issuance)
{
  sdg_ido_order *order = issuance->order;
  const char *url = flow_of(issuance)->order.star_certificate;
  stardeleg_problem problem;
  char *copy;
  stardeleg_err err;

  if (url == NULL) {
    sdg_problem_set(&problem, STARDELEG_ACME_NONE, "the CA has issued, but not a STAR certificate");
    problem.status = 0;
    issuance->news = SDG_NEWS_FAILED;
    return sdg_ido_order_set_error(order, &problem);
  }
  copy = sdg_strdup(url); /* RFC 9115 2.3.2: copied, byte by byte */
  if (copy == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  err = sdg_issuer_adopt_renewal(order, flow_of(issuance)->order.auto_renewal);
  if (err != STARDELEG_OK) {
    sdg_free(copy);
    return err;
  }
  sdg_free(order->wire.star_certificate);
  order->wire.star_certificate = copy;
  issuance->news = SDG_NEWS_VALID;
  return STARDELEG_OK;
}

static bool is_resting(sdg_flow_state state)
{
  return state == SDG_FLOW_VALID || state == SDG_FLOW_CANCELED || state == SDG_FLOW_FAILED;
}

/* True once the CSR may be at the CA: then the order has to be cancelled there, not just left alone. */
static bool may_be_issued(const sdg_order_flow *flow)
{
  return flow->state == SDG_FLOW_POLL || flow->state == SDG_FLOW_VALID || flow->finalizes > 0;
}

static stardeleg_err take_misfit(sdg_issuance *issuance)
{
  if (!may_be_issued(flow_of(issuance))) {
    issuance->news = SDG_NEWS_FAILED;
    return STARDELEG_OK;
  }
  issuance->order->cancel = true;
  issuance->news = SDG_NEWS_MOVED;
  return STARDELEG_OK;
}

/* After every step that changed something. */
static stardeleg_err follow(sdg_issuance *issuance)
{
  const sdg_order_flow *flow = flow_of(issuance);
  bool fits = true;
  stardeleg_err err = STARDELEG_OK;

  if (flow->state == SDG_FLOW_FAILED) {
    return take_failure(issuance);
  }
  if (flow->state == SDG_FLOW_CANCELED) {
    issuance->news = issuance->order->wire.error != NULL ? SDG_NEWS_FAILED : SDG_NEWS_CANCELED;
    return STARDELEG_OK;
  }
  if (flow->has_order && !issuance->order->cancel) {
    err = sdg_issuer_judge_renewal(issuance->order, flow->order.auto_renewal, &fits);
  }
  if (err != STARDELEG_OK) {
    return err;
  }
  if (!fits) {
    return take_misfit(issuance);
  }
  if (flow->state == SDG_FLOW_VALID) {
    return take_valid(issuance);
  }
  issuance->news = SDG_NEWS_MOVED;
  return STARDELEG_OK;
}

/* --- Steps --- */

/* RFC 9115 2.3.2: the directory is looked at before the order is forwarded; |*forward| false: not now. */
static stardeleg_err check_directory(sdg_issuance *issuance, sdg_step *step, bool *forward)
{
  const sdg_acme_directory *directory = sdg_session_directory(issuance->issuer->session);

  *forward = false;
  if (directory == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  if (!directory->has_auto_renewal || !directory->star_certificate_get) {
    issuance->news = SDG_NEWS_FAILED;
    return sdg_issuer_lack_get(issuance->order, directory->has_auto_renewal
                                                    ? "the CA does not offer unauthenticated GET of STAR certificates"
                                                    : "the CA does not offer STAR certificates");
  }
  *forward = true;
  return STARDELEG_OK;
}

static stardeleg_err ask(sdg_issuance *issuance, sdg_step *step, stardeleg_time now)
{
  sdg_order_flow *flow = flow_of(issuance);
  bool forward = true;
  stardeleg_err err = STARDELEG_OK;

  if (issuance->order->cancel && !flow->cancel_wanted) {
    sdg_order_flow_cancel(flow);
  }
  if (flow->state == SDG_FLOW_NEW && !flow->cancel_wanted) {
    err = check_directory(issuance, step, &forward);
  }
  if (err == STARDELEG_OK && forward) {
    err = sdg_order_flow_ask(flow, issuance->issuer->session, issuance->issuer->ido->agent, step, now);
  }
  if (err == STARDELEG_OK && is_resting(flow->state)) {
    err = follow(
        issuance); /* given up without a word to the CA; or its last answer could not be worked on for lack of memory */
  }
  return err;
}

static void tell_try(sdg_issuance *issuance)
{
  const sdg_order_flow *flow = flow_of(issuance);

  issuance->failed_try = flow->tries > 0;
  issuance->reason[0] = '\0';
  if (issuance->failed_try) {
    (void)snprintf(issuance->reason, sizeof(issuance->reason), "%.255s",
                   flow->problem.detail[0] != '\0' ? flow->problem.detail : flow->problem.type);
  }
}

static stardeleg_err take(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now)
{
  sdg_flow_change change = SDG_FLOW_SAME;
  stardeleg_err err = sdg_order_flow_take(flow_of(issuance), issuance->issuer->session, issuance->issuer->ido->agent,
                                          result, now, &change);

  if (err != STARDELEG_OK) {
    return err;
  }
  tell_try(issuance);
  if (change == SDG_FLOW_SAME) {
    /* A failure is kept too: a restart must not begin with the shortest pause again. */
    issuance->news = issuance->failed_try ? SDG_NEWS_MOVED : SDG_NEWS_NONE;
    return STARDELEG_OK;
  }
  return follow(issuance);
}

/* --- The issuer --- */

/* AMB-03: looked at once at the start, so that the owner hears of it before a delegate does. */
static stardeleg_err ask_probe(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_issuer *issuer = (sdg_issuer *)job;
  const sdg_acme_directory *directory = sdg_session_directory(issuer->session);

  (void)now;
  if (directory == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  if (!directory->has_auto_renewal || !directory->star_certificate_get) {
    sdg_log(&issuer->ido->options.log, STARDELEG_LOG_ERROR, "ido.issuer.unfit",
            "issuer=%s: the CA does not offer %s: orders will fail", issuer->name,
            directory->has_auto_renewal ? "unauthenticated GET of STAR certificates" : "STAR certificates");
  }
  step->kind = SDG_STEP_DONE;
  return STARDELEG_OK;
}

static stardeleg_err take_probe(sdg_job *job, const sdg_result *result, stardeleg_time now)
{
  (void)job;
  (void)result;
  (void)now;
  return STARDELEG_OK;
}

static const sdg_job_ops probe_ops = {ask_probe, take_probe};

static stardeleg_err open_star(sdg_issuer *issuer, const stardeleg_issuer_options *options, stardeleg_problem *problem)
{
  stardeleg_err err = sdg_issuer_open_session(issuer, options, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  issuer->probe.ops = &probe_ops;
  issuer->probe.session = issuer->session;
  return sdg_agent_add(issuer->ido->agent, &issuer->probe, STARDELEG_TIME_NONE);
}

static void close_star(sdg_issuer *issuer)
{
  if (issuer->probe.ops != NULL) {
    sdg_agent_remove(issuer->ido->agent, &issuer->probe);
  }
  sdg_issuer_close_session(issuer);
}

const sdg_issuer_ops sdg_issuer_star = {"star", open_star, close_star, begin, end, write_state, ask, take, step_name};
