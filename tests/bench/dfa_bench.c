/* SPDX-License-Identifier: Apache-2.0 */
/* bench/dfa_bench.c -- how fast the automata of the CSR template's schema read a long string.
 *
 * Beside each runs a plain walk over the same bytes, a multiplication a byte (FNV-1a), in the same rounds.
 *
 * Usage: dfa_bench [LEAST]: fails if one of them is slower than LEAST of the walk's speed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cddl/cddl_run.h"
#include "template/csr_template_schema.h"

#define LEN ((size_t)16 << 20)
#define ROUNDS 9

static double seconds(void)
{
  struct timespec now = {0};

  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Repeats |part| behind |head|; what is left over is filled with |tail|. */
static void fill(uint8_t *text, const char *head, const char *part, char tail)
{
  size_t n = strlen(part);
  size_t at = strlen(head);

  memcpy(text, head, at);
  for (; at + n <= LEN; at += n) {
    memcpy(text + at, part, n);
  }
  memset(text + at, tail, LEN - at);
}

static uint32_t walk(const uint8_t *text)
{
  uint32_t hash = 2166136261u;

  for (size_t i = 0; i < LEN; i++) {
    hash = (hash ^ text[i]) * 16777619u;
  }
  return hash;
}

typedef struct speed {
  double dfa, walk; /* MB/s, the best of some rounds; 0 if the text is not taken */
} speed;

static speed measure(const sdg_cddl_dfa *dfa, const uint8_t *text)
{
  static volatile uint32_t sink;
  speed best = {0, 0};

  for (int i = 0; i < ROUNDS; i++) {
    const double begin = seconds();
    const bool yes = sdg_cddl_dfa_match(dfa, (stardeleg_bytes){text, LEN});
    const double middle = seconds();
    const double rate = (double)LEN / 1e6 / (middle - begin);
    double yardstick;

    sink = walk(text);
    yardstick = (double)LEN / 1e6 / (seconds() - middle);
    if (!yes) {
      return (speed){0, 1};
    }
    best.dfa = rate > best.dfa ? rate : best.dfa;
    best.walk = yardstick > best.walk ? yardstick : best.walk;
  }
  (void)sink;
  return best;
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name, *head, *part;
    char tail;
    uint32_t dfa;
  } rows[] = {
      {"regtext, ASCII", "*", "www.example.org ", 'a', 0},
      {"regtext, two to four bytes a character", "", "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x94\x92", 'a', 0},
      {"oid", "1", ".10", '0', 1},
  };
  double least = argc > 1 ? strtod(argv[1], NULL) : 0;
  uint8_t *text = malloc(LEN);
  int status = text == NULL ? 1 : 0;

  for (size_t i = 0; status != 1 && i < sizeof rows / sizeof rows[0]; i++) {
    speed found;
    fill(text, rows[i].head, rows[i].part, rows[i].tail);
    found = measure(&sdg_csr_template_schema.dfas[rows[i].dfa], text);
    (void)printf("%-40s %8.0f MB/s, %.2f of a walk\n", rows[i].name, found.dfa, found.dfa / found.walk);
    status = found.dfa <= 0 || found.dfa < least * found.walk ? 2 : status;
  }
  free(text);
  return status;
}
