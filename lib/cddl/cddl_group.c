/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_group.c -- does a group match the members of an object or the items of an array?  Prioritised choices and
 * greedy occurrences, as RFC 8610 appendix A has it; members of an object are looked for in all that is not taken yet.
 */
#include "cddl/cddl_run.h"

static sdg_cddl_outcome match_items(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_view *view)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  uint32_t found = 0;

  while (found < node->b && view->next != NULL && sdg_cddl_match_json(run, sdg_cddl_to(at, node->d), view->next)) {
    view->next = sdg_json_next(view->next);
    view->taken++;
    found++;
  }
  return found >= node->a ? SDG_CDDL_YES : SDG_CDDL_NO;
}

/* One pass is enough: whether a member fits an entry does not depend on what was taken before. */
static sdg_cddl_outcome match_members(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_view *view)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  const sdg_json *member = sdg_json_first(view->container);
  uint32_t found = 0;

  if (node->c == SDG_CDDL_NONE) {
    return node->a == 0 ? SDG_CDDL_YES : SDG_CDDL_NO; /* without a key it can only match an array's item */
  }
  for (size_t i = 0; member != NULL && found < node->b; i++, member = sdg_json_next(member)) {
    sdg_cddl_item name = {NULL, sdg_json_name(member)};
    if (sdg_cddl_view_is_taken(run, view, i) || !sdg_cddl_match(run, sdg_cddl_to(at, node->c), name)) {
      continue;
    }
    if (sdg_cddl_match_json(run, sdg_cddl_to(at, node->d), member)) {
      sdg_cddl_view_take(run, view, i);
      found++;
    } else if (node->flag != 0) {
      return SDG_CDDL_CUT; /* RFC 8610 3.5.4 */
    }
    if (run->err != STARDELEG_OK) {
      return SDG_CDDL_NO;
    }
  }
  return found >= node->a ? SDG_CDDL_YES : SDG_CDDL_NO;
}

static sdg_cddl_outcome match_repeat(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_view *view)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  sdg_cddl_at group = sdg_cddl_to(at, node->d);
  sdg_cddl_saved saved;
  sdg_cddl_outcome outcome = SDG_CDDL_YES;

  for (uint32_t found = 0; found < node->b; found++) {
    if (!sdg_cddl_view_save(run, view, &saved)) {
      return SDG_CDDL_NO;
    }
    outcome = sdg_cddl_match_group(run, group, view);
    if (outcome != SDG_CDDL_YES) {
      sdg_cddl_view_restore(run, view, &saved);
    }
    sdg_cddl_view_drop(run, &saved);
    if (outcome != SDG_CDDL_YES) {
      return outcome == SDG_CDDL_NO && found >= node->a ? SDG_CDDL_YES : outcome;
    }
    if (view->taken == saved.view.taken) {
      return SDG_CDDL_YES; /* matches nothing, as often as one likes */
    }
  }
  return outcome;
}

static sdg_cddl_outcome match_sequence(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_view *view)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);

  for (uint32_t i = 0; i < node->b; i++) {
    sdg_cddl_outcome outcome = sdg_cddl_match_group(run, sdg_cddl_to(at, at.schema->lists[node->a + i]), view);
    if (outcome != SDG_CDDL_YES) {
      return outcome;
    }
  }
  return SDG_CDDL_YES;
}

/* A cut ends its alternative, not the choice: otherwise alternatives told apart by a member's value could not be
 * written. */
static sdg_cddl_outcome match_alternatives(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_view *view)
{
  sdg_cddl_outcome worst = SDG_CDDL_NO;
  sdg_cddl_at alternative;
  sdg_cddl_saved saved;

  if (!sdg_cddl_view_save(run, view, &saved)) {
    return SDG_CDDL_NO;
  }
  for (size_t i = 0; sdg_cddl_alternative(run, at, i, &alternative); i++) {
    sdg_cddl_outcome outcome = sdg_cddl_match_group(run, alternative, view);
    if (outcome == SDG_CDDL_YES) {
      sdg_cddl_view_drop(run, &saved);
      return SDG_CDDL_YES;
    }
    if (outcome == SDG_CDDL_CUT) {
      worst = SDG_CDDL_CUT;
    }
    sdg_cddl_view_restore(run, view, &saved);
  }
  sdg_cddl_view_drop(run, &saved);
  return worst;
}

static sdg_cddl_outcome match_node(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_view *view)
{
  switch (sdg_cddl_node_at(at)->kind) {
  case SDG_CDDL_ENTRY:
    return view->map ? match_members(run, at, view) : match_items(run, at, view);
  case SDG_CDDL_REPEAT:
    return match_repeat(run, at, view);
  case SDG_CDDL_SEQUENCE:
    return match_sequence(run, at, view);
  case SDG_CDDL_GROUP_CHOICE:
  case SDG_CDDL_GROUP_SOCKET:
    return match_alternatives(run, at, view);
  default:
    return SDG_CDDL_NO;
  }
}

sdg_cddl_outcome sdg_cddl_match_group(sdg_cddl_run *run, sdg_cddl_at group, sdg_cddl_view *view)
{
  sdg_cddl_outcome outcome;

  if (!sdg_cddl_enter(run)) {
    return SDG_CDDL_NO;
  }
  outcome = match_node(run, sdg_cddl_body(group, NULL), view);
  sdg_cddl_leave(run);
  return run->err == STARDELEG_OK ? outcome : SDG_CDDL_NO;
}

bool sdg_cddl_match_container(sdg_cddl_run *run, sdg_cddl_at group, const sdg_json *container)
{
  sdg_cddl_view view;
  bool yes;

  if (!sdg_cddl_view_open(run, &view, container)) {
    return false;
  }
  yes = sdg_cddl_match_group(run, group, &view) == SDG_CDDL_YES && view.taken == view.count;
  sdg_cddl_view_close(run, &view);
  return yes;
}
