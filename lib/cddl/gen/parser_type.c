/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/parser_type.c -- types. */
#include <string.h>
#include "cddl/gen/parser.h"

sdg_gen_type *sdg_gen_new_type(sdg_gen_parser *parser, sdg_gen_type_kind kind, const sdg_gen_token *token)
{
  sdg_gen_type *type = sdg_gen_alloc(parser->gen, 1, sizeof *type);

  type->kind = kind;
  type->place = token->place;
  type->begin = token->begin;
  type->end = token->end;
  type->text = token->text;
  return type;
}

static void add_item(sdg_gen_parser *parser, sdg_gen_type *type, size_t *cap, sdg_gen_type *item)
{
  type->items = sdg_gen_more(parser->gen, type->items, type->count, cap, sizeof *type->items);
  type->items[type->count++] = item;
  type->end = item->end;
}

/* genericarg follows its name without a blank. */
static sdg_gen_type *parse_name(sdg_gen_parser *parser)
{
  sdg_gen_type *type = sdg_gen_new_type(parser, SDG_GEN_TYPE_NAME, sdg_gen_peek(parser, 0));
  size_t cap = 0;

  parser->at++;
  if (!sdg_gen_is_sign(parser, 0, "<")) {
    return type;
  }
  if (sdg_gen_peek(parser, 0)->begin != type->end) {
    return sdg_gen_unexpected(parser, "something else (generic arguments follow the name without a blank)");
  }
  if (!sdg_gen_nest(parser)) {
    return NULL;
  }
  do {
    sdg_gen_type *argument;
    parser->at++;
    argument = sdg_gen_parse_type1(parser);
    if (argument == NULL) {
      return NULL;
    }
    add_item(parser, type, &cap, argument);
  } while (sdg_gen_is_sign(parser, 0, ","));
  type->end = sdg_gen_peek(parser, 0)->end;
  parser->depth--;
  return sdg_gen_expect(parser, ">", "behind generic arguments") ? type : NULL;
}

static sdg_gen_type *parse_container(sdg_gen_parser *parser, sdg_gen_type_kind kind, const char *close)
{
  sdg_gen_type *type = sdg_gen_new_type(parser, kind, sdg_gen_peek(parser, 0));

  if (!sdg_gen_nest(parser)) {
    return NULL;
  }
  parser->at++;
  type->group = sdg_gen_parse_group(parser);
  if (type->group == NULL) {
    return NULL;
  }
  type->end = sdg_gen_peek(parser, 0)->end;
  parser->depth--;
  return sdg_gen_expect(parser, close, "at the end of the group") ? type : NULL;
}

static sdg_gen_type *parse_parenthesised(sdg_gen_parser *parser)
{
  sdg_gen_place place = sdg_gen_peek(parser, 0)->place;
  sdg_gen_group *group;
  sdg_gen_type *type;

  if (!sdg_gen_nest(parser)) {
    return NULL;
  }
  parser->at++;
  group = sdg_gen_parse_group(parser);
  if (group == NULL || !sdg_gen_expect(parser, ")", "at the end of the parentheses")) {
    return NULL;
  }
  parser->depth--;
  type = sdg_gen_reduce(group);
  if (type == NULL) {
    (void)sdg_gen_fail(parser->gen, place, "a group where a type is expected");
  }
  return type;
}

static sdg_gen_type *parse_sign(sdg_gen_parser *parser)
{
  static const struct {
    const char *sign, *why;
  } refused[] = {
      {"#", "tags and major types have no JSON form (write 'any' for any value)"},
      {"~", "unwrapping is not supported"},
      {"&", "choices out of groups are not supported (write the values with '/')"},
  };

  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    if (sdg_gen_is_sign(parser, 0, refused[i].sign)) {
      (void)sdg_gen_fail(parser->gen, sdg_gen_peek(parser, 0)->place, "%s", refused[i].why);
      return NULL;
    }
  }
  if (sdg_gen_is_sign(parser, 0, "(")) {
    return parse_parenthesised(parser);
  }
  if (sdg_gen_is_sign(parser, 0, "{")) {
    return parse_container(parser, SDG_GEN_TYPE_MAP, "}");
  }
  if (sdg_gen_is_sign(parser, 0, "[")) {
    return parse_container(parser, SDG_GEN_TYPE_ARRAY, "]");
  }
  return sdg_gen_unexpected(parser, "a type");
}

static sdg_gen_type *parse_type2(sdg_gen_parser *parser)
{
  const sdg_gen_token *token = sdg_gen_peek(parser, 0);

  switch (token->kind) {
  case SDG_GEN_ID:
    return parse_name(parser);
  case SDG_GEN_TEXT:
    parser->at++;
    return sdg_gen_new_type(parser, SDG_GEN_TYPE_TEXT, token);
  case SDG_GEN_INT:
    parser->at++;
    return sdg_gen_new_type(parser, SDG_GEN_TYPE_INT, token);
  case SDG_GEN_NUMBER:
    parser->at++;
    return sdg_gen_new_type(parser, SDG_GEN_TYPE_NUMBER, token);
  case SDG_GEN_SIGN:
    return parse_sign(parser);
  default:
    return sdg_gen_unexpected(parser, "a type");
  }
}

/* Range and control operators do not associate: "a .and b .and c" needs parentheses (RFC 8610 3.11). */
sdg_gen_type *sdg_gen_parse_type1_from(sdg_gen_parser *parser, sdg_gen_type *first)
{
  const sdg_gen_token *token = sdg_gen_peek(parser, 0);
  bool range = sdg_gen_is_sign(parser, 0, "..") || sdg_gen_is_sign(parser, 0, "...");
  sdg_gen_type *type, *second;
  size_t cap = 0;

  if (!range && token->kind != SDG_GEN_CONTROL) {
    return first;
  }
  type = sdg_gen_new_type(parser, range ? SDG_GEN_TYPE_RANGE : SDG_GEN_TYPE_CONTROL, token);
  type->open = range && strcmp(token->text, "...") == 0;
  parser->at++;
  second = parse_type2(parser);
  if (second == NULL) {
    return NULL;
  }
  add_item(parser, type, &cap, first);
  add_item(parser, type, &cap, second);
  type->begin = first->begin;
  return type;
}

sdg_gen_type *sdg_gen_parse_type1(sdg_gen_parser *parser)
{
  sdg_gen_type *first = parse_type2(parser);

  return first == NULL ? NULL : sdg_gen_parse_type1_from(parser, first);
}

sdg_gen_type *sdg_gen_parse_type_from(sdg_gen_parser *parser, sdg_gen_type *first)
{
  sdg_gen_type *choice;
  size_t cap = 0;

  if (first == NULL || !sdg_gen_is_sign(parser, 0, "/")) {
    return first;
  }
  choice = sdg_gen_new_type(parser, SDG_GEN_TYPE_CHOICE, sdg_gen_peek(parser, 0));
  choice->place = first->place;
  choice->begin = first->begin;
  add_item(parser, choice, &cap, first);
  while (sdg_gen_accept(parser, "/")) {
    sdg_gen_type *next = sdg_gen_parse_type1(parser);
    if (next == NULL) {
      return NULL;
    }
    add_item(parser, choice, &cap, next);
  }
  return choice;
}

sdg_gen_type *sdg_gen_parse_type(sdg_gen_parser *parser)
{
  return sdg_gen_parse_type_from(parser, sdg_gen_parse_type1(parser));
}
