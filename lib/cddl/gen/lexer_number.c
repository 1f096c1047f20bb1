/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/lexer_number.c -- numbers and occurrences. */
#include <inttypes.h>
#include <stdio.h>
#include "cddl/gen/lexer.h"

static int peek(const sdg_gen_lexer *lexer, size_t ahead)
{
  return lexer->at + ahead < lexer->len ? (unsigned char)lexer->base[lexer->at + ahead] : -1;
}

static int digit_of(int c, unsigned radix)
{
  int value = -1;

  if (c >= '0' && c <= '9') {
    value = c - '0';
  } else if (c >= 'a' && c <= 'f') {
    value = c - 'a' + 10;
  } else if (c >= 'A' && c <= 'F') {
    value = c - 'A' + 10;
  }
  return value >= 0 && value < (int)radix ? value : -1;
}

static bool read_digits(sdg_gen_lexer *lexer, unsigned radix, uint64_t *out)
{
  sdg_gen_place place = sdg_gen_lexer_place(lexer);

  *out = 0;
  if (digit_of(peek(lexer, 0), radix) < 0) {
    return sdg_gen_fail(lexer->gen, place, "a digit is missing");
  }
  for (; digit_of(peek(lexer, 0), radix) >= 0; lexer->at++) {
    uint64_t digit = (uint64_t)digit_of(peek(lexer, 0), radix);
    if (*out > (UINT64_MAX - digit) / radix) {
      return sdg_gen_fail(lexer->gen, place, "the integer does not fit in 64 bits");
    }
    *out = *out * radix + digit;
  }
  return true;
}

static bool read_uint(sdg_gen_lexer *lexer, uint64_t *out)
{
  int x = peek(lexer, 1);

  if (peek(lexer, 0) == '0' && (x == 'x' || x == 'X' || x == 'b' || x == 'B')) {
    lexer->at += 2;
    if (!read_digits(lexer, x == 'x' || x == 'X' ? 16 : 2, out)) {
      return false;
    }
    if (peek(lexer, 0) == 'p' || peek(lexer, 0) == 'P' ||
        (peek(lexer, 0) == '.' && digit_of(peek(lexer, 1), 16) >= 0)) {
      return sdg_gen_fail(lexer->gen, sdg_gen_lexer_place(lexer), "hexadecimal fractions are not supported");
    }
    return true;
  }
  if (peek(lexer, 0) == '0' && digit_of(x, 10) >= 0) {
    return sdg_gen_fail(lexer->gen, sdg_gen_lexer_place(lexer), "a number with a leading zero");
  }
  return read_digits(lexer, 10, out);
}

/* ["." fraction] ["e" exponent]; true if there was one of them. */
static bool skip_fraction(sdg_gen_lexer *lexer)
{
  bool found = false;
  size_t sign;

  if (peek(lexer, 0) == '.' && digit_of(peek(lexer, 1), 10) >= 0) {
    found = true;
    lexer->at++;
    while (digit_of(peek(lexer, 0), 10) >= 0) {
      lexer->at++;
    }
  }
  sign = peek(lexer, 1) == '+' || peek(lexer, 1) == '-' ? 2 : 1;
  if ((peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') && digit_of(peek(lexer, sign), 10) >= 0) {
    found = true;
    lexer->at += sign;
    while (digit_of(peek(lexer, 0), 10) >= 0) {
      lexer->at++;
    }
  }
  return found;
}

bool sdg_gen_lex_number(sdg_gen_lexer *lexer, sdg_gen_token *token)
{
  size_t begin = lexer->at;
  bool minus = peek(lexer, 0) == '-';
  uint64_t value;
  char text[32];
  int n;

  lexer->at += minus ? 1 : 0;
  if (!read_uint(lexer, &value)) {
    return false;
  }
  if (!minus && peek(lexer, 0) == '*') {
    lexer->at = begin;
    return sdg_gen_lex_occurrence(lexer, token);
  }
  if (skip_fraction(lexer)) {
    token->kind = SDG_GEN_NUMBER;
    token->text = sdg_gen_copy(lexer->gen, lexer->base + begin, lexer->at - begin);
    return true;
  }
  token->kind = SDG_GEN_INT;
  n = snprintf(text, sizeof text, "%s%" PRIu64, minus && value != 0 ? "-" : "", value);
  token->text = sdg_gen_copy(lexer->gen, text, (size_t)n);
  return true;
}

bool sdg_gen_lex_occurrence(sdg_gen_lexer *lexer, sdg_gen_token *token)
{
  int c = peek(lexer, 0);
  uint64_t least = 0, most = SDG_GEN_MANY;

  token->kind = SDG_GEN_OCCUR;
  if (c == '?' || c == '+') {
    lexer->at++;
    token->least = c == '+' ? 1 : 0;
    token->most = c == '+' ? SDG_GEN_MANY : 1;
    return true;
  }
  if (c != '*' && !read_uint(lexer, &least)) {
    return false;
  }
  lexer->at++;
  if (digit_of(peek(lexer, 0), 10) >= 0 && !read_uint(lexer, &most)) {
    return false;
  }
  if (least >= SDG_GEN_MANY || (most >= SDG_GEN_MANY && most != SDG_GEN_MANY)) {
    return sdg_gen_fail(lexer->gen, token->place, "the occurrence is too large");
  }
  if (least > most) {
    return sdg_gen_fail(lexer->gen, token->place, "the lower limit of an occurrence is above the upper one");
  }
  token->least = (uint32_t)least;
  token->most = (uint32_t)most;
  return true;
}
