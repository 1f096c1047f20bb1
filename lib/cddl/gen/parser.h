/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/parser.h -- what the parts of the parser share. */
#ifndef SDG_CDDL_GEN_PARSER_H
#define SDG_CDDL_GEN_PARSER_H

#include "cddl/gen/lexer.h"
#include "cddl/gen/syntax.h"

/* Nesting of brackets and parentheses. */
#define SDG_GEN_NESTING_MAX 64u

typedef struct sdg_gen_parser {
  sdg_gen *gen;
  const sdg_gen_token *tokens;
  size_t at, count;
  unsigned depth;
} sdg_gen_parser;

/* parser.c */
const sdg_gen_token *sdg_gen_peek(const sdg_gen_parser *parser, size_t ahead);
bool sdg_gen_is_sign(const sdg_gen_parser *parser, size_t ahead, const char *sign);
bool sdg_gen_accept(sdg_gen_parser *parser, const char *sign);
bool sdg_gen_expect(sdg_gen_parser *parser, const char *sign, const char *where);
/* Complains about the token at hand; NULL. */
void *sdg_gen_unexpected(sdg_gen_parser *parser, const char *wanted);
bool sdg_gen_nest(sdg_gen_parser *parser);

/* parser_type.c: all return NULL after a complaint */
sdg_gen_type *sdg_gen_parse_type(sdg_gen_parser *parser);
sdg_gen_type *sdg_gen_parse_type1(sdg_gen_parser *parser);
/* The rest of a type1 or type whose first operand has been read. */
sdg_gen_type *sdg_gen_parse_type1_from(sdg_gen_parser *parser, sdg_gen_type *first);
sdg_gen_type *sdg_gen_parse_type_from(sdg_gen_parser *parser, sdg_gen_type *first);
sdg_gen_type *sdg_gen_new_type(sdg_gen_parser *parser, sdg_gen_type_kind kind, const sdg_gen_token *token);

/* parser_group.c */
sdg_gen_group *sdg_gen_parse_group(sdg_gen_parser *parser);
sdg_gen_entry *sdg_gen_parse_entry(sdg_gen_parser *parser);
/* The type that a group in parentheses stands for, if it is but one. */
sdg_gen_type *sdg_gen_reduce(const sdg_gen_group *group);

#endif /* SDG_CDDL_GEN_PARSER_H */
