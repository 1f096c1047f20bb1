/* SPDX-License-Identifier: Apache-2.0 */
/* acme/identifier.h -- lists of identifiers (RFC 8555 7.1.3, 7.4; RFC 8738; RFC 8823). */
#ifndef SDG_ACME_IDENTIFIER_H
#define SDG_ACME_IDENTIFIER_H

#include <stardeleg/problem.h>
#include "json/json_write.h"

#define SDG_IDENTIFIERS_MAX 100

/* Owned strings. */
typedef struct sdg_identifiers {
  stardeleg_identifier *items;
  size_t count;
} sdg_identifiers;

/* Reads an array of {type, value}; at least one, at most SDG_IDENTIFIERS_MAX.  Form only: which types and names are
 * allowed is a policy's question. */
STARDELEG_MUST_CHECK stardeleg_err sdg_identifiers_parse(sdg_identifiers *out, const sdg_json *array,
                                                         stardeleg_problem *problem);
void sdg_identifiers_write(sdg_json_writer *w, const char *name,
                           const sdg_identifiers *list); /* same values, same order */
void sdg_identifiers_clear(sdg_identifiers *list);
STARDELEG_MUST_CHECK stardeleg_err sdg_identifiers_copy(sdg_identifiers *out, const stardeleg_identifier *items,
                                                        size_t count);
/* As sets; dns case-insensitively (RFC 8555 7.4). */
bool sdg_identifiers_same_set(const sdg_identifiers *a, const sdg_identifiers *b);
/* One of them is in both, by the same measure. */
bool sdg_identifiers_share(const sdg_identifiers *a, const sdg_identifiers *b);
/* Checks every "dns" value with sdg_name_check_dns (|flags| of base/name.h) and duplicates; other types are
 * unsupportedIdentifier.  Every bad one becomes a subproblem; the problem's type is rejectedIdentifier,
 * unsupportedIdentifier, or malformed for duplicates. */
STARDELEG_MUST_CHECK stardeleg_err sdg_identifiers_check_dns(const sdg_identifiers *list, unsigned flags,
                                                             stardeleg_problem *problem);

#endif /* SDG_ACME_IDENTIFIER_H */
