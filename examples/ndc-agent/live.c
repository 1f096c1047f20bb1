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
#include "ndc-agent/haproxy.h"

/* Certificate names are checked DNS names, but a path is made of them: nothing else may pass. */
static int is_safe(const char *name)
{
  return name[0] != '\0' && name[0] != '.' && strlen(name) <= 253 &&
         strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*") == strlen(name);
}

static int publish_name(const live_place *place, const char *name, const char *bundle, size_t len)
{
  char path[1000];
  int why;

  if (!is_safe(name) ||
      snprintf(path, sizeof(path), "%s/%s.pem", place->directory, name) >= (int)sizeof(path)) {
    log_line(STARDELEG_LOG_ERROR, "agent.live", "a name that makes no file name below %s: %s", place->directory, name);
    return -1;
  }
  why = file_write(path, bundle, len, 0600);
  if (why != 0) {
    log_line(STARDELEG_LOG_ERROR, "agent.live", "cannot write %s: %s", path, strerror(why));
    return -1;
  }
  /* The file first: a haproxy that starts in between reads the new pair. */
  return place->haproxy_socket != NULL ? haproxy_swap(place->haproxy_socket, path, bundle, len) : 0;
}

/* Key and chain in one text, to be given to stardeleg_secret_free(). */
static char *join(const stardeleg_ndc_event *event, size_t *len)
{
  char *key = NULL;
  char *bundle = NULL;
  size_t key_len = 0;
  stardeleg_err err = stardeleg_key_export_pem(event->key, &key, &key_len);

  if (err != STARDELEG_OK) {
    log_line(STARDELEG_LOG_ERROR, "agent.live", "the key cannot be written: %s", stardeleg_strerror(err));
    return NULL;
  }
  *len = key_len + event->chain_pem.len;
  bundle = malloc(*len + 1);
  if (bundle != NULL) {
    memcpy(bundle, key, key_len);
    memcpy(bundle + key_len, event->chain_pem.base, event->chain_pem.len);
    bundle[*len] = '\0';
  }
  stardeleg_secret_free(key, key_len);
  return bundle;
}

/* --- Telling a program --- */

static int wait_for(pid_t child, int *status, int patience_ms)
{
  const struct timespec pause = {0, 20 * 1000 * 1000};

  for (int waited_ms = 0; waited_ms < patience_ms; waited_ms += 20) {
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

/* No shell, and no environment but PATH. */
static int reload(const char *const *argv, int patience_ms)
{
  char *environment[] = {NULL, NULL};
  char path[1024];
  pid_t child = 0;
  int status = 0;
  int why;

  (void)snprintf(path, sizeof(path), "PATH=%s", getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin");
  environment[0] = path;
  why = posix_spawnp(&child, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environment);
  if (why != 0) {
    log_line(STARDELEG_LOG_ERROR, "agent.reload", "cannot run %s: %s", argv[0], strerror(why));
    return -1;
  }
  if (wait_for(child, &status, patience_ms) != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    log_line(STARDELEG_LOG_ERROR, "agent.reload", "%s failed (status %d)", argv[0], status);
    return -1;
  }
  return 0;
}

int live_publish(const live_place *place, const stardeleg_ndc_event *event)
{
  char *bundle;
  size_t len = 0;
  int rc = 0;

  if (mkdir(place->directory, 0700) != 0 && errno != EEXIST) {
    log_line(STARDELEG_LOG_ERROR, "agent.live", "cannot make %s: %s", place->directory, strerror(errno));
    return -1;
  }
  bundle = join(event, &len);
  if (bundle == NULL) {
    return -1;
  }
  for (size_t i = 0; i < event->name_count && rc == 0; i++) {
    rc = publish_name(place, event->names[i], bundle, len);
  }
  stardeleg_secret_free(bundle, len);
  if (rc == 0 && place->reload != NULL && place->reload[0] != NULL) {
    rc = reload(place->reload, place->reload_patience_ms);
  }
  return rc;
}
