/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/session_internal.h -- a session's inside, shared by session.c and session_setup.c. */
#ifndef SDG_ACME_CLIENT_SESSION_INTERNAL_H
#define SDG_ACME_CLIENT_SESSION_INTERNAL_H

#include "acme_client/agent_internal.h"
#include "base/time.h"

#define SDG_NONCES_MAX 64u
#define SDG_REDIRECTS_MAX 3u

/* What the setup job does. */
typedef enum sdg_setup_step {
  SDG_SETUP_REST = 0,
  SDG_SETUP_DIRECTORY,
  SDG_SETUP_NONCE,
  SDG_SETUP_ACCOUNT
} sdg_setup_step;

struct sdg_session {
  sdg_job setup; /* first: the setup job is the session */
  sdg_setup_step asked; /* what the setup job's open exchange is about; the URLs may all be the same */
  sdg_agent *agent;
  stardeleg_key *key;
  char *directory_url;  /* as configured */
  char *source_url;     /* where the directory came from, redirects followed: the origin of everything else */
  char *next_url;       /* a redirect to be followed; or NULL */
  unsigned redirects;
  sdg_acme_directory directory;
  bool has_directory;
  bool refresh_wanted;
  stardeleg_time refresh_at;
  char *kid;
  stardeleg_time registered_at;
  stardeleg_time skew_told_at;
  char *contacts[SDG_CONTACTS_MAX];
  size_t contact_count;
  bool terms_agreed;
  bool only_existing;
  bool anonymous;
  char *eab_key_id;
  sdg_buf eab_mac_key;
  bool allow_other_origins;
  int64_t backoff_min_ms, backoff_max_ms, directory_ttl_ms;
  stardeleg_err (*on_account)(void *ctx, const char *kid);
  void *on_account_ctx;
  const stardeleg_log *log;
  char *nonces[SDG_NONCES_MAX]; /* oldest first */
  stardeleg_time nonce_seen_at[SDG_NONCES_MAX];
  size_t nonce_count;
  sdg_job *holder; /* the one job that may sign; NULL: all */
  sdg_job *waiting_setup;
  sdg_job *waiting_nonce;
  sdg_job **setup_end; /* where the next one is linked */
  sdg_job **nonce_end;
  stardeleg_time wait_until; /* backoff after a failure */
  uint32_t tries;
  bool head_failed;          /* newNonce by HEAD did not work: GET is tried next */
  bool has_problem;
  stardeleg_problem problem;
};

/* The setup job: directory, first nonce, registration, more nonces. */
STARDELEG_MUST_CHECK stardeleg_err sdg_session_setup_add(sdg_session *session);
void sdg_session_setup_remove(sdg_session *session);
/* Somebody needs the session ready. */
void sdg_session_setup_wanted(sdg_session *session, stardeleg_time now);
/* Somebody was parked: look at it at the next occasion (never before the backoff is over). */
void sdg_session_setup_nudge(sdg_session *session);

/* True if |url| may be used by a session whose directory is at |source|. */
bool sdg_session_may_go(const sdg_session *session, const char *source, const char *url);

/* Takes the freshest nonce, NULL if there is none; the caller frees it. */
char *sdg_session_take_nonce(sdg_session *session);
/* Wakes one job that waits for a nonce; all that wait for readiness. */
void sdg_session_release_one(sdg_session *session, stardeleg_time now);
void sdg_session_release_all(sdg_session *session, stardeleg_time now);

#endif /* SDG_ACME_CLIENT_SESSION_INTERNAL_H */
