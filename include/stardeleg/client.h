/* SPDX-License-Identifier: Apache-2.0 */
/** @file client.h
 *  A plain ACME client (RFC 8555, RFC 9773): one account at one CA, certificates for keys that the program holds
 *  itself.  For programs that need certificates without delegation, and for an owner who manages the account at the
 *  CA behind delegations (contacts, keys, revocation).
 *
 *  All state is in the store, account keys are in the secret store: the process may be killed at any moment and started
 *  again.  One thread at a time. */
#ifndef STARDELEG_CLIENT_H
#define STARDELEG_CLIENT_H

#include <stardeleg/crypto.h>
#include <stardeleg/engine.h>
#include <stardeleg/problem.h>
#include <stardeleg/secrets.h>
#include <stardeleg/solver.h>
#include <stardeleg/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The client's engine.  Opaque. */
typedef struct stardeleg_client stardeleg_client;

/** What an event tells. */
typedef enum stardeleg_client_event_kind {
  STARDELEG_CLIENT_ACCOUNT = 1, /**< the account has been made or found: |url| */
  STARDELEG_CLIENT_CERTIFICATE, /**< a certificate is there to be used: a new one, or the stored one after a restart */
  STARDELEG_CLIENT_RENEW,       /**< now is the time to order |name| again */
  STARDELEG_CLIENT_DONE,        /**< task |task| is done */
  STARDELEG_CLIENT_FAILED       /**< order |name| or task |task| is lost: |problem|; a certificate from before stays */
} stardeleg_client_event_kind;

/** Something happened.  Everything is borrowed for the call; strings are NUL-terminated. */
typedef struct stardeleg_client_event {
  stardeleg_client_event_kind kind; /**< which */
  const char *name;                 /**< the order's name; NULL for the account and for tasks */
  uint64_t task;                    /**< the task's number; 0: none */
  const char *url;                  /**< ACCOUNT: the account; CERTIFICATE: the certificate; RENEW: the CA's explanation
                                         or NULL; else NULL */
  stardeleg_bytes chain_pem;        /**< CERTIFICATE: end-entity first */
  stardeleg_time not_before;        /**< of the certificate held under |name|, or NONE */
  stardeleg_time not_after;         /**< of the certificate held under |name|, or NONE */
  const stardeleg_problem *problem; /**< FAILED: why; with an |instance| where the CA wants the user to look at
                                         something, and a |retry_at| where it named one.  Else NULL */
  const char *const *orders;        /**< DONE of stardeleg_client_list_orders(): their URLs; else NULL */
  size_t order_count;               /**< how many |orders| */
} stardeleg_client_event;

/** How the client works.  Set by stardeleg_client_options_default(), then changed.  Strings are copied; objects are
 *  borrowed and must outlive the client. */
typedef struct stardeleg_client_options {
  size_t size;                       /**< sizeof of this struct */
  const stardeleg_crypto *crypto;    /**< required */
  const stardeleg_store *store;      /**< required */
  const stardeleg_secrets *secrets;  /**< required unless |account_key|; account keys are "client-account-<n>" */
  const char *directory_url;         /**< required: the CA's directory */
  const char *const *contacts;       /**< NULL-terminated "mailto:" URLs of a new account; NULL: none */
  int terms_agreed;                  /**< nonzero: the user agrees to the CA's terms of service */
  const char *eab_key_id;            /**< external account binding, as the CA gave it; NULL: none */
  const char *eab_mac_key;           /**< base64url (padding and the standard alphabet are taken too) */
  int only_existing;                 /**< nonzero: never make an account, only find that of the key */
  int allow_other_origins;           /**< nonzero: resources may be at other origins than the directory */
  stardeleg_key *account_key;        /**< a key of the program's own (HSM); NULL: one is made and kept in |secrets| */
  stardeleg_key_spec account_key_spec; /**< kind of keys that are made; default P-256 */
  const stardeleg_solver *solver;    /**< meets challenges; NULL: only orders that need none */
  int64_t backoff_min_ms;            /**< first pause after a failure; default 1 s */
  int64_t backoff_max_ms;            /**< longest pause after a failure; default 1 hour */
  int64_t order_poll_ms;             /**< first pause between polls without Retry-After; default 1 s */
  int64_t order_patience_ms;         /**< longest stay of an order in one state; default 1 day */
  unsigned order_attempts;           /**< orders tried when challenges fail, each with another type; default 3 */
  int drop_roots;                    /**< nonzero: a self-signed certificate at the end of a chain is left out */
  /** Chooses among the chains that the CA offers for one certificate (RFC 8555 7.4.2): answers an index below |count|
   *  (greater ones count as 0, the CA's default).  NULL: the default, and alternates are not fetched. */
  size_t (*choose_chain)(void *ctx, const char *name, const stardeleg_bytes *chains_pem, size_t count);
  /** Told of everything that happens; called from next() and answer(); must not call the client.  May be NULL.
   *  Nonzero from a CERTIFICATE event: the program could not take it; it is told again after a minute. */
  int (*on_event)(void *ctx, const stardeleg_client_event *event);
  void *ctx;                         /**< handed to |choose_chain| and |on_event| */
  stardeleg_log log;                 /**< where log lines go */
} stardeleg_client_options;

