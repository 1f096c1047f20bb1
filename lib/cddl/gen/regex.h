/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/regex.h -- a subset of XSD regular expressions (XML Schema part 2, appendix F) to minimal automata over
 * UTF-8 bytes. */
#ifndef SDG_CDDL_GEN_REGEX_H
#define SDG_CDDL_GEN_REGEX_H

#include "cddl/cddl_table.h"
#include "cddl/gen/gen.h"

/* A set of characters: ranges in ascending order that neither overlap nor touch. */
typedef struct sdg_gen_range {
  uint32_t low, high;
} sdg_gen_range;

typedef struct sdg_gen_charset {
  sdg_gen_range *ranges;
  size_t count, cap;
} sdg_gen_charset;

void sdg_gen_charset_add(sdg_gen *gen, sdg_gen_charset *set, uint32_t low, uint32_t high);
void sdg_gen_charset_add_set(sdg_gen *gen, sdg_gen_charset *set, const sdg_gen_charset *other);
/* All characters that JSON text can hold and the set has not. */
sdg_gen_charset sdg_gen_charset_negate(sdg_gen *gen, const sdg_gen_charset *set);
sdg_gen_charset sdg_gen_charset_subtract(sdg_gen *gen, const sdg_gen_charset *from, const sdg_gen_charset *what);

typedef enum sdg_gen_regex_kind {
  SDG_GEN_REGEX_SET,         /* set */
  SDG_GEN_REGEX_SEQUENCE,    /* items */
  SDG_GEN_REGEX_ALTERNATIVE, /* items */
  SDG_GEN_REGEX_REPEAT       /* items[0], least, most */
} sdg_gen_regex_kind;

typedef struct sdg_gen_regex {
  sdg_gen_regex_kind kind;
  sdg_gen_charset set;
  struct sdg_gen_regex **items;
  size_t count, cap;
  uint32_t least, most;
} sdg_gen_regex;

/* Reading an expression. */
typedef struct sdg_gen_regex_reader {
  sdg_gen *gen;
  sdg_gen_place place; /* of the expression in the source, for complaints */
  const char *text;
  size_t len, at;
  unsigned depth;
} sdg_gen_regex_reader;

/* The tree of |text|, NULL after a complaint. */
sdg_gen_regex *sdg_gen_regex_parse(sdg_gen *gen, sdg_gen_place place, const char *text);
/* regex_class.c: a class in brackets or an escape, at the reader. */
bool sdg_gen_regex_class(sdg_gen_regex_reader *reader, sdg_gen_charset *out);
bool sdg_gen_regex_escape(sdg_gen_regex_reader *reader, sdg_gen_charset *out, bool *single);
bool sdg_gen_regex_fail(sdg_gen_regex_reader *reader, const char *why);
bool sdg_gen_regex_char(sdg_gen_regex_reader *reader, uint32_t *out);

/* A nondeterministic automaton: a state either splits (without reading) or reads a byte in a range. */
typedef struct sdg_gen_nfa_state {
  bool split;
  uint8_t low, high;
  uint32_t out[2];
} sdg_gen_nfa_state;

#define SDG_GEN_NFA_ACCEPT 0u /* state 0 */
#define SDG_GEN_NFA_MAX 20000u

typedef struct sdg_gen_nfa {
  sdg_gen_nfa_state *states;
  size_t count, cap;
  uint32_t start;
} sdg_gen_nfa;

bool sdg_gen_nfa_build(sdg_gen *gen, sdg_gen_place place, const sdg_gen_regex *regex, sdg_gen_nfa *out);

/* An automaton being made: rows of |classes| numbers of states; state 0 is the trap. */
typedef struct sdg_gen_dfa {
  uint8_t map[256];
  size_t classes;
  uint32_t *next;
  uint8_t *accepts;
  size_t count;
  uint32_t start;
} sdg_gen_dfa;

bool sdg_gen_dfa_build(sdg_gen *gen, sdg_gen_place place, const sdg_gen_nfa *nfa, sdg_gen_dfa *out);
/* False if it is still too large for a table. */
bool sdg_gen_dfa_minimise(sdg_gen *gen, sdg_gen_place place, sdg_gen_dfa *dfa);

/* All of it: the table for the run-time, in memory of |gen|. */
bool sdg_gen_regex_compile(sdg_gen *gen, sdg_gen_place place, const char *text, sdg_cddl_dfa *out);

#endif /* SDG_CDDL_GEN_REGEX_H */
