/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/regex_dfa.c -- nondeterministic to deterministic automaton: subset construction over classes of bytes. */
#include <string.h>
#include "cddl/gen/regex.h"

/* Before it is made minimal an automaton may be large; cells and work are bounded so that a hostile expression ends in
 * a complaint. */
#define CELLS_MAX 1000000u
#define WORK_MAX 10000000u
#define BUCKETS 16384u

typedef struct subset {
  uint32_t *states; /* reading states and ACCEPT, ascending */
  size_t count;
  size_t link; /* next of the bucket, 1 + index */
} subset;

typedef struct maker {
  sdg_gen *gen;
  sdg_gen_place place;
  const sdg_gen_nfa *nfa;
  sdg_gen_dfa *dfa;
  subset *subsets;
  size_t count, cap;
  size_t buckets[BUCKETS];
  uint32_t *stack;   /* closure: states to visit */
  uint8_t *member;   /* closure: seen */
  uint32_t *touched; /* closure: what to reset in |member| */
  uint32_t *scratch; /* the subset being looked up */
  size_t touched_count;
  size_t work;
  uint8_t sample[256]; /* one byte of each class */
} maker;

/* Bytes that no state tells apart are one class. */
static void find_classes(maker *m)
{
  bool begins[257] = {false};
  sdg_gen_dfa *dfa = m->dfa;
  size_t n = 0;

  for (size_t i = 0; i < m->nfa->count; i++) {
    const sdg_gen_nfa_state *s = &m->nfa->states[i];
    if (!s->split && s->low <= s->high) {
      begins[s->low] = true;
      begins[s->high + 1] = true;
    }
  }
  for (size_t b = 0; b < 256; b++) {
    if (b > 0 && begins[b]) {
      n++;
    }
    dfa->map[b] = (uint8_t)n;
    m->sample[n] = (uint8_t)b;
  }
  dfa->classes = n + 1;
}

/* Adds |state| and what can be reached from it without reading. */
static void add_closure(maker *m, uint32_t state)
{
  size_t depth = 0;

  if (m->member[state]) {
    return;
  }
  m->member[state] = 1;
  m->touched[m->touched_count++] = state;
  m->stack[depth++] = state;
  while (depth > 0) {
    const sdg_gen_nfa_state *s = &m->nfa->states[m->stack[--depth]];
    m->work++;
    for (size_t i = 0; s->split && i < 2; i++) {
      if (!m->member[s->out[i]]) {
        m->member[s->out[i]] = 1;
        m->touched[m->touched_count++] = s->out[i];
        m->stack[depth++] = s->out[i];
      }
    }
  }
}

/* Shell sort: the sets are small, and a library sort may allocate. */
static void sort_states(uint32_t *states, size_t count)
{
  for (size_t gap = count / 2; gap > 0; gap /= 2) {
    for (size_t i = gap; i < count; i++) {
      uint32_t value = states[i];
      size_t j = i;
      for (; j >= gap && states[j - gap] > value; j -= gap) {
        states[j] = states[j - gap];
      }
      states[j] = value;
    }
  }
}

/* The number of the subset that the closure has come to; the closure is emptied. */
static uint32_t take_subset(maker *m)
{
  uint32_t *states = m->scratch;
  size_t count = 0;
  uint32_t hash = 2166136261u;
  size_t *bucket;

  for (size_t i = 0; i < m->touched_count; i++) {
    uint32_t state = m->touched[i];
    m->member[state] = 0;
    if (!m->nfa->states[state].split) {
      states[count++] = state;
    }
  }
  m->touched_count = 0;
  sort_states(states, count);
  for (size_t i = 0; i < count; i++) {
    hash = (hash ^ states[i]) * 16777619u;
  }
  m->work += count;
  bucket = &m->buckets[hash % BUCKETS];
  for (size_t i = *bucket; i != 0; i = m->subsets[i - 1].link) {
    const subset *s = &m->subsets[i - 1];
    if (s->count == count && memcmp(s->states, states, count * sizeof *states) == 0) {
      return (uint32_t)(i - 1);
    }
  }
  m->subsets = sdg_gen_more(m->gen, m->subsets, m->count, &m->cap, sizeof *m->subsets);
  m->subsets[m->count] = (subset){sdg_gen_alloc(m->gen, count, sizeof *states), count, *bucket};
  memcpy(m->subsets[m->count].states, states, count * sizeof *states);
  *bucket = ++m->count;
  return (uint32_t)(m->count - 1);
}

static uint32_t step(maker *m, size_t from, uint8_t byte)
{
  for (size_t i = 0; i < m->subsets[from].count; i++) {
    const sdg_gen_nfa_state *s = &m->nfa->states[m->subsets[from].states[i]];
    m->work++;
    if (s->low <= byte && byte <= s->high) {
      add_closure(m, s->out[0]);
    }
  }
  return take_subset(m);
}

static bool fill_rows(maker *m)
{
  sdg_gen_dfa *dfa = m->dfa;
  size_t cap = 0;

  for (size_t row = 0; row < m->count; row++) {
    if (m->count * dfa->classes > CELLS_MAX || m->work > WORK_MAX) {
      return sdg_gen_fail(m->gen, m->place, "the regular expression needs too large an automaton");
    }
    for (size_t c = 0; c < dfa->classes; c++) {
      dfa->next = sdg_gen_more(m->gen, dfa->next, row * dfa->classes + c, &cap, sizeof *dfa->next);
      dfa->next[row * dfa->classes + c] = step(m, row, m->sample[c]);
    }
  }
  return true;
}

bool sdg_gen_dfa_build(sdg_gen *gen, sdg_gen_place place, const sdg_gen_nfa *nfa, sdg_gen_dfa *out)
{
  maker *m = sdg_gen_alloc(gen, 1, sizeof *m);

  memset(out, 0, sizeof *out);
  m->gen = gen;
  m->place = place;
  m->nfa = nfa;
  m->dfa = out;
  m->stack = sdg_gen_alloc(gen, nfa->count, sizeof *m->stack);
  m->member = sdg_gen_alloc(gen, nfa->count, 1);
  m->touched = sdg_gen_alloc(gen, nfa->count, sizeof *m->touched);
  m->scratch = sdg_gen_alloc(gen, nfa->count, sizeof *m->scratch);
  find_classes(m);
  (void)take_subset(m); /* the empty set: state 0, the trap */
  add_closure(m, nfa->start);
  out->start = take_subset(m);
  if (!fill_rows(m)) {
    return false;
  }
  out->count = m->count;
  out->accepts = sdg_gen_alloc(gen, m->count, 1);
  for (size_t i = 0; i < m->count; i++) {
    /* ACCEPT is state 0, so it comes first if it is there. */
    out->accepts[i] = m->subsets[i].count > 0 && m->subsets[i].states[0] == SDG_GEN_NFA_ACCEPT;
  }
  return true;
}
