/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/output.h -- answers for people and for programs. */
#ifndef EXAMPLE_CSR_TEMPLATE_OUTPUT_H
#define EXAMPLE_CSR_TEMPLATE_OUTPUT_H

#include <stdbool.h>
#include <stardeleg/template.h>

/* Writes the verdict over |subject| (a file name) and all findings; |report| may be NULL. */
void output_report(const char *subject, bool accepted, const stardeleg_report *report, bool json);
/* One JSON object with one text member. */
void output_text(const char *name, const char *text, bool json);
/* A JSON string of |text|; what is no UTF-8 (in the name of a file) becomes U+FFFD. */
void output_json_string(const char *text);

#endif /* EXAMPLE_CSR_TEMPLATE_OUTPUT_H */
