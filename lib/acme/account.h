/* SPDX-License-Identifier: Apache-2.0 */
/* acme/account.h -- the account object (RFC 8555 7.1.2) and the newAccount request (7.3). */
#ifndef SDG_ACME_ACCOUNT_H
#define SDG_ACME_ACCOUNT_H

#include <stardeleg/problem.h>
#include "json/json_write.h"

typedef enum sdg_account_status {
  SDG_ACCOUNT_VALID = 0,
  SDG_ACCOUNT_DEACTIVATED,
  SDG_ACCOUNT_REVOKED
} sdg_account_status;
const char *sdg_account_status_name(sdg_account_status status);

#define SDG_CONTACTS_MAX 8

typedef struct sdg_acme_account {
  sdg_account_status status;
  char *contacts[SDG_CONTACTS_MAX];
  size_t contact_count;
  bool terms_agreed;
  char *orders;       /* or NULL: some CAs omit it */
  char *delegations;  /* RFC 9115 2.3.1.1; or NULL */
  sdg_json *eab;      /* externalAccountBinding as it was, or NULL */
} sdg_acme_account;

/* Reads an answer of a server. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_account_parse(sdg_acme_account *out, stardeleg_bytes body,
                                                          stardeleg_problem *problem);
/* The members only, without the braces: a server adds its own. */
void sdg_acme_account_write_members(sdg_json_writer *w, const sdg_acme_account *account);
void sdg_acme_account_clear(sdg_acme_account *account);

/* A newAccount request as a server reads it; points into the payload. */
typedef struct sdg_acme_new_account {
  const char *contacts[SDG_CONTACTS_MAX];
  size_t contact_count;
  bool has_contacts;
  bool terms_agreed;
  bool only_return_existing;
  const sdg_json *eab; /* or NULL */
} sdg_acme_new_account;
/* Checks types, and contacts by RFC 8555 7.3 (mailto with one address and no header fields: invalidContact, other
 * schemes: unsupportedContact).  "orders" and unknown members are ignored. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_new_account_parse(sdg_acme_new_account *out, const sdg_json *payload,
                                                              stardeleg_problem *problem);
/* invalidContact or unsupportedContact. */
STARDELEG_MUST_CHECK stardeleg_err sdg_acme_contact_check(const char *contact, stardeleg_problem *problem);

#endif /* SDG_ACME_ACCOUNT_H */
