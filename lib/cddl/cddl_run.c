/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_run.c -- reading the tables, counting work. */
#include "cddl/cddl_run.h"

#include <string.h>

const sdg_cddl_node *sdg_cddl_node_at(sdg_cddl_at at)
{
  return &at.schema->nodes[at.node];
}

const char *sdg_cddl_text(sdg_cddl_at at, uint32_t offset)
{
  return at.schema->text + offset;
}

sdg_cddl_at sdg_cddl_to(sdg_cddl_at at, uint32_t node)
{
  return (sdg_cddl_at){at.schema, node};
}

sdg_cddl_at sdg_cddl_body(sdg_cddl_at at, const char **rule)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);

  /* The compiler refuses rules that lead to themselves, so this ends. */
  while (node->kind == SDG_CDDL_RULE) {
    if (rule != NULL) {
      *rule = sdg_cddl_text(at, node->rule);
    }
    at.node = node->a;
    node = sdg_cddl_node_at(at);
  }
  return at;
}

static bool plugged_alternative(const sdg_cddl_run *run, const char *socket, size_t index, sdg_cddl_at *out)
{
  for (size_t i = 0; i < run->filled_count; i++) {
    if (strcmp(run->filled[i].socket, socket) != 0) {
      continue;
    }
    if (index == 0) {
      *out = run->filled[i].at;
      return true;
    }
    index--;
  }
  return false;
}

bool sdg_cddl_alternative(const sdg_cddl_run *run, sdg_cddl_at at, size_t index, sdg_cddl_at *out)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);

  switch (node->kind) {
  case SDG_CDDL_CHOICE:
  case SDG_CDDL_GROUP_CHOICE:
  case SDG_CDDL_SOCKET:
  case SDG_CDDL_GROUP_SOCKET:
    if (index < node->b) {
      *out = sdg_cddl_to(at, at.schema->lists[node->a + index]);
      return true;
    }
    if (node->kind == SDG_CDDL_CHOICE || node->kind == SDG_CDDL_GROUP_CHOICE) {
      return false;
    }
    return plugged_alternative(run, sdg_cddl_text(at, node->c), index - node->b, out);
  default:
    *out = at;
    return index == 0;
  }
}

bool sdg_cddl_spend(sdg_cddl_run *run, size_t steps)
{
  if (run->err != STARDELEG_OK) {
    return false;
  }
  if (run->steps_left < steps) {
    run->steps_left = 0;
    run->err = STARDELEG_ERR_LIMIT;
    return false;
  }
  run->steps_left -= steps;
  return true;
}

bool sdg_cddl_enter(sdg_cddl_run *run)
{
  if (!sdg_cddl_spend(run, 1)) {
    return false;
  }
  if (run->depth >= SDG_CDDL_DEPTH_MAX) {
    run->err = STARDELEG_ERR_LIMIT;
    return false;
  }
  run->depth++;
  return true;
}

void sdg_cddl_leave(sdg_cddl_run *run)
{
  run->depth--;
}

sdg_json_type sdg_cddl_item_type(sdg_cddl_item item)
{
  return item.name != NULL ? SDG_JSON_STRING : sdg_json_type_of(item.json);
}

const char *sdg_cddl_item_text(sdg_cddl_item item)
{
  return item.name != NULL ? item.name : sdg_json_string(item.json);
}
