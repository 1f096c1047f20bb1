/* SPDX-License-Identifier: Apache-2.0 */
/* ndc/ndc_internal.h -- the delegate's inside, shared by the files of this module. */
#ifndef SDG_NDC_NDC_INTERNAL_H
#define SDG_NDC_NDC_INTERNAL_H

#include <stardeleg/ndc.h>

#include "acme/identifier.h"
#include "acme_client/order_flow.h"
#include "deleg/delegation.h"
#include "star/auto_renewal.h"

#define SDG_NDC_KIND "ndc.delegation"
#define SDG_NDC_ID_SIZE 44       /* base64url of a SHA-256, with the NUL */
#define SDG_NDC_KEY_NAME_SIZE 48 /* "ndc-key-" and 22 characters, with the NUL; some room */
#define SDG_NDC_DELEGATIONS_MAX 100000u
#define SDG_NDC_CHAIN_MAX (256u * 1024u)
/* A record holds a template's order, a chain and a CSR. */
#define SDG_NDC_RECORD_MAX (1024u * 1024u)

/* What the order side of a delegation is at.  REST to PICKUP and ENDED are kept in the record. */
typedef enum sdg_ndc_state {
  SDG_NDC_REST = 0, /* nothing to order */
  SDG_NDC_OBJECT,   /* the delegation object is to be fetched; then it is decided what to do */
  SDG_NDC_ORDER,    /* an order is under way */
  SDG_NDC_PICKUP,   /* the order is valid, its first certificate to be fetched */
  SDG_NDC_LOOK,     /* the current order is to be fetched, because its certificate was refused */
  SDG_NDC_ENDED     /* over, unless it is offered again */
} sdg_ndc_state;
const char *sdg_ndc_state_name(sdg_ndc_state state);

/* Why no more certificates come from the current order. */
typedef enum sdg_ndc_over { SDG_NDC_LIVE = 0, SDG_NDC_EXPIRED, SDG_NDC_CANCELED } sdg_ndc_over;

/* When the server would like a plain certificate to be renewed (RFC 9773): what lasts of a sdg_renewal_watch, which is
 * too big to be held for each of many delegations. */
typedef struct sdg_ndc_window {
  char *id;                          /* the certificate's identifier */
  char *explanation_url;             /* or NULL */
  char *url;                         /* of the question under way, or NULL */
  stardeleg_time start, end;         /* as last told; NONE: none */
  stardeleg_time selected_at;        /* the moment drawn in it; NONE without a window */
  stardeleg_time check_at;           /* the next question */
  uint32_t tries;
} sdg_ndc_window;

/* The order whose certificate is in use.  The chain, the names and the template are in the store only. */
typedef struct sdg_ndc_current {
  char key[SDG_NDC_KEY_NAME_SIZE]; /* name of the secret */
  char template_id[SDG_NDC_ID_SIZE];
  char *order_url;
  char *certificate_url;
  char *etag; /* or NULL */
  char *serial;
  sdg_auto_renewal renewal; /* STAR: as the server reflected it */
  stardeleg_time ordered_at;
  stardeleg_time key_made_at;
  stardeleg_time not_before;
  stardeleg_time not_after;
  stardeleg_time renew_at; /* plain: a new order then, or earlier if the server says so */
  sdg_ndc_window *window;  /* plain: what the server says; NULL: it cannot be asked */
  sdg_ndc_over over;
  bool star;
  bool is_signed; /* the certificate is fetched by POST-as-GET: it is the IdO's own, and plain GET was not granted */
} sdg_ndc_current;

/* The order under way.  Several KiB, there only as long as it lasts. */
typedef struct sdg_ndc_pending {
  char key[SDG_NDC_KEY_NAME_SIZE];
  char template_id[SDG_NDC_ID_SIZE];
  sdg_identifiers names;
  sdg_order_flow flow;
  char *template_text; /* canonical JSON */
  stardeleg_time ordered_at;
  stardeleg_time key_made_at;
  bool star;
  bool is_signed;            /* as in sdg_ndc_current */
  stardeleg_time give_up_at; /* PICKUP: the first certificate must be there by then, or NONE */
} sdg_ndc_pending;

