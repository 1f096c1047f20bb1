/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/charset.c -- sets of characters. */
#include <string.h>
#include "cddl/gen/regex.h"

#define CHAR_MAX_VALUE 0x10FFFFu
#define SURROGATE_LOW 0xD800u
#define SURROGATE_HIGH 0xDFFFu

static void append(sdg_gen *gen, sdg_gen_charset *set, uint32_t low, uint32_t high)
{
  set->ranges = sdg_gen_more(gen, set->ranges, set->count, &set->cap, sizeof *set->ranges);
  set->ranges[set->count++] = (sdg_gen_range){low, high};
}

void sdg_gen_charset_add(sdg_gen *gen, sdg_gen_charset *set, uint32_t low, uint32_t high)
{
  sdg_gen_charset out = {NULL, 0, 0};
  bool placed = false;

  for (size_t i = 0; i < set->count; i++) {
    sdg_gen_range r = set->ranges[i];
    if (r.high + 1 < low) {
      append(gen, &out, r.low, r.high);
    } else if (r.low > high + 1) {
      if (!placed) {
        append(gen, &out, low, high);
        placed = true;
      }
      append(gen, &out, r.low, r.high);
    } else {
      low = r.low < low ? r.low : low;
      high = r.high > high ? r.high : high;
    }
  }
  if (!placed) {
    append(gen, &out, low, high);
  }
  *set = out;
}

void sdg_gen_charset_add_set(sdg_gen *gen, sdg_gen_charset *set, const sdg_gen_charset *other)
{
  for (size_t i = 0; i < other->count; i++) {
    sdg_gen_charset_add(gen, set, other->ranges[i].low, other->ranges[i].high);
  }
}

/* Adds what of low..high is a character: surrogates are none, and U+0000 is not let in by the JSON reader. */
static void append_characters(sdg_gen *gen, sdg_gen_charset *set, uint32_t low, uint32_t high)
{
  if (low <= high && low < SURROGATE_LOW) {
    append(gen, set, low, high < SURROGATE_LOW ? high : SURROGATE_LOW - 1);
  }
  if (low <= high && high > SURROGATE_HIGH) {
    append(gen, set, low > SURROGATE_HIGH ? low : SURROGATE_HIGH + 1, high);
  }
}

sdg_gen_charset sdg_gen_charset_negate(sdg_gen *gen, const sdg_gen_charset *set)
{
  sdg_gen_charset out = {NULL, 0, 0};
  uint32_t from = 1;

  for (size_t i = 0; i < set->count; i++) {
    if (set->ranges[i].low > from) {
      append_characters(gen, &out, from, set->ranges[i].low - 1);
    }
    from = set->ranges[i].high + 1;
  }
  if (from <= CHAR_MAX_VALUE) {
    append_characters(gen, &out, from, CHAR_MAX_VALUE);
  }
  return out;
}

sdg_gen_charset sdg_gen_charset_subtract(sdg_gen *gen, const sdg_gen_charset *from, const sdg_gen_charset *what)
{
  sdg_gen_charset other = sdg_gen_charset_negate(gen, from);

  sdg_gen_charset_add_set(gen, &other, what);
  return sdg_gen_charset_negate(gen, &other);
}
