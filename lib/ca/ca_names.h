/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ca_names.h -- identifiers and what stands for them in certificates: dns (wildcards too) and ip (RFC 8738). */
#ifndef SDG_CA_CA_NAMES_H
#define SDG_CA_CA_NAMES_H

#include "ca/ca_internal.h"

/* Of a newOrder request: types, syntax, duplicates; every bad one is a subproblem.  |wildcards|: they can be validated.
 */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_check_identifiers(const sdg_identifiers *list, bool wildcards,
                                                            stardeleg_problem *problem);
bool sdg_ca_is_ip(const stardeleg_identifier *identifier);
/* |name| is what |identifier| says. */
bool sdg_ca_is_name(const stardeleg_identifier *identifier, const sdg_general_name *name);
/* The names of |csr| and the order's, as sets; badCSR else. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ca_check_names(const sdg_ca_order *order, const sdg_csr *csr,
                                                      stardeleg_problem *problem);
/* The value of subjectAltName. */
void sdg_ca_put_names(sdg_buf *value, const sdg_ca_order *order);
/* True if |name| is what |authz| is about: "*.example.org" for the wildcard one of example.org, and only for that. */
bool sdg_ca_authorizes(const sdg_acme_authorization *authz, const sdg_general_name *name);

#endif /* SDG_CA_CA_NAMES_H */
