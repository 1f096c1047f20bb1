/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/agent_internal.h -- what the agent and its sessions tell one another; nobody else includes this. */
#ifndef SDG_ACME_CLIENT_AGENT_INTERNAL_H
#define SDG_ACME_CLIENT_AGENT_INTERNAL_H

#include "acme_client/session.h"

enum { SDG_PLACE_NONE = 0, SDG_PLACE_HEAP, SDG_PLACE_OPEN, SDG_PLACE_PARKED };

/* Why a signed step cannot go out now. */
typedef enum sdg_session_lack { SDG_LACK_NOTHING = 0, SDG_LACK_SETUP, SDG_LACK_NONCE } sdg_session_lack;

/* Called before a job's signed step; starts what is lacking. */
sdg_session_lack sdg_session_lacks(sdg_session *session, const sdg_job *job, bool needs_nonce, stardeleg_time now);
/* Puts the job on the session's list until the lack is mended. */
void sdg_session_park(sdg_session *session, sdg_job *job, sdg_session_lack lack);
void sdg_session_unpark(sdg_session *session, sdg_job *job);
/* A job has not used the nonce that it may have been woken for: the next one that waits gets it. */
void sdg_session_pass_on(sdg_session *session);
/* Spends a nonce and appends the JWS: by the account, or by |signer| with its public half inside if it is not NULL. */
STARDELEG_MUST_CHECK stardeleg_err sdg_session_sign(sdg_session *session, stardeleg_key *signer, const char *url,
                                                    stardeleg_bytes payload, sdg_buf *out);
/* Keeps the Replay-Nonce of any response of this server. */
void sdg_session_see(sdg_session *session, const stardeleg_http_response *response, stardeleg_time now);
/* The server says that the account is gone; true if the session will register again and the step is worth repeating. */
bool sdg_session_account_gone(sdg_session *session, stardeleg_time now);
/* The session whose setup job |job| is; NULL for other jobs.  Lets the agent hand nonces of setup answers to their
 * session. */
sdg_session *sdg_session_of_setup(sdg_job *job);

/* While |job| holds the session, the others rest; NULL lets them go on. */
void sdg_session_hold(sdg_session *session, sdg_job *job);
/* The account has another key from now on. */
void sdg_session_set_key(sdg_session *session, stardeleg_key *key);
/* True if no job of |job|'s session but itself has a request out. */
bool sdg_agent_is_quiet(const sdg_agent *agent, const sdg_job *job);

/* Asked again at |due|. */
void sdg_agent_wake(sdg_agent *agent, sdg_job *job, stardeleg_time due);

#endif /* SDG_ACME_CLIENT_AGENT_INTERNAL_H */
