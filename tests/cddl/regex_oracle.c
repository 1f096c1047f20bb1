/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/regex_oracle.c -- random expressions and strings: what the automata of the CDDL compiler say, and what libxml2
 * says, whose engine is for the regular expressions of XML Schema.  regex_compare.py judges.  Usage: regex_oracle
 * EXPRESSIONS SEED A line each: the expression in hex, then for each string: its hex, ':', our verdict and libxml2's
 * (0, 1 or '-'). */
#if SDG_HAVE_LIBXML2
#include <libxml/parser.h>
#include <libxml/xmlregexp.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cddl/cddl_run.h"
#include "cddl/gen/regex.h"

#define STRINGS 40
#define TEXT_MAX 32768 /* more than the longest expression: none is cut */

typedef struct text {
  char base[TEXT_MAX];
  size_t len;
} text;

static uint64_t random_state;

/* xorshift64*: the same on every machine. */
static uint32_t pick(uint32_t below)
{
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (uint32_t)((random_state * 2685821657736338717u) >> 33) % below;
}

static void add(text *t, const char *s)
{
  size_t n = strlen(s);

  if (t->len + n < TEXT_MAX) {
    memcpy(t->base + t->len, s, n);
    t->len += n;
  }
  t->base[t->len] = '\0';
}

static const char *const characters[] = {"a",
                                         "b",
                                         "c",
                                         "-",
                                         "*",
                                         ".",
                                         "0",
                                         " ",
                                         "\n",
                                         "\r",
                                         "\t",
                                         "^",
                                         "$",
                                         "\xC3\xBC",
                                         "\xE2\x82\xAC",
                                         "\xF0\x9F\x94\x92",
                                         "\xEF\xBF\xBD",
                                         "\x7F",
                                         "]",
                                         "A"};
static const char *const literals[] = {
    "a",   "b",   "c",   "0",   "A",   " ",    "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x94\x92", "$", "/", "\\*",
    "\\.", "\\-", "\\n", "\\]", "\\^", "\\\\", "\\s",      "\\S"};
static const char *const members[] = {"a",
                                      "b",
                                      "a-c",
                                      "0-9",
                                      "\\-",
                                      "\xC3\xBC",
                                      "\xC3\xA0-\xE2\x82\xAC",
                                      "*",
                                      ".",
                                      "\\^",
                                      "\\]",
                                      "\\n",
                                      "\xE2\x82\xAC-\xF0\x9F\x94\x93",
                                      "$",
                                      "\\s",
                                      "A-Z",
                                      "?",
                                      "+",
                                      "("};
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

/* libxml2 (2.9.14) lets a '-' at the end of a negated class pass, so none is put there. */
static void add_class(text *t)
{
  bool negated = pick(3) == 0;

  add(t, negated ? "[^" : "[");
  for (uint32_t i = 0, n = 1 + pick(4); i < n; i++) {
    add(t, members[pick(COUNT(members))]);
  }
  add(t, !negated && pick(6) == 0 ? "-" : "");
  add(t, "]");
}

/* libxml2 (2.9.14) miscounts groups that may be empty, so only characters are counted. */
static void add_quantifier(text *t, bool group)
{
  static const char *const quantifiers[] = {"?", "*", "+", "{2}", "{1,2}", "{0,3}", "{2,}", "{0}"};

  if (pick(3) == 0) {
    add(t, quantifiers[pick(group || pick(4) > 0 ? 3 : COUNT(quantifiers))]);
  }
}

static void add_alternatives(text *t, unsigned depth)
{
  for (uint32_t i = 0, n = 1 + pick(3) / 2 + pick(3) / 2; i < n; i++) {
    add(t, i > 0 ? "|" : "");
    for (uint32_t j = 0, pieces = 1 + pick(3); j < pieces; j++) {
      uint32_t what = pick(10);
      if (what < 5) {
        add(t, literals[pick(COUNT(literals))]);
      } else if (what == 5) {
        add(t, ".");
      } else if (what < 8 || depth == 0) {
        add_class(t);
      } else {
        add(t, "(");
        add_alternatives(t, depth - 1);
        add(t, ")");
      }
      add_quantifier(t, t->len > 0 && t->base[t->len - 1] == ')');
    }
  }
}

static void print_hex(const char *s)
{
  for (; *s != '\0'; s++) {
    (void)printf("%02x", (unsigned)(unsigned char)*s);
  }
}

#if SDG_HAVE_LIBXML2
typedef xmlRegexpPtr oracle;

static void be_silent(void *ctx, const char *message, ...)
{
  (void)ctx;
  (void)message;
}

static oracle open_oracle(const char *expression)
{
  xmlSetGenericErrorFunc(NULL, be_silent);
  return xmlRegexpCompile((const xmlChar *)expression);
}

static char ask_oracle(oracle o, const char *string)
{
  int answer = o == NULL ? -1 : xmlRegexpExec(o, (const xmlChar *)string);

  return answer == 1 ? '1' : answer == 0 ? '0' : '-';
}

static void close_oracle(oracle o)
{
  xmlRegFreeRegexp(o);
}
#else
typedef const char *oracle;

static oracle open_oracle(const char *expression)
{
  return expression;
}

static char ask_oracle(oracle o, const char *string)
{
  (void)o;
  (void)string;
  return '-';
}

static void close_oracle(oracle o)
{
  (void)o;
}
#endif

/* One expression; false if the compiler finds it too large. */
static bool compare(const char *expression)
{
  sdg_gen gen;
  sdg_cddl_dfa dfa;
  oracle o;
  bool good;

  sdg_gen_init(&gen);
  good = sdg_gen_regex_compile(&gen, (sdg_gen_place){1, 1}, expression, &dfa);
  if (!good && strstr(gen.message, "too large") == NULL) {
    (void)fprintf(stderr, "refused: %s: %s\n", expression, gen.message);
    exit(1);
  }
  o = good ? open_oracle(expression) : NULL;
  print_hex(good ? expression : "");
  for (int i = 0; good && i < STRINGS; i++) {
    text t = {"", 0};
    bool ours;
    for (uint32_t j = 0, n = pick(6); j < n; j++) {
      add(&t, characters[pick(COUNT(characters))]);
    }
    ours = sdg_cddl_dfa_match(&dfa, (stardeleg_bytes){(const uint8_t *)t.base, t.len});
    (void)printf(" ");
    print_hex(t.base);
    (void)printf(":%c%c", ours ? '1' : '0', ask_oracle(o, t.base));
  }
  (void)printf("\n");
  if (good) {
    close_oracle(o);
  }
  sdg_gen_clear(&gen);
  return good;
}

int main(int argc, char **argv)
{
  unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
  unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 8610;
  unsigned long refused = 0;

  random_state = seed * 2654435761u + 1;
  for (unsigned long i = 0; i < count; i++) {
    text t = {"", 0};
    add_alternatives(&t, 2);
    refused += compare(t.base) ? 0 : 1;
  }
#if SDG_HAVE_LIBXML2
  xmlCleanupParser();
#endif
  return refused > count / 20 ? 1 : 0;
}
