/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_internal.h -- the owner's role inside: what its files tell one another. */
#ifndef SDG_IDO_IDO_INTERNAL_H
#define SDG_IDO_IDO_INTERNAL_H

#include <stardeleg/ido.h>
#include <stardeleg/ido_admin.h>
#include "acme_client/agent.h"
#include "acme_server/server.h"
#include "deleg/delegation.h"
#include "ido/ido_audit.h"
#include "ido/ido_cname.h"
#include "ido/ido_delegation.h"
#include "ido/ido_order.h"
#include "ido/issuer.h"
#include "star/auto_renewal.h"

#define SDG_IDO_CAS_TRIES 5
/* Orders worked on at once; the others wait in the store. */
#define SDG_IDO_JOBS_MAX 256u
/* What the directory announces (RFC 8739 3.2): which CA an order goes to shows with its delegation only, and with it
 * the true bounds. */
#define SDG_IDO_MIN_LIFETIME_S 1
#define SDG_IDO_MAX_DURATION_S ((int64_t)366 * 86400)

struct stardeleg_ido {
  stardeleg_ido_options options;
  sdg_server *server;
  sdg_ido_delegations *delegations; /* cache; any thread */
  stardeleg_bytes *account_keys;    /* keys no CSR may have: the program's and our own at the CAs */
  size_t account_key_count;
  stardeleg_solver http01; /* the built-in solver */
  /* the engine's, one thread: */
  sdg_agent *agent;
  sdg_issuer *issuers;
  size_t issuer_count;
  struct sdg_ido_job *jobs;
  size_t job_count;
  stardeleg_time look_at; /* when leases have to be looked after; NEVER without jobs */
  stardeleg_time prune_at; /* when the audit record has to be looked through for old entries */
  stardeleg_engine engine;
};

/* Calls on_work. */
void sdg_ido_work_waits(const stardeleg_ido *ido);

/* --- Routes (any thread) --- */
stardeleg_err sdg_ido_route_new_order(void *role, sdg_call *call);
stardeleg_err sdg_ido_route_order(void *role, sdg_call *call);
stardeleg_err sdg_ido_route_finalize(void *role, sdg_call *call);
stardeleg_err sdg_ido_route_delegations(void *role, sdg_call *call);
stardeleg_err sdg_ido_route_delegation(void *role, sdg_call *call);
stardeleg_err sdg_ido_list_orders(void *role, sdg_call *call);

/* The requesting account's delegation, if it takes orders at this moment; else NOT_FOUND.  Release it. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_own_delegation(stardeleg_ido *ido, const sdg_call *call, const char *id,
                                                          const sdg_ido_delegation **out);
/* The requesting account's order of the path; the same problem for foreign and missing ones. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_own_order(stardeleg_ido *ido, sdg_call *call, sdg_ido_order *out);
/* The order as the reply. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_reply_order(stardeleg_ido *ido, sdg_call *call, const sdg_ido_order *order,
                                                       int status);

/* Whether the delegate |name| may have delegations and credentials; NOT_FOUND if there is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_ndc_is_active(const stardeleg_store *store, const char *name, bool *active);
/* The default delegation of the delegate |name|; NOT_FOUND if it has none (or is none, or disabled). */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_ndc_default(const stardeleg_store *store, const char *name,
                                                       char id[SDG_ID_SIZE]);
/* Registers a delegate if there is none of this name; STATE if it is disabled. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_ndc_register(stardeleg_ido *ido, const char *name, const char *by,
                                                        stardeleg_time now);
/* An entry of the audit record about a delegate. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_ndc_tell(stardeleg_ido *ido, const char *what, const char *name,
                                                    const char *by, const char *detail, stardeleg_time now);
/* Works on a claimed chore of a delegate that is being disabled (ido_ndc.c). */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_ndc_work(stardeleg_ido *ido, const stardeleg_record *record,
                                                    stardeleg_time now);
#define SDG_CHORE_NDC "ndc:"
/* Ends all delegations of a delegate (ido_end.c). */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_end_all(stardeleg_ido *ido, const char *ndc, const char *by,
                                                   stardeleg_time now);

/* How long the record of an order stays: as long as a certificate of it may have to be ended.  That is ours to know;
 * what upstream shows as "expires" is for the delegate to see (RFC 9115 2.4). */
stardeleg_time sdg_ido_order_keep_until(const stardeleg_ido *ido, const sdg_ido_order *order);
/* When the engine must look at an order that nobody works on. */
stardeleg_time sdg_ido_order_due(const stardeleg_ido *ido, const sdg_ido_order *order, stardeleg_time now);

/* The issuer of this name; NULL if this process has none.  What handlers may read of it never changes. */
sdg_issuer *sdg_ido_find_issuer(const stardeleg_ido *ido, const char *name);

/* --- The built-in solver (ido_http01.c) --- */
void sdg_ido_http01_init(stardeleg_solver *solver, stardeleg_ido *ido);

/* --- The engine (one thread) --- */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_engine_next(void *self, stardeleg_ask *ask, stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_engine_answer(void *self, uint64_t id, const stardeleg_outcome *outcome,
                                                         stardeleg_time now);
/* Works on a claimed delegation that is ending (ido_end.c). */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_work_delegation(stardeleg_ido *ido, const stardeleg_record *record,
                                                           stardeleg_time now);
/* An order of an ending delegation is done: the delegation is looked at again soon. */
void sdg_ido_nudge_delegation(stardeleg_ido *ido, const char *id, stardeleg_time now);
/* POLICY with the problem if the delegation, as it is now, does not allow such an order. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_still_fits(const stardeleg_ido *ido, sdg_call *call,
                                                            const sdg_ido_order *order,
                                                            const sdg_ido_delegation *delegation);
/* Demands the order's end (in memory) if its delegation takes no orders any more.  The store is asked: the end may
 * have been acknowledged by another process, or just now by another thread. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_order_see_end(stardeleg_ido *ido, sdg_ido_order *order, stardeleg_time now);
/* What an order fails with whose delegation ends. */
void sdg_ido_set_ended_problem(stardeleg_problem *problem);

/* --- Jobs (ido_job.c) --- */
/* Begins work on a claimed order; |order| is taken over on success. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_job_begin(stardeleg_ido *ido, sdg_issuer *issuer, sdg_ido_order *order,
                                                     stardeleg_time now);
/* Renews leases and sees what others have written. */
void sdg_ido_jobs_look(stardeleg_ido *ido, stardeleg_time now);
/* Somebody has written the order: its job, if there is one, looks at once. */
void sdg_ido_jobs_changed(stardeleg_ido *ido, const char *order_id);
/* Frees those that are done. */
void sdg_ido_jobs_reap(stardeleg_ido *ido);
void sdg_ido_jobs_drop(stardeleg_ido *ido);

#endif /* SDG_IDO_IDO_INTERNAL_H */
