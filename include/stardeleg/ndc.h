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
  const char *findings; /**< CERTIFICATE: in what the certificate differs from the template, names and key aside (CAs
                           replace subject and usages); "" if in nothing */
} stardeleg_ndc_event;

/** Which kind of order. */
typedef enum stardeleg_ndc_mode {
  STARDELEG_NDC_MODE_OFFERED = 0, /**< STAR if the IdO's directory offers auto-renewal (RFC 8739 3.2), else PLAIN; the
                                     other kind where the IdO refuses to make an order of that one */
  STARDELEG_NDC_MODE_STAR,        /**< short-term certificates that the CA renews (RFC 9115 2.3.2), nothing else */
  STARDELEG_NDC_MODE_PLAIN,       /**< a certificate an order (RFC 9115 2.3.3); renewed by another order */
  STARDELEG_NDC_MODE_STAR_FIRST   /**< as OFFERED, but STAR is tried first where the directory says nothing of it, as
                                     RFC 9115 2.3.4 lets an IdO do */
} stardeleg_ndc_mode;

/** A key is used for one order. */
#define STARDELEG_NDC_KEY_EACH_ORDER 0
/** A key is used for all orders of a delegation. */
#define STARDELEG_NDC_KEY_KEPT (-1)

/** What is asked for when a delegation is ordered. */
typedef struct stardeleg_ndc_policy {
  size_t size;                /**< sizeof of this struct; set by the library */
  stardeleg_ndc_mode mode;    /**< which kind of order */
  int64_t lifetime_s;         /**< STAR: as in the options */
  int64_t lifetime_adjust_s;  /**< STAR: as in the options */
  int64_t order_duration_s;   /**< STAR: as in the options */
  int64_t not_before_s;       /**< PLAIN: as in the options */
  int64_t not_after_s;        /**< PLAIN: as in the options */
  int64_t renew_permille;     /**< PLAIN: as in the options */
  int64_t key_lifetime_s;     /**< as in the options */
} stardeleg_ndc_policy;

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
  const char *eab_mac_key; /**< base64url (padding and the standard alphabet are taken too); the role's copy is wiped
                              when the role is freed */
  const char *const *delegations;       /**< NULL-terminated URLs to take; NULL: every one that is offered */
  int64_t lifetime_s;                   /**< lifetime to ask for, in seconds; default 4 days */
  int64_t lifetime_adjust_s;            /**< lifetime-adjust to ask for; 0: leave it out */
  int64_t order_duration_s;             /**< end-date of an order: this long after it is made; default 90 days */
  int64_t discovery_interval_s;         /**< how often the list of delegations is read again; default 1 hour */
  int64_t backoff_min_ms;               /**< first pause after a failure; default 1 s; doubled each time, with jitter */
  int64_t backoff_max_ms; /**< longest pause after a failure; default 1 hour, never more than a quarter of what is left
                             of a certificate; a server's Retry-After may make it longer, up to a day */
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
  stardeleg_ndc_mode mode;              /**< which kind of order; default OFFERED */
  int64_t not_before_s; /**< PLAIN: ask for a certificate that begins this long after the order is made (negative:
                           before); 0: leave it out, as many CAs want it */
  int64_t not_after_s;  /**< PLAIN: ask for one that ends this long after the order is made; 0: leave it out.  Not
                           with mode STAR (RFC 9115 2.3.2) */
  int64_t renew_permille; /**< PLAIN: a new order at this part of a certificate's life, in thousandths, up to a
                             fiftieth earlier at random; 500 to 950, default 667 */
  int64_t key_lifetime_s; /**< STARDELEG_NDC_KEY_EACH_ORDER (default), STARDELEG_NDC_KEY_KEPT, or how long a key is used
                             for new orders, in seconds.  Never after a cancellation */
  int64_t template_interval_s; /**< how often the object of a delegation is read again, to see whether its template has
                                  changed; default 1 day */
  /** Changes what is asked for, for one delegation; called whenever it is about to be ordered or renewed; |policy|
   * holds the options' values.  Must not call the engine.  May be NULL. */
  void (*policy)(void *ctx, const char *delegation, stardeleg_ndc_policy *policy);
  void *policy_ctx; /**< handed to |policy| */
  /** Keys that stay elsewhere: the three functions are called from stardeleg_ndc_new(), next() and answer(), and must
   * not call the engine.  This one makes the private key of an order elsewhere (HSM, another process;
   * stardeleg_key_from_signer()) and keeps it under |name|, which is unique; |crypto| of the options is to be used for
   * |*key|.  The secret store then holds only a reference.  Nonzero: it failed and is tried again, after growing
   * pauses.  NULL: keys are made here and kept in the secret store. */
  int (*make_key)(void *ctx, const char *name, const char *delegation, stardeleg_key_spec spec, stardeleg_key **key);
  /** Finds a key that make_key made, also in an earlier run.  Returns 0, NOT_FOUND if it is gone for good (then a new
   * order follows), or any other error if it cannot be had at the moment.  Required with |make_key|. */
  stardeleg_err (*find_key)(void *ctx, const char *name, stardeleg_key **key);
  /** Removes a key, which may never have been made.  May be NULL. */
  void (*remove_key)(void *ctx, const char *name);
  void *key_ctx;   /**< handed to the three */
  int new_account; /**< nonzero: where the stored account was deactivated, a new one is made, with a new key; 0: the
                      role then stays deactivated */
  int64_t certificate_interval_s; /**< STAR: the certificate's URL is asked again at the latest this long after it was
                                     asked last (up to a tenth earlier, at random), even if no successor is due: a CA
                                     may replace a certificate or end an order early, as after a mass revocation;
                                     default 1 day.  Answers that stay fresh for less (Cache-Control: max-age) are asked
                                     for again when they are stale, but not within 6 hours */
} stardeleg_ndc_options;