typedef struct sdg_ndc_delegation sdg_ndc_delegation;

/* Fetches the current certificate: plain GETs only, so it goes on while the IdO is away. */
typedef struct sdg_ndc_holder {
  sdg_job job; /* first */
  sdg_ndc_delegation *owner;
} sdg_ndc_holder;

/* One delegation.  Idle ones stay below 1 KiB. */
struct sdg_ndc_delegation {
  sdg_job job; /* first; the order side */
  sdg_ndc_holder holder;
  stardeleg_ndc *ndc;
  char *url;
  char id[SDG_NDC_ID_SIZE]; /* key of the record */
  uint64_t version;         /* of the record */
  char *name;               /* first DNS name, or NULL */
  char *reason;             /* why the last step failed, or NULL */
  sdg_ndc_current *current;
  sdg_ndc_pending *pending;
  stardeleg_problem *cause;    /* an order was cancelled or the delegation ended: why; or NULL */
  char *garbage;               /* a key that nothing needs any more and that is to be removed; or NULL */
  stardeleg_time wait_until;   /* order side: not before then */
  stardeleg_time ordered_at;   /* when the last order was begun, or NONE */
  stardeleg_time checked_at;   /* when the delegation object was read last, or NONE */
  stardeleg_time last_success; /* or NONE */
  stardeleg_time fetch_at;     /* holder: GET of a successor */
  stardeleg_time check_at;     /* holder: GET to see whether the certificate still stands; NONE: to be drawn */
  stardeleg_time tell_at;      /* holder: next try to tell the certificate */
  uint32_t order_tries;        /* orders begun since a certificate was last renewed within an order */
  uint32_t tries;              /* order side: failures in a row of a step */
  uint32_t fetch_tries;        /* holder: the same */
  uint32_t tell_tries;
  uint32_t seen;  /* number of the discovery that saw it last */
  stardeleg_time kind_refused_at; /* when the IdO last refused a kind of order, or NONE */
  uint8_t kinds_refused;          /* bits of sdg_ndc_kind */
  uint8_t state;  /* sdg_ndc_state */
  uint8_t asked;  /* which state's question is open */
  bool told;      /* the program has the current certificate */
  bool withdrawn; /* the last complete list lacked it */
  bool was_ended; /* ended before, asked again because it is offered */
  bool look;      /* LOOK wanted */
  bool check;     /* OBJECT wanted, to see whether the template has changed */
  bool unsure;    /* the last write failed, or so it was said */
  bool dirty;     /* what is here is not in the store yet */
};

/* A job of the role itself (ndc_chore.c). */
typedef struct sdg_ndc_chore {
  sdg_job job; /* first */
  stardeleg_ndc *ndc;
  uint32_t tries;            /* failures in a row */
  stardeleg_time wait_until; /* or NONE */
} sdg_ndc_chore;

typedef struct sdg_ndc_discovery {
  sdg_ndc_chore chore; /* first */
  char *page_url; /* next page; NULL: the account is to be read */
  char **visited; /* pages of this round */
  size_t visited_count;
  size_t url_count; /* delegations of this round */
  uint32_t round;
  bool again;    /* wanted anew while a round was under way */
  bool thorough; /* the program wants it: templates are looked at too */
} sdg_ndc_discovery;

/* What is known of the clocks (ndc_clock.c). */
typedef struct sdg_ndc_clock {
  int64_t ido_ahead_ms; /* the IdO's clock minus ours, by its last Date */
  int64_t ca_ahead_ms;  /* the same of a CA elsewhere */
  stardeleg_time ca_seen_at;
  bool has_ido;
  bool has_ca;
  stardeleg_time last_now; /* our own, or NONE */
  stardeleg_time told_at;  /* when its wrongness was told, or NONE */
} sdg_ndc_clock;

