/* SPDX-License-Identifier: Apache-2.0 */
/** @file ndc.h
 *  The delegate's role (NDC, name delegation consumer; RFC 9115 2.3): registers at an IdO, takes every delegation
 *  it is offered (or those it chooses), orders certificates with keys of its own, keeps them fresh, and learns of the
 * end.
 *
 *  One object serves one account at one IdO and any number of delegations.  All state is in the store, all keys in
 *  the secret store: the process may be killed at any moment and started again. */
#ifndef STARDELEG_NDC_H
#define STARDELEG_NDC_H

#include <stardeleg/crypto.h>
#include <stardeleg/engine.h>
#include <stardeleg/problem.h>
#include <stardeleg/secrets.h>
#include <stardeleg/store.h>
#include <stardeleg/template.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The delegate's engine.  Opaque.  One thread at a time. */
typedef struct stardeleg_ndc stardeleg_ndc;

/** What an event tells. */
typedef enum stardeleg_ndc_event_kind {
  STARDELEG_NDC_CERTIFICATE = 1, /**< a certificate is there to be used: a new one, or the stored one after a restart */
  STARDELEG_NDC_ENDED, /**< the owner ended the delegation, or it is no longer offered: use the last certificate until
                          |not_after| */
  STARDELEG_NDC_FAILED /**< something is wrong; the engine goes on trying; the old certificate stays */
} stardeleg_ndc_event_kind;

/** Something happened to a delegation.  Everything is borrowed for the call; strings are NUL-terminated. */
typedef struct stardeleg_ndc_event {
  stardeleg_ndc_event_kind kind;      /**< which */
  const char *delegation;             /**< its URL at the IdO */
  const char *const *names;           /**< the DNS names of the certificate */
  size_t name_count;                  /**< how many */
  stardeleg_bytes chain_pem;          /**< CERTIFICATE: end-entity first */
  stardeleg_key *key;                 /**< CERTIFICATE: the private key, borrowed (stardeleg_key_ref() keeps it) */
  stardeleg_time not_before;          /**< of the current certificate; NONE if there never was one */
  stardeleg_time not_after;           /**< of the current certificate; NONE if there never was one */
  const char *serial;                 /**< lower-case hex; "" if there is none */
  const stardeleg_problem *problem;   /**< FAILED and ENDED: why; else NULL */
  stardeleg_time next_try;            /**< FAILED: when the engine tries again; else NONE */
} stardeleg_ndc_event;

/** How the role works.  Set by stardeleg_ndc_options_default(), then changed.  Strings are copied; objects are
 *  borrowed and must outlive the role. */
typedef struct stardeleg_ndc_options {
  size_t size;                          /**< sizeof of this struct */
  const stardeleg_crypto *crypto;       /**< required */
  const stardeleg_store *store;         /**< required */
  const stardeleg_secrets *secrets; /**< required; holds the account key ("ndc-account-<n>") and the certificate keys */
  const char *directory_url;            /**< required: the IdO's directory */
  const char *const *contacts;          /**< NULL-terminated "mailto:" URLs; NULL: none */
  int terms_agreed;                     /**< nonzero: the user agrees to the IdO's terms of service */
  const char *eab_key_id;               /**< external account binding, as the IdO gave it; NULL: none */
  const char *eab_mac_key; /**< base64url (padding and the standard alphabet are taken too); wiped after use */
  const char *const *delegations;       /**< NULL-terminated URLs to take; NULL: every one that is offered */
  int64_t lifetime_s;                   /**< lifetime to ask for, in seconds; default 4 days */
  int64_t lifetime_adjust_s;            /**< lifetime-adjust to ask for; 0: leave it out */
  int64_t order_duration_s;             /**< end-date of an order: this long after it is made; default 90 days */
  int64_t discovery_interval_s;         /**< how often the list of delegations is read again; default 1 hour */
  int64_t backoff_min_ms;               /**< first pause after a failure; default 1 s; doubled each time, with jitter */
  int64_t backoff_max_ms; /**< longest pause after a failure; default 1 hour, never more than a quarter of what is left
                             of a certificate */
  stardeleg_bytes roots_pem;            /**< trust anchors certificates must lead to; empty: no chain check.  Copied. */
  const stardeleg_choice *choices;      /**< values for the wildcards of templates; array is copied */
  size_t choice_count;                  /**< how many */
  int allow_other_origins;              /**< nonzero: the IdO's resources may be at other origins than its directory */
  /** Told of everything that happens; called from next() and answer(); must not call the engine.  May be NULL.
   *  Nonzero from a CERTIFICATE event: the program could not take it (disk full): it is told again after the backoff.
   */
  int (*on_event)(void *ctx, const stardeleg_ndc_event *event);
  void *on_event_ctx;                   /**< handed to |on_event| */
  stardeleg_log log;                    /**< where log lines go */
  int64_t order_poll_ms;                /**< first pause between polls of an order without Retry-After; default 1 s */
} stardeleg_ndc_options;

/** The defaults named above; everything else zero. */
STARDELEG_API void stardeleg_ndc_options_default(stardeleg_ndc_options *options);

/** Makes the role: reads what the store has, makes an account key where there is none.  Certificates that are still
 * valid are told by events from the first next().  |problem| (may be NULL) says which option is wrong.  Returns 0,
 * CONFIG, STORE, SECRETS, NOMEM, CRYPTO or RANDOM.  Free with stardeleg_ndc_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ndc_new(stardeleg_ndc **out,
                                                                   const stardeleg_ndc_options *options,
                                                                   stardeleg_problem *problem);

/** The interface to drive it by; valid as long as |ndc|. */
STARDELEG_API const stardeleg_engine *stardeleg_ndc_engine(stardeleg_ndc *ndc);

/** How a delegation stands, for people and monitoring.  Strings are NUL-terminated, borrowed for the call. */
typedef struct stardeleg_ndc_status {
  const char *delegation;     /**< URL */
  const char *state;          /**< "new", "ordering", "active", "ended", ... */
  const char *name;           /**< its first DNS name; "" if not known yet */
  stardeleg_time not_before;  /**< of the current certificate, or NONE */
  stardeleg_time not_after;   /**< of the current certificate, or NONE */
  stardeleg_time last_success; /**< last step that went well, or NONE */
  stardeleg_time next_try;    /**< NEVER if nothing more is to come */
  const char *reason;         /**< why the last step failed; "" if it did not */
} stardeleg_ndc_status;

/** Tells the status of every delegation; nonzero from |each| stops.  |each| must not call the engine. */
STARDELEG_API void stardeleg_ndc_inspect(const stardeleg_ndc *ndc,
                                         int (*each)(void *ctx, const stardeleg_ndc_status *status), void *ctx);

/** Asks for the list of delegations again now (RFC 9115 2.3.1.2). */
STARDELEG_API void stardeleg_ndc_discover(stardeleg_ndc *ndc);

/** Frees the role; open exchanges are forgotten.  NULL allowed. */
STARDELEG_API void stardeleg_ndc_free(stardeleg_ndc *ndc);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_NDC_H */
