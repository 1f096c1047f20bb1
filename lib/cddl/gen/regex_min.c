/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/regex_min.c -- makes an automaton minimal (Moore's refinement) and lays it out for the run-time. */
#include <string.h>
#include "cddl/gen/regex.h"

#define BUCKETS 1024u
/* A row's first index must fit 16 bits in the table. */
#define CELLS_MAX 65535u
#define WORK_MAX 60000000u

static bool same_row(const sdg_gen_dfa *dfa, const uint32_t *part, size_t a, size_t b)
{
  if (part[a] != part[b]) {
    return false;
  }
  for (size_t c = 0; c < dfa->classes; c++) {
    if (part[dfa->next[a * dfa->classes + c]] != part[dfa->next[b * dfa->classes + c]]) {
      return false;
    }
  }
  return true;
}

/* One round: states stay together if all their steps lead to the same parts.  Returns the number of parts; part 0 keeps
 * state 0. */
static size_t refine(const sdg_gen_dfa *dfa, const uint32_t *part, uint32_t *finer, size_t *links)
{
  size_t buckets[BUCKETS] = {0};
  size_t parts = 0;

  for (size_t i = 0; i < dfa->count; i++) {
    uint32_t hash = part[i] + 2166136261u;
    size_t found;
    for (size_t c = 0; c < dfa->classes; c++) {
      hash = (hash ^ part[dfa->next[i * dfa->classes + c]]) * 16777619u;
    }
    found = buckets[hash % BUCKETS];
    while (found != 0 && !same_row(dfa, part, found - 1, i)) {
      found = links[found - 1];
    }
    if (found != 0) {
      finer[i] = finer[found - 1];
    } else {
      finer[i] = (uint32_t)parts++;
      links[i] = buckets[hash % BUCKETS];
      buckets[hash % BUCKETS] = i + 1;
    }
  }
  return parts;
}

static void join_states(sdg_gen *gen, sdg_gen_dfa *dfa, const uint32_t *part, size_t parts)
{
  uint32_t *next = sdg_gen_alloc(gen, parts * dfa->classes, sizeof *next);
  uint8_t *accepts = sdg_gen_alloc(gen, parts, 1);

  for (size_t i = 0; i < dfa->count; i++) {
    accepts[part[i]] = dfa->accepts[i];
    for (size_t c = 0; c < dfa->classes; c++) {
      next[part[i] * dfa->classes + c] = part[dfa->next[i * dfa->classes + c]];
    }
  }
  dfa->next = next;
  dfa->accepts = accepts;
  dfa->start = part[dfa->start];
  dfa->count = parts;
}

static bool same_column(const sdg_gen_dfa *dfa, size_t a, size_t b)
{
  for (size_t i = 0; i < dfa->count; i++) {
    if (dfa->next[i * dfa->classes + a] != dfa->next[i * dfa->classes + b]) {
      return false;
    }
  }
  return true;
}

/* Classes of bytes that the minimal automaton no longer tells apart. */
static void join_classes(sdg_gen *gen, sdg_gen_dfa *dfa)
{
  size_t to[256], from[256], count = 0;
  uint32_t *next;

  for (size_t c = 0; c < dfa->classes; c++) {
    size_t d = 0;
    while (d < count && !same_column(dfa, from[d], c)) {
      d++;
    }
    if (d == count) {
      from[count++] = c;
    }
    to[c] = d;
  }
  next = sdg_gen_alloc(gen, dfa->count * count, sizeof *next);
  for (size_t i = 0; i < dfa->count; i++) {
    for (size_t d = 0; d < count; d++) {
      next[i * count + d] = dfa->next[i * dfa->classes + from[d]];
    }
  }
  for (size_t b = 0; b < 256; b++) {
    dfa->map[b] = (uint8_t)to[dfa->map[b]];
  }
  dfa->next = next;
  dfa->classes = count;
}

bool sdg_gen_dfa_minimise(sdg_gen *gen, sdg_gen_place place, sdg_gen_dfa *dfa)
{
  uint32_t *part = sdg_gen_alloc(gen, dfa->count, sizeof *part);
  uint32_t *finer = sdg_gen_alloc(gen, dfa->count, sizeof *finer);
  size_t *links = sdg_gen_alloc(gen, dfa->count, sizeof *links);
  size_t parts = 1, before = 0, work = 0;

  for (size_t i = 0; i < dfa->count; i++) {
    part[i] = dfa->accepts[i];
  }
  while (parts != before) {
    uint32_t *swap = part;
    work += dfa->count * dfa->classes;
    if (work > WORK_MAX) {
      return sdg_gen_fail(gen, place, "the regular expression needs too large an automaton");
    }
    before = parts;
    parts = refine(dfa, part, finer, links);
    part = finer;
    finer = swap;
  }
  join_states(gen, dfa, part, parts);
  join_classes(gen, dfa);
  if (dfa->count * dfa->classes > CELLS_MAX) {
    return sdg_gen_fail(gen, place, "the regular expression needs too large an automaton");
  }
  return true;
}

bool sdg_gen_regex_compile(sdg_gen *gen, sdg_gen_place place, const char *text, sdg_cddl_dfa *out)
{
  sdg_gen_regex *regex = sdg_gen_regex_parse(gen, place, text);
  sdg_gen_nfa nfa;
  sdg_gen_dfa dfa;
  uint8_t *map;
  uint16_t *next;

  if (regex == NULL || !sdg_gen_nfa_build(gen, place, regex, &nfa) || !sdg_gen_dfa_build(gen, place, &nfa, &dfa) ||
      !sdg_gen_dfa_minimise(gen, place, &dfa)) {
    return false;
  }
  map = sdg_gen_alloc(gen, 256, 1);
  memcpy(map, dfa.map, 256);
  next = sdg_gen_alloc(gen, dfa.count * dfa.classes, sizeof *next);
  for (size_t i = 0; i < dfa.count * dfa.classes; i++) {
    next[i] = (uint16_t)(dfa.next[i] * dfa.classes);
  }
  *out = (sdg_cddl_dfa){
      map, next, dfa.accepts, (uint16_t)dfa.classes, (uint16_t)dfa.count, (uint16_t)(dfa.start * dfa.classes)};
  return true;
}
