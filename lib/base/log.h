/* SPDX-License-Identifier: Apache-2.0 */
/* base/log.h -- one line to the program's log. */
#ifndef SDG_BASE_LOG_H
#define SDG_BASE_LOG_H

#include <stardeleg/base.h>

/* |log| may be NULL.  The result is cut to 1023 bytes; peer text must be escaped before (sdg_text_escape). */
void sdg_log(const stardeleg_log *log, stardeleg_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif /* SDG_BASE_LOG_H */
