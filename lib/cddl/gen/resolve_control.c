/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/resolve_control.c -- ranges and control operators (RFC 8610 2.2.2.1, 3.8). */
#include <string.h>
#include "cddl/gen/model.h"
#include "cddl/gen/regex.h"

/* The literal that a type stands for, through rules and generic arguments; NULL if it is none. */
static const sdg_cddl_node *literal_of(const sdg_gen_model *model, uint32_t node)
{
  node = sdg_gen_body(model, node);
  if (node == SDG_CDDL_NONE) {
    return NULL;
  }
  switch (model->nodes[node].kind) {
  case SDG_CDDL_LITERAL_TEXT:
  case SDG_CDDL_LITERAL_INT:
  case SDG_CDDL_LITERAL_NUMBER:
    return &model->nodes[node];
  default:
    return NULL;
  }
}

uint32_t sdg_gen_resolve_range(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type)
{
  uint32_t ends[2];
  const sdg_cddl_node *low, *high;
  sdg_cddl_node node = {SDG_CDDL_RANGE, 0, 0, 0, 0, 0, 0, 0};

  for (size_t i = 0; i < 2; i++) {
    ends[i] = sdg_gen_resolve_type(model, scope, type->items[i]);
    if (ends[i] == SDG_CDDL_NONE) {
      return SDG_CDDL_NONE;
    }
  }
  low = literal_of(model, ends[0]);
  high = literal_of(model, ends[1]);
  if (low == NULL || high == NULL || low->kind == SDG_CDDL_LITERAL_TEXT || low->kind != high->kind) {
    (void)sdg_gen_fail(model->gen, type->place, "a range needs two integers or two numbers with a fraction");
    return SDG_CDDL_NONE;
  }
  node.flag = (uint8_t)((type->open ? SDG_CDDL_RANGE_OPEN : 0u) |
                        (low->kind == SDG_CDDL_LITERAL_NUMBER ? SDG_CDDL_RANGE_NUMBER : 0u));
  node.a = low->a;
  node.b = high->a;
  return sdg_gen_node(model, type->place, node);
}

static uint32_t resolve_and(sdg_gen_model *model, const sdg_gen_type *type, uint32_t target, uint32_t controller)
{
  return sdg_gen_node(model, type->place, (sdg_cddl_node){SDG_CDDL_AND, 0, 0, 0, target, controller, 0, 0});
}

static uint32_t resolve_compare(sdg_gen_model *model, const sdg_gen_type *type, uint32_t target, uint32_t controller)
{
  static const char *const names[] = {"ge", "le", "gt", "lt"};
  const sdg_cddl_node *literal = literal_of(model, controller);
  unsigned kinds = sdg_gen_json_kinds(model, target, 0);
  uint8_t op = 0;

  while (op < 3 && strcmp(type->text, names[op]) != 0) {
    op++;
  }
  if ((kinds & (SDG_GEN_JSON_TEXT | SDG_GEN_JSON_OTHER)) != 0) {
    (void)sdg_gen_fail(model->gen, type->place, ".%s is for numbers only", type->text);
    return SDG_CDDL_NONE;
  }
  if (literal == NULL || literal->kind == SDG_CDDL_LITERAL_TEXT) {
    (void)sdg_gen_fail(model->gen, type->place, ".%s needs a number behind it", type->text);
    return SDG_CDDL_NONE;
  }
  return sdg_gen_node(model, type->place, (sdg_cddl_node){SDG_CDDL_COMPARE, op, 0, 0, target, literal->a, 0, 0});
}

static uint32_t find_dfa(sdg_gen_model *model, sdg_gen_place place, uint32_t text)
{
  sdg_cddl_dfa dfa;

  for (size_t i = 0; i < model->dfa_count; i++) {
    if (model->dfa_texts[i] == text) {
      return (uint32_t)i;
    }
  }
  if (!sdg_gen_regex_compile(model->gen, place, model->text + text, &dfa)) {
    return SDG_CDDL_NONE;
  }
  model->dfas = sdg_gen_more(model->gen, model->dfas, model->dfa_count, &model->dfa_cap, sizeof *model->dfas);
  model->dfa_texts =
      sdg_gen_more(model->gen, model->dfa_texts, model->dfa_count, &model->dfa_text_cap, sizeof *model->dfa_texts);
  model->dfas[model->dfa_count] = dfa;
  model->dfa_texts[model->dfa_count] = text;
  return (uint32_t)model->dfa_count++;
}

