/* SPDX-License-Identifier: Apache-2.0 */
/* common/log.c -- log lines on standard error, one write() each. */
#include "common/log.h"

#include "common/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 2048
#define LINE_MAX_LEN (4 * TEXT_MAX + 256)

static const char *const words[] = {"debug", "info", "warning", "error"};
static atomic_int least_level = STARDELEG_LOG_INFO;

void log_set_level(stardeleg_log_level least)
{
  atomic_store(&least_level, (int)least);
}

int log_level_parse(stardeleg_log_level *level, const char *word)
{
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    if (strcmp(words[i], word) == 0) {
      *level = (stardeleg_log_level)i;
      return 0;
    }
  }
  return -1;
}

/* UTF-8 passes; what could break the line or steer a terminal does not. */
static size_t escape(char *out, size_t room, const char *text)
{
  size_t len = 0;

  for (; *text != '\0' && len + 5 < room; text++) {
    unsigned char c = (unsigned char)*text;

    if (c < 0x20 || c == 0x7f) {
      len += (size_t)snprintf(out + len, room - len, "\\x%02x", c);
    } else {
      out[len++] = (char)c;
    }
  }
  return len;
}

static void write_line(void *ctx, stardeleg_log_level level, const char *event, const char *text)
{
  char when[CLOCK_TEXT_SIZE];
  char line[LINE_MAX_LEN];
  int head;
  size_t len;

  (void)ctx;
  if ((int)level < atomic_load(&least_level) || level < STARDELEG_LOG_DEBUG || level > STARDELEG_LOG_ERROR) {
    return;
  }
  clock_write(when, clock_now(NULL));
  head = snprintf(line, 256, "%s %s %s ", when, words[level], event);
  len = head > 0 && head < 256 ? (size_t)head : 255;
  len += escape(line + len, sizeof(line) - len - 1, text);
  line[len++] = '\n';
  /* One call, so that lines of several threads and processes do not mix; a log that cannot be written is no reason
   * to stop. */
  if (write(STDERR_FILENO, line, len) < 0) {
    return;
  }
}

void log_line(stardeleg_log_level level, const char *event, const char *format, ...)
{
  char text[TEXT_MAX];
  va_list arguments;

  va_start(arguments, format);
  if (vsnprintf(text, sizeof(text), format, arguments) < 0) {
    text[0] = '\0';
  }
  va_end(arguments);
  write_line(NULL, level, event, text);
}

stardeleg_log log_receiver(void)
{
  stardeleg_log log = {.write = write_line, .ctx = NULL};

  return log;
}
