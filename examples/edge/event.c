/* SPDX-License-Identifier: Apache-2.0 */
/* edge/event.c -- one line on standard error for each thing that happens to a certificate. */
#include "edge/event.h"

#include "common/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 1200

void event_plain(const char *event, const char *text)
{
  char when[CLOCK_TEXT_SIZE];
  char line[LINE_SIZE];
  size_t len;
  int n;

  clock_write(when, clock_now(NULL));
  n = snprintf(line, sizeof(line) - 1, "%s edge %s %s", when, event, text);
  len = n < 0 ? 0 : (size_t)n < sizeof(line) - 2 ? (size_t)n : sizeof(line) - 2;
  for (size_t i = 0; i < len; i++) {
    if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] >= 0x7f) {
      line[i] = '?'; /* file names may hold anything */
    }
  }
  line[len++] = '\n';
  if (write(STDERR_FILENO, line, len) < 0) {
    return; /* nowhere to complain */
  }
}

void event_certificate(const char *event, const char *name, const certificate *held)
{
  char before[CLOCK_TEXT_SIZE];
  char after[CLOCK_TEXT_SIZE];
  char text[LINE_SIZE];

  clock_write(before, held->not_before);
  clock_write(after, held->not_after);
  (void)snprintf(text, sizeof(text), "name=%.255s serial=%s not_before=%s not_after=%s", name, held->serial, before,
                 after);
  event_plain(event, text);
}

void event_refused(const char *name, const char *why)
{
  char text[LINE_SIZE];

  (void)snprintf(text, sizeof(text), "name=%.255s why=\"%s\"", name, why);
  event_plain("refused", text);
}