static uint32_t resolve_regexp(sdg_gen_model *model, const sdg_gen_type *type, uint32_t target, uint32_t controller)
{
  const sdg_cddl_node *literal = literal_of(model, controller);
  uint32_t text, dfa;

  if ((sdg_gen_json_kinds(model, target, 0) & ~SDG_GEN_JSON_TEXT) != 0) {
    (void)sdg_gen_fail(model->gen, type->place, ".regexp is for text only");
    return SDG_CDDL_NONE;
  }
  if (literal == NULL || literal->kind != SDG_CDDL_LITERAL_TEXT) {
    (void)sdg_gen_fail(model->gen, type->place, ".regexp needs a text string behind it");
    return SDG_CDDL_NONE;
  }
  text = literal->a;
  dfa = find_dfa(model, type->items[1]->place, text);
  if (dfa == SDG_CDDL_NONE) {
    return SDG_CDDL_NONE;
  }
  return sdg_gen_node(model, type->place, (sdg_cddl_node){SDG_CDDL_REGEXP, 0, 0, 0, target, dfa, text, 0});
}

/* A count of bytes; what does not fit is as good as no limit. */
static bool read_size(sdg_gen_model *model, uint32_t text, uint32_t *out)
{
  const char *p = model->text + text;
  uint64_t value = 0;

  if (*p == '-') {
    return false;
  }
  for (; *p >= '0' && *p <= '9'; p++) {
    value = value > UINT32_MAX ? value : value * 10 + (uint64_t)(*p - '0');
  }
  *out = value >= UINT32_MAX ? SDG_CDDL_NONE : (uint32_t)value;
  return *p == '\0';
}

static bool read_sizes(sdg_gen_model *model, uint32_t controller, uint32_t *least, uint32_t *most)
{
  const sdg_cddl_node *literal = literal_of(model, controller);
  uint32_t body = sdg_gen_body(model, controller);
  const sdg_cddl_node *range = body == SDG_CDDL_NONE ? NULL : &model->nodes[body];

  if (literal != NULL && literal->kind == SDG_CDDL_LITERAL_INT) {
    *most = 0;
    return read_size(model, literal->a, least) && read_size(model, literal->a, most);
  }
  if (range == NULL || range->kind != SDG_CDDL_RANGE || (range->flag & SDG_CDDL_RANGE_NUMBER) != 0 ||
      !read_size(model, range->a, least) || !read_size(model, range->b, most)) {
    return false;
  }
  if ((range->flag & SDG_CDDL_RANGE_OPEN) != 0 && *most == 0) {
    return false;
  }
  *most -= (range->flag & SDG_CDDL_RANGE_OPEN) != 0 ? 1 : 0;
  return true;
}

static uint32_t resolve_size(sdg_gen_model *model, const sdg_gen_type *type, uint32_t target, uint32_t controller)
{
  unsigned kinds = sdg_gen_json_kinds(model, target, 0);
  uint32_t least = 0, most = 0;

  if ((kinds & ~SDG_GEN_JSON_TEXT) != 0 && (kinds & ~SDG_GEN_JSON_UINT) != 0) {
    (void)sdg_gen_fail(model->gen, type->place, ".size is for text or for unsigned integers only");
    return SDG_CDDL_NONE;
  }
  if (!read_sizes(model, controller, &least, &most)) {
    (void)sdg_gen_fail(model->gen, type->place, ".size needs an unsigned integer or a range of them behind it");
    return SDG_CDDL_NONE;
  }
  if ((kinds & SDG_GEN_JSON_UINT) != 0) {
    if (least != most) {
      (void)sdg_gen_fail(model->gen, type->place, ".size of an unsigned integer is one number");
      return SDG_CDDL_NONE;
    }
    least = 0; /* RFC 8610 3.8.1: "giving a maximum number of bytes" */
  }
  return sdg_gen_node(model, type->place, (sdg_cddl_node){SDG_CDDL_SIZE, 0, 0, 0, target, least, most, 0});
}

typedef uint32_t (*control_fn)(sdg_gen_model *model, const sdg_gen_type *type, uint32_t target, uint32_t controller);

static const struct {
  const char *name;
  control_fn resolve;
} controls[] = {
    {"and", resolve_and},    {"within", resolve_and}, {"regexp", resolve_regexp}, {"size", resolve_size},
    {"ge", resolve_compare}, {"le", resolve_compare}, {"gt", resolve_compare},    {"lt", resolve_compare},
};

uint32_t sdg_gen_resolve_control(sdg_gen_model *model, const sdg_gen_scope *scope, const sdg_gen_type *type)
{
  control_fn resolve = NULL;
  uint32_t target, controller;

  for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++) {
    if (strcmp(controls[i].name, type->text) == 0) {
      resolve = controls[i].resolve;
    }
  }
  if (resolve == NULL) {
    (void)sdg_gen_fail(model->gen, type->place, "the control operator .%.80s is not supported", type->text);
    return SDG_CDDL_NONE;
  }
  target = sdg_gen_resolve_type(model, scope, type->items[0]);
  controller = target == SDG_CDDL_NONE ? SDG_CDDL_NONE : sdg_gen_resolve_type(model, scope, type->items[1]);
  return controller == SDG_CDDL_NONE ? SDG_CDDL_NONE : resolve(model, type, target, controller);
}
