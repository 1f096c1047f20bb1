/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/check.c -- looks over the finished tables: rules that lead to themselves, and entries of maps. */
#include "cddl/gen/model.h"

typedef struct walk {
  sdg_gen_model *model;
  uint8_t *state; /* per node: 0 not seen, 1 on the way, 2 done */
} walk;

static bool visit(walk *w, uint32_t node);

static bool visit_list(walk *w, const sdg_cddl_node *n)
{
  for (uint32_t i = 0; i < n->b; i++) {
    if (!visit(w, w->model->lists[n->a + i])) {
      return false;
    }
  }
  return true;
}

/* Follows what looks at the same value or at the same place of a group; arrays, maps and entries go on to something
 * smaller. */
static bool visit_inside(walk *w, const sdg_cddl_node *n)
{
  switch (n->kind) {
  case SDG_CDDL_RULE:
  case SDG_CDDL_COMPARE:
  case SDG_CDDL_REGEXP:
  case SDG_CDDL_SIZE:
    return visit(w, n->a);
  case SDG_CDDL_AND:
    return visit(w, n->a) && visit(w, n->b);
  case SDG_CDDL_CHOICE:
  case SDG_CDDL_SOCKET:
  case SDG_CDDL_SEQUENCE:
  case SDG_CDDL_GROUP_CHOICE:
  case SDG_CDDL_GROUP_SOCKET:
    return visit_list(w, n);
  case SDG_CDDL_REPEAT:
    return visit(w, n->d);
  default:
    return true;
  }
}

static bool visit(walk *w, uint32_t node)
{
  const sdg_cddl_node *n = &w->model->nodes[node];

  if (w->state[node] == 2) {
    return true;
  }
  if (w->state[node] == 1) {
    return sdg_gen_fail(w->model->gen, w->model->places[node],
                        "this refers to itself without an array or a map in between");
  }
  w->state[node] = 1;
  if (!visit_inside(w, n)) {
    return false;
  }
  w->state[node] = 2;
  return true;
}

/* All entries that a map's group leads to have a key, and it can be the name of a member. */
static bool visit_map_group(walk *w, uint32_t node)
{
  sdg_gen_model *model = w->model;
  const sdg_cddl_node *n = &model->nodes[node];
  bool good = true;

  if (w->state[node] != 0) {
    return true;
  }
  w->state[node] = 1;
  switch (n->kind) {
  case SDG_CDDL_RULE:
    return visit_map_group(w, n->a);
  case SDG_CDDL_REPEAT:
    return visit_map_group(w, n->d);
  case SDG_CDDL_ENTRY:
    if (n->c == SDG_CDDL_NONE) {
      return sdg_gen_fail(model->gen, model->places[node], "an entry of a map needs a member key");
    }
    if ((sdg_gen_json_kinds(model, n->c, 0) & SDG_GEN_JSON_TEXT) == 0) {
      return sdg_gen_fail(model->gen, model->places[node], "the name of a JSON member is text");
    }
    return true;
  default:
    for (uint32_t i = 0; good && i < n->b; i++) {
      good = visit_map_group(w, model->lists[n->a + i]);
    }
    return good;
  }
}

bool sdg_gen_check(sdg_gen_model *model)
{
  walk w = {model, sdg_gen_alloc(model->gen, model->node_count, 1)};

  for (uint32_t i = 0; i < model->node_count; i++) {
    if (!visit(&w, i)) {
      return false;
    }
  }
  w.state = sdg_gen_alloc(model->gen, model->node_count, 1);
  for (uint32_t i = 0; i < model->node_count; i++) {
    if (model->nodes[i].kind == SDG_CDDL_MAP && !visit_map_group(&w, model->nodes[i].a)) {
      return false;
    }
  }
  return true;
}
