/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/lexer.c -- white space, comments, names, punctuation. */
#include "cddl/gen/lexer.h"

#include <string.h>

#define SOURCE_MAX ((size_t)1 << 24)

sdg_gen_place sdg_gen_lexer_place(const sdg_gen_lexer *lexer)
{
  return (sdg_gen_place){lexer->line, (uint32_t)(lexer->at - lexer->line_begin + 1)};
}

static int peek(const sdg_gen_lexer *lexer, size_t ahead)
{
  return lexer->at + ahead < lexer->len ? (unsigned char)lexer->base[lexer->at + ahead] : -1;
}

static bool is_digit(int c)
{
  return c >= '0' && c <= '9';
}

/* EALPHA */
static bool is_name_start(int c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '@' || c == '_' || c == '$';
}

static bool skip_line_end(sdg_gen_lexer *lexer)
{
  if (peek(lexer, 0) == '\r' && peek(lexer, 1) == '\n') {
    lexer->at++;
  }
  if (peek(lexer, 0) != '\n') {
    return false;
  }
  lexer->at++;
  lexer->line++;
  lexer->line_begin = lexer->at;
  return true;
}

/* PCHAR is any character but controls. */
static bool skip_comment(sdg_gen_lexer *lexer)
{
  uint32_t c;
  size_t n;

  while (lexer->at < lexer->len && peek(lexer, 0) != '\n' && !(peek(lexer, 0) == '\r' && peek(lexer, 1) == '\n')) {
    n = sdg_gen_utf8_read(lexer->base + lexer->at, lexer->len - lexer->at, &c);
    if (n == 0) {
      return sdg_gen_fail(lexer->gen, sdg_gen_lexer_place(lexer), "this is not UTF-8");
    }
    if (c < 0x20 || c == 0x7F) {
      return sdg_gen_fail(lexer->gen, sdg_gen_lexer_place(lexer), "a control character in a comment");
    }
    lexer->at += n;
  }
  return true;
}

static bool skip_blanks(sdg_gen_lexer *lexer)
{
  for (;;) {
    if (peek(lexer, 0) == ' ') {
      lexer->at++;
    } else if (peek(lexer, 0) == ';') {
      if (!skip_comment(lexer)) {
        return false;
      }
    } else if (!skip_line_end(lexer)) {
      return true;
    }
  }
}

/* id = EALPHA *(*("-" / ".") (EALPHA / DIGIT)): a name may hold dots and hyphens but not end in one. */
static void lex_name(sdg_gen_lexer *lexer, sdg_gen_token *token)
{
  size_t begin = lexer->at;
  size_t end = ++lexer->at;

  for (;;) {
    int c = peek(lexer, 0);
    if (is_name_start(c) || is_digit(c)) {
      end = ++lexer->at;
    } else if (c == '-' || c == '.') {
      lexer->at++;
    } else {
      break;
    }
  }
  lexer->at = end;
  token->text = sdg_gen_copy(lexer->gen, lexer->base + begin, end - begin);
}

static bool lex_sign(sdg_gen_lexer *lexer, sdg_gen_token *token)
{
  /* longest first */
  static const char *const signs[] = {"...", "//=", "..", "/=", "//", "=>", "=", "/", "(", ")", "[",
                                      "]",   "{",   "}",  "<",  ">",  ",",  ":", "^", "~", "&", "#"};
  size_t left = lexer->len - lexer->at;

  for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
    size_t n = strlen(signs[i]);
    if (n <= left && memcmp(signs[i], lexer->base + lexer->at, n) == 0) {
      token->text = signs[i];
      lexer->at += n;
      return true;
    }
  }
  if (peek(lexer, 0) == '\t') {
    return sdg_gen_fail(lexer->gen, token->place, "a tab: CDDL knows blanks and line ends only");
  }
  return sdg_gen_fail(lexer->gen, token->place, "this character has no meaning in CDDL");
}

static bool lex_token(sdg_gen_lexer *lexer, sdg_gen_token *token)
{
  int c = peek(lexer, 0);

  if (is_name_start(c)) {
    lex_name(lexer, token);
    if (peek(lexer, 0) == '\'') {
      return sdg_gen_fail(lexer->gen, token->place, "byte strings have no JSON form");
    }
    token->kind = SDG_GEN_ID;
    return true;
  }
  if (c == '"') {
    token->kind = SDG_GEN_TEXT;
    return sdg_gen_lex_text(lexer, token);
  }
  if (c == '\'') {
    return sdg_gen_fail(lexer->gen, token->place, "byte strings have no JSON form");
  }
  if (is_digit(c) || (c == '-' && is_digit(peek(lexer, 1)))) {
    return sdg_gen_lex_number(lexer, token);
  }
  if (c == '?' || c == '+' || c == '*') {
    return sdg_gen_lex_occurrence(lexer, token);
  }
  if (c == '.' && is_name_start(peek(lexer, 1))) {
    lexer->at++;
    lex_name(lexer, token);
    token->kind = SDG_GEN_CONTROL;
    return true;
  }
  token->kind = SDG_GEN_SIGN;
  return lex_sign(lexer, token);
}

sdg_gen_token *sdg_gen_lex(sdg_gen *gen, const char *base, size_t len, size_t *count)
{
  sdg_gen_lexer lexer = {gen, base, len, 0, 1, 0};
  sdg_gen_token *tokens = NULL;
  size_t cap = 0;

  *count = 0;
  if (len > SOURCE_MAX) {
    (void)sdg_gen_fail(gen, (sdg_gen_place){1, 1}, "the file is too large");
    return NULL;
  }
  for (;;) {
    sdg_gen_token *token;
    tokens = sdg_gen_more(gen, tokens, *count, &cap, sizeof *tokens);
    token = &tokens[*count];
    if (!skip_blanks(&lexer)) {
      return NULL;
    }
    token->place = sdg_gen_lexer_place(&lexer);
    token->text = "";
    token->begin = lexer.at;
    token->kind = SDG_GEN_END;
    (*count)++;
    if (lexer.at >= len) {
      token->end = len;
      return tokens;
    }
    if (!lex_token(&lexer, token)) {
      return NULL;
    }
    token->end = lexer.at;
  }
}
