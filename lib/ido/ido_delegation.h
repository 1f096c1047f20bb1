/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_delegation.h -- delegations as the store keeps them: kind "delegation", index the delegate; of those that
 * have ended "ended:" and the delegate, so that what is asked every day does not grow with them.
 * A cache holds those that were read: loading a template costs more than all else of an order but its signatures. */
#ifndef SDG_IDO_IDO_DELEGATION_H
#define SDG_IDO_IDO_DELEGATION_H

#include <stardeleg/template.h>
#include "acme_server/server.h"
#include "deleg/delegation.h"
#include "ido/ido_scope.h"
#include "store/store.h"

typedef enum sdg_ido_delegation_state {
  SDG_DELEGATION_ACTIVE = 0,
  SDG_DELEGATION_ENDING, /* takes no orders; those there are, are being cancelled */
  SDG_DELEGATION_ENDED
} sdg_ido_delegation_state;
const char *sdg_ido_delegation_state_name(sdg_ido_delegation_state state);

/* A delegation.  Immutable; shared by threads. */
typedef struct sdg_ido_delegation {
  sdg_cached cached; /* first */
  char id[SDG_ID_SIZE];
  char ndc[SDG_ID_SIZE];
  char issuer[SDG_ID_SIZE];
  sdg_ido_delegation_state state;
  stardeleg_template *tmpl;
  sdg_cname *cnames;
  size_t cname_count;
  int64_t lifetime_min_s;    /* 0: any */
  int64_t lifetime_max_s;    /* 0: any */
  stardeleg_time expires_at; /* NEVER: no bound */
  sdg_ido_scope scope;
  const char *upstream;      /* URL of the delegation it is passed on under, or NULL; owned by those from the cache */
} sdg_ido_delegation;

/* True if it takes orders at |now|. */
bool sdg_ido_delegation_is_open(const sdg_ido_delegation *delegation, stardeleg_time now);

typedef struct sdg_ido_delegations sdg_ido_delegations;
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_delegations_new(sdg_ido_delegations **out, const stardeleg_store *store);
void sdg_ido_delegations_free(sdg_ido_delegations *delegations);
/* The delegation as it stands in the store now; release it.  NOT_FOUND if there is none.  Any thread. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_delegations_get(sdg_ido_delegations *delegations, const char *id,
                                                           const sdg_ido_delegation **out);
void sdg_ido_delegations_release(sdg_ido_delegations *delegations, const sdg_ido_delegation *delegation);

/* --- Records --- */
/* The members of a new record; the two trees are borrowed. */
void sdg_ido_delegation_write(sdg_buf *out, const sdg_ido_delegation *delegation, const sdg_json *csr_template,
                              const sdg_json *cname_map, stardeleg_time now);
/* The record as a tree, STORE if it is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_delegation_tree(sdg_json **out, const stardeleg_record *record);
/* The state a record's tree tells. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_delegation_read_state(sdg_ido_delegation_state *out, const sdg_json *tree);
/* The index of a delegate's delegations, those that have ended or the others. */
#define SDG_DELEGATION_INDEX_SIZE (SDG_ID_SIZE + 8)
void sdg_ido_delegation_index(char out[SDG_DELEGATION_INDEX_SIZE], const char *ndc, bool ended);
/* The expiry a record's tree tells; NEVER without. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_delegation_read_expiry(stardeleg_time *out, const sdg_json *tree);

/* A step in the life of a delegation. */
typedef struct sdg_ido_delegation_move {
  sdg_ido_delegation_state state;
  stardeleg_time due;
  uint64_t fence; /* 0: without a lease, else it is released */
  const char *by; /* who decided; told where the state changes */
  stardeleg_time now;
} sdg_ido_delegation_move;
/* Writes |record| again with another state and due, everything else as it was; a new state goes into the audit record.
 */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_delegation_put_state(const stardeleg_store *store,
                                                                const stardeleg_record *record,
                                                                const sdg_ido_delegation_move *move);

#endif /* SDG_IDO_IDO_DELEGATION_H */
