/* SPDX-License-Identifier: Apache-2.0 */
/* base/problem.h -- filling in problems.  |problem| may be NULL everywhere: then nothing is told. */
#ifndef SDG_BASE_PROBLEM_H
#define SDG_BASE_PROBLEM_H

#include <stardeleg/problem.h>

void sdg_problem_clear(stardeleg_problem *problem);

/* Sets type, status (from the table; 0 for NONE) and detail, and clears the rest.  |detail| is a printf format; its
 * arguments must be escaped already where they are a peer's (sdg_text_escape). */
void sdg_problem_set(stardeleg_problem *problem, stardeleg_acme_error acme, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets |place|, escaping it. */
void sdg_problem_set_place(stardeleg_problem *problem, stardeleg_bytes place);

/* Adds a subproblem; |identifier_type| NULL: without identifier.  Escapes what it is given.  Beyond the room it
 * only counts. */
void sdg_problem_add_sub(stardeleg_problem *problem, stardeleg_acme_error acme, const char *identifier_type,
                         stardeleg_bytes identifier_value, const char *detail);

/* True if the error is worth the same request again later (rateLimited, serverInternal, badNonce ...). */
int sdg_acme_error_is_retryable(stardeleg_acme_error error);

#endif /* SDG_BASE_PROBLEM_H */
