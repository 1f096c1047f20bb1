/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/lexer.h -- CDDL text to tokens (RFC 8610 appendix B). */
#ifndef SDG_CDDL_GEN_LEXER_H
#define SDG_CDDL_GEN_LEXER_H

#include "cddl/gen/gen.h"

typedef enum sdg_gen_token_kind {
  SDG_GEN_END = 0,
  SDG_GEN_ID,      /* text: the name */
  SDG_GEN_TEXT,    /* text: the string, escapes undone */
  SDG_GEN_INT,     /* text: decimal */
  SDG_GEN_NUMBER,  /* text: decimal with fraction or exponent */
  SDG_GEN_OCCUR,   /* least, most */
  SDG_GEN_CONTROL, /* text: the operator without its dot */
  SDG_GEN_SIGN     /* text: the punctuation */
} sdg_gen_token_kind;

#define SDG_GEN_MANY UINT32_MAX /* no upper limit */

typedef struct sdg_gen_token {
  sdg_gen_token_kind kind;
  sdg_gen_place place;
  const char *text;
  uint32_t least, most;
  size_t begin, end; /* offsets in the source */
} sdg_gen_token;

typedef struct sdg_gen_lexer {
  sdg_gen *gen;
  const char *base;
  size_t len, at;
  uint32_t line;
  size_t line_begin;
} sdg_gen_lexer;

/* All tokens of |base|, the last one END.  NULL after a complaint. */
sdg_gen_token *sdg_gen_lex(sdg_gen *gen, const char *base, size_t len, size_t *count);

/* The parts (lexer_text.c, lexer_number.c). */
sdg_gen_place sdg_gen_lexer_place(const sdg_gen_lexer *lexer);
bool sdg_gen_lex_text(sdg_gen_lexer *lexer, sdg_gen_token *token);
bool sdg_gen_lex_number(sdg_gen_lexer *lexer, sdg_gen_token *token);
/* n*m, ?, + */
bool sdg_gen_lex_occurrence(sdg_gen_lexer *lexer, sdg_gen_token *token);
/* Decodes one UTF-8 character; 0 bytes if it is not well-formed. */
size_t sdg_gen_utf8_read(const char *p, size_t len, uint32_t *out);
size_t sdg_gen_utf8_write(char out[4], uint32_t c);

#endif /* SDG_CDDL_GEN_LEXER_H */
