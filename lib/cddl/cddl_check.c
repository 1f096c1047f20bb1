/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_check.c -- the door: sets up a run, matches, explains, reports. */
#include <string.h>
#include "base/mem.h"
#include "cddl/cddl_run.h"

/* Marks of nested objects and their saved copies. */
#define MARKS_MAX ((size_t)1 << 20)
#define PATH_MAX_LEN ((size_t)1 << 20)

static const sdg_cddl_rule *find_rule(const sdg_cddl_schema *schema, const char *name)
{
  for (uint32_t i = 0; i < schema->rule_count; i++) {
    if (name == NULL || strcmp(schema->text + schema->rules[i].name, name) == 0) {
      return &schema->rules[i];
    }
  }
  return NULL;
}

/* A group socket takes groups, a type socket takes types. */
static stardeleg_err fill_socket(sdg_cddl_run *run, const sdg_cddl_schema *schema, const sdg_cddl_plug *plug)
{
  const sdg_cddl_rule *rule;
  bool group;

  if (plug->socket == NULL || plug->schema == NULL || plug->rule == NULL || plug->socket[0] != '$' ||
      plug->schema->layout != SDG_CDDL_LAYOUT) {
    return STARDELEG_ERR_ARGUMENT;
  }
  group = plug->socket[1] == '$';
  rule = find_rule(plug->schema, plug->rule);
  if (find_rule(schema, plug->socket) == NULL || rule == NULL ||
      (plug->schema->nodes[rule->node].group != 0) != group) {
    return STARDELEG_ERR_ARGUMENT;
  }
  run->filled[run->filled_count++] = (sdg_cddl_filled){plug->socket, {plug->schema, rule->node}};
  return STARDELEG_OK;
}

static stardeleg_err fill_sockets(sdg_cddl_run *run, const sdg_cddl_schema *schema, const sdg_cddl_plug *plugs,
                                  size_t plug_count)
{
  if (plug_count == 0) {
    return STARDELEG_OK;
  }
  if (plugs == NULL) {
    return STARDELEG_ERR_ARGUMENT;
  }
  run->filled = sdg_calloc(plug_count, sizeof *run->filled);
  if (run->filled == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  for (size_t i = 0; i < plug_count; i++) {
    stardeleg_err err = fill_socket(run, schema, &plugs[i]);
    if (err != STARDELEG_OK) {
      return err;
    }
  }
  return STARDELEG_OK;
}

static void report(const sdg_cddl_run *run, sdg_cddl_each each, void *ctx)
{
  for (size_t i = 0; i < run->record_count && i < SDG_CDDL_FINDINGS_MAX; i++) {
    sdg_cddl_finding finding = {run->records[i].pointer, run->records[i].rule, run->records[i].expected};
    if (each(ctx, &finding) != 0) {
      return;
    }
  }
}

/* An explanation that would take too long gives way to the plain verdict. */
static void give_up(sdg_cddl_run *run)
{
  if (run->err != STARDELEG_ERR_LIMIT) {
    return;
  }
  sdg_cddl_records_free(run);
  run->err = STARDELEG_OK;
  run->block = 0;
  sdg_buf_reset(&run->path);
  sdg_cddl_record_add(run, "", SDG_CDDL_NEAR, "a conforming value; too much is wrong to list it");
}

static stardeleg_err check_value(sdg_cddl_run *run, sdg_cddl_at at, const sdg_json *value, sdg_cddl_each each,
                                 void *ctx)
{
  if (sdg_cddl_match_json(run, at, value)) {
    return STARDELEG_OK;
  }
  if (run->err == STARDELEG_OK && each != NULL) {
    run->steps_left = SDG_CDDL_STEPS_MAX;
    sdg_cddl_explain(run, at, "", value);
    give_up(run);
  }
  if (run->err != STARDELEG_OK) {
    return run->err;
  }
  if (each != NULL) {
    report(run, each, ctx);
  }
  return STARDELEG_ERR_MALFORMED;
}

stardeleg_err sdg_cddl_check(const sdg_cddl_schema *schema, const char *rule, const sdg_json *value,
                             const sdg_cddl_plug *plugs, size_t plug_count, sdg_cddl_each each, void *ctx)
{
  sdg_cddl_run run;
  const sdg_cddl_rule *root;
  stardeleg_err err;

  if (schema == NULL || value == NULL || schema->layout != SDG_CDDL_LAYOUT) {
    return STARDELEG_ERR_ARGUMENT;
  }
  root = find_rule(schema, rule);
  if (root == NULL || schema->nodes[root->node].group != 0) {
    return STARDELEG_ERR_ARGUMENT;
  }
  memset(&run, 0, sizeof run);
  run.steps_left = SDG_CDDL_STEPS_MAX;
  sdg_buf_init(&run.marks, MARKS_MAX);
  sdg_buf_init(&run.path, PATH_MAX_LEN);
  err = fill_sockets(&run, schema, plugs, plug_count);
  if (err == STARDELEG_OK) {
    err = check_value(&run, (sdg_cddl_at){schema, root->node}, value, each, ctx);
  }
  sdg_cddl_records_free(&run);
  sdg_buf_clear(&run.path);
  sdg_buf_clear(&run.marks);
  sdg_free(run.filled);
  return err;
}
