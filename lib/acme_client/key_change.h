/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/key_change.h -- another key for the account (RFC 8555 7.3.5), stepped by a role's job.
 *
 * The role keeps both keys from before the first request until the errand ends: DONE, the session signs with the new
 * one; FAILED, with the old one.  After a restart in between it begins with a look, which tells which key counts.
 * While it is under way the session's other jobs rest: nobody knows which key would be right for them. */
#ifndef SDG_ACME_CLIENT_KEY_CHANGE_H
#define SDG_ACME_CLIENT_KEY_CHANGE_H

#include "acme_client/errand.h"

typedef struct sdg_key_change {
  sdg_errand errand;
  stardeleg_key *key;        /* the new one; a reference */
  bool look;                 /* find out whether the server has it already */
  bool refused;              /* the server has said no: the look is the last word */
  stardeleg_problem refusal;
} sdg_key_change;

/* |look|: a request may have gone out before (the process was restarted). */
void sdg_key_change_init(sdg_key_change *change, stardeleg_key *key, bool look);
/* Lets the session's other jobs go on; |session| may be NULL. */
void sdg_key_change_clear(sdg_key_change *change, sdg_session *session);
/* |job|: the one that steps this. */
STARDELEG_MUST_CHECK stardeleg_err sdg_key_change_ask(sdg_key_change *change, sdg_job *job, sdg_agent *agent,
                                                      sdg_step *step, stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_key_change_take(sdg_key_change *change, sdg_job *job, sdg_agent *agent,
                                                       const sdg_result *result, stardeleg_time now);

#endif /* SDG_ACME_CLIENT_KEY_CHANGE_H */
