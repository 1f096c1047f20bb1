/* SPDX-License-Identifier: Apache-2.0 */
/* support/cddl.h -- checks of JSON texts against compiled schemas, for tests. */
#ifndef SDG_TESTS_SUPPORT_CDDL_H
#define SDG_TESTS_SUPPORT_CDDL_H

#include "cddl/cddl.h"

/* Checks a text (which must be JSON) against a rule, NULL for the root.  |found| (may be NULL) gets a line for each
 * finding, "pointer | rule | expected", to be freed. */
stardeleg_err test_cddl(const sdg_cddl_schema *schema, const char *rule, const char *json, const sdg_cddl_plug *plugs,
                        size_t plug_count, char **found);

#endif /* SDG_TESTS_SUPPORT_CDDL_H */
