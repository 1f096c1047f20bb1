/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/parser.c -- rules, and the tools of the parser. */
#include "cddl/gen/parser.h"

#include <string.h>

const sdg_gen_token *sdg_gen_peek(const sdg_gen_parser *parser, size_t ahead)
{
  size_t at = parser->at + ahead;

  return &parser->tokens[at < parser->count ? at : parser->count - 1];
}

bool sdg_gen_is_sign(const sdg_gen_parser *parser, size_t ahead, const char *sign)
{
  const sdg_gen_token *token = sdg_gen_peek(parser, ahead);

  return token->kind == SDG_GEN_SIGN && strcmp(token->text, sign) == 0;
}

bool sdg_gen_accept(sdg_gen_parser *parser, const char *sign)
{
  if (!sdg_gen_is_sign(parser, 0, sign)) {
    return false;
  }
  parser->at++;
  return true;
}

bool sdg_gen_expect(sdg_gen_parser *parser, const char *sign, const char *where)
{
  if (sdg_gen_accept(parser, sign)) {
    return true;
  }
  return sdg_gen_fail(parser->gen, sdg_gen_peek(parser, 0)->place, "expected '%s' %s", sign, where);
}

void *sdg_gen_unexpected(sdg_gen_parser *parser, const char *wanted)
{
  const sdg_gen_token *token = sdg_gen_peek(parser, 0);

  switch (token->kind) {
  case SDG_GEN_END:
    (void)sdg_gen_fail(parser->gen, token->place, "the file ends where %s is expected", wanted);
    break;
  case SDG_GEN_ID:
  case SDG_GEN_SIGN:
    (void)sdg_gen_fail(parser->gen, token->place, "'%.80s' found where %s is expected", token->text, wanted);
    break;
  case SDG_GEN_OCCUR:
    (void)sdg_gen_fail(parser->gen, token->place, "an occurrence found where %s is expected", wanted);
    break;
  default:
    (void)sdg_gen_fail(parser->gen, token->place, "this is found where %s is expected", wanted);
    break;
  }
  return NULL;
}

bool sdg_gen_nest(sdg_gen_parser *parser)
{
  if (parser->depth >= SDG_GEN_NESTING_MAX) {
    return sdg_gen_fail(parser->gen, sdg_gen_peek(parser, 0)->place, "nested too deep");
  }
  parser->depth++;
  return true;
}

sdg_gen_rule *sdg_gen_find_rule(const sdg_gen_syntax *syntax, const char *name)
{
  for (size_t i = 0; i < syntax->count; i++) {
    if (strcmp(syntax->rules[i]->name, name) == 0) {
      return syntax->rules[i];
    }
  }
  return NULL;
}

static bool parse_params(sdg_gen_parser *parser, sdg_gen_rule *rule)
{
  if (!sdg_gen_is_sign(parser, 0, "<")) {
    return true;
  }
  do {
    const sdg_gen_token *token;
    parser->at++;
    token = sdg_gen_peek(parser, 0);
    if (token->kind != SDG_GEN_ID) {
      return sdg_gen_unexpected(parser, "the name of a generic parameter") != NULL;
    }
    for (size_t i = 0; i < rule->param_count; i++) {
      if (strcmp(rule->params[i], token->text) == 0) {
        return sdg_gen_fail(parser->gen, token->place, "the parameter '%.80s' is there twice", token->text);
      }
    }
    rule->params = sdg_gen_more(parser->gen, rule->params, rule->param_count, &rule->param_cap, sizeof *rule->params);
    rule->params[rule->param_count++] = token->text;
    parser->at++;
  } while (sdg_gen_is_sign(parser, 0, ","));
  return sdg_gen_expect(parser, ">", "behind generic parameters");
}

