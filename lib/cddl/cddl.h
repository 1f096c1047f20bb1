/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl.h -- run-time of compiled CDDL schemas (RFC 8610): checks a JSON tree and reports every violation.
 *
 * What of CDDL there is: rules, sockets, generics, groups, maps, arrays, occurrences, choices, ranges, values, .regexp
 * (XSD), .and, .within, .size, .ge .le .gt .lt, and the prelude as far as JSON has it.  The compiler refuses the rest.
 * Where RFC 8610 leaves room:
 * - integers are written as integers: 10.0 and 1e1 are no uint (appendix E would let them pass);
 * - number, float and float64 all mean any number; values and ranges with a fraction compare by value, exactly;
 * - groups are matched as appendix A says: the first alternative that fits wins and occurrences are greedy; entries
 *   of a map take members in the order of the object;
 * - a cut (3.5.4) ends the alternative it stands in, so that alternatives can be told apart by a member's value. */
#ifndef SDG_CDDL_CDDL_H
#define SDG_CDDL_CDDL_H

#include "json/json.h"

/* A compiled schema: tables made by cddl/gen (cddl/cddl_table.h has their layout). */
typedef struct sdg_cddl_schema sdg_cddl_schema;

/* One violation. */
typedef struct sdg_cddl_finding {
  const char *pointer;  /* RFC 6901, escaped for logs */
  const char *rule;     /* name of the CDDL rule that was not met */
  const char *expected; /* for people: "one of \"a\", \"b\"", "text matching ...", "no member \"x\"" ... */
} sdg_cddl_finding;

/* Borrowed for the call; nonzero stops the check. */
typedef int (*sdg_cddl_each)(void *ctx, const sdg_cddl_finding *finding);

/* Fills a socket (a rule named $x or $$x) at run time: the alternatives of |schema|'s rule |rule| join the socket
 * |socket| of the checked schema. */
typedef struct sdg_cddl_plug {
  const char *socket;            /* "$name" or "$$name" */
  const sdg_cddl_schema *schema; /* where the alternative is defined */
  const char *rule;              /* its rule there */
} sdg_cddl_plug;

/* Checks |value| against the first rule of |schema| (|rule| NULL) or a named one.  |plugs| may be NULL if |plug_count|
 * is 0.  Returns 0 if it conforms, MALFORMED with one call of |each| per violation (at most 64), LIMIT, NOMEM or
 * ARGUMENT (no such rule or socket). */
STARDELEG_MUST_CHECK stardeleg_err sdg_cddl_check(const sdg_cddl_schema *schema, const char *rule,
                                                  const sdg_json *value, const sdg_cddl_plug *plugs, size_t plug_count,
                                                  sdg_cddl_each each, void *ctx);

#endif /* SDG_CDDL_CDDL_H */