struct stardeleg_ndc {
  stardeleg_ndc_options options; /* strings and arrays in it are owned copies; |delegations| is sorted */
  stardeleg_engine engine;
  sdg_agent *agent;
  sdg_session *session;
  stardeleg_key *account_key;
  uint64_t account_version;
  bool account_unsure; /* as in sdg_ndc_delegation */
  int64_t account_number;
  stardeleg_ndc_account_state account_state;
  sdg_ndc_chore leaving; /* deactivation of the account */
  sdg_ndc_clock clock;
  sdg_ndc_discovery discovery;
  sdg_ndc_delegation **delegations; /* by id */
  size_t count;
  size_t cap;
  sdg_buf roots_der;
  stardeleg_bytes *roots;
  size_t root_count;
  size_t wanted_count; /* of options.delegations */
  bool wanted_changed; /* those not wanted any more are to be ended */
  bool first_told;     /* the stored certificates have been told */
  bool session_failed; /* its failure has been told */
};

/* --- ndc_options.c --- */
/* Copies and checks; the copies are freed by sdg_ndc_options_clear. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_options_copy(stardeleg_ndc *ndc, const stardeleg_ndc_options *options,
                                                        stardeleg_problem *problem);
void sdg_ndc_options_clear(stardeleg_ndc *ndc);
/* True if the program wants the delegation at |url|. */
bool sdg_ndc_is_wanted(const stardeleg_ndc *ndc, const char *url);

/* --- ndc_policy.c --- */
/* What to ask for, by the options and the program.  CONFIG with |problem| if it cannot be asked for. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_policy_of(const stardeleg_ndc *ndc, const char *url,
                                                     stardeleg_ndc_policy *out, stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_policy_check(const stardeleg_ndc_policy *policy, stardeleg_problem *problem);
/* A setting that cannot be: fills |problem|, answers CONFIG. */
stardeleg_err sdg_ndc_setting_refused(stardeleg_problem *problem, const char *place, const char *detail);
/* When a plain certificate is renewed. */
stardeleg_time sdg_ndc_renew_at(stardeleg_time not_before, stardeleg_time not_after, int64_t permille, uint32_t random,
                                stardeleg_time now);

/* --- ndc_kind.c: STAR or plain, where the IdO does not say which it takes (RFC 9115 2.3.4) --- */
typedef enum sdg_ndc_kind { SDG_NDC_PLAIN_REFUSED = 1, SDG_NDC_STAR_REFUSED = 2 } sdg_ndc_kind;
/* True if the next order is to be one with auto-renewal. */
bool sdg_ndc_kind_is_star(const sdg_ndc_delegation *d, const stardeleg_ndc_policy *policy, stardeleg_time t);
/* The pending order has failed with |problem|: if that may be about its kind, it is remembered.  True if the next order
 * will be of the other kind, which has not been refused yet. */
bool sdg_ndc_kind_refused(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time now);

/* --- ndc_window.c: when the server wants plain certificates to be renewed (RFC 9773) --- */
/* |*out| stays NULL for a chain whose certificate has no authority key identifier. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_window_new(sdg_ndc_window **out, const char *chain);
void sdg_ndc_window_free(sdg_ndc_window *window);
void sdg_ndc_window_write(sdg_json_writer *w, const char *name, const sdg_ndc_current *current);
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_window_read(sdg_ndc_window **out, const sdg_json *tree);
/* True if the server may be asked about the certificate in use. */
bool sdg_ndc_window_is_watched(const sdg_ndc_delegation *d);
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_window_ask(sdg_ndc_delegation *d, sdg_step *step, stardeleg_time now);
/* NOT_FOUND if |result| is no answer to the open question. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_window_take(sdg_ndc_delegation *d, const sdg_result *result,
                                                       stardeleg_time now);
/* When the plain certificate in use is renewed: the earlier of our rule and the server's wish. */
stardeleg_time sdg_ndc_window_due(const sdg_ndc_delegation *d);
/* True if the pending order was begun because of the server's wish, before we would have. */
bool sdg_ndc_window_drove(const sdg_ndc_delegation *d);

