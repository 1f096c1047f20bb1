/* SPDX-License-Identifier: Apache-2.0 */
/* transport/program.c -- runs the project's programs as processes. */
#include "support/test.h"

#include "common/clock.h"
#include "common/files.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)4 << 20)

extern char **environ;

pid_t program_start(const char *const *argv, const char *error_file)
{
  posix_spawn_file_actions_t actions;
  pid_t pid = -1;

  assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
  assert_int_equal(posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error_file,
                                                    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600),
                   0);
  assert_int_equal(posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ), 0);
  (void)posix_spawn_file_actions_destroy(&actions);
  return pid;
}

int program_wait(pid_t pid)
{
  int status = 0;

  while (waitpid(pid, &status, 0) < 0) {
    assert_int_equal(errno, EINTR);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_end(pid_t pid)
{
  assert_int_equal(kill(pid, SIGTERM), 0);
  return program_wait(pid);
}

void program_nap(int ms)
{
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

  (void)nanosleep(&time, NULL);
}

char *program_text(const char *path)
{
  char *text = NULL;

  if (file_read(&text, NULL, path, TEXT_MAX) != 0) {
    text = strdup("");
  }
  assert_non_null(text);
  return text;
}

int program_wait_text(const char *path, const char *what, int ms)
{
  int64_t until = clock_ticks() + ms;

  for (;;) {
    bool is_last = clock_ticks() >= until; /* it is looked at once more after that */
    char *text = program_text(path);
    bool found = strstr(text, what) != NULL;

    free(text);
    if (found || is_last) {
      return found;
    }
    program_nap(20);
  }
}

int program_port(const char *path)
{
  char *text;
  int port;

  if (!program_wait_text(path, "\n", 60000)) {
    fail_msg("no port in %s", path);
  }
  text = program_text(path);
  port = (int)strtoul(text, NULL, 10);
  free(text);
  return port;
}
