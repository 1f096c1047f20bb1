/* SPDX-License-Identifier: Apache-2.0 */
/* support/ca_world.h -- a CA on a store in memory, or in SQLite (environment STARDELEG_TEST_STORE), with a virtual
 * clock, a client, and the web servers it validates. */
#ifndef SDG_TESTS_SUPPORT_CA_WORLD_H
#define SDG_TESTS_SUPPORT_CA_WORLD_H

#include "support/acme_peer.h"

#include <stardeleg/ca.h>
#include "x509/cert.h"
#include "x509/csr.h"

#define CA_BASE "https://ca.example/acme"
#define CA_DAY ((int64_t)86400000)
#define CA_HOUR ((int64_t)3600000)
/* 2026-01-10T00:00:00Z */
#define CA_START ((stardeleg_time)1768003200000)

/* What the web servers of all names do. */
typedef enum ca_web {
  CA_WEB_RIGHT = 0, /* answer with the key authorization of |web_peer| */
  CA_WEB_SPACES,    /* the same and blanks behind it */
  CA_WEB_WRONG,     /* answer with another one */
  CA_WEB_MISSING,   /* 404 */
  CA_WEB_DEAD,      /* do not answer */
  CA_WEB_REDIRECT,  /* 302 to |web_location| once, then RIGHT */
  CA_WEB_LOOP,      /* 302 to |web_location| for ever */
  CA_WEB_HOLD       /* the answer is still to come: ca_world_release */
} ca_web;

typedef struct ca_world {
  stardeleg_store *store;
  stardeleg_secrets *secrets;
  stardeleg_key *root_key;
  char *root_pem;
  stardeleg_key *key;           /* of the certificates */
  stardeleg_ca_options options; /* to be changed before ca_world_open */
  stardeleg_ca *ca;
  stardeleg_time now;
  acme_peer peer;
  ca_web web;
  acme_peer *web_peer; /* whose key the web servers know; NULL: |peer| */
  const char *web_location;
  unsigned asked;      /* how many requests the web servers got */
  char asked_url[512]; /* the last one */
  size_t asked_max;    /* how much of an answer it takes */
  char asked_address[64]; /* where it was to connect to; "" if the transport was to find out */
  uint64_t held;       /* exchange that waits */
  unsigned work;       /* calls of on_work */
  char order[512];     /* URL of the last order */
  char finalize[512];
  char star[512]; /* star-certificate or certificate of the last order */
} ca_world;

void ca_world_init(ca_world *w);
void ca_world_open(ca_world *w);  /* with a client that has an account */
void ca_world_start(ca_world *w); /* both */
/* Set-up and tear-down of a test: a started world as its state. */
int ca_world_set_up(void **state);
int ca_world_tear_down(void **state);
void ca_world_restart(ca_world *w);
void ca_world_clear(ca_world *w);
void ca_world_peer(ca_world *w, acme_peer *peer);

/* Drives the engine until it waits; until when. */
stardeleg_time ca_world_run(ca_world *w);
stardeleg_time ca_world_run_engine(ca_world *w, const stardeleg_engine *engine);
/* The held exchange is answered as |web| says. */
void ca_world_release(ca_world *w, ca_web web);

/* newOrder; the status.  Keeps the order's URL. */
int ca_world_new_order(ca_world *w, const char *payload);
/* |text|, with " for each ', into room good for the next seven calls. */
const char *ca_world_json(const char *text, ...) __attribute__((format(printf, 1, 2)));
/* base64url of the SHA-256 of |text|: what dns-01 wants to see. */
const char *ca_world_digest(const char *text);
/* The order's status as the client sees it. */
const char *ca_world_status(ca_world *w);
/* URL |n| of the last order's authorizations, and of an authorization's challenge. */
const char *ca_world_authz(ca_world *w, size_t n);
const char *ca_world_challenge(ca_world *w, const char *authz);
/* Answers all challenges and lets the CA validate. */
void ca_world_validate(ca_world *w);
/* base64url of a CSR for DNS |names| (NULL-terminated; none: no subjectAltName) and the common name |cn| (or NULL);
 * "ip:192.0.2.1" is an address. */
const char *ca_world_csr(ca_world *w, const char *cn, ...) __attribute__((sentinel));
int ca_world_finalize(ca_world *w, const char *csr);
/* A valid STAR order for www.example.org: |days| long, |lifetime_s|, |adjust_s|; GET is negotiated. */
void ca_world_star(ca_world *w, int days, int64_t lifetime_s, int64_t adjust_s);
/* The same for a plain one. */
void ca_world_plain(ca_world *w);

/* --- Certificates --- */
/* The chain just answered; its first certificate parsed.  Fails if it does not lead to the root now. */
typedef struct ca_leaf {
  sdg_chain chain;
  sdg_cert cert;
  char serial[48];
} ca_leaf;
void ca_world_leaf(const ca_world *w, const acme_peer *peer, ca_leaf *leaf);
void ca_leaf_clear(ca_leaf *leaf);
/* GET of the last order's certificate: must be 200. */
void ca_world_get_leaf(ca_world *w, ca_leaf *leaf);

#endif /* SDG_TESTS_SUPPORT_CA_WORLD_H */
