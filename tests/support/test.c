/* SPDX-License-Identifier: Apache-2.0 */
/* support/test.c -- provider, files and directories for tests. */
#define _XOPEN_SOURCE 700
#include "support/test.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#if STARDELEG_HAVE_OPENSSL
#include <stardeleg/crypto_openssl.h>
#endif

static stardeleg_crypto *provider;
static char directory[256];

static void free_provider(void)
{
  stardeleg_crypto_free(provider);
  provider = NULL;
}

static stardeleg_err make_provider(const char *name)
{
#if STARDELEG_HAVE_OPENSSL
  if (strcmp(name, "openssl") == 0) {
    return stardeleg_crypto_openssl_new(&provider);
  }
#endif
  if (strcmp(name, "mbedtls") == 0) {
    return stardeleg_crypto_mbedtls_new(&provider);
  }
  return STARDELEG_ERR_UNSUPPORTED;
}

const stardeleg_crypto *test_crypto(void)
{
  const char *name = getenv("STARDELEG_TEST_CRYPTO");

  if (provider == NULL) {
    assert_ok(make_provider(name != NULL ? name : "mbedtls"));
    (void)atexit(free_provider);
  }
  return provider;
}

size_t test_scale(size_t full, size_t small)
{
  return strcmp(test_crypto()->ops->name, "openssl") == 0 ? full : small;
}

char *test_file(const char *path, size_t *len)
{
  char full[512];
  FILE *file;
  long size;
  char *text;

  (void)snprintf(full, sizeof(full), "%s/%s", SDG_TESTS_DIR, path);
  file = fopen(full, "rb");
  if (file == NULL) {
    fail_msg("cannot open %s", full);
  }
  (void)fseek(file, 0, SEEK_END);
  size = ftell(file);
  rewind(file);
  assert_true(size >= 0);
  text = malloc((size_t)size + 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
  (void)fclose(file);
  text[size] = '\0';
  if (len != NULL) {
    *len = (size_t)size;
  }
  return text;
}

size_t test_files(const char *folder, const char *prefix, void (*fn)(const char *path, const char *name))
{
  char full[512];
  char path[1024];
  struct dirent **entries = NULL;
  size_t count = 0;
  int n;

  (void)snprintf(full, sizeof(full), "%s/%s", SDG_TESTS_DIR, folder);
  n = scandir(full, &entries, NULL, alphasort);
  if (n < 0) {
    fail_msg("cannot read %s", full);
  }
  for (int i = 0; i < n; i++) {
    if (strncmp(entries[i]->d_name, prefix, strlen(prefix)) == 0 && entries[i]->d_name[0] != '.') {
      (void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
      fn(path, entries[i]->d_name);
      count++;
    }
    free(entries[i]);
  }
  free(entries);
  return count;
}

static int remove_entry(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
  (void)info;
  (void)flag;
  (void)ftw;
  return remove(path);
}

static void remove_directory(void)
{
  if (directory[0] != '\0') {
    (void)nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    directory[0] = '\0';
  }
}

const char *test_directory(void)
{
  const char *base = getenv("TMPDIR");

  if (directory[0] == '\0') {
    (void)atexit(remove_directory);
  } else {
    remove_directory();
  }
  (void)snprintf(directory, sizeof(directory), "%s/stardeleg-test-XXXXXX", base != NULL ? base : "/tmp");
  assert_non_null(mkdtemp(directory));
  return directory;
}

uint8_t *test_hex(const char *hex, size_t *len)
{
  size_t n = strlen(hex) / 2;
  uint8_t *out = malloc(n + 1);

  assert_non_null(out);
  for (size_t i = 0; i < n; i++) {
    unsigned byte = 0;

    assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
    out[i] = (uint8_t)byte;
  }
  *len = n;
  return out;
}
