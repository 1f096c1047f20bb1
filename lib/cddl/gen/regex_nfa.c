/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/regex_nfa.c -- tree to nondeterministic automaton over bytes, built from its end: each part is told where to
 * go on. */
#include "cddl/gen/lexer.h"
#include "cddl/gen/regex.h"

typedef struct builder {
  sdg_gen *gen;
  sdg_gen_place place;
  sdg_gen_nfa *nfa;
} builder;

static uint32_t add_state(builder *b, sdg_gen_nfa_state state)
{
  sdg_gen_nfa *nfa = b->nfa;

  if (nfa->count >= SDG_GEN_NFA_MAX) {
    (void)sdg_gen_fail(b->gen, b->place, "the regular expression is too large");
    return 0;
  }
  nfa->states = sdg_gen_more(b->gen, nfa->states, nfa->count, &nfa->cap, sizeof *nfa->states);
  nfa->states[nfa->count] = state;
  return (uint32_t)nfa->count++;
}

static uint32_t add_split(builder *b, uint32_t first, uint32_t second)
{
  return add_state(b, (sdg_gen_nfa_state){true, 0, 0, {first, second}});
}

static uint32_t add_bytes(builder *b, uint8_t low, uint8_t high, uint32_t next)
{
  return add_state(b, (sdg_gen_nfa_state){false, low, high, {next, 0}});
}

/* Characters low..high, which have the same length in UTF-8 and fill whole blocks behind the first byte that differs:
 * one chain. */
static uint32_t add_chain(builder *b, uint32_t low, uint32_t high, uint32_t next)
{
  char from[4], to[4];
  size_t n = sdg_gen_utf8_write(from, low);

  (void)sdg_gen_utf8_write(to, high);
  while (n > 0) {
    n--;
    next = add_bytes(b, (uint8_t)from[n], (uint8_t)to[n], next);
  }
  return next;
}

/* Cuts a range where its encodings stop being a product of byte ranges. */
static uint32_t add_range(builder *b, uint32_t low, uint32_t high, uint32_t next)
{
  static const uint32_t ends[] = {0x7F, 0x7FF, 0xFFFF};

  if (b->gen->failed) {
    return 0;
  }
  for (size_t i = 0; i < 3; i++) {
    if (low <= ends[i] && high > ends[i]) {
      uint32_t first = add_range(b, low, ends[i], next);
      return add_split(b, first, add_range(b, ends[i] + 1, high, next));
    }
  }
  for (unsigned bits = 6; high > 0x7F && bits <= 18; bits += 6) {
    uint32_t mask = (1u << bits) - 1;
    if ((low & ~mask) == (high & ~mask)) {
      break;
    }
    if ((low & mask) != 0) {
      uint32_t first = add_range(b, low, low | mask, next);
      return add_split(b, first, add_range(b, (low | mask) + 1, high, next));
    }
    if ((high & mask) != mask) {
      uint32_t first = add_range(b, low, (high & ~mask) - 1, next);
      return add_split(b, first, add_range(b, high & ~mask, high, next));
    }
  }
  return add_chain(b, low, high, next);
}

/* An empty set is a state that reads nothing: low above high. */
static uint32_t add_set(builder *b, const sdg_gen_charset *set, uint32_t next)
{
  uint32_t state;

  if (set->count == 0) {
    return add_bytes(b, 1, 0, next);
  }
  state = add_range(b, set->ranges[0].low, set->ranges[0].high, next);
  for (size_t i = 1; i < set->count; i++) {
    state = add_split(b, state, add_range(b, set->ranges[i].low, set->ranges[i].high, next));
  }
  return state;
}

static uint32_t add_node(builder *b, const sdg_gen_regex *node, uint32_t next);

static uint32_t add_repeat(builder *b, const sdg_gen_regex *node, uint32_t next)
{
  const sdg_gen_regex *item = node->items[0];
  uint32_t state = next;

  if (node->most == SDG_GEN_MANY) {
    uint32_t loop = add_split(b, next, next);
    uint32_t body = add_node(b, item, loop);
    b->nfa->states[loop].out[0] = body;
    state = loop;
  } else {
    for (uint32_t i = node->least; i < node->most && !b->gen->failed; i++) {
      state = add_split(b, add_node(b, item, state), next);
    }
  }
  for (uint32_t i = 0; i < node->least && !b->gen->failed; i++) {
    state = add_node(b, item, state);
  }
  return state;
}

static uint32_t add_node(builder *b, const sdg_gen_regex *node, uint32_t next)
{
  uint32_t state;

  if (b->gen->failed) {
    return 0;
  }
  switch (node->kind) {
  case SDG_GEN_REGEX_SET:
    return add_set(b, &node->set, next);
  case SDG_GEN_REGEX_REPEAT:
    return add_repeat(b, node, next);
  case SDG_GEN_REGEX_SEQUENCE:
    for (size_t i = node->count; i > 0; i--) {
      next = add_node(b, node->items[i - 1], next);
    }
    return next;
  default:
    state = add_node(b, node->items[0], next);
    for (size_t i = 1; i < node->count; i++) {
      state = add_split(b, state, add_node(b, node->items[i], next));
    }
    return state;
  }
}

bool sdg_gen_nfa_build(sdg_gen *gen, sdg_gen_place place, const sdg_gen_regex *regex, sdg_gen_nfa *out)
{
  builder b = {gen, place, out};

  *out = (sdg_gen_nfa){NULL, 0, 0, 0};
  (void)add_bytes(&b, 1, 0, 0); /* SDG_GEN_NFA_ACCEPT: reads nothing */
  out->start = add_node(&b, regex, SDG_GEN_NFA_ACCEPT);
  return !gen->failed;
}
