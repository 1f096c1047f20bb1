/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer_ending.c -- fetching a certificate in order to revoke it. */
#include "ido/issuer_ending.h"

#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problem.h"
#include "ido/ido_internal.h"
#include "x509/cert.h"

/* RFC 5280 5.3.1: cessationOfOperation; the names go on, the delegate's use of them does not. */
#define REASON_CESSATION 5

static void set_pauses(sdg_errand *errand, const sdg_issuer *issuer)
{
  errand->backoff_min_ms = issuer->ido->options.backoff_min_ms;
  errand->backoff_max_ms = issuer->ido->options.backoff_max_ms;
}

stardeleg_err sdg_ending_init(sdg_ending *ending, const sdg_issuer *issuer, const char *url)
{
  memset(ending, 0, sizeof(*ending));
  sdg_errand_init(&ending->fetching);
  set_pauses(&ending->fetching, issuer);
  ending->url = sdg_strdup(url);
  return ending->url != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

static stardeleg_err hold(sdg_ending *ending, const sdg_issuer *issuer, stardeleg_bytes der)
{
  stardeleg_err err = sdg_revoke_init(&ending->revoke, der, REASON_CESSATION, NULL);

  if (err == STARDELEG_OK) {
    set_pauses(&ending->revoke.errand, issuer);
    ending->has_certificate = true;
  }
  return err;
}

stardeleg_err sdg_ending_init_der(sdg_ending *ending, const sdg_issuer *issuer, stardeleg_bytes der)
{
  memset(ending, 0, sizeof(*ending));
  sdg_errand_init(&ending->fetching);
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

stardeleg_err sdg_ending_ask(sdg_ending *ending, const sdg_issuer *issuer, sdg_step *step, stardeleg_time now)
{
  if (ending->has_certificate) {
    return sdg_revoke_ask(&ending->revoke, issuer->session, step, now);
  }
  if (sdg_errand_waits(&ending->fetching, step, now)) {
    return STARDELEG_OK;
  }
  step->kind = SDG_STEP_FETCH;
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

stardeleg_err sdg_ending_take(sdg_ending *ending, const sdg_issuer *issuer, const sdg_result *result,
                              stardeleg_time now)
{
  if (ending->has_certificate) {
    return sdg_revoke_take(&ending->revoke, issuer->session, issuer->ido->agent, result, now);
  }
  if (result->err == STARDELEG_OK) {
    return take_chain(ending, issuer, result);
  }
  if (sdg_errand_retries(&ending->fetching, issuer->ido->agent, result, now)) {
    return STARDELEG_OK;
  }
  if (result->status == 404 || result->status == 410) {
    sdg_errand_done(&ending->fetching); /* nothing is left that could be revoked */
  } else {
    sdg_errand_fail(&ending->fetching, result->problem);
  }
  return STARDELEG_OK;
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
    sdg_jw_int(w, "tries", (int64_t)ending->fetching.tries);
    if (ending->fetching.wait_until != STARDELEG_TIME_NONE) {
      sdg_jw_int(w, "waitUntil", ending->fetching.wait_until);
    }
  }
  sdg_jw_object_end(w);
}

/* How far fetching has come: after a restart the pauses go on growing. */
static stardeleg_err read_fetching(sdg_errand *fetching, const sdg_json *tree)
{
  int64_t tries = 0;
  stardeleg_err err = sdg_json_get_int(&tries, tree, "tries", SDG_JSON_OPTIONAL, 0, UINT32_MAX, NULL);

  fetching->tries = (uint32_t)tries;
  return err == STARDELEG_OK ? sdg_json_get_int(&fetching->wait_until, tree, "waitUntil", SDG_JSON_OPTIONAL, INT64_MIN,
                                                INT64_MAX, NULL)
                             : err;
}

stardeleg_err sdg_ending_read(sdg_ending *out, const sdg_issuer *issuer, const sdg_json *tree)
{
  const sdg_json *revoke = NULL;
  const char *url = NULL;
  sdg_ending ending;
  stardeleg_err err = sdg_json_get_string(&url, tree, "url", SDG_JSON_OPTIONAL, NULL);

  memset(&ending, 0, sizeof(ending));
  sdg_errand_init(&ending.fetching);
  set_pauses(&ending.fetching, issuer);
  if (err == STARDELEG_OK) {
    err = read_fetching(&ending.fetching, tree);
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
    err = sdg_revoke_read(&ending.revoke, revoke);
    if (err == STARDELEG_OK) {
      set_pauses(&ending.revoke.errand, issuer);
      ending.has_certificate = true;
    }
  }
  if (err != STARDELEG_OK) {
    sdg_ending_clear(&ending);
    return err;
  }
  *out = ending;
  return STARDELEG_OK;
}
