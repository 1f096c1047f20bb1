/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/server_internal.h -- the server's inside, shared by the files of this module. */
#ifndef SDG_ACME_SERVER_SERVER_INTERNAL_H
#define SDG_ACME_SERVER_SERVER_INTERNAL_H

#include "acme_server/nonce_shared.h"
#include "acme_server/server.h"

#include <stdatomic.h>

/* With POST: signed with a jwk and nothing else (newAccount). */
#define SDG_ROUTE_JWK_ONLY 16u
/* The reply of a GET or HEAD carries a nonce too (newNonce). */
#define SDG_ROUTE_NONCE 32u

#define SDG_BODY_MAX (64u * 1024u)
#define SDG_CAS_TRIES 5
/* Accounts kept with their imported keys. */
#define SDG_ACCOUNTS_KEPT 4096u

struct sdg_server {
  sdg_server_options options; /* strings replaced by copies of our own */
  char *base_url;
  char *origin; /* scheme, host and port of base_url: what stands before the request target in a JWS url */
  size_t path_len;            /* length of base_url's path: what request targets begin with */
  char *terms;
  char *website;
  char *terms_link;           /* value of the Link header of userActionRequired, or NULL */
  char *limits_link;          /* value of the Link header of rateLimited, or NULL */
  char *terms_action;         /* or NULL */
  char *index_link;           /* value of the Link header to the directory */
  sdg_buf directory;          /* the directory object, written once */
  sdg_nonces *nonces;         /* this or the other */
  sdg_shared_nonces *shared_nonces;
  _Atomic stardeleg_time tended_at;
  sdg_version_cache *accounts;
};

/* route.c */
/* The route and the parts of |call| for the request's target; NULL if there is none.  |role| gets what the route's
 * function is called with. */
const sdg_route *sdg_route_find(sdg_server *server, sdg_call *call, void **role);

/* auth.c: the JWS of a POST, checked; sets account or jwk, jws, payload. |jws| and |payload| are the caller's to clear.
 */
STARDELEG_MUST_CHECK stardeleg_err sdg_authenticate(sdg_call *call, const sdg_route *route, sdg_jws *jws,
                                                    sdg_json **payload);
void sdg_authenticate_end(sdg_call *call);

/* limits.c: a problem if the limiter says so, or the account's terms are old ones. */
STARDELEG_MUST_CHECK stardeleg_err sdg_call_limit(sdg_call *call, stardeleg_limit_act act);
STARDELEG_MUST_CHECK stardeleg_err sdg_call_check_terms(sdg_call *call);

/* closing.c */
/* Calls the role's hook for a deactivated account; if that went well, the account needs no closing any longer. */
STARDELEG_MUST_CHECK stardeleg_err sdg_account_close(sdg_server *server, const char *id, uint64_t fence,
                                                     stardeleg_time now);
/* Looks now and then for accounts whose closing was not finished. */
void sdg_server_tend(sdg_server *server, stardeleg_time now);

/* server.c: spends a nonce; NOT_FOUND unless it is a good one. */
STARDELEG_MUST_CHECK stardeleg_err sdg_server_spend_nonce(sdg_server *server, const char *text, stardeleg_time now);

/* The built-in routes. */
stardeleg_err sdg_route_directory(void *role, sdg_call *call);
stardeleg_err sdg_route_new_nonce(void *role, sdg_call *call);
stardeleg_err sdg_route_new_account(void *role, sdg_call *call);
stardeleg_err sdg_route_account(void *role, sdg_call *call);
stardeleg_err sdg_route_orders(void *role, sdg_call *call);
stardeleg_err sdg_route_key_change(void *role, sdg_call *call);

/* --- account_record.c: accounts in the store --- */
/* An account's record, read for a change. */
typedef struct sdg_account_record {
  char id[SDG_ID_SIZE];
  char name[SDG_ID_SIZE];     /* EAB name or "" */
  char thumbprint[SDG_THUMBPRINT_TEXT_SIZE];
  sdg_buf spki;
  sdg_acme_account object;    /* status, contacts, terms, eab */
  char *terms;                /* URL of the terms that were agreed to; NULL: not known */
  bool closing;               /* deactivated, and what it has open may not be closed yet */
  stardeleg_time created_at;
  uint64_t version;           /* 0: new */
} sdg_account_record;
void sdg_account_record_init(sdg_account_record *record);
void sdg_account_record_clear(sdg_account_record *record);
STARDELEG_MUST_CHECK stardeleg_err sdg_account_record_load(sdg_server *server, const char *id, sdg_account_record *out);
void sdg_account_record_write(sdg_buf *out, const sdg_account_record *record);
/* Writes a record that was read for a change. */
STARDELEG_MUST_CHECK stardeleg_err sdg_account_record_put(sdg_server *server, const sdg_account_record *record);
/* Makes an account and its key's entry, and with |more| (may be NULL) another write, all or nothing.  CONFLICT: the key
 * has an account, or |more| does not fit. */
STARDELEG_MUST_CHECK stardeleg_err sdg_account_record_create(sdg_server *server, const sdg_account_record *record,
                                                             const stardeleg_store_op *more);
/* What is written under a key's thumbprint. */
void sdg_account_key_write(sdg_buf *out, const char *id);
/* Under which accounts are found by name. */
const char *sdg_account_record_index(const sdg_account_record *record);
/* Frees an account of the server's cache. */
void sdg_server_account_free(sdg_cached *object);
/* Whether |record|, just read, is still the account that signed the request: same key, still valid.  What has changed
 * since the signature was checked gives a problem. */
STARDELEG_MUST_CHECK stardeleg_err sdg_account_still(sdg_call *call, const sdg_account_record *record);
/* Fills the reply with the account object, |status| as HTTP status. */
STARDELEG_MUST_CHECK stardeleg_err sdg_account_reply(sdg_call *call, const sdg_account_record *record, int status);
/* The account that has the key with this thumbprint; NOT_FOUND if none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_account_by_thumbprint(sdg_server *server, const char *thumbprint,
                                                             char id[SDG_ID_SIZE]);
/* Copies |terms|, NULL for none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_account_record_set_terms(sdg_account_record *record, const char *terms);
/* Writes the record where it was read; |due| is when somebody must close the account.  |fence| 0: without a lease, else
 * it is released. */
STARDELEG_MUST_CHECK stardeleg_err sdg_account_record_put_due(sdg_server *server, const sdg_account_record *record,
                                                              stardeleg_time due, uint64_t fence);

#endif /* SDG_ACME_SERVER_SERVER_INTERNAL_H */
