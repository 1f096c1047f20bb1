/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/regex_parse.c -- the text of an expression to its tree: regExp, branch, piece, atom, quantifier. */
#include <stdio.h>
#include <string.h>
#include "cddl/gen/lexer.h"
#include "cddl/gen/regex.h"

#define DEPTH_MAX 64u
#define REPEAT_MAX 1000u

bool sdg_gen_regex_fail(sdg_gen_regex_reader *reader, const char *why)
{
  return sdg_gen_fail(reader->gen, reader->place, "regular expression, byte %lu: %s", (unsigned long)reader->at + 1,
                      why);
}

bool sdg_gen_regex_char(sdg_gen_regex_reader *reader, uint32_t *out)
{
  size_t n = sdg_gen_utf8_read(reader->text + reader->at, reader->len - reader->at, out);

  if (n == 0) {
    return sdg_gen_regex_fail(reader, "it ends too early");
  }
  reader->at += n;
  return true;
}

static bool is_at(const sdg_gen_regex_reader *reader, char c)
{
  return reader->at < reader->len && reader->text[reader->at] == c;
}

static sdg_gen_regex *new_node(sdg_gen_regex_reader *reader, sdg_gen_regex_kind kind)
{
  sdg_gen_regex *node = sdg_gen_alloc(reader->gen, 1, sizeof *node);

  node->kind = kind;
  return node;
}

static void add_item(sdg_gen_regex_reader *reader, sdg_gen_regex *node, sdg_gen_regex *item)
{
  node->items = sdg_gen_more(reader->gen, node->items, node->count, &node->cap, sizeof *node->items);
  node->items[node->count++] = item;
}

static sdg_gen_regex *parse_alternatives(sdg_gen_regex_reader *reader);

static sdg_gen_regex *parse_parentheses(sdg_gen_regex_reader *reader)
{
  sdg_gen_regex *node;

  reader->at++;
  if (reader->depth >= DEPTH_MAX) {
    (void)sdg_gen_regex_fail(reader, "nested too deep");
    return NULL;
  }
  if (is_at(reader, '?')) {
    (void)sdg_gen_regex_fail(reader, "there is no (?...) in XSD");
    return NULL;
  }
  reader->depth++;
  node = parse_alternatives(reader);
  reader->depth--;
  if (node != NULL && !is_at(reader, ')')) {
    (void)sdg_gen_regex_fail(reader, "')' is missing");
    return NULL;
  }
  reader->at++;
  return node;
}

/* '.' is any character but the line ends. */
static void set_dot(sdg_gen_regex_reader *reader, sdg_gen_regex *node)
{
  sdg_gen_charset ends = {NULL, 0, 0};

  sdg_gen_charset_add(reader->gen, &ends, '\n', '\n');
  sdg_gen_charset_add(reader->gen, &ends, '\r', '\r');
  node->set = sdg_gen_charset_negate(reader->gen, &ends);
  reader->at++;
}

static sdg_gen_regex *parse_atom(sdg_gen_regex_reader *reader)
{
  sdg_gen_regex *node;
  bool single;
  uint32_t c;

  if (is_at(reader, '(')) {
    return parse_parentheses(reader);
  }
  node = new_node(reader, SDG_GEN_REGEX_SET);
  if (is_at(reader, '.')) {
    set_dot(reader, node);
    return node;
  }
  if (is_at(reader, '[')) {
    return sdg_gen_regex_class(reader, &node->set) ? node : NULL;
  }
  if (is_at(reader, '\\')) {
    return sdg_gen_regex_escape(reader, &node->set, &single) ? node : NULL;
  }
  if (strchr("?*+{}]", reader->text[reader->at]) != NULL) {
    (void)sdg_gen_regex_fail(reader, "this character must be escaped, or there is nothing to repeat");
    return NULL;
  }
  if (!sdg_gen_regex_char(reader, &c)) {
    return NULL;
  }
  sdg_gen_charset_add(reader->gen, &node->set, c, c);
  return node;
}

static bool read_number(sdg_gen_regex_reader *reader, uint32_t *out)
{
  size_t begin = reader->at;

  *out = 0;
  for (; reader->at < reader->len && reader->text[reader->at] >= '0' && reader->text[reader->at] <= '9'; reader->at++) {
    *out = *out * 10 + (uint32_t)(reader->text[reader->at] - '0');
    if (*out > REPEAT_MAX) {
      return sdg_gen_regex_fail(reader, "more than 1000 repetitions");
    }
  }
  return reader->at > begin || sdg_gen_regex_fail(reader, "a number is missing in {...}");
}

/* {n} {n,} {n,m} */
static bool parse_braces(sdg_gen_regex_reader *reader, sdg_gen_regex *node)
{
  reader->at++;
  if (!read_number(reader, &node->least)) {
    return false;
  }
  node->most = node->least;
  if (is_at(reader, ',')) {
    reader->at++;
    node->most = SDG_GEN_MANY;
    if (!is_at(reader, '}') && !read_number(reader, &node->most)) {
      return false;
    }
  }
  if (node->most < node->least) {
    return sdg_gen_regex_fail(reader, "the limits of {n,m} are in the wrong order");
  }
  if (!is_at(reader, '}')) {
    return sdg_gen_regex_fail(reader, "'}' is missing");
  }
  reader->at++;
  return true;
}

static sdg_gen_regex *parse_piece(sdg_gen_regex_reader *reader)
{
  sdg_gen_regex *atom = parse_atom(reader);
  sdg_gen_regex *node;

  if (atom == NULL || reader->at >= reader->len || strchr("?*+{", reader->text[reader->at]) == NULL) {
    return atom;
  }
  node = new_node(reader, SDG_GEN_REGEX_REPEAT);
  add_item(reader, node, atom);
  if (is_at(reader, '{')) {
    return parse_braces(reader, node) ? node : NULL;
  }
  node->least = is_at(reader, '+') ? 1 : 0;
  node->most = is_at(reader, '?') ? 1 : SDG_GEN_MANY;
  reader->at++;
  return node;
}

static sdg_gen_regex *parse_branch(sdg_gen_regex_reader *reader)
{
  sdg_gen_regex *node = new_node(reader, SDG_GEN_REGEX_SEQUENCE);

  while (reader->at < reader->len && !is_at(reader, '|') && !is_at(reader, ')')) {
    sdg_gen_regex *piece = parse_piece(reader);
    if (piece == NULL) {
      return NULL;
    }
    add_item(reader, node, piece);
  }
  return node;
}

static sdg_gen_regex *parse_alternatives(sdg_gen_regex_reader *reader)
{
  sdg_gen_regex *node = new_node(reader, SDG_GEN_REGEX_ALTERNATIVE);

  for (;;) {
    sdg_gen_regex *branch = parse_branch(reader);
    if (branch == NULL) {
      return NULL;
    }
    add_item(reader, node, branch);
    if (!is_at(reader, '|')) {
      return node;
    }
    reader->at++;
  }
}

sdg_gen_regex *sdg_gen_regex_parse(sdg_gen *gen, sdg_gen_place place, const char *text)
{
  sdg_gen_regex_reader reader = {gen, place, text, strlen(text), 0, 0};
  sdg_gen_regex *node = parse_alternatives(&reader);

  if (node != NULL && reader.at < reader.len) {
    (void)sdg_gen_regex_fail(&reader, "')' without '('");
    return NULL;
  }
  return node;
}
