/* SPDX-License-Identifier: Apache-2.0 */
/* sim/trace.c -- a ring of lines and a running FNV-1a hash. */
#include "sim/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define LINES 4096u
#define LINE_SIZE 240u

struct sim_trace {
  char lines[LINES][LINE_SIZE];
  uint64_t count;
  uint64_t events;
  uint64_t hash;
  FILE *all; /* or NULL */
};

sim_trace *sim_trace_new(void)
{
  sim_trace *trace = calloc(1, sizeof(*trace));

  if (trace == NULL) {
    abort();
  }
  trace->hash = UINT64_C(0xcbf29ce484222325);
  if (getenv("SIM_TRACE") != NULL) {
    trace->all = fopen(getenv("SIM_TRACE"), "w");
  }
  return trace;
}

void sim_trace_free(sim_trace *trace)
{
  if (trace->all != NULL) {
    (void)fclose(trace->all);
  }
  free(trace);
}

static void end_line(sim_trace *trace, const char *line)
{
  if (trace->all != NULL) {
    (void)fprintf(trace->all, "%s\n", line);
  }
}

static char *begin_line(sim_trace *trace, stardeleg_time now, const char *who, size_t *used)
{
  char *line = trace->lines[trace->count++ % LINES];
  char when[SDG_TIME_TEXT_SIZE];
  int n;

  sdg_time_write_rfc3339(when, now);
  n = snprintf(line, LINE_SIZE, "%.19s.%03dZ %-6s ", when, (int)(((now % 1000) + 1000) % 1000), who);
  *used = n > 0 ? (size_t)n : 0;
  return line;
}

void sim_trace_event(sim_trace *trace, stardeleg_time now, const char *who, const char *format, ...)
{
  size_t used;
  char *line = begin_line(trace, now, who, &used);
  va_list args;

  va_start(args, format);
  (void)vsnprintf(line + used, LINE_SIZE - used, format, args);
  va_end(args);
  trace->events++;
  for (const char *p = line; *p != '\0'; p++) {
    trace->hash = (trace->hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
  }
  end_line(trace, line);
}

void sim_trace_note(sim_trace *trace, stardeleg_time now, const char *who, const char *text)
{
  size_t used;
  char *line = begin_line(trace, now, who, &used);

  (void)snprintf(line + used, LINE_SIZE - used, ". %s", text);
  end_line(trace, line);
}

uint64_t sim_trace_hash(const sim_trace *trace)
{
  return trace->hash;
}

uint64_t sim_trace_count(const sim_trace *trace)
{
  return trace->events;
}

void sim_trace_dump(const sim_trace *trace, size_t lines, const char *path)
{
  uint64_t kept = trace->count < LINES ? trace->count : LINES;
  FILE *file = fopen(path, "w");

  for (uint64_t i = trace->count - kept; i < trace->count; i++) {
    if (file != NULL) {
      (void)fprintf(file, "%s\n", trace->lines[i % LINES]);
    }
    if (trace->count - i <= lines) {
      (void)fprintf(stderr, "# %s\n", trace->lines[i % LINES]);
    }
  }
  (void)fprintf(stderr, "# %" PRIu64 " events; the last %" PRIu64 " lines are in %s\n", trace->events, kept,
                file != NULL ? path : "no file");
  if (file != NULL) {
    (void)fclose(file);
  }
}
