/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_run.h -- what the parts of the run-time share: one run of a check. */
#ifndef SDG_CDDL_CDDL_RUN_H
#define SDG_CDDL_CDDL_RUN_H

#include <stdbool.h>
#include "base/buf.h"
#include "cddl/cddl.h"
#include "cddl/cddl_table.h"

#define SDG_CDDL_FINDINGS_MAX 64
/* Nesting of matching functions: JSON depth (16 by default) times what a schema nests per level, with room to spare. */
#define SDG_CDDL_DEPTH_MAX 512
/* Work of one check.  A prioritised choice may look at the same value more than once, level by level; the ceiling keeps
 * an unkind value from making that exponential. */
#define SDG_CDDL_STEPS_MAX 4000000u

/* A node and the schema it belongs to: plugs come from other schemas. */
typedef struct sdg_cddl_at {
  const sdg_cddl_schema *schema;
  uint32_t node;
} sdg_cddl_at;

/* What is matched: a value, or (|name| not NULL) the name of a member, which counts as text. */
typedef struct sdg_cddl_item {
  const sdg_json *json;
  const char *name;
} sdg_cddl_item;

/* A plug whose rule has been looked up. */
typedef struct sdg_cddl_filled {
  const char *socket;
  sdg_cddl_at at;
} sdg_cddl_filled;

/* A finding that waits for the end of the run. */
typedef struct sdg_cddl_record {
  char *pointer;
  char *expected;
  const char *rule;
} sdg_cddl_record;

typedef struct sdg_cddl_run {
  sdg_cddl_filled *filled;
  size_t filled_count;
  size_t steps_left;
  unsigned depth;
  stardeleg_err err; /* sticks: LIMIT or NOMEM; every match then fails at once */
  sdg_buf marks;     /* a stack; one byte per member of each object under way: 1 if taken */
  /* explaining only */
  sdg_buf path; /* RFC 6901 pointer to the value under way */
  sdg_cddl_record *records;
  size_t record_count, record_cap;
  size_t block;  /* first record of the explanation under way */
  size_t weight; /* of that explanation: the lower, the nearer the value came */
} sdg_cddl_run;

/* The part of an array or object that a group still has to match. */
typedef struct sdg_cddl_view {
  const sdg_json *container;
  const sdg_json *next; /* arrays: first item not taken */
  size_t taken;         /* items or members taken */
  size_t count;         /* of the container */
  size_t marks;         /* objects: where the marks begin in run->marks */
  bool map;
} sdg_cddl_view;

/* A saved view. */
typedef struct sdg_cddl_saved {
  sdg_cddl_view view;
  size_t copy; /* where the copy of the marks begins */
} sdg_cddl_saved;

typedef enum sdg_cddl_outcome {
  SDG_CDDL_NO = 0,
  SDG_CDDL_YES,
  SDG_CDDL_CUT /* a name was locked in and its value is wrong: later entries may not have it */
} sdg_cddl_outcome;

/* --- tables (cddl_run.c) --- */
const sdg_cddl_node *sdg_cddl_node_at(sdg_cddl_at at);
const char *sdg_cddl_text(sdg_cddl_at at, uint32_t offset);
sdg_cddl_at sdg_cddl_to(sdg_cddl_at at, uint32_t node);
/* Skips RULE nodes; the last rule's name goes to |rule| (may be NULL). */
sdg_cddl_at sdg_cddl_body(sdg_cddl_at at, const char **rule);
/* Alternative |index| of a choice, a socket (with its plugs) or any other node (itself the only one). */
bool sdg_cddl_alternative(const sdg_cddl_run *run, sdg_cddl_at at, size_t index, sdg_cddl_at *out);
/* Counts work; false if the run has failed or fails now. */
bool sdg_cddl_spend(sdg_cddl_run *run, size_t steps);
bool sdg_cddl_enter(sdg_cddl_run *run);
void sdg_cddl_leave(sdg_cddl_run *run);
sdg_json_type sdg_cddl_item_type(sdg_cddl_item item);
const char *sdg_cddl_item_text(sdg_cddl_item item);

/* --- matching (cddl_match.c, cddl_group.c) --- */
bool sdg_cddl_match(sdg_cddl_run *run, sdg_cddl_at at, sdg_cddl_item item);
bool sdg_cddl_match_json(sdg_cddl_run *run, sdg_cddl_at at, const sdg_json *value);
/* The whole array or object against a group. */
bool sdg_cddl_match_container(sdg_cddl_run *run, sdg_cddl_at group, const sdg_json *container);
sdg_cddl_outcome sdg_cddl_match_group(sdg_cddl_run *run, sdg_cddl_at group, sdg_cddl_view *view);

