/* SPDX-License-Identifier: Apache-2.0 */
/** @file dns_update.h
 *  The door to the owner's zone: one function by which records are put there and taken away without ever waiting
 *  (dns_exec.h has a ready one on programs: nsupdate, lexicon, hooks), and the keeper, which works through it: a solver
 *  for dns-01 and dns-account-01 (RFC 8555 8.4) and a sink for the CNAMEs of delegations (RFC 9115 2.3.2.1). */
#ifndef STARDELEG_DNS_UPDATE_H
#define STARDELEG_DNS_UPDATE_H

#include <stardeleg/dns.h>
#include <stardeleg/engine.h>
#include <stardeleg/solver.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is to happen to a record. */
typedef enum stardeleg_dns_action {
  STARDELEG_DNS_UPSERT = 1, /**< it shall be there: TXT beside others of its name, a CNAME in the place of another */
  STARDELEG_DNS_REMOVE = 2  /**< it, and no other record of its name, shall be gone; fine if it was not there */
} stardeleg_dns_action;

/** One change.  Strings are NUL-terminated and borrowed for the call; what comes from the keeper has been checked
 *  (stardeleg_dns_change_check()). */
typedef struct stardeleg_dns_change {
  size_t size;                 /**< sizeof of this struct */
  stardeleg_dns_action action; /**< what is to happen */
  stardeleg_dns_type type;     /**< TXT or CNAME */
  const char *name;            /**< owner name, without final dot: letters, digits, hyphens, underscores */
  const char *value;           /**< TXT: printable ASCII without quotes and backslashes, 1 to 255; CNAME: target,
                                    without final dot */
  uint32_t ttl_s;              /**< for UPSERT */
  const char *token;           /**< of the challenge, base64url characters only, for hooks that want it; "": none */
} stardeleg_dns_change;

/** Who can change the zone.  Used by one thread at a time. */
typedef struct stardeleg_dns_update {
  size_t size; /**< sizeof of this struct */
  void *ctx;   /**< handed to the function */
  /** Changes the zone.  Must not wait.  |*ready_at| is |now| on entry: set it later if the change takes time; the same
   *  change (by action, type, name and value) is then asked for again at that moment, until |*ready_at| stays.  After
   *  that, and after a failure, the same change is a new one; repeating one must do no harm.  Returns 0; CALLBACK or
   *  NOMEM: not now, it may be asked for again after a pause; UNSUPPORTED or ARGUMENT: never. */
  stardeleg_err (*change)(void *ctx, const stardeleg_dns_change *change, stardeleg_time now, stardeleg_time *ready_at);
} stardeleg_dns_update;

/** Checks that a change has the form above, so that its strings can go into a script, an argument or an environment
 *  without quoting.  Returns 0 or ARGUMENT.  Any thread. */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_dns_change_check(const stardeleg_dns_change *change);

/** Works through changes, tries again, follows aliases, verifies.  Opaque; belongs to the thread of the engines. */
typedef struct stardeleg_dns_keeper stardeleg_dns_keeper;

/** How it works.  Set by stardeleg_dns_keeper_options_default(), then changed.  Objects are borrowed and must outlive
 *  the keeper. */
typedef struct stardeleg_dns_keeper_options {
  size_t size;                        /**< sizeof of this struct */
  const stardeleg_dns_update *update; /**< required */
  /** A resolver that keeps nothing it was answered, best one that asks the zone's own servers.  With it the TXT
   *  records go where a CNAME at their name leads (RFC 8555 8.4), and a change counts when it is seen in the DNS.
   *  NULL: aliases are not followed, nothing is verified. */
  const stardeleg_dns *dns;
  uint32_t ttl_s;         /**< of the records; default 60 */
  int64_t delay_ms;       /**< pause after a TXT record was put there, or seen if there is |dns|; default 0 */
  int64_t poll_ms;        /**< pause between look-ups; default 2 s */
  int64_t wait_max_ms;    /**< how long a change may take until it is seen; default 5 min */
  int64_t backoff_min_ms; /**< first pause after a failure; default 5 s */
  int64_t backoff_max_ms; /**< longest pause; default 1 hour */
  int no_account_label;   /**< nonzero: dns-01 only, because |update| cannot put a TXT record at any name it is given */
  /** Called when a CNAME was installed or removed (|err| 0: verified if there is |dns|), and each time that failed:
   *  UNSUPPORTED, ARGUMENT: for good; others: it is tried again until it is overtaken by another change of the name.
   *  FQDNs with the final dot.  Must not call the keeper.  May be NULL. */
  void (*on_settled)(void *ctx, const char *name, const char *target, int installed, stardeleg_err err);
  void *on_settled_ctx;       /**< handed to |on_settled| */
  void (*on_work)(void *ctx); /**< called when there is work for the engine; wake its driver (stardeleg_curl_wake()).
                                   NULL: the engine looks every second */
  void *on_work_ctx;          /**< handed to |on_work| */
  stardeleg_log log;          /**< where log lines go */
} stardeleg_dns_keeper_options;

/** The defaults named above; everything else zero. */
STARDELEG_API void stardeleg_dns_keeper_options_default(stardeleg_dns_keeper_options *options);

/** Makes a keeper.  Returns 0, ARGUMENT (no |update|, a negative time) or NOMEM.  Free with
 *  stardeleg_dns_keeper_free(). */
STARDELEG_API STARDELEG_MUST_CHECK stardeleg_err stardeleg_dns_keeper_new(stardeleg_dns_keeper **out,
                                                                          const stardeleg_dns_keeper_options *options);

/** The solver, valid as long as |keeper|.  Any number of values at one name (a wildcard and its base, several orders).
 *  What fails is tried again until the order gives up; |log| says why.  Records are taken away by the engine after
 *  cleanup, even those that a process put there which died since, as cleanup is then called again; a removal that fails
 *  is tried ten times. */
STARDELEG_API const stardeleg_solver *stardeleg_dns_keeper_solver(stardeleg_dns_keeper *keeper);

/** The engine that works through what cleanup and on_cname left; valid as long as |keeper|.  It sends no requests.  Has
 *  to be driven on the thread that uses the solver. */
STARDELEG_API const stardeleg_engine *stardeleg_dns_keeper_engine(stardeleg_dns_keeper *keeper);

/** Fits stardeleg_ido_options.on_cname with |keeper| as its context: the CNAME is put into the zone or taken away, and
 *  the outcome told by |on_settled|.  What was asked of a process that died is asked again by telling it again
 *  (stardeleg_ido_cname_list()). */
STARDELEG_API void stardeleg_dns_keeper_on_cname(void *keeper, const char *name, const char *target, int install);

/** stardeleg_dns_keeper_on_cname() that installs, unless the DNS shows the CNAME already: for the start of a program
 *  that does not know whether an earlier run came to its end. */
STARDELEG_API void stardeleg_dns_keeper_restore_cname(stardeleg_dns_keeper *keeper, const char *name,
                                                      const char *target);

/** How many changes are under way: 0 when everything is as it should be, but for records that await their cleanup. */
STARDELEG_API size_t stardeleg_dns_keeper_pending(const stardeleg_dns_keeper *keeper);

/** Frees the keeper; what is under way is forgotten.  NULL allowed. */
STARDELEG_API void stardeleg_dns_keeper_free(stardeleg_dns_keeper *keeper);

#ifdef __cplusplus
}
#endif
#endif /* STARDELEG_DNS_UPDATE_H */
