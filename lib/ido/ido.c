/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido.c -- the role: options, requests, issuers. */
#include <stardeleg/ido.h>

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/problem.h"
#include "base/time.h"
#include "ido/ido_compat.h"
#include "ido/ido_internal.h"
#include "ido/ido_publication.h"

static const sdg_route routes[] = {
    {"/new-order", SDG_ROUTE_POST | SDG_ROUTE_ORDER, sdg_ido_route_new_order},
    {"/order/{}", SDG_ROUTE_POST | SDG_ROUTE_FETCH, sdg_ido_route_order},
    {"/order/{}/finalize", SDG_ROUTE_POST, sdg_ido_route_finalize},
    {"/order/{}/authz/{}", SDG_ROUTE_POST | SDG_ROUTE_FETCH, sdg_ido_route_authorization},
    {"/order/{}/authz/{}/challenge", SDG_ROUTE_POST | SDG_ROUTE_FETCH, sdg_ido_route_challenge},
    {"/delegations/{}", SDG_ROUTE_FETCH, sdg_ido_route_delegations},
    {"/delegation/{}", SDG_ROUTE_FETCH, sdg_ido_route_delegation},
    {"/cert/{}", SDG_ROUTE_GET | SDG_ROUTE_FETCH, sdg_ido_route_certificate},
    {"/renewal-info/{.}", SDG_ROUTE_GET, sdg_ido_route_renewal_info},
    {"/revoke-cert", SDG_ROUTE_POST | SDG_ROUTE_JWK, sdg_ido_route_revoke},
};

void stardeleg_ido_options_default(stardeleg_ido_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
  options->order_grace_s = 7 * 86400;
  options->order_pending_s = 7 * 86400;
  options->page_size = 50;
  options->backoff_min_ms = SDG_TIME_S;
  options->backoff_max_ms = SDG_TIME_HOUR;
  options->lease_ms = 15 * SDG_TIME_S;
  options->poll_ms = SDG_TIME_S;
  options->order_poll_ms = SDG_TIME_S;
  options->audit_keep_s = (int64_t)400 * 86400;
  options->audit_max_bytes = (int64_t)1024 * 1024 * 1024;
  stardeleg_match_options_default(&options->match);
}

static stardeleg_err check_options(const stardeleg_ido_options *options, stardeleg_problem *problem)
{
  const char *wrong = NULL;

  if (options->crypto == NULL || options->store == NULL || options->secrets == NULL || options->base_url == NULL) {
    wrong = "crypto, store, secrets and base_url are required";
  } else if (options->issuer_count > 0 && options->issuers == NULL) {
    wrong = "issuers is missing";
  } else if (options->order_grace_s < 0 || options->order_pending_s < 1) {
    wrong = "order_grace_s must not be negative, order_pending_s must be positive";
  } else if (options->backoff_min_ms < 1 || options->backoff_max_ms < options->backoff_min_ms) {
    wrong = "backoff_min_ms must be positive and not above backoff_max_ms";
  } else if (options->lease_ms < 1 || options->poll_ms < 0 || options->order_poll_ms < 1) {
    wrong = "lease_ms and order_poll_ms must be positive, poll_ms not negative";
  } else if (options->audit_keep_s < 0 || options->audit_max_bytes < 0) {
    wrong = "audit_keep_s and audit_max_bytes must not be negative";
  } else if (options->page_size < 1 || options->page_size > SDG_DELEGATIONS_PAGE_MAX) {
    wrong = "page_size must be 1 to 1000";
  } else if (options->match.account_spki_count > 0 && options->match.account_spkis == NULL) {
    wrong = "match.account_spkis is missing";
  }
  if (wrong != NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "%s", wrong);
    return STARDELEG_ERR_CONFIG;
  }
  return STARDELEG_OK;
}

/* --- The server's side --- */

