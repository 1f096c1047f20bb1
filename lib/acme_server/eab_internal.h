/* SPDX-License-Identifier: Apache-2.0 */
/* acme_server/eab_internal.h -- external account bindings as newAccount needs them. */
#ifndef SDG_ACME_SERVER_EAB_INTERNAL_H
#define SDG_ACME_SERVER_EAB_INTERNAL_H

#include "acme_server/eab.h"

#define SDG_EAB_SECRET_SIZE (SDG_EAB_NAME_MAX + 5)

/* ARGUMENT for a name that no binding can have. */
STARDELEG_MUST_CHECK stardeleg_err sdg_eab_secret_name(char out[SDG_EAB_SECRET_SIZE], const char *name);
/* The record's value. */
void sdg_eab_write(sdg_buf *out, const char *account_id, stardeleg_time created_at);
STARDELEG_MUST_CHECK stardeleg_err sdg_eab_load(const stardeleg_store *store, const char *name, char account_id[65],
                                                stardeleg_time *created_at, uint64_t *version);

#endif /* SDG_ACME_SERVER_EAB_INTERNAL_H */
