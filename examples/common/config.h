/* SPDX-License-Identifier: Apache-2.0 */
/* common/config.h -- configuration files: strict JSON, checked by a CDDL schema, so that a mistake is answered with
 * file, line, JSON pointer and rule before the program does anything. */
#ifndef EXAMPLE_COMMON_CONFIG_H
#define EXAMPLE_COMMON_CONFIG_H

#include <stddef.h>
#include <stdint.h>

typedef struct config config;
struct sdg_cddl_schema;

/* Reads |path| and checks it.  Returns 0; else every complaint is on standard error, a line each. */
int config_load(config **out, const char *path, const struct sdg_cddl_schema *schema);
void config_free(config *cfg);

/* Members by path: "tls.cert"; array elements by index: "issuers.0.name".  Borrowed as long as |cfg| lives. */
const char *config_text(const config *cfg, const char *path, const char *otherwise);
int64_t config_int(const config *cfg, const char *path, int64_t otherwise);
int config_flag(const config *cfg, const char *path, int otherwise);
/* How many elements an array has; 0 if there is none. */
size_t config_count(const config *cfg, const char *path);
/* An array of strings with a NULL behind it; NULL if there is none.  free() the array, not the strings. */
const char **config_texts(const config *cfg, const char *path);
/* Reports a mistake that the schema cannot see, with the member's line. */
void config_complain(const config *cfg, const char *path, const char *what);

#endif /* EXAMPLE_COMMON_CONFIG_H */
