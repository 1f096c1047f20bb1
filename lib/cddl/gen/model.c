/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/model.c -- nodes, lists, strings; what is equal is kept once. */
#include "cddl/gen/model.h"

#include <string.h>

void sdg_gen_model_init(sdg_gen_model *model, sdg_gen *gen, sdg_gen_syntax *syntax)
{
  memset(model, 0, sizeof *model);
  model->gen = gen;
  model->syntax = syntax;
  (void)sdg_gen_text(model, "");
}

uint32_t sdg_gen_text(sdg_gen_model *model, const char *text)
{
  size_t len = strlen(text) + 1;
  size_t at = 0;

  while (at < model->text_len) {
    if (strcmp(model->text + at, text) == 0) {
      return (uint32_t)at;
    }
    at += strlen(model->text + at) + 1;
  }
  for (size_t i = 0; i < len; i++) {
    model->text = sdg_gen_more(model->gen, model->text, model->text_len, &model->text_cap, 1);
    model->text[model->text_len++] = text[i];
  }
  return (uint32_t)at;
}

static uint32_t add_node(sdg_gen_model *model, sdg_gen_place place, sdg_cddl_node node)
{
  if (model->node_count >= SDG_GEN_NODES_MAX) {
    (void)sdg_gen_fail(model->gen, place, "the schema is too large");
    return SDG_CDDL_NONE;
  }
  model->nodes = sdg_gen_more(model->gen, model->nodes, model->node_count, &model->node_cap, sizeof *model->nodes);
  model->places = sdg_gen_more(model->gen, model->places, model->node_count, &model->place_cap, sizeof *model->places);
  model->nodes[model->node_count] = node;
  model->places[model->node_count] = place;
  return (uint32_t)model->node_count++;
}

static bool equal_nodes(const sdg_cddl_node *a, const sdg_cddl_node *b)
{
  return a->kind == b->kind && a->flag == b->flag && a->a == b->a && a->b == b->b && a->c == b->c && a->d == b->d;
}

uint32_t sdg_gen_node(sdg_gen_model *model, sdg_gen_place place, sdg_cddl_node node)
{
  /* An entry without a key keeps its own place: in a map it will be complained about. */
  bool own = node.kind == SDG_CDDL_ENTRY && node.c == SDG_CDDL_NONE;

  for (size_t i = 0; !own && i < model->node_count; i++) {
    if (model->nodes[i].kind != SDG_CDDL_RULE && equal_nodes(&model->nodes[i], &node)) {
      return (uint32_t)i;
    }
  }
  return add_node(model, place, node);
}

uint32_t sdg_gen_rule_node(sdg_gen_model *model, sdg_gen_place place, const char *name, bool group)
{
  sdg_cddl_node node = {SDG_CDDL_RULE, 0, group ? 1 : 0, sdg_gen_text(model, name), SDG_CDDL_NONE, 0, 0, 0};

  return add_node(model, place, node);
}

static uint32_t find_list(const sdg_gen_model *model, const uint32_t *items, size_t count)
{
  for (size_t i = 0; i + count <= model->list_count; i++) {
    if (memcmp(&model->lists[i], items, count * sizeof *items) == 0) {
      return (uint32_t)i;
    }
  }
  return SDG_CDDL_NONE;
}

uint32_t sdg_gen_list_node(sdg_gen_model *model, sdg_gen_place place, sdg_cddl_kind kind, const uint32_t *items,
                           size_t count, uint32_t c)
{
  sdg_cddl_node node = {(uint8_t)kind, 0, 0, 0, 0, (uint32_t)count, c, 0};

  if (count > 0) {
    node.a = find_list(model, items, count);
  }
  if (node.a == SDG_CDDL_NONE) {
    node.a = (uint32_t)model->list_count;
    for (size_t i = 0; i < count; i++) {
      model->lists = sdg_gen_more(model->gen, model->lists, model->list_count, &model->list_cap, sizeof *model->lists);
      model->lists[model->list_count++] = items[i];
    }
  }
  return sdg_gen_node(model, place, node);
}

uint32_t sdg_gen_body(const sdg_gen_model *model, uint32_t node)
{
  for (size_t i = 0; node != SDG_CDDL_NONE && model->nodes[node].kind == SDG_CDDL_RULE; i++) {
    if (i > model->node_count) {
      return SDG_CDDL_NONE; /* a ring; sdg_gen_check complains about it */
    }
    node = model->nodes[node].a;
  }
  return node;
}

bool sdg_gen_is_group_node(const sdg_gen_model *model, uint32_t node)
{
  const sdg_cddl_node *n = &model->nodes[node];

  return n->kind == SDG_CDDL_RULE ? n->group != 0 : n->kind >= SDG_CDDL_ENTRY;
}
