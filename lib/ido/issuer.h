/* SPDX-License-Identifier: Apache-2.0 */
/* ido/issuer.h -- where certificates come from: one small interface, one file per kind.
 *
 * An issuer works on orders whose CSR has passed the template.  It never touches the store: it changes its own state
 * and the order it was given, says what happened (news), and whoever drives it saves both before the next step. */
#ifndef SDG_IDO_ISSUER_H
#define SDG_IDO_ISSUER_H

#include <stardeleg/ido.h>
#include "acme_client/order_flow.h"
#include "ido/ido_order.h"
#include "ido/ido_scope.h"
#include "star/emulation.h"

/* What a step has come to. */
typedef enum sdg_issuer_news {
  SDG_NEWS_NONE = 0, /* nothing that has to be kept */
  SDG_NEWS_MOVED,    /* the state has changed: to be saved before the next step */
  SDG_NEWS_VALID,    /* a certificate is there: |order| has what it shows of it */
  SDG_NEWS_FAILED,   /* the order is lost: order->wire.error says why */
  SDG_NEWS_CANCELED, /* ended at the issuer, as order->cancel demanded */
  SDG_NEWS_DISOWNED, /* lost like FAILED, but the issuer may go on with it: it is worked on until that has ended */
  SDG_NEWS_RELEASED  /* what was disowned has ended */
} sdg_issuer_news;

typedef struct sdg_issuer sdg_issuer;

/* One order at its issuer. */
typedef struct sdg_issuance {
  sdg_issuer *issuer;
  sdg_ido_order *order;
  const struct sdg_issuer_ops *ops; /* the issuer's, or those that suit the order better */
  void *state;          /* the kind's own */
  sdg_issuer_news news; /* set by ask and take; NONE before */
  bool failed_try;      /* the last step failed and will be repeated: worth telling */
  char reason[256];     /* why, or "" */
} sdg_issuance;

typedef struct sdg_issuer_ops {
  const char *kind;
  bool publishes; /* the certificates are shown at our own URLs, as far as |supply| of the issuer goes */
  /* Sets the issuer up; CONFIG with |problem|. */
  stardeleg_err (*open)(sdg_issuer *issuer, const stardeleg_issuer_options *options, stardeleg_problem *problem);
  void (*close)(sdg_issuer *issuer);
  /* Makes the state: from order->work if there is one, else from order->csr. */
  stardeleg_err (*begin)(sdg_issuance *issuance);
  void (*end)(sdg_issuance *issuance);
  /* Writes the state as a member of the order's record. */
  void (*write)(const sdg_issuance *issuance, sdg_json_writer *w, const char *name);
  /* Like the functions of a job (acme_client/agent.h).  With order->cancel set the way leads to CANCELED or FAILED. */
  stardeleg_err (*ask)(sdg_issuance *issuance, sdg_step *step, stardeleg_time now);
  stardeleg_err (*take)(sdg_issuance *issuance, const sdg_result *result, stardeleg_time now);
  /* What is being done, for people. */
  const char *(*step_name)(const sdg_issuance *issuance);
} sdg_issuer_ops;

/* How many certificates the CA gives for one set of names. */
#define SDG_BUDGET_MAX 100u
typedef struct sdg_budget {
  size_t limit;   /* 0: any number */
  size_t reserve; /* of these, for emergencies */
  int64_t window_ms;
} sdg_budget;

struct sdg_issuer {
  sdg_job probe; /* first: looks once, at the start, whether the CA can do what will be asked of it */
  const sdg_issuer_ops *ops;
  stardeleg_ido *ido;
  char name[SDG_ID_SIZE];
  /* kinds that speak ACME: */
  stardeleg_key *key; /* account key; in the secret store as "ido-ca-<name>" */
  char *directory_url;
  sdg_session *session;
  const stardeleg_solver *solver;
  bool assume_certificate_get; /* AMB-04 */
  /* kinds that publish: */
  sdg_star_supply supply;
  bool revoke_at_end;
  char *profile;      /* at the CA, or NULL */
  sdg_budget budget;
  sdg_ido_scope aliases; /* "proxy": |names| is what of our zone the owner upstream may lead to */
  /* others: */
  void *own;
};

extern const sdg_issuer_ops sdg_issuer_star, sdg_issuer_proxy, sdg_issuer_renew, sdg_issuer_local;

/* --- issuer.c --- */
/* The last step failed (|tries| not 0) and will be repeated, or not. */
void sdg_issuance_tell_try(sdg_issuance *issuance, uint32_t tries, const stardeleg_problem *problem);
/* How the order is worked on: "star" passes certificates' URLs on, which ordinary clients cannot read with the account
 * they have here, so their plain orders are published as with "renew" (AMB-17). */
const sdg_issuer_ops *sdg_issuer_ops_for(const sdg_issuer *issuer, const sdg_ido_order *order);
/* The shortest lifetime the issuers of these options can serve, for the directory. */
int64_t sdg_issuers_min_lifetime_s(const stardeleg_ido_options *options);
STARDELEG_MUST_CHECK stardeleg_err sdg_issuer_open(sdg_issuer *issuer, stardeleg_ido *ido,
                                                   const stardeleg_issuer_options *options, stardeleg_problem *problem);
void sdg_issuer_close(sdg_issuer *issuer);
/* For kinds that speak ACME: account key, account URL of earlier runs, session. */
STARDELEG_MUST_CHECK stardeleg_err sdg_issuer_open_session(sdg_issuer *issuer, const stardeleg_issuer_options *options,
                                                           stardeleg_problem *problem);
void sdg_issuer_close_session(sdg_issuer *issuer);

#endif /* SDG_IDO_ISSUER_H */
