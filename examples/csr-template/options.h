/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/options.h -- the command line. */
#ifndef EXAMPLE_CSR_TEMPLATE_OPTIONS_H
#define EXAMPLE_CSR_TEMPLATE_OPTIONS_H

#include <stdbool.h>
#include <stardeleg/template.h>

#define OPTIONS_LIST_MAX 128

/* Exit codes. */
enum { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_TROUBLE = 2 };

typedef struct options {
  const char *command;
  const char *template_path;
  const char *csr_path;     /* match */
  const char *key_path;     /* build: an existing key */
  const char *new_key_path; /* build: where a new key goes */
  const char *out_path;     /* build: where the CSR goes; NULL: standard output */
  const char *crypto;       /* backend, or NULL */
  bool json;
  bool der; /* build: DER instead of PEM */
  bool allow_ca_usages;
  bool stir; /* templates may have TNAuthList */
  bool allow_wildcards;
  bool key_only;
  bool uri_identifiers;
  const char *allowed[OPTIONS_LIST_MAX]; /* match: domains below which chosen names may be */
  size_t allowed_count;
  stardeleg_identifier identifiers[OPTIONS_LIST_MAX];
  size_t identifier_count;
  stardeleg_choice choices[OPTIONS_LIST_MAX];
  size_t choice_count;
} options;

/* Reads the command line; splits "type:value" and "field=value" in place.  Returns 0, or EXIT_TROUBLE after having
 * said what is wrong; |*done| is set if the program has nothing left to do (--help). */
int options_read(options *out, int argc, char **argv, bool *done);

#endif /* EXAMPLE_CSR_TEMPLATE_OPTIONS_H */
