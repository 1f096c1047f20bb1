/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_describe.c -- says in words what a type wants. */
#include <stdio.h>
#include <string.h>
#include "cddl/cddl_run.h"

/* Nesting of a description; what is deeper is only hinted at. */
#define WORDS_DEPTH_MAX 8u
/* Alternatives that are listed. */
#define OPTIONS_MAX 32u

typedef struct words {
  const sdg_cddl_run *run;
  char *out;
  size_t size, len;
  unsigned depth;
} words;

/* Schema text is our own, but a description goes to logs and terminals: no control characters. */
static void say(words *w, const char *text)
{
  for (; *text != '\0' && w->len + 1 < w->size; text++) {
    unsigned char c = (unsigned char)*text;
    w->out[w->len++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
  }
  w->out[w->len] = '\0';
}

static void say_type(words *w, sdg_cddl_at at);

static const char *prelude_words(uint8_t kind)
{
  static const char *const texts[] = {
      [SDG_CDDL_ANY] = "any value",
      [SDG_CDDL_UINT] = "an unsigned integer",
      [SDG_CDDL_NINT] = "a negative integer",
      [SDG_CDDL_INT] = "an integer",
      [SDG_CDDL_NUMBER] = "a number",
      [SDG_CDDL_TEXT] = "text",
      [SDG_CDDL_BOOL] = "true or false",
      [SDG_CDDL_FALSE] = "false",
      [SDG_CDDL_TRUE] = "true",
      [SDG_CDDL_NULL] = "null",
      [SDG_CDDL_ARRAY] = "an array",
      [SDG_CDDL_MAP] = "an object",
  };

  return kind < sizeof texts / sizeof texts[0] && texts[kind] != NULL ? texts[kind] : "another value";
}

static void say_range(words *w, sdg_cddl_at at, const sdg_cddl_node *node)
{
  say(w, (node->flag & SDG_CDDL_RANGE_NUMBER) != 0 ? "a number from " : "an integer from ");
  say(w, sdg_cddl_text(at, node->a));
  say(w, (node->flag & SDG_CDDL_RANGE_OPEN) != 0 ? " to below " : " to ");
  say(w, sdg_cddl_text(at, node->b));
}

static void say_compare(words *w, sdg_cddl_at at, const sdg_cddl_node *node)
{
  static const char *const texts[] = {" of at least ", " of at most ", " greater than ", " less than "};

  say_type(w, sdg_cddl_to(at, node->a));
  say(w, texts[node->flag & 3u]);
  say(w, sdg_cddl_text(at, node->b));
}

static void say_size(words *w, sdg_cddl_at at, const sdg_cddl_node *node)
{
  char text[64];

  if (node->b == node->c) {
    (void)snprintf(text, sizeof text, " of %lu bytes", (unsigned long)node->b);
  } else if (node->b == 0) {
    (void)snprintf(text, sizeof text, " of at most %lu bytes", (unsigned long)node->c);
  } else if (node->c == SDG_CDDL_NONE) {
    (void)snprintf(text, sizeof text, " of at least %lu bytes", (unsigned long)node->b);
  } else {
    (void)snprintf(text, sizeof text, " of %lu to %lu bytes", (unsigned long)node->b, (unsigned long)node->c);
  }
  say_type(w, sdg_cddl_to(at, node->a));
  say(w, text);
}

/* MAP or ARRAY if that is all there is to say about a type, else RULE. */
static uint8_t shape_of(sdg_cddl_at at)
{
  uint8_t kind;

  at = sdg_cddl_body(at, NULL);
  while (sdg_cddl_node_at(at)->kind == SDG_CDDL_AND) {
    at = sdg_cddl_body(sdg_cddl_to(at, sdg_cddl_node_at(at)->a), NULL);
  }
  kind = sdg_cddl_node_at(at)->kind;
  return kind == SDG_CDDL_MAP || kind == SDG_CDDL_ARRAY ? kind : (uint8_t)SDG_CDDL_RULE;
}

/* The alternatives of a choice and of the choices in it, each shape once. */
typedef struct options {
  sdg_cddl_at at[OPTIONS_MAX];
  size_t count;
  bool more; /* than have room */
} options;

static void add_option(options *o, sdg_cddl_at at)
{
  uint8_t shape = shape_of(at);

  for (size_t i = 0; i < o->count && shape != SDG_CDDL_RULE; i++) {
    if (shape_of(o->at[i]) == shape) {
      return;
    }
  }
  if (o->count == OPTIONS_MAX) {
    o->more = true;
  } else {
    o->at[o->count++] = at;
  }
}

static void collect_options(const sdg_cddl_run *run, sdg_cddl_at at, unsigned depth, options *o)
{
  sdg_cddl_at next;
  uint8_t kind;

  for (size_t i = 0; sdg_cddl_alternative(run, at, i, &next); i++) {
    next = sdg_cddl_body(next, NULL);
    kind = sdg_cddl_node_at(next)->kind;
    if ((kind == SDG_CDDL_CHOICE || kind == SDG_CDDL_SOCKET) && depth < WORDS_DEPTH_MAX) {
      collect_options(run, next, depth + 1, o);
    } else {
      add_option(o, next);
    }
  }
}

static void say_choice(words *w, sdg_cddl_at at)
{
  options o;

  o.count = 0;
  o.more = false;
  collect_options(w->run, at, 0, &o);
  if (o.count == 0) {
    say(w, "nothing (the extension point is empty)");
  }
  for (size_t i = 0; i < o.count; i++) {
    if (i > 0) {
      say(w, i + 1 < o.count || o.more ? ", " : " or ");
    }
    say_type(w, o.at[i]);
  }
  say(w, o.more ? ", ..." : "");
}

static void say_and(words *w, sdg_cddl_at at, const sdg_cddl_node *node)
{
  uint8_t shape = shape_of(at);

  if (shape != SDG_CDDL_RULE) {
    say(w, prelude_words(shape));
    return;
  }
  say_type(w, sdg_cddl_to(at, node->a));
  say(w, ", which is also ");
  say_type(w, sdg_cddl_to(at, node->b));
}

static void say_node(words *w, sdg_cddl_at at, const sdg_cddl_node *node)
{
  switch (node->kind) {
  case SDG_CDDL_LITERAL_TEXT:
    say(w, "\"");
    say(w, sdg_cddl_text(at, node->a));
    say(w, "\"");
    break;
  case SDG_CDDL_LITERAL_INT:
  case SDG_CDDL_LITERAL_NUMBER:
    say(w, sdg_cddl_text(at, node->a));
    break;
  case SDG_CDDL_RANGE:
    say_range(w, at, node);
    break;
  case SDG_CDDL_COMPARE:
    say_compare(w, at, node);
    break;
  case SDG_CDDL_REGEXP:
    say_type(w, sdg_cddl_to(at, node->a));
    say(w, " matching ");
    say(w, sdg_cddl_text(at, node->c));
    break;
  case SDG_CDDL_SIZE:
    say_size(w, at, node);
    break;
  case SDG_CDDL_AND:
    say_and(w, at, node);
    break;
  case SDG_CDDL_CHOICE:
  case SDG_CDDL_SOCKET:
    say_choice(w, at);
    break;
  default:
    say(w, prelude_words(node->kind));
    break;
  }
}

static void say_type(words *w, sdg_cddl_at at)
{
  at = sdg_cddl_body(at, NULL);
  if (w->depth >= WORDS_DEPTH_MAX) {
    say(w, "...");
    return;
  }
  w->depth++;
  say_node(w, at, sdg_cddl_node_at(at));
  w->depth--;
}

void sdg_cddl_describe(const sdg_cddl_run *run, sdg_cddl_at at, char *out, size_t size)
{
  words w = {run, out, size, 0, 0};

  say_type(&w, at);
  if (w.len + 1 >= size && size > 4) {
    /* Cut, perhaps inside of a character: go back to a whole one. */
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)out[end] & 0xC0) == 0x80) {
      end--;
    }
    memcpy(out + end, "...", 4);
  }
}
