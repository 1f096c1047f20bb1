/* SPDX-License-Identifier: Apache-2.0 */
/* sim/watch.h -- the referee: knows what was delegated and ended, sees what goes over the wire and what the NDCs are
 * told, and fails the world when a promise is broken:
 *  - a live delegation that has had its first certificate has a valid one at every instant, with its name and its key;
 *  - after the CA has acknowledged a cancellation, nothing of that order is issued or handed out;
 *  - after the owner's end, no order is taken; the NDC is told, and only then; its last certificate runs out. */
#ifndef SDG_TESTS_SIM_WATCH_H
#define SDG_TESTS_SIM_WATCH_H

#include "sim/world.h"

/* A delegation, from the owner's decision to the last second of its last certificate. */
typedef struct sim_delegation {
  char id[16];   /* "d007" */
  char name[40]; /* "d007.customer.example" */
  size_t ndc;    /* which actor */
  bool added;
  stardeleg_time added_at;
  stardeleg_time ended_at;   /* the owner's end has returned; NEVER: not ended */
  stardeleg_time acked_at;   /* the CA acknowledged the last cancellation so far; NONE: none */
  stardeleg_time told_at;    /* the NDC was told of the end; NONE: not */
  stardeleg_time first_at;   /* first certificate; NONE: none yet */
  stardeleg_time not_before; /* of the certificate in use */
  stardeleg_time not_after;
  unsigned certificates; /* different ones */
  unsigned orders;       /* at the CA */
} sim_delegation;

/* An order at the CA, as seen on the wire. */
typedef struct sim_order {
  char id[72];
  char cert[72]; /* id of its star-certificate, or "" */
  size_t delegation;
  stardeleg_time end_at;   /* end-date */
  stardeleg_time acked_at; /* cancellation acknowledged; NEVER: not */
  unsigned issued;         /* certificates */
} sim_order;

sim_watch *sim_watch_new(sim_world *world);
void sim_watch_free(sim_watch *watch);

/* --- The owner's doings --- */
/* Delegates the next name to an NDC (a number from SIM_NDC on); returns the delegation's number. */
size_t sim_delegate(sim_world *world, size_t ndc);
/* Ends it; again and again if the IdO is down just now. */
void sim_end(sim_world *world, size_t delegation);

/* --- Reports to the referee --- */
/* The instant has just begun, or all that happens at it has happened. */
void sim_watch_moment(sim_watch *watch);
int sim_watch_ndc_event(sim_watch *watch, size_t ndc, const stardeleg_ndc_event *event);
void sim_watch_reply(sim_watch *watch, size_t server, const stardeleg_http_request *request, const char *target,
                     const stardeleg_http_response *response);
void sim_watch_log(sim_watch *watch, size_t actor, const char *event, const char *text);

/* --- Judging at the end --- */
size_t sim_watch_count(const sim_watch *watch);
const sim_delegation *sim_watch_get(const sim_watch *watch, size_t i);
size_t sim_watch_order_count(const sim_watch *watch);
const sim_order *sim_watch_order(const sim_watch *watch, size_t i);
/* What must be true of everything that began or ended at least |patience_ms| ago: there is a first certificate; every
 * order of an ended delegation is cancelled or over; the NDC knows of the end no later than |patience_ms| after the
 * last certificate has run out. */
void sim_watch_settle(sim_watch *watch, int64_t patience_ms);

/* --- watch_wire.c and watch.c --- */
sim_delegation *sim_watch_at(sim_watch *watch, size_t i);
sim_order *sim_watch_add_order(sim_watch *watch);
sim_order *sim_watch_order_at(sim_watch *watch, size_t i);
sim_world *sim_watch_world(sim_watch *watch);
/* The delegation whose id ("d007") |text| begins with; SIM_NOBODY if there is none. */
size_t sim_watch_find(const sim_watch *watch, const char *text);

#endif /* SDG_TESTS_SIM_WATCH_H */
