/* SPDX-License-Identifier: Apache-2.0 */
/* support/ndc_world.h -- a delegate with a played IdO and CA around it: one clock, every answer can be bent, the
 * delegate can be killed and started again at any exchange. */
#ifndef SDG_TESTS_SUPPORT_NDC_WORLD_H
#define SDG_TESTS_SUPPORT_NDC_WORLD_H

#include "support/test_pki.h"

#include <stardeleg/ndc.h>

#include "json/json.h"
#include "star/auto_renewal.h"

#define WORLD_DIRECTORY "https://ido.example/dir"
#define WORLD_STAR "https://ca.example/star/"
#define WORLD_OWN "https://ido.example/cert/"
#define WORLD_ACCOUNT "https://ido.example/acct/1"
#define WORLD_DELEGATION "https://ido.example/dlg/"
#define WORLD_EPOCH ((stardeleg_time)1767225600 * 1000) /* 2026-01-01 */
#define WORLD_DAY ((int64_t)86400 * 1000)
#define WORLD_EVENTS_MAX 4096
#define WORLD_ORDERS_MAX 256
#define WORLD_DELEGATIONS_MAX 16

/* What the program was told. */
typedef struct world_event {
  stardeleg_ndc_event_kind kind;
  stardeleg_time at;
  stardeleg_time not_before;
  stardeleg_time not_after;
  stardeleg_time next_try;
  stardeleg_acme_error acme;
  char detail[256];
  char place[128];
  char delegation[128];
  char serial[64];
  char findings[128];
} world_event;

typedef struct world_order {
  char *delegation;
  sdg_json *identifiers;
  sdg_json *renewal_json;
  sdg_auto_renewal renewal;
  sdg_buf csr;
  sdg_buf spki;
  bool star;
  bool finalized;
  bool canceled;
  bool invalid;
  unsigned reissued; /* how often the certificate of this moment was replaced by another */
  unsigned polls; /* answered "processing" so far */
  stardeleg_time first_at;
} world_order;

/* An answer before it goes out. */
typedef struct world_reply {
  int status; /* 0: lost on the way */
  const char *type;
  char location[128];
  char link[256];
  char etag[64];
  char not_before[64];
  char retry_after[64];
  char cache_control[64];
  char date[64];
  sdg_buf body;
} world_reply;

typedef struct ndc_world ndc_world;
struct ndc_world {
  stardeleg_time now;
  stardeleg_store *store;
  stardeleg_secrets *secrets;
  stardeleg_ndc_options options;
  stardeleg_ndc *ndc;
  test_root root;
  /* the IdO */
  bool enabled; /* meta.delegation-enabled */
  int64_t min_lifetime_s;
  int64_t max_duration_s;
  const char *template_json;
  size_t delegation_count;
  bool offered[WORLD_DELEGATIONS_MAX];
  size_t page_size;
  int page_loop;
  unsigned polls;          /* how often a finalized order is "processing" */
  bool no_star;            /* the directory does not offer auto-renewal */
  bool own_certificates;   /* plain certificates are at the IdO, STAR ones too: signed fetches only */
  bool own_by_get;         /* those may be had by plain GET as well */
  bool no_grant;           /* allow-certificate-get is not reflected */
  int64_t max_age_s;       /* of STAR certificates; 0: their answers say nothing of caching */
  int64_t plain_life_ms;   /* of plain certificates without notAfter */
  bool deactivated;        /* the account; everything signed gets 401 */
  bool renewal_info;       /* the directory has renewalInfo (RFC 9773) */
  bool forgets_replaces;   /* "replaces" is refused: 409 alreadyReplaced */
  int renewal_status;      /* of renewalInfo; 0: 200 */
  const char *renewal_retry_after; /* of renewalInfo; "": it has none */
  stardeleg_time window_start, window_end; /* as renewalInfo tells it */
  size_t renewal_reads;
  char last_renewal_url[256];
  bool dates;              /* answers have a Date */
  int64_t ido_ahead_ms;    /* by so much the IdO's clock is wrong */
  int64_t client_ahead_ms; /* by so much the delegate's clock is wrong */
  world_order orders[WORLD_ORDERS_MAX];
  size_t order_count;
  /* bending: after the answer is made, before it goes out; the certificate before it is signed */
  void (*bend)(ndc_world *w, const char *method, const char *url, world_reply *reply);
  void (*forge)(ndc_world *w, test_leaf *leaf, const test_root **root);
  test_root evil;
  int mode; /* for bend and forge */
  /* what happened */
  world_event events[WORLD_EVENTS_MAX];
  size_t event_count;
  size_t exchanges;
  size_t gets; /* of certificates */
  size_t object_reads;
  size_t new_accounts;
  size_t signed_requests;
  size_t signed_gets; /* of certificates */
  char last_url[256];
  char last_if_none_match[64];
  char last_payload[4096]; /* of newOrder */
  bool tolerant;           /* the delegate's calls may fail for want of the store or of the program */
  size_t own_failures;     /* how often they did */
  int event_answer;        /* what the program answers to CERTIFICATE */
  /* killing: 0 never */
  size_t kill_every; /* after each so many exchanges; a minute passes */
  size_t kill_at;    /* once, at that exchange */
  bool kill_before;  /* the answer never reaches the delegate */
  size_t kills;
};

void world_init(ndc_world *w);
void world_clear(ndc_world *w);
/* (Re)starts the delegate on the same store. */
void world_start(ndc_world *w);
void world_stop(ndc_world *w);
/* Drives everything until |until|; fails if more than 100,000 exchanges are needed. */
void world_run(ndc_world *w, stardeleg_time until);
/* How many events of that kind; the last one, or NULL. */
size_t world_count(const ndc_world *w, stardeleg_ndc_event_kind kind);
const world_event *world_last(const ndc_world *w, stardeleg_ndc_event_kind kind);
/* The state told by inspect for delegation |i|; "" if it is not known. */
const char *world_state(const ndc_world *w, size_t i);
/* Everything told and counted so far is forgotten. */
void world_forget(ndc_world *w);
/* Replaces the reply by a problem. */
void world_problem(world_reply *reply, int status, const char *type);

#endif /* SDG_TESTS_SUPPORT_NDC_WORLD_H */
