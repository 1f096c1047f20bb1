/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin.h -- the owner's commands on the command line: words become a request, the answer becomes lines. */
#ifndef EXAMPLE_IDO_SERVER_ADMIN_H
#define EXAMPLE_IDO_SERVER_ADMIN_H

#include <stddef.h>

/* Carries a request out: by a running server or on the store.  |*body| is NUL-terminated, free() it.  Returns the
 * status of the answer, or 0 after a line on standard error. */
typedef int (*admin_send)(void *ctx, const char *command, const char *request, size_t len, char **body);

/* Runs the command |argv[0]| with the words behind it; returns an exit code; 2: no such command, or bad words. */
int admin_run(int argc, char **argv, admin_send send, void *ctx);
/* The usage lines of the commands. */
extern const char *const admin_usage[];

#endif /* EXAMPLE_IDO_SERVER_ADMIN_H */
