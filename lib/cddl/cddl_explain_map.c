/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_explain_map.c -- why the members of an object do not fit its group. */
#include <stdio.h>
#include <string.h>
#include "base/bytes.h"
#include "cddl/cddl_run.h"

/* Looks for a member that is not taken, from number |*index| on, whose name fits |key|. */
static const sdg_json *find_member(sdg_cddl_run *run, const sdg_cddl_view *view, sdg_cddl_at key, size_t *index)
{
  const sdg_json *member = sdg_json_first(view->container);

  for (size_t i = 0; member != NULL && run->err == STARDELEG_OK; i++, member = sdg_json_next(member)) {
    sdg_cddl_item name = {NULL, sdg_json_name(member)};
    if (i >= *index && !sdg_cddl_view_is_taken(run, view, i) && sdg_cddl_match(run, key, name)) {
      *index = i;
      return member;
    }
  }
  return NULL;
}

static void explain_member(sdg_cddl_run *run, sdg_cddl_at type, const char *rule, const sdg_json *member)
{
  size_t mark = sdg_cddl_path_push_name(run, sdg_json_name(member));

  sdg_cddl_explain(run, type, rule, member);
  sdg_cddl_path_pop(run, mark);
}

static void explain_missing(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, uint32_t missing)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  const char *name = sdg_cddl_literal_text(sdg_cddl_to(at, node->c));
  uint8_t key = sdg_cddl_node_at(sdg_cddl_body(sdg_cddl_to(at, node->c), NULL))->kind;
  char what[SDG_CDDL_DESCRIPTION_MAX / 2];
  char text[SDG_CDDL_DESCRIPTION_MAX];

  if (name != NULL) {
    sdg_cddl_describe(run, sdg_cddl_to(at, node->d), what, sizeof what);
    (void)snprintf(text, sizeof text, "member \"%.100s\": %s", name, what);
  } else if (key == SDG_CDDL_ANY || key == SDG_CDDL_TEXT) {
    (void)snprintf(text, sizeof text, "at least %lu more member%s", (unsigned long)missing, missing == 1 ? "" : "s");
  } else {
    sdg_cddl_describe(run, sdg_cddl_to(at, node->c), what, sizeof what);
    (void)snprintf(text, sizeof text, "at least %lu more member%s named %s", (unsigned long)missing,
                   missing == 1 ? "" : "s", what);
  }
  sdg_cddl_record_add(run, rule, SDG_CDDL_NEAR, text);
}

static void explain_entry(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, sdg_cddl_view *view)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  sdg_cddl_at key = sdg_cddl_to(at, node->c);
  sdg_cddl_at type = sdg_cddl_to(at, node->d);
  const sdg_json *member;
  uint32_t found = 0;
  size_t i = 0;

  if (node->c == SDG_CDDL_NONE) {
    return;
  }
  /* Good ones first, as matching would do; a name with a cut belongs here whatever its value. */
  for (; found < node->b && (member = find_member(run, view, key, &i)) != NULL; i++) {
    if (sdg_cddl_match_json(run, type, member) || node->flag != 0) {
      sdg_cddl_view_take(run, view, i);
      found++;
      explain_member(run, type, rule, member);
    }
  }
  /* Then those that are needed to make up the number. */
  for (i = 0; found < node->a && (member = find_member(run, view, key, &i)) != NULL; i++) {
    sdg_cddl_view_take(run, view, i);
    found++;
    explain_member(run, type, rule, member);
  }
  if (found < node->a && run->err == STARDELEG_OK) {
    explain_missing(run, at, rule, node->a - found);
  }
}

/* The entry of a group that would take a member called |name|. */
static bool find_home(sdg_cddl_run *run, sdg_cddl_at group, const char *name, sdg_cddl_at *home)
{
  const sdg_cddl_node *node;
  sdg_cddl_at alternative;
  bool found = false;

  if (!sdg_cddl_enter(run)) {
    return false;
  }
  group = sdg_cddl_body(group, NULL);
  node = sdg_cddl_node_at(group);
  switch (node->kind) {
  case SDG_CDDL_ENTRY:
    *home = group;
    found = node->c != SDG_CDDL_NONE && sdg_cddl_match(run, sdg_cddl_to(group, node->c), (sdg_cddl_item){NULL, name});
    break;
  case SDG_CDDL_REPEAT:
    found = find_home(run, sdg_cddl_to(group, node->d), name, home);
    break;
  case SDG_CDDL_SEQUENCE:
    for (uint32_t i = 0; i < node->b && !found; i++) {
      found = find_home(run, sdg_cddl_to(group, group.schema->lists[node->a + i]), name, home);
    }
    break;
  default:
    for (size_t i = 0; !found && sdg_cddl_alternative(run, group, i, &alternative); i++) {
      found = find_home(run, alternative, name, home);
    }
    break;
  }
  sdg_cddl_leave(run);
  return found;
}

