/* SPDX-License-Identifier: Apache-2.0 */
/* acme/authorization.h -- authorization and challenge objects (RFC 8555 7.1.4, 7.1.5, 8). */
#ifndef SDG_ACME_AUTHORIZATION_H
#define SDG_ACME_AUTHORIZATION_H

#include <stardeleg/problem.h>
#include "json/json_write.h"

typedef enum sdg_authz_status {
  SDG_AUTHZ_PENDING = 0, SDG_AUTHZ_VALID, SDG_AUTHZ_INVALID, SDG_AUTHZ_DEACTIVATED, SDG_AUTHZ_EXPIRED, SDG_AUTHZ_REVOKED
} sdg_authz_status;
typedef enum sdg_challenge_status {
  SDG_CHALLENGE_PENDING = 0, SDG_CHALLENGE_PROCESSING, SDG_CHALLENGE_VALID, SDG_CHALLENGE_INVALID
} sdg_challenge_status;
const char *sdg_authz_status_name(sdg_authz_status status);
const char *sdg_challenge_status_name(sdg_challenge_status status);

#define SDG_CHALLENGES_MAX 16
/* Longest token that is used (RFC 8555 asks for at least 22 characters, CAs send 43). */
#define SDG_TOKEN_MAX 256

typedef struct sdg_acme_challenge {
  char *type;
  char *url;
  sdg_challenge_status status;  /* missing counts as pending (erratum 8883) */
  char *token;                  /* base64url text or NULL (types without one) */
  stardeleg_time validated;     /* or NONE */
  sdg_json *error;              /* or NULL; does not by itself mean failure (erratum 5732) */
  char **issuers;               /* "issuer-domain-names" of dns-persist-01 */
  size_t issuer_count;
} sdg_acme_challenge;

typedef struct sdg_acme_authorization {
  stardeleg_identifier identifier; /* owned strings */
  sdg_authz_status status;
  stardeleg_time expires;       /* or NONE */
  bool wildcard;                /* absent and false are the same (erratum 6364) */
  sdg_acme_challenge challenges[SDG_CHALLENGES_MAX];
  size_t challenge_count;
} sdg_acme_authorization;

/* A token that is not base64url text, or too long, makes that challenge unusable (token NULL), not the
 * authorization. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_authorization_parse(sdg_acme_authorization *out, stardeleg_bytes body,
                                                                stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_authorization_from_tree(sdg_acme_authorization *out, const sdg_json *tree,
                                                                    stardeleg_problem *problem);
/* A whole object; |name| NULL at the top. */
void sdg_acme_authorization_write(sdg_json_writer *w, const char *name, const sdg_acme_authorization *authorization);
void sdg_acme_authorization_clear(sdg_acme_authorization *authorization);
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_challenge_parse(sdg_acme_challenge *out, const sdg_json *tree,
                                                            stardeleg_problem *problem);
void sdg_acme_challenge_write(sdg_json_writer *w, const char *name, const sdg_acme_challenge *challenge);
void sdg_acme_challenge_clear(sdg_acme_challenge *challenge);

#endif /* SDG_ACME_AUTHORIZATION_H */
