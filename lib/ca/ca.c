/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca.c -- the role: options, requests, the engine. */
#include <stardeleg/ca.h>

#include <string.h>

#include "acme_server/eab.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "base/url.h"
#include "ca/ca_crl.h"
#include "ca/ca_internal.h"
#include "ca/ca_issuer.h"
#include "ca/ca_profile.h"
#include "ca/ca_task.h"

#define ROUNDS_MAX 8

static const sdg_route routes[] = {
    {"/new-order", SDG_ROUTE_POST | SDG_ROUTE_ORDER, sdg_ca_route_new_order},
    {"/order/{}", SDG_ROUTE_POST | SDG_ROUTE_FETCH, sdg_ca_route_order},
    {"/order/{}/finalize", SDG_ROUTE_POST, sdg_ca_route_finalize},
    {"/authz/{}", SDG_ROUTE_POST | SDG_ROUTE_FETCH, sdg_ca_route_authz},
    {"/chall/{}/{}", SDG_ROUTE_POST | SDG_ROUTE_FETCH, sdg_ca_route_challenge},
    {"/cert/{}", SDG_ROUTE_GET | SDG_ROUTE_FETCH, sdg_ca_route_cert},
    {"/cert/{}/{}", SDG_ROUTE_GET | SDG_ROUTE_FETCH, sdg_ca_route_cert},
    {"/revoke-cert", SDG_ROUTE_POST | SDG_ROUTE_JWK, sdg_ca_route_revoke},
    {"/crl", SDG_ROUTE_GET, sdg_ca_route_crl},
    {"/renewal-info/{.}", SDG_ROUTE_GET, sdg_ca_route_renewal_info},
};

void stardeleg_ca_options_default(stardeleg_ca_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
  options->min_lifetime_s = 86400;
  options->max_duration_s = (int64_t)365 * 86400;
  options->fraction_permille = SDG_STAR_FRACTION_MIN;
  options->allow_certificate_get = 1;
  options->order_pending_s = 86400;
  options->order_grace_s = 7 * 86400;
  options->validation_retry_ms = 5 * SDG_TIME_S;
  options->validation_attempts = 3;
  options->http01_port = 80;
  options->lease_ms = 15 * SDG_TIME_S;
  options->plain_lifetime_s = 7 * 86400;
  options->poll_ms = SDG_TIME_S;
  options->crl_lifetime_s = 86400;
  options->renewal_info_s = 6 * 3600;
  options->challenges = STARDELEG_CA_HTTP_01;
  options->tls_alpn01_port = 443;
  options->https_port = 443;
  options->caa_age_max_s = (int64_t)8 * 3600;
  options->crl_max = SDG_CA_CRL_MAX;
  options->validation_timeout_ms = SDG_TIME_MINUTE;
}

static bool is_web_url(const char *text)
{
  sdg_url url;

  return sdg_url_parse(&url, sdg_bytes_str(text)) == STARDELEG_OK;
}

/* A hundred years of seconds: what is beyond has no meaning, and overflows as milliseconds. */
static bool are_in_range(const stardeleg_ca_options *options)
{
  const int64_t seconds[] = {options->max_duration_s, options->order_pending_s, options->order_grace_s,
                             options->plain_lifetime_s, options->crl_lifetime_s, options->renewal_info_s,
                             options->caa_age_max_s, options->validation_retry_ms, options->lease_ms,
                             options->authz_reuse_s, options->validation_timeout_ms};

  for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
    if (seconds[i] > SDG_STAR_LIFETIME_MAX_S) {
      return false;
    }
  }
  return true;
}

