/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_audit.h -- who got what, and who decided it: kind "audit", index the delegation, keys in the order of time.
 * Each entry is written in the batch of what it tells of: there is none without the other. */
#ifndef SDG_IDO_IDO_AUDIT_H
#define SDG_IDO_IDO_AUDIT_H

#include <stardeleg/ido_admin.h>
#include "ido/ido_also.h"

/* Entries about a delegate as such have this and its name for an index: no delegation's id has a colon. */
#define SDG_AUDIT_NDC_PREFIX "ndc:"

/* Adds the entry to a batch.  |id| and |version| are those of the record that is written with it, |nth| tells several
 * entries of one write apart: together with the instant they make the key.  Texts may be NULL; they are escaped. */
void sdg_ido_audit_add(sdg_ido_also *also, const stardeleg_ido_event *event, const char *id, uint64_t version,
                       unsigned nth);
/* Removes what is older than |keep_ms|, some entries at a time; |*more| if there is more to remove. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_audit_prune(const stardeleg_store *store, int64_t keep_ms,
                                                       stardeleg_time now, bool *more);

#endif /* SDG_IDO_IDO_AUDIT_H */
