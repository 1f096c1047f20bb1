/* SPDX-License-Identifier: Apache-2.0 */
/* sim/trace.h -- what happened: the last lines as text, all of them as a hash. */
#ifndef SDG_TESTS_SIM_TRACE_H
#define SDG_TESTS_SIM_TRACE_H

#include <stardeleg/base.h>

typedef struct sim_trace sim_trace;

sim_trace *sim_trace_new(void);
void sim_trace_free(sim_trace *trace);
/* A line that is the same whenever the same seed is run. */
void sim_trace_event(sim_trace *trace, stardeleg_time now, const char *who, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A line for people only: it may differ from run to run (key material, texts of a crypto backend). */
void sim_trace_note(sim_trace *trace, stardeleg_time now, const char *who, const char *text);
uint64_t sim_trace_hash(const sim_trace *trace);
uint64_t sim_trace_count(const sim_trace *trace);
/* Prints the last |lines| to standard error and all that is kept to a new file |path|. */
void sim_trace_dump(const sim_trace *trace, size_t lines, const char *path);

#endif /* SDG_TESTS_SIM_TRACE_H */
