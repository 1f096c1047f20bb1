/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite/file.c -- a new file, readable by its owner only from its first moment. */
#include "sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static stardeleg_err explain(int error, const char *what, char *why, size_t why_size)
{
  char text[128];

  if (strerror_r(error, text, sizeof text) != 0) {
    (void)snprintf(text, sizeof text, "errno %d", error);
  }
  if (why != NULL && why_size > 0) {
    (void)snprintf(why, why_size, "%s: %s", what, text);
  }
  return STARDELEG_ERR_STORE;
}

/* Makes the entry of |path| in its directory durable; some file systems cannot, and need not. */
static void sync_directory(char *path)
{
  char *slash = strrchr(path, '/');
  int fd;

  slash[slash == path] = '\0'; /* always there: open.c gives relative paths a "./" */
  fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    (void)fsync(fd);
    (void)close(fd);
  }
}

/* Closing a descriptor drops every lock this process has on the file, those of an open SQLite connection too
 * (POSIX fcntl).  So the file is made aside and closed before it gets its name. */
static int make_aside(char *aside, const char *path)
{
  int fd = mkstemp(aside);
  int error = 0;

  if (fd < 0) {
    return errno;
  }
  if (fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
    error = errno;
  }
  (void)close(fd);
  if (error == 0 && link(aside, path) != 0) {
    error = errno;
  }
  (void)unlink(aside);
  return error == EEXIST ? 0 : error;
}

/* For file systems without links. */
static int make_in_place(const char *path)
{
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

  if (fd < 0) {
    return errno == EEXIST ? 0 : errno;
  }
  (void)close(fd);
  return 0;
}

/* SQLite takes a file shorter than its smallest page for an empty one, and would write over it. */
static stardeleg_err look_at(const char *path, char *why, size_t why_size)
{
  struct stat info;

  if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 && info.st_size < 512) {
    if (why != NULL && why_size > 0) {
      (void)snprintf(why, why_size, "the file is not a database");
    }
    return STARDELEG_ERR_STORE;
  }
  return STARDELEG_OK;
}

stardeleg_err sdg_sqlite_make_file(const char *path, char *why, size_t why_size)
{
  static const char suffix[] = ".XXXXXX";
  struct stat info;
  size_t len = strlen(path);
  char *aside;
  int error;

  if (lstat(path, &info) == 0) {
    return look_at(path, why, why_size);
  }
  if (errno != ENOENT) {
    return explain(errno, "cannot look at the file", why, why_size);
  }
  aside = malloc(len + sizeof suffix);
  if (aside == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  memcpy(aside, path, len);
  memcpy(aside + len, suffix, sizeof suffix);
  error = make_aside(aside, path);
  if (error == EPERM || error == ENOTSUP || error == EOPNOTSUPP || error == EMLINK) {
    error = make_in_place(path);
  }
  if (error == 0) {
    sync_directory(aside);
  }
  free(aside);
  return error == 0 ? STARDELEG_OK : explain(error, "cannot create the file", why, why_size);
}

bool sdg_sqlite_is_cut(const char *path, int64_t page_size)
{
  static const char suffix[] = "-wal";
  struct stat info;
  struct stat wal = {.st_size = 0};
  size_t len = strlen(path);
  char *name;

  if (page_size <= 0 || stat(path, &info) != 0 || info.st_size % page_size == 0) {
    return false;
  }
  name = malloc(len + sizeof suffix);
  if (name == NULL) {
    return false; /* it will be met when the page is read */
  }
  memcpy(name, path, len);
  memcpy(name + len, suffix, sizeof suffix);
  if (stat(name, &wal) != 0) {
    wal.st_size = 0;
  }
  free(name);
  return wal.st_size == 0;
}
