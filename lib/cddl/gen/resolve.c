/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/resolve.c -- names: the prelude, rules, sockets, generic parameters.  Generic rules are copied once per set
 * of arguments. */
#include <stdio.h>
#include <string.h>
#include "cddl/gen/model.h"

/* The standard prelude (RFC 8610 appendix D).  |kind| is -1 for what JSON has not. */
static const struct {
  const char *name;
  int kind;
} prelude[] = {
    {"any", SDG_CDDL_ANY},
    {"uint", SDG_CDDL_UINT},
    {"nint", SDG_CDDL_NINT},
    {"int", SDG_CDDL_INT},
    {"number", SDG_CDDL_NUMBER},
    {"float", SDG_CDDL_NUMBER},
    {"float64", SDG_CDDL_NUMBER},
    {"tstr", SDG_CDDL_TEXT},
    {"text", SDG_CDDL_TEXT},
    {"bool", SDG_CDDL_BOOL},
    {"false", SDG_CDDL_FALSE},
    {"true", SDG_CDDL_TRUE},
    {"null", SDG_CDDL_NULL},
    {"nil", SDG_CDDL_NULL},
    {"bstr", -1},
    {"bytes", -1},
    {"tdate", -1},
    {"time", -1},
    {"biguint", -1},
    {"bignint", -1},
    {"bigint", -1},
    {"integer", -1},
    {"unsigned", -1},
    {"decfrac", -1},
    {"bigfloat", -1},
    {"eb64url", -1},
    {"eb64legacy", -1},
    {"eb16", -1},
    {"encoded-cbor", -1},
    {"uri", -1},
    {"b64url", -1},
    {"b64legacy", -1},
    {"regexp", -1},
    {"mime-message", -1},
    {"cbor-any", -1},
    {"float16", -1},
    {"float32", -1},
    {"float16-32", -1},
    {"float32-64", -1},
    {"undefined", -1},
};

static const int *find_prelude(const char *name)
{
  for (size_t i = 0; i < sizeof prelude / sizeof prelude[0]; i++) {
    if (strcmp(prelude[i].name, name) == 0) {
      return &prelude[i].kind;
    }
  }
  return NULL;
}

static size_t find_param(const sdg_gen_scope *scope, const char *name)
{
  for (size_t i = 0; scope->rule != NULL && i < scope->rule->param_count; i++) {
    if (strcmp(scope->rule->params[i], name) == 0) {
      return i;
    }
  }
  return SIZE_MAX;
}

/* RFC 8610 appendix C: "a = b" makes a group if b is one. */
bool sdg_gen_is_group_rule(sdg_gen_model *model, sdg_gen_rule *rule, const sdg_gen_scope *outer,
                           const sdg_gen_type *use, unsigned depth)
{
  const sdg_gen_entry *entry = rule->count > 0 ? rule->definitions[0] : NULL;
  sdg_gen_scope inner = {rule, NULL};
  size_t param;

  if (rule->extended_group) {
    return true;
  }
  if (entry == NULL || depth > SDG_GEN_RULE_NESTING_MAX) {
    return false;
  }
  if (entry->counted || entry->key != NULL || entry->group != NULL) {
    return true;
  }
  if (entry->type->kind != SDG_GEN_TYPE_NAME) {
    return false;
  }
  param = find_param(&inner, entry->type->text);
  if (param != SIZE_MAX) {
    return use != NULL && param < use->count && sdg_gen_names_group(model, outer, use->items[param], depth + 1);
  }
  if (rule->group_state == 0) {
    rule->group_state = 1; /* a ring of names counts as a type; it is complained about later */
    rule->group_state = sdg_gen_names_group(model, &inner, entry->type, depth + 1) ? 3 : 2;
  }
  return rule->group_state == 3;
}

