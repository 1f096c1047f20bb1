/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/replay.c -- runs a fuzz target over the files of a corpus, each cut at every length and with bits flipped. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>

/* Files up to this length are tried at every cut and with every byte changed. */
#define SPOIL_MAX 2048

/* In a block of exactly that size, so that the sanitizer sees a read beyond it. */
static void run(const uint8_t *data, size_t len)
{
  uint8_t *copy = malloc(len > 0 ? len : 1);

  if (copy == NULL) {
    abort();
  }
  if (len > 0) {
    memcpy(copy, data, len);
  }
  (void)LLVMFuzzerTestOneInput(copy, len);
  free(copy);
}

static void run_spoiled(uint8_t *data, size_t len)
{
  static const uint8_t flips[] = {0x01, 0x20, 0x80, 0xff};

  run(data, len);
  if (len > SPOIL_MAX) {
    return;
  }
  for (size_t i = 0; i < len; i++) {
    uint8_t kept = data[i];

    run(data, i);
    data[i] = (uint8_t)(kept ^ flips[i % sizeof(flips)]);
    run(data, len);
    data[i] = kept;
  }
}

static int run_file(const char *path)
{
  FILE *file = fopen(path, "rb");
  uint8_t *data = NULL;
  size_t len = 0;
  int done = 0;

  if (file == NULL) {
    return 0;
  }
  data = malloc(1u << 20);
  if (data != NULL) {
    len = fread(data, 1, 1u << 20, file);
    run_spoiled(data, len);
    done = 1;
  }
  free(data);
  (void)fclose(file);
  return done;
}

int main(int argc, char **argv)
{
  size_t count = 0;

  for (int i = 1; i < argc; i++) {
    DIR *folder = opendir(argv[i]);

    if (folder == NULL) {
      (void)fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
      char path[4096];

      if (entry->d_name[0] != '.' &&
          snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name) < (int)sizeof(path)) {
        count += (size_t)run_file(path);
      }
    }
    (void)closedir(folder);
  }
  (void)printf("%zu files replayed\n", count);
  return count > 0 ? 0 : 1;
}
