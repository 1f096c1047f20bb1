/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/lexer_text.c -- text strings and their escapes (RFC 8610 3.1: as in JSON). */
#include <string.h>
#include "cddl/gen/lexer.h"

size_t sdg_gen_utf8_read(const char *p, size_t len, uint32_t *out)
{
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *u = (const unsigned char *)p;
  size_t n = len == 0 ? 0 : u[0] < 0x80 ? 1 : u[0] < 0xC2 ? 0 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : u[0] < 0xF5 ? 4 : 0;
  uint32_t c;

  if (n == 0 || n > len) {
    return 0;
  }
  c = n == 1 ? u[0] : u[0] & (0x7Fu >> n);
  for (size_t i = 1; i < n; i++) {
    if ((u[i] & 0xC0) != 0x80) {
      return 0;
    }
    c = (c << 6) | (u[i] & 0x3Fu);
  }
  if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
    return 0;
  }
  *out = c;
  return n;
}

size_t sdg_gen_utf8_write(char out[4], uint32_t c)
{
  size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};

  for (size_t i = n - 1; i > 0; i--) {
    out[i] = (char)(0x80 | (c & 0x3F));
    c >>= 6;
  }
  out[0] = (char)(first[n] | c);
  return n;
}

static int hex_digit(char c)
{
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads "XXXX" behind "\u". */
static bool read_hex4(sdg_gen_lexer *lexer, uint32_t *out)
{
  *out = 0;
  for (int i = 0; i < 4; i++) {
    int digit = lexer->at < lexer->len ? hex_digit(lexer->base[lexer->at]) : -1;
    if (digit < 0) {
      return sdg_gen_fail(lexer->gen, sdg_gen_lexer_place(lexer), "four hexadecimal digits must follow \\u");
    }
    *out = *out * 16 + (uint32_t)digit;
    lexer->at++;
  }
  return true;
}

static bool read_unicode(sdg_gen_lexer *lexer, sdg_gen_place place, uint32_t *out)
{
  uint32_t low;

  if (!read_hex4(lexer, out)) {
    return false;
  }
  if (*out >= 0xD800 && *out <= 0xDBFF && lexer->len - lexer->at >= 2 &&
      memcmp(lexer->base + lexer->at, "\\u", 2) == 0) {
    lexer->at += 2;
    if (!read_hex4(lexer, &low)) {
      return false;
    }
    if (low < 0xDC00 || low > 0xDFFF) {
      return sdg_gen_fail(lexer->gen, place, "half of a surrogate pair");
    }
    *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
  }
  if (*out >= 0xD800 && *out <= 0xDFFF) {
    return sdg_gen_fail(lexer->gen, place, "half of a surrogate pair");
  }
  if (*out == 0) {
    return sdg_gen_fail(lexer->gen, place, "the character U+0000 cannot be in a JSON text");
  }
  return true;
}

/* At the backslash.  An escape that JSON does not know is refused: to drop its backslash would change a regular
 * expression into another one. */
static bool read_escape(sdg_gen_lexer *lexer, uint32_t *out)
{
  static const char names[] = "\"\\/bfnrt";
  static const char values[] = "\"\\/\b\f\n\r\t";
  sdg_gen_place place = sdg_gen_lexer_place(lexer);
  const char *found;
  char c = lexer->at + 1 < lexer->len ? lexer->base[lexer->at + 1] : '\0';

  lexer->at += 2;
  if (c == 'u') {
    return read_unicode(lexer, place, out);
  }
  found = c == '\0' ? NULL : strchr(names, c);
  if (found == NULL) {
    return sdg_gen_fail(lexer->gen, place, "unknown escape in a text string (a backslash is written as \\\\)");
  }
  *out = (unsigned char)values[found - names];
  return true;
}

bool sdg_gen_lex_text(sdg_gen_lexer *lexer, sdg_gen_token *token)
{
  char *out = NULL;
  size_t len = 0, cap = 0;

  lexer->at++;
  for (;;) {
    sdg_gen_place place = sdg_gen_lexer_place(lexer);
    uint32_t c = 0;
    char bytes[4];
    size_t n;
    if (lexer->at >= lexer->len) {
      return sdg_gen_fail(lexer->gen, token->place, "the text string does not end");
    }
    if (lexer->base[lexer->at] == '"') {
      lexer->at++;
      token->text = sdg_gen_copy(lexer->gen, out, len);
      return true;
    }
    if (lexer->base[lexer->at] == '\\') {
      if (!read_escape(lexer, &c)) {
        return false;
      }
    } else {
      n = sdg_gen_utf8_read(lexer->base + lexer->at, lexer->len - lexer->at, &c);
      if (n == 0) {
        return sdg_gen_fail(lexer->gen, place, "this is not UTF-8");
      }
      if (c < 0x20 || c == 0x7F) {
        return sdg_gen_fail(lexer->gen, place, "a line end or control character in a text string");
      }
      lexer->at += n;
    }
    n = sdg_gen_utf8_write(bytes, c);
    for (size_t i = 0; i < n; i++) {
      out = sdg_gen_more(lexer->gen, out, len, &cap, 1);
      out[len++] = bytes[i];
    }
  }
}
