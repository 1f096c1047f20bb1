/* SPDX-License-Identifier: Apache-2.0 */
/* acme/problem_document.h -- problem documents on the wire (RFC 7807, RFC 8555 6.7). */
#ifndef SDG_ACME_PROBLEM_DOCUMENT_H
#define SDG_ACME_PROBLEM_DOCUMENT_H

#include <stardeleg/http.h>
#include <stardeleg/problem.h>
#include "json/json_write.h"

/* Fills |out| from an error response: problem document if there is one, else a generic text with the status; never
 * fails.  A missing or null type is "about:blank"; unknown members are ignored; Retry-After is read (clamped to a day).
 * |now| for dates. */
void sdg_problem_from_response(stardeleg_problem *out, const stardeleg_http_response *response, stardeleg_time now);
/* The same for a problem object inside another one (order.error, challenge.error). */
void sdg_problem_from_tree(stardeleg_problem *out, const sdg_json *tree);
/* Writes the object; "status" is there if it is not 0 (RFC 9457 3.1.2); no identifier at the top level (RFC
 * 8555 6.7.1). */
void sdg_problem_write(sdg_json_writer *w, const char *name, const stardeleg_problem *problem);
/* The same for records of our own: nothing is lost, and what is escaped already is not escaped again, however often it
 * is written and read. */
void sdg_problem_write_record(sdg_json_writer *w, const char *name, const stardeleg_problem *problem);
void sdg_problem_from_record(stardeleg_problem *out, const sdg_json *tree);
/* What sdg_problem_write() writes, as a tree: for the error of an order or a challenge.  Free it with
 * sdg_json_free(). */
STARDELEG_MUST_CHECK stardeleg_err sdg_problem_to_tree(sdg_json **out, const stardeleg_problem *problem);
/* True if the problem is of this ACME type. */
static inline bool sdg_problem_is(const stardeleg_problem *problem, stardeleg_acme_error acme)
{
  return problem->acme == acme;
}

#endif /* SDG_ACME_PROBLEM_DOCUMENT_H */