/* --- ndc_clock.c: our clock may be wrong; what is due is decided by the better one --- */
void sdg_ndc_clock_init(sdg_ndc_clock *clock);
/* Looks at our own clock; wakes everybody if it was set back. */
void sdg_ndc_clock_tick(stardeleg_ndc *ndc, stardeleg_time now);
/* Looks at the Date of an answer (the CA's if it is from elsewhere than the directory). */
void sdg_ndc_clock_see(stardeleg_ndc *ndc, const sdg_result *result, stardeleg_time now);
/* The time to decide by: ours, unless the IdO's clock is far from it and no CA's agrees with ours. */
stardeleg_time sdg_ndc_time(const stardeleg_ndc *ndc, stardeleg_time now);
/* A moment of that time, by our clock: for waiting. */
stardeleg_time sdg_ndc_wait_for(const stardeleg_ndc *ndc, stardeleg_time at);

/* --- ndc_chore.c --- */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_chore_add(stardeleg_ndc *ndc, sdg_ndc_chore *chore, const sdg_job_ops *ops);
/* Also of one that was never added. */
void sdg_ndc_chore_remove(sdg_ndc_chore *chore);
/* True if there is nothing to do but to wait, or to get the session ready: |step| says so. */
bool sdg_ndc_chore_waits(const sdg_ndc_chore *chore, sdg_step *step, stardeleg_time now);
/* Tells, and waits. */
void sdg_ndc_chore_failed(sdg_ndc_chore *chore, const stardeleg_problem *problem, stardeleg_time retry_at,
                          stardeleg_time now);
/* Is asked at |at|, whatever it waited for. */
void sdg_ndc_chore_wake(sdg_ndc_chore *chore, stardeleg_time at);

/* --- ndc_deactivate.c --- */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_leaving_add(stardeleg_ndc *ndc);

/* --- ndc_account.c --- */
/* Reads or makes the account key, and the session. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_account_open(stardeleg_ndc *ndc, const char *eab_key_id,
                                                        const char *eab_mac_key, stardeleg_problem *problem);
/* Writes the account's record with another state. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_account_save(stardeleg_ndc *ndc, const char *kid,
                                                        stardeleg_ndc_account_state state);

/* --- ndc_key.c: certificate keys in the secret store --- */
/* Names a new key. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_key_name(stardeleg_ndc *ndc, char out[SDG_NDC_KEY_NAME_SIZE]);
/* The key of that name; NOT_FOUND. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_key_load(stardeleg_ndc *ndc, const char *name, stardeleg_key **out);
/* Makes a key and keeps it before anybody sees it; an existing one of that name is taken. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_key_make(stardeleg_ndc *ndc, const char *name, stardeleg_key_spec spec,
                                                    stardeleg_key **out);
/* The same for a delegation: by the program, if it makes keys itself. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_key_provide(sdg_ndc_delegation *d, const char *name, stardeleg_key_spec spec,
                                                       stardeleg_key **out);
void sdg_ndc_key_remove(stardeleg_ndc *ndc, const char *name);

/* --- ndc_record.c --- */
/* What is only in the store: chain and names of the current certificate. */
typedef struct sdg_ndc_stored {
  sdg_json *tree; /* owns the rest */
  const char *chain;
  const char **names;
  size_t name_count;
  const char *template_text; /* "" in records of old */
} sdg_ndc_stored;
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_stored_load(const sdg_ndc_delegation *d, sdg_ndc_stored *out);
void sdg_ndc_stored_clear(sdg_ndc_stored *stored);
/* Writes the record.  |chain| NULL: as it is in the store; |from| (names and template) NULL: the same. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_save_chain(sdg_ndc_delegation *d, const char *chain,
                                                      const sdg_ndc_pending *from);
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_save(sdg_ndc_delegation *d);
/* Removes the key that is no longer needed; the record must say so already. */
void sdg_ndc_clean(sdg_ndc_delegation *d);
/* All records of the store become delegations. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_load_all(stardeleg_ndc *ndc);

/* --- ndc_delegation.c --- */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_delegation_new(sdg_ndc_delegation **out, stardeleg_ndc *ndc);
void sdg_ndc_delegation_free(sdg_ndc_delegation *d);
void sdg_ndc_current_free(sdg_ndc_current *current);
void sdg_ndc_pending_free(sdg_ndc_pending *pending);
stardeleg_err sdg_ndc_id_of(stardeleg_ndc *ndc, const char *url, char id[SDG_NDC_ID_SIZE]);
sdg_ndc_delegation *sdg_ndc_find(const stardeleg_ndc *ndc, const char *id);
/* Takes |d| into the list and its jobs into the agent; |d| is the list's on success. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_insert(stardeleg_ndc *ndc, sdg_ndc_delegation *d);
/* A delegation that is offered for the first time. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_begin(stardeleg_ndc *ndc, const char *url, sdg_ndc_delegation **out);
/* An ended one is offered again. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_revive(sdg_ndc_delegation *d, stardeleg_time now);
/* Ends it: ENDED is told unless it was ended before. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_end(sdg_ndc_delegation *d, const stardeleg_problem *problem,
                                               stardeleg_time now);
/* The delegation is no longer on the list while a certificate of a live order is held.  The order's own URL is asked at
 * once: the end of a STAR delegation is its cancellation (RFC 9115 2.3.6.1), which the CA tells by autoRenewalCanceled,
 * and until it does the certificate goes on.  False: nothing is held. */
