/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/emit.h -- tables to C. */
#ifndef SDG_CDDL_GEN_EMIT_H
#define SDG_CDDL_GEN_EMIT_H

#include <stdio.h>
#include "cddl/gen/model.h"

typedef struct sdg_gen_names {
  const char *source;  /* the CDDL file's name, for the first comment */
  const char *symbol;  /* of the schema */
  const char *include; /* the header's name in the #include of the C file */
  const char *runtime; /* the header with the layout of the tables */
} sdg_gen_names;

/* False if writing fails. */
bool sdg_gen_emit_source(FILE *out, const sdg_gen_model *model, const sdg_gen_names *names);
bool sdg_gen_emit_header(FILE *out, const sdg_gen_names *names);

/* compile.c: source text to tables; false after a complaint.  |model| lives as long as |gen|. */
bool sdg_gen_compile(sdg_gen *gen, const char *source, size_t len, sdg_gen_model *model);
/* The tables of |model| as a schema that can be run at once. */
sdg_cddl_schema sdg_gen_schema(const sdg_gen_model *model);

#endif /* SDG_CDDL_GEN_EMIT_H */