static stardeleg_err check_options(const stardeleg_ca_options *options, stardeleg_problem *problem)
{
  const char *wrong = NULL;

  if (options->crypto == NULL || options->store == NULL || options->base_url == NULL || options->issuer_key == NULL) {
    wrong = "crypto, store, base_url and issuer_key are required";
  } else if (options->eab_required != 0 && options->secrets == NULL) {
    wrong = "eab_required needs secrets";
  } else if (options->fraction_permille < SDG_STAR_FRACTION_MIN || options->fraction_permille > SDG_STAR_FRACTION_MAX) {
    wrong = "fraction_permille must be 500 to 999 (RFC 8739 3.5)";
  } else if (options->min_lifetime_s < 1 || options->max_duration_s < options->min_lifetime_s) {
    wrong = "min_lifetime_s must be positive and not above max_duration_s";
  } else if (options->validation_attempts < 1 || options->http01_port == 0 || options->plain_lifetime_s < 1 ||
             options->validation_timeout_ms < 1) {
    wrong = "validation_attempts, http01_port, plain_lifetime_s and validation_timeout_ms must be positive";
  } else if (options->order_pending_s < 1 || options->order_grace_s < 0 || options->lease_ms < 1 ||
             options->validation_retry_ms < 0 || options->poll_ms < 0) {
    wrong =
        "order_pending_s and lease_ms must be positive, order_grace_s, validation_retry_ms and poll_ms not negative";
  }
  if (wrong == NULL && (options->crl_lifetime_s < 0 || options->renewal_info_s < 0 || options->authz_reuse_s < 0)) {
    wrong = "crl_lifetime_s, renewal_info_s and authz_reuse_s must not be negative";
  }
  if (wrong == NULL && !are_in_range(options)) {
    wrong = "no span of time may be longer than a hundred years";
  }
  if (wrong == NULL && (options->crl_max < SDG_CA_CRL_MIN || options->crl_max > SDG_CA_CRL_MAX)) {
    wrong = "crl_max must be 64 KiB to 16 MiB";
  }
  if (wrong == NULL && options->crl_url != NULL && !is_web_url(options->crl_url)) {
    wrong = "crl_url must be an http or https URL";
  }
  if (wrong != NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", wrong);
    return STARDELEG_ERR_CONFIG;
  }
  return STARDELEG_OK;
}

