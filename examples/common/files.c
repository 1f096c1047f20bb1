/* SPDX-License-Identifier: Apache-2.0 */
/* common/files.c -- whole files: read under a ceiling, replaced atomically. */
#define _XOPEN_SOURCE 700 /* mkstemp */
#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, char *out, size_t room, size_t *len)
{
  *len = 0;
  while (*len < room) {
    ssize_t got = read(fd, out + *len, room - *len);

    if (got == 0) {
      return 0;
    }
    if (got < 0 && errno != EINTR) {
      return errno;
    }
    *len += got > 0 ? (size_t)got : 0;
  }
  return EFBIG;
}

int file_read(char **out, size_t *len, const char *path, size_t max)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat info;
  char *text = NULL;
  size_t size = 0;
  size_t room;
  int rv;

  if (fd < 0) {
    return errno;
  }
  rv = fstat(fd, &info) == 0 ? 0 : errno;
  if (rv == 0 && S_ISDIR(info.st_mode)) {
    rv = EISDIR;
  }
  if (rv == 0 && (info.st_size < 0 || (uintmax_t)info.st_size > max)) {
    rv = EFBIG;
  }
  if (rv == 0) {
    /* A regular file is as large as it says and one more to see its end; others (pipes) say nothing. */
    room = (S_ISREG(info.st_mode) && info.st_size > 0 ? (size_t)info.st_size : max) + 1;
    text = malloc(room + 1);
    rv = text != NULL ? read_all(fd, text, room, &size) : ENOMEM;
  }
  (void)close(fd);
  if (rv != 0) {
    free(text);
    return rv;
  }
  text[size] = '\0';
  *out = text;
  if (len != NULL) {
    *len = size;
  }
  return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
  while (len > 0) {
    ssize_t put = write(fd, data, len);

    if (put < 0 && errno != EINTR) {
      return errno;
    }
    if (put > 0) {
      data += put;
      len -= (size_t)put;
    }
  }
  return 0;
}

/* The rename is only safe on disk once the directory is. */
static int sync_directory(const char *path)
{
  const char *slash = strrchr(path, '/');
  char directory[PATH_MAX] = ".";
  int rv = 0;
  int fd;

  if (slash != NULL) {
    size_t len = slash == path ? 1 : (size_t)(slash - path);

    memcpy(directory, path, len);
    directory[len] = '\0';
  }
  fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return errno;
  }
  if (fsync(fd) != 0 && errno != EINVAL) { /* EINVAL: this file system has nothing to flush */
    rv = errno;
  }
  (void)close(fd);
  return rv;
}

int file_write(const char *path, const void *data, size_t len, mode_t mode)
{
  char temporary[PATH_MAX];
  int n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
  int fd;
  int rv;

  if (n < 0 || (size_t)n >= sizeof(temporary)) {
    return ENAMETOOLONG;
  }
  fd = mkstemp(temporary); /* mode 0600 until all is written */
  if (fd < 0) {
    return errno;
  }
  rv = write_all(fd, data, len);
  if (rv == 0 && (fchmod(fd, mode) != 0 || fsync(fd) != 0)) {
    rv = errno;
  }
  if (close(fd) != 0 && rv == 0) {
    rv = errno;
  }
  if (rv == 0 && rename(temporary, path) != 0) {
    rv = errno;
  }
  if (rv != 0) {
    (void)unlink(temporary);
    return rv;
  }
  return sync_directory(path);
}

int file_write_port(const char *path, uint16_t port)
{
  char text[16];
  int len = snprintf(text, sizeof(text), "%u\n", (unsigned)port);

  return file_write(path, text, (size_t)len, 0644);
}
