/* SPDX-License-Identifier: Apache-2.0 */
/* ndc-agent/live.c -- publishing a key and its chain to the servers beside the agent. */
#include "ndc-agent/live.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common/files.h"
#include "common/log.h"

#define RELOAD_PATIENCE_MS 10000

/* Certificate names are checked DNS names, but a path is made of them: nothing else may pass. */
static int is_safe(const char *name)
{
  return name[0] != '\0' && name[0] != '.' && strlen(name) <= 253 &&
         strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*") == strlen(name);
}

static int write_name(const char *directory, const char *name, const char *bundle, size_t len)
{
  char path[1024];
  int why;

  if (!is_safe(name)) {
    log_line(STARDELEG_LOG_ERROR, "agent.live", "a name that makes no file name: %s", name);
    return -1;
  }
  (void)snprintf(path, sizeof(path), "%.700s/%.253s.pem", directory, name);
  why = file_write(path, bundle, len, 0600);
  if (why != 0) {
    log_line(STARDELEG_LOG_ERROR, "agent.live", "cannot write %s: %s", path, strerror(why));
    return -1;
  }
  return 0;
}

int live_write(const char *directory, const stardeleg_ndc_event *event)
{
  char *key = NULL;
  size_t key_len = 0;
  char *bundle;
  size_t len;
  int rc = 0;
  stardeleg_err err;

  if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
    log_line(STARDELEG_LOG_ERROR, "agent.live", "cannot make %s: %s", directory, strerror(errno));
    return -1;
  }
  err = stardeleg_key_export_pem(event->key, &key, &key_len);
  if (err != STARDELEG_OK) {
    log_line(STARDELEG_LOG_ERROR, "agent.live", "the key cannot be written: %s", stardeleg_strerror(err));
    return -1;
  }
  len = key_len + event->chain_pem.len;
  bundle = malloc(len + 1);
  if (bundle == NULL) {
    stardeleg_secret_free(key, key_len);
    return -1;
  }
  memcpy(bundle, key, key_len);
  memcpy(bundle + key_len, event->chain_pem.base, event->chain_pem.len);
  for (size_t i = 0; i < event->name_count && rc == 0; i++) {
    rc = write_name(directory, event->names[i], bundle, len);
  }
  stardeleg_secret_free(bundle, len);
  stardeleg_secret_free(key, key_len);
  return rc;
}

/* --- Telling a program --- */

static int wait_for(pid_t child, int *status)
{
  const struct timespec pause = {0, 20 * 1000 * 1000};

  for (int waited_ms = 0; waited_ms < RELOAD_PATIENCE_MS; waited_ms += 20) {
    pid_t done = waitpid(child, status, WNOHANG);

    if (done == child) {
      return 0;
    }
    if (done < 0 && errno != EINTR) {
      return -1;
    }
    (void)nanosleep(&pause, NULL);
  }
  (void)kill(child, SIGKILL);
  (void)waitpid(child, status, 0);
  return -1;
}

void live_reload(const char *const *argv)
{
  char *environment[] = {NULL, NULL};
  char path[1024];
  pid_t child = 0;
  int status = 0;
  int why;

  if (argv == NULL || argv[0] == NULL) {
    return;
  }
  (void)snprintf(path, sizeof(path), "PATH=%s", getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin");
  environment[0] = path;
  why = posix_spawnp(&child, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environment);
  if (why != 0) {
    log_line(STARDELEG_LOG_ERROR, "agent.reload", "cannot run %s: %s", argv[0], strerror(why));
    return;
  }
  if (wait_for(child, &status) != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    log_line(STARDELEG_LOG_ERROR, "agent.reload", "%s failed (status %d)", argv[0], status);
  }
}
