/* SPDX-License-Identifier: Apache-2.0 */
/* transport/program.h -- runs the project's programs as processes. */
#ifndef SDG_TESTS_TRANSPORT_PROGRAM_H
#define SDG_TESTS_TRANSPORT_PROGRAM_H

#include <sys/types.h>

/* Starts |argv| (NULL-terminated, [0] is the path) with standard error going to |error_file|. */
pid_t program_start(const char *const *argv, const char *error_file);
/* Waits for its end; its exit code, or 128 plus the signal. */
int program_wait(pid_t pid);
/* SIGTERM, then the same. */
int program_end(pid_t pid);
/* Reads a port file, waiting up to ten seconds for it. */
int program_port(const char *path);
/* A whole file as text; "" if it is not there.  free() it. */
char *program_text(const char *path);
/* Waits up to |ms| until |path| holds |what|; nonzero if it came. */
int program_wait_text(const char *path, const char *what, int ms);
void program_nap(int ms);

#endif /* SDG_TESTS_TRANSPORT_PROGRAM_H */
