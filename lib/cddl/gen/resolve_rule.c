/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/resolve_rule.c -- rules to nodes; a generic rule is copied once per set of arguments. */
#include <stdio.h>
#include <string.h>
#include "cddl/gen/model.h"

/* "name<arg, arg>" for findings: rules by name, the rest as it is written, if it is short. */
static const char *name_instance(sdg_gen_model *model, const sdg_gen_rule *rule, const sdg_gen_type *use,
                                 const uint32_t *args)
{
  char name[256];
  size_t len = (size_t)snprintf(name, sizeof name, "%.100s", rule->name);

  if (rule->param_count == 0) {
    return rule->name;
  }
  for (size_t i = 0; i < rule->param_count && len < 200; i++) {
    const sdg_cddl_node *node = &model->nodes[args[i]];
    const char *text =
        node->kind == SDG_CDDL_RULE ? model->text + node->rule : model->syntax->source + use->items[i]->begin;
    size_t n = node->kind == SDG_CDDL_RULE ? strlen(text) : use->items[i]->end - use->items[i]->begin;
    if (n > 40 || memchr(text, '\n', n) != NULL) {
      text = "...";
      n = 3;
    }
    len += (size_t)snprintf(name + len, sizeof name - len, "%s%.*s", i == 0 ? "<" : ", ", (int)n, text);
  }
  (void)snprintf(name + len, sizeof name - len, ">");
  return sdg_gen_copy(model->gen, name, strlen(name));
}

static uint32_t resolve_definitions(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_rule *rule,
                                    bool group)
{
  uint32_t *items = sdg_gen_alloc(model->gen, rule->count, sizeof *items);
  bool socket = rule->name[0] == '$';

  for (size_t i = 0; i < rule->count; i++) {
    const sdg_gen_entry *definition = rule->definitions[i];
    items[i] =
        group ? sdg_gen_resolve_entry(model, scope, definition) : sdg_gen_resolve_type(model, scope, definition->type);
    if (items[i] == SDG_CDDL_NONE) {
      return SDG_CDDL_NONE;
    }
  }
  if (socket) {
    return sdg_gen_list_node(model, rule->place, group ? SDG_CDDL_GROUP_SOCKET : SDG_CDDL_SOCKET, items, rule->count,
                             sdg_gen_text(model, rule->name));
  }
  if (rule->count == 1) {
    return items[0];
  }
  return sdg_gen_list_node(model, rule->place, group ? SDG_CDDL_GROUP_CHOICE : SDG_CDDL_CHOICE, items, rule->count, 0);
}

static bool check_rule_kind(sdg_gen_model *model, const sdg_gen_rule *rule, bool group)
{
  if ((group && rule->extended_type) || (rule->extended_group && rule->extended_type)) {
    return sdg_gen_fail(model->gen, rule->place, "'%.80s' is a group, so it is extended with //=", rule->name);
  }
  if (rule->extended_group && rule->defined) {
    const sdg_gen_entry *first = rule->definitions[0];
    sdg_gen_scope none = {NULL, NULL};
    if (!first->counted && first->key == NULL && first->group == NULL &&
        !sdg_gen_names_group(model, &none, first->type, 0)) {
      return sdg_gen_fail(model->gen, rule->place, "'%.80s' is a type, so it is extended with /=", rule->name);
    }
  }
  return true;
}

static uint32_t find_instance(const sdg_gen_model *model, const sdg_gen_rule *rule, const uint32_t *args)
{
  for (size_t i = 0; i < model->instance_count; i++) {
    const sdg_gen_instance *instance = &model->instances[i];
    if (instance->rule == rule &&
        (rule->param_count == 0 || memcmp(instance->args, args, rule->param_count * sizeof *args) == 0)) {
      return instance->node;
    }
  }
  return SDG_CDDL_NONE;
}

static uint32_t make_instance(sdg_gen_model *model, sdg_gen_rule *rule, const sdg_gen_scope *outer,
                              const sdg_gen_type *use, const uint32_t *args)
{
  bool group = sdg_gen_is_group_rule(model, rule, outer, use, 0);
  sdg_gen_scope scope = {rule, args};
  uint32_t node, body;

  if (!check_rule_kind(model, rule, group)) {
    return SDG_CDDL_NONE;
  }
  if (model->instance_count >= SDG_GEN_INSTANCES_MAX || model->nesting >= SDG_GEN_RULE_NESTING_MAX) {
    (void)sdg_gen_fail(model->gen, rule->place, "the rules around '%.80s' nest without end or too deep", rule->name);
    return SDG_CDDL_NONE;
  }
  node = sdg_gen_rule_node(model, rule->place, name_instance(model, rule, use, args), group);
  if (node == SDG_CDDL_NONE) {
    return SDG_CDDL_NONE;
  }
  model->instances =
      sdg_gen_more(model->gen, model->instances, model->instance_count, &model->instance_cap, sizeof *model->instances);
  model->instances[model->instance_count++] = (sdg_gen_instance){rule, args, node};
  model->nesting++;
  body = resolve_definitions(model, &scope, rule, group);
  model->nesting--;
  if (body == SDG_CDDL_NONE) {
    return SDG_CDDL_NONE;
  }
  model->nodes[node].a = body;
  return node;
}

uint32_t sdg_gen_resolve_rule(sdg_gen_model *model, sdg_gen_rule *rule, const sdg_gen_scope *scope,
                              const sdg_gen_type *use)
{
  uint32_t *args = sdg_gen_alloc(model->gen, rule->param_count, sizeof *args);
  uint32_t node;

  for (size_t i = 0; i < rule->param_count; i++) {
    const sdg_gen_type *arg = use->items[i];
    args[i] = sdg_gen_names_group(model, scope, arg, 0) ? sdg_gen_resolve_name(model, scope, arg)
                                                        : sdg_gen_resolve_type(model, scope, arg);
    if (args[i] == SDG_CDDL_NONE) {
      return SDG_CDDL_NONE;
    }
  }
  node = find_instance(model, rule, args);
  return node != SDG_CDDL_NONE ? node : make_instance(model, rule, scope, use, args);
}
