/* SPDX-License-Identifier: Apache-2.0 */
/** @file ido.h
 *  The owner's role (IdO, identifier owner; RFC 9115 2.3): an ACME server towards delegates, an ACME client towards the
 *  CA, a list of who holds what, and one call that ends it.
 *
 *  handle() answers delegates and may run on many threads; the engine does the work towards the CA and runs on one.
 * Both meet in the store only, so they may even be in different processes. */
#ifndef STARDELEG_IDO_H
#define STARDELEG_IDO_H

#include <stardeleg/crypto.h>
#include <stardeleg/engine.h>
#include <stardeleg/problem.h>
#include <stardeleg/secrets.h>
#include <stardeleg/server_options.h>
#include <stardeleg/solver.h>
#include <stardeleg/store.h>
#include <stardeleg/template.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The owner's role.  Opaque. */
typedef struct stardeleg_ido stardeleg_ido;

/** A certificate that the program's own CA is to issue.  Borrowed for the call. */
typedef struct stardeleg_issue_request {
  size_t size;                             /**< sizeof of this struct */
  const char *order;                       /**< id of the order */
  const char *delegation;                  /**< id of the delegation */
  const stardeleg_identifier *identifiers; /**< the names, all of them */
  size_t identifier_count;                 /**< how many */
  stardeleg_bytes csr;       /**< DER; it has passed the template, its signature is good */
  stardeleg_time not_before; /**< wanted beginning, whole seconds */
  stardeleg_time not_after;  /**< wanted end (exact for STAR orders: it must not be later), or NONE: as the CA likes */
  stardeleg_time asked_at;   /**< when this certificate was asked for first: with |order| it names it, however often the
                                  call is repeated */
} stardeleg_issue_request;

/** A CA of the program's own, for issuers of kind "local".  The functions are called from the engine's thread and must
 *  not block for long nor call back into the role. */
typedef struct stardeleg_local_issuer {
  size_t size; /**< sizeof of this struct */
  void *ctx;   /**< handed to every function */
  /** Issues.  |*ready_at| is |now| on entry: set it later if issuing takes time; the same is then asked again at that
   *  moment, until |*ready_at| stays and |*chain_pem| is the chain, end-entity first (read before the next call).
   *  Returns 0; CALLBACK: not now, it is tried again after a pause; POLICY: never. */
  stardeleg_err (*issue)(void *ctx, const stardeleg_issue_request *request, stardeleg_time now,
                         stardeleg_time *ready_at, stardeleg_bytes *chain_pem);
  /** Revokes the certificate |der|, at the end, or because it is not what was asked for; repeated after a pause until
   *  it returns 0 (it may be asked again for one that it has revoked).  May be NULL. */
  stardeleg_err (*revoke)(void *ctx, stardeleg_bytes der, stardeleg_time now);
} stardeleg_local_issuer;

/** Where certificates come from.
 *
 *  "star": a CA with RFC 8739 and unauthenticated GET.  RFC 9115 to the letter: orders are passed on, with and without
 *  auto-renewal, and the delegate gets the CA's own certificate URL.  A CA that lacks what an order needs makes it
 *  invalid, with allow-certificate-get false (2.3.2, 2.3.3).
 *
 *  "proxy": another owner who delegates to us (2.4).  Orders are passed on to it byte by byte, under the delegation our
 *  account has there, once the request has passed our own template and, as far as it can be read, the upstream one.
 *  An order is passed on with its CSR, not before: until then "expires" is ours.  What upstream does not let us cancel
 *  goes on there when our delegation ends; that is tried until the order is over.
 *
 *  "renew": any CA of RFC 8555.  STAR is emulated: the same CSR is ordered again and again, and the certificates are
 *  published at our own URL, which departs from "copied from the CA's order" (2.3.2) but looks the same to a delegate.
 *  With certificates valid V seconds, only a lifetime over V/2 and up to V/1.5 can be served, and an order must end at
 *  least V after it begins; the rest is refused at newOrder, with the bounds.  The end of a delegation withdraws the
 *  URL at once.
 *
 *  "local": a callback issues; published like "renew", by the exact schedule of RFC 8739 3.5. */
