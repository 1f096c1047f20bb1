/* SPDX-License-Identifier: Apache-2.0 */
/** @file ido_admin.h
 *  The owner's desk: who the delegates are and by which keys, what each delegation allows, how it stands, which CNAMEs
 *  it needs, and a record of who got what.
 *
 *  All calls work on the store that the role has; they may be made from any thread and from any process that shares
 *  the store, whether a server runs or not.  What takes time (cancelling at the CA, revoking) is carried out by the
 *  engine.  Callbacks named |each| are called within the call, must not call the role, and stop it by returning
 *  nonzero; what they are given is borrowed for the call.  Strings that are not there are "".
 *
 *  |by| says for the audit record who decided; NULL: "owner".
 *
 *  A delegate may deactivate an account of its own, as it must when the key is compromised (RFC 9115 7.2): all its
 *  delegations end with it. */
#ifndef STARDELEG_IDO_ADMIN_H
#define STARDELEG_IDO_ADMIN_H

#include <stardeleg/ido.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Delegates --- */

/** A delegate. */
typedef struct stardeleg_ido_ndc {
  size_t size;               /**< sizeof of this struct */
  const char *name;          /**< its name */
  const char *state;         /**< "active", "disabled" */
  stardeleg_time created_at; /**< when it was registered */
  const char *default_delegation; /**< see stardeleg_ido_ndc_set_default_delegation(); "" if it has none */
} stardeleg_ido_ndc;

/** stardeleg_ido_ndc_add() with the name of who decided.  After a failure of the store or the secrets the delegate may
 * be there without a key: stardeleg_ido_ndc_add_mac_key() makes one. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_add_by(stardeleg_ido *ido, const char *name,
                                                                          const char *by, char mac_key[64],
                                                                          stardeleg_time now);

/** Tells the delegates in the order of their names, at most |limit| (0: all), beginning behind the name |after| (NULL:
 * at the first).  Returns 0, STORE, NOMEM or ARGUMENT. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_list(
    stardeleg_ido *ido, const char *after, size_t limit, int (*each)(void *ctx, const stardeleg_ido_ndc *ndc),
    void *ctx);

/** What a delegate can show: an account that exists, or a MAC key with which one can be made (RFC 8555 7.3.4). */
typedef struct stardeleg_ido_credential {
  size_t size;            /**< sizeof of this struct */
  const char *kind;       /**< "account", "mac-key" */
  const char *id;         /**< account URL, or the key identifier of the MAC key */
  const char *status;     /**< of an account: "valid", "deactivated", "revoked"; of a MAC key: "unused", "used" */
  const char *thumbprint; /**< of an account's key (RFC 7638); "" for MAC keys */
} stardeleg_ido_credential;

/** Tells a delegate's credentials.  Returns 0, NOT_FOUND, STORE, NOMEM or ARGUMENT. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_credentials(
    stardeleg_ido *ido, const char *name, int (*each)(void *ctx, const stardeleg_ido_credential *credential),
    void *ctx);

/** Registers an account for a public key of a delegate, which is registered too if there is none of this name: the
 *  holder of the key then has an account without external account binding (RFC 9115 7.2: "out of band"); newAccount
 *  with that key answers it.  |key| is a JWK (JSON) or a SubjectPublicKeyInfo, PEM or DER.  |*url| (may be NULL) gets
 *  the account's URL; free() it.  |problem| (may be NULL) says what is wrong with the key.  Returns 0, EXISTS (an
 *  account has this key), BAD_KEY, MALFORMED, UNSUPPORTED, STATE (the delegate is disabled), ARGUMENT (no such name is
 *  possible), STORE, NOMEM, RANDOM or CRYPTO. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_add_key(stardeleg_ido *ido, const char *name,
                                                                           stardeleg_bytes key, const char *by,
                                                                           stardeleg_time now, char **url,
                                                                           stardeleg_problem *problem);

/** stardeleg_ido_account_agreed() with the name of who decided, for the audit record. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_account_agreed_by(stardeleg_ido *ido,
                                                                                 const char *account_url,
                                                                                 const char *by, stardeleg_time now);

/** Makes a further MAC key for a delegate, with the key identifier |key_id| (rules as for names of delegates); an
 *  account made with it is the delegate's.  |mac_key| as with stardeleg_ido_ndc_add().  Returns 0, EXISTS, NOT_FOUND
 *  (no such delegate), STATE (it is disabled), ARGUMENT, STORE, SECRETS, RANDOM or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_add_mac_key(stardeleg_ido *ido, const char *name,
                                                                               const char *key_id, const char *by,
                                                                               char mac_key[64], stardeleg_time now);

/** Removes a MAC key of a delegate, used or not; the account that was made with it stays.  Returns 0, NOT_FOUND,
 * STORE, SECRETS or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_remove_mac_key(stardeleg_ido *ido, const char *name,
                                                                                  const char *key_id, const char *by,
                                                                                  stardeleg_time now);

/** Lets the delegate's accounts be used by ordinary ACME clients: orders without a "delegation" member are then orders
 *  under |delegation|, one of its own; NULL: no longer, such orders are refused.  Names and CSR are held against the
 *  template as ever.  Such an order has authorizations that are valid already, needs no allow-certificate-get, and its
 *  certificate is always published by the owner, who also serves its renewalInfo (RFC 9773).  Requests that do name a
 *  delegation are not affected.  Returns 0, NOT_FOUND (no such delegate, or no such delegation of it), STATE (it is
 *  disabled, or the delegation has ended), UNSUPPORTED (its issuer is of kind "proxy"), ARGUMENT, STORE or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_set_default_delegation(
    stardeleg_ido *ido, const char *name, const char *delegation, const char *by, stardeleg_time now);

/** Disables a delegate (RFC 9115 7.2) for good: its accounts are revoked and answer "unauthorized" from then on, its
 *  MAC keys are removed, all its delegations end.  What of it was not done when the process died is done by the
 *  engine.  Disabling twice is fine.  Returns 0, NOT_FOUND, STORE, SECRETS or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_disable(stardeleg_ido *ido, const char *name,
                                                                           const char *by, stardeleg_time now);

/** Removes a disabled delegate; its name may then be used anew.  Its revoked accounts, its ended delegations and the
 *  audit record stay.  Returns 0, NOT_FOUND, STATE (not disabled, or a delegation has not ended yet), STORE or NOMEM.
 */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_remove(stardeleg_ido *ido, const char *name,
                                                                          const char *by, stardeleg_time now);