static stardeleg_err fill_directory(void *role, sdg_server *server, sdg_acme_directory *directory)
{
  stardeleg_ca *ca = role;

  directory->revoke_cert = sdg_server_url_dup(server, "/revoke-cert", NULL);
  directory->has_auto_renewal = sdg_ca_profiles_allow_star(ca);
  directory->star_min_lifetime_s = ca->options.min_lifetime_s;
  directory->star_max_duration_s = ca->options.max_duration_s;
  directory->star_certificate_get = ca->options.allow_certificate_get != 0;
  directory->certificate_get = ca->options.allow_certificate_get != 0;
  if (ca->caa_identities != NULL) {
    stardeleg_err err = sdg_ca_caa_describe(ca, directory);

    if (err != STARDELEG_OK) {
      return err;
    }
  }
  if (ca->options.renewal_info_s > 0) {
    directory->renewal_info = sdg_server_url_dup(server, "/renewal-info", NULL);
    if (directory->renewal_info == NULL) {
      return STARDELEG_ERR_NOMEM;
    }
  }
  if (ca->profile_count > 0) {
    stardeleg_err err = sdg_ca_profiles_describe(ca, &directory->profiles);

    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return directory->revoke_cert != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

static stardeleg_err make_server(stardeleg_ca *ca, stardeleg_problem *problem)
{
  sdg_server_options options;
  stardeleg_err err;

  memset(&options, 0, sizeof(options));
  options.crypto = ca->options.crypto;
  options.store = ca->options.store;
  options.secrets = ca->options.secrets;
  options.base_url = ca->options.base_url;
  options.routes = routes;
  options.route_count = sizeof(routes) / sizeof(routes[0]);
  options.role = ca;
  options.fill_directory = fill_directory;
  options.list_orders = sdg_ca_list_orders;
  options.on_deactivated = sdg_ca_end_account;
  options.eab_required = ca->options.eab_required != 0;
  options.terms_of_service = ca->options.terms_of_service;
  options.log = &ca->options.log;
  err = sdg_server_options_take(&options, ca->options.server, problem);
  return err == STARDELEG_OK ? sdg_server_new(&ca->server, &options, problem) : err;
}

/* --- The engine --- */

/* One record that cannot be worked on (a key that does not sign, a spoiled record) must not keep the others waiting: it
 * was logged, its lease runs out, it is tried again.  Lack of memory is everybody's. */
static stardeleg_err work_result(stardeleg_err so_far, stardeleg_err each)
{
  return so_far == STARDELEG_OK && each == STARDELEG_ERR_NOMEM ? each : so_far;
}

static stardeleg_err claim_orders(stardeleg_ca *ca, stardeleg_time now)
{
  stardeleg_record records[SDG_CA_CLAIM_MAX];
  size_t count = 0;
  stardeleg_err err;

  memset(records, 0, sizeof(records));
  err = sdg_store_claim(ca->options.store, "order", now, "ca", ca->options.lease_ms, records, SDG_CA_CLAIM_MAX, &count);
  for (size_t i = 0; i < count; i++) {
    err = work_result(err, sdg_ca_work_order(ca, &records[i], now));
    stardeleg_record_clear(&records[i]);
  }
  return err;
}

static stardeleg_err claim_crl(stardeleg_ca *ca, stardeleg_time now)
{
  stardeleg_record record;
  size_t count = 0;
  stardeleg_err err;

  memset(&record, 0, sizeof(record));
  err = sdg_store_claim(ca->options.store, SDG_CA_CRL_KIND, now, "ca", ca->options.lease_ms, &record, 1, &count);
  if (count == 1) {
    err = work_result(err, sdg_ca_crl_work(ca, &record, now));
    stardeleg_record_clear(&record);
  }
  return err;
}

static stardeleg_err claim_proofs(stardeleg_ca *ca, stardeleg_time now)
{
  stardeleg_record records[SDG_CA_CLAIM_MAX];
  size_t count = 0;
  stardeleg_err err;

  memset(records, 0, sizeof(records));
  err = sdg_store_claim(ca->options.store, SDG_CA_PROOF_KIND, now, "ca", ca->options.lease_ms, records,
                        SDG_CA_CLAIM_MAX, &count);
  for (size_t i = 0; i < count; i++) {
    err = work_result(err, sdg_ca_end_proof(ca, &records[i]));
    stardeleg_record_clear(&records[i]);
  }
  return err;
}

static stardeleg_err claim_checks(stardeleg_ca *ca, stardeleg_time now)
{
  stardeleg_record records[SDG_CA_CLAIM_MAX];
  size_t count = 0;
  stardeleg_err err = STARDELEG_OK;

  sdg_ca_share_sweep(ca, now);
  if (ca->checks_running >= SDG_CA_CLAIM_MAX) {
    return STARDELEG_OK;
  }
  memset(records, 0, sizeof(records));
  err = sdg_store_claim(ca->options.store, "authz", now, "ca", ca->options.lease_ms, records, SDG_CA_CLAIM_MAX, &count);
  for (size_t i = 0; i < count; i++) {
    err = work_result(err, sdg_ca_begin_check(ca, &records[i], now));
    stardeleg_record_clear(&records[i]);
  }
  return err;
}

/* The next moment the store may have work. */
static stardeleg_err next_due(stardeleg_ca *ca, stardeleg_time now, stardeleg_time *out)
{
  static const char *const kinds[] = {"order", "authz", SDG_CA_PROOF_KIND, SDG_CA_CRL_KIND};
  size_t count = ca->has_crl ? 4 : 3;

  *out = ca->options.poll_ms > 0 ? sdg_time_add(now, ca->options.poll_ms) : STARDELEG_TIME_NEVER;
  for (size_t i = 0; i < count; i++) {
    stardeleg_time due;
    stardeleg_err err = sdg_store_next_due(ca->options.store, kinds[i], &due);

    if (err != STARDELEG_OK) {
      return err;
    }
    *out = sdg_time_min(*out, due);
  }
  return STARDELEG_OK;
}

/* One round: what is due is claimed, then the agent is asked.  |*again|: what has been finished made something due. */
static stardeleg_err run_round(stardeleg_ca *ca, stardeleg_ask *ask, bool *again, stardeleg_time now)
{
  stardeleg_time due;
  stardeleg_err err = next_due(ca, now, &due);

  *again = false;
  sdg_ca_renew_checks(ca, now);
  if (err == STARDELEG_OK && due <= now) {
    err = claim_orders(ca, now);
    if (err == STARDELEG_OK) {
      err = claim_checks(ca, now);
    }
    if (err == STARDELEG_OK) {
      err = claim_proofs(ca, now);
    }
    if (err == STARDELEG_OK && ca->has_crl) {
      err = claim_crl(ca, now);
    }
    if (err == STARDELEG_OK) {
      err = next_due(ca, now, &due);
    }
  }
  if (err == STARDELEG_OK) {
    err = sdg_agent_next(ca->agent, ask, now);
  }
  if (err == STARDELEG_OK && ask->want == STARDELEG_WANT_WAIT) {
    due = sdg_time_min(due, sdg_ca_checks_until(ca));
    /* Work that is due but leased to somebody, or too much at once, is looked at again in a moment. */
    ask->until = sdg_time_min(ask->until, due > now ? due : sdg_time_add(now, 20));
    *again = sdg_ca_sweep_tasks(ca) > 0;
  }
  return err;
}

static stardeleg_err engine_next(void *self, stardeleg_ask *ask, stardeleg_time now)
{
  bool again = true;
  stardeleg_err err = STARDELEG_OK;

  /* Several steps of one order follow one another at once; an order that keeps coming back waits for its turn. */
  for (int i = 0; i < ROUNDS_MAX && again && err == STARDELEG_OK; i++) {
    err = run_round(self, ask, &again, now);
  }
  return err;
}

static stardeleg_err engine_answer(void *self, uint64_t id, const stardeleg_outcome *outcome, stardeleg_time now)
{
  stardeleg_ca *ca = self;

  return sdg_agent_answer(ca->agent, id, outcome, now);
}

/* --- In and out --- */

stardeleg_err stardeleg_ca_new(stardeleg_ca **out, const stardeleg_ca_options *options, stardeleg_problem *problem)
{
  stardeleg_ca *ca;
  stardeleg_err err;

  if (out == NULL || options == NULL || options->size != sizeof(*options)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  sdg_problem_clear(problem);
  err = check_options(options, problem);
  if (err != STARDELEG_OK) {
    return err;
  }
  ca = sdg_calloc(1, sizeof(*ca));
  if (ca == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  ca->options = *options;
  err = sdg_ca_challenges_load(ca, problem);
  if (err == STARDELEG_OK) {
    err = sdg_ca_profiles_load(ca, problem);
  }
  if (err == STARDELEG_OK) {
    err = sdg_ca_issuer_load(ca, problem);
  }
  if (err == STARDELEG_OK) {
    err = make_server(ca, problem);
  }
  if (err == STARDELEG_OK) {
    ca->crl_url =
        options->crl_url != NULL ? sdg_strdup(options->crl_url) : sdg_server_url_dup(ca->server, "/crl", NULL);
    err = ca->crl_url != NULL ? sdg_ca_crl_open(ca) : STARDELEG_ERR_NOMEM;
  }
  if (err == STARDELEG_OK) {
    err = sdg_agent_new(&ca->agent, options->crypto, &ca->options.log);
  }
  if (err != STARDELEG_OK) {
    stardeleg_ca_free(ca);
    return err;
  }
  ca->engine = (stardeleg_engine){ca, engine_next, engine_answer};
  *out = ca;
  return STARDELEG_OK;
}

void stardeleg_ca_free(stardeleg_ca *ca)
{
  if (ca == NULL) {
    return;
  }
  sdg_ca_drop_checks(ca);
  sdg_ca_share_sweep(ca, STARDELEG_TIME_NEVER);
  sdg_agent_free(ca->agent);
  sdg_server_free(ca->server);
  sdg_ca_challenges_clear(ca);
  sdg_ca_issuer_clear(ca);
  sdg_ca_profiles_clear(ca);
  sdg_version_cache_free(ca->crl_kept);
  sdg_free(ca);
}

const stardeleg_engine *stardeleg_ca_engine(stardeleg_ca *ca)
{
  return &ca->engine;
}

stardeleg_err stardeleg_ca_account_agreed(stardeleg_ca *ca, const char *account_url)
{
  return ca != NULL && account_url != NULL ? sdg_server_account_agreed(ca->server, account_url)
                                          : STARDELEG_ERR_ARGUMENT;
}

stardeleg_err stardeleg_ca_handle(stardeleg_ca *ca, const stardeleg_http_request *request, stardeleg_time now,
                                  stardeleg_http_reply **reply)
{
  if (ca == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  return sdg_server_handle(ca->server, request, now, reply);
}

stardeleg_err stardeleg_ca_eab_add(stardeleg_ca *ca, const char *name, char mac_key[64], stardeleg_time now)
{
  if (ca == NULL || ca->options.secrets == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  return sdg_eab_add(ca->options.crypto, ca->options.store, ca->options.secrets, name, mac_key, now);
}
