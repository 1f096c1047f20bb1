/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/parser_group.c -- groups and their entries.  What stands in parentheses is read as a group first; whether it
 * is a mere type shows when it has been read, so nothing has to be read twice. */
#include "cddl/gen/parser.h"

sdg_gen_type *sdg_gen_reduce(const sdg_gen_group *group)
{
  const sdg_gen_entry *entry;

  if (group->count != 1 || group->branches[0].count != 1) {
    return NULL;
  }
  entry = group->branches[0].entries[0];
  return entry->counted || entry->key != NULL || entry->comma ? NULL : entry->type;
}

static bool ends_group(const sdg_gen_parser *parser)
{
  return sdg_gen_is_sign(parser, 0, ")") || sdg_gen_is_sign(parser, 0, "]") || sdg_gen_is_sign(parser, 0, "}") ||
         sdg_gen_peek(parser, 0)->kind == SDG_GEN_END;
}

static bool parse_branch(sdg_gen_parser *parser, sdg_gen_branch *branch)
{
  while (!ends_group(parser) && !sdg_gen_is_sign(parser, 0, "//")) {
    sdg_gen_entry *entry = sdg_gen_parse_entry(parser);
    if (entry == NULL) {
      return false;
    }
    entry->comma = sdg_gen_accept(parser, ",");
    branch->entries = sdg_gen_more(parser->gen, branch->entries, branch->count, &branch->cap, sizeof *branch->entries);
    branch->entries[branch->count++] = entry;
  }
  return true;
}

sdg_gen_group *sdg_gen_parse_group(sdg_gen_parser *parser)
{
  sdg_gen_group *group = sdg_gen_alloc(parser->gen, 1, sizeof *group);

  group->place = sdg_gen_peek(parser, 0)->place;
  do {
    group->branches = sdg_gen_more(parser->gen, group->branches, group->count, &group->cap, sizeof *group->branches);
    if (!parse_branch(parser, &group->branches[group->count++])) {
      return NULL;
    }
  } while (sdg_gen_accept(parser, "//"));
  return group;
}

/* bareword ":" or value ":"; a name as such needs no quotes here. */
static bool parse_colon_key(sdg_gen_parser *parser, sdg_gen_entry *entry)
{
  const sdg_gen_token *token = sdg_gen_peek(parser, 0);

  if (!sdg_gen_is_sign(parser, 1, ":")) {
    return false;
  }
  if (token->kind == SDG_GEN_ID || token->kind == SDG_GEN_TEXT) {
    entry->key = sdg_gen_new_type(parser, SDG_GEN_TYPE_TEXT, token);
  } else if (token->kind == SDG_GEN_INT) {
    entry->key = sdg_gen_new_type(parser, SDG_GEN_TYPE_INT, token);
  } else if (token->kind == SDG_GEN_NUMBER) {
    entry->key = sdg_gen_new_type(parser, SDG_GEN_TYPE_NUMBER, token);
  } else {
    return false;
  }
  entry->cut = true; /* RFC 8610 3.5.4: the colon includes the cut */
  parser->at += 2;
  return true;
}

static bool continues_type(const sdg_gen_parser *parser)
{
  static const char *const signs[] = {"/", "..", "...", "^", "=>"};

  for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
    if (sdg_gen_is_sign(parser, 0, signs[i])) {
      return true;
    }
  }
  return sdg_gen_peek(parser, 0)->kind == SDG_GEN_CONTROL;
}

/* "(" group ")": a group, unless it is but a type or more of a type follows. */
static sdg_gen_type *parse_parentheses(sdg_gen_parser *parser, sdg_gen_entry *entry)
{
  sdg_gen_group *group;
  sdg_gen_type *type;

  if (!sdg_gen_nest(parser)) {
    return NULL;
  }
  parser->at++;
  group = sdg_gen_parse_group(parser);
  if (group == NULL || !sdg_gen_expect(parser, ")", "at the end of the group")) {
    return NULL;
  }
  parser->depth--;
  type = sdg_gen_reduce(group);
  if (type == NULL && continues_type(parser)) {
    (void)sdg_gen_fail(parser->gen, entry->place, "a group where a type is expected");
  } else if (type == NULL) {
    entry->group = group;
  }
  return type;
}

/* What follows an occurrence and has no colon: type1 ["^"] "=>" type, or a type, or a group. */
static bool parse_rest(sdg_gen_parser *parser, sdg_gen_entry *entry)
{
  sdg_gen_type *first;

  if (sdg_gen_is_sign(parser, 0, "(")) {
    first = parse_parentheses(parser, entry);
    if (entry->group != NULL) {
      return true;
    }
    first = first == NULL ? NULL : sdg_gen_parse_type1_from(parser, first);
  } else {
    first = sdg_gen_parse_type1(parser);
  }
  if (first == NULL) {
    return false;
  }
  if (sdg_gen_is_sign(parser, 0, "^") || sdg_gen_is_sign(parser, 0, "=>")) {
    entry->key = first;
    entry->cut = sdg_gen_accept(parser, "^");
    if (!sdg_gen_expect(parser, "=>", "behind a member key")) {
      return false;
    }
    entry->type = sdg_gen_parse_type(parser);
  } else {
    entry->type = sdg_gen_parse_type_from(parser, first);
  }
  return entry->type != NULL;
}

sdg_gen_entry *sdg_gen_parse_entry(sdg_gen_parser *parser)
{
  sdg_gen_entry *entry = sdg_gen_alloc(parser->gen, 1, sizeof *entry);
  const sdg_gen_token *token = sdg_gen_peek(parser, 0);

  entry->least = entry->most = 1;
  if (token->kind == SDG_GEN_OCCUR) {
    entry->counted = true;
    entry->least = token->least;
    entry->most = token->most;
    parser->at++;
  }
  entry->place = sdg_gen_peek(parser, 0)->place;
  if (parse_colon_key(parser, entry)) {
    entry->type = sdg_gen_parse_type(parser);
    return entry->type == NULL ? NULL : entry;
  }
  return parse_rest(parser, entry) ? entry : NULL;
}