static stardeleg_err fill_directory(void *role, sdg_server *server, sdg_acme_directory *directory)
{
  const stardeleg_ido *ido = role;

  directory->delegation_enabled = true; /* RFC 9115 2.3.4 */
  directory->certificate_get = true;    /* 2.3.5 */
  directory->has_auto_renewal = true;
  directory->star_min_lifetime_s = sdg_issuers_min_lifetime_s(&ido->options);
  directory->star_max_duration_s = SDG_IDO_MAX_DURATION_S;
  directory->star_certificate_get = true;
  directory->renewal_info = sdg_server_url_dup(server, "/renewal-info", NULL);
  directory->revoke_cert = sdg_server_url_dup(server, "/revoke-cert", NULL); /* clients ask; the answer may be no */
  return directory->renewal_info != NULL && directory->revoke_cert != NULL ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
}

/* RFC 9115 2.3.1.1: the list is a member of every account; what a client sends under this name does not count. */
static void write_account(void *role, sdg_server *server, sdg_json_writer *w, const sdg_server_account *account)
{
  sdg_buf url;

  (void)role;
  sdg_buf_init(&url, 2048 + SDG_ID_SIZE + 16);
  sdg_server_url(server, &url, "/delegations/", account->id, NULL);
  if (sdg_buf_error(&url) != STARDELEG_OK && w->out->err == STARDELEG_OK) {
    w->out->err = sdg_buf_error(&url);
  }
  sdg_jw_string(w, "delegations", sdg_buf_str(&url));
  sdg_buf_clear(&url);
}

/* RFC 9115 7.2: an account is deactivated when its key is compromised.  What it holds must go with it. */
static stardeleg_err end_with_account(void *role, const sdg_server_account *account, stardeleg_time now)
{
  return account->name[0] != '\0' ? sdg_ido_end_all(role, account->name, "delegate", now) : STARDELEG_OK;
}

static stardeleg_err make_server(stardeleg_ido *ido, stardeleg_problem *problem)
{
  sdg_server_options options;
  stardeleg_err err;

  memset(&options, 0, sizeof(options));
  options.crypto = ido->options.crypto;
  options.store = ido->options.store;
  options.secrets = ido->options.secrets;
  options.base_url = ido->options.base_url;
  options.routes = routes;
  options.route_count = sizeof(routes) / sizeof(routes[0]);
  options.role = ido;
  options.fill_directory = fill_directory;
  options.write_account = write_account;
  options.on_deactivating = end_with_account;
  options.list_orders = sdg_ido_list_orders;
  options.eab_required = true; /* STARDEL-7.2-06: nobody who was not registered before */
  options.terms_of_service = ido->options.terms_of_service;
  options.website = ido->options.website;
  options.page_size = ido->options.page_size;
  options.log = &ido->options.log;
  err = sdg_server_options_take(&options, ido->options.server, problem);
  return err == STARDELEG_OK ? sdg_server_new(&ido->server, &options, problem) : err;
}

/* --- Issuers --- */

static bool is_taken(const stardeleg_ido *ido, const char *name)
{
  for (size_t i = 0; i < ido->issuer_count; i++) {
    if (name != NULL && strcmp(ido->issuers[i].name, name) == 0) {
      return true;
    }
  }
  return false;
}

static stardeleg_err open_issuers(stardeleg_ido *ido, const stardeleg_ido_options *options, stardeleg_problem *problem)
{
  if (options->issuer_count == 0) {
    return STARDELEG_OK;
  }
  ido->issuers = sdg_calloc(options->issuer_count, sizeof(*ido->issuers));
  if (ido->issuers == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < options->issuer_count; i++) {
    const stardeleg_issuer_options *each = &options->issuers[i];
    stardeleg_err err;

    if (each->size != sizeof(*each) || is_taken(ido, each->name)) {
      sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "issuers: %s",
                      each->size != sizeof(*each) ? "size is not that of the struct" : "two have the same name");
      return STARDELEG_ERR_CONFIG;
    }
    ido->issuer_count++;
    err = sdg_issuer_open(&ido->issuers[i], ido, each, problem);
    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return STARDELEG_OK;
}