/** The defaults named above; everything else zero. */
STARDELEG_API void stardeleg_ndc_options_default(stardeleg_ndc_options *options);

/** Makes the role: reads what the store has, makes an account key where there is none (for another account, if one was
 * registered with a key that is gone).  Certificates that are still valid are told by events from the first next().
 * |problem| (may be NULL) says which option is wrong.  Returns 0, CONFIG, STORE, SECRETS, NOMEM, CRYPTO, RANDOM, or
 * UNSUPPORTED where |crypto| has no P-256.  Free with stardeleg_ndc_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ndc_new(stardeleg_ndc **out,
                                                                   const stardeleg_ndc_options *options,
                                                                   stardeleg_problem *problem);

/** The interface to drive it by; valid as long as |ndc|. */
STARDELEG_API const stardeleg_engine *stardeleg_ndc_engine(stardeleg_ndc *ndc);

/** How a delegation stands, for people and monitoring.  Strings are NUL-terminated, borrowed for the call. */
typedef struct stardeleg_ndc_status {
  const char *delegation;     /**< URL */
  const char *state;          /**< "new", "ordering", "active", "canceled", "ended" */
  const char *name;           /**< its first DNS name; "" if not known yet */
  stardeleg_time not_before;  /**< of the current certificate, or NONE */
  stardeleg_time not_after;   /**< of the current certificate, or NONE */
  stardeleg_time last_success; /**< last step that went well, or NONE */
  stardeleg_time next_try;    /**< NEVER if nothing more is to come */
  const char *reason;         /**< why the last step failed; "" if it did not */
  int is_star;                /**< of the current certificate: nonzero if the CA renews it (RFC 8739) */
} stardeleg_ndc_status;

/** Tells the status of every delegation; nonzero from |each| stops.  |each| must not call the engine. */
STARDELEG_API void stardeleg_ndc_inspect(const stardeleg_ndc *ndc,
                                         int (*each)(void *ctx, const stardeleg_ndc_status *status), void *ctx);

/** Asks for the list of delegations again now (RFC 9115 2.3.1.2). */
STARDELEG_API void stardeleg_ndc_discover(stardeleg_ndc *ndc);

/** Changes which delegations are taken: |delegations| is a NULL-terminated list of URLs (copied); NULL: every one that
 * is offered.  Those that are no longer wanted end at the next next(), each with an event; new ones are looked for
 * in the list at once.  Not kept across a restart: the options say what is wanted then.  Returns 0, CONFIG (one is no
 * URL, or too many) or NOMEM; then everything is as it was. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ndc_set_delegations(stardeleg_ndc *ndc,
                                                                               const char *const *delegations);

/** How the account stands. */
typedef enum stardeleg_ndc_account_state {
  STARDELEG_NDC_ACCOUNT_IN_USE = 0,   /**< it is used, or about to be made */
  STARDELEG_NDC_ACCOUNT_DEACTIVATING, /**< asked for, not confirmed yet; nothing else is signed with its key */
  STARDELEG_NDC_ACCOUNT_DEACTIVATED   /**< confirmed by the server */
} stardeleg_ndc_account_state;

/** Deactivates the account at the IdO (RFC 8555 7.3.6), for good: to be called when its key is compromised (RFC 9115
 * 7.2).  The wish is in the store when this returns; next() carries it out, also after restarts, until the server has
 * confirmed it.  Nothing is discovered or ordered any more; certificates of orders that exist are fetched as long as
 * the CA hands them out.  Returns 0, also if it was asked for before; STORE or NOMEM: nothing has changed. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ndc_deactivate(stardeleg_ndc *ndc);

/** How the account stands. */
STARDELEG_API stardeleg_ndc_account_state stardeleg_ndc_account(const stardeleg_ndc *ndc);

/** Frees the role; open exchanges are forgotten.  NULL allowed. */
STARDELEG_API void stardeleg_ndc_free(stardeleg_ndc *ndc);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_NDC_H */
