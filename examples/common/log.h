/* SPDX-License-Identifier: Apache-2.0 */
/* common/log.h -- log lines on standard error, one write() each. */
#ifndef EXAMPLE_COMMON_LOG_H
#define EXAMPLE_COMMON_LOG_H

#include <stardeleg/base.h>

/* Lines below |least| are not written; INFO until this is called.  Any thread. */
void log_set_level(stardeleg_log_level least);
/* Reads "debug", "info", "warning" or "error"; 0, or -1 for another word. */
int log_level_parse(stardeleg_log_level *level, const char *word);
/* Writes "<RFC 3339 time> <level> <event> <text>".  Control characters are escaped, long text is cut.  Any thread. */
void log_line(stardeleg_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same as a receiver for the library. */
stardeleg_log log_receiver(void);

#endif /* EXAMPLE_COMMON_LOG_H */
