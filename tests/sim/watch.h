/* SPDX-License-Identifier: Apache-2.0 */
/* sim/watch.h -- the referee: knows what was delegated and ended, sees what goes over the wire and what the NDCs are
 * told, and fails the world when a promise is broken:
 *  - a live delegation that has had its first certificate has a valid one at every instant, with its names and its key;
 *  - no order is taken, and nothing certified, for names that the template does not have;
 *  - after the CA has acknowledged a cancellation, nothing of that order is issued or handed out;
 *  - after the owner's end, no order is taken; the NDC is told, and only then; its last certificate runs out;
 *  - each CNAME is told once when it is wanted, and once when it no longer is;
 *  - the audit record of each owner has what the CA issued, and nothing else. */
#ifndef SDG_TESTS_SIM_WATCH_H
#define SDG_TESTS_SIM_WATCH_H

#include "sim/names.h"
#include "sim/world.h"

/* A delegation, from the owner's decision to the last second of its last certificate. */
typedef struct sim_delegation {
  char id[16];    /* "d0007" */
  char name[40];  /* "d0007.customer.example" */
  char other[40]; /* "d0007-b.customer.example": in the template if |both| */
  size_t ndc;     /* which actor */
  size_t depth;   /* how many IdOs are on the way from the CA to the NDC */
  bool added;
  bool both;
  stardeleg_time added_at;
  stardeleg_time changed_at;            /* its template; NONE: never */
  bool level_ended[SIM_IDOS_MAX];       /* that IdO's end has returned */
  bool level_both[SIM_IDOS_MAX];        /* what that IdO's template says */
  bool cname_told[SIM_IDOS_MAX];        /* that IdO said: to be installed */
  unsigned cname_changes[SIM_IDOS_MAX]; /* how often it said anything */
  stardeleg_time ended_at;              /* the owner's end has returned; NEVER: not ended */
  stardeleg_time acked_at;              /* the CA acknowledged the last cancellation so far; NONE: none */
  stardeleg_time told_at;               /* the NDC was told of the end; NONE: not */
  stardeleg_time first_at;              /* first certificate; NONE: none yet */
  stardeleg_time not_before;            /* of the certificate in use */
  stardeleg_time not_after;
  bool has_both;         /* the certificate in use has both names */
  uint8_t key[32];       /* SHA-256 of its public key */
  unsigned certificates; /* different ones */
  unsigned orders;       /* at the CA */
} sim_delegation;

/* An order at the CA, as seen on the wire. */
typedef struct sim_order {
  char id[SIM_NAME_MAX];
  char cert[SIM_NAME_MAX]; /* id of its (star-)certificate, or "" */
  size_t delegation;
  bool star;
  stardeleg_time end_at;   /* end-date; of a plain one: the certificate's */
  stardeleg_time acked_at; /* cancellation or revocation acknowledged; NEVER: not */
  unsigned issued;         /* certificates */
  bool audited;            /* the owner's record has it */
} sim_order;

sim_watch *sim_watch_new(sim_world *world);
void sim_watch_free(sim_watch *watch);

/* --- The owner's doings --- */
/* Delegates the next name to an NDC (a number from SIM_NDC on), through all IdOs up to the NDC's; returns the
 * delegation's number. */
size_t sim_delegate(sim_world *world, size_t ndc);
/* Ends it; again and again if the IdO is down just now.  IdOs further down end theirs within a day. */
void sim_end(sim_world *world, size_t delegation);
/* Changes its template from one name to two, or back, at all IdOs. */
void sim_change(sim_world *world, size_t delegation);

/* --- Reports to the referee --- */
/* The instant has just begun, or all that happens at it has happened. */
void sim_watch_moment(sim_watch *watch);
int sim_watch_ndc_event(sim_watch *watch, size_t ndc, const stardeleg_ndc_event *event);
void sim_watch_reply(sim_watch *watch, size_t server, const stardeleg_http_request *request, const char *target,
                     const stardeleg_http_response *response);
void sim_watch_log(sim_watch *watch, size_t actor, const char *event, const char *text);
void sim_watch_cname(sim_watch *watch, size_t ido, const char *name, bool install);
/* From |from| until |until| nothing could be had from the CA or its owner: whose certificate is renewed by half of a
 * lifetime that is not longer than twice that may lose it meanwhile, but has a new one soon afterwards. */
void sim_watch_dark(sim_watch *watch, stardeleg_time from, stardeleg_time until);

/* --- Judging at the end --- */
size_t sim_watch_count(const sim_watch *watch);
const sim_delegation *sim_watch_get(const sim_watch *watch, size_t i);
size_t sim_watch_order_count(const sim_watch *watch);
const sim_order *sim_watch_order(const sim_watch *watch, size_t i);
/* How many delegations lost their certificate in the dark. */
unsigned sim_watch_lost(const sim_watch *watch);
/* What must be true of everything that began, changed or ended at least |patience_ms| ago: there is a certificate with
 * the names of the template; every order of an ended delegation is cancelled or over; the NDC knows of the end no later
 * than |patience_ms| after the last certificate has run out. */
void sim_watch_settle(sim_watch *watch, int64_t patience_ms);
/* The audit records of all owners that run agree with what was seen; and the CNAMEs of what ended |patience_ms| ago
 * were taken back. */
void sim_watch_audit(sim_watch *watch, int64_t patience_ms);

/* --- among watch*.c and owner.c --- */
/* A new one, all zero. */
sim_delegation *sim_watch_add(sim_watch *watch);
sim_delegation *sim_watch_at(sim_watch *watch, size_t i);
sim_order *sim_watch_add_order(sim_watch *watch, const char *id);
sim_order *sim_watch_order_at(sim_watch *watch, size_t i);
/* By its id; NULL: not known. */
sim_order *sim_watch_find_order(sim_watch *watch, const char *id);
/* By the id of its certificate URL. */
sim_order *sim_watch_find_cert(sim_watch *watch, const char *cert);
void sim_watch_set_cert(sim_watch *watch, sim_order *order, const char *cert);
sim_world *sim_watch_world(sim_watch *watch);
/* A live delegation may be without a certificate at |at| or soon after. */
void sim_watch_expect(sim_watch *watch, stardeleg_time at);
/* The delegation whose id ("d0007") |text| begins with; SIM_NOBODY if there is none. */
size_t sim_watch_find(const sim_watch *watch, const char *text);

#endif /* SDG_TESTS_SIM_WATCH_H */
