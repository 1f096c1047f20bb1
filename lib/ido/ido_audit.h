/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_audit.h -- who got what, and who decided it: kind "audit", index the delegation, keys in the order of time.
 * Each entry is written in the batch of what it tells of: there is none without the other. */
#ifndef SDG_IDO_IDO_AUDIT_H
#define SDG_IDO_IDO_AUDIT_H

#include <stardeleg/ido_admin.h>
#include "ido/ido_also.h"

#define SDG_AUDIT_KIND "audit"
/* Entries about a delegate as such have this and its name for an index: no delegation's id has a colon. */
#define SDG_AUDIT_NDC_PREFIX "ndc:"

/* Adds the entry to a batch.  |id| and |version| are those of the record that is written with it, |nth| tells several
 * entries of one write apart: together with the instant they make the key.  Texts may be NULL; they are escaped. */
void sdg_ido_audit_add(sdg_ido_also *also, const stardeleg_ido_event *event, const char *id, uint64_t version,
                       unsigned nth);
/* Keys begin with the instant: those of that millisecond are behind this one. */
#define SDG_AUDIT_BEGIN_SIZE 24
void sdg_ido_audit_begin(char out[SDG_AUDIT_BEGIN_SIZE], stardeleg_time at);

/* How much is kept (ido_audit_prune.c). */
typedef struct sdg_audit_bounds {
  int64_t keep_ms;   /* 0: for ever */
  int64_t bytes_max; /* 0: any number */
} sdg_audit_bounds;
/* Removes what is beyond, the oldest first, some entries at a time.  |*more| if there is more to be done; |*early|: how
 * many went although they were not old. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_audit_prune(const stardeleg_store *store, const sdg_audit_bounds *bounds,
                                                       stardeleg_time now, bool *more, size_t *early);

#endif /* SDG_IDO_IDO_AUDIT_H */
