/* SPDX-License-Identifier: Apache-2.0 */
/* store/files/files.c -- secrets as files of mode 0600 in a directory of mode 0700. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stardeleg/crypto.h>
#include <stardeleg/secrets_files.h>

typedef struct file_secrets {
  stardeleg_secrets base;
  int directory;
} file_secrets;

static bool is_name_character(char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/* A name is also a file name: no slash, no leading dot, so it cannot leave the directory. */
static bool is_name(const char *name)
{
  size_t len = 0;

  if (name == NULL || name[0] == '.') {
    return false;
  }
  for (; name[len] != '\0'; len++) {
    if (len == SDG_FILES_NAME_MAX || !is_name_character(name[len])) {
      return false;
    }
  }
  return len > 0;
}

/* A secret that others can read is no secret; an empty one is what a power cut leaves of a careless writer. */
static bool is_sound(const struct stat *info)
{
  return S_ISREG(info->st_mode) && info->st_uid == geteuid() && (info->st_mode & (S_IRWXG | S_IRWXO)) == 0 &&
         info->st_size > 0 && info->st_size <= SDG_FILES_LEN_MAX;
}

/* Reads exactly |len| bytes, and sees that no more follow. */
static bool read_exactly(int fd, uint8_t *out, size_t len)
{
  size_t have = 0;
  ssize_t n = 1;

  while (n > 0 && have <= len) {
    n = read(fd, out + have, len + 1 - have); /* the room for the NUL takes the byte too many */
    if (n < 0 && errno == EINTR) {
      n = 1;
    } else if (n > 0) {
      have += (size_t)n;
    }
  }
  out[len] = '\0';
  return n == 0 && have == len;
}

static stardeleg_err read_secret(int fd, uint8_t **out, size_t *len)
{
  struct stat info;
  uint8_t *value;
  size_t size;

  if (fstat(fd, &info) != 0 || !is_sound(&info)) {
    return STARDELEG_ERR_SECRETS;
  }
  size = (size_t)info.st_size;
  value = malloc(size + 1);
  if (value == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (!read_exactly(fd, value, size)) {
    stardeleg_secret_free(value, size);
    return STARDELEG_ERR_SECRETS;
  }
  *out = value;
  *len = size;
  return STARDELEG_OK;
}

static stardeleg_err get_secret(void *self, const char *name, uint8_t **out, size_t *len)
{
  const file_secrets *secrets = self;
  stardeleg_err rv;
  int fd;

  if (out == NULL || len == NULL || !is_name(name)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  *out = NULL;
  *len = 0;
  /* O_NONBLOCK: a FIFO put in a secret's place must not hold us up. */
  fd = openat(secrets->directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return errno == ENOENT ? STARDELEG_ERR_NOT_FOUND : STARDELEG_ERR_SECRETS;
  }
  rv = read_secret(fd, out, len);
  (void)close(fd);
  return rv;
}

static stardeleg_err put_secret(void *self, const char *name, stardeleg_bytes secret)
{
  const file_secrets *secrets = self;

  if (!is_name(name) || secret.base == NULL || secret.len == 0 || secret.len > SDG_FILES_LEN_MAX) {
    return STARDELEG_ERR_ARGUMENT;
  }
  return sdg_files_write(secrets->directory, name, secret);
}

static stardeleg_err del_secret(void *self, const char *name)
{
  const file_secrets *secrets = self;

  if (!is_name(name)) {
    return STARDELEG_ERR_ARGUMENT;
  }
  if (unlinkat(secrets->directory, name, 0) != 0) {
    return errno == ENOENT ? STARDELEG_ERR_NOT_FOUND : STARDELEG_ERR_SECRETS;
  }
  return fsync(secrets->directory) == 0 ? STARDELEG_OK : STARDELEG_ERR_SECRETS;
}

static void free_secrets(void *self)
{
  file_secrets *secrets = self;

  (void)close(secrets->directory);
  free(secrets);
}

static const stardeleg_secrets_ops files_ops = {.size = sizeof(stardeleg_secrets_ops),
                                                .get = get_secret,
                                                .put = put_secret,
                                                .del = del_secret,
                                                .free = free_secrets};

/* Whoever can write the directory can replace what is in it. */
static int open_directory(const char *directory)
{
  struct stat info;
  int fd;

  if (mkdir(directory, S_IRWXU) != 0 && errno != EEXIST) {
    return -1;
  }
  fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return -1;
  }
  if (fstat(fd, &info) != 0 || info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    (void)close(fd);
    return -1;
  }
  return fd;
}

stardeleg_err stardeleg_secrets_files_new(stardeleg_secrets **out, const char *directory)
{
  file_secrets *secrets;

  if (out == NULL || directory == NULL || directory[0] == '\0') {
    return STARDELEG_ERR_ARGUMENT;
  }
  *out = NULL;
  secrets = calloc(1, sizeof *secrets);
  if (secrets == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  secrets->directory = open_directory(directory);
  if (secrets->directory < 0) {
    free(secrets);
    return STARDELEG_ERR_SECRETS;
  }
  sdg_files_clean(secrets->directory);
  secrets->base = (stardeleg_secrets){&files_ops, secrets};
  *out = &secrets->base;
  return STARDELEG_OK;
}
