/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_record_internal.h -- reading records, shared by the two files that do. */
#ifndef SDG_CA_CA_RECORD_INTERNAL_H
#define SDG_CA_CA_RECORD_INTERNAL_H

#include "ca/ca_internal.h"

/* STORE for a value that is no JSON. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_parse_record(sdg_json **out, const stardeleg_record *record);
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_read_text(char *out, size_t size, const sdg_json *tree, const char *name);

#endif /* SDG_CA_CA_RECORD_INTERNAL_H */
