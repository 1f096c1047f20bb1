/* SPDX-License-Identifier: Apache-2.0 */
/* dns_update/exec/process.c -- a program without a shell, in a group of its own, its output under a ceiling. */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FD_MAX 65536

extern char **environ;

typedef struct pipes {
  int in[2];
  int out[2];
  int err[2];
} pipes;

static void close_fd(int *fd)
{
  if (*fd >= 0) {
    (void)close(*fd);
    *fd = -1;
  }
}

static void close_pipes(pipes *p)
{
  for (int i = 0; i < 2; i++) {
    close_fd(&p->in[i]);
    close_fd(&p->out[i]);
    close_fd(&p->err[i]);
  }
}

/* Above the standard ones, so that dup2() in the child cannot close another; not for other children. */
static bool open_pipe(int ends[2])
{
  int raw[2];

  if (pipe(raw) != 0) {
    return false;
  }
  for (int i = 0; i < 2; i++) {
    ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
    (void)close(raw[i]);
  }
  return ends[0] >= 0 && ends[1] >= 0;
}

static bool open_pipes(pipes *p, const char *script)
{
  size_t len = strlen(script);

  *p = (pipes){{-1, -1}, {-1, -1}, {-1, -1}};
  if (!open_pipe(p->in) || !open_pipe(p->out) || !open_pipe(p->err)) {
    return false;
  }
  /* Nobody reads yet, but it fits. */
  if (fcntl(p->in[1], F_SETFL, O_NONBLOCK) < 0 || (len > 0 && write(p->in[1], script, len) != (ssize_t)len)) {
    return false;
  }
  close_fd(&p->in[1]); /* a program that reads more meets the end */
  return fcntl(p->out[0], F_SETFL, O_NONBLOCK) >= 0 && fcntl(p->err[0], F_SETFL, O_NONBLOCK) >= 0;
}

/* --- The environment --- */

static bool has_name_of(const char *variable, const char *other)
{
  size_t len = strcspn(other, "=");

  return strncmp(variable, other, len) == 0 && variable[len] == '=';
}

/* |base| with the variables of |plan| put over it; free() the array, not the strings. */
static const char **merge(char *const *base, const sdg_exec_plan *plan)
{
  size_t count = 0;
  const char **out;

  while (base[count] != NULL) {
    count++;
  }
  out = calloc(count + SDG_EXEC_VARIABLES_MAX + 1, sizeof(*out));
  if (out == NULL) {
    return NULL;
  }
  count = 0;
  for (size_t i = 0; base[i] != NULL; i++) {
    bool replaced = false;

    for (size_t k = 0; k < plan->variable_count; k++) {
      replaced = replaced || has_name_of(base[i], plan->variables[k]);
    }
    if (!replaced) {
      out[count++] = base[i];
    }
  }
  for (size_t k = 0; k < plan->variable_count; k++) {
    out[count++] = plan->variables[k];
  }
  return out;
}

/* --- Starting --- */

static int descriptors_max(void)
{
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > FD_MAX) {
    return FD_MAX;
  }
  return (int)limit.rlim_cur;
}

/* In the child: nothing here but what is safe between fork() and execve() with other threads about. */
static void become(const pipes *p, const char *const *argv, const char *const *environment, int fd_max)
{
  struct sigaction action;
  sigset_t none;

  (void)setpgid(0, 0);
  memset(&action, 0, sizeof(action));
  action.sa_handler = SIG_DFL;
  (void)sigaction(SIGPIPE, &action, NULL);
  (void)sigaction(SIGCHLD, &action, NULL);
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  if (dup2(p->in[0], 0) < 0 || dup2(p->out[1], 1) < 0 || dup2(p->err[1], 2) < 0) {
    _exit(126);
  }
  for (int fd = 3; fd < fd_max; fd++) {
    (void)close(fd);
  }
  (void)execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
  _exit(127);
}

bool sdg_exec_start(sdg_exec_process *process, const sdg_exec_plan *plan, char *const *environment)
{
  const char **variables = merge(environment != NULL ? environment : environ, plan);
  int fd_max = descriptors_max();
  pipes p;
  pid_t pid = -1;

  if (open_pipes(&p, plan->script) && variables != NULL) {
    pid = fork();
  }
  if (pid == 0) {
    become(&p, plan->argv, variables, fd_max);
  }
  free(variables);
  if (pid > 0) {
    (void)setpgid(pid, pid); /* here too: whoever kills the group must not be faster than the child */
    process->pid = pid;
    process->status = -1;
    process->out.fd = p.out[0];
    process->err.fd = p.err[0];
    p.out[0] = -1;
    p.err[0] = -1;
  }
  close_pipes(&p);
  return pid > 0;
}

/* --- Running --- */

/* What is over the ceiling is read and dropped, so that the program does not get stuck. */
static void take_output(sdg_exec_stream *stream)
{
  char piece[1024];

  for (int i = 0; i < 64 && stream->fd >= 0; i++) {
    size_t room = SDG_EXEC_OUTPUT_MAX - stream->len;
    ssize_t n = read(stream->fd, piece, sizeof(piece));

    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return;
    }
    if (n <= 0) {
      close_fd(&stream->fd);
      return;
    }
    room = (size_t)n < room ? (size_t)n : room;
    memcpy(stream->text + stream->len, piece, room);
    stream->len += room;
  }
}

static void finish(sdg_exec_process *process, int status)
{
  take_output(&process->out);
  take_output(&process->err);
  close_fd(&process->out.fd);
  close_fd(&process->err.fd);
  process->pid = 0;
  process->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool sdg_exec_poll(sdg_exec_process *process)
{
  int status = 0;
  pid_t got;

  if (process->pid == 0) {
    return true;
  }
  take_output(&process->out);
  take_output(&process->err);
  got = waitpid(process->pid, &status, WNOHANG);
  if (got == 0 || (got < 0 && errno == EINTR)) {
    return false;
  }
  if (got < 0) {
    status = 1; /* somebody else waited for it: killed, for all we know */
  }
  finish(process, status);
  return true;
}

void sdg_exec_kill(sdg_exec_process *process)
{
  int status = 1;

  if (process->pid == 0) {
    return;
  }
  (void)kill(-process->pid, SIGKILL);
  (void)kill(process->pid, SIGKILL);
  while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
  }
  finish(process, status);
  process->status = -1;
}
