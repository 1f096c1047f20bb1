/* SPDX-License-Identifier: Apache-2.0 */
/* acme/directory.h -- the directory object (RFC 8555 7.1.1) with the meta members of RFC 8739 3.2, RFC 9115 2.3.4,
 * RFC 9773 and of the profiles draft. */
#ifndef SDG_ACME_DIRECTORY_H
#define SDG_ACME_DIRECTORY_H

#include <stardeleg/problem.h>
#include "json/json_write.h"

/* URLs are NUL-terminated; NULL where the directory has none.  Parsed ones are owned by the object. */
typedef struct sdg_acme_directory {
  char *new_nonce, *new_account, *new_order; /* required when parsing */
  char *new_authz, *revoke_cert, *key_change, *renewal_info;
  char *terms_of_service, *website;
  bool external_account_required;
  bool has_auto_renewal;         /* RFC 8739 3.2 */
  int64_t star_min_lifetime_s;
  int64_t star_max_duration_s;
  bool star_certificate_get;     /* inside auto-renewal */
  bool delegation_enabled;       /* RFC 9115 2.3.4 */
  bool certificate_get;          /* top level, RFC 9115 2.3.5 */
  char **caa_identities;         /* names of the CA in CAA records (RFC 8555 9.7.6) */
  size_t caa_identity_count;
  sdg_json *profiles;            /* object of name to description; NULL: none can be chosen */
} sdg_acme_directory;

/* Unknown members are ignored; a member of the wrong type, a URL that is no absolute http(s) URL, or meta that is no
 * object is MALFORMED with its place in |problem|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_directory_parse(sdg_acme_directory *out, stardeleg_bytes body,
                                                            stardeleg_problem *problem);
/* A whole object. */
void sdg_acme_directory_write(sdg_json_writer *w, const sdg_acme_directory *directory);
/* True if the profile |name| can be ordered. */
bool sdg_acme_directory_has_profile(const sdg_acme_directory *directory, const char *name);
void sdg_acme_directory_clear(sdg_acme_directory *directory);

#endif /* SDG_ACME_DIRECTORY_H */
