/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin_print.h -- answers of the admin interface, for people. */
#ifndef EXAMPLE_IDO_SERVER_ADMIN_PRINT_H
#define EXAMPLE_IDO_SERVER_ADMIN_PRINT_H

#include <stdbool.h>

/* Prints an answer: as it is, or the member |shown| alone, or a line for each entry of its list, or a line for each
 * member.  Returns an exit code. */
int admin_print_answer(const char *body, const char *shown, bool as_json);
/* Prints what "check" found: a line for each name, below it findings ("!") and the records to add ("+").  Returns an
 * exit code, 3 if there are findings. */
int admin_print_check(const char *body, bool as_json);
/* Prints a problem document on standard error. */
void admin_print_problem(const char *body, bool as_json);

#endif /* EXAMPLE_IDO_SERVER_ADMIN_PRINT_H */
