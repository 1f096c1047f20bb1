/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_explain_array.c -- why the items of an array do not fit its group; and the part of it that maps share. */
#include <stdio.h>
#include "cddl/cddl_run.h"

static void explain_items_of(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, sdg_cddl_view *view, bool tail);

static void explain_item(sdg_cddl_run *run, sdg_cddl_at type, const char *rule, sdg_cddl_view *view)
{
  size_t mark = sdg_cddl_path_push_index(run, view->taken);

  sdg_cddl_explain(run, type, rule, view->next);
  sdg_cddl_path_pop(run, mark);
}

static void explain_too_few(sdg_cddl_run *run, sdg_cddl_at type, const char *rule, uint32_t missing)
{
  char what[SDG_CDDL_DESCRIPTION_MAX - 32];
  char text[SDG_CDDL_DESCRIPTION_MAX];

  sdg_cddl_describe(run, type, what, sizeof what);
  if (missing == 1) {
    (void)snprintf(text, sizeof text, "one more item: %s", what);
  } else {
    (void)snprintf(text, sizeof text, "%lu more items: %s", (unsigned long)missing, what);
  }
  sdg_cddl_record_add(run, rule, SDG_CDDL_NEAR, text);
}

/* An item that is wrong where one is needed, or in the last open-ended entry, is looked at and passed. */
static void explain_entry(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, sdg_cddl_view *view, bool tail)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  sdg_cddl_at type = sdg_cddl_to(at, node->d);
  uint32_t found = 0;

  for (; found < node->b && view->next != NULL && run->err == STARDELEG_OK; found++) {
    if (!sdg_cddl_match_json(run, type, view->next)) {
      if (found >= node->a && !(tail && node->b > 1)) {
        break;
      }
      explain_item(run, type, rule, view);
    }
    view->next = sdg_json_next(view->next);
    view->taken++;
  }
  if (found < node->a) {
    explain_too_few(run, type, rule, node->a - found);
  }
}

static void explain_repeat(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, sdg_cddl_view *view, bool tail)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  sdg_cddl_at group = sdg_cddl_to(at, node->d);

  for (uint32_t found = 0; found < node->b && run->err == STARDELEG_OK; found++) {
    sdg_cddl_view before = *view;
    if (sdg_cddl_match_group(run, group, view) != SDG_CDDL_YES) {
      *view = before;
      if (found >= node->a && !(tail && view->next != NULL)) {
        return;
      }
      explain_items_of(run, group, rule, view, false);
    }
    if (view->taken == before.taken) {
      return;
    }
  }
}

static void explain_inner(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, sdg_cddl_view *view)
{
  explain_items_of(run, group, rule, view, false);
}

static void explain_items_of(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, sdg_cddl_view *view, bool tail)
{
  sdg_cddl_at at = sdg_cddl_body(group, &rule);
  const sdg_cddl_node *node = sdg_cddl_node_at(at);

  if (!sdg_cddl_enter(run)) {
    return;
  }
  switch (node->kind) {
  case SDG_CDDL_ENTRY:
    explain_entry(run, at, rule, view, tail);
    break;
  case SDG_CDDL_REPEAT:
    explain_repeat(run, at, rule, view, tail);
    break;
  case SDG_CDDL_SEQUENCE:
    for (uint32_t i = 0; i < node->b; i++) {
      explain_items_of(run, sdg_cddl_to(at, at.schema->lists[node->a + i]), rule, view, tail && i + 1 == node->b);
    }
    break;
  default:
    sdg_cddl_explain_alternatives(run, at, rule, view, explain_inner);
    break;
  }
  sdg_cddl_leave(run);
}

void sdg_cddl_explain_array(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, const sdg_json *array)
{
  sdg_cddl_view view;

  if (!sdg_cddl_view_open(run, &view, array)) {
    return;
  }
  explain_items_of(run, group, rule, &view, true);
  if (view.next != NULL) {
    size_t mark = sdg_cddl_path_push_index(run, view.taken);
    sdg_cddl_record_add(run, rule, SDG_CDDL_NEAR, "no further item");
    sdg_cddl_path_pop(run, mark);
  }
  sdg_cddl_view_close(run, &view);
}

void sdg_cddl_explain_alternatives(sdg_cddl_run *run, sdg_cddl_at choice, const char *rule, sdg_cddl_view *view,
                                   sdg_cddl_explain_group explain)
{
  sdg_cddl_block block;
  sdg_cddl_saved before, best;
  sdg_cddl_at alternative;

  if (!sdg_cddl_view_save(run, view, &before)) {
    return;
  }
  if (sdg_cddl_match_group(run, choice, view) == SDG_CDDL_YES || !sdg_cddl_view_save(run, &before.view, &best)) {
    sdg_cddl_view_drop(run, &before);
    return;
  }
  sdg_cddl_view_restore(run, view, &before);
  sdg_cddl_block_open(run, &block);
  for (size_t i = 0; sdg_cddl_alternative(run, choice, i, &alternative); i++) {
    sdg_cddl_view_restore(run, view, &before);
    explain(run, alternative, rule, view);
    run->weight += view->count - view->taken; /* the more an alternative leaves, the less it was meant */
    if (sdg_cddl_block_weigh(run, &block)) {
      sdg_cddl_view_keep(run, view, &best);
    }
  }
  sdg_cddl_block_close(run, &block);
  sdg_cddl_view_restore(run, view, &best);
  if (!block.have) {
    sdg_cddl_record_add(run, rule, SDG_CDDL_NEAR, "nothing (the extension point is empty)");
  }
  sdg_cddl_view_drop(run, &best);
  sdg_cddl_view_drop(run, &before);
}