/* --- views (cddl_view.c) --- */
bool sdg_cddl_view_open(sdg_cddl_run *run, sdg_cddl_view *view, const sdg_json *container);
void sdg_cddl_view_close(sdg_cddl_run *run, const sdg_cddl_view *view);
bool sdg_cddl_view_is_taken(const sdg_cddl_run *run, const sdg_cddl_view *view, size_t index);
void sdg_cddl_view_take(sdg_cddl_run *run, sdg_cddl_view *view, size_t index);
bool sdg_cddl_view_save(sdg_cddl_run *run, const sdg_cddl_view *view, sdg_cddl_saved *saved);
void sdg_cddl_view_restore(sdg_cddl_run *run, sdg_cddl_view *view, const sdg_cddl_saved *saved);
void sdg_cddl_view_drop(sdg_cddl_run *run, const sdg_cddl_saved *saved);
/* Saves once more into |saved|, which must be of the same view. */
void sdg_cddl_view_keep(sdg_cddl_run *run, const sdg_cddl_view *view, sdg_cddl_saved *saved);

/* --- numbers (cddl_number.c) --- */
/* Orders two decimal numbers by value, exactly, whatever their notation. */
int sdg_cddl_number_compare(const char *a, const char *b);
/* The text of a JSON number; |room| is used for integers. */
const char *sdg_cddl_number_text(const sdg_json *value, char room[24]);

/* --- automata (cddl_dfa.c) --- */
/* True if all of |text| is in the language of |dfa|. */
bool sdg_cddl_dfa_match(const sdg_cddl_dfa *dfa, stardeleg_bytes text);

/* --- explaining (cddl_explain.c, cddl_explain_map.c, cddl_explain_array.c, cddl_describe.c, cddl_record.c) --- */
void sdg_cddl_explain(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, const sdg_json *value);
void sdg_cddl_explain_map(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, const sdg_json *object);
void sdg_cddl_explain_array(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, const sdg_json *array);
/* Explains the alternatives of a group choice and keeps the nearest; |explain| works on |view|. */
typedef void (*sdg_cddl_explain_group)(sdg_cddl_run *run, sdg_cddl_at group, const char *rule, sdg_cddl_view *view);
void sdg_cddl_explain_alternatives(sdg_cddl_run *run, sdg_cddl_at choice, const char *rule, sdg_cddl_view *view,
                                   sdg_cddl_explain_group explain);
void sdg_cddl_explain_choice(sdg_cddl_run *run, sdg_cddl_at at, const char *rule, const sdg_json *value);
/* The text of a literal text type, or NULL. */
const char *sdg_cddl_literal_text(sdg_cddl_at at);
/* What a type wants, for people. */
#define SDG_CDDL_DESCRIPTION_MAX 320
void sdg_cddl_describe(const sdg_cddl_run *run, sdg_cddl_at at, char *out, size_t size);

/* How far off a value is.  A wrong constant or a wrong kind of value says "another alternative was meant". */
#define SDG_CDDL_NEAR 1u
#define SDG_CDDL_FAR 4u

/* Records a finding at the current path; |weight| says how far off the value is. */
void sdg_cddl_record_add(sdg_cddl_run *run, const char *rule, size_t weight, const char *expected);
/* A block of records set apart, so that the explanations of alternatives can be weighed. */
typedef struct sdg_cddl_block {
  size_t block, weight, begin;
  size_t best_count, best_weight;
  bool have;
} sdg_cddl_block;
void sdg_cddl_block_open(sdg_cddl_run *run, sdg_cddl_block *block);
/* Ends the explanation of one alternative; true if it is the nearest so far. */
bool sdg_cddl_block_weigh(sdg_cddl_run *run, sdg_cddl_block *block);
void sdg_cddl_block_close(sdg_cddl_run *run, sdg_cddl_block *block);
void sdg_cddl_records_free(sdg_cddl_run *run);
/* Path: appends "/name" or "/index"; the result is handed to path_pop. */
size_t sdg_cddl_path_push_name(sdg_cddl_run *run, const char *name);
size_t sdg_cddl_path_push_index(sdg_cddl_run *run, size_t index);
void sdg_cddl_path_pop(sdg_cddl_run *run, size_t mark);

#endif /* SDG_CDDL_CDDL_RUN_H */