/* RFC 8610 3.9: sockets are filled by augmentation only. */
static bool check_assignment(sdg_gen_parser *parser, const sdg_gen_rule *rule, const sdg_gen_rule *old, char sign)
{
  bool group_socket = rule->name[0] == '$' && rule->name[1] == '$';
  bool socket = rule->name[0] == '$';

  if (socket && sign != (group_socket ? 'g' : 't')) {
    return sdg_gen_fail(parser->gen, rule->place, "a socket such as '%.80s' is filled with %s", rule->name,
                        group_socket ? "//=" : "/=");
  }
  if (socket && rule->param_count > 0) {
    return sdg_gen_fail(parser->gen, rule->place, "a socket cannot have generic parameters");
  }
  if (old == NULL) {
    return true;
  }
  if (sign == '=') {
    return sdg_gen_fail(parser->gen, rule->place, "'%.80s' is already defined in line %lu", rule->name,
                        (unsigned long)old->place.line);
  }
  if (rule->param_count > 0 || old->param_count > 0) {
    return sdg_gen_fail(parser->gen, rule->place, "a generic rule cannot be extended");
  }
  return true;
}

static sdg_gen_entry *parse_definition(sdg_gen_parser *parser, char sign)
{
  sdg_gen_entry *entry;

  if (sign != 't') {
    return sdg_gen_parse_entry(parser);
  }
  entry = sdg_gen_alloc(parser->gen, 1, sizeof *entry);
  entry->place = sdg_gen_peek(parser, 0)->place;
  entry->least = entry->most = 1;
  entry->type = sdg_gen_parse_type(parser);
  return entry->type == NULL ? NULL : entry;
}

static bool add_definition(sdg_gen_parser *parser, sdg_gen_syntax *out, sdg_gen_rule *rule, char sign)
{
  sdg_gen_rule *old = sdg_gen_find_rule(out, rule->name);
  sdg_gen_entry *definition;

  if (!check_assignment(parser, rule, old, sign)) {
    return false;
  }
  if (old == NULL) {
    out->rules = sdg_gen_more(parser->gen, out->rules, out->count, &out->cap, sizeof *out->rules);
    out->rules[out->count++] = rule;
    old = rule;
  }
  definition = parse_definition(parser, sign);
  if (definition == NULL) {
    return false;
  }
  old->definitions = sdg_gen_more(parser->gen, old->definitions, old->count, &old->cap, sizeof *old->definitions);
  old->definitions[old->count++] = definition;
  old->defined = old->defined || sign == '=';
  old->extended_type = old->extended_type || sign == 't';
  old->extended_group = old->extended_group || sign == 'g';
  return true;
}

static bool parse_rule(sdg_gen_parser *parser, sdg_gen_syntax *out)
{
  const sdg_gen_token *token = sdg_gen_peek(parser, 0);
  sdg_gen_rule *rule = sdg_gen_alloc(parser->gen, 1, sizeof *rule);

  if (token->kind != SDG_GEN_ID) {
    return sdg_gen_unexpected(parser, "the name of a rule") != NULL;
  }
  rule->name = token->text;
  rule->place = token->place;
  parser->at++;
  if (!parse_params(parser, rule)) {
    return false;
  }
  if (sdg_gen_accept(parser, "=")) {
    return add_definition(parser, out, rule, '=');
  }
  if (sdg_gen_accept(parser, "/=")) {
    return add_definition(parser, out, rule, 't');
  }
  if (sdg_gen_accept(parser, "//=")) {
    return add_definition(parser, out, rule, 'g');
  }
  return sdg_gen_unexpected(parser, "'=', '/=' or '//='") != NULL;
}

bool sdg_gen_parse(sdg_gen *gen, const char *source, size_t len, sdg_gen_syntax *out)
{
  sdg_gen_parser parser = {gen, NULL, 0, 0, 0};

  memset(out, 0, sizeof *out);
  out->source = source;
  parser.tokens = sdg_gen_lex(gen, source, len, &parser.count);
  if (parser.tokens == NULL) {
    return false;
  }
  do {
    if (!parse_rule(&parser, out)) {
      return false;
    }
  } while (sdg_gen_peek(&parser, 0)->kind != SDG_GEN_END);
  return true;
}