/* RFC 8555 11.1: no key that signs requests may be certified; ours at the CAs as little as a delegate's. */
static stardeleg_err gather_keys(stardeleg_ido *ido)
{
  const stardeleg_match_options *match = &ido->options.match;
  size_t n = 0;

  ido->account_keys = sdg_calloc(match->account_spki_count + ido->issuer_count + 1, sizeof(*ido->account_keys));
  if (ido->account_keys == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < match->account_spki_count; i++) {
    ido->account_keys[n++] = match->account_spkis[i];
  }
  for (size_t i = 0; i < ido->issuer_count; i++) {
    if (ido->issuers[i].key != NULL) {
      ido->account_keys[n++] = stardeleg_key_spki(ido->issuers[i].key);
    }
  }
  ido->account_key_count = n;
  return STARDELEG_OK;
}

/* --- In and out --- */

static stardeleg_err open_all(stardeleg_ido *ido, const stardeleg_ido_options *options, stardeleg_problem *problem)
{
  stardeleg_err err = make_server(ido, problem);

  if (err == STARDELEG_OK) {
    err = sdg_ido_delegations_new(&ido->delegations, ido->options.store);
  }
  if (err == STARDELEG_OK) {
    err = sdg_agent_new(&ido->agent, ido->options.crypto, &ido->options.log);
  }
  if (err == STARDELEG_OK) {
    err = open_issuers(ido, options, problem);
  }
  return err == STARDELEG_OK ? gather_keys(ido) : err;
}

stardeleg_err stardeleg_ido_new(stardeleg_ido **out, const stardeleg_ido_options *options, stardeleg_problem *problem)
{
  stardeleg_ido *ido;
  stardeleg_err err;

  sdg_problem_clear(problem);
  if (out == NULL || options == NULL || options->size != sizeof(*options)) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "options are missing, or their size is not that of the struct");
    return STARDELEG_ERR_CONFIG;
  }
  err = check_options(options, problem);
  if (err != STARDELEG_OK) {
    return err;
  }
  ido = sdg_calloc(1, sizeof(*ido));
  if (ido == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  ido->options = *options;
  ido->look_at = STARDELEG_TIME_NEVER;
  ido->prune_at = STARDELEG_TIME_NONE;
  ido->engine = (stardeleg_engine){ido, sdg_ido_engine_next, sdg_ido_engine_answer};
  sdg_ido_http01_init(&ido->http01, ido);
  err = open_all(ido, options, problem);
  /* Borrowed for the call only; what is needed of them has been copied. */
  ido->options.issuers = NULL;
  ido->options.base_url = NULL;
  ido->options.terms_of_service = NULL;
  ido->options.website = NULL;
  ido->options.server = NULL;
  if (err != STARDELEG_OK) {
    stardeleg_ido_free(ido);
    return err;
  }
  *out = ido;
  return STARDELEG_OK;
}

void stardeleg_ido_free(stardeleg_ido *ido)
{
  if (ido == NULL) {
    return;
  }
  sdg_ido_jobs_drop(ido);
  for (size_t i = 0; i < ido->issuer_count; i++) {
    sdg_issuer_close(&ido->issuers[i]);
  }
  sdg_free(ido->issuers);
  sdg_free(ido->account_keys);
  sdg_agent_free(ido->agent);
  sdg_ido_delegations_free(ido->delegations);
  sdg_server_free(ido->server);
  sdg_free(ido);
}

const stardeleg_engine *stardeleg_ido_engine(stardeleg_ido *ido)
{
  return &ido->engine;
}

stardeleg_err stardeleg_ido_account_agreed(stardeleg_ido *ido, const char *account_url)
{
  return ido != NULL && account_url != NULL ? sdg_server_account_agreed(ido->server, account_url)
                                          : STARDELEG_ERR_ARGUMENT;
}

stardeleg_err stardeleg_ido_handle(stardeleg_ido *ido, const stardeleg_http_request *request, stardeleg_time now,
                                   stardeleg_http_reply **reply)
{
  if (ido == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  return sdg_server_handle(ido->server, request, now, reply);
}
