/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/revoke.h -- revocation of one certificate (RFC 8555 7.6), stepped by a role's job like an order flow. */
#ifndef SDG_ACME_CLIENT_REVOKE_H
#define SDG_ACME_CLIENT_REVOKE_H

#include "acme_client/errand.h"

/* No reasonCode is sent. */
#define SDG_REVOKE_NO_REASON (-1)

typedef struct sdg_revoke {
  sdg_errand errand;  /* DONE: revoked, by us or by somebody before */
  char *certificate;  /* base64url DER */
  int reason;         /* RFC 5280 5.3.1, or SDG_REVOKE_NO_REASON */
  bool looked_up;     /* after 404 or 410 the directory was asked where revokeCert is; not written to JSON */
  bool by_key;        /* signed with the certificate's key, not by the account */
  stardeleg_key *key; /* by_key: a reference; not written to JSON, to be set again after reading */
} sdg_revoke;

/* |key| NULL: by the account (it must have ordered the certificate or hold authorizations for all its names); else the
 * certificate's own key.  ARGUMENT for a reason that RFC 5280 does not know, NOMEM. */
STARDELEG_MUST_CHECK stardeleg_err sdg_revoke_init(sdg_revoke *revoke, stardeleg_bytes der, int reason,
                                                   stardeleg_key *key);
void sdg_revoke_clear(sdg_revoke *revoke);
STARDELEG_MUST_CHECK stardeleg_err sdg_revoke_ask(sdg_revoke *revoke, sdg_session *session, sdg_step *step,
                                                  stardeleg_time now);
/* Look at |errand.state| afterwards: anything but OPEN is to be saved. */
STARDELEG_MUST_CHECK stardeleg_err sdg_revoke_take(sdg_revoke *revoke, sdg_session *session, sdg_agent *agent,
                                                   const sdg_result *result, stardeleg_time now);
void sdg_revoke_write(sdg_json_writer *w, const char *name, const sdg_revoke *revoke);
/* An open revocation by key waits (for ever) until |key| is set. */
STARDELEG_MUST_CHECK stardeleg_err sdg_revoke_read(sdg_revoke *out, const sdg_json *tree);

#endif /* SDG_ACME_CLIENT_REVOKE_H */
