/* SPDX-License-Identifier: Apache-2.0 */
/* acme_client/order_flow.h -- one order from newOrder to its certificate URL, and its cancellation (RFC 8555 7.4, 7.5;
 * RFC 8739 3.1).
 *
 * A table of states; each has an ask (what to send) and a take (what the answer means).  The flow keeps no pointers to
 * peers and can be written to JSON and read back at any moment: a restart goes on from the state, never from memory. */
#ifndef SDG_ACME_CLIENT_ORDER_FLOW_H
#define SDG_ACME_CLIENT_ORDER_FLOW_H

#include <stardeleg/solver.h>
#include "acme/authorization.h"
#include "acme/order.h"
#include "acme_client/errand.h"
#include "acme_client/session.h"

typedef enum sdg_flow_state {
  SDG_FLOW_NEW = 0,      /* newOrder to be sent */
  SDG_FLOW_AUTHZ,        /* authorizations to be fetched, one by one */
  SDG_FLOW_CHALLENGE,    /* solver to make the answer visible, then challenge to be answered with {} */
  SDG_FLOW_AUTHZ_POLL,   /* until the authorization is final */
  SDG_FLOW_READY_POLL,   /* until the order leaves pending */
  SDG_FLOW_FINALIZE,     /* CSR to be sent */
  SDG_FLOW_POLL,         /* until the order leaves processing */
  SDG_FLOW_VALID,        /* certificate URL known; rests */
  SDG_FLOW_CANCEL,       /* {"status":"canceled"} to be sent (RFC 8739 3.1.2) */
  SDG_FLOW_CANCEL_LOOK,  /* cancellation refused: the order is fetched to see how it stands */
  SDG_FLOW_CANCELED,     /* rests */
  SDG_FLOW_FAILED        /* the order is lost; |problem| says why; rests */
} sdg_flow_state;
const char *sdg_flow_state_name(sdg_flow_state state);

/* What take made of an answer. */
typedef enum sdg_flow_change {
  SDG_FLOW_SAME = 0,  /* nothing to be saved (a poll that changed nothing, a failure to be repeated) */
  SDG_FLOW_MOVED,     /* state changed: save before the next ask */
  SDG_FLOW_ENDED      /* reached VALID, CANCELED or FAILED: save */
} sdg_flow_change;

typedef struct sdg_order_flow {
  sdg_flow_state state;
  char *new_order;        /* payload of newOrder: a JSON object, set by init */
  char *csr;              /* base64url DER; may be set later than init, before FINALIZE */
  char *order_url;        /* from Location; NULL before */
  sdg_acme_order order;   /* as last seen */
  bool has_order;
  size_t authz_index;     /* which authorization is under way */
  char *challenge_url;    /* while a challenge is under way */
  char *challenge_type;
  char *challenge_token;
  char *challenge_name;   /* identifier value */
  char *challenge_name_type; /* identifier type */
  stardeleg_time wait_until; /* polls and backoff */
  stardeleg_time deadline;   /* the state must be left by then: FAILED, else NONE.  Answers count, silence does not */
  uint32_t tries;         /* failures in a row */
  uint32_t finalizes;     /* finalize requests that were answered or lost: the CA may be issuing if there are any */
  uint32_t unreadable;    /* answers in a row that were neither order nor authorization */
  bool cancel_wanted;     /* end as soon as the state allows */
  bool replaces_refused;  /* newOrder goes out without "replaces" */
  bool challenge_wildcard;
  char *challenge_issuer; /* dns-persist-01: the CA's name in the record */
  uint32_t answers;       /* to this challenge that failed, but not for good */
  unsigned failed_types;  /* challenge types that failed: bits of order_flow_challenge.c; tried last */
  sdg_gone gone;          /* what was said of an order that is to be cancelled */
  stardeleg_problem problem; /* last failure; status 0 and type about:blank if none */
  /* not written to JSON: */
  const stardeleg_solver *solver; /* NULL: an order with work to do on authorizations fails */
  int64_t backoff_min_ms, backoff_max_ms;
  int64_t poll_min_ms;    /* pause between polls without Retry-After: default 1 s, growing to 30 s, later on to a
                             sixtieth of the time it has taken so far */
  int64_t patience_ms;    /* longest stay in a polling state and with one challenge; default 1 day */
  uint32_t polls;         /* in this state so far */
  stardeleg_time unseen_until; /* the CA has been told of the answer and has not asked for it yet: no poll before */
  bool ended_there;       /* FAILED because the server says so of the order itself: nothing will be issued */
  bool any_profile;       /* send a "profile" that the directory does not list; else that is FAILED, invalidProfile */
} sdg_order_flow;

/* |new_order| is copied: a newOrder payload as sdg_acme_new_order_write() makes it.  "replaces" (RFC 9773) is sent only
 * to a server with renewalInfo, and taken out once if the order is refused with it.  A "profile" must be offered, and
 * shown by the order.  notBefore and notAfter are sent as they stand: a server that refuses them refuses the order. */
STARDELEG_MUST_CHECK stardeleg_err sdg_order_flow_init(sdg_order_flow *flow, const char *new_order);
STARDELEG_MUST_CHECK stardeleg_err sdg_order_flow_set_csr(sdg_order_flow *flow, stardeleg_bytes der);
void sdg_order_flow_clear(sdg_order_flow *flow);
/* Steps; |session| supplies directory and key.  WAIT with NEVER in the resting states and while FINALIZE lacks a CSR.
 * A wish to cancel and a solver that takes too long may end the flow here, without an exchange: look at |state|. */
STARDELEG_MUST_CHECK stardeleg_err sdg_order_flow_ask(sdg_order_flow *flow, sdg_session *session, sdg_agent *agent,
                                                      sdg_step *step, stardeleg_time now);
STARDELEG_MUST_CHECK stardeleg_err sdg_order_flow_take(sdg_order_flow *flow, sdg_session *session, sdg_agent *agent,
                                                       const sdg_result *result, stardeleg_time now,
                                                       sdg_flow_change *change);
/* Asks for cancellation: at once in VALID; in earlier states as soon as it can (an order that never became valid needs
 * none: FAILED; nor does one without auto-renewal: CANCELED). */
void sdg_order_flow_cancel(sdg_order_flow *flow);
/* A new order for a FAILED one, with the same payload and CSR: what was learned about challenge types is kept (a CA was
 * seen to give up the whole order for one failed challenge).  STATE in other states. */
STARDELEG_MUST_CHECK stardeleg_err sdg_order_flow_again(sdg_order_flow *flow);
void sdg_order_flow_write(sdg_json_writer *w, const char *name, const sdg_order_flow *flow);
/* MALFORMED if the members do not fit the state. */
STARDELEG_MUST_CHECK stardeleg_err sdg_order_flow_read(sdg_order_flow *flow, const sdg_json *tree);

#endif /* SDG_ACME_CLIENT_ORDER_FLOW_H */
