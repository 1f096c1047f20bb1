/* SPDX-License-Identifier: Apache-2.0 */
/* deleg/delegation.h -- the delegation object and the list of delegations (RFC 9115 2.3.1.2, 2.3.1.3). */
#ifndef SDG_DELEG_DELEGATION_H
#define SDG_DELEG_DELEGATION_H

#include <stardeleg/problem.h>
#include "json/json_write.h"

#define SDG_CNAMES_MAX 256
#define SDG_DELEGATIONS_PAGE_MAX 1000 /* URLs in one answer */

typedef struct sdg_cname {
  char *name;   /* FQDN with the final dot */
  char *target; /* FQDN with the final dot */
} sdg_cname;

typedef struct sdg_delegation {
  sdg_json *csr_template; /* object; its schema is the template module's matter */
  sdg_cname *cnames;
  size_t cname_count;
} sdg_delegation;

/* csr-template must be an object; cname-map an object of strings, both sides FQDNs with the final dot.  MALFORMED with
 * the place. */
STARDELEG_MUST_CHECK stardeleg_err sdg_delegation_parse(sdg_delegation *out, stardeleg_bytes body,
                                                        stardeleg_problem *problem);
/* A whole object. */
void sdg_delegation_write(sdg_json_writer *w, const sdg_delegation *delegation);
void sdg_delegation_clear(sdg_delegation *delegation);
/* Reads the cname-map object alone (configuration); |map| NULL gives none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_cname_map_parse(sdg_cname **out, size_t *count, const sdg_json *map,
                                                       stardeleg_problem *problem);
void sdg_cname_map_free(sdg_cname *cnames, size_t count);

/* A page of the list: {"delegations":[URL ...]}. */
typedef struct sdg_delegation_list {
  char **urls;
  size_t count;
} sdg_delegation_list;
STARDELEG_MUST_CHECK stardeleg_err sdg_delegation_list_parse(sdg_delegation_list *out, stardeleg_bytes body,
                                                             stardeleg_problem *problem);
void sdg_delegation_list_clear(sdg_delegation_list *list);

#endif /* SDG_DELEG_DELEGATION_H */
