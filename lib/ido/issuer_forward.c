/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_forward.c -- an order that is passed on: how it is made, and kept. */
#include "ido/issuer_forward.h"

#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "x509/cert.h"

/* --- Making the flow --- */

/* RFC 9115 2.3.2, 2.3.3: identifiers, auto-renewal or allow-certificate-get are copied; the delegation is left out, or
 * is the one that our own account has upstream (2.4). */
static stardeleg_err write_new_order(const sdg_issuance *issuance, const char *delegation, sdg_buf *out)
{
  const sdg_acme_order *wire = &issuance->order->wire;
  sdg_acme_new_order request;
  sdg_json_writer w;
  char *copy = sdg_strdup(delegation);

  if (copy == NULL && delegation != NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  memset(&request, 0, sizeof(request));
  request.identifiers = wire->identifiers;
  request.not_before = wire->not_before;
  request.not_after = wire->not_after;
  request.auto_renewal = wire->auto_renewal;
  request.delegation = copy;
  if (!sdg_ido_order_is_star(issuance->order) && !issuance->issuer->assume_certificate_get) {
    request.certificate_get = SDG_TRUE;
  }
  sdg_jw_init(&w, out);
  sdg_acme_new_order_write(&w, &request);
  sdg_free(copy);
  return sdg_buf_error(out);
}

static stardeleg_err init_flow(sdg_order_flow *flow, sdg_issuance *issuance, const char *delegation)
{
  sdg_ido_order *order = issuance->order;
  sdg_buf payload;
  stardeleg_err err;

  sdg_buf_init(&payload, 128u * 1024u);
  err = write_new_order(issuance, delegation, &payload);
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

static void set_up_flow(sdg_order_flow *flow, const sdg_issuer *issuer)
{
  const stardeleg_ido_options *options = &issuer->ido->options;

  flow->solver = issuer->solver;
  flow->backoff_min_ms = options->backoff_min_ms;
  flow->backoff_max_ms = options->backoff_max_ms;
  flow->poll_min_ms = options->order_poll_ms;
  /* Longer than ours: we cancel when we lose patience, the flow would just forget the order. */
  flow->patience_ms = options->order_pending_s * SDG_TIME_S + SDG_TIME_DAY;
}

stardeleg_err sdg_forward_start(sdg_issuance *issuance, const char *delegation)
{
  sdg_forward *forward = sdg_forward_of(issuance);
  stardeleg_err err = init_flow(&forward->flow, issuance, delegation);

  if (err == STARDELEG_OK) {
    set_up_flow(&forward->flow, issuance->issuer);
    forward->has_flow = true;
  }
  return err;
}

/* --- In and out --- */

static stardeleg_err read_state(sdg_forward *forward, const sdg_issuer *issuer, const sdg_json *tree)
{
  const sdg_json *flow = NULL;
  const sdg_json *fetching = NULL;
  const sdg_json *ending = NULL;
  const sdg_json *disown = NULL;
  stardeleg_err err = sdg_json_get_object(&flow, tree, "flow", SDG_JSON_OPTIONAL, NULL);

  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&ending, tree, "ending", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&disown, tree, "disown", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&fetching, tree, "fetching", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_base64url(&forward->leaf, tree, "leaf", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && fetching != NULL) {
    err = sdg_errand_read_pause(&forward->fetching, fetching);
  }
  if (err == STARDELEG_OK && flow != NULL) {
    err = sdg_order_flow_read(&forward->flow, flow);
    forward->has_flow = err == STARDELEG_OK;
  }
  if (err == STARDELEG_OK && ending != NULL) {
    forward->ending = sdg_calloc(1, sizeof(*forward->ending));
    err = forward->ending != NULL ? sdg_ending_read(forward->ending, issuer, ending) : STARDELEG_ERR_NOMEM;
  }
  if (err == STARDELEG_OK && disown != NULL) {
    err = forward->flow.order_url != NULL ? sdg_disown_read(&forward->disown, issuer, disown) : STARDELEG_ERR_MALFORMED;
  }
  if (err == STARDELEG_OK && forward->has_flow) {
    set_up_flow(&forward->flow, issuer);
  }
  return err == STARDELEG_ERR_MALFORMED || err == STARDELEG_ERR_LIMIT ? STARDELEG_ERR_STORE : err;
}

static void init_errand(sdg_errand *errand, const stardeleg_ido_options *options)
{
  sdg_errand_init(errand);
  errand->backoff_min_ms = options->backoff_min_ms;
  errand->backoff_max_ms = options->backoff_max_ms;
}

stardeleg_err sdg_forward_begin(sdg_issuance *issuance)
{
  const stardeleg_ido_options *options = &issuance->issuer->ido->options;
  sdg_forward *forward = sdg_calloc(1, sizeof(*forward));
  stardeleg_err err = STARDELEG_OK;

  if (forward == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  init_errand(&forward->probe, options);
  init_errand(&forward->watch, options);
  init_errand(&forward->fetching, options);
  sdg_buf_init(&forward->leaf, SDG_CHAIN_BYTES_MAX);
  issuance->state = forward;
  if (issuance->order->work != NULL) {
    err = read_state(forward, issuance->issuer, issuance->order->work);
  }
  if (err != STARDELEG_OK) {
    sdg_forward_end(issuance);
  }
  return err;
}

void sdg_forward_end(sdg_issuance *issuance)
{
  sdg_forward *forward = sdg_forward_of(issuance);

  if (forward == NULL) {
    return;
  }
  if (forward->has_flow) {
    sdg_order_flow_clear(&forward->flow);
  }
  if (forward->ending != NULL) {
    sdg_ending_clear(forward->ending);
    sdg_free(forward->ending);
  }
  sdg_disown_free(forward->disown);
  sdg_buf_clear(&forward->leaf);
  sdg_free(forward);
  issuance->state = NULL;
}

void sdg_forward_write(const sdg_issuance *issuance, sdg_json_writer *w, const char *name)
{
  const sdg_forward *forward = sdg_forward_of(issuance);

  sdg_jw_object(w, name);
  if (forward->has_flow) {
    sdg_order_flow_write(w, "flow", &forward->flow);
  }
  if (forward->fetching.tries > 0) {
    sdg_jw_object(w, "fetching");
    sdg_errand_write_pause(w, &forward->fetching);
    sdg_jw_object_end(w);
  }
  if (forward->leaf.len > 0) {
    sdg_jw_base64url(w, "leaf", sdg_buf_bytes(&forward->leaf));
  }
  if (forward->ending != NULL) {
    sdg_ending_write(w, "ending", forward->ending);
  }
  if (forward->disown != NULL) {
    sdg_disown_write(w, "disown", forward->disown);
  }
  sdg_jw_object_end(w);
}

const char *sdg_forward_step_name(const sdg_issuance *issuance)
{
  const sdg_forward *forward = sdg_forward_of(issuance);

  if (forward->disown != NULL) {
    return sdg_disown_step_name(forward->disown);
  }
  if (forward->ending != NULL) {
    return "revoke";
  }
  return forward->has_flow ? sdg_flow_state_name(forward->flow.state) : "search";
}

/* --- What the server offers --- */

const char *sdg_forward_lacks(const sdg_issuer *issuer, const sdg_acme_directory *directory, bool star)
{
  bool assumed = issuer->assume_certificate_get;

  if (issuer->ops == &sdg_issuer_proxy && !directory->delegation_enabled) {
    return "delegation";
  }
  if (!star) {
    return directory->certificate_get || assumed ? NULL : "unauthenticated GET of certificates";
  }
  if (!directory->has_auto_renewal) {
    return "STAR certificates";
  }
  return directory->star_certificate_get || assumed ? NULL : "unauthenticated GET of STAR certificates";
}

/* --- The issuer --- */

/* AMB-03: looked at once at the start, so that the owner hears of it before a delegate does. */
static stardeleg_err ask_probe(sdg_job *job, sdg_step *step, stardeleg_time now)
{
  sdg_issuer *issuer = (sdg_issuer *)job;
  const sdg_acme_directory *directory = sdg_session_directory(issuer->session);
  const char *lack;

  (void)now;
  if (directory == NULL) {
    step->kind = SDG_STEP_SESSION;
    return STARDELEG_OK;
  }
  lack = sdg_forward_lacks(issuer, directory, true);
  if (lack != NULL) {
    sdg_log(&issuer->ido->options.log, STARDELEG_LOG_ERROR, "ido.issuer.unfit",
            "issuer=%s: the server does not offer %s: %s orders will fail", issuer->name, lack,
            sdg_forward_lacks(issuer, directory, false) == NULL ? "STAR" : "all");
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

stardeleg_err sdg_forward_open(sdg_issuer *issuer, const stardeleg_issuer_options *options, stardeleg_problem *problem)
{
  stardeleg_err err = sdg_issuer_open_session(issuer, options, problem);

  if (err != STARDELEG_OK) {
    return err;
  }
  issuer->assume_certificate_get = options->assume_certificate_get != 0;
  issuer->probe.ops = &probe_ops;
  issuer->probe.session = issuer->session;
  return sdg_agent_add(issuer->ido->agent, &issuer->probe, STARDELEG_TIME_NONE);
}

void sdg_forward_close(sdg_issuer *issuer)
{
  if (issuer->probe.ops != NULL) {
    sdg_agent_remove(issuer->ido->agent, &issuer->probe);
  }
  sdg_issuer_close_session(issuer);
}
