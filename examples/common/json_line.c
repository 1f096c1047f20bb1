/* SPDX-License-Identifier: Apache-2.0 */
/* common/json_line.c -- follows a JSON pointer through a text that is known to be well-formed JSON. */
#include "common/json_line.h"

#include <stdbool.h>
#include <string.h>

typedef struct cursor {
  const char *at;
  const char *end;
} cursor;

static void skip_blanks(cursor *c)
{
  while (c->at < c->end && strchr(" \t\r\n", *c->at) != NULL) {
    c->at++;
  }
}

static void skip_string(cursor *c)
{
  for (c->at++; c->at < c->end && *c->at != '"'; c->at++) {
    if (*c->at == '\\') {
      c->at++;
    }
  }
  c->at++;
}

/* Skips one value: brackets are counted, strings jumped over. */
static void skip_value(cursor *c)
{
  size_t depth = 0;

  do {
    skip_blanks(c);
    if (c->at >= c->end) {
      return;
    }
    if (*c->at == '"') {
      skip_string(c);
    } else if (*c->at == '{' || *c->at == '[') {
      depth++;
      c->at++;
    } else if (*c->at == '}' || *c->at == ']') {
      depth--;
      c->at++;
    } else if (*c->at == ',' || *c->at == ':') {
      c->at++;
    } else {
      c->at += strcspn(c->at, ",:]} \t\r\n");
    }
  } while (depth > 0);
}

/* Compares a name in the text with a token of the pointer ("~1" is "/", "~0" is "~"); names with escapes just do not
 * match. */
static bool is_name(const char *name, size_t name_len, const char *token, size_t token_len)
{
  size_t n = 0;

  for (size_t i = 0; i < token_len; i++, n++) {
    char want = token[i];

    if (want == '~' && i + 1 < token_len) {
      want = (char)(token[++i] == '1' ? '/' : '~');
    }
    if (n >= name_len || name[n] != want) {
      return false;
    }
  }
  return n == name_len;
}

/* Moves to the value of the wanted member or element; false if there is none. */
static bool descend(cursor *c, const char *token, size_t token_len)
{
  bool is_object = *c->at == '{';
  size_t wanted = 0;

  for (size_t i = 0; !is_object && i < token_len; i++) {
    wanted = wanted * 10 + (size_t)(token[i] - '0');
  }
  for (c->at++;; c->at++) {
    const char *name;

    skip_blanks(c);
    if (c->at >= c->end || *c->at == '}' || *c->at == ']') {
      return false;
    }
    name = c->at + 1;
    if (is_object) {
      size_t name_len;

      skip_string(c);
      name_len = (size_t)(c->at - 1 - name);
      skip_blanks(c);
      c->at++; /* the colon */
      skip_blanks(c);
      if (is_name(name, name_len, token, token_len)) {
        return true;
      }
    } else if (wanted-- == 0) {
      return true;
    }
    skip_value(c);
    skip_blanks(c);
    if (c->at >= c->end || *c->at != ',') {
      return false;
    }
  }
}

size_t json_line_of(const char *text, size_t len, const char *pointer)
{
  cursor c = {text, text + len};
  const char *found;
  size_t line = 1;

  skip_blanks(&c);
  found = c.at;
  while (*pointer == '/' && c.at < c.end && (*c.at == '{' || *c.at == '[')) {
    size_t token_len = strcspn(pointer + 1, "/");

    if (!descend(&c, pointer + 1, token_len)) {
      break;
    }
    found = c.at;
    pointer += 1 + token_len;
  }
  for (const char *p = text; p < found; p++) {
    line += *p == '\n' ? 1 : 0;
  }
  return line;
}
