/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/resolve_type.c -- types to nodes. */
#include <string.h>
#include "cddl/gen/model.h"

static uint32_t resolve_literal(sdg_gen_model *model, const sdg_gen_type *type, sdg_cddl_kind kind)
{
  return sdg_gen_node(model, type->place,
                      (sdg_cddl_node){(uint8_t)kind, 0, 0, 0, sdg_gen_text(model, type->text), 0, 0, 0});
}

static uint32_t resolve_choice(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type)
{
  uint32_t *items = sdg_gen_alloc(model->gen, type->count, sizeof *items);

  for (size_t i = 0; i < type->count; i++) {
    items[i] = sdg_gen_resolve_type(model, scope, type->items[i]);
    if (items[i] == SDG_CDDL_NONE) {
      return SDG_CDDL_NONE;
    }
  }
  return sdg_gen_list_node(model, type->place, SDG_CDDL_CHOICE, items, type->count, 0);
}

static uint32_t resolve_container(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type)
{
  uint32_t group = sdg_gen_resolve_group(model, scope, type->group);
  sdg_cddl_kind kind = type->kind == SDG_GEN_TYPE_MAP ? SDG_CDDL_MAP : SDG_CDDL_ARRAY;

  if (group == SDG_CDDL_NONE) {
    return SDG_CDDL_NONE;
  }
  return sdg_gen_node(model, type->place, (sdg_cddl_node){(uint8_t)kind, 0, 0, 0, group, 0, 0, 0});
}

uint32_t sdg_gen_resolve_type(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type)
{
  uint32_t node;

  switch (type->kind) {
  case SDG_GEN_TYPE_NAME:
    node = sdg_gen_resolve_name(model, scope, type);
    if (node != SDG_CDDL_NONE && sdg_gen_is_group_node(model, node)) {
      (void)sdg_gen_fail(model->gen, type->place, "'%.80s' is a group where a type is expected", type->text);
      return SDG_CDDL_NONE;
    }
    return node;
  case SDG_GEN_TYPE_TEXT:
    return resolve_literal(model, type, SDG_CDDL_LITERAL_TEXT);
  case SDG_GEN_TYPE_INT:
    return resolve_literal(model, type, SDG_CDDL_LITERAL_INT);
  case SDG_GEN_TYPE_NUMBER:
    return resolve_literal(model, type, SDG_CDDL_LITERAL_NUMBER);
  case SDG_GEN_TYPE_RANGE:
    return sdg_gen_resolve_range(model, scope, type);
  case SDG_GEN_TYPE_CONTROL:
    return sdg_gen_resolve_control(model, scope, type);
  case SDG_GEN_TYPE_CHOICE:
    return resolve_choice(model, scope, type);
  default:
    return resolve_container(model, scope, type);
  }
}

static unsigned kinds_of_literal(const sdg_gen_model *model, const sdg_cddl_node *node)
{
  return model->text[node->a] == '-' ? SDG_GEN_JSON_NINT : SDG_GEN_JSON_UINT;
}

static unsigned kinds_of_list(const sdg_gen_model *model, const sdg_cddl_node *node, unsigned depth)
{
  unsigned kinds = 0;

  for (uint32_t i = 0; i < node->b; i++) {
    kinds |= sdg_gen_json_kinds(model, model->lists[node->a + i], depth + 1);
  }
  return kinds;
}

/* A rule under way counts as anything: it can only be met again inside of an array or a map, or in a ring that is
 * refused. */
unsigned sdg_gen_json_kinds(const sdg_gen_model *model, uint32_t node, unsigned depth)
{
  const sdg_cddl_node *n;

  node = sdg_gen_body(model, node);
  if (node == SDG_CDDL_NONE || depth > 64) {
    return SDG_GEN_JSON_ALL;
  }
  n = &model->nodes[node];
  switch (n->kind) {
  case SDG_CDDL_ANY:
    return SDG_GEN_JSON_ALL;
  case SDG_CDDL_UINT:
    return SDG_GEN_JSON_UINT;
  case SDG_CDDL_NINT:
    return SDG_GEN_JSON_NINT;
  case SDG_CDDL_INT:
    return SDG_GEN_JSON_UINT | SDG_GEN_JSON_NINT;
  case SDG_CDDL_NUMBER:
  case SDG_CDDL_LITERAL_NUMBER:
    return SDG_GEN_JSON_UINT | SDG_GEN_JSON_NINT | SDG_GEN_JSON_FRACTION;
  case SDG_CDDL_TEXT:
  case SDG_CDDL_LITERAL_TEXT:
    return SDG_GEN_JSON_TEXT;
  case SDG_CDDL_LITERAL_INT:
    return kinds_of_literal(model, n);
  case SDG_CDDL_RANGE:
    if ((n->flag & SDG_CDDL_RANGE_NUMBER) != 0) {
      return SDG_GEN_JSON_UINT | SDG_GEN_JSON_NINT | SDG_GEN_JSON_FRACTION;
    }
    return kinds_of_literal(model, n) | SDG_GEN_JSON_UINT;
  case SDG_CDDL_COMPARE:
  case SDG_CDDL_REGEXP:
  case SDG_CDDL_SIZE:
    return sdg_gen_json_kinds(model, n->a, depth + 1);
  case SDG_CDDL_AND:
    return sdg_gen_json_kinds(model, n->a, depth + 1) & sdg_gen_json_kinds(model, n->b, depth + 1);
  case SDG_CDDL_CHOICE:
  case SDG_CDDL_SOCKET:
    return kinds_of_list(model, n, depth);
  default:
    return SDG_GEN_JSON_OTHER;
  }
}