typedef struct stardeleg_issuer_options {
  size_t size;                       /**< sizeof of this struct */
  const char *name;                  /**< how delegations refer to it, [a-z0-9-] */
  const char *kind;                  /**< "star", "proxy", "renew", "local"; NULL: "star" */
  const char *directory_url;         /**< required, except for "local" */
  const char *const *contacts;       /**< NULL-terminated; NULL: none */
  int terms_agreed;                  /**< nonzero: agree to the CA's terms of service */
  const char *eab_key_id;            /**< external account binding at the CA; NULL: none */
  const char *eab_mac_key;           /**< base64url */
  const stardeleg_solver *solver;    /**< NULL: the built-in http-01 solver, served by stardeleg_ido_handle_http01() */
  /** "star", "proxy": nonzero: take for granted that the CA's certificate URLs can be read by plain GET, although its
   *  directory and orders do not say so; each is tried before an order becomes valid.  0: RFC 9115 to the letter. */
  int assume_certificate_get;
  int64_t validity_s; /**< "renew": how long the CA's certificates are valid, required; "local": at most; 0: any */
  int64_t backdate_s; /**< "renew": how far the CA sets notBefore back; start-dates are waited for so much longer */
  int takes_not_after; /**< "renew": nonzero: the CA takes notAfter: lifetimes from 1 s to validity_s / 1.5; 0: plain
                            orders that ask for a notAfter are refused */
  const char *profile; /**< "renew": the CA's certificate profile to order; NULL: its default */
  size_t set_limit;    /**< "renew": most certificates for one set of names in set_window_s, over all delegates, without
                            those that say what they replace (RFC 9773 5); at most 100; 0: any number */
  int64_t set_window_s; /**< the window; 0: 7 days */
  size_t set_reserve;   /**< of set_limit: kept for certificates that are about to expire */
  int revoke_at_end;    /**< "renew", "local": nonzero: the end of a delegation revokes STAR orders' certificates too;
                             those without auto-renewal always are (2.3.6.2) */
  const stardeleg_local_issuer *local; /**< "local": required; borrowed, must outlive the role */
  /** "proxy": names of our own zone that the upstream owner's cname-map may lead to (RFC 9115 5.1.2.1): a name, or
   *  "*.cdn.example" for one label below it.  CNAMEs at these, and at no others, are told and listed: what another
   *  owner writes must not choose records of our zone.  Others are logged as "ido.cname.foreign".  NULL-terminated, at
   *  most 256; NULL: none. */
  const char *const *alias_names;
} stardeleg_issuer_options;

/** How the role works.  Set by stardeleg_ido_options_default(), then changed.  Strings are copied; objects are borrowed
 * and must outlive the role. */
typedef struct stardeleg_ido_options {
  size_t size;                             /**< sizeof of this struct */
  const stardeleg_crypto *crypto;          /**< required */
  const stardeleg_store *store;            /**< required */
  const stardeleg_secrets *secrets;        /**< required; CA account keys and the MAC keys of delegates */
  const char *base_url;                    /**< required: external URL below which everything is, without a final slash
                                              ("https://ido.example/acme") */
  const stardeleg_issuer_options *issuers; /**< at least one if the engine is to run; array is copied */
  size_t issuer_count;                     /**< how many */
  const char *terms_of_service;            /**< URL delegates must agree to; NULL: none */
  const char *website;                     /**< URL; NULL: none */
  int64_t order_grace_s; /**< how long an order can still be fetched after its end-date; default 7 days */
  int64_t order_pending_s;                 /**< how long an order may stay unfinished; default 7 days */
  size_t page_size;                        /**< entries per page of lists; default 50 */
  int keep_ready_after_bad_csr; /**< nonzero: a refused CSR leaves the order ready (AMB-01); 0: it becomes invalid */
  int64_t backoff_min_ms;                  /**< first pause after a failure at the CA; default 1 s */
  int64_t backoff_max_ms;                  /**< longest pause; default 1 hour */
  int64_t lease_ms;                        /**< how long a piece of work belongs to this process; default 15 s */
  stardeleg_match_options match;           /**< policy for chosen names and the other options of matching */
  /** Called after handle() stored work for the engine; wake its driver (stardeleg_curl_wake()).  Any thread.  May be
   * NULL. */
  void (*on_work)(void *ctx);
  void *on_work_ctx;                       /**< handed to |on_work| */
  /** CNAMEs to publish (|install| nonzero) or to take away, RFC 9115 2.3.2.1; FQDNs with the final dot.  Once for each
   *  change; again only if the process died, or the store failed, before it could be noted.  From the engine's thread.
   *  May be NULL: then stardeleg_ido_cname_list() tells what is to be done. */
  void (*on_cname)(void *ctx, const char *name, const char *target, int install);
  void *on_cname_ctx;                      /**< handed to |on_cname| */
  stardeleg_log log;                       /**< where log lines go */
  int64_t poll_ms;       /**< how often the engine looks for work that other processes stored; default 1 s; 0: never */
  int64_t order_poll_ms; /**< first pause between polls of an order at the CA that sends no Retry-After; default 1 s */
  int64_t audit_keep_s;  /**< how long entries of the audit record are kept (ido_admin.h); default 400 days; 0: for ever
                          */
  const stardeleg_server_options *server; /**< limits, nonces, changed terms; NULL: the defaults */
  /** nonzero: revokeCert, by account or by certificate key, of a certificate that was ordered without naming a
   *  delegation (stardeleg_ido_ndc_set_default_delegation()) ends its order: withdrawn at once, revoked at the CA by
   *  the engine, without the reason.  0: refused, revocation is the owner's (RFC 9115 2.3.6.2). */
  int delegates_may_revoke;
  /** Called instead of |on_cname|, with the same context, by those who want to know whose map the CNAME stands in: it
   *  is what stardeleg_ido_cname_removed() asks for.  May be NULL. */
  void (*on_cname_of)(void *ctx, const char *delegation, const char *name, const char *target, int install);
  /** How large the audit record may become, in bytes of its entries: beyond, the oldest go before their time, which is
   *  logged as "ido.audit.full".  The engine looks once an hour, and leaves the last ten minutes alone.  Default 1 GiB
   *  (about two million entries); 0: any size. */
  int64_t audit_max_bytes;
} stardeleg_ido_options;

