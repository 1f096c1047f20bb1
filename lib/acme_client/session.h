/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/session.h -- one account at one ACME server (RFC 8555 6, 7.1 to 7.3): directory, nonces, registration,
 * signing. */
#ifndef SDG_ACME_CLIENT_SESSION_H
#define SDG_ACME_CLIENT_SESSION_H

#include "acme/account.h"
#include "acme/directory.h"
#include "acme_client/agent.h"

typedef struct sdg_session_options {
  const char *directory_url;
  stardeleg_key *key;              /* account key; a reference is taken */
  const char *kid;                 /* account URL from an earlier run, or NULL */
  const char *const *contacts;     /* NULL-terminated, or NULL; copied */
  bool terms_agreed;
  const char *eab_key_id;          /* or NULL */
  const char *eab_mac_key;         /* base64url, tolerant; with eab_key_id */
  bool allow_other_origins;        /* URLs of the directory and its resources may leave the directory's origin */
  int64_t backoff_min_ms, backoff_max_ms;
  int64_t directory_ttl_ms;        /* read the directory again after that; 0: a day */
  /* The account URL to be kept; an error delays everything until it works.  May be NULL. */
  stardeleg_err (*on_account)(void *ctx, const char *kid);
  void *ctx;
  const stardeleg_log *log;
  bool only_existing;              /* never make an account: onlyReturnExisting (RFC 8555 7.3.1) */
  bool anonymous;                  /* no account: only steps with a signer of their own; ready with a directory */
} sdg_session_options;

/* CONFIG with |problem| for a bad URL, contact or MAC key. */
STARDELEG_MUST_CHECK stardeleg_err sdg_session_new(sdg_session **out, sdg_agent *agent,
                                                   const sdg_session_options *options, stardeleg_problem *problem);
/* Its jobs must have been removed from the agent. */
void sdg_session_free(sdg_session *session);

/* NULL until known. */
const sdg_acme_directory *sdg_session_directory(const sdg_session *session);
const char *sdg_session_kid(const sdg_session *session);
bool sdg_session_is_ready(const sdg_session *session);
/* Why it is not ready yet: the last failure, or NULL. */
const stardeleg_problem *sdg_session_problem(const sdg_session *session);
stardeleg_key *sdg_session_key(const sdg_session *session);
/* The directory is read again at once (a URL of it answered 404 or 410); the old one serves until then. */
void sdg_session_refresh(sdg_session *session);
/* The clock was set back: pauses that end far in what is the future again are forgotten. */
void sdg_session_clock_back(sdg_session *session, stardeleg_time now);
/* PROTOCOL unless |url| may be used with this account: absolute https (http only if the directory is), same origin as
 * the directory unless allowed otherwise. */
STARDELEG_MUST_CHECK stardeleg_err sdg_session_check_url(const sdg_session *session, const char *url);

#endif /* SDG_ACME_CLIENT_SESSION_H */
