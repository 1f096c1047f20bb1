/* SPDX-License-Identifier: Apache-2.0 */
/* acme/fields.h -- members that several ACME objects have alike: owned strings, URLs, lists of URLs, copies of
 * subtrees. */
#ifndef SDG_ACME_FIELDS_H
#define SDG_ACME_FIELDS_H

#include <stardeleg/problem.h>
#include "json/json.h"

/* Most URLs in one array. */
#define SDG_FIELD_URLS_MAX 1000u

/* Parses |body| as one JSON object; |what| names it in the problem.  The tree is the caller's. */
STARDELEG_MUST_CHECK stardeleg_err sdg_field_object(sdg_json **out, stardeleg_bytes body, const char *what,
                                                    stardeleg_problem *problem);
/* A string of the caller's own. */
STARDELEG_MUST_CHECK stardeleg_err sdg_field_text(char **out, const sdg_json *object, const char *name,
                                                  sdg_json_need need, stardeleg_problem *problem);
/* The same, which must be an absolute http or https URL. */
STARDELEG_MUST_CHECK stardeleg_err sdg_field_url(char **out, const sdg_json *object, const char *name,
                                                 sdg_json_need need, stardeleg_problem *problem);
/* An array of such URLs, at most SDG_FIELD_URLS_MAX. */
STARDELEG_MUST_CHECK stardeleg_err sdg_field_urls(char ***out, size_t *count, const sdg_json *object, const char *name,
                                                  sdg_json_need need, stardeleg_problem *problem);
/* An array of strings, at most |max|; absent or null is none. */
STARDELEG_MUST_CHECK stardeleg_err sdg_field_texts(char ***out, size_t *count, const sdg_json *object, const char *name,
                                                   size_t max, stardeleg_problem *problem);
void sdg_field_urls_free(char **urls, size_t count);
/* A copy of an object member; it may be absent. */
STARDELEG_MUST_CHECK stardeleg_err sdg_field_tree(sdg_json **out, const sdg_json *object, const char *name,
                                                  stardeleg_problem *problem);
/* The same for answers of servers: null is absent. */
STARDELEG_MUST_CHECK stardeleg_err sdg_field_tree_or_null(sdg_json **out, const sdg_json *object, const char *name,
                                                          stardeleg_problem *problem);
/* Sets malformed, |place| and |detail|; answers MALFORMED. */
stardeleg_err sdg_field_refuse(stardeleg_problem *problem, const char *place, const char *detail);

#endif /* SDG_ACME_FIELDS_H */