/** The defaults named above; everything else zero. */
STARDELEG_API void stardeleg_ido_options_default(stardeleg_ido_options *options);

/** Makes the role.  |problem| (may be NULL) says which option is wrong.  Returns 0, CONFIG, STORE, SECRETS, NOMEM,
 * CRYPTO or RANDOM. Free with stardeleg_ido_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_new(stardeleg_ido **out,
                                                                   const stardeleg_ido_options *options,
                                                                   stardeleg_problem *problem);

/** Answers one request of a delegate.  |request| is borrowed; its url is the request target.  |*reply| is always set on
 * success; free it with stardeleg_http_reply_free().  Never waits for the CA.  The directory announces the
 * shortest lifetime any issuer can serve and 366 days: the true bounds are those of the delegation and of its CA.
 * Any number of threads.
 * Returns 0, NOMEM (answer 503) or ARGUMENT. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_handle(stardeleg_ido *ido,
                                                                      const stardeleg_http_request *request,
                                                                      stardeleg_time now, stardeleg_http_reply **reply);

/** Answers GET /.well-known/acme-challenge/{token} from the built-in solver (RFC 8555 8.3), on the plain http listener
 * of the delegated names.  404 for everything else.  Any number of threads.  Returns like stardeleg_ido_handle(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_handle_http01(stardeleg_ido *ido,
                                                                             const stardeleg_http_request *request,
                                                                             stardeleg_time now,
                                                                             stardeleg_http_reply **reply);

/** The interface to drive the work towards the CA by; valid as long as |ido|.  It also finds work stored by other
 * processes within a second. */
STARDELEG_API const stardeleg_engine *stardeleg_ido_engine(stardeleg_ido *ido);

/** Registers a delegate.  |name| ([A-Za-z0-9._-], at most 64) is the key identifier for external account binding; a new
 * MAC key is made and written to |mac_key| as base64url (64 bytes of room).  Hand both over out of band.  Returns 0,
 * EXISTS, ARGUMENT, STORE, SECRETS, RANDOM or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_ndc_add(stardeleg_ido *ido, const char *name,
                                                                       char mac_key[64], stardeleg_time now);

/** Kinds of order. */
typedef enum stardeleg_ido_order_kind {
  STARDELEG_IDO_STAR = 1, /**< with auto-renewal (RFC 9115 2.3.2) */
  STARDELEG_IDO_PLAIN = 2 /**< without (RFC 9115 2.3.3) */
} stardeleg_ido_order_kind;

