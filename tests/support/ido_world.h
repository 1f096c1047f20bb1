/* SPDX-License-Identifier: Apache-2.0 */
/* support/ido_world.h -- an owner, its delegates and a CA in this process, with a clock that the test turns. */
#ifndef SDG_TESTS_SUPPORT_IDO_WORLD_H
#define SDG_TESTS_SUPPORT_IDO_WORLD_H

#include "support/acme_peer.h"

#include <stardeleg/ca.h>
#include <stardeleg/ido.h>

#define WORLD_IDO "https://ido.example/acme"
#define WORLD_CA "https://ca.example/acme"
/* 2026-01-01T00:00:00Z, and dates relative to it. */
#define WORLD_START INT64_C(1767225600000)
#define WORLD_S INT64_C(1000)
#define WORLD_DAY (86400 * WORLD_S)
#define WORLD_END "2026-03-01T00:00:00Z"

/* Templates with P-256: one literal name; two; one literal and room for chosen ones. */
#define WORLD_KEYS                                                                                                     \
  "\"keyTypes\":[{\"PublicKeyType\":\"id-ecPublicKey\",\"namedCurve\":\"secp256r1\",\"SignatureType\":\"ecdsa-with-"   \
  "SHA256\"}]"
#define WORLD_TEMPLATE(names) "{" WORLD_KEYS ",\"extensions\":{\"subjectAltName\":{\"DNS\":[" names "]}}}"
#define WORLD_ONE WORLD_TEMPLATE("\"abc.ido.example\"")
#define WORLD_TWO WORLD_TEMPLATE("\"abc.ido.example\",\"def.ido.example\"")
#define WORLD_OPEN WORLD_TEMPLATE("\"abc.ido.example\",\"**\",\"*\"")

#define WORLD_NDCS 2

typedef struct ido_world {
  stardeleg_time now;
  stardeleg_store *real; /* the store in memory */
  stardeleg_store store; /* in front of it: what the role sees */
  bool dead;             /* every call on |store| fails: the process is not there any more */
  size_t fail_batches;   /* that many of the next writes fail */
  void (*before_write)(struct ido_world *w); /* called once, before the next write: somebody else comes first */
  size_t die_after;      /* with that many more writes the process is dead, the last not written; 0: it lives */
  stardeleg_secrets *secrets;
  stardeleg_issuer_options issuer;
  stardeleg_ido_options options; /* may be changed before ido_world_open */
  stardeleg_ido *ido;
  size_t work_count; /* calls of on_work */
  char log[8192];    /* the events, each in brackets */
  char cnames[2048]; /* what on_cname was told: "+name>target " and "-name>target " */
  acme_peer ndc[WORLD_NDCS];
  /* the CA */
  stardeleg_store *ca_store;
  stardeleg_key *ca_key;
  char *ca_pem;
  stardeleg_ca_options ca_options;
  stardeleg_ca *ca;
  size_t exchanges;  /* of the owner's engine with the CA */
  size_t stop_after; /* that many more exchanges, then ido_world_run returns at once; 0: no such limit */
  size_t unheard;    /* that many more exchanges, then the process dies before it hears the answer; ido_world_run
                        returns, with another process there; 0: never */
  bool stopped;
  char ca_log[16384]; /* requests at the CA: "POST /acme/new-order " */
  bool ca_is_down;
  bool restart_always; /* the owner's role is killed and made again after every exchange */
} ido_world;

/* A store, secrets, options and the clock; no role yet. */
void ido_world_init(ido_world *w);
void ido_world_open(ido_world *w);
/* The role is killed and made again on the same store: nothing is given back, leases stay. */
void ido_world_restart(ido_world *w);
void ido_world_clear(ido_world *w);
/* A CA; before ido_world_run.  |w->ca_options| may be changed in between by the callers of the two halves. */
void ido_world_ca_init(ido_world *w);
void ido_world_ca_open(ido_world *w);

/* newAccount of delegate |i| with this binding; the status. */
int ido_world_new_account(ido_world *w, size_t i, const char *name, const char *mac_key);
/* A string member of delegate |i|'s last answer; "" if there is none. */
const char *ido_world_text(const ido_world *w, size_t i, const char *name);
/* Registers delegate |i| as |name|, account included. */
void ido_world_ndc(ido_world *w, size_t i, const char *name);
/* Adds a delegation; |cname_map| may be NULL. */
void ido_world_delegate(ido_world *w, const char *ndc, const char *id, const char *csr_template, const char *cname_map);
/* What the record of an order, a delegation, ... has as a string member; "" without; static until the next call. */
const char *ido_world_record(ido_world *w, const char *kind, const char *key, const char *member);

/* The payload of a good order; static until the next call.  |identifiers| like "abc.ido.example,def.ido.example". */
const char *ido_world_new_order(const char *delegation, const char *identifiers);
/* Places it as delegate |i|; |url| (256 bytes) gets the order's. */
void ido_world_order(ido_world *w, size_t i, const char *delegation, const char *identifiers, char *url);
/* {"csr": ...} of a CSR for the template, signed by |key| (NULL: a new one); free() it. */
char *ido_world_csr(const char *csr_template, stardeleg_key *key, const stardeleg_choice *choices, size_t choice_count);
/* POSTs it to the order's finalize URL; the status. */
int ido_world_finalize(ido_world *w, size_t i, const char *order_url, const char *payload);
/* newOrder and finalize of a one-name delegation, which must both go well. */
void ido_world_place(ido_world *w, size_t i, const char *delegation, char *url);

/* Drives owner and CA for |ms| of the world's time. */
void ido_world_run(ido_world *w, int64_t ms);
/* Lets the owner's engine do what it can at this very moment, without the CA's. */
void ido_world_run_owner(ido_world *w);
/* Plain GET at the CA; the status. */
int ido_world_ca_get(ido_world *w, const char *url);
/* How many orders of the CA are valid. */
size_t ido_world_ca_valid(ido_world *w);
/* How many records of this kind the owner's store has. */
size_t ido_world_count(ido_world *w, const char *kind);
/* The order's status as delegate |i| sees it. */
const char *ido_world_status(ido_world *w, size_t i, const char *order_url);

#endif /* SDG_TESTS_SUPPORT_IDO_WORLD_H */