bool sdg_ndc_withdrawn(sdg_ndc_delegation *d, stardeleg_time now);
/* The current or the pending order was cancelled; the delegation object will say whether all is over. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_canceled(sdg_ndc_delegation *d, bool is_pending,
                                                    const stardeleg_problem *problem, stardeleg_time now);
/* Nothing more comes from the current order; a new one follows. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_expired(sdg_ndc_delegation *d, stardeleg_time now);
/* The current certificate cannot be used any more (key lost): a new order follows. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_lose_current(sdg_ndc_delegation *d, const char *why, stardeleg_time now);
/* Drops the current certificate and its key; to be saved by the caller. */
void sdg_ndc_forget_current(sdg_ndc_delegation *d);
/* The key is removed as soon as the record no longer needs it. */
void sdg_ndc_discard_key(sdg_ndc_delegation *d, const char *name);
/* Longest pause after a failure: the option's, at most a quarter of what is left of the certificate. */
int64_t sdg_ndc_pause_max(const sdg_ndc_delegation *d, bool is_fetch, stardeleg_time now);
/* When an order must be begun: before the current one ends, or if its successor certificate stays away; NONE: now. */
stardeleg_time sdg_ndc_order_due(const sdg_ndc_delegation *d);
void sdg_ndc_wake_order(sdg_ndc_delegation *d, stardeleg_time at);
void sdg_ndc_wake_holder(sdg_ndc_delegation *d, stardeleg_time at);

/* --- ndc_order.c: the states of the order side --- */
extern const sdg_job_ops sdg_ndc_order_ops;
/* Gives the pending order up, its key too. */
void sdg_ndc_drop_pending(sdg_ndc_delegation *d);
/* The pending order is lost: a new one follows after a pause. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_order_failed(sdg_ndc_delegation *d, const stardeleg_problem *problem,
                                                        stardeleg_time now);
/* A step of the order side failed: told, and asked again after a growing pause. */
void sdg_ndc_step_failed(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time retry_at,
                         stardeleg_time now);
/* The same, but waiting as long as ever: what is wrong needs a person. */
void sdg_ndc_step_refused(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time now);

