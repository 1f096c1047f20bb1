/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/regex_min.c -- makes an automaton minimal (Hopcroft's refinement) and lays it out for the run-time. */
#include <string.h>
#include "cddl/gen/regex.h"

/* A row's first index must fit 16 bits in the table. */
#define CELLS_MAX 65535u

/* The states, sorted by parts: each part is a stretch of |order|, its marked states in front. */
typedef struct partition {
  uint32_t *order; /* states */
  uint32_t *at;    /* state -> its place in |order| */
  uint32_t *part;  /* state -> its part */
  uint32_t *begin, *end, *marked;
  uint32_t *waiting; /* parts still to be split by */
  uint32_t *touched; /* parts with marked states */
  size_t count, waiting_count, touched_count;
} partition;

/* For each class and state, the states that lead there: from[first[c * (count + 1) + state]] up to the next. */
typedef struct backward {
  uint32_t *first, *from;
} backward;

static partition make_partition(sdg_gen *gen, size_t count)
{
  partition p = {0};

  p.order = sdg_gen_alloc(gen, count, sizeof *p.order);
  p.at = sdg_gen_alloc(gen, count, sizeof *p.at);
  p.part = sdg_gen_alloc(gen, count, sizeof *p.part);
  p.begin = sdg_gen_alloc(gen, count + 1, sizeof *p.begin);
  p.end = sdg_gen_alloc(gen, count + 1, sizeof *p.end);
  p.marked = sdg_gen_alloc(gen, count + 1, sizeof *p.marked);
  p.waiting = sdg_gen_alloc(gen, count + 1, sizeof *p.waiting);
  p.touched = sdg_gen_alloc(gen, count + 1, sizeof *p.touched);
  for (size_t i = 0; i < count; i++) {
    p.order[i] = p.at[i] = (uint32_t)i;
    p.part[i] = 0;
  }
  p.begin[0] = p.marked[0] = 0;
  p.end[0] = (uint32_t)count;
  p.count = 1;
  p.waiting[p.waiting_count++] = 0;
  return p;
}

static backward turn_round(sdg_gen *gen, const sdg_gen_dfa *dfa)
{
  const size_t row = dfa->count + 1;
  backward b = {sdg_gen_alloc(gen, row * dfa->classes, sizeof *b.first),
                sdg_gen_alloc(gen, dfa->count * dfa->classes, sizeof *b.from)};
  uint32_t total = 0;

  memset(b.first, 0, row * dfa->classes * sizeof *b.first);
  for (size_t c = 0; c < dfa->classes; c++) {
    uint32_t *first = b.first + c * row;
    for (size_t i = 0; i < dfa->count; i++) {
      first[dfa->next[i * dfa->classes + c]]++;
    }
    for (size_t i = 0; i < row; i++) { /* the end of each stretch; filling it backward leaves its beginning */
      total += first[i];
      first[i] = total;
    }
    for (size_t i = dfa->count; i-- > 0;) {
      b.from[--first[dfa->next[i * dfa->classes + c]]] = (uint32_t)i;
    }
  }
  return b;
}

static void mark(partition *p, uint32_t state)
{
  const uint32_t part = p->part[state];
  const uint32_t to = p->begin[part] + p->marked[part];
  const uint32_t other = p->order[to];

  if (p->at[state] < to) {
    return; /* marked already */
  }
  if (p->marked[part]++ == 0) {
    p->touched[p->touched_count++] = part;
  }
  p->order[p->at[state]] = other;
  p->at[other] = p->at[state];
  p->order[to] = state;
  p->at[state] = to;
}

/* Divides each touched part into its marked and its other states.  The smaller half becomes the new part, and waits: it
 * tells apart all that the larger one could (Hopcroft). */
static void split_touched(partition *p)
{
  while (p->touched_count > 0) {
    const uint32_t part = p->touched[--p->touched_count];
    const uint32_t middle = p->begin[part] + p->marked[part];
    const uint32_t made = (uint32_t)p->count;

    p->marked[part] = 0;
    if (middle == p->end[part]) {
      continue;
    }
    if (middle - p->begin[part] <= p->end[part] - middle) {
      p->begin[made] = p->begin[part];
      p->end[made] = middle;
      p->begin[part] = middle;
    } else {
      p->begin[made] = middle;
      p->end[made] = p->end[part];
      p->end[part] = middle;
    }
    p->marked[made] = 0;
    for (uint32_t i = p->begin[made]; i < p->end[made]; i++) {
      p->part[p->order[i]] = made;
    }
    p->count++;
    p->waiting[p->waiting_count++] = made;
  }
}

/* Splits by "a step leads into |members|", for each class of bytes. */
static void split_by(partition *p, const sdg_gen_dfa *dfa, const backward *b, const uint32_t *members, size_t count)
{
  for (size_t c = 0; c < dfa->classes; c++) {
    const uint32_t *first = b->first + c * (dfa->count + 1);
    for (size_t i = 0; i < count; i++) {
      for (uint32_t k = first[members[i]]; k < first[members[i] + 1]; k++) {
        mark(p, b->from[k]);
      }
    }
    split_touched(p);
  }
}

/* Numbers the parts by their first states, so that state 0 stays 0 and equal sources make equal tables. */
static void number_parts(sdg_gen *gen, const partition *p, size_t count, uint32_t *part)
{
  uint32_t *number = sdg_gen_alloc(gen, p->count, sizeof *number);
  uint32_t known = 0;

  for (size_t i = 0; i < p->count; i++) {
    number[i] = UINT32_MAX;
  }
  for (size_t i = 0; i < count; i++) {
    if (number[p->part[i]] == UINT32_MAX) {
      number[p->part[i]] = known++;
    }
    part[i] = number[p->part[i]];
  }
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
  partition p = make_partition(gen, dfa->count);
  const backward b = turn_round(gen, dfa);
  uint32_t *part = sdg_gen_alloc(gen, dfa->count, sizeof *part);
  uint32_t *members = sdg_gen_alloc(gen, dfa->count, sizeof *members);

  for (size_t i = 0; i < dfa->count; i++) {
    if (dfa->accepts[i]) {
      mark(&p, (uint32_t)i);
    }
  }
  split_touched(&p);
  while (p.waiting_count > 0) {
    const uint32_t by = p.waiting[--p.waiting_count];
    const size_t count = p.end[by] - p.begin[by];

    memcpy(members, p.order + p.begin[by], count * sizeof *members); /* splitting moves them */
    split_by(&p, dfa, &b, members, count);
  }
  number_parts(gen, &p, dfa->count, part);
  join_states(gen, dfa, part, p.count);
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
