/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/syntax.h -- the tree of a CDDL file, as written; names are not looked up yet. */
#ifndef SDG_CDDL_GEN_SYNTAX_H
#define SDG_CDDL_GEN_SYNTAX_H

#include "cddl/gen/gen.h"

struct sdg_gen_group;

typedef enum sdg_gen_type_kind {
  SDG_GEN_TYPE_NAME,    /* text; items: generic arguments */
  SDG_GEN_TYPE_TEXT,    /* text */
  SDG_GEN_TYPE_INT,     /* text */
  SDG_GEN_TYPE_NUMBER,  /* text */
  SDG_GEN_TYPE_RANGE,   /* items: two; open */
  SDG_GEN_TYPE_CONTROL, /* text: operator; items: target, controller */
  SDG_GEN_TYPE_CHOICE,  /* items */
  SDG_GEN_TYPE_MAP,     /* group */
  SDG_GEN_TYPE_ARRAY    /* group */
} sdg_gen_type_kind;

typedef struct sdg_gen_type {
  sdg_gen_type_kind kind;
  bool open; /* ranges: "..." */
  sdg_gen_place place;
  size_t begin, end; /* offsets in the source */
  const char *text;
  struct sdg_gen_type **items;
  size_t count;
  struct sdg_gen_group *group;
} sdg_gen_type;

/* An entry is a type, perhaps with a key, or a group in parentheses. */
typedef struct sdg_gen_entry {
  sdg_gen_place place;
  uint32_t least, most;
  bool counted; /* an occurrence was written */
  bool cut;
  bool comma; /* a comma follows: "(b,)" is a group even if b is a type */
  sdg_gen_type *key;
  sdg_gen_type *type;
  struct sdg_gen_group *group;
} sdg_gen_entry;

typedef struct sdg_gen_branch {
  sdg_gen_entry **entries;
  size_t count, cap;
} sdg_gen_branch;

/* Alternatives, each a sequence of entries. */
typedef struct sdg_gen_group {
  sdg_gen_place place;
  sdg_gen_branch *branches;
  size_t count, cap;
} sdg_gen_group;

typedef struct sdg_gen_rule {
  const char *name;
  sdg_gen_place place;
  const char **params;
  size_t param_count, param_cap;
  sdg_gen_entry **definitions; /* by "=", then those added by "/=" or "//=" */
  size_t count, cap;
  bool defined; /* by "=" */
  bool extended_type, extended_group;
  int group_state; /* resolver: 0 not known, 1 being looked at, 2 type, 3 group */
} sdg_gen_rule;

typedef struct sdg_gen_syntax {
  const char *source;
  sdg_gen_rule **rules;
  size_t count, cap;
} sdg_gen_syntax;

/* Parses a whole file; false after a complaint. */
bool sdg_gen_parse(sdg_gen *gen, const char *source, size_t len, sdg_gen_syntax *out);
sdg_gen_rule *sdg_gen_find_rule(const sdg_gen_syntax *syntax, const char *name);

#endif /* SDG_CDDL_GEN_SYNTAX_H */
