/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_ending.c -- fetching a certificate in order to revoke it. */
#include "ido/issuer_ending.h"

#include <string.h>

#include "acme/problem_document.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_internal.h"
#include "x509/cert.h"

/* RFC 5280 5.3.1: cessationOfOperation; the names go on, the delegate's use of them does not. */
#define REASON_CESSATION 5

static void set_pauses(sdg_errand *errand, const sdg_issuer *issuer)
{
  errand->backoff_min_ms = issuer->ido->options.backoff_min_ms;
  errand->backoff_max_ms = issuer->ido->options.backoff_max_ms;
}

static void init(sdg_ending *ending, const sdg_issuer *issuer)
{
  memset(ending, 0, sizeof(*ending));
  ending->not_after = STARDELEG_TIME_NONE;
  sdg_errand_init(&ending->fetching);
  set_pauses(&ending->fetching, issuer);
}

stardeleg_err sdg_ending_init(sdg_ending *ending, const sdg_issuer *issuer, const char *url)
{
  init(ending, issuer);
  ending->url = sdg_strdup(url);
  return ending->url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

/* Until when there is something to revoke; not known of what cannot be read. */
static stardeleg_err see_end(sdg_ending *ending, stardeleg_bytes der)
{
  sdg_cert *leaf = sdg_calloc(1, sizeof(*leaf));

  if (leaf == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (sdg_cert_parse(leaf, der) == STARDELEG_OK) {
    ending->not_after = leaf->not_after;
  }
  sdg_free(leaf);
  return STARDELEG_OK;
}

static stardeleg_err hold(sdg_ending *ending, const sdg_issuer *issuer, stardeleg_bytes der)
{
  stardeleg_err err = see_end(ending, der);

  if (err == STARDELEG_OK) {
    err = sdg_revoke_init(&ending->revoke, der, REASON_CESSATION, NULL);
  }
  if (err == STARDELEG_OK) {
    set_pauses(&ending->revoke.errand, issuer);
    ending->has_certificate = true;
  }
  return err;
}

stardeleg_err sdg_ending_init_der(sdg_ending *ending, const sdg_issuer *issuer, stardeleg_bytes der)
{
  init(ending, issuer);
  return hold(ending, issuer, der);
}

void sdg_ending_clear(sdg_ending *ending)
{
  sdg_free(ending->url);
  if (ending->has_certificate) {
    sdg_revoke_clear(&ending->revoke);
  }
  memset(ending, 0, sizeof(*ending));
}

stardeleg_err sdg_ending_certificate(const sdg_ending *ending, sdg_buf *out)
{
  return ending->has_certificate ? sdg_base64url_read(out, sdg_bytes_str(ending->revoke.certificate)) : STARDELEG_OK;
}

/* --- Steps --- */

/* True once the certificate is none any more. */
static bool is_too_late(const sdg_ending *ending, stardeleg_time now)
{
  return ending->not_after != STARDELEG_TIME_NONE && now > ending->not_after;
}

/* An owner upstream is a server that may keep revocation to itself (RFC 9115 2.3.6.2), and does not think better of it;
 * what is left is to tell, and to let go of everything that is ours. */
bool sdg_ending_is_refused(const sdg_ending *ending, const sdg_issuer *issuer)
{
  return issuer->ops == &sdg_issuer_proxy && ending->has_certificate &&
         (ending->revoke.errand.problem.status == 0 || /* not offered */
          sdg_problem_is(&ending->revoke.errand.problem, STARDELEG_ACME_UNAUTHORIZED));
}

static stardeleg_err ask_revoke(sdg_ending *ending, const sdg_issuer *issuer, sdg_step *step, stardeleg_time now)
{
  sdg_errand *errand = &ending->revoke.errand;
  stardeleg_err err = STARDELEG_OK;

  if (errand->state == SDG_ERRAND_OPEN && !ending->yields && is_too_late(ending, now)) {
    sdg_errand_fail_text(errand, STARDELEG_ACME_NONE, "the certificate has expired before it was revoked");
  } else {
    err = sdg_revoke_ask(&ending->revoke, issuer->session, step, now);
    if (errand->state == SDG_ERRAND_FAILED && !ending->yields && !sdg_ending_is_refused(ending, issuer)) {
      /* not offered, now */
      sdg_session_refresh(issuer->session);
      sdg_errand_again(errand, issuer->ido->agent, NULL, &errand->problem, now);
      step->at = errand->wait_until;
    }
  }
  if (errand->state == SDG_ERRAND_FAILED) { /* whoever asks looks at the state next */
    step->kind = SDG_STEP_WAIT;
    step->at = now;
  }
  return err;
}

/* Upstream of a proxy our account is not one of the CA's, where the certificate is: there it is for everybody (RFC 9115
 * 2.3.5). */
sdg_step_kind sdg_ending_fetch_kind(const sdg_issuer *issuer)
{
  return issuer->ops == &sdg_issuer_proxy ? SDG_STEP_GET : SDG_STEP_FETCH;
}

stardeleg_err sdg_ending_ask(sdg_ending *ending, const sdg_issuer *issuer, sdg_step *step, stardeleg_time now)
{
  if (ending->has_certificate) {
    return ask_revoke(ending, issuer, step, now);
  }
  if (sdg_errand_waits(&ending->fetching, step, now)) {
    return STARDELEG_OK;
  }
  step->kind = sdg_ending_fetch_kind(issuer);
  step->url = ending->url;
  step->accept = "application/pem-certificate-chain";
  step->response_max = SDG_CHAIN_BYTES_MAX;
  return STARDELEG_OK;
}

static stardeleg_err take_chain(sdg_ending *ending, const sdg_issuer *issuer, const sdg_result *result)
{
  sdg_chain chain;
  stardeleg_err err = sdg_chain_parse(&chain, result->response->body);

  if (err == STARDELEG_ERR_NOMEM) {
    return err;
  }
  if (err != STARDELEG_OK) {
    sdg_errand_fail_text(&ending->fetching, STARDELEG_ACME_NONE, "what the CA has at the certificate's URL is none");
    return STARDELEG_OK;
  }
  err = hold(ending, issuer, chain.certs[0]);
  sdg_chain_clear(&chain);
  return err;
}

static stardeleg_err take_fetch(sdg_ending *ending, const sdg_issuer *issuer, const sdg_result *result,
                                stardeleg_time now)
{
  if (sdg_gone_take(&ending->gone, result, now)) {
    sdg_errand_done(&ending->fetching); /* nothing is left that could be revoked */
    return STARDELEG_OK;
  }
  if (result->err == STARDELEG_OK) {
    return take_chain(ending, issuer, result);
  }
  if (sdg_errand_retries(&ending->fetching, issuer->ido->agent, result, now)) {
    return STARDELEG_OK;
  }
  if (result->status == 404 || result->status == 410) {
    sdg_errand_again(&ending->fetching, issuer->ido->agent, result, result->problem, now);
  } else {
    sdg_errand_fail(&ending->fetching, result->problem);
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_ending_take(sdg_ending *ending, const sdg_issuer *issuer, const sdg_result *result,
                              stardeleg_time now)
{
  sdg_errand *errand = ending->has_certificate ? &ending->revoke.errand : &ending->fetching;
  stardeleg_err err = ending->has_certificate
                          ? sdg_revoke_take(&ending->revoke, issuer->session, issuer->ido->agent, result, now)
                          : take_fetch(ending, issuer, result, now);

  if (err == STARDELEG_OK && errand->state == SDG_ERRAND_FAILED && !ending->yields &&
      !sdg_ending_is_refused(ending, issuer)) {
    sdg_errand_again(errand, issuer->ido->agent, result, &errand->problem, now);
  }
  return err;
}

stardeleg_err sdg_ending_take_told(sdg_ending *ending, sdg_issuance *issuance, const sdg_result *result,
                                   stardeleg_time now)
{
  stardeleg_err err = sdg_ending_take(ending, issuance->issuer, result, now);

  if (err == STARDELEG_OK) {
    issuance->news = SDG_NEWS_MOVED;
    sdg_issuance_tell_try(issuance, sdg_ending_tries(ending), sdg_ending_problem(ending));
  }
  return err;
}

void sdg_ending_log_failure(const sdg_ending *ending, const sdg_issuance *issuance)
{
  sdg_log(&issuance->issuer->ido->options.log, STARDELEG_LOG_ERROR, "ido.revoke.failed", "order=%s: %s",
          issuance->order->id, sdg_ending_problem(ending)->detail);
}

sdg_errand_state sdg_ending_state(const sdg_ending *ending)
{
  return ending->has_certificate ? ending->revoke.errand.state : ending->fetching.state;
}

uint32_t sdg_ending_tries(const sdg_ending *ending)
{
  return ending->has_certificate ? ending->revoke.errand.tries : ending->fetching.tries;
}

const stardeleg_problem *sdg_ending_problem(const sdg_ending *ending)
{
  return ending->has_certificate ? &ending->revoke.errand.problem : &ending->fetching.problem;
}

/* --- As a record --- */

void sdg_ending_write(sdg_json_writer *w, const char *name, const sdg_ending *ending)
{
  sdg_jw_object(w, name);
  sdg_jw_string_opt(w, "url", ending->url);
  if (ending->has_certificate) {
    sdg_revoke_write(w, "revoke", &ending->revoke);
  } else {
    sdg_errand_write_pause(w, &ending->fetching);
    sdg_gone_write(w, &ending->gone);
  }
  sdg_jw_object_end(w);
}

static stardeleg_err read_revoke(sdg_ending *ending, const sdg_issuer *issuer, const sdg_json *tree)
{
  stardeleg_err err = sdg_revoke_read(&ending->revoke, tree);
  sdg_buf der;

  if (err != STARDELEG_OK) {
    return err;
  }
  ending->has_certificate = true;
  set_pauses(&ending->revoke.errand, issuer);
  if (ending->revoke.errand.state == SDG_ERRAND_FAILED && !sdg_ending_is_refused(ending, issuer)) {
    /* given up by a version that did so at once */
    ending->revoke.errand.state = SDG_ERRAND_OPEN;
  }
  sdg_buf_init(&der, SDG_CHAIN_BYTES_MAX);
  err = sdg_ending_certificate(ending, &der);
  if (err == STARDELEG_OK) {
    err = see_end(ending, sdg_buf_bytes(&der));
  }
  sdg_buf_clear(&der);
  return err;
}

stardeleg_err sdg_ending_read(sdg_ending *out, const sdg_issuer *issuer, const sdg_json *tree)
{
  const sdg_json *revoke = NULL;
  const char *url = NULL;
  sdg_ending ending;
  stardeleg_err err = sdg_json_get_string(&url, tree, "url", SDG_JSON_OPTIONAL, NULL);

  init(&ending, issuer);
  if (err == STARDELEG_OK) {
    err = sdg_errand_read_pause(&ending.fetching, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_gone_read(&ending.gone, tree);
  }
  if (err == STARDELEG_OK) {
    err = sdg_json_get_object(&revoke, tree, "revoke", SDG_JSON_OPTIONAL, NULL);
  }
  if (err == STARDELEG_OK && revoke == NULL && url == NULL) {
    err = STARDELEG_ERR_MALFORMED;
  }
  if (err == STARDELEG_OK && url != NULL) {
    ending.url = sdg_strdup(url);
    err = ending.url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  if (err == STARDELEG_OK && revoke != NULL) {
    err = read_revoke(&ending, issuer, revoke);
  }
  if (err != STARDELEG_OK) {
    sdg_ending_clear(&ending);
    return err;
  }
  *out = ending;
  return STARDELEG_OK;
}
