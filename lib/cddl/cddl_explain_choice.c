/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_explain_choice.c -- why none of the alternatives fits: tells about the one that was meant. */
#include <stdio.h>
#include <string.h>
#include "cddl/cddl_run.h"

const char *sdg_cddl_literal_text(sdg_cddl_at at)
{
  at = sdg_cddl_body(at, NULL);
  return sdg_cddl_node_at(at)->kind == SDG_CDDL_LITERAL_TEXT ? sdg_cddl_text(at, sdg_cddl_node_at(at)->a) : NULL;
}

/* True if the alternative is of the value's kind, so that it has something to say about the inside. */
static bool is_deep(const sdg_cddl_run *run, sdg_cddl_at at, const sdg_json *value, unsigned depth)
{
  const sdg_cddl_node *node;
  sdg_cddl_at alternative;

  at = sdg_cddl_body(at, NULL);
  node = sdg_cddl_node_at(at);
  switch (node->kind) {
  case SDG_CDDL_ARRAY:
    return sdg_json_type_of(value) == SDG_JSON_ARRAY;
  case SDG_CDDL_MAP:
    return sdg_json_type_of(value) == SDG_JSON_OBJECT;
  case SDG_CDDL_AND:
    return depth < 8 && is_deep(run, sdg_cddl_to(at, node->a), value, depth + 1);
  case SDG_CDDL_CHOICE:
  case SDG_CDDL_SOCKET:
    for (size_t i = 0; depth < 8 && sdg_cddl_alternative(run, at, i, &alternative); i++) {
      if (is_deep(run, alternative, value, depth + 1)) {
        return true;
      }
    }
    return false;
  default:
    return false;
  }
}

/* The first member of a map whose name and value are both constants: what tells alternatives apart. */
static bool find_tag(sdg_cddl_at at, const char **name, sdg_cddl_at *value)
{
  const sdg_cddl_node *node;

  at = sdg_cddl_body(at, NULL);
  while (sdg_cddl_node_at(at)->kind == SDG_CDDL_AND) {
    at = sdg_cddl_body(sdg_cddl_to(at, sdg_cddl_node_at(at)->a), NULL);
  }
  if (sdg_cddl_node_at(at)->kind != SDG_CDDL_MAP) {
    return false;
  }
  at = sdg_cddl_body(sdg_cddl_to(at, sdg_cddl_node_at(at)->a), NULL);
  if (sdg_cddl_node_at(at)->kind == SDG_CDDL_SEQUENCE && sdg_cddl_node_at(at)->b > 0) {
    at = sdg_cddl_body(sdg_cddl_to(at, at.schema->lists[sdg_cddl_node_at(at)->a]), NULL);
  }
  node = sdg_cddl_node_at(at);
  if (node->kind != SDG_CDDL_ENTRY || node->c == SDG_CDDL_NONE || node->a == 0) {
    return false;
  }
  *name = sdg_cddl_literal_text(sdg_cddl_to(at, node->c));
  *value = sdg_cddl_to(at, node->d);
  return *name != NULL && sdg_cddl_literal_text(*value) != NULL;
}

/* The name that all deep alternatives have as their tag; NULL if they have none in common. */
static const char *find_common_tag(sdg_cddl_run *run, sdg_cddl_at at, const sdg_json *value, size_t *deep)
{
  const char *common = NULL;
  bool same = true;
  sdg_cddl_at alternative;

  *deep = 0;
  for (size_t i = 0; sdg_cddl_alternative(run, at, i, &alternative); i++) {
    const char *name = NULL;
    sdg_cddl_at constant;
    if (!is_deep(run, alternative, value, 0)) {
      continue;
    }
    if (!find_tag(alternative, &name, &constant) || (*deep > 0 && (common == NULL || strcmp(common, name) != 0))) {
      same = false;
    }
    common = name;
    (*deep)++;
  }
  return same && *deep > 1 && sdg_json_type_of(value) == SDG_JSON_OBJECT ? common : NULL;
}

/* None of the tags is there: names them all. */
static void explain_tags(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, const sdg_json *object, const char *tag)
{
  char text[SDG_CDDL_DESCRIPTION_MAX];
  size_t len = 0;
  bool missing = sdg_json_member(object, tag) == NULL;
  const char *name;
  sdg_cddl_at alternative, constant;

  text[0] = '\0';
  if (missing) {
    len = (size_t)snprintf(text, sizeof text / 2, "member \"%s\": ", tag);
    len = len < sizeof text / 2 ? len : sizeof text / 2 - 1;
  }
  for (size_t i = 0, said = 0; sdg_cddl_alternative(run, at, i, &alternative); i++) {
    if (!is_deep(run, alternative, object, 0) || !find_tag(alternative, &name, &constant) || len + 8 >= sizeof text) {
      continue;
    }
    len += (size_t)snprintf(text + len, sizeof text - len, "%s", said++ == 0 ? "" : " or ");
    sdg_cddl_describe(run, constant, text + len, sizeof text - len);
    len += strlen(text + len);
  }
  if (missing) {
    sdg_cddl_record_add(run, rule, SDG_CDDL_FAR, text);
  } else {
    size_t mark = sdg_cddl_path_push_name(run, tag);
    sdg_cddl_record_add(run, rule, SDG_CDDL_FAR, text);
    sdg_cddl_path_pop(run, mark);
  }
}

/* Explains the deep alternatives (those whose tag fits, if |tag| is given) and keeps the nearest; false if there is
 * none. */
static bool explain_nearest(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, const sdg_json *value, const char *tag)
{
  sdg_cddl_at alternative, constant;
  sdg_cddl_block block;
  const char *name;

  sdg_cddl_block_open(run, &block);
  for (size_t i = 0; sdg_cddl_alternative(run, at, i, &alternative); i++) {
    if (!is_deep(run, alternative, value, 0)) {
      continue;
    }
    if (tag != NULL && (!find_tag(alternative, &name, &constant) ||
                        !sdg_cddl_match_json(run, constant, sdg_json_member(value, tag)))) {
      continue;
    }
    sdg_cddl_explain(run, alternative, rule, value);
    (void)sdg_cddl_block_weigh(run, &block);
  }
  sdg_cddl_block_close(run, &block);
  return block.have;
}

void sdg_cddl_explain_choice(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, const sdg_json *value)
{
  char text[SDG_CDDL_DESCRIPTION_MAX];
  size_t deep = 0;
  const char *tag = find_common_tag(run, at, value, &deep);

  if (deep == 0) {
    sdg_cddl_describe(run, at, text, sizeof text);
    sdg_cddl_record_add(run, rule, SDG_CDDL_NEAR, text);
  } else if (!explain_nearest(run, at, rule, value, tag)) {
    explain_tags(run, at, rule, value, tag);
  }
}
