/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/cddl_dfa.c -- runs an automaton over a text. */
#include "cddl/cddl_run.h"

bool sdg_cddl_dfa_match(const sdg_cddl_dfa *dfa, stardeleg_bytes text)
{
  const uint8_t *classes = dfa->classes;
  const uint16_t *next = dfa->next;
  const uint8_t *p = text.base;
  size_t left = text.len;
  size_t state = dfa->start;

  /* Four bytes a round: the classes do not wait for the state, and the trap (which keeps itself) is looked for once. */
  while (left >= 4 && state != 0) {
    size_t c0 = classes[p[0]], c1 = classes[p[1]], c2 = classes[p[2]], c3 = classes[p[3]];
    state = next[state + c0];
    state = next[state + c1];
    state = next[state + c2];
    state = next[state + c3];
    p += 4;
    left -= 4;
  }
  for (; left > 0; left--) {
    state = next[state + classes[*p++]];
  }
  return dfa->accepts[state / dfa->class_count] != 0;
}
