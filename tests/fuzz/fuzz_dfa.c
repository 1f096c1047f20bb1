/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_dfa.c -- an expression, a NUL, a text: the automaton against a walk over the nondeterministic one it was
 * made from. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "cddl/cddl_run.h"
#include "cddl/gen/regex.h"

#define STATES_MAX 4000u /* the walk is slow; larger ones are only compiled */

/* The states under way, one mark each. */
typedef struct walk {
  const sdg_gen_nfa *nfa;
  uint8_t *now, *next;
  uint32_t *stack;
} walk;

static void reach(walk *w, uint8_t *marks, uint32_t state)
{
  size_t depth = 0;

  if (marks[state] != 0) {
    return;
  }
  marks[state] = 1;
  w->stack[depth++] = state;
  while (depth > 0) {
    const sdg_gen_nfa_state *s = &w->nfa->states[w->stack[--depth]];
    for (size_t i = 0; s->split && i < 2; i++) {
      if (marks[s->out[i]] == 0) {
        marks[s->out[i]] = 1;
        w->stack[depth++] = s->out[i];
      }
    }
  }
}

static bool walk_text(sdg_gen *gen, const sdg_gen_nfa *nfa, const uint8_t *text, size_t len)
{
  walk w = {nfa, sdg_gen_alloc(gen, nfa->count, 1), sdg_gen_alloc(gen, nfa->count, 1),
            sdg_gen_alloc(gen, nfa->count, sizeof(uint32_t))};

  reach(&w, w.now, nfa->start);
  for (size_t i = 0; i < len; i++) {
    uint8_t *swap = w.now;
    memset(w.next, 0, nfa->count);
    for (uint32_t s = 0; s < nfa->count; s++) {
      const sdg_gen_nfa_state *state = &nfa->states[s];
      if (w.now[s] != 0 && !state->split && state->low <= text[i] && text[i] <= state->high) {
        reach(&w, w.next, state->out[0]);
      }
    }
    w.now = w.next;
    w.next = swap;
  }
  return w.now[SDG_GEN_NFA_ACCEPT] != 0;
}

static void check_table(const sdg_cddl_dfa *dfa)
{
  size_t cells = (size_t)dfa->state_count * dfa->class_count;

  FUZZ_CHECK(dfa->class_count >= 1 && dfa->state_count >= 1 && dfa->start < cells && dfa->accepts[0] == 0);
  for (size_t i = 0; i < 256; i++) {
    FUZZ_CHECK(dfa->classes[i] < dfa->class_count);
  }
  for (size_t i = 0; i < cells; i++) {
    FUZZ_CHECK(dfa->next[i] < cells && dfa->next[i] % dfa->class_count == 0);
    FUZZ_CHECK(i >= dfa->class_count || dfa->next[i] == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const sdg_gen_place place = {1, 1};
  const uint8_t *end = size == 0 ? NULL : memchr(data, 0, size);
  size_t len = end == NULL ? size : (size_t)(end - data);
  const uint8_t *text = end == NULL ? NULL : end + 1;
  size_t text_len = end == NULL ? 0 : size - len - 1;
  sdg_gen gen;
  sdg_gen_regex *regex;
  sdg_gen_nfa nfa;
  sdg_cddl_dfa dfa;
  char *expression;

  sdg_gen_init(&gen);
  expression = sdg_gen_copy(&gen, (const char *)data, len);
  if (sdg_gen_regex_compile(&gen, place, expression, &dfa)) {
    check_table(&dfa);
    regex = sdg_gen_regex_parse(&gen, place, expression);
    FUZZ_CHECK(regex != NULL && sdg_gen_nfa_build(&gen, place, regex, &nfa));
    if (nfa.count <= STATES_MAX && text_len <= 256) {
      bool expected = walk_text(&gen, &nfa, text, text_len);
      FUZZ_CHECK(sdg_cddl_dfa_match(&dfa, (stardeleg_bytes){text, text_len}) == expected);
    }
  } else {
    FUZZ_CHECK(gen.failed && gen.message[0] != '\0');
  }
  sdg_gen_clear(&gen);
  return 0;
}