/** The defaults named above; everything else zero. */
STARDELEG_API void stardeleg_client_options_default(stardeleg_client_options *options);

/** Makes the client: reads what the store has, makes an account key where there is none.  Orders under way go on,
 *  certificates that are held are told by events from the first next().  |problem| (may be NULL) says which option is
 *  wrong.  Returns 0, CONFIG, STORE, SECRETS, NOMEM, CRYPTO or RANDOM.  Free with stardeleg_client_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_new(stardeleg_client **out,
                                                                      const stardeleg_client_options *options,
                                                                      stardeleg_problem *problem);

/** The interface to drive it by; valid as long as |client|. */
STARDELEG_API const stardeleg_engine *stardeleg_client_engine(stardeleg_client *client);

/** Frees the client; open exchanges are forgotten.  NULL allowed. */
STARDELEG_API void stardeleg_client_free(stardeleg_client *client);

/** What is ordered.  Set by stardeleg_client_order_default(), then filled in.  All copied. */
typedef struct stardeleg_client_order_spec {
  size_t size;                             /**< sizeof of this struct */
  const stardeleg_identifier *identifiers; /**< "dns" (wildcards too) and "ip" */
  size_t identifier_count;                 /**< how many, 1 to 100 */
  stardeleg_bytes csr;                     /**< DER; stardeleg_client_csr() makes one */
  const char *profile;                     /**< one that the CA lists; NULL: the CA's default */
  int any_profile;                         /**< nonzero: send |profile| although it is not listed */
  const char *replaces;                    /**< identifier of the predecessor (RFC 9773); NULL: that of the certificate
                                                held under this name, if there is one; "": none */
  stardeleg_time not_before;               /**< or NONE; many CAs refuse it */
  stardeleg_time not_after;                /**< or NONE; many CAs refuse it */
} stardeleg_client_order_spec;

/** Dates NONE, everything else zero. */
STARDELEG_API void stardeleg_client_order_default(stardeleg_client_order_spec *spec);

/** Orders a certificate under |name| (1 to 200 printable ASCII characters), for the first time or again; the intent is
 *  in the store when this returns.  CERTIFICATE or FAILED tells how it ends.  Returns 0, ARGUMENT (bad name, names or
 *  CSR, or the CSR's key is the account's: RFC 8555 11.1), STATE (an order of that name is under way, or the account is
 *  deactivated), STORE or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_order(stardeleg_client *client, const char *name,
                                                                        const stardeleg_client_order_spec *spec);

/** Forgets what is held or under way under |name|; the CA is not told.  Returns 0, NOT_FOUND or STORE. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_forget(stardeleg_client *client, const char *name);

/** How an order stands.  Strings are borrowed until the next call on the client. */
typedef struct stardeleg_client_status {
  const char *state;         /**< "ordering", "download", "held" or "failed" */
  stardeleg_bytes chain_pem; /**< what is held; empty: nothing */
  stardeleg_time not_before; /**< of what is held, or NONE */
  stardeleg_time not_after;  /**< of what is held, or NONE */
  stardeleg_time renew_at;   /**< when RENEW will be or was told, or NONE */
  const char *certificate_id; /**< RFC 9773's identifier of what is held; "" if there is none */
  const char *reason;        /**< of the last failure; "" if there is none */
} stardeleg_client_status;

