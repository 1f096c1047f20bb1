/* SPDX-License-Identifier: Apache-2.0 */
/* support/client_rig.h -- one job in an agent of its own, with a session, and a server played by hand. */
#ifndef SDG_TESTS_SUPPORT_CLIENT_RIG_H
#define SDG_TESTS_SUPPORT_CLIENT_RIG_H

#include "support/scripted.h"

#include "acme_client/session.h"

#define CLIENT_BASE "https://ca.example/acme"
#define CLIENT_ACCOUNT CLIENT_BASE "/acct/1"
#define CLIENT_PROBLEM(type) "{\"type\":\"urn:ietf:params:acme:error:" type "\",\"detail\":\"no: " type "\"}"

typedef struct client_rig {
  sdg_job job; /* first */
  sdg_agent *agent;
  sdg_session *session;
  stardeleg_key *key;
  stardeleg_engine engine;
  scripted server;
  void *thing; /* what is tested */
  stardeleg_err (*ask)(struct client_rig *rig, sdg_step *step, stardeleg_time now);
  stardeleg_err (*take)(struct client_rig *rig, const sdg_result *result, stardeleg_time now);
  unsigned takes;
  unsigned lost; /* answers without the nonce that they would have brought */
} client_rig;

/* |options| (may be NULL): directory_url and key are filled in. */
void client_rig_begin(client_rig *rig, sdg_session_options *options);
/* Directory with |more| members (",\"keyChange\":...", or NULL), nonce and account are answered: the next request is
 * the job's. */
void client_rig_register(client_rig *rig, const char *more);
/* Directory only, for sessions that know their account or have none. */
void client_rig_directory(client_rig *rig, const char *more);
void client_rig_end(client_rig *rig);
/* The next request, after the nonces that were lost; |payload| NULL: whatever. */
void client_rig_expect(client_rig *rig, const char *method, const char *url, const char *payload);
void client_rig_lose(client_rig *rig, stardeleg_transport_failure failure);
/* Nothing will be asked for a year, the directory aside. */
void client_rig_rests(client_rig *rig);

#endif /* SDG_TESTS_SUPPORT_CLIENT_RIG_H */