/* --- ndc_plan.c --- */
/* From the delegation object to an order: what to ask for, with which key. */
typedef struct sdg_ndc_plan {
  stardeleg_ndc_policy policy;
  bool star;
  stardeleg_template *tmpl;
  char template_id[SDG_NDC_ID_SIZE];
  sdg_identifiers names;
  stardeleg_choice *choices; /* those the template has a place for */
  size_t choice_count;
} sdg_ndc_plan;
/* Reads the object and settles the names.  MALFORMED or POLICY with |problem|; NOMEM, CRYPTO. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_plan_make(sdg_ndc_plan *plan, stardeleg_ndc *ndc, stardeleg_bytes body,
                                                     stardeleg_problem *problem);
void sdg_ndc_plan_clear(sdg_ndc_plan *plan);
/* Settles policy and kind of order, and appends the payload of newOrder; POLICY if the program's wishes or the
 * directory's limits (RFC 8739 3.2) forbid it. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_plan_payload(sdg_ndc_plan *plan, const sdg_ndc_delegation *d, sdg_buf *out,
                                                        stardeleg_time now, stardeleg_problem *problem);

/* --- ndc_check.c --- */
typedef enum sdg_ndc_verdict {
  SDG_NDC_CERT_NEW = 0, /* to be taken */
  SDG_NDC_CERT_SAME,    /* the one we have */
  SDG_NDC_CERT_STALE,   /* older than the one we have: a cache answered */
  SDG_NDC_CERT_EARLY,   /* valid in a moment: to be fetched again at not_before */
  SDG_NDC_CERT_BAD      /* not ours, not valid, not a chain: |problem| */
} sdg_ndc_verdict;
typedef struct sdg_ndc_found {
  stardeleg_time not_before;
  stardeleg_time not_after;
  char serial[64];
} sdg_ndc_found;
typedef struct sdg_ndc_expected {
  stardeleg_bytes spki;
  const char *const *names;
  size_t name_count;
  const sdg_ndc_current *older;    /* NULL: any age will do */
  const sdg_auto_renewal *renewal; /* NULL: plain */
} sdg_ndc_expected;
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_check_certificate(stardeleg_ndc *ndc, const sdg_ndc_expected *expected,
                                                             const sdg_result *result, stardeleg_time now,
                                                             sdg_ndc_verdict *verdict, sdg_ndc_found *found,
                                                             stardeleg_problem *problem);
/* Checks that the chain's leaf goes with the key: MALFORMED or BAD_KEY if not. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_check_pair(stardeleg_bytes chain, stardeleg_bytes spki);
/* Says in what the chain's leaf differs from the template, names and key aside: "" if in nothing or not known. */
void sdg_ndc_compare_template(stardeleg_bytes chain, const char *template_text, char *out, size_t size);

/* --- ndc_hold.c --- */
extern const sdg_job_ops sdg_ndc_holder_ops;
/* Takes an answer to GET star-certificate for the pending order. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_take_first(sdg_ndc_delegation *d, const sdg_result *result,
                                                      stardeleg_time now);
/* PROTOCOL unless a certificate may be fetched from |url|: absolute https, any origin. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_check_star_url(const stardeleg_ndc *ndc, const char *url);
/* Tells the current certificate if it has not been taken yet.  Failures only postpone. */
void sdg_ndc_tell_current(sdg_ndc_delegation *d, stardeleg_time now);
/* --- ndc_pace.c --- */
/* The first moment to ask for the successor of the current certificate. */
stardeleg_time sdg_ndc_next_fetch(const sdg_ndc_delegation *d);

/* --- ndc_discovery.c --- */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_discovery_add(stardeleg_ndc *ndc);
void sdg_ndc_discovery_remove(stardeleg_ndc *ndc);

/* --- ndc_event.c --- */
void sdg_ndc_tell_failed(sdg_ndc_delegation *d, const stardeleg_problem *problem, stardeleg_time next_try);
void sdg_ndc_tell_ended(sdg_ndc_delegation *d, const stardeleg_problem *problem);
/* A failure of the whole role: the delegation named is the directory. */
void sdg_ndc_tell_role_failed(stardeleg_ndc *ndc, const stardeleg_problem *problem, stardeleg_time next_try);
/* 0, or CALLBACK if the program could not take it; NOT_FOUND, BAD_KEY or MALFORMED if the pair is broken. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ndc_tell_certificate(sdg_ndc_delegation *d);
void sdg_ndc_log(const stardeleg_ndc *ndc, stardeleg_log_level level, const char *event, const sdg_ndc_delegation *d,
                 const char *text);
/* Keeps why the last step failed, for inspect. */
void sdg_ndc_set_reason(sdg_ndc_delegation *d, const stardeleg_problem *problem);
void sdg_ndc_clear_reason(sdg_ndc_delegation *d);

#endif /* SDG_NDC_NDC_INTERNAL_H */