/** Tells how the order |name| stands.  Returns 0 or NOT_FOUND. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_look(const stardeleg_client *client, const char *name,
                                                                       stardeleg_client_status *status);

/** Why the account cannot be used yet: the last failure of directory, nonce or registration; NULL if there is none.
 *  Borrowed until the next call on the client. */
STARDELEG_API const stardeleg_problem *stardeleg_client_problem(const stardeleg_client *client);

/** What the CA says about itself (RFC 8555 7.1.1).  Strings NUL-terminated or NULL, borrowed until the next call. */
typedef struct stardeleg_client_ca {
  const char *account_url;           /**< NULL before registration */
  const char *terms_of_service;      /**< URL */
  const char *website;               /**< URL */
  const char *const *caa_identities; /**< names for CAA records */
  size_t caa_identity_count;         /**< how many */
  int external_account_required;     /**< nonzero: |eab_key_id| is needed */
  int has_renewal_info;              /**< nonzero: RFC 9773 */
  int has_key_change;                /**< nonzero: keyChange is listed */
  int has_revocation;                /**< nonzero: revokeCert is listed */
} stardeleg_client_ca;

/** Fills |*ca| in; what is not known yet is NULL or 0. */
STARDELEG_API void stardeleg_client_ca_facts(const stardeleg_client *client, stardeleg_client_ca *ca);

/** Calls |each| with every profile the CA lists; nonzero stops. */
STARDELEG_API void stardeleg_client_profiles(const stardeleg_client *client,
                                             int (*each)(void *ctx, const char *name, const char *description),
                                             void *ctx);

/** Makes a CSR: all identifiers in subjectAltName, an empty subject.  |*der| is malloc'd; give it to free().
 *  Returns 0, ARGUMENT (no identifiers, or one that is neither a DNS name nor an address), NOMEM or CRYPTO. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_csr(uint8_t **der, size_t *len, stardeleg_key *key,
                                                                      const stardeleg_identifier *identifiers,
                                                                      size_t count);

/* --- Tasks: each ends with a DONE or a FAILED event of its number.  Except for a change of key they are forgotten when
 * the process ends: ask again.  All return 0, NOMEM, STATE (the account is deactivated), and what is said. --- */

/** No reason is given. */
#define STARDELEG_CLIENT_NO_REASON (-1)

/** Revokes the first certificate of |chain_pem|: by the account, or by the certificate's |key| if that is not NULL (a
 *  reference is taken).  |reason|: RFC 5280 5.3.1, or STARDELEG_CLIENT_NO_REASON.  A certificate that is revoked
 *  already counts as done.  Also ARGUMENT, MALFORMED. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_revoke(stardeleg_client *client,
                                                                         stardeleg_bytes chain_pem, int reason,
                                                                         stardeleg_key *key, uint64_t *task);

/** Gives the account another key.  |key| NULL: one is made, kept beside the old one until the CA has taken it, and the
 *  change goes on after a restart.  Where the program brought its own |account_key|, |key| is required, and the program
 *  keeps both until DONE; after a restart it asks again with the same two.  While it is under way everything else
 *  waits.  Also SECRETS, STORE, CRYPTO, ARGUMENT. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_change_key(stardeleg_client *client,
                                                                             stardeleg_key *key, uint64_t *task);

/** Asks the CA about the account, which registers it where that has not happened yet.  DONE: it is valid; FAILED: it
 *  has been deactivated or revoked, or the CA does not answer for it. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_check_account(stardeleg_client *client,
                                                                                uint64_t *task);

/** Replaces the account's contacts (NULL-terminated; none: takes all away).  Also ARGUMENT, MALFORMED. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_set_contacts(stardeleg_client *client,
                                                                               const char *const *contacts,
                                                                               uint64_t *task);

/** Agrees to the terms of service as they are now. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_agree(stardeleg_client *client, uint64_t *task);

/** Deactivates the account, for good: orders under way fail, certificates stay valid. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_deactivate(stardeleg_client *client, uint64_t *task);

/** Gives an authorization up (RFC 8555 7.5.2). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err
stardeleg_client_deactivate_authorization(stardeleg_client *client, const char *url, uint64_t *task);

/** Reads the list of the account's orders, all pages; DONE has it. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_client_list_orders(stardeleg_client *client, uint64_t *task);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_CLIENT_H */
