/* SPDX-License-Identifier: Apache-2.0 */
/* base/log.c -- one line to the program's log. */
#include "base/log.h"

#include "base/bytes.h"

void sdg_log(const stardeleg_log *log, stardeleg_log_level level, const char *event, const char *format, ...)
{
  char text[1024];
  va_list args;

  if (log == NULL || log->write == NULL) {
    return;
  }
  va_start(args, format);
  sdg_text_format(text, sizeof(text), format, args);
  va_end(args);
  log->write(log->ctx, level, event, text);
}
