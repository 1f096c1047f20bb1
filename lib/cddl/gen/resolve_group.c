/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/resolve_group.c -- groups to nodes. */
#include "cddl/gen/model.h"

static uint32_t repeat(sdg_gen_model *model, const sdg_gen_entry *entry, uint32_t group)
{
  if (group == SDG_CDDL_NONE || (entry->least == 1 && entry->most == 1)) {
    return group;
  }
  return sdg_gen_node(model, entry->place,
                      (sdg_cddl_node){SDG_CDDL_REPEAT, 0, 0, 0, entry->least, entry->most, 0, group});
}

uint32_t sdg_gen_resolve_entry(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_entry *entry)
{
  sdg_cddl_node node = {SDG_CDDL_ENTRY, 0, 0, 0, entry->least, entry->most, SDG_CDDL_NONE, 0};

  if (entry->group != NULL) {
    return repeat(model, entry, sdg_gen_resolve_group(model, scope, entry->group));
  }
  if (entry->key == NULL && sdg_gen_names_group(model, scope, entry->type, 0)) {
    return repeat(model, entry, sdg_gen_resolve_name(model, scope, entry->type));
  }
  if (entry->key != NULL) {
    node.flag = entry->cut ? 1 : 0;
    node.c = sdg_gen_resolve_type(model, scope, entry->key);
    if (node.c == SDG_CDDL_NONE) {
      return SDG_CDDL_NONE;
    }
  }
  node.d = sdg_gen_resolve_type(model, scope, entry->type);
  return node.d == SDG_CDDL_NONE ? SDG_CDDL_NONE : sdg_gen_node(model, entry->place, node);
}

static uint32_t resolve_branch(sdg_gen_model *model, const sdg_gen_scope *scope, sdg_gen_place place,
                               const sdg_gen_branch *branch)
{
  uint32_t *items = sdg_gen_alloc(model->gen, branch->count, sizeof *items);

  for (size_t i = 0; i < branch->count; i++) {
    items[i] = sdg_gen_resolve_entry(model, scope, branch->entries[i]);
    if (items[i] == SDG_CDDL_NONE) {
      return SDG_CDDL_NONE;
    }
  }
  return branch->count == 1 ? items[0] : sdg_gen_list_node(model, place, SDG_CDDL_SEQUENCE, items, branch->count, 0);
}

uint32_t sdg_gen_resolve_group(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_group *group)
{
  uint32_t *items = sdg_gen_alloc(model->gen, group->count, sizeof *items);

  for (size_t i = 0; i < group->count; i++) {
    items[i] = resolve_branch(model, scope, group->place, &group->branches[i]);
    if (items[i] == SDG_CDDL_NONE) {
      return SDG_CDDL_NONE;
    }
  }
  return group->count == 1 ? items[0]
                           : sdg_gen_list_node(model, group->place, SDG_CDDL_GROUP_CHOICE, items, group->count, 0);
}