/* --- Delegations --- */

/** A delegation as it stands. */
typedef struct stardeleg_ido_delegation_view {
  size_t size;                        /**< sizeof of this struct */
  stardeleg_ido_delegation delegation; /**< what it is; template and map as they were given, compact */
  const char *state;                  /**< "active", "ending", "ended" */
  const char *ended_by;               /**< who ended it; "" while active */
  stardeleg_time created_at;          /**< when it was added */
  stardeleg_time changed_at;          /**< when it was changed last, or NONE */
  stardeleg_time ended_at;            /**< when its end was decided, or NONE */
} stardeleg_ido_delegation_view;

/** Tells delegations in the order of their ids: those of the delegate |ndc|, or all (NULL); at most |limit| (0: all),
 *  beginning behind the id |after| (NULL: at the first).  Returns 0, STORE, NOMEM or ARGUMENT. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_delegation_list(
    stardeleg_ido *ido, const char *ndc, const char *after, size_t limit,
    int (*each)(void *ctx, const stardeleg_ido_delegation_view *view), void *ctx);

/** Tells one delegation.  Returns 0, NOT_FOUND, STORE or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_delegation_show(
    stardeleg_ido *ido, const char *id, int (*each)(void *ctx, const stardeleg_ido_delegation_view *view), void *ctx);

/** Which members a change is about; put together with |. */
typedef enum stardeleg_ido_member {
  STARDELEG_IDO_TEMPLATE = 1,      /**< csr_template */
  STARDELEG_IDO_CNAME_MAP = 2,     /**< cname_map; the CNAMEs of orders that are valid are told anew */
  STARDELEG_IDO_LIFETIME = 4,      /**< lifetime_min_s and lifetime_max_s */
  STARDELEG_IDO_EXPIRY = 8,        /**< expires_at */
  STARDELEG_IDO_NAMES = 16,        /**< names */
  STARDELEG_IDO_KEY_KINDS = 32,    /**< key_kinds */
  STARDELEG_IDO_ORDER_KINDS = 64,  /**< order_kinds */
  STARDELEG_IDO_QUOTA = 128,       /**< orders_max and orders_period_s */
  STARDELEG_IDO_CERTIFICATES = 256, /**< certificates_max */
  STARDELEG_IDO_ISSUER = 512       /**< issuer */
} stardeleg_ido_member;

/** Changes an active delegation: |members| (of stardeleg_ido_member) become what |change| says, the others stay, as do
 *  id and delegate (those of |change| do not count, |by| does).  Orders that were finalized go on as they are.  Orders
 *  that were made but not finalized keep the template they were made with, and their CSR must fit the new one too.
 *  |problem| (may be NULL) says what is wrong.  Returns 0, NOT_FOUND (no such delegation or issuer), STATE (it has
 *  ended), CONFLICT (|revision| of |change| is not the one it has: nothing was changed), CONFIG, ARGUMENT, STORE or
 *  NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err
stardeleg_ido_delegation_change(stardeleg_ido *ido, const char *id, const stardeleg_ido_delegation *change,
                                unsigned members, stardeleg_time now, stardeleg_problem *problem);

/** stardeleg_ido_delegation_end() with the name of who decided. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_delegation_end_by(stardeleg_ido *ido, const char *id,
                                                                                 const char *by, stardeleg_time now);

/* --- CNAMEs (RFC 9115 2.3.2.1) --- */