/** A delegation to be made.  Everything is borrowed for the call. */
typedef struct stardeleg_ido_delegation {
  size_t size;               /**< sizeof of this struct */
  const char *id;            /**< [A-Za-z0-9_-], at most 64, part of its URL; NULL: a random one */
  const char *ndc;           /**< which delegate */
  const char *issuer;        /**< which issuer; NULL: the first */
  stardeleg_bytes csr_template; /**< JSON text */
  stardeleg_bytes cname_map;    /**< JSON text of an object; empty: none */
  int64_t lifetime_min_s;    /**< shortest lifetime it may order; 0: any */
  int64_t lifetime_max_s;    /**< longest lifetime it may order, with its lifetime-adjust; 0: any.  By its own padding
                                  (3.5) a CA may add up to as much again, and certificates of "renew" live as long as
                                  that CA makes them.  RFC 8739 4.1 recommends four days for the Web: longer ones are
                                  logged as "ido.order.long", and those with a start-date more than a day off (6.1) as
                                  "ido.order.early" */
  stardeleg_time expires_at; /**< no orders after, none that end later; then it ends; NEVER: no bound */
  /** Which names the delegate may choose where the template has wildcards ("*", "**"), NULL-terminated; what the
   * template demands is allowed anyway.  A name, or "*.example.org" for one label below it; a DNS wildcard is never
   * allowed by it.  They must pass |match.policy| of the options too, if there is one.  NULL or empty: that policy
   * alone decides.  At most 256. */
  const char *const *names;
  unsigned key_kinds;       /**< bits (1u << stardeleg_key_spec): other keys are refused; 0: what the template allows */
  unsigned order_kinds;     /**< bits of stardeleg_ido_order_kind; 0: STAR alone */
  int64_t orders_max;       /**< most new orders in |orders_period_s|, at most 1000; 0: any number */
  int64_t orders_period_s;  /**< a sliding period; not 0 with |orders_max| */
  int64_t certificates_max; /**< most certificates alive at once, those being issued included; where one order is to
                                 follow another without a gap, at least 2; 0: any number */
  const char *by;           /**< who makes it, for the audit record; NULL: "owner" */
  /** Issuers of kind "proxy": URL of the delegation that the upstream owner has for us; NULL: the first of its list
   *  whose template takes the request.  Changed together with |issuer|. */
  const char *upstream;
  /** What is told: the revision of the delegation.  A change: the revision that it was made from, so that a change of
   *  somebody else's in between is not overwritten unseen; 0: whatever it is.  Not looked at otherwise. */
  uint64_t revision;
} stardeleg_ido_delegation;

/** Adds a delegation.  |id| gets its identifier (65 bytes of room).  |problem| (may be NULL) says what is wrong, with
 * the place in the template.  Returns 0, EXISTS, NOT_FOUND (no such delegate or issuer), CONFIG (template or map),
 * STORE, NOMEM, RANDOM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err
stardeleg_ido_delegation_add(stardeleg_ido *ido, const stardeleg_ido_delegation *delegation, char id[65],
                             stardeleg_time now, stardeleg_problem *problem);

/** Ends a delegation: from the return on it takes no orders; its STAR orders will be cancelled at the CA, the
 *  certificates of others revoked (RFC 9115 2.3.6), what is published here withdrawn; tried again until done, over
 *  restarts too.  Ending twice is fine.  Returns 0, NOT_FOUND, STORE or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_delegation_end(stardeleg_ido *ido, const char *id,
                                                                              stardeleg_time now);

/** How an order stands.  Strings are NUL-terminated and borrowed for the call. */
typedef struct stardeleg_ido_status {
  const char *delegation;      /**< id of the delegation */
  const char *ndc;             /**< which delegate */
  const char *delegation_state; /**< "active", "ending", "ended" */
  const char *order;           /**< id of the order; "" for a delegation without orders */
  const char *order_status;    /**< "ready", "processing", "valid", "invalid", "canceled" */
  const char *step;            /**< what is being done towards the CA; "" if nothing */
  const char *certificate_url; /**< where the certificate is; "" if nowhere yet */
  stardeleg_time end_at;       /**< end-date of the order, or NONE */
  stardeleg_time last_success; /**< last step that went well, or NONE */
  stardeleg_time next_try;     /**< NEVER if nothing is to be done */
  const char *reason;          /**< why the last step failed; "" */
} stardeleg_ido_status;

/** Tells the status of every delegation (|id| NULL) or of one, order by order; nonzero from |each| stops.  |each| must
 * not call the role. Returns 0, NOT_FOUND, STORE or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_inspect(
    stardeleg_ido *ido, const char *id, int (*each)(void *ctx, const stardeleg_ido_status *status), void *ctx);

/** The owner of the account |account_url| has agreed, in whatever way, to the terms of service as they are now (see
 * stardeleg_server_options).  Any thread.  Returns 0, NOT_FOUND, ARGUMENT, STORE or NOMEM. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_ido_account_agreed(stardeleg_ido *ido,
                                                                              const char *account_url);

/** Frees the role; nobody may be inside handle().  NULL allowed. */
STARDELEG_API void stardeleg_ido_free(stardeleg_ido *ido);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_IDO_H */
