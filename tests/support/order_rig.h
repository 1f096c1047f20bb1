/* SPDX-License-Identifier: Apache-2.0 */
/* support/order_rig.h -- one order's flow in an agent of its own, a server played by hand, a solver that counts. */
#ifndef SDG_TESTS_SUPPORT_ORDER_RIG_H
#define SDG_TESTS_SUPPORT_ORDER_RIG_H

#include "support/scripted.h"

#include "acme_client/order_flow.h"

#define RIG_BASE "https://ca.example/acme"
#define RIG_ORDER RIG_BASE "/order/1"
#define RIG_FINALIZE RIG_BASE "/order/1/finalize"
#define RIG_CERTIFICATE RIG_BASE "/cert/1"
#define RIG_NEW_ORDER                                                                           \
  "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.ido.example\"},"                           \
  "{\"type\":\"dns\",\"value\":\"b.ido.example\"}]}"
#define RIG_PROBLEM(type) "{\"type\":\"urn:ietf:params:acme:error:" type "\",\"detail\":\"no: " type "\"}"

typedef struct order_rig {
  sdg_job job; /* first */
  sdg_agent *agent;
  sdg_session *session;
  stardeleg_key *key;
  stardeleg_engine engine;
  scripted server;
  sdg_order_flow flow;
  bool restarts;            /* the flow goes through JSON after every answer */
  unsigned ended;           /* how often take said ENDED */
  sdg_flow_change change;   /* of the last take */
  unsigned exchanges;
  char nonces[256][24];     /* every nonce that was used */
  size_t nonce_count;
  unsigned lost;            /* answers without a nonce in them */
  /* the solver */
  stardeleg_solver solver;
  const char *solves;       /* the one challenge type it can meet */
  int64_t ready_after_ms;   /* how long an answer takes to be visible */
  stardeleg_time ready_at;
  bool present_fails;
  bool sees;                /* it can tell whether the CA has asked */
  bool asked;               /* the CA has */
  unsigned presents;        /* calls */
  unsigned shown;           /* answers that are visible now */
  unsigned cleanups;
  char token[300];          /* of the last call */
  char name[300];
  char name_type[16];
  char body[4096];          /* what the makers below return */
} order_rig;

/* Directory, nonce and account are done; the next request is newOrder.  |new_order| NULL: RIG_NEW_ORDER. */
void order_rig_begin(order_rig *rig, const char *new_order);
void order_rig_end(order_rig *rig);
/* Puts the flow through JSON: what is read back is written again in the same way. */
void order_rig_reload(order_rig *rig);
/* The next request; no nonce is used twice.  |payload| NULL: whatever. */
void order_rig_expect(order_rig *rig, const char *method, const char *url, const char *payload);
void order_rig_expect_new(order_rig *rig);
void order_rig_expect_finalize(order_rig *rig);
void order_rig_expect_fetch(order_rig *rig, const char *url);
/* No answer; the nonce that it would have brought is asked for before the next request. */
void order_rig_lose(order_rig *rig, stardeleg_transport_failure failure);
/* An answer with an order in |status|; Location with 201 only. */
void order_rig_answer_order(order_rig *rig, int http, const char *status, const char *more);
/* Sleeps until the flow wants something; at most |max_ms|. */
void order_rig_sleep(order_rig *rig, int64_t max_ms);
/* The flow rests in |state|. */
void order_rig_rests(order_rig *rig, sdg_flow_state state);

/* An order with two identifiers and |authorizations| of them (0 to 2), members |more| (",..." or ""). */
const char *order_rig_order(order_rig *rig, const char *status, unsigned authorizations, const char *more);
/* An authorization for |name| with the members |challenges| in its array. */
const char *order_rig_authz(order_rig *rig, const char *status, const char *name, const char *challenges);

#endif /* SDG_TESTS_SUPPORT_ORDER_RIG_H */
