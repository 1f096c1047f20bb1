/* SPDX-License-Identifier: Apache-2.0 */
/* common/files.h -- whole files: read under a ceiling, replaced atomically. */
#ifndef EXAMPLE_COMMON_FILES_H
#define EXAMPLE_COMMON_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads |path|, at most |max| bytes.  |*out| is NUL-terminated and to be freed with free(); |len| may be NULL.
 * Returns 0, or an errno value (EFBIG: over the limit; ENOMEM). */
int file_read(char **out, size_t *len, const char *path, size_t max);
/* Replaces |path| as a whole: a reader sees the old bytes or the new ones, also after a power cut.  Returns 0 or an
 * errno value; then |path| is as it was. */
int file_write(const char *path, const void *data, size_t len, mode_t mode);
/* Writes |port| and a line feed: how a program started with port 0 tells where it listens. */
int file_write_port(const char *path, uint16_t port);

#endif /* EXAMPLE_COMMON_FILES_H */