/** A CNAME of the owner's zone.  It is wanted while an order of its delegation with that name has a certificate. */
typedef struct stardeleg_ido_cname {
  size_t size;            /**< sizeof of this struct */
  const char *delegation; /**< whose map it stands in */
  const char *name;       /**< FQDN with the final dot */
  const char *target;     /**< FQDN with the final dot */
  const char *state;      /**< "install": on_cname is still to be told; "installed": it was; "remove": to be removed */
  stardeleg_time told_at; /**< when on_cname was told of this state, or NONE */
} stardeleg_ido_cname;

/** Tells the CNAMEs of a delegation, or of all (|delegation| NULL).  Those to be removed are told until
 *  stardeleg_ido_cname_removed() is called for them.  Returns 0, NOT_FOUND, STORE or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_cname_list(
    stardeleg_ido *ido, const char *delegation, int (*each)(void *ctx, const stardeleg_ido_cname *cname), void *ctx);

/** Notes that a CNAME that was to be removed is gone.  Returns 0, NOT_FOUND (there is none to be removed), STORE or
 * NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_cname_removed(stardeleg_ido *ido, const char *delegation,
                                                                             const char *name, stardeleg_time now);

/* --- Issuers --- */

/** An issuer, as it stands at its CA. */
typedef struct stardeleg_ido_issuer {
  size_t size;                       /**< sizeof of this struct */
  const char *name;                  /**< its name */
  const char *kind;                  /**< "star", "proxy", "renew", "local" */
  const char *directory_url;         /**< "" for "local" */
  const char *account_url;           /**< of our account there, what CAA records bind (RFC 8657 3); "": none yet */
  const char *const *caa_identities; /**< what the CA's directory said it is called in CAA records when the account was
                                          made (RFC 8555 9.7.6), NULL-terminated; may be empty */
} stardeleg_ido_issuer;

/** Tells the issuers in the order of the options.  Returns 0, STORE, NOMEM or ARGUMENT. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_issuer_list(
    stardeleg_ido *ido, int (*each)(void *ctx, const stardeleg_ido_issuer *issuer), void *ctx);

/* --- The audit record --- */

/** One entry.  Peer text in it is escaped; it holds no secrets. */
typedef struct stardeleg_ido_event {
  size_t size;              /**< sizeof of this struct */
  stardeleg_time at;        /**< when */
  /** "order-made", "csr-accepted", "csr-refused", "order-valid", "certificate", "order-failed", "order-canceled",
   *  "order-ending", "order-released" (an order that had failed while the CA might go on with it is over there too);
   *  "delegation-added", "delegation-changed", "delegation-ending", "delegation-ended"; "ndc-added",
   *  "ndc-key-added", "ndc-mac-key-added", "ndc-mac-key-removed", "ndc-disabled", "ndc-removed", "ndc-changed",
   *  "ndc-terms-agreed" */
  const char *event;
  const char *delegation;   /**< which delegation; "" for what concerns a delegate as such */
  const char *ndc;          /**< which delegate; may be "" for events of orders */
  const char *order;        /**< which order */
  const char *by;           /**< "delegate", "ca", "engine", "expiry", or who the owner's program says it was */
  const char *names;        /**< identifiers, one space between them */
  const char *key;          /**< SHA-256 of the SubjectPublicKeyInfo of the delegate's key, hexadecimal */
  const char *serial;       /**< of the certificate, hexadecimal */
  stardeleg_time not_after; /**< of the certificate, or NONE */
  const char *url;          /**< where the certificate is published */
  const char *place;        /**< "csr-refused": JSON pointer into the template */
  const char *detail;       /**< a sentence for people */
  const char *cursor;       /**< for |after| of a later query */
} stardeleg_ido_event;

/** Which entries to read. */
typedef struct stardeleg_ido_audit_query {
  size_t size;            /**< sizeof of this struct */
  const char *delegation; /**< its entries; "ndc:" and a name: those of a delegate as such; NULL: all */
  stardeleg_time from;    /**< not before, to the millisecond; NONE: from the first on */
  stardeleg_time to;      /**< before; NEVER: to the last */
  const char *after;      /**< go on behind the entry with this cursor; NULL: do not */
  size_t limit;           /**< at most so many; 0: all */
} stardeleg_ido_audit_query;

/** Reads the audit record in the order of time.  Returns 0, ARGUMENT, STORE or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_audit(
    stardeleg_ido *ido, const stardeleg_ido_audit_query *query,
    int (*each)(void *ctx, const stardeleg_ido_event *event), void *ctx);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_IDO_ADMIN_H */
