/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/model.h -- the tables while they are made. */
#ifndef SDG_CDDL_GEN_MODEL_H
#define SDG_CDDL_GEN_MODEL_H

#include "cddl/cddl_table.h"
#include "cddl/gen/gen.h"
#include "cddl/gen/syntax.h"

#define SDG_GEN_NODES_MAX 50000u
#define SDG_GEN_INSTANCES_MAX 4096u
/* Rules that lead to one another without an end in sight. */
#define SDG_GEN_RULE_NESTING_MAX 200u

/* Kinds of JSON values that a type may let in. */
#define SDG_GEN_JSON_TEXT 1u
#define SDG_GEN_JSON_UINT 2u
#define SDG_GEN_JSON_NINT 4u
#define SDG_GEN_JSON_FRACTION 8u
#define SDG_GEN_JSON_OTHER 16u
#define SDG_GEN_JSON_ALL 31u

/* A rule with its generic arguments. */
typedef struct sdg_gen_instance {
  sdg_gen_rule *rule;
  const uint32_t *args;
  uint32_t node;
} sdg_gen_instance;

typedef struct sdg_gen_model {
  sdg_gen *gen;
  sdg_gen_syntax *syntax;
  sdg_cddl_node *nodes;
  sdg_gen_place *places; /* of the nodes, same room */
  size_t node_count, node_cap, place_cap;
  uint32_t *lists;
  size_t list_count, list_cap;
  char *text;
  size_t text_len, text_cap;
  sdg_cddl_dfa *dfas;
  uint32_t *dfa_texts; /* the expression of each */
  size_t dfa_count, dfa_cap, dfa_text_cap;
  sdg_cddl_rule *rules;
  size_t rule_count, rule_cap;
  sdg_gen_instance *instances;
  size_t instance_count, instance_cap;
  unsigned nesting;
} sdg_gen_model;

/* Where names are looked up: inside of a generic rule its parameters stand for nodes. */
typedef struct sdg_gen_scope {
  const sdg_gen_rule *rule;
  const uint32_t *args;
} sdg_gen_scope;

/* model.c */
void sdg_gen_model_init(sdg_gen_model *model, sdg_gen *gen, sdg_gen_syntax *syntax);
uint32_t sdg_gen_text(sdg_gen_model *model, const char *text);
/* The node, or an equal one that is there already. */
uint32_t sdg_gen_node(sdg_gen_model *model, sdg_gen_place place, sdg_cddl_node node);
/* A new node of kind RULE, its body to be set. */
uint32_t sdg_gen_rule_node(sdg_gen_model *model, sdg_gen_place place, const char *name, bool group);
/* A node whose operands are a list. */
uint32_t sdg_gen_list_node(sdg_gen_model *model, sdg_gen_place place, sdg_cddl_kind kind, const uint32_t *items,
                           size_t count, uint32_t c);
/* Past RULE nodes; SDG_CDDL_NONE for a rule that is not finished. */
uint32_t sdg_gen_body(const sdg_gen_model *model, uint32_t node);
bool sdg_gen_is_group_node(const sdg_gen_model *model, uint32_t node);

/* resolve.c: names */
/* Everything: rules to tables.  False after a complaint. */
bool sdg_gen_resolve(sdg_gen *gen, sdg_gen_syntax *syntax, sdg_gen_model *out);
bool sdg_gen_names_group(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type, unsigned depth);
/* RFC 8610 appendix C: "a = b" makes a group if b is one.  |use| (may be NULL) is where the rule is named, in |outer|.
 */
bool sdg_gen_is_group_rule(sdg_gen_model *model, sdg_gen_rule *rule, const sdg_gen_scope *outer,
                           const sdg_gen_type *use, unsigned depth);
/* The node of a name, a type or a group; NONE after a complaint. */
uint32_t sdg_gen_resolve_name(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type);

/* resolve_rule.c: the node of a rule with the arguments of |use| (may be NULL without); NONE after a complaint */
uint32_t sdg_gen_resolve_rule(sdg_gen_model *model, sdg_gen_rule *rule, const sdg_gen_scope *scope,
                              const sdg_gen_type *use);

/* resolve_type.c, resolve_control.c, resolve_group.c: NONE after a complaint */
uint32_t sdg_gen_resolve_type(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type);
uint32_t sdg_gen_resolve_control(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type);
uint32_t sdg_gen_resolve_range(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type);
uint32_t sdg_gen_resolve_entry(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_entry *entry);
uint32_t sdg_gen_resolve_group(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_group *group);
/* SDG_GEN_JSON_* of a type. */
unsigned sdg_gen_json_kinds(const sdg_gen_model *model, uint32_t node, unsigned depth);

/* check.c: what can only be seen when all is there */
bool sdg_gen_check(sdg_gen_model *model);

#endif /* SDG_CDDL_GEN_MODEL_H */
