/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/eab_internal.h -- external account bindings as newAccount needs them. */
#ifndef SDG_ACME_SERVER_EAB_INTERNAL_H
#define SDG_ACME_SERVER_EAB_INTERNAL_H

#include "acme_server/eab.h"

#define SDG_EAB_SECRET_SIZE (SDG_EAB_NAME_MAX + 32)

/* A binding's record. */
typedef struct sdg_eab_record {
  char account[65];                 /* "" while unused */
  char secret[SDG_EAB_SECRET_SIZE]; /* where its MAC key is */
  char owner[SDG_EAB_NAME_MAX + 1]; /* whom the account is bound to */
  stardeleg_time created_at;
  uint64_t version;
} sdg_eab_record;

void sdg_eab_write(sdg_buf *out, const sdg_eab_record *record);
/* NOT_FOUND if there is no binding |name|, or can be none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_eab_load(const stardeleg_store *store, const char *name, sdg_eab_record *out);

#endif /* SDG_ACME_SERVER_EAB_INTERNAL_H */
