/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin.h -- the owner's commands.  They work on the store that a running server shares, so they work
 * whether it runs or not. */
#ifndef EXAMPLE_IDO_SERVER_ADMIN_H
#define EXAMPLE_IDO_SERVER_ADMIN_H

#include <stardeleg/ido.h>

/* Runs the command |argv[0]| (ndc-add, delegation-add, end, list) and returns an exit code; -1: no such command. */
int admin_run(stardeleg_ido *ido, int argc, char **argv);
/* The usage lines of the commands. */
extern const char admin_usage[];

#endif /* EXAMPLE_IDO_SERVER_ADMIN_H */
