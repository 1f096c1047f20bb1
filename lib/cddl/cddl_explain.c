/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_explain.c -- finds out why a value does not match a type, and says so about the innermost place that is
 * wrong. */
#include "cddl/cddl_run.h"

static void explain_here(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, size_t weight)
{
  char text[SDG_CDDL_DESCRIPTION_MAX];

  sdg_cddl_describe(run, at, text, sizeof text);
  sdg_cddl_record_add(run, rule, weight, text);
}

/* A control is told about as a whole, unless the target itself has an inside to look at. */
static void explain_control(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, const sdg_json *value)
{
  sdg_cddl_at target = sdg_cddl_to(at, sdg_cddl_node_at(at)->a);
  sdg_json_type type = sdg_json_type_of(value);

  if ((type == SDG_JSON_ARRAY || type == SDG_JSON_OBJECT) && !sdg_cddl_match_json(run, target, value)) {
    sdg_cddl_explain(run, target, rule, value);
  } else {
    explain_here(run, at, rule, SDG_CDDL_NEAR);
  }
}

/* Both sides are told: each may be broken in its own way. */
static void explain_and(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, const sdg_json *value)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  sdg_json_type type = sdg_json_type_of(value);

  if (type != SDG_JSON_ARRAY && type != SDG_JSON_OBJECT) {
    explain_here(run, at, rule, SDG_CDDL_NEAR);
    return;
  }
  sdg_cddl_explain(run, sdg_cddl_to(at, node->a), rule, value);
  sdg_cddl_explain(run, sdg_cddl_to(at, node->b), rule, value);
}

static void explain_node(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, const sdg_json *value)
{
  const sdg_cddl_node *node = sdg_cddl_node_at(at);
  sdg_json_type type = sdg_json_type_of(value);

  switch (node->kind) {
  case SDG_CDDL_COMPARE:
  case SDG_CDDL_REGEXP:
  case SDG_CDDL_SIZE:
    explain_control(run, at, rule, value);
    break;
  case SDG_CDDL_AND:
    explain_and(run, at, rule, value);
    break;
  case SDG_CDDL_CHOICE:
  case SDG_CDDL_SOCKET:
    sdg_cddl_explain_choice(run, at, rule, value);
    break;
  case SDG_CDDL_ARRAY:
    if (type == SDG_JSON_ARRAY) {
      sdg_cddl_explain_array(run, sdg_cddl_to(at, node->a), rule, value);
    } else {
      explain_here(run, at, rule, SDG_CDDL_FAR);
    }
    break;
  case SDG_CDDL_MAP:
    if (type == SDG_JSON_OBJECT) {
      sdg_cddl_explain_map(run, sdg_cddl_to(at, node->a), rule, value);
    } else {
      explain_here(run, at, rule, SDG_CDDL_FAR);
    }
    break;
  case SDG_CDDL_LITERAL_TEXT:
  case SDG_CDDL_LITERAL_INT:
  case SDG_CDDL_LITERAL_NUMBER:
    explain_here(run, at, rule, SDG_CDDL_FAR);
    break;
  default:
    explain_here(run, at, rule, SDG_CDDL_NEAR);
    break;
  }
}

void sdg_cddl_explain(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, const sdg_json *value)
{
  size_t before = run->weight;

  if (sdg_cddl_match_json(run, at, value) || !sdg_cddl_enter(run)) {
    return;
  }
  at = sdg_cddl_body(at, &rule);
  explain_node(run, at, rule, value);
  if (run->weight == before) {
    /* The value does not match, yet every part of it does on its own (greedy entries that leave nothing for later
     * ones). */
    explain_here(run, at, rule, SDG_CDDL_NEAR);
  }
  sdg_cddl_leave(run);
}
