/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/regex_class.c -- character classes and escapes.  Those that lean on the Unicode tables (\d \w \p ...) are
 * refused: they mean other things than people think (\d takes every script's digits). */
#include <string.h>
#include "cddl/gen/regex.h"

bool sdg_gen_regex_escape(sdg_gen_regex_reader *reader, sdg_gen_charset *out, bool *single)
{
  static const char names[] = "nrt\\|.-^?*+{}()[]";
  static const char values[] = "\n\r\t\\|.-^?*+{}()[]";
  char c = reader->at + 1 < reader->len ? reader->text[reader->at + 1] : '\0';
  const char *found = c == '\0' ? NULL : strchr(names, c);

  *single = found != NULL;
  if (found != NULL) {
    unsigned char value = (unsigned char)values[found - names];
    sdg_gen_charset_add(reader->gen, out, value, value);
  } else if (c == 's' || c == 'S') {
    sdg_gen_charset blanks = {NULL, 0, 0};
    sdg_gen_charset_add(reader->gen, &blanks, '\t', '\n');
    sdg_gen_charset_add(reader->gen, &blanks, '\r', '\r');
    sdg_gen_charset_add(reader->gen, &blanks, ' ', ' ');
    if (c == 'S') {
      blanks = sdg_gen_charset_negate(reader->gen, &blanks);
    }
    sdg_gen_charset_add_set(reader->gen, out, &blanks);
  } else if (c != '\0' && strchr("dDwWiIcCpP", c) != NULL) {
    return sdg_gen_regex_fail(reader, "classes of Unicode properties are not supported (write [0-9], [A-Za-z] ...)");
  } else {
    return sdg_gen_regex_fail(reader, "XSD does not know this escape");
  }
  reader->at += 2;
  return true;
}

/* One end of a range. */
static bool read_end(sdg_gen_regex_reader *reader, uint32_t *out)
{
  sdg_gen_charset set = {NULL, 0, 0};
  bool single;

  if (reader->at < reader->len && reader->text[reader->at] == '\\') {
    if (!sdg_gen_regex_escape(reader, &set, &single)) {
      return false;
    }
    if (!single) {
      return sdg_gen_regex_fail(reader, "a class cannot be the end of a range");
    }
    *out = set.ranges[0].low;
    return true;
  }
  if (reader->at < reader->len && reader->text[reader->at] == '[') {
    return sdg_gen_regex_fail(reader, "'[' must be escaped in a class");
  }
  return sdg_gen_regex_char(reader, out);
}

static bool is_at(const sdg_gen_regex_reader *reader, size_t ahead, char c)
{
  return reader->at + ahead < reader->len && reader->text[reader->at + ahead] == c;
}

/* A character, a range or an escape; a bare '-' only at either end of the class. */
static bool read_member(sdg_gen_regex_reader *reader, sdg_gen_charset *set, bool first)
{
  uint32_t low, high;

  if (is_at(reader, 0, '\\') && (is_at(reader, 1, 's') || is_at(reader, 1, 'S'))) {
    bool single;
    return sdg_gen_regex_escape(reader, set, &single);
  }
  if (is_at(reader, 0, '-') && !first && !is_at(reader, 1, ']') && !is_at(reader, 1, '[')) {
    return sdg_gen_regex_fail(reader, "'-' within a class must be escaped");
  }
  if (!read_end(reader, &low)) {
    return false;
  }
  high = low;
  if (is_at(reader, 0, '-') && !is_at(reader, 1, ']') && !is_at(reader, 1, '[')) {
    reader->at++;
    if (is_at(reader, 0, '-')) {
      return sdg_gen_regex_fail(reader, "'-' within a class must be escaped");
    }
    if (!read_end(reader, &high)) {
      return false;
    }
    if (high < low) {
      return sdg_gen_regex_fail(reader, "a range in the wrong order");
    }
  }
  sdg_gen_charset_add(reader->gen, set, low, high);
  return true;
}

bool sdg_gen_regex_class(sdg_gen_regex_reader *reader, sdg_gen_charset *out)
{
  sdg_gen_charset minus = {NULL, 0, 0};
  bool negative, first = true;

  reader->at++;
  negative = is_at(reader, 0, '^');
  reader->at += negative ? 1 : 0;
  for (; !is_at(reader, 0, ']') && !(is_at(reader, 0, '-') && is_at(reader, 1, '[')); first = false) {
    if (!read_member(reader, out, first)) {
      return false;
    }
  }
  if (first) {
    return sdg_gen_regex_fail(reader, "an empty class");
  }
  if (negative) {
    *out = sdg_gen_charset_negate(reader->gen, out);
  }
  if (is_at(reader, 0, '-')) {
    reader->at++;
    if (reader->depth >= 64) {
      return sdg_gen_regex_fail(reader, "nested too deep");
    }
    reader->depth++;
    if (!sdg_gen_regex_class(reader, &minus)) {
      return false;
    }
    reader->depth--;
    *out = sdg_gen_charset_subtract(reader->gen, out, &minus);
  }
  if (!is_at(reader, 0, ']')) {
    return sdg_gen_regex_fail(reader, "']' is missing");
  }
  reader->at++;
  return true;
}