bool sdg_gen_names_group(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type, unsigned depth)
{
  sdg_gen_rule *rule;
  size_t param;

  if (type->kind != SDG_GEN_TYPE_NAME) {
    return false;
  }
  param = find_param(scope, type->text);
  if (param != SIZE_MAX) {
    return scope->args != NULL && sdg_gen_is_group_node(model, scope->args[param]);
  }
  if (strncmp(type->text, "$$", 2) == 0) {
    return true;
  }
  rule = sdg_gen_find_rule(model->syntax, type->text);
  return rule != NULL && sdg_gen_is_group_rule(model, rule, scope, type, depth);
}

/* A socket nobody has filled is no mistake (RFC 8610 3.9). */
static sdg_gen_rule *open_socket(sdg_gen_model *model, const sdg_gen_type *type)
{
  sdg_gen_rule *rule = sdg_gen_alloc(model->gen, 1, sizeof *rule);
  sdg_gen_syntax *syntax = model->syntax;

  rule->name = type->text;
  rule->place = type->place;
  rule->extended_group = type->text[1] == '$';
  rule->extended_type = !rule->extended_group;
  syntax->rules = sdg_gen_more(model->gen, syntax->rules, syntax->count, &syntax->cap, sizeof *syntax->rules);
  syntax->rules[syntax->count++] = rule;
  return rule;
}

uint32_t sdg_gen_resolve_name(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type)
{
  size_t param = find_param(scope, type->text);
  const int *kind = find_prelude(type->text);
  sdg_gen_rule *rule = sdg_gen_find_rule(model->syntax, type->text);
  size_t wanted = 0;

  if (param == SIZE_MAX && kind == NULL && rule == NULL && type->text[0] == '$') {
    rule = open_socket(model, type);
  }
  wanted = param == SIZE_MAX && kind == NULL && rule != NULL ? rule->param_count : 0;
  if (type->count != wanted) {
    (void)sdg_gen_fail(model->gen, type->place, "'%.80s' takes %lu generic arguments, not %lu", type->text,
                       (unsigned long)wanted, (unsigned long)type->count);
    return SDG_CDDL_NONE;
  }
  if (param != SIZE_MAX) {
    return scope->args[param];
  }
  if (kind != NULL && *kind < 0) {
    (void)sdg_gen_fail(model->gen, type->place, "the prelude type '%.80s' has no JSON form", type->text);
    return SDG_CDDL_NONE;
  }
  if (kind != NULL) {
    return sdg_gen_node(model, type->place, (sdg_cddl_node){(uint8_t)*kind, 0, 0, 0, 0, 0, 0, 0});
  }
  if (rule == NULL) {
    (void)sdg_gen_fail(model->gen, type->place, "the rule '%.80s' is not defined", type->text);
    return SDG_CDDL_NONE;
  }
  return sdg_gen_resolve_rule(model, rule, scope, type);
}

static bool resolve_top(sdg_gen_model *model, sdg_gen_rule *rule)
{
  sdg_gen_scope none = {NULL, NULL};
  uint32_t node;

  if (find_prelude(rule->name) != NULL) {
    return sdg_gen_fail(model->gen, rule->place, "'%.80s' is a name of the prelude", rule->name);
  }
  if (rule->param_count > 0) {
    return true;
  }
  node = sdg_gen_resolve_rule(model, rule, &none, NULL);
  if (node == SDG_CDDL_NONE) {
    return false;
  }
  model->rules = sdg_gen_more(model->gen, model->rules, model->rule_count, &model->rule_cap, sizeof *model->rules);
  model->rules[model->rule_count++] = (sdg_cddl_rule){sdg_gen_text(model, rule->name), node};
  return true;
}

bool sdg_gen_resolve(sdg_gen *gen, sdg_gen_syntax *syntax, sdg_gen_model *out)
{
  sdg_gen_model_init(out, gen, syntax);
  if (syntax->rules[0]->param_count > 0) {
    return sdg_gen_fail(gen, syntax->rules[0]->place, "the first rule is the root and cannot be generic");
  }
  /* The list grows while empty sockets are met. */
  for (size_t i = 0; i < syntax->count; i++) {
    if (!resolve_top(out, syntax->rules[i])) {
      return false;
    }
  }
  return sdg_gen_check(out);
}
