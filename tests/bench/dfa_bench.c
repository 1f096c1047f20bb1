/* SPDX-License-Identifier: Apache-2.0 */
/* bench/dfa_bench.c -- how fast the automata of the CSR template's schema read a long string.
 *
 * Usage: dfa_bench [least MB/s]: fails if one of them is slower. */
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

/* The best of some rounds, in MB/s; 0 if the text is not taken. */
static double measure(const sdg_cddl_dfa *dfa, const uint8_t *text)
{
  double best = 0;

  for (int i = 0; i < ROUNDS; i++) {
    double begin = seconds();
    bool yes = sdg_cddl_dfa_match(dfa, (stardeleg_bytes){text, LEN});
    double rate = (double)LEN / 1e6 / (seconds() - begin);
    if (!yes) {
      return 0;
    }
    best = rate > best ? rate : best;
  }
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
    double rate;
    fill(text, rows[i].head, rows[i].part, rows[i].tail);
    rate = measure(&sdg_csr_template_schema.dfas[rows[i].dfa], text);
    (void)printf("%-40s %8.0f MB/s\n", rows[i].name, rate);
    status = rate <= 0 || rate < least ? 2 : status;
  }
  free(text);
  return status;
}
