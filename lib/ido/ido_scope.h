/* SPDX-License-Identifier: Apache-2.0 */
/* ido/ido_scope.h -- what a delegation allows beyond its template: names of the delegate's choice, kinds of key and of
 * order, how many. */
#ifndef SDG_IDO_IDO_SCOPE_H
#define SDG_IDO_IDO_SCOPE_H

#include <stardeleg/ido.h>
#include "json/json_write.h"

#define SDG_SCOPE_NAMES_MAX 256
/* Instants of orders are kept for counting: that bounds how many a period may have. */
#define SDG_SCOPE_ORDERS_MAX 1000

typedef struct sdg_ido_scope {
  char **names; /* owned */
  size_t name_count;
  unsigned key_kinds;   /* bits of stardeleg_key_spec; 0: any */
  unsigned order_kinds; /* bits of stardeleg_ido_order_kind; 0: STAR alone */
  int64_t orders_max;   /* in orders_period_s; 0: any number */
  int64_t orders_period_s;
  int64_t certificates_max; /* alive at once; 0: any number */
} sdg_ido_scope;

void sdg_ido_scope_clear(sdg_ido_scope *scope);
/* Takes the scope of |request| over, checked; CONFIG with |problem|, the place being the member of the struct.  |out|
 * is zeroed before and to be cleared after, whatever comes. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_scope_take(sdg_ido_scope *out, const stardeleg_ido_delegation *request,
                                                      stardeleg_problem *problem);
/* As the member "scope" of a record; nothing for an empty one. */
void sdg_ido_scope_write(sdg_json_writer *w, const sdg_ido_scope *scope);
/* From a record; |tree| is the delegation's. */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_scope_read(sdg_ido_scope *out, const sdg_json *tree);
/* The name of a kind of key ("P-256", "RSA-3072", "Ed25519"), NULL for none. */
const char *sdg_ido_key_kind_name(stardeleg_key_spec spec);

/* The policy for chosen names: the scope's list, then the program's own policy.  |ctx| must live as long as what
 * |match| is used for. */
typedef struct sdg_ido_scope_policy {
  const sdg_ido_scope *scope;
  const stardeleg_match_options *base;
} sdg_ido_scope_policy;
void sdg_ido_scope_match(stardeleg_match_options *match, sdg_ido_scope_policy *ctx);

/* True if |name| is listed, or stands one label below a "*." of the list. */
bool sdg_ido_scope_lists(const sdg_ido_scope *scope, const char *name);

/* POLICY with the problem, if the scope does not allow such an order (|star|) or such a key; |id| names the delegation.
 */
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_scope_check_kind(const sdg_ido_scope *scope, const char *id, bool star,
                                                            stardeleg_problem *problem);
STARDELEG_MUST_CHECK stardeleg_err sdg_ido_scope_check_key(const sdg_ido_scope *scope, const char *id,
                                                           stardeleg_bytes spki, stardeleg_problem *problem);

#endif /* SDG_IDO_IDO_SCOPE_H */
