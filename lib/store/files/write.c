/* SPDX-License-Identifier: Apache-2.0 */
/* store/files/write.c -- a file appears under its name whole and durable, or not at all. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* No secret's name begins with a dot. */
#define ASIDE_PREFIX ".new-"
#define ASIDE_MAX 64

/* A lock tells a file that is being written from one that was left behind.  Returns 0, EEXIST if the file was
 * there before or somebody has cleaned it away in between (try the next name), or another errno. */
static int make_aside(int *out, int directory, const char *aside)
{
  struct stat info;
  int fd = openat(directory, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  int error = 0;

  if (fd < 0) {
    return errno;
  }
  if (flock(fd, LOCK_EX) != 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0 || fstat(fd, &info) != 0) {
    error = errno;
    (void)unlinkat(directory, aside, 0);
  } else if (info.st_nlink == 0) {
    error = EEXIST;
  }
  if (error != 0) {
    (void)close(fd);
    return error;
  }
  *out = fd;
  return 0;
}

static int open_aside(char *aside, int directory)
{
  int fd = -1;
  int error = EEXIST;

  for (unsigned try = 0; error == EEXIST && try < 10000; try++) {
    (void)snprintf(aside, ASIDE_MAX, ASIDE_PREFIX "%ld-%u", (long)getpid(), try);
    error = make_aside(&fd, directory, aside);
  }
  return error == 0 ? fd : -1;
}

static bool write_all(int fd, stardeleg_bytes secret)
{
  while (secret.len > 0) {
    ssize_t n = write(fd, secret.base, secret.len);

    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return false;
    }
    secret.base += n;
    secret.len -= (size_t)n;
  }
  return fsync(fd) == 0;
}

stardeleg_err sdg_files_write(int directory, const char *name, stardeleg_bytes secret)
{
  char aside[ASIDE_MAX];
  stardeleg_err rv = STARDELEG_OK;
  int fd = open_aside(aside, directory);

  if (fd < 0) {
    return STARDELEG_ERR_SECRETS;
  }
  if (!write_all(fd, secret)) {
    rv = STARDELEG_ERR_SECRETS;
  } else if (linkat(directory, aside, directory, name, 0) != 0) {
    /* Unlike rename(), link() never replaces what is there. */
    rv = errno == EEXIST ? STARDELEG_ERR_EXISTS : STARDELEG_ERR_SECRETS;
  }
  (void)unlinkat(directory, aside, 0);
  (void)close(fd);
  if (rv == STARDELEG_OK && fsync(directory) != 0) {
    (void)unlinkat(directory, name, 0);
    rv = STARDELEG_ERR_SECRETS;
  }
  return rv;
}

/* While the file of this name is locked, the name stays its own: only who holds the lock removes it. */
static bool is_still(int fd, int directory, const char *aside)
{
  struct stat held;
  struct stat named;

  return fstat(fd, &held) == 0 && fstatat(directory, aside, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* Whoever still writes holds the lock. */
static void clean_one(int directory, const char *aside)
{
  int fd = openat(directory, aside, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

  if (fd >= 0) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still(fd, directory, aside)) {
      (void)unlinkat(directory, aside, 0);
    }
    (void)close(fd);
  }
}

void sdg_files_clean(int directory)
{
  int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = fd < 0 ? NULL : fdopendir(fd);
  const struct dirent *entry;

  if (entries == NULL) {
    if (fd >= 0) {
      (void)close(fd);
    }
    return;
  }
  while ((entry = readdir(entries)) != NULL) {
    if (strncmp(entry->d_name, ASIDE_PREFIX, sizeof ASIDE_PREFIX - 1) == 0) {
      clean_one(directory, entry->d_name);
    }
  }
  (void)closedir(entries);
}
