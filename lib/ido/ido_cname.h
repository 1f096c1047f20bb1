/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_cname.h -- which CNAMEs the owner's zone must have (RFC 9115 2.3.2.1): kind "chore", key "cname:" and the
 * delegation's id.  Whoever changes what is wanted makes the chore due in the same write; the engine compares what is
 * wanted with what it has told, tells the difference, and notes it. */
#ifndef SDG_IDO_IDO_CNAME_H
#define SDG_IDO_IDO_CNAME_H

#include <stardeleg/ido_admin.h>
#include "ido/ido_also.h"

#define SDG_CHORE_KIND "chore"
#define SDG_CHORE_CNAME "cname:"

/* Adds to a batch that the chore of |delegation| is due.  The batch fails with CONFLICT if somebody else changes it. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_cname_mark(sdg_ido_also *also, const stardeleg_store *store,
                                                      const char *delegation, stardeleg_time now);
/* Works on a claimed chore. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_cname_work(stardeleg_ido *ido, const stardeleg_record *record,
                                                      stardeleg_time now);

#endif /* SDG_IDO_IDO_CNAME_H */