/* True if some member is there that only this group could have been meant for. */
static bool is_begun(sdg_cddl_run *run, sdg_cddl_at group, const sdg_cddl_view *view)
{
  const sdg_json *member = sdg_json_first(view->container);
  sdg_cddl_at home;

  for (size_t i = 0; member != NULL && run->err == STARDELEG_OK; i++, member = sdg_json_next(member)) {
    if (!sdg_cddl_view_is_taken(run, view, i) && find_home(run, group, sdg_json_name(member), &home)) {
      return true;
    }
  }
  return false;
}

static void explain_members_of(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, sdg_cddl_view *view);

static void explain_repeat(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, sdg_cddl_view *view)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  sdg_cddl_at group = sdg_cddl_to(at, node->d);

  for (uint32_t found = 0; found < node->b && run->err == STARDELEG_OK; found++) {
    sdg_cddl_saved before;
    bool yes;
    if (!sdg_cddl_view_save(run, view, &before)) {
      return;
    }
    yes = sdg_cddl_match_group(run, group, view) == SDG_CDDL_YES;
    if (!yes) {
      sdg_cddl_view_restore(run, view, &before);
    }
    sdg_cddl_view_drop(run, &before);
    if (!yes && (found < node->a || is_begun(run, group, view))) {
      explain_members_of(run, group, rule, view);
    }
    if (view->taken == before.view.taken) {
      return;
    }
  }
}

static void explain_members_of(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, sdg_cddl_view *view)
{
  sdg_cddl_at at = sdg_cddl_body(group, &rule);
  const sdg_cddl_node *node = sdg_cddl_node_at(at);

  if (!sdg_cddl_enter(run)) {
    return;
  }
  switch (node->kind) {
  case SDG_CDDL_ENTRY:
    explain_entry(run, at, rule, view);
    break;
  case SDG_CDDL_REPEAT:
    explain_repeat(run, at, rule, view);
    break;
  case SDG_CDDL_SEQUENCE:
    for (uint32_t i = 0; i < node->b; i++) {
      explain_members_of(run, sdg_cddl_to(at, at.schema->lists[node->a + i]), rule, view);
    }
    break;
  default:
    sdg_cddl_explain_alternatives(run, at, rule, view, explain_members_of);
    break;
  }
  sdg_cddl_leave(run);
}

/* Maps are closed: what nobody took is either wrong for the entry that would have it, or does not belong here. */
static void explain_rest(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, const sdg_cddl_view *view)
{
  const sdg_json *member = sdg_json_first(view->container);
  char name[96];
  char text[128];

  for (size_t i = 0; member != NULL && run->err == STARDELEG_OK; i++, member = sdg_json_next(member)) {
    sdg_cddl_at home;
    size_t before = run->weight;
    if (sdg_cddl_view_is_taken(run, view, i)) {
      continue;
    }
    if (find_home(run, group, sdg_json_name(member), &home)) {
      explain_member(run, sdg_cddl_to(home, sdg_cddl_node_at(home)->d), rule, member);
    }
    if (run->weight == before) {
      size_t mark = sdg_cddl_path_push_name(run, sdg_json_name(member));
      sdg_text_escape(name, sizeof name, sdg_bytes_str(sdg_json_name(member)));
      (void)snprintf(text, sizeof text, "no member \"%s\"", name);
      sdg_cddl_record_add(run, rule, SDG_CDDL_NEAR, text);
      sdg_cddl_path_pop(run, mark);
    }
  }
}

void sdg_cddl_explain_map(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, const sdg_json *object)
{
  sdg_cddl_view view;

  if (!sdg_cddl_view_open(run, &view, object)) {
    return;
  }
  explain_members_of(run, group, rule, &view);
  if (run->err == STARDELEG_OK) {
    explain_rest(run, group, rule, &view);
  }
  sdg_cddl_view_close(run, &view);
}
