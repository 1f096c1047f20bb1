/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/limits.c -- what a client that is known and right may still not do now: too much (RFC 8555 6.6), or
 * under terms that have changed (7.3.3). */
#include <stdio.h>
#include <string.h>

#include "acme_server/server_internal.h"
#include "base/problem.h"
#include "base/time.h"

void stardeleg_server_options_default(stardeleg_server_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
}

stardeleg_err sdg_server_options_take(sdg_server_options *options, const stardeleg_server_options *from,
                                      stardeleg_problem *problem)
{
  const char *wrong = NULL;

  if (from == NULL) {
    return STARDELEG_OK;
  }
  if (from->size != sizeof(*from)) {
    wrong = "size is not that of the struct";
  } else if (from->limiter != NULL && from->limiter->ask == NULL) {
    wrong = "limiter has no function";
  } else if (from->current_terms_required != 0 && options->terms_of_service == NULL) {
    wrong = "current_terms_required without terms_of_service";
  }
  if (wrong != NULL) {
    sdg_problem_set(problem, STARDELEG_ACME_MALFORMED, "server: %s", wrong);
    return STARDELEG_ERR_CONFIG;
  }
  options->limiter = from->limiter;
  options->limits_url = from->limits_url;
  options->shared_nonces = from->shared_nonces != 0;
  options->current_terms_required = from->current_terms_required != 0;
  options->terms_action_url = from->terms_action_url;
  return STARDELEG_OK;
}

stardeleg_err sdg_call_limit(sdg_call *call, stardeleg_limit_act act)
{
  const stardeleg_limiter *limiter = call->server->options.limiter;
  stardeleg_limit_query query = {.size = sizeof(query),
                                 .act = act,
                                 .source = call->request->source,
                                 .account = call->account != NULL ? call->account->id : NULL,
                                 .now = call->now};
  stardeleg_time back_at = limiter != NULL ? limiter->ask(limiter->self, &query) : STARDELEG_TIME_NONE;

  if (back_at == STARDELEG_TIME_NONE) {
    return STARDELEG_OK;
  }
  (void)sdg_call_fail(call, STARDELEG_ACME_RATE_LIMITED, "too many %s",
                      act == STARDELEG_LIMIT_ACCOUNT ? "new accounts"
                      : act == STARDELEG_LIMIT_ORDER ? "new orders"
                                                     : "requests");
  call->problem.retry_at = back_at > call->now ? back_at : call->now + SDG_TIME_S;
  return STARDELEG_ERR_PROTOCOL;
}

stardeleg_err sdg_call_check_terms(sdg_call *call)
{
  const sdg_server *server = call->server;

  if (!server->options.current_terms_required || call->account == NULL || call->account->terms_are_current) {
    return STARDELEG_OK;
  }
  (void)sdg_call_fail(call, STARDELEG_ACME_USER_ACTION_REQUIRED, "the terms of service have changed");
  (void)snprintf(call->problem.instance, sizeof(call->problem.instance), "%s",
                 server->terms_action != NULL ? server->terms_action : server->terms);
  return STARDELEG_ERR_PROTOCOL;
}

/* --- Out of band: the owner of an account has agreed --- */

static stardeleg_err agree(sdg_server *server, const char *id)
{
  sdg_account_record record;
  stardeleg_err err = sdg_account_record_load(server, id, &record);

  if (err != STARDELEG_OK) {
    return err;
  }
  /* A deactivated one may still have to be closed, and has nothing to agree to. */
  err = record.object.status == SDG_ACCOUNT_VALID ? sdg_account_record_set_terms(&record, server->terms)
                                                  : STARDELEG_ERR_NOT_FOUND;
  record.object.terms_agreed = true;
  if (err == STARDELEG_OK) {
    err = sdg_account_record_put(server, &record);
  }
  sdg_account_record_clear(&record);
  return err;
}

stardeleg_err sdg_server_account_agreed(sdg_server *server, const char *url)
{
  char id[SDG_ID_SIZE];
  stardeleg_err err = sdg_server_id_from_url(server, url, "/acct/", NULL, id);

  if (err != STARDELEG_OK) {
    return err;
  }
  err = STARDELEG_ERR_CONFLICT;
  for (int i = 0; i < SDG_CAS_TRIES && err == STARDELEG_ERR_CONFLICT; i++) {
    err = agree(server, id);
  }
  return err == STARDELEG_ERR_CONFLICT ? STARDELEG_ERR_STORE : err;
}
